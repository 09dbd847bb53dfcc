//! What is odd about a battery, in sentences.

use std::time::Duration;

use crate::base::reading::Age;
use crate::base::units::Celsius;
use crate::engine::device::{CellsTold, Flag, Group, Level, Model, PackState, Speaker};
use crate::engine::pack::model::Pack;
use crate::engine::pack::modules::is_temperature;
use crate::engine::pack::picture::{CellPicture, CellState, ModulePicture, PackPicture, Remark};

/// How long the device's own lowest and highest cell must differ from ours before it is said.
const RANGE_DELAY: Duration = Duration::from_secs(5);
/// A BMU sends its heartbeat once a second and cannot be told not to; within this it must have been
/// heard.
const HEARTBEAT_WITHIN: Duration = Duration::from_secs(3);
/// How many places are named before the rest is a number.
const NAMED: usize = 4;

/// All remarks on a battery, worst first.
pub(super) fn of(pack: &Pack, picture: &PackPicture) -> Vec<Remark> {
    let mut said = Vec::new();
    let mut say = |level, text| said.push(Remark { level, text });
    presence(pack, picture, &mut say);
    identity(pack, picture, &mut say);
    modules(picture, &mut say);
    cells(pack, picture, &mut say);
    contactors(picture, &mut say);
    warnings(pack, picture, &mut say);
    version(pack, picture, &mut say);
    if picture.undocumented_flags != 0 {
        let bits = picture.undocumented_flags;
        say(Level::Warning, format!("The BMU raises flags that are in no document: 0x{bits:08X}."));
    }
    range(pack, picture, &mut say);
    if !picture.not_sent.is_empty() {
        let names: Vec<&str> = picture.not_sent.iter().map(|group| group.words()).collect();
        say(Level::Info, format!("Not sent by the BMU: {}.", names.join(", ")));
    }
    if picture.cells_told != CellsTold::Every && !picture.silence.is_empty() {
        say(Level::Info, picture.silence.to_owned());
    }
    worst_first(said)
}

/// Sorts remarks by how much they matter; those of the same level keep their order.
pub(super) fn worst_first(mut said: Vec<Remark>) -> Vec<Remark> {
    said.sort_by_key(|remark| std::cmp::Reverse(remark.level));
    said
}

fn presence(pack: &Pack, picture: &PackPicture, say: &mut impl FnMut(Level, String)) {
    let now = picture.at;
    let Some(newest) = pack.newest else { return };
    let silent = now.since(newest);
    match picture.presence {
        Age::Never | Age::Fresh(_) | Age::Late(_) => {}
        Age::Lost(age) if silent > pack.settings.slow.late || silent == age => {
            let seconds = silent.as_secs_f64();
            say(Level::Fault, format!("The BMU is lost: no frame from it for {seconds:.1} s."));
        }
        Age::Lost(age) => say(
            Level::Fault,
            format!(
                "Voltage, current and limits are lost: nothing of them for {:.1} s, although the BMU still sends other messages.",
                age.as_secs_f64()
            ),
        ),
    }
}

fn identity(pack: &Pack, picture: &PackPicture, say: &mut impl FnMut(Level, String)) {
    let heard_for = pack.first.zip(pack.newest).map(|(first, newest)| newest.since(first));
    let settled = heard_for.is_some_and(|heard| heard > HEARTBEAT_WITHIN)
        && pack.settings.tells.sends(Group::Heartbeat);
    if settled && pack.identity.at().is_none() && !pack.in_bootloader {
        let text =
            "No BMU heartbeat has been heard at this base: these numbers may be another device's.";
        say(Level::Warning, text.to_owned());
    }
    if pack.in_bootloader {
        let text = "The BMU is in its bootloader and does not watch the cells.";
        say(Level::Warning, text.to_owned());
    }
    let Some(identity) = picture.identity.value else { return };
    let speaker = pack.settings.tells.speaker;
    let level = match (identity.model, speaker) {
        (Model::Bmu | Model::OldBmu, Speaker::D1000Gen1)
        // What a second generation says of itself is not documented for certain.
        | (Model::BmsGen2 | Model::Unknown(_), Speaker::D1000Gen2)
        | (_, Speaker::Nameless) => return,
        (Model::Unknown(_), Speaker::D1000Gen1) => Level::Info,
        (Model::Bmu | Model::OldBmu, Speaker::D1000Gen2)
        | (Model::BmsGen2, Speaker::D1000Gen1) => Level::Warning,
        (Model::DriverControls
        | Model::OldDriverControls
        | Model::WaveSculptor200
        | Model::WaveSculptor22
        | Model::TwelveVoltController
        | Model::ContactorBoard
        | Model::M48, Speaker::D1000Gen1 | Speaker::D1000Gen2) => Level::Warning,
    };
    let wanted = match speaker {
        Speaker::D1000Gen2 => "D1000 Gen 2 BMS",
        Speaker::D1000Gen1 | Speaker::Nameless => "D1000 Gen 1 BMU",
    };
    say(
        level,
        format!(
            "The device at this address says it is {}, not a {wanted}; its numbers may mean something else.",
            identity.model.words()
        ),
    );
}

