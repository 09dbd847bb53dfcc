//! The machine against a small pack and charger of its own: closed loop, in virtual time.

mod bench;
mod faults;
mod flow;
mod starts;
mod stops;
mod taper;
