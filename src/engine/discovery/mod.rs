//! What talks on a bus: from what was heard there to the kinds of device that it looks like, each with a
//! score in percent and the reasons for and against it in words. Pure: it is given what was heard, and
//! knows no bus, no clock and no profile. Nothing is ever taken for a device by its ids alone.
//!
//! ```text
//! score = 60 at most for what is in the bytes (the signs of `[recognise]`)
//!       + 20 at most for the messages it should send
//!       + 20 at most for how often they come
//!       - what is wrong with it
//! ```

mod judge;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use crate::base::id::Name;
use crate::engine::can::frame::Id;
use crate::engine::dbc::{Message, MessageIndex, Row};
use crate::engine::device::recognise::{Grade, Recognition, Sign};
use crate::engine::device::{AddressWay, Catalog, Claim, Device, Kind, Settings};

/// From this score on a candidate is offered. More than ids and times can ever reach together.
pub const OFFERED: u8 = 60;
/// Below this score nothing is said of it.
const TOLD: u8 = 30;
/// Most addresses at which one kind is looked for.
const BASE_LIMIT: usize = 128;
/// Most candidates that are told.
pub(in crate::engine) const CANDIDATE_LIMIT: usize = 64;

/// An id that was heard on a bus: data frames of others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The id.
    pub id: Id,
    /// Bytes of its frames.
    pub len: usize,
    /// How many frames there were.
    pub count: u64,
    /// Time between two, where there were enough to tell.
    pub period: Option<Duration>,
    /// Some of its contents, the newest first; at least one.
    pub samples: Vec<Vec<u8>>,
}

/// Everything that was heard on a bus.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hearing {
    /// The ids, in any order, each once.
    pub heard: Vec<Heard>,
    /// For how long it was listened.
    pub span: Duration,
}

/// A component that the profile has on the bus already.
#[derive(Clone, Debug)]
pub struct Configured {
    /// Its name.
    pub name: Name,
    /// Id of its kind.
    pub kind: String,
    /// Its address.
    pub base: u32,
    /// The ids it owns.
    pub claims: Vec<Claim>,
}

/// Whether a reason speaks for a candidate or against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// For it.
    For,
    /// Against it.
    Against,
}

/// Why something looks like a device, or does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// For or against it.
    pub side: Side,
    /// In words, without the end of a sentence.
    pub text: String,
}

/// A device that something on the bus looks like.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// What it looks like.
    pub kind: Arc<Kind>,
    /// Its address.
    pub base: u32,
    /// How much speaks for it, percent; never 100.
    pub score: u8,
    /// Why, those for it first.
    pub reasons: Vec<Reason>,
    /// Its serial number, where it says it.
    pub serial: Option<u64>,
    /// Its firmware, where it says it.
    pub firmware: Option<String>,
    /// Settings that follow from what it says, as one would type them.
    pub settings: BTreeMap<String, String>,
    /// The component that it is already.
    pub known: Option<Name>,
    /// Components that own some of its ids.
    pub shares: Vec<Name>,
}

impl Candidate {
    /// Whether it is offered to be added: enough speaks for it, and it is not there yet.
    #[must_use]
    pub const fn is_offered(&self) -> bool {
        self.score >= OFFERED && self.known.is_none()
    }

    /// Whether both would own the same id.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let [own, others] = [self, other].map(Self::claims);
        own.iter().any(|a| others.iter().any(|b| a.overlap(b).is_some()))
    }

    fn claims(&self) -> Vec<Claim> {
        bound(&self.kind, self.base).map(|device| device.claims()).unwrap_or_default()
    }

    /// "Prohelion D1000 Gen 1 at 0x200, serial 61905, 94 %".
    #[must_use]
    pub fn words(&self) -> String {
        let mut words = format!("{} at 0x{:03X}", self.kind.manifest.title, self.base);
        if let Some(serial) = self.serial {
            words.push_str(&format!(", serial {serial}"));
        }
        if let Some(firmware) = &self.firmware {
            words.push_str(&format!(", firmware {firmware}"));
        }
        words.push_str(&format!(", {} %", self.score));
        words
    }
}

