//! Where each tile of the cell map stands: from 8 to 1000 cells, in one block of rows or several
//! side by side. Pure arithmetic; draws nothing.

use egui::{Pos2, Rect, Vec2};
use serde::{Deserialize, Serialize};

use crate::view::cells::CellMap;

/// How much a tile shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Density {
    /// The value of each cell.
    #[default]
    Numbers,
    /// Colours and marks only, so that many cells fit.
    Overview,
}

/// The places of all tiles, relative to the top left of the map.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Whole size.
    pub size: Vec2,
    /// Height of the line with the column numbers.
    pub head: f32,
    /// Size of the numbers, or of the row labels where there are none.
    pub font: f32,
    /// Whether the temperatures have columns of their own.
    pub temperatures: bool,
    /// Blocks of rows side by side.
    pub blocks: usize,
    rows_per_block: usize,
    block: f32,
    label: f32,
    row: f32,
    tile: Vec2,
    temperature: f32,
}

const HEAD: f32 = 22.0;
/// Width of a character of a row's label, of the gap behind it, and of the widest label shown.
const LABEL_CHARACTER: f32 = 7.0;
const LABEL_GAP: f32 = 12.0;
const MOST_LABEL: f32 = 160.0;
const BLOCK_GAP: f32 = 22.0;

impl Plan {
    /// Fits `map` into `room` as well as can be; what is higher scrolls.
    #[must_use]
    pub fn new(map: &CellMap, room: Vec2, density: Density) -> Self {
        let rows = map.rows.len().max(1);
        let columns = map.columns.max(1);
        let (least_tile, label, temperature, least_row, most_row) = match density {
            Density::Numbers => (37.0, 58.0, 46.0, 23.0, 42.0),
            Density::Overview => (15.0, 54.0, 0.0, 15.0, 20.0),
        };
        let longest = map.rows.iter().map(|row| row.label.chars().count()).max().unwrap_or(0);
        let label = (longest as f32 * LABEL_CHARACTER + LABEL_GAP).clamp(label, MOST_LABEL);
        let least = label + columns as f32 * least_tile + 2.0 * temperature;
        let fits = ((room.x + BLOCK_GAP) / (least + BLOCK_GAP)).floor().max(1.0) as usize;
        // Several blocks only where one is too high: a short pack reads best as one list.
        let high = rows as f32 * least_row + HEAD > room.y;
        let blocks = if high { fits.min(rows) } else { 1 };
        let rows_per_block = rows.div_ceil(blocks);
        let blocks = rows.div_ceil(rows_per_block);
        let row = ((room.y - HEAD) / rows_per_block as f32).clamp(least_row, most_row);
        let share = (room.x - BLOCK_GAP * (blocks as f32 - 1.0)) / blocks as f32;
        let tile = ((share - label - 2.0 * temperature) / columns as f32).floor();
        let most_tile = match density {
            Density::Numbers => 92.0,
            Density::Overview => 34.0,
        };
        let tile = Vec2::new(tile.clamp(least_tile, most_tile), row);
        let block = label + tile.x * columns as f32 + 2.0 * temperature;
        Self {
            size: Vec2::new(
                block * blocks as f32 + BLOCK_GAP * (blocks as f32 - 1.0),
                HEAD + row * rows_per_block as f32,
            ),
            head: HEAD,
            font: (row * 0.38).min(tile.x * 0.3).clamp(9.5, 14.0),
            temperatures: temperature > 0.0,
            blocks,
            rows_per_block,
            block,
            label,
            row,
            tile,
            temperature,
        }
    }

    fn origin(&self, row: usize) -> Pos2 {
        let block = row / self.rows_per_block;
        let line = row % self.rows_per_block;
        Pos2::new(block as f32 * (self.block + BLOCK_GAP), self.head + line as f32 * self.row)
    }

    /// The whole row.
    #[must_use]
    pub fn row(&self, row: usize) -> Rect {
        Rect::from_min_size(self.origin(row), Vec2::new(self.block, self.row))
    }

    /// The label of a row.
    #[must_use]
    pub fn label(&self, row: usize) -> Rect {
        Rect::from_min_size(self.origin(row), Vec2::new(self.label, self.row))
    }

