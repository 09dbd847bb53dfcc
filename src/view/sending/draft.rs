//! A frame that somebody makes up: its bytes, and the same bytes as numbers.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::engine::{Frame, Id, typed_id};

/// Most bytes of a frame.
const MOST: usize = 64;

/// A frame that is being made up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Draft {
    /// Name of the bus.
    pub bus: String,
    /// The id as typed, hexadecimal.
    pub id: String,
    /// What kind of frame it is.
    pub kind: DraftKind,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Default for Draft {
    fn default() -> Self {
        let (bus, id) = (String::new(), "123".to_owned());
        Self { bus, id, kind: DraftKind::Data, bytes: vec![0; 8] }
    }
}

/// Kinds of frame that can be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DraftKind {
    /// Classic data frame.
    #[default]
    Data,
    /// Remote request for as many bytes as there are.
    Remote,
    /// FD data frame.
    Fd,
    /// FD data frame whose data goes at the second bit rate.
    FdFast,
}

impl DraftKind {
    /// Its name in addresses and forms.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Remote => "remote",
            Self::Fd => "fd",
            Self::FdFast => "fd_fast",
        }
    }

    /// All of them.
    pub const ALL: [Self; 4] = [Self::Data, Self::Remote, Self::Fd, Self::FdFast];

    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Data => "Data",
            Self::Remote => "Remote request",
            Self::Fd => "FD",
            Self::FdFast => "FD, bit rate switch",
        }
    }
}

/// Which byte of a number comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ByteOrder {
    /// The lowest: Intel.
    #[default]
    Little,
    /// The highest: Motorola.
    Big,
}

/// How bytes are read as a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Width {
    /// 16-bit whole number without sign.
    #[default]
    U16,
    /// 16-bit whole number with sign.
    I16,
    /// 32-bit whole number without sign.
    U32,
    /// 32-bit whole number with sign.
    I32,
    /// 32-bit floating point number.
    F32,
}

impl ByteOrder {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Little, Self::Big];

    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Little => "Intel",
            Self::Big => "Motorola",
        }
    }

    /// Its name in addresses and forms.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Little => "little",
            Self::Big => "big",
        }
    }
}

impl Width {
    /// Its name in addresses and forms.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::U16 => "u16",
            Self::I16 => "i16",
            Self::U32 => "u32",
            Self::I32 => "i32",
            Self::F32 => "f32",
        }
    }

    /// All of them.
    pub const ALL: [Self; 5] = [Self::U16, Self::I16, Self::U32, Self::I32, Self::F32];

    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::U16 => "16 bit",
            Self::I16 => "16 bit, signed",
            Self::U32 => "32 bit",
            Self::I32 => "32 bit, signed",
            Self::F32 => "float",
        }
    }

    /// Its bytes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
        }
    }
}

/// Where a number is among the bytes, and how it is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NumberPlace {
    /// Its first byte.
    pub at: usize,
    /// How wide it is.
    pub width: Width,
    /// Which byte comes first.
    pub order: ByteOrder,
}

impl fmt::Display for NumberPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.at, self.width.code(), self.order.code())
    }
}

/// Why a text cannot be put into a draft, or a draft is no frame.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DraftProblem {
    /// Nothing stands where the id is typed.
    #[error("type an id: hexadecimal digits, up to 7FF, or eight digits up to 1FFFFFFF")]
    NoId,
    /// No id.
    #[error(
        "{0:?} is no id: write it in hexadecimal digits, up to 7FF, or eight digits up to 1FFFFFFF"
    )]
    Id(String),
    /// No bytes.
    #[error("{0:?} is no byte: bytes are pairs of hexadecimal digits")]
    Byte(String),
    /// A length that the kind does not have.
    #[error("a classic frame has at most 8 bytes, not {0}")]
    ClassicLength(usize),
    /// A length that FD does not have.
    #[error("an FD frame has 0 to 8, 12, 16, 20, 24, 32, 48 or 64 bytes, not {0}")]
    FdLength(usize),
    /// No number of this width.
    #[error("{text:?} is no {} number", width.words())]
    Number {
        /// What was typed.
        text: String,
        /// What was wanted.
        width: Width,
    },
    /// Beyond the end.
    #[error("a number of {bytes} bytes at byte {at} is beyond the end of the frame")]
    Beyond {
        /// Its first byte.
        at: usize,
        /// How many it has.
        bytes: usize,
    },
}

