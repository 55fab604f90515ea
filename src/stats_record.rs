//! The statistics record: every number about the running server, for `stats.log`, the admin pages, `/metrics` and
//! `eyelet status`.

use crate::hub::database::Write as DatabaseWrite;
use crate::hub::{Hub, Peer, Queue};
use crate::logging;
use crate::store::statistics::{self, StatsRow};
use crate::wire::Command;
use std::fmt::Write;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 3600 * 1000;

/// The fields of `commands` that are counters of commands, in their order.
const COMMANDS: [(&str, Command); 51] = [
    ("response", Command::RESPONSE),
    ("redeem", Command::REDEEM),
    ("hardwareConnected", Command::HARDWARE_CONNECTED),
    ("register", Command::REGISTER),
    ("login", Command::LOGIN),
    ("hardwareLogin", Command::HARDWARE_LOGIN),
    ("loadProfile", Command::LOAD_PROFILE_GZIPPED),
    ("appSync", Command::APP_SYNC),
    ("sharing", Command::SHARING),
    // Commands of older apps, which no counter counts: the fields are always 0, as in the reference.
    ("getToken", NEVER),
    ("ping", Command::PING),
    ("activate", Command::ACTIVATE_DASHBOARD),
    ("deactivate", Command::DEACTIVATE_DASHBOARD),
    ("refreshToken", Command::REFRESH_TOKEN),
    ("getGraphData", NEVER),
    ("exportGraphData", Command::EXPORT_GRAPH_DATA),
    ("setWidgetProperty", Command::SET_WIDGET_PROPERTY),
    ("bridge", Command::BRIDGE),
    ("hardware", Command::HARDWARE),
    ("getSharedDash", NEVER),
    ("getShareToken", Command::GET_SHARE_TOKEN),
    ("refreshShareToken", Command::REFRESH_SHARE_TOKEN),
    ("shareLogin", Command::SHARE_LOGIN),
    ("createProject", Command::CREATE_DASH),
    ("updateProject", Command::UPDATE_DASH),
    ("deleteProject", Command::DELETE_DASH),
    ("hardwareSync", Command::HARDWARE_SYNC),
    ("internal", Command::BLYNK_INTERNAL),
    ("sms", Command::SMS),
    ("tweet", Command::TWEET),
    ("email", Command::EMAIL),
    ("push", Command::PUSH_NOTIFICATION),
    ("addPushToken", Command::ADD_PUSH_TOKEN),
    ("createWidget", Command::CREATE_WIDGET),
    ("updateWidget", Command::UPDATE_WIDGET),
    ("deleteWidget", Command::DELETE_WIDGET),
    ("createDevice", Command::CREATE_DEVICE),
    ("updateDevice", Command::UPDATE_DEVICE),
    ("deleteDevice", Command::DELETE_DEVICE),
    ("getDevices", Command::GET_DEVICES),
    ("createTag", Command::CREATE_TAG),
    ("updateTag", Command::UPDATE_TAG),
    ("deleteTag", Command::DELETE_TAG),
    ("getTags", Command::GET_TAGS),
    ("addEnergy", Command::ADD_ENERGY),
    ("getEnergy", Command::GET_ENERGY),
    ("getServer", Command::GET_SERVER),
    ("connectRedirect", Command::CONNECT_REDIRECT),
    ("webSockets", Command::WEB_SOCKETS),
    ("eventor", Command::EVENTOR),
    ("webhooks", Command::WEB_HOOKS),
];

/// Not counted by anybody.
const NEVER: Command = match Command::from_byte(Command::LIMIT - 1) {
    Some(command) => command,
    None => Command::RESPONSE,
};

/// The fields of `http`, in their order.
const REQUESTS: [(&str, Command); 10] = [
    ("isHardwareConnected", Command::HTTP_IS_HARDWARE_CONNECTED),
    ("isAppConnected", Command::HTTP_IS_APP_CONNECTED),
    ("getPinData", Command::HTTP_GET_PIN_DATA),
    ("updatePinData", Command::HTTP_UPDATE_PIN_DATA),
    ("email", Command::HTTP_EMAIL),
    ("notify", Command::HTTP_NOTIFY),
    ("getProject", Command::HTTP_GET_PROJECT),
    ("qr", Command::HTTP_QR),
    ("getHistoryPinData", Command::HTTP_GET_HISTORY_DATA),
    ("total", Command::HTTP_TOTAL),
];

