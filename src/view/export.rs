//! What is taken away as a file. The journal: CSV for spreadsheets, JSON for programs, written line by
//! line, so that a million lines need no more room than one. A charge: CSV, and a page to print. A plot: CSV.

pub mod charge_csv;
pub mod charge_html;
pub mod plot_csv;

use std::io::{self, Write};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::base::time::Wall;
use crate::engine::JournalLine;

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values as RFC 4180 has them, in UTF-8, with a line of names at the top.
    Csv,
    /// An array of objects.
    Json,
}

impl Format {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Csv, Self::Json];

    /// Its name in links and the ending of its files.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }

    /// For the header `Content-Type`.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Json => "application/json",
        }
    }
}

/// The columns of CSV and the fields of JSON.
const NAMES: [&str; 13] = [
    "seq", "at", "who", "face", "address", "action", "target", "before", "after", "outcome",
    "note", "of", "hash",
];

/// A journal that is being written.
#[derive(Clone, Copy, Debug)]
pub struct JournalExport {
    format: Format,
    lines: u64,
}

impl JournalExport {
    /// Begins one.
    ///
    /// # Errors
    /// `out` cannot be written.
    pub fn begin(format: Format, out: &mut dyn Write) -> io::Result<Self> {
        match format {
            Format::Csv => write!(out, "{}\r\n", NAMES.join(","))?,
            Format::Json => write!(out, "[")?,
        }
        Ok(Self { format, lines: 0 })
    }

    /// Adds a line.
    ///
    /// # Errors
    /// `out` cannot be written.
    pub fn line(&mut self, line: &JournalLine, out: &mut dyn Write) -> io::Result<()> {
        match self.format {
            Format::Csv => csv(line, out)?,
            Format::Json => {
                let separator = if self.lines == 0 { "\n" } else { ",\n" };
                write!(out, "{separator}{}", object(line))?;
            }
        }
        self.lines += 1;
        Ok(())
    }

    /// Ends it and says how many lines there are.
    ///
    /// # Errors
    /// `out` cannot be written.
    pub fn end(self, out: &mut dyn Write) -> io::Result<u64> {
        match self.format {
            Format::Csv => {}
            Format::Json if self.lines == 0 => writeln!(out, "]")?,
            Format::Json => write!(out, "\n]\n")?,
        }
        Ok(self.lines)
    }
}

/// The moment as RFC 3339 has it, in UTC with milliseconds.
#[must_use]
pub fn moment(at: Wall) -> String {
    match Timestamp::from_nanosecond(i128::from(at.nanos())) {
        Ok(stamp) => stamp.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
        Err(_) => String::new(),
    }
}

fn object(line: &JournalLine) -> Value {
    json!({
        "seq": line.seq,
        "at": moment(line.at),
        "who": line.who,
        "face": line.face,
        "address": line.address,
        "action": line.action,
        "target": line.target,
        "before": line.before,
        "after": line.after,
        "outcome": line.outcome.code(),
        "note": line.note,
        "of": line.of,
        "hash": line.hash,
    })
}

fn csv(line: &JournalLine, out: &mut dyn Write) -> io::Result<()> {
    let values = |values: &Option<Value>| values.as_ref().map(Value::to_string).unwrap_or_default();
    let cells = [
        line.seq.to_string(),
        moment(line.at),
        line.who.clone(),
        line.face.clone(),
        line.address.clone().unwrap_or_default(),
        line.action.clone(),
        line.target.clone(),
        values(&line.before),
        values(&line.after),
        line.outcome.code().to_owned(),
        line.note.clone().unwrap_or_default(),
        line.of.map(|of| of.to_string()).unwrap_or_default(),
        line.hash.clone(),
    ];
    for (number, text) in cells.iter().enumerate() {
        if number > 0 {
            write!(out, ",")?;
        }
        cell(text, out)?;
    }
    write!(out, "\r\n")
}

/// What a spreadsheet takes for the beginning of a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// One cell. A name such as `=HYPERLINK(...)` that a stranger typed at the sign-in must not be
/// carried out by the spreadsheet of whoever opens the file: an apostrophe makes it text. The same
/// goes for one behind white space, which some spreadsheets skip.
fn cell(text: &str, out: &mut dyn Write) -> io::Result<()> {
    let guard = if text.trim_start_matches([' ', '\n', '\u{a0}', '\u{feff}']).starts_with(FORMULA) {
        "'"
    } else {
        ""
    };
    if text.contains([',', '"', '\r', '\n', '\t', ';']) || !guard.is_empty() {
        write!(out, "\"{guard}{}\"", text.replace('"', "\"\""))
    } else {
        write!(out, "{text}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Outcome;

    fn line() -> JournalLine {
        JournalLine {
            seq: 7,
            at: Wall::from_nanos(1_700_000_000_123_000_000),
            who: "ada".into(),
            face: "web".into(),
            address: Some("10.0.0.7".into()),
            action: "change_account".into(),
            target: "grace, \"the admiral\"".into(),
            before: Some(json!({ "name": "a" })),
            after: None,
            outcome: Outcome::Done,
            note: None,
            of: None,
            hash: "00ff".into(),
        }
    }

    fn written(format: Format, lines: &[JournalLine]) -> String {
        let mut out = Vec::new();
        let mut export = JournalExport::begin(format, &mut out).unwrap();
        lines.iter().for_each(|line| export.line(line, &mut out).unwrap());
        assert_eq!(export.end(&mut out).unwrap(), lines.len() as u64);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_line_of_csv_is_quoted_as_the_rfc_says() {
        let names = "seq,at,who,face,address,action,target,before,after,outcome,note,of,hash\r\n";
        let cells = "7,2023-11-14T22:13:20.123Z,ada,web,10.0.0.7,change_account,\"grace, \"\"the admiral\"\"\",\"{\"\"name\"\":\"\"a\"\"}\",,done,,,00ff\r\n";
        assert_eq!(written(Format::Csv, &[line()]), format!("{names}{cells}"));
        assert_eq!(written(Format::Csv, &[]), names);
    }

    #[test]
    fn no_cell_is_carried_out_by_a_spreadsheet() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\n=1", "\u{a0}=1"] {
            let mut out = Vec::new();
            cell(text, &mut out).unwrap();
            let said = String::from_utf8(out).unwrap();
            assert!(said.starts_with("\"'"), "{text:?} became {said:?}");
        }
        let mut out = Vec::new();
        cell("a=b -1", &mut out).unwrap();
        assert_eq!(out, b"a=b -1");
    }

    #[test]
    fn json_is_one_array_that_can_be_read_back() {
        assert_eq!(written(Format::Json, &[]), "[]\n");
        let other = JournalLine { seq: 8, of: Some(7), note: Some("x".into()), ..line() };
        let text = written(Format::Json, &[line(), other]);
        let read: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read.as_array().unwrap().len(), 2);
        assert_eq!(read[0]["at"], "2023-11-14T22:13:20.123Z");
        assert_eq!(read[0]["before"], json!({ "name": "a" }));
        assert_eq!((&read[0]["after"], &read[1]["of"]), (&Value::Null, &json!(7)));
        let names: Vec<&String> = read[0].as_object().unwrap().keys().collect();
        assert!(names.len() == NAMES.len() && NAMES.iter().all(|name| read[0].get(name).is_some()));
    }
}
