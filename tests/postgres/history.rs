//! Averages, raw values and statistics in their tables: a hub whose clock is moved by hand, and the real workers.

use super::common::eventually;
use super::common::postgres::Cluster;
use eyelet::config::{Config, DbConfig};
use eyelet::database::{self, Workers};
use eyelet::hub::pins::PinWrite;
use eyelet::hub::{Clock, DeviceRef, Hub, HubHandle, Job, Jobs};
use eyelet::model::json::Reading;
use eyelet::model::User;
use std::rc::Rc;
use std::time::Duration;
use tempfile::TempDir;

const MINUTE: i64 = 60_000;
/// A full minute: 2023-11-14 22:14:00 UTC.
const START: i64 = 1_700_000_040_000;
const REPORTING: &str = "blynk_reporting";
const USER: &str = r#"{"email":"a@b.cc","appName":"Blynk","profile":{"dashBoards":[{"id":1,
    "devices":[{"id":0,"token":"t"}],"widgets":[{"type":"ENHANCED_GRAPH","id":9,"dataStreams":[
    {"targetId":0,"pin":{"pin":5,"pinType":"VIRTUAL"}},{"targetId":0,"pin":{"pin":6,"pinType":"VIRTUAL"}}]}]}]}}"#;

/// A server without sockets.
struct Server {
    hub: Hub,
    workers: Option<Workers>,
    device: DeviceRef,
    _folder: TempDir,
}

impl Server {
    fn start(databases: DbConfig) -> Server {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.server.enable_raw_db_data_store = true;
        config.server.region = "local".into();
        // Tables do not wait for files.
        config.server.history_write_period = 60;
        let mut hub = Hub::new(Rc::new(config), Clock::manual(START), Jobs::kept());
        let (handle, _) = HubHandle::new();
        let workers = Workers::start(&databases, handle.inbox()).unwrap();
        hub.databases = Some(workers.databases());
        hub.history.open(folder.path().join("data"));
        let user = User::from_file(USER, User::default(), &Reading::strict()).unwrap().unwrap();
        let user = hub.add_user(user);
        hub.catch_up_database();
        hub.schedule_flushes();
        hub.schedule_stats();
        Server { hub, workers: Some(workers), device: DeviceRef { user, dash: 1, device: 0 }, _folder: folder }
    }

    fn write(&mut self, body: &str) {
        let write = PinWrite::parse(body).unwrap().unwrap();
        self.hub.pin_written(None, self.device, write).unwrap();
        self.hub.clock.advance(Duration::from_millis(1));
    }

    /// Moves the clock and does what is due.
    fn wait(&mut self, ms: i64) {
        self.hub.clock.advance(Duration::from_millis(ms as u64));
        self.hub.run_due();
        for (_, job) in self.hub.jobs.take_kept() {
            if let Job::Work(work) = job {
                work()(&mut self.hub);
            }
        }
    }

    fn end(&mut self) {
        self.hub.end_history();
        self.workers.take().unwrap().finish();
    }
}

fn cluster() -> (Cluster, DbConfig) {
    let cluster = Cluster::start();
    let config = cluster.config();
    database::init(&config).unwrap();
    (cluster, config)
}

#[test]
fn values_averages_and_statistics_are_rows_of_their_minute() {
    let (cluster, config) = cluster();
    // One row is there already, one value is refused: all others are stored.
    cluster.sql(
        REPORTING,
        "INSERT INTO reporting_average_minute VALUES ('a@b.cc', 1, 0, 6, 1, '2023-11-14 22:14:00+00', 77); \
         ALTER TABLE reporting_raw_data ADD CHECK (stringValue <> 'bad')",
    );
    let mut server = Server::start(config);
    server.hub.stats.mqtt = 3;
    for body in ["vw\x005\x001", "vw\x005\x002", "vw\x006\x008", "dw\x002\x00on", "aw\x003\x00bad", "vw\x007\x001\x002"]
    {
        server.write(body);
    }
    server.wait(MINUTE);
    let minutes = "SELECT email, project_id, device_id, pin, pin_type, extract(epoch FROM ts)::int8, value \
        FROM reporting_average_minute ORDER BY pin";
    cluster.shows(REPORTING, minutes, "a@b.cc|1|0|5|1|1700000040|1.5\na@b.cc|1|0|6|1|1700000040|77");
    let raw = "SELECT pinType, pin, (extract(epoch FROM ts) * 1000)::int8, stringValue, doubleValue \
        FROM reporting_raw_data ORDER BY ts";
    cluster.shows(
        REPORTING,
        raw,
        "v|5|1700000040000||1\nv|5|1700000040001||2\nv|6|1700000040002||8\nd|2|1700000040003|on|\nv|7|1700000040005|1 2|",
    );
    let statistics = "SELECT s.region, extract(epoch FROM s.ts)::int8, registrations, hardTotal, total \
        FROM reporting_app_stat_minute s JOIN reporting_app_command_stat_minute USING (region, ts) \
        JOIN reporting_http_command_stat_minute USING (region, ts)";
    cluster.shows(REPORTING, statistics, "local|1700000100|1|3|0");
    let figures = server.hub.databases.as_ref().unwrap().reporting.figures();
    assert_eq!((figures.failed, figures.dropped), (1, 0));
    server.wait(2 * 60 * MINUTE);
    cluster.shows(REPORTING, "SELECT value FROM reporting_average_hourly ORDER BY pin", "1.5\n8");
    server.end();
}

