//! The permissions of the product and the one policy table.

use std::fmt;

use serde::{Deserialize, Serialize};

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
