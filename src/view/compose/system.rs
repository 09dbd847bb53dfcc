//! Composes the System pages, and the report that goes with feedback. What is in a report is scrubbed as a
//! whole, whatever it was made of.

use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::engine::{
    BackupMade, BackupWeight, LEAST_PASSPHRASE, LogFilter, LogLevel, LogLine, Machine, Mailed,
    Session, Settings, Snapshot, SystemLog, Vitals, byte_size, scrub, write_log_line,
};
use crate::view::compose::recordings::size;
use crate::view::doctor::DoctorView;
use crate::view::shown::Tone;
use crate::view::system::{
    BackupView, Crate, Feedback, Licences, LogPrefs, LogRow, LogView, MailOffer, SystemView,
};
use crate::view::text::{self, DASH};

/// Lines of the log on a page.
pub const LOG_LINES: usize = 500;
/// Lines of the log in a report.
pub const REPORT_LINES: usize = 300;
/// Longest text that is written into feedback, in characters.
pub const FEEDBACK_CHARS: usize = 20_000;

/// The licences of everything that Busbar is built of, written by `packaging/licences.py`.
const LICENCES: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/licences.json"));

/// What is known of this Busbar and its machine.
#[must_use]
pub fn information(snapshot: &Snapshot, vitals: &Vitals, machine: &Machine) -> SystemView {
    let bytes = |bytes: Option<u64>| bytes.map_or_else(|| DASH.to_owned(), byte_size);
    let of = |some: Option<u64>, all: Option<u64>| format!("{} of {}", bytes(some), bytes(all));
    let buses: Vec<String> =
        snapshot.buses.iter().map(|bus| format!("{} at {}", bus.name, bus.address)).collect();
    let profile = snapshot.profile.as_ref().map(|profile| profile.name.to_string());
    let none = || "none".to_owned();
    let lines = [
        ("Version", format!("Busbar {}", env!("CARGO_PKG_VERSION"))),
        ("Built with", features()),
        ("System", format!("{} on {}", std::env::consts::OS, std::env::consts::ARCH)),
        ("Processors", machine.processors.map_or_else(|| DASH.to_owned(), |n| n.to_string())),
        ("Memory of Busbar", bytes(machine.memory_used)),
        ("Memory left", of(machine.memory_free, machine.memory_total)),
        ("Disk left", of(machine.disk_free, machine.disk_total)),
        ("Running for", text::span(vitals.uptime)),
        ("Profile", profile.unwrap_or_else(none)),
        ("Buses", if buses.is_empty() { none() } else { buses.join(", ") }),
        ("Components", snapshot.components.len().to_string()),
        ("Sessions and displays", format!("{} and {}", vitals.sessions, vitals.displays)),
    ];
    let lines = lines.into_iter().map(|(label, text)| (label.to_owned(), text)).collect();
    SystemView { lines }
}

/// The features of this build.
fn features() -> String {
    let all = [
        ("window", cfg!(feature = "desktop")),
        ("web listener", cfg!(feature = "web")),
        ("e-mail", cfg!(feature = "mail")),
        ("SocketCAN", cfg!(feature = "socketcan")),
    ];
    let there: Vec<&str> = all.into_iter().filter(|(_, on)| *on).map(|(name, _)| name).collect();
    if there.is_empty() { "nothing besides the command line".to_owned() } else { there.join(", ") }
}

/// The filter that somebody wants.
#[must_use]
pub fn log_filter(prefs: &LogPrefs, before: Option<u64>) -> LogFilter {
    let find = prefs.find.chars().take(200).collect();
    LogFilter { level: prefs.level.parse().ok(), find, before }
}

