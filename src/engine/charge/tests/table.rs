//! Every state crossed with everything that can be wrong, one step each: where it goes, why, and that
//! nothing is given on the way. The table is the text below; whoever changes a reaction changes it
//! there.

use std::time::Duration;

use super::bench::Bench;
use crate::base::time::Mono;
use crate::base::units::{Amps, Celsius, Volts};
use crate::engine::access::grant::Face;
use crate::engine::charge::intent::{ChargerIntent, KeyIntent};
use crate::engine::charge::state::Key as Switch;
use crate::engine::charge::step::step;
use crate::engine::charge::wish::{Lease, Want, Wish};
use crate::engine::charge::{
    ChargerView, CheckId, Flow, Foreign, Governor, Outcome, PackView, PauseReason, Run, State,
    StopReason, Stopping,
};
use crate::engine::device::{
    ChargerCommand, ChargerControl, ChargerFaults, Flag, FlagSet, PackState,
};
use crate::engine::pack::{CellAt, TemperatureAt};

const NOW: Mono = Mono::from_secs(1000);
const WANT: u64 = 7;

/// The columns of the table, in its order.
const COLUMNS: [&str; 15] = [
    "idle",
    "checking",
    "matching",
    "matching, closed",
    "key off",
    "key start",
    "engaged",
    "constant current",
    "taper",
    "balance hold",
    "paused",
    "waits for the current",
    "waits for the contactors",
    "done",
    "fault",
];

/// What a step leads to:
/// `.` the state stays what it is; `n` done, not ready, nothing was sent and nothing is; `d` done for
/// the given reason, before anything was sent; `F` the stop sequence, a fault; `S` the stop sequence
/// for the given reason, no fault; `s` the stop sequence, because it did not become ready; `P` paused
/// at zero; `c` constant current, at zero.
///
/// The columns: idle, checking | matching, closed, key off, key start | engaged | constant current,
/// taper, hold, paused | finishing twice | done, fault.
const TABLE: &[(&str, &str)] = &[
    ("nothing is wrong", ".. .... . .... .. .."),
    // What is late, lost or was never heard.
    ("BMU telemetry is late", ".n .... . PPP. .. .."),
    ("BMU telemetry is lost", ".n FFFF F FFFF .. .."),
    ("BMU telemetry was never heard", ".n FFFF F FFFF .. .."),
    ("BMU status is lost", ".n FFFF F FFFF .. .."),
    ("a module is lost", ".n FFFF . FFFF .. .."),
    ("charger status is late", ".n .... . PPP. .. .."),
    ("charger status is lost", ".n FFFF . FFFF .. .."),
    ("nobody is heard at all", ".n FFFF F FFFF .. .."),
    // What the readings say.
    ("the highest cell is too high", ".n FFFF . FFFF .. .."),
    ("the highest cell is not known", ".n FFFF . FFFF .. .."),
    ("the lowest cell is damaged", ".n FFFF . FFFF .. .."),
    ("cells are too far apart", ".n FFFF . FFFF .. .."),
    ("a cell is not trusted", ".n FFFF . FFFF .. .."),
    ("a cell is too hot", ".n FFFF . FFFF .. .."),
    ("the BMU's own margin is used up", ".n FFFF . FFFF .. .."),
    ("a cell is too cold", ".n FFFF . FFFF .. .."),
    ("the pack's voltage is too high", ".n FFFF . FFFF .. .."),
    ("the pack's voltage is no number", ".n FFFF . FFFF .. .."),
    ("a failure flag is raised", ".n FFFF F FFFF .. .."),
    ("a flag of no document is raised", ".n FFFF F FFFF .. .."),
    ("the vehicle is missed", ".. .F.. F FFFF .. .."),
    ("a BMU has left Run", ".. .F.. F FFFF .. .."),
    ("a BMU falls into Error", ".. .F.s F FFFF .. .."),
    ("a contactor is closed already", ".n .... . .... .. .."),
    ("the charger has a hardware failure", ".n FFFF . FFFF .. .."),
    ("the charger is too hot", ".n FFFF . FFFF .. .."),
    ("the charger has no mains", ".n FFFF . FFFF .. .."),
    ("the charger sees no battery", ".. .F.. . FFFF .. .."),
    ("the charger is too small", ".n .... . .cc. .. .."),
    // Who else is there.
    ("another commands the charger", ".n FFFF . FFFF .. .."),
    ("another sends the key", ".n FFFF F FFFF .. .."),
    ("the bus of the pack is off", ".n FFFF F FFFF .. .."),
    ("the bus of the charger is off", ".n FFFF . FFFF .. .."),
    // What has been so for its time.
    ("too much has flowed for its time", ".. .... . FFFF .. .."),
    ("it has flowed out for its time", ".. .... . FFFF .. .."),
    ("nothing has arrived for its time", ".. .... . FFFF .. .."),
    ("nothing has flowed for its time", ".. .... . FFFF .. .."),
    ("the charger does not match in time", ".. ss.. . .... .. .."),
    ("the BMUs do not follow in time", ".. ..ss . .... .. .."),
    ("nobody has called for two seconds", ".. .... . PPP. .. .."),
    ("the clock went back", ".. .... . PPP. .. .."),
    ("the longest charge is over", ".. .... . SSSS .. .."),
    // What people and the program want.
    ("a stop at the machine", ".d SSSS S SSSS .. .."),
    ("a stop from the web", ".d SSSS S SSSS .. .."),
    ("the program ends", ".d SSSS S SSSS .. .."),
    ("the permission is gone", ".d SSSS S SSSS .. .."),
    ("whoever had to stay has left", ".d SSSS S SSSS .. .."),
    ("nothing is wanted any more", ".d SSSS S SSSS .. .."),
    ("a latch is set", ".n .... . .... .. .."),
];

