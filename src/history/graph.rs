//! Answers to charts: how many records of which file a period means, several devices merged into one line, and the reply's bytes.

use super::files::HistoryFiles;
use super::names::{FileId, Granularity, Record};
pub use crate::model::enums::{GraphFunction, Period};
use flate2::write::ZlibEncoder;
use flate2::Compression;
use std::io::{self, Write};

/// Answers larger than this (bytes before compression) are compressed in the quickest way.
const QUICK_FROM: usize = 256 << 10;

/// How many points a period shows, and of which file; no file for the live ring.
pub const fn points(period: Period) -> (usize, Option<Granularity>) {
    use Granularity::{Daily, Hourly, Minute};
    match period {
        Period::Live => (super::live::LIVE_POINTS, None),
        Period::FifteenMinutes => (15, Some(Minute)),
        Period::ThirtyMinutes => (30, Some(Minute)),
        Period::OneHour => (60, Some(Minute)),
        Period::ThreeHours => (180, Some(Minute)),
        Period::SixHours => (360, Some(Minute)),
        Period::TwelveHours => (720, Some(Minute)),
        Period::Day => (1440, Some(Minute)),
        Period::ThreeDays => (72, Some(Hourly)),
        Period::Week => (168, Some(Hourly)),
        Period::TwoWeeks => (336, Some(Hourly)),
        Period::Month => (720, Some(Hourly)),
        Period::ThreeMonths => (2160, Some(Hourly)),
        Period::All => (8640, Some(Hourly)),
        Period::NDay => (24, Some(Hourly)),
        Period::TwoDays => (48, Some(Hourly)),
        Period::NThreeDays => (72, Some(Hourly)),
        Period::NWeek => (7, Some(Daily)),
        Period::NTwoWeeks => (14, Some(Daily)),
        Period::NMonth => (30, Some(Daily)),
        Period::NThreeMonths => (90, Some(Daily)),
        Period::SixMonths => (180, Some(Daily)),
        Period::OneYear => (360, Some(Daily)),
    }
}

/// A file to read, and the finished records that are still on their way to it.
#[derive(Debug, Clone)]
pub struct Source {
    /// The file.
    pub file: FileId,
    /// See [`HistoryFiles::read`].
    pub unwritten: Vec<Record>,
}

/// One line of a chart.
#[derive(Debug, Clone)]
pub enum Line {
    /// Points that are known already: live ones, or none.
    Points(Vec<Record>),
    /// The records of one device.
    Device(Source),
    /// The records of a tag's devices, merged by a function.
    Tag(Vec<Source>, Option<GraphFunction>),
}

/// What a worker needs to answer a chart.
#[derive(Debug, Clone)]
pub struct GraphQuery {
    /// Project id, which the reply repeats.
    pub dash: i32,
    /// The chart's lines in their order.
    pub lines: Vec<Line>,
    /// Records per device.
    pub count: usize,
    /// Records to leave out at the end: count times page.
    pub skip: usize,
}

impl GraphQuery {
    /// Reads what is asked for and returns the reply's body; None when all lines are empty.
    ///
    /// Errors: those of the file system.
    pub fn answer(self, files: &HistoryFiles) -> io::Result<Option<Vec<u8>>> {
        let read = |source: &Source| files.read(&source.file, self.count, self.skip, &source.unwritten);
        let lines: io::Result<Vec<Vec<Record>>> = self
            .lines
            .into_iter()
            .map(|line| match line {
                Line::Points(points) => Ok(points),
                Line::Device(source) => read(&source),
                Line::Tag(sources, function) => {
                    Ok(merge(sources.iter().map(read).collect::<io::Result<_>>()?, function))
                }
            })
            .collect();
        Ok(encode(self.dash, &lines?))
    }
}

/// Merges the records of several devices into one per timestamp, in ascending order; the average where no function is given.
pub fn merge(devices: Vec<Vec<Record>>, function: Option<GraphFunction>) -> Vec<Record> {
    let mut records = devices.concat();
    records.sort_by_key(|record| record.ms);
    let same_time = records.chunk_by_mut(|a, b| a.ms == b.ms);
    same_time
        .filter_map(|group| Some(Record::new(apply(function.unwrap_or_default(), group), group.first()?.ms)))
        .collect()
}

/// The function over the values of records; the order of the records may change.
fn apply(function: GraphFunction, records: &mut [Record]) -> f64 {
    let count = records.len();
    let values = records.iter().map(|record| record.value);
    match function {
        GraphFunction::Min => values.fold(f64::INFINITY, f64::min),
        GraphFunction::Max => values.fold(f64::NEG_INFINITY, f64::max),
        GraphFunction::Sum => values.sum(),
        GraphFunction::Avg => values.sum::<f64>() / count as f64,
        GraphFunction::Med => {
            records.sort_unstable_by(|a, b| a.value.total_cmp(&b.value));
            let value = |at: usize| records.get(at).map_or(f64::NAN, |record| record.value);
            if count % 2 == 1 {
                value(count / 2)
            } else {
                (value(count / 2 - 1) + value(count / 2)) / 2.0
            }
        }
    }
}

