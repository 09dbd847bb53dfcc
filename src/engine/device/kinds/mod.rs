//! The little code a device kind has besides its folder: from a message's signals to facts. The
//! folder says where the bits are, this says what they mean together.

mod d1000;
mod d1000_gen2;
mod driver_controls;
mod elcon;
mod foxbms;
mod inverter;
mod mapped;

use super::battery::BatteryMap;
use super::fact::Fact;
use super::identity::Model;
use super::manifest::{ChargerMap, Manifest};
use super::settings::Settings;
use super::tells::Tells;
use crate::engine::dbc::Row;

/// What a message of some kind means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Bmu(d1000::Says),
    Charger(elcon::Says),
    Driver(driver_controls::Says),
    Inverter(inverter::Says),
    Second(d1000_gen2::Says),
    Fox(foxbms::Says),
    /// As the manifest maps it.
    Mapped(mapped::Says),
    /// The heartbeat that Tritium and Prohelion devices share, as the manifest names it.
    Heartbeat,
    /// It is named and decoded, but no model uses it.
    Named,
}

impl Meaning {
    /// What `message` of the kind with this id means.
    pub fn of(kind: &str, message: &str) -> Self {
        let found = match kind {
            "prohelion-d1000-gen1" => d1000::Says::of(message).map(Self::Bmu),
            "elcon-tc" => elcon::Says::of(message).map(Self::Charger),
            "ev-driver-controls" => driver_controls::Says::of(message).map(Self::Driver),
            d1000_gen2::KIND => d1000_gen2::Says::of(message).map(Self::Second),
            foxbms::KIND => foxbms::Says::of(message).map(Self::Fox),
            inverter::KIND => inverter::Says::of(message).map(Self::Inverter),
            _ => None,
        };
        found.unwrap_or(Self::Named)
    }

    /// What `message` means as the manifest maps it.
    pub fn mapped(map: &ChargerMap, message: &str) -> Option<Self> {
        mapped::Says::of(map, message).map(Self::Mapped)
    }

    /// The signals it reads, in the order in which [`Values`] numbers them.
    pub const fn signals(self) -> &'static [&'static str] {
        match self {
            Self::Bmu(says) => says.signals(),
            Self::Charger(says) => says.signals(),
            Self::Driver(says) => says.signals(),
            Self::Inverter(says) => says.signals(),
            Self::Second(says) => says.signals(),
            Self::Fox(says) => says.signals(),
            // They are named by the manifest, not here.
            Self::Mapped(_) => &[],
            Self::Heartbeat => HEARTBEAT,
            Self::Named => &[],
        }
    }

    /// Appends what the values say.
    pub fn say(self, values: &Values<'_>, settings: &Settings, facts: &mut Vec<Fact>) {
        match self {
            Self::Bmu(says) => says.say(values, settings.current_sign, facts),
            Self::Charger(says) => says.say(values, facts),
            Self::Driver(says) => says.say(values, facts),
            Self::Inverter(says) => says.say(values, settings, facts),
            Self::Second(says) => says.say(values, settings, facts),
            Self::Fox(says) => says.say(values, settings, facts),
            Self::Mapped(says) => says.say(values, facts),
            Self::Heartbeat => facts.push(heartbeat(values)),
            Self::Named => {}
        }
    }
}

/// What a battery management system of a kind tells, set like this.
pub(super) fn tells(manifest: &Manifest, settings: &Settings) -> Tells {
    match manifest.id.as_str() {
        d1000_gen2::KIND => d1000_gen2::tells(settings),
        foxbms::KIND => foxbms::tells(),
        inverter::KIND => inverter::tells(settings),
        _ => manifest.battery.as_ref().map_or(Tells::D1000_GEN1, BatteryMap::tells),
    }
}

/// The signals of one frame, numbered as [`Meaning::signals`] lists them. The frame's length was
/// checked before, so every signal is there, but for messages that may come shorter; what is asked for
/// as a number and is not there counts as zero.
pub(super) struct Values<'a> {
    pub row: &'a Row,
    pub places: &'a [u16],
    /// The firmware that the device has said it runs.
    pub version: Option<(u8, u8)>,
}

impl Values<'_> {
    fn place(&self, number: usize) -> usize {
        self.places.get(number).map_or(usize::MAX, |&place| usize::from(place))
    }

    /// The raw integer.
    pub fn whole(&self, number: usize) -> i64 {
        self.row.raw(self.place(number)).map_or(0, |raw| raw as i64)
    }

    /// The raw integer, where the frame is long enough to say it.
    pub fn said(&self, number: usize) -> Option<i64> {
        self.row.raw(self.place(number)).map(|raw| raw as i64)
    }

    /// The physical value, where it is a finite number.
    pub fn finite(&self, number: usize) -> Option<f64> {
        self.row.get(self.place(number)).filter(|value| value.is_finite())
    }

    /// Whether a one-bit signal is set.
    pub fn bit(&self, number: usize) -> bool {
        self.whole(number) != 0
    }

    /// An integer of a width that the DBC already limits.
    pub fn byte(&self, number: usize) -> u8 {
        self.whole(number) as u8
    }

    /// An integer of a width that the DBC already limits.
    pub fn word(&self, number: usize) -> u16 {
        self.whole(number) as u16
    }
}

/// The signals of the heartbeat that Tritium and Prohelion devices share.
const HEARTBEAT: &[&str] = &["DeviceId", "AnswerTo", "SerialOrAnswer"];

/// What that heartbeat says.
fn heartbeat(values: &Values<'_>) -> Fact {
    let id_word = values.whole(0) as u32 | (values.whole(1) as u32) << 24;
    let number = values.whole(2) as u32;
    match Model::from_word(id_word) {
        (model, None) => Fact::Heartbeat { model, serial: number },
        (_, Some(question)) => Fact::Answer { question, value: number },
    }
}
