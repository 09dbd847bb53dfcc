//! Two lines over time as a drawing of 600 by 200: each on its own axis, thinned to its columns.

use crate::view::pack::Trend;
use crate::view::text;

/// Width of the drawing.
const WIDTH: f64 = 600.0;
/// Its height.
const HEIGHT: f64 = 200.0;
/// Columns to which a line is thinned.
const COLUMNS: usize = 300;
/// Least span of an axis: a flat line stands in the middle, and small noise does not fill it.
const LEAST_SPAN: f64 = 0.4;
/// How much of the span is left free above and below.
const MARGIN: f64 = 0.08;

/// What the template draws.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drawing {
    /// "Last 10 minutes".
    pub label: String,
    /// What a screen reader says.
    pub spoken: String,
    /// Voltage.
    pub voltage: Line,
    /// Current.
    pub current: Line,
    /// Where it begins: "−10 min".
    pub start: String,
    /// There is enough to be drawn.
    pub ready: bool,
}

/// One line with its axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// The path; empty where there is nothing.
    pub path: String,
    /// Value at the top.
    pub top: String,
    /// Value in the middle.
    pub middle: String,
    /// Value at the bottom.
    pub bottom: String,
}

impl Drawing {
    /// Makes the drawing.
    #[must_use]
    pub fn of(trend: &Trend) -> Self {
        let begin =
            trend.voltage.iter().chain(&trend.current).map(|point| point[0]).fold(0.0, f64::min);
        let last = |points: &[[f64; 2]]| points.last().map(|p| p[1]).filter(|v| v.is_finite());
        let spoken = match (last(&trend.voltage), last(&trend.current)) {
            (Some(volts), Some(amps)) => format!(
                "{}: now {} V, {} A",
                trend.label,
                text::fixed(volts, 1),
                text::signed(amps, 1)
            ),
            (None, _) | (_, None) => format!("{}: no values yet", trend.label),
        };
        let start = if begin <= -120.0 {
            format!("{} min", text::fixed(begin / 60.0, 0))
        } else {
            format!("{} s", text::fixed(begin, 0))
        };
        Self {
            label: trend.label.clone(),
            spoken,
            voltage: Line::of(&trend.voltage, begin),
            current: Line::of(&trend.current, begin),
            start,
            ready: begin < -1.0,
        }
    }
}

impl Line {
    fn of(points: &[[f64; 2]], begin: f64) -> Self {
        let finite = || points.iter().map(|p| p[1]).filter(|v| v.is_finite());
        let (low, high) =
            finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        if low > high || begin >= 0.0 {
            return Self::default();
        }
        let span = (high - low).max(LEAST_SPAN) * (1.0 + 2.0 * MARGIN);
        let low = f64::midpoint(low, high) - span / 2.0;
        let places = if span >= 20.0 { 0 } else { usize::from(span < 2.0) + 1 };
        let value = |share: f64| text::fixed(low + span * share, places);
        let place = |[at, value]: [f64; 2]| {
            ((1.0 - at / begin) * WIDTH, (1.0 - (value - low) / span) * HEIGHT)
        };
        let mut path = String::new();
        let mut pen_is_up = true;
        for point in thinned(points, begin) {
            if point[1].is_finite() {
                let (x, y) = place(point);
                path.push_str(&format!("{}{x:.1} {y:.1}", if pen_is_up { 'M' } else { 'L' }));
            }
            pen_is_up = !point[1].is_finite();
        }
        Self { path, top: value(1.0), middle: value(0.5), bottom: value(0.0) }
    }
}

/// Of every column the lowest and the highest point in their order; gaps stay.
fn thinned(points: &[[f64; 2]], begin: f64) -> Vec<[f64; 2]> {
    let column = |at: f64| ((1.0 - at / begin) * COLUMNS as f64) as i64;
    let mut kept = Vec::with_capacity(2 * COLUMNS);
    let mut open: Option<(i64, [f64; 2], [f64; 2])> = None;
    let close = |kept: &mut Vec<[f64; 2]>, open: &mut Option<(i64, [f64; 2], [f64; 2])>| {
        if let Some((_, low, high)) = open.take() {
            let (first, second) = if low[0] <= high[0] { (low, high) } else { (high, low) };
            kept.push(first);
            if second != first {
                kept.push(second);
            }
        }
    };
    for point in points.iter().copied() {
        if !point[1].is_finite() {
            close(&mut kept, &mut open);
            kept.push(point);
            continue;
        }
        let here = column(point[0]);
        match &mut open {
            Some((at, low, high)) if *at == here => {
                if point[1] < low[1] {
                    *low = point;
                }
                if point[1] > high[1] {
                    *high = point;
                }
            }
            Some(_) | None => {
                close(&mut kept, &mut open);
                open = Some((here, point, point));
            }
        }
    }
    close(&mut kept, &mut open);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_lifts_the_pen_and_the_ends_are_at_the_edges() {
        let points = vec![[-600.0, 1.0], [-300.0, 2.0], [-290.0, f64::NAN], [0.0, 3.0]];
        let drawing = Drawing::of(&Trend { voltage: points, ..Trend::default() });
        let path = &drawing.voltage.path;
        assert_eq!(path.matches('M').count(), 2, "{path}");
        assert!(path.starts_with("M0.0 ") && path.contains("M600.0 "), "{path}");
        assert!(drawing.ready && drawing.start.ends_with("10 min"), "{}", drawing.start);
    }

    #[test]
    fn ten_minutes_of_ten_points_a_second_stay_small() {
        let points = (0..6000).map(|i| [f64::from(i) / 10.0 - 600.0, f64::from(i % 17)]).collect();
        let drawing = Drawing::of(&Trend { current: points, ..Trend::default() });
        assert!(drawing.current.path.len() < 15_000, "{}", drawing.current.path.len());
        let flat = Drawing::of(&Trend::default());
        assert!(!flat.ready && flat.voltage.path.is_empty());
    }
}
