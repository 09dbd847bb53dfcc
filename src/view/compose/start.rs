//! Composes the Open page.

use crate::engine::{Address, Found, Scene};
use crate::view::start::{FoundInterface, StartView};

/// Makes the page out of the interfaces that were found.
#[must_use]
pub fn start(found: &Found) -> StartView {
    let interfaces = found.interfaces.iter().map(|interface| FoundInterface {
        name: interface.name.clone(),
        wants_rate: matches!(interface.address, Address::Slcan(_)),
        sentence: interface.words.clone(),
    });
    let scenes = Scene::list().into_iter().map(|scene| (scene.name, scene.description));
    StartView {
        interfaces: interfaces.collect(),
        no_interface: found.sentence.clone().unwrap_or_default(),
        scenes: scenes.collect(),
    }
}
