//! What a person asks for about components of their own, turned into orders about device folders.
//! Reading files and folders blocks, so it is done on the thread of whoever asked.

use std::path::Path;

use super::people::{Clerk, Outcome, sentence};
use crate::desktop::ask::Brought;
use crate::engine::{
    ChangeSettings, DeviceDraft, Devices, ExpectedFile, KeepDevice, LARGEST_DBC, RemoveDevice,
};
use crate::view::compose::custom;
use crate::view::custom::{OwnAsk, OwnTyped};

impl Clerk<'_> {
    /// Does what is asked.
    pub(super) fn own_device(&self, ask: OwnAsk) -> Outcome {
        match ask {
            OwnAsk::Look(id) => self.show_device(&id, String::new()),
            OwnAsk::Make { file, id, title } => self.make(&file, id, &title),
            OwnAsk::Save { id, mark, typed } => self.save_device(id, mark, &typed),
            OwnAsk::Remove { id, mark } => {
                let words = format!("{id} is removed. Its DBC is still where it was brought from.");
                self.order(RemoveDevice { name: id, expected: ExpectedFile::Mark(mark) })?;
                Ok(Brought::Done(words))
            }
        }
    }

    fn devices(&self) -> Result<Devices, String> {
        let grant = self.shared.session.permit(ChangeSettings).map_err(sentence)?;
        Ok(self.shared.door.devices(&grant))
    }

    fn show_device(&self, id: &str, words: String) -> Outcome {
        let devices = self.devices()?;
        let files = devices.read(id).map_err(sentence)?;
        let users = devices.users(id);
        let view = custom::own_device((id, &files), &users, &self.shared.session);
        Ok(Brought::Own(Box::new(view), words))
    }

    fn make(&self, file: &Path, id: String, title: &str) -> Outcome {
        let bytes = read(file)?;
        let title = if title.is_empty() { id.as_str() } else { title };
        let draft = DeviceDraft::new(&id, title, &bytes).map_err(sentence)?;
        let files = draft.make().map_err(|why| format!("{why}."))?;
        let name = id.clone();
        self.order(KeepDevice { name, files, expected: ExpectedFile::Nothing })?;
        let words = "It is kept and can be added like any other component. All its messages are taken; say now what its signals are.";
        self.show_device(&id, words.to_owned())
    }

    fn save_device(&self, id: String, mark: String, typed: &OwnTyped) -> Outcome {
        let there = self.devices()?.read(&id).map_err(sentence)?;
        let mut draft = DeviceDraft::of(&id, &there).map_err(sentence)?;
        custom::put(&mut draft, typed)?;
        let files = draft.make().map_err(|why| format!("{why}."))?;
        let name = id.clone();
        self.order(KeepDevice { name, files, expected: ExpectedFile::Mark(mark) })?;
        self.show_device(&id, "It is saved, and known so from now on.".to_owned())
    }
}

/// A DBC file, as far as one can be so large.
fn read(file: &Path) -> Result<Vec<u8>, String> {
    let failed = |error: std::io::Error| format!("{} cannot be read: {error}.", file.display());
    let about = std::fs::metadata(file).map_err(failed)?;
    if !about.is_file() {
        return Err(format!("{} is not a file.", file.display()));
    }
    if about.len() > LARGEST_DBC {
        let most = LARGEST_DBC >> 20;
        return Err(format!("{} is larger than any DBC file: {most} MiB.", file.display()));
    }
    std::fs::read(file).map_err(failed)
}
