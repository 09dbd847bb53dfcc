//! Recordings in the hub: which there are, who has begun them, what begins and ends those with a rule.
//! What is written is the recorder threads'; the hub waits for no disk.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::id::{BusId, Name};
use crate::base::time::{Timebase, Wall};
use crate::engine::access::actor::Who;
use crate::engine::access::grant::Face;
use crate::engine::device::Level;
use crate::engine::filter::{Filter, Scope, Sieve};
use crate::engine::hub::event::{Effect, RecordBus, RecordNews, RecordWork, Sieves};
use crate::engine::orders::recording::{
    DeleteRecording, ForgetRecording, Recording as Order, StartRecording, StopRecording,
};
use crate::engine::orders::{OrderError, Reply};
use crate::engine::profile::model::{Begins, RecorderEntry};
use crate::engine::profile::recorder::RECORDER_LIMIT;
use crate::engine::snapshot::{ModelPicture, RecordPicture, RecordState, Snapshot};
use crate::engine::store::journal::{Entry, Outcome};

/// Recordings that have ended and are still listed.
const ENDED: usize = 16;
/// Who begins what the profile records by itself.
const PROFILE: &str = "profile";

struct Recording {
    number: u64,
    picture: RecordPicture,
}

/// The recordings of the running plant.
#[derive(Default)]
pub(super) struct Recordings {
    list: Vec<Recording>,
    next: u64,
    /// What rules saw last.
    charging: bool,
    faulty: bool,
}

/// An order about recordings, who gave it, and where the answer goes.
pub(super) struct Asked {
    pub(super) order: Order,
    pub(super) by: String,
    pub(super) reply: Reply,
}

/// What became of an order at once; none where somebody else answers.
pub(super) type AtOnce = Option<(Reply, Result<(), OrderError>)>;

impl Recordings {
    /// How they are.
    pub(super) fn pictures(&self) -> Vec<Arc<RecordPicture>> {
        self.list.iter().map(|one| Arc::new(one.picture.clone())).collect()
    }

    /// Another plant runs: what was recorded of the last has ended. `entries` begin by themselves; says
    /// what is wrong with those that cannot.
    pub(super) fn renew(
        &mut self,
        entries: Vec<RecorderEntry>,
        snapshot: &Snapshot,
        effects: &mut Vec<Effect>,
    ) -> Vec<String> {
        for one in &mut self.list {
            if one.is_running() {
                effects.push(one.work(RecordWork::End(None)));
                one.picture.state = RecordState::Ended("another profile runs".to_owned());
            }
        }
        self.trim();
        (self.charging, self.faulty) = (false, false);
        self.begin_more(entries, snapshot, effects)
    }

    /// A recording that runs and was begun by somebody, not by the profile.
    pub(super) fn by_people(&self) -> Option<&Name> {
        let all = self.list.iter().filter(|one| one.is_running() && one.picture.by != PROFILE);
        all.map(|one| &one.picture.entry.name).next()
    }

    /// The recordings that run because the profile says so.
    pub(super) fn by_profile(&self) -> impl Iterator<Item = &Name> {
        let all = self.list.iter().filter(|one| one.is_running() && one.picture.by == PROFILE);
        all.map(|one| &one.picture.entry.name)
    }

    /// A recording that runs on this bus.
    pub(super) fn of_bus(&self, bus: &Name) -> Option<&Name> {
        let on_it = |one: &&Recording| {
            let buses = &one.picture.entry.buses;
            one.is_running() && (buses.is_empty() || buses.contains(bus))
        };
        self.list.iter().find(on_it).map(|one| &one.picture.entry.name)
    }

    /// The profile was amended: what it records now and did not before begins. Says what is wrong with
    /// those that cannot.
    pub(super) fn begin_more(
        &mut self,
        entries: Vec<RecorderEntry>,
        snapshot: &Snapshot,
        effects: &mut Vec<Effect>,
    ) -> Vec<String> {
        let mut wrong = Vec::new();
        for entry in entries {
            let name = entry.name.clone();
            let by = (PROFILE.to_owned(), None);
            if let Err((_, why)) = self.begin(entry, by, snapshot, effects) {
                wrong.push(format!("The recorder {name} does not run: {why}."));
            }
        }
        wrong
    }

