//! Fills `${NAME}` and `${NAME:-default}` of a profile's text in from the environment, before the
//! text is read as TOML. `$$` is a single dollar sign. Comments stay as they are. Line breaks are
//! never added or removed, so that lines in later problems are the lines of the file.

use std::ops::Range;

use crate::base::problem::{Problem, Severity};

/// Where in the TOML text a place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Bare,
    Comment,
    Basic,
    Literal,
    LongBasic,
    LongLiteral,
}

/// Where values come from: the environment, or a test's own table.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The environment of this process.
#[must_use]
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The text with everything filled in.
///
/// # Errors
/// A problem for each variable that is not set and has no default, whose value cannot stand where
/// it is used, or whose braces are not closed.
pub fn expand(text: &str, lookup: Lookup<'_>) -> Result<String, Vec<Problem>> {
    let mut out = String::with_capacity(text.len());
    let mut problems = Vec::new();
    let mut place = Place::Bare;
    let mut line = 1;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if place != Place::Comment && rest.starts_with("$$") {
            out.push('$');
            rest = rest.get(2..).unwrap_or_default();
            continue;
        }
        if place != Place::Comment && rest.starts_with("${") {
            let (value, after) = fill(rest, place, lookup);
            match value {
                Ok(value) => out.push_str(&value),
                Err(text) => problems.push(Problem { line, severity: Severity::Error, text }),
            }
            rest = after;
            continue;
        }
        let (next, taken) = step(place, rest, first);
        line += u32::from(first == '\n');
        out.push_str(rest.get(..taken).unwrap_or_default());
        rest = rest.get(taken..).unwrap_or_default();
        place = next;
    }
    if problems.is_empty() { Ok(out) } else { Err(problems) }
}

/// Where in `text` variables stand that [`expand`] would fill in, as byte ranges from `${` to behind
/// `}`. One that is not closed is none.
#[must_use]
pub fn variables(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let (mut place, mut at) = (Place::Bare, 0);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if place != Place::Comment && rest.starts_with("$$") {
            at += 2;
        } else if place != Place::Comment && rest.starts_with("${") {
            let line = rest.split('\n').next().unwrap_or_default();
            let len = line.find('}').map(|end| end + 1);
            if let Some(len) = len {
                found.push(at..at + len);
            }
            at += len.unwrap_or(2);
        } else {
            let first = rest.chars().next().unwrap_or_default();
            let (next, taken) = step(place, rest, first);
            place = next;
            at += taken.max(1);
        }
    }
    found
}

/// Passes one piece of plain text: the place behind it and its length in bytes.
fn step(place: Place, rest: &str, first: char) -> (Place, usize) {
    let one = first.len_utf8();
    let quoted = |quote: &str, long: Place, short: Place| {
        if rest.starts_with(&quote.repeat(3)) { (long, 3) } else { (short, 1) }
    };
    // The character behind a backslash never ends a string; a line break is left to be counted.
    let escaped = || match rest.chars().nth(1) {
        Some(next) if next != '\n' && next != '$' => one + next.len_utf8(),
        Some(_) | None => one,
    };
    match (place, first) {
        (Place::Bare, '#') => (Place::Comment, one),
        (Place::Bare, '"') => quoted("\"", Place::LongBasic, Place::Basic),
        (Place::Bare, '\'') => quoted("'", Place::LongLiteral, Place::Literal),
        (Place::Comment | Place::Basic | Place::Literal, '\n') => (Place::Bare, one),
        (Place::Basic, '"') | (Place::Literal, '\'') => (Place::Bare, one),
        (Place::Basic | Place::LongBasic, '\\') => (place, escaped()),
        (Place::LongBasic, '"') if rest.starts_with("\"\"\"") => (Place::Bare, 3),
        (Place::LongLiteral, '\'') if rest.starts_with("'''") => (Place::Bare, 3),
        (
            Place::Bare
            | Place::Comment
            | Place::Basic
            | Place::Literal
            | Place::LongBasic
            | Place::LongLiteral,
            _,
        ) => (place, one),
    }
}

/// Fills in the variable that `rest` starts with; gives the value and what follows it.
fn fill<'t>(rest: &'t str, place: Place, lookup: Lookup<'_>) -> (Result<String, String>, &'t str) {
    let body = rest.get(2..).unwrap_or_default();
    let end = body.find(['}', '\n']).filter(|&at| body[at..].starts_with('}'));
    let Some(end) = end else {
        return (Err("${ is not closed by } on the same line".into()), body);
    };
    let (inside, after) = (&body[..end], &body[end + 1..]);
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    let mut letters = name.chars();
    let starts = letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    if !starts || !letters.all(|c| c.is_ascii_alphanumeric() || c == '_') {
        let said = format!("{name:?} is no name of an environment variable; write $$ for a dollar");
        return (Err(said), after);
    }
    let found = lookup(name);
    let value = match (found, default) {
        (Some(value), _) if !value.is_empty() => insert(name, &value, place),
        (Some(_) | None, Some(default)) => Ok(default.to_owned()),
        (Some(_), None) => Ok(String::new()),
        (None, None) => Err(format!(
            "the environment variable {name} is not set and has no default: set it, or write \
             ${{{name}:-default}}"
        )),
    };
    (value, after)
}

