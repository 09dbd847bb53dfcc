//! Live pages: a stream that sends the parts of a page that have changed, a few times a second, and
//! ends with where to go when the session has ended or the right is lost. A slow reader is sent less
//! often and the newest; nobody waits for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::engine::{Denied, Session, Snapshot, UseCan, ViewPlant};
use crate::view::trace::window::WindowView;
use crate::web::pages::can::CanQuery;
use crate::web::pages::escaped;
use crate::web::pages::live::{Parts, Seat, Watched, parts};
use crate::web::pages::shell::Ask;
use crate::web::pages::trace::{self, Follow, TraceQuery};
use crate::web::problem::Problem;
use crate::web::shared::Shared;

/// How often a page is looked at for changes.
const EVERY: Duration = Duration::from_millis(250);
/// How often a browser is asked whether it is still there: a charge may hang on that, and a connection
/// whose other end has vanished is silent like one where nothing has happened.
const ASK_EVERY: Duration = Duration::from_secs(2);
/// A browser that has answered none of so many questions in a row is gone.
const UNANSWERED: u32 = 15;
/// A reader that takes longer than this for a message is let go.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most different pages that are kept drawn.
const KEPT: usize = 64;
/// Longest message from a browser; it has nothing to say.
const HEARD_BYTES: usize = 1024;
/// The parts that move on with time: sent once a second.
const SLOW: [&str; 2] = ["trend", "charge-plot"];

/// Pages that were drawn for a snapshot, for all who look at the same.
#[derive(Default)]
pub struct Press {
    drawn: Mutex<HashMap<Watched, (u64, Arc<Parts>)>>,
}

impl Press {
    /// The parts of a page at a snapshot.
    fn parts(&self, watched: &Watched, snapshot: &Snapshot, session: &Session) -> Arc<Parts> {
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((version, parts)) = drawn.get(watched)
            && *version == snapshot.version
        {
            return Arc::clone(parts);
        }
        if drawn.len() >= KEPT {
            drawn.clear();
        }
        let parts = Arc::new(parts(watched, snapshot, session));
        drawn.insert(watched.clone(), (snapshot.version, Arc::clone(&parts)));
        parts
    }
}

/// The query of a stream.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct LiveQuery {
    page: String,
    pack: Option<String>,
    filter: String,
    sort: String,
    order: String,
    id: String,
    times: String,
    from: String,
    until: String,
    around: String,
    chosen: String,
    seen: String,
    bus: String,
}

impl LiveQuery {
    fn watched(self, seat: Seat) -> Option<Watched> {
        let Self { page, pack, filter, sort, order, id, .. } = self;
        let Self { times, from, until, around, chosen, seen, bus, .. } = self;
        match page.as_str() {
            "frame" => Some(Watched::Frame),
            "pack" => Some(Watched::Pack(pack)),
            "can" => Some(Watched::Can(CanQuery { filter, sort, order, id })),
            "trace" => {
                let place = TraceQuery { filter, times, from, until, ..TraceQuery::default() };
                Some(Watched::Trace(TraceQuery { around, chosen, seen, ..place }))
            }
            "send" => Some(Watched::Send(bus)),
            "replay" => Some(Watched::Replay),
            "buses" => Some(Watched::Buses),
            "recordings" => Some(Watched::Recordings),
            "parts" => Some(Watched::Parts(seat)),
            "charge" => Some(Watched::Charge(pack, seat)),
            _other => None,
        }
    }
}

/// The address of the stream of a page.
#[must_use]
pub fn address(watched: &Watched) -> String {
    match watched {
        Watched::Frame => "/live/pages?page=frame".into(),
        Watched::Display => "/kiosk/live".into(),
        Watched::Pack(None) => "/live/pages?page=pack".into(),
        Watched::Pack(Some(label)) => format!("/live/pages?page=pack&pack={}", escaped(label)),
        Watched::Can(query) => format!("/live/pages?page=can&{}", query.text()),
        Watched::Trace(query) => format!("/live/pages?page=trace&{}", query.text()),
        Watched::Send(bus) => format!("/live/pages?page=send&bus={}", escaped(bus)),
        Watched::Replay => "/live/pages?page=replay".into(),
        Watched::Buses => "/live/pages?page=buses".into(),
        Watched::Recordings => "/live/pages?page=recordings".into(),
        Watched::Parts(_) => "/live/pages?page=parts".into(),
        Watched::Charge(None, _) => "/live/pages?page=charge".into(),
        Watched::Charge(Some(pack), _) => {
            format!("/live/pages?page=charge&pack={}", escaped(pack))
        }
    }
}

