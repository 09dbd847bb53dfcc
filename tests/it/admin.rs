//! The Admin pages of the window, clicked and typed into as a person would, by accessible name.

use busbar::desktop::ask::{Ask, Existing, Place, Way};
use busbar::desktop::fixture::FixtureSource;
use busbar::desktop::source::Intent;
use busbar::engine::{
    AccountId, AccountKind, BackupRecordings, Preset, Purpose, Right, Rights, Secret,
    ServiceChoice, ServiceId, Status,
};
use egui::accesskit::{Role, Toggled};
use egui::{Key, Vec2};
use egui_kittest::kittest::{NodeT, Queryable};

use crate::desktop::{LARGE, SMALLEST, Window, open};

fn admin(size: Vec2) -> Window {
    let mut window = open(FixtureSource::running(38), size);
    window.click("Admin");
    window
}

fn asked(window: &Window) -> Vec<Ask> {
    let all = window.asked().into_iter();
    let asks = all.filter_map(|intent| match intent {
        Intent::Admin(ask) => Some(ask),
        _ => None,
    });
    asks.filter(|ask| !matches!(ask, Ask::ReadJournal { .. })).collect()
}

const NAME: &str = "Name of the user";
const EMAIL: &str = "E-mail address of the user";

fn go(window: &mut Window, tab: &str) {
    window.harness.get_by_role_and_label(Role::Tab, tab).click();
    window.harness.run();
}

/// Types into the palette and takes what fits best.
fn palette(window: &mut Window, text: &str) {
    window.ctrl(Key::K);
    window.harness.get_by_label(busbar::desktop::shell::overlay::FIELD).type_text(text);
    window.harness.run();
    window.press(Key::Enter);
}

/// Scrolls it into sight.
fn show(window: &mut Window, label: &str) {
    window.harness.get_by_label(label).scroll_to_me();
    window.harness.run();
}

fn press(window: &mut Window, label: &str) {
    show(window, label);
    window.click(label);
}

fn tick(window: &mut Window, words: &str) {
    window.harness.get_by_role_and_label(Role::CheckBox, words).click();
    window.harness.run();
}

fn ticked(window: &Window, words: &str) -> bool {
    let node = window.harness.get_by_role_and_label(Role::CheckBox, words);
    node.accesskit_node().toggled() == Some(Toggled::True)
}

/// The names of the users in the list, in their order.
fn users(window: &Window) -> Vec<String> {
    let rows = window.harness.get_all_by_role(Role::Row);
    let names = rows.filter_map(|row| row.accesskit_node().label());
    names.filter_map(|label| label.split(',').next().map(str::to_owned)).collect()
}

fn select(window: &mut Window, name: &str) {
    let part = format!("{name}, ");
    let found = window.harness.get_all_by_role(Role::Row);
    let row = found
        .into_iter()
        .find(|row| row.accesskit_node().label().is_some_and(|label| label.starts_with(&part)));
    row.expect("the user is listed").click();
    window.harness.run();
}

/// Why a button cannot be pressed, as a screen reader hears it.
fn why_not(window: &Window, label: &str) -> Option<String> {
    let node = window.harness.get_by_label(label);
    let node = node.accesskit_node();
    if node.is_disabled() { node.data().description().map(str::to_owned) } else { None }
}

#[test]
fn the_list_names_everybody_with_service_permissions_and_status() {
    let window = admin(LARGE);
    assert_eq!(users(&window), ["ada", "grace", "linus", "old-ci", "pit-display", "tim"]);
    assert!(window.shows("tim, Workshop, Invited \u{b7} link expires in 2 d"));
    assert!(window.shows("6 users"));
}

