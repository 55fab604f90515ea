//! Users, tokens and history in a real PostgreSQL, which is stopped and started as real ones are.
#![cfg(feature = "postgres")]

mod common;
#[path = "postgres/connecting.rs"]
mod connecting;
#[path = "postgres/doctor.rs"]
mod doctor;
#[path = "postgres/history.rs"]
mod history;
#[path = "postgres/publishing.rs"]
mod publishing;

use common::app::{Answer, App, OK};
use common::postgres::Cluster;
use common::{eventually, Place};

const CREATE_DASH: u8 = 21;
const DELETE_DASH: u8 = 23;
const CREATE_DEVICE: u8 = 42;
const REFRESH_TOKEN: u8 = 9;
const GET_ENERGY: u8 = 36;
const ADD_ENERGY: u8 = 37;
const REDEEM: u8 = 3;
const GET_CLONE_CODE: u8 = 62;
const GET_PROJECT_BY_CLONE_CODE: u8 = 63;
const ASSIGN_TOKEN: u8 = 39;
const GET_PROJECT_BY_TOKEN: u8 = 58;
const NOT_ALLOWED: u32 = 6;

/// A place whose servers use the cluster and save accounts every half second.
fn place(cluster: &Cluster) -> Place {
    let place = Place::new("enable.db=true\nprofile.save.worker.period=500");
    std::fs::write(place.path().join("db.properties"), cluster.properties()).unwrap();
    place
}

fn account(place: &Place, email: &str) -> App {
    let mut app = App::connect(place.https);
    assert_eq!(app.register(email, "pw"), OK);
    assert_eq!(app.login(email, "pw"), OK);
    app
}

fn postgres_log(place: &Place) -> String {
    std::fs::read_to_string(place.path().join("logs/postgres.log")).unwrap_or_default()
}

/// Columns of a table with types, keys last.
fn columns(cluster: &Cluster, database: &str, table: &str) -> String {
    cluster.sql(
        database,
        &format!(
            "SELECT string_agg(column_name || ' ' || udt_name, ',' ORDER BY ordinal_position) || '; ' || \
             (SELECT string_agg(k.column_name, ',' ORDER BY k.ordinal_position) FROM information_schema.key_column_usage k \
              WHERE k.table_name = '{table}') FROM information_schema.columns WHERE table_name = '{table}'"
        ),
    )
}

#[test]
fn init_db_makes_what_is_missing_and_keeps_what_is_there() {
    let cluster = Cluster::start();
    let place = place(&cluster);
    let said = place.ok(&["--init-db"], "");
    assert!(
        said.contains("database made") && said.contains("reporting_raw_data") && !said.contains("test:test"),
        "{said}"
    );
    for (database, table, wanted) in [
        (
            "blynk",
            "users",
            "email text,appname text,region text,ip text,name text,pass text,last_modified timestamp,last_logged timestamp,\
             last_logged_ip text,is_facebook_user bool,is_super_admin bool,energy int4,json text; email,appname",
        ),
        (
            "blynk",
            "redeem",
            "token bpchar,company text,isredeemed bool,reward int4,email text,version int4,ts timestamp; token",
        ),
        (
            "blynk",
            "flashed_tokens",
            "token bpchar,app_name text,email text,project_id int4,device_id int4,is_activated bool,ts timestamp; \
             token,app_name",
        ),
        ("blynk", "cloned_projects", "token bpchar,ts timestamp,json text; token"),
        (
            "blynk",
            "purchase",
            "email text,reward int4,transactionid text,price float8,ts timestamp; email,transactionid",
        ),
        (
            "blynk",
            "forwarding_tokens",
            "token bpchar,host text,email text,project_id int4,device_id int4,ts timestamp; token,host",
        ),
        (
            "blynk_reporting",
            "reporting_raw_data",
            "email text,project_id int4,device_id int4,pin int2,pintype bpchar,ts timestamp,stringvalue text,\
             doublevalue float8; email,project_id,device_id,pin,pintype,ts",
        ),
        (
            "blynk_reporting",
            "reporting_average_daily",
            "email text,project_id int4,device_id int8,pin int2,pin_type int2,ts timestamptz,value float8; \
             email,project_id,device_id,pin,pin_type,ts",
        ),
    ] {
        assert_eq!(columns(&cluster, database, table), wanted);
    }
    let commands = columns(&cluster, "blynk_reporting", "reporting_app_command_stat_minute");
    assert!(commands.starts_with("region text,ts timestamp,response int4,register int4,"), "{commands}");
    assert!(commands.ends_with(",apptotal int4,hardtotal int4; region,ts"), "{commands}");
    assert_eq!(cluster.sql("blynk", "SELECT count(*) FROM pg_roles WHERE rolname = 'readaccess'"), "1");
    assert_eq!(cluster.sql("blynk", "SELECT has_table_privilege('readaccess', 'users', 'SELECT')"), "t");

    cluster.sql(
        "blynk",
        "ALTER TABLE users ADD extra text; INSERT INTO redeem (token) VALUES ('kept'); DROP TABLE purchase",
    );
    let said = place.ok(&["--init-db"], "");
    assert!(said.contains("tables made: purchase") && said.contains("all tables are there"), "{said}");
    assert!(columns(&cluster, "blynk", "users").contains("extra text"));
    assert_eq!(cluster.sql("blynk", "SELECT count(*) FROM redeem"), "1");
}

