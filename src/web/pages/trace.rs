//! The trace page: so many rows beside a frame's number, or the newest ones as they come. Where it
//! stands is in its address, so that a page can be gone back to and sent to somebody.

use std::sync::Arc;

use askama::Template;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::engine::{Decoders, Reel, Right, Scope, Session, Sieve, Snapshot, UseCan, ViewPlant};
use crate::view::compose::filter::{Prepared, prepare};
use crate::view::compose::trace::window::{self, Tail};
use crate::view::compose::trace::{self, Naming};
use crate::view::filter::{FilterState, FilterView};
use crate::view::text;
use crate::view::trace::window::{WindowAsk, WindowPlace, WindowView};
use crate::view::trace::{Towards, TraceTimes};
use crate::view::traffic::SignalRow;
use crate::web::pages::can::Tab;
use crate::web::pages::filters::{self, Choice};
use crate::web::pages::live::{self, Watched};
use crate::web::pages::shell::{Ask, Shell, draw, failed, go};
use crate::web::pages::wrong::aside;
use crate::web::pages::{escaped, push};
use crate::web::problem::Problem;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Rows of a page.
pub const ROWS: usize = 50;
/// Longest filter, in characters.
const FILTER_CHARS: usize = 500;

/// The routes.
#[must_use]
pub fn routes(table: Table) -> Table {
    let can = Access::Needs(Right::SendReceiveCan);
    table.page(Method::GET, "/can/trace", can, page).page(
        Method::GET,
        "/can/trace/log",
        can,
        download,
    )
}

/// What the address says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct TraceQuery {
    /// Only rows that this filter lets through.
    pub filter: String,
    /// `first` or `rows` for times from the first frame or between rows.
    pub times: String,
    /// Number of the first frame of the page.
    pub from: String,
    /// Number of the frame after its last.
    pub until: String,
    /// Number of a frame in its middle.
    pub around: String,
    /// Number of the frame that is shown in full.
    pub chosen: String,
    /// What is looked for.
    pub find: String,
    /// `next` or `previous`: look for it now.
    pub way: String,
    /// A place to go to.
    pub go: String,
    /// Number of the frame after those of the page, for the stream of a page that stands still.
    pub seen: String,
}

/// The names of the ways to tell times, as they stand in the address.
const TIMES: [(&str, TraceTimes); 3] =
    [("", TraceTimes::Clock), ("first", TraceTimes::Relative), ("rows", TraceTimes::Delta)];

impl TraceQuery {
    /// Where the page stands.
    #[must_use]
    pub fn place(&self) -> WindowPlace {
        let number = |text: &str| text.parse::<u64>().ok();
        if let Some(from) = number(&self.from) {
            return WindowPlace::From(from);
        }
        if let Some(until) = number(&self.until) {
            return WindowPlace::Until(until);
        }
        number(&self.around).map_or(WindowPlace::End, WindowPlace::Around)
    }

    /// Whether the newest frames are followed.
    #[must_use]
    pub fn follows(&self) -> bool {
        self.place() == WindowPlace::End
    }

    fn times(&self) -> TraceTimes {
        let named = TIMES.iter().find(|(name, _)| *name == self.times);
        named.map_or_else(TraceTimes::default, |(_, times)| *times)
    }

    fn ask(&self) -> WindowAsk {
        WindowAsk {
            filter: self.filter.chars().take(FILTER_CHARS).collect(),
            times: self.times(),
            place: self.place(),
            rows: ROWS,
        }
    }

    /// The same page elsewhere.
    fn at(&self, place: WindowPlace) -> Self {
        let (from, until, around) = match place {
            WindowPlace::End => (String::new(), String::new(), String::new()),
            WindowPlace::From(number) => (number.to_string(), String::new(), String::new()),
            WindowPlace::Until(number) => (String::new(), number.to_string(), String::new()),
            WindowPlace::Around(number) => (String::new(), String::new(), number.to_string()),
        };
        let (filter, times, find) = (self.filter.clone(), self.times.clone(), self.find.clone());
        Self { filter, times, find, from, until, around, ..Self::default() }
    }

    /// The address of the newest rows.
    #[must_use]
    pub fn newest(&self) -> String {
        self.at(WindowPlace::End).address()
    }

