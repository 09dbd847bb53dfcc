//! What is shown of the settings, and what becomes of what is typed there.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::tz::TimeZone;

use crate::engine::testing::plant::Plant;
use crate::engine::testing::roster::{before, roster, signed_in};
use crate::engine::testing::{golden, local_session};
use crate::engine::{
    AccountId, ChargeRules, LogLevel, MailSecurity, Mark, Marks, Override, OverrideBy, Secret,
    SecretChange, Session, Settings, TemperatureUnit, ThemeChoice, Tls,
};
use crate::view::compose::settings::{
    self, ListenerState, SaveOrder, Seen, reset_order, save_order,
};
use crate::view::settings::{Section, SettingsView, Source};

/// The page of these settings, for somebody who may do everything.
fn shown(view: &Settings, listener: &ListenerState, find: &str) -> SettingsView {
    shown_to(view, listener, find, &local_session())
}

fn shown_to(
    view: &Settings,
    listener: &ListenerState,
    find: &str,
    session: &Session,
) -> SettingsView {
    let marks = Marks(BTreeMap::from([(
        "sessions.idle_min".to_owned(),
        Mark { who: "ada".into(), at: before(3600) },
    )]));
    let over = Override {
        field: "web.listen",
        value: "0.0.0.0:443".into(),
        by: OverrideBy::CommandLine,
        name: "--listen",
    };
    let snapshot = Plant::of("demo").published();
    let seen = Seen {
        settings: view,
        marks: &marks,
        overrides: &[over],
        listener,
        snapshot: &snapshot,
        accounts: &[],
        displays: 0,
        zone: &TimeZone::UTC,
        find,
    };
    settings::settings(&seen, session)
}

/// What a browser sends back of a section that nobody changed.
fn sent(view: &Settings, section: Section) -> BTreeMap<&'static str, String> {
    let page = shown(view, &ListenerState::default(), "");
    let section = page.sections.into_iter().find(|shown| shown.section == section).unwrap();
    section.fields.into_iter().map(|field| (field.name, field.value)).collect()
}

fn odd() -> Settings {
    let mut odd = Settings::default();
    odd.web.enabled = true;
    odd.web.tls = Tls::On;
    odd.web.listen = "[::]:8443".parse().unwrap();
    odd.web.cross_origins = vec!["https://a.example.org".into(), "https://b.example.org".into()];
    odd.web.trusted_proxies = vec!["10.0.0.1".parse().unwrap(), "fd00::/8".parse().unwrap()];
    odd.web.public_url = Some("https://pack.example.org".into());
    odd.sessions.idle_min = 5;
    odd.mail.enabled = true;
    odd.mail.host = "mail.example.org".into();
    odd.mail.from = "busbar@example.org".into();
    odd.mail.security = MailSecurity::Tls;
    odd.mail.user = Some("busbar".into());
    odd.general.name = "Rack 7".into();
    odd.general.feedback_to = Some("team@example.org".into());
    odd.general.log_level = LogLevel::Debug;
    odd.look.temperature = TemperatureUnit::Fahrenheit;
    odd.look.theme = ThemeChoice::Light;
    odd.kiosk.enabled = true;
    odd.kiosk.account = Some(AccountId(4));
    odd.kiosk.addresses = vec!["192.168.1.0/28".parse().unwrap()];
    odd.kiosk.profile = Some("rack".into());
    odd.records.charges = 20;
    odd.records.trace_frames = 50_000;
    odd.records.recordings = Some("recordings-2".into());
    odd.records.log_files = 9;
    odd
}

/// Whether an order leaves `section` as it is in `before`.
fn keeps(order: SaveOrder, section: Section, before: &Settings) -> bool {
    match order {
        SaveOrder::Settings(order) => {
            assert!(order.mail_password.is_none() && order.expected == Some(3));
            match section {
                Section::Web => order.web.as_ref() == Some(&before.web),
                Section::Sessions => order.sessions.as_ref() == Some(&before.sessions),
                Section::Mail => order.mail.as_ref() == Some(&before.mail),
                Section::Kiosk => order.kiosk.as_ref() == Some(&before.kiosk),
                Section::General | Section::Look | Section::Records | Section::Safety => false,
            }
        }
        SaveOrder::System(order) => match section {
            Section::General => order.general.as_ref() == Some(&before.general),
            Section::Look => order.look.as_ref() == Some(&before.look),
            Section::Records => order.records.as_ref() == Some(&before.records),
            Section::Web | Section::Sessions | Section::Mail | Section::Kiosk | Section::Safety => {
                false
            }
        },
        SaveOrder::Safety(orders) => section == Section::Safety && orders.is_empty(),
    }
}

