//! The live streams, through a listener on loopback with a WebSocket library as the client: what is
//! told and how often, who gets in, and how soon a stream ends when its session does.

mod charges;
mod ends;
mod leaving;
mod ropes;
mod secure;
mod stage;

use std::time::{Duration, Instant};

use busbar::engine::Preset;
use serde_json::{Value, json};

use self::stage::{Stage, Stream, kind};

const PACKS: &str = r#"{"subscribe":{"id":"a","packs":["*"],"rate_hz":20}}"#;

/// Seconds of the day that the message was made at.
fn at(message: &Value) -> f64 {
    let text = message["at"].as_str().unwrap();
    let part = |from: usize, to: usize| text[from..to].parse::<f64>().unwrap();
    part(11, 13) * 3600.0 + part(14, 16) * 60.0 + part(17, 23)
}

#[test]
fn a_stream_begins_with_a_snapshot_and_goes_on_with_changes() {
    let stage = Stage::playing("demo");
    let token = stage.token("vera", Preset::Viewer);
    let mut stream = stage.stream(&token);
    stream.say(PACKS);
    let first = stream.hear();
    assert_eq!(kind(&first), "snapshot");
    assert_eq!(first["snapshot"]["packs"].as_object().unwrap().len(), 1);
    let told_of_modules = |message: &Value| {
        let packs = message["change"]["packs"].as_object().into_iter().flatten();
        packs.into_iter().any(|(_, pack)| pack["modules"].is_object())
    };
    stream.until(told_of_modules);
    for _ in 0..5 {
        let next = stream.hear();
        assert_eq!((kind(&next), &next["subscription"]), ("change", &json!("a")));
        assert!(at(&next) > at(&first));
    }
}