#[test]
fn old_rows_go_only_when_that_is_wanted() {
    let (cluster, mut config) = cluster();
    let old = |minutes: i64| format!("to_timestamp({})", START / 1000 + 60 - 60 * minutes);
    let insert = |table: &str, minutes: i64| {
        let at = old(minutes);
        format!("INSERT INTO reporting_average_{table} VALUES ('o@b.cc', 1, 0, 5, 1, {at}, {minutes});")
    };
    let rows: String =
        [("minute", 1442), ("minute", 1440), ("hourly", 2162 * 60), ("hourly", 2160 * 60), ("daily", 5000 * 60)]
            .map(|(table, minutes)| insert(table, minutes))
            .concat();
    cluster.sql(REPORTING, &rows);
    let left = "SELECT string_agg(value::text, ' ' ORDER BY value) FROM (SELECT value FROM reporting_average_minute \
        UNION ALL SELECT value FROM reporting_average_hourly UNION ALL SELECT value FROM reporting_average_daily) all_rows";
    config.clean_reporting = false;
    let mut server = Server::start(config.clone());
    server.wait(MINUTE);
    server.end();
    assert_eq!(cluster.sql(REPORTING, left), "1440 1442 129600 129720 300000");
    config.clean_reporting = true;
    let mut server = Server::start(config);
    server.wait(MINUTE);
    server.end();
    assert_eq!(cluster.sql(REPORTING, left), "1440 129600 300000");
}

#[test]
fn nothing_is_lost_while_the_database_is_away() {
    let (mut cluster, config) = cluster();
    let mut server = Server::start(config);
    let count = "SELECT (SELECT count(*) FROM reporting_average_minute), (SELECT count(*) FROM reporting_raw_data), \
        (SELECT count(*) FROM reporting_app_stat_minute)";
    server.write("vw\x005\x001");
    server.wait(MINUTE);
    cluster.shows(REPORTING, count, "1|1|1");
    cluster.stop();
    for minute in 0..3 {
        for value in 0..1500 {
            server.write(&format!("vw\x005\x00{}", minute * 1500 + value));
        }
        server.wait(MINUTE);
    }
    let lane = server.hub.databases.as_ref().unwrap().reporting.clone();
    eventually("the worker sees that the database is away", || (!lane.figures().connected).then_some(()));
    assert!(lane.figures().waiting_rows >= 4500);
    cluster.resume();
    cluster.shows(REPORTING, count, "4|4501|4");
    assert_eq!((lane.figures().dropped, lane.figures().failed), (0, 0));
    server.end();
}

#[test]
fn the_end_of_the_program_waits_for_what_is_not_stored() {
    let (mut cluster, config) = cluster();
    let mut server = Server::start(config.clone());
    for value in 0..20_000 {
        server.write(&format!("vw\x005\x00{value}"));
    }
    server.hub.clock.advance(Duration::from_millis(MINUTE as u64));
    server.end();
    assert_eq!(cluster.sql(REPORTING, "SELECT count(*) FROM reporting_raw_data"), "20000");
    assert_eq!(cluster.sql(REPORTING, "SELECT count(*) FROM reporting_average_minute"), "1");

    // A database that is away holds nobody up.
    let mut server = Server::start(config);
    cluster.stop();
    server.write("vw\x005\x001");
    let began = std::time::Instant::now();
    server.end();
    assert!(began.elapsed() < Duration::from_secs(9));
}

#[test]
fn a_server_that_takes_nothing_is_not_stormed() {
    let (cluster, config) = cluster();
    cluster.sql("postgres", "ALTER ROLE test SET default_transaction_read_only = on");
    let mut server = Server::start(config);
    server.write("vw\x005\x001");
    server.wait(MINUTE);
    #[allow(clippy::disallowed_methods)] // A time without anything to wait for.
    std::thread::sleep(Duration::from_secs(3));
    // Pauses of 0.25, 0.5, 1 and 2 s: five connections in this time, and one of the other database.
    let sessions = "SELECT sessions FROM pg_stat_database WHERE datname = 'blynk_reporting'";
    let count: u32 = cluster.sql(REPORTING, sessions).parse().unwrap();
    assert!(count < 15, "{count}");
    cluster.sql("postgres", "ALTER ROLE test RESET default_transaction_read_only");
    cluster.shows(REPORTING, "SELECT value FROM reporting_average_minute", "1");
    server.end();
}
