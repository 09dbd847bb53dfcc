//! The post: letters with one-time links, held until the link is kept and then given to the thread
//! that sends them. Bounded; knows nothing of how a mail is sent.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::base::time::Wall;
use crate::engine::access::account::Purpose;
use crate::engine::access::secret::{Secret, TokenHash};

/// Letters that may wait to be sent.
pub const WAITING: usize = 64;

/// A letter with a link.
#[cfg_attr(not(feature = "mail"), expect(dead_code, reason = "nothing sends it in this build"))]
#[derive(Clone, Debug)]
pub struct Letter {
    /// To which address.
    pub to: String,
    /// The account's name.
    pub name: String,
    /// What the link is for.
    pub purpose: Purpose,
    /// The link.
    pub url: Secret,
    /// Until when it can be used.
    pub expires: Wall,
    /// Hash of its token: a letter whose link was not kept after all is thrown away.
    pub link: TokenHash,
}

/// The post of an engine.
#[derive(Default)]
pub struct Post {
    state: Mutex<State>,
    emptied: Condvar,
}

#[derive(Default)]
struct State {
    /// Written in a transaction that is not committed yet.
    held: Vec<Letter>,
    outbox: Option<Sender<Letter>>,
    /// Held, waiting, or being sent.
    open: usize,
}

impl Post {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// Holds a letter until the link is kept; says whether there was room for it.
    pub fn hold(&self, letter: Letter) -> bool {
        let mut state = self.state();
        let room = state.outbox.is_some() && state.open < WAITING;
        if room {
            state.open += 1;
            state.held.push(letter);
        }
        room
    }

    /// Lets go of what was held: letters whose link `is_kept` go out, the others do not.
    pub fn release(&self, is_kept: impl Fn(&TokenHash) -> bool) {
        let mut state = self.state();
        for letter in std::mem::take(&mut state.held) {
            let outbox = state.outbox.as_ref().filter(|_| is_kept(&letter.link));
            // There is room: not more are open than fit.
            let sent = outbox.is_some_and(|outbox| outbox.try_send(letter).is_ok());
            if !sent {
                state.open = state.open.saturating_sub(1);
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
    pub fn done(&self) {
        let mut state = self.state();
        state.open = state.open.saturating_sub(1);
        drop(state);
        self.emptied.notify_all();
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

    fn letter(link: u8) -> Letter {
        Letter {
            to: "ada@example.org".into(),
            name: "ada".into(),
            purpose: Purpose::Invitation,
            url: Secret::new("http://127.0.0.1/invitation/x".into()),
            expires: Wall::from_nanos(0),
            link: [link; 32],
        }
    }

    #[test]
    fn a_letter_goes_out_only_once_its_link_is_kept() {
        let post = Post::default();
        assert!(!post.hold(letter(0)), "nobody sends yet");
        let outbox = post.open();
        assert!(post.hold(letter(1)) && post.hold(letter(2)));
        assert!(outbox.try_recv().is_err());
        assert!(!post.wait(Duration::ZERO));
        post.release(|link| link == &[2; 32]);
        assert_eq!(outbox.try_recv().unwrap().link, [2; 32]);
        assert!(outbox.try_recv().is_err());
        post.done();
        assert!(post.wait(Duration::ZERO));
    }

    #[test]
    fn what_does_not_fit_is_not_taken() {
        let post = Post::default();
        let _outbox = post.open();
        assert!((0..WAITING).all(|_| post.hold(letter(1))));
        assert!(!post.hold(letter(1)));
        post.release(|_| true);
        assert!(!post.hold(letter(1)));
        post.done();
        assert!(post.hold(letter(1)));
    }
}
