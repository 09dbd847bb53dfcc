//! The Replay tab: the recordings that are sent onto buses, with their transport, and one that somebody
//! makes up.

use egui::{
    Align, Button, Key, Layout, Modifiers, RichText, ScrollArea, Sense, Slider, TextEdit, Ui, Vec2,
};

use super::editor::remark;
use crate::desktop::ask::{ReplayAsk, SendAsk};
use crate::desktop::command::Command;
use crate::desktop::fonts;
use crate::desktop::icons;
use crate::desktop::source::Intent;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::filter_box::{self, Typed};
use crate::desktop::widgets::form::{Look, choice, named_offer, row as labelled};
use crate::desktop::widgets::panel::{GAP, panel, scrolls};
use crate::desktop::widgets::text::{line, paragraph};
use crate::view::filter::{FilterView, KeptFilters};
use crate::view::replay::{ReplayPrefs, ReplayRow, ReplayView, SPEEDS};
use crate::view::shown::Tone;

/// Name of the filter field, also for tests.
pub const FILTER: &str = "Filter the replay";
/// Least width of the position slider.
const SLIDER: f32 = 120.0;
/// Widest filter field.
const WIDE: f32 = 380.0;

/// Hands something about replays to the source.
const fn submit(ask: ReplayAsk) -> Command {
    Command::Submit(Intent::Replay(ask))
}

/// Draws the tab below the row of tabs.
pub(super) fn draw(
    ui: &mut Ui,
    theme: &Theme,
    view: &ReplayView,
    (prefs, saved): (&mut ReplayPrefs, &mut KeptFilters),
) -> Option<Command> {
    if prefs.bus.is_empty()
        && let Some(first) = view.buses.first()
    {
        prefs.bus.clone_from(&first.name);
    }
    let mut asked = None;
    ui.add_space(GAP - 8.0);
    ScrollArea::vertical().id_salt("replay").auto_shrink(false).show(ui, |ui| {
        scrolls(ui);
        asked = running(ui, theme, view, prefs);
        ui.add_space(GAP - 6.0);
        let drawn = form(ui, theme, view, (prefs, saved));
        asked = asked.take().or(drawn);
    });
    asked.or_else(|| space(ui, view))
}

/// Space plays and pauses what was started last, while no field has the focus.
fn space(ui: &Ui, view: &ReplayView) -> Option<Command> {
    if !ui.is_enabled() || ui.memory(|memory| memory.focused().is_some()) {
        return None;
    }
    let row = view.rows.iter().rev().find(|row| row.toggle.is_open())?;
    let pressed = ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Space));
    pressed.then(|| submit(toggle_of(row)))
}

fn toggle_of(row: &ReplayRow) -> ReplayAsk {
    let name = row.name.clone();
    if row.plays { ReplayAsk::Pause(name) } else { ReplayAsk::Play(name) }
}

fn running(
    ui: &mut Ui,
    theme: &Theme,
    view: &ReplayView,
    prefs: &mut ReplayPrefs,
) -> Option<Command> {
    panel(ui, theme, "Replays", |ui| {
        if view.rows.is_empty() {
            remark(ui, theme, "None. A recording that is sent onto a bus is listed here.");
        }
        let mut asked = None;
        // Every row has a field for the same text: where somebody types is where one of them has it.
        prefs.step_cursor = None;
        for row in &view.rows {
            let drawn = replay(ui, theme, (view, row), prefs);
            asked = asked.or(drawn);
            ui.add_space(8.0);
        }
        asked
    })
}