/// A moment of a charge that can be bent.
struct Moment {
    state: State,
    pack: PackView,
    charger: ChargerView,
    wish: Wish,
}

/// A state in which all is well, a while after it was entered.
fn moment(column: usize) -> Moment {
    let ago = |ms| NOW.before(Duration::from_millis(ms));
    let set = Some(Bench::set());
    let run = Run { number: WANT, started: ago(60_000), since: ago(500), set, closed: false };
    let closed = Run { closed: true, ..run };
    let bare = Run { set: None, ..run };
    let flow = flow(ago(100));
    let stopping = Stopping {
        number: WANT,
        started: ago(60_000),
        since: ago(2000),
        opening: None,
        opened_at: None,
        why: StopReason::Complete,
        charger: true,
        contactors: true,
        held: true,
    };
    let opening = Stopping { opening: Some(ago(500)), ..stopping };
    let why = StopReason::Complete;
    let outcome = Outcome { why, current_gone: true, opened: true, under_load: None, seconds: 1.0 };
    let slow = PauseReason::ChargerLate;
    let (state, bmu, amps) = match column {
        0 => (State::idle(WANT), PackState::Idle, 0.0),
        1 => (State::Checking(run), PackState::Idle, 0.0),
        2 => (State::Preconditioning(run), PackState::Idle, 0.0),
        3 => (State::Preconditioning(closed), PackState::Run, 0.0),
        4 => (State::Contactors(run, Switch::Off), PackState::Idle, 0.0),
        5 => (State::Contactors(run, Switch::Start), PackState::Precharge, 0.0),
        6 => (State::Engaged(bare), PackState::Run, 0.0),
        7 => (State::ConstantCurrent(run, flow), PackState::Run, 10.0),
        8 => (State::Taper(run, tapers(flow, 6.0)), PackState::Run, 6.0),
        9 => (State::BalanceHold(run, tapers(flow, 0.3)), PackState::Run, 0.3),
        10 => (State::Paused(run, Flow { command: Amps(0.0), ..flow }, slow), PackState::Run, 0.0),
        11 => (State::Finishing(stopping), PackState::Run, 4.0),
        12 => (State::Finishing(opening), PackState::Run, 0.0),
        13 => (State::Done { done: WANT, outcome }, PackState::Idle, 0.0),
        14 => (State::Fault { done: WANT, outcome }, PackState::Idle, 0.0),
        other => panic!("no column {other}"),
    };
    let (mut pack, mut charger) = Bench::seen(bmu, amps);
    if matches!(column, 8 | 9) {
        // Within the band of the taper, where this current is what it leaves.
        let below = if column == 8 { 36 } else { 2 };
        pack.highest = pack.highest.map(|cell| CellAt { mv: 4100 - below, ..cell });
        pack.lowest = pack.highest.map(|cell| CellAt { mv: 4080 - below, ..cell });
    }
    if column == 2 {
        // It has not come to the pack's voltage yet.
        charger.voltage = Some(Volts(5.0));
    }
    if column == 3 {
        charger.voltage = Some(Volts(5.0));
    }
    if column == 4 {
        // The key has not been off for its time yet.
        pack.all_idle = false;
    }
    let want = if column == 6 {
        Want::Contactors { number: WANT }
    } else {
        Want::Charge { number: WANT, set: Bench::set() }
    };
    let wish = Wish { want, ..Wish::default() };
    Moment { state, pack, charger, wish }
}

