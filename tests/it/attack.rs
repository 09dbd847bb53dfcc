//! What somebody with bad intentions sends: from another site, with another name, malformed, too much,
//! too slow, too often.

use std::net::SocketAddr;
use std::time::Duration;

use busbar::base::time::{Clock as _, SystemClock};
use busbar::engine::{AddService, Preset};
use busbar::web::routes;

use crate::visit::{Answer, GOOD, Inn, coded};

fn ada() -> Inn {
    let inn = Inn::new();
    inn.add("ada", Preset::Administrator);
    inn
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

#[test]
fn the_cookie_cannot_be_read_by_scripts_or_sent_by_other_sites() {
    let inn = ada();
    let answer = inn.sign_in_page("ada", GOOD, &[]);
    let set = answer.all("set-cookie");
    let set = set.iter().find(|set| set.starts_with("busbar=")).expect("a cookie");
    for flag in ["; Path=/", "; HttpOnly", "; SameSite=Strict", "; Max-Age=43200"] {
        assert!(set.contains(flag), "no {flag} in {set}");
    }
    assert!(!set.contains("Domain"), "{set}");
    let cookie = answer.cookie().unwrap();
    assert_eq!(inn.get("/pack", &[("Cookie", cookie)]).status, 200);
    let page = inn.get("/account", &[("Cookie", cookie)]);
    let body = format!("form_token={}", page.form_token());
    let origin = inn.origin();
    let out = inn.form("/sign-out", &[("Cookie", cookie), ("Origin", &origin)], &body);
    assert_eq!(out.status, 303, "{out:?}");
    assert!(out.all("set-cookie").iter().any(|set| set.contains("Max-Age=0")), "{out:?}");
    assert_ne!(inn.get("/pack", &[("Cookie", cookie)]).status, 200);
}

#[test]
fn a_token_known_before_the_sign_in_is_worth_nothing_after_it() {
    let inn = ada();
    let planted = format!("busbar={}", "A".repeat(43));
    let answer = inn.sign_in_page("ada", GOOD, &[("Cookie", &planted)]);
    let cookie = answer.cookie().unwrap().to_owned();
    assert_ne!(cookie, planted);
    assert_ne!(inn.get("/pack", &[("Cookie", &planted)]).status, 200);
    let again = inn.sign_in_page("ada", GOOD, &[("Cookie", &cookie)]);
    assert_ne!(again.cookie().unwrap(), cookie, "a sign-in gives out a new token");
}

#[test]
fn a_form_of_another_site_changes_nothing() {
    let inn = ada();
    let cookie = inn.cookie("ada");
    let token = inn.get("/services", &[("Cookie", &cookie)]).form_token();
    assert_eq!(token.len(), 43, "the page carries its form token");
    let body = format!("name=Night+shift&form_token={token}");
    let (version, origin) = (inn.roster().version, inn.origin());
    let cookie = ("Cookie", cookie.as_str());
    let port = inn.address().port();
    let near = format!("http://127.0.0.1:{}", port.wrapping_add(1));
    let sent: [&[(&str, &str)]; 7] = [
        &[cookie],
        &[cookie, ("Origin", "http://evil.example")],
        &[cookie, ("Origin", "null")],
        &[cookie, ("Origin", &near)],
        &[cookie, ("Referer", "http://evil.example/")],
        &[cookie, ("Sec-Fetch-Site", "cross-site")],
        &[cookie, ("Sec-Fetch-Site", "same-site"), ("Origin", &origin)],
    ];
    for headers in sent {
        let answer = inn.form("/services", headers, &body);
        assert_eq!(answer.status, 403, "{headers:?}: {answer:?}");
    }
    let own = [cookie, ("Origin", origin.as_str())];
    for without in ["name=Night+shift", "name=Night+shift&form_token=", "name=x&form_token=AAAA"] {
        assert_eq!(inn.form("/services", &own, without).status, 403, "{without}");
    }
    let as_text =
        inn.request("POST", "/services", &[own[0], own[1], ("Content-Type", "text/plain")], &body);
    assert_eq!(inn.send(&as_text).status, 415);
    assert_eq!(inn.roster().version, version, "nothing was changed");
    let answer = inn.form("/services", &own, &body);
    assert_eq!(answer.status, 303, "{answer:?}");
    assert_eq!(inn.roster().services.len(), 1);
}

#[test]
fn the_form_token_of_one_session_does_not_open_another() {
    let inn = ada();
    inn.add("eve", Preset::Administrator);
    let (ada, eve) = (inn.cookie("ada"), inn.cookie("eve"));
    let token = inn.get("/services", &[("Cookie", &eve)]).form_token();
    let origin = inn.origin();
    let headers = [("Cookie", ada.as_str()), ("Origin", origin.as_str())];
    let answer = inn.form("/services", &headers, &format!("name=x&form_token={token}"));
    assert_eq!(answer.status, 403);
    assert!(inn.roster().services.is_empty());
}

#[test]
fn json_with_a_cookie_needs_our_own_page_and_its_token() {
    let inn = ada();
    let cookie = inn.cookie("ada");
    let token = inn.get("/services", &[("Cookie", &cookie)]).form_token();
    let (cookie, origin) = (("Cookie", cookie.as_str()), inn.origin());
    let body = "{\"name\":\"Night shift\"}";
    let post = |headers: &[(&str, &str)]| inn.json("POST", "/api/v1/services", headers, body);
    let own = ("Origin", origin.as_str());
    assert_eq!(post(&[cookie]).code(), "origin_missing");
    assert_eq!(post(&[cookie, own]).code(), "form_token_missing");
    assert_eq!(post(&[cookie, own, ("X-Form-Token", "wrong")]).code(), "form_token_missing");
    let evil = ("Origin", "http://evil.example");
    assert_eq!(post(&[cookie, evil, ("X-Form-Token", &token)]).code(), "cross_site");
    assert!(inn.roster().services.is_empty());
    assert_eq!(post(&[cookie, own, ("X-Form-Token", &token)]).status, 201);
}

#[test]
fn nobody_is_signed_in_by_another_site() {
    let inn = ada();
    let body = format!("username=ada&password={}", coded(GOOD));
    let evil = [("Origin", "http://evil.example")];
    let answer = inn.form("/sign-in", &evil, &body);
    assert_eq!((answer.status, answer.cookie()), (403, None));
    let json = format!("{{\"username\":\"ada\",\"password\":\"{GOOD}\"}}");
    assert_eq!(inn.json("POST", "/api/v1/session", &evil, &json).status, 403);
    assert_eq!(inn.json("POST", "/api/v1/session", &[], &json).status, 200);
}

#[test]
fn a_websocket_is_opened_by_our_own_pages_and_tokens_only() {
    let inn = ada();
    let cookie = inn.cookie("ada");
    let bearer = bearer(&inn.token("ada"));
    let origin = inn.origin();
    let open = |headers: &[(&str, &str)]| {
        let upgrade = [
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        let text = inn.request("GET", "/api/v1/live", &[headers, &upgrade].concat(), "");
        let mut stream = inn.connect();
        let text = text.replace("Connection: close", "Connection: Upgrade");
        std::io::Write::write_all(&mut stream, text.as_bytes()).unwrap();
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n")
            && std::io::Read::read(&mut stream, &mut byte).unwrap() > 0
        {
            head.push(byte[0]);
        }
        Answer::parse(&String::from_utf8_lossy(&head)).status
    };
    assert_eq!(open(&[]), 401);
    assert_eq!(open(&[("Authorization", "Bearer nobody")]), 401);
    assert_eq!(open(&[("Cookie", &cookie), ("Origin", "http://evil.example")]), 403);
    assert_eq!(open(&[("Cookie", &cookie)]), 403);
    assert_eq!(open(&[("Authorization", &bearer), ("Origin", "http://evil.example")]), 403);
    assert_eq!(open(&[("Cookie", &cookie), ("Origin", &origin)]), 101);
    assert_eq!(open(&[("Authorization", &bearer)]), 101);
}

#[test]
fn other_sites_use_the_api_when_they_are_listed_and_never_with_a_cookie() {
    let dash = "https://dash.example.org";
    let inn = ada().moved(|site| site.open_to(vec!["https://dash.example.org".into()]));
    let ask = |origin: &str| {
        let headers = [("Origin", origin), ("Access-Control-Request-Method", "GET")];
        inn.send(&inn.request("OPTIONS", "/api/v1/packs", &headers, ""))
    };
    let answer = ask(dash);
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (204, Some(dash)));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    assert_eq!(answer.header("vary"), Some("Origin"));
    for other in ["https://evil.example", "https://dash.example.org.evil.example", "null"] {
        let answer = ask(other);
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (403, None));
    }
    let (cookie, bearer) = (inn.cookie("ada"), bearer(&inn.token("ada")));
    let headers = [("Origin", dash), ("Authorization", bearer.as_str())];
    let answer = inn.get("/api/v1/packs", &headers);
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, Some(dash)));
    let answer = inn.json("POST", "/api/v1/services", &headers, "{\"name\":\"x\"}");
    assert_eq!(answer.status, 201);
    let headers = [("Origin", dash), ("Cookie", cookie.as_str())];
    assert_eq!(inn.json("POST", "/api/v1/services", &headers, "{\"name\":\"y\"}").status, 403);
}

