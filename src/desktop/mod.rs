//! The egui face (feature `desktop`): a window over a [`source::Source`]. It draws finished views
//! and turns what a person does into intents; it formats no number, judges no threshold and asks
//! for no permission by itself.
//!
//! [`run`] opens the window; [`app::App`] is what is in it and needs neither display nor GPU, which
//! is how the tests click it.

pub mod app;
pub mod ask;
pub mod command;
mod credits;
mod dialog;
pub mod display;
#[cfg(any(test, feature = "testing"))]
pub mod fixture;
pub mod fonts;
mod icon;
pub mod icons;
pub mod pages;
pub mod shell;
pub mod source;
pub mod theme;
pub mod widgets;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use thiserror::Error;

use crate::desktop::app::App;
use crate::desktop::source::Source;

/// Why there is no window (any more).
#[derive(Debug, Error)]
pub enum RunError {
    /// It cannot open here.
    #[error(transparent)]
    NoDisplay(#[from] display::NoDisplay),
    /// The system refused it.
    #[error("the window could not be opened; `busbar serve --demo` works without one")]
    Window(#[source] Box<eframe::Error>),
}

/// Closes the window from elsewhere. Nothing is asked: whoever does this has stopped what charges.
#[derive(Clone, Default)]
pub struct Closer(Arc<OnceLock<egui::Context>>);

impl Closer {
    /// Closes it, once there is one.
    pub fn close(&self) {
        if let Some(window) = self.0.get() {
            window.send_viewport_cmd_to(egui::ViewportId::ROOT, egui::ViewportCommand::Close);
            window.request_repaint();
        }
    }
}

/// Opens the window and returns when it is closed, by a person or by `closer`. `memory` is the file in which it remembers its
/// place; without one it uses the system's usual folder. `logs` are recordings that are looked at.
///
/// # Errors
/// Where there is no display, a library is missing or the system refuses a window.
pub fn run(
    source: Box<dyn Source>,
    memory: Option<PathBuf>,
    closer: &Closer,
    logs: Vec<PathBuf>,
) -> Result<(), RunError> {
    display::check()?;
    let viewport = egui::ViewportBuilder::default()
        .with_title("Busbar")
        .with_app_id("busbar")
        .with_inner_size([1440.0, 900.0])
        .with_min_inner_size([1024.0, 640.0])
        .with_drag_and_drop(true)
        .with_icon(icon::icon());
    let options = eframe::NativeOptions {
        viewport,
        renderer: eframe::Renderer::Glow,
        persistence_path: memory,
        ..eframe::NativeOptions::default()
    };
    let window = Arc::clone(&closer.0);
    let make: eframe::AppCreator<'_> = Box::new(move |cc| {
        // There is one window in the life of a program.
        let _first = window.set(cc.egui_ctx.clone());
        Ok(Box::new(App::new(&cc.egui_ctx, cc.storage, source)?.with_logs(logs)))
    });
    eframe::run_native("busbar", options, make).map_err(|e| RunError::Window(Box::new(e)))
}
