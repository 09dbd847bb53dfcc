//! The two languages (protocol note, 9.2 and 9.3): what is asked and what an answer must look like.
//! Pure text; when something is asked is the machine's business.

use std::collections::VecDeque;

use super::Brand;
use crate::base::units::{Amps, Volts};

/// One line to a supply and what is expected back.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// The line, without its end.
    pub text: String,
    /// What is expected.
    pub want: Want,
}

/// What is expected back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Want {
    /// Nothing: the language does not answer to this.
    Nothing,
    /// That it was taken.
    Taken,
    /// Who it is.
    Identity,
    /// That the output is off.
    IsOff,
    /// That the output is on.
    IsOn,
    /// Whether the output is on.
    Output,
    /// This voltage, as set.
    SetVolts(f64),
    /// This current, as set.
    SetAmps(f64),
    /// The voltage, as measured.
    Volts,
    /// The current, as measured; ends a round.
    Amps,
}

/// What a supply says it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// In its own words.
    pub name: String,
    /// Highest voltage.
    pub volts: Volts,
    /// Highest current.
    pub amps: Amps,
}

/// What a Siglent channel gives at most.
const SPD_CHANNEL: (f64, f64) = (32.0, 3.2);
/// Bits of the Siglent's state: both tracking bits, and the one of them that says "independent".
const SPD_TRACKING: u32 = 0b1100;
const SPD_INDEPENDENT: u32 = 0b0100;

fn ask(text: impl Into<String>, want: Want) -> Ask {
    Ask { text: text.into(), want }
}

impl Brand {
    /// What a line ends with.
    pub const fn line_end(self) -> &'static str {
        match self {
            Self::Genesys => "\r",
            Self::Spd3303x => "\n",
        }
    }

    /// What comes before anything else on a new connection.
    pub fn hello(self, number: u32) -> Vec<Ask> {
        match self {
            Self::Genesys => vec![ask(format!("ADR {number}"), Want::Taken)],
            Self::Spd3303x => Vec::new(),
        }
    }

    /// Asks who it is.
    pub fn identify(self) -> Ask {
        match self {
            Self::Genesys => ask("IDN?", Want::Identity),
            Self::Spd3303x => ask("*IDN?", Want::Identity),
        }
    }

    /// What is set once after it was identified and is off.
    pub fn prepare(self) -> Vec<Ask> {
        match self {
            Self::Genesys => vec![ask("RMT REM", Want::Taken)],
            // The channels are used one by one: tracking would change what a set voltage means.
            Self::Spd3303x => vec![ask("OUTPut:TRACK 0", Want::Nothing)],
        }
    }

    /// Output off, and the proof of it.
    pub fn off(self, number: u32) -> [Ask; 2] {
        match self {
            Self::Genesys => [ask("OUT 0", Want::Taken), ask("OUT?", Want::IsOff)],
            Self::Spd3303x => [
                ask(format!("OUTPut CH{number},OFF"), Want::Nothing),
                ask("SYSTem:STATus?", Want::IsOff),
            ],
        }
    }

    /// Output on, and the proof of it.
    pub fn on(self, number: u32) -> [Ask; 2] {
        match self {
            Self::Genesys => [ask("OUT 1", Want::Taken), ask("OUT?", Want::IsOn)],
            Self::Spd3303x => [
                ask(format!("OUTPut CH{number},ON"), Want::Nothing),
                ask("SYSTem:STATus?", Want::IsOn),
            ],
        }
    }

    /// Sets the voltage and reads it back.
    pub fn set_volts(self, number: u32, volts: f64) -> [Ask; 2] {
        let back = Want::SetVolts(volts);
        match self {
            Self::Genesys => [ask(format!("PV {volts:.2}"), Want::Taken), ask("PV?", back)],
            Self::Spd3303x => [
                ask(format!("CH{number}:VOLTage {volts:.2}"), Want::Nothing),
                ask(format!("CH{number}:VOLTage?"), back),
            ],
        }
    }

    /// Sets the current and reads it back.
    pub fn set_amps(self, number: u32, amps: f64) -> [Ask; 2] {
        let back = Want::SetAmps(amps);
        match self {
            Self::Genesys => [ask(format!("PC {amps:.2}"), Want::Taken), ask("PC?", back)],
            Self::Spd3303x => [
                ask(format!("CH{number}:CURRent {amps:.2}"), Want::Nothing),
                ask(format!("CH{number}:CURRent?"), back),
            ],
        }
    }

    /// A round of questions.
    pub fn round(self, number: u32) -> VecDeque<Ask> {
        let asks = match self {
            Self::Genesys => {
                [ask("OUT?", Want::Output), ask("MV?", Want::Volts), ask("MC?", Want::Amps)]
            }
            Self::Spd3303x => [
                ask("SYSTem:STATus?", Want::Output),
                ask(format!("MEASure:VOLTage? CH{number}"), Want::Volts),
                ask(format!("MEASure:CURRent? CH{number}"), Want::Amps),
            ],
        };
        VecDeque::from(asks)
    }

    /// Whether an answer says that a write was taken.
    pub fn is_taken(self, answer: &str) -> bool {
        answer.trim() == "OK"
    }

    /// Whether the output is on; an error where the answer does not say.
    pub fn output(self, number: u32, answer: &str) -> Result<bool, String> {
        let unknown = || format!("it answered {answer:?} when asked whether its output is on");
        match self {
            Self::Genesys => match answer.trim() {
                "ON" => Ok(true),
                "OFF" => Ok(false),
                _ => Err(unknown()),
            },
            Self::Spd3303x => {
                let digits = answer.trim().strip_prefix("0x").ok_or_else(unknown)?;
                let bits = u32::from_str_radix(digits, 16).map_err(|_| unknown())?;
                if bits & SPD_TRACKING != SPD_INDEPENDENT {
                    return Err(format!(
                        "it says {answer}: its channels are not independent but in series or parallel, which changes what a set voltage means; set them to independent at the device"
                    ));
                }
                // Channel 1 is bit 4, channel 2 is bit 5.
                Ok(bits >> (3 + number.min(2)) & 1 == 1)
            }
        }
    }

    /// Who it says it is, or why it is not what it should be.
    pub fn model(self, answer: &str) -> Result<Model, String> {
        let mut parts = answer.split(',').map(str::trim);
        let (maker, name) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
        let maker = maker.to_ascii_uppercase();
        let other = |wanted: &str| format!("it says it is {answer:?}, which is no {wanted}");
        match self {
            Self::Genesys => {
                let wanted = "TDK-Lambda Genesys";
                let (volts, amps) = genesys(name).ok_or_else(|| other(wanted))?;
                if !maker.contains("LAMBDA") {
                    return Err(other(wanted));
                }
                Ok(Model { name: name.to_owned(), volts: Volts(volts), amps: Amps(amps) })
            }
            Self::Spd3303x => {
                let is_one = maker.starts_with("SIGLENT")
                    && matches!(name.to_ascii_uppercase().as_str(), "SPD3303X" | "SPD3303X-E");
                if !is_one {
                    return Err(other("Siglent SPD3303X"));
                }
                let (volts, amps) = SPD_CHANNEL;
                Ok(Model { name: name.to_owned(), volts: Volts(volts), amps: Amps(amps) })
            }
        }
    }
}

