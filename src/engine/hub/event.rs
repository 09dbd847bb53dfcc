//! What can happen to the hub, and what it asks for. Both are closed lists.

use std::path::PathBuf;
use std::sync::Arc;

use crate::base::id::{BusId, Name};
use crate::base::time::{Mono, Timebase};
use crate::engine::access::account::SessionId;
use crate::engine::access::actor::Who;
use crate::engine::access::grant::Face;
use crate::engine::access::roster::Roster;
use crate::engine::can::address::Address;
use crate::engine::can::bus::{BusStatus, ControlError, Listening, Received};
use crate::engine::can::frame::{Frame, Frames, Id};
use crate::engine::can::guard::{Allow, Block, Reach};
use crate::engine::can::record::roll::Figures;
use crate::engine::can::replay::{Progress, ReplayPlan, ReplayProgress, Routes, SeekTo, Speed};
use crate::engine::can::schedule::{Schedule, ScheduleFigures};
use crate::engine::charge::Keep;
use crate::engine::device::{Catalog, Device};
use crate::engine::filter::{Sieve, Sifter};
use crate::engine::orders::charging::SetDemo;
use crate::engine::orders::plant::{ActivateProfile, Play};
use crate::engine::orders::profiles::Profiling;
use crate::engine::orders::recording::KeepUpload;
use crate::engine::orders::{Admitted, Answer, OrderError, Reply};
use crate::engine::people::ledger::Author;
use crate::engine::profile::model::RecorderEntry;
use crate::engine::snapshot::{Notice, RecordState, Snapshot};
use crate::engine::store::journal::Entry;
use crate::engine::supply::Target;

/// Which running of a plant an event belongs to: events of a plant that was replaced are dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(pub u64);

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// A bus brought frames.
    Frames {
        /// Running of the plant.
        epoch: Epoch,
        /// The bus.
        bus: BusId,
        /// The frames.
        frames: Frames,
        /// What else the receive half said.
        received: Received,
    },
    /// A bus is doing differently.
    Bus {
        /// Running of the plant.
        epoch: Epoch,
        /// The bus.
        bus: BusId,
        /// How it is doing.
        status: BusStatus,
    },
    /// Frames were lost before the hub because its inbox was full.
    Lost {
        /// Running of the plant.
        epoch: Epoch,
        /// The bus.
        bus: BusId,
        /// How many.
        frames: u64,
    },
    /// A recording was played on.
    Played {
        /// Running of the plant.
        epoch: Epoch,
        /// Where it stands.
        progress: Progress,
    },
    /// Somebody gave an order.
    Order {
        /// The order.
        order: Admitted,
        /// Where the answer goes.
        reply: Reply,
    },
    /// A frame did not go out to a bus: the guard kept it back, or the wire did not take it.
    Unsent {
        /// Running of the plant.
        epoch: Epoch,
        /// The bus.
        bus: BusId,
        /// Why, in a sentence.
        why: String,
    },
    /// What became of what people send by hand on a bus.
    Hand {
        /// Running of the plant.
        epoch: Epoch,
        /// The bus.
        bus: BusId,
        /// What became of it.
        news: HandNews,
    },
    /// How a replay is doing.
    Replay {
        /// Running of the plant.
        epoch: Epoch,
        /// Its name.
        name: Name,
        /// Which of those that had this name.
        number: u64,
        /// How it is doing.
        news: Box<ReplayNews>,
    },
    /// What a recorder's thread says of its recording.
    Record {
        /// Which recording.
        number: u64,
        /// What it says.
        news: RecordNews,
    },
    /// What came of something that was done to the controller of a bus.
    Controlled {
        /// Running of the plant.
        epoch: Epoch,
        /// The bus.
        bus: BusId,
        /// What came of it.
        news: ControlNews,
    },
    /// The watchdog of a bus has died while something charged there, and another one holds it.
    Watchdog {
        /// Running of the plant.
        epoch: Epoch,
        /// The bus.
        bus: BusId,
        /// What that means, in a sentence.
        text: String,
    },
    /// The file of a profile was written, or was not.
    Kept {
        /// Which writing.
        number: u64,
        /// Why it was not, in a sentence.
        outcome: Result<(), String>,
    },
    /// What came of work on a profile's text.
    Profile {
        /// Which work.
        number: u64,
        /// What came of it, or why nothing did.
        outcome: Result<ProfileNews, OrderError>,
    },
    /// Somebody whose charge hangs on their presence is still there.
    Present {
        /// Who.
        who: Who,
        /// In which session, where that has a number.
        session: Option<SessionId>,
    },
    /// People or their rights have changed.
    Roster(Arc<Roster>),
    /// Other kinds of device are known: device folders of the data folder have changed.
    Catalog(Arc<Catalog>),
    /// The program ends: whatever charges is to be stopped first.
    Shutdown,
    /// Something to tell everybody; an empty text takes the notice back.
    Notice(Notice),
    /// Time has passed.
    Tick,
}

