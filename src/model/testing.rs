//! What the unit tests of the model share.

use super::json::Reading;
use super::{PinKey, PinValue, Profile, User};

/// The profile with every widget type.
pub fn fixture() -> Profile {
    let text = include_str!("../../tests/data/example-profile.user.json");
    User::from_file(text, User::default(), &Reading::strict()).unwrap().unwrap().profile
}

/// The lines stored under a key, none if there is no such entry.
pub fn text_of<'a>(profile: &'a Profile, key: &str) -> &'a [String] {
    profile.storage.0.get(&PinKey::parse(key).unwrap()).map_or(&[], PinValue::lines)
}
