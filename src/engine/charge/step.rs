//! One step of the machine.

use crate::base::time::Mono;
use crate::engine::charge::intent::Intents;
use crate::engine::charge::state::State;
use crate::engine::charge::view::{ChargerView, PackView};
use crate::engine::charge::wish::Wish;

/// What follows from what is seen and wished at `now`: the next state, and everything that is to be
/// sent. Called ten times a second and at once when somebody asks for a stop.
#[must_use]
pub fn step(
    state: State,
    _now: Mono,
    _pack: &PackView,
    _charger: &ChargerView,
    _wish: &Wish,
) -> (State, Intents) {
    (state, Intents::default())
}
