//! Writes frames as a recording of any format that can be written, and counts what the format could
//! not hold.

use std::io::{self, Seek, Write};

use crate::base::time::{Mono, Timebase};
use crate::engine::can::frame::{Frame, FrameRef};
use crate::engine::can::trace::keeps::{Hold, Keeps, Loss, Losses};
use crate::engine::can::trace::{LogFormat, asc, blf, crtd, mf4, pcap, tables, trc, write};

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;
/// Most buses that have a number of their own.
const BUSES: usize = 255;
/// Longest name of a bus that is written.
const NAME_BYTES: usize = 64;

/// Whether the times of frames are dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Times {
    /// Nanoseconds to be added to make them count from 1970.
    Dated(i64),
    Undated,
}

impl Times {
    const fn of(timebase: Timebase) -> Self {
        match timebase.wall_at_zero {
            Some(zero) => Self::Dated(zero.nanos()),
            None => Self::Undated,
        }
    }
}

/// Writes one recording.
#[derive(Debug)]
pub struct Scribe<W> {
    to: W,
    format: LogFormat,
    keeps: Keeps,
    times: Times,
    /// From where the times of the recording count, once there is a frame.
    start: Option<i64>,
    buses: Buses,
    lost: Losses,
    written: u64,
    is_open: bool,
    is_ended: bool,
    form: Form,
}

/// What a format needs to know while it is written.
#[derive(Debug)]
enum Form {
    Lines,
    Blf(Option<blf::Writer>),
    Pcap(Option<pcap::Writer>),
    Mf4(Option<mf4::Writer>),
}

impl<W: Write + Seek> Scribe<W> {
    /// Whether recordings of this format can be written.
    #[must_use]
    pub const fn can_write(format: LogFormat) -> bool {
        match format {
            LogFormat::Candump
            | LogFormat::Asc
            | LogFormat::Trc
            | LogFormat::ArrowPoint
            | LogFormat::Gvret
            | LogFormat::Crtd
            | LogFormat::Blf
            | LogFormat::Pcap
            | LogFormat::Pcapng
            | LogFormat::Mf4 => true,
            LogFormat::CandumpScreen | LogFormat::PythonCan => false,
        }
    }

    /// Begins a recording; `None` for a format that is not written. `timebase` says what the times of
    /// the frames mean.
    #[must_use]
    pub fn new(to: W, format: LogFormat, timebase: Timebase) -> Option<Self> {
        let form = match format {
            _ if !Self::can_write(format) => return None,
            LogFormat::Blf => Form::Blf(None),
            LogFormat::Pcap | LogFormat::Pcapng => Form::Pcap(None),
            LogFormat::Mf4 => Form::Mf4(None),
            LogFormat::Candump
            | LogFormat::CandumpScreen
            | LogFormat::PythonCan
            | LogFormat::Asc
            | LogFormat::Trc
            | LogFormat::ArrowPoint
            | LogFormat::Gvret
            | LogFormat::Crtd => Form::Lines,
        };
        let times = Times::of(timebase);
        Some(Self {
            to,
            format,
            keeps: Keeps::of(format),
            times,
            start: None,
            buses: Buses::default(),
            lost: Losses::default(),
            written: 0,
            is_open: false,
            is_ended: false,
            form,
        })
    }

    /// Where it is written to.
    pub const fn to_mut(&mut self) -> &mut W {
        &mut self.to
    }

    /// The same, to look at.
    pub const fn to_ref(&self) -> &W {
        &self.to
    }

    /// Says anew what times mean, while nothing is written.
    pub const fn count_from(&mut self, timebase: Timebase) {
        if !self.is_open {
            self.times = Times::of(timebase);
        }
    }

    /// Frames written.
    pub const fn written(&self) -> u64 {
        self.written
    }

    /// What the format could not hold so far.
    #[must_use]
    pub const fn lost(&self) -> &Losses {
        &self.lost
    }

    /// Puts what has come together where it is written to, so that a file that is cut behind it can be
    /// read up to here.
    ///
    /// # Errors
    /// What it is written to says.
    pub fn checkpoint(&mut self) -> io::Result<()> {
        match &mut self.form {
            Form::Blf(Some(writer)) => writer.checkpoint(&mut self.to),
            Form::Lines | Form::Blf(None) | Form::Pcap(_) | Form::Mf4(_) => Ok(()),
        }
    }

