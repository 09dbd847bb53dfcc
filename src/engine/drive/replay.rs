//! The thread of a replay, `replay:<name>`: it reads ahead, keeps the deadlines, and gives frames
//! when they are due to the sending thread of their bus, whose guard has the last word. What is due
//! at the same time is given together. A [`Gate`] that is shut before anything else happens keeps back
//! what was given and not yet sent, so that after a word to stand still nothing goes out but the frame
//! in flight.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{
    Receiver, RecvTimeoutError, SendTimeoutError, Sender, TryRecvError, TrySendError, bounded,
};

use crate::base::id::{BusId, Name};
use crate::base::time::{Clock, Mono};
use crate::engine::can::frame::Frame;
use crate::engine::can::replay::{Due, Outcome, Refusal, Replay, ReplayProgress, Step, Takes};
use crate::engine::can::trace::{Log, OpenLogError};
use crate::engine::hub::{Epoch, Event, ReplayJob, ReplayNews, ReplayWork};

/// Orders that may wait for a replay.
const QUEUE: usize = 64;
/// Longest that it sleeps without looking round.
const REST: Duration = Duration::from_millis(100);
/// Why a replay ended whose thread has.
const FAULT: &str = "the replay has stopped by a fault of Busbar's own: start it anew";
/// Why a replay stands whose frames nobody takes.
const SILENT: &str = "the thread that sends to this bus does not answer";
/// So long before a frame is due it stops sleeping and watches the clock.
const WATCH: Duration = Duration::from_micros(100);
/// A word that is on its way is waited for this long at a time.
const SOON: Duration = Duration::from_millis(1);
/// It looks ahead in the recording only where this is left.
const LEISURE: Duration = Duration::from_millis(5);
/// How often it is told how it is doing.
const NEWS: Duration = Duration::from_millis(100);
/// Frames that are given together, at most: what a sending thread takes to the wire in a moment.
const TOGETHER: usize = 64;
/// A sending thread that does not answer for this long has gone.
const ANSWER: Duration = Duration::from_secs(2);

/// Lets the frames of a replay through, or not. What was given under an earlier word is void.
#[derive(Clone, Debug, Default)]
pub(super) struct Gate(Arc<AtomicU64>);

impl Gate {
    /// Lets them through from now on. Odd numbers are open.
    pub(super) fn open(&self) {
        self.turn(|now| (now + 1) | 1);
    }

    /// Lets nothing through any more.
    pub(super) fn shut(&self) {
        self.turn(|now| (now | 1) + 1);
    }

    /// Both ends of a replay turn it: neither undoes what the other has just done.
    fn turn(&self, next: impl Fn(u64) -> u64) {
        let turned = |now| Some(next(now));
        let _always = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, turned);
    }

    /// Under which word a frame may go out now; `None`: under none.
    pub(super) fn pass(&self) -> Option<u64> {
        let now = self.0.load(Ordering::SeqCst);
        (now & 1 == 1).then_some(now)
    }

    /// Whether that word still stands.
    pub(super) fn lets(&self, pass: u64) -> bool {
        self.0.load(Ordering::SeqCst) == pass
    }
}

/// What became of the first of the frames that were given, and when that was; of the others nothing
/// did.
pub(super) type Answer = Vec<(Mono, Outcome)>;

/// How many of the frames that were given have come to the wire, or may have: each is counted before it
/// is asked whether the gate still lets it through. Once that is shut, those that are counted are all
/// that can have gone out, and the others never will.
#[derive(Clone, Debug, Default)]
pub(super) struct Begun(Arc<AtomicUsize>);

