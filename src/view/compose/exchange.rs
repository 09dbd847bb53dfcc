//! Composes what would become of a profile pack.

use crate::engine::{
    CarryPack, ChangeSettings, MOST_RECORDED, MOST_RECORDINGS, PackItem, PackPart, PackPreview,
    PackStand, Session, Shelved, byte_size,
};
use crate::view::compose::users::sentence;
use crate::view::exchange::{AlongRow, CarryRow, PackRow, PackView};
use crate::view::offer::Offer;
use crate::view::shown::Tone;

const TAKE: &str = "Take it";

/// Makes it.
#[must_use]
pub fn pack(preview: &PackPreview, session: &Session) -> PackView {
    use PackStand::{Changed, Clashes, Left, New, Same};
    let stands = [New, Same, Changed, Clashes, Left];
    let counted = stands.into_iter().map(|stand| (preview.those(stand).count(), stand));
    let counted = counted.filter(|(count, _)| *count > 0);
    let counted: Vec<_> =
        counted.map(|(count, stand)| format!("{count} {}", stand.word())).collect();
    PackView {
        name: preview.name.to_string(),
        summary: counted.join(", "),
        rows: preview.items.iter().map(row).collect(),
        lacks: preview.lacks.iter().map(|lack| sentence(lack)).collect(),
        recordings: carried(preview, session),
        take: offer(preview, session),
        mark: preview.mark.clone(),
    }
}

/// What of the chosen recordings there is: "2 chosen, 12 MB", and whether a pack holds them.
#[must_use]
pub fn chosen(rows: &[AlongRow], is_chosen: impl Fn(&str) -> bool) -> (String, Tone) {
    let chosen: Vec<&AlongRow> = rows.iter().filter(|row| is_chosen(&row.name)).collect();
    let bytes: u64 = chosen.iter().map(|row| row.bytes).sum();
    let fits = chosen.len() <= MOST_RECORDINGS && bytes <= MOST_RECORDED;
    let most = format!("at most {MOST_RECORDINGS} of {} together", byte_size(MOST_RECORDED));
    let text = format!("{} chosen, {}; {most}", chosen.len(), byte_size(bytes));
    (text, if fits { Tone::Muted } else { Tone::Warning })
}

/// Recordings of the folder as what may go along.
#[must_use]
pub fn along(found: &[Shelved]) -> Vec<AlongRow> {
    let row = |one: &Shelved| AlongRow {
        name: one.name.clone(),
        size: byte_size(one.bytes),
        bytes: one.bytes,
        why_not: if one.grows {
            Some("it is being written")
        } else {
            (one.bytes > MOST_RECORDED).then_some("it is larger than a pack holds")
        },
    };
    found.iter().map(row).collect()
}

fn carried(preview: &PackPreview, session: &Session) -> CarryRow {
    let recordings = || preview.items.iter().filter(|item| item.part == PackPart::Recording);
    let denied = session.permit(CarryPack::WithRecordings).err();
    CarryRow {
        count: recordings().count(),
        left: recordings().any(|item| item.stand == PackStand::Left),
        why_not: denied.map(|denied| sentence(&denied.to_string())),
    }
}

fn offer(preview: &PackPreview, session: &Session) -> Offer {
    if let Err(denied) = session.permit(ChangeSettings) {
        return Offer::shut(TAKE, &sentence(&denied.to_string()));
    }
    match preview.those(PackStand::Clashes).next().map(|item| item.part) {
        None => Offer::open(TAKE),
        Some(PackPart::Profile) => {
            Offer::shut(TAKE, "There is another profile of this name: give this one another name.")
        }
        Some(PackPart::Recording) => Offer::shut(
            TAKE,
            "There is another recording of one of these names, and a recording is never replaced: leave them out, or delete the one here.",
        ),
        Some(PackPart::Device | PackPart::Dbc) => Offer::shut(
            TAKE,
            "It brings a device under a name that comes with Busbar. Whoever made the pack has to call it otherwise.",
        ),
    }
}

fn row(item: &PackItem) -> PackRow {
    let (tone, means) = match (item.stand, item.part) {
        (PackStand::New, _) => (Tone::Ok, "It is added."),
        (PackStand::Same, _) => (Tone::Muted, "The same is here already, letter for letter."),
        (PackStand::Left, _) => (Tone::Muted, "It stays out."),
        (PackStand::Changed, PackPart::Device) => {
            (Tone::Warning, "Another one of this name is here and is replaced, for every profile.")
        }
        (PackStand::Changed, PackPart::Dbc | PackPart::Profile | PackPart::Recording) => {
            (Tone::Warning, "Another one of this name is here and is replaced, for every bus.")
        }
        (PackStand::Clashes, PackPart::Profile) => (
            Tone::Fault,
            "Another one of this name is here and stays: a profile is never replaced.",
        ),
        (PackStand::Clashes, PackPart::Recording) => (
            Tone::Fault,
            "Another one of this name is here and stays: a recording is never replaced.",
        ),
        (PackStand::Clashes, PackPart::Device | PackPart::Dbc) => {
            (Tone::Fault, "One of this name comes with Busbar and stays.")
        }
    };
    PackRow {
        what: item.part.words(),
        name: item.name.clone(),
        state: item.stand.word(),
        tone,
        means,
    }
}
