//! What a page, the rail, a key or the palette asks the window to do: things of the window itself,
//! and intents for the source. Knows words and keys, draws nothing.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::desktop::ask::{FramesWanted, Like, ReportForm, ValuesWanted};
use crate::desktop::icons;
use crate::desktop::pages::admin::Tab as AdminTab;
use crate::desktop::pages::can::CanTab;
use crate::desktop::pages::profiles::Way;
use crate::desktop::source::{Intent, Pace, PlayerIntent};
use crate::desktop::theme::ThemeChoice;
use crate::view::chrome::Chrome;
use crate::view::dbc::DbcAsk;
use crate::view::export::Format;
use crate::view::logs::LogId;
use crate::view::pack::Tab;
use crate::view::plot::PlotKey;
use crate::view::start::StartView;

/// A page of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Page {
    /// The battery pack.
    #[default]
    Pack,
    /// The charge of a pack.
    Charge,
    /// The buses' traffic by id.
    Can,
    /// Buses and components.
    Parts,
    /// The profiles there are.
    Profiles,
    /// Users, services, sessions, journal, settings.
    Admin,
    /// What could be opened instead.
    Open,
    /// Version, appearance, licences.
    About,
}

impl Page {
    /// All pages in the order of the rail.
    pub const ALL: [Self; 8] = [
        Self::Pack,
        Self::Charge,
        Self::Can,
        Self::Parts,
        Self::Profiles,
        Self::Admin,
        Self::Open,
        Self::About,
    ];
    /// Those there are before anything was opened.
    pub const BEFORE: [Self; 4] = [Self::Profiles, Self::Admin, Self::Open, Self::About];

    /// Its name on the rail.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Pack => "Pack",
            Self::Charge => "Charge",
            Self::Can => "CAN",
            Self::Parts => "Parts",
            Self::Profiles => "Profiles",
            Self::Admin => "Admin",
            Self::Open => "Open",
            Self::About => "About",
        }
    }

    /// Its icon.
    #[must_use]
    pub const fn icon(self) -> &'static str {
        match self {
            Self::Pack => icons::BATTERY,
            Self::Charge => icons::BOLT,
            Self::Can => icons::ARROWS_LEFT_RIGHT,
            Self::Parts => icons::CUBE,
            Self::Profiles => icons::FILE,
            Self::Admin => icons::GEAR,
            Self::Open => icons::FOLDER_OPEN,
            Self::About => icons::INFO,
        }
    }

    /// The key that, held with Ctrl, goes there.
    #[must_use]
    pub const fn key(self) -> egui::Key {
        match self {
            Self::Pack => egui::Key::Num1,
            Self::Charge => egui::Key::Num2,
            Self::Can => egui::Key::Num3,
            Self::Parts => egui::Key::Num4,
            Self::Admin => egui::Key::Num5,
            Self::Profiles => egui::Key::Num6,
            Self::Open => egui::Key::O,
            Self::About => egui::Key::Num9,
        }
    }
}

/// A change of the scale of everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScaleStep {
    /// Larger by a tenth.
    Larger,
    /// Smaller by a tenth.
    Smaller,
    /// 100 %.
    Normal,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Hand this to the source.
    Submit(Intent),
    /// Stop whatever charges, at once.
    Stop,
    /// End sending by hand on every bus, at once.
    Silence,
    /// Show this tab of the CAN page.
    GoCan(CanTab),
    /// Make up a frame like this one.
    SendLike(Like),
    /// Copy the rows of the trace between these two frames.
    CopyRows((u64, u64)),
    /// Something about recordings that are looked at beside what runs.
    Log(LogCommand),
    /// Save frames of the trace that is shown.
    SaveFrames(FramesWanted),
    /// Save values of the plot that is shown.
    SaveValues(ValuesWanted),
    /// Plot this signal of what is shown.
    Plot(PlotKey),
    /// Show the frame that brought the value of a line at this moment of the plot.
    GoToMoment {
        /// The line; none: any frame.
        key: Option<PlotKey>,
        /// Nanoseconds.
        at: i64,
    },
    /// Something about DBC files that asks the system for a file.
    Dbc(DbcCommand),
    /// Set a signal of the frame that is made up to what was typed.
    SetSignal {
        /// Its name.
        signal: String,
        /// What was typed.
        typed: String,
    },
    /// Open the demo, park it and show the Charge page.
    ChargeDemo,
    /// Show this page.
    Go(Page),
    /// Show this one of the Admin pages.
    GoAdmin(AdminTab),
    /// Show the form for a new user.
    AddUser,
    /// Show the pack whose tab has this label.
    SelectPack(String),
    /// Use this theme.
    Theme(ThemeChoice),
    /// Draw everything larger or smaller.
    Scale(ScaleStep),
    /// Ask the system for a recording.
    Browse,
    /// Ask the system for a recording to replay.
    BrowseReplay,
    /// Ask the system where to save the journal.
    BrowseSave(Format),
    /// Ask the system where to save a backup, under this name.
    BrowseBackup(String),
    /// Ask the system where to save the report of this charge.
    BrowseReport(u64, ReportForm),
    /// Ask the system for a profile pack, or where to save one.
    Pack(Way),
    /// Show the list of keys.
    Help,
    /// Show the command palette.
    Palette,
    /// Close the window.
    Quit,
}

