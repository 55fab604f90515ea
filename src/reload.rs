//! SIGHUP: reads the configuration again and takes over what may change while the server runs (`[reload]` in
//! `docs/configuration.md`): limits, log level, transports, texts, and the files of the certificate.

use crate::certificates;
use crate::config::{self, Config, Sources};
use crate::hub::Hub;
use crate::logging;
use crate::net::server::Server;
use crate::notify::mail_texts::MailTexts;
use crate::services::Transports;
use std::path::Path;
use std::rc::Rc;

/// Reads everything again. A configuration with errors changes nothing; a certificate or text with errors keeps the old one.
pub fn reload(server: &Server, sources: &Sources, transports: &Transports, data_folder: &Path) {
    let new = match config::load(sources) {
        Ok(new) => new,
        Err(error) => return log::error!("The configuration was not read again, the old one stays: {error}"),
    };
    for warning in new.remarks() {
        log::warn!("{warning}");
    }
    let mut hub = server.hub.borrow_mut();
    let (next, restart) = merged(&hub.config, new);
    if !restart.is_empty() {
        log::warn!("These keys take effect at the next start only: {}", restart.join(", "));
    }
    logging::set_level(next.server.log_level);
    transports.replace(&next);
    take_texts(&mut hub, &next);
    let next = Rc::new(next);
    hub.config = Rc::clone(&next);
    drop(hub);
    if let Err(error) = certificates::choose_again(server, &next, data_folder) {
        log::error!("The certificate stays as it was: {error}");
    }
    log::info!("The configuration was read again");
}

/// The running configuration with what may change taken from `new`, and the keys that differ but may not.
fn merged(running: &Config, new: Config) -> (Config, Vec<&'static str>) {
    let mut next = running.clone();
    let mut restart = next.server.adopt(&new.server);
    if running.db != new.db {
        restart.push("db.properties");
    }
    let db = next.db.take();
    // The tables of these files are wholly for the transports, which are made anew.
    next = Config { server: next.server, db, ..new };
    (next, restart)
}

fn take_texts(hub: &mut Hub, next: &Config) {
    let third_party = next.mail.as_ref().is_some_and(|mail| mail.third_party());
    match MailTexts::load(&next.working_folder, &next.server.product_name, third_party) {
        Ok(texts) => hub.texts = Rc::new(texts),
        Err(error) => log::error!("The texts of mails stay as they were: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::MailConfig;

    #[test]
    fn only_what_may_change_changes() {
        let mut running = Config::for_tests();
        running.server.http_port = 1;
        let mut new = running.clone();
        new.server.http_port = 2;
        new.server.user_devices_limit = 7;
        new.mail = Some(MailConfig::default());
        let (next, restart) = merged(&running, new);
        assert_eq!((next.server.http_port, next.server.user_devices_limit), (1, 7));
        assert_eq!(restart, ["http.port"]);
        assert!(next.mail.is_some());
    }
}
