//! `/api/v1/live`: snapshots and changes over WebSocket.
//!
//! # The protocol
//!
//! Text messages with JSON. Whoever connects needs a session with `read_settings`, by
//! `Authorization: Bearer` or by cookie; a browser's page must be one of our own. A client sends
//!
//! ```json
//! {"subscribe": {"id": "a", "packs": ["*"], "charges": ["*"],
//!   "signals": ["pack/*/voltage_v", "signal/can0/*"], "events": true, "frames": {"bus": "can0", "ids": ["0x6F4", 1780]}, "rate_hz": 10}}
//! {"unsubscribe": "a"}
//! ```
//!
//! `id` (1 to 32 characters) is the client's own name for the subscription; the same `id` again takes
//! its place. At least one of these is asked for:
//!
//! | field | what |
//! |---|---|
//! | `packs` | names of packs, or `*` for all; at most 64 |
//! | `charges` | names of packs whose charge is wanted, or `*` for all; at most 64 |
//! | `signals` | patterns, at most 32; `*` stands for any characters, `/` among them |
//! | `events` | `true` for notices and raised flags |
//! | `frames` | the by-id table: `bus` (a name), `ids` (at most 64), `id` with `mask`, `name` (a pattern for the message), `filter` (in the language of the CAN page); `{}` for all; needs `send_receive_can` |
//! | `trace` | every frame in the order it comes: `filter` as above; `{}` for all; needs `send_receive_can` |
//! | `replays` | `true` for the recordings that are sent onto buses; needs `send_receive_can` |
//! | `rate_hz` | most messages a second, 1 to 20, 10 unless given; rounded down to 20 divided by a whole number |
//!
//! It is told, each with the `id` of the subscription and the time `at` of the snapshot:
//!
//! ```json
//! {"subscription":"a","rate_hz":10,"at":"2026-03-01T12:00:00.000Z","snapshot":{...}}
//! {"subscription":"a","at":"2026-03-01T12:00:00.100Z","change":{...}}
//! {"subscription":"a","missed":3,"at":"2026-03-01T12:00:00.500Z","snapshot":{...}}
//! {"error":{"code":"invalid","detail":"..."}}
//! {"ended":{"code":"signed_out","reason":"..."}}
//! ```
//!
//! A `change` is a JSON merge patch (RFC 7396) on the state told before: objects go into each other,
//! `null` takes away, everything else takes the place of what was there. A `snapshot` is the whole
//! state. `missed` says how many changes were left out because the client did not take them in time;
//! the snapshot with it holds what they would have said. Where nothing changes, an empty change comes
//! once a second: a client that hears nothing for some seconds is not shown what is true now.
//!
//! The state has a member for each thing asked for. What is not known is absent.
//!
//! | member | what |
//! |---|---|
//! | `packs` | by name: `voltage_v`, `current_a`, `power_w` (positive into the battery), `cell_sum_v`, `soc_percent`, `soc_source`, `used_ah`, `capacity_ah`, `pack_state`, `min_cell_mv`, `max_cell_mv`, `mean_cell_mv`, `spread_mv`, `cells_counted`, `cells_untrusted`, `cells_lost`, `cells_balancing`, `min_c`, `max_c`, `balance_on_mv`, `balance_off_mv`; `flags` (raised ones), `remarks`, `presence` (`never`, `fresh`, `late`, `lost`), `level`, `late` (names of overdue quantities), `modules` by number with `serial`, `cell_c`, `board_c`, `presence`, `cells_mv`, `cell_states`, `balancing` |
//! | `charges` | by name of the pack: `state`, `running`, `step`, `paused`, `ended`, `by`, `stop_if_i_leave`, `charger`, `set`, `governor` (the limit that governs), `told`, `latches`, `meter` (to the whole second), `seen_pack`, `seen_charger`, `record`, `pace`, `demo`, as in `GET /api/v1/packs/{id}/charge` but without ages; `reasons`: by the name of a check that does not hold, why it does not and what to do |
//! | `signals` | by name: `{"value", "unit", "label", "late"}`; `pack/PACK/QUANTITY` for the quantities above, `signal/BUS/MESSAGE/SIGNAL` for what devices and DBC files decode; at most 2000 |
//! | `events` | `notices` by subject, `flags` by pack and name with `level` and `text` |
//! | `frames` | by `BUS/ID/received` or `BUS/ID/sent`: `kind`, `name`, `data` (hexadecimal), `length` (of a remote request), `count`, `cycle_ms`, `late`; at most 1000 |
//! | `trace` | `frames` since the message before, oldest first, each with `number`, `at_s` on the clock of its bus, `bus`, `id`, `way` (`received` or `sent`), `kind`, `data`, `length` of a remote request, `name`; `after` is the first number that was looked at and `next` the first that was not, so that a reader who misses a message sees the gap; at most 500, the newest, and `left_out` says how many more there were. Counting begins with the subscription |
//! | `replays` | by name, as in `GET /api/v1/replays`: `recording`, `bus`, `state`, `position_s`, `sent`, `refused`, `late` and so on |
//! | `left_out` | how many `signals` or `frames` there was no room for |
//!
//! A connection has at most 8 subscriptions. It ends with `ended` and a close code: 4001 the session
//! has ended (`code` as for sessions: `expired`, `rights_changed`, ...), 4003 a right is missing, 1001
//! the listener stops, 1008 more than 5 faulty messages or more than 20 messages a second, and the
//! codes of RFC 6455 for a broken rule; a message has at most 16 KiB. The server pings after 3 s of
//! silence and gives up after 45 s. Whoever answers is there: a charge that stops when whoever started
//! it leaves goes on while the session that started it is heard here.
//!
//! # The parts
//!
//! | module | what it is |
//! |---|---|
//! | `handshake` | the upgrade of the request |
//! | `wire` | frames: heads of messages out, a strict parser in |
//! | `ask` | what a client asks for |
//! | `state` | what it is told, as JSON made out of a snapshot |
//! | `charge` | the part of it that tells of charges |
//! | `frames` | the part of it that tells every frame |
//! | `feed` | one text a beat for all who ask the same |
//! | `peer` | one connection |
//! | `shard` | the tasks that serve all connections |
//!
//! The frames are our own and not a WebSocket library's because a library's message goes through a
//! write buffer of each connection, a copy of every message for every client, and its socket belongs
//! to a task of its own. Here a change is one framed piece of memory for all whose subscription has the
//! same name; under another name a connection adds a head of some 30 bytes of its own to the text that
//! all share, and hands both to the socket in one call. `cargo bench --bench web -- fanout` compares.

