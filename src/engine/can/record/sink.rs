//! One file of a recording. What is written comes together in memory and goes out whole frames at a
//! time, each piece packed by itself where the file is packed: a file that is cut anywhere between
//! two pieces is whole up to there. A piece that did not go out is kept and can be tried again.

use std::io::{self, Seek, SeekFrom, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::engine::can::record::disk::Paper;
use crate::engine::can::trace::Packing;

/// Bytes that come together before they go out.
pub const PIECE: usize = 256 * 1024;
/// The same where they are packed: the more there is, the smaller it gets.
const PACKED_PIECE: usize = 1024 * 1024;
/// How hard to pack: what keeps up with several saturated buses.
const ZSTD_LEVEL: i32 = 3;
const GZIP_LEVEL: u32 = 4;

/// A file that is being written.
pub struct Sink {
    paper: Box<dyn Paper>,
    packing: Packing,
    waiting: Vec<u8>,
    /// Where in the file the waiting bytes go.
    place: u64,
    length: u64,
    /// Going elsewhere was broken off: what follows what waits goes to the end of the file.
    strayed: bool,
}

impl Sink {
    /// Into an empty file.
    pub fn new(paper: Box<dyn Paper>, packing: Packing) -> Self {
        Self {
            paper,
            packing,
            waiting: Vec::with_capacity(PIECE + 4096),
            place: 0,
            length: 0,
            strayed: false,
        }
    }

    /// Bytes in the file, and those that wait where they are not packed.
    pub const fn bytes(&self) -> u64 {
        match self.packing {
            Packing::None => self.length + self.waiting.len() as u64,
            Packing::Gzip | Packing::Zstd => self.length,
        }
    }

    /// Whether so much waits that it should go out. To be asked between two frames.
    pub const fn is_due(&self) -> bool {
        let piece = match self.packing {
            Packing::None => PIECE,
            Packing::Gzip | Packing::Zstd => PACKED_PIECE,
        };
        self.waiting.len() >= piece
    }

    /// Writes out what waits. After an error the file is as it was, and what waits still does.
    ///
    /// # Errors
    /// As the system says.
    pub fn give(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() {
            return self.find_end();
        }
        let packed = match self.packing {
            Packing::None => None,
            Packing::Gzip => {
                let mut to = GzEncoder::new(Vec::new(), Compression::new(GZIP_LEVEL));
                to.write_all(&self.waiting)?;
                Some(to.finish()?)
            }
            Packing::Zstd => Some(zstd::bulk::compress(&self.waiting, ZSTD_LEVEL)?),
        };
        let piece = packed.as_deref().unwrap_or(&self.waiting);
        if let Err(error) = self.paper.write_all(piece) {
            // Half a piece would be a broken frame in the middle of the file.
            if self.place == self.length {
                self.paper.cut(self.length)?;
            }
            self.paper.seek(SeekFrom::Start(self.place))?;
            return Err(error);
        }
        self.place += piece.len() as u64;
        self.length = self.length.max(self.place);
        self.waiting.clear();
        self.find_end()
    }

    /// Goes to the end, where it was kept from going elsewhere: whoever wrote the head of the file anew
    /// goes on behind its last frame, however often that had to be tried.
    fn find_end(&mut self) -> io::Result<()> {
        if self.strayed {
            self.place = self.paper.seek(SeekFrom::End(0))?;
            self.strayed = false;
        }
        Ok(())
    }

    /// Forces out what was written.
    ///
    /// # Errors
    /// As the system says.
    pub fn sync(&mut self) -> io::Result<()> {
        self.paper.sync()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Sink {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        if self.packing != Packing::None {
            return Err(io::ErrorKind::Unsupported.into());
        }
        match self.give().and_then(|()| self.paper.seek(to)) {
            Ok(place) => self.place = place,
            Err(error) => {
                self.strayed = true;
                return Err(error);
            }
        }
        Ok(self.place)
    }
}
