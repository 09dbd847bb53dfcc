//! The window's own work for one frame: layout and tessellation, without a GPU. Targets: under 4 ms
//! for 38 cells, under 16 ms for 800.

use std::hint::black_box;

use busbar::desktop::app::App;
use busbar::desktop::fixture::FixtureSource;
use criterion::{Criterion, criterion_group, criterion_main};
use eframe::App as _;
use egui::{Event, Key, Modifiers, Pos2, RawInput, Rect, Vec2};

struct Window {
    ctx: egui::Context,
    app: App,
    frame: eframe::Frame,
    size: Vec2,
}

impl Window {
    fn new(cells: usize, size: Vec2) -> Self {
        let ctx = egui::Context::default();
        let source = Box::new(FixtureSource::running(cells));
        let app = App::new(&ctx, None, source).unwrap_or_else(|e| unreachable!("{e}"));
        let mut window = Self { ctx, app, frame: eframe::Frame::_new_kittest(), size };
        for _ in 0..4 {
            window.draw(Vec::new());
        }
        window
    }

    /// One frame; gives the number of triangles.
    fn draw(&mut self, events: Vec<Event>) -> usize {
        let screen_rect = Some(Rect::from_min_size(Pos2::ZERO, self.size));
        let input = RawInput { screen_rect, events, focused: true, ..RawInput::default() };
        let mut output = self.ctx.run_ui(input, |ui| {
            self.app.logic(ui.ctx(), &mut self.frame);
            self.app.ui(ui, &mut self.frame);
        });
        output.textures_delta.clear();
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
        ("can, 49 ids, 1440x900", 38, Vec2::new(1440.0, 900.0), Key::Num2),
    ] {
        let mut window = Window::new(cells, size);
        window.press(key);
        group.bench_function(name, |b| b.iter(|| black_box(window.draw(Vec::new()))));
    }
    // What a screen reader adds: a node for every cell, seen or not.
    let mut window = Window::new(800, Vec2::new(1440.0, 900.0));
    window.ctx.enable_accesskit();
    window.draw(Vec::new());
    group.bench_function("pack, 800 cells, with a screen reader", |b| {
        b.iter(|| black_box(window.draw(Vec::new())));
    });
    group.finish();
}

criterion_group!(benches, frames);
criterion_main!(benches);
