//! Who speaks in a recording: looked for by heartbeats and fixed ids, so that an opened recording
//! comes with its components filled in. Of several buses only the first is looked at: it is the one
//! that is played.

use std::collections::BTreeSet;
use std::path::Path;

use crate::base::time::Timebase;
use crate::engine::can::frame::{FrameRef, Frames, Kind};
use crate::engine::can::trace::{Log, OpenLogError};
use crate::engine::device::{Catalog, Model};

/// So many frames are looked at: about a minute of a busy bus, and every device that sends at least
/// once a second is in it.
const FRAMES: usize = 200_000;
/// Frames read at once.
const CHUNK: usize = 4096;

/// A device that was heard.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Heard {
    /// Id of its kind.
    pub kind: &'static str,
    /// Base address.
    pub base: u32,
}

/// The devices that speak in the recording at `path`, in order of kind and address.
///
/// # Errors
/// The recording cannot be opened.
pub fn discover(path: &Path) -> Result<Vec<Heard>, OpenLogError> {
    let log = Log::open(path)?;
    let mut reader = log.reader();
    let mut frames = Frames::with_capacity(Timebase::default(), CHUNK);
    let mut heard = BTreeSet::new();
    let catalog = Catalog::builtin();
    let mut first_bus = None;
    for _ in 0..FRAMES / CHUNK {
        frames.clear();
        if reader.read(&mut frames, CHUNK) == 0 {
            break;
        }
        for frame in frames.iter() {
            if *first_bus.get_or_insert(frame.bus()) == frame.bus() {
                heard.extend(recognise(frame, &catalog));
            }
        }
    }
    Ok(heard.into_iter().collect())
}

/// The device that a frame gives away, if it does.
fn recognise(frame: FrameRef<'_>, catalog: &Catalog) -> Option<Heard> {
    if frame.kind() != Kind::Data {
        return None;
    }
    let (kind, base) = match (frame.id().is_extended(), frame.id().raw()) {
        // Elcon status frames end in the charger's own address (protocol note, section 9.1).
        (true, raw @ 0x18FF_50E5..=0x18FF_50E9) => ("elcon-tc", raw & 0xFF),
        (true, _) => return None,
        (false, raw) => (heartbeat(frame)?, raw),
    };
    let settings = crate::engine::device::Settings { base, ..catalog.find(kind)?.defaults() };
    catalog.find(kind)?.bind(settings).ok().map(|_| Heard { kind, base })
}

/// The kind whose heartbeat this is (protocol note, section 1).
fn heartbeat(frame: FrameRef<'_>) -> Option<&'static str> {
    let word: [u8; 4] = frame.data.get(..4)?.try_into().ok()?;
    let sized = frame.data.len() == 8;
    match Model::from_word(u32::from_le_bytes(word)).0 {
        Model::Bmu | Model::OldBmu if sized => Some("prohelion-d1000-gen1"),
        Model::DriverControls | Model::OldDriverControls if sized => Some("ev-driver-controls"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn only_the_bus_that_is_played_is_looked_at() {
        let mut log = tempfile::NamedTempFile::new().unwrap();
        let text = "(1.0) can0 123#00\n(1.1) can0 600#00100000D1F10000\n\
                    (1.2) can1 600#00100000D2F10000\n(1.3) can1 640#00100000D3F10000\n";
        log.write_all(text.as_bytes()).unwrap();
        let bmu = Heard { kind: "prohelion-d1000-gen1", base: 0x600 };
        assert_eq!(discover(log.path()).unwrap(), [bmu]);
    }
}
