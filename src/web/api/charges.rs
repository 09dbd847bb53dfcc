//! The charges that are kept: the list, and the report of each as JSON, as a page and as CSV.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::base::time::Wall;
use crate::engine::{ChargeFilter, ChargeLine, ChargeReport, ReportPoint, Right, ViewPlant};
use crate::view::compose;
use crate::view::export::{charge_csv, charge_html};
use crate::web::api::charge_json::SetShown;
use crate::web::api::give::{Answer, List, Time, aside, json, number_of, page_size};
use crate::web::api::take::{Asked, Who, Word};
use crate::web::problem::Problem;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Enters the routes.
pub fn routes(table: Table) -> Table {
    let read = Access::Needs(Right::ReadSettings);
    table.api(Method::GET, "/api/v1/charges", read, list).api(
        Method::GET,
        "/api/v1/charges/{id}",
        read,
        look,
    )
}

/// A charge in a few figures.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChargeSummary)]
pub struct Line {
    /// Its number: milliseconds since 1970 UTC of its start, made unique.
    id: u64,
    /// The pack.
    pack: String,
    /// The charger.
    charger: String,
    /// Who started it.
    by: String,
    /// When it began.
    started: Time,
    /// When it ended; `null` while it runs, or where nobody saw its end.
    ended: Option<Time>,
    /// How it ended, in a word; empty while it runs.
    outcome: String,
    /// The same in a sentence.
    words: String,
    /// Charge put in.
    charge_ah: f64,
    /// Energy put in.
    energy_kwh: f64,
}

impl From<ChargeLine> for Line {
    fn from(line: ChargeLine) -> Self {
        Self {
            id: line.id,
            pack: line.pack,
            charger: line.charger,
            by: line.by,
            started: Time(line.started),
            ended: line.ended.map(Time),
            outcome: line.outcome,
            words: line.words,
            charge_ah: line.ah,
            energy_kwh: line.kwh,
        }
    }
}

/// Which charges are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// Name of the pack, whole.
    pack: Option<String>,
    /// Most items on a page.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Where the page begins: `next` of the page before.
    cursor: Option<String>,
}

/// Lists charges, newest first.
#[utoipa::path(get, path = "/api/v1/charges", tag = "charge", params(Wanted),
    responses((status = 200, description = "A page of them", body = List<Line>)))]
pub async fn list(
    State(shared): State<Shared>,
    Who(session): Who,
    Asked(wanted): Asked<Wanted>,
) -> Answer {
    let limit = page_size(wanted.limit)?;
    let before = wanted.cursor.as_deref().map(number_of::<u64>).transpose()?;
    let filter = ChargeFilter { pack: wanted.pack.filter(|pack| !pack.is_empty()) };
    let page = aside(&shared, move |shared| {
        let grant = session.permit(ViewPlant)?;
        Ok(shared.door().charges(&grant, &filter, before, limit)?)
    });
    let page = page.await?;
    let items = page.charges.into_iter().map(Line::from).collect();
    let next = page.next.map(|id| id.to_string());
    Ok(json(StatusCode::OK, &List { items, next }))
}

/// In which form a report is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportFile {
    /// A page of HTML that needs nothing else.
    Html,
    /// The points of its plot as comma-separated values.
    Csv,
}

/// The report of a charge.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChargeReport)]
pub struct Report {
    /// Its number.
    id: u64,
    /// The pack.
    pack: String,
    /// The charger.
    charger: String,
    /// Who started it.
    by: String,
    /// Through which face.
    face: String,
    /// When it began.
    started: Time,
    /// When it ended; `null` while it runs, or where nobody saw its end.
    ended: Option<Time>,
    /// How much faster than the clock the cells of a demo lived; 1 for anything real.
    pace: f64,
    /// What was asked at last.
    set: Option<SetShown>,
    /// Rules that the profile had set.
    rules: Vec<RuleSet>,
    /// How it ended, in a word; empty while it runs.
    outcome: String,
    /// The same in a sentence.
    outcome_words: String,
    /// How the stop went, in a sentence.
    stop_words: String,
    /// Time charged, by the cells' clock.
    seconds: f64,
    /// Charge put in.
    charge_ah: f64,
    /// Energy put in.
    energy_kwh: f64,
    /// State of charge at the start.
    soc_start_percent: Option<f64>,
    /// State of charge at the end.
    soc_end_percent: Option<f64>,
    /// Cell spread at the start.
    spread_start_mv: Option<i32>,
    /// Cell spread at the end.
    spread_end_mv: Option<i32>,
    /// Highest cell at any time.
    highest_mv: Option<i32>,
    /// Hottest cell at any time.
    hottest_c: Option<f64>,
    /// What happened, oldest first.
    events: Vec<Happened>,
    /// What governed from when on, oldest first.
    governors: Vec<Governed>,
    /// The plot.
    curve: Vec<Point>,
}

/// A rule that the profile had set.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChargeRuleSet)]
struct RuleSet {
    /// Its name.
    name: String,
    /// Its value, in the unit of its name.
    value: f64,
}

