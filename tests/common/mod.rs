//! A real server for integration tests: the built program on loopback ports with a temporary data folder.
#![allow(dead_code)] // Each test file uses its own part.
#![allow(clippy::disallowed_methods)] // Tests may wait.

pub mod app;
pub mod owner;
pub mod postgres;
mod trusting;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_eyelet");
/// How long anything may take.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A folder with a configuration, in which servers can run one after the other.
pub struct Place {
    folder: TempDir,
    /// `http.port`.
    pub http: u16,
    /// `https.port`.
    pub https: u16,
    /// `hardware.mqtt.port`.
    pub mqtt: u16,
}

/// A running server; killed when dropped.
pub struct Server {
    child: Child,
    lines: Receiver<String>,
    /// What it has said on standard output.
    pub said: Vec<String>,
}

fn free_ports<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind(("127.0.0.1", 0)).unwrap());
    listeners.each_ref().map(|listener| listener.local_addr().unwrap().port())
}

impl Place {
    /// A fresh place; `config`: more lines for its `server.properties`.
    pub fn new(config: &str) -> Place {
        let folder = tempfile::tempdir().unwrap();
        let [http, https, mqtt] = free_ports();
        let data = folder.path().join("data").display().to_string();
        let text = format!(
            "http.port={http}\nhttps.port={https}\nhardware.mqtt.port={mqtt}\nlisten.address=127.0.0.1\n\
             server.host=127.0.0.1\ndata.folder={data}\nlogs.folder=./logs\nadmin.pass=s3cret\n{config}\n"
        );
        fs::write(folder.path().join("server.properties"), text).unwrap();
        Place { folder, http, https, mqtt }
    }

    /// Where the server's files are.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// The program with these arguments, in this place.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.current_dir(self.path()).arg("-serverConfig").arg(self.path().join("server.properties"));
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a subcommand to its end; `input` is its standard input.
    pub fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// Runs a subcommand that must succeed; its standard output.
    pub fn ok(&self, arguments: &[&str], input: &str) -> String {
        let output = self.run(arguments, input);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a subcommand that must fail; its standard error.
    pub fn fails(&self, arguments: &[&str], input: &str) -> String {
        let output = self.run(arguments, input);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    /// Starts a server and waits until it serves.
    pub fn start(&self) -> Server {
        self.start_with(&[], &[])
    }

    /// The same with more arguments and environment variables.
    pub fn start_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Server {
        let mut command = self.command(arguments);
        command.envs(environment.iter().copied());
        Server::of(command)
    }

    /// Starts a server that may open so many files and sockets.
    pub fn start_within(&self, descriptors: u32) -> Server {
        let program = self.command(&[]);
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("ulimit -n {descriptors} && exec \"$0\" \"$@\""));
        command.arg(program.get_program()).args(program.get_args()).current_dir(self.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        Server::of(command)
    }
}

impl Server {
    /// Runs the command and waits until it serves.
    fn of(mut command: Command) -> Server {
        let mut child = command.stderr(Stdio::inherit()).spawn().unwrap();
        let out = child.stdout.take().unwrap();
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let mut server = Server { child, lines, said: Vec::new() };
        server.wait_for("All server output");
        server
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// A figure of its process in KB, such as `VmHWM`: most resident memory so far.
    pub fn memory(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Waits for a line with this text.
    pub fn wait_for(&mut self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.said.iter().any(|line| line.contains(text)) {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => self.said.push(line),
                Err(_) => panic!("the server did not say {text:?} but {:?}", self.said),
            }
        }
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Ends it with SIGTERM; its exit status.
    pub fn stop(&mut self) -> ExitStatus {
        self.signal("TERM");
        self.end()
    }

    /// Waits for its end, and for its last lines.
    pub fn end(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None if Instant::now() > deadline => panic!("the server does not end"),
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        };
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            self.said.push(line);
        }
        status
    }

    /// Ends it as a power cut does.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Tries until it succeeds.
pub fn eventually<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(done) = attempt() {
            return done;
        }
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
