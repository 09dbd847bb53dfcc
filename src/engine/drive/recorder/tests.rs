//! Recorders hear what a bus brings, begin and end by themselves, and say how they are doing.

use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};

use super::*;
use crate::base::id::Name;
use crate::base::time::{FakeClock, TimeSource, Wall};
use crate::engine::can::bus::Received;
use crate::engine::can::frame::{Frame, Frames, Id};
use crate::engine::can::record::label::Label;
use crate::engine::can::record::shelf::Shelved;
use crate::engine::filter::{Filter, Scope, Sieve, Vocabulary};
use crate::engine::hub::{Epoch, RecordBus, Sieves};
use crate::engine::orders::Answer;
use crate::engine::profile::model::{Begins, RecorderEntry};

/// Much longer than anything takes.
const LIMIT: Duration = Duration::from_secs(60);

struct Stage {
    recorders: Recorders,
    events: Receiver<Event>,
    clock: Arc<FakeClock>,
    shelf: Shelf,
    tape: SharedTape,
    _folder: tempfile::TempDir,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = FakeClock::new(Wall::from_nanos(1_700_000_000_000_000_000));
        let (inbox, events) = bounded(10_000);
        let shelf = Shelf::new(folder.path().join("recordings"));
        let tape = SharedTape::default();
        let desk = Desk {
            inbox,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            shelf: shelf.clone(),
            tape: Arc::clone(&tape),
        };
        let recorders = Recorders::new(desk);
        Self { recorders, events, clock, shelf, tape, _folder: folder }
    }

    /// Begins `entry` as recording 1, and waits until it is there.
    fn begin(&mut self, entry: RecorderEntry) -> Answer {
        self.ask(entry);
        self.answer()
    }

    /// Asks for `entry` as recording 1.
    fn ask(&mut self, entry: RecorderEntry) {
        let (entry, sieves, buses) = self.asked(entry);
        let (by, reply) = ("ada".to_owned(), Some(Reply::new(|_| {})));
        self.recorders.work(1, RecordWork::Begin { entry, by, buses, sieves, reply });
    }

    /// What there is to ask for where `entry` is to be recorded from the first bus.
    fn asked(&self, entry: RecorderEntry) -> (Arc<RecorderEntry>, Box<Sieves>, Vec<RecordBus>) {
        let sieve = |text: &str| -> Sieve {
            let mut vocabulary = Vocabulary::new();
            vocabulary.add_bus("can0", &[]);
            Filter::parse(text).unwrap().compile(&vocabulary, Scope::Trace).unwrap()
        };
        let frames = match &entry.begins {
            Begins::Frames { begin, end } => {
                Some((sieve(begin), (!end.is_empty()).then(|| sieve(end))))
            }
            Begins::AtOnce | Begins::Charge | Begins::Fault => None,
        };
        let sieves = Box::new(Sieves { keeps: sieve(&entry.filter), frames });
        let timebase = self.clock.timebase(TimeSource::Program);
        let buses = vec![RecordBus { bus: BusId(0), name: "can0".into(), timebase }];
        (Arc::new(entry), sieves, buses)
    }

    /// A recorder of `entry` whose queue has room for one thing, with the other end of that.
    fn narrow(&self, entry: RecorderEntry) -> (Recorder, Tap) {
        let (entry, sieves, buses) = self.asked(entry);
        let (tap, told, aside) = tap(1);
        let (_waits, ends) = bounded(1);
        let by = "ada".to_owned();
        let job = Job { number: 1, entry, by, buses, sieves: *sieves, from: 0 };
        let desk = &self.recorders.desk;
        let place = Place::Folder(desk.shelf.folder().to_path_buf());
        (Recorder::new(job, place, desk, (told, aside, ends), None), tap)
    }

    /// So many frames with this byte, as one batch.
    fn batch(&self, byte: u8, count: usize) -> Arc<Frames> {
        let mut frames = Frames::new(self.clock.timebase(TimeSource::Program));
        let frame = Frame::classic(Id::standard(0x100).unwrap(), &[byte]).unwrap();
        let frame = frame.at(self.clock.now()).on(BusId(0));
        (0..count).for_each(|_| frames.push(frame.view()));
        Arc::new(frames)
    }

    /// Buses of these names are there.
    fn connect(&mut self, names: &[&str]) {
        let plan = |(at, name): (usize, &&str)| BusPlan {
            bus: BusId(at as u16),
            name: (*name).to_owned(),
            address: format!("socketcan:{name}").parse().unwrap(),
            scene: None,
            sending: None,
            hand: None,
            supply: None,
        };
        let plans: Vec<BusPlan> = names.iter().enumerate().map(plan).collect();
        self.recorders.connect(&plans);
    }

    fn answer(&self) -> Answer {
        loop {
            let event = self.events.recv_timeout(LIMIT).unwrap();
            if let Event::Record { news: RecordNews { answer: Some((_, answer)), .. }, .. } = event
            {
                return answer;
            }
        }
    }

    /// A frame with this byte comes from the bus, a millisecond after the last.
    fn bring(&mut self, byte: u8) {
        self.clock.advance(Duration::from_millis(1));
        let timebase = self.clock.timebase(TimeSource::Program);
        let mut frames = Frames::new(timebase);
        let frame = Frame::classic(Id::standard(0x100).unwrap(), &[byte]).unwrap();
        frames.push(frame.at(self.clock.now()).on(BusId(0)).view());
        let number = self.tape.read().unwrap().end();
        self.tape.write().unwrap().push(&frames);
        let received = Received::default();
        let event = Event::Frames { epoch: Epoch(1), bus: BusId(0), frames, received };
        self.recorders.hear(&event, number);
    }

    fn end(&mut self) -> Vec<Shelved> {
        self.recorders.work(1, RecordWork::End(Some(Reply::new(|_| {}))));
        self.answer().unwrap();
        self.recorders.close();
        let mut all = self.shelf.list().unwrap();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }

    /// Waits until the recorder says that it is in this state.
    fn until(&self, state: &RecordState) {
        loop {
            // It says so at times by its clock.
            self.clock.advance(Duration::from_millis(600));
            if let Ok(Event::Record { news, .. }) = self.events.recv_timeout(LIMIT)
                && news.state == *state
            {
                return;
            }
        }
    }
}

