//! A report as text, as a person would paste it into an e-mail.

use std::fmt::Write as _;
use std::time::Duration;

use super::{CellSource, Moment, Report};
use crate::base::reading::Age;
use crate::base::time::Wall;
use crate::engine::device::{CurrentSign, Level, PackState};
use crate::engine::pack::{BalancingKnown, CellState, ModulePicture, Seen};

/// What stands where there is no value.
const NONE: &str = "–";
/// Currents below this are neither charging nor discharging: the BMU's own noise.
const AT_REST_AMPS: f64 = 0.05;
/// Problems of the recording that are printed; the rest is only counted.
const PROBLEMS_SHOWN: usize = 5;

impl Report {
    /// The report as text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        let mut line = |label: &str, text: &str| {
            // Writing to a string cannot fail.
            let _ = if label.is_empty() {
                writeln!(out, "{text}")
            } else {
                writeln!(out, "{label:<14}{text}")
            };
        };
        let title = &self.kind.manifest.title;
        let bus = if self.bus.is_empty() { String::new() } else { format!(" on {}", self.bus) };
        line("", &format!("{title} at base 0x{:03X}{bus}", self.base));
        line("Recording", &self.recording());
        line("Moment", &self.moment_text());
        line("Device", &self.device());
        line("", "");
        self.totals(&mut line);
        line("", "");
        self.states_and_flags(&mut line);
        line("", "");
        self.cell_table(&mut line);
        self.footnotes(&mut line);
        out
    }

    fn recording(&self) -> String {
        format!(
            "{} ({}), {} frames, {:.3} s",
            self.log.display(),
            self.format,
            self.frames,
            self.length.as_secs_f64()
        )
    }

    fn moment_text(&self) -> String {
        let which = match self.moment {
            Moment::End => ", the end of the recording",
            Moment::Asked => "",
        };
        let wall = self.wall_text().map_or_else(String::new, |wall| format!(" ({wall})"));
        format!("{:.3} s from the start{which}{wall}", self.at.as_secs_f64())
    }

    /// The wall clock in UTC, where the recording has a date.
    pub(super) fn wall_text(&self) -> Option<String> {
        let stamp =
            jiff::Timestamp::from_nanosecond(i128::from(self.wall.map(Wall::nanos)?)).ok()?;
        Some(format!("{stamp:.3}"))
    }

    fn device(&self) -> String {
        let p = &self.picture;
        let identity = match p.identity.value {
            Some(identity) => format!("{}, serial {}", identity.model.words(), identity.serial),
            None => format!("not known{}", age_note(p.identity.age)),
        };
        let firmware =
            p.firmware.value.map_or_else(String::new, |b| format!(", firmware build {b}"));
        format!("{identity}{firmware}, {} frames", self.device_frames)
    }

    fn totals(&self, line: &mut impl FnMut(&str, &str)) {
        let p = &self.picture;
        line("Voltage", &shown(p.voltage, |v| format!("{:.3} V", v.get())));
        let current = shown(p.current, |a| format!("{:+.3} A, {}", a.get(), flow(a.get())));
        line("Current", &current);
        line("Power", &shown(p.power, |w| format!("{:+.1} W", w.get() + 0.0)));
        let soc = shown(p.soc, |s| format!("{:.1} %, {}", s.percent.get(), s.source.words()));
        line("SoC", &soc);
        let used = shown(p.used, |ah| format!("{:.2} Ah used", ah.get()));
        let capacity = shown(p.capacity, |ah| format!("{:.0} Ah capacity", ah.get()));
        line("Charge", &format!("{used}, {capacity}"));
        line("Cells", &self.extremes_text());
        let temperature = match (p.temperatures.min, p.temperatures.max) {
            (Some(min), Some(max)) => format!(
                "{:.1} °C (CMU {}) to {:.1} °C (CMU {})",
                min.temperature.get(),
                min.module,
                max.temperature.get(),
                max.module
            ),
            _ => NONE.to_owned(),
        };
        line("Temperature", &temperature);
        let limits = shown(p.headroom, |h| {
            format!(
                "highest cell {:+} mV from the balance threshold, hottest cell {:+.1} K from its limit, lowest cell {:+} mV from empty",
                h.charge.get(),
                h.temperature.get(),
                -h.discharge.get()
            )
        });
        line("Room left", &limits);
    }

    fn extremes_text(&self) -> String {
        let Some((min, max, source)) = self.extremes() else { return NONE.to_owned() };
        let source = match source {
            CellSource::Cells => "",
            CellSource::Bmu => ", as the BMU reports",
        };
        let mean = self.picture.cells.mean_mv;
        let mean = mean.map_or_else(String::new, |mean| format!(", mean {mean:.1} mV"));
        format!(
            "{} mV (CMU {} cell {}) to {} mV (CMU {} cell {}), spread {} mV{mean}{source}",
            min.mv,
            min.module,
            min.cell,
            max.mv,
            max.module,
            max.cell,
            max.mv - min.mv
        )
    }

    fn states_and_flags(&self, line: &mut impl FnMut(&str, &str)) {
        let p = &self.picture;
        line("State", &format!("{}. {}", shown(p.state, PackState::words), p.state_words));
        let start = p.at.before(self.at);
        let steps: Vec<String> = p
            .transitions
            .iter()
            .map(|step| {
                format!("{} at {:.1} s", step.state.words(), step.at.since(start).as_secs_f64())
            })
            .collect();
        if steps.len() > 1 {
            line("", &format!("{:14}{}", "", steps.join(" → ")));
        }
        let contactors = shown(p.contactors, |c| {
            let each =
                c.on.iter()
                    .enumerate()
                    .map(|(n, on)| format!("{} {}", n + 1, if *on { "on" } else { "off" }));
            let supply = if c.supply_ok { "12 V supply good" } else { "12 V supply missing" };
            format!("{}, {supply}", each.collect::<Vec<_>>().join(", "))
        });
        line("Contactors", &contactors);
        let raised: Vec<_> = p.flags.iter().filter(|flag| flag.raised == Some(true)).collect();
        let known = p.flags.iter().any(|flag| flag.raised.is_some());
        match (raised.is_empty(), known) {
            (true, true) => line("Flags", "none raised"),
            (true, false) => line("Flags", &format!("not known{}", age_note(p.flags_age))),
            (false, _) => {
                for (at, flag) in raised.iter().enumerate() {
                    let label = if at == 0 { "Flags" } else { " " };
                    let severity = flag.level.word();
                    line(label, &format!("{} ({severity}): {}", flag.flag.label(), flag.words));
                }
            }
        }
        for (at, remark) in p.remarks.iter().enumerate() {
            let label = if at == 0 { "Remarks" } else { " " };
            let severity = match remark.level {
                Level::Ok | Level::Info => String::new(),
                Level::Warning | Level::Fault => format!("{}: ", remark.level.word()),
            };
            line(label, &format!("{severity}{}", remark.text));
        }
    }

    fn cell_table(&self, line: &mut impl FnMut(&str, &str)) {
        let modules = &self.picture.modules;
        let columns = modules.iter().map(|module| module.cells.len()).max().unwrap_or(0);
        if columns == 0 {
            line("", "Cells: none were received.");
            return;
        }
        line("", "Cells in mV; CMUs count from 1 and cells from 0, as the BMU counts them.");
        let mut head = format!("{:8}", "");
        for cell in 0..columns {
            let _ = write!(head, "{cell:>7}");
        }
        line("", &format!("{head}   cell °C  board °C"));
        for module in modules {
            line("", &self.cell_row(module, columns));
        }
    }

    fn cell_row(&self, module: &ModulePicture, columns: usize) -> String {
        let mut row = format!("{:<8}", format!("CMU {}", module.module));
        let cells = &self.picture.cells;
        for number in 0..columns {
            let is = |at: Option<crate::engine::pack::CellAt>| {
                at.is_some_and(|at| at.module == module.module && usize::from(at.cell) == number)
            };
            let Some(cell) = module.cells.get(number) else {
                row.push_str("       ");
                continue;
            };
            let mark = match cell.state {
                CellState::Untrusted => '?',
                CellState::Extra => '!',
                CellState::Ok if is(cells.min) => '▼',
                CellState::Ok if is(cells.max) => '▲',
                CellState::Ok if cell.balancing => '*',
                CellState::Ok | CellState::Absent | CellState::Lost | CellState::Never => ' ',
            };
            let text = match (cell.state, cell.voltage) {
                (CellState::Ok | CellState::Untrusted, Some(mv)) => mv.get().to_string(),
                (CellState::Extra, _) => "extra".to_owned(),
                (CellState::Lost, _) => "lost".to_owned(),
                (CellState::Ok | CellState::Untrusted, None)
                | (CellState::Absent | CellState::Never, _) => NONE.to_owned(),
            };
            let _ = write!(row, "{text:>6}{mark}");
        }
        let degrees = |seen: Seen<crate::base::units::Celsius>| {
            seen.value.map_or_else(|| NONE.to_owned(), |c| format!("{:.1}", c.get()))
        };
        let note = match module.age {
            Age::Fresh(_) => String::new(),
            Age::Never | Age::Late(_) | Age::Lost(_) => age_note(module.age),
        };
        let (own, board) = (degrees(module.temperature), degrees(module.board));
        format!("{row}{own:>10}{board:>10}{note}")
    }

    fn footnotes(&self, line: &mut impl FnMut(&str, &str)) {
        let p = &self.picture;
        if p.modules.iter().any(|module| !module.cells.is_empty()) {
            line(
                "",
                "▼ lowest  ▲ highest  * balancing expected  ? untrusted  – no cell or no value",
            );
        }
        if let Some(limits) = p.balance.value {
            let (on, off) = (limits.on, limits.off);
            line("", &format!("Balancing from {on} mV until below {off} mV."));
        }
        if p.cells.balancing > 0 || p.balancing_known == BalancingKnown::Unknown {
            line("", p.balancing_known.words());
        }
        let turned = match self.current_sign {
            CurrentSign::ChargePositive => "",
            CurrentSign::DischargePositive => {
                "; the device counts discharge as positive, it was turned round"
            }
        };
        line("", &format!("Current and power are positive into the battery{turned}."));
        if !self.other_bases.is_empty() {
            let bases: Vec<String> =
                self.other_bases.iter().map(|base| format!("0x{base:03X}")).collect();
            line("", &format!("Other BMUs in this recording: base {}.", bases.join(", ")));
        }
        if !self.other_buses.is_empty() {
            let buses = self.other_buses.join(", ");
            line("", &format!("The same ids are also on bus {buses}; choose it with --bus."));
        }
        if self.malformed.count > 0 {
            let Self { malformed, .. } = self;
            line(
                "",
                &format!("{} malformed frames, the last: {}.", malformed.count, malformed.last),
            );
        }
        for problem in self.problems.iter().take(PROBLEMS_SHOWN) {
            let place =
                if problem.line > 0 { format!("line {}: ", problem.line) } else { String::new() };
            line("", &format!("Recording, {}: {place}{}", problem.severity.word(), problem.text));
        }
    }
}

/// A reading as text, with its age where it is not fresh.
fn shown<T>(seen: Seen<T>, text: impl FnOnce(T) -> String) -> String {
    let note = match seen.age {
        Age::Fresh(_) => String::new(),
        Age::Never | Age::Late(_) | Age::Lost(_) => age_note(seen.age),
    };
    seen.value.map_or_else(|| format!("{NONE}{note}"), |value| format!("{}{note}", text(value)))
}

fn age_note(age: Age) -> String {
    let seconds = |age: Duration| age.as_secs_f64();
    match age {
        Age::Never => " (never received)".to_owned(),
        Age::Fresh(age) | Age::Late(age) => format!(" ({:.1} s old)", seconds(age)),
        Age::Lost(age) => format!(" (no data for {:.1} s)", seconds(age)),
    }
}

fn flow(amps: f64) -> &'static str {
    if amps >= AT_REST_AMPS {
        "charging"
    } else if amps <= -AT_REST_AMPS {
        "discharging"
    } else {
        "at rest"
    }
}