#[test]
fn it_answers_to_its_own_name_only() {
    let inn = ada();
    let host = |host: &str| inn.get("/health", &[("Host", host)]).status;
    let port = inn.address().port();
    for own in ["localhost", "127.0.0.1", "[::1]:1"] {
        assert_eq!(host(own), 200, "{own}");
    }
    assert_eq!(host(&format!("LOCALHOST:{port}")), 200);
    for other in [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.",
        "evil.example:80@127.0.0.1",
        "127.0.0.1/",
        "",
    ] {
        let status = host(other);
        assert!(matches!(status, 400 | 421), "{other:?}: {status}");
    }
    let raw = |text: &str| inn.send(&format!("{text}\r\nConnection: close\r\n\r\n")).status;
    assert_eq!(raw("GET /health HTTP/1.1"), 400, "no name at all");
    assert_eq!(raw("GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example"), 400);
    assert_eq!(raw("GET http://evil.example/health HTTP/1.1\r\nHost: localhost"), 400);
    assert_eq!(raw("GET http://localhost/health HTTP/1.1\r\nHost: localhost"), 200);
    assert_eq!(
        raw("GET /health HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Host: evil.example"),
        200
    );
}

#[test]
fn no_spelling_of_a_path_gets_around_the_sign_in() {
    let inn = ada();
    for path in [
        "//users",
        "/./users",
        "/assets/../users",
        "/%75sers",
        "/users/",
        "/users%2f1",
        "/users;x=1",
        "/USERS",
        "/users/1%00",
        "/api/v1//users",
        "/api/v1/%75sers",
        "/api/v1/users/..%2f..%2fusers",
        "/API/v1/users",
        "/assets/x/..%2f..%2fbusbar.db",
        "/assets/..%5c..%5cbusbar.db/x",
        "/assets/x/%2e%2e%2fsite.css",
    ] {
        let answer = inn.get(path, &[]);
        assert!(matches!(answer.status, 400 | 401 | 404), "{path}: {answer:?}");
        assert!(!answer.body.contains("SQLite format"), "{path}");
    }
    for odd in ["*", "users", "evil.example:443"] {
        let answer = inn.send(&inn.request("GET", odd, &[], ""));
        assert!((400..500).contains(&answer.status), "{odd}: {answer:?}");
    }
    let connect = inn.send(&inn.request("CONNECT", "evil.example:443", &[], ""));
    assert!((400..500).contains(&connect.status), "{connect:?}");
    for method in ["TRACE", "PROPFIND", "BREW"] {
        let answer = inn.send(&inn.request(method, "/users", &[("X-Secret", "s3cr3t")], ""));
        assert!((400..500).contains(&answer.status), "{method}: {answer:?}");
        assert!(!answer.body.contains("s3cr3t"), "{method}");
    }
}

