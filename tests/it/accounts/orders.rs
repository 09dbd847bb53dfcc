//! What orders about accounts and services do, and what they refuse.

use busbar::engine::{
    Account, AccountId, AccountKind, AddAccount, AddService, ChangeAccount, Credential,
    DeleteAccount, Denied, GivePassword, MakeLink, MustChangeIt, OrderError, Outcome, Preset,
    Purpose, Refusal, RemoveService, RenameService, Right, Rights, ServiceChoice, Status,
};
use serde_json::json;

use super::house::{BASE, BETTER, GOOD, House, invited, person, secret};

fn change(id: AccountId) -> ChangeAccount {
    ChangeAccount { id: Some(id), ..ChangeAccount::default() }
}

fn machine(name: &str) -> AddAccount {
    let (kind, credential) = (AccountKind::Machine, Credential::None);
    AddAccount { kind, credential, ..invited(name, Preset::Operator) }
}

fn set_status(house: &House, id: AccountId, status: Status) -> Result<Account, OrderError> {
    house.order(ChangeAccount { status: Some(status), ..change(id) })
}

#[test]
fn an_account_is_as_it_was_asked_for_and_the_journal_says_so() {
    let (house, _) = House::with_ada();
    let order = AddAccount {
        email: Some(" grace@example.org ".into()),
        service: ServiceChoice::Named("Garage".into()),
        ..person(house.gate(), " grace ", Preset::Operator)
    };
    let grace = house.add(order).account;
    assert_eq!((grace.name.as_str(), grace.status), ("grace", Status::Active));
    assert_eq!(grace.email.as_deref(), Some("grace@example.org"));
    assert_eq!(grace.rights, Rights::of(&[Right::ReadSettings, Right::ChargePacks]));
    let roster = house.roster();
    assert_eq!(roster.service(grace.service.unwrap()).unwrap().name, "Garage");
    let line = house.last_line();
    assert_eq!((line.action.as_str(), line.who.as_str()), ("add_account", "local console"));
    assert_eq!(line.target, "account grace");
    let after = line.after.unwrap();
    assert_eq!(after["permissions"], json!(["read_settings", "charge_packs"]));
    assert_eq!(after["service"], "Garage");
    assert!(!after.to_string().contains("argon2"));
}

#[test]
fn two_accounts_never_share_a_name_whatever_the_case() {
    let (house, ada) = House::with_ada();
    let zoe = house.add(invited("Zo\u{eb}", Preset::Viewer)).account.id;
    for name in ["ADA", "ada ", "ZO\u{cb}"] {
        let error = house.order(invited(name, Preset::Viewer)).unwrap_err();
        assert!(matches!(error, OrderError::Taken { .. }), "{name}: {error}");
    }
    let name = Some("zo\u{eb}".to_owned());
    let error = house.order(ChangeAccount { name, ..change(ada) }).unwrap_err();
    assert!(matches!(error, OrderError::Taken { .. }), "{error}");
    // Its own name in another case is no other account's.
    let name = Some("ZO\u{cb}".to_owned());
    assert_eq!(house.order(ChangeAccount { name, ..change(zoe) }).unwrap().name, "ZO\u{cb}");
}

#[test]
fn a_field_that_cannot_be_is_named() {
    let (house, ada) = House::with_ada();
    let error = house.order(invited(" ", Preset::Viewer)).unwrap_err();
    assert_eq!(error.to_string(), "the name is empty");
    let email = Some(Some("nowhere".to_owned()));
    let error = house.order(ChangeAccount { email, ..change(ada) }).unwrap_err();
    assert_eq!(error.to_string(), "\u{201c}nowhere\u{201d} is not an e-mail address");
    let error = house.order(ChangeAccount::default()).unwrap_err();
    assert!(matches!(error, OrderError::NotFound { .. }), "{error}");
    let error = house.order(change(AccountId(99))).unwrap_err();
    assert_eq!(error.to_string(), "there is no account with the number 99");
}

#[test]
fn a_refused_order_changes_nothing_and_is_written_as_failed() {
    let (house, ada) = House::with_ada();
    let before = house.account(ada);
    let name = Some("ada lovelace".to_owned());
    let service = Some(ServiceChoice::Id(busbar::engine::ServiceId(7)));
    house.order(ChangeAccount { name, service, ..change(ada) }).unwrap_err();
    assert_eq!(house.account(ada), before);
    let line = house.last_line();
    assert_eq!((line.outcome, line.target.as_str()), (Outcome::Failed, "account ada"));
    assert_eq!(line.note.as_deref(), Some("there is no service with the number 7"));
}

