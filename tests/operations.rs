//! Operating a server: its last words, reading the configuration again, environment variables, more listeners behind
//! proxies, the service manager.

mod common;

use common::app::{certificate, tcp, App, Device, OK};
use common::{eventually, Place, PATIENCE};
use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::net::UnixDatagram;

const CREATE_DASH: u8 = 21;
const LOAD_PROFILE: u8 = 24;
const CREATE_DEVICE: u8 = 42;
const QUOTA_LIMIT: u32 = 1;
const INVALID_TOKEN: u32 = 9;

#[test]
fn the_last_words_are_those_of_the_reference() {
    let place = Place::new("");
    let mut server = place.start();
    let begun = server.said.len();
    let mut app = App::connect(place.https);
    assert_eq!(app.register("a@example.com", "pw"), OK);
    assert!(server.stop().success());
    let words: Vec<&str> =
        server.said[begun..].iter().map(String::as_str).filter(|l| !l.starts_with("Your Admin")).collect();
    assert_eq!(
        words,
        [
            "Catch shutdown hook.",
            "Stopping servers...",
            "Shutting down HTTP API and WebSockets server...",
            "Shutting down HTTPS API, WebSockets and Admin server...",
            "Shutting down Mqtt hardware server...",
            "Stopping scheduler...",
            "Closing all sockets...",
            "Stopping Transport Holder...",
            "Stopping aggregator...",
            "Stopping BlockingIOProcessor...",
            "Stopping DBManager...",
            "Saving user profiles...",
            "Done.",
        ]
    );
    assert!(app.receive().is_err());
    let log = fs::read_to_string(place.path().join("logs/blynk.log")).unwrap();
    for line in ["INFO - Region : local. Host : ", "INFO - Timers : 0\n", "INFO - Reports : 0\n"] {
        assert!(log.contains(line), "{line:?} in {log}");
    }
    let worker = fs::read_to_string(place.path().join("logs/worker.log")).unwrap();
    assert!(worker.contains(" - Daily copies: "), "{worker}");
}

fn write_certificate(place: &Place) {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    fs::write(place.path().join("fullchain.crt"), params.self_signed(&key).unwrap().pem()).unwrap();
    fs::write(place.path().join("privkey.pem"), key.serialize_pem()).unwrap();
}

fn append(place: &Place, lines: &str) {
    let file = place.path().join("server.properties");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{text}{lines}\n")).unwrap();
}

