//! What holds for all parts of pages: they are found by their id, hold no script and no style, show
//! names as text, and are the same for everybody who looks.

use std::time::Duration;

use crate::engine::testing::plant::Plant;
use crate::engine::testing::roster::{roster, signed_in};
use crate::engine::{ChangeSettings, Session};
use crate::view::cells::CellKind;
use crate::view::fixtures;
use crate::web::pages::can::CanQuery;
use crate::web::pages::live::{self, Parts, Watched};
use crate::web::pages::paint;

fn of_fixtures() -> Parts {
    let mut parts = Parts::default();
    live::frame(&mut parts, &fixtures::chrome());
    live::pack(&mut parts, &fixtures::pack(110, 0));
    let query = CanQuery { id: "0-6FA-rx".into(), ..CanQuery::default() };
    live::can(&mut parts, &fixtures::traffic(&query.prefs()), &query);
    live::parts_page(&mut parts, &fixtures::parts());
    parts
}

#[test]
fn every_part_is_found_by_its_id_and_holds_no_script_and_no_style() {
    let parts = of_fixtures();
    assert_eq!(parts.iter().count(), 15);
    for (id, html) in parts.iter() {
        let head = html.split_once('>').unwrap().0;
        assert!(head.contains(&format!(" id=\"{id}\"")), "{id} begins with {head}");
        for inline in ["<script", " style=", " onclick=", "<style"] {
            assert!(!html.contains(inline), "{id} has {inline}");
        }
    }
}

#[test]
fn names_are_shown_as_text() {
    let evil = "<b>x</b>\"'&";
    let mut view = fixtures::pack(16, 0);
    evil.clone_into(&mut view.title);
    view.notes = vec![crate::view::shown::Note { text: evil.into(), ..Default::default() }];
    for cell in view.cells.rows.iter_mut().flat_map(|row| &mut row.cells) {
        evil.clone_into(&mut cell.name);
    }
    let mut parts = Parts::default();
    live::pack(&mut parts, &view);
    let mut chrome = fixtures::chrome();
    evil.clone_into(&mut chrome.profile);
    live::frame(&mut parts, &chrome);
    for (id, html) in parts.iter() {
        assert!(!html.contains("<b>x"), "{id}: {html}");
    }
    assert!(parts.get("bar").contains("&#60;b&#62;x"), "{}", parts.get("bar"));
}

#[test]
fn a_mistake_in_the_filter_is_marked_with_a_link_to_what_was_meant() {
    let said = |filter: &str| {
        let query = CanQuery { filter: filter.into(), sort: "count".into(), ..CanQuery::default() };
        let mut parts = Parts::default();
        live::can(&mut parts, &fixtures::traffic(&query.prefs()), &query);
        parts.get("filter-said").to_owned()
    };
    let html = said("mgs:<b>x");
    assert!(html.contains("<mark>mgs:</mark>&#60;b&#62;x") && !html.contains("<b>x"), "{html}");
    assert!(html.contains("href=\"/can?filter=msg%3A%3Cb%3Ex&#38;sort=count\""), "{html}");
    assert!(!said("msg:cmu*").contains("<p"));
}

#[test]
fn every_place_of_the_cell_map_has_a_tile_and_its_signs_in_words() {
    let view = fixtures::pack(110, 0);
    let mut parts = Parts::default();
    live::pack(&mut parts, &view);
    let html = parts.get("cells");
    let cells = || view.cells.rows.iter().flat_map(|row| &row.cells);
    assert_eq!(html.matches("class=\"tile").count(), cells().count());
    let low = html
        .split("class=\"tile")
        .filter(|tile| tile.split('"').next().is_some_and(|classes| classes.contains(" low")));
    assert_eq!(low.count(), 1);
    assert_eq!(html.matches("tile absent").count(), 2);
    let untrusted = cells().filter(|cell| cell.kind == CellKind::Untrusted).count();
    assert_eq!(html.matches("tile untrusted").count(), untrusted);
    let late = cells().find(|cell| paint::tile(cell).contains(" late")).unwrap();
    assert_eq!(paint::tip(late), late.hover);
    let fresh = cells().find(|cell| !paint::tile(cell).contains(" late")).unwrap();
    assert_eq!(paint::tip(fresh), fresh.name);
}

#[test]
fn whoever_looks_sees_the_same_parts() {
    let mut plant = Plant::of("demo");
    plant.run(Duration::from_secs(5));
    let snapshot = plant.published();
    let roster = roster();
    let sessions: Vec<_> =
        roster.accounts.iter().map(|account| signed_in(account, account.id.0)).collect();
    let pages = [
        Watched::Frame,
        Watched::Pack(None),
        Watched::Pack(Some("BMU".into())),
        Watched::Can(CanQuery::default()),
    ];
    let same = |watched: &Watched, sessions: &[&Session]| {
        let drawn: Vec<Parts> =
            sessions.iter().map(|session| live::parts(watched, &snapshot, session)).collect();
        assert!(drawn.windows(2).all(|pair| pair[0] == pair[1]), "{watched:?} differs");
    };
    for watched in pages {
        same(&watched, &sessions.iter().collect::<Vec<_>>());
    }
    // Who may change them is shown how, and everybody else is not.
    for change in [true, false] {
        let some: Vec<&Session> =
            sessions.iter().filter(|one| one.may(ChangeSettings) == change).collect();
        assert!(!some.is_empty());
        same(&Watched::Parts(live::Seat { change, ..live::Seat::default() }), &some);
    }
}
