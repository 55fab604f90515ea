//! `GET /metrics`: figures in the text format of Prometheus, on both ports, for the addresses of `metrics.allowed.ips`. Others
//! get 403.

use super::request::Request;
use super::response::Response;
use crate::hub::database::{Databases, Figures as Lane};
use crate::hub::{Framing, Hub, Peer, Queue};
use crate::stats_record::{memory_bytes, StatsRecord};
use std::fmt::Write;

const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// See the module.
pub fn handle(hub: &mut Hub, request: &Request) -> Response {
    if !hub.config.server.metrics_allowed_ips.contains(request.origin.address) {
        return Response::empty(403);
    }
    Response::ok(CONTENT_TYPE, text(hub))
}

/// Writes one family of figures.
fn family(out: &mut String, name: &str, kind: &str, help: &str, rows: impl IntoIterator<Item = (String, u64)>) {
    let _ = writeln!(out, "# HELP eyelet_{name} {help}\n# TYPE eyelet_{name} {kind}");
    for (labels, value) in rows {
        let _ = writeln!(out, "eyelet_{name}{labels} {value}");
    }
}

fn one(value: u64) -> [(String, u64); 1] {
    [(String::new(), value)]
}

fn text(hub: &Hub) -> String {
    let record = StatsRecord::of(hub, true);
    let group = |name: &str| record.groups.iter().find(|(key, _)| *key == name).map(|(_, figures)| figures);
    let total = |name: &str| record.get("", name).unwrap_or(0);
    let mut out = String::with_capacity(8192);
    let out_ref = &mut out;

    family(out_ref, "uptime_seconds", "gauge", "Time since the start.", one(hub.ticks() / 1000));
    family(out_ref, "memory_bytes", "gauge", "Memory of the process that is in RAM.", one(memory_bytes()));
    family(out_ref, "connections", "gauge", "Open connections by kind.", connections(hub));
    let waiting = hub.connections.iter().map(|(_, connection)| connection.outbox.waiting() as u64).sum();
    family(out_ref, "outbox_bytes", "gauge", "What waits to be sent to devices and apps.", one(waiting));
    family(out_ref, "accounts", "gauge", "Accounts.", one(total("registrations")));
    family(
        out_ref,
        "online_accounts",
        "gauge",
        "Accounts with a connection.",
        [("{kind=\"app\"}".to_owned(), total("onlineApps")), ("{kind=\"device\"}".to_owned(), total("onlineHards"))],
    );
    let labelled = |label: &str, name: &str, value: u64| (format!("{{{label}=\"{name}\"}}"), value);
    let totals = ["appTotal", "mqttTotal"];
    let commands = group("commands").into_iter().flatten().filter(|(name, _)| !totals.contains(name));
    let commands = commands.map(|(name, value)| labelled("command", name, *value));
    family(out_ref, "messages_total", "counter", "Messages by command, received and sent; wraps at 2^32.", commands);
    family(out_ref, "app_messages_total", "counter", "Messages of apps.", one(u64::from(hub.stats.apps)));
    family(out_ref, "mqtt_packets_total", "counter", "Packets of MQTT clients.", one(u64::from(hub.stats.mqtt)));
    let requests = group("http").into_iter().flatten().filter(|(name, _)| *name != "total");
    let requests = requests.map(|(name, value)| labelled("route", name, *value));
    family(out_ref, "http_requests_total", "counter", "Requests of the HTTP interface by kind.", requests);
    let queue = |queue: Queue| format!("{{queue=\"{}\"}}", format!("{queue:?}").to_lowercase());
    let jobs = || Queue::ALL.into_iter().map(|kind| (queue(kind), hub.jobs.figures(kind)));
    let open = jobs().map(|(labels, (open, _))| (labels, u64::from(open)));
    family(out_ref, "jobs_waiting", "gauge", "Jobs for workers that wait or run.", open);
    let done = jobs().map(|(labels, (_, done))| (labels, u64::from(done)));
    family(out_ref, "jobs_done_total", "counter", "Jobs that workers have done.", done);
    family(out_ref, "saves_total", "counter", "Accounts that were written.", one(u64::from(hub.saving.saves)));
    let failures = one(u64::from(hub.saving.failures));
    family(out_ref, "save_failures_total", "counter", "Accounts that could not be written.", failures);
    let saved_at = one(u64::try_from(hub.saving.saved_at / 1000).unwrap_or(0));
    family(out_ref, "last_save_seconds", "gauge", "When an account was last written, seconds since 1970.", saved_at);
    let written = hub.history.written;
    let help = "Appends to history files, and saves of unfinished averages.";
    family(out_ref, "history_writes_total", "counter", help, one(u64::from(written.writes)));
    family(out_ref, "history_written_bytes_total", "counter", "Bytes of these.", one(written.bytes));
    let until = one(u64::try_from(hub.certificate.until).unwrap_or(0));
    family(out_ref, "certificate_end_seconds", "gauge", "When the TLS certificate ends, seconds since 1970.", until);
    if let Some(databases) = &hub.databases {
        lanes(out_ref, databases);
    }
    family(out_ref, "admin_sessions", "gauge", "Sessions of administrators.", one(hub.sessions.len() as u64));
    out
}