fn flow(at: Mono) -> Flow {
    Flow {
        command: Amps(10.0),
        integral: 0.0,
        governor: Governor::Person,
        at,
        complete_since: None,
        over_since: None,
        wrong_sign_since: None,
        missing_since: None,
        idle_since: None,
        ah: 1.0,
    }
}

fn tapers(flow: Flow, amps: f64) -> Flow {
    Flow { command: Amps(amps), governor: Governor::HighestCell, ..flow }
}

/// Bends a moment as the row says, and gives the check or the reason that has to be named.
fn bend(row: &str, m: &mut Moment) -> Option<StopReason> {
    let ms = |ms| Some(Duration::from_millis(ms));
    let flags = |flag| Some(FlagSet::of(&[flag]));
    let lock = |id| Some(StopReason::Interlock(id));
    let long_ago = Some(NOW.before(Duration::from_secs(21)));
    let mv = |cell: Option<CellAt>, by: i32| cell.map(|cell| CellAt { mv: cell.mv + by, ..cell });
    let warm = |place: Option<TemperatureAt>, c| {
        place.map(|place| TemperatureAt { temperature: Celsius(c), ..place })
    };
    let (pack, charger, wish) = (&mut m.pack, &mut m.charger, &mut m.wish);
    match row {
        "nothing is wrong" => None,
        "BMU telemetry is late" => {
            pack.fast_age = ms(1001);
            lock(CheckId::BmuFresh)
        }
        "BMU telemetry is lost" => {
            pack.fast_age = ms(3001);
            lock(CheckId::BmuFresh)
        }
        "BMU telemetry was never heard" => {
            pack.fast_age = None;
            lock(CheckId::BmuFresh)
        }
        "BMU status is lost" => {
            pack.slow_age = ms(3001);
            lock(CheckId::BmuStatusFresh)
        }
        "a module is lost" => {
            pack.module_age = ms(5001);
            lock(CheckId::ModulesFresh)
        }
        "charger status is late" => {
            charger.age = ms(2001);
            lock(CheckId::ChargerFresh)
        }
        "charger status is lost" => {
            charger.age = ms(3001);
            lock(CheckId::ChargerFresh)
        }
        "nobody is heard at all" => {
            (*pack, *charger) = (PackView::default(), ChargerView::default());
            let first = if matches!(m.state, State::Checking(_)) {
                CheckId::PackBus
            } else {
                CheckId::BmuFresh
            };
            lock(first)
        }
        "the highest cell is too high" => {
            pack.highest = mv(pack.highest, 4151 - pack.highest.map_or(0, |cell| cell.mv));
            lock(CheckId::HighestCell)
        }
        "the highest cell is not known" => {
            pack.highest = None;
            lock(CheckId::HighestCell)
        }
        "the lowest cell is damaged" => {
            pack.lowest = mv(pack.lowest, -2000);
            let first = if matches!(m.state, State::Checking(_)) {
                CheckId::LowestCell
            } else {
                CheckId::CellSpread
            };
            lock(first)
        }
        "cells are too far apart" => {
            pack.lowest = mv(pack.lowest, -310);
            lock(CheckId::CellSpread)
        }
        "a cell is not trusted" => {
            pack.untrusted = 1;
            lock(CheckId::CellsTrusted)
        }
        "a cell is too hot" => {
            pack.hottest = warm(pack.hottest, 43.1);
            lock(CheckId::HottestCell)
        }
        "the BMU's own margin is used up" => {
            pack.margin_k = Some(-1.9);
            lock(CheckId::HottestCell)
        }
        "a cell is too cold" => {
            pack.coldest = warm(pack.coldest, -0.1);
            lock(CheckId::ColdestCell)
        }
        "the pack's voltage is too high" => {
            pack.voltage = Some(Volts(600.1));
            lock(CheckId::PackVoltage)
        }
        "the pack's voltage is no number" => {
            pack.voltage = Some(Volts(f64::NAN));
            lock(CheckId::PackVoltage)
        }
        "a failure flag is raised" => {
            pack.flags = flags(Flag::IsolationFailed);
            lock(CheckId::BmuFlags)
        }
        "a flag of no document is raised" => {
            pack.undocumented_flags = true;
            lock(CheckId::BmuFlags)
        }
        "the vehicle is missed" => {
            pack.flags = flags(Flag::VehicleTimeout);
            lock(CheckId::BmuFlags)
        }
        "a BMU has left Run" => {
            pack.all_run = false;
            lock(CheckId::BmuState)
        }
        "a BMU falls into Error" => {
            (pack.all_run, pack.all_idle, pack.state) = (false, false, Some(PackState::Error));
            if matches!(m.state, State::Contactors(..)) {
                Some(StopReason::NotReady(CheckId::Engaged))
            } else {
                lock(CheckId::BmuState)
            }
        }
        "a contactor is closed already" => {
            pack.any_closed = Some(true);
            lock(CheckId::BmuState)
        }
        "the charger has a hardware failure" => charger_fault(charger, |f| f.hardware = true),
        "the charger is too hot" => charger_fault(charger, |f| f.over_temperature = true),
        "the charger has no mains" => charger_fault(charger, |f| f.input = true),
        "the charger sees no battery" => charger_fault(charger, |f| f.no_battery = true),
        "the charger is too small" => {
            charger.rating = None;
            lock(CheckId::ChargerFits)
        }
        "another commands the charger" => {
            let (voltage, current) = (Volts(80.0), Amps(5.0));
            let command = ChargerCommand { voltage, current, control: ChargerControl::Charge };
            charger.foreign = Some(Foreign { ago: Duration::from_secs(5), command });
            lock(CheckId::OtherCharger)
        }
        "another sends the key" => {
            pack.foreign_key = ms(5000);
            lock(CheckId::OtherKey)
        }
        "the bus of the pack is off" => {
            pack.bus_ok = false;
            lock(CheckId::PackBus)
        }
        "the bus of the charger is off" => {
            charger.bus_ok = false;
            lock(CheckId::ChargerBus)
        }
        "too much has flowed for its time" => {
            each(m, |f| f.over_since = long_ago);
            lock(CheckId::CurrentAbove)
        }
        "it has flowed out for its time" => {
            each(m, |f| f.wrong_sign_since = long_ago);
            lock(CheckId::CurrentSign)
        }
        "nothing has arrived for its time" => {
            each(m, |f| f.missing_since = long_ago);
            lock(CheckId::CurrentArrives)
        }
        "nothing has flowed for its time" => {
            each(m, |f| f.idle_since = long_ago);
            lock(CheckId::Flows)
        }
        "the charger does not match in time" => {
            matched_since(m, 10_100);
            Some(StopReason::NotReady(CheckId::Matched))
        }
        "the BMUs do not follow in time" => {
            keyed_since(m, 5100);
            Some(StopReason::NotReady(CheckId::Engaged))
        }
        "nobody has called for two seconds" => {
            each(m, |f| f.at = NOW.before(Duration::from_secs(2)));
            None
        }
        "the clock went back" => {
            each(m, |f| f.at = NOW.after(Duration::from_secs(2)));
            None
        }
        "the longest charge is over" => {
            started(m);
            Some(StopReason::Time)
        }
        "a stop at the machine" => {
            wish.stop = Some(Face::Desktop);
            Some(StopReason::Asked(Face::Desktop))
        }
        "a stop from the web" => {
            wish.stop = Some(Face::Web);
            Some(StopReason::Asked(Face::Web))
        }
        "the program ends" => {
            wish.end = Some(StopReason::Shutdown);
            wish.end
        }
        "the permission is gone" => {
            wish.permitted = false;
            Some(StopReason::NotPermitted)
        }
        "whoever had to stay has left" => {
            wish.lease = Lease::WhilePresent { present: false };
            Some(StopReason::Left)
        }
        "nothing is wanted any more" => {
            wish.want = Want::Nothing;
            Some(StopReason::Withdrawn)
        }
        "a latch is set" => {
            wish.latches.fault = true;
            lock(CheckId::Latches)
        }
        other => panic!("nobody knows how to bend {other:?}"),
    }
}

