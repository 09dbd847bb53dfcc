//! Reads the components of a profile's text.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::{Number, Part, Reader};
use crate::base::units::{Amps, Celsius, Millivolts, Volts, Watts};
use crate::engine::device::{CurrentSign, LONGEST_TEXT, SettingValue};
use crate::engine::profile::model::{ComponentEntry, Limits, OwnRating};

/// From where to where the numbers of a component can be, for whoever reads or types them.
pub mod bounds {
    /// Base address: a 29-bit identifier.
    pub const BASE: (u32, u32) = (0, 0x1FFF_FFFF);
    /// Parallel strings.
    pub const STRINGS: (u32, u32) = (1, 1000);
    /// Times until late and lost: up to an hour.
    pub const PATIENCE_MS: (u32, u32) = (1, 3_600_000);
    /// Least cell voltage.
    pub const CELL_MIN_MV: (u32, u32) = (0, 10_000);
    /// Greatest cell voltage.
    pub const CELL_MAX_MV: (u32, u32) = (1, 10_000);
    /// Cell temperatures.
    pub const TEMPERATURE_C: (f64, f64) = (-100.0, 300.0);
    /// Greatest pack current.
    pub const CURRENT_MAX_A: (f64, f64) = (0.0, 100_000.0);
    /// Voltage of a charger.
    pub const RATING_V: (f64, f64) = (1.0, 1500.0);
    /// Current of a charger.
    pub const RATING_A: (f64, f64) = (0.1, 1000.0);
    /// Power of a charger.
    pub const RATING_W: (f64, f64) = (1.0, 500_000.0);
}

