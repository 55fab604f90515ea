//! Tests of loading: layers, defaults, bad values, where files are found.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::table::{Key, Kind};
use super::*;

/// Sources with these files in the working folder.
fn sources(files: &[(&str, &str)]) -> (TempDir, Sources) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
        fs::write(folder.path().join(name), text).unwrap();
    }
    let sources = Sources {
        working_folder: folder.path().to_path_buf(),
        program_folder: folder.path().join("program"),
        ..Sources::default()
    };
    (folder, sources)
}

fn server(text: &str) -> Result<Config, ConfigError> {
    let (_folder, sources) = sources(&[("server.properties", text)]);
    load(&sources)
}

/// The lines of the error of a server.properties.
fn errors(text: &str) -> Vec<String> {
    match server(text) {
        Err(ConfigError::Invalid(lines)) => lines,
        other => panic!("{other:?}"),
    }
}

fn mail(text: &str) -> Config {
    let (_folder, sources) = sources(&[("mail.properties", text)]);
    load(&sources).unwrap()
}

#[test]
fn without_files_the_shipped_values_count() {
    let (_folder, sources) = sources(&[]);
    let config = load(&sources).unwrap();
    assert_eq!((config.warnings.len(), config.files.len(), config.set.len()), (0, 0, 0));
    let server = &config.server;
    assert_eq!((server.http_port, server.https_port, server.hardware_mqtt_port), (8080, 9443, 8440));
    assert_eq!((server.user_widget_max_size_limit, server.user_profile_max_size), (20, 256));
    assert_eq!(
        (server.initial_energy, server.hard_socket_idle_timeout, server.app_socket_idle_timeout),
        (100_000, 10, 300)
    );
    assert_eq!((server.notifications_frequency_user_quota_limit, server.webhooks_response_size_limit), (5, 96));
    assert!(server.force_port_80_for_redirect && !server.force_port_80_for_csv && server.allow_store_ip);
    assert_eq!((server.region.as_str(), server.restore_host.as_str()), ("local", "blynk-cloud.com"));
    assert!(server.allowed_administrator_ips.contains("2001:db8::1".parse().unwrap()));
    assert!(server.allowed_administrator_ips.contains("1.2.3.4".parse().unwrap()));
    assert!((&config.mail, &config.sms, &config.twitter, &config.db) == (&None, &None, &None, &None));
    assert_eq!(config.push.notification_body, "Your {DEVICE_NAME} went offline.");
    assert!(!config.push.gateway_configured());
}

#[test]
fn an_empty_number_means_the_default_of_the_code() {
    let config = server("user.profile.max.size=\nhard.socket.idle.timeout= \nhourly.registrations.limit=").unwrap();
    assert_eq!(config.server.user_profile_max_size, 64);
    assert_eq!((config.server.hard_socket_idle_timeout, config.server.hourly_registrations_limit), (0, 1000));
    // Without one it is an error.
    let lines = errors("http.port=");
    assert!(
        lines[0].contains("Invalid value '' for property 'http.port'") && lines[0].ends_with(":1: integer expected")
    );
}

#[test]
fn an_empty_text_stays_empty() {
    let config = server("product.name=\nregion=\nadmin.email=\nserver.host=").unwrap();
    assert_eq!((config.server.product_name.as_str(), config.server.region.as_str()), ("", ""));
    assert_eq!(config.server.contact_email, None);
    assert_eq!(server("contact.email=").unwrap().server.contact_email.as_deref(), Some(""));
}

