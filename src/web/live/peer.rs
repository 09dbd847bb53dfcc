//! One connection: what it asked for, what it is still to be told, and when it has to go. Reads and
//! writes only when polled, never waits, and keeps no clock but the beat.
//!
//! What it costs is bounded whatever the other side does: one message that is partly written and at
//! most one change a subscription are held, both shared with all who are told the same; whoever has
//! not taken a change when the next one comes is told how many it missed and gets the newest state,
//! which is looked up only when there is room to send it.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::engine::{Denied, Reel, Session, Snapshot, UseCan, ViewPlant};
use crate::web::live::ask::{self, Ask, FASTEST_HZ, Topic};
use crate::web::live::feed::{Channel, Feeds, Issue};
use crate::web::live::wire::{self, Close, Ear, Heard};

/// Most subscriptions of a connection.
const SUBSCRIPTIONS: usize = 8;
/// Most answers that wait to be sent.
const ANSWERS: usize = 16;
/// Faulty messages that are answered; the next one ends the connection.
const OFFENCES: u32 = 5;
/// Messages that a client may send at once; one more a beat.
const BURST: u32 = 40;
/// A client that was not heard for so long is asked whether it is there (3 s): a charge may hang on
/// that, for ten seconds.
const ASK_BEATS: u64 = 3 * FASTEST_HZ as u64;
/// And is taken for dead after so long (45 s).
const DEAD_BEATS: u64 = 45 * FASTEST_HZ as u64;
/// How long a connection that is being closed may take to hear of it (0.8 s): with the beat in which
/// its end is seen, less than a second.
const CLOSING_BEATS: u64 = 16;
/// Reads of one turn, so that nobody who sends much keeps others waiting.
const READS: usize = 4;

/// A socket after the handshake, with or without TLS.
pub trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<W: AsyncRead + AsyncWrite + Send + Unpin> Wire for W {}

/// Where the newest snapshot comes from.
pub trait Eyes: Send + Sync {
    /// The newest snapshot, for who may see it.
    ///
    /// # Errors
    /// The session may not, or not any more.
    fn look(&self, session: &Session) -> Result<Arc<Snapshot>, Denied>;

    /// Every frame that is kept, for who may see them.
    fn reel(&self, _session: &Session) -> Option<Reel> {
        None
    }

    /// Whoever holds `session` was heard: they are there.
    fn present(&self, session: &Session);
}

/// What a connection works with in one turn.
pub struct Turn<'t> {
    /// The beat.
    pub beat: u64,
    /// Where snapshots come from.
    pub eyes: &'t dyn Eyes,
    /// What there is to subscribe to.
    pub feeds: &'t Feeds,
}

/// The connection is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

/// One connection.
pub struct Peer {
    wire: Box<dyn Wire>,
    session: Arc<Session>,
    ear: Ear,
    subscriptions: Vec<Subscription>,
    /// Whose turn it is, so that no subscription keeps the others from being told.
    turn: usize,
    answers: VecDeque<Bytes>,
    sending: Option<Sending>,
    is_flushed: bool,
    allowance: u32,
    offences: u32,
    /// Beat at which something was last heard.
    heard: u64,
    /// Beat of the last question whether it is there.
    asked: u64,
    closing: Option<Closing>,
}

/// A message on its way: a head of its own and a rest that others are told too.
struct Sending {
    head: Bytes,
    rest: Bytes,
    done: usize,
}

struct Closing {
    until: u64,
    was_answered: bool,
}

struct Subscription {
    /// Its name as a JSON string.
    name: String,
    channel: Arc<dyn Channel>,
    rate_hz: f64,
    needs_can: bool,
    /// Number of the newest change that it was told or has missed.
    told: u64,
    is_new: bool,
    change: Option<Issue>,
    missed: u64,
}

impl Subscription {
    /// Takes in the newest change.
    fn take(&mut self, issue: Issue) {
        let steps = issue.number.saturating_sub(self.told);
        if steps == 0 {
            return;
        }
        self.told = issue.number;
        if self.is_new {
            return;
        }
        let waits = self.change.take().is_some();
        if steps == 1 && !waits && self.missed == 0 {
            self.change = Some(issue);
        } else {
            self.missed += steps + u64::from(waits);
        }
    }

