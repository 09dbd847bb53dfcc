//! What is shown of people, their sessions and tokens, the journal and the settings.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::tz::TimeZone;
use serde_json::json;

use crate::engine::testing::plant::Plant;
use crate::engine::testing::roster::{NOW, after, before, person, roster, signed_in};
use crate::engine::testing::{golden, local_session};
use crate::engine::{
    AccountId, ChargeRules, JournalLine, JournalPage, LogLevel, MailSecurity, Mark, Marks,
    OneTimeLink, Outcome, Override, OverrideBy, Own, Preset, Purpose, Right, Rights, Roster,
    Secret, ServiceId, Session, Settings, Status, TemperatureUnit, ThemeChoice, Tls, Verdict,
};
use crate::view::compose::settings::{ListenerState, SaveOrder, Seen, reset_order, save_order};
use crate::view::compose::{journal, services, sessions, settings, users};
use crate::view::journal::JournalPrefs;
use crate::view::offer::{Grave, Offer};
use crate::view::settings::{Section, SettingsView, Source};
use crate::view::shown::Tone;
use crate::view::traffic::SortOrder;
use crate::view::users::{ServiceFilter, UserColumn, UserEditor, UsersPrefs, UsersView};

fn page(roster: &Roster, prefs: &UsersPrefs) -> UsersView {
    users::users(roster, prefs, &local_session(), NOW, &TimeZone::UTC)
}

fn editor(roster: &Roster, id: i64, session: &Session) -> UserEditor {
    let prefs = UsersPrefs { selected: Some(AccountId(id)), ..UsersPrefs::default() };
    users::users(roster, &prefs, session, NOW, &TimeZone::UTC).editor.unwrap()
}

fn names(roster: &Roster, prefs: &UsersPrefs) -> Vec<String> {
    page(roster, prefs).rows.into_iter().map(|row| row.name).collect()
}

fn said(offer: &Offer) -> String {
    match &offer.why_not {
        None => format!("[{}]", offer.label),
        Some(why) => format!("({}: {why})", offer.label),
    }
}

fn asked(grave: &Grave) -> String {
    let question = &grave.question;
    let offer = said(&grave.offer);
    format!("{offer} {} {} [{}]", question.title, question.text, question.confirm)
}

#[test]
fn the_users_page_is_shown_as_agreed() {
    let roster = roster();
    let view = page(&roster, &UsersPrefs::default());
    let mut text = format!("{}\n{}\n", view.summary, view.empty);
    let mut line = |said: String| writeln!(text, "{said}").unwrap();
    for row in &view.rows {
        let chips: Vec<&str> = row.permissions.iter().map(|chip| chip.text.as_str()).collect();
        let status = format!("{} [{:?}]", row.status.word, row.status.tone);
        let (chips, seen) = (chips.join(", "), &row.last_sign_in);
        line(format!(
            "{} | {} | {} | {chips} | {status} | {seen}",
            row.name, row.email, row.service
        ));
    }
    for preset in &view.add.presets {
        line(format!("preset {}: {}", preset.word, preset.about));
    }
    let add = &view.add;
    [said(&add.offer), add.invitation.clone(), add.password.clone(), add.machine.clone()]
        .into_iter()
        .for_each(&mut line);
    for row in &view.rows {
        let editor = editor(&roster, row.id.0, &local_session());
        line(format!("\n{}", editor.name));
        editor.facts.iter().for_each(|(label, value)| line(format!("  {label}: {value}")));
        for choice in &editor.permissions {
            let mark = if choice.held { "x" } else { " " };
            let fixed = choice.fixed.as_deref().unwrap_or_default();
            line(format!("  [{mark}] {} ({}) {fixed}", choice.words, choice.about));
        }
        let offers = [&Some(editor.save), &editor.reset, &editor.temporary, &editor.invite];
        let more = [&editor.enable, &editor.lift_wait, &Some(editor.tokens.create)];
        offers.into_iter().chain(more).flatten().for_each(|o| line(format!("  {}", said(o))));
        let graves = [&editor.disable, &Some(editor.end_sessions), &Some(editor.delete)];
        graves.into_iter().flatten().for_each(|g| line(format!("  {}", asked(g))));
        for token in &editor.tokens.rows {
            let revoke = token.revoke.as_ref().map(asked).unwrap_or_default();
            let state = format!("{} {}", token.state.word, token.state.hover);
            line(format!(
                "  token {} until {} used {} {state} {revoke}",
                token.name, token.expires, token.used
            ));
        }
    }
    golden("view/users.txt", &text);
}

