//! A device kind bound to an address: frames in, facts out; values in, frames out.

use thiserror::Error;

use super::catalog::Kind;
use super::fact::Fact;
use super::settings::{BindError, Claim, Settings};
use crate::engine::can::frame::{Frame, FrameRef};

/// A device of some kind at some address.
#[derive(Clone, Debug)]
pub struct Device {
    settings: Settings,
    malformed: Malformed,
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It was this device's, and what it says is among the facts.
    Known,
    /// It has this device's id, but not its shape; it was counted and not used.
    Malformed,
    /// It is somebody else's.
    Foreign,
}

/// Frames with an id of the device that were not what the device sends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Malformed {
    /// How many.
    pub count: u64,
    /// The last one, in a sentence; empty without one.
    pub last: String,
}

/// Why values are no frame of a device.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum ShapeError {
    /// No such message.
    #[error("{device} has no message {message}")]
    NoMessage {
        /// Title of the kind.
        device: String,
        /// What was asked for.
        message: String,
    },
    /// No such signal.
    #[error("message {message} of {device} has no signal {signal}")]
    NoSignal {
        /// Title of the kind.
        device: String,
        /// The message.
        message: String,
        /// What was asked for.
        signal: String,
    },
}

impl Kind {
    /// A device of this kind with these settings.
    ///
    /// # Errors
    /// Says which setting it cannot have and which it could.
    pub fn bind(&self, settings: Settings) -> Result<Device, BindError> {
        Ok(Device { settings, malformed: Malformed::default() })
    }
}

impl Device {
    /// What it was bound with.
    #[must_use]
    pub const fn settings(&self) -> Settings {
        self.settings
    }

    /// The ids that it owns on its bus.
    #[must_use]
    pub fn claims(&self) -> Vec<Claim> {
        Vec::new()
    }

    /// Takes a frame and appends what it says to `facts`.
    pub fn take(&mut self, _frame: FrameRef<'_>, _facts: &mut Vec<Fact>) -> Taken {
        Taken::Foreign
    }

    /// Frames that had the wrong shape.
    #[must_use]
    pub const fn malformed(&self) -> &Malformed {
        &self.malformed
    }

    /// A frame of this device from physical values by signal name; what is not given is zero.
    ///
    /// # Errors
    /// Names the message or signal that is not there or does not hold its value.
    pub fn encode(&self, message: &str, _values: &[(&str, f64)]) -> Result<Frame, ShapeError> {
        Err(ShapeError::NoMessage { device: String::new(), message: message.to_owned() })
    }
}
