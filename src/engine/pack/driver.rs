//! The driver controls as they are heard: which switches are on and what is asked of the motor.

use std::time::Duration;

use crate::base::reading::{Age, Patience, Reading};
use crate::base::time::Mono;
use crate::engine::device::{Fact, Level, Manifest, Model, Rate, Switches};
use crate::engine::pack::picture::{Identity, Remark};
use crate::engine::pack::remarks::worst_first;
use crate::engine::pack::seen::Seen;

/// The switches, by the bits of the word (protocol note, section 2.5).
const SWITCHES: [(u16, &str); 13] = [
    (1 << 0, "reverse"),
    (1 << 1, "neutral"),
    (1 << 2, "regeneration"),
    (1 << 3, "drive"),
    (ACCESSORIES, "accessories"),
    (RUN, "run"),
    (START, "start"),
    (1 << 7, "brake"),
    (1 << 8, "fuel door open"),
    (1 << 12, "accelerator fault"),
    (1 << 13, "CAN fault"),
    (1 << 14, "brake light fault"),
    (1 << 15, "reverse light fault"),
];
const ACCESSORIES: u16 = 1 << 4;
const RUN: u16 = 1 << 5;
const START: u16 = 1 << 6;
const FAULTS: u16 = 0xF000;

/// The driver controls at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DriverPicture {
    /// The moment.
    pub at: Mono,
    /// Who it says it is.
    pub identity: Seen<Identity>,
    /// The switch word.
    pub switches: Seen<Switches>,
    /// The switches that are on, in words; empty when none is.
    pub switched_on: Vec<&'static str>,
    /// What the word means for the pack: "off", "accessories", "run", "start".
    pub key: Seen<&'static str>,
    /// Speed to reach, revolutions a minute, and motor current as a share.
    pub drive: Seen<(f64, f64)>,
    /// Highest bus current as a share.
    pub bus_current: Seen<f64>,
    /// Sentences, worst first.
    pub remarks: Vec<Remark>,
    /// The worst of them.
    pub level: Level,
}

/// The driver controls, from facts.
#[derive(Clone, Debug)]
pub struct DriverControls {
    fast: Patience,
    slow: Patience,
    identity: Reading<Identity>,
    switches: Reading<Switches>,
    drive: Reading<(f64, f64)>,
    bus_current: Reading<f64>,
}

impl DriverControls {
    /// Driver controls that were not heard yet, with their times until late and lost; the
    /// heartbeat, which comes once a second, gets at least 1.5 and 5 s.
    #[must_use]
    pub fn new(patience: Patience) -> Self {
        let late = patience.late.max(Duration::from_millis(1500));
        let lost = patience.lost.max(Duration::from_secs(5));
        Self {
            fast: patience,
            slow: Patience { late, lost },
            identity: Reading::NEVER,
            switches: Reading::NEVER,
            drive: Reading::NEVER,
            bus_current: Reading::NEVER,
        }
    }

    /// As the manifest of its kind says, in its group `fast`; `own` puts a component's own times
    /// in their place.
    #[must_use]
    pub fn of(manifest: &Manifest, own: impl FnOnce(Patience) -> Patience) -> Self {
        let group = manifest.rate("fast").map(Rate::patience);
        let plain = Patience { late: Duration::from_millis(200), lost: Duration::from_secs(1) };
        Self::new(own(group.unwrap_or(plain)))
    }

    /// Takes in a fact heard at `at`.
    pub fn apply(&mut self, at: Mono, fact: &Fact) {
        match *fact {
            Fact::Heartbeat { model, serial } => {
                self.identity.take(at, Some(Identity { model, serial }));
            }
            Fact::Switches(switches) => self.switches.take(at, Some(switches)),
            Fact::Drive { velocity_rpm, motor_current } => {
                self.drive.take(at, Some((velocity_rpm, motor_current)));
            }
            Fact::DrivePower { bus_current } => self.bus_current.take(at, Some(bus_current)),
            Fact::Answer { .. }
            | Fact::Module { .. }
            | Fact::Cells { .. }
            | Fact::Cell { .. }
            | Fact::Charge { .. }
            | Fact::BalanceCharge { .. }
            | Fact::Headroom(_)
            | Fact::Precharge(_)
            | Fact::CellRange { .. }
            | Fact::TemperatureRange { .. }
            | Fact::Totals { .. }
            | Fact::Battery(_)
            | Fact::Balance { .. }
            | Fact::Flags { .. }
            | Fact::Fans(_)
            | Fact::Hardware { .. }
            | Fact::ChargerOutput { .. }
            | Fact::ChargerCommand(_)
            | Fact::Reading { .. }
            | Fact::Lamp { .. } => {}
        }
    }

