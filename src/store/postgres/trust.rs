//! Which certificates of database servers are accepted: none is looked at, or the authority, or also the name.

use super::address::{Address, TlsMode};
use super::error::PgError;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::sync::Arc;

/// TLS as this database wants it.
///
/// # Errors
/// No authorities, or none that can be read.
pub fn client_config(address: &Address) -> Result<ClientConfig, PgError> {
    let provider = Arc::new(ring::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = match address.tls {
        TlsMode::VerifyCa | TlsMode::VerifyFull => {
            let by_web_rules = WebPkiServerVerifier::builder_with_provider(Arc::new(roots(address)?), provider.clone())
                .build()
                .map_err(|error| PgError::Tls(error.to_string()))?;
            if address.tls == TlsMode::VerifyFull {
                by_web_rules
            } else {
                Arc::new(Lenient(Some(by_web_rules)))
            }
        }
        _ => Arc::new(Lenient(None)),
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| PgError::Tls(error.to_string()))?;
    Ok(config.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

fn roots(address: &Address) -> Result<RootCertStore, PgError> {
    let mut roots = RootCertStore::empty();
    let certificates: Vec<CertificateDer<'static>> = match &address.root_cert {
        Some(file) => CertificateDer::pem_file_iter(file)
            .and_then(Iterator::collect)
            .map_err(|error| PgError::Tls(format!("{}: {error}", file.display())))?,
        None => rustls_native_certs::load_native_certs().certs,
    };
    roots.add_parsable_certificates(certificates);
    if roots.is_empty() {
        return Err(PgError::Tls(
            "no certificate authorities found: install ca-certificates or set sslrootcert".into(),
        ));
    }
    Ok(roots)
}

/// Less than `sslmode=verify-full`: everything but the name (`verify-ca`), or, without rules, TLS against eavesdroppers only
/// (`prefer`, `require`), as PostgreSQL's own clients do it.
#[derive(Debug)]
struct Lenient(Option<Arc<WebPkiServerVerifier>>);

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(rules) = &self.0 else { return Ok(ServerCertVerified::assertion()) };
        match rules.verify_server_cert(certificate, between, name, ocsp, now) {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let Some(rules) = &self.0 else { return Ok(HandshakeSignatureValid::assertion()) };
        rules.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let Some(rules) = &self.0 else { return Ok(HandshakeSignatureValid::assertion()) };
        rules.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
