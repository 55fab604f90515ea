//! The command byte that opens every message, and the statistics keys that share its numbers.

use std::fmt;

/// What a message asks for: the first byte of a frame.
///
/// A newtype and not an enum, because numbers below [`Command::LIMIT`] that nobody assigned are accepted by the
/// decoder and ignored by the handlers, so they must be representable.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Command(u8);

macro_rules! commands {
    ($($code:literal $constant:ident $name:literal $doc:literal;)*) => {
        impl Command {
            $(#[doc = $doc] pub const $constant: Command = Command($code);)*

            /// The command's name in snake case, for logs and statistics; `unassigned` for numbers without one.
            pub const fn name(self) -> &'static str {
                match self.0 {
                    $($code => $name,)*
                    _ => "unassigned",
                }
            }

            /// Every command and statistics key that has a name, in numeric order.
            pub const ALL: &'static [Command] = &[$(Command::$constant),*];
        }
    };
}

commands! {
    0 RESPONSE "response" "Server to client: a status in place of the length, no body. Those of clients are ignored.";
    1 REGISTER "register" "App: make an account.";
    2 LOGIN "login" "App: log in. Hardware: the legacy form of [`Command::HARDWARE_LOGIN`].";
    3 REDEEM "redeem" "App: redeem an energy code.";
    4 HARDWARE_CONNECTED "hardware_connected" "To apps: a device came online.";
    6 PING "ping" "Both: answered with 200.";
    7 ACTIVATE_DASHBOARD "activate_dashboard" "App: start a project; echoed to the account's other apps.";
    8 DEACTIVATE_DASHBOARD "deactivate_dashboard" "App: stop a project; echoed to the account's other apps.";
    9 REFRESH_TOKEN "refresh_token" "App: a new auth token for a device.";
    12 TWEET "tweet" "Hardware: send a tweet.";
    13 EMAIL "email" "Hardware: send a mail. App: mail tokens.";
    14 PUSH_NOTIFICATION "push_notification" "Hardware: notify the phones.";
    15 BRIDGE "bridge" "Hardware to hardware.";
    16 HARDWARE_SYNC "hardware_sync" "Hardware: ask for stored pin values.";
    17 BLYNK_INTERNAL "blynk_internal" "Hardware: its own data, time; to hardware: app state, firmware.";
    18 SMS "sms" "Hardware: send a text message.";
    19 SET_WIDGET_PROPERTY "set_widget_property" "Both: change a widget's label, colour and the like.";
    20 HARDWARE "hardware" "Both: pin values and modes.";
    21 CREATE_DASH "create_dash" "App: make a project.";
    22 UPDATE_DASH "update_dash" "App: replace a project.";
    23 DELETE_DASH "delete_dash" "App: delete a project.";
    24 LOAD_PROFILE_GZIPPED "load_profile_gzipped" "App: the profile or one project, zlib-compressed.";
    25 APP_SYNC "app_sync" "To apps: a value that another app wrote; from apps: ask for all values.";
    26 SHARING "sharing" "App: turn sharing of a project on or off.";
    27 ADD_PUSH_TOKEN "add_push_token" "App: where to push to.";
    28 EXPORT_GRAPH_DATA "export_graph_data" "App: mail a graph's data.";
    29 HARDWARE_LOGIN "hardware_login" "Hardware: log in with an auth token.";
    30 GET_SHARE_TOKEN "get_share_token" "App: the project's share token.";
    31 REFRESH_SHARE_TOKEN "refresh_share_token" "App: a new share token.";
    32 SHARE_LOGIN "share_login" "App: log in with a share token.";
    33 CREATE_WIDGET "create_widget" "App: make a widget.";
    34 UPDATE_WIDGET "update_widget" "App: replace a widget.";
    35 DELETE_WIDGET "delete_widget" "App: delete a widget.";
    36 GET_ENERGY "get_energy" "App: the account's energy.";
    37 ADD_ENERGY "add_energy" "App: buy energy.";
    38 UPDATE_PROJECT_SETTINGS "update_project_settings" "App: change a project's settings.";
    39 ASSIGN_TOKEN "assign_token" "App: give a device a prepared token.";
    40 GET_SERVER "get_server" "App: which server holds this account.";
    41 CONNECT_REDIRECT "connect_redirect" "To hardware: log in at another server.";
    42 CREATE_DEVICE "create_device" "App: make a device.";
    43 UPDATE_DEVICE "update_device" "App: change a device.";
    44 DELETE_DEVICE "delete_device" "App: delete a device.";
    45 GET_DEVICES "get_devices" "App: a project's devices.";
    46 CREATE_TAG "create_tag" "App: make a tag.";
    47 UPDATE_TAG "update_tag" "App: change a tag.";
    48 DELETE_TAG "delete_tag" "App: delete a tag.";
    49 GET_TAGS "get_tags" "App: a project's tags.";
    50 MOBILE_GET_DEVICE "mobile_get_device" "App: one device.";
    51 UPDATE_FACE "update_face" "App: publish a project to its faces.";
    52 WEB_SOCKETS "web_sockets" "Statistics key: websocket frames.";
    53 EVENTOR "eventor" "Statistics key: eventor actions.";
    54 WEB_HOOKS "web_hooks" "Statistics key: webhook calls.";
    55 CREATE_APP "create_app" "App: make an app of one's own.";
    56 UPDATE_APP "update_app" "App: change an app of one's own.";
    57 DELETE_APP "delete_app" "App: delete an app of one's own.";
    58 GET_PROJECT_BY_TOKEN "get_project_by_token" "App: the project of a published token, zlib-compressed.";
    59 EMAIL_QR "email_qr" "App: mail QR codes.";
    60 GET_ENHANCED_GRAPH_DATA "get_enhanced_graph_data" "App: a superchart's data, zlib-compressed.";
    61 DELETE_ENHANCED_GRAPH_DATA "delete_enhanced_graph_data" "App: forget a superchart's data.";
    62 GET_CLONE_CODE "get_clone_code" "App: a code to clone a project by.";
    63 GET_PROJECT_BY_CLONE_CODE "get_project_by_clone_code" "App: the project of a clone code, zlib-compressed.";
    64 HARDWARE_LOG_EVENT "hardware_log_event" "Hardware: unhandled.";
    65 HARDWARE_RESEND_FROM_BLUETOOTH "hardware_resend_from_bluetooth" "App: a write that came over Bluetooth.";
    66 LOGOUT "logout" "App: log out, forget the push token.";
    67 CREATE_TILE_TEMPLATE "create_tile_template" "App: make a tile template.";
    68 UPDATE_TILE_TEMPLATE "update_tile_template" "App: change a tile template.";
    69 DELETE_TILE_TEMPLATE "delete_tile_template" "App: delete a tile template.";
    70 GET_WIDGET "get_widget" "App: one widget.";
    71 DEVICE_OFFLINE "device_offline" "To apps: a device went offline.";
    72 OUTDATED_APP_NOTIFICATION "outdated_app_notification" "To apps: the app is too old.";
    73 TRACK_DEVICE "track_device" "Unhandled.";
    74 GET_PROVISION_TOKEN "get_provision_token" "App: a temporary token for a new device.";
    75 RESOLVE_EVENT "resolve_event" "Unhandled.";
    76 DELETE_DEVICE_DATA "delete_device_data" "App: forget a device's history.";
    77 CREATE_REPORT "create_report" "App: make a report.";
    78 UPDATE_REPORT "update_report" "App: change a report.";
    79 DELETE_REPORT "delete_report" "App: delete a report.";
    80 EXPORT_REPORT "export_report" "App: send a report now.";
    81 RESET_PASSWORD "reset_password" "App: start, verify or finish a password reset.";
    82 HTTP_IS_HARDWARE_CONNECTED "http_is_hardware_connected" "Statistics key of the HTTP API.";
    83 HTTP_IS_APP_CONNECTED "http_is_app_connected" "Statistics key of the HTTP API.";
    84 HTTP_GET_PIN_DATA "http_get_pin_data" "Statistics key of the HTTP API.";
    85 HTTP_UPDATE_PIN_DATA "http_update_pin_data" "Statistics key of the HTTP API.";
    86 HTTP_NOTIFY "http_notify" "Statistics key of the HTTP API.";
    87 HTTP_EMAIL "http_email" "Statistics key of the HTTP API.";
    88 HTTP_GET_PROJECT "http_get_project" "Statistics key of the HTTP API.";
    89 HTTP_QR "http_qr" "Statistics key of the HTTP API.";
    90 HTTP_GET_HISTORY_DATA "http_get_history_data" "Statistics key of the HTTP API.";
    91 HTTP_START_OTA "http_start_ota" "Statistics key of the HTTP API.";
    92 HTTP_STOP_OTA "http_stop_ota" "Statistics key of the HTTP API.";
    93 HTTP_CLONE "http_clone" "Statistics key of the HTTP API.";
    94 HTTP_TOTAL "http_total" "Statistics key: all requests of the HTTP API.";
}

