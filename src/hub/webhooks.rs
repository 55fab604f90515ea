//! Calls of WEBHOOK widgets, and their answers on the way to the device (spec 07 §4).
//!
//! A call holds a worker until its answer is there, up to a minute. So that servers that never answer do not stop the calls
//! of others, one webhook has one call at the workers and one account a few; their other calls wait here.

use super::connections::{ConnId, DeviceRef};
use super::jobs::{Job, Queue};
use super::rules::RULE_ID;
use super::users::UserId;
use super::Hub;
use crate::automation::webhook;
use crate::model::pin::write_body;
use crate::model::PinType;
use crate::notify::webhook::{Answer, Call, WebhookError};
use crate::wire::Command;
use std::collections::{HashMap, VecDeque};

/// What all calls that wait for their answers may hold together, bytes.
const WAITING_MAX: usize = 8 * 1024 * 1024;
/// What those of one account may hold together, bytes.
const ACCOUNT_WAITING_MAX: usize = 2 * 1024 * 1024;
/// What a call that waits holds beside its texts, bytes.
const WAITING_SIZE: usize = 512;

/// Calls under way.
#[derive(Debug, Default)]
pub struct Webhooks {
    /// Bytes of requests that wait for their answers.
    waiting: usize,
    /// Those who have calls under way.
    accounts: HashMap<UserId, Account>,
}

/// The calls of one account.
#[derive(Debug, Default)]
struct Account {
    /// Bytes of its requests.
    waiting: usize,
    /// Project and widget of each call at the workers.
    at_work: Vec<(i32, i64)>,
    /// What waits for a place at the workers.
    queue: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    call: Call,
    device: DeviceRef,
    widget: i64,
    /// The trial of a muted webhook.
    is_trial: bool,
}

impl Waiting {
    fn key(&self) -> (i32, i64) {
        (self.device.dash, self.widget)
    }

    fn size(&self) -> usize {
        self.call.size() + WAITING_SIZE
    }
}

impl Account {
    /// The first call that may go to the workers, when the account may have `most` there.
    fn next(&mut self, most: usize) -> Option<Waiting> {
        if self.at_work.len() >= most {
            return None;
        }
        let next = self.queue.iter().position(|waiting| !self.at_work.contains(&waiting.key()))?;
        let next = self.queue.remove(next)?;
        self.at_work.push(next.key());
        Some(next)
    }
}

impl Webhooks {
    /// Counts a request in; false: too many wait.
    fn admit(&mut self, user: UserId, size: usize) -> bool {
        let account = self.accounts.entry(user).or_default();
        let fits = self.waiting + size <= WAITING_MAX && account.waiting + size <= ACCOUNT_WAITING_MAX;
        if fits {
            self.waiting += size;
            account.waiting += size;
        }
        fits
    }

    /// A call is over.
    fn leave(&mut self, device: DeviceRef, widget: i64, size: usize) {
        self.waiting -= size;
        let Some(account) = self.accounts.get_mut(&device.user) else { return };
        account.waiting -= size;
        if let Some(at) = account.at_work.iter().position(|other| *other == (device.dash, widget)) {
            account.at_work.swap_remove(at);
        }
        if account.at_work.is_empty() && account.queue.is_empty() {
            self.accounts.remove(&device.user);
        }
    }
}

