//! Work on files without a running engine: decode or convert a recording, check a DBC, inspect a pack. Returns
//! plain data or writes to a given writer; never prints.

pub mod check;
pub mod convert;
pub mod decode;
pub mod discover;
pub mod inspect;
pub mod logs;
pub mod profiles;
pub mod record;
pub mod replay;
pub mod save;
