//! Profiles as the command line asks for them: listed, shown, checked, without a running engine.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::base::problem::{Problem, Severity};
use crate::engine::device::{Catalog, Category};
use crate::engine::pack::usual_patience;
use crate::engine::profile::check::{self, Ground};
use crate::engine::profile::edit::Revision;
use crate::engine::profile::expand::environment;
use crate::engine::profile::library::{self, FILE_LIMIT, Library, LibraryError, Loaded};
use crate::engine::profile::model::{ComponentEntry, Profile};
use crate::engine::sim::Scene;

/// A profile of the data folder in one line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Its name.
    pub name: String,
    /// Its file.
    pub file: PathBuf,
    /// Buses and components, where it can be read.
    pub parts: Option<(usize, usize)>,
    /// Why it is refused, where it is.
    pub refused: Option<String>,
    /// How many warnings there are.
    pub warnings: usize,
    /// What it is for, in words.
    pub description: Option<String>,
    /// Its components by name, where it can be read; those that are off too.
    pub components: Vec<String>,
    /// When its file was last written, milliseconds since 1970 UTC.
    pub changed_ms: Option<i64>,
    /// Which text it is; none where that cannot be read.
    pub revision: Option<String>,
}

impl Summary {
    fn of(listed: library::Listed, ground: &Ground) -> Self {
        let library::Listed { name, file, outcome } = listed;
        let changed = std::fs::metadata(&file).and_then(|about| about.modified()).ok();
        let changed = changed.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        let mut summary = Self {
            name,
            parts: None,
            refused: None,
            warnings: 0,
            description: None,
            components: Vec::new(),
            changed_ms: changed.and_then(|since| i64::try_from(since.as_millis()).ok()),
            revision: library::read(&file).ok().map(|text| Revision::of(&text).code().to_owned()),
            file,
        };
        if let Ok(loaded) = &outcome {
            let profile = &loaded.profile;
            summary.description.clone_from(&profile.description);
            let names = profile.components.iter().map(|one| one.name.to_string());
            summary.components = names.collect();
            summary.parts = Some((profile.buses.len(), profile.components.len()));
        }
        match outcome.and_then(|loaded| check::admit(loaded, ground)) {
            Ok(loaded) => summary.warnings = loaded.warnings.len(),
            Err(error) => {
                summary.parts = None;
                summary.refused = Some(sentence(&error));
            }
        }
        summary
    }
}

/// All profiles of this data folder, the broken ones with the reason.
///
/// # Errors
/// The folder cannot be read.
pub fn all(library: &Library) -> Result<Vec<Summary>, LibraryError> {
    let ground = ground(&library.catalog());
    let listed = library.list(&environment)?.into_iter();
    Ok(listed.map(|one| Summary::of(one, &ground)).collect())
}

/// What a check of one profile found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The file that was checked.
    pub file: PathBuf,
    /// What it says, where it may run.
    pub profile: Option<Profile>,
    /// Everything that is wrong or odd, with lines.
    pub problems: Vec<Problem>,
}

/// What profiles are checked against: these kinds, and the scenes that come with the program.
#[must_use]
pub fn ground(catalog: &Catalog) -> Ground {
    Ground { catalog: catalog.clone(), scenes: Scene::names().map(str::to_owned).collect() }
}

/// All profiles of the data folder, the broken ones with the reason.
///
/// # Errors
/// The folder cannot be read.
pub fn list(data_dir: Option<&Path>) -> Result<(PathBuf, Vec<Summary>), LibraryError> {
    let library = Library::find(data_dir)?;
    let all = all(&library)?;
    Ok((library.profiles(), all))
}

/// The error and its causes in one sentence.
fn sentence(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        said.push_str(": ");
        said.push_str(&inner.to_string());
        cause = inner.source();
    }
    said
}

/// The profile called `name`, or in the file `name`.
///
/// # Errors
/// There is none, or it is refused.
pub fn open(name: &str, data_dir: Option<&Path>) -> Result<Loaded, LibraryError> {
    let library = Library::find(data_dir)?;
    let file = library.resolve(name)?;
    check::admit(library::load(&file, &environment)?, &ground(&library.catalog()))
}

