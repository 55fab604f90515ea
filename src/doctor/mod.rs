//! `eyelet doctor`: looks for what may keep a server from working, and says what to do.

#[cfg(feature = "postgres")]
mod databases;
mod ports;

use crate::config::{Config, PropertyFile};
use crate::control::{client, Request, Response};
use crate::descriptors::Shares;
use crate::local_time;
use crate::net::certificate;
use crate::net::validity::Validity;
use crate::notify::push::Gateway;
use crate::notify::push_targets::Targets;
use crate::notify::smtp::Mailer;
use jiff::tz::TimeZone;
use std::fmt::Write;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// 2026-01-01, in s since 1970: a clock that shows less has not been set.
const EARLIEST: i64 = 1_767_225_600;
/// Days before its end when a certificate is worth a word.
const EXPIRY_NOTICE_DAYS: i64 = 14;
/// Descriptors that are needed beside those of connections.
const DESCRIPTORS_MIN: u64 = 256;
const DAY_SECONDS: i64 = 24 * 3600;

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grade {
    Good,
    Note,
    Bad,
}

/// What was found, in the order of looking.
#[derive(Debug, Default)]
struct Findings(Vec<(Grade, String)>);

impl Findings {
    fn good(&mut self, text: impl Into<String>) {
        self.0.push((Grade::Good, text.into()));
    }

    fn note(&mut self, text: impl Into<String>) {
        self.0.push((Grade::Note, text.into()));
    }

    fn bad(&mut self, text: impl Into<String>) {
        self.0.push((Grade::Bad, text.into()));
    }

    /// All lines; an error when something is bad.
    fn report(self) -> Result<String, String> {
        let mut text = String::new();
        for (grade, line) in &self.0 {
            let mark = match grade {
                Grade::Good => "ok   ",
                Grade::Note => "note ",
                Grade::Bad => "BAD  ",
            };
            let _ = writeln!(text, "{mark} {line}");
        }
        let bad = self.0.iter().filter(|(grade, _)| *grade == Grade::Bad).count();
        if bad == 0 {
            text.push_str("No problem was found.");
            Ok(text)
        } else {
            let _ = write!(text, "{bad} problems were found.");
            Err(text)
        }
    }
}

/// Looks at everything. `folder`: the data folder; `socket`: the control socket.
///
/// # Errors
/// The same report, when a problem was found.
pub fn examine(config: &Config, folder: &Path, socket: &Path) -> Result<String, String> {
    let mut found = Findings::default();
    configuration(config, &mut found);
    let server = running(socket, &mut found);
    ports::examine(&config.server, server, &mut found);
    data_folder(config, folder, &mut found);
    clock(local_time::timestamp().as_second(), &mut found);
    tls(config, folder, &mut found);
    if server.is_none() {
        // As the server will.
        crate::descriptors::raise_limit();
    }
    let limits = server.map_or("/proc/self/limits".to_owned(), |process| format!("/proc/{process}/limits"));
    descriptors(&fs::read_to_string(limits).unwrap_or_default(), config.server.worker_threads(), &mut found);
    if let Some(databases) = &config.db {
        #[cfg(feature = "postgres")]
        databases::examine(databases, &mut found);
        #[cfg(not(feature = "postgres"))]
        {
            let _ = databases;
            found.bad("databases: enable.db is on, but this build cannot use PostgreSQL");
        }
    }
    messages(config, &mut found);
    found.report()
}

fn configuration(config: &Config, found: &mut Findings) {
    match config.files.iter().find(|file| file.file == PropertyFile::Server) {
        Some(file) => found.good(format!("configuration: {}", file.path.display())),
        None => found.note("configuration: no server.properties, everything is at its default"),
    }
    for warning in config.remarks() {
        found.note(format!("configuration: {warning}"));
    }
}