#[test]
fn text_status_and_service_narrow_the_list_together() {
    let roster = roster();
    let all = UsersPrefs::default();
    let text = |filter: &str| UsersPrefs { filter: filter.into(), ..all.clone() };
    assert_eq!(names(&roster, &text("GRACE@")), ["grace"]);
    assert_eq!(names(&roster, &text("workshop")), ["linus", "tim"]);
    let active = UsersPrefs { status: Some(Status::Active), ..text("workshop") };
    assert_eq!(names(&roster, &active), ["linus"]);
    let team = UsersPrefs { service: ServiceFilter::Of(ServiceId(1)), ..all.clone() };
    assert_eq!(names(&roster, &team), ["ada", "grace", "pit-display"]);
    let nobody = UsersPrefs { service: ServiceFilter::Nobody, ..all.clone() };
    assert_eq!(names(&roster, &nobody), ["old-ci"]);
    assert_eq!(page(&roster, &nobody).summary, "1 of 6 users");
    let none = page(&roster, &text("zz"));
    assert_eq!((none.rows.len(), none.empty.as_str()), (0, "None of the 6 users fits the filter."));
}

#[test]
fn every_column_sorts_both_ways_and_keeps_the_selection() {
    let roster = roster();
    let sorted = |sort, order| names(&roster, &UsersPrefs { sort, order, ..UsersPrefs::default() });
    let down = SortOrder::Descending;
    assert_eq!(sorted(UserColumn::Name, down).first().unwrap(), "tim");
    assert_eq!(sorted(UserColumn::Status, down).first().unwrap(), "old-ci");
    assert_eq!(sorted(UserColumn::LastSignIn, down).first().unwrap(), "ada");
    assert_eq!(sorted(UserColumn::Service, SortOrder::Ascending).last().unwrap(), "old-ci");
    assert_eq!(sorted(UserColumn::Email, SortOrder::Ascending).first().unwrap(), "ada");
    let prefs =
        UsersPrefs { selected: Some(AccountId(2)), filter: "ada".into(), ..UsersPrefs::default() };
    let view = page(&roster, &prefs);
    assert_eq!(view.editor.unwrap().name, "grace");
    assert!(view.rows.iter().all(|row| !row.selected));
}

#[test]
fn the_last_administrator_can_neither_go_nor_be_demoted_until_there_is_another() {
    let mut roster = roster();
    let ada = editor(&roster, 1, &local_session());
    let why = "ada is the last administrator who can sign in: make another one first.";
    assert_eq!(ada.delete.offer.why_not.as_deref(), Some(why));
    assert_eq!(ada.disable.unwrap().offer.why_not.as_deref(), Some(why));
    let administrator = &ada.permissions[0];
    assert_eq!((administrator.held, administrator.fixed.as_deref()), (true, Some(why)));
    roster.accounts.push(person(9, "zoe", Preset::Administrator.rights()));
    let ada = editor(&roster, 1, &local_session());
    assert!(ada.delete.offer.is_open() && ada.permissions[0].fixed.is_none());
    let invited = roster.accounts.last_mut().unwrap();
    invited.has_password = false;
    assert!(!editor(&roster, 1, &local_session()).delete.offer.is_open());
}

#[test]
fn who_is_no_administrator_is_told_why_on_every_offer() {
    let roster = roster();
    let grace = signed_in(roster.account(AccountId(2)).unwrap(), 13);
    let view = editor(&roster, 4, &grace);
    let graves = [&view.end_sessions.offer, &view.delete.offer, &view.disable.unwrap().offer];
    let offers = [view.save, view.reset.unwrap(), view.invite.unwrap(), view.tokens.create];
    for offer in offers.iter().chain(graves) {
        let why = offer.why_not.as_deref().unwrap();
        assert!(why.contains("Administrator") && why.starts_with("This needs"), "{why}");
    }
}

