//! The profile's own limits: what the console warns of besides what the device says. They change
//! no command; the BMS remains the safety device.

use crate::engine::device::Level;
use crate::engine::pack::{PackPicture, Remark};
use crate::engine::profile::model::Limits;

/// Adds a remark for every limit that the picture breaks.
pub(super) fn judge(limits: &Limits, picture: &mut PackPicture) {
    let mut broken = Vec::new();
    if let (Some(limit), Some(cell)) = (limits.cell_max, picture.cells.max)
        && cell.mv > limit.get()
    {
        broken.push(format!(
            "CMU {} cell {}: {} mV is above the profile's limit of {} mV.",
            cell.module,
            cell.cell,
            cell.mv,
            limit.get(),
        ));
    }
    if let (Some(limit), Some(cell)) = (limits.cell_min, picture.cells.min)
        && cell.mv < limit.get()
    {
        broken.push(format!(
            "CMU {} cell {}: {} mV is below the profile's limit of {} mV.",
            cell.module,
            cell.cell,
            cell.mv,
            limit.get(),
        ));
    }
    if let (Some(limit), Some(at)) = (limits.temperature_max, picture.temperatures.max)
        && at.temperature > limit
    {
        broken.push(format!(
            "CMU {}: {:.1} \u{b0}C is above the profile's limit of {:.1} \u{b0}C.",
            at.module,
            at.temperature.get(),
            limit.get(),
        ));
    }
    if let (Some(limit), Some(at)) = (limits.temperature_min, picture.temperatures.min)
        && at.temperature < limit
    {
        broken.push(format!(
            "CMU {}: {:.1} \u{b0}C is below the profile's limit of {:.1} \u{b0}C.",
            at.module,
            at.temperature.get(),
            limit.get(),
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
