//! Temperatures that no sensor can report.

use super::*;

#[test]
fn a_temperature_that_no_sensor_can_report_is_unknown_with_its_reason_and_a_hot_one_is_shown() {
    let mut pack = pack();
    let told = [(1, 24.4), (2, 1690.0), (3, 120.0), (4, -3276.8)];
    for (module, celsius) in told {
        let cells = Some(Celsius(celsius));
        pack.apply(ms(0), &Fact::Module { module, serial: 1, board: cells, cells });
    }
    let end = |celsius| ReportedTemperature { temperature: Some(Celsius(celsius)), module: 2 };
    pack.apply(ms(0), &Fact::TemperatureRange { low: end(24.4), high: end(1690.0) });
    let picture = pack.picture(ms(0));
    let shown = |seen: fn(&ModulePicture) -> Option<Celsius>| {
        picture.modules.iter().map(|m| seen(m).map(|c| c.get())).collect::<Vec<_>>()
    };
    let known = [Some(24.4), None, Some(120.0), None];
    assert_eq!(shown(|m| m.temperature.value), known);
    assert_eq!(shown(|m| m.board.value), known);
    assert_eq!(picture.temperatures.max.map(|at| at.temperature.get()), Some(120.0));
    assert_eq!(picture.temperatures.min.map(|at| at.temperature.get()), Some(24.4));
    assert_eq!(picture.temperatures.without_sensor, 0, "there is one, and it is odd");
    let reported = picture.reported_temperatures.value.unwrap();
    assert_eq!((reported.0.map(|at| at.temperature.get()), reported.1), (Some(24.4), None));
    let said = texts(&picture);
    assert!(said.starts_with("warning: Temperatures that no sensor can report"), "{said}");
    assert!(said.contains("CMU 2 board 1690 \u{b0}C, CMU 2 cells 1690"), "{said}");
    // Charging does not go on beside a sensor that says so.
    let hottest = pack.glance(ms(0)).hottest.map(|at| at.temperature.get());
    assert_eq!(hottest, Some(1690.0));
}
