//! Devices of a project, and what they told about themselves.

use super::address::LoggedAddress;
use super::enums::{ConnectionType, DeviceStatus};
use super::json::{Bad, Cursor, Field, Reading, Writer};
use crate::{json_nested, json_object};

/// Longest device name, in characters.
pub const NAME_MAX: usize = 50;

/// The label that an app shows for unknown boards.
pub const GENERIC_BOARD: &str = "Generic Board";

/// A board's label, one of those that the app knows: any other is [`GENERIC_BOARD`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BoardType(Option<&'static str>);

impl BoardType {
    /// The board with this label.
    pub fn new(label: &str) -> Self {
        BoardType(Some(BOARDS.iter().find(|known| **known == label).unwrap_or(&GENERIC_BOARD)))
    }

    /// No board was given.
    pub fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// All labels that apps know.
    pub const KNOWN: &'static [&'static str] = &BOARDS;

    /// The label, or nothing.
    pub fn label(&self) -> Option<&str> {
        self.0
    }
}

impl Field for BoardType {
    fn read(json: &mut Cursor<'_>, cx: &Reading) -> Result<Self, Bad> {
        // Also numbers, arrays, objects and the empty text are "some unknown board".
        cx.scalar(json, |raw| match raw.starts_with(['[', '{']) {
            true => Ok(BoardType::new(GENERIC_BOARD)),
            false => Ok(super::json::text(raw)?.map_or_else(BoardType::default, |label| BoardType::new(&label))),
        })
    }
    fn write(&self, key: &str, w: &mut Writer) {
        if let Some(label) = self.0 {
            w.key(key);
            w.text(label);
        }
    }
}

/// One device of a project.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Device {
    pub id: i32,
    pub name: String,
    pub board_type: BoardType,
    pub address: String,
    pub token: String,
    pub vendor: String,
    pub connection_type: Option<ConnectionType>,
    pub status: DeviceStatus,
    /// When its last connection closed, ms since 1970, 0 = never.
    pub disconnect_time: i64,
    /// When it logged in last, ms since 1970, 0 = never.
    pub connect_time: i64,
    /// When it logged in first, ms since 1970, 0 = never.
    pub first_connect_time: i64,
    /// When it last wrote a value, ms since 1970, 0 = never.
    pub data_received_at: i64,
    pub last_logged_ip: LoggedAddress,
    pub hardware_info: Option<HardwareInfo>,
    pub ota_info: Option<DeviceOtaInfo>,
    pub icon_name: String,
    pub is_user_icon: bool,
}

json_object!(Device {
    "id" id, "name" name, "boardType" board_type, "address" address, "token" token private, "vendor" vendor,
    "connectionType" connection_type, "status" status private, "disconnectTime" disconnect_time private,
    "connectTime" connect_time private, "firstConnectTime" first_connect_time private,
    "dataReceivedAt" data_received_at private, "lastLoggedIP" last_logged_ip private,
    "hardwareInfo" hardware_info private, "deviceOtaInfo" ota_info private, "iconName" icon_name,
    "isUserIcon" is_user_icon
});
json_nested!(ObjectSeed: Device, HardwareInfo, DeviceOtaInfo);

impl Device {
    /// Valid for create and update: a board, and a name that is not too long.
    pub fn is_valid(&self) -> bool {
        !self.board_type.is_none() && self.name.encode_utf16().count() <= NAME_MAX
    }

    /// Takes over what an app may change; what is missing becomes empty.
    pub fn update(&mut self, new: &Device) {
        self.name.clone_from(&new.name);
        self.vendor.clone_from(&new.vendor);
        self.board_type.clone_from(&new.board_type);
        self.address.clone_from(&new.address);
        self.connection_type = new.connection_type;
        self.icon_name.clone_from(&new.icon_name);
        self.is_user_icon = new.is_user_icon;
    }