#[test]
fn settings_come_back_as_they_were_shown() {
    let usual = (Settings::default(), ChargeRules::default());
    for before in [Settings::default(), odd()] {
        for section in Section::ALL {
            let sent = sent(&before, section);
            let typed = |name: &str| sent.get(name).map(String::as_str);
            let order = save_order(section, (&usual.0, &usual.1), Some(3), &typed).unwrap();
            assert!(keeps(order, section, &before), "{section:?}");
        }
    }
}

#[test]
fn what_was_not_in_the_form_stays_as_it_is() {
    let (odd, rules) = (odd(), ChargeRules::default());
    for section in Section::ALL {
        let order = save_order(section, (&odd, &rules), Some(3), &|_| None).unwrap();
        assert!(keeps(order, section, &odd), "{section:?}");
    }
}

#[test]
fn one_setting_is_set_back_and_the_others_of_its_section_stay() {
    let (odd, rules) = (odd(), ChargeRules::default());
    let page = shown(&odd, &ListenerState::default(), "");
    let mut reset = 0;
    for section in page.sections {
        for field in section.fields.iter().filter(|field| field.can_be_reset()) {
            let order = reset_order(section.section, (&odd, &rules), Some(3), field.name);
            let Ok(SaveOrder::Settings(_) | SaveOrder::System(_)) = order else {
                // What another setting hangs on cannot go alone.
                let refused = order.unwrap_err().field().to_owned();
                assert!(
                    ["kiosk.account", "kiosk.addresses", "mail.host", "mail.from"]
                        .contains(&refused.as_str()),
                    "{}: {refused}",
                    field.name
                );
                continue;
            };
            reset += 1;
        }
    }
    assert!(reset > 12, "{reset}");
    let order = reset_order(Section::Records, (&odd, &rules), None, "records.charges").unwrap();
    let SaveOrder::System(order) = order else { panic!("{order:?}") };
    let records = order.records.unwrap();
    assert_eq!((records.charges, records.trace_frames), (500, 50_000));
    assert!(reset_order(Section::Mail, (&odd, &rules), None, "mail.password").is_err());
    assert!(reset_order(Section::Web, (&odd, &rules), None, "records.charges").is_err());
    let order = reset_order(Section::Safety, (&odd, &rules), None, "cell_max_mv").unwrap();
    assert!(matches!(order, SaveOrder::Safety(orders) if orders.len() == 1));
}

#[test]
fn only_limits_that_were_changed_are_changed() {
    let typed = |name: &str| match name {
        "cell_max_mv" => Some("4100"),
        "temperature_min_c" => Some("0"),
        _ => None,
    };
    let usual = (Settings::default(), ChargeRules::default());
    let order = save_order(Section::Safety, (&usual.0, &usual.1), Some(7), &typed).unwrap();
    let SaveOrder::Safety(orders) = order else { panic!("{order:?}") };
    let named: Vec<&str> = orders.iter().map(|order| order.key.rule().name).collect();
    assert_eq!(named, ["cell_max_mv"], "the other is as it was");
    assert_eq!(orders[0].expected, Some(7));
}

#[test]
fn a_setting_is_found_by_its_name_its_label_or_what_it_does() {
    let found = |text: &str| -> Vec<&'static str> {
        let page = shown(&Settings::default(), &ListenerState::default(), text);
        page.sections.iter().flat_map(|s| &s.fields).map(|field| field.name).collect()
    };
    assert_eq!(found("records.charges"), ["records.charges"]);
    assert_eq!(found("IDLING"), ["sessions.idle_min"]);
    assert!(found("certificate").len() > 2);
    let page = shown(&Settings::default(), &ListenerState::default(), " no such thing ");
    assert_eq!(page.found, "No setting is about \u{201c}no such thing\u{201d}.");
    assert!(page.sections.is_empty());
}

#[test]
fn where_a_value_comes_from_is_said_and_by_whom_only_to_those_who_could_have() {
    let mut set = Settings::default();
    set.sessions.idle_min = 5;
    set.records.charges = 50;
    let roster = roster();
    let reader = signed_in(roster.account(AccountId(3)).unwrap(), 20);
    assert!(!reader.may(crate::engine::Administer));
    let origin = |session: &Session, name: &str| {
        let page = shown_to(&set, &ListenerState::default(), "", session);
        let mut fields = page.sections.into_iter().flat_map(|section| section.fields);
        let field = fields.find(|field| field.name == name).unwrap();
        (field.source, field.origin)
    };
    let local = local_session();
    assert_eq!(
        origin(&local, "sessions.idle_min"),
        (Source::Set, "Set by ada on 2026-11-21 13:26.".to_owned())
    );
    assert_eq!(origin(&reader, "sessions.idle_min").1, "Set here on 2026-11-21 13:26.");
    assert_eq!(origin(&local, "records.charges"), (Source::Set, "Set here.".to_owned()));
    assert_eq!(origin(&local, "mail.port").0, Source::Default);
    let (source, words) = origin(&reader, "web.listen");
    assert_eq!(source, Source::CommandLine);
    assert!(words.starts_with("--listen of the command line says 0.0.0.0:443"), "{words}");
}

