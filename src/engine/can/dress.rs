//! What changes from one sending of a frame to the next: a rolling counter, and a checksum over the
//! bytes. Pure; knows no bus and no message.
//!
//! The checksums: sum and exclusive or of the bytes, CRC-8 SAE J1850 (polynomial 0x1D, start and
//! final value 0xFF), and those of AUTOSAR's end-to-end profiles 1 and 2 ("Specification of SW-C
//! End-to-End Communication Protection Library"): profile 1 with both bytes of the data id before the
//! data and start and final value 0, profile 2 with CRC-8H2F (polynomial 0x2F, start and final value
//! 0xFF) and the data id of the counter's value after the data.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What is set anew at every sending.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dress {
    /// A counter that goes up by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counter: Option<Counter>,
    /// A checksum, computed after the counter is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checksum: Option<Checksum>,
}

/// A rolling counter within one byte.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counter {
    /// Its byte, from 0.
    pub byte: u8,
    /// Its lowest bit within the byte, 0 to 7.
    #[serde(default)]
    pub bit: u8,
    /// How many bits it has, 1 to 8.
    pub bits: u8,
    /// The last value before it begins at 0 again; `None`: the greatest that its bits hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<u8>,
}

/// A checksum in one byte.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checksum {
    /// How it is computed.
    #[serde(flatten)]
    pub rule: ChecksumRule,
    /// Its byte, from 0. It is not part of what is summed.
    pub byte: u8,
}

/// How a checksum is computed, over all bytes but its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum ChecksumRule {
    /// Their sum, modulo 256.
    Sum,
    /// Their exclusive or.
    Xor,
    /// CRC-8 SAE J1850.
    Crc8J1850,
    /// AUTOSAR end-to-end profile 1, both bytes of the data id.
    E2eProfile1 {
        /// The data id.
        data_id: u16,
    },
    /// AUTOSAR end-to-end profile 2: the data id for each value of the counter, which is the low
    /// half of byte 1.
    E2eProfile2 {
        /// Sixteen data ids.
        data_ids: [u8; 16],
    },
}

/// Why a counter or checksum does not fit its frame.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DressError {
    /// A byte beyond the frame.
    #[error("the {what} is in byte {byte}, and the frame has {len}: its bytes are 0 to {}", len.saturating_sub(1))]
    Beyond {
        /// "counter" or "checksum".
        what: &'static str,
        /// Its byte.
        byte: u8,
        /// Length of the frame.
        len: usize,
    },
    /// Bits beyond the byte.
    #[error("a counter of {bits} bits from bit {bit} does not fit into one byte")]
    Bits {
        /// Lowest bit.
        bit: u8,
        /// How many.
        bits: u8,
    },
    /// A last value that its bits do not hold.
    #[error("a counter of {bits} bits cannot reach {last}")]
    Last {
        /// How many bits.
        bits: u8,
        /// The wanted last value.
        last: u8,
    },
    /// Both in one byte.
    #[error("the counter and the checksum are both in byte {byte}")]
    SameByte {
        /// The byte.
        byte: u8,
    },
}

impl Dress {
    /// Whether it fits a frame of `len` bytes.
    ///
    /// # Errors
    /// Says what does not fit.
    pub fn check(&self, len: usize) -> Result<(), DressError> {
        if let Some(counter) = &self.counter {
            let Counter { byte, bit, bits, last } = *counter;
            if usize::from(byte) >= len {
                return Err(DressError::Beyond { what: "counter", byte, len });
            }
            if bits == 0 || bits > 8 || bit > 7 || bit + bits > 8 {
                return Err(DressError::Bits { bit, bits });
            }
            if let Some(last) = last.filter(|last| *last > counter.most()) {
                return Err(DressError::Last { bits, last });
            }
        }
        if let Some(Checksum { byte, .. }) = self.checksum {
            if usize::from(byte) >= len {
                return Err(DressError::Beyond { what: "checksum", byte, len });
            }
            if self.counter.as_ref().is_some_and(|counter| counter.byte == byte) {
                return Err(DressError::SameByte { byte });
            }
        }
        Ok(())
    }

    /// Sets counter and checksum for sending number `turn`, from 0. What does not fit is left alone.
    pub fn put_on(&self, data: &mut [u8], turn: u64) {
        if let Some(counter) = &self.counter
            && let Some(byte) = data.get_mut(usize::from(counter.byte))
        {
            let most = counter.most();
            let value = (turn % (u64::from(counter.last.unwrap_or(most)) + 1)) as u8;
            let mask = most << counter.bit.min(7);
            *byte = *byte & !mask | value << counter.bit.min(7) & mask;
        }
        if let Some(checksum) = &self.checksum {
            let value = checksum.of(data);
            if let Some(byte) = data.get_mut(usize::from(checksum.byte)) {
                *byte = value;
            }
        }
    }
}

impl Counter {
    /// The greatest value that its bits hold.
    const fn most(&self) -> u8 {
        match self.bits {
            0 => 0,
            1..=7 => (1 << self.bits) - 1,
            8..=u8::MAX => u8::MAX,
        }
    }
}

