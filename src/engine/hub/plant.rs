//! The running plant: the buses and components of one profile, which frame goes to which component,
//! and what they look like at a moment.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use crate::base::id::{BusId, ComponentId, Name};
use crate::base::reading::Patience;
use crate::base::time::{Mono, Timebase};
use crate::engine::can::bus::BusStatus;
use crate::engine::can::frame::{Direction, FrameRef, Frames};
use crate::engine::charge::Rules;
use crate::engine::device::{
    AddressWay, BindError, Catalog, Category, Device, Fact, Kind, Switching,
};
use crate::engine::hub::bus::{Bus, StatusChange};
use crate::engine::hub::controllers::Controllers;
use crate::engine::hub::decoders::{Decoders, Source};
use crate::engine::hub::event::BusPlan;
use crate::engine::hub::hand::Hands;
use crate::engine::hub::limits;
use crate::engine::orders::dbc::{AssignDbcs, BusDbc};
use crate::engine::orders::plant::ActivateProfile;
use crate::engine::pack::{
    Charger, DriverControls, Pack, PackSettings, Part, together, usual_patience,
};
use crate::engine::profile::edit::{Change, EditError, apply};
use crate::engine::profile::expand::environment;
use crate::engine::profile::message::MessageEntry;
use crate::engine::profile::model::{ComponentEntry, Limits, Profile, RecorderEntry};
use crate::engine::profile::write::write;
use crate::engine::snapshot::{
    BusPicture, ComponentPicture, GroupPicture, ModelPicture, OwnMessage, ProfilePicture,
};

/// Why a profile cannot run. What only makes it odd is a problem of the plant instead.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PlantError {
    /// A component of a kind that is not known.
    #[error("component {component} is of the unknown kind {kind:?}")]
    UnknownKind {
        /// The component.
        component: Name,
        /// What it says.
        kind: String,
    },
    /// A component on a bus that is not there.
    #[error("component {component} is on the bus {bus}, which the profile does not have")]
    UnknownBus {
        /// The component.
        component: Name,
        /// What it says.
        bus: Name,
    },
    /// A component with settings that its kind cannot have.
    #[error("component {component}: {error}")]
    Bind {
        /// The component.
        component: Name,
        /// What is wrong.
        error: BindError,
    },
}

/// The buses and components of a running profile.
pub(super) struct Plant {
    profile: Option<ProfilePicture>,
    pub(super) buses: Vec<Bus>,
    pub(super) components: Vec<Component>,
    groups: Vec<(Name, Vec<ComponentId>)>,
    /// All packs, those of a single BMS too.
    pub(super) packs: Vec<(Name, Vec<ComponentId>)>,
    /// The rules that it charges by.
    pub(super) rules: Rules,
    /// The messages that it keeps.
    pub(super) messages: Arc<[MessageEntry]>,
    /// What it records by itself.
    pub(super) recorders: Vec<RecorderEntry>,
    /// What was planned for its buses before anything was known of them.
    pub(super) plans: Vec<BusPlan>,
    decoders: Arc<Decoders>,
    facts: Vec<Fact>,
}

pub(super) struct Component {
    pub(super) entry: ComponentEntry,
    pub(super) kind: Arc<Kind>,
    pub(super) bus: BusId,
    pub(super) device: Device,
    pub(super) model: Model,
    /// What its folder wants shown besides what its model tells.
    part: Part,
    /// How long its kind may usually be silent.
    usual: Patience,
    messages: Arc<[OwnMessage]>,
}

pub(super) enum Model {
    Bms(Box<Pack>),
    Charger(Box<Charger>),
    DriverControls(Box<DriverControls>),
    /// Described by its folder alone.
    Part,
}

impl Plant {
    /// Nothing.
    pub(super) fn empty() -> Self {
        Self {
            profile: None,
            buses: Vec::new(),
            components: Vec::new(),
            groups: Vec::new(),
            packs: Vec::new(),
            rules: Rules::default(),
            messages: Arc::default(),
            recorders: Vec::new(),
            plans: Vec::new(),
            decoders: Arc::default(),
            facts: Vec::new(),
        }
    }

