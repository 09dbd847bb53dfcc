//! Whether a window can be had: a display, and the libraries that are loaded when it opens. Looks
//! at the environment and at folders, opens nothing.

use thiserror::Error;

use crate::engine::Needs;

/// Why there can be no window.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoDisplay {
    /// No display is named.
    #[error(
        "no display was found (neither DISPLAY nor WAYLAND_DISPLAY is set): run `busbar serve --demo` \
         to watch the demo without a window, or `busbar --help` for what works in a terminal"
    )]
    NoneNamed,
    /// Libraries are missing.
    #[error("the window needs {files}, which this system lacks. {advice}")]
    NoLibraries {
        /// The files.
        files: String,
        /// The command that brings them.
        advice: String,
    },
}

/// Looks at this process and this system.
///
/// # Errors
/// Says what is missing and what to do.
pub fn check() -> Result<(), NoDisplay> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    judge(&Needs::look())
}

fn judge(needs: &Needs) -> Result<(), NoDisplay> {
    if needs.screen.is_none() {
        return Err(NoDisplay::NoneNamed);
    }
    match needs.missing() {
        None => Ok(()),
        Some((files, advice)) => Err(NoDisplay::NoLibraries { files, advice }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{NeededLibrary, Screen};

    #[test]
    fn no_window_without_a_display_or_its_libraries() {
        let without = judge(&Needs::default()).expect_err("no display");
        assert!(without.to_string().contains("busbar serve --demo"), "{without}");
        let needs = Needs { screen: Some(Screen::X11), apt: true, ..Needs::default() };
        assert_eq!(judge(&needs), Ok(()));
        let xi = NeededLibrary { file: "libXi.so.6", deb: "libxi6", rpm: "libXi" };
        let error = judge(&Needs { libraries: vec![xi], ..needs }).expect_err("libXi is missing");
        assert_eq!(
            error.to_string(),
            "the window needs libXi.so.6, which this system lacks. Run `sudo apt-get install libxi6`."
        );
    }
}
