//! Parts besides pack, charger and controls.

use super::run;
use crate::engine::sim::{Scene, World};

#[test]
fn a_part_can_fall_silent_like_any_device() {
    let text = "title = 'T'\ndescription = 'D'\npack = 'P'\n[[bmu]]\nname = 'B'\nmodules = 1\n[[part]]\nname = 'M'\nkind = 'wavesculptor-200'\n[[fault]]\ndo = 'silent'\non = 'M'\nmessage = 'WS_Bus'\nfrom = 0\n";
    let scene = Scene::parse(text, "test", "test").unwrap();
    let mut world = World::new(&scene, 1).unwrap();
    let frames = run(&mut world, 5.0);
    let heard = |id| frames.iter().any(|frame| frame.id().raw() == id);
    assert!(heard(0x401) && !heard(0x402));
    let wrong = text.replace("on = 'M'", "on = 'N'");
    let said = Scene::parse(&wrong, "test", "test").unwrap_err().to_string();
    assert!(said.contains("B, M"), "{said}");
}
