//! `--check-config` with a wrong value of every key of every file: one line that names value, key, file and line, and an error
//! status.

mod common;

use common::Place;
use eyelet::config::table::{Key, Kind};
use eyelet::config::{
    DbConfig, MailConfig, PropertyFile, PushConfig, PushTargetsConfig, ServerConfig, SmsConfig, TwitterConfig,
};
use std::fs;

/// Texts that may be anything, so that none is wrong. Secrets are, too.
const FREE: &[&str] = &[
    "net.interface",
    "region",
    "product.name",
    "mail.smtp.ssl.trust",
    "notification.title",
    "notification.body",
    "telegram.chat.id",
    "nexmo.from",
    "user",
    "reporting.user",
];

/// What is wrong for a key, if anything can be. A key of a new kind must be thought of here.
fn wrong(key: &Key, place: &Place) -> Option<String> {
    if FREE.contains(&key.name) || key.kind == Kind::Secret {
        return None;
    }
    Some(match (key.kind, key.name) {
        (_, "mail.smtp.username") => String::new(),
        (_, "admin.rootPath") => "admin".into(),
        (_, "server.ssl.cert" | "server.ssl.key" | "acme.roots.file") => "/no/such/file.pem".into(),
        // A file where a folder or a socket should be.
        (Kind::Path, _) => place.path().join("server.properties").display().to_string(),
        (Kind::List, "listen.extra") => "tls:x:1".into(),
        (Kind::List, _) => "10.0.0.0/99".into(),
        (Kind::Integer, _) => "many".into(),
        (Kind::Flag, _) => "maybe".into(),
        (Kind::Choice, _) => "verbose".into(),
        (Kind::Url, _) => "postgres://localhost/blynk".into(),
        (Kind::Text, _) => "no such thing!".into(),
        (Kind::Secret, _) => unreachable!(),
    })
}

/// The status and the lines on standard error of `--check-config`.
fn check(place: &Place) -> (Option<i32>, Vec<String>) {
    let output = place.run(&["--check-config"], "");
    let report = String::from_utf8(output.stdout).unwrap();
    assert!(
        report.contains("  http.port = ") && report.contains("  jdbc.url = "),
        "the report comes with mistakes, too: {report}"
    );
    assert_eq!(report.contains("The configuration is valid."), output.status.success());
    let errors = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), errors.lines().map(str::to_owned).collect())
}

#[test]
fn a_wrong_value_of_every_key_is_told() {
    let tables = [
        (PropertyFile::Server, ServerConfig::KEYS),
        (PropertyFile::Mail, MailConfig::KEYS),
        (PropertyFile::Sms, SmsConfig::KEYS),
        (PropertyFile::Gcm, PushConfig::KEYS),
        (PropertyFile::Push, PushTargetsConfig::KEYS),
        (PropertyFile::Twitter, TwitterConfig::KEYS),
        (PropertyFile::Db, DbConfig::KEYS),
    ];
    let place = Place::new("enable.db=true");
    let server = fs::read_to_string(place.path().join("server.properties")).unwrap();
    assert_eq!(check(&place), (Some(0), vec![]));
    for (file, keys) in tables {
        let path = place.path().join(file.file_name());
        let begin = if file == PropertyFile::Server { server.as_str() } else { "" };
        for key in keys {
            let Some(value) = wrong(key, &place) else { continue };
            fs::write(&path, format!("{begin}{} = {value}\n", key.name)).unwrap();
            let (status, lines) = check(&place);
            assert_eq!(status, Some(1), "{}: {lines:?}", key.name);
            let line = begin.lines().count() + 1;
            let origin = format!("'{}' in {}:{line}", key.name, path.display());
            let told: Vec<_> = lines.iter().filter(|text| text.contains(&origin)).collect();
            assert!(told.len() == 1 && told[0].contains(&format!("'{value}'")), "{}: {lines:?}", key.name);
            // Of the two files of a certificate the other one is missed, too.
            assert!(lines.len() == 1 || key.name.starts_with("server.ssl."), "{}: {lines:?}", key.name);
        }
        fs::write(&path, begin).unwrap();
    }
    assert_eq!(check(&place), (Some(0), vec![]));
}

#[test]
fn a_certificate_that_cannot_be_used_is_told() {
    let place = Place::new("server.ssl.cert=cert.pem\nserver.ssl.key=key.pem");
    let [key, other] = [(); 2].map(|()| rcgen::KeyPair::generate().unwrap());
    let certificate = rcgen::CertificateParams::new(vec!["x.example".to_owned()]).unwrap().self_signed(&key).unwrap();
    fs::write(place.path().join("cert.pem"), certificate.pem()).unwrap();
    fs::write(place.path().join("key.pem"), key.serialize_pem()).unwrap();
    assert_eq!(check(&place), (Some(0), vec![]));
    for (file, content, words) in [
        ("key.pem", other.serialize_pem(), ["'server.ssl.key'", "does not belong"]),
        (
            "key.pem",
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n".into(),
            ["'server.ssl.key'", "encrypted"],
        ),
        ("cert.pem", "nothing".into(), ["'server.ssl.cert'", "no certificate"]),
    ] {
        fs::write(place.path().join(file), content).unwrap();
        let (status, lines) = check(&place);
        assert!(status == Some(1) && lines.len() == 1, "{lines:?}");
        assert!(
            words.iter().all(|word| lines[0].contains(word)) && lines[0].contains("server.properties:"),
            "{lines:?}"
        );
    }
}

#[test]
fn remarks_that_are_no_mistakes_are_no_error() {
    let place = Place::new("no.such.key=1\nhardware.ssl.port=8441");
    let report = place.ok(&["--check-config"], "");
    assert!(report.contains("WARNING : Unknown property 'no.such.key'"), "{report}");
    assert!(report.contains("'hardware.ssl.port'") && report.contains("has no effect"), "{report}");
}
