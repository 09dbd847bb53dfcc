//! The window's own work for one frame: layout and tessellation, without a GPU. Targets: under 4 ms
//! for 38 cells, under 16 ms for 800; for a trace of ten million rows, standing or following a bus,
//! half a millisecond for its rows and 2 ms for the whole window, a plot of eight signals among it,
//! however long both are.

use std::cell::RefCell;
use std::hint::black_box;
use std::rc::Rc;

use busbar::desktop::app::App;
use busbar::desktop::fixture::{FixtureSource, World};
use busbar::engine::{Curves, Series, USUAL_FRAMES};
use busbar::view::plot::PlotKey;
use criterion::{Criterion, criterion_group, criterion_main};
use eframe::App as _;
use egui::{Event, Key, Modifiers, PointerButton, Pos2, RawInput, Rect, Vec2};

struct Window {
    ctx: egui::Context,
    app: App,
    frame: eframe::Frame,
    size: Vec2,
    world: Rc<RefCell<World>>,
}

impl Window {
    fn new(cells: usize, size: Vec2) -> Self {
        Self::with(FixtureSource::running(cells), size, [])
    }

    /// With ten million rows of trace, and these signals below it once all their values are gathered.
    fn tracing(size: Vec2, keys: impl IntoIterator<Item = PlotKey>) -> Self {
        let source = FixtureSource::running(38);
        source.world.borrow_mut().curves = Some(Curves::new(Box::new(|| {})));
        let mut window = Self::with(source, size, keys);
        (0..=USUAL_FRAMES / 65_536).for_each(|_| window.hear(65_536));
        window.press(Key::Num3);
        window.click("Trace");
        let end = window.world.borrow().tape.reel().end();
        let is_plotting = !window.world.borrow().plotted.is_empty();
        while is_plotting && window.gathered() < end {
            window.world.borrow_mut().version += 1;
            window.draw(Vec::new());
        }
        window
    }

    /// Number of the frame up to which the plot has looked.
    fn gathered(&self) -> u64 {
        self.world.borrow().curves.as_ref().map_or(0, Curves::looked)
    }

    fn with(source: FixtureSource, size: Vec2, keys: impl IntoIterator<Item = PlotKey>) -> Self {
        let ctx = egui::Context::default();
        let world = Rc::clone(&source.world);
        let app = App::new(&ctx, None, Box::new(source)).unwrap_or_else(|e| unreachable!("{e}"));
        let app = app.with_plot(keys);
        let mut window = Self { ctx, app, frame: eframe::Frame::_new_kittest(), size, world };
        for _ in 0..4 {
            window.draw(Vec::new());
        }
        window
    }

    /// One frame; gives the number of triangles.
    fn draw(&mut self, events: Vec<Event>) -> usize {
        let mut output = self.run(events);
        let shapes = std::mem::take(&mut output.shapes);
        let primitives = self.ctx.tessellate(shapes, output.pixels_per_point);
        primitives
            .iter()
            .map(|p| match &p.primitive {
                egui::epaint::Primitive::Mesh(mesh) => mesh.indices.len() / 3,
                egui::epaint::Primitive::Callback(_) => 0,
            })
            .sum()
    }

    /// The layout of one frame.
    fn run(&mut self, events: Vec<Event>) -> egui::FullOutput {
        let screen_rect = Some(Rect::from_min_size(Pos2::ZERO, self.size));
        let input = RawInput { screen_rect, events, focused: true, ..RawInput::default() };
        let mut output = self.ctx.run_ui(input, |ui| {
            self.app.logic(ui.ctx(), &mut self.frame);
            self.app.ui(ui, &mut self.frame);
        });
        output.textures_delta.clear();
        output
    }

    /// Clicks what is called `name`, which a screen reader would find.
    fn click(&mut self, name: &str) {
        self.ctx.enable_accesskit();
        let update = (0..3).filter_map(|_| self.run(Vec::new()).platform_output.accesskit_update);
        let update = update.last().unwrap_or_else(|| unreachable!("nothing to read"));
        self.ctx.disable_accesskit();
        let found = update.nodes.iter().find(|(_, node)| node.label() == Some(name));
        let bounds = found.and_then(|(_, node)| node.bounds());
        let bounds = bounds.unwrap_or_else(|| unreachable!("there is no {name}"));
        let pos =
            Pos2::new((bounds.x0 + bounds.x1) as f32 / 2.0, (bounds.y0 + bounds.y1) as f32 / 2.0);
        let (button, modifiers) = (PointerButton::Primary, Modifiers::NONE);
        let button = |pressed| Event::PointerButton { pos, button, pressed, modifiers };
        self.draw(vec![Event::PointerMoved(pos)]);
        self.draw(vec![button(true)]);
        self.draw(vec![button(false), Event::PointerGone]);
        (0..4).for_each(|_| drop(self.run(Vec::new())));
    }

