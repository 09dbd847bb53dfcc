//! The listener itself: its limits, HTTPS, how it stops, moves and is opened by `busbar serve`.

#![expect(clippy::panic, reason = "a test says what went wrong by failing")]

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

use busbar::boot::host::{Host, HostError, Opening, Overrides};
use busbar::boot::standing::OpenListener;
use busbar::engine::{Preset, SaveSettings, Tls, WebSettings};
use busbar::web::{Certificate, Limits, Listener, Shared, Site, Socket};
use ureq::tls::{RootCerts, TlsConfig};

use crate::support::Desk;
use crate::visit::{Answer, GOOD, Inn, PATIENCE, in_data, is_closed};

/// Long enough for a busy machine to do what takes no time, short enough to wait for.
const SHORT: Duration = Duration::from_millis(400);

fn open(host: &Host) -> OpenListener {
    host.standing().now().open.expect("an open listener")
}

fn host(inn: &Inn, overrides: Overrides) -> Result<Host, HostError> {
    let (door, gate) = (&inn.running.door, &inn.running.gate);
    Host::start(door, gate, &inn.seat, inn.folder.path(), Opening::Always(overrides))
}

/// Listens on a free port of this machine itself.
fn anywhere() -> Overrides {
    Overrides { listen: Some("127.0.0.1:0".parse().unwrap()), ..Overrides::default() }
}

/// What is at `path`, in plain HTTP.
fn get(address: SocketAddr, path: &str, header: &str) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let text =
        format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{header}Connection: close\r\n\r\n");
    stream.write_all(text.as_bytes())?;
    Ok(Answer::read(&mut stream))
}

/// Asks again and again, for as long as patience lasts.
fn until<T>(mut ask: impl FnMut() -> Option<T>) -> T {
    let (_keep, wait) = std::sync::mpsc::channel::<()>();
    for _ in 0..PATIENCE.as_millis() / 20 {
        if let Some(found) = ask() {
            return found;
        }
        let _tick = wait.recv_timeout(Duration::from_millis(20));
    }
    panic!("it never happened");
}

#[test]
fn every_answer_keeps_browsers_from_harm_and_tells_no_version() {
    let inn = Inn::new();
    let asked = [
        inn.get("/health", &[]),
        inn.get("/sign-in", &[]),
        inn.get("/nothing/here", &[]),
        inn.get("/api/v1/users", &[]),
        inn.get("/users", &[]),
        inn.get("/health", &[("Host", "evil.example")]),
        inn.json("POST", "/api/v1/session", &[], "{"),
        inn.send(&inn.request("DELETE", "/health", &[], "")),
    ];
    let version = env!("CARGO_PKG_VERSION");
    for answer in asked {
        let policy = answer.header("content-security-policy").expect("a policy");
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{name} of {answer:?}");
        }
        assert!(answer.header("permissions-policy").is_some());
        assert_eq!(answer.header("server"), None);
        assert_eq!(answer.header("x-powered-by"), None);
        assert_eq!(answer.header("strict-transport-security"), None, "plain HTTP");
        assert!(!answer.head.contains(version) && !answer.body.contains(version), "{answer:?}");
    }
}

#[test]
fn a_head_is_a_get_without_its_body() {
    let inn = Inn::new();
    let get = inn.get("/sign-in", &[]);
    let head = inn.send(&inn.request("HEAD", "/sign-in", &[], ""));
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(head.header("content-length"), get.header("content-length"));
    let own = [("Sec-Fetch-Site", "same-origin")];
    let other = inn.send(&inn.request("DELETE", "/health", &own, ""));
    assert_eq!((other.status, other.header("allow")), (405, Some("GET,HEAD")));
}

#[test]
fn who_dribbles_a_head_is_cut_off_while_others_are_served() {
    let inn = Inn::with_limits(Limits { head: SHORT, ..Limits::default() });
    let mut slow: Vec<TcpStream> = (0..50).map(|_| inn.connect()).collect();
    for stream in &mut slow {
        stream.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ").unwrap();
    }
    let mut dribbler = slow.pop().unwrap();
    let mut bytes = 0;
    // A byte at a time, for much longer than the limit.
    while !is_closed(&mut dribbler, Duration::from_millis(20)) {
        assert_eq!(inn.get("/health", &[]).status, 200);
        bytes += 1;
        assert!(bytes < 500, "still open after {bytes} bytes");
        if dribbler.write_all(b"x").is_err() {
            break;
        }
    }
    assert!(slow.iter_mut().all(|stream| is_closed(stream, PATIENCE)));
    let mut idle = inn.connect();
    assert!(is_closed(&mut idle, PATIENCE), "one that says nothing is cut off too");
}

