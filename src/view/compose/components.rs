//! Composes adding and changing components: the kinds there are, the form of one, and what can be done
//! with those of the running profile. Whether something may be typed is the engine's form to say.

mod dependents;
pub mod draft;

pub use dependents::dependents;

use crate::base::id::Name;
use crate::engine::{
    Catalog, Category, ChangeSettings, ComponentEntry, ComponentForm as Form, DeviceKind,
    FieldGroup as Heading, FieldNeed, FormField, FormWrong, Profile, Revision, Session,
    SettingShape, Snapshot, Typed,
};
use crate::view::components::{
    ComponentForm, ComponentOffers, DraftOf, FieldGroup, FieldView, Input, KindGroup, KindView,
    KindsView, PartsPrefs, PartsSeen, Switch, USUAL,
};
use crate::view::compose::parts::parts;
use crate::view::compose::users::sentence;
use crate::view::compose::{custom, discovery};
use crate::view::discovery::DiscoverIn;
use crate::view::offer::{Grave, Offer, Question};
use crate::view::shown::{Note, Tone};

/// Which form is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted<'a> {
    /// That of a new component of the kind with this id.
    New(&'a str),
    /// That of the component of this name.
    Known(&'a str),
}

impl<'a> Wanted<'a> {
    /// What a draft is of.
    #[must_use]
    pub fn of(draft: &'a DraftOf) -> Self {
        match draft {
            DraftOf::New(kind) => Self::New(kind),
            DraftOf::Known(name) => Self::Known(name),
        }
    }
}

/// The Parts page with whatever is looked at there.
#[must_use]
pub fn seen(snapshot: &Snapshot, session: &Session, prefs: &PartsPrefs) -> PartsSeen {
    let view = parts(snapshot, session);
    match prefs {
        PartsPrefs::List => PartsSeen { view, ..PartsSeen::default() },
        PartsPrefs::Discover(wanted) => {
            let bus = match wanted {
                DiscoverIn::Bus(bus) => bus,
                // Whoever has recordings open puts what is in them in its place.
                DiscoverIn::Log(_) => "",
            };
            let discovery = discovery::discovery(snapshot, session, bus);
            PartsSeen { view, discovery, ..PartsSeen::default() }
        }
        PartsPrefs::Own => {
            let own = custom::own_devices(snapshot, session);
            PartsSeen { view, own, ..PartsSeen::default() }
        }
        PartsPrefs::Kinds(search) => {
            let kinds = kinds(snapshot, session, search);
            PartsSeen { view, kinds, ..PartsSeen::default() }
        }
        PartsPrefs::Form(draft) => {
            let form = form(snapshot, session, Wanted::of(&draft.of), draft.typed.as_ref());
            PartsSeen { view, form: Some(form), ..PartsSeen::default() }
        }
    }
}

/// What is wrong with one field, and all of them.
pub type Wrongs = Vec<FormWrong>;

/// What stands above the kinds of a category.
#[must_use]
pub const fn category_title(category: Category) -> &'static str {
    match category {
        Category::Battery => "Battery management systems",
        Category::Charger => "Chargers and supplies",
        Category::MotorController => "Motor controllers",
        Category::Solar => "Solar",
        Category::Sensor => "Sensors",
        Category::DriverControls => "Driver controls",
        Category::Custom => "Custom",
    }
}

/// Why nothing of the running profile can be changed by `session`.
fn why_not(snapshot: &Snapshot, session: &Session) -> Option<String> {
    let denied = session.permit(ChangeSettings).err().map(|denied| sentence(&denied.to_string()));
    let none = || snapshot.profile.is_none().then(|| "No profile runs: open one first.".to_owned());
    denied.or_else(none)
}

fn offer(label: &str, why_not: Option<&String>) -> Offer {
    match why_not {
        None => Offer::open(label),
        Some(why) => Offer::shut(label, why),
    }
}

