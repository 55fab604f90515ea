//! One socket, plain or encrypted, polled by its connection's task.

use async_io::Async;
use rustls::ServerConnection;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::task::{ready, Context, Poll};

/// A socket as its task sees it.
pub enum Stream {
    /// Plain TCP.
    Plain(Async<TcpStream>),
    /// TLS after the handshake. `rustls` is driven directly: it takes the sockets' bytes when the reactor says that
    /// there are some, which saves a failing read per message.
    Tls(Box<(Async<TcpStream>, ServerConnection)>),
}

impl Stream {
    fn socket(&self) -> &Async<TcpStream> {
        match self {
            Stream::Plain(socket) => socket,
            Stream::Tls(tls) => &tls.0,
        }
    }

    /// The socket itself.
    pub fn tcp(&self) -> &TcpStream {
        self.socket().get_ref()
    }

    /// Reads what has come; 0 is the end of the stream.
    pub fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        match self {
            Stream::Plain(socket) => loop {
                ready!(socket.poll_readable(cx))?;
                match retry(|| (&mut socket.get_ref()).read(buffer)) {
                    Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                    result => return Poll::Ready(result),
                }
            },
            Stream::Tls(tls) => {
                let (socket, tls) = &mut **tls;
                loop {
                    match tls.reader().read(buffer) {
                        Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                        // Many peers close without saying so in TLS.
                        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Poll::Ready(Ok(0)),
                        result => return Poll::Ready(result),
                    }
                    ready!(socket.poll_readable(cx))?;
                    match retry(|| tls.read_tls(&mut socket.get_ref())) {
                        Err(e) if e.kind() == io::ErrorKind::WouldBlock => continue,
                        Err(e) => return Poll::Ready(Err(e)),
                        Ok(_) => {}
                    }
                    if let Err(e) = tls.process_new_packets() {
                        // The alert that tells why, as far as the socket takes it.
                        let _ = tls.write_tls(&mut socket.get_ref());
                        return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, e)));
                    }
                    if tls.wants_write() {
                        let _ = flush_tls(socket, tls, cx)?;
                    }
                }
            }
        }
    }

    /// Sends some of `bytes`; how many it took.
    pub fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Stream::Plain(socket) => loop {
                match retry(|| (&mut socket.get_ref()).write(bytes)) {
                    Err(e) if e.kind() == io::ErrorKind::WouldBlock => ready!(socket.poll_writable(cx))?,
                    result => return Poll::Ready(result),
                }
            },
            Stream::Tls(tls) => {
                let (socket, tls) = &mut **tls;
                let taken = tls.writer().write(bytes)?;
                let flushed = flush_tls(socket, tls, cx)?;
                if taken > 0 || bytes.is_empty() {
                    return Poll::Ready(Ok(taken));
                }
                // Its buffer is full: only the socket can help.
                match flushed {
                    Poll::Ready(()) => Poll::Ready(tls.writer().write(bytes)),
                    Poll::Pending => Poll::Pending,
                }
            }
        }
    }

    /// Sends what encryption holds back.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Stream::Plain(_) => Poll::Ready(Ok(())),
            Stream::Tls(tls) => {
                let (socket, tls) = &mut **tls;
                flush_tls(socket, tls, cx).map(|poll| poll.map(Ok)).unwrap_or_else(|e| Poll::Ready(Err(e)))
            }
        }
    }

    /// Says goodbye, without waiting.
    pub fn shut_down(&mut self) {
        if let Stream::Tls(tls) = self {
            let (socket, tls) = &mut **tls;
            tls.send_close_notify();
            let _ = tls.write_tls(&mut socket.get_ref());
        }
        let _ = self.tcp().shutdown(std::net::Shutdown::Write);
    }
}

fn flush_tls(socket: &Async<TcpStream>, tls: &mut ServerConnection, cx: &mut Context<'_>) -> io::Result<Poll<()>> {
    while tls.wants_write() {
        match retry(|| tls.write_tls(&mut socket.get_ref())) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(_) => {}
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => match socket.poll_writable(cx) {
                Poll::Ready(result) => result?,
                Poll::Pending => return Ok(Poll::Pending),
            },
            Err(e) => return Err(e),
        }
    }
    Ok(Poll::Ready(()))
}

fn retry<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
