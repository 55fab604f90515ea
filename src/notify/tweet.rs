//! Tweets: OAuth 1.0a signed requests to Twitter's 1.1 interface.

/// One tweet with the credentials of the Twitter widget.
#[derive(Clone, PartialEq, Eq)]
pub struct Tweet {
    /// The text, at most 140 UTF-16 units.
    pub text: String,
    /// The widget's `token`.
    pub token: String,
    /// The widget's `secret`.
    pub secret: String,
}

// Token and secret must not reach a log through `{:?}`.
impl std::fmt::Debug for Tweet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tweet")
    }
}
