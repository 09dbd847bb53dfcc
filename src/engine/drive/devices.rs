//! Looks now and then whether the device folders of the data folder have changed, so that what a person
//! edits there is in force, or refused with a reason, without a restart. Knows nothing of the hub: the
//! folders themselves tell whoever watches them.

use std::io;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};

use crate::engine::profile::devices::Devices;

/// How often the folders are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A running watch; dropping it ends it.
pub(super) struct DeviceWatch {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl DeviceWatch {
    /// Begins to watch.
    pub(super) fn start(devices: Devices) -> io::Result<Self> {
        let (stop, stopped) = bounded::<()>(0);
        let body = move || {
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(LOOK_EVERY) {
                devices.look();
            }
        };
        let thread = std::thread::Builder::new().name("device watch".into()).spawn(body)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for DeviceWatch {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the watch of the device folders ended by a panic");
        }
    }
}
