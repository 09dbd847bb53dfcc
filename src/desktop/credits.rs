//! Whose work is in the program, and the sentence on safety. Texts only.

/// What this program is not.
pub const SAFETY: &str = "The BMS remains the safety device. Busbar is supervisory: it shows, records \
    and asks, and it is no substitute for fuses, contactors, an isolation monitor or a person who \
    knows the pack. A bus stays listen-only until it is told otherwise.";

/// Busbar's own terms.
pub const OWN: &str =
    "Busbar is licensed under either of the Apache License 2.0 or the MIT License, at your option.";

/// The Apache License 2.0.
pub const APACHE: &str = include_str!("../../LICENSE-APACHE");

/// The MIT License, without a holder: each library has its own.
pub const MIT: &str = include_str!("../../assets/licences/MIT.txt");

/// Name, purpose and terms of the libraries a reader would ask about.
pub const CRATES: [(&str, &str, &str); 16] = [
    ("egui, eframe, egui_extras", "the window", "MIT or Apache-2.0"),
    ("glow, glutin, winit", "pictures and input", "MIT or Apache-2.0 or Zlib"),
    ("AccessKit", "screen readers", "MIT or Apache-2.0"),
    ("rfd", "the system's file dialogs", "MIT"),
    ("axum, hyper, tokio", "the listener", "MIT"),
    ("clap", "the command line", "MIT or Apache-2.0"),
    ("serde, serde_json, toml, ron", "readable files", "MIT or Apache-2.0"),
    ("socketcan", "CAN interfaces", "MIT"),
    ("serial2", "serial ports", "BSD-2-Clause or Apache-2.0"),
    ("crossbeam-channel", "queues between threads", "MIT or Apache-2.0"),
    ("memchr", "fast reading of logs", "MIT or Unlicense"),
    ("signal-hook", "a clean end at Ctrl+C", "MIT or Apache-2.0"),
    ("encoding_rs", "texts that are not UTF-8", "(Apache-2.0 or MIT) and BSD-3-Clause"),
    ("jiff", "dates and zones", "MIT or Unlicense"),
    ("thiserror, tracing", "errors and logs", "MIT or Apache-2.0"),
    ("directories", "where files belong", "MIT or Apache-2.0"),
];
