//! Simulated devices: nodes that speak real frames, and the physics of their cells.
