//! Times in bins, so that millions of them take little room.

/// Times up to 10 s, in bins of 2 per cent.
pub struct Tally {
    bins: Vec<u64>,
    count: u64,
    highest: u64,
}

const STEP: f64 = 1.02;

impl Tally {
    pub fn new() -> Self {
        Self { bins: vec![0; 1200], count: 0, highest: 0 }
    }

    pub fn take(&mut self, ns: u64) {
        let bin = (ns.max(1) as f64).log(STEP) as usize;
        let last = self.bins.len() - 1;
        self.bins[bin.min(last)] += 1;
        self.count += 1;
        self.highest = self.highest.max(ns);
    }

    pub fn add(&mut self, other: &Self) {
        self.bins.iter_mut().zip(&other.bins).for_each(|(bin, more)| *bin += more);
        self.count += other.count;
        self.highest = self.highest.max(other.highest);
    }

    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The time that `share` of all do not exceed, in milliseconds.
    pub fn ms(&self, share: f64) -> f64 {
        let wanted = (self.count as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (bin, count) in self.bins.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return (STEP.powi(bin as i32 + 1) / 1e6).min(self.highest as f64 / 1e6);
            }
        }
        self.highest as f64 / 1e6
    }
}
