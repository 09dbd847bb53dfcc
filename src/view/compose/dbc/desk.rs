//! The editor of DBC files as a person sees it: what is open, what is chosen, what is being typed. It
//! turns letters into changes of the schema and says what is wrong with them. Knows no files: whoever
//! has them brings their bytes and takes them away.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::fields::{self, Spot};
use super::{layout, problem_lines, tone};
use crate::base::problem::{Problem, Severity};
use crate::engine::dbc_edit::{
    Edit, Editor, Fault, Pace, Place, SignalField, faults, misread, new_message, new_signal,
    unfit_names,
};
use crate::engine::{
    BitOrder, Codec, DbcEncoding, DbcForm, DbcSchema, ParsedDbc, dbc_mark, parse_dbc, signal_bits,
};
use crate::view::dbc::{DeskAsk, DeskProblem, DeskRow, DeskView, EditField, ProblemLine};
use crate::view::offer::Offer;
use crate::view::shown::{Note, Tone};
use crate::view::text;

/// Most faults that are listed; the rest is counted.
const FAULTS: usize = 200;

/// The editor, with a file in it or not.
#[derive(Debug, Default)]
pub struct DbcDesk {
    open: Option<Open>,
}

/// A file in the editor.
#[derive(Debug)]
struct Open {
    editor: Editor,
    name: String,
    file: Option<PathBuf>,
    /// The mark of what is on the disk; none where it is on none.
    mark: Option<String>,
    read: Vec<Problem>,
    message: Option<usize>,
    signal: Option<usize>,
    /// What is typed in a field and is no value yet, and why not.
    draft: Option<(EditField, String, String)>,
    said: Option<(Tone, String)>,
    faults: Vec<Fault>,
    /// Names that no statement can hold, and that were in the file when it was opened.
    unfit: BTreeSet<String>,
}

/// A file on its way to the disk.
#[derive(Clone, Debug)]
pub struct Saving {
    /// What it says.
    pub bytes: Vec<u8>,
    /// The mark of what it is to replace; none where it was read from no file.
    pub expected: Option<String>,
    /// Where it is kept, if it is.
    pub file: Option<PathBuf>,
}

impl DbcDesk {
    /// Whether a file is open.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Whether there is something that was not saved.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.editor.is_changed())
    }

    /// Takes what a file says.
    pub fn open(&mut self, file: &Path, bytes: &[u8]) {
        let parsed = parse_dbc(bytes);
        let read = parsed.problems.clone();
        let name = file.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let mark = Some(dbc_mark(bytes));
        self.put(Editor::new(parsed), name, Some(file.to_owned()));
        if let Some(open) = &mut self.open {
            (open.mark, open.read) = (mark, read);
        }
    }

    /// Begins a new file.
    pub fn begin(&mut self) {
        self.put(Editor::default(), "new.dbc".to_owned(), None);
        self.ask(DeskAsk::AddMessage);
    }

    /// Copies what a bus is read by.
    pub fn copy(&mut self, name: &str, codec: &Codec) {
        let messages = codec.messages().map(|(_, message)| message.clone()).collect();
        let schema = fields::complete(DbcSchema { messages, ..DbcSchema::default() });
        let form = DbcForm::default();
        let editor = Editor::unsaved(ParsedDbc { schema, problems: Vec::new(), form });
        self.put(editor, format!("{}.dbc", name.trim_end_matches(".dbc")), None);
    }

    fn put(&mut self, editor: Editor, name: String, file: Option<PathBuf>) {
        let message = (!editor.schema().messages.is_empty()).then_some(0);
        let faults = faults(editor.schema());
        let unfit = unfit_names(editor.schema()).into_iter().map(str::to_owned).collect();
        let (mark, read, signal, draft, said) = (None, Vec::new(), None, None, None);
        self.open = Some(Open {
            editor,
            name,
            file,
            mark,
            read,
            message,
            signal,
            draft,
            said,
            faults,
            unfit,
        });
    }

    /// Closes the file, whatever was not saved.
    pub fn close(&mut self) {
        self.open = None;
    }

    /// Leaves a sentence to be read.
    pub fn say(&mut self, tone: Tone, text: String) {
        if let Some(open) = &mut self.open {
            open.said = Some((tone, text));
        }
    }

    /// The file as it is to be saved.
    ///
    /// # Errors
    /// Nothing is open, a field is not right, the encoding of the file lacks a character, or the file
    /// could not be read again.
    pub fn saving(&self) -> Result<Saving, String> {
        let open = self.open.as_ref().ok_or("No file is open.")?;
        if let Some((_, text, wrong)) = open.draft.as_ref().filter(|(.., wrong)| !wrong.is_empty())
        {
            return Err(format!(
                "Not saved: \u{201c}{}\u{201d} is still being typed: {wrong}",
                text.trim()
            ));
        }
        let schema = open.editor.schema();
        let unfit = unfit_names(schema);
        if let Some(name) = unfit.into_iter().find(|name| !open.unfit.contains(*name)) {
            return Err(format!(
                "Not saved: \u{201c}{name}\u{201d} is no name that a DBC can hold, so no tool could read \
                 the file. Letters, digits and _ only, and no digit first."
            ));
        }
        let written = open.editor.write().map_err(|error| format!("Not saved: {error}."))?;
        if let Some(what) = misread(schema, &written.bytes) {
            return Err(format!(
                "Not saved: {what} would be read otherwise from the file than it is here."
            ));
        }
        let (expected, file) = (open.mark.clone(), open.file.clone());
        Ok(Saving { bytes: written.bytes, expected, file })
    }

    /// It is on the disk now.
    pub fn saved(&mut self, file: &Path, bytes: &[u8]) {
        let Some(open) = &mut self.open else { return };
        // Whoever typed on while it was written has something to save still.
        let same = open.editor.write().is_ok_and(|written| written.bytes == bytes);
        if same {
            open.editor.saved();
        }
        open.mark = Some(dbc_mark(bytes));
        open.file = Some(file.to_owned());
        open.name = file.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let notes = open.editor.write().map(|written| written.notes).unwrap_or_default();
        let errors = open.faults.iter().filter(|fault| fault.severity == Severity::Error);
        let lost = match notes.first().or(errors.map(|fault| &fault.text).next()) {
            None => String::new(),
            Some(first) => format!(" {first}."),
        };
        let tone = if lost.is_empty() { Tone::Ok } else { Tone::Warning };
        open.said = Some((tone, format!("Saved to {}.{lost}", file.display())));
    }

    /// Does what is asked.
    pub fn ask(&mut self, ask: DeskAsk) {
        let Some(open) = &mut self.open else { return };
        open.ask(ask);
        open.faults = faults(open.editor.schema());
    }

    /// What is shown; `buses` can be read by the file.
    #[must_use]
    pub fn view(&self, buses: Vec<String>) -> Option<DeskView> {
        self.open.as_ref().map(|open| open.view(buses))
    }
}

