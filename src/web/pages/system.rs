//! The System pages: the doctor, information with the licences, the log, feedback.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::engine::{
    Administer, ChangeSettings, Denied, LogLevel, Mailed, Report, Right, Session, ViewPlant,
};
use crate::view::compose::doctor::{Patient, doctor};
use crate::view::compose::system::{self, Enclosed, FEEDBACK_CHARS, REPORT_LINES};
use crate::view::doctor::DoctorView;
use crate::view::system::{
    Enclosure, Feedback, Licences, LogPrefs, LogView, MailOffer, SystemView,
};
use crate::web::pages::plain;
use crate::web::pages::shell::{Ask, Shell, draw, draw_as, failed};
use crate::web::pages::wrong::aside;
use crate::web::problem::Problem;
use crate::web::sealed::Sealed;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Lines of the log that are saved at most.
const SAVED: usize = 4_000;

/// The routes.
#[must_use]
pub fn routes(table: Table) -> Table {
    let read = Access::Needs(Right::ReadSettings);
    let change = Access::Needs(Right::ChangeSettings);
    table
        .page(Method::GET, "/doctor", read, doctor_page)
        .page(Method::GET, "/system", read, information)
        .page(Method::GET, "/system/licences", read, licences)
        .page(Method::GET, "/log", change, log)
        .page(Method::GET, "/log/file", change, log_file)
        .page(Method::GET, "/feedback", read, feedback)
        .page(Method::POST, "/feedback", read, report)
}

/// What is found of this Busbar, with the check-up of the data folder for an administrator. Blocks.
///
/// # Errors
/// Whoever asks may not see the plant.
pub fn examined(shared: &Shared, session: &Session) -> Result<DoctorView, Denied> {
    let grant = session.permit(ViewPlant)?;
    let door = shared.door();
    let folder = session.permit(Administer).ok().map(|grant| door.examine(&grant));
    let patient = Patient {
        snapshot: &door.look(&grant),
        vitals: &door.vitals(&grant),
        machine: &door.machine(&grant),
        folder: folder.as_deref(),
        now: (door.clock().now(), door.clock().wall()),
    };
    Ok(doctor(&patient))
}

/// What is known of this Busbar and its machine.
///
/// # Errors
/// Whoever asks may not see the plant.
pub fn known(shared: &Shared, session: &Session) -> Result<SystemView, Denied> {
    let grant = session.permit(ViewPlant)?;
    let door = shared.door();
    Ok(system::information(&door.look(&grant), &door.vitals(&grant), &door.machine(&grant)))
}

/// The report of feedback with what was chosen, as far as `session` may see it by itself. Blocks.
///
/// # Errors
/// Something was chosen that whoever asks may not see.
pub fn written(shared: &Shared, session: &Session, feedback: &Feedback) -> Result<String, Problem> {
    let door = shared.door();
    let grant = session.permit(ViewPlant)?;
    let chosen = |one: Enclosure| feedback.with.contains(&one);
    let mut enclosed = Enclosed::default();
    if chosen(Enclosure::System) {
        enclosed.system = Some(known(shared, session)?);
    }
    if chosen(Enclosure::Problems) {
        enclosed.problems = Some(examined(shared, session)?);
    }
    if chosen(Enclosure::Log) {
        let log = door.log(&session.permit(ChangeSettings)?).clone();
        enclosed.log = Some(system::log_text(&log, &LogPrefs::default(), REPORT_LINES));
    }
    if chosen(Enclosure::Profile) {
        session.permit(ChangeSettings)?;
        let snapshot = door.look(&grant);
        let text = snapshot.profile.as_ref().and_then(|profile| profile.text.clone());
        enclosed.profile = Some(
            text.map_or_else(|| "(none is kept in a file)".to_owned(), |text| text.to_string()),
        );
    }
    let settings = door.settings(&grant);
    Ok(system::report(feedback, &enclosed, &settings, session))
}

#[derive(Template)]
#[template(path = "doctor.html", config = ".config/askama.toml")]
struct DoctorPage {
    shell: Shell,
    view: DoctorView,
}

