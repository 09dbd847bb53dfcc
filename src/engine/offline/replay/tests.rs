//! Small recordings replayed onto virtual buses, on the machine's clock.

use std::fmt::Write as _;

use super::*;
use crate::base::time::SystemClock;
use crate::engine::can::bus::BusStatus;
use crate::engine::can::frame::Id;

fn recording(
    frames: impl IntoIterator<Item = (u64, &'static str, u32)>,
) -> tempfile::NamedTempFile {
    let mut text = String::new();
    for (us, bus, id) in frames {
        writeln!(text, "(1436509000.{us:06}) {bus} {id:03X}#{:02X}", us % 251).unwrap();
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

fn wires() -> Wires {
    let clock: Arc<dyn Clock> = SystemClock::new();
    Wires { net: VirtualNet::new(Arc::clone(&clock)), clock }
}

fn request(file: &tempfile::NamedTempFile, bus: &str) -> Request {
    Request {
        file: file.path().to_owned(),
        bus: bus.to_owned(),
        named: Vec::new(),
        plan: ReplayPlan { speed: Speed::Fastest, ..ReplayPlan::default() },
        filter: String::new(),
        dbcs: Vec::new(),
        arming: Arming::VirtualOnly,
        catalog: Catalog::builtin().into(),
    }
}

/// What an ear has heard so far: ids and first bytes.
fn heard(ear: &mut dyn BusRx) -> Vec<(u32, u8)> {
    let mut frames = Frames::default();
    while {
        let before = frames.len();
        ear.receive(&mut frames, Duration::ZERO);
        frames.len() > before
    } {}
    frames.iter().map(|frame| (frame.id().raw(), frame.data[0])).collect()
}

fn said(request: &Request) -> String {
    Job::open_with(request, &wires()).err().unwrap().to_string()
}

#[test]
fn a_recording_arrives_on_its_buses_under_the_ids_that_were_asked_for() {
    let frames = (0..1000).map(|n| (n * 10, if n % 2 == 0 { "can0" } else { "can1" }, n as u32));
    let file = recording(frames);
    let wires = wires();
    let mut ears = ["a", "b"].map(|name| wires.net.open(name, BusId(0)).rx);
    let usual = request(&file, "virtual:a");
    let wanted = Request {
        named: vec![("can1".to_owned(), "virtual:b".to_owned())],
        filter: "id:100..1FF".to_owned(),
        plan: ReplayPlan { ids: vec!["100-1FF=500".parse().unwrap()], ..usual.plan.clone() },
        ..usual
    };
    let job = Job::open_with(&wanted, &wires).unwrap();
    let summary = job.run(&AtomicBool::new(false), &mut |_| {}).unwrap();
    assert_eq!((summary.ended, summary.frames_sent, summary.left_out), (Ended::End, 256, 744));
    for (place, ear) in ears.iter_mut().enumerate() {
        let ids = (0x100..0x200_u32).filter(|id| *id as usize % 2 == place);
        let wanted: Vec<(u32, u8)> = ids.map(|id| (id + 0x400, (id * 10 % 251) as u8)).collect();
        assert_eq!(heard(&mut **ear), wanted);
    }
}

#[test]
fn the_filter_may_name_messages_and_signals_of_dbc_files() {
    let file = recording((0..100).map(|n| (n, "can0", 0x100 + (n as u32 % 2))));
    let dbc = tempfile::NamedTempFile::new().unwrap();
    let text = "BO_ 256 Door: 1 X\n SG_ Open : 0|8@1+ (1,0) [0|255] \"%\" X\n";
    std::fs::write(dbc.path(), text).unwrap();
    let usual = request(&file, "virtual:a");
    let sent = |filter: &str, dbcs: &[&std::path::Path]| {
        let dbcs = dbcs.iter().map(|path| path.to_path_buf()).collect();
        let wanted = Request { filter: filter.to_owned(), dbcs, ..usual.clone() };
        let job = Job::open_with(&wanted, &wires()).unwrap();
        job.run(&AtomicBool::new(false), &mut |_| {}).unwrap().frames_sent
    };
    // Every frame says its microsecond, and those of Door are the even ones.
    assert_eq!(sent("sig:Open>=50", &[dbc.path()]), 25);
    assert_eq!(sent("msg:Door", &[dbc.path()]), 50);
    assert_eq!(sent("msg:Door", &[]), 0, "without the file nobody knows the name");
    let nowhere = Request { dbcs: vec!["/nowhere/x.dbc".into()], ..usual };
    assert!(said(&nowhere).contains("/nowhere/x.dbc"));
}

#[test]
fn once_it_is_told_to_stop_no_frame_goes_out_any_more() {
    let file = recording((0..200).map(|n| (n * 1000, "can0", n as u32)));
    let wires = wires();
    let mut ear = wires.net.open("a", BusId(0)).rx;
    let usual = request(&file, "virtual:a");
    let speed = Speed::NORMAL;
    let wanted = Request { plan: ReplayPlan { speed, ..usual.plan.clone() }, ..usual };
    let job = Job::open_with(&wanted, &wires).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    let (sender, counted) = std::sync::mpsc::channel();
    let listener = std::thread::spawn(move || {
        let mut frames = Frames::default();
        while frames.len() < 20 {
            ear.receive(&mut frames, Duration::from_millis(10));
        }
        asked.store(true, Ordering::SeqCst);
        sender.send((frames.len(), ear)).unwrap();
    });
    let summary = job.run(&stop, &mut |_| {}).unwrap();
    let (before, mut ear) = counted.recv().unwrap();
    listener.join().unwrap();
    let after = heard(&mut *ear).len();
    // What went out between the last hearing and the word is no more than was in flight.
    assert!(after <= 1, "{after} frames after the stop");
    assert_eq!((summary.ended, summary.frames_sent), (Ended::Stopped, (before + after) as u64));
    let none =
        Job::open_with(&wanted, &wires).unwrap().run(&AtomicBool::new(true), &mut |_| {}).unwrap();
    assert_eq!(none.frames_sent, 0);
}

#[test]
fn what_cannot_be_replayed_is_said_in_a_sentence() {
    let file = recording([(0, "can0", 1)]);
    let usual = request(&file, "virtual:a");
    let bus = |bus: &str| Request { bus: bus.to_owned(), ..usual.clone() };
    assert!(said(&bus("replay:x.log")).contains("takes no frames"));
    assert!(said(&bus("tcp:10.0.0.1:5025")).contains("takes no frames"));
    assert!(said(&bus("virtual:")).contains("names nothing"));
    let filter = "id:".to_owned();
    assert!(said(&Request { filter, ..usual.clone() }).contains("the filter cannot be used"));
    let speed = Speed::Factor(101.0);
    let plan = ReplayPlan { speed, ..ReplayPlan::default() };
    assert!(said(&Request { plan, ..usual.clone() }).contains("0.1 to 100"));
    let named = (0..BUSES).map(|n| (format!("can{n}"), format!("virtual:b{n}"))).collect();
    assert!(said(&Request { named, ..usual.clone() }).contains("at most 16"));
    let missing = Request { file: "/nowhere/at/all.log".into(), ..usual };
    assert!(said(&missing).contains("cannot be opened"));
}

#[test]
fn what_sets_up_devices_is_known_without_a_profile() {
    let blocks = reserved(&Catalog::builtin());
    assert!(!blocks.is_empty());
    let catalog = Catalog::builtin();
    let bmu = catalog.find("prohelion-d1000-gen1").map(|kind| kind.bind(kind.defaults()).unwrap());
    for claim in bmu.iter().flat_map(|device| device.nevers()) {
        let id = crate::engine::can::frame::Id::standard(*claim.ids.start()).unwrap();
        assert!(blocks.iter().any(|block| block.holds(id)), "{id}");
    }
}

/// A bus that brings one piece at a time, as a serial adapter does.
struct Chatty {
    left: u32,
    told: std::sync::mpsc::Sender<()>,
}

impl BusRx for Chatty {
    fn receive(&mut self, into: &mut Frames, _wait: Duration) -> crate::engine::can::bus::Received {
        if let Some(left) = self.left.checked_sub(1) {
            self.left = left;
            into.push(Frame::classic(Id::standard(1).unwrap(), &[]).unwrap().view());
            if left == 0 {
                self.told.send(()).unwrap();
            }
        }
        Default::default()
    }

    fn status(&self) -> BusStatus {
        BusStatus::plain(BusState::Active)
    }
}

#[test]
fn all_that_a_bus_says_beside_a_replay_is_read_however_little_comes_at_a_time() {
    let (told, heard) = std::sync::mpsc::channel();
    // At one piece every fifty milliseconds this would take a quarter of an hour.
    let listener = Listener::start(vec![Box::new(Chatty { left: 20_000, told })]).unwrap();
    heard.recv_timeout(Duration::from_secs(30)).expect("all of it is read");
    listener.end();
}
