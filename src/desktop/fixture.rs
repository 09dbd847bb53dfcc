//! A source for tests and benches: believable views that answer to intents, and a record of them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::desktop::source::{Intent, Pace, PlayerIntent, Source, Waker};
use crate::view::chrome::{Chrome, PlayerView, Playing};
use crate::view::fixtures;
use crate::view::offer::Offer;
use crate::view::pack::PackView;
use crate::view::parts::PartsView;
use crate::view::shown::{Note, Tone};
use crate::view::start::StartView;
use crate::view::traffic::{TrafficPrefs, TrafficView};

/// What the source shows; shared with the test that watches it.
#[derive(Debug, Default)]
pub struct World {
    /// Changes with every change.
    pub version: u64,
    /// Whether a profile runs.
    pub running: bool,
    /// Cells of the pack; 0 for a pack that has not been heard.
    pub cells: usize,
    /// Several packs to choose from, instead of one of `cells` cells.
    pub two_packs: bool,
    /// No frame has been heard yet.
    pub silent: bool,
    /// The recording that plays.
    pub player: Option<PlayerView>,
    /// Sentences above every page.
    pub notes: Vec<Note>,
    /// What is said instead of opening what was asked for.
    pub refusal: Option<String>,
    /// How often something was opened.
    pub opened: u64,
    /// How often a view of a page was asked for.
    pub looks: Cell<u32>,
    /// Everything that was asked for.
    pub asked: Vec<Intent>,
}

/// The source.
#[derive(Clone, Debug, Default)]
pub struct FixtureSource {
    /// Shared with the test.
    pub world: Rc<RefCell<World>>,
}

impl FixtureSource {
    /// A running demo of `cells` cells.
    #[must_use]
    pub fn running(cells: usize) -> Self {
        let world = World { running: true, cells, ..World::default() };
        Self { world: Rc::new(RefCell::new(world)) }
    }

    /// Nothing was ever opened.
    #[must_use]
    pub fn first_start() -> Self {
        Self { world: Rc::new(RefCell::new(World { cells: 38, ..World::default() })) }
    }
}

impl Source for FixtureSource {
    fn version(&self) -> u64 {
        self.world.borrow().version
    }

    fn running(&self) -> bool {
        self.world.borrow().running
    }

    fn opened(&self) -> u64 {
        self.world.borrow().opened
    }

    fn chrome(&self) -> Chrome {
        let world = self.world.borrow();
        if !world.running {
            return Chrome {
                who: "Desktop · full access".into(),
                notes: world.notes.clone(),
                ..Chrome::default()
            };
        }
        Chrome { player: world.player.clone(), notes: world.notes.clone(), ..fixtures::chrome() }
    }

    fn pack(&self, selected: Option<&str>) -> PackView {
        let world = self.world.borrow();
        world.looks.set(world.looks.get() + 1);
        if world.two_packs {
            return fixtures::pack_of_two(selected);
        }
        if world.cells == 0 {
            let mut view =
                PackView { title: "Prohelion D1000 Gen 1".into(), ..PackView::default() };
            view.cells.empty = fixtures::pack(8, 0).cells.empty;
            view.updated = "never heard".into();
            return view;
        }
        fixtures::pack(world.cells, world.version)
    }

    fn traffic(&self, prefs: &TrafficPrefs) -> TrafficView {
        let mut view = fixtures::traffic(prefs);
        if self.world.borrow().silent {
            view.rows.clear();
            view.selected = None;
            view.empty = "Nothing has been heard yet.".into();
        }
        view
    }

    fn parts(&self) -> PartsView {
        fixtures::parts()
    }

    fn start(&self) -> StartView {
        fixtures::start()
    }

    fn submit(&mut self, intent: Intent) {
        let mut world = self.world.borrow_mut();
        world.version += 1;
        let opens = matches!(
            intent,
            Intent::ChooseDemo(_) | Intent::ChooseInterface(_) | Intent::OpenRecording(_)
        );
        if let Some(text) = world.refusal.clone().filter(|_| opens) {
            world.notes.push(Note { tone: Tone::Fault, text, closable: true });
            world.asked.push(intent);
            return;
        }
        world.opened += u64::from(opens);
        match &intent {
            Intent::ChooseDemo(_) | Intent::ChooseInterface(_) => {
                world.running = true;
                world.player = None;
            }
            Intent::OpenRecording(path) => {
                world.running = true;
                let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                world.player = Some(PlayerView { file, ..fixtures::player() });
            }
            Intent::Player(asked) => play(world.player.as_mut(), *asked),
            Intent::ClearTraffic => world.silent = true,
            Intent::DismissNotes => world.notes.retain(|note| !note.closable),
            Intent::FindInterfaces => {}
        }
        world.asked.push(intent);
    }

    fn wake_with(&mut self, _waker: Waker) {}
}

fn play(player: Option<&mut PlayerView>, asked: PlayerIntent) {
    let Some(player) = player else { return };
    match asked {
        PlayerIntent::Toggle => {
            let (state, label) = match player.state {
                Playing::Playing => (Playing::Paused, "Play"),
                Playing::Paused | Playing::Ended => (Playing::Playing, "Pause"),
            };
            player.state = state;
            player.toggle = Offer::open(label);
        }
        PlayerIntent::Pace(pace) => {
            let words = Pace::CHOICES.iter().find(|(choice, _)| *choice == pace);
            player.speed = words.map_or_else(String::new, |(_, words)| (*words).to_owned());
        }
        PlayerIntent::Seek(seconds) => {
            player.fraction = seconds / player.length_s;
            player.position = format!("{:.0}:{:04.1}", (seconds / 60.0).floor(), seconds % 60.0);
        }
    }
}
