//! Signing in, and what is said to those who may not.

use busbar::engine::{
    ChangeAccount, Ended, GivePassword, LiftWait, MustChangeIt, NotIn, Outcome, OwnPasswordError,
    Preset, SignInError, Status, ViewPlant,
};

use super::house::{BETTER, GOOD, House, browser, home, invited, person, secret};

#[test]
fn whoever_has_the_password_comes_in_and_their_token_opens_the_gate() {
    let (house, ada) = House::with_ada();
    let signed_in = house.sign_in(" ADA ", GOOD).unwrap();
    assert_eq!(signed_in.account.id, ada);
    let session = house.gate().enter(signed_in.token.reveal(), &home()).unwrap();
    assert_eq!(session.actor().to_string(), "ada");
    assert!(session.may(ViewPlant));
    assert_eq!(house.account(ada).last_sign_in, Some(signed_in.account.last_sign_in.unwrap()));
    let line = house.last_line();
    assert_eq!((line.action.as_str(), line.who.as_str()), ("sign_in", "ada"));
    assert_eq!((line.outcome, line.target.as_str()), (Outcome::Done, "account ada"));
    assert_eq!(line.address.as_deref(), Some("192.0.2.1"));
}

#[test]
fn every_reason_not_to_come_in_sounds_the_same() {
    let (house, _) = House::with_ada();
    house.add(invited("grace", Preset::Viewer));
    let bob = house.add(person(house.gate(), "bob", Preset::Viewer)).account.id;
    let status = Some(Status::Disabled);
    house.order(ChangeAccount { id: Some(bob), status, ..Default::default() }).unwrap();
    for (name, password) in [("ada", BETTER), ("nobody", GOOD), ("grace", GOOD), ("bob", GOOD)] {
        let error = house.sign_in(name, password).unwrap_err();
        assert!(matches!(error, SignInError::Wrong), "{name}: {error}");
    }
}

#[test]
fn a_refused_attempt_is_written_without_the_password_or_a_name_that_nobody_has() {
    let (house, _) = House::with_ada();
    house.sign_in("hunter2 oops", GOOD).unwrap_err();
    house.sign_in("ada", BETTER).unwrap_err();
    let lines = house.journal();
    let refused: Vec<_> = lines.iter().filter(|line| line.outcome == Outcome::Refused).collect();
    assert_eq!(refused[0].target, "an unknown name");
    assert_eq!(refused[1].target, "account ada");
    assert!(refused.iter().all(|line| line.who == "not signed in"));
    let all = serde_json::to_string(&lines).unwrap();
    assert!(!all.contains("hunter2") && !all.contains(BETTER) && !all.contains(GOOD));
}

#[test]
fn after_five_wrong_attempts_one_waits_and_the_wait_costs_no_hash_and_no_line() {
    let (house, _) = House::with_ada();
    for _ in 0..5 {
        assert!(matches!(house.sign_in("ada", BETTER), Err(SignInError::Wrong)));
    }
    let lines = house.journal().len();
    for _ in 0..50 {
        let error = house.sign_in("ada", GOOD).unwrap_err();
        assert!(matches!(error, SignInError::Wait { seconds: 1 }), "{error}");
    }
    assert_eq!(house.journal().len(), lines);
    assert_eq!(house.journal().iter().filter(|line| line.action == "begin_wait").count(), 1);
    house.wait(1);
    house.sign_in("ada", GOOD).unwrap();
}

#[test]
fn the_wait_is_never_for_good_and_the_desk_can_lift_it() {
    let (house, ada) = House::with_ada();
    for _ in 0..30 {
        while let Err(SignInError::Wait { seconds }) = house.sign_in("ada", BETTER) {
            assert!(seconds <= 300);
            house.wait(seconds.into());
        }
    }
    assert!(matches!(house.sign_in("ada", GOOD), Err(SignInError::Wait { .. })));
    house.order(LiftWait { account: ada }).unwrap();
    house.sign_in("ada", GOOD).unwrap();
}

#[test]
fn an_address_waits_whatever_names_it_tries() {
    let (house, _) = House::with_ada();
    for n in 0..5 {
        house.sign_in(&format!("nobody{n}"), GOOD).unwrap_err();
    }
    assert!(matches!(house.sign_in("ada", GOOD), Err(SignInError::Wait { .. })));
    let elsewhere = browser("192.0.2.99");
    house.gate().sign_in("ada", &secret(GOOD), &elsewhere).unwrap();
}

#[test]
fn a_password_given_by_somebody_else_lets_in_for_nothing_but_its_change() {
    let (house, _) = House::with_ada();
    let grace = house.add(person(house.gate(), "grace", Preset::Viewer)).account.id;
    let hash = house.gate().hash("grace", &secret(BETTER)).unwrap();
    let given = GivePassword { id: grace, expected: None, hash, must_change: MustChangeIt::Yes };
    house.order(given).unwrap();
    let signed_in = house.sign_in("grace", BETTER).unwrap();
    assert!(signed_in.session.must_change_password() && signed_in.account.must_change_password);
    assert!(!signed_in.session.may(ViewPlant));
    let gate = house.gate();
    let change = |current: &str, new: &str| {
        gate.change_password(&signed_in.session, &secret(current), secret(new), &home())
    };
    let same = change(BETTER, BETTER).unwrap_err();
    assert!(matches!(same, OwnPasswordError::Same), "{same}");
    let changed = change(BETTER, "a third good one").unwrap();
    assert!(changed.session.may(ViewPlant) && !changed.account.must_change_password);
    let old = gate.enter(signed_in.token.reveal(), &home());
    assert_eq!(old.unwrap_err(), NotIn::Ended(Ended::Replaced));
    assert!(gate.enter(changed.token.reveal(), &home()).is_ok());
}

#[test]
fn changing_ones_password_needs_the_old_one_and_ends_ones_other_sessions() {
    let (house, _) = House::with_ada();
    let (here, there) = (house.sign_in("ada", GOOD).unwrap(), house.sign_in("ada", GOOD).unwrap());
    let gate = house.gate();
    let wrong = gate.change_password(&here.session, &secret(BETTER), secret(BETTER), &home());
    let wrong = wrong.unwrap_err();
    assert!(matches!(wrong, OwnPasswordError::Current(SignInError::Wrong)), "{wrong}");
    let short = gate.change_password(&here.session, &secret(GOOD), secret("short"), &home());
    assert!(matches!(short.unwrap_err(), OwnPasswordError::New(_)));
    assert!(gate.enter(there.token.reveal(), &home()).is_ok());
    gate.change_password(&here.session, &secret(GOOD), secret(BETTER), &home()).unwrap();
    let ended = gate.enter(there.token.reveal(), &home()).unwrap_err();
    assert_eq!(ended, NotIn::Ended(Ended::PasswordChanged));
    assert!(house.sign_in("ada", GOOD).is_err() && house.sign_in("ada", BETTER).is_ok());
}

#[test]
fn whoever_sits_at_the_desk_has_no_password_to_change() {
    let (house, _) = House::with_ada();
    let desk = house.gate().change_password(&house.desk, &secret(GOOD), secret(BETTER), &home());
    assert!(matches!(desk.unwrap_err(), OwnPasswordError::NoAccount));
}
