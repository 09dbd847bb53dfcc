//! Files that are written beside the database, in one breath with a change of it: what they were is back
//! where the change is not kept.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::engine::store::Writing;

/// Has `path`, a file or a folder of files, be what it is now again, unless what `writing` does is kept. To
/// be called before it is written or removed.
///
/// # Errors
/// What is there cannot be kept aside.
pub fn guard(writing: &Writing<'_>, path: &Path) -> io::Result<()> {
    let path = path.to_owned();
    let found = match fs::symlink_metadata(&path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            writing.otherwise(move || told(&path, remove(&path)));
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let aside = name_beside(&path);
    if found.is_dir() {
        copy_folder(&path, &aside)?;
    } else {
        link(&path, &aside)?;
    }
    let kept = aside.clone();
    writing.otherwise(move || told(&path, put_back(&aside, &path)));
    writing.afterwards(move || told(&kept, remove(&kept)));
    Ok(())
}

/// A hidden name beside it that nobody else has.
fn name_beside(path: &Path) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}-{number}.before", std::process::id()))
}

/// The same file under another name: it takes no room, so that it is there on a full disk too.
fn link(from: &Path, to: &Path) -> io::Result<()> {
    // Left by a process of the same number that was killed.
    remove(to)?;
    fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(drop))
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    remove(to)?;
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            link(&entry.path(), &to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

fn put_back(aside: &Path, path: &Path) -> io::Result<()> {
    if aside.is_dir() {
        fs::create_dir_all(path)?;
        for entry in fs::read_dir(aside)? {
            let entry = entry?;
            fs::rename(entry.path(), path.join(entry.file_name()))?;
        }
    } else {
        fs::rename(aside, path)?;
    }
    // Where nothing was written, both names were of one file, and stay.
    remove(aside)
}

fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn told(path: &Path, done: io::Result<()>) {
    if let Err(error) = done {
        tracing::error!(%error, "{} is not what it was", path.display());
    }
}
