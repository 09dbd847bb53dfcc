//! The parts of a page that change by themselves: each a piece of HTML with an id of its own. A page
//! is drawn with them, and the same parts are drawn again and sent when the plant changes. Everybody
//! who looks at the same page is sent the same parts: nothing in them depends on who looks.

use askama::Template;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::engine::{ChangeSettings, ChargePacks, Session, Snapshot};
use crate::view::cells::{CellMap, CellTile};
use crate::view::charge::{ChargePrefs, ChargeView, CurveLine, SafetyText};
use crate::view::chrome::Chrome;
use crate::view::compose;
use crate::view::compose::plot::{self, Series};
use crate::view::pack::{ContactorsView, PackView};
use crate::view::parts::PartsView;
use crate::view::report::PlotView;
use crate::view::shown::{Lamp, Note, Shown, Tile};
use crate::view::traffic::TrafficView;
use crate::web::pages::can::CanQuery;
use crate::web::pages::trace::TraceQuery;
use crate::web::pages::{buses, recordings, replay, send, trend};
use crate::web::shared::Shared;

/// Which page, and what of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Watched {
    /// The frame around every page alone.
    Frame,
    /// The Pack page with the tab of this label.
    Pack(Option<String>),
    /// The page for displays.
    Display,
    /// The CAN page.
    Can(CanQuery),
    /// The trace page.
    Trace(TraceQuery),
    /// The Send page, with a frame for the bus of this name.
    Send(String),
    /// The Replay page.
    Replay,
    /// The Buses page.
    Buses,
    /// The page of recordings.
    Recordings,
    /// The Parts page, for whoever sits so.
    Parts(Seat),
    /// The Charge page of the pack of this name, for whoever sits so.
    Charge(Option<String>, Seat),
}

/// What decides which buttons of the Charge page and the Parts page can be pressed: everybody with the same seat is sent
/// the same parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Seat {
    pub(super) charge: bool,
    pub(super) change: bool,
    pub(super) is_read: bool,
}

impl Seat {
    /// The seat of `session`.
    #[must_use]
    pub fn of(shared: &Shared, session: &Session) -> Self {
        Self {
            charge: session.may(ChargePacks),
            change: session.may(ChangeSettings),
            is_read: shared.door().has_read_safety_text(session),
        }
    }
}

/// The query of the Pack page.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct PackQuery {
    /// Label of the pack or BMS that is shown.
    pub pack: Option<String>,
}

/// Parts of a page by id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts(Vec<(&'static str, String)>);

impl Parts {
    /// The HTML of a part; empty where the page has none of this id.
    #[must_use]
    pub fn get(&self, id: &str) -> &str {
        self.0.iter().find(|(own, _)| *own == id).map_or("", |(_, html)| html)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(id, html)| (*id, html.as_str()))
    }

    /// Adds a place that is empty by now, and may be filled later on the same page.
    fn blank(&mut self, id: &'static str) {
        self.0.push((id, format!("<div id=\"{id}\" hidden></div>")));
    }

    /// Adds a part.
    pub fn add(&mut self, id: &'static str, part: &impl Template) {
        match part.render() {
            Ok(html) => self.0.push((id, html.trim().to_owned())),
            Err(error) => tracing::error!(%error, id, "a part of a page cannot be drawn"),
        }
    }
}

macro_rules! parts {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $kind:ty),* } = $path:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Template)]
        #[template(path = $path, config = ".config/askama.toml")]
        struct $name<'v> { $($field: $kind),* }
    )*};
}

