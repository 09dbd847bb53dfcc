//! Random charges of a simulated battery of the second generation, with faults, judged by what is really
//! so in its cells and by what went over the wire. It is told what to do by commands, in the order of its
//! states; firmware 1.1, of which nobody knows the commands, is told nothing but to be idle.

use std::fmt::Write as _;
use std::time::Duration;

use super::CampaignError;
use super::oracle::GRAIN;
use super::run::{Detail, Ended, Trace};
use crate::base::time::Mono;
use crate::base::units::{Amps, Millivolts, Volts, Watts};
use crate::engine::access::grant::Face;
use crate::engine::can::frame::{Direction, Frame, Frames, Kind};
use crate::engine::can::guard::{Guard, Withheld};
use crate::engine::charge::{
    ChargerView, Foreign, Key, Latches, Lease, Message, Note, PackView, Rating, Rules, SetPoints,
    Station,
};
use crate::engine::device::{Catalog, Device, Fact};
use crate::engine::pack::{Charger, Pack, PackSettings};
use crate::engine::sim::{Chance, Scene, Truth, World};

const SECONDS: f64 = 90.0;
const RATING: Rating = Rating { volts: Volts(60.0), amps: Amps(10.0), watts: Watts(600.0) };
const BATTERY: &str = "prohelion-d1000-gen2";
/// The message in which it says what firmware it runs.
const FIRMWARE: u32 = 0x601;
/// What commands say: be idle, take up a charge, charge.
const IDLE: u8 = 1;
const COMMANDS: [u8; 3] = [IDLE, 8, 16];
/// From this voltage on no cell may take a current, with what a reading may be off.
const CELL_MV: f64 = 4205.0;
/// A battery that was not heard for so long is lost, with a cycle to notice it.
const LOST: Duration = Duration::from_millis(3200);
/// A stop has ended after so long, whatever happens.
const STOPPED: Duration = Duration::from_secs(11);
const FACES: [Face; 4] = [Face::Desktop, Face::Web, Face::Api, Face::CommandLine];

/// What may go wrong: its name, the word of the scene, and what it happens to.
const FAULTS: [(&str, &str); 18] = [
    ("gen2_silent", "do = 'silent'\non = 'BMS'"),
    ("gen2_charger_silent", "do = 'silent'\non = 'Charger'"),
    ("gen2_late", "do = 'late'\non = 'BMS'\nby = 0.8"),
    ("gen2_lost", "do = 'lost'\non = 'BMS'\nby = 0.6"),
    ("gen2_corrupt", "do = 'corrupt'\non = 'BMS'\nby = 0.3"),
    ("gen2_twice", "do = 'twice'\non = 'BMS'"),
    ("gen2_module_silent", "do = 'silent'\non = 'BMS'\nmodule = 1"),
    ("gen2_module_hot", "do = 'wrong'\non = 'BMS'\nmodule = 1\nby = 60"),
    ("gen2_contactor_stuck", "do = 'contactor-stuck'\non = 'BMS'"),
    ("gen2_never_closes", "do = 'never-closes'\non = 'BMS'"),
    ("gen2_welded", "do = 'welded'\non = 'BMS'"),
    ("gen2_cell_high", "do = 'wrong'\non = 'BMS'\nmodule = 1\ncell = 2\nby = 350"),
    ("gen2_cell_low", "do = 'wrong'\non = 'BMS'\nmodule = 2\ncell = 1\nby = -450"),
    ("gen2_no_mains", "do = 'no-mains'\non = 'Charger'"),
    ("gen2_charger_reboots", "do = 'reboots'\non = 'Charger'"),
    ("gen2_charger_stuck", "do = 'stuck'\non = 'Charger'"),
    ("gen2_second_master", "do = 'second-master'"),
    ("gen2_bus_shuffled", "do = 'shuffled'\non = 'BMS'\nby = 0.6"),
];

/// How many faults a run has at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Throws {
    #[cfg_attr(not(test), expect(dead_code, reason = "sound runs are for the tests"))]
    Nothing,
    Faults,
}