#[test]
fn an_edit_made_on_an_older_version_is_refused() {
    let (house, ada) = House::with_ada();
    let seen = house.account(ada).version;
    let email = Some(Some("ada@example.org".to_owned()));
    let edit = |email| ChangeAccount { expected: Some(seen), email, ..change(ada) };
    let after = house.order(edit(email)).unwrap();
    assert!(after.version > seen);
    let error = house.order(edit(Some(None))).unwrap_err();
    assert!(matches!(error, OrderError::Stale { .. }), "{error}");
    let error = house.order(DeleteAccount { id: ada, expected: Some(seen) }).unwrap_err();
    assert!(matches!(error, OrderError::Stale { .. }), "{error}");
    let line = house.journal().into_iter().find(|line| line.action == "change_account").unwrap();
    assert_eq!(line.before, Some(json!({ "email": null })));
    assert_eq!(line.after, Some(json!({ "email": "ada@example.org" })));
}

#[test]
fn the_last_administrator_that_can_come_in_stays() {
    let (house, ada) = House::with_ada();
    // None of these could come in and administer.
    house.add(invited("grace", Preset::Administrator));
    let hedy = house.add(person(house.gate(), "hedy", Preset::Administrator)).account.id;
    set_status(&house, hedy, Status::Disabled).unwrap();
    let lone = AddAccount { rights: Preset::Administrator.rights(), ..machine("robot") };
    house.add(lone);
    let refused = |error: OrderError| {
        assert!(matches!(error, OrderError::LastAdministrator { .. }), "{error}");
    };
    refused(house.order(DeleteAccount { id: ada, expected: None }).unwrap_err());
    refused(set_status(&house, ada, Status::Disabled).unwrap_err());
    let rights = Some(Preset::Engineer.rights());
    refused(house.order(ChangeAccount { rights, ..change(ada) }).unwrap_err());
    let reset = MakeLink { id: ada, purpose: Purpose::Reset, link_base: BASE.into() };
    refused(house.order(reset.clone()).unwrap_err());
    assert!(house.sign_in("ada", GOOD).is_ok(), "the refused reset took the password away");
    set_status(&house, hedy, Status::Active).unwrap();
    house.order(reset).unwrap();
    refused(house.order(DeleteAccount { id: hedy, expected: None }).unwrap_err());
}

#[test]
fn the_status_follows_the_life_of_an_account() {
    let (house, _) = House::with_ada();
    let grace = house.add(invited("grace", Preset::Viewer)).account.id;
    let error = set_status(&house, grace, Status::Active).unwrap_err();
    assert!(matches!(error, OrderError::Unfit(_)), "{error}");
    assert_eq!(set_status(&house, grace, Status::Disabled).unwrap().status, Status::Disabled);
    assert_eq!(house.account(grace).link, None);
    assert_eq!(set_status(&house, grace, Status::Active).unwrap().status, Status::Invited);
    let hash = house.gate().hash("grace", &secret(GOOD)).unwrap();
    let must_change = MustChangeIt::Yes;
    let given = GivePassword { id: grace, expected: None, hash, must_change };
    let account = house.order(given).unwrap();
    assert!(account.status == Status::Active && account.must_change_password);
    assert_eq!(set_status(&house, grace, Status::Disabled).unwrap().status, Status::Disabled);
    assert_eq!(set_status(&house, grace, Status::Active).unwrap().status, Status::Active);
    let error = set_status(&house, grace, Status::Invited).unwrap_err();
    assert!(matches!(error, OrderError::Unfit(_)), "{error}");
    assert!(house.sign_in("grace", GOOD).is_ok());
}

#[test]
fn an_edit_that_changes_nothing_counts_no_version_and_ends_no_session() {
    let (house, ada) = House::with_ada();
    let signed_in = house.sign_in("ada", GOOD).unwrap();
    let before = house.account(ada);
    let rights = Some(before.rights);
    let name = Some(before.name.clone());
    let after = house.order(ChangeAccount { rights, name, ..change(ada) }).unwrap();
    assert_eq!(after.version, before.version);
    assert_eq!(signed_in.session.life().ended(), None);
}