impl Open {
    fn spot(&self) -> Option<Spot> {
        Some(Spot { message: self.message?, signal: self.signal })
    }

    fn ask(&mut self, ask: DeskAsk) {
        match ask {
            DeskAsk::Select(message, signal) => {
                self.leave();
                self.message = Some(message);
                self.signal = signal;
            }
            DeskAsk::Type(field, text) => self.type_in(field, text),
            DeskAsk::Leave => self.leave(),
            DeskAsk::AddMessage => {
                let edit = new_message(self.editor.schema());
                if self.perform(edit) {
                    self.message = self.editor.schema().messages.len().checked_sub(1);
                    self.signal = None;
                }
            }
            DeskAsk::RemoveMessage => {
                if let Some(at) = self.message {
                    self.perform(Edit::RemoveMessage { at });
                }
            }
            DeskAsk::AddSignal => {
                let Some(at) = self.message else { return };
                let edit = new_signal(self.editor.schema(), at);
                if self.perform(edit) {
                    let message = self.editor.schema().messages.get(at);
                    self.signal = message.and_then(|message| message.signals.len().checked_sub(1));
                }
            }
            DeskAsk::RemoveSignal => {
                if let Some((message, at)) = self.message.zip(self.signal) {
                    self.perform(Edit::RemoveSignal { message, at });
                }
            }
            DeskAsk::Move(signal, bit) => self.shift(signal, bit),
            DeskAsk::Undo => {
                self.leave();
                self.editor.undo();
            }
            DeskAsk::Redo => {
                self.leave();
                self.editor.redo();
            }
            DeskAsk::AsUtf8 => {
                let form = DbcForm { encoding: DbcEncoding::Utf8, ..self.editor.form() };
                self.editor.set_form(form);
                self.said = None;
            }
            DeskAsk::Dismiss => self.said = None,
        }
        self.stay_inside();
    }

    /// What was chosen may be gone.
    fn stay_inside(&mut self) {
        let messages = &self.editor.schema().messages;
        self.message = self.message.map(|at| at.min(messages.len().saturating_sub(1)));
        self.message = self.message.filter(|_| !messages.is_empty());
        let signals = self.message.and_then(|at| messages.get(at)).map_or(0, |m| m.signals.len());
        self.signal = self.signal.filter(|_| signals > 0).map(|at| at.min(signals - 1));
    }

    fn leave(&mut self) {
        self.draft = None;
        self.editor.settle();
    }

    fn perform(&mut self, edit: Edit) -> bool {
        self.leave();
        match self.editor.perform(edit, Pace::Step) {
            Ok(()) => true,
            Err(error) => {
                self.said = Some((Tone::Fault, format!("Not done: {error}.")));
                false
            }
        }
    }

