//! A DBC file as JSON.

use serde::Serialize;
use utoipa::ToSchema;

use crate::base::id::Name;
use crate::base::problem::Problem;
use crate::engine::{
    BitKind, BitOrder, DbcMessage, DbcSignal, SignalRole, dbc_edit, dbc_mark, parse_dbc,
};

/// Most problems that are listed; the rest is counted.
const PROBLEMS: usize = 200;

/// What a DBC file says, in short.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DbcSummary {
    /// Its size.
    pub bytes: usize,
    /// Stands for what it says; the ETag of the file.
    pub mark: String,
    /// Messages in it.
    pub messages: usize,
    /// Signals in it.
    pub signals: usize,
    /// What is wrong with it, at most 200.
    pub problems: Vec<DbcProblem>,
    /// How much is wrong with it.
    pub problem_count: usize,
}

impl DbcSummary {
    /// Of a file that says this.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let parsed = parse_dbc(bytes);
        Self {
            bytes: bytes.len(),
            mark: dbc_mark(bytes),
            messages: parsed.schema.messages.len(),
            signals: parsed.schema.signal_count(),
            problems: parsed.problems.iter().take(PROBLEMS).map(problem).collect(),
            problem_count: parsed.problems.len(),
        }
    }
}

/// A DBC file in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DbcEntry {
    /// Its name.
    pub name: String,
    /// What it says, in short.
    #[serde(flatten)]
    pub says: DbcSummary,
    /// The buses that are read by it.
    pub buses: Vec<String>,
}

/// A DBC file that was kept.
#[derive(Debug, Serialize, ToSchema)]
pub struct DbcKept {
    /// About the file.
    #[serde(flatten)]
    pub entry: DbcEntry,
    /// Buses that go on being read by what it said before.
    pub unread: Vec<DbcUnread>,
}

/// A bus that is not read by what a file says now.
#[derive(Debug, Serialize, ToSchema)]
pub struct DbcUnread {
    /// Name of the bus.
    pub bus: String,
    /// Why it is not.
    pub why: String,
}

/// Something that is wrong with a DBC file.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DbcProblem {
    /// The line; `null` for the whole file.
    pub line: Option<u32>,
    /// `note`, `warning` or `error`: what was left out.
    pub severity: &'static str,
    /// A sentence.
    pub text: String,
}

/// A DBC file with everything in it.
#[derive(Serialize, ToSchema)]
pub struct DbcFile {
    /// About the file.
    #[serde(flatten)]
    pub entry: DbcEntry,
    /// Its comment.
    pub comment: Option<String>,
    /// Its nodes.
    pub nodes: Vec<String>,
    /// What its messages say, in the order of the file.
    pub contents: Vec<DbcMessageShown>,
}

/// A message of a DBC file.
#[derive(Serialize, ToSchema)]
#[schema(as = DbcMessage)]
pub struct DbcMessageShown {
    /// The id, such as `0x6FA`; eight digits for an extended one.
    id: String,
    /// Whether the id is extended (29 bits).
    extended: bool,
    /// Whether it is carried by CAN FD.
    fd: bool,
    /// Its name.
    name: String,
    /// Its length, bytes.
    length: u16,
    /// Who sends it.
    senders: Vec<String>,
    /// How often it is sent, milliseconds.
    cycle_ms: Option<f64>,
    /// Its comment.
    comment: Option<String>,
    /// Its signals.
    signals: Vec<DbcSignalShown>,
}

/// A signal of a DBC file.
#[derive(Serialize, ToSchema)]
#[schema(as = DbcSignal)]
pub struct DbcSignalShown {
    /// Its name.
    name: String,
    /// Its start bit as a DBC has it: the lowest bit for `intel`, the highest for `motorola`.
    start: u16,
    /// Its length, bits.
    length: u8,
    /// `intel` or `motorola`.
    order: &'static str,
    /// `unsigned`, `signed`, `float` or `double`.
    kind: &'static str,
    /// Value = raw * factor + offset.
    factor: f64,
    /// Value = raw * factor + offset.
    offset: f64,
    /// Smallest value.
    min: Option<f64>,
    /// Largest value.
    max: Option<f64>,
    /// Unit.
    unit: String,
    /// Who reads it.
    receivers: Vec<String>,
    /// Whether its value selects other signals.
    switch: bool,
    /// When it is in the message; `null`: always.
    selection: Option<DbcSelectionShown>,
    /// Names of its values.
    labels: Vec<DbcLabelShown>,
    /// Its comment.
    comment: Option<String>,
}

/// When a signal is in a message.
#[derive(Serialize, ToSchema)]
#[schema(as = DbcSelection)]
pub struct DbcSelectionShown {
    /// The signal that selects it.
    switch: String,
    /// Values of that signal: from and to.
    ranges: Vec<[u64; 2]>,
}

/// The name of a value.
#[derive(Serialize, ToSchema)]
#[schema(as = DbcLabel)]
pub struct DbcLabelShown {
    /// The raw value.
    value: i64,
    /// Its name.
    text: String,
}

fn problem(problem: &Problem) -> DbcProblem {
    DbcProblem {
        line: (problem.line > 0).then_some(problem.line),
        severity: problem.severity.word(),
        text: problem.text.clone(),
    }
}

/// A file with everything in it.
#[must_use]
pub fn file(name: &Name, bytes: &[u8], buses: Vec<String>) -> DbcFile {
    let schema = parse_dbc(bytes).schema;
    DbcFile {
        entry: DbcEntry { name: name.to_string(), says: DbcSummary::of(bytes), buses },
        comment: schema.comment.clone(),
        nodes: schema.nodes.iter().map(|node| node.name.clone()).collect(),
        contents: schema.messages.iter().map(message).collect(),
    }
}

fn message(message: &DbcMessage) -> DbcMessageShown {
    DbcMessageShown {
        id: message.id.to_string(),
        extended: message.id.is_extended(),
        fd: dbc_edit::framing(message) == dbc_edit::Framing::Fd,
        name: message.name.clone(),
        length: message.len,
        senders: message.senders.clone(),
        cycle_ms: message.cycle_ms(),
        comment: message.comment.clone(),
        signals: message.signals.iter().map(|one| signal(message, one)).collect(),
    }
}

fn signal(message: &DbcMessage, signal: &DbcSignal) -> DbcSignalShown {
    let selection = signal.selection.as_ref().and_then(|selection| {
        let switch = message.signals.get(selection.switch)?.name.clone();
        let ranges = selection.ranges.iter().map(|(from, to)| [*from, *to]).collect();
        Some(DbcSelectionShown { switch, ranges })
    });
    let labels = signal.labels.iter();
    DbcSignalShown {
        name: signal.name.clone(),
        start: signal.start,
        length: signal.length,
        order: match signal.order {
            BitOrder::Little => "intel",
            BitOrder::Big => "motorola",
        },
        kind: match signal.kind {
            BitKind::Unsigned => "unsigned",
            BitKind::Signed => "signed",
            BitKind::Float => "float",
            BitKind::Double => "double",
        },
        factor: signal.factor,
        offset: signal.offset,
        min: signal.min,
        max: signal.max,
        unit: signal.unit.clone(),
        receivers: signal.receivers.clone(),
        switch: signal.role == SignalRole::Switch,
        selection,
        labels: labels.map(|l| DbcLabelShown { value: l.value, text: l.text.clone() }).collect(),
        comment: signal.comment.clone(),
    }
}
