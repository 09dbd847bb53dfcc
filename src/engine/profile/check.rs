//! Asks whether a profile makes sense: kinds that exist, addresses a device can have, no two
//! components that claim the same ids, files that are there. What keeps a profile from running is
//! an error; what is only odd is a warning.

use std::path::Path;

use crate::base::problem::{Problem, Severity};
use crate::engine::can::address::Address;
use crate::engine::device::{AddressWay, BindError, Catalog, Device};
use crate::engine::profile::library::{LibraryError, Loaded};
use crate::engine::profile::model::{BusEntry, ComponentEntry, Profile};
use crate::engine::profile::overlap::{Overlap, overlap};
use crate::engine::profile::parse::{Lines, Part, setting_key};

/// Most overlaps that are reported one by one.
const OVERLAP_LIMIT: usize = 50;

/// What profiles are checked against.
#[derive(Clone, Debug, Default)]
pub struct Ground {
    /// The kinds of device there are.
    pub catalog: Catalog,
    /// The built-in scenes there are.
    pub scenes: Vec<String>,
}

/// A loaded profile that may run, with its warnings.
///
/// # Errors
/// Everything that keeps it from running, and the warnings.
pub fn admit(loaded: Loaded, ground: &Ground) -> Result<Loaded, LibraryError> {
    let problems = check(&loaded.profile, &loaded.lines, ground);
    if problems.iter().any(|problem| problem.severity == Severity::Error) {
        // Errors first: the first one is what the short sentence tells.
        let mut problems = problems;
        problems.sort_by_key(|problem| (problem.severity != Severity::Error, problem.line));
        return Err(LibraryError::Refused { file: loaded.file, problems });
    }
    Ok(Loaded { warnings: problems, ..loaded })
}

/// Everything that is wrong or odd, in the order of the file.
#[must_use]
pub fn check(profile: &Profile, lines: &Lines, ground: &Ground) -> Vec<Problem> {
    let mut problems = Vec::new();
    buses(profile, lines, ground, &mut problems);
    let mut devices = Vec::new();
    // What is not listened to is not asked whether it could be.
    let enabled = profile.components.iter().enumerate().filter(|(_, component)| component.enabled);
    for (position, component) in enabled {
        match bind(component, ground) {
            Ok(device) => {
                fits(profile, lines, position, &device, &mut problems);
                devices.push((position, device));
            }
            Err((key, text)) => {
                let line = lines.of(Part::Component(position), &key);
                problems.push(Problem { line, severity: Severity::Error, text });
            }
        }
    }
    overlaps(profile, lines, &devices, &mut problems);
    problems.sort_by_key(|problem| problem.line);
    problems
}

fn buses(profile: &Profile, lines: &Lines, ground: &Ground, problems: &mut Vec<Problem>) {
    let missing = |file: &Path| !file.exists();
    for (position, bus) in profile.buses.iter().enumerate() {
        let part = Part::Bus(position);
        let mut warn = |key, text| {
            let line = lines.of(part, key);
            problems.push(Problem { line, severity: Severity::Warning, text });
        };
        if let Address::Replay(file) = &bus.address
            && missing(file)
        {
            warn("address", format!("there is no recording {}", file.display()));
        }
        for file in bus.dbc.iter().filter(|file| missing(file)) {
            warn("dbc", format!("there is no DBC file {}", file.display()));
        }
        let Some(scene) = &bus.scene else { continue };
        let is_file = scene.ends_with(".toml") || Path::new(scene).components().count() > 1;
        let found =
            if is_file { !missing(Path::new(scene)) } else { ground.scenes.contains(scene) };
        if !found {
            let line = lines.of(part, "scene");
            let known = ground.scenes.join(", ");
            let text = format!("unknown scene {scene:?}: there is {known}, or name a .toml file");
            problems.push(Problem { line, severity: Severity::Error, text });
        }
    }
    let recordings = |bus: &&BusEntry| matches!(bus.address, Address::Replay(_));
    let second = profile.buses.iter().enumerate().filter(|(_, bus)| recordings(bus)).nth(1);
    if let Some((position, _)) = second {
        let line = lines.of(Part::Bus(position), "address");
        let text = "only one bus can be a recording: there is one player".to_owned();
        problems.push(Problem { line, severity: Severity::Error, text });
    }
    let by_address = |at: usize| profile.buses.get(at).map(|bus| &bus.address);
    for second in 0..profile.buses.len() {
        let same = (0..second).find(|first| by_address(*first) == by_address(second));
        if let (Some(first), Some(address)) = (same, by_address(second)) {
            let line = lines.of(Part::Bus(second), "address");
            let name = profile.buses.get(first).map_or("", |bus| bus.name.as_str());
            let text = format!("{address} is the bus {name:?} already");
            problems.push(Problem { line, severity: Severity::Warning, text });
        }
    }
}

