//! DBC: text to schema to compiled codec; no devices, no files.
//!
//! [`parse`] never fails: what is sound becomes the [`Schema`], the rest a list of problems.
//! [`Codec`] decodes and encodes frames. [`edit`] changes a schema by values that can be undone, and
//! [`write`] makes a file of it again. Every signal stands on its own: one that overlaps
//! another, or that does not fit, spoils nothing else.

mod codec;
pub mod edit;
mod encode;
mod extent;
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
mod write;

pub use codec::{Codec, MessageIndex};
pub use encode::EncodeError;
pub use extent::Extent;
pub use layout::bits;
pub use lookup::parameter_group;
pub use parse::{Encoding, Form, LineEnd, Parsed, parse};
pub use probe::{Probe, Probed};
pub use row::Row;
pub use schema::{
    Attribute, AttributeValue, Kind, Label, Message, Order, Role, Schema, Selection, Signal,
};
pub use write::{WriteError, Written, write};
