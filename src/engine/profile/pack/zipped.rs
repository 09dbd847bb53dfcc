//! A profile pack as a ZIP. What is read was made by anybody: there is one reader, which takes a small part
//! of what a ZIP can be and refuses the rest. Only names that a pack has are taken, each once; entries
//! neither overlap nor differ from what the list at the end says of them, and nothing is unpacked beyond
//! what was allowed for it. Knows what entries are called, not what they say.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::path::Path;

use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

use crate::base::id::Name;
use crate::engine::can::record::shelf as recorded;
use crate::engine::device::check::{DBC_LIMIT, MANIFEST, MANIFEST_LIMIT, MESSAGES, is_id};
use crate::engine::profile::devices::Files;
use crate::engine::profile::library::FILE_LIMIT;
use crate::engine::profile::pack::{PROFILE, Pack, PackError, recordings, refused};
use crate::engine::profile::shelf;

/// Greatest size of a pack, bytes: recordings may be there already packed.
pub const LARGEST: u64 = (16 << 20) + recordings::MOST_BYTES;
/// Greatest size of all that is in it beside recordings, bytes.
pub const MOST_UNPACKED: u64 = 64 << 20;
/// Most entries of a pack.
pub const MOST_ENTRIES: usize = 500;
/// How many times as large something may become, once it is larger than [`SMALL`].
pub const MOST_RATIO: u64 = 200;
/// What may be packed however well, bytes.
const SMALL: u64 = 1 << 20;

/// Length of the record at the end of a ZIP.
const END: usize = 22;
/// Length of an entry of the list, without its name and what follows.
const LISTED: usize = 46;
/// Length of what stands before an entry, without its name and what follows.
const HEAD: usize = 30;
/// Methods: as it is, and deflated.
const STORED: u16 = 0;
const DEFLATED: u16 = 8;
/// A plain file that its owner changes and all read, as Unix says it.
const PLAIN: u32 = 0o100_644;

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Profile,
    Dbc(Name),
    Manifest(String),
    Messages(String),
    Recording(String),
    /// A folder that something else is in.
    Folder,
}

impl Place {
    /// The place of this name. There are no others, so that nothing climbs or leaves the folder.
    fn of(name: &str) -> Option<Self> {
        let parts: Vec<&str> = name.split('/').collect();
        match parts.as_slice() {
            [PROFILE] => Some(Self::Profile),
            ["dbc" | "devices" | "recordings", ""] => Some(Self::Folder),
            ["dbc", file] => Name::new(file.strip_suffix(".dbc")?).ok().map(Self::Dbc),
            ["devices", id, ""] if is_id(id) => Some(Self::Folder),
            ["devices", id, MANIFEST] if is_id(id) => Some(Self::Manifest((*id).to_owned())),
            ["devices", id, MESSAGES] if is_id(id) => Some(Self::Messages((*id).to_owned())),
            ["recordings", file] => {
                recorded::check(file).ok().map(|()| Self::Recording((*file).to_owned()))
            }
            _ => None,
        }
    }

    const fn most(&self) -> u64 {
        match self {
            Self::Profile => FILE_LIMIT,
            Self::Dbc(_) => shelf::LARGEST,
            Self::Manifest(_) => MANIFEST_LIMIT as u64,
            Self::Messages(_) => DBC_LIMIT as u64,
            Self::Recording(_) => recordings::MOST_BYTES,
            Self::Folder => 0,
        }
    }
}

/// An entry of the list at the end.
struct Entry {
    name: String,
    place: Place,
    at: u64,
    method: u16,
    packed: u64,
    size: u64,
    crc: u64,
}

fn broken(why: impl Into<String>) -> PackError {
    PackError::Broken(why.into())
}

