//! What a text of a profile may bring that comes over the network. A variable would show what the
//! environment of this machine says, and a file what is in it, to whoever reads the profile, so both are
//! for whoever sits at the machine. What the text before it had already stays. Knows nothing of faces.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Component, Path, PathBuf};

use crate::engine::can::address::Address;
use crate::engine::profile::expand::{Lookup, variables};
use crate::engine::profile::library::interpret;
use crate::engine::profile::model::BusEntry;
use crate::engine::profile::parse::Part;

/// The folders of the data folder whose files a profile is there to name. What else is in it are keys,
/// accounts, copies of them.
const FOLDERS: [&str; 4] = ["profiles", "dbc", "devices", RECORDINGS];
/// How the names of folders of recordings begin.
const RECORDINGS: &str = "recordings";

/// What a text may not bring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brought {
    /// The line; 0 where it is about none.
    line: usize,
    why: String,
}

impl Brought {
    /// The same of a text that had so many lines less in front.
    #[must_use]
    pub fn without(self, in_front: usize) -> Self {
        Self { line: self.line.saturating_sub(in_front), ..self }
    }
}

impl fmt::Display for Brought {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.why),
            line => write!(f, "line {line}: {}", self.why),
        }
    }
}

/// What `new`, the text of the profile `file` of the data folder `folder`, has and `old` has not: a
/// variable, or a file that is none of the data folder's.
///
/// # Errors
/// It has one: says which, and in which line. Or it cannot be read.
pub fn brought(
    (old, new): (Option<&str>, &str),
    (file, folder): (&Path, &Path),
    lookup: Lookup<'_>,
) -> Result<(), Brought> {
    let no_line = |why| Brought { line: 0, why };
    no_variable((old, new)).map_err(no_line)?;
    let loaded = interpret(file, new.to_owned(), lookup);
    let loaded = loaded.map_err(|error| no_line(error.to_string()))?;
    let before = old.and_then(|old| interpret(file, old.to_owned(), lookup).ok());
    let before = before.map(|before| before.profile.buses).unwrap_or_default();
    let had: BTreeSet<(&str, &Path)> = before.iter().flat_map(files).collect();
    for (at, bus) in loaded.profile.buses.iter().enumerate() {
        for named in files(bus).filter(|named| !had.contains(named)) {
            let (key, path) = named;
            let why = match whose(path, folder) {
                Whose::Ours => continue,
                Whose::Busbars => "is one that Busbar keeps for itself",
                Whose::Elsewhere => "is outside of the data folder",
            };
            let line = loaded.lines.of(Part::Bus(at), key);
            let why = format!(
                "the file {} {why}: such a one is named at the machine itself, in the window or in \
                 the file",
                path.display()
            );
            return Err(Brought { line: line as usize, why });
        }
    }
    Ok(())
}

/// The first half of [`brought`], for before anything is filled in: what goes wrong then can tell the
/// value.
///
/// # Errors
/// `new` has a variable that `old` has not: says which, and in which line.
pub fn no_variable((old, new): (Option<&str>, &str)) -> Result<(), String> {
    let old = old.unwrap_or_default();
    let had: BTreeSet<&str> = variables(old).into_iter().filter_map(|at| old.get(at)).collect();
    let is_new = |at: &std::ops::Range<usize>| {
        new.get(at.clone()).is_some_and(|variable| !had.contains(variable))
    };
    let Some(at) = variables(new).into_iter().find(is_new) else { return Ok(()) };
    let line = new.get(..at.start).unwrap_or_default().matches('\n').count() + 1;
    let variable = new.get(at).unwrap_or_default();
    Err(format!(
        "line {line}: {variable} is filled in from the environment of the machine: such a one is \
         written into the file at the machine itself ($$ is a dollar sign)"
    ))
}

/// The files that a bus names, each with the key that names it.
fn files(bus: &BusEntry) -> impl Iterator<Item = (&'static str, &Path)> {
    let replayed = match &bus.address {
        Address::Replay(file) => Some(("address", file.as_path())),
        Address::SocketCan(_) | Address::Slcan(_) | Address::Virtual(_) | Address::Tcp { .. } => {
            None
        }
    };
    let scene = bus.scene.as_deref().and_then(of_scene).map(|file| ("scene", file));
    let dbcs = bus.dbc.iter().map(|file| ("dbc", file.as_path()));
    replayed.into_iter().chain(scene).chain(dbcs)
}

