//! What is shown of simulated plants, as text.

mod charge;
mod components;
mod people;
mod settings;

use std::fmt::Write as _;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::engine::testing::golden;
use crate::engine::testing::plant::Plant;
use crate::view::compose;
use crate::view::pack::PackView;
use crate::view::shown::{Shade, Tile};
use crate::view::traffic::{RowKey, TrafficPrefs};

fn tile(tile: &Tile) -> String {
    let Tile { label, value, .. } = tile;
    format!("{label}: {} [{:?}] {}", value.line(), value.shade, value.note)
}

/// A Pack page as a text.
fn text(view: &PackView) -> String {
    let mut text = format!("{} {} {} {}\n", view.title, view.base, view.state.word, view.updated);
    let mut line = |said: String| writeln!(text, "{said}").unwrap();
    view.notes.iter().for_each(|note| line(format!("note [{:?}] {}", note.tone, note.text)));
    view.tiles.iter().chain(&view.facts).for_each(|shown| line(tile(shown)));
    line(format!("{:?}", view.cells.scale));
    for row in &view.cells.rows {
        let cells = row.cells.iter().map(|cell| {
            let mark = [(cell.lowest, "v"), (cell.highest, "^"), (cell.balancing, "b")];
            let marks: String = mark.iter().filter(|(set, _)| *set).map(|(_, m)| *m).collect();
            format!("{}{marks}", cell.text)
        });
        let cells: Vec<String> = cells.collect();
        let (cell, board) = (row.cell_temperature.line(), row.board_temperature.line());
        line(format!("{}: {} | {cell} | {board}", row.label, cells.join(" ")));
    }
    let steps = view.contactors.steps.iter().filter(|step| step.current);
    steps.for_each(|step| line(format!("step {}", step.label)));
    line(view.contactors.sentence.clone());
    view.contactors.lamps.iter().for_each(|lamp| line(format!("[{:?}] {}", lamp.tone, lamp.label)));
    view.events.iter().for_each(|lamp| line(format!("[{:?}] {}", lamp.tone, lamp.label)));
    text
}

fn page(scene: &str, seconds: u64) -> String {
    let mut plant = Plant::of(scene);
    plant.run(Duration::from_secs(seconds));
    text(&compose::pack::pack(&plant.published(), None))
}

#[test]
fn the_demo_pack_is_shown_as_agreed() {
    golden("view/pack-demo.txt", &page("demo", 30));
}

#[test]
fn a_charger_is_shown_with_its_notes_and_its_own_time_out() {
    let mut plant = Plant::of("demo");
    plant.run(Duration::from_secs(10));
    let row = |plant: &Plant, label: &str| {
        let view =
            compose::parts::parts(&plant.published(), &crate::engine::testing::local_session());
        let charger = view.components.iter().find(|part| part.kind.contains("Elcon")).unwrap();
        let row = charger.settings.iter().find(|(own, _)| own == label);
        row.map(|(_, value)| value.clone()).unwrap()
    };
    assert!(row(&plant, "Bit rate").contains("500 kbit/s for 6.6 kW"));
    assert!(row(&plant, "Status dialect").contains("elcon-tc-v1"));
    assert_eq!(row(&plant, "Own time-out"), "not measured yet; 5.0 s by its documents");
    // Whoever commands it falls silent.
    plant.park();
    plant.run(Duration::from_secs(10));
    let said = row(&plant, "Own time-out");
    assert!(
        said.starts_with("measured 4.") && said.ends_with("s; 5.0 s by its documents"),
        "{said}"
    );
}

#[test]
fn an_untrusted_cell_is_shown_as_agreed() {
    golden("view/pack-sensor-untrusted.txt", &page("sensor-untrusted", 70));
}

#[test]
fn two_strings_are_shown_as_one_pack_with_their_names() {
    let shown = page("large", 20);
    let first = shown.lines().next().unwrap_or_default();
    assert!(first.contains("in parallel"), "{first}");
    assert!(shown.lines().filter(|line| line.contains("CMU ")).count() > 90);
}

#[test]
fn tiles_made_of_late_cells_are_late_themselves() {
    let mut plant = Plant::of("demo");
    plant.run(Duration::from_secs(20));
    plant.silence(Duration::from_millis(2800));
    let view = compose::pack::pack(&plant.published(), None);
    let shades = |label: &str| {
        let tile = view.tiles.iter().find(|tile| tile.label == label).unwrap();
        tile.value.shade
    };
    assert_eq!(shades("Cells"), Shade::Late);
    assert_eq!(shades("Temperature"), Shade::Late);
    assert_eq!(shades("Pack voltage"), Shade::Lost);
}

#[test]
fn a_floating_point_signal_keeps_its_decimals() {
    let mut plant = Plant::of("demo");
    plant.run(Duration::from_secs(20));
    let selected = Some(RowKey { bus: 0, id: 0x6F4, sent: false });
    let prefs = TrafficPrefs { selected, ..TrafficPrefs::default() };
    let view = compose::traffic::traffic(&plant.published(), &prefs);
    let panel = view.selected.unwrap();
    let fraction = panel.signals.iter().find(|signal| signal.name.contains("Fraction")).unwrap();
    let number: f64 = fraction.value.split_whitespace().next().unwrap().parse().unwrap();
    assert!(number > 0.01 && number < 0.99 && fraction.value.contains('.'), "{}", fraction.value);
}

#[test]
fn the_selected_id_keeps_its_bytes_when_the_filter_hides_its_row() {
    let mut plant = Plant::of("demo");
    plant.run(Duration::from_secs(20));
    let key = RowKey { bus: 0, id: 0x6F4, sent: false };
    let prefs = TrafficPrefs { selected: Some(key), ..TrafficPrefs::default() };
    let all = compose::traffic::traffic(&plant.published(), &prefs);
    let row = all.rows.iter().find(|row| row.key == key).unwrap();
    let prefs = TrafficPrefs { filter: "0x600".into(), ..prefs };
    let filtered = compose::traffic::traffic(&plant.published(), &prefs);
    assert!(filtered.rows.iter().all(|row| row.key != key));
    let panel = filtered.selected.unwrap();
    assert_eq!((panel.bytes, panel.shade), (row.bytes.clone(), row.shade));
}

#[test]
fn the_frame_names_profile_bus_and_person() {
    let mut plant = Plant::of("demo");
    plant.run(Duration::from_secs(3));
    let session = crate::engine::testing::local_session();
    let chrome = compose::chrome::chrome(&plant.published(), &session, &TimeZone::UTC);
    assert_eq!(chrome.profile, "Demo pack");
    assert_eq!(chrome.buses.len(), 1);
    assert_eq!(chrome.who, "Desktop \u{b7} full access");
    assert!(chrome.clock.ends_with("+00:00"), "{}", chrome.clock);
}
