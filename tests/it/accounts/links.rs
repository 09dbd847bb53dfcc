//! One-time links: invitations, resets, and the first administrator.

use std::time::Duration;

use busbar::engine::{
    ChangeAccount, Config, Ended, Face, FieldError, MakeLink, NotIn, OneTimeLink, OrderError,
    Preset, Purpose, RedeemError, Status, office, start,
};

use super::house::{BASE, BETTER, GOOD, House, browser, home, invited, person, secret};

/// The part of the link behind the base.
fn path(link: &OneTimeLink) -> String {
    link.url.reveal().strip_prefix(BASE).unwrap().to_owned()
}

fn no_link(outcome: Result<busbar::engine::SignedIn, RedeemError>) {
    let error = outcome.unwrap_err();
    assert!(matches!(error, RedeemError::NoLink), "{error}");
}

#[test]
fn an_invitation_sets_the_password_and_signs_in_once() {
    let (house, _) = House::with_ada();
    let added = house.add(invited("grace", Preset::Viewer));
    let link = added.link.unwrap();
    let token = link.token.reveal();
    assert_eq!(path(&link), format!("invitation/{token}"));
    assert_eq!((token.len(), link.mailed_to.as_deref()), (43, None));
    let offer = house.gate().look_at_link(token).unwrap();
    assert_eq!((offer.purpose, offer.name.as_deref()), (Purpose::Invitation, Some("grace")));
    let weak = house.gate().redeem(token, None, &secret("short"), &home()).unwrap_err();
    assert!(matches!(weak, RedeemError::Password(_)), "{weak}");
    let signed_in = house.gate().redeem(token, None, &secret(GOOD), &home()).unwrap();
    assert_eq!(signed_in.account.status, Status::Active);
    assert!(house.gate().enter(signed_in.token.reveal(), &home()).is_ok());
    assert_eq!(house.gate().look_at_link(token), None);
    no_link(house.gate().redeem(token, None, &secret(BETTER), &home()));
    house.sign_in("grace", GOOD).unwrap();
    let lines = house.journal();
    assert!(lines.iter().any(|line| line.action == "redeem_link" && line.who == "grace"));
    let all = serde_json::to_string(&lines).unwrap();
    assert!(!all.contains(token) && !all.contains(GOOD));
}

#[test]
fn a_newer_link_cancels_the_older_and_each_runs_out() {
    let (house, _) = House::with_ada();
    let added = house.add(invited("grace", Preset::Viewer));
    let (id, first) = (added.account.id, added.link.unwrap());
    let order = MakeLink { id, purpose: Purpose::Invitation, link_base: BASE.into() };
    let second = house.order(order).unwrap().link.unwrap();
    no_link(house.gate().redeem(first.token.reveal(), None, &secret(GOOD), &home()));
    house.wait(72 * 3600 - 1);
    assert!(house.gate().look_at_link(second.token.reveal()).is_some());
    house.wait(1);
    assert_eq!(house.gate().look_at_link(second.token.reveal()), None);
    no_link(house.gate().redeem(second.token.reveal(), None, &secret(GOOD), &home()));
}

#[test]
fn a_disabled_account_has_no_link() {
    let (house, _) = House::with_ada();
    let added = house.add(invited("grace", Preset::Viewer));
    let (id, link) = (Some(added.account.id), added.link.unwrap());
    let status = Some(Status::Disabled);
    house.order(ChangeAccount { id, status, ..Default::default() }).unwrap();
    assert_eq!(house.gate().look_at_link(link.token.reveal()), None);
    no_link(house.gate().redeem(link.token.reveal(), None, &secret(GOOD), &home()));
}

#[test]
fn a_reset_link_takes_the_old_password_away_and_ends_the_sessions() {
    let (house, _) = House::with_ada();
    let grace = house.add(person(house.gate(), "grace", Preset::Viewer)).account.id;
    let signed_in = house.sign_in("grace", GOOD).unwrap();
    let order = MakeLink { id: grace, purpose: Purpose::Reset, link_base: BASE.into() };
    let made = house.order(order).unwrap();
    assert_eq!((made.account.status, made.account.has_password), (Status::Active, false));
    assert_eq!(signed_in.session.life().ended(), Some(Ended::PasswordChanged));
    assert!(house.sign_in("grace", GOOD).is_err());
    let link = made.link.unwrap();
    house.gate().redeem(link.token.reveal(), None, &secret(BETTER), &home()).unwrap();
    house.sign_in("grace", BETTER).unwrap();
}

