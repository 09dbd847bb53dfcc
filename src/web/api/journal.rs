//! The journal: pages of lines, the whole of it as a file, and the check of its chain.

use axum::extract::State;
use axum::http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::engine::{Administer, JournalFilter, JournalLine, Outcome, Right, Verdict};
use crate::web::api::export;
use crate::web::api::give::{Answer, List, Time, aside, json, number_of, page_size};
use crate::web::api::take::{Asked, Who};
use crate::web::api::words::JournalOutcome;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Enters the routes.
pub fn routes(table: Table) -> Table {
    let access = Access::Needs(Right::Administrator);
    let table = table.api(Method::GET, "/api/v1/journal", access, list);
    let table = table.api(Method::GET, "/api/v1/journal/verification", access, verify);
    export::routes(table)
}

/// A line of the journal.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JournalLine)]
pub struct LineShown {
    /// Its number, from 1.
    pub seq: u64,
    /// When.
    pub at: Time,
    /// Who.
    pub who: String,
    /// Through which face.
    pub face: String,
    /// From which address.
    pub address: Option<String>,
    /// What: the name of an order, or `sign_in`, `sign_out` and the like.
    pub action: String,
    /// On what.
    pub target: String,
    /// The fields that changed, as they were before.
    #[schema(value_type = Option<Object>)]
    pub before: Option<serde_json::Value>,
    /// The same fields after.
    #[schema(value_type = Option<Object>)]
    pub after: Option<serde_json::Value>,
    /// How it ended.
    pub outcome: JournalOutcome,
    /// Why.
    pub note: Option<String>,
    /// The line that this one is the outcome of.
    pub of: Option<u64>,
    /// Its hash, which covers the line before it, in hexadecimal digits.
    pub hash: String,
}

impl From<JournalLine> for LineShown {
    fn from(line: JournalLine) -> Self {
        Self {
            seq: line.seq,
            at: Time(line.at),
            who: line.who,
            face: line.face,
            address: line.address,
            action: line.action,
            target: line.target,
            before: line.before,
            after: line.after,
            outcome: line.outcome.into(),
            note: line.note,
            of: line.of,
            hash: line.hash,
        }
    }
}

/// Which lines are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// Part of who did it.
    who: Option<String>,
    /// What was done, whole.
    action: Option<String>,
    /// Part of what it was done on.
    target: Option<String>,
    /// Not before this moment.
    from: Option<Time>,
    /// Before this moment.
    until: Option<Time>,
    /// Anywhere in the line.
    text: Option<String>,
    /// How it ended.
    outcome: Option<JournalOutcome>,
    /// Most items on a page.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Where the page begins: `next` of the page before.
    cursor: Option<String>,
}

/// What a filter is made of, in the order of [`Wanted`].
pub struct Parts {
    /// Part of who.
    pub who: Option<String>,
    /// Action, whole.
    pub action: Option<String>,
    /// Part of the target.
    pub target: Option<String>,
    /// Not before.
    pub from: Option<Time>,
    /// Before.
    pub until: Option<Time>,
    /// Anywhere.
    pub text: Option<String>,
    /// Outcome.
    pub outcome: Option<JournalOutcome>,
}

impl Parts {
    /// The filter; empty text wants nothing in particular.
    #[must_use]
    pub fn filter(self) -> JournalFilter {
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        JournalFilter {
            who: some(self.who),
            action: some(self.action),
            target: some(self.target),
            from: self.from.map(|Time(at)| at),
            until: self.until.map(|Time(at)| at),
            text: some(self.text),
            outcome: self.outcome.map(Outcome::from),
        }
    }
}

/// Lists lines of the journal, newest first.
#[utoipa::path(get, path = "/api/v1/journal", tag = "journal", params(Wanted),
    responses((status = 200, description = "A page of them", body = List<LineShown>)))]
pub async fn list(
    State(shared): State<Shared>,
    Who(session): Who,
    Asked(wanted): Asked<Wanted>,
) -> Answer {
    let limit = page_size(wanted.limit)?;
    let before = wanted.cursor.as_deref().map(number_of::<u64>).transpose()?;
    let Wanted { who, action, target, from, until, text, outcome, .. } = wanted;
    let filter = Parts { who, action, target, from, until, text, outcome }.filter();
    let page = aside(&shared, move |shared| {
        let grant = session.permit(Administer)?;
        Ok(shared.door().journal(&grant, &filter, before, limit)?)
    });
    let page = page.await?;
    let items = page.lines.into_iter().map(LineShown::from).collect();
    let next = page.next.map(|seq| seq.to_string());
    Ok(json(StatusCode::OK, &List { items, next }))
}

/// What the check of the chain found.
#[derive(Serialize, ToSchema)]
pub struct Verification {
    /// Whether every line fits the one before it.
    whole: bool,
    /// How many lines were checked; `null` where one does not fit.
    lines: Option<u64>,
    /// Hash of the last line, to compare with one noted elsewhere.
    head: Option<String>,
    /// The first line that does not fit.
    first_bad: Option<u64>,
    /// What is wrong with it, in a sentence.
    why: Option<String>,
}

impl From<Verdict> for Verification {
    fn from(verdict: Verdict) -> Self {
        let none = Self { whole: false, lines: None, head: None, first_bad: None, why: None };
        match verdict {
            Verdict::Whole { lines, head } => {
                Self { whole: true, lines: Some(lines), head, ..none }
            }
            Verdict::Broken { seq, why } => Self { first_bad: Some(seq), why: Some(why), ..none },
        }
    }
}

/// Checks the chain of the journal and names the first line that does not fit.
#[utoipa::path(get, path = "/api/v1/journal/verification", tag = "journal",
    responses((status = 200, description = "What was found", body = Verification)))]
pub async fn verify(State(shared): State<Shared>, Who(session): Who) -> Answer {
    let verdict = aside(&shared, move |shared| {
        let grant = session.permit(Administer)?;
        Ok(shared.door().verify_journal(&grant)?)
    });
    Ok(json(StatusCode::OK, &Verification::from(verdict.await?)))
}
