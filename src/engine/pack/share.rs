//! Of how many the extremes of cells and temperatures are, and how old: those of some are not those of all.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::base::reading::Age;
use crate::engine::pack::picture::{CellPicture, CellState, ModulePicture, PackPicture};

/// Of which something is, where some tell nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// So many tell.
    pub told: usize,
    /// Of so many.
    pub of: usize,
    /// What they are.
    pub among: Among,
}

/// What a share counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Among {
    /// Batteries of a pack.
    Batteries,
    /// Modules.
    Modules,
    /// Cells.
    Cells,
}

impl Share {
    fn of(told: usize, of: usize, among: Among) -> Option<Self> {
        (told > 0 && told < of).then_some(Self { told, of, among })
    }
}

/// Whether it is a cell at all: not an empty place.
const fn is_cell(cell: &CellPicture) -> bool {
    !matches!(cell.state, CellState::Absent | CellState::Extra)
}

impl PackPicture {
    /// Of which the lowest and the highest cell are, where that is not all.
    #[must_use]
    pub fn cells_share(&self) -> Option<Share> {
        let of_cell = |cell: &CellPicture| is_cell(cell) && cell.age.is_usable();
        let tells = |module: &ModulePicture| module.cells.iter().any(of_cell);
        self.batteries(tells).or_else(|| {
            let cells = || self.modules.iter().flat_map(|module| &module.cells);
            let told = cells().filter(|cell| of_cell(cell)).count();
            Share::of(told, cells().filter(|cell| is_cell(cell)).count(), Among::Cells)
        })
    }

    /// Of which the coldest and the hottest temperature are, where that is not all.
    #[must_use]
    pub fn temperatures_share(&self) -> Option<Share> {
        let tells = |module: &ModulePicture| module.temperature.age.is_usable();
        self.batteries(tells).or_else(|| {
            let heard = |module: &&ModulePicture| module.temperature.age != Age::Never;
            let of = self.modules.iter().filter(heard).count();
            let told = self.modules.iter().filter(|module| tells(module)).count();
            Share::of(told, of, Among::Modules)
        })
    }

    /// How old the lowest and the highest cell are: overdue where some of the cells are lost.
    #[must_use]
    pub fn cells_age(&self) -> Age {
        let cells = self.modules.iter().flat_map(|module| &module.cells);
        age(cells.filter(|cell| is_cell(cell)).map(|cell| cell.age), self.cells_share())
    }

    /// How old the coldest and the hottest temperature are: overdue where some are lost.
    #[must_use]
    pub fn temperatures_age(&self) -> Age {
        let ages = self.modules.iter().map(|module| module.temperature.age);
        age(ages, self.temperatures_share())
    }

    /// How many batteries tell, where there are several and not all do.
    fn batteries(&self, tells: impl Fn(&ModulePicture) -> bool) -> Option<Share> {
        let telling = self.modules.iter().filter(|module| tells(module));
        let telling: BTreeSet<u8> = telling.map(|module| module.member).collect();
        Share::of(telling.len(), self.members.len(), Among::Batteries)
    }
}

/// The age of what several readings make: that of the oldest that still counts; where none does,
/// that of the youngest.
fn age(ages: impl Iterator<Item = Age> + Clone, share: Option<Share>) -> Age {
    let heard = |age: &Age| age.duration().unwrap_or(Duration::MAX);
    let used = ages.clone().filter(|age| age.is_usable()).max_by_key(heard);
    match (used, share) {
        (Some(age), None) => age,
        (Some(_), Some(_)) => Age::Late(ages.filter_map(Age::duration).max().unwrap_or_default()),
        (None, _) => ages.min_by_key(heard).unwrap_or(Age::Never),
    }
}