#[test]
fn a_request_cannot_hide_another_one() {
    let inn = ada();
    let hidden = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let count = |answer: &Answer| {
        answer.body.matches("HTTP/1.1 ").count() + usize::from(answer.status != 0)
    };
    let head =
        "POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    for lengths in [
        "Content-Length: 2\r\nContent-Length: 4\r\n",
        "Content-Length: 2, 4\r\n",
        "Content-Length: +2\r\n",
        "Content-Length: -1\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
    ] {
        let answer = inn.send(&format!("{head}{lengths}\r\n{{}}{hidden}"));
        assert_eq!((answer.status, count(&answer)), (400, 1), "{lengths}: {answer:?}");
    }
    // What follows a chunked body is never taken for the next request.
    let both = "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n";
    let answer = inn.send(&format!("{head}{both}\r\n2\r\n{{}}\r\n0\r\n\r\n{hidden}"));
    assert_eq!(count(&answer), 1, "{answer:?}");
    assert_eq!(answer.header("connection"), Some("close"));
    for bad in [
        "GET /health HTTP/1.1\r\nHost : localhost\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: localhost\r\nX: \0\r\n\r\n",
        "GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /health HTTP/9.9\r\nHost: localhost\r\n\r\n",
        "\u{16}\u{3}\u{1} nonsense\r\n\r\n",
    ] {
        let answer = inn.send(bad);
        assert!(matches!(answer.status, 0 | 400 | 505), "{bad:?}: {answer:?}");
    }
    let split = inn.get("/sign-in?next=/a%0d%0aSet-Cookie:%20busbar=evil", &[]);
    assert_eq!(split.cookie(), None);
}

