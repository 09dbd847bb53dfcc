//! The plot below the trace: lines of signals over time, moved and zoomed with the mouse, the values
//! at the moment under the pointer; a click leads to the row of that moment, a chosen row is marked.

use egui::{Align2, Color32, Mesh, Pos2, Rect, Role, Sense, Shape, Stroke, Ui, Vec2};

use super::save::ValuesForm;
use crate::desktop::command::Command;
use crate::desktop::fonts;
use crate::desktop::icons;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::text::{line, name};
use crate::view::logs::TraceOf;
use crate::view::plot::{MOST_LINES, PlotAsk, PlotKey, PlotLine, PlotPicture, PlotSpan};

/// Name of the picture, also for tests.
pub const PICTURE: &str = "Plot of signals";
/// Room for an upright scale.
const SCALE: f32 = 56.0;
/// Most scales that are written beside the picture.
const SCALES: usize = 4;
/// What a step of a button or a key zooms.
const STEP: f64 = 0.5;

/// What the plot of one trace keeps.
#[derive(Debug, Default)]
pub struct PlotDesk {
    /// Its lines.
    pub keys: Vec<PlotKey>,
    span: PlotSpan,
    cursor: Option<i64>,
    columns: usize,
    last: Option<PlotAsk>,
    /// Why a line was not added.
    said: String,
    /// What is typed to save values.
    saving: ValuesForm,
}

impl PlotDesk {
    /// With these lines, as far as there is room.
    #[must_use]
    pub fn of(mut keys: Vec<PlotKey>) -> Self {
        keys.truncate(MOST_LINES);
        Self { keys, ..Self::default() }
    }

    /// Adds a line, unless it is there.
    pub fn add(&mut self, key: PlotKey) {
        self.said.clear();
        if self.keys.contains(&key) {
            return;
        }
        if self.keys.len() == MOST_LINES {
            self.said =
                format!("{MOST_LINES} lines are all that can be told apart: remove one first.");
            return;
        }
        self.keys.push(key);
    }

    /// What it wants to see; `chosen` is the moment of the row that is chosen.
    #[must_use]
    pub fn ask(&self, chosen: Option<i64>) -> PlotAsk {
        PlotAsk {
            lines: self.keys.clone(),
            span: self.span,
            columns: self.columns.max(200),
            cursor: self.cursor.or(chosen),
        }
    }

    /// Whether it wants something else than it saw.
    #[must_use]
    pub fn wants(&self, chosen: Option<i64>) -> bool {
        !self.keys.is_empty() && self.last.as_ref() != Some(&self.ask(chosen))
    }

    /// Takes note of what was seen.
    pub fn seen(&mut self, ask: PlotAsk) {
        self.last = Some(ask);
    }

