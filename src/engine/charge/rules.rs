//! Every limit, threshold and time that charging decides by: one table. A value is data and can be
//! set in a profile, but never beyond its hard bounds.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Serialize;
use thiserror::Error;

/// One line of the table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// Its name in a profile, with its unit.
    pub name: &'static str,
    /// What to call it on screen.
    pub title: &'static str,
    /// Unit, as shown.
    pub unit: &'static str,
    /// What it is unless a profile says otherwise.
    pub usual: f64,
    /// Hard bound below.
    pub least: f64,
    /// Hard bound above.
    pub most: f64,
    /// What it does, in a sentence.
    pub about: &'static str,
    /// Where the figure comes from.
    pub source: &'static str,
}

macro_rules! rules {
    ($($key:ident = $name:literal, $title:literal, $unit:literal, $usual:literal in $least:literal to $most:literal, $about:literal, $source:literal;)*) => {
        /// Which rule.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Key {
            $(#[doc = $about] $key,)*
        }

        impl Key {
            /// All of them, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$key,)*];
        }

        /// The table.
        const TABLE: &[Rule] = &[$(Rule {
            name: $name, title: $title, unit: $unit, usual: $usual, least: $least, most: $most,
            about: $about, source: $source,
        },)*];
        const COUNT: usize = TABLE.len();
    };
}

