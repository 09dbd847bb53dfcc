//! Reading numbers and words out of bytes, quickly and without ever failing on odd input: hex,
//! decimal, times. Knows nothing of formats.

/// A cursor over one line.
#[derive(Clone, Copy)]
pub struct Words<'a> {
    rest: &'a [u8],
}

impl<'a> Words<'a> {
    /// Starts at the front of `line`.
    pub const fn new(line: &'a [u8]) -> Self {
        Self { rest: line }
    }

    /// What no word was taken of yet.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = trim_start(self.rest);
        if rest.is_empty() {
            self.rest = rest;
            return None;
        }
        let end = rest.iter().position(|b| is_blank(*b)).unwrap_or(rest.len());
        let (word, rest) = rest.split_at(end);
        self.rest = rest;
        Some(word)
    }
}

/// Space, tab and the carriage return of a Windows line end.
pub const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r')
}

/// `bytes` without leading blanks.
pub fn trim_start(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|b| !is_blank(*b)).unwrap_or(bytes.len());
    bytes.get(start..).unwrap_or_default()
}

/// `bytes` without blanks at both ends.
pub fn trim(bytes: &[u8]) -> &[u8] {
    let bytes = trim_start(bytes);
    let end = bytes.iter().rposition(|b| !is_blank(*b)).map_or(0, |last| last + 1);
    bytes.get(..end).unwrap_or_default()
}

const NO_DIGIT: u8 = 0xFF;

const HEX: [u8; 256] = {
    let mut table = [NO_DIGIT; 256];
    let mut digit = 0;
    while digit < 16 {
        table[b"0123456789ABCDEF"[digit] as usize] = digit as u8;
        table[b"0123456789abcdef"[digit] as usize] = digit as u8;
        digit += 1;
    }
    table
};

/// The value of one hex digit.
pub const fn nibble(byte: u8) -> Option<u8> {
    let value = HEX[byte as usize];
    if value == NO_DIGIT { None } else { Some(value) }
}

/// Two hex digits as a byte.
pub const fn byte(high: u8, low: u8) -> Option<u8> {
    let (high, low) = (HEX[high as usize], HEX[low as usize]);
    if (high | low) > 15 { None } else { Some((high << 4) | low) }
}

/// 1 to 8 hex digits.
pub fn hex(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    digits.iter().try_fold(0_u32, |value, digit| Some((value << 4) | u32::from(nibble(*digit)?)))
}

/// Pairs of hex digits into `into`; the number of bytes, or `None` where a digit is missing, is no
/// digit, or there are too many.
pub fn hex_bytes(digits: &[u8], into: &mut [u8]) -> Option<usize> {
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let into = into.get_mut(..pairs.len())?;
    let mut bad = 0_u8;
    for (out, [high, low]) in into.iter_mut().zip(pairs) {
        let (high, low) = (HEX[usize::from(*high)], HEX[usize::from(*low)]);
        bad |= high | low;
        *out = (high << 4) | (low & 15);
    }
    (bad <= 15).then_some(pairs.len())
}

/// Words of two hex digits into `into`, as far as there are such words; how many there were.
pub fn hex_words(text: &[u8], into: &mut [u8]) -> usize {
    let mut rest = text;
    let mut len = 0;
    for slot in into {
        while let [blank, after @ ..] = rest
            && is_blank(*blank)
        {
            rest = after;
        }
        let [high, low, after @ ..] = rest else { break };
        let Some(byte) = byte(*high, *low) else { break };
        if after.first().is_some_and(|next| !is_blank(*next)) {
            break;
        }
        *slot = byte;
        len += 1;
        rest = after;
    }
    len
}

/// 1 to 18 decimal digits.
pub fn decimal(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    digits.iter().try_fold(0_i64, |value, digit| {
        digit.is_ascii_digit().then(|| value * 10 + i64::from(digit - b'0'))
    })
}

/// Seconds with an optional fraction, as nanoseconds; digits beyond the ninth are cut off.
pub fn seconds(text: &[u8]) -> Option<i64> {
    let (whole, fraction) = match memchr::memchr(b'.', text) {
        Some(dot) => (text.get(..dot)?, text.get(dot + 1..)?),
        None => (text, &[][..]),
    };
    if whole.len() > 10 {
        return None;
    }
    decimal(whole)?.checked_mul(1_000_000_000)?.checked_add(nanos(fraction)?)
}

/// The digits behind a decimal point, as billionths.
pub fn nanos(fraction: &[u8]) -> Option<i64> {
    let mut value = 0;
    let mut unit = 100_000_000;
    for digit in fraction {
        if !digit.is_ascii_digit() {
            return None;
        }
        value += i64::from(digit - b'0') * unit;
        unit /= 10;
    }
    Some(value)
}

