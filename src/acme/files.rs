//! What is kept in the data folder: the account's key, the certificate's key, the certificate.

use super::jws::AccountKey;
use super::AcmeError;
use crate::net::certificate::{self, CertificateError, ACME_CERTIFICATE, ACME_KEY, LEGACY_KEY};
use crate::store::atomic::{write_atomically, PRIVATE};
use rcgen::KeyPair;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

/// The key of the account with the ACME server, mode 0600.
const ACCOUNT_KEY: &str = "acme-account.pem";

/// The keys of the account and of the certificate; made when they are not there. They are on the disk before anybody is
/// asked for anything: a folder that cannot be written costs no certificate.
pub fn keys(data_folder: &Path, working_folder: &Path) -> Result<(AccountKey, KeyPair), AcmeError> {
    let path = data_folder.join(ACCOUNT_KEY);
    let pem = match read(&path)? {
        Some(pem) => pem,
        None => write(&path, KeyPair::generate()?.serialize_pem())?,
    };
    let account = AccountKey::from_pem(&pem).ok_or_else(|| AcmeError::Account(path.display().to_string()))?;
    let path = data_folder.join(ACME_KEY);
    let pem = match read(&path)? {
        Some(pem) => pem,
        None => {
            let key = match legacy_key(working_folder) {
                Some(key) => key,
                None => KeyPair::generate()?,
            };
            write(&path, key.serialize_pem())?
        }
    };
    let pair = PrivatePkcs8KeyDer::from_pem_slice(&pem).map_err(|_| CertificateError::NoKey(path))?;
    Ok((account, KeyPair::try_from(&pair)?))
}

/// The key that the legacy server used: devices may know it.
fn legacy_key(folder: &Path) -> Option<KeyPair> {
    let pem = fs::read(folder.join(LEGACY_KEY)).ok()?;
    let der = match PrivateKeyDer::from_pem_slice(&pem).ok()? {
        PrivateKeyDer::Pkcs8(der) => der,
        PrivateKeyDer::Pkcs1(der) => PrivatePkcs8KeyDer::from(pkcs8_of_rsa(der.secret_pkcs1_der())),
        _ => return None,
    };
    KeyPair::try_from(&der).ok()
}

/// Puts an RSA key in PKCS#1 form into PKCS#8 form, which the library wants.
fn pkcs8_of_rsa(key: &[u8]) -> Vec<u8> {
    const INTEGER_0: &[u8] = &[2, 1, 0];
    /// `rsaEncryption` with no parameters.
    const ALGORITHM: &[u8] = &[0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
    let element = |tag: u8, content: &[u8]| {
        let length = content.len().to_be_bytes();
        let length = &length[length.iter().take_while(|byte| **byte == 0).count()..];
        let mut out = vec![tag];
        if content.len() >= 0x80 {
            out.push(0x80 | length.len() as u8);
        }
        out.extend_from_slice(length);
        out.extend_from_slice(content);
        out
    };
    element(0x30, &[INTEGER_0, ALGORITHM, &element(4, key)].concat())
}

/// Keeps a certificate, if it is one for this server's key and name that is valid now.
pub fn keep(data_folder: &Path, host: &str, now: i64, chain: &[u8]) -> Result<Arc<CertifiedKey>, AcmeError> {
    let (certificate, key) = (data_folder.join(ACME_CERTIFICATE), data_folder.join(ACME_KEY));
    let key_pem = read(&key)?.unwrap_or_default();
    let certified = certificate::assemble((&certificate, chain), (&key, &key_pem), None)?;
    let is_good = |leaf: &CertificateDer<'_>| {
        super::renewal::names(leaf, host)
            && crate::net::validity::Validity::of(leaf).is_some_and(|validity| validity.until > now)
    };
    if !certified.cert.first().is_some_and(is_good) {
        return Err(AcmeError::Wrong(host.to_owned()));
    }
    write(&certificate, chain)?;
    Ok(certified)
}

