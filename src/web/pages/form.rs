//! Fields of forms that come as a list of pairs: some come several times, some not at all.

use std::fmt;

use crate::engine::{AccountId, Right, Rights, ServiceChoice, ServiceId};
use crate::web::problem::Problem;

/// What was typed, as it came.
#[derive(Clone, Default)]
pub struct Typed(Vec<(String, String)>);

impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One of them may be a password.
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl From<Vec<(String, String)>> for Typed {
    fn from(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }
}

impl Typed {
    /// The first value of `name`; `None` where it was not sent.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The same, empty where it was not sent.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// What was sent as `name`. A switch that is off is not sent: it is listed as `switch` where it stood
    /// in the form.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<&str> {
        let stood = |(own, value): &(String, String)| own == "switch" && value == name;
        self.get(name).or_else(|| self.0.iter().any(stood).then_some(""))
    }

    /// The rights that were ticked.
    ///
    /// # Errors
    /// One of them is none.
    pub fn rights(&self) -> Result<Vec<Right>, Problem> {
        let ticked = self.0.iter().filter(|(name, _)| name == "right");
        let read = |code: &str| -> Result<Right, Problem> {
            code.parse::<Right>().map_err(|error| Problem::invalid(format!("{error}.")))
        };
        ticked.map(|(_, code)| read(code)).collect()
    }

    /// The rights of an account that were ticked.
    ///
    /// # Errors
    /// One of them is none.
    pub fn account_rights(&self) -> Result<Rights, Problem> {
        Ok(Rights::of_account(&self.rights()?))
    }

    /// The version that the form was made on.
    #[must_use]
    pub fn version(&self) -> Option<i64> {
        self.get("version").and_then(|text| text.parse().ok())
    }

    /// The service that was chosen in the list.
    #[must_use]
    pub fn service_id(&self) -> Option<ServiceId> {
        self.get("service").and_then(|text| text.parse().ok())
    }

    /// The service that was chosen in the list or named anew.
    #[must_use]
    pub fn service(&self) -> ServiceChoice {
        let named = self.text("new_service").trim();
        match self.service_id() {
            _ if !named.is_empty() => ServiceChoice::Named(named.to_owned()),
            Some(id) => ServiceChoice::Id(id),
            None => ServiceChoice::None,
        }
    }
}

/// The sentence for what was done, by the word in an address; empty for any other word.
#[must_use]
pub fn done(word: &str) -> &'static str {
    const DONE: &[(&str, &str)] = &[
        ("replay-started", "The replay was taken up. Where it stands is shown below."),
        ("replay-told", "The replay was told."),
        ("charge-started", "The start was taken up. Where it stands is shown below."),
        ("charge-applied", "The set points are changed."),
        ("charge-engaged", "Closing the contactors was taken up. How far it is, is shown below."),
        ("charge-cleared", "What was latched is cleared."),
        ("charge-read", "Noted: you have read the safety text."),
        ("charge-demo", "The demo is changed."),
        (
            "charge-stopped",
            "The stop was taken up: the current goes to zero, then the contactors open. How far it is, is shown below.",
        ),
        (
            "stop-taken",
            "The stop was taken up: the current goes to zero, then the contactors open. How far it is can be seen once the password is changed.",
        ),
        (
            "armed",
            "The bus is armed. Frames can be sent to it until its time is over or it is silenced.",
        ),
        ("bus-restart", "The restart was taken up. What came of it is said at the bus."),
        ("bus-scan", "The search was taken up. How far it is, is said at the bus."),
        ("silenced", "Silenced: nothing is sent by hand any more."),
        ("sent", "Handed to the bus. If its guard keeps it back, that is said above."),
        ("scheduled", "Started. How it is doing is shown below."),
        ("kept", "Kept in the profile, under its name. It is sent only when somebody starts it."),
        ("unkept", "Taken out of the profile."),
        ("stopped", "Stopped."),
        ("forgotten", "Taken from the list."),
        ("dbc-kept", "Kept. Buses that are read by it are read by what it says now."),
        ("dbc-removed", "Removed from the kept files."),
        ("dbc-used", "The bus is read by it too from now on."),
        ("dbc-unused", "The bus is read by it no longer. The file stays."),
        ("recording", "The recording is started. How it is doing is shown below."),
        ("recording-deleted", "Deleted from the folder."),
        ("recording-taken", "Taken into the folder."),
        ("profile-runs", "It runs now, and is opened at the next start."),
        ("profile-deleted", "Deleted. Its versions stay."),
        ("pack-taken", "The pack is taken. Its profile does not run yet."),
        ("restored", "It says what that version said. That is a new version, so it can be undone."),
        ("component-enabled", "Enabled. It is listened to from now on."),
        ("component-disabled", "Disabled. It stays in the profile and is not listened to."),
        ("rule", "The rule is changed. It holds from now on, for every pack."),
        ("saved", "Saved."),
        (
            "settings-saved",
            "What was entered is kept and holds at once. Where it cannot be had, its section says so.",
        ),
        ("added", "Added."),
        ("renamed", "Renamed."),
        ("removed", "Removed."),
        ("deleted", "Deleted, with its sessions, tokens and links."),
        ("disabled", "Disabled. All its sessions have ended."),
        ("enabled", "Enabled."),
        ("ended", "Ended."),
        ("out", "Signed out everywhere."),
        ("others", "All your other sessions have ended."),
        ("revoked", "Revoked."),
        ("wait", "The wait is lifted: they can try again at once."),
        ("temporary", "The password is set. It must be changed at the next sign-in."),
        ("password", "Your password is changed. All your other sessions have ended."),
        ("theme", "The theme is changed."),
    ];
    DONE.iter().find(|(known, _)| *known == word).map_or("", |(_, sentence)| sentence)
}

/// An account's number in an address.
///
/// # Errors
/// It is no number, so there is no such account.
pub fn account(text: &str) -> Result<AccountId, Problem> {
    text.parse().map_err(|_| Problem::not_found(format!("There is no account {text}.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(pairs: &[(&str, &str)]) -> Typed {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Typed(pairs.collect())
    }

    #[test]
    fn a_new_service_goes_before_the_list() {
        assert_eq!(typed(&[("service", "3")]).service(), ServiceChoice::Id(ServiceId(3)));
        let both = typed(&[("service", "3"), ("new_service", " Pit ")]);
        assert_eq!(both.service(), ServiceChoice::Named("Pit".into()));
        assert_eq!(typed(&[("service", "")]).service(), ServiceChoice::None);
    }

    #[test]
    fn rights_are_ticked_one_by_one_and_a_made_up_one_is_refused() {
        let rights = typed(&[("right", "charge_packs"), ("right", "send_receive_can")]).rights();
        assert_eq!(rights.unwrap(), [Right::ChargePacks, Right::SendReceiveCan]);
        let problem = typed(&[("right", "root")]).account_rights().unwrap_err();
        assert!(problem.detail().contains("root"), "{}", problem.detail());
        assert!(done("<script>").is_empty());
    }
}
