//! The life of the server: start, run, stop.

mod accounts;

use std::cell::RefCell;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use async_executor::LocalExecutor;
use async_io::Timer;

use crate::certificates;
use crate::config::address::ListenerKind;
use crate::config::{Config, ServerConfig, Sources};
use crate::console;
use crate::control::server::{Control, SocketFile};
#[cfg(feature = "postgres")]
use crate::database::Workers;
use crate::descriptors::{self, Shares};
use crate::http::Http;
use crate::hub::jobs::{Completion, Services};
use crate::hub::{Clock, Hub, HubHandle, Jobs};
use crate::logging;
use crate::net::certificate::{self, CertificateError};
use crate::net::event_loop::{self, Bound};
use crate::net::listen::{self, Service};
use crate::net::server::Server;
use crate::net::tls::Tls;
use crate::notify::mail_texts::{MailTexts, TextError};
use crate::reload;
use crate::services::Transports;
use crate::store::accounts::NoRandom;
use crate::store::{self, DataFolder, FolderError};
use crate::supervisor::{self, Supervisor};

/// Why the server did not start. One line each, for the operator.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error("{0}")]
    Folder(String),
    #[error("{0}")]
    FolderLock(#[from] FolderError),
    #[error("Error restoring data from DB! {0}")]
    Restore(String),
    #[error("{0}")]
    Certificate(#[from] CertificateError),
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
    #[error("{}: cannot listen on port {port}{}: {error}", busy(.error), at(.address))]
    Bind { port: u16, address: String, error: io::Error },
    #[error("the thread for files cannot start: {0}")]
    Http(io::Error),
    #[error("the event loop cannot start: {0}")]
    Loop(io::Error),
    #[error("{0}")]
    Texts(#[from] TextError),
    #[cfg(feature = "postgres")]
    #[error("the threads of the database cannot start: {0}")]
    Database(io::Error),
    #[error("no random numbers for the administrator's password")]
    Random(#[from] NoRandom),
}

fn busy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => console::PORTS_BUSY,
        _ => "Error starting the server",
    }
}

fn at(address: &str) -> String {
    if address.is_empty() {
        String::new()
    } else {
        format!(" of {address}")
    }
}

/// Runs the server until a signal ends it. `sources`: what SIGHUP reads again; `restore`: the accounts come from the database.
pub fn serve(config: Rc<Config>, sources: &Sources, restore: bool) -> ExitCode {
    match start_and_run(config, sources, restore) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            console::say(&error.to_string());
            log::error!(target: logging::TOLD, "{error}");
            ExitCode::FAILURE
        }
    }
}

