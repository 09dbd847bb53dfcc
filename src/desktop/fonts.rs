//! The bundled fonts: Inter for text, JetBrains Mono for numbers, ids and bytes, Phosphor for
//! icons. Inter and JetBrains Mono come without their private-use glyphs, which would stand in for
//! icons, and JetBrains Mono without ligatures, which would melt bytes together. Knows families and files; sizes and weights in use are in [`crate::desktop::theme`].

use std::sync::Arc;

use egui::{FontData, FontDefinitions, FontFamily, FontId};

/// A font file that comes with the program, with the text of its licence.
#[derive(Clone, Copy, Debug)]
pub struct Bundled {
    /// Its name.
    pub name: &'static str,
    /// What it is used for.
    pub used_for: &'static str,
    /// Short name of the licence.
    pub licence: &'static str,
    /// The licence as delivered with the font.
    pub licence_text: &'static str,
}

/// Every font in the program, for the About page.
pub const BUNDLED: [Bundled; 3] = [
    Bundled {
        name: "Inter",
        used_for: "text",
        licence: "SIL Open Font License 1.1",
        licence_text: include_str!("../../assets/fonts/Inter-OFL.txt"),
    },
    Bundled {
        name: "JetBrains Mono",
        used_for: "numbers, ids and bytes",
        licence: "SIL Open Font License 1.1",
        licence_text: include_str!("../../assets/fonts/JetBrainsMono-OFL.txt"),
    },
    Bundled {
        name: "Phosphor",
        used_for: "icons (a subset of the regular weight)",
        licence: "MIT",
        licence_text: include_str!("../../assets/icons/Phosphor-LICENSE.txt"),
    },
];

const INTER: &[u8] = include_bytes!("../../assets/fonts/Inter-Regular.ttf");
const INTER_SEMIBOLD: &[u8] = include_bytes!("../../assets/fonts/Inter-SemiBold.ttf");
const MONO: &[u8] = include_bytes!("../../assets/fonts/JetBrainsMono-Regular.ttf");
const MONO_MEDIUM: &[u8] = include_bytes!("../../assets/fonts/JetBrainsMono-Medium.ttf");
const ICONS: &[u8] = include_bytes!("../../assets/icons/Phosphor-subset.ttf");

/// Plain text.
#[must_use]
pub fn text(size: f32) -> FontId {
    FontId::new(size, FontFamily::Proportional)
}

/// Headings and buttons.
#[must_use]
pub fn strong(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name("strong".into()))
}

/// Numbers, ids and bytes.
#[must_use]
pub fn mono(size: f32) -> FontId {
    FontId::new(size, FontFamily::Monospace)
}

/// The large numbers of a tile.
#[must_use]
pub fn mono_strong(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name("mono-strong".into()))
}

/// What egui is given at the start.
#[must_use]
pub fn definitions() -> FontDefinitions {
    let mut fonts = FontDefinitions::empty();
    let files: [(&str, &'static [u8]); 5] = [
        ("inter", INTER),
        ("inter-semibold", INTER_SEMIBOLD),
        ("mono", MONO),
        ("mono-medium", MONO_MEDIUM),
        ("phosphor", ICONS),
    ];
    for (name, bytes) in files {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
    }
    let families: [(FontFamily, &[&str]); 4] = [
        (FontFamily::Proportional, &["inter", "phosphor", "mono"]),
        (FontFamily::Monospace, &["mono", "phosphor", "inter"]),
        (FontFamily::Name("strong".into()), &["inter-semibold", "phosphor", "mono"]),
        (FontFamily::Name("mono-strong".into()), &["mono-medium", "phosphor", "inter"]),
    ];
    for (family, names) in families {
        fonts.families.insert(family, names.iter().map(|n| (*n).to_owned()).collect());
    }
    fonts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desktop::icons;

    #[test]
    fn every_icon_and_sign_in_use_has_a_glyph() {
        let ctx = egui::Context::default();
        ctx.set_fonts(definitions());
        let output = ctx.run_ui(egui::RawInput::default(), |ui| {
            ui.ctx().fonts_mut(|fonts| {
                for icon in icons::ALL {
                    assert!(fonts.has_glyphs(&text(14.0), icon), "no glyph for {icon:?}");
                }
                for sign in ["–", "−", "·", "→", "×", "°", "…", "µ", "Ω", "≥", "±", "▲", "▼"]
                {
                    for font in [text(14.0), strong(14.0), mono(14.0), mono_strong(14.0)] {
                        assert!(fonts.has_glyphs(&font, sign), "no glyph for {sign:?} in {font:?}");
                    }
                }
            });
        });
        output.drop_without_applying_deltas();
    }
}
