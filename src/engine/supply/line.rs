//! The thread `supply:<name>`: a machine, a socket and a clock. It waits for nothing longer than
//! [`CONNECT_WAIT`], and whoever tells it something never waits at all.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::machine::{Machine, Need};
use super::{Command, Status, Target};
use crate::base::time::{Clock, Mono};

/// Longest wait for a connection, and for a write.
pub const CONNECT_WAIT: Duration = Duration::from_millis(500);
/// Longest that a line which is dropped goes on trying to switch the output off.
pub const LAST_WORDS: Duration = Duration::from_secs(3);
/// How often what was told is looked at while an answer is awaited.
const LOOK: Duration = Duration::from_millis(20);
/// Longest sleep between two looks.
const NAP: Duration = Duration::from_millis(100);

/// Where status goes.
pub type Sink = Box<dyn FnMut(Status) + Send>;

/// A supply that is spoken to by a thread of its own. Drop it to switch the output off and end.
pub struct Line {
    desk: Arc<Desk>,
    thread: Option<JoinHandle<()>>,
}

/// What was told and not yet taken.
#[derive(Debug, Default)]
struct Tray {
    stop: bool,
    /// What to give, and when that was decided: it does not grow younger by waiting here.
    give: Option<(Mono, Command)>,
    ends: bool,
}

#[derive(Debug, Default)]
struct Desk {
    tray: Mutex<Tray>,
    bell: Condvar,
}

impl Desk {
    fn tray(&self) -> MutexGuard<'_, Tray> {
        self.tray.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    /// Starts the thread.
    ///
    /// # Errors
    /// The machine has no more threads.
    pub fn start(
        name: &str,
        target: Target,
        clock: Arc<dyn Clock>,
        sink: Sink,
    ) -> io::Result<Self> {
        let desk = Arc::new(Desk::default());
        let theirs = Arc::clone(&desk);
        let pump = Pump::new(Machine::new(target), clock, sink);
        let body = move || pump.run(&theirs);
        let thread = std::thread::Builder::new().name(format!("supply:{name}")).spawn(body)?;
        Ok(Self { desk, thread: Some(thread) })
    }

    /// Tells it what was decided at `at`; never waits. A stop is never overtaken, and of several set
    /// points only the last is taken.
    pub fn tell(&self, at: Mono, command: Command) {
        let mut tray = self.desk.tray();
        match command {
            Command::Stop => (tray.stop, tray.give) = (true, None),
            Command::Give { .. } => tray.give = Some((at, command)),
        }
        drop(tray);
        self.desk.bell.notify_one();
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.desk.tray().ends = true;
        self.desk.bell.notify_one();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread of a supply ended by a panic");
        }
    }
}

/// Connects and switches the output off; says whether it was seen off within `limit`. For whoever
/// takes over after another: what the device is was seen by the other.
pub fn switch_off(target: Target, clock: Arc<dyn Clock>, limit: Duration) -> bool {
    let until = clock.now().after(limit);
    let mut pump = Pump::new(Machine::to_switch_off(target), clock, Box::new(|_| {}));
    pump.settle(until)
}

/// A machine with its socket.
struct Pump {
    machine: Machine,
    clock: Arc<dyn Clock>,
    sink: Sink,
    stream: Option<TcpStream>,
    /// Where it was found last: a name is asked for once, because asking can take long.
    found: Option<SocketAddr>,
    target: (String, u16),
}

impl Pump {
    fn new(machine: Machine, clock: Arc<dyn Clock>, sink: Sink) -> Self {
        let target = machine.place();
        Self { machine, clock, sink, stream: None, found: None, target }
    }

    fn run(mut self, desk: &Desk) {
        loop {
            let ends = self.take(&mut desk.tray());
            if ends {
                break;
            }
            let wait = self.turn();
            if !wait.is_zero() && self.stream_is_quiet() {
                let tray = desk.tray();
                if !tray.stop && !tray.ends && tray.give.is_none() {
                    let _woken = desk.bell.wait_timeout(tray, wait.min(NAP));
                }
            }
        }
        self.machine.tell(self.clock.now(), Command::Stop);
        // A device that was never reached was never switched on.
        if self.machine.was_reached() {
            let until = self.clock.now().after(LAST_WORDS);
            if !self.settle(until) {
                tracing::error!(
                    "a supply was not seen off in time: {}:{}",
                    self.target.0,
                    self.target.1
                );
            }
        }
    }

