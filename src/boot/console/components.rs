//! What a person asks for on the Parts page, turned into orders about the running profile.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::people::{Clerk, Outcome, done};
use crate::base::id::Name;
use crate::engine::{EditProfile, ProfileChange, Revision, Snapshot, ViewPlant};
use crate::view::components::{DraftOf, Switch};
use crate::view::compose::components::{self, Wanted};

impl Clerk<'_> {
    fn running(&self) -> Result<Arc<Snapshot>, String> {
        let grant = self.shared.session.permit(ViewPlant).map_err(super::people::sentence)?;
        Ok(self.shared.door.look(&grant))
    }

    fn change_profile(
        &self,
        snapshot: &Snapshot,
        revision: &str,
        change: ProfileChange,
    ) -> Result<(), String> {
        let profile = snapshot.profile.as_ref().ok_or("No profile runs: open one first.")?;
        let (profile, on) = (profile.name.clone(), Revision::told(revision));
        self.order(EditProfile { profile, on, changes: vec![change] })
    }

    /// Puts what was typed into the profile.
    pub(super) fn put_component(
        &self,
        of: &DraftOf,
        typed: &BTreeMap<String, String>,
        revision: &str,
    ) -> Outcome {
        let snapshot = self.running()?;
        let wanted = Wanted::of(of);
        let told = |wrong: components::Wrongs| {
            let texts: Vec<String> = wrong.into_iter().map(|one| one.text).collect();
            texts.join(" ")
        };
        let (old, entry) = components::entry(&snapshot, wanted, typed).map_err(told)?;
        let words = match &old {
            None => format!("{} is added, and listened to from now on.", entry.name),
            Some(_) => format!("{} is changed, from now on.", entry.name),
        };
        let change = ProfileChange::PutComponent { name: old, entry: Box::new(entry) };
        self.change_profile(&snapshot, revision, change)?;
        done(words)
    }

    fn known(&self, name: &str) -> Result<(Arc<Snapshot>, Name), String> {
        let snapshot = self.running()?;
        let entry = components::entry_of(&snapshot, name);
        let entry = entry.ok_or_else(|| format!("There is no component {name} any more."))?;
        let name = entry.name.clone();
        Ok((snapshot, name))
    }

    /// Listens to a component again, or no more.
    pub(super) fn switch_component(&self, name: &str, to: Switch, revision: &str) -> Outcome {
        let (snapshot, name) = self.known(name)?;
        let (change, words) = match to {
            Switch::Enable => (
                ProfileChange::EnableComponent(name.clone()),
                format!("{name} is enabled: it is listened to from now on."),
            ),
            Switch::Disable => (
                ProfileChange::DisableComponent(name.clone()),
                format!("{name} is disabled: it stays in the profile and is not listened to."),
            ),
        };
        self.change_profile(&snapshot, revision, change)?;
        done(words)
    }

    /// Takes a component out of the profile.
    pub(super) fn delete_component(&self, name: &str, revision: &str) -> Outcome {
        let (snapshot, name) = self.known(name)?;
        let words = format!("{name} is deleted. {}", components::way_back(&snapshot));
        self.change_profile(&snapshot, revision, ProfileChange::DropComponent(name))?;
        done(words)
    }
}