    /// The address where nothing moves any more.
    #[must_use]
    pub fn paused(&self, end: &u64) -> String {
        self.at(WindowPlace::Until(*end)).address()
    }

    /// The address of the rows before a frame.
    #[must_use]
    pub fn until(&self, number: &u64) -> String {
        self.at(WindowPlace::Until(*number)).address()
    }

    /// The address of the rows from a frame on.
    #[must_use]
    pub fn from(&self, number: &u64) -> String {
        self.at(WindowPlace::From(*number)).address()
    }

    /// The address with a frame shown in full, on a page that begins with `first`.
    #[must_use]
    pub fn choose(&self, number: &u64, first: &u64) -> String {
        let chosen = if self.is_chosen(number) { String::new() } else { number.to_string() };
        let at = Self { chosen, ..self.at(WindowPlace::From(*first)) };
        format!("{}#r-{number}", at.address())
    }

    /// Whether a frame is shown in full.
    #[must_use]
    pub fn is_chosen(&self, number: &u64) -> bool {
        self.chosen.parse() == Ok(*number)
    }

    /// The address with another filter.
    #[must_use]
    pub fn with_filter(&self, filter: &str) -> String {
        Self { filter: filter.to_owned(), ..self.clone() }.address()
    }

    /// The address with times told otherwise.
    #[must_use]
    pub fn with_times(&self, times: &str) -> String {
        let times = times.to_owned();
        Self { times, way: String::new(), go: String::new(), ..self.clone() }.address()
    }

    fn address(&self) -> String {
        format!("/can/trace?{}", self.text())
    }

    /// The address without its page.
    #[must_use]
    pub fn text(&self) -> String {
        let fields = [
            ("filter", &self.filter),
            ("times", &self.times),
            ("from", &self.from),
            ("until", &self.until),
            ("around", &self.around),
            ("chosen", &self.chosen),
            ("find", &self.find),
            ("seen", &self.seen),
        ];
        let said = fields.iter().filter(|(_, value)| !value.is_empty());
        let said: Vec<String> =
            said.map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        said.join("&")
    }
}

/// What the page shows besides its rows.
struct Tools {
    query: TraceQuery,
    /// Ways to tell times: address, words, whether it is this one.
    times: Vec<(String, &'static str, bool)>,
    /// Numbers of the first and the last row.
    ends: Option<(u64, u64)>,
    /// Why nothing was gone to or found.
    said: String,
    /// The filters that whoever looks keeps.
    filters: Vec<Choice>,
    /// What came of keeping or forgetting one.
    told: String,
}

#[derive(Template)]
#[template(path = "trace.html", config = ".config/askama.toml")]
struct TracePage {
    shell: Shell,
    tools: Tools,
    view: WindowView,
}

/// The rows with what is written of the chosen one.
#[derive(Template)]
#[template(path = "parts/trace_rows.html", config = ".config/askama.toml")]
struct Rows<'v> {
    view: &'v WindowView,
    query: &'v TraceQuery,
    first: u64,
    signals: &'v [SignalRow],
}

/// What stands above the rows and changes with every frame.
#[derive(Template)]
#[template(path = "parts/trace_head.html", config = ".config/askama.toml")]
struct Head<'v> {
    view: &'v WindowView,
    query: &'v TraceQuery,
    /// Frames that came after the page, in words.
    later: String,
}

/// Adds the parts that a stream sends: the rows only where they follow.
pub fn add_to(parts: &mut live::Parts, view: &WindowView, query: &TraceQuery) {
    if query.follows() {
        add(parts, view, query, &[]);
    } else {
        let seen = query.seen.parse().unwrap_or(view.end);
        let later = view.end.saturating_sub(seen);
        parts.add("trace-head", &Head { view, query, later: later_words(later) });
    }
}

fn later_words(frames: u64) -> String {
    match frames {
        0 => String::new(),
        frames => format!("; {} came after this page", text::grouped(frames)),
    }
}

/// Adds the parts of the page.
pub fn add(parts: &mut live::Parts, view: &WindowView, query: &TraceQuery, detail: &[SignalRow]) {
    let later = view.newer.map_or(0, |newer| view.end.saturating_sub(newer));
    parts.add("trace-head", &Head { view, query, later: later_words(later) });
    let first = view.rows.first().map_or(0, |row| row.number);
    parts.add("trace-rows", &Rows { view, query, first, signals: detail });
}

