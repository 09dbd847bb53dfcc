//! How long a charger goes on when nobody commands it any more. Chargers on CAN stop by themselves
//! after a while, and what their documents say of it is not relied upon: whenever commands end, by a
//! stop or by a loss, what the charger says afterwards is timed. Nothing is ever kept from a charger to
//! find out. It knows no frame and no clock.

use std::time::Duration;

use crate::base::time::Mono;
use crate::engine::can::frame::Direction;
use crate::engine::device::{ChargerCommand, ChargerControl, ChargerFaults};

/// A shorter span between the last command and the charger's complaint is none of a charger that was
/// left alone, but of one that does not hear what is sent once a second.
const LEAST: Duration = Duration::from_secs(2);
/// A longer one says nothing: somebody may have been at the charger in the meantime.
const MOST: Duration = Duration::from_secs(30);
/// From this current on a charger delivers.
const DELIVERS: f64 = 1.0;
/// Below this it has stopped.
const GONE: f64 = 0.5;

/// How long a charger went on after the last command, as far as its statuses tell: they come once a
/// second, so the moment lies between two of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lapse {
    /// At least so long: the last status in which it went on.
    pub least: Duration,
    /// At most so long: the first status in which it did not.
    pub most: Duration,
    /// What told it.
    pub sign: LapseSign,
}

/// What tells that a charger has given up waiting for a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LapseSign {
    /// Its status says so.
    Said,
    /// Its output went off although the last command was to charge.
    OutputOff,
}

/// Times a charger that is left alone.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stopwatch {
    last: Option<Last>,
    /// The last status after that command in which it did not complain.
    content: Option<Mono>,
    /// The last status after that command in which it delivered.
    delivering: Option<Mono>,
    /// What was measured after a command of this program since somebody asked.
    fresh: Option<Lapse>,
    measured: Option<Lapse>,
}

/// The last command.
#[derive(Clone, Copy, Debug)]
struct Last {
    at: Mono,
    sent: Direction,
    charges: bool,
}

impl Stopwatch {
    /// A command was on the bus, whoever sent it.
    pub(super) fn command(&mut self, at: Mono, sent: Direction, command: ChargerCommand) {
        let charges = command.control == ChargerControl::Charge && command.current.get() > 0.0;
        self.last = Some(Last { at, sent, charges });
        self.content = None;
        self.delivering = None;
    }

    /// The charger said what it does.
    pub(super) fn status(&mut self, at: Mono, amps: f64, faults: ChargerFaults) {
        let Some(last) = self.last else { return };
        if faults.command_timeout {
            self.ends(last, self.content, at, LapseSign::Said);
            return;
        }
        // Anything else that it complains of may be why it does not deliver.
        let sound = faults == ChargerFaults::default();
        if last.charges && sound && amps < GONE && self.delivering.is_some() {
            self.ends(last, self.delivering, at, LapseSign::OutputOff);
            return;
        }
        self.content = Some(at);
        if amps >= DELIVERS {
            self.delivering = Some(at);
        }
    }

    fn ends(&mut self, last: Last, before: Option<Mono>, at: Mono, sign: LapseSign) {
        self.last = None;
        // A complaint that stood already when the command came measures nothing.
        let Some(before) = before else { return };
        let (least, most) = (before.since(last.at), at.since(last.at));
        if (LEAST..=MOST).contains(&most) {
            let lapse = Lapse { least, most, sign };
            self.measured = Some(lapse);
            if last.sent == Direction::Sent {
                self.fresh = Some(lapse);
            }
        }
    }

    /// What was measured last.
    pub(super) const fn measured(&self) -> Option<Lapse> {
        self.measured
    }

    /// What was measured since this was last asked, after a command of this program.
    pub(super) const fn take_fresh(&mut self) -> Option<Lapse> {
        self.fresh.take()
    }

