//! Which certificate the TLS port shows: reads PEM files, or makes a self-signed pair and keeps it.
//!
//! This is file I/O and arithmetic that takes milliseconds: it runs at the start, or in a worker for a renewal.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::config::Config;
use crate::store::atomic::{write_atomically, PRIVATE};
use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error as TlsError, InconsistentKeys};

use super::encrypted_key::{decrypt, DecryptError};
use super::validity::Validity;

/// The self-signed certificate's file in the data folder; its key lies beside it.
pub const OWN_CERTIFICATE: &str = "eyelet-cert.pem";
/// The self-signed certificate's key in the data folder, mode 0600.
pub const OWN_KEY: &str = "eyelet-key.pem";
/// The certificate that the legacy server got from Let's Encrypt, and that ACME clients leave in the working directory.
pub const LEGACY_CERTIFICATE: &str = "fullchain.crt";
/// The key to [`LEGACY_CERTIFICATE`].
pub const LEGACY_KEY: &str = "privkey.pem";
/// The certificate that this server got from an ACME server, in the data folder.
pub const ACME_CERTIFICATE: &str = "acme-cert.pem";
/// The key to [`ACME_CERTIFICATE`], mode 0600.
pub const ACME_KEY: &str = "acme-key.pem";

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a self-signed certificate is valid.
const OWN_LIFE: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);
/// 2026-01-01. A router without a battery clock may believe that it is 1970: nothing is dated before this.
pub const EARLIEST: Duration = Duration::from_secs(1_767_225_600);

/// What the configuration says about certificates, and where to look.
#[derive(Clone)]
pub struct Settings<'a> {
    /// `server.ssl.cert`, if not empty.
    pub certificate: Option<&'a Path>,
    /// `server.ssl.key`, if not empty.
    pub key: Option<&'a Path>,
    /// `server.ssl.key.pass`; not looked at when the key is not encrypted.
    pub password: Option<&'a str>,
    /// `server.host`, if not empty: the name in a self-signed certificate.
    pub host: Option<&'a str>,
    /// Where [`LEGACY_CERTIFICATE`] may lie.
    pub working_folder: &'a Path,
    /// Where the self-signed pair and [`ACME_CERTIFICATE`] are kept.
    pub data_folder: &'a Path,
}

impl<'a> Settings<'a> {
    /// Those of a configuration.
    pub fn of(config: &'a Config, data_folder: &'a Path) -> Self {
        let server = &config.server;
        let named = |path: &'a PathBuf| (!path.as_os_str().is_empty()).then_some(path.as_path());
        let password = server.server_ssl_key_pass.expose();
        Settings {
            certificate: named(&server.server_ssl_cert),
            key: named(&server.server_ssl_key),
            password: (!password.is_empty()).then_some(password),
            host: (!server.server_host.is_empty()).then_some(server.server_host.as_str()),
            working_folder: &config.working_folder,
            data_folder,
        }
    }

    fn self_signed(&self) -> Source {
        Source::SelfSigned(self.data_folder.join(OWN_CERTIFICATE), self.data_folder.join(OWN_KEY))
    }
}

/// Which of the possible certificates is in use, with its two files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The files that the configuration names.
    Configured(PathBuf, PathBuf),
    /// [`LEGACY_CERTIFICATE`] and [`LEGACY_KEY`] in the working directory.
    WorkingFolder(PathBuf, PathBuf),
    /// [`ACME_CERTIFICATE`] and [`ACME_KEY`] in the data folder.
    Acme(PathBuf, PathBuf),
    /// The self-signed pair in the data folder.
    SelfSigned(PathBuf, PathBuf),
}

impl Source {
    /// The certificate's and the key's file.
    pub fn files(&self) -> (&Path, &Path) {
        match self {
            Source::Configured(certificate, key)
            | Source::WorkingFolder(certificate, key)
            | Source::Acme(certificate, key)
            | Source::SelfSigned(certificate, key) => (certificate, key),
        }
    }
}

