//! Which pins have a history: those that a graph or a REPORT widget shows (spec 03 §11.1, 04 §3.3).

use super::dashboard::Dashboard;
use super::enums::Period;
use super::pin::{PinType, NO_PIN};
use super::widget::{EnhancedGraph, GraphStream, Kind, Widget};

/// How a pin is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorded {
    /// The type under which graphs look for the values: a stream in PWM mode takes analog values but keeps its own type.
    pub pin_type: PinType,
    /// Some graph shows the live values.
    pub live: bool,
}

/// A graph, and the devices of the tile template that it is in.
fn graph_of<'a>(widget: &'a Widget, devices: &'a [i32]) -> Option<(&'a EnhancedGraph, &'a [i32])> {
    match &widget.kind {
        Kind::Graph(graph) => Some((&**graph, devices)),
        _ => None,
    }
}

/// The graph that a widget is, or those of its templates, with their devices.
fn graphs_of(widget: &Widget) -> impl Iterator<Item = (&EnhancedGraph, &[i32])> {
    let templates = match &widget.kind {
        Kind::Tiles(tiles) => tiles.templates.as_slice(),
        _ => &[],
    };
    let inner = templates.iter().flat_map(|t| t.widgets.iter().filter_map(|w| graph_of(w, &t.device_ids)));
    graph_of(widget, &[]).into_iter().chain(inner)
}

impl Dashboard {
    /// All graphs with the devices of the template that they are in (none at top level).
    fn graphs(&self) -> impl Iterator<Item = (&EnhancedGraph, &[i32])> {
        self.widgets.iter().flat_map(graphs_of)
    }

    /// Device, type and number of every pin whose history somebody can look at; some twice.
    pub fn history_pins(&self) -> Vec<(i32, PinType, i16)> {
        let mut pins = Vec::new();
        for (graph, devices) in self.graphs() {
            for stream in &graph.data_streams {
                let Some(own) = stream.pin.as_ref().filter(|own| own.pin != NO_PIN) else { continue };
                let targets = self.target(stream.target_id).map_or(&[][..], |t| t.assigned_ids());
                // Graphs read a pin without a type as a virtual one.
                let pin_type = own.pin_type.unwrap_or(PinType::Virtual);
                pins.extend(devices.iter().chain(targets).map(|device| (*device, pin_type, own.pin)));
            }
        }
        let all: Vec<i32> = self.devices.iter().map(|device| device.id).collect();
        for widget in &self.widgets {
            let Kind::Report(report) = &widget.kind else { continue };
            let sources = report.reports.iter().flat_map(|r| &r.sources).map(|s| (s, &s.device_ids));
            // What the widget itself lists is recorded for every device.
            for (source, devices) in sources.chain(report.sources.iter().map(|s| (s, &all))) {
                for stream in source.streams.iter().filter(|stream| stream.pin != NO_PIN) {
                    let Some(pin_type) = stream.pin_type else { continue };
                    pins.extend(devices.iter().map(|device| (*device, pin_type, stream.pin)));
                }
            }
        }
        pins
    }

    /// The graph with this id, wherever in the project it is.
    pub fn graph(&self, widget_id: i64) -> Option<&EnhancedGraph> {
        let of_templates = self.widgets.iter().flat_map(|widget| match &widget.kind {
            Kind::Tiles(tiles) => tiles.templates.as_slice(),
            _ => &[],
        });
        let inner = of_templates.flat_map(|template| &template.widgets);
        let mut found = self.widgets.iter().chain(inner).filter(|widget| widget.id == widget_id);
        found.find_map(|widget| graph_of(widget, &[])).map(|(graph, _)| graph)
    }

    fn shows(&self, stream: &GraphStream, device_id: i32) -> bool {
        stream.target_id == device_id
            || self.target(stream.target_id).is_some_and(|t| t.assigned_ids().contains(&device_id))
    }

    /// How values of this pin are recorded; `None`: not at all.
    pub fn recorded(&self, device_id: i32, pin_type: PinType, pin: u8) -> Option<Recorded> {
        let mut found: Option<Recorded> = None;
        for (graph, devices) in self.widgets.of_pin(pin).flat_map(graphs_of) {
            for stream in &graph.data_streams {
                let Some(own) = stream.pin.as_ref().filter(|own| own.is_same(pin_type, pin)) else { continue };
                if !devices.contains(&device_id) && !self.shows(stream, device_id) {
                    continue;
                }
                let live = graph.selected_periods.contains(&Period::Live);
                let own_type = own.pin_type.unwrap_or(pin_type);
                let before = found.get_or_insert(Recorded { pin_type: own_type, live });
                before.live |= live;
                // The written type wins over that of a stream in PWM mode.
                if own_type == pin_type {
                    before.pin_type = pin_type;
                }
            }
        }
        found.or_else(|| self.is_reported(pin_type, pin).then_some(Recorded { pin_type, live: false }))
    }

    /// Whether values of this pin are recorded.
    pub fn records(&self, device_id: i32, pin_type: PinType, pin: u8) -> bool {
        self.recorded(device_id, pin_type, pin).is_some()
    }

