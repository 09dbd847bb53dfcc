//! Takes out of a text what nobody should read in a log: passwords, tokens, links that let in, names and
//! passwords in addresses, e-mail addresses. A net below the rule that secrets have no text at all; it
//! would rather take too much.

/// Stands where something was taken out.
pub const GONE: &str = "[removed]";

/// Words after which a secret stands.
const KEYS: [&str; 9] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "api_key",
    "apikey",
    "authorization",
    "cookie",
];
/// Paths whose next part lets in.
const LINKS: [&str; 3] = ["/invitation/", "/set-up/", "/reset/"];
/// From so many letters on, a word of letters and digits without a space may be a token.
const TOKEN: usize = 40;
/// Longest text that is looked at; the rest is cut.
pub const LONGEST: usize = 8 * 1024;

/// The text without them.
#[must_use]
pub fn scrub(text: &str) -> String {
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let cut = text.get(..end).unwrap_or_default();
    let mut clean = String::with_capacity(cut.len());
    // A value that stands after a word such as "password" goes whole.
    let mut after_key = After::Nothing;
    for word in words(cut) {
        if word.trim().is_empty() {
            clean.push_str(word);
            continue;
        }
        let (kept, next) = one(word, after_key);
        clean.push_str(&kept);
        after_key = next;
    }
    if end < text.len() {
        clean.push('\u{2026}');
    }
    clean
}

/// What the next word is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    /// Anything.
    Nothing,
    /// A sign such as "=", and then a secret; or neither.
    Sign,
    /// A secret.
    Key,
}

/// Words and the spaces between them, one after the other.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let same = |c: char| c.is_whitespace() == first.is_whitespace();
        let end = rest.find(|c: char| !same(c)).unwrap_or(rest.len());
        let (word, left) = rest.split_at(end);
        rest = left;
        Some(word)
    })
}

fn one(word: &str, after: After) -> (String, After) {
    let lower = word.to_ascii_lowercase();
    if after == After::Sign && word.starts_with(['=', ':']) {
        let value = word.trim_start_matches(['=', ':']);
        if value.is_empty() {
            return (word.to_owned(), After::Key);
        }
        let sign = word.get(..word.len() - value.len()).unwrap_or_default();
        return (format!("{sign}{GONE}"), After::Nothing);
    }
    if after == After::Key {
        // "Authorization: Bearer abc": the scheme is no secret, what follows is.
        let is_scheme = ["bearer", "basic"].contains(&lower.trim_matches(['"', '\'']));
        let kept = if is_scheme { word.to_owned() } else { GONE.to_owned() };
        return (kept, if is_scheme { After::Key } else { After::Nothing });
    }
    if lower.trim_matches(['"', '\'']) == "bearer" {
        return (word.to_owned(), After::Key);
    }
    if let Some(end) = first_value(&lower) {
        let head = word.get(..end).unwrap_or_default();
        let value = word.get(end..).unwrap_or_default().trim_matches(['"', '\'']);
        if value.is_empty() {
            return (head.to_owned(), After::Key);
        }
        return (format!("{head}{GONE}"), After::Nothing);
    }
    let bare = lower.trim_end_matches(['"', '\'']);
    let is_key = KEYS.iter().any(|key| bare.ends_with(key));
    let next = if is_key { After::Sign } else { After::Nothing };
    (without_tokens(&without_links(&without_people(word))), next)
}

/// Where in a word the value of its first key begins. All occurrences of all keys count: of
/// "token_type=x&token=y" the second, of "token=y,password=z" the first.
fn first_value(lower: &str) -> Option<usize> {
    let values = KEYS.iter().flat_map(|key| {
        lower.match_indices(key).filter_map(|(at, key)| {
            let rest = lower.get(at + key.len()..)?;
            let sign = rest.find(['=', ':'])?;
            // "tokens: 3" and "password_chars=12" say nothing; "password" and what stands for it do.
            let between = rest.get(..sign)?;
            let is_key = between.chars().all(|c| "\"'] ".contains(c));
            is_key.then_some(at + key.len() + sign + 1)
        })
    });
    values.min()
}

/// Without the part of a path that lets in.
fn without_links(word: &str) -> String {
    for link in LINKS {
        if let Some(at) = word.find(link) {
            let head = word.get(..at + link.len()).unwrap_or_default();
            return format!("{head}{GONE}");
        }
    }
    word.to_owned()
}

