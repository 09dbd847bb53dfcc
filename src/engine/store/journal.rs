//! The journal: every sign-in, refusal, change and command, append-only, each line chained to the
//! one before by SHA-256.

pub(in crate::engine::store) mod chain;
#[cfg(test)]
pub mod tests;

use std::net::IpAddr;
use std::ops::ControlFlow;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, params};
use serde::Serialize;
use serde_json::{Value, json};

use self::chain::{Hash, Sealed};
use crate::base::time::Wall;
use crate::engine::store::{Reading, Store, StoreError, Writing};

/// Longest text of a person, an object: what a stranger types as a name ends up here.
const SHORT_CHARS: usize = 256;
/// Longest note.
const NOTE_CHARS: usize = 1_000;
/// Longest "before" or "after", as JSON.
const VALUES_BYTES: usize = 64 * 1024;
/// Lines that are read in one go where all are wanted.
const CHUNK_LINES: usize = 500;
/// Nanoseconds in a millisecond, which is how finely the journal tells the time.
const NS_PER_MS: i64 = 1_000_000;

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Asked of the hub; another line says how it ended.
    Asked,
    /// Done.
    Done,
    /// Refused: the permission, the password or something else was missing.
    Refused,
    /// Tried, and not done.
    Failed,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Asked, Self::Done, Self::Refused, Self::Failed];

    /// Its name in the store, the API and exports.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

impl FromStr for Outcome {
    type Err = ();

    fn from_str(code: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|outcome| outcome.code() == code).ok_or(())
    }
}

/// A line to be written.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When.
    pub at: Wall,
    /// Who, in words.
    pub who: String,
    /// Through which face: [`Face::code`](crate::engine::access::grant::Face::code).
    pub face: &'static str,
    /// From which address.
    pub address: Option<IpAddr>,
    /// What: the name of an order, or `sign_in`, `sign_out`, `redeem_link`.
    pub action: &'static str,
    /// On what.
    pub target: String,
    /// What was there before, as a JSON object of the fields that changed; never a secret.
    pub before: Option<serde_json::Value>,
    /// What is there now.
    pub after: Option<serde_json::Value>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why, in a sentence.
    pub note: Option<String>,
    /// The line that this one is the outcome of.
    pub of: Option<u64>,
}

/// A line that was read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// Its number, from 1.
    pub seq: u64,
    /// When.
    #[serde(skip)]
    pub at: Wall,
    /// Who.
    pub who: String,
    /// Through which face.
    pub face: String,
    /// From which address.
    pub address: Option<String>,
    /// What.
    pub action: String,
    /// On what.
    pub target: String,
    /// What was there before.
    pub before: Option<serde_json::Value>,
    /// What was there after.
    pub after: Option<serde_json::Value>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why.
    pub note: Option<String>,
    /// The line that this one is the outcome of.
    pub of: Option<u64>,
    /// Its hash, in hexadecimal digits.
    pub hash: String,
}

/// Which lines are wanted; an empty filter wants all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Part of who.
    pub who: Option<String>,
    /// Action, whole.
    pub action: Option<String>,
    /// Part of the target.
    pub target: Option<String>,
    /// Not before.
    pub from: Option<Wall>,
    /// Before.
    pub until: Option<Wall>,
    /// Anywhere in the line.
    pub text: Option<String>,
    /// Outcome.
    pub outcome: Option<Outcome>,
}

/// Some lines, newest first.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The lines.
    pub lines: Vec<Line>,
    /// Where the next page begins: lines with a smaller number.
    pub next: Option<u64>,
}

/// What the check of the chain found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every line fits.
    Whole {
        /// How many.
        lines: u64,
        /// The hash of the last one, to compare with one noted elsewhere.
        head: Option<String>,
    },
    /// A line does not fit.
    Broken {
        /// The first such line.
        seq: u64,
        /// What is wrong, in a sentence.
        why: String,
    },
}

/// Writes a line and returns its number. Texts that are too long are cut, and say so.
///
/// # Errors
/// It cannot be written.
pub fn append(writing: &Writing<'_>, entry: &Entry) -> Result<u64, StoreError> {
    let tx = writing.tx;
    let (last, prev) = end(tx)?;
    let address = entry.address.map(|address| address.to_string());
    let (who, target) = (cut(&entry.who, SHORT_CHARS), cut(&entry.target, SHORT_CHARS));
    let note = entry.note.as_deref().map(|note| cut(note, NOTE_CHARS));
    let (before, after) = (entry.before.as_ref().map(kept), entry.after.as_ref().map(kept));
    let line = Sealed {
        seq: last.checked_add(1).ok_or(StoreError::Odd("the number of the last journal line"))?,
        at_ms: entry.at.nanos().div_euclid(NS_PER_MS),
        who: &who,
        face: entry.face,
        address: address.as_deref(),
        action: entry.action,
        target: &target,
        before: before.as_deref(),
        after: after.as_deref(),
        outcome: entry.outcome.code(),
        note: note.as_deref(),
        of: entry.of.and_then(|of| i64::try_from(of).ok()),
    };
    let hash = line.hash(&prev);
    tx.execute(
        "INSERT INTO journal (seq, at_ms, who, face, address, action, target, before, after, outcome, note, of_seq, prev_hash, hash) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        params![
            line.seq, line.at_ms, line.who, line.face, line.address, line.action, line.target,
            line.before, line.after, line.outcome, line.note, line.of, prev, hash,
        ],
    )?;
    u64::try_from(line.seq).map_err(|_| StoreError::Odd("the number of the last journal line"))
}

