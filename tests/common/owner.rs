//! An account with a project that has a chart of 20 pins, and ways to fill its history.

use super::app::{tcp, App, OK};
use super::Place;
use std::io::{Read, Write};
use std::path::Path;

const CREATE_DASH: u8 = 21;
const CREATE_DEVICE: u8 = 42;
/// The account.
pub const USER: &str = "owner@example.com";
/// How many pins the chart has.
pub const PINS: u8 = 20;

/// Registers the owner; the token of its device.
pub fn project(place: &Place) -> String {
    let mut app = App::connect(place.https);
    assert_eq!((app.register(USER, "pw"), app.login(USER, "pw")), (OK, OK));
    let streams: Vec<String> =
        (0..PINS).map(|pin| format!(r#"{{"targetId":0,"pin":{{"pin":{pin},"pinType":"VIRTUAL"}}}}"#)).collect();
    let chart =
        format!(r#"{{"type":"ENHANCED_GRAPH","id":5,"width":8,"height":3,"dataStreams":[{}]}}"#, streams.join(","));
    assert_eq!(app.ask(CREATE_DASH, &format!(r#"{{"id":1,"name":"P","widgets":[{chart}]}}"#)), OK);
    let device = app.get(CREATE_DEVICE, "1\0{\"id\":0,\"name\":\"D\",\"boardType\":\"ESP8266\"}");
    let device: serde_json::Value = serde_json::from_slice(&device).unwrap();
    device["token"].as_str().unwrap().to_owned()
}

/// Values with times of their own, whose minutes are over at once.
pub fn put_old(place: &Place, token: &str, pin: u8, values: &[(f64, i64)]) {
    let rows: Vec<String> =
        values.iter().map(|(value, ms)| format!(r#"{{"value":"{value}","timestamp":{ms}}}"#)).collect();
    let body = format!("[{}]", rows.join(","));
    let mut socket = tcp(place.http);
    write!(
        socket,
        "PUT /{token}/extra/pin/v{pin} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    let _ = socket.read_to_string(&mut answer);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// The minute records of a pin in a data folder.
pub fn history(data: &Path, pin: u8) -> Vec<(f64, i64)> {
    let bytes = std::fs::read(data.join(format!("data/{USER}/history_1-0_v{pin}_minute.bin"))).unwrap_or_default();
    assert_eq!(bytes.len() % 16, 0, "v{pin}");
    let record = |bytes: &[u8]| {
        let (value, ms) = bytes.split_at(8);
        (f64::from_be_bytes(value.try_into().unwrap()), i64::from_be_bytes(ms.try_into().unwrap()))
    };
    bytes.chunks(16).map(record).collect()
}
