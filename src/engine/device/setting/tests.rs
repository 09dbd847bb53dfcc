//! What can be set on a device and what cannot. Test code only.

use super::*;

#[derive(Deserialize)]
struct Folder {
    setting: Vec<SettingRule>,
}

fn rules(text: &str) -> Result<Vec<SettingRule>, String> {
    toml::from_str::<Folder>(text).map(|folder| folder.setting).map_err(|error| error.to_string())
}

fn rule(kind: &str, more: &str) -> SettingRule {
    let text =
        format!("[[setting]]\nname = 'x'\ntitle = 'Thing'\ntype = '{kind}'\nhelp = 'h'\n{more}\n");
    rules(&text).unwrap().remove(0)
}

#[test]
fn every_type_takes_what_it_says_and_nothing_else() {
    let choices = "choices = [{ value = 'a', title = 'A' }, { value = 'b', title = 'B' }]\n";
    let integer = rule("integer", "range = [1, 100]\ndefault = 5\nunit = 'ms'");
    let hex = rule("integer", "range = [0, 0x7FF]\ndefault = 0x600\nhex = true");
    let number = rule("number", "range = [-1.5, 2]\ndefault = 0");
    let choice = rule("choice", &format!("{choices}default = 'a'"));
    let switch = rule("switch", "default = false");
    let text = rule("text", "default = ''");
    let long = "x".repeat(LONGEST_TEXT + 1);
    type Case<'a> = (&'a SettingRule, &'a [(&'a str, &'a str)], &'a [&'a str]);
    let table: [Case<'_>; 6] = [
        (
            &integer,
            &[("1", "1"), (" 100 ", "100"), ("0x10", "16"), ("+7", "7")],
            &["", "0", "101", "1.5", "x", "0x", "0x-1", "99999999999999999999", "5 ms"],
        ),
        (&hex, &[("0x600", "0x600"), ("5", "0x005"), ("0X7ff", "0x7FF")], &["0x800", "-1"]),
        (
            &number,
            &[("-1.5", "-1.5"), ("2", "2"), ("0,25", "0.25"), ("1e0", "1")],
            &["", "2.01", "nan", "inf", "-inf", "1..2", "1,0,0"],
        ),
        (&choice, &[("a", "a"), (" b", "b")], &["", "A", "c"]),
        (
            &switch,
            &[("on", "on"), ("true", "on"), ("off", "off"), ("0", "off")],
            &["", "2", "maybe", "ON"],
        ),
        (&text, &[("", ""), (" a b ", "a b")], &[&long, "a\nb", "a\u{7}"]),
    ];
    for (rule, good, bad) in table {
        for (typed, shown) in good {
            let value = rule.read(typed).unwrap();
            assert_eq!(rule.show(&value), *shown, "{typed:?} for {:?}", rule.shape);
            // What is shown is read back as the same.
            assert_eq!(rule.read(shown).as_ref(), Ok(&value));
            assert_eq!(rule.take(&value).as_ref(), Ok(&value));
        }
        for typed in bad {
            let said = rule.read(typed).expect_err(&format!("{typed:?} for {:?}", rule.shape));
            assert!(said.starts_with("Thing ") && said.contains("must be "), "{said}");
        }
    }
    assert_eq!(
        integer.read("0").unwrap_err(),
        "Thing cannot be \u{201c}0\u{201d}: it must be a whole number from 1 to 100, in ms"
    );
    assert!(choice.read("c").unwrap_err().ends_with("it must be a or b"));
}

#[test]
fn a_value_of_another_type_is_refused_unless_it_is_a_text_that_reads_as_one() {
    let integer = rule("integer", "range = [1, 100]\ndefault = 5");
    let word = |text: &str| SettingValue::Word(text.to_owned());
    assert_eq!(integer.take(&word("7")), Ok(SettingValue::Integer(7)));
    assert!(integer.take(&word("seven")).is_err());
    assert!(integer.take(&SettingValue::Number(7.0)).is_err());
    assert!(integer.take(&SettingValue::Switch(true)).is_err());
    let number = rule("number", "range = [0, 10]\ndefault = 5");
    assert_eq!(number.take(&SettingValue::Integer(7)), Ok(SettingValue::Number(7.0)));
    assert!(number.take(&SettingValue::Number(f64::NAN)).is_err());
    let text = rule("text", "default = ''");
    assert!(text.take(&SettingValue::Integer(7)).is_err());
}

#[test]
fn a_rule_that_makes_no_sense_is_refused_with_its_line() {
    let base = "name = 'x'\ntitle = 'T'\nhelp = 'h'\n";
    let table = [
        ("type = 'integer'\ndefault = 1\n", "needs range"),
        ("type = 'integer'\nrange = [2, 1]\ndefault = 1\n", "the lesser first"),
        ("type = 'integer'\nrange = [0.5, 1]\ndefault = 1\n", "whole numbers"),
        ("type = 'integer'\nrange = [2, 3]\ndefault = 1\n", "default: T cannot be"),
        ("type = 'number'\nrange = [nan, 3]\ndefault = 1\n", "the lesser first"),
        ("type = 'choice'\ndefault = 'a'\n", "a choice has choices"),
        (
            "type = 'choice'\nchoices = [{value='a',title='A'},{value='a',title='B'}]\ndefault = 'a'\n",
            "twice",
        ),
        ("type = 'choice'\nchoices = [{value='a',title='A'}]\ndefault = 'b'\n", "default"),
        ("type = 'switch'\nrange = [0, 1]\ndefault = true\n", "only an integer or a number"),
        ("type = 'switch'\ndefault = 'maybe'\n", "default"),
        ("type = 'text'\nhex = true\ndefault = ''\n", "only an integer is written as hex"),
        ("type = 'lamp'\ndefault = ''\n", "unknown variant `lamp`"),
        ("type = 'text'\n", "missing field `default`"),
        ("type = 'text'\ndefault = ''\nextra = 1\n", "unknown field `extra`"),
    ];
    for (more, said) in table {
        let error = rules(&format!("\n[[setting]]\n{base}{more}")).expect_err(more);
        assert!(error.contains(said), "{more}: {error}");
        assert!(error.contains("line "), "{more}: {error}");
    }
    let bad = "[[setting]]\nname = 'Big Name'\ntitle = 'T'\nhelp = 'h'\ntype = 'switch'\ndefault = true\n";
    assert!(rules(bad).unwrap_err().contains("small letters"));
    let said = rules(&bad.replace("Big Name", "base")).unwrap_err();
    assert!(said.contains("every component has that already"), "{said}");
}

#[test]
fn what_is_not_set_has_its_default_and_what_is_not_known_is_refused() {
    let rules = [
        rule("integer", "range = [1, 100]\ndefault = 5"),
        SettingRule { name: "on".to_owned(), ..rule("switch", "default = true") },
    ];
    let values = |pairs: &[(&str, SettingValue)]| {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        SettingValues::of(&pairs.collect())
    };
    let all = values(&[("x", SettingValue::Integer(9))]).complete(&rules).unwrap();
    assert_eq!((all.integer("x"), all.is_on("on")), (Some(9), true));
    assert_eq!((all.word("x"), all.number("x"), all.integer("on")), (None, Some(9.0), None));
    let (name, why) = values(&[("y", SettingValue::Integer(9))]).complete(&rules).unwrap_err();
    assert_eq!((name.as_str(), why.as_str()), ("y", "there is no setting y; there is x, on"));
    let (name, _) = values(&[("x", SettingValue::Integer(0))]).complete(&rules).unwrap_err();
    assert_eq!(name, "x");
}

#[test]
fn a_rule_reads_back_as_it_was_written() {
    let rules = [
        rule("integer", "range = [0, 0x7FF]\ndefault = 0x600\nhex = true\nunit = 'id'"),
        rule("number", "range = [-1.5, 2]\ndefault = 0"),
        rule("choice", "choices = [{ value = 'a', title = 'A' }]\ndefault = 'a'"),
        rule("switch", "default = false"),
    ];
    for rule in rules {
        let text = toml::to_string(&rule).unwrap();
        assert_eq!(toml::from_str::<SettingRule>(&text).unwrap(), rule, "{text}");
    }
}