/// What was found on a bus.
#[derive(Clone, Debug, Default)]
pub struct Discovery {
    /// What it looks like, the surest first.
    pub candidates: Vec<Candidate>,
    /// Ids that were heard.
    pub ids: usize,
    /// Of these, those that belong to no component and to nothing that is offered.
    pub unknown: Vec<Id>,
    /// For how long it was listened.
    pub span: Duration,
}

/// What talks on a bus.
#[must_use]
pub fn discover(hearing: &Hearing, catalog: &Catalog, configured: &[Configured]) -> Discovery {
    let ear = Ear::new(hearing);
    let mut candidates: Vec<Candidate> =
        catalog.iter().flat_map(|kind| of_kind(kind, &ear)).collect();
    for candidate in &mut candidates {
        compare(candidate, configured);
    }
    candidates.sort_by(|a, b| {
        let order =
            |c: &Candidate| (std::cmp::Reverse(c.score), c.kind.manifest.id.clone(), c.base);
        order(a).cmp(&order(b))
    });
    rivals(&mut candidates);
    candidates.truncate(CANDIDATE_LIMIT);
    let mut claims: Vec<Claim> = configured.iter().flat_map(|c| c.claims.clone()).collect();
    for candidate in candidates.iter().filter(|c| c.score >= OFFERED) {
        claims.extend(candidate.claims());
    }
    let owned =
        |id: Id| claims.iter().any(|c| c.extended == id.is_extended() && c.ids.contains(&id.raw()));
    let mut unknown: Vec<Id> =
        hearing.heard.iter().map(|h| h.id).filter(|id| !owned(*id)).collect();
    unknown.sort_unstable();
    Discovery { candidates, ids: hearing.heard.len(), unknown, span: hearing.span }
}

/// What was heard, to be looked up.
struct Ear<'a> {
    by_id: HashMap<Id, &'a Heard>,
    span: Duration,
}

impl<'a> Ear<'a> {
    fn new(hearing: &'a Hearing) -> Self {
        let by_id =
            hearing.heard.iter().filter(|h| !h.samples.is_empty()).map(|h| (h.id, h)).collect();
        Self { by_id, span: hearing.span }
    }
}

fn bound(kind: &Arc<Kind>, base: u32) -> Option<Device> {
    kind.bind(Settings { base, ..kind.defaults() }).ok()
}

fn of_kind(kind: &Arc<Kind>, ear: &Ear<'_>) -> Vec<Candidate> {
    let Some(recognise) = &kind.manifest.recognise else { return Vec::new() };
    let bases = bases(kind, recognise, ear);
    let told = |candidate: &Candidate| candidate.score >= TOLD;
    let judged = bases.into_iter().filter_map(|base| judge::judge(kind, recognise, base, ear));
    judged.filter(told).collect()
}