    /// Goes on until the output is seen off, at most until then.
    fn settle(&mut self, until: Mono) -> bool {
        while !self.machine.is_off() && self.clock.now() < until {
            let wait = self.turn();
            if !wait.is_zero() && self.stream_is_quiet() {
                std::thread::sleep(wait.min(LOOK));
            }
        }
        self.machine.is_off()
    }

    /// Takes what was told; says whether it is over.
    fn take(&mut self, tray: &mut Tray) -> bool {
        let now = self.clock.now();
        if std::mem::take(&mut tray.stop) {
            self.machine.tell(now, Command::Stop);
        }
        if let Some((at, give)) = tray.give.take() {
            self.machine.tell(at, give);
        }
        tray.ends
    }

    /// Whether nothing is expected on the socket, so that sleeping loses no time.
    fn stream_is_quiet(&self) -> bool {
        self.stream.is_none() || !self.machine.awaits()
    }

    /// Does what the machine needs; says how long it needs nothing.
    fn turn(&mut self) -> Duration {
        let now = self.clock.now();
        let wait = match self.machine.next(now) {
            Need::Connect => {
                match self.connect() {
                    Ok(stream) => {
                        self.stream = Some(stream);
                        self.machine.connected(self.clock.now());
                    }
                    Err(error) => {
                        self.machine.lost(self.clock.now(), &format!("cannot be reached: {error}"))
                    }
                }
                Duration::ZERO
            }
            Need::Send(bytes) => {
                let sent = self.stream.as_mut().map(|stream| stream.write_all(&bytes));
                if let Some(Err(error)) = sent {
                    self.fail(&format!("took nothing: {error}"));
                }
                Duration::ZERO
            }
            Need::Close => {
                self.stream = None;
                Duration::ZERO
            }
            Need::Wait(until) => {
                if self.machine.awaits() {
                    self.listen();
                }
                until.since(self.clock.now())
            }
        };
        if let Some(news) = self.machine.news() {
            (self.sink)(news);
        }
        wait
    }

    fn listen(&mut self) {
        let Some(stream) = &mut self.stream else { return };
        let mut bytes = [0; 256];
        match stream.read(&mut bytes) {
            Ok(0) => self.fail("closed the connection"),
            Ok(count) => {
                let now = self.clock.now();
                self.machine.heard(now, bytes.get(..count).unwrap_or_default());
            }
            Err(error) if is_only_quiet(&error) => {}
            Err(error) => self.fail(&format!("is lost: {error}")),
        }
    }

    fn fail(&mut self, why: &str) {
        self.stream = None;
        self.machine.lost(self.clock.now(), why);
    }

    fn connect(&mut self) -> io::Result<TcpStream> {
        let place = match self.found {
            Some(place) => place,
            None => (self.target.0.as_str(), self.target.1)
                .to_socket_addrs()?
                .next()
                .ok_or_else(|| io::Error::new(ErrorKind::NotFound, "there is no such machine"))?,
        };
        let stream = TcpStream::connect_timeout(&place, CONNECT_WAIT)?;
        stream.set_read_timeout(Some(LOOK))?;
        stream.set_write_timeout(Some(CONNECT_WAIT))?;
        stream.set_nodelay(true)?;
        self.found = Some(place);
        Ok(stream)
    }
}

fn is_only_quiet(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::{FakeClock, Wall};
    use crate::base::units::{Amps, Volts};
    use crate::engine::supply::Brand;
    use crate::engine::supply::machine::COMMAND_LIFE;

    #[test]
    fn what_waits_to_be_taken_does_not_grow_younger() {
        let (volts, amps) = (Volts(150.0), Amps(2.0));
        let target =
            Target { brand: Brand::Genesys, host: "".into(), port: 1, number: 5, volts, amps };
        let clock = FakeClock::new(Wall::from_nanos(0));
        let mut pump = Pump::new(Machine::new(target), clock.clone(), Box::new(|_| {}));
        let give = Some((clock.now(), Command::Give { volts, amps }));
        clock.advance(COMMAND_LIFE + Duration::from_millis(1));
        pump.take(&mut Tray { give, ..Tray::default() });
        assert!(pump.machine.is_left_alone(clock.now()));
        let give = Some((clock.now(), Command::Give { volts, amps }));
        pump.take(&mut Tray { give, ..Tray::default() });
        assert!(!pump.machine.is_left_alone(clock.now()));
    }
}
