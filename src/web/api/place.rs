//! Where in a JSON text something is: from the line and column of a parser's complaint to the name
//! of the field. Knows nothing of what the fields mean.

/// The field at `line` and `column` (both from 1) of the well-formed JSON object `text`, such as
/// `web.listen` or `permissions[1]`; `None` where that is no field.
#[must_use]
pub fn field_at(text: &str, line: usize, column: usize) -> Option<String> {
    let before = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let end = usize::saturating_add(before, column).min(text.len());
    let read = text.as_bytes().get(..end)?;
    path(read)
}

/// One level of nesting on the way.
enum Step {
    Object { key: Option<String> },
    Array { index: usize },
}

fn path(read: &[u8]) -> Option<String> {
    let mut steps: Vec<Step> = Vec::new();
    let mut string: Option<Vec<u8>> = None;
    let mut escaped = false;
    let mut last = String::new();
    for (at, &byte) in read.iter().enumerate() {
        if let Some(mut chars) = string.take() {
            if escaped || byte != b'"' {
                escaped = !escaped && byte == b'\\';
                chars.push(byte);
                string = Some(chars);
            } else {
                last = String::from_utf8_lossy(&chars).into_owned();
            }
            continue;
        }
        match byte {
            b'"' => string = Some(Vec::new()),
            // A complaint about a list or an object as a whole comes at its first bracket or right
            // behind its last.
            b'{' | b'[' if at + 1 == read.len() => {}
            b'{' => steps.push(Step::Object { key: None }),
            b'[' => steps.push(Step::Array { index: 0 }),
            b':' => {
                if let Some(Step::Object { key }) = steps.last_mut() {
                    *key = Some(std::mem::take(&mut last));
                }
            }
            b',' => match steps.last_mut() {
                Some(Step::Object { key }) => *key = None,
                Some(Step::Array { index }) => *index += 1,
                None => {}
            },
            b'}' | b']' if at + 1 < read.len() => drop(steps.pop()),
            _ => {}
        }
    }
    let mut words = String::new();
    for step in &steps {
        match step {
            Step::Object { key: Some(key) } if words.is_empty() => words.push_str(key),
            Step::Object { key: Some(key) } => {
                words.push('.');
                words.push_str(key);
            }
            Step::Object { key: None } => {}
            Step::Array { index } => words.push_str(&format!("[{index}]")),
        }
    }
    (!words.is_empty()).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint<T: serde::de::DeserializeOwned + std::fmt::Debug>(text: &str) -> Option<String> {
        let error = serde_json::from_str::<T>(text).unwrap_err();
        field_at(text, error.line(), error.column())
    }

    #[derive(Debug, serde::Deserialize)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Inner {
        switch: bool,
        words: Vec<u8>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Outer {
        name: String,
        inner: Inner,
    }

    #[test]
    fn a_complaint_about_a_value_leads_to_its_field() {
        assert_eq!(complaint::<Outer>("{\"name\": 5}").as_deref(), Some("name"));
        let nested = "{\"name\": \"a\",\n \"inner\": {\"words\": [1],\n  \"switch\": \"on\"}}";
        assert_eq!(complaint::<Outer>(nested).as_deref(), Some("inner.switch"));
        let list = "{\"inner\": {\"words\": [1, 2, \"}\"]}}";
        assert_eq!(complaint::<Outer>(list).as_deref(), Some("inner.words[2]"));
    }

    #[test]
    fn quotes_inside_strings_do_not_lead_astray() {
        let text = "{\"na\\\"me\": \"{\\\"x\\\":\", \"name\": true}";
        assert_eq!(complaint::<Outer>(text).as_deref(), Some("name"));
        assert_eq!(field_at("{}", 1, 2), None);
        assert_eq!(field_at("", 9, 9), None);
    }
}
