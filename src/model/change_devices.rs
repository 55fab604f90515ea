//! What goes along with a deleted device, and tags (spec 03 §15, §13.3, §4.5).

use super::change_widgets::ChangeError;
use super::device::Device;
use super::tag::{Tag, FIRST_TAG_ID};
use super::user::Profile;
use super::widget::{Kind, Widget};

impl Widget {
    /// Forgets a device that was deleted.
    fn forget_device(&mut self, device_id: i32) {
        let is_not = |id: &i32| *id != device_id;
        match &mut self.kind {
            Kind::DeviceSelector(selector) => selector.device_ids.retain(is_not),
            Kind::Tiles(tiles) => {
                tiles.tiles.retain(|tile| tile.device_id != device_id);
                tiles.templates.iter_mut().for_each(|t| t.device_ids.retain(is_not));
            }
            Kind::Report(report) => {
                let sources = report.reports.iter_mut().flat_map(|r| &mut r.sources);
                sources.for_each(|source| source.device_ids.retain(is_not));
            }
            _ => {}
        }
        let own = self.kind.one_pin().map(|own| own.device_id);
        if own.or_else(|| self.kind.multi_pin().map(|(id, _)| id)) == Some(device_id) {
            self.erase();
        }
    }
}

impl Profile {
    /// Deletes a device with everything of the model that refers to it: values of its widgets, tiles, places in
    /// selectors, templates, reports and tags, stored values. The caller drops its token, connections, timers and
    /// history, and marks the user as changed. `None`: no such project or device.
    pub fn delete_device(&mut self, dash_id: i32, device_id: i32) -> Option<Device> {
        let dash = self.dash_mut(dash_id)?;
        let at = dash.devices.iter().position(|d| d.id == device_id)?;
        let device = dash.devices.remove(at);
        dash.widgets.iter_mut().for_each(|widget| widget.forget_device(device_id));
        dash.tags.iter_mut().for_each(|tag| tag.device_ids.retain(|id| *id != device_id));
        self.storage.remove_device(dash_id, device_id);
        Some(device)
    }

    /// Adds a tag.
    ///
    /// Errors: `NotFound`; `BadTag` when it is not valid or id or name are in use.
    pub fn create_tag(&mut self, dash_id: i32, tag: Tag) -> Result<(), ChangeError> {
        let dash = self.dash_mut(dash_id).ok_or(ChangeError::NotFound)?;
        if !tag.is_valid() || dash.tags.iter().any(|old| old.id == tag.id || old.name == tag.name) {
            return Err(ChangeError::BadTag);
        }
        dash.tags.push(tag);
        Ok(())
    }

    /// Replaces name and devices of a tag; another tag may have the same name.
    ///
    /// Errors: `NotFound`, `BadTag`.
    pub fn update_tag(&mut self, dash_id: i32, tag: Tag) -> Result<(), ChangeError> {
        let dash = self.dash_mut(dash_id).ok_or(ChangeError::NotFound)?;
        if !tag.is_valid() {
            return Err(ChangeError::BadTag);
        }
        let old = dash.tags.iter_mut().find(|old| old.id == tag.id).ok_or(ChangeError::NotFound)?;
        *old = tag;
        Ok(())
    }

    /// Deletes a tag and what was stored under its own id; widgets keep the id.
    ///
    /// Errors: `NotFound`.
    pub fn delete_tag(&mut self, dash_id: i32, tag_id: i32) -> Result<(), ChangeError> {
        let dash = self.dash_mut(dash_id).ok_or(ChangeError::NotFound)?;
        let at = dash.tags.iter().position(|tag| tag.id == tag_id).ok_or(ChangeError::NotFound)?;
        dash.tags.remove(at);
        // A tag of an old file may have a device's id.
        if tag_id >= FIRST_TAG_ID {
            self.storage.remove_device(dash_id, tag_id);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::{fixture, text_of};

    #[test]
    fn a_deleted_device_leaves_nothing_behind_in_its_project_only() {
        let mut profile = fixture();
        assert_eq!(profile.delete_device(1, 0).unwrap().id, 0);
        let dash = profile.dash(1).unwrap();
        assert_eq!(dash.devices.iter().map(|d| d.id).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(dash.widget(2).unwrap().kind.one_pin().unwrap().value, None);
        let Kind::Timer(timer) = &dash.widget(11).unwrap().kind else { panic!() };
        assert_eq!((timer.start_time, timer.start_value.as_str()), (-1, ""));
        assert_eq!(dash.widget(59).unwrap().kind.one_pin().unwrap().value.as_deref(), Some("1"));
        assert_eq!(dash.selector(200_000).unwrap().device_ids, [1, 2]);
        assert_eq!(dash.tag(100_000).unwrap().device_ids, [1]);
        let tiles = dash.tiles(60).unwrap();
        assert!(tiles.tiles.iter().all(|tile| tile.device_id != 0) && !tiles.tiles.is_empty());
        assert!(tiles.templates.iter().all(|t| !t.device_ids.contains(&0)));
        let Kind::Report(report) = &dash.widget(49).unwrap().kind else { panic!() };
        assert!(report.reports.iter().flat_map(|r| &r.sources).all(|s| !s.device_ids.contains(&0)));
        assert_eq!(report.sources[0].device_ids, [0, 1], "the widget's own list stays");
        assert!(profile.storage.0.keys().all(|key| (key.dash, key.device) != (1, 0)));
        assert_eq!(text_of(&profile, "2-0-v5"), ["face"]);
        assert_eq!(profile.delete_device(1, 0), None);
        assert_eq!(profile.delete_device(9, 1), None);
    }

    #[test]
    fn tags_have_unique_names_when_made() {
        let mut profile = fixture();
        let tag = |id, name: &str| Tag { id, name: name.into(), device_ids: vec![1] };
        let taken = profile.dash(1).unwrap().tags[0].name.clone();
        assert_eq!(profile.create_tag(1, tag(100_003, &taken)), Err(ChangeError::BadTag));
        assert_eq!(profile.create_tag(1, tag(100_000, "x")), Err(ChangeError::BadTag));
        assert_eq!(profile.create_tag(1, tag(200_000, "x")), Err(ChangeError::BadTag));
        assert_eq!(profile.create_tag(9, tag(100_003, "x")), Err(ChangeError::NotFound));
        profile.create_tag(1, tag(100_003, "x")).unwrap();
        profile.update_tag(1, tag(100_003, &taken)).unwrap();
        assert_eq!(profile.dash(1).unwrap().tag(100_003).unwrap().name, taken);
        assert_eq!(profile.update_tag(1, tag(100_009, "y")), Err(ChangeError::NotFound));
        assert_eq!(profile.update_tag(1, tag(100_003, "")), Err(ChangeError::BadTag));
        profile.delete_tag(1, 100_001).unwrap();
        assert!(text_of(&profile, "1-100001-v46").is_empty());
        assert_eq!(profile.delete_tag(1, 100_001), Err(ChangeError::NotFound));
    }
}
