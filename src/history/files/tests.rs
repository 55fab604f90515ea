//! Tests of history files on a real folder.

use super::super::names::PinType;
use super::*;

const V5: Pin = Pin::new(1, 0, PinType::Virtual, 5);

struct Place {
    files: HistoryFiles,
    _folder: tempfile::TempDir,
}

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    Place { files: HistoryFiles::new(folder.path().join("data")), _folder: folder }
}

fn owner() -> Owner {
    Owner::new("a@b.cc", "Blynk")
}

fn minute(pin: Pin) -> FileId {
    FileId { owner: owner(), pin, granularity: Granularity::Minute }
}

fn rows(range: std::ops::Range<i64>) -> Vec<Record> {
    range.map(|i| Record::new(i as f64, i * 60_000)).collect()
}

impl Place {
    fn append(&self, file: FileId, records: Vec<Record>) {
        self.files.append(&Append { file, records }).unwrap();
    }

    fn names(&self) -> Vec<String> {
        let folder = self.files.folder(&owner()).unwrap();
        let mut names: Vec<String> = file_names(&folder).unwrap().into_iter().map(|(name, _)| name).collect();
        names.sort();
        names
    }

    fn everything(&self, pin: Pin) {
        for granularity in Granularity::ALL {
            self.append(FileId { granularity, ..minute(pin) }, rows(0..1));
        }
    }
}

#[test]
fn files_hold_bare_records() {
    let place = place();
    place.append(minute(V5), vec![Record::new(21.5, 1_700_000_040_000)]);
    let bytes = fs::read(place.files.root().join("a@b.cc/history_1-0_v5_minute.bin")).unwrap();
    assert_eq!(bytes, [0x40, 0x35, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 0x8b, 0xcf, 0xe6, 4, 0x40]);
}

#[test]
fn pages_count_back_from_the_newest_record() {
    let place = place();
    place.append(minute(V5), rows(0..61));
    let read = |count, skip| place.files.read(&minute(V5), count, skip, &[]).unwrap();
    assert_eq!(read(60, 0), rows(1..61));
    assert_eq!(read(60, 60), rows(0..1));
    assert_eq!(read(60, 120), []);
    assert_eq!(read(usize::MAX, 0), rows(0..61));
    assert_eq!(read(1, usize::MAX), []);
    assert_eq!(read(0, 0), []);
    assert_eq!(place.files.last_ms(&minute(V5)), Some(60 * 60_000));
    assert_eq!(place.files.last_ms(&minute(Pin { pin: 6, ..V5 })), None);
}

#[test]
fn records_on_their_way_count_as_the_end() {
    let place = place();
    let (stored, waiting) = (rows(0..5), rows(5..8));
    place.append(minute(V5), stored);
    let read = |count, skip| place.files.read(&minute(V5), count, skip, &waiting).unwrap();
    assert_eq!(read(5, 0), rows(3..8));
    assert_eq!(read(2, 0), rows(6..8));
    assert_eq!(read(2, 2), rows(4..6));
    assert_eq!(read(5, 4), rows(0..4));
    assert_eq!(place.files.read(&minute(Pin { pin: 6, ..V5 }), 2, 0, &waiting).unwrap(), rows(6..8));
    place.append(minute(V5), waiting.clone());
    assert_eq!(place.files.read(&minute(V5), 100, 0, &waiting).unwrap(), rows(0..8));
}

#[test]
fn a_torn_record_is_ignored_and_cut_off() {
    let place = place();
    place.append(minute(V5), rows(0..2));
    let path = place.files.path(&minute(V5)).unwrap();
    OpenOptions::new().append(true).open(&path).unwrap().write_all(&[1; 7]).unwrap();
    assert_eq!(place.files.read(&minute(V5), 9, 0, &[]).unwrap(), rows(0..2));
    place.append(minute(V5), rows(2..4));
    assert_eq!(place.files.read(&minute(V5), 9, 0, &[]).unwrap(), rows(0..4));
    assert_eq!(fs::metadata(path).unwrap().len(), 64);
}

#[test]
fn only_minute_files_are_cut() {
    let place = place();
    let hourly = FileId { granularity: Granularity::Hourly, ..minute(V5) };
    let small = minute(Pin { pin: 6, ..V5 });
    place.append(minute(V5), rows(0..1441));
    place.append(hourly.clone(), rows(0..1441));
    place.append(small.clone(), rows(0..3));
    fs::create_dir_all(place.files.root().join("empty")).unwrap();
    fs::write(place.files.root().join("minute_temp.bin"), b"x").unwrap();
    assert_eq!(place.files.truncate_minutes(1).unwrap(), Truncated { files: 1, folders: 1 });
    assert_eq!(place.files.read(&minute(V5), 9999, 0, &[]).unwrap(), rows(1..1441));
    assert_eq!(place.files.read(&hourly, 9999, 0, &[]).unwrap().len(), 1441);
    assert_eq!(place.files.read(&small, 9999, 0, &[]).unwrap().len(), 3);
    assert!(!place.files.root().join("empty").exists());
    assert_eq!(place.names().len(), 3);
}

#[test]
fn deletion_hits_the_named_pins_only() {
    let place = place();
    for pin in [V5, Pin { pin: 50, ..V5 }, Pin { device: 1, ..V5 }, Pin { device: 10, ..V5 }] {
        place.everything(pin);
    }
    assert_eq!(place.files.delete_device(&owner(), 1, 0, &[V5]).unwrap(), 3);
    assert_eq!(place.names().len(), 9);
    assert_eq!(place.files.delete_device(&owner(), 1, 1, &[]).unwrap(), 3);
    place.files.delete_pin(&owner(), &Pin { pin: 50, ..V5 }).unwrap();
    place.files.delete_pin(&owner(), &Pin { pin: 50, ..V5 }).unwrap();
    assert!(place.names().iter().all(|name| name.starts_with("history_1-10_v5_")));
    assert_eq!(place.files.delete_owner(&owner()).unwrap(), 3);
    assert_eq!(place.files.delete_owner(&Owner::new("x@b.cc", "Blynk")).unwrap(), 0);
}

#[test]
fn the_cleaner_keeps_what_is_in_use() {
    let place = place();
    place.everything(V5);
    place.everything(Pin { pin: 6, ..V5 });
    let used = Granularity::ALL.map(|granularity| V5.file_name(granularity)).into();
    assert_eq!(place.files.clean(&owner(), &used).unwrap(), 3);
    assert_eq!(place.names().len(), 3);
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    let place = place();
    let bad = Owner::new("..", "Blynk");
    let file = FileId { owner: bad.clone(), ..minute(V5) };
    assert!(place.files.append(&Append { file: file.clone(), records: rows(0..1) }).is_err());
    assert_eq!(place.files.read(&file, 1, 0, &[]).unwrap(), []);
    assert!(place.files.delete_owner(&bad).is_err());
}
