//! A backup as one stream: what it says of itself, then entry after entry, then a list of them all with
//! their hashes; packed, and sealed where there is a passphrase. An entry is the length of its name, its
//! name, its size and its bytes. Everything that is read was made by anybody: names are those of
//! `place`, each once, sizes have limits, and what is listed is held against what was there.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use crate::engine::access::secret::Secret;
use crate::engine::backup::envelope::{KeyCost, Opener, Sealer, is_sealed};
use crate::engine::backup::place::{ABOUT, LIST, Place};
use crate::engine::backup::{About, BackupError, FORM, Listed};
use crate::engine::store::copy::newest_schema;

/// What the packed stream begins with, before its first entry.
pub const MAGIC: &[u8; 8] = b"busbar\0\x01";
/// Most entries.
const MOST_ENTRIES: usize = 100_000;
/// Most bytes of a name.
const NAME_BYTES: u16 = 300;
/// How hard it is packed: recordings are many, and mostly packed already.
const LEVEL: i32 = 3;

/// Where a backup goes.
enum Out {
    Plain(BufWriter<File>),
    Sealed(Box<Sealer<BufWriter<File>>>),
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(to) => to.write(bytes),
            Self::Sealed(to) => to.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(to) => to.flush(),
            Self::Sealed(to) => to.flush(),
        }
    }
}

/// Writes a backup.
pub struct Writer<'f> {
    file: &'f Path,
    to: zstd::Encoder<'static, Out>,
    listed: Vec<Listed>,
}

