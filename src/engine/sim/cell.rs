//! One lithium cell: open-circuit curve, resistance, relaxation, heat, self-discharge and the shunt
//! that balances it. Pure: a step takes a current and a time and changes the cell; it knows no
//! frame and no clock. Only `+ - * /` are used, so that every machine computes the same cell.

/// Open-circuit voltage at 0, 5, 10 … 100 % of charge, millivolts: the default table of the Gen2
/// configuration parameters (protocol note, section 3.5), straight lines between its points.
const OPEN_CIRCUIT_MV: [f64; 21] = [
    2500.0, 2840.0, 3180.0, 3302.0, 3424.0, 3474.0, 3524.0, 3564.0, 3604.0, 3646.0, 3688.0, 3739.0,
    3790.0, 3833.5, 3877.0, 3931.0, 3985.0, 4027.0, 4069.0, 4092.0, 4200.0,
];
const STEPS: f64 = 20.0;

/// Current through a balancing shunt, amperes (protocol note, section 2.7).
pub const SHUNT_AMPS: f64 = 0.25;
/// Temperature at which a cell has its nominal resistance, degrees Celsius.
const NOMINAL_C: f64 = 25.0;
/// Seconds in an hour, for ampere-hours.
const HOUR: f64 = 3600.0;

/// Open-circuit voltage at a state of charge between 0 and 1, volts. Below empty the curve falls
/// steeply, above full it rises steeply, as a cell out of its range does.
#[must_use]
pub fn open_circuit_volts(soc: f64) -> f64 {
    let place = soc * STEPS;
    if place <= 0.0 {
        return (OPEN_CIRCUIT_MV[0] + place * 680.0).max(0.0) / 1000.0;
    }
    if place >= STEPS {
        return (OPEN_CIRCUIT_MV[20] + (place - STEPS) * 300.0).min(5000.0) / 1000.0;
    }
    let step = place as usize;
    let low = OPEN_CIRCUIT_MV[step];
    let high = OPEN_CIRCUIT_MV[(step + 1).min(20)];
    (low + (high - low) * (place - step as f64)) / 1000.0
}

/// What a cell is made like; does not change while it lives here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Make {
    /// Capacity, ampere-hours.
    pub capacity_ah: f64,
    /// Resistance at 25 °C that answers a current at once, ohms.
    pub resistance_ohm: f64,
    /// Resistance that answers slowly, ohms.
    pub slow_ohm: f64,
    /// Time in which the slow part answers and relaxes, seconds.
    pub slow_s: f64,
    /// Share of its capacity that it loses in a day.
    pub loss_per_day: f64,
    /// Heat it takes to warm it by a degree, joules per kelvin.
    pub heat_j_per_k: f64,
    /// Heat it gives to its surroundings for each degree of difference, watts per kelvin.
    pub cooling_w_per_k: f64,
}

/// A cell and how it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    make: Make,
    charge_ah: f64,
    slow_volts: f64,
    temperature_c: f64,
    resistance_now_ohm: f64,
    open_volts: f64,
    shunted: bool,
}

impl Cell {
    /// A rested cell at `soc` (0 to 1) and a temperature.
    #[must_use]
    pub fn new(make: Make, soc: f64, temperature_c: f64) -> Self {
        let mut cell = Self {
            make,
            charge_ah: soc * make.capacity_ah,
            slow_volts: 0.0,
            temperature_c,
            resistance_now_ohm: make.resistance_ohm,
            open_volts: open_circuit_volts(soc),
            shunted: false,
        };
        cell.settle_resistance();
        cell
    }

    /// Lets `dt_s` seconds pass with `amps` into the cell on average; `heating_a2` is the mean of
    /// the squared current, which is what warms it. `dt_s` is at most a few seconds.
    pub fn step(&mut self, amps: f64, heating_a2: f64, ambient_c: f64, dt_s: f64) {
        let shunt = if self.shunted { SHUNT_AMPS } else { 0.0 };
        let loss_ah = self.make.loss_per_day * self.make.capacity_ah * dt_s / (24.0 * HOUR);
        self.charge_ah += (amps - shunt) * dt_s / HOUR - loss_ah;
        let pull = (dt_s / self.make.slow_s).min(1.0);
        self.slow_volts += ((amps - shunt) * self.make.slow_ohm - self.slow_volts) * pull;
        let heat_w = heating_a2 * (self.resistance_now_ohm + self.make.slow_ohm);
        let cooling_w = (self.temperature_c - ambient_c) * self.make.cooling_w_per_k;
        self.temperature_c += (heat_w - cooling_w) * dt_s / self.make.heat_j_per_k;
        self.open_volts = open_circuit_volts(self.soc());
        self.settle_resistance();
    }

    /// A cold cell resists more: about twice as much at 0 °C as at 25 °C, growing to four times.
    fn settle_resistance(&mut self) {
        let cold = (NOMINAL_C - self.temperature_c).clamp(-20.0, 60.0);
        let factor =
            if cold > 0.0 { 1.0 + cold * (0.02 + 0.0008 * cold) } else { 1.0 + cold * 0.01 };
        self.resistance_now_ohm = self.make.resistance_ohm * factor;
    }

    /// Switches the shunt: on above `on_mv`, off below `off_mv`, between them it stays as it is.
    pub fn balance(&mut self, measured_mv: f64, on_mv: f64, off_mv: f64) {
        if measured_mv >= on_mv {
            self.shunted = true;
        } else if measured_mv <= off_mv {
            self.shunted = false;
        }
    }

    /// Takes the shunt off: a cell that is not trusted is not balanced.
    pub const fn unshunt(&mut self) {
        self.shunted = false;
    }

