//! Widgets that people operate (spec 03 §9.1).

use crate::model::enums::{ButtonStyle, Edge, FontSize};
use crate::model::pin::{DataStream, OnePin};
use crate::model::zone::Zone;
use crate::{json_nested, json_object};

/// Text and colours of one state of a button.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct ButtonState {
    pub text: String,
    pub text_color: i32,
    pub background_color: i32,
    pub icon_name: String,
}
json_object!(ButtonState { "text" text, "textColor" text_color, "backgroundColor" background_color, "iconName" icon_name });
json_nested!(ObjectSeed: ButtonState);

/// BUTTON
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Button {
    pub pin: OnePin,
    pub push_mode: bool,
    pub on_label: String,
    pub off_label: String,
    pub font_size: Option<FontSize>,
}
json_object!(Button { flatten pin; "pushMode" push_mode, "onLabel" on_label, "offLabel" off_label, "fontSize" font_size });

/// STYLED_BUTTON
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct StyledButton {
    pub pin: OnePin,
    pub push_mode: bool,
    pub on_button_state: Option<ButtonState>,
    pub off_button_state: Option<ButtonState>,
    pub font_size: Option<FontSize>,
    pub edge: Option<Edge>,
    pub button_style: Option<ButtonStyle>,
    pub lock_size: bool,
}
json_object!(StyledButton {
    flatten pin; "pushMode" push_mode, "onButtonState" on_button_state, "offButtonState" off_button_state,
    "fontSize" font_size, "edge" edge, "buttonStyle" button_style, "lockSize" lock_size
});

/// LINK_BUTTON
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct LinkButton {
    pub url: String,
    pub on_button_state: Option<ButtonState>,
    pub off_button_state: Option<ButtonState>,
    pub font_size: Option<FontSize>,
    pub edge: Option<Edge>,
    pub button_style: Option<ButtonStyle>,
    pub lock_size: bool,
    pub show_address_bar: bool,
    pub show_navigation_bar: bool,
    pub allow_in_browser: bool,
}
json_object!(LinkButton {
    "url" url, "onButtonState" on_button_state, "offButtonState" off_button_state, "fontSize" font_size,
    "edge" edge, "buttonStyle" button_style, "lockSize" lock_size, "showAddressBar" show_address_bar,
    "showNavigationBar" show_navigation_bar, "allowInBrowser" allow_in_browser
});

/// TEXT_INPUT
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct TextInput {
    pub pin: OnePin,
    pub hint: String,
    pub limit: i32,
    pub font_size: Option<FontSize>,
}
json_object!(TextInput { flatten pin; "hint" hint, "limit" limit, "fontSize" font_size });

/// NUMBER_INPUT
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct NumberInput {
    pub pin: OnePin,
    pub suffix: String,
    pub step: f32,
    pub is_loop_on: bool,
    pub font_size: Option<FontSize>,
}
json_object!(NumberInput { flatten pin; "suffix" suffix, "step" step, "isLoopOn" is_loop_on, "fontSize" font_size });

/// SLIDER, VERTICAL_SLIDER
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct Slider {
    pub pin: OnePin,
    pub send_on_release_on: bool,
    pub frequency: i32,
    pub maximum_fraction_digits: i32,
    pub show_value_on: bool,
}
impl Default for Slider {
    fn default() -> Self {
        Slider {
            pin: OnePin::default(),
            send_on_release_on: false,
            frequency: 0,
            maximum_fraction_digits: 0,
            show_value_on: true,
        }
    }
}
json_object!(Slider {
    flatten pin; "sendOnReleaseOn" send_on_release_on, "frequency" frequency,
    "maximumFractionDigits" maximum_fraction_digits, "showValueOn" show_value_on
});

/// RGB
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Rgb {
    pub device_id: i32,
    pub split_mode: bool,
    pub send_on_release_on: bool,
    pub frequency: i32,
    pub pins: Vec<DataStream>,
}
json_object!(Rgb {
    "deviceId" device_id, "splitMode" split_mode, "sendOnReleaseOn" send_on_release_on, "frequency" frequency,
    "pins" pins
});

