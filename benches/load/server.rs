//! The server under test: started in a temporary folder, or found running; its CPU time and memory.

use crate::options::Options;
use crate::Fallible;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take to open its ports, and to stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server.
pub struct Server {
    pub http: u16,
    pub https: u16,
    pid: Option<u32>,
    own: Option<Own>,
}

/// A server that this program starts and stops.
struct Own {
    program: String,
    folder: tempfile::TempDir,
    child: Option<Child>,
}

impl Server {
    /// Starts the server of the options, or takes the running one.
    pub fn from_options(options: &mut Options) -> Fallible<Server> {
        let mut server = Server::prepare(options)?;
        if server.own.is_some() {
            server.start()?;
        }
        Ok(server)
    }

    /// The server of the options, not started.
    pub fn prepare(options: &mut Options) -> Fallible<Server> {
        let Some(program) = options.find::<String>("server")? else {
            let ports = (options.find("http")?, options.find("https")?);
            let (Some(http), Some(https)) = ports else { return Err("--server, or --http and --https".into()) };
            return Ok(Server { http, https, pid: options.find("pid")?, own: None });
        };
        let folder = tempfile::tempdir()?;
        let [http, https, mqtt] = free_ports()?;
        let properties = format!(
            "listen.address=127.0.0.1\nhttp.port={http}\nhttps.port={https}\nhardware.mqtt.port={mqtt}\n\
             server.host=127.0.0.1\ndata.folder={data}\nlogs.folder={logs}\nlog.level=info\n\
             user.message.quota.limit=1000000000\nuser.devices.limit=1000\nuser.profile.max.size=1024\n\
             hourly.registrations.limit=100000\nhard.socket.idle.timeout=3600\napp.socket.idle.timeout=3600\n\
             initial.energy=100000000\nadmin.pass=load\n",
            data = folder.path().join("data").display(),
            logs = folder.path().join("logs").display(),
        );
        fs::write(folder.path().join("server.properties"), properties)?;
        Ok(Server { http, https, pid: None, own: Some(Own { program, folder, child: None }) })
    }

    /// Starts it and waits until it listens; how long that took.
    pub fn start(&mut self) -> Fallible<Duration> {
        let own = self.own.as_mut().ok_or("only a server that was started with --server can be started again")?;
        let mut command = own.command()?;
        let start = Instant::now();
        let mut child = command.spawn().map_err(|e| format!("{}: {e}", own.program))?;
        self.pid = Some(child.id());
        for port in [self.http, self.https] {
            while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
                if start.elapsed() > PATIENCE || child.try_wait()?.is_some() {
                    let output = fs::read_to_string(own.folder.path().join("output.txt")).unwrap_or_default();
                    return Err(format!("the server does not listen on port {port}:\n{output}").into());
                }
                std::thread::sleep(Duration::from_micros(200));
            }
        }
        own.child = Some(child);
        Ok(start.elapsed())
    }

    /// Stops it with SIGTERM and waits for its end.
    pub fn stop(&mut self) -> Fallible<()> {
        match &mut self.own {
            Some(own) => own.stop(),
            None => Ok(()),
        }
    }

    /// Stops it and starts it on the same data. A server that was not started here goes on.
    pub fn restart(&mut self) -> Fallible<()> {
        if self.own.is_some() {
            self.stop()?;
            self.start()?;
        }
        Ok(())
    }

    /// Removes its data; it must be stopped.
    pub fn forget(&self) -> Fallible<()> {
        let Some(own) = &self.own else { return Ok(()) };
        match fs::remove_dir_all(own.folder.path().join("data")) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e.into()),
            _ => Ok(()),
        }
    }

    /// CPU time used so far by all threads; `None` when its process is not known.
    pub fn cpu(&self) -> Fallible<Option<Duration>> {
        let Some(pid) = self.pid else { return Ok(None) };
        let mut ns = 0;
        for task in fs::read_dir(format!("/proc/{pid}/task"))? {
            // In nanoseconds; the times in `stat` are rounded to 10 ms.
            let text = fs::read_to_string(task?.path().join("schedstat"))?;
            ns += text.split(' ').next().ok_or("schedstat is empty")?.parse::<u64>()?;
        }
        Ok(Some(Duration::from_nanos(ns)))
    }

    /// Resident memory in KB, and how much of it is not backed by files.
    pub fn memory(&self) -> Fallible<(u64, u64)> {
        let pid = self.pid.ok_or("--pid is needed")?;
        let text = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
        };
        Ok((field("VmRSS:"), field("RssAnon:")))
    }
}

impl Own {
    fn command(&self) -> Fallible<Command> {
        let root: &Path = self.folder.path();
        let (data, config): (PathBuf, PathBuf) = (root.join("data"), root.join("server.properties"));
        let mut words: Vec<String> = self.program.split_whitespace().map(str::to_owned).collect();
        if words.len() == 1 {
            words.extend(["-dataFolder", "{data}", "-serverConfig", "{config}"].map(str::to_owned));
        }
        for word in &mut words {
            *word = word.replace("{data}", &data.to_string_lossy()).replace("{config}", &config.to_string_lossy());
        }
        let program = words.first().ok_or("--server is empty")?;
        let program = fs::canonicalize(program).unwrap_or_else(|_| program.into());
        let output = fs::File::create(root.join("output.txt"))?;
        let mut command = Command::new(program);
        command.args(&words[1..]).current_dir(root).stdin(Stdio::null());
        command.stdout(output.try_clone()?).stderr(output);
        Ok(command)
    }

    fn stop(&mut self) -> Fallible<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        Command::new("kill").args(["-TERM", &child.id().to_string()]).status()?;
        let start = Instant::now();
        while child.try_wait()?.is_none() {
            if start.elapsed() > PATIENCE {
                child.kill()?;
                child.wait()?;
                return Err("the server did not stop".into());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if let Err(e) = self.stop() {
            eprintln!("load: {e}");
        }
    }
}

fn free_ports() -> Fallible<[u16; 3]> {
    let listeners = [(); 3].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
    let mut ports = [0; 3];
    for (port, listener) in ports.iter_mut().zip(&listeners) {
        let listener = listener.as_ref().map_err(|e| e.to_string())?;
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}