/// Why there is no certificate. Each is one line that names the file and what to do.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// Only one of the two settings is there.
    #[error("server.ssl.cert and server.ssl.key must be set both or not at all")]
    OnlyOne,
    /// The file cannot be read.
    #[error("cannot read {0}: {1}")]
    Read(PathBuf, #[source] io::Error),
    /// The file cannot be written.
    #[error("cannot write {0}: {1}")]
    Write(PathBuf, #[source] io::Error),
    /// No certificate in the file.
    #[error("{0} holds no certificate in PEM form")]
    NoCertificate(PathBuf),
    /// No key in the file.
    #[error("{0} holds no private key in PEM form (PKCS#1, PKCS#8 or SEC1)")]
    NoKey(PathBuf),
    /// The key is encrypted, and there is no password.
    #[error("the key in {0} is encrypted: server.ssl.key.pass must hold its password")]
    EncryptedKey(PathBuf),
    /// The key is encrypted with another password.
    #[error("server.ssl.key.pass is not the password of the key in {0}")]
    WrongPassword(PathBuf),
    /// The key is encrypted in a way that is not known here, such as with a `Proc-Type` line.
    #[error("the encryption of the key in {0} is not supported: `openssl pkey -in {0} -out FILE` writes it without")]
    UnsupportedEncryption(PathBuf),
    /// The key is of a kind that TLS here cannot use.
    #[error("the key in {0} cannot be used: RSA of 2048 to 4096 bits, P-256, P-384 and Ed25519 can")]
    UnsupportedKey(PathBuf),
    /// The key belongs to another certificate.
    #[error("the key in {1} does not belong to the certificate in {0}")]
    Mismatch(PathBuf, PathBuf),
    /// A self-signed certificate could not be made.
    #[error("cannot make a self-signed certificate: {0}")]
    Make(#[from] rcgen::Error),
    /// TLS does not take it.
    #[error("TLS: {0}")]
    Tls(#[from] TlsError),
}

/// Decides which certificate to use, makes the self-signed one if it is needed and not there, and loads it.
///
/// The configured files win, then those of ACME, then the self-signed pair. Configured files that are missing or wrong are an
/// error and never silently replaced; what this server keeps itself is replaced by the self-signed pair when it is damaged.
pub fn choose(settings: &Settings<'_>) -> Result<(Source, Arc<CertifiedKey>), CertificateError> {
    let source = find(settings)?;
    let (certificate, key) = source.files();
    match &source {
        Source::SelfSigned(..) => {}
        Source::Acme(..) => match load(certificate, key, None) {
            Ok(loaded) => return Ok((source, loaded)),
            Err(error) => log::error!("{error}: the self-signed certificate is shown"),
        },
        Source::Configured(..) | Source::WorkingFolder(..) => {
            let loaded = load(certificate, key, settings.password)?;
            return Ok((source, loaded));
        }
    }
    let source = settings.self_signed();
    let (certificate, key) = source.files();
    if !(certificate.exists() && key.exists()) {
        make(settings.host, certificate, key)?;
    }
    let loaded = load(certificate, key, None)?;
    Ok((source, loaded))
}

/// For `--check-config`: what is wrong with the configured files, each line with the place in the configuration.
pub fn check(config: &Config) -> Option<String> {
    let settings = Settings::of(config, Path::new(""));
    let (certificate, key) = (settings.certificate?, settings.key?);
    // That a file is missing was said already.
    let error = load(certificate, key, settings.password).err().filter(|_| certificate.is_file() && key.is_file())?;
    let key = match error {
        CertificateError::WrongPassword(_) => "server.ssl.key.pass",
        CertificateError::NoCertificate(_) => "server.ssl.cert",
        _ => "server.ssl.key",
    };
    let place = config.set.iter().find(|set| set.key == key).map_or("", |set| &set.origin);
    Some(format!("Invalid value for property '{key}' in {place}: {error}"))
}

/// Decides which certificate to use. The self-signed one may not be there yet.
///
/// Errors: only one of the two settings is there.
pub fn find(settings: &Settings<'_>) -> Result<Source, CertificateError> {
    let left = pair(settings.working_folder, LEGACY_CERTIFICATE, LEGACY_KEY);
    match (settings.certificate, settings.key) {
        (Some(certificate), Some(key)) => {
            if let Some((left, _)) = left.filter(|(left, _)| *left != settings.working_folder.join(certificate)) {
                log::warn!("{} is used, {} is ignored", certificate.display(), left.display());
            }
            Ok(Source::Configured(certificate.to_owned(), key.to_owned()))
        }
        (None, None) => Ok(match (left, pair(settings.data_folder, ACME_CERTIFICATE, ACME_KEY)) {
            // Whoever renewed it last: this server, or another program in the working directory.
            (Some(left), Some(own)) if end_of(&left.0) > end_of(&own.0) => Source::WorkingFolder(left.0, left.1),
            (_, Some(own)) => Source::Acme(own.0, own.1),
            (Some(left), None) => Source::WorkingFolder(left.0, left.1),
            (None, None) => settings.self_signed(),
        }),
        _ => Err(CertificateError::OnlyOne),
    }
}

/// Both files, if both are there.
fn pair(folder: &Path, certificate: &str, key: &str) -> Option<(PathBuf, PathBuf)> {
    let (certificate, key) = (folder.join(certificate), folder.join(key));
    (certificate.exists() && key.exists()).then_some((certificate, key))
}

/// When the certificate in a file ends, s since 1970; `None`, which is before everything, when it cannot be read.
fn end_of(file: &Path) -> Option<i64> {
    let leaf = CertificateDer::pem_slice_iter(&fs::read(file).ok()?).next()?.ok()?;
    Some(Validity::of(&leaf)?.until)
}

/// Loads a certificate chain and its key and checks that they belong together.
pub fn load(certificate: &Path, key: &Path, password: Option<&str>) -> Result<Arc<CertifiedKey>, CertificateError> {
    let read = |path: &Path| fs::read(path).map_err(|error| CertificateError::Read(path.to_owned(), error));
    assemble((certificate, &read(certificate)?), (key, &read(key)?), password)
}

/// The same with the content of the files, which need not be there yet.
pub fn assemble(
    (certificate, chain): (&Path, &[u8]),
    (key, key_pem): (&Path, &[u8]),
    password: Option<&str>,
) -> Result<Arc<CertifiedKey>, CertificateError> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<_, _>>()
        .map_err(|_| CertificateError::NoCertificate(certificate.to_owned()))?;
    if chain.is_empty() {
        return Err(CertificateError::NoCertificate(certificate.to_owned()));
    }
    let der = read_key(key, key_pem, password)?;
    let signing = any_supported_type(&der).map_err(|_| CertificateError::UnsupportedKey(key.to_owned()))?;
    let certified = CertifiedKey::new(chain, signing);
    if !belong_together(&certified) {
        return Err(CertificateError::Mismatch(certificate.to_owned(), key.to_owned()));
    }
    Ok(Arc::new(certified))
}

/// The marks by which `rustls` does not take a key for one.
const ENCRYPTED: (&str, &str) = ("-----BEGIN ENCRYPTED PRIVATE KEY-----", "-----END ENCRYPTED PRIVATE KEY-----");

fn read_key(path: &Path, pem: &[u8], password: Option<&str>) -> Result<PrivateKeyDer<'static>, CertificateError> {
    let text = String::from_utf8_lossy(pem);
    if text.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(CertificateError::UnsupportedEncryption(path.to_owned()));
    }
    let encrypted = text.split_once(ENCRYPTED.0).and_then(|(_, rest)| rest.split_once(ENCRYPTED.1));
    let Some((base64, _)) = encrypted else {
        return PrivateKeyDer::from_pem_slice(pem).map_err(|_| CertificateError::NoKey(path.to_owned()));
    };
    let password = password.ok_or_else(|| CertificateError::EncryptedKey(path.to_owned()))?;
    let base64: String = base64.split_ascii_whitespace().collect();
    let der = STANDARD.decode(base64).map_err(|_| CertificateError::NoKey(path.to_owned()))?;
    match decrypt(&der, password) {
        Ok(der) => Ok(PrivatePkcs8KeyDer::from(der).into()),
        Err(DecryptError::Password) => Err(CertificateError::WrongPassword(path.to_owned())),
        Err(DecryptError::Unsupported) => Err(CertificateError::UnsupportedEncryption(path.to_owned())),
    }
}

