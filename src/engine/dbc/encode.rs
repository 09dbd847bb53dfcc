//! From physical values to bytes: the inverse of decoding.

use thiserror::Error;

use super::codec::{Codec, MessageIndex};
use super::layout::{self, FRAME_BYTES};
use super::schema::{Kind, Message, Role, Signal};

/// Why values are not a frame.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum EncodeError {
    /// The message has no signal at this position.
    #[error("message {message} has no signal at position {position}")]
    NoSignal {
        /// Name of the message.
        message: String,
        /// The position asked for.
        position: usize,
    },
    /// The signal's bits cannot hold the value.
    #[error(
        "signal {signal} of message {message} cannot hold {value}: its bits go from {least} to {most}"
    )]
    OutOfRange {
        /// Name of the message.
        message: String,
        /// Name of the signal.
        signal: String,
        /// The value given.
        value: f64,
        /// Smallest value it can hold.
        least: f64,
        /// Largest value it can hold.
        most: f64,
    },
    /// The signal lies outside the message's declared length.
    #[error("signal {signal} does not fit into the {len} bytes of message {message}")]
    DoesNotFit {
        /// Name of the message.
        message: String,
        /// Name of the signal.
        signal: String,
        /// Declared length.
        len: u16,
    },
    /// The switch has a value under which the signal is not in the message.
    #[error("signal {signal} of message {message} is not in it while {switch} is {value}")]
    NotSelected {
        /// Name of the message.
        message: String,
        /// Name of the signal.
        signal: String,
        /// Name of its switch.
        switch: String,
        /// Raw value of the switch.
        value: u64,
    },
    /// The message is longer than a CAN frame.
    #[error("message {message} has {len} bytes, a CAN frame has at most 64")]
    TooLong {
        /// Name of the message.
        message: String,
        /// Declared length.
        len: u16,
    },
}

impl Codec {
    /// Puts physical values, by position in the message, into `out` and returns the length of the
    /// message. Signals that are not given are zero. A switch that is not given takes the first
    /// value that selects what is given.
    ///
    /// # Errors
    /// Names the signal that cannot be encoded.
    pub fn encode(
        &self,
        index: MessageIndex,
        values: &[(usize, f64)],
        out: &mut [u8; FRAME_BYTES],
    ) -> Result<usize, EncodeError> {
        let message = self.message(index);
        out.fill(0);
        let len = usize::from(message.len);
        let Some(data) = out.get_mut(..len) else {
            return Err(EncodeError::TooLong { message: message.name.clone(), len: message.len });
        };
        let mut raws: Vec<(usize, u64)> = Vec::with_capacity(values.len() + 2);
        for &(position, value) in values {
            let signal = message
                .signals
                .get(position)
                .ok_or_else(|| EncodeError::NoSignal { message: message.name.clone(), position })?;
            raws.push((position, to_raw(message, signal, value)?));
        }
        set_switches(message, &mut raws)?;
        for &(position, raw) in &raws {
            let Some(signal) = message.signals.get(position) else { continue };
            layout::insert(data, signal, raw).ok_or_else(|| EncodeError::DoesNotFit {
                message: message.name.clone(),
                signal: signal.name.clone(),
                len: message.len,
            })?;
        }
        Ok(len)
    }

    /// Puts one physical value into a frame and leaves every other bit as it is.
    ///
    /// # Errors
    /// The message has no such signal, or the value or its place does not fit.
    pub fn put(
        &self,
        index: MessageIndex,
        position: usize,
        value: f64,
        data: &mut [u8],
    ) -> Result<(), EncodeError> {
        let message = self.message(index);
        let signal = message
            .signals
            .get(position)
            .ok_or_else(|| EncodeError::NoSignal { message: message.name.clone(), position })?;
        let raw = to_raw(message, signal, value)?;
        layout::insert(data, signal, raw).ok_or_else(|| EncodeError::DoesNotFit {
            message: message.name.clone(),
            signal: signal.name.clone(),
            len: message.len,
        })
    }
}

/// Adds the switches that the given signals need, innermost first, and checks those given.
fn set_switches(message: &Message, raws: &mut Vec<(usize, u64)>) -> Result<(), EncodeError> {
    let mut at = 0;
    // The list grows by switches only, each at most once, so this ends.
    while let Some(&(position, _)) = raws.get(at) {
        at += 1;
        let Some(signal) = message.signals.get(position) else { continue };
        let Some(selection) = &signal.selection else { continue };
        let Some(switch) = message.signals.get(selection.switch) else { continue };
        debug_assert_eq!(switch.role, Role::Switch);
        match raws.iter().find(|(p, _)| *p == selection.switch) {
            Some(&(_, raw)) if selection.holds(raw) => {}
            Some(&(_, raw)) => {
                return Err(EncodeError::NotSelected {
                    message: message.name.clone(),
                    signal: signal.name.clone(),
                    switch: switch.name.clone(),
                    value: raw,
                });
            }
            None => {
                let first = selection.ranges.first().map_or(0, |&(from, _)| from);
                raws.push((selection.switch, first));
            }
        }
    }
    Ok(())
}

fn to_raw(message: &Message, signal: &Signal, value: f64) -> Result<u64, EncodeError> {
    let scaled = (value - signal.offset) / signal.factor;
    let bits = u32::from(signal.length.clamp(1, 64));
    let (least, most) = match signal.kind {
        // What is finite and too large for 32 bits would become infinite.
        Kind::Float if !scaled.is_finite() || (scaled as f32).is_finite() => {
            return Ok(u64::from((scaled as f32).to_bits()));
        }
        Kind::Float => (f64::from(f32::MIN), f64::from(f32::MAX)),
        Kind::Double => return Ok(scaled.to_bits()),
        Kind::Unsigned => (0.0, (u64::MAX >> (64 - bits)) as f64),
        Kind::Signed => {
            let half = (1u64 << (bits - 1)) as f64;
            (-half, half - 1.0)
        }
    };
    let rounded = scaled.round_ties_even();
    // The highest value of 64 bits is no number of f64: it is rounded up to one that does not fit.
    let fits = if bits == 64 { rounded < most + 1.0 } else { rounded <= most };
    if rounded.is_nan() || rounded < least || !fits || signal.kind == Kind::Float {
        let (a, b) = (least * signal.factor + signal.offset, most * signal.factor + signal.offset);
        return Err(EncodeError::OutOfRange {
            message: message.name.clone(),
            signal: signal.name.clone(),
            value,
            least: a.min(b),
            most: a.max(b),
        });
    }
    Ok(if rounded < 0.0 { rounded as i64 as u64 } else { rounded as u64 })
}
