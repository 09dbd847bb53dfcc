//! The power side of a world: strings in parallel behind their contactors, the load and the
//! charger on the other side. Pure arithmetic in fixed steps of 100 ms; knows no frame.

use super::cell_string::CellString;
use super::chance::Chance;
use super::scene::{ChargerPlan, Doing, Scene};

/// Length of a step, nanoseconds and seconds.
pub(super) const STEP_NS: i64 = 100_000_000;
const STEP_S: f64 = 0.1;
/// Steps between two steps of the cells: their own time constants are tens of seconds.
const CELL_STEPS: f64 = 10.0;
/// What the charger may change its output by, amperes a second (protocol note, section 13).
const CHARGER_RAMP: f64 = 1.0;
/// What its output voltage may rise by without a battery, and what it falls by when it is told to
/// stop, volts a second.
const CHARGER_RISE: f64 = 100.0;
const CHARGER_FALL: f64 = 60.0;

/// A string and whether its contactors are closed.
#[derive(Clone, Debug)]
pub(super) struct Strand {
    pub cells: CellString,
    pub connected: bool,
}

/// What the charger was told and what it gives.
#[derive(Clone, Debug, Default)]
pub(super) struct ChargerPower {
    /// Told: volts and amperes; zero volts when it is to stop.
    pub told: (f64, f64),
    /// Gives amperes.
    pub amps: f64,
    /// Feels volts at its output.
    pub volts: f64,
    most_watts: f64,
}

/// The power side.
#[derive(Clone, Debug)]
pub(super) struct Plant {
    pub strands: Vec<Strand>,
    pub charger: ChargerPower,
    load: Load,
    /// What other parts give, amperes into the battery.
    given_amps: f64,
    ambient_c: f64,
    steps: u32,
    /// How much faster than everything else the cells live.
    pace: f64,
}

impl Plant {
    /// The power side of `scene`, with all contactors open.
    pub(super) fn new(scene: &Scene, seed: u64) -> Self {
        let strand = |(number, plan)| {
            let mut chance = Chance::new(seed, 100 + number as u64);
            let cells = CellString::new(plan, scene.ambient_c, &mut chance);
            Strand { cells, connected: false }
        };
        let strands = scene.bmus.iter().enumerate().map(strand).collect();
        let most_watts = scene.charger.as_ref().map_or(0.0, |ChargerPlan { watts, .. }| *watts);
        Self {
            strands,
            charger: ChargerPower { most_watts, ..ChargerPower::default() },
            load: Load::new(Chance::new(seed, 99)),
            given_amps: 0.0,
            ambient_c: scene.ambient_c,
            steps: 0,
            pace: 1.0,
        }
    }

    /// What the load is to do from now on.
    pub(super) const fn drive(&mut self, what: Doing, amps: Option<f64>) {
        self.load.what = what;
        self.load.asked_amps = amps;
    }

    /// Hurries the cells, and nothing but the cells: what they take in, their warmth, and what is
    /// counted of them.
    pub(super) const fn hurry(&mut self, pace: f64) {
        self.pace = pace;
    }

    /// How much faster than everything else the cells live.
    pub(super) const fn pace(&self) -> f64 {
        self.pace
    }

    /// What other parts give from now on, amperes into the battery; it counts while a string is
    /// connected.
    pub(super) const fn give(&mut self, amps: f64) {
        self.given_amps = amps;
    }

    /// Current of the vehicle, amperes into the battery.
    pub(super) const fn load_amps(&self) -> f64 {
        self.load.amps
    }

    /// How far the pedal is pressed, 0 to 1, for the driver controls.
    pub(super) fn pedal(&self) -> f64 {
        self.load.pedal()
    }

