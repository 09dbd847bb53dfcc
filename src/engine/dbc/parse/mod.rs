//! Tolerant reading of DBC text: what is sound becomes the schema, the rest problems with line
//! numbers and what was done.
//!
//! Why not the `can-dbc` crate (10.0): its grammar is one expression over the whole file, so one
//! line it does not know refuses the file (of twenty real ones it refuses the largest, 41 messages
//! with 2,075 signals, because its `SG_` lines are not indented), what it returns has no line
//! numbers, and it says nothing of duplicate names, signals outside their message or missing
//! quotes. Making it tolerant would mean cutting the text into statements first, which is most of
//! a parser.
//!
//! Reading goes in two steps. The first takes statement by statement, in whatever order they
//! stand; a statement that cannot be read ends at its line. The second ([`finish`]) joins what
//! names something else: comments, labels, attributes, multiplexing.

mod attributes;
mod cursor;
mod draft;
mod finish;
mod message;
mod overlap;
mod report;
mod statements;
#[cfg(test)]
mod tests;
mod text;

use crate::base::problem::Problem;
use crate::engine::dbc::schema::Schema;
pub(super) use cursor::starts_statement;
use cursor::{Cursor, KEYWORDS};
use draft::{Draft, Open};
pub(super) use finish::VARIABLE_DATA;
pub(super) use message::{EXTENDED, NOBODY};
pub(super) use overlap::meetings;
use report::Report;
pub use text::{Encoding, Form, LineEnd};

/// What was made of a DBC text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    /// What was sound.
    pub schema: Schema,
    /// What was not, and what was done about it, in the order of the file.
    pub problems: Vec<Problem>,
    /// How its text is written.
    pub form: Form,
}

/// Reads DBC text. Never fails: what cannot be read becomes a problem.
#[must_use]
pub fn parse(bytes: &[u8]) -> Parsed {
    let (text, encoding) = text::decode(bytes);
    let mut reader = Reader::new(&text);
    if encoding == Encoding::Windows1252 {
        reader.report.note(0, "the file is not UTF-8; it was read as Windows-1252");
    }
    reader.read();
    let Reader { mut report, draft, .. } = reader;
    let schema = finish::finish(draft, &text, &mut report);
    let form = Form { encoding, line_end: text::line_end(&text) };
    Parsed { schema, problems: report.finish(), form }
}

/// Why a statement was left out: the end of a sentence that starts with its keyword.
type Refused = String;

/// Reads statement after statement.
struct Reader<'a> {
    cursor: Cursor<'a>,
    report: Report,
    draft: Draft,
    /// A run of lines that are no DBC: its first line and its last.
    strange: Option<(u32, u32)>,
    /// Inside the list of keywords of `NS_`.
    in_symbols: InSymbols,
}

/// Whether lines that are only a keyword are to be expected.
#[derive(Clone, Copy, PartialEq, Eq)]
enum InSymbols {
    Yes,
    No,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            cursor: Cursor::new(text),
            report: Report::default(),
            draft: Draft::default(),
            strange: None,
            in_symbols: InSymbols::No,
        }
    }

    /// Every turn takes at least one character, so this ends.
    fn read(&mut self) {
        loop {
            self.cursor.skip_blank();
            if self.cursor.at_end() {
                break;
            }
            let line = self.cursor.line();
            let at_start = self.cursor.ahead();
            let begun = self.cursor.place();
            match self.cursor.word() {
                Some(word) if KEYWORDS.contains(&word) => {
                    if self.in_symbols == InSymbols::Yes && self.cursor.line_is_over() {
                        self.draft.symbols.push(word.to_owned());
                        continue;
                    }
                    self.end_strange();
                    self.in_symbols = InSymbols::No;
                    let said = self.draft.sayings.len();
                    let outcome = self.statement(word, line, begun);
                    if let Err(why) = outcome {
                        self.report.lost(line, format!("{word} {why}; left out"));
                        self.cursor.rest_of_line();
                        self.keep(word, begun);
                    } else if let Some(saying) = self.draft.sayings.get_mut(said) {
                        saying.text = begun..self.cursor.place();
                    }
                }
                other => {
                    // A word alone in the list of NS_ is a keyword of a newer tool.
                    let listed = self.in_symbols == InSymbols::Yes && self.cursor.line_is_over();
                    if let (true, Some(word)) = (listed, other) {
                        self.draft.symbols.push(word.to_owned());
                    }
                    let rest = self.cursor.rest_of_line();
                    let is_comment = at_start.starts_with("//");
                    if !listed && rest != ";" {
                        self.leave_over(begun);
                        if !is_comment {
                            self.strange_line(line);
                        }
                    }
                }
            }
        }
        self.end_strange();
    }

    fn strange_line(&mut self, line: u32) {
        match &mut self.strange {
            Some((_, last)) if *last + 1 >= line => *last = line,
            _ => {
                self.end_strange();
                self.strange = Some((line, line));
            }
        }
    }

    fn end_strange(&mut self) {
        if let Some((first, last)) = self.strange.take() {
            let text = if first == last {
                "the line does not start with a DBC keyword; left out".to_owned()
            } else {
                format!("lines {first} to {last} do not start with a DBC keyword; left out")
            };
            self.report.lost(first, text);
        }
    }

    /// Keeps what could not be read as it is written: an editor must not lose it.
    fn keep(&mut self, word: &str, begun: usize) {
        match (word, self.draft.open) {
            ("SG_", Open::Message) => {
                let text = self.cursor.from(begun).to_owned();
                if let Some(message) = self.draft.messages.last_mut() {
                    message.message.unread.push(text);
                }
            }
            ("BO_" | "SG_", _) => self.stray(begun),
            _ => self.leave_over(begun),
        }
    }

    fn stray(&mut self, begun: usize) {
        self.draft.strays.push(self.cursor.from(begun).to_owned());
    }

    fn leave_over(&mut self, begun: usize) {
        self.draft.leftover.push(self.cursor.from(begun).to_owned());
    }

    fn statement(&mut self, word: &str, line: u32, begun: usize) -> Result<(), Refused> {
        match word {
            "BO_" => self.message(line, begun),
            "SG_" => self.signal(line, begun),
            "CM_" => self.comment(line),
            "VAL_" => self.labels(line),
            "VAL_TABLE_" => self.table(line),
            "BA_" => self.attribute(line),
            "BA_DEF_" | "BA_DEF_REL_" => self.definition(line),
            "BA_DEF_DEF_" | "BA_DEF_DEF_REL_" => self.default_value(line),
            "BA_REL_" => self.relation(line),
            "SIG_VALTYPE_" => self.value_type(line),
            "SG_MUL_VAL_" => self.multiplexing(line),
            "SIG_GROUP_" => self.group(line),
            "BO_TX_BU_" => self.senders(line),
            "BU_" => self.nodes(line),
            "EV_" => self.variable(line),
            "VERSION" => self.version(line),
            "NS_" => {
                self.cursor.eat(b':');
                self.in_symbols = InSymbols::Yes;
                Ok(())
            }
            "BS_" => {
                self.cursor.eat(b':');
                self.draft.timing = self.cursor.rest_of_line().to_owned();
                Ok(())
            }
            _ => {
                // Keywords that say nothing about the meaning of frames.
                let (_, ended) = self.cursor.past_semicolon();
                let end = if ended { "" } else { ";" };
                self.draft.leftover.push(format!("{}{end}", self.cursor.from(begun)));
                Ok(())
            }
        }
    }
}