#[test]
fn a_stream_is_not_faster_than_was_asked_for() {
    let stage = Stage::playing("demo");
    let token = stage.token("vera", Preset::Viewer);
    let mut stream = stage.stream(&token);
    stream.say(r#"{"subscribe":{"id":"slow","packs":["*"],"rate_hz":2}}"#);
    assert_eq!(stream.hear()["rate_hz"], json!(2.0));
    // The first change comes with the next common beat of this rate, the others half a second apart.
    stream.hear();
    let began = Instant::now();
    for _ in 0..4 {
        assert_eq!(kind(&stream.hear()), "change");
    }
    let took = began.elapsed();
    assert!(took > Duration::from_millis(1700), "four changes at 2 Hz took {took:?}");
}

#[test]
fn a_client_that_does_not_read_is_told_what_it_missed_and_slows_nobody() {
    let stage = Stage::playing("large");
    let token = stage.token("emil", Preset::Engineer);
    let (mut lazy, mut other) = (stage.stream(&token), stage.stream(&token));
    let all = |id: &str| {
        json!({"subscribe": {"id": id, "packs": ["*"], "signals": ["*"], "events": true,
            "frames": {}, "rate_hz": 20}})
        .to_string()
    };
    other.say(&all("b"));
    lazy.say(&all("a"));
    let mut heard = 0;
    // Beside it, another one that begins anew again and again brings the whole state each time, until
    // nothing more goes into the socket.
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(6) {
        lazy.try_say(&all("c"));
        let message = other.hear();
        assert!(message.get("missed").is_none(), "the other was slowed");
        heard += 1;
    }
    assert!(heard > 10, "{heard} messages in 6 s at 10 Hz");
    let missed = (0..200).map(|_| lazy.hear()).find(|message| message.get("missed").is_some());
    let missed = missed.expect("it missed something");
    assert_eq!(kind(&missed), "snapshot");
    assert!(missed["missed"].as_u64().unwrap() > 0);
    // And goes on as if nothing had been.
    lazy.until(|message| kind(message) == "change");
}

#[test]
fn frames_are_refused_to_who_may_not_see_them_and_the_rest_goes_on() {
    let stage = Stage::playing("demo");
    let frames = r#"{"subscribe":{"id":"f","frames":{}}}"#;
    for preset in [Preset::Viewer, Preset::Operator] {
        let token = stage.token(preset.word(), preset);
        let mut stream = stage.stream(&token);
        stream.say(PACKS);
        assert_eq!(kind(&stream.hear()), "snapshot");
        stream.say(frames);
        let refused = stream.until(|message| message.get("error").is_some());
        assert_eq!(refused["error"]["code"], "permission_missing");
        assert_eq!(kind(&stream.hear()), "change");
    }
    let token = stage.token("emil", Preset::Engineer);
    let mut stream = stage.stream(&token);
    stream.say(frames);
    assert!(!stream.hear()["snapshot"]["frames"].as_object().unwrap().is_empty());
}

#[test]
fn only_who_is_signed_in_gets_a_stream() {
    let stage = Stage::playing("demo");
    let refused = |fields: &[(&str, &str)]| stage.connect(fields).err();
    assert_eq!(refused(&[]), Some(401));
    for wrong in ["Bearer nonsense", "Bearer ", "Basic YWRhOmFkYQ==", "Bearer ../../etc/passwd"] {
        assert_eq!(refused(&[("Authorization", wrong)]), Some(401), "{wrong}");
    }
    let unused = "A".repeat(43);
    assert_eq!(refused(&[("Authorization", &format!("Bearer {unused}"))]), Some(401));
    assert_eq!(refused(&[("Cookie", &format!("busbar={unused}"))]), Some(401));
    let out = stage.sign_in("olga", Preset::Operator);
    stage.gate().sign_out(&out.session).unwrap();
    let bearer = format!("Bearer {}", out.token.reveal());
    assert_eq!(refused(&[("Authorization", &bearer)]), Some(401));
    let new = stage.must_change("nils");
    assert_eq!(refused(&[("Authorization", &format!("Bearer {new}"))]), Some(403));
    // And a token in the address is no token.
    assert_eq!(stage.plain(&format!("/api/v1/live?token={new}"), &[]), 401);
}

#[test]
fn a_page_of_another_site_cannot_listen_with_somebodys_cookie() {
    let stage = Stage::playing("demo");
    let cookie = format!("busbar={}", stage.token("vera", Preset::Viewer));
    let own = stage.base();
    let other_port = format!("http://127.0.0.1:{}", stage.port().wrapping_add(1));
    for origin in ["http://evil.example", "null", &other_port, &own.replace("http", "https")] {
        let said = stage.connect(&[("Cookie", &cookie), ("Origin", origin)]).err();
        assert_eq!(said, Some(403), "{origin}");
    }
    assert_eq!(stage.connect(&[("Cookie", &cookie)]).err(), Some(403), "no origin at all");
    let mut stream = stage.connect(&[("Cookie", &cookie), ("Origin", &own)]).unwrap();
    stream.say(PACKS);
    assert_eq!(kind(&stream.hear()), "snapshot");
}

#[test]
fn what_asks_for_no_websocket_is_told_what_to_do() {
    let stage = Stage::playing("demo");
    let bearer = format!("Bearer {}", stage.token("vera", Preset::Viewer));
    assert_eq!(stage.plain("/api/v1/live", &[("Authorization", &bearer)]), 426);
}

#[test]
fn wishes_that_are_not_understood_get_a_sentence_and_then_the_door() {
    let stage = Stage::playing("demo");
    let mut stream = stage.stream(&stage.token("vera", Preset::Viewer));
    for wrong in ["", "{}", "nonsense", r#"{"subscribe":{"id":"a","packs":["*"],"x":1}}"#, "[1]"] {
        stream.say(wrong);
        let told = stream.hear();
        assert!(told["error"]["detail"].as_str().unwrap().ends_with('.'), "{told}");
    }
    stream.say("one more");
    assert_eq!(stream.hear()["ended"]["code"], "too_many_errors");
    assert_eq!(stream.close_code(), Some(1008));
}

#[test]
fn whoever_talks_without_a_pause_has_to_go() {
    let stage = Stage::playing("demo");
    let mut stream: Stream = stage.stream(&stage.token("vera", Preset::Viewer));
    for _ in 0..200 {
        stream.try_say(PACKS);
    }
    let ended = stream.until(|message| message.get("ended").is_some());
    assert_eq!(ended["ended"]["code"], "too_fast");
}