mod ask;
mod charge;
mod feed;
mod frames;
mod handshake;
mod peer;
mod shard;
mod state;
#[cfg(test)]
mod tests;
mod wire;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use hyper_util::rt::TokioIo;
use tokio::time::timeout;

use crate::engine::{Denied, Reel, Right, Session, Snapshot, UseCan, ViewPlant};
use crate::web::live::peer::{Eyes, Peer};
use crate::web::live::shard::Core;
use crate::web::problem::Problem;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};
use crate::web::visitor::Visitor;

/// Time between two beats: the highest rate there is.
const BEAT: Duration = Duration::from_millis(1000 / ask::FASTEST_HZ as u64);
/// How long the answer to the handshake may take to get out.
const UPGRADE: Duration = Duration::from_secs(10);

/// The routes of the live streams.
#[must_use]
pub fn routes(table: Table) -> Table {
    // Started by the first who comes, on the runtime that serves them.
    let core: Arc<OnceLock<Arc<Core>>> = Arc::default();
    let live = move |State(shared): State<Shared>, request: Request| {
        let core = Arc::clone(&core);
        async move {
            let core = Arc::clone(core.get_or_init(|| start(&shared)));
            live(&shared, core, request).unwrap_or_else(|answer| *answer)
        }
    };
    table.api(Method::GET, "/api/v1/live", Access::Needs(Right::ReadSettings), live)
}

fn start(shared: &Shared) -> Arc<Core> {
    let shards = tokio::runtime::Handle::current().metrics().num_workers();
    let core = Arc::new(Core::start(Box::new(shared.clone()), shards, BEAT));
    let (shared, stopped) = (shared.clone(), Arc::clone(&core));
    tokio::spawn(async move {
        shared.stopping().await;
        stopped.stop();
    });
    core
}

impl Eyes for Shared {
    fn look(&self, session: &Session) -> Result<Arc<Snapshot>, Denied> {
        session.permit(ViewPlant).map(|grant| self.door().look(&grant))
    }

    fn reel(&self, session: &Session) -> Option<Reel> {
        Some(self.door().reel(&session.permit(UseCan).ok()?))
    }

    fn present(&self, session: &Session) {
        self.door().present(session);
    }
}

/// Answers a request for a stream.
fn live(shared: &Shared, core: Arc<Core>, mut request: Request) -> Result<Response, Box<Response>> {
    let refuse = |problem: Problem| Box::new(problem.into_response());
    let visitor = request.extensions().get::<Visitor>();
    let visitor = visitor.ok_or_else(|| refuse(Problem::stopping()))?;
    let session = visitor.session().map_err(|not_in| refuse(not_in.into()))?;
    let session = Arc::clone(session);
    let key = handshake::key(request.method(), request.version(), request.headers())?;
    let answer = handshake::accept(key);
    let place = core.place().ok_or_else(|| refuse(Problem::wait(10)))?;
    let place = place.counted(shared.count(|counts| &counts.live));
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        // It fails where the other side has gone meanwhile.
        if let Ok(Ok(stream)) = timeout(UPGRADE, upgrade).await {
            let peer = Peer::new(Box::new(TokioIo::new(stream)), session, core.beat());
            core.join(peer, place).await;
        }
    });
    Ok(answer)
}

/// What the bench of the fan-out reaches inside for.
#[cfg(any(test, feature = "testing"))]
pub mod inside {
    pub use super::ask::{Ask, Topic, read};
    pub use super::feed::{Channel, Issue};
    pub use super::peer::{Eyes, Peer};
    pub use super::shard::Core;
}
