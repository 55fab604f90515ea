//! `twitter4j.properties`: the application that tweets are sent by.

use super::form::Form;
use super::secret::Secret;
use super::table::property_table;

property_table! {
    /// Everything of `twitter4j.properties`. The tokens of the user come from the widget.
    TwitterConfig {
        oauth_consumer_key: Secret, "oauth.consumerKey", "Key of a Twitter application.", code(""), trim(), reload();
        oauth_consumer_secret: Secret, "oauth.consumerSecret", "Secret of that application.", code(""), trim(), reload();
        twitter_url: String, "twitter.url", "Address that tweets are posted to.",
            code("https://api.twitter.com/1.1/statuses/update.json"), trim(), reload(), own(), form(Form::Url);
    }
    ignored {
        "debug" => "see log.level in server.properties";
    }
}