fn mib(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

/// What stands at these places, lowest byte first.
fn number<const N: usize>(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(N)?)?;
    Some(bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

/// Where the list is, and how many entries it has. Only a ZIP of one piece, that begins with its first
/// entry and ends with its record, is taken: what is hidden before or behind is read by nobody.
fn list(bytes: &[u8]) -> Option<(usize, usize)> {
    let end = bytes.len().checked_sub(END)?;
    let record = bytes.get(end..)?;
    let fits = record.starts_with(b"PK\x05\x06")
        && number::<4>(record, 4)? == 0
        && number::<2>(record, 8)? == number::<2>(record, 10)?
        && number::<4>(record, 16)?.checked_add(number::<4>(record, 12)?)? == end as u64
        && number::<2>(record, 20)? == 0;
    let count = usize::try_from(number::<2>(record, 10)?).ok()?;
    let at = usize::try_from(number::<4>(record, 16)?).ok()?;
    fits.then_some((at, count))
}

/// Walks the list and refuses whatever no pack has. Allocates for [`MOST_ENTRIES`] at most.
fn walk(bytes: &[u8]) -> Result<Vec<Entry>, PackError> {
    let (mut at, count) = list(bytes).ok_or_else(|| {
        broken("it is no ZIP of one piece, was cut off, or has something before or behind it")
    })?;
    if count > MOST_ENTRIES {
        let (found, most) = (format!("{count} entries"), MOST_ENTRIES.to_string());
        return Err(PackError::TooLarge { what: "the ZIP", found, most });
    }
    let mut entries = Vec::with_capacity(count);
    let (mut seen, mut sum) = (BTreeSet::new(), 0);
    let (mut recorded, mut recording_count) = (0, 0);
    for _ in 0..count {
        let raw = bytes.get(at..bytes.len() - END).unwrap_or_default();
        let (entry, length) = listed(raw)?;
        if !seen.insert(entry.name.to_lowercase()) {
            return Err(refused(&entry.name, "is there twice, or differs in case alone"));
        }
        match entry.place {
            Place::Recording(_) => {
                (recorded, recording_count) = (recorded + entry.size, recording_count + 1)
            }
            Place::Profile
            | Place::Dbc(_)
            | Place::Manifest(_)
            | Place::Messages(_)
            | Place::Folder => sum += entry.size,
        }
        at += length;
        entries.push(entry);
    }
    if at != bytes.len() - END {
        return Err(broken("its list of entries does not end where it says"));
    }
    if sum > MOST_UNPACKED {
        let (found, most) = (format!("{sum} bytes unpacked"), mib(MOST_UNPACKED));
        return Err(PackError::TooLarge { what: "the ZIP", found, most });
    }
    if recording_count > recordings::MOST {
        let (found, most) = (format!("{recording_count} recordings"), recordings::MOST.to_string());
        return Err(PackError::TooLarge { what: "the ZIP", found, most });
    }
    if recorded > recordings::MOST_BYTES {
        let (found, most) =
            (format!("{recorded} bytes of recordings"), mib(recordings::MOST_BYTES));
        return Err(PackError::TooLarge { what: "the ZIP", found, most });
    }
    Ok(entries)
}

/// An entry of the list, and how long it is there.
fn listed(raw: &[u8]) -> Result<(Entry, usize), PackError> {
    let cut = || broken("its list of entries is broken");
    if !raw.starts_with(b"PK\x01\x02") {
        return Err(cut());
    }
    let two = |at| number::<2>(raw, at).and_then(|n| usize::try_from(n).ok()).ok_or_else(cut);
    let four = |at| number::<4>(raw, at).ok_or_else(cut);
    let (name, extra, comment) = (two(28)?, two(30)?, two(32)?);
    let length = LISTED + name + extra + comment;
    let name = raw.get(LISTED..LISTED + name).ok_or_else(cut)?;
    if raw.len() < length {
        return Err(cut());
    }
    let shown = String::from_utf8_lossy(name).into_owned();
    let name = String::from_utf8(name.to_vec())
        .map_err(|_| refused(&shown, "has a name that is no text"))?;
    let place =
        Place::of(&name).ok_or_else(|| refused(&name, "is nothing that a profile pack holds"))?;
    // The made-by byte says whether the mode is one of Unix; what the mode says counts in any case.
    let kind = four(38)? >> 16 & 0o170_000;
    let usual = if place == Place::Folder { 0o040_000 } else { 0o100_000 };
    if kind != 0 && kind != usual {
        return Err(refused(&name, "is a link, a device or something else that is no plain file"));
    }
    // Encrypted, by whichever method.
    if two(8)? & 0x2041 != 0 {
        return Err(refused(&name, "is encrypted"));
    }
    let method = u16::try_from(two(10)?).map_err(|_| cut())?;
    if !matches!(method, STORED | DEFLATED) {
        return Err(refused(&name, "is packed by a method that is not read here"));
    }
    let (packed, size) = (four(20)?, four(24)?);
    if size > place.most() {
        let why = format!("has {size} bytes; it can have {}", place.most());
        return Err(refused(&name, why));
    }
    if size > SMALL && size / MOST_RATIO > packed {
        return Err(refused(&name, format!("becomes more than {MOST_RATIO} times as large")));
    }
    let (crc, at) = (four(16)?, four(42)?);
    Ok((Entry { name, place, at, method, packed, size, crc }, length))
}

/// The packed bytes of an entry, and where they end.
fn data<'b>(bytes: &'b [u8], entry: &Entry) -> Option<(&'b [u8], u64)> {
    let at = usize::try_from(entry.at).ok()?;
    let head = bytes.get(at..at.checked_add(HEAD)?)?;
    let long = |at| number::<2>(head, at).and_then(|n| usize::try_from(n).ok());
    let name_at = at + HEAD;
    let name_end = name_at.checked_add(long(26)?)?;
    let begin = name_end.checked_add(long(28)?)?;
    let end = begin.checked_add(usize::try_from(entry.packed).ok()?)?;
    let same = head.starts_with(b"PK\x03\x04")
        && number::<2>(head, 8)? == u64::from(entry.method)
        && bytes.get(name_at..name_end)? == entry.name.as_bytes();
    Some((bytes.get(begin..end).filter(|_| same)?, u64::try_from(end).ok()?))
}

/// What an entry says. Of whatever it claims, one byte more is enough to know that it lies.
fn unpacked(packed: &[u8], entry: &Entry) -> Result<Vec<u8>, PackError> {
    let mut says = Vec::new();
    let read = match entry.method {
        DEFLATED => DeflateDecoder::new(packed).take(entry.size + 1).read_to_end(&mut says),
        _ => packed.take(entry.size + 1).read_to_end(&mut says),
    };
    read.map_err(|error| refused(&entry.name, format!("cannot be unpacked: {error}")))?;
    if says.len() as u64 != entry.size {
        return Err(refused(&entry.name, "is not as large as the list of entries says"));
    }
    let mut crc = Crc::new();
    crc.update(&says);
    if u64::from(crc.sum()) != entry.crc {
        return Err(refused(&entry.name, "is damaged: its check sum is another one"));
    }
    Ok(says)
}

/// Reads a pack. What it says is not looked at.
pub fn read(bytes: &[u8]) -> Result<Pack, PackError> {
    if bytes.len() as u64 > LARGEST {
        let found = format!("{} bytes", bytes.len());
        return Err(PackError::TooLarge { what: "the file", found, most: mib(LARGEST) });
    }
    let (mut entries, mut before) = (walk(bytes)?, 0);
    let end = list(bytes).map_or(0, |(at, _)| at as u64);
    entries.sort_by_key(|entry| entry.at);
    let (mut profile, mut dbcs) = (None, BTreeMap::new());
    let mut recordings = BTreeMap::new();
    let (mut manifests, mut messages) = (BTreeMap::new(), BTreeMap::new());
    for entry in entries {
        let after = data(bytes, &entry).filter(|(_, after)| *after <= end);
        let (packed, after) = after.filter(|_| entry.at >= before).ok_or_else(|| {
            refused(&entry.name, "is not where the list of entries says, or lies over another one")
        })?;
        before = after;
        let says = unpacked(packed, &entry)?;
        match entry.place {
            Place::Profile => {
                let text = String::from_utf8(says);
                profile = Some(text.map_err(|_| refused(&entry.name, "is no UTF-8 text"))?);
            }
            Place::Dbc(name) => drop(dbcs.insert(name, says)),
            Place::Manifest(id) => drop(manifests.insert(id, says)),
            Place::Messages(id) => drop(messages.insert(id, says)),
            Place::Recording(name) => drop(recordings.insert(name, says)),
            Place::Folder => {}
        }
    }
    let profile = profile.ok_or_else(|| broken(format!("there is no {PROFILE} in it")))?;
    let mut devices = BTreeMap::new();
    for (id, manifest) in manifests {
        let half = || refused(&format!("devices/{id}"), format!("has no {MESSAGES}"));
        let messages = messages.remove(&id).ok_or_else(half)?;
        devices.insert(id, Files { manifest, messages });
    }
    if let Some(id) = messages.keys().next() {
        return Err(refused(&format!("devices/{id}"), format!("has no {MANIFEST}")));
    }
    // The name is what the profile says; whoever checks it puts it here.
    let name = Name::new("profile").map_err(|error| broken(error.to_string()))?;
    Ok(Pack { name, profile, dbcs, devices, recordings, left: BTreeSet::new() })
}

/// Writes a pack: the same bytes for the same pack, whenever and wherever.
pub fn write(pack: &Pack) -> Result<Vec<u8>, PackError> {
    let mut files = vec![(PROFILE.to_owned(), pack.profile.as_bytes())];
    files.extend(pack.dbcs.iter().map(|(name, bytes)| (format!("dbc/{name}.dbc"), &**bytes)));
    for (id, device) in &pack.devices {
        files.push((format!("devices/{id}/{MANIFEST}"), &device.manifest));
        files.push((format!("devices/{id}/{MESSAGES}"), &device.messages));
    }
    let recording = |(name, bytes)| (format!("recordings/{name}"), Vec::as_slice(bytes));
    files.extend(pack.recordings.iter().map(recording));
    let bytes = assembled(&files)?;
    // Not even we hand out what nobody takes.
    read(&bytes)?;
    Ok(bytes)
}

/// Whether this is a recording that was packed when it was written: packing it again gains nothing.
fn is_packed(name: &str) -> bool {
    let ending = Path::new(name).extension().unwrap_or_default();
    let is = |one: &str| ending.eq_ignore_ascii_case(one);
    name.starts_with("recordings/") && ["zst", "gz", "blf"].into_iter().any(is)
}

/// A ZIP of these files, with the moment at which the calendar of ZIPs begins.
pub fn assembled(files: &[(String, &[u8])]) -> Result<Vec<u8>, PackError> {
    let failed = |error: std::io::Error| broken(format!("it cannot be written: {error}"));
    let short = |number: usize, what: &'static str| {
        let (found, most) = (number.to_string(), u16::MAX.to_string());
        u16::try_from(number).map_err(|_| PackError::TooLarge { what, found, most })
    };
    let long = |number: usize| {
        let (found, most) = (format!("{number} bytes"), mib(LARGEST));
        u32::try_from(number).map_err(|_| PackError::TooLarge { what: "the pack", found, most })
    };
    let (mut out, mut list) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        let mut packer = DeflateEncoder::new(Vec::new(), Compression::default());
        if !is_packed(name) {
            packer.write_all(bytes).map_err(failed)?;
        }
        let deflated = packer.finish().map_err(failed)?;
        // What cannot be packed, or packs better than anything honest, is kept as it is.
        let odd =
            bytes.len() as u64 > SMALL && bytes.len() as u64 / MOST_RATIO > deflated.len() as u64;
        let (method, packed) = if odd || is_packed(name) || deflated.len() >= bytes.len() {
            (STORED, *bytes)
        } else {
            (DEFLATED, deflated.as_slice())
        };
        let mut crc = Crc::new();
        crc.update(bytes);
        let at = long(out.len())?;
        // Version 2.0, names in UTF-8, the method, 1980-01-01.
        let mut common = Vec::from([20, 0, 0, 8]);
        common.extend(method.to_le_bytes());
        common.extend([0, 0, 0x21, 0]);
        common.extend(crc.sum().to_le_bytes());
        common.extend(long(packed.len())?.to_le_bytes());
        common.extend(long(bytes.len())?.to_le_bytes());
        common.extend(short(name.len(), "a name")?.to_le_bytes());
        common.extend([0, 0]);
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(name.as_bytes());
        out.extend(packed);
        // Made on Unix, so that the mode counts; no comment, disk 0, nothing said of the inside.
        list.extend(b"PK\x01\x02\x14\x03");
        list.extend(&common);
        list.extend([0; 6]);
        let mode = if name.ends_with('/') { 0o040_755 } else { PLAIN };
        list.extend((mode << 16).to_le_bytes());
        list.extend(at.to_le_bytes());
        list.extend(name.as_bytes());
    }
    let count = short(files.len(), "the pack's list of entries")?.to_le_bytes();
    let at = long(out.len())?;
    out.extend(&list);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend([count, count].concat());
    out.extend(long(list.len())?.to_le_bytes());
    out.extend(at.to_le_bytes());
    out.extend([0, 0]);
    Ok(out)
}
