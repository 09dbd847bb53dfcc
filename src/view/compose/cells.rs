//! Composes the cell map.

use crate::engine::{
    CellAt, CellPicture, CellState, CellsTold, ModulePicture, PackPicture, TemperatureUnit,
};
use crate::view::cells::{CellKind, CellMap, CellRow, CellTile, Scale};
use crate::view::shown::Shade;
use crate::view::text::{self, DASH};

/// Ends of the colour scale, millivolts from the mean: the least that holds every cell is taken, so
/// that a well-balanced pack does not look torn.
const SCALES_MV: [f64; 7] = [20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0];

/// Makes the map.
#[must_use]
pub fn cells(picture: &PackPicture, unit: TemperatureUnit) -> CellMap {
    let mean = picture.cells.mean_mv;
    let reach = reach(picture);
    let painter = Painter { picture, mean, reach, unit };
    let rows: Vec<CellRow> = picture.modules.iter().map(|module| painter.row(module)).collect();
    let scale = mean.map_or_else(Scale::default, |mean| Scale {
        low: format!("{} mV", text::signed(-reach, 0)),
        middle: format!("mean {} mV", text::fixed(mean, 0)),
        high: format!("{} mV", text::signed(reach, 0)),
    });
    CellMap {
        columns: rows.iter().map(|row| row.cells.len()).max().unwrap_or(0),
        rows,
        scale,
        empty: match picture.cells_told {
            CellsTold::Every => {
                "No cell has been heard yet. Cells appear here as soon as the BMU relays its CMUs."
                    .into()
            }
            CellsTold::Range | CellsTold::Nothing => picture.silence.into(),
        },
        unit: unit.symbol(),
    }
}

fn reach(picture: &PackPicture) -> f64 {
    let (Some(mean), Some(min), Some(max)) =
        (picture.cells.mean_mv, picture.cells.min, picture.cells.max)
    else {
        return SCALES_MV[0];
    };
    let farthest = (f64::from(max.mv) - mean).max(mean - f64::from(min.mv));
    let fits = SCALES_MV.iter().find(|end| farthest <= **end);
    fits.copied().unwrap_or(farthest)
}

struct Painter<'a> {
    picture: &'a PackPicture,
    mean: Option<f64>,
    reach: f64,
    unit: TemperatureUnit,
}

impl Painter<'_> {
    fn row(&self, module: &ModulePicture) -> CellRow {
        let member = self.picture.members.get(usize::from(module.member));
        let label = match member {
            Some(member) => format!("{member} \u{b7} CMU {}", module.module),
            None => format!("CMU {}", module.module),
        };
        let unit = self.unit;
        let degrees = |t: &crate::base::units::Celsius| text::fixed(unit.of(t.get()), 1);
        let serial = module.serial.value.map(|serial| format!("serial {serial}"));
        let age = module.age.duration().map(|age| format!("last heard {} ago", text::span(age)));
        let said: Vec<String> = [Some(label.clone()), serial, age].into_iter().flatten().collect();
        let cells = module.cells.iter().enumerate();
        CellRow {
            cells: cells.map(|(at, cell)| self.tile(&label, module, at, cell)).collect(),
            cell_temperature: text::shown(
                module.temperature.age,
                module.temperature.value.as_ref().map(degrees),
                unit.symbol(),
                String::new(),
            ),
            board_temperature: text::shown(
                module.board.age,
                module.board.value.as_ref().map(degrees),
                unit.symbol(),
                String::new(),
            ),
            hover: said.join("\n"),
            label,
        }
    }

    fn tile(&self, label: &str, module: &ModulePicture, at: usize, cell: &CellPicture) -> CellTile {
        let is = |other: Option<CellAt>| {
            other.is_some_and(|other| {
                (other.member, other.module, usize::from(other.cell))
                    == (module.member, module.module, at)
            })
        };
        let (lowest, highest) = (is(self.picture.cells.min), is(self.picture.cells.max));
        let mv = cell.voltage.map(|voltage| voltage.get());
        let deviation = match cell.state {
            CellState::Ok => mv.zip(self.mean).map(|(mv, mean)| f64::from(mv) - mean),
            CellState::Untrusted
            | CellState::Absent
            | CellState::Extra
            | CellState::Lost
            | CellState::Never => None,
        };
        let value = match mv {
            Some(mv) => format!("{mv} mV"),
            None => "no value".to_owned(),
        };
        let words =
            if cell.implausible { "unknown: no cell can have what was said" } else { words(cell) };
        let marks = [(lowest, "lowest"), (highest, "highest"), (cell.balancing, "balancing")];
        let marks = marks.iter().filter(|(set, _)| *set).map(|(_, word)| (*word).to_owned());
        let told: Vec<String> = std::iter::once(value)
            .chain((!words.is_empty()).then(|| words.to_owned()))
            .chain(marks)
            .collect();
        let name = format!("{label} cell {at}");
        let from_mean = deviation.map(|mv| format!("{} mV from the mean", text::signed(mv, 0)));
        let age = cell.age.duration().map(|age| format!("heard {} ago", text::span(age)));
        let lines = [Some(name.clone()), Some(told.join(", ")), from_mean, age];
        CellTile {
            text: mv.map_or_else(|| DASH.to_owned(), |mv| mv.to_string()),
            kind: kind(cell.state),
            deviation: deviation.map(|mv| (mv / self.reach).clamp(-1.0, 1.0) as f32),
            lowest,
            highest,
            balancing: cell.balancing,
            shade: if mv.is_some() { text::shade(cell.age) } else { Shade::Lost },
            name: format!("{name}, {}", told.join(", ")),
            hover: lines.into_iter().flatten().collect::<Vec<_>>().join("\n"),
        }
    }
}

const fn kind(state: CellState) -> CellKind {
    match state {
        CellState::Ok => CellKind::Ok,
        CellState::Untrusted => CellKind::Untrusted,
        CellState::Absent => CellKind::Absent,
        CellState::Extra => CellKind::Extra,
        CellState::Lost | CellState::Never => CellKind::NoData,
    }
}

const fn words(cell: &CellPicture) -> &'static str {
    match cell.state {
        CellState::Ok => "",
        CellState::Untrusted => {
            "untrusted: the two measuring channels disagree; the value is not used"
        }
        CellState::Absent => "absent: no cell is configured here",
        CellState::Extra => "extra: a voltage where no cell is configured",
        CellState::Lost => "lost: its last value is too old",
        CellState::Never => "nothing heard yet",
    }
}
