//! What may be done about a charge, and if not, why not. Whatever closes contactors says before
//! exactly what it will do.

use super::Desk;
use super::typed::typed;
use super::words::trimmed;
use crate::engine::{
    ChangeSettings, ChargePacks, ChargePicture, ChargeState, CheckId, Face, Latches, MakeSafe,
    Session, SetPoints,
};
use crate::view::charge::{ChargePrefs, DemoView, FieldView, Leaving, SafetyText};
use crate::view::compose::users::sentence;
use crate::view::offer::{Grave, Offer, Question};
use crate::view::text;

/// Above the safety text.
pub const SAFETY_TITLE: &str = "Before the first charge";
/// On the button below the safety text.
pub const SAFETY_CONFIRM: &str = "I have read this";

/// What everybody who charges has to read once.
#[must_use]
pub const fn safety_text() -> &'static str {
    "High voltage can kill, and a cell that is charged wrongly can burn. Whoever charges a pack knows it, its wiring and its charger, and stays within reach of them.\n\n\
     The BMS is the safety device: it opens its contactors by itself, whatever Busbar says, and it has to be able to. Busbar supervises: it stops when a reading is late, a limit is passed or another node interferes. It takes the place of no fuse, no contactor and no emergency switch.\n\n\
     Before the first charge of a pack, see that its limits on this page are those of its cells, that the emergency switch works, and that Stop (F12 in the window) ends a charge. Stop never asks, and everybody who is signed in may press it."
}

/// The safety text while it is unread.
pub(super) fn unread(prefs: &ChargePrefs) -> String {
    match prefs.safety {
        SafetyText::Unread => safety_text().to_owned(),
        SafetyText::Read => String::new(),
    }
}

fn may_charge(session: &Session) -> Option<String> {
    session.permit(ChargePacks).err().map(|denied| sentence(&denied.to_string()))
}

/// Why nothing may be started at all; `None` where it may.
fn shut(desk: &Desk<'_>) -> Option<String> {
    let picture = desk.picture;
    if let Some(why) = may_charge(desk.session) {
        return Some(why);
    }
    if desk.prefs.safety == SafetyText::Unread {
        return Some("Read the safety text first.".to_owned());
    }
    if !picture.latches.is_clear() {
        let here = Latches::is_local(desk.session.face()) || !picture.latches.local_stop;
        let words = if here {
            "Clear what is latched first."
        } else {
            "It was stopped at the machine itself, and is cleared only there."
        };
        return Some(words.to_owned());
    }
    None
}

/// Another pack that this charger charges.
fn taken<'a>(desk: &Desk<'a>) -> Option<&'a ChargePicture> {
    let charger = desk.charger?;
    let id = desk.snapshot.components.iter().find(|part| part.name == *charger)?.id;
    let others = desk.snapshot.charges.iter().filter(|other| other.pack != desk.picture.pack);
    others.map(AsRef::as_ref).find(|other| other.state.is_running() && other.charger == Some(id))
}

/// The first precondition that does not hold, of those that do not hang on what is typed. They are
/// about the charger that the engine looks at; another one is judged once it is chosen.
fn unready(desk: &Desk<'_>) -> Option<String> {
    let picture = desk.picture;
    let looked_at = picture.charger.and_then(|id| super::name(desk.snapshot, id));
    if looked_at != desk.charger {
        return None;
    }
    first_bad(picture, |id| {
        !matches!(id, CheckId::Permission | CheckId::SetPoints | CheckId::Target | CheckId::Latches)
    })
}

/// The first precondition that does not hold of those that contactors alone have: they need no
/// charger and no room to charge.
fn unready_to_close(picture: &ChargePicture) -> Option<String> {
    first_bad(picture, |id| {
        matches!(
            id,
            CheckId::PackBus
                | CheckId::BmuFresh
                | CheckId::BmuStatusFresh
                | CheckId::BmuFlags
                | CheckId::BmuState
                | CheckId::OtherKey
        )
    })
}

