//! The egui face (feature `desktop`): a window over a [`source::Source`]. It draws finished views
//! and turns what a person does into intents; it formats no number, judges no threshold and asks
//! for no permission by itself.

pub mod fonts;
pub mod icons;
pub mod source;
pub mod theme;
