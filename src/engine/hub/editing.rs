//! Edits of profiles while the hub runs. The text is worked on aside, so that nobody waits for a disk:
//! first what it would say, then, once nothing stands in the way, the file with its version. The running
//! profile is amended when that is written; until then nothing is begun that the edit could touch.

use std::path::PathBuf;
use std::sync::Arc;

use crate::base::id::{BusId, Name};
use crate::engine::access::grant::Face;
use crate::engine::hub::event::{
    Draft, Effect, Epoch, Found, KeepProfile, ProfileJob, ProfileNews, ProfileWork,
};
use crate::engine::hub::plant::Plant;
use crate::engine::hub::{Hub, News, Now, RECORDERS};
use crate::engine::orders::plant::ActivateProfile;
use crate::engine::orders::profiles::Profiling;
use crate::engine::orders::{Answer, OrderError, Reply};
use crate::engine::people::ledger::Author;
use crate::engine::profile::model::RecorderEntry;
use crate::engine::snapshot::Notice;

/// Numbers of these writings begin here,
const FIRST: u64 = 1 << 62;
/// and end before this, where those of DBC files begin.
const LAST: u64 = 1 << 63;
/// Said while the running profile is being edited.
const EDITING: &str = "the profile is just being edited: try again in a moment";
/// Said while another one is.
const OTHER: &str = "a profile is just being edited by somebody: try again in a moment";
/// What an edit outside is in words.
const OUTSIDE: &str = "edited outside of Busbar";
/// Said where another profile was made to run meanwhile.
const CHANGED: &str = "another profile was made to run meanwhile: look at both before going on";

/// Whether a writing with this number is of an edit.
pub(super) const fn is_own(number: u64) -> bool {
    number >= FIRST && number < LAST
}

/// An edit that somebody asks for.
pub(super) struct Asked {
    pub(super) order: Profiling,
    pub(super) by: String,
    pub(super) face: Face,
    pub(super) reply: Reply,
}

/// What is being edited.
#[derive(Default)]
pub(super) struct Editing {
    jobs: u64,
    job: Option<Job>,
}

struct Job {
    number: u64,
    epoch: Epoch,
    by: String,
    face: &'static str,
    reply: Reply,
    stage: Stage,
}

enum Stage {
    /// A profile that does not run.
    Elsewhere,
    /// It is found out what the running one would say, or its file is called otherwise.
    Running,
    /// What it is to say is being written.
    Writing { order: Box<ActivateProfile>, before: Arc<str> },
}

/// What is to be done next about an edit.
pub(super) enum Next {
    /// Nothing but this.
    Only(Effect),
    /// Look whether the running profile can be amended so; then [`Editing::write`].
    Judge(Draft),
    /// It is written: amend the running profile, then answer.
    Amend(Box<ActivateProfile>, Reply),
    /// The running profile is called otherwise: say so, then answer.
    Named(ProfileNews, Reply),
}

impl Editing {
    /// Why nothing can be begun, and the file not be written by anybody else.
    pub(super) fn hinders(&self) -> Option<String> {
        let running = |job: &&Job| match job.stage {
            Stage::Elsewhere => false,
            Stage::Running | Stage::Writing { .. } => true,
        };
        self.job.as_ref().filter(running).map(|_| EDITING.to_owned())
    }

    /// Begins an edit. `busy` says why the running profile's file cannot be written.
    pub(super) fn begin(
        &mut self,
        asked: Asked,
        busy: Option<String>,
        plant: &Plant,
        epoch: Epoch,
    ) -> Effect {
        let Asked { order, by, face, reply } = asked;
        let refuse = |reply, why: String| Effect::Answer(reply, Err(OrderError::Unfit(why)));
        if self.job.is_some() {
            return refuse(reply, OTHER.to_owned());
        }
        let running = plant.profile().filter(|_| plant.is_called(order.profile()));
        let (work, stage) = match (running, order) {
            (None, order) => (ProfileWork::Elsewhere(order), Stage::Elsewhere),
            (Some(_), Profiling::Delete(order)) => {
                let name = &order.profile;
                let why = format!("{name} is the profile that runs: let another one run first");
                return refuse(reply, why);
            }
            (Some(picture), order) => {
                if let Some(why) = busy {
                    return refuse(reply, why);
                }
                let text = picture.text.unwrap_or_default();
                match (order, picture.file) {
                    (Profiling::Rename(_), None) => {
                        let why = "this profile is in no file: it has no name to be changed";
                        return refuse(reply, why.to_owned());
                    }
                    (Profiling::Rename(order), Some(file)) => {
                        (ProfileWork::Rename { file, text, to: order.to }, Stage::Running)
                    }
                    (order, file) => (ProfileWork::Draft { file, text, order }, Stage::Running),
                }
            }
        };
        self.jobs += 1;
        let number = FIRST + self.jobs;
        self.job = Some(Job { number, epoch, by: by.clone(), face: face.code(), reply, stage });
        Effect::Profile(ProfileJob { number, by, face, work })
    }

