//! The words of the language, and what each is for.

use crate::engine::can::frame::{Direction, Kind};

/// A kind of term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Bus,
    Id,
    Direction,
    Kind,
    Len,
    Count,
    Bytes,
    Group,
    Source,
    Message,
    Signal,
    Time,
    Since,
}

/// A word that begins a term.
pub(super) struct Word {
    /// As it is written before the colon.
    pub name: &'static str,
    pub key: Key,
    /// What it asks of a frame.
    pub says: &'static str,
    /// One that works.
    pub example: &'static str,
}

const fn word(name: &'static str, key: Key, says: &'static str, example: &'static str) -> Word {
    Word { name, key, says, example }
}

/// All of them, in the order in which they are offered.
pub(super) const KEYS: [Word; 13] = [
    word("id", Key::Id, "identifier in hex: one, a range, a list, a mask", "id:600..6FF"),
    word("msg", Key::Message, "name of the message", "msg:*cell*"),
    word("sig", Key::Signal, "value of a signal", "sig:PackVoltage>140"),
    word("bus", Key::Bus, "name of the bus", "bus:can0"),
    word("dir", Key::Direction, "received (rx) or sent by this program (tx)", "dir:rx"),
    word("type", Key::Kind, "data, remote, error or fd", "type:error"),
    word("data", Key::Bytes, "bytes from the first on, ? for any digit", "data:12??34"),
    word("len", Key::Len, "length in bytes", "len:>4"),
    word("count", Key::Count, "how often the id came", "count:>100"),
    word("time", Key::Time, "seconds from the beginning", "time:10..20"),
    word("since", Key::Since, "within the last seconds", "since:30s"),
    word("pgn", Key::Group, "J1939 parameter group in hex", "pgn:FEF2"),
    word("sa", Key::Source, "J1939 source address in hex", "sa:F4"),
];

/// Other ways to write some of them.
pub(super) const ALIASES: [(&str, Key); 8] = [
    ("message", Key::Message),
    ("signal", Key::Signal),
    ("direction", Key::Direction),
    ("kind", Key::Kind),
    ("bytes", Key::Bytes),
    ("length", Key::Len),
    ("dlc", Key::Len),
    ("t", Key::Time),
];

/// Words between terms.
pub(super) const JOINTS: [&str; 5] = ["and", "or", "not", "&&", "||"];

/// Last J1939 parameter group.
pub(super) const GROUPS: u64 = 0x3_FFFF;
/// Last J1939 address.
pub(super) const ADDRESSES: u64 = 0xFF;

/// The term that a word begins.
pub(super) fn find(name: &str) -> Option<&'static Word> {
    let key = KEYS.iter().find(|word| word.name.eq_ignore_ascii_case(name)).map(|word| word.key);
    let alias = || ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(name));
    let key = key.or_else(|| alias().map(|(_, key)| *key))?;
    KEYS.iter().find(|word| word.key == key)
}

/// The word for a direction.
pub(super) const fn direction(way: Direction) -> &'static str {
    match way {
        Direction::Received => "rx",
        Direction::Sent => "tx",
    }
}

/// The word for a kind of frame.
pub(super) const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Data => "data",
        Kind::Remote => "remote",
        Kind::Error => "error",
        Kind::Fd => "fd",
    }
}

/// Directions by their words.
pub(super) const DIRECTIONS: [(&str, Direction); 4] = [
    ("rx", Direction::Received),
    ("tx", Direction::Sent),
    ("received", Direction::Received),
    ("sent", Direction::Sent),
];

/// Kinds of frames by their words.
pub(super) const KINDS: [(&str, Kind); 6] = [
    ("data", Kind::Data),
    ("remote", Kind::Remote),
    ("error", Kind::Error),
    ("fd", Kind::Fd),
    ("rtr", Kind::Remote),
    ("err", Kind::Error),
];
