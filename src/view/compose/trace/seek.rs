//! Finding a place in the trace: a frame by its number or its time, and the next row that a filter
//! lets through.

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};

use super::Naming;
use crate::base::time::Wall;
use crate::engine::{FilterMemory, Reel, Sieve};
use crate::view::trace::{Found, Towards, TraceIndex};

/// The frame that somebody wants to go to: "#1412" or "1412" by its number, "12:30:05.2" by the time
/// of day, "62.5 s" by the time since the first.
///
/// # Errors
/// Says what is wrong, in a sentence.
pub fn place(naming: &Naming<'_>, reel: &Reel, text: &str) -> Result<u64, String> {
    let text = text.trim();
    let wrong = || {
        format!(
            "{text:?} is no place: type a number such as 1412, a time of day such as 12:30:05, or \
             seconds since the first frame such as 62.5 s."
        )
    };
    if reel.is_empty() {
        return Err("There is no frame to go to yet.".to_owned());
    }
    let plain: String = text.chars().filter(|c| *c != '#' && *c != '\u{a0}').collect();
    if let Ok(number) = plain.parse::<u64>() {
        let last = reel.end().saturating_sub(1);
        if number < reel.first() || number > last {
            let first = reel.first();
            return Err(format!("Frame {number} is not kept: there are {first} to {last}."));
        }
        return Ok(number);
    }
    if text.contains(':') {
        let time: civil::Time = clock(text).ok_or_else(wrong)?;
        return Ok(at_clock(naming, reel, time));
    }
    let seconds = text.trim_end_matches('s').trim().parse::<f64>().ok();
    let seconds = seconds.filter(|s| s.is_finite() && *s >= 0.0).ok_or_else(wrong)?;
    let begin = reel.get(reel.first()).map_or(0, |frame| frame.time().nanos());
    let wanted = begin.saturating_add((seconds * 1e9) as i64);
    Ok(first_from(reel, |number| {
        reel.get(number).is_some_and(|frame| frame.time().nanos() < wanted)
    }))
}

/// A time of day; the seconds may be left out.
fn clock(text: &str) -> Option<civil::Time> {
    let whole = if text.matches(':').count() == 1 { format!("{text}:00") } else { text.to_owned() };
    whole.parse().ok()
}

/// The first frame of which `before` does not hold; the last one where it holds of all.
fn first_from(reel: &Reel, before: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (reel.first(), reel.end().saturating_sub(1));
    while low < high {
        let middle = low + (high - low) / 2;
        if before(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// The first frame at this time of the day of the last frame, or of the day before where the last
/// frame is earlier.
fn at_clock(naming: &Naming<'_>, reel: &Reel, time: civil::Time) -> u64 {
    let wall = |number| {
        let frame = reel.get(number)?;
        naming.wall(frame.bus(), frame.time())
    };
    let last = wall(reel.end().saturating_sub(1));
    let wanted = last.and_then(|last| moment(last, time, naming.zone()));
    let Some(wanted) = wanted else { return reel.first() };
    first_from(reel, |number| wall(number).is_some_and(|at| at.nanos() < wanted.nanos()))
}

fn moment(last: Wall, time: civil::Time, zone: &TimeZone) -> Option<Wall> {
    let day = Timestamp::from_nanosecond(i128::from(last.nanos())).ok()?;
    let day = day.to_zoned(zone.clone()).date();
    let at = |day: civil::Date| {
        let zoned = day.to_datetime(time).to_zoned(zone.clone()).ok()?;
        i64::try_from(zoned.timestamp().as_nanosecond()).ok().map(Wall::from_nanos)
    };
    let today = at(day)?;
    if today.nanos() <= last.nanos() { Some(today) } else { at(day.yesterday().ok()?) }
}

/// Looks through at most `most` rows for the next one that `sieve` lets through, from the row
/// beside `from` on.
#[must_use]
pub fn next(
    (reel, index): (&Reel, &TraceIndex),
    sieve: &Sieve,
    (from, towards): (Option<u64>, Towards),
    most: u64,
) -> Found {
    let fit = index.fit(reel);
    let mut memory = FilterMemory::new();
    let start = match (from, towards) {
        (None, Towards::Next) => 0,
        (None, Towards::Previous) => fit,
        (Some(number), Towards::Previous) => index.row_of(reel, number),
        (Some(number), Towards::Next) => {
            let row = index.row_of(reel, number);
            row + u64::from(index.number(reel, row) == Some(number))
        }
    };
    let mut reached = from;
    for step in 0..most {
        let row = match towards {
            Towards::Next => start + step,
            Towards::Previous => match start.checked_sub(step + 1) {
                Some(row) => row,
                None => return Found::Nothing,
            },
        };
        let Some(number) = index.number(reel, row) else { return Found::Nothing };
        if reel.get(number).is_some_and(|frame| sieve.lets(frame, &mut memory)) {
            return Found::At(number);
        }
        reached = Some(number);
    }
    Found::Looking(reached)
}
