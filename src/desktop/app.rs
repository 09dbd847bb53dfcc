//! The window: keeps what a person set, asks the source for views when they changed, lets pages
//! draw them and carries out what they return. Never waits: what could wait runs on a thread of
//! its own.

mod keys;
mod logs;
mod look;
mod packs;

use std::sync::Arc;

use egui::{CentralPanel, Frame, Margin, Panel, Ui};
use serde::{Deserialize, Serialize};

use crate::desktop::ask::{ChargeAsk, Place, ReportForm};
use crate::desktop::command::{Command, Page, ScaleStep, entries};
use crate::desktop::dialog::Dialog;
use crate::desktop::pages;
use crate::desktop::pages::admin::{AdminPage, AdminPrefs, AdminViews, Tab};
use crate::desktop::pages::can::{CanPage, CanPrefs, CanTab, CanViews};
use crate::desktop::pages::charge::{ChargePage, Reply, question};
use crate::desktop::pages::pack::PackPage;
use crate::desktop::pages::parts::PartsPage;
use crate::desktop::pages::profiles::ProfilesPage;
use crate::desktop::pages::start::StartPage;
use crate::desktop::shell::overlay::{self, Outcome, Overlay, Typed};
use crate::desktop::shell::path_box;
use crate::desktop::shell::{bars, rail};
use crate::desktop::source::{Intent, Source};
use crate::desktop::theme::{Theme, ThemeChoice, ThemeError, Themes};
use crate::desktop::widgets::cell_plan::Density;
use crate::desktop::widgets::player;
use crate::desktop::widgets::text::note;
use crate::view::charge::{ChargePrefs, ChargeView};
use crate::view::chrome::Chrome;
use crate::view::components::{PartsPrefs, PartsSeen};
use crate::view::filter::FilterAsk;
use crate::view::logs::LogId;
use crate::view::offer::Question;
use crate::view::pack::PackView;
use crate::view::start::StartView;
use crate::view::traffic::TrafficPrefs;

const STORED: &str = "window";

/// What is remembered from one run to the next, besides the window's place and column widths,
/// which egui remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    page: Page,
    theme: ThemeChoice,
    scale: Option<f32>,
    pack: Option<String>,
    density: Density,
    traffic: TrafficPrefs,
    can: CanPrefs,
    charge: ChargePrefs,
    admin: AdminPrefs,
    path: String,
}

/// What the file dialog asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Browsing {
    /// A recording to open.
    #[default]
    Recording,
    /// Where to save the journal.
    Journal,
    /// Where to save a backup.
    Backup,
    /// Where to save the report of a charge.
    Report(u64, ReportForm),
    /// A recording to replay.
    Replay,
    /// A recording to look at.
    Log,
    /// A DBC file to decode a recording with.
    Dictionary(LogId),
    /// Where to save frames, and which. Something else may be shown when it is answered.
    Frames(logs::FramesOf),
    /// Where to save values of a plot, and which.
    Values(logs::ValuesOf),
    /// A DBC file to edit.
    Edited,
    /// A DBC file to make a component out of.
    Own,
    /// Where to save a DBC file.
    SavedDbc,
    /// A profile pack, or where to save one.
    Pack,
}

/// The views of the moment.
#[derive(Default)]
struct Seen {
    version: Option<u64>,
    prefs: TrafficPrefs,
    can_prefs: CanPrefs,
    admin_prefs: AdminPrefs,
    charge_prefs: ChargePrefs,
    page: Page,
    chrome: Chrome,
    pack: PackView,
    charge: ChargeView,
    can: CanViews,
    parts: PartsSeen,
    parts_prefs: PartsPrefs,
    admin: AdminViews,
    start: StartView,
    /// What was wanted of the table by id of a recording.
    table: Option<(LogId, TrafficPrefs)>,
}

/// The window's application.
pub struct App {
    source: Box<dyn Source>,
    themes: Themes,
    kept: Kept,
    seen: Seen,
    pack: PackPage,
    start: StartPage,
    charge: ChargePage,
    can: CanPage,
    /// What is asked before the window closes.
    closing: Option<Question>,
    /// It was answered: the window may close.
    leaving: bool,
    /// The demo is charged once it runs.
    charge_demo: bool,
    admin: AdminPage,
    parts: PartsPage,
    profiles: ProfilesPage,
    overlay: Option<Overlay>,
    dialog: Dialog,
    /// What the file dialog asks for.
    browsing: Browsing,
    asked: Vec<Intent>,
    /// What the source had opened when last looked at.
    opened: u64,
    /// Somebody chose what to run and waits for it on the Open page.
    awaiting: bool,
}

