//! Busbar: a desktop console for battery packs on a CAN bus.
//!
//! These are the words to read first: where everything is, what it may touch, what must stay true.
//!
//! # Layers
//!
//! ```text
//! base -> engine [ access -> can -> dbc -> device -> pack -> profile -> hub -> door ] -> view -> { desktop, web, cli } -> boot
//!                             sim hangs off can, dbc and device
//! ```
//!
//! A module names itself and what stands to its left, nothing else; `tests/tidy.rs` holds that.
//!
//! | module | what it is | what it does not know |
//! |---|---|---|
//! | [`base`] | time, units, readings with an age, names, problems; the one `now()` | batteries, files, threads |
//! | `engine::access` | who may do what; a permission is a [`Grant`](engine::Grant) that must be held | what is done with it |
//! | `engine::can` | frames, buses, recordings, and the guard before every wire | what a frame means |
//! | `engine::dbc` | text to schema to compiled codec | devices, files |
//! | `engine::device` | what a message means: folders of data plus a little code | buses, clocks |
//! | `engine::pack` | cells, totals, flags and their ages at a moment; pure | where facts come from |
//! | `engine::profile` | what is connected to what, as a TOML file | the running plant |
//! | `engine::sim` | simulated devices that speak real frames; cell physics; scenes | who listens |
//! | `engine::hub` | the one owner of live state: events in, effects out | I/O, clocks, threads |
//! | `engine::drive` | all threads around the hub | decisions |
//! | `engine::door` | the one way in: orders from every face, snapshots out | what an order does |
//! | `engine::prepare` | orders made out of files: profiles, DBCs, scenes, recordings | the running plant |
//! | `engine::offline` | work on files without a running engine | the hub |
//! | [`view`] | what is shown, as finished plain data; `view::compose` makes it out of a snapshot | egui, HTML, terminals |
//! | `desktop` | the window: draws views, returns intents | numbers, thresholds, permissions |
//! | `web` | the listener; the only async | the local seat |
//! | [`cli`] | the commands | how the engine is built |
//! | [`boot`] | starts the engine and the faces, hands out the seat | everything else |
//!
//! The children of [`engine`] are private: what a face may name is what `engine/mod.rs` re-exports.
//!
//! # What must stay true
//!
//! - **One owner.** Only the hub changes live state, and `Hub::step` is a function of its
//!   state, an event and the time it is given. Everybody else reads an immutable
//!   [`Snapshot`](engine::Snapshot).
//! - **One door.** Every change from every face is an [`Order`](engine::Order) that names the
//!   permission it needs; the hub takes only what the door admitted from a grant.
//! - **The seat is one object.** [`start`](engine::start) makes the only
//!   [`LocalSeat`](engine::LocalSeat); the web never sees it.
//! - **The guard stands before the wire.** A bus sends only [`Cleared`](engine::Cleared), which only
//!   the guard makes, and the guard is silent until rules name what may pass. The console itself
//!   sends nothing yet; simulated devices do, through guards of their own.
//! - **Every reading has an age.** Late is dimmed, lost is a dash, a sentinel is no number. On a
//!   recording, ages are measured against the recording's own clock.
//! - **Current and power into the battery are positive**, everywhere; a device's own sign is turned
//!   round at its edge.
//! - **Nothing grows for ever.** Every queue, table, list and ring has a stated bound; what does not
//!   fit is counted.
//!
//! # The way of a frame
//!
//! A thread `rx:<bus>` takes a batch of frames from its wire (`can::bus::BusRx`) and puts it into
//! the hub's inbox. The hub enters each into the by-id table, finds the component that owns the id,
//! and lets its device turn the frame into facts (`device::Fact`), which its model takes
//! in (`pack::Pack`). Ten times a second, or at once when a person waits for it, the hub makes a
//! snapshot; the door wakes whoever watches; a face composes the views it shows.
//!
//! # The way of an order
//!
//! A face makes an order and gives it to the door with its session. The door asks the one policy
//! table for the grant, logs a line to the target `journal` (seen with `BUSBAR_LOG=journal=info`), and puts the admitted order into the
//! inbox. The hub carries it out and answers the ticket; what has to happen outside (opening buses)
//! it asks of `drive` as an effect.
//!
//! # Deliberately absent
//!
//! - No stored journal, no accounts, no pages on the web: until they exist the listener answers
//!   `/health` only, and stays on this machine.
//! - No answer of an order but done or refused, and no charge control: they come with what needs
//!   them.
//! - No plug-ins and no global state: the clock, the virtual buses and the catalog are values that
//!   are handed on.

pub mod base;
pub mod boot;
pub mod cli;
#[cfg(feature = "desktop")]
pub mod desktop;
pub mod engine;
pub mod view;
#[cfg(feature = "web")]
pub mod web;
