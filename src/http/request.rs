//! A request as handlers see it.

use super::params::{BadEscape, Params};
use crate::hub::{Origin, UserId};

/// Methods that routes know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Method {
    Get,
    Post,
    Put,
    Delete,
    Options,
    Other,
}

/// A whole request, its parameters not looked at yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// HEAD counts as GET; its answer loses its body on the way.
    pub method: Method,
    /// Path and query, as they came.
    pub target: String,
    /// The headers that somebody looks at, names in lower case; ASCII without control characters.
    pub headers: Vec<(String, String)>,
    /// The body, empty for those without.
    pub body: Vec<u8>,
    /// Who sent it, and to which port.
    pub origin: Origin,
    /// The piece of a large file that begins at this byte is wanted.
    pub offset: u64,
    /// What the variables of the route's pattern stand for.
    pub vars: Vec<String>,
    /// Who is logged in, on routes that ask for it.
    pub admin: Option<UserId>,
}

impl Request {
    /// The path without the query.
    pub fn path(&self) -> &str {
        self.target.split(['?', '#']).next().unwrap_or_default()
    }

    /// The parameters after the `?`.
    ///
    /// Errors: [`BadEscape`].
    pub fn query(&self) -> Result<Params, BadEscape> {
        Params::parse(self.target.split_once('?').map_or("", |(_, query)| query))
    }

    /// Makes UTF-8 of the body: devices send single bytes of older encodings, such as a degree sign, which become the
    /// replacement character.
    pub fn make_text(&mut self) {
        if std::str::from_utf8(&self.body).is_err() {
            self.body = String::from_utf8_lossy(&self.body).into_owned().into_bytes();
        }
    }

    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// A variable of the route's pattern, by its number from 0.
    pub fn var(&self, number: usize) -> &str {
        self.vars.get(number).map_or("", String::as_str)
    }
}

#[cfg(test)]
pub mod testing {
    //! Requests for tests.

    use super::*;
    use std::net::Ipv4Addr;

    /// A request on the plain port, with variables as the router would find them.
    pub fn request(method: Method, target: &str, vars: &[&str]) -> Request {
        Request {
            method,
            target: target.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            offset: 0,
            origin: Origin { address: Ipv4Addr::LOCALHOST.into(), port: 8080, tls: false },
            vars: vars.iter().map(|v| (*v).to_owned()).collect(),
            admin: None,
        }
    }

    /// The same with a JSON body.
    pub fn json(method: Method, target: &str, vars: &[&str], body: &str) -> Request {
        let mut request = request(method, target, vars);
        request.headers.push(("content-type".into(), "application/json".into()));
        request.body = body.as_bytes().to_vec();
        request
    }
}
