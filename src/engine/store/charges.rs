//! Charges as rows, what is latched at packs, and who has read the safety text. Knows nothing of
//! packs, chargers and the machine: it keeps what it is given.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use crate::base::time::Wall;
use crate::engine::access::account::AccountId;
use crate::engine::access::actor::Actor;
use crate::engine::charge::{ChargeReport, Latches};
use crate::engine::store::columns;
use crate::engine::store::{Reading, StoreError, Writing};

/// Outcome of a charge during which the program ended.
pub const INTERRUPTED: &str = "interrupted";
/// The same in a sentence.
const INTERRUPTED_WORDS: &str = "The program ended while this charge ran.";
/// What is known of how such a charge was stopped.
const INTERRUPTED_STOP: &str =
    "How the current and the contactors ended is not in these records: nobody was left to see it.";
/// Most charges on a page.
const PAGE_MOST: usize = 1000;

/// Who has read the safety text: an account, or whoever sits at the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reader {
    /// Whoever sits at the machine.
    Local,
    /// An account.
    Account(AccountId),
}

impl Reader {
    /// Who `actor` is as a reader: a token reads for its account.
    #[must_use]
    pub fn of(actor: &Actor) -> Self {
        actor.account().map_or(Self::Local, Self::Account)
    }

    fn code(self) -> String {
        match self {
            Self::Local => "local".to_owned(),
            Self::Account(id) => id.0.to_string(),
        }
    }

    fn parse(code: &str) -> Result<Self, StoreError> {
        if code == "local" {
            return Ok(Self::Local);
        }
        let id = code.parse().map_err(|_| StoreError::Odd("who has read the safety text"))?;
        Ok(Self::Account(AccountId(id)))
    }
}

/// Which charges are wanted; an empty filter wants all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The pack, whole.
    pub pack: Option<String>,
}

/// A charge as a list shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its number: milliseconds since 1970 UTC of its start, made unique.
    pub id: u64,
    /// The pack.
    pub pack: String,
    /// The charger.
    pub charger: String,
    /// Who started it.
    pub by: String,
    /// When it began.
    pub started: Wall,
    /// When it ended; none while it runs, or when the program ended before it.
    pub ended: Option<Wall>,
    /// How it ended, in a word for machines; empty while it runs.
    pub outcome: String,
    /// The same in a sentence.
    pub words: String,
    /// Ampere-hours.
    pub ah: f64,
    /// Kilowatt-hours.
    pub kwh: f64,
}

/// Some charges, newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The charges.
    pub charges: Vec<Line>,
    /// Where the next page begins: charges with a smaller number.
    pub next: Option<u64>,
}

/// Charges that `filter` wants with numbers below `before`, newest first, at most `limit`.
///
/// # Errors
/// The database refuses, or a row cannot be understood.
pub fn page(
    reading: &Reading<'_>,
    filter: &Filter,
    before: Option<u64>,
    limit: usize,
) -> Result<Page, StoreError> {
    let limit = limit.clamp(1, PAGE_MOST);
    let sql = "SELECT id, pack, charger, who, started_ms, ended_ms, outcome, words, ah, kwh
         FROM charges WHERE (:pack IS NULL OR pack = :pack) AND id < :before
         ORDER BY id DESC LIMIT :limit";
    let mut statement = reading.connection.prepare(sql)?;
    let before = before.and_then(|id| i64::try_from(id).ok()).unwrap_or(i64::MAX);
    let mut rows = statement.query(named_params! {
        ":pack": filter.pack,
        ":before": before,
        // One more, to see whether there is another page.
        ":limit": limit as i64 + 1,
    })?;
    let mut charges = Vec::new();
    while let Some(row) = rows.next()? {
        charges.push(line(row)?);
    }
    let is_more = charges.len() > limit;
    charges.truncate(limit);
    let next = charges.last().filter(|_| is_more).map(|last| last.id);
    Ok(Page { charges, next })
}

