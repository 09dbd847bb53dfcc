//! The search for the bit rate of a bus: which rates are listened at, for how long, and what may be
//! concluded. Pure: it is told what came of each step and says what is next. It goes on only while the
//! controller has confirmed that it listens only, because at a wrong rate every other way disturbs
//! whoever speaks there.

use std::time::Duration;

use crate::base::time::Mono;
use crate::engine::can::bus::{ControlError, Listening};

/// The rates that are tried, the usual ones first.
pub const RATES: [u32; 11] = [
    500_000, 250_000, 1_000_000, 125_000, 100_000, 50_000, 800_000, 83_333, 33_333, 20_000, 10_000,
];
/// How long each is listened at: long enough for what is sent once a second.
pub const LISTEN: Duration = Duration::from_millis(1_200);
/// So many frames without an error leave no doubt.
const ENOUGH: u64 = 20;
/// So few frames prove nothing.
const LEAST: u64 = 2;

/// What came in on the bus so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Good frames.
    pub frames: u64,
    /// Error frames.
    pub errors: u64,
}

/// What one rate brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// The rate, bit/s.
    pub rate: u32,
    /// What came in at it.
    pub heard: Counts,
    /// Why it could not be tried.
    pub refused: Option<String>,
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing, until [`Scan::due`].
    Wait,
    /// Listen only, at this rate, and say with [`Scan::set`] what came of it.
    ListenAt(u32),
    /// Set the bus as it was, and say so with [`Scan::restored`].
    Restore,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The rate that was found.
    pub found: Option<u32>,
    /// What every rate brought.
    pub tried: Vec<Tried>,
    /// What that means and what to do, in a sentence.
    pub sentence: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Setting,
    Listening { until: Mono, before: Counts },
    Restoring,
}

/// A running search.
#[derive(Clone, Debug)]
pub struct Scan {
    at: usize,
    phase: Phase,
    tried: Vec<Tried>,
    /// Why it was broken off.
    broken: Option<String>,
}

impl Scan {
    /// Begins, with the rate that is to be listened at first.
    #[must_use]
    pub fn begin() -> (Self, Next) {
        let scan = Self { at: 0, phase: Phase::Setting, tried: Vec::new(), broken: None };
        let first = scan.next_rate();
        (scan, first)
    }

    /// The rate that is listened at now.
    #[must_use]
    pub fn rate(&self) -> Option<u32> {
        RATES.get(self.at).copied().filter(|_| self.phase != Phase::Restoring)
    }

    /// How many rates are done, of how many.
    #[must_use]
    pub fn progress(&self) -> (usize, usize) {
        (self.at.min(RATES.len()), RATES.len())
    }

    /// When it wants to be asked again.
    #[must_use]
    pub const fn due(&self) -> Option<Mono> {
        match self.phase {
            Phase::Listening { until, .. } => Some(until),
            Phase::Setting | Phase::Restoring => None,
        }
    }

    /// What came of setting the rate.
    pub fn set(
        &mut self,
        now: Mono,
        outcome: Result<Listening, ControlError>,
        heard: Counts,
    ) -> Next {
        if self.phase != Phase::Setting {
            return Next::Wait;
        }
        match outcome {
            Ok(Listening::Confirmed) => {
                self.phase = Phase::Listening { until: now.after(LISTEN), before: heard };
                Next::Wait
            }
            Ok(Listening::Silent | Listening::Asked | Listening::Armed) => self.give_up(
                "it was not confirmed that the controller listens only, and at a wrong bit rate \
                 anything else disturbs the bus",
            ),
            Err(ControlError::Rate(why)) => {
                let heard = Counts::default();
                self.note(heard, Some(why));
                self.go_on()
            }
            Err(ControlError::Failed(why)) => self.give_up(&why),
        }
    }

