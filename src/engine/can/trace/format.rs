//! The formats of recordings: what they are called, which file names they have, and how a line of
//! those that are text is read.

use crate::engine::can::trace::line::{Fault, Line};
use crate::engine::can::trace::times::DeltaTimes;
use crate::engine::can::trace::{asc, candump, crtd, python_can, screen, tables, trc};

/// The formats that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// candump's log style, `-l` and `-L`.
    Candump,
    /// What candump prints on the screen.
    CandumpScreen,
    /// The text log of Vector's tools.
    Asc,
    /// The trace of PCAN, 1.0 to 2.1.
    Trc,
    /// The table of ArrowPoint and Profinity.
    ArrowPoint,
    /// The table of python-can. Read, not written.
    PythonCan,
    /// The table of GVRET and SavvyCAN.
    Gvret,
    /// The log of the Open Vehicle Monitor.
    Crtd,
    /// The binary log of Vector's tools.
    Blf,
    /// A capture of CAN frames in the old form of packet captures.
    Pcap,
    /// A capture of CAN frames in the new form.
    Pcapng,
    /// Bus logging in ASAM's measurement format, version 4.
    Mf4,
}

impl LogFormat {
    /// Those that are text, the most common first.
    pub const TEXT: [Self; 8] = [
        Self::Candump,
        Self::CandumpScreen,
        Self::Asc,
        Self::Trc,
        Self::ArrowPoint,
        // Ahead of GVRET, to which a line of it without data looks like its own.
        Self::PythonCan,
        Self::Gvret,
        Self::Crtd,
    ];

    /// What people call it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Candump => "candump log",
            Self::CandumpScreen => "candump screen output",
            Self::Asc => "Vector ASC",
            Self::Trc => "PCAN trace",
            Self::ArrowPoint => "ArrowPoint CSV",
            Self::PythonCan => "python-can CSV",
            Self::Gvret => "GVRET CSV",
            Self::Crtd => "CRTD",
            Self::Blf => "Vector BLF",
            Self::Pcap => "pcap",
            Self::Pcapng => "pcapng",
            Self::Mf4 => "MF4",
        }
    }

    /// Whether a recording of this format is read line by line.
    #[must_use]
    pub const fn is_text(self) -> bool {
        match self {
            Self::Candump
            | Self::CandumpScreen
            | Self::Asc
            | Self::Trc
            | Self::ArrowPoint
            | Self::PythonCan
            | Self::Gvret
            | Self::Crtd => true,
            Self::Blf | Self::Pcap | Self::Pcapng | Self::Mf4 => false,
        }
    }

    /// What the times of a line count from.
    pub(super) const fn delta_times(self, dialect: &Dialect) -> DeltaTimes {
        match self {
            Self::CandumpScreen => DeltaTimes::Possible,
            Self::Asc => dialect.asc.delta_times(),
            Self::Candump
            | Self::Trc
            | Self::ArrowPoint
            | Self::PythonCan
            | Self::Gvret
            | Self::Crtd
            | Self::Blf
            | Self::Pcap
            | Self::Pcapng
            | Self::Mf4 => DeltaTimes::Never,
        }
    }

    /// Reads one line of a format that is text.
    pub(super) fn read<'a>(self, dialect: &Dialect, text: &'a [u8]) -> Result<Line<'a>, Fault> {
        match self {
            Self::Candump => candump::read(text),
            Self::CandumpScreen => screen::read(text),
            Self::Asc => asc::read(&dialect.asc, text),
            Self::Trc => trc::read(&dialect.trc, text),
            Self::ArrowPoint => tables::arrowpoint(text),
            Self::PythonCan => python_can::read(text),
            Self::Gvret => tables::gvret(text),
            Self::Crtd => crtd::read(text),
            Self::Blf | Self::Pcap | Self::Pcapng | Self::Mf4 => Err(Fault::Form),
        }
    }
}

/// What the first lines of a text recording say about the lines behind them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dialect {
    /// As ASC says it.
    pub asc: asc::Header,
    /// As PCAN's trace says it.
    pub trc: trc::Header,
}

/// Lines at the front of a recording in which its header is looked for.
const HEADER_LINES: usize = 200;

impl Dialect {
    /// Reads the header at the front of a file.
    pub fn of(head: &[u8]) -> Self {
        let mut dialect = Self::default();
        for text in head.split(|b| *b == b'\n').take(HEADER_LINES) {
            dialect.asc.take(text);
            dialect.trc.take(text);
        }
        dialect
    }
}
