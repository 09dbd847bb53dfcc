//! What the window is drawn from and what it asks for. The window knows this trait and the views,
//! not the engine; boot hands it a source that stands on the door.

use std::path::PathBuf;
use std::sync::Arc;

use crate::desktop::ask::{Answer, Ask, ChargeAsk, Like, LogAsk, RecordAsk, ReplayAsk, SendAsk};
use crate::engine::Slcan;
use crate::view::buses::BusesView;
use crate::view::charge::{ChargePrefs, ChargeView};
use crate::view::chrome::Chrome;
use crate::view::components::{PartsPrefs, PartsSeen};
use crate::view::dbc::{DbcAsk, DbcPrefs, DbcView};
use crate::view::filter::{FilterAsk, SavedFilter};
use crate::view::logs::{LogId, LogView, TraceOf};
use crate::view::offer::Question;
use crate::view::pack::PackView;
use crate::view::plot::{PlotAsk, PlotKey, PlotPicture};
use crate::view::recordings::{RecordView, ShelfView};
use crate::view::replay::{ReplayPrefs, ReplayView};
use crate::view::sending::{Draft, SendPrefs, SendView};
use crate::view::services::ServicesView;
use crate::view::sessions::SessionsView;
use crate::view::settings::SettingsView;
use crate::view::start::StartView;
use crate::view::trace::{TraceAsk, TraceSeen};
use crate::view::traffic::{RowKey, StudyView, TrafficPrefs, TrafficView};
use crate::view::users::{UsersPrefs, UsersView};

/// Asks the window to draw again; callable from any thread.
pub type Waker = Arc<dyn Fn() + Send + Sync>;

/// Where the window gets what it shows. Every call answers at once: nothing here may wait for a
/// disk, a bus or a lock that somebody holds for long.
pub trait Source {
    /// Changes whenever something that is shown has changed; the window asks for views only then.
    fn version(&self) -> u64;
    /// Whether a profile runs. While it does not, the window shows the Open page.
    fn running(&self) -> bool;
    /// Counts what was opened because somebody asked for it here, and now runs. A try that failed
    /// does not count.
    fn opened(&self) -> u64;
    /// The frame around every page.
    fn chrome(&self) -> Chrome;
    /// The Pack page; `selected` is the label of the tab to show, `None` the first.
    fn pack(&self, selected: Option<&str>) -> PackView;
    /// The Charge page.
    fn charge(&self, prefs: &ChargePrefs) -> ChargeView;
    /// What is asked before the window closes; `None` where it may close at once.
    fn closing(&self) -> Option<Question>;
    /// The CAN page.
    fn traffic(&self, prefs: &TrafficPrefs) -> TrafficView;
    /// The rows of the trace that are in sight. Looks a stretch further each time.
    fn trace(&mut self, ask: &TraceAsk) -> TraceSeen;
    /// The rows of a trace between these two frames as lines of a candump log.
    fn copied(&self, of: TraceOf, between: (u64, u64)) -> String;
    /// The recordings that are open beside what runs.
    fn logs(&mut self) -> Vec<LogView>;
    /// The table by id of a recording.
    fn log_traffic(&mut self, log: LogId, prefs: &TrafficPrefs) -> TrafficView;
    /// The filters that are kept, by name; `None` until they are known.
    fn filters(&self) -> Option<Vec<SavedFilter>>;
    /// The share that is done of saving frames or values; none where nothing is being saved.
    fn saving(&self) -> Option<f32>;
    /// A close look at an id of the table of what runs, or of a recording.
    fn study(&mut self, of: TraceOf, row: RowKey) -> StudyView;
    /// The plot of signals.
    fn plot(&mut self, of: TraceOf, ask: &PlotAsk) -> PlotPicture;
    /// The frame that brought the value of a line at a moment of the plot.
    fn frame_at(&self, of: TraceOf, key: Option<&PlotKey>, at: i64) -> Option<u64>;
    /// The Send tab of the CAN page.
    fn sending(&self, prefs: &SendPrefs) -> SendView;
    /// The buses.
    fn buses(&self) -> BusesView;
    /// The Replay tab of the CAN page.
    fn replays(&self, prefs: &ReplayPrefs) -> ReplayView;
    /// The Record tab of the CAN page: what runs, and the folder of recordings.
    fn recordings(&mut self) -> (RecordView, ShelfView);
    /// The draft with one of its signals set to what was typed.
    ///
    /// # Errors
    /// Says what is not known or does not fit, in a sentence.
    fn with_signal(&self, draft: &Draft, signal: &str, typed: &str) -> Result<Draft, String>;
    /// The DBC tab of the CAN page. Looks a stretch further into the trace each time.
    fn dbc(&mut self, prefs: &DbcPrefs) -> DbcView;
    /// A draft like a frame that was seen; `None` where it is no longer kept.
    fn like(&self, like: Like) -> Option<Draft>;
    /// The Parts page, with whatever is looked at there.
    fn parts(&self, prefs: &PartsPrefs) -> PartsSeen;
    /// The page that offers what to open.
    fn start(&self) -> StartView;
    /// The Users page.
    fn users(&self, prefs: &UsersPrefs) -> UsersView;
    /// The Services page.
    fn services(&self) -> ServicesView;
    /// The Sessions page.
    fn sessions(&self) -> SessionsView;
    /// The Settings page, with what is looked for in it.
    fn settings(&self, find: &str) -> SettingsView;
    /// What has come of what was asked on the Admin pages, each told once.
    fn answers(&mut self) -> Vec<Answer>;
    /// Takes what a person asked for. What comes of it shows in the views.
    fn submit(&mut self, intent: Intent);
    /// Gives the source the means to ask for a new picture when its version changes.
    fn wake_with(&mut self, waker: Waker);
}

