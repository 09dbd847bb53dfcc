//! How much a DBC file says, and how much is taken. A real one has some thousand messages at most; what
//! has many times that is no DBC that anybody wrote, and each look at it would cost hundreds of megabytes.

use crate::engine::dbc::schema::Schema;

/// Most messages of a DBC file that is kept or that a bus is read by.
const MOST_MESSAGES: usize = 16_384;
/// Most signals of a DBC file that is kept or that a bus is read by.
const MOST_SIGNALS: usize = 131_072;

/// How much a DBC file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Messages in it.
    pub messages: usize,
    /// Signals in it.
    pub signals: usize,
}

impl Extent {
    /// Of what was read.
    #[must_use]
    pub fn of(schema: &Schema) -> Self {
        Self { messages: schema.messages.len(), signals: schema.signal_count() }
    }

    /// Of a text that is not read yet: by how its lines begin, which takes no room.
    #[must_use]
    pub fn of_lines(bytes: &[u8]) -> Self {
        let lines = || bytes.split(|byte| matches!(byte, b'\n' | b'\r')).map(<[u8]>::trim_ascii);
        let begin = |word: &[u8]| lines().filter(|line| line.starts_with(word)).count();
        Self { messages: begin(b"BO_ "), signals: begin(b"SG_ ") }
    }

    /// Why a file that says so much is not taken, as the end of a sentence about it.
    #[must_use]
    pub fn why_not(self) -> Option<String> {
        let Self { messages, signals } = self;
        if messages > MOST_MESSAGES {
            return Some(format!("has {messages} messages; a DBC file can have {MOST_MESSAGES}"));
        }
        let many = signals > MOST_SIGNALS;
        many.then(|| format!("has {signals} signals; a DBC file can have {MOST_SIGNALS}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::dbc::parse;

    fn text(messages: usize, signals: usize) -> String {
        let signal = |n| format!(" SG_ S{n} : 0|8@1+ (1,0) [0|0] \"\" X\r\n");
        let signals: String = (0..signals).map(signal).collect();
        (0..messages).map(|n| format!("BO_ {n} M{n}: 8 X\r\n{signals}")).collect()
    }

    #[test]
    fn lines_say_as_much_as_what_is_read_of_them() {
        let text = text(5, 3) + "CM_ BO_ 1 \"a comment\";\nBO_TX_BU_ 1 : X;\n";
        let extent = Extent { messages: 5, signals: 15 };
        assert_eq!(Extent::of_lines(text.as_bytes()), extent);
        assert_eq!(Extent::of(&parse(text.as_bytes()).schema), extent);
    }

    #[test]
    fn the_most_is_taken_and_one_more_is_not() {
        let why_not = |messages, signals| Extent { messages, signals }.why_not();
        assert_eq!(why_not(MOST_MESSAGES, MOST_SIGNALS), None);
        let told = why_not(MOST_MESSAGES + 1, 0).unwrap();
        assert_eq!(told, "has 16385 messages; a DBC file can have 16384");
        let told = why_not(1, MOST_SIGNALS + 1).unwrap();
        assert_eq!(told, "has 131073 signals; a DBC file can have 131072");
    }
}
