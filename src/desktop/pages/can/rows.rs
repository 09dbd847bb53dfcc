//! The rows of the trace that are in sight, painted, and the bar that scrolls them.

use egui::{Align2, Color32, FontId, Pos2, Rect, Role, Sense, Ui, Vec2};

use super::trace::TracePage;
use crate::desktop::fonts;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::text::{cut, name};
use crate::view::trace::{Mark, TracePace, TracePlace, TracePrefs, TraceRow, TraceView};

/// Height of a row.
const ROW: f32 = 21.0;
/// Height of the heads.
const HEAD: f32 = 24.0;
/// Width of the bar.
const BAR: f32 = 12.0;
/// Shortest that its handle gets.
const HANDLE: f32 = 28.0;

/// Where the columns begin, in a list of some width.
struct Columns([(f32, f32); 8]);

const HEADS: [&str; 8] = ["No", "Time", "Bus", "Dir", "Id", "Message", "Data", "Says"];

impl Columns {
    /// The message and what it says share what is left.
    fn of(width: f32) -> Self {
        let fixed = [76.0, 122.0, 56.0, 30.0, 92.0, 0.0, 182.0, 0.0];
        let rest = (width - fixed.iter().sum::<f32>()).max(120.0);
        let share = if width < 900.0 { 0.45 } else { 0.3 };
        let mut at = 0.0;
        let mut places = [(0.0, 0.0); 8];
        for (column, (place, fixed)) in places.iter_mut().zip(fixed).enumerate() {
            let wide = match column {
                5 => rest * share,
                7 => rest * (1.0 - share),
                _ => fixed,
            };
            *place = (at, wide - 8.0);
            at += wide;
        }
        Self(places)
    }
}

/// Draws the rows, and takes what scrolls and chooses them.
pub(super) fn draw(
    ui: &mut Ui,
    theme: &Theme,
    page: &mut TracePage,
    (view, prefs): (&TraceView, &mut TracePrefs),
) {
    let area = ui.available_rect_before_wrap();
    let list = Rect::from_min_max(area.min, Pos2::new(area.right() - BAR - 6.0, area.bottom()));
    page.rows = (((list.height() - HEAD) / ROW).floor() as usize).max(1);
    let columns = Columns::of(list.width());
    for ((x, wide), head) in columns.0.iter().zip(HEADS) {
        let galley = cut(ui, &head.to_uppercase(), fonts::strong(10.5), *wide);
        ui.painter().galley(list.min + Vec2::new(*x, 4.0), galley, theme.muted);
    }
    let rule = egui::Stroke::new(1.0, theme.line);
    ui.painter().hline(list.x_range(), list.top() + HEAD - 2.0, rule);
    let mut clicked = None;
    for (place, shown) in view.rows.iter().take(page.rows).enumerate() {
        let top = list.top() + HEAD + ROW * place as f32;
        let rect = Rect::from_min_size(Pos2::new(list.left(), top), Vec2::new(list.width(), ROW));
        let response = ui.interact(rect, egui::Id::unique(("trace row", place)), Sense::click());
        name(&response, Role::Row, &spoken(shown));
        let chosen = page
            .chosen
            .is_some_and(|(one, other)| (one.min(other)..=one.max(other)).contains(&shown.number));
        row(
            ui,
            theme,
            &columns,
            (rect, shown),
            if chosen {
                theme.accent_soft
            } else if response.hovered() {
                theme.hover
            } else {
                Color32::TRANSPARENT
            },
        );
        if response.clicked() {
            clicked = Some(shown.number);
        }
    }
    if let Some(number) = clicked {
        let extends = ui.input(|i| i.modifiers.shift);
        let other = page.chosen.filter(|_| extends).map_or(number, |(_, other)| other);
        page.chosen = Some((number, other));
        page.pause(view, prefs);
    }
    wheel(ui, page, list, (view, prefs));
    bar(ui, theme, page, area, (view, prefs));
}

fn spoken(row: &TraceRow) -> String {
    let mark = match row.mark {
        Mark::None => String::new(),
        Mark::Marked if row.mark_name.is_empty() => ", marked".to_owned(),
        Mark::Marked => format!(", marked {}", row.mark_name),
    };
    let number = row.number;
    format!("Frame {number} {} {} {} {}{mark}", row.id, row.message, row.direction, row.data)
}

