//! The form of a mail on the wire: headers, text, pictures.

use lettre::address::Envelope;
use lettre::message::header::{ContentTransferEncoding, ContentType, To};
use lettre::message::{
    Attachment as Disposition, Body, Mailbox, Mailboxes, Message, MessageBuilder, MultiPart, SinglePart,
};
use lettre::Address;
use ring::rand::{SecureRandom, SystemRandom};

use super::mail::{Attachment, AttachmentData, Mail, MailBody};
use super::qr;
use super::smtp::MailError;

/// The whole message as it goes after `DATA`.
///
/// # Errors
/// [`MailError::Form`] or, without a recipient, [`MailError::Recipient`].
pub(super) fn message(mail: &Mail, from: &Mailbox, to: &[Address]) -> Result<Vec<u8>, MailError> {
    if to.is_empty() {
        return Err(MailError::Recipient);
    }
    // Given, since the library cannot read every address back that it writes (`"a b"@b.cc`, `a@[10.0.0.1]`).
    let envelope = Envelope::new(Some(from.email.clone()), to.to_vec()).map_err(|_| MailError::Recipient)?;
    let recipients: Mailboxes = to.iter().map(|address| Mailbox::new(None, address.clone())).collect();
    let subject: String = mail.subject.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let head = Message::builder()
        .message_id(Some(format!("<{}@{}>", random_hex(), from.email.domain())))
        .date_now()
        .from(from.clone())
        .header(To::from(recipients))
        .envelope(envelope)
        .subject(subject);
    let text = match &mail.body {
        MailBody::Text(text) => readable("text/plain; charset=UTF-8", text)?,
        MailBody::Html(html) => readable("text/html; charset=UTF-8", html)?,
    };
    whole(head, text, &mail.attachments)
}

/// Text alone, text with pictures that it shows, and files after that.
fn whole(head: MessageBuilder, text: SinglePart, attachments: &[Attachment]) -> Result<Vec<u8>, MailError> {
    let inline = attachments.iter().any(|attachment| attachment.content_id.is_some());
    let message = if attachments.is_empty() {
        head.singlepart(text)
    } else {
        let mut mixed = if inline {
            let mut related = MultiPart::related().singlepart(text);
            for attachment in attachments.iter().filter(|attachment| attachment.content_id.is_some()) {
                related = related.singlepart(file(attachment)?);
            }
            MultiPart::mixed().multipart(related)
        } else {
            MultiPart::mixed().singlepart(text)
        };
        for attachment in attachments.iter().filter(|attachment| attachment.content_id.is_none()) {
            mixed = mixed.singlepart(file(attachment)?);
        }
        head.multipart(mixed)
    };
    let mut bytes = message.map_err(|error| MailError::Form(error.to_string()))?.formatted();
    // The SMTP client ends the last line itself, and the library adds an empty one to some encodings. The empty line
    // after the head stays.
    let body = bytes.windows(4).position(|w| w == b"\r\n\r\n").map_or(0, |head| head + 4);
    while bytes.len() > body && bytes.ends_with(b"\r\n") {
        bytes.truncate(bytes.len() - 2);
    }
    Ok(bytes)
}

fn readable(content_type: &str, text: &str) -> Result<SinglePart, MailError> {
    Ok(SinglePart::builder().content_type(parse_type(content_type)?).body(text.to_owned()))
}

fn file(attachment: &Attachment) -> Result<SinglePart, MailError> {
    let bytes = match &attachment.data {
        AttachmentData::Bytes(bytes) => bytes.clone(),
        AttachmentData::QrJpeg { text, size } => {
            qr::jpeg(text, *size).map_err(|error| MailError::Form(error.to_string()))?
        }
    };
    // A name in both places: old readers look only at the content type.
    let plain = attachment.name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    let content_type = if plain && !attachment.name.is_empty() {
        parse_type(&format!("{}; name=\"{}\"", attachment.content_type, attachment.name))?
    } else {
        parse_type(&attachment.content_type)?
    };
    let name = attachment.name.clone();
    let part = match &attachment.content_id {
        Some(id) => Disposition::new_inline_with_name(id.clone(), name),
        None => Disposition::new(name),
    };
    // Always base64: the library would send text files as they are, and bare line feeds make servers refuse a mail.
    let body = Body::new_with_encoding(bytes, ContentTransferEncoding::Base64)
        .map_err(|_| MailError::Form("an attachment has no encoding".to_owned()))?;
    Ok(part.body(body, content_type))
}

