//! Composes the Services page.

use crate::engine::{Administer, Roster, Service, Session};
use crate::view::compose::users::guarded;
use crate::view::offer::{Grave, Offer, Question};
use crate::view::services::{ServiceRow, ServicesView};
use crate::view::text;

/// Makes the page.
#[must_use]
pub fn services(roster: &Roster, session: &Session) -> ServicesView {
    ServicesView {
        rows: roster.services.iter().map(|service| row(service, session)).collect(),
        summary: text::count(roster.services.len(), "service"),
        empty: "There is no service yet. A service is a team or an organisation that users belong to; Add service makes one.".into(),
        add: guarded("Add service", session),
    }
}

fn row(service: &Service, session: &Session) -> ServiceRow {
    let name = &service.name;
    let members = match service.members {
        0 => "nobody".to_owned(),
        members => text::count(members, "user"),
    };
    let label = "Remove\u{2026}";
    let offer = if service.members > 0 && session.may(Administer) {
        let why = format!("{members} still belong to {name}: move them to another service first.");
        Offer::shut(label, &why.replace("1 user still belong ", "1 user still belongs "))
    } else {
        guarded(label, session)
    };
    ServiceRow {
        id: service.id,
        version: service.version,
        name: name.clone(),
        members,
        rename: guarded("Rename", session),
        remove: Grave {
            offer,
            question: Question {
                title: format!("Remove {name}?"),
                text: "Nobody belongs to it. A service of the same name can be added again.".into(),
                confirm: format!("Remove {name}"),
            },
        },
    }
}
