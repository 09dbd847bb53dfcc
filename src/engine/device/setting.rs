//! What a kind of device lets its components set: the `[[setting]]` tables of device.toml, one check of
//! what is set for all faces, and the values. Knows no profile and no form; a setting that is left out
//! has its default.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize};

/// Most settings of one kind of device.
pub const SETTINGS_LIMIT: usize = 64;
/// Longest text that a setting may hold, in characters.
pub const LONGEST_TEXT: usize = 200;
/// Most choices of one setting.
const CHOICES_LIMIT: usize = 64;

/// What every component can be told: no kind may use one of these names for something of its own.
const RESERVED: [&str; 23] = [
    "name",
    "kind",
    "bus",
    "base",
    "current_sign",
    "strings",
    "pack",
    "late_ms",
    "lost_ms",
    "limits",
    "cell_min_mv",
    "cell_max_mv",
    "temperature_min_c",
    "temperature_max_c",
    "current_max_a",
    "rating_v",
    "rating_a",
    "rating_w",
    "settings",
    "enabled",
    "old",
    "revision",
    "form_token",
];

/// A setting of a kind of device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawRule", into = "RawRule")]
pub struct SettingRule {
    /// Its key in a profile.
    pub name: String,
    /// What a person calls it.
    pub title: String,
    /// What it can be.
    pub shape: SettingShape,
    /// Unit of a number; empty without one.
    pub unit: String,
    /// What it is where nobody sets it.
    pub default: SettingValue,
    /// What it does, in a sentence.
    pub help: String,
}

/// What a setting can be.
#[derive(Clone, Debug, PartialEq)]
pub enum SettingShape {
    /// A whole number.
    Integer {
        /// From and to.
        range: RangeInclusive<i64>,
        /// How people write it.
        written: Digits,
    },
    /// A number.
    Number {
        /// From and to.
        range: RangeInclusive<f64>,
    },
    /// One of several words.
    Choice(Vec<SettingChoice>),
    /// On or off.
    Switch,
    /// A text.
    Text,
}

/// How people write a whole number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Digits {
    /// 1536.
    #[default]
    Decimal,
    /// 0x600.
    Hex,
}

/// One of the words that a setting can be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingChoice {
    /// The word in a profile.
    pub value: String,
    /// What a person calls it.
    pub title: String,
}

/// What a setting is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum SettingValue {
    /// On or off.
    Switch(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A choice or a text.
    Word(String),
}

/// What is set on a device: by name, complete once the device is bound.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SettingValues(Arc<BTreeMap<String, SettingValue>>);

/// A `[[setting]]` as it is written.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    name: String,
    title: String,
    #[serde(rename = "type")]
    kind: RawKind,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    unit: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<(f64, f64)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    choices: Vec<SettingChoice>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    hex: bool,
    default: SettingValue,
    help: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RawKind {
    Integer,
    Number,
    Choice,
    Switch,
    Text,
}

impl SettingShape {
    /// Its word in device.toml and in the API.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Integer { .. } => "integer",
            Self::Number { .. } => "number",
            Self::Choice(_) => "choice",
            Self::Switch => "switch",
            Self::Text => "text",
        }
    }

    /// The words that it can be; none where it is no choice.
    #[must_use]
    pub fn choices(&self) -> &[SettingChoice] {
        match self {
            Self::Choice(choices) => choices,
            Self::Integer { .. } | Self::Number { .. } | Self::Switch | Self::Text => &[],
        }
    }
}

impl SettingRule {
    /// What `text` sets, as somebody typed it or as a variable of the environment has it.
    ///
    /// # Errors
    /// Says what is possible.
    pub fn read(&self, text: &str) -> Result<SettingValue, String> {
        let text = text.trim();
        let value = match &self.shape {
            SettingShape::Integer { .. } => whole(text).map(SettingValue::Integer),
            SettingShape::Number { .. } => {
                // Some write a comma, and there is nothing else it could mean in one number.
                text.replace(',', ".").parse().ok().map(SettingValue::Number)
            }
            SettingShape::Switch => switch(text).map(SettingValue::Switch),
            SettingShape::Choice(_) | SettingShape::Text => {
                Some(SettingValue::Word(text.to_owned()))
            }
        };
        self.take(&value.ok_or_else(|| self.must(text))?)
    }

