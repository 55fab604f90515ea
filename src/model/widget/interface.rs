//! Interface widgets (spec 03 §9.5, §9.6, §12, §13.1).

use crate::model::enums::{FontSize, ImageScaling, ImageSource, TextAlignment};
use crate::model::pin::OnePin;
use crate::model::zone::Zone;
use crate::{json_nested, json_object};

/// MENU
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Menu {
    pub pin: OnePin,
    /// Nulls of the app stay nulls.
    pub labels: Vec<Option<String>>,
    pub hint: String,
    pub alignment: Option<TextAlignment>,
    pub font_size: Option<FontSize>,
    pub icon_color: i32,
}
json_object!(Menu {
    flatten pin; "labels" labels, "hint" hint, "alignment" alignment, "fontSize" font_size, "iconColor" icon_color
});

/// One tab of TABS.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Tab {
    pub id: i32,
    pub label: String,
}
json_object!(Tab { "id" id, "label" label });
json_nested!(ObjectSeed: Tab);

/// TABS
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Tabs {
    /// `None` when the app sent none.
    pub tabs: Option<Vec<Tab>>,
    pub active_txt_color: i32,
    pub underline_color: i32,
    pub text_color: i32,
}
json_object!(Tabs {
    "tabs" tabs, "activeTxtColor" active_txt_color, "underlineColor" underline_color, "textColor" text_color
});

/// PLAYER
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Player {
    pub pin: OnePin,
    pub is_on_play: bool,
}
json_object!(Player { flatten pin; "isOnPlay" is_on_play });

/// A column's head of TABLE.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Column {
    pub name: String,
}
json_object!(Column { "name" name });

/// A row of TABLE.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Row {
    pub id: i32,
    pub name: Option<String>,
    pub value: Option<String>,
    pub is_selected: bool,
}
json_object!(Row { "id" id, "name" name, "value" value, "isSelected" is_selected });
json_nested!(ObjectSeed: Column, Row);

/// TABLE
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Table {
    pub pin: OnePin,
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
    pub current_row_index: i32,
    pub is_reordering_allowed: bool,
    pub is_clickable_rows: bool,
}
json_object!(Table {
    flatten pin; "columns" columns, "rows" rows, "currentRowIndex" current_row_index,
    "isReoderingAllowed" is_reordering_allowed, "isClickableRows" is_clickable_rows
});

/// IMAGE
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Image {
    pub pin: OnePin,
    pub source: Option<ImageSource>,
    pub scaling: Option<ImageScaling>,
    /// Nulls of the app stay nulls.
    pub urls: Vec<Option<String>>,
    pub opacity: i32,
    pub scale: i32,
    pub rotation: i32,
}
json_object!(Image {
    flatten pin; "source" source, "scaling" scaling, "urls" urls, "opacity" opacity, "scale" scale,
    "rotation" rotation
});

/// TEXT
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct TextWidget {
    pub text_size: Option<FontSize>,
    pub alignment: Option<TextAlignment>,
    pub text: String,
}
impl Default for TextWidget {
    fn default() -> Self {
        TextWidget { text_size: Some(FontSize::Auto), alignment: None, text: String::new() }
    }
}
json_object!(TextWidget { "textSize" text_size, "alignment" alignment, "text" text });

/// RTC
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Rtc {
    pub tz_name: Zone,
}
json_object!(Rtc { "tzName" tz_name });

/// BRIDGE: nothing but its place.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bridge;
impl crate::model::json::Object for Bridge {
    fn read_key(
        &mut self,
        _: crate::model::json::Key<'_>,
        _: &mut crate::model::json::Cursor<'_>,
        _: &crate::model::json::Reading,
    ) -> Result<bool, crate::model::json::Bad> {
        Ok(false)
    }
    fn write_keys(&self, _: &mut crate::model::json::Writer) {}
}

/// BLUETOOTH, BLUETOOTH_SERIAL
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Bluetooth {
    pub name: String,
    pub device_id: i32,
}
json_object!(Bluetooth { "name" name, "deviceId" device_id });

/// DEVICE_SELECTOR
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct DeviceSelector {
    /// The selected device.
    pub value: i32,
    pub device_ids: Vec<i32>,
    pub font_size: Option<FontSize>,
    pub icon_color: i32,
    pub show_icon: bool,
    pub hint: String,
}
json_object!(DeviceSelector {
    "value" value, "deviceIds" device_ids, "fontSize" font_size, "iconColor" icon_color, "showIcon" show_icon,
    "hint" hint
});
