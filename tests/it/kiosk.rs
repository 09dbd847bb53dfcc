//! Displays that sign themselves in, and everything that somebody could try with one: other pages, other
//! addresses, invented addresses, another account, another stream, a stop.

#![expect(clippy::panic, reason = "a test says what went wrong by failing")]

use std::io::{Read as _, Write as _};

use busbar::engine::{
    AccountId, ChangeAccount, KioskSettings, NoDisplay, Origin, PassOn, Preset, Right, Rights,
    SaveSettings, StopCharge, ViewPlant,
};

use crate::visit::{Answer, Inn, PATIENCE, is_closed};

/// The account of the display and the settings that let it in at these addresses.
fn wall(inn: &Inn, addresses: &[&str]) -> AccountId {
    let id = inn.add("wall", Preset::Viewer).account.id;
    let addresses = addresses.iter().map(|text| text.parse().unwrap()).collect();
    let kiosk = KioskSettings { enabled: true, profile: None, account: Some(id), addresses };
    inn.order(SaveSettings { kiosk: Some(kiosk), ..SaveSettings::default() });
    id
}

fn off(inn: &Inn) {
    let kiosk = Some(KioskSettings::default());
    inn.order(SaveSettings { kiosk, ..SaveSettings::default() });
}

/// The cookie that `/kiosk` gives out.
fn display_cookie(answer: &Answer) -> String {
    let set = answer.all("set-cookie").into_iter().find(|set| set.starts_with("busbar-display="));
    let set = set.unwrap_or_else(|| panic!("no cookie: {answer:?}"));
    for flag in ["; Path=/kiosk;", "; HttpOnly", "; SameSite=Strict"] {
        assert!(set.contains(flag), "no {flag} in {set}");
    }
    set.split(';').next().unwrap().to_owned()
}

#[test]
fn a_listed_display_sees_the_pack_and_nothing_that_leads_elsewhere_or_can_be_pressed() {
    let inn = Inn::new();
    wall(&inn, &["127.0.0.1"]);
    let page = inn.get("/kiosk", &[]);
    assert_eq!(page.status, 200, "{page:?}");
    let body = page.plain_body();
    for way_out in ["<a ", "<form", "<button", "href=\"/pack", "/sign-in", "/charge/stop"] {
        assert!(!body.contains(way_out), "{way_out} in {body}");
    }
    let cookie = display_cookie(&page);
    let again = inn.get("/kiosk", &[("Cookie", &cookie)]);
    assert_eq!(again.status, 200);
    assert!(again.all("set-cookie").is_empty(), "it is signed in already");
}

#[test]
fn what_a_display_holds_opens_no_other_page_no_api_and_no_other_stream() {
    let inn = Inn::new();
    wall(&inn, &["127.0.0.1"]);
    let cookie = display_cookie(&inn.get("/kiosk", &[]));
    let token = cookie.split_once('=').unwrap().1.to_owned();
    let as_session = format!("busbar={token}");
    let bearer = format!("Bearer {token}");
    let origin = inn.origin();
    for path in
        ["/", "/pack", "/charge", "/settings", "/users", "/log", "/api/v1/packs", "/api/v1/session"]
    {
        for header in
            [("Cookie", cookie.as_str()), ("Cookie", &as_session), ("Authorization", &bearer)]
        {
            let answer = inn.get(path, &[header]);
            assert_eq!(answer.status, 401, "{path} with {}: {answer:?}", header.0);
        }
    }
    for path in ["/charge/stop", "/can/silence"] {
        let headers = [("Cookie", as_session.as_str()), ("Origin", origin.as_str())];
        assert_eq!(inn.form(path, &headers, "form_token=x").status, 401, "{path}");
    }
    for path in ["/live/pages?page=pack", "/api/v1/live"] {
        let headers = upgrade(&as_session, &origin);
        let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let answer =
            inn.send(&inn.request("GET", path, &headers, "").replace("Connection: close\r\n", ""));
        assert_eq!(answer.status, 401, "{path}: {answer:?}");
    }
}

fn upgrade(cookie: &str, origin: &str) -> Vec<(&'static str, String)> {
    vec![
        ("Cookie", cookie.to_owned()),
        ("Origin", origin.to_owned()),
        ("Connection", "Upgrade".to_owned()),
        ("Upgrade", "websocket".to_owned()),
        ("Sec-WebSocket-Version", "13".to_owned()),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==".to_owned()),
    ]
}

