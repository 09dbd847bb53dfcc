//! Running the program itself.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// How a run of the program ended.
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// What it said on standard error, or, where it said nothing there, on standard output.
    pub fn said(&self) -> &str {
        if self.err.trim().is_empty() { &self.out } else { &self.err }
    }

    /// It ended with `code` and did not panic.
    #[track_caller]
    pub fn ends_with(&self, code: i32) -> &Self {
        assert!(!self.err.contains("panicked"), "it panicked: {}", self.err);
        assert_eq!(self.code, Some(code), "out: {}\nerr: {}", self.out, self.err);
        self
    }

    /// What it said names each of `words`.
    #[track_caller]
    pub fn names(&self, words: &[&str]) -> &Self {
        for word in words {
            assert!(self.said().contains(word), "no {word:?} in: {}", self.said());
        }
        self
    }
}

/// A folder for one test: files to give to the program, and its data folder.
pub struct Desk {
    folder: TempDir,
}

impl Desk {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file with this content.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// A file of `bytes` length that takes no room on the disk and holds nothing but zeros.
    pub fn sparse(&self, name: &str, bytes: u64) -> PathBuf {
        let path = self.path(name);
        fs::File::create(&path).unwrap().set_len(bytes).unwrap();
        path
    }

    /// Runs `busbar` with these arguments and this test's own data folder.
    pub fn busbar(&self, arguments: &[&dyn AsRef<OsStr>]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_busbar"));
        command.args(arguments.iter().map(AsRef::as_ref));
        command.arg("--data-dir").arg(self.path("data"));
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        // Nothing that asks for a window may find one.
        command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").env_remove("WAYLAND_SOCKET");
        let done = command.output().unwrap();
        Ran {
            code: done.status.code(),
            out: String::from_utf8_lossy(&done.stdout).into_owned(),
            err: String::from_utf8_lossy(&done.stderr).into_owned(),
        }
    }
}

/// A file that comes with the program.
pub fn asset(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join(path)
}
