//! Widgets: the common part, the catalogue of types, and one struct per shape.

mod controls;
mod displays;
mod eventor;
mod graph;
mod interface;
mod notifications;
mod pins;
mod report;
mod sensors;
mod tiles;

#[cfg(test)]
mod catalogue;

pub use controls::*;
pub use displays::*;
pub use eventor::*;
pub use graph::*;
pub use interface::*;
pub use notifications::*;
pub use report::*;
pub use sensors::*;
pub use tiles::*;

use super::json::{Audience, Bad, Cursor, Field, Key, Name, Object, Reading, Tagged, Writer};
use super::pin::OnePin;
use crate::{json_enum, json_keys, json_nested};

json_enum!(
    /// All widget types.
    WidgetType, default Button {
        Button = "BUTTON", StyledButton = "STYLED_BUTTON", LinkButton = "LINK_BUTTON", TextInput = "TEXT_INPUT",
        NumberInput = "NUMBER_INPUT", Slider = "SLIDER", VerticalSlider = "VERTICAL_SLIDER", Rgb = "RGB",
        Timer = "TIMER", TwoAxisJoystick = "TWO_AXIS_JOYSTICK", Terminal = "TERMINAL", Step = "STEP",
        VerticalStep = "VERTICAL_STEP", Qr = "QR", TimeInput = "TIME_INPUT", SegmentedControl = "SEGMENTED_CONTROL",
        Switch = "SWITCH", Led = "LED", Digit4Display = "DIGIT4_DISPLAY",
        LabeledValueDisplay = "LABELED_VALUE_DISPLAY", Gauge = "GAUGE", Lcd = "LCD", LevelDisplay = "LEVEL_DISPLAY",
        VerticalLevelDisplay = "VERTICAL_LEVEL_DISPLAY", Video = "VIDEO", EnhancedGraph = "ENHANCED_GRAPH",
        GpsTrigger = "GPS_TRIGGER", GpsStreaming = "GPS_STREAMING", Light = "LIGHT", Proximity = "PROXIMITY",
        Temperature = "TEMPERATURE", Accelerometer = "ACCELEROMETER", Gravity = "GRAVITY", Barometer = "BAROMETER",
        Humidity = "HUMIDITY", Twitter = "TWITTER", Email = "EMAIL", Notification = "NOTIFICATION", Sms = "SMS",
        Menu = "MENU", Tabs = "TABS", Player = "PLAYER", Table = "TABLE", Image = "IMAGE", Report = "REPORT",
        Text = "TEXT", Rtc = "RTC", Bridge = "BRIDGE", Bluetooth = "BLUETOOTH", BluetoothSerial = "BLUETOOTH_SERIAL",
        Eventor = "EVENTOR", Map = "MAP", DeviceSelector = "DEVICE_SELECTOR", DeviceTiles = "DEVICE_TILES",
        Webhook = "WEBHOOK",
    }
);

/// One widget of a project or of a tile template.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct Widget {
    pub widget_type: WidgetType,
    pub id: i64,
    pub x: i32,
    pub y: i32,
    pub color: i32,
    pub width: i32,
    pub height: i32,
    pub tab_id: i32,
    pub label: String,
    pub is_default_color: bool,
    /// What the type adds.
    pub kind: Kind,
    /// When no version knows the type: apps see a BUTTON, the file keeps what it said.
    pub unknown: Option<Box<Unknown>>,
}

/// What a file says of a widget whose type no version knows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Unknown {
    /// The type.
    pub widget_type: String,
    /// The fields that a BUTTON does not have, `"name":json,...`.
    pub fields: String,
}

impl Default for Widget {
    fn default() -> Self {
        Widget::new(WidgetType::Button)
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident($type:ty),)*) => {
        /// The fields that a widget type adds to the common ones. Types of the same shape share one.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Kind { $($(#[$doc])* $kind(Box<$type>)),* }

        impl Kind {
            fn read_key(&mut self, key: Key<'_>, json: &mut Cursor<'_>, cx: &Reading) -> Result<bool, Bad> {
                match self { $(Kind::$kind(fields) => fields.read_key(key, json, cx)),* }
            }
            fn write_keys(&self, w: &mut Writer) {
                match self { $(Kind::$kind(fields) => fields.write_keys(w)),* }
            }
        }

        $(impl From<$type> for Kind {
            fn from(fields: $type) -> Self { Kind::$kind(Box::new(fields)) }
        })*
    };
}

