//! Time zone names as they stand in profiles.

use super::json::{Bad, Cursor, Field, Reading, Writer};

/// A zone id, kept as it was given when it is a known one; `None` = none given (UTC at use).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Zone(pub Option<Box<str>>);

impl Zone {
    /// The zone of this text, in the form in which it is stored (spec 03 §9.6).
    pub fn parse(text: &str) -> Self {
        let id = crate::tz::normalise(text);
        // Where no zone is known, on a router without zone files, a profile's zones must outlive us.
        if &*id == "UTC" && text.contains('/') && !crate::tz::knows_regions() {
            return Zone(Some(text.into()));
        }
        Zone(Some(id))
    }

    /// The zone's id; UTC when none was given.
    pub fn id(&self) -> &str {
        self.0.as_deref().unwrap_or("UTC")
    }
}

impl Field for Zone {
    fn read(json: &mut Cursor<'_>, cx: &Reading) -> Result<Self, Bad> {
        cx.scalar(json, |raw| Ok(super::json::text(raw)?.map_or(Zone(None), |text| Zone::parse(&text))))
    }
    fn write(&self, key: &str, w: &mut Writer) {
        if let Some(id) = self.0.as_deref().filter(|id| !id.is_empty()) {
            w.key(key);
            w.text(id);
        }
    }
}
