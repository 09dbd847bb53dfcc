//! The list of problems, with a bound.

use crate::base::problem::{Problem, Severity};

/// Most problems that are listed one by one.
pub(super) const LIMIT: usize = 10_000;

/// Problems as they are found.
#[derive(Debug, Default)]
pub(super) struct Report {
    problems: Vec<Problem>,
    beyond: u64,
}

impl Report {
    /// Worth knowing, nothing lost.
    pub fn note(&mut self, line: u32, text: impl Into<String>) {
        self.push(line, Severity::Note, text);
    }

    /// Something was corrected or guessed.
    pub fn warn(&mut self, line: u32, text: impl Into<String>) {
        self.push(line, Severity::Warning, text);
    }

    /// Something was left out.
    pub fn lost(&mut self, line: u32, text: impl Into<String>) {
        self.push(line, Severity::Error, text);
    }

    fn push(&mut self, line: u32, severity: Severity, text: impl Into<String>) {
        if self.problems.len() < LIMIT {
            self.problems.push(Problem { line, severity, text: text.into() });
        } else {
            self.beyond += 1;
        }
    }

    /// All of them in the order of the file; what is beyond the bound as a count.
    pub fn finish(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|p| p.line);
        if self.beyond > 0 {
            let text = format!("{} more problems are not listed", self.beyond);
            self.problems.push(Problem { line: 0, severity: Severity::Note, text });
        }
        self.problems
    }
}
