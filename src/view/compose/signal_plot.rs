//! Composes the plot of signals: lines in the picture's own shares, a round scale for each unit, round
//! marks of time, and the values at a moment.

use jiff::tz::TimeZone;

use crate::base::id::BusId;
use crate::base::time::{Timebase, Wall};
use crate::engine::{CurveColumn, CurveLine, Curves, Decoders, Id, Joint, Kind, LineState, Reel};
use crate::view::compose::trace::Naming;
use crate::view::export::plot_csv::{PlotExport, PlotSaved, Since};
use crate::view::plot::{PlotAsk, PlotKey, PlotLine, PlotPicture, PlotScale, PlotSpan};
use crate::view::text::{self, DASH};
use crate::view::trace::ChosenFrame;

/// Frames of the same moment that are looked through for one.
const SAME_TIME: usize = 10_000;
/// About so many marks of a scale.
const MARKS: f64 = 5.0;
/// Most marks of any scale.
const MARKS_MOST: usize = 14;
/// Room above and below the lines, as a share.
const MARGIN: f64 = 0.06;
/// Seconds between marks of time.
const STEPS: [f64; 28] = [
    1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1,
    0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1_800.0, 7_200.0, 43_200.0,
];

/// A line with what the engine has of it.
struct Found<'a> {
    key: &'a PlotKey,
    bus: Option<BusId>,
    /// What is added to its times so that all lines have the same clock.
    zero: i64,
    state: Option<std::sync::Arc<LineState>>,
}

/// The line of the engine that a key means; none where no bus has that name.
#[must_use]
pub fn line(naming: &Naming<'_>, key: &PlotKey) -> Option<CurveLine> {
    let bus = naming.find(&key.bus)?;
    Some(CurveLine { bus, id: id(key)?, signal: key.signal.clone() })
}

fn id(key: &PlotKey) -> Option<Id> {
    let raw = key.id & 0x1FFF_FFFF;
    if raw == key.id { Id::standard(raw) } else { Id::extended(raw) }
}

/// More about a frame: when it was, and its signals.
#[must_use]
pub fn chosen(naming: &Naming<'_>, reel: &Reel, number: u64) -> Option<ChosenFrame> {
    let frame = reel.get(number)?;
    let zero = zero(naming.timebase(frame.bus()));
    let decoded = match frame.kind() {
        Kind::Data | Kind::Fd => naming.decoders().decode(frame),
        Kind::Remote | Kind::Error => None,
    };
    let key = |signal: crate::engine::DecodedSignal| PlotKey {
        bus: naming.bus(frame.bus()).to_owned(),
        id: key_id(frame.id()),
        signal: signal.name,
    };
    let signals = decoded.map_or_else(Vec::new, |one| one.signals.into_iter().map(key).collect());
    Some(ChosenFrame { number, at: frame.time().nanos().saturating_add(zero), signals })
}

/// An id as keys tell it.
#[must_use]
pub fn key_id(id: Id) -> u32 {
    id.raw() | u32::from(id.is_extended()) << 31
}

/// The frame that brought the value of a line at a moment; the nearest one of any id where it has
/// gone.
#[must_use]
pub fn frame_at(naming: &Naming<'_>, reel: &Reel, key: Option<&PlotKey>, at: i64) -> Option<u64> {
    let moment = |number: u64| {
        let frame = reel.get(number)?;
        Some(frame.time().nanos().saturating_add(zero(naming.timebase(frame.bus()))))
    };
    let (mut low, mut high) = (reel.first(), reel.end());
    while low < high {
        let middle = low + (high - low) / 2;
        if moment(middle).is_some_and(|time| time < at) { low = middle + 1 } else { high = middle }
    }
    let wanted = key.and_then(|key| line(naming, key));
    let same = reel.from(low).take(SAME_TIME).take_while(|(number, _)| moment(*number) == Some(at));
    let mut same = same.filter(|(_, frame)| {
        wanted.as_ref().is_none_or(|line| frame.id() == line.id && frame.bus() == line.bus)
    });
    let found = same.next().map(|(number, _)| number);
    found.or_else(|| (!reel.is_empty()).then(|| low.min(reel.end() - 1)))
}

