//! Frames that are sent again and again, and when each is due. Pure: whoever sends asks what is due
//! and says how it went. A deadline is absolute, so lateness does not add up; a frame that is late by
//! whole periods is sent once and the periods are counted as missed.

use std::collections::VecDeque;
use std::time::Duration;

use thiserror::Error;

use crate::base::id::Name;
use crate::base::time::Mono;
use crate::engine::can::dress::{Dress, DressError};
use crate::engine::can::frame::{Frame, Kind};

/// Most schedules of one bus.
pub const SCHEDULES: usize = 64;
/// Most frames that are sent back to back.
pub const BURST: u64 = 500;
/// Frames of a burst in a step of [`Schedule::LEAST`]: what a classic bus of 500 kbit/s carries, so that
/// they follow each other on the wire and none is lost in a full queue before it.
const BURST_STEP: u64 = 4;
/// Lateness is judged by this many of the last sendings.
const LATENESSES: usize = 1000;

/// A frame to be sent again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// What people call it, unique in the program.
    pub name: Name,
    /// The frame.
    pub frame: Frame,
    /// Time between two sendings; none at all for a burst, back to back.
    pub every: Duration,
    /// After how many it ends; `None`: when somebody stops it.
    pub times: Option<u64>,
    /// What changes from one to the next.
    pub dress: Dress,
}

/// Why a schedule cannot be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ScheduleError {
    /// Too often or too seldom.
    #[error("a frame can be sent every 1 ms to every hour, not every {} ms", .0.as_secs_f64() * 1e3)]
    Every(Duration),
    /// Back to back, and too many.
    #[error("frames are sent back to back (every 0 ms) 1 to {BURST} times: say how often")]
    Burst,
    /// No times at all.
    #[error("a frame cannot be sent 0 times")]
    Never,
    /// An error frame.
    #[error("an error frame cannot be sent")]
    ErrorFrame,
    /// The counter or the checksum does not fit.
    #[error(transparent)]
    Dress(#[from] DressError),
    /// There are too many.
    #[error("a bus has at most {SCHEDULES} scheduled frames: stop one first")]
    TooMany,
}

impl Schedule {
    /// Shortest time between two sendings.
    pub const LEAST: Duration = Duration::from_millis(1);
    /// Longest time between two sendings.
    pub const MOST: Duration = Duration::from_secs(3600);

    /// Whether its frames go out back to back.
    #[must_use]
    pub const fn is_burst(&self) -> bool {
        self.every.is_zero()
    }

    /// Whether it can be.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn check(&self) -> Result<(), ScheduleError> {
        if self.is_burst() {
            if self.times.is_none_or(|times| times > BURST) {
                return Err(ScheduleError::Burst);
            }
        } else if !(Self::LEAST..=Self::MOST).contains(&self.every) {
            return Err(ScheduleError::Every(self.every));
        }
        if self.times == Some(0) {
            return Err(ScheduleError::Never);
        }
        if self.frame.kind() == Kind::Error {
            return Err(ScheduleError::ErrorFrame);
        }
        Ok(self.dress.check(self.frame.view().data.len())?)
    }
}

/// How a schedule is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScheduleFigures {
    /// Frames that the bus took.
    pub sent: u64,
    /// Frames that were kept back or not taken.
    pub failed: u64,
    /// Periods that passed without a frame because the program was late.
    pub missed: u64,
    /// By how much frames were late: half of the last thousand less than this.
    pub late_p50: Duration,
    /// 99 of 100 of the last thousand less than this.
    pub late_p99: Duration,
}

/// What runs on one bus.
#[derive(Debug, Default)]
pub struct Timetable {
    running: Vec<Running>,
}

#[derive(Debug)]
struct Running {
    schedule: Schedule,
    next: Mono,
    turn: u64,
    figures: ScheduleFigures,
    late: VecDeque<u32>,
}

impl Timetable {
    /// Starts a schedule, its first frame at once; one of the same name is replaced.
    ///
    /// # Errors
    /// It cannot be, or there are too many.
    pub fn start(&mut self, now: Mono, schedule: Schedule) -> Result<(), ScheduleError> {
        schedule.check()?;
        self.stop(&schedule.name);
        if self.running.len() >= SCHEDULES {
            return Err(ScheduleError::TooMany);
        }
        let (figures, late) = (ScheduleFigures::default(), VecDeque::with_capacity(LATENESSES));
        self.running.push(Running { schedule, next: now, turn: 0, figures, late });
        Ok(())
    }