/// Names and numbers, in the order in which they are shown.
pub type Figures = Vec<(&'static str, u64)>;

/// All figures of one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatsRecord {
    /// The groups `commands`, `http`, `ioStat` and `memoryStat`.
    pub groups: Vec<(&'static str, Figures)>,
    /// What stands behind the groups: `oneMinRate` to `totalOnlineHards`.
    pub totals: Figures,
}

impl StatsRecord {
    /// The figures of now. Commands and requests are those since the last record in the log, or, with `since_start`, all.
    pub fn of(hub: &Hub, since_start: bool) -> Self {
        let count = |(name, command): &(&'static str, Command)| {
            let count = if since_start { hub.stats.counted(*command) } else { hub.stats.since_record(*command) };
            (*name, u64::from(count))
        };
        let mut commands: Figures = COMMANDS.iter().map(count).collect();
        let (apps, mqtt) = if since_start { (hub.stats.apps, hub.stats.mqtt) } else { hub.stats.totals_since_record() };
        commands.extend([("appTotal", u64::from(apps)), ("mqttTotal", u64::from(mqtt))]);
        StatsRecord {
            groups: vec![
                ("commands", commands),
                ("http", REQUESTS.iter().map(count).collect()),
                ("ioStat", work(hub)),
                ("memoryStat", vec![("heapBytes", memory_bytes()), ("directBytes", buffer_bytes(hub))]),
            ],
            totals: totals(hub),
        }
    }

    /// A figure by its group (empty for the totals) and name.
    pub fn get(&self, group: &str, name: &str) -> Option<u64> {
        let figures = match self.groups.iter().find(|(key, _)| *key == group) {
            Some((_, figures)) => figures,
            None => &self.totals,
        };
        figures.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
    }

    /// As a row of the tables of a database.
    pub fn row(&self, region: String, ts: i64) -> StatsRow {
        let number = |group: &str, column: &str| {
            let value = self.get(group, &figure(group, column)).unwrap_or(0);
            u32::try_from(value).unwrap_or(i32::MAX as u32).min(i32::MAX as u32)
        };
        StatsRow {
            region,
            ts,
            totals: statistics::TOTALS.map(|column| number("", column)),
            commands: statistics::COMMANDS.map(|column| number("commands", column)),
            requests: statistics::REQUESTS.map(|column| number("http", column)),
        }
    }

    /// As JSON in several lines, as the statistics log has it.
    pub fn indented(&self) -> String {
        let mut text = String::with_capacity(2560);
        text.push_str("{\n");
        for (name, figures) in &self.groups {
            let _ = writeln!(text, "  \"{name}\" : {{");
            lines(&mut text, "    ", figures);
            text.push_str("  },\n");
        }
        lines(&mut text, "  ", &self.totals);
        text.push('}');
        text
    }

    /// As JSON in one line.
    pub fn compact(&self) -> String {
        let mut text = String::with_capacity(2048);
        text.push('{');
        for (name, figures) in &self.groups {
            let _ = write!(text, "\"{name}\":{{");
            pairs(&mut text, figures);
            text.push_str("},");
        }
        pairs(&mut text, &self.totals);
        text.push('}');
        text
    }
}

/// The figure that a column of the statistics tables has: mostly its name in camel case.
fn figure(group: &str, column: &str) -> String {
    let other = match (group, column) {
        ("", "minute_rate") => "oneMinRate",
        ("commands", "get_share_dash") => "getSharedDash",
        ("commands", "hardTotal") => "mqttTotal",
        ("http", "update_pin") => "updatePinData",
        ("http", "push") => "notify",
        _ => "",
    };
    if !other.is_empty() {
        return other.to_owned();
    }
    let mut name = String::with_capacity(column.len());
    for (i, word) in column.split('_').enumerate() {
        let (first, rest) = word.split_at(usize::from(i > 0).min(word.len()));
        name.push_str(&first.to_ascii_uppercase());
        name.push_str(rest);
    }
    name
}

fn lines(text: &mut String, indent: &str, figures: &Figures) {
    for (i, (name, value)) in figures.iter().enumerate() {
        let comma = if i + 1 < figures.len() { "," } else { "" };
        let _ = writeln!(text, "{indent}\"{name}\" : {value}{comma}");
    }
}

fn pairs(text: &mut String, figures: &Figures) {
    for (i, (name, value)) in figures.iter().enumerate() {
        let comma = if i > 0 { "," } else { "" };
        let _ = write!(text, "{comma}\"{name}\":{value}");
    }
}

/// Jobs that wait or run, and jobs done since start. The reference's pools and this server's queues are not the same:
/// messaging is the network's, reporting the data folder's.
fn work(hub: &Hub) -> Figures {
    let jobs = |queue| {
        let (waiting, done) = hub.jobs.figures(queue);
        (u64::from(waiting), u64::from(done))
    };
    let (messaging, history) = (jobs(Queue::Network), jobs(Queue::History));
    let (disk, webhook, mail) = (jobs(Queue::Disk), jobs(Queue::Webhook), jobs(Queue::Mail));
    let databases = hub.databases.iter().flat_map(|databases| databases.lanes()).map(|(_, lane)| lane.figures());
    let database = databases.fold((0, 0), |sum, lane| (sum.0 + u64::from(lane.waiting), sum.1 + u64::from(lane.done)));
    let reports = hub.planned_reports() as u64;
    vec![
        ("messagingActiveTasks", messaging.0 + mail.0 + webhook.0),
        ("messagingExecutedTasks", messaging.1 + mail.1 + webhook.1),
        ("historyActiveTasks", history.0),
        ("historyExecutedTasks", history.1),
        ("dbActiveTasks", database.0),
        ("dbExecutedTasks", database.1),
        ("reportingActiveTasks", disk.0),
        ("reportingExecutedTasks", disk.1),
        // Needs no work of its own here.
        ("getServerActiveTasks", 0),
        ("getServerExecutedTasks", 0),
        ("reportsActive", reports),
        ("reportsExecuted", u64::from(hub.stats.reports)),
        ("reportsFutureMapSize", reports),
    ]
}

fn totals(hub: &Hub) -> Figures {
    let now = hub.now();
    let (mut day, mut week, mut month) = (0, 0, 0);
    let (mut connected, mut app_users, mut hardware_users) = (0, 0, 0);
    for (_, account) in hub.users.iter() {
        let (apps, hardware) = (!account.apps.is_empty(), !account.hardware.is_empty());
        app_users += u64::from(apps);
        hardware_users += u64::from(hardware);
        connected += u64::from(apps && hardware);
        let profile = &account.user.profile;
        let mut devices = profile.dashboards.iter().flat_map(|dash| &dash.devices);
        // Only those who were here since the start count.
        let was_here = apps
            || hardware
            || account.user.last_logged_at >= hub.started_at
            || devices.any(|device| device.connect_time >= hub.started_at);
        if !was_here {
            continue;
        }
        let projects = profile.dashboards.iter().map(|dash| dash.updated_at);
        let changed = projects.fold(account.user.last_modified_ts, i64::max);
        let age = now.saturating_sub(changed);
        day += u64::from(age < DAY_MS);
        week += u64::from(age < 7 * DAY_MS);
        month += u64::from(age < 30 * DAY_MS);
    }
    let (mut apps, mut hardware) = (0, 0);
    for (_, connection) in hub.connections.iter() {
        match connection.peer {
            Peer::App(_) => apps += 1,
            Peer::Hardware(_) => hardware += 1,
            Peer::New { .. } => {}
        }
    }
    vec![
        ("oneMinRate", hub.stats.rate() as u64),
        ("registrations", hub.users.len() as u64),
        ("active", day),
        ("activeWeek", week),
        ("activeMonth", month),
        ("connected", connected),
        ("onlineApps", app_users),
        ("totalOnlineApps", apps),
        ("onlineHards", hardware_users),
        ("totalOnlineHards", hardware),
    ]
}

/// What waits to be sent to all peers.
fn buffer_bytes(hub: &Hub) -> u64 {
    hub.connections.iter().map(|(_, connection)| connection.outbox.waiting() as u64).sum()
}

/// Memory of this process in bytes; 0 where the system does not tell. The file is the kernel's: nothing waits for a disk.
pub fn memory_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
}