    /// A REPORT widget lists the pin; of which devices does not count.
    fn is_reported(&self, pin_type: PinType, pin: u8) -> bool {
        let sources = self.widgets.of_pin(pin).flat_map(|widget| match &widget.kind {
            Kind::Report(report) => report.sources.as_slice(),
            _ => &[],
        });
        let mut streams = sources.flat_map(|source| &source.streams);
        streams.any(|s| s.pin == i16::from(pin) && s.pin_type == Some(pin_type))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::json::{from_str, ObjectSeed, Reading};
    use PinType::{Analog, Digital, Virtual};

    fn dash(widgets: &str) -> Dashboard {
        let json = format!(
            r#"{{"id":1,"devices":[{{"id":0}},{{"id":1}},{{"id":2}}],"tags":[{{"id":100000,"name":"t","deviceIds":[1]}}],
            "widgets":[{{"type":"DEVICE_SELECTOR","id":200000,"value":0,"deviceIds":[0,2]}},{widgets}]}}"#
        );
        from_str(&json, ObjectSeed::new(&Reading::strict())).unwrap().unwrap()
    }

    fn graph(target: i32, pin: &str, more: &str) -> String {
        format!(r#"{{"type":"ENHANCED_GRAPH","dataStreams":[{{"targetId":{target},"pin":{{{pin}}}}}]{more}}}"#)
    }

    const V5: &str = r#""pin":5,"pinType":"VIRTUAL""#;

    #[test]
    fn graphs_record_the_devices_of_their_target() {
        let recorded = |target, device| dash(&graph(target, V5, "")).records(device, Virtual, 5);
        assert!(recorded(0, 0) && !recorded(0, 1));
        assert!(recorded(100_000, 1) && !recorded(100_000, 0));
        assert!(recorded(200_000, 2) && recorded(200_000, 0) && !recorded(200_000, 1));
        assert!(!dash(&graph(0, V5, "")).records(0, Virtual, 6));
        assert!(!dash(&graph(0, V5, "")).records(0, Digital, 5));
        let tiles = format!(
            r#"{{"type":"DEVICE_TILES","id":9,"templates":[{{"id":1,"deviceIds":[2],"widgets":[{}]}}]}}"#,
            graph(-1, V5, "")
        );
        assert!(dash(&tiles).records(2, Virtual, 5) && !dash(&tiles).records(0, Virtual, 5));
    }

    #[test]
    fn live_values_are_kept_if_any_graph_shows_them() {
        let day = r#","selectedPeriods":["DAY"]"#;
        let how = |widgets: &str| dash(widgets).recorded(0, Virtual, 5).map(|r| r.live);
        assert_eq!(how(&graph(0, V5, "")), Some(true));
        assert_eq!(how(&graph(0, V5, day)), Some(false));
        assert_eq!(how(&format!("{},{}", graph(0, V5, day), graph(0, V5, ""))), Some(true));
        let report = r#"{"type":"REPORT","reportSources":[{"type":"DEVICE","deviceIds":[7],"dataStreams":[{"pin":5,"pinType":"VIRTUAL"}]}]}"#;
        assert_eq!(how(report), Some(false));
        assert_eq!(how(&format!("{report},{}", graph(0, V5, ""))), Some(true));
        assert_eq!(how(r#"{"type":"LED","pin":5,"pinType":"VIRTUAL"}"#), None);
    }

    #[test]
    fn a_stream_in_pwm_mode_records_under_its_own_type() {
        let pwm = dash(&graph(0, r#""pin":3,"pinType":"DIGITAL","pwmMode":true"#, ""));
        assert_eq!(pwm.recorded(0, Analog, 3).unwrap().pin_type, Digital);
        assert_eq!(pwm.recorded(0, Digital, 3).unwrap().pin_type, Digital);
        assert_eq!(pwm.recorded(0, Virtual, 3), None);
    }

    #[test]
    fn what_is_shown_is_kept() {
        let report = r#"{"type":"REPORT","reportSources":[{"type":"DEVICE","dataStreams":[{"pin":1,"pinType":"ANALOG"}]}],
            "reports":[{"id":1,"reportSources":[{"type":"DEVICE","deviceIds":[9],"dataStreams":[{"pin":2,"pinType":"DIGITAL"},
            {"pin":-1,"pinType":"DIGITAL"},{"pin":3}]}]}]}"#;
        let tiles = format!(
            r#"{{"type":"DEVICE_TILES","id":9,"templates":[{{"id":1,"deviceIds":[2],"widgets":[{}]}}]}}"#,
            graph(-1, V5, "")
        );
        let of = |widgets: &str| dash(widgets).history_pins();
        assert_eq!(of(report), [(9, Digital, 2), (0, Analog, 1), (1, Analog, 1), (2, Analog, 1)]);
        assert_eq!(of(&tiles), [(2, Virtual, 5)]);
        assert_eq!(of(&graph(200_000, r#""pin":6"#, "")), [(0, Virtual, 6), (2, Virtual, 6)]);
        assert_eq!(of(&format!("{},{}", graph(7, V5, ""), graph(0, r#""pin":-1"#, ""))), []);
    }
}