    /// Draws legend and picture into what is left of `ui`.
    pub(super) fn draw(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        (of, picture): (TraceOf, &PlotPicture),
        chosen: Option<i64>,
    ) -> Option<Command> {
        let mut saved = None;
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = Vec2::new(8.0, 2.0);
            let mut gone = None;
            for (at, shown) in picture.lines.iter().enumerate() {
                if legend(ui, colour(theme, at), shown) {
                    gone = Some(shown.key.clone());
                }
            }
            if let Some(gone) = gone {
                self.keys.retain(|key| *key != gone);
            }
            saved = self.tools(ui, theme, (of, picture));
        });
        for sentence in [&picture.remark, &self.said] {
            if !sentence.is_empty() {
                line(ui, sentence, fonts::text(12.0), theme.warning);
            }
        }
        saved.or(self.picture(ui, theme, picture, chosen))
    }

    fn tools(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        (of, picture): (TraceOf, &PlotPicture),
    ) -> Option<Command> {
        let whole = ui.small_button("Whole");
        if whole.on_hover_text("All there is. Double click").clicked() {
            self.span = PlotSpan::Whole;
        }
        if of == TraceOf::Live && ui.small_button("Last minute").clicked() {
            self.span = PlotSpan::Newest(60.0);
        }
        let usable = picture.ends.1 > picture.ends.0;
        for (sign, words, factor) in [("+", "Zoom in", STEP), ("\u{2212}", "Zoom out", 1.0 / STEP)]
        {
            let button = ui.add_enabled(usable, egui::Button::new(sign).small());
            if button.accessible_name(words).clicked() {
                self.span = PlotSpan::zoomed(picture.ends, 0.5, factor);
            }
        }
        let at = if picture.looked < 1.0 {
            format!("{:.0} % looked through", picture.looked * 100.0)
        } else {
            picture.moment.clone()
        };
        let wanted =
            ui.add_enabled_ui(usable, |ui| self.saving.menu(ui, theme, picture.ends)).inner;
        ui.label(egui::RichText::new(at).font(fonts::mono(11.5)).color(theme.muted));
        wanted.map(Command::SaveValues)
    }

    fn picture(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        picture: &PlotPicture,
        chosen: Option<i64>,
    ) -> Option<Command> {
        let (rect, response) = ui.allocate_exact_size(ui.available_size(), Sense::click_and_drag());
        let told: Vec<String> =
            picture.lines.iter().map(|one| format!("{} {}", one.label, one.value)).collect();
        name(&response, Role::Image, &format!("{PICTURE}: {}", told.join(", ")));
        let right = picture.scales.len().clamp(1, SCALES) as f32 - 1.0;
        let frame = Rect::from_min_max(
            Pos2::new(rect.left() + SCALE, rect.top() + 12.0),
            Pos2::new(rect.right() - 6.0 - right * SCALE, rect.bottom() - 18.0),
        );
        self.columns = frame.width().max(100.0) as usize / 2;
        let painter = ui.painter_at(rect);
        if !picture.empty.is_empty() || frame.width() < 40.0 || frame.height() < 20.0 {
            let font = fonts::text(12.5);
            let words =
                painter.layout(picture.empty.clone(), font, theme.muted, rect.width() - 20.0);
            painter.galley(rect.center() - words.size() / 2.0, words, theme.muted);
            return None;
        }
        scales(&painter, theme, picture, frame);
        let inside = ui.painter_at(frame);
        for (at, shown) in picture.lines.iter().enumerate() {
            strokes(&inside, frame, shown, colour(theme, at));
        }
        let x_of = |at: i64| {
            let (first, last) = picture.ends;
            let share = (at - first) as f64 / (last - first).max(1) as f64;
            (0.0..=1.0).contains(&share).then(|| frame.left() + frame.width() * share as f32)
        };
        if let Some(x) = chosen.and_then(x_of) {
            inside.vline(x, frame.y_range(), Stroke::new(1.5, theme.accent));
        }
        self.pointed(ui, picture, (frame, &response));
        if let Some(x) = self.cursor.and_then(x_of) {
            inside.vline(x, frame.y_range(), Stroke::new(1.0, theme.muted));
        }
        if response.double_clicked() {
            self.span = PlotSpan::Whole;
            return None;
        }
        if !response.clicked() {
            return None;
        }
        let nearest = nearest(picture, frame, response.interact_pointer_pos()?);
        let at = nearest.and_then(|shown| shown.at).or(self.cursor)?;
        Some(Command::GoToMoment { key: nearest.map(|shown| shown.key.clone()), at })
    }

    /// What the pointer does to the span and the cursor.
    fn pointed(
        &mut self,
        ui: &Ui,
        picture: &PlotPicture,
        (frame, response): (Rect, &egui::Response),
    ) {
        let ends = picture.ends;
        let dragged = response.drag_delta().x;
        if response.dragged() && dragged != 0.0 {
            self.span = PlotSpan::moved(ends, f64::from(-dragged / frame.width()));
        }
        let hovered = response.hover_pos().filter(|at| frame.contains(*at) && ui.is_enabled());
        self.cursor = hovered.map(|at| {
            let share = f64::from((at.x - frame.left()) / frame.width());
            ends.0 + ((ends.1 - ends.0) as f64 * share) as i64
        });
        let Some(at) = hovered else { return };
        let (wheel, pinch) = ui.input(|i| (i.smooth_scroll_delta().y, i.zoom_delta()));
        let factor = (f64::from(wheel) * -0.004).exp() / f64::from(pinch);
        if (factor - 1.0).abs() > 1e-6 {
            let share = f64::from((at.x - frame.left()) / frame.width());
            self.span = PlotSpan::zoomed(ends, share, factor);
        }
    }
}