#[test]
fn who_dribbles_a_body_is_told_so() {
    let inn = Inn::with_limits(Limits { answer: SHORT, ..Limits::default() });
    let mut stream = inn.connect();
    let head = "POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{";
    stream.write_all(head.as_bytes()).unwrap();
    let answer = Answer::read(&mut stream);
    assert_eq!((answer.status, answer.code().as_str()), (408, "too_slow"), "{answer:?}");
}

#[test]
fn who_does_not_read_gives_up_the_place() {
    let inn = Inn::with_limits(Limits { stall: SHORT, ..Limits::default() });
    let mut deaf = inn.connect();
    deaf.set_write_timeout(Some(Duration::from_millis(100))).unwrap();
    let ask = "GET /api/v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(100);
    // Answers pile up until neither side takes any more.
    while deaf.write_all(ask.as_bytes()).is_ok() {}
    assert_eq!(inn.get("/health", &[]).status, 200);
    until(|| (inn.shared().open_connections() == 0).then_some(()));
}

#[test]
fn there_is_an_end_to_connections_and_room_again_when_one_goes() {
    let inn = Inn::with_limits(Limits { connections: 4, ..Limits::default() });
    let mut crowd: Vec<TcpStream> = (0..4).map(|_| inn.connect()).collect();
    for stream in &mut crowd {
        stream.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let mut first = [0; 12];
        stream.read_exact(&mut first).unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
    }
    assert!(is_closed(&mut inn.connect(), PATIENCE), "the fifth");
    crowd.pop();
    until(|| get(inn.address(), "/health", "").ok().filter(|answer| answer.status == 200));
    assert_eq!(crowd.len(), 3);
}

#[test]
fn what_is_in_flight_is_finished_when_it_stops() {
    let mut inn = Inn::new();
    inn.add("ada", Preset::Viewer);
    let mut idle = inn.connect();
    idle.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut busy = inn.connect();
    let body = format!("{{\"username\":\"ada\",\"password\":\"{GOOD}\"}}");
    let (half, rest) = body.split_at(10);
    let head = format!(
        "POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n{half}",
        body.len()
    );
    busy.write_all(head.as_bytes()).unwrap();
    // It is in flight once the listener asks for the rest of it.
    let mut go_on = [0; 25];
    busy.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    // The idle one is known to the listener once one more was answered.
    assert_eq!(inn.get("/health", &[]).status, 200);
    let listener = inn.listener.take().unwrap();
    let address = listener.address();
    let stopping = std::thread::spawn(move || drop(listener));
    assert!(is_closed(&mut idle, PATIENCE), "idle ones are closed");
    until(|| TcpStream::connect(address).is_err().then_some(()));
    busy.write_all(rest.as_bytes()).unwrap();
    let answer = Answer::read(&mut busy);
    assert_eq!(answer.status, 200, "{answer:?}");
    stopping.join().unwrap();
}

fn trusting(folder: &Path) -> ureq::Agent {
    let pem = std::fs::read(folder.join("cert.pem")).unwrap();
    let certificate = ureq::tls::Certificate::from_pem(&pem).unwrap();
    let roots = RootCerts::new_with_certs(&[certificate]);
    let tls = TlsConfig::builder().root_certs(roots).build();
    ureq::Agent::config_builder()
        .tls_config(tls)
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(PATIENCE))
        .build()
        .into()
}

