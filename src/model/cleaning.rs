//! Which entries of the pin storage go when widgets, templates, devices, tags and projects change (spec 03 §6.4).

use super::dashboard::Dashboard;
use super::pin::{PinType, NO_PIN};
use super::storage::PinStorage;
use super::widget::{DeviceTiles, Kind, Widget};
use std::collections::HashSet;

/// Pins of devices of one project.
#[derive(Debug, Default)]
pub(super) struct Pins(HashSet<(i32, PinType, u8)>);

impl Pins {
    fn add(&mut self, devices: &[i32], widget: &Widget) {
        let mut add = |pin: i16, pin_type: Option<PinType>| {
            if let (Some(pin_type), Ok(pin), true) = (pin_type, u8::try_from(pin), pin != NO_PIN) {
                self.0.extend(devices.iter().map(|device| (*device, pin_type, pin)));
            }
        };
        if let Some(own) = widget.kind.one_pin() {
            add(own.pin, own.pin_type);
        } else if let Some((_, streams)) = widget.kind.multi_pin() {
            streams.iter().for_each(|s| add(s.pin, s.pin_type));
        }
    }

    /// The pins of a widget of the project's own list, for all devices that its target can mean; of a tiles widget the
    /// tiles' pins and those of its templates.
    pub fn add_widget(&mut self, dash: &Dashboard, widget: &Widget) {
        if let Kind::Tiles(tiles) = &widget.kind {
            self.add_tiles(tiles);
            for template in &tiles.templates {
                self.add_widgets_of_template(&template.device_ids, &template.widgets);
            }
            return;
        }
        let target = widget.kind.one_pin().map(|own| own.device_id);
        let target = target.or_else(|| widget.kind.multi_pin().map(|(device_id, _)| device_id));
        if let Some(target) = target.and_then(|id| dash.target(id)) {
            self.add(target.assigned_ids(), widget);
        }
    }

    /// The pins of all tiles.
    pub fn add_tiles(&mut self, tiles: &DeviceTiles) {
        for tile in &tiles.tiles {
            if let Some((pin_type, Ok(pin))) = tile.pin.as_ref().and_then(|s| Some((s.pin_type?, u8::try_from(s.pin))))
            {
                self.0.insert((tile.device_id, pin_type, pin));
            }
        }
    }

    /// The pins of widgets of a template, for all its devices.
    pub fn add_widgets_of_template(&mut self, device_ids: &[i32], widgets: &[Widget]) {
        widgets.iter().for_each(|widget| self.add(device_ids, widget));
    }
}

impl PinStorage {
    /// Removes the values of these pins of a project, and their properties if asked to.
    pub(super) fn clean(&mut self, dash_id: i32, pins: &Pins, with_properties: bool) {
        if !pins.0.is_empty() {
            self.remove_if(|key| {
                key.dash == dash_id
                    && (with_properties || key.property.is_none())
                    && pins.0.contains(&(key.device, key.pin_type, key.pin))
            });
        }
    }

    /// Removes all of a device or tag of a project.
    pub(super) fn remove_device(&mut self, dash_id: i32, device_id: i32) {
        self.remove_if(|key| key.dash == dash_id && key.device == device_id);
    }
}
