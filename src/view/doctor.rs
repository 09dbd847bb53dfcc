//! The Doctor page: what was looked at, how well it is, and what to do about it.

use serde::Serialize;

use crate::view::shown::Tone;

/// The page.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct DoctorView {
    /// "All is well.", or how much is not.
    pub summary: String,
    /// The tone of the worst.
    pub tone: Tone,
    /// What was looked at, the worst first.
    pub rows: Vec<DoctorRow>,
    /// Why the check-up of the data folder is not among them; empty where it is.
    pub left_out: String,
}

/// Something that was looked at.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct DoctorRow {
    /// What, in a word.
    pub check: String,
    /// How well it is: "ok", "warning", "fault".
    pub word: &'static str,
    /// The same as a tone.
    pub tone: Tone,
    /// What was found, a sentence.
    pub text: String,
    /// What to do about it; empty where nothing is to be done.
    pub advice: String,
}
