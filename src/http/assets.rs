//! Files that are built into the program, by their path below `/static`.

/// The content of a built-in file.
pub fn find(path: &str) -> Option<&'static [u8]> {
    FILES.iter().find(|(name, _)| *name == path).map(|(_, content)| *content)
}

const FILES: &[(&str, &[u8])] =
    &[("favicon.ico", include_bytes!("../../ui/favicon.ico")), ("index.html", include_bytes!("../../ui/index.html"))];
