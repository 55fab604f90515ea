//! REPORT: scheduled exports of history (spec 03 §11.2).

use crate::model::enums::{
    ButtonStyle, DayOfMonth, DurationType, Edge, FontSize, Granularity, ReportFormat, ReportOutput, ReportResult,
};
use crate::model::json::{Bad, Cursor, Field, Key, Object, Reading, Tagged, Writer};
use crate::model::pin::PinType;
use crate::model::zone::Zone;
use crate::{json_nested, json_object};

/// One pin in a report.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct ReportStream {
    pub pin: i16,
    pub pin_type: Option<PinType>,
    pub label: String,
    pub is_selected: bool,
}
json_object!(ReportStream { "pin" pin, "pinType" pin_type, "label" label, "isSelected" is_selected });
json_nested!(ObjectSeed: ReportStream, Report, ReportWidget);
json_nested!(TaggedSeed: ReportSource, ReportType);

/// Which pins of which devices a report covers. A source with a template is of type `TILE_TEMPLATE`.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct ReportSource {
    pub template_id: Option<i32>,
    pub device_ids: Vec<i32>,
    pub streams: Vec<ReportStream>,
}

impl Object for ReportSource {
    fn read_key(&mut self, key: Key<'_>, json: &mut Cursor<'_>, cx: &Reading) -> Result<bool, Bad> {
        match key.text {
            "templateId" if self.template_id.is_some() => self.template_id = Some(Field::read(json, cx)?),
            "deviceIds" => self.device_ids = Field::read(json, cx)?,
            "dataStreams" | "reportDataStreams" => self.streams = Field::read(json, cx)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn write_keys(&self, w: &mut Writer) {
        w.key("type");
        match self.template_id {
            Some(template_id) => {
                w.text("TILE_TEMPLATE");
                template_id.write("templateId", w);
            }
            None => w.text("DEVICE"),
        }
        self.device_ids.write("deviceIds", w);
        self.streams.write("reportDataStreams", w);
    }
}

impl Tagged for ReportSource {
    const TAG: &'static str = "type";
    fn for_tag(tag: Option<&str>) -> Result<Self, String> {
        match tag {
            Some("DEVICE") => Ok(ReportSource::default()),
            Some("TILE_TEMPLATE") => Ok(ReportSource { template_id: Some(0), ..ReportSource::default() }),
            _ => Err("unknown type of report source".into()),
        }
    }
}

/// When a scheduled report runs. Times are ms since 1970.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Schedule {
    /// Only the time of day counts.
    pub at_time: i64,
    pub duration_type: Option<DurationType>,
    pub start_ts: i64,
    pub end_ts: i64,
}
json_object!(Schedule { "atTime" at_time, "durationType" duration_type, "startTs" start_ts, "endTs" end_ts });

/// Kind of a report.
#[derive(Debug, Clone, PartialEq)]
pub enum ReportType {
    /// On demand, over the last `range_millis` ms.
    OneTime {
        /// ms.
        range_millis: i64,
    },
    /// Every day.
    Daily(Schedule),
    /// Every week on a day, 1 = Monday.
    Weekly(Schedule, i32),
    /// Every month on its first or last day.
    Monthly(Schedule, DayOfMonth),
}

impl Default for ReportType {
    fn default() -> Self {
        ReportType::OneTime { range_millis: 0 }
    }
}

impl ReportType {
    /// The schedule, unless it is a one-time report.
    pub fn schedule(&self) -> Option<&Schedule> {
        match self {
            ReportType::OneTime { .. } => None,
            ReportType::Daily(schedule) | ReportType::Weekly(schedule, _) | ReportType::Monthly(schedule, _) => {
                Some(schedule)
            }
        }
    }

    /// The JSON text of the kind.
    pub fn name(&self) -> &'static str {
        match self {
            ReportType::OneTime { .. } => "ONE_TIME",
            ReportType::Daily(_) => "DAILY",
            ReportType::Weekly(..) => "WEEKLY",
            ReportType::Monthly(..) => "MONTHLY",
        }
    }
}

