//! The gzip CSV export of one pin: its name, its lines, and the text form of numbers.

use super::export_folder;
use super::files::HistoryFiles;
use super::graph::Source;
use super::names::{Owner, Pin};
use flate2::write::GzEncoder;
use flate2::Compression;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;

/// Size at which collected lines are handed to the compressor, bytes.
const CHUNK: usize = 16 << 10;

/// An export of one pin for one or several devices.
#[derive(Debug, Clone)]
pub struct CsvExport {
    /// Whose pin.
    pub owner: Owner,
    /// Project, pin and the id in the file's name: the device, or the widget of a selector or id of a tag.
    pub named: Pin,
    /// The devices' minute files, in the order of the lines.
    pub sources: Vec<Source>,
    /// Most records per device.
    pub count: usize,
}

impl CsvExport {
    /// Name of the export: `{email}_{dashId}_{id}_{t}{pin}_{number}.csv.gz`.
    pub fn file_name(&self, number: i64) -> String {
        let Pin { dash, device, .. } = self.named;
        format!("{}_{dash}_{device}_{}_{number}.csv.gz", self.owner.email, self.named.short_name())
    }

    /// Writes the export into the folder and returns its name, None without any data (then there is no file). `number`:
    /// makes the name one that nobody can guess.
    ///
    /// Errors: those of the file system, and `InvalidInput` for an e-mail address that cannot be part of a file name.
    pub fn run(&self, files: &HistoryFiles, folder: &Path, number: i64) -> io::Result<Option<String>> {
        let name = self.file_name(number);
        let has_data = export_folder::create(folder, &name, |file| {
            let mut gzip = GzEncoder::new(file, Compression::fast());
            let mut has_data = false;
            let mut lines = String::new();
            for source in &self.sources {
                for record in files.read(&source.file, self.count, 0, &source.unwritten)? {
                    has_data = true;
                    push_number(&mut lines, record.value);
                    let _ = writeln!(lines, ",{},{}", record.ms, source.file.pin.device);
                    if lines.len() >= CHUNK {
                        gzip.write_all(lines.as_bytes())?;
                        lines.clear();
                    }
                }
            }
            gzip.write_all(lines.as_bytes())?;
            gzip.finish()?;
            Ok(has_data)
        })?;
        Ok(has_data.then_some(name))
    }
}

/// Adds a number in Java's text form: always with a fraction, with an exponent from 10^7 on and below 0.001.
pub fn push_number(text: &mut String, value: f64) {
    if value.is_nan() {
        text.push_str("NaN");
    } else if value.is_infinite() {
        text.push_str(if value > 0.0 { "Infinity" } else { "-Infinity" });
    } else if value == 0.0 || (0.001..1e7).contains(&value.abs()) {
        let start = text.len();
        let _ = write!(text, "{value}");
        if !text.get(start..).is_some_and(|number| number.contains('.')) {
            text.push_str(".0");
        }
    } else {
        let start = text.len();
        let _ = write!(text, "{value:E}");
        let exponent = text.get(start..).and_then(|number| number.find('E'));
        if let Some(at) = exponent.filter(|at| !text.get(start..start + at).is_some_and(|digits| digits.contains('.')))
        {
            text.insert_str(start + at, ".0");
        }
    }
}

/// A number in Java's text form, see [`push_number`].
pub fn number_text(value: f64) -> String {
    let mut text = String::new();
    push_number(&mut text, value);
    text
}

#[cfg(test)]
mod tests {
    use super::super::averages::Append;
    use super::super::names::{FileId, Granularity, PinType, Record};
    use super::*;
    use proptest::prelude::*;
    use std::io::Read;

    #[test]
    fn numbers_look_like_java_doubles() {
        for (value, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (21.5, "21.5"),
            (0.001, "0.001"),
            (0.0001, "1.0E-4"),
            (0.00099, "9.9E-4"),
            (9_999_999.0, "9999999.0"),
            (1e7, "1.0E7"),
            (123_456_789.0, "1.23456789E8"),
            (-0.5, "-0.5"),
            (-1e300, "-1.0E300"),
            (1.0 / 3.0, "0.3333333333333333"),
            (5e-324, "5.0E-324"),
            (f64::MAX, "1.7976931348623157E308"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(number_text(value), text);
        }
    }

    #[test]
    fn a_file_per_pin_with_the_devices_lines() {
        let folder = tempfile::tempdir().unwrap();
        let files = HistoryFiles::new(folder.path().join("data"));
        let owner = Owner::new("a@b.cc", "MyApp");
        let named = Pin::new(1, 200_000, PinType::Virtual, 5);
        let source = |device| {
            let file = FileId { owner: owner.clone(), pin: Pin { device, ..named }, granularity: Granularity::Minute };
            Source { file, unwritten: vec![] }
        };
        let export =
            CsvExport { owner: owner.clone(), named, sources: vec![source(0), source(1), source(2)], count: 2 };
        let exports = folder.path().join("tmp");
        assert_eq!(export.run(&files, &exports, 7).unwrap(), None);
        assert_eq!(std::fs::read_dir(&exports).unwrap().count(), 0);
        let records = |values: &[f64]| values.iter().map(|&v| Record::new(v, v as i64 * 60_000)).collect();
        files.append(&Append { file: source(0).file, records: records(&[1.0, 2.5, 3.0]) }).unwrap();
        files.append(&Append { file: source(2).file, records: records(&[-1.0]) }).unwrap();
        let name = export.run(&files, &exports, 1_700_000_123_456).unwrap().unwrap();
        assert_eq!(name, "a@b.cc_1_200000_v5_1700000123456.csv.gz");
        let mut text = String::new();
        let file = std::fs::File::open(exports.join(name)).unwrap();
        flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
        assert_eq!(text, "2.5,120000,0\n3.0,180000,0\n-1.0,-60000,2\n");
    }

    proptest! {
        #[test]
        fn numbers_read_back(bits: u64) {
            let value = f64::from_bits(bits);
            let text = number_text(value);
            if value.is_finite() {
                prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), bits);
                prop_assert!(text.contains('.'));
            }
        }
    }
}
