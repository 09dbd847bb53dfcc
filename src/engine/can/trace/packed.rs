//! Recordings that were packed by gzip or zstd: known by their first bytes, unpacked before they are
//! read. What is cut is unpacked up to the cut; what unpacks to more than any recording has, or would
//! leave too little of the disk, is refused.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;

use crate::engine::can::room::{LOOK_EVERY, Room};
use crate::engine::can::trace::source::Source;

/// Unpacked recordings up to this size are kept in memory, bytes; larger ones in a file without a name.
const IN_MEMORY: u64 = 64 * 1024 * 1024;
/// No recording is unpacked to more than this, bytes.
const LARGEST: u64 = 16 * 1024 * 1024 * 1024;
/// A packed byte of a recording stands for no more than this many, besides what is always allowed.
const GREATEST_RATIO: u64 = 4000;
/// Bytes unpacked at once.
const CHUNK: usize = 256 * 1024;

/// How a recording is packed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    #[default]
    None,
    /// By gzip.
    Gzip,
    /// By zstd.
    Zstd,
}

impl Packing {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::None, Self::Gzip, Self::Zstd];

    /// Its name, as it is written in profiles and requests.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// The one with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// What stands behind the name of such a file.
    #[must_use]
    pub const fn ending(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => ".gz",
            Self::Zstd => ".zst",
        }
    }

    /// What the front of a file says.
    #[must_use]
    pub fn of(head: &[u8]) -> Self {
        match head {
            [0x1F, 0x8B, 8, ..] => Self::Gzip,
            [0x28, 0xB5, 0x2F, 0xFD, ..] => Self::Zstd,
            _ => Self::None,
        }
    }
}

/// What was unpacked.
#[derive(Debug)]
pub struct Unpacked {
    /// All of it.
    pub source: Source,
    /// Its front.
    pub head: Vec<u8>,
    /// What is wrong behind what could be unpacked; a file that was cut is not wrong.
    pub broken: Option<String>,
}

/// Where what is large is unpacked.
#[derive(Clone, Copy, Debug)]
pub struct Place<'p> {
    /// The folder of the packed recording, which is tried first: its disk is the one that people know
    /// of. What cannot be written there goes where temporary files go.
    pub beside: Option<&'p Path>,
    /// What stays free there.
    pub room: Room,
}

/// Unpacks everything that `from` gives; `head` bytes of the front are given back.
///
/// # Errors
/// Nothing could be unpacked, or more than a recording has, or there is no room; a part of a sentence
/// says what.
pub fn unpack(
    packing: Packing,
    from: impl Read,
    head: usize,
    place: Place<'_>,
) -> Result<Unpacked, String> {
    let taken = Arc::new(AtomicU64::new(0));
    let from = Counted { from, taken: Arc::clone(&taken) };
    let mut unpacking: Box<dyn Read + '_> = match packing {
        Packing::None => Box::new(from),
        Packing::Gzip => Box::new(MultiGzDecoder::new(from)),
        Packing::Zstd => match zstd::Decoder::new(from) {
            Ok(decoder) => Box::new(decoder),
            Err(error) => return Err(format!("it cannot be unpacked: {error}")),
        },
    };
    let mut kept = Kept::Memory(Vec::new());
    let (mut size, mut broken) = (0_u64, None);
    let mut chunk = vec![0; CHUNK];
    loop {
        let got = match unpacking.read(&mut chunk) {
            Ok(0) => break,
            Ok(got) => got,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            // Whoever wrote it was ended, and what was written is there.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
            Err(error) => {
                broken = Some(format!("it can be unpacked no further than here: {error}"));
                break;
            }
        };
        size += got as u64;
        let allowed = taken.load(Ordering::Relaxed).saturating_mul(GREATEST_RATIO);
        if size > allowed.saturating_add(IN_MEMORY) {
            return Err(format!("it unpacks to more than {size} bytes: this is no recording"));
        }
        if size > LARGEST {
            let most = LARGEST >> 30;
            return Err(format!("it unpacks to more than {most} GiB: unpack it by hand"));
        }
        kept.add(chunk.get(..got).unwrap_or_default(), place)
            .map_err(|why| format!("it cannot be unpacked: {why}"))?;
    }
    match (size, broken) {
        (0, Some(why)) => Err(why),
        (_, broken) => {
            let source = kept.done(size).map_err(|error| error.to_string())?;
            let mut front = vec![0; head];
            let mut got = 0;
            while let Some(rest) = front.get_mut(got..).filter(|rest| !rest.is_empty()) {
                match source.read(got as u64, rest).map_err(|error| error.to_string())? {
                    0 => break,
                    more => got += more,
                }
            }
            front.truncate(got);
            Ok(Unpacked { source, head: front, broken })
        }
    }
}

