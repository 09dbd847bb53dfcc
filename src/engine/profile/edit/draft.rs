//! A profile's text as something that is changed step by step while every other letter stays. Comments
//! stay where a person would look for them: what explains a whole section is kept when the first table
//! below it goes.

use toml_edit::{ArrayOfTables, DocumentMut, InlineTable, Item, Table, TableLike, Value};

use crate::engine::profile::edit::mask::Masked;
use crate::engine::profile::edit::plan::{Place, Step};

/// How lines end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LineEnd {
    Unix,
    Windows,
}

/// The text.
pub struct Draft {
    document: DocumentMut,
    masked: Masked,
    end: LineEnd,
}

impl Draft {
    /// `None` where it cannot be taken apart.
    pub fn new(text: &str) -> Option<Self> {
        let end = if text.contains("\r\n") { LineEnd::Windows } else { LineEnd::Unix };
        let masked = Masked::new(&text.replace("\r\n", "\n"))?;
        let document = masked.text.parse::<DocumentMut>().ok()?;
        Some(Self { document, masked, end })
    }

    /// As it is now.
    pub fn text(&self) -> String {
        let text = self.masked.uncover(&self.document.to_string());
        match self.end {
            LineEnd::Unix => text,
            LineEnd::Windows => text.replace('\n', "\r\n"),
        }
    }

    /// Does a step; `None` where it is written in a form that this does not take apart.
    pub fn take(&mut self, step: &Step) -> Option<()> {
        match step {
            Step::Set(place, key, value) => self.set(place, key, value),
            Step::Unset(place, key) => self.unset(place, key),
            Step::Push(kind, pairs) => self.push(kind, pairs),
            Step::Remove(kind, at) => self.remove(kind, *at),
        }
    }

    fn table(&mut self, place: &Place) -> Option<&mut dyn TableLike> {
        let root = self.document.as_table_mut();
        match place {
            Place::Root => Some(root),
            Place::Section(name) => root.get_mut(name)?.as_table_like_mut(),
            Place::One(kind, at) => one(root.get_mut(kind)?, *at),
            Place::Within(kind, at, key) => {
                one(root.get_mut(kind)?, *at)?.get_mut(key)?.as_table_like_mut()
            }
        }
    }

    fn set(&mut self, place: &Place, key: &str, text: &str) -> Option<()> {
        if let Place::Section(name) = place
            && !self.document.as_table().contains_key(name)
        {
            let mut table = self.last();
            table.insert(key, Item::Value(text.parse().ok()?));
            self.document.as_table_mut().insert(name, Item::Table(table));
            return Some(());
        }
        let mut value: Value = text.parse().ok()?;
        let table = self.table(place)?;
        match table.get_mut(key) {
            Some(Item::Value(old)) => {
                *value.decor_mut() = old.decor().clone();
                *old = value;
            }
            Some(Item::None | Item::Table(_) | Item::ArrayOfTables(_)) => return None,
            None => {
                table.insert(key, Item::Value(value));
            }
        }
        Some(())
    }

    fn unset(&mut self, place: &Place, key: &str) -> Option<()> {
        let table = self.table(place)?;
        let said = table.key(key)?.leaf_decor().prefix().and_then(|raw| raw.as_str());
        let said = said.unwrap_or_default().to_owned();
        let keys: Vec<String> = table.iter().map(|(key, _)| key.to_owned()).collect();
        let next = keys.iter().skip_while(|other| *other != key).nth(1).cloned();
        table.remove(key)?;
        if !said.contains('#') {
            return Some(());
        }
        // What was said above it is said above the next.
        let next = next.and_then(|next| {
            let is_value = table.get(&next).is_some_and(Item::is_value);
            table.key_mut(&next).filter(|_| is_value)
        });
        match next {
            Some(mut next) => {
                let own = next.leaf_decor().prefix().and_then(|raw| raw.as_str());
                let both = format!("{said}{}", own.unwrap_or_default());
                next.leaf_decor_mut().set_prefix(both);
            }
            None => {
                let position = self.position(place);
                self.say_behind(position, &said);
            }
        }
        Some(())
    }

    fn push(&mut self, kind: &'static str, pairs: &[(String, String)]) -> Option<()> {
        let root = self.document.as_table_mut();
        if let Some(Item::Value(Value::Array(list))) = root.get_mut(kind) {
            let mut inline = InlineTable::new();
            for (key, text) in pairs {
                inline.insert(key, text.parse().ok()?);
            }
            list.push(Value::InlineTable(inline));
            return Some(());
        }
        let is_new = !root.contains_key(kind);
        let behind = match root.get(kind) {
            Some(Item::ArrayOfTables(list)) => list.iter().last().map(greatest),
            Some(Item::None | Item::Value(_) | Item::Table(_)) => return None,
            None => None,
        };
        let is_last = is_new || behind.is_some_and(|own| own == greatest(self.document.as_table()));
        let mut table = if is_last { self.last() } else { Table::new() };
        if !is_last {
            // Next to its like: that is where it is looked for.
            table.set_position(None);
            table.decor_mut().set_prefix("\n");
        }
        for (key, text) in pairs {
            table.insert(key, Item::Value(text.parse().ok()?));
        }
        let list = self.document.as_table_mut();
        let list = list.entry(kind).or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
        list.as_array_of_tables_mut()?.push(table);
        Some(())
    }

