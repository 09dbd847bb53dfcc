//! Messages that the profile keeps: as rows, as drafts, and a draft as one.

use super::{again, draft_frame, period, planned, right};
use crate::engine::{
    Checksum, ChecksumRule, Counter, Dress, HotKey, MessageEntry, MessageError, Session, Snapshot,
    UseCan,
};
use crate::view::offer::Offer;
use crate::view::sending::{CounterPrefs, Draft, KeptRow, SendPrefs, Stays, SumPrefs, SumRule};
use crate::view::text;

/// The rows.
pub(super) fn rows(snapshot: &Snapshot, session: &Session) -> Vec<KeptRow> {
    snapshot.messages.iter().map(|entry| row(snapshot, session, entry)).collect()
}

fn row(snapshot: &Snapshot, session: &Session, entry: &MessageEntry) -> KeptRow {
    let bus = snapshot.buses.iter().find(|bus| bus.name == entry.bus);
    let view = entry.frame.view();
    let named = bus.and_then(|bus| snapshot.decoders.name(bus.id, view.id()));
    let may = |label: &str| Offer { label: label.to_owned(), ..again(snapshot, session, bus) };
    KeptRow {
        name: entry.name.to_string(),
        bus: entry.bus.to_string(),
        id: view.id().to_string(),
        message: named.unwrap_or_default().to_owned(),
        data: Draft::like("", &entry.frame).hex(),
        how: how(entry),
        key: entry.key.map_or_else(String::new, |key| key.to_string()),
        send: may("Send"),
        start: may("Start"),
        forget: permitted("Forget", session),
        draft: loaded(entry),
    }
}

fn permitted(label: &str, session: &Session) -> Offer {
    match session.may(UseCan) {
        true => Offer::open(label),
        false => {
            Offer::shut(label, &format!("This needs the permission \u{201c}{}\u{201d}.", right()))
        }
    }
}

fn how(entry: &MessageEntry) -> String {
    let times = match entry.times {
        None => String::new(),
        Some(1) => ", once".to_owned(),
        Some(times) => format!(", {} times", text::grouped(times)),
    };
    let dress = match (&entry.dress.counter, &entry.dress.checksum) {
        (None, None) => "",
        (Some(_), None) => ", with a counter",
        (None, Some(_)) => ", with a checksum",
        (Some(_), Some(_)) => ", with a counter and a checksum",
    };
    format!("every {}{times}{dress}", period(entry.every))
}

/// Whether a draft can be kept.
pub(super) fn keep(snapshot: &Snapshot, session: &Session, prefs: &SendPrefs) -> Offer {
    let label = "Keep in the profile";
    let open = permitted(label, session);
    match kept(snapshot, prefs) {
        Err(why) if open.is_open() => Offer::shut(label, &why),
        Ok(_) | Err(_) => open,
    }
}

/// A draft as a message to be kept, called as its schedule is.
///
/// # Errors
/// Says what is wrong, in a sentence.
pub fn kept(snapshot: &Snapshot, prefs: &SendPrefs) -> Result<MessageEntry, String> {
    let frame = draft_frame(snapshot, &prefs.draft)?;
    let schedule = planned(snapshot, prefs)?;
    let bus = snapshot.buses.iter().find(|bus| bus.id == frame.bus());
    let bus = bus.ok_or_else(|| "Choose a bus to send it to.".to_owned())?;
    let key = match prefs.key.trim() {
        "" => None,
        key => {
            let read = key.parse::<HotKey>();
            Some(read.map_err(|error: MessageError| super::sentence(&error.to_string()))?)
        }
    };
    Ok(MessageEntry {
        name: schedule.name,
        bus: bus.name.clone(),
        frame: schedule.frame,
        every: schedule.every,
        times: schedule.times,
        dress: schedule.dress,
        key,
        stays: prefs.stays == Stays::Alone,
    })
}

/// A kept message as a draft.
#[must_use]
pub fn loaded(entry: &MessageEntry) -> SendPrefs {
    let Dress { counter, checksum } = &entry.dress;
    SendPrefs {
        draft: Draft::like(entry.bus.as_str(), &entry.frame),
        every: (entry.every.as_secs_f64() * 1e3).to_string(),
        times: entry.times.map_or_else(String::new, |times| times.to_string()),
        name: entry.name.to_string(),
        key: entry.key.map_or_else(String::new, |key| key.to_string()),
        stays: if entry.stays { Stays::Alone } else { Stays::WithSession },
        counter: counter.as_ref().map_or_else(CounterPrefs::default, typed_counter),
        sum: checksum.as_ref().map_or_else(SumPrefs::default, typed_sum),
    }
}

fn typed_counter(counter: &Counter) -> CounterPrefs {
    CounterPrefs {
        on: true,
        byte: counter.byte.to_string(),
        bit: counter.bit.to_string(),
        bits: counter.bits.to_string(),
        last: counter.last.map_or_else(String::new, |last| last.to_string()),
    }
}

fn typed_sum(checksum: &Checksum) -> SumPrefs {
    let (rule, data_id) = match &checksum.rule {
        ChecksumRule::Sum => (SumRule::Sum, String::new()),
        ChecksumRule::Xor => (SumRule::Xor, String::new()),
        ChecksumRule::Crc8J1850 => (SumRule::Crc8, String::new()),
        ChecksumRule::E2eProfile1 { data_id } => (SumRule::E2e1, format!("{data_id:04X}")),
        ChecksumRule::E2eProfile2 { data_ids } => {
            let ids: Vec<String> = data_ids.iter().map(|id| format!("{id:02X}")).collect();
            (SumRule::E2e2, ids.join(" "))
        }
    };
    let data_id = if data_id.is_empty() { "0".to_owned() } else { data_id };
    SumPrefs { rule, byte: checksum.byte.to_string(), data_id }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::testing::local_session;
    use crate::view::fixtures::{Stage, charging};

    #[test]
    fn a_draft_that_is_kept_and_loaded_is_the_same_draft() {
        let mut snapshot = charging(Stage::Idle);
        let bus = snapshot.buses[0].name.to_string();
        let draft = Draft { bus, id: "123".into(), bytes: vec![0; 8], ..Draft::default() };
        let counter = CounterPrefs { on: true, last: "14".into(), ..CounterPrefs::default() };
        let sum = SumPrefs { rule: SumRule::E2e1, byte: "7".into(), data_id: "0123".into() };
        let prefs = SendPrefs {
            draft,
            every: "12.5".into(),
            times: "5".into(),
            name: "wake".into(),
            key: "F5".into(),
            stays: Stays::Alone,
            counter,
            sum,
        };
        let entry = kept(&snapshot, &prefs).unwrap();
        assert_eq!(loaded(&entry), prefs);
        snapshot.messages = vec![entry].into();
        let rows = rows(&snapshot, &local_session());
        assert_eq!(rows[0].how, "every 12.5 ms, 5 times, with a counter and a checksum");
        assert!(rows[0].start.why_not.as_ref().unwrap().contains("arm it first"));
        let bad = SendPrefs { key: "F12".into(), ..prefs };
        assert!(kept(&snapshot, &bad).unwrap_err().contains("no key"));
    }
}