    /// What came of the work on a text.
    pub(super) fn news(
        &mut self,
        number: u64,
        outcome: Result<ProfileNews, OrderError>,
        epoch: Epoch,
    ) -> Option<Next> {
        let job = self.job.take_if(|job| job.number == number)?;
        let is_stale = job.epoch != epoch && !matches!(job.stage, Stage::Elsewhere);
        Some(match outcome {
            Err(error) => Next::Only(Effect::Answer(job.reply, Err(error))),
            Ok(ProfileNews::Done) => Next::Only(Effect::Answer(job.reply, Ok(()))),
            Ok(_) if is_stale => {
                Next::Only(Effect::Answer(job.reply, Err(OrderError::Unfit(CHANGED.to_owned()))))
            }
            Ok(named @ ProfileNews::Renamed { .. }) => Next::Named(named, job.reply),
            Ok(ProfileNews::Draft(draft)) => {
                self.job = Some(job);
                Next::Judge(draft)
            }
        })
    }

    /// The running profile cannot be amended: the edit is refused.
    pub(super) fn refuse(&mut self, error: OrderError) -> Option<Effect> {
        self.job.take().map(|job| Effect::Answer(job.reply, Err(error)))
    }

    /// Nothing stands in the way: the file is written first, where there is one.
    pub(super) fn write(&mut self, draft: Draft, plant: &mut Plant) -> Option<Next> {
        let Draft { order, what, found } = draft;
        let mut job = self.job.take()?;
        let (before, text) =
            (plant.profile().and_then(|one| one.text).unwrap_or_default(), order.text.clone());
        let (Some(file), Some(text)) = (plant.file(), text) else {
            return Some(Next::Amend(order, job.reply));
        };
        // Known as the profile's text from now on: nobody takes it for somebody else's edit.
        plant.say(Arc::clone(&text));
        let author = Author { by: job.by.clone(), face: job.face, what };
        let (number, own) = (job.number, Arc::clone(&before));
        job.stage = Stage::Writing { order, before: own };
        self.job = Some(job);
        let keep = KeepProfile { number, file, before, found, text, author };
        Some(Next::Only(Effect::KeepProfile(keep)))
    }

    /// The file is written, or is not.
    pub(super) fn kept(
        &mut self,
        (number, outcome): (u64, Result<(), String>),
        plant: &mut Plant,
        epoch: Epoch,
    ) -> Option<Next> {
        let job = self.job.take_if(|job| job.number == number)?;
        let Stage::Writing { order, before } = job.stage else {
            return Some(Next::Only(Effect::Answer(job.reply, Ok(()))));
        };
        let why = match outcome {
            Ok(()) if job.epoch == epoch => return Some(Next::Amend(order, job.reply)),
            Ok(()) => CHANGED.to_owned(),
            Err(why) => {
                if job.epoch == epoch {
                    plant.say(before);
                }
                format!("the profile stays as it was: {why}")
            }
        };
        Some(Next::Only(Effect::Answer(job.reply, Err(OrderError::Unfit(why)))))
    }
}

impl Plant {
    /// The profile is called otherwise, and so is its file.
    fn be_called(&mut self, file: PathBuf, name: Name, text: Arc<str>) {
        if let Some(profile) = self.profile_mut() {
            profile.name = name;
            profile.file = Some(file);
            profile.text = Some(text);
        }
    }

    /// Whether the running profile is meant by a name: its own, or that of its file.
    fn is_called(&self, name: &Name) -> bool {
        self.profile().is_some_and(|profile| profile.key() == name.as_str())
    }
}

