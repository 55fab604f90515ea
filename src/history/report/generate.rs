//! Fills a report's zip with CSV entries: UTF-16 big endian, a byte order mark in each that is not empty, no header line.

use super::super::csv::push_number;
use super::text::{device_field, device_file_part, file_part, pin_field, pin_file_part, pin_name, push_time};
use super::zip::ZipWriter;
use super::{JobDevice, JobPin, ReportJob};
use crate::history::names::{FileId, PinType, Record};
use crate::model::enums::ReportOutput;
use std::collections::HashSet;
use std::io::{self, Write};

/// Size at which collected text is handed on, bytes.
const CHUNK: usize = 16 << 10;
const BYTE_ORDER_MARK: [u8; 2] = [0xFE, 0xFF];

/// Writes the whole archive; whether there was at least one line. `read` gets a file and how many of its last records are wanted.
///
/// Errors: those of `read` and of the writer.
pub fn generate<W: Write>(
    job: &ReportJob,
    now_ms: i64,
    read: &mut dyn FnMut(&FileId, usize) -> io::Result<Vec<Record>>,
    out: W,
) -> io::Result<bool> {
    let zip = ZipWriter::new(out, job.zone.local(now_ms));
    let mut report = Generator {
        job,
        start_ms: job.start_ms(now_ms),
        read,
        zip,
        text: Vec::new(),
        is_started: false,
        has_data: false,
    };
    match job.output {
        ReportOutput::CsvPerDevicePerPin | ReportOutput::ExcelTabPerDevice => report.per_pin()?,
        ReportOutput::CsvPerDevice => report.per_device()?,
        ReportOutput::MergedCsv => report.merged()?,
    }
    report.flush()?;
    let has_data = report.has_data;
    report.zip.finish()?;
    Ok(has_data)
}

struct Generator<'a, W: Write> {
    job: &'a ReportJob,
    start_ms: i64,
    read: &'a mut dyn FnMut(&FileId, usize) -> io::Result<Vec<Record>>,
    zip: ZipWriter<W>,
    /// Encoded lines that are not yet handed on.
    text: Vec<u8>,
    /// Whether the current entry has its byte order mark.
    is_started: bool,
    has_data: bool,
}

impl<'a, W: Write> Generator<'a, W> {
    /// One entry per device and pin, only with data. A pin that several sources name is written once for each label.
    fn per_pin(&mut self) -> io::Result<()> {
        let mut pins_done: HashSet<(i32, PinType, i16, String)> = HashSet::new();
        let mut names = HashSet::new();
        for source in &self.job.sources {
            for device in &source.devices {
                for pin in &source.pins {
                    let part = pin_file_part(pin);
                    if !pins_done.insert((device.id, pin.pin_type, pin.pin, part.clone())) {
                        continue;
                    }
                    let records = self.points(device, pin)?;
                    if !records.is_empty() {
                        let base = format!("{}_{}_{}", device_file_part(device), device.id, part);
                        self.entry(&unique(&mut names, base, pin))?;
                        self.lines(&records, "")?;
                    }
                }
            }
        }
        Ok(())
    }

    /// One entry per device, also without data; a device that several sources name has one entry with all its pins.
    fn per_device(&mut self) -> io::Result<()> {
        let mut devices: Vec<(&JobDevice, Vec<&JobPin>)> = Vec::new();
        for source in self.job.sources.iter().filter(|source| !source.pins.is_empty()) {
            for device in &source.devices {
                let known = devices.iter_mut().find(|(known, _)| known.id == device.id);
                let pins = match known {
                    Some((_, pins)) => pins,
                    None => {
                        devices.push((device, Vec::new()));
                        let Some((_, pins)) = devices.last_mut() else { continue };
                        pins
                    }
                };
                for pin in &source.pins {
                    if !pins.iter().any(|known| (known.pin_type, known.pin) == (pin.pin_type, pin.pin)) {
                        pins.push(pin);
                    }
                }
            }
        }
        for (device, pins) in devices {
            self.entry(&format!("{}_{}.csv", device_file_part(device), device.id))?;
            for pin in pins {
                let records = self.points(device, pin)?;
                self.lines(&records, &format!("{},", pin_field(pin)))?;
            }
        }
        Ok(())
    }

    /// One entry with everything.
    fn merged(&mut self) -> io::Result<()> {
        let name = match file_part(&self.job.name) {
            name if name.is_empty() => "Report".into(),
            name => name,
        };
        self.entry(&format!("{name}.csv"))?;
        for source in &self.job.sources {
            for device in &source.devices {
                for pin in &source.pins {
                    let records = self.points(device, pin)?;
                    self.lines(&records, &format!("{},{},", pin_field(pin), device_field(device)))?;
                }
            }
        }
        Ok(())
    }

    /// The records of a pin that lie in the report's range.
    fn points(&mut self, device: &JobDevice, pin: &JobPin) -> io::Result<Vec<Record>> {
        let mut records = (self.read)(&self.job.file(device, pin), self.job.count())?;
        records.retain(|record| record.ms >= self.start_ms);
        Ok(records)
    }

    fn entry(&mut self, name: &str) -> io::Result<()> {
        self.flush()?;
        self.is_started = false;
        self.zip.start(name)
    }

    /// Adds lines `{time},{middle}{value}`.
    fn lines(&mut self, records: &[Record], middle: &str) -> io::Result<()> {
        let mut line = String::new();
        for record in records {
            if !self.is_started {
                self.text.extend(BYTE_ORDER_MARK);
                (self.is_started, self.has_data) = (true, true);
            }
            line.clear();
            push_time(&mut line, record.ms, self.job.format, &self.job.zone);
            line.push(',');
            line.push_str(middle);
            push_number(&mut line, record.value);
            line.push('\n');
            self.text.extend(line.encode_utf16().flat_map(u16::to_be_bytes));
            if self.text.len() >= CHUNK {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.text.is_empty() {
            self.zip.write(&self.text)?;
            self.text.clear();
        }
        Ok(())
    }
}

/// A name that no entry has yet: with the pin, then with a number, where the labels alone are the same.
fn unique(taken: &mut HashSet<String>, base: String, pin: &JobPin) -> String {
    let others = std::iter::once(format!("{base}.csv"))
        .chain(std::iter::once(format!("{base}_{}.csv", pin_name(pin))))
        .chain((2..).map(|number| format!("{base}_{number}.csv")));
    let name = others.into_iter().find(|name| !taken.contains(name)).unwrap_or_default();
    taken.insert(name.clone());
    name
}
