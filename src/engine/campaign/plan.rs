//! A run, drawn from its seed: the pack and the charger, the rules and set points, who orders what
//! and when, and what goes wrong. The same seed and family always give the same run. Whoever changes
//! what is drawn changes what every seed means: the list of once failing seeds has to be drawn anew.

use std::fmt::Write;
use std::time::Duration;

use super::CampaignError;
use super::family::{Family, Kind, Named, On};
use crate::base::time::Mono;
use crate::base::units::{Amps, Millivolts, Percent};
use crate::base::units::{Volts, Watts};
use crate::engine::access::grant::Face;
use crate::engine::charge::{Key, Lease, Rating, Rules, SetPoints};
use crate::engine::sim::{Chance, Scene};

/// Something a person or the system does to the program.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Deed {
    Start(SetPoints, Lease),
    Engage,
    Stop(Face),
    Change(SetPoints),
    Clear(Face),
    Permit(bool),
    Presence(bool),
    Kill(Duration),
    Freeze(Duration),
    Leap(Duration),
    DiskFull(Duration),
    Shutdown,
}

/// A fault and when it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Planned {
    pub name: &'static str,
    pub kind: Kind,
    pub from: f64,
    pub until: f64,
}

/// A run.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub seed: u64,
    pub text: String,
    pub scene: Scene,
    pub rules: Rules,
    pub rating: Rating,
    pub bases: Vec<u32>,
    pub modules: u16,
    pub faults: Vec<Planned>,
    pub deeds: Vec<(Mono, Deed)>,
    pub end: Mono,
}

const BASES: [u32; 3] = [0x600, 0x200, 0x300];
const FACES: [Face; 4] = [Face::Desktop, Face::Web, Face::Api, Face::CommandLine];

struct Drawing {
    chance: Chance,
    bmus: usize,
    modules: u16,
    cells: u16,
    capacity: f64,
    long: f64,
}

impl Plan {
    /// The run of a seed.
    ///
    /// # Errors
    /// The scene does not hold together, which would be a mistake in here.
    pub(super) fn draw(seed: u64, family: Family) -> Result<Self, CampaignError> {
        let mut chance = Chance::new(seed, 900);
        let one_of = |chance: &mut Chance, n: u32| (chance.share() * f64::from(n)) as u32;
        let bmus = [1, 1, 1, 2, 3].get(one_of(&mut chance, 5) as usize).copied().unwrap_or(1);
        let modules = 1 + one_of(&mut chance, 3) as u16;
        let cells = 4 + one_of(&mut chance, 5) as u16;
        let capacity = chance.between(0.6, 3.0);
        let long = chance.between(40.0, 110.0);
        let mut drawing = Drawing { chance, bmus, modules, cells, capacity, long };
        let rules = drawing.rules();
        let faults = drawing.faults(family);
        let deeds = drawing.deeds(&rules, &faults);
        let (text, rating) = drawing.scene(&faults);
        let scene = Scene::parse(&text, "the campaign", "campaign")
            .map_err(|source| CampaignError::Scene { seed, source })?;
        let end = Mono::from_nanos((drawing.long * 1e9) as i64);
        let bases = BASES.iter().take(bmus).copied().collect();
        Ok(Self { seed, text, scene, rules, rating, bases, modules, faults, deeds, end })
    }
}

impl Drawing {
    fn often(&mut self, share: f64) -> bool {
        self.chance.share() < share
    }