/// A device that speaks text has a bus of its own to speak it on; every other one needs frames.
fn fits(
    profile: &Profile,
    lines: &Lines,
    position: usize,
    device: &Device,
    problems: &mut Vec<Problem>,
) {
    let entry = profile.components.get(position);
    let bus = entry.and_then(|entry| profile.buses.get(profile.bus(&entry.bus)?));
    let (Some(entry), Some(bus)) = (entry, bus) else { return };
    let manifest = &device.kind().manifest;
    let is_text = manifest.address.way == AddressWay::Text;
    let on_text = matches!(bus.address, Address::Tcp { .. });
    let others = profile.components.iter().take(position);
    let first = !others.filter(|other| other.enabled).any(|other| other.bus == entry.bus);
    let (title, address) = (&manifest.title, &bus.address);
    let why = match (is_text, on_text) {
        (true, false) => format!("{title} speaks text: its bus is tcp:HOST:PORT, not {address}"),
        (false, true) => format!("{title} needs a bus of frames, not {address}"),
        (true, true) if !first => format!("{address} is one supply, and it is taken already"),
        (true, true) | (false, false) => return,
    };
    let text = format!("component {:?}: {why}", entry.name.as_str());
    let line = lines.of(Part::Component(position), "bus");
    problems.push(Problem { line, severity: Severity::Error, text });
}

/// The device of a component, or the key that is wrong and why.
fn bind(component: &ComponentEntry, ground: &Ground) -> Result<Device, (String, String)> {
    let Some(kind) = ground.catalog.find(&component.kind) else {
        let known: Vec<&str> =
            ground.catalog.iter().map(|kind| kind.manifest.id.as_str()).collect();
        let known = known.join(", ");
        return Err((
            "kind".to_owned(),
            format!("unknown kind {:?}: there is {known}", component.kind),
        ));
    };
    kind.bind(component.settings(kind)).map_err(|error| {
        let key = match &error {
            BindError::Strings { .. } => "strings",
            BindError::Setting { name, .. } => &setting_key(name),
            BindError::NotAMultiple { .. }
            | BindError::OutOfRange { .. }
            | BindError::NotAChoice { .. } => "base",
            BindError::Schema { .. } => "kind",
        };
        (key.to_owned(), format!("component {:?}: {error}", component.name.as_str()))
    })
}

/// Ids that two components on one bus both claim.
fn overlaps(
    profile: &Profile,
    lines: &Lines,
    devices: &[(usize, Device)],
    problems: &mut Vec<Problem>,
) {
    let mut reported = 0;
    for (at, (second, later)) in devices.iter().enumerate() {
        for (first, earlier) in devices.iter().take(at) {
            let (Some(one), Some(two)) =
                (profile.components.get(*first), profile.components.get(*second))
            else {
                continue;
            };
            if one.bus != two.bus || reported == OVERLAP_LIMIT {
                continue;
            }
            let found = overlap((one.name.as_str(), earlier), (two.name.as_str(), later));
            let Some(Overlap { severity, ids, fate }) = found else { continue };
            reported += 1;
            let text = format!(
                "components {:?} (line {}) and {:?} both claim {ids} on bus {:?}{fate}",
                one.name.as_str(),
                lines.of(Part::Component(*first), "base"),
                two.name.as_str(),
                one.bus.as_str(),
            );
            let line = lines.of(Part::Component(*second), "base");
            problems.push(Problem { line, severity, text });
        }
    }
}

