//! `busbar watchdog`: reads lines, and stops what it holds when they end or stay away.

use std::io::BufRead;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};

use super::{BEAT_LIFE, FIRST_TRY, Hold, MOST_HELD, STOP_EVERY, STOP_FOR, SUPPLY_LIMIT, Word};
use crate::base::id::BusId;
use crate::base::time::Clock;
use crate::engine::can::address::Address;
use crate::engine::can::bus::Wires;
use crate::engine::can::frame::{Frame, Frames};
use crate::engine::can::guard::{Allow, Guard};
use crate::engine::can::virtual_bus::VirtualNet;
use crate::engine::supply;

/// How long an adapter on a serial port takes to be opened, at worst.
const OPENING: Duration = Duration::from_secs(3);
/// Lines that may lie unread; whoever writes more waits.
const INBOX: usize = 64;
/// Longest line that is taken.
const LONGEST: u64 = 512;

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was told to let go.
    Released,
    /// It had to stop something, and saw to it.
    Stopped,
    /// It had to stop something, and could not, or not everything.
    Failed,
}

/// Reads lines until they end, stay away or say so; stops what is held unless it was released.
/// `told` hears what it does.
///
/// # Errors
/// The machine has no more threads.
pub fn watch(
    input: impl BufRead + Send + 'static,
    clock: &Arc<dyn Clock>,
    told: &mut dyn FnMut(String),
) -> std::io::Result<Ended> {
    let (to, words) = bounded(INBOX);
    // Nobody waits for this thread: it may hang in a read for as long as the other side likes.
    let reader = std::thread::Builder::new().name("watchdog:input".into());
    let _reader: JoinHandle<()> = reader.spawn(move || {
        let mut input = input;
        let mut line = String::new();
        loop {
            line.clear();
            let mut bounded = std::io::Read::take(&mut input, LONGEST);
            match std::io::BufRead::read_line(&mut bounded, &mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) if to.send(line.trim().to_owned()).is_err() => return,
                Ok(_) => {}
            }
        }
    })?;
    let mut watched = Watched::default();
    Ok(match wait(&words, &mut watched, told) {
        None => Ended::Released,
        Some(_) if watched.held.is_empty() => Ended::Released,
        Some(why) => {
            told(format!("{}: stopping what is held", why.words()));
            let console = watched.console.filter(|_| why == Why::Silent);
            stop(watched.held, console, clock, told)
        }
    })
}

/// What the lines have said.
#[derive(Debug, Default)]
struct Watched {
    held: Vec<Hold>,
    /// The process of the console, where it is the one that started this one.
    console: Option<u32>,
}

/// Why it has to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// No beat came, and the console still holds what it has opened.
    Silent,
    /// The pipe is closed: there is no console.
    Gone,
}

impl Why {
    const fn words(self) -> &'static str {
        match self {
            Self::Silent => "the console does not beat any more",
            Self::Gone => "the console is gone",
        }
    }
}

/// Takes lines; says why it has to act, or `None` if it was released.
fn wait(
    words: &Receiver<String>,
    watched: &mut Watched,
    told: &mut dyn FnMut(String),
) -> Option<Why> {
    let held = &mut watched.held;
    loop {
        match words.recv_timeout(BEAT_LIFE) {
            Ok(line) => match line.parse() {
                Ok(Word::Beat) => {}
                Ok(Word::Release) => return None,
                Ok(Word::Console(process)) => {
                    watched.console = Some(process).filter(|process| is_parent(*process));
                }
                Ok(Word::Hold(hold)) if held.contains(&hold) => {}
                Ok(Word::Hold(hold)) if held.len() < MOST_HELD => held.push(hold),
                Ok(Word::Hold(_)) => told(format!("more than {MOST_HELD} cannot be held")),
                Err(error) => told(error.to_string()),
            },
            Err(RecvTimeoutError::Timeout) => return Some(Why::Silent),
            Err(RecvTimeoutError::Disconnected) => return Some(Why::Gone),
        }
    }
}

