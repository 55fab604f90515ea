//! Static files and downloads.
//!
//! * `GET /static/...`, `/favicon.ico` and, on the plain port, `/`: operators' files in the folders `static-override` and
//!   `static`, else built-in ones.
//! * `GET /{name}.gz`, `/{name}.zip`: exports and reports in the folder of temporary files.
//!
//! 200 with a minute of private caching, 206 for a part of it, 304 for an unchanged file, 416 for bytes that are not there,
//! else 404 `Failure: 404 Not Found` CR LF. Large files come in pieces of [`PIECE`] bytes, see [`Request::offset`].

use super::assets::{self, Asset};
use super::dispatch::Site;
use super::ranges::{self, Wanted};
use super::request::Request;
use super::response::Response;
use crate::config::folders::temp_folder;
use crate::config::Config;
use crate::history::export_folder::is_export_name;
use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Bytes of a file that are in memory at once.
const PIECE: u64 = 64 * 1024;
/// How long browsers may keep a file.
const KEPT: Duration = Duration::from_secs(60);

/// Where files are.
pub struct Folders {
    /// What is below `/static`; the first folder that has a file wins.
    statics: Vec<PathBuf>,
    exports: PathBuf,
    /// Where firmware goes that administrators upload.
    pub uploads: PathBuf,
    /// What counts as the time of built-in files.
    started: SystemTime,
}

impl Folders {
    /// `data_folder`: where uploads are.
    pub fn new(config: &Config, data_folder: &Path) -> Self {
        let statics = vec![
            config.working_folder.join("static-override"),
            data_folder.join("static"),
            config.working_folder.join("static"),
            config.program_folder.join("static"),
        ];
        let uploads = data_folder.join("static/ota");
        Folders { statics, exports: temp_folder(), uploads, started: SystemTime::now() }
    }
}

/// `GET /static/{path..}`.
pub fn from_static(site: &Site, request: &Request) -> Response {
    serve_static(&site.folders, request.var(0), request)
}

/// `GET /favicon.ico`.
pub fn favicon(site: &Site, request: &Request) -> Response {
    serve_static(&site.folders, "favicon.ico", request)
}

/// `GET /`: the start page, on the TLS port of a private server the administrator's.
pub fn home(site: &Site, request: &Request) -> Response {
    if request.origin.tls && site.is_local {
        return Response::redirect(302, &site.admin_root);
    }
    serve_static(&site.folders, "index.html", request)
}

/// `GET /{name}.gz` and `.zip`.
pub fn download(site: &Site, request: &Request) -> Response {
    let (name, peer) = (request.var(0), request.origin.address);
    if !is_export_name(name) {
        return not_found();
    }
    // Reports have names that can be guessed: people expect the reference's.
    let may_ask = site.handle.call(move |hub| {
        let ticks = hub.ticks();
        hub.missed_downloads.allows(peer, ticks)
    });
    if may_ask == Some(false) {
        return Response::text(429, "Too many requests.");
    }
    match open(&site.folders.exports, name) {
        Some(content) => serve(content, name, request),
        None => {
            site.handle.post(move |hub| {
                let ticks = hub.ticks();
                hub.missed_downloads.failed(peer, ticks);
            });
            not_found()
        }
    }
}

fn serve_static(folders: &Folders, path: &str, request: &Request) -> Response {
    if !is_safe(path) {
        return not_found();
    }
    let built_in = || {
        let asset = assets::find(path)?;
        if let (Asset::Packed(bytes), true) = (asset, takes_gzip(request)) {
            return Some(Content::Packed(bytes, folders.started));
        }
        Some(Content::BuiltIn(asset.plain(), folders.started))
    };
    match folders.statics.iter().find_map(|folder| open(folder, path)).or_else(built_in) {
        Some(content) => serve(content, path, request),
        None => not_found(),
    }
}

/// Names below the folder without anything that a file system or a browser could take for something else.
fn is_safe(path: &str) -> bool {
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with('.');
    let strange = |c: char| c.is_control() || "\\<>&\":".contains(c);
    path.split('/').all(part) && !path.contains(strange)
}

