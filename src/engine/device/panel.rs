//! What a device folder wants shown of its kind: the `[[panel]]` tables of device.toml, and the sheet
//! that is made of them and of the DBC. With it a part needs no code of its own to have a page. Knows
//! no page and keeps no value: whoever does names readings and lamps by their place on the sheet.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::base::reading::Patience;
use crate::engine::dbc::{Row, Schema, Signal};
use crate::engine::device::fact::Fact;
use crate::engine::device::flag::Level;
use crate::engine::device::manifest::{Manifest, Rate};

/// Most panels of one kind of device.
const PANELS_LIMIT: usize = 32;
/// Most readings, and most lamps, of one kind of device.
const SHOWN_LIMIT: usize = 256;
/// Most decimals of a reading.
const DIGITS_LIMIT: u8 = 6;
/// A message that only comes when somebody asks for it is not late; what it said is forgotten in time.
const ON_DEMAND: Patience = Patience {
    late: std::time::Duration::from_secs(60),
    lost: std::time::Duration::from_secs(600),
};

/// A group of readings and lamps.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PanelRule {
    /// What it is about: "Input", "Temperatures".
    pub title: String,
    /// Numbers and words.
    #[serde(default, rename = "reading")]
    pub readings: Vec<ReadingRule>,
    /// Flags.
    #[serde(default, rename = "lamp")]
    pub lamps: Vec<LampRule>,
}

/// A reading to be shown.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadingRule {
    /// Message and signal: `"MPPT_Input.InputVoltage"`; several where it comes in several messages, of
    /// which each is as good.
    pub signal: Signals,
    /// What a person calls it.
    pub label: String,
    /// Its unit; left out: that of the DBC.
    pub unit: Option<String>,
    /// Decimals.
    #[serde(default)]
    pub digits: u8,
    /// What the DBC's value is multiplied with to be in `unit`.
    #[serde(default = "one")]
    pub scale: f64,
    /// Whether it is a current, power or charge that counts into the battery: then it is turned round
    /// as the component's current sign says, and shown with its sign.
    #[serde(default)]
    pub into_battery: bool,
    /// Word for what is above zero: "regenerating".
    pub above: Option<String>,
    /// Word for what is below zero: "driving".
    pub below: Option<String>,
    /// Where it usually is. Only told: nothing is made of a value outside.
    pub usual: Option<[f64; 2]>,
    /// Outside of this it is a warning.
    pub warn: Option<[f64; 2]>,
    /// Outside of this it is a fault.
    pub fault: Option<[f64; 2]>,
    /// Words for values; left out: those of the DBC.
    #[serde(default)]
    pub words: BTreeMap<String, String>,
    /// What of a pack it measures a second time.
    pub beside: Option<Beside>,
}

const fn one() -> f64 {
    1.0
}

/// What of a pack a reading measures a second time. It is shown beside the pack's own, with the
/// difference; no decision is made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Beside {
    /// Current, amperes into the battery.
    PackCurrent,
    /// Voltage, volts.
    PackVoltage,
}

/// A flag to be shown.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LampRule {
    /// Message and signal, or several.
    pub signal: Signals,
    /// What a person calls it.
    pub label: String,
    /// How much it matters when lit.
    #[serde(default)]
    pub level: LampLevel,
    /// Raw value that lights it; left out: anything but zero.
    pub when: Option<u64>,
    /// What it means when lit and what to do.
    pub meaning: String,
    /// Whether the model of the kind says so itself, so that no sentence is made of it here.
    #[serde(default)]
    pub told: bool,
}

/// Where a reading or a lamp is: one signal, or several.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Signals {
    /// In one message.
    One(String),
    /// In any of these.
    Any(Vec<String>),
}

impl Signals {
    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Any(names) => names,
        }
    }

    /// The first of them: its name for programs.
    #[must_use]
    pub fn name(&self) -> &str {
        self.all().first().map_or("", String::as_str)
    }
}

/// How much a lit lamp matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LampLevel {
    /// As it should be.
    Ok,
    /// Worth knowing.
    #[default]
    Info,
    /// Attend to it.
    Warning,
    /// Something is wrong.
    Fault,
}

impl From<LampLevel> for Level {
    fn from(level: LampLevel) -> Self {
        match level {
            LampLevel::Ok => Self::Ok,
            LampLevel::Info => Self::Info,
            LampLevel::Warning => Self::Warning,
            LampLevel::Fault => Self::Fault,
        }
    }
}

