//! What people do with time and with each other, where it cannot be seen from the door.

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use crate::base::time::{Clock as _, FakeClock, Wall};
use crate::engine::access::account::{AccountId, AccountKind, Status};
use crate::engine::access::actor::Rights;
use crate::engine::access::grant::{Face, Origin};
use crate::engine::access::life::Ended;
use crate::engine::access::password::{Cost, PasswordHash};
use crate::engine::access::permission::Right;
use crate::engine::access::secret::Secret;
use crate::engine::people::People;
use crate::engine::people::gate::{Gate, NotIn, SignInError, SignedIn};
use crate::engine::people::sweep::Broom;
use crate::engine::store::accounts::{Change, Fields};
use crate::engine::store::{Opener, StoreError, accounts, sessions, tokens};

const GOOD: &str = "tin of beans 4";

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

fn home() -> Origin {
    Origin { face: Face::Web, address: "192.0.2.1".parse().ok(), agent: None }
}

struct House {
    folder: TempDir,
    clock: Arc<FakeClock>,
    people: Arc<People>,
    gate: Gate,
}

impl House {
    /// The people of a folder, without the thread that sweeps.
    fn new(folder: TempDir, clock: Arc<FakeClock>, cost: Cost) -> Self {
        let (people, _) =
            People::open(folder.path(), Opener::Command, clock.clone(), cost).unwrap();
        Self { folder, clock, gate: Gate::new(Arc::clone(&people)), people }
    }

    fn with_ada() -> (Self, AccountId) {
        let clock = FakeClock::new(Wall::from_nanos(1_780_300_800_000_000_000));
        let house = Self::new(tempfile::tempdir().unwrap(), clock, Cost::CHEAP);
        let hash = house.gate.hash("ada", &secret(GOOD)).unwrap();
        let at = house.clock.wall();
        let id = house.people.store().write(move |writing| {
            let fields = Fields {
                name: "ada".into(),
                email: None,
                service: None,
                rights: Rights::of_account(&[Right::Administrator]),
                status: Status::Active,
            };
            let id = accounts::insert(writing, AccountKind::Person, &fields, at)?;
            accounts::set_password(writing, id, Some(&hash), Change::NotDue)?;
            writing.touch();
            Ok::<_, StoreError>(id)
        });
        (house, id.unwrap())
    }

    fn broom(&self) -> Broom {
        let lobby = Arc::clone(&self.people.lobby);
        Broom::new(lobby, self.people.store().clone(), self.clock.clone())
    }

    fn hash_of(&self, id: AccountId) -> PasswordHash {
        let kept = self.people.store().read(|reading| accounts::get(reading, id)).unwrap();
        kept.unwrap().password.unwrap()
    }

    fn sign_in(&self) -> Result<SignedIn, SignInError> {
        self.gate.sign_in("ada", &secret(GOOD), &home())
    }

    /// Waits until everything that was posted is written.
    fn settle(&self) {
        self.people.store().write(|_| Ok::<_, StoreError>(())).unwrap();
    }

    fn kept_sessions(&self) -> Vec<sessions::Kept> {
        let long_ago = Wall::from_nanos(0);
        self.people.store().read(|reading| sessions::recent(reading, long_ago, 1000)).unwrap()
    }
}

#[test]
fn a_weak_hash_is_made_stronger_when_its_holder_signs_in() {
    let (house, ada) = House::with_ada();
    let weak = house.hash_of(ada);
    let House { folder, clock, people, gate } = house;
    drop((people, gate));
    let house = House::new(folder, clock, Cost::STANDARD);
    assert!(house.gate.sign_in("ada", &secret("kettle on the hob"), &home()).is_err());
    assert_eq!(house.hash_of(ada), weak, "a wrong password renews nothing");
    house.sign_in().unwrap();
    let strong = house.hash_of(ada);
    assert!(strong.text().starts_with("$argon2id$v=19$m=65536,t=3,p=1$"), "{}", strong.text());
    house.sign_in().unwrap();
    assert_eq!(house.hash_of(ada), strong, "a strong one stays");
}