    /// Stops one, and says how it did.
    pub fn stop(&mut self, name: &Name) -> Option<ScheduleFigures> {
        let place = self.running.iter().position(|one| one.schedule.name == *name)?;
        Some(self.running.remove(place).measured())
    }

    /// Stops all, and says how each did.
    pub fn clear(&mut self) -> Vec<(Name, ScheduleFigures)> {
        let figures = self.figures();
        self.running.clear();
        figures
    }

    /// When the next frame is due.
    #[must_use]
    pub fn next(&self) -> Option<Mono> {
        self.running.iter().map(|one| one.next).min()
    }

    /// Gives every frame that is due to `send`, and counts whether it went out. What was sent as often
    /// as asked ends; how each of those did is the answer.
    pub fn send_due(
        &mut self,
        now: Mono,
        mut send: impl FnMut(Frame) -> bool,
    ) -> Vec<(Name, ScheduleFigures)> {
        for one in self.running.iter_mut().filter(|one| one.next <= now) {
            one.note_lateness(now);
            for _ in 0..one.at_once() {
                let (turn, dress) = (one.turn, &one.schedule.dress);
                let frame = one.schedule.frame.edited(|data| dress.put_on(data, turn));
                let figures = &mut one.figures;
                let counted = if send(frame) { &mut figures.sent } else { &mut figures.failed };
                *counted += 1;
                one.turn += 1;
            }
        }
        let over = |one: &mut Running| one.schedule.times.is_some_and(|times| one.turn >= times);
        let over = self.running.extract_if(.., over);
        over.map(|one| (one.schedule.name.clone(), one.measured())).collect()
    }

    /// What runs and how it is doing.
    #[must_use]
    pub fn figures(&self) -> Vec<(Name, ScheduleFigures)> {
        let figures = |one: &Running| (one.schedule.name.clone(), one.measured());
        self.running.iter().map(figures).collect()
    }
}

impl Running {
    /// How many frames are due together.
    fn at_once(&self) -> u64 {
        if !self.schedule.is_burst() {
            return 1;
        }
        let left = self.schedule.times.unwrap_or_default().saturating_sub(self.turn);
        left.min(BURST_STEP)
    }

    fn note_lateness(&mut self, now: Mono) {
        let late = now.since(self.next);
        if self.late.len() == LATENESSES {
            self.late.pop_front();
        }
        self.late.push_back(u32::try_from(late.as_nanos()).unwrap_or(u32::MAX));
        let every = self.schedule.every.max(Schedule::LEAST);
        let missed = (late.as_nanos() / every.as_nanos().max(1)) as u64;
        // A burst that is late goes on later: none of it is left out.
        if !self.schedule.is_burst() {
            self.figures.missed += missed;
        }
        self.next = self.next.after(every * u32::try_from(missed + 1).unwrap_or(u32::MAX));
        // A clock that leapt farther than that begins anew.
        if self.next <= now {
            self.next = now.after(every);
        }
    }