#[test]
fn what_is_too_much_is_refused_with_its_status() {
    let inn = ada();
    let long = format!("/health?{}", "x".repeat(5_000));
    assert_eq!(inn.get(&long, &[]).status, 414);
    let many: Vec<(String, &str)> = (0..100).map(|n| (format!("X-{n}"), "1")).collect();
    let many: Vec<(&str, &str)> =
        many.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    assert_eq!(inn.get("/health", &many).status, 431);
    let large = "x".repeat(100_000);
    assert_eq!(inn.get("/health", &[("X-Large", &large)]).status, 431);
    let body = "x".repeat(300_000);
    assert_eq!(inn.json("POST", "/api/v1/session", &[], &body).status, 413);
    assert_eq!(inn.form("/sign-in", &[("Origin", &inn.origin())], &body).status, 413);
    let told =
        "POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999999\r\n\r\n";
    assert_eq!(inn.send(told).status, 413, "refused before it is sent");
    let head = "POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\nSec-Fetch-Site: same-origin\r\n\r\n";
    let chunks = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    assert_eq!(inn.send(&format!("{head}{chunks}")).status, 413, "refused while it comes");
}

#[test]
fn a_file_that_is_too_large_for_a_page_is_refused_on_a_page_with_the_menu() {
    let inn = ada();
    let (cookie, origin) = (inn.cookie("ada"), inn.origin());
    let headers = [
        ("Cookie", cookie.as_str()),
        ("Origin", origin.as_str()),
        ("Content-Type", "multipart/form-data; boundary=edge"),
        ("Content-Length", "99999999999"),
    ];
    for (path, limit, back) in [
        ("/can/dbc/upload", "16 MiB", "/can/dbc"),
        ("/can/recordings/upload", "4 GB", "/can/recordings"),
        ("/parts/custom", "16 MiB", "/parts/custom"),
        ("/profile-pack", "80 MiB", "/profiles"),
    ] {
        let answer = inn.send(&inn.request("POST", path, &headers, ""));
        assert_eq!(answer.status, 413, "{path}: {answer:?}");
        let said = format!("It is larger than {limit}, which is the most");
        assert!(answer.body.contains(&said), "{path}: {answer:?}");
        assert!(answer.body.contains("<nav class=\"rail\""), "{path}: no menu");
        assert!(answer.body.contains(&format!("class=\"button\" href=\"{back}\"")), "{answer:?}");
        // Who is not signed in is told to do that first.
        let stranger = inn.send(&inn.request("POST", path, &headers[1..], ""));
        assert_eq!(stranger.status, 401, "{path}: {stranger:?}");
    }
}

