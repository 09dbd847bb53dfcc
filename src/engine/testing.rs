//! What tests share: the folder of real recordings where the machine has one, goldens kept as
//! text, and folders that vanish. Compiled for tests and with the feature `testing` only.

pub mod backup;
pub mod filter;
pub mod fuzz;
pub mod plant;
pub mod record;
pub mod roster;
pub mod wire;

/// What benches and fuzz targets reach inside for.
pub mod inside {
    pub use crate::engine::can::bus::Received;
    pub use crate::engine::can::frame::Frames;
    pub use crate::engine::can::trace::Log;
    pub use crate::engine::device::Catalog;
    pub use crate::engine::hub::{Effect, Epoch, Event, Hub, Now};
    pub use crate::engine::sim::World;
}

/// The store and its journal, for tests that kill whoever writes, and for benches.
pub mod records {
    pub use crate::engine::charge::Keep;
    pub use crate::engine::store::journal::{Entry, append, each, page, verify};
    pub use crate::engine::store::{OnChange, Opener, Reading, Store, Writing};
}

use std::fs;
use std::path::{Path, PathBuf};

pub use crate::engine::sim::Chance;

use crate::engine::access::account::AccountId;
use crate::engine::access::grant::Session;

/// What benches decode with.
pub mod dbc {
    pub use crate::engine::can::frame::Id;
    pub use crate::engine::dbc::{Codec, MessageIndex, Row, parse};
}

/// Starts an engine whose hashes of passwords cost next to nothing, whatever its clock. On a
/// [`FakeClock`](crate::base::time::FakeClock) [`start`](crate::engine::start) does so by itself.
///
/// # Errors
/// As for [`start`](crate::engine::start).
pub fn start_cheaply(
    config: crate::engine::Config,
) -> Result<crate::engine::Running, crate::engine::StartError> {
    crate::engine::drive::start_with(config, crate::engine::access::password::Cost::CHEAP)
}

/// A schema without the numbers of its lines, which a writer may change.
#[must_use]
pub fn schema_without_lines(mut schema: crate::engine::dbc::Schema) -> crate::engine::dbc::Schema {
    for message in &mut schema.messages {
        message.line = 0;
        message.signals.iter_mut().for_each(|signal| signal.line = 0);
    }
    schema
}

/// The folder of real recordings and DBC files: `BUSBAR_SHARED`, else `../shared` beside the
/// checkout. `None` where neither exists; the reason is printed so that a skipped test says so.
#[must_use]
pub fn shared_folder() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let folder = std::env::var_os("BUSBAR_SHARED").map_or_else(beside, PathBuf::from);
    if folder.join("data").is_dir() {
        return Some(folder);
    }
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    eprintln!("skipped: {test} (no shared folder)");
    None
}

/// A file of the shared folder's `data`, such as `logs/think-city.crtd.txt`.
///
/// # Panics
/// The folder is there and the file is not: then the test would silently test nothing.
#[must_use]
pub fn shared_data(path: &str) -> Option<PathBuf> {
    let file = shared_folder()?.join("data").join(path);
    assert!(file.is_file(), "the shared folder has no {}", file.display());
    Some(file)
}

/// Compares `text` with `tests/golden/NAME`. With `UPDATE_GOLDEN=1` in the environment the golden
/// is written instead; the difference then shows in the version control.
///
/// # Panics
/// The texts differ, or there is no such golden yet.
pub fn golden(name: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    let refresh = std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1");
    if let Err(difference) = compare_golden(&file, text, Refresh::from(refresh)) {
        assert!(difference.is_empty(), "{difference}");
    }
}

/// Whether a golden is compared or written anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refresh {
    Compare,
    Write,
}

impl From<bool> for Refresh {
    fn from(yes: bool) -> Self {
        if yes { Self::Write } else { Self::Compare }
    }
}

fn compare_golden(file: &Path, text: &str, refresh: Refresh) -> Result<(), String> {
    if refresh == Refresh::Write {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).map_err(|why| format!("{}: {why}", folder.display()))?;
        }
        return fs::write(file, text).map_err(|why| format!("{}: {why}", file.display()));
    }
    let known = fs::read_to_string(file).map_err(|why| {
        format!("{}: {why}; run with UPDATE_GOLDEN=1 to write it\n{text}", file.display())
    })?;
    if known == text {
        return Ok(());
    }
    let mut pairs = known.lines().zip(text.lines()).enumerate();
    let at = pairs.find(|(_, (old, new))| old != new);
    let shared_lines = known.lines().count().min(text.lines().count());
    let line = at.map_or(shared_lines, |(line, _)| line);
    Err(format!(
        "{} differs from line {} on (UPDATE_GOLDEN=1 refreshes it)\n  golden: {}\n  now:    {}\n\n{text}",
        file.display(),
        line + 1,
        known.lines().nth(line).unwrap_or("(end)"),
        text.lines().nth(line).unwrap_or("(end)"),
    ))
}

/// The session of the person at the desktop, without an engine.
#[must_use]
pub fn local_session() -> crate::engine::access::grant::Session {
    use crate::engine::access::grant::{Face, LocalSeat};
    LocalSeat::new().sit(Face::Desktop)
}

/// A session of the API that holds these rights and no more, without an engine.
#[must_use]
pub fn remote_session(rights: &[crate::engine::access::permission::Right]) -> Session {
    use crate::engine::access::actor::{Actor, Rights, Who};
    use crate::engine::access::grant::{Face, MustChange};
    use crate::engine::access::life::Life;
    let who = Who::Account { id: AccountId(7), name: "Grace".into() };
    let life = std::sync::Arc::new(Life::new(crate::base::time::Wall::from_nanos(0)));
    let actor = Actor::new(who, Rights::of_account(rights));
    Session::remote(actor, (Face::Api, None), None, MustChange::Nothing, life)
}

/// Ends a session, as the engine does.
pub fn end_session(session: &Session, why: crate::engine::access::life::Ended) {
    session.life().end(why);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_golden_that_differs_names_the_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep/a.txt");
        assert!(compare_golden(&file, "one\n", Refresh::Compare).unwrap_err().contains("UPDATE"));
        compare_golden(&file, "one\ntwo\n", Refresh::Write).unwrap();
        assert_eq!(compare_golden(&file, "one\ntwo\n", Refresh::Compare), Ok(()));
        let said = compare_golden(&file, "one\n2\n", Refresh::Compare).unwrap_err();
        assert!(said.contains("from line 2") && said.contains("golden: two"), "{said}");
        let said = compare_golden(&file, "one\n", Refresh::Compare).unwrap_err();
        assert!(said.contains("from line 2") && said.contains("now:    (end)"), "{said}");
    }
}