/// Something about recordings that are looked at beside what runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogCommand {
    /// Ask the system for one.
    Browse,
    /// Look at this one.
    Open(PathBuf),
    /// Let go of one.
    Close(LogId),
    /// Ask the system for a DBC file to decode one with.
    BrowseDictionary(LogId),
    /// This path was typed where the system has no dialog to ask for it.
    Typed(PathBuf),
}

/// Something about DBC files.
#[derive(Clone, Debug, PartialEq)]
pub enum DbcCommand {
    /// Ask the system for one to edit.
    Browse,
    /// Ask the system for one to make a component of one's own out of.
    BrowseOwn,
    /// Ask the system where to save it under this name.
    BrowseSave(String),
    /// Hand this to the source.
    Ask(DbcAsk),
}

/// A line of the palette.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What it does, in words.
    pub label: String,
    /// Its icon.
    pub icon: &'static str,
    /// The key for it, where there is one.
    pub key: &'static str,
    /// What it asks for.
    pub command: Command,
}

/// Everything the palette offers now.
#[must_use]
pub fn entries(chrome: &Chrome, tabs: &[Tab], start: &StartView) -> Vec<Entry> {
    let entry =
        |label: &str, icon, key, command| Entry { label: label.to_owned(), icon, key, command };
    let mut all = vec![
        entry("Go to Pack", Page::Pack.icon(), "Ctrl+1", Command::Go(Page::Pack)),
        entry("Go to Charge", Page::Charge.icon(), "Ctrl+2", Command::Go(Page::Charge)),
        entry("Go to CAN", Page::Can.icon(), "Ctrl+3", Command::Go(Page::Can)),
        entry("Go to Parts", Page::Parts.icon(), "Ctrl+4", Command::Go(Page::Parts)),
        entry("Go to Profiles", Page::Profiles.icon(), "Ctrl+6", Command::Go(Page::Profiles)),
        entry("Stop charging, at once", icons::STOP, "F12", Command::Stop),
        entry("Silence every bus, at once", icons::STOP, "F11", Command::Silence),
        entry("Charge the demo pack", icons::FLASK, "", Command::ChargeDemo),
        entry(
            "Open a demo, an interface or a recording…",
            Page::Open.icon(),
            "Ctrl+O",
            Command::Go(Page::Open),
        ),
        entry(
            "About, appearance and licences",
            Page::About.icon(),
            "Ctrl+9",
            Command::Go(Page::About),
        ),
    ];
    for tab in tabs {
        let label = format!("Show {}", tab.label);
        all.push(entry(&label, icons::BATTERY, "", Command::SelectPack(tab.label.clone())));
    }
    if let Some(player) = &chrome.player {
        let submit = |intent| Command::Submit(Intent::Player(intent));
        let label = format!("{} {}", player.toggle.label, player.file);
        all.push(entry(&label, icons::PAUSE, "Space", submit(PlayerIntent::Toggle)));
        all.push(entry(
            "Recording: back to its beginning",
            icons::RESTART,
            "",
            submit(PlayerIntent::Seek(0.0)),
        ));
        for (pace, words) in Pace::CHOICES {
            let label = format!("Recording: play {words}");
            all.push(entry(&label, icons::PLAY, "", submit(PlayerIntent::Pace(pace))));
        }
    }
    all.push(entry(
        "Open a log\u{2026}",
        icons::FOLDER_OPEN,
        "Ctrl+L",
        Command::Log(LogCommand::Browse),
    ));
    all.push(entry("Bring a profile pack\u{2026}", icons::FILE, "", Command::Pack(Way::Bring)));
    all.push(entry(
        "CAN: clear the table",
        icons::ERASER,
        "",
        Command::Submit(Intent::ClearTraffic),
    ));
    for tab in CanTab::ALL {
        let label = format!("CAN: {}", tab.words());
        all.push(entry(&label, icons::ARROWS_LEFT_RIGHT, "", Command::GoCan(tab)));
    }
    for (at, (scene, _)) in start.scenes.iter().enumerate() {
        let label =
            if at == 0 { "Run the demo".to_owned() } else { format!("Run the demo: {scene}") };
        all.push(entry(
            &label,
            icons::FLASK,
            "",
            Command::Submit(Intent::ChooseDemo(scene.clone())),
        ));
    }
    // An adapter wants a bit rate first, which the Open page asks for.
    for found in start.interfaces.iter().filter(|found| !found.wants_rate) {
        let label = format!("Use CAN interface {}", found.name);
        all.push(entry(
            &label,
            icons::PLUGS,
            "",
            Command::Submit(Intent::ChooseInterface(found.name.clone())),
        ));
    }
    for tab in AdminTab::ALL {
        let label = format!("Go to {}", tab.title());
        all.push(entry(&label, icons::GEAR, "", Command::GoAdmin(tab)));
    }
    all.push(entry("Add user…", icons::USER_PLUS, "", Command::AddUser));
    for choice in ThemeChoice::ALL {
        let icon = match choice {
            ThemeChoice::Dark => icons::MOON,
            ThemeChoice::Light => icons::SUN,
            ThemeChoice::System => icons::CIRCLE_HALF,
        };
        all.push(entry(choice.words(), icon, "", Command::Theme(choice)));
    }
    all.push(entry("Larger", icons::PLUS, "Ctrl++", Command::Scale(ScaleStep::Larger)));
    all.push(entry("Smaller", icons::MINUS, "Ctrl+−", Command::Scale(ScaleStep::Smaller)));
    all.push(entry("Normal size", icons::SEARCH, "Ctrl+0", Command::Scale(ScaleStep::Normal)));
    all.push(entry("Help: list of keys", icons::QUESTION, "F1", Command::Help));
    all.push(entry("Quit", icons::SIGN_OUT, "Ctrl+Q", Command::Quit));
    all
}

