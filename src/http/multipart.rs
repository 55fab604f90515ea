//! Bodies of kind `multipart/form-data` (RFC 7578), taken apart as they come: the memory that it takes does not depend on
//! the size of the files.

use std::io::{self, Read};

/// Longest boundary; the RFC says 70.
const BOUNDARY_MAX: usize = 200;
/// Most bytes of a part's headers.
const HEADERS_MAX: usize = 4096;
/// Most bytes that are read at once.
const CHUNK: usize = 8 * 1024;
/// Most parts.
const PARTS_MAX: usize = 100;

/// Why a body cannot be taken apart.
#[derive(Debug, thiserror::Error)]
pub enum MultipartError {
    /// It is not of the kind that its header says.
    #[error("{0}")]
    Malformed(&'static str),
    /// The connection's, or the disk's.
    #[error(transparent)]
    Io(#[from] io::Error),
}

use MultipartError::Malformed;

/// The boundary in a `content-type`, if that is `multipart/form-data`.
pub fn boundary(content_type: &str) -> Option<&str> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"'))
    })?;
    (!boundary.is_empty() && boundary.len() <= BOUNDARY_MAX).then_some(boundary)
}

/// Reads parts.
pub struct Multipart<R> {
    input: R,
    /// What was read and is not given out yet. Begins with a line end, so that the first boundary looks like the others.
    buffer: Vec<u8>,
    /// Line end, two dashes, the boundary.
    delimiter: Vec<u8>,
    parts: usize,
}

impl<R: Read> Multipart<R> {
    /// The parts of `input` between boundaries.
    pub fn new(input: R, boundary: &str) -> Self {
        let delimiter = format!("\r\n--{boundary}").into_bytes();
        Multipart { input, buffer: b"\r\n".to_vec(), delimiter, parts: 0 }
    }

    /// Goes to the next part; its file name, if it is a file. `None`: there are no more parts. The content of the part before
    /// must have been read.
    pub fn next_part(&mut self) -> Result<Option<Option<String>>, MultipartError> {
        if self.parts == 0 {
            // What stands before the first boundary means nothing.
            self.read_content(|_| Ok(()))?;
        }
        self.parts += 1;
        if self.parts > PARTS_MAX {
            return Err(Malformed("too many parts"));
        }
        self.at_least(2)?;
        if self.buffer.starts_with(b"--") {
            return Ok(None);
        }
        let end = loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                break end;
            }
            if self.buffer.len() > HEADERS_MAX {
                return Err(Malformed("the headers of a part are too long"));
            }
            self.more()?;
        };
        let name = file_name(&self.buffer[..end]);
        // The last line end stays: an empty content is followed by its boundary at once.
        self.buffer.drain(..end + 2);
        Ok(Some(name))
    }

    /// Gives out the content of the part piece by piece.
    pub fn read_content(&mut self, mut give: impl FnMut(&[u8]) -> io::Result<()>) -> Result<(), MultipartError> {
        // The line end that ends the headers belongs to them.
        let mut skip = if self.parts == 0 { 0 } else { 2 };
        loop {
            let found = find(&self.buffer, &self.delimiter);
            let sure = found.unwrap_or(self.buffer.len().saturating_sub(self.delimiter.len() - 1));
            if sure > skip {
                give(&self.buffer[skip..sure])?;
            }
            let done = if found.is_some() { sure + self.delimiter.len() } else { sure };
            skip = skip.saturating_sub(sure);
            self.buffer.drain(..done);
            if found.is_some() {
                return Ok(());
            }
            self.more()?;
        }
    }

    fn at_least(&mut self, length: usize) -> Result<(), MultipartError> {
        while self.buffer.len() < length {
            self.more()?;
        }
        Ok(())
    }

    fn more(&mut self) -> Result<(), MultipartError> {
        let start = self.buffer.len();
        self.buffer.resize(start + CHUNK, 0);
        let read = self.input.read(&mut self.buffer[start..]);
        self.buffer.truncate(start + *read.as_ref().unwrap_or(&0));
        match read {
            Ok(0) => Err(Malformed("the end is missing")),
            Ok(_) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    let first = *what.first()?;
    let mut start = 0;
    loop {
        start += text.get(start..)?.iter().position(|byte| *byte == first)?;
        if text[start..].starts_with(what) {
            return Some(start);
        }
        start += 1;
    }
}

/// The file name in a part's headers.
fn file_name(headers: &[u8]) -> Option<String> {
    let headers = String::from_utf8_lossy(headers);
    let line = headers.lines().find(|line| {
        line.split_once(':').is_some_and(|(name, _)| name.trim().eq_ignore_ascii_case("content-disposition"))
    })?;
    let start = line.to_ascii_lowercase().find("filename=")? + "filename=".len();
    let value = line.get(start..)?;
    Some(match value.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next().unwrap_or_default().to_owned(),
        None => value.split(';').next().unwrap_or_default().trim().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Gives one byte at a time, which is the hardest.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let n = self.0.len().min(1).min(buffer.len());
            buffer[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    type Part = (Option<String>, Vec<u8>);

    fn parts(input: impl Read) -> Result<Vec<Part>, MultipartError> {
        let mut multipart = Multipart::new(input, "b");
        let mut parts = Vec::new();
        while let Some(name) = multipart.next_part()? {
            let mut content = Vec::new();
            multipart.read_content(|piece| {
                content.extend_from_slice(piece);
                Ok(())
            })?;
            parts.push((name, content));
        }
        Ok(parts)
    }

    const BODY: &[u8] = b"preamble\r\n--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b\r\n\
        content-disposition: form-data; name=\"f\"; filename=\"My x.bin\"\r\nContent-Type: x/y\r\n\r\n\r\n--\r\n-b\x00\r\n--b\r\n\
        Content-Disposition: form-data; filename=y\r\n\r\n\r\n--b--\r\n";

    #[test]
    fn parts_are_found() {
        let expected = vec![
            (None, b"1".to_vec()),
            (Some("My x.bin".to_owned()), b"\r\n--\r\n-b\x00".to_vec()),
            (Some("y".to_owned()), Vec::new()),
        ];
        assert_eq!(parts(BODY).unwrap(), expected);
        assert_eq!(parts(Slow(BODY)).unwrap(), expected);
        for end in 0..BODY.len() - 4 {
            assert!(parts(&BODY[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn boundaries() {
        assert_eq!(boundary("multipart/form-data; boundary=abc"), Some("abc"));
        assert_eq!(boundary("Multipart/Form-Data; charset=x; Boundary=\"a b\""), Some("a b"));
        assert_eq!(boundary("multipart/mixed; boundary=abc"), None);
        assert_eq!(boundary("multipart/form-data"), None);
        assert_eq!(boundary("multipart/form-data; boundary="), None);
    }

    proptest! {
        #[test]
        fn any_content_comes_back(content: Vec<u8>) {
            let mut body = b"--b\r\nContent-Disposition: form-data; filename=x\r\n\r\n".to_vec();
            body.extend_from_slice(&content);
            body.extend_from_slice(b"\r\n--b--");
            prop_assume!(find(&content, b"\r\n--b").is_none());
            let found = parts(&body[..]).unwrap();
            prop_assert_eq!(&found[0].1, &content);
        }

        #[test]
        fn any_body_is_read_without_panic(body: Vec<u8>) {
            let _ = parts(&body[..]);
            let _ = parts(&[b"--b\r\n", &body[..]].concat()[..]);
        }
    }
}
