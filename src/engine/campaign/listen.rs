//! What an attentive listener on the wire knows: the last words of every BMU and of the charger, taken
//! out of the bytes by the protocol note alone, and what the program itself last said. Shares no code
//! with the models that the machine looks through.

use crate::base::time::Mono;
use crate::engine::can::frame::{FrameRef, Kind};

/// Messages of a BMU by their offset.
const TOTALS: usize = 0;
const RANGE: usize = 1;
const ROOM: usize = 2;
const STATE: usize = 3;
const FLAGS: usize = 4;
const TEMPERATURES: usize = 5;
const OFFSETS: [u32; 6] = [0xFA, 0xF8, 0xF6, 0xF7, 0xFD, 0xF9];
/// Flags that forbid charging: all failures of the note's table but the missing vehicle, which two
/// messages tell at different times and which the state tells at once.
const FAILURES: u32 = 0x1917;

/// What a BMU last said.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    base: u32,
    heard: [Option<Mono>; 6],
    modules: Vec<Option<Mono>>,
    pub volts: f64,
    pub amps: f64,
    pub low_mv: i32,
    pub high_mv: i32,
    pub margin: f64,
    pub balance_mv: i32,
    pub state: u8,
    pub bits: u8,
    pub flags: u32,
    pub hot_c: f64,
    pub cold_c: f64,
}

/// The last command to the charger.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Command {
    pub at: Mono,
    pub volts: f64,
    pub amps: f64,
    pub stop: bool,
}

/// The wire.
#[derive(Clone, Debug)]
pub(super) struct Listener {
    pub bmus: Vec<Told>,
    pub charger_at: Option<Mono>,
    pub charger_amps: f64,
    pub charger_bits: u8,
    /// When somebody else commanded the charger, and when somebody else sent the key.
    pub other_master: Option<Mono>,
    pub other_key: Option<Mono>,
    pub command: Option<Command>,
    pub key: Option<(Mono, u16)>,
}

impl Listener {
    pub(super) fn new(bases: &[u32], modules: usize) -> Self {
        let told = |&base: &u32| Told { base, modules: vec![None; modules], ..Told::default() };
        Self {
            bmus: bases.iter().map(told).collect(),
            charger_at: None,
            charger_amps: 0.0,
            charger_bits: 0,
            other_master: None,
            other_key: None,
            command: None,
            key: None,
        }
    }

    /// A frame that the program sent.
    pub(super) fn sent(&mut self, frame: FrameRef<'_>, now: Mono) {
        let Ok(data) = <[u8; 8]>::try_from(frame.data) else { return };
        match frame.id().raw() {
            0x1806_E5F4 => {
                let word = |a, b| f64::from(u16::from_be_bytes([a, b])) / 10.0;
                let (volts, amps) = (word(data[0], data[1]), word(data[2], data[3]));
                self.command = Some(Command { at: now, volts, amps, stop: data[4] != 0 });
            }
            0x505 => self.key = Some((now, u16::from_le_bytes([data[0], data[1]]))),
            _ => {}
        }
    }

    /// A frame that came to the program.
    pub(super) fn heard(&mut self, frame: FrameRef<'_>, now: Mono) {
        if frame.kind() != Kind::Data {
            return;
        }
        let Ok(data) = <[u8; 8]>::try_from(frame.data) else { return };
        let raw = frame.id().raw();
        match raw {
            0x18FF_50E5 => {
                self.charger_at = Some(now);
                self.charger_amps = f64::from(u16::from_be_bytes([data[2], data[3]])) / 10.0;
                self.charger_bits = data[4];
            }
            0x1806_E5F4 => self.other_master = Some(now),
            0x500 | 0x505 => self.other_key = Some(now),
            _ => {
                let own = |told: &&mut Told| (told.base..told.base + 0x100).contains(&raw);
                if let Some(told) = self.bmus.iter_mut().find(own) {
                    told.take(raw - told.base, data, now);
                }
            }
        }
    }

