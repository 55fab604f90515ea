//! Shows the answer to `eyelet status`.

use crate::local_time;
use serde_json::{Map, Value};
use std::fmt::Write;

/// As JSON in several lines.
pub fn json(status: &Map<String, Value>) -> String {
    serde_json::to_string_pretty(status).unwrap_or_default()
}

/// As lines for people. What another version of the server says beyond this is shown as it is.
pub fn text(status: &Map<String, Value>) -> String {
    let width = status.keys().map(String::len).max().unwrap_or(0);
    let mut text = String::new();
    for (name, value) in status {
        let (name, value) = match (name.as_str(), value.as_i64()) {
            ("uptime-seconds", Some(seconds)) => ("uptime", duration(seconds)),
            ("memory-bytes", Some(bytes)) => ("memory", format!("{} KB", bytes / 1024)),
            ("saved-at" | "certificate-ends-at", Some(ms)) => (name.as_str(), moment(ms)),
            (name, _) => (name, value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
        };
        let _ = writeln!(text, "{:width$}  {value}", name.replace('-', " "));
    }
    text.truncate(text.trim_end().len());
    text
}

fn duration(seconds: i64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    if days > 0 {
        format!("{days} d {hours} h")
    } else if hours > 0 {
        format!("{hours} h {minutes} min")
    } else {
        format!("{minutes} min {} s", seconds % 60)
    }
}

/// Local date and time of ms since 1970.
fn moment(ms: i64) -> String {
    if ms > 0 {
        local_time::shown(ms)
    } else {
        "never".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_become_lines() {
        let status: Map<String, Value> =
            serde_json::from_str(r#"{"accounts":2,"uptime-seconds":90061,"saved-at":0,"version":"1","x":{"y":1}}"#)
                .unwrap();
        let text = text(&status);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "accounts        2");
        assert!(lines.contains(&"uptime          1 d 1 h") && lines.contains(&"saved at        never"), "{text}");
        assert!(lines.contains(&"version         1") && lines.contains(&"x               {\"y\":1}"), "{text}");
        assert!(json(&status).contains("\"uptime-seconds\": 90061"));
    }
}
