//! Which certificates of database servers are accepted: none is looked at, or the authority, or also the name.

use super::address::{Address, TlsMode};
use super::error::PgError;
use crate::outgoing::trust::{self, Lenient};
use rustls::client::danger::ServerCertVerifier;
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;

/// TLS as this database wants it.
///
/// # Errors
/// No authorities, or none that can be read.
pub fn client_config(address: &Address) -> Result<ClientConfig, PgError> {
    let verifier: Arc<dyn ServerCertVerifier> = match address.tls {
        TlsMode::VerifyCa | TlsMode::VerifyFull => {
            let by_web_rules = WebPkiServerVerifier::builder_with_provider(
                Arc::new(roots(address)?),
                Arc::new(ring::default_provider()),
            )
            .build()
            .map_err(|error| PgError::Tls(error.to_string()))?;
            if address.tls == TlsMode::VerifyFull {
                by_web_rules
            } else {
                Arc::new(Lenient(Some(by_web_rules)))
            }
        }
        // As PostgreSQL's own clients do it.
        _ => Arc::new(Lenient(None)),
    };
    trust::verified(verifier).map_err(|error| PgError::Tls(error.to_string()))
}

fn roots(address: &Address) -> Result<RootCertStore, PgError> {
    let mut roots = RootCertStore::empty();
    let certificates: Vec<CertificateDer<'static>> = match &address.root_cert {
        Some(file) => CertificateDer::pem_file_iter(file)
            .and_then(Iterator::collect)
            .map_err(|error| PgError::Tls(format!("{}: {error}", file.display())))?,
        None => trust::system_roots().unwrap_or_default(),
    };
    roots.add_parsable_certificates(certificates);
    if roots.is_empty() {
        return Err(PgError::Tls(
            "no certificate authorities found: install ca-certificates or set sslrootcert".into(),
        ));
    }
    Ok(roots)
}