#[test]
fn it_makes_itself_a_certificate_and_sends_plain_http_there() {
    let inn = Inn::new();
    inn.add("ada", Preset::Administrator);
    let host = host(&inn, Overrides { tls: Some(Tls::On), ..anywhere() }).unwrap();
    let open = open(&host);
    assert!(open.base.starts_with("https://127.0.0.1:"), "{open:?}");
    assert_eq!(open.fingerprint.as_deref().map(str::len), Some(95));
    let agent = trusting(&in_data(&inn, "tls"));
    for name in ["localhost", "127.0.0.1"] {
        let answer = agent.get(format!("https://{name}:{}/health", open.address.port())).call();
        assert_eq!(answer.unwrap().status(), 200, "{name}");
    }
    let form = [("username", "ada"), ("password", GOOD)];
    let url = format!("{}/sign-in", open.base);
    let mut answer = agent.post(&url).header("Origin", &open.base).send_form(form).unwrap();
    assert_eq!(answer.status(), 303, "{:?}", answer.body_mut().read_to_string());
    let set = answer.headers().get("set-cookie").unwrap().to_str().unwrap().to_owned();
    assert!(set.starts_with("__Host-busbar=") && set.contains("; Secure"), "{set}");
    let cookie = set.split(';').next().unwrap();
    let page = agent.get(format!("{}/pack", open.base)).header("Cookie", cookie).call().unwrap();
    assert_eq!(page.status(), 200);
    let plain = get(open.address, "/users?x=1", "").unwrap();
    assert_eq!(plain.status, 308);
    assert_eq!(plain.header("location"), Some("https://localhost/users?x=1"));
    let ours = ureq::get(format!("{}/health", open.base)).call();
    assert!(ours.is_err(), "nobody trusts it without being told to");
}

#[test]
fn names_that_are_this_machines_alone_are_kept_to_https() {
    let inn = Inn::new();
    let overrides = Overrides { tls: Some(Tls::On), ..anywhere() };
    let host = host(&inn, overrides).unwrap();
    let open = open(&host);
    let agent = trusting(&in_data(&inn, "tls"));
    let answer = agent.get(format!("{}/health", open.base)).call().unwrap();
    assert_eq!(answer.headers().get("strict-transport-security"), None, "an address");
    let mut settings = WebSettings { enabled: true, ..WebSettings::default() };
    settings.public_url = Some("https://pack.example.org".into());
    inn.order(SaveSettings { web: Some(settings), ..SaveSettings::default() });
    let named = until(|| {
        let request = agent.get(format!("{}/health", open.base)).header("Host", "pack.example.org");
        Some(request.call().unwrap()).filter(|answer| answer.status() == 200)
    });
    assert!(named.headers().get("strict-transport-security").is_some());
}

#[test]
fn a_given_certificate_is_used_and_a_bad_one_refused_with_its_file() {
    let inn = Inn::new();
    let folder = in_data(&inn, "given");
    let names = ["localhost".to_owned()];
    let given = Certificate::own(&folder, &names, inn.running.door.clock().wall()).unwrap();
    let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    let files = |files| Overrides { tls: Some(Tls::On), files: Some(files), ..anywhere() };
    let host_of = host(&inn, files((certificate.clone(), key))).unwrap();
    assert_eq!(open(&host_of).fingerprint.as_deref(), Some(given.fingerprint()));
    assert!(!in_data(&inn, "tls").exists(), "none is made");
    let agent = trusting(&folder);
    let url = format!("https://localhost:{}/health", open(&host_of).address.port());
    assert_eq!(agent.get(&url).call().unwrap().status(), 200);
    let Err(error) = host(&inn, files((certificate.clone(), certificate))) else {
        panic!("a certificate is no key")
    };
    assert!(error.to_string().contains("cert.pem"), "{error}");
}

#[test]
fn a_renewed_certificate_is_taken_up_without_a_restart() {
    let inn = Inn::new();
    let clock = inn.running.door.clock();
    let folder = in_data(&inn, "given");
    let make = |name: &str| {
        Certificate::own(&folder, &[name.to_owned()], clock.wall())
            .unwrap()
            .fingerprint()
            .to_owned()
    };
    let first = make("localhost");
    let files = Some((folder.join("cert.pem"), folder.join("key.pem")));
    let host = host(&inn, Overrides { tls: Some(Tls::On), files, ..anywhere() }).unwrap();
    let before = open(&host);
    assert_eq!(before.fingerprint, Some(first));
    let second = make("rack-7");
    until(|| (open(&host).fingerprint.as_deref() == Some(&second)).then_some(()));
    assert_eq!(open(&host).address, before.address, "on the same port");
}

