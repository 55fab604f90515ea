//! Widgets that allow notifications (spec 03 §9.4), and WEBHOOK.

use crate::model::enums::{ContentType, PushPriority, WebhookMethod};
use crate::model::pin::OnePin;
use crate::model::storage::StringMap;
use crate::{json_nested, json_object};

/// TWITTER
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Twitter {
    pub token: String,
    pub secret: String,
    pub username: String,
}
json_object!(Twitter { "token" token private, "secret" secret private, "username" username private });

/// EMAIL
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Email {
    pub to: String,
    pub content_type: ContentType,
}
json_object!(Email { "to" to, "contentType" content_type });

/// NOTIFICATION
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Notification {
    /// Installation id of the app -> push token.
    pub android_tokens: StringMap,
    /// Installation id of the app -> push token.
    pub ios_tokens: StringMap,
    pub notify_when_offline: bool,
    /// ms that a device must be offline before somebody is told.
    pub notify_when_offline_ignore_period: i32,
    pub priority: PushPriority,
    pub sound_uri: String,
}
json_object!(Notification {
    "androidTokens" android_tokens private, "iOSTokens" ios_tokens private, "notifyWhenOffline" notify_when_offline,
    "notifyWhenOfflineIgnorePeriod" notify_when_offline_ignore_period, "priority" priority, "soundUri" sound_uri
});

/// SMS
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Sms {
    pub to: String,
}
json_object!(Sms { "to" to });

/// A header of a webhook's request.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Header {
    pub name: String,
    pub value: String,
}
json_object!(Header { "name" name, "value" value });
json_nested!(ObjectSeed: Header);

/// WEBHOOK
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Webhook {
    pub pin: OnePin,
    pub url: String,
    pub method: WebhookMethod,
    pub headers: Vec<Header>,
    pub body: String,
    /// Failures since the last success; in memory only, as what follows.
    pub failures: u32,
    /// When it last failed or was called, ms since start.
    pub failed_at: u64,
    /// Calls that wait for their answers.
    pub unanswered: u8,
}
json_object!(Webhook {
    flatten pin; "url" url, "method" method, "headers" headers not_for_guests, "body" body not_for_guests
});