impl Hub {
    /// Calls the webhook of a pin of a device (or of the tag or selector that an app named) for a value that was just
    /// stored. `limiter`: the connection whose interval between webhooks counts; values without one, from HTTP clients,
    /// call none.
    pub fn run_webhooks(
        &mut self,
        limiter: Option<ConnId>,
        device: DeviceRef,
        pin_type: PinType,
        pin: u8,
        value: &str,
    ) {
        let Some(conn) = limiter else { return };
        let Some(project) = self.users.dash(device.user, device.dash) else { return };
        let Some(widget) = webhook::find(project, device.device, pin_type, pin) else { return };
        if !self.take_slot(conn, |last| &mut last.webhook, self.config.server.webhooks_frequency_user_quota_limit) {
            return;
        }
        let (now, ticks) = (self.now(), self.ticks());
        let limit = self.config.server.webhooks_failure_count_limit;
        let Some(account) = self.users.get_mut(device.user) else { return };
        let Some(project) = account.user.profile.dash_mut(device.dash) else { return };
        let Some(fields) = webhook::by_id(project, widget) else { return };
        if !fields.may_call(limit, ticks) {
            return;
        }
        let Some(call) = fields.call(value, &account.user.email, now) else { return };
        let waiting = Waiting { call, device, widget, is_trial: fields.is_muted(limit) };
        if !self.webhooks.admit(device.user, waiting.size()) {
            log::warn!("too many webhooks wait: a call of project {} is dropped", device.dash);
            return;
        }
        fields.called(ticks);
        self.stats.count(Command::WEB_HOOKS);
        if let Some(account) = self.webhooks.accounts.get_mut(&device.user) {
            account.queue.push_back(waiting);
        }
        self.start_webhooks(device.user);
    }

    /// Gives calls of an account to the workers, as many as it may have there.
    fn start_webhooks(&mut self, user: UserId) {
        // Half of them, so that others always find one.
        let most = (self.jobs.threads(Queue::Webhook) / 2).max(1);
        while let Some(next) = self.webhooks.accounts.get_mut(&user).and_then(|account| account.next(most)) {
            let size = next.size();
            let Waiting { call, device, widget, is_trial } = next;
            if !is_trial && self.is_muted(device, widget) {
                self.webhooks.leave(device, widget, size);
                self.webhook_done(device, widget, false, false);
                continue;
            }
            let then = move |hub: &mut Hub, result: Result<Answer, WebhookError>| {
                hub.webhooks.leave(device, widget, size);
                hub.webhook_answered(device, widget, result);
                hub.start_webhooks(user);
            };
            if self.jobs.put(Queue::Webhook, Job::Webhook(call, Box::new(then))).is_err() {
                log::warn!("too many webhooks wait: a call of project {} is dropped", device.dash);
                self.webhooks.leave(device, widget, size);
                self.webhook_done(device, widget, false, false);
            }
        }
    }

    fn is_muted(&mut self, device: DeviceRef, widget: i64) -> bool {
        let limit = self.config.server.webhooks_failure_count_limit;
        let Some(project) = self.users.dash_mut(device.user, device.dash) else { return false };
        webhook::by_id(project, widget).is_some_and(|fields| fields.is_muted(limit))
    }

    fn webhook_answered(&mut self, device: DeviceRef, widget: i64, result: Result<Answer, WebhookError>) {
        let (success, counts) = (result.is_ok(), result.as_ref().err().is_some_and(WebhookError::counts));
        let Some((pin_type, pin)) = self.webhook_done(device, widget, success, counts) else { return };
        let Some(text) = result.ok().and_then(|answer| answer.body) else { return };
        if let Some(body) = write_body(pin_type, false, pin, &text) {
            self.to_hardware(device.user, device.dash, &[device.device], Command::HARDWARE, RULE_ID, &[&body]);
        }
    }

    /// Notes a result; the pin of the webhook, if it is still there.
    fn webhook_done(&mut self, device: DeviceRef, widget: i64, success: bool, counts: bool) -> Option<(PinType, i16)> {
        let ticks = self.ticks();
        let fields = webhook::by_id(self.users.dash_mut(device.user, device.dash)?, widget)?;
        fields.answered(success, counts, ticks);
        Some((fields.pin.pin_type?, fields.pin.pin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::testing::{advance, app, device, hub, sent, user};
    use crate::hub::{Outbox, UserId};
    use std::rc::Rc;

    const DASH: &str = r#"{"id":1,"isActive":false,"devices":[{"id":0}],"widgets":[{"type":"WEBHOOK","id":5,"deviceId":0,
        "pin":7,"pinType":"VIRTUAL","url":"http://h/?v=/pin/&o=DEVICE_OWNER_EMAIL"}]}"#;