/// The kinds of device in which every word of `search` is found, by category.
#[must_use]
pub fn kinds(snapshot: &Snapshot, session: &Session, search: &str) -> KindsView {
    let words: Vec<String> = search.split_whitespace().take(16).map(str::to_lowercase).collect();
    let mut groups: Vec<KindGroup> = Vec::new();
    for category in CATEGORIES {
        let kinds: Vec<KindView> = snapshot
            .catalog
            .iter()
            .filter(|kind| kind.manifest.category == category && fits(kind, &words))
            .map(|kind| kind_view(snapshot, kind))
            .collect();
        if !kinds.is_empty() {
            groups.push(KindGroup { title: category_title(category).to_owned(), kinds });
        }
    }
    let empty = match groups.is_empty() {
        true => format!(
            "No kind of device has \u{201c}{}\u{201d} in its name, maker or description. Search for less \
             of it.",
            search.trim().chars().take(60).collect::<String>()
        ),
        false => String::new(),
    };
    let add = offer("Add\u{2026}", why_not(snapshot, session).as_ref());
    KindsView { search: search.to_owned(), groups, empty, add }
}

/// The categories in the order in which they stand.
const CATEGORIES: [Category; 7] = Category::ALL;

fn fits(kind: &DeviceKind, words: &[String]) -> bool {
    let manifest = &kind.manifest;
    let category = category_title(manifest.category);
    let all = [&manifest.title, &manifest.maker, &manifest.summary, &manifest.id, category];
    let all = all.map(str::to_lowercase);
    words.iter().all(|word| all.iter().any(|text| text.contains(word)))
}

fn kind_view(snapshot: &Snapshot, kind: &DeviceKind) -> KindView {
    let manifest = &kind.manifest;
    let of_it = |profile: &Profile| {
        profile.components.iter().filter(|entry| entry.kind == manifest.id).count()
    };
    KindView {
        id: manifest.id.clone(),
        title: manifest.title.clone(),
        maker: manifest.maker.clone(),
        summary: manifest.summary.clone(),
        there: match said(snapshot).map_or(0, of_it) {
            0 => String::new(),
            count => format!("{count} in this profile"),
        },
    }
}

/// What the running profile says.
fn said(snapshot: &Snapshot) -> Option<&Profile> {
    snapshot.profile.as_ref().map(|profile| &*profile.said)
}

/// The component `name` of the running profile, listened to or not.
#[must_use]
pub fn entry_of<'s>(snapshot: &'s Snapshot, name: &str) -> Option<&'s ComponentEntry> {
    said(snapshot)?.components.iter().find(|entry| entry.name.as_str() == name)
}

/// The components that the running profile names, listened to or not.
#[must_use]
pub fn entries(snapshot: &Snapshot) -> &[ComponentEntry] {
    said(snapshot).map_or(&[][..], |profile| &profile.components)
}

/// Adding a component to the running profile.
#[must_use]
pub fn adding(snapshot: &Snapshot, session: &Session) -> Offer {
    offer("Add component\u{2026}", why_not(snapshot, session).as_ref())
}

/// The kind, and the component that it is already, which a form is about.
///
/// # Errors
/// There is none (any more).
fn about<'s>(
    catalog: &'s Catalog,
    profile: &'s Profile,
    wanted: Wanted<'_>,
) -> Result<(&'s std::sync::Arc<DeviceKind>, Option<&'s Name>), String> {
    let none = |what: &str, which: &str| {
        let which: String = which.chars().take(64).collect();
        format!("There is no {what} \u{201c}{which}\u{201d}.")
    };
    match wanted {
        Wanted::New(id) => {
            let kind = catalog.find(id).ok_or_else(|| none("kind of device", id))?;
            Ok((kind, None))
        }
        Wanted::Known(name) => {
            let entry = profile.components.iter().find(|entry| entry.name.as_str() == name);
            let entry = entry.ok_or_else(|| none("component", name))?;
            let kind =
                catalog.find(&entry.kind).ok_or_else(|| none("kind of device", &entry.kind))?;
            Ok((kind, Some(&entry.name)))
        }
    }
}

