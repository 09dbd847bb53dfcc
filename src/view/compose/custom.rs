//! Composes the pages of components of one's own.

use std::path::Path;

use crate::engine::{
    ChangeSettings, CustomError, DeviceDraft, DeviceFiles, DeviceOrigin, DeviceRole, DeviceStays,
    DraftMessage, Session, SignalMeaning, Snapshot,
};
use crate::view::custom::{OwnDeviceView, OwnDevicesView, OwnMessage, OwnRow, OwnSignal, OwnTyped};
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

/// Longest name of a folder that is suggested.
const LONGEST_ID: usize = 40;

/// A name for the folder of a component that is made out of this file.
#[must_use]
pub fn suggested_id(file: &Path) -> String {
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().to_lowercase());
    let mut id = String::new();
    for c in stem.unwrap_or_default().chars().take(LONGEST_ID) {
        match c {
            'a'..='z' | '0'..='9' => id.push(c),
            _ if id.is_empty() || id.ends_with('-') => {}
            _ => id.push('-'),
        }
    }
    id.trim_end_matches('-').to_owned()
}

/// Why a signal cannot be what was typed; `None` where it can, as far as that can be seen without its
/// unit.
#[must_use]
pub fn wrong_role(typed: &str) -> Option<String> {
    typed.parse::<DeviceRole>().err().map(|why| format!("{why}."))
}

/// Puts what was typed into the draft.
///
/// # Errors
/// Says which signal cannot be what was typed, or which message cannot come so often.
pub fn put(draft: &mut DeviceDraft, typed: &OwnTyped) -> Result<(), String> {
    draft.title = typed.title.trim().to_owned();
    draft.maker = typed.maker.trim().to_owned();
    for ((message, signal), text) in &typed.roles {
        if typed.messages.get(message).is_some_and(|own| !own.taken) {
            continue;
        }
        let chosen: DeviceRole =
            text.parse().map_err(|why| format!("{message}.{signal}: {why}."))?;
        draft.roles.insert((message.clone(), signal.clone()), chosen);
    }
    for (name, own) in &typed.messages {
        if !own.taken {
            draft.messages.remove(name);
            continue;
        }
        let text = own.period.trim();
        let period_ms =
            text.parse().map_err(|_| format!("{name}: {text:?} is no time in milliseconds."))?;
        draft.messages.insert(name.clone(), DraftMessage { period_ms });
    }
    Ok(())
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
        taken: true,
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
    fn what_is_typed_becomes_what_the_folder_says_or_is_refused_with_the_signal() {
        let files = DeviceDraft::new("own", "Own", DBC).unwrap().make().unwrap();
        let view = own_device(("own", &files), &[], &local_session());
        let mut typed = view.typed();
        let volts = ("Main".to_owned(), "Volts".to_owned());
        typed.roles.insert(volts.clone(), "pack voltage".to_owned());
        typed.title = " Pack of our own ".to_owned();
        let said = |typed: &OwnTyped| {
            let mut draft = DeviceDraft::of("own", &files).unwrap();
            let put = put(&mut draft, typed);
            put.and_then(|()| draft.make().map_err(|why| why.to_string()))
        };
        let view = own_device(("own", &said(&typed).unwrap()), &[], &local_session());
        assert_eq!(
            (view.title.as_str(), view.messages[0].signals[0].role.as_str()),
            ("Pack of our own", "pack voltage")
        );
        assert_eq!(view.typed().roles, typed.roles);
        let wrong = |typed: &OwnTyped| said(typed).unwrap_err();
        let mut bad = typed.clone();
        bad.roles.insert(volts, "cel 1".to_owned());
        assert!(wrong(&bad).starts_with("Main.Volts: "), "{}", wrong(&bad));
        let mut bad = typed.clone();
        bad.messages.get_mut("Main").unwrap().period = "often".to_owned();
        assert!(wrong(&bad).contains("\"often\" is no time"), "{}", wrong(&bad));
        let mut none = typed;
        none.messages.get_mut("Main").unwrap().taken = false;
        assert!(wrong(&none).contains("at least one"), "{}", wrong(&none));
        assert!(wrong_role("cel 1").is_some() && wrong_role("cell 1 in mV").is_none());
    }

    #[test]
    fn a_folder_is_named_after_its_file() {
        let id = |name: &str| suggested_id(Path::new(name));
        assert_eq!(id("/tmp/Roof Pack_v2 (final).DBC"), "roof-pack-v2-final");
        assert_eq!((id("\u{e4}\u{f6}.dbc"), id("")), (String::new(), String::new()));
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
