//! A draft out of the fields of a form, and as an address. A form sends all its fields at once, and
//! says what stood in them when it was drawn: what differs from that is what somebody has typed.

use super::plan::with_signal;
use super::{draft_frame, messages, sentence};
use crate::engine::Snapshot;
use crate::view::sending::{
    ByteOrder, Draft, DraftKind, NumberPlace, SendPrefs, Stays, SumRule, Width,
};
use crate::view::text;

/// Before the name of a signal that is typed as a number.
pub const SIGNAL: &str = "s.";
/// Before the name of a signal that is chosen as a word.
pub const WORD: &str = "w.";
/// Longest text that is taken from a field.
const FIELD_CHARS: usize = 240;

/// What a form says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TypedDraft {
    /// What is wanted.
    pub prefs: SendPrefs,
    /// Where the number is that the form shows.
    pub number: NumberPlace,
    /// What cannot be as it was typed, in a sentence.
    pub wrong: Option<String>,
}

/// Reads the fields of a form or an address; those that come with a signal's name are in `pairs` too.
#[must_use]
pub fn typed(snapshot: &Snapshot, pairs: &[(String, String)]) -> TypedDraft {
    let get = |name: &str| pairs.iter().find(|(own, _)| own == name).map(|(_, value)| value);
    let text = |name: &str| -> String {
        get(name).map_or_else(String::new, |value| value.chars().take(FIELD_CHARS).collect())
    };
    let mut prefs = plain(&text);
    let only = snapshot.buses.first().filter(|_| prefs.draft.bus.is_empty());
    if let Some(bus) = only {
        prefs.draft.bus = bus.name.to_string();
    }
    // An id that was emptied stays empty: what stood there before is not sent in its place.
    if get("id").is_some_and(|id| id.trim().is_empty()) {
        prefs.draft.id.clear();
    }
    let (number, place_is_new) = place(&text);
    let mut wrong = None;
    let mut take = |result: Result<(), String>| wrong = wrong.take().or(result.err());
    if get("bytes").is_some() {
        prefs.draft.bytes.clear();
        // What stood there before is kept where what was typed is no bytes.
        let _ = prefs.draft.set_hex(&text("was"));
        take(prefs.draft.set_hex(&text("bytes")).map_err(|why| sentence(&why.to_string())));
    }
    let chosen = text("message");
    let drawn = get("was").is_some();
    if !chosen.trim().is_empty() && chosen != text("was_message") {
        take(choose(snapshot, &mut prefs.draft, chosen.trim()));
    } else if drawn && text("bytes") == text("was") && prefs.draft.id == text("was_id") {
        take(signals(snapshot, &mut prefs.draft, pairs));
        let typed = text("number");
        let before = prefs.draft.number(number.at, number.width, number.order);
        let shown = text("was_number");
        if !place_is_new && typed != shown && before.is_some() {
            let put = prefs.draft.set_number(number.at, (number.width, number.order), &typed);
            take(put.map_err(|why| sentence(&why.to_string())));
        }
    }
    TypedDraft { prefs, number, wrong }
}

fn plain(text: &dyn Fn(&str) -> String) -> SendPrefs {
    let mut prefs = SendPrefs::default();
    let or = |name: &str, usual: &str| match text(name) {
        empty if empty.trim().is_empty() => usual.to_owned(),
        typed => typed,
    };
    prefs.draft.bus = text("bus");
    prefs.draft.id = or("id", "123");
    let kind = DraftKind::ALL.into_iter().find(|kind| kind.code() == text("kind"));
    prefs.draft.kind = kind.unwrap_or_default();
    prefs.every = or("every", "100");
    prefs.times = text("times");
    prefs.name = text("name");
    prefs.key = text("key");
    let stays = Stays::ALL.into_iter().find(|stays| stays.code() == text("stays"));
    prefs.stays = stays.unwrap_or_default();
    prefs.counter.on = !text("counter").is_empty();
    prefs.counter.byte = or("counter_byte", "0");
    prefs.counter.bit = or("counter_bit", "0");
    prefs.counter.bits = or("counter_bits", "4");
    prefs.counter.last = text("counter_last");
    let rule = SumRule::ALL.into_iter().find(|rule| rule.code() == text("sum"));
    prefs.sum.rule = rule.unwrap_or_default();
    prefs.sum.byte = or("sum_byte", "7");
    prefs.sum.data_id = or("data_id", "0");
    prefs
}