    /// The tile of a cell, without the space around it.
    #[must_use]
    pub fn tile(&self, row: usize, column: usize) -> Rect {
        let at = self.origin(row) + Vec2::new(self.label + column as f32 * self.tile.x, 0.0);
        let gap = if self.row > 26.0 { 3.0 } else { 1.5 };
        Rect::from_min_size(at, self.tile).shrink2(Vec2::new(1.0, gap))
    }

    /// The middle of the head of a column, in a block.
    #[must_use]
    pub fn column_head(&self, block: usize, column: usize) -> Pos2 {
        let left = block as f32 * (self.block + BLOCK_GAP) + self.label;
        Pos2::new(left + (column as f32 + 0.5) * self.tile.x, self.head / 2.0)
    }

    /// Right end and middle of the first (cells) or second (board) temperature of a row; for the
    /// heads give no row.
    #[must_use]
    pub fn temperature(&self, block: usize, row: Option<usize>, column: usize) -> Pos2 {
        let y = row.map_or(self.head / 2.0, |row| self.row(row).center().y);
        let block = row.map_or(block, |row| row / self.rows_per_block);
        let end = block as f32 * (self.block + BLOCK_GAP) + self.block;
        Pos2::new(end - (1 - column.min(1)) as f32 * self.temperature - 2.0, y)
    }
}

/// The cell that the arrow keys lead to from `from`; stays where there is none.
#[must_use]
pub fn step(
    map: &CellMap,
    from: Option<(usize, usize)>,
    by: (isize, isize),
) -> Option<(usize, usize)> {
    let last_row = map.rows.len().checked_sub(1)?;
    let Some((row, column)) = from else {
        return map.rows.iter().position(|r| !r.cells.is_empty()).map(|row| (row, 0));
    };
    let row = row.saturating_add_signed(by.0).min(last_row);
    let cells = map.rows.get(row)?.cells.len();
    let column = column.saturating_add_signed(by.1).min(cells.checked_sub(1)?);
    Some((row, column))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::fixtures;

    fn no_overlap(plan: &Plan, map: &CellMap) {
        let mut tiles: Vec<Rect> = Vec::new();
        for (row, cells) in map.rows.iter().enumerate() {
            for column in 0..cells.cells.len() {
                let tile = plan.tile(row, column);
                assert!(tile.width() > 8.0 && tile.height() > 8.0, "{tile:?} is too small");
                assert!(tile.right() <= plan.size.x + 0.5 && tile.bottom() <= plan.size.y + 0.5);
                assert!(tile.left() >= plan.label(row).right());
                tiles.push(tile);
            }
        }
        for (at, tile) in tiles.iter().enumerate() {
            for other in tiles.iter().skip(at + 1) {
                assert!(!tile.intersects(*other), "{tile:?} and {other:?} overlap");
            }
        }
    }

    #[test]
    fn tiles_never_overlap_from_8_to_800_cells() {
        for cells in [8, 12, 38, 112, 800] {
            let map = fixtures::pack(cells, 0).cells;
            for room in
                [Vec2::new(300.0, 200.0), Vec2::new(560.0, 280.0), Vec2::new(2300.0, 1500.0)]
            {
                for density in [Density::Numbers, Density::Overview] {
                    no_overlap(&Plan::new(&map, room, density), &map);
                }
            }
        }
    }

    #[test]
    fn the_overview_shows_800_cells_without_scrolling() {
        let map = fixtures::pack(800, 0).cells;
        let room = Vec2::new(800.0, 520.0);
        let plan = Plan::new(&map, room, Density::Overview);
        assert!(plan.size.x <= room.x && plan.size.y <= room.y, "{:?}", plan.size);
    }

    #[test]
    fn a_short_pack_is_one_block_with_high_rows() {
        let map = fixtures::pack(38, 0).cells;
        let plan = Plan::new(&map, Vec2::new(800.0, 520.0), Density::Numbers);
        assert_eq!(plan.blocks, 1);
        assert!(plan.row(0).height() > 30.0);
    }

    #[test]
    fn arrow_keys_stay_on_the_map() {
        let map = fixtures::pack(38, 0).cells;
        assert_eq!(step(&map, None, (0, 1)), Some((0, 0)));
        assert_eq!(step(&map, Some((0, 0)), (-1, -1)), Some((0, 0)));
        assert_eq!(step(&map, Some((0, 0)), (1, 1)), Some((1, 1)));
        assert_eq!(step(&map, Some((4, 7)), (1, 1)), Some((4, 7)));
        assert_eq!(step(&CellMap::default(), None, (0, 1)), None);
    }
}