fn line(row: &Row<'_>) -> Result<Line, StoreError> {
    let id: i64 = row.get("id")?;
    let ended: Option<i64> = row.get("ended_ms")?;
    Ok(Line {
        id: u64::try_from(id).map_err(|_| StoreError::Odd("the number of a charge"))?,
        pack: row.get("pack")?,
        charger: row.get("charger")?,
        by: row.get("who")?,
        started: columns::wall(row.get("started_ms")?),
        ended: ended.map(columns::wall),
        outcome: row.get("outcome")?,
        words: row.get("words")?,
        ah: row.get("ah")?,
        kwh: row.get("kwh")?,
    })
}

/// The number of the newest charge; 0 where there is none.
///
/// # Errors
/// The database refuses.
pub fn newest(reading: &Reading<'_>) -> Result<u64, StoreError> {
    let sql = "SELECT coalesce(max(id), 0) FROM charges";
    let newest: i64 = reading.connection.query_row(sql, [], |row| row.get(0))?;
    Ok(u64::try_from(newest).unwrap_or_default())
}

/// The whole of a charge; none where there is none with this number.
///
/// # Errors
/// The database refuses, or the row cannot be understood.
pub fn one(reading: &Reading<'_>, id: u64) -> Result<Option<ChargeReport>, StoreError> {
    let Ok(id) = i64::try_from(id) else { return Ok(None) };
    let sql = "SELECT report FROM charges WHERE id = ?1";
    let found = reading.connection.query_row(sql, [id], |row| row.get::<_, String>(0));
    found.optional()?.map(|text| parsed(&text)).transpose()
}

fn parsed(text: &str) -> Result<ChargeReport, StoreError> {
    serde_json::from_str(text).map_err(|error| {
        tracing::error!(%error, "the report of a charge cannot be read");
        StoreError::Odd("the report of a charge")
    })
}

/// Writes a charge, in the place of what was written of it before.
///
/// # Errors
/// The database refuses.
pub fn write(writing: &Writing<'_>, charge: &ChargeReport) -> Result<(), StoreError> {
    put(writing.tx, charge)
}

fn put(connection: &Connection, charge: &ChargeReport) -> Result<(), StoreError> {
    let odd = |_| StoreError::Odd("the number of a charge that is to be kept");
    let id = i64::try_from(charge.id).map_err(odd)?;
    let charge = with_numbers(charge);
    let report = serde_json::to_string(&charge)
        .map_err(|_| StoreError::Odd("a charge that is to be kept"))?;
    let sql = "INSERT INTO charges (id, pack, charger, who, started_ms, ended_ms, outcome, words,
             ah, kwh, report)
         VALUES (:id, :pack, :charger, :who, :started, :ended, :outcome, :words, :ah, :kwh, :report)
         ON CONFLICT (id) DO UPDATE SET pack = excluded.pack, charger = excluded.charger,
             who = excluded.who, started_ms = excluded.started_ms, ended_ms = excluded.ended_ms,
             outcome = excluded.outcome, words = excluded.words, ah = excluded.ah,
             kwh = excluded.kwh, report = excluded.report";
    connection.prepare(sql)?.execute(named_params! {
        ":id": id,
        ":pack": charge.pack,
        ":charger": charge.charger,
        ":who": charge.by,
        ":started": charge.started_ms,
        ":ended": charge.ended_ms,
        ":outcome": charge.outcome,
        ":words": charge.outcome_words,
        ":ah": charge.ah,
        ":kwh": charge.kwh,
        ":report": report,
    })?;
    Ok(())
}

/// The same charge without what is no number: neither a column nor JSON can hold that, and a report
/// with a zero in it is worth more than none.
fn with_numbers(charge: &ChargeReport) -> ChargeReport {
    let mut charge = charge.clone();
    let ChargeReport { pace, rules, seconds, ah, kwh, events, governors, curve, .. } = &mut charge;
    let single = [pace, seconds, ah, kwh].into_iter();
    let listed = (rules.iter_mut().map(|(_, value)| value))
        .chain(events.iter_mut().map(|event| &mut event.seconds))
        .chain(governors.iter_mut().map(|(seconds, _)| seconds))
        .chain(curve.iter_mut().map(|point| &mut point.seconds));
    for number in single.chain(listed) {
        if !number.is_finite() {
            *number = 0.0;
        }
    }
    charge
}