/// What a person asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Intent {
    /// Run this scene of the demo on a virtual bus.
    ChooseDemo(String),
    /// Run on this CAN interface.
    ChooseInterface(String),
    /// Watch the bus of an adapter on a serial port, opened so.
    ChooseAdapter(Slcan),
    /// Look for CAN interfaces again.
    FindInterfaces,
    /// Play this recording.
    OpenRecording(PathBuf),
    /// Something about the recording that plays.
    Player(PlayerIntent),
    /// Forget the by-id table and count anew.
    ClearTraffic,
    /// Forget the sentences that can be closed.
    DismissNotes,
    /// Something about charging.
    Charge(ChargeAsk),
    /// Something about sending by hand.
    Send(SendAsk),
    /// Something about replays.
    Replay(ReplayAsk),
    /// Something about recording.
    Record(RecordAsk),
    /// Something about recordings that are looked at.
    Log(LogAsk),
    /// Something about DBC files.
    Dbc(DbcAsk),
    /// Something about kept filters.
    Filter(FilterAsk),
    /// Something on the Admin pages.
    Admin(Ask),
}

/// What to do with the recording that plays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PlayerIntent {
    /// Pause or go on; from the beginning where it has ended.
    Toggle,
    /// Play at this pace.
    Pace(Pace),
    /// Go to this moment, in seconds from the beginning.
    Seek(f64),
}

/// How fast a recording is played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// This many times its own speed.
    Times(f64),
    /// As fast as it can be read.
    Fastest,
}

impl Pace {
    /// The ones that are offered, with their words.
    pub const CHOICES: [(Self, &'static str); 8] = [
        (Self::Times(0.1), "0.1×"),
        (Self::Times(0.5), "0.5×"),
        (Self::Times(1.0), "1×"),
        (Self::Times(2.0), "2×"),
        (Self::Times(5.0), "5×"),
        (Self::Times(10.0), "10×"),
        (Self::Times(100.0), "100×"),
        (Self::Fastest, "as fast as possible"),
    ];
}
