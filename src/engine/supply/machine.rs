//! One supply as a pure machine: it is told the time, what came in and what is wanted, and says what
//! the socket is to do next. No socket, no thread, no clock.
//!
//! ```text
//! Offline ──connected──► Greeting ──is what it should be, seen off──► Ready
//!    ▲                      │  └──is something else──► Refused (closed, asked again later)
//!    └──── lost, late answer, garbage ── doubt: off first at the next chance ◄── from anywhere
//! ```

use std::collections::VecDeque;
use std::time::Duration;

use super::lines::Lines;
use super::text::{Ask, Model, Want, number};
use super::{Command, Stage, Status, Target};
use crate::base::time::Mono;
use crate::base::units::{Amps, Volts, Watts};

/// Longest wait for an answer.
pub const ANSWER_WAIT: Duration = Duration::from_millis(500);
/// Time between two rounds of questions.
pub const ROUND: Duration = Duration::from_millis(500);
/// The output goes off when nothing was told for so long.
pub const COMMAND_LIFE: Duration = Duration::from_secs(3);
/// Waits between attempts to connect, the last one for ever after.
const BACK_OFF: [Duration; 4] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];
/// Wait before a device that is another one is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(5);
/// Pause after a line that is not answered; the devices lose what follows at once.
const BREATH: Duration = Duration::from_millis(20);
/// Share of the model's highest value by which a read-back may differ, and the least of that.
const READ_BACK: (f64, f64) = (0.005, 0.02);
/// Rounds in a row in which more may flow than was set (it settles), and the margin.
const ABOVE_ROUNDS: u8 = 2;
const ABOVE: (f64, f64) = (1.1, 0.5);

/// What the socket is to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Need {
    /// Connect.
    Connect,
    /// Send this.
    Send(Vec<u8>),
    /// Close the connection.
    Close,
    /// Nothing before this moment, unless something comes in or is told.
    Wait(Mono),
}

/// Something that must not be: the output goes off and stays off.
#[derive(Clone, Debug)]
struct Doubt {
    sentence: String,
    /// A stop was told after it, or nothing was given when it came.
    is_taken: bool,
}

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Wanted {
    Off,
    Give { volts: f64, amps: f64 },
}

/// One supply.
#[derive(Debug)]
pub struct Machine {
    target: Target,
    stage: Stage,
    lines: Lines,
    queue: VecDeque<Ask>,
    flight: Option<(Ask, Mono)>,
    not_before: Mono,
    retry_at: Mono,
    attempts: usize,
    must_close: bool,
    /// Off, said once more before the connection is closed, whatever is answered.
    farewell: VecDeque<String>,
    /// It was once seen to be what the profile says: off is said before it is asked again.
    is_known: bool,
    model: Option<Model>,
    wanted: Wanted,
    told_at: Mono,
    set: (Option<f64>, Option<f64>),
    output: Option<bool>,
    volts: Option<f64>,
    next_round: Mono,
    above: u8,
    doubt: Option<Doubt>,
    trouble: Option<String>,
    news: Option<Status>,
}

impl Machine {
    /// A supply of which nothing is known yet.
    #[must_use]
    pub fn new(target: Target) -> Self {
        Self {
            target,
            stage: Stage::Offline,
            lines: Lines::default(),
            queue: VecDeque::new(),
            flight: None,
            not_before: Mono::ZERO,
            retry_at: Mono::ZERO,
            attempts: 0,
            must_close: false,
            farewell: VecDeque::new(),
            is_known: false,
            model: None,
            wanted: Wanted::Off,
            told_at: Mono::ZERO,
            set: (None, None),
            output: None,
            volts: None,
            next_round: Mono::ZERO,
            above: 0,
            doubt: None,
            trouble: None,
            news: None,
        }
    }

    /// A supply that somebody else has identified and switched on: off is the first thing it hears.
    #[must_use]
    pub fn to_switch_off(target: Target) -> Self {
        Self { is_known: true, ..Self::new(target) }
    }