struct Counted<R> {
    from: R,
    taken: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let got = self.from.read(into)?;
        self.taken.fetch_add(got as u64, Ordering::Relaxed);
        Ok(got)
    }
}

/// Where unpacked bytes are kept.
enum Kept {
    Memory(Vec<u8>),
    File {
        file: File,
        folder: PathBuf,
        /// Bytes since it was last looked how much room there is.
        unlooked: u64,
    },
}

impl Kept {
    fn add(&mut self, bytes: &[u8], place: Place<'_>) -> Result<(), String> {
        if let Self::Memory(all) = self
            && (all.len() + bytes.len()) as u64 > IN_MEMORY
        {
            let (mut file, folder) = nameless(place.beside)?;
            place.room.look(&folder, all.len() as u64)?;
            file.write_all(all).map_err(|error| failed(&folder, &error))?;
            *self = Self::File { file, folder, unlooked: 0 };
        }
        match self {
            Self::Memory(all) => {
                all.extend_from_slice(bytes);
                Ok(())
            }
            Self::File { file, folder, unlooked } => {
                *unlooked += bytes.len() as u64;
                if *unlooked >= LOOK_EVERY {
                    place.room.look(folder, *unlooked)?;
                    *unlooked = 0;
                }
                file.write_all(bytes).map_err(|error| failed(folder, &error))
            }
        }
    }

    fn done(self, size: u64) -> io::Result<Source> {
        Ok(match self {
            Self::Memory(all) => Source::Memory(all.into()),
            Self::File { file, .. } => Source::File(Arc::new(file), size),
        })
    }
}

fn failed(folder: &Path, error: &io::Error) -> String {
    format!("{} cannot be written: {error}", folder.display())
}

/// A file that is gone when it is closed, and where it is.
fn nameless(beside: Option<&Path>) -> Result<(File, PathBuf), String> {
    let beside = beside.map(|folder| match folder.as_os_str().is_empty() {
        true => PathBuf::from("."),
        false => folder.to_owned(),
    });
    if let Some(folder) = beside
        && let Ok(file) = nameless_in(&folder)
    {
        return Ok((file, folder));
    }
    let folder = std::env::temp_dir();
    match nameless_in(&folder) {
        Ok(file) => Ok((file, folder)),
        Err(error) => Err(failed(&folder, &error)),
    }
}