/// Width of a line, points, and of a bar, pixels.
const WIDTH: f32 = 1.5;
const BAR: f32 = 2.0;

/// The line that passes nearest to a place.
fn nearest(picture: &PlotPicture, frame: Rect, at: Pos2) -> Option<&PlotLine> {
    let x = (at.x - frame.left()) / frame.width();
    let y = (frame.bottom() - at.y) / frame.height();
    let off = |shown: &&PlotLine| {
        let places = shown.strokes.iter().flatten();
        let beside = places.min_by(|a, b| (a[0] - x).abs().total_cmp(&(b[0] - x).abs()));
        beside.map_or(f32::INFINITY, |place| (place[1] - y).abs())
    };
    picture.lines.iter().min_by(|a, b| off(a).total_cmp(&off(b)))
}

/// The colour of a line; eight of them are told apart.
fn colour(theme: &Theme, at: usize) -> Color32 {
    match at {
        0 => theme.accent,
        1 => theme.info,
        2 => theme.ok,
        3 => theme.warning,
        4 => theme.fault,
        5 => theme.text,
        6 => theme.info.lerp_to_gamma(theme.fault, 0.5),
        _ => theme.muted,
    }
}

/// The name and the value of a line; whether it is to go.
fn legend(ui: &mut Ui, colour: Color32, shown: &PlotLine) -> bool {
    let words = format!("{} {}", shown.label, shown.value);
    let galley = ui.painter().layout_no_wrap(words.clone(), fonts::strong(12.0), colour);
    let size = galley.size() + Vec2::new(20.0, 4.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let y = rect.center().y;
    ui.painter().hline(rect.left()..=rect.left() + 14.0, y, Stroke::new(2.5, colour));
    let place = Pos2::new(rect.left() + 20.0, y - galley.size().y / 2.0);
    ui.painter().galley(place, galley, colour);
    name(&response, Role::Label, &words);
    response.on_hover_text(&shown.hover);
    let remove = ui.add(egui::Button::new(icons::CLOSE).small().frame(false));
    let words = format!("Remove {} from the plot", shown.label);
    remove.accessible_name(words).clicked()
}

fn scales(painter: &egui::Painter, theme: &Theme, picture: &PlotPicture, frame: Rect) {
    let rule = Stroke::new(1.0, theme.line);
    painter.rect_stroke(frame, 0.0, rule, egui::StrokeKind::Inside);
    for (at, scale) in picture.scales.iter().take(SCALES).enumerate() {
        let one = picture.lines.iter().enumerate().filter(|(_, line)| line.scale == at);
        let mut colours = one.map(|(place, _)| colour(theme, place));
        let colour = match (colours.next(), colours.next()) {
            (Some(only), None) => only,
            (_, _) => theme.muted,
        };
        let (x, align) = match at {
            0 => (frame.left() - 6.0, Align2::RIGHT_CENTER),
            at => (frame.right() + 6.0 + SCALE * (at as f32 - 1.0), Align2::LEFT_CENTER),
        };
        for (share, words) in &scale.marks {
            let y = frame.bottom() - frame.height() * share;
            if at == 0 {
                painter.hline(frame.x_range(), y, rule);
            }
            painter.text(Pos2::new(x, y), align, words, fonts::mono(10.0), colour);
        }
        let top = Pos2::new(x, frame.top() - 7.0);
        painter.text(top, align, &scale.unit, fonts::strong(10.0), colour);
    }
    for (share, words) in &picture.times {
        let x = frame.left() + frame.width() * share;
        painter.vline(x, frame.y_range(), rule);
        let place = Pos2::new(x, frame.bottom() + 9.0);
        painter.text(place, Align2::CENTER_CENTER, words, fonts::mono(10.0), theme.muted);
    }
}

fn strokes(painter: &egui::Painter, frame: Rect, shown: &PlotLine, colour: Color32) {
    let place = |[x, y]: &[f32; 2]| {
        Pos2::new(frame.left() + frame.width() * x, frame.bottom() - frame.height() * y)
    };
    for stroke in &shown.strokes {
        let points = stroke.iter().map(place);
        match stroke.as_slice() {
            [] => {}
            [only] => _ = painter.circle_filled(place(only), 1.8, colour),
            many if many.len() as f32 > frame.width() / 2.0 => {
                painter.add(bars(points, BAR / painter.pixels_per_point(), colour));
            }
            _ => _ = painter.add(Shape::line(points.collect(), Stroke::new(WIDTH, colour))),
        }
    }
}

/// A line of more points than there is room for, as upright bars as wide as a column of values, from its
/// lowest to its highest point there, joined with the bar before: one mesh, which costs a fraction of a
/// line that is joined point by point and looks the same.
fn bars(points: impl ExactSizeIterator<Item = Pos2>, wide: f32, colour: Color32) -> Mesh {
    let mut mesh = Mesh::default();
    // About three points make a bar, of four corners and six places.
    mesh.reserve_vertices(points.len() * 4 / 3);
    mesh.reserve_triangles(points.len() * 2 / 3);
    let half = WIDTH / 2.0;
    let mut bar = |column: i64, low: f32, high: f32| {
        let x = column as f32 * wide;
        let least = Pos2::new(x, low - half);
        let most = Pos2::new(x + wide, high + half);
        mesh.add_colored_rect(Rect::from_min_max(least, most), colour);
    };
    let mut open: Option<(i64, f32, f32)> = None;
    let mut last: Option<(i64, Pos2)> = None;
    for point in points {
        let column = (point.x / wide).floor() as i64;
        if let Some((at, low, high)) = &mut open
            && *at == column
        {
            (*low, *high) = (low.min(point.y), high.max(point.y));
        } else {
            if let Some((at, low, high)) = open.take() {
                bar(at, low, high);
            }
            let (before, end) = last.unwrap_or((column, point));
            let mut from = end.y;
            // Columns in between that have no point of their own: there are few where points are many.
            for between in before + 1..column {
                let share = (between - before) as f32 / (column - before) as f32;
                let to = end.y + (point.y - end.y) * share;
                bar(between, from.min(to), from.max(to));
                from = to;
            }
            open = Some((column, from.min(point.y), from.max(point.y)));
        }
        last = Some((column, point));
    }
    if let Some((at, low, high)) = open {
        bar(at, low, high);
    }
    mesh
}

/// A few lines as small as a word, for lists.
pub(in crate::desktop::pages) fn spark(
    painter: &egui::Painter,
    rect: Rect,
    lines: &[Vec<[f32; 2]>],
    colour: Color32,
) {
    let place = |[x, y]: &[f32; 2]| {
        Pos2::new(rect.left() + rect.width() * x, rect.bottom() - rect.height() * y)
    };
    for stroke in lines {
        let points: Vec<Pos2> = stroke.iter().map(place).collect();
        match points.as_slice() {
            [] => {}
            [only] => _ = painter.circle_filled(*only, 1.0, colour),
            _ => _ = painter.add(Shape::line(points, Stroke::new(1.0, colour))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowded_line_is_a_bar_in_every_column_between_its_ends_and_joined() {
        // Four points a column, then a hole of three columns that has none.
        let near =
            (0..40).map(|n| Pos2::new(10.0 + n as f32 / 4.0, if n % 2 == 0 { 5.0 } else { 9.0 }));
        let far = (0..8).map(|n| Pos2::new(23.0 + n as f32 / 4.0, 20.0));
        let points: Vec<Pos2> = near.chain(far).collect();
        let mesh = bars(points.into_iter(), 1.0, Color32::RED);
        let rects: Vec<Rect> = mesh
            .vertices
            .chunks(4)
            .map(|four| Rect::from_points(&[four[0].pos, four[3].pos]))
            .collect();
        let columns: Vec<i32> = rects.iter().map(|bar| bar.center().x.floor() as i32).collect();
        assert_eq!(columns, (10..25).collect::<Vec<_>>());
        for two in rects.windows(2) {
            assert!(two[0].y_range().intersects(two[1].y_range()), "{two:?}");
        }
        assert_eq!(rects[3].y_range(), egui::Rangef::new(5.0 - WIDTH / 2.0, 9.0 + WIDTH / 2.0));
        assert!(rects[14].max.y > 20.0 && rects[14].min.y < 20.0);
    }
}
