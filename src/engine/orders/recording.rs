//! Orders about recordings: beginning and ending one by hand, and what becomes of those in the folder.

use std::sync::{Arc, Mutex, PoisonError};

use crate::base::id::Name;
use crate::engine::access::permission::UseCan;
use crate::engine::can::record::shelf::Incoming;
use crate::engine::profile::model::RecorderEntry;

/// Every order about recordings that the hub knows.
#[derive(Clone, Debug)]
pub enum Recording {
    /// See [`StartRecording`].
    Start(Box<StartRecording>),
    /// See [`StopRecording`].
    Stop(StopRecording),
    /// See [`ForgetRecording`].
    Forget(ForgetRecording),
    /// See [`DeleteRecording`].
    Delete(DeleteRecording),
    /// See [`KeepUpload`].
    Keep(KeepUpload),
}

/// Begins a recording. Carried out once its first file is there; one with a rule waits for it.
#[derive(Clone, Debug)]
pub struct StartRecording {
    /// What, when and into what.
    pub entry: RecorderEntry,
}

/// Ends a recording. Carried out once its last file is whole.
#[derive(Clone, Debug)]
pub struct StopRecording {
    /// Its name.
    pub name: Name,
}

/// Takes a recording that has ended out of the list of those that run. Its files stay.
#[derive(Clone, Debug)]
pub struct ForgetRecording {
    /// Its name.
    pub name: Name,
}

/// Takes a recording out of the folder. Refused while it is being written.
#[derive(Clone, Debug)]
pub struct DeleteRecording {
    /// Name of its file.
    pub name: String,
}

/// Puts what was sent into the folder.
#[derive(Clone, Debug)]
pub struct KeepUpload {
    name: String,
    bytes: u64,
    incoming: Arc<Mutex<Option<Incoming>>>,
}

impl KeepUpload {
    /// Of what was sent and looked at.
    #[must_use]
    pub fn new(incoming: Incoming) -> Self {
        let (name, bytes) = (incoming.name().to_owned(), incoming.bytes());
        Self { name, bytes, incoming: Arc::new(Mutex::new(Some(incoming))) }
    }

    /// What was sent; it can be taken once.
    #[must_use]
    pub(in crate::engine) fn take(&self) -> Option<Incoming> {
        self.incoming.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

plant_order!(
    StartRecording,
    "start_recording",
    UseCan,
    AfterJournal,
    |one| told(&one.entry),
    Recording,
    |one| Recording::Start(Box::new(one))
);
plant_order!(
    StopRecording,
    "stop_recording",
    UseCan,
    AfterJournal,
    |one| one.name.to_string(),
    Recording,
    Recording::Stop
);
plant_order!(
    ForgetRecording,
    "forget_recording",
    UseCan,
    AfterJournal,
    |one| one.name.to_string(),
    Recording,
    Recording::Forget
);
plant_order!(
    DeleteRecording,
    "delete_recording",
    UseCan,
    AfterJournal,
    |one| one.name.clone(),
    Recording,
    Recording::Delete
);
plant_order!(
    KeepUpload,
    "upload_recording",
    UseCan,
    AfterJournal,
    |one| format!("{}, {} bytes", one.name, one.bytes),
    Recording,
    Recording::Keep
);

fn told(entry: &RecorderEntry) -> String {
    use crate::engine::can::record::plan::FilePlan;
    let buses: Vec<&str> = entry.buses.iter().map(Name::as_str).collect();
    let buses = if buses.is_empty() { "every bus".to_owned() } else { buses.join(", ") };
    let filter = match entry.filter.trim() {
        "" => String::new(),
        filter => format!(", {filter}"),
    };
    let format = FilePlan::format_name(entry.files.format);
    format!("{}: {buses} as {format}, {}{filter}", entry.name, entry.begins.name())
}
