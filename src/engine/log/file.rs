//! The files of the system log: one that grows, and older ones with numbers, for their owner alone.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crossbeam_channel::Receiver;

use crate::engine::log::{LogLine, SystemLog, written};

/// The folder of them in the data folder.
pub const FOLDER: &str = "logs";
/// Most files that are looked for when old ones are taken away.
const MOST: u32 = 100;

/// Starts the thread that writes what comes out of `waiting`, until nobody can put anything in any more.
///
/// # Errors
/// The folder, the file or the thread cannot be had.
pub fn start(log: SystemLog, folder: PathBuf, waiting: Receiver<LogLine>) -> io::Result<()> {
    fs::create_dir_all(&folder)?;
    close_to_others(&folder, 0o700)?;
    let mut book = Book::open(&folder)?;
    let body = move || {
        for line in waiting {
            let lost = log.take_lost();
            let said =
                if lost > 0 { format!("({lost} lines are missing here)\n") } else { String::new() };
            // A disk that refuses is no reason to stop: the page has the lines in memory.
            drop(book.write(&format!("{said}{}", written(&line)), log.bounds()));
        }
    };
    std::thread::Builder::new().name("log".into()).spawn(body).map(drop)
}

/// The file that grows.
struct Book {
    folder: PathBuf,
    file: File,
    bytes: u64,
}

impl Book {
    fn open(folder: &Path) -> io::Result<Self> {
        let path = place(folder, 0);
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        close_to_others(&path, 0o600)?;
        let bytes = file.metadata()?.len();
        Ok(Self { folder: folder.to_owned(), file, bytes })
    }

    fn write(&mut self, text: &str, (most, files): (u64, u32)) -> io::Result<()> {
        if self.bytes > 0 && self.bytes + text.len() as u64 > most {
            self.turn(files)?;
        }
        self.file.write_all(text.as_bytes())?;
        self.bytes += text.len() as u64;
        Ok(())
    }

    /// Begins a new file; the others move on by one, and the oldest go.
    fn turn(&mut self, files: u32) -> io::Result<()> {
        for number in files.max(1).saturating_sub(1)..MOST {
            if let Err(error) = fs::remove_file(place(&self.folder, number))
                && error.kind() == io::ErrorKind::NotFound
                && number >= files
            {
                break;
            }
        }
        for number in (0..files.saturating_sub(1)).rev() {
            let (from, to) = (place(&self.folder, number), place(&self.folder, number + 1));
            match fs::rename(from, to) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        *self = Self::open(&self.folder)?;
        Ok(())
    }
}

fn place(folder: &Path, number: u32) -> PathBuf {
    match number {
        0 => folder.join("busbar.log"),
        older => folder.join(format!("busbar.{older}.log")),
    }
}

#[cfg(unix)]
fn close_to_others(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn close_to_others(_path: &Path, _mode: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let found = fs::read_dir(folder).unwrap().flatten();
        let mut names: Vec<String> =
            found.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_full_file_is_turned_and_no_more_are_kept_than_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let mut book = Book::open(folder.path()).unwrap();
        for number in 0..10 {
            book.write(&format!("{number:09}\n"), (20, 3)).unwrap();
        }
        assert_eq!(names(folder.path()), ["busbar.1.log", "busbar.2.log", "busbar.log"]);
        let newest = fs::read_to_string(folder.path().join("busbar.log")).unwrap();
        assert_eq!(newest, "000000008\n000000009\n");
        book.write("x\n", (1, 1)).unwrap();
        assert_eq!(names(folder.path()), ["busbar.log"], "fewer are wanted");
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let _book = Book::open(folder.path()).unwrap();
        let mode = fs::metadata(folder.path().join("busbar.log")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
