//! How a stream ends when the session behind it does: within a second, with the reason.

use std::sync::Arc;
use std::time::{Duration, Instant};

use busbar::base::time::{Clock, FakeClock, Wall};
use busbar::engine::{
    AccountId, ChangeAccount, CreateToken, DeleteAccount, EndSession, EndSessions, GivePassword,
    MustChangeIt, Preset, RevokeToken, Secret, Status,
};

use super::PACKS;
use super::stage::{Stage, Stream, kind};

/// 2026-06-01T08:00:00Z.
const MORNING: i64 = 1_780_300_800_000_000_000;

/// What is done to an account.
type Act = fn(&Stage, AccountId);

fn change(id: AccountId) -> ChangeAccount {
    ChangeAccount {
        id: Some(id),
        expected: None,
        name: None,
        email: None,
        service: None,
        rights: None,
        status: None,
    }
}

/// Two streams of somebody new that do something and nothing.
fn streams(stage: &Stage, token: &str) -> [Stream; 2] {
    let (mut busy, idle) = (stage.stream(token), stage.stream(token));
    busy.say(PACKS);
    assert_eq!(kind(&busy.hear()), "snapshot");
    [busy, idle]
}

/// The stream ends with this reason before a second has gone by since `since`.
#[track_caller]
fn ends(stream: &mut Stream, code: &str, since: Instant) {
    let ended = stream.until(|message| message.get("ended").is_some());
    let took = since.elapsed();
    assert_eq!(ended["ended"]["code"], code);
    assert!(ended["ended"]["reason"].as_str().unwrap().ends_with('.'), "{ended}");
    assert!(took < Duration::from_secs(1), "{code}: it took {took:?}");
    assert_eq!(stream.close_code(), Some(4001));
}

#[test]
fn a_stream_ends_within_a_second_of_what_ends_its_session() {
    let stage = Stage::playing("demo");
    let viewer = Preset::Viewer;
    let cases: [(&str, &str, Act); 6] = [
        ("disabled", "account_disabled", |stage, id| {
            stage.order(ChangeAccount { status: Some(Status::Disabled), ..change(id) });
        }),
        ("deleted", "account_deleted", |stage, id| {
            stage.order(DeleteAccount { id, expected: None });
        }),
        ("demoted", "rights_changed", |stage, id| {
            stage.order(ChangeAccount { rights: Some(Preset::Operator.rights()), ..change(id) });
        }),
        ("given", "password_changed", |stage, id| {
            let hash =
                stage.gate().hash("given", &Secret::new("kettle on the hob".into())).unwrap();
            let must_change = MustChangeIt::Yes;
            stage.order(GivePassword { id, expected: None, hash, must_change });
        }),
        ("ended", "ended_by_others", |stage, id| {
            stage.order(EndSessions { account: id, keep: None });
        }),
        ("left", "signed_out", |_, _| {}),
    ];
    for (name, code, act) in cases {
        let signed_in = stage.sign_in(name, viewer);
        let mut streams = streams(&stage, signed_in.token.reveal());
        act(&stage, signed_in.account.id);
        if code == "signed_out" {
            stage.gate().sign_out(&signed_in.session).unwrap();
        }
        let since = Instant::now();
        for stream in &mut streams {
            ends(stream, code, since);
        }
        let again =
            stage.connect(&[("Authorization", &format!("Bearer {}", signed_in.token.reveal()))]);
        assert_eq!(again.err(), Some(401), "{name}");
    }
}

#[test]
fn one_session_that_is_ended_leaves_the_others_alone() {
    let stage = Stage::playing("demo");
    let one = stage.sign_in("vera", Preset::Viewer);
    let other = stage.token("otto", Preset::Viewer);
    let [mut busy, _idle] = streams(&stage, one.token.reveal());
    let [mut stays, _] = streams(&stage, &other);
    stage.order(EndSession { account: one.account.id, id: one.session.id().unwrap() });
    ends(&mut busy, "ended_by_others", Instant::now());
    for _ in 0..5 {
        assert_eq!(kind(&stays.hear()), "change");
    }
}

#[test]
fn a_token_that_is_revoked_ends_its_streams() {
    let stage = Stage::playing("demo");
    let id = stage.add("robot", Preset::Engineer, MustChangeIt::No);
    let new = stage.order(CreateToken {
        account: id,
        name: "dash".into(),
        rights: Preset::Viewer.rights(),
        expires: Wall::from_nanos(stage.door().clock().wall().nanos() + 3_600_000_000_000),
    });
    let [mut busy, mut idle] = streams(&stage, new.token.reveal());
    stage.order(RevokeToken { account: id, id: new.entry.id });
    let since = Instant::now();
    ends(&mut busy, "token_revoked", since);
    ends(&mut idle, "token_revoked", since);
}

#[test]
fn a_session_that_nobody_uses_expires_under_its_stream() {
    let clock = FakeClock::new(Wall::from_nanos(MORNING));
    let stage = Stage::at(Arc::clone(&clock) as Arc<dyn Clock>);
    let token = stage.token("vera", Preset::Viewer);
    let mut stream = stage.stream(&token);
    clock.advance(Duration::from_secs(29 * 60));
    stream.say(PACKS);
    assert_eq!(kind(&stream.hear()), "snapshot");
    clock.advance(Duration::from_secs(2 * 60));
    ends(&mut stream, "expired", Instant::now());
}

#[test]
fn a_listener_that_stops_says_goodbye() {
    let mut stage = Stage::playing("demo");
    let token = stage.token("vera", Preset::Viewer);
    let [mut busy, _idle] = streams(&stage, &token);
    stage.stop_listening();
    let ended = busy.until(|message| message.get("ended").is_some());
    assert_eq!(ended["ended"]["code"], "stopping");
    assert_eq!(busy.close_code(), Some(1001));
}
