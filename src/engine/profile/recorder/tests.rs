//! What `[[recorder]]` tables may say, how it comes back, and what is said of the others.

use std::time::Duration;

use crate::base::id::Name;
use crate::engine::can::record::plan::WhenFull;
use crate::engine::can::trace::{LogFormat, Packing};
use crate::engine::profile::model::Profile;
use crate::engine::profile::parse;
use crate::engine::profile::recorder::{Begins, RECORDER_LIMIT, RecorderEntry};
use crate::engine::profile::write::write;

/// Five lines.
const HEAD: &str = "name = 'P'\n[[bus]]\nname = 'b'\naddress = 'virtual:x'\n[[recorder]]\n";

fn read(text: &str) -> Result<Profile, String> {
    let parsed = parse::parse(text, &|_| None);
    parsed.map(|parsed| parsed.profile).map_err(|problems| {
        problems.iter().map(|one| format!("{}: {}\n", one.line, one.text)).collect()
    })
}

fn one(text: &str) -> RecorderEntry {
    let mut profile = read(&format!("{HEAD}{text}")).unwrap();
    assert_eq!(profile.recorders.len(), 1);
    profile.recorders.remove(0)
}

#[test]
fn a_table_with_a_name_records_everything_at_once_into_a_candump_log() {
    let plain = one("name = 'all'");
    assert_eq!(plain, RecorderEntry::new(Name::new("all").unwrap()));
    assert_eq!(plain.files.format, LogFormat::Candump);
    assert_eq!((plain.begins, plain.buses.len()), (Begins::AtOnce, 0));
}

#[test]
fn every_key_of_a_table_is_taken_and_written_back() {
    let text = "name = 'drive'\nbuses = ['b']\nfilter = 'id:600..6FF'\nbegin = 'frames'\n\
        begin_filter = 'id:100'\nend_filter = 'id:101'\nbefore_s = 5\nafter_s = 7\n\
        format = 'asc'\ncompression = 'zstd'\nrotate_mb = 16\nrotate_s = 600\nkeep_files = 9\n\
        keep_mb = 900\nkeep_h = 48\nwhen_full = 'delete-oldest'\nfree_mb = 500\n";
    let entry = one(text);
    let (begin, end) = ("id:100".to_owned(), "id:101".to_owned());
    assert_eq!(entry.begins, Begins::Frames { begin, end });
    assert_eq!((entry.before, entry.after), (Duration::from_secs(5), Duration::from_secs(7)));
    let files = &entry.files;
    assert_eq!((files.format, files.packing), (LogFormat::Asc, Packing::Zstd));
    assert_eq!(files.rotate_size, Some(16_000_000));
    assert_eq!(files.rotate_span, Some(Duration::from_secs(600)));
    assert_eq!((files.keeping.files, files.keeping.bytes), (Some(9), Some(900_000_000)));
    assert_eq!(files.keeping.age, Some(Duration::from_secs(48 * 3600)));
    assert_eq!((files.when_full, files.floor), (WhenFull::DeleteOldest, 500_000_000));
    let profile = read(&format!("{HEAD}{text}")).unwrap();
    assert_eq!(read(&write(&profile)), Ok(profile));
}

#[test]
fn what_cannot_be_recorded_is_said_with_its_line() {
    let cases = [
        ("nmae = 'a'", "6: unknown field `nmae`"),
        ("filter = 'a'", "5: missing field `name`"),
        ("name = 'a/b'", "6: name \"a/b\": a name may not contain '/'"),
        ("name = 'a'\nbuses = ['z']", "7: recorder \"a\" names an unknown bus \"z\""),
        ("name = 'a'\nfilter = 'id:'", "7: recorder \"a\": filter: character"),
        ("name = 'a'\nbegin = 'now'", "7: begin is \"now\": there is at-once, charge, fault"),
        ("name = 'a'\nbegin = 'frames'", "needs a filter that begins the recording"),
        ("name = 'a'\nbegin = 'frames'\nbegin_filter = 'id:zz'", "8: recorder \"a\": begin_filter"),
        ("name = 'a'\nbegin_filter = 'id:1'", "7: recorder \"a\": begin_filter goes with begin"),
        ("name = 'a'\nbefore_s = 3601", "7: before_s is 3601: from 0 to 3600"),
        ("name = 'a'\nformat = 'mf4'", "7: format is \"mf4\": there is candump"),
        (
            "name = 'a'\ncompression = 'rar'",
            "7: compression is \"rar\": there is none, gzip or zstd",
        ),
        ("name = 'a'\nformat = 'blf'\ncompression = 'zstd'", "8: recorder \"a\": compression:"),
        ("name = 'a'\nrotate_mb = 0", "7: rotate_mb is 0: from 1 to"),
        ("name = 'a'\nkeep_files = 0", "7: keep_files is 0: from 1 to"),
        ("name = 'a'\nwhen_full = 'go on'", "7: when_full is \"go on\": there is stop or"),
        ("name = 'a'\n[[recorder]]\nname = 'a'", "8: a second recorder is called \"a\""),
    ];
    for (text, wanted) in cases {
        let said = read(&format!("{HEAD}{text}\n")).unwrap_err();
        assert!(said.contains(wanted), "{text:?} gave {said}");
    }
}

#[test]
fn there_are_no_more_recorders_than_run_at_a_time() {
    let tables = |count: usize| -> String {
        let bus = HEAD.trim_end_matches("[[recorder]]\n").to_owned();
        (0..count).fold(bus, |all, n| format!("{all}[[recorder]]\nname = 'r{n}'\n"))
    };
    assert!(read(&tables(RECORDER_LIMIT)).is_ok());
    let said = read(&tables(RECORDER_LIMIT + 1)).unwrap_err();
    assert!(said.contains("17 recorders; at most 16 are allowed"), "{said}");
}