fn replay(
    ui: &mut Ui,
    theme: &Theme,
    (view, row): (&ReplayView, &ReplayRow),
    prefs: &mut ReplayPrefs,
) -> Option<Command> {
    ui.horizontal(|ui| {
        let (dot, _) = ui.allocate_exact_size(Vec2::new(10.0, 20.0), Sense::hover());
        ui.painter().circle_filled(dot.center(), 4.0, theme.lamp(row.tone));
        ui.label(RichText::new(&row.name).font(fonts::strong(13.0)).color(theme.text));
        ui.label(RichText::new(&row.state).color(theme.tone(row.tone)));
        let about = format!("{} onto {}; {}", row.file, row.onto, row.hangs);
        line(ui, &about, fonts::text(12.0), theme.muted);
    });
    let transport = ui.horizontal(|ui| transport(ui, theme, row)).inner;
    let below = ui.horizontal_wrapped(|ui| controls(ui, theme, (&view.step, row), prefs)).inner;
    let mut figures = format!("{} sent", row.sent);
    for more in [&row.jitter, &row.rounds] {
        if !more.is_empty() {
            figures = format!("{figures}, {more}");
        }
    }
    paragraph(ui, &figures, theme.muted);
    for (tone, text) in &row.remarks {
        let colour = if *tone == Tone::Muted { theme.muted } else { theme.tone(*tone) };
        paragraph(ui, text, colour);
    }
    transport.or(below)
}

/// Playing, the position, stopping.
fn transport(ui: &mut Ui, theme: &Theme, row: &ReplayRow) -> Option<Command> {
    let mut asked = None;
    let icon = if row.plays { icons::PAUSE } else { icons::PLAY };
    let text = RichText::new(format!("{icon}  {}", row.toggle.label))
        .font(fonts::strong(12.5))
        .color(theme.on_accent);
    let button = Button::new(text).fill(theme.accent).min_size(Vec2::new(92.0, 28.0));
    let spoken = format!("{} {}", row.toggle.label, row.name);
    let response = ui.add_enabled(row.toggle.is_open(), button).accessible_name(spoken);
    let response = match &row.toggle.why_not {
        Some(why) => response.on_disabled_hover_text(why),
        None => response.on_hover_text("Space"),
    };
    if response.clicked() {
        asked = Some(submit(toggle_of(row)));
    }
    if let Some(stop) = &row.stop
        && named_offer(ui, theme, stop, Look::Grave, &format!("Stop {}", row.name))
    {
        asked = Some(submit(ReplayAsk::Stop(row.name.clone())));
    }
    ui.label(RichText::new(&row.position).font(fonts::mono(12.5)).color(theme.text));
    let sought = ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        ui.label(RichText::new(&row.length).font(fonts::mono(12.5)).color(theme.muted));
        seek(ui, theme, row)
    });
    asked.or(sought.inner)
}

/// The position; what is dragged counts when it is let go.
fn seek(ui: &mut Ui, theme: &Theme, row: &ReplayRow) -> Option<Command> {
    let id = egui::Id::unique(("replay position", &row.name));
    let dragged: Option<f64> = ui.data(|data| data.get_temp(id));
    ui.spacing_mut().slider_width = (ui.available_width() - 12.0).max(SLIDER);
    ui.visuals_mut().selection.bg_fill = theme.accent;
    ui.visuals_mut().handle_shape = egui::style::HandleShape::Circle;
    let mut share = dragged.unwrap_or(row.fraction).clamp(0.0, 1.0);
    let slider = Slider::new(&mut share, 0.0..=1.0).show_value(false).smart_aim(false);
    let is_open = row.stop.is_some() && row.length_s > 0.0;
    let response = ui.add_enabled(is_open, slider);
    let response = response.accessible_name(format!("Position of {}", row.name));
    if response.dragged() {
        ui.data_mut(|data| data.insert_temp(id, share));
        return None;
    }
    ui.data_mut(|data| data.remove_temp::<f64>(id));
    let let_go = response.drag_stopped() || response.changed();
    let share = dragged.unwrap_or(share);
    let_go.then(|| submit(ReplayAsk::Seek(row.name.clone(), share)))
}