#[test]
fn ticking_keeps_the_other_permissions_below_an_administrators() {
    let rights = Rights::of_account(&[Right::ChargePacks]);
    let all = users::toggled(rights, Right::Administrator);
    let choices = users::choices(all, None);
    assert!(choices.iter().all(|choice| choice.held));
    assert!(choices.iter().skip(1).all(|choice| choice.fixed.is_some()));
    assert_eq!(users::toggled(all, Right::Administrator), rights);
    assert!(!users::toggled(rights, Right::ChargePacks).contains(Right::ChargePacks));
    let read = users::choices(rights, None);
    assert!(read[1].held && read[1].fixed.is_some());
}

#[test]
fn a_link_says_what_it_does_until_when_and_where_it_went() {
    let link = |mailed: Option<&str>| OneTimeLink {
        purpose: Purpose::Invitation,
        token: Secret::new("t".into()),
        url: Secret::new("http://127.0.0.1:18080/invite/t".into()),
        expires: after(72 * 3600),
        mailed_to: mailed.map(str::to_owned),
    };
    let once = users::shown_link(&link(None), "tim", NOW, &TimeZone::UTC);
    assert_eq!(once.title, "Invitation for tim");
    assert!(once.sentence.contains("until 2026-11-24 14:26 (3 d)"), "{}", once.sentence);
    assert!(once.sentence.contains("not shown again"));
    assert!(!format!("{once:?}").contains("18080/invite"));
    let sent = users::shown_link(&link(Some("tim@example.org")), "tim", NOW, &TimeZone::UTC);
    assert!(sent.sentence.contains("sent to tim@example.org"));
}

#[test]
fn only_an_empty_service_can_be_removed() {
    let view = services::services(&roster(), &local_session());
    let row = |name: &str| view.rows.iter().find(|row| row.name == name).unwrap();
    assert!(row("Guests").remove.offer.is_open());
    let why = row("Workshop").remove.offer.why_not.as_deref();
    let expected = "2 users still belong to Workshop: move them to another service first.";
    assert_eq!((row("Workshop").members.as_str(), why), ("2 users", Some(expected)));
}

#[test]
fn the_sessions_page_is_shown_as_agreed() {
    let roster = roster();
    let ada = signed_in(roster.account(AccountId(1)).unwrap(), 11);
    let view = sessions::sessions(&roster, &ada, NOW, &TimeZone::UTC);
    let mut text = format!("{}\n", view.summary);
    for row in &view.rows {
        let end = row.end.as_ref().map(said).unwrap_or_default();
        let state = format!("{} [{:?}]", row.state.word, row.state.tone);
        let times = format!("{} | {} | {}", row.since, row.last_used, row.ends);
        writeln!(text, "{} | {} | {} | {times} | {state} {end}", row.who, row.from, row.agent)
            .unwrap();
    }
    for person in &view.people {
        writeln!(text, "{}: {} {}", person.name, person.sessions, asked(&person.end_all)).unwrap();
    }
    golden("view/sessions.txt", &text);
    assert_eq!(sessions::living_sessions(&roster), 3);
    assert!(view.rows.iter().any(|row| row.own && row.id.0 == 11));
}

#[test]
fn ones_own_account_offers_only_what_is_ones_own() {
    let roster = roster();
    let of = |id: i64| Own {
        account: roster.account(AccountId(id)).unwrap().clone(),
        service: Some("Race team".into()),
        sessions: roster.sessions.iter().filter(|s| s.account.0 == id).cloned().collect(),
        tokens: roster.tokens.iter().filter(|t| t.account.0 == id).cloned().collect(),
    };
    let grace = signed_in(roster.account(AccountId(2)).unwrap(), 13);
    let rules = &roster.settings.sessions;
    let view = sessions::own(&of(2), rules, &grace, NOW, &TimeZone::UTC);
    assert!(view.end_others.offer.is_open() && view.change_password.is_open());
    assert!(view.end_others.question.text.contains("1 other session at once"));
    assert!(!view.tokens.create.is_open());
    assert!(view.notes.is_empty());
    let other = sessions::own(&of(5), rules, &grace, NOW, &TimeZone::UTC);
    let revoke = other.tokens.rows.iter().find_map(|row| row.revoke.as_ref()).unwrap();
    assert!(!revoke.offer.is_open() && !other.change_password.is_open());
    let linus = signed_in(roster.account(AccountId(3)).unwrap(), 20);
    let view = sessions::own(&of(3), rules, &linus, NOW, &TimeZone::UTC);
    assert_eq!(view.notes.first().unwrap().tone, Tone::Warning);
    assert!(view.change_password.is_open());
}

