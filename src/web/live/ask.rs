//! What a client asks for: its messages as text, checked against what there may be. Knows nothing
//! of who asks or of what there is.

use serde::Deserialize;
use thiserror::Error;

use crate::engine::Filter;
use crate::view::compose::filter::said;

/// Most packs that one subscription may name.
const PACKS: usize = 64;
/// Most patterns that one subscription may name.
const PATTERNS: usize = 32;
/// Longest pattern, pack name or bus name, in characters.
const PATTERN_CHARS: usize = 200;
/// Most ids that a filter may name.
const IDS: usize = 64;
/// Longest name of a subscription, in characters.
const NAME_CHARS: usize = 32;
/// Most messages a second.
pub const FASTEST_HZ: u32 = 20;
/// Fewest messages a second.
const SLOWEST_HZ: f64 = 1.0;
/// Messages a second where nothing is said.
const USUAL_HZ: f64 = 10.0;

/// A client's message, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Begin, or begin anew, the subscription of this name.
    Subscribe(String, Box<Topic>),
    /// End it.
    Unsubscribe(String),
}

/// What a subscription is about. Those who ask the same share one feed, so it is put in order: what
/// means the same compares equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Topic {
    /// Names of packs; `*` for all.
    pub packs: Vec<String>,
    /// Names of packs whose charge is wanted; `*` for all.
    pub charges: Vec<String>,
    /// Signals by pattern.
    pub signals: Vec<Pattern>,
    /// Notices and raised flags.
    pub events: bool,
    /// Frames.
    pub frames: Option<FrameFilter>,
    /// Every frame in the order it comes, that this filter lets through.
    pub trace: Option<String>,
    /// Replays.
    pub replays: bool,
    /// Beats between two messages; [`FASTEST_HZ`] beats make a second.
    pub every: u32,
}

impl Topic {
    /// How often it is told at most, in messages a second.
    #[must_use]
    pub fn rate_hz(&self) -> f64 {
        f64::from(FASTEST_HZ) / f64::from(self.every.max(1))
    }

    /// Whether it asks for what only those see who may send and receive CAN.
    #[must_use]
    pub const fn needs_can(&self) -> bool {
        self.frames.is_some() || self.trace.is_some() || self.replays
    }

    /// Whether it wants the pack `name`.
    #[must_use]
    pub fn wants_pack(&self, name: &str) -> bool {
        self.packs.iter().any(|wanted| wanted == "*" || wanted == name)
    }

    /// Whether it wants the charge of the pack `name`.
    #[must_use]
    pub fn wants_charge(&self, name: &str) -> bool {
        self.charges.iter().any(|wanted| wanted == "*" || wanted == name)
    }
}

/// Which frames.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct FrameFilter {
    /// Of this bus; `None` for all.
    pub bus: Option<String>,
    /// With one of these ids; none for all.
    pub ids: Vec<u32>,
    /// With an id that equals the first where the second has ones.
    pub masked: Option<(u32, u32)>,
    /// Of messages with such a name.
    pub name: Option<Pattern>,
    /// That this filter lets through; empty for all.
    pub filter: String,
}

impl FrameFilter {
    /// Whether it wants frames with this id of the bus.
    #[must_use]
    pub fn wants(&self, bus: &str, id: u32) -> bool {
        self.bus.as_ref().is_none_or(|wanted| wanted == bus)
            && (self.ids.is_empty() || self.ids.contains(&id))
            && self.masked.is_none_or(|(wanted, mask)| id & mask == wanted & mask)
    }
}

/// A name in which each `*` stands for any characters, none and `/` among them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pattern(String);

impl Pattern {
    /// A pattern.
    #[cfg(test)]
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Whether `name` fits.
    #[must_use]
    pub fn fits(&self, name: &str) -> bool {
        let Some((first, rest)) = self.0.split_once('*') else { return self.0 == name };
        let Some(mut name) = name.strip_prefix(first) else { return false };
        let mut pieces = rest.split('*');
        // The last piece must be the end; those before it are found as early as they come.
        let last = pieces.next_back().unwrap_or_default();
        for piece in pieces {
            let Some(at) = name.find(piece) else { return false };
            name = name.get(at + piece.len()..).unwrap_or_default();
        }
        name.ends_with(last)
    }