    /// Carries out an order, or has it carried out.
    pub(super) fn order(
        &mut self,
        asked: Asked,
        snapshot: &Snapshot,
        effects: &mut Vec<Effect>,
    ) -> AtOnce {
        let Asked { order, by, reply } = asked;
        match order {
            Order::Start(order) => {
                let StartRecording { entry } = *order;
                match self.begin(entry, (by, Some(reply)), snapshot, effects) {
                    Ok(()) => None,
                    Err((reply, error)) => reply.map(|reply| (reply, Err(error))),
                }
            }
            Order::Stop(StopRecording { name }) => {
                let Some(one) = self.running(&name) else {
                    return Some((reply, Err(missing(&name))));
                };
                one.picture.state = RecordState::Ended(format!("stopped by {by}"));
                effects.push(one.work(RecordWork::End(Some(reply))));
                None
            }
            Order::Forget(ForgetRecording { name }) => {
                let here = |one: &Recording| one.picture.entry.name == name;
                let said = match self.list.iter().find(|one| here(one)) {
                    None => Err(missing(&name)),
                    Some(one) if one.is_running() => Err(OrderError::Unfit(format!(
                        "the recording {name} still runs: stop it first"
                    ))),
                    Some(_) => {
                        self.list.retain(|one| !here(one) || one.is_running());
                        Ok(())
                    }
                };
                Some((reply, said))
            }
            Order::Delete(DeleteRecording { name }) => {
                effects.push(Effect::Record { number: 0, work: RecordWork::Delete(name, reply) });
                None
            }
            Order::Keep(upload) => {
                effects.push(Effect::Record { number: 0, work: RecordWork::Keep(upload, reply) });
                None
            }
        }
    }

    fn begin(
        &mut self,
        entry: RecorderEntry,
        (by, reply): (String, Option<Reply>),
        snapshot: &Snapshot,
        effects: &mut Vec<Effect>,
    ) -> Result<(), (Option<Reply>, OrderError)> {
        let prepared = self.fit(&entry).and_then(|()| prepare(&entry, snapshot));
        let (buses, sieves) = match prepared {
            Ok(prepared) => prepared,
            Err(error) => return Err((reply, error)),
        };
        self.list.retain(|one| one.picture.entry.name != entry.name);
        self.next += 1;
        let entry = Arc::new(entry);
        let picture = RecordPicture {
            entry: Arc::clone(&entry),
            by: by.clone(),
            since: snapshot.wall,
            state: match entry.begins {
                Begins::AtOnce => RecordState::Running,
                Begins::Charge | Begins::Fault | Begins::Frames { .. } => RecordState::Waiting,
            },
            figures: Default::default(),
            rate: 0.0,
        };
        let one = Recording { number: self.next, picture };
        let sieves = Box::new(sieves);
        effects.push(one.work(RecordWork::Begin { entry, by, buses, sieves, reply }));
        // What its rule asks for may be so already.
        let begins = &one.picture.entry.begins;
        if self.charging && *begins == Begins::Charge || self.faulty && *begins == Begins::Fault {
            effects.push(one.work(RecordWork::Rule(true)));
        }
        self.list.push(one);
        self.trim();
        Ok(())
    }

    fn fit(&self, entry: &RecorderEntry) -> Result<(), OrderError> {
        if let Err((key, why)) = entry.check() {
            return Err(OrderError::Unfit(format!("{key}: {why}")));
        }
        let running = self.list.iter().filter(|one| one.is_running());
        if running.clone().any(|one| one.picture.entry.name == entry.name) {
            return Err(OrderError::Taken { what: "a recording", name: entry.name.to_string() });
        }
        if running.count() >= RECORDER_LIMIT {
            let why = format!("{RECORDER_LIMIT} recordings run already: stop one first");
            return Err(OrderError::Unfit(why));
        }
        Ok(())
    }

    fn running(&mut self, name: &Name) -> Option<&mut Recording> {
        self.list.iter_mut().find(|one| one.picture.entry.name == *name && one.is_running())
    }

    /// Forgets the oldest of those that have ended, where there are many.
    fn trim(&mut self) {
        let ended = self.list.iter().filter(|one| !one.is_running()).count();
        let mut surplus = ended.saturating_sub(ENDED);
        self.list.retain(|one| {
            let goes = surplus > 0 && !one.is_running();
            surplus -= usize::from(goes);
            !goes
        });
    }

