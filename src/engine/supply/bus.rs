//! A line as a bus. The frames are those of the device folder and never leave the program: commands
//! come in cleared by the guard and go out as text, statuses come in as text and go on as frames.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::{Command, Line, Stage, Status, Target};
use crate::base::id::BusId;
use crate::base::time::{Clock, TimeSource};
use crate::engine::can::bus::{
    BusRx, BusState, BusStatus, BusTx, Link, Listening, Received, SendError,
};
use crate::engine::can::frame::{Direction, Frame, Frames};
use crate::engine::can::guard::Cleared;
use crate::engine::device::{ChargerControl, Device, Fact};

/// Statuses and echoes that may wait for the hub; more are dropped and counted.
const QUEUE: usize = 64;
/// The message that says what the supply does, and its signals.
const STATUS: &str = "Supply_Status";

/// What the receive half is told.
enum News {
    Status(Box<Status>),
    /// A command that has gone out.
    Sent(Frame),
}

/// Starts the thread of a supply and gives both halves of its bus.
///
/// # Errors
/// The machine has no more threads.
pub fn open(
    name: &str,
    target: Target,
    device: Device,
    bus: BusId,
    clock: Arc<dyn Clock>,
) -> io::Result<Link> {
    let (to, news) = bounded(QUEUE);
    let place = format!("{}:{}", target.host, target.port);
    let echo = to.clone();
    let sink = Box::new(move |status| {
        // A hub that is so far behind learns the next one.
        let _full = to.try_send(News::Status(Box::new(status)));
    });
    let line = Line::start(name, target, Arc::clone(&clock), sink)?;
    let status = BusStatus { listening: Listening::Armed, ..BusStatus::plain(BusState::Opening) };
    let tx = Tx { line, device: device.clone(), echo, place, clock: Arc::clone(&clock) };
    let rx = Rx { news, device, bus, clock, status };
    Ok(Link { rx: Box::new(rx), tx: Some(Box::new(tx)), player: None, control: None })
}

struct Rx {
    news: Receiver<News>,
    device: Device,
    bus: BusId,
    clock: Arc<dyn Clock>,
    status: BusStatus,
}

impl BusRx for Rx {
    fn receive(&mut self, into: &mut Frames, wait: Duration) -> Received {
        into.set_timebase(self.clock.timebase(TimeSource::Program));
        let before = self.status.clone();
        let first = self.news.recv_timeout(wait).ok();
        let more: Vec<News> = self.news.try_iter().take(QUEUE).collect();
        for news in first.into_iter().chain(more) {
            let frame = match news {
                News::Sent(frame) => Some(frame.going(Direction::Sent)),
                News::Status(status) => {
                    self.status = doing(&status);
                    self.frame(&status)
                }
            };
            if let Some(frame) = frame {
                into.push(frame.at(self.clock.now()).on(self.bus).view());
            }
        }
        Received { status_changed: before != self.status, ..Received::default() }
    }

    fn status(&self) -> BusStatus {
        self.status.clone()
    }
}

impl Rx {
    /// What was measured, or the doubt that must not wait for the next round.
    fn frame(&self, status: &Status) -> Option<Frame> {
        let (volts, amps) = status.measured?;
        let bit = f64::from(u8::from(status.in_doubt));
        let on = f64::from(u8::from(status.output == Some(true)));
        // Less than nothing is noise of its meter.
        let values = [
            ("OutputVoltage", volts.get().max(0.0)),
            ("OutputCurrent", amps.get().max(0.0)),
            ("Doubt", bit),
            ("OutputOn", on),
        ];
        self.device.encode(STATUS, &values).ok()
    }
}

/// How a supply stands, in the words of a bus.
fn doing(status: &Status) -> BusStatus {
    let state = match status.stage {
        Stage::Ready => BusState::Active,
        Stage::Greeting => BusState::Opening,
        Stage::Offline => BusState::Missing,
        Stage::Refused => BusState::Failed,
    };
    let sentence = status.sentence.as_ref().map(|why| match status.stage {
        Stage::Ready | Stage::Greeting => format!("The output was taken off: {why}."),
        Stage::Offline => format!("Off is the first thing that it will hear: {why}."),
        Stage::Refused => format!("It is left alone: {why}."),
    });
    BusStatus { listening: Listening::Armed, sentence, ..BusStatus::plain(state) }
}

