//! The Settings page: a form a section. Everybody who may read sees it; who may change a section is the
//! order's matter.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::engine::{Administer, Right, ViewPlant};
use crate::view::compose;
use crate::view::compose::settings::{ListenerState, SaveOrder, Seen, reset_order, save_order};
use crate::view::settings::{Input, Section, SettingsView};
use crate::web::pages::form::{self, Typed};
use crate::web::pages::plain;
use crate::web::pages::shell::{Ask, Shell, draw_as, failed, go, nothing_there};
use crate::web::pages::wrong::{Meanwhile, Wrong, give, theirs};
use crate::web::problem::{CHANGED_MEANWHILE, Problem};
use crate::web::sealed::Sealed;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// The routes.
#[must_use]
pub fn routes(table: Table) -> Table {
    table.page(Method::GET, "/settings", Access::Needs(Right::ReadSettings), page).page(
        Method::POST,
        "/settings/{section}",
        Access::Needs(Right::ChangeSettings),
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

/// What the address of the page may say.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    /// What was done.
    #[serde(default)]
    done: String,
    /// What is looked for.
    #[serde(default)]
    find: String,
}

/// Longest text that is looked for, in characters.
const FIND_CHARS: usize = 80;

async fn page(State(shared): State<Shared>, ask: Ask, Query(query): Query<Asked>) -> Response {
    match settings_page(&shared, &ask, &query.find) {
        Ok(page) => {
            draw_as(StatusCode::OK, &SettingsPage { done: form::done(&query.done), ..page })
        }
        Err(problem) => failed(&problem, &ask),
    }
}

fn settings_page(shared: &Shared, ask: &Ask, find: &str) -> Result<SettingsPage, Problem> {
    let grant = ask.session.permit(ViewPlant)?;
    let door = shared.door();
    let site = shared.site();
    let listener = ListenerState {
        url: Some(site.base().to_owned()),
        fingerprint: site.fingerprint().map(str::to_owned),
        sentence: None,
    };
    let settings = door.settings(&grant);
    let marks = door.marks(&grant);
    let roster = ask.session.permit(Administer).ok().map(|grant| door.roster(&grant));
    let find: String = find.chars().take(FIND_CHARS).collect();
    let seen = Seen {
        settings: &settings,
        marks: &marks,
        overrides: door.overrides(&grant),
        listener: &listener,
        snapshot: &door.look(&grant),
        accounts: roster.as_ref().map_or(&[], |roster| &roster.accounts),
        displays: door.displays(&grant),
        zone: &TimeZone::system(),
        find: &find,
    };
    Ok(SettingsPage {
        shell: plain::framed(shared, ask, "Settings", "/settings")?,
        view: compose::settings::settings(&seen, &ask.session),
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
    let Some(section) = Section::named(&section) else { return nothing_there() };
    let typed = Typed::from(pairs);
    match try_save(&shared, &ask, section, &typed).await {
        Ok(()) => go("/settings?done=settings-saved"),
        Err(problem) => match settings_page(&shared, &ask, "") {
            Ok(page) => {
                // Typed over what somebody else has changed: a second press of Save would undo that unseen.
                let typed = (problem.code() != CHANGED_MEANWHILE).then_some(&typed);
                again(page, section, typed, &theirs(problem, Meanwhile::Shown))
            }
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
    let order = {
        let grant = ask.session.permit(ViewPlant)?;
        let (settings, snapshot) = (shared.door().settings(&grant), shared.door().look(&grant));
        let current = (&*settings, &snapshot.rules.rules);
        let text = |name: &str| typed.setting(name);
        match typed.get("reset") {
            Some(name) => reset_order(section, current, typed.version(), name),
            None => save_order(section, current, typed.version(), &text),
        }
    };
    // The sentence stands at its field, whose name it need not repeat.
    let order = order.map_err(|error| Problem::invalid(error.sentence()).about(error.field()))?;
    match order {
        SaveOrder::Settings(order) => give(shared, &ask.session, order).await.map(drop),
        SaveOrder::System(order) => give(shared, &ask.session, order).await.map(drop),
        SaveOrder::Safety(orders) => {
            for order in orders {
                let name = order.key.rule().name;
                give(shared, &ask.session, order).await.map_err(|problem| problem.about(name))?;
            }
            Ok(())
        }
    }
}

/// The page with what was typed into a section, if that still stands, and what is wrong with it.
fn again(
    page: SettingsPage,
    section: Section,
    typed: Option<&Typed>,
    problem: &Problem,
) -> Response {
    let mut page = page;
    let names: Vec<&str> =
        page.view.sections.iter().flat_map(|s| s.fields.iter().map(|field| field.name)).collect();
    page.wrong = Wrong::from(problem).known(&names);
    page.failed = section.code();
    let ours = page.view.sections.iter_mut().filter(|shown| shown.section == section);
    let fields = ours.flat_map(|shown| &mut shown.fields);
    for (field, typed) in fields.filter_map(|field| Some((field, typed?))) {
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