fn entry() -> RecorderEntry {
    let mut entry = RecorderEntry::new(Name::new("drive").unwrap());
    entry.files.floor = 0;
    entry
}

fn bytes(found: &Shelved) -> Vec<u8> {
    let text = std::fs::read_to_string(&found.path).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| u8::from_str_radix(line.split_once('#').unwrap().1, 16).unwrap()).collect()
}

#[test]
fn what_a_bus_brings_between_begin_and_end_is_recorded() {
    let mut stage = Stage::new();
    stage.bring(1);
    stage.begin(entry()).unwrap();
    stage.bring(2);
    stage.bring(3);
    let found = stage.end();
    assert_eq!(found.len(), 1);
    assert_eq!(bytes(&found[0]), [2, 3]);
    let label = found[0].label.clone().unwrap();
    assert_eq!((label.by.as_str(), label.frames, label.ended.is_some()), ("ada", 2, true));
}

#[test]
fn what_came_before_is_recorded_out_of_the_tape_and_nothing_twice() {
    let mut stage = Stage::new();
    (0..100).for_each(|n| stage.bring(n));
    stage.begin(RecorderEntry { before: Duration::from_millis(20), ..entry() }).unwrap();
    (100..120).for_each(|n| stage.bring(n));
    let found = stage.end();
    assert_eq!(bytes(&found[0]), (79..120).collect::<Vec<u8>>());
}

#[test]
fn what_comes_while_a_recording_begins_is_neither_lost_nor_recorded_twice() {
    for _ in 0..20 {
        let mut stage = Stage::new();
        (0..50).for_each(|n| stage.bring(n));
        stage.ask(RecorderEntry { before: Duration::from_secs(1), ..entry() });
        (50..200).for_each(|n| stage.bring(n));
        stage.answer().unwrap();
        let found = stage.end();
        assert_eq!(bytes(&found[0]), (0..200).collect::<Vec<u8>>());
    }
}