impl App {
    /// Prepares fonts, themes and what was remembered, and gives the source its waker.
    ///
    /// # Errors
    /// Only where the compiled-in tokens are broken.
    pub fn new(
        ctx: &egui::Context,
        storage: Option<&dyn eframe::Storage>,
        mut source: Box<dyn Source>,
    ) -> Result<Self, ThemeError> {
        let themes = Themes::builtin()?;
        themes.install(ctx);
        let mut kept: Kept = storage.and_then(|s| eframe::get_value(s, STORED)).unwrap_or_default();
        // What was typed for a charge of yesterday is not meant for one of today.
        kept.charge.typed.clear();
        // Its numbers were those of other frames.
        kept.can.trace.marks.clear();
        ctx.set_theme(kept.theme.preference());
        if let Some(scale) = kept.scale.filter(|s| s.is_finite()) {
            ctx.set_zoom_factor(scale.clamp(0.5, 3.0));
        }
        let waking = ctx.clone();
        source.wake_with(Arc::new(move || waking.request_repaint()));
        let pack = PackPage { selected: None, density: kept.density };
        let opened = source.opened();
        let earlier = kept.traffic.saved.clone();
        let tried = earlier.iter().map(|one| one.name.clone()).collect();
        let told = std::mem::replace(&mut kept.traffic.told, tried);
        let take_over = FilterAsk::TakeOver { earlier, told };
        let asked = (!kept.traffic.saved.is_empty()).then_some(Intent::Filter(take_over));
        let can = CanPage::plotting(kept.can.plotted.clone());
        let start = StartPage { path: kept.path.clone(), ..StartPage::default() };
        Ok(Self {
            source,
            themes,
            kept,
            seen: Seen::default(),
            pack,
            start,
            charge: ChargePage::default(),
            can,
            closing: None,
            leaving: false,
            charge_demo: false,
            admin: AdminPage::default(),
            parts: PartsPage::default(),
            profiles: ProfilesPage::default(),
            overlay: None,
            dialog: Dialog::default(),
            browsing: Browsing::default(),
            asked: asked.into_iter().collect(),
            opened,
            awaiting: false,
        })
    }

    /// The page that is shown: without a running profile, what there is to open.
    fn page(&self) -> Page {
        match self.kept.page {
            page @ (Page::About | Page::Admin | Page::Profiles) => page,
            // Recordings need nothing that runs.
            Page::Can if !self.can.logs.is_empty() => Page::Can,
            Page::Pack | Page::Charge | Page::Can | Page::Parts | Page::Open
                if !self.source.running() =>
            {
                Page::Open
            }
            page @ (Page::Pack | Page::Charge | Page::Can | Page::Parts | Page::Open) => page,
        }
    }

    /// Asks for new views where the source or the wishes changed.
    fn look(&mut self) {
        let version = self.source.version();
        let opened = self.source.opened();
        if std::mem::replace(&mut self.opened, opened) != opened && self.awaiting {
            self.awaiting = false;
            self.kept.page = Page::Pack;
            self.pack.selected = None;
            if std::mem::take(&mut self.charge_demo) {
                self.kept.page = Page::Charge;
                let park = ChargeAsk::Demo { parked: true, pace: 1.0 };
                self.source.submit(Intent::Charge(park));
            }
        }
        for answer in self.source.answers() {
            match answer.place {
                Place::Charges => self.charge.take(answer.outcome),
                Place::Rules => self.charge.take_rule(answer.outcome),
                Place::Parts => self.parts.take(answer.outcome),
                Place::ProfilesLook | Place::Profiles => self.profiles.take(answer),
                Place::AddUser
                | Place::User
                | Place::Services
                | Place::Sessions
                | Place::Journal
                | Place::JournalTools
                | Place::SystemLook
                | Place::Feedback
                | Place::Backup
                | Place::Settings(_) => self.admin.take(answer, &mut self.kept.admin),
            }
        }
        let page = self.page();
        let same = self.seen.version == Some(version);
        let wishes = self.seen.prefs == self.kept.traffic
            && self.seen.can_prefs == self.kept.can
            && self.seen.admin_prefs == self.kept.admin
            && self.seen.charge_prefs == self.kept.charge
            && self.seen.parts_prefs == self.parts.prefs
            && self.seen.table == self.table_of_log();
        if same && self.seen.page == page && wishes && !self.wants_trace() {
            return;
        }
        if !same {
            self.seen.chrome = self.source.chrome();
            self.look_at_filters();
        }
        match page {
            Page::Pack => self.seen.pack = self.source.pack(self.kept.pack.as_deref()),
            Page::Charge => self.seen.charge = self.source.charge(&self.kept.charge),
            Page::Can => self.look_at_can(),
            Page::Parts => self.look_at_parts(),
            Page::Admin => self.look_at_people(),
            Page::Open => self.seen.start = self.source.start(),
            // What it shows is asked for by the page and comes as an answer.
            Page::About | Page::Profiles => {}
        }
        self.seen.version = Some(version);
        self.seen.page = page;
        self.seen.prefs = self.kept.traffic.clone();
        self.seen.can_prefs = self.kept.can.clone();
        self.seen.table = self.table_of_log();
        self.seen.charge_prefs = self.kept.charge.clone();
        self.seen.admin_prefs = self.kept.admin.clone();
    }