/// The highest number that was ever given, and the hash that the next line follows.
fn end(connection: &Connection) -> Result<(i64, Hash), StoreError> {
    let ask = "SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'journal'), 0), \
                          coalesce((SELECT max(seq) FROM journal), 0)), \
                      (SELECT hash FROM journal ORDER BY seq DESC LIMIT 1)";
    let found = connection
        .query_row(ask, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Option<Hash>>(1)?)));
    let (last, hash) = found?;
    Ok((last, hash.unwrap_or(chain::BEGINNING)))
}

/// The text, cut to `most` characters.
fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}\u{2026}", text.get(..end).unwrap_or_default()),
    }
}

fn kept(value: &Value) -> String {
    let text = value.to_string();
    if text.len() <= VALUES_BYTES {
        return text;
    }
    json!({ "left_out": "too long for the journal", "bytes": text.len() }).to_string()
}

/// Lines that `filter` wants with numbers below `before`, newest first, at most `limit`.
///
/// # Errors
/// The database refuses.
pub fn page(
    reading: &Reading<'_>,
    filter: &Filter,
    before: Option<u64>,
    limit: usize,
) -> Result<Page, StoreError> {
    let mut found = Page::default();
    let Some((first, last)) = bounds(reading.connection, filter)? else { return Ok(found) };
    let below = before.map_or(i64::MAX, |before| i64::try_from(before).unwrap_or(i64::MAX));
    let last = last.min(below.saturating_sub(1));
    walk(reading.connection, filter, (first, last), Way::NewestFirst, &mut |line| {
        if found.lines.len() == limit {
            // There is at least one more.
            found.next = found.lines.last().map(|line| line.seq);
            return ControlFlow::Break(());
        }
        found.lines.push(line);
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// Hands every line that `filter` wants to `take`, oldest first, until it says stop. Lines that are
/// written meanwhile are left out. No connection is held while `take` works: it may be slow.
///
/// # Errors
/// The database refuses.
pub fn each(
    store: &Store,
    filter: &Filter,
    take: &mut dyn FnMut(Line) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    let range = store.read(|reading| bounds(reading.connection, filter))?;
    let Some((mut first, last)) = range else { return Ok(()) };
    loop {
        let mut chunk = Vec::with_capacity(CHUNK_LINES);
        store.read(|reading| {
            walk(reading.connection, filter, (first, last), Way::OldestFirst, &mut |line| {
                chunk.push(line);
                if chunk.len() < CHUNK_LINES {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            })
        })?;
        let is_last = chunk.len() < CHUNK_LINES;
        for line in chunk {
            first = i64::try_from(line.seq).unwrap_or(i64::MAX).saturating_add(1);
            if take(line).is_break() {
                return Ok(());
            }
        }
        if is_last {
            return Ok(());
        }
    }
}

/// Checks the whole chain.
///
/// # Errors
/// The database refuses.
pub fn verify(reading: &Reading<'_>) -> Result<Verdict, StoreError> {
    chain::verify(reading.connection)
}

/// The first and the last number that can be meant; `None` where there is no such line. The times of
/// lines rise with their numbers unless the clock was set back, so the index of times tells exactly
/// where to look.
fn bounds(connection: &Connection, filter: &Filter) -> Result<Option<(i64, i64)>, StoreError> {
    let (from, until) = (filter.from.map(ms_from), filter.until.map(ms_from));
    let (from, until) = (from.unwrap_or(i64::MIN), until.unwrap_or(i64::MAX));
    let ask = if filter.from.is_none() && filter.until.is_none() {
        "SELECT (SELECT min(seq) FROM journal), (SELECT max(seq) FROM journal), ?1, ?2"
    } else {
        "SELECT min(seq), max(seq) FROM journal WHERE at_ms >= ?1 AND at_ms < ?2"
    };
    let found = connection.query_row(ask, [from, until], |row| {
        Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?))
    });
    let (first, last) = found?;
    Ok(first.zip(last))
}

/// The first whole millisecond that is not before `at`.
fn ms_from(at: Wall) -> i64 {
    at.nanos().div_euclid(NS_PER_MS) + i64::from(at.nanos().rem_euclid(NS_PER_MS) > 0)
}

/// In which order lines are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    NewestFirst,
    OldestFirst,
}

const FIELDS: &str =
    "seq, at_ms, who, face, address, action, target, before, after, outcome, note, of_seq, hash";

/// Hands the lines from `first` to `last` that `filter` wants to `take` until it says stop.
fn walk(
    connection: &Connection,
    filter: &Filter,
    (first, last): (i64, i64),
    way: Way,
    take: &mut dyn FnMut(Line) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    let order = match way {
        Way::NewestFirst => "DESC",
        Way::OldestFirst => "ASC",
    };
    // Only what an index helps with is asked of the database; the rest is looked at here, where
    // upper and lower case are known beyond ASCII.
    let action = if filter.action.is_some() { "action = ?3" } else { "?3 IS NULL" };
    let ask = format!(
        "SELECT {FIELDS} FROM journal WHERE seq BETWEEN ?1 AND ?2 AND {action} ORDER BY seq {order}"
    );
    let mut statement = connection.prepare(&ask)?;
    let mut rows = statement.query(params![first, last, filter.action])?;
    let mut sieve = Sieve::new(filter);
    while let Some(row) = rows.next()? {
        if sieve.wants(row)? && take(line(row)?).is_break() {
            break;
        }
    }
    Ok(())
}

/// A filter, made ready.
struct Sieve {
    from_ms: i64,
    until_ms: i64,
    who: Option<String>,
    target: Option<String>,
    text: Option<String>,
    outcome: Option<&'static str>,
    lower: String,
}

impl Sieve {
    fn new(filter: &Filter) -> Self {
        let lower = |part: &Option<String>| {
            part.as_deref().map(str::to_lowercase).filter(|part| !part.is_empty())
        };
        Self {
            from_ms: filter.from.map_or(i64::MIN, ms_from),
            until_ms: filter.until.map_or(i64::MAX, ms_from),
            who: lower(&filter.who),
            target: lower(&filter.target),
            text: lower(&filter.text),
            outcome: filter.outcome.map(Outcome::code),
            lower: String::new(),
        }
    }

    fn wants(&mut self, row: &Row<'_>) -> rusqlite::Result<bool> {
        let at = row.get::<_, i64>(1)?;
        if at < self.from_ms || at >= self.until_ms {
            return Ok(false);
        }
        if let Some(outcome) = self.outcome
            && words(row, 9)? != outcome.as_bytes()
        {
            return Ok(false);
        }
        for (column, part) in [(2, &self.who), (6, &self.target)] {
            if let Some(part) = part
                && !holds(words(row, column)?, part, &mut self.lower)
            {
                return Ok(false);
            }
        }
        let Some(text) = &self.text else { return Ok(true) };
        // Everything a person reads in the line: columns 2 to 10.
        for column in 2..=10 {
            if holds(words(row, column)?, text, &mut self.lower) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The text of a column; nothing where it has none.
fn words<'r>(row: &'r Row<'_>, column: usize) -> rusqlite::Result<&'r [u8]> {
    Ok(match row.get_ref(column)? {
        ValueRef::Text(text) => text,
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) | ValueRef::Blob(_) => &[],
    })
}

/// Whether `part`, in lower case, is somewhere in `text`, whatever the case. `lower` is scratch room.
fn holds(text: &[u8], part: &str, lower: &mut String) -> bool {
    let part = part.as_bytes();
    if text.is_ascii() || part.is_ascii() {
        let Some(first) = part.first() else { return true };
        return memchr::memchr2_iter(*first, first.to_ascii_uppercase(), text).any(|at| {
            text.get(at..at + part.len()).is_some_and(|found| found.eq_ignore_ascii_case(part))
        });
    }
    lower.clear();
    lower.extend(String::from_utf8_lossy(text).chars().flat_map(char::to_lowercase));
    memchr::memmem::find(lower.as_bytes(), part).is_some()
}

fn line(row: &Row<'_>) -> Result<Line, StoreError> {
    let number =
        |seq: i64| u64::try_from(seq).map_err(|_| StoreError::Odd("the number of a journal line"));
    let outcome: String = row.get(9)?;
    let of: Option<i64> = row.get(11)?;
    Ok(Line {
        seq: number(row.get(0)?)?,
        at: Wall::from_nanos(row.get::<_, i64>(1)?.saturating_mul(NS_PER_MS)),
        who: row.get(2)?,
        face: row.get(3)?,
        address: row.get(4)?,
        action: row.get(5)?,
        target: row.get(6)?,
        before: row.get::<_, Option<String>>(7)?.map(values),
        after: row.get::<_, Option<String>>(8)?.map(values),
        outcome: outcome.parse().map_err(|()| StoreError::Odd("the outcome of a journal line"))?,
        note: row.get(10)?,
        of: of.map(number).transpose()?,
        hash: HEXLOWER.encode(&row.get::<_, Hash>(12)?),
    })
}

/// The values as they were written; what somebody has tampered with is shown as it is.
fn values(text: String) -> Value {
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}
