//! The charge of a pack as the API shows it, made out of the engine's picture of it. Units stand in the
//! names of the fields; current into the pack is positive; what is not known is `null`.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use crate::base::id::ComponentId;
use crate::base::time::{Mono, Wall};
use crate::engine::{
    ChargeCheck, ChargeOutcome, ChargePackView, ChargePicture, ChargeRules, ChargeState,
    ChargerIntent, ChargerView, KeyIntent, Latches, Lease, Meter, SetPoints, Snapshot, StopReason,
};
use crate::web::api::give::Time;
use crate::web::api::reading::tidy;
use crate::web::api::words::{ChargeStepName, FaceName, GovernorName, PauseName};

/// The charge of a pack.
#[derive(Debug, Serialize, ToSchema)]
pub struct Charge {
    /// Name of the pack.
    pack: String,
    /// When the snapshot was taken.
    at: Time,
    /// Where the machine stands.
    state: &'static str,
    /// Whether anything is under way, so that there is something to stop.
    running: bool,
    /// Which of the five steps of the screen that is.
    step: ChargeStepName,
    /// Why it stands at zero for a moment.
    paused: Option<PauseName>,
    /// How the last one ended, or what stops this one.
    ended: Option<Ended>,
    /// Who started it, in words.
    by: Option<String>,
    /// Whether it stops when whoever started it has left.
    stop_if_i_leave: bool,
    /// Names of the chargers that could charge it.
    chargers: Vec<String>,
    /// The chosen one.
    charger: Option<String>,
    /// What it is to do.
    set: SetShown,
    /// What each set point may be.
    ranges: Vec<Range>,
    /// Which limit governs; `null` where nothing flows.
    governor: Option<GovernorName>,
    /// What is told to charger and BMUs.
    told: Told,
    /// What must hold before a start; empty while something runs.
    preconditions: Vec<CheckShown>,
    /// What must hold while something runs; empty while nothing does.
    interlocks: Vec<CheckShown>,
    /// What must be cleared before a start.
    latches: LatchesShown,
    /// What was counted.
    meter: MeterShown,
    /// What was seen of the pack.
    seen_pack: PackSeen,
    /// What was seen of the charger.
    seen_charger: ChargerSeen,
    /// Log of this charge, oldest first.
    log: Vec<LogLine>,
    /// Number of the kept charge: `GET /api/v1/charges/{id}`.
    record: Option<u64>,
    /// How much faster than the clock the cells live; 1 for anything real.
    pace: f64,
    /// Whether this is a demo.
    demo: bool,
}

impl Charge {
    /// What `picture` looks like in `snapshot`.
    #[must_use]
    pub fn of(snapshot: &Snapshot, picture: &ChargePicture) -> Self {
        let name = |id: &ComponentId| {
            snapshot.components.get(usize::from(id.0)).map(|part| part.name.to_string())
        };
        let wall = |at: Mono| wall_of(snapshot, at);
        Self {
            pack: picture.pack.to_string(),
            at: Time(snapshot.wall),
            state: picture.state.name(),
            running: picture.state.is_running(),
            step: picture.step.into(),
            paused: paused(&picture.state),
            ended: Ended::of(&picture.state),
            by: picture.by.clone(),
            stop_if_i_leave: matches!(picture.lease, Lease::WhilePresent { .. }),
            chargers: picture.chargers.iter().filter_map(name).collect(),
            charger: picture.charger.as_ref().and_then(name),
            set: SetShown::from(&picture.set),
            ranges: ranges(&picture.set, &picture.rules),
            governor: governor(&picture.state),
            told: Told::of(picture.charger_intent, picture.key_intent),
            preconditions: picture.preconditions.iter().map(CheckShown::from).collect(),
            interlocks: picture.interlocks.iter().map(CheckShown::from).collect(),
            latches: picture.latches.into(),
            meter: MeterShown::from(&picture.meter),
            seen_pack: PackSeen::from(&picture.seen.0),
            seen_charger: ChargerSeen::from(&picture.seen.1),
            log: picture
                .log
                .iter()
                .map(|(at, text)| LogLine { at: wall(*at), text: text.clone() })
                .collect(),
            record: picture.record,
            pace: picture.pace,
            demo: picture.is_demo,
        }
    }
}

