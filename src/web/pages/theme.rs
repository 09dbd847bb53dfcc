//! The tokens of `assets/theme.ron` as CSS properties, for both themes. Knows their names and
//! colours; what is drawn with them is in `assets/web/site.css`.

use std::fmt::Write as _;

const TOKENS: &str = include_str!("../../../assets/theme.ron");

/// Steps of the deviation scale, from the cold end to the hot end.
pub const DEVIATIONS: usize = 21;
/// Steps of the heat of a byte, from seldom to always.
pub const HEATS: usize = 9;

/// One theme: names as they are written in the file, each with its colours.
struct Palette {
    name: String,
    tokens: Vec<(String, Vec<String>)>,
}

/// The style sheet: a set of properties a theme, and a class for every step of the two scales.
#[must_use]
pub fn css() -> String {
    let themes = palettes(TOKENS);
    let find = |name: &str| themes.iter().find(|palette| palette.name == name);
    let (dark, light) = (find("dark").map(properties), find("light").map(properties));
    let (dark, light) = (dark.unwrap_or_default(), light.unwrap_or_default());
    let mut css = format!(
        ":root{{color-scheme:dark;{dark}}}\n\
         :root[data-theme=light]{{color-scheme:light;{light}}}\n\
         @media (prefers-color-scheme:light){{:root[data-theme=system]{{color-scheme:light;{light}}}}}\n"
    );
    for step in 0..DEVIATIONS {
        _ = writeln!(css, ".d{step}{{--tile:var(--scale-{step})}}");
    }
    for step in 0..HEATS {
        _ = writeln!(css, ".h{step}{{--byte:var(--heat-{step})}}");
    }
    css
}

/// The mark, two bars in the accent, for the tab of a browser.
#[must_use]
pub fn mark() -> String {
    let themes = palettes(TOKENS);
    let mut tokens = themes.iter().flat_map(|palette| &palette.tokens);
    let accent = tokens.find(|(name, _)| name == "accent").and_then(|(_, colours)| colours.first());
    let accent = accent.map_or("", String::as_str);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\" fill=\"{accent}\">\
         <rect x=\"3\" y=\"6\" width=\"26\" height=\"7\" rx=\"2\"/>\
         <rect x=\"3\" y=\"19\" width=\"26\" height=\"7\" rx=\"2\"/></svg>"
    )
}

/// The class of a tile with this deviation, -1 to 1.
#[must_use]
pub fn deviation(deviation: f32) -> usize {
    step((deviation.clamp(-1.0, 1.0) + 1.0) / 2.0, DEVIATIONS)
}

/// The class of a byte that changes this often, 0 to 1; `None` where it does not.
#[must_use]
pub fn heat(heat: f32) -> Option<usize> {
    (heat > 0.02).then(|| step(heat.clamp(0.0, 1.0), HEATS))
}

fn step(share: f32, steps: usize) -> usize {
    (share * (steps - 1) as f32).round() as usize
}

fn properties(palette: &Palette) -> String {
    let mut css = String::new();
    for (name, colours) in &palette.tokens {
        let steps = match name.as_str() {
            "scale" => DEVIATIONS,
            "heat" => HEATS,
            _single => {
                for colour in colours {
                    _ = write!(css, "--{}:{colour};", name.replace('_', "-"));
                }
                continue;
            }
        };
        for step in 0..steps {
            let [r, g, b] = along(colours, step as f32 / (steps - 1) as f32);
            _ = write!(css, "--{name}-{step}:#{r:02x}{g:02x}{b:02x};");
        }
    }
    css
}

/// The colour at a share of the way along the stops.
fn along(stops: &[String], share: f32) -> [u8; 3] {
    let place = share * stops.len().saturating_sub(1) as f32;
    let below = (place as usize).min(stops.len().saturating_sub(2));
    let stop = |at: usize| stops.get(at).map_or([0; 3], |text| channels(text));
    let (low, high) = (stop(below), stop(below + 1));
    let mut mixed = [0; 3];
    for (channel, (a, b)) in mixed.iter_mut().zip(low.into_iter().zip(high)) {
        let (a, b) = (f32::from(a), f32::from(b));
        *channel = (a + (b - a) * (place - below as f32)).round() as u8;
    }
    mixed
}

fn channels(text: &str) -> [u8; 3] {
    let number = u32::from_str_radix(text.trim_start_matches('#'), 16).unwrap_or_default();
    let [_, r, g, b] = number.to_be_bytes();
    [r, g, b]
}

/// Reads the file: a name and a bracket begin a theme, a name and colours are a token of it.
fn palettes(text: &str) -> Vec<Palette> {
    let mut themes: Vec<Palette> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with("//")) {
        let Some((name, value)) = line.split_once(':') else { continue };
        let colours: Vec<String> =
            value.split('"').filter(|part| part.starts_with('#')).map(str::to_owned).collect();
        if value.trim() == "(" {
            themes.push(Palette { name: name.trim().to_owned(), tokens: Vec::new() });
        } else if let Some(theme) = themes.last_mut().filter(|_| !colours.is_empty()) {
            theme.tokens.push((name.trim().to_owned(), colours));
        }
    }
    themes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_themes_have_every_token_as_a_property() {
        let themes = palettes(TOKENS);
        let names = |at: usize| themes[at].tokens.iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!((themes[0].name.as_str(), themes[1].name.as_str()), ("dark", "light"));
        assert_eq!(names(0), names(1));
        let css = css();
        let written = TOKENS.lines().filter(|line| line.contains(": \"#")).count();
        assert!(written > 30, "only {written} tokens were found");
        for (name, colours) in themes.iter().flat_map(|theme| &theme.tokens) {
            if colours.len() == 1 {
                let property = format!("--{}:{};", name.replace('_', "-"), colours[0]);
                assert!(css.contains(&property), "{property} is missing");
            }
        }
    }

    #[test]
    fn a_scale_begins_and_ends_with_its_stops() {
        let stops = ["#000000", "#102030", "#ffffff"].map(str::to_owned);
        assert_eq!(along(&stops, 0.0), [0, 0, 0]);
        assert_eq!(along(&stops, 0.25), [8, 16, 24]);
        assert_eq!(along(&stops, 0.5), [0x10, 0x20, 0x30]);
        assert_eq!(along(&stops, 1.0), [255, 255, 255]);
        assert_eq!((deviation(-1.0), deviation(0.0), deviation(7.0)), (0, 10, 20));
        assert_eq!((heat(0.0), heat(1.0)), (None, Some(8)));
    }

    #[test]
    fn the_style_sheet_writes_no_colour_and_uses_only_tokens_that_there_are() {
        let sheet = include_str!("../../../assets/web/site.css");
        for wrong in ["rgb(", "rgba(", "hsl(", "white;", "black;", ": red", "oklch("] {
            assert!(!sheet.contains(wrong), "site.css writes a colour: {wrong}");
        }
        let is_colour = |text: &str| {
            let digits = text.chars().take_while(char::is_ascii_hexdigit).count();
            matches!(digits, 3 | 4 | 6 | 8)
        };
        let written: Vec<&str> = sheet.split('#').skip(1).filter(|rest| is_colour(rest)).collect();
        // An id may look like a colour only by chance; there are none of those.
        assert!(written.is_empty(), "site.css writes colours: {written:?}");
        let theme = css();
        for used in sheet.split("var(--").skip(1) {
            let name = used.split([')', ',']).next().unwrap();
            let own = format!("--{name}:");
            assert!(theme.contains(&own) || sheet.contains(&own), "nobody sets --{name}");
        }
    }
}
