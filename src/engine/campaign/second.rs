//! Random charges of a simulated battery of the second generation, with faults, judged by what is really
//! so in its cells and by what went over the wire. Every run prints its seed where it fails. Test code
//! only.

use std::fmt::Write as _;
use std::time::Duration;

use crate::base::time::Mono;
use crate::base::units::{Amps, Volts, Watts};
use crate::engine::access::grant::Face;
use crate::engine::can::frame::{Direction, Frames, Kind};
use crate::engine::can::guard::Guard;
use crate::engine::charge::{
    ChargerView, Foreign, Latches, Lease, Message, Note, PackView, Rating, Rules, SetPoints,
    Station,
};
use crate::engine::device::{Catalog, Device};
use crate::engine::pack::{Charger, Pack, PackSettings};
use crate::engine::sim::{Chance, Scene, Truth, World};

const RUNS: u64 = 60;
const SECONDS: f64 = 90.0;
const RATING: Rating = Rating { volts: Volts(60.0), amps: Amps(10.0), watts: Watts(600.0) };

/// What may go wrong: the word of the scene, and what it happens to.
const FAULTS: [&str; 9] = [
    "do = 'silent'\non = 'BMS'",
    "do = 'silent'\non = 'Charger'",
    "do = 'late'\non = 'BMS'\nby = 0.8",
    "do = 'lost'\non = 'BMS'\nby = 0.6",
    "do = 'corrupt'\non = 'BMS'\nby = 0.3",
    "do = 'silent'\non = 'BMS'\nmodule = 1",
    "do = 'contactor-stuck'\non = 'BMS'",
    "do = 'never-closes'\non = 'BMS'",
    "do = 'no-mains'\non = 'Charger'",
];

struct Bench {
    world: World,
    battery: (Device, Pack),
    charger: (Device, Charger),
    guard: Guard,
    station: Station,
    truth: Truth,
    frames: Frames,
    /// Commands in the order in which they were first said.
    commands: Vec<u8>,
    gives: bool,
    said: String,
}

fn scene(chance: &mut Chance, faulty: bool) -> String {
    let soc = chance.between(60.0, 97.0);
    let mut text = format!(
        "title = 'Second'\ndescription = 'A run.'\npack = 'Pack'\nparked = true\n[[bmu]]\nname = 'BMS'\nkind = 'prohelion-d1000-gen2'\nmodules = 2\ncells = 5\ncapacity_ah = 5.0\nsoc_percent = {soc:.1}\nresistance_mohm = {:.1}\n[charger]\nname = 'Charger'\nvolts = 60.0\namps = 10.0\nwatts = 600.0\n[controls]\nname = 'Keys'\n",
        chance.between(2.0, 12.0)
    );
    let count = if faulty { 1 + (chance.share() * 3.0) as usize } else { 0 };
    for _ in 0..count {
        let which = FAULTS[(chance.share() * FAULTS.len() as f64) as usize];
        let from = chance.between(1.0, 70.0);
        let until = from + chance.between(0.4, 15.0);
        writeln!(text, "[[fault]]\n{which}\nfrom = {from:.2}\nuntil = {until:.2}").unwrap();
    }
    text
}

impl Bench {
    fn new(text: &str, seed: u64) -> Self {
        let catalog = Catalog::builtin();
        let bind = |kind: &str| {
            let kind = catalog.find(kind).unwrap();
            kind.bind(kind.defaults()).unwrap()
        };
        let scene = Scene::parse(text, "a run", "second").unwrap();
        let (battery, charger) = (bind("prohelion-d1000-gen2"), bind("elcon-tc"));
        let mut allow = charger.allows_up_to(RATING.volts.get(), RATING.amps.get());
        allow.extend(battery.allows());
        let pack = Pack::new(PackSettings::of_device(&battery));
        let model = Charger::of(&charger.kind().manifest, |usual| usual);
        Self {
            world: World::of(&catalog, &scene, seed).unwrap(),
            battery: (battery, pack),
            charger: (charger, model),
            guard: Guard::new(allow, Duration::from_millis(500)),
            station: Station::new(Rules::default(), Latches::default()),
            truth: Truth::default(),
            frames: Frames::default(),
            commands: Vec::new(),
            gives: false,
            said: String::new(),
        }
    }

