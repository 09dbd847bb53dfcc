//! Serial ports: opening one for itself alone, finding it again after it was pulled out, and naming
//! those there are. Knows nothing of what is said through them.
//!
//! Through the crate `serial2`, which reads and writes at the same time on every system: with a port
//! whose calls wait for each other, a frame to send would wait for the end of a read on Windows.

use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serial2::SerialPort;

/// Longest that a read waits for the first byte.
pub const TICK: Duration = Duration::from_millis(20);
/// Longest that a write waits for an adapter which takes nothing.
const WRITE: Duration = Duration::from_millis(100);
/// Where Linux names adapters by maker and serial number.
const BY_ID: &str = "/dev/serial/by-id";
/// Most ports that are looked at.
const PORTS: usize = 256;

/// An open port, read by one thread and written by another.
pub trait Port: Send + Sync + Debug {
    /// Waits up to [`TICK`] for bytes; none is no error.
    ///
    /// # Errors
    /// The port has gone.
    fn read(&self, into: &mut [u8]) -> io::Result<usize>;

    /// Writes all of it.
    ///
    /// # Errors
    /// The port has gone, or took nothing for too long.
    fn write(&self, bytes: &[u8]) -> io::Result<()>;
}

/// Where ports come from.
pub trait Ports: Send {
    /// Opens the port `name` at `baud`, after it was pulled out too.
    ///
    /// # Errors
    /// It is not there, somebody else has it, or it is none.
    fn open(&mut self, name: &str, baud: u32) -> io::Result<std::sync::Arc<dyn Port>>;
}

/// The ports of this machine.
#[derive(Debug, Default)]
pub struct Machine {
    /// The adapter that was opened first, by maker and serial number: only that one is taken again.
    known: Option<PathBuf>,
}

impl Ports for Machine {
    fn open(&mut self, name: &str, baud: u32) -> io::Result<std::sync::Arc<dyn Port>> {
        // Another adapter may have got the old one's number: the same name may be another bus.
        let path = self.known.clone().unwrap_or_else(|| PathBuf::from(name));
        let mut port = SerialPort::open(&path, baud)?;
        port.set_read_timeout(TICK)?;
        port.set_write_timeout(WRITE)?;
        alone(&port)?;
        self.known = self.known.take().or_else(|| by_id(&path));
        Ok(std::sync::Arc::new(Serial(port)))
    }
}

/// Keeps others from opening it too, as far as they ask: two programs on one port read half each.
#[cfg(unix)]
fn alone(port: &SerialPort) -> io::Result<()> {
    use std::os::fd::AsFd;
    // The lock belongs to the open port, not to this name for it, and ends with it.
    let same = std::fs::File::from(port.as_fd().try_clone_to_owned()?);
    match same.try_lock() {
        Ok(()) => Ok(()),
        Err(std::fs::TryLockError::WouldBlock) => Err(io::ErrorKind::ResourceBusy.into()),
        Err(std::fs::TryLockError::Error(error)) => Err(error),
    }
}

/// Windows opens a port once only.
#[cfg(not(unix))]
fn alone(_port: &SerialPort) -> io::Result<()> {
    Ok(())
}

#[derive(Debug)]
struct Serial(SerialPort);

impl Port for Serial {
    fn read(&self, into: &mut [u8]) -> io::Result<usize> {
        match self.0.read(into) {
            // A port that is ready to be read and gives nothing has been hung up.
            Ok(0) if !into.is_empty() => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(got) => Ok(got),
            Err(error) => match error.kind() {
                io::ErrorKind::TimedOut | io::ErrorKind::Interrupted => Ok(0),
                io::ErrorKind::WouldBlock => Ok(0),
                _ => Err(error),
            },
        }
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }
}

/// The name of the port at `path` by maker and serial number, where the system keeps such.
fn by_id(path: &Path) -> Option<PathBuf> {
    let real = path.canonicalize().ok()?;
    let names = std::fs::read_dir(BY_ID).ok()?.take(PORTS).flatten().map(|entry| entry.path());
    names.into_iter().find(|name| name.canonicalize().is_ok_and(|other| other == real))
}

/// A serial port that may be an adapter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// What to open.
    pub port: String,
    /// Maker, product and serial number, where the system says them.
    pub device: Option<String>,
}

/// The serial ports that may be adapters. Opens none, and takes a few milliseconds.
#[must_use]
pub fn candidates() -> Vec<Candidate> {
    let ports = SerialPort::available_ports().unwrap_or_default();
    let mut found: Vec<Candidate> = ports.iter().take(PORTS).filter_map(|p| candidate(p)).collect();
    found.sort();
    found.dedup();
    found
}

fn candidate(path: &Path) -> Option<Candidate> {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    // The ports of the board itself, and on a Mac the twin that waits for a modem, are no adapters.
    let plugged = ["ttyACM", "ttyUSB", "COM", "cu.usb", "cu.wchusb", "cu.SLAB", "rfcomm"];
    if !plugged.iter().any(|begin| name.starts_with(begin)) {
        return None;
    }
    let device = by_id(path).and_then(|id| {
        let name = id.file_name()?.to_string_lossy().into_owned();
        let bare = name.strip_prefix("usb-").unwrap_or(&name);
        Some(bare.replace('_', " "))
    });
    Some(Candidate { port: path.to_string_lossy().into_owned(), device })
}
