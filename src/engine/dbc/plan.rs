//! Decoding plans: for every message, and for every set of signals its switches can select, the
//! signals in blocks of eight with their shifts prepared. All plans of a codec lie in one arena.
//!
//! Where a message has one switch, the signals that are always there are part of each selected
//! plan, so that a frame is decoded in one go. Where there are several, each adds its own plan.

use std::collections::{BTreeMap, BTreeSet};

use super::lanes::{Block, BlockKind, Cut, LANES, Number, Odd, Reach, Width};
use super::layout::span;
use super::schema::{Kind, Message, Signal};

/// Most lanes of one message's plans together. A message that multiplexes beyond it is decoded
/// signal by signal, without a plan.
const MOST_LANES: usize = 400_000;
/// Switch values below this are looked up in a table, larger ones by search.
const DENSE: u64 = 1024;
/// Most switches in a row.
const DEEPEST: usize = 40;
/// No plan.
pub(super) const NONE: u32 = u32::MAX;

/// What has to be done for a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Blocks of the first eight bytes and nothing else.
    Blocks,
    /// One switch in the first eight bytes that says which plan it is, and nothing else.
    Choice,
    /// Anything.
    Mixed,
    /// The message has no plan and is decoded signal by signal.
    Singly,
}

/// Signals that are decoded together.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub shape: Shape,
    pub blocks: (u32, u32),
    pub odds: (u32, u32),
    pub switches: (u32, u32),
    /// Bytes a frame must have for all of them.
    pub need: u8,
    pub width: Width,
}

/// Reads a switch and says which plan comes next.
#[derive(Clone, Debug)]
pub(super) struct Switch {
    pub cut: Cut,
    pub signed: bool,
    dense: (u32, u32),
    sparse: (u32, u32),
    otherwise: u32,
}

/// All plans of a codec.
#[derive(Clone, Debug, Default)]
pub(super) struct Arena {
    /// The first plan of each message.
    pub roots: Vec<Plan>,
    pub plans: Vec<Plan>,
    pub blocks: Vec<Block>,
    pub reaches: Vec<Reach>,
    pub odds: Vec<Odd>,
    pub switches: Vec<Switch>,
    dense: Vec<u32>,
    sparse: Vec<(u64, u64, u32)>,
}

impl Arena {
    /// Adds the plans of the next message.
    pub fn add(&mut self, message: &Message) {
        let mut selected: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut always = Vec::new();
        let mut width = Width::Word;
        for (position, signal) in message.signals.iter().enumerate() {
            if span(signal).need() > 8 {
                width = Width::Long;
            }
            match &signal.selection {
                Some(selection) => selected.entry(selection.switch).or_default().push(position),
                None => always.push(position),
            }
        }
        let before = (self.plans.len(), self.blocks.len());
        let mut builder = Builder { arena: self, message, selected, width, lanes: 0 };
        let root = builder.plan(always, 0).and_then(|at| self.plans.get(at as usize)).cloned();
        let root = root.unwrap_or_else(|| {
            // It multiplexes beyond any measure.
            self.plans.truncate(before.0);
            self.blocks.truncate(before.1);
            self.reaches.truncate(before.1);
            let none = (0, 0);
            let (blocks, odds, switches) = (none, none, none);
            Plan { shape: Shape::Singly, blocks, odds, switches, need: 0, width }
        });
        self.roots.push(root);
    }

    /// The plan for a raw value of a switch; [`NONE`] where it selects nothing.
    #[inline(always)]
    pub fn next(&self, switch: &Switch, raw: Option<u64>) -> u32 {
        let Some(raw) = raw else { return switch.otherwise };
        let (start, len) = switch.dense;
        if raw < u64::from(len) {
            return self.dense.get(start as usize + raw as usize).copied().unwrap_or(NONE);
        }
        self.search(switch, raw)
    }

    fn search(&self, switch: &Switch, raw: u64) -> u32 {
        let (start, len) = switch.sparse;
        let ranges = self.sparse.get(start as usize..(start + len) as usize).unwrap_or(&[]);
        let at = ranges.partition_point(|&(_, to, _)| to < raw);
        match ranges.get(at) {
            Some(&(from, _, plan)) if from <= raw => plan,
            _ => switch.otherwise,
        }
    }
}

struct Builder<'a, 'm> {
    arena: &'a mut Arena,
    message: &'m Message,
    /// Signals by the switch that selects them.
    selected: BTreeMap<usize, Vec<usize>>,
    width: Width,
    lanes: usize,
}

