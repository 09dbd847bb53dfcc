//! What the door gives out of the system itself: counts, the machine, the log, where settings come from.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::access::grant::{Grant, Session};
use crate::engine::access::life::Life;
use crate::engine::access::permission::{Administer, ChangeSettings, ViewPlant};
use crate::engine::access::settings::{Marks, Override};
use crate::engine::door::{Door, Refusal};
use crate::engine::log::SystemLog;
use crate::engine::machine::Machine;
use crate::engine::orders::Ticket;
use crate::engine::orders::reports::{MailReport, MailReportAnywhere, Mailed, Report};
use crate::engine::store::checkup::{Finding, examine};

impl Door {
    /// Counts that say how the engine itself is doing.
    #[must_use]
    pub fn vitals(&self, _grant: &Grant<'_, ViewPlant>) -> Vitals {
        let roster = self.people.roster();
        let lives = |life: &Life| life.ended().is_none();
        Vitals {
            sessions: roster.sessions.iter().filter(|session| lives(&session.life)).count(),
            tokens: roster.tokens.iter().filter(|token| lives(&token.life)).count(),
            sign_ins_refused: self.people.refused(),
            inbox: self.plant.inbox.len(),
            inbox_limit: self.plant.inbox.capacity().unwrap_or(usize::MAX),
            urgent: self.plant.urgent.len(),
            urgent_limit: self.plant.urgent.capacity().unwrap_or(usize::MAX),
            log: self.plant.log.queue(),
            records: self.people.store().queue(),
            letters: self.people.letters(),
            displays: self.people.displays().count(),
            uptime: self.people.clock().now().since(self.plant.started),
        }
    }

    /// Who changed which setting, and when.
    #[must_use]
    pub fn marks(&self, _grant: &Grant<'_, ViewPlant>) -> Arc<Marks> {
        Arc::clone(&self.people.roster().marks)
    }

    /// What stands above the settings for this run.
    #[must_use]
    pub fn overrides(&self, _grant: &Grant<'_, ViewPlant>) -> &[Override] {
        &self.plant.overrides
    }

    /// What the program says of itself. It holds no secret, but names, addresses and paths: it is for
    /// those who look after this Busbar, not for everybody who may read.
    #[must_use]
    pub fn log(&self, _grant: &Grant<'_, ChangeSettings>) -> &SystemLog {
        &self.plant.log
    }

    /// What the machine tells of itself. Reads a few small files.
    #[must_use]
    pub fn machine(&self, _grant: &Grant<'_, ViewPlant>) -> Machine {
        Machine::look(&self.plant.folder)
    }

    /// Looks at everything in the data folder, as `busbar doctor` does. Blocks: it reads the whole
    /// journal.
    #[must_use]
    pub fn examine(&self, _grant: &Grant<'_, Administer>) -> Vec<Finding> {
        examine(&self.plant.folder)
    }

    /// Takes the order for having a report mailed: to any address where `session` may administer, else to
    /// one that is known here.
    ///
    /// # Errors
    /// The session lacks the permission, or there is too much to do.
    pub fn mail_report(
        &self,
        session: &Session,
        report: Report,
    ) -> Result<Ticket<Mailed>, Refusal> {
        match session.may(Administer) {
            true => self.submit(session, MailReportAnywhere(report)),
            false => self.submit(session, MailReport(report)),
        }
    }

    /// Displays that are signed in.
    #[must_use]
    pub fn displays(&self, _grant: &Grant<'_, ViewPlant>) -> usize {
        self.people.displays().count()
    }
}

/// Counts that say how the engine itself is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vitals {
    /// Sessions that live.
    pub sessions: usize,
    /// Tokens that can be used.
    pub tokens: usize,
    /// Sign-ins refused since the start.
    pub sign_ins_refused: u64,
    /// Events that wait for the hub.
    pub inbox: usize,
    /// How many may wait.
    pub inbox_limit: usize,
    /// Stops that wait for the hub.
    pub urgent: usize,
    /// How many may wait.
    pub urgent_limit: usize,
    /// Lines of the log that wait for the disk, how many may, and how many did not fit.
    pub log: (usize, usize, u64),
    /// Changes and journal lines that wait for the database, and how many may.
    pub records: (usize, usize),
    /// Letters that wait to be sent, and how many may.
    pub letters: (usize, usize),
    /// Displays that are signed in.
    pub displays: usize,
    /// How long the engine has run.
    pub uptime: Duration,
}
