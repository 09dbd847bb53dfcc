//! Decoding small recordings, and the real ones where the machine has them.

use std::collections::HashSet;

use super::*;
use crate::engine::testing::shared_data;

const DBC: &str = r#"VERSION ""

BU_: Node

BO_ 1541 Pack: 8 Node
 SG_ Voltage : 0|16@1+ (0.1,0) [0|0] "V" Node
 SG_ Current : 16|16@1- (0.01,0) [0|0] "A" Node
 SG_ State : 32|8@1+ (1,0) [0|0] "" Node

BO_ 2566869221 Charger: 4 Node
 SG_ Which M : 0|8@1+ (1,0) [0|0] "" Node
 SG_ One m1 : 8|8@1+ (1,0) [0|0] "" Node
 SG_ Two m2 : 8|8@1+ (1,0) [0|0] "" Node

BO_ 7 Odd: 8 Node
 SG_ Real : 0|32@1- (1,0) [0|0] "a,b" Node

VAL_ 1541 State 0 "Idle" 1 "Run, \"hot\"" ;
SIG_VALTYPE_ 7 Real : 1;
"#;

const LOG: &str = "(1436509052.249713) can0 605#E803F6FF01000000\n\
                   (1436509052.25) can1 18FF50E5#02072A00\n\
                   (1436509053.0) can0 605#\n\
                   (1436509053.5) can0 123#00\n\
                   broken\n\
                   (1436509054.0) can0 007#0000C07F00000000\n\
                   (1436509054.1) can0 605#R8\n";

struct Bench {
    _folder: tempfile::TempDir,
    request: Request,
}

impl Bench {
    fn new(dbc: &str, log: &str, format: Format, values: Values) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (dbc_file, log_file) = (folder.path().join("a.dbc"), folder.path().join("a.log"));
        fs::write(&dbc_file, dbc).unwrap();
        fs::write(&log_file, log).unwrap();
        let threads = NonZeroUsize::MIN;
        let filter = String::new();
        let dbcs = vec![dbc_file];
        let request = Request { dbcs, log: log_file, format, values, filter, threads };
        Self { _folder: folder, request }
    }
}

fn decoded(request: &Request) -> (String, Summary) {
    let mut text = Vec::new();
    let summary = Job::open(request).unwrap().run(&mut text, &mut |_| ()).unwrap();
    (String::from_utf8(text).unwrap(), summary)
}

fn decoded_as(format: Format, values: Values) -> String {
    decoded(&Bench::new(DBC, LOG, format, values).request).0
}

#[test]
fn a_frame_is_one_json_object_a_line() {
    let bench = Bench::new(DBC, LOG, Format::Jsonl, Values::Numbers);
    let (text, summary) = decoded(&bench.request);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines,
        [
            r#"{"t":1436509052.249713,"bus":"can0","id":1541,"ext":false,"message":"Pack","signals":{"Voltage":100,"Current":-0.1,"State":1}}"#,
            r#"{"t":1436509052.25,"bus":"can1","id":419385573,"ext":true,"message":"Charger","signals":{"Which":2,"Two":7}}"#,
            r#"{"t":1436509053,"bus":"can0","id":1541,"ext":false,"message":"Pack","signals":{}}"#,
            r#"{"t":1436509054,"bus":"can0","id":7,"ext":false,"message":"Odd","signals":{"Real":null}}"#,
        ]
    );
    let Tally { frames, decoded, unknown, without_data, filtered } = summary.tally;
    assert_eq!(filtered, 0);
    assert_eq!((frames, decoded, unknown, without_data), (6, 4, 1, 1));
    assert_eq!((summary.skipped, summary.problems[0].line), (1, 5));
    for line in lines {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(value["signals"].is_object());
    }
}

#[test]
fn labels_stand_in_the_place_of_numbers_where_there_are_some() {
    let text = decoded_as(Format::Jsonl, Values::Labels);
    let first: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(first["signals"]["Voltage"], 100);
    assert_eq!(first["signals"]["State"].as_str().unwrap().split(',').next(), Some("Run"));
}

