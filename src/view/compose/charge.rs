//! Composes the Charge page: which pack with which charger, where its charge stands, what may be
//! done. Everything that is said about charging on a screen is said here.

mod fields;
mod lines;
mod offers;
mod rules;
mod stop;
mod typed;
mod words;

use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::base::id::{ComponentId, Name};
use crate::engine::{
    ChargePacks, ChargePicture, ChargeState, ChargeStep, Latches, Session, Snapshot,
};
use crate::view::charge::{ChargePrefs, ChargeView, StepView};
use crate::view::shown::Tone;

pub use offers::{SAFETY_CONFIRM, SAFETY_TITLE, safety_text, start_asked};
pub use rules::{rule_refused, rules, rules_table, typed_rule};
pub use stop::{alerts, chip, closing, demo_offer, stop};
pub use typed::{TypedSetPoint, typed};
pub use words::{governor, outcome, outcome_code, stop_reason, stop_words};

/// The page's own pack, its charger and everything around them.
struct Desk<'a> {
    snapshot: &'a Snapshot,
    picture: &'a ChargePicture,
    charger: Option<&'a Name>,
    prefs: &'a ChargePrefs,
    session: &'a Session,
}

/// Makes the page for `session`, with clocks in `zone`.
#[must_use]
pub fn charge(
    snapshot: &Snapshot,
    prefs: &ChargePrefs,
    session: &Session,
    zone: &TimeZone,
) -> ChargeView {
    let packs = snapshot.charges.iter().map(|picture| picture.pack.to_string()).collect();
    let Some(picture) = chosen(snapshot, prefs.pack.as_deref()) else {
        return without_pack(session);
    };
    let desk =
        Desk { snapshot, picture, charger: charger(snapshot, picture, prefs), prefs, session };
    let fields = fields::fields(&desk);
    let line = lines::line(picture);
    ChargeView {
        packs,
        pack: picture.pack.to_string(),
        chargers: names(snapshot, &picture.chargers),
        charger: desk.charger.map_or_else(String::new, ToString::to_string),
        empty: match picture.chargers.is_empty() && picture.charger.is_none() {
            true => NO_CHARGER.to_owned(),
            false => String::new(),
        },
        steps: steps(picture),
        state: words::state(picture),
        governs: words::governs(picture),
        charger_lines: lines::charger(picture),
        checks_title: match picture.state.is_running() && !picture.interlocks.is_empty() {
            true => "Safety interlocks".into(),
            false => "Before the start".into(),
        },
        checks_word: lines::checks_word(picture),
        checks: lines::checks(picture),
        latches: latches(picture.latches, session),
        left: lines::left(picture),
        ah: lines::ah(picture),
        kwh: lines::kwh(picture),
        elapsed: lines::elapsed(picture),
        curve: lines::curve(picture),
        log: lines::log(snapshot, picture, zone),
        record: picture.record,
        line,
        start: offers::start(&desk, &fields),
        engage: offers::engage(&desk),
        stop: offers::stop(picture, session),
        apply: offers::apply(&desk, &fields),
        clear: offers::clear(&desk),
        safety_text: offers::unread(prefs),
        demo: offers::demo(picture, session),
        rules: rules_table(snapshot, session),
        fields,
    }
}

/// Said where there is no charger.
const NO_CHARGER: &str = "No charger of this profile could charge this pack. Add one to the profile, as a component on the bus it speaks on.";

fn without_pack(session: &Session) -> ChargeView {
    let why = "There is no pack.";
    let shut = |label: &str| crate::view::offer::Offer::shut(label, why);
    let grave = |label: &str| crate::view::offer::Grave {
        offer: shut(label),
        ..crate::view::offer::Grave::default()
    };
    ChargeView {
        empty: "No pack of this profile can be charged: it has no BMS. Run a profile with a simulated pack, or connect the bus of a pack and add its BMS to the profile.".into(),
        start: grave("Start charge\u{2026}"),
        engage: grave("Close contactors\u{2026}"),
        stop: shut("Stop"),
        apply: shut("Apply"),
        clear: shut("Clear"),
        state: ("No pack".into(), Tone::Muted),
        checks_title: "Before the start".into(),
        latches: latches(Latches::default(), session),
        ..ChargeView::default()
    }
}