/// A moment of the engine's clock on the wall clock of `snapshot`.
fn wall_of(snapshot: &Snapshot, at: Mono) -> Time {
    let ago = i64::try_from(snapshot.at.since(at).as_nanos()).unwrap_or(i64::MAX);
    Time(Wall::from_nanos(snapshot.wall.nanos().saturating_sub(ago)))
}

/// Why a machine stands at zero for a moment.
#[must_use]
pub fn paused(state: &ChargeState) -> Option<PauseName> {
    match state {
        ChargeState::Paused(_, _, why) => Some((*why).into()),
        ChargeState::Idle { .. }
        | ChargeState::Checking(_)
        | ChargeState::Preconditioning(_)
        | ChargeState::Contactors(..)
        | ChargeState::Engaged(_)
        | ChargeState::ConstantCurrent(..)
        | ChargeState::Taper(..)
        | ChargeState::BalanceHold(..)
        | ChargeState::Finishing(_)
        | ChargeState::Done { .. }
        | ChargeState::Fault { .. } => None,
    }
}

/// Which limit governs.
#[must_use]
pub fn governor(state: &ChargeState) -> Option<GovernorName> {
    match state {
        ChargeState::ConstantCurrent(_, flow)
        | ChargeState::Taper(_, flow)
        | ChargeState::BalanceHold(_, flow)
        | ChargeState::Paused(_, flow, _) => Some(flow.governor.into()),
        ChargeState::Idle { .. }
        | ChargeState::Checking(_)
        | ChargeState::Preconditioning(_)
        | ChargeState::Contactors(..)
        | ChargeState::Engaged(_)
        | ChargeState::Finishing(_)
        | ChargeState::Done { .. }
        | ChargeState::Fault { .. } => None,
    }
}

/// How a charge ended, or what stops it.
#[derive(Debug, Serialize, ToSchema)]
struct Ended {
    /// Why: `complete`, `target_soc`, `target_charge`, `time`, `asked`, `left`, `not_permitted`,
    /// `shutdown`, `not_ready` or `interlock`.
    why: &'static str,
    /// Through which face it was asked for.
    face: Option<FaceName>,
    /// Which check did not hold.
    check: Option<&'static str>,
    /// Whether it is over; otherwise the stop is on its way.
    over: bool,
    /// Whether the current was seen to be gone.
    current_gone: Option<bool>,
    /// Whether the contactors were seen to be open.
    opened: Option<bool>,
    /// The current at which the contactors were told to open, where there was more than may be.
    under_load_a: Option<f64>,
    /// How long the stop took.
    seconds: Option<f64>,
}

impl Ended {
    fn of(state: &ChargeState) -> Option<Self> {
        match state {
            ChargeState::Finishing(stopping) => Some(Self::because(stopping.why)),
            ChargeState::Done { outcome, .. } | ChargeState::Fault { outcome, .. } => {
                Some(Self::over(outcome))
            }
            ChargeState::Idle { .. }
            | ChargeState::Checking(_)
            | ChargeState::Preconditioning(_)
            | ChargeState::Contactors(..)
            | ChargeState::Engaged(_)
            | ChargeState::ConstantCurrent(..)
            | ChargeState::Taper(..)
            | ChargeState::BalanceHold(..)
            | ChargeState::Paused(..) => None,
        }
    }

    fn because(why: StopReason) -> Self {
        let (word, face, check) = match why {
            StopReason::Complete => ("complete", None, None),
            StopReason::TargetSoc => ("target_soc", None, None),
            StopReason::TargetCharge => ("target_charge", None, None),
            StopReason::Time => ("time", None, None),
            StopReason::Asked(face) => ("asked", Some(face.into()), None),
            StopReason::Withdrawn => ("withdrawn", None, None),
            StopReason::Left => ("left", None, None),
            StopReason::NotPermitted => ("not_permitted", None, None),
            StopReason::Shutdown => ("shutdown", None, None),
            StopReason::NotReady(check) => ("not_ready", None, Some(check.code())),
            StopReason::Interlock(check) => ("interlock", None, Some(check.code())),
        };
        let (current_gone, opened, under_load_a, seconds) = (None, None, None, None);
        Self { why: word, face, check, over: false, current_gone, opened, under_load_a, seconds }
    }

    fn over(outcome: &ChargeOutcome) -> Self {
        Self {
            over: true,
            current_gone: Some(outcome.current_gone),
            opened: Some(outcome.opened),
            under_load_a: outcome.under_load.map(|amps| tidy(amps.get())),
            seconds: Some(tidy(outcome.seconds)),
            ..Self::because(outcome.why)
        }
    }
}

