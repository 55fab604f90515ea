//! Numbers for administrators: `GET /stats/...` and `GET /hardwareInfo/...` (spec 05 §9.4, §9.5).

use super::lists::{self, Cell};
use crate::http::request::Request;
use crate::http::response::{Responder, Response};
use crate::hub::{Hub, Queue};
use crate::model::json::Name;
use crate::model::widget::Kind;
use crate::model::{Dashboard, Device};
use crate::stats_record::StatsRecord;
use crate::store::names::is_user_file;
use serde::Serialize;
use std::collections::BTreeSet;

fn dashboards(hub: &Hub) -> impl Iterator<Item = &Dashboard> {
    hub.users.iter().flat_map(|(_, account)| &account.user.profile.dashboards)
}

fn devices(hub: &Hub) -> impl Iterator<Item = &Device> {
    dashboards(hub).flat_map(|dash| &dash.devices)
}

/// `[{...}]`: the statistics record of this moment.
pub fn realtime(hub: &mut Hub, _: &Request) -> Response {
    Response::json(format!("[{}]", StatsRecord::of(hub, false).compact()))
}

/// Names and numbers of messages since the last record.
pub fn messages(hub: &mut Hub, request: &Request) -> Response {
    let record = StatsRecord::of(hub, false);
    let commands = record.groups.into_iter().find(|(name, _)| *name == "commands");
    lists::show(request, commands.map(|(_, figures)| figures).unwrap_or_default())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rates {
    name: String,
    app_rate: u64,
    hard_rate: u64,
}

/// `[{"name":email,"appRate","hardRate"}]`: messages per second of those who send some.
pub fn requests_per_user(hub: &mut Hub, request: &Request) -> Response {
    let ticks = hub.ticks();
    let rate = |conns: &mut dyn Iterator<Item = crate::hub::ConnId>| {
        let rates = conns.filter_map(|conn| hub.connections.get(conn)).map(|c| c.meter.rate_at(ticks));
        rates.sum::<f32>() as u64
    };
    let rates = hub.users.iter().map(|(_, account)| Rates {
        name: account.user.email.clone(),
        app_rate: rate(&mut account.apps.iter().copied()),
        hard_rate: rate(&mut account.hardware.iter().map(|member| member.conn)),
    });
    let mut rows: Vec<Rates> = rates.filter(|row| row.app_rate > 0 || row.hard_rate > 0).collect();
    let number = |n: u64| Cell::Number(i64::try_from(n).unwrap_or(i64::MAX));
    lists::sort(&mut rows, &lists::query(request), |row, field| match field {
        "name" => Some(row.name.as_str().into()),
        "appRate" => Some(number(row.app_rate)),
        "hardRate" => Some(number(row.hard_rate)),
        _ => None,
    });
    lists::json(&rows)
}

/// Widgets by type.
pub fn widgets(hub: &mut Hub, request: &Request) -> Response {
    lists::count(request, dashboards(hub).flat_map(|dash| &dash.widgets).map(|widget| widget.widget_type.name()))
}

/// How many users have so many projects.
pub fn projects_per_user(hub: &mut Hub, request: &Request) -> Response {
    lists::count(request, hub.users.iter().map(|(_, account)| account.user.profile.dashboards.len().to_string()))
}

/// Devices by board.
pub fn boards(hub: &mut Hub, request: &Request) -> Response {
    lists::count(request, devices(hub).filter_map(|device| device.board_type.label()))
}

/// Accounts by how they log in.
pub fn facebook_logins(hub: &mut Hub, request: &Request) -> Response {
    let kind = |facebook: bool| if facebook { "facebook" } else { "Blynk" };
    lists::count(request, hub.users.iter().map(|(_, account)| kind(account.user.is_facebook_user)))
}

/// How many projects fill so many cells.
pub fn filled_space(hub: &mut Hub, request: &Request) -> Response {
    let cells = |dash: &Dashboard| -> i64 {
        let sizes = dash.widgets.iter().filter(|widget| widget.width >= 0 && widget.height >= 0);
        sizes.map(|widget| i64::from(widget.width) * i64::from(widget.height)).fold(0, i64::saturating_add)
    };
    lists::count(request, dashboards(hub).map(|dash| cells(dash).to_string()))
}

/// Sizes of the accounts' files, bytes.
pub fn profile_sizes(hub: &mut Hub, request: Request, responder: Responder) {
    let Some(saver) = hub.saver() else { return responder.send(lists::show(&request, [("", 0); 0])) };
    let work = move || -> std::io::Result<Vec<(String, u64)>> {
        let mut sizes = Vec::new();
        for entry in std::fs::read_dir(saver.root())? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if is_user_file(&name) {
                sizes.push((name, entry.metadata().map_or(0, |facts| facts.len())));
            }
        }
        sizes.sort();
        Ok(sizes)
    };
    // Without a worker the responder, dropped, says 500.
    let _ = hub.jobs.work(Queue::Disk, work, move |_, sizes| match sizes {
        Ok(sizes) => responder.send(lists::show(&request, sizes)),
        Err(error) => {
            log::error!("the data folder cannot be listed: {error}");
            responder.send(Response::failure());
        }
    });
}

