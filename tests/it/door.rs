//! Through the door: a demo runs, is watched, is refused to those who may not, and is replaced.

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use busbar::engine::{
    ActivateProfile, ClearTraffic, Config, Face, Grant, ModelPicture, OrderError, PackPicture,
    Play, Running, Session, Snapshot, ViewPlant, demo_profile, start,
};

/// Longest wait for something that happens within a tenth of a second on an idle machine.
const PATIENCE: Duration = Duration::from_secs(20);

struct House {
    running: Running,
    session: Session,
    news: Receiver<()>,
}

fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let mut running = start(Config::new(folder.path().to_owned(), "a test")).unwrap();
    let session = running.take_seat().unwrap().sit(Face::CommandLine);
    let (tell, news) = channel();
    let grant = session.permit(ViewPlant).unwrap();
    running.door.watch(
        &grant,
        Box::new(move || {
            // The test may have ended.
            let _gone = tell.send(());
        }),
    );
    House { running, session, news }
}

impl House {
    fn grant(&self) -> Grant<'_, ViewPlant> {
        self.session.permit(ViewPlant).unwrap()
    }

    fn run_demo(&self, scene: &str) {
        let order = ActivateProfile::of(demo_profile(scene).unwrap());
        self.running.door.submit(&self.session, order).unwrap().wait().unwrap();
    }

    /// Waits for a snapshot in which `wanted` finds what it looks for.
    fn until<T>(&self, wanted: impl Fn(&Snapshot) -> Option<T>) -> T {
        loop {
            let snapshot = self.running.door.look(&self.grant());
            if let Some(found) = wanted(&snapshot) {
                return found;
            }
            self.news.recv_timeout(PATIENCE).expect("no news from the hub for too long");
        }
    }
}

fn pack(snapshot: &Snapshot) -> Option<&PackPicture> {
    snapshot.components.iter().find_map(|component| match &component.model {
        ModelPicture::Bms(picture) => Some(&**picture),
        ModelPicture::Charger(_) | ModelPicture::DriverControls(_) | ModelPicture::Part => None,
    })
}

#[test]
fn the_demo_pack_shows_its_voltage_and_every_module() {
    let house = house();
    house.run_demo("demo");
    let (volts, modules) = house.until(|snapshot| {
        let pack = pack(snapshot)?;
        let counted = pack.cells.counted;
        let volts = pack.voltage.value?.get();
        (pack.modules.len() == 14 && counted > 100).then_some((volts, counted))
    });
    assert!((300.0..500.0).contains(&volts), "{volts} V over {modules} cells");
}

#[test]
fn nothing_is_sent_by_the_console_itself() {
    let house = house();
    house.run_demo("demo");
    let totals =
        house.until(|snapshot| (snapshot.totals.received > 200).then_some(snapshot.totals));
    assert_eq!(totals.sent, 0);
    assert_eq!(totals.lost, 0);
}

#[test]
fn another_profile_takes_everything_of_the_old_one_with_it() {
    let house = house();
    house.run_demo("demo");
    house.until(|snapshot| (!snapshot.traffic.rows().is_empty()).then_some(()));
    house.run_demo("weak-cell");
    let name = house.until(|snapshot| snapshot.profile.as_ref().map(|p| p.name.to_string()));
    assert_ne!(name, "Demo");
}

#[test]
fn the_player_cannot_be_used_without_a_recording() {
    let house = house();
    let answer = house.running.door.submit(&house.session, Play::Pause).unwrap().wait();
    assert!(matches!(answer, Err(OrderError::NoRecording)));
}

#[test]
fn the_table_can_be_emptied() {
    let house = house();
    house.run_demo("demo");
    let before = house.until(|snapshot| {
        snapshot.traffic.rows().iter().map(|row| row.count).max().filter(|count| *count > 5)
    });
    house.running.door.submit(&house.session, ClearTraffic).unwrap().wait().unwrap();
    let after = house.until(|snapshot| {
        let most = snapshot.traffic.rows().iter().map(|row| row.count).max();
        most.or(Some(0)).filter(|count| *count < before)
    });
    assert!(after < before);
}

#[test]
fn the_seat_is_taken_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = start(Config::new(folder.path().to_owned(), "a test")).unwrap();
    assert!(running.take_seat().is_some());
    assert!(running.take_seat().is_none());
}
