//! The form of a component: which fields its kind has, what may stand in them, and what the component
//! comes to that is made of what was typed. One check for every face, made of the rules that the folder
//! of the kind declares and of those that hold for every component. Knows no face and changes nothing.

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use self::common::{base_text, common, listed_base, read_common};
use crate::base::id::Name;
use crate::base::problem::Severity;
use crate::engine::can::address::Address;
use crate::engine::device::{
    AddressWay, BindError, Catalog, Kind, SettingRule, SettingValue, Settings,
};
use crate::engine::profile::check;
use crate::engine::profile::model::{ComponentEntry, Profile};

/// What was typed, by the names of the fields. A field that is empty or not there has its usual value.
pub type Typed = BTreeMap<String, String>;

/// Longest text of a field that is looked at.
const LONGEST: usize = 1000;

/// A field of the form.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name, type, unit, range and help.
    pub rule: SettingRule,
    /// Under which heading it stands.
    pub group: Group,
    /// Whether it may be empty.
    pub need: Need,
    /// What holds where it is empty, in words.
    pub usual: String,
}

/// A heading of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// What it is called and where it is.
    Place,
    /// How a battery is wired.
    Battery,
    /// What a charger can give.
    Rating,
    /// What its kind lets it set.
    Own,
    /// When its data is too old.
    Ages,
    /// What its values should stay within.
    Limits,
}

/// Whether something must stand in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It must.
    Always,
    /// It may be empty: then what is usual holds.
    MayBeEmpty,
}

/// Something that is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Its name.
    pub field: String,
    /// What and why, a sentence.
    pub text: String,
}

/// What the check of a form found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checked {
    /// The component; none where something is wrong.
    pub entry: Option<ComponentEntry>,
    /// What is wrong, in the order of the fields.
    pub wrong: Vec<Wrong>,
    /// What is odd about it, though it can be: ids that another component claims too.
    pub odd: Vec<String>,
}

/// The form of a component of one kind in one profile.
#[derive(Clone, Debug)]
pub struct Form<'a> {
    /// What it is.
    pub kind: &'a Arc<Kind>,
    /// The profile that it is to be in.
    pub profile: &'a Profile,
    /// The component that is edited, by the name that it has in the profile; none: a new one.
    pub old: Option<&'a Name>,
    /// The kinds of device there are.
    pub catalog: &'a Catalog,
}

impl Group {
    /// All of them, in the order in which they stand.
    pub const ALL: [Self; 6] =
        [Self::Place, Self::Battery, Self::Rating, Self::Own, Self::Ages, Self::Limits];

    /// What stands above its fields.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Place => "Name and place",
            Self::Battery => "Battery",
            Self::Rating => "What it can give",
            Self::Own => "Settings of its kind",
            Self::Ages => "Age of its data",
            Self::Limits => "Limits",
        }
    }
}