    /// Whether the trace is in sight and has more to show.
    fn wants_trace(&self) -> bool {
        let shown = self.page() == Page::Can && self.kept.can.tab == CanTab::Trace;
        let chosen = self.seen.can.trace.chosen.as_ref().map(|frame| frame.at);
        shown && self.can.wants_trace(&self.kept.can.trace, chosen)
    }

    fn carry_out(&mut self, ctx: &egui::Context, command: Command) {
        // What it changes was drawn before it was asked for.
        ctx.request_repaint();
        match command {
            Command::Submit(intent) => {
                let opens = matches!(
                    intent,
                    Intent::ChooseDemo(_)
                        | Intent::ChooseInterface(_)
                        | Intent::ChooseAdapter(_)
                        | Intent::OpenRecording(_)
                );
                // The page changes once it runs; a try that fails is mended where it was made.
                self.awaiting |= opens;
                if let Intent::Admin(ask) = &intent {
                    self.admin.handed_on(ask);
                }
                self.asked.push(intent);
            }
            Command::Stop => self.stop(),
            Command::Silence => self.silence(),
            Command::GoCan(tab) => {
                self.kept.can.tab = tab;
                self.carry_out(ctx, Command::Go(Page::Can));
            }
            Command::SendLike(like) => {
                let draft = self.source.like(like);
                self.can.like(draft, &mut self.kept.can.send);
                self.carry_out(ctx, Command::GoCan(CanTab::Send));
            }
            Command::CopyRows(between) => {
                ctx.copy_text(self.source.copied(self.can.logs.shown, between));
            }
            Command::Log(command) => self.logs(ctx, command),
            Command::SaveFrames(wanted) => self.save_frames(ctx, wanted),
            Command::SaveValues(wanted) => self.save_values(ctx, wanted),
            Command::Plot(key) => {
                self.can.plot_here().1.add(key);
                self.carry_out(ctx, Command::GoCan(CanTab::Trace));
            }
            Command::GoToMoment { key, at } => self.go_to_moment(key.as_ref(), at),
            Command::Dbc(command) => self.dbc(ctx, command),
            Command::SetSignal { signal, typed } => {
                let draft = self.source.with_signal(&self.kept.can.send.draft, &signal, &typed);
                self.can.signal_set(draft, &mut self.kept.can.send);
            }
            Command::ChargeDemo => {
                self.charge_demo = true;
                self.awaiting = true;
                self.asked.push(Intent::ChooseDemo("demo".to_owned()));
            }
            Command::Go(page) => {
                // Who went elsewhere meanwhile is not called away from there.
                (self.awaiting, self.charge_demo) = (false, false);
                if page == Page::Admin && self.kept.page != page {
                    self.admin.forget_journal();
                }
                self.kept.page = page;
                ctx.memory_mut(|m| {
                    if let Some(id) = m.focused() {
                        m.surrender_focus(id);
                    }
                });
            }
            Command::GoAdmin(tab) => {
                if std::mem::replace(&mut self.kept.admin.tab, tab) != tab {
                    self.admin.forget_journal();
                }
                self.carry_out(ctx, Command::Go(Page::Admin));
            }
            Command::AddUser => {
                self.admin.add_user();
                self.carry_out(ctx, Command::GoAdmin(Tab::Users));
            }
            Command::BrowseSave(format) => {
                self.dialog.is_for(&mut self.browsing, Browsing::Journal);
                self.dialog.save(
                    ctx,
                    "Save the journal",
                    format!("busbar-journal.{}", format.code()),
                );
            }
            Command::BrowseBackup(name) => {
                self.dialog.is_for(&mut self.browsing, Browsing::Backup);
                self.dialog.save(ctx, "Save the backup", name);
            }
            Command::SelectPack(label) => {
                self.awaiting = false;
                self.kept.pack = Some(label);
                self.kept.page = Page::Pack;
                self.pack.selected = None;
                self.seen.version = None;
            }
            Command::Theme(choice) => {
                self.kept.theme = choice;
                ctx.set_theme(choice.preference());
            }
            Command::Scale(step) => {
                let now = ctx.zoom_factor();
                let wanted = match step {
                    ScaleStep::Larger => now + 0.1,
                    ScaleStep::Smaller => now - 0.1,
                    ScaleStep::Normal => 1.0,
                };
                ctx.set_zoom_factor((wanted * 10.0).round().clamp(5.0, 30.0) / 10.0);
            }
            Command::Browse => {
                self.start.dialog.clear();
                self.dialog.is_for(&mut self.browsing, Browsing::Recording);
                self.dialog.open(ctx);
            }
            Command::BrowseReplay => {
                self.dialog.is_for(&mut self.browsing, Browsing::Replay);
                self.dialog.pick(ctx, "Choose a recording to replay");
            }
            Command::BrowseReport(id, form) => {
                self.dialog.is_for(&mut self.browsing, Browsing::Report(id, form));
                let name = format!("charge-{id}{}", form.ending());
                self.dialog.save(ctx, "Save the report", name);
            }
            Command::Pack(way) => self.packs(ctx, way),
            Command::Help => self.overlay = Some(Overlay::Help),
            Command::Palette => {
                self.seen.start = self.source.start();
                self.overlay = Some(Overlay::Palette(Typed::default()));
            }
            Command::Quit => match self.closing_question().filter(|_| !self.leaving) {
                Some(question) => self.closing = Some(question),
                None => ctx.send_viewport_cmd(egui::ViewportCommand::Close),
            },
        }
    }