parts! {
    /// Profile, buses, alarms.
    Bar { chrome: &'v Chrome } = "parts/bar.html";
    /// Sentences that concern everything, and the player.
    Notes { chrome: &'v Chrome } = "parts/notes.html";
    /// Counters and clock.
    Bottom { chrome: &'v Chrome } = "parts/bottom.html";
    /// Name, state and age of a pack.
    Head { view: &'v PackView } = "parts/pack_head.html";
    /// Sentences about a pack.
    PackNotes { notes: &'v [Note] } = "parts/pack_notes.html";
    /// All packs of a display that has several.
    Packs { packs: &'v [(String, PackView)] } = "parts/packs.html";
    /// Totals.
    Tiles { tiles: &'v [Tile] } = "parts/tiles.html";
    /// The cell map.
    Cells { map: &'v CellMap } = "parts/cells.html";
    /// Sequence and contactors.
    Contactors { view: &'v ContactorsView } = "parts/contactors.html";
    /// Event flags.
    Events { events: &'v [Lamp] } = "parts/events.html";
    /// Limits and facts.
    Facts { facts: &'v [Tile] } = "parts/facts.html";
    /// Two lines over time.
    TrendPart { trend: &'v trend::Drawing } = "parts/trend.html";
    /// By-id rows.
    Rows { view: &'v TrafficView, query: &'v CanQuery } = "parts/rows.html";
    /// What is wrong with the filter.
    Filter { view: &'v TrafficView, query: &'v CanQuery } = "parts/filter.html";
    /// Signals of the selected id.
    Signals { view: &'v TrafficView } = "parts/signals.html";
    /// Where a charge stands.
    ChargeHead { view: &'v ChargeView } = "parts/charge_head.html";
    /// What was counted.
    ChargeFigures { tiles: &'v [(&'static str, &'v Shown)] } = "parts/charge_figures.html";
    /// Its plot.
    ChargePlot { plots: &'v [PlotView], empty: &'v str } = "parts/charge_plot.html";
    /// What may be done.
    ChargeDo { view: &'v ChargeView, can_apply: bool } = "parts/charge_do.html";
    /// Preconditions or interlocks.
    ChargeChecks { view: &'v ChargeView } = "parts/charge_checks.html";
    /// The charger.
    ChargeCharger { view: &'v ChargeView } = "parts/charge_charger.html";
    /// What happened.
    ChargeLog { view: &'v ChargeView } = "parts/charge_log.html";
    /// Buses and components.
    PartsPart { view: &'v PartsView } = "parts/parts.html";
}

/// Draws the parts of a page.
#[must_use]
pub fn parts(watched: &Watched, snapshot: &Snapshot, session: &Session) -> Parts {
    let mut parts = Parts::default();
    let chrome = compose::chrome::chrome(snapshot, session, &TimeZone::system());
    match watched {
        // Nothing of the frame that could be pressed, and no sentence meant for whoever can do something.
        Watched::Display => parts.add("bottom", &Bottom { chrome: &chrome }),
        Watched::Frame
        | Watched::Trace(_)
        | Watched::Pack(_)
        | Watched::Can(_)
        | Watched::Charge(..)
        | Watched::Send(_)
        | Watched::Replay
        | Watched::Buses
        | Watched::Recordings
        | Watched::Parts(_) => frame(&mut parts, &chrome),
    }
    match watched {
        // The rows of a trace are found by whoever keeps where it stands.
        Watched::Frame | Watched::Trace(_) => {}
        Watched::Pack(label) => {
            pack(&mut parts, &compose::pack::pack(snapshot, label.as_deref()));
        }
        Watched::Display => display(&mut parts, snapshot),
        Watched::Can(query) => {
            can(&mut parts, &compose::traffic::traffic(snapshot, &query.prefs()), query);
        }
        Watched::Charge(pack, seat) => {
            let safety = if seat.is_read { SafetyText::Read } else { SafetyText::Unread };
            let pack = pack.clone();
            let prefs = ChargePrefs { pack, safety, ..ChargePrefs::default() };
            let view = compose::charge::charge(snapshot, &prefs, session, &TimeZone::system());
            charge(&mut parts, &view, session.may(ChargePacks));
        }
        Watched::Send(bus) => {
            let prefs = send::on_bus(bus);
            send::add(&mut parts, &compose::sending::sending(snapshot, session, &prefs));
        }
        Watched::Replay => replay::add(&mut parts, snapshot, session),
        Watched::Buses => buses::add(&mut parts, &compose::buses::buses(snapshot, session)),
        Watched::Recordings => {
            let zone = TimeZone::system();
            recordings::add(&mut parts, &compose::recordings::recording(snapshot, session, &zone));
        }
        Watched::Parts(_) => {
            parts_page(&mut parts, &compose::parts::parts(snapshot, session));
        }
    }
    parts
}

/// The ids of what is shown of one pack.
const OF_A_PACK: [&str; 8] =
    ["pack-head", "pack-notes", "tiles", "cells", "contactors", "events", "facts", "trend"];

/// The parts of a display: one pack in full, or several beside each other. Every part is there either
/// way, because the profile may change below a display that nobody loads again.
fn display(parts: &mut Parts, snapshot: &Snapshot) {
    let packs = compose::pack::every(snapshot);
    if packs.len() > 1 {
        parts.add("packs", &Packs { packs: &packs });
        OF_A_PACK.into_iter().for_each(|id| parts.blank(id));
    } else {
        parts.blank("packs");
        pack(parts, &compose::pack::pack(snapshot, None));
    }
}

/// The parts of the frame.
pub fn frame(parts: &mut Parts, chrome: &Chrome) {
    parts.add("bar", &Bar { chrome });
    parts.add("notes", &Notes { chrome });
    parts.add("bottom", &Bottom { chrome });
}

/// The parts of the Pack page.
pub fn pack(parts: &mut Parts, view: &PackView) {
    parts.add("pack-head", &Head { view });
    parts.add("pack-notes", &PackNotes { notes: &view.notes });
    parts.add("tiles", &Tiles { tiles: &view.tiles });
    parts.add("cells", &Cells { map: &view.cells });
    parts.add("contactors", &Contactors { view: &view.contactors });
    parts.add("events", &Events { events: &view.events });
    parts.add("facts", &Facts { facts: &view.facts });
    parts.add("trend", &TrendPart { trend: &trend::Drawing::of(&view.trend) });
}

/// The parts of the CAN page.
pub fn can(parts: &mut Parts, view: &TrafficView, query: &CanQuery) {
    parts.add("filter-said", &Filter { view, query });
    parts.add("rows", &Rows { view, query });
    parts.add("signals", &Signals { view });
}

/// The parts of the Charge page.
fn charge(parts: &mut Parts, view: &ChargeView, can_apply: bool) {
    let drawn = view.curve.lines.iter().map(|line| plot_of(view, line));
    // One sentence says that there is nothing yet, not one for each line.
    let plots: Vec<PlotView> = drawn.filter(|plot| plot.empty.is_empty()).collect();
    let tiles = [
        ("Time left", &view.left),
        ("Charge", &view.ah),
        ("Energy", &view.kwh),
        ("Elapsed", &view.elapsed),
    ];
    parts.add("charge-head", &ChargeHead { view });
    parts.add("charge-figures", &ChargeFigures { tiles: &tiles });
    parts.add("charge-plot", &ChargePlot { plots: &plots, empty: &view.curve.empty });
    parts.add("charge-do", &ChargeDo { view, can_apply });
    parts.add("charge-checks", &ChargeChecks { view });
    parts.add("charge-charger", &ChargeCharger { view });
    parts.add("charge-log", &ChargeLog { view });
}

/// A line of the plot as a drawing with its own scale.
fn plot_of(view: &ChargeView, line: &CurveLine) -> PlotView {
    let seconds = view.curve.seconds.iter().copied();
    let points = seconds.zip(line.values.iter().copied()).collect();
    let title = if line.now.is_empty() {
        line.label.clone()
    } else {
        format!("{} {}", line.label, line.now)
    };
    let mut drawn = plot::plot(&title, &line.unit, &[Series { label: line.label.clone(), points }]);
    if !line.now.is_empty() {
        // The value now says its unit itself.
        drawn.unit.clear();
    }
    drawn
}

/// The part of the Parts page.
pub fn parts_page(parts: &mut Parts, view: &PartsView) {
    parts.add("parts", &PartsPart { view });
}

impl Cells<'_> {
    /// Places that a row leaves free at its end.
    fn free(&self, cells: &[CellTile]) -> std::ops::Range<usize> {
        cells.len()..self.map.columns
    }
}
