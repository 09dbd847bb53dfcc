//! Components as they are added, changed and shown, as text.

use std::fmt::Write as _;
use std::time::Duration;

use crate::engine::testing::plant::Plant;
use crate::engine::testing::{golden, local_session};
use crate::engine::{Snapshot, Typed};
use crate::view::components::ComponentForm;
use crate::view::compose::components::{self, Wanted};
use crate::view::compose::parts::parts;

fn demo() -> std::sync::Arc<Snapshot> {
    let mut plant = Plant::of("demo");
    plant.run(Duration::from_secs(10));
    plant.published()
}

fn text(form: &ComponentForm) -> String {
    let mut text = format!("{} | {}\n", form.title, form.kind_title);
    let mut line = |said: String| writeln!(text, "{}", said.trim_end()).unwrap();
    for group in &form.groups {
        line(format!("[{}]", group.title));
        for field in &group.fields {
            let wrong = field.wrong.as_deref().map_or(String::new(), |why| format!(" <- {why}"));
            line(format!(
                "{} ({}, {}): {:?} {}{wrong}",
                field.name, field.word, field.possible, field.text, field.usual
            ));
        }
    }
    form.remarks.iter().for_each(|note| line(format!("[{:?}] {}", note.tone, note.text)));
    line(format!("{:?}", form.save));
    text
}

#[test]
fn the_form_of_a_battery_is_shown_as_agreed_with_its_mistakes() {
    let (snapshot, session) = (demo(), local_session());
    let pairs = [("name", "Second"), ("bus", "demo"), ("base", "0x601"), ("cell_max_mv", "4.2")];
    let typed: Typed = pairs.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
    let wanted = Wanted::New("prohelion-d1000-gen1");
    let wrong = components::form(&snapshot, &session, wanted, Some(&typed)).unwrap();
    let fresh = components::form(&snapshot, &session, wanted, None).unwrap();
    golden("view/component-form.txt", &format!("{}\n{}", text(&fresh), text(&wrong)));
}

#[test]
fn what_depends_on_every_component_of_the_demo_is_named() {
    let (snapshot, session) = (demo(), local_session());
    let mut said = String::new();
    for offers in components::offers(&snapshot, &session) {
        let question = offers.delete.question;
        writeln!(said, "{}\n  {}\n  {}", question.title, question.text, question.confirm).unwrap();
    }
    golden("view/component-dependents.txt", &said);
}

#[test]
fn kinds_are_found_by_any_words_of_name_maker_and_description() {
    let (snapshot, session) = (demo(), local_session());
    let found = |search: &str| {
        let view = components::kinds(&snapshot, &session, search);
        let kinds = view.groups.iter().flat_map(|group| &group.kinds);
        (kinds.map(|kind| kind.id.clone()).collect::<Vec<_>>(), view.empty)
    };
    assert_eq!(found("").0.len(), snapshot.catalog.iter().len());
    assert_eq!(found("PEDALS key").0, ["ev-driver-controls"]);
    assert!(found("supply tdk").0.contains(&"tdk-genesys".to_owned()));
    let (none, said) = found("no such <thing>");
    assert!(none.is_empty() && said.contains("\u{201c}no such <thing>\u{201d}"), "{said}");
}

#[test]
fn a_part_says_when_it_was_heard_how_often_and_what_never() {
    let snapshot = demo();
    let view = parts(&snapshot, &local_session());
    let row = |part: &crate::view::parts::Part, label: &str| {
        let row = part.settings.iter().find(|(own, _)| own == label);
        row.map(|(_, value)| value.clone())
    };
    let battery = view.components.iter().find(|part| part.kind.contains("D1000")).unwrap();
    let rate = row(battery, "Rate").unwrap();
    let number: f64 = rate.split(' ').next().unwrap().parse().unwrap();
    // Three messages ten times a second, the rest once.
    assert!((35.0..120.0).contains(&number), "{rate}");
    assert!(row(battery, "Last heard").unwrap().ends_with(" ago"));
    assert_eq!(row(battery, "Modules"), None, "some modules were heard");
    // Nothing was heard of a plant at its first moment.
    let view = parts(&Plant::of("demo").published(), &local_session());
    assert!(view.components.iter().all(|part| row(part, "Rate").is_none()));
    assert!(view.components.iter().all(|part| part.status == "never heard"));
}