impl<'m> Builder<'_, 'm> {
    /// A plan for these signals and everything their switches select.
    fn plan(&mut self, positions: Vec<usize>, depth: usize) -> Option<u32> {
        let open = self.switches_in(&positions);
        self.plan_with(positions, &open, depth)
    }

    fn plan_with(&mut self, positions: Vec<usize>, open: &[usize], depth: usize) -> Option<u32> {
        if depth > DEEPEST {
            return None;
        }
        let one = match open {
            [] => return self.leaf(&positions, Vec::new()),
            [one] => Some(*one),
            _ => None,
        };
        let mut switches = Vec::new();
        for &switch in open {
            let Some(signal) = self.message.signals.get(switch) else { continue };
            let Some(cut) = Cut::new(signal, span(signal), self.width) else { continue };
            let mut plans = Vec::new();
            for (from, to, chosen) in self.intervals(switch) {
                let inner = self.switches_in(&chosen);
                let all = if one.is_some() { merged(&positions, &chosen) } else { chosen };
                plans.push((from, to, self.plan_with(all, &inner, depth + 1)?));
            }
            let otherwise = if one.is_some() { self.leaf(&positions, Vec::new())? } else { NONE };
            let signed = signal.kind == Kind::Signed;
            switches.push(self.switch(cut, signed, &plans, otherwise));
        }
        let own: &[usize] = if one.is_some() && !switches.is_empty() { &[] } else { &positions };
        self.leaf(own, switches)
    }

    fn switches_in(&self, positions: &[usize]) -> Vec<usize> {
        let selects = |position: &usize| self.selected.contains_key(position);
        positions.iter().copied().filter(selects).collect()
    }

    /// The values of a switch in runs that select the same signals, and those signals.
    fn intervals(&self, switch: usize) -> Vec<(u64, u64, Vec<usize>)> {
        let signals = &self.message.signals;
        let children = self.selected.get(&switch).map_or(&[][..], Vec::as_slice);
        // What begins to be selected and what ceases to be, by value.
        let mut edges: BTreeMap<u64, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
        let mut past_the_end = Vec::new();
        for &child in children {
            let ranges = signals.get(child).and_then(|s| s.selection.as_ref()).map(|s| &s.ranges);
            for &(from, to) in joined(ranges.map_or(&[][..], Vec::as_slice)).iter() {
                edges.entry(from).or_default().0.push(child);
                match to.checked_add(1) {
                    Some(after) => edges.entry(after).or_default().1.push(child),
                    None => past_the_end.push(child),
                }
            }
        }
        let mut now: BTreeSet<usize> = BTreeSet::new();
        let mut intervals = Vec::new();
        let mut total = 0;
        let starts: Vec<u64> = edges.keys().copied().collect();
        for (at, (from, (begin, cease))) in edges.into_iter().enumerate() {
            for child in &cease {
                now.remove(child);
            }
            now.extend(begin);
            total += now.len();
            if total > MOST_LANES {
                // The plans that follow will be beyond the measure too.
                return intervals;
            }
            if !now.is_empty() {
                let to = starts.get(at + 1).map_or(u64::MAX, |next| next - 1);
                intervals.push((from, to, now.iter().copied().collect()));
            }
        }
        intervals
    }

    fn switch(
        &mut self,
        cut: Cut,
        signed: bool,
        plans: &[(u64, u64, u32)],
        otherwise: u32,
    ) -> Switch {
        let last =
            plans.iter().map(|&(from, to, _)| to.min(DENSE - 1).max(from)).filter(|&v| v < DENSE);
        let size = last.max().map_or(0, |last| last + 1);
        let start = self.arena.dense.len();
        self.arena.dense.resize(start + size as usize, otherwise);
        let sparse_start = self.arena.sparse.len();
        for &(from, to, plan) in plans {
            for value in from..=to.min(size.saturating_sub(1)) {
                if let Some(slot) = self.arena.dense.get_mut(start + value as usize) {
                    *slot = plan;
                }
            }
            if to >= size {
                self.arena.sparse.push((from.max(size), to, plan));
            }
        }
        let sparse_len = self.arena.sparse.len() - sparse_start;
        Switch {
            cut,
            signed,
            dense: (start as u32, size as u32),
            sparse: (sparse_start as u32, sparse_len as u32),
            otherwise,
        }
    }

    /// A plan that decodes these signals and then asks those switches.
    fn leaf(&mut self, positions: &[usize], switches: Vec<Switch>) -> Option<u32> {
        self.lanes += positions.len() + LANES;
        if self.lanes > MOST_LANES {
            return None;
        }
        let first_block = self.arena.blocks.len();
        let first_odd = self.arena.odds.len();
        let first_switch = self.arena.switches.len();
        let choices = switches.len();
        let mut need = 0;
        for kind in [BlockKind::Integers, BlockKind::Floats] {
            need = need.max(self.fill_blocks(positions, kind));
        }
        need = need.max(self.add_odds(positions));
        self.arena.switches.extend(switches);
        let plain = self.width == Width::Word && self.arena.odds.len() == first_odd;
        let shape = match choices {
            0 if plain => Shape::Blocks,
            1 if plain && self.arena.blocks.len() == first_block => Shape::Choice,
            _ => Shape::Mixed,
        };
        let plan = Plan {
            shape,
            blocks: (first_block as u32, self.arena.blocks.len() as u32),
            odds: (first_odd as u32, self.arena.odds.len() as u32),
            switches: (first_switch as u32, self.arena.switches.len() as u32),
            need,
            width: self.width,
        };
        self.arena.plans.push(plan);
        Some(self.arena.plans.len() as u32 - 1)
    }

    /// Puts the signals of a kind into blocks and returns the bytes they need.
    fn fill_blocks(&mut self, positions: &[usize], kind: BlockKind) -> u8 {
        let mut need = 0;
        let mut filled = LANES;
        for (position, signal, cut) in self.cuts(positions) {
            let is_float = signal.kind == Kind::Float;
            if odd(signal, cut).is_some() || is_float != (kind == BlockKind::Floats) {
                continue;
            }
            need = need.max(cut.need);
            if filled == LANES {
                self.arena.blocks.push(Block { kind, ..Block::EMPTY });
                self.arena.reaches.push(Reach { at: [0; LANES], need: [0; LANES] });
                filled = 0;
            }
            let last = (self.arena.blocks.last_mut(), self.arena.reaches.last_mut());
            if let (Some(block), Some(reach)) = last {
                fill(block, reach, filled, position, signal, cut);
                filled += 1;
            }
        }
        need
    }

    /// Lists the signals that fit into no block and returns the bytes they need.
    fn add_odds(&mut self, positions: &[usize]) -> u8 {
        let mut need = 0;
        for (position, signal, cut) in self.cuts(positions) {
            if let Some(number) = odd(signal, cut) {
                let (factor, offset) = (signal.factor, signal.offset);
                self.arena.odds.push(Odd { cut, position, number, factor, offset });
                need = need.max(cut.need);
            }
        }
        need
    }

    /// The signals that lie within a frame.
    fn cuts(&self, positions: &[usize]) -> Vec<(u16, &'m Signal, Cut)> {
        let cut = |&position: &usize| {
            let signal = self.message.signals.get(position)?;
            Some((position as u16, signal, Cut::new(signal, span(signal), self.width)?))
        };
        positions.iter().filter_map(cut).collect()
    }
}

