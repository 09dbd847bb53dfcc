//! `BA_DEF_`, `BA_DEF_DEF_`, `BA_` and their relatives: attributes are kept, whatever they mean.

use super::draft::What;
use super::{Reader, Refused};
use crate::engine::dbc::schema::{AttributeKind, AttributeValue, Definition, Target};

impl Reader<'_> {
    /// `BA_DEF_ BO_ "GenMsgCycleTime" INT 0 1000;`
    pub(super) fn definition(&mut self, line: u32) -> Result<(), Refused> {
        let mut target = Target::Database;
        let mut relates = String::new();
        while let Some(word) = self.cursor.word() {
            target = match word {
                "BU_" => Target::Node,
                "BO_" => Target::Message,
                "SG_" => Target::Signal,
                "EV_" => Target::Variable,
                other => {
                    other.clone_into(&mut relates);
                    Target::Relation
                }
            };
        }
        let name = self.cursor.string().ok_or("has no name in quotes")?;
        self.mended(&name, line);
        let word = self.cursor.word_anywhere().ok_or("has no type")?.to_owned();
        let kind = match word.as_str() {
            "STRING" => AttributeKind::Text,
            "ENUM" => AttributeKind::Choice(self.choices(line)),
            _ => AttributeKind::Number(word),
        };
        // No tool holds to the ranges of numbers: they are kept as they are written.
        let (range, ended) = self.cursor.past_semicolon();
        if !ended {
            self.report.warn(line, "BA_DEF_ does not end with ';'; read as if it did");
        }
        let (name, range, default) = (name.text, range.to_owned(), None);
        self.draft.definitions.push(Definition { name, target, relates, kind, range, default });
        Ok(())
    }

    fn choices(&mut self, line: u32) -> Vec<String> {
        let mut choices = Vec::new();
        while self.cursor.peek_anywhere() == Some(b'"') {
            let Some(choice) = self.cursor.string() else { break };
            self.mended(&choice, line);
            choices.push(choice.text);
            self.cursor.eat_anywhere(b',');
        }
        choices
    }

    /// `BA_DEF_DEF_ "GenMsgCycleTime" 100;`
    pub(super) fn default_value(&mut self, line: u32) -> Result<(), Refused> {
        let name = self.cursor.string().ok_or("has no name in quotes")?;
        let value = self.value(line)?;
        self.draft.defaults.push((line, name.text, value));
        self.end("BA_DEF_DEF_", line);
        Ok(())
    }

    /// `BA_ "GenMsgCycleTime" BO_ 1536 100;`
    pub(super) fn attribute(&mut self, line: u32) -> Result<(), Refused> {
        let name = self.cursor.string().ok_or("has no name in quotes")?;
        let about = self.about()?;
        let value = self.value(line)?;
        self.say(line, about, What::Attribute(name.text, value));
        self.end("BA_", line);
        Ok(())
    }

    /// `BA_REL_ "Name" BU_SG_REL_ Node SG_ 1536 Signal 5;`
    pub(super) fn relation(&mut self, line: u32) -> Result<(), Refused> {
        let (text, ended) = self.cursor.past_semicolon();
        self.draft.relations.push(text.to_owned());
        if !ended {
            self.report.warn(line, "BA_REL_ does not end with ';'; read as if it did");
        }
        Ok(())
    }

    fn value(&mut self, line: u32) -> Result<AttributeValue, Refused> {
        if self.cursor.peek_anywhere() == Some(b'"') {
            let quoted = self.cursor.string_before_end().ok_or("has no value")?;
            self.mended(&quoted, line);
            return Ok(AttributeValue::Text(quoted.text));
        }
        match self.cursor.number() {
            (Some(number), _) => Ok(AttributeValue::Number(number)),
            (None, "") => Err("has no value".to_owned()),
            (None, word) => Ok(AttributeValue::Text(word.to_owned())),
        }
    }
}