    fn rules(&mut self) -> Rules {
        let mut rules = Rules::default();
        // Shorter than in life, so that a run sees the end of a charge.
        let mut set = |key: Key, value: f64| {
            let rule = key.rule();
            // Within its bounds nothing is refused.
            let _ = rules.set(key, value.clamp(rule.least, rule.most));
        };
        set(Key::CompleteFor, self.chance.between(10.0, 20.0));
        set(Key::Listen, 1500.0);
        set(Key::TaperRise, 10.0);
        set(Key::CellSpread, self.chance.between(120.0, 400.0));
        set(Key::TemperatureMax, self.chance.between(38.0, 50.0));
        set(Key::RampUp, self.chance.between(0.3, 3.0));
        if self.chance.share() < 0.3 {
            set(Key::BmuLate, self.chance.between(500.0, 1000.0));
            set(Key::BmuLost, self.chance.between(1500.0, 3000.0));
            set(Key::ChargerLost, self.chance.between(2600.0, 3000.0));
        }
        if self.chance.share() < 0.3 {
            set(Key::CurrentMax, self.chance.between(0.5, 8.0));
            set(Key::StopCurrent, self.chance.between(2.0, 7.0));
            set(Key::StopContactors, self.chance.between(1.0, 5.0));
        }
        rules
    }

    fn faults(&mut self, family: Family) -> Vec<Planned> {
        let count = (self.chance.share() * 5.0) as usize;
        let mut faults: Vec<Planned> = Vec::new();
        for _ in 0..count {
            let Some((name, kind)): Option<Named> = family.draw(&mut self.chance) else { break };
            let from = self.chance.between(0.5, 0.85 * self.long);
            let short = self.often(0.5);
            let span = if short {
                self.chance.between(0.3, 4.0)
            } else {
                self.chance.between(4.0, self.long)
            };
            faults.push(Planned { name, kind, from, until: from + span });
        }
        faults
    }

    fn set_points(&mut self, rules: &Rules) -> SetPoints {
        let mut set = SetPoints::usual(rules);
        let amps = (self.capacity * self.bmus as f64 * self.chance.between(0.4, 2.0)).max(0.3);
        set.current = Amps(amps.min(rules.get(Key::CurrentMax)));
        if self.often(0.3) {
            set.cell = Millivolts(self.chance.between(4000.0, 4150.0) as i32);
        }
        if self.often(0.1) {
            set.soc = Some(Percent(self.chance.between(60.0, 100.0)));
        }
        if self.often(0.2) {
            set.mains = Some(Amps(self.chance.between(1.0, 3.0)));
        }
        if self.often(0.15) {
            set.seconds = Some(self.chance.between(5.0, 60.0));
        }
        set
    }

    fn deeds(&mut self, rules: &Rules, faults: &[Planned]) -> Vec<(Mono, Deed)> {
        let mut deeds = Vec::new();
        let mut at = |s: f64, deed: Deed| deeds.push((Mono::from_nanos((s * 1e9) as i64), deed));
        let begin = self.chance.between(2.0, 6.0);
        if self.often(0.9) {
            let lease =
                if self.often(0.2) { Lease::WhilePresent { present: true } } else { Lease::GoesOn };
            at(begin, Deed::Start(self.set_points(rules), lease));
        } else {
            at(begin, Deed::Engage);
        }
        let orders = (self.chance.share() * 6.0) as usize;
        for _ in 0..orders {
            let when = self.chance.between(0.0, self.long);
            let face =
                FACES.get((self.chance.share() * 4.0) as usize).copied().unwrap_or(Face::Inside);
            let deed = match (self.chance.share() * 10.0) as u32 {
                0..=2 => Deed::Stop(face),
                3..=4 => Deed::Start(self.set_points(rules), Lease::GoesOn),
                5..=6 => Deed::Change(self.set_points(rules)),
                7 => Deed::Clear(face),
                8 if self.often(0.5) => Deed::Engage,
                8 => Deed::Permit(self.often(0.5)),
                _ => Deed::Presence(self.often(0.5)),
            };
            at(when, deed);
            if self.often(0.4) {
                at(when + self.chance.between(0.1, 12.0), Deed::Clear(face));
                let set = self.set_points(rules);
                at(when + self.chance.between(0.1, 15.0), Deed::Start(set, Lease::GoesOn));
            }
        }
        for fault in faults {
            let span = Duration::from_secs_f64(fault.until - fault.from);
            let short = span.min(Duration::from_secs(12));
            match fault.kind {
                Kind::World(..) => {}
                Kind::Killed => at(fault.from, Deed::Kill(short)),
                Kind::Frozen => at(fault.from, Deed::Freeze(short)),
                Kind::ClockLeaps => at(fault.from, Deed::Leap(span)),
                Kind::DiskFull => at(fault.from, Deed::DiskFull(span)),
                Kind::Shutdown => at(fault.from, Deed::Shutdown),
            }
        }
        deeds.sort_by_key(|(at, _)| *at);
        deeds
    }