/// The newest rows of one page, found anew as frames come.
pub struct Follow {
    decoders: Arc<Decoders>,
    filter: FilterView,
    tail: Tail,
    query: TraceQuery,
}

impl Follow {
    /// For a page that follows.
    #[must_use]
    pub fn new(snapshot: &Snapshot, query: &TraceQuery) -> Self {
        let Prepared { sieve, view } = prepared(snapshot, &query.ask().filter);
        let (decoders, query) = (Arc::clone(&snapshot.decoders), query.clone());
        Self { decoders, filter: view, tail: Tail::new(sieve, ROWS), query }
    }

    /// The page now.
    pub fn view(&mut self, snapshot: &Snapshot, reel: &Reel) -> WindowView {
        if !Arc::ptr_eq(&self.decoders, &snapshot.decoders) {
            *self = Self::new(snapshot, &self.query);
        }
        self.tail.advance(reel);
        let zone = TimeZone::system();
        let naming = Naming::of(snapshot, &zone);
        self.tail.page(&naming, reel, (self.query.times(), self.filter.clone()))
    }
}

/// The head of a page that stands still: how many frames came since.
#[must_use]
pub fn still(reel: &Reel) -> WindowView {
    window::nothing(reel)
}

fn prepared(snapshot: &Snapshot, filter: &str) -> Prepared {
    prepare(filter, None, &snapshot.vocabulary(), Scope::Trace)
}

/// What may be seen of the trace now.
pub fn look(shared: &Shared, session: &Session) -> Result<(Arc<Snapshot>, Reel), Problem> {
    let reel = shared.door().reel(&session.permit(UseCan)?);
    Ok((shared.door().look(&session.permit(ViewPlant)?), reel))
}

/// What came of looking: a page, or another address.
enum Seen {
    Page(Box<(WindowView, Vec<SignalRow>, String)>),
    Elsewhere(String),
}

async fn page(
    State(shared): State<Shared>,
    ask: Ask,
    (Query(query), Query(told)): (Query<TraceQuery>, Query<filters::Told>),
) -> Response {
    let (session, asked) = (Arc::clone(&ask.session), query.clone());
    // Looking through so many frames takes too long for a thread that others wait for.
    let seen = aside(&shared, move |shared| {
        let (snapshot, reel) = look(shared, &session)?;
        Ok((seen(&snapshot, &reel, &asked), snapshot))
    });
    let (seen, snapshot) = match seen.await {
        Ok(found) => found,
        Err(problem) => return failed(&problem, &ask),
    };
    let (view, detail, said) = match seen {
        Seen::Elsewhere(address) => return go(&address),
        Seen::Page(page) => *page,
    };
    let watched = Watched::Trace(TraceQuery {
        way: String::new(),
        go: String::new(),
        find: String::new(),
        seen: view.newer.unwrap_or(view.end).to_string(),
        ..query.clone()
    });
    let mut parts = live::parts(&Watched::Frame, &snapshot, &ask.session);
    add(&mut parts, &view, &query, &detail);
    let shell = Shell::new(&ask, "Trace", "/can", parts).live(push::address(&watched));
    let times =
        TIMES.map(|(name, times)| (query.with_times(name), times.words(), times == query.times()));
    let ends = view.rows.first().zip(view.rows.last());
    let ends = ends.map(|(first, last)| (first.number, last.number));
    let filters =
        match filters::kept(&shared, &ask.session, |filter| query.with_filter(filter)).await {
            Ok(filters) => filters,
            Err(problem) => return failed(&problem, &ask),
        };
    let told = told.said(&filters);
    let tools = Tools { query, times: times.into(), ends, said, filters, told };
    draw(&TracePage { shell, tools, view })
}

