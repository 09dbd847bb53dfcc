//! CAN adapters on a serial port that speak the line protocol of Lawicel: CANable, CANtact, CANUSB,
//! USBtin and many more, on every system.
//!
//! A port that is missing, taken or pulled out is a status with a sentence; the same adapter is opened
//! again when it comes back. Opening never sends a frame. What an adapter has not confirmed is not said
//! of it. Knows nothing of what frames mean.

pub mod line;
mod opening;
mod outlet;
mod port;
pub mod rate;
mod stamps;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

pub use self::port::candidates;
use crate::base::id::BusId;
use crate::base::time::{Clock, Mono, TimeSource};
use crate::engine::can::address::{Address, Slcan};
use crate::engine::can::bus::{
    BATCH_FRAMES, BusRx, BusState, BusStatus, Control, ControlError, Link, Listening, Received,
};
use crate::engine::can::controller;
use crate::engine::can::frame::{Direction, Frame, Frames};
use crate::engine::can::slcan::line::{Flags, Lines, Said};
use crate::engine::can::slcan::opening::{Opened, OpeningError};
use crate::engine::can::slcan::outlet::{Done, Outlet, Tx, desk};
use crate::engine::can::slcan::port::{Machine, Port, Ports};
use crate::engine::can::slcan::stamps::Stamps;

/// The line speed, where none is said: most adapters are no real serial ports and ignore it.
pub const BAUD: u32 = 115_200;
/// How often a port that is not there is tried again.
const TRY_EVERY: Duration = Duration::from_secs(1);
/// How often an adapter that answers is asked for its flags.
const FLAGS_EVERY: Duration = Duration::from_millis(500);
/// The class of an error frame that says that there was an error on the bus.
const BUS_ERROR: u32 = 0x80;
/// Bytes read at one time: not so many that more frames than a batch may be in them.
const READ: usize = 500;
/// Longest that somebody waits for an adapter to be opened anew.
const CONTROL: Duration = Duration::from_secs(6);

/// Opens the adapter at `to`; its frames will carry `bus`. Never fails: what is wrong is in the status.
#[must_use]
pub fn open(to: &Slcan, bus: BusId, clock: Arc<dyn Clock>) -> Link {
    open_on(to, bus, clock, Box::<Machine>::default())
}

fn open_on(to: &Slcan, bus: BusId, clock: Arc<dyn Clock>, ports: Box<dyn Ports>) -> Link {
    let name = Address::Slcan(to.clone()).to_string();
    let outlet = Outlet::default();
    let (asks, asked) = bounded(1);
    let tx = Tx { name, outlet: Arc::clone(&outlet), clock: Arc::clone(&clock) };
    let rx = Rx {
        to: to.clone(),
        set: to.clone(),
        bus,
        ports,
        port: None,
        lines: Lines::default(),
        stamps: Stamps::default(),
        opened: Opened::default(),
        outlet,
        asked,
        status: BusStatus::plain(BusState::Opening),
        lost: 0,
        next_try: clock.now(),
        next_flags: clock.now(),
        clock,
    };
    let control = Handle { asks, port: to.port.clone() };
    Link {
        rx: Box::new(rx),
        tx: Some(Box::new(tx)),
        player: None,
        control: Some(Arc::new(control)),
    }
}

/// What is asked of the thread that owns the adapter.
#[derive(Clone, Copy, Debug)]
enum Ask {
    /// Close it and open it as it was.
    Restart,
    /// Listen only, at this rate.
    ListenAt(u32),
    /// As the address says.
    Restore,
}

type Outcome = Result<Listening, ControlError>;

struct Handle {
    asks: Sender<(Ask, Sender<Outcome>)>,
    port: String,
}

impl Handle {
    fn ask(&self, ask: Ask) -> Outcome {
        let (reply, outcome) = bounded(1);
        let port = &self.port;
        let busy = || {
            ControlError::Failed(format!("the adapter on {port} is busy with another such order"))
        };
        self.asks.try_send((ask, reply)).map_err(|_| busy())?;
        let silent =
            |_| ControlError::Failed(format!("the adapter on {port} did not answer in time"));
        outcome.recv_timeout(CONTROL).map_err(silent)?
    }
}

