//! The filter box: a field that completes what is typed, what is wrong with it, and the filters that
//! are kept. Knows nothing of what is filtered.

use egui::text::LayoutJob;
use egui::{
    CompletionPopup, CompletionQuery, FontId, Key, Modifiers, Popup, PopupCloseBehavior, RectAlign,
    Response, RichText, Role, ScrollArea, Stroke, Suggestion, TextEdit, TextFormat, Ui,
};

use crate::desktop::fonts;
use crate::desktop::icons;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::text::{caption, name, paragraph};
use crate::view::compose::filter::help;
use crate::view::filter::{self, FilterAsk, FilterView, KeptFilters, MistakeView, SavedFilter};
use crate::view::shown::Tone;

/// Name of the button with the kept filters, also for tests.
pub const KEPT: &str = "Kept filters";
/// Name of the field for the name of one, also for tests.
pub const KEEP_AS: &str = "Name to keep this filter by";
/// Longest filter that is typed here, characters.
const CHARS: usize = 500;
/// Width of the list of kept filters.
const MENU: f32 = 360.0;

/// What the box changes.
pub struct Typed<'a> {
    /// The filter.
    pub text: &'a mut String,
    /// Where somebody types, bytes.
    pub cursor: &'a mut Option<usize>,
    /// The filters that are kept.
    pub saved: &'a mut KeptFilters,
}

/// Draws the box at the right end of a line that is laid out from right to left. `spoken` is its name
/// for screen readers, and that of the field.
pub fn draw(ui: &mut Ui, theme: &Theme, spoken: &str, typed: &mut Typed<'_>, view: &FilterView) {
    kept(ui, theme, spoken, typed);
    clear(ui, typed);
    let width = (ui.available_width() * 0.6).clamp(90.0, 380.0);
    entry(ui, theme, (spoken, width), typed, view);
}

/// The same from the left, where it stands in a form: the field of this width, then what belongs to it.
pub fn draw_in_form(
    ui: &mut Ui,
    theme: &Theme,
    spoken: (&str, f32),
    typed: &mut Typed<'_>,
    view: &FilterView,
) {
    entry(ui, theme, spoken, typed, view);
    clear(ui, typed);
    kept(ui, theme, spoken.0, typed);
}

fn clear(ui: &mut Ui, typed: &mut Typed<'_>) {
    if !typed.text.is_empty() {
        let close = ui.button(icons::CLOSE).accessible_name("Clear the filter");
        if close.clicked() {
            typed.text.clear();
        }
    }
}

fn entry(
    ui: &mut Ui,
    theme: &Theme,
    spoken: (&str, f32),
    typed: &mut Typed<'_>,
    view: &FilterView,
) {
    let search = RichText::new(icons::SEARCH).color(theme.muted);
    let hint = RichText::new("Filter: id:600..6FF msg:*cell* \u{2026}").color(theme.muted);
    let own = (&mut *typed.text, &mut *typed.cursor);
    let response = field(ui, theme, spoken, own, view, |field| {
        field.prefix(search).hint_text(hint).margin(egui::Margin::symmetric(10, 7))
    });
    if ui.input_mut(|i| i.consume_key(Modifiers::COMMAND, Key::F)) {
        response.request_focus();
    }
}