/// `22:51:46.481` as nanoseconds since midnight.
pub fn time_of_day(text: &[u8]) -> Option<i64> {
    let mut parts = text.splitn(3, |b| *b == b':');
    let hours = decimal(parts.next()?).filter(|h| *h < 24)?;
    let minutes = decimal(parts.next()?).filter(|m| *m < 60)?;
    // A leap second is 60.
    let seconds = seconds(parts.next()?).filter(|s| *s < 61_000_000_000)?;
    Some((hours * 60 + minutes) * 60_000_000_000 + seconds)
}

/// `2015-07-10 06:17:32.249713` as nanoseconds since 1970, as if it were UTC.
pub fn date_time(text: &[u8]) -> Option<i64> {
    let space = memchr::memchr2(b' ', b'T', text)?;
    let (date, time) = text.split_at(space);
    let mut parts = date.splitn(3, |b| *b == b'-').map(decimal);
    let mut next = || parts.next().flatten();
    let (year, month, day) = (next()?, next()?, next()?);
    midnight(year, month, day)?.checked_add(time_of_day(time.get(1..)?)?)
}

/// The beginning of a day in UTC as nanoseconds since 1970; `None` where there is no such day.
pub fn midnight(year: i64, month: i64, day: i64) -> Option<i64> {
    let date = jiff::civil::Date::new(
        i16::try_from(year).ok()?,
        i8::try_from(month).ok()?,
        i8::try_from(day).ok()?,
    );
    let midnight = date.ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second();
    midnight.checked_mul(1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_and_everything_else_is_refused() {
        assert_eq!(hex(b"6F8"), Some(0x6F8));
        assert_eq!(hex(b"ffffffff"), Some(u32::MAX));
        assert_eq!(hex(b""), None);
        assert_eq!(hex(b"123456789"), None);
        assert_eq!(hex(b"6G8"), None);
        assert_eq!(decimal(b"0012"), Some(12));
        assert_eq!(decimal(b"-1"), None);
        assert_eq!(seconds(b"1436509052.249713"), Some(1_436_509_052_249_713_000));
        assert_eq!(seconds(b"000.5"), Some(500_000_000));
        assert_eq!(seconds(b"7"), Some(7_000_000_000));
        assert_eq!(seconds(b"1.1234567899"), Some(1_123_456_789));
        assert_eq!(seconds(b"1.2.3"), None);
        assert_eq!(seconds(b"99999999999"), None);
    }

    #[test]
    fn clocks_and_dates_are_read() {
        assert_eq!(time_of_day(b"22:51:46.481"), Some(82_306_481_000_000));
        assert_eq!(time_of_day(b"24:00:00"), None);
        assert_eq!(time_of_day(b"12:00"), None);
        assert_eq!(date_time(b"2015-07-10 06:17:32.249713"), Some(1_436_509_052_249_713_000));
        assert_eq!(date_time(b"2015-02-30 06:17:32.2"), None);
        assert_eq!(date_time(b"2015-07 06:17:32.2"), None);
    }

    #[test]
    fn bytes_come_in_pairs_of_digits() {
        let mut bytes = [0; 4];
        assert_eq!(hex_bytes(b"01aBfF", &mut bytes), Some(3));
        assert_eq!(bytes, [0x01, 0xAB, 0xFF, 0]);
        assert_eq!(hex_bytes(b"", &mut bytes), Some(0));
        assert_eq!(hex_bytes(b"012", &mut bytes), None);
        assert_eq!(hex_bytes(b"0x", &mut bytes), None);
        assert_eq!(hex_bytes(b"0011223344", &mut bytes), None);
    }

    #[test]
    fn words_of_two_digits_are_read_as_far_as_they_go() {
        let mut bytes = [0; 4];
        assert_eq!(hex_words(b" 01 aB\tfF\r", &mut bytes), 3);
        assert_eq!(bytes, [0x01, 0xAB, 0xFF, 0]);
        assert_eq!(hex_words(b"01 2 03", &mut bytes), 1);
        assert_eq!(hex_words(b"01 234 05", &mut bytes), 1);
        assert_eq!(hex_words(b"01 0g", &mut bytes), 1);
        assert_eq!(hex_words(b"01 02 03 04 05", &mut bytes), 4);
        assert_eq!(hex_words(b" ", &mut bytes), 0);
    }

    #[test]
    fn words_are_cut_at_blanks() {
        let words: Vec<_> = Words::new(b"  a\tbc  d\r").collect();
        assert_eq!(words, [&b"a"[..], b"bc", b"d"]);
        assert_eq!(trim(b" \t x y \r"), b"x y");
        assert_eq!(trim(b" "), b"");
    }
}
