//! Two components of a bus that claim the same ids: how bad that is, and what becomes of what comes
//! there. The one that claims less gets it (`hub::bus`): a solar charge controller within the block of a
//! battery is told from the battery's many modules, which most batteries do not have so many of.

use crate::base::problem::Severity;
use crate::engine::can::frame::Id;
use crate::engine::device::{Claim, Device, Sending};

/// Two components that claim the same ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlap {
    /// An error where one would only ever repeat the other.
    pub severity: Severity,
    /// The ids, in words.
    pub ids: String,
    /// What becomes of what comes there, as the end of a sentence; empty where nothing need be said.
    pub fate: String,
}

/// A component and its name.
pub type Named<'a> = (&'a str, &'a Device);

/// What two components of one bus both claim; the first stands before the second in the profile.
#[must_use]
pub fn overlap(first: Named<'_>, second: Named<'_>) -> Option<Overlap> {
    let (claims, others) = (first.1.claims(), second.1.claims());
    let shared = shared(&claims, &others);
    if shared.is_empty() {
        return None;
    }
    let ids: Vec<String> = shared.iter().map(ToString::to_string).collect();
    let same_kind = first.1.kind().manifest.id == second.1.kind().manifest.id;
    if same_kind && claims == others {
        return Some(Overlap {
            severity: Severity::Error,
            ids: ids.join(", "),
            fate: String::new(),
        });
    }
    let (winner, loser) =
        if second.1.claimed() < first.1.claimed() { (second, first) } else { (first, second) };
    let fate = fate(winner, loser, &shared);
    Some(Overlap { severity: Severity::Warning, ids: ids.join(", "), fate })
}

fn fate(winner: Named<'_>, loser: Named<'_>, shared: &[Claim]) -> String {
    let ours = |id: Id| {
        let at =
            |claim: &Claim| claim.extended == id.is_extended() && claim.ids.contains(&id.raw());
        shared.iter().any(at)
    };
    let lost: Vec<(Id, &str, Sending)> = loser.1.messages().filter(|(id, ..)| ours(*id)).collect();
    let always = lost.iter().find(|(_, _, sending)| *sending == Sending::Always);
    let (winner_name, loser_name) = (winner.0, loser.0);
    if let Some((id, message, _)) = always {
        let rival = winner.1.message_name(*id).map(|own| format!("{own} of {winner_name:?}"));
        let rival = rival.unwrap_or_else(|| format!("what {winner_name:?} claims"));
        return format!(
            "; {loser_name:?} sends {message} on {id}, where {rival} is: they cannot both be there, \
             so move one of them"
        );
    }
    let taken = format!("; what comes there is taken for {winner_name:?}");
    match lost.as_slice() {
        [] => taken,
        [(_, message, _)] => format!("{taken}, so {message} of {loser_name:?} is never seen"),
        [(_, message, _), more @ ..] => format!(
            "{taken}, so {message} and {} more of {loser_name:?} are never seen: that matters where it \
             sends them",
            more.len()
        ),
    }
}

fn shared(some: &[Claim], others: &[Claim]) -> Vec<Claim> {
    let pairs = some.iter().flat_map(|a| others.iter().map(move |b| (a, b)));
    pairs.filter_map(|(a, b)| a.overlap(b).map(|ids| Claim { ids, extended: a.extended })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::device::{Catalog, Settings};

    fn device(kind: &str, base: u32) -> Device {
        let catalog = Catalog::builtin();
        let kind = catalog.find(kind).unwrap();
        kind.bind(Settings { base, ..kind.defaults() }).unwrap()
    }

    fn said(first: (&str, &str, u32), second: (&str, &str, u32)) -> Option<(Severity, String)> {
        let (one, two) = (device(first.1, first.2), device(second.1, second.2));
        let found = overlap((first.0, &one), (second.0, &two))?;
        Some((found.severity, format!("{}{}", found.ids, found.fate)))
    }

    const BMU: &str = "prohelion-d1000-gen1";
    const PEDALS: &str = "ev-driver-controls";

    #[test]
    fn whoever_claims_less_gets_what_both_claim_and_the_loss_is_named() {
        let wanted = "0x6A0 to 0x6BF; what comes there is taken for \"Pedals\", so CMU54_Status and 31 \
                      more of \"Pack\" are never seen: that matters where it sends them";
        let (severity, text) = said(("Pack", BMU, 0x600), ("Pedals", PEDALS, 0x6A0)).unwrap();
        assert_eq!((severity, text.as_str()), (Severity::Warning, wanted));
        // Whichever stands first.
        let (_, text) = said(("Pedals", PEDALS, 0x6A0), ("Pack", BMU, 0x600)).unwrap();
        assert_eq!(text, wanted);
    }

    #[test]
    fn two_that_always_send_the_same_ids_are_told_to_part() {
        for base in [0x600, 0x6E0] {
            let (severity, text) = said(("Pack", BMU, 0x600), ("Pedals", PEDALS, base)).unwrap();
            assert_eq!(severity, Severity::Warning);
            assert!(text.contains("\"Pack\" sends BMU_"), "{text}");
            assert!(text.contains("cannot both be there, so move one of them"), "{text}");
        }
    }

    #[test]
    fn a_second_of_one_kind_at_one_address_is_a_mistake_and_apart_they_are_fine() {
        let (severity, text) = said(("a", BMU, 0x600), ("b", BMU, 0x600)).unwrap();
        assert_eq!((severity, text.as_str()), (Severity::Error, "0x600 to 0x6FF"));
        assert_eq!(said(("a", BMU, 0x600), ("b", BMU, 0x200)), None);
        assert_eq!(said(("a", BMU, 0x600), ("b", "elcon-tc", 0xE5)), None);
    }
}