kinds! {
    /// QR, LED: nothing but the pin.
    Pin(OnePin),
    /// BUTTON
    Button(Button),
    /// STYLED_BUTTON
    StyledButton(StyledButton),
    /// LINK_BUTTON
    LinkButton(LinkButton),
    /// TEXT_INPUT
    TextInput(TextInput),
    /// NUMBER_INPUT
    NumberInput(NumberInput),
    /// SLIDER, VERTICAL_SLIDER
    Slider(Slider),
    /// RGB
    Rgb(Rgb),
    /// TIMER
    Timer(Timer),
    /// TWO_AXIS_JOYSTICK
    Joystick(Joystick),
    /// TERMINAL
    Terminal(Terminal),
    /// STEP, VERTICAL_STEP
    Step(Step),
    /// TIME_INPUT
    TimeInput(TimeInput),
    /// SEGMENTED_CONTROL
    SegmentedControl(SegmentedControl),
    /// SWITCH
    Switch(Switch),
    /// DIGIT4_DISPLAY
    Digit4Display(Digit4Display),
    /// LABELED_VALUE_DISPLAY
    LabeledValue(LabeledValue),
    /// GAUGE
    Gauge(Gauge),
    /// LCD
    Lcd(Lcd),
    /// LEVEL_DISPLAY, VERTICAL_LEVEL_DISPLAY
    Level(Level),
    /// VIDEO
    Video(Video),
    /// ENHANCED_GRAPH
    Graph(EnhancedGraph),
    /// GPS_TRIGGER
    GpsTrigger(GpsTrigger),
    /// GPS_STREAMING
    GpsStreaming(GpsStreaming),
    /// LIGHT, PROXIMITY, ACCELEROMETER, GRAVITY, BAROMETER, HUMIDITY
    Sensor(Sensor),
    /// TEMPERATURE
    Temperature(Temperature),
    /// TWITTER
    Twitter(Twitter),
    /// EMAIL
    Email(Email),
    /// NOTIFICATION
    Notification(Notification),
    /// SMS
    Sms(Sms),
    /// MENU
    Menu(Menu),
    /// TABS
    Tabs(Tabs),
    /// PLAYER
    Player(Player),
    /// TABLE
    Table(Table),
    /// IMAGE
    Image(Image),
    /// REPORT
    Report(ReportWidget),
    /// TEXT
    Text(TextWidget),
    /// RTC
    Rtc(Rtc),
    /// BRIDGE
    Bridge(Bridge),
    /// BLUETOOTH, BLUETOOTH_SERIAL
    Bluetooth(Bluetooth),
    /// EVENTOR
    Eventor(Eventor),
    /// MAP
    Map(Map),
    /// DEVICE_SELECTOR
    DeviceSelector(DeviceSelector),
    /// DEVICE_TILES
    Tiles(DeviceTiles),
    /// WEBHOOK
    Webhook(Webhook),
}

impl Kind {
    /// The fields of a fresh widget of this type.
    pub fn new(widget_type: WidgetType) -> Self {
        use WidgetType as T;
        match widget_type {
            T::Button => Button::default().into(),
            T::StyledButton => StyledButton::default().into(),
            T::LinkButton => LinkButton::default().into(),
            T::TextInput => TextInput::default().into(),
            T::NumberInput => NumberInput::default().into(),
            T::Slider | T::VerticalSlider => Slider::default().into(),
            T::Rgb => Rgb::default().into(),
            T::Timer => Timer::default().into(),
            T::TwoAxisJoystick => Joystick::default().into(),
            T::Terminal => Terminal::default().into(),
            T::Step | T::VerticalStep => Step::default().into(),
            T::Qr | T::Led => OnePin::default().into(),
            T::TimeInput => TimeInput::default().into(),
            T::SegmentedControl => SegmentedControl::default().into(),
            T::Switch => Switch::default().into(),
            T::Digit4Display => Digit4Display::default().into(),
            T::LabeledValueDisplay => LabeledValue::default().into(),
            T::Gauge => Gauge::default().into(),
            T::Lcd => Lcd::default().into(),
            T::LevelDisplay | T::VerticalLevelDisplay => Level::default().into(),
            T::Video => Video::default().into(),
            T::EnhancedGraph => EnhancedGraph::default().into(),
            T::GpsTrigger => GpsTrigger::default().into(),
            T::GpsStreaming => GpsStreaming::default().into(),
            T::Light | T::Proximity | T::Accelerometer | T::Gravity | T::Barometer | T::Humidity => {
                Sensor::default().into()
            }
            T::Temperature => Temperature::default().into(),
            T::Twitter => Twitter::default().into(),
            T::Email => Email::default().into(),
            T::Notification => Notification::default().into(),
            T::Sms => Sms::default().into(),
            T::Menu => Menu::default().into(),
            T::Tabs => Tabs::default().into(),
            T::Player => Player::default().into(),
            T::Table => Table::default().into(),
            T::Image => Image::default().into(),
            T::Report => ReportWidget::default().into(),
            T::Text => TextWidget::default().into(),
            T::Rtc => Rtc::default().into(),
            T::Bridge => Bridge.into(),
            T::Bluetooth | T::BluetoothSerial => Bluetooth::default().into(),
            T::Eventor => Eventor::default().into(),
            T::Map => Map::default().into(),
            T::DeviceSelector => DeviceSelector::default().into(),
            T::DeviceTiles => DeviceTiles::default().into(),
            T::Webhook => Webhook::default().into(),
        }
    }
}

