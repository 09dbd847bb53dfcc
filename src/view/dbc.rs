//! DBC files as they are shown: by component and file, message and signal, with what is on the bus
//! now; the picture of where bits lie; and the editor.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::view::filter::FilterView;
use crate::view::offer::{Grave, Offer};
use crate::view::shown::{Note, Shade, Shown, Tone};

/// What a person wants of the page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DbcPrefs {
    /// Only messages that this filter lets through.
    pub filter: String,
    /// Where somebody types in it, bytes; not kept.
    #[serde(skip)]
    pub cursor: Option<usize>,
    /// The message that is shown.
    pub selected: Option<DbcKey>,
    /// Names of what is closed in the tree.
    pub closed: BTreeSet<String>,
}

/// What identifies a message: its bus, and the file and message of that bus by their positions.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub struct DbcKey {
    /// Bus, by position.
    pub bus: u16,
    /// Component or file of the bus, by position.
    pub source: u16,
    /// Message, by position.
    pub message: u32,
}

/// The page.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct DbcView {
    /// Components and files with their messages.
    pub sources: Vec<SourceView>,
    /// The chosen message.
    pub selected: Option<MessageView>,
    /// What is said of the filter.
    pub filter: FilterView,
    /// What stands here when nothing is shown.
    pub empty: String,
    /// "3 files, 41 messages".
    pub summary: String,
    /// The editor, where a file is open in it.
    pub desk: Option<DeskView>,
}

/// Whether a source can be changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A part of Busbar: it can be copied.
    #[default]
    BuiltIn,
    /// A DBC file.
    File,
}

/// A component or a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SourceView {
    /// Bus, by position.
    pub bus: u16,
    /// Its own position on the bus.
    pub source: u16,
    /// Its name.
    pub name: String,
    /// "on demo, a part of Busbar".
    pub about: String,
    /// Whether it can be changed.
    pub origin: Origin,
    /// Its file.
    #[serde(skip)]
    pub file: Option<PathBuf>,
    /// What is wrong with the file.
    pub problems: Vec<ProblemLine>,
    /// Its messages that the filter lets through.
    pub messages: Vec<MessageRow>,
}

/// Something that is wrong, with its line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ProblemLine {
    /// "line 12", or empty for the whole file.
    pub place: String,
    /// A sentence.
    pub text: String,
    /// How bad it is.
    pub tone: Tone,
}

/// A DBC file that is kept, as a page lists it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct KeptFile {
    /// Its name.
    pub name: String,
    /// Stands for what it says: what is done to it is done to what was looked at.
    pub mark: String,
    /// "12 messages, 80 signals, 3 problems, read on can0".
    pub about: String,
    /// What is wrong with it, as far as it is shown.
    pub problems: Vec<ProblemLine>,
    /// "and 812 more"; empty where all are shown.
    pub more: String,
    /// What may become of it and each bus.
    pub buses: Vec<KeptBus>,
    /// "Replace car by".
    pub replace: String,
    /// Removing it.
    pub remove: Grave,
}

/// A bus that a kept file is for, or could be.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct KeptBus {
    /// Its name.
    pub name: String,
    /// Whether it is read by the file.
    pub read: bool,
    /// "Use on can0", "Take from can0".
    pub label: String,
    /// The same with the name of the file.
    pub spoken: String,
}

/// A message in the tree.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct MessageRow {
    /// What it is.
    pub key: DbcKey,
    /// "0x6FA".
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it is on the bus.
    pub shade: Shade,
    /// "10.0 Hz", or a dash.
    pub rate: String,
    /// "1,412", or "never seen".
    pub count: String,
}

/// A message with its signals.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct MessageView {
    /// What it is.
    pub key: DbcKey,
    /// "0x6FA · PackVoltage".
    pub title: String,
    /// Its comment.
    pub comment: String,
    /// Length, sender, cycle, count, rate, last seen: label and value.
    pub facts: Vec<(String, String)>,
    /// Its signals.
    pub signals: Vec<SignalLine>,
    /// Where their bits lie.
    pub layout: LayoutView,
    /// How much of the trace the statistics are of.
    pub looked: String,
}

/// A signal with its value.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SignalLine {
    /// Its name.
    pub name: String,
    /// Its value, with its age as note.
    pub value: Shown,
    /// "8|16 Intel, unsigned".
    pub place: String,
    /// "selected by Mode = 1", or empty.
    pub selected: String,
    /// Smallest value seen.
    pub least: String,
    /// Largest value seen.
    pub most: String,
    /// Mean of what was seen.
    pub mean: String,
    /// How often it changed.
    pub changes: String,
    /// Its comment, and what its values are called.
    pub hover: String,
}

/// Where the bits of a message lie: rows of eight, the highest bit of a byte at the left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LayoutView {
    /// How many bytes the message has; more are drawn where a signal lies beyond them.
    pub bytes: usize,
    /// All bits, row by row.
    pub cells: Vec<BitCell>,
    /// Names of the signals.
    pub names: Vec<String>,
}

