//! Who asks through a trusted HTTP proxy: the last address of `X-Forwarded-For` that is not a proxy's.

use super::request::Request;
use crate::config::address::Networks;
use std::net::{IpAddr, SocketAddr};

/// The client's address. Only proxies are believed.
pub fn client(request: &Request, proxies: &Networks) -> IpAddr {
    let mut client = request.origin.address;
    let values = request.headers.iter().filter(|(name, _)| name == "x-forwarded-for").map(|(_, value)| value);
    let chain: Vec<&str> = values.flat_map(|value| value.split(',')).map(str::trim).collect();
    for hop in chain.into_iter().rev() {
        if !proxies.contains(client) {
            break;
        }
        // What cannot be read hides everything before it.
        match address(hop) {
            Some(address) => client = address.to_canonical(),
            None => break,
        }
    }
    client
}

/// An address, as some proxies write it with its port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::address::Network;
    use crate::http::request::testing::request;
    use crate::http::request::Method;

    fn seen(from: &str, headers: &[&str]) -> String {
        let proxies = Networks(["127.0.0.1", "10.0.0.0/8"].iter().filter_map(|text| Network::parse(text)).collect());
        let mut request = request(Method::Get, "/", &[]);
        request.origin.address = from.parse().unwrap();
        let headers = headers.iter().map(|value| ("x-forwarded-for".to_owned(), (*value).to_owned()));
        request.headers.extend(headers);
        client(&request, &proxies).to_string()
    }

    #[test]
    fn only_proxies_are_believed() {
        assert_eq!(seen("127.0.0.1", &["192.0.2.1"]), "192.0.2.1");
        assert_eq!(seen("192.0.2.9", &["192.0.2.1"]), "192.0.2.9");
        assert_eq!(seen("127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(seen("127.0.0.1", &["1.1.1.1, 192.0.2.1", "10.1.1.1"]), "192.0.2.1", "what a client says is not");
        assert_eq!(seen("127.0.0.1", &["1.1.1.1, nonsense, 10.1.1.1"]), "10.1.1.1");
        assert_eq!(seen("127.0.0.1", &["192.0.2.1:4711"]), "192.0.2.1");
        assert_eq!(seen("127.0.0.1", &["[2001:db8::1]"]), "2001:db8::1");
        assert_eq!(seen("127.0.0.1", &["[2001:db8::1]:80"]), "2001:db8::1");
    }
}
