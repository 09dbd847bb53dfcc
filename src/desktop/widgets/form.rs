//! Pieces of forms: fields with a label and a name, choices, ticks, and buttons made of offers.

use egui::{
    ComboBox, CornerRadius, Key, Response, RichText, Role, Sense, Stroke, StrokeKind, TextEdit, Ui,
    Vec2, WidgetInfo,
};

use crate::desktop::fonts;
use crate::desktop::pages;
use crate::desktop::theme::Theme;
use crate::view::offer::Offer;

/// Width of the labels at the left of a form's fields.
pub const LABEL: f32 = 96.0;

/// How a button looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// The one that stands out.
    Primary,
    /// The others.
    Plain,
    /// One that takes something away.
    Grave,
}

/// A button made of an offer: where it cannot be pressed, it says why on hover and to a screen
/// reader. Returns whether it was pressed.
pub fn offer(ui: &mut Ui, theme: &Theme, offer: &Offer, look: Look) -> bool {
    named_offer(ui, theme, offer, look, &offer.label)
}

/// The same with a name of its own for screen readers, where several have the same label.
pub fn named_offer(ui: &mut Ui, theme: &Theme, offer: &Offer, look: Look, name: &str) -> bool {
    let button = match look {
        Look::Primary => pages::primary(theme, &offer.label),
        Look::Plain => egui::Button::new(&offer.label),
        Look::Grave => egui::Button::new(RichText::new(&offer.label).color(theme.fault)),
    };
    let response = ui.add_enabled(offer.is_open(), button).accessible_name(name);
    let Some(why) = &offer.why_not else { return response.clicked() };
    let description = why.clone();
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_description(description));
    response.on_disabled_hover_text(why).clicked()
}

/// A label and what stands beside it.
pub fn row<R>(ui: &mut Ui, theme: &Theme, label: &str, content: impl FnOnce(&mut Ui) -> R) -> R {
    row_of(ui, theme, (label, LABEL), content)
}

/// The same with labels of this width. One that is longer goes on in a second line.
pub fn row_of<R>(
    ui: &mut Ui,
    theme: &Theme,
    (label, width): (&str, f32),
    content: impl FnOnce(&mut Ui) -> R,
) -> R {
    ui.horizontal(|ui| {
        ui.set_min_height(30.0);
        let size = Vec2::new(width, 20.0);
        ui.allocate_ui_with_layout(size, egui::Layout::left_to_right(egui::Align::Center), |ui| {
            ui.set_min_width(width);
            ui.add(egui::Label::new(RichText::new(label).color(theme.muted)).wrap());
        });
        content(ui)
    })
    .inner
}

/// The width that the longest of these labels needs, up to two fifths of the room.
#[must_use]
pub fn label_width<'l>(ui: &Ui, labels: impl Iterator<Item = &'l str>) -> f32 {
    let whole = |label: &str| {
        let text = egui::WidgetText::from(label);
        let wrap = Some(egui::TextWrapMode::Extend);
        text.into_galley(ui, wrap, f32::INFINITY, egui::TextStyle::Body).size().x
    };
    let most = (ui.available_width() * 0.4).max(LABEL);
    labels.map(whole).fold(LABEL, f32::max).ceil().min(most)
}

/// A line of text to type, as wide as there is room up to 340 points. `name` is what a screen reader
/// says.
pub fn line_field(
    ui: &mut Ui,
    theme: &Theme,
    name: &str,
    text: &mut String,
    hint: &str,
) -> Response {
    let field = TextEdit::singleline(text)
        .id(egui::Id::unique(("field", name)))
        .hint_text(RichText::new(hint).color(theme.muted))
        .char_limit(400)
        .desired_width(ui.available_width().min(340.0) - 20.0)
        .margin(egui::Margin::symmetric(10, 6));
    ui.add(field).accessible_name(name)
}