enum Content {
    BuiltIn(Cow<'static, [u8]>, SystemTime),
    /// In gzip form, and sent so.
    Packed(&'static [u8], SystemTime),
    File(File, u64, SystemTime),
}

/// A regular file in the folder, wherever symbolic links lead.
fn open(folder: &Path, path: &str) -> Option<Content> {
    let folder = fs::canonicalize(folder).ok()?;
    let path = fs::canonicalize(folder.join(path)).ok()?;
    if !path.starts_with(&folder) {
        return None;
    }
    let file = File::open(path).ok()?;
    let facts = file.metadata().ok()?;
    facts.is_file().then(|| Content::File(file, facts.len(), facts.modified().unwrap_or(SystemTime::UNIX_EPOCH)))
}

impl Content {
    fn length(&self) -> u64 {
        match self {
            Content::BuiltIn(bytes, _) => bytes.len() as u64,
            Content::Packed(bytes, _) => bytes.len() as u64,
            Content::File(_, length, _) => *length,
        }
    }

    fn modified(&self) -> SystemTime {
        match self {
            Content::BuiltIn(_, time) | Content::Packed(_, time) | Content::File(_, _, time) => *time,
        }
    }

    /// As many bytes of the range as are in memory at once.
    fn piece(&mut self, range: Range<u64>) -> io::Result<Vec<u8>> {
        let length = range.end.saturating_sub(range.start).min(PIECE);
        match self {
            Content::BuiltIn(bytes, _) => Ok(part(bytes, range.start, length)),
            Content::Packed(bytes, _) => Ok(part(bytes, range.start, length)),
            Content::File(file, ..) => {
                file.seek(SeekFrom::Start(range.start))?;
                let mut bytes = vec![0; length as usize];
                file.read_exact(&mut bytes)?;
                Ok(bytes)
            }
        }
    }
}

fn part(bytes: &[u8], offset: u64, length: u64) -> Vec<u8> {
    let start = usize::try_from(offset).unwrap_or(usize::MAX);
    bytes.iter().skip(start).take(length as usize).copied().collect()
}

fn takes_gzip(request: &Request) -> bool {
    request.header("accept-encoding").is_some_and(|kinds| {
        kinds.split(',').any(|kind| {
            let mut parts = kind.split(';').map(str::trim);
            parts.next() == Some("gzip") && !parts.any(|part| part == "q=0")
        })
    })
}

fn serve(mut content: Content, name: &str, request: &Request) -> Response {
    let (now, modified, length) = (SystemTime::now(), content.modified(), content.length());
    let offset = request.offset;
    let last_modified = httpdate::fmt_http_date(modified);
    // Its text has whole seconds, as what browsers send back.
    if offset == 0 && request.header("if-modified-since") == Some(last_modified.as_str()) {
        return Response::empty(304).with("date", httpdate::fmt_http_date(now));
    }
    let wanted = match request.header("range") {
        // A client that has a part of another version gets all of this one.
        Some(range) if request.header("if-range").is_none_or(|version| version == last_modified) => {
            ranges::read(range, length)
        }
        _ => Wanted::Whole,
    };
    let range = match &wanted {
        Wanted::Whole => 0..length,
        Wanted::Part(part) => part.clone(),
        Wanted::Nothing => return Response::empty(416).with("content-range", format!("bytes */{length}")),
    };
    let body = match content.piece(range.start.saturating_add(offset)..range.end) {
        Ok(body) => body,
        Err(error) => {
            log::error!("{name} cannot be read: {error}");
            return Response::failure();
        }
    };
    let size = range.end - range.start;
    let is_piece = offset > 0 || (body.len() as u64) < size;
    let mut response = Response::ok(content_type(name), body)
        .with("access-control-allow-origin", "*")
        .with("date", httpdate::fmt_http_date(now))
        .with("expires", httpdate::fmt_http_date(now + KEPT))
        .with("cache-control", "private, max-age=60")
        .with("last-modified", last_modified)
        .with("accept-ranges", "bytes");
    if let Wanted::Part(part) = wanted {
        response.status = 206;
        response = response.with("content-range", format!("bytes {}-{}/{length}", part.start, part.end - 1));
    }
    if matches!(content, Content::Packed(..)) {
        response = response.with("content-encoding", "gzip").with("vary", "accept-encoding");
    }
    response.piece_of = is_piece.then_some(size);
    response
}

/// Whether a path is that of a file to load, which may well be nowhere.
pub fn is_download(path: &str) -> bool {
    path.ends_with(".gz") || path.ends_with(".zip")
}

/// The answer of the reference for files that are not there.
pub fn not_found() -> Response {
    let text = Response::ok("text/plain; charset=UTF-8", "Failure: 404 Not Found\r\n");
    Response { status: 404, close: true, ..text }
}

/// The first seven are what the reference knew; devices and scripts look at them.
fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "ico" => "image/x-icon",
        "js" => "application/javascript",
        "css" => "text/css",
        "png" => "image/png",
        "gz" => "application/x-gzip",
        "zip" => "application/zip",
        "bin" => "application/octet-stream",
        "html" | "htm" => "text/html;charset=utf-8",
        "txt" | "csv" | "md" => super::response::TEXT,
        "json" | "map" => super::response::JSON,
        "svg" => "image/svg+xml",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "woff" => "font/woff",
        "woff2" => "font/woff2",
        "ttf" => "font/ttf",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::request::{testing::request, Method};

    fn folders(root: &Path) -> Folders {
        Folders {
            statics: vec![root.join("over"), root.join("static")],
            exports: root.join("x"),
            uploads: root.join("static/ota"),
            started: SystemTime::now(),
        }
    }

    #[test]
    fn nothing_outside_the_folder_is_served() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("static/js")).unwrap();
        fs::write(root.path().join("secret.txt"), "root:").unwrap();
        std::os::unix::fs::symlink(root.path().join("secret.txt"), root.path().join("static/link.txt")).unwrap();
        let folders = folders(root.path());
        for path in [
            "../secret.txt",
            "js/../../secret.txt",
            "/etc/passwd",
            "link.txt",
            "js",
            "",
            "a..",
            ".x",
            "a\\b",
            "js//x",
            "a\"b",
        ] {
            let response = serve_static(&folders, path, &request(Method::Get, "/", &[]));
            assert_eq!((response.shown(), response.close), ((404, "Failure: 404 Not Found\r\n"), true), "{path}");
        }
    }

    #[test]
    fn overrides_win_and_unchanged_files_are_304() {
        let root = tempfile::tempdir().unwrap();
        for folder in ["over", "static"] {
            fs::create_dir(root.path().join(folder)).unwrap();
            fs::write(root.path().join(folder).join("a.css"), folder).unwrap();
        }
        let folders = folders(root.path());
        let mut ask = request(Method::Get, "/static/a.css", &["a.css"]);
        let response = serve_static(&folders, "a.css", &ask);
        assert_eq!((response.shown(), response.header("content-type")), ((200, "over"), Some("text/css")));
        assert_eq!(response.piece_of, None);
        ask.headers.push(("if-modified-since".into(), response.header("last-modified").unwrap().into()));
        assert_eq!(serve_static(&folders, "a.css", &ask).status, 304);
        ask.headers[0].1 = "Sat, 01 Jan 2000 00:00:00 GMT".into();
        assert_eq!(serve_static(&folders, "a.css", &ask).status, 200);
        assert_eq!(serve_static(&folders, "favicon.ico", &ask).header("content-type"), Some("image/x-icon"));
    }

    #[test]
    fn large_files_come_in_pieces() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("static/ota")).unwrap();
        let data: Vec<u8> = (0..150_000u32).map(|n| n as u8).collect();
        fs::write(root.path().join("static/ota/f.bin"), &data).unwrap();
        let folders = folders(root.path());
        let mut whole = Vec::new();
        while whole.len() < data.len() {
            let mut ask = request(Method::Get, "/", &[]);
            ask.offset = whole.len() as u64;
            let response = serve_static(&folders, "ota/f.bin", &ask);
            assert_eq!((response.status, response.piece_of), (200, Some(150_000)));
            whole.extend(response.body);
        }
        assert_eq!(whole, data);
        let part_from = |offset, headers: &[(&str, &str)]| {
            let mut ask = request(Method::Get, "/", &[]);
            ask.headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
            ask.offset = offset;
            serve_static(&folders, "ota/f.bin", &ask)
        };
        let part = |headers: &[(&str, &str)]| part_from(0, headers);
        let first = part(&[("range", "bytes=20000-139999")]);
        assert_eq!((first.status, first.header("content-range")), (206, Some("bytes 20000-139999/150000")));
        assert_eq!((first.body.len() as u64, first.piece_of), (PIECE, Some(120_000)));
        let next = part_from(65_536, &[("range", "bytes=20000-139999")]);
        assert_eq!([first.body.clone(), next.body].concat(), data[20_000..140_000]);
        let version = first.header("last-modified").unwrap();
        assert_eq!(part(&[("range", "bytes=-5"), ("if-range", version)]).body, data[149_995..]);
        assert_eq!(part(&[("range", "bytes=-5"), ("if-range", "\"other\"")]).status, 200);
        let beyond = part(&[("range", "bytes=150000-")]);
        assert_eq!((beyond.status, beyond.header("content-range")), (416, Some("bytes */150000")));
    }
}