    /// The plant of an order's profile.
    pub(super) fn build(order: ActivateProfile, catalog: &Catalog) -> Result<Self, PlantError> {
        let ActivateProfile { profile, file, dbcs, problems, text } = order;
        // One that is in no file is edited like one that is.
        let text = text.unwrap_or_else(|| write(&profile).into());
        let components: Result<Vec<Component>, PlantError> = profile
            .components
            .iter()
            .filter(|entry| entry.enabled)
            .map(|entry| Component::build(entry, &profile, catalog))
            .collect();
        let components = components?;
        let mut buses: Vec<Bus> = profile.buses.iter().cloned().map(Bus::new).collect();
        let mut decoders = Decoders::new(buses.len());
        // An id that several claim belongs to the one that claims least: a solar tracker within the
        // block of a BMU with few modules is itself, and not a module.
        let mut order: Vec<(usize, &Component)> = components.iter().enumerate().collect();
        order.sort_by_key(|(_, component)| component.device.claimed());
        for (at, component) in order {
            if let Some(bus) = buses.get_mut(usize::from(component.bus.0)) {
                bus.route(ComponentId(at as u16), &component.device.claims());
            }
            let name = Source::Device(component.entry.name.clone());
            decoders.add_from(component.bus, name, Arc::clone(component.device.codec()));
        }
        watch_keys(&mut buses, &components);
        for (bus, dbc) in dbcs {
            decoders.add_from(bus, Source::of(&dbc), dbc.codec);
        }
        let (name, text) = (profile.name.clone(), Some(text));
        let said = Arc::new(profile.clone());
        let picture = ProfilePicture { name, file, problems, text, said };
        let packs = packs(&components);
        let several = |(_, members): &&(Name, Vec<ComponentId>)| members.len() > 1;
        let mut plant = Self {
            groups: packs.iter().filter(several).cloned().collect(),
            packs,
            rules: profile.charge,
            messages: profile.messages.into(),
            recorders: profile.recorders,
            plans: Vec::new(),
            profile: Some(picture),
            buses,
            components,
            decoders: Arc::new(decoders),
            facts: Vec::with_capacity(8),
        };
        plant.plans = plant.bus_plans();
        Ok(plant)
    }

    /// The file that the profile is kept in.
    pub(super) fn file(&self) -> Option<PathBuf> {
        self.profile.as_ref()?.file.clone()
    }

    /// What the profile says, and what it would say with a change.
    pub(super) fn edited(&self, change: &Change) -> Result<(Arc<str>, Arc<str>), EditError> {
        let picture = self.profile.as_ref();
        let before = picture.and_then(|picture| picture.text.clone()).unwrap_or_default();
        let file = picture.and_then(|picture| picture.file.as_deref()).unwrap_or(Path::new(""));
        let text = apply(&before, file, std::slice::from_ref(change), &environment)?;
        Ok((before, text.into()))
    }

    /// The profile says this from now on.
    pub(super) fn say(&mut self, text: Arc<str>) {
        if let Some(profile) = &mut self.profile {
            profile.text = Some(text);
        }
    }

    /// The DBC files that a bus is read by.
    pub(super) fn dbcs(&self, bus: BusId) -> Vec<BusDbc> {
        let sources = self.decoders.sources(bus);
        sources
            .filter_map(|(source, codec)| match source {
                Source::File { file, problems } => Some(BusDbc {
                    file: file.clone(),
                    codec: Arc::clone(codec),
                    problems: Arc::clone(problems),
                }),
                Source::Device(_) | Source::Unsaid => None,
            })
            .collect()
    }

    /// Reads a bus by other DBC files.
    pub(super) fn assign(&mut self, order: AssignDbcs) {
        let Some(id) = self.bus_named(&order.bus) else { return };
        let mut all = self.dbcs(id);
        order.change.apply(&mut all, |dbc| &dbc.file, |dbc| dbc);
        let decoders = Arc::make_mut(&mut self.decoders);
        decoders.drop_files(id);
        for dbc in all {
            decoders.add_from(id, Source::of(&dbc), dbc.codec);
        }
    }

