//! The Journal page: every sign-in, refusal, change and command.

use serde::{Deserialize, Serialize};

use crate::view::offer::Offer;
use crate::view::shown::Badge;

/// Which lines a person wants, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JournalPrefs {
    /// Part of who.
    pub who: String,
    /// Code of an action; empty for all.
    pub action: String,
    /// Part of what it was done to.
    pub target: String,
    /// Anywhere in the line.
    pub text: String,
    /// Code of how it ended; empty for all.
    pub outcome: String,
    /// Not before: "2026-11-21", "2026-11-21 14:00".
    pub from: String,
    /// Before, the day or minute itself included.
    pub until: String,
}

/// Some lines of the journal.
#[derive(Clone, Debug, Default)]
pub struct JournalView {
    /// Newest first.
    pub rows: Vec<JournalRow>,
    /// Lines with smaller numbers than this are older.
    pub next: Option<u64>,
    /// "Lines 120 to 71".
    pub summary: String,
    /// What stands here when there are none.
    pub empty: String,
    /// Actions to filter by: code and words.
    pub actions: Vec<(&'static str, &'static str)>,
    /// Outcomes to filter by: code and words.
    pub outcomes: Vec<(&'static str, &'static str)>,
    /// "Check the chain".
    pub verify: Offer,
    /// "Save as CSV…".
    pub csv: Offer,
    /// "Save as JSON…".
    pub json: Offer,
}

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub struct JournalRow {
    /// Its number.
    pub seq: u64,
    /// "2026-11-21 14:00:08".
    pub time: String,
    /// Who.
    pub who: String,
    /// "Web · 192.0.2.7".
    pub from: String,
    /// The action in words: "Changed an account".
    pub action: String,
    /// Its code.
    pub code: String,
    /// On what.
    pub target: String,
    /// What was changed.
    pub changes: Vec<Change>,
    /// All changes in one line: "status: Active → Disabled".
    pub changed: String,
    /// "Done", "Refused".
    pub outcome: Badge,
    /// Why.
    pub note: String,
    /// "of line 118"; empty where it stands for itself.
    pub of: String,
    /// The hash that chains it.
    pub hash: String,
}

/// One field that was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its name in words.
    pub field: String,
    /// What was there; a dash for nothing.
    pub before: String,
    /// What is there now; a dash for nothing.
    pub after: String,
}
