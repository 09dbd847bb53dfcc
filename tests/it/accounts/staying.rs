//! How long somebody who is in stays in, and what ends it.

use std::time::Duration;

use busbar::base::time::Wall;
use busbar::engine::{
    AccountId, ChangeAccount, CreateToken, DeleteAccount, Denied, EndSession, EndSessions, Ended,
    Face, NotIn, OrderError, Origin, Preset, RevokeToken, Right, Rights, SaveSettings,
    SessionSettings, SignedIn, Status, UseCan, ViewPlant,
};

use super::house::{GOOD, House, browser, home, person};

fn enter(house: &House, signed_in: &SignedIn) -> Result<(), NotIn> {
    house.gate().enter(signed_in.token.reveal(), &home()).map(|_| ())
}

/// How the session of somebody ends when the order is given.
fn ends_by(preset: Preset, give: impl FnOnce(&House, AccountId)) -> Ended {
    let (house, _) = House::with_ada();
    let id = house.add(person(house.gate(), "grace", preset)).account.id;
    let signed_in = house.sign_in("grace", GOOD).unwrap();
    give(&house, id);
    let ended = signed_in.session.life().ended().expect("the session goes on");
    assert!(matches!(signed_in.session.permit(ViewPlant), Err(Denied::Ended(_))));
    let refused = house.gate().enter(signed_in.token.reveal(), &home()).unwrap_err();
    assert!(refused == NotIn::Ended(ended) || refused == NotIn::Unknown, "{refused:?}");
    ended
}

#[test]
fn a_session_ends_at_once_with_what_it_stood_on() {
    let change = |id, order| ChangeAccount { id: Some(id), ..order };
    let ended = ends_by(Preset::Engineer, |house, id| {
        let rights = Some(Preset::Viewer.rights());
        house.order(change(id, ChangeAccount { rights, ..Default::default() })).unwrap();
    });
    assert_eq!(ended, Ended::RightsChanged);
    let ended = ends_by(Preset::Viewer, |house, id| {
        let status = Some(Status::Disabled);
        house.order(change(id, ChangeAccount { status, ..Default::default() })).unwrap();
    });
    assert_eq!(ended, Ended::Disabled);
    let ended = ends_by(Preset::Viewer, |house, id| {
        house.order(DeleteAccount { id, expected: None }).unwrap();
    });
    assert_eq!(ended, Ended::Deleted);
    let ended = ends_by(Preset::Viewer, |house, id| {
        house.order(EndSessions { account: id, keep: None }).unwrap();
    });
    assert_eq!(ended, Ended::ByOthers);
}

#[test]
fn an_unused_session_ends_after_the_idle_time_and_every_one_after_the_absolute() {
    let (house, _) = House::with_ada();
    let (idle, busy) = (house.sign_in("ada", GOOD).unwrap(), house.sign_in("ada", GOOD).unwrap());
    house.wait(30 * 60 - 1);
    enter(&house, &busy).unwrap();
    house.wait(1);
    assert_eq!(enter(&house, &idle), Err(NotIn::Ended(Ended::Expired)));
    for _ in 0..24 {
        if enter(&house, &busy).is_err() {
            break;
        }
        house.wait(29 * 60);
    }
    assert_eq!(enter(&house, &busy), Err(NotIn::Ended(Ended::Expired)));
    let lived = house.clock_since(busy.account.last_sign_in.unwrap());
    assert!((12 * 3600..12 * 3600 + 29 * 60).contains(&lived), "{lived} s");
}

#[test]
fn the_times_are_settings_and_hold_for_those_who_are_in() {
    let (house, _) = House::with_ada();
    let signed_in = house.sign_in("ada", GOOD).unwrap();
    let sessions = Some(SessionSettings { idle_min: 5, ..SessionSettings::default() });
    house.order(SaveSettings { sessions, ..Default::default() }).unwrap();
    house.wait(5 * 60);
    assert_eq!(enter(&house, &signed_in), Err(NotIn::Ended(Ended::Expired)));
}

#[test]
fn a_stream_that_asks_nothing_ends_too_and_the_roster_shows_it() {
    let (house, _) = House::with_ada();
    let signed_in = house.sign_in("ada", GOOD).unwrap();
    let (woken, wakes) = std::sync::mpsc::sync_channel(64);
    let grant = house.desk.permit(ViewPlant).unwrap();
    house.door().watch_roster(
        &grant,
        Box::new(move || {
            let _full = woken.try_send(());
        }),
    );
    house.wait(30 * 60);
    let shown = || {
        let roster = house.roster();
        let entry = roster.sessions.iter().find(|entry| Some(entry.id) == signed_in.session.id());
        entry.and_then(|entry| entry.ended).map(|(_, why)| why)
    };
    while shown().is_none() {
        wakes.recv_timeout(Duration::from_secs(20)).expect("nobody swept");
    }
    assert_eq!(signed_in.session.life().ended(), Some(Ended::Expired));
    assert_eq!(shown(), Some(Ended::Expired));
}

