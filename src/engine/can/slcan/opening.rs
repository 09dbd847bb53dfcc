//! How an adapter is opened: what is said in which order, and what its answers are worth. Adapters
//! differ: some answer nothing, some answer everything with yes. What was not confirmed is not said to
//! be so.

use std::io;

use thiserror::Error;

use crate::engine::can::address::Slcan;
use crate::engine::can::bus::Listening;
use crate::engine::can::slcan::line::{Lines, Said};
use crate::engine::can::slcan::port::Port;
use crate::engine::can::slcan::rate::{self, RateError};

/// Reads without a byte after which an answer is given up: about 120 ms.
const SILENT_READS: usize = 6;
/// Most reads for one answer, if the adapter says something else all the time.
const READS: usize = 64;
/// What no adapter knows: one that answers it with yes says yes to everything.
const NONSENSE: &str = "!";

/// What an open adapter is like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// What it says of itself.
    pub version: Option<String>,
    /// Its serial number.
    pub serial: Option<String>,
    /// It puts its own time on frames.
    pub stamped: bool,
    /// It answers commands.
    pub answers: bool,
    /// Whether it may disturb the bus, as far as it has said.
    pub quiet: Quiet,
}

/// What an adapter has said of listening only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quiet {
    /// It takes part: it acknowledges frames.
    #[default]
    TakesPart,
    /// It was told to listen only and has not confirmed it.
    Asked,
    /// It has confirmed it, and refuses what it does not know.
    Confirmed,
}

impl Quiet {
    /// The same for every bus.
    #[must_use]
    pub const fn listening(self) -> Listening {
        match self {
            Self::TakesPart => Listening::Silent,
            Self::Asked => Listening::Asked,
            Self::Confirmed => Listening::Confirmed,
        }
    }
}

/// Why an adapter was not opened.
#[derive(Debug, Error)]
pub enum OpeningError {
    /// The port.
    #[error("the port has failed")]
    Port(#[from] io::Error),
    /// A rate that cannot be said.
    #[error(transparent)]
    Rate(#[from] RateError),
    /// It does not offer the rate.
    #[error("it refuses the bit rate {0} bit/s: choose one that it offers")]
    RefusesRate(u32),
    /// It has no FD at that rate.
    #[error("it refuses the data bit rate {0} bit/s: choose another, or leave FD out")]
    RefusesData(u32),
    /// It has no listen-only mode.
    #[error("it refuses to listen only, so it was left closed: open it without listen_only")]
    RefusesQuiet,
    /// It does not open.
    #[error("it refuses to open: pull it out and plug it in again")]
    RefusesToOpen,
}

/// What was answered to a command.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    Done,
    Refused,
    Text(String),
    Serial(String),
    Nothing,
}

struct Talk<'p> {
    port: &'p dyn Port,
    lines: Lines,
    answers: bool,
}

impl Talk<'_> {
    /// Says `command` and waits for what is answered.
    fn ask(&mut self, command: &str) -> io::Result<Answer> {
        self.lines.clear();
        self.port.write(format!("{command}\r").as_bytes())?;
        let mut bytes = [0; 64];
        let mut silent = 0;
        for _ in 0..READS {
            let got = self.port.read(&mut bytes)?;
            if got == 0 {
                silent += 1;
                if silent >= SILENT_READS {
                    break;
                }
            }
            for byte in bytes.get(..got).unwrap_or_default() {
                let answer = match self.lines.take(*byte) {
                    Some(Said::Done) => Answer::Done,
                    Some(Said::Refused) => Answer::Refused,
                    Some(Said::Text(text)) => Answer::Text(text),
                    Some(Said::Serial(text)) => Answer::Serial(text),
                    // What still came from the bus before it was closed.
                    Some(Said::Frame(..) | Said::Flags(_) | Said::Broken) | None => continue,
                };
                if matches!(answer, Answer::Done | Answer::Refused) {
                    self.answers = true;
                }
                return Ok(answer);
            }
        }
        Ok(Answer::Nothing)
    }

    /// Throws away what has been said so far.
    fn drain(&mut self) -> io::Result<()> {
        let mut bytes = [0; 512];
        for _ in 0..READS {
            if self.port.read(&mut bytes)? == 0 {
                break;
            }
        }
        self.lines.clear();
        Ok(())
    }
}

/// Closes whatever was open, asks who it is, sets the rate and opens.
///
/// # Errors
/// The port fails, or the adapter refuses what was asked.
pub fn open(port: &dyn Port, to: &Slcan) -> Result<Opened, OpeningError> {
    let rate = to.bit_rate.unwrap_or(0);
    let nominal = rate::nominal(rate)?;
    let data =
        to.data_bit_rate.map(|rate| rate::data(rate).map(|said| (rate, said))).transpose()?;
    let mut talk = Talk { port, lines: Lines::default(), answers: false };
    // A line that another program has left half said must not become part of the first command.
    port.write(b"\r\rC\r")?;
    talk.drain()?;
    let mut opened = Opened::default();
    if let Answer::Text(text) = talk.ask("V")? {
        opened.version = Some(text);
        talk.drain()?;
    }
    if let Answer::Serial(text) = talk.ask("N")? {
        opened.serial = Some(text);
        talk.drain()?;
    }
    let refuses_nonsense = talk.ask(NONSENSE)? == Answer::Refused;
    if talk.ask(&nominal)? == Answer::Refused {
        return Err(OpeningError::RefusesRate(rate));
    }
    if let Some((rate, said)) = data
        && talk.ask(&said)? == Answer::Refused
    {
        return Err(OpeningError::RefusesData(rate));
    }
    opened.stamped = talk.ask("Z1")? == Answer::Done;
    // This firmware has a command of its own for the mode, and it stays set when it is closed.
    let own_mode = opened.version.as_ref().is_some_and(|text| text.contains("canable"));
    let confirmed = if to.listen_only {
        let answer = if own_mode { talk.ask("M1")? } else { talk.ask("L")? };
        if answer == Answer::Refused {
            return Err(OpeningError::RefusesQuiet);
        }
        opened.quiet = Quiet::Asked;
        answer == Answer::Done && refuses_nonsense
    } else {
        if own_mode {
            talk.ask("M0")?;
        }
        false
    };
    if (own_mode || !to.listen_only) && talk.ask("O")? == Answer::Refused {
        return Err(OpeningError::RefusesToOpen);
    }
    if confirmed {
        opened.quiet = Quiet::Confirmed;
    }
    opened.answers = talk.answers;
    Ok(opened)
}

/// Leaves the adapter closed, and with its frames as other programs expect them.
pub fn close(port: &dyn Port, opened: &Opened) {
    let goodbye: &[u8] = if opened.stamped { b"\rC\rZ0\r" } else { b"\rC\r" };
    // It may have gone already.
    let _gone = port.write(goodbye);
}