/// Stops everything at once: one thread each, because one that cannot be reached takes its time.
fn stop(
    held: Vec<Hold>,
    console: Option<u32>,
    clock: &Arc<dyn Clock>,
    told: &mut dyn FnMut(String),
) -> Ended {
    let (to, results) = bounded(MOST_HELD);
    let mut expected = 0;
    let mut failed = false;
    for hold in held {
        let (to, clock) = (to.clone(), Arc::clone(clock));
        let body = move || {
            let _gone = to.send(stop_one(hold, console, &clock));
        };
        match std::thread::Builder::new().name("watchdog:stop".into()).spawn(body) {
            Ok(_thread) => expected += 1,
            Err(error) => {
                told(error.to_string());
                failed = true;
            }
        }
    }
    drop(to);
    for result in results.iter().take(expected) {
        failed |= result.is_err();
        told(result.unwrap_or_else(|why| why));
    }
    if failed { Ended::Failed } else { Ended::Stopped }
}

fn stop_one(hold: Hold, console: Option<u32>, clock: &Arc<dyn Clock>) -> Result<String, String> {
    match hold {
        Hold::Supply(target) => {
            let place = format!("{}:{}", target.host, target.port);
            if let Some(console) = console {
                if supply::switch_off(target.clone(), Arc::clone(clock), FIRST_TRY) {
                    return Ok(format!("{place} was seen off"));
                }
                // It hangs with the only connection that the supply takes.
                end(console);
            }
            if supply::switch_off(target, Arc::clone(clock), SUPPLY_LIMIT) {
                Ok(format!("{place} was seen off"))
            } else {
                Err(format!("{place} was not seen off: switch it off by hand"))
            }
        }
        Hold::Can { address, stop } => stop_can(&address, console, stop, clock),
    }
}

/// Whether a process is the one that started this one: no other is ever ended.
#[cfg(unix)]
fn is_parent(process: u32) -> bool {
    std::os::unix::process::parent_id() == process
}

/// There is no telling, and the number comes through the pipe of whoever started this one.
#[cfg(not(unix))]
const fn is_parent(_process: u32) -> bool {
    true
}

/// Ends the console, whose own way of ending hangs with it.
fn end(console: u32) {
    // It may have gone by itself, and its number with it.
    if !is_parent(console) {
        return;
    }
    let number = console.to_string();
    // Every shell has this kill built in, whatever else the machine lacks.
    let (program, arguments) = if cfg!(windows) {
        ("taskkill", ["/F", "/PID", &number])
    } else {
        ("sh", ["-c", "kill -s KILL \"$0\"", &number])
    };
    match Command::new(program).args(arguments).stdin(Stdio::null()).status() {
        Ok(status) if status.success() => {}
        Ok(status) => tracing::warn!("the console could not be ended: {status}"),
        Err(error) => tracing::warn!("the console could not be ended: {error}"),
    }
}

/// Sends the stop for a while, through a guard that lets exactly this frame pass.
fn stop_can(
    address: &Address,
    console: Option<u32>,
    stop: Frame,
    clock: &Arc<dyn Clock>,
) -> Result<String, String> {
    // A serial port belongs to one program: a console that hangs does not give it back.
    if let (Address::Slcan(_), Some(console)) = (address, console) {
        end(console);
    }
    let wires = Wires { net: VirtualNet::new(Arc::clone(clock)), clock: Arc::clone(clock) };
    let mut guard = only(&stop);
    let opening = if matches!(address, Address::Slcan(_)) { OPENING } else { Duration::ZERO };
    let until = clock.now().after(STOP_FOR + opening);
    let mut sent = 0_u32;
    let mut why = "it cannot send".to_owned();
    let mut frames = Frames::default();
    let mut opened = None;
    while clock.now() < until {
        if opened.is_none() {
            match wires.open(address, BusId(0)) {
                Ok(link) => opened = link.tx.map(|tx| (link.rx, tx)),
                Err(error) => why = error.to_string(),
            }
        }
        if let Some((rx, tx)) = &mut opened {
            // An adapter is opened, and its answers are heard, by whoever receives.
            if let Address::Slcan(_) = address {
                frames.clear();
                rx.receive(&mut frames, Duration::ZERO);
            }
            match guard.clear(clock.now(), stop).map_err(|error| error.to_string()) {
                Ok(cleared) => match tx.transmit(cleared) {
                    Ok(()) => sent += 1,
                    Err(error) => why = error.to_string(),
                },
                Err(error) => why = error,
            }
        }
        std::thread::sleep(STOP_EVERY);
    }
    if sent > 0 {
        Ok(format!("{address}: the stop was sent {sent} times"))
    } else {
        Err(format!("{address}: no stop could be sent: {why}"))
    }
}