#[test]
fn a_thousand_wrong_passwords_do_not_get_in_and_lock_nobody_out() {
    let inn = ada();
    let mut refused = [0, 0];
    for n in 0..1_000 {
        let answer = inn.sign_in_page("ada", &format!("guess number {n}"), &[]);
        match answer.status {
            401 => refused[0] += 1,
            429 => {
                refused[1] += 1;
                assert!(answer.header("retry-after").is_some(), "{answer:?}");
            }
            other => panic!("{other}: {answer:?}"),
        }
    }
    assert!(refused[1] > 900, "most are not even looked at: {refused:?}");
    assert_eq!(inn.sign_in_page("ada", GOOD, &[]).status, 429, "the wait holds for everybody");
    let api = inn.json("POST", "/api/v1/session", &[], "{\"username\":\"ada\",\"password\":\"x\"}");
    assert_eq!((api.status, api.code().as_str()), (429, "try_later"));
    inn.clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!(inn.sign_in_page("ada", GOOD, &[]).status, 303);
}

#[test]
fn an_unknown_name_and_a_wrong_password_look_and_take_the_same() {
    let inn = ada();
    let clock = SystemClock::new();
    let mut spent = [Vec::new(), Vec::new()];
    let mut texts = [String::new(), String::new()];
    for round in 0..40 {
        for (which, name) in [(0, "ada"), (1, "bob")] {
            let body = format!("{{\"username\":\"{name}\",\"password\":\"wrong wrong {round}\"}}");
            let began = clock.now();
            let answer = inn.json("POST", "/api/v1/session", &[], &body);
            spent[which].push(clock.now().since(began));
            assert_eq!(answer.status, 401, "{answer:?}");
            texts[which] = answer.plain_body();
        }
        inn.clock.advance(Duration::from_secs(24 * 3600));
    }
    assert_eq!(texts[0], texts[1]);
    let [known, unknown] = spent.map(|mut times| {
        times.sort();
        times[times.len() / 2].as_secs_f64()
    });
    // Cheap hashes take a millisecond or so; a name that is not looked up further would be several
    // times quicker.
    assert!((0.4..2.5).contains(&(known / unknown)), "{known} s known, {unknown} s unknown");
}

