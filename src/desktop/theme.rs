//! Design tokens and what egui is told of them. The colours are in `assets/theme.ron` and nowhere
//! else; sizes and spaces are here. Knows nothing of pages.

use std::sync::Arc;

use egui::style::{ScrollStyle, WidgetVisuals};
use egui::{
    Color32, CornerRadius, Margin, Shadow, Stroke, Style, TextStyle, ThemePreference, Vec2,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::desktop::fonts;
use crate::view::shown::Tone;

const TOKENS: &str = include_str!("../../assets/theme.ron");

/// Which theme a person wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ThemeChoice {
    /// Dark.
    #[default]
    Dark,
    /// Light.
    Light,
    /// Whatever the system says.
    System,
}

impl ThemeChoice {
    /// All of them, in the order they are offered.
    pub const ALL: [Self; 3] = [Self::Dark, Self::Light, Self::System];

    /// What egui calls it.
    #[must_use]
    pub const fn preference(self) -> ThemePreference {
        match self {
            Self::Dark => ThemePreference::Dark,
            Self::Light => ThemePreference::Light,
            Self::System => ThemePreference::System,
        }
    }

    /// The words for it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Dark => "Dark theme",
            Self::Light => "Light theme",
            Self::System => "Follow the system's theme",
        }
    }
}

/// Why the tokens could not be read. The file is compiled in, so only a changed file brings this.
#[derive(Debug, Error)]
pub enum ThemeError {
    /// Not RON, or a token is missing.
    #[error("assets/theme.ron cannot be read")]
    Syntax(#[source] Box<ron::error::SpannedError>),
    /// A colour is not "#rrggbb".
    #[error("assets/theme.ron: {0:?} is no colour of the form #rrggbb")]
    Colour(String),
}

#[derive(Deserialize)]
struct File {
    dark: Palette<String>,
    light: Palette<String>,
}

/// The tokens of one theme.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Palette<C> {
    /// Behind everything.
    pub background: C,
    /// Rail, top bar, bottom line.
    pub rail: C,
    /// Panels.
    pub panel: C,
    /// Buttons, chips.
    pub raised: C,
    /// A button under the pointer.
    pub hover: C,
    /// Borders and rules.
    pub line: C,
    /// Text fields.
    pub field: C,
    /// Text.
    pub text: C,
    /// Less important text.
    pub muted: C,
    /// Copper: the selected thing.
    pub accent: C,
    /// Text on the accent.
    pub on_accent: C,
    /// Behind the selected thing, where its text is in the accent.
    pub accent_soft: C,
    /// As it should be.
    pub ok: C,
    /// Text on it.
    pub on_ok: C,
    /// Attend to it.
    pub warning: C,
    /// Text on it.
    pub on_warning: C,
    /// Wrong.
    pub fault: C,
    /// Text on it.
    pub on_fault: C,
    /// Worth knowing.
    pub info: C,
    /// Text on it.
    pub on_info: C,
    /// A lamp that is off.
    pub lamp_off: C,
    /// Around the selected cell.
    pub outline: C,
    /// Below windows.
    pub shadow: C,
    /// A place without a cell.
    pub absent: C,
    /// Text on a coloured tile or byte.
    pub tile_text: C,
    /// Deviation from the mean, low to high.
    pub scale: [C; 5],
    /// How often a byte changes, seldom to always.
    pub heat: [C; 3],
}

impl Palette<String> {
    fn read(self) -> Result<Palette<Color32>, ThemeError> {
        let colour = |text: String| {
            Color32::from_hex(&text)
                .ok()
                .filter(|_| text.len() == 7)
                .ok_or(ThemeError::Colour(text))
        };
        let [s0, s1, s2, s3, s4] = self.scale;
        let [h0, h1, h2] = self.heat;
        Ok(Palette {
            background: colour(self.background)?,
            rail: colour(self.rail)?,
            panel: colour(self.panel)?,
            raised: colour(self.raised)?,
            hover: colour(self.hover)?,
            line: colour(self.line)?,
            field: colour(self.field)?,
            text: colour(self.text)?,
            muted: colour(self.muted)?,
            accent: colour(self.accent)?,
            on_accent: colour(self.on_accent)?,
            accent_soft: colour(self.accent_soft)?,
            ok: colour(self.ok)?,
            on_ok: colour(self.on_ok)?,
            warning: colour(self.warning)?,
            on_warning: colour(self.on_warning)?,
            fault: colour(self.fault)?,
            on_fault: colour(self.on_fault)?,
            info: colour(self.info)?,
            on_info: colour(self.on_info)?,
            lamp_off: colour(self.lamp_off)?,
            outline: colour(self.outline)?,
            shadow: colour(self.shadow)?,
            absent: colour(self.absent)?,
            tile_text: colour(self.tile_text)?,
            scale: [colour(s0)?, colour(s1)?, colour(s2)?, colour(s3)?, colour(s4)?],
            heat: [colour(h0)?, colour(h1)?, colour(h2)?],
        })
    }
}