#[test]
fn an_invented_address_lets_nobody_in_and_a_trusted_proxy_tells_the_true_one() {
    let inn = Inn::new();
    wall(&inn, &["192.0.2.40"]);
    for header in ["X-Forwarded-For", "Forwarded", "X-Real-IP"] {
        assert_eq!(inn.get("/kiosk", &[(header, "192.0.2.40")]).status, 403, "{header}");
    }
    let inn = inn.moved(|site| site.behind(vec!["127.0.0.1".parse().unwrap()]));
    let from = |inn: &Inn, said: &str| inn.get("/kiosk", &[("X-Forwarded-For", said)]);
    assert_eq!(from(&inn, "192.0.2.41").status, 403);
    // What the visitor claims stands to the left of what the proxy saw.
    assert_eq!(from(&inn, "192.0.2.40, 198.51.100.7").status, 403);
    let page = from(&inn, "198.51.100.7, 192.0.2.40");
    assert_eq!(page.status, 200);
    let cookie = display_cookie(&page);
    // The token from another address is worth nothing, and that address gets none of its own.
    let elsewhere = [("Cookie", cookie.as_str()), ("X-Forwarded-For", "192.0.2.41")];
    assert_eq!(inn.get("/kiosk", &elsewhere).status, 403);
    let here = [("Cookie", cookie.as_str()), ("X-Forwarded-For", "192.0.2.40")];
    assert_eq!(inn.get("/kiosk", &here).status, 200);
}

#[test]
fn the_stream_of_a_display_ends_within_a_second_of_being_switched_off() {
    let inn = Inn::new();
    wall(&inn, &["127.0.0.1"]);
    let cookie = display_cookie(&inn.get("/kiosk", &[]));
    let origin = inn.origin();
    let headers = upgrade(&cookie, &origin);
    let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let request =
        inn.request("GET", "/kiosk/live", &headers, "").replace("Connection: close\r\n", "");
    let mut stream = inn.connect();
    stream.write_all(request.as_bytes()).unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"HTTP/1.1 101");
    let session = inn.running.gate.enter_display(
        cookie.split_once('=').unwrap().1,
        &Origin {
            address: Some("127.0.0.1".parse().unwrap()),
            ..Origin::local(busbar::engine::Face::Web)
        },
    );
    let session = session.unwrap();
    assert!(session.may(ViewPlant) && !session.may(PassOn), "a display has nothing mailed");
    off(&inn);
    assert!(session.life().ended().is_some(), "it ends with the transaction that switches it off");
    assert!(is_closed(&mut stream, PATIENCE), "the stream ends");
    assert_eq!(inn.get("/kiosk", &[("Cookie", &cookie)]).status, 403);
}

#[test]
fn a_display_ends_when_its_account_is_given_more_and_none_is_chosen_that_has_more() {
    let inn = Inn::new();
    let id = wall(&inn, &["127.0.0.1"]);
    let cookie = display_cookie(&inn.get("/kiosk", &[]));
    let account = inn.roster().account(id).unwrap().clone();
    inn.order(ChangeAccount {
        id: Some(id),
        expected: Some(account.version),
        name: None,
        email: None,
        service: None,
        rights: Some(Rights::of_account(&[Right::ChargePacks])),
        status: None,
    });
    let answer = inn.get("/kiosk", &[("Cookie", &cookie)]);
    assert_eq!(answer.status, 403, "{answer:?}");
    off(&inn);
    let kiosk = KioskSettings {
        enabled: true,
        profile: None,
        account: Some(id),
        addresses: vec!["127.0.0.1".parse().unwrap()],
    };
    let order = SaveSettings { kiosk: Some(kiosk), ..SaveSettings::default() };
    let refused = inn.running.door.submit(&inn.desk, order).unwrap().wait().unwrap_err();
    assert!(refused.to_string().contains("may do more than read"), "{refused}");
}

#[test]
fn a_display_may_look_and_cannot_stop_and_belongs_to_its_profile() {
    let inn = Inn::new();
    let id = wall(&inn, &["127.0.0.1"]);
    let here = Origin {
        address: Some("127.0.0.1".parse().unwrap()),
        ..Origin::local(busbar::engine::Face::Web)
    };
    let (_token, session) = inn.running.gate.sign_in_display(&here).unwrap();
    assert!(session.may(ViewPlant));
    assert!(inn.running.door.submit(&session, StopCharge { pack: None }).is_err());
    let kiosk = KioskSettings {
        enabled: true,
        profile: Some("another".into()),
        account: Some(id),
        addresses: vec!["127.0.0.1".parse().unwrap()],
    };
    inn.order(SaveSettings { kiosk: Some(kiosk), ..SaveSettings::default() });
    assert!(session.life().ended().is_some(), "its profile does not run");
    assert!(matches!(inn.running.gate.sign_in_display(&here), Err(NoDisplay::NotHere)));
}

#[test]
fn a_browser_that_keeps_no_cookie_fills_nothing() {
    let inn = Inn::new();
    wall(&inn, &["127.0.0.1"]);
    for _ in 0..12 {
        let _page = inn.get("/kiosk", &[]);
    }
    let grant = inn.desk.permit(ViewPlant).unwrap();
    assert!(inn.running.door.displays(&grant) <= 4);
}

#[test]
fn another_sites_page_does_not_sign_a_screen_in() {
    let inn = Inn::new();
    wall(&inn, &["127.0.0.1"]);
    let answer = inn.get("/kiosk", &[("Sec-Fetch-Site", "cross-site")]);
    assert_eq!(answer.status, 403);
    assert!(answer.all("set-cookie").is_empty());
}
