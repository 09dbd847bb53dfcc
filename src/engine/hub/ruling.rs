//! Changing the rules that charging decides by. A change is taken only while nothing runs, so that no
//! charge ever goes on under other rules than it began with. Where the profile is kept in a file the
//! new text is written first, by somebody else, and the rules are in force once it is there; until then
//! nothing can be started.

use std::sync::Arc;

use crate::base::time::Wall;
use crate::engine::access::grant::Face;
use crate::engine::charge::{Key, Origin, Rules};
use crate::engine::hub::Now;
use crate::engine::hub::charging::Charging;
use crate::engine::hub::event::{Effect, Epoch, Found, KeepProfile};
use crate::engine::hub::plant::Plant;
use crate::engine::orders::charging::SetChargeRule;
use crate::engine::orders::{OrderError, Reply};
use crate::engine::people::ledger::Author;
use crate::engine::profile::edit::Change;
use crate::engine::snapshot::RulesPicture;
use crate::engine::store::journal::{Entry, Outcome};

/// A change that somebody asks for.
pub(super) struct Asked {
    pub(super) order: SetChargeRule,
    pub(super) by: String,
    pub(super) face: Face,
    pub(super) reply: Reply,
}

/// What a change is made on.
pub(super) struct Floor<'a> {
    pub(super) plant: &'a mut Plant,
    pub(super) charging: &'a mut Charging,
}

/// The rules as something that is changed.
pub(super) struct Ruling {
    version: i64,
    writings: u64,
    writing: Option<Writing>,
}

/// A change whose file is being written.
struct Writing {
    number: u64,
    epoch: Epoch,
    asked: Asked,
    rules: Rules,
    /// What the file said before.
    before: Arc<str>,
}

/// Said while a file is being written.
const WRITING: &str =
    "the rules of charging are just being written to the profile's file: try again in a moment";

impl Ruling {
    pub(super) fn new(now: Wall) -> Self {
        Self { version: millis(now), writings: 0, writing: None }
    }

    /// The rules are others now.
    pub(super) fn renew(&mut self, now: Wall) {
        // Of the time, so that no version of an earlier run is taken for one of this.
        self.version = millis(now).max(self.version.saturating_add(1));
    }

    /// What is shown of them.
    pub(super) fn picture(&self, plant: &Plant, charging: &Charging) -> RulesPicture {
        RulesPicture {
            rules: plant.rules,
            version: self.version,
            why_not: self.why_not(plant, charging),
        }
    }

    /// Why nothing can be started at the moment.
    pub(super) fn hinders(&self) -> Option<String> {
        self.writing.is_some().then(|| WRITING.to_owned())
    }

    fn why_not(&self, plant: &Plant, charging: &Charging) -> Option<String> {
        if plant.profile().is_none() {
            return Some("no profile runs: open one first, its rules belong to it".to_owned());
        }
        if let Some(pack) = charging.busy() {
            return Some(format!(
                "{pack} is being charged or its contactors are held: stop that before changing what it is decided by"
            ));
        }
        self.hinders()
    }

    /// Changes a rule, or begins to; gives what is to be done after the next picture: the answer, or
    /// the writing that it waits for.
    pub(super) fn set(
        &mut self,
        asked: Asked,
        floor: Floor<'_>,
        (now, epoch): (Now, Epoch),
        effects: &mut Vec<Effect>,
    ) -> Effect {
        match self.begin(&asked, &mut *floor.plant, floor.charging) {
            Err(error) => Effect::Answer(asked.reply, Err(error)),
            Ok((rules, None)) => self.finish(asked, rules, floor, now, effects),
            Ok((rules, Some(job))) => {
                // Known as the profile's text from now on: nobody takes it for somebody else's edit.
                floor.plant.say(Arc::clone(&job.text));
                let (number, before) = (job.number, Arc::clone(&job.before));
                self.writing = Some(Writing { number, epoch, asked, rules, before });
                Effect::KeepProfile(job)
            }
        }
    }

