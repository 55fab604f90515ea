//! A publisher gives an app away: tokens go by mail and into the database, and a customer's device takes one.

use super::common::app::{App, Device, OK};
use super::common::postgres::Cluster;
use super::{account, place, ASSIGN_TOKEN, CREATE_DASH, CREATE_DEVICE, GET_PROJECT_BY_TOKEN, NOT_ALLOWED};
use eyelet::store::accounts::password_hash;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

const REGISTER: u8 = 1;
const LOGIN: u8 = 2;
const HARDWARE: u8 = 20;
const CREATE_APP: u8 = 55;
const EMAIL_QR: u8 = 59;
const INVALID_TOKEN: u32 = 9;

/// Takes mails and hands them on, as the smallest mail server does.
fn mail_server() -> (u16, Receiver<String>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, mails) = mpsc::channel();
    #[allow(clippy::disallowed_methods)] // It waits for mails, as a server of its own.
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            if let Some(mail) = take_mail(socket) {
                let _ = sender.send(mail);
            }
        }
    });
    (port, mails)
}

fn take_mail(socket: TcpStream) -> Option<String> {
    let mut out = socket.try_clone().ok()?;
    let mut lines = BufReader::new(socket).lines();
    out.write_all(b"220 here\r\n").ok()?;
    let mut mail = None;
    while let Some(Ok(line)) = lines.next() {
        let answer = match line.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
            "EHLO" => "250 here",
            "DATA" => {
                out.write_all(b"354 go on\r\n").ok()?;
                mail = Some(
                    lines.by_ref().map_while(Result::ok).take_while(|line| line != ".").collect::<Vec<_>>().join("\n"),
                );
                "250 taken"
            }
            "QUIT" => "221 bye",
            _ => "250 fine",
        };
        out.write_all(format!("{answer}\r\n").as_bytes()).ok()?;
        if answer == "221 bye" {
            break;
        }
    }
    mail
}

/// Publishes project 1 in a new app of this kind; the app's id.
fn publish(publisher: &mut App, kind: &str) -> String {
    let json = format!(r#"{{"theme":"Blynk","provisionType":"{kind}","name":"Ponds","projectIds":[1]}}"#);
    let app: serde_json::Value = serde_json::from_slice(&publisher.get(CREATE_APP, &json)).unwrap();
    let id = app["id"].as_str().unwrap().to_owned();
    assert_eq!(publisher.ask(EMAIL_QR, &format!("1\0{id}")), OK);
    id
}

/// An account of people who use the published app.
fn customer(port: u16, app: &str) -> App {
    let (email, mut customer) = ("carl@example.com", App::connect(port));
    let hash = password_hash(email, "pw");
    assert_eq!(customer.ask(REGISTER, &format!("{email}\0{hash}\0{app}")), OK);
    assert_eq!(customer.ask(LOGIN, &format!("{email}\0{hash}\0Android\x002.27.34\0{app}")), OK);
    customer
}

#[test]
fn a_customers_device_takes_a_published_token() {
    let cluster = Cluster::start();
    let place = place(&cluster);
    let (port, mails) = mail_server();
    let properties = format!(
        "mail.smtp.host=127.0.0.1\nmail.smtp.port={port}\nmail.smtp.auth=false\nmail.smtp.username=robot@example.com\n"
    );
    std::fs::write(place.path().join("mail.properties"), properties).unwrap();
    place.ok(&["--init-db"], "");
    let mut server = place.start();
    let mut publisher = account(&place, "ann@example.com");
    assert_eq!(publisher.ask(CREATE_DASH, r#"{"id":1,"name":"Pond","isActive":true}"#), OK);
    for device in [0, 5] {
        publisher.get(
            CREATE_DEVICE,
            &format!("1\0{{\"id\":{device},\"name\":\"Pump {device}\",\"boardType\":\"ESP8266\"}}"),
        );
    }
    let letter = || loop {
        let mail = mails.recv_timeout(Duration::from_secs(20)).expect("a mail");
        if mail.contains("Subject: Ponds - App details") {
            return mail;
        }
    };

    // A token for each device, all by one mail.
    let app = publish(&mut publisher, "STATIC");
    let rows = "SELECT device_id, email, project_id, is_activated, ts IS NULL FROM flashed_tokens ORDER BY device_id";
    assert_eq!(cluster.sql("blynk", rows), "0|ann@example.com|1|f|t\n5|ann@example.com|1|f|t");
    assert_eq!(cluster.sql("blynk", "SELECT DISTINCT app_name FROM flashed_tokens"), app);
    let token =
        |device: i32| cluster.sql("blynk", &format!("SELECT token FROM flashed_tokens WHERE device_id = {device}"));
    let (first, fifth) = (token(0), token(5));
    let mail = letter();
    for (token, device) in [(&first, 0), (&fifth, 5)] {
        assert!(mail.replace("=\n", "").contains(&format!("{token}_1_{device}.jpg")), "a QR code of device {device}");
    }

    // Until somebody takes it, a token shows the project and lets no device in.
    assert_eq!(Device::connect(place.http).login(&first), INVALID_TOKEN);
    let mut carl = customer(place.https, &app);
    assert!(!carl.get(GET_PROJECT_BY_TOKEN, &first).is_empty());
    assert_eq!(carl.ask(CREATE_DASH, r#"{"id":3,"name":"Carl's pond","isActive":true}"#), OK);
    carl.get(CREATE_DEVICE, "3\0{\"id\":0,\"name\":\"D\",\"boardType\":\"ESP8266\"}");
    for (token, status) in [(&first, OK), (&first, NOT_ALLOWED), (&fifth, NOT_ALLOWED)] {
        assert_eq!(carl.ask(ASSIGN_TOKEN, &format!("3\0{token}")), status, "{token}");
    }
    let taken = "SELECT is_activated, ts IS NULL FROM flashed_tokens ORDER BY device_id";
    assert_eq!(cluster.sql("blynk", taken), "t|f\nf|t");
    cluster.shows("blynk", &format!("SELECT email FROM forwarding_tokens WHERE token = '{first}'"), "carl@example.com");
    let mut device = Device::connect(place.http);
    assert_eq!(device.login(&first), OK);
    carl.send(HARDWARE, "3-0\0vw\x007\x00on");
    assert_eq!(device.hear(), "vw\x007\x00on");

    // One token for any device; it is not for a certain one and so cannot be assigned.
    let dynamic = publish(&mut publisher, "DYNAMIC");
    let row = format!("SELECT device_id, is_activated FROM flashed_tokens WHERE app_name = '{dynamic}'");
    assert_eq!(cluster.sql("blynk", &row), "-1|f");
    assert!(letter().replace("=\n", "").contains("_1_-1.jpg"));
    assert!(server.stop().success());
}
