//! A place in a text: reads words, numbers and quoted strings and counts lines. Knows the
//! keywords of DBC, so that a missing quote ends at the next statement and not at the end of the
//! file.

/// What starts a statement.
pub(super) const KEYWORDS: [&str; 36] = [
    "VERSION",
    "NS_",
    "BS_",
    "BU_",
    "BO_",
    "SG_",
    "CM_",
    "VAL_",
    "VAL_TABLE_",
    "BA_",
    "BA_DEF_",
    "BA_DEF_DEF_",
    "BA_REL_",
    "BA_DEF_REL_",
    "BA_DEF_DEF_REL_",
    "SIG_VALTYPE_",
    "SG_MUL_VAL_",
    "SIG_GROUP_",
    "BO_TX_BU_",
    "EV_",
    "EV_DATA_",
    "ENVVAR_DATA_",
    "NS_DESC_",
    "CAT_DEF_",
    "CAT_",
    "FILTER",
    "SGTYPE_",
    "SGTYPE_VAL_",
    "BA_DEF_SGTYPE_",
    "BA_SGTYPE_",
    "SIG_TYPE_REF_",
    "SIGTYPE_VALTYPE_",
    "BU_SG_REL_",
    "BU_EV_REL_",
    "BU_BO_REL_",
    "VAL_TABLES_",
];

/// How a quoted string ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// With its quote.
    Closed,
    /// With a quote that was meant to be escaped before it.
    InnerQuotes,
    /// Not at all; it was cut at the end of its first line.
    Open,
}

/// A quoted string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Quoted {
    /// What was between the quotes.
    pub text: String,
    /// How it ended.
    pub ended: Ended,
}

/// A place in a text.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    line: u32,
}

impl<'a> Cursor<'a> {
    /// The start of a text.
    pub const fn new(text: &'a str) -> Self {
        Self { text, at: 0, line: 1 }
    }

    /// How many bytes stand before this place.
    pub const fn place(&self) -> usize {
        self.at
    }

