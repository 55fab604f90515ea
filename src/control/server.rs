//! The server's end of the control socket: a Unix socket that only the server's own user and root may use.
//!
//! One task per client on the event loop; a client sends one line and gets one line, as often as it likes.

use super::protocol::{self, Response, REQUEST_MAX};
use super::requests::{self, Outcome};
use crate::hub::Hub;
use async_executor::LocalExecutor;
use async_io::{Async, Timer};
use futures_lite::{future, AsyncReadExt, AsyncWriteExt};
use std::cell::{Cell, RefCell};
use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

/// How long a client may take for a line, or leave its answer unread.
const PATIENCE: Duration = Duration::from_secs(30);
/// Most clients at the same time.
const CLIENTS_MAX: usize = 16;
/// Pause after an accept that failed for want of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);

/// The listening socket.
pub struct Control {
    listener: Async<UnixListener>,
    /// Who may use it besides root.
    owner: u32,
}

/// The socket's file; it goes when this is dropped.
#[derive(Debug)]
pub struct SocketFile(PathBuf);

impl Control {
    /// Makes the socket. A file that a dead server left is replaced; a folder is made if it is missing.
    ///
    /// # Errors
    /// A server listens there, something that is no socket is there, or those of the file system.
    pub fn listen(path: &Path) -> io::Result<(Control, SocketFile)> {
        match fs::symlink_metadata(path) {
            Ok(found) if !found.file_type().is_socket() => {
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, "something that is no socket is there"));
            }
            Ok(_) => {
                if UnixStream::connect(path).is_ok() {
                    return Err(io::Error::new(io::ErrorKind::AddrInUse, "another server listens there"));
                }
                fs::remove_file(path)?;
            }
            Err(_) => {
                if let Some(folder) = path.parent() {
                    fs::create_dir_all(folder)?;
                }
            }
        }
        let listener = Async::<UnixListener>::bind(path)?;
        let file = SocketFile(path.to_owned());
        // Whoever connects before this is turned away by its user id.
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        let owner = fs::metadata(path)?.uid();
        Ok((Control { listener, owner }, file))
    }

    /// Accepts for ever.
    pub async fn run(self, hub: Rc<RefCell<Hub>>, executor: Rc<LocalExecutor<'static>>) {
        let clients = Rc::new(Cell::new(0));
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    if !self.may_ask(stream.get_ref()) || clients.get() >= CLIENTS_MAX {
                        continue;
                    }
                    clients.set(clients.get() + 1);
                    let (hub, clients) = (Rc::clone(&hub), Rc::clone(&clients));
                    let task = async move {
                        if let Err(error) = serve(stream, &hub).await {
                            log::debug!("control socket: {error}");
                        }
                        clients.set(clients.get() - 1);
                    };
                    executor.spawn(task).detach();
                }
                Err(error) => {
                    log::debug!("control socket: {error}");
                    Timer::after(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn may_ask(&self, stream: &UnixStream) -> bool {
        match rustix::net::sockopt::socket_peercred(stream) {
            Ok(peer) if peer.uid.is_root() || peer.uid.as_raw() == self.owner => true,
            Ok(peer) => {
                log::warn!("control socket: user {} was turned away", peer.uid.as_raw());
                false
            }
            Err(error) => {
                log::warn!("control socket: {error}");
                false
            }
        }
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Answers one client to its end.
async fn serve(mut stream: Async<UnixStream>, hub: &Rc<RefCell<Hub>>) -> io::Result<()> {
    let mut input = Vec::new();
    while let Some(line) = within(read_line(&mut stream, &mut input)).await? {
        let answer = match protocol::request(&line) {
            Ok(request) => {
                let outcome = requests::answer(&mut hub.borrow_mut(), &request);
                match outcome {
                    Outcome::Now(response) => response,
                    Outcome::WhenWritten(text) => written(hub, text, false).await,
                    Outcome::WhenAllWritten(text) => written(hub, text, true).await,
                }
            }
            Err(why) => Response::Failed(why),
        };
        within(stream.write_all(protocol::to_line(&answer).as_bytes())).await?;
    }
    Ok(())
}

async fn written(hub: &Rc<RefCell<Hub>>, text: String, with_history: bool) -> Response {
    let (sender, receiver) = smol::channel::bounded(1);
    requests::when_written(&mut hub.borrow_mut(), text, with_history, move |response| {
        let _ = sender.try_send(response);
    });
    // The sender is gone without a word when there is no worker.
    receiver.recv().await.unwrap_or_else(|_| Response::Failed("it is not on the disk: the log says why".to_owned()))
}

/// The next line; `None` at the end of the stream. What came after it stays in `input`.
async fn read_line(stream: &mut Async<UnixStream>, input: &mut Vec<u8>) -> io::Result<Option<String>> {
    let mut chunk = [0; 512];
    loop {
        if let Some(end) = input.iter().position(|byte| *byte == b'\n') {
            let line = input.drain(..=end).collect();
            return String::from_utf8(line).map(Some).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e));
        }
        if input.len() >= REQUEST_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a request is too long"));
        }
        match stream.read(&mut chunk).await? {
            0 => return Ok(None),
            n => input.extend_from_slice(chunk.get(..n).unwrap_or_default()),
        }
    }
}

async fn within<T>(work: impl std::future::Future<Output = io::Result<T>>) -> io::Result<T> {
    future::or(work, async {
        Timer::after(PATIENCE).await;
        Err(io::ErrorKind::TimedOut.into())
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::protocol::Request;
    use crate::hub::testing;
    use std::io::{BufRead, BufReader, Write};

    #[test]
    fn a_socket_of_a_dead_server_is_replaced_and_nothing_else() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("deep/control.sock");
        let (control, file) = Control::listen(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(Control::listen(&path).err().unwrap().kind(), io::ErrorKind::AddrInUse);
        drop((control, file));
        assert!(!path.exists());
        drop(UnixListener::bind(&path).unwrap());
        drop(Control::listen(&path).unwrap());
        fs::write(&path, "mine").unwrap();
        assert!(Control::listen(&path).is_err() && path.exists());
    }

    #[test]
    fn clients_get_a_line_for_a_line() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("control.sock");
        let (control, _file) = Control::listen(&path).unwrap();
        let hub = Rc::new(RefCell::new(testing::hub()));
        let executor = Rc::new(LocalExecutor::new());
        executor.spawn(control.run(hub, Rc::clone(&executor))).detach();
        let client = smol::unblock(move || {
            let mut stream = UnixStream::connect(&path).unwrap();
            stream.write_all(b"what?\n\"health\"\n").unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let answers = [lines.next().unwrap().unwrap(), lines.next().unwrap().unwrap()];
            // Too long: the connection ends.
            let _ = stream.write_all(&vec![b'x'; REQUEST_MAX * 2]);
            assert!(!matches!(lines.next(), Some(Ok(_))));
            let asked = crate::control::client::ask(&path, &Request::ListUsers).unwrap();
            (answers, asked)
        });
        let (answers, asked) = smol::block_on(executor.run(client));
        assert_eq!(answers, [r#"{"failed":"the request is not understood"}"#, r#"{"done":"the server is well"}"#]);
        assert_eq!(asked, Some(Response::Users(vec![])));
    }
}