fn first_bad(picture: &ChargePicture, counts: impl Fn(CheckId) -> bool) -> Option<String> {
    let bad = picture.preconditions.iter().find(|check| !check.ok && counts(check.id))?;
    let why =
        if bad.why.is_empty() { format!("{} {}", bad.value, bad.limit) } else { bad.why.clone() };
    Some(format!("{}: {}", bad.id.title(), why.trim()))
}

/// What was typed, as set points; `None` where a field cannot be.
#[must_use]
pub fn start_asked(picture: &ChargePicture, prefs: &ChargePrefs) -> Option<SetPoints> {
    let read = |field: &str| prefs.typed.get(field).map(String::as_str);
    typed(&picture.set, &picture.rules, &read).ok()
}

/// Start, with what will happen.
pub(super) fn start(desk: &Desk<'_>, fields: &[FieldView]) -> Grave {
    let label = "Start charge\u{2026}";
    let picture = desk.picture;
    let set = start_asked(picture, desk.prefs);
    let why = if matches!(picture.state, ChargeState::Finishing(_)) {
        Some("A charge is being stopped.".to_owned())
    } else if picture.state.is_running() && !matches!(picture.state, ChargeState::Engaged(_)) {
        Some("This pack is being charged already.".to_owned())
    } else {
        shut(desk)
    };
    let no_charger = || match (desk.charger, picture.chargers.is_empty()) {
        (Some(_), _) => None,
        (None, true) => Some(super::NO_CHARGER.to_owned()),
        (None, false) => Some("Choose a charger first.".to_owned()),
    };
    let other = || taken(desk).map(|other| format!("The charger is charging {}.", other.pack));
    let bad = || fields.iter().map(|field| &field.error).find(|error| !error.is_empty()).cloned();
    let reached = || {
        let (present, wanted) = (picture.seen.0.soc?.get(), set?.soc?.get());
        (wanted <= present).then(|| {
            format!("The pack is at {} % already: charge it to more.", text::fixed(present, 1))
        })
    };
    let why = why.or_else(no_charger).or_else(other).or_else(bad).or_else(reached);
    let why = why.or_else(|| unready(desk));
    let offer = match &why {
        None => Offer::open(label),
        Some(why) => Offer::shut(label, why),
    };
    let question = match (set, desk.charger) {
        (Some(set), Some(charger)) => Question {
            title: format!("Charge {}?", picture.pack),
            text: will_happen(desk, &set, charger.as_str()),
            confirm: "Start charge".into(),
        },
        (None, _) | (_, None) => Question::default(),
    };
    Grave { offer, question }
}

fn will_happen(desk: &Desk<'_>, set: &SetPoints, charger: &str) -> String {
    let pack = &desk.picture.pack;
    let mut until = Vec::new();
    match set.soc.map(|soc| soc.get()).filter(|soc| *soc < 100.0) {
        Some(soc) => until.push(format!("until {} % SoC", trimmed(soc))),
        None => until.push("until it is full".to_owned()),
    }
    until.extend(set.time().map(|time| format!("for at most {}", text::span(time))));
    until.extend(set.charge.map(|ah| format!("at most {} Ah", trimmed(ah.get()))));
    let mut limits = format!("no cell above {} V", text::fixed(set.cell.volts().get(), 3));
    if let Some(volts) = set.pack {
        limits.push_str(&format!(" and no more than {} V", trimmed(volts.get())));
    }
    let begins = if matches!(desk.picture.state, ChargeState::Engaged(_)) {
        format!("Charges {pack}")
    } else {
        format!(
            "Closes the contactors of {pack}, which puts its voltage on the wires to the charger, and charges it"
        )
    };
    let after = match (desk.session.face(), desk.prefs.leaving) {
        (Face::Desktop, _) => {
            "It goes on while other pages are shown; closing this window asks first, and stops it."
        }
        (Face::Web | Face::Api | Face::CommandLine | Face::Inside, Leaving::GoesOn) => {
            "It goes on when this page is closed, until it is done or somebody stops it."
        }
        (Face::Web | Face::Api | Face::CommandLine | Face::Inside, Leaving::Stops) => {
            "It stops when this browser has shown no page of Busbar for ten seconds."
        }
    };
    format!(
        "{begins} with {charger} at up to {} A, {}, with {limits}. {after}",
        text::fixed(set.current.get(), 1),
        until.join(", ")
    )
}