    /// What stands between `begun` and this place, without blanks around it.
    pub fn from(&self, begun: usize) -> &'a str {
        self.since(begun)
    }

    /// The line of this place, from 1.
    pub const fn line(&self) -> u32 {
        self.line
    }

    fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or(&[])
    }

    /// What is left.
    pub fn ahead(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn take(&mut self, bytes: usize) -> &'a str {
        let taken = self.text.get(self.at..self.at + bytes).unwrap_or("");
        self.at += taken.len();
        taken
    }

    /// Whether nothing is left.
    pub const fn at_end(&self) -> bool {
        self.at >= self.text.len()
    }

    /// Passes over blanks of this line.
    pub fn skip_inline(&mut self) {
        let blanks = self.bytes().iter().take_while(|&&b| is_blank(b)).count();
        self.at += blanks;
    }

    /// Passes over blanks and line ends.
    pub fn skip_blank(&mut self) {
        for &byte in self.bytes() {
            if byte == b'\n' {
                self.line = self.line.saturating_add(1);
            } else if !is_blank(byte) {
                return;
            }
            self.at += 1;
        }
    }

    /// The next character of this line that is not blank.
    pub fn peek(&mut self) -> Option<u8> {
        self.skip_inline();
        self.bytes().first().copied().filter(|&b| b != b'\n')
    }

    /// The next character that is not blank, wherever.
    pub fn peek_anywhere(&mut self) -> Option<u8> {
        self.skip_blank();
        self.bytes().first().copied()
    }

    /// Takes `mark` if it comes next on this line.
    pub fn eat(&mut self, mark: u8) -> bool {
        let found = self.peek() == Some(mark);
        self.at += usize::from(found);
        found
    }

    /// Takes `mark` if it comes next, also on a later line.
    pub fn eat_anywhere(&mut self, mark: u8) -> bool {
        let mut there = self.clone();
        let found = there.peek_anywhere() == Some(mark);
        if found {
            there.at += 1;
            *self = there;
        }
        found
    }

    /// The next word of this line: up to a blank or one of `:;,()[]|"`. `None` where there is none.
    pub fn word(&mut self) -> Option<&'a str> {
        self.skip_inline();
        let length = self.bytes().iter().take_while(|&&b| is_word(b)).count();
        (length > 0).then(|| self.take(length))
    }

    /// The next word, also on a later line.
    pub fn word_anywhere(&mut self) -> Option<&'a str> {
        self.skip_blank();
        self.word()
    }

    /// A whole number of this line, decimal or `0x`; `None`, and nothing taken, where there is
    /// none.
    pub fn integer(&mut self) -> Option<i128> {
        self.skip_inline();
        let bytes = self.bytes();
        let sign = usize::from(matches!(bytes.first(), Some(b'-' | b'+')));
        let unsigned = bytes.get(sign..).unwrap_or(&[]);
        let (prefix, base) = match unsigned {
            [b'0', b'x' | b'X', next, ..] if next.is_ascii_hexdigit() => (2, 16),
            _ => (0, 10),
        };
        let digits = unsigned.get(prefix..).unwrap_or(&[]);
        let is_digit =
            |b: &&u8| if base == 16 { b.is_ascii_hexdigit() } else { b.is_ascii_digit() };
        let count = digits.iter().take_while(is_digit).count();
        if count == 0 || count > 30 {
            return None;
        }
        let text = self.ahead().get(sign + prefix..sign + prefix + count)?;
        let magnitude = i128::from_str_radix(text, base).ok()?;
        let negative = bytes.first() == Some(&b'-');
        self.at += sign + prefix + count;
        Some(if negative { -magnitude } else { magnitude })
    }

    /// A number of this line and the text it was read from. The number is `None` where the text is
    /// none; the text is empty where the next character belongs to no word.
    pub fn number(&mut self) -> (Option<f64>, &'a str) {
        self.skip_inline();
        let length = self.bytes().iter().take_while(|&&b| is_word(b) && b != b'@').count();
        let text = self.take(length);
        let number = text.parse::<f64>().ok().filter(|n| n.is_finite());
        (number, text)
    }

    /// Whether nothing but blanks is left on this line.
    pub fn line_is_over(&mut self) -> bool {
        self.peek().is_none()
    }

    /// The rest of this line without blanks around it; the line end stays.
    pub fn rest_of_line(&mut self) -> &'a str {
        let length = memchr::memchr(b'\n', self.bytes()).unwrap_or(self.bytes().len());
        self.take(length).trim()
    }

    /// Passes over everything up to and with the next `;` outside quotes, but not into the next
    /// statement. Returns what it passed and whether the `;` was there.
    pub fn past_semicolon(&mut self) -> (&'a str, bool) {
        let start = self.at;
        loop {
            let ahead = self.bytes();
            let Some(stop) = memchr::memchr3(b';', b'"', b'\n', ahead) else {
                self.at = self.text.len();
                return (self.since(start), false);
            };
            match ahead.get(stop) {
                Some(b';') => {
                    self.at += stop;
                    let passed = self.since(start);
                    self.at += 1;
                    return (passed, true);
                }
                Some(b'"') => {
                    self.at += stop;
                    if self.string().is_none() {
                        self.at += 1;
                    }
                }
                _ => {
                    self.at += stop;
                    if starts_statement(self.ahead().get(1..).unwrap_or("")) {
                        return (self.since(start), false);
                    }
                    self.at += 1;
                    self.line = self.line.saturating_add(1);
                }
            }
        }
    }

    fn since(&self, start: usize) -> &'a str {
        // Other blanks than these are part of what stands there: without one, a line that is kept because
        // it cannot be read would be a statement where it is written again.
        self.text.get(start..self.at).unwrap_or("").trim_ascii()
    }

    /// A quoted string, `\"` standing for a quote; `None` where the next character is no quote.
    pub fn string(&mut self) -> Option<Quoted> {
        self.quoted(Inner::Closes)
    }

    /// A quoted string before a `;`: quotes that were not escaped are kept where more text follows
    /// on the line.
    pub fn string_before_end(&mut self) -> Option<Quoted> {
        self.quoted(Inner::Kept)
    }

    fn quoted(&mut self, inner: Inner) -> Option<Quoted> {
        self.skip_blank();
        let body = self.ahead().strip_prefix('"')?;
        let (length, ended) = measure(body, inner);
        let raw = body.get(..length).unwrap_or("");
        let newlines = memchr::memchr_iter(b'\n', raw.as_bytes()).count();
        self.line = self.line.saturating_add(newlines as u32);
        self.at += 1 + length + usize::from(ended != Ended::Open);
        let text = if raw.contains('\\') { raw.replace("\\\"", "\"") } else { raw.to_owned() };
        Some(Quoted { text: text.trim_end_matches('\r').to_owned(), ended })
    }
}