/// Steps, speed, looping, and what there is to do once it has ended.
fn controls(
    ui: &mut Ui,
    theme: &Theme,
    (step, row): (&FilterView, &ReplayRow),
    prefs: &mut ReplayPrefs,
) -> Option<Command> {
    let mut asked = None;
    let name = || row.name.clone();
    if named_offer(ui, theme, &row.step, Look::Plain, &format!("Step {}", row.name)) {
        let until = Some(prefs.step.trim().to_owned()).filter(|text| !text.is_empty());
        asked = Some(submit(ReplayAsk::Step(name(), until)));
    }
    if row.step.is_open() {
        let hint = RichText::new("to the next with id:622").color(theme.muted);
        let spoken = format!("Step {} to the next frame with", row.name);
        let mut cursor = None;
        let typed = (&mut prefs.step, &mut cursor);
        filter_box::field(ui, theme, (&spoken, 190.0), typed, step, |field| field.hint_text(hint));
        prefs.step_cursor = prefs.step_cursor.or(cursor);
        let mut speed = row.speed.clone();
        let options: Vec<(String, String)> =
            SPEEDS.iter().map(|(words, _)| ((*words).to_owned(), (*words).to_owned())).collect();
        let label = format!("Speed of {}", row.name);
        if choice(ui, &label, (&row.speed, 130.0), &mut speed, &options) {
            asked = Some(submit(ReplayAsk::Speed(name(), speed)));
        }
        let mut again = row.again;
        let response = ui.checkbox(&mut again, "Loop");
        if response.accessible_name(format!("Loop {}", row.name)).changed() {
            asked = Some(submit(ReplayAsk::Again(name(), again)));
        }
    }
    let offers = [
        (&row.again_from_start, format!("Start {} anew", row.name), ReplayAsk::Anew(name())),
        (&row.forget, format!("Forget {}", row.name), ReplayAsk::Forget(name())),
    ];
    for (offer, spoken, ask) in offers {
        if let Some(offer) = offer
            && named_offer(ui, theme, offer, Look::Plain, &spoken)
        {
            asked = Some(submit(ask));
        }
    }
    asked
}

fn form(
    ui: &mut Ui,
    theme: &Theme,
    view: &ReplayView,
    (prefs, saved): (&mut ReplayPrefs, &mut KeptFilters),
) -> Option<Command> {
    panel(ui, theme, "Replay a recording", |ui| {
        if view.buses.is_empty() {
            let text = "No bus is open that could be replayed onto. Choose a demo or an interface on the Open page.";
            paragraph(ui, text, theme.muted);
            return None;
        }
        let mut asked = labelled(ui, theme, "Recording", |ui| {
            let width = (ui.available_width() - 110.0).clamp(120.0, 520.0);
            field(
                ui,
                theme,
                ("Recording", width),
                &mut prefs.file,
                "drop a file here, or choose one",
            );
            let choose = ui.button("Choose\u{2026}").accessible_name("Choose a recording");
            choose.clicked().then_some(Command::BrowseReplay)
        });
        let armed = labelled(ui, theme, "Onto", |ui| onto(ui, theme, view, prefs));
        asked = asked.or(armed);
        labelled(ui, theme, "Speed", |ui| {
            let mut speed = prefs.speed.clone();
            let options: Vec<(String, String)> =
                SPEEDS.iter().map(|(own, _)| ((*own).to_owned(), (*own).to_owned())).collect();
            if choice(ui, "Speed", (&prefs.speed, 130.0), &mut speed, &options) {
                prefs.speed = speed;
            }
            ui.checkbox(&mut prefs.again, "Begin again at the end");
        });
        labelled(ui, theme, "Part", |ui| {
            field(ui, theme, ("Begins at, seconds", 70.0), &mut prefs.from, "start");
            ui.label(RichText::new("to").color(theme.muted));
            field(ui, theme, ("Ends at, seconds", 70.0), &mut prefs.to, "end");
            ui.label(RichText::new("s, pauses at most").color(theme.muted));
            field(ui, theme, ("Longest pause, seconds", 96.0), &mut prefs.gap, "as they are");
            ui.label(RichText::new("s").color(theme.muted));
        });
        labelled(ui, theme, "Filter", |ui| {
            let cursor = &mut prefs.cursor;
            let mut typed = Typed { text: &mut prefs.filter, cursor, saved };
            let width = (ui.available_width() * 0.6).clamp(90.0, WIDE);
            filter_box::draw_in_form(ui, theme, (FILTER, width), &mut typed, &view.filter);
        });
        filter_box::mistakes(ui, theme, &mut prefs.filter, &view.filter);
        mappings(ui, theme, ("Ids", "Id", ("0x600-0x6FF", "0x200")), &mut prefs.ids);
        let there = (prefs.bus.clone(), view.buses.len());
        mappings(ui, theme, ("Buses", "Bus", ("can1", there.0.as_str())), &mut prefs.buses);
        labelled(ui, theme, "Called", |ui| {
            field(ui, theme, ("Name of the replay", 200.0), &mut prefs.name, "as its recording");
        });
        ui.add_space(4.0);
        if named_offer(ui, theme, &view.start, Look::Primary, &view.start.label) {
            asked = Some(submit(ReplayAsk::Start(Box::new(prefs.clone()))));
        }
        if let Some(why) = &view.start.why_not {
            remark(ui, theme, why);
        }
        asked
    })
}

