//! Process death: a second process of the same program that holds what must be stopped, and stops it
//! when the first one dies or hangs. It decides nothing: it is told what to hold, and lets go only
//! when it is told to.
//!
//! | file | what |
//! |---|---|
//! | `word` | the lines that the first process writes and the second one reads |
//! | `keeper` | the side of the engine: starts the child, beats, releases; never makes anybody wait |
//! | `child` | the other side: `busbar watchdog` |
//!
//! The child is started in a process group of its own, so that Ctrl+C at the terminal, which goes to
//! the whole group, does not reach it. It acts when its input ends (the kernel closes it whatever
//! killed the parent) or when no beat came for [`BEAT_LIFE`]: for a charger on CAN it sends the
//! given stop for [`STOP_FOR`] through a guard that lets nothing else pass; for a supply it connects,
//! switches the output off and looks whether it is off, again and again within [`SUPPLY_LIMIT`].
//!
//! Such supplies and their gateways take one connection at a time, and a console that hangs still
//! holds its own. Where the first try does not see the output off, the child therefore ends the
//! console that it was started by, so that the kernel closes what it held, and tries again.
//!
//! A virtual bus lives within the program and dies with it, so there is nothing to hold on it.

mod child;
mod keeper;
mod word;

use std::time::Duration;

pub use child::{Ended, watch};
pub use keeper::Keeper;
pub use word::{Hold, Word};

/// The child acts when it was not told that the parent lives for so long.
pub const BEAT_LIFE: Duration = Duration::from_millis(1500);
/// The parent says that it lives so often.
pub const BEAT_EVERY: Duration = Duration::from_millis(250);
/// How long a stop is repeated on CAN.
pub const STOP_FOR: Duration = Duration::from_secs(1);
/// Time between two stops on CAN.
pub const STOP_EVERY: Duration = Duration::from_millis(100);
/// How long a supply is tried before a console that hangs is ended.
pub const FIRST_TRY: Duration = Duration::from_millis(600);
/// How long a supply that cannot be reached is tried.
pub const SUPPLY_LIMIT: Duration = Duration::from_secs(60);
/// Most that is held at once.
pub const MOST_HELD: usize = 32;
