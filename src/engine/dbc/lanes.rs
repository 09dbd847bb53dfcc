//! The inner loop of decoding: eight signals at a time out of one or two 64-bit words, without a
//! branch. Written as plain loops over arrays that the compiler turns into vector code; the
//! widest form that this processor has is chosen when a codec is compiled.
//!
//! A signal is cut out by a shift left and a shift right. Signed ones are extended by flipping
//! their top bit before the right shift and subtracting it after, which is nothing for unsigned
//! ones. A block holds integers or 32-bit floats; what does not fit this pattern (64-bit floats,
//! unsigned 64 bit, nine bytes) is an [`Odd`].

use super::layout::{FRAME_BYTES, Span};
use super::schema::{Order, Signal};

/// Signals in a block.
pub(super) const LANES: usize = 8;
/// A frame's bytes and room for a 16-byte load at its last byte.
pub(super) type Padded = [u8; FRAME_BYTES + 16];

/// Eight signals, each field an array. Three cache lines.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(super) struct Block {
    pub factor: [f64; LANES],
    pub offset: [f64; LANES],
    /// Shift that drops the bits above.
    pub left: [u8; LANES],
    /// Shift that drops the bits below.
    pub right: [u8; LANES],
    /// -1 for Motorola, 0 for Intel.
    pub big: [i8; LANES],
    /// 0x80 for signed, 0 for unsigned.
    pub sign: [u8; LANES],
    pub positions: [u16; LANES],
    /// Lanes in use.
    pub count: u8,
    pub kind: BlockKind,
}

/// What the bits of all signals of a block are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BlockKind {
    /// Integers, signed or not.
    Integers,
    /// IEEE 754, 32 bits.
    Floats,
}

const _: () = assert!(size_of::<Block>() == 192);

impl Block {
    pub const EMPTY: Self = Self {
        factor: [0.0; LANES],
        offset: [0.0; LANES],
        left: [0; LANES],
        right: [0; LANES],
        big: [0; LANES],
        sign: [0; LANES],
        positions: [0; LANES],
        count: 0,
        kind: BlockKind::Integers,
    };
}

/// What only long and short frames need to know of a block.
#[derive(Clone, Debug)]
pub(super) struct Reach {
    /// First byte of the word, for long messages; 0 for short ones.
    pub at: [u8; LANES],
    /// Bytes a frame must have.
    pub need: [u8; LANES],
}

/// How a signal is cut out of a word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    pub at: u8,
    pub need: u8,
    pub left: u8,
    pub right: u8,
    pub big: bool,
    pub nine: bool,
}

/// Whether signals are read from the first eight bytes or each from its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    /// All signals lie in the first eight bytes.
    Word,
    /// Some lie beyond.
    Long,
}

impl Cut {
    /// The cut of a signal; `None` where it lies beyond any frame.
    pub fn new(signal: &Signal, span: Span, width: Width) -> Option<Self> {
        if span.need() > FRAME_BYTES {
            return None;
        }
        let need = span.need() as u8;
        let big = signal.order == Order::Big;
        let nine = span.bytes > 8;
        let length = signal.length;
        let word = if nine { 128 } else { 64 };
        let (at, right) = match (width, big) {
            (Width::Word, false) => (0, span.at as u8 * 8 + span.shift),
            (Width::Word, true) => (0, (8 - need) * 8 + span.shift),
            (Width::Long, false) => (span.at as u8, span.shift),
            (Width::Long, true) => (span.at as u8, word - 8 * span.bytes + span.shift),
        };
        // Where a word is 128 bits the value is shifted down first and cut as a word of 64.
        let left = if nine { 64 - length } else { 64 - length - right };
        Some(Self { at, need, left, right, big, nine })
    }

    /// The bits, at the top of a word, and how far they have to go down.
    #[inline(always)]
    pub fn top(self, words: Words, bytes: &Padded) -> (u64, u32) {
        if self.nine {
            let at = usize::from(self.at);
            let chunk = bytes.get(at..).and_then(|b| b.first_chunk::<16>());
            let bytes = chunk.copied().unwrap_or_default();
            let wide =
                if self.big { u128::from_be_bytes(bytes) } else { u128::from_le_bytes(bytes) };
            let low = (wide >> (self.right & 127)) as u64;
            return (low << (self.left & 63), u32::from(self.left));
        }
        let word = match words {
            Words::First { little, big } => {
                if self.big {
                    big
                } else {
                    little
                }
            }
            Words::Own => load(bytes, self.at, if self.big { -1 } else { 0 }),
        };
        (word << (self.left & 63), u32::from(self.left) + u32::from(self.right))
    }

    /// The raw value, not sign extended.
    #[inline(always)]
    pub fn raw(self, words: Words, bytes: &Padded) -> u64 {
        let (top, down) = self.top(words, bytes);
        top >> (down & 63)
    }

