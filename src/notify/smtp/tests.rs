//! Mails to a server in the same process, and what is not a mail.

use super::super::mail::{Attachment, AttachmentData};
use super::super::test_smtp::{Encryption, SmtpPeer};
use super::*;

fn config(peer: &SmtpPeer) -> MailConfig {
    MailConfig {
        host: "localhost".to_owned(),
        port: peer.port(),
        auth: true,
        username: "robot@example.com".to_owned(),
        password: "secret".into(),
        starttls_enable: true,
        connectiontimeout: 5000,
        timeout: 5000,
        localhost: "client.example".to_owned(),
        ..MailConfig::default()
    }
}

fn mailer(peer: &SmtpPeer, config: &MailConfig) -> Mailer {
    let mut mailer = Mailer::new(config, "Blynk").unwrap();
    mailer.extra_roots.extend(peer.root().map(CertificateDer::from));
    mailer
}

fn mail() -> Mail {
    Mail::text("own@example.com", "Hello", "Text\n.\nend")
}

#[test]
fn a_plain_conversation() {
    let peer = SmtpPeer::start(Encryption::None, &["AUTH PLAIN LOGIN"]);
    mailer(&peer, &config(&peer)).send(&mail()).unwrap();
    let seen = peer.seen();
    assert_eq!(
        seen.commands,
        [
            "EHLO client.example",
            "AUTH PLAIN AHJvYm90QGV4YW1wbGUuY29tAHNlY3JldA==",
            "MAIL FROM:<robot@example.com>",
            "RCPT TO:<own@example.com>",
            "DATA",
            "QUIT",
        ]
    );
    assert!(seen.data.contains("From: robot@example.com\r\nTo: own@example.com\r\nSubject: Hello\r\n"));
    assert!(seen.data.ends_with("\r\n\r\nText\r\n..\r\nend"), "{}", seen.data);
}

#[test]
fn login_is_as_configured_and_offered() {
    for (offer, auth, logs_in) in
        [("AUTH LOGIN", true, true), ("AUTH PLAIN", false, false), ("AUTH CRAM-MD5", true, false)]
    {
        let peer = SmtpPeer::start(Encryption::None, &[offer]);
        mailer(&peer, &MailConfig { auth, ..config(&peer) }).send(&mail()).unwrap();
        let logged_in = peer.seen().commands.iter().any(|command| command.starts_with("AUTH"));
        assert_eq!(logged_in, logs_in, "{offer}");
    }
}

#[test]
fn starttls_is_used_when_offered() {
    let peer = SmtpPeer::start(Encryption::StartTls, &["STARTTLS", "AUTH PLAIN"]);
    mailer(&peer, &config(&peer)).send(&mail()).unwrap();
    let seen = peer.seen();
    assert_eq!(seen.commands[..3], ["EHLO client.example", "STARTTLS", "EHLO client.example"]);
    assert!(seen.encrypted && seen.data.contains("Hello"));

    let off = SmtpPeer::start(Encryption::StartTls, &["STARTTLS"]);
    mailer(&off, &MailConfig { starttls_enable: false, ..config(&off) }).send(&mail()).unwrap();
    assert!(!off.seen().encrypted);

    let none = SmtpPeer::start(Encryption::None, &[]);
    let strict = MailConfig { starttls_required: true, ..config(&none) };
    let error = mailer(&none, &strict).send(&mail()).unwrap_err();
    assert!(error.to_string().contains("STARTTLS"), "{error}");
}

#[test]
fn tls_from_the_first_byte_verifies_the_certificate() {
    let peer = SmtpPeer::start(Encryption::Wrapper, &["AUTH PLAIN"]);
    let ssl = MailConfig { ssl_enable: true, ..config(&peer) };
    mailer(&peer, &ssl).send(&mail()).unwrap();
    assert!(peer.seen().encrypted);

    let stranger = SmtpPeer::start(Encryption::Wrapper, &["AUTH PLAIN"]);
    let ssl = MailConfig { port: stranger.port(), ..ssl };
    let error = Mailer::new(&ssl, "P").unwrap().send(&mail()).unwrap_err().to_string();
    assert!(error.contains("certificate") && error.contains("mail.smtp.ssl.trust"), "{error}");

    let trusted = SmtpPeer::start(Encryption::Wrapper, &["AUTH PLAIN"]);
    let ssl = MailConfig { port: trusted.port(), ssl_trust: "*".to_owned(), ..ssl };
    Mailer::new(&ssl, "P").unwrap().send(&mail()).unwrap();
    assert!(trusted.seen().encrypted);
}