/// One theme, ready to draw with.
pub type Theme = Palette<Color32>;

impl Theme {
    /// Text or dot of a tone.
    #[must_use]
    pub const fn tone(&self, tone: Tone) -> Color32 {
        match tone {
            Tone::Muted => self.muted,
            Tone::Plain => self.text,
            Tone::Ok => self.ok,
            Tone::Info => self.info,
            Tone::Warning => self.warning,
            Tone::Fault => self.fault,
        }
    }

    /// A lamp of a tone.
    #[must_use]
    pub const fn lamp(&self, tone: Tone) -> Color32 {
        match tone {
            Tone::Muted | Tone::Plain => self.lamp_off,
            Tone::Ok | Tone::Info | Tone::Warning | Tone::Fault => self.tone(tone),
        }
    }

    /// Text on a filled badge of a tone.
    #[must_use]
    pub const fn on_tone(&self, tone: Tone) -> Color32 {
        match tone {
            Tone::Muted | Tone::Plain => self.text,
            Tone::Ok => self.on_ok,
            Tone::Info => self.on_info,
            Tone::Warning => self.on_warning,
            Tone::Fault => self.on_fault,
        }
    }

    /// Colour of a deviation from -1 to 1.
    #[must_use]
    pub fn deviation(&self, deviation: f32) -> Color32 {
        along(&self.scale, (deviation.clamp(-1.0, 1.0) + 1.0) / 2.0)
    }

    /// Colour of a byte that changes this often, 0 to 1; `None` where it does not.
    #[must_use]
    pub fn heat(&self, heat: f32) -> Option<Color32> {
        (heat > 0.02).then(|| along(&self.heat, heat.clamp(0.0, 1.0)))
    }

    /// A tile's colour when its value is late.
    #[must_use]
    pub fn dimmed(&self, colour: Color32) -> Color32 {
        self.panel.lerp_to_gamma(colour, 0.28)
    }
}

fn along(stops: &[Color32], share: f32) -> Color32 {
    let last = stops.len().saturating_sub(1);
    let place = share * last as f32;
    let below = (place as usize).min(last.saturating_sub(1));
    match (stops.get(below), stops.get(below + 1)) {
        (Some(low), Some(high)) => low.lerp_to_gamma(*high, place - below as f32),
        (Some(only), None) => *only,
        (None, _) => Color32::TRANSPARENT,
    }
}

/// Both themes.
#[derive(Clone, Debug)]
pub struct Themes {
    /// Dark.
    pub dark: Arc<Theme>,
    /// Light.
    pub light: Arc<Theme>,
}

impl Themes {
    /// Reads the tokens that are compiled in.
    ///
    /// # Errors
    /// Where the file is no RON, lacks a token or has a colour that is none.
    pub fn builtin() -> Result<Self, ThemeError> {
        Self::parse(TOKENS)
    }

    fn parse(text: &str) -> Result<Self, ThemeError> {
        let file: File = ron::from_str(text).map_err(|e| ThemeError::Syntax(Box::new(e)))?;
        Ok(Self { dark: Arc::new(file.dark.read()?), light: Arc::new(file.light.read()?) })
    }

    /// Tells egui both styles and the fonts.
    pub fn install(&self, ctx: &egui::Context) {
        ctx.set_fonts(fonts::definitions());
        ctx.set_style_of(egui::Theme::Dark, style(&self.dark, egui::Visuals::dark()));
        ctx.set_style_of(egui::Theme::Light, style(&self.light, egui::Visuals::light()));
    }

    /// The one in force.
    #[must_use]
    pub fn current(&self, ctx: &egui::Context) -> Arc<Theme> {
        match ctx.theme() {
            egui::Theme::Dark => Arc::clone(&self.dark),
            egui::Theme::Light => Arc::clone(&self.light),
        }
    }
}

fn style(theme: &Theme, ground: egui::Visuals) -> Style {
    let mut style = Style { visuals: ground, ..Style::default() };
    style.text_styles = [
        (TextStyle::Small, fonts::text(11.5)),
        (TextStyle::Body, fonts::text(13.5)),
        (TextStyle::Button, fonts::text(13.5)),
        (TextStyle::Heading, fonts::strong(20.0)),
        (TextStyle::Monospace, fonts::mono(13.0)),
    ]
    .into();
    style.spacing.item_spacing = Vec2::new(8.0, 6.0);
    style.spacing.button_padding = Vec2::new(12.0, 6.0);
    style.spacing.interact_size = Vec2::new(32.0, 30.0);
    style.spacing.slider_rail_height = 6.0;
    style.spacing.menu_margin = Margin::same(8);
    style.spacing.tooltip_width = 420.0;
    style.spacing.scroll = ScrollStyle::floating();
    style.interaction.tooltip_delay = 0.25;
    // Nothing moves by itself: a still picture needs no repaint.
    style.animation_time = 0.0;
    style.interaction.selectable_labels = false;
    style.visuals.text_cursor.blink = false;
    visuals(theme, &mut style.visuals);
    style
}