    fn frame(&mut self, ui: &mut Ui, theme: &Theme) -> Option<Command> {
        if self.overlay.is_some() || self.covered() {
            // A tip of the page would stay above what lies on top; nothing is drawn paler, the
            // overlay sees to that.
            ui.visuals_mut().disabled_alpha = 1.0;
            ui.disable();
        }
        let mut asked = None;
        let edge = |fill, margin| Frame::new().fill(fill).inner_margin(margin);
        let bar = |fill| edge(fill, Margin::symmetric(16, 0));
        let window = ui.available_width();
        let page = self.page();
        let any = self.source.running() || !self.can.logs.is_empty();
        let there: &[Page] = if any { &Page::ALL } else { &Page::BEFORE };
        let rail = Panel::left("rail").exact_size(rail::width(window)).resizable(false);
        let command = rail
            .frame(edge(theme.rail, Margin::ZERO))
            .show(ui, |ui| rail::draw(ui, theme, there, page));
        asked = asked.or(command.inner);
        let top = Panel::top("top bar").exact_size(46.0).frame(bar(theme.rail));
        asked = asked.or(top.show(ui, |ui| bars::top(ui, theme, &self.seen.chrome)).inner);
        let bottom = Panel::bottom("bottom line").exact_size(26.0).frame(bar(theme.rail));
        bottom.show(ui, |ui| bars::bottom(ui, theme, &self.seen.chrome));
        if let Some(view) = &self.seen.chrome.player {
            let frame = edge(theme.rail, Margin::symmetric(16, 7));
            let panel = Panel::bottom("player").frame(frame);
            asked = asked.or(panel.show(ui, |ui| player::player(ui, theme, view)).inner);
        }
        let frame = edge(theme.background, Margin::symmetric(16, 12));
        let mut closed = None;
        let drawn = CentralPanel::default().frame(frame).show(ui, |ui| {
            for sentence in &self.seen.chrome.notes {
                if note(ui, theme, sentence) {
                    closed = Some(Command::Submit(Intent::DismissNotes));
                }
            }
            let mut strip = None;
            if page == Page::Pack
                && let Some(offer) = &self.seen.chrome.demo
                && bars::charge_demo(ui, theme, offer)
            {
                strip = Some(Command::ChargeDemo);
            }
            let on_page = match page {
                Page::Pack => pages::pack::draw(ui, theme, &self.seen.pack, &mut self.pack),
                Page::Charge => {
                    self.charge.draw(ui, theme, &self.seen.charge, &mut self.kept.charge)
                }
                Page::Can => {
                    let prefs = (&mut self.kept.can, &mut self.kept.traffic);
                    self.can.draw(ui, theme, &self.seen.can, prefs)
                }
                Page::Parts => self.parts.draw(ui, theme, &self.seen.parts),
                Page::Profiles => self.profiles.draw(ui, theme),
                Page::Admin => self.admin.draw(ui, theme, &self.seen.admin, &mut self.kept.admin),
                Page::Open => pages::start::draw(ui, theme, &self.seen.start, &mut self.start),
                Page::About => pages::about::draw(ui, theme, self.kept.theme),
            };
            strip.or(on_page)
        });
        asked.or(closed).or(drawn.inner)
    }

