//! The profile's own limits: what the console warns of besides what the device says. They change
//! no command; the BMS remains the safety device.

use crate::engine::device::Level;
use crate::engine::pack::{CellAt, PackPicture, Remark, TemperatureAt};
use crate::engine::profile::model::Limits;

/// Adds a remark for every limit that the picture breaks.
pub(super) fn judge(limits: &Limits, picture: &mut PackPicture) {
    let mut broken = Vec::new();
    // Where no cell of a module is told, the range that the device reports, or its one temperature.
    let told = picture.reported_cells.value;
    let cell = |own: Option<CellAt>, told: Option<CellAt>, word: &str| {
        let place = |cell: CellAt| format!("CMU {} cell {}", cell.module, cell.cell);
        let told = told.map(|cell| (format!("The {word} cell"), cell.mv));
        own.map(|cell| (place(cell), cell.mv)).or(told)
    };
    let highest = cell(picture.cells.max, told.map(|(_, high)| high), "highest");
    let lowest = cell(picture.cells.min, told.map(|(low, _)| low), "lowest");
    if let (Some(limit), Some((place, mv))) = (limits.cell_max, highest)
        && mv > limit.get()
    {
        let limit = limit.get();
        broken.push(format!("{place}: {mv} mV is above the profile's limit of {limit} mV."));
    }
    if let (Some(limit), Some((place, mv))) = (limits.cell_min, lowest)
        && mv < limit.get()
    {
        let limit = limit.get();
        broken.push(format!("{place}: {mv} mV is below the profile's limit of {limit} mV."));
    }
    let told = picture.reported_temperatures.value;
    let whole = picture.temperature.value;
    let heat = |own: Option<TemperatureAt>, told: Option<TemperatureAt>, word: &str| {
        let told = told.map(|at| at.temperature).or(whole);
        let told = told.map(|celsius| (format!("The {word} temperature"), celsius));
        own.map(|at| (format!("CMU {}", at.module), at.temperature)).or(told)
    };
    let hottest = heat(picture.temperatures.max, told.and_then(|(_, high)| high), "highest");
    let coldest = heat(picture.temperatures.min, told.and_then(|(low, _)| low), "lowest");
    if let (Some(limit), Some((place, celsius))) = (limits.temperature_max, hottest)
        && celsius > limit
    {
        let (is, limit) = (celsius.get(), limit.get());
        broken.push(format!(
            "{place}: {is:.1} \u{b0}C is above the profile's limit of {limit:.1} \u{b0}C."
        ));
    }
    if let (Some(limit), Some((place, celsius))) = (limits.temperature_min, coldest)
        && celsius < limit
    {
        let (is, limit) = (celsius.get(), limit.get());
        broken.push(format!(
            "{place}: {is:.1} \u{b0}C is below the profile's limit of {limit:.1} \u{b0}C."
        ));
    }
    if let (Some(limit), Some(current)) = (limits.current_max, picture.current.value)
        && current.get().abs() > limit.get()
    {
        broken.push(format!(
            "{:.1} A is above the profile's limit of {:.1} A.",
            current.get().abs(),
            limit.get(),
        ));
    }
    if !broken.is_empty() {
        picture.level = picture.level.max(Level::Warning);
        let remark = |text| Remark { level: Level::Warning, text };
        picture.remarks.extend(broken.into_iter().map(remark));
    }
}

/// The limits that are set, as rows of the Parts page.
pub(super) fn rows(limits: &Limits) -> Vec<(String, String)> {
    let row = |label: &str, value: Option<String>| value.map(|value| (label.to_owned(), value));
    let mv = |limit: crate::base::units::Millivolts| format!("{} mV", limit.get());
    let celsius = |limit: crate::base::units::Celsius| format!("{:.1} \u{b0}C", limit.get());
    if *limits == Limits::default() {
        return vec![("Own limits".to_owned(), "none; the BMS keeps its own".to_owned())];
    }
    [
        row("Lowest cell", limits.cell_min.map(mv)),
        row("Highest cell", limits.cell_max.map(mv)),
        row("Coldest", limits.temperature_min.map(celsius)),
        row("Hottest", limits.temperature_max.map(celsius)),
        row("Highest current", limits.current_max.map(|limit| format!("{:.1} A", limit.get()))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::units::{Celsius, Millivolts};
    use crate::engine::pack::{Pack, PackSettings};

    #[test]
    fn what_tells_only_a_range_is_held_against_the_limits_too() {
        let mut picture = Pack::new(PackSettings::default()).picture(crate::base::time::Mono::ZERO);
        let limits = Limits {
            cell_max: Some(Millivolts(3600)),
            cell_min: Some(Millivolts(2800)),
            temperature_max: Some(Celsius(45.0)),
            temperature_min: Some(Celsius(0.0)),
            ..Limits::default()
        };
        judge(&limits, &mut picture);
        assert_eq!(picture.remarks.len(), 0, "{:?}", picture.remarks);
        let cell = |mv| CellAt { member: 0, mv, module: 0, cell: 0 };
        picture.reported_cells.value = Some((cell(2700), cell(3700)));
        picture.temperature.value = Some(Celsius(50.0));
        judge(&limits, &mut picture);
        let said: Vec<&str> = picture.remarks.iter().map(|remark| remark.text.as_str()).collect();
        assert_eq!(
            said,
            [
                "The highest cell: 3700 mV is above the profile's limit of 3600 mV.",
                "The lowest cell: 2700 mV is below the profile's limit of 2800 mV.",
                "The highest temperature: 50.0 \u{b0}C is above the profile's limit of 45.0 \u{b0}C.",
            ]
        );
        assert_eq!(picture.level, Level::Warning);
        picture.temperature.value = None;
        let cold = TemperatureAt { member: 0, temperature: Celsius(-5.0), module: 0 };
        picture.reported_temperatures.value = Some((Some(cold), None));
        judge(&limits, &mut picture);
        assert!(picture.remarks.last().unwrap().text.contains("-5.0 \u{b0}C is below"));
    }
}
