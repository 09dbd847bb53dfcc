//! The Pack page.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;

use crate::engine::ViewPlant;
use crate::view::compose;
use crate::view::pack::Tab;
use crate::web::pages::live::{self, PackQuery, Watched};
use crate::web::pages::push;
use crate::web::pages::shell::{Ask, Shell, draw, failed};
use crate::web::shared::Shared;

#[derive(Template)]
#[template(path = "pack.html", config = ".config/askama.toml")]
struct PackPage {
    shell: Shell,
    tabs: Vec<Tab>,
}

/// Draws the page.
pub async fn page(
    State(shared): State<Shared>,
    ask: Ask,
    Query(query): Query<PackQuery>,
) -> Response {
    let snapshot = match ask.session.permit(ViewPlant) {
        Ok(grant) => shared.door().look(&grant),
        Err(denied) => return failed(&denied.into(), &ask),
    };
    let label = query.pack.filter(|label| !label.is_empty());
    let watched = Watched::Pack(label.clone());
    let parts = live::parts(&watched, &snapshot, &ask.session);
    let tabs = compose::pack::pack(&snapshot, label.as_deref()).tabs;
    let shell = Shell::new(&ask, "Pack", "/pack", parts).live(push::address(&watched));
    draw(&PackPage { shell, tabs })
}

/// The address of the page with the tab `label`.
#[must_use]
pub fn address(label: &str) -> String {
    format!("/pack?pack={}", super::escaped(label))
}
