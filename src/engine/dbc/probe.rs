//! One signal by itself: reads it out of a frame's bytes without the rest of its message. The same
//! bits and the same number as [`Codec::decode`](super::Codec::decode) gives; knows no other signal
//! but the switches above its own.

use super::lanes::{Cut, Number, Odd, Padded, Width, Words};
use super::layout::{FRAME_BYTES, span};
use super::plan::odd;
use super::run::{NO_BYTES, first_word};
use super::schema::{Kind, Message, Signal};

/// Most switches above a signal; reading a schema ends long before.
const DEEPEST: usize = 64;

/// Reads one signal of a message.
#[derive(Clone, Debug)]
pub struct Probe {
    gates: Vec<Gate>,
    cut: Cut,
    number: Made,
    width: Width,
    factor: f64,
    offset: f64,
}

/// A switch that must have one of these values.
#[derive(Clone, Debug)]
struct Gate {
    cut: Cut,
    signed: bool,
    width: Width,
    ranges: Vec<(u64, u64)>,
}

/// How bits become a number.
#[derive(Clone, Debug)]
enum Made {
    Unsigned,
    Signed,
    Float,
    Odd(Odd),
}

/// What a signal says in one frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Probed {
    /// Raw bits, as [`Row::raw`](super::Row::raw) gives them.
    pub raw: u64,
    /// Physical value.
    pub value: f64,
}

impl Probe {
    /// A probe for the signal at `position`; `None` where there is none, or where it lies beyond
    /// any frame.
    #[must_use]
    pub fn new(message: &Message, position: usize) -> Option<Self> {
        let signal = message.signals.get(position)?;
        let (cut, width) = cut_of(signal)?;
        let number = match odd(signal, cut) {
            Some(number) => Made::Odd(odd_of(signal, cut, number)),
            None => match signal.kind {
                Kind::Unsigned | Kind::Double => Made::Unsigned,
                Kind::Signed => Made::Signed,
                Kind::Float => Made::Float,
            },
        };
        let gates = gates(message, signal)?;
        let (factor, offset) = (signal.factor, signal.offset);
        Some(Self { gates, cut, number, width, factor, offset })
    }

    /// The signal in these bytes; `None` where they are too few or its switches select another.
    #[must_use]
    #[inline]
    pub fn read(&self, data: &[u8]) -> Option<Probed> {
        if data.len() < usize::from(self.cut.need) {
            return None;
        }
        if !self.gates.iter().all(|gate| gate.is_open(data)) {
            return None;
        }
        Some(on(self.width, data, |words, bytes| self.number(words, bytes)))
    }

    #[inline(always)]
    fn number(&self, words: Words, bytes: &Padded) -> Probed {
        let (raw, number) = match &self.number {
            Made::Unsigned => {
                let raw = self.cut.raw(words, bytes);
                (raw, raw as i64 as f64)
            }
            Made::Signed => {
                let raw = self.cut.raw_signed(words, bytes);
                (raw, raw as i64 as f64)
            }
            Made::Float => {
                let raw = self.cut.raw(words, bytes);
                (raw, f64::from(f32::from_bits(raw as u32)))
            }
            Made::Odd(odd) => {
                let (raw, value) = odd.decode(words, bytes);
                return Probed { raw, value };
            }
        };
        Probed { raw, value: number * self.factor + self.offset }
    }
}

impl Gate {
    fn is_open(&self, data: &[u8]) -> bool {
        if data.len() < usize::from(self.cut.need) {
            return false;
        }
        let raw = on(self.width, data, |words, bytes| match self.signed {
            true => self.cut.raw_signed(words, bytes),
            false => self.cut.raw(words, bytes),
        });
        self.ranges.iter().any(|&(from, to)| (from..=to).contains(&raw))
    }
}