    /// Looks whether it has heard enough.
    pub fn tick(&mut self, now: Mono, heard: Counts) -> Next {
        let Phase::Listening { until, before } = self.phase else { return Next::Wait };
        let heard = Counts {
            frames: heard.frames.saturating_sub(before.frames),
            errors: heard.errors.saturating_sub(before.errors),
        };
        let sure = heard.frames >= ENOUGH && heard.errors == 0;
        if !sure && now < until {
            return Next::Wait;
        }
        self.note(heard, None);
        if sure {
            self.phase = Phase::Restoring;
            return Next::Restore;
        }
        self.go_on()
    }

    /// Breaks it off.
    pub fn give_up(&mut self, why: &str) -> Next {
        if self.phase == Phase::Restoring {
            return Next::Wait;
        }
        self.broken = Some(why.to_owned());
        self.phase = Phase::Restoring;
        Next::Restore
    }

    /// The bus is as it was, or could not be set so: that ends it.
    #[must_use]
    pub fn restored(self, outcome: Result<(), ControlError>) -> Report {
        let best = self.tried.iter().filter(|tried| is_good(tried.heard));
        let best = best.max_by_key(|tried| tried.heard.frames);
        let mut sentence = match (best, &self.broken) {
            (_, Some(why)) => format!("The search was broken off: {why}."),
            (Some(best), None) => {
                let (frames, errors) = (best.heard.frames, best.heard.errors);
                format!(
                    "The bus runs at {}: {frames} frames and {errors} errors were heard at it. Set \
                     this bit rate in the profile or on the interface.",
                    speed(best.rate)
                )
            }
            (None, None) => nothing(&self.tried),
        };
        if let Err(why) = outcome {
            sentence.push_str(&format!(" The bus could not be set as it was before: {why}."));
        }
        let found = best.map(|best| best.rate).filter(|_| self.broken.is_none());
        Report { found, tried: self.tried, sentence }
    }

    fn note(&mut self, heard: Counts, refused: Option<String>) {
        let tried = self.rate().map(|rate| Tried { rate, heard, refused });
        self.tried.extend(tried);
    }

    fn go_on(&mut self) -> Next {
        self.at += 1;
        self.phase = Phase::Setting;
        let next = self.next_rate();
        if next == Next::Restore {
            self.phase = Phase::Restoring;
        }
        next
    }

    fn next_rate(&self) -> Next {
        RATES.get(self.at).map_or(Next::Restore, |rate| Next::ListenAt(*rate))
    }
}

/// At a wrong rate now and then a frame seems to come in, among many errors.
const fn is_good(heard: Counts) -> bool {
    heard.frames >= LEAST && heard.errors * 10 <= heard.frames
}

fn nothing(tried: &[Tried]) -> String {
    let errors: u64 = tried.iter().map(|tried| tried.heard.errors).sum();
    let frames: u64 = tried.iter().map(|tried| tried.heard.frames).sum();
    let refused = tried.iter().filter(|tried| tried.refused.is_some()).count();
    let mut text = if errors + frames > 0 {
        format!(
            "Something is sent, and at none of the rates it was heard well ({frames} frames and \
             {errors} errors in all): check the wiring and the termination, and that two devices \
             are switched on, because a single one that nobody acknowledges is not heard."
        )
    } else {
        "Nothing was heard at any rate: check that devices are switched on, at least two of them, \
         and the wiring."
            .to_owned()
    };
    if refused > 0 {
        text.push_str(&format!(" {refused} rates are not offered here."));
    }
    text
}

