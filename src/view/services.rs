//! The Services page: teams and organisations that users belong to.

use crate::engine::ServiceId;
use crate::view::offer::{Grave, Offer};

/// The page.
#[derive(Clone, Debug, Default)]
pub struct ServicesView {
    /// By name.
    pub rows: Vec<ServiceRow>,
    /// "3 services".
    pub summary: String,
    /// What stands here when there are none.
    pub empty: String,
    /// "Add service".
    pub add: Offer,
}

/// One service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceRow {
    /// Its number.
    pub id: ServiceId,
    /// The version that is shown: an edit names it.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// "4 users", "nobody".
    pub members: String,
    /// "Rename".
    pub rename: Offer,
    /// "Remove…".
    pub remove: Grave,
}