#[test]
fn signing_out_ends_the_session_and_nothing_else() {
    let (house, _) = House::with_ada();
    let (one, other) = (house.sign_in("ada", GOOD).unwrap(), house.sign_in("ada", GOOD).unwrap());
    house.gate().sign_out(&one.session).unwrap();
    assert_eq!(enter(&house, &one), Err(NotIn::Ended(Ended::SignedOut)));
    enter(&house, &other).unwrap();
    assert_eq!(house.last_line().action, "sign_out");
    let lines = house.journal().len();
    house.gate().sign_out(&one.session).unwrap();
    assert_eq!(house.journal().len(), lines, "a session ends once");
}

#[test]
fn sessions_tokens_and_accounts_outlive_the_program() {
    let (house, ada) = House::with_ada();
    let signed_in = house.sign_in("ada", GOOD).unwrap();
    let out = house.sign_in("ada", GOOD).unwrap();
    house.gate().sign_out(&out.session).unwrap();
    let token = house.order(token_of(&house, ada, "ci")).unwrap().token;
    let house = house.restarted();
    assert!(enter(&house, &signed_in).is_ok());
    assert_eq!(enter(&house, &out), Err(NotIn::Ended(Ended::SignedOut)));
    assert!(house.gate().enter(token.reveal(), &program()).is_ok());
    house.sign_in("ada", GOOD).unwrap();
    house.wait(12 * 3600);
    let house = house.restarted();
    assert_eq!(enter(&house, &signed_in), Err(NotIn::Ended(Ended::Expired)));
}

#[test]
fn an_account_has_at_most_64_sessions_and_the_oldest_ends() {
    let (house, ada) = House::with_ada();
    let all: Vec<SignedIn> = (0..66).map(|_| house.sign_in("ada", GOOD).unwrap()).collect();
    assert_eq!(enter(&house, &all[1]), Err(NotIn::Ended(Ended::Replaced)));
    enter(&house, &all[2]).unwrap();
    let roster = house.roster();
    let living = roster.sessions.iter().filter(|s| s.account == ada && s.ended.is_none());
    assert_eq!(living.count(), 64);
}

#[test]
fn ones_own_sessions_can_be_ended_by_oneself_and_others_by_an_administrator_only() {
    let (house, ada) = House::with_ada();
    let eve = house.add(person(house.gate(), "eve", Preset::Viewer)).account.id;
    let (here, there) = (house.sign_in("eve", GOOD).unwrap(), house.sign_in("eve", GOOD).unwrap());
    let theirs = house.sign_in("ada", GOOD).unwrap();
    let end = |account, of: &SignedIn| EndSession { account, id: of.session.id().unwrap() };
    assert!(house.order_as(&here.session, end(ada, &theirs)).is_err());
    let not_found = house.order_as(&here.session, end(eve, &theirs)).unwrap().unwrap_err();
    assert!(matches!(not_found, OrderError::NotFound { .. }), "{not_found}");
    enter(&house, &theirs).unwrap();
    house.order_as(&here.session, end(eve, &there)).unwrap().unwrap();
    assert_eq!(enter(&house, &there), Err(NotIn::Ended(Ended::ByOthers)));
    let keep = here.session.id();
    house.sign_in("eve", GOOD).unwrap();
    let ended = house.order_as(&here.session, EndSessions { account: eve, keep });
    assert_eq!(ended.unwrap().unwrap(), 1);
    enter(&house, &here).unwrap();
}

/// An API client.
fn program() -> Origin {
    Origin { face: Face::Api, ..browser("198.51.100.20") }
}

fn token_of(house: &House, account: AccountId, name: &str) -> CreateToken {
    let expires = house.in_days(90);
    CreateToken { account, name: name.into(), rights: Preset::Viewer.rights(), expires }
}

