//! Lines over the time of a charge as paths with round marks on both axes: plain data that a page, a
//! window and a file draw alike. Knows numbers, no packs.

use crate::view::report::{PlotLine, PlotView};
use crate::view::text;

/// How much of the span is left free above and below the lines.
const MARGIN: f64 = 0.06;
/// Least span of the upright axis, as a share of the greatest value: noise does not fill it.
const LEAST_SHARE: f64 = 0.005;
/// About how many marks an axis gets.
const MARKS: f64 = 4.0;
/// Most marks of an axis, whatever the numbers are.
const MARKS_MOST: usize = 12;
/// Steps between marks of time, seconds.
const TIME_STEPS: [f64; 14] = [
    1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 14_400.0, 21_600.0, 43_200.0,
    86_400.0,
];

/// A line to be drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// What it is.
    pub label: String,
    /// Seconds and value; none where it was not known, which leaves a gap.
    pub points: Vec<(f64, Option<f64>)>,
}

/// A plot of `lines`, which share the upright axis.
#[must_use]
pub fn plot(title: &str, unit: &str, lines: &[Series]) -> PlotView {
    let known = || {
        let points = lines.iter().flat_map(|line| &line.points);
        points.filter_map(|(at, value)| value.map(|value| (*at, value))).filter(is_finite)
    };
    let mut view =
        PlotView { title: title.to_owned(), unit: unit.to_owned(), ..PlotView::default() };
    let ends = |from: (f64, f64), value: f64| (from.0.min(value), from.1.max(value));
    let nothing = (f64::INFINITY, f64::NEG_INFINITY);
    let (first, last) = known().map(|(at, _)| at).fold(nothing, ends);
    let (low, high) = known().map(|(_, value)| value).fold(nothing, ends);
    if first >= last {
        view.empty = "There are too few values to draw.".to_owned();
        view.spoken = format!("{title}: too few values to draw");
        return view;
    }
    let greatest = low.abs().max(high.abs());
    // A line at nothing lies between minus and plus a half, not between two specks of noise.
    let least = if greatest > 0.0 { (greatest * LEAST_SHARE).max(1e-3) } else { 1.0 };
    let span = (high - low).max(least) * (1.0 + 2.0 * MARGIN);
    let bottom = f64::midpoint(low, high) - span / 2.0;
    let field = Field { first, length: last - first, bottom, span };
    let path = |line: &Series| PlotLine { label: line.label.clone(), path: field.path(line) };
    view.lines = lines.iter().map(path).collect();
    let (step, places) = value_step(span);
    let values = marks(bottom, bottom + span, step);
    view.values = values.map(|value| (field.y(value), text::fixed(value, places))).collect();
    let times = marks(first, last, time_step(field.length));
    view.times = times.map(|at| (field.x(at), time_mark(at))).collect();
    view.spoken = format!(
        "{title} from {} to {} {unit} over {}",
        text::fixed(low, places + 1),
        text::fixed(high, places + 1),
        time_mark(field.length)
    );
    view
}

fn is_finite((at, value): &(f64, f64)) -> bool {
    at.is_finite() && value.is_finite()
}

/// What the drawing shows of the numbers.
struct Field {
    first: f64,
    length: f64,
    bottom: f64,
    span: f64,
}

impl Field {
    fn x(&self, at: f64) -> f64 {
        (at - self.first) / self.length * PlotView::WIDTH
    }

    fn y(&self, value: f64) -> f64 {
        (1.0 - (value - self.bottom) / self.span) * PlotView::HEIGHT
    }

    /// The pen is lifted where a value is missing.
    fn path(&self, line: &Series) -> String {
        let mut path = String::new();
        let mut pen_is_up = true;
        for (at, value) in &line.points {
            let known = value.map(|value| (*at, value)).filter(is_finite);
            if let Some((at, value)) = known {
                let pen = if pen_is_up { 'M' } else { 'L' };
                path.push_str(&format!("{pen}{:.1} {:.1}", self.x(at), self.y(value)));
            }
            pen_is_up = known.is_none();
        }
        path
    }
}