#[test]
fn text_in_every_field_comes_back_as_text() {
    let inn = ada();
    let (cookie, bearer) = (inn.cookie("ada"), bearer(&inn.token("ada")));
    let auth = [("Authorization", bearer.as_str())];
    let nasty = "<script>alert(1)</script>\"'; DROP TABLE accounts;--";
    let quoted = serde_json::to_string(nasty).unwrap();
    let user = format!("{{\"name\":{quoted},\"service\":{quoted}}}");
    let made = inn.json("POST", "/api/v1/users", &auth, &user);
    assert_eq!(made.status, 201, "{made:?}");
    let bad =
        inn.json("POST", "/api/v1/users", &auth, &format!("{{\"name\":\"x\",\"email\":{quoted}}}"));
    assert_eq!(bad.status, 422, "{bad:?}");
    let token = inn.get("/services", &[("Cookie", &cookie)]).form_token();
    let origin = inn.origin();
    let own = [("Cookie", cookie.as_str()), ("Origin", origin.as_str())];
    let body = format!("name={}&form_token={token}", coded(&format!("page {nasty}")));
    assert_eq!(inn.form("/services", &own, &body).status, 303);
    // A name that nobody has is written to the journal.
    inn.sign_in_page(nasty, "x", &[("User-Agent", nasty)]);
    let coded = coded(nasty);
    for path in [
        "/users".to_owned(),
        "/services".to_owned(),
        "/sessions".to_owned(),
        "/journal".to_owned(),
        "/account".to_owned(),
        format!("/users?text={coded}&status={coded}&service={coded}&sort={coded}"),
        format!("/journal?text={coded}&person={coded}&action={coded}"),
        format!("/sign-in?next={coded}&why={coded}"),
        format!("/pack?pack={coded}"),
        format!("/can?text={coded}"),
        format!("/{coded}"),
    ] {
        for headers in [&own[..1], &[]] {
            let answer = inn.get(&path, headers);
            assert!(answer.status < 500, "{path}: {answer:?}");
            assert!(!answer.body.contains("<script>alert"), "{path}: {}", answer.body);
        }
    }
    for path in ["/api/v1/users", "/api/v1/services", "/api/v1/journal", "/api/v1/sessions"] {
        let answer = inn.get(&format!("{path}?text={coded}&cursor={coded}"), &auth);
        assert!(answer.status < 500, "{path}: {answer:?}");
        let answer = inn.get(path, &auth);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.header("content-type").unwrap().starts_with("application/json"));
    }
    assert!(inn.roster().named("ada").is_some(), "the table is still there");
    assert!(inn.roster().named(nasty).is_some(), "the name is what was typed");
}

#[test]
fn looking_at_every_page_changes_nothing() {
    let inn = ada();
    let cookie = inn.cookie("ada");
    let bearer = bearer(&inn.token("ada"));
    let (roster, lines) = (inn.roster(), journal_lines(&inn, &bearer));
    let entries = routes(inn.shared()).entries().to_vec();
    let gets: Vec<_> = entries.iter().filter(|entry| entry.method == "GET").collect();
    assert!(gets.len() > 20, "{}", gets.len());
    for entry in gets {
        let path = entry.path.replace("{id}", "1").replace("{token}", "1");
        let path = path.replace("{set}", "1").replace("{name}", "1");
        if path.contains("live") {
            continue;
        }
        for headers in [[("Cookie", cookie.as_str())], [("Authorization", bearer.as_str())]] {
            let answer = inn.get(&path, &headers);
            assert!(answer.status < 500, "{path}: {answer:?}");
        }
    }
    let after = inn.roster();
    assert_eq!(after.accounts, roster.accounts);
    assert_eq!(after.services, roster.services);
    assert_eq!(after.settings, roster.settings);
    assert_eq!(after.tokens.len(), roster.tokens.len());
    let living = |roster: &busbar::engine::Roster| {
        roster.sessions.iter().filter(|session| session.ended.is_none()).count()
    };
    assert_eq!(living(&after), living(&roster));
    // Taking the journal along is written down: that is all.
    let more = journal_lines(&inn, &bearer).into_iter().skip(lines.len());
    for action in more {
        assert!(action.contains("export"), "{action}");
    }
    // What changes something cannot be looked at.
    for entry in entries.iter().filter(|entry| entry.method != "GET") {
        let path = entry.path.replace("{id}", "1").replace("{name}", "1").replace("{token}", "1");
        let answer = inn.get(&path, &[("Cookie", &cookie)]);
        assert!(matches!(answer.status, 200 | 303 | 400 | 404 | 405), "{path}: {answer:?}");
    }
}