#[test]
fn a_user_is_added_by_invitation_and_the_link_is_shown_once_to_copy() {
    let mut window = admin(LARGE);
    window.click("Add user");
    assert_eq!(why_not(&window, "Add this user").as_deref(), Some("Type a name first."));
    window.type_into(NAME, "hedy");
    window.type_into(EMAIL, "hedy@example.org");
    window.click("Preset: Operator");
    tick(&mut window, "Send and receive CAN");
    window.click("Add this user");
    let [Ask::AddUser(new)] = &asked(&window)[..] else { panic!("{:?}", asked(&window)) };
    assert_eq!((new.name.as_str(), new.email.as_str()), ("hedy", "hedy@example.org"));
    assert_eq!((new.kind, &new.way), (AccountKind::Person, &Way::Invitation));
    let rights = [Right::ReadSettings, Right::ChargePacks, Right::SendReceiveCan];
    assert_eq!(new.rights, Rights::of(&rights));
    assert!(window.shows("Invitation for hedy"));
    let link = window.harness.get_by_label("Link");
    assert_eq!(link.value().as_deref(), Some("http://127.0.0.1:18080/invitation/b7Qk"));
    window.click("Copy the link");
    assert!(window.shows("Copied"));
    window.click("Close");
    assert!(!window.shows("Invitation for hedy"));
    assert!(!window.names().iter().any(|name| name.contains("b7Qk")), "it is gone for good");
    assert!(users(&window).contains(&"hedy".to_owned()));
    assert_eq!(window.count("Save the account"), 1, "the new user is selected");
}

#[test]
fn a_first_password_is_asked_for_where_it_is_set_now_and_is_not_shown() {
    let mut window = admin(SMALLEST);
    window.ctrl(Key::N);
    window.type_into(NAME, "hedy");
    press(&mut window, "Set it now");
    assert!(why_not(&window, "Add this user").is_some());
    show(&mut window, "First password to set");
    window.type_into("First password to set", "correct horse battery");
    assert!(!window.names().iter().any(|name| name.contains("horse")));
    window.click("Add this user");
    let [Ask::AddUser(new)] = &asked(&window)[..] else { panic!() };
    let Way::Password(password, must) = &new.way else { panic!("{:?}", new.way) };
    assert_eq!(password.reveal(), "correct horse battery");
    assert_eq!(*must, busbar::engine::MustChangeIt::Yes);
}

#[test]
fn a_service_account_has_no_password_and_no_address() {
    let mut window = admin(LARGE);
    window.click("Add user");
    window.click("A program");
    window.type_into(NAME, "logger");
    assert_eq!(window.count(EMAIL), 0);
    assert!(window.shows("comes in with tokens"));
    window.click("Add this user");
    let [Ask::AddUser(new)] = &asked(&window)[..] else { panic!() };
    assert_eq!((new.kind, &new.way), (AccountKind::Machine, &Way::None));
}

#[test]
fn a_refusal_stays_at_the_form_with_what_was_typed() {
    let mut window = admin(LARGE);
    let why = "There is already an account named \u{201c}ada\u{201d}.";
    window.world.borrow_mut().refusal = Some(why.into());
    window.click("Add user");
    window.type_into(NAME, "ada");
    window.click("Add this user");
    assert!(window.shows(why));
    let name = window.harness.get_by_label(NAME);
    assert_eq!(name.value().as_deref(), Some("ada"));
    window.world.borrow_mut().refusal = None;
    window.click("Add this user");
    assert!(!window.shows(why));
}

#[test]
fn permissions_are_ticked_and_saved_with_the_version_that_was_seen() {
    let mut window = admin(LARGE);
    select(&mut window, "grace");
    let offered = why_not(&window, "Save the account");
    assert_eq!(offered.as_deref(), Some("Nothing was changed."));
    assert!(ticked(&window, "Charge battery packs"));
    assert!(!ticked(&window, "Change system settings"));
    tick(&mut window, "Read system settings");
    assert!(ticked(&window, "Read system settings"), "every account may read");
    tick(&mut window, "Change system settings");
    window.click("Save the account");
    let [Ask::SaveUser(edited)] = &asked(&window)[..] else { panic!("{:?}", asked(&window)) };
    assert_eq!((edited.id, edited.version), (AccountId(2), 1));
    assert_eq!(edited.service, ServiceChoice::Id(ServiceId(1)));
    let rights = [Right::ReadSettings, Right::ChangeSettings, Right::ChargePacks];
    assert_eq!(edited.rights, Rights::of(&rights));
    assert!(why_not(&window, "Save the account").is_some(), "what is saved is what is there");
}