/// What is written where the values of these signals are saved, of the moments that count.
#[must_use]
pub fn export(
    naming: &Naming<'_>,
    reel: &Reel,
    keys: &[PlotKey],
    between: Option<(i64, i64)>,
) -> PlotExport {
    let found = keys.iter().filter_map(|key| {
        let line = line(naming, key)?;
        let picker = naming.decoders().pick(line.bus, line.id, &line.signal)?;
        let twice = keys.iter().filter(|other| other.signal == key.signal).count() > 1;
        let whose = if twice { format!(" on {} {}", key.bus, line.id) } else { String::new() };
        let unit = match picker.unit() {
            "" => String::new(),
            unit => format!(" ({unit})"),
        };
        let zero = zero(naming.timebase(line.bus));
        Some((format!("{}{whose}{unit}", key.signal), CurveColumn { line, zero }))
    });
    PlotExport {
        reel: reel.clone(),
        decoders: std::sync::Arc::clone(naming.decoders()),
        columns: found.collect(),
        between,
        since: match naming.is_dated() {
            true => Since::Date,
            false => Since::Moment(begin(naming, reel)),
        },
    }
}

/// What came of saving them, in a sentence.
#[must_use]
pub fn saved(path: &str, saved: &PlotSaved) -> String {
    let signals = text::count(saved.columns, "signal");
    match saved.lines {
        1 => format!("{path}: 1 moment of {signals} saved as CSV."),
        lines => format!("{path}: {} moments of {signals} saved as CSV.", text::grouped(lines)),
    }
}

/// The picture of what was gathered so far.
#[must_use]
pub fn signal_plot(
    naming: &Naming<'_>,
    reel: &Reel,
    curves: &Curves,
    ask: &PlotAsk,
) -> PlotPicture {
    let found: Vec<Found<'_>> = ask.lines.iter().map(|key| find(naming, curves, key)).collect();
    let whole = found.iter().filter_map(Found::ends).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    let looked = match reel.is_empty() {
        true => 1.0,
        false => {
            let done = curves.looked().clamp(reel.first(), reel.end()) - reel.first();
            (done as f64 / reel.len() as f64) as f32
        }
    };
    let Some(whole) = whole else {
        let lines = found.iter().map(|one| one.without_values(naming)).collect();
        return PlotPicture { lines, looked, empty: empty(ask, looked), ..PlotPicture::default() };
    };
    let ends = ends(ask.span, whole);
    let clock =
        Clock { zone: naming.zone(), is_dated: naming.is_dated(), begin: begin(naming, reel) };
    let drawn: Vec<Drawn> = found
        .iter()
        .map(|one| one.draw(ends, ask.columns, ask.cursor.unwrap_or(whole.1)))
        .collect();
    let mut units: Vec<(String, f64, f64)> = Vec::new();
    for one in &drawn {
        let Some((low, high)) = one.extremes else { continue };
        match units.iter_mut().find(|(unit, ..)| *unit == one.unit) {
            Some((_, least, most)) => (*least, *most) = (least.min(low), most.max(high)),
            None => units.push((one.unit.clone(), low, high)),
        }
    }
    let scales: Vec<Scale> =
        units.into_iter().map(|(unit, low, high)| Scale::of(unit, low, high)).collect();
    let lines = found.iter().zip(&drawn).map(|(one, drawn)| {
        let scale = scales.iter().position(|scale| scale.unit == drawn.unit);
        one.line(naming, drawn, scale.and_then(|at| Some((at, scales.get(at)?))), ends)
    });
    PlotPicture {
        lines: lines.collect(),
        scales: scales.iter().map(Scale::view).collect(),
        times: clock.marks(ends),
        ends,
        whole,
        moment: clock.exact(ask.cursor.unwrap_or(whole.1)),
        looked,
        remark: remark(&found),
        empty: String::new(),
    }
}

fn find<'a>(naming: &Naming<'_>, curves: &Curves, key: &'a PlotKey) -> Found<'a> {
    let wanted = line(naming, key);
    let bus = wanted.as_ref().map(|line| line.bus);
    let zero = bus.map_or(0, |bus| zero(naming.timebase(bus)));
    Found { key, bus, zero, state: wanted.and_then(|line| curves.line(&line)) }
}

