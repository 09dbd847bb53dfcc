//! Feeds and connections without a network: a wire of memory whose other end is the test, a scene's
//! plant for what there is to tell, and beats that the test counts.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::engine::testing::plant::Plant;
use crate::engine::testing::{end_session, remote_session};
use crate::engine::{Denied, Ended, Life, Right, Session, Snapshot, ViewPlant};
use crate::web::live::ask::{Ask, Topic, read};
use crate::web::live::feed::{Channel, Feeds};
use crate::web::live::peer::{Eyes, Gone, Peer, Turn};
use crate::web::live::state::{Memory, Object, difference, state};

/// Both ends of a wire of memory.
#[derive(Clone, Default)]
struct Line(Arc<Mutex<Ends>>);

#[derive(Default)]
struct Ends {
    to_server: VecDeque<u8>,
    to_client: Vec<u8>,
    /// Bytes that may be on their way to the client.
    room: usize,
}

impl AsyncRead for Line {
    fn poll_read(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut ends = self.0.lock().unwrap();
        if ends.to_server.is_empty() {
            return Poll::Pending;
        }
        let count = buffer.remaining().min(ends.to_server.len());
        let bytes: Vec<u8> = ends.to_server.drain(..count).collect();
        buffer.put_slice(&bytes);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut ends = self.0.lock().unwrap();
        let room = ends.room.saturating_sub(ends.to_client.len());
        if room == 0 {
            return Poll::Pending;
        }
        let count = room.min(bytes.len());
        ends.to_client.extend_from_slice(&bytes[..count]);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Sees what a plant last published, and notes which sessions were heard.
struct Watcher(Mutex<Arc<Snapshot>>, Mutex<Vec<Arc<Life>>>);

impl Eyes for Watcher {
    fn look(&self, session: &Session) -> Result<Arc<Snapshot>, Denied> {
        session.permit(ViewPlant)?;
        Ok(Arc::clone(&self.0.lock().unwrap()))
    }

    fn present(&self, session: &Session) {
        self.1.lock().unwrap().push(Arc::clone(session.life()));
    }
}

/// A plant, its watcher, and one connection after the other.
struct Stage {
    plant: Plant,
    watcher: Watcher,
    feeds: Feeds,
    beat: u64,
}

/// One connection and what the client knows.
struct Client {
    line: Line,
    peer: Peer,
    session: Arc<Session>,
}

impl Stage {
    fn new() -> Self {
        let mut plant = Plant::of("demo");
        plant.run(Duration::from_secs(2));
        let watcher = Watcher(Mutex::new(plant.published()), Mutex::default());
        Self { plant, watcher, feeds: Feeds::default(), beat: 1 }
    }

    fn client(&self, rights: &[Right]) -> Client {
        let line = Line::default();
        line.0.lock().unwrap().room = usize::MAX;
        let session = Arc::new(remote_session(rights));
        let peer = Peer::new(Box::new(line.clone()), Arc::clone(&session), self.beat);
        Client { line, peer, session }
    }

    fn turn(&self) -> Turn<'_> {
        Turn { beat: self.beat, eyes: &self.watcher, feeds: &self.feeds }
    }

    /// 50 ms go by.
    fn beat(&mut self, clients: &mut [&mut Client]) -> Vec<Result<(), Gone>> {
        self.beat += 1;
        self.plant.run(Duration::from_millis(50));
        *self.watcher.0.lock().unwrap() = self.plant.published();
        let mut seen = None;
        let turn = self.turn();
        let mut cx = Context::from_waker(Waker::noop());
        clients.iter_mut().map(|client| client.peer.beat(&mut cx, &turn, &mut seen)).collect()
    }

    /// The server looks at what has come.
    fn poll(&self, client: &mut Client) -> Result<(), Gone> {
        let mut cx = Context::from_waker(Waker::noop());
        client.peer.poll(&mut cx, &self.turn(), &mut [0; 1024])
    }

    /// The client says something, and the server hears it.
    fn say(&self, client: &mut Client, text: &Value) -> Result<(), Gone> {
        client.send(0x81, text.to_string().as_bytes());
        self.poll(client)
    }
}

/// What a client hears.
#[derive(Debug, PartialEq)]
enum Heard {
    Text(Value),
    Close(u16),
    Ping,
    Pong(Vec<u8>),
}

impl Client {
    fn send(&self, first: u8, payload: &[u8]) {
        let mut ends = self.line.0.lock().unwrap();
        let len = u16::try_from(payload.len()).unwrap();
        ends.to_server.push_back(first);
        match u8::try_from(len) {
            Ok(len @ 0..=125) => ends.to_server.push_back(0x80 | len),
            _ => {
                ends.to_server.push_back(0x80 | 126);
                ends.to_server.extend(len.to_be_bytes());
            }
        }
        ends.to_server.extend([0; 4]);
        ends.to_server.extend(payload);
    }