/// A field for a filter that completes what is typed, and nothing beside it; `dressed` says how it looks.
pub fn field(
    ui: &mut Ui,
    theme: &Theme,
    (spoken, width): (&str, f32),
    (text, cursor): (&mut String, &mut Option<usize>),
    view: &FilterView,
    dressed: impl FnOnce(TextEdit<'_>) -> TextEdit<'_>,
) -> Response {
    let field =
        TextEdit::singleline(text).font(fonts::mono(12.5)).char_limit(CHARS).desired_width(width);
    // What stands before it comes and goes; the field must stay the same one for the keyboard.
    let id = egui::Id::unique(("filter box", spoken));
    let popup = CompletionPopup::new(id)
        .align(RectAlign::BOTTOM_START)
        .accept_keys([Key::Tab])
        .max_height(260.0);
    let output = popup.show(ui, dressed(field), |query| suggestions(theme, query, view));
    let response = output.text_edit.response.response.accessible_name(spoken);
    let at = output.text_edit.cursor_range.map(|range| range.primary.index.0);
    *cursor = at.filter(|_| response.has_focus()).map(|at| byte_at(text, at));
    response
}

/// The byte at which the letter of this number begins.
fn byte_at(text: &str, letter: usize) -> usize {
    text.char_indices().nth(letter).map_or(text.len(), |(at, _)| at)
}

/// What may stand in the place of the word that is typed. An empty word offers nothing, so that the
/// tabulator leaves the field.
fn suggestions(theme: &Theme, query: &CompletionQuery<'_>, view: &FilterView) -> Vec<Suggestion> {
    if query.word.is_empty() {
        return Vec::new();
    }
    let start = byte_at(query.text, query.word_range.start.0);
    let one = |completion: &filter::CompletionView| {
        // What was typed in this very frame is not yet completed; then the places do not fit.
        let lead = query.text.get(start..completion.from)?;
        let shown = RichText::new(&completion.text).font(fonts::mono(12.5)).color(theme.text);
        let says = RichText::new(&completion.says).font(fonts::text(12.0));
        let suggestion = Suggestion::new(format!("{lead}{}", completion.text));
        Some(suggestion.content(shown).description(says))
    };
    view.completions.iter().filter_map(one).collect()
}

/// What is wrong with the filter, in lines below the box.
pub fn mistakes(ui: &mut Ui, theme: &Theme, text: &mut String, view: &FilterView) {
    for mistake in &view.mistakes {
        ui.horizontal_wrapped(|ui| {
            let icon = match mistake.tone {
                Tone::Fault => icons::FAULT,
                Tone::Warning | Tone::Ok | Tone::Info | Tone::Plain | Tone::Muted => icons::WARNING,
            };
            let colour = theme.tone(mistake.tone);
            ui.label(RichText::new(icon).font(fonts::text(14.0)).color(colour));
            paragraph(ui, &mistake.text, theme.text);
            let place = ui.label(marked(theme, mistake));
            name(&place, Role::Label, &format!("Here: {}", mistake.wrong));
            if let Some(mended) = &mistake.mended
                && ui
                    .button(RichText::new(format!("Use {mended}")).font(fonts::text(12.0)))
                    .clicked()
            {
                text.clone_from(mended);
            }
        });
    }
}

/// The filter with what is wrong in it underlined.
fn marked(theme: &Theme, mistake: &MistakeView) -> LayoutJob {
    let font: FontId = fonts::mono(12.0);
    let plain = TextFormat::simple(font.clone(), theme.muted);
    let colour = theme.tone(mistake.tone);
    let underline = Stroke::new(1.5, colour);
    let wrong = TextFormat { underline, ..TextFormat::simple(font, colour) };
    let mut job = LayoutJob::default();
    job.append(&mistake.before, 0.0, plain.clone());
    // Something that is missing still has a place.
    let shown = if mistake.wrong.is_empty() { "\u{a0}" } else { &mistake.wrong };
    job.append(shown, 0.0, wrong);
    job.append(&mistake.after, 0.0, plain);
    job
}

/// The button with the filters that are kept, and what may be asked.
fn kept(ui: &mut Ui, theme: &Theme, spoken: &str, typed: &mut Typed<'_>) {
    let button = ui.button(icons::CARET_DOWN).accessible_name(KEPT);
    let button = button.on_hover_text("Kept filters, and what may be asked");
    // What is said above the page comes and goes; the list stays open below it.
    let popup = Popup::menu(&button).id(egui::Id::unique(("kept filters of", spoken)));
    popup.close_behavior(PopupCloseBehavior::CloseOnClickOutside).show(|ui| {
        ui.set_width(MENU);
        caption(ui, theme, KEPT);
        if typed.saved.list.is_empty() {
            paragraph(ui, "None yet. Type a filter and keep it here by a name.", theme.muted);
        }
        if list(ui, theme, typed) {
            ui.close();
        }
        keep(ui, theme, typed);
        ui.add_space(8.0);
        caption(ui, theme, "What may be asked");
        ScrollArea::vertical().max_height(220.0).show(ui, |ui| {
            for line in help() {
                ui.horizontal(|ui| {
                    ui.label(RichText::new(line.example).font(fonts::mono(12.0)).color(theme.text));
                    ui.add(
                        egui::Label::new(RichText::new(line.says).color(theme.muted)).truncate(),
                    );
                });
            }
        });
    });
}

/// The kept filters. Returns whether one was chosen.
fn list(ui: &mut Ui, theme: &Theme, typed: &mut Typed<'_>) -> bool {
    let (mut chosen, mut forgotten) = (None, None);
    ScrollArea::vertical().id_salt("kept filters").max_height(180.0).show(ui, |ui| {
        for one in &typed.saved.list {
            ui.horizontal(|ui| {
                let use_it = ui.button(&one.name).on_hover_text(&one.text);
                if use_it.clicked() {
                    chosen = Some(one.text.clone());
                }
                let forget = ui.small_button(icons::CLOSE);
                if forget.accessible_name(format!("Forget {}", one.name)).clicked() {
                    forgotten = Some(FilterAsk::Forget(one.name.clone()));
                }
                let shown = RichText::new(&one.text).font(fonts::mono(11.5)).color(theme.muted);
                ui.add(egui::Label::new(shown).truncate());
            });
        }
    });
    typed.saved.asked.extend(forgotten);
    let is_chosen = chosen.is_some();
    if let Some(text) = chosen {
        *typed.text = text;
    }
    is_chosen
}

/// The name that is typed for a filter.
#[derive(Clone, Debug, Default)]
struct Naming {
    typed: String,
    /// What was asked to be kept by it. Until it is kept the name stays: it may be refused.
    asked: Option<SavedFilter>,
}

impl Naming {
    /// Takes the name away once its filter is kept, unless another one was typed meanwhile.
    fn settle(&mut self, kept: &[SavedFilter]) {
        let same = |one: &SavedFilter, other: &SavedFilter| {
            one.name.trim().to_lowercase() == other.name.trim().to_lowercase()
                && one.text.trim() == other.text.trim()
        };
        let is_kept = |asked: &mut SavedFilter| kept.iter().any(|one| same(one, asked));
        if let Some(asked) = self.asked.take_if(is_kept)
            && self.typed == asked.name
        {
            self.typed.clear();
        }
    }
}

/// The field and button that keep the filter of the moment.
fn keep(ui: &mut Ui, theme: &Theme, typed: &mut Typed<'_>) {
    if typed.text.trim().is_empty() {
        return;
    }
    let id = egui::Id::unique("name of a kept filter");
    let mut naming: Naming = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    naming.settle(&typed.saved.list);
    let named = &mut naming.typed;
    ui.add_space(6.0);
    ui.horizontal(|ui| {
        let field = TextEdit::singleline(named)
            .hint_text(RichText::new("Keep this filter as \u{2026}").color(theme.muted))
            .char_limit(filter::LONGEST_NAME)
            .desired_width(230.0)
            .margin(egui::Margin::symmetric(10, 6));
        let field = ui.add(field).accessible_name(KEEP_AS);
        let entered = field.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
        let pressed = ui.add_enabled(!named.trim().is_empty(), egui::Button::new("Keep")).clicked();
        if (pressed || entered) && !named.trim().is_empty() {
            let filter = SavedFilter { name: named.clone(), text: typed.text.clone() };
            naming.asked = Some(filter.clone());
            typed.saved.asked.push(FilterAsk::Keep(filter));
        }
    });
    ui.data_mut(|data| data.insert_temp(id, naming));
}
