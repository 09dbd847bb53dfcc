//! Mail.

use std::io;
use std::sync::Arc;

use crate::base::time::Clock;
use crate::engine::people::lobby::Lobby;
use crate::engine::store::Store;

pub fn start(_lobby: &Arc<Lobby>, _store: Store, _clock: Arc<dyn Clock>) -> io::Result<()> {
    Ok(())
}
