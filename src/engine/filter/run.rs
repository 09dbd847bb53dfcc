//! The compiled filter: asks a frame term by term, cheap ones first, and stops as soon as the answer
//! is known. Nothing is allocated for a frame; the message is looked up and a signal read only
//! where a term asks for it.

use std::time::Duration;

use super::compile::kind_bit;
use super::expr::{MaskedByte, Seconds, Stretch, Wanted};
use super::memory::Memory;
use super::mistake::Mistake;
use super::pattern::Pattern;
use super::signals::SignalTable;
use super::vocabulary::Vocabulary;
use crate::engine::can::frame::{Direction, FrameRef, Id, Kind};
use crate::engine::dbc::parameter_group;

/// A filter that is ready to run. Made by [`Filter::compile`](super::Filter::compile).
#[derive(Clone, Debug)]
pub struct Sieve {
    pub(super) root: Node,
    /// What a frame must be before its bytes are remembered.
    pub(super) gate: Node,
    /// Whether it asks for bytes that changed.
    pub(super) changes: bool,
    pub(super) vocabulary: Vocabulary,
    pub(super) warnings: Vec<Mistake>,
}

/// What the table by id knows of a row besides its last frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowFacts {
    /// How many frames there were.
    pub count: u64,
    /// How long ago the last one was.
    pub age: Duration,
    /// Whether its bytes changed lately.
    pub changed: Change,
}

/// Whether bytes changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Change {
    /// They are as before.
    #[default]
    Same,
    /// They differ.
    Changed,
}

/// A compiled term, or several joined.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Always,
    All(Box<[Node]>),
    Any(Box<[Node]>),
    Not(Box<Node>),
    Bus(Bits),
    Ids(Box<IdSet>),
    Directions { received: bool, sent: bool },
    Kinds(u8),
    Len(Box<[Stretch]>),
    Count(Box<[Stretch]>),
    Bytes(Box<BytesTest>),
    Byte { at: u8, from: u8, to: u8 },
    Bits { at: u8, mask: u8 },
    Groups(Box<[Stretch]>),
    Sources(Box<[Stretch]>),
    Messages(Bits),
    Signal(Box<SignalTable>),
    Changed,
    Time(Box<[Seconds]>),
    Since(f64),
    Text(Box<TextTest>),
}

/// A frame and what is known of it.
struct Case<'a> {
    frame: FrameRef<'a>,
    changed: bool,
    count: u64,
    elapsed: f64,
    age: f64,
    /// Number of its message, once it was looked up.
    message: Option<Option<usize>>,
}

impl Sieve {
    /// One that lets everything through.
    #[must_use]
    pub fn everything() -> Self {
        Self {
            root: Node::Always,
            gate: Node::Always,
            changes: false,
            vocabulary: Vocabulary::new(),
            warnings: Vec::new(),
        }
    }

    /// Names in the filter that nothing has.
    #[must_use]
    pub fn warnings(&self) -> &[Mistake] {
        &self.warnings
    }

    /// Whether it lets everything through.
    #[must_use]
    pub const fn is_everything(&self) -> bool {
        matches!(self.root, Node::Always)
    }

    /// Whether it lets a frame of a stream through. Frames must come in their order.
    #[inline]
    pub fn lets(&self, frame: FrameRef<'_>, memory: &mut Memory) -> bool {
        if self.is_everything() {
            return true;
        }
        let mut case = Case {
            frame,
            changed: false,
            count: 0,
            elapsed: memory.elapsed(frame.time()),
            age: memory.age(frame.time()).as_secs_f64(),
            message: None,
        };
        if self.changes {
            if !self.holds(&self.gate, &mut case) {
                return false;
            }
            case.changed = memory.takes_change(&frame);
        }
        self.holds(&self.root, &mut case)
    }

    /// Whether it lets a row of the table by id through.
    #[must_use]
    pub fn lets_row(&self, last: FrameRef<'_>, facts: &RowFacts) -> bool {
        let mut case = Case {
            frame: last,
            changed: facts.changed == Change::Changed,
            count: facts.count,
            elapsed: 0.0,
            age: facts.age.as_secs_f64(),
            message: None,
        };
        self.holds(&self.root, &mut case)
    }

    #[inline]
    fn message(&self, case: &mut Case<'_>) -> Option<usize> {
        if let Some(known) = case.message {
            return known;
        }
        let found = match case.frame.kind() {
            Kind::Error => None,
            Kind::Data | Kind::Remote | Kind::Fd => {
                self.vocabulary.find(case.frame.bus(), case.frame.id())
            }
        };
        case.message = Some(found);
        found
    }

