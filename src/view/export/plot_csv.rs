//! The values of a plot as CSV: a line for every moment at which one of the signals has a value, with
//! the moment itself, and a column for each signal that is empty where it has none.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::sync::Arc;

use jiff::Timestamp;
use thiserror::Error;

use crate::engine::{CurveColumn, Decoders, Reel, TakeRows, curve_table};
use crate::view::export::cell;

const SECOND: i64 = 1_000_000_000;

/// What is written.
#[derive(Clone, Debug)]
pub struct PlotExport {
    /// The frames.
    pub reel: Reel,
    /// What they mean.
    pub decoders: Arc<Decoders>,
    /// The signals, with their headings.
    pub columns: Vec<(String, CurveColumn)>,
    /// The moments that count; none: all.
    pub between: Option<(i64, i64)>,
    /// What moments are counted from.
    pub since: Since,
}

/// What moments are counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// They are dates.
    Date,
    /// This moment, nanoseconds: nobody knows the date.
    Moment(i64),
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlotSaved {
    /// Lines below the headings.
    pub lines: u64,
    /// Columns beside the moment.
    pub columns: usize,
}

/// Why it was not written.
#[derive(Debug, Error)]
pub enum PlotError {
    /// It cannot be.
    #[error("{0}")]
    File(#[from] io::Error),
    /// There is nothing to write.
    #[error("None of these signals has a value in this time: nothing was saved.")]
    Nothing,
    /// Somebody stopped it.
    #[error("Stopped before the end: nothing was saved.")]
    Stopped,
}

impl PlotExport {
    /// Writes it. `watch` hears the share that is done and says whether to go on.
    ///
    /// # Errors
    /// `out` cannot be written, no signal has a value, or `watch` stopped it.
    pub fn write(
        &self,
        out: &mut dyn Write,
        watch: &mut dyn FnMut(f32) -> ControlFlow<()>,
    ) -> Result<PlotSaved, PlotError> {
        let first = match self.since {
            Since::Date => "time",
            Since::Moment(_) => "seconds",
        };
        let head = |out: &mut dyn Write| {
            write!(out, "{first}")?;
            for (heading, _) in &self.columns {
                write!(out, ",")?;
                cell(heading, out)?;
            }
            write!(out, "\r\n")
        };
        head(out)?;
        let columns: Vec<CurveColumn> = self.columns.iter().map(|(_, one)| one.clone()).collect();
        let mut lines = Lines {
            out,
            watch,
            since: self.since,
            second: (i64::MIN, String::new()),
            count: 0,
            failed: None,
        };
        let done = curve_table((&self.reel, &self.decoders), &columns, self.between, &mut lines);
        match (lines.failed, done) {
            (Some(why), _) => Err(PlotError::File(why)),
            (None, ControlFlow::Break(())) => Err(PlotError::Stopped),
            (None, ControlFlow::Continue(())) if lines.count == 0 => Err(PlotError::Nothing),
            (None, ControlFlow::Continue(())) => {
                Ok(PlotSaved { lines: lines.count, columns: self.columns.len() })
            }
        }
    }
}

/// The lines while they are written.
struct Lines<'a> {
    out: &'a mut dyn Write,
    watch: &'a mut dyn FnMut(f32) -> ControlFlow<()>,
    since: Since,
    /// The last second, and its text up to the decimal point: most lines are of the second of the one
    /// before.
    second: (i64, String),
    count: u64,
    failed: Option<io::Error>,
}

impl Lines<'_> {
    fn line(&mut self, at: i64, values: &[Option<f64>]) -> io::Result<()> {
        let nanos = match self.since {
            Since::Date => at,
            Since::Moment(begin) => at.saturating_sub(begin),
        };
        self.moment(nanos)?;
        for value in values {
            match value {
                Some(value) => write!(self.out, ",{value}")?,
                None => write!(self.out, ",")?,
            }
        }
        write!(self.out, "\r\n")
    }

    fn moment(&mut self, nanos: i64) -> io::Result<()> {
        match self.since {
            Since::Date => {
                let (second, rest) = (nanos.div_euclid(SECOND), nanos.rem_euclid(SECOND));
                if second != self.second.0 {
                    let stamp = Timestamp::from_second(second).map_err(io::Error::other)?;
                    self.second = (second, stamp.strftime("%Y-%m-%dT%H:%M:%S").to_string());
                }
                write!(self.out, "{}.{rest:09}Z", self.second.1)
            }
            Since::Moment(_) => {
                let sign = if nanos < 0 { "-" } else { "" };
                let size = nanos.unsigned_abs();
                let second = SECOND.unsigned_abs();
                write!(self.out, "{sign}{}.{:09}", size / second, size % second)
            }
        }
    }
}