impl Draft {
    /// The same frame as somebody else sent it: "send like this".
    #[must_use]
    pub fn like(bus: &str, frame: &Frame) -> Self {
        use crate::engine::Kind;
        let view = frame.view();
        let kind = match view.kind() {
            Kind::Data | Kind::Error => DraftKind::Data,
            Kind::Remote => DraftKind::Remote,
            Kind::Fd if view.has_bit_rate_switch() => DraftKind::FdFast,
            Kind::Fd => DraftKind::Fd,
        };
        let bytes = match view.kind() {
            Kind::Remote => vec![0; view.len()],
            Kind::Data | Kind::Error | Kind::Fd => view.data.to_vec(),
        };
        let id = view.id().to_string();
        let id = id.strip_prefix("0x").unwrap_or(&id).to_owned();
        Self { bus: bus.to_owned(), id, kind, bytes }
    }

    /// The frame.
    ///
    /// # Errors
    /// Says why it is none.
    pub fn frame(&self) -> Result<Frame, DraftProblem> {
        let (id, count) = (self.id()?, self.bytes.len());
        let fd = || Frame::fd(id, &self.bytes).ok_or(DraftProblem::FdLength(count));
        match self.kind {
            DraftKind::Data => {
                Frame::classic(id, &self.bytes).ok_or(DraftProblem::ClassicLength(count))
            }
            DraftKind::Remote => Frame::remote(id, count).ok_or(DraftProblem::ClassicLength(count)),
            DraftKind::Fd => fd(),
            DraftKind::FdFast => fd().map(Frame::with_bit_rate_switch),
        }
    }

    /// Its id: up to three digits say a standard one, eight an extended one.
    ///
    /// # Errors
    /// It is none.
    pub fn id(&self) -> Result<Id, DraftProblem> {
        if self.id.trim().is_empty() {
            return Err(DraftProblem::NoId);
        }
        typed_id(&self.id).ok_or_else(|| DraftProblem::Id(self.id.clone()))
    }

    /// Its bytes as text: "00 52 46".
    #[must_use]
    pub fn hex(&self) -> String {
        let bytes: Vec<String> = self.bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        bytes.join(" ")
    }

    /// Takes bytes as typed; what is no bytes changes nothing.
    ///
    /// # Errors
    /// Says which part is no byte.
    pub fn set_hex(&mut self, text: &str) -> Result<(), DraftProblem> {
        let digits: Vec<char> =
            text.chars().filter(|c| !c.is_whitespace() && *c != ',' && *c != ':').collect();
        let pairs = digits.chunks(2).map(|pair| {
            let pair: String = pair.iter().collect();
            let is_hex = pair.len() == 2 && pair.chars().all(|c| c.is_ascii_hexdigit());
            let byte = is_hex.then(|| u8::from_str_radix(&pair, 16).ok()).flatten();
            byte.ok_or(DraftProblem::Byte(pair))
        });
        let bytes: Vec<u8> = pairs.collect::<Result<_, _>>()?;
        if bytes.len() > MOST {
            return Err(DraftProblem::FdLength(bytes.len()));
        }
        self.bytes = bytes;
        Ok(())
    }

    /// The number at byte `at`.
    #[must_use]
    pub fn number(&self, at: usize, width: Width, order: ByteOrder) -> Option<String> {
        let mut bytes = self.bytes.get(at..at.checked_add(width.bytes())?)?.to_vec();
        if order == ByteOrder::Little {
            bytes.reverse();
        }
        let raw = bytes.iter().fold(0u32, |raw, byte| raw << 8 | u32::from(*byte));
        Some(match width {
            Width::U16 | Width::U32 => raw.to_string(),
            Width::I16 => (raw as u16 as i16).to_string(),
            Width::I32 => (raw as i32).to_string(),
            Width::F32 => f32::from_bits(raw).to_string(),
        })
    }

    /// Puts a number at byte `at`; what does not fit changes nothing.
    ///
    /// # Errors
    /// It is no such number, or beyond the end.
    pub fn set_number(
        &mut self,
        at: usize,
        (width, order): (Width, ByteOrder),
        text: &str,
    ) -> Result<(), DraftProblem> {
        let wrong = || DraftProblem::Number { text: text.to_owned(), width };
        let raw = read(text.trim(), width).ok_or_else(wrong)?;
        let bytes = width.bytes();
        let room = at.checked_add(bytes).and_then(|end| self.bytes.get_mut(at..end));
        let room = room.ok_or(DraftProblem::Beyond { at, bytes })?;
        for (place, byte) in room.iter_mut().enumerate() {
            let shift = match order {
                ByteOrder::Little => place,
                ByteOrder::Big => bytes - 1 - place,
            };
            *byte = (raw >> (8 * shift)) as u8;
        }
        Ok(())
    }
}