async fn doctor_page(State(shared): State<Shared>, ask: Ask) -> Response {
    let session = ask.session.clone();
    let found = aside(&shared, move |shared| Ok(examined(shared, &session)?)).await;
    let shell = plain::framed(&shared, &ask, "Doctor", "/system");
    match found.and_then(|view| Ok((view, shell?))) {
        Ok((view, shell)) => draw(&DoctorPage { shell, view }),
        Err(problem) => failed(&problem, &ask),
    }
}

#[derive(Template)]
#[template(path = "system.html", config = ".config/askama.toml")]
struct SystemPage {
    shell: Shell,
    view: SystemView,
    may_read_log: bool,
}

async fn information(State(shared): State<Shared>, ask: Ask) -> Response {
    let shell = plain::framed(&shared, &ask, "System", "/system");
    let view = known(&shared, &ask.session).map_err(Problem::from);
    match view.and_then(|view| Ok((view, shell?))) {
        Ok((view, shell)) => {
            let may_read_log = ask.session.may(ChangeSettings);
            draw(&SystemPage { shell, view, may_read_log })
        }
        Err(problem) => failed(&problem, &ask),
    }
}

#[derive(Template)]
#[template(path = "licences.html", config = ".config/askama.toml")]
struct LicencesPage {
    shell: Shell,
    view: Licences,
    text: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Chosen {
    text: Option<usize>,
}

async fn licences(
    State(shared): State<Shared>,
    ask: Ask,
    Query(chosen): Query<Chosen>,
) -> Response {
    match plain::framed(&shared, &ask, "Licences", "/system") {
        Ok(shell) => {
            let view = system::licences();
            let text = chosen.text.and_then(|number| view.texts.get(number).cloned());
            draw(&LicencesPage { shell, view, text })
        }
        Err(problem) => failed(&problem, &ask),
    }
}

#[derive(Template)]
#[template(path = "log.html", config = ".config/askama.toml")]
struct LogPage {
    shell: Shell,
    view: LogView,
    prefs: LogPrefs,
    live: bool,
}

impl LogPage {
    /// Codes of levels, with whether each is chosen.
    fn levels(&self) -> Vec<(&'static str, bool)> {
        let chosen = |level: LogLevel| (level.code(), self.prefs.level == level.code());
        LogLevel::ALL.into_iter().map(chosen).collect()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    level: String,
    find: String,
    live: String,
}

async fn log(State(shared): State<Shared>, ask: Ask, Query(wanted): Query<Wanted>) -> Response {
    let prefs = LogPrefs { level: wanted.level, find: wanted.find };
    let view = match ask.session.permit(ChangeSettings) {
        Ok(grant) => system::log(shared.door().log(&grant), &prefs, &TimeZone::system()),
        Err(denied) => return failed(&denied.into(), &ask),
    };
    match plain::framed(&shared, &ask, "System log", "/system") {
        Ok(shell) => draw(&LogPage { shell, view, prefs, live: !wanted.live.is_empty() }),
        Err(problem) => failed(&problem, &ask),
    }
}

async fn log_file(
    State(shared): State<Shared>,
    ask: Ask,
    Query(wanted): Query<Wanted>,
) -> Response {
    let prefs = LogPrefs { level: wanted.level, find: wanted.find };
    match ask.session.permit(ChangeSettings) {
        Ok(grant) => {
            let text = system::log_text(shared.door().log(&grant), &prefs, SAVED);
            file("busbar-log.txt", text)
        }
        Err(denied) => failed(&denied.into(), &ask),
    }
}

/// A text that a browser saves.
pub fn file(name: &'static str, text: String) -> Response {
    let disposition = HeaderValue::try_from(format!("attachment; filename=\"{name}\""));
    let disposition = disposition.unwrap_or_else(|_| HeaderValue::from_static("attachment"));
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    ([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, disposition)], text)
        .into_response()
}

#[derive(Template)]
#[template(path = "feedback.html", config = ".config/askama.toml")]
struct FeedbackPage {
    shell: Shell,
    text: String,
    choices: Vec<(Enclosure, bool)>,
    report: Option<(String, String)>,
    mail: MailOffer,
    to: String,
    said: String,
    wrong: String,
}

/// What may be chosen, with what is.
fn choices(session: &Session, with: &[Enclosure]) -> Vec<(Enclosure, bool)> {
    let may = session.may(ChangeSettings);
    let offered = Enclosure::ALL.into_iter().filter(|one| may || !one.needs_change_settings());
    offered.map(|one| (one, with.contains(&one))).collect()
}

/// How a report can go out by e-mail.
fn offered(shared: &Shared, session: &Session) -> MailOffer {
    let grant = session.permit(ViewPlant);
    let settings = grant.map(|grant| shared.door().settings(&grant)).unwrap_or_default();
    system::mail_offer(&settings, session)
}

/// Has a report mailed. Blocks.
///
/// # Errors
/// Something was chosen that whoever asks may not see, or the order is refused.
pub fn mailed(
    shared: &Shared,
    session: &Session,
    feedback: &Feedback,
    to: String,
) -> Result<Mailed, Problem> {
    let text = written(shared, session, feedback)?;
    let ticket = shared.door().mail_report(session, Report { to, text })?;
    ticket.wait().map_err(|error| {
        let problem = Problem::from(error);
        // The address is the only field of it that is called so.
        if problem.field() == Some("email") { problem.about("to") } else { problem }
    })
}

async fn feedback(State(shared): State<Shared>, ask: Ask) -> Response {
    match plain::framed(&shared, &ask, "Feedback", "/system") {
        Ok(shell) => {
            let choices = choices(&ask.session, &[Enclosure::System, Enclosure::Problems]);
            let mail = offered(&shared, &ask.session);
            let (text, said, wrong) = (String::new(), String::new(), String::new());
            let to = mail.to.clone();
            draw(&FeedbackPage { shell, text, choices, report: None, mail, to, said, wrong })
        }
        Err(problem) => failed(&problem, &ask),
    }
}

async fn report(
    State(shared): State<Shared>,
    ask: Ask,
    Sealed(pairs): Sealed<Vec<(String, String)>>,
) -> Response {
    let typed =
        |name: &str| pairs.iter().find(|(own, _)| own == name).map(|(_, text)| text.clone());
    let with: Vec<Enclosure> = pairs
        .iter()
        .filter(|(name, _)| name == "with")
        .filter_map(|(_, code)| Enclosure::named(code))
        .collect();
    let (text, to) = (typed("text").unwrap_or_default(), typed("to").unwrap_or_default());
    let (does, session) = (typed("do").unwrap_or_default(), ask.session.clone());
    let feedback = Feedback { text: text.clone(), with: with.clone() };
    let made = if text.chars().count() > FEEDBACK_CHARS {
        Err(Problem::invalid(format!("The text has more than {FEEDBACK_CHARS} characters.")))
    } else if does == "mail" {
        let to = to.clone();
        let mailed = move |shared: &Shared| mailed(shared, &session, &feedback, to);
        aside(&shared, mailed).await.map(Made::Mailed)
    } else {
        let written = move |shared: &Shared| written(shared, &session, &feedback);
        aside(&shared, written).await.map(Made::Report)
    };
    let made = match made {
        Ok(Made::Report(report)) if does == "save" => return file("busbar-feedback.txt", report),
        Err(problem) if does == "save" => return failed(&problem, &ask),
        made => made,
    };
    let shell = match plain::framed(&shared, &ask, "Feedback", "/system") {
        Ok(shell) => shell,
        Err(problem) => return failed(&problem, &ask),
    };
    let (choices, mail) = (choices(&ask.session, &with), offered(&shared, &ask.session));
    let (mut report, mut said, mut wrong) = (None, String::new(), String::new());
    let status = match made {
        Ok(Made::Report(text)) => {
            let grant = ask.session.permit(ViewPlant);
            let settings = grant.map(|grant| shared.door().settings(&grant)).unwrap_or_default();
            let address = system::mail_address(&settings, &text);
            report = Some((text, address));
            StatusCode::OK
        }
        Ok(Made::Mailed(mailed)) => {
            said = system::mailed(&mailed);
            StatusCode::OK
        }
        Err(problem) => {
            problem.detail().clone_into(&mut wrong);
            problem.status()
        }
    };
    draw_as(status, &FeedbackPage { shell, text, choices, report, mail, to, said, wrong })
}

/// What the form was used for.
enum Made {
    /// To look at the report, or to save it.
    Report(String),
    /// To have it mailed.
    Mailed(Mailed),
}