    /// Age of the oldest of voltage, range and room of all BMUs, seconds; endless where one was
    /// never heard.
    pub(super) fn fast_age(&self, now: Mono) -> f64 {
        self.age(now, &[TOTALS, RANGE, ROOM])
    }

    /// The same of state and flags.
    pub(super) fn slow_age(&self, now: Mono) -> f64 {
        self.age(now, &[STATE, FLAGS])
    }

    /// The same of the modules.
    pub(super) fn module_age(&self, now: Mono) -> f64 {
        let all = self.bmus.iter().flat_map(|told| &told.modules);
        all.map(|at| since(*at, now)).fold(0.0, f64::max)
    }

    /// The same of the charger.
    pub(super) fn charger_age(&self, now: Mono) -> f64 {
        since(self.charger_at, now)
    }

    fn age(&self, now: Mono, which: &[usize]) -> f64 {
        let of = |told: &Told| {
            let ages = which.iter().map(|at| since(told.heard.get(*at).copied().flatten(), now));
            ages.fold(0.0, f64::max)
        };
        self.bmus.iter().map(of).fold(0.0, f64::max)
    }

    /// Current of all BMUs together.
    pub(super) fn amps(&self) -> f64 {
        self.bmus.iter().map(|told| told.amps).sum()
    }

    /// Whether all say Run with closed contactors.
    pub(super) fn all_run(&self) -> bool {
        self.bmus.iter().all(|told| told.state == 4 && told.bits & 0x0C == 0x0C)
    }

    /// Whether any says that a contactor is closed.
    pub(super) fn any_closed(&self) -> bool {
        self.bmus.iter().any(|told| told.bits & 0x4C != 0)
    }

    /// Whether the program last said that there is something to give.
    pub(super) fn gives(&self) -> bool {
        self.command.is_some_and(|command| !command.stop && command.amps > 0.0)
    }
}

impl Told {
    fn take(&mut self, offset: u32, data: [u8; 8], now: Mono) {
        let word = |at: usize| i16::from_le_bytes([byte(&data, at), byte(&data, at + 1)]);
        let long = |at: usize| {
            i32::from_le_bytes([
                byte(&data, at),
                byte(&data, at + 1),
                byte(&data, at + 2),
                byte(&data, at + 3),
            ])
        };
        if (1..0xF0).contains(&offset) {
            if let Some(at) = self.modules.get_mut((offset as usize - 1) / 3) {
                *at = Some(now);
            }
            return;
        }
        let Some(which) = OFFSETS.iter().position(|known| *known == offset) else {
            if offset == 0xFB {
                self.balance_mv = i32::from(word(0) as u16);
            }
            return;
        };
        if let Some(at) = self.heard.get_mut(which) {
            *at = Some(now);
        }
        match which {
            TOTALS => {
                self.volts = f64::from(long(0)) / 1000.0;
                self.amps = f64::from(long(4)) / 1000.0;
            }
            RANGE => {
                self.low_mv = i32::from(word(0) as u16);
                self.high_mv = i32::from(word(2) as u16);
            }
            ROOM => self.margin = f64::from(word(2)) / 10.0,
            STATE => (self.bits, self.state) = (data[0], data[1]),
            FLAGS => self.flags = long(0) as u32,
            TEMPERATURES => {
                // Forty below is what a missing thermistor reads (protocol note, 2.1).
                let cold = f64::from(word(0)) / 10.0;
                self.cold_c = if word(0) == -400 { self.hot_c } else { cold };
                self.hot_c = f64::from(word(2)) / 10.0;
            }
            _ => {}
        }
    }

    /// Whether a flag is raised that forbids charging.
    pub(super) const fn fails(&self) -> bool {
        self.flags & FAILURES != 0
    }
}

fn byte(data: &[u8; 8], at: usize) -> u8 {
    data.get(at).copied().unwrap_or_default()
}

/// Seconds since; endless for never.
pub(super) fn since(at: Option<Mono>, now: Mono) -> f64 {
    at.map_or(f64::INFINITY, |at| now.since(at).as_secs_f64())
}