fn read(text: &str, width: Width) -> Option<u32> {
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        let raw = u32::from_str_radix(digits, 16).ok()?;
        return (width.bytes() == 4 || raw <= u32::from(u16::MAX)).then_some(raw);
    }
    match width {
        Width::U16 => text.parse::<u16>().ok().map(u32::from),
        Width::I16 => text.parse::<i16>().ok().map(|value| u32::from(value as u16)),
        Width::U32 => text.parse::<u32>().ok(),
        Width::I32 => text.parse::<i32>().ok().map(|value| value as u32),
        Width::F32 => text.parse::<f32>().ok().filter(|v| v.is_finite()).map(f32::to_bits),
    }
}

impl fmt::Display for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}] {}", self.id, self.bytes.len(), self.hex())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(id: &str, bytes: &[u8]) -> Draft {
        Draft { id: id.to_owned(), bytes: bytes.to_vec(), ..Draft::default() }
    }

    #[test]
    fn bytes_numbers_and_text_are_always_the_same_frame() {
        let mut draft = draft("6FA", &[0; 8]);
        draft.set_hex("01 02,03:04 aaBB cc dd").unwrap();
        assert_eq!(draft.hex(), "01 02 03 04 AA BB CC DD");
        assert_eq!(draft.number(0, Width::U16, ByteOrder::Little).unwrap(), "513");
        assert_eq!(draft.number(0, Width::U16, ByteOrder::Big).unwrap(), "258");
        assert_eq!(draft.number(4, Width::I32, ByteOrder::Big).unwrap(), "-1430532899");
        draft.set_number(4, (Width::F32, ByteOrder::Little), "1.5").unwrap();
        assert_eq!(draft.hex(), "01 02 03 04 00 00 C0 3F");
        assert_eq!(draft.number(4, Width::F32, ByteOrder::Little).unwrap(), "1.5");
        draft.set_number(6, (Width::I16, ByteOrder::Big), "-2").unwrap();
        assert_eq!(draft.frame().unwrap().view().data, [1, 2, 3, 4, 0, 0, 0xFF, 0xFE]);
        draft.set_number(0, (Width::U16, ByteOrder::Big), "0xBEEF").unwrap();
        assert_eq!(draft.bytes[..2], [0xBE, 0xEF]);
    }

    #[test]
    fn what_is_wrong_changes_nothing_and_is_said() {
        let mut draft = draft("123", &[7; 8]);
        let before = draft.clone();
        assert_eq!(draft.set_hex("1 2 3").unwrap_err(), DraftProblem::Byte("3".into()));
        assert!(draft.set_hex("0g").is_err() && draft.set_hex("+1").is_err());
        assert!(draft.set_number(0, (Width::U16, ByteOrder::Big), "65536").is_err());
        assert!(draft.set_number(0, (Width::U16, ByteOrder::Big), "0x10000").is_err());
        assert!(draft.set_number(0, (Width::F32, ByteOrder::Big), "NaN").is_err());
        let beyond = draft.set_number(7, (Width::U16, ByteOrder::Big), "1").unwrap_err();
        assert!(beyond.to_string().contains("beyond the end"));
        assert!(draft.set_number(usize::MAX, (Width::U16, ByteOrder::Big), "1").is_err());
        assert_eq!(draft.number(usize::MAX, Width::U16, ByteOrder::Big), None);
        assert_eq!(draft, before);
    }

    #[test]
    fn an_id_says_by_its_digits_whether_it_is_extended() {
        assert!(!draft("7FF", &[]).id().unwrap().is_extended());
        assert!(!draft(" 0x1", &[]).id().unwrap().is_extended());
        assert!(draft("00000800", &[]).id().unwrap().is_extended());
        assert!(draft("0X000007ff", &[]).id().unwrap().is_extended());
        let slips = ["800", "0x800", "fff", "6FA1", "18FF50E", "018FF50E5"];
        for text in ["0x", "20000000", "xyz", "-1", "+1"].into_iter().chain(slips) {
            assert_eq!(draft(text, &[]).id(), Err(DraftProblem::Id(text.to_owned())));
        }
        for text in ["", "  "] {
            assert_eq!(draft(text, &[]).id(), Err(DraftProblem::NoId));
        }
    }

    #[test]
    fn a_length_that_the_kind_does_not_have_is_said() {
        let nine = draft("1", &[0; 9]);
        assert_eq!(nine.frame().unwrap_err(), DraftProblem::ClassicLength(9));
        let fd = Draft { kind: DraftKind::Fd, ..nine };
        assert_eq!(fd.frame().unwrap_err(), DraftProblem::FdLength(9));
        let fast = Draft { kind: DraftKind::FdFast, bytes: vec![1; 12], ..fd };
        let frame = fast.frame().unwrap();
        assert!(frame.has_bit_rate_switch());
        assert_eq!(Draft::like("can0", &frame).bytes, fast.bytes);
        assert_eq!(Draft::like("can0", &frame).kind, DraftKind::FdFast);
    }
}