/// Which message of a kind is the heartbeat that Tritium and Prohelion devices share, and who must
/// speak in it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeartbeatRule {
    /// The message, with the signals DeviceId, AnswerTo and SerialOrAnswer.
    pub message: String,
    /// The device id that it says.
    pub device: u32,
}

/// Everything that a kind has to be shown, its signals found in the DBC.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sheet {
    /// Titles of the panels.
    pub panels: Vec<String>,
    /// Readings of all panels, panel by panel.
    pub readings: Vec<SheetReading>,
    /// Lamps of all panels, panel by panel.
    pub lamps: Vec<SheetLamp>,
    /// Who must speak in its heartbeat.
    pub heartbeat: Option<HeartbeatRule>,
}

/// A reading of a sheet.
#[derive(Clone, Debug, PartialEq)]
pub struct SheetReading {
    /// Number of its panel.
    pub panel: usize,
    /// What the folder says of it; the unit is filled in.
    pub rule: ReadingRule,
    /// Values and the words that stand for them.
    pub words: Vec<(f64, String)>,
    /// Messages that tell it, and the position of the signal in each.
    pub places: Vec<(String, u16)>,
    /// When it is late and lost.
    pub patience: Patience,
}

/// A lamp of a sheet.
#[derive(Clone, Debug, PartialEq)]
pub struct SheetLamp {
    /// Number of its panel.
    pub panel: usize,
    /// What the folder says of it.
    pub rule: LampRule,
    /// Messages that tell it, and the position of the signal in each.
    pub places: Vec<(String, u16)>,
    /// When it is late and lost.
    pub patience: Patience,
}

/// Something of a sheet that a message tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Told {
    /// A reading.
    Reading { place: u16, position: u16, scale: f64, into_battery: bool },
    /// A lamp.
    Lamp { place: u16, position: u16, when: Option<u64> },
}

impl Told {
    /// What a decoded frame says of it; nothing where the signal is not in this frame. `sign` turns
    /// round what counts into the battery.
    pub(super) fn fact(&self, row: &Row, sign: f64) -> Option<Fact> {
        match *self {
            Self::Reading { place, position, scale, into_battery } => {
                let value = row.get(usize::from(position))?;
                let value = value * scale * if into_battery { sign } else { 1.0 };
                Some(Fact::Reading { place, value: Some(value).filter(|value| value.is_finite()) })
            }
            Self::Lamp { place, position, when } => {
                let raw = row.raw(usize::from(position))?;
                Some(Fact::Lamp { place, lit: when.map_or(raw != 0, |when| raw == when) })
            }
        }
    }
}

impl Sheet {
    /// The sheet of a kind.
    ///
    /// # Errors
    /// A sentence on what cannot be shown so.
    pub(super) fn of(manifest: &Manifest, schema: &Schema) -> Result<Self, String> {
        let rules = &manifest.panels;
        if rules.len() > PANELS_LIMIT {
            let found = rules.len();
            return Err(format!("{found} panels; at most {PANELS_LIMIT} are possible"));
        }
        let mut sheet = Self { heartbeat: manifest.heartbeat.clone(), ..Self::default() };
        if let Some(rule) = &sheet.heartbeat
            && schema.message_named(&rule.message).is_none()
        {
            return Err(format!("the heartbeat {} is no message of the DBC", rule.message));
        }
        for (panel, rule) in rules.iter().enumerate() {
            sheet.panels.push(rule.title.clone());
            let within = |why: String| format!("panel {:?}: {why}", rule.title);
            if rule.title.trim().is_empty() {
                return Err("a panel has no title".to_owned());
            }
            for one in &rule.readings {
                let made = reading(panel, one, manifest, schema);
                sheet.readings.push(made.map_err(within)?);
            }
            for one in &rule.lamps {
                let made = lamp(panel, one, manifest, schema);
                sheet.lamps.push(made.map_err(within)?);
            }
        }
        let most = sheet.readings.len().max(sheet.lamps.len());
        if most > SHOWN_LIMIT {
            return Err(format!(
                "{most} readings or lamps; at most {SHOWN_LIMIT} of each are possible"
            ));
        }
        Ok(sheet)
    }

