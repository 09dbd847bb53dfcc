//! An engine in a folder of its own on a clock that stands still, with somebody at the desk.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use busbar::base::time::{FakeClock, Wall};
use busbar::engine::{
    Account, AccountId, AccountKind, AddAccount, Added, Administer, Config, Credential, Door, Face,
    Gate, JournalFilter, JournalLine, MustChangeIt, Order, OrderError, Origin, Preset, Refusal,
    Roster, Running, Secret, ServiceChoice, Session, SignInError, SignedIn, start,
};
use tempfile::TempDir;

/// 2026-06-01T08:00:00Z.
const MORNING: i64 = 1_780_300_800_000_000_000;
/// A password that passes the rules.
pub const GOOD: &str = "tin of beans 4";
/// Another.
pub const BETTER: &str = "kettle on the hob";
/// The listener's address in links.
pub const BASE: &str = "https://pack.example.org/";

pub struct House {
    pub folder: TempDir,
    pub clock: Arc<FakeClock>,
    pub running: Running,
    pub desk: Session,
}

pub fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

/// A browser at this address.
pub fn browser(address: &str) -> Origin {
    let address: IpAddr = address.parse().unwrap();
    Origin { face: Face::Web, address: Some(address), agent: Some("browser".into()) }
}

pub fn home() -> Origin {
    browser("192.0.2.1")
}

/// The order that adds a person of this name with the password [`GOOD`].
pub fn person(gate: &Gate, name: &str, preset: Preset) -> AddAccount {
    let hash = gate.hash(name, &secret(GOOD)).unwrap();
    let credential = Credential::Password { hash, must_change: MustChangeIt::No };
    AddAccount { credential, ..invited(name, preset) }
}

/// The order that invites a person of this name.
pub fn invited(name: &str, preset: Preset) -> AddAccount {
    AddAccount {
        kind: AccountKind::Person,
        name: name.into(),
        email: None,
        service: ServiceChoice::None,
        rights: preset.rights(),
        credential: Credential::Invitation,
        link_base: BASE.into(),
    }
}

impl House {
    pub fn new() -> Self {
        Self::in_folder(tempfile::tempdir().unwrap(), FakeClock::new(Wall::from_nanos(MORNING)))
    }

    /// One with the administrator `ada`.
    pub fn with_ada() -> (Self, AccountId) {
        let house = Self::new();
        let ada = house.add(person(house.gate(), "ada", Preset::Administrator));
        (house, ada.account.id)
    }

    fn in_folder(folder: TempDir, clock: Arc<FakeClock>) -> Self {
        let path = folder.path().to_owned();
        let config = Config { clock: clock.clone(), ..Config::new(path, "a test") };
        let mut running = start(config).unwrap();
        let desk = running.take_seat().unwrap().sit(Face::Desktop);
        Self { folder, clock, running, desk }
    }

    /// Stops the engine and starts another one on the same folder.
    pub fn restarted(self) -> Self {
        let Self { folder, clock, running, desk } = self;
        drop((running, desk));
        Self::in_folder(folder, clock)
    }

    pub fn door(&self) -> &Door {
        &self.running.door
    }

    pub fn gate(&self) -> &Gate {
        &self.running.gate
    }

    pub fn wait(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Gives an order from the desk.
    pub fn order<O: Order>(&self, order: O) -> Result<O::Done, OrderError> {
        self.door().submit(&self.desk, order).unwrap().wait()
    }

    /// Gives an order as somebody who came in.
    pub fn order_as<O: Order>(
        &self,
        session: &Session,
        order: O,
    ) -> Result<Result<O::Done, OrderError>, Refusal> {
        Ok(self.door().submit(session, order)?.wait())
    }

    pub fn add(&self, order: AddAccount) -> Added {
        self.order(order).unwrap()
    }

    pub fn roster(&self) -> Arc<Roster> {
        self.door().roster(&self.desk.permit(Administer).unwrap())
    }

    pub fn account(&self, id: AccountId) -> Account {
        self.roster().account(id).unwrap().clone()
    }

    /// Signs in from home.
    pub fn sign_in(&self, name: &str, password: &str) -> Result<SignedIn, SignInError> {
        self.gate().sign_in(name, &secret(password), &home())
    }

    /// The journal, oldest first.
    pub fn journal(&self) -> Vec<JournalLine> {
        let grant = self.desk.permit(Administer).unwrap();
        let page = self.door().journal(&grant, &JournalFilter::default(), None, 10_000).unwrap();
        page.lines.into_iter().rev().collect()
    }

    /// The newest line of the journal.
    pub fn last_line(&self) -> JournalLine {
        self.journal().pop().unwrap()
    }
}
