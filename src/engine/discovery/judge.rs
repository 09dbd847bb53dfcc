//! How much speaks for one kind at one address.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Candidate, Ear, Heard, Reason, Side, bound, fits, holds};
use crate::engine::can::frame::Id;
use crate::engine::dbc::{MessageIndex, Row};
use crate::engine::device::recognise::{Grade, Place, Recognition};
use crate::engine::device::{Device, Kind};

/// Most points for what is in the bytes.
const CONTENT: i32 = 60;
/// Most points for the messages that are there.
const IDS: f64 = 20.0;
/// Most points for how often they come.
const TIMING: f64 = 20.0;
/// Points that a frame of another length costs, and all of them together.
const LENGTH: (i32, i32) = (10, 30);
/// Points that an id costs that is in its block and none of its own, and all of them together.
const STRANGE: (i32, i32) = (2, 10);
/// Most of them that are named.
const NAMED: usize = 3;
/// No device is ever certain.
const MOST: i32 = 99;
/// A period within these shares of the expected one is that.
const PERIOD: (f64, f64) = (0.6, 1.6);

/// Collects points and reasons.
#[derive(Default)]
struct Tally {
    points: i32,
    good: Vec<String>,
    bad: Vec<String>,
}

/// The candidate, if a sign that it needs is there.
pub(super) fn judge(
    kind: &Arc<Kind>,
    recognise: &Recognition,
    base: u32,
    ear: &Ear<'_>,
) -> Option<Candidate> {
    let device = bound(kind, base)?;
    let mut tally = Tally::default();
    let settings = content(recognise, &device, ear, &mut tally)?;
    presence(recognise, &device, ear, &mut tally);
    strangers(&device, ear, &mut tally);
    let reasons = tally.good.into_iter().map(|text| Reason { side: Side::For, text });
    let against = tally.bad.into_iter().map(|text| Reason { side: Side::Against, text });
    Some(Candidate {
        kind: Arc::clone(kind),
        base,
        score: tally.points.clamp(0, MOST) as u8,
        reasons: reasons.chain(against).collect(),
        serial: recognise.serial.as_ref().and_then(|place| raw(place, recognise, &device, ear)),
        firmware: recognise.firmware.as_ref().and_then(|place| value(place, &device, ear)),
        settings,
        known: None,
        shares: Vec::new(),
    })
}

/// What is in the bytes; none where nothing that it needs is.
fn content(
    recognise: &Recognition,
    device: &Device,
    ear: &Ear<'_>,
    tally: &mut Tally,
) -> Option<BTreeMap<String, String>> {
    let codec = device.codec();
    let mut settings = BTreeMap::new();
    let (mut points, mut met) = (0, false);
    let needs = recognise.signs.iter().any(|sign| sign.grade == Grade::Needed);
    for sign in &recognise.signs {
        let Some(index) = codec.find_named(&sign.message) else { continue };
        let id = codec.message(index).id;
        let Some(heard) = ear.by_id.get(&id) else { continue };
        if holds(sign, device, index, heard) {
            met |= !needs || sign.grade == Grade::Needed;
            points += i32::from(sign.points);
            tally.good.push(format!("{} ({id})", sign.says));
            settings.extend(sign.sets.clone());
        } else if sign.grade == Grade::Usual {
            points -= i32::from(sign.points);
            tally.bad.push(format!(
                "{} ({id}) does not hold what it should: not so that it {}",
                sign.message, sign.says
            ));
        }
    }
    tally.points += points.clamp(0, CONTENT);
    (met && points > 0).then_some(settings)
}

