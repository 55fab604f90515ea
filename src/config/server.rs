//! `server.properties`: ports, folders, limits, periods, administration.

use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

use super::address::{Listeners, Networks};
use super::form::Form;
use super::level::LogLevel;
use super::properties::{Entry, Properties};
use super::reader::Reader;
use super::secret::Secret;
use super::source::PropertyFile;
use super::table::property_table;

/// Greatest Java `int`, the upper end of most ranges.
const INT: i64 = i32::MAX as i64;

property_table! {
    /// Everything of `server.properties`.
    ServerConfig {
        http_port: u16, "http.port", "Port for HTTP, plain hardware and plain websockets. 0 = any free port.",
            shipped("8080"), strict(0, 65535);
        https_port: u16, "https.port", "Port for the apps, hardware over TLS, HTTPS, admin pages and secure websockets. 0 = any free port.",
            shipped("9443"), strict(0, 65535);
        hardware_mqtt_port: u16, "hardware.mqtt.port", "Port for MQTT. 0 = any free port.",
            shipped("8440"), strict(0, 65535);
        listen_address: String, "listen.address", "Address or host name that all ports listen at; empty = all interfaces, IPv4 and IPv6.",
            shipped(""), trim(), form(Form::Host);
        listen_extra: Listeners, "listen.extra", "More listeners, separated by commas: plain, tls, mqtt or mqtts, then an optional address, then the port, for example plain:8442,tls:8441,mqtts:[::1]:8883.",
            code(""), own();
        proxy_protocol_networks: Networks, "proxy.protocol.networks", "Addresses or networks of trusted proxies: a PROXY protocol header (version 1 or 2) at the beginning of their connections names the true address of the client, and so does X-Forwarded-For in their HTTP requests. Empty = nobody.",
            code(""), own();
        max_connections_per_address: u32, "max.connections.per.address", "Most connections at the same time from one remote address or IPv6 network of 64 bits (loopback and trusted proxies do not count); 0 = no limit.",
            code("512"), range(0, INT), reload(), own();
        http_requests_per_address: u32, "http.requests.per.address", "HTTP requests per second of one remote address, on average over ten seconds; more are answered 429. Those with one device token also have user.message.quota.limit. Loopback does not count; 0 = no limit.",
            code("500"), unit("requests/s"), range(0, INT), reload(), own();
        force_port_80_for_csv: bool, "force.port.80.for.csv", "Download links of mails and the admin address printed at start have no port, and project QR codes say port 443: for servers behind forwarded ports 80 and 443.",
            shipped("false"), reload();
        force_port_80_for_redirect: bool, "force.port.80.for.redirect", "A device that is sent to another server is told port 80; false = the port it came to.",
            shipped("true"), reload();
        server_ssl_cert: PathBuf, "server.ssl.cert", "PEM file with the server's certificate, then intermediate ones; read anew when it changes. Empty = a certificate from Let's Encrypt (see contact.email), else fullchain.crt and privkey.pem of the working folder, else one of its own.",
            shipped("");
        server_ssl_key: PathBuf, "server.ssl.key", "PEM file with the private key of that certificate.", shipped("");
        server_ssl_key_pass: Secret, "server.ssl.key.pass", "Password of an encrypted private key.", shipped("");
        server_host: String, "server.host", "Public name or address of this server, as told to apps and devices; empty = the address of the interface of net.interface.",
            code(""), trim(), form(Form::Host);
        net_interface: String, "net.interface", "Beginning of the name of the network interface whose IPv4 address names this server.",
            shipped("eth"), code("eth"), trim();
        contact_email: Option<String>, "contact.email", "Account mail for Let's Encrypt, which is asked for a certificate for server.host when that is a name and server.ssl.cert is empty; port 80 of the name must lead to http.port. Absent = mail.smtp.username of mail.properties, present but empty = no certificates from Let's Encrypt.",
            trim(), form(Form::Mail);
        renewal_disabled: bool, "renewal.disabled", "true = the certificate from Let's Encrypt is not renewed in the last third of its life.", code("false");
        acme_directory_url: String, "acme.directory.url", "Directory of the ACME server that certificates are asked from.",
            code("https://acme-v02.api.letsencrypt.org/directory"), trim(), own(), form(Form::Url);
        acme_roots_file: PathBuf, "acme.roots.file", "PEM file with certificate authorities that the ACME server's own certificate may come from, besides the system's; for an ACME server of one's own.",
            code(""), own();
        latest_tls: bool, "latest.tls", "true = only TLS 1.2 and 1.3. Eyelet never speaks older versions, so this changes nothing.", code("false");
        restore_host: String, "restore.host", "Host in the link of the password mail of the app.", shipped("blynk-cloud.com"), trim(), reload(), form(Form::Host);
        region: String, "region", "Free text: stored in each user, chooses the users of -restore, column of the statistics tables. Any value but local makes / of the TLS port redirect away from the admin page.",
            code("local"), trim();
        data_folder: PathBuf, "data.folder", "Folder of users, history and backups; made with its parents. Empty = a folder in the temporary folder, with a warning.",
            shipped("");
        control_socket: PathBuf, "control.socket", "Unix socket of the running server for the subcommands of this program; empty = control.sock in the data folder.",
            code(""), own();
        logs_folder: PathBuf, "logs.folder", "Folder of the log files, made when needed; empty = log to the console only.", shipped("./logs");
        log_level: LogLevel, "log.level", "off, fatal, error, warn, info, debug, trace or all: level of all log files.",
            shipped("info"), reload();
        log_console_level: LogLevel, "log.console.level", "Level of the console beside log files; without log files log.level counts there.",
            code("warn"), own();
        log_file_max_size: u32, "log.file.max.size", "A log file that grows larger moves to the archive before midnight; 0 = no limit.",
            code("2048"), unit("KB"), range(0, INT), own();
        log_total_max_size: u32, "log.total.max.size", "The oldest archived log files are deleted when all log files together are larger; 0 = never.",
            code("16384"), unit("KB"), range(0, INT), own();
        log_archive_max_days: u32, "log.archive.max.days", "Archived log files that are older are deleted; 0 = never.",
            code("0"), unit("days"), range(0, 36_500), own();
        async_logger_ring_buffer_size: u32, "async.logger.ring.buffer.size", "Accepted, without effect: log lines are written at once.",
            shipped("2048"), code("2048"), range(0, INT), lenient();
        user_message_quota_limit: u32, "user.message.quota.limit", "Messages per second of one connection; more are dropped, with reply 1 once a minute.",
            shipped("100"), code("100"), unit("messages/s"), range(0, INT), reload();
        user_devices_limit: u32, "user.devices.limit", "Devices per project (one more is possible).", shipped("50"), code("50"), range(0, INT), reload();
        user_tags_limit: u32, "user.tags.limit", "Accepted, without effect: tags are not limited.", shipped("100"), code("100"), range(0, INT);
        user_dashboard_max_limit: u32, "user.dashboard.max.limit", "Projects per user.", shipped("100"), code("100"), range(0, INT), reload();
        user_widget_max_size_limit: u32, "user.widget.max.size.limit", "Largest JSON of a widget, of project settings or of an app, in units of 1024 characters.",
            shipped("20"), code("10"), unit("KB"), range(0, INT), reload();
        user_profile_max_size: u32, "user.profile.max.size", "Largest JSON of one project on create and update, in units of 1024 characters.",
            shipped("256"), code("64"), unit("KB"), range(0, INT), reload();
        user_account_max_size: u32, "user.account.max.size", "Most that one account holds: its projects, values, and lines that widgets keep in memory. A full account is refused (6) what its apps make, and its devices' values are passed on but not stored; 0 = no limit.",
            code("16384"), unit("KB"), range(0, INT), reload(), own();
        hourly_registrations_limit: u32, "hourly.registrations.limit", "Registrations per hour for the whole server (one more is possible).",
            code("1000"), range(0, INT), reload();
        initial_energy: i32, "initial.energy", "Energy of a new user.", shipped("100000"), code("2000"), reload();
        terminal_strings_pool_size: u32, "terminal.strings.pool.size", "Lines that a terminal widget keeps.", shipped("25"), code("25"), unit("lines"), range(0, 100_000);
        map_strings_pool_size: u32, "map.strings.pool.size", "Points that a map widget keeps.", shipped("25"), code("25"), unit("points"), range(0, 100_000);
        table_rows_pool_size: u32, "table.rows.pool.size", "Rows that a table widget keeps.", shipped("100"), code("100"), unit("rows"), range(0, 100_000);
        csv_export_data_points_max: u32, "csv.export.data.points.max", "Newest minute records per device in a CSV export.",
            shipped("43200"), code("43200"), unit("records"), range(0, INT), reload();
        notifications_frequency_user_quota_limit: u64, "notifications.frequency.user.quota.limit", "Least time between two mails, and separately two pushes, tweets or text messages, of one hardware connection; 0 = no limit.",
            shipped("5"), code("15"), unit("s"), range(0, i64::MAX / 1000), reload();
        webhooks_frequency_user_quota_limit: u64, "webhooks.frequency.user.quota.limit", "Least time between two calls of webhooks of one hardware connection; 0 = no limit.",
            shipped("1000"), code("1000"), unit("ms"), range(0, i64::MAX), reload();
        webhooks_response_size_limit: u32, "webhooks.response.size.limit", "Largest answer of a webhook that is passed on.",
            shipped("96"), code("64"), unit("KB"), range(0, 1_048_576), reload();
        webhooks_failure_count_limit: u32, "webhooks.failure.count.limit", "After that many failures in a row a webhook is not called any more; 0 = never.",
            code("10"), range(0, INT), reload();
        webhooks_allow_local: bool, "webhooks.allow.local", "Webhooks may call addresses of the local network (private, link-local and loopback addresses).",
            code("true"), reload(), own();
        notifications_queue_limit: u32, "notifications.queue.limit", "Most waiting mails.", shipped("2000"), code("2000"), unit("mails"), range(0, INT);
        blocking_processor_thread_pool_limit: u32, "blocking.processor.thread.pool.limit", "Most threads for slow work.",
            shipped("6"), code("6"), unit("threads"), range(1, 64);
        vendor_email: String, "vendor.email", "Replaces {VENDOR_EMAIL} in mails of hardware.", code(""), trim(), reload(), form(Form::Mail);
        profile_save_worker_period: u32, "profile.save.worker.period", "Period of saving changed users.", shipped("60000"), unit("ms"), strict(1, INT);
        profile_write_period: u32, "profile.write.period", "A user file of which devices change only values is written whole again after so long, which spares flash memory; what differs meanwhile is kept beside it.",
            code("10"), unit("minutes"), range(1, 1440), own(), reload();
        stats_print_worker_period: u32, "stats.print.worker.period", "Period of the statistics record.", shipped("60000"), unit("ms"), strict(1, INT);
        history_write_period: u32, "history.write.period", "Averages of a pin that writes steadily wait so long for a common write to their file, which spares flash memory; a killed server loses at most so much of them.",
            code("10"), unit("minutes"), range(1, 1440), own();
        store_minute_record_days: u32, "store.minute.record.days", "Minute history files are cut to that many days of records.", code("10"), unit("days"), range(0, 1_000_000), reload();
        store_export_csv_report_days: u32, "store.export.csv.report.days", "Exported files older than that are deleted.", code("45"), unit("days"), range(0, 1_000_000), reload();
        web_request_max_size: u32, "web.request.max.size", "Largest body of an HTTP request; a larger one is answered 413.",
            shipped("524288"), code("524288"), unit("bytes"), range(0, INT), reload();
        ota_max_size: u32, "ota.max.size", "Largest firmware upload of an administrator.", code("4194304"), unit("bytes"), range(0, INT), reload(), own();
        hard_socket_idle_timeout: u32, "hard.socket.idle.timeout", "A device that is silent for 2.3 times as long is disconnected (MQTT: once as long); 0 or empty = never.",
            shipped("10"), code("0"), unit("s"), range(0, 86_400 * 365);
        app_socket_idle_timeout: u32, "app.socket.idle.timeout", "An app or web dashboard that is silent for so long is disconnected; 0 = never.",
            code("300"), unit("s"), range(0, 86_400 * 365);
        enable_db: bool, "enable.db", "Use PostgreSQL as described in db.properties.", shipped("false");
        enable_raw_db_data_store: bool, "enable.raw.db.data.store", "Store every single value in the table reporting_raw_data; needs enable.db.", shipped("false");
        admin_root_path: String, "admin.rootPath", "Every request path that begins with it goes to the admin pages.", shipped("/admin"), code("/admin"), trim();
        admin_email: String, "admin.email", "Login of the first administrator.", shipped("admin@blynk.cc"), code("admin@blynk.cc"), trim(), form(Form::Mail);
        admin_pass: Secret, "admin.pass", "Password of the first administrator; empty = a random one, printed at start.", shipped("");
        allowed_administrator_ips: Networks, "allowed.administrator.ips", "Addresses and networks (address/bits) that may open the admin pages; empty = nobody.",
            shipped("0.0.0.0/0,::/0"), reload();
        metrics_allowed_ips: Networks, "metrics.allowed.ips", "Addresses and networks that may read /metrics; empty = nobody.",
            code("127.0.0.0/8,::1"), reload(), own();
        product_name: String, "product.name", "Replaces {PRODUCT_NAME} in mails and titles of pushes.", shipped("Blynk"), code("Blynk"), reload();
        allow_store_ip: bool, "allow.store.ip", "Store the remote address of logins of apps and hardware.", shipped("true"), reload();
        allow_reading_widget_without_active_app: bool, "allow.reading.widget.without.active.app", "Poll devices for reading widgets also when no app is connected.",
            shipped("false"), reload();
        server_worker_threads: u32, "server.worker.threads", "Accepted, without effect: one thread serves all connections.", code("0"), unit("threads"), range(0, INT);
    }
    ignored {
        "enable.raw.data.store" => "the key is enable.raw.db.data.store";
        "hardware.ssl.port" => "hardware uses https.port for TLS; see listen.extra for more ports";
        "hardware.default.port" => "hardware uses http.port; see listen.extra for more ports";
        "app.ssl.port" => "apps use https.port; see listen.extra for more ports";
        "https.cert" => "the key is server.ssl.cert";
        "https.key" => "the key is server.ssl.key";
        "https.key.pass" => "the key is server.ssl.key.pass";
        "client.ssl.cert" => "client certificates are not used";
        "client.ssl.key" => "client certificates are not used";
        "server.workers.threads" => "the key is server.worker.threads";
        "lcd.strings.pool.size" => "an LCD always keeps 6 lines";
    }
}

