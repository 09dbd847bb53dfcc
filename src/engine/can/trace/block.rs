//! What the readers of binary recordings have in common: they give one piece after the other, and can
//! go back to where they were. Also the numbers and the compressed parts that all of them have.

use flate2::{Decompress, FlushDecompress, Status};

use crate::engine::can::trace::line::{Entry, Fault};
use crate::engine::can::trace::source::Source;
use crate::engine::can::trace::times::TimeStyle;
use crate::engine::can::trace::{LogFormat, blf, mf4, pcap};

/// A piece of a recording.
pub enum Piece<'a> {
    /// A frame.
    Frame(Entry<'a>),
    /// Something else that belongs there.
    Nothing,
    /// Something that cannot be read, at this byte of the file.
    Skip(Fault, u64),
    /// The end.
    End,
}

/// What the front of a binary recording says about the rest.
#[derive(Clone, Debug)]
pub enum Shape {
    /// Of a BLF file.
    Blf(blf::Header),
    /// Of either kind of capture.
    Pcap(pcap::Header),
    /// Of an MF4 file.
    Mf4(mf4::Header),
}

impl Shape {
    /// Reads the front of a recording of this format.
    ///
    /// # Errors
    /// It is broken, or holds nothing of CAN; a part of a sentence says what.
    pub fn read(format: LogFormat, source: Source) -> Result<(Self, TimeStyle), String> {
        match format {
            LogFormat::Blf => blf::Header::read(source).map(|(h, s)| (Self::Blf(h), s)),
            LogFormat::Pcap | LogFormat::Pcapng => {
                pcap::Header::read(source).map(|(h, s)| (Self::Pcap(h), s))
            }
            LogFormat::Mf4 => mf4::Header::read(source).map(|(h, s)| (Self::Mf4(h), s)),
            LogFormat::Candump
            | LogFormat::CandumpScreen
            | LogFormat::PythonCan
            | LogFormat::Asc
            | LogFormat::Trc
            | LogFormat::ArrowPoint
            | LogFormat::Gvret
            | LogFormat::Crtd => Err("it is text".to_owned()),
        }
    }
}

/// A place in a binary recording from which reading can go on.
#[derive(Clone, Debug)]
pub enum Place {
    /// In a BLF file.
    Blf(blf::Place),
    /// In a capture.
    Pcap(pcap::Place),
    /// In an MF4 file.
    Mf4(mf4::Place),
}

/// One pass through a binary recording.
#[derive(Debug)]
pub enum Blocks {
    /// Through a BLF file.
    Blf(blf::Pass),
    /// Through a capture.
    Pcap(pcap::Pass),
    /// Through an MF4 file.
    Mf4(Box<mf4::Pass>),
}

impl Blocks {
    /// Starts at the front.
    pub fn new(shape: &Shape, source: Source) -> Self {
        match shape {
            Shape::Blf(header) => Self::Blf(blf::Pass::new(header, source)),
            Shape::Pcap(header) => Self::Pcap(pcap::Pass::new(header, source)),
            Shape::Mf4(header) => Self::Mf4(Box::new(mf4::Pass::new(header, source))),
        }
    }

    /// The next piece.
    pub fn next(&mut self) -> Piece<'_> {
        match self {
            Self::Blf(pass) => pass.next(),
            Self::Pcap(pass) => pass.next(),
            Self::Mf4(pass) => pass.next(),
        }
    }

    /// Bytes passed.
    pub fn offset(&self) -> u64 {
        match self {
            Self::Blf(pass) => pass.offset(),
            Self::Pcap(pass) => pass.offset(),
            Self::Mf4(pass) => pass.offset(),
        }
    }

    /// Why reading stopped early, where it did.
    pub fn failure(&self) -> Option<&std::io::Error> {
        match self {
            Self::Blf(pass) => pass.failure(),
            Self::Pcap(pass) => pass.failure(),
            Self::Mf4(pass) => pass.failure(),
        }
    }

    /// Where it stands.
    pub fn place(&self) -> Place {
        match self {
            Self::Blf(pass) => Place::Blf(pass.place()),
            Self::Pcap(pass) => Place::Pcap(pass.place()),
            Self::Mf4(pass) => Place::Mf4(pass.place()),
        }
    }

    /// Goes to a place of the same recording.
    pub fn go_to(&mut self, place: &Place) {
        match (self, place) {
            (Self::Blf(pass), Place::Blf(place)) => pass.go_to(*place),
            (Self::Pcap(pass), Place::Pcap(place)) => pass.go_to(place),
            (Self::Mf4(pass), Place::Mf4(place)) => pass.go_to(place),
            // A place of another recording leads nowhere.
            (Self::Blf(_) | Self::Pcap(_) | Self::Mf4(_), _) => {}
        }
    }
}

/// The number of two bytes at `at`, low byte first.
pub fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk::<2>().map(|b| u16::from_le_bytes(*b))
}

/// The number of four bytes at `at`, low byte first.
pub fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk::<4>().map(|b| u32::from_le_bytes(*b))
}

/// The number of eight bytes at `at`, low byte first.
pub fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk::<8>().map(|b| u64::from_le_bytes(*b))
}

/// A compressed byte stands for no more bytes than this.
const GREATEST_RATIO: usize = 1032;

/// Unpacks `packed` behind what `into` holds, at most `limit` bytes; as far as it is sound.
///
/// # Errors
/// It is broken, cut, or holds more than `limit`; what could be unpacked is there all the same.
pub fn inflate(packed: &[u8], limit: usize, into: &mut Vec<u8>) -> Result<(), Fault> {
    let room = limit.min(packed.len().saturating_mul(GREATEST_RATIO));
    into.reserve_exact(room);
    let before = into.len();
    let mut unpack = Decompress::new(true);
    let status = unpack.decompress_vec(packed, into, FlushDecompress::Finish);
    // The room may be larger than what was asked for.
    into.truncate(before.saturating_add(limit));
    match status {
        Ok(Status::StreamEnd) => Ok(()),
        Ok(Status::Ok | Status::BufError) | Err(_) => Err(Fault::Packed),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut to = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        to.write_all(bytes).unwrap();
        to.finish().unwrap()
    }

    #[test]
    fn what_was_packed_is_unpacked() {
        let bytes: Vec<u8> = (0..50_000_u32).flat_map(u32::to_le_bytes).collect();
        let mut out = vec![1, 2];
        assert_eq!(inflate(&packed(&bytes), bytes.len(), &mut out), Ok(()));
        assert_eq!(&out[2..], bytes);
    }

    #[test]
    fn a_bomb_is_unpacked_no_further_than_it_may() {
        let bomb = packed(&vec![0; 50_000_000]);
        let mut out = Vec::new();
        assert_eq!(inflate(&bomb, 1000, &mut out), Err(Fault::Packed));
        assert_eq!(out.len(), 1000);
        assert!(out.capacity() < 1_000_000);
    }

    #[test]
    fn what_is_cut_is_unpacked_as_far_as_it_goes() {
        let bytes: Vec<u8> = (0..50_000_u32).flat_map(u32::to_le_bytes).collect();
        let whole = packed(&bytes);
        let mut out = Vec::new();
        assert_eq!(inflate(&whole[..whole.len() / 2], bytes.len(), &mut out), Err(Fault::Packed));
        assert!(out.len() > 1000 && bytes.starts_with(&out));
        assert_eq!(inflate(b"no zlib", 100, &mut Vec::new()), Err(Fault::Packed));
    }
}
