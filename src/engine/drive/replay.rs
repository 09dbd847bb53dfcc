//! The thread of a replay, `replay:<name>`: it reads ahead, keeps the deadlines, and gives each frame
//! when it is due to the sending thread of its bus, whose guard has the last word. One frame at a
//! time is on its way. A [`Gate`] that is shut before anything else happens keeps back what was given
//! and not yet sent, so that after a word to stand still nothing goes out but the frame in flight.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, TrySendError, bounded};

use crate::base::id::{BusId, Name};
use crate::base::time::{Clock, Mono};
use crate::engine::can::frame::Frame;
use crate::engine::can::replay::{Due, Outcome, Refusal, Replay, ReplayProgress, Step};
use crate::engine::can::trace::{Log, OpenLogError};
use crate::engine::hub::{Epoch, Event, ReplayJob, ReplayNews, ReplayWork};

/// Orders that may wait for a replay.
const QUEUE: usize = 64;
/// Longest that it sleeps without looking round.
const REST: Duration = Duration::from_millis(100);
/// So long before a frame is due it stops sleeping and watches the clock.
const WATCH: Duration = Duration::from_micros(100);
/// A word that is on its way is waited for this long at a time.
const SOON: Duration = Duration::from_millis(1);
/// It looks ahead in the recording only where this is left.
const LEISURE: Duration = Duration::from_millis(5);
/// How often it is told how it is doing.
const NEWS: Duration = Duration::from_millis(100);
/// A sending thread that does not answer for this long has gone.
const ANSWER: Duration = Duration::from_secs(2);

/// Lets the frames of a replay through, or not. What was given under an earlier word is void.
#[derive(Clone, Debug, Default)]
pub(super) struct Gate(Arc<AtomicU64>);

impl Gate {
    /// Lets them through from now on. Odd numbers are open.
    pub(super) fn open(&self) {
        let now = self.0.load(Ordering::SeqCst);
        self.0.store((now + 1) | 1, Ordering::SeqCst);
    }

