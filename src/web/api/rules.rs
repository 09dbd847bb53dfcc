//! The rules that charging decides by: the table, and a change of one line of it. A change is for every
//! pack at once and only while nothing runs.

use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::engine::{ChargeKey, Right, RulesPicture, SetChargeRule, ViewPlant};
use crate::web::api::give::{Answer, order, versioned};
use crate::web::api::take::{Body, Who, Word, expected_version, nullable};
use crate::web::problem::Problem;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Enters the routes.
pub fn routes(table: Table) -> Table {
    const RULES: &str = "/api/v1/charge/rules";
    table.api(Method::GET, RULES, Access::Needs(Right::ReadSettings), rules).api(
        Method::PATCH,
        "/api/v1/charge/rules/{key}",
        Access::Needs(Right::ChangeSettings),
        change,
    )
}

/// A limit, threshold or time that charging decides by.
#[derive(Serialize, ToSchema)]
#[schema(as = ChargeRule)]
pub struct RuleShown {
    /// Its name in a profile.
    name: &'static str,
    /// What it is called.
    title: &'static str,
    /// Its value.
    value: f64,
    /// Unit.
    unit: &'static str,
    /// What it is unless somebody sets it.
    usual: f64,
    /// Hard bound below.
    least: f64,
    /// Hard bound above.
    most: f64,
    /// Whether the running profile sets it.
    from_profile: bool,
    /// Who set it: `default`, `profile`, or `person` for a change that is kept in no file.
    origin: &'static str,
    /// What it does.
    about: &'static str,
    /// Where the figure comes from.
    source: &'static str,
}

fn shown(picture: &RulesPicture, key: ChargeKey) -> RuleShown {
    let (rule, rules) = (key.rule(), &picture.rules);
    RuleShown {
        name: rule.name,
        title: rule.title,
        value: rules.get(key),
        unit: rule.unit,
        usual: rule.usual,
        least: rule.least,
        most: rule.most,
        from_profile: rules.origin(key) == crate::engine::RuleOrigin::Profile,
        origin: rules.origin(key).code(),
        about: rule.about,
        source: rule.source,
    }
}

/// The table of rules that charging decides by, as they are in the running profile.
#[utoipa::path(get, path = "/api/v1/charge/rules", tag = "charge",
    responses((status = 200, description = "All of them, in the order of the table; the ETag is the \
        version of the whole table", body = Vec<RuleShown>)))]
pub async fn rules(State(shared): State<Shared>, Who(session): Who) -> Answer {
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    let all = ChargeKey::ALL.iter().map(|key| shown(&snapshot.rules, *key));
    Ok(versioned(StatusCode::OK, snapshot.rules.version, &all.collect::<Vec<_>>()))
}

/// What a rule is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChargeRuleChange)]
pub struct RuleChange {
    /// Its value, in its own unit; `null`: what is usual.
    #[serde(deserialize_with = "nullable")]
    #[schema(value_type = Option<f64>)]
    value: Option<Option<f64>>,
}

/// Changes a rule that charging decides by: for every pack, within its hard bounds, and while nothing
/// runs. It is kept in the profile's file, where the running profile has one.
#[utoipa::path(patch, path = "/api/v1/charge/rules/{key}", tag = "charge",
    params(("key" = String, Path, description = "Name of the rule, such as `cell_max_mv`")),
    request_body = RuleChange,
    responses(
        (status = 200, description = "As it is now; the ETag is the version of the whole table",
            body = RuleShown),
        (status = 404, description = "No rule of this name"),
        (status = 409, description = "A pack is being charged, or the file cannot be written"),
        (status = 412, description = "The table was changed meanwhile"),
        (status = 422, description = "Beyond its hard bounds, or out of order with another rule"),
    ))]
pub async fn change(
    State(shared): State<Shared>,
    Who(session): Who,
    Word(name): Word,
    headers: HeaderMap,
    Body(asked): Body<RuleChange>,
) -> Answer {
    let key: ChargeKey = name.parse().map_err(|_| {
        let name: String = name.chars().take(64).collect();
        Problem::not_found(format!("There is no charge rule \u{201c}{name}\u{201d}."))
    })?;
    let expected = expected_version(&headers)?;
    let value = asked.value.flatten();
    order(&shared, &session, SetChargeRule { key, value, expected }).await.map_err(|problem| {
        // Whichever rule it is out of order with, what was sent is called so.
        if problem.field() == Some(key.rule().name) { problem.about("value") } else { problem }
    })?;
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    let picture = &snapshot.rules;
    Ok(versioned(StatusCode::OK, picture.version, &shown(picture, key)))
}
