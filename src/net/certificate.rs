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

/// The self-signed certificate's file in the data folder; its key lies beside it.
pub const OWN_CERTIFICATE: &str = "eyelet-cert.pem";
/// The self-signed certificate's key in the data folder, mode 0600.
pub const OWN_KEY: &str = "eyelet-key.pem";
/// The certificate that ACME clients leave in the working directory.
pub const ACME_CERTIFICATE: &str = "fullchain.crt";
/// The key to [`ACME_CERTIFICATE`].
pub const ACME_KEY: &str = "privkey.pem";

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a self-signed certificate is valid.
const OWN_LIFE: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);
/// 2026-01-01. A router without a battery clock may believe that it is 1970: nothing is dated before this.
const EARLIEST: Duration = Duration::from_secs(1_767_225_600);

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
    /// Where [`ACME_CERTIFICATE`] may lie.
    pub working_folder: &'a Path,
    /// Where the self-signed pair is kept.
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
}

/// Which of the possible certificates is in use, with its two files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The files that the configuration names.
    Configured(PathBuf, PathBuf),
    /// [`ACME_CERTIFICATE`] and [`ACME_KEY`] in the working directory.
    Acme(PathBuf, PathBuf),
    /// The self-signed pair in the data folder.
    SelfSigned(PathBuf, PathBuf),
}

impl Source {
    /// The certificate's and the key's file.
    pub fn files(&self) -> (&Path, &Path) {
        match self {
            Source::Configured(certificate, key)
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
}

/// Decides which certificate to use, makes the self-signed one if it is needed and not there, and loads it.
///
/// The configured files win, then those of ACME in the working directory, then the self-signed pair. Configured files
/// that are missing or wrong are an error and never silently replaced.
pub fn choose(settings: &Settings<'_>) -> Result<(Source, Arc<CertifiedKey>), CertificateError> {
    let source = find(settings)?;
    if let Source::SelfSigned(certificate, key) = &source {
        if !(certificate.exists() && key.exists()) {
            make(settings.host, certificate, key)?;
        }
    }
    let (certificate, key) = source.files();
    let loaded = load(certificate, key, settings.password)?;
    Ok((source, loaded))
}

/// Decides which certificate to use. The self-signed one may not be there yet.
///
/// Errors: only one of the two settings is there.
pub fn find(settings: &Settings<'_>) -> Result<Source, CertificateError> {
    let acme = (settings.working_folder.join(ACME_CERTIFICATE), settings.working_folder.join(ACME_KEY));
    let acme = (acme.0.exists() && acme.1.exists()).then_some(acme);
    match (settings.certificate, settings.key, acme) {
        (Some(certificate), Some(key), acme) => {
            if let Some((acme, _)) = acme {
                log::warn!("{} is used, {} is ignored", certificate.display(), acme.display());
            }
            Ok(Source::Configured(certificate.to_owned(), key.to_owned()))
        }
        (None, None, Some((certificate, key))) => Ok(Source::Acme(certificate, key)),
        (None, None, None) => {
            let folder = settings.data_folder;
            Ok(Source::SelfSigned(folder.join(OWN_CERTIFICATE), folder.join(OWN_KEY)))
        }
        _ => Err(CertificateError::OnlyOne),
    }
}

/// Loads a certificate chain and its key and checks that they belong together.
pub fn load(certificate: &Path, key: &Path, password: Option<&str>) -> Result<Arc<CertifiedKey>, CertificateError> {
    let read = |path: &Path| fs::read(path).map_err(|error| CertificateError::Read(path.to_owned(), error));
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&read(certificate)?)
        .collect::<Result<_, _>>()
        .map_err(|_| CertificateError::NoCertificate(certificate.to_owned()))?;
    if chain.is_empty() {
        return Err(CertificateError::NoCertificate(certificate.to_owned()));
    }
    let der = read_key(key, &read(key)?, password)?;
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
mod tests {
    use super::*;

    fn settings(folder: &Path) -> Settings<'_> {
        Settings {
            certificate: None,
            key: None,
            password: None,
            host: None,
            working_folder: folder,
            data_folder: folder,
        }
    }

    fn pair(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
        let (certificate, key) = (folder.join(format!("{name}.crt")), folder.join(format!("{name}.key")));
        make(Some("iot.example.org"), &certificate, &key).unwrap();
        (certificate, key)
    }

    #[test]
    fn a_self_signed_pair_is_made_once_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (source, first) = choose(&settings(folder.path())).unwrap();
        assert_eq!(source.files().0, folder.path().join(OWN_CERTIFICATE));
        let (_, second) = choose(&settings(folder.path())).unwrap();
        assert_eq!(first.cert, second.cert);
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names.len(), 2, "{names:?}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(folder.path().join(OWN_KEY)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn hosts_that_are_addresses_or_nonsense_get_a_certificate_too() {
        let folder = tempfile::tempdir().unwrap();
        for host in ["192.168.1.1", "::1", "a b", "bücher.example"] {
            let (certificate, key) = (folder.path().join("c"), folder.path().join("k"));
            make(Some(host), &certificate, &key).unwrap();
            load(&certificate, &key, None).unwrap();
        }
    }