    fn hear(&mut self) {
        let mut facts = Vec::new();
        for frame in self.frames.iter().filter(|frame| frame.kind() == Kind::Data) {
            facts.clear();
            let at = frame.time();
            if frame.id().is_extended() {
                self.charger.0.take(frame, &mut facts);
                facts.iter().for_each(|f| self.charger.1.apply(at, Direction::Received, f));
            } else {
                self.battery.0.take(frame, &mut facts);
                facts.iter().for_each(|fact| self.battery.1.apply(at, fact));
            }
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
            writeln!(self.said, "{:6.1} s {name} {:?}", now.secs_f64(), pack.state).unwrap();
        }
        for message in messages {
            let frame = match message {
                Message::Give { volts, amps } => {
                    self.gives = amps.get() > 0.0;
                    self.charger.0.charger_frame(Some((volts.get(), amps.get())))
                }
                Message::Stop => {
                    self.gives = false;
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
                Err(crate::engine::can::guard::Withheld::TooOften(_)) => {}
                Err(other) => return Err(format!("withheld: {other:?}")),
            }
        }
        self.judge(now, &pack)
    }

    fn judge(&mut self, _now: Mono, pack: &PackView) -> Result<(), String> {
        self.world.look(&mut self.truth);
        let [string] = self.truth.strings[..] else { return Err("no string".to_owned()) };
        if string.highest_mv > 4205.0 && string.amps > 0.1 {
            return Err(format!("charged at {:.0} mV", string.highest_mv));
        }
        let lost = pack.fast_age.is_none_or(|age| age > Duration::from_millis(3200));
        if lost && self.gives {
            return Err("gives although the battery is lost".to_owned());
        }
        let wrong = self.commands.iter().find(|command| ![1, 8, 16].contains(*command));
        if let Some(wrong) = wrong {
            return Err(format!("command {wrong}"));
        }
        let steps = self
            .commands
            .windows(2)
            .all(|pair| matches!(pair, [1, 8] | [8, 16] | [8, 1] | [16, 1]));
        if steps { Ok(()) } else { Err(format!("commands {:?}", self.commands)) }
    }
}

/// Lives through one run; the trace, and what was wrong.
fn live(seed: u64, faulty: bool) -> (Bench, Result<(), String>) {
    let mut chance = Chance::new(seed, 3);
    let text = scene(&mut chance, faulty);
    let mut bench = Bench::new(&text, seed);
    let stop = Mono::from_nanos((chance.between(8.0, 75.0) * 1e9) as i64);
    let mut now = Mono::ZERO;
    let mut asked = None;
    let mut began = false;
    while now.secs_f64() < SECONDS {
        now = now.after(Station::CYCLE);
        if !began && now.secs_f64() >= 4.0 {
            began = true;
            let set = SetPoints { current: Amps(8.0), ..SetPoints::usual(&Rules::default()) };
            bench.station.start(set, Lease::GoesOn).unwrap();
        }
        if asked.is_none() && now >= stop {
            asked = Some(now);
            bench.station.stop(Face::Desktop);
        }
        if let Err(why) = bench.step(now) {
            writeln!(bench.said, "{:6.1} s {why}", now.secs_f64()).unwrap();
            return (bench, Err(why));
        }
        let over = asked.is_some_and(|asked| now.since(asked) > Duration::from_secs(11));
        if over && bench.station.state().is_running() {
            return (bench, Err("a stop that does not end".to_owned()));
        }
        if over && bench.truth.charger_amps > 0.5 {
            return (bench, Err("the charger gives after the stop".to_owned()));
        }
    }
    (bench, Ok(()))
}

#[test]
fn sound_runs_charge_and_end_with_open_contactors() {
    for seed in 0..8 {
        let (bench, found) = live(0xD1000 + seed, false);
        assert_eq!(found, Ok(()), "seed {seed}:\n{}", bench.said);
        assert!(bench.commands.starts_with(&[1, 8, 16]), "seed {seed}:\n{}", bench.said);
        assert!(bench.said.contains("constant_current"), "seed {seed}:\n{}", bench.said);
        assert!(!bench.truth.strings[0].connected, "seed {seed}:\n{}", bench.said);
        assert_eq!(bench.commands.last(), Some(&1), "seed {seed}");
    }
}

#[test]
fn whatever_goes_wrong_no_cell_is_overcharged_and_every_stop_ends() {
    let mut charged = 0;
    for seed in 0..RUNS {
        let (bench, found) = live(0x60_0000 + seed, true);
        assert_eq!(found, Ok(()), "seed {:#x}:\n{}", 0x60_0000 + seed, bench.said);
        charged += usize::from(bench.said.contains("constant_current"));
    }
    assert!(charged > RUNS as usize / 3, "only {charged} of {RUNS} runs charged at all");
}
