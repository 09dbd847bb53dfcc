//! The permissions of the product and the one policy table.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::engine::access::account::AccountId;
use crate::engine::access::actor::Actor;

/// What an account may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// Implies all others; alone covers accounts, sessions, tokens, journal and backups.
    Administrator,
    /// See the plant and its settings. Every active account holds it.
    ReadSettings,
    /// Change profiles, components and settings.
    ChangeSettings,
    /// Engage contactors and charge.
    ChargePacks,
    /// See raw traffic and send frames.
    SendReceiveCan,
}

impl Right {
    /// All of them, in the order they are listed everywhere.
    pub const ALL: [Self; 5] = [
        Self::Administrator,
        Self::ReadSettings,
        Self::ChangeSettings,
        Self::ChargePacks,
        Self::SendReceiveCan,
    ];

    /// Its name in the API, on the command line and in files.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::ReadSettings => "read_settings",
            Self::ChangeSettings => "change_settings",
            Self::ChargePacks => "charge_packs",
            Self::SendReceiveCan => "send_receive_can",
        }
    }

    /// What it is about, in a few words.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Administrator => "everything below, and managing users",
            Self::ReadSettings => "dashboards, plots, events",
            Self::ChangeSettings => "profiles, components, limits",
            Self::ChargePacks => "contactors, start and stop charge",
            Self::SendReceiveCan => "raw frames on the bus: can be dangerous",
        }
    }

    /// The words for it on a screen.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Administrator => "Administrator",
            Self::ReadSettings => "Read system settings",
            Self::ChangeSettings => "Change system settings",
            Self::ChargePacks => "Charge battery packs",
            Self::SendReceiveCan => "Send and receive CAN",
        }
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

impl FromStr for Right {
    type Err = UnknownRight;

    fn from_str(code: &str) -> Result<Self, UnknownRight> {
        let found = Self::ALL.into_iter().find(|right| right.code() == code);
        found.ok_or_else(|| UnknownRight(code.to_owned()))
    }
}

/// A word that names no right.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "there is no permission \u{201c}{0}\u{201d}: there are administrator, read_settings, change_settings, charge_packs and send_receive_can"
)]
pub struct UnknownRight(pub String);

/// A permission as a type: what an order needs, and what a grant proves.
pub trait Permission: fmt::Debug {
    /// Its name in the journal and the policy golden.
    const NAME: &'static str;
    /// The right it asks for.
    const RIGHT: Right;
    /// Whether `actor` holds it: the one policy table. An administrator holds everything.
    fn covers(&self, actor: &Actor) -> bool {
        actor.holds(Self::RIGHT) || actor.holds(Right::Administrator)
    }

    /// What `actor`, who does not hold it, is told to lack.
    fn lacking(&self, _actor: &Actor) -> Right {
        Self::RIGHT
    }

    /// Whether `actor` holds it even while the password must be changed first.
    fn covers_before_password_change(&self, _actor: &Actor) -> bool {
        false
    }
}

macro_rules! permission {
    ($(#[$doc:meta])* $name:ident, $text:literal, $right:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default)]
        pub struct $name;

        impl Permission for $name {
            const NAME: &'static str = $text;
            const RIGHT: Right = Right::$right;
        }
    };
}

permission!(
    /// See the plant: packs, components, settings.
    ViewPlant, "view_plant", ReadSettings
);
permission!(
    /// Change profiles and settings.
    ChangeSettings, "change_settings", ChangeSettings
);
permission!(
    /// Engage contactors and charge.
    ChargePacks, "charge_packs", ChargePacks
);
permission!(
    /// See raw traffic, play recordings, send.
    UseCan, "use_can", SendReceiveCan
);
permission!(
    /// Accounts, sessions, tokens, journal, backups.
    Administer, "administer", Administrator
);

/// Stop what runs. Everybody who may see the plant holds it, even while the password must be changed
/// first: a stop makes things safer, and is never the thing to wait with. A display does not: nobody knows
/// who stands before it.
#[derive(Clone, Copy, Debug, Default)]
pub struct MakeSafe;

impl Permission for MakeSafe {
    const NAME: &'static str = "make_safe";
    const RIGHT: Right = Right::ReadSettings;

    fn covers(&self, actor: &Actor) -> bool {
        let holds = actor.holds(Self::RIGHT) || actor.holds(Right::Administrator);
        holds && !actor.is_display()
    }

    fn covers_before_password_change(&self, actor: &Actor) -> bool {
        self.covers(actor)
    }
}

/// Have a report mailed to people of this Busbar. Whoever may make one holds it, but a display does
/// not: nobody knows who stands before it.
#[derive(Clone, Copy, Debug, Default)]
pub struct PassOn;

impl Permission for PassOn {
    const NAME: &'static str = "pass_on";
    const RIGHT: Right = Right::ReadSettings;

    fn covers(&self, actor: &Actor) -> bool {
        let holds = actor.holds(Self::RIGHT) || actor.holds(Right::Administrator);
        holds && !actor.is_display()
    }
}

/// Hand out or take a profile pack: who changes settings may, and where recordings are in it, who may see
/// raw traffic besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CarryPack {
    /// It holds no recording.
    Plain,
    /// It holds recordings.
    WithRecordings,
}

impl Permission for CarryPack {
    const NAME: &'static str = "carry_pack";
    const RIGHT: Right = Right::ChangeSettings;

    fn covers(&self, actor: &Actor) -> bool {
        ChangeSettings.covers(actor)
            && match self {
                Self::Plain => true,
                Self::WithRecordings => UseCan.covers(actor),
            }
    }

    fn lacking(&self, actor: &Actor) -> Right {
        if ChangeSettings.covers(actor) { UseCan::RIGHT } else { Self::RIGHT }
    }
}

/// One's own account: password, sessions. Whoever acts for the account holds it, and administrators.
/// It needs no right, so that a password that must be changed can be.
#[derive(Clone, Copy, Debug)]
pub struct OwnAccount(pub AccountId);

impl Permission for OwnAccount {
    const NAME: &'static str = "own_account";
    const RIGHT: Right = Right::Administrator;

    fn covers(&self, actor: &Actor) -> bool {
        actor.account() == Some(self.0) || actor.holds(Right::Administrator)
    }

    fn covers_before_password_change(&self, actor: &Actor) -> bool {
        actor.account() == Some(self.0)
    }
}