    struct World {
        hub: Hub,
        user: UserId,
        conn: ConnId,
        hardware: Rc<Outbox>,
    }

    impl World {
        fn new() -> Self {
            let mut hub = hub();
            let user = user(&mut hub, "a@b.cc", DASH);
            let (conn, hardware) = device(&mut hub, user, 1, 0);
            World { hub, user, conn, hardware }
        }

        /// The calls that a write of V7 causes.
        fn write(&mut self, limiter: Option<ConnId>, value: &str) -> Vec<Job> {
            let device = DeviceRef { user: self.user, dash: 1, device: 0 };
            self.hub.run_webhooks(limiter, device, PinType::Virtual, 7, value);
            self.hub.jobs.take_kept().into_iter().map(|(_, job)| job).collect()
        }

        fn answer(&mut self, job: Job, result: Result<Answer, WebhookError>) {
            let Job::Webhook(_, then) = job else { panic!() };
            then(&mut self.hub, result);
        }
    }

    #[test]
    fn the_answer_goes_to_the_device_only() {
        let mut w = World::new();
        let (_, phone) = app(&mut w.hub, w.user);
        let mut jobs = w.write(Some(w.conn), "5");
        let job = jobs.pop().unwrap();
        let Job::Webhook(call, _) = &job else { panic!() };
        assert_eq!(call.url, "http://h/?v=5&o=a@b.cc");
        w.answer(job, Ok(Answer { status: 200, body: Some("OK7".into()) }));
        assert_eq!(sent(&w.hardware), ["20 888 vw|7|OK7"]);
        assert!(sent(&phone).is_empty());
        assert_eq!(w.hub.stats.counted(Command::WEB_HOOKS), 1);
    }

    #[test]
    fn calls_of_a_connection_keep_their_distance_and_http_calls_none() {
        let mut w = World::new();
        let calls = |w: &mut World, limiter| {
            let jobs = w.write(limiter, "1");
            let count = jobs.len();
            jobs.into_iter().for_each(|job| w.answer(job, Ok(Answer { status: 200, body: None })));
            count
        };
        let conn = Some(w.conn);
        assert_eq!((calls(&mut w, None), calls(&mut w, conn)), (0, 1));
        advance(&mut w.hub, 999);
        assert_eq!(calls(&mut w, conn), 0);
        advance(&mut w.hub, 1);
        assert_eq!(calls(&mut w, conn), 1);
        // Pins without a webhook cost nothing.
        let device = DeviceRef { user: w.user, dash: 1, device: 0 };
        advance(&mut w.hub, 1000);
        w.hub.run_webhooks(conn, device, PinType::Virtual, 8, "1");
        assert_eq!(calls(&mut w, conn), 1);
    }

    #[test]
    fn ten_failures_in_a_row_mute() {
        let mut w = World::new();
        let fail = |w: &mut World| {
            advance(&mut w.hub, 1000);
            let jobs = w.write(Some(w.conn), "1");
            let count = jobs.len();
            for job in jobs {
                w.answer(job, Err(WebhookError::Status(500)));
            }
            count
        };
        for _ in 0..10 {
            assert_eq!(fail(&mut w), 1);
        }
        assert_eq!(fail(&mut w), 0);
        advance(&mut w.hub, 10 * 60 * 1000);
        assert_eq!((fail(&mut w), fail(&mut w)), (1, 0));
        assert!(sent(&w.hardware).is_empty());
    }