/// The process of the running server.
fn running(socket: &Path, found: &mut Findings) -> Option<u32> {
    match client::ask(socket, &Request::Status) {
        Ok(Some(Response::Status(status))) => {
            let process = status.get("process").and_then(serde_json::Value::as_u64).and_then(|n| u32::try_from(n).ok());
            found.good(format!("server: running as process {}", process.unwrap_or(0)));
            process
        }
        Ok(Some(_)) => {
            found.bad("server: it runs, but does not say how it is");
            None
        }
        Ok(None) => {
            found.note(format!("server: not running (nobody listens at {})", socket.display()));
            None
        }
        Err(error) => {
            found.bad(format!("server: {}: {error}", socket.display()));
            None
        }
    }
}

fn data_folder(config: &Config, folder: &Path, found: &mut Findings) {
    let shown = folder.display();
    if config.server.data_folder.as_os_str().is_empty() {
        found.bad(format!("data folder: data.folder is not set, so {shown} is used, which is emptied at a restart"));
    }
    let Ok(metadata) = fs::metadata(folder) else {
        return found.note(format!("data folder: {shown} is not there yet, or may not be looked at"));
    };
    if !metadata.is_dir() {
        return found.bad(format!("data folder: {shown} is not a folder"));
    }
    match fs::read_dir(folder) {
        Err(error) => return found.bad(format!("data folder: {shown} cannot be read: {error}")),
        Ok(entries) => {
            // Files of another user are the usual trouble after a start as root.
            let names = entries.flatten().filter(|entry| entry.metadata().is_ok_and(|m| m.uid() != metadata.uid()));
            let names: Vec<String> =
                names.take(3).map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
            if !names.is_empty() {
                let (names, owner) = (names.join(", "), metadata.uid());
                found.note(format!("data folder: {names} belong to another user than {shown} (user {owner})"));
            }
        }
    }
    // The file's name is one that a start of the server cleans away.
    match crate::store::atomic::AtomicFile::create(&folder.join("probe"), crate::store::atomic::PRIVATE) {
        Ok(_) => found.good(format!("data folder: {shown} can be written")),
        Err(error) => found.bad(format!("data folder: {shown} cannot be written by this user: {error}")),
    }
    if metadata.mode() & 0o002 != 0 {
        found.bad(format!("data folder: everybody may write to {shown}: chmod o-w {shown}"));
    }
}

fn clock(now: i64, found: &mut Findings) {
    let time = jiff::Timestamp::from_second(now).unwrap_or_default();
    let zone = local_time::zone();
    let shown = local_time::minute(zone.to_datetime(time));
    let name = zone.iana_name().filter(|name| !name.is_empty()).unwrap_or("without a name");
    if now < EARLIEST {
        found.bad(format!("clock: it is not {shown}: timers, history and certificates need the right time (NTP)"));
    } else {
        found.good(format!("clock: {shown} (time zone {name})"));
    }
}

fn tls(config: &Config, folder: &Path, found: &mut Findings) {
    let settings = certificate::Settings::of(config, folder);
    let source = match certificate::find(&settings) {
        Ok(source) => source,
        Err(error) => return found.bad(format!("certificate: {error}")),
    };
    let (file, key) = source.files();
    if matches!(source, certificate::Source::SelfSigned(..)) && !file.exists() {
        return found.good("certificate: the server will make its own at its first start");
    }
    let chain = match certificate::load(file, key, settings.password) {
        Ok(certified) => certified,
        Err(error) => return found.bad(format!("certificate: {error}")),
    };
    let shown = file.display();
    let Some(Validity { until: ends, .. }) = chain.cert.first().and_then(|leaf| Validity::of(leaf)) else {
        return found.note(format!("certificate: {shown}: it cannot be read when it ends"));
    };
    let date = TimeZone::UTC.to_datetime(jiff::Timestamp::from_second(ends).unwrap_or_default()).date();
    let left = (ends - local_time::timestamp().as_second()).div_euclid(DAY_SECONDS);
    match left {
        ..0 => found.bad(format!("certificate: {shown} ended on {date}")),
        0..EXPIRY_NOTICE_DAYS => found.note(format!("certificate: {shown} ends on {date}, in {left} days")),
        _ => found.good(format!("certificate: {shown}, until {date}")),
    }
    #[cfg(feature = "acme")]
    if let Some(plan) = crate::acme::Plan::of(config, folder) {
        renewal(&plan, matches!(source, certificate::Source::SelfSigned(..)), found);
    }
}

