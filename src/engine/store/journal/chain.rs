//! The chain: what a line's hash is made of, and the walk that finds the first line that does not
//! fit. A chain shows that a line was changed, left out or put in between; that somebody wrote the
//! whole of it anew shows only by comparing the last hash with one that was noted elsewhere.

use data_encoding::HEXLOWER;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, Row};
use sha2::{Digest as _, Sha256};

use crate::engine::store::StoreError;
use crate::engine::store::journal::Verdict;

/// SHA-256.
pub type Hash = [u8; 32];

/// What the first line follows.
pub const BEGINNING: Hash = [0; 32];
/// What is hashed first: another way of hashing would get another name.
const KIND: &[u8] = b"busbar journal 1\n";

/// What a line's hash is made of: everything in it.
#[derive(Clone, Copy, Debug)]
pub struct Sealed<'a> {
    pub seq: i64,
    pub at_ms: i64,
    pub who: &'a str,
    pub face: &'a str,
    pub address: Option<&'a str>,
    pub action: &'a str,
    pub target: &'a str,
    pub before: Option<&'a str>,
    pub after: Option<&'a str>,
    pub outcome: &'a str,
    pub note: Option<&'a str>,
    pub of: Option<i64>,
}

impl Sealed<'_> {
    /// Its hash, where it follows the line with the hash `prev`. Each text has its length in front,
    /// so that nothing can move from one to the next without changing the hash.
    pub fn hash(&self, prev: &Hash) -> Hash {
        let mut hasher = Sha256::new();
        hasher.update(KIND);
        hasher.update(prev);
        hasher.update(self.seq.to_be_bytes());
        hasher.update(self.at_ms.to_be_bytes());
        let texts = [
            Some(self.who),
            Some(self.face),
            self.address,
            Some(self.action),
            Some(self.target),
            self.before,
            self.after,
            Some(self.outcome),
            self.note,
        ];
        for text in texts {
            match text {
                None => hasher.update([0]),
                Some(text) => {
                    hasher.update([1]);
                    hasher.update((text.len() as u64).to_be_bytes());
                    hasher.update(text);
                }
            }
        }
        match self.of {
            None => hasher.update([0]),
            Some(of) => {
                hasher.update([1]);
                hasher.update(of.to_be_bytes());
            }
        }
        hasher.finalize().into()
    }
}

/// Walks the whole chain.
///
/// # Errors
/// The database refuses.
pub fn verify(connection: &Connection) -> Result<Verdict, StoreError> {
    let mut statement = connection.prepare(
        "SELECT seq, at_ms, who, face, address, action, target, before, after, outcome, note, of_seq, prev_hash, hash \
         FROM journal ORDER BY seq",
    )?;
    let mut rows = statement.query([])?;
    let (mut last, mut prev) = (0_i64, BEGINNING);
    while let Some(row) = rows.next()? {
        match fits(row, last, &prev)? {
            Ok(hash) => (last, prev) = (last + 1, hash),
            Err((seq, why)) => return Ok(broken(seq, why)),
        }
    }
    let counted: Option<i64> = connection
        .query_row("SELECT seq FROM sqlite_sequence WHERE name = 'journal'", [], |row| row.get(0))
        .optional()?;
    let counted = counted.unwrap_or(0);
    if counted > last {
        let missing = counted - last;
        let why = format!(
            "the end was cut off: the last line is {last}, but {counted} were written, so {missing} are missing"
        );
        return Ok(broken(last + 1, why));
    }
    if counted < last {
        let why = format!("the journal has {last} lines, but its count of lines says {counted}");
        return Ok(broken(counted + 1, why));
    }
    let head = (last > 0).then(|| HEXLOWER.encode(&prev));
    Ok(Verdict::Whole { lines: last.unsigned_abs(), head })
}

fn broken(seq: i64, why: String) -> Verdict {
    Verdict::Broken { seq: u64::try_from(seq).unwrap_or(0), why }
}

/// The hash of the line in `row` if it is the one after `last` and follows `prev`; otherwise which
/// line does not fit, and why.
fn fits(row: &Row<'_>, last: i64, prev: &Hash) -> rusqlite::Result<Result<Hash, (i64, String)>> {
    let seq: i64 = row.get(0)?;
    let expected = last + 1;
    if seq < expected {
        return Ok(Err((seq, format!("line {seq} was put in: lines begin with 1"))));
    }
    if seq > expected {
        let gap = match seq - expected {
            1 => format!("line {expected} is missing"),
            more => format!("lines {expected} to {} are missing ({more})", seq - 1),
        };
        return Ok(Err((expected, gap)));
    }
    let (Some(line), Some(says), Some(follows)) = (sealed(row)?, hash(row, 13)?, hash(row, 12)?)
    else {
        return Ok(Err((seq, format!("line {seq} cannot be read: it was changed"))));
    };
    if line.hash(&follows) != says {
        return Ok(Err((seq, format!("what line {seq} says was changed after it was written"))));
    }
    if follows != *prev {
        let why = if last == 0 {
            format!("line {seq} follows another one: the beginning was cut off")
        } else {
            format!("line {seq} does not follow line {last}: one of them was put in or replaced")
        };
        return Ok(Err((seq, why)));
    }
    Ok(Ok(says))
}

fn hash(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Hash>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Blob(bytes) => bytes.try_into().ok(),
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) | ValueRef::Text(_) => None,
    })
}

/// What is in the row; `None` where it is not what a line is made of.
fn sealed<'r>(row: &'r Row<'_>) -> rusqlite::Result<Option<Sealed<'r>>> {
    let mut texts = [None; 9];
    for (text, column) in texts.iter_mut().zip([2, 3, 4, 5, 6, 7, 8, 9, 10]) {
        *text = match row.get_ref(column)? {
            ValueRef::Null => None,
            ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
                Ok(found) => Some(found),
                Err(_) => return Ok(None),
            },
            ValueRef::Integer(_) | ValueRef::Real(_) | ValueRef::Blob(_) => return Ok(None),
        };
    }
    let [who, face, address, action, target, before, after, outcome, note] = texts;
    let at_ms = match row.get_ref(1)? {
        ValueRef::Integer(ms) => Some(ms),
        ValueRef::Null | ValueRef::Real(_) | ValueRef::Text(_) | ValueRef::Blob(_) => None,
    };
    let of = match row.get_ref(11)? {
        ValueRef::Null => None,
        ValueRef::Integer(of) => Some(of),
        ValueRef::Real(_) | ValueRef::Text(_) | ValueRef::Blob(_) => return Ok(None),
    };
    let found = (at_ms, who, face, action, target, outcome);
    let (Some(at_ms), Some(who), Some(face), Some(action), Some(target), Some(outcome)) = found
    else {
        return Ok(None);
    };
    let seq = row.get(0)?;
    Ok(Some(Sealed {
        seq,
        at_ms,
        who,
        face,
        address,
        action,
        target,
        before,
        after,
        outcome,
        note,
        of,
    }))
}
