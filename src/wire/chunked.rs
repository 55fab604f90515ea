//! HTTP bodies in chunks: the decoder.

use httparse::Status;

/// Longest line with a chunk's size and extensions, in bytes.
const SIZE_LINE_MAX: usize = 256;
/// Most bytes of trailers, which are thrown away.
const TRAILERS_MAX: usize = 4096;

/// The bytes are no chunked body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed chunk")]
pub struct BadChunk;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Size,
    Data(u64),
    DataEnd,
    Trailers(usize),
    Done,
}

/// Takes a chunked body apart, whatever the pieces it comes in.
#[derive(Debug)]
pub struct Decoder(State);

impl Default for Decoder {
    fn default() -> Self {
        Decoder(State::Size)
    }
}

impl Decoder {
    /// Moves the body's bytes from the front of `input` to `out`, until more input is needed (false) or the body has
    /// ended (true); what follows the body stays in `input`.
    ///
    /// Errors: [`BadChunk`].
    pub fn feed(&mut self, input: &mut Vec<u8>, out: &mut Vec<u8>) -> Result<bool, BadChunk> {
        let mut used = 0;
        let done = self.walk(input, &mut used, out)?;
        input.drain(..used);
        Ok(done)
    }

    fn walk(&mut self, input: &[u8], used: &mut usize, out: &mut Vec<u8>) -> Result<bool, BadChunk> {
        loop {
            let rest = input.get(*used..).unwrap_or_default();
            match self.0 {
                State::Size => match httparse::parse_chunk_size(rest) {
                    Ok(Status::Complete((length, size))) if is_size_line(&rest[..length]) => {
                        *used += length;
                        self.0 = if size == 0 { State::Trailers(0) } else { State::Data(size) };
                    }
                    Ok(Status::Partial) if rest.len() <= SIZE_LINE_MAX => return Ok(false),
                    _ => return Err(BadChunk),
                },
                State::Data(left) => {
                    let n = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                    if n == 0 {
                        return Ok(false);
                    }
                    out.extend_from_slice(&rest[..n]);
                    *used += n;
                    self.0 = if n as u64 == left { State::DataEnd } else { State::Data(left - n as u64) };
                }
                State::DataEnd => match rest {
                    [b'\r', b'\n', ..] => {
                        *used += 2;
                        self.0 = State::Size;
                    }
                    [] | [b'\r'] => return Ok(false),
                    _ => return Err(BadChunk),
                },
                State::Trailers(seen) => match rest.windows(2).position(|w| w == b"\r\n") {
                    Some(0) => {
                        *used += 2;
                        self.0 = State::Done;
                    }
                    Some(line) if seen + line <= TRAILERS_MAX => {
                        *used += line + 2;
                        self.0 = State::Trailers(seen + line + 2);
                    }
                    None if seen + rest.len() <= TRAILERS_MAX => return Ok(false),
                    _ => return Err(BadChunk),
                },
                State::Done => return Ok(true),
            }
        }
    }
}

/// What the library lets pass: a line without a size would be the last chunk, and an extension may hold anything, also a line end of
/// those who are content with LF.
fn is_size_line(line: &[u8]) -> bool {
    let text = line.strip_suffix(b"\r\n").unwrap_or(line);
    text.first().is_some_and(u8::is_ascii_hexdigit)
        && text.iter().all(|byte| *byte == b'\t' || !byte.is_ascii_control())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_body_in_any_pieces() {
        let whole = b"4\r\n[\"12\r\n5;x=y\r\n3\"  ]\r\n0\r\nTrailer: x\r\n\r\nGET /";
        for step in 1..whole.len() {
            let (mut decoder, mut input, mut out) = (Decoder::default(), Vec::new(), Vec::new());
            let mut done = false;
            for piece in whole.chunks(step) {
                input.extend_from_slice(piece);
                if !done {
                    done = decoder.feed(&mut input, &mut out).unwrap();
                }
            }
            assert!(done);
            assert_eq!((&out[..], &input[..]), (&b"[\"123\"  ]"[..], &b"GET /"[..]), "step {step}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        let endless = [b"0\r\n", &[b'a'; 5000][..]].concat();
        let long = [b"5;", &[b'a'; 300][..]].concat();
        // A line without a size is no last chunk, and what another server takes for the end of a line must not hide in one.
        let hidden = [&b"\r\n\r\n"[..], b" \r\n\r\n", b";x\r\n\r\n", b"1;a\nb\r\nx\r\n0\r\n\r\n", b"0;\0\r\n\r\n"];
        let bad = [&b"x\r\n"[..], b"3\r\nabcd", b"-1\r\n", b"fffffffffffffffff\r\n", &endless, &long];
        for bad in bad.into_iter().chain(hidden) {
            let mut input = bad.to_vec();
            assert_eq!(Decoder::default().feed(&mut input, &mut Vec::new()), Err(BadChunk), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, cut in 0usize..64) {
            let (mut decoder, mut out) = (Decoder::default(), Vec::new());
            let cut = cut.min(bytes.len());
            let mut input = bytes[..cut].to_vec();
            if decoder.feed(&mut input, &mut out) == Ok(false) {
                input.extend_from_slice(&bytes[cut..]);
                let _ = decoder.feed(&mut input, &mut out);
            }
            prop_assert!(out.len() <= bytes.len());
        }
    }
}
