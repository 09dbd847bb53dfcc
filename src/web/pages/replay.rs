//! The Replay page: recordings that are sent onto buses, with what plays, pauses and stops them, and a
//! form that starts one. Every control is a form that is posted; what changes by itself is pushed.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;

use crate::engine::{
    ChangeReplay, Order, PauseReplay, ReplayChange, Right, SeekTo, Session, Snapshot, StopReplay,
    Then, UseCan, ViewPlant,
};
use crate::view::compose::replay::{self, planned, replays};
use crate::view::replay::{ReplayPrefs, ReplayView, SPEEDS};
use crate::web::api::{self, recording};
use crate::web::pages::can::Tab;
use crate::web::pages::form::{self, Typed};
use crate::web::pages::live::{self, Watched};
use crate::web::pages::push;
use crate::web::pages::shell::{Ask, Shell, draw_as, failed, go};
use crate::web::pages::wrong::{aside, give};
use crate::web::problem::Problem;
use crate::web::sealed::Sealed;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Where it is.
const PLACE: &str = "/can/replay";
/// Recordings that are offered.
const OFFERED: usize = 200;

/// The routes.
#[must_use]
pub fn routes(table: Table) -> Table {
    let can = Access::Needs(Right::SendReceiveCan);
    table
        .page(Method::GET, PLACE, can, page)
        .page(Method::POST, "/can/replay/start", can, start)
        .page(Method::POST, "/can/replay/do", can, told)
}

type Pairs = Vec<(String, String)>;

#[derive(Template)]
#[template(path = "replay.html", config = ".config/askama.toml")]
struct ReplayPage {
    shell: Shell,
    prefs: ReplayPrefs,
    view: ReplayView,
    /// The recordings to choose from.
    recordings: Vec<String>,
    /// What is wrong.
    wrong: String,
    done: &'static str,
}

/// The replays, for everybody who may see them.
#[derive(Template)]
#[template(path = "parts/replays.html", config = ".config/askama.toml")]
struct Rows<'v> {
    view: &'v ReplayView,
}

impl Rows<'_> {
    /// Where it stands, in thousandths.
    fn share(fraction: &f64) -> u32 {
        (fraction.clamp(0.0, 1.0) * 1000.0) as u32
    }

    const fn speeds() -> [(&'static str, Option<f64>); SPEEDS.len()] {
        SPEEDS
    }
}

impl ReplayPage {
    const fn tab() -> Tab {
        Tab::Replay
    }

