//! The frame around every page: rail, top bar, bottom line, palette, help.

pub mod bars;
pub mod overlay;
pub mod path_box;
pub mod rail;