fn parse_type(text: &str) -> Result<ContentType, MailError> {
    ContentType::parse(text).map_err(|_| MailError::Form("bad content type".to_owned()))
}

fn random_hex() -> String {
    let mut random = [0_u8; 16];
    // Without a random source the server gives the mail an id that is less unique; nothing depends on it.
    let _ = SystemRandom::new().fill(&mut random);
    random.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(mail: &Mail) -> String {
        let to: Vec<Address> = mail.to.iter().map(|to| to.parse().unwrap()).collect();
        String::from_utf8(message(mail, &"robot@example.com".parse().unwrap(), &to).unwrap()).unwrap()
    }

    fn file_of(name: &str, content_type: &str, id: Option<&str>, data: &[u8]) -> Attachment {
        Attachment {
            name: name.to_owned(),
            content_type: content_type.to_owned(),
            content_id: id.map(str::to_owned),
            data: AttachmentData::Bytes(data.to_vec()),
        }
    }

    #[test]
    fn unusual_addresses_can_be_written_to() {
        for to in ["\"a b\"@example.com", "\"a@b\"@example.com", "user@[10.0.0.1]", "user@[::1]", "o'neil@example.com"]
        {
            let form = form(&Mail::text(to, "s", "t"));
            assert!(form.contains(&format!("\r\nTo: {to}\r\n")), "{form}");
        }
    }

    #[test]
    fn a_text_mail_has_the_usual_headers() {
        let form = form(&Mail::text("a@b.com", "Tänk", "The tank is fuller than it was: füll"));
        let (head, body) = form.split_once("\r\n\r\n").unwrap();
        for line in [
            "From: robot@example.com",
            "To: a@b.com",
            "Subject: =?utf-8?b?VMOkbms=?=",
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: quoted-printable",
        ] {
            assert!(head.lines().any(|l| l.eq_ignore_ascii_case(line)), "{line} in {head}");
        }
        assert!(head.contains("Date: ") && head.contains("Message-ID: <") && head.contains("@example.com>\r\n"));
        assert_eq!(body, "The tank is fuller than it was: f=C3=BCll");
    }

    #[test]
    fn a_subject_cannot_add_headers() {
        let form = form(&Mail::html("a@b.com", "x\r\nBcc: c@d.com", "<b>"));
        assert!(!form.contains("\r\nBcc") && form.contains("Content-Type: text/html; charset=utf-8"));
    }

    #[test]
    fn pictures_and_lists_follow_the_html() {
        let mut mail = Mail::html("a@b.com", "s", "<p>hi</p>");
        mail.attachments.push(Attachment {
            data: AttachmentData::QrJpeg { text: "T".repeat(32), size: 125 },
            ..file_of("T_1_-1.jpg", "image/jpeg", None, b"")
        });
        mail.attachments.push(file_of("tokens.csv", "text/csv", None, b"T,-1,1\n"));
        let form = form(&mail);
        let at = |text: &str| form.find(text).unwrap_or_else(|| panic!("{text} in {form}"));
        assert!(at("multipart/mixed") < at("<p>hi</p>") && at("<p>hi</p>") < at("image/jpeg; name=\"T_1_-1.jpg\""));
        assert!(at("attachment; filename=\"T_1_-1.jpg\"") < at("\r\n\r\n/9j/"));
        assert!(at("text/csv; name=\"tokens.csv\"") < at("VCwtMSwxCg=="));
        assert!(!form.contains("inline"));
    }

    #[test]
    fn inline_parts_stay_with_the_html() {
        let mut mail = Mail::html("a@b.com", "s", "<img src=\"cid:logo\">");
        mail.attachments.push(file_of("ä ö.bin", "application/octet-stream", None, b"x"));
        mail.attachments.push(file_of("logo.png", "image/png", Some("logo"), b"png"));
        let form = form(&mail);
        let at = |text: &str| form.find(text).unwrap_or_else(|| panic!("{text} in {form}"));
        assert!(at("multipart/mixed") < at("multipart/related") && at("multipart/related") < at("Content-ID: <logo>"));
        assert!(at("Content-ID: <logo>") < at("application/octet-stream"));
    }

    #[test]
    fn recipients_are_a_list_in_one_header() {
        let mail = Mail { to: vec!["a@b.com".to_owned(), "c@d.com".to_owned()], ..Mail::text("", "", "") };
        assert!(form(&mail).contains("To: a@b.com, c@d.com\r\n"));
    }
}