/// TIMER. Times are seconds of the day in UTC, -1 = none.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct Timer {
    pub pin: OnePin,
    pub start_time: i32,
    pub start_value: String,
    pub stop_time: i32,
    pub stop_value: String,
    pub font_size: Option<FontSize>,
}
impl Default for Timer {
    fn default() -> Self {
        Timer {
            pin: OnePin::default(),
            start_time: -1,
            start_value: String::new(),
            stop_time: -1,
            stop_value: String::new(),
            font_size: None,
        }
    }
}
json_object!(Timer {
    flatten pin; "startTime" start_time, "startValue" start_value, "stopTime" stop_time, "stopValue" stop_value,
    "fontSize" font_size
});

/// TWO_AXIS_JOYSTICK
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Joystick {
    pub device_id: i32,
    pub split: bool,
    pub auto_return_on: bool,
    pub portrait_locked: bool,
    pub frequency: i32,
    pub pins: Vec<DataStream>,
}
json_object!(Joystick {
    "deviceId" device_id, "split" split, "autoReturnOn" auto_return_on, "portraitLocked" portrait_locked,
    "frequency" frequency, "pins" pins
});

/// TERMINAL. The last lines are kept in memory, not in the JSON.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Terminal {
    pub pin: OnePin,
    pub auto_scroll_on: bool,
    pub terminal_input_on: bool,
    pub text_light_on: bool,
    pub attach_new_line: bool,
    /// Oldest first.
    pub lines: Vec<String>,
}
json_object!(Terminal {
    flatten pin; "autoScrollOn" auto_scroll_on, "terminalInputOn" terminal_input_on, "textLightOn" text_light_on,
    "attachNewLine" attach_new_line
});

/// STEP, VERTICAL_STEP
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct Step {
    pub pin: OnePin,
    pub step: f32,
    pub is_arrows_on: bool,
    pub is_loop_on: bool,
    pub is_send_step: bool,
    pub frequency: i32,
    pub show_value_on: bool,
}
impl Default for Step {
    fn default() -> Self {
        Step {
            pin: OnePin::default(),
            step: 0.0,
            is_arrows_on: false,
            is_loop_on: false,
            is_send_step: false,
            frequency: 0,
            show_value_on: true,
        }
    }
}
json_object!(Step {
    flatten pin; "step" step, "isArrowsOn" is_arrows_on, "isLoopOn" is_loop_on, "isSendStep" is_send_step,
    "frequency" frequency, "showValueOn" show_value_on
});

/// TIME_INPUT. Seconds of the day; -1 = unset, -2 = sunset, -3 = sunrise.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct TimeInput {
    pub pin: OnePin,
    pub format: String,
    /// 1 = Monday .. 7; `None` = every day.
    pub days: Option<Vec<i32>>,
    pub start_at: i32,
    pub stop_at: i32,
    pub tz_name: Zone,
    pub is_start_stop_allowed: bool,
    pub is_day_of_week_allowed: bool,
    pub is_sunset_sunrise_allowed: bool,
    pub is_timezone_allowed: bool,
}
impl Default for TimeInput {
    fn default() -> Self {
        TimeInput {
            pin: OnePin::default(),
            format: String::new(),
            days: None,
            start_at: -1,
            stop_at: -1,
            tz_name: Zone::default(),
            is_start_stop_allowed: false,
            is_day_of_week_allowed: false,
            is_sunset_sunrise_allowed: false,
            is_timezone_allowed: false,
        }
    }
}
json_object!(TimeInput {
    flatten pin; "format" format, "days" days, "startAt" start_at, "stopAt" stop_at, "tzName" tz_name,
    "isStartStopAllowed" is_start_stop_allowed, "isDayOfWeekAllowed" is_day_of_week_allowed,
    "isSunsetSunriseAllowed" is_sunset_sunrise_allowed, "isTimezoneAllowed" is_timezone_allowed
});

/// SEGMENTED_CONTROL
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct SegmentedControl {
    pub pin: OnePin,
    /// Nulls of the app stay nulls.
    pub labels: Vec<Option<String>>,
    pub font_size: Option<FontSize>,
}
json_object!(SegmentedControl { flatten pin; "labels" labels, "fontSize" font_size });

/// SWITCH
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Switch {
    pub pin: OnePin,
    pub on_label: String,
    pub off_label: String,
    pub off_background_color: i32,
    pub on_background_color: i32,
    pub handle_color: i32,
    pub font_size: Option<FontSize>,
}
json_object!(Switch {
    flatten pin; "onLabel" on_label, "offLabel" off_label, "offBackgroundColor" off_background_color,
    "onBackgroundColor" on_background_color, "handleColor" handle_color, "fontSize" font_size
});
