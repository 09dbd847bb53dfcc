//! The CAN page: the by-id table, filtered and sorted by its address.

use std::sync::Mutex;

use askama::Template;
use axum::Json;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::engine::{Scope, Session, Study, UseCan, ViewPlant};
use crate::view::compose::filter::prepare;
use crate::view::compose::study;
use crate::view::text;
use crate::view::traffic::{RowKey, SignalLook, SortBy, SortOrder, TrafficPrefs};
use crate::web::pages::filters::{self, Choice};
use crate::web::pages::live::{self, Watched};
use crate::web::pages::shell::{Ask, Shell, draw, failed};
use crate::web::pages::wrong::aside;
use crate::web::pages::{escaped, push, trace};
use crate::web::problem::Problem;
use crate::web::shared::Shared;

/// A page about CAN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// The last frame of every id.
    ById,
    /// Every frame in the order it came.
    Trace,
    /// Sending by hand.
    Send,
    /// Recordings that are sent onto buses.
    Replay,
    /// The buses and their controllers.
    Buses,
    /// Recording, and the recordings there are.
    Recordings,
    /// DBC files.
    Dbc,
}

impl Tab {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::ById,
        Self::Trace,
        Self::Send,
        Self::Recordings,
        Self::Replay,
        Self::Buses,
        Self::Dbc,
    ];

    /// Its words.
    #[must_use]
    pub const fn words(&self) -> &'static str {
        match self {
            Self::ById => "By id",
            Self::Trace => "Trace",
            Self::Send => "Send",
            Self::Replay => "Replay",
            Self::Buses => "Buses",
            Self::Recordings => "Recordings",
            Self::Dbc => "DBC",
        }
    }

    /// Its address.
    #[must_use]
    pub const fn address(&self) -> &'static str {
        match self {
            Self::ById => "/can",
            Self::Trace => "/can/trace",
            Self::Send => "/can/send",
            Self::Dbc => "/can/dbc",
            Self::Replay => "/can/replay",
            Self::Buses => "/can/buses",
            Self::Recordings => "/can/recordings",
        }
    }
}

/// Longest filter, in characters.
const FILTER_CHARS: usize = 500;
/// Most offers while somebody types a filter.
const OFFERS: usize = 20;

/// What the address says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct CanQuery {
    /// Only rows that this filter lets through.
    pub filter: String,
    /// Column to sort by.
    pub sort: String,
    /// `down` for the large end first.
    pub order: String,
    /// The id whose signals are shown, as [`CanQuery::key`] writes it.
    pub id: String,
}

/// The columns: title, and name in the address; it can be sorted by every one.
const COLUMNS: [(&str, &str, SortBy); 9] = [
    ("Id", "id", SortBy::Id),
    ("Message", "message", SortBy::Message),
    ("Dir", "dir", SortBy::Direction),
    ("Bus", "bus", SortBy::Bus),
    ("Data", "data", SortBy::Bytes),
    ("Cycle, ms", "cycle", SortBy::Cycle),
    ("Jitter, ms", "jitter", SortBy::Jitter),
    ("Rate, 1/s", "rate", SortBy::Rate),
    ("Count", "count", SortBy::Count),
];

/// A row of the table as it stands in an address.
#[must_use]
pub fn row(key: &RowKey) -> String {
    let way = if key.sent { "tx" } else { "rx" };
    format!("{}-{:X}-{way}", key.bus, key.id)
}

/// The head of a column.
struct Column {
    title: &'static str,
    href: String,
    sorted: Option<&'static str>,
    sign: &'static str,
    right: bool,
}

#[derive(Template)]
#[template(path = "can.html", config = ".config/askama.toml")]
struct CanPage {
    shell: Shell,
    query: CanQuery,
    columns: Vec<Column>,
    looks: Looks,
    filters: Vec<Choice>,
    /// What came of keeping or forgetting one.
    told: String,
}

/// What the signals of the chosen id did lately, drawn once for a page.
#[derive(Default)]
struct Looks {
    rows: Vec<Look>,
    /// "As of 12:30:05, over 1 412 frames".
    said: String,
}

/// A signal as a small line.
struct Look {
    name: String,
    extremes: String,
    path: String,
}

/// Width and height of such a line.
const LINE: (f32, f32) = (120.0, 24.0);
/// Frames of the trace that are looked through for it.
const LOOKED_AT: u64 = 300_000;

