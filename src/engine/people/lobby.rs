//! The lobby: where the newest picture hangs, and who is woken when it changes. The historian brings
//! a new one after every commit that changed people.

use std::sync::{Arc, PoisonError, RwLock};

use crate::base::time::Clock;
use crate::engine::people::picture::Picture;
use crate::engine::people::post::Post;
use crate::engine::store::Reading;

/// Called after every new roster; must return at once.
pub type Waker = Box<dyn Fn() + Send + Sync>;

/// Where the newest picture hangs.
pub struct Lobby {
    picture: RwLock<Arc<Picture>>,
    wakers: RwLock<Vec<Waker>>,
    clock: Arc<dyn Clock>,
    /// Mails that go out once what they tell of is in the picture.
    pub post: Arc<Post>,
}

impl Lobby {
    /// An empty one.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let (picture, wakers, post) = (RwLock::default(), RwLock::default(), Arc::default());
        Self { picture, wakers, clock, post }
    }

    /// The newest picture.
    pub fn picture(&self) -> Arc<Picture> {
        Arc::clone(&self.picture.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks at the newest picture without taking it along: for what must be quick.
    pub fn with_picture<T>(&self, look: impl FnOnce(&Picture) -> T) -> T {
        look(&self.picture.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Hangs up a new picture and wakes whoever watches.
    pub fn remake(&self, reading: &Reading<'_>) {
        let old = self.picture();
        let new = Picture::read(reading, &old, self.clock.wall()).unwrap_or_else(|error| {
            tracing::error!(%error, "accounts cannot be read: nobody is let in until they can");
            old.without_passes()
        });
        let new = Arc::new(new);
        *self.picture.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&new);
        self.post.release(|link| new.link(link).is_some());
        let wakers = self.wakers.read().unwrap_or_else(PoisonError::into_inner);
        wakers.iter().for_each(|waker| waker());
    }

    /// Calls `waker` after every new picture.
    pub fn watch(&self, waker: Waker) {
        self.wakers.write().unwrap_or_else(PoisonError::into_inner).push(waker);
    }
}
