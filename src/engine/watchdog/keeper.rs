//! The side of the engine: starts the child when something must be held, beats, releases. Whoever
//! calls it never waits: a thread of its own writes, and a child that is gone is told once.

use std::io::{self, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use super::{BEAT_EVERY, BEAT_LIFE, Hold, Word};
use crate::base::time::Mono;

/// Lines that may wait for the pipe. A child that does not read for so long is as good as none.
const OUTBOX: usize = 16;
/// Longest that the end waits for the child to go after it was released.
const GOODBYE: Duration = Duration::from_secs(1);
/// How often it looks whether it has gone.
const LOOK: Duration = Duration::from_millis(10);

/// A running watchdog.
#[derive(Debug)]
pub struct Keeper {
    words: Option<Sender<Word>>,
    thread: Option<JoinHandle<()>>,
    beaten: Option<Mono>,
    held: Vec<Hold>,
    process: u32,
}

impl Keeper {
    /// Starts `program watchdog` in a process group of its own.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(program: &Path) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.arg("watchdog").stdin(Stdio::piped()).stdout(Stdio::null());
        #[cfg(unix)]
        {
            use std::os::unix::process::CommandExt;
            command.process_group(0);
        }
        #[cfg(windows)]
        {
            use std::os::windows::process::CommandExt;
            // CREATE_NEW_PROCESS_GROUP: Ctrl+C of the console does not reach it.
            command.creation_flags(0x0000_0200);
        }
        let child = command.spawn()?;
        let process = child.id();
        let (to, words) = bounded(OUTBOX);
        let thread = std::thread::Builder::new().name("watchdog".into());
        let thread = thread.spawn(move || relay(child, &words))?;
        let (words, thread) = (Some(to), Some(thread));
        let keeper = Self { words, thread, beaten: None, held: Vec::new(), process };
        // A queue that was just made has room.
        let _gone = keeper.send(Word::Console(std::process::id()));
        Ok(keeper)
    }

    /// Hands it something to hold; what it holds already is not handed twice.
    ///
    /// # Errors
    /// It is gone.
    pub fn hold(&mut self, hold: Hold) -> Result<(), Gone> {
        if self.held.contains(&hold) {
            return Ok(());
        }
        self.send(Word::Hold(hold.clone()))?;
        self.held.push(hold);
        Ok(())
    }

    /// Says that whoever calls lives; not more often than needed, whatever the pace of the calls.
    ///
    /// # Errors
    /// It is gone, or takes nothing any more: it has acted, or is about to.
    pub fn beat(&mut self, now: Mono) -> Result<(), Gone> {
        if self.beaten.is_some_and(|at| now.since(at) < BEAT_EVERY) {
            return Ok(());
        }
        // Whoever was away for so long was taken for dead: the stop is under way.
        let late = self.beaten.is_some_and(|at| now.since(at) >= BEAT_LIFE);
        self.beaten = Some(now);
        if late { Err(Gone) } else { self.send(Word::Beat) }
    }

    /// The number of the child's process.
    #[must_use]
    pub const fn process(&self) -> u32 {
        self.process
    }

    fn send(&self, word: Word) -> Result<(), Gone> {
        let words = self.words.as_ref().ok_or(Gone)?;
        match words.try_send(word) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Err(Gone),
        }
    }

    /// Lets go: what was held was stopped. The child ends by itself.
    pub fn release(&mut self) {
        let _gone = self.send(Word::Release);
        self.words = None;
    }

    /// Whether the child has gone, or was given up.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

impl Drop for Keeper {
    /// Without a release the child acts: its input ends. With one, its line is on the way and must
    /// arrive before the program ends.
    fn drop(&mut self) {
        if self.words.take().is_none()
            && self.thread.take().is_some_and(|thread| thread.join().is_err())
        {
            tracing::error!("the thread of the watchdog ended by a panic");
        }
    }
}

/// The watchdog is gone, or has acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the watchdog process has ended: what it held has been stopped")]
pub struct Gone;

/// Writes lines into the pipe until there are no more; then waits a moment for the child.
fn relay(mut child: Child, words: &Receiver<Word>) {
    if let Some(mut pipe) = child.stdin.take() {
        for word in words {
            let is_last = word == Word::Release;
            if pipe.write_all(format!("{word}\n").as_bytes()).is_err() || is_last {
                break;
            }
        }
    }
    for _ in 0..GOODBYE.as_millis() / LOOK.as_millis() {
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        std::thread::sleep(LOOK);
    }
}
