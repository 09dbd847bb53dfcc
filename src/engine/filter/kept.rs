//! Filters that were made ready, kept beside the names they were made with: whoever composes a picture
//! ten times a second compiles a filter once. Other names are another vocabulary, with nothing kept.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::compile::Scope;
use super::mistake::Mistake;
use super::run::Sieve;

/// Most filters that are kept; with one more all are made anew.
const KEPT: usize = 64;

/// What came of making a filter ready.
type Made = Result<Arc<Sieve>, Mistake>;

/// The filters of one vocabulary.
#[derive(Default)]
pub(super) struct Sieves(Mutex<HashMap<(String, Scope), Made>>);

impl Sieves {
    /// The filter of this text, made by `make` where it is not kept.
    pub(super) fn get(&self, text: &str, scope: Scope, make: impl FnOnce() -> Made) -> Made {
        let key = (text.to_owned(), scope);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = kept.get(&key) {
            return made.clone();
        }
        if kept.len() >= KEPT {
            kept.clear();
        }
        let made = make();
        kept.insert(key, made.clone());
        made
    }
}

/// What is kept belongs to one vocabulary: a copy of it begins with nothing.
impl Clone for Sieves {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl fmt::Debug for Sieves {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).len();
        write!(f, "{kept} filters")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::filter::{Filter, Vocabulary};

    #[test]
    fn a_filter_is_made_once_for_its_names_and_scope_and_few_are_kept() {
        let vocabulary = Vocabulary::new();
        let one = vocabulary.sieve("id:600", Scope::Trace).unwrap();
        let same = vocabulary.sieve("id:600", Scope::Trace).unwrap();
        assert!(Arc::ptr_eq(&one, &same));
        let other = vocabulary.sieve("id:600", Scope::Table).unwrap();
        assert!(!Arc::ptr_eq(&one, &other));
        let copy = vocabulary.clone().sieve("id:600", Scope::Trace).unwrap();
        assert!(!Arc::ptr_eq(&one, &copy), "other names may be another filter");
        let wrong = vocabulary.sieve("id:zz", Scope::Trace).unwrap_err();
        assert_eq!(Filter::parse("id:zz").unwrap_err(), wrong);
        for n in 0..3 * KEPT {
            drop(vocabulary.sieve(&format!("id:{n:X}"), Scope::Trace));
        }
        let kept = format!("{:?}", vocabulary.sieves);
        let kept: usize = kept.split(' ').next().unwrap().parse().unwrap();
        assert!(kept <= KEPT, "{kept}");
    }
}