impl ServerConfig {
    /// Threads for slow work, at least one. Few on machines with few cores.
    pub fn worker_threads(&self) -> usize {
        let cores = available_parallelism().map_or(1, usize::from);
        (self.blocking_processor_thread_pool_limit as usize).min(cores.saturating_mul(2).max(2)).max(1)
    }

    /// This configuration with other values for some keys, but without its secrets: for [`ServerConfig::adopt`].
    ///
    /// # Errors
    /// One line for each value that cannot be read.
    pub fn with(&self, changes: &[(&'static str, String)]) -> Result<Self, Vec<String>> {
        let mut properties = Properties::default();
        let shown = self.entries().into_iter().map(|(key, value)| (key.name, value));
        for (name, value) in shown.chain(changes.iter().cloned()) {
            properties.insert(name, Entry { value, line: 0 });
        }
        let mut reader = Reader::new(PropertyFile::Server, "request".into(), Some(&properties), &[]);
        let new = Self::read(&mut reader);
        // What is corrected or cannot be read at a start is refused here: somebody is there to try again.
        let is_about = |line: &String| changes.iter().any(|(name, _)| line.contains(&format!("'{name}'")));
        let problems: Vec<String> = reader.errors.into_iter().chain(reader.mistakes).filter(is_about).collect();
        if problems.is_empty() {
            Ok(new)
        } else {
            Err(problems)
        }
    }

    /// Checks that involve more than one key or the file system.
    pub(crate) fn check(&mut self, reader: &mut Reader<'_>) {
        self.check_ports(reader);
        self.check_certificate(reader);
        self.check_acme(reader);
        self.check_places(reader);
        if !self.admin_root_path.starts_with('/') || self.admin_root_path.len() < 2 {
            let origin = reader.origin("admin.rootPath");
            let value = std::mem::replace(&mut self.admin_root_path, "/admin".to_owned());
            reader
                .mistakes
                .push(format!("Value '{value}' of property 'admin.rootPath' in {origin} is no path: '/admin' is used"));
        }
        if self.enable_raw_db_data_store && !self.enable_db {
            reader.warnings.push("Property 'enable.raw.db.data.store' has no effect without 'enable.db'".into());
        }
    }

    /// No port may be used twice on the same address.
    fn check_ports(&self, reader: &mut Reader<'_>) {
        let mut ports = vec![
            ("http.port", None, self.http_port),
            ("https.port", None, self.https_port),
            ("hardware.mqtt.port", None, self.hardware_mqtt_port),
        ];
        ports.extend(self.listen_extra.iter().map(|l| ("listen.extra", l.address, l.port)));
        for (i, (name, address, port)) in ports.iter().enumerate() {
            let twin = ports[..i].iter().find(|(_, a, p)| p == port && a == address && *p != 0);
            if let Some((other, ..)) = twin {
                let origin = reader.origin(name);
                reader.errors.push(format!(
                    "Invalid value '{port}' for property '{name}' in {origin}: that is the port of '{other}', too"
                ));
            }
        }
    }

    /// Nothing else may be where folders and the socket shall be.
    fn check_places(&self, reader: &mut Reader<'_>) {
        let is_taken = |path: &Path| !path.as_os_str().is_empty() && path.exists();
        let taken_by_file = |path: &Path| is_taken(path) && !path.is_dir();
        let is_socket = |path: &Path| fs::metadata(path).is_ok_and(|found| found.file_type().is_socket());
        let socket = &self.control_socket;
        for (key, path, problem) in [
            ("data.folder", &self.data_folder, taken_by_file(&self.data_folder).then_some("is no folder")),
            ("logs.folder", &self.logs_folder, taken_by_file(&self.logs_folder).then_some("is no folder")),
            ("control.socket", socket, (is_taken(socket) && !is_socket(socket)).then_some("is no socket")),
        ] {
            let Some(problem) = problem else { continue };
            let origin = reader.origin(key);
            reader.mistakes.push(format!("Value '{}' of property '{key}' in {origin} {problem}", path.display()));
        }
    }

    /// A certificate is asked for a name, of a server whose answers can be trusted.
    fn check_acme(&self, reader: &mut Reader<'_>) {
        let url = &self.acme_directory_url;
        if url.starts_with("http://") {
            let origin = reader.origin("acme.directory.url");
            reader.errors.push(format!(
                "Invalid value '{url}' for property 'acme.directory.url' in {origin}: an address with https:// is expected"
            ));
        }
        let roots = &self.acme_roots_file;
        if !roots.as_os_str().is_empty() && !roots.is_file() {
            let (origin, roots) = (reader.origin("acme.roots.file"), roots.display());
            reader.errors.push(format!(
                "Invalid value '{roots}' for property 'acme.roots.file' in {origin}: there is no such file"
            ));
        }
        let is_address = self.server_host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok();
        if is_address && self.contact_email.as_ref().is_some_and(|contact| !contact.is_empty()) {
            reader.warnings.push(
                "Property 'contact.email' has no effect: 'server.host' is an address, and certificates are for names"
                    .into(),
            );
        }
    }

    /// An own certificate needs both files, and both must be there.
    fn check_certificate(&self, reader: &mut Reader<'_>) {
        let pair = [("server.ssl.cert", &self.server_ssl_cert), ("server.ssl.key", &self.server_ssl_key)];
        if pair.iter().all(|(_, path)| path.as_os_str().is_empty()) {
            return;
        }
        for (name, path) in pair {
            let problem = if path.as_os_str().is_empty() {
                "a file is expected, since the other one of server.ssl.cert and server.ssl.key is given"
            } else if !path.is_file() {
                "there is no such file"
            } else {
                continue;
            };
            let origin = reader.origin(name);
            reader
                .errors
                .push(format!("Invalid value '{}' for property '{name}' in {origin}: {problem}", path.display()));
        }
    }
}
