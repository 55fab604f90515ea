//! BLYNK_INTERNAL (17): a device tells about itself or asks for the time. The first letter of the body decides.
//!
//! * `ver\0..\0h-beat\0..\0..` (also beginning with `f h b d c t`): what the device is; 200. Pairs of key and value replace
//!   all that was known. A heartbeat sets the idle time of the connection. When new firmware waits for the device, it is
//!   told so before the 200.
//! * `rtc`: `rtc\0<seconds>` with the request's id, the wall-clock time of the project's RTC widget read as if it were
//!   UTC; nothing without such a widget.
//! * Anything else is ignored.
//! * 2: nothing in the body.

use super::Caller;
use crate::hub::{Framing, Handled, Hub, Reply};
use crate::model::weight::{weight, Growth, OVERHEAD};
use crate::model::HardwareInfo;
use crate::tz::Rules;
use crate::wire::{body, Status};

/// Most keys and values that are looked at; there are nine keys.
const PARTS_MAX: usize = 256;

/// Handles BLYNK_INTERNAL.
pub fn handle(hub: &mut Hub, caller: Caller, _id: u16, text: &str) -> Handled {
    let parts: Vec<&str> = body::split_all(text).take(PARTS_MAX).collect();
    let first = parts.first().and_then(|part| part.chars().next()).ok_or(Status::IllegalCommand)?;
    match first {
        'v' | 'f' | 'h' | 'b' | 'd' | 'c' | 't' => Ok(take_info(hub, caller, &parts)),
        'r' => Ok(tell_time(hub, caller)),
        _ => Ok(Reply::None),
    }
}

fn take_info(hub: &mut Hub, caller: Caller, parts: &[&str]) -> Reply {
    let info = HardwareInfo::from_parts(parts);
    set_idle_timeout(hub, caller, info.heartbeat_interval);
    hub.offer_firmware(caller.conn, caller.device, &info.build);
    let device = caller.device;
    let known = hub.users.dash(device.user, device.dash).and_then(|d| d.device(device.device));
    let old = known.and_then(|known| known.hardware_info.as_ref()).map_or(0, |old| weight(old));
    // The first one brings its name along.
    let more = weight(&info) + if old == 0 { OVERHEAD } else { 0 };
    if !hub.may_change(device.user, Growth { more, less: old }) {
        return Reply::OK;
    }
    if let Some(known) = hub.users.dash_mut(device.user, device.dash).and_then(|d| d.device_mut(device.device)) {
        // The same as ever, as after most reconnects: what is there need not move in memory.
        if known.hardware_info.as_ref() != Some(&info) {
            known.hardware_info = Some(info);
        }
        hub.value_written(device.user, device.dash);
    }
    Reply::OK
}

/// A device that promises a heartbeat is given 2.3 times as long, unless time-outs are off. MQTT devices have promised
/// theirs at CONNECT.
fn set_idle_timeout(hub: &mut Hub, caller: Caller, heartbeat: i32) {
    let off = hub.config.server.hard_socket_idle_timeout == 0;
    let Ok(seconds) = u32::try_from(heartbeat) else { return };
    let Some(connection) = hub.connections.get_mut(caller.conn) else { return };
    if !off && seconds > 0 && connection.outbox.framing() != Framing::Mqtt {
        connection.idle_timeout = super::patience(seconds);
    }
}

fn tell_time(hub: &Hub, caller: Caller) -> Reply {
    let now = hub.now();
    let dash = hub.users.dash(caller.device.user, caller.device.dash);
    let zone = dash.and_then(|d| d.rtc()).map(|rtc| rtc.tz_name.id());
    match zone {
        Some(zone) => {
            let seconds = now.div_euclid(1000) + i64::from(Rules::of(zone).offset_seconds(now));
            Reply::Text(format!("rtc\0{seconds}"))
        }
        None => Reply::None,
    }
}

#[cfg(test)]
mod tests {
    use crate::hardware::testing::World;
    use crate::hub::testing::START;
    use crate::model::json::{to_string, Audience};
    use crate::wire::Command;

    fn internal(w: &mut World, body: &str) -> Vec<String> {
        w.send(Command::BLYNK_INTERNAL, 6, body)
    }