#[test]
fn a_hang_up_reads_the_configuration_again() {
    let place = Place::new("");
    write_certificate(&place);
    let server = place.start();
    let old = certificate(place.https);
    let mut app = App::connect(place.https);
    assert_eq!(app.register("a@example.com", "pw"), OK);
    assert_eq!(app.login("a@example.com", "pw"), OK);
    assert_eq!(app.ask(CREATE_DASH, r#"{"id":1,"name":"One"}"#), OK);

    // A configuration with an error changes nothing.
    append(&place, "user.dashboard.max.limit=many");
    server.signal("HUP");
    let log = place.path().join("logs/blynk.log");
    let logged = |text: &str| fs::read_to_string(&log).is_ok_and(|log| log.contains(text)).then_some(());
    eventually("the error is logged", || logged("was not read again"));
    assert_eq!(app.ask(CREATE_DASH, r#"{"id":2,"name":"Two"}"#), OK);

    append(&place, "user.dashboard.max.limit=2\nregion=elsewhere");
    write_certificate(&place);
    server.signal("HUP");
    eventually("the configuration is read", || logged("The configuration was read again"));
    logged("take effect at the next start only: region").unwrap();
    assert_eq!(
        app.ask(CREATE_DASH, r#"{"id":3,"name":"Three"}"#),
        QUOTA_LIMIT,
        "old connections go on with new limits"
    );
    assert_ne!(certificate(place.https), old);
}

#[test]
fn a_hang_up_changes_the_log_level() {
    let place = Place::new("");
    let server = place.start();
    let log = place.path().join("logs/blynk.log");
    let logged = |text: &str| fs::read_to_string(&log).unwrap().matches(text).count();
    let guess = || Device::connect(place.http).login("0123456789abcdef0123456789abcdef");
    assert_eq!(guess(), INVALID_TOKEN);
    append(&place, "log.level=debug");
    server.signal("HUP");
    eventually("the configuration is read", || (logged("was read again") == 1).then_some(()));
    assert_eq!(logged("wrong token of a device from 127.0.0.1"), 0);
    assert_eq!(guess(), INVALID_TOKEN);
    eventually("the wrong token is logged", || (logged("wrong token of a device from 127.0.0.1") == 1).then_some(()));
    append(&place, "log.level=error");
    server.signal("HUP");
    eventually("the level is taken", || {
        let before = fs::read_to_string(&log).unwrap();
        assert_eq!(guess(), INVALID_TOKEN);
        (fs::read_to_string(&log).unwrap() == before).then_some(())
    });
}

#[test]
fn a_renewed_certificate_is_shown_without_a_word() {
    let place = Place::new("server.ssl.cert=fullchain.crt\nserver.ssl.key=privkey.pem");
    write_certificate(&place);
    let _server = place.start();
    let old = certificate(place.https);
    let mut app = App::connect(place.https);
    assert_eq!(app.register("a@example.com", "pw"), OK);
    // The certificate first, as a program does that writes two files: in between they do not belong together.
    let key = fs::read(place.path().join("privkey.pem")).unwrap();
    write_certificate(&place);
    let new_key = fs::read(place.path().join("privkey.pem")).unwrap();
    fs::write(place.path().join("privkey.pem"), key).unwrap();
    #[allow(clippy::disallowed_methods)] // As the other program takes its time.
    std::thread::sleep(std::time::Duration::from_secs(2));
    fs::write(place.path().join("privkey.pem"), new_key).unwrap();
    eventually("the new certificate is shown", || (certificate(place.https) != old).then_some(()));
    assert_eq!(app.login("a@example.com", "pw"), OK, "a connection from before goes on");
}

#[test]
fn environment_variables_set_keys() {
    let place = Place::new("");
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let name = ("EYELET_HTTP_PORT", port.to_string());
    let _server = place.start_with(&[], &[(name.0, &name.1)]);
    tcp(port);
    let mut check = place.command(&["--check-config"]);
    let report = check.env(name.0, &name.1).env("EYELET_ADMIN_ROOT_PATH", "/x").output().unwrap();
    let report = String::from_utf8(report.stdout).unwrap();
    assert!(report.contains(&format!("http.port = {port}  (environment EYELET_HTTP_PORT)")), "{report}");
    assert!(report.contains("WARNING : Unknown variable 'EYELET_ADMIN_ROOT_PATH'"), "{report}");
}

#[test]
fn proxies_say_for_whom_they_speak() {
    let [plain, tls] = [(); 2].map(|()| TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port());
    let place =
        Place::new(&format!("listen.extra=plain:{plain},tls:127.0.0.1:{tls}\nproxy.protocol.networks=127.0.0.0/8"));
    let _server = place.start();
    // Without a header the proxy speaks for itself.
    let mut app = App::connect(tls);
    assert_eq!(app.register("a@example.com", "pw"), OK);
    assert_eq!(app.login("a@example.com", "pw"), OK);
    assert_eq!(app.ask(CREATE_DASH, r#"{"id":1,"name":"One"}"#), OK);
    let device = app.get(CREATE_DEVICE, "1\0{\"id\":1,\"name\":\"D\",\"boardType\":\"ESP8266\"}");
    let device: serde_json::Value = serde_json::from_slice(&device).unwrap();

    let mut socket = tcp(plain);
    socket.write_all(b"PROXY TCP4 192.0.2.7 127.0.0.1 40000 8080\r\n").unwrap();
    let mut hardware = Device::over(socket);
    assert_eq!(hardware.login(device["token"].as_str().unwrap()), OK);
    let profile = inflated(&app.get(LOAD_PROFILE, "1"));
    assert!(profile.contains(r#""lastLoggedIP":"192.0.2.7""#), "{profile}");
}

fn inflated(bytes: &[u8]) -> String {
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::ZlibDecoder::new(bytes), &mut text).unwrap();
    text
}

#[test]
fn the_service_manager_hears_how_it_goes() {
    let place = Place::new("");
    let path = place.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    let hear = |wanted: &str| loop {
        let mut bytes = [0; 64];
        let length = manager.recv(&mut bytes).unwrap();
        match std::str::from_utf8(&bytes[..length]).unwrap() {
            text if text == wanted => break,
            // In between at any time.
            "WATCHDOG=1" => {}
            other => panic!("{other} instead of {wanted}"),
        }
    };
    let path = path.display().to_string();
    let mut server = place.start_with(&[], &[("NOTIFY_SOCKET", &path), ("WATCHDOG_USEC", "200000")]);
    hear("READY=1");
    hear("WATCHDOG=1");
    hear("WATCHDOG=1");
    server.signal("HUP");
    hear("RELOADING=1");
    hear("READY=1");
    server.signal("TERM");
    hear("STOPPING=1");
    assert!(server.end().success());
}

#[test]
fn the_allocator_is_told_to_give_memory_back() {
    let place = Place::new("");
    let server = place.start();
    let of_process = |name: &str| std::fs::read(format!("/proc/{}/{name}", server.id())).unwrap();
    let environment = of_process("environ");
    assert!(environment.split(|byte| *byte == 0).any(|variable| variable == b"MIMALLOC_PURGE_DELAY=0"));
    assert_eq!(of_process("comm"), b"eyelet\n");
    let arguments = of_process("cmdline");
    assert_eq!(arguments.split(|byte| *byte == 0).filter(|word| *word == b"-serverConfig").count(), 1);
}

#[test]
fn a_broken_pipe_ends_nothing() {
    let place = Place::new("");
    let mut server = place.start();
    server.signal("PIPE");
    place.ok(&["health"], "");
    assert!(server.stop().success());
}