#[test]
fn a_token_opens_what_it_was_made_for_and_says_who_it_is() {
    let (house, ada) = House::with_ada();
    let made = house.order(token_of(&house, ada, "ci")).unwrap();
    let session = house.gate().enter(made.token.reveal(), &program()).unwrap();
    assert_eq!(session.actor().to_string(), "ada (token ci)");
    assert!(session.may(ViewPlant) && !session.may(UseCan));
    assert_eq!((session.face(), session.address()), (Face::Api, program().address));
    assert_eq!(house.last_line().target, "token ci of account ada");
    assert_eq!(made.entry.life.used(), made.entry.created);
    // Nobody uses it for a month: a program may come as rarely as it likes.
    house.wait(30 * 24 * 3600);
    assert!(house.gate().enter(made.token.reveal(), &program()).is_ok());
    house.wait(60 * 24 * 3600);
    let over = house.gate().enter(made.token.reveal(), &program()).unwrap_err();
    assert_eq!(over, NotIn::Ended(Ended::Expired));
}

#[test]
fn a_token_never_allows_more_than_its_account_and_goes_with_its_rights() {
    let (house, _) = House::with_ada();
    let eve = house.add(person(house.gate(), "eve", Preset::Engineer)).account.id;
    let rights = Rights::of(&[Right::ChargePacks]);
    let more = CreateToken { rights, ..token_of(&house, eve, "more") };
    assert!(matches!(house.order(more), Err(OrderError::Unfit(_))));
    let can = Rights::of_account(&[Right::SendReceiveCan]);
    let can = house.order(CreateToken { rights: can, ..token_of(&house, eve, "can") }).unwrap();
    let read = house.order(token_of(&house, eve, "read")).unwrap();
    let rights = Some(Preset::Viewer.rights());
    house.order(ChangeAccount { id: Some(eve), rights, ..Default::default() }).unwrap();
    let enter = |token: &busbar::engine::Secret| house.gate().enter(token.reveal(), &program());
    assert_eq!(enter(&can.token).unwrap_err(), NotIn::Ended(Ended::Revoked));
    assert!(enter(&read.token).is_ok());
}

#[test]
fn a_token_rests_while_its_account_is_disabled_and_ends_when_revoked() {
    let (house, _) = House::with_ada();
    let eve = house.add(person(house.gate(), "eve", Preset::Viewer)).account.id;
    let made = house.order(token_of(&house, eve, "ci")).unwrap();
    let enter = || house.gate().enter(made.token.reveal(), &program());
    let held = enter().unwrap();
    let set = |status| {
        let (id, status) = (Some(eve), Some(status));
        house.order(ChangeAccount { id, status, ..Default::default() }).unwrap();
    };
    set(Status::Disabled);
    assert_eq!(enter().unwrap_err(), NotIn::Ended(Ended::Disabled));
    set(Status::Active);
    assert!(enter().is_ok());
    assert_eq!(held.life().ended(), Some(Ended::Disabled), "an old stream stays closed");
    let id = made.entry.id;
    house.order(RevokeToken { account: eve, id }).unwrap();
    assert_eq!(enter().unwrap_err(), NotIn::Ended(Ended::Revoked));
    let again = house.order(RevokeToken { account: eve, id }).unwrap_err();
    assert!(matches!(again, OrderError::NotFound { .. }), "{again}");
}

#[test]
fn a_token_has_a_name_of_its_own_and_an_end() {
    let (house, ada) = House::with_ada();
    house.order(token_of(&house, ada, "ci")).unwrap();
    let taken = house.order(token_of(&house, ada, " CI ")).unwrap_err();
    assert!(matches!(taken, OrderError::Taken { what: "a token", .. }), "{taken}");
    for days in [-1, 0, 365 * 11] {
        let expires = house.in_days(days);
        let order = CreateToken { expires, ..token_of(&house, ada, "other") };
        assert!(matches!(house.order(order), Err(OrderError::Unfit(_))), "{days} days");
    }
    let none = CreateToken { rights: Rights::NONE, ..token_of(&house, ada, "none") };
    assert!(matches!(house.order(none), Err(OrderError::Unfit(_))));
}

#[test]
fn what_was_never_a_token_opens_nothing() {
    let (house, _) = House::with_ada();
    for token in ["", "x", &"A".repeat(43), &"A".repeat(100_000), "' OR 1=1 --"] {
        let refused = house.gate().enter(token, &home()).unwrap_err();
        assert_eq!(refused, NotIn::Unknown);
    }
}

impl House {
    /// Seconds from `at` to now.
    fn clock_since(&self, at: Wall) -> i64 {
        use busbar::base::time::Clock as _;
        (self.clock.wall().nanos() - at.nanos()) / 1_000_000_000
    }

    /// The moment so many days from now.
    fn in_days(&self, days: i64) -> Wall {
        use busbar::base::time::Clock as _;
        Wall::from_nanos(self.clock.wall().nanos() + days * 24 * 3600 * 1_000_000_000)
    }
}