    /// Takes a data frame to the component that owns its id.
    pub(super) fn take(&mut self, frame: FrameRef<'_>) {
        let Some(bus) = self.buses.get_mut(usize::from(frame.bus().0)) else { return };
        bus.note_key(frame);
        let Some(owner) = bus.owner(frame.id()) else { return };
        let Some(component) = self.components.get_mut(usize::from(owner.0)) else { return };
        self.facts.clear();
        component.device.take(frame, &mut self.facts);
        for fact in &self.facts {
            component.model.apply(frame.time(), frame.direction(), fact);
            component.part.apply(frame.time(), fact);
        }
    }

    /// Counts the frames of a batch towards its bus's figures.
    pub(super) fn count(&mut self, now: Mono, bus: BusId, frames: &Frames) {
        if let Some(bus) = self.buses.get_mut(usize::from(bus.0)) {
            bus.count(now, frames);
        }
    }

    /// Tells a bus what its stamps mean, and where its own clock stands if it has one.
    pub(super) fn clock(&mut self, bus: BusId, base: Timebase, own: Option<Mono>) {
        if let Some(bus) = self.buses.get_mut(usize::from(bus.0)) {
            bus.clock(base, own);
        }
    }

    /// Forgets what the components of a bus said.
    pub(super) fn forget(&mut self, bus: BusId) {
        let on_bus = self.components.iter_mut().filter(|component| component.bus == bus);
        on_bus.for_each(|component| {
            component.model.forget();
            component.part.forget();
        });
        if let Some(bus) = self.buses.get_mut(usize::from(bus.0)) {
            bus.forget();
        }
    }

    /// Takes in a status and says what is new in it.
    pub(super) fn status(&mut self, bus: BusId, status: BusStatus) -> StatusChange {
        let Some(bus) = self.buses.get_mut(usize::from(bus.0)) else {
            return StatusChange::default();
        };
        bus.take_status(status)
    }

    /// Whether some age goes on by itself: something was heard on a bus without a clock of its own.
    pub(super) fn is_ageing(&self) -> bool {
        self.buses.iter().any(Bus::is_ageing)
    }

    pub(super) fn profile(&self) -> Option<ProfilePicture> {
        self.profile.clone()
    }

    /// The running profile, to be told that its text has changed.
    pub(super) const fn profile_mut(&mut self) -> Option<&mut ProfilePicture> {
        self.profile.as_mut()
    }

    pub(super) fn decoders(&self) -> Arc<Decoders> {
        Arc::clone(&self.decoders)
    }

    pub(super) fn bus_plans(&self) -> Vec<BusPlan> {
        let buses = self.buses.iter().enumerate().map(|(at, bus)| (BusId(at as u16), bus));
        let plan = |id, bus: &Bus| BusPlan {
            sending: self.sending(id),
            hand: self.hand(id),
            supply: self.supply(id),
            ..bus.plan(id)
        };
        buses.map(|(id, bus)| plan(id, bus)).collect()
    }

    pub(super) fn bus_pictures(
        &self,
        now: Mono,
        hands: &Hands,
        controllers: &Controllers,
    ) -> Vec<BusPicture> {
        let buses = self.buses.iter().enumerate();
        buses.map(|(at, bus)| bus.picture(BusId(at as u16), now, (hands, controllers))).collect()
    }

    pub(super) fn component_pictures(&self, now: Mono) -> Vec<ComponentPicture> {
        let components = self.components.iter().enumerate();
        components
            .map(|(at, component)| {
                let bus = self.buses.get(usize::from(component.bus.0));
                let now = bus.map_or(now, |bus| bus.now(now));
                component.picture(ComponentId(at as u16), now)
            })
            .collect()
    }