/// What the hub asks of the threads around it.
#[derive(Debug)]
pub enum Effect {
    /// Close all buses and open these.
    Connect {
        /// Running of the plant that they belong to.
        epoch: Epoch,
        /// The buses, in the order of their handles.
        buses: Vec<BusPlan>,
    },
    /// Some buses are others now; those that are kept go on.
    Amend {
        /// Running of the plant that what is opened belongs to.
        epoch: Epoch,
        /// The buses with what becomes of each, in the order of their handles.
        buses: Vec<(BusPlan, Fate)>,
    },
    /// Forget the frames that were kept for the trace.
    Wipe,
    /// Control the player.
    Play(Play),
    /// Put these on a bus, in this order, through its guard.
    Send {
        /// Running of the plant.
        epoch: Epoch,
        /// The bus.
        bus: BusId,
        /// The frames.
        frames: Vec<Frame>,
    },
    /// Do this for people who send by hand, through the guard of their own.
    Hand {
        /// Running of the plant.
        epoch: Epoch,
        /// The bus.
        bus: BusId,
        /// What is to be done.
        work: HandWork,
    },
    /// Do this for a replay.
    Replay {
        /// Running of the plant.
        epoch: Epoch,
        /// Its name.
        name: Name,
        /// Which order to this replay it is, counted from 1: its news say how far it has heard.
        order: u64,
        /// What is to be done.
        work: ReplayWork,
    },
    /// Do this about a recording.
    Record {
        /// Which; of no meaning for those in the folder.
        number: u64,
        /// What is to be done.
        work: RecordWork,
    },
    /// Do this to the controller of a bus, and say how it ended with [`Event::Controlled`].
    Control {
        /// Running of the plant.
        epoch: Epoch,
        /// The bus.
        bus: BusId,
        /// What is to be done.
        work: ControlWork,
    },
    /// Tell the guards that the hub still decides: without this they let nothing but stops through.
    Beat,
    /// Park the simulated vehicles, or let them drive, and hurry their cells.
    Demo(SetDemo),
    /// Write a line into the journal that nobody waits for.
    Journal(Box<Entry>),
    /// Keep something of charging.
    Keep(Keep),
    /// Write the file of a profile, and say how it ended with [`Event::Kept`].
    KeepProfile(KeepProfile),
    /// Work on the text of a profile, and say what came of it with [`Event::Profile`].
    Profile(ProfileJob),
    /// Show this to everybody.
    Publish(Arc<Snapshot>),
    /// Answer an order.
    Answer(Reply, Answer),
}

/// A profile's file to write.
#[derive(Clone, Debug)]
pub struct KeepProfile {
    /// Which writing.
    pub number: u64,
    /// The file.
    pub file: PathBuf,
    /// What it says as far as is known.
    pub before: Arc<str>,
    /// What becomes of it where it says something else.
    pub found: Found,
    /// What it is to say.
    pub text: Arc<str>,
    /// Who changes it, and what that is in words: a version is kept of it.
    pub author: Author,
}

/// What becomes of what somebody has written into a profile's file by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// It stays, and nothing is written.
    Stays,
    /// It becomes a version: whoever goes back to one means it to be gone from the file.
    Version,
}