/// The log as it is shown.
#[must_use]
pub fn log(log: &SystemLog, prefs: &LogPrefs, zone: &TimeZone) -> LogView {
    let rows: Vec<LogRow> = log
        .lines(&log_filter(prefs, None), LOG_LINES)
        .into_iter()
        .map(|line| row(line, zone))
        .collect();
    let summary = match rows.len() {
        0 => "Nothing was said that fits.".to_owned(),
        LOG_LINES => format!("The newest {}.", text::count(LOG_LINES, "line")),
        some => format!("{}.", text::count(some, "line")),
    };
    let kept = match log.folder() {
        Some(folder) => format!("Kept in {}.", folder.display()),
        None => "Kept in memory alone.".to_owned(),
    };
    LogView { rows, summary, kept }
}

fn row(line: LogLine, zone: &TimeZone) -> LogRow {
    let tone = match line.level {
        LogLevel::Error => Tone::Fault,
        LogLevel::Warning => Tone::Warning,
        LogLevel::Info => Tone::Plain,
        LogLevel::Debug => Tone::Muted,
    };
    LogRow {
        seq: line.seq,
        at: text::stamp(line.at, zone),
        level: line.level.code(),
        tone,
        part: line.part,
        text: line.text,
    }
}

/// The lines that fit as a text, the oldest first.
#[must_use]
pub fn log_text(log: &SystemLog, prefs: &LogPrefs, most: usize) -> String {
    let lines = log.lines(&log_filter(prefs, None), most);
    lines.iter().rev().map(write_log_line).collect()
}

/// The licences as they are kept: most texts are the same paragraphs again, so that each of those is there
/// once, and a text is their numbers.
#[derive(Default, Deserialize)]
struct Kept {
    crates: Vec<Crate>,
    pieces: Vec<String>,
    texts: Vec<Vec<usize>>,
}

/// What Busbar is built of.
#[must_use]
pub fn licences() -> Licences {
    let kept: Kept = serde_json::from_str(LICENCES).unwrap_or_else(|error| {
        tracing::error!(%error, "the list of licences cannot be read");
        Kept::default()
    });
    let whole = |numbers: &Vec<usize>| {
        let pieces: Vec<&str> =
            numbers.iter().filter_map(|at| kept.pieces.get(*at)).map(String::as_str).collect();
        pieces.join("\n\n")
    };
    Licences { texts: kept.texts.iter().map(whole).collect(), crates: kept.crates }
}

/// What goes into a report, as far as it was asked for and may be had.
#[derive(Clone, Debug, Default)]
pub struct Enclosed {
    /// Information about this Busbar.
    pub system: Option<SystemView>,
    /// What the doctor says.
    pub problems: Option<DoctorView>,
    /// Lines of the log.
    pub log: Option<String>,
    /// The text of the running profile.
    pub profile: Option<String>,
}

/// The report: what somebody wrote, and what they chose to go with it, without secrets.
#[must_use]
pub fn report(
    feedback: &Feedback,
    enclosed: &Enclosed,
    settings: &Settings,
    session: &Session,
) -> String {
    let mut all = vec!["Busbar feedback".to_owned(), String::new()];
    if !settings.general.name.is_empty() {
        all.push(format!("From: {}", settings.general.name));
    }
    all.push(format!("Written by somebody who {}.", seat(session)));
    all.push(String::new());
    all.extend(
        feedback.text.chars().take(FEEDBACK_CHARS).collect::<String>().lines().map(str::to_owned),
    );
    if let Some(system) = &enclosed.system {
        all.push(heading("System"));
        all.extend(system.lines.iter().map(|(label, text)| format!("{label}: {text}")));
    }
    if let Some(problems) = &enclosed.problems {
        all.push(heading("Doctor"));
        all.extend(
            problems
                .rows
                .iter()
                .map(|row| format!("{:<8} {:<9} {} {}", row.word, row.check, row.text, row.advice)),
        );
    }
    if let Some(log) = &enclosed.log {
        all.push(heading("Log"));
        all.extend(log.lines().map(str::to_owned));
    }
    if let Some(profile) = &enclosed.profile {
        all.push(heading("Profile"));
        all.extend(profile.lines().map(str::to_owned));
    }
    // Line by line: a net that is thrown over the whole would cut it off.
    let mut text: String = all.iter().map(|line| scrub(line) + "\n").collect();
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

fn heading(title: &str) -> String {
    format!("\n== {title} ==")
}

fn seat(session: &Session) -> &'static str {
    use crate::engine::{Administer, ChangeSettings};
    if session.may(Administer) {
        "may do everything"
    } else if session.may(ChangeSettings) {
        "may change system settings"
    } else {
        "may not change system settings"
    }
}