    /// An error frame's id is no id but a class of errors.
    fn holds(&self, node: &Node, case: &mut Case<'_>) -> bool {
        let frame = case.frame;
        match node {
            Node::Always => true,
            Node::All(nodes) => nodes.iter().all(|node| self.holds(node, case)),
            Node::Any(nodes) => nodes.iter().any(|node| self.holds(node, case)),
            Node::Not(node) => !self.holds(node, case),
            Node::Bus(bits) => bits.has(usize::from(frame.bus().0)),
            Node::Ids(ids) => frame.kind() != Kind::Error && ids.has(frame.id()),
            Node::Directions { received, sent } => match frame.direction() {
                Direction::Received => *received,
                Direction::Sent => *sent,
            },
            Node::Kinds(mask) => mask & kind_bit(frame.kind()) != 0,
            Node::Len(runs) => holds_one(runs, frame.len() as u64),
            Node::Count(runs) => holds_one(runs, case.count),
            Node::Bytes(test) => test.holds(frame.data),
            Node::Byte { at, from, to } => {
                frame.data.get(usize::from(*at)).is_some_and(|byte| (from..=to).contains(&byte))
            }
            Node::Bits { at, mask } => {
                frame.data.get(usize::from(*at)).is_some_and(|byte| byte & mask != 0)
            }
            Node::Groups(runs) => {
                is_j1939(frame) && holds_one(runs, parameter_group(frame.id().raw()).into())
            }
            Node::Sources(runs) => {
                is_j1939(frame) && holds_one(runs, (frame.id().raw() & 0xFF).into())
            }
            Node::Messages(bits) => self.message(case).is_some_and(|number| bits.has(number)),
            Node::Signal(table) => match frame.kind() {
                Kind::Data | Kind::Fd => {
                    self.message(case).is_some_and(|number| table.holds(number, frame.data))
                }
                Kind::Remote | Kind::Error => false,
            },
            Node::Changed => case.changed,
            Node::Time(spans) => {
                spans.iter().any(|span| span.from <= case.elapsed && case.elapsed <= span.to)
            }
            Node::Since(seconds) => case.age <= *seconds,
            Node::Text(test) => {
                test.buses.has(usize::from(frame.bus().0))
                    || test.ways.as_ref().is_some_and(|ways| self.holds(ways, case))
                    || test.has_id(frame)
                    || test.has_class(frame)
                    || self.message(case).is_some_and(|number| test.messages.has(number))
            }
        }
    }
}

fn is_j1939(frame: FrameRef<'_>) -> bool {
    frame.id().is_extended() && frame.kind() != Kind::Error
}

fn holds_one(runs: &[Stretch], number: u64) -> bool {
    runs.iter().any(|run| run.holds(number))
}

impl Node {
    /// How long it takes to ask, roughly, in comparisons.
    pub fn cost(&self) -> u32 {
        match self {
            Self::Always | Self::Changed => 0,
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().map(Self::cost).sum(),
            Self::Not(node) => node.cost(),
            Self::Bus(_) | Self::Directions { .. } | Self::Kinds(_) => 1,
            Self::Byte { .. } | Self::Bits { .. } | Self::Since(_) => 1,
            Self::Ids(_) | Self::Len(_) | Self::Count(_) | Self::Time(_) => 2,
            Self::Groups(_) | Self::Sources(_) | Self::Bytes(_) => 3,
            Self::Messages(_) => 8,
            Self::Signal(_) => 16,
            Self::Text(_) => 64,
        }
    }
}

/// A set of small numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    pub fn set(&mut self, number: usize) {
        let place = number / 64;
        if self.0.len() <= place {
            self.0.resize(place + 1, 0);
        }
        if let Some(word) = self.0.get_mut(place) {
            *word |= 1 << (number % 64);
        }
    }

    #[inline]
    pub fn has(&self, number: usize) -> bool {
        self.0.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }
}

/// A set of ids: one bit for each of 11 bits, sorted runs of those of 29.
#[derive(Clone, Debug, Default)]
pub(super) struct IdSet {
    standard: [u64; 32],
    extended: Vec<(u32, u32)>,
    /// Value and mask of 29-bit ids.
    masked: Vec<(u32, u32)>,
}

impl IdSet {
    pub const ALL: Stretch = Stretch { from: 0, to: Id::MAX_EXTENDED as u64 };

    pub fn add_standard(&mut self, run: Stretch) {
        for raw in run.from..=run.to.min(Id::MAX_STANDARD.into()) {
            self.add_one(raw as u32);
        }
    }

    fn add_one(&mut self, raw: u32) {
        if let Some(word) = self.standard.get_mut(raw as usize / 64) {
            *word |= 1 << (raw % 64);
        }
    }

    pub fn add_extended(&mut self, run: Stretch) {
        self.extended.push((run.from as u32, run.to as u32));
    }

    pub fn add_masked(&mut self, value: u32, mask: u32) {
        for raw in (0..=Id::MAX_STANDARD).filter(|raw| raw & mask == value & mask) {
            self.add_one(raw);
        }
        self.masked.push((value & mask, mask));
    }