    /// Lets 100 ms pass.
    pub(super) fn step(&mut self) {
        let load = self.load.step();
        // Strings in parallel share one voltage U: the sum of (U - E) / R is the whole current.
        let (mut pull, mut share) = (0.0, 0.0);
        for strand in self.strands.iter().filter(|strand| strand.connected) {
            let resistance = strand.cells.resistance_ohm().max(1e-6);
            pull += strand.cells.inner_volts() / resistance;
            share += 1.0 / resistance;
        }
        let voltage = if share > 0.0 {
            let charge = self.charger.step(pull / share, 1.0 / share);
            (load + self.given_amps + charge + pull) / share
        } else {
            self.charger.idle_volts()
        };
        for strand in &mut self.strands {
            let amps = if strand.connected {
                let resistance = strand.cells.resistance_ohm().max(1e-6);
                (voltage - strand.cells.inner_volts()) / resistance
            } else {
                0.0
            };
            strand.cells.carry(amps, STEP_S);
        }
        self.charger.volts = voltage;
        self.steps += 1;
        // Hurried cells are stepped more often, so that each of their steps stays short.
        if f64::from(self.steps) * self.pace >= CELL_STEPS {
            let span_s = STEP_S * f64::from(self.steps);
            self.steps = 0;
            for strand in &mut self.strands {
                strand.cells.step(self.ambient_c, span_s, self.pace);
            }
        }
    }
}

impl ChargerPower {
    /// Without a battery: its output rises to the voltage it was told as soon as it may give any
    /// current, stays there while it is told the voltage, and falls when it is told to stop.
    fn idle_volts(&mut self) -> f64 {
        let (volts, amps) = self.told;
        self.amps = 0.0;
        let goal = if amps > 0.0 { volts } else { volts.min(self.volts) };
        self.volts = goal
            .min(self.volts + CHARGER_RISE * STEP_S)
            .max(self.volts - CHARGER_FALL * STEP_S)
            .max(0.0);
        self.volts
    }

    /// Goes towards what it was told: up by a ramp, down at once; never beyond the told voltage or
    /// its own power. `inner_volts` and `ohm` are the battery it works on.
    fn step(&mut self, inner_volts: f64, ohm: f64) -> f64 {
        let (volts, amps) = self.told;
        let by_volts = ((volts - inner_volts) / ohm.max(1e-6)).max(0.0);
        let by_power = self.most_watts / self.volts.max(1.0);
        let goal = amps.min(by_volts).min(by_power).max(0.0);
        self.amps =
            if goal > self.amps { goal.min(self.amps + CHARGER_RAMP * STEP_S) } else { goal };
        self.amps
    }
}

/// The current of the vehicle, positive into the battery.
#[derive(Clone, Debug)]
struct Load {
    what: Doing,
    asked_amps: Option<f64>,
    amps: f64,
    goal: f64,
    hold: u32,
    chance: Chance,
}

impl Load {
    const fn new(chance: Chance) -> Self {
        Self { what: Doing::Off, asked_amps: None, amps: 0.0, goal: 0.0, hold: 0, chance }
    }

    fn step(&mut self) -> f64 {
        let (goal, ramp) = match self.what {
            Doing::Off => (0.0, f64::MAX),
            Doing::Rest => (-self.asked_amps.unwrap_or(0.8), 50.0),
            Doing::Charge => (-0.6, 50.0),
            Doing::Regen => (self.asked_amps.unwrap_or(12.0), 20.0),
            Doing::Drive => {
                let mean = self.asked_amps.unwrap_or(30.0);
                if self.hold == 0 {
                    self.hold = 10 + (self.chance.share() * 60.0) as u32;
                    self.goal = -mean * self.manoeuvre();
                }
                self.hold -= 1;
                (self.goal, 1.5 * mean)
            }
        };
        let most = ramp * STEP_S;
        self.amps += (goal - self.amps).clamp(-most, most);
        // What a motor draws is never quite even.
        self.amps * (1.0 + 0.01 * (self.chance.share() - 0.5))
    }

    /// What a driver does next, in parts of the mean draw: accelerate, cruise, coast or brake. Its
    /// own mean is close to one.
    fn manoeuvre(&mut self) -> f64 {
        let dice = self.chance.share();
        if dice < 0.15 {
            -self.chance.between(0.3, 0.9)
        } else if dice < 0.32 {
            self.chance.between(0.05, 0.2)
        } else if dice < 0.78 {
            self.chance.between(0.8, 1.4)
        } else {
            self.chance.between(1.9, 3.1)
        }
    }

    fn pedal(&self) -> f64 {
        match self.what {
            Doing::Drive => {
                let most = self.asked_amps.unwrap_or(30.0) * 3.2;
                (-self.amps / most.max(1e-6)).clamp(0.0, 1.0)
            }
            Doing::Off | Doing::Rest | Doing::Charge | Doing::Regen => 0.0,
        }
    }
}