    #[test]
    fn a_burst_is_called_one_after_the_other_until_muted() {
        let mut w = World::new();
        let mut under_way = Vec::new();
        for value in 0..20 {
            advance(&mut w.hub, 1000);
            under_way.extend(w.write(Some(w.conn), &value.to_string()));
        }
        let mut called = Vec::new();
        while let Some(job) = under_way.pop() {
            let Job::Webhook(call, _) = &job else { panic!() };
            called.push(call.url.clone());
            w.answer(job, Err(WebhookError::Status(500)));
            under_way.extend(w.hub.jobs.take_kept().into_iter().map(|(_, job)| job));
            assert!(under_way.len() <= 1);
        }
        let wanted: Vec<String> = (0..10).map(|value| format!("http://h/?v={value}&o=a@b.cc")).collect();
        assert_eq!(called, wanted);
        assert!(w.hub.webhooks.accounts.is_empty());
    }

    #[test]
    fn waiting_calls_hold_a_bounded_amount() {
        let mut w = World::new();
        let value = "x".repeat(60_000);
        let size = 60_000 + "http://h/?v=&o=a@b.cc".len() + WAITING_SIZE;
        let mut jobs = Vec::new();
        for _ in 0..200 {
            // The widget's own limit is another matter.
            webhook::by_id(w.hub.users.dash_mut(w.user, 1).unwrap(), 5).unwrap().unanswered = 0;
            advance(&mut w.hub, 1000);
            jobs.extend(w.write(Some(w.conn), &value));
        }
        assert_eq!((jobs.len(), w.hub.webhooks.waiting), (1, ACCOUNT_WAITING_MAX / size * size));
        while let Some(job) = jobs.pop() {
            w.answer(job, Err(WebhookError::Status(500)));
            jobs.extend(w.hub.jobs.take_kept().into_iter().map(|(_, job)| job));
        }
        assert_eq!((w.hub.webhooks.waiting, w.hub.webhooks.accounts.len()), (0, 0));
    }

    #[test]
    fn calls_without_answers_leave_workers_to_others() {
        let mut w = World::new();
        let most = w.hub.jobs.threads(Queue::Webhook) / 2;
        let hook = |pin| {
            format!(
                r#"{{"type":"WEBHOOK","id":{},"deviceId":0,"pin":{pin},"pinType":"VIRTUAL","url":"http://h//pin/"}}"#,
                pin + 100
            )
        };
        let hooks: Vec<String> = (0..most + 3).map(hook).collect();
        let hooks = format!(r#"{{"id":1,"devices":[{{"id":0}}],"widgets":[{}]}}"#, hooks.join(","));
        let greedy = user(&mut w.hub, "greedy@b.cc", &hooks);
        let (conn, _) = device(&mut w.hub, greedy, 1, 0);
        let at = DeviceRef { user: greedy, dash: 1, device: 0 };
        let mut calls = Vec::new();
        for pin in 0..most + 3 {
            for _ in 0..2 {
                advance(&mut w.hub, 1000);
                w.hub.run_webhooks(Some(conn), at, PinType::Virtual, pin as u8, &pin.to_string());
            }
        }
        calls.extend(w.hub.jobs.take_kept());
        assert_eq!(calls.len(), most);
        assert_eq!(w.write(Some(w.conn), "x").len(), 1);
        // Each answer makes room for one more, the oldest first.
        let (_, first) = calls.remove(0);
        w.answer(first, Err(WebhookError::Status(500)));
        let [(_, Job::Webhook(next, _))] = &w.hub.jobs.take_kept()[..] else { panic!() };
        assert_eq!(next.url, "http://h/0");
    }

    #[test]
    fn an_answer_for_a_widget_that_is_gone() {
        let mut w = World::new();
        let job = w.write(Some(w.conn), "1").pop().unwrap();
        w.hub.users.dash_mut(w.user, 1).unwrap().widgets.clear();
        w.answer(job, Ok(Answer { status: 200, body: Some("x".into()) }));
        assert!(sent(&w.hardware).is_empty());
    }
}
