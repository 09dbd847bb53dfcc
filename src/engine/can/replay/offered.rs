//! What it means for a replay that a guard or a wire did not take a frame: it is refused and counted,
//! waits for room, or brings the replay to a stand.

use std::time::Duration;

use crate::base::time::Mono;
use crate::engine::can::bus::SendError;
use crate::engine::can::guard::{HandGuard, HandRefusal};
use crate::engine::can::replay::{Outcome, Refusal};

/// How soon a wire whose queue is full is asked again.
const FULL: Duration = Duration::from_millis(1);

/// Why a frame did not go out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsent {
    /// The guard kept it back.
    Kept(HandRefusal),
    /// The wire did not take it.
    Wire(SendError),
}

impl Unsent {
    /// What that means for the replay whose frame it was, at `now`.
    #[must_use]
    pub fn outcome(self, now: Mono, guard: &HandGuard) -> Outcome {
        match self {
            Self::Kept(HandRefusal::Blocked(_)) => Outcome::Refused(Refusal::Blocked),
            Self::Kept(HandRefusal::Charging(_)) => Outcome::Refused(Refusal::Charging),
            Self::Kept(HandRefusal::ErrorFrame) => Outcome::Refused(Refusal::ErrorFrame),
            Self::Kept(HandRefusal::TooMany) => Outcome::Later(guard.room_at(now)),
            Self::Kept(HandRefusal::NotArmed) => {
                Outcome::Halt("the bus is not armed: arm it, then play on".to_owned())
            }
            Self::Kept(HandRefusal::NoHeartbeat) => {
                Outcome::Halt("the program was silent for too long".to_owned())
            }
            Self::Wire(SendError::Full { .. }) => Outcome::Later(now.after(FULL)),
            Self::Wire(error @ SendError::Earlier { .. }) => Outcome::Last(error.to_string()),
            Self::Wire(SendError::Unfit { .. }) => Outcome::Refused(Refusal::Unfit),
            Self::Wire(error @ SendError::NotRunning { .. }) => Outcome::Halt(error.to_string()),
        }
    }
}
