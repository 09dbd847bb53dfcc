//! The sections that belong to whoever looks after this Busbar: its name and log, how things look, what
//! is kept and how much of it. They hold no secret and let nobody in.

use std::fmt;
use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::engine::access::settings::SettingError;

/// What concerns everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GeneralSettings {
    /// What this Busbar is called, for people who have several; empty for none.
    pub name: String,
    /// Where feedback goes; `None` for whoever writes it to choose.
    pub feedback_to: Option<String>,
    /// What the system log keeps.
    pub log_level: LogLevel,
}

/// How much the system log keeps: this and what is graver.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// Something does not work.
    Error,
    /// Something works and somebody should know.
    Warning,
    /// What was done.
    #[default]
    Info,
    /// What helps to find a fault.
    Debug,
}

impl LogLevel {
    /// All of them, the gravest first.
    pub const ALL: [Self; 4] = [Self::Error, Self::Warning, Self::Info, Self::Debug];

    /// Its name in files, forms and the API.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for LogLevel {
    type Err = ();

    fn from_str(code: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|level| level.code() == code).ok_or(())
    }
}

/// Units and look.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LookSettings {
    /// The unit of temperatures on screens.
    pub temperature: TemperatureUnit,
    /// The theme of pages in a browser where nobody chose one.
    pub theme: ThemeChoice,
}

/// The unit of temperatures on screens. The API, files and rules are in degrees Celsius whatever it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TemperatureUnit {
    /// Degrees Celsius.
    #[default]
    Celsius,
    /// Degrees Fahrenheit.
    Fahrenheit,
}

impl TemperatureUnit {
    /// How it is written.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Celsius => "\u{b0}C",
            Self::Fahrenheit => "\u{b0}F",
        }
    }

    /// A temperature in this unit.
    #[must_use]
    pub fn of(self, celsius: f64) -> f64 {
        match self {
            Self::Celsius => celsius,
            Self::Fahrenheit => celsius * 1.8 + 32.0,
        }
    }

    /// A difference between two temperatures in this unit.
    #[must_use]
    pub fn difference(self, kelvin: f64) -> f64 {
        match self {
            Self::Celsius => kelvin,
            Self::Fahrenheit => kelvin * 1.8,
        }
    }
}

/// A theme of the pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThemeChoice {
    /// Whatever the system says.
    #[default]
    System,
    /// Dark.
    Dark,
    /// Light.
    Light,
}

impl ThemeChoice {
    /// Its name in files, forms and the API.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Dark => "dark",
            Self::Light => "light",
        }
    }
}

/// What is kept, and how much of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecordSettings {
    /// So many charges are kept with their reports; the oldest go first. Each has its plot, so that
    /// one takes some ten kilobytes. The journal keeps its lines of all of them.
    pub charges: u32,
    /// Frames that the trace of what runs holds.
    pub trace_frames: u32,
    /// Memory that the frames of one opened recording may take, in megabytes.
    pub log_memory_mb: u32,
    /// The folder that recordings go into; `None` for `recordings` in the data folder.
    pub recordings: Option<PathBuf>,
    /// A file of the system log is closed at so many megabytes.
    pub log_file_mb: u32,
    /// So many files of the system log are kept.
    pub log_files: u32,
}

impl Default for RecordSettings {
    fn default() -> Self {
        Self {
            charges: 500,
            trace_frames: 10_000_000,
            log_memory_mb: 1_000,
            recordings: None,
            log_file_mb: 2,
            log_files: 5,
        }
    }
}

/// Longest name of a Busbar.
const NAME_CHARS: usize = 60;
/// Longest path of the folder of recordings, in bytes.
const PATH_BYTES: usize = 1_000;
/// What a folder of recordings inside the data folder begins with: what else is there is not for
/// recordings.
const RECORDINGS: &str = "recordings";

impl GeneralSettings {
    /// Checks them.
    ///
    /// # Errors
    /// Names the first setting that cannot be.
    pub fn check(&self) -> Result<(), SettingError> {
        let wrong = |field, why: String| Err(SettingError { field, why });
        if self.name.chars().count() > NAME_CHARS {
            return wrong("general.name", format!("it has at most {NAME_CHARS} characters"));
        }
        if self.name.chars().any(char::is_control) || self.name.trim() != self.name {
            let why = "it is one line that neither begins nor ends with a space";
            return wrong("general.name", why.to_owned());
        }
        match self.feedback_to.as_deref().map(crate::engine::access::account::email) {
            None | Some(Ok(Some(_))) => Ok(()),
            Some(Ok(None)) => wrong("general.feedback_to", "no address is named".to_owned()),
            Some(Err(error)) => wrong("general.feedback_to", error.to_string()),
        }
    }
}

