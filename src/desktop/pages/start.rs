//! The page that offers what to open: the demo, a CAN interface of this machine, a recording.
//! It is the Open page, and stands alone only while no profile runs.

use std::path::PathBuf;

use egui::{Key, RichText, ScrollArea, TextEdit, Ui, Vec2};

use crate::desktop::command::{Command, LogCommand};
use crate::desktop::fonts;
use crate::desktop::icons;
use crate::desktop::pages;
use crate::desktop::source::Intent;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::panel::{GAP, panel};
use crate::desktop::widgets::text::{line, name, paragraph};
use crate::engine::{ADAPTER_RATES, Slcan};
use crate::view::compose::chrome::bit_rate;
use crate::view::start::StartView;

/// Name of the path field, also for tests.
pub const PATH: &str = "Path of a recording";

/// Name of the list of bit rates for adapters, also for tests.
pub const RATE: &str = "Bit rate of the adapter";

/// What the page keeps between frames.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StartPage {
    /// What was typed as a path.
    pub path: String,
    /// What the system's file dialog had to say.
    pub dialog: String,
    /// The bit rate that an adapter is opened with; 0 while none is chosen.
    pub rate: u32,
    /// Whether an adapter takes part on the bus, instead of only listening.
    pub takes_part: bool,
}

/// One way to start, drawn on its card.
type Card<'a> = Box<dyn FnMut(&mut Ui) -> Option<Command> + 'a>;

/// Draws the page.
pub fn draw(ui: &mut Ui, theme: &Theme, view: &StartView, page: &mut StartPage) -> Option<Command> {
    let mut asked = None;
    ScrollArea::vertical().id_salt("start page").auto_shrink(false).show(ui, |ui| {
        let width = ui.available_width();
        ui.label(
            RichText::new("What would you like to look at?")
                .font(fonts::strong(22.0))
                .color(theme.text),
        );
        let words = "Busbar remembers the choice; Open on the left brings this page back.";
        paragraph(ui, words, theme.muted);
        ui.add_space(8.0);
        let columns = if width >= 840.0 { 3 } else { 1 };
        let each = (width - GAP * (columns as f32 - 1.0)) / columns as f32;
        let mut adapters = page.clone();
        let mut cards: [Card<'_>; 3] = [
            Box::new(|ui| demo(ui, theme, view)),
            Box::new(|ui| interfaces(ui, theme, view, &mut adapters)),
            Box::new(|ui| recording(ui, theme, page)),
        ];
        for row in cards.chunks_mut(columns) {
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing.x = GAP;
                for card in row {
                    ui.allocate_ui(Vec2::new(each, 0.0), |ui| {
                        ui.set_width(each);
                        ui.vertical(|ui| {
                            if let Some(command) = panel(ui, theme, "", |ui| card(ui)) {
                                asked = Some(command);
                            }
                        });
                    });
                }
            });
            ui.add_space(GAP - 6.0);
        }
        drop(cards);
        (page.rate, page.takes_part) = (adapters.rate, adapters.takes_part);
    });
    asked
}

fn heading(ui: &mut Ui, theme: &Theme, icon: &str, text: &str, sentence: &str) {
    ui.label(RichText::new(icon).font(fonts::text(30.0)).color(theme.accent));
    ui.label(RichText::new(text).font(fonts::strong(16.0)).color(theme.text));
    paragraph(ui, sentence, theme.muted);
    ui.add_space(6.0);
}

/// A button with its sentence close below it. Returns whether it was pressed.
fn choice(ui: &mut Ui, theme: &Theme, button: egui::Button<'_>, sentence: &str) -> bool {
    let gap = ui.spacing().item_spacing.y;
    let pressed = ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = (gap * 0.5).floor();
        let pressed = ui.add(button).clicked();
        paragraph(ui, sentence, theme.muted);
        pressed
    });
    ui.add_space(6.0);
    pressed.inner
}

fn demo(ui: &mut Ui, theme: &Theme, view: &StartView) -> Option<Command> {
    let words =
        "Simulated devices speak real frames on a bus inside the program. Nothing to connect.";
    heading(ui, theme, icons::FLASK, "The demo", words);
    let mut asked = None;
    for (at, (scene, sentence)) in view.scenes.iter().enumerate() {
        let label = if at == 0 { "Open the demo".to_owned() } else { format!("Open {scene}") };
        let button =
            if at == 0 { pages::primary(theme, &label) } else { egui::Button::new(&label) };
        if choice(ui, theme, button, sentence) {
            asked = Some(Command::Submit(Intent::ChooseDemo(scene.clone())));
        }
        if at == 0 {
            let words = "Opens the demo, parks it at its charger and leads to the Charge page.";
            if choice(ui, theme, egui::Button::new("Charge the demo pack"), words) {
                asked = Some(Command::ChargeDemo);
            }
        }
    }
    asked
}