    fn remove(&mut self, kind: &'static str, at: usize) -> Option<()> {
        let root = self.document.as_table_mut();
        let table = match root.get_mut(kind)? {
            Item::Value(Value::Array(list)) if at < list.len() => {
                list.remove(at);
                return Some(());
            }
            Item::ArrayOfTables(list) if at < list.len() => {
                let table = list.get(at)?.clone();
                list.remove(at);
                if list.is_empty() {
                    root.remove(kind);
                }
                table
            }
            Item::None | Item::Value(_) | Item::Table(_) | Item::ArrayOfTables(_) => return None,
        };
        let before = table.decor().prefix().and_then(|raw| raw.as_str()).unwrap_or_default();
        let (first, last) = (table.position().unwrap_or_default(), greatest(&table));
        // Comments right above its head go with it, unless they are right below something else.
        let stays = match before.rfind("\n\n") {
            Some(at) => before.get(..=at).unwrap_or_default(),
            None if before.starts_with('\n') => "",
            None => before,
        };
        // So do comments right below its last line, up to the first empty one.
        self.edit_behind(last.max(first), |next| {
            let own = next.find("\n\n").map(|at| at + 1).filter(|_| next.starts_with('#'));
            let rest = own.and_then(|at| next.get(at..)).unwrap_or(next);
            format!("{stays}{rest}")
        });
        Some(())
    }

    /// A table that comes after everything else: what stands at the end of the file stays before it.
    fn last(&mut self) -> Table {
        let trailing = self.document.trailing().as_str().unwrap_or_default().to_owned();
        self.document.set_trailing("");
        let mut table = Table::new();
        table.decor_mut().set_prefix(format!("{trailing}\n"));
        table.set_position(Some(greatest(self.document.as_table()) + 1));
        table
    }

    /// The position of the table at a place.
    fn position(&mut self, place: &Place) -> isize {
        let root = self.document.as_table();
        let table = match place {
            Place::Root => None,
            Place::Section(name) => root.get(name).and_then(Item::as_table),
            Place::One(kind, at) | Place::Within(kind, at, _) => {
                root.get(kind).and_then(Item::as_array_of_tables).and_then(|list| list.get(*at))
            }
        };
        table.and_then(Table::position).unwrap_or_default()
    }

    fn say_behind(&mut self, position: isize, said: &str) {
        self.edit_behind(position, |next| format!("{said}{next}"));
    }

    /// Changes what stands before the first table behind this position, or at the end of the file.
    fn edit_behind(&mut self, position: isize, edit: impl FnOnce(&str) -> String) {
        let next = positions(self.document.as_table());
        let next = next.into_iter().filter(|other| *other > position).min();
        match next.and_then(|next| table_with(self.document.as_table_mut(), next)) {
            Some(table) => {
                let own = table.decor().prefix().and_then(|raw| raw.as_str()).unwrap_or("\n");
                let edited = edit(own);
                table.decor_mut().set_prefix(edited);
            }
            None => {
                let own = self.document.trailing().as_str().unwrap_or_default();
                let edited = edit(own);
                self.document.set_trailing(edited);
            }
        }
    }
}

fn one(item: &mut Item, at: usize) -> Option<&mut dyn TableLike> {
    match item {
        Item::ArrayOfTables(list) => list.get_mut(at).map(|table| table as &mut dyn TableLike),
        Item::Value(Value::Array(list)) => {
            let table = list.get_mut(at)?.as_inline_table_mut()?;
            Some(table)
        }
        Item::None | Item::Value(_) | Item::Table(_) => None,
    }
}

/// The positions of a table's tables that have a head of their own.
fn positions(table: &Table) -> Vec<isize> {
    let mut all = Vec::new();
    for (_, item) in table.iter() {
        let children: Vec<&Table> = match item {
            Item::Table(child) => vec![child],
            Item::ArrayOfTables(list) => list.iter().collect(),
            Item::None | Item::Value(_) => Vec::new(),
        };
        for child in children {
            all.extend(child.position());
            all.extend(positions(child));
        }
    }
    all
}

/// The position of the last head in a table, its own included.
fn greatest(table: &Table) -> isize {
    positions(table).into_iter().chain(table.position()).max().unwrap_or_default()
}

fn table_with(table: &mut Table, position: isize) -> Option<&mut Table> {
    for (_, item) in table.iter_mut() {
        match item {
            Item::Table(child) => {
                if child.position() == Some(position) {
                    return Some(child);
                }
                if positions(child).contains(&position) {
                    return table_with(child, position);
                }
            }
            Item::ArrayOfTables(list) => {
                for child in list.iter_mut() {
                    if child.position() == Some(position) {
                        return Some(child);
                    }
                    if positions(child).contains(&position) {
                        return table_with(child, position);
                    }
                }
            }
            Item::None | Item::Value(_) => {}
        }
    }
    None
}
