//! An expression and the names that are known to what runs over frames: ids become sets, names
//! become numbers of messages, signals become probes. Names that nobody knows are warnings.

use std::ops::Range;

use super::expr::{Against, Check, Expr, Ids, MaskedByte, Placed, Start, Term, Wanted};
use super::fields::uses;
use super::mistake::{Mistake, nearest, nearest_beginning};
use super::pattern::Pattern;
use super::run::{Bits, BytesTest, IdSet, Node, Sieve, TextTest};
use super::signals;
use super::vocabulary::Vocabulary;
use crate::engine::can::frame::{Direction, ERROR_CLASSES, Kind};

/// Most warnings of one filter.
const WARNINGS: usize = 16;

/// What a filter runs over; some terms mean nothing in some places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Frames as they come.
    Trace,
    /// The frames of a recording.
    Recording,
    /// The rows of the table by id: the last frame of each, with its count.
    Table,
}

/// What compiling needs, and what it finds to say.
pub(super) struct Workshop<'v> {
    pub vocabulary: &'v Vocabulary,
    pub warnings: Vec<Mistake>,
}

impl Workshop<'_> {
    pub fn warn(&mut self, mistake: Mistake) {
        if self.warnings.len() < WARNINGS {
            self.warnings.push(mistake);
        }
    }

    /// Says that nothing has this name, with the nearest that something has.
    pub fn unknown(&mut self, noun: &str, name: &Placed<Pattern>, known: &[&str]) {
        let meant = meant(&name.value, known);
        let said = format!("There is no {noun} `{}`.", bare(&name.value));
        self.warn(Mistake::warning(name.span.clone(), said).meant(meant));
    }
}

fn bare(pattern: &Pattern) -> String {
    pattern.to_string().trim_matches('"').to_owned()
}

/// The known name that is nearest to a pattern, written as the pattern is.
pub(super) fn meant(pattern: &Pattern, known: &[&str]) -> Option<String> {
    let known = known.iter().copied();
    if let Some(beginning) = pattern.beginning() {
        let near = nearest_beginning(&beginning, known)?;
        return Some(format!("{}*", Pattern::literal(near)));
    }
    let near = nearest(&pattern.plain()?, known)?;
    Some(Pattern::literal(near).to_string())
}

/// Compiles a filter.
pub(super) fn compile(
    expr: Option<&Expr>,
    vocabulary: &Vocabulary,
    scope: Scope,
) -> Result<Sieve, Mistake> {
    let Some(expr) = expr else { return Ok(Sieve::everything()) };
    fits_scope(expr, scope)?;
    let mut workshop = Workshop { vocabulary, warnings: Vec::new() };
    let root = node(expr, &mut workshop);
    let changes = uses(expr, &|term| *term == Term::Changed);
    let gate = if changes { gate(expr, vocabulary) } else { Node::Always };
    let (vocabulary, warnings) = (vocabulary.clone(), workshop.warnings);
    Ok(Sieve { root, gate, changes, vocabulary, warnings })
}

/// Refuses terms that mean nothing where the filter runs.
fn fits_scope(expr: &Expr, scope: Scope) -> Result<(), Mistake> {
    match expr {
        Expr::All(parts) | Expr::Any(parts) => {
            parts.iter().try_for_each(|part| fits_scope(part, scope))
        }
        Expr::Not(part) => fits_scope(part, scope),
        Expr::Term(Placed { value, span }) => {
            let said = match (value, scope) {
                (Term::Count(_), Scope::Trace | Scope::Recording) => {
                    "`count:` counts the rows of the table by id; single frames have no count."
                }
                (Term::Time(_), Scope::Table) => {
                    "`time:` counts from the beginning of a trace; for the table by id write `since:`."
                }
                (Term::Since(_), Scope::Recording) => {
                    "`since:` counts back from now; in a recording write `time:`."
                }
                (_, Scope::Trace | Scope::Recording | Scope::Table) => return Ok(()),
            };
            Err(Mistake::error(span.clone(), said))
        }
    }
}