impl Form<'_> {
    /// Its fields, in the order in which they stand.
    #[must_use]
    pub fn fields(&self) -> Vec<Field> {
        let mut fields = common(self.kind, self.profile);
        fields.extend(self.kind.manifest.settings.iter().map(|rule| Field {
            rule: rule.clone(),
            group: Group::Own,
            need: Need::MayBeEmpty,
            usual: rule.in_words(&rule.default),
        }));
        // The sort is stable: within a group they stand as they were declared.
        fields.sort_by_key(|field| field.group);
        fields
    }

    /// What stands in the fields at first: of the component that is edited, or of a new one with a name
    /// that is free and the first bus that fits.
    #[must_use]
    pub fn first(&self) -> Typed {
        match self.entry() {
            Some(entry) => typed(entry, self.kind),
            None => {
                let mut first = Typed::new();
                first.insert("name".to_owned(), self.free_name());
                let Some(bus) = common::fitting(self.kind, self.profile).next() else {
                    return first;
                };
                first.insert("bus".to_owned(), bus.name.to_string());
                if let Some(base) = self.free_base(&bus.name) {
                    first.insert("base".to_owned(), base_text(self.kind, base));
                }
                first
            }
        }
    }

    /// An address on `bus` where it meets no other component; none where that is its usual one, or
    /// there is none.
    fn free_base(&self, bus: &Name) -> Option<u32> {
        let address = &self.kind.manifest.address;
        let is_free = |base: u32| {
            let Ok(name) = Name::new("new") else { return false };
            let entry = ComponentEntry::new(name, &self.kind.manifest.id, bus.clone()).at(base);
            let Ok(device) = self.kind.bind(entry.settings(self.kind)) else { return false };
            let others = self.profile.components.iter().filter(|other| other.enabled);
            check::overlaps_with(&entry, &device, others, self.catalog).is_empty()
        };
        if address.way == AddressWay::Text || is_free(address.default) {
            return None;
        }
        let (step, most) = (address.step.max(1), 2048 / address.step.max(1));
        let steps = (1..=most).map(|at| address.default.wrapping_add(at * step) % 2048);
        let stepped = steps.filter(|_| address.choices.is_empty());
        let mut all = address.choices.iter().copied().chain(stepped);
        all.find(|base| is_free(*base))
    }

    /// The component that is edited.
    fn entry(&self) -> Option<&ComponentEntry> {
        let old = self.old?;
        self.profile.components.iter().find(|component| component.name == *old)
    }

    /// A name that no component of the profile has.
    fn free_name(&self) -> String {
        // What no name may hold is left out: "Elcon / TC charger" is a title.
        let fits = |c: &char| !c.is_control() && !"/\\:*?\"<>|".contains(*c);
        let title: String = self.kind.manifest.title.chars().filter(fits).take(56).collect();
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        let title = title.trim_matches('.');
        let taken = |name: &str| self.profile.components.iter().any(|c| c.name.as_str() == name);
        let numbered = |number: usize| match number {
            1 => title.to_owned(),
            number => format!("{title} {number}"),
        };
        let most = self.profile.components.len() + 1;
        (1..=most).map(numbered).find(|name| !taken(name)).unwrap_or_default()
    }

    /// What is wrong with one field by itself, as it is typed; none where nothing is.
    #[must_use]
    pub fn check_field(&self, name: &str, text: &str) -> Option<String> {
        let mut typed = self.first();
        typed.insert(name.to_owned(), text.to_owned());
        let wrong = self.check(&typed).wrong;
        wrong.into_iter().find(|wrong| wrong.field == name).map(|wrong| wrong.text)
    }

    /// Checks what was typed.
    #[must_use]
    pub fn check(&self, typed: &Typed) -> Checked {
        let fields = self.fields();
        let mut wrong = Vec::new();
        let mut values = BTreeMap::new();
        for field in &fields {
            let mut text = typed.get(&field.rule.name).map_or("", |text| text.trim()).to_owned();
            if field.rule.name == "base" {
                text = listed_base(self.kind, &text);
            }
            match field.read(&text) {
                Ok(Some(value)) => {
                    values.insert(field.rule.name.clone(), value);
                }
                Ok(None) => {}
                Err(text) => wrong.push(Wrong { field: field.rule.name.clone(), text }),
            }
        }
        wrong.extend(self.wrong_base(&values));
        for name in typed.keys() {
            if !fields.iter().any(|field| field.rule.name == *name) {
                let name: String = name.chars().take(40).collect();
                let title = &self.kind.manifest.title;
                let text = format!("{title} has no setting \u{201c}{name}\u{201d}.");
                wrong.push(Wrong { field: name, text });
            }
        }
        let entry = read_common(self.kind, &mut values, &mut wrong);
        let enabled = self.entry().is_none_or(|old| old.enabled);
        let entry = entry.map(|entry| ComponentEntry { settings: values, enabled, ..entry });
        let entry = entry.filter(|_| wrong.is_empty());
        let odd = entry.as_ref().map_or_else(Vec::new, |entry| self.fits(entry, &mut wrong));
        let place = |wrong: &Wrong| fields.iter().position(|f| f.rule.name == wrong.field);
        wrong.sort_by_key(|wrong| place(wrong).unwrap_or(usize::MAX));
        Checked { entry: entry.filter(|_| wrong.is_empty()), wrong, odd }
    }

    /// What is wrong with the address, whatever else is typed.
    fn wrong_base(&self, values: &BTreeMap<String, SettingValue>) -> Option<Wrong> {
        let base = common::base_of(values.get("base")?)?;
        let settings = Settings { base, ..self.kind.defaults() };
        let text = sentence(&self.kind.bind(settings).err()?.to_string());
        Some(Wrong { field: "base".to_owned(), text })
    }

    /// Whether the component can be in its profile; gives what is odd.
    fn fits(&self, entry: &ComponentEntry, wrong: &mut Vec<Wrong>) -> Vec<String> {
        let mut say = |field: &str, text: String| {
            wrong.push(Wrong { field: field.to_owned(), text });
        };
        let all = || self.profile.components.iter().filter(|c| Some(&c.name) != self.old);
        if all().any(|other| other.name == entry.name) {
            say(
                "name",
                format!("There is already a component named \u{201c}{}\u{201d}.", entry.name),
            );
        }
        let others = || all().filter(|other| other.enabled);
        let device = match self.kind.bind(entry.settings(self.kind)) {
            Ok(device) => device,
            Err(error) => {
                let field = match &error {
                    BindError::NotAMultiple { .. }
                    | BindError::OutOfRange { .. }
                    | BindError::NotAChoice { .. } => "base",
                    BindError::Strings { .. } => "strings",
                    BindError::Setting { name, .. } => name,
                    BindError::Schema { .. } => "name",
                };
                say(field, sentence(&error.to_string()));
                return Vec::new();
            }
        };
        let Some(bus) = self.profile.buses.iter().find(|bus| bus.name == entry.bus) else {
            say("bus", format!("There is no bus {}.", entry.bus));
            return Vec::new();
        };
        let is_text = matches!(bus.address, Address::Tcp { .. });
        let title = &self.kind.manifest.title;
        match (self.kind.manifest.address.way == AddressWay::Text, is_text) {
            (true, false) => say("bus", format!("{title} speaks text: its bus is tcp:HOST:PORT.")),
            (false, true) => say("bus", format!("{title} needs a bus that carries frames.")),
            (true, true) if others().any(|other| other.bus == entry.bus) => {
                say("bus", format!("{} is one supply, and it is taken already.", bus.address));
            }
            (true, true) | (false, false) => {}
        }
        let mut odd = Vec::new();
        for (severity, text) in check::overlaps_with(entry, &device, others(), self.catalog) {
            match severity {
                Severity::Error => say("base", sentence(&text)),
                Severity::Warning | Severity::Note => odd.push(sentence(&text)),
            }
        }
        odd
    }
}

impl Field {
    /// What was typed into it; none where it is empty and may be.
    fn read(&self, text: &str) -> Result<Option<SettingValue>, String> {
        let title = &self.rule.title;
        match (text.is_empty(), self.need) {
            (true, Need::MayBeEmpty) => Ok(None),
            (true, Need::Always) => Err(format!("{title} is missing.")),
            (false, _) if text.len() > LONGEST => Err(format!("{title} is far too long.")),
            (false, Need::Always | Need::MayBeEmpty) => {
                self.rule.read(text).map(Some).map_err(|why| sentence(&why))
            }
        }
    }
}

/// What stands in the fields of a component as it is.
#[must_use]
pub fn typed(entry: &ComponentEntry, kind: &Kind) -> Typed {
    let mut typed = common::typed(entry, kind);
    for (name, value) in &entry.settings {
        let rule = kind.manifest.settings.iter().find(|rule| rule.name == *name);
        // One that the kind does not have (any more) has no field, and goes with the next change.
        if let Some(rule) = rule {
            typed.insert(name.clone(), rule.show(value));
        }
    }
    typed
}

/// A sentence with its beginning and its end.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", chars.as_str())
}

#[cfg(test)]
mod tests;