#[test]
fn who_says_nothing_is_not_waited_for_in_https_either() {
    let inn = Inn::new();
    let own = Certificate::own(&in_data(&inn, "tls"), &[], inn.running.door.clock().wall());
    let socket = Socket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.address();
    let limits = Limits { handshake: SHORT, ..Limits::default() };
    let (door, gate) = (inn.running.door.clone(), inn.running.gate.clone());
    let site = Site::at(format!("https://{address}"));
    let shared = Shared::of(door, gate, site, limits, None);
    let _listener = Listener::open(socket, Some(&own.unwrap()), shared).unwrap();
    let mut silent = TcpStream::connect(address).unwrap();
    let mut halfway = TcpStream::connect(address).unwrap();
    // The head of a handshake that never goes on.
    halfway.write_all(&[22, 3, 1, 2, 0, 1]).unwrap();
    assert!(is_closed(&mut silent, PATIENCE));
    assert!(is_closed(&mut halfway, PATIENCE));
}

#[test]
fn other_machines_are_spoken_to_in_plain_http_only_when_expressly_allowed() {
    let inn = Inn::new();
    let everywhere = Some("0.0.0.0:0".parse().unwrap());
    let plain = Overrides { listen: everywhere, tls: Some(Tls::Off), ..Overrides::default() };
    let Err(error) = host(&inn, plain.clone()) else { panic!("it was opened") };
    assert!(error.to_string().contains("in the clear"), "{error}");
    let allowed = host(&inn, Overrides { allow_plain_http: Some(true), ..plain }).unwrap();
    assert!(open(&allowed).base.starts_with("http://"));
    assert!(!open(&allowed).base.contains("0.0.0.0"), "no browser can go there");
    let secure = host(&inn, Overrides { listen: everywhere, ..Overrides::default() }).unwrap();
    assert!(open(&secure).base.starts_with("https://"));
}

fn moved_to(inn: &Inn, listen: SocketAddr) {
    let web = WebSettings { enabled: true, listen, ..WebSettings::default() };
    inn.order(SaveSettings { web: Some(web), ..SaveSettings::default() });
}

/// An address that is free at the moment.
fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[test]
fn it_moves_when_the_settings_do_while_a_session_goes_on() {
    let inn = Inn::new();
    inn.add("ada", Preset::Administrator);
    let (door, gate) = (&inn.running.door, &inn.running.gate);
    let host = Host::start(door, gate, &inn.seat, inn.folder.path(), Opening::AsSettings).unwrap();
    assert_eq!(host.standing().now().open, None, "closed unless the settings say otherwise");
    let (first, second) = (free(), free());
    moved_to(&inn, first);
    until(|| get(first, "/health", "").ok());
    let told = until(|| host.standing().address());
    assert_eq!(told, format!("http://{first}"));
    let token = format!("Authorization: Bearer {}\r\n", inn.token("ada"));
    assert_eq!(get(first, "/api/v1/packs", &token).unwrap().status, 200);
    moved_to(&inn, second);
    let answer = until(|| get(second, "/api/v1/packs", &token).ok());
    assert_eq!(answer.status, 200, "the session goes on: {answer:?}");
    until(|| TcpStream::connect(first).is_err().then_some(()));
    inn.order(SaveSettings { web: Some(WebSettings::default()), ..SaveSettings::default() });
    until(|| TcpStream::connect(second).is_err().then_some(()));
    until(|| host.standing().now().open.is_none().then_some(()));
}

#[test]
fn where_the_new_place_cannot_be_had_it_stays_and_says_why() {
    let inn = Inn::new();
    let (door, gate) = (&inn.running.door, &inn.running.gate);
    let host = Host::start(door, gate, &inn.seat, inn.folder.path(), Opening::AsSettings).unwrap();
    let good = free();
    moved_to(&inn, good);
    until(|| get(good, "/health", "").ok());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    moved_to(&inn, taken.local_addr().unwrap());
    let trouble = until(|| host.standing().now().trouble);
    assert!(trouble.contains(&taken.local_addr().unwrap().to_string()), "{trouble}");
    assert!(trouble.contains(&format!("still listens on {good}")), "{trouble}");
    assert_eq!(get(good, "/health", "").unwrap().status, 200);
    moved_to(&inn, good);
    until(|| host.standing().now().trouble.is_none().then_some(()));
}

#[test]
fn sessions_and_tokens_outlive_a_restart() {
    let inn = Inn::new();
    inn.add("ada", Preset::Administrator);
    let (cookie, token) = (inn.cookie("ada"), inn.token("ada"));
    let inn = inn.restarted();
    assert_eq!(inn.get("/pack", &[("Cookie", &cookie)]).status, 200);
    let bearer = format!("Bearer {token}");
    assert_eq!(inn.get("/api/v1/packs", &[("Authorization", &bearer)]).status, 200);
}