    /// The packs that are made of several BMSs, put together from the pictures of these.
    pub(super) fn group_pictures(&self, components: &[ComponentPicture]) -> Vec<GroupPicture> {
        let member = |id: &ComponentId| {
            let component = components.get(usize::from(id.0))?;
            match &component.model {
                ModelPicture::Bms(picture) => Some((component.name.as_str(), &**picture)),
                ModelPicture::Charger(_) | ModelPicture::DriverControls(_) | ModelPicture::Part => {
                    None
                }
            }
        };
        let groups = self.groups.iter().map(|(name, members)| {
            let pictures: Vec<_> = members.iter().filter_map(member).collect();
            let picture = Arc::new(together(&pictures));
            GroupPicture { name: name.clone(), members: members.clone(), picture }
        });
        groups.collect()
    }
}

impl Component {
    fn build(
        entry: &ComponentEntry,
        profile: &Profile,
        catalog: &Catalog,
    ) -> Result<Self, PlantError> {
        let component = || entry.name.clone();
        let kind = catalog.find(&entry.kind).ok_or_else(|| PlantError::UnknownKind {
            component: component(),
            kind: entry.kind.clone(),
        })?;
        let bus = profile.bus(&entry.bus).ok_or_else(|| PlantError::UnknownBus {
            component: component(),
            bus: entry.bus.clone(),
        })?;
        let bind = |error| PlantError::Bind { component: component(), error };
        let device = kind.bind(entry.settings(kind)).map_err(bind)?;
        let (model, usual) = (Model::new(entry, kind, &device), usual_patience(kind));
        let set = entry.late.is_some() || entry.lost.is_some();
        let own = set.then(|| entry.patience(usual));
        let part = Part::new(Arc::clone(&kind.sheet), usual, own);
        let message =
            |(id, name, sending): (_, &str, _)| OwnMessage { id, name: name.to_owned(), sending };
        let messages = device.messages().map(message).collect();
        Ok(Self {
            entry: entry.clone(),
            kind: Arc::clone(kind),
            bus: BusId(bus as u16),
            device,
            model,
            part,
            usual,
            messages,
        })
    }

    fn picture(&self, id: ComponentId, now: Mono) -> ComponentPicture {
        let malformed = self.device.malformed();
        ComponentPicture {
            id,
            name: self.entry.name.clone(),
            kind: Arc::clone(&self.kind),
            title: self.kind.manifest.title.clone(),
            bus: self.bus,
            base: self.entry.base.or(Some(self.device.settings().base)),
            settings: self.settings(),
            malformed: (
                malformed.count,
                Some(malformed.last.clone()).filter(|text| !text.is_empty()),
            ),
            messages: Arc::clone(&self.messages),
            pack: self.entry.pack.clone(),
            category: self.kind.manifest.category,
            model: self.model.picture(now, &self.entry.limits),
            part: Arc::new(self.part.picture(now)),
        }
    }

    fn settings(&self) -> Vec<(String, String)> {
        let settings = self.device.settings();
        let row = |label: &str, value: String| (label.to_owned(), value);
        let mut rows = Vec::new();
        if self.kind.manifest.address.way != AddressWay::Fixed {
            rows.push(row("Base address", format!("0x{:03X}", settings.base)));
        }
        if let Model::Bms(_) = self.model {
            rows.push(row("Current", settings.current_sign.name().replace('-', " ")));
            rows.push(row("Parallel strings", settings.strings.to_string()));
            rows.push(row("Pack", self.entry.pack().to_string()));
        }
        rows.extend(self.own_settings());
        let notes = self.kind.manifest.notes.iter();
        rows.extend(notes.map(|note| row(&note.about, note.text.clone())));
        let claims: Vec<String> = self.device.claims().iter().map(ToString::to_string).collect();
        rows.push(row("Ids", claims.join(", ")));
        let patience = self.entry.patience(self.usual);
        let span = |span: Duration, own: Option<Duration>| match own {
            Some(_) => format!("{} ms", span.as_millis()),
            None => format!("{} ms (default)", span.as_millis()),
        };
        rows.push(row("Late after", span(patience.late, self.entry.late)));
        rows.push(row("Lost after", span(patience.lost, self.entry.lost)));
        if let Model::Bms(_) = self.model {
            rows.extend(limits::rows(&self.entry.limits));
        }
        rows
    }