fn fill(
    block: &mut Block,
    reach: &mut Reach,
    lane: usize,
    position: u16,
    signal: &Signal,
    cut: Cut,
) {
    block.factor[lane] = signal.factor;
    block.offset[lane] = signal.offset;
    block.left[lane] = cut.left;
    block.right[lane] = cut.right;
    block.big[lane] = if cut.big { -1 } else { 0 };
    block.sign[lane] = if signal.kind == Kind::Signed { 0x80 } else { 0 };
    block.positions[lane] = position;
    block.count = lane as u8 + 1;
    reach.at[lane] = cut.at;
    reach.need[lane] = cut.need;
}

/// How a signal becomes a number where eight lanes cannot do it.
pub(super) fn odd(signal: &Signal, cut: Cut) -> Option<Number> {
    let signed = match signal.kind {
        Kind::Float => return None,
        Kind::Double => return Some(Number::Double),
        Kind::Signed => true,
        Kind::Unsigned => false,
    };
    // Largest integer up to which f64 has all of them.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    const LARGEST: f64 = 4.0e18;
    let (factor, offset) = (signal.factor, signal.offset);
    let whole = factor.fract() == 0.0 && offset.fract() == 0.0;
    let plain = factor == 1.0 && offset == 0.0;
    let most = (signal.length as i32 - i32::from(signed)).max(0);
    let reach = 2f64.powi(most) * factor.abs() + offset.abs();
    if whole && !plain && reach > EXACT && factor.abs() < LARGEST && offset.abs() < LARGEST {
        let (factor, offset) = (factor as i64, offset as i64);
        return Some(match signed {
            true => Number::ExactSigned(factor, offset),
            false => Number::ExactUnsigned(factor, offset),
        });
    }
    if signed {
        return cut.nine.then_some(Number::Signed);
    }
    (cut.nine || signal.length == 64).then_some(Number::Unsigned)
}

/// Both lists in ascending order.
fn merged(a: &[usize], b: &[usize]) -> Vec<usize> {
    let mut all: Vec<usize> = a.iter().chain(b).copied().collect();
    all.sort_unstable();
    all
}

/// Ranges in ascending order, those that touch made one.
fn joined(ranges: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let mut sorted = ranges.to_vec();
    sorted.sort_unstable();
    let mut all: Vec<(u64, u64)> = Vec::with_capacity(sorted.len());
    for (from, to) in sorted {
        match all.last_mut() {
            Some(last) if from <= last.1.saturating_add(1) => last.1 = last.1.max(to),
            _ => all.push((from, to)),
        }
    }
    all
}
