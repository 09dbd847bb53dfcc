//! Every frame that a filter lets through, as it comes: looks at each frame of the tape once and keeps
//! what is to be told with the next message, bounded. What there was no room for is counted and told.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::engine::{
    Decoders, Direction, FilterMemory, FrameRef, Kind, Reel, Scope, Sieve, Snapshot,
};
use crate::web::live::state::Object;

/// Most frames of one message.
const FRAMES: usize = 500;
/// Most frames that are looked at between two messages; older ones count as left out.
const LOOKED_AT: u64 = 100_000;

/// The frames of one feed.
pub struct Stream {
    filter: String,
    /// The filter ready to run, and the names it was made with.
    sieve: Option<(Arc<Decoders>, Arc<Sieve>)>,
    memory: FilterMemory,
    /// Everything before this was looked at; `None` before the first look.
    looked: Option<u64>,
    /// Where what is told next begins.
    after: u64,
    waiting: VecDeque<Object>,
    left_out: u64,
}

impl Stream {
    /// Of the frames that `filter` lets through, from now on.
    pub fn new(filter: &str) -> Self {
        Self {
            filter: filter.to_owned(),
            sieve: None,
            memory: FilterMemory::new(),
            looked: None,
            after: 0,
            waiting: VecDeque::new(),
            left_out: 0,
        }
    }

    /// Looks at what came since.
    pub fn see(&mut self, snapshot: &Snapshot, reel: &Reel) {
        let Some(sieve) = self.sieve(snapshot) else { return };
        let Some(looked) = self.looked else {
            (self.looked, self.after) = (Some(reel.end()), reel.end());
            return;
        };
        let from = looked.max(reel.first()).max(reel.end().saturating_sub(LOOKED_AT));
        self.left_out += from.min(reel.end()).saturating_sub(looked);
        for (number, frame) in reel.from(from) {
            if !sieve.lets(frame, &mut self.memory) {
                continue;
            }
            if self.waiting.len() == FRAMES {
                self.waiting.pop_front();
                self.left_out += 1;
            }
            self.waiting.push_back(told(snapshot, number, frame));
        }
        self.looked = Some(reel.end());
    }

    /// What is told now; the next begins after it.
    pub fn told(&mut self) -> Object {
        let next = self.looked.unwrap_or_default();
        let mut told = Object::new();
        told.insert("after".into(), self.after.into());
        told.insert("next".into(), next.into());
        told.insert("frames".into(), self.waiting.drain(..).map(Value::Object).collect());
        told.insert("left_out".into(), std::mem::take(&mut self.left_out).into());
        self.after = next;
        told
    }

    /// The filter, made anew where the names have changed.
    fn sieve(&mut self, snapshot: &Snapshot) -> Option<Arc<Sieve>> {
        if let Some((decoders, sieve)) = &self.sieve
            && Arc::ptr_eq(decoders, &snapshot.decoders)
        {
            return Some(Arc::clone(sieve));
        }
        let sieve = snapshot.vocabulary().sieve(&self.filter, Scope::Trace).ok()?;
        self.sieve = Some((Arc::clone(&snapshot.decoders), Arc::clone(&sieve)));
        Some(sieve)
    }
}

fn told(snapshot: &Snapshot, number: u64, frame: FrameRef<'_>) -> Object {
    let bus = snapshot.buses.get(usize::from(frame.bus().0));
    let way = match frame.direction() {
        Direction::Received => "received",
        Direction::Sent => "sent",
    };
    let kind = match frame.kind() {
        Kind::Data => "data",
        Kind::Fd => "fd",
        Kind::Remote => "remote",
        Kind::Error => "error",
    };
    let told = json!({
        "number": number,
        "at_s": frame.time().secs_f64(),
        "bus": bus.map(|bus| bus.name.as_str()),
        "id": frame.id().to_string(),
        "way": way,
        "kind": kind,
        "data": data_encoding::HEXUPPER.encode(frame.data),
    });
    let Value::Object(mut told) = told else { return Object::new() };
    if frame.kind() == Kind::Remote {
        told.insert("length".into(), frame.len().into());
    }
    let name = match frame.kind() {
        Kind::Data | Kind::Fd => snapshot.decoders.name(frame.bus(), frame.id()),
        Kind::Remote | Kind::Error => None,
    };
    if let Some(name) = name {
        told.insert("name".into(), name.into());
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::Mono;
    use crate::engine::{Frame, Frames, Id, Tape};
    use crate::view::fixtures::{Stage, charging};

    fn record(tape: &mut Tape, count: u64) {
        let mut frames = Frames::default();
        for n in tape.reel().end()..tape.reel().end() + count {
            let frame = Frame::classic(Id::standard((n % 10) as u32).unwrap(), &[n as u8]).unwrap();
            frames.push(frame.at(Mono::from_nanos(n as i64 * 1_000_000)).view());
        }
        tape.push(&frames);
    }

    fn numbers(told: &Object) -> Vec<u64> {
        let frames = told["frames"].as_array().unwrap();
        frames.iter().map(|frame| frame["number"].as_u64().unwrap()).collect()
    }

    #[test]
    fn every_frame_that_fits_is_told_once_from_the_subscription_on() {
        let (snapshot, mut tape) = (charging(Stage::Idle), Tape::new(1_000_000));
        record(&mut tape, 100);
        let mut stream = Stream::new("id:3");
        stream.see(&snapshot, &tape.reel());
        let first = stream.told();
        assert!(numbers(&first).is_empty() && first["next"] == 100);
        record(&mut tape, 25);
        stream.see(&snapshot, &tape.reel());
        let told = stream.told();
        assert_eq!((numbers(&told), &told["after"]), (vec![103, 113, 123], &first["next"]));
        assert_eq!(told["frames"][0]["data"], "67");
        stream.see(&snapshot, &tape.reel());
        assert!(numbers(&stream.told()).is_empty());
    }

    #[test]
    fn what_there_is_no_room_for_is_counted_and_the_newest_are_told() {
        let (snapshot, mut tape) = (charging(Stage::Idle), Tape::new(4096));
        let mut stream = Stream::new("");
        stream.see(&snapshot, &tape.reel());
        record(&mut tape, 30_000);
        stream.see(&snapshot, &tape.reel());
        let told = stream.told();
        let numbers = numbers(&told);
        assert_eq!((numbers.len(), numbers.last()), (FRAMES, Some(&29_999)));
        assert_eq!(
            told["left_out"],
            30_000 - FRAMES as u64,
            "those that the tape forgot count too"
        );
        stream.see(&snapshot, &tape.reel());
        assert_eq!(stream.told()["left_out"], 0);
    }
}