#[test]
fn the_purpose_of_a_link_fits_the_account() {
    let (house, ada) = House::with_ada();
    let grace = house.add(invited("grace", Preset::Viewer)).account.id;
    for (id, purpose) in
        [(ada, Purpose::Invitation), (grace, Purpose::Reset), (grace, Purpose::SetUp)]
    {
        let error = house.order(MakeLink { id, purpose, link_base: BASE.into() }).unwrap_err();
        assert!(matches!(error, OrderError::Unfit(_)), "{purpose:?}: {error}");
    }
}

#[test]
fn links_that_there_are_not_count_against_the_address() {
    let (house, _) = House::with_ada();
    let added = house.add(invited("grace", Preset::Viewer));
    let token = added.link.unwrap().token;
    for n in 0..5 {
        no_link(house.gate().redeem(&format!("{n:043}"), None, &secret(GOOD), &home()));
    }
    let waits = house.gate().redeem(token.reveal(), None, &secret(GOOD), &home()).unwrap_err();
    assert!(matches!(waits, RedeemError::Wait { seconds: 1 }), "{waits}");
    let elsewhere = browser("198.51.100.4");
    house.gate().redeem(token.reveal(), None, &secret(GOOD), &elsewhere).unwrap();
}

/// An engine with its seat still free, for set-up.
fn empty() -> (tempfile::TempDir, busbar::engine::Running, busbar::engine::LocalSeat) {
    let folder = tempfile::tempdir().unwrap();
    let clock = busbar::base::time::FakeClock::new(busbar::base::time::Wall::from_nanos(0));
    let config = Config { clock, ..Config::new(folder.path().to_owned(), "a test") };
    let mut running = start(config).unwrap();
    let seat = running.take_seat().unwrap();
    (folder, running, seat)
}

#[test]
fn the_first_administrator_comes_in_by_the_set_up_link_and_nobody_after() {
    let (_folder, running, seat) = empty();
    let gate = &running.gate;
    assert!(gate.needs_set_up());
    let older = gate.set_up_link(&seat, BASE).unwrap().unwrap();
    let link = gate.set_up_link(&seat, BASE).unwrap().unwrap();
    assert_eq!(path(&link), format!("set-up/{}", link.token.reveal()));
    no_link(gate.redeem(older.token.reveal(), Some("ada"), &secret(GOOD), &home()));
    let token = link.token.reveal();
    let offer = gate.look_at_link(token).unwrap();
    assert_eq!((offer.purpose, offer.name), (Purpose::SetUp, None));
    let nameless = gate.redeem(token, None, &secret(GOOD), &home()).unwrap_err();
    assert!(matches!(nameless, RedeemError::Name(FieldError::Empty(_))), "{nameless}");
    let signed_in = gate.redeem(token, Some("ada"), &secret(GOOD), &home()).unwrap();
    assert!(signed_in.session.may(busbar::engine::Administer));
    assert!(!gate.needs_set_up());
    assert!(gate.set_up_link(&seat, BASE).unwrap().is_none());
    no_link(gate.redeem(token, Some("eve"), &secret(GOOD), &home()));
}

#[test]
fn an_administrator_made_meanwhile_cancels_the_set_up_link() {
    let (_folder, running, seat) = empty();
    let gate = &running.gate;
    let token = gate.set_up_link(&seat, BASE).unwrap().unwrap().token;
    let desk = seat.sit(Face::Desktop);
    let order = person(gate, "ada", Preset::Administrator);
    running.door.submit(&desk, order).unwrap().wait().unwrap();
    assert_eq!(gate.look_at_link(token.reveal()), None);
    no_link(gate.redeem(token.reveal(), Some("eve"), &secret(GOOD), &home()));
}

#[test]
fn what_another_process_changes_is_seen_while_the_engine_runs() {
    let (house, _) = House::with_ada();
    let grace = house.add(person(house.gate(), "grace", Preset::Viewer)).account.id;
    let signed_in = house.sign_in("grace", GOOD).unwrap();
    let (woken, wakes) = std::sync::mpsc::sync_channel(64);
    let grant = house.desk.permit(busbar::engine::ViewPlant).unwrap();
    let waker = Box::new(move || {
        let _full = woken.try_send(());
    });
    house.door().watch_roster(&grant, waker);
    // Another program on the same folder, as `busbar user disable` is.
    let office = office(house.folder.path()).unwrap();
    let session = office.seat.sit(Face::CommandLine);
    let (id, status) = (Some(grace), Some(Status::Disabled));
    let order = ChangeAccount { id, status, ..Default::default() };
    office.door.submit(&session, order).unwrap().wait().unwrap();
    while signed_in.session.life().ended().is_none() {
        wakes.recv_timeout(Duration::from_secs(20)).unwrap();
    }
    let ended = house.gate().enter(signed_in.token.reveal(), &home()).unwrap_err();
    assert_eq!(ended, NotIn::Ended(Ended::Disabled));
}
