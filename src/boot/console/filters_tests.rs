//! Filters that are kept at the real console.

use super::tests::{Desk, desk_in};
use crate::desktop::source::{Intent, Source as _};
use crate::engine::SavedFilter;
use crate::view::filter::FilterAsk;

fn filter(name: &str, text: &str) -> SavedFilter {
    SavedFilter { name: name.to_owned(), text: text.to_owned() }
}

fn desk() -> Desk {
    let mut desk = desk_in(tempfile::tempdir().unwrap());
    desk.until(|console| console.filters().is_some());
    desk
}

/// Asks and waits for what is said.
fn said(desk: &mut Desk, ask: FilterAsk) -> String {
    desk.console.submit(Intent::DismissNotes);
    desk.console.submit(Intent::Filter(ask));
    desk.until(|console| console.chrome().notes.iter().any(|note| note.closable));
    desk.console.chrome().notes.into_iter().find(|note| note.closable).unwrap().text
}

fn names(desk: &Desk) -> Vec<(String, String)> {
    let list = desk.console.filters().unwrap();
    list.into_iter().map(|one| (one.name, one.text)).collect()
}

#[test]
fn a_filter_is_kept_in_the_data_folder_and_forgotten_and_a_sentence_says_so() {
    let mut desk = desk();
    let words = said(&mut desk, FilterAsk::Keep(filter(" Only volts ", "id:6FA")));
    assert_eq!(words, "Filter \u{201c}Only volts\u{201d} is kept.");
    assert_eq!(names(&desk), [("Only volts".to_owned(), "id:6FA".to_owned())]);
    let refused = said(&mut desk, FilterAsk::Keep(filter("Broken", "id:zz")));
    assert!(refused.contains("cannot be read"), "{refused}");
    // The next start finds it there.
    let Desk { console, running, folder, .. } = desk;
    drop((console, running));
    let mut desk = desk_in(folder);
    desk.until(|console| console.filters().is_some());
    assert_eq!(names(&desk).len(), 1);
    let words = said(&mut desk, FilterAsk::Forget("Only volts".to_owned()));
    assert_eq!(words, "Filter \u{201c}Only volts\u{201d} is forgotten.");
    assert!(names(&desk).is_empty());
}

#[test]
fn what_an_earlier_version_kept_is_taken_over_and_replaces_nothing() {
    let mut desk = desk();
    said(&mut desk, FilterAsk::Keep(filter("Pack", "id:600")));
    let earlier =
        vec![filter("pack", "id:1"), filter("Odd", "id:zz"), filter("Cells", "msg:cell*")];
    let told = Vec::new();
    let words = said(&mut desk, FilterAsk::TakeOver { earlier, told });
    assert!(words.starts_with("Filter \u{201c}Odd\u{201d} (id:zz) is not taken over. "), "{words}");
    assert!(words.contains("This is said once"), "{words}");
    desk.until(|console| console.filters().is_some_and(|list| list.len() == 2));
    let text = |text: &str| text.to_owned();
    assert_eq!(names(&desk), [(text("Cells"), text("msg:cell*")), (text("Pack"), text("id:600"))]);
    // At the next start it is tried again without a word; of another one something is said.
    let earlier = vec![filter("Odd", "id:zz"), filter("New", "id:qq")];
    let words = said(&mut desk, FilterAsk::TakeOver { earlier, told: vec![text("Odd")] });
    assert!(words.starts_with("Filter \u{201c}New\u{201d} (id:qq) is not taken over. "), "{words}");
    let notes = desk.console.chrome().notes;
    assert!(!notes.iter().any(|note| note.text.contains("Odd")), "{notes:?}");
}
