//! The WebSocket frames of a server (RFC 6455, section 5): writes the head of a message, takes
//! apart what a client sends. Knows nothing of sockets or of what is said.
//!
//! Strict, since every browser and library keeps these rules: a client's frames are masked, lengths
//! are written in the shortest way, no reserved bit or opcode is used, control frames are whole and
//! at most 125 bytes, text is UTF-8, a message is at most [`MESSAGE_BYTES`] in at most
//! [`PARTS`] frames. What breaks a rule ends the connection with the code that the RFC gives it.

use bytes::{BufMut, Bytes, BytesMut};
use thiserror::Error;

/// Longest message taken from a client.
pub const MESSAGE_BYTES: usize = 16 * 1024;
/// Most frames that a message may come in.
pub const PARTS: u32 = 64;
/// Longest payload of a control frame.
const CONTROL_BYTES: usize = 125;
/// Longest head of a client's frame: two bytes, eight of length, four of mask.
const HEAD_BYTES: usize = 14;

/// Codes with which a connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    /// Both sides are done.
    Normal,
    /// The listener stops.
    GoingAway,
    /// A rule of the protocol was broken.
    Protocol,
    /// Only text is taken.
    NotText,
    /// Text that is not UTF-8.
    BadText,
    /// It does not keep to what the documentation says.
    Policy,
    /// Longer than what is taken.
    TooLong,
    /// The session has ended.
    Ended,
    /// The session lacks a right.
    Refused,
}

impl Close {
    /// Its number. Those from 4000 on are this program's own.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::Normal => 1000,
            Self::GoingAway => 1001,
            Self::Protocol => 1002,
            Self::NotText => 1003,
            Self::BadText => 1007,
            Self::Policy => 1008,
            Self::TooLong => 1009,
            Self::Ended => 4001,
            Self::Refused => 4003,
        }
    }
}

/// What a client sent.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    /// A whole message.
    Text(String),
    /// A ping, to be answered with the same bytes.
    Ping(Vec<u8>),
    /// The answer to a ping.
    Pong,
    /// It wants to close.
    Close,
}

/// A rule was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Broken {
    /// See the text.
    #[error("a client's frames must be masked")]
    Unmasked,
    /// See the text.
    #[error("a reserved bit or opcode was used")]
    Reserved,
    /// See the text.
    #[error("a length must be written in the shortest way")]
    Length,
    /// See the text.
    #[error("a control frame must be whole and at most 125 bytes")]
    Control,
    /// See the text.
    #[error("a message must end before the next begins, and begin before it goes on")]
    Order,
    /// See the text.
    #[error("only text messages are taken")]
    Binary,
    /// See the text.
    #[error("the text is not UTF-8")]
    Utf8,
    /// See the text.
    #[error("a message may have at most {MESSAGE_BYTES} bytes in at most {PARTS} frames")]
    TooLong,
    /// See the text.
    #[error("a close frame holds nothing, or a code from 1000 to 4999 and UTF-8 text")]
    CloseFrame,
}

impl Broken {
    /// The code to close with.
    #[must_use]
    pub const fn close(self) -> Close {
        match self {
            Self::Unmasked
            | Self::Reserved
            | Self::Length
            | Self::Control
            | Self::Order
            | Self::CloseFrame => Close::Protocol,
            Self::Binary => Close::NotText,
            Self::Utf8 => Close::BadText,
            Self::TooLong => Close::TooLong,
        }
    }
}

/// Opcodes.
const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// A text message of two parts: the head of the frame and `first`, to be followed on the wire by
/// `rest` bytes that are shared with others.
#[must_use]
pub fn text_head(first: &str, rest: usize) -> Bytes {
    let mut out = BytesMut::with_capacity(first.len() + 10);
    head(&mut out, TEXT, first.len() + rest);
    out.put_slice(first.as_bytes());
    out.freeze()
}

/// A whole text message.
#[must_use]
pub fn text(message: &str) -> Bytes {
    text_head(message, 0)
}

/// A ping without payload.
#[must_use]
pub fn ping() -> Bytes {
    control(PING, &[])
}

/// The answer to a ping.
#[must_use]
pub fn pong(payload: &[u8]) -> Bytes {
    control(PONG, payload)
}

