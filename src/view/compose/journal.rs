//! Composes the Journal page, and turns what was typed into its filter.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};
use serde_json::Value;
use thiserror::Error;

use crate::base::time::Wall;
use crate::engine::{JournalFilter, JournalLine, JournalPage, Outcome, Right, Session, Verdict};
use crate::view::compose::sessions::from;
use crate::view::compose::users::guarded;
use crate::view::export;
use crate::view::journal::{Change, JournalPrefs, JournalRow, JournalView};
use crate::view::shown::{Badge, Note, Tone};
use crate::view::text::{self, DASH};

/// Actions with their words: names of orders, and what happens at the gate.
const ACTIONS: &[(&str, &str)] = &[
    ("sign_in", "Sign in"),
    ("sign_out", "Sign out"),
    ("redeem_link", "Use a one-time link"),
    ("change_password", "Change the own password"),
    ("add_account", "Add an account"),
    ("change_account", "Change an account"),
    ("delete_account", "Delete an account"),
    ("make_link", "Make a one-time link"),
    ("give_password", "Give a password"),
    ("add_service", "Add a service"),
    ("rename_service", "Rename a service"),
    ("remove_service", "Remove a service"),
    ("end_session", "End a session"),
    ("end_sessions", "End all sessions"),
    ("create_token", "Make a token"),
    ("revoke_token", "Revoke a token"),
    ("lift_wait", "Lift a sign-in wait"),
    ("save_settings", "Change settings"),
    ("activate_profile", "Run a profile"),
    ("clear_traffic", "Clear the CAN table"),
    ("play_recording", "Play a recording"),
    ("arm_bus", "Arm a bus"),
    ("silence_buses", "Silence buses"),
    ("send_frames", "Send frames"),
    ("start_schedule", "Start a scheduled frame"),
    ("stop_schedule", "Stop a scheduled frame"),
    ("keep_message", "Keep a message"),
    ("forget_message", "Forget a kept message"),
    ("kept_messages", "The kept messages have changed"),
    ("start_charge", "Start a charge"),
    ("stop_charge", "Stop a charge"),
    ("change_charge", "Change set points"),
    ("set_charge_rule", "Change a charge rule"),
    ("charge_rule", "A charge rule has changed"),
    ("charge_state", "State of a charge"),
    ("charge_warning", "Warning during a charge"),
    ("charger_lapse", "Charger's own time-out"),
    ("engage_contactors", "Close contactors"),
    ("clear_latches", "Clear latches"),
    ("set_demo", "Change the demo"),
    ("read_safety_text", "Read the safety text"),
    ("request", "Ask for something"),
    ("lose_lines", "Lines are missing"),
];

/// How a line ended: code and words.
const OUTCOMES: [(Outcome, &str, &str); 4] = [
    (Outcome::Done, "done", "Done"),
    (Outcome::Asked, "asked", "Asked"),
    (Outcome::Refused, "refused", "Refused"),
    (Outcome::Failed, "failed", "Failed"),
];

/// Why what was typed is no filter.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FilterError {
    /// No time.
    #[error(
        "\u{201c}{0}\u{201d} is no time: write a day such as 2026-11-21, or with a time of day such as 2026-11-21 14:00"
    )]
    Time(String),
    /// No outcome.
    #[error("\u{201c}{0}\u{201d} is no outcome: there are done, asked, refused and failed")]
    Outcome(String),
    /// The end is before the beginning.
    #[error("the time until which lines are wanted is before the time from which they are")]
    Order,
}

/// The filter that `prefs` says, with times of `zone`.
///
/// # Errors
/// Names what cannot be understood.
pub fn filter(prefs: &JournalPrefs, zone: &TimeZone) -> Result<JournalFilter, FilterError> {
    let typed = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
    let outcome = typed(&prefs.outcome).map(|code| {
        let found = OUTCOMES.iter().find(|(_, known, _)| *known == code);
        found.map(|(outcome, ..)| *outcome).ok_or(FilterError::Outcome(code))
    });
    let from = typed(&prefs.from).map(|text| moment(&text, zone).map(|(begin, _)| begin));
    let until = typed(&prefs.until).map(|text| moment(&text, zone).map(|(_, end)| end));
    let (from, until) = (from.transpose()?, until.transpose()?);
    if from.zip(until).is_some_and(|(from, until)| until <= from) {
        return Err(FilterError::Order);
    }
    Ok(JournalFilter {
        who: typed(&prefs.who),
        action: typed(&prefs.action),
        target: typed(&prefs.target),
        from,
        until,
        text: typed(&prefs.text),
        outcome: outcome.transpose()?,
    })
}