    fn measured(&self) -> ScheduleFigures {
        let mut late: Vec<u32> = self.late.iter().copied().collect();
        late.sort_unstable();
        let at = |share: usize| {
            let place = late.len() * share / 100;
            let ns = late.get(place.min(late.len().saturating_sub(1))).copied();
            Duration::from_nanos(u64::from(ns.unwrap_or_default()))
        };
        ScheduleFigures { late_p50: at(50), late_p99: at(99), ..self.figures }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::can::dress::Counter;
    use crate::engine::can::frame::Id;

    fn schedule(name: &str, ms: u64) -> Schedule {
        Schedule {
            name: Name::new(name).unwrap(),
            frame: Frame::classic(Id::guess(0x100).unwrap(), &[7, 0]).unwrap(),
            every: Duration::from_millis(ms),
            times: None,
            dress: Dress::default(),
        }
    }

    fn t(ms: i64) -> Mono {
        Mono::from_millis(ms)
    }

    #[test]
    fn a_frame_is_due_at_once_and_then_every_period_however_late_it_was_sent() {
        let mut table = Timetable::default();
        table.start(t(1000), schedule("a", 10)).unwrap();
        let mut at = Vec::new();
        for ms in [1000, 1001, 1013, 1014, 1020, 1029, 1030] {
            table.send_due(t(ms), |_| {
                at.push(ms);
                true
            });
        }
        assert_eq!(at, [1000, 1013, 1020, 1030]);
        assert_eq!(table.next(), Some(t(1040)));
        let (_, figures) = &table.figures()[0];
        assert_eq!((figures.sent, figures.missed), (4, 0));
        assert_eq!(figures.late_p99, Duration::from_millis(3));
    }

    #[test]
    fn whole_periods_that_were_missed_are_counted_and_not_made_up_for() {
        let mut table = Timetable::default();
        table.start(t(0), schedule("a", 10)).unwrap();
        let mut sent = 0;
        for ms in [0, 57, 58, 60] {
            table.send_due(t(ms), |_| {
                sent += 1;
                true
            });
        }
        assert_eq!(sent, 3);
        assert_eq!(table.figures()[0].1.missed, 4);
        // A clock that leaps far ahead is no reason for a burst or for silence.
        table.send_due(t(i64::from(u32::MAX) * 100), |_| true);
        assert_eq!(table.next(), Some(t(i64::from(u32::MAX) * 100 + 10)));
    }

    #[test]
    fn a_schedule_ends_after_its_times_and_one_of_the_same_name_is_replaced() {
        let mut table = Timetable::default();
        table.start(t(0), Schedule { times: Some(2), ..schedule("a", 10) }).unwrap();
        table.start(t(0), schedule("b", 1000)).unwrap();
        table.start(t(0), Schedule { times: Some(3), ..schedule("a", 10) }).unwrap();
        let mut sent = 0;
        (0..200).for_each(|ms| {
            table.send_due(t(ms), |_| {
                sent += 1;
                true
            });
        });
        assert_eq!(sent, 3 + 1);
        assert_eq!(table.figures().len(), 1);
        table.stop(&Name::new("b").unwrap());
        assert_eq!(table.next(), None);
    }

    #[test]
    fn a_burst_goes_out_back_to_back_and_ends_and_none_of_it_is_left_out_when_it_is_late() {
        let mut table = Timetable::default();
        let counter = Some(Counter { byte: 1, bit: 0, bits: 8, last: None });
        let dress = Dress { counter, checksum: None };
        table.start(t(0), Schedule { dress, times: Some(10), ..schedule("a", 0) }).unwrap();
        let mut seen = Vec::new();
        for ms in [0, 0, 1, 7, 8] {
            table.send_due(t(ms), |frame| {
                seen.push((ms, frame.view().data[1]));
                true
            });
            assert!(table.figures().iter().all(|(_, figures)| figures.missed == 0));
        }
        let times: Vec<i64> = seen.iter().map(|(ms, _)| *ms).collect();
        assert_eq!(times, [0, 0, 0, 0, 1, 1, 1, 1, 7, 7]);
        assert!(seen.iter().map(|(_, turn)| *turn).eq(0..10), "{seen:?}");
        assert_eq!(table.next(), None);
    }

    #[test]
    fn the_counter_goes_up_with_every_sending_and_a_failure_is_counted() {
        let mut table = Timetable::default();
        let counter = Some(Counter { byte: 1, bit: 0, bits: 8, last: None });
        let dress = Dress { counter, checksum: None };
        table.start(t(0), Schedule { dress, ..schedule("a", 10) }).unwrap();
        let mut seen = Vec::new();
        for ms in [0, 10, 20] {
            table.send_due(t(ms), |frame| {
                seen.push(frame.view().data.to_vec());
                ms != 10
            });
        }
        assert_eq!(seen, [[7, 0], [7, 1], [7, 2]]);
        let (_, figures) = &table.figures()[0];
        assert_eq!((figures.sent, figures.failed), (2, 1));
    }

    #[test]
    fn what_cannot_be_is_said() {
        let said = |schedule: Schedule| schedule.check().unwrap_err().to_string();
        assert!(said(schedule("a", 0)).contains("1 to 500 times"));
        assert!(said(Schedule { times: Some(501), ..schedule("a", 0) }).contains("1 to 500 times"));
        let half = Schedule { every: Duration::from_micros(500), ..schedule("a", 1) };
        assert!(said(half).contains("not every 0.5 ms"));
        assert!(said(schedule("a", 3_600_001)).contains("every hour"));
        assert!(said(Schedule { times: Some(0), ..schedule("a", 1) }).contains("0 times"));
        let error = Frame::error(1, &[]).unwrap();
        assert!(said(Schedule { frame: error, ..schedule("a", 1) }).contains("error frame"));
        let mut table = Timetable::default();
        for n in 0..SCHEDULES {
            table.start(t(0), schedule(&format!("s{n}"), 10)).unwrap();
        }
        assert_eq!(table.start(t(0), schedule("more", 10)), Err(ScheduleError::TooMany));
        table.start(t(0), schedule("s1", 20)).unwrap();
    }
}
