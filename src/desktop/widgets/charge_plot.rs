//! The plot of a charge: current, pack voltage and highest cell over the time of the charge, each on
//! a scale of its own; the values under the pointer on hover.

use egui::{Align2, Color32, Painter, Pos2, Rect, Role, Sense, Shape, Stroke, Ui, Vec2};

use crate::desktop::fonts;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::text::name;
use crate::view::charge::{CurveLine, CurveView};
use crate::view::text::DASH;

/// Room for a scale.
const SCALE: f32 = 52.0;

/// The scale of a line.
struct Axis {
    low: f64,
    high: f64,
}

impl Axis {
    fn of(line: &CurveLine) -> Option<Self> {
        let known = || line.values.iter().flatten().copied();
        let (low, high) =
            known().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        if low > high {
            return None;
        }
        // A flat line stands in the middle, and the last digit alone does not fill the picture.
        let least = 20.0 / 10_f64.powi(line.decimals as i32);
        let spread = (high - low).max(least);
        let middle = f64::midpoint(low, high);
        let bottom = middle - spread * 0.58;
        // A scale of what is never negative begins at zero where it would go below.
        let bottom = if low >= 0.0 { bottom.max(0.0) } else { bottom };
        Some(Self { low: bottom, high: middle + spread * 0.58 })
    }

    fn share(&self, value: f64) -> f32 {
        ((value - self.low) / (self.high - self.low)) as f32
    }
}

const fn colour(theme: &Theme, at: usize) -> Color32 {
    match at {
        0 => theme.accent,
        1 => theme.info,
        _ => theme.ok,
    }
}

/// The names of the lines with their newest values; the layout runs from right to left.
pub fn legend(ui: &mut Ui, theme: &Theme, view: &CurveView) {
    ui.spacing_mut().item_spacing.x = 12.0;
    for (at, line) in view.lines.iter().enumerate().rev() {
        let words = match line.values.is_empty() {
            true => line.label.to_uppercase(),
            false => format!("{} {}", line.label.to_uppercase(), line.now),
        };
        let galley =
            ui.painter().layout_no_wrap(words.clone(), fonts::strong(10.5), Color32::PLACEHOLDER);
        let size = galley.size() + Vec2::new(20.0, 4.0);
        let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
        let colour = colour(theme, at);
        let y = rect.center().y;
        ui.painter().hline(rect.left()..=rect.left() + 14.0, y, Stroke::new(2.0, colour));
        ui.painter().galley(
            Pos2::new(rect.left() + 20.0, y - galley.size().y / 2.0),
            galley,
            colour,
        );
        name(&response, Role::Label, &words);
    }
}

/// Draws the lines into what is left of `ui`.
pub fn plot(ui: &mut Ui, theme: &Theme, view: &CurveView) {
    let (rect, response) = ui.allocate_exact_size(ui.available_size(), Sense::hover());
    let spoken: Vec<String> =
        view.lines.iter().map(|line| format!("{} {}", line.label, line.now)).collect();
    name(&response, Role::Label, &format!("Plot of this charge: {}", spoken.join(", ")));
    let painter = ui.painter_at(rect.expand(1.0));
    if view.seconds.len() < 2 {
        let galley = painter.layout(
            view.empty.clone(),
            fonts::text(12.5),
            theme.muted,
            (rect.width() - 20.0).max(80.0),
        );
        painter.galley(rect.center() - galley.size() / 2.0, galley, theme.muted);
        return;
    }
    let frame = Rect::from_min_max(
        Pos2::new(rect.left() + SCALE, rect.top() + 8.0),
        Pos2::new(rect.right() - 2.0 * SCALE, rect.bottom() - 20.0),
    );
    if frame.width() < 60.0 || frame.height() < 30.0 {
        return;
    }
    let rows = if frame.height() > 110.0 { 5 } else { 2 };
    for row in 0..=rows {
        let y = frame.bottom() - frame.height() * row as f32 / rows as f32;
        painter.hline(frame.x_range(), y, Stroke::new(1.0, theme.line));
    }
    let span = Span::of(&view.seconds);
    span.draw(&painter, theme, frame);
    let sides = [
        (Align2::RIGHT_CENTER, frame.left() - 6.0),
        (Align2::LEFT_CENTER, frame.right() + 6.0),
        (Align2::LEFT_CENTER, frame.right() + 6.0 + SCALE),
    ];
    for (at, (line, side)) in view.lines.iter().zip(sides).enumerate() {
        let Some(axis) = Axis::of(line) else { continue };
        let colour = colour(theme, at);
        scale(&painter, &axis, (line, side, colour), frame, rows);
        draw(&painter, &span, &axis, (line, &view.seconds, colour), frame);
    }
    if let Some(at) = response.hover_pos().filter(|at| frame.x_range().contains(at.x)) {
        painter.vline(at.x, frame.y_range(), Stroke::new(1.0, theme.muted));
        let share = f64::from((at.x - frame.left()) / frame.width());
        response.on_hover_text_at_pointer(values_at(view, span.first + span.length * share));
    }
}

/// The time that is drawn.
struct Span {
    first: f64,
    length: f64,
}

