//! A schema that is being edited: what was done can be undone and done again. Knows whether there is
//! anything that was not saved, and no file.

use std::collections::VecDeque;
use std::mem::discriminant;

use super::{Edit, EditError, MessageField, SignalField, apply};
use crate::engine::dbc::parse::{Form, Parsed};
use crate::engine::dbc::schema::Schema;
use crate::engine::dbc::write::{WriteError, Written, write};

/// Most steps that can be undone.
pub const MOST_STEPS: usize = 1_000;

/// How a change comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Whole: one step to undo.
    Step,
    /// Letter by letter: one step to undo together with the letters before it.
    Typed,
}

/// A step that can be undone or done again.
#[derive(Clone, Debug)]
struct Step {
    edit: Edit,
    /// The state that it leads to.
    leads_to: u64,
}

/// A schema that is being edited.
#[derive(Clone, Debug, Default)]
pub struct Editor {
    schema: Schema,
    form: Form,
    undo: VecDeque<Step>,
    redo: Vec<Step>,
    state: u64,
    states: u64,
    saved: u64,
    /// Whether letters may join the last step.
    open: bool,
}

impl Editor {
    /// Begins with what was read from a file.
    #[must_use]
    pub fn new(parsed: Parsed) -> Self {
        Self { schema: parsed.schema, form: parsed.form, ..Self::default() }
    }

    /// The same with something that is in no file yet.
    #[must_use]
    pub fn unsaved(parsed: Parsed) -> Self {
        Self { saved: u64::MAX, ..Self::new(parsed) }
    }

    /// The schema as it is now.
    #[must_use]
    pub const fn schema(&self) -> &Schema {
        &self.schema
    }

    /// How its file is written.
    #[must_use]
    pub const fn form(&self) -> Form {
        self.form
    }

    /// Chooses how its file is written.
    pub fn set_form(&mut self, form: Form) {
        if form != self.form {
            self.form = form;
            self.saved = u64::MAX;
        }
    }

    /// A number that is another one after every change, and the same again after undoing it.
    #[must_use]
    pub const fn state(&self) -> u64 {
        self.state
    }

    /// Does a change.
    ///
    /// # Errors
    /// It is about nothing that is there; nothing was changed.
    pub fn perform(&mut self, edit: Edit, pace: Pace) -> Result<(), EditError> {
        let joins = pace == Pace::Typed
            && self.open
            && self.undo.back().is_some_and(|step| same_place(&step.edit, &edit));
        let inverse = apply(&mut self.schema, edit)?;
        if !joins {
            self.undo.push_back(Step { edit: inverse, leads_to: self.state });
            if self.undo.len() > MOST_STEPS {
                self.undo.pop_front();
            }
        }
        self.redo.clear();
        self.states += 1;
        self.state = self.states;
        self.open = pace == Pace::Typed;
        Ok(())
    }

    /// Ends the step that letters join: the field was left.
    pub const fn settle(&mut self) {
        self.open = false;
    }

    /// Takes the step back that letters would join, as if none of them had been typed.
    pub fn take_back(&mut self) {
        if std::mem::take(&mut self.open)
            && let Some(step) = self.undo.pop_back()
        {
            self.step(step);
        }
    }

    /// Whether there is something to undo.
    #[must_use]
    pub fn can_undo(&self) -> bool {
        !self.undo.is_empty()
    }

    /// Whether there is something to do again.
    #[must_use]
    pub const fn can_redo(&self) -> bool {
        !self.redo.is_empty()
    }

    /// Undoes the last step. Returns whether there was one.
    pub fn undo(&mut self) -> bool {
        let Some(step) = self.undo.pop_back() else { return false };
        let Some(step) = self.step(step) else { return false };
        self.redo.push(step);
        true
    }

    /// Does the step again that was undone last. Returns whether there was one.
    pub fn redo(&mut self) -> bool {
        let Some(step) = self.redo.pop() else { return false };
        let Some(step) = self.step(step) else { return false };
        self.undo.push_back(step);
        true
    }

    fn step(&mut self, step: Step) -> Option<Step> {
        self.open = false;
        let edit = apply(&mut self.schema, step.edit).ok()?;
        let leads_to = std::mem::replace(&mut self.state, step.leads_to);
        Some(Step { edit, leads_to })
    }

    /// Whether it is not as it was saved.
    #[must_use]
    pub const fn is_changed(&self) -> bool {
        self.state != self.saved
    }

    /// What is on the disk is what is here.
    pub const fn saved(&mut self) {
        self.saved = self.state;
        self.open = false;
    }

    /// Its file.
    ///
    /// # Errors
    /// The encoding of the file lacks a character.
    pub fn write(&self) -> Result<Written, WriteError> {
        write(&self.schema, self.form)
    }
}

/// Whether both change the same thing about the same message or signal.
fn same_place(a: &Edit, b: &Edit) -> bool {
    let of = |edit: &Edit| match edit {
        Edit::Message { at, to } => Some((*at, None, Some(discriminant::<MessageField>(to)), None)),
        Edit::Signal { message, at, to } => {
            Some((*message, Some(*at), None, Some(discriminant::<SignalField>(to))))
        }
        Edit::AddMessage { .. }
        | Edit::RemoveMessage { .. }
        | Edit::AddSignal { .. }
        | Edit::RemoveSignal { .. }
        | Edit::Nodes(_)
        | Edit::Definitions(_)
        | Edit::Several(_) => None,
    };
    // A change that entails others is the same when all of them are, the last of them first.
    match (a, b) {
        (Edit::Several(a), Edit::Several(b)) => {
            a.len() == b.len() && a.iter().rev().zip(b).all(|(a, b)| same_place(a, b))
        }
        (a, b) => of(a).is_some() && of(a) == of(b),
    }
}
