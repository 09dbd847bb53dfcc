//! What is counted of a charge: time, charge, energy, the plot, and how long it may still take.

use std::time::Duration;

use crate::base::time::Mono;
use crate::base::units::{Amps, Volts};
use crate::engine::charge::picture::{Curve, CurvePoint, Meter};
use crate::engine::charge::state::{Governor, State};
use crate::engine::charge::station::flow_of;
use crate::engine::charge::view::PackView;
use crate::engine::charge::wish::{Want, Wish};

/// First distance of two points of the plot, seconds by the cells' clock.
const FIRST_STEP: f64 = 1.0;
/// Longest time between two steps that is counted: what was not seen is not counted.
const LONGEST: Duration = Duration::from_secs(1);

/// The counting of one charge.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) meter: Meter,
    pub(super) curve: Curve,
    last: Option<Mono>,
    step: f64,
}

impl Tally {
    /// Takes in one step.
    pub(super) fn take(
        &mut self,
        now: Mono,
        before: &State,
        state: &State,
        pack: &PackView,
        wish: &Wish,
    ) {
        if let (false, State::Checking(_)) = (before.is_running(), state) {
            self.begin(now, pack);
        }
        if !state.is_running() {
            return;
        }
        let pace = wish.pace.max(1.0);
        let passed = self.last.map_or(Duration::ZERO, |last| now.since(last)).min(LONGEST);
        self.last = Some(now);
        let seconds = passed.as_secs_f64() * pace;
        self.meter.elapsed += passed.mul_f64(pace);
        let amps = pack.current.map(Amps::get).filter(|amps| amps.is_finite());
        if let (Some(flow), Some(amps)) = (flow_of(state), amps) {
            let into = amps.max(0.0);
            self.meter.ah += into * seconds / 3600.0;
            let volts = pack.voltage.map_or(0.0, Volts::get);
            self.meter.kwh += into * volts * seconds / 3.6e6;
            self.meter.highest = Amps(self.meter.highest.get().max(flow.command.get()));
        }
        self.meter.spread_mv.1 = spread(pack).or(self.meter.spread_mv.1);
        self.plot(state, pack);
        self.estimate(state, pack, wish);
    }

    fn begin(&mut self, now: Mono, pack: &PackView) {
        *self = Self { last: Some(now), step: FIRST_STEP, ..Self::default() };
        self.meter.spread_mv = (spread(pack), spread(pack));
    }

    /// Adds a point where one is due; a full plot is thinned out to every second one.
    fn plot(&mut self, state: &State, pack: &PackView) {
        let seconds = self.meter.elapsed.as_secs_f64();
        if self.curve.points.last().is_some_and(|last| seconds < last.seconds + self.step) {
            return;
        }
        if self.curve.points.len() >= Curve::POINTS {
            let mut place = 0;
            self.curve.points.retain(|_| {
                place += 1;
                place % 2 == 1
            });
            self.step *= 2.0;
        }
        self.curve.points.push(CurvePoint {
            seconds,
            amps: pack.current,
            volts: pack.voltage,
            highest_mv: pack.highest.map(|cell| cell.mv),
            lowest_mv: pack.lowest.map(|cell| cell.mv),
            hottest_c: pack.hottest.map(|at| at.temperature.get()),
            soc: pack.soc.map(|soc| soc.get()),
            governor: flow_of(state).map_or(Governor::Zero, |flow| flow.governor),
        });
    }

    /// How long it may still take: by the charge that is missing, at the present current; in the
    /// taper nobody can say without a history of this pack.
    fn estimate(&mut self, state: &State, pack: &PackView, wish: &Wish) {
        let (left, how) = match (state, wish.want) {
            // What is left at a current that is still rising is no estimate of anything.
            (State::ConstantCurrent(_, flow), _) if flow.governor == Governor::Ramp => {
                (None, "the current is still rising")
            }
            (State::ConstantCurrent(_, flow), Want::Charge { set, .. }) => {
                let goal = set.soc.map_or(100.0, |soc| soc.get());
                let by_soc = pack.soc.zip(pack.capacity).map(|(soc, capacity)| {
                    (
                        (goal - soc.get()).max(0.0) / 100.0 * capacity.get(),
                        "at this current, by the charge to the target",
                    )
                });
                let by_charge = set.charge.map(|most| {
                    ((most.get() - flow.ah).max(0.0), "at this current, by the charge to the limit")
                });
                let ah = match (by_soc, by_charge) {
                    (Some(a), Some(b)) => Some(if b.0 < a.0 { b } else { a }),
                    (one, other) => one.or(other),
                };
                let amps = pack.current.map_or(0.0, Amps::get);
                let span = ah.filter(|_| amps >= 0.1).and_then(|(ah, how)| {
                    let seconds = ah / amps * 3600.0;
                    Some((Duration::try_from_secs_f64(seconds).ok()?, how))
                });
                let limit = set
                    .time()
                    .map(|most| (most.saturating_sub(self.meter.elapsed), "by the time limit"));
                match (span, limit) {
                    (Some(a), Some(b)) => {
                        if b.0 < a.0 {
                            Some(b)
                        } else {
                            Some(a)
                        }
                    }
                    (one, other) => one.or(other),
                }
                .map_or((None, "no current to judge by yet"), |(left, how)| (Some(left), how))
            }
            (State::Taper(..) | State::BalanceHold(..), _) => (None, "depends on the cell spread"),
            (_, _) => (None, ""),
        };
        self.meter.left = left;
        self.meter.left_how = how;
    }
}

fn spread(pack: &PackView) -> Option<i32> {
    pack.highest.zip(pack.lowest).map(|(high, low)| high.mv - low.mv)
}
