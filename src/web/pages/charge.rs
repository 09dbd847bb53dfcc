//! The Charge page: how the charge of a pack stands, with everything that may be done about it. A start
//! is asked about on a page of its own, which says what will happen; a stop is not asked about at all.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::base::id::Name;
use crate::engine::{
    ChangeCharge, ChargePacks, ChargePicture, ClearLatches, Confirm, EngageContactors, Lease,
    ReadSafetyText, Right, SetDemo, Snapshot, StartCharge, ViewPlant,
};
use crate::view::charge::{ChargePrefs, ChargeView, CheckView, Leaving, SafetyText};
use crate::view::compose;
use crate::view::shown::Tone;
use crate::web::api::give_stop;
use crate::web::pages::form::{self, Typed};
use crate::web::pages::live::{self, Seat, Watched};
use crate::web::pages::push;
use crate::web::pages::shell::{Ask, Shell, draw, draw_as, failed, go};
use crate::web::pages::wrong::{Wrong, give};
use crate::web::problem::Problem;
use crate::web::sealed::Sealed;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Fields of set points, as the API calls them.
const FIELDS: [&str; 7] =
    ["current_a", "cell_mv", "soc_percent", "seconds", "charge_ah", "pack_v", "mains_a"];

/// The routes.
#[must_use]
pub fn routes(table: Table) -> Table {
    let charge = Access::Needs(Right::ChargePacks);
    table
        .page(Method::GET, "/charge", Access::Needs(Right::ReadSettings), page)
        .page(Method::POST, "/charge/ask", charge, ask)
        .page(Method::POST, "/charge/start", charge, start)
        .page(Method::POST, "/charge/apply", charge, apply)
        .page(Method::POST, "/charge/engage", charge, engage)
        .page(Method::POST, "/charge/clear", charge, clear)
        .page(Method::POST, "/charge/read", charge, read)
        .page(Method::POST, "/charge/demo", Access::Needs(Right::ChangeSettings), demo)
        .page(Method::POST, "/charge/stop", Access::SignedIn, stop)
}

/// The query of the page.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ChargeQuery {
    /// The pack that is shown.
    pack: String,
    /// What was done.
    done: String,
}

#[derive(Template)]
#[template(path = "charge.html", config = ".config/askama.toml")]
struct ChargePage {
    shell: Shell,
    view: ChargeView,
    leaving: bool,
    /// Whoever may not charge types no set points.
    may_charge: bool,
    done: &'static str,
    wrong: Wrong,
}

#[derive(Template)]
#[template(path = "charge_ask.html", config = ".config/askama.toml")]
struct AskPage {
    shell: Shell,
    view: ChargeView,
    hidden: Vec<(String, String)>,
}

/// The address of the page of a pack.
#[must_use]
pub fn address(pack: &str) -> String {
    if pack.is_empty() {
        return "/charge".to_owned();
    }
    format!("/charge?pack={}", super::escaped(pack))
}

fn back(pack: &str, done: &str) -> Response {
    let join = if pack.is_empty() { '?' } else { '&' };
    go(&format!("{}{join}done={done}", address(pack)))
}

/// What somebody looks at and has typed.
fn prefs(shared: &Shared, ask: &Ask, pack: &str, typed: &Typed) -> ChargePrefs {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let fields = FIELDS
        .into_iter()
        .filter_map(|name| typed.get(name).map(|text| (name.to_owned(), text.to_owned())));
    let is_read = shared.door().has_read_safety_text(&ask.session);
    ChargePrefs {
        pack: some(pack),
        charger: some(typed.text("charger")),
        typed: fields.collect::<BTreeMap<_, _>>(),
        safety: if is_read { SafetyText::Read } else { SafetyText::Unread },
        leaving: if typed.get("leave").is_some() { Leaving::Stops } else { Leaving::GoesOn },
    }
}

/// The page with its frame.
fn drawn(
    shared: &Shared,
    ask: &Ask,
    prefs: &ChargePrefs,
    snapshot: &Snapshot,
) -> (Shell, ChargeView) {
    let zone = TimeZone::system();
    let mut view = compose::charge::charge(snapshot, prefs, &ask.session, &zone);
    if !ask.session.may(ChargePacks) {
        // Only whoever charges has to have read it, and only they can say so.
        view.safety_text.clear();
    }
    let seat = Seat::of(shared, &ask.session);
    let watched = Watched::Charge(prefs.pack.clone(), seat);
    let parts = live::parts(&watched, snapshot, &ask.session);
    let shell = Shell::new(ask, "Charge", "/charge", parts).live(push::address(&watched));
    (shell, view)
}

fn look(shared: &Shared, ask: &Ask) -> Result<Arc<Snapshot>, Problem> {
    Ok(shared.door().look(&ask.session.permit(ViewPlant)?))
}