fn start_and_run(config: Rc<Config>, sources: &Sources, restore: bool) -> Result<(), StartError> {
    let supervisor = Rc::new(Supervisor::of_process());
    let settings = &config.server;
    #[cfg(not(feature = "postgres"))]
    if settings.enable_db {
        // As the reference without its database: it starts, and refuses what needs one.
        console::say("WARNING : enable.db=true, but this build cannot use PostgreSQL. Everything is kept in files.");
        log::error!(target: crate::logging::POSTGRES, "enable.db=true, but this build cannot use PostgreSQL: everything is kept in files");
    }
    let root = crate::config::folders::prepare_data_folder(&settings.data_folder).map_err(StartError::Folder)?;
    for warning in &root.warnings {
        console::say(warning);
    }
    let mut folder = DataFolder::open(&root.path)?;
    log::info!("Using data folder '{}'", folder.root().display());
    // A stop during the start waits until there is something to stop.
    let signals = event_loop::catch_signals().map_err(StartError::Loop)?;

    // Ports first: a second server must not touch anything before it knows that it is one.
    let listeners = bind_all(settings)?;
    let (source, certified) = certificate::choose(&certificate::Settings::of(&config, folder.root()))?;
    let tls = Tls::new(certified)?;

    let limit = descriptors::raise_limit();
    let shares = Shares::new(limit, settings.worker_threads());
    let (handle, inbox) = HubHandle::new();
    let transports = Arc::new(Transports::new(&config));
    let services: Arc<dyn Services> = Arc::clone(&transports) as _;
    let jobs = Jobs::new(services, handle.inbox(), shares.network_threads, settings.notifications_queue_limit);
    let mut hub = Hub::new(Rc::clone(&config), Clock::system(), jobs);
    #[cfg(feature = "postgres")]
    let workers = start_database(&mut hub, &handle)?;
    hub.host = crate::host::find(settings).into();
    log::info!("Region : {}. Host : {}.", settings.region, hub.host);
    let third_party = config.mail.as_ref().is_some_and(|mail| mail.third_party());
    hub.texts = Rc::new(MailTexts::load(&config.working_folder, &settings.product_name, third_party)?);
    if restore {
        accounts::restore(&mut hub, &folder)?;
    } else {
        accounts::load(&mut hub, &mut folder);
    }
    accounts::load_reset_tokens(&mut hub, folder.root());
    let administrator = accounts::make_administrator(&mut hub, https_port(&listeners))?;
    hub.history.open(history_root(&config, folder.root()));
    hub.catch_up_database();
    hub.schedule_saves();
    hub.schedule_sweeps();
    hub.start_periodic_work();

    let hub = Rc::new(RefCell::new(hub));
    let http = Http::start(handle, &config, folder.root()).map_err(StartError::Http)?;
    let server = Rc::new(Server::new(Rc::clone(&hub), Rc::new(LocalExecutor::new()), tls, http, shares));
    let control = open_control(&config, &folder, &server);
    let asks = certificates::keep_current(&server, source, folder.root());
    let logs = &settings.logs_folder;
    let logs = (!logs.as_os_str().is_empty()).then(|| crate::config::folders::absolute(logs));
    console::say(&console::started(logs.as_deref()));
    if asks {
        console::say(console::MAKING_CERTIFICATE);
    }
    if let Some(lines) = administrator {
        console::say(&lines);
    }
    hub.borrow_mut().save_changes();

    supervisor.tell(supervisor::READY);
    if let Some(period) = supervisor.watchdog() {
        server.executor.spawn(keep_telling(Rc::clone(&supervisor), period)).detach();
    }
    event_loop::run(&server, listeners, inbox.clone(), signals, |server| {
        supervisor.tell(supervisor::RELOADING);
        reload::reload(server, sources, &transports, folder.root());
        supervisor.tell(supervisor::READY);
    })
    .map_err(StartError::Loop)?;

    supervisor.tell(supervisor::STOPPING);
    drop(control);
    stop(
        &server,
        &inbox,
        || {
            #[cfg(feature = "postgres")]
            if let Some(workers) = workers {
                workers.finish();
            }
        },
        folder.root(),
    );
    Ok(())
}

/// The workers of the databases, when there are some.
#[cfg(feature = "postgres")]
fn start_database(hub: &mut Hub, handle: &HubHandle) -> Result<Option<Workers>, StartError> {
    let Some(config) = hub.config.db.clone() else { return Ok(None) };
    let workers = Workers::start(&config, handle.inbox()).map_err(StartError::Database)?;
    hub.databases = Some(workers.databases());
    Ok(Some(workers))
}

/// Tells the service manager that the event loop turns.
async fn keep_telling(supervisor: Rc<Supervisor>, period: Duration) {
    loop {
        supervisor.tell(supervisor::WATCHDOG);
        Timer::after(period).await;
    }
}

/// Where history is. Without a configured data folder the reference had it in the working folder: what is there is kept.
pub fn history_root(config: &Config, data_folder: &Path) -> PathBuf {
    let legacy = config.working_folder.join("data");
    let is_used = || legacy.read_dir().is_ok_and(|mut entries| entries.any(|e| e.is_ok_and(|e| e.path().is_dir())));
    if config.server.data_folder.as_os_str().is_empty() && is_used() {
        log::warn!("History is in {}, since it is there and data.folder is empty", legacy.display());
        return legacy;
    }
    data_folder.join(store::folder::HISTORY)
}