/// The form with what was typed into it; none typed: as it stands at first.
///
/// # Errors
/// There is nothing of that name, or no profile runs.
pub fn form(
    snapshot: &Snapshot,
    session: &Session,
    wanted: Wanted<'_>,
    typed: Option<&Typed>,
) -> Result<ComponentForm, String> {
    let profile = said(snapshot).ok_or("No profile runs: open one first.")?;
    let (kind, old) = about(&snapshot.catalog, profile, wanted)?;
    let form = Form { kind, profile, old, catalog: &snapshot.catalog };
    let first = form.first();
    let text = typed.unwrap_or(&first);
    let checked = form.check(text);
    let manifest = &kind.manifest;
    let fields = form.fields();
    // Nobody has typed anything wrong into a form that nobody has touched.
    let wrong: &[FormWrong] = if typed.is_some() { &checked.wrong } else { &[] };
    let known = |wrong: &&FormWrong| fields.iter().any(|field| field.rule.name == wrong.field);
    let loose = wrong.iter().filter(|one| !known(one)).map(|one| (Tone::Fault, one.text.clone()));
    let odd = checked.odd.iter().map(|text| (Tone::Warning, text.clone()));
    let remarks = loose.chain(odd).map(|(tone, text)| Note { tone, text, closable: false });
    let (title, label) = match old {
        None => (format!("Add {}", manifest.title), "Add component"),
        Some(name) => (format!("Edit {name}"), "Save"),
    };
    Ok(ComponentForm {
        title,
        kind: manifest.id.clone(),
        kind_title: format!("{}, {}", manifest.title, manifest.maker),
        summary: manifest.summary.clone(),
        notes: manifest.notes.iter().map(|n| (n.about.clone(), n.text.clone())).collect(),
        old: old.map_or_else(String::new, ToString::to_string),
        revision: revision(snapshot),
        groups: groups(&fields, (text, &first), wrong),
        remarks: remarks.collect(),
        save: offer(label, why_not(snapshot, session).as_ref()),
        wrong: wrong.len(),
    })
}

/// The version of the running profile that something is changed on.
#[must_use]
pub fn revision(snapshot: &Snapshot) -> String {
    let text = snapshot.profile.as_ref().and_then(|profile| profile.text.as_deref());
    text.map_or_else(String::new, |text| Revision::of(text).to_string())
}

fn groups(fields: &[FormField], texts: (&Typed, &Typed), wrong: &[FormWrong]) -> Vec<FieldGroup> {
    let shown = |group: Heading| {
        let fields = fields.iter().filter(|field| field.group == group);
        let fields = fields.map(|field| field_view(field, texts, wrong)).collect();
        FieldGroup { title: group.title().to_owned(), fields }
    };
    let groups = Heading::ALL.into_iter().map(shown);
    groups.filter(|group| !group.fields.is_empty()).collect()
}

/// A field with what was typed into it, and what stands there at first.
fn field_view(
    field: &FormField,
    (typed, first): (&Typed, &Typed),
    wrong: &[FormWrong],
) -> FieldView {
    let rule = &field.rule;
    let usual = match field.need {
        FieldNeed::Always => String::new(),
        FieldNeed::MayBeEmpty => format!("{USUAL}{}", field.usual),
    };
    let input = match &rule.shape {
        SettingShape::Text => Input::Text,
        SettingShape::Integer { range, .. } => {
            let shown = |end: i64| rule.show(&crate::engine::SettingValue::Integer(end));
            Input::Number { least: shown(*range.start()), most: shown(*range.end()) }
        }
        SettingShape::Number { range } => {
            Input::Number { least: range.start().to_string(), most: range.end().to_string() }
        }
        SettingShape::Choice(choices) => {
            let choices = choices.iter().map(|one| (one.value.clone(), one.title.clone()));
            Input::Choice(with_usual(&usual, choices))
        }
        SettingShape::Switch => {
            let both = ["on", "off"].map(|word| (word.to_owned(), word.to_owned()));
            Input::Choice(with_usual(&usual, both.into_iter()))
        }
    };
    FieldView {
        name: rule.name.clone(),
        title: rule.title.clone(),
        unit: rule.unit.clone(),
        text: typed.get(&rule.name).cloned().unwrap_or_default(),
        stands: first.get(&rule.name).cloned().unwrap_or_default(),
        usual,
        possible: rule.possible(),
        help: rule.help.clone(),
        word: rule.shape.word(),
        input,
        wrong: wrong.iter().find(|one| one.field == rule.name).map(|one| one.text.clone()),
    }
}

