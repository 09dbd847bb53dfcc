//! What each format of recordings can hold, and what becomes of a frame that it cannot hold whole.

use crate::base::time::Mono;
use crate::engine::can::frame::{Direction, Frame, FrameRef, Kind};
use crate::engine::can::trace::{LogFormat, line, trc};

/// Something that a recording lost when it was written in another format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The day, where the format has only times of day.
    Date,
    /// Digits of the time.
    Fraction,
    /// The time itself: before the start, or beyond what the format counts to.
    Time,
    /// That this program sent it.
    Direction,
    /// What the bus is called.
    BusName,
    /// Which bus it was.
    Bus,
    /// The frame: a remote frame.
    Remote,
    /// The length that a remote frame asks for.
    RemoteLength,
    /// The frame: an error frame.
    Error,
    /// What an error frame says.
    ErrorDetails,
    /// The frame: an FD frame.
    Fd,
    /// That a short frame was one of FD.
    FdForm,
    /// Bit rate switch and error state indicator.
    FdFlags,
    /// The frame: its id is zero.
    ZeroId,
}

impl Loss {
    const ALL: [Self; 14] = [
        Self::Date,
        Self::Fraction,
        Self::Time,
        Self::Direction,
        Self::BusName,
        Self::Bus,
        Self::Remote,
        Self::RemoteLength,
        Self::Error,
        Self::ErrorDetails,
        Self::Fd,
        Self::FdForm,
        Self::FdFlags,
        Self::ZeroId,
    ];

    const fn words(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::Fraction => "digits of the time",
            Self::Time => "time outside of what the format counts",
            Self::Direction => "direction of a sent frame",
            Self::BusName => "name of the bus",
            Self::Bus => "which bus it was on",
            Self::Remote => "remote frame, left out",
            Self::RemoteLength => "length that a remote frame asks for",
            Self::Error => "error frame, left out",
            Self::ErrorDetails => "class and details of an error frame",
            Self::Fd => "FD frame, left out",
            Self::FdForm => "that a short frame was an FD frame",
            Self::FdFlags => "bit rate switch and error state of an FD frame",
            Self::ZeroId => "frame of id 0, left out",
        }
    }
}

/// How many frames lost what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    counts: [u64; Loss::ALL.len()],
}

impl Losses {
    /// Counts a frame.
    pub fn add(&mut self, loss: Loss) {
        let place = Loss::ALL.iter().position(|known| *known == loss);
        if let Some(count) = place.and_then(|place| self.counts.get_mut(place)) {
            *count += 1;
        }
    }

    /// How many frames lost this.
    #[cfg(test)]
    pub fn of(&self, loss: Loss) -> u64 {
        let place = Loss::ALL.iter().position(|known| *known == loss);
        place.map_or(0, |place| self.counts[place])
    }

    /// Frames that are not in the recording at all.
    #[cfg(test)]
    pub fn left_out(&self) -> u64 {
        let out = [Loss::Remote, Loss::Error, Loss::Fd, Loss::ZeroId];
        let counted = Loss::ALL.iter().zip(self.counts);
        counted.filter(|(loss, _)| out.contains(loss)).map(|(_, count)| count).sum()
    }

    /// All of it in words, with the number of frames.
    pub fn words(&self) -> Vec<String> {
        let counted = Loss::ALL.iter().zip(self.counts).filter(|(_, count)| *count > 0);
        counted
            .map(|(loss, count)| {
                let frames = if count == 1 { "frame" } else { "frames" };
                format!("{} ({count} {frames})", loss.words())
            })
            .collect()
    }
}

/// How much of something a format can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// All of it.
    Whole,
    /// Some of it.
    Part,
    /// Nothing of it.
    Nothing,
}

/// What a format can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeps {
    /// Nanoseconds between two times.
    pub step: i64,
    /// Dates.
    pub date: Hold,
    /// Directions.
    pub way: Hold,
    /// Buses: by name, by number, or not at all.
    pub buses: Hold,
    /// Remote frames; in part: without the length.
    pub remote: Hold,
    /// Error frames; in part: only counters and the kind of error, or only that there was one.
    pub error: Hold,
    /// FD frames; in part: without flags, and short ones as classic frames.
    pub fd: Hold,
}

impl Keeps {
    /// What `format` can hold.
    pub const fn of(format: LogFormat) -> Self {
        const ALL: Keeps = Keeps {
            step: 1,
            date: Hold::Whole,
            way: Hold::Whole,
            buses: Hold::Whole,
            remote: Hold::Whole,
            error: Hold::Whole,
            fd: Hold::Whole,
        };
        const PLAIN: Keeps =
            Keeps { remote: Hold::Nothing, error: Hold::Nothing, fd: Hold::Part, ..NUMBERED };
        const NUMBERED: Keeps = Keeps { buses: Hold::Part, error: Hold::Part, ..ALL };
        match format {
            LogFormat::Candump | LogFormat::CandumpScreen | LogFormat::Pcapng => ALL,
            LogFormat::PythonCan => {
                Self { way: Hold::Nothing, buses: Hold::Nothing, fd: Hold::Part, ..ALL }
            }
            LogFormat::Pcap => Self { way: Hold::Nothing, buses: Hold::Nothing, ..ALL },
            LogFormat::Asc | LogFormat::Blf | LogFormat::Mf4 => NUMBERED,
            LogFormat::Trc => Self { step: 1000, ..NUMBERED },
            LogFormat::Gvret => Self { step: 1000, ..PLAIN },
            LogFormat::Crtd => PLAIN,
            LogFormat::ArrowPoint => Self {
                step: 1_000_000,
                date: Hold::Nothing,
                way: Hold::Nothing,
                buses: Hold::Nothing,
                remote: Hold::Part,
                fd: Hold::Nothing,
                ..PLAIN
            },
        }
    }

