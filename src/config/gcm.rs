//! `gcm.properties`: pushes to the phone apps through the gateway they are made for, and texts of pushes.

use super::form::Form;
use super::secret::Secret;
use super::table::property_table;

property_table! {
    /// Everything of `gcm.properties`.
    PushConfig {
        gcm_server: String, "gcm.server", "Address of a push gateway that speaks the legacy FCM format. Google has switched its own off.",
            shipped("https://fcm.googleapis.com/fcm/send"), trim(), reload(), form(Form::Url);
        gcm_api_key: Secret, "gcm.api.key", "Key for that gateway. Empty = nothing is sent to it.", shipped(""), trim(), reload();
        notification_title: String, "notification.title", "Title of pushes; {PRODUCT_NAME} is replaced.",
            shipped("{PRODUCT_NAME} Notification"), code("{PRODUCT_NAME} Notification"), reload();
        notification_body: String, "notification.body", "Text of the push that a device went offline; {DEVICE_NAME} is replaced.",
            shipped("Your {DEVICE_NAME} went offline."), code("Your {DEVICE_NAME} went offline."), reload();
    }
    ignored {}
}

impl PushConfig {
    /// True when there is a gateway to ask. Google's own needs a key; one of the operator's own may do without.
    pub fn gateway_configured(&self) -> bool {
        let needs_key = self.gcm_server.starts_with("https://fcm.googleapis.com/");
        !self.gcm_server.is_empty() && (!needs_key || !self.gcm_api_key.is_empty())
    }
}
