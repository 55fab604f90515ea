//! Reports: when each of them runs, the run itself, its mail. Spec 04 §12.
//!
//! The plan maps reports to the wall time of their next run. What is planned is checked again when its time comes: a report
//! that was deleted, switched off or moved meanwhile, in whatever way, does not run. A run is a job that makes the file, then a
//! mail; when both are done the report is told how it went.

use super::connections::ConnId;
use super::jobs::Queue;
use super::users::{Unsaved, UserId};
use super::Hub;
use crate::history::names::{FileId, Record};
use crate::history::report::schedule::{next_run, NoRun};
use crate::history::report::{mail, Outcome, ReportJob};
use crate::model::enums::ReportResult;
use crate::model::json::{to_string, Audience};
use crate::model::widget::{Report, ReportType};
use crate::model::Dashboard;
use crate::notify::address;
use crate::notify::mail_texts::ReportPeriod;
use crate::tz::Rules;
use crate::wire::{Command, Status};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

const DAY_MS: i64 = 86_400_000;
/// The plan is looked at so often at least, so that a jump of the wall clock is seen soon; ms.
const LONGEST_WAIT: i64 = 60_000;
/// Least time between two runs that people ask for, ms.
const EXPORT_INTERVAL: i64 = 60_000;

/// A report of a project of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct ReportRef {
    pub user: UserId,
    pub dash: i32,
    pub report: i32,
}

/// What is planned and what runs.
#[derive(Debug, Default)]
pub struct Reports {
    /// When reports run next, ms since 1970.
    plan: HashMap<ReportRef, i64>,
    running: HashSet<ReportRef>,
    /// When the plan is looked at next, ms since start.
    next_look: Option<u64>,
    /// When it was looked at last, ms since 1970.
    looked_at: Option<i64>,
}

/// The app that asked for a run: connection and id of its request. None for planned runs.
type Asker = Option<(ConnId, u16)>;

/// Whether a report may be stored and run.
pub fn is_valid(report: &Report) -> bool {
    let is_type_valid = match &report.report_type {
        None => false,
        Some(ReportType::OneTime { range_millis }) => *range_millis >= DAY_MS,
        Some(periodic) => periodic.schedule().is_some_and(|s| s.start_ts <= s.end_ts),
    };
    is_type_valid && !report.sources.is_empty() && address::recipients(&report.recipients).is_some()
}

/// When a report runs after `now`.
///
/// Errors: see [`NoRun`].
pub fn next_run_of(report: &Report, now: i64) -> Result<i64, NoRun> {
    let report_type = report.report_type.as_ref().ok_or(NoRun::OneTime)?;
    next_run(report_type, &Rules::of(report.tz_name.id()), now)
}

/// A report that runs by itself.
fn is_periodic(report: &Report) -> bool {
    report.is_active && is_valid(report) && report.report_type.as_ref().is_some_and(|kind| kind.schedule().is_some())
}

impl Dashboard {
    /// A report of the project's REPORT widget.
    pub fn report(&self, id: i32) -> Option<&Report> {
        self.report_widget()?.reports.iter().find(|report| report.id == id)
    }

    /// A report of the project's REPORT widget.
    pub fn report_mut(&mut self, id: i32) -> Option<&mut Report> {
        self.report_widget_mut()?.reports.iter_mut().find(|report| report.id == id)
    }
}

impl Hub {
    fn report_mut(&mut self, key: ReportRef) -> Option<&mut Report> {
        self.users.dash_mut(key.user, key.dash)?.report_mut(key.report)
    }

    /// Plans all reports of all accounts. Those whose time came while the server was down run at once.
    pub fn plan_all_reports(&mut self) {
        let mut projects = Vec::new();
        for (user, account) in self.users.iter() {
            let with_reports = account.user.profile.dashboards.iter().filter(|d| d.report_widget().is_some());
            projects.extend(with_reports.map(|dash| (user, dash.id)));
        }
        for (user, dash) in projects {
            self.plan_project(user, dash, true);
        }
    }

    /// Plans the reports of a project anew, after its widgets were replaced or taken away.
    pub fn plan_reports_of(&mut self, user: UserId, dash: i32) {
        self.plan_project(user, dash, false);
    }

