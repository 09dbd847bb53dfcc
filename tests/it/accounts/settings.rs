//! Changing the settings, which is an administrator's.

use busbar::engine::{
    MailSettings, OrderError, Outcome, Preset, SaveSettings, SecretChange, SessionSettings,
    Settings, Tls, ViewPlant, WebSettings,
};
use serde_json::json;

use super::house::{GOOD, House, person, secret};

fn settings(house: &House) -> Settings {
    let grant = house.desk.permit(ViewPlant).unwrap();
    Settings::clone(&house.door().settings(&grant))
}

fn sessions(idle_min: u32) -> SaveSettings {
    let sessions = Some(SessionSettings { idle_min, ..SessionSettings::default() });
    SaveSettings { sessions, ..SaveSettings::default() }
}

#[test]
fn a_change_is_kept_counted_and_written_with_what_was_before() {
    let house = House::new();
    assert_eq!(settings(&house), Settings::default());
    let saved = house.order(sessions(15)).unwrap();
    assert_eq!((saved.sessions.idle_min, saved.version), (15, 1));
    let line = house.last_line();
    assert_eq!(
        (line.action.as_str(), line.target.as_str()),
        ("save_settings", "settings sessions")
    );
    assert_eq!(line.before, Some(json!({ "sessions.idle_min": 30 })));
    assert_eq!(line.after, Some(json!({ "sessions.idle_min": 15 })));
    let house = house.restarted();
    assert_eq!(settings(&house), *saved);
    assert_eq!(house.order(sessions(15)).unwrap().version, 1, "nothing was changed");
}

#[test]
fn a_change_made_on_an_older_version_is_refused() {
    let house = House::new();
    let expected = Some(settings(&house).version);
    house.order(SaveSettings { expected, ..sessions(15) }).unwrap();
    let error = house.order(SaveSettings { expected, ..sessions(20) }).unwrap_err();
    assert!(matches!(error, OrderError::Stale { .. }), "{error}");
    assert_eq!(settings(&house).sessions.idle_min, 15);
}

#[test]
fn what_cannot_be_is_named_and_none_of_it_is_saved() {
    let house = House::new();
    let listen = "0.0.0.0:18080".parse().unwrap();
    let web = Some(WebSettings { listen, tls: Tls::Off, ..WebSettings::default() });
    let error = house.order(SaveSettings { web, ..sessions(15) }).unwrap_err();
    assert!(error.to_string().starts_with("web.tls: plain HTTP on 0.0.0.0:18080"), "{error}");
    assert_eq!(settings(&house), Settings::default());
    assert_eq!(house.last_line().outcome, Outcome::Failed);
}

#[test]
fn the_password_of_the_mail_server_goes_in_and_never_comes_out() {
    let house = House::new();
    let mail = MailSettings {
        enabled: true,
        host: "mail.example.org".into(),
        user: Some("console".into()),
        from: "busbar@example.org".into(),
        ..MailSettings::default()
    };
    let mail_password = Some(SecretChange::Set(secret("mail secret")));
    let order = SaveSettings { mail: Some(mail.clone()), mail_password, ..Default::default() };
    assert!(house.order(order).unwrap().mail.has_password);
    let all = serde_json::to_string(&house.journal()).unwrap();
    assert!(!all.contains("mail secret"));
    assert_eq!(house.last_line().after.unwrap()["mail.password"], "given");
    let house = house.restarted();
    let before = settings(&house);
    assert!(before.mail.has_password && before.mail.host == "mail.example.org");
    // Saving the section again, which never holds the password, does not take it away.
    let order = SaveSettings { mail: Some(mail), ..Default::default() };
    assert!(house.order(order).unwrap().mail.has_password);
    let gone = SaveSettings { mail_password: Some(SecretChange::Remove), ..Default::default() };
    let after = house.order(gone).unwrap();
    assert!(!after.mail.has_password && after.version > before.version);
}

#[test]
fn only_an_administrator_changes_them() {
    let (house, _) = House::with_ada();
    house.add(person(house.gate(), "eve", Preset::Engineer));
    let eve = house.sign_in("eve", GOOD).unwrap().session;
    assert!(house.order_as(&eve, sessions(15)).is_err());
    assert_eq!(settings(&house), Settings::default());
}
