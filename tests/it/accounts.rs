//! People, through the door and the gate: who comes in, what orders about accounts do, and what
//! follows for those who are in.

mod anything;
mod coming_in;
mod command_line;
mod house;
mod links;
#[cfg(feature = "mail")]
mod mail;
mod orders;
mod settings;
mod staying;