    /// Forgets everything that belongs to one physical device: token, state, times, infos.
    pub fn erase(&mut self) {
        self.token.clear();
        self.status = DeviceStatus::Offline;
        (self.disconnect_time, self.connect_time, self.first_connect_time, self.data_received_at) = (0, 0, 0, 0);
        self.last_logged_ip = LoggedAddress::None;
        self.hardware_info = None;
        self.ota_info = None;
    }

    /// The name, or `fallback` when it has none.
    pub fn name_or<'a>(&'a self, fallback: &'a str) -> &'a str {
        if self.name.is_empty() {
            fallback
        } else {
            &self.name
        }
    }

    /// Whether a message body of this many characters fits the device's receive buffer (spec 01 §7).
    pub fn accepts(&self, body_characters: usize) -> bool {
        match &self.hardware_info {
            None => body_characters <= DEFAULT_BUFFER as usize,
            Some(info) => body_characters + 5 <= info.buffer().max(0) as usize,
        }
    }

    /// One element of the GET_DEVICES reply (spec 03 §4.7). `token` and infos are left out for guests.
    pub fn write_list_element(&self, w: &mut Writer, guest: bool) {
        w.separate();
        w.braces('{', '}', |w| {
            self.id.write("id", w);
            self.name.write("name", w);
            self.board_type.write("boardType", w);
            if !guest {
                self.token.write("token", w);
            }
            self.vendor.write("vendor", w);
            self.connection_type.write("connectionType", w);
            self.status.write("status", w);
            self.disconnect_time.write("disconnectTime", w);
            self.connect_time.write("connectTime", w);
            self.data_received_at.write("dataReceivedAt", w);
            if !guest {
                self.hardware_info.write("hardwareInfo", w);
            }
            self.icon_name.write("iconName", w);
            self.is_user_icon.write("isUserIcon", w);
        });
    }
}

/// Receive buffer that a device is believed to have, in characters, until it says otherwise.
pub const DEFAULT_BUFFER: i32 = 250;

/// What a device told about itself after login.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct HardwareInfo {
    pub version: String,
    pub blynk_version: String,
    pub board_type: String,
    pub cpu_type: String,
    pub connection_type: String,
    pub build: String,
    pub template_id: String,
    /// Seconds; -1 when the device sent no number.
    pub heartbeat_interval: i32,
    pub buff_in: BufferSize,
}

/// `buffIn`: zero and negative sizes become [`DEFAULT_BUFFER`], also when read from a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BufferSize(i32);

impl Default for BufferSize {
    fn default() -> Self {
        BufferSize(DEFAULT_BUFFER)
    }
}

impl From<i32> for BufferSize {
    fn from(n: i32) -> Self {
        BufferSize(if n <= 0 { DEFAULT_BUFFER } else { n })
    }
}

impl Field for BufferSize {
    fn read(json: &mut Cursor<'_>, cx: &Reading) -> Result<Self, Bad> {
        i32::read(json, cx).map(BufferSize::from)
    }
    fn write(&self, key: &str, w: &mut Writer) {
        self.0.write(key, w);
    }
}

json_object!(HardwareInfo {
    "version" version, "blynkVersion" blynk_version, "boardType" board_type, "cpuType" cpu_type,
    "connectionType" connection_type, "build" build, "templateId" template_id,
    "heartbeatInterval" heartbeat_interval, "buffIn" buff_in
});

impl HardwareInfo {
    /// From the key/value parts of a device's info message; unknown keys and an odd last key are ignored.
    pub fn from_parts(parts: &[&str]) -> Self {
        let mut info = HardwareInfo::default();
        for pair in parts.chunks_exact(2) {
            let value = pair[1];
            match pair[0] {
                "ver" => info.blynk_version = value.to_owned(),
                "fw" => info.version = value.to_owned(),
                "dev" => info.board_type = value.to_owned(),
                "cpu" => info.cpu_type = value.to_owned(),
                "con" => info.connection_type = value.to_owned(),
                "tmpl" => info.template_id = value.to_owned(),
                "build" => info.build = value.to_owned(),
                "h-beat" => info.heartbeat_interval = value.parse().unwrap_or(-1),
                "buff-in" => info.buff_in = value.parse().unwrap_or(DEFAULT_BUFFER).into(),
                _ => {}
            }
        }
        info
    }

