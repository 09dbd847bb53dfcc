//! A charger as it is heard: what it delivers, what it complains of, and what somebody tells it.

use std::time::Duration;

use crate::base::reading::{Age, Patience, Reading};
use crate::base::time::Mono;
use crate::base::units::{Amps, Volts, Watts};
use crate::engine::can::frame::Direction;
use crate::engine::device::{
    ChargerCommand, ChargerControl, ChargerFaults, Fact, Level, Manifest, Rate,
};
use crate::engine::pack::lapse::{Lapse, Stopwatch};
use crate::engine::pack::picture::Remark;
use crate::engine::pack::remarks::worst_first;
use crate::engine::pack::seen::Seen;

/// Less than this is no charging: the chargers' smallest step.
const IDLE_AMPS: f64 = 0.1;

/// A charger that goes on by so much longer than its documents say is warned of: its statuses come once
/// a second, and nothing finer is measured.
const LAPSE_MARGIN: Duration = Duration::from_millis(1100);

/// A charger at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChargerPicture {
    /// The moment.
    pub at: Mono,
    /// Output voltage.
    pub voltage: Seen<Volts>,
    /// Output current, positive into the battery.
    pub current: Seen<Amps>,
    /// Output power.
    pub power: Seen<Watts>,
    /// What it complains of.
    pub faults: Seen<ChargerFaults>,
    /// What it is told, by whomever.
    pub command: Seen<ChargerCommand>,
    /// One word on it: "charging", "idle", "fault", "lost", "never heard".
    pub state: &'static str,
    /// How long it went on the last time that commands ended, as measured.
    pub lapse: Option<Lapse>,
    /// How long it goes on by its documents; `None` where they do not say.
    pub lapse_told: Option<Duration>,
    /// Sentences, worst first.
    pub remarks: Vec<Remark>,
    /// The worst of them.
    pub level: Level,
}

/// A charger, from facts.
#[derive(Clone, Debug)]
pub struct Charger {
    status_patience: Patience,
    command_patience: Patience,
    output: Reading<(Volts, Amps, ChargerFaults)>,
    /// What another node on the bus tells it.
    foreign: Reading<ChargerCommand>,
    /// What this program tells it.
    own: Reading<ChargerCommand>,
    stopwatch: Stopwatch,
    lapse_told: Option<Duration>,
}

/// A charger at a moment, as charging sees it: the last values whatever their age, with that age.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ChargerGlance {
    /// Age of its last status; `None` if it was never heard.
    pub age: Option<Duration>,
    /// Output voltage.
    pub voltage: Option<Volts>,
    /// Output current.
    pub current: Option<Amps>,
    /// What it complains of.
    pub faults: Option<ChargerFaults>,
    /// What another node last told it, and how long ago.
    pub foreign: Option<(Duration, ChargerCommand)>,
}