fn belong_together(certified: &CertifiedKey) -> bool {
    match certified.keys_match() {
        Ok(()) | Err(TlsError::InconsistentKeys(InconsistentKeys::Unknown)) => true,
        Err(TlsError::InconsistentKeys(_)) => false,
        // An X.509 version 1 certificate, which the library does not parse although clients of these servers take it:
        // look for the public key in it.
        Err(_) => match (certified.key.public_key(), certified.cert.first()) {
            (Some(spki), Some(leaf)) => leaf.windows(spki.len()).any(|window| window == spki.as_ref()),
            _ => false,
        },
    }
}

/// Makes a P-256 key and a certificate for it and writes both. The certificate is written last, so that a crash leaves
/// no pair that does not belong together.
fn make(host: Option<&str>, certificate_file: &Path, key_file: &Path) -> Result<(), CertificateError> {
    let key = rcgen::KeyPair::generate()?;
    // A host that is no DNS name (a stray blank, say) still gets a certificate, only without alternative name.
    let names: Vec<String> = host.map(str::to_owned).into_iter().collect();
    let mut params = rcgen::CertificateParams::new(names).or_else(|_| rcgen::CertificateParams::new(Vec::new()))?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, host.unwrap_or("Eyelet"));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + now.min(EARLIEST).saturating_sub(DAY);
    params.not_after = epoch + (now.max(EARLIEST) + OWN_LIFE);
    let certificate = params.self_signed(&key)?;
    let _ = fs::remove_file(certificate_file);
    write_private(key_file, key.serialize_pem().as_bytes())?;
    write_private(certificate_file, certificate.pem().as_bytes())?;
    log::info!("made a self-signed certificate: {}", certificate_file.display());
    Ok(())
}

/// Writes a file that only its owner may read; it is there whole or not at all.
fn write_private(path: &Path, content: &[u8]) -> Result<(), CertificateError> {
    write_atomically(path, content, PRIVATE).map_err(|error| CertificateError::Write(path.to_owned(), error))
}

#[cfg(test)]
mod tests;
