//! Where the pins of each widget type are.

use super::Kind;
use crate::model::pin::{DataStream, OnePin};

/// Gives `&OnePin` / `&mut OnePin` of whatever has one.
macro_rules! one_pin {
    ($name:ident, $($mutable:tt)?) => {
        /// The pin of a one-pin widget, WEBHOOK included.
        pub fn $name(& $($mutable)? self) -> Option<& $($mutable)? OnePin> {
            Some(match self {
                Kind::Pin(f) => f,
                Kind::Button(f) => & $($mutable)? f.pin,
                Kind::StyledButton(f) => & $($mutable)? f.pin,
                Kind::TextInput(f) => & $($mutable)? f.pin,
                Kind::NumberInput(f) => & $($mutable)? f.pin,
                Kind::Slider(f) => & $($mutable)? f.pin,
                Kind::Timer(f) => & $($mutable)? f.pin,
                Kind::Terminal(f) => & $($mutable)? f.pin,
                Kind::Step(f) => & $($mutable)? f.pin,
                Kind::TimeInput(f) => & $($mutable)? f.pin,
                Kind::SegmentedControl(f) => & $($mutable)? f.pin,
                Kind::Switch(f) => & $($mutable)? f.pin,
                Kind::Digit4Display(f) => & $($mutable)? f.pin,
                Kind::LabeledValue(f) => & $($mutable)? f.pin,
                Kind::Gauge(f) => & $($mutable)? f.pin,
                Kind::Level(f) => & $($mutable)? f.pin,
                Kind::Video(f) => & $($mutable)? f.pin,
                Kind::GpsTrigger(f) => & $($mutable)? f.pin,
                Kind::GpsStreaming(f) => & $($mutable)? f.pin,
                Kind::Sensor(f) => & $($mutable)? f.pin,
                Kind::Temperature(f) => & $($mutable)? f.pin,
                Kind::Menu(f) => & $($mutable)? f.pin,
                Kind::Player(f) => & $($mutable)? f.pin,
                Kind::Table(f) => & $($mutable)? f.pin,
                Kind::Image(f) => & $($mutable)? f.pin,
                Kind::Map(f) => & $($mutable)? f.pin,
                Kind::Webhook(f) => & $($mutable)? f.pin,
                _ => return None,
            })
        }
    };
}

impl Kind {
    one_pin!(one_pin,);
    one_pin!(one_pin_mut, mut);

    /// Device id and streams of a multi-pin widget.
    pub fn multi_pin(&self) -> Option<(i32, &[DataStream])> {
        match self {
            Kind::Rgb(f) => Some((f.device_id, &f.pins)),
            Kind::Joystick(f) => Some((f.device_id, &f.pins)),
            Kind::Lcd(f) => Some((f.device_id, &f.pins)),
            _ => None,
        }
    }

    /// Device id and streams of a multi-pin widget.
    pub fn multi_pin_mut(&mut self) -> Option<(i32, &mut Vec<DataStream>)> {
        match self {
            Kind::Rgb(f) => Some((f.device_id, &mut f.pins)),
            Kind::Joystick(f) => Some((f.device_id, &mut f.pins)),
            Kind::Lcd(f) => Some((f.device_id, &mut f.pins)),
            _ => None,
        }
    }
}