impl Control for Handle {
    fn restart(&self) -> Result<(), ControlError> {
        self.ask(Ask::Restart).map(drop)
    }

    fn listen_at(&self, rate: u32) -> Outcome {
        self.ask(Ask::ListenAt(rate))
    }

    fn restore(&self) -> Result<(), ControlError> {
        self.ask(Ask::Restore).map(drop)
    }
}

struct Rx {
    /// As it was asked for.
    to: Slcan,
    /// As it is set now: at another rate while the right one is looked for.
    set: Slcan,
    bus: BusId,
    clock: Arc<dyn Clock>,
    ports: Box<dyn Ports>,
    port: Option<Arc<dyn Port>>,
    lines: Lines,
    stamps: Stamps,
    opened: Opened,
    outlet: Outlet,
    asked: Receiver<(Ask, Sender<Outcome>)>,
    status: BusStatus,
    /// How often the adapter said that it has lost frames, and lines that were disturbed.
    lost: u64,
    next_try: Mono,
    next_flags: Mono,
}

impl BusRx for Rx {
    fn receive(&mut self, into: &mut Frames, wait: Duration) -> Received {
        let before = self.status.clone();
        self.serve();
        if self.port.is_none() && self.clock.now() >= self.next_try {
            self.next_try = self.clock.now().after(TRY_EVERY);
            // What is wrong is in the status, and it is tried again.
            let _later = self.open();
        }
        let source = if self.opened.stamped { TimeSource::Hardware } else { TimeSource::Program };
        into.set_timebase(self.clock.timebase(source));
        match self.port.clone() {
            Some(port) => self.listen(port.as_ref(), into, wait),
            None => self.rest(wait),
        }
        Received { status_changed: self.status != before, ..Received::default() }
    }

    fn status(&self) -> BusStatus {
        self.status.clone()
    }
}

impl Drop for Rx {
    fn drop(&mut self) {
        if let Some(port) = &self.port {
            opening::close(port.as_ref(), &self.opened);
        }
    }
}

impl Rx {
    /// Waits for somebody to ask for something, while there is no port to wait at.
    fn rest(&mut self, wait: Duration) {
        if !self.clock.runs_by_itself() {
            return;
        }
        let left = self.next_try.since(self.clock.now());
        if let Ok(request) = self.asked.recv_timeout(wait.min(left)) {
            self.carry_out(request);
        }
    }

    fn serve(&mut self) {
        if let Ok(request) = self.asked.try_recv() {
            self.carry_out(request);
        }
    }

    fn carry_out(&mut self, (ask, reply): (Ask, Sender<Outcome>)) {
        self.set = match ask {
            Ask::Restart | Ask::Restore => self.to.clone(),
            Ask::ListenAt(rate) => Slcan {
                bit_rate: Some(rate),
                data_bit_rate: None,
                listen_only: true,
                ..self.to.clone()
            },
        };
        let outcome = self.open();
        // Whoever asked may have given up.
        let _gone = reply.try_send(outcome);
    }