/// A close frame; as much of `reason` as fits.
#[must_use]
pub fn close(close: Close, reason: &str) -> Bytes {
    let end = reason.floor_char_boundary(CONTROL_BYTES - 2);
    let mut payload = close.code().to_be_bytes().to_vec();
    payload.extend_from_slice(reason.get(..end).unwrap_or_default().as_bytes());
    control(CLOSE, &payload)
}

fn control(opcode: u8, payload: &[u8]) -> Bytes {
    let payload = payload.get(..CONTROL_BYTES).unwrap_or(payload);
    let mut out = BytesMut::with_capacity(payload.len() + 2);
    head(&mut out, opcode, payload.len());
    out.put_slice(payload);
    out.freeze()
}

/// The head of a whole frame of a server: never masked.
fn head(out: &mut BytesMut, opcode: u8, len: usize) {
    out.put_u8(0x80 | opcode);
    match (u8::try_from(len), u16::try_from(len)) {
        (Ok(short @ 0..=125), _) => out.put_u8(short),
        (_, Ok(middle)) => {
            out.put_u8(126);
            out.put_u16(middle);
        }
        (_, Err(_)) => {
            out.put_u8(127);
            out.put_u64(len as u64);
        }
    }
}

/// Takes apart what a client sends, in whatever pieces it comes. Keeps no more than one message and
/// one frame.
#[derive(Debug, Default)]
pub struct Ear {
    /// The frame that is not whole yet.
    partial: Vec<u8>,
    /// Parts of a message that is not whole yet.
    message: Vec<u8>,
    /// How many parts; 0 while there is no message.
    parts: u32,
}

/// The head of a client's frame.
struct Head {
    is_last: bool,
    opcode: u8,
    mask: [u8; 4],
    /// Bytes of head and payload.
    head: usize,
    payload: usize,
}

impl Ear {
    /// Bytes it keeps.
    #[cfg(test)]
    pub const fn kept(&self) -> usize {
        self.partial.capacity() + self.message.capacity()
    }