async fn page(
    State(shared): State<Shared>,
    ask: Ask,
    Query(query): Query<ChargeQuery>,
) -> Response {
    let snapshot = match look(&shared, &ask) {
        Ok(snapshot) => snapshot,
        Err(problem) => return failed(&problem, &ask),
    };
    let prefs = prefs(&shared, &ask, &query.pack, &Typed::default());
    let (shell, view) = drawn(&shared, &ask, &prefs, &snapshot);
    let (done, wrong) = (form::done(&query.done), Wrong::nothing());
    let may_charge = ask.session.may(ChargePacks);
    draw(&ChargePage { shell, view, leaving: false, may_charge, done, wrong })
}

/// The page with what was typed, and what is wrong.
fn again(shared: &Shared, ask: &Ask, typed: &Typed, problem: &Problem) -> Response {
    let snapshot = match look(shared, ask) {
        Ok(snapshot) => snapshot,
        Err(problem) => return failed(&problem, ask),
    };
    let prefs = prefs(shared, ask, typed.text("pack"), typed);
    let (shell, view) = drawn(shared, ask, &prefs, &snapshot);
    let wrong = Wrong::from(problem).known(&FIELDS);
    let leaving = prefs.leaving == Leaving::Stops;
    let may_charge = ask.session.may(ChargePacks);
    let page = ChargePage { shell, view, leaving, may_charge, done: "", wrong };
    draw_as(problem.status(), &page)
}

/// The page again with a word of what was done, or with what was typed and what is wrong.
fn ended(shared: &Shared, ask: &Ask, typed: &Typed, done: Result<&str, Problem>) -> Response {
    match done {
        Ok(word) => back(typed.text("pack"), word),
        Err(problem) => again(shared, ask, typed, &problem),
    }
}

/// The name of the pack that was typed, if there is one.
fn typed_pack(shared: &Shared, ask: &Ask, typed: &Typed) -> Result<Name, Problem> {
    let snapshot = look(shared, ask)?;
    Ok(picture(&snapshot, typed.text("pack"))?.pack.clone())
}

/// A start that cannot be now, in the view's own words. What was typed is said at its field, which names
/// what may stand there.
fn shut(why: &str, view: &ChargeView) -> Problem {
    let bad = view.fields.iter().find(|field| !field.error.is_empty());
    if let Some(field) = bad.filter(|field| field.error == why) {
        return Problem::invalid(field.error.clone()).about(field.field.clone());
    }
    let is_check = |check: &CheckView| check.tone == Tone::Fault && why.starts_with(&check.label);
    let advice = if view.checks.iter().any(is_check) { "Look at the list of checks." } else { "" };
    Problem::new(StatusCode::CONFLICT, "unfit", "Not possible now", why.to_owned(), advice)
}

/// Asks whether to start: names what will happen.
async fn ask(
    State(shared): State<Shared>,
    ask: Ask,
    Sealed(pairs): Sealed<Vec<(String, String)>>,
) -> Response {
    let typed = Typed::from(pairs);
    let snapshot = match look(&shared, &ask) {
        Ok(snapshot) => snapshot,
        Err(problem) => return failed(&problem, &ask),
    };
    let prefs = prefs(&shared, &ask, typed.text("pack"), &typed);
    let (shell, view) = drawn(&shared, &ask, &prefs, &snapshot);
    if let Some(why) = &view.start.offer.why_not {
        return again(&shared, &ask, &typed, &shut(why, &view));
    }
    let mut hidden: Vec<(String, String)> = prefs.typed.clone().into_iter().collect();
    hidden.push(("pack".into(), view.pack.clone()));
    hidden.push(("charger".into(), view.charger.clone()));
    if prefs.leaving == Leaving::Stops {
        hidden.push(("leave".into(), "stop".into()));
    }
    draw(&AskPage { shell, view, hidden })
}

async fn start(
    State(shared): State<Shared>,
    ask: Ask,
    Sealed(pairs): Sealed<Vec<(String, String)>>,
) -> Response {
    let typed = Typed::from(pairs);
    let order = look(&shared, &ask).and_then(|snapshot| {
        let prefs = prefs(&shared, &ask, typed.text("pack"), &typed);
        start_order(&shared, &ask, &snapshot, &prefs)
    });
    let done = match order {
        Ok(order) => give(&shared, &ask.session, order).await,
        Err(problem) => Err(problem),
    };
    ended(&shared, &ask, &typed, done.map(|()| "charge-started"))
}

fn start_order(
    shared: &Shared,
    ask: &Ask,
    snapshot: &Snapshot,
    prefs: &ChargePrefs,
) -> Result<StartCharge, Problem> {
    let picture = picture(snapshot, prefs.pack.as_deref().unwrap_or_default())?;
    let (_, view) = drawn(shared, ask, prefs, snapshot);
    if let Some(why) = &view.start.offer.why_not {
        return Err(shut(why, &view));
    }
    let set = compose::charge::start_asked(picture, prefs)
        .ok_or_else(|| Problem::invalid("A set point cannot be as it was typed."))?;
    let lease = match prefs.leaving {
        Leaving::GoesOn => Lease::GoesOn,
        Leaving::Stops => Lease::WhilePresent { present: true },
    };
    let charger = Name::new(&view.charger).ok();
    Ok(StartCharge { pack: picture.pack.clone(), charger, set, lease, confirm: Confirm })
}

