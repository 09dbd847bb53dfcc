//! Where the bits of a signal lie: byte order and bit numbering, and nothing else.

use super::schema::{Order, Signal};

/// Most bytes a CAN frame has.
pub(super) const FRAME_BYTES: usize = 64;

/// The bits of a signal inside a frame, as an integer of `bytes` bytes read at byte `at` in the
/// signal's byte order, shifted right by `shift`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// First byte.
    pub at: u16,
    /// Bytes it touches, 1 to 9.
    pub bytes: u8,
    /// Bits below it in the integer made of those bytes, 0 to 7.
    pub shift: u8,
}

impl Span {
    /// Bytes a frame must have for the signal to be in it.
    pub const fn need(self) -> usize {
        self.at as usize + self.bytes as usize
    }
}

/// The place of a signal. Start bits of Motorola signals name the most significant bit, those of
/// Intel signals the least significant one.
pub(super) fn span(signal: &Signal) -> Span {
    let length = u32::from(signal.length.max(1));
    let start = u32::from(signal.start);
    // Bits counted in the order in which the signal runs through the frame.
    let (first, last) = match signal.order {
        Order::Little => (start, start + length - 1),
        Order::Big => {
            let first = (start / 8) * 8 + (7 - start % 8);
            (first, first + length - 1)
        }
    };
    let (at, end) = (first / 8, last / 8);
    let shift = match signal.order {
        Order::Little => first % 8,
        Order::Big => 7 - last % 8,
    };
    Span { at: at as u16, bytes: (end - at + 1) as u8, shift: shift as u8 }
}

/// The raw value: the signal's bits, sign extended where it is signed; `None` where the frame is
/// too short. Reads byte by byte; the compiled plan is what is fast.
pub(super) fn extract(data: &[u8], signal: &Signal) -> Option<u64> {
    let span = span(signal);
    let bytes = data.get(usize::from(span.at)..span.need())?;
    let wide = match signal.order {
        Order::Little => bytes.iter().rev().fold(0u128, |w, &b| (w << 8) | u128::from(b)),
        Order::Big => bytes.iter().fold(0u128, |w, &b| (w << 8) | u128::from(b)),
    };
    let unused = 64 - u32::from(signal.length.clamp(1, 64));
    let top = ((wide >> span.shift) as u64) << unused;
    Some(match signal.kind {
        super::schema::Kind::Signed => (top as i64 >> unused) as u64,
        super::schema::Kind::Unsigned
        | super::schema::Kind::Float
        | super::schema::Kind::Double => top >> unused,
    })
}

/// Puts the low bits of `raw` where the signal lies; `None` where `data` is too short.
pub(super) fn insert(data: &mut [u8], signal: &Signal, raw: u64) -> Option<()> {
    let span = span(signal);
    let bytes = data.get_mut(usize::from(span.at)..span.need())?;
    let ones = u64::MAX >> (64 - u32::from(signal.length.clamp(1, 64)));
    let mask = u128::from(ones) << span.shift;
    let value = u128::from(raw & ones) << span.shift;
    let put = |byte: &mut u8, place: usize| {
        let below = 8 * place as u32;
        *byte = (*byte & !((mask >> below) as u8)) | (value >> below) as u8;
    };
    match signal.order {
        Order::Little => bytes.iter_mut().enumerate().for_each(|(i, b)| put(b, i)),
        Order::Big => bytes.iter_mut().rev().enumerate().for_each(|(i, b)| put(b, i)),
    }
    Some(())
}

/// The bits of a signal, in one numbering for both byte orders: eight a byte, the
/// lowest of byte 0 first. They come in the order in which the signal runs: from the least
/// significant one up for Intel, from the most significant one down for Motorola.
#[must_use = "the bits are made as they are asked for"]
pub fn bits(signal: &Signal) -> impl Iterator<Item = usize> + use<> {
    let start = usize::from(signal.start);
    let (first, big) = match signal.order {
        Order::Little => (start, 0),
        Order::Big => ((start & !7) + (7 - start % 8), 7),
    };
    (first..first + usize::from(signal.length)).map(move |bit| bit ^ big)
}