#[test]
fn csv_has_a_line_for_every_signal() {
    let text = decoded_as(Format::Csv, Values::Numbers);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "t,bus,id,ext,message,signal,value,unit");
    assert_eq!(lines[1], "1436509052.249713,can0,1541,false,Pack,Voltage,100,V");
    assert_eq!(lines[5], "1436509052.25,can1,419385573,true,Charger,Two,7,");
    assert_eq!(lines[6], r#"1436509054,can0,7,false,Odd,Real,,"a,b""#);
    assert_eq!(lines.len(), 7);
}

#[test]
fn text_is_aligned() {
    let text = decoded_as(Format::Text, Values::Numbers);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0],
        "1436509052.249713  can0        0x605  Pack     Voltage=100 V  Current=-0.1 A  State=1"
    );
    assert_eq!(lines[1], "1436509052.250000  can1   0x18FF50E5  Charger  Which=2  Two=7");
}

#[test]
fn the_first_file_that_knows_an_id_is_used() {
    let mut bench = Bench::new(DBC, LOG, Format::Jsonl, Values::Numbers);
    let other = bench.request.log.with_file_name("b.dbc");
    let more = "BO_ 1541 Other: 8 Node\n SG_ A : 0|8@1+ (1,0) [0|0] \"\" Node\n\n\
                BO_ 291 Late: 8 Node\n SG_ B : 0|8@1+ (1,0) [0|0] \"\" Node\n";
    fs::write(&other, more).unwrap();
    bench.request.dbcs.push(other);
    let (text, summary) = decoded(&bench.request);
    assert!(text.contains("Pack") && text.contains("Late") && !text.contains("Other"));
    assert_eq!(summary.tally.unknown, 0);
}

#[test]
fn many_threads_give_the_same_text_in_the_same_order() {
    let log: String = (0..50_000)
        .map(|n| format!("({}.{:06}) can{} 605#{n:04X}\n", 1_436_509_052 + n / 9, n % 9, n % 3))
        .collect();
    let mut bench = Bench::new(DBC, &log, Format::Jsonl, Values::Numbers);
    let (one, summary) = decoded(&bench.request);
    assert_eq!(summary.tally.decoded, 50_000);
    bench.request.threads = NonZeroUsize::new(5).unwrap();
    assert_eq!(decoded(&bench.request), (one, summary));
}

/// A reader that has gone away.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_goes_away_ends_all_threads() {
    let log: String = (0..300_000).map(|n| format!("({n}.0) can0 605#0011\n")).collect();
    let mut bench = Bench::new(DBC, &log, Format::Jsonl, Values::Numbers);
    for threads in [1, 4] {
        bench.request.threads = NonZeroUsize::new(threads).unwrap();
        let said = Job::open(&bench.request).unwrap().run(&mut Closed, &mut |_| ()).unwrap_err();
        assert!(said.is_closed_pipe());
    }
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let mut bench = Bench::new("this is no DBC", LOG, Format::Jsonl, Values::Numbers);
    let said = Job::open(&bench.request).err().unwrap().to_string();
    assert!(said.contains("a.dbc: the DBC file has no message that can be used"), "{said}");
    bench.request.dbcs = vec!["/nowhere/x.dbc".into()];
    let said = Job::open(&bench.request).err().unwrap().to_string();
    assert!(said.starts_with("/nowhere/x.dbc: the DBC file cannot be read"), "{said}");
    let said = create(&bench.request.log, &bench.request).unwrap_err().to_string();
    assert!(said.contains("would overwrite an input"), "{said}");
}

