//! The by-id table of the CAN page and the signals of the selected id.

use serde::Serialize;

use crate::view::shown::Shade;

/// The table.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TrafficView {
    /// One per bus, id and direction, ordered by bus and id.
    pub rows: Vec<TrafficRow>,
    /// The selected id.
    pub selected: Option<SignalPanel>,
    /// What stands here when there are no rows, or none fits the filter.
    pub empty: String,
    /// "52 ids, 1 412 frames a second".
    pub summary: String,
}

/// What identifies a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct RowKey {
    /// Bus, by position.
    pub bus: u16,
    /// Identifier with bit 31 set where it is extended.
    pub id: u32,
    /// Sent by this program.
    pub sent: bool,
}

/// One id.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TrafficRow {
    /// What it is.
    pub key: RowKey,
    /// "0x6FA".
    pub id: String,
    /// Message name, or empty.
    pub message: String,
    /// "rx", "tx", "rtr", "err", "fd".
    pub direction: String,
    /// Bus name.
    pub bus: String,
    /// The bytes.
    pub bytes: Vec<ByteCell>,
    /// Mean time between frames in ms, or a dash.
    pub cycle: String,
    /// How many were seen.
    pub count: String,
    /// Fresh, or how long silent.
    pub shade: Shade,
}

/// One byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct ByteCell {
    /// Its value.
    pub value: u8,
    /// How often it changed lately, 0 to 1.
    pub heat: f32,
}

/// The signals of one id.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SignalPanel {
    /// Which row.
    pub key: RowKey,
    /// "0x6FA · Pack voltage/current".
    pub title: String,
    /// The message's comment.
    pub comment: String,
    /// Its signals; empty where no DBC knows the id.
    pub signals: Vec<SignalRow>,
    /// What stands here when there are none.
    pub empty: String,
}

/// One signal.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SignalRow {
    /// Name.
    pub name: String,
    /// Value with unit, or its label.
    pub value: String,
    /// Raw value in hex.
    pub raw: String,
    /// Comment.
    pub hover: String,
}
