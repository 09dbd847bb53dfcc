//! The disk as a recorder needs it: files that are made, forced out, cut and removed, and how much
//! room there is. In tests another one takes its place, which fills up or fails when it is told.

use std::fs::{self, File};
use std::io::{self, Seek, Write};
use std::path::Path;

/// A file that is being written.
pub trait Paper: Write + Seek + Send {
    /// Forces what was written out of the machine's memory.
    ///
    /// # Errors
    /// As the system says.
    fn sync(&mut self) -> io::Result<()>;

    /// Cuts it to a length.
    ///
    /// # Errors
    /// As the system says.
    fn cut(&mut self, length: u64) -> io::Result<()>;
}

/// Where files are made.
pub trait Disk: Send {
    /// Makes a file that is not there yet.
    ///
    /// # Errors
    /// As the system says; `AlreadyExists` where there is one.
    fn create(&self, path: &Path) -> io::Result<Box<dyn Paper>>;

    /// Writes a small file as a whole.
    ///
    /// # Errors
    /// As the system says.
    fn write_whole(&self, path: &Path, text: &str) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// As the system says.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Bytes that are free in a folder; none where the system does not say.
    fn free(&self, folder: &Path) -> Option<u64>;
}

/// The machine's.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn Paper>> {
        let file = File::create_new(path)?;
        keep_name(path);
        Ok(Box::new(RealPaper(file)))
    }

    fn write_whole(&self, path: &Path, text: &str) -> io::Result<()> {
        // Whoever reads it meanwhile sees the one before.
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let part = path.with_file_name(format!(".{name}.part"));
        // Out of the machine's memory first: a name must not stand for an empty file after a power cut.
        let written = write_out(&part, text).and_then(|()| fs::rename(&part, path));
        if written.is_err() {
            // It may not even be there.
            let _ = fs::remove_file(&part);
        }
        written
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn free(&self, folder: &Path) -> Option<u64> {
        fs4::available_space(folder).ok()
    }
}

fn write_out(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_data()
}

/// Makes sure that a new name of a file outlives a power cut, on systems where that is to be asked for.
/// The file itself is as good as it was where they refuse.
pub fn keep_name(file: &Path) {
    #[cfg(unix)]
    if let Some(folder) = file.parent() {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        if let Err(error) = File::open(folder).and_then(|folder| folder.sync_all()) {
            tracing::debug!(%error, folder = %folder.display(), "a folder was not forced out");
        }
    }
    #[cfg(not(unix))]
    let _ = file;
}

struct RealPaper(File);

impl Write for RealPaper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Seek for RealPaper {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

impl Paper for RealPaper {
    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }
}
