//! Numbers as text that reads back exactly, and quickly: most values of a bus are whole or have a
//! few decimals.

use std::io::Write;

/// Whole numbers below this are exact in an `f64`, and so is their text.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// Beyond these a decimal point in place would be a long row of zeros.
const LARGE: f64 = 1e17;
const SMALL: f64 = 1e-5;
const TENS: [f64; 7] = [1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6];

/// Appends `value`, or `otherwise` where it is no number or infinite.
pub fn push(text: &mut Vec<u8>, value: f64, otherwise: &str) {
    if !value.is_finite() {
        text.extend_from_slice(otherwise.as_bytes());
        return;
    }
    let size = value.abs();
    if size < 1e9 && few_decimals(text, value, size) {
        return;
    }
    if size < EXACT && size.fract() == 0.0 {
        push_sign(text, value);
        push_whole(text, size as u64);
    } else if !(SMALL..LARGE).contains(&size) {
        // Writing to a vector cannot fail.
        let _ = write!(text, "{value:e}");
    } else {
        let _ = write!(text, "{value}");
    }
}

/// Appends a value of at most six decimals. A whole number below 2^53 divided by a power of ten is
/// rounded once, exactly as a reader of the text does it, so equality proves the text right; and
/// with 15 digits or fewer there is no shorter one.
fn few_decimals(text: &mut Vec<u8>, value: f64, size: f64) -> bool {
    for (decimals, ten) in TENS.iter().enumerate() {
        let whole = (size * ten).round();
        if whole / ten == size {
            push_sign(text, value);
            let (whole, ten) = (whole as u64, *ten as u64);
            push_whole(text, whole / ten);
            if decimals > 0 {
                text.push(b'.');
                push_padded(text, whole % ten, decimals);
            }
            return true;
        }
    }
    false
}

fn push_sign(text: &mut Vec<u8>, value: f64) {
    if value.is_sign_negative() {
        text.push(b'-');
    }
}

/// Appends a whole number.
pub fn push_whole(text: &mut Vec<u8>, value: u64) {
    let mut digits = [0; 20];
    let from = fill(&mut digits, value);
    text.extend_from_slice(digits.get(from..).unwrap_or_default());
}

/// Appends a whole number with zeros in front, `width` digits in all, at most 20.
pub fn push_padded(text: &mut Vec<u8>, value: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let from = fill(&mut digits, value);
    let from = from.min(digits.len().saturating_sub(width));
    text.extend_from_slice(digits.get(from..).unwrap_or_default());
}

/// Writes the digits to the end of the row; where they begin.
fn fill(digits: &mut [u8; 20], mut value: u64) -> usize {
    let mut from = digits.len();
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
        from -= 1;
        if value == 0 {
            break;
        }
    }
    from
}

/// Appends nanoseconds as seconds, with as many decimals as it takes and no more.
pub fn push_seconds(text: &mut Vec<u8>, ns: i64) {
    if ns < 0 {
        text.push(b'-');
    }
    let ns = ns.unsigned_abs();
    push_whole(text, ns / 1_000_000_000);
    let (mut part, mut width) = (ns % 1_000_000_000, 9);
    if part == 0 {
        return;
    }
    if part % 1000 == 0 {
        (part, width) = (part / 1000, 6);
    }
    while part % 10 == 0 {
        part /= 10;
        width -= 1;
    }
    text.push(b'.');
    push_padded(text, part, width);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(value: f64) -> String {
        let mut text = Vec::new();
        push(&mut text, value, "null");
        String::from_utf8(text).unwrap()
    }

    fn seconds(ns: i64) -> String {
        let mut text = Vec::new();
        push_seconds(&mut text, ns);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn numbers_are_as_short_as_they_can_be() {
        let pairs = [
            (0.0, "0"),
            (-0.0, "-0"),
            (12.5, "12.5"),
            (-0.001, "-0.001"),
            (3.0 * 0.1, "0.30000000000000004"),
            (1_234_567_890_123.0, "1234567890123"),
            (1e300, "1e300"),
            (1.5e-7, "1.5e-7"),
            (18_446_744_073_709_551_615.0, "1.8446744073709552e19"),
            (f64::from(0.1_f32), "0.10000000149011612"),
            (f64::NAN, "null"),
            (f64::NEG_INFINITY, "null"),
        ];
        for (value, text) in pairs {
            assert_eq!(shown(value), text);
        }
    }

    #[test]
    fn seconds_have_the_decimals_they_need() {
        assert_eq!(seconds(1_436_509_052_249_713_000), "1436509052.249713");
        assert_eq!(seconds(166_000_000_000), "166");
        assert_eq!(seconds(166_064_000_000), "166.064");
        assert_eq!(seconds(1), "0.000000001");
        assert_eq!(seconds(-1_500_000_000), "-1.5");
    }

    proptest! {
        #[test]
        fn every_number_reads_back_exactly(bits: u64) {
            let value = f64::from_bits(bits);
            if value.is_finite() {
                let back: f64 = shown(value).parse().unwrap();
                prop_assert_eq!(back.to_bits(), bits);
                let back: f64 = serde_json::from_str(&shown(value)).unwrap();
                // serde_json reads "-0" as the whole number zero.
                prop_assert!((back - value).abs() <= value.abs() * 1e-15);
            }
        }

        #[test]
        fn every_reading_of_a_bus_reads_back_exactly(raw in -100_000_000_i64..100_000_000, exponent in 0..7_i32, offset in -1000..1000_i32) {
            let value = raw as f64 * 10_f64.powi(-exponent) + f64::from(offset);
            let back: f64 = shown(value).parse().unwrap();
            prop_assert_eq!(back, value);
            prop_assert!(shown(value).len() <= value.to_string().len());
        }

        #[test]
        fn every_time_reads_back_exactly(ns in 0..i64::MAX) {
            let text = seconds(ns);
            let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
            let back = whole.parse::<i64>().unwrap() * 1_000_000_000 + format!("{part:0<9}").parse::<i64>().unwrap();
            prop_assert_eq!(back, ns);
        }
    }
}
