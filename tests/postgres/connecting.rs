//! Ways to connect: passwords in all their forms, and TLS.

use super::common::postgres::Cluster;
use eyelet::config::{JdbcUrl, Secret};
use eyelet::store::postgres::params::Params;
use eyelet::store::postgres::{Address, Client};

fn address(cluster: &Cluster, user: &str, query: &str) -> Address {
    let mut config = cluster.config();
    let url = format!("jdbc:postgresql://localhost:{}/postgres?connectTimeout=5&socketTimeout=5{query}", cluster.port);
    (config.jdbc_url, config.user) = (JdbcUrl::read(&url).unwrap(), user.into());
    config.password = Secret::new("pä:ss@w'ord");
    Address::main(&config)
}

/// Who is logged in, and whether by TLS.
fn session(address: &Address) -> Result<String, String> {
    const SQL: &str = "SELECT current_user || ' ' || ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let row = Client::connect(address).and_then(|mut client| client.first(SQL, &Params::new()));
    row.map(|row| row.unwrap().text(0).to_owned()).map_err(|error| error.to_string())
}

#[test]
fn passwords_go_in_every_form() {
    let cluster = Cluster::start();
    cluster.sql(
        "postgres",
        "CREATE ROLE scram LOGIN PASSWORD 'pä:ss@w''ord'; CREATE ROLE clear LOGIN PASSWORD 'pä:ss@w''ord'; \
         SET password_encryption = 'md5'; CREATE ROLE hashed LOGIN PASSWORD 'pä:ss@w''ord'",
    );
    cluster.write_file(
        "pg_hba.conf",
        "host all hashed all md5\nhost all clear all password\nhost all nobody all ident\nhost all all all scram-sha-256\n",
    );
    cluster.sql("postgres", "SELECT pg_reload_conf()");
    for user in ["scram", "hashed", "clear"] {
        assert_eq!(session(&address(&cluster, user, "")).as_deref(), Ok(&*format!("{user} false")));
        let wrong = Address { password: Secret::new("wrong"), ..address(&cluster, user, "") };
        let error = session(&wrong).unwrap_err();
        assert!(error.contains("28P01") && !error.contains("wrong"), "{error}");
    }
    assert!(session(&address(&cluster, "absent", "")).is_err());
    // The server keeps a plain space for the first, and nothing for the second.
    for password in ["Füße\u{a0}und Hände", "unsicht\u{ad}bar", "пароль 密码 🔑", "\u{7f}"] {
        cluster.sql("postgres", &format!("ALTER ROLE scram PASSWORD '{password}'"));
        let one = Address { password: Secret::new(password), ..address(&cluster, "scram", "") };
        assert_eq!(session(&one).as_deref(), Ok("scram false"), "{password:?}");
    }
}

#[test]
fn tls_is_used_and_checked_as_the_address_says() {
    let mut cluster = Cluster::start();
    cluster.sql("postgres", "CREATE ROLE scram LOGIN PASSWORD 'pä:ss@w''ord'");
    let modes = |cluster: &Cluster, query: &str| session(&address(cluster, "scram", query));
    assert_eq!(modes(&cluster, "&sslmode=prefer").as_deref(), Ok("scram false"));
    assert!(modes(&cluster, "&sslmode=require").unwrap_err().starts_with("TLS:"));

    let made = rcgen::generate_simple_self_signed(["db.example".to_owned()]).unwrap();
    cluster.write_file("server.crt", &made.cert.pem());
    cluster.write_file("server.key", &made.signing_key.serialize_pem());
    cluster.stop();
    cluster.settings = vec!["ssl=on".into()];
    cluster.resume();
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root.crt");
    std::fs::write(&root, made.cert.pem()).unwrap();
    let root = format!("&sslrootcert={}", root.display());
    for (query, wanted) in [
        ("", Some("scram true")),
        ("&sslmode=disable", Some("scram false")),
        ("&sslmode=require", Some("scram true")),
        // Not of an authority of the system.
        ("&sslmode=verify-ca", None),
        ("&ssl=true", None),
        (&format!("&sslmode=verify-ca{root}"), Some("scram true")),
        // The certificate is not for localhost.
        (&format!("&sslmode=verify-full{root}"), None),
    ] {
        assert_eq!(modes(&cluster, query).ok().as_deref(), wanted, "{query}");
    }
}
