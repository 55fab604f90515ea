//! The way of HTTP requests to the HTTP thread and of its answers back.

use super::front::write_all;
use super::server::Server;
use super::stream::Stream;
use crate::hub::Origin;
use std::rc::Rc;

/// Connections to the HTTP thread.
#[derive(Debug, Default)]
pub struct Relay;

/// Forwards the request whose head is the first `head` bytes of `bytes`. Returns what came after the request when the
/// connection stays open.
pub async fn forward(
    _server: &Rc<Server>,
    stream: &mut Stream,
    _origin: Origin,
    _head: usize,
    _bytes: Vec<u8>,
) -> Option<Vec<u8>> {
    write_all(stream, b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").await?;
    None
}
