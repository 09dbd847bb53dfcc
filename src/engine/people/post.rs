//! The post: letters with one-time links, held until the link is kept, and reports, packed until the order
//! for them is kept; then given to the thread that sends them. Bounded; knows nothing of how a mail is sent.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::base::time::Wall;
use crate::engine::access::account::Purpose;
use crate::engine::access::secret::{Secret, TokenHash};

/// Letters that may wait to be sent.
pub const WAITING: usize = 64;

/// Reports among them: they are large, and letters with links must not wait for them.
pub const REPORTS: usize = 8;

/// A letter.
#[cfg_attr(not(feature = "mail"), expect(dead_code, reason = "nothing sends it in this build"))]
#[derive(Clone, Debug)]
pub struct Letter {
    /// To which address.
    pub to: String,
    /// What it says.
    pub says: Says,
}

/// What a letter says.
#[cfg_attr(not(feature = "mail"), expect(dead_code, reason = "nothing sends it in this build"))]
#[derive(Clone, Debug)]
pub enum Says {
    /// Here is a link.
    Link(Link),
    /// Here is a report.
    Report(Report),
}

/// A link for an account.
#[cfg_attr(not(feature = "mail"), expect(dead_code, reason = "nothing sends it in this build"))]
#[derive(Clone, Debug)]
pub struct Link {
    /// The account's name.
    pub name: String,
    /// What the link is for.
    pub purpose: Purpose,
    /// The link.
    pub url: Secret,
    /// Until when it can be used.
    pub expires: Wall,
}

/// A report of feedback.
#[cfg_attr(not(feature = "mail"), expect(dead_code, reason = "nothing sends it in this build"))]
#[derive(Clone, Debug)]
pub struct Report {
    /// Who has it sent.
    pub by: String,
    /// The name of this Busbar; may be empty.
    pub busbar: String,
    /// Its text, without secrets.
    pub text: String,
}

/// The post of an engine.
#[derive(Default)]
pub struct Post {
    state: Mutex<State>,
    emptied: Condvar,
}

#[derive(Default)]
struct State {
    /// Written in a transaction that is not committed yet, each with the hash of its link's token: a
    /// letter whose link was not kept after all is thrown away.
    held: Vec<(TokenHash, Letter)>,
    outbox: Option<Sender<Letter>>,
    /// Held, waiting, or being sent.
    open: usize,
    /// Reports among them.
    reports: usize,
}

impl State {
    /// Takes the room of one of `kind`; says whether there was any.
    fn enter(&mut self, kind: Kind) -> bool {
        let fits = match kind {
            Kind::Link => true,
            Kind::Report => self.reports < REPORTS,
        };
        let room = fits && self.outbox.is_some() && self.open < WAITING;
        if room {
            self.open += 1;
            self.reports += usize::from(kind == Kind::Report);
        }
        room
    }

    /// Gives it back.
    fn leave(&mut self, kind: Kind) {
        self.open = self.open.saturating_sub(1);
        let reports = usize::from(kind == Kind::Report);
        self.reports = self.reports.saturating_sub(reports);
    }

    /// Gives a letter to the thread that sends; says whether it took it. There is room: not more are open
    /// than fit.
    fn send(&self, letter: Letter) -> bool {
        self.outbox.as_ref().is_some_and(|outbox| outbox.try_send(letter).is_ok())
    }
}

/// Kinds of letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Link,
    Report,
}

/// A report for which there is room, until it is posted or dropped.
pub struct Parcel {
    post: Arc<Post>,
    letter: Option<Letter>,
}

impl Parcel {
    /// Gives it to the thread that sends.
    pub fn post(mut self) {
        let sent = self.letter.take().is_some_and(|letter| self.post.state().send(letter));
        if !sent {
            self.post.leave(Kind::Report);
        }
    }
}

impl Drop for Parcel {
    fn drop(&mut self) {
        if self.letter.is_some() {
            self.post.leave(Kind::Report);
        }
    }
}

impl Post {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn leave(&self, kind: Kind) {
        self.state().leave(kind);
        self.emptied.notify_all();
    }

