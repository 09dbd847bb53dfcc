//! The Send page: which buses are armed, the frame that is made up, what is scheduled. The frame stands
//! in the address, so that nothing is kept between two looks; what is typed comes back as another
//! address. Sending itself is a form that is posted, and never an address.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::Response;

use crate::base::id::Name;
use crate::engine::{ArmBus, Right, Silence, Snapshot, Then, UseCan, ViewPlant};
use crate::view::compose::sending::typed::{self, TypedDraft};
use crate::view::compose::sending::{self, orders};
use crate::view::sending::{
    ByteOrder, Draft, DraftKind, NumberPlace, SendPrefs, SendView, Stays, SumRule, Width,
};
use crate::view::text;
use crate::web::pages::can::{CanQuery, Tab};
use crate::web::pages::form::{self, Typed};
use crate::web::pages::live::{self, Watched};
use crate::web::pages::shell::{Ask, Shell, back_to, draw_as, failed, go};
use crate::web::pages::wrong::give;
use crate::web::pages::{escaped, push, trace};
use crate::web::problem::Problem;
use crate::web::sealed::Sealed;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Where it is.
const PLACE: &str = "/can/send";
/// For how long a bus can be armed here, in minutes.
const SPANS: [u64; 5] = [1, 10, 30, 120, 480];

/// The routes.
#[must_use]
pub fn routes(table: Table) -> Table {
    let can = Access::Needs(Right::SendReceiveCan);
    table
        .page(Method::GET, PLACE, can, page)
        .page(Method::POST, "/can/send/edit", can, edit)
        .page(Method::POST, "/can/send/once", can, send)
        .page(Method::POST, "/can/send/start", can, start)
        .page(Method::POST, "/can/send/keep", can, keep)
        .page(Method::POST, "/can/kept", can, kept)
        .page(Method::POST, "/can/arm", can, arm)
        .page(Method::POST, "/can/schedule", can, schedule)
        .page(Method::POST, "/can/silence", Access::SignedIn, silence)
}

type Pairs = Vec<(String, String)>;

#[derive(Template)]
#[template(path = "send.html", config = ".config/askama.toml")]
struct SendPage {
    shell: Shell,
    typed: TypedDraft,
    view: SendView,
    /// Name of the message that the id has.
    message: String,
    /// What is wrong, or what goes out first.
    said: Said,
    done: &'static str,
}

/// What is said below the frame.
struct Said {
    tone: &'static str,
    text: String,
}

/// The buses, for everybody who may send.
#[derive(Template)]
#[template(path = "parts/send_buses.html", config = ".config/askama.toml")]
struct Buses<'v> {
    view: &'v SendView,
}

/// What sends the frame.
#[derive(Template)]
#[template(path = "parts/send_do.html", config = ".config/askama.toml")]
struct Do<'v> {
    view: &'v SendView,
}

/// What is scheduled.
#[derive(Template)]
#[template(path = "parts/send_schedules.html", config = ".config/askama.toml")]
struct Schedules<'v> {
    view: &'v SendView,
}

/// What the profile keeps.
#[derive(Template)]
#[template(path = "parts/send_kept.html", config = ".config/askama.toml")]
struct Kept<'v> {
    view: &'v SendView,
}

/// Adds the parts that change by themselves: they depend on the bus of the frame alone.
pub fn add(parts: &mut live::Parts, view: &SendView) {
    parts.add("send-buses", &Buses { view });
    parts.add("send-do", &Do { view });
    parts.add("send-kept", &Kept { view });
    parts.add("send-schedules", &Schedules { view });
}

/// What is wanted where only the bus is known.
#[must_use]
pub fn on_bus(bus: &str) -> SendPrefs {
    let draft = Draft { bus: bus.to_owned(), ..Draft::default() };
    SendPrefs { draft, every: "100".into(), ..SendPrefs::default() }
}