impl Hub {
    /// Writes a record to the statistics log every `stats.print.worker.period`, from now on.
    pub fn schedule_stats(&mut self) {
        let period = u64::from(self.config.server.stats_print_worker_period);
        self.after(period, |hub| {
            let record = StatsRecord::of(hub, false);
            log::info!(target: logging::STATS, "{}", record.indented());
            let ts = hub.now().div_euclid(MINUTE_MS) * MINUTE_MS;
            let region = hub.config.server.region.clone();
            hub.report(|| DatabaseWrite::Statistics(Box::new(record.row(region, ts))));
            hub.stats.recorded();
            hub.schedule_stats();
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::testing;

    #[test]
    fn a_record_has_all_fields_in_order() {
        let mut hub = testing::hub();
        hub.stats.count(Command::HARDWARE);
        let record = StatsRecord::of(&hub, false);
        let text = record.indented();
        assert!(text.starts_with("{\n  \"commands\" : {\n    \"response\" : 0,\n    \"redeem\" : 0,\n"), "{text}");
        assert!(text.contains("    \"mqttTotal\" : 0\n  },\n  \"http\" : {\n"), "{text}");
        assert!(text.ends_with("  \"totalOnlineHards\" : 0\n}"), "{text}");
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json, serde_json::from_str::<serde_json::Value>(&record.compact()).unwrap());
        assert_eq!(json["commands"].as_object().unwrap().len(), 53);
        assert_eq!((record.get("commands", "hardware"), record.get("commands", "getToken")), (Some(1), Some(0)));
        assert!(record.get("memoryStat", "heapBytes").unwrap() > 0);
        assert!(!record.compact().contains([' ', '\n']));
    }

    #[test]
    fn every_column_has_its_figure() {
        let mut hub = testing::hub();
        hub.stats.count(Command::HTTP_NOTIFY);
        hub.stats.mqtt = 7;
        let record = StatsRecord::of(&hub, false);
        for (group, columns) in
            [("", &statistics::TOTALS[..]), ("commands", &statistics::COMMANDS), ("http", &statistics::REQUESTS)]
        {
            for column in columns {
                assert!(record.get(group, &figure(group, column)).is_some(), "{column}");
            }
        }
        let row = record.row("local".into(), 0);
        assert_eq!((row.commands[49], row.requests[5]), (7, 1));
    }

    #[test]
    fn a_record_ends_its_period() {
        let mut hub = testing::hub();
        hub.schedule_stats();
        hub.stats.count(Command::HARDWARE);
        testing::advance(&mut hub, 60_000);
        assert_eq!(StatsRecord::of(&hub, false).get("commands", "hardware"), Some(0));
        assert_eq!(StatsRecord::of(&hub, true).get("commands", "hardware"), Some(1));
    }

    #[test]
    fn people_and_devices_are_counted() {
        let mut hub = testing::hub();
        let dash = r#"{"id":1,"devices":[{"id":0},{"id":1}]}"#;
        let user = testing::user(&mut hub, "a@b.cc", dash);
        testing::user(&mut hub, "b@b.cc", dash);
        hub.user_changed(user);
        testing::app(&mut hub, user);
        testing::device(&mut hub, user, 1, 0);
        testing::device(&mut hub, user, 1, 1);
        testing::connect(&mut hub, crate::hub::Framing::App);
        let record = StatsRecord::of(&hub, false);
        let figures = ["registrations", "active", "activeMonth", "connected", "onlineHards", "totalOnlineHards"];
        assert_eq!(figures.map(|name| record.get("", name).unwrap()), [2, 1, 1, 1, 1, 2]);
        assert_eq!(record.get("", "totalOnlineApps"), Some(1));
    }
}