/// What a run is drawn as.
struct Drawn {
    text: String,
    faults: Vec<&'static str>,
    /// It says that it runs firmware 1.1.
    old: bool,
    start: Mono,
    stop: Mono,
    face: Face,
    change: Mono,
    set: SetPoints,
}

/// The bench, and what is known of it.
struct Bench {
    world: World,
    battery: (Device, Pack),
    charger: (Device, Charger),
    guard: Guard,
    station: Station,
    truth: Truth,
    frames: Frames,
    old: bool,
    /// Commands in the order in which they were first said.
    commands: Vec<u8>,
    gives: bool,
    /// When the battery was last heard, by the wire alone.
    heard: Mono,
    trusts_cells: bool,
    /// What the charger was last told to give, amperes, and when.
    told: Option<(f64, Mono)>,
    /// The most that was ever asked for, amperes.
    asked: f64,
    trace: Trace,
    ended: Ended,
}

fn at(seconds: f64) -> Mono {
    Mono::from_nanos((seconds * 1e9) as i64)
}

fn draw(seed: u64, throws: Throws) -> Drawn {
    let mut chance = Chance::new(seed, 3);
    let soc = chance.between(60.0, 97.0);
    let milliohm = chance.between(2.0, 12.0);
    let mut text = format!(
        "title = 'Second'\ndescription = 'A run.'\npack = 'Pack'\nparked = true\n[[bmu]]\nname = 'BMS'\nkind = '{BATTERY}'\nmodules = 2\ncells = 5\ncapacity_ah = 5.0\nsoc_percent = {soc:.1}\nresistance_mohm = {milliohm:.1}\n[charger]\nname = 'Charger'\nvolts = 60.0\namps = 10.0\nwatts = 600.0\n[controls]\nname = 'Keys'\n",
    );
    let count = match throws {
        Throws::Nothing => 0,
        Throws::Faults => 1 + (chance.share() * 3.0) as usize,
    };
    let mut faults = Vec::new();
    for _ in 0..count {
        let which = (chance.share() * FAULTS.len() as f64) as usize;
        let Some((name, what)) = FAULTS.get(which) else { continue };
        let from = chance.between(1.0, 70.0);
        let until = from + chance.between(0.4, 15.0);
        faults.push(*name);
        // Writing into a string does not fail.
        let _ = writeln!(text, "[[fault]]\n{what}\nfrom = {from:.2}\nuntil = {until:.2}");
    }
    let old = throws == Throws::Faults && chance.share() < 0.12;
    let stop = at(chance.between(8.0, 75.0));
    let face = FACES.get((chance.share() * 4.0) as usize).copied().unwrap_or(Face::Desktop);
    let usual = SetPoints::usual(&Rules::default());
    let set = SetPoints { current: Amps(chance.between(1.0, 9.0)), ..usual };
    let cell = Millivolts(chance.between(4000.0, 4150.0) as i32);
    let set = if chance.share() < 0.3 { SetPoints { cell, ..set } } else { set };
    let start = at(chance.between(3.0, 6.0));
    Drawn { text, faults, old, start, stop, face, change: at(chance.between(10.0, 80.0)), set }
}

