//! Who gives up their place when all are taken: whoever has waited longest without saying who they are. So strangers who
//! hold connections open and say nothing do not keep devices and apps out.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::{poll_fn, Future};
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

/// A place is not taken away before that: everybody needs a moment.
pub const GRACE: Duration = Duration::from_secs(5);

/// Connections that wait for what their clients have to say, the oldest first.
#[derive(Debug, Default)]
pub struct Places {
    waiting: RefCell<BTreeMap<u64, Rc<Place>>>,
    next: Cell<u64>,
}

#[derive(Debug)]
struct Place {
    since: Instant,
    is_needed: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

/// Leaves the list when dropped.
struct Listed<'a>(&'a Places, u64);

impl Drop for Listed<'_> {
    fn drop(&mut self) {
        self.0.waiting.borrow_mut().remove(&self.1);
    }
}

impl Places {
    /// Waits for `work`, which is for something that a client may say or not; `None` also when the place is needed.
    pub async fn unless_needed<T>(&self, work: impl Future<Output = Option<T>>) -> Option<T> {
        let place = Rc::new(Place { since: Instant::now(), is_needed: Cell::new(false), waker: RefCell::default() });
        let number = self.next.get();
        self.next.set(number + 1);
        self.waiting.borrow_mut().insert(number, Rc::clone(&place));
        let _listed = Listed(self, number);
        let needed = poll_fn(|cx| {
            if place.is_needed.get() {
                return Poll::Ready(None);
            }
            *place.waker.borrow_mut() = Some(cx.waker().clone());
            Poll::Pending
        });
        futures_lite::future::or(work, needed).await
    }

    /// Takes the place of whoever waits longest; it is free when their task has run. False: nobody has waited for [`GRACE`].
    pub fn take_one(&self, now: Instant) -> bool {
        let mut waiting = self.waiting.borrow_mut();
        let Some(oldest) = waiting.first_entry() else { return false };
        if now.saturating_duration_since(oldest.get().since) < GRACE {
            return false;
        }
        let place = oldest.remove();
        place.is_needed.set(true);
        if let Some(waker) = place.waker.borrow_mut().take() {
            waker.wake();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_lite::future::{block_on, pending, poll_once, ready};
    use std::pin::pin;

    #[test]
    fn the_oldest_goes_first_and_nobody_at_once() {
        block_on(async {
            let places = Places::default();
            let mut first = pin!(places.unless_needed(pending::<Option<()>>()));
            let mut second = pin!(places.unless_needed(pending::<Option<()>>()));
            assert!(poll_once(&mut first).await.is_none() && poll_once(&mut second).await.is_none());
            assert!(!places.take_one(Instant::now()));
            let later = Instant::now() + GRACE;
            assert!(places.take_one(later));
            assert_eq!((poll_once(&mut second).await, poll_once(&mut first).await), (None, Some(None)));
            assert!(places.take_one(later) && !places.take_one(later), "each only once");
            assert_eq!(poll_once(&mut second).await, Some(None));
            // Who has said something is in nobody's way.
            assert_eq!(places.unless_needed(ready(Some(1))).await, Some(1));
            assert!(places.waiting.borrow().is_empty());
        });
    }
}