fn nameless_in(folder: &Path) -> io::Result<File> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let path = folder.join(format!(".busbar-{}-{number}.unpacked", std::process::id()));
    let mut options = File::options();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    #[cfg(windows)]
    {
        /// The system takes it away when the last handle is closed.
        const DELETE_ON_CLOSE: u32 = 0x0400_0000;
        std::os::windows::fs::OpenOptionsExt::custom_flags(&mut options, DELETE_ON_CLOSE);
    }
    let file = options.open(&path)?;
    #[cfg(unix)]
    std::fs::remove_file(&path)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::can::trace::Log;

    fn text(lines: u32) -> Vec<u8> {
        let lines = (0..lines).map(|n| format!("({n}.000000) can0 123#{n:08X}\n"));
        lines.collect::<String>().into_bytes()
    }

    fn packed(packing: Packing, text: &[u8]) -> Vec<u8> {
        match packing {
            Packing::None => text.to_vec(),
            Packing::Gzip => {
                let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                to.write_all(text).unwrap();
                to.finish().unwrap()
            }
            Packing::Zstd => zstd::encode_all(text, 1).unwrap(),
        }
    }

    fn frames(bytes: Vec<u8>) -> (u64, Vec<crate::base::problem::Problem>) {
        let folder = tempfile::tempdir().unwrap();
        // The name says nothing: what it is, is found from its content.
        let path = folder.path().join("recording");
        std::fs::write(&path, bytes).unwrap();
        let log = Log::open(&path).unwrap();
        let mut reader = log.reader();
        let mut into = crate::engine::can::frame::Frames::default();
        while reader.read(&mut into, 1000) > 0 {}
        (reader.frames(), reader.problems())
    }

    #[test]
    fn a_packed_recording_is_known_by_its_content_and_read_like_any_other() {
        for packing in Packing::ALL {
            let two = [packed(packing, &text(500)), packed(packing, &text(20))].concat();
            let (count, problems) = frames(two);
            assert_eq!(count, 520, "{packing:?}");
            // Time runs back between the two, which is said of plain files too.
            let is_known = |text: &str| text.contains("no date") || text.contains("backwards");
            assert!(problems.iter().all(|one| is_known(&one.text)), "{problems:?}");
        }
    }

    #[test]
    fn a_packed_recording_that_was_cut_is_read_up_to_the_cut() {
        for packing in [Packing::Gzip, Packing::Zstd] {
            let whole = packed(packing, &text(100_000));
            let (count, _) = frames(whole[..whole.len() / 2].to_vec());
            assert!((1000..100_000).contains(&count), "{packing:?}: {count}");
        }
    }

    #[test]
    fn one_that_is_broken_is_read_up_to_there_and_says_so() {
        let mut broken = packed(Packing::Zstd, &text(100));
        broken.extend(packed(Packing::Zstd, &text(10_000)));
        let middle = broken.len() - 2000;
        broken[middle..].fill(0xA5);
        let (count, problems) = frames(broken);
        assert!(count >= 100, "{count}");
        assert!(problems.iter().any(|one| one.text.contains("unpacked")), "{problems:?}");
        let odd = &b"\x28\xB5\x2F\xFD\xFF\xFF\xFF\xFF\xFF\xFF"[..];
        let none = unpack(Packing::Zstd, odd, 10, here());
        assert!(none.is_err() || none.unwrap().head.is_empty());
    }

    #[test]
    fn a_bomb_is_refused() {
        let bomb = zstd::encode_all(io::repeat(0).take(2 << 30), 1).unwrap();
        assert!(bomb.len() < 500_000, "{}", bomb.len());
        let said = unpack(Packing::Zstd, &*bomb, 10, here()).unwrap_err();
        assert!(said.contains("no recording"), "{said}");
    }

    fn here() -> Place<'static> {
        Place { beside: None, room: Room::default() }
    }

    #[test]
    fn a_large_one_goes_into_a_file_beside_it_that_nobody_sees() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place { beside: Some(folder.path()), room: Room::of(0, |_| Some(1 << 40)) };
        let mut kept = Kept::Memory(Vec::new());
        let block = vec![7; 1 << 20];
        (0..=64).for_each(|_| kept.add(&block, place).unwrap());
        let Kept::File { folder: own, .. } = &kept else { panic!("it is still in memory") };
        assert_eq!(own, folder.path());
        #[cfg(unix)]
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let source = kept.done(65 << 20).unwrap();
        let mut byte = [0];
        assert_eq!((source.read((65 << 20) - 1, &mut byte).unwrap(), byte), (1, [7]));
    }

    #[test]
    fn what_would_fill_the_disk_is_not_unpacked() {
        let folder = tempfile::tempdir().unwrap();
        // Not all the same, which would be no recording.
        let odd = |n: u32| (n.wrapping_mul(2_654_435_761) >> 24) as u8;
        let block: Vec<u8> = (0..1 << 16).map(odd).collect();
        let large = block.repeat((IN_MEMORY as usize + (16 << 20)) >> 16);
        let packed = packed(Packing::Zstd, &large);
        // Room enough for what was in memory, and not for what comes after it.
        let room = Room::of(1_000_000, |_| Some(1_000_000 + IN_MEMORY));
        let place = Place { beside: Some(folder.path()), room };
        assert!(
            unpack(Packing::Zstd, &*packed, 10, place).is_ok(),
            "the disk says the same always"
        );
        let full = Place { room: Room::of(1_000_000, |_| Some(1_000_000)), ..place };
        let said = unpack(Packing::Zstd, &*packed, 10, full).unwrap_err();
        assert!(said.contains("stay free for the journal"), "{said}");
        let small = unpack(Packing::Zstd, &*packed_text(), 10, full).unwrap();
        assert_eq!(small.head.len(), 10, "what fits into memory needs no disk");
    }

    fn packed_text() -> Vec<u8> {
        packed(Packing::Zstd, &text(100))
    }
}
