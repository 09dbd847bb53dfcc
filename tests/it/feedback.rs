//! Reports of feedback that are mailed: by the API and by the page, to a mail server of this test's own.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use busbar::engine::{
    ChangeAccount, GeneralSettings, MailReport, MailReportAnywhere, MailSecurity, MailSettings,
    OrderError, Origin, Outcome, Preset, Refusal, Report, SaveSettings, SaveSystem, Status,
    Verdict,
};

use crate::visit::{Answer, Inn, PATIENCE, coded};

/// Typed by somebody who does not think of it.
const SECRET: &str = "smtp-planted-5ecret";
/// Typed where a token is not to be.
const TOKEN: &str = "k3jF0-PqZ_8rTn2VwXyLmA5sBdCeGhIoUu7J9KlQabc";

/// A mail as it came: who it is for, and all of its text.
struct Came {
    to: Vec<String>,
    text: String,
}

/// A mail server that takes everything, one connection after the other, for as long as the test lasts.
fn mail_server() -> (SocketAddr, Receiver<Came>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, came) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if let Some(mail) = take(&stream)
                && sender.send(mail).is_err()
            {
                return;
            }
        }
    });
    (address, came)
}

/// Talks SMTP as far as it is needed; the mail of this connection.
fn take(stream: &TcpStream) -> Option<Came> {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut lines = BufReader::new(stream).lines();
    let say = |text: &str| (&mut &*stream).write_all(format!("{text}\r\n").as_bytes()).ok();
    say("220 a test")?;
    let (mut to, mut mail) = (Vec::new(), None);
    loop {
        let Some(Ok(line)) = lines.next() else { return mail };
        let line = line.to_uppercase();
        if let Some(address) = line.strip_prefix("RCPT TO:<") {
            to.push(address.split('>').next()?.to_lowercase());
        }
        if line == "DATA" {
            say("354 go on")?;
            let text: Vec<String> =
                lines.by_ref().map_while(Result::ok).take_while(|line| line != ".").collect();
            mail = Some(Came { to: to.clone(), text: text.join("\n") });
        }
        say(if line == "QUIT" { "221 bye" } else { "250 well" })?;
    }
}

