//! Carries out a plan on the bytes of a frame.
//!
//! The same code is compiled for several levels of the processor's vector instructions; which one
//! runs is found out once, when a codec is compiled. This is the only `unsafe` of decoding: a call
//! into code that was compiled for more than every processor has.
#![cfg_attr(
    target_arch = "x86_64",
    expect(
        unsafe_code,
        reason = "calls functions compiled for vector instructions that were detected"
    )
)]

use super::lanes::Width;
use super::lanes::{self, Block, Padded, Reach, Words};
use super::layout::FRAME_BYTES;
use super::plan::{Arena, NONE, Plan, Shape, Switch};
use super::row::{Places, Row};

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

/// Whether a frame was decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ran {
    /// It was.
    Done,
    /// Its message has no plan.
    NoPlan,
}

/// Decodes a frame by the first plan of a message and those its switches select.
#[inline]
pub(super) fn run(level: Level, arena: &Arena, message: u32, data: &[u8], row: &mut Row) -> Ran {
    match level {
        Level::Plain => plain(arena, message, data, row),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the level is made by `Level::detect` only, which asked the processor.
        Level::Avx2 => unsafe { avx2(arena, message, data, row) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the level is made by `Level::detect` only, which asked the processor.
        Level::Avx512 => unsafe { avx512(arena, message, data, row) },
    }
}

fn plain(arena: &Arena, message: u32, data: &[u8], row: &mut Row) -> Ran {
    quick(arena, message, data, row).unwrap_or_else(|plan| frame(arena, plan, data, row))
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2(arena: &Arena, message: u32, data: &[u8], row: &mut Row) -> Ran {
    match quick(arena, message, data, row) {
        Ok(ran) => ran,
        Err(plan) => frame_avx2(arena, plan, data, row),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[inline(never)]
fn frame_avx2(arena: &Arena, plan: &Plan, data: &[u8], row: &mut Row) -> Ran {
    frame(arena, plan, data, row)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw")]
fn avx512(arena: &Arena, message: u32, data: &[u8], row: &mut Row) -> Ran {
    match quick(arena, message, data, row) {
        Ok(ran) => ran,
        Err(plan) => frame_avx512(arena, plan, data, row),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw")]
#[inline(never)]
fn frame_avx512(arena: &Arena, plan: &Plan, data: &[u8], row: &mut Row) -> Ran {
    frame(arena, plan, data, row)
}

/// Decodes the frames that nearly all frames are: all signals in the first eight bytes, at most
/// one switch. Gives back the first plan where it is something else.
#[inline(always)]
fn quick<'a>(arena: &'a Arena, message: u32, data: &[u8], row: &mut Row) -> Result<Ran, &'a Plan> {
    row.len = 0;
    let Some(root) = arena.roots.get(message as usize) else { return Ok(Ran::NoPlan) };
    let word = first_word(data);
    let (little, big) = (word, word.swap_bytes());
    let mut plan = root;
    if plan.shape == Shape::Choice {
        let Some(switch) = arena.switches.get(plan.switches.0 as usize) else { return Err(root) };
        let words = Words::First { little, big };
        let next = selected(arena, switch, data.len(), words, &NO_BYTES);
        let Some(chosen) = arena.plans.get(next as usize) else { return Ok(Ran::Done) };
        plan = chosen;
    }
    if plan.shape != Shape::Blocks || data.len() < usize::from(plan.need) {
        return Err(root);
    }
    let blocks = arena.blocks.get(plan.blocks.0 as usize..plan.blocks.1 as usize);
    row.len = word_blocks(blocks.unwrap_or(&[]), little, big, row.open());
    Ok(Ran::Done)
}

/// Decodes any frame.
#[inline(always)]
fn frame(arena: &Arena, root: &Plan, data: &[u8], row: &mut Row) -> Ran {
    row.len = 0;
    match (root.shape, root.width) {
        (Shape::Singly, _) => return Ran::NoPlan,
        (Shape::Blocks | Shape::Choice | Shape::Mixed, Width::Word) => {
            let word = first_word(data);
            let words = Words::First { little: word, big: word.swap_bytes() };
            walk(arena, root, data.len(), words, &NO_BYTES, row);
        }
        (Shape::Blocks | Shape::Choice | Shape::Mixed, Width::Long) => {
            let mut bytes = NO_BYTES;
            for (to, from) in bytes.iter_mut().zip(data.iter().take(FRAME_BYTES)) {
                *to = *from;
            }
            walk(arena, root, data.len(), Words::Own, &bytes, row);
        }
    }
    Ran::Done
}

/// For frames whose signals all lie in the first eight bytes.
pub(super) static NO_BYTES: Padded = [0; FRAME_BYTES + 16];

/// The first eight bytes as an Intel number; zeros where there are fewer.
#[inline(always)]
pub(super) fn first_word(data: &[u8]) -> u64 {
    let data = data.get(..8).unwrap_or(data);
    // Two loads that overlap in the middle, where both have the same bits: frames of four to eight
    // bytes take one way, which need not be guessed.
    if let (Some(low), Some(high)) = (data.first_chunk::<4>(), data.last_chunk::<4>()) {
        let above = 8 * (data.len() as u32 - 4);
        let high = u64::from(u32::from_le_bytes(*high)) << (above & 63);
        return u64::from(u32::from_le_bytes(*low)) | high;
    }
    let byte = |at: usize| u64::from(data.get(at).copied().unwrap_or(0)) << (8 * at);
    byte(0) | byte(1) | byte(2)
}

/// Plans have no circles, so this ends.
#[inline(always)]
fn walk<'a>(
    arena: &'a Arena,
    root: &'a Plan,
    len: usize,
    words: Words,
    bytes: &Padded,
    row: &mut Row,
) {
    let mut plan = root;
    loop {
        if len >= usize::from(plan.need) {
            whole(arena, plan, words, bytes, row);
        } else {
            fitting(arena, plan, len, words, bytes, row);
        }
        let (from, to) = plan.switches;
        let switches = arena.switches.get(from as usize..to as usize).unwrap_or(&[]);
        for switch in switches.iter().rev() {
            let next = selected(arena, switch, len, words, bytes);
            if next != NONE {
                row.waiting.push(next);
            }
        }
        let next = row.waiting.pop().and_then(|next| arena.plans.get(next as usize));
        let Some(next) = next else { return };
        plan = next;
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

/// Decodes blocks of the first eight bytes and returns the new length of the row.
#[inline(always)]
fn word_blocks(blocks: &[Block], little: u64, big: u64, mut row: Places<'_>) -> usize {
    for block in blocks {
        let Some((values, raws)) = row.next(block) else { break };
        (*values, *raws) = lanes::decode_word(block, little, big);
    }
    row.len
}

/// Decodes blocks of a long frame and returns the new length of the row.
#[inline(always)]
fn long_blocks(blocks: &[Block], reaches: &[Reach], bytes: &Padded, mut row: Places<'_>) -> usize {
    for (block, reach) in blocks.iter().zip(reaches) {
        let Some((values, raws)) = row.next(block) else { break };
        (*values, *raws) = lanes::decode_long(block, reach, bytes);
    }
    row.len
}

/// All signals of a plan: the frame is long enough.
#[inline(always)]
fn whole(arena: &Arena, plan: &Plan, words: Words, bytes: &Padded, row: &mut Row) {
    let range = plan.blocks.0 as usize..plan.blocks.1 as usize;
    let blocks = arena.blocks.get(range.clone()).unwrap_or(&[]);
    match words {
        Words::First { little, big } => row.len = word_blocks(blocks, little, big, row.open()),
        Words::Own => {
            let reaches = arena.reaches.get(range).unwrap_or(&[]);
            row.len = long_blocks(blocks, reaches, bytes, row.open());
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
        let (values, raws) = match words {
            Words::First { little, big } => lanes::decode_word(block, little, big),
            Words::Own => lanes::decode_long(block, reach, bytes),
        };
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