    fn info(w: &mut World) -> String {
        to_string(w.dash().device(3).unwrap().hardware_info.as_ref().unwrap(), Audience::Disk)
    }

    fn idle_after(w: &mut World, configured: u32, body: &str) -> u32 {
        let mut config = (*w.hub.config).clone();
        config.server.hard_socket_idle_timeout = configured;
        w.hub.config = std::rc::Rc::new(config);
        internal(w, body);
        w.hub.connections.get(w.conn).unwrap().idle_timeout
    }

    #[test]
    fn info_replaces_info() {
        let mut w = World::new();
        let all = "ver|0.6.1|h-beat|45|buff-in|1024|dev|ESP32|cpu|ESP32|con|WiFi|fw|1.2|tmpl|T1|build|Jan 01 2020";
        assert_eq!(internal(&mut w, all), ["= 6 200"]);
        let json: serde_json::Value = serde_json::from_str(&info(&mut w)).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"version":"1.2","blynkVersion":"0.6.1","boardType":"ESP32","cpuType":"ESP32",
                "connectionType":"WiFi","build":"Jan 01 2020","templateId":"T1","heartbeatInterval":45,"buffIn":1024})
        );
        assert_eq!(w.dash().updated_at, START);
        assert_eq!(internal(&mut w, "ver"), ["= 6 200"]);
        assert_eq!(info(&mut w), r#"{"heartbeatInterval":0,"buffIn":250}"#);
        w.dash().is_active = false;
        assert_eq!(internal(&mut w, "h-beat|x|buff-in|-1"), ["= 6 200"]);
        assert_eq!(info(&mut w), r#"{"heartbeatInterval":-1,"buffIn":250}"#);
        assert_eq!(w.told(), [""; 0]);
    }

    #[test]
    fn without_a_meaning() {
        let mut w = World::new();
        for body in ["", "|", "||", "|1"] {
            assert_eq!(internal(&mut w, body), ["= 6 2"], "{body}");
        }
        for body in ["xyz|1", "acon", "adis", "ota", "Ver|1", "1", "é"] {
            assert_eq!(internal(&mut w, body), [""; 0], "{body}");
        }
        assert!(w.dash().device(3).unwrap().hardware_info.is_none());
    }

    #[test]
    fn time_is_that_of_the_rtc_widget() {
        let mut w = World::new();
        assert_eq!(internal(&mut w, "rtc"), [""; 0]);
        let mut w = World::with(r#"{"type":"RTC","id":1,"tzName":"Asia/Tokyo"}"#);
        assert_eq!(internal(&mut w, "rtc"), [format!("17 6 rtc|{}", START / 1000 + 32_400)]);
        let mut w = World::with(r#"{"type":"RTC","id":1}"#);
        assert_eq!(internal(&mut w, "rtc|x"), [format!("17 6 rtc|{}", START / 1000)]);
    }

    #[test]
    fn heartbeats_set_the_idle_time() {
        let mut w = World::new();
        assert_eq!(idle_after(&mut w, 10, "ver|1|h-beat|2"), 5_000);
        assert_eq!(idle_after(&mut w, 10, "ver|1|h-beat|10"), 23_000);
        assert_eq!(idle_after(&mut w, 10, "ver|1|h-beat|0"), 23_000);
        assert_eq!(idle_after(&mut w, 10, "ver|1|h-beat|-5"), 23_000);
        assert_eq!(idle_after(&mut w, 10, "ver|1|h-beat|2147483647"), u32::MAX);
        assert_eq!(idle_after(&mut w, 0, "ver|1|h-beat|2"), u32::MAX);
    }

    #[test]
    fn the_buffer_decides_what_arrives() {
        let mut w = World::new();
        let fits = |w: &mut World, length: usize| {
            let body = "x".repeat(length);
            w.hub.to_hardware(w.user, 17, &[3], Command::HARDWARE, 1, &[&body])
        };
        assert!(fits(&mut w, 250) && !fits(&mut w, 251));
        internal(&mut w, "ver|1|buff-in|20");
        assert!(fits(&mut w, 15) && !fits(&mut w, 16));
        internal(&mut w, "ver|1");
        assert!(fits(&mut w, 245) && !fits(&mut w, 246));
    }
}
