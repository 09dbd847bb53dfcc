//! What may follow where somebody types: words of the language, names and values, best first.

use std::ops::Range;

use super::token::{Kind, Token, tokens};
use super::vocabulary::Vocabulary;
use super::words::{self, Key};
use crate::engine::dbc::Signal;

/// Most completions at once.
const OFFERED: usize = 12;
/// Most names that are looked through.
const LOOKED_THROUGH: usize = 20_000;

/// Something that may stand at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// What it takes the place of, bytes.
    pub span: Range<usize>,
    /// What is written there.
    pub text: String,
    /// What it is, in a few words.
    pub says: String,
}

/// What somebody is typing.
struct Typed<'t> {
    /// What is replaced.
    span: Range<usize>,
    /// What stands there already, without quotes.
    part: &'t str,
}

/// What may follow at byte `cursor` of `text`, best first; nothing inside what cannot be read.
#[must_use]
pub fn complete(text: &str, cursor: usize, vocabulary: &Vocabulary) -> Vec<Completion> {
    let mut cursor = cursor.min(text.len());
    while !text.is_char_boundary(cursor) {
        cursor -= 1;
    }
    let before = text.get(..cursor).unwrap_or_default();
    // An open quote is closed for reading.
    let closed = tokens(before).or_else(|_| tokens(&format!("{before}\"")));
    let Ok(mut all) = closed else { return Vec::new() };
    let last = all.pop_if(|last| {
        last.span.end >= cursor && matches!(last.kind, Kind::Word | Kind::Quoted(_))
    });
    let (span, is_value) = match &last {
        Some(token) => (token.span.start..cursor, token.glued),
        None => (cursor..cursor, all.last().is_some_and(|token| token.span.end == cursor)),
    };
    let part = before.get(span.clone()).unwrap_or_default().trim_matches('"');
    let typed = Typed { span, part };
    let mut found = Found { typed: &typed, all: Vec::new() };
    match Place::of(before, &all, is_value) {
        Place::Start(joints) => start(&mut found, vocabulary, joints),
        Place::Value(key) => values(&mut found, vocabulary, key),
        Place::Said { signal } => said(&mut found, vocabulary, &signal),
    }
    found.best()
}

/// Whether words may stand here that join terms.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joints {
    Allowed,
    Misplaced,
}

/// What is expected at a place.
enum Place {
    /// A term.
    Start(Joints),
    /// A value of this kind of term.
    Value(Key),
    /// What a signal is compared with.
    Said { signal: String },
}

impl Place {
    fn of(text: &str, before: &[Token], is_value: bool) -> Self {
        let word = |token: &Token| text.get(token.span.clone()).unwrap_or_default().to_owned();
        if let Some(last) = before.last().filter(|last| matches!(last.kind, Kind::Op(_))) {
            let named = before.iter().rev().nth(1).filter(|t| t.span.end <= last.span.start);
            let signal = named.map(word).unwrap_or_default().trim_matches('"').to_owned();
            return match words::find(&signal).filter(|found| found.key != Key::Signal) {
                Some(found) => Self::Value(found.key),
                None => Self::Said { signal },
            };
        }
        if is_value {
            // Back over the list to the colon and the word before it.
            let start = before.iter().rposition(|token| token.kind == Kind::Colon);
            let list = |from: usize| before.iter().skip(from + 1).all(|token| token.glued);
            if let Some(colon) = start.filter(|at| list(*at))
                && let Some(key) = colon.checked_sub(1).and_then(|at| before.get(at))
                && let Some(found) = words::find(&word(key))
            {
                return Self::Value(found.key);
            }
        }
        let is_after_term = before.last().is_some_and(|last| match last.kind {
            Kind::Word => !words::JOINTS.iter().any(|joint| word(last).eq_ignore_ascii_case(joint)),
            Kind::Quoted(_) | Kind::Close => true,
            Kind::Colon | Kind::Comma | Kind::Op(_) | Kind::Open | Kind::Not => false,
        });
        Self::Start(if is_after_term { Joints::Allowed } else { Joints::Misplaced })
    }
}

/// Completions that were found, with how well they fit.
struct Found<'t> {
    typed: &'t Typed<'t>,
    all: Vec<(u8, usize, Completion)>,
}

impl Found<'_> {
    /// Adds something that is written as `text` where `name` fits what was typed.
    fn offer(&mut self, name: &str, text: String, says: impl Into<String>) {
        let Some(rank) = rank(name, self.typed.part) else { return };
        self.add(rank, text, says.into());
    }

    fn add(&mut self, rank: u8, text: String, says: String) {
        let known = self.all.iter().any(|(_, _, other)| other.text == text);
        if !known {
            let completion = Completion { span: self.typed.span.clone(), text, says };
            self.all.push((rank, self.all.len(), completion));
        }
        // What is worst goes, so that the list stays short however many names there are.
        if self.all.len() > 8 * OFFERED {
            self.sort();
            self.all.truncate(OFFERED);
        }
    }

    fn sort(&mut self) {
        self.all.sort_by_key(|(rank, order, _)| (*rank, *order));
    }

    fn best(mut self) -> Vec<Completion> {
        self.sort();
        self.all.into_iter().map(|(_, _, completion)| completion).take(OFFERED).collect()
    }
}