    /// New frames on the bus.
    fn hear(&self, count: u64) {
        let mut world = self.world.borrow_mut();
        world.record(count);
        world.version += 1;
    }

    fn press(&mut self, key: Key) {
        let event = |pressed| Event::Key {
            key,
            physical_key: None,
            pressed,
            repeat: false,
            modifiers: Modifiers::COMMAND,
        };
        self.draw(vec![event(true), event(false)]);
        for _ in 0..4 {
            self.draw(Vec::new());
        }
    }
}

fn frames(c: &mut Criterion) {
    let mut group = c.benchmark_group("frame");
    for (name, cells, size, key) in [
        ("pack, 38 cells, 1440x900", 38, Vec2::new(1440.0, 900.0), Key::Num1),
        ("pack, 800 cells, 1440x900", 800, Vec2::new(1440.0, 900.0), Key::Num1),
        ("pack, 800 cells, 3840x2160", 800, Vec2::new(3840.0, 2160.0), Key::Num1),
        ("can, 49 ids, 1440x900", 38, Vec2::new(1440.0, 900.0), Key::Num3),
    ] {
        let mut window = Window::new(cells, size);
        window.press(key);
        group.bench_function(name, |b| b.iter(|| black_box(window.draw(Vec::new()))));
    }
    let mut window = Window::tracing(Vec2::new(1440.0, 900.0), []);
    group.bench_function("trace, 10 M rows, following a bus, 1440x900", |b| {
        b.iter(|| {
            window.hear(10);
            black_box(window.draw(Vec::new()))
        });
    });
    group.bench_function("trace, 10 M rows, standing, 1440x900", |b| {
        b.iter(|| black_box(window.draw(Vec::new())));
    });
    // The same with all cells of a module below it, a million values each.
    let mut window = Window::tracing(Vec2::new(1440.0, 900.0), cells());
    group.bench_function("trace, 10 M rows, following, a plot of 8 x 1 M values, 1440x900", |b| {
        b.iter(|| {
            window.hear(10);
            black_box(window.draw(Vec::new()))
        });
    });
    group.bench_function("trace, 10 M rows, standing, a plot of 8 x 1 M values, 1440x900", |b| {
        b.iter(|| black_box(window.draw(Vec::new())));
    });
    // What a screen reader adds: a node for every cell, seen or not.
    let mut window = Window::new(800, Vec2::new(1440.0, 900.0));
    window.ctx.enable_accesskit();
    window.draw(Vec::new());
    group.bench_function("pack, 800 cells, with a screen reader", |b| {
        b.iter(|| black_box(window.draw(Vec::new())));
    });
    group.finish();
}

/// The eight cells of the first module.
fn cells() -> impl Iterator<Item = PlotKey> {
    let key = |cell: u32| PlotKey {
        bus: "demo".to_owned(),
        id: 0x602 + cell / 4,
        signal: format!("Cell{cell}"),
    };
    (0..8).map(key)
}

/// The points of one line, by how many values it has: the whole, and its newest minute.
fn lines(c: &mut Criterion) {
    let mut group = c.benchmark_group("line of 1400 columns");
    for (name, count) in [("1 M", 1_000_000), ("100 M", 100_000_000)] {
        let mut series = Series::default();
        let cycle = 10_000_000;
        for n in 0..count {
            series.push(n * cycle, (n % 4_099) as f64);
        }
        let end = count * cycle;
        for (what, from) in
            [("whole", 0), ("a tenth", end - end / 10), ("newest minute", end - 60_000_000_000)]
        {
            group.bench_function(format!("{name} values, {what}"), |b| {
                b.iter(|| black_box(series.points(from, end, 1_400)));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, frames, lines);
criterion_main!(benches);