impl Object for ReportType {
    fn read_key(&mut self, key: Key<'_>, json: &mut Cursor<'_>, cx: &Reading) -> Result<bool, Bad> {
        match (self, key.text) {
            (ReportType::OneTime { range_millis }, "rangeMillis") => *range_millis = Field::read(json, cx)?,
            (ReportType::OneTime { .. }, _) => return Ok(false),
            (ReportType::Weekly(_, day), "dayOfTheWeek") => *day = Field::read(json, cx)?,
            (ReportType::Monthly(_, day), "dayOfMonth") => *day = Field::read(json, cx)?,
            (ReportType::Daily(s) | ReportType::Weekly(s, _) | ReportType::Monthly(s, _), _) => {
                return s.read_key(key, json, cx)
            }
        }
        Ok(true)
    }

    fn write_keys(&self, w: &mut Writer) {
        w.key("type");
        w.text(self.name());
        match self {
            ReportType::OneTime { range_millis } => range_millis.write("rangeMillis", w),
            ReportType::Daily(schedule) => schedule.write_keys(w),
            ReportType::Weekly(schedule, day) => {
                schedule.write_keys(w);
                day.write("dayOfTheWeek", w);
            }
            ReportType::Monthly(schedule, day) => {
                schedule.write_keys(w);
                day.write("dayOfMonth", w);
            }
        }
    }
}

impl Tagged for ReportType {
    const TAG: &'static str = "type";
    fn for_tag(tag: Option<&str>) -> Result<Self, String> {
        match tag {
            Some("ONE_TIME") => Ok(ReportType::default()),
            Some("DAILY") => Ok(ReportType::Daily(Schedule::default())),
            Some("WEEKLY") => Ok(ReportType::Weekly(Schedule::default(), 0)),
            Some("MONTHLY") => Ok(ReportType::Monthly(Schedule::default(), DayOfMonth::First)),
            _ => Err("unknown type of report".into()),
        }
    }
}

/// One report of the widget.
#[derive(Debug, Clone, PartialEq, Default)]
#[allow(missing_docs)]
pub struct Report {
    pub id: i32,
    pub name: String,
    pub sources: Vec<ReportSource>,
    pub report_type: Option<ReportType>,
    /// 1..5 mail addresses, comma separated.
    pub recipients: String,
    pub granularity: Granularity,
    pub is_active: bool,
    pub output: ReportOutput,
    pub format: Option<ReportFormat>,
    pub tz_name: Zone,
    /// ms since 1970.
    pub next_report_at: i64,
    /// ms since 1970.
    pub last_report_at: i64,
    pub last_run_result: Option<ReportResult>,
}
json_object!(Report {
    "id" id, "name" name, "reportSources" sources, "reportType" report_type, "recipients" recipients,
    "granularityType" granularity, "isActive" is_active, "reportOutput" output, "format" format, "tzName" tz_name,
    "nextReportAt" next_report_at, "lastReportAt" last_report_at, "lastRunResult" last_run_result
});

/// REPORT
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct ReportWidget {
    pub sources: Vec<ReportSource>,
    pub allow_end_user_to_delete_data_on: bool,
    pub font_size: Option<FontSize>,
    pub edge: Option<Edge>,
    pub button_style: Option<ButtonStyle>,
    pub text_color: i32,
    pub reports: Vec<Report>,
}
impl Default for ReportWidget {
    fn default() -> Self {
        ReportWidget {
            sources: Vec::new(),
            allow_end_user_to_delete_data_on: false,
            font_size: Some(FontSize::Medium),
            edge: Some(Edge::Rounded),
            button_style: Some(ButtonStyle::Solid),
            text_color: 0,
            reports: Vec::new(),
        }
    }
}
json_object!(ReportWidget {
    "reportSources" sources, "allowEndUserToDeleteDataOn" allow_end_user_to_delete_data_on, "fontSize" font_size,
    "edge" edge, "buttonStyle" button_style, "textColor" text_color, "reports" reports
});