/// Authorities in a PEM file.
pub fn roots(path: &Path) -> Result<Vec<CertificateDer<'static>>, AcmeError> {
    if path.as_os_str().is_empty() {
        return Ok(Vec::new());
    }
    let pem = fs::read(path).map_err(|error| CertificateError::Read(path.to_owned(), error))?;
    match CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>() {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(CertificateError::NoCertificate(path.to_owned()).into()),
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, AcmeError> {
    match fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(CertificateError::Read(path.to_owned(), error).into()),
    }
}

fn write(path: &Path, content: impl Into<Vec<u8>>) -> Result<Vec<u8>, AcmeError> {
    let content = content.into();
    write_atomically(path, &content, PRIVATE).map_err(|error| CertificateError::Write(path.to_owned(), error))?;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn temp() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn keys_are_made_once_and_are_private() {
        let folder = temp();
        let (account, key) = keys(folder.path(), folder.path()).unwrap();
        let (same_account, same_key) = keys(folder.path(), folder.path()).unwrap();
        assert_eq!(account.thumbprint(), same_account.thumbprint());
        assert_eq!(key.public_key_raw(), same_key.public_key_raw());
        assert_ne!(account.thumbprint(), keys(temp().path(), folder.path()).unwrap().0.thumbprint());
        for name in [ACCOUNT_KEY, ACME_KEY] {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777, 0o600);
        }
        fs::write(folder.path().join(ACCOUNT_KEY), "x").unwrap();
        let error = keys(folder.path(), folder.path()).err().unwrap().to_string();
        assert!(error.contains(ACCOUNT_KEY), "{error}");
    }

    /// The reference wrote its RSA key in PKCS#1 form. Skipped without the tool.
    #[test]
    fn the_key_of_the_legacy_server_goes_on() {
        let (folder, legacy) = (temp(), temp());
        let made = std::process::Command::new("sh")
            .args(["-c", "openssl genrsa -traditional 2048 >privkey.pem && openssl rsa -in privkey.pem -pubout -outform DER >public"])
            .current_dir(legacy.path())
            .stderr(std::process::Stdio::null())
            .status();
        if !made.is_ok_and(|status| status.success()) {
            eprintln!("skipped: no openssl here");
            return;
        }
        let (_, key) = keys(folder.path(), legacy.path()).unwrap();
        use rcgen::PublicKeyData;
        assert_eq!(key.subject_public_key_info(), fs::read(legacy.path().join("public")).unwrap());
        fs::write(legacy.path().join("privkey.pem"), "no key").unwrap();
        keys(temp().path(), legacy.path()).unwrap();
    }

    #[test]
    fn only_a_certificate_that_fits_is_kept() {
        let folder = temp();
        let (_, key) = keys(folder.path(), folder.path()).unwrap();
        let certificate = |key: &KeyPair, year: i32| {
            let mut params = rcgen::CertificateParams::new(vec!["iot.example".to_owned()]).unwrap();
            params.not_after = rcgen::date_time_ymd(year, 1, 1);
            params.self_signed(key).unwrap().pem()
        };
        let now = 1_800_000_000;
        let keep = |host: &str, chain: &str| keep(folder.path(), host, now, chain.as_bytes()).map(|_| ());
        let good = certificate(&key, 2030);
        assert!(matches!(keep("other.example", &good), Err(AcmeError::Wrong(_))));
        assert!(matches!(keep("iot.example", &certificate(&key, 2020)), Err(AcmeError::Wrong(_))));
        let foreign = certificate(&KeyPair::generate().unwrap(), 2030);
        assert!(matches!(keep("iot.example", &foreign), Err(AcmeError::Certificate(_))));
        assert!(keep("iot.example", "nonsense").is_err());
        assert!(!folder.path().join(ACME_CERTIFICATE).exists());
        keep("iot.example", &good).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join(ACME_CERTIFICATE)).unwrap(), good);
    }

    #[test]
    fn authorities_come_from_a_file() {
        let folder = temp();
        assert!(roots(Path::new("")).unwrap().is_empty());
        assert!(roots(&folder.path().join("none")).unwrap_err().to_string().starts_with("cannot read"));
        let file = folder.path().join("roots.pem");
        fs::write(&file, "nothing").unwrap();
        assert!(roots(&file).unwrap_err().to_string().contains("holds no certificate"));
    }
}
