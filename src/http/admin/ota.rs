//! Firmware over the air (spec 05 §7).
//!
//! * `GET {admin}/ota/start?token&fileName`: a device loads a file of `static/ota` now, by default `firmware_ota.bin`.
//! * `POST {admin}/ota/start`, see [`crate::http::upload`]: `?token=` for a device, now; `?user=[&appName][&project]` for the
//!   devices of an account, without a query for all, each when it tells another build.
//! * `GET` or `POST {admin}/ota/stop`: nothing waits any more. `GET {admin}/ota`: what waits, what is there, who was told.
//!
//! Errors: 400 `Invalid token.`, `Device wasn't connected yet.`, `No device in session.`, `Requested user not found.`

use super::lists::{self, query};
use crate::http::request::Request;
use crate::http::response::{Responder, Response};
use crate::hub::firmware::Firmware;
use crate::hub::{DeviceRef, Hub, Queue, UserId};
use crate::model::MAIN_APP;
use serde_json::{json, Value};

/// Longest name of a file.
const NAME_MAX: usize = 200;
/// Most devices and files that are shown.
const SHOWN_MAX: usize = 200;

/// Whom a firmware is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// One device, now.
    Device(DeviceRef),
    /// The devices of an account, in projects with this name if one is given.
    User(UserId, Option<String>),
    /// All devices.
    All,
}

impl Target {
    /// Whether the firmware must name its build, for devices to be told only once.
    pub fn needs_build(&self) -> bool {
        !matches!(self, Target::Device(_))
    }
}

fn email(hub: &Hub, user: Option<UserId>) -> String {
    user.and_then(|user| hub.users.get(user)).map(|account| account.user.email.clone()).unwrap_or_default()
}

/// The connected device of a token.
fn device(hub: &Hub, token: &str) -> Result<DeviceRef, Response> {
    let device = hub.tokens.device(token).ok_or_else(|| Response::text(400, "Invalid token."))?;
    if hub.is_hardware_connected(device.user, device.dash, Some(device.device)) {
        return Ok(device);
    }
    let account = hub.users.get(device.user).ok_or_else(Response::failure)?;
    let mut devices = account.user.profile.dashboards.iter().flat_map(|dash| &dash.devices);
    let was_here = !account.apps.is_empty()
        || !account.hardware.is_empty()
        || account.user.last_logged_at >= hub.started_at
        || devices.any(|device| device.connect_time >= hub.started_at);
    Err(Response::text(400, if was_here { "No device in session." } else { "Device wasn't connected yet." }))
}

/// See the module.
pub fn start(hub: &mut Hub, request: &Request) -> Response {
    let answer = |hub: &mut Hub| -> Result<Response, Response> {
        let query = query(request);
        let device = device(hub, query.get("token").unwrap_or_default())?;
        let name = query.get("fileName").unwrap_or("firmware_ota.bin");
        if name.is_empty()
            || name.len() > NAME_MAX
            || name.contains(|c: char| c == '/' || c == '\\' || !c.is_ascii_graphic())
        {
            return Err(Response::text(400, "This is no name of a file."));
        }
        let by = email(hub, Some(device.user));
        tell(hub, device, &format!("/static/ota/{name}"), &by)
    };
    answer(hub).unwrap_or_else(|refusal| refusal)
}

fn tell(hub: &mut Hub, device: DeviceRef, path: &str, by: &str) -> Result<Response, Response> {
    if hub.start_firmware(device, path, by) {
        Ok(Response::empty(200))
    } else {
        Err(Response::text(400, "No device in session."))
    }
}

/// Whom the query of an upload names. Errors: see the module.
pub fn target(hub: &Hub, request: &Request) -> Result<Target, Response> {
    let query = query(request);
    if let Some(token) = query.get("token") {
        return device(hub, token).map(Target::Device);
    }
    let Some(email) = query.get("user") else { return Ok(Target::All) };
    let user = hub.users.find(email, query.get("appName").unwrap_or(MAIN_APP));
    let user = user.ok_or_else(|| Response::text(400, "Requested user not found."))?;
    let project = query.get("project").filter(|name| !name.is_empty());
    Ok(Target::User(user, project.map(str::to_owned)))
}

/// The file is there: devices are told, now or later. Errors: see the module.
pub fn order(
    hub: &mut Hub,
    request: &Request,
    target: &Target,
    path: String,
    build: Option<String>,
) -> Result<(), Response> {
    let by = email(hub, request.admin);
    let (at, build) = (hub.now(), build.unwrap_or_default());
    match target {
        Target::Device(device) => tell(hub, *device, &path, &by).map(drop)?,
        Target::User(user, project) => {
            if hub.users.get(*user).is_none() {
                return Err(Response::text(400, "Requested user not found."));
            }
            hub.firmwares.for_user(*user, Firmware { path, build, project: project.clone(), by, at });
        }
        Target::All => hub.firmwares.for_all(Firmware { path, build, project: None, by, at }),
    }
    Ok(())
}

/// See the module.
pub fn stop(hub: &mut Hub, _: &Request) -> Response {
    hub.firmwares.clear();
    Response::empty(200)
}