    /// Opens the port, unless it is open, and the adapter behind it anew.
    fn open(&mut self) -> Outcome {
        desk(&self.outlet).port = None;
        let opened = match self.port.clone() {
            Some(port) => Ok(port),
            None => self.ports.open(&self.set.port, self.set.baud.unwrap_or(BAUD)),
        };
        let port = match opened {
            Ok(port) => port,
            Err(error) => {
                let (state, why) = not_opened(&self.set.port, &error);
                return Err(self.lose(state, why));
            }
        };
        self.lines.clear();
        self.stamps.restart();
        match opening::open(port.as_ref(), &self.set) {
            Ok(opened) => {
                self.opened = opened;
                self.port = Some(Arc::clone(&port));
                self.begin(port);
                Ok(self.status.listening)
            }
            Err(OpeningError::Port(error)) => {
                Err(self.lose(BusState::Missing, gone(&self.set.port, &error)))
            }
            Err(error) => {
                let why = format!("The adapter on {} was not opened: {error}.", self.set.port);
                opening::close(port.as_ref(), &Opened::default());
                let lost = self.lose(BusState::Failed, why);
                Err(match error {
                    OpeningError::Rate(_) | OpeningError::RefusesRate(_) => {
                        ControlError::Rate(error.to_string())
                    }
                    OpeningError::Port(_)
                    | OpeningError::RefusesData(_)
                    | OpeningError::RefusesQuiet
                    | OpeningError::RefusesToOpen => lost,
                })
            }
        }
    }

    /// It is open: says so, and lets the transmit half send where it may.
    fn begin(&mut self, port: Arc<dyn Port>) {
        let listening = self.opened.quiet.listening();
        let mute = match listening {
            Listening::Confirmed | Listening::Asked => {
                Some("it was opened to listen only".to_owned())
            }
            Listening::Silent | Listening::Armed => None,
        };
        let mut desk = desk(&self.outlet);
        desk.restart();
        desk.port = Some(port);
        desk.mute = mute;
        desk.fd = self.set.data_bit_rate.is_some();
        desk.answers = self.opened.answers;
        drop(desk);
        let known = self.opened.answers || self.opened.version.is_some();
        let (state, sentence) = if known {
            (BusState::Active, None)
        } else {
            let port = &self.set.port;
            let text = format!(
                "Nothing on {port} answers as an slcan adapter does: check that it is the right \
                 port and that the adapter has slcan firmware."
            );
            (BusState::Failed, Some(text))
        };
        self.status = BusStatus {
            bit_rate: self.set.bit_rate,
            data_bit_rate: self.set.data_bit_rate,
            fd: self.set.data_bit_rate.is_some(),
            listening,
            adapter: self.adapter(),
            sentence,
            ..BusStatus::plain(state)
        };
        self.count();
        self.next_flags = self.clock.now().after(FLAGS_EVERY);
    }

    /// What the adapter says of itself, in a line.
    fn adapter(&self) -> Option<String> {
        let version = self.opened.version.as_ref().map(|text| format!("firmware {text}"));
        let serial = self.opened.serial.as_ref().map(|text| format!("serial number {text}"));
        let said: Vec<String> = version.into_iter().chain(serial).collect();
        (!said.is_empty()).then(|| said.join(", "))
    }

    /// The port is not there, or of no use.
    fn lose(&mut self, state: BusState, why: String) -> ControlError {
        self.port = None;
        let mut desk = desk(&self.outlet);
        desk.port = None;
        desk.restart();
        desk.mute = Some(why.trim_end_matches('.').to_owned());
        drop(desk);
        self.next_try = self.clock.now().after(TRY_EVERY);
        self.status = BusStatus { sentence: Some(why.clone()), ..BusStatus::plain(state) };
        self.count();
        ControlError::Failed(why.trim_end_matches('.').to_owned())
    }

    fn count(&mut self) {
        self.status.dropped = self.lost;
    }

    fn listen(&mut self, port: &dyn Port, into: &mut Frames, wait: Duration) {
        let end = self.clock.now().after(wait);
        let mut bytes = [0; READ];
        loop {
            let got = match port.read(&mut bytes) {
                Ok(got) => got,
                Err(error) => {
                    self.lose(BusState::Missing, gone(&self.set.port, &error));
                    return;
                }
            };
            let now = self.clock.now();
            for byte in bytes.get(..got).unwrap_or_default() {
                if let Some(said) = self.lines.take(*byte) {
                    self.hear(now, said, into);
                }
            }
            self.hand_on_echoes(into);
            if !self.keep_up(now) {
                return;
            }
            let waits = self.clock.runs_by_itself() && now < end;
            if got > 0 || !into.is_empty() || !waits || !self.asked.is_empty() {
                return;
            }
        }
    }

