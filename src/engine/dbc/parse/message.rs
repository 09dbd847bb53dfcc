//! `BO_` and `SG_`: messages and their signals.

use super::draft::{DraftMessage, Mark, NO_MESSAGE, Open};
use super::{Reader, Refused};
use crate::engine::can::frame::Id;
use crate::engine::dbc::schema::{Kind, Matching, Message, Order, Role, Signal};

/// The name for nobody in lists of nodes.
pub(in crate::engine::dbc) const NOBODY: &str = "Vector__XXX";
/// Most signals of one message; a position in a message is a `u16`.
const MOST_SIGNALS: usize = 60_000;
/// Marks 29-bit ids.
pub(in crate::engine::dbc) const EXTENDED: u32 = 1 << 31;

impl Reader<'_> {
    /// `BO_ 1536 Name: 8 Sender`.
    pub(super) fn message(&mut self, line: u32, begun: usize) -> Result<(), Refused> {
        self.draft.open = Open::LeftOut;
        let number = self.cursor.integer().ok_or("has no id")?;
        let key =
            u32::try_from(number).map_err(|_| format!("has the id {number}, which is none"))?;
        let name = self.cursor.word().ok_or("has no name")?.to_owned();
        if key == NO_MESSAGE || name == "VECTOR__INDEPENDENT_SIG_MSG" {
            self.draft.open = Open::NoMessage;
            self.report.note(line, "signals that belong to no message are not loaded");
            self.cursor.rest_of_line();
            self.stray(begun);
            return Ok(());
        }
        let id = self.id(key, &name, line)?;
        if !self.cursor.eat(b':') {
            self.report.warn(line, format!("message {name} has no ':' after its name; read on"));
        }
        let len = self.length(&name, line);
        let sender = self.cursor.word().filter(|s| *s != NOBODY);
        self.cursor.rest_of_line();
        let message = Message {
            id,
            name,
            short: None,
            len,
            senders: sender.map(str::to_owned).into_iter().collect(),
            signals: Vec::new(),
            groups: Vec::new(),
            comment: None,
            attributes: Vec::new(),
            matching: Matching::Exact,
            unread: Vec::new(),
            line,
        };
        self.draft.messages.push(DraftMessage { message, key, marks: Vec::new() });
        self.draft.open = Open::Message;
        Ok(())
    }

    fn id(&mut self, key: u32, name: &str, line: u32) -> Result<Id, Refused> {
        let raw = key & !EXTENDED;
        if key & EXTENDED == 0 && raw > Id::MAX_STANDARD && raw <= Id::MAX_EXTENDED {
            let text = format!(
                "message {name} has the id {key}, too large for 11 bits, without the mark of 29-bit \
                 ids; taken as a 29-bit id"
            );
            self.report.warn(line, text);
            return Id::extended(raw).ok_or_else(|| format!("has the id {key}, which is none"));
        }
        let id = if key & EXTENDED == 0 { Id::standard(raw) } else { Id::extended(raw) };
        id.ok_or_else(|| format!("{name} has the id {key}, which is none"))
    }

    fn length(&mut self, name: &str, line: u32) -> u16 {
        let written = self.cursor.integer();
        if let Some(len) = written.and_then(|n| u16::try_from(n).ok()) {
            if len > 64 {
                let text = format!(
                    "message {name} has {len} bytes, more than a frame; only signals in the first \
                     64 can be decoded"
                );
                self.report.warn(line, text);
            }
            return len;
        }
        self.report.warn(line, format!("message {name} has no usable length; taken as 8 bytes"));
        8
    }

    /// `SG_ Name m0 : 32|16@1- (0.1,0) [-40|120] "°C" Receiver,Receiver`.
    pub(super) fn signal(&mut self, line: u32, begun: usize) -> Result<(), Refused> {
        match self.draft.open {
            Open::Message => {}
            Open::NoMessage => {
                self.cursor.rest_of_line();
                self.stray(begun);
                return Ok(());
            }
            Open::LeftOut => return Err("belongs to a message that was left out".to_owned()),
            Open::Nowhere => return Err("stands before any message".to_owned()),
        }
        let (name, mark) = self.name_and_mark(line)?;
        let place = self.place(&name)?;
        let (factor, offset) = self.scaling(&name, line)?;
        let (range, odd_range) = self.range();
        let unit = self.unit(&name, line);
        let receivers = self.receivers();
        let Some(message) = self.draft.messages.last_mut() else {
            return Err("stands before any message".to_owned());
        };
        if message.message.signals.len() >= MOST_SIGNALS {
            return Err(format!("{name} is beyond the {MOST_SIGNALS} signals a message may have"));
        }
        message.marks.push(mark);
        message.message.signals.push(Signal {
            name,
            short: None,
            start: place.start,
            length: place.length,
            order: place.order,
            kind: place.kind,
            factor,
            offset,
            min: range.map(|(min, _)| min),
            max: range.map(|(_, max)| max),
            odd_range,
            unit,
            receivers,
            labels: [].into(),
            role: if mark.switches { Role::Switch } else { Role::Value },
            selection: None,
            comment: None,
            attributes: Vec::new(),
            line,
        });
        Ok(())
    }

    fn name_and_mark(&mut self, line: u32) -> Result<(String, Mark), Refused> {
        let mut name = self.cursor.word().ok_or("has no name")?.to_owned();
        let mut mark = Mark::default();
        while let Some(word) = self.cursor.word() {
            match read_mark(word) {
                Some(read) => mark = read,
                None if word == "m" => {
                    mark.selected_by = self.cursor.integer().and_then(|n| u64::try_from(n).ok());
                }
                None => {
                    let text = format!("the name of signal {name} goes on after a blank; joined");
                    self.report.warn(line, text);
                    name = format!("{name}_{word}");
                }
            }
        }
        if !self.cursor.eat(b':') {
            return Err(format!("{name} has no ':' after its name"));
        }
        Ok((name, mark))
    }

    fn place(&mut self, name: &str) -> Result<Place, Refused> {
        let bad = |what: &str| format!("{name} has no usable {what}");
        let start = self.cursor.integer().ok_or_else(|| bad("start bit"))?;
        let start =
            u16::try_from(start).map_err(|_| format!("{name} has the start bit {start}"))?;
        if !self.cursor.eat(b'|') {
            return Err(bad("length"));
        }
        let length = self.cursor.integer().ok_or_else(|| bad("length"))?;
        if !(1..=64).contains(&length) {
            return Err(format!("{name} has {length} bits, a signal has 1 to 64"));
        }
        if !self.cursor.eat(b'@') {
            return Err(bad("byte order"));
        }
        let order = if self.cursor.eat(b'1') {
            Order::Little
        } else if self.cursor.eat(b'0') {
            Order::Big
        } else {
            return Err(bad("byte order"));
        };
        let kind = if self.cursor.eat(b'-') { Kind::Signed } else { Kind::Unsigned };
        self.cursor.eat(b'+');
        Ok(Place { start, length: length as u8, order, kind })
    }

    /// `(factor,offset)`.
    fn scaling(&mut self, name: &str, line: u32) -> Result<(f64, f64), Refused> {
        if !self.cursor.eat(b'(') {
            let text = format!("signal {name} has no factor and offset; taken as 1 and 0");
            self.report.warn(line, text);
            return Ok((1.0, 0.0));
        }
        let factor = self.scale(name, "factor", 1.0, line);
        let offset =
            if self.cursor.eat(b',') { self.scale(name, "offset", 0.0, line) } else { 0.0 };
        if !self.cursor.eat(b')') {
            return Err(format!("{name} has a factor and offset that cannot be read"));
        }
        if factor == 0.0 {
            let text = format!("signal {name} has the factor 0; it always reads {offset}");
            self.report.warn(line, text);
        }
        Ok((factor, offset))
    }

    fn scale(&mut self, name: &str, what: &str, otherwise: f64, line: u32) -> f64 {
        let (number, text) = self.cursor.number();
        number.unwrap_or_else(|| {
            let text = format!("signal {name} has the {what} \"{text}\"; taken as {otherwise}");
            self.report.warn(line, text);
            otherwise
        })
    }

    /// `[min|max]`; a range that is empty, reversed or no number is no range.
    fn range(&mut self) -> (Option<Range>, Option<Range>) {
        if !self.cursor.eat(b'[') {
            return (None, None);
        }
        let (min, _) = self.cursor.number();
        let max = if self.cursor.eat(b'|') { self.cursor.number().0 } else { None };
        self.cursor.eat(b']');
        match min.zip(max) {
            Some((min, max)) if min < max => (Some((min, max)), None),
            Some((0.0, 0.0)) | None => (None, None),
            odd => (None, odd),
        }
    }

    fn unit(&mut self, name: &str, line: u32) -> String {
        if self.cursor.peek() != Some(b'"') {
            return String::new();
        }
        let Some(unit) = self.cursor.string() else { return String::new() };
        if unit.ended == super::cursor::Ended::Open {
            let text = format!("the unit of signal {name} has no closing quote; left empty");
            self.report.warn(line, text);
            return String::new();
        }
        unit.text
    }

    fn receivers(&mut self) -> Vec<String> {
        let rest = self.cursor.rest_of_line();
        rest.split([',', ' ', '\t', ';'])
            .filter(|word| !word.is_empty() && *word != NOBODY)
            .map(str::to_owned)
            .collect()
    }
}

/// Smallest and largest physical value.
type Range = (f64, f64);

struct Place {
    start: u16,
    length: u8,
    order: Order,
    kind: Kind,
}

/// `M`, `m3` or `m3M`.
fn read_mark(word: &str) -> Option<Mark> {
    if word == "M" {
        return Some(Mark { selected_by: None, switches: true });
    }
    let rest = word.strip_prefix('m')?;
    let (digits, switches) = match rest.strip_suffix('M') {
        Some(digits) => (digits, true),
        None => (rest, false),
    };
    let value = digits.parse().ok()?;
    Some(Mark { selected_by: Some(value), switches })
}