    /// What has come since.
    fn hear(&self) -> Vec<Heard> {
        let mut ends = self.line.0.lock().unwrap();
        let mut heard = Vec::new();
        let mut at = 0;
        while let Some(frame) = ends.to_client.get(at..).filter(|rest| rest.len() >= 2) {
            let (head, len) = match frame[1] {
                126 => (4, usize::from(u16::from_be_bytes([frame[2], frame[3]]))),
                127 => (10, u64::from_be_bytes(frame[2..10].try_into().unwrap()) as usize),
                short => (2, usize::from(short)),
            };
            let Some(payload) = frame.get(head..head + len) else { break };
            heard.push(match frame[0] {
                0x81 => Heard::Text(serde_json::from_slice(payload).unwrap()),
                0x88 => Heard::Close(u16::from_be_bytes([payload[0], payload[1]])),
                0x89 => Heard::Ping,
                0x8A => Heard::Pong(payload.to_vec()),
                other => unreachable!("no frame begins with {other:x}"),
            });
            at += head + len;
        }
        ends.to_client.drain(..at);
        heard
    }

    fn texts(&self) -> Vec<Value> {
        let text = |heard| match heard {
            Heard::Text(text) => Some(text),
            Heard::Ping => None,
            Heard::Close(_) | Heard::Pong(_) => unreachable!("{heard:?}"),
        };
        self.hear().into_iter().filter_map(text).collect()
    }