#[test]
fn attempts_made_at_once_do_not_escape_the_wait() {
    let (house, _) = House::with_ada();
    let wrong = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..40 {
            scope.spawn(|| {
                let tried = house.gate.sign_in("ada", &secret("kettle on the hob"), &home());
                match tried.unwrap_err() {
                    SignInError::Wrong => {
                        wrong.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                    }
                    SignInError::Wait { .. } | SignInError::Busy { .. } => {}
                    SignInError::Store(error) => panic!("{error}"),
                    SignInError::NoRandom(error) => panic!("{error}"),
                }
            });
        }
    });
    let wrong = wrong.into_inner();
    assert!((1..=5).contains(&wrong), "{wrong} attempts were judged");
}

#[test]
fn the_sweep_ends_what_nobody_uses_and_writes_it_down() {
    let (house, _) = House::with_ada();
    let (idle, busy) = (house.sign_in().unwrap(), house.sign_in().unwrap());
    let mut broom = house.broom();
    house.clock.advance(Duration::from_secs(29 * 60));
    house.gate.enter(busy.token.reveal(), &home()).unwrap();
    broom.look();
    house.clock.advance(Duration::from_secs(60));
    broom.look();
    house.settle();
    assert_eq!(idle.session.life().ended(), Some(Ended::Expired));
    assert_eq!(busy.session.life().ended(), None);
    let ended = house.kept_sessions();
    let ended: Vec<_> = ended.iter().filter(|kept| kept.ended.is_some()).collect();
    assert_eq!(ended.len(), 1);
    assert_eq!(Some(ended[0].id), idle.session.id());
    assert_eq!(ended[0].ended.map(|(_, why)| why), Some(Ended::Expired));
}

#[test]
fn last_uses_are_written_once_a_minute() {
    let (house, _) = House::with_ada();
    let signed_in = house.sign_in().unwrap();
    let began = house.clock.wall();
    let mut broom = house.broom();
    let written = || {
        house.settle();
        house.kept_sessions()[0].used
    };
    house.clock.advance(Duration::from_secs(30));
    let used = house.clock.wall();
    house.gate.enter(signed_in.token.reveal(), &home()).unwrap();
    broom.look();
    assert_eq!(written(), began, "too early");
    house.clock.advance(Duration::from_secs(30));
    broom.look();
    assert_eq!(written(), used);
}

#[test]
fn rows_of_ended_sessions_and_tokens_are_forgotten_after_30_days() {
    let (house, ada) = House::with_ada();
    let signed_in = house.sign_in().unwrap();
    house.gate.sign_out(&signed_in.session).unwrap();
    let at = house.clock.wall();
    let rights = Rights::of_account(&[]);
    let made = house.people.store().write(move |writing| {
        tokens::insert(writing, ada, ("ci", rights), &[7; 32], (at, at)).map(|_| ())
    });
    made.unwrap();
    let rows = || {
        house.settle();
        let tokens = house.people.store().read(|reading| tokens::of(reading, ada)).unwrap();
        (house.kept_sessions().len(), tokens.len())
    };
    house.clock.advance(Duration::from_secs(30 * 24 * 3600 - 3600));
    let mut broom = house.broom();
    broom.look();
    house.clock.advance(Duration::from_secs(3600));
    broom.look();
    assert_eq!(rows(), (1, 1), "too early");
    // A program that begins may have a clock that is far ahead, until it is set.
    house.clock.advance(Duration::from_secs(1));
    let mut other = house.broom();
    other.look();
    assert_eq!(rows(), (1, 1), "the clock may be wrong");
    house.clock.advance(Duration::from_secs(3600));
    other.look();
    assert_eq!(rows(), (0, 0));
}

#[test]
fn nobody_stays_in_on_what_was_true_before_the_store_broke() {
    let (house, _) = House::with_ada();
    let signed_in = house.sign_in().unwrap();
    let picture = house.people.picture();
    let after = picture.without_passes();
    assert_eq!(signed_in.session.life().ended(), Some(Ended::Expired));
    assert_eq!(after.passes().count(), 0);
    assert!(after.roster.version > picture.roster.version);
    let refused = house.gate.enter(signed_in.token.reveal(), &home()).unwrap_err();
    assert_eq!(refused, NotIn::Ended(Ended::Expired));
}