rules! {
    BmuLate = "bmu_late_ms", "BMU telemetry late after", "ms", 1000.0 in 300.0 to 1000.0,
        "Voltage, current, cell range or headroom of a BMU older than this: the charger is told zero.", "caution, by this program";
    BmuLost = "bmu_lost_ms", "BMU telemetry lost after", "ms", 3000.0 in 1000.0 to 3000.0,
        "Voltage, current, cell range or headroom of a BMU older than this: the charge is stopped.", "caution, by this program";
    SlowLost = "bmu_status_lost_ms", "BMU status lost after", "ms", 3000.0 in 1500.0 to 5000.0,
        "State, flags or charge of a BMU older than this: the charge is stopped.", "the BMU's documents, 1 Hz";
    ModuleLost = "module_lost_ms", "Module lost after", "ms", 5000.0 in 2000.0 to 5000.0,
        "Cells or temperature of a module older than this: the charge is stopped.", "practice of other consoles";
    ChargerLate = "charger_late_ms", "Charger status late after", "ms", 2000.0 in 1200.0 to 2500.0,
        "A charger status older than this: the charger is told zero.", "Elcon's documents, 1 Hz";
    ChargerLost = "charger_lost_ms", "Charger lost after", "ms", 3000.0 in 1500.0 to 3000.0,
        "A charger status older than this: the charge is stopped.", "caution, by this program";
    Listen = "listen_ms", "Listen before taking control", "ms", 2500.0 in 1500.0 to 10000.0,
        "How long the bus is listened to for another master before anything is sent.", "practice in the field";
    CurrentMax = "current_max_a", "Highest charge current", "A", 20.0 in 0.1 to 400.0,
        "The profile's own highest charge current.", "the profile";
    CellMax = "cell_max_mv", "Highest cell voltage", "mV", 4150.0 in 2000.0 to 4250.0,
        "No set point for the highest cell may be above this; a cell above it stops the charge.", "the profile";
    CellOver = "cell_over_mv", "Cell above the balance threshold", "mV", 50.0 in 5.0 to 80.0,
        "A cell so far above the balance threshold of its BMU stops the charge.", "caution, by this program";
    CellMin = "cell_min_mv", "Lowest cell to start with", "mV", 2500.0 in 1500.0 to 3600.0,
        "A pack with a cell below this is not charged: it may be damaged.", "practice in the field";
    CellSpread = "cell_spread_mv", "Greatest cell spread", "mV", 300.0 in 20.0 to 600.0,
        "Cells further apart than this stop the charge.", "usual for lithium cells";
    PackMax = "pack_max_v", "Highest pack voltage", "V", 600.0 in 10.0 to 1000.0,
        "A pack above this stops the charge, and the charger is never told more.", "the profile";
    TemperatureMax = "temperature_max_c", "Hottest cell", "\u{b0}C", 45.0 in 20.0 to 60.0,
        "A cell hotter than this stops the charge.", "usual for lithium cells";
    TemperatureMin = "temperature_min_c", "Coldest cell", "\u{b0}C", 0.0 in -20.0 to 20.0,
        "A cell colder than this stops the charge.", "usual for lithium cells";
    DerateFrom = "derate_from_k", "Derating begins below the limit", "K", 10.0 in 3.0 to 20.0,
        "So far below its temperature limit the current begins to go down.", "caution, by this program";
    DerateTo = "derate_to_k", "Derating ends below the limit", "K", 2.0 in 1.0 to 3.0,
        "So far below its temperature limit the current is zero and the charge is stopped.", "caution, by this program";
    MainsVolts = "mains_v", "Mains voltage", "V", 230.0 in 90.0 to 480.0,
        "Voltage of the socket, for the limit of the supply.", "practice of other consoles";
    MainsAmps = "mains_a", "Mains current", "A", 16.0 in 1.0 to 125.0,
        "What the socket can give, for the limit of the supply.", "practice of other consoles";
    Efficiency = "efficiency_percent", "Charger efficiency", "%", 90.0 in 50.0 to 100.0,
        "Share of the mains power that the charger puts out.", "practice of other consoles";
    RampUp = "ramp_up_a_per_s", "Current rises by", "A/s", 1.0 in 0.05 to 5.0,
        "How fast the command may rise; it falls at once.", "caution, by this program";
    TaperBand = "taper_band_mv", "Taper begins below the aim", "mV", 60.0 in 30.0 to 300.0,
        "So far below where it is to stay, the highest cell begins to bring the current down: in a line, to nothing.", "the BMU's documents, tightened";
    TaperReset = "taper_reset_s", "Taper, integral", "s", 100.0 in 20.0 to 1000.0,
        "How fast the taper corrects what is left close to its aim: what it does in this time by itself, it adds once more.", "practice, tightened";
    TaperRise = "taper_rise_s", "Taper, rise", "s", 30.0 in 10.0 to 120.0,
        "How slowly the current comes up to what the taper leaves: slower than a charger and its status are late.", "Elcon's documents";
    HoldCurrent = "hold_current_a", "Balance hold below", "A", 0.5 in 0.05 to 2.0,
        "Taper that has come down to this is the balance hold: shunts carry the high cells.", "the BMU's documents";
    CompleteWithin = "complete_within_mv", "Complete within", "mV", 5.0 in 1.0 to 30.0,
        "The lowest cell so close below the balance threshold is full.", "caution, by this program";
    CompleteFor = "complete_for_s", "Complete for", "s", 60.0 in 10.0 to 600.0,
        "How long that has to be so.", "caution, by this program";
    CompleteCurrent = "complete_current_a", "Complete below", "A", 0.3 in 0.05 to 1.0,
        "Current below this with all cells balancing is full too.", "caution, by this program";
    OverPercent = "over_current_percent", "Measured above command, share", "%", 10.0 in 2.0 to 20.0,
        "Measured current above the command by this share and the next line, for its time, stops.", "caution, by this program";
    OverAmps = "over_current_a", "Measured above command, at least", "A", 1.0 in 0.1 to 2.0,
        "See the line above.", "caution, by this program";
    OverFor = "over_current_ms", "Measured above command for", "ms", 3000.0 in 500.0 to 3000.0,
        "See the lines above.", "caution, by this program";
    WrongSign = "wrong_sign_a", "Current out of the pack", "A", 1.0 in 0.2 to 5.0,
        "More than this out of the pack while it is to be charged, for the next line's time, stops.", "caution, by this program";
    WrongSignFor = "wrong_sign_ms", "Current out of the pack for", "ms", 2000.0 in 500.0 to 3000.0,
        "See the line above.", "caution, by this program";
    MissingFor = "missing_current_ms", "Charger current missing in the pack for", "ms", 5000.0 in 2000.0 to 10000.0,
        "The charger says it delivers and no BMU sees it, for this time: stop.", "practice in the field";
    Match = "match_v", "Charger matches the pack within", "V", 10.0 in 1.0 to 15.0,
        "The charger is brought so close to the pack before the contactors close.", "practice of other consoles";
    MatchFor = "match_s", "Time to match", "s", 10.0 in 2.0 to 30.0,
        "The charger has to match the pack within this time.", "practice of other consoles";
    KeyOff = "key_off_ms", "Key off before start", "ms", 1000.0 in 500.0 to 3000.0,
        "How long 0x505 says off, at least, before it says start.", "the BMU's documents";
    IdleWithin = "idle_within_s", "BMU idle within", "s", 5.0 in 2.0 to 15.0,
        "All BMUs have to reach Idle within this time.", "the BMU's documents";
    RunWithin = "run_within_s", "BMU run within", "s", 5.0 in 3.0 to 10.0,
        "All BMUs have to reach Run within this time after start.", "the BMU's documents";
    FlowWithin = "flow_within_s", "Current flows within", "s", 20.0 in 5.0 to 60.0,
        "The charger has to deliver within this time after it was told to.", "practice of other consoles";
    CurrentGone = "current_gone_a", "Current counts as gone below", "A", 0.5 in 0.1 to 1.0,
        "Below this, contactors may open.", "faults of other consoles";
    StopCurrent = "stop_current_s", "Wait for the current to go", "s", 6.0 in 2.0 to 7.0,
        "How long a stop waits for the current before it opens the contactors all the same.", "practice, and Elcon's 5 s";
    StopContactors = "stop_contactors_s", "Wait for the contactors", "s", 3.0 in 1.0 to 5.0,
        "How long a stop waits for the contactors before it ends all the same.", "practice of other consoles";
    Longest = "longest_h", "Longest charge", "h", 24.0 in 0.1 to 100.0,
        "A charge ends after this time whatever was asked.", "practice in the field";
}

