//! Profile packs as the window handles them: looked at, taken, written. A file that is brought is read
//! anew when it is taken; the mark of what was seen says whether it is still the same.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::file;
use super::people::{Clerk, Outcome, done, sentence};
use crate::base::id::Name;
use crate::desktop::ask::{Brought, BroughtPack, SaveTo};
use crate::engine::{
    CarryPack, ChangeSettings, ExportPack, ImportPack, LARGEST_PACK, PackCarry, PackRecordings,
    ProfilePack, UseCan, ViewPlant, environment,
};
use crate::view::compose;
use crate::view::compose::profiles::a_profile_name;
use crate::view::exchange::{AlongRow, MOST_OFFERED};

impl Clerk<'_> {
    /// Says what would become of a pack.
    pub(super) fn bring_pack(&self, path: PathBuf, name: &str, carry: PackCarry) -> Outcome {
        let session = &self.shared.session;
        let pack = read(&path)?.carry(carry);
        let name = wanted(name)?;
        let brought = self.taken_in(&pack)?;
        let library = self.shared.door.library(&session.permit(ViewPlant).map_err(sentence)?);
        let devices = self.shared.door.devices(&session.permit(ChangeSettings).map_err(sentence)?);
        let places = (&library, &devices);
        let preview = pack.preview(name.as_ref(), places, &brought, &environment);
        let view = compose::exchange::pack(&preview.map_err(sentence)?, session);
        Ok(Brought::Pack(Box::new(BroughtPack { path, view })))
    }

    /// Takes a pack as it was seen.
    pub(super) fn take_pack(
        &self,
        (path, carry): (&Path, PackCarry),
        name: &str,
        mark: String,
    ) -> Outcome {
        let pack = Box::new(read(path)?.carry(carry));
        let recordings = self.taken_in(&pack)?;
        let order = ImportPack { pack, name: wanted(name)?, seen: Some(mark), recordings };
        let taken = self.order(order)?;
        done(format!("{} is here, with all that came with it. It does not run yet.", taken.name))
    }

    /// Takes in the recordings of a pack, if it has any.
    fn taken_in(&self, pack: &ProfilePack) -> Result<PackRecordings, String> {
        if pack.recordings().is_empty() {
            return Ok(PackRecordings::default());
        }
        let (session, door) = (&self.shared.session, &self.shared.door);
        let shelf = door.recordings(&session.permit(UseCan).map_err(sentence)?).clone();
        pack.take_in(&shelf, door.clock().wall()).map_err(sentence)
    }

    /// The recordings that whoever sits here may have in a pack.
    pub(super) fn along(&self) -> Result<Vec<AlongRow>, String> {
        let session = &self.shared.session;
        if session.permit(CarryPack::WithRecordings).is_err() {
            return Ok(Vec::new());
        }
        let shelf = self.shared.door.recordings(&session.permit(UseCan).map_err(sentence)?);
        Ok(compose::exchange::along(&shelf.newest(MOST_OFFERED).map_err(sentence)?))
    }

    /// Writes a profile with what it needs, and these recordings.
    pub(super) fn export_pack(&self, profile: &str, recordings: &[String], to: &SaveTo) -> Outcome {
        let (session, door) = (&self.shared.session, &self.shared.door);
        let grant = session.permit(ViewPlant).map_err(sentence)?;
        let devices = door.devices(&session.permit(ChangeSettings).map_err(sentence)?);
        let profile = a_profile_name(profile)?;
        let text = door.profile_text(&grant, &profile).map_err(sentence)?.text;
        let library = door.library(&grant);
        let pack = ProfilePack::of((&library, &devices), &profile, &text, &environment);
        let mut pack = pack.map_err(sentence)?;
        if !recordings.is_empty() {
            let shelf = door.recordings(&session.permit(UseCan).map_err(sentence)?);
            pack =
                pack.with_recordings(shelf, recordings, door.clock().wall()).map_err(sentence)?;
        }
        let bytes = pack.write().map_err(sentence)?;
        self.order(ExportPack::of(&profile, &pack))?;
        file::write(to, |out| Ok(out.write_all(&bytes)?))?;
        let (dbcs, kinds) = (pack.dbcs().len(), pack.devices().len());
        let recorded = pack.recordings().len();
        done(format!(
            "{profile} is in {}, with DBC files: {dbcs}, device folders: {kinds}, recordings: {recorded}. No password, token or key is in it.",
            to.path.display()
        ))
    }
}

fn wanted(name: &str) -> Result<Option<Name>, String> {
    if name.trim().is_empty() { Ok(None) } else { a_profile_name(name).map(Some) }
}

fn read(path: &Path) -> Result<ProfilePack, String> {
    let told = |why: String| format!("{}: {}", path.display(), sentence(why));
    let meta = std::fs::metadata(path).map_err(|error| told(error.to_string()))?;
    if !meta.is_file() {
        return Err(told("this is no regular file".to_owned()));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| told(error.to_string()))?;
    file.take(LARGEST_PACK + 1).read_to_end(&mut bytes).map_err(|error| told(error.to_string()))?;
    ProfilePack::read(&bytes, &environment).map_err(|error| told(error.to_string()))
}