/// The address of a draft.
fn address(prefs: &SendPrefs, number: &NumberPlace) -> String {
    let pairs = typed::pairs(prefs, number);
    let pairs: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    format!("{PLACE}?{}", pairs.join("&"))
}

fn look(shared: &Shared, ask: &Ask) -> Result<Arc<Snapshot>, Problem> {
    ask.session.permit(UseCan)?;
    Ok(shared.door().look(&ask.session.permit(ViewPlant)?))
}

async fn page(State(shared): State<Shared>, ask: Ask, Query(pairs): Query<Pairs>) -> Response {
    let snapshot = match look(&shared, &ask) {
        Ok(snapshot) => snapshot,
        Err(problem) => return failed(&problem, &ask),
    };
    let get = |name: &str| pairs.iter().find(|(own, _)| own == name).map(|(_, v)| v.as_str());
    let taken = match (get("like"), get("row")) {
        (Some(number), _) => Some(like_frame(&shared, &ask, &snapshot, number)),
        (None, Some(row)) => Some(like_row(&snapshot, row)),
        (None, None) => None,
    };
    let mut wrong = String::new();
    match taken {
        Some(Some(draft)) => {
            let prefs = SendPrefs { draft, every: "100".into(), ..SendPrefs::default() };
            return go(&address(&prefs, &Default::default()));
        }
        Some(None) => wrong = orders::FRAME_GONE.to_owned(),
        None => {}
    }
    let typed = typed::typed(&snapshot, &pairs);
    let done = form::done(get("done").unwrap_or_default());
    drawn(&ask, &snapshot, typed, (StatusCode::OK, wrong, done))
}

fn like_frame(shared: &Shared, ask: &Ask, snapshot: &Snapshot, number: &str) -> Option<Draft> {
    let (_, reel) = trace::look(shared, &ask.session).ok()?;
    orders::like_frame(snapshot, &reel, number.parse().ok()?)
}

fn like_row(snapshot: &Snapshot, row: &str) -> Option<Draft> {
    let query = CanQuery { id: row.to_owned(), ..CanQuery::default() };
    sending::like(snapshot, query.prefs().selected?)
}