#[test]
fn frames_begin_and_end_a_recording_again_and_again() {
    let mut stage = Stage::new();
    let begins = Begins::Frames { begin: "data:AA".into(), end: "data:EE".into() };
    let before = Duration::from_millis(2);
    stage.begin(RecorderEntry { begins, before, after: Duration::ZERO, ..entry() }).unwrap();
    for round in 1..=2 {
        for byte in [9, 1, 2, 3, 0xAA, 5, 0xEE] {
            stage.bring(byte);
        }
        // What it said before it had heard of these frames may still be on the way.
        while stage.shelf.list().unwrap().len() < round {
            stage.until(&RecordState::Waiting);
        }
    }
    let found = stage.end();
    assert_eq!(found.len(), 2);
    for found in &found {
        assert_eq!(bytes(found), [1, 2, 3, 0xAA, 5, 0xEE]);
    }
}

#[test]
fn a_rule_of_the_hub_begins_and_ends_a_recording() {
    let mut stage = Stage::new();
    let after = Duration::from_millis(1);
    stage.begin(RecorderEntry { begins: Begins::Charge, after, ..entry() }).unwrap();
    stage.bring(1);
    stage.recorders.work(1, RecordWork::Rule(true));
    stage.bring(2);
    stage.until(&RecordState::Running);
    stage.recorders.work(1, RecordWork::Rule(false));
    stage.until(&RecordState::Waiting);
    stage.bring(3);
    let found = stage.end();
    assert_eq!(found.len(), 1);
    assert_eq!(bytes(&found[0]), [2]);
}

#[test]
fn losses_before_the_recorder_are_gaps_of_the_recording() {
    let mut stage = Stage::new();
    stage.connect(&["can0"]);
    stage.begin(entry()).unwrap();
    let (epoch, bus) = (Epoch(1), BusId(0));
    let mut status = BusStatus::plain(BusState::Active);
    let mut tell = |state: BusState, dropped: u64| {
        (status.state, status.dropped) = (state, dropped);
        stage.recorders.hear(&Event::Bus { epoch, bus, status: status.clone() }, 0);
    };
    tell(BusState::Active, 0);
    tell(BusState::Active, 7);
    tell(BusState::Missing, 7);
    tell(BusState::Active, 7);
    stage.recorders.hear(&Event::Lost { epoch, bus, frames: 5 }, 0);
    stage.bring(1);
    let found = stage.end();
    let label: Label = found[0].label.clone().unwrap();
    assert_eq!((label.missing, label.gap_count), (12, 4));
    let words: Vec<&str> = label.gaps.iter().map(|gap| gap.why.as_str()).collect();
    assert_eq!(
        words,
        [
            "can0 dropped them before Busbar",
            "can0 was lost",
            "can0 is back",
            "Busbar could not follow can0"
        ]
    );
}

#[test]
fn a_recording_that_cannot_begin_says_why() {
    let mut stage = Stage::new();
    std::fs::write(stage.shelf.folder(), "no folder").unwrap();
    let said = stage.begin(entry()).unwrap_err().to_string();
    assert!(said.contains("recordings") && said.contains("cannot be written"), "{said}");
    let mut entry = entry();
    entry.files.floor = u64::MAX;
    std::fs::remove_file(stage.shelf.folder()).unwrap();
    let said = stage.begin(entry).unwrap_err().to_string();
    assert!(said.contains("the disk is full"), "{said}");
}

#[test]
fn what_becomes_of_a_bus_that_is_not_recorded_is_no_gap_of_the_recording() {
    let mut stage = Stage::new();
    stage.connect(&["can0", "can1"]);
    stage.begin(entry()).unwrap();
    let (epoch, bus) = (Epoch(1), BusId(1));
    for (state, dropped) in [
        (BusState::Active, 0),
        (BusState::Active, 7),
        (BusState::Missing, 7),
        (BusState::Active, 7),
    ] {
        let status = BusStatus { dropped, ..BusStatus::plain(state) };
        stage.recorders.hear(&Event::Bus { epoch, bus, status }, 0);
    }
    stage.recorders.hear(&Event::Lost { epoch, bus, frames: 5 }, 0);
    stage.bring(1);
    let frame = Frame::classic(Id::standard(0x100).unwrap(), &[2]).unwrap().on(bus);
    for _ in 0..2 * QUEUE {
        // Far more than fit into its queue, and none of its business.
        let mut frames = Frames::new(stage.clock.timebase(TimeSource::Program));
        frames.push(frame.view());
        let received = Received::default();
        stage.recorders.hear(&Event::Frames { epoch, bus, frames, received }, 1);
    }
    stage.bring(3);
    let found = stage.end();
    assert_eq!(bytes(&found[0]), [1, 3]);
    let label = found[0].label.clone().unwrap();
    assert_eq!((label.missing, label.gap_count, label.gaps.as_slice()), (0, 0, &[][..]));
}

