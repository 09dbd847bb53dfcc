//! Composes a close look at one id: what its signals were at least and at most, what they did lately,
//! and what came with every value of its multiplexers.

use std::sync::{Mutex, PoisonError};

use crate::base::id::BusId;
use crate::engine::{Decoders, Direction, Id, SignalStudy, Study, Subject};
use crate::view::compose::trace::{hex, told};
use crate::view::text;
use crate::view::traffic::{GroupView, RowKey, SignalLook, StudyView};

/// A pause this much longer than the usual time between two values is a gap.
const GAP: f64 = 4.0;

/// The id that a row of the table stands for.
#[must_use]
pub fn subject(key: RowKey) -> Option<Subject> {
    let raw = key.id & 0x1FFF_FFFF;
    let id = if raw == key.id { Id::standard(raw) } else { Id::extended(raw) }?;
    let direction = if key.sent { Direction::Sent } else { Direction::Received };
    Some(Subject { bus: BusId(key.bus), id, direction })
}

/// What was found so far.
#[must_use]
pub fn study(found: &Mutex<Study>, decoders: &Decoders) -> StudyView {
    let study = found.lock().unwrap_or_else(PoisonError::into_inner);
    let places = |signal: &SignalStudy| {
        let Subject { bus, id, .. } = study.subject;
        decoders.pick(bus, id, &signal.name).map_or(0, |picker| picker.places())
    };
    let look = |signal: &SignalStudy| SignalLook {
        name: signal.name.clone(),
        extremes: signal.extremes.map_or_else(String::new, |(low, high)| {
            let places = places(signal);
            format!("{} to {}", text::fixed(low, places), text::fixed(high, places))
        }),
        strokes: strokes(signal),
    };
    let groups = study.groups.iter().map(|(key, group)| {
        let value: Vec<String> = key.iter().map(u64::to_string).collect();
        GroupView {
            value: value.join(", "),
            bytes: hex(group.last.view()),
            count: match group.count {
                1 => "1 frame".to_owned(),
                n => format!("{} frames", text::grouped(n)),
            },
            says: told(decoders, group.last.view()),
        }
    });
    StudyView {
        signals: study.signals.iter().map(look).collect(),
        switches: study.switches.join(", "),
        groups: groups.collect(),
    }
}

/// The last values as shares of a small picture.
fn strokes(signal: &SignalStudy) -> Vec<Vec<[f32; 2]>> {
    let recent = &signal.recent;
    let (Some((first, _)), Some((last, _))) = (recent.front(), recent.back()) else {
        return Vec::new();
    };
    let length = ((last - first) as f64).max(1.0);
    let values = recent.iter().map(|(_, value)| (*value, *value));
    let ends = values.reduce(|(a, b), (c, d)| (a.min(c), b.max(d)));
    let (low, high) = ends.unwrap_or_default();
    let mut gaps: Vec<i64> =
        recent.iter().zip(recent.iter().skip(1)).map(|((a, _), (b, _))| b - a).collect();
    gaps.sort_unstable();
    let usual = gaps.get(gaps.len() / 2).copied().unwrap_or_default() as f64;
    let mut strokes: Vec<Vec<[f32; 2]>> = Vec::new();
    let mut before: Option<i64> = None;
    for (at, value) in recent {
        let x = (at - first) as f64 / length;
        let y = if high > low { (value - low) / (high - low) } else { 0.5 };
        let place = [x as f32, y as f32];
        let is_gap = before.is_none_or(|before| (at - before) as f64 > (usual * GAP).max(5e8));
        match strokes.last_mut().filter(|_| !is_gap) {
            Some(stroke) => stroke.push(place),
            None => strokes.push(vec![place]),
        }
        before = Some(*at);
    }
    strokes
}