/// Without e-mail addresses and what stands before the host of an address.
fn without_people(word: &str) -> String {
    let Some(at) = word.rfind('@') else { return word.to_owned() };
    match word.find("://") {
        Some(scheme) if scheme < at => {
            let (head, tail) = (word.get(..scheme + 3), word.get(at..));
            format!("{}{GONE}{}", head.unwrap_or_default(), tail.unwrap_or_default())
        }
        Some(_) | None => {
            let is_part = |c: char| c.is_alphanumeric() || "._%+-@".contains(c);
            let before = word.get(..at).unwrap_or_default();
            let start = before.rfind(|c: char| !is_part(c)).map_or(0, |at| {
                at + before.get(at..).and_then(|c| c.chars().next()).map_or(1, char::len_utf8)
            });
            let after = word.get(at..).unwrap_or_default();
            let end = after.find(|c: char| !is_part(c)).map_or(word.len(), |end| at + end);
            let (head, tail) = (word.get(..start), word.get(end..));
            format!("{}[address]{}", head.unwrap_or_default(), tail.unwrap_or_default())
        }
    }
}

/// Without what is as long and as even as a token. A hash, which is made of sixteen letters only, stays.
fn without_tokens(word: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_-+/=".contains(c);
    let mut clean = String::with_capacity(word.len());
    let mut rest = word;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
        let (run, left) = rest.split_at(end);
        let is_hash = run.chars().all(|c| c.is_ascii_hexdigit());
        let has_path = run.contains('/') && !run.contains('=');
        let parts_are_short = has_path && run.split('/').all(|part| part.len() < TOKEN);
        let is_token = run.len() >= TOKEN && !is_hash && !parts_are_short;
        clean.push_str(if is_token { GONE } else { run });
        let step = left.chars().next().map_or(0, char::len_utf8);
        let (sign, after) = left.split_at(step);
        clean.push_str(sign);
        rest = after;
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN_TEXT: &str = "k3jF0-PqZ_8rTn2VwXyLmA5sBdCeGhIoUu7J9KlQabc";

    #[test]
    fn what_lets_in_is_taken_out_wherever_it_stands() {
        for said in [
            format!("token {TOKEN_TEXT} was refused"),
            format!("GET https://rack:1/invitation/{TOKEN_TEXT}?x=1"),
            "GET /set-up/abc".to_owned(),
            format!("Authorization: Bearer {TOKEN_TEXT}"),
            "authorization: basic YWRhOmh1bnRlcjI=".to_owned(),
            "password=hunter2, user=ada".to_owned(),
            "token_type=x&token=hunter2".to_owned(),
            "password_chars=12,password=hunter2".to_owned(),
            "token=hunter2,password=x".to_owned(),
            "token=a&token=hunter2".to_owned(),
            "password = hunter2".to_owned(),
            "token =hunter2 and password : \"hunter2\"".to_owned(),
            "{\"password\":\"hunter2\"}".to_owned(),
            "{ \"smtp_password\": \"hunter2\" }".to_owned(),
            "mqtt://ada:hunter2@broker:1883/x".to_owned(),
            format!("cookie: busbar={TOKEN_TEXT}"),
        ] {
            let clean = scrub(&said);
            for secret in [TOKEN_TEXT, "hunter2", "YWRhOmh1bnRlcjI", "/set-up/abc"] {
                assert!(!clean.contains(secret), "{said} became {clean}");
            }
        }
        assert_eq!(scrub("sent to zoe.b@example.org, done"), "sent to [address], done");
    }

    #[test]
    fn what_is_worth_reading_stays() {
        let hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        for said in [
            "the web listener is open now=https://192.0.2.1:18080",
            "a connection ended error=connection reset by peer",
            "/home/ada/.local/share/busbar/recordings/2026-11-22T14-00-00-can0-first.log is full",
            "the password is old and the token was revoked",
            "3 tokens, password_chars=12, sessions: 4",
            &format!("the last hash is {hash}"),
            "",
            "  two  spaces\tand a tab\n",
        ] {
            assert_eq!(scrub(said), said);
        }
    }

    #[test]
    fn any_text_is_taken_and_a_long_one_is_cut() {
        for odd in ["@", "://@", "password:", "=\u{fc}@\u{fc}", "\u{1f600}@\u{1f600}:p=", "a@b@c"] {
            drop(scrub(odd));
        }
        let long = "\u{fc} ".repeat(LONGEST);
        let clean = scrub(&long);
        assert!(clean.len() <= LONGEST + 3 && clean.ends_with('\u{2026}'));
    }
}
