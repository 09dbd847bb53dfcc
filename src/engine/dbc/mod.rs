//! DBC: text to schema to compiled codec; no devices, no files.
//!
//! [`parse`] never fails: what is sound becomes the [`Schema`], the rest a list of problems.
//! [`Codec`] decodes and encodes frames. Every signal stands on its own: one that overlaps
//! another, or that does not fit, spoils nothing else.

mod codec;
mod encode;
mod lanes;
mod layout;
mod lookup;
mod parse;
mod plan;
mod probe;
mod row;
mod run;
mod schema;
#[cfg(test)]
mod tests;

pub use codec::{Codec, MessageIndex};
pub use encode::EncodeError;
pub use lookup::parameter_group;
pub use parse::{Parsed, parse};
pub use probe::{Probe, Probed};
pub use row::Row;
pub use schema::{Kind, Label, Message, Schema, Signal};