/// The switches above a signal; `None` where one of them lies beyond any frame.
fn gates(message: &Message, signal: &Signal) -> Option<Vec<Gate>> {
    let mut gates = Vec::new();
    let mut below = signal;
    for _ in 0..DEEPEST {
        let Some(selection) = &below.selection else { return Some(gates) };
        let switch = message.signals.get(selection.switch)?;
        let (cut, width) = cut_of(switch)?;
        let signed = switch.kind == Kind::Signed;
        gates.push(Gate { cut, signed, width, ranges: selection.ranges.clone() });
        below = switch;
    }
    None
}

fn cut_of(signal: &Signal) -> Option<(Cut, Width)> {
    let span = span(signal);
    let width = if span.need() > 8 { Width::Long } else { Width::Word };
    Cut::new(signal, span, width).map(|cut| (cut, width))
}

fn odd_of(signal: &Signal, cut: Cut, number: Number) -> Odd {
    Odd { cut, position: 0, number, factor: signal.factor, offset: signal.offset }
}

/// Hands on the words that a cut of this width is taken from.
#[inline(always)]
fn on<T>(width: Width, data: &[u8], read: impl FnOnce(Words, &Padded) -> T) -> T {
    match width {
        Width::Word => {
            let word = first_word(data);
            read(Words::First { little: word, big: word.swap_bytes() }, &NO_BYTES)
        }
        Width::Long => {
            let mut bytes = NO_BYTES;
            bytes.iter_mut().zip(data.iter().take(FRAME_BYTES)).for_each(|(to, from)| *to = *from);
            read(Words::Own, &bytes)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::dbc::{Codec, Row, parse};

    /// Every kind of signal: both orders, signs, floats, exact numbers, nine bytes, two switches.
    const LAYOUT: &str = r#"VERSION ""
BO_ 1 Mixed: 8 A
 SG_ a : 0|13@1+ (0.5,-10) [0|0] "V" A
 SG_ b : 13|24@1- (1,0) [0|0] "" A
 SG_ c : 7|12@0- (2,0) [0|0] "" A
 SG_ d : 0|64@1+ (1,0) [0|0] "" A
 SG_ e : 0|60@1- (3,7) [0|0] "" A
BO_ 2 Switch: 8 A
 SG_ which M : 0|8@1+ (1,0) [0|0] "" A
 SG_ left m0 : 8|32@1- (1,0) [0|0] "" A
 SG_ right m1 : 8|16@1+ (0.1,0) [0|0] "" A
BO_ 3 Real: 8 A
 SG_ real : 0|32@1- (0.25,1) [0|0] "" A
 SG_ exact : 0|64@1- (1,0) [0|0] "" A
BO_ 4 Wide: 64 A
 SG_ far : 400|17@1- (1,0) [0|0] "" A
 SG_ nine : 3|64@1- (1,0) [0|0] "" A
 SG_ big : 5|62@0+ (1,0) [0|0] "" A
 SG_ last : 511|1@1+ (1,0) [0|0] "" A
SIG_VALTYPE_ 3 real : 1;
SIG_VALTYPE_ 3 exact : 2;
"#;

    #[test]
    fn a_probe_reads_what_decoding_the_whole_message_gives() {
        let parsed = parse(LAYOUT.as_bytes());
        let codec = Codec::compile(&[&parsed.schema]);
        let mut row = Row::default();
        let mut seed = 0x1234_5678_9ABC_DEF1_u64;
        for round in 0..4000 {
            let mut bytes = [0_u8; 64];
            for byte in &mut bytes {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                *byte = (seed >> 40) as u8;
            }
            bytes[0] %= 3;
            let len = [0, 1, 3, 7, 8, 12, 48, 64][round % 8];
            for (index, message) in codec.messages() {
                codec.decode(index, &bytes[..len], &mut row);
                for (at, signal) in message.signals.iter().enumerate() {
                    let probe = Probe::new(message, at).unwrap();
                    let read = probe.read(&bytes[..len]);
                    let name = &signal.name;
                    assert_eq!(read.map(|r| r.raw), row.raw(at), "{name} of {len} bytes");
                    let bits = |value: f64| value.to_bits();
                    assert_eq!(read.map(|r| bits(r.value)), row.get(at).map(bits), "{name}");
                }
            }
        }
    }
}