impl Look {
    fn of(signal: SignalLook) -> Self {
        let place = |[x, y]: &[f32; 2]| {
            format!("{:.1} {:.1}", x * LINE.0, (1.0 - y) * (LINE.1 - 2.0) + 1.0)
        };
        let stroke = |stroke: &Vec<[f32; 2]>| {
            let places: Vec<String> = stroke.iter().map(place).collect();
            format!("M{}", places.join("L"))
        };
        let path = signal.strokes.iter().map(stroke).collect();
        Self { name: signal.name, extremes: signal.extremes, path }
    }
}

/// Looks through the end of the trace for the chosen id.
fn looks(shared: &Shared, session: &Session, key: RowKey) -> Result<Looks, Problem> {
    let (snapshot, reel) = trace::look(shared, session)?;
    let Some(subject) = study::subject(key) else { return Ok(Looks::default()) };
    let mut found = Study::new(subject, &snapshot.decoders);
    let from = reel.end().saturating_sub(LOOKED_AT).max(reel.first());
    for (_, frame) in reel.from(from) {
        found.take(frame);
    }
    let frames = text::count(found.frames as usize, "frame");
    let at = text::time_of_day(snapshot.wall, &TimeZone::system());
    let view = study::study(&Mutex::new(found), &snapshot.decoders);
    let rows = view.signals.into_iter().filter(|one| !one.strokes.is_empty()).map(Look::of);
    Ok(Looks { rows: rows.collect(), said: format!("As of {at}, over {frames}.") })
}

impl CanPage {
    const fn tab() -> Tab {
        Tab::ById
    }
}

impl CanQuery {
    /// What is wanted of the table.
    #[must_use]
    pub fn prefs(&self) -> TrafficPrefs {
        let sort = COLUMNS.iter().find(|(_, name, _)| *name == self.sort);
        TrafficPrefs {
            filter: self.filter.chars().take(FILTER_CHARS).collect(),
            sort: sort.map_or_else(SortBy::default, |(_, _, sort)| *sort),
            order: if self.order == "down" { SortOrder::Descending } else { SortOrder::Ascending },
            selected: self.selected(),
            ..TrafficPrefs::default()
        }
    }

    /// The address with another filter.
    #[must_use]
    pub fn with_filter(&self, filter: &str) -> String {
        format!("/can?{}", Self { filter: filter.to_owned(), ..self.clone() }.text())
    }

    fn selected(&self) -> Option<RowKey> {
        let mut parts = self.id.split('-');
        let bus = parts.next()?.parse().ok()?;
        let id = u32::from_str_radix(parts.next()?, 16).ok()?;
        let sent = parts.next()? == "tx";
        Some(RowKey { bus, id, sent })
    }

    /// Whether `key` is the selected one.
    #[must_use]
    pub fn is(&self, key: &RowKey) -> bool {
        self.selected() == Some(*key)
    }

    /// The address with `key` selected.
    #[must_use]
    pub fn choose(&self, key: &RowKey) -> String {
        let id = row(key);
        format!("/can?{}", Self { id, ..self.clone() }.text())
    }

    /// The address without its page.
    #[must_use]
    pub fn text(&self) -> String {
        let fields = [
            ("filter", &self.filter),
            ("sort", &self.sort),
            ("order", &self.order),
            ("id", &self.id),
        ];
        let said = fields.iter().filter(|(_, value)| !value.is_empty());
        let said: Vec<String> =
            said.map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        said.join("&")
    }

    fn columns(&self) -> Vec<Column> {
        let sort = if self.sort.is_empty() { "id" } else { self.sort.as_str() };
        let down = self.order == "down";
        let column = |(title, name, _): &(&'static str, &str, SortBy)| {
            let here = *name == sort;
            let order = if here && !down { "down" } else { "" };
            let query = Self { sort: (*name).into(), order: order.into(), ..self.clone() };
            let href = format!("/can?{}", query.text());
            let (sorted, sign) = match (here, down) {
                (false, _) => (None, ""),
                (true, false) => (Some("ascending"), " \u{25b2}"),
                (true, true) => (Some("descending"), " \u{25bc}"),
            };
            let right = matches!(*title, "Cycle, ms" | "Jitter, ms" | "Rate, 1/s" | "Count");
            Column { title, href, sorted, sign, right }
        };
        COLUMNS.iter().map(column).collect()
    }
}

