//! What a mail is, before a transport gives it its form on the wire.

/// A mail to one or more recipients. The sender is the server's configuration.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// Addresses; several only for reports.
    pub to: Vec<String>,
    /// The subject, any Unicode.
    pub subject: String,
    /// Text or HTML.
    pub body: MailBody,
    /// In this order after the body.
    pub attachments: Vec<Attachment>,
}

/// The readable part of a mail.
#[derive(Clone, PartialEq, Eq)]
pub enum MailBody {
    /// `text/plain; charset=UTF-8`.
    Text(String),
    /// `text/html; charset=UTF-8`.
    Html(String),
}

/// A file that goes with a mail.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The file's name as the reader sees it.
    pub name: String,
    /// For example `image/jpeg`.
    pub content_type: String,
    /// When set, the part is inline and the HTML can name it as `cid:ID`.
    pub content_id: Option<String>,
    /// The file's content.
    pub data: AttachmentData,
}

/// The content of an attachment.
#[derive(Clone, PartialEq, Eq)]
pub enum AttachmentData {
    /// Ready bytes.
    Bytes(Vec<u8>),
    /// A QR code of `text` as a JPEG of `size` by `size` pixels; the worker draws it.
    QrJpeg {
        /// What a scanner reads.
        text: String,
        /// Width and height in pixels.
        size: u16,
    },
}

impl Mail {
    /// A plain text mail to one address.
    pub fn text(to: impl Into<String>, subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            to: vec![to.into()],
            subject: subject.into(),
            body: MailBody::Text(text.into()),
            attachments: Vec::new(),
        }
    }

    /// An HTML mail to one address.
    pub fn html(to: impl Into<String>, subject: impl Into<String>, html: impl Into<String>) -> Self {
        Self {
            to: vec![to.into()],
            subject: subject.into(),
            body: MailBody::Html(html.into()),
            attachments: Vec::new(),
        }
    }
}

// Mail bodies hold tokens: nothing of them may reach a log through `{:?}`.
impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mail({} recipients, {} attachments)", self.to.len(), self.attachments.len())
    }
}