    #[test]
    fn the_configured_pair_wins_over_acme_and_acme_over_self_signed() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = pair(folder.path(), "own");
        let (acme_certificate, acme_key) = pair(folder.path(), "acme");
        fs::rename(acme_certificate, folder.path().join(ACME_CERTIFICATE)).unwrap();
        fs::rename(acme_key, folder.path().join(ACME_KEY)).unwrap();
        assert!(matches!(choose(&settings(folder.path())), Ok((Source::Acme(..), _))));
        let own = Settings { certificate: Some(&certificate), key: Some(&key), ..settings(folder.path()) };
        assert!(matches!(choose(&own), Ok((Source::Configured(..), _))));
        let half = Settings { certificate: Some(&certificate), ..settings(folder.path()) };
        assert!(matches!(choose(&half), Err(CertificateError::OnlyOne)));
    }

    #[test]
    fn errors_are_one_line_and_name_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = pair(folder.path(), "a");
        let (_, other_key) = pair(folder.path(), "b");
        let missing = folder.path().join("missing.pem");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let encrypted =
            write("enc.pem", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");
        let legacy = write(
            "old.pem",
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n",
        );
        let garbage = write("garbage.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
        let empty = write("empty.pem", "");
        for (certificate, key, text) in [
            (&missing, &key, "cannot read"),
            (&certificate, &missing, "cannot read"),
            (&empty, &key, "no certificate"),
            (&certificate, &empty, "no private key"),
            (&certificate, &encrypted, "encrypted"),
            (&certificate, &legacy, "not supported"),
            (&certificate, &garbage, "cannot be used"),
            (&certificate, &other_key, "does not belong"),
        ] {
            let error = load(certificate, key, None).unwrap_err().to_string();
            assert!(
                error.contains(text) && !error.contains('\n') && error.contains(".pem") | error.contains(".key"),
                "{error}"
            );
        }
    }

    /// Every form of key that OpenSSL writes, with an RSA and an EC certificate. Skipped without the tool.
    #[test]
    fn keys_of_openssl_in_every_form() {
        let folder = tempfile::tempdir().unwrap();
        let run = |command: &str| {
            std::process::Command::new("sh")
                .args(["-c", command])
                .current_dir(folder.path())
                .stderr(std::process::Stdio::null())
                .status()
                .is_ok_and(|status| status.success())
        };
        if !run("openssl version >version") {
            eprintln!("skipped: no openssl here");
            return;
        }
        assert!(run("openssl req -x509 -nodes -newkey rsa:2048 -keyout r8.pem -out r.crt -days 30 -subj /CN=x"));
        assert!(run("openssl rsa -in r8.pem -traditional -out r1.pem"));
        assert!(run("openssl ecparam -name prime256v1 -genkey -out e1.pem"));
        assert!(run("openssl req -x509 -key e1.pem -out e.crt -days 30 -subj /CN=x"));
        assert!(run("openssl pkcs8 -topk8 -nocrypt -in e1.pem -out e8.pem"));
        assert!(run("openssl req -new -key e1.pem -subj /CN=x -out e.csr && openssl x509 -req -in e.csr -signkey e1.pem -out v1.crt"));
        assert!(run("cat e.crt r.crt >chain.crt"));
        for (certificate, key) in [
            ("r.crt", "r8.pem"),
            ("r.crt", "r1.pem"),
            ("e.crt", "e1.pem"),
            ("e.crt", "e8.pem"),
            ("v1.crt", "e8.pem"),
            ("chain.crt", "e8.pem"),
        ] {
            let loaded = load(&folder.path().join(certificate), &folder.path().join(key), Some("not needed"));
            let loaded = loaded.unwrap_or_else(|error| panic!("{certificate} {key}: {error}"));
            assert_eq!(loaded.cert.len(), if certificate == "chain.crt" { 2 } else { 1 });
        }
        assert!(load(&folder.path().join("v1.crt"), &folder.path().join("r8.pem"), None).is_err());
    }

    /// Encrypted keys in the schemes of OpenSSL's old and new versions, among them the one of the old instructions.
    #[test]
    fn encrypted_keys_of_openssl() {
        let folder = tempfile::tempdir().unwrap();
        let run = |command: &str| {
            std::process::Command::new("sh")
                .args(["-c", command])
                .current_dir(folder.path())
                .stderr(std::process::Stdio::null())
                .status()
                .is_ok_and(|status| status.success())
        };
        if !run("openssl req -x509 -nodes -newkey rsa:2048 -keyout plain.pem -out cert.pem -days 30 -subj /CN=x") {
            eprintln!("skipped: no openssl here");
            return;
        }
        let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
        for scheme in [
            "-v1 PBE-SHA1-2DES",
            "-v1 PBE-SHA1-3DES",
            "-v1 PBE-MD5-DES -provider legacy -provider default",
            "-v1 PBE-SHA1-DES -provider legacy -provider default",
            "-v2 aes-128-cbc -v2prf hmacWithSHA1",
            "-v2 aes-192-cbc -v2prf hmacWithSHA512",
            "-v2 aes-256-cbc",
            "-v2 des3",
        ] {
            if !run(&format!("openssl pkcs8 -topk8 {scheme} -in plain.pem -out key.pem -passout 'pass:geheim°1'")) {
                eprintln!("skipped: {scheme} is not in this openssl");
                continue;
            }
            if let Err(error) = load(&certificate, &key, Some("geheim°1")) {
                panic!("{scheme}: {error}");
            }
            assert!(matches!(load(&certificate, &key, None), Err(CertificateError::EncryptedKey(_))), "{scheme}");
            let wrong = load(&certificate, &key, Some("Geheim°1"));
            assert!(matches!(wrong, Err(CertificateError::WrongPassword(_))), "{scheme}");
        }
    }
}