/// Work on the text of a profile.
#[derive(Debug)]
pub struct ProfileJob {
    /// Which work.
    pub number: u64,
    /// Who asks for it, in words.
    pub by: String,
    /// Through which face.
    pub face: Face,
    /// What is to be done.
    pub work: ProfileWork,
}

/// What is to be done.
#[derive(Debug)]
pub enum ProfileWork {
    /// Find out what the running profile would say. Only what was written into its file by hand is taken
    /// out of it, where somebody goes back to what runs.
    Draft {
        /// Its file, where it has one.
        file: Option<PathBuf>,
        /// What it says.
        text: Arc<str>,
        /// What is asked for.
        order: Profiling,
    },
    /// Call the running profile otherwise.
    Rename {
        /// Its file.
        file: PathBuf,
        /// What it says.
        text: Arc<str>,
        /// What it is to be called.
        to: Name,
    },
    /// Do it with a profile that does not run.
    Elsewhere(Profiling),
}

/// What the running profile would say.
#[derive(Debug)]
pub struct Draft {
    /// It, to be run.
    pub order: Box<ActivateProfile>,
    /// What would be changed, in words.
    pub what: String,
    /// What becomes of what was written into its file by hand.
    pub found: Found,
}

/// What came of it.
#[derive(Debug)]
pub enum ProfileNews {
    /// What the running profile would say.
    Draft(Draft),
    /// The profile says so already, or it is done.
    Done,
    /// The running profile is called otherwise.
    Renamed {
        /// Its file.
        file: PathBuf,
        /// Its name.
        name: Name,
        /// What it says.
        text: Arc<str>,
    },
}

/// What becomes of a bus when a running profile is amended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It goes on as it is.
    Kept,
    /// It goes on; what may be sent to it is something else.
    Replanned,
    /// It is opened, and what was there in its place is closed.
    Opened,
}

/// A bus to open.
#[derive(Clone, Debug)]
pub struct BusPlan {
    /// Handle.
    pub bus: BusId,
    /// Name, for the thread.
    pub name: String,
    /// Where it is.
    pub address: Address,
    /// Scene whose simulated devices are attached to it, where it has one.
    pub scene: Option<String>,
    /// What may be sent to it; `None`: nothing is ever sent.
    pub sending: Option<SendingPlan>,
    /// What people may send to it by hand, once they have armed it; `None`: nothing.
    pub hand: Option<HandPlan>,
    /// The supply that is spoken to there in text, and the device whose frames stand for it here.
    pub supply: Option<(Target, Device)>,
}

/// What may be sent to a bus.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SendingPlan {
    /// The guard's rules.
    pub rules: Vec<Allow>,
    /// What the guard never lets through.
    pub blocks: Vec<Block>,
    /// For each charger there the frame that stops it, for when the hub no longer decides.
    pub stops: Vec<Frame>,
    /// Messages that are held for a moment while the hub is late: the vehicle's switches, without
    /// which contactors open under current.
    pub held: Vec<Id>,
}

/// What people may not send to a bus by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandPlan {
    /// Ids that are never sent.
    pub blocks: Vec<Block>,
    /// Whether replays need the bus to be armed.
    pub reach: Reach,
}

/// What a sending thread is to do for people who send by hand.
#[derive(Clone, Debug)]
pub enum HandWork {
    /// Let them send until then.
    Arm(Mono),
    /// Let nothing more out, and end every schedule.
    Silence,
    /// Send these once.
    Send(Vec<Frame>),
    /// Send this again and again; the number tells it from others that had its name.
    Start(u64, Box<Schedule>),
    /// End this schedule.
    Stop(Name),
    /// What may be sent to the bus is something else from now on; only while nothing is sent.
    Replan(Box<(SendingPlan, HandPlan)>),
}

/// What is to be done to the controller of a bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlWork {
    /// Start it anew.
    Restart,
    /// Listen only, at this bit rate.
    ListenAt(u32),
    /// Set it as it was.
    Restore,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ControlNews {
    /// Of a restart.
    Restarted(Result<(), ControlError>),
    /// Of listening at another rate: whether it was confirmed that it only listens.
    Listening(Result<Listening, ControlError>),
    /// Of setting it as it was.
    Restored(Result<(), ControlError>),
}

