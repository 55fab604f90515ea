//! Forgetting values: what clones, previews and widgets of deleted devices lose (spec 03 §8.3).

use super::dashboard::Dashboard;
use super::widget::{Condition, Kind, Widget};
use super::zone::Zone;

impl Widget {
    /// Forgets values, schedules and addresses; settings stay. Tiles go, and templates lose their devices.
    pub fn erase(&mut self) {
        if let Some(own) = self.kind.one_pin_mut() {
            own.value = None;
        } else if let Some((_, streams)) = self.kind.multi_pin_mut() {
            streams.iter_mut().for_each(|s| s.value = None);
        }
        match &mut self.kind {
            Kind::Terminal(terminal) => terminal.lines.clear(),
            Kind::Map(map) => map.lines.clear(),
            Kind::Lcd(lcd) => lcd.lines.clear(),
            Kind::Table(table) => table.rows.clear(),
            Kind::Timer(timer) => {
                (timer.start_time, timer.stop_time) = (-1, -1);
                timer.start_value.clear();
                timer.stop_value.clear();
            }
            Kind::TimeInput(input) => input.tz_name = Zone::default(),
            Kind::Email(email) => email.to.clear(),
            Kind::Sms(sms) => sms.to.clear(),
            Kind::Report(report) => report.reports.clear(),
            Kind::Eventor(eventor) => {
                for rule in &mut eventor.rules {
                    if let Some(Condition::Changed(last)) = &mut rule.condition {
                        *last = None;
                    }
                }
            }
            Kind::Tiles(tiles) => {
                tiles.tiles.clear();
                for template in &mut tiles.templates {
                    template.device_ids.clear();
                    if let Some(stream) = &mut template.pin {
                        stream.value = None;
                    }
                    template.widgets.iter_mut().for_each(Widget::erase);
                }
            }
            _ => {}
        }
    }
}

impl Dashboard {
    /// Erases all widgets.
    pub fn erase_widgets(&mut self) {
        self.widgets.iter_mut().for_each(Widget::erase);
    }
}

#[cfg(test)]
mod tests {
    use crate::model::json::{to_string, Audience};
    use crate::model::testing::fixture;

    #[test]
    fn values_addresses_and_schedules_go() {
        let mut profile = fixture();
        let dash = profile.dash_mut(1).unwrap();
        dash.erase_widgets();
        let json: serde_json::Value = serde_json::from_str(&to_string(dash, Audience::Disk)).unwrap();
        let widget = |id: i64| json["widgets"].as_array().unwrap().iter().find(|w| w["id"] == id).unwrap();
        for id in [2, 5, 18, 22, 32, 33, 35, 59] {
            assert!(widget(id).get("value").is_none(), "{id}");
        }
        assert!(widget(9)["pins"].as_array().unwrap().iter().all(|p| p.get("value").is_none()));
        assert_eq!((widget(11)["startTime"].as_i64(), widget(11).get("startValue")), (Some(-1), None));
        assert_eq!((widget(18).get("tzName"), widget(18)["startAt"].as_i64()), (None, Some(28800)));
        assert_eq!((widget(33).get("rows"), widget(33)["currentRowIndex"].as_i64()), (None, Some(1)));
        assert_eq!((widget(46).get("to"), widget(48).get("to"), widget(49).get("reports")), (None, None, None));
        assert_eq!(widget(60).get("tiles"), None);
        for template in widget(60)["templates"].as_array().unwrap() {
            assert!(template.get("deviceIds").is_none() && template["pin"].get("value").is_none());
        }
        assert_eq!(widget(50)["tzName"], "Europe/Kiev");
        assert_eq!(widget(31)["labels"][0], "Eco");
    }
}