/// The key under which [`Lines`] have a setting that a kind declares.
#[must_use]
pub fn setting_key(name: &str) -> String {
    format!("settings.{name}")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawComponent {
    name: Spanned<String>,
    kind: Spanned<String>,
    bus: Spanned<String>,
    enabled: Option<bool>,
    base: Option<Spanned<Number>>,
    current_sign: Option<Spanned<String>>,
    strings: Option<Spanned<Number>>,
    pack: Option<Spanned<String>>,
    late_ms: Option<Spanned<Number>>,
    lost_ms: Option<Spanned<Number>>,
    limits: Option<RawLimits>,
    rating_v: Option<Spanned<f64>>,
    rating_a: Option<Spanned<f64>>,
    rating_w: Option<Spanned<f64>>,
    #[serde(default)]
    settings: BTreeMap<String, Spanned<SettingValue>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLimits {
    cell_min_mv: Option<Spanned<Number>>,
    cell_max_mv: Option<Spanned<Number>>,
    temperature_min_c: Option<Spanned<f64>>,
    temperature_max_c: Option<Spanned<f64>>,
    current_max_a: Option<Spanned<f64>>,
}

impl Reader<'_> {
    pub(super) fn component(
        &mut self,
        position: usize,
        raw: Spanned<RawComponent>,
    ) -> Option<ComponentEntry> {
        let part = Part::Component(position);
        self.note(part, "", &raw);
        let raw = raw.into_inner();
        let name = self.name(part, "name", &raw.name);
        self.note(part, "kind", &raw.kind);
        let bus = self.name(part, "bus", &raw.bus);
        let base = self.within(part, "base", raw.base.as_ref(), bounds::BASE);
        let strings = self.within(part, "strings", raw.strings.as_ref(), bounds::STRINGS);
        let pack = raw.pack.map(|pack| self.name(part, "pack", &pack));
        let late = self.within(part, "late_ms", raw.late_ms.as_ref(), bounds::PATIENCE_MS);
        let lost = self.within(part, "lost_ms", raw.lost_ms.as_ref(), bounds::PATIENCE_MS);
        if let (Some(late), Some(lost)) = (late, lost)
            && late >= lost
        {
            let line = self.lines.of(part, "lost_ms");
            self.wrong(line, format!("lost_ms ({lost}) must be greater than late_ms ({late})"));
        }
        let current_sign = raw.current_sign.and_then(|sign| self.sign(part, &sign));
        let limits = raw.limits.map_or_else(Limits::default, |raw| self.limits(part, &raw));
        let rating = OwnRating {
            volts: self
                .measure(part, "rating_v", raw.rating_v.as_ref(), bounds::RATING_V)
                .map(Volts),
            amps: self.measure(part, "rating_a", raw.rating_a.as_ref(), bounds::RATING_A).map(Amps),
            watts: self
                .measure(part, "rating_w", raw.rating_w.as_ref(), bounds::RATING_W)
                .map(Watts),
        };
        let settings = self.settings(part, raw.settings);
        Some(ComponentEntry {
            name: name?,
            kind: raw.kind.into_inner(),
            bus: bus?,
            enabled: raw.enabled.unwrap_or(true),
            base,
            current_sign,
            strings: strings.and_then(|n| u16::try_from(n).ok()).unwrap_or(1),
            pack: pack.flatten(),
            late: late.map(|ms| Duration::from_millis(ms.into())),
            lost: lost.map(|ms| Duration::from_millis(ms.into())),
            limits,
            rating,
            settings,
        })
    }

    /// What the kind lets it set besides; whether it does is the catalog's to say.
    fn settings(
        &mut self,
        part: Part,
        raw: BTreeMap<String, Spanned<SettingValue>>,
    ) -> BTreeMap<String, SettingValue> {
        let mut settings = BTreeMap::new();
        for (name, value) in raw {
            let line = self.note(part, &setting_key(&name), &value);
            let value = value.into_inner();
            if let SettingValue::Number(number) = &value
                && !number.is_finite()
            {
                self.wrong(line, format!("{name} is {number}, which is no number"));
            } else if value.to_string().chars().count() > LONGEST_TEXT {
                self.wrong(line, format!("{name} is longer than {LONGEST_TEXT} characters"));
            } else {
                settings.insert(name, value);
            }
        }
        settings
    }

    fn sign(&mut self, part: Part, raw: &Spanned<String>) -> Option<CurrentSign> {
        let line = self.note(part, "current_sign", raw);
        match raw.get_ref().parse::<CurrentSign>() {
            Ok(sign) => Some(sign),
            Err(why) => {
                self.wrong(line, format!("current_sign: {why}"));
                None
            }
        }
    }

    fn limits(&mut self, part: Part, raw: &RawLimits) -> Limits {
        let cell_min =
            self.within(part, "cell_min_mv", raw.cell_min_mv.as_ref(), bounds::CELL_MIN_MV);
        let cell_max =
            self.within(part, "cell_max_mv", raw.cell_max_mv.as_ref(), bounds::CELL_MAX_MV);
        let cold = raw.temperature_min_c.as_ref();
        let cold = self.measure(part, "temperature_min_c", cold, bounds::TEMPERATURE_C);
        let hot = raw.temperature_max_c.as_ref();
        let hot = self.measure(part, "temperature_max_c", hot, bounds::TEMPERATURE_C);
        let current = raw.current_max_a.as_ref();
        let current = self.measure(part, "current_max_a", current, bounds::CURRENT_MAX_A);
        if let (Some(min), Some(max)) = (cell_min, cell_max)
            && min >= max
        {
            let line = self.lines.of(part, "cell_max_mv");
            self.wrong(
                line,
                format!("cell_max_mv ({max}) must be greater than cell_min_mv ({min})"),
            );
        }
        if let (Some(min), Some(max)) = (cold, hot)
            && min >= max
        {
            let line = self.lines.of(part, "temperature_max_c");
            let text =
                format!("temperature_max_c ({max}) must be greater than temperature_min_c ({min})");
            self.wrong(line, text);
        }
        let millivolts = |mv: u32| i32::try_from(mv).ok().map(Millivolts);
        Limits {
            cell_min: cell_min.and_then(millivolts),
            cell_max: cell_max.and_then(millivolts),
            temperature_min: cold.map(Celsius),
            temperature_max: hot.map(Celsius),
            current_max: current.map(Amps),
        }
    }

    /// A whole number within bounds.
    fn within(
        &mut self,
        part: Part,
        key: &'static str,
        raw: Option<&Spanned<Number>>,
        (least, most): (u32, u32),
    ) -> Option<u32> {
        self.whole(part, key, raw, least, most)
    }

    /// A number within bounds.
    fn measure(
        &mut self,
        part: Part,
        key: &'static str,
        raw: Option<&Spanned<f64>>,
        (least, most): (f64, f64),
    ) -> Option<f64> {
        self.real(part, key, raw, least, most)
    }
}