/// The page that a stream belongs to.
fn page(watched: &Watched) -> String {
    match watched {
        Watched::Frame => "/".into(),
        Watched::Display => "/kiosk".into(),
        Watched::Pack(None) => "/pack".into(),
        Watched::Pack(Some(label)) => super::pack::address(label),
        Watched::Can(query) => format!("/can?{}", query.text()),
        Watched::Trace(query) => format!("/can/trace?{}", query.text()),
        Watched::Send(bus) => format!("/can/send?bus={}", escaped(bus)),
        Watched::Replay => "/can/replay".into(),
        Watched::Buses => "/can/buses".into(),
        Watched::Recordings => "/can/recordings".into(),
        Watched::Parts(_) => "/parts".into(),
        Watched::Charge(pack, _) => super::charge::address(pack.as_deref().unwrap_or_default()),
    }
}

/// Opens a stream.
pub async fn live(
    State(shared): State<Shared>,
    press: Arc<Press>,
    ask: Ask,
    Query(query): Query<LiveQuery>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let Some(watched) = query.watched(Seat::of(&shared, &ask.session)) else {
        return Problem::not_found("There is no such page to watch.").into_response();
    };
    if let Err(denied) = look(&shared, &ask.session, &watched) {
        return Problem::from(denied).into_response();
    }
    open(shared, press, ask.session, watched, upgrade)
}

/// Opens the stream of a page that `session` may watch.
pub fn open(
    shared: Shared,
    press: Arc<Press>,
    session: Arc<Session>,
    watched: Watched,
    upgrade: WebSocketUpgrade,
) -> Response {
    let upgrade = upgrade.max_message_size(HEARD_BYTES).max_frame_size(HEARD_BYTES);
    upgrade.on_upgrade(move |socket| async move {
        Stream { shared, session, watched, press }.run(socket).await;
    })
}

/// The newest picture, for whoever may see this page of it.
fn look(shared: &Shared, session: &Session, watched: &Watched) -> Result<Arc<Snapshot>, Denied> {
    match watched {
        Watched::Can(_)
        | Watched::Trace(_)
        | Watched::Send(_)
        | Watched::Replay
        | Watched::Buses
        | Watched::Recordings => session.permit(UseCan).map(drop)?,
        Watched::Frame
        | Watched::Display
        | Watched::Pack(_)
        | Watched::Parts(_)
        | Watched::Charge(..) => {}
    }
    Ok(shared.door().look(&session.permit(ViewPlant)?))
}

struct Stream {
    shared: Shared,
    session: Arc<Session>,
    watched: Watched,
    press: Arc<Press>,
}

impl Stream {
    async fn run(self, mut socket: WebSocket) {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut asks = interval(ASK_EVERY);
        asks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut unanswered = 0;
        let mut sent = Sent::default();
        let mut follow = None;
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                _ = asks.tick() => {
                    unanswered += 1;
                    let ask = socket.send(Message::Ping(Bytes::new()));
                    match timeout(PATIENCE, ask).await {
                        Ok(Ok(())) if unanswered <= UNANSWERED => continue,
                        Ok(Ok(()) | Err(_)) | Err(_) => return,
                    }
                }
                heard = socket.recv() => match heard {
                    // Pings are answered below us; what else a browser says only shows that it is there.
                    Some(Ok(Message::Text(_) | Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => {
                        unanswered = 0;
                        self.shared.door().present(&self.session);
                        continue;
                    }
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                },
            }
            let said = match look(&self.shared, &self.session, &self.watched) {
                Ok(snapshot) if snapshot.version == sent.version => continue,
                Ok(snapshot) => {
                    let mut parts = self.press.parts(&self.watched, &snapshot, &self.session);
                    if let Watched::Trace(query) = &self.watched {
                        match self.trace(query, &snapshot, follow.take()).await {
                            Some((rows, kept)) => {
                                let mut with = (*parts).clone();
                                trace::add_to(&mut with, &rows, query);
                                (parts, follow) = (Arc::new(with), kept);
                            }
                            None => return,
                        }
                    }
                    sent.news(&snapshot, parts)
                }
                Err(denied) => {
                    let goodbye = self.goodbye(&denied);
                    drop(timeout(PATIENCE, socket.send(Message::Text(goodbye.into()))).await);
                    drop(timeout(PATIENCE, socket.send(Message::Close(None))).await);
                    return;
                }
            };
            let Some(said) = said else { continue };
            match timeout(PATIENCE, socket.send(Message::Text(said))).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return,
            }
        }
    }

    /// The rows of a trace that is followed, or what came since one that stands still; `None` where
    /// they cannot be looked at any more.
    async fn trace(
        &self,
        query: &TraceQuery,
        snapshot: &Arc<Snapshot>,
        follow: Option<Follow>,
    ) -> Option<(WindowView, Option<Follow>)> {
        let reel = self.shared.door().reel(&self.session.permit(UseCan).ok()?);
        if !query.follows() {
            return Some((trace::still(&reel), None));
        }
        let (query, snapshot) = (query.clone(), Arc::clone(snapshot));
        // The first look may go through as many frames as a page looks at.
        let looked = tokio::task::spawn_blocking(move || {
            let mut follow = follow.unwrap_or_else(|| Follow::new(&snapshot, &query));
            (follow.view(&snapshot, &reel), Some(follow))
        });
        looked.await.ok()
    }

    /// Where to go, and why.
    fn goodbye(&self, denied: &Denied) -> String {
        let go = match denied {
            // It says by itself why it is shut, and looks again.
            _ if self.watched == Watched::Display => "/kiosk".to_owned(),
            Denied::Ended(ended) => {
                format!("/sign-in?why={}&next={}", ended.code(), escaped(&page(&self.watched)))
            }
            Denied::Lacks { .. } => "/".to_owned(),
            Denied::MustChangePassword { .. } => "/account/password".to_owned(),
        };
        serde_json::json!({ "end": denied.to_string(), "go": go }).to_string()
    }
}

