//! Numbers and times as words: always with unit and sign, digits grouped, no more places than the
//! reading is worth.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::base::id::Name;
use crate::base::problem::Problem;
use crate::base::reading::Age;
use crate::base::time::Wall;
use crate::view::shown::{Shade, Shown};

/// Stands where there is no value.
pub const DASH: &str = "\u{2013}";
/// The minus sign.
pub const MINUS: &str = "\u{2212}";
const GROUP: char = '\u{a0}';

/// A whole number with its digits in groups of three.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(GROUP);
        }
        text.push(digit);
    }
    text
}

/// Numbers from here on have more digits than anybody reads, and more than are known of them.
const VAST: f64 = 1e20;
/// Places of a number that is written as a power of ten.
const VAST_PLACES: usize = 4;

/// A number with `places` decimals and a real minus sign; "1.5e308" where it would fill the page.
#[must_use]
pub fn fixed(number: f64, places: usize) -> String {
    let text = if number.abs() >= VAST {
        power_of_ten(&format!("{number:.VAST_PLACES$e}"))
    } else {
        format!("{number:.places$}")
    };
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|c| c == '0' || c == '.') => rest.to_owned(),
        Some(rest) => format!("{MINUS}{rest}"),
        None => text,
    }
}

/// "1.5e308" out of "1.5000e308".
fn power_of_ten(text: &str) -> String {
    let Some((digits, power)) = text.split_once('e') else { return text.to_owned() };
    let digits = match digits.contains('.') {
        true => digits.trim_end_matches('0').trim_end_matches('.'),
        false => digits,
    };
    format!("{digits}e{power}")
}

/// A number with all that it says, as it is typed: "0.25", "1e308".
#[must_use]
pub fn exact_number(number: f64) -> String {
    let size = number.abs();
    if size >= VAST || (size > 0.0 && size < 1e-9) {
        format!("{number:e}")
    } else {
        number.to_string()
    }
}

/// A number with `places` decimals that always says its sign; zero has none.
#[must_use]
pub fn signed(number: f64, places: usize) -> String {
    let text = fixed(number, places);
    let is_zero = text.chars().all(|c| c == '0' || c == '.');
    if number > 0.0 && !is_zero { format!("+{text}") } else { text }
}

/// A span of time in words, as coarse as it may be: "80 ms", "1.2 s", "12 s", "3 min 20 s".
#[must_use]
pub fn span(span: Duration) -> String {
    let (ms, s) = (span.as_millis(), span.as_secs());
    match s {
        0 => format!("{ms} ms"),
        1..10 => format!("{:.1} s", span.as_secs_f64()),
        10..60 => format!("{s} s"),
        60..3600 => match s % 60 {
            0 => format!("{} min", s / 60),
            rest => format!("{} min {rest} s", s / 60),
        },
        _ => format!("{} h {} min", s / 3600, s % 3600 / 60),
    }
}

/// A period: "100 ms" below ten seconds, else as a span.
#[must_use]
pub fn span_or_ms(period: Duration) -> String {
    if period < Duration::from_secs(10) {
        return format!("{} ms", fixed(period.as_secs_f64() * 1e3, 0));
    }
    span(period)
}

/// A position in a recording: "0:02.3", "1:02:03.4".
#[must_use]
pub fn position(span: Duration) -> String {
    let (s, tenth) = (span.as_secs(), span.subsec_millis() / 100);
    let (h, m, s) = (s / 3600, s % 3600 / 60, s % 60);
    if h > 0 { format!("{h}:{m:02}:{s:02}.{tenth}") } else { format!("{m}:{s:02}.{tenth}") }
}

/// The time of day with its zone: "14:26:08 +10:00".
#[must_use]
pub fn clock(wall: Wall, zone: &TimeZone) -> String {
    written(wall, zone, "%H:%M:%S %:z")
}

/// The time of day alone, "14:26:08": for a list whose day is known.
#[must_use]
pub fn time_of_day(wall: Wall, zone: &TimeZone) -> String {
    written(wall, zone, "%H:%M:%S")
}

/// The time of day to the microsecond, "14:26:08.123456": for frames.
#[must_use]
pub fn micros(wall: Wall, zone: &TimeZone) -> String {
    written(wall, zone, "%H:%M:%S%.6f")
}

/// The time of day to the minute with its zone, "14:26 +10:00": for a picture that is not renewed
/// every second.
#[must_use]
pub fn minutes(wall: Wall, zone: &TimeZone) -> String {
    written(wall, zone, "%H:%M %:z")
}

/// Date and time to the minute, "2026-11-21 14:00": for lists.
#[must_use]
pub fn date(wall: Wall, zone: &TimeZone) -> String {
    written(wall, zone, "%Y-%m-%d %H:%M")
}