/// What was done, oldest first.
fn journal_lines(inn: &Inn, bearer: &str) -> Vec<String> {
    let answer = inn.get("/api/v1/journal?limit=1000", &[("Authorization", bearer)]);
    let page: serde_json::Value = serde_json::from_str(&answer.plain_body()).unwrap();
    let items = page["items"].as_array().unwrap();
    items.iter().rev().map(|line| line["action"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn no_link_leads_to_another_site() {
    let inn = ada();
    let cookie = inn.cookie("ada");
    let origin = inn.origin();
    for next in [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\/evil.example",
        "/%2fevil.example",
        "///evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "http:evil.example",
    ] {
        let body = format!("username=ada&password={}&next={}", coded(GOOD), coded(next));
        let posted = inn.form("/sign-in", &[("Origin", &origin)], &body);
        let query = format!("/sign-in?next={}", coded(next));
        let looked = inn.get(&query, &[("Cookie", &cookie)]);
        for answer in [posted, looked] {
            let to = answer.header("location").unwrap_or_else(|| panic!("{next}: {answer:?}"));
            assert!(to.starts_with('/') && !to.starts_with("//"), "{next:?} leads to {to}");
            assert!(!to.contains('\\') && !to.contains('\t'), "{next:?} leads to {to}");
        }
        assert!(!inn.get(&query, &[]).body.contains("action=\"http"));
    }
}

#[test]
fn who_is_told_to_go_elsewhere_stays_here() {
    let inn = ada();
    for path in ["/users", "/settings?x=//evil.example", "//evil.example/users"] {
        let answer = inn.get(path, &[]);
        if let Some(to) = answer.header("location") {
            assert!(to.starts_with('/') && !to.starts_with("//"), "{path} leads to {to}");
        }
    }
    let address: SocketAddr = inn.address();
    assert!(address.ip().is_loopback());
}

#[test]
fn whoever_tries_what_they_may_not_is_written_down_and_cannot_fill_the_journal() {
    let inn = ada();
    inn.add("grace", Preset::Viewer);
    let (ada, grace) = (bearer(&inn.token("ada")), bearer(&inn.token("grace")));
    let headers = [("Authorization", grace.as_str())];
    assert_eq!(inn.json("DELETE", "/api/v1/users/1", &headers, "").status, 403);
    let tried = |lines: &[String]| {
        let line = |text: &&String| text.as_str() == "request";
        lines.iter().filter(line).count()
    };
    // Nobody waits for the line of a refusal; an order's line comes after it.
    inn.order(AddService { name: "Yard".into() });
    let lines = journal_lines(&inn, &ada);
    assert_eq!(tried(&lines), 1, "{lines:?}");
    for _ in 0..60 {
        assert_eq!(inn.json("DELETE", "/api/v1/users/1", &headers, "").status, 403);
        assert_eq!(inn.json("DELETE", "/api/v1/sessions/999999", &headers, "").status, 404);
    }
    let grown = journal_lines(&inn, &ada).len() - lines.len();
    assert!(grown < 30, "120 vain requests made {grown} lines");
}

#[test]
fn another_scheme_of_authorization_does_not_stand_in_for_the_form_token() {
    let inn = ada();
    let cookie = inn.cookie("ada");
    let headers = [("Cookie", cookie.as_str()), ("Authorization", "Basic eA==")];
    let answer = inn.json("POST", "/api/v1/services", &headers, "{\"name\":\"Forged\"}");
    assert_eq!(answer.status, 403, "{answer:?}");
    assert!(inn.roster().services.is_empty());
}

#[test]
fn nobody_is_called_as_the_journal_calls_something_else() {
    let inn = ada();
    let token = bearer(&inn.token("ada"));
    for name in ["local console", "Not signed in", "ada (token ci)"] {
        let body = format!("{{\"name\":\"{name}\",\"permissions\":[]}}");
        let headers = [("Authorization", token.as_str())];
        let answer = inn.json("POST", "/api/v1/users", &headers, &body);
        assert_eq!((answer.status, answer.text_field("field").as_str()), (422, "name"), "{name}");
    }
}
