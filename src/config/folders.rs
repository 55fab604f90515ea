//! The data folder and the log folder, with the reference server's fall-backs.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// A data folder that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFolder {
    /// Where the data is.
    pub path: PathBuf,
    /// Lines for the console: why it is not the configured one.
    pub warnings: Vec<String>,
}

/// The folder of temporary files: exports and reports for download, and the data folder of last resort.
pub fn temp_folder() -> PathBuf {
    env::temp_dir().join("blynk")
}

/// The data folder that a server with this configuration uses, unless it cannot be made. Nothing is made.
pub fn data_folder(configured: &Path) -> PathBuf {
    if is_unset(configured) {
        temp_folder()
    } else {
        absolute(configured)
    }
}

/// Nothing is configured, or only the placeholder of the reference server's manual.
fn is_unset(configured: &Path) -> bool {
    configured.as_os_str().is_empty() || configured == Path::new("/path")
}

/// Makes the configured data folder with its sub-folders. When none is configured, or it cannot be made, a folder in
/// the temporary folder serves instead, with the reference server's warnings.
///
/// # Errors
/// The folder that cannot be made either, and why.
pub fn prepare_data_folder(configured: &Path) -> Result<DataFolder, String> {
    let shown = configured.display();
    let warning = if is_unset(configured) {
        format!("WARNING : '{shown}' does not exists. Please specify correct -dataFolder parameter.")
    } else {
        match make(configured) {
            Ok(()) => return Ok(DataFolder { path: absolute(configured), warnings: Vec::new() }),
            Err(_) => {
                format!("WARNING : could not find folder '{shown}'. Please specify correct -dataFolder parameter.")
            }
        }
    };
    let path = temp_folder();
    make(&path).map_err(|e| format!("Error creating data folder '{}': {e}", path.display()))?;
    let lost = format!("Your data may be lost during server restart. Using temp folder : {}", path.display());
    Ok(DataFolder { path, warnings: vec![warning, lost] })
}

/// Makes a data folder and what belongs into it.
fn make(path: &Path) -> std::io::Result<()> {
    for part in ["", "deleted", "backup", "clone", "data"] {
        fs::create_dir_all(path.join(part))?;
    }
    Ok(())
}

/// A path from the root, `.` parts left out.
pub fn absolute(path: &Path) -> PathBuf {
    let path = env::current_dir().unwrap_or_default().join(path);
    // `components` leaves out all `.` but a leading one.
    path.components().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deep_folder_is_made() {
        let temp = tempfile::tempdir().unwrap();
        let deep = temp.path().join("a/./b");
        let folder = prepare_data_folder(&deep).unwrap();
        assert_eq!(folder, DataFolder { path: temp.path().join("a/b"), warnings: vec![] });
        assert!(deep.join("backup").is_dir() && deep.join("data").is_dir());
    }

    #[test]
    fn without_a_usable_folder_the_temporary_one_serves() {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("file");
        fs::write(&file, "").unwrap();
        for (configured, words) in [
            (Path::new(""), "WARNING : '' does not exists. Please specify correct -dataFolder parameter.".to_owned()),
            (Path::new("/path"), "WARNING : '/path' does not exists.".to_owned()),
            (&file.join("x"), format!("WARNING : could not find folder '{}/x'.", file.display())),
        ] {
            let folder = prepare_data_folder(configured).unwrap();
            assert_eq!(folder.path, temp_folder());
            assert!(folder.warnings[0].starts_with(&words), "{:?}", folder.warnings);
            assert!(folder.warnings[1].contains("Using temp folder : "));
        }
    }
}