impl Begun {
    /// One more is begun.
    pub(super) fn one(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// Frames on their way from a replay to a sending thread, in their order.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) frames: Vec<Frame>,
    pub(super) gate: Gate,
    pub(super) pass: u64,
    /// How many of them were begun.
    pub(super) begun: Begun,
    /// Where it is told what became of it, and when.
    pub(super) back: Sender<Answer>,
}

/// The near end of a replay.
pub(super) struct ReplayHandle {
    pub(super) name: Name,
    pub(super) number: u64,
    gate: Gate,
    orders: Sender<(u64, ReplayWork)>,
    thread: Option<JoinHandle<()>>,
}

impl ReplayHandle {
    /// Passes on what it is to do; the gate hears of it first.
    ///
    /// # Errors
    /// Too much waits already, or it has ended. Standing still works all the same.
    pub(super) fn tell(&self, order: u64, work: ReplayWork) -> Result<(), String> {
        let goes_on = matches!(work, ReplayWork::Play | ReplayWork::Step(_));
        // A step out of playing sends one frame: what is in flight is void.
        if matches!(work, ReplayWork::Pause | ReplayWork::Stop | ReplayWork::Step(_)) {
            self.gate.shut();
        }
        match self.orders.try_send((order, work)) {
            // Opened only now: what would still be given under the old order is not.
            Ok(()) if goes_on => self.gate.open(),
            Err(TrySendError::Disconnected(_)) if goes_on => {
                return Err("the replay has ended: start it anew".to_owned());
            }
            Ok(()) | Err(TrySendError::Disconnected(_)) => {}
            Err(TrySendError::Full(_)) => {
                // Whatever was to be changed was not: better nothing goes out than the wrong thing.
                self.gate.shut();
                return Err("too many orders wait for this replay".to_owned());
            }
        }
        Ok(())
    }

    /// Ends it without waiting: its gate is shut, and its thread ends with the next look.
    pub(super) fn leave(self) {
        self.gate.shut();
        drop(self.orders.try_send((u64::MAX, ReplayWork::Stop)));
    }

    /// Ends it and waits until it has.
    pub(super) fn close(mut self) {
        self.gate.shut();
        drop(self.orders);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of a replay ended by a panic");
        }
    }
}

/// What a replay runs with.
pub(super) struct Stage {
    pub(super) epoch: Epoch,
    pub(super) inbox: Sender<Event>,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) clock: Arc<dyn Clock>,
    /// The sending threads of all buses.
    pub(super) ways: Vec<(BusId, Sender<Given>)>,
}

/// Starts the thread of a replay, which stands until it is told to play.
///
/// # Errors
/// The machine has no more threads.
pub(super) fn start(
    name: &Name,
    (order, job): (u64, ReplayJob),
    stage: Stage,
) -> Result<ReplayHandle, String> {
    let gate = Gate::default();
    let (orders, receiver) = bounded(QUEUE);
    let number = job.number;
    let thread = ReplayThread {
        name: name.clone(),
        number,
        gate: gate.clone(),
        orders: receiver,
        heard: order,
        stage,
        answers: bounded(1),
        told: None,
    };
    let title = format!("replay:{name}");
    let body = move || thread.run(job);
    let thread = std::thread::Builder::new().name(title).spawn(body);
    let thread = Some(thread.map_err(|error| error.to_string())?);
    Ok(ReplayHandle { name: name.clone(), number, gate, orders, thread })
}

struct ReplayThread {
    name: Name,
    number: u64,
    gate: Gate,
    orders: Receiver<(u64, ReplayWork)>,
    /// The last order that it has heard of.
    heard: u64,
    stage: Stage,
    answers: (Sender<Answer>, Receiver<Answer>),
    /// What was last told, when, and of how many orders it had heard.
    told: Option<(Mono, u64, ReplayProgress)>,
}

/// Says why a replay ended by itself, and keeps back what it has given, however it ends.
struct LastWord {
    name: Name,
    number: u64,
    order: u64,
    epoch: Epoch,
    gate: Gate,
    inbox: Sender<Event>,
    stop: Arc<AtomicBool>,
    /// Why, where that is no news that the hub has.
    why: Option<String>,
}

impl Drop for LastWord {
    fn drop(&mut self) {
        // Whatever made it end, nothing of it goes out any more.
        self.gate.shut();
        let fault = std::thread::panicking().then(|| FAULT.to_owned());
        let Some(why) = fault.or(self.why.take()) else { return };
        let news = Box::new(ReplayNews { order: self.order, progress: None, ended: Some(why) });
        let (epoch, name, number) = (self.epoch, self.name.clone(), self.number);
        let mut event = Event::Replay { epoch, name, number, news };
        // Until the hub has heard it the guards go on hearing the hub; a plant that ends needs no word.
        while !self.stop.load(Ordering::SeqCst) {
            match self.inbox.send_timeout(event, NEWS) {
                Ok(()) | Err(SendTimeoutError::Disconnected(_)) => return,
                Err(SendTimeoutError::Timeout(back)) => event = back,
            }
        }
    }
}

