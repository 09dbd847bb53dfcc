//! Everybody whom the program can meet.

use std::sync::Arc;
use std::time::Duration;

use busbar::base::time::FakeClock;
use busbar::engine::{
    AccountId, ChangeAccount, MustChangeIt, OwnAccount, Preset, RevokeToken, Right, Status,
};

use crate::listening::{GOOD, Listening};

/// Somebody who asks for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Somebody {
    /// Not signed in.
    Nobody,
    /// Holds the right to read, like every account.
    Reader,
    /// Reads and changes settings.
    Changer,
    /// Reads and charges.
    Charger,
    /// Reads and uses CAN.
    CanUser,
    /// Holds everything.
    Administrator,
    /// Signed in with a password that must be changed.
    MustChange,
    /// Their account was disabled while they were signed in.
    Disabled,
    /// Their session is too old.
    Expired,
    /// Their token was revoked.
    Revoked,
    /// A token that was never given out.
    Garbage,
}

impl Somebody {
    /// All of them, in the order of the columns.
    pub const ALL: [Self; 11] = [
        Self::Nobody,
        Self::Reader,
        Self::Changer,
        Self::Charger,
        Self::CanUser,
        Self::Administrator,
        Self::MustChange,
        Self::Disabled,
        Self::Expired,
        Self::Revoked,
        Self::Garbage,
    ];

    /// The head of their column.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Reader => "read",
            Self::Changer => "change",
            Self::Charger => "charge",
            Self::CanUser => "can",
            Self::Administrator => "admin",
            Self::MustChange => "must",
            Self::Disabled => "disabled",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Garbage => "garbage",
        }
    }
}

/// The tokens of everybody.
pub struct Crowd {
    tokens: Vec<(Somebody, String)>,
    must_change: AccountId,
    clock: Arc<FakeClock>,
}

impl Crowd {
    /// Everybody comes in, and what is to happen to them happens.
    pub fn gather(house: &Listening, clock: &Arc<FakeClock>) -> Self {
        // Whoever was here yesterday is not any more.
        house.person("yesterday", Preset::Administrator.rights(), MustChangeIt::No);
        let expired = house.sign_in("yesterday", GOOD);
        clock.advance(Duration::from_secs(13 * 3600));

        let disabled_one = house.administrator("disabled");
        let disabled = house.sign_in("disabled", GOOD);
        let status = Some(Status::Disabled);
        house.order(ChangeAccount { id: Some(disabled_one), status, ..ChangeAccount::default() });

        let (account, revoked) = house.program("revoked", &[Right::Administrator]);
        let own = house.running.door.own(&house.desk.permit(OwnAccount(account)).unwrap()).unwrap();
        house.order(RevokeToken { account, id: own.tokens.first().unwrap().id });

        let rights = Preset::Administrator.rights();
        let must_change = house.person("must change", rights, MustChangeIt::Yes).account.id;
        let program = |name: &str, right| house.program(name, &[right]).1;
        let tokens = vec![
            (Somebody::Nobody, String::new()),
            (Somebody::Reader, program("reader", Right::ReadSettings)),
            (Somebody::Changer, program("changer", Right::ChangeSettings)),
            (Somebody::Charger, program("charger", Right::ChargePacks)),
            (Somebody::CanUser, program("can user", Right::SendReceiveCan)),
            (Somebody::Administrator, program("administrator", Right::Administrator)),
            (Somebody::MustChange, house.sign_in("must change", GOOD)),
            (Somebody::Disabled, disabled),
            (Somebody::Expired, expired),
            (Somebody::Revoked, revoked),
            (Somebody::Garbage, "garbage-garbage-garbage-garbage-garbage-gar".to_owned()),
        ];
        Self { tokens, must_change, clock: Arc::clone(clock) }
    }

    /// The token of `who`. Whoever signed out on the way of the sweep has signed in again.
    pub fn token(&mut self, house: &Listening, who: Somebody) -> String {
        let place = self.tokens.iter_mut().find(|(one, _)| *one == who);
        let (_, token) = place.expect("everybody is here");
        if who == Somebody::MustChange && house.get("/api/v1/session", token).status == 401 {
            // Wrong passwords on the way have made the account and the address wait.
            self.clock.advance(Duration::from_secs(60));
            house.order(busbar::engine::LiftWait { account: self.must_change });
            *token = house.sign_in("must change", GOOD);
        }
        token.clone()
    }
}