/// What the ACME server has to do with it.
#[cfg(feature = "acme")]
fn renewal(plan: &crate::acme::Plan, is_self_signed: bool, found: &mut Findings) {
    let host = &plan.host;
    match (is_self_signed, plan.renews) {
        (true, _) => found.note(format!(
            "certificate: there is none for {host} from {} yet: eyelet status or worker.log says why",
            plan.directory
        )),
        (false, true) => found.good(format!("certificate: renewed by this server for {host}")),
        (false, false) => found.note("certificate: not renewed by this server (renewal.disabled)"),
    }
}

/// `limits`: the kernel's table of the server's process, or of this one.
fn descriptors(limits: &str, network_threads: usize, found: &mut Findings) {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let Some(limit) = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()) else {
        return found.note("descriptors: the limit is not known");
    };
    let connections = Shares::new(limit, network_threads).connections;
    if limit < 4 * DESCRIPTORS_MIN {
        found.bad(format!("descriptors: {limit} are allowed, enough for {connections} connections: ulimit -n 65536"));
    } else {
        found.good(format!("descriptors: {limit} are allowed, enough for {connections} connections"));
    }
}

fn messages(config: &Config, found: &mut Findings) {
    let product = &config.server.product_name;
    match &config.mail {
        None => found.note("mail: no mail server is configured: no password mails, reports and tokens by mail"),
        Some(mail) => match Mailer::new(mail, product) {
            Ok(_) => found.good(format!("mail: {}:{} (eyelet mail-test tries it)", mail.host, mail.port)),
            Err(error) => found.bad(format!("mail: {error}")),
        },
    }
    let targets = Targets::new(&config.push_targets, &config.push, product);
    let accounts = config.push_targets.accounts.keys().filter(|email| targets.reaches(email)).count();
    match (Gateway::new(&config.push, product).is_configured(), targets.reaches(""), accounts) {
        (false, false, 0) => {
            found.note("push: no service is configured: phones are notified only while their app runs")
        }
        (gateway, common, accounts) => {
            let services = [(gateway, "the phones' gateway"), (common, "services of push.properties")];
            let mut names: Vec<String> =
                services.iter().filter(|(on, _)| *on).map(|(_, name)| (*name).to_owned()).collect();
            if accounts > 0 {
                names.push(format!("services of {accounts} accounts"));
            }
            found.good(format!("push: {} (eyelet --test-push tries the latter)", names.join(", ")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(found: &Findings) -> String {
        found.0.iter().map(|(grade, _)| format!("{grade:?} ")).collect::<String>().trim_end().to_owned()
    }

    #[test]
    fn a_fresh_installation_is_well() {
        let temp = tempfile::tempdir().unwrap();
        let mut config = Config::for_tests();
        config.server.data_folder = temp.path().to_path_buf();
        config.working_folder = temp.path().to_path_buf();
        let mut found = Findings::default();
        data_folder(&config, temp.path(), &mut found);
        tls(&config, temp.path(), &mut found);
        assert_eq!(marks(&found), "Good Good", "{found:?}");
        messages(&config, &mut found);
        assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 0, "nothing was left or made");
        certificate::choose(&certificate::Settings::of(&config, temp.path())).unwrap();
        let mut found = Findings::default();
        tls(&config, temp.path(), &mut found);
        assert!(marks(&found) == "Good" && found.0[0].1.contains("until 20"), "{found:?}");
    }

    #[test]
    fn a_clock_that_was_never_set_is_bad() {
        let mut found = Findings::default();
        clock(0, &mut found);
        clock(EARLIEST + 1, &mut found);
        assert_eq!(marks(&found), "Bad Good");
        assert!(found.report().unwrap_err().ends_with("1 problems were found."));
    }

    #[test]
    fn few_descriptors_are_bad() {
        let mut found = Findings::default();
        for limit in ["256", "1024", "1048576"] {
            descriptors(
                &format!("Max processes  5 5 x\nMax open files            {limit}  4096   files\n"),
                4,
                &mut found,
            );
        }
        descriptors("", 4, &mut found);
        assert_eq!(marks(&found), "Bad Good Good Note");
    }
}
