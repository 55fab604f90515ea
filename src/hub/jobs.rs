//! Slow work: jobs go to a few worker threads, results come back into the event loop as calls.
//!
//! The hub never waits. A queue that is full refuses the job, and the caller answers accordingly.

use super::Hub;
use crate::notify::{mail::Mail, push, tweet, webhook};
use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Which workers do a job. Each queue keeps its order as far as it has one worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queue {
    /// User files and other files of the data folder. One worker.
    Disk,
    /// History: appends, queries, exports, reports. One worker.
    History,
    /// Push, tweets, text messages. Several workers.
    Network,
    /// Mail: a mail server that hangs shall not hold up pushes. Two workers.
    Mail,
    /// Webhooks: their servers may be slow, and nobody else shall wait for them. Several workers.
    Webhook,
    /// Compression of large answers to apps. One worker.
    Compress,
}

impl Queue {
    /// All queues.
    pub const ALL: [Queue; 6] =
        [Queue::Disk, Queue::History, Queue::Network, Queue::Mail, Queue::Webhook, Queue::Compress];
}

/// What the event loop does with a job's result.
pub type Then<T> = Box<dyn FnOnce(&mut Hub, T) + Send>;
/// A result on its way back into the event loop.
pub type Completion = Box<dyn FnOnce(&mut Hub) + Send>;

/// One piece of slow work.
pub enum Job {
    /// Send a mail.
    Mail(Mail, Then<Result<(), String>>),
    /// Send a push to all its phones.
    Push(push::Push, Then<push::Outcome>),
    /// Post a tweet.
    Tweet(tweet::Tweet, Then<Result<(), tweet::TweetError>>),
    /// Send a text message.
    #[cfg(feature = "sms")]
    Sms(crate::notify::sms::Sms, Then<Result<(), String>>),
    /// Call a webhook.
    Webhook(webhook::Call, Then<Result<webhook::Answer, webhook::WebhookError>>),
    /// Anything else, e.g. file work: runs on the worker and says what to do with its result.
    Work(Box<dyn FnOnce() -> Completion + Send>),
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Payloads hold addresses, tokens and texts: only the kind is shown.
        f.write_str(match self {
            Job::Mail(..) => "Mail",
            Job::Push(..) => "Push",
            Job::Tweet(..) => "Tweet",
            #[cfg(feature = "sms")]
            Job::Sms(..) => "Sms",
            Job::Webhook(..) => "Webhook",
            Job::Work(_) => "Work",
        })
    }
}

/// A queue took no more jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too much work is waiting")]
pub struct QueueFull;

/// The transports of the worker threads.
pub trait Services: Send + Sync {
    /// Does the job and returns what the event loop must do.
    fn run(&self, job: Job) -> Completion;
}

#[derive(Debug, Default)]
struct Counters {
    /// Jobs that wait or run.
    open: AtomicU32,
    /// Jobs that were done since start; wraps around.
    done: AtomicU32,
}

struct Lane {
    sender: Option<smol::channel::Sender<Job>>,
    receiver: smol::channel::Receiver<Job>,
    counters: Arc<Counters>,
    threads: usize,
    started: usize,
    limit: u32,
}

enum Mode {
    Threads {
        services: Arc<dyn Services>,
        inbox: smol::channel::Sender<Completion>,
        handles: Vec<(Queue, std::thread::JoinHandle<()>)>,
    },
    /// For tests: jobs are kept to be looked at.
    Kept(VecDeque<(Queue, Job)>),
}

/// All queues.
pub struct Jobs {
    lanes: Vec<Lane>,
    mode: Mode,
}

impl fmt::Debug for Jobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Jobs")
    }
}

/// How long the end of the program waits for mails, pushes and webhooks.
const NETWORK_GRACE: Duration = Duration::from_secs(5);
/// Most threads that send mails.
const MAIL_THREADS_MAX: usize = 2;
/// Most threads that call webhooks.
const WEBHOOK_THREADS_MAX: usize = 16;
/// Size of a worker's stack. TLS handshakes and JSON need some, idle workers touch only a few pages.
const WORKER_STACK: usize = 512 * 1024;

impl Jobs {
    /// Queues whose workers start with their first job. `limit`: most waiting notifications.
    pub fn new(
        services: Arc<dyn Services>,
        inbox: smol::channel::Sender<Completion>,
        network_threads: usize,
        limit: u32,
    ) -> Self {
        Jobs {
            lanes: lanes(network_threads.max(1), limit),
            mode: Mode::Threads { services, inbox, handles: Vec::new() },
        }
    }

    /// Queues that keep everything, for tests.
    pub fn kept() -> Self {
        Jobs { lanes: lanes(1, u32::MAX), mode: Mode::Kept(VecDeque::new()) }
    }

    /// Queues that are full, for tests.
    #[cfg(test)]
    pub fn refusing() -> Self {
        let mut jobs = Jobs::kept();
        jobs.lanes.iter_mut().for_each(|lane| lane.limit = 0);
        jobs
    }

    /// The jobs that were put into [`Jobs::kept`] queues since the last call.
    pub fn take_kept(&mut self) -> Vec<(Queue, Job)> {
        match &mut self.mode {
            Mode::Kept(jobs) => jobs.drain(..).collect(),
            Mode::Threads { .. } => Vec::new(),
        }
    }

