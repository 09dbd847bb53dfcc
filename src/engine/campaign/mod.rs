//! The proof of charging: seeded random charges on simulated packs in virtual time, with faults, and
//! a judge that looks at the cells and the wire after every step.
//!
//! ```text
//!   seed ─► plan ─► world ──frames──► console (devices, models, station, guard) ──frames──► world
//!                     │                    │                                │
//!                     └──── truth ───► oracle ◄──────── notes ──────────────┘
//! ```
//!
//! A [`Campaign`] draws its runs from one seed; each has a seed of its own, by which it is lived
//! again. Nothing here is part of what runs at sea: it knows simulation, charging, packs, devices and
//! the guard, and no hub, store or face.

mod console;
mod family;
mod listen;
mod oracle;
mod plan;
mod run;
mod second;
mod tally;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use thiserror::Error;

use crate::base::time::Clock;
use crate::engine::device::Catalog;
use crate::engine::sim::{Chance, SceneError, WorldError};

pub use family::{FAMILIES, Family};
pub use tally::{Failure, Tally};

/// Failures that are told with their trace.
const TOLD: usize = 20;
/// Bits of a seed: as many as every reader of JSON keeps.
const SEED_BITS: u32 = 48;

/// Why there is no campaign.
#[derive(Debug, Error)]
pub enum CampaignError {
    /// There is no family of that name.
    #[error("there is no family {0:?}: choose one of {known}", known = Family::names())]
    Family(String),
    /// A device folder is missing or cannot be bound.
    #[error("the device folder {0} cannot be used")]
    Device(&'static str),
    /// A plan is no scene.
    #[error("seed {seed}: {source}")]
    Scene {
        /// The run.
        seed: u64,
        /// Why.
        source: SceneError,
    },
    /// A scene is no world.
    #[error("seed {seed}: {source}")]
    World {
        /// The run.
        seed: u64,
        /// Why.
        source: Box<WorldError>,
    },
    /// A thread ended before its time.
    #[error("a thread of the campaign ended before its time")]
    Thread,
}

/// So many runs.
#[derive(Clone, Copy, Debug)]
pub struct Campaign {
    /// From which all seeds come.
    pub seed: u64,
    /// How many.
    pub runs: u64,
    /// What is thrown at them.
    pub family: Family,
    /// Threads.
    pub jobs: usize,
}

impl Campaign {
    /// The seed of a run.
    #[must_use]
    pub fn seed_of(&self, number: u64) -> u64 {
        Chance::new(self.seed, number).bits() >> (u64::BITS - SEED_BITS)
    }

    /// Lives through all runs.
    ///
    /// # Errors
    /// A run cannot be made, which is a mistake in the campaign itself.
    pub fn run(&self, clock: &dyn Clock) -> Result<Tally, CampaignError> {
        let began = clock.now();
        let catalog = Arc::new(Catalog::builtin());
        let next = AtomicU64::new(0);
        let jobs = self.jobs.clamp(1, 256);
        let worker = || -> Result<Tally, CampaignError> {
            let mut tally = Tally::default();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= self.runs {
                    return Ok(tally);
                }
                let seed = self.seed_of(number);
                tally.take(seed, live(seed, self.family, &catalog, run::Detail::Last)?);
            }
        };
        let mut whole = Tally::default();
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..jobs).map(|_| scope.spawn(worker)).collect();
            for thread in threads {
                whole.add(thread.join().map_err(|_| CampaignError::Thread)??);
            }
            Ok::<(), CampaignError>(())
        })?;
        whole.seconds = clock.now().since(began).as_secs_f64();
        Ok(whole)
    }
}

/// Lives through one run and gives every step of it, and the violation where there is one.
///
/// # Errors
/// The run cannot be made.
pub fn replay_run(
    seed: u64,
    family: Family,
) -> Result<(Vec<String>, Option<String>), CampaignError> {
    let ended = live(seed, family, &Catalog::builtin(), run::Detail::Every)?;
    Ok((ended.trace, ended.violation.map(|(what, detail)| format!("{what}: {detail}"))))
}

/// Lives through a run of a family: packs of the first generation by their plan, one of the second on a bench
/// of its own.
fn live(
    seed: u64,
    family: Family,
    catalog: &Catalog,
    detail: run::Detail,
) -> Result<run::Ended, CampaignError> {
    if family == family::SECOND {
        return second::live(seed, catalog, detail);
    }
    run::live(&plan::Plan::draw(seed, family)?, catalog, detail)
}