impl TakeRows for Lines<'_> {
    fn row(&mut self, at: i64, values: &[Option<f64>]) -> ControlFlow<()> {
        match self.line(at, values) {
            Ok(()) => {
                self.count += 1;
                ControlFlow::Continue(())
            }
            Err(why) => {
                self.failed = Some(why);
                ControlFlow::Break(())
            }
        }
    }

    fn looked(&mut self, share: f32) -> ControlFlow<()> {
        (self.watch)(share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::BusId;
    use crate::base::time::Mono;
    use crate::engine::{Codec, CurveLine, Frame, Frames, Id, Tape, parse_dbc};

    const DBC: &str = "BO_ 3 Three: 8 X\n SG_ Volts : 0|8@1- (0.1,0) [0|0] \"V\" X\n \
                       SG_ Mux M : 8|8@1+ (1,0) [0|0] \"\" X\n \
                       SG_ Cell m1 : 16|8@1+ (1,0) [0|0] \"mV\" X\n";

    fn export(since: Since) -> PlotExport {
        let codec = Codec::compile(&[&parse_dbc(DBC.as_bytes()).schema]);
        let mut decoders = Decoders::new(1);
        decoders.add(BusId(0), Arc::new(codec));
        let id = Id::standard(3).unwrap();
        let mut frames = Frames::default();
        for n in 0..3_u8 {
            let frame = Frame::classic(id, &[n.wrapping_neg(), n % 2, 40 + n]).unwrap();
            frames.push(frame.at(Mono::from_millis(i64::from(n) * 600)).view());
        }
        let mut tape = Tape::default();
        tape.push(&frames);
        let zero = 1_700_000_000_000_000_001;
        let column = |signal: &str| CurveColumn {
            line: CurveLine { bus: BusId(0), id, signal: signal.to_owned() },
            zero,
        };
        PlotExport {
            reel: tape.reel(),
            decoders: Arc::new(decoders),
            columns: vec![
                ("Volts (V)".to_owned(), column("Volts")),
                ("=Cell, 1".to_owned(), column("Cell")),
            ],
            between: None,
            since,
        }
    }

    fn written(export: &PlotExport) -> String {
        let mut out = Vec::new();
        let saved = export.write(&mut out, &mut |_| ControlFlow::Continue(())).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!((saved.lines as usize + 1, saved.columns), (text.lines().count(), 2));
        text
    }

    #[test]
    fn every_moment_is_a_line_with_its_date_and_a_cell_for_each_signal() {
        let text = written(&export(Since::Date));
        let expected = "time,Volts (V),\"'=Cell, 1\"\r\n\
                        2023-11-14T22:13:20.000000001Z,0,\r\n\
                        2023-11-14T22:13:20.600000001Z,-0.1,41\r\n\
                        2023-11-14T22:13:21.200000001Z,-0.2,\r\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn without_a_date_moments_are_seconds_and_only_those_that_are_wanted_are_there() {
        let begin = 1_700_000_000_700_000_001;
        let mut part = export(Since::Moment(begin));
        part.between = Some((begin - 100_000_000, i64::MAX));
        let text = written(&part);
        let lines: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(lines, ["-0.100000000,-0.1,41", "0.500000000,-0.2,"]);
    }

    #[test]
    fn what_cannot_be_written_and_what_is_stopped_says_so() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::Error::other("no room"))
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let go = &mut |_| ControlFlow::Continue(());
        let failed = export(Since::Date).write(&mut Full, go);
        assert!(matches!(failed, Err(PlotError::File(why)) if why.to_string() == "no room"));
        let mut later = export(Since::Date);
        later.between = Some((i64::MAX - 1, i64::MAX));
        assert!(matches!(later.write(&mut Vec::new(), go), Err(PlotError::Nothing)));
        let mut long = export(Since::Date);
        let mut tape = Tape::default();
        let frame = Frame::classic(Id::standard(3).unwrap(), &[1]).unwrap();
        let mut frames = Frames::default();
        (0..20_000).for_each(|_| frames.push(frame.view()));
        tape.push(&frames);
        long.reel = tape.reel();
        let mut out = Vec::new();
        let stopped = long.write(&mut out, &mut |_| ControlFlow::Break(()));
        assert!(matches!(stopped, Err(PlotError::Stopped)));
    }
}
