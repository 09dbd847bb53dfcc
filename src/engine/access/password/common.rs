//! Passwords that anybody would try first: a list of long ones, and rules for those that are made of
//! nothing but usual words, years, runs and repetitions. Everything here is given folded to lower
//! case.

use std::collections::HashSet;
use std::sync::LazyLock;

/// One a line; `#` begins a remark.
const LIST: &str = include_str!("../../../../assets/common-passwords.txt");

static LISTED: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    LIST.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
});

/// Words that are tried first, alone, doubled and with numbers; longer ones before those they hold.
const WORDS: [&str; 74] = [
    "administrator",
    "administrador",
    "motdepasse",
    "contrasena",
    "september",
    "wednesday",
    "superuser",
    "iloveyou",
    "password",
    "passwort",
    "passwurd",
    "kennwort",
    "wachtwoord",
    "starwars",
    "superman",
    "football",
    "baseball",
    "princess",
    "sunshine",
    "whatever",
    "changeme",
    "december",
    "november",
    "february",
    "thursday",
    "saturday",
    "trustno",
    "letmein",
    "welcome",
    "default",
    "batteries",
    "battery",
    "charger",
    "vehicle",
    "chocolate",
    "computer",
    "internet",
    "qwerty",
    "qwertz",
    "azerty",
    "monkey",
    "dragon",
    "shadow",
    "master",
    "secret",
    "summer",
    "winter",
    "spring",
    "autumn",
    "august",
    "october",
    "january",
    "tuesday",
    "monday",
    "friday",
    "sunday",
    "batman",
    "hello",
    "admin",
    "login",
    "guest",
    "user",
    "root",
    "test",
    "temp",
    "april",
    "march",
    "july",
    "june",
    "fall",
    "busbar",
    "please",
    "forever",
    "pass",
];
/// Rows of keyboards, whose keys are tried one after the other.
const ROWS: [&str; 5] = ["qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "azertyuiop"];
/// Shortest run of characters that counts as one thing.
const RUN: usize = 3;
/// Longest piece whose repetition is no password.
const UNIT: usize = 8;
/// A password must have so many characters beside all that is usual.
const BESIDE: usize = 5;
/// And so many different ones.
const DIFFERENT: usize = 5;
/// Stands where something usual was taken out.
const GAP: char = '\0';

/// Whether `password` is one of the first that anybody would try.
pub fn is_common(password: &str) -> bool {
    LISTED.contains(password)
        || is_repetition(password)
        || password.chars().collect::<HashSet<_>>().len() < DIFFERENT
        || left_over(password) < BESIDE
}

/// Whether it is a short piece over and over.
fn is_repetition(password: &str) -> bool {
    let chars: Vec<char> = password.chars().collect();
    (1..=UNIT.min(chars.len() / 2))
        .any(|unit| chars.iter().zip(chars.iter().skip(unit)).all(|(one, next)| one == next))
}

/// How many letters and digits are left without what is usual.
fn left_over(password: &str) -> usize {
    let without_runs = without_years(&without_runs(password));
    // First as it is: what stands for a letter in one word is a plain digit in another.
    [without_runs.clone(), plain_letters(&without_runs)]
        .iter()
        .map(|text| without_words(text).chars().filter(|c| c.is_alphanumeric()).count())
        .min()
        .unwrap_or(0)
}

fn without_words(text: &str) -> String {
    WORDS.iter().fold(text.to_owned(), |text, word| text.replace(word, "\0"))
}

/// Takes out runs: the same character, neighbours in the alphabet, among the digits or on the
/// keyboard, upwards or downwards.
fn without_runs(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut left = String::new();
    let mut rest = chars.as_slice();
    while let Some((first, others)) = rest.split_first() {
        let run = STEPS.iter().map(|step| run_length(rest, *step)).max().unwrap_or(1);
        if run >= RUN {
            left.push(GAP);
            rest = rest.get(run..).unwrap_or_default();
        } else {
            left.push(*first);
            rest = others;
        }
    }
    left
}

type Step = fn(char, char) -> bool;

const STEPS: [Step; 5] = [
    |a, b| a == b,
    |a, b| a.is_alphanumeric() && (u32::from(a) + 1 == u32::from(b) || (a, b) == ('9', '0')),
    |a, b| b.is_alphanumeric() && (u32::from(b) + 1 == u32::from(a) || (a, b) == ('0', '9')),
    |a, b| ROWS.iter().any(|row| follows(row, a, b)),
    |a, b| ROWS.iter().any(|row| follows(row, b, a)),
];

fn follows(row: &str, a: char, b: char) -> bool {
    row.chars().zip(row.chars().skip(1)).any(|pair| pair == (a, b))
}

/// How many characters from the first one on each follow the one before by `step`.
fn run_length(chars: &[char], step: Step) -> usize {
    let pairs = chars.iter().zip(chars.iter().skip(1));
    1 + pairs.take_while(|(a, b)| step(**a, **b)).count()
}

/// Takes out the years that people live in.
fn without_years(text: &str) -> String {
    (1940..2060).fold(text.to_owned(), |text, year: u32| text.replace(&year.to_string(), "\0"))
}

/// Writes letters where signs that look like them stand.
fn plain_letters(text: &str) -> String {
    let plain = |c| match c {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    };
    text.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_long_folded_and_holds_only_what_is_long_enough() {
        assert!(LISTED.len() >= 300, "{} lines", LISTED.len());
        for line in LISTED.iter() {
            assert_eq!(*line, line.to_lowercase());
            assert!(line.chars().count() >= 12, "{line} is refused for its length already");
        }
    }

    #[test]
    fn what_is_tried_first_is_refused() {
        let first = [
            "123456789012",
            "098765432109",
            "aaaaaaaaaaaa",
            "abababababab",
            "abcdefghijkl",
            "qwertyuiop12",
            "asdfghjkl;12",
            "passwordpassword",
            "password1234",
            "p@ssw0rd2024",
            "p4$$w0rd!!!!",
            "summer2026!!",
            "administrator",
            "letmeinplease",
            "welcome12345",
            "adminadmin12",
            "1qaz2wsx3edc",
            "qwertyqwerty",
            "correcthorsebatterystaple",
            "busbarbusbar",
            "changeme!2025",
            "monkeymonkey",
            "iloveyouforever",
            "1q2w3e4r5t6y",
            "zaq12wsxcde3",
            "secret secret",
            "111222333444",
            "abc123abc123",
        ];
        for password in first {
            assert!(is_common(password), "{password} would be taken");
        }
    }

    #[test]
    fn what_is_left_over_after_a_usual_word_can_be_enough() {
        let good = [
            "tin of beans",
            "correct horse battery",
            "my password is blue cheese",
            "kx7#pqvn2dml",
            "winter in trondheim",
            "9fje2k0wq1zs",
            "drei chinesen mit",
            "пароль длинный",
        ];
        for password in good {
            assert!(!is_common(password), "{password} would be refused");
        }
    }
}
