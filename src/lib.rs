//! Busbar: a desktop console for battery packs on a CAN bus.
//!
//! These are the words to read first: where everything is, what it may touch, what must stay true.
//!
//! # Layers
//!
//! ```text
//! base -> engine [ access -> can -> dbc -> filter -> device -> discovery -> supply -> watchdog -> pack -> profile -> store -> people -> orders -> hub -> curves -> door ]
//!             -> view -> { desktop, web, cli } -> boot
//!                             sim hangs off can, dbc and device
//! ```
//!
//! A module names itself and what stands to its left, nothing else; `tests/tidy.rs` holds that.
//!
//! | module | what it is | what it does not know |
//! |---|---|---|
//! | [`base`] | time, units, readings with an age, names, problems; the one `now()` | batteries, files, threads |
//! | `engine::access` | who may do what; a permission is a [`Grant`](engine::Grant) that must be held | what is done with it |
//! | `engine::log` | what the program says of itself, bounded, without secrets, in memory and in files | who reads it |
//! | `engine::machine` | room on the disk, memory, the clock | what becomes of it |
//! | `engine::needs` | libraries, portal and kernel parts that this machine lacks, and what brings them | who says so |
//! | `engine::can` | frames, buses, recordings, and the guard before every wire | what a frame means |
//! | `engine::dbc` | text to schema to compiled codec, changes that can be undone, and back to text | devices, files |
//! | `engine::filter` | the one language that picks frames: text to a compiled predicate, with completion | devices, files, faces |
//! | `engine::device` | what a message means: folders of data plus a little code | buses, clocks |
//! | `engine::discovery` | what a bus says, as kinds of devices with a score and its reasons; pure | the running plant |
//! | `engine::supply` | bench supplies that are spoken to in text over TCP | packs, stations, frames |
//! | `engine::watchdog` | the second process that stops what a dead console cannot | who charges what |
//! | `engine::pack` | cells, totals, flags and their ages at a moment; pure | where facts come from |
//! | `engine::profile` | what is connected to what, as a TOML file | the running plant |
//! | `engine::store` | the only SQL: one file, one thread that writes, the chained journal | who may do what |
//! | `engine::backup` | everything of a data folder as one file, and back | orders, faces, what runs |
//! | `engine::people` | accounts, passwords, links, sessions, mail; the gate through which people come in | packs, buses |
//! | `engine::orders` | every change as a value that names its permission; what those about people do | faces |
//! | `engine::campaign` | random charges with faults on simulated packs, and a judge that looks at the cells | hub, store, faces |
//! | `engine::sim` | simulated devices that speak real frames; cell physics; scenes | who listens |
//! | `engine::hub` | the one owner of live state: events in, effects out | I/O, clocks, threads |
//! | `engine::curves` | signals over time, gathered from a tape by a thread and kept for drawing, and as a table | plants, faces, files |
//! | `engine::drive` | all threads around the hub | decisions |
//! | `engine::door` | the one way in: orders from every face, snapshots out | what an order does |
//! | `engine::prepare` | orders made out of files: profiles, DBCs, scenes, recordings | the running plant |
//! | `engine::offline` | work on files without a running engine | the hub |
//! | [`view`] | what is shown, as finished plain data; `view::compose` makes it out of a snapshot | egui, HTML, terminals |
//! | `desktop` | the window: draws views, returns intents | numbers, thresholds, permissions |
//! | `web` | the listener: pages, API, live streams; the only async | the local seat |
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
//!   [`LocalSeat`](engine::LocalSeat); the web never sees it. A command about accounts gets one from
//!   [`office`](engine::office), because whoever may write the files of the data folder owns them.
//! - **What is not written down is not done.** A change of people or settings and its journal line are
//!   one transaction; an order for the plant waits until its line is on the disk. Only what makes
//!   things safer goes first and is written after. A line that nobody waits for and that cannot be
//!   kept (a full queue, a full disk) is counted, and the journal itself says how many are missing.
//! - **Taking away works at once.** A session carries its life; whoever holds it asks again for every
//!   request and every picture of a stream, and it ends when rights shrink, wherever that was done.
//! - **One table of routes.** A route is entered with who may use it, and only that entry lets a
//!   request through; the handler still needs a grant.
//! - **Secrets do not come back.** Passwords and tokens are kept as hashes, shown at most once, and
//!   have no text in logs, journal or pages. What has to be said to another system (`store::secrets`: the
//!   mail server's password) is sealed under a key in a file of its own, opened by whoever says it, and
//!   shown by nobody.
//! - **The guard stands before the wire.** A bus sends only [`Cleared`](engine::Cleared), which only
//!   the guard makes, and the guard is silent until rules name what may pass. What the console sends is
//!   the command of a charger and the vehicle's switches, through a thread `tx:<bus>` whose guard wants
//!   the hub's heartbeat for everything but a stop; simulated devices have guards of their own.
//!   What people send by hand goes by a second guard of that thread: the bus must be armed, for a
//!   time, and what sets devices up is never sent. A profile keeps messages to be sent so; none is
//!   ever sent by itself.
//! - **A charge goes on only while everything is seen to be well.** Its whole intent is derived anew
//!   ten times a second, nothing resumes by itself, and a stop waits for nothing and always ends.
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
//! snapshot; the door wakes whoever watches; a face composes the views it shows. Every
//! frame also goes onto the tape (`can::tape`), of which a trace shows the rows that are seen.
//!
//! A recording that is looked at takes a shorter way: `offline::logs` reads it onto a tape of its own,
//! beside whatever runs, and the same trace, table by id and plot (`curves`) are made of that.
//!
//! # The way of an order
//!
//! A face makes an order and gives it to the door with its session. The door asks the one policy
//! table for the grant; a refusal is a journal line too. An order for the plant becomes a line "asked"
//! on the historian's thread, and once that is committed an admitted order in the hub's inbox; the hub
//! carries it out, what has to happen outside (opening buses) it asks of `drive` as an effect, and
//! another line says how it ended. An order about people or settings is a deed that the historian does
//! in one transaction with its line; after the commit the roster is made anew, and then the ticket is
//! answered.
//!
//! # The way of a charge
//!
//! Somebody starts one by an order; the hub's bay for that pack (`hub::charging`) hands it to its
//! station (`engine::charge`), which says ten times a second what is due. The hub makes frames of that
//! (`Device::encode`), a thread `tx:<bus>` takes them to the wire through its guard, and what comes
//! back is seen in the next step. A frame that does not go out ends the charge. If the hub's thread
//! ends, its heartbeat ends with it: after half a second the sending threads tell every charger that
//! was told to charge to stop. Before the program ends or changes its profile, what charges is stopped.
//!
//! # The way of a recording
//!
//! Somebody starts one by an order ([`StartRecording`](engine::StartRecording)), or the profile has it. The
//! hub (`hub::recording`) knows which there are and when charges and faults begin and end them; a thread
//! `recorder` for each (`drive::recorder`) writes. What its buses put on the tape is handed to a tap for
//! each of them (`can::record::tap`), which never waits: what does not fit is counted and becomes a gap.
//! The thread sifts, looks for the frames that begin and end it, takes what came before out of the tape,
//! and hands frames to `can::record::roll`, which forces them onto the disk once a second, begins new files
//! and gives up old ones. What is known of a file stands beside it in a label, out of which the folder
//! (`can::record::shelf`) is listed; its recordings go by names that are never paths.
//!
//! # The way of a replay
//!
//! A recording that is sent onto buses ([`StartReplay`](engine::StartReplay)) is decided over by the hub
//! (`hub::hand::replays`): onto which buses, whether they are armed, who let it go on, whether a charge is
//! in the way. A thread `replay:<name>` reads it, by the same feed as a recording that is played as a bus
//! (`can::replay`), keeps absolute deadlines and gives frames, when they are due, to the thread
//! `tx:<bus>`, whose guard for replays has the last word; what is due together goes together, and nothing
//! more is given before it is known what became of that. A gate that the word to pause or stop shuts
//! first is looked at before every frame and keeps back whatever was given and not yet sent. It never
//! starts or goes on by itself. `busbar replay` does the same without an engine (`offline::replay`).
//!
//! # The way of a request
//!
//! `web::listen` takes the connection within its limits, `web::shield` looks at sizes, host and origin
//! and puts the headers on the answer, `web::visitor` asks the gate for the session behind the cookie
//! or the token, the route's entry in `web::table` lets it through or not, and the handler asks its
//! session for the grant that the door wants to see. Pages draw what `view` composes; work that blocks
//! goes aside.
//!
//! # Deliberately absent
//!
//! - No history of readings: the store keeps people, settings and the journal.
//! - No shortening of the journal, and no anchor of it outside the machine: `busbar doctor` prints the
//!   hash of the last line, to be noted elsewhere by whoever wants one.
//! - No script that decides anything: pages work without it, and with it only replace what the server
//!   has drawn.
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
