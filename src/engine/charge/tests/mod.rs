//! The machine against a small pack and charger of its own: closed loop, in virtual time.

mod bench;
mod faults;
mod flow;
mod keys;
mod others;
mod starts;
mod stops;
mod table;
mod taper;