#[test]
fn an_administrator_holds_everything_and_unticking_brings_the_others_back() {
    let mut window = admin(LARGE);
    select(&mut window, "grace");
    tick(&mut window, "Administrator");
    assert!(ticked(&window, "Send and receive CAN"));
    tick(&mut window, "Administrator");
    assert!(!ticked(&window, "Send and receive CAN"));
    assert!(ticked(&window, "Charge battery packs"));
    tick(&mut window, "Change system settings");
    window.click("Undo");
    assert!(!ticked(&window, "Change system settings"));
    assert_eq!(asked(&window), []);
}

#[test]
fn nothing_that_was_typed_into_one_account_reaches_another() {
    let mut window = admin(LARGE);
    select(&mut window, "grace");
    tick(&mut window, "Administrator");
    select(&mut window, "tim");
    assert!(!ticked(&window, "Administrator"));
    assert_eq!(why_not(&window, "Save the account").as_deref(), Some("Nothing was changed."));
}

#[test]
fn deleting_asks_first_and_enter_leaves_it() {
    let mut window = admin(LARGE);
    select(&mut window, "grace");
    window.click("Delete…");
    assert!(window.shows("Delete grace?") && window.shows("cannot be undone"));
    window.press(Key::Enter);
    assert!(!window.shows("Delete grace?"));
    assert_eq!(asked(&window), []);
    window.click("Delete…");
    window.press(Key::Tab);
    window.press(Key::Enter);
    assert_eq!(asked(&window), [], "not even with the keyboard on it");
    window.click("Delete…");
    window.press(Key::Escape);
    assert_eq!(asked(&window), []);
    window.click("Delete…");
    window.click("Delete grace");
    assert_eq!(asked(&window), [Ask::DeleteUser { id: AccountId(2), version: 1 }]);
    assert!(!users(&window).contains(&"grace".to_owned()));
}

#[test]
fn the_last_administrator_can_neither_be_deleted_nor_disabled_nor_demoted() {
    let mut window = admin(LARGE);
    select(&mut window, "ada");
    for label in ["Delete…", "Disable…"] {
        let why = why_not(&window, label).unwrap();
        assert!(why.contains("last administrator"), "{why}");
    }
    tick(&mut window, "Administrator");
    assert!(ticked(&window, "Administrator"));
    assert!(why_not(&window, "Save the account").is_some());
}

#[test]
fn disabling_asks_and_enabling_does_not() {
    let mut window = admin(LARGE);
    select(&mut window, "grace");
    window.click("Disable…");
    window.click("Disable grace");
    let disabled = Ask::SetStatus { id: AccountId(2), version: 1, status: Status::Disabled };
    assert_eq!(asked(&window), [disabled]);
    window.click("Enable");
    let enabled = Ask::SetStatus { id: AccountId(2), version: 2, status: Status::Active };
    assert_eq!(asked(&window).last(), Some(&enabled));
}

