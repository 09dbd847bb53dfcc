//! What a person wants of a scheduled frame besides its bytes, as typed.

use serde::{Deserialize, Serialize};

/// What ends a schedule besides a stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stays {
    /// It stops when the session that started it ends.
    #[default]
    WithSession,
    /// It goes on while its bus is armed.
    Alone,
}

impl Stays {
    /// Its name in addresses and forms.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::WithSession => "session",
            Self::Alone => "bus",
        }
    }

    /// Both.
    pub const ALL: [Self; 2] = [Self::WithSession, Self::Alone];

    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::WithSession => "Stops with this session",
            Self::Alone => "Goes on while the bus is armed",
        }
    }
}

/// A rolling counter, as typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CounterPrefs {
    /// Whether there is one.
    pub on: bool,
    /// Its byte.
    pub byte: String,
    /// Its lowest bit.
    pub bit: String,
    /// How many bits it has.
    pub bits: String,
    /// The last value before it begins at 0 again; empty: the greatest that its bits hold.
    pub last: String,
}

impl Default for CounterPrefs {
    fn default() -> Self {
        Self { on: false, byte: "0".into(), bit: "0".into(), bits: "4".into(), last: String::new() }
    }
}

/// A checksum, as typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SumPrefs {
    /// How it is computed.
    pub rule: SumRule,
    /// Its byte.
    pub byte: String,
    /// The data id of profile 1, or the sixteen of profile 2, hexadecimal.
    pub data_id: String,
}

impl Default for SumPrefs {
    fn default() -> Self {
        Self { rule: SumRule::None, byte: "7".into(), data_id: "0".into() }
    }
}

/// How a checksum is computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SumRule {
    /// There is none.
    #[default]
    None,
    /// Sum of the other bytes.
    Sum,
    /// Their exclusive or.
    Xor,
    /// CRC-8 SAE J1850.
    Crc8,
    /// AUTOSAR end-to-end profile 1.
    E2e1,
    /// AUTOSAR end-to-end profile 2.
    E2e2,
}

impl SumRule {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::None, Self::Sum, Self::Xor, Self::Crc8, Self::E2e1, Self::E2e2];

    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::None => "No checksum",
            Self::Sum => "Sum",
            Self::Xor => "XOR",
            Self::Crc8 => "CRC-8 J1850",
            Self::E2e1 => "E2E profile 1",
            Self::E2e2 => "E2E profile 2",
        }
    }

    /// Its name in addresses and forms.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Sum => "sum",
            Self::Xor => "xor",
            Self::Crc8 => "crc8",
            Self::E2e1 => "e2e1",
            Self::E2e2 => "e2e2",
        }
    }

    /// What its data id is; nothing where it has none.
    #[must_use]
    pub const fn data_id(self) -> Option<&'static str> {
        match self {
            Self::None | Self::Sum | Self::Xor | Self::Crc8 => None,
            Self::E2e1 => Some("Data id"),
            Self::E2e2 => Some("16 data ids"),
        }
    }
}