/// The value of `name` as it must be written at `place`.
fn insert(name: &str, value: &str, place: Place) -> Result<String, String> {
    if value.contains(char::is_control) {
        return Err(format!("the value of {name} has a control character or line break in it"));
    }
    match place {
        Place::Basic | Place::LongBasic => Ok(value.replace('\\', "\\\\").replace('"', "\\\"")),
        Place::Literal | Place::LongLiteral if value.contains('\'') => {
            Err(format!("the value of {name} has a ' in it: put double quotes round ${{{name}}}"))
        }
        Place::Literal | Place::LongLiteral => Ok(value.to_owned()),
        Place::Bare | Place::Comment => {
            let plain = |c: char| c.is_ascii_alphanumeric() || "_.+-:".contains(c);
            if value.chars().all(plain) {
                return Ok(value.to_owned());
            }
            Err(format!(
                "the value of {name} is {value:?}, no number: put quotes round ${{{name}}}"
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn table(name: &str) -> Option<String> {
        match name {
            "IFACE" => Some("can3".into()),
            "BASE" => Some("0x200".into()),
            "EMPTY" => Some(String::new()),
            "QUOTE" => Some(r#"a "b" \c"#.into()),
            "BREAK" => Some("a\nb".into()),
            "APOSTROPHE" => Some("it's".into()),
            _ => None,
        }
    }

    fn said(text: &str) -> (u32, String) {
        let problems = expand(text, &table).unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
        (problems[0].line, problems[0].text.clone())
    }

    #[test]
    fn variables_are_filled_in_where_they_stand() {
        let expand = |text| expand(text, &table).unwrap();
        assert_eq!(expand(r#"a = "socketcan:${IFACE}""#), r#"a = "socketcan:can3""#);
        assert_eq!(expand("base = ${BASE}"), "base = 0x200");
        assert_eq!(expand("base = ${NONE:-0x600}"), "base = 0x600");
        assert_eq!(expand(r#"a = "${EMPTY:-can0}${EMPTY}""#), r#"a = "can0""#);
        assert_eq!(expand(r#"a = "5$$ and $ and $x""#), r#"a = "5$ and $ and $x""#);
        assert_eq!(expand(r#"a = "${QUOTE}""#), r#"a = "a \"b\" \\c""#);
        assert_eq!(expand("a = \"\"\"\n${IFACE}\"\"\" # ${"), "a = \"\"\"\ncan3\"\"\" # ${");
    }

    #[test]
    fn comments_and_ends_of_strings_are_seen() {
        let expand = |text| expand(text, &table).unwrap();
        assert_eq!(expand("# ${NONE} $$\na = 1"), "# ${NONE} $$\na = 1");
        assert_eq!(expand("a = \"# ${IFACE}\" # ${NONE}"), "a = \"# can3\" # ${NONE}");
        assert_eq!(expand(r##"a = "\"# ${IFACE}""##), r##"a = "\"# can3""##);
        assert_eq!(expand("a = '\\' # ${NONE}"), "a = '\\' # ${NONE}");
        assert_eq!(expand("a = '''x'y ${IFACE}''' # ${NONE}"), "a = '''x'y can3''' # ${NONE}");
    }

    #[test]
    fn what_cannot_be_filled_in_is_named_with_its_line() {
        let (line, text) = said("a = 1\nb = \"${NONE}\"\n");
        assert_eq!(line, 2);
        assert!(text.contains("NONE is not set") && text.contains("${NONE:-default}"), "{text}");
        let (line, text) = said("\n\na = ${QUOTE}");
        assert_eq!(line, 3);
        assert!(text.contains("put quotes round ${QUOTE}"), "{text}");
        assert!(said("a = \"${BREAK}\"").1.contains("line break"));
        assert!(said("a = '${APOSTROPHE}'").1.contains("double quotes"));
        assert!(said("a = \"${IFACE\nb = 1").1.contains("not closed"));
        assert!(said("a = \"${}\"").1.contains("no name"));
        assert!(said("a = \"${A-B}\"").1.contains("no name"));
    }

    proptest! {
        #[test]
        fn any_text_keeps_its_lines(text in "[a\"'#$\\\\{}\n:I-]{0,60}") {
            if let Ok(out) = expand(&text, &table) {
                prop_assert_eq!(out.matches('\n').count(), text.matches('\n').count());
            }
        }
    }
}
