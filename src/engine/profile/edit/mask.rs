//! Puts numbers in the place of `${NAME}` and back again, so that a text with variables in it can be
//! taken apart as TOML wherever they stand. Knows nothing of what they stand for.

use std::ops::Range;

use crate::engine::profile::expand::variables;

/// What numbers begin with, tried in turn until one is nowhere in the text.
const STEMS: [&str; 4] = ["7700", "8311", "9107", "6871"];
/// Digits behind it.
const DIGITS: usize = 8;

/// A text without variables, and what stood in their places.
#[derive(Debug)]
pub struct Masked {
    /// The text with a number for each variable.
    pub text: String,
    stem: &'static str,
    variables: Vec<String>,
}

impl Masked {
    /// `None` where every stem is in the text already: that is no profile.
    pub fn new(text: &str) -> Option<Self> {
        let places: Vec<Range<usize>> = variables(text);
        let stem = STEMS.into_iter().find(|stem| !text.contains(stem))?;
        let (mut masked, mut variables) = (String::with_capacity(text.len()), Vec::new());
        let mut behind = 0;
        for (number, place) in places.into_iter().enumerate() {
            masked.push_str(text.get(behind..place.start)?);
            masked.push_str(&format!("{stem}{number:0DIGITS$}"));
            variables.push(text.get(place.clone())?.to_owned());
            behind = place.end;
        }
        masked.push_str(text.get(behind..)?);
        Some(Self { text: masked, stem, variables })
    }

    /// An edited text with the variables in their places again.
    pub fn uncover(&self, edited: &str) -> String {
        let mut out = String::with_capacity(edited.len());
        let mut pieces = edited.split(self.stem);
        out.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            let number = piece.get(..DIGITS).and_then(|digits| digits.parse::<usize>().ok());
            match number.and_then(|number| self.variables.get(number)) {
                Some(variable) => {
                    out.push_str(variable);
                    out.push_str(piece.get(DIGITS..).unwrap_or_default());
                }
                None => {
                    out.push_str(self.stem);
                    out.push_str(piece);
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_masked_comes_back_letter_for_letter() {
        for text in [
            "base = ${BASE:-0x600} # ${NOT}\nname = \"${A}${B:-x}\" # 5$$\n",
            "a = '${A'\nb = \"$$ ${B}\"\n",
            "no variables, 7700 and 8311\n",
            "",
        ] {
            let masked = Masked::new(text).unwrap();
            assert!(!masked.text.replace("${NOT}", "").contains("${B"), "{}", masked.text);
            assert_eq!(masked.uncover(&masked.text), text);
        }
        assert!(Masked::new(&STEMS.concat()).is_none());
    }
}