    /// Forgets everything, as after a jump in a recording.
    pub fn forget(&mut self) {
        *self = Self::new(self.fast);
    }

    /// What they look like at `now`.
    #[must_use]
    pub fn picture(&self, now: Mono) -> DriverPicture {
        let switches = Seen::judge(&self.switches, now, self.fast);
        let identity = Seen::judge(&self.identity, now, self.slow);
        let word = switches.value.map_or(0, |switches| switches.word);
        let mut remarks = Vec::new();
        let mut say = |level, text: String| remarks.push(Remark { level, text });
        if let Age::Lost(age) = switches.age {
            let seconds = age.as_secs_f64();
            let text = format!(
                "No switch message for {seconds:.1} s; a BMU that waits for it opens its contactors."
            );
            say(Level::Warning, text);
        }
        let faults: Vec<&str> = on(word & FAULTS).collect();
        if !faults.is_empty() {
            say(Level::Fault, format!("The driver controls report: {}.", faults.join(", ")));
        }
        if let Some(identity) = identity.value {
            match identity.model {
                Model::DriverControls | Model::OldDriverControls => {}
                Model::Bmu
                | Model::OldBmu
                | Model::WaveSculptor200
                | Model::WaveSculptor22
                | Model::TwelveVoltController
                | Model::ContactorBoard
                | Model::M48
                | Model::BmsGen2
                | Model::Unknown(_) => {
                    let is = identity.model.words();
                    say(Level::Warning, format!("The device at this address says it is {is}."));
                }
            }
        }
        let remarks = worst_first(remarks);
        let level = remarks.iter().map(|remark| remark.level).fold(Level::Ok, Level::max);
        DriverPicture {
            at: now,
            identity,
            switched_on: on(word).collect(),
            key: switches.map(|switches| key(switches.word)),
            switches,
            drive: Seen::judge(&self.drive, now, self.fast),
            bus_current: Seen::judge(&self.bus_current, now, self.fast),
            remarks,
            level,
        }
    }
}

fn on(word: u16) -> impl Iterator<Item = &'static str> {
    SWITCHES.into_iter().filter(move |(bit, _)| word & bit != 0).map(|(_, name)| name)
}

/// What a switch word means for a BMU.
const fn key(word: u16) -> &'static str {
    if word & START != 0 {
        "start"
    } else if word & RUN != 0 {
        "run"
    } else if word & ACCESSORIES != 0 {
        "accessories"
    } else {
        "off"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::device::Catalog;

    fn controls() -> DriverControls {
        let catalog = Catalog::builtin();
        DriverControls::of(&catalog.find("ev-driver-controls").unwrap().manifest, |usual| usual)
    }

    #[test]
    fn the_switch_word_is_told_in_words() {
        let mut controls = controls();
        controls.apply(Mono::ZERO, &Fact::Switches(Switches { word: 0x70, flags: 0, state: 0 }));
        let picture = controls.picture(Mono::ZERO);
        assert_eq!(picture.switched_on, ["accessories", "run", "start"]);
        assert_eq!((picture.key.value, picture.level), (Some("start"), Level::Ok));
        let fault = Switches { word: 0x9038, flags: 0, state: 0 };
        controls.apply(Mono::from_millis(100), &Fact::Switches(fault));
        let picture = controls.picture(Mono::from_millis(100));
        assert_eq!((picture.key.value, picture.level), (Some("run"), Level::Fault));
        assert!(picture.remarks[0].text.contains("accelerator fault, reverse light fault"));
    }

    #[test]
    fn silent_driver_controls_are_lost_after_a_second() {
        let mut controls = controls();
        controls.apply(Mono::ZERO, &Fact::Switches(Switches::default()));
        assert!(matches!(controls.picture(Mono::from_millis(201)).key.age, Age::Late(_)));
        let lost = controls.picture(Mono::from_millis(1001));
        assert_eq!((lost.key.value, lost.level), (None, Level::Warning));
        assert!(lost.switched_on.is_empty());
    }
}
