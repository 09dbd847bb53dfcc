//! Clients that break the rules of the protocol, on a bare connection.

use std::io::{Read, Write};
use std::net::TcpStream;

use busbar::engine::Preset;

use super::stage::Stage;

/// A bare connection after the handshake.
fn rope(stage: &Stage, token: &str) -> TcpStream {
    let mut wire = stage.wire();
    write!(
        wire,
        "GET /api/v1/live HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Bearer {token}\r\n\
         Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        stage.port()
    )
    .unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        wire.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(head.to_lowercase().contains("s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
    wire
}

/// A masked frame.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![first];
    match payload.len() {
        short @ 0..=125 => out.push(0x80 | short as u8),
        long => {
            out.push(0xFE);
            out.extend((long as u16).to_be_bytes());
        }
    }
    out.extend([9, 8, 7, 6]);
    out.extend(payload.iter().zip([9, 8, 7, 6].iter().cycle()).map(|(byte, mask)| byte ^ mask));
    out
}

/// The code of the close frame that comes, and that the connection ends after it.
fn closed_with(wire: &mut TcpStream) -> u16 {
    let mut all = Vec::new();
    // A reset after the goodbye is an end too.
    drop(wire.read_to_end(&mut all));
    let mut at = 0;
    loop {
        let (head, len) = match all[at + 1] {
            126 => (4, usize::from(u16::from_be_bytes([all[at + 2], all[at + 3]]))),
            short => (2, usize::from(short)),
        };
        if all[at] == 0x88 {
            return u16::from_be_bytes([all[at + head], all[at + head + 1]]);
        }
        at += head + len;
    }
}

#[test]
fn whoever_breaks_the_protocol_is_told_the_rule_and_cut_off() {
    let stage = Stage::playing("demo");
    let token = stage.token("vera", Preset::Viewer);
    let unmasked = b"\x81\x02hi".to_vec();
    let too_long = frame(0x81, &vec![b' '; 16 * 1024 + 1]);
    let announced = [&[0x81, 0xFF][..], &u64::MAX.to_be_bytes(), &[0; 4]].concat();
    let mut flood = frame(0x01, b"{");
    (0..100).for_each(|_| flood.extend(frame(0x00, b" ")));
    let in_parts: Vec<u8> =
        [frame(0x01, &vec![b' '; 9000]), frame(0x80, &vec![b' '; 9000])].concat();
    for (what, bytes, code) in [
        ("not masked", unmasked, 1002),
        ("binary", frame(0x82, b"{}"), 1003),
        ("not UTF-8", frame(0x81, b"\xC3\x28"), 1007),
        ("too long", too_long, 1009),
        ("announced too long", announced, 1009),
        ("too many parts", flood, 1009),
        ("too long in parts", in_parts, 1009),
        ("a reserved bit", frame(0xC1, b"{}"), 1002),
        ("a ping in parts", frame(0x09, b"?"), 1002),
        ("a close frame of one byte", frame(0x88, b"x"), 1002),
    ] {
        let mut wire = rope(&stage, &token);
        wire.write_all(&bytes).unwrap();
        assert_eq!(closed_with(&mut wire), code, "{what}");
    }
}

#[test]
fn a_message_in_many_small_pieces_is_heard_all_the_same() {
    let stage = Stage::playing("demo");
    let mut wire = rope(&stage, &stage.token("vera", Preset::Viewer));
    wire.set_nodelay(true).unwrap();
    let wish = br#"{"subscribe":{"id":"a","events":true}}"#;
    let (one, two) = wish.split_at(20);
    for byte in [frame(0x01, one), frame(0x89, b"still there?"), frame(0x80, two)].concat() {
        wire.write_all(&[byte]).unwrap();
    }
    let mut pong = [0; 14];
    wire.read_exact(&mut pong).unwrap();
    assert_eq!(&pong, b"\x8A\x0Cstill there?");
    let mut head = [0; 2];
    wire.read_exact(&mut head).unwrap();
    assert_eq!(head[0], 0x81);
}

#[test]
fn a_stream_that_is_cut_in_the_middle_of_a_frame_harms_nobody() {
    let stage = Stage::playing("demo");
    let token = stage.token("vera", Preset::Viewer);
    for cut in [1, 2, 5, 20] {
        let mut wire = rope(&stage, &token);
        let whole = frame(0x81, br#"{"subscribe":{"id":"a","packs":["*"]}}"#);
        wire.write_all(&whole[..cut]).unwrap();
    }
    let mut stream = stage.stream(&token);
    stream.say(super::PACKS);
    assert_eq!(super::kind(&stream.hear()), "snapshot");
}
