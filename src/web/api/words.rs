//! The words of the API for what the engine knows as enums, so that the document names all of them.
//! A test holds that they are the engine's own codes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::engine::{
    AccountKind, ChargeStep, Ended, Face, Governor, LogLevel, MailSecurity, Outcome, PauseReason,
    Preset, Purpose, Right, Status, TemperatureUnit, ThemeChoice, Tls,
};

macro_rules! words {
    ($($(#[$doc:meta])* $word:ident for $engine:ty { $($name:ident),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $word { $($name),* }

        impl From<$engine> for $word {
            fn from(one: $engine) -> Self {
                match one { $(<$engine>::$name => Self::$name),* }
            }
        }

        impl From<$word> for $engine {
            fn from(one: $word) -> Self {
                match one { $($word::$name => Self::$name),* }
            }
        }
    )*};
}

words! {
    /// What an account may do. `administrator` implies the others, and every account may read.
    Permission for Right {
        Administrator, ReadSettings, ChangeSettings, ChargePacks, SendReceiveCan,
    }

    /// Where an account stands: made and waiting for its first password, in use, or switched off.
    UserStatus for Status { Invited, Active, Disabled }

    /// A person signs in with a password; a machine (a service account) comes in with tokens only.
    UserKind for AccountKind { Person, Machine }

    /// Usual sets of permissions.
    PermissionPreset for Preset { Viewer, Operator, Engineer, Administrator }

    /// What a one-time link is for.
    LinkPurpose for Purpose { Invitation, Reset, SetUp }

    /// How what a journal line tells of ended.
    JournalOutcome for Outcome { Asked, Done, Refused, Failed }

    /// When the listener speaks HTTPS: on every address but loopback, always, or never.
    HttpsChoice for Tls { Auto, On, Off }

    /// How the connection to the mail server is secured.
    MailSecurityChoice for MailSecurity { Tls, StartTls, Plain }

    /// How much the system log keeps: this and what is graver.
    LogLevelChoice for LogLevel { Error, Warning, Info, Debug }

    /// The unit of temperatures on screens.
    TemperatureChoice for TemperatureUnit { Celsius, Fahrenheit }

    /// A theme of the pages: the system's, dark or light.
    ThemeName for ThemeChoice { System, Dark, Light }

    /// Through which face somebody came.
    FaceName for Face { Desktop, CommandLine, Web, Api, Inside }

    /// Where a charge stands in the row of steps.
    ChargeStepName for ChargeStep { None, Check, Contactors, ConstantCurrent, Taper, Done }

    /// Which limit is the smallest.
    GovernorName for Governor {
        Person, Profile, HighestCell, Bms, BmsVoltage, Temperature, ChargerCurrent, ChargerPower, Supply, Ramp,
        Zero,
    }

    /// Why a charge stands at zero for a moment.
    PauseName for PauseReason { BmuLate, ChargerLate }
}

/// Why a session ended, as a word: `signed_out`, `expired` and so on.
#[must_use]
pub const fn ended_word(ended: Ended) -> &'static str {
    ended.code()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_those_of_the_engine() {
        for right in Right::ALL {
            let word = serde_json::to_value(Permission::from(right)).unwrap();
            assert_eq!(word, right.code());
            assert_eq!(Right::from(Permission::from(right)), right);
        }
        for face in Face::ALL {
            assert_eq!(serde_json::to_value(FaceName::from(face)).unwrap(), face.code());
        }
        for status in [Status::Invited, Status::Active, Status::Disabled] {
            let ours = serde_json::to_value(UserStatus::from(status)).unwrap();
            assert_eq!(ours, serde_json::to_value(status).unwrap());
        }
        for outcome in [Outcome::Asked, Outcome::Done, Outcome::Refused, Outcome::Failed] {
            let ours = serde_json::to_value(JournalOutcome::from(outcome)).unwrap();
            assert_eq!(ours, serde_json::to_value(outcome).unwrap());
        }
        for security in [MailSecurity::Tls, MailSecurity::StartTls, MailSecurity::Plain] {
            let ours = serde_json::to_value(MailSecurityChoice::from(security)).unwrap();
            assert_eq!(ours, serde_json::to_value(security).unwrap());
        }
    }
}
