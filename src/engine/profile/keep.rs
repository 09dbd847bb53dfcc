//! Puts one message into the text of a profile, or takes it out, and leaves every other line as the
//! person wrote it. Knows no file. What comes out is read again and compared: a text that would then say
//! anything else is not given out.

use thiserror::Error;
use toml::{Table, Value};

use crate::engine::profile::expand::expand;
use crate::engine::profile::message::MessageEntry;

/// Why a profile's text cannot be changed here.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeepError {
    /// The messages are there in a form that cannot be taken apart line by line.
    #[error(
        "the messages of the profile are written in a way that cannot be changed here: change {0} in the file"
    )]
    Form(String),
}

/// The head of a message.
const HEAD: &str = "[[message]]";
/// The name of all of them.
const LIST: &str = "message";

/// `text` with the message `name` as it is in `entry`, or without it.
///
/// # Errors
/// The messages are written in a form that this does not take apart.
pub fn set_message(
    text: &str,
    name: &str,
    entry: Option<&MessageEntry>,
) -> Result<String, KeepError> {
    let form = || KeepError::Form(name.to_owned());
    let before = table(text).ok_or_else(form)?;
    let place = names(&before).iter().position(|known| known == name);
    let edited = edit(text, place, entry).ok_or_else(form)?;
    if says(before, &edited, (name, place), entry) { Ok(edited) } else { Err(form()) }
}

fn edit(text: &str, place: Option<usize>, entry: Option<&MessageEntry>) -> Option<String> {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    if let Some(last) = lines.last_mut()
        && !last.ends_with('\n')
    {
        last.push_str(end);
    }
    let heads: Vec<usize> =
        lines.iter().enumerate().filter(|(_, line)| is_head(line)).map(|(at, _)| at).collect();
    let fields = |entry: &MessageEntry| -> Vec<String> {
        entry.lines().iter().map(|(key, value)| format!("{key} = {value}{end}")).collect()
    };
    match (place, entry) {
        (Some(place), entry) => {
            let head = *heads.get(place)?;
            let tail = block_end(&lines, head);
            let comments = lines.get(head + 1..tail)?.iter();
            let comments = comments.filter(|line| line.trim_start().starts_with('#')).cloned();
            let mut block: Vec<String> = Vec::new();
            if let Some(entry) = entry {
                block.push(lines.get(head)?.clone());
                block.extend(comments);
                block.extend(fields(entry));
            }
            lines.splice(head..tail, block);
        }
        (None, Some(entry)) => {
            let at = heads.last().map_or(lines.len(), |head| block_end(&lines, *head));
            let mut block = vec![end.to_owned(), format!("{HEAD}{end}")];
            block.extend(fields(entry));
            lines.splice(at..at, block);
        }
        (None, None) => {}
    }
    Some(lines.concat())
}

fn is_head(line: &str) -> bool {
    line.trim_start().strip_prefix(HEAD).is_some_and(|rest| {
        let rest = rest.trim();
        rest.is_empty() || rest.starts_with('#')
    })
}

/// The line after the last that says something in the block that begins at `head`.
fn block_end(lines: &[String], head: usize) -> usize {
    let rest = lines.iter().enumerate().skip(head + 1);
    let next = rest.clone().find(|(_, line)| line.trim_start().starts_with('['));
    let next = next.map_or(lines.len(), |(at, _)| at);
    let said = rest.take_while(|(at, _)| *at < next).filter(|(_, line)| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with('#')
    });
    said.last().map_or(head + 1, |(at, _)| at + 1)
}

fn table(text: &str) -> Option<Table> {
    expand(text, &|_| Some("1".to_owned())).ok()?.parse().ok()
}

fn names(table: &Table) -> Vec<String> {
    let list = table.get(LIST).and_then(Value::as_array);
    let name = |one: &Value| one.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    list.map_or_else(Vec::new, |list| list.iter().map(name).collect())
}

