//! What orders about settings do.

use std::sync::Arc;

use crate::engine::access::settings::Settings;
use crate::engine::orders::OrderError;
use crate::engine::orders::desk::Desk;
use crate::engine::orders::settings::SaveSettings;

pub fn save(_desk: &mut Desk<'_>, _order: SaveSettings) -> Result<Arc<Settings>, OrderError> {
    todo!()
}
