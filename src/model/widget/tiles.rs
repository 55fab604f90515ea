//! DEVICE_TILES: one tile per device, with a template of widgets behind it (spec 03 §13.2).

use super::Widget;
use crate::model::device::BoardType;
use crate::model::enums::{FontSize, Interaction, TextAlignment, TileSort};
use crate::model::json::{Bad, Cursor, Field, Key, Object, Reading, Tagged, Writer};
use crate::model::pin::DataStream;
use crate::{json_nested, json_object};

/// One tile.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Tile {
    pub device_id: i32,
    pub template_id: i64,
    pub icon_name: String,
    pub pin: Option<DataStream>,
}
json_object!(Tile { "deviceId" device_id, "templateId" template_id, "iconName" icon_name, "pin" pin });

/// One state of a button tile.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct TileState {
    pub tile_color: i32,
    pub icon_name: String,
    pub icon_color: i32,
    pub text: String,
    pub text_color: i32,
}
json_object!(TileState {
    "tileColor" tile_color, "iconName" icon_name, "iconColor" icon_color, "text" text, "textColor" text_color
});

/// What a PAGE template adds.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct PageMode {
    pub value_name: String,
    pub value_formatting: String,
    pub value_suffix: String,
    pub color: i32,
    pub tile_color: i32,
    pub font_size: Option<FontSize>,
    pub show_tile_label: bool,
    pub maximum_fraction_digits: i32,
}
json_object!(PageMode {
    "valueName" value_name, "valueFormatting" value_formatting, "valueSuffix" value_suffix, "color" color,
    "tileColor" tile_color, "fontSize" font_size, "showTileLabel" show_tile_label,
    "maximumFractionDigits" maximum_fraction_digits
});

/// What a BUTTON template adds.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct ButtonMode {
    pub push_mode: bool,
    pub labels_visibility: bool,
    pub state_on: Option<TileState>,
    pub state_off: Option<TileState>,
}
json_object!(ButtonMode {
    "pushMode" push_mode, "labelsVisibility" labels_visibility, "stateOn" state_on, "stateOff" state_off
});

/// What a DIMMER template adds.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct DimmerMode {
    pub value_name: String,
    pub value_formatting: String,
    pub value_suffix: String,
    pub color: i32,
    pub tile_color: i32,
    pub show_tile_label: bool,
    pub maximum_fraction_digits: i32,
    pub level_color: i32,
    pub interaction: Interaction,
    pub step: f32,
}
impl Default for DimmerMode {
    fn default() -> Self {
        DimmerMode {
            value_name: String::new(),
            value_formatting: String::new(),
            value_suffix: String::new(),
            color: 0,
            tile_color: 0,
            show_tile_label: false,
            maximum_fraction_digits: 0,
            level_color: 0,
            interaction: Interaction::Page,
            step: 1.0,
        }
    }
}
json_object!(DimmerMode {
    "valueName" value_name, "valueFormatting" value_formatting, "valueSuffix" value_suffix, "color" color,
    "tileColor" tile_color, "showTileLabel" show_tile_label, "maximumFractionDigits" maximum_fraction_digits,
    "levelColor" level_color, "interaction" interaction, "step" step
});

/// What a tile looks like and does.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Mode {
    Page(PageMode),
    Button(ButtonMode),
    Dimmer(DimmerMode),
}

impl Default for Mode {
    fn default() -> Self {
        Mode::Page(PageMode::default())
    }
}

/// The widgets behind all tiles of one kind of device.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Template {
    pub mode: Mode,
    pub id: i64,
    pub widgets: Vec<Widget>,
    pub device_ids: Vec<i32>,
    /// The text that a device uses for provisioning.
    pub template_id: String,
    pub name: String,
    pub icon_name: String,
    pub board_type: BoardType,
    pub show_device_name: bool,
    pub pin: Option<DataStream>,
    /// `pin` was given: it wins over `dataStream`.
    has_pin: bool,
}

impl Object for Template {
    fn read_key(&mut self, key: Key<'_>, json: &mut Cursor<'_>, cx: &Reading) -> Result<bool, Bad> {
        match key.text {
            "id" => self.id = Field::read(json, cx)?,
            "widgets" => self.widgets = Field::read(json, cx)?,
            "deviceIds" => self.device_ids = Field::read(json, cx)?,
            "templateId" => self.template_id = Field::read(json, cx)?,
            "name" => self.name = Field::read(json, cx)?,
            "iconName" => self.icon_name = Field::read(json, cx)?,
            "boardType" => self.board_type = Field::read(json, cx)?,
            "showDeviceName" => self.show_device_name = Field::read(json, cx)?,
            "pin" => {
                self.pin = Field::read(json, cx)?;
                self.has_pin = true;
            }
            "dataStream" => {
                let stream = Field::read(json, cx)?;
                if !self.has_pin {
                    self.pin = stream;
                }
            }
            _ => {
                return match &mut self.mode {
                    Mode::Page(mode) => mode.read_key(key, json, cx),
                    Mode::Button(mode) => mode.read_key(key, json, cx),
                    Mode::Dimmer(mode) => mode.read_key(key, json, cx),
                }
            }
        }
        Ok(true)
    }

    fn write_keys(&self, w: &mut Writer) {
        w.key("mode");
        w.text(match &self.mode {
            Mode::Page(_) => "PAGE",
            Mode::Button(_) => "BUTTON",
            Mode::Dimmer(_) => "DIMMER",
        });
        self.id.write("id", w);
        self.widgets.write("widgets", w);
        self.device_ids.write("deviceIds", w);
        self.template_id.write("templateId", w);
        self.name.write("name", w);
        self.icon_name.write("iconName", w);
        self.board_type.write("boardType", w);
        self.show_device_name.write("showDeviceName", w);
        match &self.mode {
            Mode::Page(mode) => mode.write_keys(w),
            Mode::Button(mode) => mode.write_keys(w),
            Mode::Dimmer(mode) => mode.write_keys(w),
        }
        self.pin.write("pin", w);
    }
}

impl Tagged for Template {
    const TAG: &'static str = "mode";
    fn for_tag(tag: Option<&str>) -> Result<Self, String> {
        let mode = match tag {
            Some("BUTTON") => Mode::Button(ButtonMode::default()),
            Some("DIMMER") => Mode::Dimmer(DimmerMode::default()),
            _ => Mode::default(),
        };
        Ok(Template { mode, ..Template::default() })
    }
}

/// DEVICE_TILES
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct DeviceTiles {
    pub templates: Vec<Template>,
    pub tiles: Vec<Tile>,
    pub rows: i32,
    pub columns: i32,
    pub sort_type: Option<TileSort>,
    pub alignment: TextAlignment,
    pub disable_when_offline: bool,
    pub stretch_to_bottom: bool,
}
json_object!(DeviceTiles {
    "templates" templates, "tiles" tiles, "rows" rows, "columns" columns, "sortType" sort_type,
    "alignment" alignment, "disableWhenOffline" disable_when_offline, "stretchToBottom" stretch_to_bottom
});
json_nested!(ObjectSeed: Tile, TileState);
json_nested!(TaggedSeed: Template);
