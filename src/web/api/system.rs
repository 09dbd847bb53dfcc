//! The system as a whole: the doctor, information, licences, the log, the report of feedback.

use axum::extract::State;
use axum::http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::engine::{ChangeSettings, Mailed, Right, ViewPlant};
use crate::view::compose::system::{self, FEEDBACK_CHARS};
use crate::view::system::{Enclosure, Feedback, LogPrefs};
use crate::web::api::give::{Answer, List, Time, json, number_of, page_size};
use crate::web::api::take::{Asked, Body, Who};
use crate::web::pages::system::{examined, file, known, mailed, written};
use crate::web::problem::Problem;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Enters the routes.
pub fn routes(table: Table) -> Table {
    let read = Access::Needs(Right::ReadSettings);
    table
        .api(Method::GET, "/api/v1/doctor", read, doctor)
        .api(Method::GET, "/api/v1/system", read, information)
        .api(Method::GET, "/api/v1/system/licences", read, licences)
        .api(Method::GET, "/api/v1/log", Access::Needs(Right::ChangeSettings), log)
        .api(Method::POST, "/api/v1/feedback", read, feedback)
        .api(Method::POST, "/api/v1/feedback/mail", read, mail_feedback)
}

/// What was looked at.
#[derive(Serialize, ToSchema)]
#[schema(as = Doctor)]
pub struct DoctorShown {
    /// "All is well.", or how much is not.
    summary: String,
    /// What was looked at, the worst first.
    checks: Vec<CheckShown>,
}

/// Something that was looked at.
#[derive(Serialize, ToSchema)]
#[schema(as = DoctorCheck)]
struct CheckShown {
    /// What, in a word.
    check: String,
    /// `ok`, `warning` or `fault`.
    health: &'static str,
    /// What was found.
    text: String,
    /// What to do about it; empty where nothing is to be done.
    advice: String,
}

/// Looks at everything that can be looked at; for an administrator at the data folder too.
#[utoipa::path(get, path = "/api/v1/doctor", tag = "system",
    responses((status = 200, description = "What was found", body = DoctorShown)))]
pub async fn doctor(State(shared): State<Shared>, Who(session): Who) -> Answer {
    let looked = shared.aside(move |shared| examined(shared, &session)).await;
    let view = match looked {
        Ok(view) => view?,
        Err(stopping) => return Ok(stopping),
    };
    let checks = view.rows.into_iter().map(|row| CheckShown {
        check: row.check,
        health: row.word,
        text: row.text,
        advice: row.advice,
    });
    let shown = DoctorShown { summary: view.summary, checks: checks.collect() };
    Ok(json(StatusCode::OK, &shown))
}

/// A line of information.
#[derive(Serialize, ToSchema)]
#[schema(as = SystemFact)]
pub struct FactShown {
    /// What it is.
    label: String,
    /// What is known, in words.
    text: String,
}

/// Shows version, features, machine, buses and uptime.
#[utoipa::path(get, path = "/api/v1/system", tag = "system",
    responses((status = 200, description = "What is known", body = List<FactShown>)))]
pub async fn information(State(shared): State<Shared>, Who(session): Who) -> Answer {
    let view = known(&shared, &session)?;
    let items = view.lines.into_iter().map(|(label, text)| FactShown { label, text }).collect();
    Ok(json(StatusCode::OK, &List::<FactShown> { items, next: None }))
}

/// A crate that Busbar is built of.
#[derive(Serialize, ToSchema)]
#[schema(as = Licence)]
pub struct LicenceShown {
    /// Its name.
    name: String,
    /// Its version.
    version: String,
    /// Its licence, an SPDX expression.
    licence: String,
}

/// Lists everything that Busbar is built of, with its licence. The texts stand on the page.
#[utoipa::path(get, path = "/api/v1/system/licences", tag = "system",
    responses((status = 200, description = "Crates and licences", body = List<LicenceShown>)))]
pub async fn licences(Who(session): Who) -> Answer {
    session.permit(ViewPlant)?;
    let all = system::licences().crates.into_iter();
    let items =
        all.map(|one| LicenceShown { name: one.name, version: one.version, licence: one.licence });
    Ok(json(StatusCode::OK, &List { items: items.collect(), next: None }))
}

/// A line of the system log.
#[derive(Serialize, ToSchema)]
#[schema(as = LogLine)]
pub struct LineShown {
    /// Counts the lines since the start.
    number: u64,
    /// When.
    at: Time,
    /// `error`, `warning`, `info` or `debug`.
    level: &'static str,
    /// Which part of Busbar said it.
    part: String,
    /// What it said.
    text: String,
}

/// Which lines are wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct LinesWanted {
    /// This level and graver ones.
    level: Option<String>,
    /// Every word of this is in the line.
    find: Option<String>,
    /// Lines at most; 100 unless said, 1000 at most.
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Shows the system log, the newest lines first. It holds no secret, but paths and addresses: it needs
/// Change system settings.
#[utoipa::path(get, path = "/api/v1/log", tag = "system", params(LinesWanted),
    responses((status = 200, description = "A page of it", body = List<LineShown>)))]
