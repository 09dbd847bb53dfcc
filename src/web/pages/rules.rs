//! The limits, thresholds and times that charging decides by, a line each: everybody who may read sees
//! them, whoever may change system settings changes them. Bounds, origins and what may be changed now
//! are the view's to say.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;

use crate::engine::{Right, SetChargeRule, ViewPlant};
use crate::view::charge::{RuleView, RulesView};
use crate::view::compose;
use crate::web::pages::form::{self, Typed};
use crate::web::pages::plain;
use crate::web::pages::services::Done;
use crate::web::pages::shell::{Ask, Shell, draw_as, failed, go};
use crate::web::pages::wrong::{Wrong, give};
use crate::web::problem::Problem;
use crate::web::sealed::Sealed;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Where it is.
const PLACE: &str = "/charge/rules";

/// The routes.
#[must_use]
pub fn routes(table: Table) -> Table {
    table.page(Method::GET, PLACE, Access::Needs(Right::ReadSettings), page).page(
        Method::POST,
        PLACE,
        Access::Needs(Right::ChangeSettings),
        change,
    )
}

#[derive(Template)]
#[template(path = "rules.html", config = ".config/askama.toml")]
struct RulesPage {
    shell: Shell,
    view: RulesView,
    /// Which rule was to be changed, and what was typed for it.
    typed: (String, String),
    done: &'static str,
    wrong: Wrong,
}

impl RulesPage {
    /// What stands in the field of a rule: what was typed, or what it is.
    fn text<'s>(&'s self, name: &str, value: &'s str) -> &'s str {
        if self.typed.0 == name { &self.typed.1 } else { value }
    }
}

fn rules_page(shared: &Shared, ask: &Ask) -> Result<RulesPage, Problem> {
    let snapshot = shared.door().look(&ask.session.permit(ViewPlant)?);
    Ok(RulesPage {
        shell: plain::framed(shared, ask, "Charge rules", "/charge")?,
        view: compose::charge::rules_table(&snapshot, &ask.session),
        typed: (String::new(), String::new()),
        done: "",
        wrong: Wrong::nothing(),
    })
}

async fn page(State(shared): State<Shared>, ask: Ask, Query(query): Query<Done>) -> Response {
    match rules_page(&shared, &ask) {
        Ok(page) => draw_as(StatusCode::OK, &RulesPage { done: form::done(&query.done), ..page }),
        Err(problem) => failed(&problem, &ask),
    }
}

async fn change(
    State(shared): State<Shared>,
    ask: Ask,
    Sealed(pairs): Sealed<Vec<(String, String)>>,
) -> Response {
    let typed = Typed::from(pairs);
    let (name, text) = (typed.text("rule"), typed.text("value"));
    // Set back has its own button, which says so in the place of a value.
    let wanted = if typed.get("usual").is_some() { "" } else { text };
    let done = match order(name, wanted, &typed) {
        Ok(order) => give(&shared, &ask.session, order).await,
        Err(problem) => Err(problem),
    };
    let problem = match done {
        Ok(()) => return go(&format!("{PLACE}?done=rule#r-{}", super::escaped(name))),
        Err(problem) => problem,
    };
    match rules_page(&shared, &ask) {
        Ok(page) => {
            let wrong = wrong(&problem, &page.view.rows);
            let typed = (name.to_owned(), text.to_owned());
            draw_as(problem.status(), &RulesPage { typed, wrong, ..page })
        }
        Err(problem) => failed(&problem, &ask),
    }
}

/// What is wrong, at the rule that it is about. People read titles: names stand in files and the API.
fn wrong(problem: &Problem, rows: &[RuleView]) -> Wrong {
    let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    let Some(field) = problem.field().filter(|field| names.contains(field)) else {
        return Wrong::from(problem).known(&names);
    };
    let said = rows.iter().fold(problem.detail().to_owned(), |said, row| {
        let title = format!("\u{201c}{}\u{201d}", row.title);
        let begun: String = row
            .name
            .chars()
            .take(1)
            .flat_map(char::to_uppercase)
            .chain(row.name.chars().skip(1))
            .collect();
        said.replace(&row.name, &title).replace(&begun, &title)
    });
    Wrong::about(field, &said)
}

fn order(name: &str, text: &str, typed: &Typed) -> Result<SetChargeRule, Problem> {
    let read = compose::charge::typed_rule(name, text);
    let (key, value) = read.map_err(|said| Problem::invalid(said).about(name.to_owned()))?;
    Ok(SetChargeRule { key, value, expected: typed.version() })
}
