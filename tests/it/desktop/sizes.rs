//! Every page of the window at many sizes.

use busbar::desktop::command::Page;
use busbar::desktop::fixture::FixtureSource;
use busbar::desktop::pages::admin::Tab;
use egui::accesskit::Role;
use egui::{Key, Vec2};
use egui_kittest::kittest::Queryable;

use super::{LARGE, SMALLEST, open, overlaps, playing};

#[test]
fn nothing_overlaps_or_leaves_the_window_on_any_page_at_any_size() {
    for size in [
        SMALLEST,
        LARGE,
        Vec2::new(720.0, 450.0),
        Vec2::new(512.0, 320.0),
        Vec2::new(3840.0, 2160.0),
    ] {
        for page in Page::ALL {
            let mut window = open(FixtureSource::running(12), size);
            window.ctrl(page.key());
            let found = overlaps(&window, size);
            assert_eq!(found, Vec::<String>::new(), "{page:?} at {size:?}");
        }
        // In a narrower window their tables scroll sideways.
        let tabs = Tab::ALL.into_iter().filter(|_| size.x >= SMALLEST.x);
        for tab in tabs {
            let mut window = open(FixtureSource::running(12), size);
            window.ctrl(Page::Admin.key());
            window.harness.get_by_role_and_label(Role::Tab, tab.title()).click();
            // What is shown is looked at aside.
            window.harness.run();
            window.harness.run();
            let found = overlaps(&window, size);
            assert_eq!(found, Vec::<String>::new(), "{} at {size:?}", tab.title());
        }
        // With a player a lower window hides part of the page behind a scroll.
        if size.y >= SMALLEST.y {
            let mut window = playing(size);
            window.ctrl(Key::Num3);
            assert_eq!(overlaps(&window, size), Vec::<String>::new(), "a recording at {size:?}");
        }
    }
}

#[test]
fn every_page_stands_300_percent_in_the_smallest_window() {
    let mut window = playing(SMALLEST);
    window.harness.ctx.set_zoom_factor(3.0);
    for page in Page::ALL {
        window.ctrl(page.key());
        assert!(window.count("Pause") == 1, "the player is still there on {page:?}");
    }
}
