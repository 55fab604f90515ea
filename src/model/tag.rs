//! Tags: named groups of devices that widgets and app writes can address.

use crate::{json_nested, json_object};

/// Ids from here on are tags.
pub const FIRST_TAG_ID: i32 = 100_000;
/// Ids from here on are device selectors.
pub const FIRST_SELECTOR_ID: i32 = 200_000;

/// A named group of devices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Tag {
    pub id: i32,
    pub name: String,
    pub device_ids: Vec<i32>,
}

json_object!(Tag { "id" id, "name" name, "deviceIds" device_ids });
json_nested!(ObjectSeed: Tag);

impl Tag {
    /// Whether an app may store it: id range, name of 1..40 characters, at most 25 devices.
    pub fn is_valid(&self) -> bool {
        let characters = self.name.encode_utf16().count();
        (FIRST_TAG_ID..FIRST_SELECTOR_ID).contains(&self.id)
            && (1..=40).contains(&characters)
            && self.device_ids.len() <= 25
    }
}