    /// What its kind lets it set besides, as it holds.
    fn own_settings(&self) -> impl Iterator<Item = (String, String)> + '_ {
        let values = &self.device.settings().values;
        self.kind.manifest.settings.iter().filter_map(|rule| {
            let value = rule.in_words(values.get(&rule.name)?);
            let is_set = self.entry.settings.contains_key(&rule.name);
            let note = if is_set { "" } else { " (default)" };
            Some((rule.title.clone(), format!("{value}{note}")))
        })
    }
}

impl Model {
    fn new(entry: &ComponentEntry, kind: &Kind, device: &Device) -> Self {
        let usual = PackSettings::of_device(device);
        match kind.manifest.category {
            Category::Battery => {
                let set = entry.late.is_some() || entry.lost.is_some();
                let own = entry.patience(usual.fast);
                let settings = if set { usual.with_patience(own) } else { usual };
                Self::Bms(Box::new(Pack::new(settings)))
            }
            Category::Charger => {
                Self::Charger(Box::new(Charger::of(&kind.manifest, |usual| entry.patience(usual))))
            }
            Category::DriverControls => {
                let own = |usual| entry.patience(usual);
                Self::DriverControls(Box::new(DriverControls::of(&kind.manifest, own)))
            }
            Category::MotorController | Category::Solar | Category::Sensor | Category::Custom => {
                Self::Part
            }
        }
    }

    fn apply(&mut self, at: Mono, direction: Direction, fact: &Fact) {
        match self {
            Self::Bms(pack) => pack.apply(at, fact),
            Self::Charger(charger) => charger.apply(at, direction, fact),
            Self::DriverControls(controls) => controls.apply(at, fact),
            Self::Part => {}
        }
    }

    fn forget(&mut self) {
        match self {
            Self::Bms(pack) => pack.forget(),
            Self::Charger(charger) => charger.forget(),
            Self::DriverControls(controls) => controls.forget(),
            Self::Part => {}
        }
    }

    fn picture(&self, now: Mono, limits: &Limits) -> ModelPicture {
        match self {
            Self::Bms(pack) => {
                let mut picture = pack.picture(now);
                limits::judge(limits, &mut picture);
                ModelPicture::Bms(Arc::new(picture))
            }
            Self::Charger(charger) => ModelPicture::Charger(Arc::new(charger.picture(now))),
            Self::DriverControls(controls) => {
                ModelPicture::DriverControls(Arc::new(controls.picture(now)))
            }
            Self::Part => ModelPicture::Part,
        }
    }
}

/// Every bus looks out for whoever sends the vehicle's switches: those of its driver controls, or
/// where there are none those that a BMU waits for from the factory.
fn watch_keys(buses: &mut [Bus], components: &[Component]) {
    for (at, bus) in buses.iter_mut().enumerate() {
        let here = components.iter().filter(|component| usize::from(component.bus.0) == at);
        let mut found = false;
        for component in here.clone().filter(|one| one.switching() == Switching::Command) {
            bus.watch_ids(component.device.allows().iter().map(|rule| rule.id.raw()));
        }
        for component in here.filter(|one| matches!(one.model, Model::DriverControls(_))) {
            bus.watch_keys(component.device.settings().base);
            found = true;
        }
        if !found {
            bus.watch_keys(USUAL_KEY_BASE);
        }
    }
}

/// Where driver controls are from the factory (protocol note, 2.5).
const USUAL_KEY_BASE: u32 = 0x500;

/// The packs: those that several BMSs belong to, and those of one.
fn packs(components: &[Component]) -> Vec<(Name, Vec<ComponentId>)> {
    let mut groups: Vec<(Name, Vec<ComponentId>)> = Vec::new();
    for (at, component) in components.iter().enumerate() {
        if !matches!(component.model, Model::Bms(_)) {
            continue;
        }
        let (name, id) = (component.entry.pack(), ComponentId(at as u16));
        match groups.iter_mut().find(|(known, _)| known == name) {
            Some((_, members)) => members.push(id),
            None => groups.push((name.clone(), vec![id])),
        }
    }
    groups
}