fn charger_fault(charger: &mut ChargerView, raise: fn(&mut ChargerFaults)) -> Option<StopReason> {
    charger.faults.iter_mut().for_each(raise);
    Some(StopReason::Interlock(CheckId::ChargerFaults))
}

/// Changes the flow of a state that has one.
fn each(m: &mut Moment, change: impl Fn(&mut Flow)) {
    if let State::ConstantCurrent(_, flow)
    | State::Taper(_, flow)
    | State::BalanceHold(_, flow)
    | State::Paused(_, flow, _) = &mut m.state
    {
        change(flow);
    }
}

/// Lets the charger have been matched for so long.
fn matched_since(m: &mut Moment, ms: u64) {
    if let State::Preconditioning(run) = &mut m.state {
        run.since = NOW.before(Duration::from_millis(ms));
    }
}

/// Lets the key have been said for so long.
fn keyed_since(m: &mut Moment, ms: u64) {
    if let State::Contactors(run, _) = &mut m.state {
        run.since = NOW.before(Duration::from_millis(ms));
    }
}

/// Lets a charge have begun as long ago as a charge may last.
fn started(m: &mut Moment) {
    if let State::ConstantCurrent(run, _)
    | State::Taper(run, _)
    | State::BalanceHold(run, _)
    | State::Paused(run, _, _) = &mut m.state
    {
        run.started = NOW.before(Duration::from_secs(86_400));
    }
}

