//! The accounts when the server starts: from the data folder or, with `-restore`, from the database; and the first
//! administrator.

use super::StartError;
use crate::console;
use crate::hub::{Hub, Unsaved};
use crate::model::MAIN_APP;
use crate::store::{self, accounts, DataFolder, LoadSettings, Saver};
use std::path::Path;
use std::sync::Arc;

/// Reads all accounts.
pub fn load(hub: &mut Hub, folder: &mut DataFolder) {
    let settings = hub.config.server.clone();
    let listing = folder.take_listing();
    let loaded = store::load(
        folder.root(),
        &listing,
        &LoadSettings {
            host: &hub.host,
            initial_energy: settings.initial_energy,
            terminal_lines: settings.terminal_strings_pool_size as usize,
            table_rows: settings.table_rows_pool_size as usize,
            now: hub.now(),
        },
    );
    for finding in &loaded.findings {
        if finding.is_loss {
            log::error!("{}: {}", finding.file, finding.text);
        } else {
            log::warn!("{}: {}", finding.file, finding.text);
        }
    }
    let count = loaded.users.len();
    for user in loaded.users {
        let id = hub.add_user(user.user);
        if let Some(account) = hub.users.get_mut(id) {
            account.budget.loaded(user.size);
        }
        if user.from_backup {
            hub.users.mark(id, Unsaved::Changes);
        }
    }
    log::info!("{count} accounts loaded");
    hub.save_with(Arc::new(Saver::new(folder.root(), loaded.leftovers)));
}

/// Takes all accounts of this region from the database; files of accounts are not read. They are written to the data folder
/// at once, so that the next start finds them there.
#[cfg(feature = "postgres")]
pub fn restore(hub: &mut Hub, folder: &DataFolder) -> Result<(), StartError> {
    let Some(config) = hub.config.db.clone() else { return Err(StartError::Restore("enable.db is not true".into())) };
    let users = crate::database::restore(&config, &hub.config.server.region).map_err(StartError::Restore)?;
    let count = users.len();
    for user in users {
        let id = hub.add_user(user);
        hub.users.mark(id, Unsaved::Changes);
    }
    log::info!("{count} accounts restored from the database");
    console::say(&format!("{count} accounts restored from the database."));
    hub.save_with(Arc::new(Saver::new(folder.root(), Default::default())));
    Ok(())
}

/// This build has no database.
#[cfg(not(feature = "postgres"))]
pub fn restore(_: &mut Hub, _: &DataFolder) -> Result<(), StartError> {
    Err(StartError::Restore("this build cannot use PostgreSQL".into()))
}

/// Links of mails that were sent before the restart go on working.
pub fn load_reset_tokens(hub: &mut Hub, data_folder: &Path) {
    let (ticks, now) = (hub.ticks(), hub.now());
    match store::reset_tokens::take(data_folder) {
        Ok(text) => hub.reset_tokens.take_text(&text, ticks, now),
        Err(error) => log::warn!("password resets that were begun are lost: {error}"),
    }
}

/// Makes the first administrator, when no account is one; what the operator is told about it.
pub fn make_administrator(hub: &mut Hub, https_port: u16) -> Result<Option<String>, StartError> {
    if hub.users.iter().any(|(_, account)| account.user.is_super_admin) {
        return Ok(None);
    }
    let settings = hub.config.server.clone();
    let email = settings.admin_email.as_str();
    let url = console::admin_url(&hub.host, https_port, &settings.admin_root_path, settings.force_port_80_for_csv);
    if let Some(id) = hub.users.find(email, MAIN_APP).or_else(|| hub.users.find(&email.to_lowercase(), MAIN_APP)) {
        // Somebody has this address already: raised, not replaced.
        if let Some(account) = hub.users.get_mut(id) {
            account.user.is_super_admin = true;
        }
        hub.user_changed(id);
        return Ok(Some(format!("Your Admin url is {url}\nYour Admin login email is {email}")));
    }
    let configured = settings.admin_pass.expose();
    let mut lines = String::new();
    let password = if configured.is_empty() {
        lines.push_str("Admin password not specified. Random password generated.\n");
        accounts::random_password()?
    } else {
        configured.to_owned()
    };
    let user = accounts::new_account(&accounts::NewAccount {
        email,
        app: MAIN_APP,
        pass: &accounts::password_hash(email, &password),
        is_super_admin: true,
        region: &settings.region,
        host: &hub.host,
        energy: settings.initial_energy,
        now: hub.now(),
    });
    let id = hub.add_user(user);
    hub.user_changed(id);
    lines.push_str(&console::administrator(&url, email, &password));
    Ok(Some(lines))
}