/// The addresses at which a sign of the kind is there.
fn bases(kind: &Arc<Kind>, recognise: &Recognition, ear: &Ear<'_>) -> BTreeSet<u32> {
    let rule = &kind.manifest.address;
    let needs = recognise.signs.iter().any(|sign| sign.grade == Grade::Needed);
    let leads = |sign: &&Sign| !needs || sign.grade == Grade::Needed;
    let mut found = BTreeSet::new();
    let Some(device) = bound(kind, rule.default) else { return found };
    match rule.way {
        AddressWay::Text => {}
        AddressWay::Fixed => {
            let codec = device.codec();
            let is_there = recognise.signs.iter().filter(leads).any(|sign| {
                let Some(index) = codec.find_named(&sign.message) else { return false };
                let heard = ear.by_id.get(&codec.message(index).id);
                heard.is_some_and(|heard| holds(sign, &device, index, heard))
            });
            if is_there {
                found.insert(rule.default);
            }
        }
        AddressWay::Node => {
            let choices = rule.choices.iter().copied().take(BASE_LIMIT);
            let is_there = |base: &u32| {
                let Some(device) = bound(kind, *base) else { return false };
                let codec = device.codec();
                recognise.signs.iter().filter(leads).any(|sign| {
                    let Some(index) = codec.find_named(&sign.message) else { return false };
                    let heard = ear.by_id.get(&codec.message(index).id);
                    heard.is_some_and(|heard| holds(sign, &device, index, heard))
                })
            };
            found.extend(choices.filter(is_there));
        }
        AddressWay::Base => {
            let codec = device.codec();
            for sign in recognise.signs.iter().filter(leads) {
                let Some(index) = codec.find_named(&sign.message) else { continue };
                let own = codec.message(index).id;
                for heard in ear.by_id.values().filter(|h| h.id.is_extended() == own.is_extended())
                {
                    let base = (rule.default + heard.id.raw()).checked_sub(own.raw());
                    let Some(base) = base.filter(|base| !found.contains(base)) else { continue };
                    if holds(sign, &device, index, heard) && bound(kind, base).is_some() {
                        found.insert(base);
                    }
                }
            }
        }
    }
    // Of too many only the first are looked at: so many devices of one kind are on no bus.
    while found.len() > BASE_LIMIT {
        found.pop_last();
    }
    found
}

/// Whether a frame of this length can be this message.
fn fits(device: &Device, message: &Message, len: usize) -> bool {
    let most = usize::from(message.len);
    (device.kind().manifest.least(&message.name, most)..=most).contains(&len)
}

/// Whether a sign is there: in three of four of the contents that were kept.
fn holds(sign: &Sign, device: &Device, index: MessageIndex, heard: &Heard) -> bool {
    let codec = device.codec();
    let message = codec.message(index);
    if !fits(device, message, heard.len) {
        return false;
    }
    let mut row = Row::new();
    let mut so = |bytes: &Vec<u8>| {
        if !sign.bytes.is_empty() && !sign.bytes.iter().any(|pattern| pattern.fits(bytes)) {
            return false;
        }
        if sign.ranges.is_empty() {
            return true;
        }
        codec.decode(index, bytes, &mut row);
        sign.ranges.iter().all(|range| {
            let value = message.position(&range.signal).and_then(|at| row.get(at));
            value.is_some_and(|value| (range.least..=range.most).contains(&value))
        })
    };
    let fitting = heard.samples.iter().filter(|bytes| so(bytes)).count();
    fitting * 4 >= heard.samples.len() * 3 && fitting > 0
}

/// Says which components it is already, or gets in the way of.
fn compare(candidate: &mut Candidate, configured: &[Configured]) {
    let id = candidate.kind.manifest.id.as_str();
    let same = |c: &&Configured| c.kind == id && c.base == candidate.base;
    candidate.known = configured.iter().find(same).map(|c| c.name.clone());
    let own = candidate.claims();
    let overlaps =
        |c: &&Configured| own.iter().any(|a| c.claims.iter().any(|b| a.overlap(b).is_some()));
    if candidate.known.is_none() {
        candidate.shares = configured.iter().filter(overlaps).map(|c| c.name.clone()).collect();
    }
}

/// Says of every candidate which surer one lives on the same ids.
fn rivals(candidates: &mut [Candidate]) {
    let claims: Vec<Vec<Claim>> = candidates.iter().map(Candidate::claims).collect();
    for later in 1..candidates.len() {
        let Some((surer, rest)) = candidates.split_at_mut_checked(later) else { return };
        let (Some(candidate), Some(own)) = (rest.first_mut(), claims.get(later)) else { return };
        let same = surer
            .iter()
            .zip(&claims)
            .find(|(_, others)| own.iter().any(|a| others.iter().any(|b| a.overlap(b).is_some())));
        if let Some((other, _)) = same {
            let text = format!(
                "on the same ids, {} at 0x{:03X} is {}",
                other.kind.manifest.title,
                other.base,
                if other.score == candidate.score { "as likely" } else { "more likely" }
            );
            candidate.reasons.push(Reason { side: Side::Against, text });
        }
    }
}
