//! What is sent of a draft: its frame with a counter and a checksum, once or by a schedule; and
//! drafts made out of frames that were seen and of signals that were typed.

use std::time::Duration;

use super::{draft_frame, sentence};
use crate::base::id::Name;
use crate::engine::{
    Checksum, ChecksumRule, Counter, Direction, Dress, Frame, Schedule, Snapshot, Value,
};
use crate::view::sending::{CounterPrefs, Draft, SendPrefs, SumPrefs, SumRule};
use crate::view::traffic::RowKey;

/// The frame that goes out once: the draft with the first counter and its checksum.
///
/// # Errors
/// Says what is wrong, in a sentence.
pub fn once(snapshot: &Snapshot, prefs: &SendPrefs) -> Result<Frame, String> {
    let frame = draft_frame(snapshot, &prefs.draft)?;
    let dress = dress(prefs)?;
    dress.check(frame.view().data.len()).map_err(|error| sentence(&error.to_string()))?;
    Ok(frame.edited(|data| dress.put_on(data, 0)))
}

/// The draft as a schedule.
///
/// # Errors
/// Says what is wrong, in a sentence.
pub fn planned(snapshot: &Snapshot, prefs: &SendPrefs) -> Result<Schedule, String> {
    let frame = draft_frame(snapshot, &prefs.draft)?;
    let name = match prefs.name.trim() {
        "" => frame.id().to_string(),
        name => name.to_owned(),
    };
    let name = Name::new(&name).map_err(|error| format!("The name of the schedule: {error}."))?;
    let every = every(&prefs.every)?;
    let times = times(&prefs.times)?;
    let schedule = Schedule { name, frame, every, times, dress: dress(prefs)? };
    schedule.check().map_err(|error| sentence(&error.to_string()))?;
    Ok(schedule)
}

fn times(text: &str) -> Result<Option<u64>, String> {
    let typed: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if typed.is_empty() {
        return Ok(None);
    }
    let times = typed.parse().ok().filter(|times| *times > 0);
    let wrong = || format!("{text:?} times: type a whole number from 1, or nothing.");
    times.map(Some).ok_or_else(wrong)
}

fn every(text: &str) -> Result<Duration, String> {
    let ms: Option<f64> = text.trim().parse().ok().filter(|ms: &f64| ms.is_finite());
    let span = ms.and_then(|ms| Duration::try_from_secs_f64(ms / 1e3).ok());
    span.ok_or_else(|| format!("Every {text:?}: type a number of milliseconds, such as 100."))
}

fn dress(prefs: &SendPrefs) -> Result<Dress, String> {
    let counter = prefs.counter.on.then(|| counter(&prefs.counter)).transpose()?;
    Ok(Dress { counter, checksum: checksum(&prefs.sum)? })
}

fn small(what: &str, text: &str) -> Result<u8, String> {
    let wrong = || format!("{what} {text:?}: type a whole number, such as 0.");
    text.trim().parse().map_err(|_| wrong())
}

fn counter(prefs: &CounterPrefs) -> Result<Counter, String> {
    Ok(Counter {
        byte: small("Byte of the counter", &prefs.byte)?,
        bit: small("Lowest bit of the counter", &prefs.bit)?,
        bits: small("Bits of the counter", &prefs.bits)?,
        last: match prefs.last.trim() {
            "" => None,
            last => Some(small("Last value of the counter", last)?),
        },
    })
}

fn checksum(prefs: &SumPrefs) -> Result<Option<Checksum>, String> {
    let rule = match prefs.rule {
        SumRule::None => return Ok(None),
        SumRule::Sum => ChecksumRule::Sum,
        SumRule::Xor => ChecksumRule::Xor,
        SumRule::Crc8 => ChecksumRule::Crc8J1850,
        SumRule::E2e1 => ChecksumRule::E2eProfile1 { data_id: data_id(&prefs.data_id)? },
        SumRule::E2e2 => ChecksumRule::E2eProfile2 { data_ids: data_ids(&prefs.data_id)? },
    };
    Ok(Some(Checksum { rule, byte: small("Byte of the checksum", &prefs.byte)? }))
}

fn data_id(text: &str) -> Result<u16, String> {
    let digits = text.trim().trim_start_matches("0x");
    let wrong = || format!("Data id {text:?}: type up to four hexadecimal digits.");
    let is_hex = digits.chars().all(|c| c.is_ascii_hexdigit());
    is_hex.then(|| u16::from_str_radix(digits, 16).ok()).flatten().ok_or_else(wrong)
}

fn data_ids(text: &str) -> Result<[u8; 16], String> {
    let mut bytes = Draft::default();
    let read = bytes.set_hex(text).ok().and_then(|()| bytes.bytes.try_into().ok());
    read.ok_or_else(|| "Data ids: type sixteen bytes of two hexadecimal digits each.".to_owned())
}