impl Bench {
    fn new(
        drawn: &Drawn,
        seed: u64,
        catalog: &Catalog,
        detail: Detail,
    ) -> Result<Self, CampaignError> {
        let bind = |kind: &'static str| {
            let kind = catalog.find(kind).ok_or(CampaignError::Device(kind))?;
            kind.bind(kind.defaults()).map_err(|_| CampaignError::Device("binding"))
        };
        let scene = Scene::parse(&drawn.text, "the campaign", "campaign")
            .map_err(|source| CampaignError::Scene { seed, source })?;
        let (battery, charger) = (bind(BATTERY)?, bind("elcon-tc")?);
        let mut allow = charger.allows_up_to(RATING.volts.get(), RATING.amps.get());
        allow.extend(battery.allows());
        let pack = Pack::new(PackSettings::of_device(&battery));
        let model = Charger::of(&charger.kind().manifest, |usual| usual);
        let lies = |name: &&str| {
            ["_cell_", "corrupt", "late", "shuffled"].iter().any(|word| name.contains(word))
        };
        let world = World::of(catalog, &scene, seed)
            .map_err(|source| CampaignError::World { seed, source: Box::new(source) })?;
        Ok(Self {
            world,
            battery: (battery, pack),
            charger: (charger, model),
            guard: Guard::new(allow, Duration::from_millis(500)),
            station: Station::new(Rules::default(), Latches::default()),
            truth: Truth::default(),
            frames: Frames::default(),
            old: drawn.old,
            commands: Vec::new(),
            gives: false,
            heard: Mono::ZERO,
            trusts_cells: !drawn.faults.iter().any(lies),
            told: None,
            asked: drawn.set.current.get(),
            trace: Trace { lines: Vec::new(), detail },
            ended: Ended::default(),
        })
    }

    fn hear(&mut self) {
        let mut facts: Vec<Fact> = Vec::new();
        for frame in self.frames.iter().filter(|frame| frame.kind() == Kind::Data) {
            facts.clear();
            let at = frame.time();
            if frame.id().is_extended() {
                self.charger.0.take(frame, &mut facts);
                facts.iter().for_each(|f| self.charger.1.apply(at, Direction::Received, f));
                continue;
            }
            self.heard = self.heard.max(at);
            let told = if self.old { older(frame.id().raw(), frame.data) } else { None };
            let old = told.and_then(|data| Frame::classic(frame.id(), &data));
            match old {
                Some(old) => self.battery.0.take(old.at(at).view(), &mut facts),
                None => self.battery.0.take(frame, &mut facts),
            };
            facts.iter().for_each(|fact| self.battery.1.apply(at, fact));
        }
    }

    fn views(&self, now: Mono) -> (PackView, ChargerView) {
        let pack = PackView { bus_ok: true, ..PackView::of(&self.battery.1.glance(now), 0) };
        let glance = self.charger.1.glance(now);
        let charger = ChargerView {
            age: glance.age,
            voltage: glance.voltage,
            current: glance.current,
            faults: glance.faults,
            rating: Some(RATING),
            foreign: glance.foreign.map(|(ago, command)| Foreign { ago, command }),
            bus_ok: true,
        };
        (pack, charger)
    }

    /// A step of 100 ms, and what the judge says to it.
    fn step(&mut self, now: Mono) -> Result<(), String> {
        self.frames.clear();
        self.world.advance(now, &mut self.frames);
        self.hear();
        let (pack, charger) = self.views(now);
        let (mut messages, mut notes): (Vec<Message>, Vec<Note>) = (Vec::new(), Vec::new());
        self.guard.beat(now);
        let before = self.station.state().name();
        self.station.step(now, &pack, &charger, &mut messages, &mut notes);
        let name = self.station.state().name();
        if before != name {
            *self.ended.states.entry(name).or_default() += 1;
            self.trace.say(now, &format!("{name} {:?}", pack.state));
        }
        for message in messages {
            let frame = match message {
                Message::Give { volts, amps } => {
                    self.gives = amps.get() > 0.0;
                    self.rises(now, amps.get())?;
                    self.charger.0.charger_frame(Some((volts.get(), amps.get())))
                }
                Message::Stop => {
                    self.gives = false;
                    self.told = None;
                    self.charger.0.charger_frame(None)
                }
                Message::Command(command) => {
                    if self.commands.last() != Some(&command) {
                        self.commands.push(command);
                    }
                    let values = [("Command", f64::from(command)), ("CommandType", 1.0)];
                    self.battery.0.encode("G2_Commands", &values).ok()
                }
                Message::Key(_) | Message::Heartbeat => {
                    return Err("a key was sent to a second generation".to_owned());
                }
            };
            let frame = frame.ok_or("a message that makes no frame")?;
            // What comes too soon waits for its next turn; everything else has to pass.
            match self.guard.clear(now, frame) {
                Ok(cleared) => self.world.receive(cleared.into_frame().at(now).view()),
                Err(Withheld::TooOften(_)) => {}
                Err(other) => return Err(format!("withheld: {other:?}")),
            }
        }
        self.judge(now)
    }

    /// Whether a command rises no faster than the rule says, and to no more than was asked for.
    fn rises(&mut self, now: Mono, amps: f64) -> Result<(), String> {
        let (before, since) = self.told.replace((amps, now)).unwrap_or((0.0, Mono::ZERO));
        let seconds = now.since(since).as_secs_f64().min(1.1);
        let most = before + Rules::default().get(Key::RampUp) * seconds + 0.5 + GRAIN;
        if amps > most {
            return Err(format!("rises from {before} to {amps} A in {seconds:.2} s"));
        }
        if amps > self.asked + GRAIN {
            return Err(format!("gives {amps} A where {} A were asked for", self.asked));
        }
        Ok(())
    }

    fn judge(&mut self, now: Mono) -> Result<(), String> {
        self.world.look(&mut self.truth);
        let [string] = self.truth.strings.as_slice() else { return Err("no string".to_owned()) };
        if self.trace.detail == Detail::Every {
            let (mv, amps, gives) = (string.highest_mv, string.amps, self.truth.charger_amps);
            let last = self.commands.last();
            let line = format!("commanded {last:?}; gives {gives:.2} A; {amps:.2} A {mv:.0} mV");
            self.trace.say(now, &line);
        }
        // A cell that lies, or whose word comes late, is seen too late by whoever has no other word of it.
        if self.trusts_cells && string.highest_mv > CELL_MV && string.amps > 0.1 {
            return Err(format!("charged at {:.0} mV", string.highest_mv));
        }
        if self.gives && now.since(self.heard) > LOST {
            return Err("gives although the battery is lost".to_owned());
        }
        if let Some(wrong) = self.commands.iter().find(|command| !COMMANDS.contains(*command)) {
            return Err(format!("command {wrong}"));
        }
        if self.old && (self.gives || self.commands.iter().any(|command| *command != IDLE)) {
            return Err(format!("firmware 1.1 is commanded: {:?}", self.commands));
        }
        let steps = self.commands.windows(2);
        let in_order = |pair: &[u8]| matches!(pair, [1, 8] | [8, 16] | [8, 1] | [16, 1]);
        if steps.into_iter().all(in_order) {
            Ok(())
        } else {
            Err(format!("commands {:?}", self.commands))
        }
    }

    /// Everything that the run has, until something is wrong.
    fn through(&mut self, drawn: &Drawn) -> Result<(), (Mono, String)> {
        let (mut now, mut began, mut changed) = (Mono::ZERO, false, false);
        let mut asked: Option<Mono> = None;
        while now.secs_f64() < SECONDS {
            now = now.after(Station::CYCLE);
            if !began && now >= drawn.start {
                began = true;
                // One that is refused stays idle, and is judged all the same.
                let _ = self.station.start(drawn.set, Lease::GoesOn);
            }
            if !changed && now >= drawn.change {
                changed = true;
                let half = Amps(drawn.set.current.get() / 2.0);
                let _ = self.station.change(SetPoints { current: half, ..drawn.set });
            }
            if asked.is_none() && now >= drawn.stop {
                asked = Some(now);
                self.trace.say(now, &format!("stop from {:?}", drawn.face));
                self.station.stop(drawn.face);
            }
            self.step(now).map_err(|why| (now, why))?;
            let Some(asked) = asked.filter(|asked| now.since(*asked) > STOPPED) else { continue };
            if self.station.state().is_running() {
                let why = format!("a stop of {:.1} s does not end", asked.secs_f64());
                return Err((now, why));
            }
            if self.gives {
                return Err((now, "the charger is told to give after the stop".to_owned()));
            }
        }
        Ok(())
    }
}