/// Draws the page.
pub async fn page(
    State(shared): State<Shared>,
    ask: Ask,
    (Query(query), Query(told)): (Query<CanQuery>, Query<filters::Told>),
) -> Response {
    let looked = ask.session.permit(UseCan).and_then(|_| ask.session.permit(ViewPlant));
    let snapshot = match looked {
        Ok(grant) => shared.door().look(&grant),
        Err(denied) => return failed(&denied.into(), &ask),
    };
    let watched = Watched::Can(query.clone());
    let parts = live::parts(&watched, &snapshot, &ask.session);
    let shell = Shell::new(&ask, "CAN", "/can", parts).live(push::address(&watched));
    let looks = match query.selected() {
        None => Looks::default(),
        Some(key) => {
            let session = ask.session.clone();
            match aside(&shared, move |shared| looks(shared, &session, key)).await {
                Ok(looks) => looks,
                Err(problem) => return failed(&problem, &ask),
            }
        }
    };
    let with = |filter: &str| query.with_filter(filter);
    let filters = match filters::kept(&shared, &ask.session, with).await {
        Ok(filters) => filters,
        Err(problem) => return failed(&problem, &ask),
    };
    let told = told.said(&filters);
    draw(&CanPage { shell, columns: query.columns(), query, looks, filters, told })
}

/// What somebody types, and where.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct CompleteQuery {
    text: String,
    /// Bytes before the cursor.
    at: usize,
}

/// What a filter may go on with: whole texts, best first.
pub async fn complete(
    State(shared): State<Shared>,
    ask: Ask,
    Query(query): Query<CompleteQuery>,
) -> Response {
    let looked = ask.session.permit(UseCan).and_then(|_| ask.session.permit(ViewPlant));
    let snapshot = match looked {
        Ok(grant) => shared.door().look(&grant),
        Err(denied) => return Problem::from(denied).into_response(),
    };
    let text: String = query.text.chars().take(FILTER_CHARS).collect();
    let prepared = prepare(&text, Some(query.at), &snapshot.vocabulary(), Scope::Trace);
    let offers = prepared.view.completions.iter().take(OFFERS).filter_map(|one| {
        let (before, after) = (text.get(..one.from)?, text.get(one.to..)?);
        let whole = format!("{before}{}{after}", one.text);
        Some(serde_json::json!({ "whole": whole, "says": one.says }))
    });
    let offers: Vec<serde_json::Value> = offers.collect();
    ([(header::CACHE_CONTROL, "no-store")], Json(offers)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_is_chosen_is_found_again() {
        let key = RowKey { bus: 1, id: 0x8000_0000 | 0x1806_E5F4, sent: true };
        let query = CanQuery { filter: "a&b=c".into(), ..CanQuery::default() };
        let address = query.choose(&key);
        assert_eq!(address, "/can?filter=a%26b%3Dc&id=1-9806E5F4-tx");
        let chosen = CanQuery { id: "1-9806E5F4-tx".into(), ..query };
        assert!(chosen.is(&key));
        assert_eq!(chosen.prefs().selected, Some(key));
    }

    #[test]
    fn a_signal_is_drawn_from_its_least_at_the_bottom_to_its_most_at_the_top() {
        let strokes = vec![vec![[0.0, 0.0], [0.5, 1.0]], vec![[1.0, 0.5]]];
        let look = Look::of(SignalLook { strokes, ..SignalLook::default() });
        assert_eq!(look.path, "M0.0 23.0L60.0 1.0M120.0 12.0");
    }

    #[test]
    fn every_column_can_be_sorted_by() {
        for (_, name, sort) in COLUMNS {
            let query = CanQuery { sort: name.into(), ..CanQuery::default() };
            assert_eq!(query.prefs().sort, sort);
        }
        assert_eq!(CanQuery::default().columns().len(), COLUMNS.len());
    }

    #[test]
    fn what_the_address_says_wrong_is_as_if_it_was_not_said() {
        let wild = "\u{202e}x".repeat(600);
        let query = CanQuery { filter: wild, sort: "x".into(), order: "x".into(), id: "--".into() };
        let prefs = query.prefs();
        assert_eq!((prefs.sort, prefs.order), (SortBy::Id, SortOrder::Ascending));
        assert_eq!((prefs.selected, prefs.filter.chars().count()), (None, FILTER_CHARS));
    }
}
