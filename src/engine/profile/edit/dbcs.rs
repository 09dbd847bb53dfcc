//! Changes which DBC files a bus of a profile is read by, and leaves every other letter as it is.

use std::path::{Component, Path, PathBuf};

use toml::{Table, Value};

use super::{EditError, spaced};
use crate::engine::profile::expand::expand;
use crate::engine::profile::write::quote;

const KEY: &str = "dbc";

/// The text of the profile file `file` with `dbcs` for its bus number `bus`.
///
/// # Errors
/// The bus is written in a form that this does not take apart.
pub fn set_dbcs(
    text: &str,
    file: &Path,
    bus: usize,
    dbcs: &[PathBuf],
) -> Result<String, EditError> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let old = listed(text, bus).unwrap_or_default();
    let names: Vec<String> = dbcs
        .iter()
        .map(|dbc| match old.iter().find(|old| folder.join(old) == **dbc) {
            Some(same) => same.clone(),
            None => from_folder(folder, dbc).to_string_lossy().into_owned(),
        })
        .collect();
    if names == old {
        return Ok(text.to_owned());
    }
    let edited = edit(text, bus, &names);
    let form = || EditError::Bus(bus + 1);
    let edited = edited.ok_or_else(form)?;
    if says(text, &edited, bus, &names) { Ok(edited) } else { Err(form()) }
}

/// The way from `folder` to `file`, where they have a folder in common besides the root; else the
/// file's own path.
fn from_folder(folder: &Path, file: &Path) -> PathBuf {
    let (here, there): (Vec<_>, Vec<_>) =
        (folder.components().collect(), file.components().collect());
    let common = here.iter().zip(&there).take_while(|(a, b)| a == b).count();
    let named = here.iter().take(common).any(|part| matches!(part, Component::Normal(_)));
    let up = here.len() - common;
    if !(named || folder.as_os_str().is_empty()) || up > 2 {
        return file.to_owned();
    }
    let up = std::iter::repeat_n(Component::ParentDir, up);
    up.chain(there.into_iter().skip(common)).collect()
}

fn read(text: &str) -> Option<Table> {
    expand(text, &|_| Some("1".to_owned())).ok()?.parse::<Table>().ok()
}

fn bus_of(table: &mut Table, bus: usize) -> Option<&mut Table> {
    match table.get_mut("bus")?.as_array_mut()?.get_mut(bus)? {
        Value::Table(table) => Some(table),
        Value::String(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_)
        | Value::Array(_) => None,
    }
}

fn names(table: &Table) -> Option<Vec<String>> {
    let Some(list) = table.get(KEY) else { return Some(Vec::new()) };
    list.as_array()?.iter().map(|name| name.as_str().map(str::to_owned)).collect()
}

fn listed(text: &str, bus: usize) -> Option<Vec<String>> {
    names(bus_of(&mut read(text)?, bus)?)
}

fn says(before: &str, after: &str, bus: usize, wanted: &[String]) -> bool {
    let (Some(mut before), Some(mut after)) = (read(before), read(after)) else { return false };
    let (Some(old), Some(new)) = (bus_of(&mut before, bus), bus_of(&mut after, bus)) else {
        return false;
    };
    let given = names(new);
    old.remove(KEY);
    new.remove(KEY);
    given.as_deref() == Some(wanted) && before == after
}

fn edit(text: &str, bus: usize, names: &[String]) -> Option<String> {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    if let Some(last) = lines.last_mut()
        && !last.ends_with('\n')
    {
        last.push_str(end);
    }
    let header = |line: &&String| line.trim_start().starts_with('[');
    let is_bus = |line: &String| {
        let line = line.trim_start();
        line.strip_prefix("[[").and_then(|rest| rest.split_once("]]")).map(|(name, _)| name.trim())
            == Some("bus")
    };
    let begin = lines.iter().enumerate().filter(|(_, line)| is_bus(line)).nth(bus)?.0;
    let rest = lines.get(begin + 1..)?;
    let stop = rest.iter().position(|line| header(&line)).map_or(lines.len(), |at| begin + 1 + at);
    let quoted: Vec<String> = names.iter().map(|name| quote(name)).collect();
    let value = format!("[{}]", quoted.join(", "));
    let block = lines.get(begin + 1..stop)?;
    let key = |line: &String| line.split_once('=').map(|(key, _)| key.trim().to_owned());
    match block.iter().position(|line| key(line).as_deref() == Some(KEY)) {
        Some(at) => {
            let at = begin + 1 + at;
            let last = (at..stop).find(|last| {
                lines.get(at..=*last).is_some_and(|all| all.concat().parse::<Table>().is_ok())
            })?;
            let line = lines.get(at)?;
            let (key, rest) = line.split_once('=')?;
            let comment = rest
                .split_once(']')
                .and_then(|(_, rest)| rest.find('#').and_then(|at| rest.get(at..)));
            let comment = comment.map_or_else(String::new, |c| format!(" {}", c.trim_end()));
            let new = format!("{}= {value}{comment}{end}", spaced(key));
            drop(lines.splice(at..=last, [new]));
        }
        None => {
            let said = |line: &String| !line.trim().is_empty() && !line.trim().starts_with('#');
            let after = block.iter().rposition(said).map_or(begin, |at| begin + 1 + at);
            lines.insert(after + 1, format!("{KEY} = {value}{end}"));
        }
    }
    Some(lines.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str, bus: usize, files: &[&str]) -> Result<String, EditError> {
        let files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
        set_dbcs(text, Path::new("/data/profiles/a.toml"), bus, &files)
    }

    const TEXT: &str = "name = 'a'\n[[bus]] # first\nname = 'one'\naddress = 'virtual:a'\n# none yet\n\n[[bus]]\nname = 'two'\ndbc  = ['x.dbc'] # ours\naddress = 'virtual:b'\n";

    #[test]
    fn files_are_named_from_the_folder_of_the_profile_and_comments_stay() {
        let one = set(TEXT, 0, &["/data/dbc/car.dbc", "/other/b$.dbc"]).unwrap();
        let line =
            "address = 'virtual:a'\ndbc = [\"../dbc/car.dbc\", \"/other/b$$.dbc\"]\n# none yet\n";
        assert!(one.contains(line), "{one}");
        let two = set(TEXT, 1, &["/data/profiles/x.dbc", "/data/dbc/car.dbc"]).unwrap();
        assert!(two.contains("dbc  = [\"x.dbc\", \"../dbc/car.dbc\"] # ours\n"), "{two}");
        assert!(set(TEXT, 1, &[]).unwrap().contains("dbc  = [] # ours\n"));
        assert_eq!(set(TEXT, 1, &["/data/profiles/x.dbc"]).unwrap(), TEXT);
    }

    #[test]
    fn a_list_over_several_lines_is_replaced_as_a_whole() {
        let text =
            "[[bus]]\nname = 'one'\ndbc = [\n  'a.dbc', # old\n  'b.dbc',\n]\naddress = 'x'\n";
        let after = set(text, 0, &["/data/dbc/c.dbc"]).unwrap();
        assert_eq!(after, "[[bus]]\nname = 'one'\ndbc = [\"../dbc/c.dbc\"]\naddress = 'x'\n");
    }

    #[test]
    fn a_form_that_is_not_understood_is_refused_and_never_broken() {
        for text in ["bus = [{ name = 'one' }]\n", "[[bus]]\n\"dbc\" = ['x']\n", "name = 1\n", "[["]
        {
            let refused = set(text, 0, &["/data/dbc/c.dbc"]).unwrap_err();
            assert!(refused.to_string().starts_with("bus 1 of the profile is written in a way"));
        }
    }
}
