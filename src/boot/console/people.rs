//! What a person asks for on the Admin pages, turned into orders and queries. Each runs on a thread
//! of its own: it may wait for the disk, or a quarter of a second for a password.

use std::fmt::Display;
use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use jiff::tz::TimeZone;

use super::file::Failed;
use super::{Shared, charging, file};
use crate::base::time::Wall;
use crate::desktop::ask::{Answer, Ask, Brought, EditedUser, NewUser, SaveTo, Way};
use crate::engine::{
    AccountId, AddAccount, AddService, Added, Administer, ChangeAccount, ChargeRules, CreateToken,
    Credential, DeleteAccount, EndSession, EndSessions, GivePassword, LiftWait, MakeLink,
    MustChangeIt, OneTimeLink, Order, OrderError, RemoveService, RenameService, Report,
    RevokeToken, Rights, Roster, Secret, SetChargeRule, Settings, Status, ViewPlant,
};
use crate::view::compose;
use crate::view::compose::settings::{
    ListenerState, SaveOrder, Seen, TypedError, reset_order, save_order,
};
use crate::view::export::{Format, JournalExport};
use crate::view::journal::JournalPrefs;
use crate::view::settings::SettingsView;
use crate::view::system::Feedback;
use crate::view::users::ShownOnce;

/// Lines of the journal that are read at once.
const LINES: usize = 200;
/// Most answers that wait for the window.
const ANSWERS: usize = 32;
const DAY: Duration = Duration::from_secs(86_400);

/// Does what was asked and leaves the answer for the window.
pub(super) fn carry_out(shared: &Shared, ask: Ask, zone: &TimeZone) {
    let place = ask.place();
    let outcome = Clerk { shared, zone }.carry_out(ask);
    let mut state = shared.state();
    if state.answers.len() == ANSWERS {
        state.answers.remove(0);
    }
    state.answers.push(Answer { place, outcome });
    drop(state);
    shared.changed();
}

/// The newest roster.
pub(super) fn roster(shared: &Shared) -> Option<Arc<Roster>> {
    let grant = shared.session.permit(Administer).ok()?;
    Some(shared.door.roster(&grant))
}

/// What is known of the listener.
pub(super) fn listener(shared: &Shared) -> ListenerState {
    shared.listener.read().unwrap_or_else(PoisonError::into_inner).clone()
}

pub(super) fn sentence(error: impl Display) -> String {
    let said = error.to_string();
    let mut chars = said.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str().trim_end_matches('.'))
}

pub(super) struct Clerk<'a> {
    pub(super) shared: &'a Shared,
    pub(super) zone: &'a TimeZone,
}

pub(super) type Outcome = Result<Brought, String>;

pub(super) fn done(words: impl Into<String>) -> Outcome {
    Ok(Brought::Done(words.into()))
}