/// The draft with one signal changed: a word of its value table, or a number.
///
/// # Errors
/// Says what is not known or does not fit, in a sentence.
pub fn with_signal(
    snapshot: &Snapshot,
    draft: &Draft,
    (signal, typed): (&str, &str),
) -> Result<Draft, String> {
    let frame = draft_frame(snapshot, draft)?;
    let typed = typed.trim().replace('\u{2212}', "-");
    // A table may have words that look like numbers: the words go first.
    let word = snapshot.decoders.edit(frame, signal, Value::Word(&typed));
    let edited = match (word, typed.parse::<f64>()) {
        (Ok(edited), _) => Ok(edited),
        (Err(_), Ok(number)) => snapshot.decoders.edit(frame, signal, Value::Number(number)),
        (Err(error), Err(_)) if !typed.is_empty() => Err(error),
        (Err(_), Err(_)) => Err(format!("{signal} needs a number")),
    };
    let bytes = edited.map_err(|error| sentence(&error))?.view().data.to_vec();
    Ok(Draft { bytes, ..draft.clone() })
}

/// A draft like the last frame of a row of the table by id.
#[must_use]
pub fn like(snapshot: &Snapshot, key: RowKey) -> Option<Draft> {
    let entry = snapshot.traffic.rows().iter().find(|entry| {
        let id = entry.last.id();
        let raw = id.raw() | u32::from(id.is_extended()) << 31;
        let is_sent = entry.last.direction() == Direction::Sent;
        (entry.last.bus().0, raw, is_sent) == (key.bus, key.id, key.sent)
    })?;
    let bus = snapshot.buses.get(usize::from(entry.last.bus().0))?;
    Some(Draft::like(bus.name.as_str(), &entry.last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::fixtures::{Stage, charging};

    fn prefs(id: &str, bytes: &[u8]) -> (Snapshot, SendPrefs) {
        let snapshot = charging(Stage::Idle);
        let bus = snapshot.buses[0].name.to_string();
        let draft = Draft { bus, id: id.into(), bytes: bytes.to_vec(), ..Draft::default() };
        (snapshot, SendPrefs { draft, every: "100".into(), ..SendPrefs::default() })
    }

    #[test]
    fn what_goes_out_once_has_its_first_counter_and_the_checksum_over_it() {
        let (snapshot, mut prefs) = prefs("123", &[0xFF, 2, 3, 0]);
        prefs.counter = CounterPrefs { on: true, ..CounterPrefs::default() };
        prefs.sum = SumPrefs { rule: SumRule::Sum, byte: "3".into(), ..SumPrefs::default() };
        let frame = once(&snapshot, &prefs).unwrap();
        assert_eq!(frame.view().data, [0xF0, 2, 3, 0xF5]);
        prefs.sum.byte = "4".into();
        assert!(once(&snapshot, &prefs).unwrap_err().contains("its bytes are 0 to 3"));
        prefs.sum.byte = "x".into();
        assert!(once(&snapshot, &prefs).unwrap_err().contains("whole number"));
    }

    #[test]
    fn a_schedule_without_a_name_is_called_by_its_id_and_bad_times_are_said() {
        let (snapshot, mut prefs) = prefs("123", &[1]);
        let schedule = planned(&snapshot, &prefs).unwrap();
        assert_eq!((schedule.name.as_str(), schedule.every.as_millis()), ("0x123", 100));
        for (every, said) in [("", "milliseconds"), ("0.5", "1 ms"), ("-1", "milliseconds")] {
            prefs.every = every.into();
            let error = planned(&snapshot, &prefs).unwrap_err();
            assert!(error.contains(said), "{every}: {error}");
        }
        (prefs.every, prefs.name) = ("10".into(), "a/b".into());
        assert!(planned(&snapshot, &prefs).unwrap_err().contains("name of the schedule"));
    }

    #[test]
    fn data_ids_of_both_profiles_are_read_or_refused() {
        let (snapshot, mut prefs) = prefs("123", &[0; 8]);
        prefs.sum = SumPrefs { rule: SumRule::E2e1, byte: "0".into(), data_id: "0x123".into() };
        assert_eq!(once(&snapshot, &prefs).unwrap().view().data[0], 0xCC);
        prefs.sum.data_id = "12345".into();
        assert!(once(&snapshot, &prefs).is_err());
        prefs.sum.rule = SumRule::E2e2;
        assert!(once(&snapshot, &prefs).unwrap_err().contains("sixteen"));
        prefs.sum.data_id = "00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F".into();
        assert!(once(&snapshot, &prefs).is_ok());
    }

    #[test]
    fn a_signal_that_is_typed_changes_its_bytes_and_no_others() {
        let (snapshot, _) = prefs("123", &[]);
        let bus = snapshot.buses[0].name.to_string();
        let known = super::super::messages(&snapshot, &bus);
        let message = known.iter().find(|one| one.name == "EVDC_Heartbeat").unwrap();
        let bytes = vec![0xAA; message.length];
        let draft = Draft { bus, id: message.id.clone(), bytes, ..Draft::default() };
        let typed = with_signal(&snapshot, &draft, ("DeviceId", "4098")).unwrap();
        assert_eq!(typed.bytes[..3], [0x02, 0x10, 0]);
        assert!(typed.bytes[3..].iter().all(|byte| *byte == 0xAA), "{:?}", typed.bytes);
        let error = with_signal(&snapshot, &draft, ("DeviceId", "many")).unwrap_err();
        assert!(error.contains("many"), "{error}");
        assert!(with_signal(&snapshot, &draft, ("DeviceId", "")).unwrap_err().contains("number"));
        assert!(with_signal(&snapshot, &draft, ("DeviceId", "-1")).is_err());
    }
}