    fn plan_project(&mut self, user: UserId, dash: i32, run_missed: bool) {
        let now = self.now();
        let mut old = HashMap::new();
        self.reports.plan.retain(|key, at| {
            let is_other = (key.user, key.dash) != (user, dash);
            if !is_other {
                old.insert(key.report, *at);
            }
            is_other
        });
        let Some(project) = self.users.dash_mut(user, dash) else { return };
        let Some(widget) = project.report_widget_mut() else { return };
        let mut planned = Vec::new();
        let before = widget.reports.clone();
        for report in widget.reports.iter_mut().filter(|report| is_periodic(report)) {
            let key = ReportRef { user, dash, report: report.id };
            // What is planned stays planned, also when it is due at this moment.
            if old.get(&report.id) == Some(&report.next_report_at) {
                planned.push((key, report.next_report_at));
                continue;
            }
            if run_missed && report.next_report_at < now && report.last_run_result != Some(ReportResult::Expired) {
                report.next_report_at = now;
                planned.push((key, now));
                continue;
            }
            match next_run_of(report, now) {
                Ok(at) => {
                    report.next_report_at = at;
                    planned.push((key, at));
                }
                Err(NoRun::Expired) => report.last_run_result = Some(ReportResult::Expired),
                Err(NoRun::BadWeekday | NoRun::OneTime) => report.last_run_result = Some(ReportResult::Error),
            }
        }
        if widget.reports != before {
            self.users.mark(user, Unsaved::Values);
        }
        self.reports.plan.extend(planned);
        self.look_after_reports();
    }

    /// Plans one report for its `next_report_at`, or not at all when it does not run by itself.
    pub fn plan_report(&mut self, key: ReportRef) {
        match self.report_mut(key).filter(|report| is_periodic(report)).map(|report| report.next_report_at) {
            Some(at) => drop(self.reports.plan.insert(key, at)),
            None => drop(self.reports.plan.remove(&key)),
        }
        self.look_after_reports();
    }

    /// How many reports wait for their next run.
    pub fn planned_reports(&self) -> usize {
        self.reports.plan.len()
    }

    /// Sets the next look at the plan.
    fn look_after_reports(&mut self) {
        let Some(earliest) = self.reports.plan.values().min() else { return };
        let now = self.now();
        let wait = earliest.saturating_sub(now).clamp(0, LONGEST_WAIT);
        self.reports.looked_at.get_or_insert(now);
        let at = self.ticks().saturating_add(wait.unsigned_abs());
        if self.reports.next_look.is_some_and(|next| next <= at) {
            return;
        }
        self.reports.next_look = Some(at);
        self.schedule.at(at, move |hub| {
            // Else an earlier look came in between.
            if hub.reports.next_look == Some(at) {
                hub.reports.next_look = None;
                hub.run_due_reports();
                hub.look_after_reports();
            }
        });
    }

    fn run_due_reports(&mut self) {
        let now = self.now();
        if self.reports.looked_at.replace(now).is_some_and(|last| last.saturating_sub(now) > DAY_MS) {
            // The clock was ahead, and so is the plan.
            self.reports.plan.clear();
            self.plan_all_reports();
        }
        let due: Vec<(ReportRef, i64)> =
            self.reports.plan.iter().filter(|(_, at)| **at <= now).map(|(key, at)| (*key, *at)).collect();
        for (key, at) in due {
            self.reports.plan.remove(&key);
            let is_meant = |report: &&mut Report| is_periodic(report) && report.next_report_at == at;
            if self.report_mut(key).filter(is_meant).is_none() {
                continue;
            }
            if let Err(error) = self.run_report(key, None) {
                log::warn!("a report does not run: {error}");
                self.report_done(key, None, ReportResult::Error);
            }
        }
    }

    /// Runs a report because an app asks for it; the app is answered with the report when it is done.
    ///
    /// Errors: unknown or not valid `IllegalCommand`; a minute has not passed since the last run, or one is under way
    /// `QuotaLimit`; too much work `ServerError`.
    pub fn export_report(&mut self, key: ReportRef, conn: ConnId, id: u16) -> Result<(), Status> {
        let now = self.now();
        let report = self.report_mut(key).filter(|report| is_valid(report)).ok_or(Status::IllegalCommand)?;
        // A run in the future is one before the clock was set back.
        let is_recent = (0..EXPORT_INTERVAL).contains(&now.saturating_sub(report.last_report_at));
        if is_recent || self.reports.running.contains(&key) {
            return Err(Status::QuotaLimit);
        }
        self.run_report(key, Some((conn, id)))
    }