    /// The raw value, sign extended.
    #[inline(always)]
    pub fn raw_signed(self, words: Words, bytes: &Padded) -> u64 {
        let (top, down) = self.top(words, bytes);
        (top as i64 >> (down & 63)) as u64
    }
}

/// Where signals are read from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Words {
    /// The first eight bytes, in both orders.
    First {
        /// As an Intel number.
        little: u64,
        /// As a Motorola number.
        big: u64,
    },
    /// Each signal from its own bytes.
    Own,
}

#[inline(always)]
fn load(bytes: &Padded, at: u8, big: i8) -> u64 {
    let chunk = bytes.get(usize::from(at)..).and_then(|b| b.first_chunk::<8>());
    let word = u64::from_le_bytes(chunk.copied().unwrap_or_default());
    let swapped = word.swap_bytes();
    word ^ ((word ^ swapped) & i64::from(big) as u64)
}

/// The physical values of a block and its raw values. By value, so that the compiler need not
/// think that writing one lane changes another.
pub(super) type Decoded = ([f64; LANES], [u64; LANES]);

/// Decodes a block of signals that lie in the first eight bytes.
#[inline(always)]
pub(super) fn decode_word(block: &Block, little: u64, big: u64) -> Decoded {
    let mut raws = [0; LANES];
    let differ = little ^ big;
    for (lane, raw) in raws.iter_mut().enumerate() {
        let word = little ^ (differ & i64::from(block.big[lane]) as u64);
        *raw = cut(block, lane, word);
    }
    (scale(block, &raws), raws)
}

/// Decodes a block of signals that lie anywhere.
#[inline(always)]
pub(super) fn decode_long(block: &Block, reach: &Reach, bytes: &Padded) -> Decoded {
    let mut raws = [0; LANES];
    let mut words = [0; LANES];
    for (lane, word) in words.iter_mut().enumerate() {
        *word = load(bytes, reach.at[lane], block.big[lane]);
    }
    for (lane, raw) in raws.iter_mut().enumerate() {
        *raw = cut(block, lane, words[lane]);
    }
    (scale(block, &raws), raws)
}

#[inline(always)]
fn cut(block: &Block, lane: usize, word: u64) -> u64 {
    let top = word << (block.left[lane] & 63);
    // The value stands at the top of the word, so left and right together take it down.
    let down = (block.left[lane] + block.right[lane]) & 63;
    let sign = u64::from(block.sign[lane]) << 56;
    ((top ^ sign) >> down).wrapping_sub(sign >> down)
}

#[inline(always)]
fn scale(block: &Block, raws: &[u64; LANES]) -> [f64; LANES] {
    // Both are computed and one is kept: a branch would be guessed wrong as often as messages with
    // floats and without follow each other.
    let floats = match block.kind {
        BlockKind::Integers => 0,
        BlockKind::Floats => u64::MAX,
    };
    let mut values = [0.0; LANES];
    for lane in 0..LANES {
        let integer = (raws[lane] as i64 as f64).to_bits();
        let float = f64::from(f32::from_bits(raws[lane] as u32)).to_bits();
        let number = f64::from_bits(integer ^ ((integer ^ float) & floats));
        values[lane] = number * block.factor[lane] + block.offset[lane];
    }
    values
}

/// A signal that eight lanes cannot decode.
#[derive(Clone, Debug)]
pub(super) struct Odd {
    pub cut: Cut,
    pub position: u16,
    pub number: Number,
    pub factor: f64,
    pub offset: f64,
}

/// How the bits of an [`Odd`] become a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    /// IEEE 754, 64 bits.
    Double,
    /// Unsigned, up to 64 bits: a signed conversion would be wrong for the upper half.
    Unsigned,
    /// Signed over nine bytes.
    Signed,
    /// Integer with an integer factor and offset, and so large that f64 would round twice.
    ExactUnsigned(i64, i64),
    /// The same, signed.
    ExactSigned(i64, i64),
}

impl Odd {
    /// Raw bits and physical value.
    #[inline(always)]
    pub fn decode(&self, words: Words, bytes: &Padded) -> (u64, f64) {
        let raw = match self.number {
            Number::Signed | Number::ExactSigned(..) => self.cut.raw_signed(words, bytes),
            Number::Double | Number::Unsigned | Number::ExactUnsigned(..) => {
                self.cut.raw(words, bytes)
            }
        };
        let number = match self.number {
            Number::Double => f64::from_bits(raw),
            Number::Unsigned => raw as f64,
            Number::Signed => raw as i64 as f64,
            Number::ExactUnsigned(factor, offset) => {
                return (raw, exact(raw.into(), factor, offset));
            }
            Number::ExactSigned(factor, offset) => {
                return (raw, exact((raw as i64).into(), factor, offset));
            }
        };
        (raw, number * self.factor + self.offset)
    }
}

fn exact(raw: i128, factor: i64, offset: i64) -> f64 {
    // 64 bits times 62 bits and 62 bits more: no overflow.
    (raw * i128::from(factor) + i128::from(offset)) as f64
}