#[test]
fn bad_numbers_are_errors_all_at_once() {
    let lines =
        errors("#\nuser.devices.limit=many\ninitial.energy=3000000000\nhttp.port=70000\nprofile.save.worker.period=0");
    assert_eq!(lines.len(), 4, "{lines:?}");
    let text = lines.join("\n");
    for words in [
        "Invalid value 'many' for property 'user.devices.limit' in ",
        "server.properties:2: integer expected",
        "server.properties:3: integer expected",
        "server.properties:4: integer from 0 to 65535 expected",
        "server.properties:5: integer from 1 to 2147483647 expected",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
}

#[test]
fn blanks_and_signs_of_numbers() {
    let config =
        server("user.dashboard.max.limit=1 \nuser.devices.limit=+7\nallow.store.ip=tRUE \nenable.db=yes").unwrap();
    assert_eq!((config.server.user_dashboard_max_limit, config.server.user_devices_limit), (1, 7));
    assert!(config.server.allow_store_ip && !config.server.enable_db);
    assert_eq!(config.mistakes.len(), 1);
    assert!(config.mistakes[0].contains("Value 'yes' of property 'enable.db'"), "{:?}", config.mistakes);
}

#[test]
fn a_limit_out_of_range_is_the_nearest_one() {
    let config = server("user.message.quota.limit=-1").unwrap();
    assert_eq!(config.server.user_message_quota_limit, 0);
    assert!(config.mistakes[0].ends_with("is out of range: 0 is used"));
}

#[test]
fn a_queue_of_bad_sizes_is_ignored() {
    let config = server("async.logger.ring.buffer.size=big").unwrap();
    assert_eq!(config.server.async_logger_ring_buffer_size, 2048);
    assert!(config.mistakes[0].ends_with("; '2048' is used"), "{:?}", config.mistakes);
}

#[test]
fn log_levels() {
    assert_eq!(server("log.level= Warn ").unwrap().server.log_level, LogLevel::Warn);
    assert!(errors("log.level=verbose")[0].ends_with("Unknown level constant [VERBOSE]."));
}

#[test]
fn lists_of_addresses() {
    let config = server("allowed.administrator.ips=10.1.2.3, 127.9.9.9/8,localhost").unwrap();
    let holds = |address: &str| config.server.allowed_administrator_ips.contains(address.parse().unwrap());
    assert!(holds("10.1.2.3") && holds("127.0.0.1") && !holds("10.1.2.4"));
    assert!(config.mistakes[0].contains("'localhost'"));
    assert!(errors("allowed.administrator.ips=10.0.0.0/99")[0].contains("not '10.0.0.0/99'"));
    assert!(!server("allowed.administrator.ips=")
        .unwrap()
        .server
        .allowed_administrator_ips
        .contains("::1".parse().unwrap()));
}

#[test]
fn unknown_and_dead_keys_are_told() {
    let config = server("no.such.key=1\njust.a.word\napp.ssl.port=8443\n=x").unwrap();
    let text = config.warnings.join("\n");
    assert!(text.contains("Unknown property 'no.such.key' in ") && text.contains("'just.a.word'"), "{text}");
    assert!(text.contains("server.properties:3 has no effect: apps use https.port"), "{text}");
    assert_eq!(config.warnings.len(), 3);
}

#[test]
fn one_port_cannot_be_used_twice() {
    assert!(errors("http.port=9443")[0].contains("that is the port of 'http.port', too"));
    assert!(server("http.port=0\nhttps.port=0").is_ok());
    assert!(server("listen.extra=plain:127.0.0.1:8080").is_ok());
    assert!(errors("listen.extra=tls:8080")[0].contains("'listen.extra'"));
}

#[test]
fn an_own_certificate_needs_both_files() {
    let lines = errors("server.ssl.cert=/no/such-cert.pem\nserver.ssl.key=/no/such-key.pem");
    assert!(lines[0].contains("such-cert.pem") && lines[1].contains("such-key.pem"), "{lines:?}");
    assert_eq!(errors("server.ssl.cert=/dev/null").len(), 2);
}

#[test]
fn values_of_the_command_line_win() {
    let (_folder, mut sources) = sources(&[("server.properties", "http.port=1111\nhttps.port=x")]);
    for (key, value) in [("https.port", "2222"), ("https.port", "3333")] {
        let origin = "option -appPort".to_owned();
        sources.overrides.push(Override { file: PropertyFile::Server, key, value: value.into(), origin });
    }
    let config = load(&sources).unwrap();
    assert_eq!((config.server.http_port, config.server.https_port), (1111, 2222));
    assert!(config.set.iter().any(|s| s.key == "https.port" && s.origin == "option -appPort"));
}

#[test]
fn files_are_looked_for_in_order() {
    let (folder, mut sources) = sources(&[
        ("etc/server.properties", "region=etc"),
        ("etc/gcm.properties", "gcm.api.key=beside server"),
        ("program/server.properties", "region=program"),
        ("program/gcm.properties", "gcm.api.key=beside program"),
        ("program/sms.properties", "nexmo.api.key=beside program"),
    ]);
    assert_eq!(load(&sources).unwrap().server.region, "program");
    sources.named.push((PropertyFile::Server, folder.path().join("etc/server.properties")));
    let config = load(&sources).unwrap();
    assert_eq!((config.server.region.as_str(), config.push.gcm_api_key.expose()), ("etc", "beside server"));
    assert_eq!(config.sms.unwrap().nexmo_api_key.expose(), "beside program");
    fs::write(folder.path().join("gcm.properties"), "gcm.api.key=working folder").unwrap();
    assert_eq!(load(&sources).unwrap().push.gcm_api_key.expose(), "working folder");
}

#[test]
fn a_named_file_must_exist_and_be_readable() {
    let (folder, mut sources) = sources(&[("bad.properties", "#\na=\\u12")]);
    sources.named.push((PropertyFile::Sms, "/no/such/sms.properties".into()));
    assert_eq!(load(&sources).unwrap_err().to_string(), "Path /no/such/sms.properties not found.");
    sources.named[0].1 = "bad.properties".into();
    let text = load(&sources).unwrap_err().to_string();
    assert_eq!(
        text,
        "Error reading properties file : 'bad.properties'. Reason : Malformed \\uxxxx encoding in line 2."
    );
    sources.named[0].1 = folder.path().to_path_buf();
    assert!(load(&sources).unwrap_err().to_string().starts_with("Error reading properties file : '"));
}

#[test]
fn mail_is_off_until_something_is_set() {
    assert_eq!(mail("mail.smtp.timeout=5").mail, None);
    let config = mail("mail.smtp.host=mail.lan\nmail.smtp.port=25");
    let found = config.mail.unwrap();
    assert_eq!((found.host.as_str(), found.port, found.auth), ("mail.lan", 25, false));
    assert_eq!((found.username.as_str(), found.timeout), ("example@gmail.com", 120_000));
    assert!(found.starttls_enable && found.verify_certificate());
}

#[test]
fn a_named_mail_file_keeps_the_mail_defaults() {
    let (_folder, mut sources) = sources(&[("m.properties", "mail.smtp.username=a@b.c\nmail.smtp.host=h")]);
    sources.named.push((PropertyFile::Mail, "m.properties".into()));
    let config = load(&sources).unwrap();
    assert_eq!(config.mail.unwrap().port, 587);
    assert!(config.warnings[0].contains("'mail.smtp.port' is missing in m.properties"), "{:?}", config.warnings);
}

#[test]
fn mail_over_tls_in_all_spellings() {
    for text in [
        "mail.smtp.ssl.enable=true",
        "mail.smtp.socketFactory.class=javax.net.ssl.SSLSocketFactory",
        "mail.transport.protocol=smtps\nmail.smtps.host=mail.lan\nmail.smtps.ssl.trust=*",
    ] {
        let config = mail(&format!("mail.smtp.username=a@b.c\nmail.smtp.password=x\n{text}"));
        let found = config.mail.clone().unwrap();
        assert_eq!((found.ssl_enable, found.port, found.auth), (true, 465, true), "{text}");
        assert_eq!(found.host == "mail.lan", !found.verify_certificate());
        assert_eq!(config.warnings.len(), 0, "{:?}", config.warnings);
    }
}

#[test]
fn a_mail_needs_a_sender() {
    for text in ["mail.smtp.username=", "mail.smtp.host=smtp.sparkpostmail.com"] {
        let (_folder, sources) = sources(&[("mail.properties", text)]);
        assert!(matches!(load(&sources), Err(ConfigError::Invalid(_))), "{text}");
    }
    let config = mail("mail.smtp.port=abc\nmail.smtp.username=me@example.com");
    assert_eq!(config.mail.as_ref().unwrap().port, 587);
    assert!(config.mistakes[0].ends_with("integer expected; '587' is used"));
    assert_eq!(config.acme_contact(), Some("me@example.com"));
}

#[test]
fn the_contact_of_lets_encrypt() {
    assert_eq!(Config::default().acme_contact(), None);
    let contact = |text| server(text).unwrap().acme_contact().map(str::to_owned);
    assert_eq!(contact("contact.email=me@example.com"), Some("me@example.com".into()));
    assert_eq!(contact("contact.email="), None);
    assert_eq!(contact("contact.email=SMTP_USER"), None);
}

#[test]
fn accounts_may_have_their_own_push_services() {
    let text = "ntfy.url=https://n.lan\nntfy.topic=all\naccount.Ann@x.example.com.ntfy.topic=ann\naccount.x=1";
    let (_folder, sources) = sources(&[("push.properties", text)]);
    let config = load(&sources).unwrap();
    assert_eq!(config.push_targets.of("bob@x.example.com").ntfy_topic.expose(), "all");
    let ann = config.push_targets.of("ann@x.example.com");
    assert_eq!((ann.ntfy_topic.expose(), ann.ntfy_url.as_str()), ("ann", "https://n.lan"));
    assert_eq!(config.warnings.len(), 1, "{:?}", config.warnings);
}

#[test]
fn the_database_is_read_only_when_wanted() {
    let db = ("db.properties", "jdbc.url=nonsense\nreporting.password=r");
    let (_a, without) = sources(&[db]);
    assert_eq!(load(&without).unwrap().db, None);
    let (_b, with) = sources(&[db, ("server.properties", "enable.db=true")]);
    assert!(load(&with).unwrap_err().to_string().contains("'jdbc.url'"));
    let good = ("db.properties", "jdbc.url=jdbc:postgresql://h/d?user=u\nreporting.password=r");
    let (_c, with) = sources(&[good, ("server.properties", "enable.db=true")]);
    let found = load(&with).unwrap().db.unwrap();
    assert_eq!((found.user.as_str(), found.jdbc_url.host.as_str(), found.jdbc_url.port), ("u", "h", 5432));
    assert_eq!((found.reporting_password.expose(), found.connection_timeout_millis), ("r", 30_000));
}

#[test]
fn values_that_may_change_are_taken_over() {
    let mut running = ServerConfig::default();
    let new = ServerConfig { http_port: 1, product_name: "New".into(), ..ServerConfig::default() };
    assert_eq!(running.adopt(&new), ["http.port"]);
    assert_eq!((running.http_port, running.product_name.as_str()), (8080, "New"));
}

#[test]
fn secrets_are_masked_everywhere() {
    let (_folder, sources) = sources(&[
        ("server.properties", "admin.pass=hunter2\nserver.ssl.key.pass=hunter2\nenable.db=true"),
        ("mail.properties", "mail.smtp.username=a@b.c\nmail.smtp.password=hunter2"),
        ("db.properties", "password=hunter2\njdbc.url=jdbc:postgresql://h/d?password=hunter2"),
        ("push.properties", "ntfy.token=hunter2\naccount.a@b.c.gotify.token=hunter2"),
    ]);
    let config = load(&sources).unwrap();
    assert_eq!(config.server.admin_pass.expose(), "hunter2");
    let text = format!("{}{config:?}", config.report());
    assert!(!text.contains("hunter2") && text.contains("admin.pass = ***"), "{text}");
}

#[test]
fn the_report_names_origins() {
    let (folder, sources) = sources(&[("server.properties", "#\nhttp.port=81")]);
    let report = load(&sources).unwrap().report();
    let path = folder.path().join("server.properties");
    assert!(report.contains(&format!("  http.port = 81  ({}:2)\n", path.display())), "{report}");
    assert!(report.contains("  app.socket.idle.timeout = 300 s  (default)\n"), "{report}");
}

#[test]
fn the_report_shows_what_was_read_for_services_that_are_off() {
    let (_folder, sources) = sources(&[
        ("mail.properties", "mail.smtp.port=2525"),
        ("sms.properties", "nexmo.from=Pump"),
        ("twitter4j.properties", "twitter.url=http://lan/"),
    ]);
    let config = load(&sources).unwrap();
    assert!(config.mail.is_none() && config.sms.is_none() && config.twitter.is_none());
    let report = config.report();
    for line in ["mail.smtp.port = 2525 ", "nexmo.from = Pump ", "twitter.url = http://lan/ "] {
        assert!(report.contains(line), "{line} is not in {report}");
    }
}

/// `name.of.aKey` as `name_of_a_key`.
fn snake(key: &str) -> String {
    let mut out = String::new();
    for c in key.chars() {
        match c {
            '.' => out.push('_'),
            c if c.is_ascii_uppercase() => out.extend(['_', c.to_ascii_lowercase()]),
            c => out.push(c),
        }
    }
    out
}

#[test]
fn rows_of_the_tables_make_sense() {
    let tables: [(&[Key], &[&str]); 7] = [
        (ServerConfig::KEYS, ServerConfig::FIELDS),
        (MailConfig::KEYS, MailConfig::FIELDS),
        (SmsConfig::KEYS, SmsConfig::FIELDS),
        (PushConfig::KEYS, PushConfig::FIELDS),
        (PushTargetsConfig::KEYS, PushTargetsConfig::FIELDS),
        (TwitterConfig::KEYS, TwitterConfig::FIELDS),
        (DbConfig::KEYS, DbConfig::FIELDS),
    ];
    for (keys, fields) in tables {
        for (i, (key, field)) in keys.iter().zip(fields).enumerate() {
            let name = snake(key.name);
            assert!(name.ends_with(field) || *field == "envelope_from", "{} is {field}", key.name);
            assert!(key.doc.ends_with('.'), "{}", key.name);
            assert!(!keys[..i].iter().any(|other| other.name == key.name), "{} twice", key.name);
            for default in [key.shipped, key.code].into_iter().flatten().filter(|_| key.kind == Kind::Integer) {
                let number: i64 = default.parse().unwrap_or_else(|_| panic!("default of {}", key.name));
                assert!((key.range.0..=key.range.1).contains(&number), "default of {}", key.name);
            }
            if key.own {
                assert_eq!(key.shipped, None, "{}", key.name);
            }
        }
    }
}

#[test]
fn defaults_are_what_the_loader_gives_without_files() {
    let (_folder, sources) = sources(&[]);
    let loaded = load(&sources).unwrap();
    let built = Config {
        program_folder: sources.program_folder.clone(),
        working_folder: sources.working_folder.clone(),
        ..Config::default()
    };
    assert_eq!(loaded, built);
    assert_eq!(Path::new("./logs"), loaded.server.logs_folder);
}
