//! The egui face (feature `desktop`).