fn visuals(theme: &Theme, v: &mut egui::Visuals) {
    let corner = CornerRadius::same(6);
    let widget = |fill: Color32, stroke: Color32, text: Color32| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(1.0, stroke),
        corner_radius: corner,
        fg_stroke: Stroke::new(1.0, text),
        expansion: 0.0,
    };
    v.override_text_color = None;
    v.weak_text_color = Some(theme.muted);
    v.widgets.noninteractive = widget(theme.panel, theme.line, theme.text);
    v.widgets.inactive = widget(theme.raised, theme.line, theme.text);
    v.widgets.hovered = widget(theme.hover, theme.muted, theme.text);
    v.widgets.active = widget(theme.hover, theme.accent, theme.text);
    v.widgets.open = widget(theme.hover, theme.line, theme.text);
    v.selection.bg_fill = theme.accent_soft;
    v.selection.stroke = Stroke::new(1.0, theme.accent);
    v.hyperlink_color = theme.info;
    v.faint_bg_color = theme.raised;
    v.extreme_bg_color = theme.field;
    v.text_edit_bg_color = Some(theme.field);
    v.code_bg_color = theme.field;
    v.warn_fg_color = theme.warning;
    v.error_fg_color = theme.fault;
    v.window_fill = theme.panel;
    v.panel_fill = theme.background;
    v.window_stroke = Stroke::new(1.0, theme.line);
    v.window_corner_radius = CornerRadius::same(10);
    v.menu_corner_radius = CornerRadius::same(8);
    let shadow =
        Shadow { offset: [0, 6], blur: 18, spread: 0, color: theme.shadow.gamma_multiply(0.4) };
    v.window_shadow = shadow;
    v.popup_shadow = shadow;
    v.striped = false;
    v.slider_trailing_fill = true;
    v.text_cursor.stroke = Stroke::new(2.0, theme.accent);
}

/// Contrast of two colours as WCAG 2 defines it, 1 to 21.
#[must_use]
pub fn contrast(a: Color32, b: Color32) -> f32 {
    let luminance = |c: Color32| {
        let linear = egui::Rgba::from(c);
        0.2126 * linear.r() + 0.7152 * linear.g() + 0.0722 * linear.b()
    };
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENOUGH: f32 = 4.5;

    fn each(check: impl Fn(&str, &Theme)) {
        let themes = Themes::builtin().expect("the tokens read");
        check("dark", &themes.dark);
        check("light", &themes.light);
    }

    #[test]
    fn every_text_is_readable_on_every_ground_in_both_themes() {
        each(|name, t| {
            let grounds = [t.background, t.rail, t.panel, t.raised, t.field, t.hover];
            let texts = [t.text, t.muted, t.accent, t.ok, t.warning, t.fault, t.info];
            for (i, text) in texts.into_iter().enumerate() {
                for (j, ground) in grounds.into_iter().enumerate() {
                    let found = contrast(text, ground);
                    assert!(found >= ENOUGH, "{name}: text {i} on ground {j} has {found:.2}");
                }
            }
            for (what, text, ground) in [
                ("accent", t.on_accent, t.accent),
                ("selected", t.accent, t.accent_soft),
                ("selected text", t.text, t.accent_soft),
                ("selected muted", t.muted, t.accent_soft),
                ("ok", t.on_ok, t.ok),
                ("warning", t.on_warning, t.warning),
                ("fault", t.on_fault, t.fault),
                ("info", t.on_info, t.info),
                ("absent", t.muted, t.absent),
            ] {
                let found = contrast(text, ground);
                assert!(found >= ENOUGH, "{name}: text on {what} has {found:.2}");
            }
        });
    }

    #[test]
    fn a_cell_is_readable_anywhere_on_the_scale_fresh_or_late() {
        each(|name, t| {
            for step in 0..=40 {
                let tile = t.deviation(step as f32 / 20.0 - 1.0);
                let fresh = contrast(t.tile_text, tile);
                assert!(fresh >= ENOUGH, "{name}: fresh at {step} has {fresh:.2}");
                let late = contrast(t.text, t.dimmed(tile));
                assert!(late >= ENOUGH, "{name}: late at {step} has {late:.2}");
                if let Some(byte) = t.heat(step as f32 / 40.0) {
                    let hot = contrast(t.tile_text, byte);
                    assert!(hot >= ENOUGH, "{name}: byte at {step} has {hot:.2}");
                }
            }
        });
    }

    #[test]
    fn a_colour_that_is_none_is_named() {
        let broken = TOKENS.replace("#0e1217", "#0e12");
        let error = Themes::parse(&broken).expect_err("not a colour");
        assert!(error.to_string().contains("\"#0e12\""), "{error}");
    }

    #[test]
    fn the_scale_runs_from_its_first_to_its_last_colour() {
        each(|_, t| {
            assert_eq!(t.deviation(-3.0), t.scale[0]);
            assert_eq!(t.deviation(0.0), t.scale[2]);
            assert_eq!(t.deviation(1.0), t.scale[4]);
            assert_eq!(t.heat(0.0), None);
        });
    }
}
