//! Orders about sending by hand: arming a bus for a time, sending, scheduling, and the one order that
//! silences it all. None of them touches a charge, which has a stop of its own.

use std::time::Duration;

use crate::base::id::Name;
use crate::engine::access::permission::{MakeSafe, UseCan};
use crate::engine::can::frame::Frame;
use crate::engine::can::schedule::Schedule;
use crate::engine::orders::plant::Command;
use crate::engine::orders::{Order, Route};
use crate::engine::profile::message::MessageEntry;
use crate::engine::profile::shelf::Expected;

/// Every order about sending by hand that the hub knows.
#[derive(Clone, Debug)]
pub enum Sending {
    /// See [`ArmBus`].
    Arm(ArmBus),
    /// See [`Silence`].
    Silence(Silence),
    /// See [`SendFrames`].
    Send(SendFrames),
    /// See [`StartSchedule`].
    Start(StartSchedule),
    /// See [`StopSchedule`].
    Stop(StopSchedule),
}

/// Lets people send to a bus, for a time. Until then it is only listened to.
#[derive(Clone, Debug)]
pub struct ArmBus {
    /// The bus.
    pub bus: Name,
    /// For how long: [`ArmBus::LEAST`] to [`ArmBus::MOST`].
    pub span: Duration,
}

impl ArmBus {
    /// Shortest time.
    pub const LEAST: Duration = Duration::from_secs(10);
    /// Usual time.
    pub const USUAL: Duration = Duration::from_secs(600);
    /// Longest time.
    pub const MOST: Duration = Duration::from_secs(8 * 3600);
}

/// Ends sending by hand: what was armed is only listened to, what was scheduled stops. Always
/// possible, never asks. A charge is not touched.
#[derive(Clone, Debug)]
pub struct Silence {
    /// The bus; none: every bus.
    pub bus: Option<Name>,
}

/// Sends frames once, in this order.
#[derive(Clone, Debug)]
pub struct SendFrames {
    /// The bus.
    pub bus: Name,
    /// One to [`SendFrames::MOST`].
    pub frames: Vec<Frame>,
}

impl SendFrames {
    /// Most frames of one order.
    pub const MOST: usize = 64;
}

/// Sends a frame again and again. One of the same name is replaced.
#[derive(Clone, Debug)]
pub struct StartSchedule {
    /// The bus.
    pub bus: Name,
    /// What and how often.
    pub schedule: Schedule,
    /// What ends it besides a stop.
    pub keeps: Keeps,
}

/// What a schedule hangs on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keeps {
    /// It stops when the session that started it ends.
    #[default]
    WithSession,
    /// It goes on without it, while its bus is armed.
    Alone,
}

/// Stops a scheduled frame.
#[derive(Clone, Debug)]
pub struct StopSchedule {
    /// Its name.
    pub name: Name,
    /// Whether it stays in the list.
    pub then: Then,
}

/// What becomes of a schedule that was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It is listed as stopped.
    Keep,
    /// It is forgotten.
    Forget,
}

/// Keeps a message in the running profile, to be sent by hand; one of the same name is replaced. Needs
/// what sending needs and not the right to change settings: a message that is kept does nothing by
/// itself, and whoever starts it needs that right, an armed bus, and sees its bytes.
#[derive(Clone, Debug)]
pub struct KeepMessage {
    /// The message.
    pub message: Box<MessageEntry>,
    /// What is to be there, for whoever does not want to overwrite somebody else's.
    pub expected: Expected,
}

/// Takes a message out of the running profile.
#[derive(Clone, Debug)]
pub struct ForgetMessage {
    /// Its name.
    pub name: Name,
    /// The [mark](MessageEntry::mark) that it must bear.
    pub expected: Option<String>,
}

/// Both, as the hub takes them.
#[derive(Clone, Debug)]
pub enum Keeping {
    /// See [`KeepMessage`].
    Keep(KeepMessage),
    /// See [`ForgetMessage`].
    Forget(ForgetMessage),
}

impl Keeping {
    /// The name of the message.
    #[must_use]
    pub fn name(&self) -> &Name {
        match self {
            Self::Keep(order) => &order.message.name,
            Self::Forget(order) => &order.name,
        }
    }
}

impl Order for KeepMessage {
    type Needs = UseCan;
    type Done = ();
    const NAME: &'static str = "keep_message";

    fn needs(&self) -> UseCan {
        UseCan
    }

    fn target(&self) -> String {
        format!("{}: {}", self.message.name, self.message.short())
    }

    fn route(self) -> Route<()> {
        Route::Plant(Command::Keeping(Keeping::Keep(self)), ())
    }
}

impl Order for ForgetMessage {
    type Needs = UseCan;
    type Done = ();
    const NAME: &'static str = "forget_message";

    fn needs(&self) -> UseCan {
        UseCan
    }

    fn target(&self) -> String {
        self.name.to_string()
    }

    fn route(self) -> Route<()> {
        Route::Plant(Command::Keeping(Keeping::Forget(self)), ())
    }
}

plant_order!(
    ArmBus,
    "arm_bus",
    UseCan,
    AfterJournal,
    |one| format!("{} for {} s", one.bus, one.span.as_secs()),
    Sending,
    Sending::Arm
);
plant_order!(
    Silence,
    "silence_buses",
    MakeSafe,
    AtOnce,
    |one| one.bus.as_ref().map_or_else(|| "every bus".to_owned(), ToString::to_string),
    Sending,
    Sending::Silence
);
plant_order!(
    SendFrames,
    "send_frames",
    UseCan,
    AfterJournal,
    |one| told(one),
    Sending,
    Sending::Send
);
plant_order!(
    StartSchedule,
    "start_schedule",
    UseCan,
    AfterJournal,
    |one| format!(
        "{} on {}: {} {}",
        one.schedule.name,
        one.bus,
        short(&one.schedule.frame),
        pace(&one.schedule)
    ),
    Sending,
    Sending::Start
);
plant_order!(
    StopSchedule,
    "stop_schedule",
    UseCan,
    AtOnce,
    |one| one.name.to_string(),
    Sending,
    Sending::Stop
);

/// "every 100 ms, 20 times", "back to back, 50 times".
fn pace(schedule: &Schedule) -> String {
    let every = match schedule.is_burst() {
        true => "back to back".to_owned(),
        false => format!("every {} ms", schedule.every.as_millis()),
    };
    schedule.times.map_or_else(|| every.clone(), |times| format!("{every}, {times} times"))
}

/// Frames that the journal names; more are counted.
const TOLD: usize = 4;

fn told(order: &SendFrames) -> String {
    let frames: Vec<String> = order.frames.iter().take(TOLD).map(short).collect();
    let more = match order.frames.len().saturating_sub(TOLD) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}: {}{more}", order.bus, frames.join(" "))
}

/// A frame as people write it: "0x123#0A0B".
pub(in crate::engine) fn short(frame: &Frame) -> String {
    use std::fmt::Write as _;
    let view = frame.view();
    let mut text = format!("{}#", view.id());
    for byte in view.data {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02X}");
    }
    text
}