impl RecordSettings {
    /// Bounds of the numbers: name, least and most.
    pub const BOUNDS: [(&'static str, u32, u32); 5] = [
        ("records.charges", 10, 100_000),
        ("records.trace_frames", 10_000, 200_000_000),
        ("records.log_memory_mb", 50, 64_000),
        ("records.log_file_mb", 1, 100),
        ("records.log_files", 1, 50),
    ];

    /// Checks them.
    ///
    /// # Errors
    /// Names the first setting that cannot be.
    pub fn check(&self) -> Result<(), SettingError> {
        let values =
            [self.charges, self.trace_frames, self.log_memory_mb, self.log_file_mb, self.log_files];
        for ((field, least, most), value) in Self::BOUNDS.into_iter().zip(values) {
            if !(least..=most).contains(&value) {
                let why = format!("{value} is not between {least} and {most}");
                return Err(SettingError { field, why });
            }
        }
        let Some(folder) = &self.recordings else { return Ok(()) };
        let fit = |part: Component<'_>| match part {
            Component::Normal(_) | Component::RootDir | Component::Prefix(_) => true,
            Component::CurDir | Component::ParentDir => false,
        };
        let text = folder.to_string_lossy();
        let plain = !text.is_empty() && text.len() <= PATH_BYTES && !text.contains('\0');
        if !plain || !folder.components().all(fit) {
            let why = "it is a path without points in the place of a folder's name".to_owned();
            return Err(SettingError { field: "records.recordings", why });
        }
        if folder.is_relative() && !is_of_recordings(folder) {
            let why = format!(
                "a folder inside the data folder begins with \u{201c}{RECORDINGS}\u{201d}: what else is there is not for recordings"
            );
            return Err(SettingError { field: "records.recordings", why });
        }
        Ok(())
    }

    /// Whether the folder of recordings may be chosen from elsewhere: it is inside the data folder.
    /// What is anywhere on the machine is for whoever sits at it.
    #[must_use]
    pub fn stays_inside(&self) -> bool {
        self.recordings.as_deref().is_none_or(Path::is_relative)
    }
}

fn is_of_recordings(folder: &Path) -> bool {
    let first = folder.components().next();
    first.is_some_and(|part| part.as_os_str().to_string_lossy().starts_with(RECORDINGS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_charges_are_kept_and_neither_none_nor_all() {
        let records = |charges| RecordSettings { charges, ..RecordSettings::default() };
        assert!(records(10).check().is_ok() && records(100_000).check().is_ok());
        for charges in [0, 9, 100_001, u32::MAX] {
            assert_eq!(records(charges).check().unwrap_err().field, "records.charges");
        }
    }

    #[test]
    fn recordings_go_into_a_folder_for_recordings_or_one_named_in_full() {
        let into = |folder: &str| RecordSettings {
            recordings: Some(folder.into()),
            ..RecordSettings::default()
        };
        for good in ["recordings", "recordings-2/rack", "/srv/can"] {
            assert_eq!(into(good).check(), Ok(()), "{good}");
        }
        for bad in ["", "../x", "tls", "profiles", "backups/x", "recordings/../tls", "/srv/../etc"]
        {
            assert_eq!(into(bad).check().unwrap_err().field, "records.recordings", "{bad}");
        }
        assert!(into("recordings-2").stays_inside() && !into("/srv/can").stays_inside());
    }

    #[test]
    fn a_name_is_one_line() {
        let named = |name: &str| GeneralSettings { name: name.into(), ..Default::default() };
        assert_eq!(named("Rack 7").check(), Ok(()));
        for bad in ["a\nb", " a", "x\u{7}"] {
            assert_eq!(named(bad).check().unwrap_err().field, "general.name");
        }
        let to = GeneralSettings { feedback_to: Some("nobody".into()), ..Default::default() };
        assert_eq!(to.check().unwrap_err().field, "general.feedback_to");
    }

    #[test]
    fn degrees_are_turned_as_differences_and_as_temperatures() {
        let unit = TemperatureUnit::Fahrenheit;
        assert!((unit.of(100.0) - 212.0).abs() < 1e-9 && (unit.of(-40.0) + 40.0).abs() < 1e-9);
        assert!((unit.difference(10.0) - 18.0).abs() < 1e-9);
        assert!((TemperatureUnit::Celsius.of(21.5) - 21.5).abs() < f64::EPSILON);
    }
}
