//! Carries out a plan on the bytes of a frame.
//!
//! The same code is compiled for several levels of the processor's vector instructions; which one
//! runs is found out once, when a codec is compiled. This is the only `unsafe` of decoding: a call
//! into code that was compiled for more than every processor has.
#![expect(
    unsafe_code,
    reason = "calls functions compiled for vector instructions that were detected"
)]

use super::lanes::Width;
use super::lanes::{self, Block, LANES, Padded, Reach, Words};
use super::layout::FRAME_BYTES;
use super::plan::{Arena, NONE, Plan, Switch};
use super::row::Row;

/// The vector instructions that decoding uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// What every processor of this kind has.
    Plain,
    /// AVX2.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 with 64-bit integer conversion.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Level {
    /// The best this processor has.
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            let has512 = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512bw");
            if has512 {
                return Self::Avx512;
            }
            if is_x86_feature_detected!("avx2") {
                return Self::Avx2;
            }
        }
        Self::Plain
    }

    /// All levels that this processor has.
    #[cfg(test)]
    pub fn all() -> Vec<Self> {
        match Self::detect() {
            Self::Plain => vec![Self::Plain],
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => vec![Self::Plain, Self::Avx2],
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => vec![Self::Plain, Self::Avx2, Self::Avx512],
        }
    }
}

/// Decodes a frame by the plan `first` and those its switches select.
#[inline]
pub(super) fn run(level: Level, arena: &Arena, first: u32, data: &[u8], row: &mut Row) {
    match level {
        Level::Plain => frame(arena, first, data, row),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the level is made by `Level::detect` only, which asked the processor.
        Level::Avx2 => unsafe { frame_avx2(arena, first, data, row) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the level is made by `Level::detect` only, which asked the processor.
        Level::Avx512 => unsafe { frame_avx512(arena, first, data, row) },
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn frame_avx2(arena: &Arena, first: u32, data: &[u8], row: &mut Row) {
    frame(arena, first, data, row);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw")]
fn frame_avx512(arena: &Arena, first: u32, data: &[u8], row: &mut Row) {
    frame(arena, first, data, row);
}

#[inline(always)]
fn frame(arena: &Arena, first: u32, data: &[u8], row: &mut Row) {
    row.len = 0;
    let Some(plan) = arena.plans.get(first as usize) else { return };
    match plan.width {
        Width::Word => {
            let bytes = match data.first_chunk::<8>() {
                Some(bytes) => *bytes,
                None => short(data),
            };
            let (little, big) = (u64::from_le_bytes(bytes), u64::from_be_bytes(bytes));
            walk(arena, first, data.len(), Words::First { little, big }, &NO_BYTES, row);
        }
        Width::Long => {
            let mut bytes = NO_BYTES;
            for (to, from) in bytes.iter_mut().zip(data.iter().take(FRAME_BYTES)) {
                *to = *from;
            }
            walk(arena, first, data.len(), Words::Own, &bytes, row);
        }
    }
}

static NO_BYTES: Padded = [0; FRAME_BYTES + 16];

/// Up to seven bytes, zeros behind them.
#[inline(always)]
fn short(data: &[u8]) -> [u8; 8] {
    let mut word = 0u64;
    for (at, &byte) in data.iter().take(8).enumerate() {
        word |= u64::from(byte) << (8 * at);
    }
    word.to_le_bytes()
}

/// Plans have no circles, so this ends.
#[inline(always)]
fn walk(arena: &Arena, first: u32, len: usize, words: Words, bytes: &Padded, row: &mut Row) {
    let mut next = first;
    loop {
        let Some(plan) = arena.plans.get(next as usize) else { return };
        if len >= usize::from(plan.need) {
            whole(arena, plan, words, bytes, row);
        } else {
            fitting(arena, plan, len, words, bytes, row);
        }
        let (from, to) = plan.switches;
        if from == to {
            match row.waiting.pop() {
                Some(plan) => next = plan,
                None => return,
            }
            continue;
        }
        let switches = arena.switches.get(from as usize..to as usize).unwrap_or(&[]);
        next = NONE;
        for switch in switches.iter().rev() {
            let plan = selected(arena, switch, len, words, bytes);
            if plan != NONE {
                if next != NONE {
                    row.waiting.push(next);
                }
                next = plan;
            }
        }
        if next == NONE {
            match row.waiting.pop() {
                Some(plan) => next = plan,
                None => return,
            }
        }
    }
}

#[inline(always)]
fn selected(arena: &Arena, switch: &Switch, len: usize, words: Words, bytes: &Padded) -> u32 {
    let cut = switch.cut;
    let raw = if usize::from(cut.need) > len {
        None
    } else if switch.signed {
        Some(cut.raw_signed(words, bytes))
    } else {
        Some(cut.raw(words, bytes))
    };
    arena.next(switch, raw)
}

/// All signals of a plan: the frame is long enough.
#[inline(always)]
fn whole(arena: &Arena, plan: &Plan, words: Words, bytes: &Padded, row: &mut Row) {
    let range = plan.blocks.0 as usize..plan.blocks.1 as usize;
    match words {
        Words::First { little, big } => {
            for block in arena.blocks.get(range).unwrap_or(&[]) {
                let Some((values, raws)) = row.block(block) else { return };
                lanes::decode_word(block, little, big, values, raws);
                row.len += usize::from(block.count);
            }
        }
        Words::Own => {
            let reaches = arena.reaches.get(range.clone()).unwrap_or(&[]);
            for (block, reach) in arena.blocks.get(range).unwrap_or(&[]).iter().zip(reaches) {
                let Some((values, raws)) = row.block(block) else { return };
                lanes::decode_long(block, reach, bytes, values, raws);
                row.len += usize::from(block.count);
            }
        }
    }
    let odds = arena.odds.get(plan.odds.0 as usize..plan.odds.1 as usize).unwrap_or(&[]);
    for odd in odds {
        let (raw, value) = odd.decode(words, bytes);
        row.push(odd.position, raw, value);
    }
}

/// Those signals of a plan that lie within a short frame.
#[cold]
#[inline(never)]
fn fitting(arena: &Arena, plan: &Plan, len: usize, words: Words, bytes: &Padded, row: &mut Row) {
    let range = plan.blocks.0 as usize..plan.blocks.1 as usize;
    let reaches = arena.reaches.get(range.clone()).unwrap_or(&[]);
    for (block, reach) in arena.blocks.get(range).unwrap_or(&[]).iter().zip(reaches) {
        let (mut values, mut raws) = ([0.0; LANES], [0; LANES]);
        match words {
            Words::First { little, big } => {
                lanes::decode_word(block, little, big, &mut values, &mut raws);
            }
            Words::Own => lanes::decode_long(block, reach, bytes, &mut values, &mut raws),
        }
        for lane in fitting_lanes(block, reach, len) {
            row.push(block.positions[lane], raws[lane], values[lane]);
        }
    }
    let odds = arena.odds.get(plan.odds.0 as usize..plan.odds.1 as usize).unwrap_or(&[]);
    for odd in odds.iter().filter(|odd| usize::from(odd.cut.need) <= len) {
        let (raw, value) = odd.decode(words, bytes);
        row.push(odd.position, raw, value);
    }
}

fn fitting_lanes<'a>(
    block: &Block,
    reach: &'a Reach,
    len: usize,
) -> impl Iterator<Item = usize> + use<'a> {
    (0..usize::from(block.count)).filter(move |&lane| usize::from(reach.need[lane]) <= len)
}
