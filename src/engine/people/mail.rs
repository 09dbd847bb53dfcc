//! The thread `mail`: sends letters through the mail server of the settings, and writes into the journal
//! what came of each. Knows nothing of how links and reports are made.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Address, Message, SmtpTransport, Transport as _};
use serde_json::json;

use crate::base::time::{Clock, Wall};
use crate::engine::access::account::Purpose;
use crate::engine::access::grant::Face;
use crate::engine::access::secret::Secret;
use crate::engine::access::settings::{MailSecurity, MailSettings};
use crate::engine::people::lobby::Lobby;
use crate::engine::people::post::{Letter, Link, Report, Says};
use crate::engine::people::stamp::Stamp;
use crate::engine::store::journal::{self, Entry, Outcome};
use crate::engine::store::secrets::{self, MAIL_PASSWORD};
use crate::engine::store::{Store, Writing};

/// How long the mail server may take for each answer.
const LIMIT: Duration = Duration::from_secs(10);
/// Names a file with certificates (PEM) that are trusted beside the usual ones, as in other
/// programs: for a mail server of an organisation's own.
const MORE_ROOTS: &str = "SSL_CERT_FILE";

/// Opens the post and starts the thread that empties it, which ends when the post is closed.
///
/// # Errors
/// The machine has no more threads.
pub fn start(lobby: &Arc<Lobby>, store: Store, clock: Arc<dyn Clock>) -> io::Result<()> {
    let letters = lobby.post.open();
    let lobby = Arc::clone(lobby);
    let body = move || {
        for letter in letters {
            let said = deliver(&lobby, &store, &*clock, &letter);
            if let Err(why) = &said {
                tracing::warn!("the mail to {} was not sent: {why}", letter.to);
            }
            note(&store, clock.wall(), &letter, said.err());
            lobby.post.done(&letter);
        }
    };
    std::thread::Builder::new().name("mail".into()).spawn(body).map(|_| ())
}

/// Writes what came of a letter.
fn note(store: &Store, at: Wall, letter: &Letter, why: Option<String>) {
    let stamp = Stamp { who: "mail".into(), account: None, face: Face::Inside, address: None, at };
    let to = &letter.to;
    let (target, after) = match &letter.says {
        Says::Link(link) => {
            (format!("account {}", link.name), json!({ "to": to, "link": link.purpose }))
        }
        Says::Report(report) => {
            let bytes = report.text.len();
            (format!("report of feedback by {}", report.by), json!({ "to": to, "bytes": bytes }))
        }
    };
    let entry = Entry {
        after: Some(after),
        outcome: if why.is_some() { Outcome::Failed } else { Outcome::Done },
        note: why,
        ..stamp.entry("send_mail", target)
    };
    if let Err(error) = store.write(move |writing: &Writing<'_>| journal::append(writing, &entry)) {
        tracing::error!(%error, "what came of a mail could not be written");
    }
}

fn deliver(lobby: &Lobby, store: &Store, clock: &dyn Clock, letter: &Letter) -> Result<(), String> {
    let settings = lobby.picture().roster.settings.mail.clone();
    if !settings.enabled {
        return Err("e-mail was switched off meanwhile".into());
    }
    match &letter.says {
        Says::Link(link) if clock.wall() >= link.expires => {
            return Err("the link has run out".into());
        }
        Says::Link(_) | Says::Report(_) => {}
    }
    let password = store.read(|reading| secrets::open(reading, MAIL_PASSWORD));
    let password = password.map_err(|error| error.to_string())?;
    let message = message(&settings, letter)?;
    let sent = transport(&settings, password)?.send(&message);
    sent.map(|_| ()).map_err(|error| causes(&error))
}

/// An error with its causes, in one sentence.
fn causes(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !said.contains(&text) {
            said = format!("{said}: {text}");
        }
        cause = inner.source();
    }
    said
}

fn transport(settings: &MailSettings, password: Option<Secret>) -> Result<SmtpTransport, String> {
    let tls = match settings.security {
        MailSecurity::Plain => Tls::None,
        MailSecurity::StartTls => Tls::Required(trust(&settings.host)?),
        MailSecurity::Tls => Tls::Wrapper(trust(&settings.host)?),
    };
    let builder = SmtpTransport::builder_dangerous(&settings.host)
        .port(settings.port)
        .timeout(Some(LIMIT))
        .tls(tls);
    Ok(match (&settings.user, password) {
        (Some(user), Some(password)) => {
            let password = password.reveal().to_owned();
            builder.credentials(Credentials::new(user.clone(), password)).build()
        }
        (Some(_), None) | (None, _) => builder.build(),
    })
}

/// Whom to believe that they are `host`.
fn trust(host: &str) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(file) = std::env::var_os(MORE_ROOTS).map(PathBuf::from) {
        let said = |why: String| format!("{} ({MORE_ROOTS}) cannot be used: {why}", file.display());
        let pem = std::fs::read(&file).map_err(|error| said(error.to_string()))?;
        let more = Certificate::from_pem(&pem).map_err(|error| said(error.to_string()))?;
        builder = builder.add_root_certificate(more);
    }
    builder.build().map_err(|error| causes(&error))
}

