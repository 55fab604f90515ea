//! One app among fifty that asks and never reads: the others get every message, and the server's memory stays bounded.

#![allow(clippy::disallowed_methods)] // Tests have threads.

mod common;

use common::app::{Answer, App, Device, OK};
use common::{Place, PATIENCE};
use std::io::Write;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

const CREATE_DASH: u8 = 21;
const CREATE_WIDGET: u8 = 33;
const GET_DEVICES: u8 = 45;
const LOAD_PROFILE: u8 = 24;
const ACTIVATE: u8 = 7;
const HARDWARE: u8 = 20;

const APPS: usize = 50;
/// Messages that are under way at a time: fewer bytes than wait for an app that reads.
const BATCH: usize = 8;
const BATCHES: usize = 40;
/// Bytes of a value.
const SIZE: usize = 4000;
/// Requests of the slow app, of about 120 KB each when answered.
const REQUESTS: usize = 3000;
/// KB that the server may grow by: what it keeps for a peer that asks and does not read, and some. All answers would be
/// a hundred times as much.
const GROWTH_MAX: u64 = 24 * 1024;

/// Resident memory of a process in KB; `None` where the system does not tell.
fn resident(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.split_whitespace().next()?.parse().ok()
}

fn log_in(place: &Place) -> App {
    let mut app = App::connect(place.https);
    assert_eq!(app.login("a@example.com", "pw"), OK);
    app
}

fn load_profile(id: u16) -> Vec<u8> {
    [&[LOAD_PROFILE][..], &id.to_be_bytes(), &[0; 4]].concat()
}

/// The account's project with its device's token; incompressible labels make the profile's answer large.
fn account(place: &Place) -> String {
    let mut app = App::connect(place.https);
    assert_eq!(app.register("a@example.com", "pw"), OK);
    assert_eq!(app.login("a@example.com", "pw"), OK);
    assert_eq!(app.ask(CREATE_DASH, r#"{"id":1,"name":"P","devices":[{"id":0,"name":"D"}]}"#), OK);
    for id in 1..=12 {
        let label: String = (0..15_000).map(|_| fastrand::alphanumeric()).collect();
        let widget = format!(r#"1{}{{"type":"LED","id":{id},"width":1,"height":1,"label":"{label}"}}"#, '\0');
        assert_eq!(app.ask(CREATE_WIDGET, &widget), OK);
    }
    app.ask(ACTIVATE, "1");
    let devices: serde_json::Value = serde_json::from_slice(&app.get(GET_DEVICES, "1")).unwrap();
    devices[0]["token"].as_str().unwrap().to_owned()
}

#[test]
fn an_app_that_never_reads_neither_delays_others_nor_fills_the_memory() {
    let place = Place::new("user.message.quota.limit=1000000\ninitial.energy=1000000");
    let server = place.start();
    let token = account(&place);
    let mut device = Device::connect(place.http);
    assert_eq!(device.login(&token), OK);

    let (arrived, arrivals) = mpsc::channel();
    for _ in 1..APPS {
        let (mut app, arrived) = (log_in(&place), arrived.clone());
        std::thread::spawn(move || {
            while let Ok(answer) = app.receive() {
                let is_whole = |body: &[u8]| body.len() > SIZE;
                if matches!(&answer, Answer::Message { command: HARDWARE, body, .. } if is_whole(body))
                    && arrived.send(()).is_err()
                {
                    break;
                }
            }
        });
    }
    let before = resident(server.id());

    let mut slow = log_in(&place);
    slow.stream.sock.set_write_timeout(Some(Duration::from_secs(1))).unwrap();
    let request = load_profile(1);
    // Sooner or later it is not listened to any more.
    let asked = (0..REQUESTS).take_while(|_| slow.stream.write_all(&request).is_ok()).count();
    assert!(asked > 10, "{asked}");

    let value = "x".repeat(SIZE);
    let mut most = before;
    let begin = Instant::now();
    for batch in 0..BATCHES {
        for _ in 0..BATCH {
            device.send(HARDWARE, &format!("vw\x005\0{value}"));
        }
        for n in 0..BATCH * (APPS - 1) {
            match arrivals.recv_timeout(PATIENCE) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) => panic!("batch {batch}: only {n} messages arrived"),
                Err(error) => panic!("{error}"),
            }
        }
        most = most.max(resident(server.id()));
    }
    println!("{asked} requests; {:?} for the messages; {before:?} to {most:?} KB", begin.elapsed());
    if let (Some(before), Some(most)) = (before, most) {
        assert!(most - before < GROWTH_MAX, "{before} to {most} KB");
    }
    drop(slow);
}

#[test]
fn requests_that_came_faster_than_their_answers_are_read_are_answered_later() {
    const ASKED: u16 = 60;
    let place = Place::new("user.message.quota.limit=1000000\ninitial.energy=1000000");
    let _server = place.start();
    account(&place);
    let mut app = log_in(&place);
    let requests: Vec<u8> = (1..=ASKED).flat_map(load_profile).collect();
    app.stream.write_all(&requests).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let mut answered: Vec<u16> = (0..ASKED)
        .map(|_| match app.receive().unwrap() {
            Answer::Message { command: LOAD_PROFILE, id, body } if body.len() > 100_000 => id,
            other => panic!("{:?}", format!("{other:?}").get(..80)),
        })
        .collect();
    answered.sort_unstable();
    assert!(answered.into_iter().eq(1..=ASKED));
}
