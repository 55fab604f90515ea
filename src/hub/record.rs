//! Pin values on their way into the history.

use super::connections::DeviceRef;
use super::Hub;
use crate::history::names::Pin;
use crate::history::number::parse_number;
use crate::model::PinType;

impl Hub {
    /// Records a value of a time (ms since 1970), if it is a number and a graph or report of the project shows the pin.
    pub fn record(&mut self, device: DeviceRef, pin_type: PinType, pin: u8, value: &str, at: i64) {
        let Some(number) = parse_number(value) else { return };
        let Some(dash) = self.users.dash(device.user, device.dash) else { return };
        let Some(recorded) = dash.recorded(device.device, pin_type, pin) else { return };
        let Some(owner) = self.history_owner(device.user) else { return };
        let pin = Pin::new(device.dash, device.device, recorded.pin_type, i16::from(pin));
        self.history.averages.record(&owner, pin, number, at);
        if recorded.live {
            self.history.live.add(&owner, pin, number, at);
        }
    }
}
