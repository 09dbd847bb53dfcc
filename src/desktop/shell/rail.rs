//! The rail at the left: the mark and one entry per page.

use egui::{Align2, CornerRadius, Rect, Role, ScrollArea, Sense, Ui, Vec2, WidgetInfo};

use crate::desktop::command::{Command, Page};
use crate::desktop::fonts;
use crate::desktop::theme::Theme;

/// Width of the rail in a window of this width.
#[must_use]
pub fn width(window: f32) -> f32 {
    if window < 640.0 { 48.0 } else { 74.0 }
}

/// Draws the rail; `here` is the page that is shown, `pages` those there are.
pub fn draw(ui: &mut Ui, theme: &Theme, pages: &[Page], here: Page) -> Option<Command> {
    let mut asked = None;
    let width = ui.available_width();
    ScrollArea::vertical().id_salt("rail").auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        mark(ui, theme, width);
        let wide = width > 60.0;
        let height = if wide { 54.0 } else { 42.0 };
        for page in pages.iter().copied() {
            if page == Page::Open {
                let rest = ui.available_height() - 2.0 * (height + 4.0) - 6.0;
                ui.add_space(rest.clamp(0.0, 4000.0));
            }
            if entry(ui, theme, page, page == here, Vec2::new(width, height)) {
                asked = Some(Command::Go(page));
            }
        }
    });
    asked
}

/// Two copper bars.
fn mark(ui: &mut Ui, theme: &Theme, width: f32) {
    let (rect, _) = ui.allocate_exact_size(Vec2::new(width, 46.0), Sense::hover());
    for down in [-10.0, 10.0] {
        let bar =
            Rect::from_center_size(rect.center() + Vec2::new(0.0, down), Vec2::new(34.0, 7.0));
        ui.painter().rect_filled(bar, CornerRadius::same(2), theme.accent);
    }
}

fn entry(ui: &mut Ui, theme: &Theme, page: Page, here: bool, size: Vec2) -> bool {
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Tab, true, here, page.title()));
    let painter = ui.painter();
    let tile = rect.shrink2(Vec2::new(5.0, 0.0));
    let colour = if here { theme.accent } else { theme.muted };
    if here {
        painter.rect_filled(tile, CornerRadius::same(8), theme.accent_soft);
    } else if response.hovered() || response.has_focus() {
        painter.rect_filled(tile, CornerRadius::same(8), theme.hover);
    }
    if response.has_focus() {
        let stroke = egui::Stroke::new(1.5, theme.accent);
        painter.rect_stroke(tile, CornerRadius::same(8), stroke, egui::StrokeKind::Inside);
    }
    let icon = fonts::text(21.0);
    if size.x > 60.0 {
        let at = rect.center() - Vec2::new(0.0, 9.0);
        painter.text(at, Align2::CENTER_CENTER, page.icon(), icon, colour);
        let at = rect.center() + Vec2::new(0.0, 14.0);
        painter.text(at, Align2::CENTER_CENTER, page.title(), fonts::text(11.5), colour);
    } else {
        painter.text(rect.center(), Align2::CENTER_CENTER, page.icon(), icon, colour);
    }
    response.on_hover_cursor(egui::CursorIcon::PointingHand).clicked()
}
