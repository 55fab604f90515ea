//! Pins and data streams: where a value comes from or goes to.

use crate::{json_enum, json_nested, json_object};

json_enum!(
    /// Kind of a pin; ordinals as in profiles.
    PinType, default Digital { Digital = "DIGITAL", Virtual = "VIRTUAL", Analog = "ANALOG" }
);

impl PinType {
    /// The letter on the wire.
    pub fn letter(self) -> char {
        match self {
            PinType::Digital => 'd',
            PinType::Virtual => 'v',
            PinType::Analog => 'a',
        }
    }

    /// The letters of a write on the wire; in PWM mode those of an analog pin.
    pub fn write_letters(self, pwm_mode: bool) -> &'static str {
        match self {
            _ if pwm_mode => "aw",
            PinType::Digital => "dw",
            PinType::Virtual => "vw",
            PinType::Analog => "aw",
        }
    }

    /// The pin type of a wire letter, either case.
    pub fn from_letter(letter: char) -> Option<Self> {
        match letter {
            'd' | 'D' => Some(PinType::Digital),
            'v' | 'V' => Some(PinType::Virtual),
            'a' | 'A' => Some(PinType::Analog),
            _ => None,
        }
    }
}

/// `pin` of a widget to which no pin is assigned.
pub const NO_PIN: i16 = -1;

/// A pin with its last value inside a multi-pin widget, tile, graph or rule.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct DataStream {
    pub pin: i16,
    pub pwm_mode: bool,
    pub range_mapping_on: bool,
    pub pin_type: Option<PinType>,
    pub value: Option<String>,
    pub min: f32,
    pub max: f32,
    pub label: String,
}

json_object!(DataStream {
    "pin" pin, "pwmMode" pwm_mode, "rangeMappingOn" range_mapping_on, "pinType" pin_type, "value" value,
    "min" min, "max" max, "label" label
});
json_nested!(ObjectSeed: DataStream);

impl DataStream {
    /// A pin is assigned and has a type.
    pub fn is_valid(&self) -> bool {
        self.pin != NO_PIN && self.pin_type.is_some()
    }

    /// Whether a written pin is this one (spec 03 §5); the device is the caller's business.
    pub fn is_same(&self, pin_type: PinType, pin: u8) -> bool {
        self.pin == i16::from(pin)
            && (self.pin_type == Some(pin_type) || (self.pwm_mode && pin_type == PinType::Analog))
    }

    /// `<letter>w\0<pin>\0<value>`, if the pin is valid and has a value.
    pub fn write_body(&self) -> Option<String> {
        let value = self.value.as_deref()?;
        write_body(self.pin_type?, self.pwm_mode, self.pin, value)
    }
}

/// `<letter>w\0<pin>\0<value>`; the letter is `a` for a pin in PWM mode. `None` when no pin is assigned.
pub fn write_body(pin_type: PinType, pwm_mode: bool, pin: i16, value: &str) -> Option<String> {
    if pin == NO_PIN {
        return None;
    }
    let letters = pin_type.write_letters(pwm_mode);
    Some(format!("{letters}\0{pin}\0{value}"))
}

/// The fields that every one-pin widget has.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct OnePin {
    pub device_id: i32,
    pub pin_type: Option<PinType>,
    pub pin: i16,
    pub pwm_mode: bool,
    pub range_mapping_on: bool,
    pub min: f32,
    pub max: f32,
    pub value: Option<String>,
}

impl Default for OnePin {
    fn default() -> Self {
        OnePin {
            device_id: 0,
            pin_type: None,
            pin: NO_PIN,
            pwm_mode: false,
            range_mapping_on: false,
            min: 0.0,
            max: 0.0,
            value: None,
        }
    }
}

json_object!(OnePin {
    "deviceId" device_id, "pinType" pin_type, "pin" pin, "pwmMode" pwm_mode, "rangeMappingOn" range_mapping_on,
    "min" min, "max" max, "value" value
});

impl OnePin {
    /// A pin is assigned and has a type.
    pub fn is_valid(&self) -> bool {
        self.pin != NO_PIN && self.pin_type.is_some()
    }

    /// Whether a written pin is this one, on exactly this device id (spec 03 §5).
    pub fn is_same(&self, device_id: i32, pin_type: PinType, pin: u8) -> bool {
        self.device_id == device_id
            && self.pin == i16::from(pin)
            && (self.pin_type == Some(pin_type)
                || (self.pwm_mode && pin_type == PinType::Analog)
                || (pin_type == PinType::Digital && self.pin_type == Some(PinType::Analog)))
    }

    /// `<letter>w\0<pin>\0<value>`, if the pin is valid and has a value. `keep_letter`: PWM mode does not count.
    pub fn write_body(&self, keep_letter: bool) -> Option<String> {
        let value = self.value.as_deref()?;
        write_body(self.pin_type?, self.pwm_mode && !keep_letter, self.pin, value)
    }
}

#[cfg(test)]
mod tests {
    use super::PinType;
    use crate::model::json::Name;

    #[test]
    fn constants_are_named_or_counted_with_or_without_blanks() {
        for (text, wanted) in [
            ("VIRTUAL", Some(PinType::Virtual)),
            (" ANALOG ", Some(PinType::Analog)),
            ("1", Some(PinType::Virtual)),
            (" 2 ", Some(PinType::Analog)),
            ("virtual", None),
            ("3", None),
            ("+1", None),
            ("", None),
        ] {
            assert_eq!(PinType::from_name_or_ordinal(text), wanted, "{text:?}");
        }
    }
}
