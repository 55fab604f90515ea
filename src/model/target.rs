//! Targets: what the device id of a widget, graph stream or app write stands for (spec 03 §7).

use super::dashboard::Dashboard;
use super::device::Device;
use super::tag::{Tag, FIRST_SELECTOR_ID, FIRST_TAG_ID};
use super::widget::DeviceSelector;

/// A target that exists in its project.
#[derive(Debug, Clone, Copy)]
pub enum Target<'a> {
    /// One device.
    Device(&'a Device),
    /// All devices of a tag.
    Tag(&'a Tag),
    /// The device that is selected at the moment.
    Selector(&'a DeviceSelector),
}

impl<'a> Target<'a> {
    /// The devices that a write goes to. They need not exist.
    pub fn write_ids(&self) -> &'a [i32] {
        match self {
            Target::Device(device) => std::slice::from_ref(&device.id),
            Target::Tag(tag) => &tag.device_ids,
            Target::Selector(selector) => std::slice::from_ref(&selector.value),
        }
    }

    /// The devices that can be meant at any time: for a selector all that it lists.
    pub fn assigned_ids(&self) -> &'a [i32] {
        match self {
            Target::Selector(selector) => &selector.device_ids,
            other => other.write_ids(),
        }
    }

    /// Whether this device is meant now.
    pub fn selects(&self, device_id: i32) -> bool {
        self.write_ids().contains(&device_id)
    }
}

impl Dashboard {
    /// What this id stands for; `None` if there is no such device, tag or selector.
    pub fn target(&self, id: i32) -> Option<Target<'_>> {
        if id < FIRST_TAG_ID {
            self.device(id).map(Target::Device)
        } else if id < FIRST_SELECTOR_ID {
            self.tag(id).map(Target::Tag)
        } else {
            self.selector(id).map(Target::Selector)
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::model::testing::fixture;

    #[test]
    fn devices_tags_and_selectors_are_told_apart_by_their_ids() {
        let profile = fixture();
        let dash = profile.dash(1).unwrap();
        let ids = |id| dash.target(id).map(|t| (t.write_ids().to_vec(), t.assigned_ids().to_vec()));
        assert_eq!(ids(1), Some((vec![1], vec![1])));
        assert_eq!(ids(100_000), Some((vec![0, 1], vec![0, 1])));
        assert_eq!(ids(100_002), Some((vec![], vec![])));
        let (selected, assigned) = ids(200_000).unwrap();
        assert_eq!(selected.len(), 1);
        assert!(assigned.len() > 1);
        for unknown in [-1, 7, 100_009, 200_009, i32::MAX] {
            assert!(dash.target(unknown).is_none(), "{unknown}");
        }
        assert!(dash.target(100_000).unwrap().selects(1));
        assert!(!dash.target(100_000).unwrap().selects(2));
    }
}
