//! Asking the running server through its control socket.

use super::protocol::{response, to_line, Request, Response, RESPONSE_MAX};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// How long to wait for an answer; saving everything on slow flash takes its time.
const PATIENCE: Duration = Duration::from_secs(120);

/// Asks the server behind this socket. `Ok(None)`: none listens there.
///
/// # Errors
/// The socket may not be opened, or no whole answer came.
pub fn ask(socket: &Path, request: &Request) -> io::Result<Option<Response>> {
    let mut stream = match UnixStream::connect(socket) {
        Ok(stream) => stream,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => return Ok(None),
        Err(error) => return Err(error),
    };
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(to_line(request).as_bytes())?;
    let mut line = String::new();
    BufReader::new(stream.take(RESPONSE_MAX as u64)).read_line(&mut line)?;
    if !line.ends_with('\n') {
        return Err(io::Error::new(ErrorKind::UnexpectedEof, "the server gave no whole answer"));
    }
    response(&line).map(Some).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    /// A server that gives this answer to one request, and the request.
    fn asked(answer: &str) -> (io::Result<Option<Response>>, String) {
        let temp = tempfile::tempdir().unwrap();
        let socket = temp.path().join("control.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        std::thread::scope(|scope| {
            let server = scope.spawn(|| {
                let (stream, _) = listener.accept().unwrap();
                let mut line = String::new();
                BufReader::new(&stream).read_line(&mut line).unwrap();
                (&stream).write_all(answer.as_bytes()).unwrap();
                line
            });
            (ask(&socket, &Request::Health), server.join().unwrap())
        })
    }

    #[test]
    fn a_request_gets_its_answer() {
        let (answer, line) = asked("{\"done\":\"well\"}\n");
        assert_eq!(answer.unwrap(), Some(Response::Done("well".into())));
        assert_eq!(line, "\"health\"\n");
    }

    #[test]
    fn half_an_answer_is_none() {
        assert_eq!(asked("{\"done\":\"we").0.unwrap_err().kind(), ErrorKind::UnexpectedEof);
        assert_eq!(asked("what?\n").0.unwrap_err().kind(), ErrorKind::InvalidData);
    }

    #[test]
    fn without_a_server_there_is_no_answer() {
        let temp = tempfile::tempdir().unwrap();
        let socket = temp.path().join("control.sock");
        assert_eq!(ask(&socket, &Request::Health).unwrap(), None);
        drop(UnixListener::bind(&socket).unwrap());
        assert!(socket.exists());
        assert_eq!(ask(&socket, &Request::Health).unwrap(), None, "a socket that a killed server left");
    }
}
