//! Where a database is and how it is reached: what `db.properties` says, ready for connecting.

use crate::config::{DbConfig, JdbcUrl, Secret};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Longest wait for a connection unless `connectTimeout` says otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How far TLS is wanted. Names and meanings as in `sslmode` of PostgreSQL's own clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum TlsMode {
    Disable,
    /// If the server can; its certificate is not looked at.
    Prefer,
    /// Always; its certificate is not looked at.
    Require,
    /// The certificate comes from a known authority.
    VerifyCa,
    /// And it is made out for this host.
    VerifyFull,
}

/// One database.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Address {
    pub host: String,
    pub port: u16,
    pub database: String,
    pub user: String,
    pub password: Secret,
    pub tls: TlsMode,
    /// Authorities to trust instead of the system's: a PEM file, `sslrootcert`.
    pub root_cert: Option<PathBuf>,
    pub connect_timeout: Duration,
    /// Longest silence while an answer is awaited; `None`: any.
    pub socket_timeout: Option<Duration>,
    pub keep_alive: bool,
}

impl Address {
    /// The database of users and tokens.
    pub fn main(config: &DbConfig) -> Self {
        Self::new(&config.jdbc_url, &config.user, &config.password, config.connection_timeout_millis)
    }

    /// The database of history and statistics.
    pub fn reporting(config: &DbConfig) -> Self {
        let wait = config.reporting_connection_timeout_millis;
        Self::new(&config.reporting_jdbc_url, &config.reporting_user, &config.reporting_password, wait)
    }

    fn new(url: &JdbcUrl, user: &str, password: &Secret, wait_ms: u32) -> Self {
        let seconds = |name: &str| url.seconds(name).filter(|s| *s > 0).map(|s| Duration::from_secs(s.into()));
        let connect = seconds("connectTimeout").unwrap_or(CONNECT_TIMEOUT);
        Self {
            host: url.host.clone(),
            port: url.port,
            database: url.database.clone(),
            user: user.to_owned(),
            password: password.clone(),
            tls: tls_mode(url),
            root_cert: url.parameters.get("sslrootcert").map(PathBuf::from),
            connect_timeout: connect.min(Duration::from_millis(wait_ms.into())),
            socket_timeout: seconds("socketTimeout"),
            keep_alive: url.parameters.get("tcpKeepAlive").is_none_or(|word| word != "false"),
        }
    }
}

/// `sslmode`, else `ssl`. A mode that nobody knows is the strictest one, so that a typing error hides nothing.
fn tls_mode(url: &JdbcUrl) -> TlsMode {
    match (url.parameters.get("sslmode").map(String::as_str), url.parameters.get("ssl").map(String::as_str)) {
        (Some("disable"), _) => TlsMode::Disable,
        (Some("allow" | "prefer"), _) | (None, None | Some("false")) => TlsMode::Prefer,
        (Some("require"), _) => TlsMode::Require,
        (Some("verify-ca"), _) => TlsMode::VerifyCa,
        (Some(_), _) | (None, Some(_)) => TlsMode::VerifyFull,
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}:{}/{}", self.user, self.host, self.port, self.database)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(query: &str) -> Address {
        let url = JdbcUrl::read(&format!("jdbc:postgresql://db/blynk{query}")).unwrap();
        Address::new(&url, "test", &Secret::new("geheim"), 30_000)
    }

    #[test]
    fn parameters_of_the_reference_are_understood() {
        let found = address("?tcpKeepAlive=true&socketTimeout=150");
        assert_eq!(found.to_string(), "test@db:5432/blynk");
        assert_eq!((found.socket_timeout, found.keep_alive), (Some(Duration::from_secs(150)), true));
        assert_eq!(found.connect_timeout, CONNECT_TIMEOUT);
        assert!(!format!("{found:?}").contains("geheim"));
        assert_eq!(address("?connectTimeout=3&socketTimeout=0").connect_timeout, Duration::from_secs(3));
        assert_eq!(address("?socketTimeout=0").socket_timeout, None);
    }

    #[test]
    fn tls_is_as_strict_as_was_asked_for() {
        for (query, mode) in [
            ("", TlsMode::Prefer),
            ("?ssl=false", TlsMode::Prefer),
            ("?ssl=true", TlsMode::VerifyFull),
            ("?ssl", TlsMode::VerifyFull),
            ("?sslmode=disable&ssl=true", TlsMode::Disable),
            ("?sslmode=require", TlsMode::Require),
            ("?sslmode=verify-ca", TlsMode::VerifyCa),
            ("?sslmode=verify-full", TlsMode::VerifyFull),
            ("?sslmode=requier", TlsMode::VerifyFull),
        ] {
            assert_eq!(address(query).tls, mode, "{query}");
        }
    }
}
