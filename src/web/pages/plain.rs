//! The pages without forms besides Pack and CAN: Parts and About.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use crate::engine::{ChangeSettings, ViewPlant};
use crate::web::pages::live::{self, Seat, Watched};
use crate::web::pages::push;
use crate::web::pages::shell::{Ask, Shell, draw, failed};
use crate::web::problem::Problem;
use crate::web::shared::Shared;

#[derive(Template)]
#[template(path = "parts.html", config = ".config/askama.toml")]
struct PartsPage {
    shell: Shell,
    /// Whether whoever looks may add parts.
    changes: bool,
}

#[derive(Template)]
#[template(path = "about.html", config = ".config/askama.toml")]
struct AboutPage {
    shell: Shell,
    version: &'static str,
    license: &'static str,
}

/// A page around whose content nothing but the frame changes.
///
/// # Errors
/// Whoever asks may not see the plant.
pub fn framed(shared: &Shared, ask: &Ask, title: &str, here: &str) -> Result<Shell, Problem> {
    let snapshot = shared.door().look(&ask.session.permit(ViewPlant)?);
    let parts = live::parts(&Watched::Frame, &snapshot, &ask.session);
    Ok(Shell::new(ask, title, here, parts).live(push::address(&Watched::Frame)))
}

/// Draws the Parts page.
pub async fn parts(State(shared): State<Shared>, ask: Ask) -> Response {
    let snapshot = match ask.session.permit(ViewPlant) {
        Ok(grant) => shared.door().look(&grant),
        Err(denied) => return failed(&denied.into(), &ask),
    };
    let watched = Watched::Parts(Seat::of(&shared, &ask.session));
    let parts = live::parts(&watched, &snapshot, &ask.session);
    let shell = Shell::new(&ask, "Parts", "/parts", parts).live(push::address(&watched));
    draw(&PartsPage { shell, changes: ask.session.permit(ChangeSettings).is_ok() })
}

/// Draws the About page.
pub async fn about(State(shared): State<Shared>, ask: Ask) -> Response {
    match framed(&shared, &ask, "About", "/about") {
        Ok(shell) => draw(&AboutPage {
            shell,
            version: env!("CARGO_PKG_VERSION"),
            license: env!("CARGO_PKG_LICENSE"),
        }),
        Err(problem) => failed(&problem, &ask),
    }
}