    /// The frame as a recording of `format` holds it; `None` where it cannot be in there.
    pub fn fit(&self, format: LogFormat, frame: FrameRef<'_>, lost: &mut Losses) -> Option<Frame> {
        let whole = frame.to_frame();
        let id = whole.id();
        let at = whole.time().nanos();
        let kept = at.div_euclid(self.step) * self.step;
        let mut way = whole.direction();
        let fit = match whole.kind() {
            Kind::Data => whole,
            Kind::Remote => match self.remote {
                Hold::Whole => whole,
                Hold::Part => {
                    if !whole.is_empty() {
                        lost.add(Loss::RemoteLength);
                    }
                    Frame::remote(id, 0)?
                }
                Hold::Nothing => {
                    lost.add(Loss::Remote);
                    return None;
                }
            },
            Kind::Error => match self.error {
                Hold::Whole => whole,
                Hold::Part => {
                    let (bare, bare_way) = bare_error(format, frame)?;
                    if (bare.id(), bare.view().data) != (id, frame.data) {
                        lost.add(Loss::ErrorDetails);
                    }
                    if way != bare_way {
                        lost.add(Loss::Direction);
                    }
                    way = bare_way;
                    bare
                }
                Hold::Nothing => {
                    lost.add(Loss::Error);
                    return None;
                }
            },
            Kind::Fd => match self.fd {
                Hold::Whole => whole,
                Hold::Part => {
                    if line::flags(&whole) != 0 {
                        lost.add(Loss::FdFlags);
                    }
                    if let Some(short) = Frame::classic(id, frame.data) {
                        lost.add(Loss::FdForm);
                        short
                    } else {
                        Frame::fd(id, frame.data)?
                    }
                }
                Hold::Nothing => {
                    lost.add(Loss::Fd);
                    return None;
                }
            },
        };
        if format == LogFormat::ArrowPoint && id.raw() == 0 {
            lost.add(Loss::ZeroId);
            return None;
        }
        if at != kept {
            lost.add(Loss::Fraction);
        }
        if way == Direction::Sent && self.way == Hold::Nothing {
            lost.add(Loss::Direction);
            way = Direction::Received;
        }
        Some(fit.at(Mono::from_nanos(kept)).on(whole.bus()).going(way))
    }
}

/// What is left of an error frame in a format that holds only a part of it, and its direction there.
fn bare_error(format: LogFormat, frame: FrameRef<'_>) -> Option<(Frame, Direction)> {
    if format != LogFormat::Trc {
        return Some((Frame::error(line::BUS_ERROR, &[])?, Direction::Received));
    }
    let at = |place: usize| frame.data.get(place).copied().unwrap_or(0);
    let details = trc::error_details(at(2), at(6), at(7));
    let details = details.as_ref().map_or(&[][..], <[u8; 8]>::as_slice);
    Some((Frame::error(line::BUS_ERROR, details)?, frame.direction()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::can::frame::Id;

    #[test]
    fn every_loss_is_listed_with_its_frames() {
        let mut lost = Losses::default();
        assert!(lost.words().is_empty());
        for loss in Loss::ALL {
            lost.add(loss);
        }
        lost.add(Loss::Error);
        assert_eq!(lost.words().len(), Loss::ALL.len());
        assert!(lost.words().contains(&"error frame, left out (2 frames)".to_owned()));
        assert!(lost.words().contains(&"date (1 frame)".to_owned()));
        assert_eq!(lost.left_out(), 5);
    }

    #[test]
    fn a_frame_is_cut_to_what_the_format_holds() {
        let id = Id::standard(0x123).unwrap();
        let fd = Frame::fd(id, &[1]).unwrap().with_bit_rate_switch().going(Direction::Sent);
        let fd = fd.at(Mono::from_nanos(1_234_567));
        let fit = |format| {
            let mut lost = Losses::default();
            (Keeps::of(format).fit(format, fd.view(), &mut lost), lost.words().len())
        };
        assert_eq!(fit(LogFormat::Candump), (Some(fd), 0));
        let (gvret, lost) = fit(LogFormat::Gvret);
        assert_eq!((gvret.unwrap().kind(), lost), (Kind::Data, 3));
        assert_eq!(gvret.unwrap().time().nanos(), 1_234_000);
        assert_eq!(fit(LogFormat::ArrowPoint), (None, 1));
        let (pcap, lost) = fit(LogFormat::Pcap);
        assert_eq!((pcap.unwrap().direction(), lost), (Direction::Received, 1));
    }
}
