//! Which certificate the TLS ports show while the server runs: at the start, at SIGHUP, and when its files change.
//!
//! A new certificate is for new connections; those that are open go on with what they began with.

use crate::config::Config;
#[cfg(feature = "acme")]
use crate::console;
use crate::hub::{Hub, Queue};
use crate::net::certificate::{self, Settings, Source};
use crate::net::server::Server;
use crate::net::validity::Validity;
use async_io::Timer;
use rustls::sign::CertifiedKey;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How often the files of others are looked at. A change counts when the files are the same at the next look, too: programs
/// write two files one after the other.
const LOOK_PERIOD: Duration = Duration::from_secs(10);

/// Shows this certificate from now on, and notes it.
pub fn show(server: &Server, source: &Source, certified: Arc<CertifiedKey>) -> Result<(), rustls::Error> {
    server.tls.swap(certified)?;
    note(server, source);
    Ok(())
}

/// Notes for others which certificate is shown.
fn note(server: &Server, source: &Source) {
    let (file, _) = source.files();
    log::info!("Certificate: {}", file.display());
    let certified = server.tls.certificate();
    let validity = certified.cert.first().and_then(|leaf| Validity::of(leaf));
    let noted = &mut server.hub.borrow_mut().certificate;
    noted.file = file.to_owned();
    noted.is_self_signed = matches!(source, Source::SelfSigned(..));
    noted.until = validity.map_or(0, |validity| validity.until);
}

/// Starts what keeps the certificate current that the server begins with. Returns whether the first one of an ACME server
/// is asked for.
pub fn keep_current(server: &Rc<Server>, source: Source, data_folder: &Path) -> bool {
    note(server, &source);
    let is_first = matches!(source, Source::SelfSigned(..));
    let asks = ask(server, data_folder, is_first);
    if matches!(source, Source::Configured(..) | Source::WorkingFolder(..)) {
        let task = watch(Rc::clone(server), source, data_folder.to_owned());
        server.executor.spawn(task).detach();
    }
    asks && is_first
}

/// Starts asking an ACME server, if the configuration wants it.
#[cfg(feature = "acme")]
fn ask(server: &Rc<Server>, data_folder: &Path, is_first: bool) -> bool {
    let Some(plan) = crate::acme::Plan::of(&server.hub.borrow().config, data_folder) else { return false };
    if !plan.renews {
        console::say(console::RENEWAL_DISABLED);
    }
    server.executor.spawn(crate::acme::keeper::run(Rc::clone(server), plan, is_first)).detach();
    true
}

/// This build asks nobody.
#[cfg(not(feature = "acme"))]
fn ask(server: &Rc<Server>, _: &Path, is_first: bool) -> bool {
    let hub = server.hub.borrow();
    if is_first && hub.config.acme_contact().is_some() && !hub.config.server.server_host.is_empty() {
        log::warn!("This build asks no ACME server for a certificate (feature acme): the self-signed one is shown");
    }
    false
}

/// Chooses anew, for SIGHUP.
///
/// # Errors
/// Why the old certificate is still shown.
pub fn choose_again(server: &Server, config: &Config, data_folder: &Path) -> Result<(), String> {
    let (source, certified) =
        certificate::choose(&Settings::of(config, data_folder)).map_err(|error| error.to_string())?;
    show(server, &source, certified).map_err(|error| error.to_string())
}

/// Runs slow work on a worker and waits for its result; `None` when the queue is full or the server stops.
pub async fn on_worker<T: Send + 'static>(
    server: &Server,
    queue: Queue,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (sender, receiver) = smol::channel::bounded(1);
    let then = move |_: &mut Hub, result| {
        let _ = sender.try_send(result);
    };
    server.hub.borrow_mut().jobs.work(queue, work, then).ok()?;
    receiver.recv().await.ok()
}

/// What tells a file from its former self.
type Stamp = Vec<Option<(SystemTime, u64)>>;

fn stamp(files: &[PathBuf]) -> Stamp {
    let one = |file: &PathBuf| fs::metadata(file).and_then(|m| Ok((m.modified()?, m.len()))).ok();
    files.iter().map(one).collect()
}

/// Chooses anew whenever these files change: configured ones, or those of other programs in the working directory.
pub async fn watch(server: Rc<Server>, source: Source, data_folder: PathBuf) {
    let (certificate, key) = source.files();
    let files = [certificate.to_owned(), key.to_owned()];
    let look = || {
        let files = files.clone();
        on_worker(&server, Queue::Disk, move || stamp(&files))
    };
    let Some(mut shown) = look().await else { return };
    let mut before = shown.clone();
    loop {
        Timer::after(LOOK_PERIOD).await;
        let Some(now) = look().await else { return };
        let is_settled = now == before;
        before = now;
        if !is_settled || before == shown {
            continue;
        }
        shown.clone_from(&before);
        let (config, folder) = (Config::clone(&server.hub.borrow().config), data_folder.clone());
        let choose = move || certificate::choose(&Settings::of(&config, &folder));
        let Some(chosen) = on_worker(&server, Queue::Disk, choose).await else { return };
        let shown = chosen.and_then(|(source, certified)| Ok(show(&server, &source, certified)?));
        if let Err(error) = shown {
            log::error!("The certificate's files have changed, but the old one stays: {error}");
        }
    }
}