    /// Queues a job.
    pub fn put(&mut self, queue: Queue, job: Job) -> Result<(), QueueFull> {
        let lane = &mut self.lanes[queue as usize];
        match &mut self.mode {
            Mode::Kept(_) if lane.limit == 0 => return Err(QueueFull),
            Mode::Kept(jobs) => jobs.push_back((queue, job)),
            Mode::Threads { services, inbox, handles } => {
                let open = lane.counters.open.load(Ordering::Relaxed);
                if open >= lane.limit {
                    return Err(QueueFull);
                }
                let Some(sender) = &lane.sender else { return Err(QueueFull) };
                lane.counters.open.fetch_add(1, Ordering::Relaxed);
                if sender.try_send(job).is_err() {
                    return Err(QueueFull);
                }
                if lane.started < lane.threads && open as usize >= lane.started {
                    if let Some(handle) = start(queue, lane, services, inbox) {
                        lane.started += 1;
                        handles.push((queue, handle));
                    }
                }
            }
        }
        Ok(())
    }

    /// Queues file or other work: `work` runs on a worker, `then` in the event loop with its result.
    pub fn work<T: Send + 'static>(
        &mut self,
        queue: Queue,
        work: impl FnOnce() -> T + Send + 'static,
        then: impl FnOnce(&mut Hub, T) + Send + 'static,
    ) -> Result<(), QueueFull> {
        self.put(
            queue,
            Job::Work(Box::new(move || {
                let result = work();
                Box::new(move |hub: &mut Hub| then(hub, result)) as Completion
            })),
        )
    }

    /// Queues a mail.
    pub fn mail(
        &mut self,
        mail: Mail,
        then: impl FnOnce(&mut Hub, Result<(), String>) + Send + 'static,
    ) -> Result<(), QueueFull> {
        self.put(Queue::Mail, Job::Mail(mail, Box::new(then)))
    }

    /// Most jobs of a queue that run at the same time.
    pub fn threads(&self, queue: Queue) -> usize {
        self.lanes[queue as usize].threads
    }

    /// Jobs of a queue that wait or run, and jobs done since start.
    pub fn figures(&self, queue: Queue) -> (u32, u32) {
        let counters = &self.lanes[queue as usize].counters;
        (counters.open.load(Ordering::Relaxed), counters.done.load(Ordering::Relaxed))
    }

    /// Takes no more jobs and waits until everything is on the disk, and a little for what goes over the network. For the end
    /// of the program.
    pub fn finish(&mut self) {
        for lane in &mut self.lanes {
            lane.sender = None;
        }
        let Mode::Threads { handles, .. } = &mut self.mode else { return };
        let (network, disk): (Vec<_>, Vec<_>) =
            handles.drain(..).partition(|(queue, _)| matches!(queue, Queue::Network | Queue::Mail | Queue::Webhook));
        for (_, handle) in disk {
            let _ = handle.join();
        }
        let deadline = Instant::now() + NETWORK_GRACE;
        let is_busy = || network.iter().any(|(_, handle)| !handle.is_finished());
        while is_busy() && Instant::now() < deadline {
            #[allow(clippy::disallowed_methods)] // The event loop has ended.
            std::thread::sleep(Duration::from_millis(10));
        }
        if is_busy() {
            log::warn!("Mails, pushes or webhooks that were under way are given up");
        }
    }
}

/// All threads that there may be with so many for the network.
pub fn threads(network_threads: usize) -> usize {
    lanes(network_threads.max(1), 0).iter().map(|lane| lane.threads).sum()
}

fn lanes(network_threads: usize, limit: u32) -> Vec<Lane> {
    Queue::ALL
        .iter()
        .map(|queue| {
            let (sender, receiver) = smol::channel::unbounded();
            let (threads, limit) = match queue {
                Queue::Network => (network_threads, limit),
                Queue::Mail => (network_threads.min(MAIL_THREADS_MAX), limit),
                // They wait for strangers, each up to a minute: most threads sleep, and there are none before they are needed.
                Queue::Webhook => ((network_threads * 4).min(WEBHOOK_THREADS_MAX), limit),
                // What must not be lost is bounded by the number of users and pins that cause it.
                Queue::Disk => (1, u32::MAX),
                Queue::History => (1, limit.saturating_mul(8)),
                Queue::Compress => (1, limit),
            };
            Lane { sender: Some(sender), receiver, counters: Arc::default(), threads, started: 0, limit }
        })
        .collect()
}

#[allow(clippy::disallowed_methods)] // The one place where workers are made.
fn start(
    queue: Queue,
    lane: &Lane,
    services: &Arc<dyn Services>,
    inbox: &smol::channel::Sender<Completion>,
) -> Option<std::thread::JoinHandle<()>> {
    let (receiver, counters) = (lane.receiver.clone(), Arc::clone(&lane.counters));
    let (services, inbox) = (Arc::clone(services), inbox.clone());
    let run = move || {
        while let Ok(job) = receiver.recv_blocking() {
            let completion = services.run(job);
            counters.open.fetch_sub(1, Ordering::Relaxed);
            counters.done.fetch_add(1, Ordering::Relaxed);
            // At the end of the program nobody waits for results.
            let _ = inbox.try_send(completion);
        }
    };
    let name = match queue {
        Queue::Disk => "disk",
        Queue::History => "history",
        Queue::Network => "network",
        Queue::Mail => "mail",
        Queue::Webhook => "webhook",
        Queue::Compress => "compress",
    };
    match std::thread::Builder::new().name(name.into()).stack_size(WORKER_STACK).spawn(run) {
        Ok(handle) => Some(handle),
        Err(error) => {
            log::error!("no thread for {name} work: {error}");
            None
        }
    }
}