/// Checks the profile called `name`, or in the file `name`.
///
/// # Errors
/// It cannot be read at all. What is wrong inside it is in the report.
pub fn check(name: &str, data_dir: Option<&Path>) -> Result<Report, LibraryError> {
    match open(name, data_dir) {
        Ok(loaded) => {
            let Loaded { file, profile, warnings, .. } = loaded;
            Ok(Report { file, profile: Some(profile), problems: warnings })
        }
        Err(LibraryError::Refused { file, problems }) => {
            Ok(Report { file, profile: None, problems })
        }
        Err(LibraryError::NotText { file, line }) => {
            Ok(refused(file, line, "this is no UTF-8 text".to_owned()))
        }
        Err(LibraryError::TooLarge { file, len }) => {
            let text = format!("the file has {len} bytes; a profile has at most {FILE_LIMIT}");
            Ok(refused(file, 0, text))
        }
        Err(LibraryError::NoFile(file)) => {
            Ok(refused(file, 0, "this is no regular file".to_owned()))
        }
        Err(error) => Err(error),
    }
}

/// A component with everything filled in that it does not set itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Filled {
    /// Its settings as they hold.
    #[serde(flatten)]
    pub entry: ComponentEntry,
    /// The names of those that it does not set itself.
    pub defaults: Vec<&'static str>,
}

/// The components of `profile` as they will run. One of an unknown kind stays as it is written.
#[must_use]
pub fn filled(profile: &Profile, catalog: &Catalog) -> Vec<Filled> {
    profile.components.iter().map(|entry| fill(entry.clone(), catalog)).collect()
}

fn fill(mut entry: ComponentEntry, catalog: &Catalog) -> Filled {
    let mut defaults = Vec::new();
    let Some(kind) = catalog.find(&entry.kind) else { return Filled { entry, defaults } };
    let usual = kind.defaults();
    let patience = entry.patience(usual_patience(kind));
    let mut default = |is, name| {
        if is {
            defaults.push(name);
        }
    };
    default(entry.base.is_none(), "base");
    entry.base.get_or_insert(usual.base);
    if kind.manifest.category == Category::Battery {
        default(entry.current_sign.is_none(), "current_sign");
        entry.current_sign.get_or_insert(usual.current_sign);
        default(entry.strings == usual.strings, "strings");
        default(entry.pack.is_none(), "pack");
        entry.pack = Some(entry.pack().clone());
    }
    default(entry.late.is_none(), "late_ms");
    entry.late = Some(patience.late);
    default(entry.lost.is_none(), "lost_ms");
    entry.lost = Some(patience.lost);
    Filled { entry, defaults }
}

/// The report on a file that is none of ours.
fn refused(file: PathBuf, line: usize, text: String) -> Report {
    let line = u32::try_from(line).unwrap_or(u32::MAX);
    let problems = vec![Problem { line, severity: Severity::Error, text }];
    Report { file, profile: None, problems }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::profile::write::write;

    #[test]
    fn the_profiles_that_busbar_writes_itself_may_run() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("drive.log");
        std::fs::write(&log, "").unwrap();
        for profile in [
            Profile::demo("demo", Vec::new()).unwrap(),
            Profile::for_interface("can0").unwrap(),
            Profile::for_recording(&log, Vec::new()).unwrap(),
        ] {
            let file = folder.path().join("p.toml");
            std::fs::write(&file, write(&profile)).unwrap();
            let report = check(file.to_str().unwrap(), Some(folder.path())).unwrap();
            assert_eq!(report.problems, []);
            assert_eq!(report.profile, Some(profile));
        }
    }

    #[test]
    fn every_built_in_scene_may_be_named() {
        let ground = ground(&Catalog::builtin());
        let known = ground.scenes.clone();
        assert!(known.len() >= 7, "{known:?}");
        for scene in known {
            let profile = Profile::demo(&scene, Vec::new()).unwrap();
            let problems =
                check::check(&profile, &crate::engine::profile::parse::Lines::default(), &ground);
            assert_eq!(problems, []);
        }
    }
}
