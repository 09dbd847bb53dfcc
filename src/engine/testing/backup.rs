//! Backups in memory, as the fuzzer and the tests make them: whole, broken, and honest about anything.

use std::io::{Read as _, Write as _};

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use crate::engine::access::secret::Secret;
use crate::engine::backup::envelope::{KeyCost, Opener, Sealer};
use crate::engine::backup::place::{ABOUT, LIST};
use crate::engine::backup::stream::{MAGIC, Whole, unpacked};
use crate::engine::backup::{About, BackupError, FORM, Listed};
use crate::engine::store::copy::newest_schema;

/// Entries in a stream, by their names.
type Entries = Vec<(String, Vec<u8>)>;

/// A backup: any bytes are refused in a sentence or read to their end, as a file, as what is packed in one,
/// as entries under a true list, and as what is sealed.
///
/// # Panics
/// Something is wrong.
pub fn backup_stream(bytes: &[u8]) {
    drop(read(bytes));
    cut_off_or_added_to(bytes);
    under_a_true_list(bytes);
    sealed(bytes);
}

/// What is in a backup; none where it is refused.
fn read(file: &[u8]) -> Option<(Whole, Entries)> {
    let mut entries = Entries::new();
    let whole = unpacked(file, &mut |_, name, from| {
        // Not all of an entry need be read.
        let mut says = Vec::new();
        from.take(1 << 16).read_to_end(&mut says).map_err(|error| broken(&error))?;
        entries.push((name.to_owned(), says));
        Ok(())
    });
    match whole {
        Ok(whole) => {
            let listed: Vec<_> = whole.listed.iter().map(|one| one.name.as_str()).collect();
            let seen: Vec<_> = entries.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(listed, seen, "listed otherwise than it was given out");
            for name in seen {
                let climbs = name.starts_with('/') || name.split('/').any(|part| part == "..");
                assert!(!climbs && !name.contains(['\\', '\0']), "{name:?} leads elsewhere");
            }
            Some((whole, entries))
        }
        Err(error) => {
            assert!(!error.to_string().is_empty(), "refused without a word");
            None
        }
    }
}

fn broken(error: &std::io::Error) -> BackupError {
    BackupError::Broken(error.to_string())
}

/// These bytes as what is packed in a file.
fn packed(stream: &[u8]) -> Vec<u8> {
    let file = zstd::encode_all(stream, 1);
    assert!(file.is_ok(), "{file:?}");
    file.unwrap_or_default()
}

/// A stream that is taken is refused with a byte less and with one more.
fn cut_off_or_added_to(stream: &[u8]) {
    let whole = [MAGIC, stream].concat();
    if read(&packed(&whole)).is_none() {
        return;
    }
    assert!(read(&packed(&whole[..whole.len() - 1])).is_none(), "cut off and taken");
    assert!(read(&packed(&[&whole[..], &[0]].concat())).is_none(), "added to and taken");
}

/// Entries of any names, under a list that says what is there: what is taken is what was put in.
fn under_a_true_list(mut bytes: &[u8]) {
    let mut entries = Entries::new();
    while let Some((name, rest)) = piece(bytes) {
        let (says, rest) = piece(rest).unwrap_or_default();
        entries.push((String::from_utf8_lossy(name).into_owned(), says.to_vec()));
        bytes = rest;
    }
    if let Some((whole, found)) = read(&packed(&stream_of(&entries))) {
        assert_eq!(found, entries, "taken otherwise than it was put in");
        let sizes = whole.listed.iter().map(|one| one.bytes);
        assert!(sizes.eq(entries.iter().map(|(_, says)| says.len() as u64)));
    }
}

/// So many bytes as the first one says, and the rest.
fn piece(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first()?;
    Some(rest.split_at(usize::from(*length).min(rest.len())))
}

