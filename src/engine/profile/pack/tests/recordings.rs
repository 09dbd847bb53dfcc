//! Recordings in profile packs: there and back, beside those that are here, and those that do harm.

use super::*;
use crate::base::time::Wall;
use crate::engine::can::record::disk::Disk as _;
use crate::engine::can::record::label::Label;
use crate::engine::can::record::shelf::Shelf as Recordings;

const NOW: Wall = Wall::from_nanos(1_780_300_800_000_000_000);
const LOG: &[u8] =
    b"(1780300800.000000) can0 123#0011223344556677\n(1780300800.100000) can0 123#00\n";

impl Place {
    fn recordings(&self) -> Recordings {
        Recordings::new(self.folder.path().join("recordings"))
    }

    fn record(&self, name: &str, says: &[u8]) {
        std::fs::create_dir_all(self.folder.path().join("recordings")).unwrap();
        std::fs::write(self.folder.path().join("recordings").join(name), says).unwrap();
    }

    fn with(&self, names: &[&str]) -> Result<Pack, PackError> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        self.pack(PLAIN).unwrap().with_recordings(&self.recordings(), &names, NOW)
    }

    /// What of a pack's recordings is new, the same, or in the way.
    fn stands(&self, pack: &Pack) -> Vec<String> {
        let brought = pack.take_in(&self.recordings(), NOW).unwrap();
        let places = (&self.library, &self.devices);
        let preview = pack.preview(None, places, &brought, &lookup).unwrap();
        let items = preview.items.iter().filter(|item| item.part == Part::Recording);
        items.map(|item| format!("{}: {}", item.name, item.stand.word())).collect()
    }

    /// What lies in the folder of recordings.
    fn files(&self) -> Vec<String> {
        let all = std::fs::read_dir(self.folder.path().join("recordings")).unwrap();
        let mut all: Vec<String> =
            all.map(|one| one.unwrap().file_name().into_string().unwrap()).collect();
        all.sort();
        all
    }
}

/// A sparse file of so many bytes.
fn large(place: &Place, name: &str, bytes: u64) {
    place.record(name, b"");
    let path = place.folder.path().join("recordings").join(name);
    std::fs::File::options().write(true).open(path).unwrap().set_len(bytes).unwrap();
}

