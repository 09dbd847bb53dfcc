//! Names for the icons in `assets/icons/Phosphor-subset.ttf`. Knows code points, nothing of where
//! an icon stands. A new icon needs its glyph added to the subset; a test checks each of these.

macro_rules! icons {
    ($($(#[$doc:meta])* $name:ident = $glyph:literal;)*) => {
        $($(#[$doc])* pub const $name: &str = $glyph;)*
        /// Every icon, for the test that the font has them.
        #[cfg(test)]
        pub const ALL: &[&str] = &[$($name),*];
    };
}

icons! {
    /// The Pack page.
    BATTERY = "\u{E0C2}";
    /// The Charge page.
    BOLT = "\u{E2DE}";
    /// Stop a charge.
    STOP = "\u{25A0}";
    /// The CAN page.
    ARROWS_LEFT_RIGHT = "\u{E0A0}";
    /// The Parts page.
    CUBE = "\u{E1DA}";
    /// The About page, and notes.
    INFO = "\u{E2CE}";
    /// Filter and search fields.
    SEARCH = "\u{E30C}";
    /// Close.
    CLOSE = "\u{E4F6}";
    /// Play a recording.
    PLAY = "\u{E3D0}";
    /// Pause a recording.
    PAUSE = "\u{E39E}";
    /// A warning.
    WARNING = "\u{E4E0}";
    /// A fault.
    FAULT = "\u{E4E2}";
    /// As it should be.
    CHECK = "\u{E184}";
    /// Sorted upwards.
    CARET_UP = "\u{E13C}";
    /// Sorted downwards.
    CARET_DOWN = "\u{E136}";
    /// Follows.
    CARET_RIGHT = "\u{E13A}";
    /// Open something.
    FOLDER_OPEN = "\u{E256}";
    /// A CAN interface.
    PLUGS = "\u{EB5A}";
    /// A recording.
    FILE = "\u{E230}";
    /// The light theme.
    SUN = "\u{E472}";
    /// The dark theme.
    MOON = "\u{E330}";
    /// This desktop.
    DESKTOP = "\u{E560}";
    /// Next step.
    ARROW_RIGHT = "\u{E06C}";
    /// Help.
    QUESTION = "\u{E3E8}";
    /// Clear a list.
    ERASER = "\u{E21E}";
    /// Look again.
    REFRESH = "\u{E094}";
    /// Back to the start.
    RESTART = "\u{E038}";
    /// Follow the system's theme.
    CIRCLE_HALF = "\u{E18C}";
    /// The demo.
    FLASK = "\u{E79E}";
    /// The list of keys.
    KEYBOARD = "\u{E2D8}";
    /// Leave the program.
    SIGN_OUT = "\u{E42A}";
    /// The Admin pages.
    GEAR = "\u{E272}";
    /// Users.
    USERS = "\u{E68E}";
    /// Add a user.
    USER_PLUS = "\u{E4D0}";
    /// Copy.
    COPY = "\u{E1CA}";
    /// Tokens and sessions.
    KEY = "\u{E2D6}";
    /// Smaller.
    MINUS = "\u{E32A}";
    /// Larger.
    PLUS = "\u{E3D4}";
}
