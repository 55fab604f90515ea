//! Two servers with one PostgreSQL: apps and devices that come to the wrong one are sent to the right one.
#![cfg(feature = "postgres")]

mod common;

use common::app::{tcp_to, tls, Answer, App, Device, OK};
use common::postgres::Cluster;
use common::Place;
use std::io::{Read, Write};

const CREATE_DASH: u8 = 21;
const CREATE_DEVICE: u8 = 42;
const DELETE_DEVICE: u8 = 44;
const GET_SERVER: u8 = 40;
const CONNECT_REDIRECT: u8 = 41;
const HARDWARE: u8 = 20;
const INVALID_TOKEN: u32 = 9;

/// Where a server lives; both have the same ports.
const ONE: &str = "127.0.0.1";
const TWO: &str = "127.0.0.2";

/// A place for a server at `host`, with the ports of another place if there is one.
fn place(cluster: &Cluster, host: &str, ports_of: Option<&Place>) -> Place {
    let more = "enable.db=true\nprofile.save.worker.period=500\nforce.port.80.for.redirect=false";
    let mut place = Place::new(more);
    if let Some(other) = ports_of {
        (place.http, place.https, place.mqtt) = (other.http, other.https, other.mqtt);
    }
    let lines = [
        format!("http.port={}", place.http),
        format!("https.port={}", place.https),
        format!("hardware.mqtt.port={}", place.mqtt),
        format!("listen.address={host}"),
        format!("server.host={host}"),
    ];
    let file = place.path().join("server.properties");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}{}\n", lines.join("\n"))).unwrap();
    std::fs::write(place.path().join("db.properties"), cluster.properties()).unwrap();
    place
}

/// Where a device is sent to when it logs in.
fn sent_to<S: Read + Write>(device: &mut Device<S>, token: &str) -> String {
    let sent = device.send(29, token);
    match device.receive().unwrap() {
        Answer::Message { command: CONNECT_REDIRECT, id, body } if id == sent => {
            String::from_utf8(body).unwrap().replace('\0', ":")
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn apps_and_devices_find_their_server() {
    let cluster = Cluster::start();
    let one = place(&cluster, ONE, None);
    let two = place(&cluster, TWO, Some(&one));
    one.ok(&["--init-db"], "");
    let mut server_one = one.start();
    let mut server_two = two.start();

    let mut owner = App::over(tcp_to(TWO, two.https));
    assert_eq!(owner.register("ann@example.com", "pw"), OK);
    assert_eq!(owner.login("ann@example.com", "pw"), OK);
    assert_eq!(owner.ask(CREATE_DASH, r#"{"id":1,"name":"Pond","isActive":true}"#), OK);
    let device = owner.get(CREATE_DEVICE, "1\0{\"id\":7,\"name\":\"D\",\"boardType\":\"ESP8266\"}");
    let device: serde_json::Value = serde_json::from_slice(&device).unwrap();
    let token = device["token"].as_str().unwrap().to_owned();
    cluster.shows("blynk", &format!("SELECT host FROM forwarding_tokens WHERE token = '{token}'"), TWO);
    cluster.shows("blynk", "SELECT ip FROM users WHERE email = 'ann@example.com'", TWO);

    // An app asks the wrong server for its account's.
    let mut app = App::over(tcp_to(ONE, one.https));
    assert_eq!(app.get(GET_SERVER, "Ann@example.com\0Blynk"), TWO.as_bytes());
    assert_eq!(app.get(GET_SERVER, "bob@example.com\0Blynk"), ONE.as_bytes());
    assert_eq!(app.get(GET_SERVER, "ann@example.com\0Other"), ONE.as_bytes());
    let mut other = App::over(tcp_to(TWO, two.https));
    assert_eq!(other.get(GET_SERVER, "ann@example.com\0Blynk"), TWO.as_bytes());

    // A device at the wrong server goes where it is told, over TCP and over TLS, each with the port of its kind.
    let mut lost = Device::over(tcp_to(ONE, one.http));
    let there = sent_to(&mut lost, &token);
    assert_eq!(there, format!("{TWO}:{}", one.http));
    assert_eq!(lost.login("unknown-token-unknown-token-1234"), INVALID_TOKEN);
    let (host, port) = there.split_once(':').unwrap();
    let mut found = Device::over(tcp_to(host, port.parse().unwrap()));
    assert_eq!(found.login(&token), OK);
    found.send(HARDWARE, "vw\x005\x0042");
    let arrived = loop {
        match owner.receive().unwrap() {
            Answer::Message { command: HARDWARE, body, .. } => break body,
            _ => continue,
        }
    };
    assert_eq!(arrived, b"1-7\0vw\x005\x0042");

    let mut lost = Device::over(tls(tcp_to(ONE, one.https)));
    let there = sent_to(&mut lost, &token);
    assert_eq!(there, format!("{TWO}:{}", one.https));
    assert_eq!(Device::over(tls(tcp_to(TWO, one.https))).login(&token), OK);

    // A token that is gone is unknown everywhere, also where nobody asked for it before.
    let second = owner.get(CREATE_DEVICE, "1\0{\"id\":8,\"name\":\"E\",\"boardType\":\"ESP8266\"}");
    let second: serde_json::Value = serde_json::from_slice(&second).unwrap();
    let second = second["token"].as_str().unwrap();
    let row = format!("SELECT count(*) FROM forwarding_tokens WHERE token = '{second}'");
    cluster.shows("blynk", &row, "1");
    assert_eq!(owner.ask(DELETE_DEVICE, "1\x008"), OK);
    cluster.shows("blynk", &row, "0");
    assert_eq!(Device::over(tcp_to(ONE, one.http)).login(second), INVALID_TOKEN);
    assert!(server_one.stop().success());
    assert!(server_two.stop().success());
}

#[test]
fn without_its_database_a_server_serves_its_own_and_says_that_it_cannot_tell() {
    let mut cluster = Cluster::start();
    let one = place(&cluster, ONE, None);
    one.ok(&["--init-db"], "");
    let mut server = one.start();
    cluster.stop();
    let mut app = App::over(tcp_to(ONE, one.https));
    assert_eq!(app.get(GET_SERVER, "ann@example.com\0Blynk"), ONE.as_bytes());
    let mut device = Device::connect(one.http);
    // 19: try again later. 9 would make libraries give the token up.
    assert_eq!(device.login("unknown-token-unknown-token-1234"), 19);
    assert_eq!(app.register("bob@example.com", "pw"), OK);
    assert_eq!(app.login("bob@example.com", "pw"), OK);
    cluster.resume();
    common::eventually("the database is asked again", || {
        (Device::connect(one.http).login("unknown-token-unknown-token-1234") == INVALID_TOKEN).then_some(())
    });
    assert!(server.stop().success());
}
