//! Pin values on their way into the history: averages, files and the reporting database.

use super::connections::DeviceRef;
use super::database::Write;
use super::Hub;
use crate::history::names::Pin;
use crate::history::number::parse_number;
use crate::history::rows::{RawRow, RawValue};
use crate::model::PinType;

/// Values that go to the reporting database together, before the minute is over.
const RAW_ROWS: usize = 2000;

impl Hub {
    /// Records a value of a time (ms since 1970), if it is a number and a graph or report of the project shows the pin. With
    /// `enable.raw.db.data.store` every value goes to the reporting database, too.
    pub fn record(&mut self, device: DeviceRef, pin_type: PinType, pin: u8, value: &str, at: i64) {
        let number = parse_number(value);
        if self.config.server.enable_raw_db_data_store && self.databases.is_some() {
            if let Some(owner) = self.history_owner(device.user) {
                let value = number.map_or_else(|| RawValue::Text(value.into()), RawValue::Number);
                let pin = Pin::new(device.dash, device.device, pin_type, i16::from(pin));
                self.history.raw.push(RawRow { email: owner.email, pin, value, ts: at });
                if self.history.raw.len() >= RAW_ROWS {
                    self.report_raw();
                }
            }
        }
        let Some(number) = number else { return };
        let Some(dash) = self.users.dash(device.user, device.dash) else { return };
        let Some(recorded) = dash.recorded(device.device, pin_type, pin) else { return };
        let Some(owner) = self.history_owner(device.user) else { return };
        let pin = Pin::new(device.dash, device.device, recorded.pin_type, i16::from(pin));
        self.history.averages.record(&owner, pin, number, at);
        if recorded.live {
            self.history.live.add(&owner, pin, number, at);
        }
    }

    /// Hands values that came and averages that are finished to the reporting database.
    pub fn report_history(&mut self) {
        for (span, rows) in self.history.averages.take_noted() {
            self.report(|| Write::Averages(span, rows));
        }
        self.report_raw();
    }

    fn report_raw(&mut self) {
        let rows = std::mem::take(&mut self.history.raw);
        if !rows.is_empty() {
            self.report(|| Write::Raw(rows));
        }
    }
}
