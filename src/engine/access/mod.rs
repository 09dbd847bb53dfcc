//! Who may do what. Permission is a value that must be held: [`Grant`](grant::Grant) is minted by a
//! [`Session`](grant::Session) from the one policy table and nowhere else. Plain values of accounts
//! and settings live here too; who keeps them does not.

pub(crate) mod account;
pub(crate) mod actor;
pub(crate) mod backoff;
pub(crate) mod budget;
pub(crate) mod grant;
pub(crate) mod life;
pub(crate) mod password;
pub(crate) mod permission;
pub(crate) mod range;
pub(crate) mod roster;
pub(crate) mod secret;
pub(crate) mod settings;
