//! What a campaign found, counted.

use std::collections::BTreeMap;

use serde::Serialize;

use super::TOLD;
use super::run::Ended;

/// The counts, in the words of the report.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Tally {
    /// Runs that were lived through.
    pub runs: u64,
    /// Runs in which something was not as it must be.
    pub violations: u64,
    /// How long it took.
    pub seconds: f64,
    /// Their seeds, in rising order.
    pub failed_seeds: Vec<u64>,
    /// How often each kind of fault was thrown.
    pub faults_injected: BTreeMap<&'static str, u64>,
    /// How often each state was entered.
    pub states_reached: BTreeMap<&'static str, u64>,
    /// The first failures with their traces; not part of the counts.
    #[serde(skip)]
    pub failures: Vec<Failure>,
}

/// A run that failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Its seed.
    pub seed: u64,
    /// What was violated.
    pub what: String,
    /// The last steps.
    pub trace: Vec<String>,
}

impl Tally {
    pub(super) fn take(&mut self, seed: u64, ended: Ended) {
        self.runs += 1;
        for (name, count) in ended.faults {
            *self.faults_injected.entry(name).or_default() += count;
        }
        for (name, count) in ended.states {
            *self.states_reached.entry(name).or_default() += count;
        }
        if let Some((what, detail)) = ended.violation {
            self.violations += 1;
            self.failed_seeds.push(seed);
            if self.failures.len() < TOLD {
                let what = format!("{what}: {detail}");
                self.failures.push(Failure { seed, what, trace: ended.trace });
            }
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.runs += other.runs;
        self.violations += other.violations;
        self.failed_seeds.extend(other.failed_seeds);
        self.failed_seeds.sort_unstable();
        for (name, count) in other.faults_injected {
            *self.faults_injected.entry(name).or_default() += count;
        }
        for (name, count) in other.states_reached {
            *self.states_reached.entry(name).or_default() += count;
        }
        self.failures.extend(other.failures);
        self.failures.sort_by_key(|failure| failure.seed);
        self.failures.truncate(TOLD);
    }
}