fn seen(snapshot: &Snapshot, reel: &Reel, query: &TraceQuery) -> Seen {
    let zone = TimeZone::system();
    let naming = Naming::of(snapshot, &zone);
    let mut said = String::new();
    if !query.go.trim().is_empty() {
        match trace::place(&naming, reel, &query.go) {
            Ok(number) => return Seen::Elsewhere(gone_to(query, number)),
            Err(why) => said = why,
        }
    }
    let Prepared { sieve, view: filter } = prepared(snapshot, &query.ask().filter);
    let view = window::window(&naming, (reel, &sieve), &query.ask(), filter);
    let towards = match query.way.as_str() {
        "next" => Some(Towards::Next),
        "previous" => Some(Towards::Previous),
        _other => None,
    };
    if let Some(towards) = towards.filter(|_| !query.find.trim().is_empty()) {
        let find: String = query.find.chars().take(FILTER_CHARS).collect();
        let wanted = prepared(snapshot, &find);
        match (wanted.view.state, wanted.view.mistakes.first()) {
            (FilterState::Refused, Some(mistake)) => {
                said = format!(
                    "Find: {}",
                    mistake.text.replace(" Until then everything is shown.", "")
                );
            }
            (FilterState::Refused | FilterState::Empty | FilterState::Applied, _) => {
                let from = query.chosen.parse().ok().or_else(|| edge(query, towards, &view));
                match window::beside((reel, &sieve), &wanted.sieve, (from, towards)) {
                    window::Beside::At(number) => {
                        return Seen::Elsewhere(gone_to(query, number));
                    }
                    window::Beside::Nothing(sentence) => said = sentence,
                }
            }
        }
    }
    let chosen = query.chosen.parse().ok().and_then(|number| reel.get(number));
    let detail = chosen.map_or_else(Vec::new, |frame| trace::signals(snapshot, frame));
    Seen::Page(Box::new((view, detail, said)))
}

/// Beside which frame a search begins that begins at no chosen row: the first row of the page and the last
/// are looked at too. A page that follows is looked through from the first frame of all, or from the end.
fn edge(query: &TraceQuery, towards: Towards, view: &WindowView) -> Option<u64> {
    if query.follows() {
        return None;
    }
    match towards {
        Towards::Next => view.rows.first().and_then(|row| row.number.checked_sub(1)),
        Towards::Previous => view.rows.last().map(|row| row.number + 1),
    }
}

/// The address of a page around a frame that was gone to.
fn gone_to(query: &TraceQuery, number: u64) -> String {
    let at = TraceQuery { chosen: number.to_string(), ..query.at(WindowPlace::Around(number)) };
    format!("{}#r-{number}", at.address())
}

/// Which rows are wanted as a file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct LogQuery {
    filter: String,
    from: String,
    to: String,
}

/// A log that is sent a piece at a time.
struct Log {
    snapshot: Arc<Snapshot>,
    reel: Reel,
    sieve: Arc<Sieve>,
    /// What is left of it.
    left: Option<(u64, u64)>,
}

impl Log {
    /// The next piece that has a line; `None` at the end.
    fn piece(&mut self) -> Option<String> {
        let zone = TimeZone::system();
        let naming = Naming::of(&self.snapshot, &zone);
        while let Some((from, to)) = self.left {
            let piece = window::log(&naming, (&self.reel, &self.sieve), (from, to));
            self.left = piece.next.map(|next| (next, to));
            if piece.frames > 0 {
                return Some(piece.text);
            }
        }
        None
    }
}

/// The rows as a candump log, all of them, however many: what is asked for is not cut off unsaid.
async fn download(
    State(shared): State<Shared>,
    ask: Ask,
    Query(query): Query<LogQuery>,
) -> Response {
    let session = Arc::clone(&ask.session);
    let begun = aside(&shared, move |shared| {
        let (snapshot, reel) = look(shared, &session)?;
        let number = |text: &str, field: &'static str| {
            let wrong =
                || Problem::invalid(format!("{text:?} is no number of a frame.")).about(field);
            text.trim().replace('\u{a0}', "").parse::<u64>().map_err(|_| wrong())
        };
        let (from, to) = (number(&query.from, "from")?, number(&query.to, "to")?);
        let filter: String = query.filter.chars().take(FILTER_CHARS).collect();
        let sieve = prepared(&snapshot, &filter).sieve;
        let left = Some((from.min(to), from.max(to)));
        let mut log = Log { snapshot, reel, sieve, left };
        let first = log.piece().ok_or_else(|| {
            let detail = "None of these frames is kept and fits the filter, so there is no file.";
            Problem::not_found(detail)
        })?;
        Ok((first, log))
    });
    let (first, log) = match begun.await {
        Ok(begun) => begun,
        Err(problem) => return failed(&problem, &ask),
    };
    let session = Arc::clone(&ask.session);
    let rest =
        stream::unfold(Some(log), move |log| next_piece(shared.clone(), Arc::clone(&session), log));
    let all = stream::once(async { Ok::<_, std::io::Error>(first) }).chain(rest);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_static("attachment; filename=\"trace.log\""),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, Body::from_stream(all)).into_response()
}