/// What a sending thread says of what people send by hand.
#[derive(Clone, Debug, Default)]
pub struct HandNews {
    /// How every schedule is doing, by its number; and, once, how those did that have ended.
    pub figures: Vec<(u64, ScheduleFigures)>,
    /// Schedules that have ended by themselves, by their numbers, and why.
    pub ended: Vec<(u64, String)>,
    /// Why the last frame that did not go out was kept back.
    pub refused: Option<String>,
}

/// What a replay is to do.
#[derive(Debug)]
pub enum ReplayWork {
    /// Begin.
    Start(Box<ReplayJob>),
    /// Go on.
    Play,
    /// Stand still; nothing goes out any more but the frame in flight.
    Pause,
    /// Send one frame, the next or the next that is chosen.
    Step(Option<Box<Sifter>>),
    /// Go to a place.
    Seek(SeekTo),
    /// Go on at another speed.
    Speed(Speed),
    /// Be sent so often.
    Times(Option<u32>),
    /// End; nothing goes out any more but the frame in flight.
    Stop,
}

/// A replay to begin.
#[derive(Debug)]
pub struct ReplayJob {
    /// Which of those that had its name.
    pub number: u64,
    /// The recording.
    pub file: PathBuf,
    /// How fast, which part, how often, under which ids.
    pub plan: ReplayPlan,
    /// Chooses its frames; `None`: all of them.
    pub pick: Option<Box<Sifter>>,
    /// Which of the targets a bus of the recording goes to.
    pub routes: Routes,
    /// The buses that it goes onto.
    pub targets: Vec<ReplayTarget>,
}

/// A bus that a replay goes onto.
#[derive(Clone, Debug)]
pub struct ReplayTarget {
    /// The bus.
    pub bus: BusId,
    /// Ids that whoever replays may not send.
    pub withheld: Vec<Id>,
}

/// What a replay says of itself.
#[derive(Clone, Debug)]
pub struct ReplayNews {
    /// The last order that it had heard of by then.
    pub order: u64,
    /// How far it is; `None` before it was opened.
    pub progress: Option<ReplayProgress>,
    /// That it has ended for good, and why.
    pub ended: Option<String>,
}

/// A bus that is recorded.
#[derive(Clone, Debug)]
pub struct RecordBus {
    /// Handle.
    pub bus: BusId,
    /// Name in the recording.
    pub name: String,
    /// What its stamps mean, as far as that is known.
    pub timebase: Timebase,
}

/// The filters of a recording, ready to run.
#[derive(Clone, Debug)]
pub struct Sieves {
    /// Which frames are written.
    pub keeps: Sieve,
    /// Which begin and which end it, where frames do.
    pub frames: Option<(Sieve, Option<Sieve>)>,
}

/// What is to be done about a recording.
#[derive(Debug)]
pub enum RecordWork {
    /// Begin it, and say how that went.
    Begin {
        /// What, when and into what.
        entry: Arc<RecorderEntry>,
        /// Who has begun it.
        by: String,
        /// Which buses.
        buses: Vec<RecordBus>,
        /// Its filters.
        sieves: Box<Sieves>,
        /// Who waits for it.
        reply: Option<Reply>,
    },
    /// What it waits for has begun, or is over.
    Rule(bool),
    /// End it; whoever waits hears when its last file is whole.
    End(Option<Reply>),
    /// Take this one out of the folder.
    Delete(String, Reply),
    /// Put what was sent into the folder.
    Keep(KeepUpload, Reply),
}

/// What a recorder's thread says.
#[derive(Debug)]
pub struct RecordNews {
    /// Whether it runs.
    pub state: RecordState,
    /// How it is doing.
    pub figures: Figures,
    /// Frames a second.
    pub rate: f64,
    /// The disk was full: what was written has ended, and its rule is waited for.
    pub full: Option<String>,
    /// An answer for whoever waits, which goes out once everybody can see it.
    pub answer: Option<(Reply, Answer)>,
}
