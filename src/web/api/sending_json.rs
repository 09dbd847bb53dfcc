//! Frames, counters and checksums as JSON: a frame by its bytes, or by its message and signals.

use std::collections::BTreeMap;

use serde::Deserialize;
use utoipa::ToSchema;

use crate::base::id::BusId;
use crate::engine::{Checksum, ChecksumRule, Counter, Dress, Frame, Id, Snapshot, Value};
use crate::web::problem::Problem;

/// A frame: by `id` and `data`, or by `message` and `signals`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FrameWanted {
    /// Hexadecimal, such as `6FA` or `0x18FF50E5`; more than three digits, or more than 7FF, say an
    /// extended id.
    id: Option<String>,
    /// Whether the id is extended (29 bits), where the number does not say.
    extended: Option<bool>,
    /// What kind of frame.
    #[serde(default)]
    kind: KindWanted,
    /// Its bytes in hexadecimal digits; spaces between them are read over.
    data: Option<String>,
    /// The length a remote request asks for.
    length: Option<u8>,
    /// FD: whether the data goes at the second bit rate.
    #[serde(default)]
    bit_rate_switch: bool,
    /// Name of a message that a device or a DBC file of the bus knows.
    message: Option<String>,
    /// Its signals: a number, or a word of the signal's table. Those left out are zero.
    #[serde(default)]
    signals: BTreeMap<String, SignalWanted>,
}

/// Kinds of frame that can be sent.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KindWanted {
    /// Classic data frame.
    #[default]
    Data,
    /// Remote request.
    Remote,
    /// FD data frame.
    Fd,
}

/// A value of a signal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum SignalWanted {
    /// A physical value.
    Number(f64),
    /// A word of its table.
    Word(String),
}

/// A rolling counter within one byte.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CounterWanted {
    /// Its byte, from 0.
    byte: u8,
    /// Its lowest bit within the byte.
    #[serde(default)]
    #[schema(maximum = 7)]
    bit: u8,
    /// How many bits it has.
    #[schema(minimum = 1, maximum = 8)]
    bits: u8,
    /// The last value before it begins at 0 again.
    last: Option<u8>,
}

/// A checksum in one byte, over all the others.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChecksumWanted {
    /// How it is computed.
    rule: RuleWanted,
    /// Its byte, from 0.
    byte: u8,
    /// The data id of profile 1.
    data_id: Option<u16>,
    /// The sixteen data ids of profile 2.
    data_ids: Option<Vec<u8>>,
}

/// Rules of a checksum.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleWanted {
    /// The sum of the bytes.
    Sum,
    /// Their exclusive or.
    Xor,
    /// CRC-8 SAE J1850.
    Crc8J1850,
    /// AUTOSAR end-to-end profile 1.
    E2eProfile1,
    /// AUTOSAR end-to-end profile 2.
    E2eProfile2,
}

impl FrameWanted {
    /// The frame on a bus. `place` is where it stands in the body, for what is said of it.
    ///
    /// # Errors
    /// Says which field is wrong.
    pub fn build(&self, snapshot: &Snapshot, bus: BusId, place: &str) -> Result<Frame, Problem> {
        let wrong = |field: &str, text: String| {
            Err(Problem::invalid(text).about(format!("{place}{field}")))
        };
        match (&self.id, &self.message) {
            (None, None) => wrong("id", "A frame needs an id, or a message by name.".to_owned()),
            (Some(_), Some(_)) => {
                wrong("message", "A frame has an id or a message, not both.".to_owned())
            }
            (None, Some(message)) => {
                let values: Vec<(&str, Value<'_>)> = self
                    .signals
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.value()))
                    .collect();
                let frame = snapshot.decoders.encode(bus, message, &values);
                frame.or_else(|why| wrong("message", format!("{why}.")))
            }
            (Some(id), None) => {
                let id = match read_id(id, self.extended) {
                    Ok(id) => id,
                    Err(text) => return wrong("id", text),
                };
                let digits: String =
                    self.data.iter().flat_map(|text| text.chars()).filter(|c| *c != ' ').collect();
                let bytes = data_encoding::HEXUPPER_PERMISSIVE.decode(digits.as_bytes());
                let Ok(bytes) = bytes else {
                    return wrong("data", "data is pairs of hexadecimal digits.".to_owned());
                };
                self.raw(id, &bytes).or_else(|(field, text)| wrong(field, text))
            }
        }
    }

    fn raw(&self, id: Id, bytes: &[u8]) -> Result<Frame, (&'static str, String)> {
        let count = bytes.len();
        match self.kind {
            KindWanted::Data => Frame::classic(id, bytes)
                .ok_or(("data", format!("A classic frame has at most 8 bytes, not {count}."))),
            KindWanted::Fd => {
                let frame = Frame::fd(id, bytes).ok_or((
                    "data",
                    format!(
                        "An FD frame has 0 to 8, 12, 16, 20, 24, 32, 48 or 64 bytes, not {count}."
                    ),
                ))?;
                Ok(if self.bit_rate_switch { frame.with_bit_rate_switch() } else { frame })
            }
            KindWanted::Remote => {
                let length = usize::from(self.length.unwrap_or_default());
                Frame::remote(id, length).filter(|_| bytes.is_empty()).ok_or((
                    "length",
                    "A remote request has no data and asks for 0 to 8 bytes.".to_owned(),
                ))
            }
        }
    }
}

