//! The small pieces every page is made of: a number with its unit and age, a tone, a lamp, a note.

use serde::Serialize;

/// How a piece is coloured. Colour is never the only sign: the words beside it say the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// Off, not reporting, not applicable.
    Muted,
    /// Ordinary text.
    #[default]
    Plain,
    /// As it should be.
    Ok,
    /// Worth knowing, nothing wrong.
    Info,
    /// Attend to it.
    Warning,
    /// Something is wrong.
    Fault,
}

/// How old a shown value is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Shade {
    /// Current: drawn plain.
    Fresh,
    /// Overdue: dimmed, with its age in the note.
    Late,
    /// Too old: the text is a dash, the note says for how long.
    Lost,
    /// Never received, or the device says it has none: a dash.
    #[default]
    Never,
}

/// A value ready to be drawn.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Shown {
    /// The number or word; an en dash where there is none.
    pub text: String,
    /// Its unit, empty where the text is a word or a dash.
    pub unit: String,
    /// Its age.
    pub shade: Shade,
    /// What stands below or beside it: "charging", "18.1 of 27.3 Ah", "no data for 12 s".
    pub note: String,
}

impl Shown {
    /// Number and unit in one text, for a screen reader or a line of text.
    #[must_use]
    pub fn line(&self) -> String {
        if self.unit.is_empty() {
            self.text.clone()
        } else {
            format!("{} {}", self.text, self.unit)
        }
    }
}

/// A labelled [`Shown`] in a tile.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Tile {
    /// What it is: "Pack voltage".
    pub label: String,
    /// The value.
    pub value: Shown,
    /// Tone of the value.
    pub tone: Tone,
}

/// A lamp: an event or a contactor, lit or not.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Lamp {
    /// What it stands for.
    pub label: String,
    /// Muted when dark.
    pub tone: Tone,
    /// Plain words: what it means now and what to do.
    pub hover: String,
}

/// A coloured word: "RUN".
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Badge {
    /// The word.
    pub word: String,
    /// Its tone.
    pub tone: Tone,
    /// What it means.
    pub hover: String,
}

/// A sentence that stays until it is no longer true, or until it was read.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Note {
    /// Its tone.
    pub tone: Tone,
    /// What happened, what it means, what to do.
    pub text: String,
    /// Whether a person may close it: it tells of something that is over.
    pub closable: bool,
}
