//! A source file as the rules look at it: its text, and its code with comments and the insides of
//! strings blanked out.

use std::fs;
use std::path::{Path, PathBuf};

/// One file.
pub struct Source {
    /// From the root of the package, with forward slashes.
    pub path: String,
    /// As it is.
    pub text: String,
    /// The same without comments and without what is inside strings; line breaks are kept.
    pub code: String,
    /// Compiled for tests only, as the file that declares it says.
    declared_test: bool,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            code: code_of(text),
            declared_test: false,
        }
    }

    pub fn read(root: &Path, file: &Path) -> Self {
        let text = fs::read_to_string(file).unwrap();
        let path = file.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
        let name = file.file_stem().unwrap().to_str().unwrap();
        let above = file.parent().unwrap();
        let parents = [above.join("mod.rs"), above.with_extension("rs"), above.join("lib.rs")];
        let said = format!("#[cfg(test)]\nmod {name};");
        let declares = |file: &PathBuf| {
            fs::read_to_string(file)
                .is_ok_and(|text| text.replace("pub(crate) ", "").contains(&said))
        };
        let declared_test = parents.iter().any(declares);
        Self { declared_test, ..Self::new(&path, &text) }
    }

    /// Whether the whole file is test code.
    pub fn is_test(&self) -> bool {
        self.declared_test
            || self.path.starts_with("tests/")
            || self.path.ends_with("/tests.rs")
            || self.path.contains("/tests/")
            || self.path == "src/engine/testing.rs"
    }

    /// The code that is not test code: everything in front of the module of tests that is written out
    /// in it. One in a file of its own may be named anywhere.
    pub fn production(&self) -> &str {
        if self.is_test() {
            return "";
        }
        let modules = self.code.match_indices("#[cfg(test)]\nmod ").map(|(at, _)| at);
        let mut written_out = modules.filter(|at| {
            let names = self.code[*at..].lines().nth(1).unwrap_or_default();
            !names.trim_end().ends_with(';')
        });
        &self.code[..written_out.next().unwrap_or(self.code.len())]
    }

    /// The line, from 1, of a place in the code.
    pub fn line(&self, at: usize) -> usize {
        self.code[..at].matches('\n').count() + 1
    }

    /// The module path of the file: `src/engine/can/mod.rs` is engine, can.
    pub fn module(&self) -> Vec<String> {
        let Some(inside) = self.path.strip_prefix("src/") else { return Vec::new() };
        let inside = inside.trim_end_matches(".rs").trim_end_matches("/mod");
        if inside == "lib" {
            return Vec::new();
        }
        inside.split('/').map(str::to_owned).collect()
    }
}

/// All files below `folder` with this extension, sorted.
pub fn files_below(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .flat_map(|path| match path.is_dir() {
            true if path.ends_with("target") => Vec::new(),
            true => files_below(&path, extension),
            false if path.extension().is_some_and(|known| known == extension) => vec![path],
            false => Vec::new(),
        })
        .collect();
    found.sort();
    found
}

/// Every place where `word` stands as a whole word in `code`.
pub fn words<'c>(code: &'c str, word: &'c str) -> impl Iterator<Item = usize> + 'c {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).map(|(at, _)| at).filter(move |&at| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        let starts = word.starts_with(part);
        let ends = word.ends_with(part);
        !(starts && before.is_some_and(part) || ends && after.is_some_and(part))
    })
}

/// Blanks comments and the insides of strings and characters.
fn code_of(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let end = at + piece(rest, out.last().copied());
        let keeps = end - at == 1;
        for byte in &bytes[at..end] {
            out.push(if keeps || *byte == b'\n' { *byte } else { b' ' });
        }
        at = end;
    }
    // Only whole characters are blanked, or none of their bytes.
    String::from_utf8(out).unwrap()
}

/// The length of what starts here: a comment, a string, a character, or one byte of code.
fn piece(rest: &[u8], before: Option<u8>) -> usize {
    let word = before.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if rest.starts_with(b"//") {
        return rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    }
    if rest.starts_with(b"/*") {
        let end = rest.windows(2).position(|pair| pair == b"*/");
        return end.map_or(rest.len(), |end| end + 2);
    }
    let raw = if rest.starts_with(b"br") { 2 } else { 1 };
    if !word && (rest.starts_with(b"r\"") || rest.starts_with(b"r#") || rest.starts_with(b"br")) {
        let hashes = rest[raw..].iter().take_while(|byte| **byte == b'#').count();
        if rest.get(raw + hashes) == Some(&b'"') {
            let end = [&b"\""[..], &b"#".repeat(hashes)].concat();
            let from = raw + hashes + 1;
            let found = rest[from..].windows(end.len()).position(|piece| piece == end);
            return found.map_or(rest.len(), |found| from + found + end.len());
        }
    }
    if rest[0] == b'"' {
        let mut at = 1;
        while at < rest.len() && rest[at] != b'"' {
            at += if rest[at] == b'\\' { 2 } else { 1 };
        }
        return (at + 1).min(rest.len());
    }
    // A character, not a lifetime.
    if rest[0] == b'\'' {
        let within = &rest[..rest.len().min(12)];
        let from = if rest.get(1) == Some(&b'\\') { 3 } else { 2 };
        let end = within.iter().skip(from).position(|byte| *byte == b'\'').map(|end| end + from);
        let letters = end.and_then(|end| std::str::from_utf8(&rest[1..end]).ok());
        if let (Some(end), Some(letters)) = (end, letters)
            && (letters.starts_with('\\') || letters.chars().count() == 1)
        {
            return end + 1;
        }
    }
    1
}

#[test]
fn comments_and_strings_are_no_code() {
    let code = |text| Source::new("src/a.rs", text).code;
    assert_eq!(code("a // b\nc"), "a     \nc");
    assert_eq!(
        code("a(\"x//\\\"y\", 'b', '\\'', b) /* c\n*/ d"),
        "a(        ,    ,     , b)     \n   d"
    );
    assert_eq!(code("r#\"a\"b\"# c"), "         c");
    assert_eq!(code("f::<'a, 'b>(\"\u{e4}\")"), "f::<'a, 'b>(    )");
    assert_eq!(words("now() know() a.now", "now").count(), 2);
}