/// Modules that should be there and are not, or the other way round.
fn modules(picture: &PackPicture, say: &mut impl FnMut(Level, String)) {
    let Some(told) = picture.modules_told.value else { return };
    let settled = picture.heard_for.is_some_and(|heard| heard >= Duration::from_secs(3));
    if !settled || picture.not_sent.contains(&Group::Modules) {
        return;
    }
    let heard = |number: u16| picture.modules.iter().any(|module| module.module == number);
    let missing: Vec<String> =
        (1..=told).filter(|number| !heard(*number)).map(|n| format!("CMU {n}")).collect();
    if !missing.is_empty() {
        let names = list(&missing);
        let seen = picture.modules.len();
        say(
            Level::Warning,
            format!("The BMU counts {told} CMUs, {seen} were heard; missing: {names}."),
        );
    }
    let more: Vec<String> = picture
        .modules
        .iter()
        .filter(|module| module.module > told)
        .map(|module| format!("CMU {}", module.module))
        .collect();
    if !more.is_empty() {
        let names = list(&more);
        say(Level::Warning, format!("The BMU counts {told} CMUs, but also relays {names}."));
    }
}

fn cells(pack: &Pack, picture: &PackPicture, say: &mut impl FnMut(Level, String)) {
    let with = |fits: fn(&CellPicture) -> bool| {
        let of_module = move |module: &ModulePicture| {
            let number = module.module;
            let place = move |(cell, _)| format!("CMU {number} cell {cell}");
            let those = module.cells.iter().enumerate().filter(|(_, cell)| fits(cell));
            those.map(place).collect::<Vec<_>>()
        };
        picture.modules.iter().flat_map(of_module).collect::<Vec<String>>()
    };
    let implausible = with(|cell| cell.alarming && is_implausible(cell));
    if !implausible.is_empty() {
        say(
            Level::Warning,
            format!(
                "Implausible, more than any cell can have, shown as unknown and left out of minimum, maximum and mean: {}.",
                list(&implausible)
            ),
        );
    }
    temperatures(pack, picture, say);
    for module in &picture.modules {
        if all_untrusted(module) {
            say(
                Level::Warning,
                format!(
                    "All cells of CMU {} are untrusted: its supply or its voltage reference is out of range.",
                    module.module
                ),
            );
        }
    }
    let untrusted = with(|cell| cell.alarming && !is_implausible(cell));
    if !untrusted.is_empty() {
        say(
            Level::Warning,
            format!("Untrusted, and left out of minimum, maximum and mean: {}.", list(&untrusted)),
        );
    }
    let extra = with(|cell| cell.state == CellState::Extra);
    if !extra.is_empty() {
        say(Level::Fault, format!("A voltage where no cell is configured: {}.", list(&extra)));
    }
    let is_lost = |module: &&ModulePicture| matches!(module.age, Age::Lost(_));
    let silent: Vec<String> = picture
        .modules
        .iter()
        .filter(is_lost)
        .map(|module| format!("CMU {}", module.module))
        .collect();
    if !silent.is_empty() && picture.presence.is_usable() {
        say(Level::Fault, format!("No data any more from {}.", list(&silent)));
    }
    if picture.presence.is_usable() {
        half_silent(picture.modules.iter().filter(|module| !is_lost(module)), say);
    }
}

/// Modules of which some cells or the temperature are not told any more while the rest is.
fn half_silent<'m>(
    modules: impl Iterator<Item = &'m ModulePicture>,
    say: &mut impl FnMut(Level, String),
) {
    let (mut cells, mut temperatures) = (Vec::new(), Vec::new());
    for module in modules {
        let number = module.module;
        let lost = module.cells.iter().enumerate();
        let lost = lost.filter(|(_, cell)| cell.state == CellState::Lost);
        cells.extend(lost.map(|(cell, _)| format!("CMU {number} cell {cell}")));
        if matches!(module.temperature.age, Age::Lost(_)) {
            temperatures.push(format!("CMU {number}"));
        }
    }
    if !cells.is_empty() {
        let text = format!(
            "No voltage any more of, and left out of minimum and maximum: {}.",
            list(&cells)
        );
        say(Level::Fault, text);
    }
    if !temperatures.is_empty() {
        say(Level::Fault, format!("No temperature any more from {}.", list(&temperatures)));
    }
}

