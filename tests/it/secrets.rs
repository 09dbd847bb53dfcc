//! Secrets planted wherever one can be typed, and then looked for: in the system log, in its files, in the
//! report of feedback.

use std::fs;

use busbar::base::time::SystemClock;
use busbar::engine::{
    GeneralSettings, LogFilter, LogLevel, MailSettings, Preset, SaveSettings, Secret, Settings,
    SystemLog,
};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::visit::{Inn, coded};

/// Typed where a password belongs.
const PASSWORD: &str = "tin of planted beans 9";
/// Typed as the mail server's.
const SMTP: &str = "smtp-planted-5ecret";
/// Typed as a token and as a link.
const TOKEN: &str = "k3jF0-PqZ_8rTn2VwXyLmA5sBdCeGhIoUu7J9KlQabc";

#[test]
fn no_secret_is_in_the_log_in_its_files_or_in_feedback() {
    let log = SystemLog::new(SystemClock::new());
    let loud = Settings {
        general: GeneralSettings { log_level: LogLevel::Debug, ..GeneralSettings::default() },
        ..Settings::default()
    };
    log.follow(&loud);
    let folder = tempfile::tempdir().unwrap();
    log.keep_in(folder.path()).unwrap();
    // The only subscriber of these tests; where another one is there already, that one has the lines.
    let ours = tracing_subscriber::registry().with(log.clone()).try_init().is_ok();
    let inn = Inn::new();
    inn.add("ada", Preset::Administrator);
    let origin = inn.origin();
    let from = [("Origin", origin.as_str())];
    let _wrong = inn.sign_in_page("ada", PASSWORD, &[]);
    let _odd = inn.sign_in_page(PASSWORD, PASSWORD, &[]);
    let _bearer = inn.get("/api/v1/packs", &[("Authorization", &format!("Bearer {TOKEN}"))]);
    let _cookie = inn.get("/pack", &[("Cookie", &format!("busbar={TOKEN}"))]);
    let _link = inn.get(&format!("/invitation/{TOKEN}"), &[]);
    let body = format!("password={}&again={}", coded(PASSWORD), coded(PASSWORD));
    let _used = inn.form(&format!("/invitation/{TOKEN}"), &from, &body);
    let token = inn.token("ada");
    let bearer = format!("Bearer {token}");
    let change = format!("{{\"mail\":{{\"password\":\"{SMTP}\",\"port\":\"{SMTP}\"}}}}");
    let _odd = inn.json("PATCH", "/api/v1/settings", &[("Authorization", &bearer)], &change);
    let mail = MailSettings {
        enabled: true,
        host: "127.0.0.1".into(),
        port: 9,
        user: Some("busbar".into()),
        from: "busbar@example.org".into(),
        ..MailSettings::default()
    };
    let mail_password = Some(Secret::new(SMTP.into()));
    inn.order(SaveSettings { mail: Some(mail), mail_password, ..SaveSettings::default() });
    // What a careless line would say.
    tracing::error!(password = PASSWORD.replace(' ', "-"), "a line with password={SMTP}");
    tracing::error!("a line with {TOKEN} and https://rack/set-up/{TOKEN}");
    log.say(LogLevel::Error, "busbar::test", &format!("token: {token}"));
    let said: String =
        log.lines(&LogFilter::default(), 4_000).into_iter().map(|line| line.text + "\n").collect();
    if ours {
        assert!(said.contains("a line with"), "the lines of this test are in the log: {said}");
    }
    let body = format!(
        "{{\"text\":\"password={SMTP} {TOKEN} zoe@example.org\",\"with\":[\"system\",\"problems\",\"log\",\"profile\"]}}"
    );
    let report = inn.json("POST", "/api/v1/feedback", &[("Authorization", &bearer)], &body);
    assert_eq!(report.status, 200, "{report:?}");
    let shown = inn.get("/api/v1/log", &[("Authorization", &bearer)]);
    assert_eq!(shown.status, 200);
    let mut written = String::new();
    for _ in 0..200 {
        let files = fs::read_dir(folder.path().join("logs")).unwrap().flatten();
        written = files.filter_map(|file| fs::read_to_string(file.path()).ok()).collect();
        if log.queue().0 == 0 && written.contains("token:") {
            break;
        }
        std::thread::yield_now();
    }
    let everywhere = [said, written, report.plain_body(), shown.plain_body()];
    for place in &everywhere {
        for secret in [SMTP, TOKEN, token.as_str(), PASSWORD, "tin-of-planted", "zoe@example.org"] {
            assert!(!place.contains(secret), "{secret} in {place}");
        }
    }
    assert!(everywhere[2].contains("== Doctor =="), "{}", everywhere[2]);
}

#[test]
fn who_may_only_read_sees_no_log_and_puts_none_into_feedback() {
    let inn = Inn::new();
    inn.add("vera", Preset::Viewer);
    let bearer = format!("Bearer {}", inn.token("vera"));
    let headers = [("Authorization", bearer.as_str())];
    for path in ["/api/v1/log", "/log", "/log/file"] {
        assert_eq!(inn.get(path, &headers).status, 403, "{path}");
    }
    let body = "{\"text\":\"x\",\"with\":[\"log\"]}";
    assert_eq!(inn.json("POST", "/api/v1/feedback", &headers, body).status, 403);
    let body = "{\"text\":\"x\",\"with\":[\"system\",\"problems\"]}";
    let report = inn.json("POST", "/api/v1/feedback", &headers, body);
    assert_eq!(report.status, 200, "{report:?}");
    assert!(!report.plain_body().contains("journal"), "what is for administrators is not in it");
    assert_eq!(inn.get("/api/v1/doctor", &headers).status, 200);
    assert_eq!(inn.get("/doctor", &headers).status, 200);
}