/// The beginning and the end of the day, minute or second that `text` names.
fn moment(text: &str, zone: &TimeZone) -> Result<(Wall, Wall), FilterError> {
    let bad = || FilterError::Time(text.to_owned());
    let wall = |stamp: Timestamp| i64::try_from(stamp.as_nanosecond()).map(Wall::from_nanos);
    let zoned = |at: DateTime| at.to_zoned(zone.clone()).map_err(|_| bad());
    let span = |at: &Zoned, end: &Zoned| {
        let begin = wall(at.timestamp()).map_err(|_| bad())?;
        Ok((begin, wall(end.timestamp()).map_err(|_| bad())?))
    };
    if let Ok(stamp) = text.parse::<Timestamp>() {
        let at = stamp.to_zoned(zone.clone());
        let end = at.checked_add(1.second()).map_err(|_| bad())?;
        return span(&at, &end);
    }
    for (format, length) in [
        ("%Y-%m-%d %H:%M:%S", 1.second()),
        ("%Y-%m-%dT%H:%M:%S", 1.second()),
        ("%Y-%m-%d %H:%M", 1.minute()),
        ("%Y-%m-%dT%H:%M", 1.minute()),
    ] {
        if let Ok(at) = DateTime::strptime(format, text) {
            let at = zoned(at)?;
            let end = at.checked_add(length).map_err(|_| bad())?;
            return span(&at, &end);
        }
    }
    let day = Date::strptime("%Y-%m-%d", text).map_err(|_| bad())?;
    let at = zoned(day.at(0, 0, 0, 0))?;
    let end = at.checked_add(1.day()).map_err(|_| bad())?;
    span(&at, &end)
}

/// Makes the page out of the lines that were found.
#[must_use]
pub fn journal(
    page: &JournalPage,
    prefs: &JournalPrefs,
    session: &Session,
    zone: &TimeZone,
) -> JournalView {
    let wanted = *prefs != JournalPrefs::default();
    let ends = page.lines.first().zip(page.lines.last());
    JournalView {
        rows: page.lines.iter().map(|line| row(line, zone)).collect(),
        next: page.next,
        summary: ends.map_or_else(String::new, |(first, last)| match first.seq == last.seq {
            true => format!("line {}", text::grouped(first.seq)),
            false => {
                format!("lines {} to {}", text::grouped(first.seq), text::grouped(last.seq))
            }
        }),
        empty: if wanted {
            "No line fits the filter.".into()
        } else {
            "Nothing has been written yet. Every sign-in, refusal, change and command appears here."
                .into()
        },
        actions: ACTIONS.to_vec(),
        outcomes: OUTCOMES.iter().map(|(_, code, words)| (*code, *words)).collect(),
        verify: guarded("Check the chain", session),
        csv: guarded("Save as CSV\u{2026}", session),
        json: guarded("Save as JSON\u{2026}", session),
    }
}

fn row(line: &JournalLine, zone: &TimeZone) -> JournalRow {
    let changes = changes(line.before.as_ref(), line.after.as_ref());
    let changed: Vec<String> = changes.iter().map(in_a_line).collect();
    JournalRow {
        seq: line.seq,
        time: text::stamp(line.at, zone),
        who: line.who.clone(),
        from: from(&line.face, line.address.as_deref()),
        action: action(&line.action),
        code: line.action.clone(),
        target: line.target.clone(),
        changes,
        changed: changed.join("; "),
        outcome: outcome(line.outcome),
        note: line.note.clone().unwrap_or_default(),
        of: line.of.map_or_else(String::new, |seq| format!("of line {}", text::grouped(seq))),
        hash: line.hash.clone(),
    }
}

fn in_a_line(change: &Change) -> String {
    let Change { field, before, after } = change;
    match (before.as_str(), after.as_str()) {
        (DASH, after) => format!("{field}: {after}"),
        (before, after) => format!("{field}: {before} \u{2192} {after}"),
    }
}