/// The charge of the pack of this name. Unlike on the page, another one does not do.
fn picture<'s>(snapshot: &'s Snapshot, pack: &str) -> Result<&'s ChargePicture, Problem> {
    let found = snapshot.charges.iter().find(|one| one.pack.as_str() == pack);
    found.map(|one| &**one).ok_or_else(|| {
        let pack: String = pack.chars().take(64).collect();
        Problem::not_found(format!("There is no pack \u{201c}{pack}\u{201d} that can be charged."))
    })
}

async fn apply(
    State(shared): State<Shared>,
    ask: Ask,
    Sealed(pairs): Sealed<Vec<(String, String)>>,
) -> Response {
    let typed = Typed::from(pairs);
    let order = look(&shared, &ask).and_then(|snapshot| {
        let picture = picture(&snapshot, typed.text("pack"))?;
        let read = |field: &str| typed.get(field);
        let set = compose::charge::typed(&picture.set, &picture.rules, &read);
        let set = set.map_err(|errors| match errors.first() {
            Some(error) => Problem::invalid(format!("{error}.")).about(error.field()),
            None => Problem::invalid("A set point cannot be as it was typed."),
        })?;
        Ok(ChangeCharge { pack: picture.pack.clone(), set })
    });
    let done = match order {
        Ok(order) => give(&shared, &ask.session, order).await,
        Err(problem) => Err(problem),
    };
    ended(&shared, &ask, &typed, done.map(|()| "charge-applied"))
}

async fn engage(
    State(shared): State<Shared>,
    ask: Ask,
    Sealed(pairs): Sealed<Vec<(String, String)>>,
) -> Response {
    let typed = Typed::from(pairs);
    let done = match typed_pack(&shared, &ask, &typed) {
        Ok(pack) => give(&shared, &ask.session, EngageContactors { pack, confirm: Confirm }).await,
        Err(problem) => Err(problem),
    };
    ended(&shared, &ask, &typed, done.map(|()| "charge-engaged"))
}

async fn clear(
    State(shared): State<Shared>,
    ask: Ask,
    Sealed(pairs): Sealed<Vec<(String, String)>>,
) -> Response {
    let typed = Typed::from(pairs);
    let done = match typed_pack(&shared, &ask, &typed) {
        Ok(pack) => give(&shared, &ask.session, ClearLatches { pack }).await,
        Err(problem) => Err(problem),
    };
    ended(&shared, &ask, &typed, done.map(|()| "charge-cleared"))
}

async fn read(
    State(shared): State<Shared>,
    ask: Ask,
    Sealed(pairs): Sealed<Vec<(String, String)>>,
) -> Response {
    let typed = Typed::from(pairs);
    let done = give(&shared, &ask.session, ReadSafetyText).await;
    ended(&shared, &ask, &typed, done.map(|()| "charge-read"))
}

async fn demo(
    State(shared): State<Shared>,
    ask: Ask,
    Sealed(pairs): Sealed<Vec<(String, String)>>,
) -> Response {
    let typed = Typed::from(pairs);
    let pace = typed.text("pace").parse::<f64>().ok().filter(|pace| (1.0..=60.0).contains(pace));
    let done = match pace {
        Some(pace) => {
            let parked = typed.text("parked") == "yes";
            give(&shared, &ask.session, SetDemo { parked, pace }).await
        }
        None => Err(Problem::invalid("The pace is a number from 1 to 60.")),
    };
    ended(&shared, &ask, &typed, done.map(|()| "charge-demo"))
}

/// Stops one pack, or all of them. It needs no page and no confirmation, and waits for no disk.
async fn stop(
    State(shared): State<Shared>,
    ask: Ask,
    Sealed(pairs): Sealed<Vec<(String, String)>>,
) -> Response {
    let typed = Typed::from(pairs);
    let pack = Some(typed.text("pack")).filter(|pack| !pack.is_empty());
    // A name that cannot be one stops everything: a stop is not lost over a spelling.
    let pack = pack.and_then(|pack| Name::new(pack).ok());
    let name = pack.as_ref().map(Name::to_string).unwrap_or_default();
    match give_stop(&shared, &ask.session, pack).await {
        Ok(_) if ask.session.may(ViewPlant) => back(&name, "charge-stopped"),
        // Who must change the password first sees no plant: what came of it is said there.
        Ok(_) => go("/account/password?done=stop-taken"),
        Err(problem) => failed(&problem, &ask),
    }
}
