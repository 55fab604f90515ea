//! The lines for standard output that scripts and people wait for.

use std::io::Write;
use std::path::Path;

/// The server that this one stands in for, as told to scripts at start and to clients that ask.
pub const LEGACY_VERSION: &str = "0.41.17";

/// First words of the message when a port is in use.
pub const PORTS_BUSY: &str = "Server ports are busy";

/// Prints a line. A console that is gone is no reason to stop.
pub fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Prints to standard error; one that is gone is no reason to panic.
pub fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// What this program is: name, version, and the version it stands in for.
pub fn version() -> String {
    format!("Eyelet {} (works as Blynk Server {LEGACY_VERSION})", env!("CARGO_PKG_VERSION"))
}

/// The lines of a good start. `logs` is the absolute log folder, `None` without log files.
pub fn started(logs: Option<&Path>) -> String {
    let place = match logs {
        Some(folder) => format!("All server output is stored in folder '{}' file.", folder.display()),
        None => "All server output goes to the console.".to_owned(),
    };
    format!("\nBlynk Server {LEGACY_VERSION} successfully started.\n{place}")
}

/// Address of the admin pages. `no_port` is `force.port.80.for.csv`.
pub fn admin_url(host: &str, https_port: u16, root: &str, no_port: bool) -> String {
    let host = if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() };
    if no_port || https_port == 443 {
        format!("https://{host}{root}")
    } else {
        format!("https://{host}:{https_port}{root}")
    }
}

/// The lines about an administrator that was just made.
pub fn administrator(url: &str, email: &str, password: &str) -> String {
    format!("Your Admin url is {url}\nYour Admin login email is {email}\nYour Admin password is {password}")
}

/// Goes before [`administrator`] when nobody chose the password.
pub const RANDOM_PASSWORD: &str = "Admin password not specified. Random password generated.";

/// A certificate could be renewed, but the configuration forbids it.
pub const RENEWAL_DISABLED: &str = "Certificate renewal disabled.";

/// The first certificate is asked for.
pub const MAKING_CERTIFICATE: &str = "Generating own initial certificates...";

/// The first certificate is there.
pub fn certificate_made(host: &str) -> String {
    format!("Success! The certificate for your domain {host} has been generated!")
}

/// The first certificate is not there.
pub fn certificate_failed(reason: &str) -> String {
    format!("Error during certificate generation.\n{reason}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_those_of_the_reference() {
        let text = started(Some(Path::new("/srv/blynk/logs")));
        assert_eq!(
            text,
            "\nBlynk Server 0.41.17 successfully started.\nAll server output is stored in folder '/srv/blynk/logs' file."
        );
        assert_eq!(admin_url("10.1.2.3", 9443, "/admin", false), "https://10.1.2.3:9443/admin");
        assert_eq!(admin_url("h", 9443, "/admin", true), "https://h/admin");
        assert_eq!(admin_url("::1", 443, "/x", false), "https://[::1]/x");
    }
}