impl Key {
    /// Its line of the table.
    #[must_use]
    pub const fn rule(self) -> &'static Rule {
        &TABLE[self as usize]
    }
}

impl RuleError {
    /// The rule that it is about, where there is one of that name.
    #[must_use]
    pub const fn rule(&self) -> Option<&'static str> {
        match self {
            Self::Unknown(_) => None,
            Self::OutOfBounds { name, .. } => Some(name),
            Self::Swapped { upper, .. } => Some(upper),
        }
    }
}

impl FromStr for Key {
    type Err = RuleError;

    fn from_str(name: &str) -> Result<Self, RuleError> {
        let found = Self::ALL.iter().copied().find(|key| key.rule().name == name);
        found.ok_or_else(|| RuleError::Unknown(name.to_owned()))
    }
}

/// Why a rule cannot be set so.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum RuleError {
    /// No such rule.
    #[error("there is no charge rule {0:?}")]
    Unknown(String),
    /// Beyond the hard bounds, or no number.
    #[error("{name} cannot be {value}: it is {least} to {most} {unit}")]
    OutOfBounds {
        /// Which.
        name: &'static str,
        /// What was asked for.
        value: f64,
        /// Hard bound below.
        least: f64,
        /// Hard bound above.
        most: f64,
        /// Unit.
        unit: &'static str,
    },
    /// Two that must be in order are not.
    #[error("{lower} must be below {upper}")]
    Swapped {
        /// The one that must be lower.
        lower: &'static str,
        /// The one that must be higher.
        upper: &'static str,
    },
}

/// Where the value of a rule comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it: it is as usual.
    #[default]
    Usual,
    /// The profile's file says so.
    Profile,
    /// A person said so while a profile ran that is kept in no file: it ends with the program.
    Person,
}

impl Origin {
    /// Its word for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Usual => "default",
            Self::Profile => "profile",
            Self::Person => "person",
        }
    }
}

/// The values in force: the usual ones, what a profile sets, and what a person has set.
#[derive(Clone, Copy, PartialEq)]
pub struct Rules {
    values: [f64; COUNT],
    origins: [Origin; COUNT],
}

impl Default for Rules {
    fn default() -> Self {
        let mut values = [0.0; COUNT];
        for (value, rule) in values.iter_mut().zip(TABLE) {
            *value = rule.usual;
        }
        Self { values, origins: [Origin::Usual; COUNT] }
    }
}

impl Rules {
    /// The value of a rule, in its own unit.
    #[must_use]
    pub const fn get(&self, key: Key) -> f64 {
        self.values[key as usize]
    }

    /// A rule that is a time in ms, s or h.
    #[must_use]
    pub fn time(&self, key: Key) -> Duration {
        let value = self.get(key);
        let seconds = match key.rule().unit {
            "ms" => value / 1000.0,
            "h" => value * 3600.0,
            _ => value,
        };
        Duration::try_from_secs_f64(seconds).unwrap_or_default()
    }

    /// Whether anybody set it.
    #[must_use]
    pub fn is_set(&self, key: Key) -> bool {
        self.origin(key) != Origin::Usual
    }