/// What is necessary and depends on bus and id alone: only ids that pass need to be remembered.
fn gate(expr: &Expr, vocabulary: &Vocabulary) -> Node {
    let mut quiet = Workshop { vocabulary, warnings: Vec::new() };
    let mut parts = Vec::new();
    let all = match expr {
        Expr::All(all) => all.as_slice(),
        Expr::Any(_) | Expr::Not(_) | Expr::Term(_) => std::slice::from_ref(expr),
    };
    for part in all {
        let depends_on_more = uses(part, &|term| match term {
            Term::Bus(_) | Term::Id(_) | Term::Group(_) | Term::Source(_) => false,
            Term::Message(_) => false,
            Term::Direction(_) | Term::Kind(_) | Term::Len(_) | Term::Count(_) => true,
            Term::Bytes { .. } | Term::Byte { .. } | Term::Bits { .. } => true,
            Term::Signal { .. } | Term::Changed | Term::Time(_) | Term::Since(_) => true,
            Term::Text(_) => true,
        });
        if !depends_on_more {
            parts.push(node(part, &mut quiet));
        }
    }
    all_of(parts)
}

fn node(expr: &Expr, workshop: &mut Workshop<'_>) -> Node {
    match expr {
        Expr::All(parts) => all_of(parts.iter().map(|part| node(part, workshop)).collect()),
        Expr::Any(parts) => {
            let mut nodes: Vec<Node> = parts.iter().map(|part| node(part, workshop)).collect();
            nodes.sort_by_key(Node::cost);
            Node::Any(nodes.into())
        }
        Expr::Not(part) => Node::Not(Box::new(node(part, workshop))),
        Expr::Term(term) => leaf(&term.value, &term.span, workshop),
    }
}

/// Cheap ones first: nothing that is asked changes anything, so their order is free.
fn all_of(mut nodes: Vec<Node>) -> Node {
    nodes.sort_by_key(Node::cost);
    match (nodes.len(), nodes.pop()) {
        (_, None) => Node::Always,
        (1, Some(only)) => only,
        (_, Some(last)) => {
            nodes.push(last);
            Node::All(nodes.into())
        }
    }
}

fn leaf(term: &Term, span: &Range<usize>, workshop: &mut Workshop<'_>) -> Node {
    match term {
        Term::Bus(names) => Node::Bus(buses(names, workshop)),
        Term::Id(ids) => Node::Ids(Box::new(id_set(ids))),
        Term::Direction(ways) => Node::Directions {
            received: ways.contains(&Direction::Received),
            sent: ways.contains(&Direction::Sent),
        },
        Term::Kind(kinds) => Node::Kinds(kinds.iter().fold(0, |all, kind| all | kind_bit(*kind))),
        Term::Len(runs) => Node::Len(runs.as_slice().into()),
        Term::Count(runs) => Node::Count(runs.as_slice().into()),
        Term::Bytes { start, pattern, wanted } => {
            Node::Bytes(Box::new(bytes_test(*start, pattern, *wanted)))
        }
        Term::Byte { at, stretch } => {
            Node::Byte { at: *at, from: stretch.from as u8, to: stretch.to as u8 }
        }
        Term::Bits { at, mask } => Node::Bits { at: *at, mask: *mask },
        Term::Group(runs) => Node::Groups(runs.as_slice().into()),
        Term::Source(runs) => Node::Sources(runs.as_slice().into()),
        Term::Message(names) => Node::Messages(messages(names, workshop)),
        Term::Signal { message, signal, check } => {
            signals::compile(message.as_ref(), signal, check.as_ref(), span, workshop)
        }
        Term::Changed => Node::Changed,
        Term::Time(spans) => Node::Time(spans.as_slice().into()),
        Term::Since(seconds) => Node::Since(*seconds),
        Term::Text(pattern) => Node::Text(Box::new(text(pattern, span, workshop))),
    }
}

pub(super) const fn kind_bit(kind: Kind) -> u8 {
    match kind {
        Kind::Data => 1,
        Kind::Remote => 2,
        Kind::Error => 4,
        Kind::Fd => 8,
    }
}

