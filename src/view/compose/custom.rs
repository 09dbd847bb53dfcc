//! Composes the pages of components of one's own.

use crate::engine::{
    ChangeSettings, CustomError, DeviceDraft, DeviceFiles, DeviceOrigin, DeviceStays, Session,
    SignalMeaning, Snapshot,
};
use crate::view::custom::{OwnDeviceView, OwnDevicesView, OwnMessage, OwnRow, OwnSignal};
use crate::view::offer::{Grave, Offer, Question};
use crate::view::shown::{Note, Tone};

/// Makes the list.
#[must_use]
pub fn own_devices(snapshot: &Snapshot, session: &Session) -> OwnDevicesView {
    let own = snapshot.catalog.iter().filter(|kind| kind.origin == DeviceOrigin::Own);
    let row = |kind: &std::sync::Arc<crate::engine::DeviceKind>| OwnRow {
        id: kind.manifest.id.clone(),
        title: kind.manifest.title.clone(),
        category: kind.manifest.category.words().to_owned(),
        summary: kind.manifest.summary.clone(),
    };
    let rows: Vec<OwnRow> = own.map(row).collect();
    let refused = snapshot.catalog.refused().iter().map(|refused| {
        let faults: Vec<String> = refused.faults.iter().map(ToString::to_string).collect();
        let stays = match refused.stays {
            DeviceStays::Former => "What it said before stays in force.",
            DeviceStays::Nothing => "It is left out.",
        };
        let text = format!("{} is refused: {}. {stays}", refused.folder, faults.join("; "));
        Note { tone: Tone::Warning, text, closable: false }
    });
    let empty = if rows.is_empty() {
        "There is none yet. Bring a DBC file: its messages become a component that can be added like any other."
    } else {
        ""
    };
    OwnDevicesView {
        rows,
        refused: refused.collect(),
        empty: empty.to_owned(),
        make: match session.permit(ChangeSettings) {
            Ok(_) => Offer::open("Make a component"),
            Err(denied) => Offer::shut("Make a component", &denied.to_string()),
        },
    }
}

/// Makes the page of one, out of what its folder says and who uses it.
#[must_use]
pub fn own_device(
    (id, files): (&str, &DeviceFiles),
    users: &[String],
    session: &Session,
) -> OwnDeviceView {
    let draft = DeviceDraft::of(id, files);
    let can = session.permit(ChangeSettings).map(drop).map_err(|denied| denied.to_string());
    let offer = |label: &str| match &can {
        Ok(()) => Offer::open(label),
        Err(why) => Offer::shut(label, why),
    };
    let mut view = OwnDeviceView {
        id: id.to_owned(),
        mark: files.mark(),
        manifest: String::from_utf8_lossy(&files.manifest).into_owned(),
        roles: SignalMeaning::EXAMPLES.iter().map(|&role| role.to_owned()).collect(),
        used: used(users),
        save: offer("Save"),
        remove: Grave {
            offer: match (&can, users.first()) {
                (Ok(()), Some(_)) => Offer::shut("Remove\u{2026}", &used(users)),
                (Ok(()), None) | (Err(_), _) => offer("Remove\u{2026}"),
            },
            question: Question {
                title: format!("Remove {id}?"),
                text: "Its folder is removed with all that is in it. Components of this kind cannot be added any more.".to_owned(),
                confirm: format!("Remove {id}"),
            },
        },
        ..OwnDeviceView::default()
    };
    match draft {
        Ok(draft) => fill(&mut view, &draft),
        Err(error @ CustomError::ByHand) => view.by_hand = format!("{error}."),
        Err(error @ (CustomError::Dbc(_) | CustomError::Unsound(_) | CustomError::At { .. })) => {
            view.by_hand = format!("It is not sound: {error}.")
        }
    }
    view
}

fn used(users: &[String]) -> String {
    match users {
        [] => String::new(),
        users => format!("It is used by {}.", users.join(", ")),
    }
}

fn fill(view: &mut OwnDeviceView, draft: &DeviceDraft) {
    view.title.clone_from(&draft.title);
    view.maker.clone_from(&draft.maker);
    let message = |message: &crate::engine::DbcMessage| OwnMessage {
        name: message.name.clone(),
        id: message.id.to_string(),
        period: draft.messages.get(&message.name).map_or(0, |own| own.period_ms).to_string(),
        signals: message
            .signals
            .iter()
            .map(|signal| OwnSignal {
                name: signal.name.clone(),
                unit: signal.unit.clone(),
                role: draft.role(&message.name, &signal.name).to_string(),
            })
            .collect(),
    };
    view.messages = draft.schema.messages.iter().map(message).collect();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::testing::local_session;

    const DBC: &[u8] = b"BO_ 256 Main: 8 X\n SG_ Volts : 0|16@1+ (0.1,0) [0|100] \"V\" X\n";

    #[test]
    fn what_a_device_of_ones_own_says_is_shown_with_who_uses_it() {
        let files = DeviceDraft::new("own", "Own", DBC).unwrap().make().unwrap();
        let view = own_device(("own", &files), &[], &local_session());
        assert_eq!((view.title.as_str(), view.mark), ("Own", files.mark()));
        let signal = &view.messages[0].signals[0];
        assert_eq!((signal.name.as_str(), signal.role.as_str()), ("Volts", "reading"));
        assert!(view.remove.offer.is_open() && view.by_hand.is_empty());
        let users = ["Pack in the profile Car".to_owned()];
        let view = own_device(("own", &files), &users, &local_session());
        let why = view.remove.offer.why_not.unwrap();
        assert!(why.contains("Pack in the profile Car"), "{why}");
    }

    #[test]
    fn what_was_written_by_hand_is_shown_as_text() {
        let made = DeviceDraft::new("own", "Own", DBC).unwrap().make().unwrap();
        let text = String::from_utf8(made.manifest).unwrap();
        let manifest = text.lines().skip(1).collect::<Vec<_>>().join("\n").into_bytes();
        let files = DeviceFiles { manifest, messages: made.messages };
        let view = own_device(("own", &files), &[], &local_session());
        assert!(view.by_hand.contains("by hand") && view.messages.is_empty());
        assert!(view.manifest.contains("id = \"own\""));
    }
}