    /// Looks after what has to be asked and given up; says whether the port is still good.
    fn keep_up(&mut self, now: Mono) -> bool {
        let mut desk = desk(&self.outlet);
        desk.give_up(now);
        let mut failed = desk.broken.then_some(io::Error::from(io::ErrorKind::TimedOut));
        if now >= self.next_flags && desk.answers {
            self.next_flags = now.after(FLAGS_EVERY);
            failed = failed.or(desk.ask_flags(now).err());
        }
        drop(desk);
        match failed {
            Some(error) => {
                self.lose(BusState::Missing, gone(&self.set.port, &error));
                false
            }
            None => true,
        }
    }

    fn hear(&mut self, now: Mono, said: Said, into: &mut Frames) {
        match said {
            Said::Frame(frame, stamp) => {
                let at = self.stamps.place(now, stamp);
                let frame = frame.at(at).on(self.bus).going(Direction::Received);
                into.push(frame.view());
                // Whoever brings frames is an adapter, whatever it has not answered.
                if self.status.state == BusState::Failed {
                    self.status.state = BusState::Active;
                    self.status.sentence = None;
                }
            }
            Said::Done => self.answered(now, Done::Yes, into),
            Said::Refused => self.answered(now, Done::No, into),
            Said::Flags(flags) => {
                desk(&self.outlet).flags_came();
                self.flags(now, flags, into);
            }
            Said::Broken => {
                self.lost = self.lost.saturating_add(1);
                self.count();
            }
            Said::Text(_) | Said::Serial(_) => {}
        }
    }

    fn answered(&mut self, now: Mono, done: Done, into: &mut Frames) {
        desk(&self.outlet).answered(now, done);
        self.hand_on_echoes(into);
    }

    fn hand_on_echoes(&mut self, into: &mut Frames) {
        let mut desk = desk(&self.outlet);
        let room = BATCH_FRAMES.saturating_sub(into.len()).min(desk.echoes.len());
        for echo in desk.echoes.drain(..room) {
            let at = self.stamps.place(echo.time(), None);
            into.push(echo.at(at).on(self.bus).view());
        }
    }

    fn flags(&mut self, now: Mono, flags: Flags, into: &mut Frames) {
        if flags.bus_error() {
            // It says that there were some, not how many or which.
            let at = self.stamps.place(now, None);
            let frame = Frame::error(BUS_ERROR, &[0; 8]).map(|frame| frame.at(at).on(self.bus));
            frame.iter().for_each(|frame| into.push(frame.view()));
        }
        if flags.lost() {
            self.lost = self.lost.saturating_add(1);
        }
        let state = if flags.passive() {
            BusState::Passive
        } else if flags.warning() {
            BusState::Warning
        } else {
            BusState::Active
        };
        self.status.state = state;
        self.status.sentence = controller::sentence(&self.set.port, state);
        self.count();
    }
}

/// Why a port was not opened, and what to do.
fn not_opened(port: &str, error: &io::Error) -> (BusState, String) {
    match error.kind() {
        io::ErrorKind::NotFound => {
            (BusState::Missing, format!("There is no port {port}: plug the adapter in."))
        }
        io::ErrorKind::PermissionDenied => (
            BusState::Failed,
            format!(
                "No permission to open {port}: on Linux, add this user to the group of serial \
                 ports (sudo usermod -aG dialout $USER) and sign in again."
            ),
        ),
        io::ErrorKind::ResourceBusy => (
            BusState::Failed,
            format!("Another program has {port} open: close it there, or choose another port."),
        ),
        _ => (BusState::Failed, format!("{port} cannot be opened: {error}.")),
    }
}

fn gone(port: &str, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::TimedOut => format!(
            "The adapter on {port} took nothing any more and is opened anew: if this stays, pull it \
             out and plug it in again."
        ),
        _ => format!("The adapter on {port} has gone: plug it in again, and it is opened again."),
    }
}
