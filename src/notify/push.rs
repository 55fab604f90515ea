//! Pushes to phones.

/// One text for all phones of a notification widget.
#[derive(Clone, PartialEq, Eq)]
pub struct Push {
    /// Owner of the project: chooses the account's own push targets.
    pub email: String,
    /// The project's id, sent along so that the app opens it.
    pub dash_id: i32,
    /// The text, placeholders replaced.
    pub text: String,
    /// The widget's `priority`.
    pub priority: Priority,
    /// The widget's `androidTokens`, in order.
    pub android: Vec<PhoneToken>,
    /// The widget's `iOSTokens`, in order.
    pub ios: Vec<PhoneToken>,
}

/// How urgent the phone's system takes a push.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Priority {
    /// May wait for the phone to wake up.
    #[default]
    Normal,
    /// Wakes the phone.
    High,
}

/// A phone as the app registered it.
#[derive(Clone, PartialEq, Eq)]
pub struct PhoneToken {
    /// The app's own id for the phone: the key in the widget's map.
    pub uid: String,
    /// The push service's name for the phone: a secret.
    pub token: String,
}

/// What became of a [`Push`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Uids of Android phones that no longer exist: remove them from the widget.
    pub gone_android: Vec<String>,
    /// Uids of iOS phones that no longer exist: remove them from the widget.
    pub gone_ios: Vec<String>,
}

// Tokens must not reach a log through `{:?}`.
impl std::fmt::Debug for PhoneToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PhoneToken")
    }
}

impl std::fmt::Debug for Push {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Push(project {}, {} Android, {} iOS)", self.dash_id, self.android.len(), self.ios.len())
    }
}