/// Which of its messages are there, and how often they come.
fn presence(recognise: &Recognition, device: &Device, ear: &Ear<'_>, tally: &mut Tally) {
    let manifest = &device.kind().manifest;
    let (mut due, mut there, mut timed, mut in_time, mut wrong) =
        (0_u32, 0_u32, 0_u32, 0_u32, 0_i32);
    let (mut missing, mut odd) = (Vec::new(), Vec::new());
    for (_, message) in device.codec().messages() {
        let Some(rate) = manifest.rate_of(&message.name) else { continue };
        let period = Duration::from_millis(rate.period_ms);
        let heard = ear.by_id.get(&message.id);
        if let Some(heard) = heard
            && !fits(device, message, heard.len)
        {
            wrong += 1;
            if wrong <= NAMED as i32 {
                let (len, id) = (heard.len, message.id);
                tally.bad.push(format!(
                    "{id} comes with {len} bytes, {} has {}",
                    message.name, message.len
                ));
            }
            continue;
        }
        if recognise.is_expected(&message.name) && (heard.is_some() || ear.span >= period * 2) {
            due += 1;
            match heard {
                Some(_) => there += 1,
                None => missing.push(format!("{} ({})", message.name, message.id)),
            }
        }
        if let Some(found) = heard.and_then(|heard| heard.period) {
            timed += 1;
            let share = found.as_secs_f64() / period.as_secs_f64();
            if (PERIOD.0..=PERIOD.1).contains(&share) {
                in_time += 1;
            } else {
                odd.push(format!(
                    "{} comes every {} ms instead of {}",
                    message.name,
                    found.as_millis(),
                    rate.period_ms
                ));
            }
        }
    }
    let share =
        |part: u32, whole: u32| if whole == 0 { 0.0 } else { f64::from(part) / f64::from(whole) };
    tally.points += (IDS * share(there, due) + TIMING * share(in_time, timed)).round() as i32;
    tally.points -= (wrong * LENGTH.0).min(LENGTH.1);
    if there > 0 {
        tally.good.push(format!("{there} of {due} messages that it should send were heard"));
    }
    if in_time > 0 {
        tally.good.push(format!("{in_time} of {timed} messages come as often as they should"));
    }
    if !missing.is_empty() {
        tally.bad.push(format!("not heard: {}", named(&missing)));
    }
    if !odd.is_empty() {
        tally.bad.push(named(&odd));
    }
}

/// The first few, and how many more there are.
fn named(all: &[String]) -> String {
    let first = all.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match all.len() {
        count if count > NAMED => format!("{first} and {} more", count - NAMED),
        _ => first,
    }
}

/// Ids in its block that are none of its own.
fn strangers(device: &Device, ear: &Ear<'_>, tally: &mut Tally) {
    let claims = device.claims();
    let in_block = |id: &&Id| {
        claims.iter().any(|c| c.extended == id.is_extended() && c.ids.contains(&id.raw()))
    };
    let mut strange: Vec<Id> = ear
        .by_id
        .keys()
        .filter(in_block)
        .filter(|id| device.message_name(**id).is_none())
        .copied()
        .collect();
    if strange.is_empty() {
        return;
    }
    strange.sort_unstable();
    let count = i32::try_from(strange.len()).unwrap_or(i32::MAX);
    tally.points -= count.saturating_mul(STRANGE.0).min(STRANGE.1);
    let ids: Vec<String> = strange.iter().map(ToString::to_string).collect();
    tally.bad.push(format!("in its block, but none of its messages: {}", named(&ids)));
}

/// A signal as it is on the wire, from a frame in which every sign of its message is there.
fn raw(place: &Place, recognise: &Recognition, device: &Device, ear: &Ear<'_>) -> Option<u64> {
    let (index, heard) = find(place, device, ear)?;
    let codec = device.codec();
    let about = recognise.signs.iter().filter(|sign| sign.message == place.message);
    let signs: Vec<_> = about.filter(|sign| sign.grade == Grade::Needed).collect();
    let sound = heard.samples.iter().find(|bytes| {
        let alone = Heard { samples: vec![(*bytes).clone()], ..(*heard).clone() };
        signs.is_empty() || signs.iter().any(|sign| holds(sign, device, index, &alone))
    })?;
    let mut row = Row::new();
    codec.decode(index, sound, &mut row);
    row.raw(codec.message(index).position(&place.signal)?)
}

/// A signal in words.
fn value(place: &Place, device: &Device, ear: &Ear<'_>) -> Option<String> {
    let (index, heard) = find(place, device, ear)?;
    let codec = device.codec();
    let mut row = Row::new();
    codec.decode(index, heard.samples.first()?, &mut row);
    let message = codec.message(index);
    let at = message.position(&place.signal)?;
    let label = row.raw(at).and_then(|raw| message.signals.get(at)?.label(raw));
    match label {
        Some(label) => Some(label.to_owned()),
        None => row.get(at).filter(|value| value.is_finite()).map(|value| value.to_string()),
    }
}

fn find<'e>(place: &Place, device: &Device, ear: &Ear<'e>) -> Option<(MessageIndex, &'e Heard)> {
    let index = device.codec().find_named(&place.message)?;
    let message = device.codec().message(index);
    let heard = ear.by_id.get(&message.id).copied();
    let heard = heard.filter(|heard| fits(device, message, heard.len))?;
    Some((index, heard))
}