/// Close contactors, with what will happen.
pub(super) fn engage(desk: &Desk<'_>) -> Grave {
    let label = "Close contactors\u{2026}";
    let picture = desk.picture;
    let why = if matches!(picture.state, ChargeState::Engaged(_)) {
        Some("The contactors are closed already; Stop opens them.".to_owned())
    } else if picture.state.is_running() {
        Some("This pack is being charged already.".to_owned())
    } else {
        shut(desk).or_else(|| unready_to_close(picture))
    };
    Grave {
        offer: why.map_or_else(|| Offer::open(label), |why| Offer::shut(label, &why)),
        question: Question {
            title: format!("Close the contactors of {}?", picture.pack),
            text: format!(
                "Sends the vehicle\u{2019}s key to {} and closes its contactors: its full voltage stands on the wires from then on. The charger stays off. The contactors stay closed until Stop is pressed or an interlock opens them.",
                picture.pack
            ),
            confirm: "Close contactors".into(),
        },
    }
}

/// Stop: open whenever anything runs.
pub(super) fn stop(picture: &ChargePicture, session: &Session) -> Offer {
    if !session.may(MakeSafe) {
        return Offer::shut("Stop", "Sign in to stop a charge.");
    }
    match picture.state.is_running() {
        true => Offer::open("Stop"),
        false => Offer::shut("Stop", "Nothing is being charged."),
    }
}

/// Apply changed set points to what runs.
pub(super) fn apply(desk: &Desk<'_>, fields: &[FieldView]) -> Offer {
    let label = "Apply";
    if let Some(why) = may_charge(desk.session) {
        return Offer::shut(label, &why);
    }
    if let Some(bad) = fields.iter().map(|field| &field.error).find(|error| !error.is_empty()) {
        return Offer::shut(label, bad);
    }
    match start_asked(desk.picture, desk.prefs) {
        Some(set) if set != desk.picture.set => Offer::open(label),
        Some(_) | None => Offer::shut(label, "Nothing has been changed."),
    }
}

/// Clear what is latched.
pub(super) fn clear(desk: &Desk<'_>) -> Offer {
    let label = "Clear";
    let latches = desk.picture.latches;
    if latches.is_clear() {
        return Offer::shut(label, "Nothing is latched.");
    }
    if let Some(why) = may_charge(desk.session) {
        return Offer::shut(label, &why);
    }
    let only_local = !latches.fault && !latches.remote_stop;
    if only_local && !Latches::is_local(desk.session.face()) {
        return Offer::shut(label, "A stop at the machine itself is cleared only there.");
    }
    if desk.picture.state.is_running() {
        return Offer::shut(label, "Wait until the stop has ended.");
    }
    Offer::open(label)
}

/// How fast a demo's cells may live.
const PACES: [f64; 4] = [1.0, 10.0, 30.0, 60.0];

/// The demo's controls.
pub(super) fn demo(picture: &ChargePicture, session: &Session) -> Option<DemoView> {
    if !picture.is_demo {
        return None;
    }
    let where_it_is = match picture.parked {
        true => "Parked at its charger, its own controls silent: it can be charged.",
        false => "Driving, and its own controls hold the key: park it to charge it.",
    };
    Some(DemoView {
        parked: picture.parked,
        pace: picture.pace,
        paces: PACES.to_vec(),
        text: where_it_is.to_owned(),
        offer: match session.permit(ChangeSettings) {
            Ok(_) => Offer::open("Demo"),
            Err(denied) => Offer::shut("Demo", &sentence(&denied.to_string())),
        },
    })
}
