//! The HTTP request of a webhook widget and its answer.

/// A request whose placeholders are already replaced.
#[derive(Clone, PartialEq, Eq)]
pub struct Call {
    /// The widget's `method`.
    pub method: Method,
    /// The URL as the template gave it: not yet percent-encoded, any scheme.
    pub url: String,
    /// Names and values, in order; a later header replaces an earlier one of the same name.
    pub headers: Vec<(String, String)>,
    /// Sent only when some header names the content type.
    pub body: Option<String>,
}

/// The methods a webhook can use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Method {
    #[default]
    Get,
    Post,
    Put,
    Delete,
}

/// An answer that counts as success (status 200, 201, 202, 204 or 302).
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The decoded body; `None` when there was none or it was larger than allowed.
    pub body: Option<String>,
}

// URLs, headers and bodies hold keys: nothing of them may reach a log through `{:?}`.
impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Call({:?})", self.method)
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Answer({}, {} bytes)", self.status, self.body.as_ref().map_or(0, String::len))
    }
}