    /// Writes a remark between two frames, where the format has a place for one: that `lost` frames
    /// are missing here, and why.
    ///
    /// # Errors
    /// What it is written to says.
    pub fn remark(&mut self, at: Mono, lost: u64, text: &str) -> io::Result<()> {
        let at = self.absolute(at);
        let start = self.start_at(at);
        self.open_once(start)?;
        let (offset, to) = (at.saturating_sub(start).max(0), &mut self.to);
        match (&mut self.form, self.format) {
            (Form::Blf(Some(writer)), _) => writer.remark(to, offset, text),
            (Form::Pcap(Some(writer)), _) => writer.remark(to, at, lost, text),
            (_, LogFormat::Candump) => writeln!(to, "# {text}"),
            (_, LogFormat::Asc) => writeln!(to, "// {text}"),
            (_, LogFormat::Trc) => writeln!(to, "; {text}"),
            (_, LogFormat::Crtd) => crtd::write_remark(to, at, text),
            // Tables have rows of frames and nothing else.
            (_, LogFormat::Gvret | LogFormat::ArrowPoint) => Ok(()),
            (_, LogFormat::Blf | LogFormat::Pcap | LogFormat::Pcapng) => Ok(()),
            (_, LogFormat::CandumpScreen | LogFormat::PythonCan | LogFormat::Mf4) => Ok(()),
        }
    }

    fn open_once(&mut self, start: i64) -> io::Result<()> {
        if self.is_open {
            return Ok(());
        }
        self.is_open = true;
        self.open(Some(start))
    }

    const fn absolute(&self, at: Mono) -> i64 {
        match self.times {
            Times::Dated(zero) => zero.saturating_add(at.nanos()),
            Times::Undated => at.nanos(),
        }
    }

    /// Adds a frame of the bus called `bus`.
    ///
    /// # Errors
    /// What it is written to says.
    pub fn frame(&mut self, bus: &str, frame: FrameRef<'_>) -> io::Result<()> {
        let at = self.absolute(frame.time());
        let frame = frame.to_frame().at(Mono::from_nanos(at));
        let Some(frame) = self.keeps.fit(self.format, frame.view(), &mut self.lost) else {
            return Ok(());
        };
        let (start, frame) = self.time_of(frame);
        self.buses.turn_to(self.keeps.buses, bus, &mut self.lost);
        self.open_once(start)?;
        self.written += 1;
        let Some(Bus { number, safe, .. }) = self.buses.known.get(self.buses.last) else {
            return Ok(());
        };
        let number = *number;
        let (offset, to) = (frame.time().nanos() - start, &mut self.to);
        let view = frame.view();
        match (&mut self.form, self.format) {
            (Form::Blf(Some(writer)), _) => {
                let channel = u16::try_from(number + 1).unwrap_or(u16::MAX);
                writer.frame(to, offset, channel, view)
            }
            (Form::Pcap(Some(writer)), _) => {
                let place = u32::try_from(self.buses.last).unwrap_or(0);
                writer.frame(to, place, safe, view)
            }
            (Form::Mf4(Some(writer)), _) => {
                let channel = u8::try_from(number + 1).unwrap_or(u8::MAX);
                writer.frame(to, offset, channel, view)
            }
            (_, LogFormat::Asc) => asc::write_frame(to, offset, number + 1, view),
            (_, LogFormat::Trc) => trc::write_frame(to, self.written, offset, number + 1, view),
            (_, LogFormat::Gvret) => tables::write_gvret(to, number, view),
            (_, LogFormat::Crtd) => crtd::write_frame(to, number, view),
            (_, LogFormat::ArrowPoint) => tables::write_arrowpoint(to, self.written, view),
            (_, LogFormat::Candump | LogFormat::CandumpScreen | LogFormat::PythonCan) => {
                write::write_line(to, safe, view)
            }
            (_, LogFormat::Blf | LogFormat::Pcap | LogFormat::Pcapng | LogFormat::Mf4) => Ok(()),
        }
    }

    /// From where times count, and the frame with the time that can be written.
    fn time_of(&mut self, frame: Frame) -> (i64, Frame) {
        let at = frame.time().nanos();
        let dated = matches!(self.times, Times::Dated(_));
        if self.keeps.date == Hold::Nothing && (dated || !(0..DAY).contains(&at)) {
            self.lost.add(Loss::Date);
        }
        let start = self.start_at(at);
        let last = match self.format {
            LogFormat::Pcap => i64::from(u32::MAX) * SECOND + SECOND - 1,
            _ if !dated => i64::MAX,
            LogFormat::Candump
            | LogFormat::CandumpScreen
            | LogFormat::PythonCan
            | LogFormat::Asc
            | LogFormat::Trc
            | LogFormat::ArrowPoint
            | LogFormat::Gvret
            | LogFormat::Crtd
            | LogFormat::Blf
            | LogFormat::Pcapng
            | LogFormat::Mf4 => i64::MAX,
        };
        let kept = at.clamp(start, last);
        if kept != at {
            self.lost.add(Loss::Time);
        }
        (start, frame.at(Mono::from_nanos(kept)))
    }

    /// From where the times of the recording count, if it begins at `at`.
    fn start_at(&mut self, at: i64) -> i64 {
        let dated = matches!(self.times, Times::Dated(_));
        *self.start.get_or_insert(match self.format {
            _ if !dated => 0,
            LogFormat::Asc | LogFormat::Blf => at.div_euclid(1_000_000) * 1_000_000,
            LogFormat::Trc => trc::start_before(at),
            LogFormat::Candump
            | LogFormat::CandumpScreen
            | LogFormat::PythonCan
            | LogFormat::ArrowPoint
            | LogFormat::Gvret
            | LogFormat::Crtd
            | LogFormat::Pcap
            | LogFormat::Pcapng => 0,
            LogFormat::Mf4 => at,
        })
    }

