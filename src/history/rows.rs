//! What goes into the reporting database, as plain values.

use super::names::Pin;
use std::sync::Arc;

/// A finished average.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct AverageRow {
    pub email: Arc<str>,
    pub pin: Pin,
    pub value: f64,
    /// Begin of the span, ms since 1970.
    pub ts: i64,
}

/// A value as it came.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct RawRow {
    pub email: Arc<str>,
    pub pin: Pin,
    pub value: RawValue,
    /// ms since 1970.
    pub ts: i64,
}

/// A number or any other text.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum RawValue {
    Number(f64),
    Text(Box<str>),
}

impl RawRow {
    /// About how much memory it takes, bytes.
    pub fn size(&self) -> usize {
        let text = match &self.value {
            RawValue::Number(_) => 0,
            RawValue::Text(text) => text.len(),
        };
        size_of::<RawRow>() + text
    }
}
