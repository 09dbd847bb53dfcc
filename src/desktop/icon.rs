//! The window's icon: two copper bars on a dark tile, drawn in code from the theme's tokens.

use std::sync::Arc;

use egui::{Color32, IconData};

use crate::desktop::theme::Themes;

const SIDE: u32 = 64;

/// 64 × 64 pixels.
pub fn icon() -> Arc<IconData> {
    let (ground, bar) = Themes::builtin()
        .map_or((Color32::TRANSPARENT, Color32::TRANSPARENT), |themes| {
            (themes.dark.rail, themes.dark.accent)
        });
    let mut rgba = Vec::with_capacity((SIDE * SIDE * 4) as usize);
    for y in 0..SIDE {
        for x in 0..SIDE {
            rgba.extend_from_slice(&pixel(x, y, ground, bar).to_array());
        }
    }
    Arc::new(IconData { rgba, width: SIDE, height: SIDE })
}

fn pixel(x: u32, y: u32, ground: Color32, bar: Color32) -> Color32 {
    let corner = |v: u32| 10_u32.saturating_sub(v).max((v + 11).saturating_sub(SIDE));
    let (dx, dy) = (corner(x), corner(y));
    if dx * dx + dy * dy > 100 {
        return Color32::TRANSPARENT;
    }
    let bars = (10..54).contains(&x) && ((15..26).contains(&y) || (38..49).contains(&y));
    if bars { bar } else { ground }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_icon_has_bars_a_ground_and_round_corners() {
        let icon = icon();
        assert_eq!(icon.rgba.len(), (icon.width * icon.height * 4) as usize);
        let at = |x: u32, y: u32| icon.rgba.get(((y * SIDE + x) * 4) as usize..).map(|p| p[3]);
        assert_eq!(at(0, 0), Some(0), "the corner is empty");
        assert_eq!(at(32, 32), Some(255));
        assert_ne!(pixel(32, 20, Color32::BLACK, Color32::WHITE), Color32::BLACK);
    }
}
