//! Calls of WEBHOOK widgets, and their answers on the way to the device (spec 07 §4).

use super::connections::{ConnId, DeviceRef};
use super::jobs::{Job, Queue};
use super::rules::RULE_ID;
use super::Hub;
use crate::automation::webhook;
use crate::model::pin::write_body;
use crate::model::PinType;
use crate::notify::webhook::{Answer, WebhookError};
use crate::wire::Command;

/// What all calls that wait for their answers may hold together, bytes.
const WAITING_MAX: usize = 8 * 1024 * 1024;

/// Calls under way.
#[derive(Debug, Default)]
pub struct Webhooks {
    /// Bytes of requests that wait for their answers.
    waiting: usize,
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
        let (now, ticks) = (self.now(), self.ticks());
        let limit = self.config.server.webhooks_failure_count_limit;
        let Some(project) = self.users.dash_mut(device.user, device.dash) else { return };
        let Some((widget, _)) = webhook::find(project, device.device, pin_type, pin) else { return };
        if !self.take_slot(conn, |last| &mut last.webhook, self.config.server.webhooks_frequency_user_quota_limit) {
            return;
        }
        let Some(account) = self.users.get_mut(device.user) else { return };
        let Some(project) = account.user.profile.dash_mut(device.dash) else { return };
        let Some(fields) = webhook::by_id(project, widget) else { return };
        if !fields.may_call(limit, ticks) {
            return;
        }
        let Some(call) = fields.call(value, &account.user.email, now) else { return };
        let size = call.size();
        if self.webhooks.waiting + size > WAITING_MAX {
            log::warn!("too many webhooks wait: a call of project {} is dropped", device.dash);
            return;
        }
        fields.called(ticks);
        self.webhooks.waiting += size;
        self.stats.count(Command::WEB_HOOKS);
        let then = move |hub: &mut Hub, result: Result<Answer, WebhookError>| {
            hub.webhooks.waiting -= size;
            hub.webhook_answered(device, widget, result);
        };
        if self.jobs.put(Queue::Webhook, Job::Webhook(call, Box::new(then))).is_err() {
            log::warn!("too many webhooks wait: a call of project {} is dropped", device.dash);
            self.webhooks.waiting -= size;
            self.webhook_done(device, widget, false, false);
        }
    }

    fn webhook_answered(&mut self, device: DeviceRef, widget: i64, result: Result<Answer, WebhookError>) {
        let (success, counts) = (result.is_ok(), result.as_ref().err().is_some_and(WebhookError::counts));
        let Some((pin_type, pin)) = self.webhook_done(device, widget, success, counts) else { return };
        let Some(text) = result.ok().and_then(|answer| answer.body) else { return };
        if let Some(body) = write_body(pin_type, false, pin, &text) {
            self.to_hardware(device.user, device.dash, &[device.device], Command::HARDWARE, RULE_ID, &body);
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
        assert_eq!((w.write(None, "1").len(), w.write(Some(w.conn), "1").len()), (0, 1));
        advance(&mut w.hub, 999);
        assert!(w.write(Some(w.conn), "2").is_empty());
        advance(&mut w.hub, 1);
        assert_eq!(w.write(Some(w.conn), "3").len(), 1);
        // Pins without a webhook cost nothing.
        let device = DeviceRef { user: w.user, dash: 1, device: 0 };
        advance(&mut w.hub, 1000);
        w.hub.run_webhooks(Some(w.conn), device, PinType::Virtual, 8, "1");
        assert_eq!(w.write(Some(w.conn), "3").len(), 1);
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
    fn waiting_calls_hold_a_bounded_amount() {
        let mut w = World::new();
        let value = "x".repeat(60_000);
        let mut jobs = Vec::new();
        for _ in 0..200 {
            // The widget's own limit is another matter.
            webhook::by_id(w.hub.users.dash_mut(w.user, 1).unwrap(), 5).unwrap().unanswered = 0;
            advance(&mut w.hub, 1000);
            jobs.extend(w.write(Some(w.conn), &value));
        }
        assert_eq!(jobs.len(), WAITING_MAX / (60_000 + "http://h/?v=&o=a@b.cc".len()));
        for job in jobs {
            w.answer(job, Err(WebhookError::Status(500)));
        }
        assert_eq!(w.hub.webhooks.waiting, 0);
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