/// The control socket. The server runs without one when it cannot be made.
fn open_control(config: &Config, folder: &DataFolder, server: &Server) -> Option<SocketFile> {
    let path = crate::run::control_socket(config, folder.root());
    match Control::listen(&path) {
        Ok((control, file)) => {
            let task = control.run(Rc::clone(&server.hub), Rc::clone(&server.executor));
            server.executor.spawn(task).detach();
            Some(file)
        }
        Err(error) => {
            log::error!("There is no control socket {}: {error}", path.display());
            None
        }
    }
}

/// All configured ports, bound.
fn bind_all(settings: &ServerConfig) -> Result<Vec<Bound>, StartError> {
    let main = &settings.listen_address;
    let mut ports = vec![
        (main.clone(), settings.http_port, Service::Plain),
        (main.clone(), settings.https_port, Service::Tls),
        (main.clone(), settings.hardware_mqtt_port, Service::Mqtt),
    ];
    for extra in &settings.listen_extra {
        let address = extra.address.map_or_else(|| main.clone(), |address| address.to_string());
        ports.push((address, extra.port, service(extra.kind)));
    }
    let mut bound = Vec::new();
    for (address, port, service) in ports {
        let listeners: Vec<TcpListener> =
            listen::bind(&address, port).map_err(|error| StartError::Bind { port, address, error })?;
        let bound_port = listeners.first().and_then(|l| l.local_addr().ok()).map_or(port, |address| address.port());
        log::info!("{} server listening at {bound_port} port.", name(service));
        bound.extend(listeners.into_iter().map(|listener| (listener, service)));
    }
    Ok(bound)
}

fn service(kind: ListenerKind) -> Service {
    match kind {
        ListenerKind::Plain => Service::Plain,
        ListenerKind::Tls => Service::Tls,
        ListenerKind::Mqtt => Service::Mqtt,
        ListenerKind::Mqtts => Service::MqttTls,
    }
}

fn name(service: Service) -> &'static str {
    match service {
        Service::Plain => "HTTP API and WebSockets",
        Service::Tls => "HTTPS API, WebSockets and Admin",
        Service::Mqtt => "Mqtt hardware",
        Service::MqttTls => "Secure mqtt hardware",
    }
}

fn https_port(listeners: &[Bound]) -> u16 {
    let tls = listeners.iter().find(|(_, service)| *service == Service::Tls);
    tls.and_then(|(listener, _)| listener.local_addr().ok()).map_or(0, |address| address.port())
}

/// Ends all connections and saves everything; `finish_database` waits until what the database is to have is there. Scripts know the lines; some name parts of the reference that this server
/// does not have.
fn stop(
    server: &Rc<Server>,
    inbox: &smol::channel::Receiver<Completion>,
    finish_database: impl FnOnce(),
    data_folder: &Path,
) {
    console::say("Catch shutdown hook.");
    console::say("Stopping servers...");
    console::say("Shutting down HTTP API and WebSockets server...");
    console::say("Shutting down HTTPS API, WebSockets and Admin server...");
    console::say("Shutting down Mqtt hardware server...");
    console::say("Stopping scheduler...");
    console::say("Closing all sockets...");
    let outboxes = server.hub.borrow_mut().end_all_connections();
    event_loop::finish(server, &outboxes);
    console::say("Stopping Transport Holder...");
    console::say("Stopping aggregator...");
    let mut hub = server.hub.borrow_mut();
    // Accounts first: databases are still open.
    hub.save_at_end();
    hub.end_history();
    console::say("Stopping BlockingIOProcessor...");
    console::say("Stopping DBManager...");
    if hub.config.db.is_some() {
        console::say("Closing DB...");
        console::say("Closing Reporting DB...");
    }
    console::say("Saving user profiles...");
    hub.jobs.finish();
    // What could not be written is said, and what is in the files goes to the database.
    while let Ok(call) = inbox.try_recv() {
        call(&mut hub);
    }
    finish_database();
    let (ticks, now) = (hub.ticks(), hub.now());
    if let Err(error) = store::reset_tokens::write(data_folder, &hub.reset_tokens.to_text(ticks, now)) {
        log::warn!("password resets that were begun are lost: {error}");
    }
    console::say("Done.");
}
