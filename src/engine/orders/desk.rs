//! The desk: what an order about people or settings works at. One transaction, and the journal line
//! that is written in it.

use std::sync::Arc;

use serde_json::Value;

use crate::engine::orders::{Deed, OrderError};
use crate::engine::people::People;
use crate::engine::people::stamp::Stamp;
use crate::engine::store::Writing;
use crate::engine::store::journal::{self, Entry, Outcome};

/// What an order works at.
pub struct Desk<'t> {
    /// The transaction.
    pub writing: &'t Writing<'t>,
    /// Who gave it.
    pub by: Stamp,
    /// The people, for what is not in the store (waits, the mail).
    pub people: Arc<People>,
    /// What was there before, for the journal; never a secret.
    pub before: Option<Value>,
    /// What is there now.
    pub after: Option<Value>,
    /// What it was about, where the deed knows better than the order (a name instead of a number).
    pub target: Option<String>,
}

impl<'t> Desk<'t> {
    /// A desk on which nothing was done yet.
    #[must_use]
    pub const fn new(writing: &'t Writing<'t>, by: Stamp, people: Arc<People>) -> Self {
        Self { writing, by, people, before: None, after: None, target: None }
    }

    /// Notes for the journal that `field` is `value` now.
    pub fn remember(&mut self, field: &str, value: Value) {
        let after = self.after.get_or_insert_with(|| Value::Object(serde_json::Map::new()));
        if let Some(after) = after.as_object_mut() {
            after.insert(field.to_owned(), value);
        }
    }

    /// Does `deed` and writes the line about it into the same transaction: done with what it
    /// changed, or failed with why, and then nothing else is changed.
    ///
    /// # Errors
    /// The line cannot be written: nothing at all is changed. The inner error is the deed's.
    pub fn carry_out<D>(
        mut self,
        entry: Entry,
        deed: Deed<D>,
    ) -> Result<Result<D, OrderError>, OrderError> {
        let writing = self.writing;
        let done = writing.part(|_| deed(&mut self));
        let target = self.target.unwrap_or(entry.target);
        let entry = match &done {
            Ok(_) => Some(Entry { target, before: self.before, after: self.after, ..entry }),
            Err(error) => {
                let note = Some(error.to_string());
                let failed = Entry { target, outcome: Outcome::Failed, note, ..entry };
                self.people.within_budget(failed)
            }
        };
        if let Some(entry) = entry {
            journal::append(writing, &entry)?;
        }
        Ok(done)
    }
}
