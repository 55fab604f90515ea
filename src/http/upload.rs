//! Files of administrators: `POST {admin}/ota/start` and `POST /upload`, `multipart/form-data` with one file.
//!
//! Each upload has a thread of its own, since its body comes as slowly as the client sends it; `net::exchange` allows
//! few at a time. Who may upload is checked before a byte is read, and only a whole file gets a name in `static/ota`.
//!
//! Answer: 200, the path at which the file is served. Errors: 400 for a body that cannot be taken apart, 500 `Can't find
//! binary data in request.`, 500 without text for firmware without a build text, and those of [`super::admin::ota`].

use super::admin::{self, ota};
use super::dispatch::Site;
use super::multipart::{self, Multipart, MultipartError};
use super::request::Request;
use super::response::{Responder, Response};
use super::router::{Area, Guard};
use crate::hub::tokens::random_bytes;
use crate::hub::HubHandle;
use crate::store::atomic::{AtomicFile, PUBLIC};
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;

/// Size of an upload's thread's stack.
const STACK: usize = 256 * 1024;
/// Longest ending of a file's name that is kept.
const ENDING_MAX: usize = 12;
/// Longest build text.
const BUILD_MAX: usize = 200;
/// What begins a build text in a firmware.
const BUILD_START: &[u8] = b"\0build\0";

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Devices are told to load it.
    Firmware,
    /// It is only stored.
    File,
}

/// Answers an upload, in a thread of its own.
pub fn serve(
    site: &Site,
    request: Request,
    mut body: Box<dyn Read + Send>,
    guard: Guard,
    purpose: Purpose,
    responder: Responder,
) {
    let (handle, folder) = (site.handle.clone(), site.folders.uploads.clone());
    let work = move || {
        let response = take(&handle, &folder, &mut body, request, guard, purpose);
        responder.send(response.unwrap_or_else(|refusal| refusal));
    };
    if let Err(error) = thread::Builder::new().name("upload".into()).stack_size(STACK).spawn(work) {
        log::error!("no thread for an upload: {error}");
    }
}

fn take(
    handle: &HubHandle,
    folder: &Path,
    body: &mut dyn Read,
    mut request: Request,
    guard: Guard,
    purpose: Purpose,
) -> Result<Response, Response> {
    let stopping = || Response::empty(503);
    // Without a body it is the order to load a file that is there.
    let has_length = request.header("content-length").is_some_and(|length| length != "0");
    let has_body = has_length || request.header("content-type").is_some();
    let (target, request) = handle
        .call(move |hub| {
            admin::enter(hub, &mut request, Area::Admin(guard))?;
            if purpose == Purpose::Firmware && !has_body {
                return Err(ota::start(hub, &request));
            }
            let target = match purpose {
                Purpose::Firmware => Some(ota::target(hub, &request)?),
                Purpose::File => None,
            };
            Ok((target, request))
        })
        .ok_or_else(stopping)??;
    let stored = store(folder, body, request.header("content-type").unwrap_or_default()).map_err(refusal)?;
    let stored = stored.ok_or_else(|| Response::text(500, "Can't find binary data in request."))?;
    let path = format!("/static/ota/{}", stored.name);
    if let Some(target) = target {
        if target.needs_build() && stored.build.is_none() {
            stored.remove();
            return Err(Response::empty(500));
        }
        let (told, build) = (path.clone(), stored.build.clone());
        let ordered = handle.call(move |hub| ota::order(hub, &request, &target, told, build));
        if let Err(refusal) = ordered.unwrap_or_else(|| Err(stopping())) {
            stored.remove();
            return Err(refusal);
        }
    }
    log::info!("an administrator uploaded {path}");
    Ok(Response::json(path))
}

fn refusal(error: MultipartError) -> Response {
    match error {
        MultipartError::Malformed(reason) => Response::text(400, reason),
        // The client is gone.
        MultipartError::Io(error) if error.kind() == ErrorKind::UnexpectedEof => {
            Response::text(400, "the end is missing")
        }
        MultipartError::Io(error) => {
            log::error!("an upload was not stored: {error}");
            Response::failure()
        }
    }
}

/// A file in the folder.
struct Stored {
    path: PathBuf,
    name: String,
    build: Option<String>,
}

impl Stored {
    fn remove(&self) {
        if let Err(error) = fs::remove_file(&self.path) {
            log::warn!("an upload that nobody wants stays: {error}");
        }
    }
}

