//! Makes views out of a snapshot: all judging, naming and formatting of what is shown is here.

pub mod cells;
pub mod chrome;
pub mod line;
pub mod pack;
pub mod parts;
pub mod start;
#[cfg(test)]
mod tests;
pub mod tiles;
pub mod traffic;
