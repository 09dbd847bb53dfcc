//! A part that is described by its folder alone: the readings and lamps of its sheet, each with its
//! age. Devices with a model of their own have one too, for whatever their folder wants shown besides.

use std::sync::Arc;

use crate::base::reading::{Age, Patience, Reading};
use crate::base::time::Mono;
use crate::engine::device::{Fact, Level, Model, Question, Sheet, SheetReading};
use crate::engine::pack::picture::{Identity, Remark};
use crate::engine::pack::remarks::worst_first;
use crate::engine::pack::seen::Seen;

/// A heartbeat comes once a second from every Tritium or Prohelion device.
const HEARTBEAT: Patience = Patience {
    late: std::time::Duration::from_millis(1500),
    lost: std::time::Duration::from_secs(5),
};

/// What the sheet of a part looks like at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartPicture {
    /// The moment.
    pub at: Mono,
    /// What there is to be shown.
    pub sheet: Arc<Sheet>,
    /// How old the part's word as a whole is.
    pub presence: Age,
    /// Who it says it is.
    pub identity: Seen<Identity>,
    /// The readings, in the order of the sheet.
    pub readings: Vec<ReadingPicture>,
    /// Whether the lamps are lit, in the order of the sheet.
    pub lamps: Vec<Seen<bool>>,
    /// Sentences, worst first.
    pub remarks: Vec<Remark>,
    /// The worst of them.
    pub level: Level,
}

/// One reading.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ReadingPicture {
    /// Its value, in the unit of the sheet.
    pub value: Seen<f64>,
    /// How much the value matters.
    pub level: Level,
}

/// A part, from facts.
#[derive(Clone, Debug)]
pub struct Part {
    sheet: Arc<Sheet>,
    patience: Patience,
    /// The component's own times, where it has some.
    own: Option<Patience>,
    newest: Option<Mono>,
    identity: Reading<Identity>,
    /// It says that it is in its bootloader: what else it sends is not what it seems.
    in_bootloader: bool,
    readings: Vec<Reading<f64>>,
    lamps: Vec<Reading<bool>>,
}

impl Part {
    /// A part that was not heard yet, which is late and lost as `patience` says; `own` are times of the
    /// component, which also hold for every message that is usually faster.
    #[must_use]
    pub fn new(sheet: Arc<Sheet>, patience: Patience, own: Option<Patience>) -> Self {
        let readings = vec![Reading::NEVER; sheet.readings.len()];
        let lamps = vec![Reading::NEVER; sheet.lamps.len()];
        Self {
            sheet,
            patience,
            own,
            newest: None,
            identity: Reading::NEVER,
            in_bootloader: false,
            readings,
            lamps,
        }
    }

    /// Takes in a fact heard at `at`.
    pub fn apply(&mut self, at: Mono, fact: &Fact) {
        match *fact {
            Fact::Reading { place, value } if !self.in_bootloader => {
                if let Some(reading) = self.readings.get_mut(usize::from(place)) {
                    reading.take(at, value);
                    self.newest = Some(at);
                }
            }
            Fact::Lamp { place, lit } if !self.in_bootloader => {
                if let Some(lamp) = self.lamps.get_mut(usize::from(place)) {
                    lamp.take(at, Some(lit));
                    self.newest = Some(at);
                }
            }
            Fact::Heartbeat { model, serial } => {
                self.in_bootloader = false;
                self.identity.take(at, Some(Identity { model, serial }));
                self.newest = Some(at);
            }
            Fact::Answer { question: Question::Bootloader, .. } => {
                self.in_bootloader = true;
                self.newest = Some(at);
            }
            Fact::Reading { .. }
            | Fact::Lamp { .. }
            | Fact::Answer { .. }
            | Fact::Module { .. }
            | Fact::Cells { .. }
            | Fact::Cell { .. }
            | Fact::Charge { .. }
            | Fact::BalanceCharge { .. }
            | Fact::Headroom(_)
            | Fact::Precharge(_)
            | Fact::CellRange { .. }
            | Fact::TemperatureRange { .. }
            | Fact::Totals { .. }
            | Fact::Battery(_)
            | Fact::Balance { .. }
            | Fact::Flags { .. }
            | Fact::Fans(_)
            | Fact::Hardware { .. }
            | Fact::ChargerOutput { .. }
            | Fact::ChargerCommand(_)
            | Fact::Switches(_)
            | Fact::Drive { .. }
            | Fact::DrivePower { .. } => {}
        }
    }