/// Undoes quoted-printable.
fn plain(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = std::str::from_utf8(after.get(..2).unwrap_or_default());
        match (first, code.ok().and_then(|code| u8::from_str_radix(code, 16).ok())) {
            (b'=', _) if after.first() == Some(&b'\n') => rest = &after[1..],
            (b'=', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            (other, _) => {
                bytes.push(*other);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// Mail by the server there, or none at all.
fn mail_by(place: Option<SocketAddr>) -> SaveSettings {
    let mail = MailSettings {
        enabled: place.is_some(),
        host: "127.0.0.1".into(),
        port: place.map_or(25, |place| place.port()),
        security: MailSecurity::Plain,
        from: "busbar@example.org".into(),
        ..MailSettings::default()
    };
    SaveSettings { mail: Some(mail), ..SaveSettings::default() }
}

/// A house with mail, the administrator `ada`, the viewer `vera`, and `grace` who has an address.
fn inn() -> (Inn, Receiver<Came>) {
    let (place, came) = mail_server();
    let inn = Inn::new();
    inn.add("ada", Preset::Administrator);
    inn.add("vera", Preset::Viewer);
    let grace = inn.add("grace", Preset::Viewer).account.id;
    let email = Some(Some("Grace@example.org".to_owned()));
    inn.order(ChangeAccount { id: Some(grace), email, ..ChangeAccount::default() });
    inn.order(mail_by(Some(place)));
    (inn, came)
}

fn mail(inn: &Inn, token: &str, to: &str, text: &str) -> Answer {
    let body = serde_json::json!({ "to": to, "text": text, "with": ["system", "problems"] });
    let bearer = format!("Bearer {token}");
    let headers = [("Authorization", bearer.as_str())];
    inn.json("POST", "/api/v1/feedback/mail", &headers, &body.to_string())
}

#[test]
fn a_report_arrives_as_a_file_without_what_is_secret_and_the_journal_says_to_whom() {
    let (inn, came) = inn();
    let token = inn.token("ada");
    let text = format!("It hums\u{2026} password={SECRET}\nand {TOKEN} from zoe@example.org");
    let answer = mail(&inn, &token, "team@elsewhere.example", &text);
    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(answer.text_field("mailed_to"), "team@elsewhere.example");
    let mail = came.recv_timeout(PATIENCE).unwrap();
    assert_eq!(mail.to, ["team@elsewhere.example"]);
    let text = plain(&mail.text);
    assert!(
        !text.to_lowercase().contains("encoding: base64"),
        "it would not be looked into: {text}"
    );
    for part in ["filename=\"busbar-feedback.txt\"", "It hums\u{2026} ", "== Doctor ==", "ada "] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    for secret in [SECRET, TOKEN, "zoe@example.org"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert!(inn.running.gate.wait_for_mail(PATIENCE));
    let grant = inn.desk.permit(busbar::engine::Administer).unwrap();
    let door = &inn.running.door;
    let page = door.journal(&grant, &Default::default(), None, 100).unwrap();
    let line = |action: &str| page.lines.iter().find(|line| line.action == action).unwrap();
    let (order, sent) = (line("mail_report_anywhere"), line("send_mail"));
    assert_eq!((order.outcome, sent.outcome), (Outcome::Done, Outcome::Done));
    for line in [order, sent] {
        let after = line.after.clone().unwrap();
        assert_eq!(after["to"], "team@elsewhere.example", "{line:?}");
        assert!(after["bytes"].as_u64().is_some_and(|bytes| bytes > 100), "{line:?}");
    }
    let all = serde_json::to_string(&page.lines).unwrap();
    assert!(!all.contains("hums"), "the text stands in the journal");
    assert!(matches!(door.verify_journal(&grant).unwrap(), Verdict::Whole { .. }));
}

#[test]
fn who_may_only_read_reaches_whom_the_settings_and_the_accounts_name() {
    let (inn, came) = inn();
    let vera = inn.token("vera");
    for to in ["nobody", "a@b@c", "", "x@y.example\r\nBcc: all@y.example"] {
        let refused = mail(&inn, &vera, to, "x");
        assert_eq!((refused.status, refused.text_field("field").as_str()), (422, "to"), "{to}");
    }
    let refused = mail(&inn, &vera, "team@elsewhere.example", "x");
    assert_eq!((refused.status, refused.text_field("field").as_str()), (422, "to"));
    assert!(refused.text_field("detail").contains("only an administrator"), "{refused:?}");
    assert_eq!(mail(&inn, &vera, "grace@EXAMPLE.org", "x").status, 202);
    assert_eq!(came.recv_timeout(PATIENCE).unwrap().to, ["grace@example.org"]);
    let to = Some("team@elsewhere.example".to_owned());
    let general = Some(GeneralSettings { feedback_to: to, ..GeneralSettings::default() });
    inn.order(SaveSystem { general, ..SaveSystem::default() });
    assert_eq!(mail(&inn, &vera, "team@elsewhere.example", "x").status, 202);
    assert_eq!(came.recv_timeout(PATIENCE).unwrap().to, ["team@elsewhere.example"]);
    inn.clock.advance(Duration::from_secs(3600));
    let vera = inn.token("vera");
    let grace = inn.roster().accounts.iter().find(|one| one.name == "grace").unwrap().id;
    let status = Some(Status::Disabled);
    inn.order(ChangeAccount { id: Some(grace), status, ..ChangeAccount::default() });
    assert_eq!(mail(&inn, &vera, "grace@example.org", "x").status, 422, "disabled");
    assert!(came.try_recv().is_err(), "nothing else was sent");
}

#[test]
fn who_lacks_the_permission_is_refused_and_nothing_is_sent() {
    let (inn, came) = inn();
    assert_eq!(mail(&inn, "none", "grace@example.org", "x").status, 401);
    let vera = inn.token("vera");
    let body = r#"{"to":"grace@example.org","text":"x","with":["log"]}"#;
    let bearer = format!("Bearer {vera}");
    let headers = [("Authorization", bearer.as_str())];
    let answer = inn.json("POST", "/api/v1/feedback/mail", &headers, body);
    assert_eq!(answer.status, 403, "the log is for others: {answer:?}");
    let session = inn.running.gate.enter(&vera, &Origin::local(busbar::engine::Face::Api)).unwrap();
    let report = Report { to: "grace@example.org".into(), text: "x".into() };
    let door = &inn.running.door;
    let refused = door.submit(&session, MailReportAnywhere(report)).unwrap_err();
    assert!(matches!(refused, Refusal::Denied(_)), "{refused:?}");
    assert!(inn.running.gate.wait_for_mail(Duration::ZERO));
    assert!(came.try_recv().is_err());
}

#[test]
fn the_fourth_report_in_an_hour_waits_and_refused_addresses_count() {
    let (inn, came) = inn();
    let (ada, vera) = (inn.token("ada"), inn.token("vera"));
    assert_eq!(mail(&inn, &vera, "somebody@elsewhere.example", "x").status, 422);
    for _ in 0..2 {
        assert_eq!(mail(&inn, &vera, "grace@example.org", "x").status, 202);
        came.recv_timeout(PATIENCE).unwrap();
    }
    let refused = mail(&inn, &vera, "grace@example.org", "x");
    assert_eq!((refused.status, refused.code().as_str()), (429, "try_later"), "{refused:?}");
    let seconds: u32 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((3_500..=3_601).contains(&seconds), "{seconds}");
    assert_eq!(mail(&inn, &ada, "grace@example.org", "x").status, 202, "another's are not theirs");
    inn.clock.advance(Duration::from_secs(3_601));
    let vera = inn.token("vera");
    assert_eq!(mail(&inn, &vera, "grace@example.org", "x").status, 202);
}

#[test]
fn where_no_mail_is_set_up_it_is_said_and_an_own_mail_program_is_offered() {
    let (inn, _came) = inn();
    inn.order(mail_by(None));
    let refused = mail(&inn, &inn.token("vera"), "grace@example.org", "x");
    assert_eq!((refused.status, refused.code().as_str()), (409, "no_mail"), "{refused:?}");
    let cookie = inn.cookie("vera");
    let page = inn.get("/feedback", &[("Cookie", &cookie)]).plain_body();
    assert!(page.contains("href=\"mailto:?subject=Busbar%20feedback&#38;body="), "{page}");
    assert!(!page.contains("value=\"mail\""), "{page}");
}

#[test]
fn the_page_sends_it_and_says_where_it_goes() {
    let (inn, came) = inn();
    let (cookie, origin) = (inn.cookie("vera"), inn.origin());
    let page = inn.get("/feedback", &[("Cookie", &cookie)]);
    assert!(page.plain_body().contains("value=\"mail\"") && !page.body.contains("mailto:"));
    let post = |to: &str| {
        let token = Answer::form_token(&page);
        let body = format!("form_token={token}&text=It+hums&do=mail&to={}", coded(to));
        inn.form("/feedback", &[("Cookie", cookie.as_str()), ("Origin", &origin)], &body)
    };
    let refused = post("nobody");
    assert_eq!(refused.status, 422, "{refused:?}");
    let body = refused.plain_body();
    assert!(body.contains("is not an e-mail address") && body.contains("It hums"), "{body}");
    let sent = post("grace@example.org");
    assert_eq!(sent.status, 200, "{sent:?}");
    assert!(sent.plain_body().contains("is on its way to grace@example.org."), "{sent:?}");
    assert_eq!(came.recv_timeout(PATIENCE).unwrap().to, ["grace@example.org"]);
}

#[test]
fn a_report_that_is_too_large_for_a_mail_is_not_sent() {
    let (inn, came) = inn();
    let text = "x".repeat(busbar::engine::REPORT_BYTES + 1);
    let report = Report { to: "grace@example.org".into(), text };
    let refused = inn.running.door.submit(&inn.desk, MailReport(report)).unwrap().wait();
    assert!(matches!(refused, Err(OrderError::Unfit(_))), "{refused:?}");
    assert!(came.try_recv().is_err());
}
