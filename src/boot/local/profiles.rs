//! What is asked of profiles over the control socket, turned into orders of whoever sits at the machine.

use super::Desk;
use crate::boot::profiles;
use crate::cli::charge::Answer;
use crate::cli::profile::Wanted;
use crate::engine::{
    DeleteProfile, EditProfile, ProfileChange, RenameProfile, RestoreProfile, Revision, VersionId,
};

impl Desk {
    pub(super) fn profile(&self, wanted: Wanted) -> Result<Answer, String> {
        let words = wanted.words();
        match wanted {
            Wanted::Rename { profile, on, to } => {
                self.waited(RenameProfile { profile, on: Revision::told(&on), to })?;
            }
            Wanted::Describe { profile, on, text } => {
                let changes = vec![ProfileChange::Describe(text)];
                self.waited(EditProfile { profile, on: Revision::told(&on), changes })?;
            }
            Wanted::Delete { profile, on } => {
                let on = on.as_deref().map(Revision::told);
                self.waited(DeleteProfile { profile, on })?;
            }
            Wanted::Restore { profile, on, version } => {
                let (on, version) = (Revision::told(&on), VersionId(version));
                self.waited(RestoreProfile { profile, on, version })?;
            }
            Wanted::Activate { profile } => {
                self.waited(profiles::to_run(&self.door, &self.session, &profile)?)?;
                profiles::remember(&self.door, &self.session, &profile)?;
            }
        }
        Ok(Answer::Done(words))
    }
}