    /// With its runs sorted, those that touch made one.
    pub fn finished(mut self) -> Self {
        self.extended.sort_unstable();
        let mut runs: Vec<(u32, u32)> = Vec::with_capacity(self.extended.len());
        for (from, to) in self.extended {
            match runs.last_mut() {
                Some(last) if from <= last.1.saturating_add(1) => last.1 = last.1.max(to),
                Some(_) | None => runs.push((from, to)),
            }
        }
        Self { extended: runs, ..self }
    }

    #[inline]
    pub fn has(&self, id: Id) -> bool {
        let raw = id.raw();
        if !id.is_extended() {
            return self.standard.get(raw as usize / 64).is_some_and(|w| w >> (raw % 64) & 1 == 1);
        }
        let at = self.extended.partition_point(|&(_, to)| to < raw);
        self.extended.get(at).is_some_and(|&(from, _)| from <= raw)
            || self.masked.iter().any(|&(value, mask)| raw & mask == value)
    }
}

/// Bytes that must be there.
#[derive(Clone, Debug)]
pub(super) struct BytesTest {
    /// First byte; anywhere where not said.
    at: Option<usize>,
    pattern: Box<[MaskedByte]>,
    wanted: Wanted,
    /// Value and mask of the first eight bytes, where the pattern lies within them.
    word: Option<(u64, u64)>,
}

impl BytesTest {
    pub fn new(at: Option<usize>, pattern: &[MaskedByte], wanted: Wanted) -> Self {
        let within = at.filter(|at| at + pattern.len() <= 8);
        let word = within.map(|at| {
            pattern.iter().enumerate().fold((0, 0), |(value, mask), (offset, byte)| {
                let place = 8 * (at + offset);
                (value | u64::from(byte.value) << place, mask | u64::from(byte.mask) << place)
            })
        });
        Self { at, pattern: pattern.into(), wanted, word }
    }

    #[inline]
    fn holds(&self, data: &[u8]) -> bool {
        let Some(at) = self.at else {
            let mut windows = data.windows(self.pattern.len().max(1));
            return windows.any(|window| self.is_same(window));
        };
        let Some(bytes) = data.get(at..at + self.pattern.len()) else { return false };
        let same = match (self.word, data.first_chunk::<8>()) {
            (Some((value, mask)), Some(first)) => u64::from_le_bytes(*first) & mask == value,
            (Some(_) | None, _) => self.is_same(bytes),
        };
        match self.wanted {
            Wanted::Same => same,
            Wanted::Other => !same,
        }
    }

    fn is_same(&self, bytes: &[u8]) -> bool {
        self.pattern.iter().zip(bytes).all(|(wanted, byte)| byte & wanted.mask == wanted.value)
    }
}

/// A text that is looked for in ids and names.
#[derive(Clone, Debug)]
pub(super) struct TextTest {
    pub buses: Bits,
    pub messages: Bits,
    /// Directions and kinds that have such a word.
    pub ways: Option<Node>,
    /// Classes of error frames that have such a word, by their bits.
    pub classes: u32,
    /// The text between stars, where an id can have it.
    id: Option<Pattern>,
}

impl TextTest {
    pub fn new(pattern: &Pattern) -> Self {
        let could_be = pattern
            .could_be_in(LONGEST_ID, |letter| letter.is_ascii_hexdigit() || "xX".contains(letter));
        let id = could_be.then(|| pattern.anywhere());
        let (buses, messages) = (Bits::default(), Bits::default());
        Self { buses, messages, ways: None, classes: 0, id }
    }

    /// Whether nothing that is known can have it.
    pub fn is_in_no_name(&self) -> bool {
        self.buses.is_empty()
            && self.messages.is_empty()
            && self.ways.is_none()
            && self.classes == 0
            && self.id.is_none()
    }

    fn has_class(&self, frame: FrameRef<'_>) -> bool {
        frame.kind() == Kind::Error && frame.id().raw() & self.classes != 0
    }

    fn has_id(&self, frame: FrameRef<'_>) -> bool {
        let Some(pattern) = self.id.as_ref().filter(|_| frame.kind() != Kind::Error) else {
            return false;
        };
        let mut text = [0; LONGEST_ID];
        pattern.fits(written(frame.id(), &mut text))
    }
}

/// Letters of the longest id.
const LONGEST_ID: usize = 10;

/// An id as it is shown, written into `text`.
fn written(id: Id, text: &mut [u8; LONGEST_ID]) -> &str {
    let digits = if id.is_extended() { 8 } else { 3 };
    let mut rest = id.raw();
    for place in (0..digits + 2).rev() {
        let digit = char::from_digit(rest & 0xF, 16).unwrap_or('0').to_ascii_uppercase();
        if let Some(byte) = text.get_mut(place) {
            *byte = match place {
                0 => b'0',
                1 => b'x',
                _ => digit as u8,
            };
        }
        rest >>= 4;
    }
    text.get(..digits + 2).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default()
}
