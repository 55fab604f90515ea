//! Sensors of the phone (spec 03 §9.3): values go from the app to the device.

use crate::json_object;
use crate::model::pin::OnePin;

/// GPS_TRIGGER
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct GpsTrigger {
    pub pin: OnePin,
    pub trigger_on_enter: bool,
    pub trigger_lat: f32,
    pub trigger_lon: f32,
    pub trigger_radius: i32,
    pub accuracy: i32,
}
json_object!(GpsTrigger {
    flatten pin; "triggerOnEnter" trigger_on_enter, "triggerLat" trigger_lat, "triggerLon" trigger_lon,
    "triggerRadius" trigger_radius, "accuracy" accuracy
});

/// GPS_STREAMING
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct GpsStreaming {
    pub pin: OnePin,
    pub accuracy: i32,
    pub frequency: i32,
    pub interval: i64,
}
json_object!(GpsStreaming { flatten pin; "accuracy" accuracy, "frequency" frequency, "interval" interval });

/// LIGHT, PROXIMITY, ACCELEROMETER, GRAVITY, BAROMETER, HUMIDITY
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Sensor {
    pub pin: OnePin,
    pub frequency: i32,
}
json_object!(Sensor { flatten pin; "frequency" frequency });

/// TEMPERATURE
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Temperature {
    pub pin: OnePin,
    pub is_celsius: bool,
    pub frequency: i32,
}
json_object!(Temperature { flatten pin; "isCelsius" is_celsius, "frequency" frequency });
