//! What is shown of people, their sessions and tokens, and the journal.

use std::fmt::Write as _;

use jiff::tz::TimeZone;
use serde_json::json;

use crate::engine::testing::roster::{NOW, after, before, person, roster, signed_in};
use crate::engine::testing::{golden, local_session};
use crate::engine::{
    AccountId, JournalLine, JournalPage, OneTimeLink, Outcome, Own, Preset, Purpose, Right, Rights,
    Roster, Secret, ServiceId, Session, Status, Verdict,
};
use crate::view::compose::{journal, services, sessions, users};
use crate::view::journal::JournalPrefs;
use crate::view::offer::{Grave, Offer};
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