/// Takes the oldest charges away, so that at most so many are left; one that runs stays. Gives how
/// many went.
///
/// # Errors
/// The database refuses.
pub fn prune(writing: &Writing<'_>, most: u32) -> Result<usize, StoreError> {
    let sql = "DELETE FROM charges WHERE id <= (SELECT id FROM charges ORDER BY id DESC
             LIMIT 1 OFFSET :most) AND NOT (ended_ms IS NULL AND outcome = '')";
    Ok(writing.tx.prepare(sql)?.execute(named_params! { ":most": most })?)
}

/// Closes charges that were running when the program ended, and gives their packs: nothing resumes
/// by itself. Only for whoever holds the folder.
///
/// # Errors
/// The database refuses.
pub fn close_interrupted(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let open = "SELECT id, pack, report FROM charges WHERE ended_ms IS NULL AND outcome = ''";
    let found: Vec<(i64, String, String)> = {
        let mut statement = connection.prepare(open)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        rows.collect::<Result<_, _>>()?
    };
    let mut packs = Vec::new();
    for (id, pack, report) in found {
        match parsed(&report) {
            Ok(mut charge) => {
                charge.outcome = INTERRUPTED.to_owned();
                charge.outcome_words = INTERRUPTED_WORDS.to_owned();
                charge.stop_words = INTERRUPTED_STOP.to_owned();
                put(connection, &charge)?;
            }
            // The list can still say it.
            Err(_) => {
                let sql = "UPDATE charges SET outcome = ?2, words = ?3 WHERE id = ?1";
                connection.execute(sql, (id, INTERRUPTED, INTERRUPTED_WORDS))?;
            }
        }
        packs.push(pack);
    }
    Ok(packs)
}

/// What is latched, by pack.
///
/// # Errors
/// The database refuses. Whoever asks must then take everything for latched.
pub fn latches(reading: &Reading<'_>) -> Result<BTreeMap<String, Latches>, StoreError> {
    let sql = "SELECT pack, fault, local_stop, remote_stop FROM latches";
    let mut statement = reading.connection.prepare(sql)?;
    let rows = statement.query_map([], |row| {
        let latches =
            Latches { fault: row.get(1)?, local_stop: row.get(2)?, remote_stop: row.get(3)? };
        Ok((row.get(0)?, latches))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Writes what is latched at a pack.
///
/// # Errors
/// The database refuses.
pub fn write_latches(
    writing: &Writing<'_>,
    pack: &str,
    latches: Latches,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO latches (pack, fault, local_stop, remote_stop) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (pack) DO UPDATE SET fault = excluded.fault,
             local_stop = excluded.local_stop, remote_stop = excluded.remote_stop";
    let values = (pack, latches.fault, latches.local_stop, latches.remote_stop);
    writing.tx.prepare(sql)?.execute(values)?;
    Ok(())
}

/// Everybody who has read the safety text.
///
/// # Errors
/// The database refuses, or a row cannot be understood.
pub fn readers(reading: &Reading<'_>) -> Result<BTreeSet<Reader>, StoreError> {
    let mut statement = reading.connection.prepare("SELECT reader FROM safety_text_read")?;
    let mut rows = statement.query([])?;
    let mut all = BTreeSet::new();
    while let Some(row) = rows.next()? {
        all.insert(Reader::parse(&row.get::<_, String>(0)?)?);
    }
    Ok(all)
}

/// Notes that `reader` has read the safety text; the first time counts.
///
/// # Errors
/// The database refuses.
pub fn note_read(writing: &Writing<'_>, reader: Reader, at: Wall) -> Result<(), StoreError> {
    let sql = "INSERT INTO safety_text_read (reader, read_ms) VALUES (?1, ?2)
         ON CONFLICT (reader) DO NOTHING";
    writing.tx.execute(sql, (reader.code(), columns::ms(at)))?;
    Ok(())
}

#[cfg(test)]
mod tests;