impl Checksum {
    /// The checksum of `data`.
    #[must_use]
    pub fn of(&self, data: &[u8]) -> u8 {
        let own = usize::from(self.byte);
        let others = data.iter().enumerate().filter(|(at, _)| *at != own).map(|(_, byte)| *byte);
        match &self.rule {
            ChecksumRule::Sum => others.fold(0, u8::wrapping_add),
            ChecksumRule::Xor => others.fold(0, |sum, byte| sum ^ byte),
            ChecksumRule::Crc8J1850 => !others.fold(0xFF, |crc, byte| crc8(0x1D, crc, byte)),
            ChecksumRule::E2eProfile1 { data_id } => {
                let id = data_id.to_le_bytes().into_iter();
                id.chain(others).fold(0, |crc, byte| crc8(0x1D, crc, byte))
            }
            ChecksumRule::E2eProfile2 { data_ids } => {
                let counter = data.get(1).map_or(0, |byte| byte & 0x0F);
                let id = data_ids.get(usize::from(counter)).copied().unwrap_or_default();
                !others.chain([id]).fold(0xFF, |crc, byte| crc8(0x2F, crc, byte))
            }
        }
    }
}

fn crc8(polynomial: u8, crc: u8, byte: u8) -> u8 {
    (0..8).fold(crc ^ byte, |crc, _| {
        let shifted = crc << 1;
        if crc & 0x80 != 0 { shifted ^ polynomial } else { shifted }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checksum(rule: ChecksumRule, byte: u8) -> Checksum {
        Checksum { rule, byte }
    }

    /// The check values of the catalogue of CRC algorithms are those of the nine digits.
    #[test]
    fn the_crcs_have_their_published_check_values() {
        let digits = *b"123456789";
        let over = |polynomial| digits.iter().fold(0xFF, |crc, byte| crc8(polynomial, crc, *byte));
        assert_eq!(over(0x1D) ^ 0xFF, 0x4B, "CRC-8/SAE-J1850");
        assert_eq!(over(0x2F) ^ 0xFF, 0xDF, "CRC-8/AUTOSAR");
        let mut data = [0xAA; 10];
        data[..9].copy_from_slice(&digits);
        assert_eq!(checksum(ChecksumRule::Crc8J1850, 9).of(&data), 0x4B);
    }

    /// AUTOSAR, "E2E Protocol Specification", example of profile 1 with data id 0x123 and zero data.
    #[test]
    fn profile_1_gives_the_example_of_its_specification() {
        let rule = ChecksumRule::E2eProfile1 { data_id: 0x123 };
        assert_eq!(checksum(rule, 0).of(&[0; 8]), 0xCC);
    }

    #[test]
    fn sum_and_exclusive_or_leave_out_their_own_byte() {
        let data = [0xFF, 1, 2, 0x80, 0x90];
        assert_eq!(checksum(ChecksumRule::Sum, 0).of(&data), 0x13);
        assert_eq!(checksum(ChecksumRule::Xor, 0).of(&data), 0x13);
        assert_eq!(checksum(ChecksumRule::Xor, 4).of(&data), 0xFF ^ 1 ^ 2 ^ 0x80);
    }

    #[test]
    fn a_counter_rolls_over_within_its_bits_and_leaves_the_others_alone() {
        let counter = Counter { byte: 1, bit: 4, bits: 4, last: Some(14) };
        let dress = Dress { counter: Some(counter), checksum: None };
        dress.check(2).unwrap();
        let mut data = [9, 0x05];
        let seen: Vec<u8> = (0..17)
            .map(|turn| {
                dress.put_on(&mut data, turn);
                data[1]
            })
            .collect();
        assert_eq!(seen[..3], [0x05, 0x15, 0x25]);
        assert_eq!(seen[14..], [0xE5, 0x05, 0x15]);
        assert_eq!(data[0], 9);
    }

    #[test]
    fn the_checksum_is_taken_after_the_counter_is_set() {
        let counter = Some(Counter { byte: 0, bit: 0, bits: 8, last: None });
        let sum = Some(checksum(ChecksumRule::Sum, 1));
        let dress = Dress { counter, checksum: sum };
        let mut data = [0, 0, 10];
        dress.put_on(&mut data, 255);
        assert_eq!(data, [255, 9, 10]);
        dress.put_on(&mut data, 256);
        assert_eq!(data, [0, 10, 10]);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let counter = |byte, bit, bits, last| Dress {
            counter: Some(Counter { byte, bit, bits, last }),
            checksum: None,
        };
        let said = |dress: Dress| dress.check(8).unwrap_err().to_string();
        assert!(said(counter(8, 0, 4, None)).contains("its bytes are 0 to 7"));
        assert!(said(counter(0, 5, 4, None)).contains("does not fit into one byte"));
        assert!(said(counter(0, 0, 0, None)).contains("does not fit into one byte"));
        assert!(said(counter(0, 200, 100, None)).contains("does not fit into one byte"));
        assert!(said(counter(0, 0, 4, Some(16))).contains("cannot reach 16"));
        let mut both = counter(3, 0, 4, None);
        both.checksum = Some(checksum(ChecksumRule::Xor, 3));
        assert!(said(both).contains("both in byte 3"));
        let beyond = Dress { counter: None, checksum: Some(checksum(ChecksumRule::Xor, 9)) };
        assert!(said(beyond).contains("byte 9"));
    }
}