/// A mail that the report goes into: as an address that a mail program opens. A mail program takes no
/// files from an address, so that the text is in it as far as it fits.
#[must_use]
pub fn mail_address(settings: &Settings, report: &str) -> String {
    const FITS: usize = 1_500;
    let to = settings.general.feedback_to.as_deref().unwrap_or_default();
    let mut body: String = report.chars().take(FITS).collect();
    if body.len() < report.len() {
        body.push_str("\n(The rest is in the saved file: please attach it.)\n");
    }
    format!("mailto:{}?subject={}&body={}", escaped(to), escaped("Busbar feedback"), escaped(&body))
}

/// How a report can go out by e-mail from here.
#[must_use]
pub fn mail_offer(settings: &Settings, session: &Session) -> MailOffer {
    let to = settings.general.feedback_to.clone().unwrap_or_default();
    let (begin, words) = match (settings.mail.enabled, session.may(crate::engine::Administer)) {
        (false, _) => {
            let body = "A report of feedback from Busbar is in the attached file.\n\n(Please save the report as a file and attach it before you send this.)\n";
            let body = escaped(body);
            let begin = format!(
                "mailto:{}?subject={}&body={body}",
                escaped(&to),
                escaped("Busbar feedback")
            );
            (
                Some(begin),
                "E-mail is not set up on this Busbar: save the report, begin an e-mail in your own mail program, and attach the file.",
            )
        }
        (true, true) => (None, "To any address, as an attached file; three an hour at most."),
        (true, false) => (
            None,
            "To the address that the settings name for feedback or to that of an account, as an attached file; three an hour at most.",
        ),
    };
    MailOffer { to, begin, words }
}

/// Said once a report waits to be sent.
#[must_use]
pub fn mailed(mailed: &Mailed) -> String {
    let Mailed { to, bytes } = mailed;
    let bytes = size(*bytes as u64);
    format!("The report ({bytes}) is on its way to {to}. The journal says what comes of it.")
}

fn escaped(text: &str) -> String {
    let mut all = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'@' => {
                all.push(char::from(byte));
            }
            b'\n' => all.push_str("%0D%0A"),
            other => all.push_str(&format!("%{other:02X}")),
        }
    }
    all
}

/// What a backup would hold that weighs so much, with a name for its file.
#[must_use]
pub fn backup(weight: &BackupWeight, name: String) -> BackupView {
    let holds =
        |files: usize, bytes: u64| format!("{}, {}", text::count(files, "file"), size(bytes));
    BackupView {
        holds: format!("{} before packing.", holds(weight.files, weight.bytes)),
        recordings: holds(weight.recordings, weight.recording_bytes),
        passphrase: "Encrypts it, with the passwords of other systems and private keys, which are in an encrypted backup only. It is kept nowhere: without it nobody can ever open the file. Empty: not encrypted.".to_owned(),
        least: LEAST_PASSPHRASE,
        name,
        restore: "A backup takes the place of everything that is kept, so it is restored while Busbar does not run, on the command line. The first of these says what would be replaced, the second asks before it does it:".to_owned(),
        commands: vec!["busbar restore --preview FILE", "busbar restore FILE"],
    }
}

