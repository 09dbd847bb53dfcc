//! The data folder and its files: made for their owner alone, tightened where they are not, moved
//! aside under a name that is free. Knows nothing of what is in them.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::base::problem::system_words;
use crate::base::time::Wall;
use crate::engine::store::OpenError;

/// The database's name.
pub const DATABASE: &str = "busbar.db";
/// Where copies are kept that were made before an upgrade.
pub const BACKUPS: &str = "backups";
/// How many names are tried for a copy.
const NAMES: u32 = 1000;

/// A moment for people, in UTC.
pub fn words(at: Wall) -> String {
    moment(at).strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A moment in the name of a file.
pub fn stamp(at: Wall) -> String {
    moment(at).strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn moment(at: Wall) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(at.nanos())).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Has a file that is made read and written by its owner alone.
pub fn private(options: &mut OpenOptions) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    #[cfg(not(unix))]
    {
        // Elsewhere a person's own folder belongs to that person alone.
        let _ = options;
    }
}

/// Makes the folder, or tightens the one that is there; adds to `remarks` what the person should
/// know.
///
/// # Errors
/// It cannot be made, or it is one that belongs to everybody.
pub fn folder(folder: &Path, remarks: &mut Vec<String>) -> Result<(), OpenError> {
    let failed = |why: io::Error| {
        let why = match why.kind() {
            io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
                format!("it, or a folder above it, is a file: {why}")
            }
            _ => system_words(&why),
        };
        OpenError::Folder { folder: folder.to_owned(), why }
    };
    make(folder).map_err(failed)?;
    let found = fs::metadata(folder).map_err(failed)?;
    if !found.is_dir() {
        return Err(failed(io::Error::other("it is not a folder")));
    }
    if is_everybodys(folder, &found) {
        let why = "it is shared with other programs: name a folder of its own inside it".to_owned();
        return Err(OpenError::Folder { folder: folder.to_owned(), why });
    }
    if let Err(why) = tighten(folder, 0o700) {
        remarks.push(format!(
            "Other users of this machine may read the data folder {}, and that cannot be changed ({why}): run chmod 700 on it as its owner",
            folder.display()
        ));
    }
    Ok(())
}

fn make(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)
}

/// Whether closing the folder to others would lock them out of what is theirs: the root folder, and
/// folders such as `/tmp`.
#[cfg(unix)]
fn is_everybodys(folder: &Path, found: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    const STICKY: u32 = 0o1000;
    let is_root = fs::canonicalize(folder).is_ok_and(|whole| whole.parent().is_none());
    is_root || found.permissions().mode() & STICKY != 0
}

#[cfg(not(unix))]
fn is_everybodys(_folder: &Path, _found: &fs::Metadata) -> bool {
    false
}

/// Takes every permission away from `path` that is not in `mode`.
///
/// # Errors
/// The system does not let us.
pub fn tighten(path: &Path, mode: u32) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let found = fs::metadata(path)?.permissions().mode() & 0o777;
        if found & !mode != 0 {
            fs::set_permissions(path, fs::Permissions::from_mode(found & mode))?;
        }
    }
    #[cfg(not(unix))]
    {
        let _ = (path, mode);
    }
    Ok(())
}

/// The permissions of `path` as far as they are about users; `None` where the system has none.
///
/// # Errors
/// It cannot be looked at.
pub fn mode(path: &Path) -> io::Result<Option<u32>> {
    let found = fs::metadata(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        Ok(Some(found.permissions().mode() & 0o777))
    }
    #[cfg(not(unix))]
    {
        let _ = found;
        Ok(None)
    }
}

/// Makes the file if it is not there, for its owner alone, and tightens the one that is; adds to
/// `remarks` what the person should know.
///
/// # Errors
/// It cannot be made.
pub fn file(path: &Path, remarks: &mut Vec<String>) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    private(&mut options);
    options.open(path)?;
    for end in ["", "-wal", "-shm"] {
        let part = beside(path, end);
        if part.exists()
            && let Err(why) = tighten(&part, 0o600)
        {
            remarks.push(format!(
                "Other users of this machine may read {}, and that cannot be changed ({why}): run chmod 600 on it as its owner",
                part.display()
            ));
        }
    }
    Ok(())
}