    /// `value` as this setting holds it.
    ///
    /// # Errors
    /// Says what is possible.
    pub fn take(&self, value: &SettingValue) -> Result<SettingValue, String> {
        let fits = match (&self.shape, value) {
            (SettingShape::Integer { range, .. }, SettingValue::Integer(number)) => {
                range.contains(number)
            }
            (SettingShape::Number { range }, SettingValue::Number(number)) => {
                range.contains(number)
            }
            // What is written without a point is a number too.
            (SettingShape::Number { .. }, SettingValue::Integer(number)) => {
                return self.take(&SettingValue::Number(*number as f64));
            }
            (SettingShape::Choice(choices), SettingValue::Word(word)) => {
                choices.iter().any(|choice| choice.value == *word)
            }
            (SettingShape::Text, SettingValue::Word(text)) => {
                text.chars().count() <= LONGEST_TEXT && !text.chars().any(char::is_control)
            }
            (SettingShape::Switch, SettingValue::Switch(_)) => true,
            // A variable of the environment stands in quotes, whatever it is.
            (
                SettingShape::Integer { .. } | SettingShape::Number { .. } | SettingShape::Switch,
                SettingValue::Word(text),
            ) => return self.read(text),
            (SettingShape::Integer { .. }, SettingValue::Number(_) | SettingValue::Switch(_))
            | (SettingShape::Number { .. }, SettingValue::Switch(_))
            | (
                SettingShape::Switch | SettingShape::Choice(_) | SettingShape::Text,
                SettingValue::Integer(_) | SettingValue::Number(_),
            )
            | (SettingShape::Choice(_) | SettingShape::Text, SettingValue::Switch(_)) => false,
        };
        if fits { Ok(value.clone()) } else { Err(self.must(&value.to_string())) }
    }

    /// What it must be, as a sentence without its end.
    fn must(&self, given: &str) -> String {
        let title = &self.title;
        match &self.shape {
            SettingShape::Text => {
                format!("{title} must be a text of at most {LONGEST_TEXT} characters in one line")
            }
            SettingShape::Integer { .. }
            | SettingShape::Number { .. }
            | SettingShape::Choice(_)
            | SettingShape::Switch => {
                let given: String = given.chars().take(40).collect();
                format!("{title} cannot be \u{201c}{given}\u{201d}: it must be {}", self.possible())
            }
        }
    }

    /// What is possible, in words: "a whole number from 1 to 100, in ms".
    #[must_use]
    pub fn possible(&self) -> String {
        let unit = if self.unit.is_empty() { String::new() } else { format!(", in {}", self.unit) };
        match &self.shape {
            SettingShape::Integer { range, written } => {
                let (least, most) = (written.show(*range.start()), written.show(*range.end()));
                format!("a whole number from {least} to {most}{unit}")
            }
            SettingShape::Number { range } => {
                format!("a number from {} to {}{unit}", range.start(), range.end())
            }
            SettingShape::Choice(choices) => {
                let words: Vec<&str> = choices.iter().map(|choice| choice.value.as_str()).collect();
                match words.split_last() {
                    Some((last, [])) => (*last).to_owned(),
                    Some((last, first)) => format!("{} or {last}", first.join(", ")),
                    None => "nothing".to_owned(),
                }
            }
            SettingShape::Switch => "on or off".to_owned(),
            SettingShape::Text => format!("a text of at most {LONGEST_TEXT} characters"),
        }
    }

    /// `value` as people type it.
    #[must_use]
    pub fn show(&self, value: &SettingValue) -> String {
        match (&self.shape, value) {
            (SettingShape::Integer { written, .. }, SettingValue::Integer(number)) => {
                written.show(*number)
            }
            (
                SettingShape::Integer { .. }
                | SettingShape::Number { .. }
                | SettingShape::Choice(_)
                | SettingShape::Switch
                | SettingShape::Text,
                value,
            ) => value.to_string(),
        }
    }
}

