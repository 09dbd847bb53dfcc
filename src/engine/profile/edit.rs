//! Changes one value in the text of a profile and leaves every other letter as the person wrote it,
//! comments and order included. Knows no file. What comes out is read again and compared: a text that
//! would then say anything else is not given out.

mod dbcs;

use thiserror::Error;
use toml::{Table, Value};

use crate::engine::profile::expand::expand;

/// Why a profile's text cannot be changed here.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EditError {
    /// The table is there in a form that cannot be taken apart line by line.
    #[error(
        "the [charge] table of the profile is written in a way that cannot be changed here: set {0} in the file"
    )]
    Form(String),
    /// So is a bus.
    #[error(
        "bus {0} of the profile is written in a way that cannot be changed here: set dbc in the file"
    )]
    Bus(usize),
}

pub use dbcs::set_dbcs;

/// The table of the rules of charging.
const TABLE: &str = "charge";

/// `text` with the rule `name` at `value` in its `[charge]` table, or without it.
///
/// # Errors
/// The table is written in a form that this does not take apart.
pub fn set_rule(text: &str, name: &str, value: Option<f64>) -> Result<String, EditError> {
    let edited = edit(text, name, value);
    if says(text, &edited, name, value) {
        Ok(edited)
    } else {
        Err(EditError::Form(name.to_owned()))
    }
}

fn edit(text: &str, name: &str, value: Option<f64>) -> String {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    if let Some(last) = lines.last_mut()
        && !last.ends_with('\n')
    {
        last.push_str(end);
    }
    let place = find(&lines, name);
    match (place, value) {
        (Place::At(at), Some(value)) => {
            if let Some(line) = lines.get_mut(at) {
                *line = replaced(line, value, end);
            }
        }
        (Place::At(at), None) => drop(lines.remove(at)),
        (Place::After(at), Some(value)) => lines.insert(at + 1, format!("{name} = {value}{end}")),
        (Place::NoTable, Some(value)) => {
            lines.push(format!("{end}[{TABLE}]{end}{name} = {value}{end}"));
        }
        (Place::After(_) | Place::NoTable, None) => {}
    }
    lines.concat()
}

/// Where a rule stands, or would.
enum Place {
    /// In this line.
    At(usize),
    /// Nowhere yet; after this line, the last that says something in the table.
    After(usize),
    /// There is no such table.
    NoTable,
}

fn find(lines: &[String], name: &str) -> Place {
    let mut inside = false;
    let mut place = Place::NoTable;
    for (at, line) in lines.iter().enumerate() {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            let of = header.split_once(']').map(|(of, _)| of.trim());
            inside = of == Some(TABLE);
            if inside {
                place = Place::After(at);
            }
        } else if let (true, Some((key, _))) = (inside, line.split_once('='))
            && !line.starts_with('#')
        {
            if key.trim() == name {
                return Place::At(at);
            }
            place = Place::After(at);
        }
    }
    place
}

/// The line with another value; its indent and its comment stay.
fn replaced(line: &str, value: f64, end: &str) -> String {
    let (key, rest) = line.split_once('=').unwrap_or((line, ""));
    let comment = rest.find('#').and_then(|at| rest.get(at..)).map(str::trim_end);
    match comment {
        Some(comment) => format!("{}= {value} {comment}{end}", spaced(key)),
        None => format!("{}= {value}{end}", spaced(key)),
    }
}

/// The key with what stands between it and the sign: people align them.
fn spaced(key: &str) -> String {
    if key.ends_with(char::is_whitespace) { key.to_owned() } else { format!("{key} ") }
}