/// What a charge is to do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChargeSet)]
pub struct SetShown {
    /// Highest current.
    current_a: f64,
    /// Highest cell voltage.
    cell_mv: i32,
    /// Highest pack voltage; `null`: as the cells allow.
    pack_v: Option<f64>,
    /// State of charge to stop at; `null`: until it is full.
    soc_percent: Option<f64>,
    /// Time to stop after.
    seconds: Option<f64>,
    /// Charge to stop after.
    charge_ah: Option<f64>,
    /// What the socket gives; `null`: the rule's.
    mains_a: Option<f64>,
}

impl From<&SetPoints> for SetShown {
    fn from(set: &SetPoints) -> Self {
        Self {
            current_a: set.current.get(),
            cell_mv: set.cell.get(),
            pack_v: set.pack.map(|volts| volts.get()),
            soc_percent: set.soc.map(|soc| soc.get()),
            seconds: set.seconds,
            charge_ah: set.charge.map(|charge| charge.get()),
            mains_a: set.mains.map(|amps| amps.get()),
        }
    }
}

/// What a set point may be.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChargeRange)]
struct Range {
    /// Its name under `set`.
    field: &'static str,
    /// What it is, in words.
    what: &'static str,
    /// Unit.
    unit: &'static str,
    /// Least.
    least: f64,
    /// Most.
    most: f64,
}

fn ranges(set: &SetPoints, rules: &ChargeRules) -> Vec<Range> {
    let all = set.ranges(rules).into_iter();
    all.map(|(field, what, unit, _, least, most)| Range { field, what, unit, least, most })
        .collect()
}

/// What is told to charger and BMUs.
#[derive(Debug, Serialize, ToSchema)]
struct Told {
    /// The charger: `nothing`, `stop` or `give`.
    charger: &'static str,
    /// Highest voltage it is told.
    volts_v: Option<f64>,
    /// Highest current it is told.
    amps_a: Option<f64>,
    /// The BMUs, in the vehicle's place: `nothing`, `off`, `start` or `run`.
    key: &'static str,
}

impl Told {
    fn of(charger: ChargerIntent, key: KeyIntent) -> Self {
        let (charger, volts_v, amps_a) = match charger {
            ChargerIntent::Silent => ("nothing", None, None),
            ChargerIntent::Stop => ("stop", Some(0.0), Some(0.0)),
            ChargerIntent::Give { volts, amps } => {
                ("give", Some(tidy(volts.get())), Some(tidy(amps.get())))
            }
        };
        let key = match key {
            KeyIntent::Silent => "nothing",
            KeyIntent::Off => "off",
            KeyIntent::Init => "init",
            KeyIntent::Start => "start",
            KeyIntent::Run => "run",
        };
        Self { charger, volts_v, amps_a, key }
    }
}

/// A precondition or an interlock.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChargeCheck)]
struct CheckShown {
    /// Its name for programs.
    check: &'static str,
    /// Its name on the screen.
    title: &'static str,
    /// Whether it holds.
    ok: bool,
    /// What was found.
    value: String,
    /// What it must keep.
    limit: String,
    /// Why it does not hold and what to do; empty where it does.
    why: String,
    /// It does not hold, and the present step does not ask for it yet: nothing stops for it.
    waits: bool,
}

impl From<&ChargeCheck> for CheckShown {
    fn from(check: &ChargeCheck) -> Self {
        Self {
            check: check.id.code(),
            title: check.id.title(),
            ok: check.ok,
            value: check.value.clone(),
            limit: check.limit.clone(),
            why: check.why.clone(),
            waits: check.waits,
        }
    }
}

/// What must be cleared before a start.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChargeLatches)]
pub struct LatchesShown {
    /// A fault stopped a charge.
    fault: bool,
    /// Somebody at the machine stopped it: only there it is cleared.
    local_stop: bool,
    /// Somebody elsewhere stopped it.
    remote_stop: bool,
}

impl From<Latches> for LatchesShown {
    fn from(latches: Latches) -> Self {
        let Latches { fault, local_stop, remote_stop } = latches;
        Self { fault, local_stop, remote_stop }
    }
}