#[test]
fn an_administrator_alone_changes_who_comes_in() {
    let roster = roster();
    let mut people = Vec::new();
    for account in &roster.accounts {
        people.push(signed_in(account, 20));
    }
    for session in people {
        let page = shown_to(&Settings::default(), &ListenerState::default(), "", &session);
        for section in page.sections {
            let may = match section.section.is_for_administrators() {
                true => session.may(crate::engine::Administer),
                false => session.may(crate::engine::ChangeSettings),
            };
            if section.section != Section::Safety {
                assert_eq!(section.save.is_open(), may, "{:?}", section.section);
            }
        }
    }
}

#[test]
fn a_setting_that_cannot_be_is_named() {
    let usual = (Settings::default(), ChargeRules::default());
    let refused = |section, field: &'static str, text: &'static str| {
        let typed = move |name: &str| (name == field).then_some(text);
        save_order(section, (&usual.0, &usual.1), None, &typed).unwrap_err()
    };
    let error = refused(Section::Sessions, "sessions.idle_min", "soon");
    assert_eq!(error.to_string(), "sessions.idle_min: \u{201c}soon\u{201d} is no whole number");
    assert_eq!(
        error.complaint(),
        "End a session after idling: \u{201c}soon\u{201d} is no whole number."
    );
    assert_eq!(error.sentence(), "\u{201c}soon\u{201d} is no whole number.");
    assert_eq!(refused(Section::Sessions, "sessions.idle_min", "0").field(), "sessions.idle_min");
    assert_eq!(refused(Section::Web, "web.listen", "here").field(), "web.listen");
    assert_eq!(refused(Section::Web, "web.tls", "maybe").field(), "web.tls");
    assert_eq!(refused(Section::Mail, "mail.enabled", "on").field(), "mail.host");
    assert_eq!(refused(Section::Kiosk, "kiosk.addresses", "wall").field(), "kiosk.addresses");
    assert_eq!(
        refused(Section::Records, "records.recordings", "../x").field(),
        "records.recordings"
    );
    assert_eq!(refused(Section::Safety, "cell_max_mv", "many").field(), "cell_max_mv");
}

#[test]
fn a_mail_password_stays_is_replaced_or_taken_away() {
    let mut usual = (Settings::default(), ChargeRules::default());
    let order = |text: &'static str| {
        let typed = move |name: &str| (name == "mail.password").then_some(text);
        match save_order(Section::Mail, (&usual.0, &usual.1), None, &typed).unwrap() {
            SaveOrder::Settings(order) => order.mail_password,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(order(""), None);
    for text in ["s3cret", "-"] {
        assert_eq!(order(text), Some(SecretChange::Set(Secret::new(text.into()))));
    }
    // Removing it is a step of its own, offered only where there is one.
    let field = |all: &Settings| {
        let view = shown(all, &ListenerState::default(), "");
        let fields = view.sections.into_iter().flat_map(|section| section.fields);
        fields.into_iter().find(|field| field.name == "mail.password").unwrap()
    };
    assert!(!field(&usual.0).can_be_reset());
    assert!(reset_order(Section::Mail, (&usual.0, &usual.1), None, "mail.password").is_err());
    usual.0.mail.has_password = true;
    let shown = field(&usual.0);
    assert!(shown.can_be_reset() && shown.value.is_empty());
    assert_eq!(shown.set_back(), ("Remove", "Remove the password".to_owned()));
    let order = reset_order(Section::Mail, (&usual.0, &usual.1), Some(3), "mail.password");
    match order.unwrap() {
        SaveOrder::Settings(order) => {
            assert_eq!(order.mail_password, Some(SecretChange::Remove));
            assert!(order.mail.is_none() && order.expected == Some(3));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_settings_page_is_shown_as_agreed() {
    let listener = ListenerState {
        url: Some("https://192.0.2.1:8443".into()),
        fingerprint: Some("AA:BB".into()),
        sentence: None,
    };
    let view = shown(&Settings::default(), &listener, "");
    let mut text = String::new();
    for section in &view.sections {
        writeln!(text, "{}\n{}\n{}", section.title, section.about, said(&section.save)).unwrap();
        let notes = section.notes.iter();
        notes.for_each(|note| writeln!(text, "[{:?}] {}", note.tone, note.text).unwrap());
        for field in &section.fields {
            writeln!(
                text,
                "  {} = {:?} {} (default {}) {:?}\n    {}\n    {}",
                field.label,
                field.value,
                field.unit,
                field.default,
                field.input,
                field.effect,
                field.origin
            )
            .unwrap();
        }
    }
    golden("view/settings.txt", &text);
}

fn said(offer: &crate::view::offer::Offer) -> String {
    match &offer.why_not {
        None => format!("[{}]", offer.label),
        Some(why) => format!("({}: {why})", offer.label),
    }
}
