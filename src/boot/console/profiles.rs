//! What a person asks for on the Profiles page, turned into orders and queries.

use super::people::{Clerk, Outcome, done, sentence};
use crate::boot::profiles::{remember, to_run};
use crate::desktop::ask::{Brought, ProfileAsk};
use crate::engine::{
    AddProfile, DeleteProfile, EditProfile, NewProfile, Profile, ProfileChange, RenameProfile,
    RestoreProfile, Revision, ViewPlant, demo_profile, interfaces, profiles,
};
use crate::view::compose;
use crate::view::compose::profiles::a_profile_name;
use crate::view::profiles::{Beginning, ProfileView, ProfilesLook, ProfilesSeen};

impl Clerk<'_> {
    pub(super) fn profiles(&self, ask: ProfileAsk) -> Outcome {
        match ask {
            ProfileAsk::Look(look) => Ok(Brought::Profiles(Box::new(self.look_at_profiles(look)?))),
            ProfileAsk::Add { name, begins } => self.add_profile(&name, &begins),
            ProfileAsk::Save { profile, revision, name, description } => {
                self.save_profile(&profile, &revision, (&name, description))
            }
            ProfileAsk::Run(profile) => self.run_profile(&profile),
            ProfileAsk::Bring { path, name, carry } => self.bring_pack(path, &name, carry),
            ProfileAsk::Take { path, name, carry, mark } => {
                self.take_pack((&path, carry), &name, mark)
            }
            ProfileAsk::Export { profile, recordings, to } => {
                self.export_pack(&profile, &recordings, &to)
            }
            ProfileAsk::Restore { profile, revision, version } => {
                let (profile, on) = (a_profile_name(&profile)?, Revision::told(&revision));
                let words = format!("{profile} says what it said in version {version}.");
                self.order(RestoreProfile { profile, on, version })?;
                done(words)
            }
            ProfileAsk::Delete { profile, revision } => {
                let profile = a_profile_name(&profile)?;
                let on = (!revision.is_empty()).then(|| Revision::told(&revision));
                let words = format!(
                    "{profile} is deleted. Its versions stay for one that is added under its name."
                );
                self.order(DeleteProfile { profile, on })?;
                done(words)
            }
        }
    }

    fn add_profile(&self, name: &str, begins: &Beginning) -> Outcome {
        let name = a_profile_name(name)?;
        let says = match begins {
            Beginning::Empty => {
                NewProfile::Of(Box::new(Profile::new(name.clone(), Vec::new(), Vec::new())))
            }
            Beginning::Interface(interface) => {
                NewProfile::Of(Box::new(Profile::for_interface(interface).map_err(sentence)?))
            }
            Beginning::Scene(scene) => {
                NewProfile::Of(Box::new(demo_profile(&scene.name).map_err(sentence)?))
            }
            Beginning::Copy(from) => NewProfile::Copy(a_profile_name(from)?),
        };
        let words = format!("{name} is added. It does not run yet.");
        self.order(AddProfile { name, says })?;
        done(words)
    }

    fn save_profile(
        &self,
        profile: &str,
        revision: &str,
        (to, description): (&str, String),
    ) -> Outcome {
        let (profile, to) = (a_profile_name(profile)?, a_profile_name(to)?);
        let changes = vec![ProfileChange::Describe(description)];
        let on = Revision::told(revision);
        self.order(EditProfile { profile: profile.clone(), on, changes })?;
        if to == profile {
            return done(format!("{profile} is saved."));
        }
        let grant = self.shared.session.permit(ViewPlant).map_err(sentence)?;
        let on = self.shared.door.profile_text(&grant, &profile).map_err(sentence)?.revision();
        let words = format!("{profile} is called {to} now.");
        self.order(RenameProfile { profile, on, to })?;
        done(words)
    }

    fn run_profile(&self, profile: &str) -> Outcome {
        let (door, session) = (&self.shared.door, &self.shared.session);
        let profile = a_profile_name(profile)?;
        self.order(to_run(door, session, &profile).map_err(sentence)?)?;
        match remember(door, session, &profile) {
            Ok(()) => done(format!("{profile} runs, and is what the next start opens.")),
            Err(why) => done(format!("{why}.")),
        }
    }

    fn look_at_profiles(&self, look: ProfilesLook) -> Result<ProfilesSeen, String> {
        let door = &self.shared.door;
        let grant = self.shared.session.permit(ViewPlant).map_err(sentence)?;
        let found = profiles::all(&door.library(&grant)).map_err(sentence)?;
        let last = door.last_changes(&grant).map_err(sentence)?;
        let snapshot = door.look(&grant);
        let names = interfaces().interfaces.into_iter().map(|one| one.name).collect();
        let who = (&self.shared.session, self.zone);
        let all = compose::profiles::profiles((&found, &last), names, &snapshot, who);
        let one = match &look {
            ProfilesLook::All => None,
            ProfilesLook::One(name, version) => {
                Some(match found.iter().find(|f| f.name == *name) {
                    None => Err(format!("There is no profile {name} any more.")),
                    Some(found) => {
                        let own = a_profile_name(name)?;
                        let said = door.profile_text(&grant, &own);
                        let lines = door.profile_versions(&grant, name).map_err(sentence)?;
                        let version = match version {
                            Some(id) => {
                                door.profile_version(&grant, name, *id).map_err(sentence)?
                            }
                            None => None,
                        };
                        let versions = (lines.as_slice(), version.as_ref());
                        let view = |said| -> Box<ProfileView> {
                            compose::profiles::profile(found, &said, versions, &snapshot, who)
                                .into()
                        };
                        said.map(view).map_err(sentence)
                    }
                })
            }
        };
        let along = match &look {
            ProfilesLook::All => Vec::new(),
            // A folder that cannot be read keeps nobody from the profile.
            ProfilesLook::One(..) => self.along().unwrap_or_default(),
        };
        Ok(ProfilesSeen { look, all, one, along })
    }
}