/// The file of a scene, where it is not just a scene's name. A word that is a file's name too counts as one.
fn of_scene(scene: &str) -> Option<&Path> {
    let path = Path::new(scene);
    let is_path = scene.ends_with(".toml") || path.components().count() > 1;
    (is_path || path.is_file()).then_some(path)
}

/// Whose a file is.
enum Whose {
    /// One that profiles are there to name.
    Ours,
    /// Another one of the data folder.
    Busbars,
    /// Outside of it.
    Elsewhere,
}

fn whose(file: &Path, folder: &Path) -> Whose {
    let (Some(file), Some(data)) = (real(file), real(folder)) else { return Whose::Elsewhere };
    // One of these may itself lead to another disk: that was made at the machine.
    let mut folders = FOLDERS.iter().filter_map(|name| real(&folder.join(name)));
    if folders.any(|folder| file.starts_with(folder)) {
        return Whose::Ours;
    }
    let Ok(inside) = file.strip_prefix(&data) else { return Whose::Elsewhere };
    let first = inside.components().next();
    let first = first.map(|part| part.as_os_str().to_string_lossy());
    match first.is_some_and(|first| first.starts_with(RECORDINGS)) {
        true => Whose::Ours,
        false => Whose::Busbars,
    }
}

/// Where a path leads once the links on its way are followed, as far as it is there. `None`: that cannot
/// be known.
fn real(path: &Path) -> Option<PathBuf> {
    let mut out = PathBuf::new();
    for part in std::path::absolute(path).ok()?.components() {
        match part {
            Component::ParentDir => drop(out.pop()),
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir => out.push(part),
            Component::Normal(_) => {
                out.push(part);
                match out.canonicalize() {
                    Ok(real) => out = real,
                    // It leads to where nothing is yet.
                    Err(_) if out.is_symlink() => return None,
                    Err(_) => {}
                }
            }
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A machine with a data folder in it, and what is said of a text there.
    struct Machine(tempfile::TempDir);

    impl Machine {
        fn new() -> Self {
            let machine = Self(tempfile::tempdir().unwrap());
            for folder in ["profiles", "dbc", "tls"] {
                fs::create_dir_all(machine.data().join(folder)).unwrap();
            }
            fs::write(machine.path("secret.log"), "a line").unwrap();
            fs::write(machine.data().join("tls/key.pem"), "a key").unwrap();
            machine
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn data(&self) -> PathBuf {
            self.path("data")
        }

        fn said(&self, old: Option<&str>, new: &str) -> String {
            let data = self.data();
            let file = data.join("profiles/Car.toml");
            let lookup = |name: &str| (name == "HOME").then(|| "/home/ada".to_owned());
            brought((old, new), (&file, &data), &lookup)
                .err()
                .map(|why| why.to_string())
                .unwrap_or_default()
        }

        fn of(&self, lines: &str) -> String {
            self.said(None, &bus(lines))
        }
    }

    fn bus(lines: &str) -> String {
        format!("name = \"Car\"\n[[bus]]\nname = \"a\"\n{lines}\n")
    }

    fn dbc(file: &str) -> String {
        format!("address = \"virtual:x\"\ndbc = [{file:?}]")
    }

    #[test]
    fn files_of_the_data_folder_are_named_by_anybody() {
        let machine = Machine::new();
        for file in ["../dbc/x.dbc", "x.dbc", "../devices/y/z.dbc", "../tls/../dbc/x.dbc"] {
            assert_eq!(machine.of(&dbc(file)), "", "{file}");
        }
        let whole = machine.data().join("recordings-2/x.log");
        for file in ["../recordings/x.log", whole.to_str().unwrap()] {
            assert_eq!(
                machine.of(&format!("address = {:?}", format!("replay:{file}"))),
                "",
                "{file}"
            );
        }
        assert_eq!(machine.of("address = \"virtual:x\"\nscene = \"demo\""), "");
        assert_eq!(machine.of("address = \"virtual:x\"\nscene = \"mine.toml\""), "");
    }

    #[test]
    fn files_outside_of_it_and_its_own_are_not() {
        let machine = Machine::new();
        let why = "is outside of the data folder: such a one is named at the machine itself";
        let secret = machine.path("secret.log");
        for file in
            [secret.to_str().unwrap(), "../../secret.log", "../../none", "../dbc/../../../x"]
        {
            let said = machine.of(&format!("address = {:?}", format!("replay:{file}")));
            assert!(said.starts_with("line 4: the file ") && said.contains(why), "{file}: {said}");
            let said = machine.of(&dbc(file));
            assert!(said.starts_with("line 5: the file ") && said.contains(why), "{file}: {said}");
        }
        for scene in ["../../x.toml", "/etc/passwd"] {
            let said = machine.of(&format!("address = \"virtual:x\"\nscene = {scene:?}"));
            assert!(said.starts_with("line 5: ") && said.contains(why), "{scene}: {said}");
        }
        for own in ["../tls/key.pem", "../busbar.db", "../backups/x", ".."] {
            let said = machine.of(&format!("address = {:?}", format!("replay:{own}")));
            assert!(said.contains("is one that Busbar keeps for itself"), "{own}: {said}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_what_it_leads_to() {
        use std::os::unix::fs::symlink;
        let machine = Machine::new();
        let dbcs = machine.data().join("dbc");
        symlink(machine.path("secret.log"), dbcs.join("out.dbc")).unwrap();
        symlink(machine.path("none"), dbcs.join("nowhere.dbc")).unwrap();
        symlink(machine.0.path(), dbcs.join("up")).unwrap();
        for file in ["../dbc/out.dbc", "../dbc/nowhere.dbc", "../dbc/up/x", "../dbc/up/../x"] {
            assert!(machine.of(&dbc(file)).contains("outside of the data folder"), "{file}");
        }
        // A whole folder that is on another disk was put there at the machine.
        fs::create_dir(machine.path("disk")).unwrap();
        symlink(machine.path("disk"), machine.data().join("recordings")).unwrap();
        assert_eq!(machine.of("address = \"replay:../recordings/x.log\""), "");
    }

    #[test]
    fn what_was_there_already_stays() {
        let machine = Machine::new();
        let old = bus(&dbc("../../secret.log")).replace("Car\"", "Car\" # ${HOME}");
        let described = old.replace("[[bus]]", "description = \"x\"\n[[bus]]");
        assert_eq!(machine.said(Some(&old), &described), "");
        // The same file by another way is another one's doing.
        let replayed = bus("address = \"replay:../../secret.log\"");
        assert!(machine.said(Some(&old), &replayed).starts_with("line 4: the file"));
        assert!(machine.said(Some(&old), &old.replace("secret", "other")).contains("other.log"));
        assert!(
            machine
                .said(Some(&old), &old.replace("# $", "\ndescription = \"$").replace('}', "}\""))
                .contains("${HOME}")
        );
        let old = bus(&dbc("${HOME}/x.dbc"));
        assert_eq!(machine.said(Some(&old), &format!("description = \"x\"\n{old}")), "");
        assert!(
            machine.said(Some(&old), &old.replace("x.dbc", "y.dbc")).contains("/home/ada/y.dbc")
        );
    }

    #[test]
    fn a_variable_is_not_brought_and_its_value_not_told() {
        let machine = Machine::new();
        for new in ["description = \"${HOME}\"", "base = ${HOME}", "description = '${HOME:-x}'"] {
            let said = machine.said(None, &format!("# ${{HOME}}\n{new}\n"));
            assert!(said.starts_with("line 2: ${HOME"), "{said}");
            assert!(said.contains("environment of the machine") && !said.contains("ada"), "{said}");
        }
        let plain = "address = \"virtual:x\" # ${HOME}\n[[bus]]\nname = \"$${HOME}\"\n";
        assert!(no_variable((None, &bus(plain))).is_ok());
        assert_eq!(machine.of("address = \"virtual:x\" # ${HOME}, not $$"), "");
        let described = format!("description = \"5 $$ and $${{HOME}}\"\n{}", bus(&dbc("x.dbc")));
        assert_eq!(machine.said(None, &described), "");
    }

    #[test]
    fn what_cannot_be_read_is_not_taken() {
        assert!(!Machine::new().of("address = \"nothing\"").is_empty());
    }
}