impl SignalWanted {
    fn value(&self) -> Value<'_> {
        match self {
            Self::Number(number) => Value::Number(*number),
            Self::Word(word) => Value::Word(word),
        }
    }
}

/// An id as people write it: more than three digits, or more than 7FF, say an extended one.
fn read_id(text: &str, extended: Option<bool>) -> Result<Id, String> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let shown: String = text.chars().take(16).collect();
    let is_hex = digits.chars().all(|c| c.is_ascii_hexdigit());
    let raw = is_hex.then(|| u32::from_str_radix(digits, 16).ok()).flatten();
    let raw = raw
        .ok_or_else(|| format!("\u{201c}{shown}\u{201d} is no hexadecimal number such as 6FA."))?;
    let long = extended.unwrap_or(digits.len() > 3 || raw > Id::MAX_STANDARD);
    let id = if long { Id::extended(raw) } else { Id::standard(raw) };
    let most = if long { Id::MAX_EXTENDED } else { Id::MAX_STANDARD };
    id.ok_or_else(|| format!("{shown} is no id: the greatest is {most:X}."))
}

/// Counter and checksum.
///
/// # Errors
/// The checksum lacks what its rule needs.
pub fn dress(
    counter: Option<&CounterWanted>,
    checksum: Option<&ChecksumWanted>,
) -> Result<Dress, Problem> {
    let counter = counter.map(|one| {
        let CounterWanted { byte, bit, bits, last } = *one;
        Counter { byte, bit, bits, last }
    });
    let rule = |one: &ChecksumWanted| match one.rule {
        RuleWanted::Sum => Ok(ChecksumRule::Sum),
        RuleWanted::Xor => Ok(ChecksumRule::Xor),
        RuleWanted::Crc8J1850 => Ok(ChecksumRule::Crc8J1850),
        RuleWanted::E2eProfile1 => match one.data_id {
            Some(data_id) => Ok(ChecksumRule::E2eProfile1 { data_id }),
            None => Err(("data_id", "Profile 1 needs the data id of the message.")),
        },
        RuleWanted::E2eProfile2 => {
            let ids = one.data_ids.as_deref().map(<[u8; 16]>::try_from);
            match ids {
                Some(Ok(data_ids)) => Ok(ChecksumRule::E2eProfile2 { data_ids }),
                Some(Err(_)) | None => Err(("data_ids", "Profile 2 needs sixteen data ids.")),
            }
        }
    };
    let checksum = checksum
        .map(|one| rule(one).map(|rule| Checksum { rule, byte: one.byte }))
        .transpose()
        .map_err(|(field, text)| {
            Problem::invalid(text.to_owned()).about(format!("checksum.{field}"))
        })?;
    Ok(Dress { counter, checksum })
}

/// Id and bytes of a frame as text.
pub fn frame_shown(frame: &Frame) -> (String, String) {
    let view = frame.view();
    (view.id().to_string(), data_encoding::HEXUPPER.encode(view.data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_by_its_digits_whether_it_is_extended() {
        let read = |text: &str| read_id(text, None).map(|id| (id.raw(), id.is_extended()));
        assert_eq!(read("6FA"), Ok((0x6FA, false)));
        assert_eq!(read("0x7ff"), Ok((0x7FF, false)));
        assert_eq!(read("800"), Ok((0x800, true)));
        assert_eq!(read("000006FA"), Ok((0x6FA, true)));
        assert_eq!(read_id("6FA", Some(true)).map(Id::is_extended), Ok(true));
        assert!(read("20000000").unwrap_err().contains("1FFFFFFF"));
        assert!(read_id("800", Some(false)).unwrap_err().contains("7FF"));
        assert!(read("").is_err() && read("six").is_err() && read("-1").is_err());
        assert!(read("+1").is_err());
    }

    #[test]
    fn a_profile_without_its_data_id_is_refused_by_its_field() {
        let rule = RuleWanted::E2eProfile2;
        let mut wanted =
            ChecksumWanted { rule, byte: 0, data_id: None, data_ids: Some(vec![0; 15]) };
        assert!(dress(None, Some(&wanted)).is_err());
        wanted.data_ids = Some(vec![0; 16]);
        assert!(dress(None, Some(&wanted)).is_ok());
        wanted.rule = RuleWanted::E2eProfile1;
        assert!(dress(None, Some(&wanted)).is_err());
    }
}