#[test]
fn failures_are_told_without_secrets() {
    let peer = SmtpPeer::refusing("AUTH", "535 5.7.8 go away");
    let error = mailer(&peer, &config(&peer)).send(&mail()).unwrap_err().to_string();
    assert!(error.contains("login") && error.contains("go away") && !error.contains("secret"), "{error}");
    let peer = SmtpPeer::refusing("RCPT", "550 nobody here");
    let error = mailer(&peer, &config(&peer)).send(&mail()).unwrap_err().to_string();
    assert!(error.contains("550") && error.contains("nobody here"), "{error}");
    let closed = MailConfig { port: 1, ..config(&peer) };
    let error = Mailer::new(&closed, "P").unwrap().send(&mail()).unwrap_err().to_string();
    assert!(error.contains("refused"), "{error}");
}

#[test]
fn a_silent_server_is_a_failure() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = SmtpPeer::start(Encryption::None, &[]);
    let port = silent.local_addr().unwrap().port();
    let config = MailConfig { port, host: "127.0.0.1".to_owned(), connectiontimeout: 300, ..config(&peer) };
    assert!(matches!(Mailer::new(&config, "P").unwrap().send(&mail()), Err(MailError::Failed(_))));
}

#[test]
fn addresses_reach_the_wire_in_ascii_and_alone() {
    let peer = SmtpPeer::start(Encryption::None, &["AUTH PLAIN"]);
    let config = MailConfig { envelope_from: "bounce@example.com".to_owned(), ..config(&peer) };
    let two = Mail { to: vec!["o'x@münchen.de".to_owned(), " b/c@example.com ".to_owned()], ..mail() };
    mailer(&peer, &config).send(&two).unwrap();
    let seen = peer.seen();
    assert_eq!(
        seen.commands[2..5],
        ["MAIL FROM:<bounce@example.com>", "RCPT TO:<o'x@xn--mnchen-3ya.de>", "RCPT TO:<b/c@example.com>",]
    );
    assert!(seen.data.contains("To: o'x@xn--mnchen-3ya.de, b/c@example.com\r\n"), "{}", seen.data);
    for bad in ["", "nobody", "a@b.com>\r\nRCPT TO:<c@d.com", "\"\\\r\nX\"@example.com", "a@b.com, c@d.com"] {
        assert_eq!(mailer(&peer, &config).send(&Mail::text(bad, "", "")), Err(MailError::Recipient), "{bad}");
    }
    assert_eq!(mailer(&peer, &config).send(&Mail { to: vec![], ..mail() }), Err(MailError::Recipient));
}

#[test]
fn the_sender_depends_on_the_server() {
    let sender = |host: &str, username: &str, from: &str| {
        let config = MailConfig {
            host: host.to_owned(),
            username: username.to_owned(),
            from: from.to_owned(),
            ..MailConfig::default()
        };
        Mailer::new(&config, "My App").map(|mailer| mailer.from.to_string())
    };
    assert_eq!(sender("smtp.gmail.com", "me@gmail.com", "x@y.com").unwrap(), "me@gmail.com");
    let bulk = "{PRODUCT_NAME} <noreply@example.com>";
    assert_eq!(sender("email.amazonaws.com", "AKIA", bulk).unwrap(), "My App <noreply@example.com>");
    assert_eq!(sender("x.sparkpostmail.com", "a@b.com", ""), Err(MailError::Sender("mail.from")));
    assert_eq!(sender("smtp.example.com", "apikey", "me@example.com").unwrap(), "me@example.com");
    assert_eq!(sender("smtp.example.com", "apikey", "").unwrap(), "apikey@smtp.example.com");
    assert_eq!(sender("localhost", "robot", ""), Err(MailError::Sender("mail.smtp.username")));
}

#[test]
fn too_much_text_for_a_picture_is_an_error_before_anything_is_sent() {
    let data = AttachmentData::QrJpeg { text: "x".repeat(5000), size: 125 };
    let picture =
        Attachment { name: "a.jpg".to_owned(), content_type: "image/jpeg".to_owned(), content_id: None, data };
    let config = MailConfig { port: 1, username: "a@b.com".to_owned(), ..MailConfig::default() };
    let mail = Mail { attachments: vec![picture], ..mail() };
    assert!(matches!(Mailer::new(&config, "P").unwrap().send(&mail), Err(MailError::Form(_))));
}