/// Date and time to the second, "2026-11-21 14:00:08": where the order of events matters.
#[must_use]
pub fn stamp(wall: Wall, zone: &TimeZone) -> String {
    written(wall, zone, "%Y-%m-%d %H:%M:%S")
}

/// Date and time to the second with its zone, "2026-11-21 14:00:08 +10:00": for what is read
/// elsewhere and later.
#[must_use]
pub fn exact(wall: Wall, zone: &TimeZone) -> String {
    written(wall, zone, "%Y-%m-%d %H:%M:%S %:z")
}

/// A span of time in its largest unit alone, to the nearest one: "2 d", "5 h", "12 min", "40 s". A
/// link that was just made for 72 hours expires in 3 d, not in 2.
#[must_use]
pub fn coarse(span: Duration) -> String {
    let seconds = span.as_secs().saturating_add(u64::from(span.subsec_millis() >= 500));
    let nearest = |unit: u64| seconds.saturating_add(unit / 2) / unit;
    match (nearest(60), nearest(3_600)) {
        _ if seconds < 60 => format!("{seconds} s"),
        (minutes @ ..60, _) => format!("{minutes} min"),
        (_, hours @ ..48) => format!("{hours} h"),
        _ => format!("{} d", nearest(86_400)),
    }
}

/// How long before `now` something was: "12 s ago", "just now".
#[must_use]
pub fn ago(at: Wall, now: Wall) -> String {
    let span = between(at, now);
    if span.as_secs() < 5 { "just now".into() } else { format!("{} ago", coarse(span)) }
}

/// How long after `now` something will be: "in 2 d", "now".
#[must_use]
pub fn ahead(at: Wall, now: Wall) -> String {
    let span = between(now, at);
    if span.as_secs() == 0 { "now".into() } else { format!("in {}", coarse(span)) }
}

/// The time from `earlier` to `later`; zero where they stand the other way round.
#[must_use]
pub fn between(earlier: Wall, later: Wall) -> Duration {
    Duration::from_nanos(later.nanos().saturating_sub(earlier.nanos()).max(0).unsigned_abs())
}

/// A number of things: "1 user", "4 users"; the plural of `one` is made with an s.
#[must_use]
pub fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{} {one}s", grouped(number as u64)) }
}

fn written(wall: Wall, zone: &TimeZone, format: &str) -> String {
    match Timestamp::from_nanosecond(i128::from(wall.nanos())) {
        Ok(stamp) => stamp.to_zoned(zone.clone()).strftime(format).to_string(),
        Err(_) => DASH.to_owned(),
    }
}

/// The shade that goes with an age.
#[must_use]
pub const fn shade(age: Age) -> Shade {
    match age {
        Age::Never => Shade::Never,
        Age::Fresh(_) => Shade::Fresh,
        Age::Late(_) => Shade::Late,
        Age::Lost(_) => Shade::Lost,
    }
}

/// A value with its age: the number while it may be used, else a dash; the note says why.
#[must_use]
pub fn shown(age: Age, value: Option<String>, unit: &str, note: String) -> Shown {
    let dash =
        |note: String| Shown { text: DASH.into(), unit: String::new(), shade: shade(age), note };
    match (age, value) {
        (Age::Never, _) => dash("no data yet".into()),
        (Age::Lost(d), _) => dash(format!("no data for {}", span(d))),
        (Age::Fresh(_) | Age::Late(_), None) => {
            Shown { shade: Shade::Never, ..dash("not available".into()) }
        }
        (Age::Fresh(_), Some(text)) => Shown { text, unit: unit.into(), shade: Shade::Fresh, note },
        (Age::Late(d), Some(text)) => {
            let note = format!("{} old", span(d));
            Shown { text, unit: unit.into(), shade: Shade::Late, note }
        }
    }
}

/// Letters as a BMS sends them, without what fills them up; a dash stands for what is no letter.
#[must_use]
pub fn in_letters(letters: &[u8]) -> String {
    let shown = |letter: &u8| {
        if letter.is_ascii_graphic() || *letter == b' ' { char::from(*letter) } else { '-' }
    };
    let end = letters.iter().rposition(|letter| !matches!(letter, 0 | b' ')).map_or(0, |at| at + 1);
    letters.iter().take(end).map(shown).collect()
}

/// What somebody typed as the name of something.
///
/// # Errors
/// Says why nothing can be called so, in a sentence.
pub fn a_name(typed: &str) -> Result<Name, String> {
    Name::new(typed).map_err(|error| format!("\u{201c}{}\u{201d}: {error}.", short_name(typed)))
}

