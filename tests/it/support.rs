//! Running the program itself, and what several tests set up alike.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use busbar::engine::{MailSettings, SaveSettings, Secret, SecretChange};
use tempfile::TempDir;

/// How a run of the program ended.
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl From<Output> for Ran {
    fn from(done: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: done.status.code(), out: text(&done.stdout), err: text(&done.stderr) }
    }
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
        command.output().unwrap().into()
    }
}

/// Runs `busbar` on a data folder with `input` on its standard input.
pub fn busbar_on(data: &Path, input: &str, arguments: &[&str]) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_busbar"))
        .args(arguments)
        .arg("--data-dir")
        .arg(data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that has ended already reads nothing: that is for the test to see.
    drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
    child.wait_with_output().unwrap().into()
}

/// Mail by a server that is not there, which wants this password.
pub fn mail_with(password: &str) -> SaveSettings {
    let mail = MailSettings {
        enabled: true,
        host: "127.0.0.1".into(),
        port: 9,
        user: Some("busbar".into()),
        from: "busbar@example.org".into(),
        ..MailSettings::default()
    };
    let mail_password = Some(SecretChange::Set(Secret::new(password.into())));
    SaveSettings { mail: Some(mail), mail_password, ..SaveSettings::default() }
}

/// A file that comes with the program.
pub fn asset(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join(path)
}
