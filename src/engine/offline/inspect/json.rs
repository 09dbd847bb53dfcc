//! A report as JSON, for programs. Units are in the names; what is not known is null.

use serde_json::{Value, json};

use super::{CellSource, Report};
use crate::base::reading::Age;
use crate::base::units::{AmpHours, Amps, Celsius, Millivolts, Percent, Volts, Watts};
use crate::engine::device::PackState;
use crate::engine::pack::{CellAt, ModulePicture, PackPicture, Remark, Seen, TemperatureAt};

impl Report {
    /// The report as JSON.
    ///
    /// `cells` is a list with one list per module, in order of the module numbers, so that
    /// `cells[module - 1][cell]` is a cell: `{"mv": millivolts or null, "state": "ok", "untrusted",
    /// "absent", "extra", "lost" or "never"}`. Modules count from 1 and cells from 0, as the device
    /// counts them. Current and power are positive into the battery.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let parts = [self.about(), self.totals_json(), self.cells_json(), self.states_json()];
        let objects = parts.into_iter().filter_map(|part| match part {
            Value::Object(object) => Some(object),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => None,
        });
        Value::Object(objects.flatten().collect())
    }

    fn about(&self) -> Value {
        let p = &self.picture;
        json!({
            "log": self.log.display().to_string(),
            "format": self.format,
            "device": self.kind.manifest.id,
            "base": self.base,
            "bus": self.bus,
            "current_sign": self.current_sign.name(),
            "at_s": round(self.at.as_secs_f64(), 6),
            "time": self.wall_text(),
            "length_s": round(self.length.as_secs_f64(), 6),
            "frames": self.frames,
            "device_frames": self.device_frames,
            "malformed_frames": self.malformed.count,
            "skipped_lines": self.skipped,
            "other_bases": self.other_bases,
            "presence": age_word(p.presence),
            "serial": p.identity.value.map(|identity| identity.serial),
            "firmware_build": p.firmware.value,
            "not_sent": p.not_sent.iter().map(|group| group.words()).collect::<Vec<_>>(),
            "ages": ages(p, seconds),
            "age_words": ages(p, |age| Value::from(age_word(age))),
        })
    }

    fn totals_json(&self) -> Value {
        let p = &self.picture;
        json!({
            "pack_voltage_v": p.voltage.value.map(|v: Volts| round(v.get(), 3)),
            "pack_current_a": p.current.value.map(|a: Amps| round(a.get(), 3)),
            "pack_power_w": p.power.value.map(|w: Watts| round(w.get(), 1)),
            "cell_sum_v": p.cell_sum.map(|v| round(v.get(), 3)),
            "strings": p.strings,
            "soc_percent": p.soc.value.map(|soc| percent(soc.percent)),
            "soc_source": p.soc.value.map(|soc| soc.source.words()),
            "ah_used": p.used.value.map(amp_hours),
            "capacity_ah": p.capacity.value.map(amp_hours),
            "balance_on_mv": p.balance.value.map(|limits| limits.on),
            "balance_off_mv": p.balance.value.map(|limits| limits.off),
            "charge_room_mv": p.headroom.value.map(|h| h.charge.get()),
            "temperature_margin_c": p.headroom.value.map(|h| round(h.temperature.get(), 1)),
            "discharge_room_mv": p.headroom.value.map(|h| -h.discharge.get()),
        })
    }

    fn cells_json(&self) -> Value {
        let p = &self.picture;
        let (min, max) = match self.extremes() {
            Some((min, max, source)) => (cell_at(min, source), cell_at(max, source)),
            None => (Value::Null, Value::Null),
        };
        let reported = p.reported_cells.value;
        let bmu = |at: CellAt| cell_at(at, CellSource::Bmu);
        json!({
            "modules_reported": p.modules_told.value,
            "cells": cells(&p.modules),
            "modules": p.modules.iter().map(module).collect::<Vec<_>>(),
            "min_cell": min,
            "max_cell": max,
            "mean_cell_mv": p.cells.mean_mv.map(|mean| round(mean, 1)),
            "spread_mv": p.cells.spread_mv,
            "reported_min_cell": reported.map(|(low, _)| bmu(low)),
            "reported_max_cell": reported.map(|(_, high)| bmu(high)),
            "temperatures_c": p.modules.iter().map(temperatures).collect::<Vec<_>>(),
            "min_temperature": p.temperatures.min.map(temperature_at),
            "max_temperature": p.temperatures.max.map(temperature_at),
        })
    }

    fn states_json(&self) -> Value {
        let p = &self.picture;
        let remark = |r: &Remark| json!({"severity": r.level.word(), "text": r.text});
        json!({
            "state": p.state.value.map(PackState::words),
            "state_severity": p.state_level.word(),
            "state_text": p.state_words,
            "states": self.states(),
            "contactors": contactors(p),
            "flags": flags(p),
            "remarks": p.remarks.iter().map(remark).collect::<Vec<_>>(),
            "severity": p.level.word(),
        })
    }

    fn states(&self) -> Vec<Value> {
        let start = self.picture.at.before(self.at);
        let transitions = self.picture.transitions.iter();
        transitions
            .map(|step| {
                let at = step.at.since(start).as_secs_f64();
                json!({"at_s": round(at, 3), "state": step.state.words()})
            })
            .collect()
    }
}

