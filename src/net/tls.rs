//! TLS settings of the server side: versions, session memory, and a certificate that can be swapped while running.

use std::cell::RefCell;
use std::sync::Arc;

use super::sessions::Sessions;
use rustls::crypto::ring;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::ServerConfig;

/// The TLS side of the server: hands out the settings for new connections.
///
/// Each connection keeps the settings that it began with, so swapping the certificate disturbs nobody. It lives on the
/// event loop's thread; workers hand a new certificate over by a call into the loop.
pub struct Tls {
    current: RefCell<(Arc<ServerConfig>, Arc<CertifiedKey>)>,
}

impl Tls {
    /// Settings that show the given certificate. TLS 1.2 and 1.3, no client certificates, no ALPN.
    ///
    /// Errors: none that the `ring` provider can cause, but the library's signature has one.
    pub fn new(certificate: Arc<CertifiedKey>) -> Result<Tls, rustls::Error> {
        Ok(Tls { current: RefCell::new((config(Arc::clone(&certificate))?, certificate)) })
    }

    /// The settings for a new connection.
    pub fn config(&self) -> Arc<ServerConfig> {
        self.current.borrow().0.clone()
    }

    /// The certificate that new connections are shown.
    pub fn certificate(&self) -> Arc<CertifiedKey> {
        self.current.borrow().1.clone()
    }

    /// Shows another certificate to connections from now on. Sessions begun with the old one cannot be resumed.
    ///
    /// Errors: as [`Tls::new`]; the old certificate stays then.
    pub fn swap(&self, certificate: Arc<CertifiedKey>) -> Result<(), rustls::Error> {
        let new = config(Arc::clone(&certificate))?;
        self.current.replace((new, certificate));
        Ok(())
    }
}

fn config(certificate: Arc<CertifiedKey>) -> Result<Arc<ServerConfig>, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(certificate)));
    config.session_storage = Arc::new(Sessions::default());
    // No TLS 1.3 tickets: apps stay connected for hours, so that they rarely resume, and a ticket costs every connection a
    // write and its memory. Devices speak TLS 1.2, which resumes by session id.
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

#[cfg(test)]
#[path = "../../tests/common/trusting.rs"]
mod trusting;

#[cfg(test)]
mod tests {
    use super::trusting::AnyCertificate;
    use super::*;
    use crate::net::certificate::{choose, Settings};
    use rustls::pki_types::CertificateDer;
    use rustls::{ClientConfig, ClientConnection, HandshakeKind, ServerConnection};
    use rustls::{ProtocolVersion, SupportedProtocolVersion};

    fn client(version: &'static SupportedProtocolVersion) -> Arc<ClientConfig> {
        let client = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate))
            .with_no_client_auth();
        Arc::new(client)
    }

    /// Shakes hands in memory; returns the version and the server's certificate as the client saw it.
    fn shake(
        config: Arc<ServerConfig>,
        version: &'static SupportedProtocolVersion,
    ) -> (Option<ProtocolVersion>, CertificateDer<'static>) {
        let client = shake_with(config, client(version));
        let leaf = client.peer_certificates().unwrap()[0].clone().into_owned();
        (client.protocol_version(), leaf)
    }

    fn shake_with(config: Arc<ServerConfig>, client: Arc<ClientConfig>) -> ClientConnection {
        let mut client = ClientConnection::new(client, "localhost".try_into().unwrap()).unwrap();
        let mut server = ServerConnection::new(config).unwrap();
        while client.is_handshaking() || server.is_handshaking() {
            let mut bytes = Vec::new();
            client.write_tls(&mut bytes).unwrap();
            server.read_tls(&mut &bytes[..]).unwrap();
            server.process_new_packets().unwrap();
            bytes.clear();
            server.write_tls(&mut bytes).unwrap();
            client.read_tls(&mut &bytes[..]).unwrap();
            client.process_new_packets().unwrap();
        }
        client
    }

    fn certificate() -> Arc<CertifiedKey> {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let settings = Settings {
            certificate: None,
            key: None,
            password: None,
            host: None,
            working_folder: folder,
            data_folder: folder,
        };
        choose(&settings).unwrap().1
    }

    #[test]
    fn a_session_is_resumed_by_its_id() {
        let tls = Tls::new(certificate()).unwrap();
        let client = client(&TLS12);
        let kind = |config| shake_with(config, client.clone()).handshake_kind();
        assert_eq!(kind(tls.config()), Some(HandshakeKind::Full));
        assert_eq!(kind(tls.config()), Some(HandshakeKind::Resumed));
        tls.swap(certificate()).unwrap();
        assert_eq!(kind(tls.config()), Some(HandshakeKind::Full));
    }

    #[test]
    fn both_versions_and_a_swapped_certificate() {
        let [first, second] = [certificate(), certificate()];
        let tls = Tls::new(first.clone()).unwrap();
        assert_eq!(shake(tls.config(), &TLS13), (Some(ProtocolVersion::TLSv1_3), first.cert[0].clone()));
        assert_eq!(shake(tls.config(), &TLS12), (Some(ProtocolVersion::TLSv1_2), first.cert[0].clone()));
        let early = tls.config();
        tls.swap(second.clone()).unwrap();
        assert_eq!(shake(tls.config(), &TLS13).1, second.cert[0]);
        assert_eq!(shake(early, &TLS13).1, first.cert[0], "a connection keeps what it began with");
    }
}
