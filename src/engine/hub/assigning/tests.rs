//! DBC files that are assigned while the hub runs.

use std::path::PathBuf;

use super::*;
use crate::base::id::{BusId, Name};
use crate::base::time::{Mono, Wall};
use crate::engine::access::grant::{Face, LocalSeat};
use crate::engine::access::permission::ChangeSettings;
use crate::engine::can::frame::Id;
use crate::engine::dbc::{Codec, parse};
use crate::engine::device::Catalog;
use crate::engine::hub::decoders::Source;
use crate::engine::hub::{Event, Hub, Now};
use crate::engine::orders::dbc::{BusDbc, DbcChange};
use crate::engine::orders::plant::{ActivateProfile, Command};
use crate::engine::orders::{Admitted, Answer};
use crate::engine::profile::model::Profile;

const NOW: Now = Now { mono: Mono::ZERO, wall: Wall::from_nanos(1_000_000_000) };
const TEXT: &str =
    "name = \"a\"\n\n[[bus]]\nname = \"can0\"\naddress = \"socketcan:can0\" # ours\n";

struct House {
    hub: Hub,
    effects: Vec<Effect>,
    bus: Name,
}

impl House {
    fn new(file: Option<&str>) -> Self {
        let profile = Profile::for_interface("can0").unwrap();
        let bus = profile.buses[0].name.clone();
        let order = ActivateProfile::of(profile);
        let (file, text) = (file.map(PathBuf::from), file.map(|_| TEXT.into()));
        let mut hub = Hub::new(Arc::new(Catalog::builtin()), NOW);
        hub.activate(ActivateProfile { file, text, ..order }, &mut Vec::new()).unwrap();
        Self { hub, effects: Vec::new(), bus }
    }

    fn change(&mut self, change: DbcChange) {
        let order = AssignDbcs { bus: self.bus.clone(), change };
        let session = LocalSeat::new().sit(Face::Desktop);
        let grant = session.permit(ChangeSettings).unwrap();
        let order = Admitted::new(&grant, Command::Assign(order), (Face::Desktop, None));
        self.hub.step(NOW, Event::Order { order, reply: Reply::new(drop) }, &mut self.effects);
    }

    fn add(&mut self, (file, text): (&str, &str)) {
        self.change(DbcChange::Add(BusDbc {
            file: PathBuf::from(file),
            codec: Arc::new(Codec::compile(&[&parse(text.as_bytes()).schema])),
            problems: Arc::from([]),
        }));
    }

    /// Adds a file, and the disk does as it should.
    fn added(&mut self, dbc: (&str, &str)) -> KeepProfile {
        self.add(dbc);
        let job = self.job().expect("something to write");
        self.hub.step(NOW, Event::Kept { number: job.number, outcome: Ok(()) }, &mut self.effects);
        assert!(matches!(self.answer(), Some(Ok(()))));
        job
    }

    fn job(&mut self) -> Option<KeepProfile> {
        let found = self.effects.iter().find_map(|one| match one {
            Effect::KeepProfile(job) => Some(job.clone()),
            _ => None,
        });
        self.effects.retain(|one| !matches!(one, Effect::KeepProfile(_)));
        found
    }

    fn answer(&mut self) -> Option<Answer> {
        let at = self.effects.iter().position(|one| matches!(one, Effect::Answer(..)))?;
        match self.effects.remove(at) {
            Effect::Answer(_, answer) => Some(answer),
            _ => None,
        }
    }

    /// How many files the bus is read by.
    fn files(&self) -> usize {
        let decoders = self.hub.snapshot(NOW).decoders.clone();
        let from_file =
            |(source, _): &(&Source, &Arc<Codec>)| matches!(source, Source::File { .. });
        decoders.sources(BusId(0)).filter(from_file).count()
    }

    fn name(&self, raw: u32) -> Option<String> {
        let decoders = self.hub.snapshot(NOW).decoders.clone();
        decoders.name(BusId(0), Id::standard(raw).unwrap()).map(str::to_owned)
    }
}

const CAR: (&str, &str) = ("/data/dbc/car.dbc", "BO_ 291 Door: 8 X\n");
const OTHER: (&str, &str) = ("/data/dbc/other.dbc", "BO_ 291 Window: 8 X\nBO_ 292 Seat: 8 X\n");