impl SettingRule {
    /// `value` as people read it: a choice by its title, a number with its unit.
    #[must_use]
    pub fn in_words(&self, value: &SettingValue) -> String {
        let shown = self.show(value);
        let choice = self.shape.choices().iter().find(|choice| choice.value == shown);
        match choice {
            Some(choice) => choice.title.clone(),
            None if self.unit.is_empty() => shown,
            None => format!("{shown} {}", self.unit),
        }
    }
}

impl Digits {
    fn show(self, number: i64) -> String {
        match self {
            Self::Hex if number >= 0 => format!("0x{number:03X}"),
            Self::Decimal | Self::Hex => number.to_string(),
        }
    }
}

/// A whole number as people write it: 1536 or 0x600.
fn whole(text: &str) -> Option<i64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        // A sign after the prefix would be read as one.
        Some(digits) if digits.starts_with(['+', '-']) => None,
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

fn switch(text: &str) -> Option<bool> {
    match text {
        "on" | "true" | "yes" | "1" => Some(true),
        "off" | "false" | "no" | "0" => Some(false),
        _ => None,
    }
}

impl fmt::Display for SettingValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Switch(true) => f.write_str("on"),
            Self::Switch(false) => f.write_str("off"),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Word(text) => f.write_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for SettingValue {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reads;
        impl Visitor<'_> for Reads {
            type Value = SettingValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, a text, true or false")
            }

            fn visit_bool<E: de::Error>(self, is_on: bool) -> Result<SettingValue, E> {
                Ok(SettingValue::Switch(is_on))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<SettingValue, E> {
                Ok(SettingValue::Integer(number))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<SettingValue, E> {
                let fits = i64::try_from(number);
                fits.map(SettingValue::Integer)
                    .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(number), &self))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<SettingValue, E> {
                Ok(SettingValue::Number(number))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<SettingValue, E> {
                Ok(SettingValue::Word(text.to_owned()))
            }
        }
        from.deserialize_any(Reads)
    }
}

impl SettingValues {
    /// These values.
    #[must_use]
    pub fn of(values: &BTreeMap<String, SettingValue>) -> Self {
        Self(Arc::new(values.clone()))
    }

    /// The same with what `rules` say besides.
    ///
    /// # Errors
    /// The name of the setting that cannot be so, and why.
    pub fn complete(&self, rules: &[SettingRule]) -> Result<Self, (String, String)> {
        if let Some(name) = self.0.keys().find(|name| !rules.iter().any(|rule| rule.name == **name))
        {
            let known: Vec<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
            let why = if known.is_empty() {
                format!("there is no setting {name}; this kind has none")
            } else {
                format!("there is no setting {name}; there is {}", known.join(", "))
            };
            return Err((name.clone(), why));
        }
        let mut all = BTreeMap::new();
        for rule in rules {
            let value = match self.0.get(&rule.name) {
                Some(value) => rule.take(value).map_err(|why| (rule.name.clone(), why))?,
                None => rule.default.clone(),
            };
            all.insert(rule.name.clone(), value);
        }
        Ok(Self(Arc::new(all)))
    }

    /// The value of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&SettingValue> {
        self.0.get(name)
    }

    /// The whole number of this name.
    #[must_use]
    pub fn integer(&self, name: &str) -> Option<i64> {
        match self.get(name)? {
            SettingValue::Integer(number) => Some(*number),
            SettingValue::Switch(_) | SettingValue::Number(_) | SettingValue::Word(_) => None,
        }
    }

    /// The number of this name.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        match self.get(name)? {
            SettingValue::Number(number) => Some(*number),
            SettingValue::Integer(number) => Some(*number as f64),
            SettingValue::Switch(_) | SettingValue::Word(_) => None,
        }
    }

    /// The choice or text of this name.
    #[must_use]
    pub fn word(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            SettingValue::Word(word) => Some(word),
            SettingValue::Switch(_) | SettingValue::Integer(_) | SettingValue::Number(_) => None,
        }
    }

    /// Whether the switch of this name is on.
    #[must_use]
    pub fn is_on(&self, name: &str) -> bool {
        self.get(name) == Some(&SettingValue::Switch(true))
    }
}