    fn type_in(&mut self, field: EditField, text: String) {
        let Some(spot) = self.spot() else { return };
        // Letters in another field are another step.
        if self.draft.as_ref().is_some_and(|(other, ..)| *other != field) {
            self.leave();
        }
        let outcome = fields::edit(self.editor.schema(), spot, field, &text);
        let outcome = outcome.and_then(|edit| {
            let done = self.editor.perform(edit, Pace::Typed);
            done.map_err(|error| format!("{error}."))
        });
        // What was typed stays as it was typed while somebody is at it. Where it is no value, what was
        // typed of it so far is none either: 50 of a start bit 5000. Whole lines are.
        let wrong = outcome.err().unwrap_or_default();
        if !wrong.is_empty() && field != EditField::Labels {
            self.editor.take_back();
        }
        self.draft = Some((field, text, wrong));
    }

    /// Moves a signal so that its first bit in the picture is the one that was dropped on.
    fn shift(&mut self, at: usize, bit: u16) {
        let Some(of) = self.message else { return };
        let schema = self.editor.schema();
        let Some(signal) = schema.messages.get(of).and_then(|m| m.signals.get(at)) else { return };
        self.signal = Some(at);
        let start = match signal.order {
            // Named by its lowest bit, dropped by its highest.
            BitOrder::Little => {
                let top = signal_bits(signal).max().unwrap_or_default();
                let length = top.saturating_sub(usize::from(signal.start));
                usize::from(bit).saturating_sub(length) as u16
            }
            BitOrder::Big => bit,
        };
        if start != signal.start {
            self.perform(Edit::Signal { message: of, at, to: SignalField::Start(start) });
            self.signal = Some(at);
        }
    }

    fn view(&self, buses: Vec<String>) -> DeskView {
        let schema = self.editor.schema();
        let message = self.message.and_then(|at| schema.messages.get(at));
        let worst = |place: &dyn Fn(Place) -> bool| {
            let found = self.faults.iter().filter(|fault| place(fault.place));
            found.map(|fault| tone(fault.severity)).max().unwrap_or(Tone::Plain)
        };
        let messages = schema.messages.iter().enumerate().map(|(at, message)| DeskRow {
            small: message.id.to_string(),
            name: message.name.clone(),
            tone: worst(&|place| match place {
                Place::Message(of) | Place::Signal(of, _) => of == at,
            }),
        });
        let signals = message.iter().flat_map(|message| message.signals.iter().enumerate());
        let signals = signals.map(|(at, signal)| DeskRow {
            small: format!("{}|{}", signal.start, signal.length),
            name: signal.name.clone(),
            tone: worst(&|place| Some(place) == self.message.map(|of| Place::Signal(of, at))),
        });
        let fields = self.spot().map(|spot| fields::form(schema, spot, &self.faults, &self.draft));
        let changed = self.editor.is_changed();
        let save = match (&self.file, changed) {
            (Some(_), true) => Offer::open("Save"),
            (Some(_), false) => Offer::shut("Save", "There is nothing that was not saved."),
            (None, _) => Offer::shut("Save", "It is in no file yet: choose Save as."),
        };
        let step = |label: &str, there: bool| {
            if there { Offer::open(label) } else { Offer::shut(label, "There is no such step.") }
        };
        DeskView {
            title: self.name.clone(),
            about: self.about(),
            changed,
            undo: step("Undo", self.editor.can_undo()),
            redo: step("Redo", self.editor.can_redo()),
            save,
            said: self.said.clone().map(|(tone, text)| Note { tone, text, closable: true }),
            messages: messages.collect(),
            signals: signals.collect(),
            message: self.message,
            signal: self.signal,
            fields: fields.unwrap_or_default(),
            layout: message.map(|message| layout(message, None)).unwrap_or_default(),
            problems: self.problems(),
            buses,
        }
    }

    fn about(&self) -> String {
        let encoding = match self.editor.form().encoding {
            DbcEncoding::Ascii => "ASCII",
            DbcEncoding::Utf8 | DbcEncoding::Utf8Marked => "UTF-8",
            DbcEncoding::Utf16Le | DbcEncoding::Utf16Be => "UTF-16",
            DbcEncoding::Windows1252 => "Windows-1252",
        };
        let place = match &self.file {
            Some(file) => file.display().to_string(),
            None => "in no file yet".to_owned(),
        };
        let changed = if self.editor.is_changed() { ", not saved" } else { "" };
        let messages = text::count(self.editor.schema().messages.len(), "message");
        let signals = text::count(self.editor.schema().signal_count(), "signal");
        format!("{place}{changed}; {encoding}, {messages}, {signals}")
    }

    fn problems(&self) -> Vec<DeskProblem> {
        let faults = self.faults.iter().take(FAULTS).map(|fault| {
            let at = match fault.place {
                Place::Message(message) => (message, None),
                Place::Signal(message, signal) => (message, Some(signal)),
            };
            let line = ProblemLine {
                place: String::new(),
                text: fault.text.clone(),
                tone: tone(fault.severity),
            };
            DeskProblem { line, at: Some(at) }
        });
        let read = problem_lines(&self.read).into_iter();
        let read = read.map(|line| {
            let place = match line.place.is_empty() {
                true => "as read".to_owned(),
                false => format!("as read, {}", line.place),
            };
            DeskProblem { line: ProblemLine { place, ..line }, at: None }
        });
        faults.chain(read).collect()
    }
}