/// What was counted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChargeMeter)]
struct MeterShown {
    /// Time since the start, by the cells' clock.
    elapsed_s: f64,
    /// Charge into the pack.
    charge_ah: f64,
    /// Energy into the pack.
    energy_kwh: f64,
    /// Time left, where it can be estimated.
    left_s: Option<f64>,
    /// How that was estimated.
    left_how: &'static str,
    /// Cell spread at the start.
    spread_start_mv: Option<i32>,
    /// Cell spread now.
    spread_now_mv: Option<i32>,
    /// Highest command so far.
    highest_a: f64,
}

impl From<&Meter> for MeterShown {
    fn from(meter: &Meter) -> Self {
        Self {
            elapsed_s: seconds(meter.elapsed),
            charge_ah: tidy(meter.ah),
            energy_kwh: tidy(meter.kwh),
            left_s: meter.left.map(seconds),
            left_how: meter.left_how,
            spread_start_mv: meter.spread_mv.0,
            spread_now_mv: meter.spread_mv.1,
            highest_a: tidy(meter.highest.get()),
        }
    }
}

/// What was seen of a pack: of several BMUs, the worst.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChargePackSeen)]
struct PackSeen {
    /// How many BMUs there should be.
    bmus: u8,
    /// Age of the oldest of voltage, current, cell range and headroom.
    age_s: Option<f64>,
    /// Age of the oldest of state and flags.
    status_age_s: Option<f64>,
    /// Voltage.
    voltage_v: Option<f64>,
    /// Current, positive into the pack.
    current_a: Option<f64>,
    /// Highest cell.
    highest_mv: Option<i32>,
    /// Lowest cell.
    lowest_mv: Option<i32>,
    /// Hottest cells.
    hottest_c: Option<f64>,
    /// Coldest cells.
    coldest_c: Option<f64>,
    /// State of charge.
    soc_percent: Option<f64>,
    /// Whether every contactor sequence is in Run.
    in_run: bool,
    /// Whether any contactor is reported closed.
    contactors_closed: Option<bool>,
}

impl From<&ChargePackView> for PackSeen {
    fn from(seen: &ChargePackView) -> Self {
        Self {
            bmus: seen.bmus,
            age_s: seen.fast_age.map(seconds),
            status_age_s: seen.slow_age.map(seconds),
            voltage_v: seen.voltage.map(|volts| tidy(volts.get())),
            current_a: seen.current.map(|amps| tidy(amps.get())),
            highest_mv: seen.highest.map(|cell| cell.mv),
            lowest_mv: seen.lowest.map(|cell| cell.mv),
            hottest_c: seen.hottest.map(|at| tidy(at.temperature.get())),
            coldest_c: seen.coldest.map(|at| tidy(at.temperature.get())),
            soc_percent: seen.soc.map(|soc| tidy(soc.get())),
            in_run: seen.all_run,
            contactors_closed: seen.any_closed,
        }
    }
}

/// What was seen of a charger.
#[derive(Debug, Serialize, ToSchema)]
struct ChargerSeen {
    /// Age of its last status; `null`: never heard.
    age_s: Option<f64>,
    /// Output voltage.
    voltage_v: Option<f64>,
    /// Output current.
    current_a: Option<f64>,
    /// Highest voltage it can give.
    rated_v: Option<f64>,
    /// Highest current it can give.
    rated_a: Option<f64>,
    /// Highest power it can give.
    rated_w: Option<f64>,
    /// Seconds since somebody else commanded it; `null`: never.
    other_master_s: Option<f64>,
}

impl From<&ChargerView> for ChargerSeen {
    fn from(seen: &ChargerView) -> Self {
        Self {
            age_s: seen.age.map(seconds),
            voltage_v: seen.voltage.map(|volts| tidy(volts.get())),
            current_a: seen.current.map(|amps| tidy(amps.get())),
            rated_v: seen.rating.map(|rating| rating.volts.get()),
            rated_a: seen.rating.map(|rating| rating.amps.get()),
            rated_w: seen.rating.map(|rating| rating.watts.get()),
            other_master_s: seen.foreign.map(|foreign| seconds(foreign.ago)),
        }
    }
}

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChargeLogLine)]
struct LogLine {
    /// When.
    at: Time,
    /// What.
    text: String,
}

/// Seconds to the millisecond.
fn seconds(span: Duration) -> f64 {
    span.as_millis() as f64 / 1000.0
}
