//! The table of rules that charging decides by, as it is shown.

use super::words::trimmed;
use crate::engine::{ChargeKey, ChargeRules};
use crate::view::charge::RuleView;

/// All rules with their values, bounds and origin.
#[must_use]
pub fn rules(rules: &ChargeRules) -> Vec<RuleView> {
    let one = |key: &ChargeKey| {
        let rule = key.rule();
        RuleView {
            name: rule.name.to_owned(),
            title: rule.title.to_owned(),
            value: trimmed(rules.get(*key)),
            unit: rule.unit.to_owned(),
            bounds: format!("{} to {} {}", trimmed(rule.least), trimmed(rule.most), rule.unit),
            origin: if rules.is_set(*key) { "profile" } else { "usual" }.to_owned(),
            about: rule.about.to_owned(),
            source: rule.source.to_owned(),
        }
    };
    ChargeKey::ALL.iter().map(one).collect()
}
