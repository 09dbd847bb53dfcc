//! Icons as the path of a drawing on 24 by 24, drawn in lines of the text's colour.

/// The Pack page: a battery.
pub const PACK: &str = "M4 8h13a2 2 0 0 1 2 2v4a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2v-4a2 2 0 0 1 2-2zM22 11v2M6 11v2M10 11v2M14 11v2";
/// The Charge page: a bolt.
pub const CHARGE: &str = "M13 2L5 13h6l-1 9 8-11h-6z";
/// The CAN page: two arrows.
pub const CAN: &str = "M3 8h17M16 4l4 4-4 4M21 16H4M8 12l-4 4 4 4";
/// The Parts page: a box.
pub const PARTS: &str = "M12 2l9 5v10l-9 5-9-5V7zM3 7l9 5 9-5M12 12v10";
/// The Profiles page: sheets on a stack.
pub const PROFILES: &str = "M8 3h11v14H8zM5 6v15h11M11 7h5M11 11h5";
/// The Users page: two people.
pub const USERS: &str = "M9 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM2 21v-2a6 6 0 0 1 6-6h2a6 6 0 0 1 6 6v2M16 3.5a4 4 0 0 1 0 7M18.5 13.5A6 6 0 0 1 22 19v2";
/// The Services page: houses.
pub const SERVICES: &str = "M3 21V8l6-4 6 4v13M15 12l6 3v6M1 21h22M7 11h4M7 15h4";
/// The Sessions page: a screen.
pub const SESSIONS: &str = "M3 4h18v12H3zM8 20h8M12 16v4";
/// The Journal page: a book.
pub const JOURNAL: &str =
    "M5 3h13a1 1 0 0 1 1 1v17H6a2 2 0 0 1-2-2V4a1 1 0 0 1 1-1zM4 18h15M8 8h7M8 12h7";
/// The Settings page: three sliders.
pub const SETTINGS: &str = "M4 6h9M17 6h3M4 12h3M11 12h9M4 18h11M19 18h1M15 4v4M9 10v4M17 16v4";
/// One's own account: a person.
pub const ACCOUNT: &str =
    "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21v-1a6 6 0 0 1 6-6h4a6 6 0 0 1 6 6v1";
/// The About page: an i in a circle.
pub const ABOUT: &str = "M12 22a10 10 0 1 0 0-20 10 10 0 0 0 0 20zM12 11v6M12 7v.5";
/// More pages.
pub const MORE: &str = "M4 7h16M4 12h16M4 17h16";