    fn scene(&mut self, faults: &[Planned]) -> (String, Rating) {
        let mut text = String::from(
            "title = 'Campaign'\ndescription = 'A run of the campaign.'\npack = 'Pack'\nparked = true\n",
        );
        let chance = &mut self.chance;
        let ambient = chance.between(2.0, 38.0);
        // Writing into a string does not fail.
        let _ = writeln!(text, "ambient_c = {ambient:.1}");
        let soc = if chance.share() < 0.75 {
            chance.between(88.0, 97.0)
        } else {
            chance.between(15.0, 88.0)
        };
        let spread = chance.between(0.05, 1.2);
        let milliohm = chance.between(4.0, 20.0);
        for (number, base) in BASES.iter().take(self.bmus).enumerate() {
            let soc = (soc + chance.between(-0.5, 0.5)).clamp(1.0, 99.0);
            let warm = ambient + chance.between(0.0, 10.0);
            let _ = writeln!(
                text,
                "[[bmu]]\nname = 'BMU {}'\nbase = {base}\nmodules = {}\ncells = {}\ncapacity_ah = {:.3}\nsoc_percent = {soc:.2}\nsoc_spread_percent = {spread:.2}\nresistance_mohm = {milliohm:.2}\ntemperature_c = {warm:.1}",
                number + 1,
                self.modules,
                self.cells,
                self.capacity,
            );
        }
        let series = f64::from(self.modules * self.cells);
        let volts = (4.3 * series * chance.between(0.8, 1.6)).max(10.0);
        let amps = chance.between(1.0, 12.0);
        let watts = volts * amps * chance.between(0.5, 1.2);
        // What the plate says is what it does, to a tenth.
        let (volts, amps, watts) = (tenth(volts), tenth(amps), tenth(watts));
        let _ = writeln!(
            text,
            "[charger]\nname = 'Charger'\nvolts = {volts:.1}\namps = {amps:.1}\nwatts = {watts:.1}\n[controls]\nname = 'Keys'"
        );
        for fault in faults {
            if let Kind::World(what, on, more) = fault.kind {
                let _ = writeln!(
                    text,
                    "[[fault]]\ndo = '{what}'\n{more}\nfrom = {:.2}\nuntil = {:.2}",
                    fault.from,
                    fault.until + 0.02
                );
                self.aim(&mut text, on);
            }
        }
        (text, Rating { volts: Volts(volts), amps: Amps(amps), watts: Watts(watts) })
    }

    fn aim(&mut self, text: &mut String, on: On) {
        let bmu = 1 + (self.chance.share() * self.bmus as f64) as usize;
        let module = 1 + (self.chance.share() * f64::from(self.modules)) as u16;
        let cell = (self.chance.share() * f64::from(self.cells)) as u16;
        let to_charger = self.chance.share() < 0.3;
        let _ = match on {
            On::Bmu => writeln!(text, "on = 'BMU {bmu}'"),
            On::Module => writeln!(text, "on = 'BMU {bmu}'\nmodule = {module}"),
            On::Cell => writeln!(text, "on = 'BMU {bmu}'\nmodule = {module}\ncell = {cell}"),
            On::Device if to_charger => writeln!(text, "on = 'Charger'"),
            On::Device => writeln!(text, "on = 'BMU {bmu}'"),
            On::Charger => writeln!(text, "on = 'Charger'"),
            On::Bus => Ok(()),
        };
    }
}

fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