/// What no sensor can report: it is shown as unknown, and this says why. Charging goes by it all the same:
/// it is far beyond every limit.
fn temperatures(pack: &Pack, picture: &PackPicture, say: &mut impl FnMut(Level, String)) {
    let told = |what: &str, celsius: Celsius| format!("{what} {:.0} \u{b0}C", celsius.get());
    let mut odd = Vec::new();
    for module in &picture.modules {
        let number = module.module;
        for (celsius, what) in module.implausible.iter().zip(["board", "cells"]) {
            odd.extend(celsius.map(|celsius| told(&format!("CMU {number} {what}"), celsius)));
        }
    }
    let range = pack.temperature_range.usable(picture.at, pack.settings.slow);
    let ends = range.map_or([None; 2], |(low, high)| [*low, *high]);
    for (end, what) in ends.into_iter().zip(["coldest", "hottest"]) {
        let celsius = end.map(|at| at.temperature).filter(|celsius| !is_temperature(*celsius));
        odd.extend(celsius.map(|celsius| told(what, celsius)));
    }
    let whole = pack.temperature.usable(picture.at, pack.settings.fast).copied();
    let whole = whole.filter(|celsius| !is_temperature(*celsius));
    odd.extend(whole.map(|celsius| told("pack", celsius)));
    if !odd.is_empty() {
        let text = format!(
            "Temperatures that no sensor can report, shown as unknown: {}. A sensor is broken, or another device talks by these ids: Discover says which.",
            list(&odd)
        );
        say(Level::Warning, text);
    }
}

fn is_implausible(cell: &CellPicture) -> bool {
    cell.state == CellState::Untrusted && cell.implausible
}

/// All cells that are there, and more than one, disagree with themselves.
fn all_untrusted(module: &ModulePicture) -> bool {
    let count = |state| module.cells.iter().filter(|cell| cell.state == state).count();
    let disagrees = |cell: &&CellPicture| cell.alarming && !is_implausible(cell);
    let alarming = module.cells.iter().filter(disagrees).count();
    alarming > 1 && alarming == count(CellState::Untrusted) && count(CellState::Ok) == 0
}

fn contactors(picture: &PackPicture, say: &mut impl FnMut(Level, String)) {
    let (Some(contactors), Some(state)) = (picture.contactors.value, picture.state.value) else {
        return;
    };
    if contactors.supply_ok {
        return;
    }
    let level = match state {
        PackState::Error | PackState::Idle | PackState::Safe | PackState::Starting => Level::Info,
        PackState::Enable
        | PackState::Measure
        | PackState::Precharge
        | PackState::Run
        | PackState::ChargeInit
        | PackState::ChargeConnect
        | PackState::ChargeEnabled
        | PackState::ChargeStopping
        | PackState::Disconnect
        | PackState::Charge
        | PackState::Undocumented(_) => Level::Warning,
    };
    say(level, "The 12 V supply of the contactors is missing, so they cannot close.".to_owned());
}

/// What the device itself warns of.
fn warnings(pack: &Pack, picture: &PackPicture, say: &mut impl FnMut(Level, String)) {
    let patience = pack.settings.slow;
    let warned = Flag::ALL.iter().zip(&pack.warnings);
    let warned = warned.filter(|(_, one)| one.usable(picture.at, patience) == Some(&true));
    let names: Vec<String> = warned.map(|(flag, _)| flag.label().to_lowercase()).collect();
    if !names.is_empty() {
        let names = names.join(", ");
        say(Level::Warning, format!("The BMS warns of what is not a fault yet: {names}."));
    }
}

/// What the documents do not say of a firmware.
fn version(pack: &Pack, picture: &PackPicture, say: &mut impl FnMut(Level, String)) {
    if pack.settings.tells.speaker != Speaker::D1000Gen2 || pack.first.is_none() {
        return;
    }
    match picture.version.value {
        Some((1, 2)) => {}
        Some((1, 1)) => say(
            Level::Info,
            "Firmware 1.1: its documents contradict themselves on the sign of current and temperature and do not describe its charge, so neither is shown and nothing is charged from here.".to_owned(),
        ),
        Some((major, minor)) => say(
            Level::Warning,
            format!("Firmware {major}.{minor} is in no document at hand: nothing that depends on it is read."),
        ),
        None if picture.presence.is_usable() => say(
            Level::Info,
            "It has not said which firmware it runs, and the meaning of its messages depends on that: they are not read until it does.".to_owned(),
        ),
        None => {}
    }
}

fn range(pack: &Pack, picture: &PackPicture, say: &mut impl FnMut(Level, String)) {
    let Some(since) = pack.range_differs_since else { return };
    let (Some((low, high)), Some(min), Some(max)) =
        (picture.reported_cells.value, picture.cells.min, picture.cells.max)
    else {
        return;
    };
    if picture.at.since(since) < RANGE_DELAY {
        return;
    }
    say(
        Level::Info,
        format!(
            "The BMU reports cells from {} to {} mV, its CMUs send {} to {} mV.",
            low.mv, high.mv, min.mv, max.mv
        ),
    );
}

/// "a, b and 3 more".
fn list(names: &[String]) -> String {
    match names.get(..NAMED) {
        Some(first) if names.len() > NAMED => {
            format!("{} and {} more", first.join(", "), names.len() - NAMED)
        }
        Some(_) | None => names.join(", "),
    }
}