/// Voltage and current out of a Genesys model's name: "GEN300-10", "GENH60-12.5", "G60-85-IEMD".
fn genesys(name: &str) -> Option<(f64, f64)> {
    let upper = name.to_ascii_uppercase();
    let rest = upper.strip_prefix('G')?.trim_start_matches(['E', 'N', 'H']);
    let mut numbers = rest.split('-');
    let volts = number(numbers.next()?)?;
    let amps = number(numbers.next()?)?;
    ((1.0..=1500.0).contains(&volts) && (0.5..=1000.0).contains(&amps)).then_some((volts, amps))
}

/// A plain decimal number; not what Rust takes besides, such as "inf".
pub fn number(answer: &str) -> Option<f64> {
    let text = answer.trim();
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b".+-".contains(&b));
    plain.then(|| text.parse().ok()).flatten().filter(|value: &f64| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_genesys_says_what_it_can_give() {
        let can = |text| Brand::Genesys.model(text).map(|model| (model.volts.0, model.amps.0));
        assert_eq!(can("LAMBDA,GEN300-10"), Ok((300.0, 10.0)));
        assert_eq!(can("LAMBDA,GENH60-12.5"), Ok((60.0, 12.5)));
        assert_eq!(can("TDK-LAMBDA,G60-85-IEMD"), Ok((60.0, 85.0)));
        for other in
            ["LAMBDA,ZUP36-12", "ACME,GEN300-10", "", ",", "LAMBDA,GEN-", "LAMBDA,GEN9e9-1"]
        {
            assert!(can(other).unwrap_err().contains("no TDK-Lambda"), "{other}");
        }
    }

    #[test]
    fn a_siglent_is_known_by_maker_and_model() {
        let answer = "Siglent Technologies,SPD3303X-E,SPD3XHBX1R0001,1.01.01.02.07R2,V3.0";
        let model = Brand::Spd3303x.model(answer).unwrap();
        assert_eq!(
            (model.name.as_str(), model.volts, model.amps),
            ("SPD3303X-E", Volts(32.0), Amps(3.2))
        );
        assert!(Brand::Spd3303x.model("Siglent Technologies,SPD1168X,1,2,3").is_err());
    }

    #[test]
    fn the_state_of_each_siglent_channel_is_its_own_bit() {
        let on = |channel, text| Brand::Spd3303x.output(channel, text);
        assert_eq!(on(1, "0x14"), Ok(true));
        assert_eq!(on(2, "0x14"), Ok(false));
        assert_eq!(on(2, "0x24"), Ok(true));
        assert!(on(1, "0x18").unwrap_err().contains("not independent"));
        assert!(on(1, "14").is_err() && on(1, "0xZZ").is_err());
    }

    #[test]
    fn a_number_is_a_plain_one() {
        assert_eq!(number(" 12.50 "), Some(12.5));
        for text in ["inf", "NaN", "1e3", "", "1.2.3", "OK", "0x10"] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