    /// Forgets everything, as after a jump in a recording.
    pub fn forget(&mut self) {
        *self = Self::new(Arc::clone(&self.sheet), self.patience, self.own);
    }

    /// The times of a message, never shorter than the component's own.
    fn times(&self, usual: Patience) -> Patience {
        self.own.map_or(usual, |own| Patience {
            late: usual.late.max(own.late),
            lost: usual.lost.max(own.lost),
        })
    }

    /// What it looks like at `now`.
    #[must_use]
    pub fn picture(&self, now: Mono) -> PartPicture {
        let readings = self.sheet.readings.iter().zip(&self.readings).map(|(shown, reading)| {
            let value = Seen::judge(reading, now, self.times(shown.patience));
            let level = value.value.map_or(Level::Ok, |value| shown.judge(value));
            ReadingPicture { value, level }
        });
        let lamps = self.sheet.lamps.iter().zip(&self.lamps);
        let lamps = lamps.map(|(shown, lamp)| Seen::judge(lamp, now, self.times(shown.patience)));
        let newest = self.newest.map_or(Reading::NEVER, |at| Reading::new(at, ()));
        let mut picture = PartPicture {
            at: now,
            sheet: Arc::clone(&self.sheet),
            presence: newest.age(now, self.own.unwrap_or(self.patience)),
            identity: Seen::judge(&self.identity, now, HEARTBEAT),
            readings: readings.collect(),
            lamps: lamps.collect(),
            remarks: Vec::new(),
            level: Level::Ok,
        };
        let remarks = worst_first(self.remarks(&picture));
        picture.level = remarks.iter().map(|remark| remark.level).fold(Level::Ok, Level::max);
        picture.remarks = remarks;
        picture
    }

    fn remarks(&self, picture: &PartPicture) -> Vec<Remark> {
        let mut remarks = Vec::new();
        let mut say = |level, text: String| remarks.push(Remark { level, text });
        if self.in_bootloader {
            let text = "It is in its bootloader and does not do its work: whatever else it sends is not shown.";
            say(Level::Warning, text.to_owned());
        }
        if let (Some(rule), Some(identity)) = (&self.sheet.heartbeat, picture.identity.value) {
            let (expected, _) = Model::from_word(rule.device);
            if identity.model != expected {
                let (is, wanted) = (identity.model.words(), expected.words());
                say(
                    Level::Warning,
                    format!(
                        "The device at this address says it is {is}, not {wanted}; its numbers may mean something else."
                    ),
                );
            }
        }
        for (shown, lamp) in self.sheet.lamps.iter().zip(&picture.lamps) {
            let level = Level::from(shown.rule.level);
            if lamp.value == Some(true) && level >= Level::Warning && !shown.rule.told {
                say(level, format!("{}: {}", shown.rule.label, shown.rule.meaning));
            }
        }
        for (shown, reading) in self.sheet.readings.iter().zip(&picture.readings) {
            if let Some(text) = beyond(shown, reading) {
                say(reading.level, text);
            }
        }
        for (number, title) in self.sheet.panels.iter().enumerate() {
            if let Some(text) = gone(picture, number, title) {
                say(Level::Warning, text);
            }
        }
        remarks
    }
}

/// A sentence on a value outside of its range.
fn beyond(shown: &SheetReading, reading: &ReadingPicture) -> Option<String> {
    let range = match reading.level {
        Level::Ok | Level::Info => return None,
        Level::Warning => shown.rule.warn,
        Level::Fault => shown.rule.fault,
    };
    let (value, [least, most]) = reading.value.value.zip(range)?;
    let (label, digits) = (&shown.rule.label, usize::from(shown.rule.digits));
    let unit = shown.rule.unit.as_deref().unwrap_or_default();
    let (word, limit) = if value < least { ("below", least) } else { ("above", most) };
    Some(format!("{label} is {value:.digits$} {unit}, {word} {limit:.digits$} {unit}."))
}

