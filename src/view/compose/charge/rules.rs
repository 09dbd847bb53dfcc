//! The table of rules that charging decides by, as it is shown and as it is changed.

use super::typed::number;
use super::words::trimmed;
use crate::engine::{
    ChangeSettings, ChargeKey, ChargeRules, RuleError, RuleOrigin, Session, Snapshot,
};
use crate::view::charge::{RuleView, RulesView};
use crate::view::compose::users::sentence;
use crate::view::offer::Offer;

/// All rules with their values, bounds and origin.
#[must_use]
pub fn rules(rules: &ChargeRules) -> Vec<RuleView> {
    let one = |key: &ChargeKey| {
        let rule = key.rule();
        let with_unit = |value: f64| format!("{} {}", trimmed(value), rule.unit);
        RuleView {
            name: rule.name.to_owned(),
            title: rule.title.to_owned(),
            value: trimmed(rules.get(*key)),
            unit: rule.unit.to_owned(),
            bounds: format!("{} to {}", trimmed(rule.least), with_unit(rule.most)),
            usual: with_unit(rule.usual),
            origin: match rules.origin(*key) {
                RuleOrigin::Usual => "usual",
                RuleOrigin::Profile => "profile",
                RuleOrigin::Person => "set here, not kept",
            }
            .to_owned(),
            is_set: rules.is_set(*key),
            about: rule.about.to_owned(),
            source: rule.source.to_owned(),
        }
    };
    ChargeKey::ALL.iter().map(one).collect()
}

/// The whole table, and whether `session` can change it now.
#[must_use]
pub fn rules_table(snapshot: &Snapshot, session: &Session) -> RulesView {
    let picture = &snapshot.rules;
    let file = snapshot.profile.as_ref().and_then(|profile| profile.file.as_ref());
    let kept = match (&snapshot.profile, file) {
        (None, _) => "No profile runs.".to_owned(),
        (Some(_), None) => "This profile is kept in no file: what is changed here ends with it. Save it as a profile to keep its rules.".to_owned(),
        (Some(_), Some(file)) => format!("A change is kept in {}.", file.display()),
    };
    let denied = session.permit(ChangeSettings).err().map(|denied| denied.to_string());
    let why_not = denied.or_else(|| picture.why_not.clone());
    let offer = |label: &str| match &why_not {
        None => Offer::open(label),
        Some(why) => Offer::shut(label, &sentence(why)),
    };
    RulesView {
        rows: rules(&picture.rules),
        version: picture.version,
        kept,
        change: offer("Change"),
        reset: offer("Set back"),
    }
}

/// What somebody means who typed `text` for the rule `name`: a number, with or without its unit;
/// nothing, or "default", for the usual value.
///
/// # Errors
/// A sentence: there is no such rule, that is no number, or one beyond its bounds.
pub fn typed_rule(name: &str, text: &str) -> Result<(ChargeKey, Option<f64>), String> {
    let told = |error: RuleError| sentence(&error.to_string());
    let key: ChargeKey = name.parse().map_err(told)?;
    let rule = key.rule();
    let typed = text.trim();
    if typed.is_empty() || typed.eq_ignore_ascii_case("default") {
        return Ok((key, None));
    }
    let value = number(typed.strip_suffix(rule.unit).unwrap_or(typed));
    let Some(value) = value.filter(|value| value.is_finite()) else {
        let shown: String = typed.chars().take(40).collect();
        return Err(format!(
            "\u{201c}{shown}\u{201d} is no number such as {} {}.",
            trimmed(rule.usual),
            rule.unit
        ));
    };
    // Only its own bounds: whether it fits the other rules is said where it is carried out.
    let refused = |error: RuleError| rule_refused(key, &told(error));
    ChargeRules::default().set(key, value).map_err(refused)?;
    Ok((key, Some(value)))
}

/// The sentence why a rule was not changed, with what the rule is called on a screen in the place of
/// its name in a profile.
#[must_use]
pub fn rule_refused(key: ChargeKey, sentence: &str) -> String {
    let (name, title) = (key.rule().name, key.rule().title);
    match sentence.get(..name.len()) {
        Some(head) if head.eq_ignore_ascii_case(name) => {
            format!("{title}{}", sentence.get(name.len()..).unwrap_or_default())
        }
        Some(_) | None => sentence.to_owned(),
    }
}