    /// Whether nothing is to be shown.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.panels.is_empty()
    }

    /// What a message tells of it.
    pub(super) fn told_by(&self, message: &str) -> Vec<Told> {
        let within = |places: &[(String, u16)]| {
            places.iter().find(|(name, _)| name == message).map(|(_, position)| *position)
        };
        let readings = self.readings.iter().enumerate().filter_map(|(place, one)| {
            let (scale, into_battery) = (one.rule.scale, one.rule.into_battery);
            let position = within(&one.places)?;
            Some(Told::Reading { place: place as u16, position, scale, into_battery })
        });
        let lamps = self.lamps.iter().enumerate().filter_map(|(place, one)| {
            let position = within(&one.places)?;
            Some(Told::Lamp { place: place as u16, position, when: one.rule.when })
        });
        readings.chain(lamps).collect()
    }
}

impl SheetReading {
    /// The word that stands for a value, where one does.
    #[must_use]
    pub fn word(&self, value: f64) -> Option<&str> {
        let near =
            |(known, _): &&(f64, String)| (known - value).abs() < 1e-6 * known.abs().max(1.0);
        self.words.iter().find(near).map(|(_, word)| word.as_str())
    }

    /// How much its value matters.
    #[must_use]
    pub fn judge(&self, value: f64) -> Level {
        let outside = |range: Option<[f64; 2]>| {
            range.is_some_and(|[least, most]| !(least..=most).contains(&value))
        };
        if outside(self.rule.fault) {
            Level::Fault
        } else if outside(self.rule.warn) {
            Level::Warning
        } else {
            Level::Ok
        }
    }
}

/// A message and the position of a signal in it.
type Spot = (String, u16);

/// Where signals are; and the first of them.
fn found<'s>(signals: &Signals, schema: &'s Schema) -> Result<(Vec<Spot>, &'s Signal), String> {
    let mut places = Vec::new();
    let mut first = None;
    for name in signals.all() {
        let (message, signal) =
            name.split_once('.').ok_or_else(|| format!("{name:?} is no Message.Signal"))?;
        let of = schema.message_named(message);
        let of = of.ok_or_else(|| format!("the DBC has no message {message}"))?;
        let missing = || format!("message {message} has no signal {signal}");
        let position = of.position(signal).ok_or_else(missing)?;
        first = first.or_else(|| of.signals.get(position));
        places.push((message.to_owned(), u16::try_from(position).map_err(|_| missing())?));
    }
    let first = first.ok_or_else(|| "it names no signal".to_owned())?;
    Ok((places, first))
}

/// The times of the slowest of its messages.
fn patience(manifest: &Manifest, places: &[(String, u16)]) -> Patience {
    let of = |(message, _): &(String, u16)| manifest.rate_of(message).map(Rate::patience);
    let times = places.iter().filter_map(of);
    times.max_by_key(|patience| patience.lost).unwrap_or(ON_DEMAND)
}

fn reading(
    panel: usize,
    rule: &ReadingRule,
    manifest: &Manifest,
    schema: &Schema,
) -> Result<SheetReading, String> {
    let (places, signal) = found(&rule.signal, schema)?;
    let name = rule.signal.name();
    if rule.label.trim().is_empty() {
        return Err(format!("{name} has no label"));
    }
    if rule.digits > DIGITS_LIMIT {
        let digits = rule.digits;
        return Err(format!("{name} has {digits} digits; at most {DIGITS_LIMIT} are possible"));
    }
    if !rule.scale.is_normal() {
        return Err(format!("{name} has the scale {}, which makes no number", rule.scale));
    }
    for [least, most] in [rule.usual, rule.warn, rule.fault].into_iter().flatten() {
        if !(least.is_finite() && most.is_finite() && least < most) {
            return Err(format!(
                "{name} has a range from {least} to {most}; the lesser comes first"
            ));
        }
    }
    let mut words = Vec::new();
    for (value, word) in &rule.words {
        let number: f64 =
            value.parse().map_err(|_| format!("{name} has a word for {value:?}, no number"))?;
        words.push((number, word.clone()));
    }
    if words.is_empty() {
        let of_dbc = signal.labels.iter();
        let value = |raw: i64| (raw as f64 * signal.factor + signal.offset) * rule.scale;
        words.extend(of_dbc.map(|label| (value(label.value), label.text.clone())));
    }
    let unit = rule.unit.clone().or_else(|| Some(signal.unit.clone()));
    let patience = patience(manifest, &places);
    let rule = ReadingRule { unit, ..rule.clone() };
    Ok(SheetReading { panel, rule, words, places, patience })
}