impl TryFrom<RawRule> for SettingRule {
    type Error = String;

    fn try_from(raw: RawRule) -> Result<Self, String> {
        let name = raw.name.clone();
        let wrong = |why: &str| format!("setting {name:?}: {why}");
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if raw.name.is_empty() || raw.name.len() > 40 || !raw.name.chars().all(fits) {
            return Err(wrong("a name is of small letters, digits and _, at most 40 of them"));
        }
        if RESERVED.contains(&name.as_str()) {
            return Err(wrong("every component has that already: give it another name"));
        }
        if raw.title.trim().is_empty() || raw.help.trim().is_empty() {
            return Err(wrong("title and help must say something"));
        }
        if raw.range.is_some() && !matches!(raw.kind, RawKind::Integer | RawKind::Number) {
            return Err(wrong("only an integer or a number has a range"));
        }
        if raw.hex && raw.kind != RawKind::Integer {
            return Err(wrong("only an integer is written as hex"));
        }
        if raw.choices.is_empty() == (raw.kind == RawKind::Choice) {
            return Err(wrong("a choice has choices, and nothing else has"));
        }
        let shape = raw.shape().map_err(|why| wrong(&why))?;
        let RawRule { name, title, unit, default, help, .. } = raw;
        let rule = Self { name, title, shape, unit, default, help };
        let default = rule.take(&rule.default).map_err(|why| wrong(&format!("default: {why}")))?;
        Ok(Self { default, ..rule })
    }
}

impl RawRule {
    fn shape(&self) -> Result<SettingShape, String> {
        let needs = || "it needs range = [least, most]".to_owned();
        Ok(match self.kind {
            RawKind::Integer => {
                let (least, most) = self.range.ok_or_else(needs)?;
                let whole = |end: f64| end.fract() == 0.0 && end.abs() <= 9e15;
                if !whole(least) || !whole(most) || least > most {
                    return Err("its range must be two whole numbers, the lesser first".to_owned());
                }
                let written = if self.hex { Digits::Hex } else { Digits::Decimal };
                SettingShape::Integer { range: least as i64..=most as i64, written }
            }
            RawKind::Number => {
                let (least, most) = self.range.ok_or_else(needs)?;
                if !least.is_finite() || !most.is_finite() || least > most {
                    return Err("its range must be two numbers, the lesser first".to_owned());
                }
                SettingShape::Number { range: least..=most }
            }
            RawKind::Choice => {
                let choices = &self.choices;
                let twice = choices.iter().enumerate().find(|(at, one)| {
                    choices.iter().take(*at).any(|other| other.value == one.value)
                });
                if let Some((_, twice)) = twice {
                    return Err(format!("the choice {:?} is there twice", twice.value));
                }
                let empty = |one: &SettingChoice| one.value.is_empty() || one.title.is_empty();
                if choices.len() > CHOICES_LIMIT || choices.iter().any(empty) {
                    return Err(format!(
                        "it can have {CHOICES_LIMIT} choices, each with a value and a title"
                    ));
                }
                SettingShape::Choice(choices.clone())
            }
            RawKind::Switch => SettingShape::Switch,
            RawKind::Text => SettingShape::Text,
        })
    }
}

impl From<SettingRule> for RawRule {
    fn from(rule: SettingRule) -> Self {
        let (kind, range, choices, hex) = match rule.shape {
            SettingShape::Integer { range, written } => {
                let ends = (*range.start() as f64, *range.end() as f64);
                (RawKind::Integer, Some(ends), Vec::new(), written == Digits::Hex)
            }
            SettingShape::Number { range } => {
                (RawKind::Number, Some((*range.start(), *range.end())), Vec::new(), false)
            }
            SettingShape::Choice(choices) => (RawKind::Choice, None, choices, false),
            SettingShape::Switch => (RawKind::Switch, None, Vec::new(), false),
            SettingShape::Text => (RawKind::Text, None, Vec::new(), false),
        };
        let SettingRule { name, title, unit, default, help, .. } = rule;
        Self { name, title, kind, unit, range, choices, hex, default, help }
    }
}

#[cfg(test)]
mod tests;
