//! Containers unpacked ahead on other threads, and handed on in the order of the file. What is broken
//! is not handed on: whoever wants it unpacks it itself and says what is wrong.

use crossbeam_channel::{Receiver, Sender};

use crate::engine::can::trace::blf::{CONTAINER, LIMIT, MARK, OBJECT_HEAD, ZLIB, unpack};
use crate::engine::can::trace::block::{u16_at, u32_at};
use crate::engine::can::trace::source::Source;
use crate::engine::can::trace::window::Window;

/// Bytes read at once while containers are found, and while they are read.
const HEADS: usize = 4096;
const CHUNK: usize = 256 * 1024;
/// Greatest container that is unpacked ahead: as there are several of them at once.
const AHEAD_LIMIT: usize = 4 * 1024 * 1024;

/// What a thread hands on: where a container begins, and its contents if they are sound.
pub type Unpacked = (u64, Option<Vec<u8>>);

/// Containers in the order of the file, from threads that take turns.
#[derive(Debug, Default)]
pub struct Feed {
    places: Vec<u64>,
    queues: Vec<Receiver<Unpacked>>,
    next: usize,
}

impl Feed {
    /// Of containers at these places.
    pub const fn new(places: Vec<u64>, queues: Vec<Receiver<Unpacked>>) -> Self {
        Self { places, queues, next: 0 }
    }

    /// The contents of the container at this place, if it was unpacked.
    pub fn take(&mut self, place: u64) -> Option<Vec<u8>> {
        while self.places.get(self.next).is_some_and(|at| *at <= place) {
            let queue = self.queues.get(self.next % self.queues.len().max(1))?;
            self.next += 1;
            let (at, contents) = queue.recv().ok()?;
            if at == place {
                return contents;
            }
        }
        None
    }
}

/// Where the packed containers of a file begin, as far as it is sound.
pub fn containers(source: Source) -> Vec<u64> {
    let mut window = Window::new(source, HEADS);
    let mut places = Vec::new();
    let Some(mut at) = window.array::<4>(4).map(|size| u64::from(u32::from_le_bytes(size))) else {
        return places;
    };
    while let Some(head) = window.array::<32>(at) {
        let size = u32_at(&head, 8).unwrap_or(0) as usize;
        if !head.starts_with(MARK) || !(OBJECT_HEAD..=LIMIT).contains(&size) {
            break;
        }
        let claimed = u32_at(&head, 24).unwrap_or(0) as usize;
        let is_small = size.max(claimed) <= AHEAD_LIMIT;
        if u32_at(&head, 12) == Some(CONTAINER) && u16_at(&head, 16) == Some(ZLIB) && is_small {
            places.push(at);
        }
        at += (size + size % 4) as u64;
    }
    places
}

/// Unpacks the containers at these places, one after the other, until nobody takes them.
pub fn unpack_ahead(source: Source, places: &[u64], give: &Sender<Unpacked>) {
    let mut window = Window::new(source, CHUNK);
    for place in places {
        let size = window.array::<4>(place + 8).map_or(0, |size| u32::from_le_bytes(size) as usize);
        let whole = window.bytes(*place, size.min(AHEAD_LIMIT));
        let mut contents = Vec::new();
        let is_sound = whole.len() == size && unpack(whole, &mut contents).is_ok();
        if give.send((*place, is_sound.then_some(contents))).is_err() {
            return;
        }
    }
}