/// A sentence on a panel whose readings are all lost although the part still speaks.
fn gone(picture: &PartPicture, number: usize, title: &str) -> Option<String> {
    if !picture.presence.is_usable() {
        return None;
    }
    let readings = picture.sheet.readings.iter().zip(&picture.readings);
    let readings = readings.filter(|(shown, _)| shown.panel == number);
    let lamps = picture.sheet.lamps.iter().zip(&picture.lamps);
    let lamps = lamps.filter(|(shown, _)| shown.panel == number);
    let ages = readings.map(|(_, one)| one.value.age).chain(lamps.map(|(_, one)| one.age));
    let mut heard = ages.filter(|age| *age != Age::Never).peekable();
    heard.peek()?;
    let lost = heard.map(|age| match age {
        Age::Lost(age) => Some(age),
        Age::Never | Age::Fresh(_) | Age::Late(_) => None,
    });
    let age = lost.collect::<Option<Vec<_>>>()?.into_iter().min()?;
    let seconds = age.as_secs_f64();
    Some(format!(
        "Nothing of \u{201c}{title}\u{201d} for {seconds:.0} s, although it still sends other messages."
    ))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::engine::device::Catalog;

    const DBC: &str = "VERSION \"\"\nBU_: P\nBO_ 100 S_Id: 8 P\n SG_ DeviceId : 0|24@1+ (1,0) [0|0] \"\" P\n SG_ AnswerTo : 24|8@1+ (1,0) [0|0] \"\" P\n SG_ SerialOrAnswer : 32|32@1+ (1,0) [0|0] \"\" P\nBO_ 101 S_Fast: 8 P\n SG_ Amps : 0|32@1- (1,0) [0|0] \"A\" P\n SG_ Hot : 32|1@1+ (1,0) [0|0] \"\" P\nBO_ 102 S_Slow: 8 P\n SG_ Warmth : 0|16@1- (0.1,0) [0|0] \"C\" P\nSIG_VALTYPE_ 101 Amps : 1;\n";

    const TOML: &str = "id = 'x'\ntitle = 'X'\nmaker = 'M'\ncategory = 'sensor'\nsummary = 'S.'\ncurrent_sign = 'discharge-positive'\n[address]\nway = 'base'\ndefault = 100\nspan = 8\n[[rate]]\nname = 'fast'\nperiod_ms = 100\nlate_ms = 300\nlost_ms = 1000\nmessages = ['S_Fast']\n[[rate]]\nname = 'slow'\nperiod_ms = 1000\nlate_ms = 1500\nlost_ms = 5000\nmessages = ['S_Id', 'S_Slow']\n[heartbeat]\nmessage = 'S_Id'\ndevice = 0x4003\n[[panel]]\ntitle = 'Current'\n[[panel.reading]]\nsignal = 'S_Fast.Amps'\nlabel = 'Bus current'\ndigits = 1\ninto_battery = true\nwarn = [-50.0, 50.0]\n[[panel.lamp]]\nsignal = 'S_Fast.Hot'\nlabel = 'Too hot'\nlevel = 'fault'\nmeaning = 'It is too hot. Let it cool.'\n[[panel]]\ntitle = 'Warmth'\n[[panel.reading]]\nsignal = 'S_Slow.Warmth'\nlabel = 'Warmth'\ndigits = 1\n";

    struct Bench {
        device: crate::engine::device::Device,
        part: Part,
    }

    impl Bench {
        fn new() -> Self {
            let mut catalog = Catalog::default();
            catalog.add("x", TOML, DBC.as_bytes()).unwrap();
            let kind = catalog.find("x").unwrap();
            let patience = kind.manifest.rates[0].patience();
            let part = Part::new(Arc::clone(&kind.sheet), patience, None);
            Self { device: kind.bind(kind.defaults()).unwrap(), part }
        }

        fn hear(&mut self, ms: i64, message: &str, values: &[(&str, f64)]) {
            let frame = self.device.encode(message, values).unwrap();
            let mut facts = Vec::new();
            self.device.take(frame.view(), &mut facts);
            facts.iter().for_each(|fact| self.part.apply(Mono::from_millis(ms), fact));
        }

        fn at(&self, ms: i64) -> PartPicture {
            self.part.picture(Mono::from_millis(ms))
        }
    }

    #[test]
    fn every_reading_ages_by_the_rate_of_its_own_message() {
        let mut bench = Bench::new();
        assert_eq!(bench.at(0).presence, Age::Never);
        bench.hear(0, "S_Fast", &[("Amps", 12.0)]);
        bench.hear(0, "S_Slow", &[("Warmth", 21.5)]);
        let now = bench.at(400);
        assert!(matches!(now.readings[0].value.age, Age::Late(_)));
        assert_eq!(now.readings[0].value.value, Some(-12.0), "positive into the battery");
        assert!(matches!(now.readings[1].value.age, Age::Fresh(_)));
        let later = bench.at(1100);
        assert_eq!(
            (later.readings[0].value.value, later.readings[1].value.value),
            (None, Some(21.5))
        );
        assert!(matches!(later.presence, Age::Lost(_)));
        bench.hear(6000, "S_Fast", &[("Amps", 12.0)]);
        let said = bench.at(6000);
        assert_eq!(said.level, Level::Warning);
        assert!(
            said.remarks[0].text.contains("Nothing of \u{201c}Warmth\u{201d} for 6 s"),
            "{said:?}"
        );
    }

    #[test]
    fn a_lit_lamp_and_a_value_out_of_range_are_told_worst_first() {
        let mut bench = Bench::new();
        bench.hear(0, "S_Fast", &[("Amps", 60.0), ("Hot", 1.0)]);
        let now = bench.at(10);
        let said: Vec<&str> = now.remarks.iter().map(|remark| remark.text.as_str()).collect();
        assert_eq!(
            said,
            ["Too hot: It is too hot. Let it cool.", "Bus current is -60.0 A, below -50.0 A."]
        );
        assert_eq!((now.level, now.lamps[0].value), (Level::Fault, Some(true)));
        bench.hear(100, "S_Fast", &[("Amps", f64::NAN)]);
        let nothing = bench.at(100).readings[0];
        assert_eq!((nothing.value.value, nothing.level), (None, Level::Ok), "no number is a dash");
    }

    #[test]
    fn a_part_in_its_bootloader_shows_nothing_else_until_it_is_back() {
        let mut bench = Bench::new();
        let id = |answer| [("DeviceId", 16387.0), ("AnswerTo", answer), ("SerialOrAnswer", 7.0)];
        bench.hear(0, "S_Id", &id(255.0));
        bench.hear(10, "S_Fast", &[("Amps", 5.0)]);
        let now = bench.at(20);
        assert_eq!(now.readings[0].value, Seen::NEVER);
        assert!(now.remarks[0].text.contains("bootloader"), "{now:?}");
        bench.hear(1000, "S_Id", &id(0.0));
        bench.hear(1010, "S_Fast", &[("Amps", 5.0)]);
        assert_eq!(bench.at(1020).level, Level::Ok);
        bench.hear(2000, "S_Id", &[("DeviceId", 16386.0)]);
        assert!(bench.at(2000).remarks[0].text.contains("WaveSculptor 200"));
    }

    #[test]
    fn a_components_own_times_hold_for_every_message_that_is_faster() {
        let mut bench = Bench::new();
        let own = Patience { late: Duration::from_secs(2), lost: Duration::from_secs(3) };
        bench.part.own = Some(own);
        bench.hear(0, "S_Fast", &[("Amps", 1.0)]);
        let now = bench.at(1900);
        assert!(matches!(now.presence, Age::Fresh(_)));
        assert!(matches!(now.readings[0].value.age, Age::Fresh(_)));
    }
}
