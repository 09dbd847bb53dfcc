//! Accounts, services, sessions and tokens as plain values: what the store keeps and the faces show,
//! without any secret.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::base::time::Wall;
use crate::engine::access::actor::Rights;
use crate::engine::access::grant::Face;
use crate::engine::access::life::{Ended, Life};
use crate::engine::access::permission::Right;
use crate::engine::access::secret::Secret;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = std::num::ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )*};
}

ids!(
    /// Number of an account; never used again.
    AccountId,
    /// Number of a service (a team, an organisation).
    ServiceId,
    /// Number of a session.
    SessionId,
    /// Number of an API token.
    TokenId,
);

/// Who an account is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// A person, who signs in with a password.
    Person,
    /// A service account: a program, which comes in with tokens only.
    Machine,
}

/// Where an account stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Made, but nobody has set a password yet.
    Invited,
    /// In use.
    Active,
    /// Switched off; may be switched on again.
    Disabled,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    /// Who it is for.
    pub kind: AccountKind,
    /// The name it signs in with; unique whatever the case.
    pub name: String,
    /// Where links are sent.
    pub email: Option<String>,
    /// The service it belongs to.
    pub service: Option<ServiceId>,
    /// What it may do.
    pub rights: Rights,
    /// Where it stands.
    pub status: Status,
    /// The password was given by somebody else and must be changed at the next sign-in.
    pub must_change_password: bool,
    /// Whether it has a password.
    pub has_password: bool,
    /// The link that waits to be used, if any.
    pub link: Option<PendingLink>,
    /// When it was made.
    pub created: Wall,
    /// When somebody last signed in with it.
    pub last_sign_in: Option<Wall>,
    /// Counts its changes: an edit names the version it was made on.
    pub version: i64,
}

impl Account {
    /// Whether it counts as one of the administrators that can come in.
    #[must_use]
    pub fn is_working_administrator(&self) -> bool {
        self.status == Status::Active
            && self.kind == AccountKind::Person
            && self.has_password
            && self.rights.contains(Right::Administrator)
    }
}

/// A link that waits to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingLink {
    /// What for.
    pub purpose: Purpose,
    /// Until when.
    pub expires: Wall,
}

/// What a one-time link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// A new account's first password.
    Invitation,
    /// A new password.
    Reset,
    /// The first administrator.
    SetUp,
}

/// A one-time link, shown to whoever asked for it and to nobody again.
#[derive(Clone, Debug)]
pub struct OneTimeLink {
    /// What it is for.
    pub purpose: Purpose,
    /// The token in it.
    pub token: Secret,
    /// The whole link.
    pub url: Secret,
    /// Until when it can be used.
    pub expires: Wall,
    /// The address to which it is being sent, if mail is set up and the account has one.
    pub mailed_to: Option<String>,
}

/// A service: a team or an organisation that accounts belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its number.
    pub id: ServiceId,
    /// Its name; unique whatever the case.
    pub name: String,
    /// How many accounts belong to it.
    pub members: usize,
    /// Counts its changes.
    pub version: i64,
}

/// A session of somebody signed in, or one that has ended not long ago.
#[derive(Clone, Debug)]
pub struct SessionEntry {
    /// Its number.
    pub id: SessionId,
    /// Whose.
    pub account: AccountId,
    /// Through which face.
    pub face: Face,
    /// From where.
    pub address: Option<IpAddr>,
    /// What the other side calls itself, cut to a bounded length.
    pub agent: Option<String>,
    /// Since when.
    pub created: Wall,
    /// When it ends at the latest.
    pub expires: Wall,
    /// When it was last used, and whether it still lives.
    pub life: Arc<Life>,
    /// When and why it ended.
    pub ended: Option<(Wall, Ended)>,
}

/// A token of the API.
#[derive(Clone, Debug)]
pub struct TokenEntry {
    /// Its number.
    pub id: TokenId,
    /// Whose.
    pub account: AccountId,
    /// Its name.
    pub name: String,
    /// What it allows, as far as its account still may.
    pub rights: Rights,
    /// Since when.
    pub created: Wall,
    /// Until when.
    pub expires: Wall,
    /// When it was last used, to a minute or so.
    pub used: Option<Wall>,
    /// When it was revoked.
    pub revoked: Option<Wall>,
    /// Whether it still lives.
    pub life: Arc<Life>,
}

/// Usual sets of rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// Reads.
    Viewer,
    /// Reads and charges.
    Operator,
    /// Reads, changes, uses CAN.
    Engineer,
    /// Everything.
    Administrator,
}

impl Preset {
    /// All of them, from least to most.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Operator, Self::Engineer, Self::Administrator];

    /// Its rights.
    #[must_use]
    pub fn rights(self) -> Rights {
        Rights::of_account(match self {
            Self::Viewer => &[],
            Self::Operator => &[Right::ChargePacks],
            Self::Engineer => &[Right::ChangeSettings, Right::SendReceiveCan],
            Self::Administrator => &[Right::Administrator],
        })
    }

    /// The word for it on a screen.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Viewer => "Viewer",
            Self::Operator => "Operator",
            Self::Engineer => "Engineer",
            Self::Administrator => "Administrator",
        }
    }
}

/// Longest name of an account, a service or a token, in characters.
pub const NAME_CHARS: usize = 64;
/// Longest e-mail address, in characters (RFC 5321, section 4.5.3.1.3).
pub const EMAIL_CHARS: usize = 254;

