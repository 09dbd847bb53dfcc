//! Voltage and current over the last minutes, each on its own axis, in a rectangle. Long series
//! are thinned to the pixels they cover: of each column the lowest and the highest point stay.

use egui::{Align2, Color32, Pos2, Rect, Role, Sense, Shape, Stroke, Ui, Vec2};

use crate::desktop::fonts;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::text::name;
use crate::view::pack::Trend;

/// One line with its axis.
struct Axis {
    low: f64,
    high: f64,
    decimals: usize,
}

/// Draws both lines into what is left of `ui`.
pub fn trend(ui: &mut Ui, theme: &Theme, trend: &Trend) {
    let size = ui.available_size();
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    name(&response, Role::Label, &spoken(trend));
    if !ui.is_rect_visible(rect) {
        return;
    }
    let start = trend.voltage.iter().chain(&trend.current).map(|p| p[0]).fold(0.0, f64::min);
    let painter = ui.painter_at(rect.expand(1.0));
    if start >= -1.0 {
        let text = "Lines appear here once the pack has been heard for a while.";
        painter.text(rect.center(), Align2::CENTER_CENTER, text, fonts::text(12.0), theme.muted);
        return;
    }
    let plot = Rect::from_min_max(
        Pos2::new(rect.left() + 44.0, rect.top() + 6.0),
        Pos2::new(rect.right() - 44.0, rect.bottom() - 18.0),
    );
    if plot.width() < 40.0 || plot.height() < 24.0 {
        return;
    }
    let lines = if plot.height() > 90.0 { 4 } else { 2 };
    for at in 0..=lines {
        let y = plot.bottom() - plot.height() * at as f32 / lines as f32;
        painter.hline(plot.x_range(), y, Stroke::new(1.0, theme.line));
    }
    times(&painter, theme, plot, start);
    let sides = [
        (&trend.voltage, theme.info, Align2::RIGHT_CENTER, plot.left() - 6.0),
        (&trend.current, theme.accent, Align2::LEFT_CENTER, plot.right() + 6.0),
    ];
    for (points, colour, align, x) in sides {
        let Some(axis) = Axis::of(points) else { continue };
        for at in 0..=lines {
            let share = f64::from(at) / f64::from(lines);
            let y = plot.bottom() - plot.height() * share as f32;
            let value = axis.low + (axis.high - axis.low) * share;
            // Adding zero turns a rounded minus zero into zero.
            let step = 10_f64.powi(axis.decimals as i32);
            let value = (value * step).round() / step + 0.0;
            let text = format!("{value:.*}", axis.decimals).replace('-', "−");
            painter.text(Pos2::new(x, y), align, text, fonts::mono(10.0), colour);
        }
        draw(&painter, points, plot, start, &axis, colour);
    }
    if let Some(at) = response.hover_pos().filter(|at| plot.x_range().contains(at.x)) {
        painter.vline(at.x, plot.y_range(), Stroke::new(1.0, theme.muted));
        let t = start * f64::from(1.0 - (at.x - plot.left()) / plot.width());
        response.on_hover_text_at_pointer(values_at(trend, t));
    }
}

fn spoken(trend: &Trend) -> String {
    let last = |points: &[[f64; 2]]| points.last().map(|p| p[1]).filter(|v| v.is_finite());
    match (last(&trend.voltage), last(&trend.current)) {
        (Some(volts), Some(amperes)) => {
            format!("{}: now {volts:.2} V, {amperes:+.2} A", trend.label)
        }
        _ => format!("{}: no values yet", trend.label),
    }
}

fn values_at(trend: &Trend, t: f64) -> String {
    let near = |points: &[[f64; 2]], unit: &str, signed: bool| {
        let nearest = points.iter().min_by(|a, b| (a[0] - t).abs().total_cmp(&(b[0] - t).abs()));
        match nearest {
            Some([_, v]) if v.is_finite() && signed => format!("{v:+.2} {unit}").replace('-', "−"),
            Some([_, v]) if v.is_finite() => format!("{v:.2} {unit}"),
            Some(_) | None => format!("– {unit}"),
        }
    };
    let ago = -t as u64;
    format!(
        "{}:{:02} ago\n{}\n{}",
        ago / 60,
        ago % 60,
        near(&trend.voltage, "V", false),
        near(&trend.current, "A", true)
    )
}