    /// Receive buffer in characters, header included.
    pub fn buffer(&self) -> i32 {
        self.buff_in.0
    }
}

/// The last firmware update that was ordered for a device.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct DeviceOtaInfo {
    pub ota_initiated_by: String,
    /// ms since 1970.
    pub ota_initiated_at: i64,
    /// ms since 1970.
    pub ota_update_at: i64,
}

json_object!(DeviceOtaInfo {
    "otaInitiatedBy" ota_initiated_by, "otaInitiatedAt" ota_initiated_at, "otaUpdateAt" ota_update_at
});

/// The labels that the apps know.
#[rustfmt::skip]
const BOARDS: [&str; 69] = [
    "ESP8266", "Arduino UNO", "NodeMCU", "Raspberry Pi 3 B", "WeMos D1 mini", "Arduino Nano", "Arduino Mega",
    "ESP32 Dev Board", "WeMos D1", "Generic Board", "Raspberry Pi 2/A+/B+", "Particle Photon", "Arduino MKR1000",
    "Arduino 101", "Arduino Yun", "Raspberry Pi A/B (Rev2)", "Arduino Pro Mini", "Arduino Leonardo",
    "Raspberry Pi B (Rev1)", "Arduino Due", "SparkFun Blynk Board", "Orange Pi", "BBC Micro:bit", "Arduino Mini",
    "Arduino Micro", "Onion Omega", "Arduino Pro Micro", "Particle Core", "SparkFun ESP8266 Thing",
    "STM32F103C Blue Pill", "WiPy", "Particle Electron", "Arduino Zero", "Intel Edison", "Teensy 3", "LinkIt ONE",
    "NanoPi", "LightBlue Bean", "Intel Galileo", "RedBearLab BLE Nano", "RedBear Duo", "TI CC3200-LaunchXL",
    "Digistump Oak", "Seeed Wio Link", "TI Tiva C Connected", "Samsung ARTIK 5", "Microduino CoreUSB",
    "Espruino Pico", "TinyDuino", "Microduino Core+", "chipKIT Uno32", "The AirBoard", "Microduino Core", "Simblee",
    "LeMaker Banana Pro", "Wildfire v2", "LightBlue Bean+", "SparkFun Photon RedBoard", "Microduino CoreRF",
    "RedBearLab CC3200/Mini", "Bluz", "LeMaker Guitar", "panStamp esp-output", "Digistump Digispark",
    "RedBearLab Blend Micro", "TI LM4F120 LaunchPad", "Wildfire v3", "Wildfire v4", "Konekt Dash Pro",
];

#[cfg(test)]
mod tests {
    use crate::model::json::Reading;
    use crate::model::User;

    #[test]
    fn unknown_boards_become_the_generic_one_in_the_file_too() {
        let device = |board: &str| format!(r#"{{"profile":{{"dashBoards":[{{"devices":[{{"id":1,{board}}}]}}]}}}}"#);
        for (read, written) in [
            (r#""boardType":"Arduino UNO""#, Some("Arduino UNO")),
            (r#""boardType":"Abacus""#, Some("Generic Board")),
            (r#""boardType":"""#, Some("Generic Board")),
            (r#""boardType":7"#, Some("Generic Board")),
            (r#""boardType":[{}]"#, Some("Generic Board")),
            (r#""boardType":null"#, None),
            (r#""name":"x""#, None),
        ] {
            let user = User::from_file(&device(read), User::default(), &Reading::strict()).unwrap().unwrap();
            let file: serde_json::Value = serde_json::from_str(&user.to_file()).unwrap();
            let board = file.pointer("/profile/dashBoards/0/devices/0/boardType").and_then(|board| board.as_str());
            assert_eq!(board, written, "{read}");
        }
    }
}