    /// Where its value comes from.
    #[must_use]
    pub const fn origin(&self, key: Key) -> Origin {
        self.origins[key as usize]
    }

    /// Sets a rule, as a profile does.
    ///
    /// # Errors
    /// No number, or beyond its hard bounds.
    pub fn set(&mut self, key: Key, value: f64) -> Result<(), RuleError> {
        self.set_from(key, value, Origin::Profile)
    }

    /// The same rules with `key` at `value`, or at its usual value, which comes from `origin`.
    ///
    /// # Errors
    /// No number, beyond its hard bounds, or out of order with another rule.
    pub fn with(&self, key: Key, value: Option<f64>, origin: Origin) -> Result<Self, RuleError> {
        let mut rules = *self;
        match value {
            Some(value) => rules.set_from(key, value, origin)?,
            None => rules.reset(key),
        }
        rules.check()?;
        Ok(rules)
    }

    fn set_from(&mut self, key: Key, value: f64, origin: Origin) -> Result<(), RuleError> {
        let rule = key.rule();
        // Written so that NaN is refused too.
        if !(value >= rule.least && value <= rule.most) {
            let (name, unit) = (rule.name, rule.unit);
            let (least, most) = (rule.least, rule.most);
            return Err(RuleError::OutOfBounds { name, value, least, most, unit });
        }
        let at = key as usize;
        self.values[at] = value;
        self.origins[at] = origin;
        Ok(())
    }

    /// Sets a rule back to its usual value.
    pub const fn reset(&mut self, key: Key) {
        let at = key as usize;
        self.values[at] = TABLE[at].usual;
        self.origins[at] = Origin::Usual;
    }

    /// Checks what must be in order.
    ///
    /// # Errors
    /// Names the two that are not.
    pub fn check(&self) -> Result<(), RuleError> {
        let pairs = [
            (Key::BmuLate, Key::BmuLost),
            (Key::ChargerLate, Key::ChargerLost),
            (Key::TemperatureMin, Key::TemperatureMax),
            (Key::DerateTo, Key::DerateFrom),
            (Key::CellMin, Key::CellMax),
        ];
        for (lower, upper) in pairs {
            if self.get(lower) >= self.get(upper) {
                let (lower, upper) = (lower.rule().name, upper.rule().name);
                return Err(RuleError::Swapped { lower, upper });
            }
        }
        Ok(())
    }

    /// What is not as usual, by name.
    pub fn own(&self) -> impl Iterator<Item = (&'static str, f64)> {
        Key::ALL
            .iter()
            .filter(|key| self.is_set(**key))
            .map(|key| (key.rule().name, self.get(*key)))
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.own()).finish()
    }
}

impl Serialize for Rules {
    /// What is set, by name.
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.own())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds_together() {
        for key in Key::ALL {
            let rule = key.rule();
            assert!(rule.least <= rule.usual && rule.usual <= rule.most, "{}", rule.name);
            assert!(rule.least < rule.most, "{}", rule.name);
            assert!(rule.about.ends_with('.') && !rule.source.is_empty(), "{}", rule.name);
            assert_eq!(rule.name.parse(), Ok(*key));
        }
        assert_eq!(Rules::default().check(), Ok(()));
    }

    #[test]
    fn no_setting_passes_its_hard_bounds() {
        let mut rules = Rules::default();
        for key in Key::ALL {
            let rule = key.rule();
            for value in [f64::NAN, f64::INFINITY, rule.least - 0.1, rule.most + 0.1] {
                assert!(rules.set(*key, value).is_err(), "{} {value}", rule.name);
                assert_eq!(rules.get(*key), rule.usual);
            }
        }
        rules.set(Key::TemperatureMin, 20.0).unwrap();
        rules.set(Key::TemperatureMax, 20.0).unwrap();
        assert!(matches!(rules.check(), Err(RuleError::Swapped { .. })));
        rules.reset(Key::TemperatureMin);
        assert_eq!(rules.own().collect::<Vec<_>>(), [("temperature_max_c", 20.0)]);
    }

    #[test]
    fn times_come_in_their_units() {
        let rules = Rules::default();
        assert_eq!(rules.time(Key::BmuLate), Duration::from_secs(1));
        assert_eq!(rules.time(Key::StopCurrent), Duration::from_secs(6));
        assert_eq!(rules.time(Key::Longest), Duration::from_secs(86_400));
    }
}
