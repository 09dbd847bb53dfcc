//! Messages that are kept while the hub runs: what is taken, what is refused, what is written.

use std::time::Duration;

use super::*;
use crate::base::id::Name;
use crate::base::time::Mono;
use crate::engine::access::grant::LocalSeat;
use crate::engine::access::permission::UseCan;
use crate::engine::can::dress::Dress;
use crate::engine::can::frame::{Frame, Id};
use crate::engine::device::Catalog;
use crate::engine::hub::{Event, Hub, Now};
use crate::engine::orders::plant::{ActivateProfile, Command};
use crate::engine::orders::sending::{ForgetMessage, KeepMessage};
use crate::engine::orders::{Admitted, Answer, OrderError};
use crate::engine::profile::model::Profile;
use crate::engine::profile::shelf::Expected;

const NOW: Now = Now { mono: Mono::ZERO, wall: Wall::from_nanos(1_000_000_000) };
const TEXT: &str = "name = \"can0\"\n# Ours.\n[[bus]]\nname = \"can0\"\naddress = \"virtual:a\"\n";

struct House {
    hub: Hub,
    effects: Vec<Effect>,
}

fn entry(name: &str, key: Option<&str>) -> MessageEntry {
    MessageEntry {
        name: Name::new(name).unwrap(),
        bus: Name::new("can0").unwrap(),
        frame: Frame::classic(Id::standard(0x123).unwrap(), &[1]).unwrap(),
        every: Duration::from_millis(100),
        times: None,
        dress: Dress::default(),
        key: key.map(|key| key.parse().unwrap()),
        stays: false,
    }
}

impl House {
    fn new(file: Option<&str>) -> Self {
        let mut hub = Hub::new(Arc::new(Catalog::builtin()), NOW);
        let order = ActivateProfile::of(Profile::for_interface("can0").unwrap());
        let text = file.map(|_| TEXT.into());
        let order = ActivateProfile { file: file.map(Into::into), text, ..order };
        hub.activate(order, &mut Vec::new()).unwrap();
        Self { hub, effects: Vec::new() }
    }

    fn give(&mut self, order: Order) {
        let session = LocalSeat::new().sit(Face::Desktop);
        let grant = session.permit(UseCan).unwrap();
        let order = Admitted::new(&grant, Command::Keeping(order), (Face::Desktop, None));
        let reply = Reply::new(drop);
        self.hub.step(NOW, Event::Order { order, reply }, &mut self.effects);
    }

    fn keep(&mut self, message: MessageEntry) {
        self.give(Order::Keep(KeepMessage {
            message: Box::new(message),
            expected: Expected::Anything,
        }));
    }

    fn answer(&mut self) -> Option<Answer> {
        let at = self.effects.iter().position(|one| matches!(one, Effect::Answer(..)))?;
        match self.effects.remove(at) {
            Effect::Answer(_, answer) => Some(answer),
            _ => None,
        }
    }

    fn job(&mut self) -> Option<KeepProfile> {
        let at = self.effects.iter().position(|one| matches!(one, Effect::KeepProfile(_)))?;
        match self.effects.remove(at) {
            Effect::KeepProfile(job) => Some(job),
            _ => None,
        }
    }

    fn names(&self) -> Vec<String> {
        let snapshot = self.hub.snapshot(NOW);
        snapshot.messages.iter().map(|one| one.name.to_string()).collect()
    }
}

#[test]
fn a_message_is_kept_once_the_file_says_so_and_never_sent() {
    let mut house = House::new(Some("/profiles/a.toml"));
    house.keep(entry("one", Some("F5")));
    let job = house.job().expect("a file to write");
    assert!(house.answer().is_none() && house.names().is_empty());
    assert!(job.text.starts_with(TEXT) && job.text.contains("key = \"F5\""), "{}", job.text);
    house.keep(entry("two", None));
    let busy = house.answer().unwrap().unwrap_err().to_string();
    assert!(busy.contains("just being written"), "{busy}");
    let number = job.number;
    house.hub.step(NOW, Event::Kept { number, outcome: Ok(()) }, &mut house.effects);
    assert!(house.answer().unwrap().is_ok());
    assert_eq!(house.names(), ["one"]);
    let told = house.effects.iter().find_map(|effect| match effect {
        Effect::Journal(entry) => Some(entry),
        _ => None,
    });
    assert_eq!(told.unwrap().after.as_ref().unwrap()["id"], "0x123");
    let sends = house.effects.iter().any(|one| matches!(one, Effect::Hand { .. }));
    assert!(!sends, "keeping sends nothing");
}

#[test]
fn a_file_that_cannot_be_written_leaves_everything_as_it_was() {
    let mut house = House::new(Some("/profiles/a.toml"));
    house.keep(entry("one", None));
    let number = house.job().unwrap().number;
    let outcome = Err("the disk is full".to_owned());
    house.hub.step(NOW, Event::Kept { number, outcome }, &mut house.effects);
    let error = house.answer().unwrap().unwrap_err().to_string();
    assert!(error.contains("stay as they were: the disk is full"), "{error}");
    assert!(house.names().is_empty());
    house.keep(entry("one", None));
    assert_eq!(&*house.job().unwrap().before, TEXT);
}

#[test]
fn without_a_file_messages_are_kept_while_the_profile_runs() {
    let mut house = House::new(None);
    house.keep(entry("one", Some("A")));
    assert!(house.answer().unwrap().is_ok() && house.job().is_none());
    house.keep(entry("two", Some("a")));
    assert!(house.answer().unwrap().unwrap_err().to_string().contains("sends one already"));
    house.keep(MessageEntry { bus: Name::new("can9").unwrap(), ..entry("three", None) });
    assert!(house.answer().unwrap().is_err());
    house.keep(MessageEntry { every: Duration::ZERO, ..entry("three", None) });
    assert!(house.answer().unwrap().is_err());
    house.give(Order::Forget(ForgetMessage { name: Name::new("two").unwrap(), expected: None }));
    assert!(house.answer().unwrap().is_err());
    house.give(Order::Forget(ForgetMessage { name: Name::new("one").unwrap(), expected: None }));
    assert!(house.answer().unwrap().is_ok() && house.names().is_empty());
}

#[test]
fn a_message_is_replaced_or_forgotten_only_as_it_was_looked_at() {
    let mut house = House::new(None);
    house.keep(entry("one", None));
    assert!(house.answer().unwrap().is_ok());
    let mark = entry("one", None).mark();
    let changed = MessageEntry { every: Duration::from_millis(7), ..entry("one", None) };
    assert_ne!(changed.mark(), mark);
    let keep = |expected| KeepMessage { message: Box::new(changed.clone()), expected };
    let forget = |mark: &str| ForgetMessage {
        name: Name::new("one").unwrap(),
        expected: Some(mark.to_owned()),
    };
    house.give(Order::Keep(keep(Expected::Nothing)));
    assert!(matches!(house.answer().unwrap(), Err(OrderError::Taken { .. })));
    house.give(Order::Keep(keep(Expected::Mark("other".into()))));
    assert!(matches!(house.answer().unwrap(), Err(OrderError::Stale { .. })));
    house.give(Order::Keep(keep(Expected::Mark(mark.clone()))));
    assert!(house.answer().unwrap().is_ok());
    house.give(Order::Forget(forget(&mark)));
    assert!(matches!(house.answer().unwrap(), Err(OrderError::Stale { .. })));
    house.give(Order::Forget(forget(&changed.mark())));
    assert!(house.answer().unwrap().is_ok() && house.names().is_empty());
}