    /// Whether the output has been seen off since it was last wanted on.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.output == Some(false) && self.wanted == Wanted::Off
    }

    /// Whether it was ever seen to be what it should be.
    #[must_use]
    pub const fn was_reached(&self) -> bool {
        self.is_known
    }

    /// Whether an answer is under way.
    #[must_use]
    pub const fn awaits(&self) -> bool {
        self.flight.is_some()
    }

    /// Host and port.
    #[must_use]
    pub fn place(&self) -> (String, u16) {
        (self.target.host.clone(), self.target.port)
    }

    /// How it stands, if that is news.
    pub fn news(&mut self) -> Option<Status> {
        self.news.take()
    }

    /// Tells it what to do, as it was decided at `at`.
    pub fn tell(&mut self, at: Mono, command: Command) {
        self.told_at = at;
        match command {
            Command::Stop => {
                self.wanted = Wanted::Off;
                // What was still to be said is no longer wanted; what is under way is waited for.
                if self.stage == Stage::Ready {
                    self.queue.clear();
                }
                if let Some(doubt) = &mut self.doubt {
                    doubt.is_taken = true;
                }
            }
            Command::Give { volts, amps } => self.give(volts, amps),
        }
    }

    fn give(&mut self, volts: Volts, amps: Amps) {
        if self.doubt.is_some() {
            return;
        }
        let (most_volts, most_amps) = self.most();
        let fits = |value: f64, most: f64| value.is_finite() && (0.0..=most).contains(&value);
        if !fits(volts.0, most_volts) || !fits(amps.0, most_amps) {
            self.wanted = Wanted::Give { volts: 0.0, amps: 0.0 };
            return self.fault(format!(
                "it was to give {:.1} V and {:.1} A, and may give {most_volts:.1} V and {most_amps:.1} A at most",
                volts.0, amps.0
            ));
        }
        // Rounded down to what is written, so that nothing greater is set than was asked.
        let floor = |value: f64| (value * 100.0 + 1e-6).floor() / 100.0;
        self.wanted = Wanted::Give { volts: floor(volts.0), amps: floor(amps.0) };
    }

    /// The smaller of rating and model.
    fn most(&self) -> (f64, f64) {
        let model = self.model.as_ref();
        let volts = model.map_or(f64::INFINITY, |model| model.volts.0).min(self.target.volts.0);
        let amps = model.map_or(f64::INFINITY, |model| model.amps.0).min(self.target.amps.0);
        (volts, amps)
    }

    /// The connection stands.
    pub fn connected(&mut self, now: Mono) {
        self.stage = Stage::Greeting;
        self.lines.clear();
        self.flight = None;
        self.forget();
        let (brand, number) = (self.target.brand, self.target.number);
        self.queue = brand.hello(number).into();
        if self.is_known {
            self.queue.extend(brand.off(number));
        }
        self.queue.push_back(brand.identify());
        self.next_round = now;
        self.tell_news(None);
    }

    /// There is no connection, or no longer.
    pub fn lost(&mut self, now: Mono, why: &str) {
        let wait = BACK_OFF.get(self.attempts).or(BACK_OFF.last()).copied().unwrap_or(ASK_AGAIN);
        self.attempts += 1;
        self.drop_link(now.after(wait));
        self.fault(format!("{}:{} {why}", self.target.host, self.target.port));
    }

    fn drop_link(&mut self, retry_at: Mono) {
        if self.stage != Stage::Refused {
            self.stage = Stage::Offline;
        }
        self.retry_at = retry_at;
        self.must_close = false;
        self.farewell.clear();
        self.queue.clear();
        self.flight = None;
        self.forget();
    }

    /// What was set and measured on another connection is not known on this one.
    fn forget(&mut self) {
        self.set = (None, None);
        self.output = None;
        self.volts = None;
        self.above = 0;
    }

    /// Something must not be: off, and off it stays.
    fn fault(&mut self, sentence: String) {
        let is_taken = self.wanted == Wanted::Off;
        self.wanted = Wanted::Off;
        if self.stage == Stage::Ready {
            self.queue.clear();
        }
        self.trouble = Some(sentence.clone());
        match &mut self.doubt {
            Some(doubt) => doubt.is_taken &= is_taken,
            None => self.doubt = Some(Doubt { sentence, is_taken }),
        }
        self.tell_news(None);
    }

    /// The two ends are out of step: nothing that comes now can be trusted. A device that only its
    /// answers have left may still obey, so that off is said before the connection is closed.
    fn out_of_step(&mut self, sentence: String) {
        if self.is_known && !self.must_close {
            let (brand, number) = (self.target.brand, self.target.number);
            let [off, _] = brand.off(number);
            let lines = brand.hello(number).into_iter().chain([off]);
            self.farewell = lines.map(|ask| ask.text).collect();
        }
        self.must_close = true;
        self.queue.clear();
        self.flight = None;
        self.output = None;
        self.fault(sentence);
    }

    /// What the socket is to do next at `now`.
    pub fn next(&mut self, now: Mono) -> Need {
        if self.must_close {
            if now < self.not_before {
                return Need::Wait(self.not_before);
            }
            if let Some(line) = self.farewell.pop_front() {
                self.not_before = now.after(BREATH);
                return Need::Send(format!("{line}{}", self.target.brand.line_end()).into_bytes());
            }
            let wait = BACK_OFF.get(self.attempts).or(BACK_OFF.last());
            let wait = if self.stage == Stage::Refused { Some(&ASK_AGAIN) } else { wait };
            self.attempts += 1;
            self.drop_link(now.after(wait.copied().unwrap_or(ASK_AGAIN)));
            return Need::Close;
        }
        if matches!(self.stage, Stage::Offline | Stage::Refused) {
            return if now >= self.retry_at { Need::Connect } else { Need::Wait(self.retry_at) };
        }
        if let Some((ask, until)) = &self.flight {
            if now < *until {
                return Need::Wait(*until);
            }
            let sentence = format!("it did not answer {:?} within 500 ms", ask.text);
            self.out_of_step(sentence);
            return self.next(now);
        }
        if now < self.not_before {
            return Need::Wait(self.not_before);
        }
        if self.stage == Stage::Ready {
            // What was planned before a standstill of the program is not said after it.
            if self.is_left_alone(now) {
                self.queue.clear();
            }
            if self.queue.is_empty() {
                self.plan(now);
            }
        }
        let Some(ask) = self.queue.pop_front() else { return Need::Wait(self.next_round) };
        let line = format!("{}{}", ask.text, self.target.brand.line_end());
        // A line without an answer is followed by one that asks what became of it.
        if ask.want == Want::Nothing {
            self.not_before = now.after(BREATH);
        } else {
            self.flight = Some((ask, now.after(ANSWER_WAIT)));
        }
        Need::Send(line.into_bytes())
    }

    /// Whether it is to give, and nobody has said so for too long.
    pub(super) fn is_left_alone(&self, now: Mono) -> bool {
        self.wanted != Wanted::Off && now.since(self.told_at) > COMMAND_LIFE
    }

    /// Puts what is to be said next into the queue: off before a round, a round before new set
    /// points, the current before the voltage where it goes down, the output on last.
    fn plan(&mut self, now: Mono) {
        let (brand, number) = (self.target.brand, self.target.number);
        if self.is_left_alone(now) {
            self.fault("nobody has told it what to do for 3 s".to_owned());
        }
        self.release();
        let wants_off = self.wanted == Wanted::Off || self.doubt.is_some();
        if wants_off && self.output != Some(false) {
            self.queue.extend(brand.off(number));
            return;
        }
        if now >= self.next_round {
            self.next_round = now.after(ROUND);
            self.queue = brand.round(number);
            return;
        }
        let Wanted::Give { volts, amps } = self.wanted else { return };
        let lower = self.set.1.is_some_and(|set| amps < set);
        let set_volts = (self.set.0 != Some(volts)).then(|| brand.set_volts(number, volts));
        let set_amps = (self.set.1 != Some(amps)).then(|| brand.set_amps(number, amps));
        let order = if lower { [set_amps, set_volts] } else { [set_volts, set_amps] };
        self.queue.extend(order.into_iter().flatten().flatten());
        if self.queue.is_empty() && self.output != Some(true) {
            self.queue.extend(brand.on(number));
            // From the first byte of it on, the output may be on.
            self.output = None;
        }
    }

    /// Lets a doubt go once a stop was told and the output was seen off.
    fn release(&mut self) {
        if self.is_off() && self.doubt.as_ref().is_some_and(|doubt| doubt.is_taken) {
            self.doubt = None;
            self.trouble = None;
            self.tell_news(None);
        }
    }

    /// Takes what came in.
    pub fn heard(&mut self, now: Mono, bytes: &[u8]) {
        let mut lines = Vec::new();
        let taken = self.lines.take(bytes, &mut lines);
        for line in lines {
            if self.must_close {
                return;
            }
            match self.flight.take() {
                Some((ask, _)) => self.answered(now, &ask, &line),
                None => self.out_of_step(format!("it said {line:?} without being asked")),
            }
        }
        if taken.is_err() && !self.must_close {
            self.out_of_step("it sent bytes that are no line of text".to_owned());
        }
    }

    fn answered(&mut self, now: Mono, ask: &Ask, line: &str) {
        let (brand, number) = (self.target.brand, self.target.number);
        match ask.want {
            Want::Nothing => {}
            Want::Taken if brand.is_taken(line) => {}
            Want::Taken => self.refuse(format!("it answered {line:?} to {:?}", ask.text)),
            Want::Identity => self.identified(now, line),
            Want::IsOff => match brand.output(number, line) {
                Ok(false) => self.seen_off(),
                Ok(true) => self.out_of_step("its output does not go off".to_owned()),
                Err(why) => self.out_of_step(why),
            },
            Want::IsOn => match brand.output(number, line) {
                Ok(true) => self.output = Some(true),
                Ok(false) => self.refuse("its output does not go on".to_owned()),
                Err(why) => self.out_of_step(why),
            },
            Want::Output => match brand.output(number, line) {
                Ok(is_on) => self.saw(is_on),
                Err(why) => self.out_of_step(why),
            },
            Want::SetVolts(set) => self.read_back(line, set, Quantity::Volts),
            Want::SetAmps(set) => self.read_back(line, set, Quantity::Amps),
            Want::Volts => self.volts = self.measured(line, Quantity::Volts),
            Want::Amps => {
                if let Some(amps) = self.measured(line, Quantity::Amps) {
                    self.round_ended(amps);
                }
            }
        }
    }

    /// A write was not taken: the connection is sound, so off can be said on it.
    fn refuse(&mut self, sentence: String) {
        self.output = None;
        if self.stage == Stage::Ready { self.fault(sentence) } else { self.out_of_step(sentence) }
    }

    fn identified(&mut self, now: Mono, line: &str) {
        let (brand, number) = (self.target.brand, self.target.number);
        match brand.model(line) {
            Ok(model) => {
                self.model = Some(model);
                self.is_known = true;
                self.queue.extend(brand.off(number));
                self.queue.extend(brand.prepare());
                // The state is asked again after what was prepared, and is where greeting ends.
                self.queue.extend(brand.off(number));
                self.next_round = now;
            }
            Err(why) => {
                self.out_of_step(why);
                // Another device is told nothing at all.
                self.farewell.clear();
                self.stage = Stage::Refused;
                self.is_known = false;
                self.model = None;
                self.tell_news(None);
            }
        }
    }

    fn seen_off(&mut self) {
        self.output = Some(false);
        if self.stage == Stage::Greeting && self.model.is_some() && self.queue.is_empty() {
            self.stage = Stage::Ready;
            self.attempts = 0;
            if self.doubt.is_none() {
                self.trouble = None;
            }
        }
        self.tell_news(None);
    }

    /// The output is on or off, as asked in a round.
    fn saw(&mut self, is_on: bool) {
        match (self.output, is_on) {
            (Some(true), false) => {
                self.output = Some(false);
                self.fault("its output went off by itself, or by hand".to_owned());
            }
            (Some(false), true) => {
                self.output = None;
                self.fault("its output went on by itself, or by hand".to_owned());
            }
            (None | Some(_), _) => self.output = Some(is_on),
        }
    }

    fn read_back(&mut self, line: &str, set: f64, what: Quantity) {
        let most = self.model_most(what);
        let tolerance = (most * READ_BACK.0).max(READ_BACK.1);
        match number(line) {
            Some(value) if (value - set).abs() <= tolerance => match what {
                Quantity::Volts => self.set.0 = Some(set),
                Quantity::Amps => self.set.1 = Some(set),
            },
            Some(value) => {
                let unit = what.unit();
                self.refuse(format!("it was set to {set:.2} {unit} and says {value:.2} {unit}"));
            }
            None => self.out_of_step(format!("it answered {line:?} instead of a number")),
        }
    }

    fn model_most(&self, what: Quantity) -> f64 {
        let model = self.model.as_ref();
        model.map_or(0.0, |model| match what {
            Quantity::Volts => model.volts.0,
            Quantity::Amps => model.amps.0,
        })
    }

    /// A measured value, where it is one that such a device can measure.
    fn measured(&mut self, line: &str, what: Quantity) -> Option<f64> {
        let most = self.model_most(what);
        let found = number(line).filter(|value| (-1.0..=most * 1.2 + 1.0).contains(value));
        if found.is_none() {
            let unit = what.unit();
            self.out_of_step(format!("it measures {line:?}, which are no {unit} of such a device"));
        }
        found
    }

    fn round_ended(&mut self, amps: f64) {
        let Some(volts) = self.volts.take() else { return };
        let set = if self.output == Some(false) { 0.0 } else { self.set.1.unwrap_or(f64::MAX) };
        self.above = if amps > set * ABOVE.0 + ABOVE.1 { self.above + 1 } else { 0 };
        if self.above >= ABOVE_ROUNDS {
            self.above = 0;
            self.output = None;
            self.fault(format!("it gives {amps:.2} A and was set to {set:.2} A"));
        }
        self.tell_news(Some((Volts(volts), Amps(amps))));
    }

    fn tell_news(&mut self, measured: Option<(Volts, Amps)>) {
        // A round that nobody has fetched yet is not covered up by what came after it.
        let measured = measured.or_else(|| self.news.as_ref().and_then(|news| news.measured));
        let (volts, amps) = self.most();
        let rating = (Volts(volts), Amps(amps), Watts(volts * amps));
        self.news = Some(Status {
            stage: self.stage,
            model: self.model.as_ref().map(|model| model.name.clone()),
            rating: self.model.is_some().then_some(rating),
            output: self.output,
            measured,
            in_doubt: self.doubt.is_some(),
            sentence: self
                .doubt
                .as_ref()
                .map(|doubt| doubt.sentence.clone())
                .or_else(|| self.trouble.clone()),
        });
    }
}

/// Of which a number is.
#[derive(Clone, Copy)]
enum Quantity {
    Volts,
    Amps,
}

impl Quantity {
    const fn unit(self) -> &'static str {
        match self {
            Self::Volts => "V",
            Self::Amps => "A",
        }
    }
}
