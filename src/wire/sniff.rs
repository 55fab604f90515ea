//! Tells from a connection's first bytes which protocol it speaks.
//!
//! The bytes looked at are not consumed, the decision is final for the connection, and it needs [`NEEDED`] bytes.

/// So many bytes must have come before a connection's protocol is decided.
pub const NEEDED: usize = 5;

/// The first four bytes of HTTP requests; the comparison is case-sensitive.
const HTTP: [&[u8; 4]; 9] = [b"GET ", b"POST", b"PUT ", b"HEAD", b"OPTI", b"PATC", b"DELE", b"TRAC", b"CONN"];

/// What a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Fewer than [`NEEDED`] bytes: look again when more have come.
    NeedMore,
    /// HTTP, perhaps on the way to a websocket.
    Http,
    /// The hardware protocol, 5-byte headers.
    Hardware,
    /// The app protocol, 7-byte headers.
    App,
}

/// Decides for the plain port: HTTP or hardware, never the app protocol.
pub fn plain_port(bytes: &[u8]) -> Protocol {
    match bytes.first_chunk::<NEEDED>() {
        None => Protocol::NeedMore,
        Some(first) if is_http(first) => Protocol::Http,
        Some(_) => Protocol::Hardware,
    }
}

/// Decides for the decrypted stream of the TLS port: HTTP, hardware or app.
///
/// The reference takes only a login with message id 1 and a 32-byte token for hardware, so that every other device
/// hangs there. Here it is hardware whenever the first command is the hardware login, which no app opens with, and
/// when it is the login that both share and bytes 4 and 5 say 32: a token's length, but in an app's login the upper
/// half of a length of 2 MiB or more.
pub fn tls_port(bytes: &[u8]) -> Protocol {
    const HARDWARE_LOGIN: u8 = 29;
    const LOGIN: u8 = 2;
    match bytes.first_chunk::<NEEDED>() {
        None => Protocol::NeedMore,
        Some(first) if is_http(first) => Protocol::Http,
        Some([HARDWARE_LOGIN, ..] | [LOGIN, _, _, 0, 32]) => Protocol::Hardware,
        Some(_) => Protocol::App,
    }
}

fn is_http(first: &[u8; NEEDED]) -> bool {
    HTTP.iter().any(|method| first.starts_with(*method))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(bytes: &[u8]) -> (Protocol, Protocol) {
        (plain_port(bytes), tls_port(bytes))
    }

    #[test]
    fn http_on_both_ports() {
        for line in
            ["GET /", "POST /", "PUT /x", "HEAD /", "OPTIONS *", "PATCH /", "DELETE /", "TRACE /", "CONNECT a:1"]
        {
            assert_eq!(both(line.as_bytes()), (Protocol::Http, Protocol::Http), "{line}");
        }
        assert_eq!(both(b"get / HTTP/1.1"), (Protocol::Hardware, Protocol::App));
        assert_eq!(both(b"GETX "), (Protocol::Hardware, Protocol::App));
    }

    #[test]
    fn nothing_is_decided_before_five_bytes() {
        for whole in [&b"GET / HTTP/1.1"[..], b"\x1D\0\x01\0\x20abc", b"\x02\0\x01\0\0\0\x09a"] {
            for end in 0..NEEDED {
                assert_eq!(both(&whole[..end]), (Protocol::NeedMore, Protocol::NeedMore));
            }
            assert_eq!(both(&whole[..NEEDED]), both(whole));
        }
    }

    #[test]
    fn hardware_over_tls_with_any_id() {
        assert_eq!(tls_port(b"\x1D\0\x01\0\x20"), Protocol::Hardware);
        assert_eq!(tls_port(b"\x1D\0\x4D\0\x1F"), Protocol::Hardware);
        assert_eq!(tls_port(b"\x02\0\x01\0\x20"), Protocol::Hardware);
        assert_eq!(tls_port(b"\x02\x12\x34\0\x20"), Protocol::Hardware);
    }

    #[test]
    fn apps_over_tls() {
        assert_eq!(tls_port(b"\x02\0\x01\0\0\0\x20"), Protocol::App);
        assert_eq!(tls_port(b"\x02\0\x01\xFF\xFF\xFF\xFF"), Protocol::App);
        assert_eq!(tls_port(b"\x20\0\x01\0\0\0\x10"), Protocol::App);
        assert_eq!(tls_port(b"\x28\0\x01\0\0\0\x10"), Protocol::App);
    }
}