#[test]
fn what_did_not_fit_before_the_end_is_a_gap_too() {
    let stage = Stage::new();
    let (recorder, mut tap) = stage.narrow(entry());
    for number in 0..5 {
        tap.frames(number * 10, &stage.batch(1, 10));
    }
    // It is stopped before anything else fits.
    drop(tap);
    recorder.run();
    let found = stage.shelf.list().unwrap();
    let label = found[0].label.clone().unwrap();
    assert_eq!((label.frames, label.missing, label.gap_count), (10, 40, 1));
    let told = stage.events.try_iter().filter_map(|event| match event {
        Event::Record { news, .. } => Some(news.figures.missing),
        _ => None,
    });
    assert_eq!(told.last(), Some(40));
}

#[test]
fn a_word_of_its_rule_that_did_not_fit_is_heard_all_the_same() {
    let stage = Stage::new();
    let begins = Begins::Charge;
    let (recorder, mut tap) = stage.narrow(RecorderEntry { begins, ..entry() });
    tap.frames(0, &stage.batch(1, 1));
    tap.word(Told::Begin);
    let thread = std::thread::spawn(move || recorder.run());
    stage.until(&RecordState::Running);
    tap.frames(1, &stage.batch(2, 1));
    drop(tap);
    thread.join().unwrap();
    let found = stage.shelf.list().unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(bytes(&found[0]), [2]);
}

#[test]
fn the_filter_that_ends_a_recording_remembers_for_itself() {
    let mut stage = Stage::new();
    let begins = Begins::Frames { begin: "changed data:AA".into(), end: "changed data:EE".into() };
    stage.begin(RecorderEntry { begins, after: Duration::ZERO, ..entry() }).unwrap();
    for byte in [1, 0xAA, 5, 0xEE] {
        stage.bring(byte);
    }
    let has_ended = |stage: &Stage| {
        let label = stage.shelf.list().unwrap().first().and_then(|one| one.label.clone());
        label.is_some_and(|label| label.ended.is_some())
    };
    for _ in 0..100 {
        if has_ended(&stage) {
            break;
        }
        stage.clock.advance(Duration::from_millis(600));
        let _news = stage.events.recv_timeout(Duration::from_secs(1));
    }
    assert!(has_ended(&stage));
    stage.bring(9);
    let found = stage.end();
    assert_eq!(bytes(&found[0]), [0xAA, 5, 0xEE]);
}

#[test]
fn a_recorder_with_a_rule_waits_for_room_and_records_when_there_is_some() {
    let mut stage = Stage::new();
    let after = Duration::ZERO;
    let mut small = RecorderEntry { begins: Begins::Charge, after, ..entry() };
    small.files.rotate_size = Some(4096);
    small.files.floor = u64::MAX;
    stage.begin(small).unwrap();
    stage.recorders.work(1, RecordWork::Rule(true));
    let full = loop {
        stage.clock.advance(Duration::from_millis(600));
        let Ok(Event::Record { news, .. }) = stage.events.recv_timeout(LIMIT) else { panic!() };
        assert_eq!(news.state, RecordState::Waiting, "it does not end");
        if let Some(full) = news.full {
            break full;
        }
    };
    assert!(full.contains("the disk is full"), "{full}");
    // It still listens, says so no second time, and is stopped as any other.
    stage.recorders.work(1, RecordWork::Rule(false));
    stage.recorders.work(1, RecordWork::Rule(true));
    stage.bring(1);
    stage.until(&RecordState::Waiting);
    assert!(stage.end().is_empty());
}
