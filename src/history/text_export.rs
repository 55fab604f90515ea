//! All history of an account as text files, for the command line. Blocking; a running server need not stop, since files
//! are only appended to.

use super::csv::push_number;
use super::files::HistoryFiles;
use super::names::{Owner, Record};
use crate::tz::Rules;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Write};
use std::path::Path;

/// First line of every file.
const HEADER: &str = "time,timestamp_ms,value\n";

/// What [`export`] wrote.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exported {
    /// Files.
    pub files: usize,
    /// Lines in all of them, without their headers.
    pub records: u64,
}

/// Writes a CSV file per history file, named like it (`history_1-0_v5_minute.csv`), with the columns time (UTC, ISO 8601),
/// the same in ms since 1970, and value. Makes the folder; files of an earlier export are replaced.
///
/// Errors: those of the file system, and `InvalidInput` for an owner that has no folder.
pub fn export(files: &HistoryFiles, owner: &Owner, folder: &Path) -> io::Result<Exported> {
    let utc = Rules::utc();
    let mut done = Exported::default();
    let mut line = String::new();
    for (name, path) in files.of_owner(owner)? {
        fs::create_dir_all(folder)?;
        let mut records = BufReader::new(File::open(path)?);
        let mut out = BufWriter::new(File::create(folder.join(name).with_extension("csv"))?);
        out.write_all(HEADER.as_bytes())?;
        let mut bytes = [0; Record::SIZE];
        loop {
            match records.read_exact(&mut bytes) {
                // Also where the server is writing the last record just now.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => break,
                other => other?,
            }
            let record = Record::from_bytes(&bytes);
            line.clear();
            let _ = write!(line, "{}Z,{},", utc.local(record.ms), record.ms);
            push_number(&mut line, record.value);
            line.push('\n');
            out.write_all(line.as_bytes())?;
            done.records += 1;
        }
        out.flush()?;
        done.files += 1;
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::super::averages::Append;
    use super::super::names::{FileId, Granularity, Pin, PinType};
    use super::*;

    #[test]
    fn every_file_becomes_a_text() {
        let folder = tempfile::tempdir().unwrap();
        let files = HistoryFiles::new(folder.path().join("data"));
        let owner = Owner::new("a@b.cc", "Blynk");
        let to = folder.path().join("out/texts");
        assert_eq!(export(&files, &owner, &to).unwrap(), Exported::default());
        assert!(!to.exists());
        let pin = Pin::new(1, 0, PinType::Virtual, 5);
        let file = FileId { owner: owner.clone(), pin, granularity: Granularity::Minute };
        let records = vec![Record::new(21.5, 1_700_000_040_000), Record::new(1e-4, 1_700_000_100_000)];
        files.append(&Append { file, records }).unwrap();
        let stored = folder.path().join("data/a@b.cc/history_1-0_v5_minute.bin");
        fs::OpenOptions::new().append(true).open(stored).unwrap().write_all(b"torn").unwrap();
        fs::write(folder.path().join("data/a@b.cc/notes.txt"), "mine").unwrap();
        assert_eq!(export(&files, &owner, &to).unwrap(), Exported { files: 1, records: 2 });
        let text = fs::read_to_string(to.join("history_1-0_v5_minute.csv")).unwrap();
        let lines = "2023-11-14T22:14:00Z,1700000040000,21.5\n2023-11-14T22:15:00Z,1700000100000,1.0E-4\n";
        assert_eq!(text, format!("{HEADER}{lines}"));
        assert!(export(&files, &Owner::new("../b@b.cc", "Blynk"), &to).is_err());
    }
}