/// Every overlap of a component with others of its bus: how bad, and a sentence about it.
pub fn overlaps_with<'p>(
    entry: &ComponentEntry,
    device: &Device,
    others: impl Iterator<Item = &'p ComponentEntry>,
    catalog: &Catalog,
) -> Vec<(Severity, String)> {
    let mut found = Vec::new();
    for other in others.filter(|other| other.bus == entry.bus) {
        let Some(kind) = catalog.find(&other.kind) else { continue };
        let Ok(theirs) = kind.bind(other.settings(kind)) else { continue };
        // A new one stands last in the profile.
        let both = overlap((other.name.as_str(), &theirs), (entry.name.as_str(), device));
        let Some(Overlap { severity, ids, fate }) = both else { continue };
        let text = format!("{:?} claims {ids} on this bus too{fate}", other.name.as_str());
        found.push((severity, text));
        if found.len() == OVERLAP_LIMIT {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::profile::parse;

    fn ground() -> Ground {
        Ground { catalog: Catalog::builtin(), scenes: vec!["driving".into(), "bus-off".into()] }
    }

    fn problems(text: &str) -> Vec<String> {
        let parsed = parse::parse(text, &|_| None).unwrap();
        check(&parsed.profile, &parsed.lines, &ground())
            .into_iter()
            .map(|p| format!("{}: {}: {}", p.line, p.severity.word(), p.text))
            .collect()
    }

    const BUSES: &str = "name = 'P'\n[[bus]]\nname = 'b'\naddress = 'virtual:x'\n\
                         [[bus]]\nname = 'c'\naddress = 'virtual:y'\n";

    fn bmu(name: &str, bus: &str, base: &str) -> String {
        format!(
            "[[component]]\nname = '{name}'\nkind = 'prohelion-d1000-gen1'\nbus = '{bus}'\nbase = {base}\n"
        )
    }

    #[test]
    fn a_sound_profile_has_no_problem() {
        let text = format!("{BUSES}{}{}", bmu("one", "b", "0x600"), bmu("two", "c", "0x600"));
        assert_eq!(problems(&text), [] as [String; 0]);
        let both = format!("{BUSES}{}{}", bmu("one", "b", "0x600"), bmu("two", "b", "0x200"));
        assert_eq!(problems(&both), [] as [String; 0]);
    }

    #[test]
    fn an_unknown_kind_lists_the_known_ones() {
        let text = format!("{BUSES}[[component]]\nname = 'x'\nkind = 'acme'\nbus = 'b'\n");
        let said = problems(&text);
        assert!(said[0].starts_with("10: error: unknown kind \"acme\": there is"), "{said:?}");
        assert!(said[0].contains("prohelion-d1000-gen1"), "{said:?}");
    }

    #[test]
    fn a_base_that_cannot_be_is_refused_at_its_line() {
        let said = problems(&format!("{BUSES}{}", bmu("one", "b", "0x601")));
        assert!(
            said[0].starts_with("12: error: component \"one\": base address 0x601"),
            "{said:?}"
        );
        assert!(said[0].contains("not a multiple"), "{said:?}");
        let said = problems(&format!("{BUSES}{}", bmu("one", "b", "0x800")));
        assert!(said[0].contains("out of range"), "{said:?}");
    }

    #[test]
    fn two_components_on_one_address_are_named_with_their_ids() {
        let said =
            problems(&format!("{BUSES}{}{}", bmu("one", "b", "0x600"), bmu("two", "b", "0x600")));
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(
            said[0].starts_with("17: error: components \"one\" (line 12) and \"two\""),
            "{said:?}"
        );
        assert!(said[0].contains("0x600 to 0x6FF on bus \"b\""), "{said:?}");
    }

    #[test]
    fn a_partial_overlap_is_a_warning() {
        let controls = "[[component]]\nname = 'pedals'\nkind = 'ev-driver-controls'\nbus = 'b'\nbase = 0x6A0\n";
        let said = problems(&format!("{BUSES}{}{controls}", bmu("one", "b", "0x600")));
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].starts_with("17: warning: components \"one\""), "{said:?}");
        assert!(said[0].contains("0x6A0"), "{said:?}");
    }

    #[test]
    fn a_setting_that_its_kind_does_not_have_or_cannot_be_so_is_refused_at_its_line() {
        let mut catalog = Catalog::default();
        let manifest = "id = 'probe'\ntitle = 'Probe'\nmaker = 'm'\ncategory = 'charger'\n\
            summary = 's'\nrate = []\n[address]\nway = 'base'\ndefault = 0x100\n\
            [[setting]]\nname = 'gain'\ntitle = 'Gain'\ntype = 'number'\nrange = [0, 2]\n\
            default = 1\nhelp = 'What it is multiplied with.'\n";
        catalog
            .add("probe", manifest, b"BO_ 256 M: 8 X\n SG_ S : 0|8@1+ (1,0) [0|0] \"\" X\n")
            .unwrap();
        let ground = Ground { catalog, ..ground() };
        let said = |settings: &str| -> Vec<String> {
            let text = format!(
                "{BUSES}[[component]]\nname = 'c'\nkind = 'probe'\nbus = 'b'\n[component.settings]\n{settings}"
            );
            let parsed = parse::parse(&text, &|_| None).unwrap();
            let problems = check(&parsed.profile, &parsed.lines, &ground).into_iter();
            problems.map(|p| format!("{}: {}", p.line, p.text)).collect()
        };
        assert_eq!(said("gain = 1.5\n"), [] as [String; 0]);
        assert_eq!(said("gain = '0.5'\n"), [] as [String; 0]);
        assert_eq!(
            said("\ngain = 3\n"),
            [
                "14: component \"c\": Probe: Gain cannot be \u{201c}3\u{201d}: it must be a number from 0 to 2"
            ]
        );
        assert_eq!(
            said("gian = 1\n"),
            ["13: component \"c\": Probe: there is no setting gian; there is gain"]
        );
    }

    #[test]
    fn files_scenes_and_buses_that_cannot_be_are_told() {
        let text = "name = 'P'\n[[bus]]\nname = 'b'\naddress = 'virtual:x'\nscene = 'beach'\n\
                    [[bus]]\nname = 'c'\naddress = 'replay:/nowhere/a.log'\ndbc = ['/nowhere/a.dbc']\n\
                    [[bus]]\nname = 'd'\naddress = 'virtual:x'\n";
        let said = problems(text);
        assert_eq!(said.len(), 4, "{said:?}");
        assert!(said[0].contains("5: error: unknown scene \"beach\": there is driving, bus-off"));
        assert!(said[1].contains("8: warning: there is no recording /nowhere/a.log"));
        assert!(said[2].contains("9: warning: there is no DBC file /nowhere/a.dbc"));
        assert!(said[3].contains("12: warning: virtual:x is the bus \"b\" already"));
    }
}