#[test]
fn links_passwords_waits_and_tokens_are_asked_for_from_the_editor() {
    let mut window = admin(LARGE);
    select(&mut window, "tim");
    assert!(why_not(&window, "Reset password by a link").is_some(), "there is none yet");
    window.click("New invitation link");
    let id = AccountId(4);
    let invitation = Ask::MakeLink { id, purpose: Purpose::Invitation };
    assert_eq!(asked(&window), [invitation]);
    window.click("Close");
    select(&mut window, "grace");
    window.click("Lift the sign-in wait");
    assert_eq!(asked(&window).last(), Some(&Ask::LiftWait(AccountId(2))));
    window.click("Set a temporary password…");
    window.type_into("Temporary password to set", "for one day only");
    press(&mut window, "Set the password");
    let Some(Ask::GivePassword { id, name, password, .. }) = asked(&window).pop() else { panic!() };
    assert_eq!((id, name.as_str()), (AccountId(2), "grace"));
    assert_eq!(password.reveal(), "for one day only");
    press(&mut window, "New token…");
    show(&mut window, "Make the token");
    window.type_into("Name of the token", "pit screen");
    assert_eq!(window.count("Token: Send and receive CAN"), 0, "grace does not hold it");
    tick(&mut window, "Token: Charge battery packs");
    press(&mut window, "Make the token");
    let Some(Ask::NewToken { account, name, rights, days, .. }) = asked(&window).pop() else {
        panic!()
    };
    assert_eq!((account, name.as_str(), days), (AccountId(2), "pit screen", 90));
    assert_eq!(rights, Preset::Operator.rights());
}

#[test]
fn filter_status_and_sort_change_the_list() {
    let mut window = admin(LARGE);
    window.click("Sort by Name");
    assert_eq!(users(&window).first().map(String::as_str), Some("tim"));
    window.ctrl(Key::F);
    window.harness.get_by_label("Filter by name, e-mail or service").type_text("workshop");
    window.harness.run();
    assert_eq!(users(&window), ["tim", "linus"]);
    assert!(window.shows("2 of 6 users"));
    window.click("Status: all");
    window.click("Invited");
    assert_eq!(users(&window), ["tim"]);
}

#[test]
fn arrow_keys_move_through_the_users_and_escape_closes_the_editor() {
    let mut window = admin(LARGE);
    window.press(Key::ArrowDown);
    window.press(Key::ArrowDown);
    let name = |window: &Window| window.harness.get_by_label(NAME).value();
    assert_eq!(name(&window).as_deref(), Some("grace"));
    window.press(Key::ArrowUp);
    assert_eq!(name(&window).as_deref(), Some("ada"));
    window.press(Key::Escape);
    assert_eq!(window.count("Save the account"), 0);
}

#[test]
fn escape_throws_away_nothing_that_was_typed() {
    let mut window = admin(LARGE);
    window.click("Add user");
    window.type_into(NAME, "hedy");
    window.press(Key::Escape);
    window.press(Key::Escape);
    assert_eq!(window.harness.get_by_label(NAME).value().as_deref(), Some("hedy"));
    window.click("Cancel");
    assert_eq!(window.count(NAME), 0);
    select(&mut window, "grace");
    tick(&mut window, "Administrator");
    window.press(Key::Escape);
    assert!(ticked(&window, "Administrator"));
}

#[test]
fn services_are_added_renamed_and_removed_when_empty() {
    let mut window = admin(SMALLEST);
    go(&mut window, "Services");
    window.type_into("New service", "Test lab");
    window.press(Key::Enter);
    assert_eq!(asked(&window), [Ask::AddService("Test lab".into())]);
    window.click("Rename Workshop");
    window.type_into("New name of the service", " 2");
    window.click("Save the name");
    let Some(Ask::RenameService { id, name, .. }) = asked(&window).pop() else { panic!() };
    assert_eq!((id, name.as_str()), (ServiceId(2), "Workshop 2"));
    let why = why_not(&window, "Remove the service Race team").unwrap();
    assert!(why.contains("3 users still belong"), "{why}");
    window.click("Remove the service Guests");
    window.click("Remove Guests");
    let removed = Ask::RemoveService { id: ServiceId(3), version: 1 };
    assert_eq!(asked(&window).last(), Some(&removed));
}

#[test]
fn one_session_ends_at_once_and_all_of_a_person_after_a_question() {
    let mut window = admin(SMALLEST);
    go(&mut window, "Sessions");
    window.click("End the session of grace from API \u{b7} 127.0.0.1");
    assert!(matches!(asked(&window)[..], [Ask::EndSession { account: AccountId(2), .. }]));
    window.click("Sign grace out everywhere");
    assert_eq!(asked(&window).len(), 1, "it asks first");
    window.click("Sign grace out");
    let all = Ask::EndSessions(AccountId(2), Place::Sessions);
    assert_eq!(asked(&window).last(), Some(&all));
}

