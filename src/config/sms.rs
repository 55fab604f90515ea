//! `sms.properties`: the gateway for text messages.

use super::form::Form;
use super::secret::Secret;
use super::table::property_table;

property_table! {
    /// Everything of `sms.properties`.
    SmsConfig {
        nexmo_api_key: Secret, "nexmo.api.key", "Key of the account at the gateway.", shipped(""), reload();
        nexmo_api_secret: Secret, "nexmo.api.secret", "Secret of that account.", shipped(""), reload();
        nexmo_url: String, "nexmo.url", "Address that text messages are posted to.", code("https://rest.nexmo.com/sms/json"), trim(), reload(), own(), form(Form::Url);
        nexmo_from: String, "nexmo.from", "Name of the sender.", code("Blynk"), trim(), reload(), own();
    }
    ignored {}
}
