//! `push.properties`: pushes through services of today, for the whole server and per account. Eyelet's own file.

use std::collections::BTreeMap;

use super::form::Form;
use super::properties::Properties;
use super::reader::Reader;
use super::secret::Secret;
use super::table::property_table;

property_table! {
    /// Push services; each is off until its keys are given.
    PushTargetsConfig {
        ntfy_url: String, "ntfy.url", "Address of an ntfy server.", code("https://ntfy.sh"), trim(), reload(), own(), form(Form::Url);
        ntfy_topic: Secret, "ntfy.topic", "Topic to publish to; empty = ntfy is off. Who knows it can read along: choose a long one.", code(""), trim(), reload(), own();
        ntfy_token: Secret, "ntfy.token", "Access token, when the server wants one.", code(""), trim(), reload(), own();
        gotify_url: String, "gotify.url", "Address of a Gotify server; empty = Gotify is off.", code(""), trim(), reload(), own(), form(Form::Url);
        gotify_token: Secret, "gotify.token", "Token of an application made there.", code(""), trim(), reload(), own();
        telegram_url: String, "telegram.url", "Address of the Telegram bot service.", code("https://api.telegram.org"), trim(), reload(), own(), form(Form::Url);
        telegram_bot_token: Secret, "telegram.bot.token", "Token of a bot; empty = Telegram is off.", code(""), trim(), reload(), own();
        telegram_chat_id: String, "telegram.chat.id", "Chat that the bot writes to.", code(""), trim(), reload(), own();
        pushover_url: String, "pushover.url", "Address of the Pushover service.", code("https://api.pushover.net/1/messages.json"), trim(), reload(), own(), form(Form::Url);
        pushover_token: Secret, "pushover.token", "Token of an application at Pushover; empty = Pushover is off.", code(""), trim(), reload(), own();
        pushover_user: Secret, "pushover.user", "User or group key at Pushover.", code(""), trim(), reload(), own();
        hook_url: String, "hook.url", "Address that gets a POST with the push as JSON; empty = off.", code(""), trim(), reload(), own(), form(Form::Url);
        hook_authorization: Secret, "hook.authorization", "Value of the Authorization header of that POST.", code(""), trim(), reload(), own();
    }
    ignored {}
}

/// Beginning of keys that hold for one account: `account.<mail>.<key>`.
const ACCOUNT: &str = "account.";

/// The push services of the server and of accounts that have their own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PushTargets {
    /// For every account without its own.
    pub common: PushTargetsConfig,
    /// By mail address in lower case; what an account does not set is as in `common`.
    pub accounts: BTreeMap<String, PushTargetsConfig>,
}

impl PushTargets {
    /// The services for pushes of an account.
    pub fn of(&self, email: &str) -> &PushTargetsConfig {
        self.accounts.get(&email.to_lowercase()).unwrap_or(&self.common)
    }

    /// Reads the common part and the accounts' parts.
    pub(crate) fn read(reader: &mut Reader<'_>, properties: Option<&Properties>, path: &str) -> Self {
        let common = PushTargetsConfig::read(reader);
        let mut parts: BTreeMap<String, Properties> = BTreeMap::new();
        for (name, entry) in properties.into_iter().flat_map(Properties::iter) {
            if let Some((email, key)) = account_key(name) {
                parts.entry(email.to_lowercase()).or_default().insert(key, entry.clone());
            }
        }
        let mut accounts = BTreeMap::new();
        for (email, mut own) in parts {
            for (name, entry) in properties.into_iter().flat_map(Properties::iter) {
                if own.get(name).is_none() {
                    own.insert(name, entry.clone());
                }
            }
            let mut part = Reader::new(super::PropertyFile::Push, path.to_owned(), Some(&own), &[]);
            accounts.insert(email, PushTargetsConfig::read(&mut part));
            reader.errors.append(&mut part.errors);
            // Those of the common part were told.
            part.mistakes.retain(|mistake| !reader.mistakes.contains(mistake));
            reader.mistakes.append(&mut part.mistakes);
        }
        Self { common, accounts }
    }
}

/// Splits `account.<mail>.<key>`; the mail address has dots, so the key is found from the end.
pub(crate) fn account_key(name: &str) -> Option<(&str, &'static str)> {
    let rest = name.strip_prefix(ACCOUNT)?;
    PushTargetsConfig::KEYS.iter().find_map(|key| {
        let email = rest.strip_suffix(key.name)?.strip_suffix('.')?;
        (!email.is_empty()).then_some((email, key.name))
    })
}