#[test]
fn the_journal_is_read_filtered_continued_and_checked() {
    let mut window = admin(LARGE);
    go(&mut window, "Journal");
    let reads = |window: &Window| {
        let all = window.asked().into_iter();
        let reads = all.filter_map(|intent| match intent {
            Intent::Admin(Ask::ReadJournal { prefs, before }) => Some((prefs.who, before)),
            _ => None,
        });
        reads.collect::<Vec<_>>()
    };
    assert_eq!(reads(&window), [(String::new(), None)], "once, not with every frame");
    assert!(window.shows("local console, Change an account, account 119, Done"));
    window.type_into("Person", "ada");
    assert_eq!(reads(&window).len(), 1, "not while somebody types");
    window.press(Key::Enter);
    assert_eq!(reads(&window).last(), Some(&("ada".into(), None)));
    assert!(!window.shows("local console, Change"));
    select(&mut window, "ada");
    assert!(window.shows("now: disabled") && window.shows("before: active"));
    window.click("Check the chain");
    assert!(window.shows("The journal is whole: 3 lines"));
    window.click("Save as CSV…");
    assert_eq!(window.count("Path of the file"), 1);
    window.click("Save the file");
    let Some(Ask::ExportJournal { prefs, to, .. }) = asked(&window).pop() else { panic!() };
    assert_eq!(prefs.who, "ada");
    assert!(to.path.to_string_lossy().ends_with("busbar-journal.csv"), "{to:?}");
    assert_eq!(to.existing, Existing::Keep, "nobody has asked about a file that is there");
}

#[test]
fn settings_say_default_and_effect_and_are_saved_by_section() {
    let mut window = admin(LARGE);
    go(&mut window, "Settings");
    assert!(window.shows("Default: 127.0.0.1:18080. As by default."));
    window.type_into("Find a setting", "opens the listener with");
    assert!(window.shows("1 setting about \u{201c}opens the listener with\u{201d}."));
    let saved = why_not(&window, "Save web listener");
    assert_eq!(saved.as_deref(), Some("Nothing was changed."));
    tick(&mut window, "Listen");
    window.click("Save web listener");
    let all = asked(&window);
    let [Ask::SaveSettings { typed, .. }] = &all[..] else { panic!("{all:?}") };
    assert_eq!(typed["web.enabled"].reveal(), "on");
    assert_eq!(
        typed["web.listen"].reveal(),
        "127.0.0.1:18080",
        "what is out of sight stays as it is"
    );
    assert!(!typed.contains_key("mail.host"), "only this section");
}

#[test]
fn before_anything_runs_users_can_be_managed_already() {
    let mut window = open(FixtureSource::first_start(), LARGE);
    window.click("Admin");
    assert!(window.shows("Nobody has an account yet."));
    window.click("Add user");
    window.type_into(NAME, "ada");
    window.click("Preset: Administrator");
    window.click("Add this user");
    assert!(matches!(asked(&window)[..], [Ask::AddUser(_)]));
}

#[test]
fn the_palette_leads_to_every_admin_page_and_to_a_new_user() {
    let mut window = open(FixtureSource::running(38), LARGE);
    for page in ["Users", "Services", "Sessions", "Journal", "Settings"] {
        palette(&mut window, &format!("go to {page}"));
        let tab = window.harness.get_by_role_and_label(Role::Tab, page);
        assert_eq!(tab.accesskit_node().toggled(), Some(Toggled::True), "{page}");
    }
    palette(&mut window, "add user");
    assert_eq!(window.count("Add this user"), 1);
}