    fn run_report(&mut self, key: ReportRef, asker: Asker) -> Result<(), Status> {
        let owner = self.history_owner(key.user).ok_or(Status::IllegalCommand)?;
        let dash = self.users.dash(key.user, key.dash).ok_or(Status::IllegalCommand)?;
        let report = dash.report(key.report).ok_or(Status::IllegalCommand)?;
        let name = |id: i32| dash.device(id).map(|device| device.name.clone());
        let mut job = ReportJob::new(owner, key.dash, report, name);
        let mut others = self.users.profile(key.user).into_iter().flat_map(|profile| &profile.dashboards);
        job.is_id_shared = others.any(|other| other.id != key.dash && other.report(key.report).is_some());
        let to: Vec<String> =
            address::recipients(&report.recipients).unwrap_or_default().into_iter().map(str::to_owned).collect();
        let unwritten: HashMap<FileId, Vec<Record>> = job
            .files()
            .filter_map(|file| {
                let records = self.history.averages.unwritten(&file).to_vec();
                (!records.is_empty()).then_some((file, records))
            })
            .collect();
        let (files, folder, now) = (Arc::clone(&self.history.files), Arc::clone(&self.history.exports), self.now());
        let work = move || {
            let read =
                |file: &FileId, count| files.read(file, count, 0, unwritten.get(file).map_or(&[], Vec::as_slice));
            let outcome = job.run(&folder, now, read);
            (job, outcome)
        };
        let queued = self.jobs.work(Queue::History, work, move |hub, (job, outcome)| match outcome {
            Ok(Outcome::File(name)) => hub.mail_report(key, asker, &job, &to, &name),
            Ok(Outcome::NoData) => hub.report_done(key, asker, ReportResult::NoData),
            Err(error) => {
                log::error!("a report failed: {error}");
                hub.report_done(key, asker, ReportResult::Error);
            }
        });
        queued.map_err(|_| Status::ServerError)?;
        self.reports.running.insert(key);
        Ok(())
    }

    fn mail_report(&mut self, key: ReportRef, asker: Asker, job: &ReportJob, to: &[String], file: &str) {
        let period = match job.report_type {
            None | Some(ReportType::OneTime { .. }) => ReportPeriod::OneTime,
            Some(ReportType::Daily(_)) => ReportPeriod::Daily,
            Some(ReportType::Weekly(..)) => ReportPeriod::Weekly,
            Some(ReportType::Monthly(..)) => ReportPeriod::Monthly,
        };
        let to: Vec<&str> = to.iter().map(String::as_str).collect();
        let url = self.download_url(file);
        let mail = self.texts.report(&to, period, Some(&job.name), &mail::dynamic_section(job), &url);
        let queued = self.jobs.mail(mail, move |hub, sent| {
            hub.report_done(key, asker, if sent.is_ok() { ReportResult::Ok } else { ReportResult::Error });
        });
        if queued.is_err() {
            self.report_done(key, asker, ReportResult::Error);
        }
    }

    /// A run ended: notes its result, plans the next one, and answers who asked.
    fn report_done(&mut self, key: ReportRef, asker: Asker, result: ReportResult) {
        self.reports.running.remove(&key);
        self.stats.reports = self.stats.reports.wrapping_add(1);
        let now = self.now();
        // An update during the run has planned it anew.
        let is_planned = self.reports.plan.contains_key(&key);
        let Some(report) = self.report_mut(key) else {
            if let Some((conn, id)) = asker {
                self.respond(conn, id, Status::IllegalCommand);
            }
            return;
        };
        report.last_report_at = now;
        report.last_run_result = Some(result);
        if asker.is_none() && !is_planned && is_periodic(report) {
            match next_run_of(report, now) {
                Ok(at) => report.next_report_at = at,
                Err(NoRun::Expired) => report.last_run_result = Some(ReportResult::Expired),
                Err(NoRun::BadWeekday | NoRun::OneTime) => report.last_run_result = Some(ReportResult::Error),
            }
            if report.next_report_at > now {
                self.plan_report(key);
            }
        }
        self.users.mark(key.user, Unsaved::Changes);
        if let (Some((conn, id)), Some(report)) = (asker, self.report_mut(key)) {
            let json = to_string(report, Audience::Owner);
            self.answer(conn, Command::EXPORT_REPORT, id, json.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests;
