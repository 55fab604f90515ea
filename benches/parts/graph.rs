//! A month of minutes of one pin, from the file to the answer's bytes.

use crate::clock;
use eyelet::history::averages::Append;
use eyelet::history::files::HistoryFiles;
use eyelet::history::graph::{encode, GraphQuery, Line, Source};
use eyelet::history::names::{FileId, Granularity, Owner, Pin, PinType, Record};

/// Minutes of 30 days.
const MINUTES: usize = 43_200;

pub fn run() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let files = HistoryFiles::new(folder.path());
    let pin = Pin::new(1, 0, PinType::Virtual, 5);
    let file = FileId { owner: Owner::new("a@b.cc", "Blynk"), pin, granularity: Granularity::Minute };
    let records: Vec<Record> = (0..MINUTES as i64)
        .map(|n| Record::new(21.5 + (n as f64 / 180.0).sin() + (n % 7) as f64 / 10.0, 1_700_000_040_000 + n * 60_000))
        .collect();
    files.append(&Append { file: file.clone(), records }).expect("a file");
    let read = || files.read(&file, MINUTES, 0, &[]).expect("records");
    clock::row("read", clock::best(50, read));
    let lines = [read()];
    clock::row("compressed", clock::best(20, || encode(1, &lines)));
    let query = || GraphQuery {
        dash: 1,
        lines: vec![Line::Device(Source { file: file.clone(), unwritten: Vec::new() })],
        count: MINUTES,
        skip: 0,
    };
    let answer = || query().answer(&files).expect("an answer").map_or(0, |body| body.len());
    clock::row("the whole answer", clock::best(20, answer));
    println!("    {} bytes of {}", answer(), MINUTES * Record::SIZE);
}