fn lanes(out: &mut String, databases: &Databases) {
    let lanes = databases.lanes().map(|(name, lane)| (format!("{{database=\"{name}\"}}"), lane.figures()));
    let mut one = |name: &str, kind: &str, help: &str, figure: fn(&Lane) -> u32| {
        family(out, name, kind, help, lanes.iter().map(|(labels, lane)| (labels.clone(), u64::from(figure(lane)))));
    };
    one("database_connected", "gauge", "Whether the database is there.", |lane| lane.connected.into());
    one("database_rows_waiting", "gauge", "Rows that are not stored yet.", |lane| lane.waiting_rows);
    one("database_rows_stored_total", "counter", "Rows that were stored; wraps at 2^32.", |lane| lane.stored);
    one("database_rows_refused_total", "counter", "Rows that the database did not take.", |lane| lane.failed);
    one("database_rows_dropped_total", "counter", "Rows that are lost, since too many waited.", |lane| lane.dropped);
}

fn connections(hub: &Hub) -> Vec<(String, u64)> {
    let mut kinds = [("app", 0), ("device_tcp", 0), ("device_websocket", 0), ("device_mqtt", 0), ("new", 0)];
    for (_, connection) in hub.connections.iter() {
        let kind = match (connection.peer, connection.outbox.framing()) {
            (Peer::App(_), _) => 0,
            (Peer::Hardware(_), Framing::HardwareWebSocket) => 2,
            (Peer::Hardware(_), Framing::Mqtt) => 3,
            (Peer::Hardware(_), _) => 1,
            (Peer::New { .. }, _) => 4,
        };
        kinds[kind].1 += 1;
    }
    kinds.map(|(kind, count)| (format!("{{kind=\"{kind}\"}}"), count)).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::request::{testing::request, Method};
    use crate::hub::testing;
    use crate::wire::Command;

    #[test]
    fn figures_are_given_to_those_who_may_have_them() {
        let mut hub = testing::hub();
        let user = testing::user(&mut hub, "a@b.cc", r#"{"id":1,"devices":[{"id":0}]}"#);
        testing::app(&mut hub, user);
        hub.databases = Some(Databases::new(1000));
        hub.stats.count(Command::HARDWARE);
        let mut ask = request(Method::Get, "/metrics", &[]);
        ask.origin.address = "203.0.113.1".parse().unwrap();
        let mut config = crate::config::Config::for_tests();
        let network = crate::config::address::Network::parse("127.0.0.1").unwrap();
        config.server.metrics_allowed_ips = crate::config::address::Networks(vec![network]);
        hub.config = std::rc::Rc::new(config);
        assert_eq!(handle(&mut hub, &ask).status, 403);
        ask.origin.address = "127.0.0.1".parse().unwrap();
        let answer = handle(&mut hub, &ask);
        let text = answer.shown().1;
        for line in [
            "eyelet_connections{kind=\"app\"} 1",
            "eyelet_messages_total{command=\"hardware\"} 1",
            "eyelet_jobs_waiting{queue=\"disk\"} 0",
            "eyelet_database_connected{database=\"reporting\"} 0",
            "eyelet_database_rows_dropped_total{database=\"main\"} 0",
            "# TYPE eyelet_saves_total counter",
            "eyelet_history_writes_total 0",
        ] {
            assert!(text.lines().any(|other| other == line), "{line}\n{text}");
        }
        // Every line is a remark or a name, labels and a number.
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(name.starts_with("eyelet_") && value.parse::<u64>().is_ok(), "{line}");
        }
    }
}
