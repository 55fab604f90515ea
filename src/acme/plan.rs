//! Whether this server shall have a certificate from an ACME server, and for what name.

use crate::config::Config;
use crate::notify::punycode::domain_to_ascii;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// What is asked of which server, and where it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The name in the certificate, as DNS has it.
    pub host: String,
    /// Mail address of the account.
    pub contact: String,
    /// Address of the server's directory.
    pub directory: String,
    /// A file with authorities that are trusted besides the system's; empty = none.
    pub roots: PathBuf,
    /// Where account and certificate are kept.
    pub data_folder: PathBuf,
    /// Where the legacy server kept its key.
    pub working_folder: PathBuf,
    /// Not `renewal.disabled`.
    pub renews: bool,
}

impl Plan {
    /// What the configuration asks for. Nothing: a certificate is configured, or there is no name or no mail address, or
    /// the name is an address.
    pub fn of(config: &Config, data_folder: &Path) -> Option<Plan> {
        let server = &config.server;
        let contact = config.acme_contact()?;
        if !server.server_ssl_cert.as_os_str().is_empty() || server.server_host.is_empty() {
            return None;
        }
        if server.server_host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
            return None;
        }
        Some(Plan {
            host: domain_to_ascii(&server.server_host)?.to_ascii_lowercase(),
            contact: contact.to_owned(),
            directory: server.acme_directory_url.clone(),
            roots: server.acme_roots_file.clone(),
            data_folder: data_folder.to_owned(),
            working_folder: config.working_folder.clone(),
            renews: !server.renewal_disabled,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_a_mail_address_are_needed() {
        let mut config = Config::for_tests();
        let of = |config: &Config| Plan::of(config, Path::new("/data")).map(|plan| plan.host);
        config.server.server_host = "IoT.bücher.example".into();
        assert_eq!(of(&config), None);
        config.server.contact_email = Some("me@example.com".into());
        assert_eq!(of(&config).as_deref(), Some("iot.xn--bcher-kva.example"));
        for address in ["", "192.0.2.1", "2001:db8::1", "[2001:db8::1]"] {
            config.server.server_host = address.into();
            assert_eq!(of(&config), None, "{address}");
        }
        config.server.server_host = "iot.example".into();
        config.server.server_ssl_cert = "cert.pem".into();
        assert_eq!(of(&config), None);
    }
}