impl Command {
    /// Bytes from here on are not commands: the decoder refuses them. Also the length of a table of counters.
    pub const LIMIT: u8 = 100;

    /// The command of a frame's first byte, `None` from [`Command::LIMIT`] on.
    pub const fn from_byte(byte: u8) -> Option<Command> {
        if byte < Self::LIMIT {
            Some(Command(byte))
        } else {
            None
        }
    }

    /// The byte on the wire.
    pub const fn byte(self) -> u8 {
        self.0
    }

    /// The place of this command in a table of [`Command::LIMIT`] counters; always in range.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.name(), self.0)
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_below_the_limit_are_commands() {
        assert_eq!(Command::from_byte(20), Some(Command::HARDWARE));
        assert_eq!(Command::from_byte(99).map(Command::name), Some("unassigned"));
        assert_eq!(Command::from_byte(100), None);
        assert_eq!(Command::from_byte(255), None);
    }

    #[test]
    fn names_are_snake_case_and_unique() {
        let mut seen = std::collections::HashSet::new();
        for command in Command::ALL {
            let name = command.name();
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{name}");
            assert!(seen.insert(name), "{name} twice");
        }
        assert_eq!(Command::ALL.len(), 92);
        assert_eq!(Command::HARDWARE_LOGIN.byte(), 29);
        assert_eq!(format!("{:?}", Command::DEVICE_OFFLINE), "device_offline(71)");
    }
}