#[test]
fn nothing_is_cut_off_in_the_smallest_window() {
    let mut window = admin(SMALLEST);
    select(&mut window, "linus");
    for tab in ["Users", "Services", "Sessions", "Journal", "Settings"] {
        go(&mut window, tab);
        for role in [Role::Button, Role::TextInput, Role::PasswordInput] {
            for node in window.harness.query_all_by_role(role) {
                let place = node.rect();
                let label = node.accesskit_node().label().unwrap_or_default();
                assert!(place.right() <= SMALLEST.x + 0.5, "{tab}: {label} ends at {place:?}");
            }
        }
    }
}

#[test]
fn every_input_and_button_of_the_admin_pages_has_a_name() {
    let mut window = admin(LARGE);
    select(&mut window, "grace");
    window.click("Set a temporary password…");
    for tab in ["Users", "Services", "Sessions", "Journal", "Settings"] {
        go(&mut window, tab);
        let roles = [
            Role::Button,
            Role::TextInput,
            Role::MultilineTextInput,
            Role::PasswordInput,
            Role::CheckBox,
            Role::ComboBox,
        ];
        for role in roles {
            for node in window.harness.query_all_by_role(role) {
                let label = node.accesskit_node().label().unwrap_or_default();
                assert!(!label.trim().is_empty(), "{tab}: a {role:?} at {:?}", node.rect());
            }
        }
    }
}

#[test]
fn a_report_is_mailed_to_the_address_that_is_typed_and_not_empty() {
    let mut window = admin(LARGE);
    go(&mut window, "System");
    window.harness.run();
    show(&mut window, "Send by e-mail");
    assert!(window.shows("To any address, as an attached file; three an hour at most."));
    let why = "Write something, or choose what goes with it.";
    assert_eq!(why_not(&window, "Send by e-mail").as_deref(), Some(why));
    window.type_into("What to report", "It hums.");
    let to = window.harness.get_by_label("Send the report to");
    assert_eq!(to.value().as_deref(), Some("team@example.org"), "the one of the settings");
    window.type_into("Send the report to", ".example");
    assert_eq!(why_not(&window, "Send by e-mail"), None);
    press(&mut window, "Send by e-mail");
    let mailed = asked(&window).into_iter().find_map(|ask| match ask {
        Ask::MailFeedback { feedback, to } => Some((feedback.text, to)),
        _ => None,
    });
    let (text, to) = mailed.expect("it is asked for");
    assert_eq!((text.as_str(), to.as_str()), ("It hums.", "team@example.org.example"));
}

#[test]
fn a_backup_is_asked_for_once_both_passphrases_are_the_same() {
    let mut window = admin(LARGE);
    go(&mut window, "System");
    window.harness.run();
    show(&mut window, "Make the backup");
    assert!(window.shows("12 files, 1.2 MB before packing."), "{:?}", window.names());
    assert!(window.shows("busbar restore FILE"));
    window.type_into("Passphrase of the backup", "tin of beans");
    assert_eq!(why_not(&window, "Make the backup").as_deref(), Some("The two passphrases differ."));
    window.type_into("The same passphrase again", "tin of beans");
    assert_eq!(why_not(&window, "Make the backup"), None);
    tick(&mut window, "Take recordings along");
    press(&mut window, "Make the backup");
    let made = asked(&window).into_iter().find_map(|ask| match ask {
        Ask::MakeBackup { recordings, passphrase, to } => Some((recordings, passphrase, to)),
        _ => None,
    });
    let (recordings, passphrase, to) = made.expect("it is asked for");
    assert_eq!(recordings, BackupRecordings::Take);
    assert_eq!(passphrase.as_ref().map(Secret::reveal), Some("tin of beans"));
    assert!(to.path.ends_with("busbar-20261121T140008Z.backup"), "{to:?}");
    assert_eq!(to.existing, Existing::Keep, "nobody was asked about a file that is there");
    assert_eq!(
        window.harness.get_by_label("Passphrase of the backup").value().unwrap_or_default(),
        ""
    );
}
