//! The Settings page: a form a section. Everybody who may read sees it; an administrator changes it.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;

use crate::engine::{Right, ViewPlant};
use crate::view::compose;
use crate::view::compose::settings::ListenerState;
use crate::view::settings::{Input, Section, SettingsView};
use crate::web::pages::form::{self, Typed};
use crate::web::pages::plain;
use crate::web::pages::services::Done;
use crate::web::pages::shell::{Ask, Shell, draw_as, failed, go, nothing_there};
use crate::web::pages::wrong::{Wrong, give};
use crate::web::problem::Problem;
use crate::web::sealed::Sealed;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// The routes.
#[must_use]
pub fn routes(table: Table) -> Table {
    table.page(Method::GET, "/settings", Access::Needs(Right::ReadSettings), page).page(
        Method::POST,
        "/settings/{section}",
        Access::Needs(Right::Administrator),
        save,
    )
}

#[derive(Template)]
#[template(path = "settings.html", config = ".config/askama.toml")]
struct SettingsPage {
    shell: Shell,
    view: SettingsView,
    done: &'static str,
    failed: &'static str,
    wrong: Wrong,
}

async fn page(State(shared): State<Shared>, ask: Ask, Query(query): Query<Done>) -> Response {
    match settings_page(&shared, &ask) {
        Ok(page) => {
            draw_as(StatusCode::OK, &SettingsPage { done: form::done(&query.done), ..page })
        }
        Err(problem) => failed(&problem, &ask),
    }
}

fn settings_page(shared: &Shared, ask: &Ask) -> Result<SettingsPage, Problem> {
    let settings = shared.door().settings(&ask.session.permit(ViewPlant)?);
    let site = shared.site();
    let listener = ListenerState {
        url: Some(site.base().to_owned()),
        fingerprint: site.fingerprint().map(str::to_owned),
        sentence: None,
    };
    Ok(SettingsPage {
        shell: plain::framed(shared, ask, "Settings", "/settings")?,
        view: compose::settings::settings(&settings, &listener, &ask.session),
        done: "",
        failed: "",
        wrong: Wrong::nothing(),
    })
}

async fn save(
    State(shared): State<Shared>,
    ask: Ask,
    Path(section): Path<String>,
    Sealed(pairs): Sealed<Vec<(String, String)>>,
) -> Response {
    let Some(section) = Section::ALL.into_iter().find(|known| known.code() == section) else {
        return nothing_there();
    };
    let typed = Typed::from(pairs);
    match try_save(&shared, &ask, section, &typed).await {
        Ok(()) => go("/settings?done=saved"),
        Err(problem) => match settings_page(&shared, &ask) {
            Ok(page) => again(page, section, &typed, &problem),
            Err(problem) => failed(&problem, &ask),
        },
    }
}

async fn try_save(
    shared: &Shared,
    ask: &Ask,
    section: Section,
    typed: &Typed,
) -> Result<(), Problem> {
    let settings = shared.door().settings(&ask.session.permit(ViewPlant)?);
    let text = |name: &str| typed.get(name);
    let order = compose::typed_settings::save_order(section, &settings, typed.version(), &text);
    let order = order.map_err(|error| {
        let said = error.to_string();
        // The sentence stands at its field, whose name it need not repeat.
        let field = error.field();
        let said = said.strip_prefix(field).map_or(said.as_str(), |rest| rest);
        let said = said.trim_start_matches([':', ' ']);
        Problem::invalid(format!("{said}.")).about(field)
    })?;
    give(shared, &ask.session, order).await.map(drop)
}

/// The page with what was typed into a section and what is wrong with it.
fn again(page: SettingsPage, section: Section, typed: &Typed, problem: &Problem) -> Response {
    let mut page = page;
    let names: Vec<&str> =
        page.view.sections.iter().flat_map(|s| s.fields.iter().map(|field| field.name)).collect();
    page.wrong = Wrong::from(problem).known(&names);
    page.failed = section.code();
    let ours = page.view.sections.iter_mut().filter(|shown| shown.section == section);
    for field in ours.flat_map(|shown| &mut shown.fields) {
        match field.input {
            // A secret is typed again; an unticked switch is not sent.
            Input::Secret => {}
            Input::Switch => typed.text(field.name).clone_into(&mut field.value),
            Input::Number { .. } | Input::Text(_) | Input::Lines(_) | Input::Choice(_) => {
                if let Some(text) = typed.get(field.name) {
                    text.clone_into(&mut field.value);
                }
            }
        }
    }
    draw_as(problem.status(), &page)
}