/// A stream with these entries, what it says of itself before them and their list behind.
fn stream_of(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let about = About {
        form: FORM,
        busbar: "0.1.0".into(),
        made: "2026-01-31 12:00:00 UTC".into(),
        schema: newest_schema(),
        recordings: false,
        secrets: false,
        recordings_in: "recordings".into(),
    };
    let json = |text: serde_json::Result<Vec<u8>>| text.unwrap_or_default();
    let mut stream = MAGIC.to_vec();
    let mut listed = Vec::new();
    let mut put = |name: &str, says: &[u8]| {
        stream.extend((name.len() as u16).to_be_bytes());
        stream.extend(name.as_bytes());
        stream.extend((says.len() as u64).to_be_bytes());
        stream.extend(says);
        let sha256 = HEXLOWER.encode(&Sha256::digest(says));
        listed.push(Listed { name: name.to_owned(), bytes: says.len() as u64, sha256 });
        json(serde_json::to_vec(&listed))
    };
    let mut list = put(ABOUT, &json(serde_json::to_vec(&about)));
    for (name, says) in entries {
        list = put(name, says);
    }
    drop(put(LIST, &list));
    stream.extend([0, 0]);
    stream
}

/// What is sealed comes back; what only looks sealed is refused.
fn sealed(bytes: &[u8]) {
    let passphrase = Secret::new("tin of beans".to_owned());
    let envelope = || -> Result<Vec<u8>, BackupError> {
        let mut sealer = Sealer::new(Vec::new(), &passphrase, KeyCost::CHEAP)?;
        sealer.write_all(bytes).map_err(|error| broken(&error))?;
        sealer.finish().map_err(|error| broken(&error))
    };
    let opened = |file: &[u8]| -> Result<Vec<u8>, BackupError> {
        let mut says = Vec::new();
        let mut opener = Opener::new(file, &passphrase)?;
        opener.read_to_end(&mut says).map_err(|error| broken(&error))?;
        Ok(says)
    };
    let file = envelope();
    assert!(file.is_ok(), "{file:?}");
    let file = file.unwrap_or_default();
    assert!(opened(&file).is_ok_and(|says| says == bytes), "opened otherwise than it was sealed");
    // The head of this file, and anything behind it.
    let head = file.len() - bytes.len() - 16;
    let swapped = [file.get(..head).unwrap_or_default(), bytes].concat();
    assert!(opened(&swapped).is_err(), "opened although nobody has sealed it");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What the fuzzer begins with.
    fn seed(name: &str) -> Vec<u8> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuzz/backups");
        std::fs::read(std::path::Path::new(folder).join(name)).unwrap()
    }

    #[test]
    fn the_seeds_of_the_fuzzer_are_taken() {
        let names = |file: &[u8]| {
            let (_, entries) = read(file).expect("it is taken");
            entries.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        let known = ["settings.toml", "profiles/Car.toml", "dbc/car.dbc", "recordings/run.log"];
        assert_eq!(names(&seed("small.backup")), known);
        assert_eq!(names(&packed(&[MAGIC, &seed("small.stream")[..]].concat())), known);
        let entries = seed("entries");
        let (name, rest) = piece(&entries).unwrap();
        let (says, _) = piece(rest).unwrap();
        assert_eq!((name, says), (&b"settings.toml"[..], &b"profile = \"Car\"\n"[..]));
        for name in ["small.backup", "small.stream", "entries"] {
            backup_stream(&seed(name));
        }
    }

    #[test]
    fn a_name_that_leads_elsewhere_is_refused_under_a_true_list_too() {
        let one = |name: &str| read(&packed(&stream_of(&[(name.to_owned(), b"x".to_vec())])));
        assert!(one("profiles/Car.toml").is_some());
        for name in ["../Car.toml", "profiles/../../x.toml", "/etc/x", "profiles/a/b.toml", "x", ""]
        {
            assert!(one(name).is_none(), "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken_or_refused(
            mut bytes in proptest::collection::vec(any::<u8>(), 0..400),
            name in 0..3_usize,
            at in any::<proptest::sample::Index>(),
            byte in any::<u8>(),
        ) {
            backup_stream(&bytes);
            bytes = seed(["small.backup", "small.stream", "entries"][name]);
            let at = at.index(bytes.len());
            bytes[at] = byte;
            backup_stream(&bytes);
            bytes.truncate(at);
            backup_stream(&bytes);
        }
    }
}