/// A bit rate as people say it: "500 kbit/s".
#[must_use]
pub fn speed(rate: u32) -> String {
    if rate >= 1_000_000 {
        format!("{} Mbit/s", f64::from(rate) / 1e6)
    } else {
        format!("{} kbit/s", f64::from(rate) / 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A controller with a bus that runs at `rate`, on which `frames` a second are sent.
    struct Fake {
        rate: u32,
        frames: u64,
        confirms: bool,
        refuses: Vec<u32>,
        set: Option<u32>,
        counts: Counts,
        asked: Vec<u32>,
    }

    fn fake(rate: u32, frames: u64) -> Fake {
        let (counts, refuses, asked) = (Counts::default(), Vec::new(), Vec::new());
        Fake { rate, frames, confirms: true, refuses, set: None, counts, asked }
    }

    impl Fake {
        fn listen_at(&mut self, rate: u32) -> Result<Listening, ControlError> {
            self.asked.push(rate);
            if self.refuses.contains(&rate) {
                return Err(ControlError::Rate("not offered".into()));
            }
            self.set = Some(rate);
            Ok(if self.confirms { Listening::Confirmed } else { Listening::Asked })
        }

        fn pass(&mut self, span: Duration) {
            let came = self.frames * span.as_millis() as u64 / 1000;
            if self.set == Some(self.rate) {
                self.counts.frames += came;
            } else if self.frames > 0 {
                self.counts.errors += came * 3;
            }
        }

        fn run(&mut self) -> (Report, Mono) {
            let (mut scan, mut next) = Scan::begin();
            let mut now = Mono::ZERO;
            for _ in 0..100_000 {
                next = match next {
                    Next::ListenAt(rate) => {
                        let outcome = self.listen_at(rate);
                        scan.set(now, outcome, self.counts)
                    }
                    Next::Wait => {
                        let step = Duration::from_millis(100);
                        now = now.after(step);
                        self.pass(step);
                        scan.tick(now, self.counts)
                    }
                    Next::Restore => return (scan.restored(Ok(())), now),
                };
            }
            panic!("it does not end");
        }
    }

    #[test]
    fn the_rate_is_found_wherever_it_is_and_soon_where_much_is_sent() {
        for rate in RATES {
            let mut bus = fake(rate, 400);
            let (report, _) = bus.run();
            assert_eq!(report.found, Some(rate), "{report:?}");
            assert!(report.sentence.contains(&speed(rate)), "{}", report.sentence);
            assert_eq!(bus.asked.last(), Some(&rate), "nothing is tried after a clear answer");
        }
        let (_, took) = fake(RATES[0], 400).run();
        assert!(took <= Mono::from_millis(100));
    }

    #[test]
    fn a_slow_bus_is_found_after_all_rates_and_within_a_bounded_time() {
        let (report, took) = fake(125_000, 10).run();
        assert_eq!(report.found, Some(125_000));
        assert_eq!(report.tried.len(), RATES.len());
        assert!(took <= Mono::from_secs(15), "{took:?}");
    }

    #[test]
    fn nothing_is_listened_at_without_a_confirmation() {
        let mut bus = fake(500_000, 400);
        bus.confirms = false;
        let (report, _) = bus.run();
        assert_eq!((report.found, bus.asked.len()), (None, 1));
        assert!(report.sentence.contains("was not confirmed"), "{}", report.sentence);
    }

    #[test]
    fn rates_that_are_not_offered_are_passed_over_and_a_failure_ends_it() {
        let mut bus = fake(250_000, 400);
        bus.refuses = vec![500_000];
        let (report, _) = bus.run();
        assert_eq!(report.found, Some(250_000));
        assert_eq!(report.tried[0].refused.as_deref(), Some("not offered"));
        let (mut scan, _) = Scan::begin();
        let gone = Err(ControlError::Failed("it has gone".into()));
        assert_eq!(scan.set(Mono::ZERO, gone.clone(), Counts::default()), Next::Restore);
        let report = scan.restored(gone.map(drop));
        assert!(report.sentence.contains("broken off: it has gone"));
        assert!(report.sentence.contains("could not be set as it was"));
    }

    #[test]
    fn a_quiet_bus_and_a_noisy_one_are_told_apart() {
        let (quiet, _) = fake(500_000, 0).run();
        assert!(quiet.sentence.starts_with("Nothing was heard"), "{}", quiet.sentence);
        let (noisy, _) = fake(42, 100).run();
        assert!(noisy.sentence.starts_with("Something is sent"), "{}", noisy.sentence);
        assert_eq!(noisy.found, None);
    }

    #[test]
    fn a_frame_among_errors_is_no_rate() {
        assert!(!is_good(Counts { frames: 9, errors: 1 }));
        assert!(is_good(Counts { frames: 10, errors: 1 }));
        assert!(!is_good(Counts { frames: 1, errors: 0 }));
    }
}