#[test]
fn without_a_database_init_db_says_so() {
    let mut cluster = Cluster::start();
    let place = place(&cluster);
    cluster.stop();
    let said = place.fails(&["--init-db"], "");
    assert!(said.contains("test@127.0.0.1:") && said.contains("refused"), "{said}");
}

#[test]
fn accounts_tokens_and_purchases_are_rows() {
    let cluster = Cluster::start();
    let place = place(&cluster);
    place.ok(&["--init-db"], "");
    cluster.sql(
        "blynk",
        "INSERT INTO redeem (token, company, reward) VALUES ('8f0c2a', 'Acme', 500), ('other', 'Acme', 100)",
    );
    let mut server = place.start();
    let mut app = account(&place, "a@example.com");
    let mut other = account(&place, "b@example.com");

    let user =
        "SELECT region, ip, name, last_modified > now() AT TIME ZONE 'UTC' - interval '1 minute', last_logged_ip, \
        is_facebook_user, is_super_admin, energy, json FROM users WHERE email = 'a@example.com' AND appName = 'Blynk'";
    let wanted = "local|127.0.0.1|a@example.com|t|127.0.0.1|f|f|";
    assert_eq!(app.ask(CREATE_DASH, r#"{"id":1,"name":"Pond"}"#), OK);
    let row = eventually("the project is in its row", || {
        cluster.try_sql("blynk", user).ok().filter(|row| row.contains("Pond"))
    });
    assert!(row.starts_with(wanted) && !row.contains("pass"), "{row}");

    // Tokens: a new one, another one in its place, and none.
    let device = app.get(CREATE_DEVICE, "1\0{\"id\":1,\"name\":\"D\",\"boardType\":\"ESP8266\"}");
    let device: serde_json::Value = serde_json::from_slice(&device).unwrap();
    let tokens = "SELECT token, host, email, project_id, device_id FROM forwarding_tokens ORDER BY token";
    let row = |token: &str| format!("{token}|127.0.0.1|a@example.com|1|1");
    cluster.shows("blynk", tokens, &row(device["token"].as_str().unwrap()));
    let token = String::from_utf8(app.get(REFRESH_TOKEN, "1\x001")).unwrap();
    cluster.shows("blynk", tokens, &row(&token));
    assert_eq!(app.ask(DELETE_DASH, "1"), OK);
    cluster.shows("blynk", tokens, "");

    // Energy.
    let energy = |app: &mut App| String::from_utf8(app.get(GET_ENERGY, "")).unwrap().parse::<i32>().unwrap();
    let before = energy(&mut app);
    for (code, status, gain) in [("8f0c2a", OK, 500), ("8f0c2a", OK, 500), ("none", NOT_ALLOWED, 500)] {
        assert_eq!(app.ask(REDEEM, code), status, "{code}");
        assert_eq!(energy(&mut app) - before, gain);
    }
    assert_eq!(other.ask(REDEEM, "8f0c2a"), NOT_ALLOWED);
    let redeemed = "SELECT isRedeemed, email, version, ts IS NULL FROM redeem ORDER BY token";
    assert_eq!(cluster.sql("blynk", redeemed), "t|a@example.com|2|f\nf||1|t");
    for transaction in ["GPA.1", "GPA.1", "AdColonyAward"] {
        assert_eq!(app.ask(ADD_ENERGY, &format!("1000\0{transaction}")), OK);
    }
    let purchases = "SELECT email, reward, transactionId, price FROM purchase";
    cluster.shows("blynk", purchases, "a@example.com|1000|GPA.1|0.99");
    let row = "SELECT count(*) FROM users WHERE email = 'a@example.com'";
    cluster.shows("blynk", &row.replace("count(*)", "energy"), &(before + 3500).to_string());

    place.ok(&["user", "del", "a@example.com"], "");
    cluster.shows("blynk", row, "0");
    assert!(server.stop().success());
    let log = postgres_log(&place);
    assert!(log.contains("Connected to test@127.0.0.1") && !log.contains("ERROR") && !log.contains(&token), "{log}");
}

#[test]
fn clones_are_rows_and_old_files_are_still_found() {
    let cluster = Cluster::start();
    let place = place(&cluster);
    let mut server = place.start();
    let mut app = account(&place, "a@example.com");
    assert_eq!(app.ask(CREATE_DASH, r#"{"id":1,"name":"Pond"}"#), OK);
    // Nobody made the tables, and the login cannot make databases that are missing: the files are not used instead.
    assert_eq!(app.ask(GET_CLONE_CODE, "1"), 19);
    place.ok(&["--init-db"], "");
    let code = eventually("the database is found", || {
        let asked = app.send(GET_CLONE_CODE, "1");
        match app.receive().unwrap() {
            Answer::Message { id, body, .. } if id == asked => String::from_utf8(body).ok(),
            _ => None,
        }
    });
    assert!(cluster.sql("blynk", &format!("SELECT json FROM cloned_projects WHERE token = '{code}'")).contains("Pond"));
    let zipped = app.get(GET_PROJECT_BY_CLONE_CODE, &code);
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::ZlibDecoder::new(&zipped[..]), &mut text).unwrap();
    assert!(text.contains("Pond"));
    let file = "fxA0Kd3mQ7w_Zr9TnB2cL5hVyE8sG-1p";
    std::fs::write(place.data().join("clone").join(file), r#"{"id":1,"name":"Old"}"#).unwrap();
    assert!(!app.get(GET_PROJECT_BY_CLONE_CODE, file).is_empty());
    assert_eq!(app.ask(GET_PROJECT_BY_CLONE_CODE, &"x".repeat(32)), 19);
    assert!(server.stop().success());
}

#[test]
fn flashed_tokens_are_rows() {
    let cluster = Cluster::start();
    let place = place(&cluster);
    place.ok(&["--init-db"], "");
    let (token, other) = ("fxA0Kd3mQ7w_Zr9TnB2cL5hVyE8sG-1p", "gxA0Kd3mQ7w_Zr9TnB2cL5hVyE8sG-1p");
    for (token, device) in [(token, 1), (other, 7)] {
        cluster.sql(
            "blynk",
            &format!(
                "INSERT INTO flashed_tokens (token, app_name, email, project_id, device_id) \
                 VALUES ('{token}', 'blynkfarm', 'a@example.com', 1, {device})"
            ),
        );
    }
    let mut server = place.start();
    let mut app = account(&place, "a@example.com");
    assert_eq!(app.ask(CREATE_DASH, r#"{"id":1,"name":"Pond"}"#), OK);
    app.get(CREATE_DEVICE, "1\0{\"id\":1,\"name\":\"D\",\"boardType\":\"ESP8266\"}");
    assert!(!app.get(GET_PROJECT_BY_TOKEN, token).is_empty());
    assert_eq!(app.ask(GET_PROJECT_BY_TOKEN, &"x".repeat(32)), NOT_ALLOWED);
    for (token, status) in [(token, OK), (token, NOT_ALLOWED), (other, NOT_ALLOWED), ("none", NOT_ALLOWED)] {
        assert_eq!(app.ask(ASSIGN_TOKEN, &format!("1\0{token}")), status, "{token}");
    }
    let taken = "SELECT is_activated, ts IS NULL FROM flashed_tokens ORDER BY token";
    assert_eq!(cluster.sql("blynk", taken), "t|f\nf|t");
    cluster.shows("blynk", "SELECT token, device_id FROM forwarding_tokens", &format!("{token}|1"));
    assert!(server.stop().success());
}

#[test]
fn accounts_are_restored_from_the_database() {
    let mut cluster = Cluster::start();
    let old = place(&cluster);
    old.ok(&["--init-db"], "");
    let mut server = old.start();
    let mut app = account(&old, "a@example.com");
    account(&old, "far@example.com");
    assert_eq!(app.ask(CREATE_DASH, r#"{"id":1,"name":"Pond"}"#), OK);
    // The end of a server stores what the saver has not sent yet.
    assert!(server.stop().success());
    assert_eq!(cluster.sql("blynk", "SELECT count(*) FROM users WHERE json LIKE '%Pond%'"), "1");
    cluster.sql("blynk", "UPDATE users SET region = 'far' WHERE email = 'far@example.com'");

    let new = place(&cluster);
    let mut server = new.start_with(&["-restore"], &[]);
    server.wait_for("accounts restored from the database.");
    assert!(server.said.iter().any(|line| line.starts_with("2 accounts")), "with the administrator: {:?}", server.said);
    let mut app = App::connect(new.https);
    assert_eq!(app.login("a@example.com", "pw"), OK);
    assert_ne!(App::connect(new.https).login("far@example.com", "pw"), OK);
    let file = new.data().join("a@example.com.Blynk.user");
    eventually("the account is in a file", || std::fs::read_to_string(&file).ok().filter(|text| text.contains("Pond")));
    assert!(server.stop().success());
    let mut server = new.start();
    assert_eq!(App::connect(new.https).login("a@example.com", "pw"), OK);
    assert!(server.stop().success());

    cluster.stop();
    let output = new.run(&["-restore"], "");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success() && said.contains("Error restoring data from DB!"), "{said}");
}

#[test]
fn a_database_that_comes_late_and_goes_away_gets_everything() {
    let mut cluster = Cluster::start();
    let place = place(&cluster);
    place.ok(&["--init-db"], "");
    cluster.stop();
    let mut server = place.start();
    let mut app = account(&place, "a@example.com");
    assert_eq!(app.ask(CREATE_DASH, r#"{"id":1,"name":"Early"}"#), OK);
    assert_eq!(app.ask(ADD_ENERGY, "1000\0GPA.1"), OK);
    assert_eq!(app.ask(REDEEM, "8f0c2a"), NOT_ALLOWED);
    cluster.resume();
    let json = "SELECT json LIKE '%Early%', json LIKE '%Late%' FROM users WHERE email = 'a@example.com'";
    cluster.shows("blynk", json, "t|f");
    cluster.shows("blynk", "SELECT count(*) FROM purchase", "1");
    cluster.stop();
    assert_eq!(app.ask(CREATE_DASH, r#"{"id":2,"name":"Late"}"#), OK);
    for i in 0..20 {
        assert_eq!(app.ask(ADD_ENERGY, &format!("200\0GPA.2.{i}")), OK);
    }
    cluster.resume();
    cluster.shows("blynk", json, "t|t");
    cluster.shows("blynk", "SELECT count(*) FROM purchase", "21");

    // What a server could not store before its end, the next one does.
    cluster.stop();
    assert_eq!(app.ask(CREATE_DASH, r#"{"id":3,"name":"Last"}"#), OK);
    assert!(server.stop().success());
    let log = postgres_log(&place);
    assert!(log.contains("no connection") && log.contains("are not stored"), "{log}");
    cluster.resume();
    let mut server = place.start();
    cluster.shows("blynk", &json.replace("Late", "Last"), "t|t");
    assert!(server.stop().success());
}
