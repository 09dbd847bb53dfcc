//! Having a profile of the data folder run: what the window and the control socket share.

use crate::base::id::Name;
use crate::engine::{ActivateProfile, ChangeSettings, Door, Session, ViewPlant, load_profile};

/// The order that has this profile run. Blocks for reading its file.
///
/// # Errors
/// There is none, or it is refused: a sentence with file, line and reason.
pub(super) fn to_run(
    door: &Door,
    session: &Session,
    name: &Name,
) -> Result<ActivateProfile, String> {
    let grant = session.permit(ViewPlant).map_err(|denied| denied.to_string())?;
    let library = door.library(&grant);
    let file = library.file_of(name);
    if !file.exists() {
        return Err(format!("there is no profile {name} any more"));
    }
    let loaded = load_profile(&file, &library.catalog()).map_err(|error| error.to_string())?;
    Ok(ActivateProfile::loaded(loaded))
}

/// Has it opened at the next start, too. Blocks for writing that.
///
/// # Errors
/// Says that it runs and will not be opened by itself.
pub(super) fn remember(door: &Door, session: &Session, name: &Name) -> Result<(), String> {
    let grant = session.permit(ChangeSettings).map_err(|denied| denied.to_string())?;
    door.remember_profile(&grant, name)
        .map_err(|error| format!("{name} runs, but will not be opened at the next start: {error}"))
}