/// What came of a backup that is in this file.
#[must_use]
pub fn backup_made(file: &str, made: &BackupMade) -> String {
    let entries = match made.entries {
        1 => "1 entry".to_owned(),
        some => format!("{} entries", text::grouped(some as u64)),
    };
    let left = made.left_out.iter().map(|what| format!(" Left out: {what}")).collect::<String>();
    format!("{file} has {}, {entries}, read back and found whole.{left}", size(made.bytes))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::base::time::{FakeClock, Wall};
    use crate::engine::testing::local_session;

    #[test]
    fn every_crate_of_the_list_is_one_that_busbar_is_built_of() {
        let lock = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock"));
        let licences = licences();
        assert!(licences.crates.len() > 200, "{}", licences.crates.len());
        for one in &licences.crates {
            let entry = format!("name = \"{}\"\nversion = \"{}\"\n", one.name, one.version);
            assert!(
                lock.contains(&entry),
                "{} {}: run packaging/licences.py",
                one.name,
                one.version
            );
            assert!(
                !one.licence.is_empty() && one.texts.iter().all(|at| *at < licences.texts.len())
            );
        }
        for name in ["serde", "tokio", "rusqlite", "egui"] {
            assert!(licences.crates.iter().any(|one| one.name == name), "{name} is missing");
        }
    }

    #[test]
    fn a_text_that_is_kept_in_pieces_is_whole_again() {
        let licences = licences();
        let serde = licences.crates.iter().find(|one| one.name == "serde").unwrap();
        let texts: Vec<&str> = serde.texts.iter().map(|at| &*licences.texts[*at]).collect();
        let apache = texts.iter().find(|text| text.contains("Apache License")).unwrap();
        let order = ["Version 2.0", "1. Definitions.", "9. Accepting Warranty", "END OF TERMS"];
        let places: Vec<usize> = order.iter().map(|part| apache.find(part).unwrap()).collect();
        assert!(places.is_sorted(), "{places:?}");
        assert!(texts.iter().any(|text| text.trim_end().ends_with("DEALINGS IN THE SOFTWARE.")));
    }

    #[test]
    fn a_mail_program_is_offered_only_where_busbar_sends_none() {
        let mut settings = Settings::default();
        settings.general.feedback_to = Some("team@example.org".into());
        let offer = mail_offer(&settings, &local_session());
        let begin = offer.begin.unwrap();
        assert!(begin.starts_with("mailto:team@example.org?subject=Busbar%20feedback&body="));
        assert!(begin.contains("attach%20it%20before") && begin.len() < 500, "{begin}");
        settings.mail.enabled = true;
        let offer = mail_offer(&settings, &local_session());
        assert_eq!((offer.to.as_str(), offer.begin), ("team@example.org", None));
    }

    #[test]
    fn a_report_holds_what_was_chosen_and_no_secret() {
        let feedback = Feedback { text: "It says password=hunter2 to me.".into(), with: vec![] };
        let log = SystemLog::new(FakeClock::new(Wall::from_nanos(0)));
        log.say(
            LogLevel::Error,
            "busbar::people",
            "token: k3jF0-PqZ_8rTn2VwXyLmA5sBdCeGhIoUu7J9KlQabc",
        );
        let enclosed = Enclosed {
            log: Some(log_text(&log, &LogPrefs::default(), REPORT_LINES)),
            profile: Some("[mqtt]\npassword = \"hunter2\"\nname = \"rack\"\n".into()),
            ..Enclosed::default()
        };
        let text = report(&feedback, &enclosed, &Settings::default(), &local_session());
        for secret in ["hunter2", "k3jF0"] {
            assert!(!text.contains(secret), "{text}");
        }
        assert!(text.contains("name = \"rack\"") && text.contains("== Log =="), "{text}");
        assert!(!text.contains("== System =="), "nobody chose it");
        let address = mail_address(&Settings::default(), &text);
        assert!(
            address.starts_with("mailto:?subject=Busbar%20feedback&body=Busbar%20feedback%0D%0A")
        );
        assert!(address.len() < 8_000, "{}", address.len());
        let again: String = text.lines().map(|line| scrub(line) + "\n").collect();
        assert_eq!(again, text, "what is mailed is what was shown");
        drop(Arc::new(log));
    }
}