/// A password to type; nothing of it is shown.
pub fn secret_field(ui: &mut Ui, theme: &Theme, name: &str, text: &mut String) -> Response {
    let field = TextEdit::singleline(text)
        .id(egui::Id::unique(("field", name)))
        .password(true)
        .hint_text(RichText::new("").color(theme.muted))
        .char_limit(1000)
        .desired_width(ui.available_width().min(340.0) - 20.0)
        .margin(egui::Margin::symmetric(10, 6));
    ui.add(field).accessible_name(name)
}

/// Whether Enter was pressed in a field.
#[must_use]
pub fn entered(ui: &Ui, field: &Response) -> bool {
    field.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter))
}

/// A list to choose one of. `shown` stands in the closed list. Returns whether another was chosen.
pub fn choice<T: PartialEq + Clone>(
    ui: &mut Ui,
    name: &str,
    (shown, width): (&str, f32),
    value: &mut T,
    options: &[(T, String)],
) -> bool {
    let before = value.clone();
    let list = ComboBox::from_id_salt(name).selected_text(shown).width(width).truncate();
    let list = list.show_ui(ui, |ui| {
        for (option, words) in options {
            ui.selectable_value(value, option.clone(), words);
        }
    });
    let spoken = if shown.starts_with(name) { shown.into() } else { format!("{name}: {shown}") };
    list.response.accessible_name(spoken);
    *value != before
}

/// A box to tick with its words and, below them, what it is about. Where it cannot be changed it says
/// why on hover. Returns whether it was pressed.
pub fn tick(
    ui: &mut Ui,
    theme: &Theme,
    on: Ticked,
    (words, about): (&str, &str),
    fixed: Option<&str>,
) -> bool {
    let room = ui.available_width();
    let text = egui::WidgetText::from(RichText::new(about).font(fonts::text(12.0)));
    let about = text.into_galley(ui, None, room - 30.0, egui::TextStyle::Body);
    let height = if about.is_empty() { 26.0 } else { 24.0 + about.size().y + 6.0 };
    let sense = if fixed.is_none() && ui.is_enabled() { Sense::click() } else { Sense::hover() };
    let (rect, response) = ui.allocate_exact_size(Vec2::new(room, height), sense);
    let ticked = on == Ticked::Yes;
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, fixed.is_none(), ticked, words));
    let square = egui::Rect::from_min_size(rect.min + Vec2::new(2.0, 5.0), Vec2::splat(16.0));
    let painter = ui.painter();
    let corner = CornerRadius::same(4);
    let free = fixed.is_none();
    if ticked {
        let fill = if free { theme.accent } else { theme.accent.gamma_multiply(0.55) };
        painter.rect_filled(square, corner, fill);
        let corner = |x: f32, y: f32| square.min + Vec2::new(x, y);
        let hook = vec![corner(4.0, 8.4), corner(7.0, 11.4), corner(12.2, 5.2)];
        painter.line(hook, Stroke::new(1.8, theme.on_accent));
    } else {
        let edge = if response.hovered() && free { theme.accent } else { theme.line };
        painter.rect(square, corner, theme.field, Stroke::new(1.0, edge), StrokeKind::Inside);
    }
    if response.has_focus() {
        let ring = square.expand(2.5);
        painter.rect_stroke(ring, 6.0, Stroke::new(1.5, theme.accent), StrokeKind::Inside);
    }
    let colour = if free { theme.text } else { theme.muted };
    let at = rect.min + Vec2::new(28.0, 13.0);
    painter.text(at, egui::Align2::LEFT_CENTER, words, fonts::text(13.5), colour);
    painter.galley(rect.min + Vec2::new(28.0, 23.0), about, theme.muted);
    match fixed {
        None => response.on_hover_cursor(egui::CursorIcon::PointingHand).clicked(),
        Some(why) => {
            let description = why.to_owned();
            ui.ctx().accesskit_node_builder(response.id, |node| node.set_description(description));
            response.on_hover_text(why);
            false
        }
    }
}

/// Whether a box is ticked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ticked {
    /// It is.
    Yes,
    /// It is not.
    No,
}

impl From<bool> for Ticked {
    fn from(on: bool) -> Self {
        if on { Self::Yes } else { Self::No }
    }
}