/// The next piece of a log. Whoever loses the session meanwhile gets no more of it, and a file that ends
/// too early.
async fn next_piece(
    shared: Shared,
    session: Arc<Session>,
    log: Option<Log>,
) -> Option<(std::io::Result<String>, Option<Log>)> {
    let mut log = log?;
    if let Err(denied) = session.permit(UseCan).map(drop) {
        return Some((Err(std::io::Error::other(denied.to_string())), None));
    }
    let made = shared.aside(move |_| (log.piece(), log)).await;
    match made {
        Ok((piece, log)) => piece.map(|text| (Ok(text), Some(log))),
        Err(_stopping) => Some((Err(std::io::Error::other("the listener is stopping")), None)),
    }
}

impl TracePage {
    const fn tab() -> Tab {
        Tab::Trace
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::trace::TraceRow;

    #[test]
    fn an_address_says_where_the_page_stands() {
        let query = TraceQuery { filter: "id:1 or a&b".into(), ..TraceQuery::default() };
        assert!(query.follows());
        assert_eq!(query.from(&12), "/can/trace?filter=id%3A1%20or%20a%26b&from=12");
        let at = TraceQuery { from: "12".into(), ..query.clone() };
        assert_eq!((at.place(), at.follows()), (WindowPlace::From(12), false));
        assert_eq!(at.newest(), query.newest());
        let wild = TraceQuery { until: "-1".into(), times: "x".into(), ..query };
        assert_eq!((wild.place(), wild.times()), (WindowPlace::End, TraceTimes::Clock));
    }

    #[test]
    fn a_chosen_row_is_shown_and_hidden_on_the_same_page() {
        let query = TraceQuery::default();
        assert_eq!(query.choose(&7, &5), "/can/trace?from=5&chosen=7#r-7");
        let chosen = TraceQuery { chosen: "7".into(), ..query };
        assert!(chosen.is_chosen(&7) && !chosen.is_chosen(&70));
        assert_eq!(chosen.choose(&7, &5), "/can/trace?from=5#r-7");
    }

    #[test]
    fn a_search_without_a_chosen_row_looks_at_the_first_and_the_last_row_too() {
        let row = |number| TraceRow { number, ..TraceRow::default() };
        let view = WindowView { rows: vec![row(7), row(9)], ..WindowView::default() };
        let still = TraceQuery { from: "5".into(), ..TraceQuery::default() };
        // It begins beside this frame: the one below it, or above it, is the first that is looked at.
        assert_eq!(edge(&still, Towards::Next, &view), Some(6));
        assert_eq!(edge(&still, Towards::Previous, &view), Some(10));
        assert_eq!(edge(&TraceQuery::default(), Towards::Next, &view), None);
        let top = WindowView { rows: vec![row(0)], ..WindowView::default() };
        assert_eq!(edge(&still, Towards::Next, &top), None);
    }

    #[test]
    fn what_came_after_a_page_is_counted_from_its_last_row() {
        let view = WindowView { end: 1000, ..WindowView::default() };
        let query = TraceQuery { from: "10".into(), seen: "60".into(), ..TraceQuery::default() };
        let head = |query: &TraceQuery| {
            let mut parts = live::Parts::default();
            add_to(&mut parts, &view, query);
            parts.get("trace-head").to_owned()
        };
        assert!(head(&query).contains("; 940 came after this page"), "{}", head(&query));
        let all = TraceQuery { seen: "1000".into(), ..query };
        assert!(!head(&all).contains("came after"), "{}", head(&all));
    }
}