/// The choices, with the one that stands for what is usual before them.
fn with_usual(
    usual: &str,
    choices: impl Iterator<Item = (String, String)>,
) -> Vec<(String, String)> {
    let first = (!usual.is_empty()).then(|| (String::new(), usual.to_owned()));
    first.into_iter().chain(choices).collect()
}

/// The component that was typed, to be put into the running profile.
///
/// # Errors
/// What is wrong, by field; one that is not about a field has an empty name.
pub fn entry(
    snapshot: &Snapshot,
    wanted: Wanted<'_>,
    typed: &Typed,
) -> Result<(Option<Name>, ComponentEntry), Wrongs> {
    let loose = |text: String| vec![FormWrong { field: String::new(), text }];
    let profile = said(snapshot).ok_or_else(|| loose("No profile runs: open one first.".into()))?;
    let (kind, old) = about(&snapshot.catalog, profile, wanted).map_err(loose)?;
    let checked = Form { kind, profile, old, catalog: &snapshot.catalog }.check(typed);
    checked.entry.map(|entry| (old.cloned(), entry)).ok_or(checked.wrong)
}

/// What is wrong with one field as it is typed, everything else being as `typed` says.
#[must_use]
pub fn wrong_field(
    snapshot: &Snapshot,
    wanted: Wanted<'_>,
    typed: &Typed,
    field: &str,
) -> Option<String> {
    let wrong = entry(snapshot, wanted, typed).err()?;
    wrong.into_iter().find(|one| one.field == field).map(|one| one.text)
}

/// How a component comes back that was deleted.
#[must_use]
pub fn way_back(snapshot: &Snapshot) -> &'static str {
    match snapshot.profile.as_ref().and_then(|profile| profile.file.as_ref()) {
        Some(_) => "An earlier version of the profile brings it back.",
        None => {
            "This profile is in no file and has no versions: only adding it again brings it back."
        }
    }
}

/// What can be done with the components of the running profile, in its order.
#[must_use]
pub fn offers(snapshot: &Snapshot, session: &Session) -> Vec<ComponentOffers> {
    let why_not = why_not(snapshot, session);
    let one = |entry: &ComponentEntry| {
        let name = entry.name.as_str();
        let needed = dependents(snapshot, name);
        let why_not = why_not.as_ref().or(needed.why_not.as_ref());
        let label = if entry.enabled { "Disable" } else { "Enable" };
        let lines = needed.lines.join(" ");
        let text = format!("{name} is taken out of the profile. {lines} {}", way_back(snapshot));
        ComponentOffers {
            name: name.to_owned(),
            edit: offer("Edit\u{2026}", why_not),
            switch: offer(label, why_not),
            switches: if entry.enabled { Switch::Disable } else { Switch::Enable },
            delete: Grave {
                offer: offer("Delete\u{2026}", why_not),
                question: Question {
                    title: format!("Delete {name}?"),
                    text: text.split_whitespace().collect::<Vec<_>>().join(" "),
                    confirm: format!("Delete {name}"),
                },
            },
        }
    };
    entries(snapshot).iter().map(one).collect()
}
