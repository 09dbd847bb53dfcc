//! Bit rates in the words of the protocol. Knows what adapters commonly offer; whether this one does,
//! its answer tells.

use thiserror::Error;

/// Nominal rates that have a number of their own, in its order: `S0` is 10 kbit/s.
pub const STANDARD: [u32; 9] =
    [10_000, 20_000, 50_000, 100_000, 125_000, 250_000, 500_000, 750_000, 1_000_000];
/// Data rates of FD that have one: `Y2` is 2 Mbit/s.
pub const DATA: [u32; 5] = [1_000_000, 2_000_000, 4_000_000, 5_000_000, 8_000_000];

/// Half the crystal of the controller that Lawicel's adapters have: the registers count in it.
const CLOCK: u32 = 8_000_000;
/// Where a bit is sampled, in thousandths of it, as the automation makers agreed.
const SAMPLE: u32 = 875;

/// Why a rate cannot be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RateError {
    /// No number, and the clock cannot be divided so.
    #[error(
        "{0} bit/s cannot be set on an slcan adapter: choose 10000, 20000, 50000, 100000, 125000, \
         250000, 500000, 750000 or 1000000, or one by which 8000000 can be divided into 8 to 1600"
    )]
    Nominal(u32),
    /// No number.
    #[error(
        "{0} bit/s is no data rate of an slcan adapter: choose 1000000, 2000000, 4000000, 5000000 or \
         8000000"
    )]
    Data(u32),
}

/// The command that sets the nominal rate, without its end.
///
/// # Errors
/// It cannot be said.
pub fn nominal(rate: u32) -> Result<String, RateError> {
    if let Some(place) = STANDARD.iter().position(|known| *known == rate) {
        return Ok(format!("S{place}"));
    }
    let (first, second) = registers(rate).ok_or(RateError::Nominal(rate))?;
    Ok(format!("s{first:02X}{second:02X}"))
}

/// The command that sets the data rate of FD, without its end.
///
/// # Errors
/// It cannot be said.
pub fn data(rate: u32) -> Result<String, RateError> {
    if DATA.contains(&rate) {
        Ok(format!("Y{}", rate / 1_000_000))
    } else {
        Err(RateError::Data(rate))
    }
}

/// The two timing registers for `rate`: of the ways to divide the clock the one that samples nearest
/// to where it should. A rate that is off by more than one in a thousand is no way.
fn registers(rate: u32) -> Option<(u8, u8)> {
    if !(5_000..=1_000_000).contains(&rate) {
        return None;
    }
    let mut best: Option<(u32, u32, u32)> = None;
    for divider in 1..=64_u32 {
        for quanta in 8..=25_u32 {
            let made = CLOCK / (divider * quanta);
            if made.abs_diff(rate) * 1000 > rate {
                continue;
            }
            // One quantum synchronises, up to 16 lie before the sample and up to 8 behind it.
            let before = (quanta * SAMPLE / 1000).clamp(2, 17).max(quanta.saturating_sub(8));
            let off = (before * 1000 / quanta).abs_diff(SAMPLE);
            let after = quanta - before;
            if (1..=8).contains(&after) && best.is_none_or(|(least, _, _)| off < least) {
                best = Some((off, divider, (after - 1) << 4 | (before - 2)));
            }
        }
    }
    let (_, divider, second) = best?;
    Some(((divider - 1) as u8, second as u8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_rates_have_numbers() {
        let said: Vec<String> = STANDARD.iter().map(|rate| nominal(*rate).unwrap()).collect();
        assert_eq!(said, ["S0", "S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8"]);
        assert_eq!(data(2_000_000).unwrap(), "Y2");
        assert_eq!(data(5_000_000).unwrap(), "Y5");
    }

    #[test]
    fn other_rates_are_set_by_their_registers() {
        for rate in [5_000, 33_333, 40_000, 62_500, 80_000, 83_333, 200_000, 400_000, 800_000] {
            let command = nominal(rate).unwrap();
            let word = u32::from_str_radix(&command[1..], 16).unwrap();
            let (first, second) = (word >> 8, word & 0xFF);
            assert_eq!(first >> 6 | second >> 7, 0, "{command}: wider jumps or three samples");
            let quanta = 1 + (second & 15) + 1 + (second >> 4 & 7) + 1;
            let made = 8_000_000.0 / f64::from((first + 1) * quanta);
            assert!((made / f64::from(rate) - 1.0).abs() < 0.001, "{rate}: {command} is {made}");
            let sample = f64::from(2 + (second & 15)) / f64::from(quanta);
            // The slowest can be divided in one way only.
            assert!((0.65..=0.9).contains(&sample), "{rate}: {command} samples at {sample}");
        }
    }

    #[test]
    fn what_cannot_be_set_says_what_can() {
        for rate in [0, 1, 4_999, 123_457, 1_000_001, u32::MAX] {
            assert!(nominal(rate).unwrap_err().to_string().contains("500000"), "{rate}");
        }
        assert!(data(3_000_000).unwrap_err().to_string().contains("2000000"));
    }
}