/// The letter of what a step did, or what is wrong with it.
fn letter(before: &State, after: &State, why: Option<StopReason>) -> Result<char, String> {
    let id = |why: Option<StopReason>| match why {
        Some(StopReason::Interlock(id) | StopReason::NotReady(id)) => Some(id),
        _ => None,
    };
    match after {
        State::Finishing(now) if !matches!(before, State::Finishing(_)) => match now.why {
            StopReason::Interlock(_) if Some(now.why) == why => Ok('F'),
            StopReason::NotReady(_) if Some(now.why) == why => Ok('s'),
            said if Some(said) == why => Ok('S'),
            said => Err(format!("the reason is {said:?} and not {why:?}")),
        },
        State::Done { outcome, .. } if !matches!(before, State::Done { .. }) => match outcome.why {
            StopReason::NotReady(said) if Some(said) == id(why) => Ok('n'),
            said if Some(said) == why => Ok('d'),
            said => Err(format!("the reason is {said:?} and not {why:?}")),
        },
        State::ConstantCurrent(..) if !matches!(before, State::ConstantCurrent(..)) => Ok('c'),
        State::Paused(..) if !matches!(before, State::Paused(..)) => Ok('P'),
        after if after.name() == before.name() => Ok('.'),
        after => Err(format!("it goes to {}", after.name())),
    }
}

#[test]
fn every_fault_in_every_state_leads_where_the_table_says_in_one_step() {
    let mut wrong = Vec::new();
    for (row, cells) in TABLE {
        let cells: Vec<char> = cells.chars().filter(|c| *c != ' ').collect();
        assert_eq!(cells.len(), COLUMNS.len(), "{row}");
        for (column, (name, cell)) in COLUMNS.iter().zip(cells).enumerate() {
            let mut m = moment(column);
            let why = bend(row, &mut m);
            let (after, intents) = step(m.state, NOW, &m.pack, &m.charger, &m.wish);
            match letter(&m.state, &after, why) {
                Ok(found) if found == cell => {}
                Ok(found) => wrong.push(format!("{row}, {name}: {found} and not {cell}")),
                Err(what) => wrong.push(format!("{row}, {name}: {what}")),
            }
            // What goes on unhurt may give; whatever else happens, nothing is given.
            let amps = match intents.charger {
                ChargerIntent::Give { amps, .. } => amps.get(),
                ChargerIntent::Stop | ChargerIntent::Silent => 0.0,
            };
            let flows = (7..=9).contains(&column) && cell == '.' && m.charger.rating.is_some();
            // While the charger is only matched it is told its smallest step, but not while a
            // reading is late.
            let matches = (2..=5).contains(&column) && cell == '.' && !row.ends_with("is late");
            if amps > if matches { 0.11 } else { 0.0 } && !flows {
                wrong.push(format!("{row}, {name}: {amps} A are given"));
            }
            if matches!(cell, 'F' | 'S' | 's') {
                let charger = if column == 6 { ChargerIntent::Silent } else { ChargerIntent::Stop };
                let key = match column {
                    // With open contactors there is no key to hold, and none that may still close.
                    2 => KeyIntent::Silent,
                    4 | 5 => KeyIntent::Off,
                    _ => KeyIntent::Run,
                };
                if (intents.charger, intents.key) != (charger, key) {
                    wrong.push(format!("{row}, {name}: {intents:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
