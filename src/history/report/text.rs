//! Texts inside a report: names cut to size, quoted fields, times.

use super::{JobDevice, JobPin};
use crate::model::enums::ReportFormat;
use crate::tz::{offset_text, Rules};
use std::fmt::Write;

/// Longest name or label in file names and lines, characters.
const SHORT: usize = 16;

/// A name without the characters that file systems refuse and without blanks, cut short.
pub fn file_part(name: &str) -> String {
    let is_good =
        |c: &char| !matches!(c, '\\' | '/' | ':' | '*' | '?' | '"' | '<' | '>' | '|' | ' ') && !c.is_control();
    name.chars().filter(is_good).take(SHORT).collect()
}

/// The device's part of entry names; empty for a device without a name.
pub fn device_file_part(device: &JobDevice) -> String {
    device.name.as_deref().map(file_part).unwrap_or_default()
}

/// The pin like `v5`.
pub fn pin_name(pin: &JobPin) -> String {
    format!("{}{}", pin.pin_type.letter(), pin.pin)
}

/// The pin's part of entry names: letters and digits of its label, or the pin itself.
pub fn pin_file_part(pin: &JobPin) -> String {
    let label: String = pin.label.chars().filter(char::is_ascii_alphanumeric).take(SHORT).collect();
    if label.is_empty() {
        pin_name(pin)
    } else {
        label
    }
}

/// The pin in a line: its label, cut short, or the pin itself.
pub fn pin_field(pin: &JobPin) -> String {
    if pin.label.is_empty() {
        return pin_name(pin);
    }
    let label: String = pin.label.chars().take(SHORT).collect();
    quoted(&label)
}

/// The device in a line: its name, or its id.
pub fn device_field(device: &JobDevice) -> String {
    device.name.as_deref().map_or_else(|| device.id.to_string(), quoted)
}

/// A CSV field: quotes doubled, and around it where a separator or quote is in it.
fn quoted(text: &str) -> String {
    let doubled = text.replace('"', "\"\"");
    if doubled.contains([',', ';', '"']) {
        format!("\"{doubled}\"")
    } else {
        doubled
    }
}

/// Adds a time in the report's form and zone.
pub fn push_time(line: &mut String, ms: i64, format: ReportFormat, zone: &Rules) {
    if format == ReportFormat::Ts {
        let _ = write!(line, "{ms}");
        return;
    }
    let local = zone.local(ms);
    let (date, time) = (local.date(), local.time());
    let clock = format_args!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second()).to_string();
    let _ = match format {
        ReportFormat::IsoInstant => write!(line, "{date}T{clock}{}", offset_text(zone.offset_seconds(ms))),
        ReportFormat::IsoInstantZ => write!(line, "{date}T{clock}{}", zone.short_name(ms)),
        ReportFormat::IsoSimple | ReportFormat::Ts => write!(line, "{date} {clock}"),
    };
}

#[cfg(test)]
mod tests {
    use super::super::super::names::PinType;
    use super::*;

    fn pin(label: &str) -> JobPin {
        JobPin { pin_type: PinType::Virtual, pin: 1, label: label.into() }
    }

    fn device(name: Option<&str>) -> JobDevice {
        JobDevice { id: 7, name: name.map(Into::into) }
    }

    #[test]
    fn names_in_file_names() {
        assert_eq!(file_part("My Device"), "MyDevice");
        assert_eq!(file_part("My/Report: 1"), "MyReport1");
        assert_eq!(file_part("a\\b*c?d\"e<f>g|h\ni"), "abcdefghi");
        assert_eq!(file_part("0123456789abcdefgh"), "0123456789abcdef");
        assert_eq!(file_part("Wärmepumpe"), "Wärmepumpe");
        assert_eq!(device_file_part(&device(None)), "");
        assert_eq!(pin_file_part(&pin("Temperature,yes")), "Temperatureyes");
        assert_eq!(pin_file_part(&pin("Temp, inside!")), "Tempinside");
        assert_eq!(pin_file_part(&pin("")), "v1");
        assert_eq!(pin_file_part(&pin("Температура")), "v1");
    }

    #[test]
    fn fields_in_lines() {
        assert_eq!(pin_field(&pin("")), "v1");
        assert_eq!(pin_field(&pin("Temperature of the house")), "Temperature of t");
        assert_eq!(pin_field(&pin("T;1")), "\"T;1\"");
        assert_eq!(device_field(&device(Some("Left, \"upper\""))), "\"Left, \"\"upper\"\"\"");
        assert_eq!(device_field(&device(Some("Device 0"))), "Device 0");
        assert_eq!(device_field(&device(None)), "7");
    }

    #[test]
    fn times() {
        let text = |format, zone| {
            let mut line = String::new();
            push_time(&mut line, 1_700_000_040_000, format, &Rules::of(zone));
            line
        };
        for (format, utc, kiev) in [
            (ReportFormat::Ts, "1700000040000", "1700000040000"),
            (ReportFormat::IsoSimple, "2023-11-14 22:14:00", "2023-11-15 00:14:00"),
            (ReportFormat::IsoInstant, "2023-11-14T22:14:00Z", "2023-11-15T00:14:00+02:00"),
            (ReportFormat::IsoInstantZ, "2023-11-14T22:14:00UTC", "2023-11-15T00:14:00EET"),
        ] {
            assert_eq!((text(format, "UTC"), text(format, "Europe/Kiev")), (utc.into(), kiev.into()));
        }
        assert_eq!(text(ReportFormat::IsoInstantZ, "+3"), "2023-11-15T01:14:00+03:00");
    }
}