fn message(settings: &MailSettings, letter: &Letter) -> Result<Message, String> {
    let address = |text: &str| {
        let address = text.trim().parse::<Address>();
        address.map_err(|error| format!("\u{201c}{text}\u{201d} is no address for a mail: {error}"))
    };
    let from = address(&settings.from)?;
    let id = crate::engine::access::secret::new_token().map_err(|error| error.to_string())?;
    let message = Message::builder()
        .message_id(Some(format!("<{}@{}>", id.reveal(), from.domain())))
        .from(Mailbox::new(Some("Busbar".into()), from))
        .to(Mailbox::new(None, address(&letter.to)?));
    let message = match &letter.says {
        Says::Link(link) => {
            let (subject, text) = words(link);
            message.subject(subject).header(ContentType::TEXT_PLAIN).body(text)
        }
        Says::Report(report) => {
            let attached = Attachment::new("busbar-feedback.txt".to_owned());
            let attached = attached.body(report.text.clone(), ContentType::TEXT_PLAIN);
            let parts = MultiPart::mixed().singlepart(SinglePart::plain(cover(report)));
            message.subject("Busbar feedback").multipart(parts.singlepart(attached))
        }
    };
    message.map_err(|error| causes(&error))
}

/// What a report comes with.
fn cover(report: &Report) -> String {
    let Report { by, busbar, .. } = report;
    let named = match busbar.is_empty() {
        true => String::new(),
        false => format!(" named \u{201c}{busbar}\u{201d}"),
    };
    format!(
        "Hello,\n\n{by} sends you a report of feedback from a Busbar{named}, a console for battery packs. It is in the attached file. Busbar has taken passwords, tokens, links and addresses of people out of it.\n\nIf you did not expect this mail, tell whoever looks after that Busbar.\n"
    )
}

/// Subject and text of a letter with a link.
fn words(link: &Link) -> (&'static str, String) {
    let Link { name, url, .. } = link;
    let (subject, why) = match link.purpose {
        Purpose::Invitation | Purpose::SetUp => (
            "Your Busbar account",
            format!(
                "an account named \u{201c}{name}\u{201d} was made for you on Busbar, a console for battery packs. Open this link to set your password and sign in:"
            ),
        ),
        Purpose::Reset => (
            "A new password for Busbar",
            format!(
                "a new password was asked for your Busbar account \u{201c}{name}\u{201d}; the old one lets nobody in any more. Open this link to set a new one and sign in:"
            ),
        ),
    };
    let text = format!(
        "Hello {name},\n\n{why}\n\n{}\n\nThe link works once, until {}. Give it to nobody: whoever opens it first has the account.\nIf you did not expect this mail, tell whoever looks after your Busbar.\n",
        url.reveal(),
        until(link.expires)
    );
    (subject, text)
}

fn until(at: Wall) -> String {
    match Timestamp::from_nanosecond(i128::from(at.nanos())) {
        Ok(stamp) => stamp.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        Err(_) => "it runs out".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(purpose: Purpose) -> Letter {
        let link = Link {
            name: "Zo\u{eb}".into(),
            purpose,
            url: Secret::new("https://pack.example.org/invitation/abc".into()),
            expires: Wall::from_nanos(1_780_300_800_000_000_000),
        };
        Letter { to: "zoe@example.org".into(), says: Says::Link(link) }
    }

    #[test]
    fn a_report_comes_as_a_file_with_a_few_words_before_it() {
        let from = "busbar@example.org".to_owned();
        let settings = MailSettings { from, ..MailSettings::default() };
        let (by, busbar) = ("Zo\u{eb} (account)".to_owned(), "Depot".to_owned());
        let text = "Busbar feedback\n\nIt hums.\n".to_owned();
        let says = Says::Report(Report { by, busbar, text });
        let letter = Letter { to: "team@example.org".into(), says };
        let raw = String::from_utf8(message(&settings, &letter).unwrap().formatted()).unwrap();
        for part in [
            "Subject: Busbar feedback\r\n",
            "To: team@example.org\r\n",
            "Content-Type: multipart/mixed;",
            "Content-Disposition: attachment; filename=\"busbar-feedback.txt\"\r\n",
            "\r\nBusbar feedback\r\n\r\nIt hums.\r\n",
        ] {
            assert!(raw.contains(part), "{part} is not in {raw}");
        }
    }

    #[test]
    fn a_letter_is_plain_text_with_the_link_on_a_line_of_its_own() {
        let from = "busbar@example.org".to_owned();
        let settings = MailSettings { from, ..MailSettings::default() };
        let letter = letter(Purpose::Reset);
        let Says::Link(link) = &letter.says else { panic!("{letter:?}") };
        let (subject, text) = words(link);
        assert!(text.contains("\nhttps://pack.example.org/invitation/abc\n"), "{text}");
        assert!(text.contains("until 2026-06-01 08:00 UTC"), "{text}");
        let message = message(&settings, &letter).unwrap();
        let raw = String::from_utf8(message.formatted()).unwrap();
        assert!(raw.contains(&format!("Subject: {subject}")), "{raw}");
        assert!(raw.contains("Content-Type: text/plain; charset=utf-8"), "{raw}");
        assert!(raw.contains("From: Busbar <busbar@example.org>"), "{raw}");
    }

    #[test]
    fn an_address_that_cannot_be_is_said_not_sent() {
        let settings = MailSettings { from: "nobody".into(), ..MailSettings::default() };
        let why = message(&settings, &letter(Purpose::Invitation)).unwrap_err();
        assert!(why.contains("\u{201c}nobody\u{201d} is no address"), "{why}");
    }
}
