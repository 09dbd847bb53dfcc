//! Several batteries as one.

use super::*;

fn half(amps: f64, cell: i32) -> Pack {
    let mut pack = pack();
    pack.apply(ms(0), &totals(155.0, amps));
    pack.apply(ms(0), &four(1, 0, [good(cell); 4]));
    pack.apply(ms(0), &precharge(PackState::Run, [true; 3], true));
    let soc = Some(Percent(if amps > 2.55 { 60.0 } else { 80.0 }));
    pack.apply(ms(0), &Fact::Charge { used: Some(AmpHours(10.0)), soc });
    let (charge, discharge) = (Millivolts(cell), Millivolts(-cell));
    let temperature = Celsius(-amps);
    let capacity = AmpHours(if amps > 2.55 { 60.0 } else { 20.0 });
    let headroom = Headroom { charge, temperature, discharge, capacity };
    pack.apply(ms(0), &Fact::Headroom(headroom));
    pack.apply(ms(0), &flags(&[]));
    pack
}

#[test]
fn two_bmus_in_parallel_add_their_currents_and_share_their_voltage() {
    let (a, b) = (half(2.583, 3700), half(2.533, 3750));
    let (a, b) = (a.picture(ms(0)), b.picture(ms(0)));
    let both = together(&[("A", &a), ("B", &b)]);
    assert_eq!(both.members, ["A", "B"]);
    assert_eq!(both.voltage.value, Some(Volts(155.0)));
    assert!(both.current.value.is_some_and(|c| (c.get() - 5.116).abs() < 1e-9));
    assert!(both.power.value.is_some_and(|p| (p.get() - 155.0 * 5.116).abs() < 1e-9));
    assert_eq!(both.soc.value.map(|soc| soc.percent), Some(Percent(65.0)));
    assert_eq!(
        (both.capacity.value, both.used.value),
        (Some(AmpHours(80.0)), Some(AmpHours(20.0)))
    );
    let place = |at: Option<CellAt>| at.map(|at| (at.member, at.mv));
    assert_eq!(place(both.cells.min), Some((0, 3700)));
    assert_eq!(place(both.cells.max), Some((1, 3750)));
    assert_eq!((both.modules.len(), both.strings), (2, 2));
    let headroom = both.headroom.value.unwrap();
    assert_eq!((headroom.charge, headroom.discharge), (Millivolts(3700), Millivolts(-3700)));
    // The warmest governs, and a negative margin is good.
    assert_eq!(headroom.temperature, Celsius(-2.533));
    assert_eq!((both.level, both.state.value), (Level::Ok, Some(PackState::Run)));
}

#[test]
fn the_extremes_of_those_that_tell_are_not_those_of_all_batteries() {
    let (a, b) = (half(2.583, 3700), half(2.533, 4200));
    let silent = pack().picture(ms(0));
    let (a, b) = (a.picture(ms(0)), b.picture(ms(0)));
    let all = together(&[("A", &a), ("B", &b)]);
    assert_eq!(all.cells_share(), None);
    let both = together(&[("A", &a), ("B", &b), ("C", &silent)]);
    let share = Share { told: 2, of: 3, among: Among::Batteries };
    assert_eq!(both.cells_share(), Some(share));
    assert!(matches!(both.cells_age(), Age::Late(_)), "{:?}", both.cells_age());
    assert_eq!(together(&[("C", &silent), ("D", &silent)]).cells_age(), Age::Never);
}

#[test]
fn the_extremes_of_one_that_tells_every_cell_are_not_those_of_all() {
    let a = half(2.583, 3700).picture(ms(0));
    let at = |mv| CellAt { member: 0, module: 0, cell: 0, mv };
    let mut b = half(2.533, 3750).picture(ms(0));
    (b.cells_told, b.silence) = (CellsTold::Range, "It tells its lowest and its highest cell.");
    b.modules.clear();
    b.reported_cells =
        Seen { value: Some((at(3600), at(4210))), age: Age::Fresh(ms(0).since(ms(0))) };
    for members in [[("A", &a), ("B", &b)], [("B", &b), ("A", &a)]] {
        let both = together(&members);
        assert_eq!((both.cells_told, both.silence), (CellsTold::Range, b.silence));
        // The other one does not report its own, so those of all are unknown.
        assert_eq!(both.reported_cells.value, None);
    }
    let mut told = a.clone();
    told.reported_cells = Seen { value: Some((at(3700), at(3710))), ..b.reported_cells };
    let both = together(&[("A", &told), ("B", &b)]);
    let ends = both.reported_cells.value.map(|(low, high)| (low.mv, high.mv, high.member));
    assert_eq!(ends, Some((3600, 4210, 1)));
    b.cells_told = CellsTold::Nothing;
    assert_eq!(together(&[("A", &a), ("B", &b)]).cells_told, CellsTold::Nothing);
}

