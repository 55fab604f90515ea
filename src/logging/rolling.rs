//! One log file that moves to the archive at midnight or when it has grown too large.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use jiff::civil::{Date, DateTime};
use jiff::Timestamp;

use super::FILES;
use crate::local_time;

/// After a failure the file is tried again so much later.
const RETRY: Duration = Duration::from_secs(60);
/// Most archived files of one name and day.
const PARTS_PER_DAY: u32 = 100_000;

/// A log file. Archived files are `archive/NAME.yyyy-MM-dd`, more of one day `archive/NAME.yyyy-MM-dd.N`.
pub struct Rolling {
    folder: PathBuf,
    name: &'static str,
    file_max: u64,
    total_max: u64,
    days_max: u32,
    file: Option<File>,
    size: u64,
    /// The day of the file's lines.
    day: Date,
    retry: Option<Instant>,
}

impl Rolling {
    /// A file that is not open yet. Limits in bytes and days, 0 = none.
    pub fn new(folder: &Path, name: &'static str, file_max: u64, total_max: u64, days_max: u32) -> Self {
        let day = Date::default();
        Self {
            folder: folder.to_path_buf(),
            name,
            file_max,
            total_max,
            days_max,
            file: None,
            size: 0,
            day,
            retry: None,
        }
    }

    /// Opens or makes the file; a failure is told on the console and tried again later.
    pub fn open(&mut self, now: DateTime) {
        if self.retry.is_some_and(|at| Instant::now() < at) {
            return;
        }
        if let Err(e) = self.try_open(now) {
            self.failed(&e);
        }
    }

    /// Writes a line, which has its end.
    pub fn write(&mut self, line: &[u8], now: DateTime) {
        if self.file.is_none() {
            self.open(now);
        }
        if self.file.is_none() {
            return;
        }
        let full = self.file_max > 0 && self.size > 0 && self.size.saturating_add(line.len() as u64) > self.file_max;
        if now.date() != self.day || full {
            if let Err(e) = self.roll(now) {
                self.failed(&e);
                return;
            }
        }
        if let Some(file) = &mut self.file {
            match file.write_all(line) {
                Ok(()) => self.size += line.len() as u64,
                Err(e) => self.failed(&e),
            }
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.join(self.name)
    }

    fn try_open(&mut self, now: DateTime) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let file = OpenOptions::new().create(true).append(true).open(self.path())?;
        let about = file.metadata()?;
        self.size = about.len();
        self.day = match about.modified() {
            Ok(time) if self.size > 0 => day_of(time).unwrap_or(now.date()),
            _ => now.date(),
        };
        self.file = Some(file);
        self.retry = None;
        Ok(())
    }

    /// Moves the file to the archive, unless it is empty, and opens a new one.
    fn roll(&mut self, now: DateTime) -> io::Result<()> {
        if self.size > 0 {
            self.file = None;
            let archive = self.folder.join("archive");
            fs::create_dir_all(&archive)?;
            let base = format!("{}.{}", self.name, self.day);
            let first = archive.join(&base);
            let free = std::iter::once(first)
                .chain((1..PARTS_PER_DAY).map(|n| archive.join(format!("{base}.{n}"))))
                .find(|path| !path.exists());
            fs::rename(self.path(), free.ok_or_else(|| io::Error::other("too many archived files of one day"))?)?;
            self.try_open(now)?;
            self.prune(&archive, now.date());
        }
        self.day = now.date();
        Ok(())
    }

    /// Deletes archived files that are too old, and the oldest ones while all log files, and what this one may still grow, are
    /// too large.
    fn prune(&self, archive: &Path, today: Date) {
        if self.total_max == 0 && self.days_max == 0 {
            return;
        }
        let current: u64 =
            FILES.iter().filter_map(|(name, _)| fs::metadata(self.folder.join(name)).ok()).map(|m| m.len()).sum();
        let mut archived: Vec<(SystemTime, u64, PathBuf)> = fs::read_dir(archive)
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| is_archived(&entry.file_name().to_string_lossy()))
            .filter_map(|entry| {
                let about = entry.metadata().ok()?;
                Some((about.modified().ok()?, about.len(), entry.path()))
            })
            .collect();
        archived.sort();
        let growth = current.saturating_add(self.file_max);
        let mut total = archived.iter().map(|(_, size, _)| size).sum::<u64>().saturating_add(growth);
        for (changed, size, path) in archived {
            let days = day_of(changed).map(|day| today.duration_since(day).as_hours() / 24);
            let is_old = self.days_max > 0 && days.is_some_and(|days| days > i64::from(self.days_max));
            let is_too_much = self.total_max > 0 && total > self.total_max;
            if !is_old && !is_too_much {
                break;
            }
            if fs::remove_file(path).is_ok() {
                total = total.saturating_sub(size);
            }
        }
    }

    /// Tells the console, once per try; nothing is written for a while.
    fn failed(&mut self, error: &io::Error) {
        self.file = None;
        self.retry = Some(Instant::now() + RETRY);
        let _ = writeln!(io::stderr(), "Error writing log file '{}': {error}", self.path().display());
    }
}