    /// How many bytes more the client takes.
    fn take_no_more_than(&self, room: usize) {
        let mut ends = self.line.0.lock().unwrap();
        ends.room = room.saturating_add(ends.to_client.len());
    }
}

const PACKS: &str = r#"{"subscribe":{"id":"a","packs":["*"],"rate_hz":20}}"#;

fn wish(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn topic(fields: &str) -> Topic {
    match read(&format!("{{\"subscribe\":{{\"id\":\"a\",{fields}}}}}")) {
        Ok(Ask::Subscribe(_, topic)) => *topic,
        other => unreachable!("{other:?}"),
    }
}

/// Applies a merge patch, as RFC 7396 says.
fn merge(state: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (name, value) in patch {
        match (state.get_mut(name), value) {
            (_, Value::Null) => drop(state.remove(name)),
            (Some(Value::Object(old)), Value::Object(new)) => merge(old, new),
            (_, new) => drop(state.insert(name.clone(), new.clone())),
        }
    }
}

fn object(value: &Value) -> &Object {
    value.as_object().unwrap()
}

#[test]
fn whoever_applies_the_changes_knows_what_a_newcomer_is_told() {
    let mut stage = Stage::new();
    let all = json!({"subscribe": {"id": "a", "packs": ["*"], "signals": ["*"], "events": true,
        "frames": {}, "rate_hz": 10}});
    let mut early = stage.client(&[Right::SendReceiveCan]);
    stage.say(&mut early, &all).unwrap();
    let first = early.texts().remove(0);
    assert_eq!((&first["subscription"], &first["rate_hz"]), (&json!("a"), &json!(10.0)));
    let mut known = object(&first["snapshot"]).clone();
    for part in ["packs", "signals", "events", "frames"] {
        assert!(!object(&known[part]).is_empty(), "nothing is known of {part}");
    }
    let mut changes = 0;
    for _ in 0..40 {
        assert_eq!(stage.beat(&mut [&mut early]), [Ok(())]);
        for text in early.texts() {
            merge(&mut known, object(&text["change"]));
            changes += 1;
        }
    }
    assert_eq!(changes, 20, "10 a second for two seconds");
    let mut late = stage.client(&[Right::SendReceiveCan]);
    stage.say(&mut late, &all).unwrap();
    assert_eq!(late.texts()[0]["snapshot"], Value::Object(known));
}

#[test]
fn a_change_holds_what_has_changed_and_no_more() {
    let old = json!({"same": 1, "gone": 2, "in": {"same": [1], "new": "old"}, "was": {"x": 1}});
    let new = json!({"same": 1, "in": {"same": [1], "new": "new"}, "was": 3, "fresh": {}});
    let patch = difference(object(&old), object(&new));
    let wanted = json!({"gone": null, "in": {"new": "new"}, "was": 3, "fresh": {}});
    assert_eq!(Value::Object(patch.clone()), wanted);
    let mut merged = object(&old).clone();
    merge(&mut merged, &patch);
    assert_eq!(Value::Object(merged), new);
    assert!(difference(object(&new), object(&new)).is_empty());
}

#[test]
fn all_who_ask_the_same_are_told_the_same_piece_of_memory() {
    let stage = Stage::new();
    let snapshot = stage.plant.published();
    let one = stage.feeds.subscribe(topic(r#""packs":["*"],"signals":["b","a"]"#)).unwrap();
    let other = stage.feeds.subscribe(topic(r#""signals":["a","b"],"packs":["*"]"#)).unwrap();
    assert!(Arc::ptr_eq(&one, &other));
    one.begin(1, &snapshot);
    let (first, second) = (one.newest().unwrap(), other.newest().unwrap());
    assert_eq!(first.text.as_ptr(), second.text.as_ptr());
    let (frame, rest) = first.frame("\"a\"");
    let (again, _) = second.frame("\"a\"");
    assert!(rest.is_empty());
    assert_eq!(frame.as_ptr(), again.as_ptr());
    // Whoever calls it by another name shares the text and has a head of its own.
    let (head, rest) = second.frame("\"b\"");
    assert_eq!((rest.as_ptr(), head.len() + rest.len()), (first.text.as_ptr(), frame.len()));
    let slower = stage.feeds.subscribe(topic(r#""packs":["*"],"rate_hz":5"#)).unwrap();
    assert!(!Arc::ptr_eq(&one, &slower));
}

#[test]
fn a_rate_is_kept_and_all_of_a_rate_are_told_together() {
    let mut stage = Stage::new();
    let mut told = Vec::new();
    let mut clients: Vec<Client> = Vec::new();
    for start in 0..3 {
        let mut client = stage.client(&[]);
        let wish = json!({"subscribe": {"id": "a", "packs": ["*"], "rate_hz": 4}});
        stage.say(&mut client, &wish).unwrap();
        assert_eq!(client.texts().len(), 1, "client {start}");
        clients.push(client);
        stage.beat(&mut clients.iter_mut().collect::<Vec<_>>());
    }
    clients.iter().for_each(|client| drop(client.texts()));
    for _ in 0..20 {
        stage.beat(&mut clients.iter_mut().collect::<Vec<_>>());
        told.push(clients.iter().map(|client| client.texts().len()).collect::<Vec<_>>());
    }
    assert_eq!(told.iter().filter(|told| **told == [1, 1, 1]).count(), 4);
    assert_eq!(told.iter().filter(|told| **told == [0, 0, 0]).count(), 16);
}

#[test]
fn a_feed_with_nothing_new_says_the_time_once_a_second() {
    let mut stage = Stage::new();
    let mut client = stage.client(&[]);
    stage.say(&mut client, &json!({"subscribe": {"id": "a", "packs": ["no such"]}})).unwrap();
    assert_eq!(client.texts()[0]["snapshot"], json!({"packs": {}}));
    for _ in 0..65 {
        stage.beat(&mut [&mut client]);
    }
    let texts = client.texts();
    assert_eq!(texts.len(), 3);
    for text in texts {
        assert_eq!(text["change"], json!({}));
        assert!(text["at"].as_str().unwrap().ends_with('Z'));
    }
}

#[test]
fn a_slow_reader_is_told_how_much_it_missed_and_slows_nobody() {
    let mut stage = Stage::new();
    let (mut slow, mut other) = (stage.client(&[]), stage.client(&[]));
    stage.say(&mut slow, &wish(PACKS)).unwrap();
    stage.say(&mut other, &wish(PACKS)).unwrap();
    slow.texts();
    other.texts();
    slow.take_no_more_than(10);
    let mut numbers = 0;
    for _ in 0..100 {
        stage.beat(&mut [&mut slow, &mut other]);
        let texts = other.texts();
        assert!(texts.iter().all(|text| text.get("missed").is_none()));
        numbers += texts.len();
    }
    slow.take_no_more_than(usize::MAX);
    stage.poll(&mut slow).unwrap();
    let texts = slow.texts();
    // The one that was on its way when it stopped reading, then the newest state.
    assert_eq!(texts.len(), 2);
    assert!(texts[0].get("change").is_some());
    assert_eq!(texts[1]["missed"], json!(numbers - 1));
    let mut newcomer = stage.client(&[]);
    stage.say(&mut newcomer, &wish(PACKS)).unwrap();
    assert_eq!(texts[1]["snapshot"], newcomer.texts()[0]["snapshot"]);
    // And then it goes on as before.
    for _ in 0..4 {
        stage.beat(&mut [&mut slow]);
    }
    let after = slow.texts();
    assert!(!after.is_empty() && after.iter().all(|text| text.get("change").is_some()));
}

#[test]
fn what_is_taken_away_ends_the_stream_with_the_reason() {
    for why in Ended::ALL {
        let mut stage = Stage::new();
        let (mut client, mut stalled) = (stage.client(&[]), stage.client(&[]));
        for client in [&mut client, &mut stalled] {
            stage.say(client, &wish(PACKS)).unwrap();
            client.texts();
        }
        stalled.take_no_more_than(0);
        stage.beat(&mut [&mut client, &mut stalled]);
        client.texts();
        end_session(&client.session, why);
        end_session(&stalled.session, why);
        assert_eq!(stage.beat(&mut [&mut client, &mut stalled]), [Ok(()), Ok(())]);
        let ended = json!({"ended": {"code": why.code(), "reason": why.sentence()}});
        assert_eq!(client.hear(), [Heard::Text(ended), Heard::Close(4001)]);
        // It closes too, and that is the end.
        client.send(0x88, &4001_u16.to_be_bytes());
        assert_eq!(stage.poll(&mut client), Err(Gone));
        // Whoever does not answer is cut off within a second.
        let beats = (1..20).find(|_| stage.beat(&mut [&mut stalled]) == [Err(Gone)]);
        assert!(beats.is_some(), "a second after its end it is still there");
    }
}

#[test]
fn frames_are_for_those_who_may_see_them() {
    let stage = Stage::new();
    let frames = json!({"subscribe": {"id": "f", "frames": {}}});
    for rights in [&[][..], &[Right::ChangeSettings], &[Right::ChargePacks]] {
        let mut client = stage.client(rights);
        stage.say(&mut client, &frames).unwrap();
        let told = client.texts();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0]["error"]["code"], "permission_missing");
    }
    for rights in [Right::SendReceiveCan, Right::Administrator] {
        let mut client = stage.client(&[rights]);
        stage.say(&mut client, &frames).unwrap();
        let told = client.texts();
        let rows = object(&told[0]["snapshot"]["frames"]);
        assert!(rows.keys().all(|name| name.ends_with("/received")), "{rows:?}");
        assert!(rows.len() > 5);
    }
}

#[test]
fn filters_choose_frames_and_patterns_choose_signals() {
    let stage = Stage::new();
    let snapshot = stage.plant.published();
    let of = |fields: &str| state(&topic(fields), &snapshot, &mut Memory::default());
    let one = of(r#""frames":{"ids":["0x6FA"]}"#);
    let names: Vec<&String> = object(&one["frames"]).keys().collect();
    assert_eq!(names.len(), 1);
    assert!(names[0].ends_with("/0x6FA/received"), "{names:?}");
    let some = of(r#""frames":{"id":"0x6F0","mask":"0x7F0"}"#);
    assert!(object(&some["frames"]).keys().all(|name| name.contains("/0x6F")));
    assert_eq!(of(r#""frames":{"bus":"no such"}"#)["frames"], json!({}));
    let volts = of(r#""signals":["pack/*/voltage_v"]"#);
    let volts = object(&volts["signals"]);
    assert_eq!(volts.len(), 1);
    assert!(volts.values().all(|value| value["value"].as_f64().unwrap() > 10.0));
    let decoded = of(r#""signals":["signal/*"]"#);
    let decoded = object(&decoded["signals"]);
    assert!(decoded.len() > 20, "{decoded:?}");
    assert!(decoded.keys().all(|name| name.starts_with("signal/")));
}

#[test]
fn an_unknown_wish_gets_a_sentence_and_the_sixth_ends_it() {
    let stage = Stage::new();
    let mut client = stage.client(&[]);
    for _ in 0..5 {
        stage.say(&mut client, &json!({"subscribe": {"id": "a", "colour": "red"}})).unwrap();
        let told = client.texts();
        assert_eq!(told[0]["error"]["code"], "invalid");
        assert!(told[0]["error"]["detail"].as_str().unwrap().contains("colour"));
    }
    stage.say(&mut client, &json!(7)).unwrap();
    match client.hear().as_slice() {
        [Heard::Text(told), Heard::Close(1008)] => {
            assert_eq!(told["ended"]["code"], "too_many_errors");
        }
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn whoever_says_too_much_has_to_go() {
    let mut stage = Stage::new();
    let mut client = stage.client(&[]);
    for _ in 0..40 {
        client.send(0x89, b"?");
    }
    for _ in 0..3 {
        // Its answers are taken, so it is not the answers that end it.
        stage.poll(&mut client).ok();
        client.hear();
    }
    let mut quiet = stage.client(&[]);
    quiet.send(0x89, b"once");
    stage.poll(&mut quiet).unwrap();
    assert_eq!(quiet.hear(), [Heard::Pong(b"once".to_vec())]);
    let mut flood = stage.client(&[]);
    let fifty = wish(r#"{"unsubscribe":"a"}"#).to_string();
    for _ in 0..5 {
        flood.send(0x81, PACKS.as_bytes());
    }
    for _ in 0..50 {
        flood.send(0x81, fifty.as_bytes());
        stage.poll(&mut flood).ok();
    }
    assert!(flood.hear().contains(&Heard::Close(1008)));
    assert_eq!(stage.beat(&mut [&mut quiet]), [Ok(())]);
}

#[test]
fn a_broken_rule_of_the_protocol_closes_with_its_code() {
    let stage = Stage::new();
    for (first, payload, code) in [
        (0x82, &b"binary"[..], 1003),
        (0x81, &b"\xFF"[..], 1007),
        (0xC1, &b"{}"[..], 1002),
        (0x80, &b"goes on"[..], 1002),
        (0x09, &b"half a ping"[..], 1002),
        (0x81, &[b' '; 16 * 1024 + 1][..], 1009),
    ] {
        let mut client = stage.client(&[]);
        client.send(first, payload);
        stage.poll(&mut client).unwrap();
        match client.hear().as_slice() {
            [Heard::Text(told), Heard::Close(told_code)] => {
                assert_eq!(told["ended"]["code"], "protocol");
                assert_eq!(*told_code, code);
            }
            other => unreachable!("{first:x}: {other:?}"),
        }
    }
}

#[test]
fn the_dead_are_asked_and_then_dropped_and_the_living_stay() {
    let mut stage = Stage::new();
    let (mut dead, mut alive) = (stage.client(&[]), stage.client(&[]));
    let (mut asked, mut dropped) = (None, None);
    for beat in 1..1000 {
        // Nothing is subscribed, so nothing is told but the pings.
        stage.beat += 1;
        let mut cx = Context::from_waker(Waker::noop());
        let mut seen = None;
        let turn = stage.turn();
        let over = dead.peer.beat(&mut cx, &turn, &mut seen);
        alive.peer.beat(&mut cx, &turn, &mut seen).unwrap();
        if alive.hear() == [Heard::Ping] {
            asked.get_or_insert(beat);
            alive.send(0x8A, b"");
            stage.poll(&mut alive).unwrap();
        }
        if over == Err(Gone) && dropped.is_none() {
            dropped = Some(beat);
        }
    }
    assert_eq!((asked, dropped), (Some(60), Some(900)));
    // A charge that hangs on somebody being there hangs on their answers.
    let heard = stage.watcher.1.lock().unwrap();
    assert!(heard.len() > 10 && heard.iter().all(|one| Arc::ptr_eq(one, alive.session.life())));
}

#[test]
fn a_connection_has_at_most_eight_subscriptions_and_may_replace_them() {
    let stage = Stage::new();
    let mut client = stage.client(&[]);
    for id in 0..8 {
        stage
            .say(&mut client, &json!({"subscribe": {"id": format!("{id}"), "events": true}}))
            .unwrap();
        assert_eq!(client.texts()[0]["subscription"], json!(format!("{id}")));
    }
    stage.say(&mut client, &json!({"subscribe": {"id": "8", "events": true}})).unwrap();
    assert_eq!(client.texts()[0]["error"]["code"], "too_many");
    stage.say(&mut client, &json!({"subscribe": {"id": "7", "packs": ["*"]}})).unwrap();
    assert!(client.texts()[0]["snapshot"].get("packs").is_some());
    stage.say(&mut client, &json!({"unsubscribe": "0"})).unwrap();
    stage.say(&mut client, &json!({"subscribe": {"id": "\"8\"", "events": true}})).unwrap();
    assert_eq!(client.texts()[0]["subscription"], json!("\"8\""));
    stage.say(&mut client, &json!({"unsubscribe": "0"})).unwrap();
    assert_eq!(client.texts()[0]["error"]["code"], "not_found");
}

#[test]
fn whoever_closes_is_answered() {
    let stage = Stage::new();
    let mut client = stage.client(&[]);
    stage.say(&mut client, &wish(PACKS)).unwrap();
    client.texts();
    client.send(0x88, &1000_u16.to_be_bytes());
    assert_eq!(stage.poll(&mut client), Err(Gone));
    assert_eq!(client.hear(), [Heard::Close(1000)]);
}

#[test]
fn there_are_not_more_feeds_than_the_machine_can_feed() {
    let feeds = Feeds::default();
    let wish = |n: usize| topic(&format!(r#""packs":["{n}"]"#));
    let held: Vec<_> = (0..256).map(|n| feeds.subscribe(wish(n)).unwrap()).collect();
    assert!(feeds.subscribe(wish(256)).is_none());
    assert!(feeds.subscribe(wish(7)).is_some());
    drop(held);
    assert!(feeds.subscribe(wish(256)).is_some());
}
