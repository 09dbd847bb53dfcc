//! What was heard on a bus, out of the by-id table: what discovery looks at.

use std::time::Duration;

use super::traffic::{Row, Traffic};
use crate::base::id::BusId;
use crate::base::time::Mono;
use crate::engine::can::frame::{Direction, Kind};
use crate::engine::discovery::{Heard, Hearing};

/// What has been silent for longer than this, and than five of its cycles, is gone.
const GONE: Duration = Duration::from_secs(10);
/// Gaps from which on a cycle is one.
const GAPS: u64 = 2;

impl Traffic {
    /// What others have sent on a bus, and still do at `now`.
    #[must_use]
    pub fn hearing(&self, bus: BusId, now: Mono) -> Hearing {
        let is_there = |row: &&Row| {
            let last = &row.last;
            let own = last.bus() == bus && last.direction() == Direction::Received;
            let silent = now.since(last.time());
            let cycle = Duration::from_nanos(row.cycle_ns.unwrap_or_default() as u64);
            own && last.kind() == Kind::Data && silent <= GONE.max(cycle.saturating_mul(5))
        };
        let rows: Vec<&Row> = self.rows().iter().filter(is_there).collect();
        // A row does not keep when it began; its gaps say it.
        let lasted = |row: &&Row| {
            let mean = row.gaps.mean().unwrap_or_default();
            Duration::from_nanos((mean * row.gaps.count() as f64) as u64)
        };
        let heard = |row: &Row| {
            let period = row.gaps.mean().filter(|_| row.gaps.count() >= GAPS);
            Heard {
                id: row.last.id(),
                len: row.last.len(),
                count: row.count,
                period: period.map(|ns| Duration::from_nanos(ns as u64)),
                samples: vec![row.last.view().data.to_vec()],
            }
        };
        let span = rows.iter().map(lasted).max().unwrap_or_default();
        Hearing { heard: rows.into_iter().map(heard).collect(), span }
    }
}
