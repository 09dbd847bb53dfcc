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
/// Steps of a scale, times a power of ten.
const ROUND: [f64; 4] = [1.0, 2.0, 2.5, 5.0];
/// Steps of the time, in seconds.
const TIMES: [f64; 17] = [
    1.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0,
    14_400.0, 28_800.0, 43_200.0, 86_400.0,
];

/// The scale of a line: round numbers, as many steps as there are rows.
struct Axis {
    low: f64,
    high: f64,
    decimals: usize,
}

impl Axis {
    fn of(line: &CurveLine, rows: i32) -> Option<Self> {
        let known = || line.values.iter().flatten().copied();
        let (low, high) =
            known().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        if low > high {
            return None;
        }
        // A flat line stands about the middle, and the last digit alone does not fill the picture.
        let least = 20.0 / 10_f64.powi(line.decimals as i32);
        let spread = (high - low).max(least);
        let middle = f64::midpoint(low, high);
        let bottom = (middle - spread * 0.52).min(low);
        // A scale of what is never negative begins at zero where it would go below.
        let bottom = if low >= 0.0 { bottom.max(0.0) } else { bottom };
        let top = middle + spread * 0.52;
        let rows = f64::from(rows.max(1));
        let magnitude = ((top - bottom) / rows).log10().floor() as i32;
        let steps = (magnitude..magnitude + 3)
            .flat_map(|power| ROUND.map(|round| round * 10_f64.powi(power)));
        let fits = |step: &f64| (bottom / step).floor() * step + step * rows >= top - step * 1e-6;
        let step = steps.into_iter().find(fits)?;
        let low = (bottom / step).floor() * step;
        let whole = |decimals: &usize| {
            let scaled = step * 10_f64.powi(*decimals as i32);
            (scaled - scaled.round()).abs() < 1e-6 * scaled
        };
        let decimals = (0..6).find(whole).unwrap_or(line.decimals);
        Some(Self { low, high: low + step * rows, decimals })
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
        let Some(axis) = Axis::of(line, rows) else { continue };
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
        let most = f64::from((frame.width() / 110.0).clamp(2.0, 8.0));
        let step = TIMES.into_iter().find(|step| self.length / step <= most).unwrap_or(86_400.0);
        let first = (self.first / step).ceil() * step;
        for at in (0..16).map(|n| first + f64::from(n) * step) {
            let share = self.share(at);
            if share > 1.001 {
                break;
            }
            let x = frame.left() + frame.width() * share;
            painter.vline(x, frame.bottom()..=frame.bottom() + 4.0, Stroke::new(1.0, theme.line));
            let place = Pos2::new(x, frame.bottom() + 12.0);
            let font = fonts::mono(10.5);
            painter.text(place, Align2::CENTER_CENTER, since(at), font, theme.muted);
        }
    }
}

/// Time since the start: "0 s", "4 min 5 s", "1 h 4 min".
fn since(seconds: f64) -> String {
    let s = seconds.max(0.0).round() as u64;
    match (s / 3600, s % 3600 / 60, s % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, min, 0) => format!("{min} min"),
        (0, min, s) => format!("{min} min {s} s"),
        (h, 0, _) => format!("{h} h"),
        (h, min, _) => format!("{h} h {min} min"),
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
        let mut words = figure(value, axis.decimals);
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
    let mut words = vec![since(*moment)];
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
    fn a_flat_line_stands_about_the_middle_and_one_without_values_has_no_scale() {
        let axis = Axis::of(&line(&[Some(17.5), Some(17.5)]), 5).expect("a scale");
        assert!((0.3..0.7).contains(&axis.share(17.5)), "{}", axis.share(17.5));
        assert!(axis.high - axis.low >= 2.0, "noise does not fill the picture");
        assert!(Axis::of(&line(&[None]), 5).is_none());
    }

    #[test]
    fn scales_have_round_numbers_around_everything_that_was_measured() {
        let cases: [(f64, f64, i32, f64, f64, usize); 5] = [
            (0.0, 7.7, 5, 0.0, 10.0, 0),
            (421.0, 449.7, 5, 420.0, 470.0, 0),
            (3.862, 4.120, 2, 3.8, 4.2, 1),
            (-3.0, 2.0, 5, -4.0, 6.0, 0),
            (0.0, 0.0, 5, 0.0, 0.0125, 4),
        ];
        for (least, most, rows, low, high, decimals) in cases {
            let line = CurveLine { decimals: 3, ..line(&[Some(least), Some(most)]) };
            let axis = Axis::of(&line, rows).expect("a scale");
            assert!(axis.low <= least && axis.high >= most, "{least} to {most}");
            assert!((axis.low - low).abs() < 1e-9, "{least} to {most}: from {}", axis.low);
            assert!((axis.high - high).abs() < 1e-9, "{least} to {most}: to {}", axis.high);
            assert_eq!(axis.decimals, decimals, "{least} to {most}");
        }
    }

    #[test]
    fn the_value_under_the_pointer_is_the_nearest_and_a_gap_is_a_dash() {
        let lines = vec![CurveLine { label: "Current".into(), ..line(&[Some(1.0), None]) }];
        let view = CurveView { seconds: vec![0.0, 10.0], lines, empty: String::new() };
        assert_eq!(values_at(&view, 2.0), "0 s\nCurrent: 1.0 A");
        assert_eq!(values_at(&view, 8.0), "10 s\nCurrent: \u{2013} A");
        let words = [0.0, 90.0, 3_600.0, 3_905.0].map(since);
        assert_eq!(words, ["0 s", "1 min 30 s", "1 h", "1 h 5 min"]);
    }
}