/// Where the number is, and whether that was changed just now.
fn place(text: &dyn Fn(&str) -> String) -> (NumberPlace, bool) {
    let number = NumberPlace {
        at: text("at").trim().parse().unwrap_or_default(),
        width: Width::ALL.into_iter().find(|one| one.code() == text("width")).unwrap_or_default(),
        order: ByteOrder::ALL.into_iter().find(|o| o.code() == text("order")).unwrap_or_default(),
    };
    let was = text("was_place");
    (number, !was.is_empty() && was != number.to_string())
}

/// Another message: its id, as many bytes as it has, all nought.
fn choose(snapshot: &Snapshot, draft: &mut Draft, wanted: &str) -> Result<(), String> {
    let known = messages(snapshot, &draft.bus);
    let folded = wanted.to_lowercase();
    let exact = known.iter().find(|one| one.name == wanted || one.id.eq_ignore_ascii_case(wanted));
    let mut parts = known.iter().filter(|one| one.name.to_lowercase().contains(&folded));
    let found = match (exact, parts.next(), parts.next()) {
        (Some(one), _, _) | (None, Some(one), None) => one,
        (None, Some(_), Some(_)) => {
            return Err(format!("Several messages are called like {wanted:?}: type more of it."));
        }
        (None, None, _) => {
            return Err(format!("No message of {} is called {wanted:?}.", draft.bus));
        }
    };
    draft.kind = if found.length > 8 { DraftKind::Fd } else { DraftKind::Data };
    draft.bytes = vec![0; found.length.min(64)];
    draft.id.clone_from(&found.id);
    Ok(())
}

/// Puts in the signals that differ from what the form showed.
fn signals(
    snapshot: &Snapshot,
    draft: &mut Draft,
    pairs: &[(String, String)],
) -> Result<(), String> {
    let Ok(frame) = draft_frame(snapshot, draft) else { return Ok(()) };
    let Some(shown) = snapshot.decoders.decode(frame.view()) else { return Ok(()) };
    for signal in shown.signals {
        let get = |before: &str| {
            let find = |(name, _): &&(String, String)| {
                name.strip_prefix(before).is_some_and(|name| name == signal.name)
            };
            pairs.iter().find(find).map(|(_, value)| value.trim().to_owned())
        };
        let value = text::fixed(signal.value, signal.places);
        let word = get(WORD)
            .filter(|word| !word.is_empty() && Some(word.as_str()) != signal.label.as_deref());
        let number = get(SIGNAL).filter(|typed| *typed != value);
        if let Some(typed) = word.or(number) {
            *draft = with_signal(snapshot, draft, (&signal.name, &typed))?;
        }
    }
    Ok(())
}

