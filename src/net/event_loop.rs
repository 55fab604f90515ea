//! The event loop: starts the tasks that live as long as the server, and ends with a signal.

use super::listen::{self, Service};
use super::server::Server;
use crate::hub::jobs::Completion;
use crate::hub::{Hub, Outbox};
use async_io::{Async, Timer};
use async_signal::{Signal, Signals};
use futures_lite::{future, StreamExt};
use std::future::poll_fn;
use std::io;
use std::net::TcpListener;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

/// The event loop looks after its deadlines at least so often, so that a jump of the wall clock is seen soon.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
/// How long connections may take to send their last bytes when the server stops.
const GOODBYE_MAX: Duration = Duration::from_millis(500);
/// How often it is looked whether they have.
const GOODBYE_STEP: Duration = Duration::from_millis(2);
/// Calls from other threads that run in a row before sockets get their turn.
const CALLS_IN_A_ROW: usize = 32;

/// A bound port and what its connections speak.
pub type Bound = (TcpListener, Service);

/// Why the event loop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// SIGTERM or SIGINT.
    Signal,
    /// Somebody asked for it.
    Asked,
}

/// The signals that end the server or make it read its configuration; from now on they wait for [`run`].
///
/// SIGPIPE is caught so that it ends nothing: a failed attempt to start again ([`crate::allocator`]) makes it deadly.
///
/// Errors: signals cannot be caught.
pub fn catch_signals() -> io::Result<Signals> {
    Signals::new([Signal::Term, Signal::Int, Signal::Hup, Signal::Pipe])
}

/// Runs until the server is told to stop. `reload` is called for every SIGHUP.
///
/// Errors: a listener cannot be watched.
pub fn run(
    server: &Rc<Server>,
    listeners: Vec<Bound>,
    inbox: smol::channel::Receiver<Completion>,
    mut signals: Signals,
    reload: impl Fn(&Rc<Server>),
) -> io::Result<End> {
    let mut accepting = Vec::new();
    for (listener, service) in listeners {
        listener.set_nonblocking(true)?;
        let listener = Async::new_nonblocking(listener)?;
        accepting.push(server.executor.spawn(listen::accept(Rc::clone(server), listener, service)));
    }
    server.executor.spawn(run_schedule(Rc::clone(server))).detach();
    server.executor.spawn(run_calls(Rc::clone(server), inbox)).detach();
    let ended = async {
        loop {
            match signals.next().await {
                Some(Ok(Signal::Hup)) => reload(server),
                Some(Ok(Signal::Pipe)) => {}
                Some(Ok(_)) => return End::Signal,
                Some(Err(e)) => log::warn!("signals: {e}"),
                None => future::pending().await,
            }
        }
    };
    let asked = async {
        poll_fn(
            |cx| {
                if server.hub.borrow_mut().poll_stop(cx.waker()) {
                    Poll::Ready(End::Asked)
                } else {
                    Poll::Pending
                }
            },
        )
        .await
    };
    let executor = Rc::clone(&server.executor);
    Ok(async_io::block_on(executor.run(async {
        let end = future::or(ended, asked).await;
        // From now on the ports are free.
        for task in accepting {
            task.cancel().await;
        }
        end
    })))
}

/// Lets the connections send what waits in their outboxes, for a short time. For the end of the program.
pub fn finish(server: &Rc<Server>, outboxes: &[Rc<Outbox>]) {
    // A connection's task holds its outbox to its end.
    let all_gone = async {
        while outboxes.iter().any(|outbox| Rc::strong_count(outbox) > 1) {
            Timer::after(GOODBYE_STEP).await;
        }
    };
    let late = async {
        Timer::after(GOODBYE_MAX).await;
    };
    async_io::block_on(server.executor.run(future::or(all_gone, late)));
}

/// Does what is due, and sleeps until the next deadline.
async fn run_schedule(server: Rc<Server>) {
    loop {
        server.batch(Hub::run_due);
        let sleep = {
            let hub = server.hub.borrow();
            match hub.schedule.next() {
                Some(next) => Duration::from_millis(next.saturating_sub(hub.ticks())).min(LONGEST_SLEEP),
                None => LONGEST_SLEEP,
            }
        };
        let earlier = {
            let server = &server;
            let mut registered = false;
            poll_fn(move |cx| {
                if std::mem::replace(&mut registered, true) {
                    return Poll::Ready(());
                }
                server.hub.borrow_mut().schedule.register(cx.waker());
                Poll::Pending
            })
        };
        let timer = pin!(async {
            Timer::after(sleep).await;
        });
        future::or(timer, earlier).await;
    }
}

/// Runs the closures of other threads.
async fn run_calls(server: Rc<Server>, inbox: smol::channel::Receiver<Completion>) {
    while let Ok(call) = inbox.recv().await {
        server.batch(|hub| {
            call(hub);
            for _ in 0..CALLS_IN_A_ROW {
                match inbox.try_recv() {
                    Ok(call) => call(hub),
                    Err(_) => break,
                }
            }
        });
        future::yield_now().await;
    }
}