/// The bytes of a message as firmware 1.1 sends them, where it is the one that says so.
fn older(id: u32, data: &[u8]) -> Option<[u8; 8]> {
    let mut data = <[u8; 8]>::try_from(data).ok().filter(|_| id == FIRMWARE)?;
    if let Some(minor) = data.get_mut(1) {
        *minor = 1;
    }
    Some(data)
}

/// Lives through one run.
///
/// # Errors
/// The run cannot be made.
pub(super) fn live(seed: u64, catalog: &Catalog, detail: Detail) -> Result<Ended, CampaignError> {
    lived(seed, catalog, detail, Throws::Faults).map(|bench| bench.ended)
}

fn lived(
    seed: u64,
    catalog: &Catalog,
    detail: Detail,
    throws: Throws,
) -> Result<Bench, CampaignError> {
    let drawn = draw(seed, throws);
    let mut bench = Bench::new(&drawn, seed, catalog, detail)?;
    if detail == Detail::Every {
        bench.trace.lines.extend(drawn.text.lines().map(str::to_owned));
    }
    for name in &drawn.faults {
        *bench.ended.faults.entry(name).or_default() += 1;
    }
    if let Err((at, why)) = bench.through(&drawn) {
        bench.trace.say(at, &format!("VIOLATION gen2: {why}"));
        bench.ended.violation = Some(("gen2".to_owned(), why));
    }
    bench.ended.trace = std::mem::take(&mut bench.trace.lines);
    Ok(bench)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(seed: u64, throws: Throws) -> (Bench, String) {
        let bench = lived(seed, &Catalog::builtin(), Detail::Last, throws).unwrap();
        let said = bench.ended.trace.join("\n");
        assert_eq!(bench.ended.violation, None, "seed {seed}:\n{said}");
        (bench, said)
    }

    #[test]
    fn sound_runs_charge_and_end_with_open_contactors() {
        for seed in 0..8 {
            let (bench, said) = run(0xD1000 + seed, Throws::Nothing);
            assert!(bench.commands.starts_with(&[1, 8, 16]), "seed {seed}:\n{said}");
            assert!(bench.ended.states.contains_key("constant_current"), "seed {seed}:\n{said}");
            assert!(!bench.truth.strings[0].connected, "seed {seed}:\n{said}");
            assert_eq!(bench.commands.last(), Some(&1), "seed {seed}");
        }
    }

    #[test]
    fn whatever_goes_wrong_no_cell_is_overcharged_and_every_stop_ends() {
        let (mut charged, mut old) = (0, 0);
        for seed in 0..60 {
            let (bench, _) = run(0x60_0000 + seed, Throws::Faults);
            charged += usize::from(bench.ended.states.contains_key("constant_current"));
            old += usize::from(bench.old);
        }
        assert!(charged > 20, "only {charged} of 60 runs charged at all");
        assert!(old > 2, "only {old} of 60 runs had a firmware that nobody may command");
    }

    #[test]
    fn every_fault_is_a_scene_that_runs_and_is_thrown() {
        let mut thrown = std::collections::BTreeSet::new();
        for seed in 0..400 {
            let drawn = draw(seed, Throws::Faults);
            Scene::parse(&drawn.text, "the campaign", "campaign").unwrap();
            thrown.extend(drawn.faults);
        }
        assert_eq!(thrown.len(), FAULTS.len(), "{thrown:?}");
    }

    #[test]
    fn the_judge_sees_what_must_not_be() {
        let drawn = draw(0xD1000, Throws::Nothing);
        let wrong = |change: fn(&mut Bench)| {
            let mut bench = Bench::new(&drawn, 1, &Catalog::builtin(), Detail::Last).unwrap();
            bench.step(at(0.1)).unwrap();
            change(&mut bench);
            bench.judge(at(9.0)).unwrap_err()
        };
        assert!(wrong(|b| b.commands = vec![1, 16]).starts_with("commands"));
        assert_eq!(wrong(|b| b.commands = vec![4]), "command 4");
        assert!(wrong(|b| b.gives = true).contains("battery is lost"));
        let commanded = wrong(|b| (b.old, b.commands) = (true, vec![1, 8]));
        assert!(commanded.contains("firmware 1.1"), "{commanded}");
        let mut bench = Bench::new(&drawn, 1, &Catalog::builtin(), Detail::Last).unwrap();
        bench.asked = 5.0;
        bench.rises(at(1.0), 0.5).unwrap();
        assert!(bench.rises(at(1.1), 3.0).unwrap_err().starts_with("rises from 0.5 to 3 A"));
        bench.rises(at(2.1), 3.5).unwrap();
        bench.rises(at(3.1), 4.6).unwrap();
        assert!(bench.rises(at(4.1), 5.2).unwrap_err().contains("5 A were asked for"));
    }
}
