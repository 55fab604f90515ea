//! Connections to the HTTP thread: a few are kept and used again, since each costs that side a thread.

use super::answer::{self, AnswerHead};
use crate::http::PeerTable;
use crate::hub::Origin;
use crate::net::server::Server;
use async_io::{Async, Timer};
use futures_lite::{AsyncRead, AsyncWriteExt};
use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

/// Largest answer that is taken in one go; files come in pieces.
const ANSWER_MAX: usize = 64 * 1024 * 1024;
/// Descriptors that must be free before a connection is made: the HTTP thread's library cannot bear to get none.
const SPARE_DESCRIPTORS: usize = 8;

/// How often it is looked whether an answer will still come.
const LOOK: Duration = Duration::from_millis(500);

/// One connection to the HTTP thread.
pub struct Backend {
    socket: Async<TcpStream>,
    port: u16,
    peers: PeerTable,
    /// [`PeerTable::epoch`] when it was begun.
    epoch: u32,
}

impl Backend {
    /// Connects to the HTTP thread on this loopback port.
    pub async fn open(http_port: u16, peers: &PeerTable) -> io::Result<Self> {
        let epoch = peers.epoch();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, http_port));
        let socket = Async::<TcpStream>::connect(address).await?;
        socket.get_ref().set_nodelay(true)?;
        let spare: io::Result<Vec<_>> = (0..SPARE_DESCRIPTORS).map(|_| socket.get_ref().try_clone()).collect();
        drop(spare?);
        let port = socket.get_ref().local_addr()?.port();
        Ok(Backend { socket, port, peers: peers.clone(), epoch })
    }

    /// From now on requests on this connection are this client's.
    pub fn serve(&self, origin: Origin) {
        self.peers.set(self.port, origin);
    }

    /// Whether the HTTP thread still answers on it.
    pub fn is_answered(&self) -> bool {
        self.epoch == self.peers.epoch()
    }

    /// Sends everything.
    pub async fn send(&self, bytes: &[u8]) -> io::Result<()> {
        (&self.socket).write_all(bytes).await
    }

    /// Takes a whole answer. `bodiless`: it was a HEAD request.
    ///
    /// Errors: the connection's, and `InvalidData` for something that is no answer.
    pub async fn receive(&self, server: &Rc<Server>, bodiless: bool) -> io::Result<(AnswerHead, Vec<u8>)> {
        let malformed = |e| io::Error::new(io::ErrorKind::InvalidData, e);
        let mut bytes = Vec::new();
        let (head, start) = loop {
            self.read(server, &mut bytes).await?;
            if let Some(found) = answer::read(&bytes).map_err(malformed)? {
                break found;
            }
        };
        let length = if bodiless || head.is_bodiless() { 0 } else { head.length };
        if length > ANSWER_MAX {
            return Err(malformed(answer::BadAnswer));
        }
        bytes.drain(..start);
        bytes.reserve_exact(length.saturating_sub(bytes.len()));
        while bytes.len() < length {
            self.read(server, &mut bytes).await?;
        }
        if bytes.len() > length {
            return Err(malformed(answer::BadAnswer));
        }
        Ok((head, bytes))
    }

    /// Waits until the HTTP thread will not answer on it any more.
    pub async fn abandoned(&self) {
        while self.is_answered() {
            Timer::after(LOOK).await;
        }
    }

    async fn read(&self, server: &Rc<Server>, bytes: &mut Vec<u8>) -> io::Result<()> {
        let n = poll_fn(|cx| {
            let mut buffer = server.buffer.borrow_mut();
            let poll = Pin::new(&mut &self.socket).poll_read(cx, &mut buffer);
            poll.map(|result| result.inspect(|n| bytes.extend_from_slice(&buffer[..*n])))
        })
        .await?;
        if n == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.peers.remove(self.port);
    }
}