fn buses(names: &[Placed<Pattern>], workshop: &mut Workshop<'_>) -> Bits {
    let vocabulary = workshop.vocabulary;
    let known: Vec<&str> = vocabulary.bus_names().collect();
    let mut bits = Bits::default();
    for name in names {
        let mut found = false;
        for (at, _) in known.iter().enumerate().filter(|(_, known)| name.value.fits(known)) {
            bits.set(at);
            found = true;
        }
        // A recording names its buses only as it is read.
        if !found && !known.is_empty() {
            workshop.unknown("bus", name, &known);
        }
    }
    bits
}

fn messages(names: &[Placed<Pattern>], workshop: &mut Workshop<'_>) -> Bits {
    let vocabulary = workshop.vocabulary;
    let mut bits = Bits::default();
    for name in names {
        let mut found = false;
        for (number, _) in vocabulary.messages().filter(|(_, m)| name.value.fits(&m.name)) {
            bits.set(number);
            found = true;
        }
        if !found {
            let known: Vec<&str> = vocabulary.messages().map(|(_, m)| m.name.as_str()).collect();
            workshop.unknown("message", name, &known);
        }
    }
    bits
}

fn id_set(ids: &[Ids]) -> IdSet {
    let mut set = IdSet::default();
    for ids in ids {
        match *ids {
            Ids::Run(run) => {
                set.add_standard(run);
                set.add_extended(run);
            }
            Ids::Extended(run) => set.add_extended(run),
            Ids::Masked { value, mask } => set.add_masked(value, mask),
            Ids::AllStandard => set.add_standard(IdSet::ALL),
            Ids::AllExtended => set.add_extended(IdSet::ALL),
        }
    }
    set.finished()
}

fn bytes_test(start: Start, pattern: &[MaskedByte], wanted: Wanted) -> BytesTest {
    let at = match start {
        Start::At(at) => Some(usize::from(at)),
        Start::Anywhere => None,
    };
    BytesTest::new(at, pattern, wanted)
}

/// Words that stand in the column of directions.
const WAYS: [(&str, Node); 6] = [
    ("rx", Node::Directions { received: true, sent: false }),
    ("tx", Node::Directions { received: false, sent: true }),
    ("rtr", Node::Kinds(kind_bit(Kind::Remote))),
    ("err", Node::Kinds(kind_bit(Kind::Error))),
    ("error", Node::Kinds(kind_bit(Kind::Error))),
    ("fd", Node::Kinds(kind_bit(Kind::Fd))),
];

fn text(pattern: &Pattern, span: &Range<usize>, workshop: &mut Workshop<'_>) -> TextTest {
    let vocabulary = workshop.vocabulary;
    let mut test = TextTest::new(pattern);
    for (at, _) in vocabulary.bus_names().enumerate().filter(|(_, name)| pattern.is_in(name)) {
        test.buses.set(at);
    }
    for (number, message) in vocabulary.messages() {
        let is_named = pattern.is_in(&message.name)
            || message.signals.iter().any(|signal| pattern.is_in(&signal.name));
        if is_named {
            test.messages.set(number);
        }
    }
    let ways: Vec<Node> =
        WAYS.into_iter().filter(|(word, _)| pattern.fits(word)).map(|(_, node)| node).collect();
    if !ways.is_empty() {
        test.ways = Some(Node::Any(ways.into()));
    }
    for (bit, class) in ERROR_CLASSES.iter().enumerate() {
        if pattern.is_in(class) {
            test.classes |= 1 << bit;
        }
    }
    let has_names = vocabulary.message_count() > 0 && vocabulary.bus_names().next().is_some();
    if has_names && test.is_in_no_name() {
        let known = vocabulary.messages().map(|(_, message)| message.name.as_str());
        let known: Vec<&str> = known.chain(vocabulary.bus_names()).collect();
        let meant = meant(pattern, &known);
        let said =
            format!("No message, signal or bus has `{}` in its name, and no id.", bare(pattern));
        workshop.warn(Mistake::warning(span.clone(), said).meant(meant));
    }
    test
}

/// Whether a comparison asks for what is equal.
pub(super) fn labels(check: &Check) -> impl Iterator<Item = (&Pattern, &Range<usize>)> {
    check.against.iter().filter_map(|against| match &against.value {
        Against::Label(label) => Some((label, &against.span)),
        Against::Number(_) | Against::Between(..) => None,
    })
}
