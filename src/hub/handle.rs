//! How other threads reach the hub: closures that the event loop runs.

use super::jobs::Completion;
use super::Hub;

/// A way into the event loop, for the workers and the threads of files and uploads.
#[derive(Clone)]
pub struct HubHandle {
    inbox: smol::channel::Sender<Completion>,
}

impl HubHandle {
    /// A handle, and the receiver that the event loop serves.
    pub fn new() -> (Self, smol::channel::Receiver<Completion>) {
        let (inbox, receiver) = smol::channel::unbounded();
        (HubHandle { inbox }, receiver)
    }

    /// The sending side, for workers.
    pub fn inbox(&self) -> smol::channel::Sender<Completion> {
        self.inbox.clone()
    }

    /// Runs `f` in the event loop and waits for its result. `None`: the server is stopping.
    pub fn call<R: Send + 'static>(&self, f: impl FnOnce(&mut Hub) -> R + Send + 'static) -> Option<R> {
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        self.inbox
            .try_send(Box::new(move |hub| {
                let _ = sender.send(f(hub));
            }))
            .ok()?;
        receiver.recv().ok()
    }

    /// Runs `f` in the event loop; it answers through what it was given, now or later.
    pub fn post(&self, f: impl FnOnce(&mut Hub) + Send + 'static) {
        let _ = self.inbox.try_send(Box::new(f));
    }
}