/// Whether `after` says the same as `before` but for the one rule. What a variable stands for is the
/// same in both, whatever it is.
fn says(before: &str, after: &str, name: &str, value: Option<f64>) -> bool {
    let read = |text| expand(text, &|_| Some("1".to_owned())).ok()?.parse::<Table>().ok();
    let (Some(mut before), Some(mut after)) = (read(before), read(after)) else { return false };
    let taken = |table: &mut Table| match table.remove(TABLE) {
        None => Some(Table::new()),
        Some(Value::Table(rules)) => Some(rules),
        Some(_) => None,
    };
    let (Some(mut rules), Some(mut now)) = (taken(&mut before), taken(&mut after)) else {
        return false;
    };
    rules.remove(name);
    let number = now.remove(name).and_then(|value| match value {
        Value::Float(number) => Some(number),
        Value::Integer(number) => Some(number as f64),
        Value::String(_)
        | Value::Boolean(_)
        | Value::Datetime(_)
        | Value::Array(_)
        | Value::Table(_) => None,
    });
    number == value && rules == now && before == after
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::charge::Key;
    use crate::engine::profile::model::Profile;
    use crate::engine::profile::parse;
    use crate::engine::profile::write::write;

    const HEAD: &str = "name = \"a\"\nbus = []\n";

    fn set(text: &str, name: &str, value: Option<f64>) -> String {
        set_rule(text, name, value).unwrap()
    }

    #[test]
    fn a_value_is_replaced_where_it_stands_and_its_comment_stays() {
        let text = format!("{HEAD}# Ours.\n[charge]\n  cell_max_mv   = 4_150 # as agreed\n# end\n");
        let after = set(&text, "cell_max_mv", Some(4100.0));
        assert_eq!(
            after,
            format!("{HEAD}# Ours.\n[charge]\n  cell_max_mv   = 4100 # as agreed\n# end\n")
        );
        assert_eq!(set(&after, "cell_max_mv", None), format!("{HEAD}# Ours.\n[charge]\n# end\n"));
    }

    #[test]
    fn a_new_value_comes_after_the_last_of_the_table_and_before_the_next_table() {
        let text =
            "[charge] # rules\nmatch_v = 5\n# about the bus\n\n[[bus]]\nname = \"cell_max_mv\"\n";
        let after = set(text, "cell_max_mv", Some(4100.5));
        let wanted = "[charge] # rules\nmatch_v = 5\ncell_max_mv = 4100.5\n# about the bus\n\n[[bus]]\nname = \"cell_max_mv\"\n";
        assert_eq!(after, wanted);
    }

    #[test]
    fn a_profile_without_the_table_gets_one() {
        for (text, end) in [("name = \"a\"", "\n"), ("name = \"a\"\r\n", "\r\n")] {
            let after = set(text, "current_max_a", Some(12.5));
            let wanted = ["name = \"a\"", "", "[charge]", "current_max_a = 12.5", ""].join(end);
            assert_eq!(after, wanted);
        }
        assert_eq!(set("name = \"a\"", "current_max_a", None), "name = \"a\"\n");
        assert_eq!(set("", "current_max_a", Some(1.0)), "\n[charge]\ncurrent_max_a = 1\n");
    }

    #[test]
    fn variables_stay_as_they_are_written() {
        let text = "base = ${BASE:-0x600}\nname = \"${NAME}\"\n[charge]\nmatch_v = ${MATCH}\n";
        let after = set(text, "match_v", Some(5.0));
        assert_eq!(after, text.replace("${MATCH}", "5"));
    }

    #[test]
    fn a_form_that_is_not_understood_is_refused_and_never_broken() {
        for text in [
            "charge = { cell_max_mv = 4100 }\n",
            "charge.cell_max_mv = 4100\n",
            "[charge]\n\"cell_max_mv\" = 4100\n",
            "['charge']\ncell_max_mv = 4100\n",
            "note = \"\"\"\n[charge]\ncell_max_mv = 1\n\"\"\"\n",
            "charge = 7\n",
            "[charge",
        ] {
            let refused = set_rule(text, "cell_max_mv", Some(4000.0));
            assert_eq!(refused, Err(EditError::Form("cell_max_mv".into())), "{text:?}");
        }
    }

    #[test]
    fn every_rule_can_be_set_to_its_bounds_and_read_back() {
        let text = write(&Profile::for_interface("can0").unwrap());
        for key in Key::ALL {
            let rule = key.rule();
            for value in [rule.least, rule.most, rule.usual] {
                let after = set(&text, rule.name, Some(value));
                let read = parse::parse(&after, &|_| None);
                // Some bounds are out of order with another rule, which is said, and not here.
                if let Ok(read) = read {
                    assert_eq!(read.profile.charge.get(*key), value, "{}", rule.name);
                }
                assert_eq!(set(&after, rule.name, None), text, "{}", rule.name);
            }
        }
    }
}