fn line(seq: u64) -> JournalLine {
    JournalLine {
        seq,
        at: before(60),
        who: "ada".into(),
        face: "web".into(),
        address: Some("192.0.2.7".into()),
        action: "change_account".into(),
        target: "account grace".into(),
        before: Some(json!({"status": "active", "permissions": ["read_settings"], "email": null})),
        after: Some(json!({
            "status": "active",
            "permissions": ["read_settings", "charge_packs"],
            "email": "<script>",
        })),
        outcome: Outcome::Done,
        note: None,
        of: None,
        hash: "00ff".into(),
    }
}

#[test]
fn a_journal_line_says_what_was_changed_from_what_to_what() {
    let lines = vec![line(12), JournalLine { outcome: Outcome::Failed, of: Some(10), ..line(11) }];
    let page = JournalPage { lines, next: Some(11) };
    let view = journal::journal(&page, &JournalPrefs::default(), &local_session(), &TimeZone::UTC);
    let row = &view.rows[0];
    assert_eq!(row.action, "Change an account");
    assert_eq!(row.from, "Web \u{b7} 192.0.2.7");
    assert_eq!(row.time, "2026-11-21 14:25:08");
    let expected = "E-mail: <script>; Permissions: Read system settings \u{2192} Read system settings, Charge battery packs";
    assert_eq!(row.changed, expected);
    assert_eq!((view.rows[1].of.as_str(), view.rows[1].outcome.tone), ("of line 10", Tone::Fault));
    assert_eq!((view.summary.as_str(), view.next), ("lines 12 to 11", Some(11)));
    assert_eq!(journal::action("never_heard_of"), "Never heard of");
}

#[test]
fn a_day_a_minute_and_a_moment_are_understood_as_times() {
    let zone = TimeZone::fixed(jiff::tz::offset(10));
    let until = |text: &str| {
        let prefs = JournalPrefs { until: text.into(), ..JournalPrefs::default() };
        journal::filter(&prefs, &zone).map(|filter| filter.until.unwrap().nanos() / 1_000_000_000)
    };
    let midnight = 1_795_269_600; // 2026-11-22T00:00+10:00
    assert_eq!(until("2026-11-21"), Ok(midnight));
    assert_eq!(until("2026-11-21 23:59"), Ok(midnight));
    assert_eq!(until("2026-11-21T13:59:59Z"), Ok(midnight));
    assert!(until("yesterday").unwrap_err().to_string().contains("2026-11-21 14:00"));
    let from = |from: &str, until: &str| {
        let prefs =
            JournalPrefs { from: from.into(), until: until.into(), ..JournalPrefs::default() };
        journal::filter(&prefs, &zone)
    };
    assert!(from("2026-11-21", "2026-11-21").is_ok());
    assert!(from("2026-11-22", "2026-11-21").is_err());
    let odd = JournalPrefs { outcome: "odd".into(), ..JournalPrefs::default() };
    assert!(journal::filter(&odd, &zone).is_err());
}

#[test]
fn a_broken_chain_names_the_line_and_says_what_can_be_trusted() {
    let broken = Verdict::Broken { seq: 7, why: "its hash does not fit".into() };
    let note = journal::verdict(&broken);
    assert_eq!(note.tone, Tone::Fault);
    assert!(note.text.contains("line 7") && note.text.contains("Its hash does not fit."));
    let whole = journal::verdict(&Verdict::Whole { lines: 1, head: None });
    assert_eq!(whole.text, "The journal is whole: 1 line, each fits the one before.");
}

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
    let usual = (Settings::default(), ChargeRules::default());
    let order = |text: &'static str| {
        let typed = move |name: &str| (name == "mail.password").then_some(text);
        match save_order(Section::Mail, (&usual.0, &usual.1), None, &typed).unwrap() {
            SaveOrder::Settings(order) => order.mail_password,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(order(""), None);
    assert_eq!(order("-").unwrap().reveal(), "");
    assert_eq!(order("s3cret").unwrap().reveal(), "s3cret");
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
