//! Widgets that show values (spec 03 §9.2), and MAP.

use crate::json_object;
use crate::model::enums::{FontSize, TextAlignment};
use crate::model::pin::{DataStream, OnePin};

/// DIGIT4_DISPLAY. `frequency`: ms between read requests, 0 = never.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Digit4Display {
    pub pin: OnePin,
    pub frequency: i32,
    pub font_size: Option<FontSize>,
}
json_object!(Digit4Display { flatten pin; "frequency" frequency, "fontSize" font_size });

/// LABELED_VALUE_DISPLAY
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct LabeledValue {
    pub pin: OnePin,
    pub frequency: i32,
    pub text_alignment: Option<TextAlignment>,
    pub value_formatting: String,
    pub font_size: Option<FontSize>,
}
json_object!(LabeledValue {
    flatten pin; "frequency" frequency, "textAlignment" text_alignment, "valueFormatting" value_formatting,
    "fontSize" font_size
});

/// GAUGE
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Gauge {
    pub pin: OnePin,
    pub frequency: i32,
    pub value_formatting: String,
    pub font_size: Option<FontSize>,
}
json_object!(Gauge { flatten pin; "frequency" frequency, "valueFormatting" value_formatting, "fontSize" font_size });

/// LCD. In advanced mode the last commands are kept in memory, not in the JSON.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Lcd {
    pub device_id: i32,
    pub advanced_mode: bool,
    pub text_format_line1: String,
    pub text_format_line2: String,
    pub text_light: bool,
    pub frequency: i32,
    pub pins: Vec<DataStream>,
    /// Oldest first.
    pub lines: Vec<String>,
}
json_object!(Lcd {
    "deviceId" device_id, "advancedMode" advanced_mode, "textFormatLine1" text_format_line1,
    "textFormatLine2" text_format_line2, "textLight" text_light, "frequency" frequency, "pins" pins
});

/// LEVEL_DISPLAY, VERTICAL_LEVEL_DISPLAY
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct Level {
    pub pin: OnePin,
    pub frequency: i32,
    pub is_axis_flip_on: bool,
    pub show_value_on: bool,
}
impl Default for Level {
    fn default() -> Self {
        Level { pin: OnePin::default(), frequency: 0, is_axis_flip_on: false, show_value_on: true }
    }
}
json_object!(Level { flatten pin; "frequency" frequency, "isAxisFlipOn" is_axis_flip_on, "showValueOn" show_value_on });

/// VIDEO
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Video {
    pub pin: OnePin,
    pub url: String,
    pub force_tcp: bool,
}
json_object!(Video { flatten pin; "url" url, "forceTCP" force_tcp });

/// MAP. The last points are kept in memory, not in the JSON.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Map {
    pub pin: OnePin,
    pub is_pin_to_latest_point: bool,
    pub is_my_location_supported: bool,
    pub is_satellite_mode: bool,
    pub label_format: String,
    pub radius: i32,
    pub lat: f32,
    pub lon: f32,
    /// Oldest first.
    pub lines: Vec<String>,
}
json_object!(Map {
    flatten pin; "isPinToLatestPoint" is_pin_to_latest_point, "isMyLocationSupported" is_my_location_supported,
    "isSatelliteMode" is_satellite_mode, "labelFormat" label_format, "radius" radius, "lat" lat, "lon" lon
});
