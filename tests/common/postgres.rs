//! A PostgreSQL cluster of a test's own: on a free loopback port, in a temporary folder, gone when dropped.
//!
//! Needs the programs of Debian's package `postgresql`. They refuse to run as root: then the user `postgres` or `nobody`
//! does it.

use super::{eventually, PATIENCE};
use std::fs;
use std::os::unix::fs::{chown, MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;
use tempfile::TempDir;

/// Name and password of the super user.
const ADMIN: (&str, &str) = ("admin", "adm1n");
/// Name and password of the login that servers use, as in the default `db.properties`.
const LOGIN: (&str, &str) = ("test", "test");

/// A running cluster, or one that a test has stopped.
pub struct Cluster {
    folder: TempDir,
    programs: PathBuf,
    /// Who runs it, when that is not who runs the test.
    user: Option<(u32, u32)>,
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
    /// Settings (`name=value`) for its next start.
    pub settings: Vec<String>,
    server: Option<Child>,
}

/// The newest installed version.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let number = |path: &Path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let newest = versions
        .map(|version| version.path())
        .filter(|path| path.join("bin/initdb").exists())
        .max_by_key(|p| number(p));
    newest.expect("the Debian package postgresql is needed; tests/run installs it").join("bin")
}

fn user_id(name: &str) -> Option<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd").ok()?;
    let line = users.lines().find_map(|line| line.strip_prefix(&format!("{name}:")))?;
    let mut fields = line.split(':').skip(1);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

impl Cluster {
    /// A fresh cluster, with the login `test` that may make databases.
    pub fn start() -> Cluster {
        let folder = tempfile::tempdir().unwrap();
        let is_root = folder.path().metadata().unwrap().uid() == 0;
        let user =
            is_root.then(|| user_id("postgres").or_else(|| user_id("nobody")).expect("no user to run PostgreSQL"));
        if let Some((uid, gid)) = user {
            chown(folder.path(), Some(uid), Some(gid)).unwrap();
        }
        let [port] = super::free_ports();
        let mut cluster = Cluster { folder, programs: programs(), user, port, settings: Vec::new(), server: None };
        let word = cluster.folder.path().join("word");
        fs::write(&word, ADMIN.1).unwrap();
        if let Some((uid, gid)) = user {
            chown(&word, Some(uid), Some(gid)).unwrap();
        }
        let mut initdb = cluster.program("initdb");
        initdb.arg("-D").arg(cluster.data()).arg("--pwfile").arg(&word);
        initdb.args(["-U", ADMIN.0, "-A", "scram-sha-256", "-E", "UTF8", "--locale", "C", "--no-sync"]);
        let output = initdb.output().unwrap();
        assert!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
        cluster.resume();
        cluster.sql("postgres", &format!("CREATE ROLE {} LOGIN CREATEDB CREATEROLE PASSWORD '{}'", LOGIN.0, LOGIN.1));
        cluster
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("cluster")
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.current_dir(self.folder.path()).stdin(Stdio::null()).env("LC_ALL", "C");
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Starts it (again), and waits until it answers.
    pub fn resume(&mut self) {
        assert!(self.server.is_none(), "it is running");
        let log = fs::OpenOptions::new().create(true).append(true).open(self.folder.path().join("log")).unwrap();
        let mut command = self.program("postgres");
        command.arg("-D").arg(self.data()).arg("-k").arg(self.folder.path()).args(["-p", &self.port.to_string()]);
        command.args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "shared_buffers=8MB"]);
        self.settings.iter().for_each(|setting| {
            command.args(["-c", setting]);
        });
        self.server = Some(command.stdout(Stdio::null()).stderr(log).spawn().unwrap());
        eventually("PostgreSQL does not start", || self.try_sql("postgres", "SELECT 1").ok());
    }

    /// Stops it; connections are cut.
    pub fn stop(&mut self) {
        let Some(mut server) = self.server.take() else { return };
        let _ = Command::new("kill").args(["-s", "INT", &server.id().to_string()]).status();
        let deadline = Instant::now() + PATIENCE;
        while server.try_wait().unwrap().is_none() {
            if Instant::now() > deadline {
                server.kill().unwrap();
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }

    /// What `psql` shows for a statement, as the super user: columns divided by `|`, a line a row.
    pub fn sql(&self, database: &str, statement: &str) -> String {
        self.try_sql(database, statement).unwrap_or_else(|error| panic!("{statement}: {error}"))
    }

    /// The same; the error as text.
    pub fn try_sql(&self, database: &str, statement: &str) -> Result<String, String> {
        let mut psql = self.program("psql");
        psql.args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", ADMIN.0, "-d", database]);
        psql.args(["-p", &self.port.to_string(), "-c", statement]).env("PGPASSWORD", ADMIN.1);
        let output = psql.output().unwrap();
        match output.status.success() {
            true => Ok(String::from_utf8(output.stdout).unwrap().trim_end().to_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    /// Waits until a statement shows this.
    pub fn shows(&self, database: &str, statement: &str, wanted: &str) {
        let mut shown = String::new();
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            shown = self.try_sql(database, statement).unwrap_or_else(|error| error);
            if shown == wanted {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("{statement}: {shown:?} and not {wanted:?}");
    }

    /// A `db.properties` for the databases `blynk` and `blynk_reporting` of this cluster.
    pub fn properties(&self) -> String {
        let url =
            |name: &str| format!("jdbc:postgresql://127.0.0.1:{}/{name}?tcpKeepAlive=true&socketTimeout=15", self.port);
        format!(
            "jdbc.url={}\nuser={}\npassword={}\nreporting.jdbc.url={}\nreporting.user={}\nreporting.password={}\n",
            url("blynk"),
            LOGIN.0,
            LOGIN.1,
            url("blynk_reporting"),
            LOGIN.0,
            LOGIN.1,
        )
    }

    /// Where the databases are, as settings.
    pub fn config(&self) -> eyelet::config::DbConfig {
        let url = |name: &str| {
            let url = format!("jdbc:postgresql://127.0.0.1:{}/{name}?socketTimeout=15", self.port);
            eyelet::config::JdbcUrl::read(&url).unwrap()
        };
        eyelet::config::DbConfig {
            jdbc_url: url("blynk"),
            reporting_jdbc_url: url("blynk_reporting"),
            ..Default::default()
        }
    }

    /// Writes a file beside the data, readable by the server only.
    pub fn write_file(&self, name: &str, text: &str) {
        let path = self.data().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        if let Some((uid, gid)) = self.user {
            chown(&path, Some(uid), Some(gid)).unwrap();
        }
    }

    /// What it has said.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop();
    }
}