fn zero(base: Timebase) -> i64 {
    base.wall_at_zero.map_or(0, Wall::nanos)
}

/// The moment of the first frame, for times that are no dates.
fn begin(naming: &Naming<'_>, reel: &Reel) -> i64 {
    reel.get(reel.first())
        .map_or(0, |frame| frame.time().nanos().saturating_add(zero(naming.timebase(frame.bus()))))
}

fn ends(span: PlotSpan, whole: (i64, i64)) -> (i64, i64) {
    let (first, last) = match span {
        PlotSpan::Whole => whole,
        PlotSpan::Newest(seconds) => (whole.1.saturating_sub((seconds * 1e9) as i64), whole.1),
        PlotSpan::Between(first, last) => (first, last),
    };
    // A picture of one moment shows the second around it.
    if last - first < 1_000 { (first - 500_000_000, last + 500_000_000) } else { (first, last) }
}

fn empty(ask: &PlotAsk, looked: f32) -> String {
    if ask.lines.is_empty() {
        return "No signal is plotted. Choose an id in By id, or a row here, and press Plot beside one \
                of its signals."
            .to_owned();
    }
    if looked < 1.0 {
        return "The frames are being looked through.".to_owned();
    }
    "None of these signals has a value in these frames.".to_owned()
}

fn remark(found: &[Found<'_>]) -> String {
    let backwards: u64 =
        found.iter().filter_map(|one| Some(one.state.as_ref()?.series().backwards())).sum();
    match backwards {
        0 => String::new(),
        n => format!("{} values are not drawn: their time runs backwards.", text::grouped(n)),
    }
}

/// What is drawn of a line.
#[derive(Default)]
struct Drawn {
    unit: String,
    places: usize,
    points: Vec<crate::engine::CurvePointAt>,
    extremes: Option<(f64, f64)>,
    value: Option<(i64, f64)>,
}

impl Found<'_> {
    fn ends(&self) -> Option<(i64, i64)> {
        let (first, last) = self.state.as_ref()?.series().ends()?;
        Some((first.saturating_add(self.zero), last.saturating_add(self.zero)))
    }

    fn draw(&self, ends: (i64, i64), columns: usize, cursor: i64) -> Drawn {
        let Some(state) = &self.state else { return Drawn::default() };
        let own = |at: i64| at.saturating_sub(self.zero);
        let (points, value) = {
            let series = state.series();
            (series.points(own(ends.0), own(ends.1), columns), series.value_at(own(cursor)))
        };
        let values = points.iter().map(|point| (point.value, point.value));
        let extremes = values.reduce(|(a, b), (c, d)| (a.min(c), b.max(d)));
        let picker = state.picker.as_ref();
        let unit = picker.map_or_else(String::new, |one| one.unit().to_owned());
        let places = picker.map_or(0, |one| one.places());
        Drawn { unit, places, points, extremes, value }
    }

    fn line(
        &self,
        naming: &Naming<'_>,
        drawn: &Drawn,
        scale: Option<(usize, &Scale)>,
        (first, last): (i64, i64),
    ) -> PlotLine {
        let mut line = self.without_values(naming);
        if let Some((at, value)) = drawn.value {
            let word = self.state.as_ref().and_then(|state| state.picker.as_ref()?.word(value));
            let number = with_unit(value, drawn);
            line.value = word.map_or_else(|| number.clone(), |word| format!("{word} ({number})"));
            line.at = Some(at.saturating_add(self.zero));
        }
        let Some((place, scale)) = scale else { return line };
        if let Some((low, high)) = drawn.extremes {
            let low = text::fixed(low, drawn.places);
            line.hover =
                format!("{}, {low} to {} in the picture", line.hover, with_unit(high, drawn));
        }
        line.scale = place;
        let length = (last - first) as f64;
        for point in &drawn.points {
            let at = point.at.saturating_add(self.zero);
            let x = (at - first) as f64 / length;
            let place = [x as f32, scale.share(point.value)];
            match line.strokes.last_mut().filter(|_| point.joint == Joint::Joined) {
                Some(stroke) => stroke.push(place),
                None => line.strokes.push(vec![place]),
            }
        }
        line
    }

    fn without_values(&self, naming: &Naming<'_>) -> PlotLine {
        let key = self.key;
        let decoders: &Decoders = naming.decoders();
        let known = self.bus.zip(id(key)).and_then(|(bus, id)| decoders.name(bus, id));
        let shown = id(key).map_or_else(String::new, |id| id.to_string());
        PlotLine {
            key: key.clone(),
            label: key.signal.clone(),
            value: DASH.to_owned(),
            hover: format!("{shown} {} on {}", known.unwrap_or("unknown message"), key.bus),
            ..PlotLine::default()
        }
    }
}