fn said(result: Result<impl std::fmt::Debug, PackError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn recordings_go_along_where_they_are_named_and_are_told_beside_those_that_are_here() {
    let (here, there) = (Place::new(), Place::new());
    assert!(here.pack(PLAIN).unwrap().recordings().is_empty(), "none unless named");
    here.record("drive.log", LOG);
    here.record("other.log", LOG);
    let pack = here.with(&["drive.log", "drive.log"]).unwrap();
    assert_eq!(pack.recordings().keys().collect::<Vec<_>>(), ["drive.log"]);
    let came = Pack::read(&pack.write().unwrap(), &lookup).unwrap();
    assert_eq!(came, pack);
    assert_eq!(there.stands(&came), ["drive.log: new"]);
    assert!(there.files().is_empty(), "whoever only looks leaves nothing: {:?}", there.files());
    there.record("drive.log", LOG);
    assert_eq!(there.stands(&came), ["drive.log: same"]);
    there.record("drive.log", &[LOG, LOG].concat());
    assert_eq!(there.stands(&came), ["drive.log: clashes"]);
    let longer = [LOG, b"x"].concat();
    there.record("drive.log", &longer[..LOG.len()].to_ascii_uppercase());
    assert_eq!(there.stands(&came), ["drive.log: clashes"], "as long and another one");
}

#[test]
fn recordings_that_are_left_out_are_in_nobodys_way_and_need_no_more_rights() {
    let (here, there) = (Place::new(), Place::new());
    here.record("drive.log", LOG);
    let pack = here.with(&["drive.log"]).unwrap();
    there.record("drive.log", &[LOG, LOG].concat());
    assert_eq!(there.stands(&pack), ["drive.log: clashes"]);
    let left = pack.clone().carry(Carry::Leave);
    assert_eq!(there.stands(&left), ["drive.log: left out"]);
    assert_eq!((pack.carrying(), left.carrying()), (CarryPack::WithRecordings, CarryPack::Plain));
    assert_eq!(pack.clone().carry(Carry::Take), pack);
    // Who has seen the one has not seen the other.
    let mark = |pack: &Pack| {
        let brought = pack.take_in(&there.recordings(), NOW).unwrap();
        pack.preview(None, (&there.library, &there.devices), &brought, &lookup).unwrap().mark
    };
    assert_ne!(mark(&pack), mark(&left));
}

#[test]
fn a_bus_that_plays_a_recording_of_the_pack_lacks_nothing() {
    let (here, there) = (Place::new(), Place::new());
    here.record("drive.log", LOG);
    let plays = |place: &Place| {
        let path = place.folder.path().join("recordings/drive.log");
        format!(
            "name = \"Car\"\n[[bus]]\nname = \"old\"\naddress = \"replay:{}\"\n",
            path.display()
        )
    };
    let names = ["drive.log".to_owned()];
    let pack = here.pack(&plays(&there)).unwrap();
    let pack = pack.with_recordings(&here.recordings(), &names, NOW).unwrap();
    let lacks = |pack: &Pack| {
        let brought = pack.take_in(&there.recordings(), NOW).unwrap();
        pack.preview(None, (&there.library, &there.devices), &brought, &lookup).unwrap().lacks
    };
    assert_eq!(lacks(&pack), Vec::<String>::new());
    let lacking = lacks(&pack.carry(Carry::Leave));
    assert!(lacking.join(" ").contains("the bus old plays"), "{lacking:?}");
}

#[test]
fn a_pack_is_not_previewed_with_recordings_that_were_not_looked_at() {
    let here = Place::new();
    here.record("drive.log", LOG);
    let pack = here.with(&["drive.log"]).unwrap();
    let places = (&here.library, &here.devices);
    let unseen = said(pack.preview(None, places, &Brought::default(), &lookup));
    assert!(unseen.contains("was not looked at"), "{unseen}");
    here.record("drive.log", &[LOG, LOG].concat());
    let other = here.with(&["drive.log"]).unwrap().take_in(&here.recordings(), NOW).unwrap();
    let unseen = said(pack.preview(None, places, &other, &lookup));
    assert!(unseen.contains("was not looked at"), "{unseen}");
}

#[test]
fn what_is_not_there_is_written_or_is_too_much_is_refused_by_its_name() {
    let here = Place::new();
    here.record("drive.log", LOG);
    let gone = said(here.with(&["none.log"]));
    assert!(gone.contains("there is no recording \"none.log\""), "{gone}");
    assert!(said(here.with(&["../busbar.db"])).contains("is no name of a recording"));
    let shelf = here.recordings();
    let growing = here.folder.path().join("recordings/growing.log");
    let paper = shelf.disk().unwrap().create(&growing).unwrap();
    let names = ["growing.log".to_owned()];
    let busy = said(here.pack(PLAIN).unwrap().with_recordings(&shelf, &names, NOW));
    assert!(busy.contains("\"growing.log\" is being written"), "{busy}");
    drop(paper);
    here.pack(PLAIN).unwrap().with_recordings(&shelf, &names, NOW).unwrap();
    large(&here, "large.blf", MOST_RECORDED);
    let much = said(here.with(&["drive.log", "large.blf"]));
    let sum = MOST_RECORDED + LOG.len() as u64;
    let wanted = format!(
        "the recording \"large.blf\" has {MOST_RECORDED} bytes, which makes {sum} of recordings: a \
         pack holds 64 MiB of them at most"
    );
    assert_eq!(much, wanted);
    let names: Vec<String> = (0..17).map(|n| format!("{n}.log")).collect();
    names.iter().for_each(|name| here.record(name, LOG));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert!(said(here.with(&names)).contains("17 recordings; a profile pack has at most 16"));
    here.with(&names[..16]).unwrap();
}

#[test]
fn what_another_program_records_is_not_taken_along_half() {
    let here = Place::new();
    here.record("drive.log", LOG);
    let path = here.folder.path().join("recordings/drive.log");
    let label = |ended| Label { recording: "drive".into(), ended, ..Label::default() };
    let written = std::fs::metadata(&path).unwrap().modified().unwrap();
    let written = written.duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos() as i64;
    let pack = |after_s: i64| {
        let now = Wall::from_nanos(written + after_s * 1_000_000_000);
        let names = ["drive.log".to_owned()];
        here.pack(PLAIN).unwrap().with_recordings(&here.recordings(), &names, now)
    };
    std::fs::write(Label::place(&path), label(None).text()).unwrap();
    assert!(said(pack(1)).contains("is being written"));
    pack(60).unwrap();
    std::fs::write(Label::place(&path), label(Some(written)).text()).unwrap();
    pack(1).unwrap();
}

#[test]
fn recordings_that_are_packed_already_are_stored_and_others_deflated() {
    let here = Place::new();
    let text = LOG.repeat(200);
    for name in ["a.log", "a.BLF", "a.log.zst", "a.log.gz"] {
        here.record(name, &text);
    }
    let size = |name: &str| here.with(&[name]).unwrap().write().unwrap().len();
    assert!(size("a.log") < text.len() / 10, "{}", size("a.log"));
    for packed in ["a.BLF", "a.log.zst", "a.log.gz"] {
        assert!(size(packed) > text.len(), "{packed}");
    }
}

#[test]
fn hostile_recordings_are_refused() {
    let there = Place::new();
    let plain = ("profile.toml", PLAIN.as_bytes());
    let read = |bytes: &[u8]| Pack::read(bytes, &lookup).unwrap();
    for (name, says) in [
        ("recordings/a.log", &b"#!/bin/sh\n"[..]),
        ("recordings/a.blf", b"\x7FELF"),
        ("recordings/a.log.zst", b"\x28\xB5\x2F\xFD nothing of the kind"),
        ("recordings/a.log", b""),
    ] {
        let pack = read(&zip(&[plain, (name, says), ("recordings/b.log", LOG)]));
        let why = said(pack.take_in(&there.recordings(), NOW));
        assert!(why.starts_with("the recording \"a."), "{why}");
        assert!(there.files().is_empty(), "{:?}", there.files());
    }
    let names: Vec<String> = (0..17).map(|n| format!("recordings/{n}.log")).collect();
    let mut many: Vec<(&str, &[u8])> = vec![plain];
    many.extend(names.iter().map(|name| (name.as_str(), LOG)));
    assert!(refusal(&zip(&many)).contains("17 recordings; a profile pack has at most 16"));
    many.pop();
    // More than are taken in at once from elsewhere: they come as one.
    assert_eq!(there.stands(&read(&zip(&many))).len(), 16);
    let first = zip(&[("recordings/a.log", LOG), plain]);
    let bomb = listed_as(first.clone(), 24, &(60_u32 << 20).to_le_bytes());
    assert!(refusal(&bomb).contains("becomes more than 200 times as large"));
    let huge = listed_as(first, 24, &((64_u32 << 20) + 1).to_le_bytes());
    assert!(refusal(&huge).contains("has 67108865 bytes; it can have 67108864"));
    let half = vec![0x55; (32 << 20) + 1];
    let two = zip(&[plain, ("recordings/a.blf", &half), ("recordings/b.blf", &half)]);
    assert!(refusal(&two).contains("bytes of recordings; a profile pack has at most 64 MiB"));
}
