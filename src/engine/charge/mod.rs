//! Charging, decided. Pure: readings, a wish and a clock reading in, the next state and what is to be
//! sent out. It owns no socket, no thread and no clock, and knows no frame.
//!
//! ```text
//!            start asked
//!   Idle ───────────────► Checking ──► Preconditioning ──► Contactors ──► ConstantCurrent
//!    ▲                       │               │                 │             │   ▲
//!    │                       │               │                 │             ▼   │ headroom
//!    │                       ▼               ▼                 ▼            Taper ──► BalanceHold
//!    │  cleared by      ┌─────────── any of them: stop asked, interlock broken ──────────┐  │
//!    │  a person        │            late reading: Paused, at zero, back or stop         │  ▼
//!   Fault ◄───────── Finishing ◄──────────────────────────────────────────────────── complete
//!                        │
//!                        └──► Done ──► (a new start is a person's act)
//! ```
//!
//! | file | what |
//! |---|---|
//! | `rules` | every limit, threshold and time in one table, with its hard bounds |
//! | `view` | what the machine sees of pack and charger: the worst of all of them |
//! | `join` | several batteries side by side as one pack |
//! | `wish` | what people asked: set points, start, stop, latches |
//! | `state` | what is: the states with their data, why one is left, how it ended |
//! | `intent` | what is to be sent, and what is to be written down |
//! | `checks` | preconditions and interlocks, each looked at anew; `check_words` says them |
//! | `current` | the chain of smallest limits, ramp, taper |
//! | `step` | one step of the machine; `watch` what takes time to be seen, `stop` the stop sequence |
//! | `meter` | what is counted: time, charge, energy, the plot |
//! | `station` | a machine with its wish, its meter and the pace of its messages: what the hub owns |
//! | `picture` | what is shown of it |
//! | `report` | what is kept of it |
//!
//! Invariants: the whole intent is derived anew in every step from readings; a late or unknown
//! reading counts as the unsafe value; a fault leads to the stop sequence in the same step; a stop
//! ends within its bound whatever anybody answers; a start is consumed once, so that nothing resumes
//! by itself.

mod check_words;
mod checks;
mod current;
mod intent;
mod join;
mod meter;
mod picture;
mod report;
mod rules;
mod state;
mod station;
mod step;
mod stop;
#[cfg(test)]
mod tests;
mod view;
mod watch;
mod wish;

pub use checks::{Check, CheckId, interlocks, preconditions};
pub use current::cell_target;
pub use intent::{ChargerIntent, KeyIntent, Note};
pub use picture::{ChargePicture, Curve, CurvePoint, Meter, Step};
pub use report::{ChargeReport, Keep, ReportEvent, ReportPoint};
pub use rules::{Key, Origin, Rule, RuleError, Rules};
pub use state::{
    Flow, Governor, Key as Switch, Outcome, PauseReason, Run, State, StopReason, Stopping,
};
pub use station::{Message, Station, StationError};
pub use view::{ChargerView, Foreign, PackView, Rating};
pub use wish::{Latches, Lease, SetPointError, SetPoints, Standing};