    const fn speeds() -> [(&'static str, Option<f64>); SPEEDS.len()] {
        SPEEDS
    }
}

/// Adds the part that changes by itself.
pub fn add(parts: &mut live::Parts, snapshot: &Snapshot, session: &Session) {
    let view = replays(snapshot, session, &ReplayPrefs::default());
    parts.add("replay-rows", &Rows { view: &view });
}

fn look(shared: &Shared, ask: &Ask) -> Result<Arc<Snapshot>, Problem> {
    ask.session.permit(UseCan)?;
    Ok(shared.door().look(&ask.session.permit(ViewPlant)?))
}

async fn page(State(shared): State<Shared>, ask: Ask, Query(pairs): Query<Pairs>) -> Response {
    let typed = Typed::from(pairs);
    let done = form::done(typed.text("done"));
    let recording = typed.text("recording").chars().take(200).collect();
    let prefs = ReplayPrefs { file: recording, ..ReplayPrefs::default() };
    drawn(&shared, &ask, prefs, (StatusCode::OK, String::new(), done)).await
}

async fn drawn(
    shared: &Shared,
    ask: &Ask,
    mut prefs: ReplayPrefs,
    (status, wrong, done): (StatusCode, String, &'static str),
) -> Response {
    let snapshot = match look(shared, ask) {
        Ok(snapshot) => snapshot,
        Err(problem) => return failed(&problem, ask),
    };
    let session = Arc::clone(&ask.session);
    let listed = aside(shared, move |shared| names(shared, &session)).await;
    // What is said of a form goes before: that the folder cannot be read is said on its own page too.
    let (recordings, wrong) = match listed {
        Ok(names) => (names, wrong),
        Err(problem) if wrong.is_empty() => (Vec::new(), problem.detail().to_owned()),
        Err(_) => (Vec::new(), wrong),
    };
    let view = replays(&snapshot, &ask.session, &prefs);
    if prefs.bus.is_empty()
        && let Some(first) = view.buses.first()
    {
        prefs.bus.clone_from(&first.name);
    }
    let parts = live::parts(&Watched::Replay, &snapshot, &ask.session);
    let shell = Shell::new(ask, "Replay", "/can", parts).live(push::address(&Watched::Replay));
    draw_as(status, &ReplayPage { shell, prefs, view, recordings, wrong, done })
}

/// The recordings that can be replayed, the newest first.
fn names(shared: &Shared, session: &Session) -> Result<Vec<String>, Problem> {
    let folder = shared.door().recordings(&session.permit(UseCan)?);
    let mut listed = folder.list()?;
    listed.retain(|one| !one.grows);
    Ok(listed.into_iter().take(OFFERED).map(|one| one.name).collect())
}

fn prefs(pairs: &Typed) -> ReplayPrefs {
    let text = |name: &str| pairs.text(name).chars().take(1000).collect::<String>();
    ReplayPrefs {
        file: text("recording"),
        name: text("name"),
        bus: text("bus"),
        speed: text("speed"),
        again: pairs.get("loop").is_some(),
        filter: text("filter"),
        ids: text("ids"),
        buses: text("buses"),
        from: text("from"),
        to: text("to"),
        gap: text("gap"),
        stays: pairs.get("stays").is_some(),
        ..ReplayPrefs::default()
    }
}

async fn start(State(shared): State<Shared>, ask: Ask, Sealed(pairs): Sealed<Pairs>) -> Response {
    let prefs = prefs(&Typed::from(pairs));
    let snapshot = match look(&shared, &ask) {
        Ok(snapshot) => snapshot,
        Err(problem) => return failed(&problem, &ask),
    };
    let (session, name) = (Arc::clone(&ask.session), prefs.file.clone());
    let found = match name.is_empty() {
        true => Ok(std::path::PathBuf::new()),
        false => aside(&shared, move |shared| recording(shared, &session, &name)).await,
    };
    let result = match found {
        Err(problem) => Err(problem),
        Ok(file) => match planned(&snapshot, &prefs, file) {
            Err(sentence) => Err(Problem::invalid(sentence)),
            Ok(order) => give(&shared, &ask.session, order).await,
        },
    };
    match result {
        Ok(()) => go(&format!("{PLACE}?done=replay-started")),
        Err(problem) => {
            let said = (problem.status(), problem.detail().to_owned(), "");
            drawn(&shared, &ask, prefs, said).await
        }
    }
}

/// Tells a replay what to do: the button that was pressed says what, its value which.
async fn told(State(shared): State<Shared>, ask: Ask, Sealed(pairs): Sealed<Pairs>) -> Response {
    let typed = Typed::from(pairs);
    let result = tell(&shared, &ask, &typed).await;
    match result {
        Ok(()) => go(&format!("{PLACE}?done=replay-told")),
        Err(problem) => {
            let said = (problem.status(), problem.detail().to_owned(), "");
            drawn(&shared, &ask, ReplayPrefs::default(), said).await
        }
    }
}

async fn tell(shared: &Shared, ask: &Ask, typed: &Typed) -> Result<(), Problem> {
    let pressed = ["stop", "forget", "pause", "play", "step", "seek", "speed", "anew"];
    let found = pressed.iter().find_map(|word| Some((*word, typed.get(word)?)));
    let Some((word, which)) = found else {
        return Err(Problem::invalid("Nothing was pressed."));
    };
    let name = api::named(which, "replay")?;
    let change = |change| ChangeReplay { name: name.clone(), change };
    let field = |what: &str| typed.text(&format!("{what}-{name}"));
    match word {
        "stop" => order(shared, ask, StopReplay { name, then: Then::Keep }).await,
        "forget" => order(shared, ask, StopReplay { name, then: Then::Forget }).await,
        "pause" => order(shared, ask, PauseReplay { name }).await,
        "play" => order(shared, ask, change(ReplayChange::Play)).await,
        "step" => {
            let until = Some(field("until").to_owned()).filter(|text| !text.trim().is_empty());
            order(shared, ask, change(ReplayChange::Step(until))).await
        }
        "seek" => order(shared, ask, change(ReplayChange::Seek(place(field("at"))?))).await,
        "speed" => {
            let speed = replay::speed(field("pace"));
            let speed = speed.ok_or_else(|| Problem::invalid("Choose how fast it goes."))?;
            order(shared, ask, change(ReplayChange::Speed(speed))).await
        }
        _anew => {
            let snapshot = look(shared, ask)?;
            let anew = replay::anew(&snapshot, name.as_str()).map_err(Problem::not_found)?;
            order(shared, ask, anew).await
        }
    }
}

async fn order<O: Order<Done = ()>>(shared: &Shared, ask: &Ask, order: O) -> Result<(), Problem> {
    give(shared, &ask.session, order).await
}

/// A place in a recording as it is typed: seconds, or a share with a percent sign.
fn place(typed: &str) -> Result<SeekTo, Problem> {
    let wrong = || Problem::invalid("Say where to go in seconds, or as a share such as 50 %.");
    let text = typed.trim().replace(',', ".");
    if let Some(share) = text.strip_suffix('%') {
        let share: f64 = share.trim().parse().map_err(|_| wrong())?;
        return Ok(SeekTo::Share((share / 100.0).clamp(0.0, 1.0)));
    }
    let seconds: f64 = text.trim_end_matches('s').trim().parse().map_err(|_| wrong())?;
    let offset = std::time::Duration::try_from_secs_f64(seconds).map_err(|_| wrong())?;
    Ok(SeekTo::Offset(offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_typed_in_seconds_or_as_a_share() {
        assert_eq!(
            place("12,5").ok(),
            Some(SeekTo::Offset(std::time::Duration::from_millis(12_500)))
        );
        assert_eq!(place(" 50 % ").ok(), Some(SeekTo::Share(0.5)));
        assert_eq!(place("150%").ok(), Some(SeekTo::Share(1.0)));
        assert!(place("-1").is_err() && place("soon").is_err() && place("").is_err());
    }
}