/// A draft as pairs for an address: what [`typed`] reads back as the same.
#[must_use]
pub fn pairs(prefs: &SendPrefs, number: &NumberPlace) -> Vec<(&'static str, String)> {
    let usual = SendPrefs::default();
    let mut all = vec![
        ("bus", prefs.draft.bus.clone()),
        ("id", prefs.draft.id.clone()),
        ("kind", prefs.draft.kind.code().to_owned()),
        ("bytes", prefs.draft.hex()),
        ("every", prefs.every.clone()),
        ("times", prefs.times.clone()),
        ("name", prefs.name.clone()),
        ("key", prefs.key.clone()),
        ("stays", prefs.stays.code().to_owned()),
    ];
    if prefs.counter != usual.counter {
        let on = if prefs.counter.on { "yes" } else { "" };
        all.extend([
            ("counter", on.to_owned()),
            ("counter_byte", prefs.counter.byte.clone()),
            ("counter_bit", prefs.counter.bit.clone()),
            ("counter_bits", prefs.counter.bits.clone()),
            ("counter_last", prefs.counter.last.clone()),
        ]);
    }
    if prefs.sum != usual.sum {
        all.extend([
            ("sum", prefs.sum.rule.code().to_owned()),
            ("sum_byte", prefs.sum.byte.clone()),
            ("data_id", prefs.sum.data_id.clone()),
        ]);
    }
    if *number != NumberPlace::default() {
        all.extend([
            ("at", number.at.to_string()),
            ("width", number.width.code().to_owned()),
            ("order", number.order.code().to_owned()),
        ]);
    }
    all.retain(|(name, value)| !value.is_empty() || ["id", "bytes"].contains(name));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::fixtures::{Stage, charging};

    fn fields(fields: &[(&str, &str)]) -> Vec<(String, String)> {
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    /// The fields of a form as it is drawn, with some typed over.
    fn form(snapshot: &Snapshot, draft: &TypedDraft, over: &[(&str, &str)]) -> TypedDraft {
        let mut all: Vec<(String, String)> = pairs(&draft.prefs, &draft.number)
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        let shown = draft.prefs.draft.hex();
        all.push(("was".into(), shown));
        all.push(("was_id".into(), draft.prefs.draft.id.clone()));
        all.push(("was_place".into(), draft.number.to_string()));
        let number = draft.number;
        let number = draft.prefs.draft.number(number.at, number.width, number.order);
        all.push(("was_number".into(), number.clone().unwrap_or_default()));
        all.push(("number".into(), number.unwrap_or_default()));
        for (name, value) in over {
            all.retain(|(own, _)| own != name);
            all.push(((*name).to_owned(), (*value).to_owned()));
        }
        typed(snapshot, &all)
    }

    #[test]
    fn a_message_that_is_chosen_is_filled_in_and_its_signals_change_their_bytes() {
        let snapshot = charging(Stage::Idle);
        let first = typed(&snapshot, &fields(&[("message", "evdc_heart"), ("was_message", "")]));
        assert_eq!((first.wrong.as_deref(), first.prefs.draft.hex().len()), (None, 23));
        let set = form(&snapshot, &first, &[("s.DeviceId", "4098")]);
        assert_eq!(set.wrong, None);
        assert_eq!(set.prefs.draft.bytes[..3], [0x02, 0x10, 0]);
        let bad = form(&snapshot, &set, &[("s.DeviceId", "many")]);
        assert!(bad.wrong.unwrap().contains("many"));
        assert_eq!(bad.prefs.draft, set.prefs.draft);
    }

    #[test]
    fn bytes_that_are_typed_go_before_signals_and_numbers_that_are_shown() {
        let snapshot = charging(Stage::Idle);
        let first = typed(&snapshot, &fields(&[("id", "7AB"), ("bytes", "01 02 03 04")]));
        let number = form(&snapshot, &first, &[("number", "258")]);
        assert_eq!(number.prefs.draft.bytes, [2, 1, 3, 4]);
        let bytes = form(&snapshot, &number, &[("bytes", "FF FF"), ("number", "7")]);
        assert_eq!(bytes.prefs.draft.bytes, [0xFF, 0xFF]);
        let moved = form(&snapshot, &number, &[("at", "2"), ("number", "9")]);
        assert_eq!((moved.prefs.draft.bytes, moved.number.at), (vec![2, 1, 3, 4], 2));
        let wrong = form(&snapshot, &number, &[("bytes", "0x")]);
        assert!(wrong.wrong.unwrap().contains("no byte"));
        assert_eq!(wrong.prefs.draft.bytes, [2, 1, 3, 4]);
    }

    #[test]
    fn a_draft_comes_back_from_its_address_as_it_was() {
        let snapshot = charging(Stage::Idle);
        let mut prefs = SendPrefs { every: "20".into(), times: "5".into(), ..SendPrefs::default() };
        prefs.draft.bus = snapshot.buses[0].name.to_string();
        prefs.draft.kind = DraftKind::FdFast;
        prefs.draft.bytes = vec![1; 12];
        prefs.counter.on = true;
        prefs.counter.last = "14".into();
        prefs.sum.rule = SumRule::E2e1;
        (prefs.key, prefs.stays) = ("F5".into(), Stays::Alone);
        let number = NumberPlace { at: 3, width: Width::F32, order: ByteOrder::Big };
        let said = pairs(&prefs, &number);
        let said: Vec<(String, String)> =
            said.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let back = typed(&snapshot, &said);
        assert_eq!((back.prefs, back.number, back.wrong), (prefs, number, None));
    }

    #[test]
    fn a_message_that_is_not_known_or_not_the_only_one_is_said() {
        let snapshot = charging(Stage::Idle);
        let ask = |name: &str| typed(&snapshot, &fields(&[("message", name)])).wrong;
        assert!(ask("no such thing").unwrap().contains("No message of"));
        assert!(ask("e").unwrap().contains("Several messages"));
    }
}
