//! The by-id table of the CAN page and the signals of the selected id.

use serde::{Deserialize, Serialize};

use crate::view::filter::{FilterView, SavedFilter};
use crate::view::shown::Shade;

/// What a person wants of the table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrafficPrefs {
    /// Only rows that this filter lets through.
    pub filter: String,
    /// Where somebody types in the filter, bytes; not kept.
    #[serde(skip)]
    pub cursor: Option<usize>,
    /// Filters that an earlier version kept here, until they are taken over.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub saved: Vec<SavedFilter>,
    /// The names of those of them that were tried already: what is wrong with them was said once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<String>,
    /// Column to sort by.
    pub sort: SortBy,
    /// Which end comes first.
    pub order: SortOrder,
    /// The id whose signals are shown.
    pub selected: Option<RowKey>,
}

/// A column to sort by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SortBy {
    /// Bus, then id.
    #[default]
    Id,
    /// Message name.
    Message,
    /// Direction.
    Direction,
    /// Bus name.
    Bus,
    /// The bytes, the first one first.
    Bytes,
    /// Time between frames.
    Cycle,
    /// How much that time varies.
    Jitter,
    /// Frames a second.
    Rate,
    /// How many were seen.
    Count,
}

/// Which end of a sorted column comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SortOrder {
    /// Small or early in the alphabet first.
    #[default]
    Ascending,
    /// Large or late in the alphabet first.
    Descending,
}

/// The table.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TrafficView {
    /// One per bus, id and direction, ordered by bus and id.
    pub rows: Vec<TrafficRow>,
    /// The selected id.
    pub selected: Option<SignalPanel>,
    /// What is said of the filter.
    pub filter: FilterView,
    /// What stands here when there are no rows, or none fits the filter.
    pub empty: String,
    /// "52 ids, 1 412 frames a second".
    pub summary: String,
}

/// What identifies a row.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
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
    /// Standard deviation of that time in ms, or a dash.
    pub jitter: String,
    /// "Between 1 780 frames: mean 100.00 ms, least 99.10 ms, ...".
    pub gaps: String,
    /// Frames a second, or a dash.
    pub rate: String,
    /// How many were seen.
    pub count: String,
    /// Fresh, or how long silent.
    pub shade: Shade,
    /// [`Self::cycle`] as a number of milliseconds, to sort by.
    pub cycle_ms: Option<f64>,
    /// [`Self::jitter`] as a number, to sort by.
    pub jitter_ms: Option<f64>,
    /// [`Self::rate`] as a number, to sort by.
    pub frames_a_second: Option<f64>,
    /// [`Self::count`] as a number, to sort by.
    pub frames: u64,
}

/// Puts rows into the wanted order. Those that are equal in the sorted column stay in the order of
/// their keys.
pub fn arrange(rows: &mut [TrafficRow], prefs: &TrafficPrefs) {
    rows.sort_by(|a, b| {
        let by_column = match prefs.sort {
            SortBy::Id => a.key.cmp(&b.key),
            SortBy::Message => a.message.to_lowercase().cmp(&b.message.to_lowercase()),
            SortBy::Direction => a.direction.cmp(&b.direction),
            SortBy::Bus => a.bus.cmp(&b.bus),
            SortBy::Bytes => {
                let bytes = |row: &TrafficRow| row.bytes.iter().map(|byte| byte.value).collect();
                let (a, b): (Vec<u8>, Vec<u8>) = (bytes(a), bytes(b));
                a.cmp(&b)
            }
            SortBy::Cycle => slowest_last(a.cycle_ms, b.cycle_ms),
            SortBy::Jitter => slowest_last(a.jitter_ms, b.jitter_ms),
            SortBy::Rate => slowest_last(a.frames_a_second, b.frames_a_second),
            SortBy::Count => a.frames.cmp(&b.frames),
        };
        let by_column = match prefs.order {
            SortOrder::Ascending => by_column,
            SortOrder::Descending => by_column.reverse(),
        };
        by_column.then_with(|| a.key.cmp(&b.key))
    });
}

/// A row without a number counts as the slowest.
fn slowest_last(a: Option<f64>, b: Option<f64>) -> std::cmp::Ordering {
    a.unwrap_or(f64::INFINITY).total_cmp(&b.unwrap_or(f64::INFINITY))
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
    /// Name of its bus.
    pub bus: String,
    /// "0x6FA · Pack voltage/current".
    pub title: String,
    /// The message's comment.
    pub comment: String,
    /// The bytes of its last frame, whatever the filter hides.
    pub bytes: Vec<ByteCell>,
    /// Fresh, or how long silent.
    pub shade: Shade,
    /// Its signals; empty where no DBC knows the id.
    pub signals: Vec<SignalRow>,
    /// What stands here when there are none.
    pub empty: String,
}

/// What a close look at an id has brought.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StudyView {
    /// Its signals, by name.
    pub signals: Vec<SignalLook>,
    /// The names of its multiplexers.
    pub switches: String,
    /// What came with every value of them.
    pub groups: Vec<GroupView>,
}

/// What a signal did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SignalLook {
    /// Its name.
    pub name: String,
    /// "3.310 to 4.120", or empty.
    pub extremes: String,
    /// Its last values: shares from the left and from the bottom; a new stroke after every gap.
    pub strokes: Vec<Vec<[f32; 2]>>,
}

/// The last frame with one value of the multiplexers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupView {
    /// "3", "3, 7".
    pub value: String,
    /// Its bytes, "03 52".
    pub bytes: String,
    /// "1 412 frames".
    pub count: String,
    /// What it says: "CellVoltage9 3.310 V, CellVoltage10 3.311 V".
    pub says: String,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: u32, message: &str, cycle_ms: Option<f64>, frames: u64) -> TrafficRow {
        TrafficRow {
            key: RowKey { bus: 0, id, sent: false },
            id: format!("0x{id:X}"),
            message: message.to_owned(),
            bus: "can0".to_owned(),
            cycle_ms,
            frames,
            ..TrafficRow::default()
        }
    }

    fn ids(prefs: &TrafficPrefs) -> Vec<u32> {
        let mut rows = vec![
            row(0x6FA, "Pack voltage/current", Some(100.0), 1780),
            row(0x600, "BMU heartbeat", Some(1000.0), 178),
            row(0x123, "", None, 1),
        ];
        arrange(&mut rows, prefs);
        rows.iter().map(|r| r.key.id).collect()
    }

    #[test]
    fn rows_are_sorted_by_number_and_a_row_without_one_counts_as_slowest() {
        let by = |sort, order| ids(&TrafficPrefs { sort, order, ..Default::default() });
        assert_eq!(by(SortBy::Cycle, SortOrder::Ascending), [0x6FA, 0x600, 0x123]);
        assert_eq!(by(SortBy::Count, SortOrder::Descending), [0x6FA, 0x600, 0x123]);
        assert_eq!(by(SortBy::Message, SortOrder::Ascending), [0x123, 0x600, 0x6FA]);
    }
}
