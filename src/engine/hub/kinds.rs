//! Other kinds of device: what the hub says when device folders of the data folder have changed. What
//! runs goes on with what its folder said when the profile was activated; nothing is bound anew under a
//! charge.

use std::sync::Arc;

use super::{Hub, News};
use crate::engine::device::{Catalog, Origin, Refused, Stays};
use crate::engine::hub::plant::Plant;
use crate::engine::snapshot::Notice;

/// What the notices about refused folders are about.
const REFUSED: &str = "device folders";
/// What the notices about changed folders are about.
const CHANGED: &str = "changed device folders";
/// Most folders that a notice tells one by one.
const TOLD: usize = 3;

impl Hub {
    /// Takes in other kinds.
    pub(super) fn take_catalog(&mut self, catalog: Arc<Catalog>) {
        self.catalog = catalog;
        self.notice_kinds();
    }

    /// Says which folders were refused, and which components run by what a folder said before; takes it
    /// back where there are none.
    pub(super) fn notice_kinds(&mut self) {
        let refused = refused(self.catalog.refused());
        let changed = changed(&self.plant, &self.catalog);
        for notice in [refused, changed] {
            let is_new = !notice.text.is_empty()
                || self.notices.iter().any(|old| old.subject == notice.subject);
            if is_new {
                self.notice(notice);
            }
        }
        self.news = News::Urgent;
    }
}

fn refused(all: &[Refused]) -> Notice {
    let one = |refused: &Refused| {
        let fault = refused.faults.first().map(ToString::to_string).unwrap_or_default();
        let stays = match refused.stays {
            Stays::Former => "What it said before stays.",
            Stays::Nothing => "It is left out.",
        };
        format!("The device folder {} is refused: {fault}. {stays}", refused.folder)
    };
    let mut told: Vec<String> = all.iter().take(TOLD).map(one).collect();
    if all.len() > TOLD {
        told.push(format!("{} more are refused.", all.len() - TOLD));
    }
    Notice { subject: REFUSED, text: told.join(" ") }
}

/// Components of kinds that somebody has changed or removed since they were bound.
fn changed(plant: &Plant, catalog: &Catalog) -> Notice {
    let is_other = |component: &&super::plant::Component| {
        let kind = &component.kind;
        let now = catalog.find(&kind.manifest.id);
        kind.origin == Origin::Own && !now.is_some_and(|now| Arc::ptr_eq(now, kind))
    };
    let names: Vec<&str> = plant
        .components
        .iter()
        .filter(is_other)
        .map(|component| component.entry.name.as_str())
        .collect();
    let text = match names.len() {
        0 => String::new(),
        count => {
            let told = names.iter().take(TOLD).copied().collect::<Vec<_>>().join(", ");
            let more =
                if count > TOLD { format!(" and {} more", count - TOLD) } else { String::new() };
            format!(
                "The device folder of {told}{more} has changed: what runs goes by what it said before. Activate the profile again to take the new one."
            )
        }
    };
    Notice { subject: CHANGED, text }
}
