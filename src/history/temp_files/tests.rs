//! Tests of the temp files, with one that a Java program wrote.

use super::super::averages::Append;
use super::super::names::Record;
use super::*;
use proptest::prelude::*;

/// Two sums of `a@b.cc`: v5 bucket 26000000 count 2 sum 4, v6 bucket 26000001 count 1 sum 7.
const FIXTURE: &[u8] = include_bytes!("fixture_minute_temp.bin");

fn sum(email: &str, device: i32, pin: i16, granularity: Granularity, bucket: i64) -> Unfinished {
    let pin = Pin::new(1, device, PinType::Virtual, pin);
    Unfinished { file: FileId { owner: Owner::new(email, "Blynk"), pin, granularity }, bucket, sum: 4.0, count: 2 }
}

fn place() -> (HistoryFiles, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (HistoryFiles::new(folder.path().join("data")), folder)
}

#[test]
fn the_reference_servers_form() {
    let mut sums = parse_java(FIXTURE, Granularity::Minute).unwrap();
    sums.sort_by_key(|sum| sum.bucket);
    let first = sum("a@b.cc", 0, 5, Granularity::Minute, 26_000_000);
    let second = Unfinished { sum: 7.0, count: 1, ..sum("a@b.cc", 0, 6, Granularity::Minute, 26_000_001) };
    assert_eq!(sums, [first, second]);
}

#[test]
fn files_of_a_real_server() {
    let shared = std::env::var("EYELET_SHARED").unwrap_or_else(|_| "../shared".into());
    let folder = Path::new(&shared).join("conformance/scenarios/data-reporting/data");
    let read = |granularity: Granularity| {
        let bytes = fs::read(folder.join(format!("{}_temp.bin", granularity.label()))).ok()?;
        let mut sums = parse_java(&bytes, granularity).unwrap();
        sums.sort_by_key(|sum| (sum.file.owner.clone(), sum.file.pin, sum.bucket));
        Some(sums)
    };
    let Some(minutes) = read(Granularity::Minute) else {
        eprintln!("skipped: no shared folder (EYELET_SHARED)");
        return;
    };
    let averages: Vec<_> = minutes
        .iter()
        .map(|sum| (sum.file.owner.app.to_string(), sum.file.pin.short_name(), sum.sum / sum.count as f64))
        .collect();
    let wanted = [("Blynk", "d13", 0.5), ("Blynk", "v5", 1.5), ("Blynk", "v5", 4.5), ("Blynk", "a7", -0.5)];
    let wanted = wanted.into_iter().chain([("MyApp", "v5", 1e6)]);
    assert_eq!(averages, wanted.map(|(app, pin, value)| (app.into(), pin.into(), value)).collect::<Vec<_>>());
    assert_eq!(read(Granularity::Hourly).unwrap().len(), 4);
    assert_eq!(read(Granularity::Daily).unwrap().len(), 4);
}

#[test]
fn our_own_form() {
    let sums = [
        sum("a@b.cc", 0, 5, Granularity::Minute, 26_000_000),
        sum("b@b.cc", 7, 255, Granularity::Hourly, -1),
        sum("a@b.cc", 1, -1, Granularity::Daily, i64::MAX),
    ];
    assert_eq!(parse(&encode(&sums).unwrap()), Some(sums.to_vec()));
    assert_eq!(parse(&encode(&[]).unwrap()), Some(vec![]));
    let bytes = encode(&sums).unwrap();
    assert_eq!(bytes[..9], *b"EYELETUA\x02");
    for cut in 0..bytes.len() {
        assert_eq!(parse(&bytes[..cut]), None);
    }
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        // A bit may be one of the few that mean nothing.
        assert!(parse(&damaged).is_none_or(|read| read == sums), "byte {at}");
    }
}

#[test]
fn equal_pins_take_little_room() {
    let sums: Vec<_> = (0..200)
        .map(|i| {
            let granularity = if i % 2 == 0 { Granularity::Hourly } else { Granularity::Daily };
            let sum = sum("a@b.cc", 0, i / 2, granularity, 472_222);
            Unfinished { sum: f64::from(i) * 20.117, count: 600, ..sum }
        })
        .collect();
    let bytes = encode(&sums).unwrap();
    assert!(bytes.len() < 200 * 20, "{}", bytes.len());
    assert_eq!(parse(&bytes), Some(sums));
}

#[test]
fn the_reference_servers_files_are_read_once() {
    let (files, _folder) = place();
    assert!(load(&files).is_empty());
    let kept = [sum("a@b.cc", 0, 5, Granularity::Hourly, 1)];
    assert!(save(&files, &kept).unwrap() > 0);
    fs::write(files.root().join("minute_temp.bin"), FIXTURE).unwrap();
    fs::write(files.root().join("hourly_temp.bin"), b"").unwrap();
    fs::write(files.root().join("daily_temp.bin"), b"garbage").unwrap();
    let loaded = load(&files);
    assert_eq!((loaded.len(), loaded.last()), (3, kept.last()));
    assert_eq!(load(&files), kept);
    save(&files, &[]).unwrap();
    assert_eq!(fs::read_dir(files.root()).unwrap().count(), 0);
    fs::write(files.root().join(NAME), b"garbage").unwrap();
    assert!(load(&files).is_empty());
    assert_eq!(fs::read_dir(files.root()).unwrap().count(), 0);
}

#[test]
fn what_was_written_since_is_not_written_twice() {
    let (files, _folder) = place();
    let sums = [sum("a@b.cc", 0, 5, Granularity::Minute, 10), sum("a@b.cc", 0, 5, Granularity::Hourly, 10)];
    save(&files, &sums).unwrap();
    assert_eq!(load(&files), sums);
    files.append(&Append { file: sums[0].file.clone(), records: vec![Record::new(1.0, 600_000)] }).unwrap();
    assert_eq!(load(&files), sums[1..]);
}

proptest! {
    #[test]
    fn damaged_files_never_panic(at in 0usize..1648, byte: u8, cut in 0usize..1648) {
        prop_assert!(parse_java(&FIXTURE[..cut], Granularity::Minute).is_err());
        let mut bytes = FIXTURE.to_vec();
        bytes[at] = byte;
        let _ = parse_java(&bytes, Granularity::Minute);
        bytes.truncate(cut);
        let _ = parse_java(&bytes, Granularity::Minute); // a changed class description can make a shorter stream whole
    }

    #[test]
    fn garbage_never_panics(mut garbage in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&garbage);
        garbage.splice(0..0, [0xAC, 0xED, 0, 5, 0x73, 0x72]);
        let _ = parse_java(&garbage, Granularity::Minute);
        // the same after a valid magic and well packed
        let mut zlib = ZlibEncoder::new([MAGIC.as_slice(), &[VERSION]].concat(), Compression::fast());
        zlib.write_all(&garbage).unwrap();
        let _ = parse(&zlib.finish().unwrap());
    }
}
