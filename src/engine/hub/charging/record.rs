//! What is kept of a charge while it goes on: its report in the making.

use std::cell::Cell;
use std::time::Duration;

use crate::base::time::{Mono, Wall};
use crate::engine::access::grant::Face;
use crate::engine::charge::{
    ChargeReport, Curve, Governor, Keep, Meter, Outcome, PackView, ReportEvent, ReportPoint, Rules,
    SetPoints,
};
use crate::engine::hub::charging::words;

/// How often a charge that runs is kept.
const KEEP_EVERY: Duration = Duration::from_secs(30);
/// Most events and changes of the governor that are kept; the last place is for the end.
const MOST: usize = 256;

/// Numbers of charges: milliseconds since 1970 of the beginning, but always more than the one before, so
/// that no two are the same and the order stays whatever the clock does.
#[derive(Debug, Default)]
pub(super) struct Numbers(Cell<u64>);

impl Numbers {
    /// Goes on after this one.
    pub(super) fn after(&self, newest: u64) {
        self.0.set(self.0.get().max(newest));
    }

    /// The number of a charge that begins now.
    pub(super) fn next(&self, wall: Wall) -> u64 {
        let number = u64::try_from(millis(wall)).unwrap_or_default();
        self.0.set(number.max(self.0.get().saturating_add(1)));
        self.0.get()
    }
}

/// A report in the making.
#[derive(Debug)]
pub(super) struct Record {
    report: ChargeReport,
    began: Mono,
    kept: Option<Mono>,
}

/// What a record begins with.
pub(super) struct Beginning<'a> {
    pub(super) id: u64,
    pub(super) pack: &'a str,
    pub(super) charger: &'a str,
    pub(super) by: &'a str,
    pub(super) face: Face,
    pub(super) set: SetPoints,
    pub(super) rules: &'a Rules,
    pub(super) pace: f64,
}

impl Record {
    pub(super) fn begin(now: Mono, wall: Wall, with: &Beginning<'_>, seen: &PackView) -> Self {
        let report = ChargeReport {
            id: with.id,
            pack: with.pack.to_owned(),
            charger: with.charger.to_owned(),
            by: with.by.to_owned(),
            face: with.face.code().to_owned(),
            started_ms: millis(wall),
            pace: with.pace,
            set: Some(with.set),
            rules: with.rules.own().map(|(name, value)| (name.to_owned(), value)).collect(),
            soc: (seen.soc.map(|soc| soc.get()), None),
            ..ChargeReport::default()
        };
        Self { report, began: now, kept: None }
    }

    pub(super) const fn id(&self) -> u64 {
        self.report.id
    }

    /// Set points were changed.
    pub(super) const fn change(&mut self, set: SetPoints) {
        self.report.set = Some(set);
    }

    /// Something happened.
    pub(super) fn event(&mut self, now: Mono, text: &str) {
        let seconds = now.since(self.began).as_secs_f64();
        if self.report.events.len() >= MOST {
            // The beginning and the end tell more than the middle.
            self.report.events.remove(MOST / 2);
        }
        self.report.events.push(ReportEvent { seconds, text: text.to_owned() });
    }

    /// Another limit governs.
    pub(super) fn governed(&mut self, meter: &Meter, by: Governor) {
        if self.report.governors.len() >= MOST {
            self.report.governors.remove(MOST / 2);
        }
        let at = meter.elapsed.as_secs_f64();
        self.report.governors.push((at, words::governor(by).to_owned()));
    }

    /// Counts what is seen now.
    pub(super) fn count(&mut self, seen: &PackView, meter: &Meter, pace: f64) {
        let report = &mut self.report;
        report.seconds = meter.elapsed.as_secs_f64();
        (report.ah, report.kwh) = (meter.ah, meter.kwh);
        report.spread_mv = meter.spread_mv;
        report.pace = report.pace.max(pace);
        if let Some(soc) = seen.soc {
            report.soc = (report.soc.0.or(Some(soc.get())), Some(soc.get()));
        }
        report.highest_mv = report.highest_mv.max(seen.highest.map(|cell| cell.mv));
        if let Some(at) = seen.hottest {
            let degrees = at.temperature.get();
            report.hottest_c = Some(report.hottest_c.map_or(degrees, |most| most.max(degrees)));
        }
    }

    /// It has ended.
    pub(super) fn end(&mut self, wall: Wall, outcome: &Outcome, why: String) {
        self.report.ended_ms = Some(millis(wall));
        words::code(&outcome.why).clone_into(&mut self.report.outcome);
        self.report.outcome_words = why;
        self.report.stop_words = words::stop(outcome);
    }

    /// What is to be kept now, if it is time, or it has ended.
    pub(super) fn due(&mut self, now: Mono, curve: &Curve) -> Option<Keep> {
        let ended = self.report.ended_ms.is_some();
        let due = self.kept.is_none_or(|at| now.since(at) >= KEEP_EVERY);
        if !ended && !due {
            return None;
        }
        self.kept = Some(now);
        self.report.curve = curve
            .points
            .iter()
            .map(|point| ReportPoint {
                seconds: point.seconds,
                amps: point.amps.map(|amps| amps.get()),
                volts: point.volts.map(|volts| volts.get()),
                highest_mv: point.highest_mv,
                lowest_mv: point.lowest_mv,
                hottest_c: point.hottest_c,
                soc: point.soc,
            })
            .collect();
        Some(Keep::Charge(Box::new(self.report.clone())))
    }
}

fn millis(wall: Wall) -> i64 {
    wall.nanos().div_euclid(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_charges_have_one_number_whatever_the_clock_does() {
        let numbers = Numbers::default();
        let noon = Wall::from_nanos(1_795_000_000_000_000_000);
        let first = numbers.next(noon);
        assert_eq!(first, 1_795_000_000_000);
        assert_eq!(numbers.next(noon), first + 1, "two that begin in one step");
        assert_eq!(numbers.next(Wall::from_nanos(0)), first + 2, "the clock was set back");
        numbers.after(first + 5_000);
        assert_eq!(numbers.next(noon), first + 5_001, "what is kept from before counts");
        numbers.after(7);
        assert_eq!(numbers.next(noon), first + 5_002);
    }
}