struct Tx {
    line: Line,
    device: Device,
    echo: Sender<News>,
    place: String,
    clock: Arc<dyn Clock>,
}

impl BusTx for Tx {
    fn transmit(&mut self, frame: Cleared) -> Result<(), SendError> {
        let now = self.clock.now();
        let frame = frame.into_frame().at(now);
        let mut facts = Vec::new();
        self.device.take(frame.view(), &mut facts);
        let Some(Fact::ChargerCommand(command)) = facts.first() else {
            let why = "it is no command for it".to_owned();
            return Err(SendError::Unfit { bus: self.place.clone(), why });
        };
        let command = match command.control {
            ChargerControl::Charge => {
                Command::Give { volts: command.voltage, amps: command.current }
            }
            // What is not clearly a command to give is one to stop.
            ChargerControl::Stop | ChargerControl::Sleep | ChargerControl::Undocumented(_) => {
                Command::Stop
            }
        };
        self.line.tell(now, command);
        let _full = self.echo.try_send(News::Sent(frame));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::base::time::{Mono, SystemClock};
    use crate::base::units::{Amps, Volts};
    use crate::engine::can::guard::Guard;
    use crate::engine::device::Catalog;
    use crate::engine::supply::{Brand, Pretend, Stand};

    /// Waits for facts until one is so.
    fn until(rx: &mut dyn BusRx, device: &mut Device, is_so: impl Fn(&Fact) -> bool) -> bool {
        (0..100).any(|_| {
            let mut frames = Frames::default();
            rx.receive(&mut frames, Duration::from_millis(100));
            let mut facts = Vec::new();
            for frame in frames.iter() {
                device.take(frame, &mut facts);
            }
            facts.iter().any(&is_so)
        })
    }

    #[test]
    fn a_supply_is_a_bus_of_frames_behind_a_guard() {
        for brand in Brand::ALL {
            let at = SocketAddr::from(([127, 0, 0, 1], 0));
            let stand = Stand::open(at, Pretend::new(brand, Some(20.0))).unwrap();
            let kind = Arc::clone(Catalog::builtin().find(brand.kind()).unwrap());
            let mut device = kind.bind(kind.defaults()).unwrap();
            let clock = SystemClock::new();
            let target = Target {
                brand,
                host: "127.0.0.1".into(),
                port: stand.address.port(),
                number: kind.defaults().base,
                volts: Volts(30.0),
                amps: Amps(3.0),
            };
            let link = open("test", target, device.clone(), BusId(3), clock.clone()).unwrap();
            let (mut rx, mut tx) = (link.rx, link.tx.unwrap());
            let idle = |fact: &Fact| matches!(fact, Fact::ChargerOutput { faults, .. } if !faults.hardware);
            assert!(until(&mut *rx, &mut device, idle), "{brand:?}");
            assert_eq!(rx.status().state, BusState::Active);
            let mut guard = Guard::new(device.allows_up_to(30.0, 3.0), Duration::from_secs(60));
            guard.beat(clock.now());
            // More than its rating does not even pass the guard.
            let much = device.charger_frame(Some((30.1, 1.0))).unwrap();
            assert!(guard.clear(clock.now(), much).is_err());
            let give = device.charger_frame(Some((25.0, 2.0))).unwrap();
            tx.transmit(guard.clear(Mono::from_secs(1), give).unwrap()).unwrap();
            let gives = |fact: &Fact| matches!(fact, Fact::ChargerOutput { current, .. } if current.get() > 1.9);
            assert!(until(&mut *rx, &mut device, gives), "{brand:?}");
            let stop = device.charger_frame(None).unwrap();
            tx.transmit(guard.clear(Mono::from_secs(2), stop).unwrap()).unwrap();
            let off = |fact: &Fact| matches!(fact, Fact::ChargerOutput { current, .. } if current.get() < 0.1);
            assert!(until(&mut *rx, &mut device, off), "{brand:?}");
            assert!(!stand.device().on);
        }
    }
}
