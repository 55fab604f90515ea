//! The task that gets a certificate at the start, when there is none, and renews it for ever after. While it fails, the old
//! certificate or the self-signed one is shown.

use super::client::Client;
use super::{files, order, renewal, AcmeError, Plan};
use crate::certificates::{on_worker, show};
use crate::hub::Queue;
use crate::logging::WORKER;
use crate::net::certificate::{Source, ACME_CERTIFICATE, ACME_KEY, EARLIEST};
use crate::net::server::Server;
use crate::notify::http_client::HttpClient;
use crate::notify::local_address::LocalAddresses;
use crate::{console, local_time};
use async_io::Timer;
use std::rc::Rc;
use std::time::Duration;

/// The clock may be set meanwhile: it is looked at least so often.
const LONGEST_SLEEP: Duration = Duration::from_secs(60 * 60);
/// A clock that was never set is looked at so often.
const CLOCK_PAUSE: Duration = Duration::from_secs(30);

/// Runs for ever, or until there is nothing to do. `is_first`: there is no certificate at all, and the console hears how it
/// went.
pub async fn run(server: Rc<Server>, plan: Plan, is_first: bool) {
    let mut console_waits = is_first;
    let mut may_ask = is_first || plan.renews;
    let mut failures = 0;
    while may_ask {
        let now = now(&server);
        let due = due(&server, &plan);
        if now < i64::try_from(EARLIEST.as_secs()).unwrap_or(i64::MAX) {
            note(&server, "waits until the clock is right".to_owned());
            Timer::after(CLOCK_PAUSE).await;
            continue;
        }
        if now < due {
            note(&server, format!("from {}", moment(due)));
            Timer::after(seconds(due - now).min(LONGEST_SLEEP)).await;
            continue;
        }
        note(&server, "under way".to_owned());
        log::info!(target: WORKER, "Asking {} for a certificate for {}", plan.directory, plan.host);
        let outcome = obtain(&server, &plan).await;
        let told = match &outcome {
            Ok(()) => {
                log::info!(target: WORKER, "{} has a new certificate", plan.host);
                if std::mem::take(&mut console_waits) {
                    console::say(&console::certificate_made(&plan.host));
                }
                may_ask = plan.renews;
                None
            }
            Err(AcmeError::Refused { wait, .. }) => *wait,
            Err(_) => None,
        };
        if outcome.is_ok() && now < self::due(&server, &plan) {
            failures = 0;
            continue;
        }
        failures += 1;
        let pause = renewal::pause(failures, told);
        let reason = match outcome {
            Ok(()) => "the new certificate is too old already, is the clock right?".to_owned(),
            Err(error) => error.to_string(),
        };
        let again = moment(self::now(&server).saturating_add_unsigned(pause.as_secs()));
        log::error!(target: WORKER, "No certificate for {} from {}: {reason}; again at {again}", plan.host, plan.directory);
        note(&server, format!("failed, again at {again}: {reason}"));
        if std::mem::take(&mut console_waits) {
            console::say(&console::certificate_failed(&reason));
        }
        Timer::after(pause).await;
    }
    note(&server, "off (renewal.disabled)".to_owned());
}

/// From account to a certificate that is shown.
async fn obtain(server: &Server, plan: &Plan) -> Result<(), AcmeError> {
    let (data, working, roots) = (plan.data_folder.clone(), plan.working_folder.clone(), plan.roots.clone());
    let read = move || Ok::<_, AcmeError>((files::keys(&data, &working)?, files::roots(&roots)?));
    let ((account, key), roots) = on_worker(server, Queue::Disk, read).await.ok_or(AcmeError::Busy)??;
    let http = HttpClient::with_roots(LocalAddresses::Allow, roots);
    let mut client = Client::connect(server, http, &account, &plan.directory).await?;
    client.log_in(&plan.contact).await?;
    let chain = order::obtain(&mut client, server, &plan.host, &key).await?;
    let (data, host, now) = (plan.data_folder.clone(), plan.host.clone(), now(server));
    let keep = move || files::keep(&data, &host, now, &chain);
    let certified = on_worker(server, Queue::Disk, keep).await.ok_or(AcmeError::Busy)??;
    let source = Source::Acme(plan.data_folder.join(ACME_CERTIFICATE), plan.data_folder.join(ACME_KEY));
    show(server, &source, certified).map_err(|error| AcmeError::Certificate(error.into()))
}

/// When the certificate that is shown must be replaced, s since 1970; 0 = it is none of an authority, or for another name.
fn due(server: &Server, plan: &Plan) -> i64 {
    if server.hub.borrow().certificate.is_self_signed {
        return 0;
    }
    server.tls.certificate().cert.first().map_or(0, |leaf| renewal::due(leaf, &plan.host))
}

/// Wall time, s since 1970.
fn now(server: &Server) -> i64 {
    server.hub.borrow().now() / 1000
}

fn seconds(count: i64) -> Duration {
    Duration::from_secs(u64::try_from(count).unwrap_or(0))
}

fn note(server: &Server, renewal: String) {
    server.hub.borrow_mut().certificate.renewal = renewal;
}

/// Local date and time of s since 1970.
fn moment(at: i64) -> String {
    local_time::shown(at.saturating_mul(1000))
}
