//! Orders about accounts, services and links. Each is an administrator's.

use crate::engine::access::account::{
    Account, AccountId, AccountKind, OneTimeLink, Purpose, Service, ServiceId, Status,
};
use crate::engine::access::actor::Rights;
use crate::engine::access::password::PasswordHash;
use crate::engine::access::permission::Administer;
use crate::engine::orders::deeds::{accounts as deed, services};
use crate::engine::orders::{Order, OrderError, Route};

/// Which service an account is to belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceChoice {
    /// None.
    None,
    /// The one with this number.
    Id(ServiceId),
    /// The one of this name, which is made if it is not there.
    Named(String),
}

/// How a new account gets its password.
#[derive(Clone, Debug)]
pub enum Credential {
    /// By an invitation link.
    Invitation,
    /// It is given now.
    Password {
        /// Checked and hashed.
        hash: PasswordHash,
        /// It must be changed at the first sign-in.
        must_change: MustChangeIt,
    },
    /// It has none: a service account.
    None,
}

/// Whether a password that somebody else chose must be changed at the first sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MustChangeIt {
    /// It must.
    Yes,
    /// It need not.
    No,
}

/// What came of adding or inviting.
#[derive(Clone, Debug)]
pub struct Added {
    /// The account as it is now.
    pub account: Account,
    /// Its link, if it got one.
    pub link: Option<OneTimeLink>,
}

/// Adds an account.
#[derive(Clone, Debug)]
pub struct AddAccount {
    /// Who it is for.
    pub kind: AccountKind,
    /// Its name.
    pub name: String,
    /// Its e-mail address.
    pub email: Option<String>,
    /// Its service.
    pub service: ServiceChoice,
    /// What it may do.
    pub rights: Rights,
    /// How it gets its password.
    pub credential: Credential,
    /// Where the listener is found, such as `https://pack.example.org`, for the link.
    pub link_base: String,
}

/// Changes an account; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct ChangeAccount {
    /// Which; a number that no account has is refused.
    pub id: Option<AccountId>,
    /// The version that the change was made on; `None` takes whatever is there.
    pub expected: Option<i64>,
    /// New name.
    pub name: Option<String>,
    /// New e-mail address; the inner `None` takes it away.
    pub email: Option<Option<String>>,
    /// New service.
    pub service: Option<ServiceChoice>,
    /// New rights.
    pub rights: Option<Rights>,
    /// Enables or disables it.
    pub status: Option<Status>,
}

/// Deletes an account with its sessions, tokens and links.
#[derive(Clone, Copy, Debug)]
pub struct DeleteAccount {
    /// Which.
    pub id: AccountId,
    /// The version that was looked at.
    pub expected: Option<i64>,
}

/// Makes a new invitation or reset link, which takes the place of an older one.
#[derive(Clone, Debug)]
pub struct MakeLink {
    /// For which account.
    pub id: AccountId,
    /// What for: not for set-up.
    pub purpose: Purpose,
    /// As in [`AddAccount`].
    pub link_base: String,
}

/// Gives an account a password that must be changed at the next sign-in; its sessions end.
#[derive(Clone, Debug)]
pub struct GivePassword {
    /// Which account.
    pub id: AccountId,
    /// The version that was looked at.
    pub expected: Option<i64>,
    /// Checked and hashed.
    pub hash: PasswordHash,
    /// Whether it must be changed.
    pub must_change: MustChangeIt,
}

/// Adds a service.
#[derive(Clone, Debug)]
pub struct AddService {
    /// Its name.
    pub name: String,
}

/// Renames a service.
#[derive(Clone, Debug)]
pub struct RenameService {
    /// Which.
    pub id: ServiceId,
    /// The version that was looked at.
    pub expected: Option<i64>,
    /// Its new name.
    pub name: String,
}

/// Removes a service that nobody belongs to.
#[derive(Clone, Copy, Debug)]
pub struct RemoveService {
    /// Which.
    pub id: ServiceId,
    /// The version that was looked at.
    pub expected: Option<i64>,
}

macro_rules! order {
    ($order:ident, $name:literal, $done:ty, $deed:path, |$this:ident| $target:expr) => {
        impl Order for $order {
            type Needs = Administer;
            type Done = $done;
            const NAME: &'static str = $name;

            fn needs(&self) -> Administer {
                Administer
            }

            fn target(&self) -> String {
                let $this = self;
                $target
            }

            fn route(self) -> Route<$done> {
                Route::records(move |desk| -> Result<$done, OrderError> { $deed(desk, self) })
            }
        }
    };
}

order!(AddAccount, "add_account", Added, deed::add, |o| format!("account {}", o.name.trim()));
order!(ChangeAccount, "change_account", Account, deed::change, |o| {
    o.id.map_or_else(|| "account".to_owned(), |id| format!("account {id}"))
});
order!(DeleteAccount, "delete_account", (), deed::delete, |o| format!("account {}", o.id));
order!(MakeLink, "make_link", Added, deed::make_link, |o| format!("account {}", o.id));
order!(GivePassword, "give_password", Account, deed::give_password, |o| {
    format!("account {}", o.id)
});
order!(AddService, "add_service", Service, services::add, |o| {
    format!("service {}", o.name.trim())
});
order!(RenameService, "rename_service", Service, services::rename, |o| {
    format!("service {}", o.id)
});
order!(RemoveService, "remove_service", (), services::remove, |o| format!("service {}", o.id));