/// A guard that lets this frame pass, heartbeat or not, and nothing else.
fn only(stop: &Frame) -> Guard {
    let exactly = stop.view().data.iter().map(|&byte| (byte, byte)).collect();
    let any = Allow::any(stop.id(), stop.kind(), stop.len(), STOP_EVERY / 2);
    // Whatever lies within the ranges is the stop itself.
    let rule = Allow { ranges: exactly, stop: Some(Vec::new()), ..any };
    Guard::new(vec![rule], Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::net::SocketAddr;

    use super::*;
    use crate::base::time::SystemClock;
    use crate::engine::can::frame::Id;
    use crate::engine::supply::{Brand, Pretend, Stand};

    fn ends(text: String) -> (Ended, Vec<String>) {
        let clock: Arc<dyn Clock> = SystemClock::new();
        let mut said = Vec::new();
        let ended = watch(Cursor::new(text), &clock, &mut |text| said.push(text)).unwrap();
        (ended, said)
    }

    fn stand() -> Stand {
        let device = Pretend::new(Brand::Genesys, Some(100.0)).giving(120.0, 3.0);
        Stand::open(SocketAddr::from(([127, 0, 0, 1], 0)), device).unwrap()
    }

    #[test]
    fn what_is_held_is_switched_off_when_the_input_ends() {
        let stand = stand();
        let port = stand.address.port();
        let (ended, said) = ends(format!("hold tcp tdk 5 {port} 127.0.0.1\nbeat\n"));
        assert_eq!(ended, Ended::Stopped, "{said:?}");
        assert!(!stand.device().on);
    }

    #[test]
    fn what_is_released_is_left_alone() {
        let stand = stand();
        let port = stand.address.port();
        let (ended, _) = ends(format!("hold tcp tdk 5 {port} 127.0.0.1\nrelease\n"));
        assert_eq!(ended, Ended::Released);
        assert!(stand.device().on && stand.device().heard.is_empty());
        assert_eq!(ends(String::new()).0, Ended::Released);
    }

    #[test]
    fn an_interface_that_is_not_there_is_a_failure() {
        let (ended, said) = ends("hold can nosuchcan0 1806E5F4 0000000001000000\n".into());
        assert_eq!(ended, Ended::Failed, "{said:?}");
    }

    #[test]
    fn its_guard_lets_the_stop_pass_and_nothing_else() {
        let id = Id::extended(0x1806_E5F4).unwrap();
        let stop = Frame::classic(id, &[0, 0, 0, 0, 1, 0, 0, 0]).unwrap();
        let mut guard = only(&stop);
        let now = crate::base::time::Mono::from_secs(9);
        for byte in 0..8 {
            let mut bytes = [0, 0, 0, 0, 1, 0, 0, 0];
            bytes[byte] ^= 1;
            assert!(guard.clear(now, Frame::classic(id, &bytes).unwrap()).is_err(), "byte {byte}");
        }
        assert!(guard.clear(now, stop).is_ok());
    }
}
