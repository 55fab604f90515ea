//! The body of an upload, which comes while a thread reads it.

use smol::channel::{bounded, Receiver, Sender};
use std::io::{self, Read};

/// Pieces that may wait to be read; each is what one read of a socket brought.
const PIECES: usize = 4;

/// Where the thread reads.
pub struct Stream {
    pieces: Receiver<Vec<u8>>,
    piece: Vec<u8>,
    /// How much of the piece is read.
    used: usize,
    /// Bytes that have not come.
    left: u64,
}

/// A body of this length: where its pieces are sent, and where they are read. It has ended too early when the sender is
/// gone before; sending fails when nobody reads any more.
pub fn stream(length: u64) -> (Sender<Vec<u8>>, Stream) {
    let (sender, pieces) = bounded(PIECES);
    (sender, Stream { pieces, piece: Vec::new(), used: 0, left: length })
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.used == self.piece.len() {
            if self.left == 0 {
                return Ok(0);
            }
            self.piece = self.pieces.recv_blocking().map_err(|_| io::Error::from(io::ErrorKind::UnexpectedEof))?;
            self.used = 0;
            self.left = self.left.saturating_sub(self.piece.len() as u64);
        }
        let rest = self.piece.get(self.used..).unwrap_or_default();
        let n = rest.len().min(buffer.len());
        let (to, from) = (buffer.get_mut(..n).unwrap_or_default(), rest.get(..n).unwrap_or_default());
        to.copy_from_slice(from);
        self.used += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_become_one_body_that_ends_with_its_length() {
        let (sender, mut body) = stream(7);
        for piece in [&b"abc"[..], b"", b"defg"] {
            sender.try_send(piece.to_vec()).unwrap();
        }
        let mut buffer = [0; 2];
        assert_eq!((body.read(&mut buffer).unwrap(), &buffer), (2, b"ab"));
        let mut rest = String::new();
        body.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "cdefg");
        drop(body);
        assert!(sender.try_send(vec![1]).is_err(), "nobody reads");
    }

    #[test]
    fn a_body_that_breaks_off_is_an_error() {
        let (sender, mut body) = stream(7);
        sender.try_send(b"abc".to_vec()).unwrap();
        drop(sender);
        let mut read = Vec::new();
        assert_eq!(body.read_to_end(&mut read).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(read, b"abc");
    }
}