    /// Opens it: where letters are taken from to be sent. Until then, and after
    /// [`close`](Self::close), none is taken.
    #[cfg_attr(
        not(any(feature = "mail", test)),
        expect(dead_code, reason = "nothing sends letters in this build")
    )]
    pub fn open(&self) -> Receiver<Letter> {
        let (sender, receiver) = bounded(WAITING);
        self.state().outbox = Some(sender);
        receiver
    }

    /// Closes it: the thread that sends ends once it has sent what waits.
    pub fn close(&self) {
        self.state().outbox = None;
    }

    /// Holds the letter with the link of this hash until that is kept; says whether there was room for it.
    pub fn hold(&self, token: TokenHash, to: String, link: Link) -> bool {
        let mut state = self.state();
        let room = state.enter(Kind::Link);
        if room {
            state.held.push((token, Letter { to, says: Says::Link(link) }));
        }
        room
    }

    /// Keeps room for a report, which is posted once the order for it is kept; none where there is none.
    pub fn pack(self: &Arc<Self>, to: String, report: Report) -> Option<Parcel> {
        let letter = Some(Letter { to, says: Says::Report(report) });
        let room = self.state().enter(Kind::Report);
        room.then(|| Parcel { post: Arc::clone(self), letter })
    }

    /// Lets go of what was held: letters whose link `is_kept` go out, the others do not.
    pub fn release(&self, is_kept: impl Fn(&TokenHash) -> bool) {
        let mut state = self.state();
        for (token, letter) in std::mem::take(&mut state.held) {
            if !is_kept(&token) || !state.send(letter) {
                state.leave(Kind::Link);
            }
        }
        drop(state);
        self.emptied.notify_all();
    }

    /// Notes that a letter was sent, or could not be.
    #[cfg_attr(
        not(any(feature = "mail", test)),
        expect(dead_code, reason = "nothing sends letters in this build")
    )]
    pub fn done(&self, letter: &Letter) {
        self.leave(match letter.says {
            Says::Link(_) => Kind::Link,
            Says::Report(_) => Kind::Report,
        });
    }

    /// How many letters are held, wait or are being sent, and how many may.
    #[must_use]
    pub fn queue(&self) -> (usize, usize) {
        (self.state().open, WAITING)
    }

    /// Waits until every letter was sent or given up, but not longer than `limit`; says whether.
    pub fn wait(&self, limit: Duration) -> bool {
        let state = self.state();
        let (_state, waited) = self
            .emptied
            .wait_timeout_while(state, limit, |state| state.open > 0)
            .unwrap_or_else(PoisonError::into_inner);
        !waited.timed_out()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold(post: &Post, token: u8) -> bool {
        let link = Link {
            name: "ada".into(),
            purpose: Purpose::Invitation,
            url: Secret::new(format!("http://127.0.0.1/invitation/{token}")),
            expires: Wall::from_nanos(0),
        };
        post.hold([token; 32], "ada@example.org".into(), link)
    }

    fn pack(post: &Arc<Post>) -> Option<Parcel> {
        let (by, busbar, text) = ("ada".into(), String::new(), "It hums.\n".into());
        post.pack("zoe@example.org".into(), Report { by, busbar, text })
    }

    #[test]
    fn a_letter_goes_out_only_once_its_link_is_kept() {
        let post = Post::default();
        assert!(!hold(&post, 0), "nobody sends yet");
        let outbox = post.open();
        assert!(hold(&post, 1) && hold(&post, 2));
        assert!(outbox.try_recv().is_err());
        assert!(!post.wait(Duration::ZERO));
        post.release(|link| link == &[2; 32]);
        let letter = outbox.try_recv().unwrap();
        match &letter.says {
            Says::Link(link) => assert!(link.url.reveal().ends_with("/2")),
            Says::Report(report) => panic!("{report:?}"),
        }
        assert!(outbox.try_recv().is_err());
        post.done(&letter);
        assert!(post.wait(Duration::ZERO));
    }

    #[test]
    fn what_does_not_fit_is_not_taken() {
        let post = Post::default();
        let outbox = post.open();
        assert!((0..WAITING).all(|_| hold(&post, 1)));
        assert!(!hold(&post, 1));
        post.release(|_| true);
        assert!(!hold(&post, 1));
        post.done(&outbox.try_recv().unwrap());
        assert!(hold(&post, 1));
    }

    #[test]
    fn a_report_has_its_room_until_it_is_sent_or_given_up_and_leaves_some_for_links() {
        let post = Arc::new(Post::default());
        assert!(pack(&post).is_none(), "nobody sends yet");
        let outbox = post.open();
        let mut parcels: Vec<Parcel> = (0..REPORTS).map(|_| pack(&post).unwrap()).collect();
        assert!(pack(&post).is_none());
        assert!(hold(&post, 1), "links have their own room");
        drop(parcels.pop());
        assert!(outbox.try_recv().is_err(), "what was given up is not sent");
        let another = pack(&post).unwrap();
        another.post();
        assert!(pack(&post).is_none(), "it is not sent yet");
        post.done(&outbox.try_recv().unwrap());
        assert!(pack(&post).is_some());
        drop(parcels);
        post.release(|_| false);
        assert_eq!(post.queue(), (0, WAITING));
        let late = pack(&post).unwrap();
        post.close();
        late.post();
        assert_eq!(post.queue(), (0, WAITING));
    }
}