    /// Whether a name that begins with `start` could fit.
    #[must_use]
    pub fn may_begin(&self, start: &str) -> bool {
        match self.0.split_once('*') {
            Some((first, _)) => first.starts_with(start) || start.starts_with(first),
            None => self.0.starts_with(start),
        }
    }
}

/// What is wrong with a message.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum AskError {
    /// No JSON, or an unknown or missing field.
    #[error("The message is not understood: {0}.")]
    Message(String),
    /// Neither or both.
    #[error("A message holds either \u{201c}subscribe\u{201d} or \u{201c}unsubscribe\u{201d}.")]
    Either,
    /// The name of a subscription.
    #[error("The id of a subscription has 1 to {NAME_CHARS} characters.")]
    Name,
    /// Nothing wanted.
    #[error(
        "A subscription asks for at least one of packs, charges, signals, events, frames, trace and replays."
    )]
    Nothing,
    /// A list is too long.
    #[error("A subscription names at most {limit} {what}; this one names {found}.")]
    Many {
        /// What it is a list of.
        what: &'static str,
        /// How many there may be.
        limit: usize,
        /// How many there are.
        found: usize,
    },
    /// A pattern or name is empty or too long.
    #[error("Names and patterns have 1 to {PATTERN_CHARS} characters; one in {0} does not.")]
    Pattern(&'static str),
    /// The rate.
    #[error("rate_hz is a number from {SLOWEST_HZ} to {FASTEST_HZ}; {0} is not.")]
    Rate(f64),
    /// An id.
    #[error(
        "\u{201c}{0}\u{201d} is not the id of a frame: write a number up to 536870911, or hexadecimal as \"0x6F4\"."
    )]
    Id(String),
    /// A filter that cannot be read.
    #[error("{0}")]
    Filter(String),
    /// One without the other.
    #[error("A filter that has a mask has an id too.")]
    Mask,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    subscribe: Option<Wish>,
    unsubscribe: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    id: String,
    #[serde(default)]
    packs: Vec<String>,
    #[serde(default)]
    charges: Vec<String>,
    #[serde(default)]
    signals: Vec<String>,
    #[serde(default)]
    events: bool,
    frames: Option<FrameWish>,
    trace: Option<TraceWish>,
    #[serde(default)]
    replays: bool,
    rate_hz: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FrameWish {
    bus: Option<String>,
    #[serde(default)]
    ids: Vec<IdWish>,
    id: Option<IdWish>,
    mask: Option<IdWish>,
    name: Option<String>,
    #[serde(default)]
    filter: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TraceWish {
    #[serde(default)]
    filter: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum IdWish {
    Number(u64),
    Text(String),
}

/// Reads a client's message.
///
/// # Errors
/// Says in a sentence what is wrong with it.
pub fn read(text: &str) -> Result<Ask, AskError> {
    let message: Message =
        serde_json::from_str(text).map_err(|error| AskError::Message(error.to_string()))?;
    match (message.subscribe, message.unsubscribe) {
        (Some(wish), None) => {
            let id = name(wish.id.clone())?;
            Ok(Ask::Subscribe(id, Box::new(topic(wish)?)))
        }
        (None, Some(id)) => Ok(Ask::Unsubscribe(name(id)?)),
        (None, None) | (Some(_), Some(_)) => Err(AskError::Either),
    }
}

fn name(id: String) -> Result<String, AskError> {
    let fits = (1..=NAME_CHARS).contains(&id.chars().count());
    if fits { Ok(id) } else { Err(AskError::Name) }
}

fn topic(wish: Wish) -> Result<Topic, AskError> {
    let packs = or_all(names(wish.packs, "packs", PACKS)?);
    let charges = or_all(names(wish.charges, "charges", PACKS)?);
    let signals = names(wish.signals, "signals", PATTERNS)?.into_iter().map(Pattern).collect();
    let frames = wish.frames.map(frame_filter).transpose()?;
    let (events, replays, every) = (wish.events, wish.replays, every(wish.rate_hz)?);
    let trace = wish.trace.map(|wish| filter(wish.filter)).transpose()?;
    let topic = Topic { packs, charges, signals, events, frames, trace, replays, every };
    let is_empty = topic.packs.is_empty() && topic.charges.is_empty() && topic.signals.is_empty();
    if is_empty && !topic.events && !topic.needs_can() {
        return Err(AskError::Nothing);
    }
    Ok(topic)
}

/// A list in which `*` stands for everything, in its shortest form.
fn or_all(names: Vec<String>) -> Vec<String> {
    if names.iter().any(|name| name == "*") { vec!["*".to_owned()] } else { names }
}

/// Beats between two messages: never more often than asked for.
fn every(rate_hz: Option<f64>) -> Result<u32, AskError> {
    let rate = rate_hz.unwrap_or(USUAL_HZ);
    if !(SLOWEST_HZ..=f64::from(FASTEST_HZ)).contains(&rate) {
        return Err(AskError::Rate(rate));
    }
    // From 1 to 20 by the check above.
    Ok((f64::from(FASTEST_HZ) / rate).ceil() as u32)
}

fn names(list: Vec<String>, what: &'static str, limit: usize) -> Result<Vec<String>, AskError> {
    if list.len() > limit {
        return Err(AskError::Many { what, limit, found: list.len() });
    }
    let mut list: Vec<String> =
        list.into_iter().map(|text| short(text, what)).collect::<Result<_, _>>()?;
    list.sort_unstable();
    list.dedup();
    Ok(list)
}

fn short(text: String, what: &'static str) -> Result<String, AskError> {
    let fits = (1..=PATTERN_CHARS).contains(&text.chars().count());
    if fits { Ok(text) } else { Err(AskError::Pattern(what)) }
}

fn frame_filter(wish: FrameWish) -> Result<FrameFilter, AskError> {
    if wish.ids.len() > IDS {
        return Err(AskError::Many { what: "ids", limit: IDS, found: wish.ids.len() });
    }
    let mut ids: Vec<u32> = wish.ids.into_iter().map(id).collect::<Result<_, _>>()?;
    ids.sort_unstable();
    ids.dedup();
    let (wanted, mask) = (wish.id.map(id).transpose()?, wish.mask.map(id).transpose()?);
    let masked = match (wanted, mask) {
        (None, None) => None,
        (Some(wanted), mask) => Some((wanted, mask.unwrap_or(u32::MAX))),
        (None, Some(_)) => return Err(AskError::Mask),
    };
    let bus = wish.bus.map(|bus| short(bus, "frames")).transpose()?;
    let name = wish.name.map(|name| short(name, "frames")).transpose()?.map(Pattern);
    Ok(FrameFilter { bus, ids, masked, name, filter: filter(wish.filter)? })
}

/// A filter that can be read. Names that nobody knows are no mistake: a DBC file may come later.
fn filter(text: String) -> Result<String, AskError> {
    match Filter::parse(&text) {
        Ok(_) => Ok(text),
        Err(mistake) => Err(AskError::Filter(said(&text, &mistake))),
    }
}

fn id(wish: IdWish) -> Result<u32, AskError> {
    const HIGHEST: u32 = 0x1FFF_FFFF;
    let (number, text) = match wish {
        IdWish::Number(number) => (u32::try_from(number).ok(), number.to_string()),
        IdWish::Text(text) => {
            let digits = text.strip_prefix("0x").filter(|digits| !digits.starts_with('+'));
            (digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()), text)
        }
    };
    let shown = || text.chars().take(NAME_CHARS).collect();
    number.filter(|number| *number <= HIGHEST).ok_or_else(|| AskError::Id(shown()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(fields: &str) -> Result<Topic, AskError> {
        match read(&format!("{{\"subscribe\":{{\"id\":\"a\",{fields}}}}}"))? {
            Ask::Subscribe(id, topic) => {
                assert_eq!(id, "a");
                Ok(*topic)
            }
            Ask::Unsubscribe(_) => unreachable!("it was a subscription"),
        }
    }

    #[test]
    fn those_who_ask_the_same_in_other_words_share_a_topic() {
        let one = wish(r#""packs":["Front","*"],"signals":["b*","a*","a*"]"#);
        let other = wish(r#""signals":["a*","b*"],"packs":["*"],"events":false,"rate_hz":10"#);
        assert_eq!(one, other);
        let frames = wish(r#""frames":{"ids":["0x6F4",1,"0x001"]}"#).unwrap().frames.unwrap();
        assert_eq!(frames.ids, [1, 0x6F4]);
        assert_eq!(read(r#"{"unsubscribe":"a"}"#), Ok(Ask::Unsubscribe("a".into())));
    }

    #[test]
    fn nobody_is_told_more_often_than_they_asked_for() {
        let every = |rate: &str| wish(&format!(r#""events":true,"rate_hz":{rate}"#));
        let beats = ["20", "19.9", "15", "10", "3", "1"].map(|rate| every(rate).unwrap().every);
        assert_eq!(beats, [1, 2, 2, 2, 7, 20]);
        for wrong in ["0", "0.5", "20.1", "-1", "1e300"] {
            assert!(matches!(every(wrong), Err(AskError::Rate(_))), "{wrong}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_in_a_sentence() {
        let patterns = vec!["\"a\""; PATTERNS + 1].join(",");
        let long = "x".repeat(PATTERN_CHARS + 1);
        let wrong = [
            (r#""rate_hz":5"#.to_owned(), "at least one of packs"),
            (r#""pack":["*"]"#.to_owned(), "unknown field `pack`"),
            (r#""packs":"*""#.to_owned(), "expected a sequence"),
            (format!(r#""signals":[{patterns}]"#), "at most 32 signals; this one names 33"),
            (format!(r#""signals":["{long}"]"#), "1 to 200 characters; one in signals"),
            (r#""packs":[""]"#.to_owned(), "one in packs"),
            (r#""frames":{"ids":["6F4"]}"#.to_owned(), "“6F4” is not the id"),
            (r#""frames":{"ids":["0x+1"]}"#.to_owned(), "“0x+1” is not the id"),
            (r#""frames":{"ids":[4294967296]}"#.to_owned(), "“4294967296” is not the id"),
            (r#""frames":{"mask":"0x7F0"}"#.to_owned(), "has an id too"),
            (r#""trace":{"filter":"mgs:x"}"#.to_owned(), "At character 1 of the filter"),
            (r#""frames":{"filter":"id:zz"}"#.to_owned(), "At character 4 of the filter"),
        ];
        for (fields, words) in wrong {
            let said = wish(&fields).unwrap_err().to_string();
            let ends = said.ends_with(['.', '?']);
            assert!(said.contains(words) && ends, "{fields}: {said}");
        }
        for (text, words) in [
            ("", "EOF"),
            ("[]", "expected"),
            ("{}", "either"),
            (r#"{"subscribe":{"id":"","events":true}}"#, "1 to 32 characters"),
            (r#"{"unsubscribe":"a","subscribe":{"id":"b","events":true}}"#, "either"),
        ] {
            let said = read(text).unwrap_err().to_string();
            assert!(said.contains(words), "{text}: {said}");
        }
    }

    #[test]
    fn a_star_stands_for_any_characters() {
        let fits = |pattern: &str, name: &str| Pattern::new(pattern).fits(name);
        assert!(fits("pack/*/voltage_v", "pack/Demo pack/voltage_v"));
        assert!(fits("*", "") && fits("**", "x") && fits("a*a", "aa") && fits("*b*", "abc"));
        assert!(!fits("a*a", "a") && !fits("pack/*", "signal/a") && !fits("a", "ab"));
        assert!(fits("*ab*ab", "xabyab") && !fits("*ab*ab", "xab"));
        assert!(!fits("a*b*c", "acb"));
    }

    #[test]
    fn a_pattern_knows_which_beginnings_cannot_fit() {
        let may = |pattern: &str, start: &str| Pattern::new(pattern).may_begin(start);
        assert!(may("signal/can0/BMU*", "signal/can0/BMU_CELLS/"));
        assert!(may("signal/*/x", "signal/can0/"));
        assert!(may("signal/can0/A/x", "signal/can0/A/"));
        assert!(!may("signal/can1/*", "signal/can0/"));
        assert!(!may("signal/can0/A/x", "signal/can0/B/"));
    }

    #[test]
    fn a_filter_takes_ids_by_list_and_by_mask() {
        let filter = wish(r#""frames":{"bus":"can0","id":"0x600","mask":"0x7F0"}"#);
        let filter = filter.unwrap().frames.unwrap();
        assert!(filter.wants("can0", 0x60F));
        assert!(!filter.wants("can0", 0x610) && !filter.wants("can1", 0x600));
        assert!(FrameFilter::default().wants("any", 1));
    }
}