    /// The rules as they are to be, and what has to be written first.
    fn begin(
        &mut self,
        asked: &Asked,
        plant: &mut Plant,
        charging: &Charging,
    ) -> Result<(Rules, Option<KeepProfile>), OrderError> {
        let order = &asked.order;
        if let Some(why) = self.why_not(plant, charging) {
            return Err(OrderError::Unfit(why));
        }
        if order.expected.is_some_and(|version| version != self.version) {
            return Err(OrderError::Stale { what: "the table of charge rules".to_owned() });
        }
        let change = Change::SetRule { key: order.key, value: order.value };
        let kept = plant.file();
        let origin = if kept.is_some() { Origin::Profile } else { Origin::Person };
        let rules = plant.rules.with(order.key, order.value, origin)?;
        let (before, text) =
            plant.edited(&change).map_err(|error| OrderError::Unfit(error.to_string()))?;
        let Some(file) = kept.filter(|_| text != before) else {
            plant.say(text);
            return Ok((rules, None));
        };
        self.writings += 1;
        let number = self.writings;
        let (by, face) = (asked.by.clone(), asked.face.code());
        let author = Author { by, face, what: change.to_string() };
        Ok((rules, Some(KeepProfile { number, file, before, found: Found::Stays, text, author })))
    }

    /// The file is written, or is not; gives what is to be done after the next picture.
    pub(super) fn kept(
        &mut self,
        (number, outcome): (u64, Result<(), String>),
        floor: Floor<'_>,
        (now, epoch): (Now, Epoch),
        effects: &mut Vec<Effect>,
    ) -> Option<Effect> {
        let writing = self.writing.take_if(|writing| writing.number == number)?;
        let Writing { asked, rules, before, epoch: own, .. } = writing;
        if own != epoch {
            let why =
                "another profile was made to run meanwhile: look at both before changing this";
            return Some(Effect::Answer(asked.reply, Err(OrderError::Unfit(why.to_owned()))));
        }
        match outcome {
            Ok(()) => Some(self.finish(asked, rules, floor, now, effects)),
            Err(why) => {
                floor.plant.say(before);
                let text = format!("the rule stays as it was: {why}");
                Some(Effect::Answer(asked.reply, Err(OrderError::Unfit(text))))
            }
        }
    }

    /// The new rules are in force; gives the answer.
    fn finish(
        &mut self,
        asked: Asked,
        rules: Rules,
        floor: Floor<'_>,
        now: Now,
        effects: &mut Vec<Effect>,
    ) -> Effect {
        let old = floor.plant.rules;
        if let Err(error) = floor.charging.set_rules(rules) {
            return Effect::Answer(asked.reply, Err(error));
        }
        floor.plant.rules = rules;
        self.renew(now.wall);
        let kept = floor.plant.profile().and_then(|profile| profile.file);
        let kept = kept.map_or_else(
            || "it is not kept, because this profile is in no file".to_owned(),
            |file| format!("kept in {}", file.display()),
        );
        effects.push(Effect::Journal(Box::new(line(&asked, (&old, &rules), &kept, now.wall))));
        Effect::Answer(asked.reply, Ok(()))
    }
}

fn line(asked: &Asked, (old, new): (&Rules, &Rules), kept: &str, at: Wall) -> Entry {
    let key: Key = asked.order.key;
    let rule = key.rule();
    let of = |rules: &Rules| serde_json::json!({ rule.name: rules.get(key) });
    let (before, after) = (old.get(key), new.get(key));
    Entry {
        at,
        who: asked.by.clone(),
        face: asked.face.code(),
        address: None,
        action: "charge_rule",
        target: rule.name.to_owned(),
        before: Some(of(old)),
        after: Some(of(new)),
        outcome: Outcome::Done,
        note: Some(format!(
            "{} is {after} {unit} now, before {before} {unit}; {kept}.",
            rule.title,
            unit = rule.unit
        )),
        of: None,
    }
}

fn millis(at: Wall) -> i64 {
    at.nanos().div_euclid(1_000_000)
}

#[cfg(test)]
mod tests;
