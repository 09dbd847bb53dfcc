//! The bus and the message of the frame that is made up. The messages of a bus may be hundreds: a
//! field above the list leaves those whose name or id holds what is typed.

use egui::{ComboBox, PopupCloseBehavior, RichText, ScrollArea, TextEdit, Ui};

use super::editor::label;
use crate::desktop::fonts;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::form::choice;
use crate::desktop::widgets::text::line;
use crate::view::sending::{DraftKind, MessageChoice, SendPrefs, SendView};

/// Name of the field above the list, also for tests.
pub const SEARCH: &str = "Search the messages";
/// Most messages that are listed at once; typing leaves fewer.
const LISTED: usize = 200;

/// Draws both, in a line.
pub(super) fn draw(
    ui: &mut Ui,
    theme: &Theme,
    search: &mut String,
    (view, prefs): (&SendView, &mut SendPrefs),
) {
    label(ui, theme, "Bus");
    let buses: Vec<(String, String)> =
        view.buses.iter().map(|bus| (bus.name.clone(), bus.name.clone())).collect();
    let shown = if prefs.draft.bus.is_empty() { "none" } else { &prefs.draft.bus }.to_owned();
    choice(ui, "Bus", (&shown, 90.0), &mut prefs.draft.bus, &buses);
    if view.messages.is_empty() {
        label(ui, theme, "No device and no DBC file names messages of this bus.");
        return;
    }
    let now = view.messages.iter().find(|one| one.id == prefs.draft.id);
    let shown = now.map_or_else(|| "Choose a message".to_owned(), |one| one.name.clone());
    let width = (ui.available_width() - 16.0).clamp(120.0, 320.0);
    let list = ComboBox::from_id_salt("Message")
        .selected_text(&shown)
        .width(width)
        .truncate()
        .close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    let list = list.show_ui(ui, |ui| {
        ui.set_min_width(width.max(260.0));
        let chosen = options(ui, theme, search, (view, now));
        if chosen.is_some() {
            ui.close();
        }
        chosen
    });
    list.response.accessible_name(format!("Message: {shown}"));
    if let Some(chosen) = list.inner.flatten() {
        search.clear();
        prefs.draft.kind = if chosen.length > 8 { DraftKind::Fd } else { DraftKind::Data };
        prefs.draft.bytes = vec![0; chosen.length.min(64)];
        prefs.draft.id = chosen.id;
    }
}

/// The field and the messages that fit it.
fn options(
    ui: &mut Ui,
    theme: &Theme,
    search: &mut String,
    (view, now): (&SendView, Option<&MessageChoice>),
) -> Option<MessageChoice> {
    let field = TextEdit::singleline(search)
        .hint_text(RichText::new("Part of a name or an id").color(theme.muted))
        .char_limit(60)
        .desired_width(f32::INFINITY)
        .margin(egui::Margin::symmetric(8, 5));
    let field = ui.add(field).accessible_name(SEARCH);
    // The list has just been opened: what is typed now looks for a message.
    let (pass, seen) = (ui.ctx().cumulative_pass_nr(), field.id.with("seen"));
    let last =
        ui.data_mut(|kept| std::mem::replace(kept.get_temp_mut_or_default::<u64>(seen), pass));
    if pass > last + 1 {
        field.request_focus();
    }
    let folded = search.trim().to_lowercase();
    let fits = |one: &&MessageChoice| {
        one.name.to_lowercase().contains(&folded) || one.id.to_lowercase().contains(&folded)
    };
    let all: Vec<&MessageChoice> = view.messages.iter().filter(fits).collect();
    let mut chosen = None;
    ScrollArea::vertical().max_height(280.0).show(ui, |ui| {
        for one in all.iter().take(LISTED) {
            let here = now.is_some_and(|now| now.id == one.id);
            let words = format!("{}  {}", one.id, one.name);
            if ui.selectable_label(here, words).clicked() {
                chosen = Some((*one).clone());
            }
        }
    });
    let entered = ui.input(|input| input.key_pressed(egui::Key::Enter));
    match (all.as_slice(), all.len().saturating_sub(LISTED)) {
        ([], _) => drop(line(ui, "No message fits.", fonts::text(12.0), theme.muted)),
        ([only], _) if entered => chosen = Some((*only).clone()),
        (_, 0) => {}
        (_, more) => {
            let words = format!("{more} more: type more of the name.");
            drop(line(ui, &words, fonts::text(12.0), theme.muted));
        }
    }
    chosen
}
