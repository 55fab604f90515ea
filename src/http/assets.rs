//! Files that are built into the program, by their path below `/static`. The large ones are built in compressed; `ui/pack`
//! makes their `.gz` files anew when they were changed.

use crate::notify::built_in_texts;
use std::borrow::Cow;
use std::io::Read;

/// A built-in file.
#[derive(Debug, Clone, Copy)]
pub enum Asset {
    /// As it is.
    Plain(&'static [u8]),
    /// In gzip form.
    Packed(&'static [u8]),
}

/// Largest unpacked file.
const PLAIN_MAX: u64 = 1024 * 1024;

impl Asset {
    /// The content.
    pub fn plain(self) -> Cow<'static, [u8]> {
        match self {
            Asset::Plain(bytes) => bytes.into(),
            Asset::Packed(bytes) => {
                let mut plain = Vec::new();
                let mut unpacked = flate2::read::GzDecoder::new(bytes).take(PLAIN_MAX);
                if let Err(error) = unpacked.read_to_end(&mut plain) {
                    log::error!("a built-in file is damaged: {error}");
                }
                plain.into()
            }
        }
    }
}

/// A built-in file.
pub fn find(path: &str) -> Option<Asset> {
    let asset = FILES.iter().find(|(name, _)| *name == path).map(|(_, asset)| *asset);
    asset.or_else(|| Some(Asset::Plain(built_in_texts::find(&format!("static/{path}"))?.as_bytes())))
}

const FILES: &[(&str, Asset)] = &[
    ("favicon.ico", Asset::Plain(include_bytes!("../../ui/favicon.ico"))),
    ("index.html", Asset::Plain(include_bytes!("../../ui/index.html"))),
    ("login.html", Asset::Plain(include_bytes!("../../ui/login.html"))),
    ("login.js", Asset::Plain(include_bytes!("../../ui/login.js"))),
    ("hash.js", Asset::Plain(include_bytes!("../../ui/hash.js"))),
    ("admin.html", Asset::Plain(include_bytes!("../../ui/admin.html"))),
    ("admin.css", Asset::Packed(include_bytes!("../../ui/admin.css.gz"))),
    ("admin.js", Asset::Packed(include_bytes!("../../ui/admin.js.gz"))),
    ("base.js", Asset::Packed(include_bytes!("../../ui/base.js.gz"))),
    ("config.js", Asset::Packed(include_bytes!("../../ui/config.js.gz"))),
    ("firmware.js", Asset::Packed(include_bytes!("../../ui/firmware.js.gz"))),
    ("lists.js", Asset::Packed(include_bytes!("../../ui/lists.js.gz"))),
    ("overview.js", Asset::Packed(include_bytes!("../../ui/overview.js.gz"))),
    ("user.js", Asset::Packed(include_bytes!("../../ui/user.js.gz"))),
    ("users.js", Asset::Packed(include_bytes!("../../ui/users.js.gz"))),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_texts_below_static_are_files_too() {
        for name in ["register-email.html", "report-email.html", "reset/enterNewPassword.html"] {
            assert!(find(name).unwrap().plain().starts_with(b"<!DOCTYPE html>"), "{name}");
        }
        assert!(find("template_id_mail.html").is_none() && find("../template_id_mail.html").is_none());
    }

    #[test]
    fn packed_files_are_those_of_the_folder() {
        let mut on_the_wire = 0;
        for (name, asset) in FILES {
            let file = std::fs::read(format!("{}/ui/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
            assert!(asset.plain() == file, "{name} was changed: run ui/pack");
            on_the_wire += match asset {
                Asset::Plain(bytes) | Asset::Packed(bytes) => bytes.len(),
            };
        }
        assert!(on_the_wire < 120 * 1024, "{on_the_wire} bytes");
    }
}