#[test]
fn a_person_has_a_password_or_an_invitation_and_a_machine_neither() {
    let (house, _) = House::with_ada();
    let robot = house.add(machine("robot")).account;
    assert_eq!((robot.status, robot.has_password), (Status::Active, false));
    let hash = house.gate().hash("robot", &secret(GOOD)).unwrap();
    let wrong = [
        AddAccount { credential: Credential::Invitation, ..machine("a") },
        AddAccount { kind: AccountKind::Person, ..machine("b") },
    ];
    for order in wrong {
        let error = house.order(order).unwrap_err();
        assert!(matches!(error, OrderError::Unfit(_)), "{error}");
    }
    let must_change = MustChangeIt::No;
    let given = GivePassword { id: robot.id, expected: None, hash, must_change };
    assert!(matches!(house.order(given), Err(OrderError::Unfit(_))));
    let purpose = Purpose::Invitation;
    let link = MakeLink { id: robot.id, purpose, link_base: BASE.into() };
    assert!(matches!(house.order(link), Err(OrderError::Unfit(_))));
}

#[test]
fn a_number_is_never_given_to_another_account() {
    let (house, _) = House::with_ada();
    let first = house.add(invited("grace", Preset::Viewer)).account.id;
    house.order(DeleteAccount { id: first, expected: None }).unwrap();
    assert_eq!(house.last_line().target, "account grace");
    let second = house.add(invited("grace", Preset::Viewer)).account.id;
    assert!(second > first);
}

#[test]
fn only_an_administrator_gives_these_orders_and_a_refusal_is_written() {
    let (house, ada) = House::with_ada();
    house.add(person(house.gate(), "eve", Preset::Engineer));
    let eve = house.sign_in("eve", GOOD).unwrap().session;
    let refusal = house.order_as(&eve, DeleteAccount { id: ada, expected: None }).unwrap_err();
    let needs = Right::Administrator;
    assert_eq!(refusal, Refusal::Denied(Denied::Lacks { needs, actor: "eve".into() }));
    let hash = house.gate().hash("eve", &secret(BETTER)).unwrap();
    let must_change = MustChangeIt::No;
    let own =
        GivePassword { id: eve.actor().account().unwrap(), expected: None, hash, must_change };
    assert!(house.order_as(&eve, own).is_err(), "one's own password needs the old one");
    // The lines are written in the order of what happened: with this one, those before are there.
    house.add(invited("grace", Preset::Viewer));
    let lines = house.journal();
    let refused: Vec<_> = lines.iter().filter(|line| line.outcome == Outcome::Refused).collect();
    assert_eq!(refused.len(), 2);
    assert!(refused.iter().all(|line| line.who == "eve" && line.face == "web"));
}

#[test]
fn services_are_made_renamed_and_removed_when_empty() {
    let (house, ada) = House::with_ada();
    let garage = house.order(AddService { name: " Garage ".into() }).unwrap();
    assert_eq!((garage.name.as_str(), garage.members), ("Garage", 0));
    let error = house.order(AddService { name: "GARAGE".into() }).unwrap_err();
    assert!(matches!(error, OrderError::Taken { what: "a service", .. }), "{error}");
    let service = Some(ServiceChoice::Named("garage".into()));
    let account = house.order(ChangeAccount { service, ..change(ada) }).unwrap();
    assert_eq!(account.service, Some(garage.id));
    let (id, expected) = (garage.id, Some(garage.version));
    let renamed = house.order(RenameService { id, expected, name: "Track team".into() }).unwrap();
    assert_eq!(renamed.members, 1);
    let stale = RenameService { id, expected, name: "Pit".into() };
    assert!(matches!(house.order(stale), Err(OrderError::Stale { .. })));
    let error = house.order(RemoveService { id, expected: None }).unwrap_err();
    assert!(matches!(error, OrderError::ServiceInUse { members: 1, .. }), "{error}");
    let service = Some(ServiceChoice::None);
    house.order(ChangeAccount { service, ..change(ada) }).unwrap();
    house.order(RemoveService { id, expected: None }).unwrap();
    assert!(house.roster().services.is_empty());
}