    /// Writes what stands before the first frame.
    fn open(&mut self, start: Option<i64>) -> io::Result<()> {
        let to = &mut self.to;
        match self.format {
            LogFormat::Asc => asc::write_header(to, start.unwrap_or(0))?,
            LogFormat::Trc => trc::write_header(to, start.unwrap_or(0))?,
            LogFormat::Gvret => tables::write_gvret_header(to)?,
            LogFormat::ArrowPoint => tables::write_arrowpoint_header(to)?,
            LogFormat::Blf => {
                let start = start.filter(|_| matches!(self.times, Times::Dated(_)));
                self.form = Form::Blf(Some(blf::Writer::begin(to, start)?));
            }
            LogFormat::Pcap => self.form = Form::Pcap(Some(pcap::Writer::old(to)?)),
            LogFormat::Pcapng => self.form = Form::Pcap(Some(pcap::Writer::new(to)?)),
            LogFormat::Mf4 => {
                let start = start.filter(|_| matches!(self.times, Times::Dated(_)));
                self.form = Form::Mf4(Some(mf4::Writer::begin(to, start)?));
            }
            LogFormat::Candump
            | LogFormat::CandumpScreen
            | LogFormat::PythonCan
            | LogFormat::Crtd => {}
        }
        Ok(())
    }

    /// Writes what stands behind the last frame. What is recorded in pieces may try again after an error.
    ///
    /// # Errors
    /// What it is written to says.
    pub fn end(&mut self) -> io::Result<()> {
        if !std::mem::replace(&mut self.is_open, true) {
            self.open(None)?;
        }
        if !std::mem::replace(&mut self.is_ended, true) && self.format == LogFormat::Asc {
            asc::write_end(&mut self.to)?;
        }
        match &mut self.form {
            Form::Blf(Some(writer)) => writer.end(&mut self.to)?,
            Form::Mf4(writer) => {
                if let Some(writer) = writer.take() {
                    writer.end(&mut self.to)?;
                }
            }
            Form::Blf(None) | Form::Pcap(_) | Form::Lines => {}
        }
        self.to.flush()
    }

    /// Writes what stands behind the last frame, and gives back where it was written to and what was
    /// lost.
    ///
    /// # Errors
    /// What it is written to says.
    pub fn finish(mut self) -> io::Result<(W, Losses)> {
        self.end()?;
        Ok((self.to, self.lost))
    }
}

/// The buses met so far, with the numbers and names that they have in the recording.
#[derive(Debug, Default)]
struct Buses {
    known: Vec<Bus>,
    last: usize,
}

#[derive(Debug)]
struct Bus {
    name: String,
    number: u32,
    safe: String,
    loss: Option<Loss>,
}

impl Buses {
    /// Makes the bus of this name the last one.
    fn turn_to(&mut self, hold: Hold, name: &str, lost: &mut Losses) {
        let is_last = self.known.get(self.last).is_some_and(|bus| bus.name == name);
        if !is_last {
            self.last = match self.known.iter().position(|bus| bus.name == name) {
                Some(place) => place,
                None if self.known.len() < BUSES => {
                    self.known.push(self.meet(hold, name));
                    self.known.len() - 1
                }
                None => 0,
            };
        }
        let Some(bus) = self.known.get(self.last) else { return };
        let loss = if bus.name == name { bus.loss } else { Some(Loss::BusName) };
        loss.into_iter().for_each(|loss| lost.add(loss));
    }

    fn meet(&self, hold: Hold, name: &str) -> Bus {
        let safe: String = name
            .chars()
            .map(|c| if c.is_whitespace() || c.is_control() { '_' } else { c })
            .scan(0, |bytes, c| {
                *bytes += c.len_utf8();
                (*bytes <= NAME_BYTES).then_some(c)
            })
            .collect();
        let safe = if safe.is_empty() { "_".to_owned() } else { safe };
        let own = name.strip_prefix("can").and_then(|digits| {
            let number = digits.parse::<u32>().ok().filter(|n| (*n as usize) < BUSES)?;
            (number.to_string() == digits).then_some(number)
        });
        let is_free = |number: &u32| self.known.iter().all(|bus| bus.number != *number);
        let kept = own.filter(is_free);
        let number = kept.or_else(|| (0..=BUSES as u32).find(is_free)).unwrap_or(0);
        let loss = match hold {
            Hold::Whole => (safe != name).then_some(Loss::BusName),
            Hold::Part => kept.is_none().then_some(Loss::BusName),
            Hold::Nothing => (name != "can0").then_some(Loss::Bus),
        };
        Bus { name: name.to_owned(), number, safe, loss }
    }
}