/// The words for an action; a code without words is shown with spaces.
#[must_use]
pub fn action(code: &str) -> String {
    let known = ACTIONS.iter().find(|(action, _)| *action == code);
    known.map_or_else(|| words(code), |(_, words)| (*words).to_owned())
}

fn outcome(outcome: Outcome) -> Badge {
    let (word, tone, hover) = match outcome {
        Outcome::Done => ("Done", Tone::Ok, "It was carried out."),
        Outcome::Asked => {
            ("Asked", Tone::Info, "It was passed on; a later line says how it ended.")
        }
        Outcome::Refused => ("Refused", Tone::Warning, "A permission or a password was missing."),
        Outcome::Failed => ("Failed", Tone::Fault, "It was tried, and nothing was changed."),
    };
    Badge { word: word.into(), tone, hover: hover.into() }
}

/// The fields of two JSON objects side by side.
fn changes(before: Option<&Value>, after: Option<&Value>) -> Vec<Change> {
    let (before, after) = (flat(before), flat(after));
    let mut fields: Vec<&String> = before.iter().chain(&after).map(|(field, _)| field).collect();
    fields.sort();
    fields.dedup();
    let of = |side: &[(String, String)], field: &str| {
        let found = side.iter().find(|(name, _)| name == field);
        found.map_or_else(|| DASH.to_owned(), |(_, value)| value.clone())
    };
    let change = |field: &String| Change {
        field: words(field),
        before: of(&before, field),
        after: of(&after, field),
    };
    let all = fields.into_iter().map(change);
    all.filter(|change| change.before != change.after).collect()
}

/// The fields of a JSON value as texts; the fields of an object within it are named with a dot.
fn flat(value: Option<&Value>) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    let mut open: Vec<(String, &Value)> = value.map(|v| (String::new(), v)).into_iter().collect();
    while let Some((name, value)) = open.pop() {
        match value {
            Value::Object(object) => {
                let below = |key: &String| match name.is_empty() {
                    true => key.clone(),
                    false => format!("{name}.{key}"),
                };
                open.extend(object.iter().map(|(key, value)| (below(key), value)));
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => {
                let name = if name.is_empty() { "value".to_owned() } else { name };
                let moment_of =
                    |ms: i64| export::moment(Wall::from_nanos(ms.saturating_mul(1_000_000)));
                fields.push(match (name.strip_suffix("_ms"), value.as_i64()) {
                    (Some(bare), Some(ms)) => (bare.to_owned(), moment_of(ms)),
                    (Some(_) | None, _) => (name, plain(value)),
                });
            }
        }
    }
    fields
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => DASH.into(),
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        Value::Number(number) => number.to_string(),
        Value::String(text) if text.is_empty() => DASH.into(),
        Value::String(text) => {
            text.parse::<Right>().map_or_else(|_| text.clone(), |right| right.words().into())
        }
        Value::Array(values) if values.is_empty() => "none".into(),
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Object(_) => value.to_string(),
    }
}

/// A name of code as words: "link_h" is "Link h".
fn words(code: &str) -> String {
    if code == "email" {
        return "E-mail".into();
    }
    let spaced = code.replace(['_', '.'], " ");
    let mut chars = spaced.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}", chars.as_str())
}

/// What the check of the chain found.
#[must_use]
pub fn verdict(verdict: &Verdict) -> Note {
    let (tone, text) = match verdict {
        Verdict::Whole { lines, head } => {
            let end = head.as_deref().map_or_else(String::new, |head| {
                format!(" The last one\u{2019}s hash is {head}; compare it with one noted earlier elsewhere to be sure of the end too.")
            });
            let lines = text::count(usize::try_from(*lines).unwrap_or(usize::MAX), "line");
            (Tone::Ok, format!("The journal is whole: {lines}, each fits the one before.{end}"))
        }
        Verdict::Broken { seq, why } => (
            Tone::Fault,
            format!(
                "The journal was changed from outside: line {} does not fit. {} Lines before it can be trusted.",
                text::grouped(*seq),
                crate::view::compose::users::sentence(why.trim_end_matches('.')),
            ),
        ),
    };
    Note { tone, text, closable: true }
}