    /// Forgets what is under way, as after a jump in a recording, and keeps what was measured.
    pub(super) const fn interrupt(&mut self) {
        self.last = None;
        self.content = None;
        self.delivering = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::units::{Amps, Volts};

    const MS: fn(i64) -> Mono = Mono::from_millis;

    fn command(amps: f64, control: ChargerControl) -> ChargerCommand {
        ChargerCommand { voltage: Volts(160.0), current: Amps(amps), control }
    }

    impl Stopwatch {
        fn told(&mut self, at: Mono, command: ChargerCommand) {
            self.command(at, Direction::Sent, command);
        }
    }

    const FINE: ChargerFaults = ChargerFaults {
        hardware: false,
        over_temperature: false,
        input: false,
        no_battery: false,
        command_timeout: false,
        undocumented: 0,
    };
    const TIMED_OUT: ChargerFaults = ChargerFaults { command_timeout: true, ..FINE };

    fn ms(least: u64, most: u64, sign: LapseSign) -> Option<Lapse> {
        let (least, most) = (Duration::from_millis(least), Duration::from_millis(most));
        Some(Lapse { least, most, sign })
    }

    /// Statuses once a second from `from` on, the last of them a complaint.
    fn left_alone(watch: &mut Stopwatch, from: i64, seconds: i64) {
        for second in 0..seconds {
            watch.status(MS(from + second * 1000), 0.0, FINE);
        }
        watch.status(MS(from + seconds * 1000), 0.0, TIMED_OUT);
    }

    #[test]
    fn after_the_last_stop_it_is_timed_until_the_charger_complains() {
        let mut watch = Stopwatch::default();
        for at in [0, 1000, 2000] {
            watch.told(MS(at), command(5.0, ChargerControl::Charge));
            watch.status(MS(at + 300), 5.0, FINE);
        }
        watch.told(MS(3000), command(0.0, ChargerControl::Stop));
        left_alone(&mut watch, 3300, 5);
        assert_eq!(watch.measured(), ms(4300, 5300, LapseSign::Said));
        assert_eq!(watch.take_fresh(), ms(4300, 5300, LapseSign::Said));
        assert_eq!(watch.take_fresh(), None);
        // Its complaint goes on, and measures nothing more.
        watch.status(MS(9300), 0.0, TIMED_OUT);
        assert_eq!(watch.take_fresh(), None);
    }

    #[test]
    fn the_silence_of_another_master_measures_too_and_is_no_news_of_ours() {
        let mut watch = Stopwatch::default();
        watch.command(MS(0), Direction::Received, command(5.0, ChargerControl::Charge));
        left_alone(&mut watch, 300, 5);
        assert_eq!(watch.measured(), ms(4300, 5300, LapseSign::Said));
        assert_eq!(watch.take_fresh(), None);
    }

    #[test]
    fn commands_that_are_lost_are_timed_by_the_output_where_no_status_tells() {
        let mut watch = Stopwatch::default();
        watch.told(MS(0), command(5.0, ChargerControl::Charge));
        for second in 0..5 {
            watch.status(MS(300 + second * 1000), 5.0, FINE);
        }
        watch.status(MS(5300), 0.1, FINE);
        assert_eq!(watch.measured(), ms(4300, 5300, LapseSign::OutputOff));
    }

    #[test]
    fn an_output_that_a_stop_took_off_is_no_time_out() {
        let mut watch = Stopwatch::default();
        watch.told(MS(0), command(0.0, ChargerControl::Stop));
        watch.status(MS(300), 5.0, FINE);
        watch.status(MS(3300), 0.0, FINE);
        assert_eq!(watch.measured(), None);
        // Neither is one that a fault took off, or one that a command to give nothing did.
        watch.told(MS(4000), command(5.0, ChargerControl::Charge));
        watch.status(MS(4300), 5.0, FINE);
        watch.status(MS(7300), 0.0, ChargerFaults { input: true, ..FINE });
        assert_eq!(watch.measured(), None);
        watch.told(MS(8000), command(0.0, ChargerControl::Charge));
        watch.status(MS(8300), 1.5, FINE);
        watch.status(MS(11_300), 0.0, FINE);
        assert_eq!(watch.measured(), None);
    }

    #[test]
    fn a_complaint_that_stood_before_the_command_measures_nothing() {
        let mut watch = Stopwatch::default();
        watch.status(MS(0), 0.0, TIMED_OUT);
        watch.told(MS(100), command(0.0, ChargerControl::Stop));
        watch.status(MS(3000), 0.0, TIMED_OUT);
        assert_eq!(watch.measured(), None);
    }

    #[test]
    fn a_charger_that_hears_nothing_of_what_is_sent_is_not_measured() {
        let mut watch = Stopwatch::default();
        for second in 0..4 {
            watch.told(MS(second * 1000), command(5.0, ChargerControl::Charge));
            watch.status(MS(second * 1000 + 200), 0.0, FINE);
        }
        watch.status(MS(3900), 0.0, TIMED_OUT);
        assert_eq!(watch.measured(), None);
    }

    #[test]
    fn a_jump_measures_nothing_and_forgets_nothing() {
        let mut watch = Stopwatch::default();
        watch.told(MS(0), command(0.0, ChargerControl::Stop));
        left_alone(&mut watch, 300, 5);
        watch.told(MS(10_000), command(0.0, ChargerControl::Stop));
        watch.status(MS(10_300), 0.0, FINE);
        watch.interrupt();
        watch.status(MS(40_000), 0.0, TIMED_OUT);
        assert_eq!(watch.measured(), ms(4300, 5300, LapseSign::Said));
    }
}