impl Charger {
    /// A charger that was not heard yet. A command is late and lost as its status is.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn new(patience: Patience) -> Self {
        Self::with(patience, patience, None)
    }

    /// As the manifest of its kind says: its groups `status` and `command`; `own` puts a
    /// component's own times in the place of those of the status.
    #[must_use]
    pub fn of(manifest: &Manifest, own: impl FnOnce(Patience) -> Patience) -> Self {
        let group = |name| manifest.rate(name).map(Rate::patience);
        let plain = Patience { late: Duration::from_millis(1500), lost: Duration::from_secs(3) };
        let usual = group("status").unwrap_or(plain);
        let told = manifest.lapse_ms.map(Duration::from_millis);
        Self::with(own(usual), group("command").unwrap_or(usual), told)
    }

    fn with(
        status_patience: Patience,
        command_patience: Patience,
        lapse_told: Option<Duration>,
    ) -> Self {
        let (output, foreign, own) = (Reading::NEVER, Reading::NEVER, Reading::NEVER);
        let stopwatch = Stopwatch::default();
        Self { status_patience, command_patience, output, foreign, own, stopwatch, lapse_told }
    }

    /// How long it went on after the last command, if that was measured since this was last asked.
    pub const fn take_lapse(&mut self) -> Option<Lapse> {
        self.stopwatch.take_fresh()
    }

    /// What charging needs of it at `now`.
    #[must_use]
    pub fn glance(&self, now: Mono) -> ChargerGlance {
        let last = self.output.last();
        ChargerGlance {
            age: self.output.at().map(|at| now.since(at)),
            voltage: last.map(|(voltage, _, _)| *voltage),
            current: last.map(|(_, current, _)| *current),
            faults: last.map(|(_, _, faults)| *faults),
            foreign: self.foreign.at().map(|at| now.since(at)).zip(self.foreign.last().copied()),
        }
    }

    /// Takes in a fact heard at `at`. A command that this program has sent itself comes back with
    /// the direction of what was sent, and is nobody else's.
    pub fn apply(&mut self, at: Mono, direction: Direction, fact: &Fact) {
        match *fact {
            Fact::ChargerOutput { voltage, current, faults } => {
                self.output.take(at, Some((voltage, current, faults)));
                self.stopwatch.status(at, current.get(), faults);
            }
            Fact::ChargerCommand(command) => {
                self.stopwatch.command(at, direction, command);
                match direction {
                    Direction::Received => self.foreign.take(at, Some(command)),
                    Direction::Sent => self.own.take(at, Some(command)),
                }
            }
            Fact::Heartbeat { .. }
            | Fact::Answer { .. }
            | Fact::Module { .. }
            | Fact::Cells { .. }
            | Fact::Cell { .. }
            | Fact::Charge { .. }
            | Fact::BalanceCharge { .. }
            | Fact::Headroom(_)
            | Fact::Precharge(_)
            | Fact::CellRange { .. }
            | Fact::TemperatureRange { .. }
            | Fact::Totals { .. }
            | Fact::Battery(_)
            | Fact::Balance { .. }
            | Fact::Flags { .. }
            | Fact::Fans(_)
            | Fact::Hardware { .. }
            | Fact::Switches(_)
            | Fact::Drive { .. }
            | Fact::DrivePower { .. }
            | Fact::Reading { .. }
            | Fact::Lamp { .. } => {}
        }
    }

    /// Forgets everything but what was measured, as after a jump in a recording.
    pub fn forget(&mut self) {
        let mut stopwatch = self.stopwatch;
        stopwatch.interrupt();
        let fresh = Self::with(self.status_patience, self.command_patience, self.lapse_told);
        *self = Self { stopwatch, ..fresh };
    }

    /// What it looks like at `now`.
    #[must_use]
    pub fn picture(&self, now: Mono) -> ChargerPicture {
        let output = Seen::judge(&self.output, now, self.status_patience);
        let foreign = Seen::judge(&self.foreign, now, self.command_patience);
        let own = Seen::judge(&self.own, now, self.command_patience);
        let command = if foreign.value.is_some() { foreign } else { own };
        let faults = output.map(|(_, _, faults)| faults);
        let mut remarks = Vec::new();
        let mut say = |level, text: String| remarks.push(Remark { level, text });
        if let Age::Lost(age) = output.age {
            let seconds = age.as_secs_f64();
            say(Level::Fault, format!("The charger is lost: no status for {seconds:.1} s."));
        }
        if let Some(faults) = faults.value {
            complaints(faults, command, &mut say);
        }
        if let Some(command) = foreign.value {
            say(Level::Info, in_words(command));
        }
        let lapse = self.stopwatch.measured();
        if let (Some(lapse), Some(told)) = (lapse, self.lapse_told)
            && lapse.least > told + LAPSE_MARGIN
        {
            let (least, told) = (lapse.least.as_secs_f64(), told.as_secs_f64());
            let text = format!(
                "The charger went on for at least {least:.1} s without a command, though its documents say {told:.0} s: do not rely on it to stop by itself."
            );
            say(Level::Warning, text);
        }
        let remarks = worst_first(remarks);
        let level = remarks.iter().map(|remark| remark.level).fold(Level::Ok, Level::max);
        let state = match (output.age, output.value) {
            (Age::Never, _) => "never heard",
            (Age::Lost(_), _) | (_, None) => "lost",
            (_, Some((_, current, faults))) => state_word(current, faults),
        };
        ChargerPicture {
            at: now,
            voltage: output.map(|(voltage, _, _)| voltage),
            current: output.map(|(_, current, _)| current),
            power: output.map(|(voltage, current, _)| Watts(voltage.get() * current.get())),
            faults,
            command,
            state,
            lapse,
            lapse_told: self.lapse_told,
            remarks,
            level,
        }
    }
}

/// A fault is never hidden by what the charger delivers at the same time.
fn state_word(current: Amps, faults: ChargerFaults) -> &'static str {
    if faults.hardware || faults.over_temperature || faults.input {
        "fault"
    } else if current.get() >= IDLE_AMPS {
        "charging"
    } else {
        "idle"
    }
}

