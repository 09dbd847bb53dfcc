//! Composes the list of DBC files that are kept.

use crate::engine::{ChangeSettings, Session};
use crate::view::dbc::{KeptBus, KeptFile, ProblemLine};
use crate::view::offer::{Grave, Offer, Question};
use crate::view::text;

/// What is known of a kept file.
#[derive(Clone, Debug, Default)]
pub struct KeptFacts {
    /// Its name.
    pub name: String,
    /// Its mark.
    pub mark: String,
    /// How many messages and signals it has.
    pub has: (usize, usize),
    /// What is wrong with it, as far as it is listed.
    pub problems: Vec<ProblemLine>,
    /// How much is wrong with it.
    pub problem_count: usize,
    /// The buses that are read by it.
    pub buses: Vec<String>,
}

/// A kept file beside the buses `all`, for whoever sits in `session`.
#[must_use]
pub fn kept(facts: KeptFacts, all: &[String], session: &Session) -> KeptFile {
    let KeptFacts { name, mark, has: (messages, signals), problems, problem_count, buses } = facts;
    let mut about = vec![
        text::count(messages, "message"),
        text::count(signals, "signal"),
        text::count(problem_count, "problem"),
    ];
    if !buses.is_empty() {
        about.push(format!("read on {}", buses.join(", ")));
    }
    let more = match problem_count.saturating_sub(problems.len()) {
        0 => String::new(),
        more => format!("and {} more", text::grouped(more as u64)),
    };
    let remove = match (session.may(ChangeSettings), buses.first()) {
        (false, _) => Offer::shut(REMOVE, "You need the permission Change system settings."),
        (true, Some(bus)) => {
            Offer::shut(REMOVE, &format!("{bus} is read by it: take it from there first."))
        }
        (true, None) => Offer::open(REMOVE),
    };
    let question = Question {
        title: format!("Remove {name}?"),
        text: "The file is gone for good. Download it first if you have no other copy.".to_owned(),
        confirm: format!("Remove {name}"),
    };
    let bus = |bus: &String| {
        let read = buses.contains(bus);
        let (label, spoken) = match read {
            true => (format!("Take from {bus}"), format!("Read {bus} by {name} no longer")),
            false => (format!("Use on {bus}"), format!("Read {bus} by {name} too")),
        };
        KeptBus { name: bus.clone(), read, label, spoken }
    };
    KeptFile {
        buses: all.iter().map(bus).collect(),
        about: about.join(", "),
        replace: format!("Replace {name} by"),
        remove: Grave { offer: remove, question },
        name,
        mark,
        problems,
        more,
    }
}

const REMOVE: &str = "Remove\u{2026}";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::testing::local_session;

    #[test]
    fn a_kept_file_says_what_it_is_and_is_removed_only_where_no_bus_is_read_by_it() {
        let facts = KeptFacts {
            name: "car".into(),
            has: (1, 12),
            problems: vec![ProblemLine::default()],
            problem_count: 1235,
            buses: vec!["can0".into()],
            ..KeptFacts::default()
        };
        let buses = ["can0".to_owned(), "can1".to_owned()];
        let used = kept(facts.clone(), &buses, &local_session());
        assert_eq!(used.about, "1 message, 12 signals, 1\u{a0}235 problems, read on can0");
        assert_eq!(used.more, "and 1\u{a0}234 more");
        assert_eq!(
            used.remove.offer.why_not.as_deref(),
            Some("can0 is read by it: take it from there first.")
        );
        let labels: Vec<&str> = used.buses.iter().map(|bus| bus.label.as_str()).collect();
        assert_eq!(labels, ["Take from can0", "Use on can1"]);
        let free = kept(KeptFacts { buses: Vec::new(), ..facts }, &buses, &local_session());
        assert!(free.remove.offer.is_open());
        assert_eq!(free.remove.question.confirm, "Remove car");
    }
}
