//! The Parts page: buses and components, their status in words, their settings.

use serde::Serialize;

use crate::view::components::ComponentOffers;
use crate::view::offer::Offer;
use crate::view::shown::{Lamp, Tile, Tone};

/// The page.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PartsView {
    /// Where the profile is kept.
    pub profile_file: String,
    /// Buses.
    pub buses: Vec<Part>,
    /// Components.
    pub components: Vec<Part>,
    /// Adding a component.
    pub add: Offer,
    /// The version of the profile that something is changed on.
    pub revision: String,
}

/// One bus or component.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// "Prohelion D1000 Gen 1", "Virtual bus".
    pub kind: String,
    /// Status dot.
    pub tone: Tone,
    /// "ok", "late", "lost", "never heard".
    pub status: String,
    /// The reason in words.
    pub sentence: String,
    /// Label and value, read-only.
    pub settings: Vec<(String, String)>,
    /// What its folder wants shown of it.
    pub panels: Vec<PanelView>,
    /// What can be done with a component.
    pub offers: Option<ComponentOffers>,
}

/// A group of readings and lamps of a part.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PanelView {
    /// What it is about.
    pub title: String,
    /// Numbers and words.
    pub tiles: Vec<Tile>,
    /// Flags.
    pub lamps: Vec<Lamp>,
}