/// The file whose name is that of `path` and `end`.
pub fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// A new, empty file for its owner alone: `folder/stem.end`, or with a number where that is taken.
///
/// # Errors
/// It cannot be made.
pub fn fresh(folder: &Path, stem: &str, end: &str) -> io::Result<PathBuf> {
    for number in 1..=NAMES {
        let name =
            if number == 1 { format!("{stem}{end}") } else { format!("{stem}-{number}{end}") };
        let path = folder.join(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        private(&mut options);
        match options.open(&path) {
            Ok(_) => return Ok(path),
            Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {}
            Err(why) => return Err(why),
        }
    }
    Err(io::Error::other("every name is taken"))
}

/// Moves the database `path` and what belongs to it aside, and says where it is now.
///
/// # Errors
/// It cannot be moved.
pub fn aside(path: &Path, at: Wall) -> io::Result<PathBuf> {
    let folder = path.parent().unwrap_or(path);
    let name = path.file_name().map_or_else(|| DATABASE.into(), |name| name.to_string_lossy());
    let to = fresh(folder, &format!("{name}.damaged-{}", stamp(at)), "")?;
    // The log of changes goes first: left beside a new database it would be taken for its own.
    for end in ["-wal", "-shm", ""] {
        let part = beside(path, end);
        if part.exists() {
            fs::rename(&part, beside(&to, end))?;
        }
    }
    sync(folder)?;
    Ok(to)
}

/// Has the names in `folder` written to the disk.
///
/// # Errors
/// The disk refuses.
pub fn sync(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    {
        let _ = (folder, File::open::<&Path>);
    }
    Ok(())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_new_folder_is_its_owners_alone_and_an_old_one_becomes_it() {
        let place = tempfile::tempdir().unwrap();
        let mut remarks = Vec::new();
        let new = place.path().join("a/b");
        folder(&new, &mut remarks).unwrap();
        assert_eq!(mode(&new).unwrap(), Some(0o700));
        set(&new, 0o755);
        folder(&new, &mut remarks).unwrap();
        assert_eq!(mode(&new).unwrap(), Some(0o700));
        assert_eq!(remarks, [] as [String; 0]);
    }

    #[test]
    fn a_folder_of_everybody_is_refused_and_left_as_it_is() {
        let place = tempfile::tempdir().unwrap();
        let shared = place.path().join("shared");
        fs::create_dir(&shared).unwrap();
        set(&shared, 0o1777);
        let said = folder(&shared, &mut Vec::new()).unwrap_err().to_string();
        assert!(said.ends_with("name a folder of its own inside it"), "{said}");
        assert_eq!(mode(&shared).unwrap(), Some(0o777));
        assert!(folder(Path::new("/"), &mut Vec::new()).is_err());
    }

    #[test]
    fn a_file_where_the_folder_should_be_is_named() {
        let place = tempfile::tempdir().unwrap();
        let taken = place.path().join("taken");
        fs::write(&taken, "x").unwrap();
        let said = folder(&taken, &mut Vec::new()).unwrap_err().to_string();
        assert!(said.contains(&*taken.to_string_lossy()), "{said}");
        assert!(folder(Path::new("/proc/busbar"), &mut Vec::new()).is_err());
    }

    #[test]
    fn a_file_that_others_could_read_is_closed_to_them() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join(DATABASE);
        let mut remarks = Vec::new();
        file(&path, &mut remarks).unwrap();
        assert_eq!(mode(&path).unwrap(), Some(0o600));
        let log = beside(&path, "-wal");
        fs::write(&log, "").unwrap();
        set(&path, 0o644);
        set(&log, 0o666);
        file(&path, &mut remarks).unwrap();
        assert_eq!((mode(&path).unwrap(), mode(&log).unwrap()), (Some(0o600), Some(0o600)));
        assert_eq!(remarks, [] as [String; 0]);
    }

    #[test]
    fn what_is_moved_aside_is_whole_and_never_overwritten() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join(DATABASE);
        let at = Wall::from_nanos(1_700_000_000_000_000_000);
        for text in ["one", "two"] {
            fs::write(&path, text).unwrap();
            fs::write(beside(&path, "-wal"), format!("{text} wal")).unwrap();
            let to = aside(&path, at).unwrap();
            assert_eq!(fs::read_to_string(&to).unwrap(), text);
            assert_eq!(fs::read_to_string(beside(&to, "-wal")).unwrap(), format!("{text} wal"));
            assert!(!path.exists() && !beside(&path, "-wal").exists());
        }
        assert!(place.path().join("busbar.db.damaged-20231114T221320Z-2").exists());
    }
}
