//! Who may do what. Permission is a value that must be held: [`Grant`] is minted by a
//! [`Session`] from the one policy table and nowhere else.

pub(crate) mod actor;
pub(crate) mod grant;
pub(crate) mod permission;