/// Whether a replay goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goes {
    On,
    Ends,
}

/// A target with the way to its bus.
struct Target {
    way: Option<Sender<Given>>,
    withheld: Vec<crate::engine::can::frame::Id>,
}

impl ReplayThread {
    fn run(mut self, job: ReplayJob) {
        let way = |bus: BusId| {
            let found = self.stage.ways.iter().find(|(own, _)| *own == bus);
            found.map(|(_, way)| way.clone())
        };
        let targets: Vec<Target> = job
            .targets
            .iter()
            .map(|one| Target { way: way(one.bus), withheld: one.withheld.clone() })
            .collect();
        let mut last = LastWord {
            name: self.name.clone(),
            number: self.number,
            order: self.heard,
            epoch: self.stage.epoch,
            gate: self.gate.clone(),
            inbox: self.stage.inbox.clone(),
            stop: Arc::clone(&self.stage.stop),
            why: None,
        };
        match open(job) {
            Ok(mut replay) => self.work(&mut replay, &targets),
            Err(why) => last.why = Some(why),
        }
    }

    fn work(&mut self, replay: &mut Replay, targets: &[Target]) {
        while !self.stage.stop.load(Ordering::SeqCst) {
            loop {
                match self.orders.try_recv() {
                    Ok(order) => {
                        if self.take(replay, order) == Goes::Ends {
                            return self.tell(replay, None);
                        }
                    }
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return self.tell(replay, None),
                }
            }
            let now = self.stage.clock.now();
            self.tell(replay, Some(now));
            let wait = match replay.next(now) {
                Due::Frame(frame, target) => {
                    self.give(replay, (now, frame), (targets, target));
                    continue;
                }
                Due::Busy => continue,
                Due::At(until) => Some(until),
                Due::Nothing => None,
            };
            if self.rest(replay, wait) == Goes::Ends {
                self.tell(replay, None);
                return;
            }
        }
    }

    /// Does what it is told.
    fn take(&mut self, replay: &mut Replay, (order, work): (u64, ReplayWork)) -> Goes {
        let now = self.stage.clock.now();
        self.heard = order;
        match work {
            ReplayWork::Play => replay.play(now),
            ReplayWork::Pause => replay.pause(now),
            ReplayWork::Step(None) => replay.step(now, Step::Frame),
            ReplayWork::Step(Some(pick)) => replay.step(now, Step::Chosen(pick)),
            ReplayWork::Seek(to) => replay.seek(now, to),
            ReplayWork::Speed(speed) => replay.set_speed(now, speed),
            ReplayWork::Times(times) => replay.set_times(times),
            ReplayWork::Start(_) => {}
            ReplayWork::Stop => return Goes::Ends,
        }
        Goes::On
    }

    /// Gives a frame, and those that are due with it, to the thread that sends, and hears what became of
    /// them.
    fn give(
        &mut self,
        replay: &mut Replay,
        (now, frame): (Mono, Frame),
        (targets, target): (&[Target], usize),
    ) {
        let found = targets.get(target).and_then(|one| Some((one.way.as_ref()?, &one.withheld)));
        let Some((way, withheld)) = found else {
            replay.done(now, Outcome::Halt("this bus takes no frames".to_owned()));
            return;
        };
        if withheld.contains(&frame.id()) {
            replay.done(now, Outcome::Refused(Refusal::Charging));
            return;
        }
        let Some(pass) = self.gate.pass() else {
            // The word to stand still is on its way here.
            std::thread::sleep(SOON);
            return;
        };
        let mut frames = vec![frame];
        replay.also_due(now, &mut |frame, to| {
            if frames.len() >= TOGETHER || to != target || withheld.contains(&frame.id()) {
                return Takes::Enough;
            }
            frames.push(frame);
            Takes::On
        });
        let (gate, begun, back) = (self.gate.clone(), Begun::default(), self.answers.0.clone());
        let given = Given { frames, gate, pass, begun: begun.clone(), back };
        let answer = match way.send_timeout(given, ANSWER) {
            Ok(()) => self.answers.1.recv_timeout(ANSWER).ok(),
            Err(_) => None,
        };
        match answer {
            Some(outcomes) => replay.settle(now, outcomes),
            None => {
                // Whatever still waits there must not go out late, and an answer that comes late is
                // none to what is given next.
                self.gate.shut();
                self.answers = bounded(1);
                unanswered(replay, self.stage.clock.now(), begun.count());
            }
        }
    }

