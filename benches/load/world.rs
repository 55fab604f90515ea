//! Accounts with one project each, and the tokens of its devices.

use crate::client::{command, Peer};
use crate::Fallible;
use std::fmt::Write;

/// Number of the one project.
pub const PROJECT: i32 = 1;

/// An account that was made.
pub struct Account {
    pub email: String,
    pub tokens: Vec<String>,
}

/// Registers an account with an active project of so many devices.
pub fn account(https_port: u16, number: usize, devices: usize) -> Fallible<Account> {
    // A server that runs on may know earlier ones.
    let email = format!("load{number}-{}@example.com", std::process::id());
    let mut app = Peer::app(https_port)?;
    app.ask_ok(command::REGISTER, format!("{email}\0hash\0Blynk").as_bytes())?;
    log_in(&mut app, &email)?;
    let mut json = format!("{{\"id\":{PROJECT},\"name\":\"Load\",\"devices\":[");
    for id in 0..devices {
        let comma = if id == 0 { "" } else { "," };
        write!(json, "{comma}{{\"id\":{id},\"name\":\"Device {id}\",\"boardType\":\"ESP8266\"}}")?;
    }
    json.push_str("],\"widgets\":[]}");
    app.ask_ok(command::CREATE_DASH, json.as_bytes())?;
    // Answered with 7, since no device is online yet.
    app.ask(command::ACTIVATE_DASHBOARD, PROJECT.to_string().as_bytes())?;
    let answer = app.ask(command::GET_DEVICES, PROJECT.to_string().as_bytes())?;
    let list: serde_json::Value = serde_json::from_slice(&answer.body)?;
    let tokens: Vec<String> =
        list.as_array().into_iter().flatten().filter_map(|d| Some(d["token"].as_str()?.to_owned())).collect();
    if tokens.len() != devices {
        return Err(format!("{} of {devices} devices have tokens", tokens.len()).into());
    }
    Ok(Account { email, tokens })
}

/// One more app of an account.
pub fn app(https_port: u16, account: &Account) -> Fallible<Peer> {
    let mut app = Peer::app(https_port)?;
    log_in(&mut app, &account.email)?;
    Ok(app)
}

fn log_in(app: &mut Peer, email: &str) -> Fallible<()> {
    app.ask_ok(command::LOGIN, format!("{email}\0hash\0Android\x002.27.34\0Blynk").as_bytes())
}

/// Logs a device in.
pub fn log_device_in(device: &mut Peer, token: &str) -> Fallible<()> {
    device.ask_ok(command::HARDWARE_LOGIN, token.as_bytes())
}

/// A write to virtual pin 5.
pub fn write_body(value: &str) -> Vec<u8> {
    format!("vw\x005\0{value}").into_bytes()
}