    /// The next message.
    fn next(&mut self) -> Option<Sending> {
        if let Some(change) = self.change.take() {
            let (head, rest) = change.frame(&self.name);
            return Some(Sending { head, rest, done: 0 });
        }
        if !self.is_new && self.missed == 0 {
            return None;
        }
        let newest = self.channel.newest()?;
        self.told = self.told.max(newest.number);
        let note = if std::mem::take(&mut self.is_new) {
            format!("\"rate_hz\":{}", json!((self.rate_hz * 100.0).round() / 100.0))
        } else {
            format!("\"missed\":{}", std::mem::take(&mut self.missed))
        };
        let first = format!("{{\"subscription\":{},{note},", self.name);
        let head = wire::text_head(&first, newest.text.len());
        Some(Sending { head, rest: newest.text, done: 0 })
    }
}

impl Peer {
    /// A connection that has just been made, for whoever `session` is.
    #[must_use]
    pub fn new(wire: Box<dyn Wire>, session: Arc<Session>, beat: u64) -> Self {
        Self {
            wire,
            session,
            ear: Ear::default(),
            subscriptions: Vec::new(),
            turn: 0,
            answers: VecDeque::new(),
            sending: None,
            is_flushed: true,
            allowance: BURST,
            offences: 0,
            heard: beat,
            asked: beat,
            closing: None,
        }
    }

    /// Subscribes to `channel` under `name`, in place of what had this name before.
    pub fn subscribe(&mut self, name: &str, topic: &Topic, channel: Arc<dyn Channel>) {
        let name = Value::from(name).to_string();
        self.subscriptions.retain(|subscription| subscription.name != name);
        self.subscriptions.push(Subscription {
            name,
            channel,
            rate_hz: topic.rate_hz(),
            needs_can: topic.needs_can(),
            told: 0,
            is_new: true,
            change: None,
            missed: 0,
        });
    }

    /// A beat: asks again whether this session may listen, and takes in what there is to tell.
    /// `seen` is the newest snapshot once somebody who may see it has looked in this beat.
    ///
    /// # Errors
    /// The connection is over.
    pub fn beat(
        &mut self,
        cx: &mut Context<'_>,
        turn: &Turn<'_>,
        seen: &mut Option<Arc<Snapshot>>,
    ) -> Result<(), Gone> {
        self.allowance = (self.allowance + 1).min(BURST);
        if self.closing.as_ref().is_some_and(|closing| turn.beat >= closing.until) {
            return Err(Gone);
        }
        if self.closing.is_none() {
            match self.may_listen(turn, seen) {
                Ok(snapshot) => {
                    let mut reel = None;
                    for subscription in &mut self.subscriptions {
                        if subscription.channel.wants_reel(turn.beat) {
                            // Asked above: whoever subscribes to frames may see them.
                            reel = reel.or_else(|| turn.eyes.reel(&self.session));
                            if let Some(reel) = &reel {
                                subscription.channel.see(snapshot, reel);
                            }
                        }
                        if let Some(issue) = subscription.channel.change(turn.beat, snapshot) {
                            subscription.take(issue);
                        }
                    }
                }
                Err(denied) => self.turn_out(&denied, turn.beat),
            }
        }
        if turn.beat >= self.heard + DEAD_BEATS {
            return Err(Gone);
        }
        if turn.beat >= self.heard.max(self.asked) + ASK_BEATS {
            self.asked = turn.beat;
            self.answer(wire::ping())?;
        }
        self.write(cx)
    }

