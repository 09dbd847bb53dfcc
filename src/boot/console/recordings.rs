//! What a person asks for on the Record tab, turned into orders; and the folder of recordings, which is
//! looked at aside, because the window waits for no disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{Console, Shared};
use crate::base::time::Mono;
use crate::desktop::ask::RecordAsk;
use crate::engine::{DeleteRecording, ForgetRecording, StartRecording, StopRecording, UseCan};
use crate::view::compose;
use crate::view::recordings::{RecordView, ShelfView};
use crate::view::shown::Tone;
use crate::view::text::a_name;

/// How often the folder is looked at while somebody looks at the tab.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The folder as it was seen last.
#[derive(Default)]
pub(super) struct Folder {
    seen: Arc<Mutex<ShelfView>>,
    looking: Arc<AtomicBool>,
    last: Option<Mono>,
}

/// The tab. Has the folder looked at again where that is due.
pub(super) fn view(console: &mut Console) -> (RecordView, ShelfView) {
    let session = &console.shared.session;
    let running = console.snapshot().map_or_else(RecordView::default, |snapshot| {
        compose::recordings::recording(&snapshot, session, &console.zone)
    });
    let now = console.shared.door.clock().now();
    let is_due = console.folder.last.is_none_or(|last| now.since(last) >= LOOK_EVERY);
    if is_due && !console.folder.looking.swap(true, Ordering::SeqCst) {
        console.folder.last = Some(now);
        let (seen, looking) =
            (Arc::clone(&console.folder.seen), Arc::clone(&console.folder.looking));
        let zone = console.zone.clone();
        console.aside("recordings", move |shared| {
            let Ok(grant) = shared.session.permit(UseCan) else { return };
            let shelf = shared.door.recordings(&grant);
            let found = shelf.list().map_err(|error| format!("{error}."));
            let place = (&*shelf.folder(), &shared.session);
            let view = compose::recordings::shelf(&found, place, &zone);
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            let is_new = *seen != view;
            *seen = view;
            drop(seen);
            looking.store(false, Ordering::SeqCst);
            if is_new {
                shared.changed();
            }
        });
    }
    let shelf = console.folder.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
    (running, shelf)
}

/// Gives the order; what was refused is left to be read.
pub(super) fn carry_out(console: &mut Console, ask: RecordAsk) {
    // What it changes in the folder is to be seen at once.
    console.folder.last = None;
    if let Err(sentence) = order(&console.shared, ask) {
        console.shared.note(Tone::Fault, sentence);
    }
}

fn order(shared: &Shared, ask: RecordAsk) -> Result<(), String> {
    match ask {
        RecordAsk::Start(prefs) => {
            let entry = compose::recordings::entry(&prefs)?;
            shared.submit(StartRecording { entry });
        }
        RecordAsk::Stop(name) => shared.submit(StopRecording { name: a_name(&name)? }),
        RecordAsk::Forget(name) => shared.submit(ForgetRecording { name: a_name(&name)? }),
        RecordAsk::Delete(name) => shared.submit(DeleteRecording { name }),
    }
    Ok(())
}
