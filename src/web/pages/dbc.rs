//! The DBC page: what the buses are read by, the chosen message with its values and its bits as a
//! picture, the files that are kept, and by which a bus is read.

use askama::Template;
use axum::extract::{Query, Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::base::id::Name;
use crate::engine::{ChangeSettings, ExpectedFile, LARGEST_DBC, Right, Session, UseCan, ViewPlant};
use crate::view::compose::dbc::{self, KeptFacts, SignalWatch};
use crate::view::dbc::{DbcKey, DbcPrefs, DbcView, KeptFile, LayoutView, ProblemLine};
use crate::view::shown::Tone;
use crate::view::text;
use crate::web::api::dbc as files;
use crate::web::api::dbc_json::{DbcEntry, DbcKept, DbcProblem};
use crate::web::limits::size_words;
use crate::web::pages::brought::Brought;
use crate::web::pages::can::Tab;
use crate::web::pages::escaped;
use crate::web::pages::form::{self, Typed};
use crate::web::pages::plain;
use crate::web::pages::shell::{Ask, Shell, draw_as, failed, go};
use crate::web::pages::wrong::aside;
use crate::web::problem::Problem;
use crate::web::sealed::{self, Sealed};
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Where it is.
const PLACE: &str = "/can/dbc";
/// Frames of the trace that figures are made of.
const FRAMES: usize = 300_000;
/// Longest filter, in characters.
const FILTER_CHARS: usize = 500;
/// Longest field of a form that brings a file, bytes.
const WORD_BYTES: usize = 1024;

/// The routes.
#[must_use]
pub fn routes(table: Table) -> Table {
    let change = Access::Needs(Right::ChangeSettings);
    let look = Access::Needs(Right::SendReceiveCan);
    table
        .page(Method::GET, PLACE, look, page)
        .page(Method::GET, "/can/dbc/{name}/file", look, file)
        .page(Method::POST, PLACE, change, act)
        .upload("/can/dbc/upload", change, upload)
}

/// What the address says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct DbcQuery {
    /// Only messages that this filter lets through.
    filter: String,
    /// The chosen message: bus, source and message.
    m: String,
    /// The word for what was done.
    done: String,
}

impl DbcQuery {
    fn key(&self) -> Option<DbcKey> {
        let mut parts = self.m.split('-');
        let (bus, source) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some(DbcKey { bus, source, message: parts.next()?.parse().ok()? })
    }
}

/// A cell of the picture.
struct Cell {
    x: usize,
    y: usize,
    fill: String,
    wrong: bool,
    value: String,
    label: String,
    hover: String,
}

#[derive(Template)]
#[template(path = "dbc.html", config = ".config/askama.toml")]
struct DbcPage {
    shell: Shell,
    query: DbcQuery,
    view: DbcView,
    cells: Vec<Cell>,
    rows: usize,
    /// "As of 12:30:05".
    as_of: String,
    kept: Vec<KeptFile>,
    may_change: bool,
    largest: String,
    said: Said,
}

/// What came of a form, and what was typed into it.
#[derive(Clone, Debug, Default)]
struct Said {
    wrong: String,
    done: &'static str,
    name: String,
    text: String,
}

impl DbcPage {
    const fn tab() -> Tab {
        Tab::Dbc
    }

    /// The address with another message.
    fn choose(&self, key: &DbcKey) -> String {
        let filter = escaped(&self.query.filter);
        format!("{PLACE}?filter={filter}&m={}-{}-{}", key.bus, key.source, key.message)
    }

    /// The address of this page with the values of then.
    fn again(&self) -> String {
        let (filter, chosen) = (escaped(&self.query.filter), escaped(&self.query.m));
        format!("{PLACE}?filter={filter}&m={chosen}")
    }

    fn is(&self, key: &DbcKey) -> bool {
        self.query.key() == Some(*key)
    }

    /// The height of the picture.
    const fn height(&self) -> usize {
        20 + self.rows * 26
    }
}

/// The colour of the signal at this position.
fn colour(signal: u16) -> String {
    let hue = (f32::from(signal) * 0.618_034 + 0.56).fract() * 360.0;
    format!("hsl({hue:.0}, 60%, 72%)")
}

/// A name as far as it fits over so many places of the picture, each 70 wide, at some 6 a letter.
fn fitting(name: &str, places: usize) -> String {
    let most = (places * 70).saturating_sub(8) / 6;
    if name.chars().count() <= most {
        return name.to_owned();
    }
    let front: String = name.chars().take(most.saturating_sub(1)).collect();
    format!("{front}\u{2026}")
}

