//! One unit in terms of another, where they differ by a prefix: V and mV, Ah and mAh. Knows no
//! signals; what it does not know it refuses, because a wrong factor is worse than none.

/// What a number of `written` is multiplied with to be one of `own`; `None` where they do not fit.
pub(super) fn factor(written: &str, own: &str) -> Option<f64> {
    let (written, own) = (plain(written), plain(own));
    if written == own {
        return Some(1.0);
    }
    let whole = |unit: &str| base(unit).map(|base| (1.0, base));
    let both = |unit: &str| [whole(unit), split(unit)].into_iter().flatten().collect::<Vec<_>>();
    for (from, base) in both(&written) {
        for (to, other) in both(&own) {
            if base == other {
                return Some(from / to);
            }
        }
    }
    // Letters of another size, as in `v` for V: only where no prefix could be meant.
    let alike = written.len() > 1 && written.to_lowercase() == own.to_lowercase();
    (alike && split(&written).is_none() && split(&own).is_none()).then_some(1.0)
}

/// A unit in one way of writing.
fn plain(unit: &str) -> String {
    let unit = unit.trim();
    match unit.to_lowercase().as_str() {
        "degc" | "deg c" | "\u{b0}c" => "\u{b0}C".to_owned(),
        "percent" => "%".to_owned(),
        _ => unit.to_owned(),
    }
}

/// A unit that people put prefixes before. Letters count the same in either size, but for those
/// that are another unit then.
fn base(unit: &str) -> Option<String> {
    if matches!(unit, "s" | "m") {
        return Some(unit.to_owned());
    }
    let lower = unit.to_lowercase();
    ["v", "a", "w", "wh", "ah", "hz", "ohm", "va", "var"].contains(&&*lower).then_some(lower)
}

/// A prefix and what stands after it.
fn split(unit: &str) -> Option<(f64, String)> {
    let mut letters = unit.chars();
    let factor = match letters.next()? {
        'k' | 'K' => 1e3,
        'M' => 1e6,
        'G' => 1e9,
        'm' => 1e-3,
        'u' | '\u{b5}' | '\u{3bc}' => 1e-6,
        _ => return None,
    };
    base(letters.as_str()).map(|base| (factor, base))
}

#[cfg(test)]
mod tests {
    use super::factor;

    #[test]
    fn a_prefix_is_a_factor_and_another_unit_is_refused() {
        assert_eq!(factor("V", "mV"), Some(1000.0));
        assert_eq!(factor("mV", "V"), Some(1e-3));
        assert_eq!(factor("kWh", "Wh"), Some(1e3));
        assert_eq!(factor("v", "V"), Some(1.0));
        assert_eq!(factor("degC", "\u{b0}C"), Some(1.0));
        assert!(factor("mV", "MV").is_some_and(|f| (f * 1e9 - 1.0).abs() < 1e-9));
        assert_eq!(factor("S", "s"), None);
        assert_eq!(factor("A", "Ah"), None);
        assert_eq!(factor("V", ""), None);
        assert_eq!(factor("rpm", "RPM"), Some(1.0));
    }
}
