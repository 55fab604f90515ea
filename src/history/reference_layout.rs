//! History folders as the reference writes them: names and bytes, read to the last bit and written the same.

use super::averages::Append;
use super::files::HistoryFiles;
use super::names::{FileId, Granularity, Owner, Pin, PinType, Record};
use std::fs;

/// A file of the reference: whose it is, which pin's, its name below the root, its records (bits of the value, ms), its bytes.
struct Row {
    account: (&'static str, &'static str),
    pin: Pin,
    granularity: Granularity,
    path: &'static str,
    records: &'static [(u64, i64)],
    bytes: &'static str,
}

const ROWS: &[Row] = &[
    // The examples of the file format's description: 21.5, and the two sums of the temp file.
    Row {
        account: ("a@b.cc", "Blynk"),
        pin: Pin::new(1, 0, PinType::Virtual, 5),
        granularity: Granularity::Minute,
        path: "a@b.cc/history_1-0_v5_minute.bin",
        records: &[(0x4035_8000_0000_0000, 1_700_000_040_000), (0x4000_0000_0000_0000, 1_560_000_000_000)],
        bytes: "4035800000000000 0000018bcfe60440 4000000000000000 0000016b373ef000",
    },
    // Late values: not sorted, and the same time twice.
    Row {
        account: ("a@b.cc", "MyApp"),
        pin: Pin::new(125_564_119, 3, PinType::Digital, 13),
        granularity: Granularity::Hourly,
        path: "a@b.cc_MyApp/history_125564119-3_d13_hourly.bin",
        records: &[
            (0x3fd3_3333_3333_3334, 1_699_999_200_000),
            (0xbff0_0000_0000_0000, 0),
            (0x3fd3_3333_3333_3333, 1_699_999_200_000),
        ],
        bytes: "3fd3333333333334 0000018bcfd93300 bff0000000000000 0000000000000000 3fd3333333333333 0000018bcfd93300",
    },
    // Numbers at the ends of their range, and those that the reference recorded too: infinite, none at all.
    Row {
        account: ("żółw@example.com", "blynkabcdefgh"),
        pin: Pin::new(2_147_483_647, 200_000, PinType::Analog, 127),
        granularity: Granularity::Daily,
        path: "żółw@example.com_blynkabcdefgh/history_2147483647-200000_a127_daily.bin",
        records: &[
            (0x0000_0000_0000_0001, 1_699_920_000_000),
            (0x8000_0000_0000_0000, -86_400_000),
            (0x7fef_ffff_ffff_ffff, i64::MAX),
            (0x7ff0_0000_0000_0000, i64::MIN),
            (0x7ff8_0000_0000_0000, 1),
        ],
        bytes: "0000000000000001 0000018bcb20b400 8000000000000000 fffffffffad9a400 7fefffffffffffff 7fffffffffffffff \
                7ff0000000000000 8000000000000000 7ff8000000000000 0000000000000001",
    },
];

impl Row {
    fn file(&self) -> FileId {
        let owner = Owner::new(self.account.0, self.account.1);
        FileId { owner, pin: self.pin, granularity: self.granularity }
    }

    fn bytes(&self) -> Vec<u8> {
        let words = self.bytes.split_whitespace().map(|word| u64::from_str_radix(word, 16).unwrap());
        words.flat_map(u64::to_be_bytes).collect()
    }

    fn records(&self) -> Vec<Record> {
        self.records.iter().map(|(bits, ms)| Record { value: f64::from_bits(*bits), ms: *ms }).collect()
    }
}

/// What tells records apart to the last bit, also where a number does not equal itself.
fn bits(records: &[Record]) -> Vec<(u64, i64)> {
    records.iter().map(|record| (record.value.to_bits(), record.ms)).collect()
}

#[test]
fn files_of_the_reference_are_read_to_the_last_bit() {
    for row in ROWS {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join(row.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, row.bytes()).unwrap();
        let files = HistoryFiles::new(root.path());
        assert_eq!(bits(&files.read(&row.file(), 100, 0, &[]).unwrap()), row.records, "{}", row.path);
        assert_eq!(fs::read(&path).unwrap(), row.bytes(), "reading changes nothing");
        let newest = files.read(&row.file(), 1, 0, &[]).unwrap();
        assert_eq!(bits(&newest), row.records[row.records.len() - 1..], "{}", row.path);
    }
}

#[test]
fn files_are_written_as_the_reference_writes_them() {
    for row in ROWS {
        let root = tempfile::tempdir().unwrap();
        let files = HistoryFiles::new(root.path());
        // The first as the file's beginning, the rest at its end, as flushes come.
        let records = row.records();
        for part in [&records[..1], &records[1..]] {
            files.append(&Append { file: row.file(), records: part.to_vec() }).unwrap();
        }
        assert_eq!(fs::read(root.path().join(row.path)).unwrap(), row.bytes(), "{}", row.path);
    }
}