fn cells(layout: &LayoutView) -> Vec<Cell> {
    let owner = |at: usize| layout.cells.get(at).and_then(|cell| cell.signals.first().copied());
    let cell = |(at, cell): (usize, &crate::view::dbc::BitCell)| {
        let signal = cell.signals.first().copied();
        // A name stands once in each row, over its first bit there.
        let begins = at % 8 == 0 || owner(at.wrapping_sub(1)) != signal;
        let name = signal.and_then(|signal| layout.names.get(usize::from(signal)));
        let places = (at..at / 8 * 8 + 8).take_while(|at| owner(*at) == signal).count();
        Cell {
            x: 30 + at % 8 * 70,
            y: 20 + at / 8 * 26,
            fill: signal.map_or_else(|| "none".to_owned(), colour),
            wrong: cell.wrong,
            value: cell.value.map_or_else(String::new, |value| value.to_string()),
            label: name.filter(|_| begins).map_or_else(String::new, |name| fitting(name, places)),
            hover: cell.hover.clone(),
        }
    };
    layout.cells.iter().enumerate().map(cell).collect()
}

async fn page(State(shared): State<Shared>, ask: Ask, Query(query): Query<DbcQuery>) -> Response {
    let said = Said { done: form::done(&query.done), ..Said::default() };
    match made(&shared, &ask, query, said).await {
        Ok(page) => draw_as(StatusCode::OK, &page),
        Err(problem) => failed(&problem, &ask),
    }
}

async fn made(shared: &Shared, ask: &Ask, query: DbcQuery, said: Said) -> Result<DbcPage, Problem> {
    let grant = ask.session.permit(UseCan)?;
    let (reel, shelf) = (shared.door().reel(&grant), shared.door().dbcs(&grant));
    let snapshot = shared.door().look(&ask.session.permit(ViewPlant)?);
    let filter: String = query.filter.chars().take(FILTER_CHARS).collect();
    let prefs = DbcPrefs { filter, selected: query.key(), ..DbcPrefs::default() };
    let buses: Vec<String> = snapshot.buses.iter().map(|bus| bus.name.to_string()).collect();
    let as_of = text::time_of_day(snapshot.wall, &TimeZone::system());
    let session = ask.session.clone();
    let (view, kept) = aside(shared, move |shared| {
        let mut watch = SignalWatch::default();
        watch.look(&snapshot, &reel, prefs.selected, FRAMES);
        let kept = files::all(shared, &shelf, &snapshot)?.into_iter();
        let kept = kept.map(|entry| listed(entry, &buses, &session)).collect();
        Ok((dbc::dbc(&snapshot, &prefs, &watch), kept))
    })
    .await?;
    let layout = view.selected.as_ref().map(|message| &message.layout);
    let cells = layout.map(cells).unwrap_or_default();
    Ok(DbcPage {
        shell: plain::framed(shared, ask, "DBC", "/can")?,
        rows: cells.len() / 8,
        cells,
        query,
        view,
        as_of,
        kept,
        may_change: ask.session.permit(ChangeSettings).is_ok(),
        largest: size_words(LARGEST_DBC),
        said,
    })
}

fn listed(entry: DbcEntry, buses: &[String], session: &Session) -> KeptFile {
    let problem = |one: DbcProblem| ProblemLine {
        place: one.line.map(|line| format!("line {line}")).unwrap_or_default(),
        text: one.text,
        tone: Tone::Muted,
    };
    let DbcEntry { name, says, buses: read } = entry;
    let facts = KeptFacts {
        name,
        mark: says.mark,
        has: (says.messages, says.signals),
        problems: says.problems.into_iter().map(problem).collect(),
        problem_count: says.problem_count,
        buses: read,
    };
    dbc::kept(facts, buses, session)
}

/// The file, byte for byte.
async fn file(
    State(shared): State<Shared>,
    ask: Ask,
    axum::extract::Path(name): axum::extract::Path<String>,
) -> Response {
    match files::send(&shared, &ask.session, &name).await {
        Ok(response) => response,
        Err(problem) => failed(&problem, &ask),
    }
}

/// The page after a form, or the page elsewhere that says what was done.
async fn after(
    shared: &Shared,
    ask: &Ask,
    done: Result<Done, Problem>,
    typed: (String, String),
) -> Response {
    let (status, wrong, (name, text)) = match done {
        Ok(Done::As(word)) => return go(&format!("{PLACE}?done={word}")),
        Ok(Done::But(said)) => (StatusCode::OK, said, Default::default()),
        Err(problem) => {
            (problem.status(), format!("{} {}", problem.detail(), problem.advice()), typed)
        }
    };
    let said = Said { wrong, done: "", name, text };
    match made(shared, ask, DbcQuery::default(), said.clone()).await {
        Ok(page) => draw_as(status, &page),
        // Whoever may change settings need not be one who may look.
        Err(problem) if said.wrong.is_empty() => failed(&problem, ask),
        Err(problem) => failed(&Problem::new(status, problem.code(), "DBC", said.wrong, ""), ask),
    }
}