    /// The newest snapshot, if the session may have everything that it subscribes to.
    fn may_listen<'s>(
        &self,
        turn: &Turn<'_>,
        seen: &'s mut Option<Arc<Snapshot>>,
    ) -> Result<&'s Arc<Snapshot>, Denied> {
        if self.subscriptions.iter().any(|subscription| subscription.needs_can) {
            self.session.permit(UseCan)?;
        }
        // Everybody is asked for themselves, whoever looked first.
        self.session.permit(ViewPlant)?;
        match seen {
            Some(snapshot) => Ok(snapshot),
            None => Ok(seen.insert(turn.eyes.look(&self.session)?)),
        }
    }

    /// Reads what has come and writes what there is room for.
    ///
    /// # Errors
    /// The connection is over.
    pub fn poll(
        &mut self,
        cx: &mut Context<'_>,
        turn: &Turn<'_>,
        scratch: &mut [u8],
    ) -> Result<(), Gone> {
        self.read(cx, turn, scratch)?;
        self.write(cx)
    }

    fn read(
        &mut self,
        cx: &mut Context<'_>,
        turn: &Turn<'_>,
        scratch: &mut [u8],
    ) -> Result<(), Gone> {
        for _ in 0..READS {
            let mut buffer = ReadBuf::new(scratch);
            match Pin::new(&mut *self.wire).poll_read(cx, &mut buffer) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Err(_)) => return Err(Gone),
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => return Err(Gone),
                Poll::Ready(Ok(())) => {}
            }
            self.heard = turn.beat;
            turn.eyes.present(&self.session);
            let mut all = Vec::new();
            let mut ear = std::mem::take(&mut self.ear);
            // No more than may be said at once is taken apart at once.
            let limit = self.allowance as usize + 1;
            let heard = ear.hear(buffer.filled(), |heard| {
                all.push(heard);
                all.len() < limit
            });
            self.ear = ear;
            for heard in all {
                self.hear(heard, turn)?;
            }
            if let Err(broken) = heard {
                self.end(broken.close(), "protocol", &sentence(&broken.to_string()), turn.beat);
            }
        }
        // There may be more: come back when the others have had their turn.
        cx.waker().wake_by_ref();
        Ok(())
    }

    fn hear(&mut self, heard: Heard, turn: &Turn<'_>) -> Result<(), Gone> {
        if let Some(closing) = &mut self.closing {
            // Nothing is taken any more but its word that it closes too.
            closing.was_answered |= heard == Heard::Close;
            return Ok(());
        }
        let Some(allowance) = self.allowance.checked_sub(1) else {
            let reason = format!("More than {FASTEST_HZ} messages a second were sent.");
            self.end(Close::Policy, "too_fast", &reason, turn.beat);
            return Ok(());
        };
        self.allowance = allowance;
        match heard {
            Heard::Text(text) => self.asked_for(&text, turn),
            Heard::Ping(payload) => self.answer(wire::pong(&payload)),
            Heard::Pong => Ok(()),
            Heard::Close => {
                self.subscriptions.clear();
                self.answers.clear();
                self.answers.push_back(wire::close(Close::Normal, ""));
                let until = turn.beat + CLOSING_BEATS;
                self.closing = Some(Closing { until, was_answered: true });
                Ok(())
            }
        }
    }

    fn asked_for(&mut self, text: &str, turn: &Turn<'_>) -> Result<(), Gone> {
        match ask::read(text) {
            Ok(Ask::Unsubscribe(name)) => {
                let name = Value::from(name).to_string();
                let before = self.subscriptions.len();
                self.subscriptions.retain(|subscription| subscription.name != name);
                if before == self.subscriptions.len() {
                    let detail = format!("There is no subscription {name}.");
                    return self.complain("not_found", &detail, turn.beat);
                }
                Ok(())
            }
            Ok(Ask::Subscribe(name, topic)) => self.wish(&name, *topic, turn),
            Err(error) => self.complain("invalid", &error.to_string(), turn.beat),
        }
    }

    fn wish(&mut self, name: &str, topic: Topic, turn: &Turn<'_>) -> Result<(), Gone> {
        if topic.needs_can()
            && let Err(denied) = self.session.permit(UseCan)
        {
            let detail = sentence(&denied.to_string());
            return self.complain("permission_missing", &detail, turn.beat);
        }
        let shown = Value::from(name).to_string();
        let others = self.subscriptions.iter().filter(|s| s.name != shown).count();
        if others >= SUBSCRIPTIONS {
            let detail = format!("A connection has at most {SUBSCRIPTIONS} subscriptions.");
            return self.complain("too_many", &detail, turn.beat);
        }
        let snapshot = match turn.eyes.look(&self.session) {
            Ok(snapshot) => snapshot,
            Err(denied) => {
                self.turn_out(&denied, turn.beat);
                return Ok(());
            }
        };
        let Some(feed) = turn.feeds.subscribe(topic.clone()) else {
            let detail = "Too many different subscriptions are open: ask for what others ask for, \
                          or try again later.";
            return self.complain("too_many", detail, turn.beat);
        };
        if feed.wants_reel(turn.beat)
            && let Some(reel) = turn.eyes.reel(&self.session)
        {
            feed.see(&snapshot, &reel);
        }
        feed.begin(turn.beat, &snapshot);
        self.subscribe(name, &topic, feed);
        Ok(())
    }

    /// Says what is wrong with a message; who does not learn from it has to go.
    fn complain(&mut self, code: &str, detail: &str, beat: u64) -> Result<(), Gone> {
        self.offences += 1;
        if self.offences > OFFENCES {
            let reason = format!("More than {OFFENCES} faulty messages; the last one: {detail}");
            self.end(Close::Policy, "too_many_errors", &reason, beat);
            return Ok(());
        }
        let told = json!({"error": {"code": code, "detail": detail}});
        self.answer(wire::text(&told.to_string()))
    }

    /// Ends because the session may not listen any more.
    fn turn_out(&mut self, denied: &Denied, beat: u64) {
        let (close, code) = match denied {
            Denied::Ended(ended) => (Close::Ended, ended.code()),
            Denied::Lacks { .. } => (Close::Refused, "permission_missing"),
            Denied::MustChangePassword { .. } => (Close::Refused, "password_change_required"),
        };
        self.end(close, code, &sentence(&denied.to_string()), beat);
    }

    /// Ends it: nothing is told any more but why.
    pub fn end(&mut self, close: Close, code: &str, reason: &str, beat: u64) {
        if self.closing.is_some() {
            return;
        }
        self.subscriptions.clear();
        self.answers.clear();
        let told = json!({"ended": {"code": code, "reason": reason}});
        self.answers.push_back(wire::text(&told.to_string()));
        self.answers.push_back(wire::close(close, reason));
        self.closing = Some(Closing { until: beat + CLOSING_BEATS, was_answered: false });
    }

    fn answer(&mut self, answer: Bytes) -> Result<(), Gone> {
        // Whoever asks and asks and does not listen to the answers is not worth keeping.
        if self.answers.len() >= ANSWERS {
            return Err(Gone);
        }
        self.answers.push_back(answer);
        Ok(())
    }

    /// The next message: answers first, then the subscriptions in turn.
    fn next(&mut self) -> Option<Sending> {
        if let Some(head) = self.answers.pop_front() {
            return Some(Sending { head, rest: Bytes::new(), done: 0 });
        }
        for _ in 0..self.subscriptions.len() {
            self.turn = (self.turn + 1) % self.subscriptions.len();
            let sending = self.subscriptions.get_mut(self.turn).and_then(Subscription::next);
            if sending.is_some() {
                return sending;
            }
        }
        None
    }

    fn write(&mut self, cx: &mut Context<'_>) -> Result<(), Gone> {
        loop {
            let next = self.sending.take().or_else(|| self.next());
            let Some(mut sending) = next else { return self.rest(cx) };
            while sending.done < sending.head.len() + sending.rest.len() {
                let head = sending.head.get(sending.done..).unwrap_or_default();
                let past = sending.done.saturating_sub(sending.head.len());
                let rest = sending.rest.get(past..).unwrap_or_default();
                let wire = Pin::new(&mut *self.wire);
                let written = match (head, rest) {
                    (one, []) | ([], one) => wire.poll_write(cx, one),
                    (head, rest) => {
                        let both = [IoSlice::new(head), IoSlice::new(rest)];
                        wire.poll_write_vectored(cx, &both)
                    }
                };
                match written {
                    Poll::Ready(Ok(written)) if written > 0 => sending.done += written,
                    Poll::Ready(_) => return Err(Gone),
                    Poll::Pending => {
                        self.sending = Some(sending);
                        return Ok(());
                    }
                }
            }
            self.is_flushed = false;
        }
    }

    /// Everything is written: passes on what a layer below still holds, and closes if it is time to.
    fn rest(&mut self, cx: &mut Context<'_>) -> Result<(), Gone> {
        if !self.is_flushed {
            match Pin::new(&mut *self.wire).poll_flush(cx) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Err(_)) => return Err(Gone),
                Poll::Ready(Ok(())) => self.is_flushed = true,
            }
        }
        if self.closing.as_ref().is_some_and(|closing| closing.was_answered) {
            let _said = Pin::new(&mut *self.wire).poll_shutdown(cx);
            return Err(Gone);
        }
        Ok(())
    }

    /// Ends it because the listener stops.
    pub fn stop(&mut self, beat: u64) {
        self.end(Close::GoingAway, "stopping", "The listener is stopping.", beat);
    }

    /// Says goodbye at the last moment, if there is room for it.
    pub fn go_away(&mut self) {
        self.stop(0);
        let _said = self.write(&mut Context::from_waker(Waker::noop()));
    }
}

/// The text as a sentence.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", chars.as_str())
}