/// One list per module number, empty for a module that was never heard.
fn cells(modules: &[ModulePicture]) -> Vec<Vec<Value>> {
    let last = modules.iter().map(|module| usize::from(module.module)).max().unwrap_or(0);
    let mut all = vec![Vec::new(); last];
    for module in modules {
        let place = all.get_mut(usize::from(module.module).saturating_sub(1));
        let of_module = module.cells.iter().map(
            |cell| json!({"mv": cell.voltage.map(Millivolts::get), "state": cell.state.word()}),
        );
        if let Some(place) = place {
            place.extend(of_module);
        }
    }
    all
}

fn module(module: &ModulePicture) -> Value {
    json!({
        "module": module.module,
        "serial": module.serial.value,
        "cell_c": module.temperature.value.map(celsius),
        "board_c": module.board.value.map(celsius),
        "age_s": seconds(module.age),
    })
}

fn temperatures(module: &ModulePicture) -> Value {
    json!({
        "module": module.module,
        "cell": module.temperature.value.map(celsius),
        "board": module.board.value.map(celsius),
    })
}

fn cell_at(at: CellAt, source: CellSource) -> Value {
    let source = match source {
        CellSource::Cells => "cells",
        CellSource::Bmu => "bmu",
    };
    json!({"mv": at.mv, "module": at.module, "cell": at.cell, "source": source})
}

fn temperature_at(at: TemperatureAt) -> Value {
    json!({"c": celsius(at.temperature), "module": at.module})
}

fn contactors(p: &PackPicture) -> Value {
    let contactors = p
        .contactors
        .value
        .map(|c| json!({"on": c.on, "feedback": c.feedback, "supply_ok": c.supply_ok}));
    contactors.unwrap_or(Value::Null)
}

/// The flags that are raised.
fn flags(p: &PackPicture) -> Vec<Value> {
    let raised = p.flags.iter().filter(|flag| flag.raised == Some(true));
    raised
        .map(|flag| {
            json!({
                "name": flag.flag.name(),
                "label": flag.flag.label(),
                "severity": flag.level.word(),
                "text": flag.words,
            })
        })
        .collect()
}

fn ages(p: &PackPicture, word: impl Fn(Age) -> Value) -> Value {
    let of = |age| word(age);
    json!({
        "presence": of(p.presence),
        "pack_voltage_v": of(age(&p.voltage)),
        "pack_current_a": of(age(&p.current)),
        "soc_percent": of(age(&p.soc)),
        "ah_used": of(age(&p.used)),
        "capacity_ah": of(age(&p.capacity)),
        "reported_cells": of(age(&p.reported_cells)),
        "reported_temperatures": of(age(&p.reported_temperatures)),
        "balance": of(age(&p.balance)),
        "state": of(age(&p.state)),
        "flags": of(p.flags_age),
        "heartbeat": of(age(&p.identity)),
        "cells": p.modules.iter().map(|module| of(module.age)).collect::<Vec<_>>(),
    })
}

const fn age<T>(seen: &Seen<T>) -> Age {
    seen.age
}

fn seconds(age: Age) -> Value {
    age.duration().map_or(Value::Null, |age| Value::from(round(age.as_secs_f64(), 6)))
}

pub(super) const fn age_word(age: Age) -> &'static str {
    match age {
        Age::Never => "never",
        Age::Fresh(_) => "fresh",
        Age::Late(_) => "late",
        Age::Lost(_) => "lost",
    }
}

fn celsius(celsius: Celsius) -> f64 {
    round(celsius.get(), 1)
}

fn percent(percent: Percent) -> f64 {
    round(percent.get(), 4)
}

fn amp_hours(charge: AmpHours) -> f64 {
    round(charge.get(), 4)
}

/// To so many places; no negative zero.
fn round(value: f64, places: i32) -> f64 {
    let step = 10f64.powi(places);
    (value * step).round() / step + 0.0
}