/// Servers that webhooks call.
pub fn webhook_hosts(hub: &mut Hub, request: &Request) -> Response {
    let url = |kind: &Kind| match kind {
        Kind::Webhook(webhook) => host(&webhook.url),
        _ => None,
    };
    lists::count(request, dashboards(hub).flat_map(|dash| &dash.widgets).filter_map(|widget| url(&widget.kind)))
}

fn host(url: &str) -> Option<String> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = match host.rfind(']') {
        Some(end) => host.get(..=end).unwrap_or(host),
        None => host.split(':').next().unwrap_or_default(),
    };
    (!host.is_empty()).then(|| host.to_lowercase())
}

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Address {
    name: String,
    ip: String,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct Numbered {
    id: usize,
    #[serde(flatten)]
    address: Address,
}

/// `[{"id","name":"{email}-{app}","ip","type":"app" or "hard"}]`: where accounts and devices were seen last; with
/// `_filters={"ip":text}` only addresses that contain it.
pub fn ips(hub: &mut Hub, request: &Request) -> Response {
    let query = lists::query(request);
    let text = lists::filter(&query, "ip");
    let mut found: BTreeSet<Address> = BTreeSet::new();
    for (_, account) in hub.users.iter() {
        let name = account.user.id();
        let hardware = account.user.profile.dashboards.iter().flat_map(|dash| &dash.devices);
        let all = hardware.map(|device| ("hard", device.last_logged_ip.to_string()));
        for (kind, ip) in all.chain([("app", account.user.last_logged_ip.to_string())]) {
            if !ip.is_empty() && ip.contains(&text) {
                found.insert(Address { name: name.clone(), ip, kind });
            }
        }
    }
    let mut rows: Vec<_> = found.into_iter().enumerate().map(|(id, address)| Numbered { id, address }).collect();
    lists::sort(&mut rows, &query, |row, field| match field {
        "id" => Some(Cell::Number(row.id as i64)),
        "name" => Some(Cell::Text(row.address.name.clone())),
        "ip" => Some(Cell::Text(row.address.ip.clone())),
        "type" => Some(Cell::Text(row.address.kind.to_owned())),
        _ => None,
    });
    lists::json(&rows)
}

/// `GET /hardwareInfo/blynkVersion`, `cpuType`, `connectionType`, `boards`: what devices told about themselves.
pub fn hardware_info(hub: &mut Hub, request: &Request) -> Response {
    let infos = devices(hub).filter_map(|device| device.hardware_info.as_ref());
    match request.var(0) {
        "blynkVersion" => lists::count(request, infos.map(|info| &info.blynk_version).filter(|text| !text.is_empty())),
        "cpuType" => lists::count(request, infos.map(|info| &info.cpu_type).filter(|text| !text.is_empty())),
        "connectionType" => {
            lists::count(request, infos.map(|info| &info.connection_type).filter(|text| !text.is_empty()))
        }
        "boards" => lists::count(request, infos.map(|info| &info.board_type).filter(|text| !text.is_empty())),
        _ => Response::empty(404),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::request::{testing::request, Method};
    use crate::http::rest::testing::hub_with;

    #[test]
    fn lists_are_counted() {
        let widgets = r#"[{"type":"BUTTON","id":1,"width":2,"height":3},{"type":"BUTTON","id":2,"width":1,"height":1},
            {"type":"WEBHOOK","id":3,"url":"https://me:x@Example.org:81/a?b"}]"#;
        let (mut hub, user) = hub_with(widgets);
        hub.users.get_mut(user).unwrap().user.last_logged_ip = "10.0.0.1".into();
        let mut ask = |handler: fn(&mut Hub, &Request) -> Response, var: &str| {
            let answer = handler(&mut hub, &request(Method::Get, "/?_sortField=count&_sortDir=DESC", &[var]));
            assert_eq!(answer.status, 200);
            String::from_utf8(answer.body).unwrap()
        };
        assert_eq!(ask(super::widgets, ""), r#"[{"name":"BUTTON","count":2},{"name":"WEBHOOK","count":1}]"#);
        assert_eq!(ask(boards, ""), r#"[{"name":"ESP8266","count":1}]"#);
        assert_eq!(ask(projects_per_user, ""), r#"[{"name":"1","count":1}]"#);
        assert!(ask(filled_space, "").starts_with(r#"[{"name":""#));
        assert_eq!(ask(webhook_hosts, ""), r#"[{"name":"example.org","count":1}]"#);
        assert_eq!(ask(facebook_logins, ""), r#"[{"name":"Blynk","count":1}]"#);
        assert_eq!(ask(ips, ""), r#"[{"id":0,"name":"a@b.cc-Blynk","ip":"10.0.0.1","type":"app"}]"#);
        assert_eq!(ask(hardware_info, "cpuType"), "[]");
        assert_eq!(ask(requests_per_user, ""), "[]");
        assert!(ask(messages, "").contains(r#"{"name":"hardware","count":0}"#));
        assert!(ask(realtime, "").starts_with(r#"[{"commands":{"response":0,"#));
        assert_eq!(hardware_info(&mut hub, &request(Method::Get, "/", &["none"])).status, 404);
    }

    #[test]
    fn hosts_of_urls() {
        let found = |url| host(url);
        assert_eq!(found("http://[::1]:8080/x"), Some("[::1]".into()));
        assert_eq!(found("example.org"), Some("example.org".into()));
        assert_eq!(found("http:///x"), None);
    }
}