/// Why a text cannot be a name or an address.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FieldError {
    /// Nothing but spaces.
    #[error("the {0} is empty")]
    Empty(&'static str),
    /// Too long.
    #[error("the {what} has {chars} characters; {most} are allowed")]
    Long {
        /// Which field.
        what: &'static str,
        /// How long it is.
        chars: usize,
        /// How long it may be.
        most: usize,
    },
    /// A character that cannot be seen or typed.
    #[error("the {what} holds the character U+{code:04X}, which it may not")]
    Character {
        /// Which field.
        what: &'static str,
        /// The character.
        code: u32,
    },
    /// A name that the journal gives to something else.
    #[error("\u{201c}{0}\u{201d} is what the journal calls something else: choose another name")]
    Reserved(String),
    /// No e-mail address.
    #[error("\u{201c}{0}\u{201d} is not an e-mail address")]
    Email(String),
    /// An address that whoever asks may send nothing to.
    #[error(
        "a report goes to the address that the settings name for feedback or to that of an account: \u{201c}{0}\u{201d} is neither, and only an administrator sends to others"
    )]
    Stranger(String),
}

/// The name of an account, a service or a token (`what` says which), without spaces around it.
///
/// # Errors
/// It is empty, too long, or holds control or direction characters, with which one name can be made
/// to look like another.
pub fn name(what: &'static str, text: &str) -> Result<String, FieldError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(FieldError::Empty(what));
    }
    let chars = text.chars().count();
    if chars > NAME_CHARS {
        return Err(FieldError::Long { what, chars, most: NAME_CHARS });
    }
    match text.chars().find(|c| !shows(*c)) {
        Some(c) => Err(FieldError::Character { what, code: c.into() }),
        None => Ok(text.to_owned()),
    }
}

/// What the journal calls those who act without an account. Who is called so could hide among them.
pub const RESERVED: [&str; 9] = [
    "local console",
    "not signed in",
    "profile watcher",
    "web listener",
    "charge control",
    "send control",
    "record control",
    "mail",
    "journal",
];
/// What the journal adds to the name of whoever comes in with a token.
const TOKEN_OF: &str = "(token ";
/// What it adds to the name of an account that a display came in as.
const DISPLAY_OF: &str = "(display)";

/// The name of an account, without spaces around it.
///
/// # Errors
/// As [`name`], or the journal uses it for something else.
pub fn account_name(text: &str) -> Result<String, FieldError> {
    let name = name("name", text)?;
    let folded = name.to_lowercase();
    if RESERVED.contains(&folded.as_str())
        || folded.contains(TOKEN_OF)
        || folded.contains(DISPLAY_OF)
    {
        return Err(FieldError::Reserved(name));
    }
    Ok(name)
}

/// An e-mail address; empty text is none.
///
/// # Errors
/// It has no form of an address. Whether it can be reached, only a mail can tell.
pub fn email(text: &str) -> Result<Option<String>, FieldError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let chars = text.chars().count();
    if chars > EMAIL_CHARS {
        return Err(FieldError::Long { what: "e-mail address", chars, most: EMAIL_CHARS });
    }
    let plain =
        text.chars().all(|c| shows(c) && !c.is_whitespace() && !"<>()[],;:\\\"".contains(c));
    match text.split_once('@') {
        Some((local, domain)) if plain && !local.is_empty() && is_domain(domain) => {
            Ok(Some(text.to_owned()))
        }
        Some(_) | None => Err(FieldError::Email(text.to_owned())),
    }
}

fn is_domain(text: &str) -> bool {
    !text.contains('@') && text.split('.').all(|part| !part.is_empty())
}

/// Whether a character shows and does not turn the direction of writing or join invisibly.
fn shows(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_hold_what_the_product_says() {
        let rights = |preset: Preset| preset.rights().iter().collect::<Vec<_>>();
        assert_eq!(rights(Preset::Viewer), [Right::ReadSettings]);
        assert_eq!(rights(Preset::Operator), [Right::ReadSettings, Right::ChargePacks]);
        let engineer = [Right::ReadSettings, Right::ChangeSettings, Right::SendReceiveCan];
        assert_eq!(rights(Preset::Engineer), engineer);
        assert_eq!(rights(Preset::Administrator), [Right::Administrator]);
    }

    #[test]
    fn a_name_that_could_pass_for_another_is_refused() {
        assert_eq!(name("name", "  ada ").as_deref(), Ok("ada"));
        assert_eq!(name("name", "Zo\u{eb} 2").as_deref(), Ok("Zo\u{eb} 2"));
        assert!(name("name", " ").is_err());
        assert!(name("name", "a\u{202e}da").is_err());
        assert!(name("name", "a\nb").is_err());
        assert!(name("name", &"x".repeat(65)).is_err());
    }

    #[test]
    fn an_address_has_one_at_and_a_domain() {
        assert_eq!(email(" "), Ok(None));
        assert_eq!(email("grace@example.org"), Ok(Some("grace@example.org".into())));
        for bad in
            ["grace", "@example.org", "a@b@c", "a@.org", "a b@c.org", "<a@b.org>", "a@b.\r\nBcc"]
        {
            assert!(email(bad).is_err(), "{bad:?}");
        }
    }
}