/// What came of a form.
enum Done {
    /// What this word stands for.
    As(&'static str),
    /// It was done, but.
    But(String),
}

impl From<DbcKept> for Done {
    fn from(kept: DbcKept) -> Self {
        if kept.unread.is_empty() {
            return Self::As("dbc-kept");
        }
        let each = kept.unread.iter().map(|one| format!("{}: {}", one.bus, one.why));
        let each: Vec<String> = each.collect();
        Self::But(format!(
            "The file is kept, but these buses are still read by what it said before. {}",
            each.join(" ")
        ))
    }
}

async fn act(
    State(shared): State<Shared>,
    ask: Ask,
    Sealed(pairs): Sealed<Vec<(String, String)>>,
) -> Response {
    let typed = Typed::from(pairs);
    let done = carry_out(&shared, &ask, &typed).await;
    let typed = match typed.text("do") {
        "keep" => (typed.text("name").to_owned(), typed.text("text").to_owned()),
        _other => Default::default(),
    };
    after(&shared, &ask, done, typed).await
}

async fn carry_out(shared: &Shared, ask: &Ask, typed: &Typed) -> Result<Done, Problem> {
    let (name, session) = (called(typed.text("name"))?, &ask.session);
    match typed.text("do") {
        "keep" => {
            let bytes = typed.text("text").as_bytes().to_vec();
            kept(shared, ask, (name, bytes), ExpectedFile::Nothing).await
        }
        "remove" => {
            let mark = typed.get("mark").filter(|mark| !mark.is_empty()).map(str::to_owned);
            let mark = mark.ok_or_else(|| Problem::invalid("The form does not say which file."))?;
            files::take_away(shared, session, name, Some(mark)).await?;
            Ok(Done::As("dbc-removed"))
        }
        "assign" => {
            let which = (&name, typed.text("bus"));
            files::read_by(shared, session, which, files::Reading::Begins).await?;
            Ok(Done::As("dbc-used"))
        }
        "unassign" => {
            let which = (&name, typed.text("bus"));
            files::read_by(shared, session, which, files::Reading::Ends).await?;
            Ok(Done::As("dbc-unused"))
        }
        _ => Err(Problem::invalid("There is no such thing to do with a DBC file.")),
    }
}

/// A name as it is typed, with or without its ending.
fn called(typed: &str) -> Result<Name, Problem> {
    let typed = typed.trim();
    let typed = typed.strip_suffix(".dbc").unwrap_or(typed);
    Name::new(typed).map_err(|why| Problem::invalid(format!("Name: {why}.")).about("name"))
}

async fn kept(
    shared: &Shared,
    ask: &Ask,
    file: (Name, Vec<u8>),
    expected: ExpectedFile,
) -> Result<Done, Problem> {
    let kept = files::keep(shared, &ask.session, file, expected).await;
    kept.map(Done::from).map_err(|problem| match problem.code() {
        "name_taken" => {
            problem.advising("Give it another name, or replace the kept one where it is listed.")
        }
        _other => problem,
    })
}

/// Takes in a file: a new one, or one in place of the one that was looked at.
async fn upload(State(shared): State<Shared>, ask: Ask, request: Request) -> Response {
    let done = taken(&shared, &ask, request).await;
    after(&shared, &ask, done, Default::default()).await
}

async fn taken(shared: &Shared, ask: &Ask, request: Request) -> Result<Done, Problem> {
    let mut form = Brought::open(shared, request).await?;
    let name = form.word("name", WORD_BYTES).await?;
    let mark = form.word("mark", WORD_BYTES).await?;
    let mut field = form.file().await?;
    let name = match name.trim() {
        "" => called(field.file_name().unwrap_or_default())?,
        name => called(name)?,
    };
    let broken = |_| Problem::invalid("The file ended before all of it was there.");
    let mut bytes = Vec::new();
    while let Some(piece) = field.chunk().await.map_err(broken)? {
        bytes.extend_from_slice(&piece);
        if bytes.len() as u64 > LARGEST_DBC {
            return Err(sealed::too_large(LARGEST_DBC));
        }
    }
    let expected = if mark.is_empty() { ExpectedFile::Nothing } else { ExpectedFile::Mark(mark) };
    kept(shared, ask, (name, bytes), expected).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_over_its_own_bits() {
        assert_eq!(fitting("Soc", 1), "Soc");
        assert_eq!(fitting("ContactorOneError", 1), "Contactor\u{2026}");
        assert_eq!(fitting("ContactorOneError", 2), "ContactorOneError");
        assert_eq!(fitting("\u{d6}ldruckwarnung", 1), "\u{d6}ldruckwa\u{2026}");
    }
}
