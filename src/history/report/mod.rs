//! The Reports widget's work: when a report runs next, its zip of CSV files, its mail.
//!
//! [`ReportJob`] is a report with the names of its devices, taken from the model on the hub's thread; a worker runs it.

pub mod generate;
pub mod mail;
pub mod schedule;
pub mod text;
pub mod zip;

use super::export_folder;
use super::names::{FileId, Granularity, Owner, PinType, Record};
use crate::model::enums::{ReportFormat, ReportOutput};
use crate::model::pin::NO_PIN;
use crate::model::widget::{Report, ReportSource, ReportType};
use crate::tz::Rules;
use std::io;
use std::path::Path;

const DAY_MS: i64 = 86_400_000;

/// A report as a worker needs it.
#[derive(Debug, Clone)]
pub struct ReportJob {
    /// Whose report.
    pub owner: Owner,
    /// Project id.
    pub dash: i32,
    /// Report id.
    pub id: i32,
    /// Another project of the account has a report with this id: then the name of the zip tells them apart.
    pub is_id_shared: bool,
    /// Its name; `Report` when it has none.
    pub name: String,
    /// Kind and schedule; None is treated like a one-time report without days.
    pub report_type: Option<ReportType>,
    /// Which files are read.
    pub granularity: Granularity,
    /// How the zip is divided.
    pub output: ReportOutput,
    /// Form of the times.
    pub format: ReportFormat,
    /// Zone of the times, of the file's date and of the mail.
    pub zone: Rules,
    /// Devices and their pins, in order.
    pub sources: Vec<JobSource>,
}

/// Devices of which the same pins are reported.
#[derive(Debug, Clone)]
pub struct JobSource {
    /// The devices.
    pub devices: Vec<JobDevice>,
    /// The pins; all valid and selected.
    pub pins: Vec<JobPin>,
}

/// A device and its name.
#[derive(Debug, Clone)]
pub struct JobDevice {
    /// Device id.
    pub id: i32,
    /// Name; None for a device that does not exist or has none.
    pub name: Option<String>,
}

/// A pin and its label.
#[derive(Debug, Clone)]
pub struct JobPin {
    /// Kind of the pin.
    pub pin_type: PinType,
    /// Number of the pin.
    pub pin: i16,
    /// Label; may be empty.
    pub label: String,
}

/// How [`ReportJob::run`] ended without failing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The zip has this name in the export folder; mail it.
    File(String),
    /// There was nothing to report, and there is no file.
    NoData,
}

impl ReportJob {
    /// Takes a report from the model; `device_name` tells the name of a device of the project.
    pub fn new(owner: Owner, dash: i32, report: &Report, device_name: impl Fn(i32) -> Option<String>) -> ReportJob {
        let device = |&id: &i32| JobDevice { id, name: device_name(id).filter(|name| !name.is_empty()) };
        let source = |source: &ReportSource| JobSource {
            devices: source.device_ids.iter().map(device).collect(),
            pins: source
                .streams
                .iter()
                .filter(|stream| stream.is_selected && stream.pin != NO_PIN)
                .filter_map(|stream| {
                    Some(JobPin { pin_type: stream.pin_type?, pin: stream.pin, label: stream.label.clone() })
                })
                .collect(),
        };
        ReportJob {
            owner,
            dash,
            id: report.id,
            is_id_shared: false,
            name: if report.name.is_empty() { "Report".into() } else { report.name.clone() },
            report_type: report.report_type.clone(),
            granularity: report.granularity,
            output: report.output,
            format: report.format.unwrap_or(ReportFormat::Ts),
            zone: Rules::of(report.tz_name.id()),
            sources: report.sources.iter().map(source).collect(),
        }
    }

    /// How many days back the report reaches.
    pub fn days(&self) -> i64 {
        match self.report_type {
            Some(ReportType::OneTime { range_millis }) => range_millis / DAY_MS,
            Some(ReportType::Daily(_)) => 1,
            Some(ReportType::Weekly(..)) => 7,
            Some(ReportType::Monthly(..)) => 30,
            None => 0,
        }
    }

    /// Most records per pin.
    pub fn count(&self) -> usize {
        let per_day = DAY_MS / self.granularity.period_ms();
        usize::try_from(self.days().saturating_mul(per_day)).unwrap_or(0)
    }

    /// Time (ms) of the oldest record that counts.
    pub fn start_ms(&self, now_ms: i64) -> i64 {
        let start = now_ms.saturating_sub(self.days().saturating_mul(DAY_MS));
        self.granularity.bucket_start(self.granularity.bucket(start))
    }

    /// Every file that the report may read, for gathering what is on its way to them.
    pub fn files(&self) -> impl Iterator<Item = FileId> + '_ {
        self.sources.iter().flat_map(move |source| {
            source.devices.iter().flat_map(move |device| source.pins.iter().map(move |pin| self.file(device, pin)))
        })
    }

    fn file(&self, device: &JobDevice, pin: &JobPin) -> FileId {
        let pin = super::names::Pin::new(self.dash, device.id, pin.pin_type, pin.pin);
        FileId { owner: self.owner.clone(), pin, granularity: self.granularity }
    }

    /// Name of the zip: `{email}_{appName}_{reportId}_{yyyy-MM-dd}.zip`, with `{projectId}-` before the report's id where that alone
    /// would name two reports.
    pub fn file_name(&self, now_ms: i64) -> String {
        let date = self.zone.local(now_ms).date();
        let project = if self.is_id_shared { format!("{}-", self.dash) } else { String::new() };
        format!("{}_{}_{project}{}_{date}.zip", self.owner.email, self.owner.app, self.id)
    }

    /// Writes the zip into the export folder. `read` gets a file and how many of its last records are wanted.
    ///
    /// Errors: those of the file system and of `read`, and `InvalidInput` for an owner whose name cannot be a file's.
    pub fn run(
        &self,
        folder: &Path,
        now_ms: i64,
        mut read: impl FnMut(&FileId, usize) -> io::Result<Vec<Record>>,
    ) -> io::Result<Outcome> {
        let name = self.file_name(now_ms);
        let fill = |file: &mut _| generate::generate(self, now_ms, &mut read, file);
        Ok(if export_folder::create(folder, &name, fill)? { Outcome::File(name) } else { Outcome::NoData })
    }
}

#[cfg(test)]
mod tests;