/// Whether `after` says the same as `before` but for the one message.
fn says(
    mut before: Table,
    after: &str,
    (name, place): (&str, Option<usize>),
    entry: Option<&MessageEntry>,
) -> bool {
    let Some(mut after) = table(after) else { return false };
    let take = |table: &mut Table| match table.remove(LIST) {
        Some(Value::Array(list)) => list,
        Some(_) | None => Vec::new(),
    };
    let (mut had, mut has) = (take(&mut before), take(&mut after));
    let own = |one: &Value| one.get("name").and_then(Value::as_str) == Some(name);
    let found: Vec<Value> = has.extract_if(.., |one| own(one)).collect();
    if let Some(place) = place {
        had.remove(place);
    }
    let wanted: Option<Vec<Value>> = entry
        .map(|entry| {
            let lines = entry.lines();
            let text: Vec<String> =
                lines.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
            table(&text.concat()).map(Value::Table)
        })
        .map_or(Some(Vec::new()), |wanted| wanted.map(|one| vec![one]));
    before == after && had == has && wanted == Some(found)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::base::id::Name;
    use crate::engine::can::dress::{Checksum, ChecksumRule, Counter, Dress};
    use crate::engine::can::frame::{Frame, Id};
    use crate::engine::profile::parse::parse;

    const HEAD: &str = "name = \"a\"\n[[bus]]\nname = \"can0\"\naddress = \"virtual:a\"\n";

    fn entry(name: &str, byte: u8) -> MessageEntry {
        MessageEntry {
            name: Name::new(name).unwrap(),
            bus: Name::new("can0").unwrap(),
            frame: Frame::classic(Id::standard(0x123).unwrap(), &[byte, 0]).unwrap(),
            every: Duration::from_micros(1500),
            times: Some(3),
            dress: Dress {
                counter: Some(Counter { byte: 0, bit: 4, bits: 4, last: Some(14) }),
                checksum: Some(Checksum {
                    rule: ChecksumRule::E2eProfile1 { data_id: 0x123 },
                    byte: 1,
                }),
            },
            key: Some("F5".parse().unwrap()),
            stays: true,
        }
    }

    fn read(text: &str) -> Vec<MessageEntry> {
        parse(text, &|_| None).unwrap().profile.messages
    }

    #[test]
    fn a_message_is_added_changed_and_taken_out_and_nothing_else_changes() {
        let text = format!("{HEAD}# the end\n");
        let one = set_message(&text, "one", Some(&entry("one", 1))).unwrap();
        assert!(one.starts_with(&text), "{one}");
        assert_eq!(read(&one), [entry("one", 1)]);
        let two =
            set_message(&one, "two", Some(&MessageEntry { key: None, ..entry("two", 2) })).unwrap();
        let noted = two.replacen("[[message]]\n", "[[message]] # ours\n# keep me\n", 1);
        let changed = set_message(&noted, "one", Some(&entry("one", 9))).unwrap();
        assert!(changed.contains("[[message]] # ours\n# keep me\nname = \"one\""), "{changed}");
        assert_eq!(read(&changed)[0], entry("one", 9));
        assert_eq!(read(&changed).len(), 2);
        let without = set_message(&changed, "one", None).unwrap();
        assert_eq!(read(&without).len(), 1);
        assert!(!without.contains("# ours") && without.contains("# the end"), "{without}");
        let none = set_message(&without, "two", None).unwrap();
        assert_eq!(none.trim_end(), text.trim_end());
        assert_eq!(set_message(&none, "two", None).unwrap(), none);
    }

    #[test]
    fn every_kind_of_frame_is_written_and_read_back() {
        let id = Id::extended(0x600).unwrap();
        let fd = Frame::fd(id, &[7; 12]).unwrap();
        let frames = [
            Frame::remote(id, 5).unwrap(),
            fd,
            fd.with_bit_rate_switch(),
            Frame::classic(id, &[]).unwrap(),
        ];
        for frame in frames {
            let dress = Dress::default();
            let wanted = MessageEntry { frame, dress, ..entry("one", 1) };
            let text = set_message(HEAD, "one", Some(&wanted)).unwrap();
            assert_eq!(read(&text), [wanted], "{text}");
        }
    }

    #[test]
    fn a_form_that_is_not_understood_is_refused_and_never_broken() {
        let inline =
            format!("message = [{{ name = \"one\", bus = \"can0\", id = \"1\" }}]\n{HEAD}");
        for text in [inline.as_str(), "note = \"\"\"\n[[message]]\nname = \"one\"\n\"\"\"\n"] {
            for wanted in [Some(entry("one", 1)), Some(entry("two", 1)), None] {
                let edited = set_message(text, "one", wanted.as_ref());
                let Ok(edited) = edited else { continue };
                let (mut was, mut is) = (table(text).unwrap(), table(&edited).unwrap());
                let (had, has) = (was.remove(LIST), is.remove(LIST));
                assert_eq!(was, is, "{edited}");
                let added = has.and_then(|list| list.as_array().map(Vec::len));
                let had = had.and_then(|list| list.as_array().map(Vec::len));
                assert_eq!(added.unwrap_or(0), had.unwrap_or(0) + usize::from(edited != text));
            }
        }
    }

    #[test]
    fn what_is_wrong_with_a_message_is_said_with_its_line() {
        let cases = [
            ("id = \"zz\"", "is no id"),
            ("id = \"1\"\nkind = \"flexray\"", "no kind"),
            ("id = \"1\"\ndata = \"0\"", "no bytes"),
            ("id = \"1\"\ndata = \"00 11 22 33 44 55 66 77 88\"", "9 bytes"),
            ("id = \"1\"\nkey = \"F12\"", "is no key"),
            ("id = \"1\"\nevery_ms = 0.2", "1 ms"),
            ("id = \"1\"\ncounter = { byte = 0, bits = 4 }", "counter"),
            ("id = \"1\"\ntimes = 0", "0 times"),
        ];
        for (fields, said) in cases {
            let text = format!("{HEAD}[[message]]\nname = \"one\"\nbus = \"can0\"\n{fields}\n");
            let problems = parse(&text, &|_| None).unwrap_err();
            assert!(problems[0].text.contains(said), "{fields}: {problems:?}");
            assert_eq!(problems[0].line, 6, "{fields}");
        }
        let other = format!("{HEAD}[[message]]\nname = \"one\"\nbus = \"can9\"\nid = \"1\"\n");
        assert!(parse(&other, &|_| None).unwrap_err()[0].text.contains("unknown bus"));
        let twice = format!(
            "{HEAD}{}",
            "[[message]]\nname = \"one\"\nbus = \"can0\"\nid = \"1\"\nkey = \"A\"\n".repeat(2)
        );
        let problems = parse(&twice, &|_| None).unwrap_err();
        assert!(problems.iter().any(|one| one.text.contains("second message")), "{problems:?}");
    }
}