pub async fn log(
    State(shared): State<Shared>,
    Who(session): Who,
    Asked(wanted): Asked<LinesWanted>,
) -> Answer {
    let grant = session.permit(ChangeSettings)?;
    let size = page_size(wanted.limit)?;
    let before = wanted.cursor.as_deref().map(number_of::<u64>).transpose()?;
    let level = wanted.level.unwrap_or_default();
    if !level.is_empty() && level.parse::<crate::engine::LogLevel>().is_err() {
        let detail = "A level is error, warning, info or debug.";
        return Err(Problem::invalid(detail).about("level"));
    }
    let prefs = LogPrefs { level, find: wanted.find.unwrap_or_default() };
    let lines = shared.door().log(&grant).lines(&system::log_filter(&prefs, before), size + 1);
    let next = lines.get(size).and_then(|_| lines.get(size - 1)).map(|line| line.seq.to_string());
    let items = lines.into_iter().take(size).map(|line| LineShown {
        number: line.seq,
        at: Time(line.at),
        level: line.level.code(),
        part: line.part,
        text: line.text,
    });
    Ok(json(StatusCode::OK, &List { items: items.collect(), next }))
}

/// Feedback to be made a report of.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FeedbackWanted {
    /// What somebody writes.
    #[schema(max_length = 20_000)]
    text: String,
    /// What goes with it: `system`, `problems`, `log`, `profile`.
    #[serde(default)]
    #[schema(max_items = 4)]
    with: Vec<String>,
}

/// Feedback as it was asked for, within its bounds.
fn asked_for(text: String, with: &[String]) -> Result<Feedback, Problem> {
    if text.chars().count() > FEEDBACK_CHARS {
        let detail = format!("The text has more than {FEEDBACK_CHARS} characters.");
        return Err(Problem::invalid(detail).about("text"));
    }
    let named = |code: &String| {
        Enclosure::named(code).ok_or_else(|| {
            let detail = "What can go with it is system, problems, log and profile.";
            Problem::invalid(detail).about("with")
        })
    };
    let with = with.iter().take(Enclosure::ALL.len()).map(named).collect::<Result<_, _>>()?;
    Ok(Feedback { text, with })
}

/// Makes a report of feedback, without secrets. Nothing is sent. The log and the profile need Change
/// system settings.
#[utoipa::path(post, path = "/api/v1/feedback", tag = "system", request_body = FeedbackWanted,
    responses((status = 200, description = "The report", body = String, content_type = "text/plain")))]
pub async fn feedback(
    State(shared): State<Shared>,
    Who(session): Who,
    Body(wanted): Body<FeedbackWanted>,
) -> Answer {
    let feedback = asked_for(wanted.text, &wanted.with)?;
    match shared.aside(move |shared| written(shared, &session, &feedback)).await {
        Ok(report) => Ok(file("busbar-feedback.txt", report?)),
        Err(stopping) => Ok(stopping),
    }
}

/// Feedback to be mailed as a report.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FeedbackMailWanted {
    /// To which address: that of the settings or of an account; for administrators any.
    #[schema(max_length = 254)]
    to: String,
    /// What somebody writes.
    #[schema(max_length = 20_000)]
    text: String,
    /// What goes with it: `system`, `problems`, `log`, `profile`.
    #[serde(default)]
    #[schema(max_items = 4)]
    with: Vec<String>,
}

/// A report that waits to be sent.
#[derive(Serialize, ToSchema)]
#[schema(as = FeedbackMailed)]
pub struct FeedbackMailedShown {
    /// To which address.
    mailed_to: String,
    /// How large the report is.
    bytes: usize,
}

/// Has a report of feedback mailed as an attached file, without secrets. The log and the profile need
/// Change system settings. It goes to the address that the settings name for feedback or to that of an
/// account; an administrator's goes to any. Three an hour at most for an account, addresses that were
/// refused among them (`try_later`); where e-mail is not set up the code is `no_mail`. The journal says
/// what came of it.
#[utoipa::path(post, path = "/api/v1/feedback/mail", tag = "system", request_body = FeedbackMailWanted,
    responses((status = 202, description = "It waits to be sent", body = FeedbackMailedShown)))]
pub async fn mail_feedback(
    State(shared): State<Shared>,
    Who(session): Who,
    Body(wanted): Body<FeedbackMailWanted>,
) -> Answer {
    let feedback = asked_for(wanted.text, &wanted.with)?;
    let to = wanted.to;
    match shared.aside(move |shared| mailed(shared, &session, &feedback, to)).await {
        Ok(mailed) => {
            let Mailed { to, bytes } = mailed?;
            Ok(json(StatusCode::ACCEPTED, &FeedbackMailedShown { mailed_to: to, bytes }))
        }
        Err(stopping) => Ok(stopping),
    }
}