/// One of our own archived files, not something an operator put there.
fn is_archived(name: &str) -> bool {
    FILES.iter().any(|(own, _)| name.strip_prefix(own).is_some_and(|rest| rest.starts_with('.')))
}

/// The local day of a file's last change.
fn day_of(time: SystemTime) -> Option<Date> {
    Some(local_time::zone().to_datetime(Timestamp::try_from(time).ok()?).date())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use std::collections::BTreeSet;

    fn at(day: i8) -> DateTime {
        date(2024, 5, day).at(12, 0, 0, 0)
    }

    fn names(folder: &Path) -> BTreeSet<String> {
        fs::read_dir(folder.join("archive"))
            .map(|all| all.map(|e| e.unwrap().file_name().into_string().unwrap()).collect())
            .unwrap_or_default()
    }

    #[test]
    fn a_new_day_begins_a_new_file() {
        let temp = tempfile::tempdir().unwrap();
        let mut file = Rolling::new(temp.path(), "blynk.log", 0, 0, 0);
        file.open(at(3));
        file.write(b"one\n", at(3));
        file.write(b"two\n", at(3));
        file.write(b"three\n", at(4));
        assert_eq!(names(temp.path()), BTreeSet::from(["blynk.log.2024-05-03".to_owned()]));
        assert_eq!(fs::read_to_string(temp.path().join("archive/blynk.log.2024-05-03")).unwrap(), "one\ntwo\n");
        assert_eq!(fs::read_to_string(temp.path().join("blynk.log")).unwrap(), "three\n");
    }

    #[test]
    fn a_file_of_an_earlier_run_keeps_its_day() {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join("blynk.log"), "old\n").unwrap();
        let today = local_time::now();
        let tomorrow = today.tomorrow().unwrap();
        let mut file = Rolling::new(temp.path(), "blynk.log", 0, 0, 0);
        file.open(tomorrow);
        file.write(b"new\n", tomorrow);
        assert_eq!(names(temp.path()), BTreeSet::from([format!("blynk.log.{}", today.date())]));
        assert_eq!(fs::read_to_string(temp.path().join("blynk.log")).unwrap(), "new\n");
    }

    #[test]
    fn large_files_move_away_and_the_oldest_vanish() {
        let temp = tempfile::tempdir().unwrap();
        fs::create_dir(temp.path().join("archive")).unwrap();
        fs::write(temp.path().join("archive/mine.txt"), [b'x'; 500]).unwrap();
        let mut file = Rolling::new(temp.path(), "worker.log", 10, 30, 0);
        file.open(at(3));
        for i in 0..6 {
            file.write(format!("line {i}!\n").as_bytes(), at(3));
            // Files are told apart by their time of change.
            #[allow(clippy::disallowed_methods)] // A test may wait.
            std::thread::sleep(Duration::from_millis(20));
        }
        // 8 bytes a line, one line a file: two archived ones and room for the current one are 26 bytes.
        assert_eq!(fs::read_to_string(temp.path().join("worker.log")).unwrap(), "line 5!\n");
        let kept: Vec<String> = names(temp.path())
            .iter()
            .filter(|name| *name != "mine.txt")
            .map(|name| fs::read_to_string(temp.path().join("archive").join(name)).unwrap())
            .collect();
        assert_eq!(BTreeSet::from_iter(kept), BTreeSet::from(["line 3!\n".to_owned(), "line 4!\n".to_owned()]));
        assert!(temp.path().join("archive/mine.txt").exists());
    }

    #[test]
    fn old_files_vanish_after_their_days() {
        let temp = tempfile::tempdir().unwrap();
        let archive = temp.path().join("archive");
        fs::create_dir(&archive).unwrap();
        let today = local_time::now();
        for days in [0, 3, 4, 40] {
            let path = archive.join(format!("worker.log.{days}"));
            fs::write(&path, "x").unwrap();
            let time = SystemTime::now() - Duration::from_secs(days * 24 * 3600);
            File::open(&path).unwrap().set_modified(time).unwrap();
        }
        let mut file = Rolling::new(temp.path(), "blynk.log", 1, 0, 3);
        file.open(today);
        file.write(b"one\n", today);
        file.write(b"two\n", today);
        let kept = BTreeSet::from(["worker.log.0", "worker.log.3"].map(str::to_owned));
        assert!(names(temp.path()).is_superset(&kept) && names(temp.path()).len() == 3, "{:?}", names(temp.path()));
    }

    #[test]
    fn a_failing_file_is_tried_again_later() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("logs");
        fs::write(&folder, "").unwrap();
        let mut file = Rolling::new(&folder, "blynk.log", 0, 0, 0);
        file.open(at(3));
        fs::remove_file(&folder).unwrap();
        file.write(b"lost\n", at(3));
        assert!(!folder.exists());
        file.retry = None;
        file.write(b"kept\n", at(3));
        assert_eq!(fs::read_to_string(folder.join("blynk.log")).unwrap(), "kept\n");
    }
}
