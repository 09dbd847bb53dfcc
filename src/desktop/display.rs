//! Whether a window can be had: a display, and the libraries that are loaded when it opens. Looks
//! at the environment and at folders, opens nothing.

use std::path::{Path, PathBuf};

use thiserror::Error;

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
    #[error(
        "the window needs {missing}, which this system lacks: on Debian and Ubuntu run \
         `sudo apt-get install {packages}`"
    )]
    NoLibraries {
        /// File names.
        missing: String,
        /// Package names.
        packages: String,
    },
}

/// Library files that are opened at run time on X11, and the Debian packages that bring them.
const LIBRARIES: [(&str, &str); 7] = [
    ("libX11.so.6", "libx11-6"),
    ("libX11-xcb.so.1", "libx11-xcb1"),
    ("libXcursor.so.1", "libxcursor1"),
    ("libXi.so.6", "libxi6"),
    ("libxkbcommon-x11.so.0", "libxkbcommon-x11-0"),
    ("libGL.so.1", "libgl1"),
    ("libEGL.so.1", "libegl1"),
];

/// Looks at this process and this machine.
///
/// # Errors
/// Says what is missing and what to do.
pub fn check() -> Result<(), NoDisplay> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    let set = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
    let wayland = set("WAYLAND_DISPLAY") || set("WAYLAND_SOCKET");
    if !wayland && !set("DISPLAY") {
        return Err(NoDisplay::NoneNamed);
    }
    if wayland {
        return Ok(());
    }
    let extra = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&extra).collect();
    let triple = format!("{}-linux-gnu", std::env::consts::ARCH);
    let multiarch = Path::new("/usr/lib").join(&triple);
    // Only where libraries are known to be in these folders does their absence mean anything.
    if !multiarch.join("libc.so.6").exists()
        && !Path::new("/lib").join(&triple).join("libc.so.6").exists()
    {
        return Ok(());
    }
    folders.extend([
        multiarch,
        Path::new("/lib").join(triple),
        "/usr/local/lib".into(),
        "/usr/lib".into(),
    ]);
    libraries(&folders)
}

fn libraries(folders: &[PathBuf]) -> Result<(), NoDisplay> {
    let lacking: Vec<_> = LIBRARIES
        .iter()
        .filter(|(file, _)| !folders.iter().any(|folder| folder.join(file).exists()))
        // Either of GL's two ways in is enough.
        .filter(|(file, _)| {
            let gl = ["libGL.so.1", "libEGL.so.1"];
            !gl.contains(file) || !gl.iter().any(|g| folders.iter().any(|f| f.join(g).exists()))
        })
        .collect();
    if lacking.is_empty() {
        return Ok(());
    }
    let list = |names: Vec<&str>, between: &str| names.join(between);
    Err(NoDisplay::NoLibraries {
        missing: list(lacking.iter().map(|l| l.0).collect(), ", "),
        packages: list(lacking.iter().map(|l| l.1).collect(), " "),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_libraries_are_named_with_their_packages() {
        let folder = tempfile::tempdir().expect("a folder");
        for (file, _) in LIBRARIES {
            std::fs::write(folder.path().join(file), "").expect("written");
        }
        let folders = [folder.path().to_owned()];
        assert_eq!(libraries(&folders), Ok(()));
        std::fs::remove_file(folder.path().join("libEGL.so.1")).expect("removed");
        assert_eq!(libraries(&folders), Ok(()), "GL without EGL is enough");
        std::fs::remove_file(folder.path().join("libXi.so.6")).expect("removed");
        let error = libraries(&folders).expect_err("libXi is missing");
        assert!(error.to_string().contains("libXi.so.6"), "{error}");
        assert!(error.to_string().ends_with("`sudo apt-get install libxi6`"), "{error}");
    }
}
