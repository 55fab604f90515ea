//! Pushes, mails and the limits on them: what devices, rules, timers and HTTP clients share (spec 07 §3).

use super::connections::{ConnId, LastNotifications};
use super::jobs::{Job, Queue};
use super::users::UserId;
use super::Hub;
use crate::model::enums::PushPriority;
use crate::model::storage::StringMap;
use crate::model::widget::Notification;
use crate::notify::push::{Outcome, PhoneToken, Priority, Push};
use crate::notify::push_targets;

/// Most mails of devices and rules per account and window: refused when more were counted.
const MAILS_MAX: u32 = 100;
/// Length of that window, ms.
const MAIL_WINDOW: u64 = 24 * 3600 * 1000;

impl Hub {
    /// Whether a push for the project's first NOTIFICATION widget reaches anybody: its phones, or a service of
    /// `push.properties`. `None`: there is no such widget.
    pub fn push_reaches(&self, user: UserId, dash: i32) -> Option<bool> {
        let account = self.users.get(user)?;
        let widget = account.user.profile.dash(dash)?.notification()?;
        Some(widget.has_phones() || push_targets::reaches(&self.config.push_targets, &account.user.email))
    }

    /// Sends a text to all phones of the project's first NOTIFICATION widget, and to the services of `push.properties`;
    /// without the widget nothing happens. A phone that no longer has the app is forgotten.
    pub fn push_to_phones(&mut self, user: UserId, dash: i32, text: String) {
        if self.push_reaches(user, dash) != Some(true) {
            return;
        }
        let Some(account) = self.users.get(user) else { return };
        let Some(widget) = account.user.profile.dash(dash).and_then(|d| d.notification()) else { return };
        let push = Push {
            email: account.user.email.clone(),
            dash_id: dash,
            text,
            priority: match widget.priority {
                PushPriority::Normal => Priority::Normal,
                PushPriority::High => Priority::High,
            },
            android: phones(&widget.android_tokens),
            ios: phones(&widget.ios_tokens),
        };
        let then = move |hub: &mut Hub, outcome: Outcome| hub.forget_phones(user, dash, &outcome);
        if self.jobs.put(Queue::Network, Job::Push(push, Box::new(then))).is_err() {
            log::warn!("too many notifications wait: a push for project {dash} is dropped");
        }
    }

    fn forget_phones(&mut self, user: UserId, dash: i32, outcome: &Outcome) {
        if outcome.gone_android.is_empty() && outcome.gone_ios.is_empty() {
            return;
        }
        let Some(project) = self.users.dash_mut(user, dash) else { return };
        if let Some(widget) = project.notification_mut() {
            widget.android_tokens.0.retain(|uid, _| !outcome.gone_android.contains(uid));
            widget.ios_tokens.0.retain(|uid, _| !outcome.gone_ios.contains(uid));
        }
        self.user_changed(user);
    }

    /// Whether the account may send one more mail of a device or rule in its running 24 hours. Count it with
    /// [`Hub::count_mail`].
    pub fn may_mail(&mut self, user: UserId) -> bool {
        let ticks = self.ticks();
        let Some(account) = self.users.get_mut(user) else { return false };
        let (count, began) = &mut account.mails;
        // The window's beginning is kept plus one: 0 = there is none yet.
        if *began == 0 || ticks + 1 >= *began + MAIL_WINDOW {
            (*count, *began) = (0, ticks + 1);
        }
        *count <= MAILS_MAX
    }

    /// Counts a mail of a device or rule.
    pub fn count_mail(&mut self, user: UserId) {
        if let Some(account) = self.users.get_mut(user) {
            account.mails.0 = account.mails.0.saturating_add(1);
        }
    }

    /// Whether a connection may cause one more notification of a kind; if so its interval begins. `slot` chooses the
    /// kind, `interval` is in ms.
    pub fn take_slot(
        &mut self,
        conn: ConnId,
        slot: impl FnOnce(&mut LastNotifications) -> &mut u64,
        interval: u64,
    ) -> bool {
        let ticks = self.ticks();
        let Some(connection) = self.connections.get_mut(conn) else { return false };
        let last = slot(connection.notified.get_or_insert_with(Box::default));
        // Kept plus one: 0 = never.
        if *last != 0 && ticks + 1 < last.saturating_add(interval) {
            return false;
        }
        *last = ticks + 1;
        true
    }

    /// Least time between two notifications of one kind of one device connection, in ms.
    pub fn notification_interval(&self) -> u64 {
        self.config.server.notifications_frequency_user_quota_limit.saturating_mul(1000)
    }
}

impl Notification {
    /// Whether some phone has registered.
    fn has_phones(&self) -> bool {
        !self.android_tokens.0.is_empty() || !self.ios_tokens.0.is_empty()
    }
}

fn phones(tokens: &StringMap) -> Vec<PhoneToken> {
    tokens.0.iter().map(|(uid, token)| PhoneToken { uid: uid.clone(), token: token.clone() }).collect()
}