#[test]
fn one_bad_dbc_among_several_is_left_out_and_named() {
    let mut bench = Bench::new(DBC, LOG, Format::Jsonl, Values::Numbers);
    let alone = decoded(&bench.request).0;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let (empty, bare) = (file("empty.dbc", ""), file("bare.dbc", "VERSION \"\"\n\nBU_: A\n"));
    let good = bench.request.dbcs.clone();
    bench.request.dbcs = vec![empty, "/nowhere/x.dbc".into(), bare];
    let said = Job::open(&bench.request).err().unwrap().to_string();
    assert!(said.ends_with("empty.dbc: the DBC file is empty"), "{said}");
    bench.request.dbcs.extend(good);
    let job = Job::open(&bench.request).unwrap();
    let said: Vec<String> = job.left_out().iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(said[1].starts_with("/nowhere/x.dbc: the DBC file cannot be read"), "{said:?}");
    assert!(said[2].ends_with("bare.dbc: the DBC file has no message"), "{said:?}");
    assert_eq!(decoded(&bench.request).0, alone);
}

#[test]
fn a_filter_keeps_frames_back_in_the_order_of_the_recording_whatever_the_threads() {
    let mut log = String::new();
    for n in 0..20_000_u32 {
        // Every third frame has a new voltage.
        log.push_str(&format!("({n}.0) can{} 605#{:02X}03\n", n % 2, n / 6 % 251));
    }
    let mut bench = Bench::new(DBC, &log, Format::Csv, Values::Numbers);
    let mut seen = HashSet::new();
    for threads in [1, 3] {
        bench.request.threads = NonZeroUsize::new(threads).unwrap();
        bench.request.filter = "bus:can1 changed sig:Voltage>80V time:..9999".into();
        let (text, summary) = decoded(&bench.request);
        let tally = summary.tally;
        assert_eq!(tally.frames, 20_000);
        assert_eq!(tally.frames, tally.decoded + tally.filtered);
        assert!(tally.decoded > 1000 && tally.decoded < 1700, "{tally:?}");
        assert!(text.lines().skip(1).all(|line| line.contains(",can1,")));
        assert!(summary.filter_problems.is_empty(), "{:?}", summary.filter_problems);
        seen.insert(text);
    }
    assert_eq!(seen.len(), 1);
}

#[test]
fn a_filter_that_cannot_be_used_is_told_with_its_place_and_unknown_names_at_the_end() {
    let mut bench = Bench::new(DBC, LOG, Format::Csv, Values::Numbers);
    bench.request.filter = "msg:Pack count:>3".into();
    let said = Job::open(&bench.request).err().unwrap().to_string();
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("`count:` counts the rows"), "{said}");
    assert_eq!(lines[1..], ["msg:Pack count:>3", "         ^^^^^^^^"]);
    bench.request.filter = "bus:cam0 or msg:Pak".into();
    let (_, summary) = decoded(&bench.request);
    let said: Vec<&str> = summary.filter_problems.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(
        said,
        [
            "There is no bus `cam0`; did you mean `can0`?",
            "There is no message `Pak`; did you mean `Pack`?"
        ]
    );
    assert_eq!(summary.tally.filtered, 6);
}

#[test]
fn three_formats_of_one_real_capture_decode_alike() {
    let Some(dbc) = shared_data("dbc/think-city.dbc") else { return };
    let mut seen = HashSet::new();
    for name in ["candump.log", "gvret.csv", "crtd.txt"] {
        let Some(log) = shared_data(&format!("logs/think-city.{name}")) else { return };
        let request = Request {
            dbcs: vec![dbc.clone()],
            log,
            format: Format::Jsonl,
            values: Values::Numbers,
            filter: String::new(),
            threads: NonZeroUsize::new(2).unwrap(),
        };
        let (text, summary) = decoded(&request);
        assert_eq!(summary.tally.frames, 12_974);
        assert_eq!(text.lines().count() as u64, summary.tally.decoded);
        // The candump log has whole seconds and another bus name.
        let values = text.lines().map(|line| line.split_once("\"id\"").unwrap().1);
        seen.insert(values.collect::<Vec<_>>().join("\n"));
    }
    assert_eq!(seen.len(), 1);
}