/// Something that happened in a charge.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChargeEvent)]
struct Happened {
    /// Seconds since the start, by the clock.
    seconds: f64,
    /// In a sentence.
    text: String,
}

/// What governed from a moment on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChargeGoverned)]
struct Governed {
    /// Seconds since the start, by the cells' clock.
    seconds: f64,
    /// Which limit.
    governor: String,
}

/// A point of the plot.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChargePoint)]
struct Point {
    /// Seconds since the start, by the cells' clock.
    seconds: f64,
    /// Current into the pack.
    current_a: Option<f64>,
    /// Pack voltage.
    voltage_v: Option<f64>,
    /// Highest cell.
    highest_mv: Option<i32>,
    /// Lowest cell.
    lowest_mv: Option<i32>,
    /// Hottest cell.
    hottest_c: Option<f64>,
    /// State of charge.
    soc_percent: Option<f64>,
}

impl From<&ReportPoint> for Point {
    fn from(point: &ReportPoint) -> Self {
        Self {
            seconds: point.seconds,
            current_a: point.amps,
            voltage_v: point.volts,
            highest_mv: point.highest_mv,
            lowest_mv: point.lowest_mv,
            hottest_c: point.hottest_c,
            soc_percent: point.soc,
        }
    }
}

impl From<&ChargeReport> for Report {
    fn from(charge: &ChargeReport) -> Self {
        let time = |ms: i64| Time(Wall::from_nanos(ms.saturating_mul(1_000_000)));
        let rules = charge.rules.iter().map(|(name, value)| (name.clone(), *value));
        let events = charge.events.iter().map(|event| (event.seconds, event.text.clone()));
        let governors = charge.governors.iter().map(|(at, name)| (*at, name.clone()));
        Self {
            id: charge.id,
            pack: charge.pack.clone(),
            charger: charge.charger.clone(),
            by: charge.by.clone(),
            face: charge.face.clone(),
            started: time(charge.started_ms),
            ended: charge.ended_ms.map(time),
            pace: charge.pace,
            set: charge.set.as_ref().map(SetShown::from),
            rules: rules.map(|(name, value)| RuleSet { name, value }).collect(),
            outcome: charge.outcome.clone(),
            outcome_words: charge.outcome_words.clone(),
            stop_words: charge.stop_words.clone(),
            seconds: charge.seconds,
            charge_ah: charge.ah,
            energy_kwh: charge.kwh,
            soc_start_percent: charge.soc.0,
            soc_end_percent: charge.soc.1,
            spread_start_mv: charge.spread_mv.0,
            spread_end_mv: charge.spread_mv.1,
            highest_mv: charge.highest_mv,
            hottest_c: charge.hottest_c,
            events: events.map(|(seconds, text)| Happened { seconds, text }).collect(),
            governors: governors
                .map(|(seconds, governor)| Governed { seconds, governor })
                .collect(),
            curve: charge.curve.iter().map(Point::from).collect(),
        }
    }
}

/// The report of a charge: as JSON, or with `.html` behind its number as a page that needs nothing
/// else, or with `.csv` as the points of its plot.
#[utoipa::path(get, path = "/api/v1/charges/{id}", tag = "charge",
    params(("id" = String, Path,
        description = "Number of the charge; with `.html` or `.csv` behind it for a file")),
    responses((status = 200, description = "The report", content(
        (Report = "application/json"),
        (String = "text/html"),
        (String = "text/csv"),
    ))))]
pub async fn look(State(shared): State<Shared>, Who(session): Who, Word(which): Word) -> Answer {
    let (number, file) = match which.split_once('.') {
        None => (which.as_str(), None),
        Some((number, "html")) => (number, Some(ReportFile::Html)),
        Some((number, "csv")) => (number, Some(ReportFile::Csv)),
        Some(_) => return Err(gone()),
    };
    let id: u64 = number.parse().map_err(|_| gone())?;
    let charge = aside(&shared, move |shared| {
        let grant = session.permit(ViewPlant)?;
        Ok(shared.door().charge(&grant, id)?)
    });
    let charge = charge.await?.ok_or_else(gone)?;
    match file {
        None => Ok(json(StatusCode::OK, &Report::from(&charge))),
        Some(file) => report_file(&charge, file, shared.door().clock().wall()),
    }
}

fn gone() -> Problem {
    Problem::not_found("There is no charge with this number.")
}

/// A report as a file to be kept. A browser never shows it as a page of this site.
///
/// # Errors
/// It cannot be written.
pub fn report_file(charge: &ChargeReport, kind: ReportFile, now: Wall) -> Answer {
    let view = compose::report::report(charge, &TimeZone::system(), now);
    let mut text = Vec::new();
    let (content, ending) = match kind {
        ReportFile::Html => {
            text.extend_from_slice(charge_html::page(&view).as_bytes());
            ("text/html; charset=utf-8", "html")
        }
        ReportFile::Csv => {
            charge_csv::points(charge, &mut text)
                .map_err(|error| Problem::invalid(format!("The report: {error}.")))?;
            ("text/csv; charset=utf-8", "csv")
        }
    };
    let name = format!("attachment; filename=\"{}.{ending}\"", view.file);
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content));
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}