/// `{"jobs":[{"path","build","user","project","by","at"}],"files":[{"name","size","at"}],"devices":[{"user","dashId",
/// "project","deviceId","name","token","build","online","otaInitiatedBy","otaUpdateAt"}]}`: jobs, the newest files,
/// and the devices that are online or were told something.
pub fn state(hub: &mut Hub, _: Request, responder: Responder) {
    let job = |firmware: &Firmware, user: Option<String>| {
        json!({ "path": firmware.path, "build": firmware.build, "user": user, "project": firmware.project,
            "by": firmware.by, "at": firmware.at })
    };
    let (all, users) = hub.firmwares.waiting();
    let jobs: Vec<Value> = all
        .map(|firmware| job(firmware, None))
        .into_iter()
        .chain(users.map(|(user, firmware)| job(firmware, Some(email(hub, Some(user))))))
        .collect();
    let devices = devices(hub);
    let Some(saver) = hub.saver() else { return responder.send(Response::failure()) };
    let folder = saver.root().join("static/ota");
    // Without a worker the responder, dropped, says 500.
    let _ = hub.jobs.work(
        Queue::Disk,
        move || files(&folder),
        move |_, files| {
            responder.send(lists::json(&json!({ "jobs": jobs, "files": files, "devices": devices })));
        },
    );
}

fn devices(hub: &Hub) -> Vec<Value> {
    let mut found = Vec::new();
    for (user, account) in hub.users.iter() {
        for dash in &account.user.profile.dashboards {
            for device in &dash.devices {
                let online = hub.is_hardware_connected(user, dash.id, Some(device.id));
                if !online && device.ota_info.is_none() {
                    continue;
                }
                let ota = device.ota_info.as_ref();
                found.push((
                    (ota.map_or(0, |info| info.ota_update_at), online),
                    json!({
                        "user": account.user.email,
                        "dashId": dash.id,
                        "project": dash.name,
                        "deviceId": device.id,
                        "name": device.name,
                        "token": device.token,
                        "build": device.hardware_info.as_ref().map(|info| info.build.as_str()),
                        "online": online,
                        "otaInitiatedBy": ota.map(|info| info.ota_initiated_by.as_str()),
                        "otaUpdateAt": ota.map(|info| info.ota_update_at),
                    }),
                ));
            }
        }
    }
    found.sort_by_key(|(order, _)| std::cmp::Reverse(*order));
    found.truncate(SHOWN_MAX);
    found.into_iter().map(|(_, device)| device).collect()
}

fn files(folder: &std::path::Path) -> Vec<Value> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<(u64, String, u64)> = Vec::new();
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Ok(facts) = entry.metadata() else { continue };
        if facts.is_file() && !name.starts_with('.') {
            let modified = facts.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
            files.push((modified.map_or(0, |age| age.as_millis() as u64), name, facts.len()));
        }
    }
    files.sort();
    let newest = files.into_iter().rev().take(SHOWN_MAX);
    newest.map(|(at, name, size)| json!({ "name": name, "size": size, "at": at })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::request::{testing::request, Method};
    use crate::http::rest::testing::{hub_with, TOKEN};
    use crate::hub::testing;

    fn ask(target: &str) -> Request {
        request(Method::Get, target, &[])
    }

    #[test]
    fn a_device_is_told() {
        let (mut hub, user) = hub_with("[]");
        let query = format!("/?token={TOKEN}&fileName=a.bin");
        let start = |hub: &mut Hub, query: &str| super::start(hub, &ask(query)).shown().1.to_owned();
        assert_eq!(start(&mut hub, "/?token=1"), "Invalid token.");
        assert_eq!(start(&mut hub, "/"), "Invalid token.");
        assert_eq!(start(&mut hub, &query), "Device wasn't connected yet.");
        testing::app(&mut hub, user);
        assert_eq!(start(&mut hub, &query), "No device in session.");
        let (_, device) = testing::device(&mut hub, user, 1, 0);
        assert_eq!(start(&mut hub, &query), "");
        assert!(testing::sent(&device)[0].ends_with("/static/ota/a.bin"));
        assert_eq!(start(&mut hub, &format!("/?token={TOKEN}&fileName=a%00b")), "This is no name of a file.");
        assert_eq!(devices(&hub)[0]["otaInitiatedBy"], "a@b.cc");
    }

    #[test]
    fn targets_of_uploads() {
        let (mut hub, user) = hub_with("[]");
        let find = |hub: &Hub, query: &str| target(hub, &ask(query)).map_err(|refusal| refusal.shown().1.to_owned());
        assert_eq!(find(&hub, "/"), Ok(Target::All));
        assert_eq!(find(&hub, "/?user=o@b.cc"), Err("Requested user not found.".into()));
        let found = find(&hub, "/?user=a@b.cc&project=Pond").unwrap();
        assert_eq!(found, Target::User(user, Some("Pond".into())));
        order(&mut hub, &ask("/"), &found, "/p".into(), Some("B".into())).unwrap();
        order(&mut hub, &ask("/"), &Target::All, "/q".into(), Some("C".into())).unwrap();
        let (all, users) = hub.firmwares.waiting();
        assert_eq!((all.unwrap().build.as_str(), users.count()), ("C", 1));
        stop(&mut hub, &ask("/"));
        assert!(hub.firmwares.waiting().0.is_none());
    }
}