/// How well a name goes on from what was typed: 0 begins with it, 1 has a word that does, 2 has it.
fn rank(name: &str, typed: &str) -> Option<u8> {
    let (name, typed) = (name.to_lowercase(), typed.to_lowercase());
    if name == typed {
        // It is there already.
        return None;
    }
    if name.starts_with(&typed) {
        return Some(0);
    }
    let at = name.find(&typed)?;
    let before = name.get(..at).and_then(|lead| lead.chars().next_back());
    Some(if before.is_some_and(|letter| !letter.is_alphanumeric()) { 1 } else { 2 })
}

/// A name as it is written in a filter.
fn written(name: &str) -> String {
    super::pattern::Pattern::literal(name).to_string()
}

fn start(found: &mut Found<'_>, vocabulary: &Vocabulary, joints: Joints) {
    for word in &words::KEYS {
        let says = format!("{}, as in {}", word.says, word.example);
        found.offer(word.name, format!("{}:", word.name), says);
    }
    found.offer("changed", "changed".into(), "other bytes than the last of its bus and id");
    found.offer("not", "not ".into(), "what follows must not hold");
    if joints == Joints::Allowed {
        found.offer("or", "or ".into(), "one of both must hold");
        found.offer("and", "and ".into(), "both must hold; a space says the same");
    }
    if found.typed.part.is_empty() {
        return;
    }
    for (_, message) in vocabulary.messages().take(LOOKED_THROUGH) {
        let says = format!("message {}", message.id);
        found.offer(&message.name, format!("msg:{}", written(&message.name)), says);
    }
    for (message, signal) in signals(vocabulary) {
        let says = format!("signal of {message}{}", in_unit(signal));
        found.offer(&signal.name, format!("sig:{}", written(&signal.name)), says);
    }
    for name in vocabulary.bus_names() {
        found.offer(name, format!("bus:{}", written(name)), "bus");
    }
}

fn signals(vocabulary: &Vocabulary) -> impl Iterator<Item = (&str, &Signal)> {
    let all = vocabulary.messages().flat_map(|(_, message)| {
        message.signals.iter().map(|signal| (message.name.as_str(), signal))
    });
    all.take(LOOKED_THROUGH)
}

fn in_unit(signal: &Signal) -> String {
    if signal.unit.is_empty() { String::new() } else { format!(", in {}", signal.unit) }
}

fn values(found: &mut Found<'_>, vocabulary: &Vocabulary, key: Key) {
    match key {
        Key::Bus => {
            for name in vocabulary.bus_names() {
                found.offer(name, written(name), "bus");
            }
        }
        Key::Message => {
            for (_, message) in vocabulary.messages().take(LOOKED_THROUGH) {
                found.offer(&message.name, written(&message.name), message.id.to_string());
            }
        }
        Key::Signal => {
            for (message, signal) in signals(vocabulary) {
                let says = format!("of {message}{}", in_unit(signal));
                found.offer(&signal.name, written(&signal.name), says);
            }
        }
        Key::Id => {
            for (_, message) in vocabulary.messages().take(LOOKED_THROUGH) {
                let id = message.id.to_string();
                let digits = id.trim_start_matches("0x");
                let typed = found.typed.part.trim_start_matches("0x");
                if let Some(0) = rank(digits, typed) {
                    found.add(0, digits.to_owned(), message.name.clone());
                }
            }
            found.offer("std", "std".into(), "all of 11 bits");
            found.offer("ext", "ext".into(), "all of 29 bits");
        }
        Key::Direction => {
            found.offer("rx", "rx".into(), "received");
            found.offer("tx", "tx".into(), "sent by this program");
        }
        Key::Kind => {
            found.offer("data", "data".into(), "classic data frames");
            found.offer("fd", "fd".into(), "FD data frames");
            found.offer("remote", "remote".into(), "remote requests");
            found.offer("error", "error".into(), "error frames");
        }
        Key::Len | Key::Count | Key::Bytes | Key::Group | Key::Source | Key::Time | Key::Since => {
            if found.typed.part.is_empty()
                && let Some(word) = words::KEYS.iter().find(|word| word.key == key)
                && let Some((_, value)) = word.example.split_once(':')
            {
                found.add(0, value.to_owned(), format!("{}, for example", word.says));
            }
        }
    }
}

/// The words of a signal's value table.
fn said(found: &mut Found<'_>, vocabulary: &Vocabulary, signal: &str) {
    let name = signal.rsplit('.').next().unwrap_or(signal);
    for (message, one) in signals(vocabulary) {
        if one.name.eq_ignore_ascii_case(name) {
            for label in one.labels.iter().take(OFFERED * 8) {
                let says = format!("{} of {message}", label.value);
                let text = written(&label.text);
                let quoted =
                    text.starts_with(|letter: char| letter.is_ascii_digit() || letter == '+');
                let text = if quoted { format!("\"{text}\"") } else { text };
                found.offer(&label.text, text, says);
            }
        }
    }
}
