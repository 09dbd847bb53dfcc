//! How a replay is doing: what it sent, what was refused and why, and by how much it was late.

use std::time::Duration;

/// Why a frame of a recording is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Its id is never sent.
    Blocked,
    /// It commands a charger or contactors, and whoever replays may not, or a charge does.
    Charging,
    /// Controllers make error frames.
    ErrorFrame,
    /// The bus cannot carry it.
    Unfit,
}

impl Refusal {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Blocked, Self::Charging, Self::ErrorFrame, Self::Unfit];

    /// Its name for machines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Charging => "charging",
            Self::ErrorFrame => "error_frame",
            Self::Unfit => "unfit",
        }
    }

    /// What is said of such frames.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Blocked => "reserved for setting devices up, never sent",
            Self::Charging => "command a charger or contactors",
            Self::ErrorFrame => "error frames, which only controllers make",
            Self::Unfit => "cannot be carried by the bus",
        }
    }
}

/// How often frames were refused, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refusals {
    counts: [u64; Refusal::ALL.len()],
}

impl Refusals {
    /// One more.
    pub fn count(&mut self, why: Refusal) {
        if let Some(count) = self.counts.get_mut(why as usize) {
            *count += 1;
        }
    }

    /// How many for this reason.
    #[must_use]
    pub fn of(&self, why: Refusal) -> u64 {
        self.counts.get(why as usize).copied().unwrap_or_default()
    }

    /// How many altogether.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }
}

/// How a replay is doing, since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReplayFigures {
    /// Frames that the bus took.
    pub sent: u64,
    /// Frames that were not sent.
    pub refused: Refusals,
    /// Frames that the filter left out.
    pub left_out: u64,
    /// By how much frames were late: half of them less than this.
    pub late_p50: Duration,
    /// 90 of 100 less than this.
    pub late_p90: Duration,
    /// 99 of 100 less than this.
    pub late_p99: Duration,
    /// The latest.
    pub late_max: Duration,
    /// Frames that were late by more than a millisecond.
    pub late: u64,
    /// How far the replay fell behind the clock: what was too late was put off, not bunched.
    pub behind: Duration,
    /// Pauses of the recording that were shortened, and by how much altogether.
    pub gaps: (u64, Duration),
}

/// Later than this is counted as late.
const LATE: Duration = Duration::from_millis(1);
/// Places of a decade, and how many decades there are: tenths of a microsecond to a millisecond each.
const PLACES: usize = 1000;
const DECADES: [u64; 4] = [100, 1_000, 10_000, 1_000_000];

/// How late frames were, counted by how much.
#[derive(Clone, Debug)]
pub struct Lateness {
    counts: Vec<u64>,
    total: u64,
    late: u64,
    max: Duration,
}

impl Default for Lateness {
    fn default() -> Self {
        let counts = vec![0; PLACES * DECADES.len() + 1];
        Self { counts, total: 0, late: 0, max: Duration::ZERO }
    }
}

impl Lateness {
    /// One more frame.
    pub fn note(&mut self, late: Duration) {
        if let Some(count) = self.counts.get_mut(place(late)) {
            *count += 1;
        }
        self.total += 1;
        self.late += u64::from(late > LATE);
        self.max = self.max.max(late);
    }

    /// Puts what is known into `figures`.
    pub fn tell(&self, figures: &mut ReplayFigures) {
        figures.late_p50 = self.below(50);
        figures.late_p90 = self.below(90);
        figures.late_p99 = self.below(99);
        figures.late_max = self.max;
        figures.late = self.late;
    }

    /// So many of a hundred were late by no more than this.
    fn below(&self, share: u64) -> Duration {
        let wanted = (self.total * share).div_ceil(100);
        let mut seen = 0;
        for (place, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted && seen > 0 {
                return upper(place).min(self.max);
            }
        }
        Duration::ZERO
    }
}

fn place(late: Duration) -> usize {
    let ns = u64::try_from(late.as_nanos()).unwrap_or(u64::MAX);
    for (decade, step) in DECADES.into_iter().enumerate() {
        let within = ns / step;
        if within < PLACES as u64 {
            return decade * PLACES + within as usize;
        }
    }
    PLACES * DECADES.len()
}

fn upper(place: usize) -> Duration {
    let step = DECADES.get(place / PLACES).copied();
    step.map_or(Duration::MAX, |step| Duration::from_nanos((place % PLACES + 1) as u64 * step))
}

#[cfg(test)]
mod tests {
    use super::*;

    const US: fn(u64) -> Duration = Duration::from_micros;

    fn told(late: impl IntoIterator<Item = Duration>) -> ReplayFigures {
        let mut lateness = Lateness::default();
        late.into_iter().for_each(|late| lateness.note(late));
        let mut figures = ReplayFigures::default();
        lateness.tell(&mut figures);
        figures
    }

    #[test]
    fn lateness_is_told_by_shares_of_all_frames_and_never_as_less_than_it_was() {
        let figures = told((1..=1000).map(US));
        for (found, exact) in
            [(figures.late_p50, 500), (figures.late_p90, 900), (figures.late_p99, 990)]
        {
            assert!(found >= US(exact) && found <= US(exact + 1), "{found:?} for {exact} us");
        }
        assert_eq!((figures.late_max, figures.late), (US(1000), 0));
        let figures = told([US(10), US(20), Duration::from_secs(3)]);
        assert_eq!((figures.late_max, figures.late), (Duration::from_secs(3), 1));
        assert_eq!(figures.late_p99, Duration::from_secs(3));
        assert_eq!(told([]).late_max, Duration::ZERO);
    }

    #[test]
    fn refusals_are_counted_by_reason() {
        let mut refused = Refusals::default();
        for why in [Refusal::Blocked, Refusal::Unfit, Refusal::Blocked] {
            refused.count(why);
        }
        assert_eq!((refused.of(Refusal::Blocked), refused.of(Refusal::Unfit)), (2, 1));
        assert_eq!((refused.of(Refusal::Charging), refused.total()), (0, 3));
    }
}
