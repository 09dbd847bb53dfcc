//! The statements that say something about messages, signals and nodes: comments, labels, value
//! types, extended multiplexing, groups, senders; and the nodes themselves.

use super::cursor::{Ended, Quoted};
use super::draft::{About, Saying, What};
use super::{Reader, Refused};
use crate::engine::dbc::schema::{Label, Node, ValueTable, Variable};

/// Most labels of one table or signal, and most ranges of one multiplexed signal.
const MOST_LABELS: usize = 65_536;

impl Reader<'_> {
    /// Takes the `;` that ends a statement; a missing one costs nothing but a warning.
    pub(super) fn end(&mut self, keyword: &str, line: u32) {
        if self.cursor.eat_anywhere(b';') {
            return;
        }
        let rest = if self.cursor.line_is_over() { "" } else { self.cursor.rest_of_line() };
        let text = if rest.is_empty() {
            format!("{keyword} does not end with ';'; read as if it did")
        } else {
            format!("{keyword} has more text than expected; the end of it was left out")
        };
        self.report.warn(line, text);
    }

    pub(super) fn say(&mut self, line: u32, about: About, what: What) {
        self.draft.sayings.push(Saying { line, text: 0..0, about, what });
    }

    /// Says how a quoted string was mended.
    pub(super) fn mended(&mut self, quoted: &Quoted, line: u32) {
        match quoted.ended {
            Ended::Closed => {}
            Ended::InnerQuotes => {
                self.report.warn(line, "a text has quotes inside that are not escaped; kept");
            }
            Ended::Open => {
                self.report
                    .warn(line, "a text has no closing quote; it ends at the end of its line");
            }
        }
    }

    pub(super) fn message_key(&mut self) -> Result<u32, Refused> {
        let number = self.cursor.integer().ok_or("does not say which message")?;
        u32::try_from(number).map_err(|_| format!("names the message {number}, which is none"))
    }

    fn signal_name(&mut self) -> Result<(u32, String), Refused> {
        let key = self.message_key()?;
        let name = self.cursor.word().ok_or("does not say which signal")?;
        Ok((key, name.to_owned()))
    }

    /// What follows `CM_` or the name in `BA_`: `SG_ 1536 Name`, `BO_ 1536`, `BU_ Name`,
    /// `EV_ Name` or nothing.
    pub(super) fn about(&mut self) -> Result<About, Refused> {
        let mut there = self.cursor.clone();
        let about = match there.word_anywhere() {
            Some("SG_") => {
                self.cursor = there;
                let (key, name) = self.signal_name()?;
                return Ok(About::Signal(key, name));
            }
            Some("BO_") => {
                self.cursor = there;
                return Ok(About::Message(self.message_key()?));
            }
            Some("BU_") => About::Node(there.word().ok_or("does not say which node")?.to_owned()),
            Some("EV_") => {
                About::Variable(there.word().ok_or("does not say which variable")?.to_owned())
            }
            _ => return Ok(About::Database),
        };
        self.cursor = there;
        Ok(about)
    }

    /// `CM_ SG_ 1536 Name "text";`
    pub(super) fn comment(&mut self, line: u32) -> Result<(), Refused> {
        let about = self.about()?;
        let quoted = self.cursor.string_before_end().ok_or("has no text in quotes")?;
        self.mended(&quoted, line);
        self.say(line, about, What::Comment(quoted.text));
        self.end("CM_", line);
        Ok(())
    }

    /// `VAL_ 1536 Name 0 "Off" 1 "On";`, `VAL_ 1536 Name Table;` or `VAL_ Variable 0 "Off";`
    pub(super) fn labels(&mut self, line: u32) -> Result<(), Refused> {
        let about = if let Some(number) = self.cursor.integer() {
            let key = u32::try_from(number)
                .map_err(|_| format!("names the message {number}, which is none"))?;
            let name = self.cursor.word().ok_or("does not say which signal")?;
            About::Signal(key, name.to_owned())
        } else {
            About::Variable(self.cursor.word().ok_or("does not say what it is about")?.to_owned())
        };
        let mut there = self.cursor.clone();
        if there.integer().is_none()
            && let Some(table) = there.word()
        {
            let table = table.to_owned();
            self.cursor = there;
            self.say(line, about, What::Table(table));
            self.end("VAL_", line);
            return Ok(());
        }
        let labels = self.label_list(line);
        self.say(line, about, What::Labels(labels));
        self.end("VAL_", line);
        Ok(())
    }

    /// `VAL_TABLE_ Name 0 "Off" 1 "On";`
    pub(super) fn table(&mut self, line: u32) -> Result<(), Refused> {
        let name = self.cursor.word().ok_or("has no name")?.to_owned();
        let labels = self.label_list(line);
        self.draft.tables.push(ValueTable { name, labels: labels.into() });
        self.end("VAL_TABLE_", line);
        Ok(())
    }

    fn label_list(&mut self, line: u32) -> Vec<Label> {
        let mut labels = Vec::new();
        loop {
            let mut there = self.cursor.clone();
            there.skip_blank();
            let Some(value) = there.integer() else { return labels };
            // Some tools write whole numbers with a fraction of zero.
            if there.peek() != Some(b'"') {
                there.number();
            }
            if there.peek_anywhere() != Some(b'"') {
                return labels;
            }
            let Some(quoted) = there.string() else { return labels };
            self.cursor = there;
            self.mended(&quoted, line);
            let value = i64::try_from(value).or_else(|_| u64::try_from(value).map(|v| v as i64));
            match value {
                Ok(value) if labels.len() < MOST_LABELS => {
                    labels.push(Label { value, text: quoted.text });
                }
                Ok(_) => {}
                Err(_) => {
                    let text = format!(
                        "the label \"{}\" is of a value beyond 64 bits; left out",
                        quoted.text
                    );
                    self.report.lost(line, text);
                }
            }
        }
    }

    /// `SIG_VALTYPE_ 1536 Name : 1;`
    pub(super) fn value_type(&mut self, line: u32) -> Result<(), Refused> {
        let (key, name) = self.signal_name()?;
        self.cursor.eat(b':');
        let kind = self.cursor.integer().ok_or("has no type")?;
        self.say(line, About::Signal(key, name), What::ValueType(kind));
        self.end("SIG_VALTYPE_", line);
        Ok(())
    }

    /// `SG_MUL_VAL_ 1536 Name Switch 0-3, 7-7;`
    pub(super) fn multiplexing(&mut self, line: u32) -> Result<(), Refused> {
        let (key, name) = self.signal_name()?;
        let switch = self.cursor.word().ok_or("does not say which switch")?.to_owned();
        let mut ranges = Vec::new();
        while ranges.len() < MOST_LABELS {
            self.cursor.eat_anywhere(b',');
            let mut there = self.cursor.clone();
            there.skip_blank();
            let Some(from) = there.integer() else { break };
            let to = if there.eat(b'-') { there.integer() } else { Some(from) };
            let range = (u64::try_from(from).ok(), to.and_then(|to| u64::try_from(to).ok()));
            let (Some(from), Some(to)) = range else {
                return Err(format!("has a range for {name} that cannot be read"));
            };
            ranges.push((from.min(to), from.max(to)));
            self.cursor = there;
        }
        if ranges.is_empty() {
            return Err(format!("has no values for {name}"));
        }
        self.say(line, About::Signal(key, name), What::Selection(switch, ranges));
        self.end("SG_MUL_VAL_", line);
        Ok(())
    }

    /// `SIG_GROUP_ 1536 Name 1 : Signal Signal;`
    pub(super) fn group(&mut self, line: u32) -> Result<(), Refused> {
        let (key, name) = self.signal_name()?;
        let repetitions = self.cursor.integer().and_then(|n| i64::try_from(n).ok()).unwrap_or(1);
        self.cursor.eat(b':');
        let signals = self.names_to_end("SIG_GROUP_", line);
        self.say(line, About::Message(key), What::Group(name, repetitions, signals));
        Ok(())
    }

    /// `BO_TX_BU_ 1536 : Node,Node;`
    pub(super) fn senders(&mut self, line: u32) -> Result<(), Refused> {
        let key = self.message_key()?;
        self.cursor.eat(b':');
        let nodes = self.names_to_end("BO_TX_BU_", line);
        self.say(line, About::Message(key), What::Senders(nodes));
        Ok(())
    }

    fn names_to_end(&mut self, keyword: &str, line: u32) -> Vec<String> {
        let (text, ended) = self.cursor.past_semicolon();
        if !ended {
            self.report.warn(line, format!("{keyword} does not end with ';'; read as if it did"));
        }
        text.split(|c: char| c == ',' || c.is_whitespace())
            .filter(|word| !word.is_empty())
            .take(MOST_LABELS)
            .map(str::to_owned)
            .collect()
    }

    /// `BU_: Node Node`, which may go on over indented lines that hold nothing else.
    pub(super) fn nodes(&mut self, _line: u32) -> Result<(), Refused> {
        self.cursor.eat(b':');
        loop {
            while let Some(name) = self.cursor.word() {
                self.draft.nodes.push(Node { name: name.to_owned(), ..Node::default() });
                self.cursor.eat(b',');
            }
            if !self.cursor.line_is_over() {
                self.cursor.rest_of_line();
            }
            let mut there = self.cursor.clone();
            let line = there.line();
            let next = there.word_anywhere();
            let goes_on = there.line() == line + 1
                && next.is_some_and(|word| !super::cursor::KEYWORDS.contains(&word))
                && there.peek() != Some(b':');
            if !goes_on {
                return Ok(());
            }
            self.cursor.skip_blank();
        }
    }

    /// `EV_ Name: 0 [0|1] "" 0 1 DUMMY_NODE_VECTOR0 Vector__XXX;`
    pub(super) fn variable(&mut self, line: u32) -> Result<(), Refused> {
        let name = self.cursor.word().ok_or("has no name")?.to_owned();
        self.cursor.eat(b':');
        let (definition, ended) = self.cursor.past_semicolon();
        let definition = definition.to_owned();
        if !ended {
            self.report.warn(line, "EV_ does not end with ';'; read as if it did");
        }
        let (labels, comment, attributes) = (Vec::new(), None, Vec::new());
        let variable = Variable { name, definition, labels, comment, attributes };
        self.draft.variables.push(variable);
        Ok(())
    }

    /// `VERSION "1.0"`
    pub(super) fn version(&mut self, line: u32) -> Result<(), Refused> {
        if self.cursor.peek() == Some(b'"')
            && let Some(quoted) = self.cursor.string()
        {
            self.mended(&quoted, line);
            self.draft.version = quoted.text;
        }
        self.cursor.rest_of_line();
        Ok(())
    }
}