    /// Takes in `bytes` and hands on what is whole, until `take` refuses.
    ///
    /// # Errors
    /// A rule was broken; the connection is to be closed.
    pub fn hear(
        &mut self,
        mut bytes: &[u8],
        mut take: impl FnMut(Heard) -> bool,
    ) -> Result<(), Broken> {
        while !bytes.is_empty() {
            let mut partial = std::mem::take(&mut self.partial);
            let whole = if partial.is_empty() {
                bytes
            } else {
                // No more than a frame can have: what follows it stays where it is.
                let room = (HEAD_BYTES + MESSAGE_BYTES).saturating_sub(partial.len());
                let (more, _) = bytes.split_at(room.min(bytes.len()));
                let before = partial.len();
                partial.extend_from_slice(more);
                let Some(head) = read_head(&partial)? else {
                    self.partial = partial;
                    return Ok(());
                };
                let end = self.end(&head)?;
                if partial.len() < end {
                    self.partial = partial;
                    return Ok(());
                }
                bytes = bytes.get(end.saturating_sub(before)..).unwrap_or_default();
                let payload = partial.get(head.head..end).unwrap_or_default();
                let heard = self.frame(&head, payload)?;
                if heard.is_some_and(|heard| !take(heard)) {
                    return Ok(());
                }
                continue;
            };
            let Some(head) = read_head(whole)? else {
                self.partial = whole.to_vec();
                return Ok(());
            };
            let end = self.end(&head)?;
            let Some(payload) = whole.get(head.head..end) else {
                self.partial = whole.to_vec();
                return Ok(());
            };
            let heard = self.frame(&head, payload)?;
            bytes = whole.get(end..).unwrap_or_default();
            if heard.is_some_and(|heard| !take(heard)) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Where the frame ends, if it may be as long as it says: asked before anything is kept.
    fn end(&self, head: &Head) -> Result<usize, Broken> {
        let room = MESSAGE_BYTES - self.message.len().min(MESSAGE_BYTES);
        if head.opcode < CLOSE && head.payload > room {
            return Err(Broken::TooLong);
        }
        Ok(head.head + head.payload)
    }

    fn frame(&mut self, head: &Head, masked: &[u8]) -> Result<Option<Heard>, Broken> {
        let bytes = masked.iter().zip(head.mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
        match head.opcode {
            CLOSE => close_frame(&bytes.collect::<Vec<u8>>()).map(|()| Some(Heard::Close)),
            PING => Ok(Some(Heard::Ping(bytes.collect()))),
            PONG => Ok(Some(Heard::Pong)),
            _data => {
                let begins = head.opcode == TEXT;
                if begins != (self.parts == 0) {
                    return Err(Broken::Order);
                }
                self.parts += 1;
                if self.parts > PARTS {
                    return Err(Broken::TooLong);
                }
                self.message.extend(bytes);
                if !head.is_last {
                    return Ok(None);
                }
                self.parts = 0;
                let message = String::from_utf8(std::mem::take(&mut self.message));
                message.map(|text| Some(Heard::Text(text))).map_err(|_not| Broken::Utf8)
            }
        }
    }
}

/// The head of a frame; `None` while it is not whole.
fn read_head(bytes: &[u8]) -> Result<Option<Head>, Broken> {
    let Some((&[first, second], rest)) = bytes.split_first_chunk::<2>() else { return Ok(None) };
    let (opcode, is_last) = (first & 0x0F, first & 0x80 != 0);
    if first & 0x70 != 0 || !matches!(opcode, 0 | 1 | 2 | CLOSE | PING | PONG) {
        return Err(Broken::Reserved);
    }
    if second & 0x80 == 0 {
        return Err(Broken::Unmasked);
    }
    if opcode == 2 {
        return Err(Broken::Binary);
    }
    let short = usize::from(second & 0x7F);
    if opcode >= CLOSE && (!is_last || short > CONTROL_BYTES) {
        return Err(Broken::Control);
    }
    let (payload, rest) = match short {
        126 => {
            let Some((length, rest)) = rest.split_first_chunk() else { return Ok(None) };
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        127 => {
            let Some((length, rest)) = rest.split_first_chunk() else { return Ok(None) };
            let length = u64::from_be_bytes(*length);
            (usize::try_from(length).map_err(|_huge| Broken::TooLong)?, rest)
        }
        short => (short, rest),
    };
    if (short == 126 && payload < 126) || (short == 127 && payload <= usize::from(u16::MAX)) {
        return Err(Broken::Length);
    }
    if payload > MESSAGE_BYTES {
        return Err(Broken::TooLong);
    }
    let Some((mask, rest)) = rest.split_first_chunk() else { return Ok(None) };
    let head = bytes.len() - rest.len();
    Ok(Some(Head { is_last, opcode, mask: *mask, head, payload }))
}

/// Whether the payload of a close frame is one.
fn close_frame(payload: &[u8]) -> Result<(), Broken> {
    if payload.is_empty() {
        return Ok(());
    }
    let (code, reason) = payload.split_first_chunk().ok_or(Broken::CloseFrame)?;
    let code = u16::from_be_bytes(*code);
    // These stand for "none given" and the like and never go over a wire (section 7.4.1).
    let is_for_the_wire = matches!(code, 1000..=4999) && !matches!(code, 1004..=1006 | 1015);
    let is_text = std::str::from_utf8(reason).is_ok();
    if is_for_the_wire && is_text { Ok(()) } else { Err(Broken::CloseFrame) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A client's frame with the mask 1 2 3 4.
    fn client(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut out = BytesMut::new();
        head(&mut out, 0, payload.len());
        let mut out = out.to_vec();
        out[0] = first;
        out[1] |= 0x80;
        out.extend([1, 2, 3, 4]);
        out.extend(payload.iter().zip([1, 2, 3, 4].iter().cycle()).map(|(byte, mask)| byte ^ mask));
        out
    }

    /// What is heard of `bytes` that come `piece` at a time.
    fn heard(bytes: &[u8], piece: usize) -> Result<Vec<Heard>, Broken> {
        let (mut ear, mut all) = (Ear::default(), Vec::new());
        for piece in bytes.chunks(piece) {
            ear.hear(piece, |heard| {
                all.push(heard);
                true
            })?;
        }
        assert!(ear.kept() <= 4 * MESSAGE_BYTES);
        Ok(all)
    }

    #[test]
    fn messages_are_heard_in_whatever_pieces_they_come() {
        let long = "ü".repeat(MESSAGE_BYTES / 2);
        let all = [
            client(0x81, b"hello"),
            client(0x01, b"in \xC3"),
            client(0x89, b"are you there"),
            client(0x00, b"\xBC two"),
            client(0x80, b" parts"),
            client(0x8A, b""),
            client(0x81, long.as_bytes()),
            client(0x88, &[0x03, 0xE8, b'b', b'y', b'e']),
        ]
        .concat();
        let wanted = [
            Heard::Text("hello".into()),
            Heard::Ping(b"are you there".to_vec()),
            Heard::Text("in ü two parts".into()),
            Heard::Pong,
            Heard::Text(long),
            Heard::Close,
        ];
        for piece in [1, 2, 3, 5, 7, 16, 1000, 16_397, all.len()] {
            assert_eq!(heard(&all, piece).as_deref(), Ok(&wanted[..]), "pieces of {piece}");
        }
    }

    #[test]
    fn whoever_breaks_a_rule_is_told_which() {
        let unmasked = [0x81, 2, b'h', b'i'];
        assert_eq!(heard(&unmasked, 1), Err(Broken::Unmasked));
        assert_eq!(heard(&client(0x82, b"x"), 1), Err(Broken::Binary));
        assert_eq!(heard(&client(0xC1, b"x"), 1), Err(Broken::Reserved));
        assert_eq!(heard(&client(0x83, b"x"), 1), Err(Broken::Reserved));
        assert_eq!(heard(&client(0x8B, b"x"), 1), Err(Broken::Reserved));
        assert_eq!(heard(&client(0x80, b"x"), 1), Err(Broken::Order));
        let twice = [client(0x01, b"x"), client(0x81, b"y")].concat();
        assert_eq!(heard(&twice, 4), Err(Broken::Order));
        assert_eq!(heard(&client(0x09, b"x"), 1), Err(Broken::Control));
        assert_eq!(heard(&client(0x89, &[0; 126]), 1), Err(Broken::Control));
        assert_eq!(heard(&client(0x81, b"\xFF"), 1), Err(Broken::Utf8));
        for payload in [&b"x"[..], &[0x03, 0xE7], &[0x03, 0xED], &[0x03, 0xE8, 0xFF]] {
            assert_eq!(heard(&client(0x88, payload), 1), Err(Broken::CloseFrame), "{payload:?}");
        }
        let longer = [0x81, 0xFE, 0, 5, 1, 2, 3, 4, 0, 0, 0, 0, 0];
        assert_eq!(heard(&longer, 1), Err(Broken::Length));
        let longest = [0x81, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 1, 2, 3, 4];
        assert_eq!(heard(&longest, 1), Err(Broken::Length));
    }

    #[test]
    fn a_message_that_is_too_long_is_refused_before_it_comes() {
        let head = [0x81, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3, 4];
        assert_eq!(heard(&head, 1), Err(Broken::TooLong));
        let half = vec![b'x'; MESSAGE_BYTES / 2 + 1];
        let halves = [client(0x01, &half), client(0x80, &half)].concat();
        let second = client(0x01, &half).len() + 8;
        assert_eq!(heard(&halves[..second], 1), Err(Broken::TooLong));
        let mut flood = client(0x01, b"x");
        for _ in 0..=PARTS {
            flood.extend(client(0x00, b""));
        }
        assert_eq!(heard(&flood, 9), Err(Broken::TooLong));
    }

    #[test]
    fn garbage_never_does_more_than_break_a_rule() {
        let mut state = 42_u64;
        println!("seed {state}");
        for _ in 0..2000 {
            let bytes: Vec<u8> = (0..64)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    (state >> 56) as u8
                })
                .collect();
            let (whole, by_one) = (heard(&bytes, bytes.len()), heard(&bytes, 1));
            assert_eq!(whole, by_one);
        }
    }

    #[test]
    fn a_server_writes_lengths_in_the_shortest_way() {
        assert_eq!(&text("hi")[..], [0x81, 2, b'h', b'i']);
        assert_eq!(&text_head("ab", 124)[..], [0x81, 126, 0, 126, b'a', b'b']);
        assert_eq!(&text_head("", 65_536)[..], [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
        assert_eq!(&close(Close::Ended, "x")[..], [0x88, 3, 0x0F, 0xA1, b'x']);
        let long = close(Close::Policy, &"ü".repeat(100));
        assert!(long.len() <= 127 && std::str::from_utf8(&long[4..]).is_ok());
        assert_eq!(&pong(&[7])[..], [0x8A, 1, 7]);
        assert_eq!(&ping()[..], [0x89, 0]);
    }
}