impl Hub {
    /// Whether what bears `epoch` is of this bus as it is now open.
    pub(super) fn holds(&self, epoch: Epoch, bus: BusId) -> bool {
        epoch >= self.began
            && epoch <= self.epoch
            && self.plant.bus(bus).is_none_or(|bus| bus.holds(epoch))
    }

    /// Whether what bears `epoch` is of the recording that is played.
    pub(super) fn plays(&self, epoch: Epoch) -> bool {
        let recordings = self.plant.bus_ids().filter(|id| {
            self.plant.bus(*id).is_some_and(crate::engine::hub::bus::Bus::is_recording)
        });
        recordings.into_iter().any(|bus| self.holds(epoch, bus))
    }

    /// Begins an edit.
    pub(super) fn edit(&mut self, asked: Asked) {
        let busy = self.ruling.hinders().or_else(|| self.keeping.hinders());
        let busy = busy.or_else(|| self.assigning.hinders());
        let after = self.editing.begin(asked, busy, &self.plant, self.epoch);
        self.answers.push(after);
        self.news = News::Urgent;
    }

    /// Takes the next step of an edit.
    pub(super) fn go_on_editing(
        &mut self,
        now: Now,
        next: Option<Next>,
        effects: &mut Vec<Effect>,
    ) {
        self.news = News::Urgent;
        match next {
            None => {}
            Some(Next::Only(effect)) => self.answers.push(effect),
            Some(Next::Judge(draft)) => match self.judge((*draft.order).clone()) {
                Ok(_) => {
                    let next = self.editing.write(draft, &mut self.plant);
                    match next {
                        Some(Next::Amend(order, reply)) => {
                            self.amended(now, *order, reply, effects);
                        }
                        Some(Next::Only(effect)) => self.answers.push(effect),
                        Some(Next::Judge(..) | Next::Named(..)) | None => {}
                    }
                }
                Err(error) => self.answers.extend(self.editing.refuse(error)),
            },
            Some(Next::Amend(order, reply)) => self.amended(now, *order, reply, effects),
            Some(Next::Named(news, reply)) => {
                if let ProfileNews::Renamed { file, name, text } = news {
                    self.plant.be_called(file, name, text);
                }
                self.answers.push(Effect::Answer(reply, Ok(())));
            }
        }
    }

    fn amended(
        &mut self,
        now: Now,
        order: ActivateProfile,
        reply: Reply,
        effects: &mut Vec<Effect>,
    ) {
        let answer = self.amend(now, order, effects);
        self.answers.push(Effect::Answer(reply, answer));
    }

    /// The running profile's file was edited outside: the running plant is amended like by an edit, and a
    /// version is kept. What is in another file, or runs no more, is no edit.
    pub(super) fn take_edit(
        &mut self,
        now: Now,
        order: ActivateProfile,
        (by, face): (String, Face),
        effects: &mut Vec<Effect>,
    ) -> Answer {
        let picture = self.plant.profile();
        let Some(picture) = picture.filter(|picture| picture.file == order.file) else {
            return Err(OrderError::Unfit(CHANGED.to_owned()));
        };
        if let Some(why) = self.editing.hinders() {
            return Err(OrderError::Unfit(why));
        }
        let (before, text) = (picture.text.unwrap_or_default(), order.text.clone());
        self.amend(now, order, effects)?;
        if let Some((file, text)) = picture.file.zip(text) {
            let author = Author { by, face: face.code(), what: OUTSIDE.to_owned() };
            // Nobody waits for it: the file says it already.
            effects.push(Effect::KeepProfile(KeepProfile {
                number: 0,
                file,
                before,
                found: Found::Stays,
                text,
                author,
            }));
        }
        Ok(())
    }

    /// What the amended profile records, and did not before, begins.
    pub(super) fn begin_more(
        &mut self,
        now: Now,
        entries: Vec<RecorderEntry>,
        effects: &mut Vec<Effect>,
    ) {
        if entries.is_empty() {
            return;
        }
        let snapshot = self.snapshot(now);
        let wrong = self.recordings.begin_more(entries, &snapshot, effects);
        if !wrong.is_empty() {
            self.notice(Notice { subject: RECORDERS, text: wrong.join(" ") });
        }
    }
}