impl Clerk<'_> {
    fn carry_out(&self, ask: Ask) -> Outcome {
        match ask {
            Ask::AddUser(new) => self.add(new),
            Ask::SaveUser(edited) => self.save(edited),
            Ask::MakeLink { id, purpose } => {
                let link_base = self.link_base();
                self.link(self.order(MakeLink { id, purpose, link_base })?)
            }
            Ask::GivePassword { id, version, name, password, must_change } => {
                let hash = self.shared.gate.hash(&name, &password).map_err(sentence)?;
                self.order(GivePassword { id, expected: Some(version), hash, must_change })?;
                done(match must_change {
                    MustChangeIt::Yes => {
                        "The password is set. It must be changed at the next sign-in."
                    }
                    MustChangeIt::No => "The password is set.",
                })
            }
            Ask::SetStatus { id, version, status } => self.set_status(id, version, status),
            Ask::DeleteUser { id, version } => {
                self.order(DeleteAccount { id, expected: Some(version) })?;
                done("The account is deleted.")
            }
            Ask::EndSession { account, id } => {
                self.order(EndSession { account, id })?;
                done("The session has ended.")
            }
            Ask::EndSessions(account, _) => {
                let ended = self.order(EndSessions { account, keep: None })?;
                let sessions = crate::view::text::count(ended, "session");
                done(format!("Ended: {sessions}."))
            }
            Ask::LiftWait(account) => {
                self.order(LiftWait { account })?;
                done("Signing in can be tried again at once.")
            }
            Ask::NewToken { account, owner, name, rights, days } => {
                self.token((account, &owner), name, rights, days)
            }
            Ask::RevokeToken { account, id } => {
                self.order(RevokeToken { account, id })?;
                done("The token is revoked.")
            }
            Ask::AddService(name) => {
                let added = self.order(AddService { name })?;
                done(format!("{} is added.", added.name))
            }
            Ask::RenameService { id, version, name } => {
                let renamed = self.order(RenameService { id, expected: Some(version), name })?;
                done(format!("The service is called {} now.", renamed.name))
            }
            Ask::RemoveService { id, version } => {
                self.order(RemoveService { id, expected: Some(version) })?;
                done("The service is removed.")
            }
            Ask::ReadJournal { prefs, before } => self.lines(&prefs, before),
            Ask::VerifyJournal => {
                let grant = self.shared.session.permit(Administer).map_err(sentence)?;
                let verdict = self.shared.door.verify_journal(&grant).map_err(sentence)?;
                Ok(Brought::Found(compose::journal::verdict(&verdict)))
            }
            Ask::ExportJournal { prefs, format, to } => self.export(&prefs, format, &to),
            Ask::ReadCharges => charging::list(self.shared, self.zone).map(Brought::Charges),
            Ask::SaveReport { id, form, to } => {
                charging::save(self.shared, self.zone, id, (form, &to)).map(Brought::Done)
            }
            Ask::SetRule { name, text, version } => {
                let (key, value) = compose::charge::typed_rule(&name, &text)?;
                self.order(SetChargeRule { key, value, expected: Some(version) })
                    .map_err(|why| compose::charge::rule_refused(key, &why))?;
                let title = key.rule().title;
                done(match value {
                    Some(_) => format!("{title} is changed, from now on and for every pack."),
                    None => format!("{title} is as usual again."),
                })
            }
            Ask::PutComponent { of, typed, revision } => self.put_component(&of, &typed, &revision),
            Ask::SwitchComponent { name, to, revision } => {
                self.switch_component(&name, to, &revision)
            }
            Ask::DeleteComponent { name, revision } => self.delete_component(&name, &revision),
            Ask::Profiles(ask) => self.profiles(ask),
            Ask::Own(ask) => self.own_device(ask),
            Ask::LookAtSystem(prefs) => super::system::look(self.shared, self.zone, &prefs)
                .map(|seen| Brought::System(Box::new(seen))),
            Ask::WriteFeedback(feedback) => {
                super::system::feedback(self.shared, self.zone, &feedback).map(Brought::Done)
            }
            Ask::MailFeedback { feedback, to } => self.mail_feedback(&feedback, to),
            Ask::MakeBackup { recordings, passphrase, to } => {
                self.make_backup(recordings, passphrase.as_ref(), &to)
            }
            Ask::SaveSettings { section, version, typed } => {
                let typed = |name: &str| typed.get(name).map(Secret::reveal);
                self.save_settings(|current| save_order(section, current, Some(version), &typed))
            }
            Ask::ResetSetting { section, version, name } => {
                self.save_settings(|current| reset_order(section, current, Some(version), name))
            }
        }
    }

    fn mail_feedback(&self, feedback: &Feedback, to: String) -> Outcome {
        let text = super::system::report(self.shared, self.zone, feedback)?;
        let Shared { door, session, .. } = self.shared;
        let ticket = door.mail_report(session, Report { to, text }).map_err(sentence)?;
        done(compose::system::mailed(&ticket.wait().map_err(sentence)?))
    }

    /// Gives an order and waits for it.
    pub(super) fn order<O: Order>(&self, order: O) -> Result<O::Done, String> {
        let ticket = self.shared.door.submit(&self.shared.session, order).map_err(sentence)?;
        ticket.wait().map_err(|error| match error {
            // It begins with a name, which stays as it is written.
            OrderError::LastAdministrator { .. } => format!("{error}."),
            OrderError::Setting(error) => compose::settings::complaint(error.field, &error.why),
            other => sentence(other),
        })
    }

    fn now(&self) -> Wall {
        self.shared.door.clock().wall()
    }

    /// What links begin with: the address people use, or where the listener listens, or would.
    fn link_base(&self) -> String {
        let settings = roster(self.shared).map(|roster| Arc::clone(&roster.settings));
        let web = settings.map(|settings| settings.web.clone()).unwrap_or_default();
        if let Some(public) = &web.public_url {
            return public.trim_end_matches('/').to_owned();
        }
        if let Some(url) = listener(self.shared).url {
            return url;
        }
        let scheme = if web.is_https() { "https" } else { "http" };
        match web.listen.ip().is_unspecified() {
            true => format!("{scheme}://localhost:{}", web.listen.port()),
            false => format!("{scheme}://{}", web.listen),
        }
    }

    fn shown(&self, link: &OneTimeLink, name: &str) -> ShownOnce {
        let mut shown = compose::users::shown_link(link, name, self.now(), self.zone);
        if listener(self.shared).url.is_none() {
            shown.sentence.push_str(
                " The web listener is off at the moment: switch it on under Settings, or the link leads nowhere.",
            );
        }
        shown
    }

    fn link(&self, added: Added) -> Outcome {
        match &added.link {
            Some(link) => Ok(Brought::Once(self.shown(link, &added.account.name))),
            None => done("Done."),
        }
    }

    fn add(&self, new: NewUser) -> Outcome {
        let credential = match new.way {
            Way::Invitation => Credential::Invitation,
            Way::None => Credential::None,
            Way::Password(password, must_change) => {
                let hash = self.shared.gate.hash(&new.name, &password).map_err(sentence)?;
                Credential::Password { hash, must_change }
            }
        };
        let added = self.order(AddAccount {
            kind: new.kind,
            name: new.name,
            email: (!new.email.is_empty()).then_some(new.email),
            service: new.service,
            rights: new.rights,
            credential,
            link_base: self.link_base(),
        })?;
        let once = added.link.as_ref().map(|link| self.shown(link, &added.account.name));
        Ok(Brought::Added { id: added.account.id, once })
    }

    fn save(&self, edited: EditedUser) -> Outcome {
        let old = roster(self.shared);
        let old = old.as_ref().and_then(|roster| roster.account(edited.id));
        // What was not changed is not asked for, so that the journal shows what was.
        let name = old.is_none_or(|old| old.name != edited.name).then_some(edited.name);
        let email = (!edited.email.is_empty()).then_some(edited.email);
        let email = old.is_none_or(|old| old.email != email).then_some(email);
        let rights = old.is_none_or(|old| old.rights != edited.rights).then_some(edited.rights);
        let account = self.order(ChangeAccount {
            id: Some(edited.id),
            expected: Some(edited.version),
            name,
            email,
            service: Some(edited.service),
            rights,
            status: None,
        })?;
        done(format!("{} is saved.", account.name))
    }

    fn set_status(&self, id: AccountId, version: i64, status: Status) -> Outcome {
        let account = self.order(ChangeAccount {
            id: Some(id),
            expected: Some(version),
            status: Some(status),
            ..ChangeAccount::default()
        })?;
        done(match account.status {
            Status::Disabled => format!("{} is disabled and signed out everywhere.", account.name),
            Status::Active | Status::Invited => format!("{} is enabled.", account.name),
        })
    }

    fn token(
        &self,
        (account, owner): (AccountId, &str),
        name: String,
        rights: Rights,
        days: u32,
    ) -> Outcome {
        let life = i64::try_from(DAY.saturating_mul(days).as_nanos()).unwrap_or(i64::MAX);
        let expires = Wall::from_nanos(self.now().nanos().saturating_add(life));
        let new = self.order(CreateToken { account, name, rights, expires })?;
        Ok(Brought::Once(compose::tokens::shown_token(&new, owner, self.zone)))
    }

    fn lines(&self, prefs: &JournalPrefs, before: Option<u64>) -> Outcome {
        let filter = compose::journal::filter(prefs, self.zone).map_err(sentence)?;
        let session = &self.shared.session;
        let grant = session.permit(Administer).map_err(sentence)?;
        let page = self.shared.door.journal(&grant, &filter, before, LINES).map_err(sentence)?;
        let view = compose::journal::journal(&page, prefs, session, self.zone);
        Ok(Brought::Lines { view, after: before })
    }

    /// Writes the lines into a file.
    fn export(&self, prefs: &JournalPrefs, format: Format, to: &SaveTo) -> Outcome {
        let filter = compose::journal::filter(prefs, self.zone).map_err(sentence)?;
        let grant = self.shared.session.permit(Administer).map_err(sentence)?;
        let lines = file::write(to, |out| {
            let mut export = JournalExport::begin(format, out)?;
            let mut failed = None;
            let mut take = |line| match export.line(&line, out) {
                Ok(()) => ControlFlow::Continue(()),
                Err(why) => {
                    failed = Some(why);
                    ControlFlow::Break(())
                }
            };
            let read = self.shared.door.each_journal_line(&grant, &filter, &mut take);
            read.map_err(|why| Failed::Content(sentence(why)))?;
            match failed {
                Some(why) => Err(Failed::File(why)),
                None => Ok(export.end(out)?),
            }
        })?;
        let lines = crate::view::text::count(usize::try_from(lines).unwrap_or(usize::MAX), "line");
        done(
            format!("{lines} were saved in {}.", to.path.display())
                .replace("1 line were", "1 line was"),
        )
    }

    /// Saves what `make` makes of the settings as they are.
    fn save_settings(
        &self,
        make: impl FnOnce((&Settings, &ChargeRules)) -> Result<SaveOrder, TypedError>,
    ) -> Outcome {
        let roster = roster(self.shared).ok_or("The settings cannot be read.")?;
        let grant = self.shared.session.permit(ViewPlant).map_err(sentence)?;
        let snapshot = self.shared.door.look(&grant);
        let order = make((&roster.settings, &snapshot.rules.rules));
        match order.map_err(|error| error.complaint())? {
            SaveOrder::Settings(order) => self.order(order).map(drop)?,
            SaveOrder::System(order) => self.order(order).map(drop)?,
            SaveOrder::Safety(orders) => {
                for order in orders {
                    let key = order.key;
                    self.order(order).map_err(|why| compose::charge::rule_refused(key, &why))?;
                }
            }
        }
        done("What was entered is kept and holds at once. Where it cannot be had, it is said here.")
    }
}

/// The Settings page.
pub(super) fn settings(shared: &Shared, zone: &TimeZone, find: &str) -> Option<SettingsView> {
    let (roster, grant) = (roster(shared)?, shared.session.permit(ViewPlant).ok()?);
    let seen = Seen {
        settings: &roster.settings,
        marks: &roster.marks,
        overrides: shared.door.overrides(&grant),
        listener: &listener(shared),
        snapshot: &shared.door.look(&grant),
        accounts: &roster.accounts,
        displays: shared.door.displays(&grant),
        zone,
        find,
    };
    Some(compose::settings::settings(&seen, &shared.session))
}