impl Span {
    fn of(seconds: &[f64]) -> Self {
        let first = seconds.first().copied().unwrap_or_default();
        let last = seconds.last().copied().unwrap_or_default();
        Self { first, length: (last - first).max(1.0) }
    }

    fn share(&self, seconds: f64) -> f32 {
        ((seconds - self.first) / self.length) as f32
    }

    fn draw(&self, painter: &Painter, theme: &Theme, frame: Rect) {
        let places = [
            (0.0, Align2::LEFT_CENTER),
            (0.25, Align2::CENTER_CENTER),
            (0.5, Align2::CENTER_CENTER),
            (0.75, Align2::CENTER_CENTER),
            (1.0, Align2::RIGHT_CENTER),
        ];
        for (share, align) in places {
            let x = frame.left() + frame.width() * share;
            let words = clock(self.first + self.length * f64::from(share));
            let place = Pos2::new(x, frame.bottom() + 12.0);
            painter.text(place, align, words, fonts::mono(10.5), theme.muted);
        }
    }
}

/// "4:05", "1:04:05" since the start.
fn clock(seconds: f64) -> String {
    let s = seconds.max(0.0).round() as u64;
    match s / 3600 {
        0 => format!("{}:{:02}", s / 60, s % 60),
        hours => format!("{hours}:{:02}:{:02}", s % 3600 / 60, s % 60),
    }
}

fn figure(value: f64, decimals: usize) -> String {
    // Adding zero turns a rounded minus zero into zero.
    let step = 10_f64.powi(decimals as i32);
    let value = (value * step).round() / step + 0.0;
    format!("{value:.decimals$}").replace('-', "\u{2212}")
}

fn scale(
    painter: &Painter,
    axis: &Axis,
    (line, (align, x), colour): (&CurveLine, (Align2, f32), Color32),
    frame: Rect,
    rows: i32,
) {
    for row in 0..=rows {
        let share = f64::from(row) / f64::from(rows);
        let y = frame.bottom() - frame.height() * share as f32;
        let value = axis.low + (axis.high - axis.low) * share;
        let mut words = figure(value, line.decimals);
        if row == rows {
            words = format!("{words} {}", line.unit);
        }
        painter.text(Pos2::new(x, y), align, words, fonts::mono(10.0), colour);
    }
}

fn draw(
    painter: &Painter,
    span: &Span,
    axis: &Axis,
    (line, seconds, colour): (&CurveLine, &[f64], Color32),
    frame: Rect,
) {
    let place = |(at, value): (&f64, f64)| {
        let x = frame.left() + frame.width() * span.share(*at);
        Pos2::new(x, frame.bottom() - frame.height() * axis.share(value))
    };
    let points: Vec<(&f64, Option<f64>)> =
        seconds.iter().zip(line.values.iter().copied()).collect();
    // Where a value was not known there is a gap, never a line across it.
    for run in points.split(|(_, value)| value.is_none()) {
        let run: Vec<Pos2> =
            run.iter().filter_map(|(at, value)| Some(place((at, (*value)?)))).collect();
        match run.as_slice() {
            [] => {}
            [only] => _ = painter.circle_filled(*only, 1.6, colour),
            _ => _ = painter.add(Shape::line(run, Stroke::new(1.7, colour))),
        }
    }
}

/// The values nearest to a moment.
fn values_at(view: &CurveView, seconds: f64) -> String {
    let nearest = view
        .seconds
        .iter()
        .enumerate()
        .min_by(|(_, a), (_, b)| (*a - seconds).abs().total_cmp(&(*b - seconds).abs()));
    let Some((at, moment)) = nearest else { return String::new() };
    let mut words = vec![clock(*moment)];
    for line in &view.lines {
        let value = line.values.get(at).copied().flatten();
        let value = value.map_or_else(|| DASH.to_owned(), |v| figure(v, line.decimals));
        words.push(format!("{}: {value} {}", line.label, line.unit));
    }
    words.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(values: &[Option<f64>]) -> CurveLine {
        CurveLine { unit: "A".into(), decimals: 1, values: values.to_vec(), ..CurveLine::default() }
    }

    #[test]
    fn a_flat_line_stands_in_the_middle_and_one_without_values_has_no_scale() {
        let axis = Axis::of(&line(&[Some(17.5), Some(17.5)])).expect("a scale");
        assert!((axis.share(17.5) - 0.5).abs() < 1e-6);
        assert!(axis.high - axis.low >= 2.0, "noise does not fill the picture");
        assert!(Axis::of(&line(&[None])).is_none());
    }

    #[test]
    fn the_value_under_the_pointer_is_the_nearest_and_a_gap_is_a_dash() {
        let lines = vec![CurveLine { label: "Current".into(), ..line(&[Some(1.0), None]) }];
        let view = CurveView { seconds: vec![0.0, 10.0], lines, empty: String::new() };
        assert_eq!(values_at(&view, 2.0), "0:00\nCurrent: 1.0 A");
        assert_eq!(values_at(&view, 8.0), "0:10\nCurrent: \u{2013} A");
        assert_eq!(clock(3_905.0), "1:05:05");
    }
}