#[test]
fn metrics_are_for_this_machine_and_for_who_may_read() {
    let inn = Inn::new();
    inn.add("ada", Preset::Viewer);
    inn.sign_in_page("ada", "wrong", &[]);
    let bearer = format!("Bearer {}", inn.token("ada"));
    for headers in [&[][..], &[("Authorization", bearer.as_str())]] {
        let answer = inn.get("/metrics", headers);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.header("content-type").unwrap().starts_with("text/plain; version=0.0.4"));
        let text = answer.plain_body();
        assert!(text.contains("\nbusbar_sessions 1\n"), "{text}");
        assert!(text.contains("\nbusbar_sign_ins_refused_total 1\n"), "{text}");
    }
    // A proxy on this machine passes on what comes from others.
    for passed_on in ["X-Forwarded-For", "Forwarded", "Via"] {
        assert_eq!(inn.get("/metrics", &[(passed_on, "192.0.2.1")]).status, 401);
    }
    assert_eq!(inn.get("/health", &[]).plain_body(), "{\"status\":\"ok\"}\n");
}

#[test]
fn behind_a_proxy_nobody_passes_for_this_machine() {
    let inn = Inn::new();
    assert_eq!(inn.get("/metrics", &[]).status, 200);
    let inn = inn.moved(|site| site.found_under(Some("https://pack.example.org".into())));
    assert_eq!(inn.get("/metrics", &[]).status, 401);
    assert_eq!(inn.get("/health", &[("Host", "pack.example.org")]).status, 200);
}

#[test]
fn a_service_that_starts_for_the_first_time_waits_for_whoever_signs_in() {
    let desk = Desk::new();
    let ran = desk.busbar(&[&"serve", &"--listen", &"127.0.0.1:0", &"--duration", &"1"]);
    ran.ends_with(0).names(&["nothing was chosen yet", "/set-up/", "listens on http://127.0.0.1:"]);
}

#[test]
fn a_service_whose_profile_cannot_run_any_more_lets_whoever_mends_it_in() {
    let desk = Desk::new();
    desk.file("data/settings.toml", "profile = \"Yard\"\n");
    desk.file("data/profiles/Yard.toml", "name = \"Yard\"\nthis is broken\n");
    let serve: &[&dyn AsRef<OsStr>] = &[&"serve", &"--listen", &"127.0.0.1:0", &"--duration", &"1"];
    let ran = desk.busbar(serve);
    ran.ends_with(0).names(&["Yard.toml:2", "nothing runs", "listens on http://127.0.0.1:"]);
    // Asked for, it is refused as before.
    desk.busbar(&[serve, &[&"--profile", &"Yard"]].concat()).ends_with(2).names(&["Yard.toml:2"]);
}

#[test]
fn serve_prints_where_it_listens_and_the_link_for_the_first_administrator() {
    let desk = Desk::new();
    let ran = desk.busbar(&[&"serve", &"--demo", &"--listen", &"127.0.0.1:0", &"--duration", &"1"]);
    ran.ends_with(0);
    let link = ran.err.lines().find_map(|line| line.strip_prefix("  http://127.0.0.1:"));
    let link = link.unwrap_or_else(|| panic!("no link in {}", ran.err));
    let (port, token) = link.split_once("/set-up/").expect("a set-up link");
    assert!(port.parse::<u16>().is_ok() && token.len() == 43, "{link}");
    assert!(ran.err.contains(&format!("listens on http://127.0.0.1:{port}/")), "{}", ran.err);
}

#[test]
fn serve_refuses_what_it_cannot_do_with_a_sentence() {
    let desk = Desk::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = desk.busbar(&[&"serve", &"--demo", &"--listen", &address]);
    ran.ends_with(2).names(&["cannot listen on", &address, "in use"]);
    let ran = desk.busbar(&[
        &"serve",
        &"--demo",
        &"--listen",
        &"127.0.0.1:0",
        &"--tls",
        &"--certificate",
        &"none.pem",
        &"--key",
        &"none.key",
    ]);
    ran.ends_with(2).names(&["cannot read none.pem"]);
    let ran = desk.busbar(&[&"serve", &"--demo", &"--certificate", &"none.pem"]);
    ran.ends_with(2).names(&["--key"]);
}
