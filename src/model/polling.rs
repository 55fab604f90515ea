//! Displays that ask their device for values at regular times (spec 03 §8.5).

use super::dashboard::Dashboard;
use super::pin::{PinType, NO_PIN};
use super::user::Profile;
use super::widget::{Kind, Widget};
use std::collections::HashMap;

/// How early a read request may go out, in ms, so that a late tick does not skip a beat.
const TOLERANCE_MS: i64 = 50;
/// How often the displays behind a tile are read, in ms, whatever their own frequency.
const TILE_PERIOD_MS: i64 = 1000;
/// More remembered times than this are forgotten, at the cost of one early request each.
const MAX_REMEMBERED: usize = 4096;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct PollKey {
    dash: i32,
    widget: i64,
    /// Of a tile's template, else 0.
    template: i64,
    device: i32,
}

/// When which display was read last from which device. One per user; in memory only.
#[derive(Debug, Clone, Default)]
pub struct Polls(HashMap<PollKey, i64>);

impl Polls {
    /// Forgets the times of a project, e.g. when it is deleted.
    pub fn forget_dash(&mut self, dash_id: i32) {
        self.0.retain(|key, _| key.dash != dash_id);
    }

    /// Whether it is time again; if so, the time is noted.
    fn is_due(&mut self, key: PollKey, period_ms: i64, now_ms: i64) -> bool {
        if let Some(last) = self.0.get_mut(&key) {
            // A clock that was set back must not stop polling.
            let due = now_ms + TOLERANCE_MS >= last.saturating_add(period_ms) || now_ms < *last;
            if due {
                *last = now_ms;
            }
            return due;
        }
        if self.0.len() >= MAX_REMEMBERED {
            self.0.clear();
        }
        self.0.insert(key, now_ms);
        true
    }
}

impl Widget {
    /// ms between two read requests, if this is a display that asks for values.
    fn read_period(&self) -> Option<i64> {
        let frequency = match &self.kind {
            Kind::Digit4Display(f) => f.frequency,
            Kind::LabeledValue(f) => f.frequency,
            Kind::Gauge(f) => f.frequency,
            Kind::Level(f) => f.frequency,
            Kind::Lcd(f) => f.frequency,
            _ => return None,
        };
        (frequency > 0).then_some(i64::from(frequency))
    }

    fn target_id(&self) -> Option<i32> {
        self.kind.one_pin().map(|own| own.device_id).or_else(|| self.kind.multi_pin().map(|(id, _)| id))
    }

    fn read_bodies(&self, bodies: &mut Vec<String>) {
        let mut add = |pin: i16, pin_type: Option<PinType>| match pin_type {
            Some(pin_type) if pin != NO_PIN => bodies.push(format!("{}r\0{pin}", pin_type.letter())),
            _ => {}
        };
        if let Some(own) = self.kind.one_pin() {
            add(own.pin, own.pin_type);
        } else if let Some((_, streams)) = self.kind.multi_pin() {
            streams.iter().for_each(|s| add(s.pin, s.pin_type));
        }
    }
}

impl Profile {
    /// Whether any display of any project asks for values.
    pub fn has_reads(&self) -> bool {
        let asks = |w: &Widget| w.read_period().is_some();
        self.dashboards.iter().any(|d| d.widgets.iter().any(asks) || d.template_widgets().any(asks))
    }
}

impl Dashboard {
    /// The read requests that are due for a device, as bodies of HARDWARE messages with id 7778. The caller has checked
    /// that the project is active and somebody is connected; ask once per device and tick, and send to all of its
    /// connections.
    pub fn due_reads(&self, device_id: i32, polls: &mut Polls, now_ms: i64) -> Vec<String> {
        let mut bodies = Vec::new();
        for widget in &self.widgets {
            let key = PollKey { dash: self.id, widget: widget.id, template: 0, device: device_id };
            if let Kind::Tiles(tiles) = &widget.kind {
                for tile in tiles.tiles.iter().filter(|tile| tile.device_id == device_id) {
                    let Some(template) = tiles.templates.iter().find(|t| t.id == tile.template_id) else { continue };
                    let mut displays = template.widgets.iter().filter(|w| w.read_period().is_some()).peekable();
                    let key = PollKey { template: template.id, ..key };
                    if displays.peek().is_some() && polls.is_due(key, TILE_PERIOD_MS, now_ms) {
                        displays.for_each(|w| w.read_bodies(&mut bodies));
                    }
                }
            } else if let (Some(period), Some(target)) = (widget.read_period(), widget.target_id()) {
                if self.target(target).is_some_and(|t| t.selects(device_id)) && polls.is_due(key, period, now_ms) {
                    widget.read_bodies(&mut bodies);
                }
            }
        }
        bodies
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::fixture;

    #[test]
    fn displays_are_read_at_their_frequency() {
        let profile = fixture();
        let dash = profile.dash(1).unwrap();
        let mut polls = Polls::default();
        let mut due = |device, now| dash.due_reads(device, &mut polls, now).join(" ").replace('\0', "|");
        assert_eq!(due(0, 10_000), "ar|0 vr|22 vr|23 vr|24 vr|26");
        assert_eq!((due(1, 10_000), due(2, 10_000)), ("vr|61".into(), "vr|61".into()));
        assert_eq!(due(0, 10_500), "");
        assert_eq!((due(0, 10_999), due(1, 10_999)), ("ar|0 vr|23 vr|24".into(), "vr|61".into()));
        assert_eq!(due(0, 12_000), "ar|0 vr|23 vr|24 vr|26");
        assert_eq!(due(0, 15_000), "ar|0 vr|22 vr|23 vr|24 vr|26");
        assert_eq!(due(0, 1_000), "ar|0 vr|22 vr|23 vr|24 vr|26");
        assert_eq!(due(7, 1_000), "");
    }

    #[test]
    fn a_display_on_a_tag_reads_every_device() {
        let mut profile = fixture();
        let dash = profile.dash_mut(1).unwrap();
        dash.widget_mut(22).unwrap().kind.one_pin_mut().unwrap().device_id = 100_000;
        let mut polls = Polls::default();
        for device in [0, 1] {
            assert!(dash.due_reads(device, &mut polls, 10_000).contains(&"ar\x000".to_owned()));
        }
        assert!(!dash.due_reads(2, &mut polls, 10_000).contains(&"ar\x000".to_owned()));
        polls.forget_dash(1);
        assert!(polls.0.is_empty());
    }
}