/// What a quote inside a string does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inner {
    /// It ends the string.
    Closes,
    /// It ends the string only before `;` or a line end.
    Kept,
}

/// The length of the string that starts `body`, and how it ends.
fn measure(body: &str, inner: Inner) -> (usize, Ended) {
    let bytes = body.as_bytes();
    let mut at = 0;
    let mut first_line = None;
    let mut ended = Ended::Closed;
    while let Some(next) = memchr::memchr3(b'"', b'\\', b'\n', bytes.get(at..).unwrap_or(&[])) {
        let place = at + next;
        at = place + 1;
        match bytes.get(place) {
            Some(b'\\') => at += usize::from(bytes.get(at) == Some(&b'"')),
            Some(b'\n') => {
                let _: &mut usize = first_line.get_or_insert(place);
                if starts_statement(body.get(at..).unwrap_or("")) {
                    break;
                }
            }
            _ => {
                if inner == Inner::Closes || closes(bytes.get(at..).unwrap_or(&[])) {
                    return (place, ended);
                }
                ended = Ended::InnerQuotes;
            }
        }
    }
    // It does not end before the next statement: the quote is missing, or a backslash hides it.
    let line = first_line.unwrap_or(bytes.len());
    match body.get(..line).and_then(|l| l.rfind('"')) {
        Some(quote) => (quote, Ended::InnerQuotes),
        None => (line, Ended::Open),
    }
}

/// Whether what follows a quote says that it was the last one.
fn closes(after: &[u8]) -> bool {
    matches!(after.iter().find(|&&b| !is_blank(b)), None | Some(b';' | b'\n'))
}

/// Whether a line starts a statement that cannot be mistaken for text: a keyword and what has to
/// follow it.
pub(in crate::engine::dbc) fn starts_statement(line: &str) -> bool {
    let mut words = Cursor::new(line);
    let Some(keyword) = words.word() else { return false };
    match keyword {
        "BO_" | "SIG_VALTYPE_" | "SG_MUL_VAL_" | "BO_TX_BU_" | "SIG_GROUP_" => {
            words.integer().is_some()
        }
        "SG_" => {
            words.word().is_some() && {
                let _multiplexer = words.word();
                words.eat(b':')
            }
        }
        "CM_" => {
            words.peek() == Some(b'"')
                || matches!(words.word(), Some("SG_" | "BO_" | "BU_" | "EV_"))
        }
        "BA_" | "BA_DEF_DEF_" => words.peek() == Some(b'"'),
        "BA_DEF_" | "BA_REL_" | "BA_DEF_REL_" | "BA_DEF_DEF_REL_" => !words.line_is_over(),
        "VAL_" => words.integer().is_some(),
        "VAL_TABLE_" => words.word().is_some() && words.integer().is_some(),
        _ => false,
    }
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | 0x0B | 0x0C)
}

const fn is_word(byte: u8) -> bool {
    !matches!(
        byte,
        b' ' | b'\t'
            | b'\r'
            | b'\n'
            | 0x0B
            | 0x0C
            | b':'
            | b';'
            | b','
            | b'('
            | b')'
            | b'['
            | b']'
            | b'|'
            | b'"'
    )
}