#[test]
fn an_end_of_temperature_that_one_does_not_tell_is_known_of_none() {
    let end = |celsius| ReportedTemperature { temperature: Some(Celsius(celsius)), module: 0 };
    let of = |low, high| {
        let mut pack = half(2.583, 3700);
        pack.apply(ms(0), &Fact::TemperatureRange { low: end(low), high: end(high) });
        pack.picture(ms(0))
    };
    let ends = |a: &PackPicture, b: &PackPicture| {
        let told = together(&[("A", a), ("B", b)]).reported_temperatures.value.unwrap();
        let end = |at: Option<TemperatureAt>| at.map(|at| (at.temperature.get(), at.member));
        (end(told.0), end(told.1))
    };
    let (cold, warm, odd) = (of(11.0, 22.0), of(14.0, 31.0), of(15.0, 1690.0));
    assert_eq!(ends(&cold, &warm), (Some((11.0, 0)), Some((31.0, 1))));
    assert_eq!(ends(&warm, &cold), (Some((11.0, 1)), Some((31.0, 0))));
    assert_eq!(ends(&cold, &odd), (Some((11.0, 0)), None), "22 degrees need not be the hottest");
}

#[test]
fn without_one_of_them_there_is_no_sum() {
    let (mut a, b) = (half(2.583, 3700), half(2.533, 3750));
    for at in 0..20 {
        a.apply(ms(at * 100), &totals(155.0, 2.583));
    }
    let (a, b) = (a.picture(ms(1900)), b.picture(ms(1900)));
    let both = together(&[("A", &a), ("B", &b)]);
    assert_eq!((both.voltage.value, both.current.value), (None, None));
    assert!(matches!(both.current.age, Age::Lost(_)));
    assert_eq!(both.level, Level::Fault);
    assert!(texts(&both).contains("fault: B: The BMU is lost"), "{}", texts(&both));
}

#[test]
fn the_worst_flag_and_state_of_any_member_count() {
    let (a, mut b) = (half(2.583, 3700), half(2.533, 3750));
    b.apply(ms(0), &state(PackState::Error));
    b.apply(ms(0), &flags(&[Flag::CellOverTemperature]));
    let (a, b) = (a.picture(ms(0)), b.picture(ms(0)));
    let both = together(&[("A", &a), ("B", &b)]);
    let hot = flag(&both, Flag::CellOverTemperature);
    assert_eq!((hot.raised, hot.level), (Some(true), Level::Fault));
    assert!(hot.words.starts_with("B: "), "{}", hot.words);
    assert_eq!(both.state.value, Some(PackState::Error));
    assert!(both.state_words.contains("A: Contactors closed."), "{}", both.state_words);
    assert!(texts(&both).contains("not in the same state"));
    assert!(together(&[]).members.is_empty());
}

/// A battery that says its limits itself, at this moment.
fn limited(limits: Limits, at: Mono) -> Pack {
    let mut pack = half(2.583, 3700);
    pack.apply(at, &Fact::Battery(BatteryFact::Limits(limits)));
    pack
}

const LIMITS: Limits = Limits {
    charge_voltage: Some(Volts(56.0)),
    charge_current: Some(Amps(20.0)),
    discharge_current: Some(Amps(90.0)),
    discharge_voltage: Some(Volts(44.0)),
};

