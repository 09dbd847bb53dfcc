//! Mail with links, to a mail server on this machine. `tests/smtp.sh` starts the servers and says
//! where they are; without it these tests are left out.
//!
//! ```text
//! BUSBAR_SMTP_PLAIN=HOST:PORT BUSBAR_SMTP_STARTTLS=HOST:PORT   the servers
//! BUSBAR_SMTP_BOX=FOLDER                                       where they put mails, one a file
//! ```

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use busbar::engine::{
    MailReportAnywhere, MailSecurity, MailSettings, MakeLink, Outcome, Preset, Purpose, Report,
    SaveSettings, SecretChange,
};

use super::house::{BASE, BETTER, House, home, invited, person, secret};

/// The longest that a mail may take here.
const LIMIT: Duration = Duration::from_secs(30);

fn server(variable: &str, security: MailSecurity) -> MailSettings {
    let place = std::env::var(variable).expect("tests/smtp.sh says where the server is");
    let (host, port) = place.rsplit_once(':').unwrap();
    MailSettings {
        enabled: true,
        host: host.into(),
        port: port.parse().unwrap(),
        security,
        from: "busbar@example.org".into(),
        ..MailSettings::default()
    }
}

/// The text of the one mail in the box to `address`.
fn mail_to(address: &str) -> String {
    let folder = PathBuf::from(std::env::var("BUSBAR_SMTP_BOX").unwrap());
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let texts = files.map(|file| fs::read_to_string(file).unwrap());
    let mut found: Vec<String> =
        texts.filter(|text| text.contains(&format!("X-RcptTo: {address}"))).collect();
    assert_eq!(found.len(), 1, "mails to {address}");
    found.remove(0)
}

/// Undoes quoted-printable as far as these mails use it.
fn plain(text: &str) -> String {
    text.replace("\r\n", "\n").replace("=\n", "").replace("=3D", "=")
}

#[test]
#[ignore = "needs the mail servers of tests/smtp.sh"]
fn an_invitation_is_sent_and_the_link_in_it_opens_the_account() {
    let (house, _) = House::with_ada();
    let mail = Some(server("BUSBAR_SMTP_PLAIN", MailSecurity::Plain));
    house.order(SaveSettings { mail, ..Default::default() }).unwrap();
    let email = Some("grace@example.org".to_owned());
    let added = house.add(busbar::engine::AddAccount { email, ..invited("grace", Preset::Viewer) });
    let link = added.link.unwrap();
    assert_eq!(link.mailed_to.as_deref(), Some("grace@example.org"));
    assert!(house.gate().wait_for_mail(LIMIT));
    let text = plain(&mail_to("grace@example.org"));
    assert!(text.contains("Subject: Your Busbar account"), "{text}");
    let sent = text.lines().find_map(|line| line.strip_prefix(BASE)).unwrap();
    let token = sent.strip_prefix("invitation/").unwrap();
    assert_eq!(token, link.token.reveal());
    house.gate().redeem(token, None, &secret(BETTER), &home()).unwrap();
    let lines = house.journal();
    let line = lines.iter().find(|line| line.action == "send_mail").unwrap();
    assert_eq!((line.outcome, line.target.as_str()), (Outcome::Done, "account grace"));
}

#[test]
#[ignore = "needs the mail servers of tests/smtp.sh"]
fn a_reset_link_is_sent_over_starttls_with_the_name_and_password_of_the_settings() {
    let (house, _) = House::with_ada();
    let server = server("BUSBAR_SMTP_STARTTLS", MailSecurity::StartTls);
    let mail = Some(MailSettings { user: Some("console".into()), ..server });
    let mail_password = Some(SecretChange::Set(secret("mail secret")));
    house.order(SaveSettings { mail, mail_password, ..Default::default() }).unwrap();
    let email = Some("hedy@example.org".to_owned());
    let order =
        busbar::engine::AddAccount { email, ..person(house.gate(), "hedy", Preset::Viewer) };
    let id = house.add(order).account.id;
    let made = house.order(MakeLink { id, purpose: Purpose::Reset, link_base: BASE.into() });
    let link = made.unwrap().link.unwrap();
    assert!(house.gate().wait_for_mail(LIMIT));
    let text = plain(&mail_to("hedy@example.org"));
    assert!(text.contains("Subject: A new password for Busbar"), "{text}");
    assert!(text.contains(link.url.reveal()), "{text}");
    assert!(text.contains("X-Signed-In: console"), "{text}");
    assert!(text.contains("X-Over-Tls: yes"), "{text}");
}

#[test]
#[ignore = "needs the mail servers of tests/smtp.sh"]
fn a_report_of_feedback_is_sent_as_a_file() {
    let (house, _) = House::with_ada();
    let mail = Some(server("BUSBAR_SMTP_PLAIN", MailSecurity::Plain));
    house.order(SaveSettings { mail, ..Default::default() }).unwrap();
    let (to, text) = ("team@example.org".to_owned(), "It hums.\npassword=hunter2\n".to_owned());
    let mailed = house.order(MailReportAnywhere(Report { to, text })).unwrap();
    assert_eq!(mailed.to, "team@example.org");
    assert!(house.gate().wait_for_mail(LIMIT));
    let text = plain(&mail_to("team@example.org"));
    assert!(text.contains("filename=\"busbar-feedback.txt\""), "{text}");
    assert!(text.contains("\nIt hums.\n") && !text.contains("hunter2"), "{text}");
}

#[test]
#[ignore = "needs the mail servers of tests/smtp.sh"]
fn a_server_that_does_not_offer_starttls_is_not_trusted_with_a_link() {
    let (house, _) = House::with_ada();
    let mail = Some(server("BUSBAR_SMTP_PLAIN", MailSecurity::StartTls));
    house.order(SaveSettings { mail, ..Default::default() }).unwrap();
    let email = Some("emmy@example.org".to_owned());
    house.add(busbar::engine::AddAccount { email, ..invited("emmy", Preset::Viewer) });
    assert!(house.gate().wait_for_mail(LIMIT));
    let lines = house.journal();
    let line = lines.iter().find(|line| line.action == "send_mail").unwrap();
    assert_eq!(line.outcome, Outcome::Failed, "{line:?}");
}

#[test]
fn a_mail_server_that_is_not_there_costs_a_line_and_nothing_else() {
    let (house, _) = House::with_ada();
    // Port 9 of this machine: nobody listens there.
    let mail = Some(MailSettings {
        enabled: true,
        host: "127.0.0.1".into(),
        port: 9,
        security: MailSecurity::Plain,
        from: "busbar@example.org".into(),
        ..MailSettings::default()
    });
    house.order(SaveSettings { mail, ..Default::default() }).unwrap();
    let email = Some("grace@example.org".to_owned());
    let added = house.add(busbar::engine::AddAccount { email, ..invited("grace", Preset::Viewer) });
    assert!(added.link.is_some());
    assert!(house.gate().wait_for_mail(LIMIT));
    let lines = house.journal();
    let line = lines.iter().find(|line| line.action == "send_mail").unwrap();
    assert_eq!(line.outcome, Outcome::Failed);
    assert!(line.note.as_deref().is_some_and(|note| !note.is_empty()));
    let all = serde_json::to_string(&lines).unwrap();
    assert!(!all.contains(added.link.unwrap().token.reveal()), "a link stands in the journal");
}