/// As much of what somebody typed as a name has room for: for sentences.
#[must_use]
pub fn short_name(typed: &str) -> String {
    typed.chars().take(Name::LIMIT).collect()
}

/// What is wrong with an input: "line 12: this is no frame".
#[must_use]
pub fn problem(problem: &Problem) -> String {
    match problem.line {
        0 => problem.text.clone(),
        line => format!("line {}: {}", grouped(line.into()), problem.text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_would_fill_the_page_is_a_power_of_ten() {
        assert_eq!(fixed(1e308, 3), "1e308");
        assert_eq!(fixed(-1.234_56e308, 0), "\u{2212}1.2346e308");
        assert_eq!(fixed(u64::MAX as f64, 0), "18446744073709551616");
        assert_eq!(signed(2e30, 1), "+2e30");
        assert_eq!(fixed(f64::INFINITY, 1), "inf");
        for (number, text) in [(0.25, "0.25"), (1e308, "1e308"), (-2.5e-300, "-2.5e-300")] {
            assert_eq!(exact_number(number), text);
            assert_eq!(text.parse(), Ok(number));
        }
        assert_eq!((exact_number(0.0).as_str(), exact_number(1e-6).as_str()), ("0", "0.000001"));
    }

    #[test]
    fn numbers_are_grouped_and_signed_in_a_real_minus() {
        assert_eq!(grouped(8_412_330), "8\u{a0}412\u{a0}330");
        assert_eq!(grouped(12), "12");
        assert_eq!(signed(10.054, 2), "+10.05");
        assert_eq!(signed(-1.4, 1), "\u{2212}1.4");
        assert_eq!(signed(-0.001, 2), "0.00");
        assert_eq!(signed(0.001, 2), "0.00");
    }

    #[test]
    fn spans_are_as_coarse_as_they_may_be() {
        let said = |ms| span(Duration::from_millis(ms));
        assert_eq!(said(80), "80 ms");
        assert_eq!(said(1234), "1.2 s");
        assert_eq!(said(12_900), "12 s");
        assert_eq!(said(200_000), "3 min 20 s");
        assert_eq!(said(7_500_000), "2 h 5 min");
        assert_eq!(position(Duration::from_millis(62_340)), "1:02.3");
        assert_eq!(position(Duration::from_millis(3_723_400)), "1:02:03.4");
    }

    #[test]
    fn a_lost_value_is_a_dash_that_says_for_how_long() {
        let lost =
            shown(Age::Lost(Duration::from_secs(12)), Some("3700".into()), "mV", String::new());
        assert_eq!(lost.text, DASH);
        assert_eq!(lost.note, "no data for 12 s");
        let never = shown(Age::Never, None, "mV", String::new());
        assert_eq!(never.note, "no data yet");
        let sentinel = shown(Age::Fresh(Duration::ZERO), None, "mV", String::new());
        assert_eq!((sentinel.text.as_str(), sentinel.note.as_str()), (DASH, "not available"));
    }

    #[test]
    fn a_moment_is_told_by_how_far_it_is() {
        let at = |s: i64| Wall::from_nanos(s * 1_000_000_000);
        assert_eq!(ago(at(0), at(3)), "just now");
        assert_eq!(ago(at(0), at(125)), "2 min ago");
        assert_eq!(ahead(at(2 * 86_400), at(0)), "in 2 d");
        assert_eq!(ahead(at(47 * 3600), at(0)), "in 47 h");
        assert_eq!(ahead(at(72 * 3600 - 1), at(0)), "in 3 d", "to the nearest");
        assert_eq!(ahead(at(12 * 3600 - 1), at(0)), "in 12 h");
        assert_eq!(ahead(at(60 * 60 - 1), at(0)), "in 1 h");
        assert_eq!(ahead(at(48 * 3600 - 1), at(0)), "in 2 d");
        assert_eq!(ahead(at(59), at(0)), "in 59 s");
        assert_eq!(ahead(at(89), at(0)), "in 1 min");
        assert_eq!(ahead(Wall::from_nanos(300_000_000), at(0)), "now");
        assert_eq!(coarse(Duration::MAX), "213503982334601 d");
        assert_eq!(ahead(at(0), at(9)), "now");
        assert_eq!(date(at(0), &TimeZone::UTC), "1970-01-01 00:00");
        assert_eq!((count(1, "user"), count(4, "user")), ("1 user".into(), "4 users".into()));
    }

    #[test]
    fn the_clock_shows_its_zone() {
        let zone = TimeZone::fixed(jiff::tz::offset(10));
        assert_eq!(clock(Wall::from_nanos(0), &zone), "10:00:00 +10:00");
    }
}
