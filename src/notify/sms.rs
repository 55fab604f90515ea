//! Text messages through Nexmo's HTTP interface.

/// One text message.
#[derive(Clone, PartialEq, Eq)]
pub struct Sms {
    /// The number as the user typed it into the widget.
    pub to: String,
    /// The text, at most 160 UTF-16 units.
    pub text: String,
}

impl std::fmt::Debug for Sms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sms")
    }
}
