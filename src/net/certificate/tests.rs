//! Which certificate is chosen, and every form of key.

use super::*;

fn settings(folder: &Path) -> Settings<'_> {
    Settings { certificate: None, key: None, password: None, host: None, working_folder: folder, data_folder: folder }
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
    fs::rename(acme_certificate, folder.path().join(LEGACY_CERTIFICATE)).unwrap();
    fs::rename(acme_key, folder.path().join(LEGACY_KEY)).unwrap();
    assert!(matches!(choose(&settings(folder.path())), Ok((Source::WorkingFolder(..), _))));
    let own = Settings { certificate: Some(&certificate), key: Some(&key), ..settings(folder.path()) };
    assert!(matches!(choose(&own), Ok((Source::Configured(..), _))));
    let half = Settings { certificate: Some(&certificate), ..settings(folder.path()) };
    assert!(matches!(choose(&half), Err(CertificateError::OnlyOne)));
}

/// A pair that ends in March of this year, as the two files.
fn pair_until(year: i32, certificate: &Path, key: &Path) {
    let pair = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["iot.example.org".to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(year, 3, 1);
    fs::write(certificate, params.self_signed(&pair).unwrap().pem()).unwrap();
    fs::write(key, pair.serialize_pem()).unwrap();
}

#[test]
fn of_two_acme_certificates_the_one_that_ends_later_counts() {
    let (data, working) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let settings = Settings { working_folder: working.path(), ..settings(data.path()) };
    let own = (data.path().join(ACME_CERTIFICATE), data.path().join(ACME_KEY));
    let left = (working.path().join(LEGACY_CERTIFICATE), working.path().join(LEGACY_KEY));
    pair_until(2030, &own.0, &own.1);
    assert!(matches!(find(&settings), Ok(Source::Acme(..))));
    pair_until(2031, &left.0, &left.1);
    assert!(matches!(find(&settings), Ok(Source::WorkingFolder(..))));
    pair_until(2032, &own.0, &own.1);
    assert!(matches!(find(&settings), Ok(Source::Acme(..))));
    fs::write(&own.0, "damaged").unwrap();
    assert!(matches!(find(&settings), Ok(Source::WorkingFolder(..))));
}

#[test]
fn what_the_server_keeps_itself_cannot_stop_it() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join(ACME_CERTIFICATE), folder.path().join(ACME_KEY));
    pair_until(2030, &certificate, &key);
    assert!(matches!(choose(&settings(folder.path())), Ok((Source::Acme(..), _))));
    fs::write(&certificate, "damaged").unwrap();
    assert!(matches!(choose(&settings(folder.path())), Ok((Source::SelfSigned(..), _))));
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

/// Runs a command line in a folder; whether it succeeded.
fn shell(folder: &Path, command: &str) -> bool {
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", command]).current_dir(folder).stderr(std::process::Stdio::null());
    shell.status().is_ok_and(|status| status.success())
}

/// Every form of key that OpenSSL writes, with an RSA and an EC certificate. Skipped without the tool.
#[test]
fn keys_of_openssl_in_every_form() {
    let folder = tempfile::tempdir().unwrap();
    let run = |command: &str| shell(folder.path(), command);
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
    let run = |command: &str| shell(folder.path(), command);
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