impl Widget {
    /// A fresh widget of this type.
    pub fn new(widget_type: WidgetType) -> Self {
        let (width, height) = if widget_type == WidgetType::Eventor { (2, 1) } else { (0, 0) };
        Widget {
            widget_type,
            id: 0,
            x: 0,
            y: 0,
            color: 0,
            width,
            height,
            tab_id: if widget_type == WidgetType::Tabs { -1 } else { 0 },
            label: String::new(),
            is_default_color: false,
            kind: Kind::new(widget_type),
            unknown: None,
        }
    }
}

impl Object for Widget {
    #[allow(non_upper_case_globals)] // constants named as the fields
    fn read_key(&mut self, key: Key<'_>, json: &mut Cursor<'_>, cx: &Reading) -> Result<bool, Bad> {
        let is_common = json_keys!(self, key, json, cx: "id" id, "x" x, "y" y, "color" color, "width" width, "height" height,
            "tabId" tab_id, "label" label, "isDefaultColor" is_default_color);
        // A repeated discriminator: the first one has decided.
        if is_common || key.text == "type" {
            return Ok(is_common);
        }
        if self.kind.read_key(key, json, cx)? {
            return Ok(true);
        }
        let Some(unknown) = &mut self.unknown else { return Ok(false) };
        // Onto what is there: a widget may have thousands of fields.
        let mut w = Writer::onto(std::mem::take(&mut unknown.fields), Audience::Disk);
        w.foreign_key(key.text);
        w.raw(json.raw()?);
        unknown.fields = w.finish();
        Ok(true)
    }

    fn write_keys(&self, w: &mut Writer) {
        let unknown = self.unknown.as_deref().filter(|_| w.audience() == Audience::Disk);
        w.key("type");
        w.text(unknown.map_or(self.widget_type.name(), |unknown| &unknown.widget_type));
        self.id.write("id", w);
        self.x.write("x", w);
        self.y.write("y", w);
        self.color.write("color", w);
        self.width.write("width", w);
        self.height.write("height", w);
        self.tab_id.write("tabId", w);
        self.label.write("label", w);
        self.is_default_color.write("isDefaultColor", w);
        self.kind.write_keys(w);
        if let Some(Unknown { fields, .. }) = unknown.filter(|unknown| !unknown.fields.is_empty()) {
            w.separate();
            w.raw(fields);
        }
    }
}

impl Tagged for Widget {
    const TAG: &'static str = "type";

    fn for_tag(tag: Option<&str>) -> Result<Self, String> {
        Ok(match tag.map(|t| (t, WidgetType::from_name(t))) {
            Some((_, Some(widget_type))) => Widget::new(widget_type),
            Some((text, None)) => {
                let unknown = Unknown { widget_type: text.into(), ..Unknown::default() };
                Widget { unknown: Some(Box::new(unknown)), ..Widget::default() }
            }
            None => Widget::default(),
        })
    }
}

json_nested!(TaggedSeed: Widget);

/// Reads one widget from a request. `Ok(None)` is the text `null`.
pub fn from_request(text: &str) -> Result<Option<Widget>, super::json::Error> {
    super::json::from_str(text, super::json::TaggedSeed::new(&Reading::strict()))
}
