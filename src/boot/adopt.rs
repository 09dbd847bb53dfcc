//! Takes over what an older Busbar kept in `settings.toml` and is a setting of its own now: whoever wrote
//! it there finds it on the Settings page, and it is in one place.

use std::path::Path;

use crate::engine::{Door, Library, RecordSettings, SaveSystem, Session, ViewPlant};

/// Saves them as settings, once, and takes them out of the file.
pub(super) fn adopt(door: &Door, session: &Session, folder: &Path) {
    let Ok(library) = Library::find(Some(folder)) else { return };
    // A file that cannot be read is reported where it is used to choose what runs.
    let Ok(kept) = library.settings() else { return };
    if kept.trace_frames.is_none() && kept.log_memory_mb.is_none() && kept.recordings.is_none() {
        return;
    }
    let Ok(grant) = session.permit(ViewPlant) else { return };
    let mut records = door.settings(&grant).records.clone();
    let within = |name: &str, value: u64| {
        let bounds = RecordSettings::BOUNDS.iter().find(|(field, ..)| *field == name);
        let value = u32::try_from(value).unwrap_or(u32::MAX);
        bounds.map_or(value, |(_, least, most)| value.clamp(*least, *most))
    };
    if let Some(frames) = kept.trace_frames {
        records.trace_frames = within("records.trace_frames", frames);
    }
    if let Some(mb) = kept.log_memory_mb {
        records.log_memory_mb = within("records.log_memory_mb", mb);
    }
    if let Some(place) = kept.recordings {
        // It was found from the data folder; what is elsewhere is named in full from now on.
        let inside = RecordSettings { recordings: Some(place.clone()), ..records.clone() };
        if inside.check().is_ok() {
            records.recordings = Some(place);
        } else if let Ok(place) = folder.join(&place).canonicalize() {
            records.recordings = Some(place);
        } else {
            tracing::warn!("recordings go into the usual folder: there is no {}", place.display());
        }
    }
    let order = SaveSystem { records: Some(records), ..SaveSystem::default() };
    let saved = door.submit(session, order).map_err(|refusal| refusal.to_string());
    if let Err(error) = saved.and_then(|ticket| ticket.wait().map_err(|error| error.to_string())) {
        tracing::warn!("settings.toml is not taken over: {error}");
        return;
    }
    let done = library.remember(|settings| {
        (settings.trace_frames, settings.log_memory_mb, settings.recordings) = (None, None, None);
    });
    if let Err(error) = done {
        tracing::warn!(%error, "what was taken over stays in settings.toml");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Config, Face, testing};

    #[test]
    fn what_stood_in_the_file_is_a_setting_once_and_the_file_has_it_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let old = "profile = \"rack\"\ntrace_frames = 50000\nlog_memory_mb = 7\nrecordings = \"../tapes\"\n";
        std::fs::write(folder.path().join("settings.toml"), old).unwrap();
        let config = Config::new(folder.path().to_owned(), "a test");
        let mut running = testing::start_cheaply(config).unwrap();
        let session = running.take_seat().unwrap().sit(Face::Desktop);
        adopt(&running.door, &session, folder.path());
        let records = running.door.settings(&session.permit(ViewPlant).unwrap()).records.clone();
        assert_eq!((records.trace_frames, records.log_memory_mb), (50_000, 50));
        let library = Library::find(Some(folder.path())).unwrap();
        let kept = library.settings().unwrap();
        assert_eq!(kept.profile.as_deref(), Some("rack"));
        assert_eq!((kept.trace_frames, kept.recordings), (None, None));
        assert!(records.recordings.is_none(), "there is no such folder: {records:?}");
    }
}
