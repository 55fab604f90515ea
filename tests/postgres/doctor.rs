//! What `eyelet doctor` says about databases.

use super::common::postgres::Cluster;
use super::place;

/// The lines about databases, each with its mark.
fn lines(report: &str) -> Vec<String> {
    report.lines().filter(|line| line.contains("database test@")).map(str::to_owned).collect()
}

#[test]
fn a_doctor_looks_at_both_databases() {
    let mut cluster = Cluster::start();
    let place = place(&cluster);
    let port = cluster.port;
    let address = |name: &str| format!("test@127.0.0.1:{port}/{name}");
    let both = |mark: &str, text: &dyn Fn(&str) -> String| {
        vec![
            format!("{mark} database {}: {}", address("blynk"), text("blynk")),
            format!("{mark} reporting database {}: {}", address("blynk_reporting"), text("blynk_reporting")),
        ]
    };
    let absent = lines(&place.fails(&["doctor"], ""));
    assert_eq!(absent, both("BAD  ", &|name| format!("there is no database {name}: eyelet --init-db makes it")));

    place.ok(&["--init-db"], "");
    let found = lines(&place.ok(&["doctor"], ""));
    assert_eq!(found, both("ok   ", &|_| "it answers, all tables are there".into()));

    cluster.sql("blynk", "DROP TABLE redeem, purchase");
    let found = lines(&place.ok(&["doctor"], ""));
    assert!(
        found[0].starts_with("note ") && found[0].ends_with("will make the tables redeem, purchase"),
        "the owner of the database makes tables: {found:?}"
    );
    cluster.sql("blynk", "ALTER DATABASE blynk OWNER TO admin; REVOKE CREATE ON SCHEMA public FROM PUBLIC, test");
    let found = lines(&place.fails(&["doctor"], ""));
    assert!(
        found[0].ends_with("the tables redeem, purchase are missing and this login may not make them"),
        "{found:?}"
    );
    assert!(found[1].starts_with("ok "), "{found:?}");

    let properties = cluster.properties();
    let wrong = properties.replace("\npassword=test", "\npassword=wr0ng");
    std::fs::write(place.path().join("db.properties"), &wrong).unwrap();
    let report = place.fails(&["doctor"], "");
    assert!(lines(&report)[0].contains("the user test is not let in, is the password right?"), "{report}");
    assert!(!report.contains("wr0ng"), "{report}");

    std::fs::write(place.path().join("db.properties"), properties).unwrap();
    cluster.stop();
    let found = lines(&place.fails(&["doctor"], ""));
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|line| line.starts_with("BAD ") && line.contains("it cannot be reached: ")), "{found:?}");
}