fn onto(ui: &mut Ui, theme: &Theme, view: &ReplayView, prefs: &mut ReplayPrefs) -> Option<Command> {
    let options: Vec<(String, String)> =
        view.buses.iter().map(|bus| (bus.name.clone(), bus.name.clone())).collect();
    let mut bus = prefs.bus.clone();
    if choice(ui, "Bus", (&prefs.bus, 130.0), &mut bus, &options) {
        prefs.bus = bus;
    }
    let bus = view.buses.iter().find(|bus| bus.name == prefs.bus)?;
    ui.label(RichText::new(&bus.state).color(theme.tone(bus.tone)));
    let arm = bus.arm.as_ref()?;
    let spoken = format!("{} {}", arm.label.trim_end_matches('\u{2026}'), bus.name);
    named_offer(ui, theme, arm, Look::Plain, &spoken)
        .then(|| Command::Submit(Intent::Send(SendAsk::Arm(bus.name.clone()))))
}

fn field(ui: &mut Ui, theme: &Theme, (name, width): (&str, f32), text: &mut String, hint: &str) {
    let field = TextEdit::singleline(text)
        .id(egui::Id::unique(("replay field", name)))
        .hint_text(RichText::new(hint).color(theme.muted))
        .char_limit(1000)
        .desired_width(width)
        .margin(egui::Margin::symmetric(8, 5));
    ui.add(field).accessible_name(name);
}

/// A table of what goes out as what; kept as text, one mapping after the other.
fn mappings(
    ui: &mut Ui,
    theme: &Theme,
    (label, what, (from_hint, to_hint)): (&str, &str, (&str, &str)),
    text: &mut String,
) {
    let mut rows: Vec<(String, String)> = text
        .split(',')
        .filter(|item| !item.trim().is_empty())
        .map(|item| {
            let (from, to) = item.split_once('=').unwrap_or((item, ""));
            (from.trim().to_owned(), to.trim().to_owned())
        })
        .collect();
    let mut gone = None;
    for (at, (from, to)) in rows.iter_mut().enumerate() {
        let label = if at == 0 { label } else { "" };
        labelled(ui, theme, label, |ui| {
            field(
                ui,
                theme,
                (&format!("{what} {} in the recording", at + 1), 130.0),
                from,
                from_hint,
            );
            ui.label(RichText::new("goes out as").color(theme.muted));
            field(ui, theme, (&format!("{what} {} goes out as", at + 1), 130.0), to, to_hint);
            let close = ui.button(icons::CLOSE);
            if close.accessible_name(format!("Take away {what} {}", at + 1)).clicked() {
                gone = Some(at);
            }
        });
    }
    if let Some(at) = gone.filter(|at| *at < rows.len()) {
        rows.remove(at);
    }
    let first = if rows.is_empty() { label } else { "" };
    labelled(ui, theme, first, |ui| {
        let words = if what == "Id" { "Send an id as another" } else { "Send a bus elsewhere" };
        if ui.button(words).clicked() {
            rows.push((String::new(), String::new()));
        }
    });
    let written: Vec<String> = rows
        .iter()
        .map(|(from, to)| {
            format!("{}={}", from.replace([',', '='], ""), to.replace([',', '='], ""))
        })
        .collect();
    *text = written.join(", ");
}
