//! `db.properties`: the PostgreSQL databases of `enable.db`.

use std::collections::BTreeMap;

use super::reader::Reader;
use super::secret::Secret;
use super::table::{property_table, Key, Kind};
use super::value::{Read, Value};

property_table! {
    /// Everything of `db.properties`.
    DbConfig {
        jdbc_url: JdbcUrl, "jdbc.url", "Database of users and tokens: jdbc:postgresql://HOST[:PORT]/NAME[?parameters]. Parameters understood: tcpKeepAlive, socketTimeout (s), connectTimeout (s), ssl, sslmode, user, password.",
            shipped("jdbc:postgresql://localhost:5432/blynk?tcpKeepAlive=true&socketTimeout=150");
        user: String, "user", "Login.", shipped("test"), trim();
        password: Secret, "password", "Its password.", shipped("test");
        connection_timeout_millis: u32, "connection.timeout.millis", "Longest wait for a connection.", shipped("30000"), unit("ms"), range(1, i32::MAX as i64);
        clean_reporting: bool, "clean.reporting", "Delete minute rows after a day and hour rows after 90 days.", shipped("true");
        reporting_jdbc_url: JdbcUrl, "reporting.jdbc.url", "Database of history and statistics.",
            shipped("jdbc:postgresql://localhost:5432/blynk_reporting?tcpKeepAlive=true&socketTimeout=150");
        reporting_user: String, "reporting.user", "Login there.", shipped("test"), trim();
        reporting_password: Secret, "reporting.password", "Its password.", shipped("test");
        reporting_connection_timeout_millis: u32, "reporting.connection.timeout.millis", "Longest wait for a connection there.",
            shipped("30000"), unit("ms"), range(1, i32::MAX as i64);
        queue_max_size: u32, "queue.max.size", "How much may wait for each database in memory while it is away; what is over it is dropped from the oldest and counted.",
            code("32768"), unit("KB"), range(64, 4 * 1024 * 1024 - 1);
    }
    ignored {}
}

impl DbConfig {
    /// User and password inside the URLs count when the keys of their own are not set.
    pub(crate) fn check(&mut self, reader: &Reader<'_>) {
        let take = |url: &JdbcUrl, user: &mut String, password: &mut Secret, prefix: &str| {
            if let Some(name) = url.parameters.get("user").filter(|_| !reader.is_set(&format!("{prefix}user"))) {
                user.clone_from(name);
            }
            if let Some(word) = url.password.as_ref().filter(|_| !reader.is_set(&format!("{prefix}password"))) {
                password.clone_from(word);
            }
        };
        take(&self.jdbc_url, &mut self.user, &mut self.password, "");
        take(&self.reporting_jdbc_url, &mut self.reporting_user, &mut self.reporting_password, "reporting.");
    }
}

/// A `jdbc:postgresql:` address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JdbcUrl {
    /// Name or address of the server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Name of the database.
    pub database: String,
    /// Parameters after `?`, percent escapes resolved, without the password.
    pub parameters: BTreeMap<String, String>,
    /// The parameter `password`.
    pub password: Option<Secret>,
}

impl JdbcUrl {
    /// Reads `jdbc:postgresql://HOST[:PORT]/NAME[?a=b&...]`, also without host (`jdbc:postgresql:NAME`).
    pub fn read(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("jdbc:postgresql:")?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = match place.strip_prefix("//") {
            None => ("", place),
            Some(place) => place.split_once('/')?,
        };
        let (host, port) = match authority.rsplit_once(':') {
            // The colons of an IPv6 address in brackets are no port.
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
            _ => (authority, 5432),
        };
        let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        let mut url = Self {
            host: if host.is_empty() { "localhost".into() } else { host.into() },
            port,
            database: unescape(database),
            ..Self::default()
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            if key == "password" {
                url.password = Some(Secret::new(unescape(value)));
            } else {
                url.parameters.insert(unescape(key), unescape(value));
            }
        }
        Some(url)
    }

    /// A parameter that is a number of seconds.
    pub fn seconds(&self, name: &str) -> Option<u32> {
        self.parameters.get(name)?.parse().ok()
    }
}

/// Resolves percent escapes; what is none stays as it is.
fn unescape(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        let code = tail.get(..2).filter(|_| byte == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match code.filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit())).map(|hex| u8::from_str_radix(hex, 16)) {
            Some(Ok(escaped)) => {
                out.push(escaped);
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

impl Value for JdbcUrl {
    const KIND: Kind = Kind::Url;

    fn parse(text: &str, _: &Key) -> Result<Read<Self>, String> {
        Self::read(text)
            .map(Into::into)
            .ok_or_else(|| "jdbc:postgresql://HOST[:PORT]/NAME[?parameters] expected".to_owned())
    }

    fn show(&self) -> String {
        let mut text = format!("jdbc:postgresql://{}:{}/{}", self.host, self.port, self.database);
        for (i, (key, value)) in self.parameters.iter().enumerate() {
            text.push_str(&format!("{}{key}={value}", if i == 0 { '?' } else { '&' }));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn jdbc_urls() {
        let url =
            JdbcUrl::read("jdbc:postgresql://db.lan:5433/bl%20ynk?tcpKeepAlive=true&password=p%26w&socketTimeout=7")
                .unwrap();
        assert_eq!((url.host.as_str(), url.port, url.database.as_str()), ("db.lan", 5433, "bl ynk"));
        assert_eq!((url.password.as_ref().unwrap().expose(), url.seconds("socketTimeout")), ("p&w", Some(7)));
        assert!(!format!("{url:?}{}", url.show()).contains("p&w"));
        let url = JdbcUrl::read("jdbc:postgresql://[::1]/b").unwrap();
        assert_eq!((url.host.as_str(), url.port), ("::1", 5432));
        assert_eq!(JdbcUrl::read("jdbc:postgresql:b").unwrap().host, "localhost");
        for bad in ["", "postgres://h/b", "jdbc:postgresql://h", "jdbc:postgresql://h:x/b"] {
            assert_eq!(JdbcUrl::read(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text: String) {
            let _ = JdbcUrl::read(&format!("jdbc:postgresql:{text}"));
        }
    }
}