/// The reply's body: a zlib stream of the project id and, per line, the number of points and the points. None when all lines
/// are empty.
pub fn encode(dash: i32, lines: &[Vec<Record>]) -> Option<Vec<u8>> {
    let points: usize = lines.iter().map(Vec::len).sum();
    if points == 0 {
        return None;
    }
    let mut raw = Vec::with_capacity(4 + lines.len() * 4 + points * Record::SIZE);
    raw.extend(dash.to_be_bytes());
    for line in lines {
        raw.extend((line.len() as u32).to_be_bytes());
        raw.extend(line.iter().flat_map(|record| record.to_bytes()));
    }
    let level = if raw.len() < QUICK_FROM { Compression::new(4) } else { Compression::fast() };
    let mut zlib = ZlibEncoder::new(Vec::with_capacity(raw.len() / 2), level);
    zlib.write_all(&raw).and_then(|()| zlib.finish()).ok()
}

#[cfg(test)]
mod tests {
    use super::super::averages::Append;
    use super::super::names::{Owner, Pin, PinType};
    use super::*;
    use std::io::Read;

    fn rows(points: &[(f64, i64)]) -> Vec<Record> {
        points.iter().map(|&(value, ms)| Record::new(value, ms)).collect()
    }

    fn inflate(body: &[u8]) -> Vec<u8> {
        let mut raw = Vec::new();
        flate2::read::ZlibDecoder::new(body).read_to_end(&mut raw).unwrap();
        raw
    }

    #[test]
    fn the_reply_holds_project_counts_and_points() {
        let lines = [rows(&[(21.5, 1_700_000_040_000), (22.25, 1_700_000_100_000)]), vec![]];
        let body = encode(1, &lines).unwrap();
        assert_eq!(body[..2], [0x78, 0x9c]);
        let hex: String = inflate(&body).iter().map(|byte| format!("{byte:02x}")).collect();
        let wanted = "00000001 00000002 4035800000000000 0000018bcfe60440 4036400000000000 0000018bcfe6eea0 00000000";
        assert_eq!(hex, wanted.replace(' ', ""));
        assert_eq!(encode(1, &[vec![], vec![]]), None);
        assert_eq!(encode(1, &[]), None);
    }

    #[test]
    fn functions_over_devices() {
        let values = |list: &[f64]| list.iter().map(|&value| rows(&[(value, 7)])).collect::<Vec<_>>();
        for (list, min, max, avg, sum, med) in [
            (&[3.0, 1.0, 2.0][..], 1.0, 3.0, 2.0, 6.0, 2.0),
            (&[4.0, 1.0, 2.0, 3.0], 1.0, 4.0, 2.5, 10.0, 2.5),
            (&[-4.0, -2.0], -4.0, -2.0, -3.0, -6.0, -3.0),
            (&[5.0], 5.0, 5.0, 5.0, 5.0, 5.0),
        ] {
            use GraphFunction::{Avg, Max, Med, Min, Sum};
            for (function, wanted) in [(Min, min), (Max, max), (Avg, avg), (Sum, sum), (Med, med)] {
                assert_eq!(merge(values(list), Some(function)), rows(&[(wanted, 7)]), "{function:?} {list:?}");
            }
            assert_eq!(merge(values(list), None), rows(&[(avg, 7)]));
        }
    }

    #[test]
    fn different_times_are_merged_in_order() {
        let merged =
            merge(vec![rows(&[(1.0, 30), (2.0, 10)]), rows(&[(4.0, 20), (6.0, 30)])], Some(GraphFunction::Sum));
        assert_eq!(merged, rows(&[(2.0, 10), (4.0, 20), (7.0, 30)]));
        assert_eq!(merge(vec![], None), []);
    }

    #[test]
    fn lines_are_read_from_their_files() {
        let folder = tempfile::tempdir().unwrap();
        let files = HistoryFiles::new(folder.path());
        let source = |device| {
            let pin = Pin::new(1, device, PinType::Virtual, 5);
            let file = FileId { owner: Owner::new("a@b.cc", "Blynk"), pin, granularity: Granularity::Minute };
            Source { file, unwritten: vec![] }
        };
        for device in 0..2 {
            let records = (0..61).map(|i: i32| Record::new(f64::from(i + device), i64::from(i))).collect();
            files.append(&Append { file: source(device).file, records }).unwrap();
        }
        let query = |page: usize| GraphQuery {
            dash: 9,
            lines: vec![
                Line::Device(source(0)),
                Line::Tag(vec![source(0), source(1)], Some(GraphFunction::Max)),
                Line::Points(vec![]),
                Line::Device(source(7)),
            ],
            count: 60,
            skip: page * 60,
        };
        let raw = inflate(&query(0).answer(&files).unwrap().unwrap());
        assert_eq!(raw.len(), 4 + 4 * 4 + 2 * 60 * 16);
        let raw = inflate(&query(1).answer(&files).unwrap().unwrap());
        let second = encode(9, &[rows(&[(0.0, 0)]), rows(&[(1.0, 0)]), vec![], vec![]]).unwrap();
        assert_eq!(raw, inflate(&second));
        assert_eq!(query(2).answer(&files).unwrap(), None);
    }
}