impl<'f> Writer<'f> {
    /// Begins with what it says of itself; `to` is the open file `file`.
    pub fn new(
        (file, to): (&'f Path, File),
        sealed: Option<(&Secret, KeyCost)>,
        about: &About,
    ) -> Result<Self, BackupError> {
        let to = BufWriter::new(to);
        let out = match sealed {
            None => Out::Plain(to),
            Some((passphrase, cost)) => Out::Sealed(Box::new(Sealer::new(to, passphrase, cost)?)),
        };
        let mut to = zstd::Encoder::new(out, LEVEL).map_err(BackupError::of(file, "written"))?;
        to.write_all(MAGIC).map_err(BackupError::of(file, "written"))?;
        let mut writer = Self { file, to, listed: Vec::new() };
        let says = json(about)?;
        writer.bytes(ABOUT, &says)?;
        Ok(writer)
    }

    /// Adds an entry that is there already.
    pub fn bytes(&mut self, name: &str, says: &[u8]) -> Result<(), BackupError> {
        self.head(name, says.len() as u64)?;
        self.to.write_all(says).map_err(BackupError::of(self.file, "written"))?;
        self.note(name, says.len() as u64, &Sha256::digest(says));
        Ok(())
    }

    /// Adds a file as far as it goes at this moment: one that grows is none the worse for it.
    pub fn file(&mut self, name: &str, path: &Path) -> Result<(), BackupError> {
        let unread = |source| BackupError::File { file: path.to_owned(), what: "read", source };
        let from = File::open(path).map_err(unread)?;
        let size = from.metadata().map_err(unread)?.len();
        self.head(name, size)?;
        let mut from = Hashing::new(from.take(size));
        let mut piece = vec![0; 64 << 10];
        loop {
            let count = from.read(&mut piece).map_err(unread)?;
            let read = piece.get(..count).unwrap_or_default();
            if read.is_empty() {
                break;
            }
            self.to.write_all(read).map_err(BackupError::of(self.file, "written"))?;
        }
        if from.count != size {
            return Err(BackupError::Shrank(path.to_owned()));
        }
        self.note(name, size, &from.hash.finalize());
        Ok(())
    }

    fn head(&mut self, name: &str, size: u64) -> Result<(), BackupError> {
        let long = || refused(name, "has a name that is too long");
        let length = u16::try_from(name.len()).ok().filter(|length| *length <= NAME_BYTES);
        let length = length.ok_or_else(long)?;
        let head = [&length.to_be_bytes()[..], name.as_bytes(), &size.to_be_bytes()].concat();
        self.to.write_all(&head).map_err(BackupError::of(self.file, "written"))
    }

    fn note(&mut self, name: &str, bytes: u64, hash: &[u8]) {
        let sha256 = HEXLOWER.encode(hash);
        self.listed.push(Listed { name: name.to_owned(), bytes, sha256 });
    }

    /// Ends with the list, and has everything on the disk. Gives the list.
    pub fn finish(mut self) -> Result<Vec<Listed>, BackupError> {
        let listed = std::mem::take(&mut self.listed);
        let says = json(&listed)?;
        self.bytes(LIST, &says)?;
        let file = self.file;
        let done = || -> io::Result<()> {
            self.to.write_all(&0_u16.to_be_bytes())?;
            let to = match self.to.finish()? {
                Out::Plain(to) => to,
                Out::Sealed(to) => to.finish()?,
            };
            to.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
        };
        done().map_err(BackupError::of(file, "written"))?;
        Ok(listed)
    }
}

fn json<T: serde::Serialize>(what: &T) -> Result<Vec<u8>, BackupError> {
    serde_json::to_vec_pretty(what).map_err(|error| BackupError::Broken(error.to_string()))
}

/// An entry that cannot be taken.
pub fn refused(entry: &str, why: impl Into<String>) -> BackupError {
    BackupError::Entry { entry: entry.chars().take(100).collect(), why: why.into() }
}

fn broken(why: impl Into<String>) -> BackupError {
    BackupError::Broken(why.into())
}

/// Reads, and counts and hashes what was read.
struct Hashing<R> {
    from: R,
    hash: Sha256,
    count: u64,
}

impl<R: Read> Hashing<R> {
    fn new(from: R) -> Self {
        Self { from, hash: Sha256::new(), count: 0 }
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(to)?;
        self.hash.update(to.get(..count).unwrap_or_default());
        self.count += count as u64;
        Ok(count)
    }
}

/// Takes what is in an entry: its place, its name, its bytes.
pub type See<'s> = dyn FnMut(&Place, &str, &mut dyn Read) -> Result<(), BackupError> + 's;

/// What was read of a backup.
#[derive(Clone, Debug)]
pub struct Whole {
    /// What it says of itself.
    pub about: About,
    /// Its entries, without the first and the last.
    pub listed: Vec<Listed>,
}

/// Reads a backup from its first to its last byte and gives every entry to `see`, which need not read all
/// of it. Nothing of it is to be relied on before this has ended well.
///
/// # Errors
/// It is none, was changed or cut off, holds what none holds, or `see` refuses.
pub fn read(
    file: &Path,
    passphrase: Option<&Secret>,
    see: &mut See<'_>,
) -> Result<Whole, BackupError> {
    let found = std::fs::metadata(file).map_err(BackupError::of(file, "read"))?;
    if !found.is_file() {
        return Err(broken("it is no regular file"));
    }
    let sealed = is_sealed(file)?;
    let from = BufReader::new(File::open(file).map_err(BackupError::of(file, "read"))?);
    if sealed {
        let passphrase = passphrase.ok_or(BackupError::NoPassphrase)?;
        unpacked(Opener::new(from, passphrase)?, see)
    } else {
        unpacked(from, see)
    }
}

/// The same of what is open already, and is not sealed.
///
/// # Errors
/// As for [`read`].
pub fn unpacked<R: Read>(from: R, see: &mut See<'_>) -> Result<Whole, BackupError> {
    let odd = |error: io::Error| broken(format!("it cannot be unpacked: {error}"));
    let mut from = zstd::Decoder::new(from).map_err(odd)?;
    if exactly(&mut from, MAGIC.len())? != MAGIC {
        return Err(broken("it does not begin as a backup does"));
    }
    let (mut about, mut list) = (None, None);
    let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
    while let Some((name, size)) = head(&mut from)? {
        if list.is_some() {
            return Err(refused(&name, "comes after the list of entries"));
        }
        let place =
            Place::of(&name).ok_or_else(|| refused(&name, "is nothing that a backup holds"))?;
        if about.is_none() != (place == Place::About) {
            return Err(refused(&name, "is not where a backup has it"));
        }
        if size > place.most() {
            let why = format!("has {size} bytes; it can have {}", place.most());
            return Err(refused(&name, why));
        }
        if !seen.insert(name.to_lowercase()) {
            return Err(refused(&name, "is there twice, or differs in case alone"));
        }
        if seen.len() > MOST_ENTRIES {
            return Err(broken(format!("it has more than {MOST_ENTRIES} entries")));
        }
        let mut entry = Hashing::new(from.by_ref().take(size));
        match place {
            Place::About => about = Some(told(&says(&mut entry, &name)?)?),
            Place::List => list = Some(listed(&says(&mut entry, &name)?)?),
            Place::Database
            | Place::Settings
            | Place::Profile
            | Place::Dbc
            | Place::Device
            | Place::Key
            | Place::Tls
            | Place::Recording(_) => {
                see(&place, &name, &mut entry)?;
                io::copy(&mut entry, &mut io::sink()).map_err(odd)?;
            }
        }
        if entry.count != size {
            return Err(refused(&name, "is cut off"));
        }
        if place != Place::List {
            let sha256 = HEXLOWER.encode(&entry.hash.finalize());
            found.push(Listed { name, bytes: size, sha256 });
        }
    }
    // Only the end says that nothing was cut off or hidden behind it.
    if from.read(&mut [0]).map_err(odd)? != 0 {
        return Err(broken("there is something behind its end"));
    }
    let about = about.ok_or_else(|| broken("it says nothing of itself"))?;
    if list != Some(found.clone()) {
        return Err(broken("what is in it is not what its list says: it is damaged"));
    }
    found.remove(0);
    Ok(Whole { about, listed: found })
}

fn exactly(from: &mut impl Read, count: usize) -> Result<Vec<u8>, BackupError> {
    let mut bytes = vec![0; count];
    from.read_exact(&mut bytes)
        .map_err(|error| broken(format!("it is cut off, or packed by something else: {error}")))?;
    Ok(bytes)
}

/// The head of the next entry; `None` at the end.
fn head(from: &mut impl Read) -> Result<Option<(String, u64)>, BackupError> {
    let number = |bytes: &[u8]| bytes.iter().fold(0, |sum: u64, byte| sum << 8 | u64::from(*byte));
    let length = number(&exactly(from, 2)?);
    if length == 0 {
        return Ok(None);
    }
    let length = usize::try_from(length).ok().filter(|length| *length <= usize::from(NAME_BYTES));
    let length = length.ok_or_else(|| broken("one of its entries has a name that is too long"))?;
    let name = String::from_utf8(exactly(from, length)?)
        .map_err(|_| broken("one of its entries has a name that is no text"))?;
    Ok(Some((name, number(&exactly(from, 8)?))))
}

fn says(entry: &mut impl Read, name: &str) -> Result<Vec<u8>, BackupError> {
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes).map_err(|error| refused(name, format!("is broken: {error}")))?;
    Ok(bytes)
}

fn told(says: &[u8]) -> Result<About, BackupError> {
    // Another form may say other things of itself.
    let form = serde_json::from_slice::<serde_json::Value>(says).ok();
    let form = form.and_then(|about| about.get("form").and_then(serde_json::Value::as_u64));
    if form != Some(u64::from(FORM)) {
        return Err(broken("it is of a form that this Busbar does not know"));
    }
    let about: About = serde_json::from_slice(says)
        .map_err(|error| broken(format!("what it says of itself: {error}")))?;
    if about.schema > newest_schema() {
        return Err(BackupError::Newer { found: about.schema, known: newest_schema() });
    }
    Ok(about)
}

fn listed(says: &[u8]) -> Result<Vec<Listed>, BackupError> {
    serde_json::from_slice(says).map_err(|error| broken(format!("its list of entries: {error}")))
}