    /// Waits until `until`, or for a word.
    fn rest(&mut self, replay: &mut Replay, until: Option<Mono>) -> Goes {
        let left = until.map_or(REST, |until| until.since(self.stage.clock.now()).min(REST));
        if left > LEISURE && replay.look_ahead() {
            return Goes::On;
        }
        if left > WATCH {
            return match self.orders.recv_timeout(left.saturating_sub(WATCH)) {
                Ok(order) => self.take(replay, order),
                Err(RecvTimeoutError::Timeout) => Goes::On,
                Err(RecvTimeoutError::Disconnected) => Goes::Ends,
            };
        }
        std::hint::spin_loop();
        Goes::On
    }

    /// Tells how it is doing: a few times a second, when it was told something, when it comes to a stand.
    fn tell(&mut self, replay: &Replay, now: Option<Mono>) {
        let at = now.unwrap_or_else(|| self.stage.clock.now());
        let same = |order: u64| order == self.heard;
        let told = self.told.as_ref().filter(|(_, order, _)| same(*order));
        let soon = told.is_some_and(|(told, _, _)| at.since(*told) < NEWS);
        if soon && now.is_some() {
            return;
        }
        let progress = replay.progress(at);
        let known = |(_, order, told): &(Mono, u64, ReplayProgress)| {
            *order == self.heard && *told == progress
        };
        if self.told.as_ref().is_some_and(known) {
            // Nothing is new: not even that it stands.
            self.told = Some((at, self.heard, progress));
            return;
        }
        let news = Some(progress.clone());
        let event = self.event(ReplayNews { order: self.heard, progress: news, ended: None });
        // While it goes on no frame waits for the hub: what was not taken is told a little later.
        let taken = match now {
            Some(_) => self.stage.inbox.try_send(event).is_ok(),
            None => self.stage.inbox.send_timeout(event, NEWS).is_ok(),
        };
        if taken {
            self.told = Some((at, self.heard, progress));
        }
    }

    fn event(&self, news: ReplayNews) -> Event {
        let (epoch, name) = (self.stage.epoch, self.name.clone());
        Event::Replay { epoch, name, number: self.number, news: Box::new(news) }
    }
}

/// Nobody said what became of the first `begun` of the frames that were given: they count as sent,
/// because nothing may go out twice, and that is said.
fn unanswered(replay: &mut Replay, now: Mono, begun: usize) {
    let Some(before) = begun.checked_sub(1) else {
        replay.done(now, Outcome::Halt(SILENT.to_owned()));
        return;
    };
    let what = match begun {
        1 => "whether the last frame went out is not known, and it counts as sent".to_owned(),
        many => {
            format!("whether the last {many} frames went out is not known, and they count as sent")
        }
    };
    let sent = std::iter::repeat_n((now, Outcome::Sent), before);
    let last = (now, Outcome::Last(format!("{SILENT}; {what}")));
    replay.settle(now, sent.chain([last]));
}

fn open(job: ReplayJob) -> Result<Replay, String> {
    let log = Log::open(&job.file).map_err(|error| error.to_string())?;
    if log.size().is_none() {
        return Err(OpenLogError::Pipe { path: job.file }.to_string());
    }
    let pick = job.pick.map(|pick| pick as Box<dyn crate::engine::can::replay::Pick>);
    Replay::new(&log, job.plan, job.routes, pick)
}

#[cfg(test)]
mod tests;