    /// Voltage at its terminals with `amps` into it.
    #[must_use]
    pub fn volts(&self, amps: f64) -> f64 {
        let shunt = if self.shunted { SHUNT_AMPS } else { 0.0 };
        self.inner_volts() + (amps - shunt) * self.resistance_now_ohm
    }

    /// Voltage without the part that answers a current at once.
    #[must_use]
    pub fn inner_volts(&self) -> f64 {
        self.open_volts + self.slow_volts
    }

    /// Resistance that answers a current at once, at its temperature, ohms.
    #[must_use]
    pub const fn resistance_ohm(&self) -> f64 {
        self.resistance_now_ohm
    }

    /// State of charge, 0 to 1; beyond that where the cell is abused.
    #[must_use]
    pub fn soc(&self) -> f64 {
        self.charge_ah / self.make.capacity_ah
    }

    /// Charge in it, ampere-hours.
    #[cfg(test)]
    #[must_use]
    pub const fn charge_ah(&self) -> f64 {
        self.charge_ah
    }

    /// Its temperature, degrees Celsius.
    #[must_use]
    pub const fn temperature_c(&self) -> f64 {
        self.temperature_c
    }

    /// Whether its shunt is on.
    #[must_use]
    pub const fn is_shunted(&self) -> bool {
        self.shunted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAKE: Make = Make {
        capacity_ah: 50.0,
        resistance_ohm: 0.001,
        slow_ohm: 0.001,
        slow_s: 40.0,
        loss_per_day: 0.0,
        heat_j_per_k: 900.0,
        cooling_w_per_k: 0.5,
    };

    fn rested(soc: f64) -> Cell {
        Cell::new(MAKE, soc, 25.0)
    }

    #[test]
    fn the_open_circuit_curve_has_the_documented_points_and_only_rises() {
        for (percent, mv) in [
            (0.0, 2500.0),
            (10.0, 3180.0),
            (24.0, 3464.0),
            (50.0, 3688.0),
            (95.0, 4092.0),
            (100.0, 4200.0),
        ] {
            let found = open_circuit_volts(percent / 100.0) * 1000.0;
            assert!((found - mv).abs() < 1.0, "{percent} %: {found} instead of {mv}");
        }
        let curve: Vec<f64> =
            (-100..1100).map(|n| open_circuit_volts(f64::from(n) / 1000.0)).collect();
        assert!(curve.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(open_circuit_volts(-9.0) >= 0.0 && open_circuit_volts(9.0) <= 5.0);
    }

    #[test]
    fn what_is_charged_is_in_the_cell() {
        let mut cell = rested(0.5);
        (0..3600).for_each(|_| cell.step(10.0, 100.0, 25.0, 1.0));
        assert!((cell.charge_ah() - 35.0).abs() < 1e-6, "{}", cell.charge_ah());
        (0..3600).for_each(|_| cell.step(-10.0, 100.0, 25.0, 1.0));
        assert!((cell.charge_ah() - 25.0).abs() < 1e-6, "{}", cell.charge_ah());
    }

    #[test]
    fn a_loaded_cell_sags_and_a_rested_cell_comes_back() {
        let mut cell = rested(0.5);
        let before = cell.volts(0.0);
        (0..300).for_each(|_| cell.step(-50.0, 2500.0, 25.0, 1.0));
        let loaded = cell.volts(-50.0);
        assert!(loaded < before - 0.09, "{loaded}");
        let released = cell.volts(0.0);
        (0..600).for_each(|_| cell.step(0.0, 0.0, 25.0, 1.0));
        let relaxed = cell.volts(0.0);
        assert!(relaxed > released + 0.04, "{released} {relaxed}");
        assert!((relaxed - open_circuit_volts(cell.soc())).abs() < 1e-4);
    }

    #[test]
    fn current_warms_a_cell_and_it_cools_down_again() {
        let mut cell = rested(0.9);
        (0..600).for_each(|_| cell.step(-100.0, 10_000.0, 25.0, 1.0));
        let warm = cell.temperature_c();
        assert!(warm > 30.0 && warm < 60.0, "{warm}");
        (0..20_000).for_each(|_| cell.step(0.0, 0.0, 25.0, 1.0));
        assert!((cell.temperature_c() - 25.0).abs() < 0.1);
    }

    #[test]
    fn a_cold_cell_resists_more() {
        let cold = Cell::new(MAKE, 0.5, -15.0);
        assert!(cold.resistance_ohm() > 2.5 * rested(0.5).resistance_ohm());
        assert!(cold.volts(-50.0) < rested(0.5).volts(-50.0) - 0.05);
    }

    #[test]
    fn a_shunt_takes_a_quarter_ampere_between_its_two_thresholds() {
        let mut cell = rested(0.96);
        cell.balance(4099.0, 4100.0, 4095.0);
        assert!(!cell.is_shunted());
        cell.balance(4100.0, 4100.0, 4095.0);
        cell.balance(4096.0, 4100.0, 4095.0);
        assert!(cell.is_shunted(), "within the hysteresis it stays on");
        let before = cell.charge_ah();
        (0..3600).for_each(|_| cell.step(0.0, 0.0, 25.0, 1.0));
        assert!((before - cell.charge_ah() - SHUNT_AMPS).abs() < 1e-9);
        cell.balance(4095.0, 4100.0, 4095.0);
        assert!(!cell.is_shunted());
    }

    #[test]
    fn a_cell_left_alone_loses_its_share_a_day() {
        let make = Make { loss_per_day: 0.01, ..MAKE };
        let mut cell = Cell::new(make, 0.5, 25.0);
        (0..86_400).for_each(|_| cell.step(0.0, 0.0, 25.0, 1.0));
        assert!((cell.soc() - 0.49).abs() < 1e-6);
    }
}
