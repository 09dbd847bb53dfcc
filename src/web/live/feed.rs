//! Feeds: what all who ask the same are told. A feed is made into text once a beat for all of them,
//! however many connections there are, and lives as long as somebody subscribes to it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use bytes::{Bytes, BytesMut};
use jiff::Timestamp;

use crate::base::time::Wall;
use crate::engine::{Reel, Snapshot};
use crate::web::live::ask::{FASTEST_HZ, Topic};
use crate::web::live::frames::Stream;
use crate::web::live::state::{Memory, Object, difference, state};
use crate::web::live::wire;

/// Most feeds at once; further ones are refused until some end.
const FEEDS: usize = 256;
/// A feed that has nothing new still says the time as often as this, so that silence means a fault.
const QUIET_BEATS: u64 = FASTEST_HZ as u64;

/// What a feed tells at a moment.
#[derive(Clone, Debug)]
pub struct Issue {
    /// Counts up by one with every change.
    pub number: u64,
    /// The rest of the message, after the name of the subscription; shared by all.
    pub text: Bytes,
    /// The whole frame for the name that was asked for first. Pages and programs of one kind all use
    /// the same name: then this is what everybody is sent.
    framed: Arc<OnceLock<(Box<str>, Bytes)>>,
}

impl Issue {
    /// An issue.
    #[must_use]
    pub fn new(number: u64, text: Bytes) -> Self {
        Self { number, text, framed: Arc::default() }
    }

    /// The head of the frame for a subscription of this name (a JSON string) and what is to be sent
    /// after it: nothing where the whole frame is there already.
    #[must_use]
    pub fn frame(&self, name: &str) -> (Bytes, Bytes) {
        let first = || format!("{{\"subscription\":{name},");
        let whole = || {
            let head = wire::text_head(&first(), self.text.len());
            let mut whole = BytesMut::with_capacity(head.len() + self.text.len());
            whole.extend_from_slice(&head);
            whole.extend_from_slice(&self.text);
            (name.into(), whole.freeze())
        };
        let (known, frame) = self.framed.get_or_init(whole);
        if **known == *name {
            return (frame.clone(), Bytes::new());
        }
        (wire::text_head(&first(), self.text.len()), self.text.clone())
    }
}

/// Something that connections subscribe to.
pub trait Channel: Send + Sync {
    /// The newest change, of this beat or of one before it. Whoever comes first in a beat has it made.
    fn change(&self, beat: u64, snapshot: &Snapshot) -> Option<Issue>;
    /// Everything, as of the newest change; `None` before the first.
    fn newest(&self) -> Option<Issue>;
    /// Whether it has to see every frame before it can tell what there is in this beat.
    fn wants_reel(&self, _beat: u64) -> bool {
        false
    }
    /// Looks at the frames that came since.
    fn see(&self, _snapshot: &Snapshot, _reel: &Reel) {}
}

/// What those who ask for `topic` are told.
pub struct Feed {
    topic: Topic,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    memory: Memory,
    stream: Option<Stream>,
    /// Beat from which on the next change is due; 0 before the first.
    due: u64,
    /// Beat of the last change.
    told: u64,
    /// Version of the snapshot that was told last.
    version: Option<u64>,
    at: String,
    state: Object,
    number: u64,
    change: Option<Issue>,
    whole: Option<Issue>,
}

impl Feed {
    fn new(topic: Topic) -> Self {
        let stream = topic.trace.as_deref().map(Stream::new);
        Self { topic, inner: Mutex::new(Inner { stream, ..Inner::default() }) }
    }

    /// Makes the first state, unless there is one.
    pub fn begin(&self, beat: u64, snapshot: &Snapshot) {
        let mut inner = self.lock();
        if inner.due == 0 {
            inner.advance(&self.topic, beat, snapshot);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn advance(&mut self, topic: &Topic, beat: u64, snapshot: &Snapshot) {
        if beat < self.due || self.version == Some(snapshot.version) {
            return;
        }
        let mut state = state(topic, snapshot, &mut self.memory);
        if let Some(stream) = &mut self.stream {
            state.insert("trace".into(), stream.told().into());
        }
        let change = difference(&self.state, &state);
        let is_first = self.due == 0;
        let every = u64::from(topic.every.max(1));
        // All feeds of a rate are due at the same beats, whenever they began.
        self.due = (beat / every + 1) * every;
        if change.is_empty() && !is_first && beat < self.told + QUIET_BEATS {
            return;
        }
        self.version = Some(snapshot.version);
        self.told = beat;
        self.at = moment(snapshot.wall);
        self.number += 1;
        let text = (!is_first).then(|| message(&self.at, "change", &change));
        self.change = text.map(|text| Issue::new(self.number, text));
        self.whole = None;
        self.state = state;
    }

    fn whole(&mut self) -> Issue {
        let (number, at, state) = (self.number, &self.at, &self.state);
        let write = || Issue::new(number, message(at, "snapshot", state));
        self.whole.get_or_insert_with(write).clone()
    }
}

impl Channel for Feed {
    fn change(&self, beat: u64, snapshot: &Snapshot) -> Option<Issue> {
        let mut inner = self.lock();
        inner.advance(&self.topic, beat, snapshot);
        inner.change.clone()
    }

    fn wants_reel(&self, beat: u64) -> bool {
        self.topic.trace.is_some() && beat >= self.lock().due
    }

    fn see(&self, snapshot: &Snapshot, reel: &Reel) {
        if let Some(stream) = &mut self.lock().stream {
            stream.see(snapshot, reel);
        }
    }

    fn newest(&self) -> Option<Issue> {
        let mut inner = self.lock();
        (inner.due > 0).then(|| inner.whole())
    }
}

/// The rest of a message.
fn message(at: &str, what: &str, content: &Object) -> Bytes {
    let mut text = format!("\"at\":\"{at}\",\"{what}\":").into_bytes();
    if serde_json::to_writer(&mut text, content).is_err() {
        // Writing to memory does not fail, and the names of an object are always text.
        tracing::error!("a live message could not be written");
    }
    text.push(b'}');
    text.into()
}

fn moment(wall: Wall) -> String {
    let stamp = Timestamp::from_nanosecond(i128::from(wall.nanos())).unwrap_or_default();
    format!("{stamp:.3}")
}

/// All feeds, by topic.
#[derive(Default)]
pub struct Feeds {
    by_topic: Mutex<HashMap<Topic, Weak<Feed>>>,
}

impl Feeds {
    /// The feed of `topic`; `None` where there are too many different ones.
    pub fn subscribe(&self, topic: Topic) -> Option<Arc<Feed>> {
        let mut feeds = self.by_topic.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(feed) = feeds.get(&topic).and_then(Weak::upgrade) {
            return Some(feed);
        }
        feeds.retain(|_, feed| feed.strong_count() > 0);
        if feeds.len() >= FEEDS {
            return None;
        }
        let feed = Arc::new(Feed::new(topic.clone()));
        feeds.insert(topic, Arc::downgrade(&feed));
        Some(feed)
    }
}