/// The page with a draft.
fn drawn(
    ask: &Ask,
    snapshot: &Snapshot,
    typed: TypedDraft,
    (status, wrong, done): (StatusCode, String, &'static str),
) -> Response {
    let view = sending::sending(snapshot, &ask.session, &typed.prefs);
    let watched = Watched::Send(typed.prefs.draft.bus.clone());
    let parts = live::parts(&watched, snapshot, &ask.session);
    let shell = Shell::new(ask, "Send", "/can", parts).live(push::address(&watched));
    let known = view.messages.iter().find(|one| one.id == typed.prefs.draft.id);
    let message = known.map_or_else(|| view.message.clone(), |one| one.name.clone());
    let wrong = if wrong.is_empty() { typed.wrong.clone().unwrap_or_default() } else { wrong };
    let said = match (&view.problem, &view.first) {
        _ if !wrong.is_empty() => Said { tone: "fault", text: wrong },
        (Some(problem), _) => Said { tone: "fault", text: problem.clone() },
        (None, first) => Said { tone: "muted", text: first.clone().unwrap_or_default() },
    };
    draw_as(status, &SendPage { shell, typed, view, message, said, done })
}

/// Takes what was typed, and goes to where it stands.
async fn edit(State(shared): State<Shared>, ask: Ask, Sealed(pairs): Sealed<Pairs>) -> Response {
    match look(&shared, &ask) {
        Ok(snapshot) => edited(&ask, &snapshot, &pairs, ""),
        Err(problem) => failed(&problem, &ask),
    }
}

fn edited(ask: &Ask, snapshot: &Snapshot, pairs: &Pairs, done: &str) -> Response {
    let typed = typed::typed(snapshot, pairs);
    if typed.wrong.is_some() {
        return drawn(ask, snapshot, typed, (StatusCode::UNPROCESSABLE_ENTITY, String::new(), ""));
    }
    let address = address(&typed.prefs, &typed.number);
    if done.is_empty() { go(&address) } else { go(&format!("{address}&done={done}")) }
}

/// Gives an order made out of the draft; what cannot be is said on the page.
async fn ordered<O: crate::engine::Order>(
    (shared, ask): (&Shared, &Ask),
    pairs: &Pairs,
    done: &str,
    order: impl FnOnce(&Snapshot, &SendPrefs) -> Result<O, String>,
) -> Response {
    let snapshot = match look(shared, ask) {
        Ok(snapshot) => snapshot,
        Err(problem) => return failed(&problem, ask),
    };
    let typed = typed::typed(&snapshot, pairs);
    let made = match &typed.wrong {
        Some(wrong) => Err(wrong.clone()),
        None => order(&snapshot, &typed.prefs),
    };
    let (status, wrong) = match made {
        Err(sentence) => (StatusCode::UNPROCESSABLE_ENTITY, sentence),
        Ok(order) => match give(shared, &ask.session, order).await {
            Ok(_) => return edited(ask, &snapshot, pairs, done),
            Err(problem) => (problem.status(), problem.detail().to_owned()),
        },
    };
    drawn(ask, &snapshot, typed, (status, wrong, ""))
}

async fn send(State(shared): State<Shared>, ask: Ask, Sealed(pairs): Sealed<Pairs>) -> Response {
    ordered((&shared, &ask), &pairs, "sent", orders::send_once).await
}

async fn start(State(shared): State<Shared>, ask: Ask, Sealed(pairs): Sealed<Pairs>) -> Response {
    ordered((&shared, &ask), &pairs, "scheduled", orders::start).await
}

/// Keeps the draft in the profile.
async fn keep(State(shared): State<Shared>, ask: Ask, Sealed(pairs): Sealed<Pairs>) -> Response {
    ordered((&shared, &ask), &pairs, "kept", orders::keep_draft).await
}

/// Sends, starts or forgets a message that is kept.
async fn kept(
    State(shared): State<Shared>,
    ask: Ask,
    headers: HeaderMap,
    Sealed(pairs): Sealed<Pairs>,
) -> Response {
    let typed = Typed::from(pairs);
    let (done, result) = if let Some(name) = typed.get("send") {
        let order = look(&shared, &ask).and_then(|now| found(orders::send_kept(&now, name)));
        ("sent", given(&shared, &ask, order).await)
    } else if let Some(name) = typed.get("forget") {
        let order = orders::forget_kept(name).map_err(Problem::invalid);
        ("unkept", given(&shared, &ask, order).await)
    } else {
        let name = typed.text("start");
        let order = look(&shared, &ask).and_then(|now| found(orders::start_kept(&now, name)));
        ("scheduled", given(&shared, &ask, order).await)
    };
    match result {
        Ok(()) => back(&headers, done),
        Err(problem) => failed(&problem, &ask),
    }
}

/// The page that a form was sent from, with what came of it.
fn back(headers: &HeaderMap, done: &str) -> Response {
    let from = headers.get(header::REFERER).and_then(|from| from.to_str().ok());
    let from: Option<Uri> = from.and_then(|from| from.parse().ok());
    let Some(from) = from else { return go("/") };
    if from.path() != PLACE && !from.path().starts_with("/can/send/") {
        return go(back_to(&from));
    }
    let kept = from.query().unwrap_or_default().split('&');
    let kept: Vec<&str> =
        kept.filter(|pair| !pair.is_empty() && !pair.starts_with("done=")).collect();
    let and = if kept.is_empty() { "" } else { "&" };
    go(&format!("{PLACE}?{}{and}done={done}", kept.join("&")))
}

async fn arm(
    State(shared): State<Shared>,
    ask: Ask,
    headers: HeaderMap,
    Sealed(pairs): Sealed<Pairs>,
) -> Response {
    let typed = Typed::from(pairs);
    let wanted = typed.text("bus");
    let minutes = typed.text(&format!("minutes-{wanted}")).parse::<u64>().ok();
    let minutes = minutes.filter(|minutes| SPANS.contains(minutes));
    let span = minutes.map_or(ArmBus::USUAL, |minutes| Duration::from_secs(minutes * 60));
    let order = text::a_name(wanted).map(|bus| ArmBus { bus, span }).map_err(Problem::invalid);
    let done = match order {
        Ok(order) => give(&shared, &ask.session, order).await,
        Err(problem) => Err(problem),
    };
    match done {
        Ok(()) => back(&headers, "armed"),
        Err(problem) => failed(&problem, &ask),
    }
}

/// Silences one bus, or all of them. It needs no page and no confirmation, and waits for no disk.
async fn silence(
    State(shared): State<Shared>,
    ask: Ask,
    headers: HeaderMap,
    Sealed(pairs): Sealed<Pairs>,
) -> Response {
    let typed = Typed::from(pairs);
    // A name that cannot be one silences everything: a silence is not lost over a spelling.
    let bus = Name::new(typed.text("bus")).ok();
    match give(&shared, &ask.session, Silence { bus }).await {
        Ok(()) => back(&headers, "silenced"),
        Err(problem) => failed(&problem, &ask),
    }
}

async fn schedule(
    State(shared): State<Shared>,
    ask: Ask,
    headers: HeaderMap,
    Sealed(pairs): Sealed<Pairs>,
) -> Response {
    let typed = Typed::from(pairs);
    let stop = |name: &str, then| orders::stop(name, then).map_err(Problem::invalid);
    let (done, result) = if let Some(name) = typed.get("stop") {
        ("stopped", given(&shared, &ask, stop(name, Then::Keep)).await)
    } else if let Some(name) = typed.get("forget") {
        ("forgotten", given(&shared, &ask, stop(name, Then::Forget)).await)
    } else {
        let name = typed.text("again");
        let order = look(&shared, &ask).and_then(|now| found(orders::again(&now, name)));
        ("scheduled", given(&shared, &ask, order).await)
    };
    match result {
        Ok(()) => back(&headers, done),
        Err(problem) => failed(&problem, &ask),
    }
}

async fn given<O: crate::engine::Order<Done = ()>>(
    shared: &Shared,
    ask: &Ask,
    order: Result<O, Problem>,
) -> Result<(), Problem> {
    give(shared, &ask.session, order?).await
}

/// What is made of something of the list, or that it is no longer there.
fn found<O>(made: Result<O, String>) -> Result<O, Problem> {
    made.map_err(Problem::not_found)
}

impl SendPage {
    const fn tab() -> Tab {
        Tab::Send
    }

    /// The number at its place; empty where that is beyond the end.
    fn number(&self) -> String {
        let place = self.typed.number;
        let number = self.typed.prefs.draft.number(place.at, place.width, place.order);
        number.unwrap_or_default()
    }

    fn is_kind(&self, kind: &DraftKind) -> bool {
        self.typed.prefs.draft.kind == *kind
    }

    fn length(&self) -> String {
        text::count(self.typed.prefs.draft.bytes.len(), "byte")
    }
}

impl Kept<'_> {
    /// The address of a message as a draft.
    fn load(draft: &SendPrefs) -> String {
        address(draft, &NumberPlace::default())
    }
}

impl Buses<'_> {
    /// Spans to choose: minutes, words, whether it is the usual one.
    fn spans() -> impl Iterator<Item = (u64, String, bool)> {
        SPANS.into_iter().map(|minutes| {
            let span = Duration::from_secs(minutes * 60);
            (minutes, text::span(span), span == ArmBus::USUAL)
        })
    }
}