/// How adapters on serial ports are opened.
fn adapters(ui: &mut Ui, page: &mut StartPage) {
    ui.horizontal_wrapped(|ui| {
        let words = |rate: u32| match rate {
            0 => "Bit rate".to_owned(),
            rate => bit_rate(rate),
        };
        let list = egui::ComboBox::from_id_salt(RATE).selected_text(words(page.rate));
        let drawn = list.show_ui(ui, |ui| {
            for rate in ADAPTER_RATES {
                ui.selectable_value(&mut page.rate, rate, words(rate));
            }
        });
        name(&drawn.response, egui::Role::ComboBox, RATE);
        ui.checkbox(&mut page.takes_part, "Take part: acknowledge, and send when armed");
    });
}

fn interfaces(
    ui: &mut Ui,
    theme: &Theme,
    view: &StartView,
    page: &mut StartPage,
) -> Option<Command> {
    let words = "Listen on a CAN interface of this machine. Busbar stays silent on it.";
    heading(ui, theme, icons::PLUGS, "A CAN interface", words);
    let mut asked = None;
    if view.interfaces.iter().any(|found| found.wants_rate) {
        adapters(ui, page);
    }
    for found in view.interfaces.iter().filter(|found| found.wants_rate) {
        let button = egui::Button::new(format!("Use {}", found.name));
        let known = page.rate > 0;
        let words = if known {
            found.sentence.clone()
        } else {
            format!("{}. Choose its bit rate first: a wrong one disturbs the bus.", found.sentence)
        };
        let drawn = ui.add_enabled_ui(known, |ui| choice(ui, theme, button, &words)).inner;
        if drawn {
            asked = Some(Command::Submit(Intent::ChooseAdapter(Slcan {
                port: found.name.clone(),
                bit_rate: Some(page.rate),
                listen_only: !page.takes_part,
                ..Slcan::default()
            })));
        }
    }
    for found in view.interfaces.iter().filter(|found| !found.wants_rate) {
        let label = format!("Use {}", found.name);
        if choice(ui, theme, egui::Button::new(label), &found.sentence) {
            asked = Some(Command::Submit(Intent::ChooseInterface(found.name.clone())));
        }
    }
    if view.interfaces.is_empty() {
        paragraph(ui, &view.no_interface, theme.text);
        ui.add_space(4.0);
    }
    let again = ui.button(format!("{}  Look again", icons::REFRESH)).accessible_name("Look again");
    if again.clicked() {
        asked = Some(Command::Submit(Intent::FindInterfaces));
    }
    asked
}

fn recording(ui: &mut Ui, theme: &Theme, page: &mut StartPage) -> Option<Command> {
    let words = "Play a log with pause, speed and seek: candump, ASC, BLF, PCAN trace, CSV, CRTD, pcap or MF4, found by content.";
    heading(ui, theme, icons::FILE, "A recording", words);
    let mut asked = None;
    if ui.button(format!("{}  Browse…", icons::FOLDER_OPEN)).accessible_name("Browse…").clicked()
    {
        asked = Some(Command::Browse);
    }
    if !page.dialog.is_empty() {
        paragraph(ui, &page.dialog, theme.warning);
    }
    paragraph(ui, "or type its path, or drop the file on this window:", theme.muted);
    let field = TextEdit::singleline(&mut page.path)
        .hint_text(RichText::new("/home/ada/logs/drive.log").color(theme.muted))
        .font(fonts::mono(12.5))
        .desired_width(ui.available_width())
        .margin(egui::Margin::symmetric(10, 7));
    let response = ui.add(field).accessible_name(PATH);
    let entered = response.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
    let path = page.path.trim();
    let open = ui.add_enabled(!path.is_empty(), egui::Button::new("Play the recording"));
    if (open.on_disabled_hover_text("Type the path of a recording first.").clicked() || entered)
        && !path.is_empty()
    {
        asked = Some(Command::Submit(Intent::OpenRecording(PathBuf::from(path))));
    }
    let look = egui::Button::new("Look at it beside what runs");
    let look = ui.add_enabled(!page.path.trim().is_empty(), look);
    if look.on_disabled_hover_text("Type the path of a recording first.").clicked() {
        asked = Some(Command::Log(LogCommand::Open(PathBuf::from(page.path.trim()))));
    }
    line(ui, "Broken lines are skipped and counted.", fonts::text(11.5), theme.muted);
    asked
}
