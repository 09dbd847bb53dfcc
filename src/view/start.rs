//! The Open page: what can be looked at.

use serde::Serialize;

/// What can be chosen.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct StartView {
    /// CAN interfaces that were found, with their state in words.
    pub interfaces: Vec<FoundInterface>,
    /// What to type to get one, where none was found.
    pub no_interface: String,
    /// Demo scenes: name and one sentence.
    pub scenes: Vec<(String, String)>,
}

/// A CAN interface of this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FoundInterface {
    /// "can0", "/dev/ttyACM0".
    pub name: String,
    /// Whether it is an adapter whose bit rate is for whoever opens it to say.
    pub wants_rate: bool,
    /// "up, 500 kbit/s" or "down: sudo ip link set can0 up type can bitrate 500000".
    pub sentence: String,
}
