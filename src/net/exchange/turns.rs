//! Whose turn it is to have a job or a file: a number of requests at the same time, the others in the order in which they
//! came. Whoever asks again and again does not overtake who waits.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

/// The places of those that are at work, and the queue of those that wait.
pub struct Turns {
    free: Cell<usize>,
    queue: RefCell<VecDeque<Rc<Place>>>,
}

/// A place in the queue.
#[derive(Default)]
struct Place {
    is_mine: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Turns {
    /// So many at the same time.
    pub fn new(most: usize) -> Self {
        Turns { free: Cell::new(most), queue: RefCell::default() }
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.queue.borrow().len()
    }

    /// Waits for a turn, which ends when it is dropped.
    pub async fn take(&self) -> Turn<'_> {
        if self.free.get() > 0 {
            self.free.set(self.free.get() - 1);
            return Turn(self);
        }
        let place = Rc::new(Place::default());
        self.queue.borrow_mut().push_back(Rc::clone(&place));
        let waiting = Waiting { turns: self, place: &place };
        poll_fn(|context| {
            if place.is_mine.get() {
                return Poll::Ready(());
            }
            *place.waker.borrow_mut() = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
        std::mem::forget(waiting);
        Turn(self)
    }

    /// A turn is over: whoever waits longest has it.
    fn pass_on(&self) {
        let next = self.queue.borrow_mut().pop_front();
        match next {
            Some(place) => {
                place.is_mine.set(true);
                if let Some(waker) = place.waker.borrow_mut().take() {
                    waker.wake();
                }
            }
            None => self.free.set(self.free.get() + 1),
        }
    }
}

/// A turn.
pub struct Turn<'a>(&'a Turns);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.pass_on();
    }
}

/// Somebody waits; dropped when they do not want to any more.
struct Waiting<'a> {
    turns: &'a Turns,
    place: &'a Rc<Place>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.place.is_mine.get() {
            self.turns.pass_on();
        } else {
            self.turns.queue.borrow_mut().retain(|other| !Rc::ptr_eq(other, self.place));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_lite::future::{block_on, poll_once};
    use std::pin::pin;

    #[test]
    fn in_the_order_in_which_they_came() {
        block_on(async {
            let turns = Turns::new(2);
            let (a, b) = (turns.take().await, turns.take().await);
            let (mut c, mut d, mut e) = (pin!(turns.take()), pin!(turns.take()), pin!(turns.take()));
            assert!(poll_once(&mut c).await.is_none() && poll_once(&mut d).await.is_none());
            drop(a);
            // Whoever comes now waits behind the others.
            assert!(poll_once(&mut e).await.is_none() && poll_once(&mut d).await.is_none());
            let c = poll_once(&mut c).await.unwrap();
            drop(b);
            assert!(poll_once(&mut e).await.is_none());
            let d = poll_once(&mut d).await.unwrap();
            drop((c, d));
            drop(poll_once(&mut e).await.unwrap());
            assert_eq!((turns.free.get(), turns.waiting()), (2, 0));
        });
    }

    #[test]
    fn who_leaves_the_queue_holds_up_nobody() {
        block_on(async {
            let turns = Turns::new(1);
            let a = turns.take().await;
            let mut second = Box::pin(turns.take());
            let mut third = Box::pin(turns.take());
            let mut fourth = Box::pin(turns.take());
            assert!(poll_once(&mut second).await.is_none() && poll_once(&mut third).await.is_none());
            assert!(poll_once(&mut fourth).await.is_none());
            drop(second);
            assert_eq!(turns.waiting(), 2);
            drop(a);
            // It is the third's turn, who leaves before knowing.
            drop(third);
            drop(poll_once(&mut fourth).await.unwrap());
            assert_eq!(turns.free.get(), 1);
        });
    }
}