/// The pack that is looked at: the named one, else one that runs, else the first.
#[must_use]
pub fn chosen<'a>(snapshot: &'a Snapshot, pack: Option<&str>) -> Option<&'a Arc<ChargePicture>> {
    let charges = &snapshot.charges;
    let named = charges.iter().find(|picture| Some(picture.pack.as_str()) == pack);
    let running = || charges.iter().find(|picture| picture.state.is_running());
    named.or_else(running).or_else(|| charges.first())
}

/// The charger that the next charge is with: the one that charges now, the named one, the only one.
fn charger<'a>(
    snapshot: &'a Snapshot,
    picture: &ChargePicture,
    prefs: &ChargePrefs,
) -> Option<&'a Name> {
    let of = |id: ComponentId| name(snapshot, id);
    if picture.state.is_running() {
        return picture.charger.and_then(of);
    }
    let ids = picture.chargers.iter().copied();
    let named = ids.filter_map(of).find(|name| Some(name.as_str()) == prefs.charger.as_deref());
    named.or_else(|| picture.charger.and_then(of)).or_else(|| match picture.chargers.as_slice() {
        [only] => of(*only),
        _ => None,
    })
}

fn name(snapshot: &Snapshot, id: ComponentId) -> Option<&Name> {
    snapshot.components.iter().find(|component| component.id == id).map(|found| &found.name)
}

fn names(snapshot: &Snapshot, ids: &[ComponentId]) -> Vec<String> {
    ids.iter().filter_map(|id| name(snapshot, *id)).map(ToString::to_string).collect()
}

/// The five steps and how they are called.
const STEPS: [(ChargeStep, &str); 5] = [
    (ChargeStep::Check, "1 Check"),
    (ChargeStep::Contactors, "2 Contactors"),
    (ChargeStep::ConstantCurrent, "3 Constant current"),
    (ChargeStep::Taper, "4 Taper"),
    (ChargeStep::Done, "5 Done"),
];

fn steps(picture: &ChargePicture) -> Vec<StepView> {
    let present = match &picture.state {
        ChargeState::Paused(..) => Tone::Warning,
        ChargeState::Fault { .. } => Tone::Fault,
        ChargeState::Finishing(_) => Tone::Info,
        ChargeState::Idle { .. }
        | ChargeState::Checking(_)
        | ChargeState::Preconditioning(_)
        | ChargeState::Contactors(..)
        | ChargeState::Engaged(_)
        | ChargeState::ConstantCurrent(..)
        | ChargeState::Taper(..)
        | ChargeState::BalanceHold(..) => Tone::Ok,
        ChargeState::Done { outcome: ended, .. } => words::ended_tone(ended.why),
    };
    let one = |(step, label): (ChargeStep, &str)| StepView {
        label: label.to_owned(),
        now: step == picture.step,
        tone: match step.cmp(&picture.step) {
            std::cmp::Ordering::Less => Tone::Plain,
            std::cmp::Ordering::Equal => present,
            std::cmp::Ordering::Greater => Tone::Muted,
        },
    };
    STEPS.into_iter().map(one).collect()
}

/// What is latched, each with who may clear it.
fn latches(latches: Latches, session: &Session) -> Vec<String> {
    let mut said = Vec::new();
    if latches.fault {
        said.push("A fault stopped the last charge. Find its cause before you clear it; whoever may charge battery packs clears it.".to_owned());
    }
    if latches.local_stop {
        let here = Latches::is_local(session.face());
        said.push(
            match (here, session.may(ChargePacks)) {
                (true, true) => "Stopped here. Clear this before the next start.",
                (true, false) => "Stopped here. Whoever may charge battery packs clears it.",
                (false, _) => {
                    "Stopped at the machine itself. It is cleared only there, not from here."
                }
            }
            .to_owned(),
        );
    }
    if latches.remote_stop {
        said.push("Stopped from a web page or through the API. Whoever may charge battery packs clears it.".to_owned());
    }
    said
}