fn times(painter: &egui::Painter, theme: &Theme, plot: Rect, start: f64) {
    let y = plot.bottom() + 11.0;
    let places = [
        (plot.left(), Align2::LEFT_CENTER, start),
        (plot.center().x, Align2::CENTER_CENTER, start / 2.0),
    ];
    for (x, align, t) in places {
        let text = if t <= -120.0 {
            format!("−{:.0} min", -t / 60.0)
        } else {
            format!("−{:.0} s", -t)
        };
        painter.text(Pos2::new(x, y), align, text, fonts::text(10.5), theme.muted);
    }
    painter.text(
        Pos2::new(plot.right(), y),
        Align2::RIGHT_CENTER,
        "now",
        fonts::text(10.5),
        theme.muted,
    );
}

impl Axis {
    fn of(points: &[[f64; 2]]) -> Option<Self> {
        let finite = || points.iter().map(|p| p[1]).filter(|v| v.is_finite());
        let (low, high) =
            finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        if low > high {
            return None;
        }
        // A flat line stands in the middle and small noise does not fill the picture.
        let spread = (high - low).max(0.4);
        let middle = f64::midpoint(low, high);
        let (low, high) = (middle - spread * 0.58, middle + spread * 0.58);
        let decimals = if spread >= 20.0 {
            0
        } else if spread >= 2.0 {
            1
        } else {
            2
        };
        Some(Self { low, high, decimals })
    }
}

fn draw(
    painter: &egui::Painter,
    points: &[[f64; 2]],
    plot: Rect,
    start: f64,
    axis: &Axis,
    colour: Color32,
) {
    let place = |[t, v]: [f64; 2]| {
        let x = plot.right() - plot.width() * (t / start) as f32;
        let share = (v - axis.low) / (axis.high - axis.low);
        Pos2::new(x, plot.bottom() - plot.height() * share as f32)
    };
    let stroke = Stroke::new(1.6, colour);
    for run in points.split(|p| !p[1].is_finite()) {
        let line = thin(&run.iter().map(|p| place(*p)).collect::<Vec<_>>());
        if line.len() > 1 {
            painter.add(Shape::line(line, stroke));
        } else if let Some(only) = line.first() {
            painter.circle_filled(*only, 1.6, colour);
        }
    }
}

/// Of the points that fall on one column of pixels keeps the first, lowest, highest and last.
fn thin(points: &[Pos2]) -> Vec<Pos2> {
    if points.len() < 200 {
        return points.to_vec();
    }
    let mut kept = Vec::with_capacity(points.len() / 2);
    for column in points.chunk_by(|a, b| a.x.floor() == b.x.floor()) {
        if column.len() <= 4 {
            kept.extend_from_slice(column);
            continue;
        }
        let places = 0..column.len();
        let y = |at: &usize| column.get(*at).map_or(0.0, |p| p.y);
        let low = places.clone().min_by(|a, b| y(a).total_cmp(&y(b))).unwrap_or(0);
        let high = places.max_by(|a, b| y(a).total_cmp(&y(b))).unwrap_or(0);
        let mut keep = [0, low, high, column.len() - 1];
        keep.sort_unstable();
        let mut last = None;
        for at in keep {
            if last != Some(at) {
                kept.extend(column.get(at).copied());
                last = Some(at);
            }
        }
    }
    kept
}

/// The two words above the lines.
pub fn legend(ui: &mut Ui, theme: &Theme) {
    for (text, colour) in [("Current, A", theme.accent), ("Voltage, V", theme.info)] {
        let galley =
            ui.painter().layout_no_wrap(text.to_owned(), fonts::strong(10.5), Color32::PLACEHOLDER);
        let size = galley.size() + Vec2::new(22.0, 0.0);
        let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
        let y = rect.center().y;
        ui.painter().hline(rect.left()..=rect.left() + 14.0, y, Stroke::new(2.0, colour));
        ui.painter().galley(rect.min + Vec2::new(20.0, 0.0), galley, colour);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_the_extremes_of_every_column() {
        let points: Vec<Pos2> = (0..10_000)
            .map(|i| Pos2::new(i as f32 / 100.0, if i == 5_050 { 99.0 } else { (i % 7) as f32 }))
            .collect();
        let kept = thin(&points);
        assert!(kept.len() <= 400 + 4, "{}", kept.len());
        assert!(kept.iter().any(|p| p.y == 99.0), "the spike is gone");
        assert!(kept.windows(2).all(|w| w[0].x <= w[1].x), "time runs forwards");
    }

    #[test]
    fn an_axis_without_any_value_is_none() {
        assert!(Axis::of(&[]).is_none());
        assert!(Axis::of(&[[-1.0, f64::NAN]]).is_none());
        let flat = Axis::of(&[[-1.0, 5.0], [0.0, 5.0]]).expect("one value is enough");
        assert!(flat.low < 5.0 && flat.high > 5.0);
    }
}
