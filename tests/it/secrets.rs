//! Secrets planted wherever one can be typed, and then looked for: in the system log, in its files, in the
//! report of feedback. The mail server's, which is kept, is looked for in every file and answer.

use std::fs;
use std::path::{Path, PathBuf};

use busbar::base::time::SystemClock;
use busbar::engine::{
    GeneralSettings, LogFilter, LogLevel, Preset, SaveSettings, Secret, SecretChange, Settings,
    SystemLog, ViewPlant,
};
use busbar::web::{Entry, routes};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::support::mail_with;
use crate::visit::{Inn, coded, in_data};

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
    inn.order(mail_with(SMTP));
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

/// The mail server's password in its turn: by the API, by a page, and by the window.
const GIVEN: [&str; 3] = ["api planted 5ecret", "page planted 5ecret", "window planted 5ecret"];

/// Every file of the data folder, with what is in it.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        match path.is_dir() {
            true => all.extend(files(&path)),
            false => all.push((path.clone(), fs::read(&path).unwrap())),
        }
    }
    all
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

/// Looks for what was planted in every file, on every page, and in every answer that needs no parameter.
fn nowhere(inn: &Inn, bearer: &str, cookie: &str) {
    for (path, bytes) in files(inn.folder.path()) {
        for text in GIVEN {
            assert!(!holds(&bytes, text), "{text} in {}", path.display());
        }
    }
    let table = routes(inn.shared());
    let get = |entry: &&Entry| {
        let is_stream = entry.path.contains("live") || entry.path.contains("stream");
        entry.method.as_str() == "GET" && !entry.path.contains('{') && !is_stream
    };
    let mut looked = 0;
    for entry in table.entries().iter().filter(get) {
        let headers = match entry.path.starts_with("/api/") {
            true => [("Authorization", bearer)],
            false => [("Cookie", cookie)],
        };
        let answer = inn.get(entry.path, &headers);
        looked += usize::from(answer.status == 200);
        for text in GIVEN {
            assert!(!answer.body.contains(text) && !answer.head.contains(text), "{}", entry.path);
        }
    }
    assert!(looked > 30, "{looked} answers were looked through");
}

#[test]
fn the_mail_password_goes_in_by_every_face_and_is_found_nowhere() {
    let inn = Inn::new();
    inn.add("ada", Preset::Administrator);
    let bearer = format!("Bearer {}", inn.token("ada"));
    let cookie = inn.cookie("ada");
    let headers = [("Authorization", bearer.as_str())];
    let [api, page, window] = GIVEN;
    let is_set = |inn: &Inn| {
        let shown = inn.get("/api/v1/settings", &headers);
        assert_eq!(shown.status, 200, "{shown:?}");
        shown.plain_body().contains("\"has_password\":true")
    };
    assert!(!is_set(&inn));

    let change = format!(
        "{{\"mail\":{{\"host\":\"mail.example.org\",\"from\":\"b@example.org\",\"user\":\"b\",\"password\":\"{api}\"}}}}"
    );
    let changed = inn.json("PATCH", "/api/v1/settings", &headers, &change);
    assert_eq!(changed.status, 200, "{changed:?}");
    assert!(is_set(&inn));
    nowhere(&inn, &bearer, &cookie);

    let shown = inn.get("/settings", &[("Cookie", &cookie)]);
    assert!(shown.body.contains("One is set: it is kept sealed"), "{}", shown.body);
    let token = shown.form_token();
    let origin = inn.origin();
    let ours = [("Origin", origin.as_str()), ("Cookie", cookie.as_str())];
    let post =
        |more: &str| inn.form("/settings/mail", &ours, &format!("form_token={token}&{more}"));
    // A wrong field beside it: the page is drawn again without what was typed.
    let again = post(&format!("mail.port=many&mail.password={}", coded(page)));
    assert!(again.status >= 400 && !again.body.contains(page), "{again:?}");
    assert_eq!(post(&format!("mail.password={}", coded(page))).status, 303);
    assert_eq!(post("mail.password=").status, 303);
    assert!(is_set(&inn), "an empty field leaves it as it is");
    nowhere(&inn, &bearer, &cookie);

    let mail_password = Some(SecretChange::Set(Secret::new(window.into())));
    let order = SaveSettings { mail_password, ..SaveSettings::default() };
    assert!(!format!("{order:?}").contains(window));
    inn.order(order);
    nowhere(&inn, &bearer, &cookie);
    let settings = inn.running.door.settings(&inn.desk.permit(ViewPlant).unwrap());
    assert!(!format!("{settings:?}").contains("planted"));

    // It is there all the same: sealed, under a key that is its owner's alone.
    let key = in_data(&inn, "secrets.key");
    assert_eq!(fs::read(&key).unwrap().len(), 32);
    let inn = inn.restarted();
    let bearer = format!("Bearer {}", inn.token("ada"));
    let cookie = inn.cookie("ada");
    nowhere(&inn, &bearer, &cookie);
    let origin = inn.origin();
    let ours = [("Origin", origin.as_str()), ("Cookie", cookie.as_str())];
    let token = inn.get("/settings", &[("Cookie", &cookie)]).form_token();
    let gone =
        inn.form("/settings/mail", &ours, &format!("form_token={token}&reset=mail.password"));
    assert_eq!(gone.status, 303, "{gone:?}");
    let shown = inn.get("/settings", &[("Cookie", &cookie)]);
    assert!(shown.body.contains("None is set."), "{}", shown.body);
    let journal = inn.get("/api/v1/journal?action=save_settings", &[("Authorization", &bearer)]);
    for word in ["\"given\"", "\"taken away\""] {
        assert!(journal.body.contains(word), "{}", journal.body);
    }
}

#[cfg(unix)]
#[test]
fn a_key_file_that_others_may_read_is_said_where_the_password_is_typed() {
    use std::os::unix::fs::PermissionsExt as _;
    let inn = Inn::new();
    inn.add("ada", Preset::Administrator);
    let bearer = format!("Bearer {}", inn.token("ada"));
    let headers = [("Authorization", bearer.as_str())];
    let set = |text: &str| {
        let change = format!("{{\"mail\":{{\"password\":\"{text}\"}}}}");
        inn.json("PATCH", "/api/v1/settings", &headers, &change)
    };
    assert_eq!(set("first").status, 200);
    let key = in_data(&inn, "secrets.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let refused = set("second planted");
    assert_eq!(refused.status, 422, "{refused:?}");
    assert!(refused.plain_body().contains("run chmod 600 on it"), "{refused:?}");
    assert!(!refused.plain_body().contains("second planted"));
    let doctor = inn.get("/api/v1/doctor", &headers);
    assert!(doctor.plain_body().contains("may read the key file"), "{doctor:?}");
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