#[test]
fn the_strictest_limits_of_all_hold() {
    let other = Limits {
        charge_voltage: Some(Volts(55.2)),
        charge_current: Some(Amps(0.0)),
        discharge_current: Some(Amps(60.0)),
        discharge_voltage: Some(Volts(45.5)),
    };
    let (a, b) = (limited(LIMITS, ms(0)), limited(other, ms(0)));
    for swap in [false, true] {
        let (a, b) = if swap { (&b, &a) } else { (&a, &b) };
        let (a, b) = (a.picture(ms(100)), b.picture(ms(100)));
        let both = together(&[("A", &a), ("B", &b)]);
        let joined = Limits {
            charge_voltage: Some(Volts(55.2)),
            charge_current: Some(Amps(0.0)),
            discharge_current: Some(Amps(60.0)),
            discharge_voltage: Some(Volts(45.5)),
        };
        assert_eq!(both.limits.value, Some(joined));
        assert!(matches!(both.limits.age, Age::Fresh(_)));
        assert_eq!(both.lacking, Lacking::default());
    }
    let a = a.picture(ms(100));
    assert_eq!(together(&[("A", &a)]).limits.value, Some(LIMITS));
}

/// Whether an age is of this sort.
type Is = fn(Age) -> bool;

#[test]
fn a_limit_that_one_does_not_say_in_time_is_none_of_all() {
    let late = |age| matches!(age, Age::Late(_));
    let lost = |age| matches!(age, Age::Lost(_));
    let never = |age| matches!(age, Age::Never);
    let cases: [(Pack, Is); 3] = [
        (limited(LIMITS, ms(7900)), late),
        (limited(LIMITS, ms(0)), lost),
        (half(2.583, 3700), never),
    ];
    let now = ms(10_000);
    for (silent, is) in cases {
        let (a, b) = (limited(LIMITS, now).picture(now), silent.picture(now));
        let both = together(&[("A", &a), ("B", &b)]);
        assert_eq!(both.limits.value, None, "{:?}", b.limits);
        assert!(is(both.limits.age), "{:?}", both.limits);
        let lack = both.lacking.charge_current.unwrap();
        assert!(lack.member == 1 && is(lack.age), "{lack:?}");
    }
    let part = Limits { discharge_voltage: None, charge_current: Some(Amps(f64::NAN)), ..LIMITS };
    let (a, b) = (limited(LIMITS, now).picture(now), limited(part, now).picture(now));
    let both = together(&[("A", &a), ("B", &b)]);
    let joined = both.limits.value.unwrap();
    assert_eq!((joined.charge_current, joined.discharge_voltage), (None, None));
    assert_eq!(
        (joined.charge_voltage, joined.discharge_current),
        (Some(Volts(56.0)), Some(Amps(90.0)))
    );
    let lacks = both.lacking;
    assert!(lacks.charge_voltage.is_none() && lacks.discharge_current.is_none());
    assert!(
        lacks.discharge_voltage.is_some_and(|l| l.member == 1 && matches!(l.age, Age::Fresh(_)))
    );
}

#[test]
fn all_have_to_permit_and_one_may_want() {
    let permits = |charge, wants_full| {
        let mut pack = half(2.583, 3700);
        let permits = Permits { charge, discharge: true, wants_charge: false, wants_full };
        pack.apply(ms(0), &Fact::Battery(BatteryFact::Permits(permits)));
        pack.picture(ms(0))
    };
    let (a, b) = (permits(true, false), permits(false, true));
    let both = together(&[("A", &a), ("B", &b)]).permits.value.unwrap();
    assert_eq!((both.charge, both.discharge, both.wants_full), (false, true, true));
    let silent = half(2.583, 3700).picture(ms(0));
    assert_eq!(together(&[("A", &a), ("B", &silent)]).permits.value, None);
}

#[test]
fn batteries_that_are_switched_differently_are_switched_by_nobody_knows_whom() {
    let key = half(2.583, 3700).picture(ms(0));
    let own = PackPicture { switching: Switching::Own, ..key.clone() };
    assert_eq!(together(&[("A", &key), ("B", &key)]).switching, key.switching);
    assert_eq!(together(&[("A", &key), ("B", &own)]).switching, Switching::Unknown);
}

#[test]
fn parallel_strings_below_one_bmu_share_the_voltage() {
    let mut pack = Pack::new(PackSettings { strings: 2, ..PackSettings::default() });
    pack.apply(ms(0), &four(1, 0, [good(3700); 4]));
    pack.apply(ms(0), &four(2, 0, [good(3700); 4]));
    assert_eq!(pack.picture(ms(0)).cell_sum, Some(Volts(14.8)));
}