/// A bit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BitCell {
    /// Its number: eight a byte, the lowest of byte 0 is 0.
    pub bit: u16,
    /// Positions of the signals it belongs to; the one that is in the frame now first.
    pub signals: Vec<u16>,
    /// Its value in the last frame.
    pub value: Option<u8>,
    /// It is beyond the message, or two signals that are there together share it.
    pub wrong: bool,
    /// What a tip says.
    pub hover: String,
}

/// What is typed into the editor, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EditField {
    /// Name of the message.
    MessageName,
    /// Its id.
    Id,
    /// 11 or 29 bits.
    IdKind,
    /// Its length, bytes.
    Bytes,
    /// Classic or FD.
    Framing,
    /// How often it is sent, ms.
    Cycle,
    /// Who sends it.
    Senders,
    /// Its comment.
    MessageComment,
    /// Name of the signal.
    SignalName,
    /// Its start bit.
    Start,
    /// Its length, bits.
    Bits,
    /// Its byte order.
    Order,
    /// What its bits are.
    Kind,
    /// Its factor.
    Factor,
    /// Its offset.
    Offset,
    /// Its range.
    Range,
    /// Its unit.
    Unit,
    /// Whether it is a switch.
    Role,
    /// By which switch it is selected.
    Switch,
    /// By which values of it.
    Values,
    /// Names of its values.
    Labels,
    /// Who reads it.
    Receivers,
    /// Its comment.
    SignalComment,
}

/// How a field is typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldForm {
    /// One line.
    #[default]
    Line,
    /// Several lines.
    Lines,
    /// One of these.
    Choice(Vec<String>),
}

/// A field of the editor's form.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeskField {
    /// Which.
    pub field: EditField,
    /// Its label.
    pub label: String,
    /// What is typed.
    pub text: String,
    /// How it is typed.
    pub form: FieldForm,
    /// What is wrong with it, a sentence.
    pub wrong: String,
    /// How bad that is.
    pub tone: Tone,
}

/// The editor.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct DeskView {
    /// The name of the file.
    pub title: String,
    /// Where it is kept, how it is written, whether that is up to date.
    pub about: String,
    /// Whether there is something to save.
    pub changed: bool,
    /// Undo.
    pub undo: Offer,
    /// Redo.
    pub redo: Offer,
    /// Save.
    pub save: Offer,
    /// What came of the last thing that was asked.
    pub said: Option<Note>,
    /// Its messages: id, name, how many things are wrong.
    pub messages: Vec<DeskRow>,
    /// Signals of the chosen message.
    pub signals: Vec<DeskRow>,
    /// The chosen message.
    pub message: Option<usize>,
    /// The chosen signal.
    pub signal: Option<usize>,
    /// The form of what is chosen.
    pub fields: Vec<DeskField>,
    /// Where the bits of the chosen message lie.
    pub layout: LayoutView,
    /// What is wrong with the file as it was read and as it is now.
    pub problems: Vec<DeskProblem>,
    /// Buses that it can be given to.
    pub buses: Vec<String>,
}

/// A message or a signal in the lists of the editor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DeskRow {
    /// Its id or its place.
    pub small: String,
    /// Its name.
    pub name: String,
    /// How bad the worst thing about it is.
    pub tone: Tone,
}

/// Something that is wrong with the file that is edited.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DeskProblem {
    /// What.
    pub line: ProblemLine,
    /// Where: the message, and the signal.
    pub at: Option<(usize, Option<usize>)>,
}

/// What a person asks of the editor, that needs nothing but the editor.
#[derive(Clone, Debug, PartialEq)]
pub enum DeskAsk {
    /// Shows this message, and this signal of it.
    Select(usize, Option<usize>),
    /// A field now says this.
    Type(EditField, String),
    /// A field was left.
    Leave,
    /// Puts a new message in.
    AddMessage,
    /// Takes the chosen message out.
    RemoveMessage,
    /// Puts a new signal into the chosen message.
    AddSignal,
    /// Takes the chosen signal out.
    RemoveSignal,
    /// Moves a signal of the chosen message so that it begins at this bit.
    Move(usize, u16),
    /// Undoes the last step.
    Undo,
    /// Does it again.
    Redo,
    /// Writes the file as UTF-8 from now on.
    AsUtf8,
    /// Forgets what was said.
    Dismiss,
}

/// What a person asks about DBC files.
#[derive(Clone, Debug, PartialEq)]
pub enum DbcAsk {
    /// Something about the editor.
    Desk(DeskAsk),
    /// Opens a file in it.
    Open(PathBuf),
    /// Begins a new file.
    New,
    /// Copies what a bus is read by into it: bus and source.
    Copy(u16, u16),
    /// Saves it where it is kept.
    Save,
    /// Saves it there.
    SaveAs(PathBuf),
    /// Saves it and reads this bus by it from now on.
    Assign(String),
    /// Reads a bus by a file no longer: bus and source.
    Unassign(u16, u16),
    /// Closes it, whatever was not saved.
    Close,
}