fn row(ui: &Ui, theme: &Theme, columns: &Columns, (rect, shown): (Rect, &TraceRow), fill: Color32) {
    let painter = ui.painter();
    painter.rect_filled(rect, 3.0, fill);
    if shown.mark == Mark::Marked {
        let flag = Rect::from_min_size(rect.min - Vec2::new(6.0, 0.0), Vec2::new(3.0, ROW));
        painter.rect_filled(flag, 1.0, theme.accent);
    }
    let number = crate::view::text::grouped(shown.number);
    let says = match shown.mark_name.as_str() {
        "" => shown.says.clone(),
        name => format!("\u{2691} {name}   {}", shown.says),
    };
    let texts: [(&str, FontId, Color32); 8] = [
        (&number, fonts::mono(11.5), theme.muted),
        (&shown.time, fonts::mono(11.5), theme.text),
        (&shown.bus, fonts::mono(11.5), theme.muted),
        (&shown.direction, fonts::text(12.0), theme.muted),
        (&shown.id, fonts::mono(12.0), theme.text),
        (&shown.message, fonts::text(12.5), theme.text),
        (&shown.data, fonts::mono(12.0), theme.text),
        (&says, fonts::text(12.0), theme.muted),
    ];
    for ((x, wide), (text, font, colour)) in columns.0.iter().zip(texts) {
        if text.is_empty() || *wide < 12.0 {
            continue;
        }
        let galley = cut(ui, text, font, *wide);
        let at = Pos2::new(rect.left() + x, rect.center().y - galley.size().y / 2.0);
        painter.galley(at, galley, colour);
    }
}

/// The wheel scrolls whole rows; what is less is kept.
fn wheel(ui: &Ui, page: &mut TracePage, list: Rect, (view, prefs): (&TraceView, &mut TracePrefs)) {
    if !ui.rect_contains_pointer(list) || !ui.is_enabled() {
        return;
    }
    page.wheel -= ui.input(|i| i.smooth_scroll_delta().y) / ROW;
    let rows = page.wheel.trunc();
    page.wheel -= rows;
    if rows == 0.0 {
        return;
    }
    let last = view.fit.saturating_sub(page.rows as u64);
    let to = view.top.saturating_add_signed(rows as i64).min(last);
    if to == last && rows > 0.0 && prefs.pace == TracePace::Following {
        return;
    }
    page.scroll_to(to, prefs);
}

fn bar(
    ui: &mut Ui,
    theme: &Theme,
    page: &mut TracePage,
    area: Rect,
    (view, prefs): (&TraceView, &mut TracePrefs),
) {
    let track = Rect::from_min_max(Pos2::new(area.right() - BAR, area.top() + HEAD), area.max);
    let last = view.fit.saturating_sub(page.rows as u64);
    let response = ui.interact(track, egui::Id::unique("trace bar"), Sense::click_and_drag());
    name(&response, Role::ScrollBar, "Position in the trace");
    ui.painter().rect_filled(track, 6.0, theme.field);
    if last == 0 {
        return;
    }
    let share = page.rows as f64 / view.fit as f64;
    let handle = (track.height() * share as f32).clamp(HANDLE.min(track.height()), track.height());
    let free = f64::from(track.height() - handle).max(1.0);
    let top = track.top() + (free * (view.top as f64 / last as f64).min(1.0)) as f32;
    let place =
        Rect::from_min_size(Pos2::new(track.left() + 2.0, top), Vec2::new(BAR - 4.0, handle));
    let colour = if response.hovered() || response.dragged() { theme.muted } else { theme.line };
    ui.painter().rect_filled(place, 4.0, colour);
    if let Some(at) =
        response.interact_pointer_pos().filter(|_| response.is_pointer_button_down_on())
    {
        let along = f64::from(at.y - track.top() - handle / 2.0) / free;
        let row = (along.clamp(0.0, 1.0) * last as f64).round() as u64;
        if view.top != row || page.place == TracePlace::End {
            page.scroll_to(row, prefs);
        }
    }
    if view.looked < 1.0 {
        let words = format!("{:.0} %", (view.looked * 100.0).floor());
        let at = Pos2::new(track.left() - 6.0, track.bottom());
        ui.painter().text(at, Align2::RIGHT_BOTTOM, words, fonts::mono(10.5), theme.muted);
    }
}