    /// Lets nothing through any more.
    pub(super) fn shut(&self) {
        let now = self.0.load(Ordering::SeqCst);
        self.0.store((now | 1) + 1, Ordering::SeqCst);
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

/// What became of a frame, and when that was.
pub(super) type Answer = (Mono, Outcome);

/// A frame on its way from a replay to a sending thread.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) frame: Frame,
    pub(super) gate: Gate,
    pub(super) pass: u64,
    /// Where it is told what became of it, and when.
    pub(super) back: Sender<Answer>,
}

/// The near end of a replay.
pub(super) struct ReplayHandle {
    pub(super) name: Name,
    pub(super) number: u64,
    gate: Gate,
    orders: Sender<ReplayWork>,
    thread: Option<JoinHandle<()>>,
}

impl ReplayHandle {
    /// Passes on what it is to do; the gate hears of it first.
    ///
    /// # Errors
    /// Too much waits already. Standing still works all the same.
    pub(super) fn tell(&self, work: ReplayWork) -> Result<(), String> {
        let goes_on = matches!(work, ReplayWork::Play | ReplayWork::Step(_));
        // A step out of playing sends one frame: what is in flight is void.
        if matches!(work, ReplayWork::Pause | ReplayWork::Stop | ReplayWork::Step(_)) {
            self.gate.shut();
        }
        match self.orders.try_send(work) {
            // Opened only now: what would still be given under the old order is not.
            Ok(()) if goes_on => self.gate.open(),
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
        drop(self.orders.try_send(ReplayWork::Stop));
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
pub(super) fn start(name: &Name, job: ReplayJob, stage: Stage) -> Result<ReplayHandle, String> {
    let gate = Gate::default();
    let (orders, receiver) = bounded(QUEUE);
    let number = job.number;
    let thread = ReplayThread {
        name: name.clone(),
        number,
        gate: gate.clone(),
        orders: receiver,
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
    orders: Receiver<ReplayWork>,
    stage: Stage,
    answers: (Sender<Answer>, Receiver<Answer>),
    /// What was last told, and when.
    told: Option<(Mono, ReplayProgress)>,
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
        let opened = open(job);
        match opened {
            Ok(mut replay) => self.work(&mut replay, &targets),
            Err(why) => self.say(ReplayNews { progress: None, ended: Some(why) }),
        }
        // Whatever made it end, nothing of it goes out any more.
        self.gate.shut();
    }

    fn work(&mut self, replay: &mut Replay, targets: &[Target]) {
        while !self.stage.stop.load(Ordering::SeqCst) {
            loop {
                match self.orders.try_recv() {
                    Ok(work) => {
                        if self.take(replay, work) == Goes::Ends {
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
                    self.give(replay, (now, frame), targets.get(target));
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
    fn take(&self, replay: &mut Replay, work: ReplayWork) -> Goes {
        let now = self.stage.clock.now();
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

    /// Gives a frame to the thread that sends, and hears what became of it.
    fn give(&self, replay: &mut Replay, (now, frame): (Mono, Frame), target: Option<&Target>) {
        let Some((way, withheld)) = target.and_then(|one| Some((one.way.as_ref()?, &one.withheld)))
        else {
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
        let given = Given { frame, gate: self.gate.clone(), pass, back: self.answers.0.clone() };
        let gone = || Outcome::Halt("the thread that sends to this bus has ended".to_owned());
        let (at, outcome) = match way.send_timeout(given, ANSWER) {
            Ok(()) => {
                self.answers.1.recv_timeout(ANSWER).unwrap_or_else(|_| {
                    // Whatever still waits there must not go out late.
                    self.gate.shut();
                    (self.stage.clock.now(), gone())
                })
            }
            Err(_) => (self.stage.clock.now(), gone()),
        };
        replay.done(at, outcome);
    }

    /// Waits until `until`, or for a word.
    fn rest(&self, replay: &mut Replay, until: Option<Mono>) -> Goes {
        let left = until.map_or(REST, |until| until.since(self.stage.clock.now()).min(REST));
        if left > LEISURE && replay.look_ahead() {
            return Goes::On;
        }
        if left > WATCH {
            return match self.orders.recv_timeout(left.saturating_sub(WATCH)) {
                Ok(work) => self.take(replay, work),
                Err(RecvTimeoutError::Timeout) => Goes::On,
                Err(RecvTimeoutError::Disconnected) => Goes::Ends,
            };
        }
        std::hint::spin_loop();
        Goes::On
    }

    /// Tells how it is doing, a few times a second and when it comes to a stand.
    fn tell(&mut self, replay: &Replay, now: Option<Mono>) {
        let at = now.unwrap_or_else(|| self.stage.clock.now());
        let soon = self.told.as_ref().is_some_and(|(told, _)| at.since(*told) < NEWS);
        if soon && now.is_some() {
            return;
        }
        let progress = replay.progress(at);
        if self.told.as_ref().is_some_and(|(_, told)| *told == progress) {
            // Nothing is new: not even that it stands.
            self.told = Some((at, progress));
            return;
        }
        let event = self.event(ReplayNews { progress: Some(progress.clone()), ended: None });
        // While it goes on no frame waits for the hub: what was not taken is told a little later.
        let taken = match now {
            Some(_) => self.stage.inbox.try_send(event).is_ok(),
            None => self.stage.inbox.send_timeout(event, NEWS).is_ok(),
        };
        if taken {
            self.told = Some((at, progress));
        }
    }

    fn event(&self, news: ReplayNews) -> Event {
        let (epoch, name) = (self.stage.epoch, self.name.clone());
        Event::Replay { epoch, name, number: self.number, news: Box::new(news) }
    }

    fn say(&self, news: ReplayNews) {
        if self.stage.inbox.send_timeout(self.event(news), NEWS).is_err() {
            tracing::warn!("the hub was not told how a replay ended");
        }
    }
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