/// What a browser has been sent.
#[derive(Default)]
struct Sent {
    version: u64,
    second: u64,
    parts: HashMap<&'static str, String>,
}

impl Sent {
    /// The message with what has changed; `None` where nothing has.
    fn news(&mut self, snapshot: &Snapshot, parts: Arc<Parts>) -> Option<Utf8Bytes> {
        let second = u64::try_from(snapshot.wall.nanos()).unwrap_or_default() / 1_000_000_000;
        let mut news = serde_json::Map::new();
        for (id, html) in parts.iter() {
            let is_early = SLOW.contains(&id) && self.second == second;
            if is_early || self.parts.get(id).is_some_and(|before| before == html) {
                continue;
            }
            self.parts.insert(id, html.to_owned());
            news.insert(id.to_owned(), html.into());
        }
        self.version = snapshot.version;
        self.second = second;
        let is_news = !news.is_empty();
        is_news.then(|| serde_json::json!({ "parts": news }).to_string().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::testing::local_session;
    use crate::engine::testing::plant::Plant;

    #[test]
    fn only_what_has_changed_is_sent_and_the_trend_once_a_second() {
        let (mut plant, session) = (Plant::of("demo"), local_session());
        plant.run(Duration::from_secs(5));
        let (press, watched) = (Press::default(), Watched::Pack(None));
        let mut sent = Sent::default();
        let mut news = |plant: &Plant| {
            let snapshot = plant.published();
            let parts = press.parts(&watched, &snapshot, &session);
            let said = sent.news(&snapshot, parts)?;
            serde_json::from_str::<serde_json::Value>(&said).ok()
        };
        let first = news(&plant).unwrap();
        assert_eq!(first["parts"].as_object().unwrap().len(), 11);
        assert!(news(&plant).is_none(), "nothing has changed");
        let mut trends = 0;
        for _ in 0..20 {
            plant.run(Duration::from_millis(100));
            let said = news(&plant).unwrap_or_default();
            assert!(said["parts"]["events"].is_null(), "an event that is as before was sent");
            trends += usize::from(!said["parts"]["trend"].is_null());
        }
        assert!((1..=3).contains(&trends), "the trend was sent {trends} times in 2 s");
    }

    #[test]
    fn the_pages_that_are_kept_drawn_are_bounded() {
        let (mut plant, session) = (Plant::of("demo"), local_session());
        plant.run(Duration::from_secs(1));
        let (press, snapshot) = (Press::default(), plant.published());
        for number in 0..3 * KEPT {
            let watched = Watched::Pack(Some(number.to_string()));
            let _drawn = press.parts(&watched, &snapshot, &session);
        }
        assert!(press.drawn.lock().unwrap().len() <= KEPT);
    }

    #[test]
    fn a_stream_is_found_under_the_address_that_its_page_says() {
        let query =
            CanQuery { filter: "a b&c".into(), sort: "count".into(), ..CanQuery::default() };
        let watched = Watched::Can(query.clone());
        assert_eq!(address(&watched), "/live/pages?page=can&filter=a%20b%26c&sort=count");
        let CanQuery { filter, sort, order, id } = query;
        let page = "can".into();
        let asked = LiveQuery { page, filter, sort, order, id, ..LiveQuery::default() };
        assert_eq!(asked.watched(Seat::default()), Some(watched));
        let unknown = LiveQuery { page: "x".into(), ..LiveQuery::default() };
        assert_eq!(unknown.watched(Seat::default()), None);
    }
}