fn lamp(
    panel: usize,
    rule: &LampRule,
    manifest: &Manifest,
    schema: &Schema,
) -> Result<SheetLamp, String> {
    let (places, _) = found(&rule.signal, schema)?;
    if rule.label.trim().is_empty() || rule.meaning.trim().is_empty() {
        return Err(format!("{} has no label or no meaning", rule.signal.name()));
    }
    let patience = patience(manifest, &places);
    Ok(SheetLamp { panel, rule: rule.clone(), places, patience })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::dbc;

    const DBC: &str = "VERSION \"\"\nBU_: P\nBO_ 100 M: 8 P\n SG_ Mode : 0|8@1+ (1,0) [0|1] \"\" P\n SG_ Amps : 8|16@1- (0.1,0) [0|0] \"A\" P\nVAL_ 100 Mode 0 \"standby\" 1 \"on\" ;\n";

    const HEAD: &str = "id = 'x'\ntitle = 'X'\nmaker = 'M'\ncategory = 'sensor'\nsummary = 'S.'\n[address]\nway = 'base'\ndefault = 100\n[[rate]]\nname = 'all'\nperiod_ms = 100\nlate_ms = 300\nlost_ms = 1000\nmessages = ['M']\n";

    fn sheet(panels: &str) -> Result<Sheet, String> {
        let manifest = Manifest::parse("x", &format!("{HEAD}{panels}")).unwrap();
        Sheet::of(&manifest, &dbc::parse(DBC.as_bytes()).schema)
    }

    #[test]
    fn a_reading_has_the_unit_and_the_words_of_the_dbc_unless_the_folder_says_otherwise() {
        let text = "[[panel]]\ntitle = 'P'\n[[panel.reading]]\nsignal = 'M.Mode'\nlabel = 'Mode'\n[[panel.reading]]\nsignal = 'M.Amps'\nlabel = 'Current'\ndigits = 2\nwarn = [-10.0, 10.0]\nfault = [-20.0, 20.0]\n[[panel.lamp]]\nsignal = 'M.Mode'\nlabel = 'Standby'\nwhen = 0\nmeaning = 'It stands by.'\n";
        let sheet = sheet(text).unwrap();
        let [mode, amps] = &sheet.readings[..] else { panic!("{sheet:?}") };
        assert_eq!((mode.word(1.0), mode.word(2.0)), (Some("on"), None));
        assert_eq!(amps.rule.unit.as_deref(), Some("A"));
        assert_eq!(amps.patience.lost.as_millis(), 1000);
        let judged = [0.0, -10.5, 20.5, f64::NAN].map(|value| amps.judge(value));
        assert_eq!(judged, [Level::Ok, Level::Warning, Level::Fault, Level::Fault]);
        assert_eq!(sheet.told_by("M").len(), 3);
    }

    #[test]
    fn what_cannot_be_shown_is_refused_with_its_place() {
        let one = |of: &str| format!("[[panel]]\ntitle = 'P'\n[[panel.reading]]\n{of}\n");
        for (text, word) in [
            (one("signal = 'M.Volts'\nlabel = 'V'"), "no signal Volts"),
            (one("signal = 'N.Mode'\nlabel = 'V'"), "no message N"),
            (one("signal = 'Mode'\nlabel = 'V'"), "no Message.Signal"),
            (one("signal = 'M.Mode'\nlabel = ''"), "no label"),
            (one("signal = 'M.Mode'\nlabel = 'V'\ndigits = 9"), "at most 6"),
            (one("signal = 'M.Mode'\nlabel = 'V'\nscale = 0.0"), "scale"),
            (one("signal = 'M.Mode'\nlabel = 'V'\nwarn = [2.0, 1.0]"), "lesser"),
            (one("signal = 'M.Mode'\nlabel = 'V'\nwords = { on = 'x' }"), "no number"),
            ("[heartbeat]\nmessage = 'H'\ndevice = 1\n".to_owned(), "heartbeat H"),
        ] {
            let said = sheet(&text).unwrap_err();
            assert!(said.contains(word), "{text}: {said}");
        }
    }
}