/// How well `label` fits what was typed: `None` not at all, larger is better. The typed letters
/// must occur in order; letters in a row and at the start of a word count more.
#[must_use]
pub fn fit(typed: &str, label: &str) -> Option<i32> {
    let label: Vec<char> = label.to_lowercase().chars().collect();
    let mut at = 0;
    let mut score = 0;
    let mut in_a_row = false;
    for wanted in typed.to_lowercase().chars().filter(|c| !c.is_whitespace()) {
        let rest = label.get(at..)?;
        let skipped = rest.iter().position(|c| *c == wanted)?;
        let place = at + skipped;
        let starts_word = place == 0 || label.get(place - 1).is_some_and(|c| !c.is_alphanumeric());
        score += 1;
        if skipped == 0 && in_a_row {
            score += 4;
        }
        if starts_word {
            score += 3;
        }
        in_a_row = true;
        at = place + 1;
    }
    Some(score * 100 - label.len() as i32)
}

/// The keys of the window, for the help.
pub const KEYS: [(&str, &str); 23] = [
    ("F12", "Stop charging, at once: from every page and out of every box"),
    ("F11", "Silence every bus, at once: nothing is sent by hand any more, schedules stop"),
    ("Ctrl+K", "Command palette: find any page or action by a few letters"),
    ("F1", "This list"),
    ("Esc", "Close what is on top, let go of what is selected, close messages"),
    ("Ctrl+1", "Pack"),
    ("Ctrl+2", "Charge"),
    ("Ctrl+3", "CAN"),
    ("Ctrl+4", "Parts"),
    ("Ctrl+5", "Admin: users, services, sessions, journal, settings"),
    ("Ctrl+6", "Profiles: add, copy, rename, run, what changed and going back"),
    ("Ctrl+O", "Open a demo, a CAN interface or a recording"),
    ("Ctrl+L", "Open a log beside what runs: trace, table by id and plot without a bus"),
    (
        "Arrow keys",
        "Move between cells on the Pack page, ids on the CAN page, users on the Users page",
    ),
    ("Space", "Pause the recording, the trace or the replay, or go on"),
    ("Page Up, Page Down, Home, End", "Move through the trace; End follows it"),
    ("M", "Mark the chosen row of the trace, or take its mark away"),
    ("Ctrl+Enter", "Send the frame on the Send tab once"),
    ("Ctrl+F", "Filter on the CAN page and the Users page"),
    ("Ctrl+N", "Add a user on the Users page"),
    ("Tab, Enter", "Move through everything that can be pressed, and press it"),
    ("Ctrl++, Ctrl+−, Ctrl+0", "Larger, smaller, normal size"),
    ("Ctrl+Q", "Quit"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::fixtures;

    #[test]
    fn letters_in_order_fit_and_word_starts_fit_better() {
        assert!(fit("can", "Go to CAN").is_some());
        assert!(fit("gc", "Go to CAN").is_some());
        assert_eq!(fit("cango", "Go to CAN"), None);
        assert!(fit("pack", "Go to Pack") > fit("pack", "Open a clock kit"));
        assert_eq!(fit("zz", "Quit"), None);
        assert!(fit("", "anything").is_some());
    }

    #[test]
    fn a_playing_recording_adds_its_actions() {
        let mut chrome = fixtures::chrome();
        let start = fixtures::start();
        let without = entries(&chrome, &[], &start).len();
        chrome.player = Some(fixtures::player());
        let with = entries(&chrome, &[], &start);
        assert_eq!(with.len(), without + 2 + Pace::CHOICES.len());
        assert!(with.iter().any(|e| e.label == "Pause drive-day.log"));
    }
}