/// A round step for the upright axis, and how many decimals its marks need.
fn value_step(span: f64) -> (f64, usize) {
    let rough = span / MARKS;
    let power = rough.log10().floor().clamp(-6.0, 9.0);
    let ten = 10f64.powf(power);
    let step = [1.0, 2.0, 5.0, 10.0].map(|step| step * ten);
    let step = step.into_iter().find(|step| *step >= rough).unwrap_or(10.0 * ten);
    let places = (-step.log10().floor()).clamp(0.0, 6.0);
    (step, places as usize)
}

fn time_step(length: f64) -> f64 {
    let found = TIME_STEPS.into_iter().find(|step| length / step <= MARKS + 1.0);
    found.unwrap_or_else(|| (length / MARKS / 86_400.0).ceil().max(1.0) * 86_400.0)
}

fn marks(from: f64, until: f64, step: f64) -> impl Iterator<Item = f64> {
    let first = (from / step).ceil();
    (0..MARKS_MOST)
        .map(move |number| (first + number as f64) * step)
        .take_while(move |mark| *mark <= until)
}

/// "0:40" hours and minutes; below five minutes "40 s".
fn time_mark(at: f64) -> String {
    if at < 300.0 {
        return format!("{} s", text::fixed(at, 0));
    }
    let minutes = (at / 60.0).round() as u64;
    format!("{}:{:02} h", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(points: &[(f64, Option<f64>)]) -> Series {
        Series { label: "Current".into(), points: points.to_vec() }
    }

    #[test]
    fn a_line_goes_from_edge_to_edge_and_has_gaps_where_nothing_was_known() {
        let points = [(0.0, Some(0.0)), (1800.0, Some(10.0)), (2000.0, None), (3600.0, Some(20.0))];
        let view = plot("Current", "A", &[line(&points)]);
        let path = &view.lines[0].path;
        assert!(path.starts_with("M0.0 ") && path.contains("M600.0 "), "{path}");
        assert_eq!(path.matches('M').count(), 2, "{path}");
        let marks: Vec<&str> = view.values.iter().map(|(_, mark)| mark.as_str()).collect();
        assert_eq!(marks, ["0", "10", "20"]);
        let times: Vec<&str> = view.times.iter().map(|(_, mark)| mark.as_str()).collect();
        assert_eq!(times, ["0 s", "0:30 h", "1:00 h"]);
        let inside = |at: &f64, most| (0.0..=most).contains(at);
        assert!(view.values.iter().all(|(at, _)| inside(at, PlotView::HEIGHT)));
        assert!(view.times.iter().all(|(at, _)| inside(at, PlotView::WIDTH)));
        assert_eq!(view.spoken, "Current from 0.0 to 20.0 A over 1:00 h");
    }

    #[test]
    fn what_cannot_be_drawn_says_so() {
        let none = [(0.0, None), (1.0, Some(f64::NAN)), (f64::NAN, Some(1.0)), (2.0, Some(3.0))];
        for points in [&none[..0], &none[..2], &none[..], &[(5.0, Some(1.0)); 2]] {
            let view = plot("Current", "A", &[line(points)]);
            assert!(view.lines.is_empty() && !view.empty.is_empty(), "{points:?}");
        }
    }

    #[test]
    fn every_span_has_some_marks_and_not_too_many() {
        for exponent in -4..9 {
            for factor in [1.0, 1.7, 3.3, 9.9] {
                let length = factor * 10f64.powi(exponent);
                let view = plot("x", "A", &[line(&[(0.0, Some(-length)), (length, Some(length))])]);
                let (values, times) = (view.values.len(), view.times.len());
                assert!((2..=MARKS_MOST).contains(&values), "{length}: {values}");
                assert!((1..=MARKS_MOST).contains(&times), "{length}: {times}");
                assert!(!view.lines[0].path.contains("NaN"), "{length}");
            }
        }
        let flat = plot("x", "V", &[line(&[(0.0, Some(141.8)), (60.0, Some(141.8))])]);
        assert_eq!(flat.lines[0].path, "M0.0 80.0L600.0 80.0");
    }
}
