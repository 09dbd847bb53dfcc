//! The small pieces every page is made of, drawn from finished values. They know the theme and
//! egui, nothing of packs or buses.

pub mod bits;
pub mod cell_map;
pub mod cell_plan;
pub mod charge_plot;
pub mod chip;
pub mod filter_box;
pub mod form;
pub mod list;
pub mod panel;
pub mod player;
pub mod readings;
pub mod text;
pub mod tiles;
pub mod trend;
