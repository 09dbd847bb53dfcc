//! The lines between the two processes: `hold tcp BRAND NUMBER PORT HOST`, `hold can INTERFACE ID
//! BYTES`, `hold slcan ADDRESS ID BYTES`, `console PROCESS`, `beat`, `release`. Text, so that a trial at a terminal shows what happens.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use thiserror::Error;

use crate::base::units::{Amps, Volts};
use crate::engine::can::address::Address;
use crate::engine::can::frame::{CLASSIC_BYTES, Frame, Id};
use crate::engine::supply::{Brand, Target};

/// Something that must be stopped.
#[derive(Clone, Debug, PartialEq)]
pub enum Hold {
    /// A supply whose output must go off.
    Supply(Target),
    /// A charger that must be sent this.
    Can {
        /// The interface or the adapter.
        address: Address,
        /// The stop.
        stop: Frame,
    },
}

/// A line.
#[derive(Clone, Debug, PartialEq)]
pub enum Word {
    /// Hold this too.
    Hold(Hold),
    /// The number of the process that writes these lines: it may be ended where it hangs.
    Console(u32),
    /// The parent lives.
    Beat,
    /// Let go of everything, and end.
    Release,
}

/// Why a line is none.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{line:?} is no line for the watchdog: {why}")]
pub struct WordError {
    line: String,
    why: &'static str,
}

impl FromStr for Word {
    type Err = WordError;

    fn from_str(line: &str) -> Result<Self, WordError> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let wrong = |why| WordError { line: line.chars().take(80).collect(), why };
        match words.as_slice() {
            ["beat"] => Ok(Self::Beat),
            ["console", process] => {
                Ok(Self::Console(process.parse().map_err(|_| wrong("the process is none"))?))
            }
            ["release"] => Ok(Self::Release),
            ["hold", "tcp", brand, number, port, host] => {
                let brand = Brand::of(brand).ok_or_else(|| wrong("there is tdk and siglent"))?;
                let number = number.parse().map_err(|_| wrong("the number is none"))?;
                let port = port.parse().map_err(|_| wrong("the port is none"))?;
                let (volts, amps) = (Volts(0.0), Amps(0.0));
                let host = (*host).to_owned();
                let target = Target { brand, host, port, number, volts, amps };
                Ok(Self::Hold(Hold::Supply(target)))
            }
            ["hold", way @ ("can" | "slcan"), place, id, bytes] => {
                let kind = if *way == "can" { "socketcan" } else { "slcan" };
                let address = format!("{kind}:{place}").parse::<Address>();
                let address = address.map_err(|_| wrong("the place is none"))?;
                let raw = u32::from_str_radix(id, 16).map_err(|_| wrong("the id is not hex"))?;
                // Eight digits are a 29-bit id, as in a candump log.
                let id = if id.len() > 3 { Id::extended(raw) } else { Id::standard(raw) };
                let id = id.ok_or_else(|| wrong("there is no such id"))?;
                let bytes = hex(bytes).ok_or_else(|| wrong("the bytes are not hex"))?;
                let stop = Frame::classic(id, &bytes).ok_or_else(|| wrong("too many bytes"))?;
                Ok(Self::Hold(Hold::Can { address, stop }))
            }
            _ => Err(wrong("it is hold tcp, hold can, hold slcan, console, beat or release")),
        }
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect();
    let digits = digits.filter(|all| all.len() % 2 == 0 && all.len() <= 2 * CLASSIC_BYTES)?;
    let pairs = digits.chunks_exact(2);
    Some(pairs.map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Beat => f.write_str("beat"),
            Self::Console(process) => write!(f, "console {process}"),
            Self::Release => f.write_str("release"),
            Self::Hold(Hold::Supply(target)) => {
                let Target { brand, number, port, host, .. } = target;
                write!(f, "hold tcp {} {number} {port} {host}", brand.word())
            }
            Self::Hold(Hold::Can { address, stop }) => {
                let id = stop.id();
                let width = if id.is_extended() { 8 } else { 3 };
                let text = address.to_string();
                let way = if matches!(address, Address::Slcan(_)) { "slcan" } else { "can" };
                let place = text.split_once(':').map_or("", |(_, place)| place);
                write!(f, "hold {way} {place} {:0width$X} ", id.raw())?;
                let mut bytes = String::new();
                for byte in stop.view().data {
                    write!(bytes, "{byte:02X}")?;
                }
                f.write_str(&bytes)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_read_back_as_written() {
        for line in [
            "beat",
            "release",
            "console 4711",
            "hold tcp tdk 5 4001 10.0.0.7",
            "hold tcp siglent 1 5025 supply.local",
            "hold can can0 1806E5F4 0000000001000000",
            "hold can vcan12 505 0000",
            "hold slcan /dev/ttyACM0@500000 1806E5F4 0000000001000000",
        ] {
            assert_eq!(line.parse::<Word>().unwrap().to_string(), line);
        }
    }

    #[test]
    fn what_is_no_line_says_why() {
        for (line, why) in [
            ("", "hold tcp, hold can, hold slcan, console, beat or release"),
            ("console -1", "the process is none"),
            ("hold tcp acme 1 2 host", "tdk and siglent"),
            ("hold tcp tdk 1 99999 host", "port"),
            ("hold can averyveryverylongname 1 00", "the place is none"),
            ("hold can can0 XYZ 00", "id is not hex"),
            ("hold can can0 FFF 00", "no such id"),
            ("hold can can0 123 000", "bytes are not hex"),
            ("hold can can0 123 000000000000000000", "bytes are not hex"),
        ] {
            let said = line.parse::<Word>().unwrap_err().to_string();
            assert!(said.contains(why), "{line}: {said}");
        }
    }
}