/// Stores the last file of the body; a body of another type than `multipart/form-data` has none.
fn store(folder: &Path, body: &mut dyn Read, content_type: &str) -> Result<Option<Stored>, MultipartError> {
    let Some(boundary) = multipart::boundary(content_type) else { return Ok(None) };
    let mut parts = Multipart::new(body, boundary);
    let mut last: Option<(AtomicFile, Stored)> = None;
    while let Some(file_name) = parts.next_part()? {
        let Some(file_name) = file_name else {
            parts.read_content(|_| Ok(()))?;
            continue;
        };
        fs::create_dir_all(folder)?;
        let name = format!("FUp_{}_upload{}", u64::from_be_bytes(random_bytes()), ending(&file_name));
        let path = folder.join(&name);
        let (mut file, mut finder) = (AtomicFile::create(&path, PUBLIC)?, BuildFinder::default());
        parts.read_content(|piece| {
            finder.feed(piece);
            file.write_all(piece)
        })?;
        last = Some((file, Stored { path, name, build: finder.build() }));
    }
    let Some((file, stored)) = last else { return Ok(None) };
    file.commit()?;
    Ok(Some(stored))
}

/// The name from its last dot on, unless it is strange.
fn ending(name: &str) -> &str {
    let ending = name.rfind('.').and_then(|dot| name.get(dot..)).unwrap_or_default();
    let known = (2..=ENDING_MAX).contains(&ending.len()) && ending[1..].bytes().all(|b| b.is_ascii_alphanumeric());
    if known {
        ending
    } else {
        ""
    }
}

/// Finds the text between `\0build\0` and the next `\0` in what is fed to it.
#[derive(Default)]
struct BuildFinder {
    /// How many bytes of the beginning were just seen.
    seen: usize,
    text: Vec<u8>,
    is_whole: bool,
}

impl BuildFinder {
    fn feed(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if self.is_whole {
                return;
            }
            if self.seen == BUILD_START.len() {
                match byte {
                    0 if self.text.is_empty() => self.seen = 1,
                    0 => self.is_whole = true,
                    _ if self.text.len() == BUILD_MAX => {
                        self.text.clear();
                        self.seen = 0;
                    }
                    byte => self.text.push(*byte),
                }
            } else if BUILD_START.get(self.seen) == Some(byte) {
                self.seen += 1;
            } else {
                self.seen = usize::from(*byte == 0);
            }
        }
    }

    fn build(self) -> Option<String> {
        self.is_whole.then(|| String::from_utf8_lossy(&self.text).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(text: &[u8]) -> Option<String> {
        let (mut whole, mut bytewise) = (BuildFinder::default(), BuildFinder::default());
        whole.feed(text);
        text.iter().for_each(|byte| bytewise.feed(&[*byte]));
        let found = whole.build();
        assert_eq!(found, bytewise.build());
        found
    }

    #[test]
    fn build_texts_are_found() {
        assert_eq!(build(b"\x01\0build\0Jan 02 2024\0x").as_deref(), Some("Jan 02 2024"));
        assert_eq!(build(b"\0\0build\0\0build\0B\0\0build\0C\0").as_deref(), Some("B"));
        assert_eq!(build(b"\0build\0open end"), None);
        assert_eq!(build(b"build\0B\0"), None);
        let long = [BUILD_START, &[b'x'; 300], b"\0build\0B\0"].concat();
        assert_eq!(build(&long).as_deref(), Some("B"));
    }

    #[test]
    fn only_whole_files_are_kept() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("ota");
        let body = b"--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.v2.bin\"\r\n\r\ndata\r\n--b--\r\n";
        let stored = store(&folder, &mut &body[..], "multipart/form-data; boundary=b").unwrap().unwrap();
        assert!(stored.name.starts_with("FUp_") && stored.name.ends_with("_upload.bin"));
        assert_eq!(fs::read(&stored.path).unwrap(), b"data");
        stored.remove();
        assert!(store(&folder, &mut &body[..80], "multipart/form-data; boundary=b").is_err());
        assert!(store(&folder, &mut &body[..], "text/plain").unwrap().is_none());
        let empty = b"--b\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\ndata\r\n--b--\r\n";
        assert!(store(&folder, &mut &empty[..], "multipart/form-data; boundary=b").unwrap().is_none());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    }

    #[test]
    fn endings_are_harmless() {
        assert_eq!(
            ["a.bin", "a", "a.", "a.b/c", "x.tar.gz", ".htaccess2345678"].map(ending),
            [".bin", "", "", "", ".gz", ""]
        );
    }
}