    /// What a recorder's thread said; a line for the journal where it has ended by itself.
    pub(super) fn take(&mut self, number: u64, news: RecordNews, at: Wall) -> Option<Entry> {
        let one = self.list.iter_mut().find(|one| one.number == number)?;
        one.picture.figures = news.figures;
        one.picture.rate = news.rate;
        if !one.is_running() {
            return None;
        }
        if let RecordState::Ended(why) = &news.state {
            let line = one.ended(at, why);
            one.picture.state = news.state;
            return Some(line);
        }
        one.picture.state = news.state;
        // Said once, however often its rule comes true meanwhile.
        let full = news.full.map(|why| format!("{why}; it waits until its rule comes true again"));
        full.map(|why| one.ended(at, &why))
    }

    /// Begins and ends what hangs on charges and faults.
    pub(super) fn judge(&mut self, snapshot: &Snapshot, effects: &mut Vec<Effect>) {
        let charging = snapshot.charges.iter().any(|one| one.state.is_running());
        let faulty = is_faulty(snapshot);
        for (now, last, begins) in
            [(charging, self.charging, Begins::Charge), (faulty, self.faulty, Begins::Fault)]
        {
            let here = self.list.iter().filter(|one| one.picture.entry.begins == begins);
            for one in here.filter(|one| now != last && one.is_running()) {
                effects.push(one.work(RecordWork::Rule(now)));
            }
        }
        (self.charging, self.faulty) = (charging, faulty);
    }
}

impl Recording {
    const fn is_running(&self) -> bool {
        !matches!(self.picture.state, RecordState::Ended(_))
    }

    const fn work(&self, work: RecordWork) -> Effect {
        Effect::Record { number: self.number, work }
    }

    fn ended(&self, at: Wall, why: &str) -> Entry {
        Entry {
            at,
            who: Who::RecordControl.to_string(),
            face: Face::Inside.code(),
            address: None,
            action: "stop_recording",
            target: self.picture.entry.name.to_string(),
            before: None,
            after: None,
            outcome: Outcome::Done,
            note: Some(why.to_owned()),
            of: None,
        }
    }
}

fn missing(name: &Name) -> OrderError {
    OrderError::NotFound { what: "running recording", which: format!("\u{201c}{name}\u{201d}") }
}

/// Whether a charge or a battery has a fault.
fn is_faulty(snapshot: &Snapshot) -> bool {
    let latched = snapshot.charges.iter().any(|one| one.latches.fault);
    latched
        || snapshot.components.iter().any(|component| match &component.model {
            ModelPicture::Bms(pack) => pack.level == Level::Fault,
            ModelPicture::Charger(_) | ModelPicture::DriverControls(_) | ModelPicture::Part => {
                false
            }
        })
}

/// The buses that are recorded and the filters, ready to run.
fn prepare(
    entry: &RecorderEntry,
    snapshot: &Snapshot,
) -> Result<(Vec<RecordBus>, Sieves), OrderError> {
    let known: BTreeMap<&str, (BusId, Timebase)> =
        snapshot.buses.iter().map(|bus| (bus.name.as_str(), (bus.id, bus.timebase))).collect();
    let wanted: Vec<&str> = match entry.buses.as_slice() {
        [] => snapshot.buses.iter().map(|bus| bus.name.as_str()).collect(),
        some => some.iter().map(Name::as_str).collect(),
    };
    let found: Result<Vec<RecordBus>, OrderError> = wanted
        .into_iter()
        .map(|name| match known.get(name) {
            Some((bus, timebase)) => {
                Ok(RecordBus { bus: *bus, name: name.to_owned(), timebase: *timebase })
            }
            None => Err(OrderError::NotFound { what: "bus", which: name.to_owned() }),
        })
        .collect();
    let found = found?;
    if found.is_empty() {
        return Err(OrderError::Unfit("there is no bus to record".to_owned()));
    }
    let vocabulary = snapshot.vocabulary();
    let sieve = |text: &str| -> Result<Sieve, OrderError> {
        let filter = Filter::parse(text).map_err(|mistake| OrderError::Unfit(mistake.text))?;
        filter
            .compile(&vocabulary, Scope::Trace)
            .map_err(|mistake| OrderError::Unfit(format!("the filter: {}", mistake.text)))
    };
    let frames = match &entry.begins {
        Begins::Frames { begin, end } => {
            let end = (!end.trim().is_empty()).then(|| sieve(end)).transpose()?;
            Some((sieve(begin)?, end))
        }
        Begins::AtOnce | Begins::Charge | Begins::Fault => None,
    };
    Ok((found, Sieves { keeps: sieve(&entry.filter)?, frames }))
}