fn complaints(
    faults: ChargerFaults,
    command: Seen<ChargerCommand>,
    say: &mut impl FnMut(Level, String),
) {
    if faults.hardware {
        say(Level::Fault, "The charger reports a hardware failure.".to_owned());
    }
    if faults.over_temperature {
        say(Level::Fault, "The charger is too hot.".to_owned());
    }
    if faults.input {
        let text = "The charger's mains are missing or out of range.";
        say(Level::Fault, text.to_owned());
    }
    if faults.no_battery {
        let text = "The charger sees no battery: it is not connected, reversed, or the charger is still starting.";
        say(Level::Warning, text.to_owned());
    }
    if faults.command_timeout {
        let level = if command.value.is_some() { Level::Warning } else { Level::Info };
        let text = "The charger has stopped because nobody has sent it a command for 5 s.";
        say(level, text.to_owned());
    }
    if faults.undocumented != 0 {
        let bits = faults.undocumented;
        say(
            Level::Warning,
            format!("The charger raises flags that are in no document: 0x{bits:02X}."),
        );
    }
}

fn in_words(command: ChargerCommand) -> String {
    let (volts, amps) = (command.voltage.get(), command.current.get());
    match command.control {
        ChargerControl::Charge => format!(
            "Another master on the bus tells the charger to charge with at most {volts:.1} V and {amps:.1} A."
        ),
        ChargerControl::Stop => "Another master on the bus tells the charger to stop.".to_owned(),
        ChargerControl::Sleep => "Another master on the bus tells the charger to sleep.".to_owned(),
        ChargerControl::Undocumented(code) => format!(
            "Another master on the bus gives the charger the control byte {code}, which is in no document."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::device::Catalog;

    fn charger() -> Charger {
        let catalog = Catalog::builtin();
        Charger::of(&catalog.find("elcon-tc").unwrap().manifest, |usual| usual)
    }

    fn output(amps: f64, faults: ChargerFaults) -> Fact {
        Fact::ChargerOutput { voltage: Volts(155.2), current: Amps(amps), faults }
    }

    #[test]
    fn a_charger_is_lost_after_three_seconds() {
        let mut charger = charger();
        assert_eq!(charger.picture(Mono::ZERO).state, "never heard");
        charger.apply(Mono::ZERO, Direction::Received, &output(4.9, ChargerFaults::default()));
        let picture = charger.picture(Mono::from_millis(1000));
        assert_eq!((picture.state, picture.level), ("charging", Level::Ok));
        assert!(picture.power.value.is_some_and(|power| (power.get() - 760.48).abs() < 1e-9));
        assert!(matches!(charger.picture(Mono::from_millis(2000)).voltage.age, Age::Late(_)));
        let lost = charger.picture(Mono::from_millis(3001));
        assert_eq!((lost.state, lost.level, lost.current.value), ("lost", Level::Fault, None));
    }

    #[test]
    fn a_fault_shows_although_the_charger_still_delivers() {
        let mut charger = charger();
        let faults = ChargerFaults { over_temperature: true, ..ChargerFaults::default() };
        charger.apply(Mono::ZERO, Direction::Received, &output(4.9, faults));
        let picture = charger.picture(Mono::ZERO);
        assert_eq!((picture.state, picture.level), ("fault", Level::Fault));
    }

    #[test]
    fn commands_of_another_master_are_named() {
        let mut charger = charger();
        let command = ChargerCommand {
            voltage: Volts(160.0),
            current: Amps(5.0),
            control: ChargerControl::Charge,
        };
        charger.apply(Mono::ZERO, Direction::Received, &Fact::ChargerCommand(command));
        let picture = charger.picture(Mono::from_secs(1));
        assert!(picture.remarks[0].text.contains("160.0 V and 5.0 A"), "{:?}", picture.remarks);
        let later = charger.picture(Mono::ZERO.after(Duration::from_millis(5001)));
        assert!(later.remarks.is_empty() && later.command.value.is_none());
    }

    #[test]
    fn what_the_program_tells_a_charger_itself_makes_no_other_master() {
        let mut charger = charger();
        let command = ChargerCommand {
            voltage: Volts(160.0),
            current: Amps(5.0),
            control: ChargerControl::Charge,
        };
        charger.apply(Mono::ZERO, Direction::Sent, &Fact::ChargerCommand(command));
        let picture = charger.picture(Mono::from_secs(1));
        assert!(picture.remarks.is_empty(), "{:?}", picture.remarks);
        assert_eq!(picture.command.value, Some(command));
        assert_eq!(charger.glance(Mono::from_secs(1)).foreign, None);
        charger.apply(Mono::from_secs(2), Direction::Received, &Fact::ChargerCommand(command));
        let glance = charger.glance(Mono::from_secs(3));
        assert_eq!(glance.foreign, Some((Duration::from_secs(1), command)));
    }
}
