//! What Busbar remembers from one start to the next, beside the profiles: a small `settings.toml`
//! in the data folder. Losing it loses nothing but convenience, so a broken one is reported and
//! taken as empty.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::engine::profile::library::{self, Library, LibraryError};

const HEAD: &str = "\
# What Busbar remembers from one start to the next. Written by Busbar; it may be edited or removed
# while Busbar does not run.
#
# profile  the profile that is opened: a name in the folder profiles, or a file
# theme    \"dark\", \"light\" or \"system\"
# log_memory_mb, trace_frames and recordings are settings of their own now: what is written of them here
# is taken over at the next start, and taken out of this file.

";

/// What is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The profile that was last chosen: its name, or a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The theme that was chosen: its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theme: Option<String>,
    /// Memory that the frames of one opened recording may take, in megabytes: to be taken over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_memory_mb: Option<u64>,
    /// Frames that the trace of what runs holds: to be taken over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_frames: Option<u64>,
    /// The folder that recordings go into: to be taken over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recordings: Option<PathBuf>,
}

impl Library {
    fn settings_file(&self) -> PathBuf {
        self.folder().join("settings.toml")
    }

    /// What is remembered; nothing where there is no such file yet.
    ///
    /// # Errors
    /// The file is broken. Going on as with an empty one loses only what was remembered.
    pub fn settings(&self) -> Result<Settings, LibraryError> {
        let file = self.settings_file();
        if !file.exists() {
            return Ok(Settings::default());
        }
        let text = library::read(&file)?;
        toml::from_str(&text).map_err(|error| refused(&file, &text, &error))
    }

    /// Changes what is remembered.
    ///
    /// # Errors
    /// It cannot be written; what was there stays.
    pub fn remember(&self, change: impl FnOnce(&mut Settings)) -> Result<(), LibraryError> {
        let mut settings = self.settings().unwrap_or_default();
        change(&mut settings);
        self.make()?;
        let file = self.settings_file();
        let text = toml::to_string(&settings).map_err(|error| LibraryError::Write {
            file: file.clone(),
            source: std::io::Error::other(error),
        })?;
        library::write_whole(&file, &format!("{HEAD}{text}"))
    }
}

fn refused(file: &Path, text: &str, error: &toml::de::Error) -> LibraryError {
    let problems = vec![super::parse::toml_problem(text, error)];
    LibraryError::Refused { file: file.to_owned(), problems }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_choice_is_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let library = Library::find(Some(&folder.path().join("new"))).unwrap();
        assert_eq!(library.settings().unwrap(), Settings::default());
        library.remember(|all| all.profile = Some("My \"pack\"".into())).unwrap();
        library.remember(|all| all.theme = Some("dark".into())).unwrap();
        let back = library.settings().unwrap();
        assert_eq!(back.profile.as_deref(), Some("My \"pack\""));
        assert_eq!(back.theme.as_deref(), Some("dark"));
    }

    #[test]
    fn broken_settings_name_the_line_and_are_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let library = Library::find(Some(folder.path())).unwrap();
        std::fs::write(folder.path().join("settings.toml"), "theme = 'dark'\nwhat = 1\n").unwrap();
        let said = library.settings().unwrap_err().to_string();
        assert!(said.contains("settings.toml:2: unknown field `what`"), "{said}");
        library.remember(|all| all.profile = Some("a".into())).unwrap();
        assert_eq!(library.settings().unwrap().profile.as_deref(), Some("a"));
    }
}
