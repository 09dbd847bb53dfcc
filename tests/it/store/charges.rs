//! Charges through the door, and who has read the safety text: kept over a restart.

use std::path::Path;

use busbar::base::time::SystemClock;
use busbar::engine::testing::records::{Keep, Opener, Store};
use busbar::engine::testing::remote_session;
use busbar::engine::{
    ChargeFilter, ChargeReport, Config, Face, ReadSafetyText, Refusal, Right, Running, Session,
    ViewPlant, start,
};

const ID: u64 = 1_700_000_000_000;

fn house(folder: &Path) -> (Running, Session) {
    let mut running = start(Config::new(folder.to_owned(), "a test")).unwrap();
    let session = running.take_seat().unwrap().sit(Face::Desktop);
    (running, session)
}

#[test]
fn the_safety_text_is_read_once_by_each_person() {
    let folder = tempfile::tempdir().unwrap();
    let (running, here) = house(folder.path());
    let operator = remote_session(&[Right::ChargePacks]);
    let viewer = remote_session(&[Right::ReadSettings]);
    let has_read = |running: &Running, who| running.door.has_read_safety_text(who);
    assert!(!has_read(&running, &here) && !has_read(&running, &operator));
    running.door.submit(&here, ReadSafetyText).unwrap().wait().unwrap();
    assert!(has_read(&running, &here), "known as soon as it is answered");
    assert!(!has_read(&running, &operator), "somebody else has not");
    assert!(matches!(running.door.submit(&viewer, ReadSafetyText), Err(Refusal::Denied(_))));
    running.door.submit(&operator, ReadSafetyText).unwrap().wait().unwrap();
    running.door.submit(&operator, ReadSafetyText).unwrap().wait().unwrap();
    drop(running);
    let (running, here) = house(folder.path());
    assert!(has_read(&running, &here) && has_read(&running, &operator));
}

#[test]
fn charges_are_read_through_the_door() {
    let folder = tempfile::tempdir().unwrap();
    let (running, here) = house(folder.path());
    // The hub keeps them through the same call.
    let opened = Store::open(folder.path(), Opener::Command, SystemClock::new(), Box::new(|_| {}));
    let (store, _) = opened.unwrap();
    let charge = |number: u64| ChargeReport {
        id: ID + number,
        pack: format!("Pack {}", number % 2),
        outcome: "complete".to_owned(),
        ended_ms: Some(ID as i64 + 60_000),
        ..ChargeReport::default()
    };
    (0..4).for_each(|number| store.keep(Keep::Charge(Box::new(charge(number)))));
    store.settle().unwrap();
    let grant = here.permit(ViewPlant).unwrap();
    let filter = ChargeFilter { pack: Some("Pack 1".to_owned()) };
    let page = running.door.charges(&grant, &filter, None, 1).unwrap();
    assert_eq!((page.charges.len(), page.charges[0].id, page.next), (1, ID + 3, Some(ID + 3)));
    let page = running.door.charges(&grant, &filter, page.next, 1).unwrap();
    assert_eq!((page.charges[0].id, page.next), (ID + 1, None));
    assert_eq!(running.door.charge(&grant, ID + 2).unwrap(), Some(charge(2)));
    assert_eq!(running.door.charge(&grant, ID + 9).unwrap(), None);
}