    /// Whether a box lies on top that is neither palette nor help.
    fn covered(&self) -> bool {
        let page = self.page();
        self.closing.is_some()
            || (page == Page::Admin && self.admin.is_covered())
            || (page == Page::Charge && self.charge.is_covered())
            || (page == Page::Can && self.can.is_covered())
            || (page == Page::Parts && self.parts.is_covered())
            || (page == Page::Profiles && self.profiles.is_covered())
    }

    fn on_top(&mut self, ctx: &egui::Context, theme: &Theme) -> Option<Command> {
        if let Some(asked) = &self.closing {
            match question(ctx, theme, asked, self.stays()) {
                Reply::Open => {}
                Reply::Cancelled => self.closing = None,
                Reply::Confirmed => self.leave(ctx),
            }
            return None;
        }
        if self.overlay.is_none() && self.covered() {
            return match self.page() {
                Page::Charge => self.charge.on_top(ctx, theme, &self.seen.charge),
                Page::Can => self.can.on_top(ctx, theme),
                Page::Parts => self.parts.on_top(ctx, theme, &self.seen.parts),
                Page::Profiles => self.profiles.on_top(ctx, theme),
                Page::Admin | Page::Pack | Page::Open | Page::About => {
                    self.admin.on_top(ctx, theme)
                }
            };
        }
        let outcome = match self.overlay.as_mut()? {
            Overlay::Help => overlay::help(ctx, theme),
            Overlay::Path(asked) => path_box::draw(ctx, theme, asked),
            Overlay::Palette(typed) => {
                let all = entries(&self.seen.chrome, &self.seen.pack.tabs, &self.seen.start);
                overlay::palette(ctx, theme, typed, &all)
            }
        };
        match outcome {
            Outcome::Open => None,
            Outcome::Closed => {
                self.overlay = None;
                None
            }
            Outcome::Chosen(command) => {
                self.overlay = None;
                Some(*command)
            }
        }
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        for intent in std::mem::take(&mut self.asked) {
            self.source.submit(intent);
        }
        self.files(ctx);
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        let theme = self.themes.current(&ctx);
        self.stop_keys(&ctx);
        self.hold(&ctx);
        self.look();
        if !ctx.egui_wants_keyboard_input() {
            self.taken_over();
        }
        let key = self.keys(&ctx);
        let beneath = self.overlay.is_some() || self.covered() || egui::Popup::is_any_open(&ctx);
        let drawn = self.frame(ui, &theme);
        self.hand_on_filters(&ctx);
        let closed = if beneath { None } else { self.close_notes(&ctx) };
        let on_top = self.on_top(&ctx, &theme);
        let stop = bars::stop(&ctx, &theme, self.seen.chrome.stop.as_ref());
        let silence = bars::silence(&ctx, &theme, &self.seen.chrome);
        keys::dropping(ui, &theme);
        for command in [stop, silence, key, drawn, closed, on_top].into_iter().flatten() {
            self.carry_out(&ctx, command);
        }
        if self.seen.prefs != self.kept.traffic
            || self.seen.can_prefs != self.kept.can
            || self.wants_trace()
            || self.seen.table != self.table_of_log()
            || self.seen.admin_prefs != self.kept.admin
            || self.seen.charge_prefs != self.kept.charge
        {
            ctx.request_repaint();
        }
        self.kept.scale = Some(ctx.zoom_factor());
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        self.kept.density = self.pack.density;
        self.kept.path.clone_from(&self.start.path);
        self.kept.can.plotted.clone_from(&self.can.plot.keys);
        eframe::set_value(storage, STORED, &self.kept);
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }
}