fn with_unit(value: f64, drawn: &Drawn) -> String {
    let number = text::fixed(value, drawn.places);
    if drawn.unit.is_empty() { number } else { format!("{number} {}", drawn.unit) }
}

/// An upright scale.
struct Scale {
    unit: String,
    bottom: f64,
    length: f64,
}

impl Scale {
    fn of(unit: String, low: f64, high: f64) -> Self {
        let greatest = low.abs().max(high.abs());
        // A line at one value stands in the middle, and the last bit of a float does not fill it.
        let least = if greatest > 0.0 { greatest * 1e-6 } else { 1.0 };
        let flat = high - low < least;
        let span = if flat { (greatest * 0.02).max(least) } else { high - low };
        let length = span * (1.0 + 2.0 * MARGIN);
        Self { unit, bottom: f64::midpoint(low, high) - length / 2.0, length }
    }

    fn share(&self, value: f64) -> f32 {
        ((value - self.bottom) / self.length) as f32
    }

    fn view(&self) -> PlotScale {
        let rough = self.length / MARKS;
        let ten = 10_f64.powf(rough.log10().floor().clamp(-12.0, 300.0));
        let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * ten);
        let step = steps.into_iter().find(|step| *step >= rough).unwrap_or(10.0 * ten);
        let places = (-step.log10().floor()).clamp(0.0, 9.0) as usize;
        let first = (self.bottom / step).ceil();
        let values = (0..MARKS_MOST).map(|n| (first + n as f64) * step);
        let marks = values
            .take_while(|value| *value <= self.bottom + self.length)
            .map(|value| (self.share(value), text::fixed(value, places)));
        PlotScale { unit: self.unit.clone(), marks: marks.collect() }
    }
}

/// How times are told.
struct Clock<'a> {
    zone: &'a TimeZone,
    is_dated: bool,
    begin: i64,
}

impl Clock<'_> {
    fn exact(&self, at: i64) -> String {
        if self.is_dated {
            return text::micros(Wall::from_nanos(at), self.zone);
        }
        format!("{} s", text::fixed(at.saturating_sub(self.begin) as f64 / 1e9, 6))
    }

    fn marks(&self, (first, last): (i64, i64)) -> Vec<(f32, String)> {
        let length = (last - first) as f64;
        let step = STEPS.into_iter().find(|step| length / (step * 1e9) <= MARKS + 2.0);
        let step = step.unwrap_or_else(|| (length / 1e9 / MARKS / 86_400.0).ceil() * 86_400.0);
        // Dates have their marks at full seconds, other times where they are round since the first.
        let origin = if self.is_dated { 0 } else { self.begin };
        let ns = (step * 1e9).max(1_000.0) as i64;
        let begin = (first - origin).div_euclid(ns) + 1;
        let places = (-step.log10().floor()).clamp(0.0, 6.0) as usize;
        let moments = (0..MARKS_MOST as i64).map(|n| origin + (begin + n) * ns);
        let marks = moments.take_while(|at| *at <= last).map(|at| {
            let share = ((at - first) as f64 / length) as f32;
            (share, self.words(at, places))
        });
        marks.collect()
    }

    fn words(&self, at: i64, places: usize) -> String {
        if !self.is_dated {
            return format!("{} s", text::fixed((at - self.begin) as f64 / 1e9, places));
        }
        let micros = text::micros(Wall::from_nanos(at), self.zone);
        let cut = match places {
            0 => micros.find('.').unwrap_or(micros.len()),
            places => (micros.len() + places).saturating_sub(6),
        };
        micros.get(..cut).unwrap_or(&micros).to_owned()
    }
}