#[test]
fn a_file_is_in_force_once_the_profile_is_written_and_the_first_one_names_an_id() {
    let mut house = House::new(Some("/data/profiles/a.toml"));
    house.added(CAR);
    house.add(OTHER);
    assert!(house.answer().is_none() && house.name(292).is_none());
    let job = house.job().expect("something to write");
    let line = "dbc = [\"../dbc/car.dbc\"]\n";
    assert_eq!(*job.before, *format!("{TEXT}{line}"));
    let line = "dbc = [\"../dbc/car.dbc\", \"../dbc/other.dbc\"]\n";
    assert_eq!(*job.text, *format!("{TEXT}{line}"));
    house.add(OTHER);
    let busy = house.answer().expect("an answer").unwrap_err().to_string();
    assert!(busy.contains("is just being written"), "{busy}");
    house.hub.step(NOW, Event::Kept { number: job.number, outcome: Ok(()) }, &mut house.effects);
    assert!(matches!(house.answer(), Some(Ok(()))));
    assert_eq!(house.name(291).as_deref(), Some("Door"));
    assert_eq!(house.name(292).as_deref(), Some("Seat"));
}

#[test]
fn the_same_file_by_another_path_is_read_anew_at_its_place_and_never_twice() {
    let mut house = House::new(Some("/data/profiles/a.toml"));
    // As a profile that is loaded anew writes it.
    house.added(("/data/profiles/../dbc/car.dbc", CAR.1));
    house.added(OTHER);
    house.add((CAR.0, "BO_ 291 Gate: 8 X\n"));
    assert!(house.job().is_none(), "the profile says it already");
    assert!(matches!(house.answer(), Some(Ok(()))));
    assert_eq!(house.name(291).as_deref(), Some("Gate"));
    assert_eq!(house.files(), 2);
    // Another file of the same name is another file.
    house.change(DbcChange::Remove("/elsewhere/car.dbc".into()));
    assert!(matches!(house.answer(), Some(Ok(()))));
    assert_eq!(house.files(), 2);
    house.change(DbcChange::Remove(CAR.0.into()));
    let job = house.job().expect("something to write");
    assert!(job.text.contains("dbc = [\"../dbc/other.dbc\"]"), "{}", job.text);
    house.hub.step(NOW, Event::Kept { number: job.number, outcome: Ok(()) }, &mut house.effects);
    assert_eq!(house.name(291).as_deref(), Some("Window"));
    let Some(Ok(())) = house.answer() else { panic!("it was taken away") };
    house.change(DbcChange::Renew(BusDbc {
        file: CAR.0.into(),
        codec: Arc::new(Codec::compile(&[&parse(CAR.1.as_bytes()).schema])),
        problems: Arc::from([]),
    }));
    assert!(matches!(house.answer(), Some(Ok(()))));
    assert_eq!(house.files(), 1, "what the bus is not read by is not read anew");
}

#[test]
fn a_profile_that_cannot_be_written_leaves_the_bus_as_it_was() {
    let mut house = House::new(Some("/data/profiles/a.toml"));
    house.add(CAR);
    let job = house.job().expect("something to write");
    let outcome = Err("the disk is full".to_owned());
    house.hub.step(NOW, Event::Kept { number: job.number, outcome }, &mut house.effects);
    let why = house.answer().expect("an answer").unwrap_err().to_string();
    assert_eq!(why, "the bus is read by what it was: the disk is full");
    assert_eq!(house.name(291), None);
    house.add(CAR);
    assert_eq!(*house.job().expect("tried again").before, *TEXT);
}

#[test]
fn without_a_file_it_is_in_force_at_once_and_devices_stay() {
    let mut house = House::new(None);
    let devices = house.hub.snapshot(NOW).decoders.codecs(BusId(0)).len();
    assert!(devices > 0, "a profile for an interface has usual devices");
    house.add(CAR);
    assert!(matches!(house.answer(), Some(Ok(()))));
    assert_eq!(house.name(291).as_deref(), Some("Door"));
    house.change(DbcChange::Remove(CAR.0.into()));
    assert!(matches!(house.answer(), Some(Ok(()))));
    assert_eq!(house.name(291), None);
    assert_eq!(house.hub.snapshot(NOW).decoders.codecs(BusId(0)).len(), devices);
    house.bus = Name::new("nowhere").unwrap();
    house.add(CAR);
    let why = house.answer().expect("an answer").unwrap_err().to_string();
    assert_eq!(why, "there is no bus nowhere");
}
