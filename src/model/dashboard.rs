//! Dashboards (projects).

use super::device::Device;
use super::enums::Theme;
use super::storage::ObsoleteStorage;
use super::tag::Tag;
use super::widget::Widget;
use super::widgets::Widgets;
use crate::{json_nested, json_object};

/// `parentId` of a project that is not a face or preview of another.
pub const NO_PARENT: i32 = -1;

/// A project.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct Dashboard {
    pub id: i32,
    pub parent_id: i32,
    pub is_preview: bool,
    pub name: String,
    /// ms since 1970.
    pub created_at: i64,
    /// ms since 1970.
    pub updated_at: i64,
    pub widgets: Widgets,
    pub devices: Vec<Device>,
    pub tags: Vec<Tag>,
    pub theme: Theme,
    pub keep_screen_on: bool,
    pub is_app_connected_on: bool,
    pub is_notifications_off: bool,
    pub is_shared: bool,
    pub is_active: bool,
    pub widget_background_on: bool,
    pub color: i32,
    pub is_default_color: bool,
    pub shared_token: String,
    /// Only as read from old files; always empty afterwards.
    pub obsolete_storage: ObsoleteStorage,
}

impl Default for Dashboard {
    fn default() -> Self {
        Dashboard {
            id: 0,
            parent_id: NO_PARENT,
            is_preview: false,
            name: String::new(),
            created_at: 0,
            updated_at: 0,
            widgets: Widgets::default(),
            devices: Vec::new(),
            tags: Vec::new(),
            theme: Theme::default(),
            keep_screen_on: false,
            is_app_connected_on: false,
            is_notifications_off: false,
            is_shared: false,
            is_active: false,
            widget_background_on: false,
            color: -1,
            is_default_color: true,
            shared_token: String::new(),
            obsolete_storage: ObsoleteStorage::default(),
        }
    }
}

json_object!(Dashboard {
    "id" id, "parentId" parent_id, "isPreview" is_preview, "name" name, "createdAt" created_at,
    "updatedAt" updated_at, "widgets" widgets, "devices" devices, "tags" tags, "theme" theme,
    "keepScreenOn" keep_screen_on, "isAppConnectedOn" is_app_connected_on,
    "isNotificationsOff" is_notifications_off, "isShared" is_shared, "isActive" is_active,
    "widgetBackgroundOn" widget_background_on, "color" color, "isDefaultColor" is_default_color,
    "sharedToken" shared_token private, "pinsStorage" obsolete_storage private
});
json_nested!(ObjectSeed: Dashboard);

/// How far a project's devices were searched, see [`Dashboard::device_from`]. It begins with none.
#[derive(Debug, Clone, Copy, Default)]
pub struct Place {
    passed: usize,
    /// Of the ids that were passed; one up to it may stand there.
    greatest: Option<i32>,
}

impl Dashboard {
    /// The device with this id; the first one, should a file have two.
    pub fn device(&self, id: i32) -> Option<&Device> {
        self.devices.iter().find(|d| d.id == id)
    }

    /// The device with this id, as [`Dashboard::device`]. The search goes on at `place`: whoever asks for many ids in their
    /// order passes every device once, since most projects hold their devices so.
    pub fn device_from(&self, id: i32, place: &mut Place) -> Option<&Device> {
        if place.greatest.is_some_and(|greatest| id <= greatest) {
            return self.device(id);
        }
        let behind = self.devices.get(place.passed..)?;
        for (n, device) in behind.iter().enumerate() {
            place.greatest = place.greatest.max(Some(device.id));
            if device.id == id {
                place.passed += n + 1;
                return Some(device);
            }
        }
        place.passed = self.devices.len();
        None
    }

    /// The device with this id.
    pub fn device_mut(&mut self, id: i32) -> Option<&mut Device> {
        self.devices.iter_mut().find(|d| d.id == id)
    }

    /// The tag with this id.
    pub fn tag(&self, id: i32) -> Option<&Tag> {
        self.tags.iter().find(|t| t.id == id)
    }

    /// The top-level widget with this id.
    pub fn widget(&self, id: i64) -> Option<&Widget> {
        self.widgets.iter().find(|w| w.id == id)
    }

    /// The top-level widget with this id.
    pub fn widget_mut(&mut self, id: i64) -> Option<&mut Widget> {
        self.widgets.iter_mut().find(|w| w.id == id)
    }

    /// The name, or what apps show for a project without one.
    pub fn name_or_default(&self) -> &str {
        if self.name.is_empty() {
            "New Project"
        } else {
            &self.name
        }
    }
}

/// Body of UPDATE_PROJECT_SETTINGS; fields that are missing become null, false or 0.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct DashboardSettings {
    pub name: String,
    pub is_shared: bool,
    pub theme: Theme,
    pub keep_screen_on: bool,
    pub is_app_connected_on: bool,
    pub is_notifications_off: bool,
    pub widget_background_on: bool,
    pub color: i32,
    pub is_default_color: bool,
}

json_object!(DashboardSettings {
    "name" name, "isShared" is_shared, "theme" theme, "keepScreenOn" keep_screen_on,
    "isAppConnectedOn" is_app_connected_on, "isNotificationsOff" is_notifications_off,
    "widgetBackgroundOn" widget_background_on, "color" color, "isDefaultColor" is_default_color
});
json_nested!(ObjectSeed: DashboardSettings);

impl Dashboard {
    /// Takes over all settings. The caller sets `updated_at`.
    pub fn apply_settings(&mut self, new: DashboardSettings) {
        self.name = new.name;
        self.is_shared = new.is_shared;
        self.theme = new.theme;
        self.keep_screen_on = new.keep_screen_on;
        self.is_app_connected_on = new.is_app_connected_on;
        self.is_notifications_off = new.is_notifications_off;
        self.widget_background_on = new.widget_background_on;
        self.color = new.color;
        self.is_default_color = new.is_default_color;
    }

    /// The settings as they are.
    pub fn settings(&self) -> DashboardSettings {
        DashboardSettings {
            name: self.name.clone(),
            is_shared: self.is_shared,
            theme: self.theme,
            keep_screen_on: self.keep_screen_on,
            is_app_connected_on: self.is_app_connected_on,
            is_notifications_off: self.is_notifications_off,
            widget_background_on: self.widget_background_on,
            color: self.color,
            is_default_color: self.is_default_color,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_that_goes_on_finds_what_one_from_the_front_does() {
        for ids in [&[0, 1, 2, 3][..], &[5, 0, 5, 6, 0], &[3, 2, 1, 0], &[-1, 7, 7], &[]] {
            let named = |(n, id): (usize, &i32)| Device { id: *id, name: n.to_string(), ..Device::default() };
            let devices = ids.iter().enumerate().map(named).collect();
            let dash = Dashboard { devices, ..Dashboard::default() };
            for asked in [&[-1, 0, 1, 2, 3, 4, 5, 6, 7, 8][..], &[7, 5, 9, 0, 0, 3], &[2, 6, 5]] {
                let mut place = Place::default();
                for id in asked {
                    assert_eq!(dash.device_from(*id, &mut place), dash.device(*id), "{id} in {ids:?}");
                }
            }
        }
    }
}
