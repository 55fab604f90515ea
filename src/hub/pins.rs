//! A value for a pin of a device arrives from a device, an HTTP client or MQTT: history, storage, rules, webhooks, apps, in
//! this order (spec 01 §9.2).

use super::connections::{ConnId, DeviceRef};
use super::Hub;
use crate::model::{BadNumber, Limits, PinType};
use crate::wire::{body, Command, Status};

/// Fewer characters than this are no message at all.
const SHORTEST_BODY: usize = 4;

/// A body `<t>w\0<pin>\0<value>`, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PinWrite<'a> {
    /// Analog, digital or virtual.
    pub pin_type: PinType,
    /// Number of the pin.
    pub pin: u8,
    /// The value, further NULs included; never empty.
    pub value: &'a str,
}

impl<'a> PinWrite<'a> {
    /// Takes a HARDWARE body of a device apart. `Ok(None)`: it is no write (its second character is not `w`).
    ///
    /// Errors: [`Status::IllegalCommand`].
    pub fn parse(text: &'a str) -> Result<Option<Self>, Status> {
        if body::utf16_len(text) < SHORTEST_BODY {
            return Err(Status::IllegalCommand);
        }
        let mut letters = text.chars();
        let letter = letters.next().ok_or(Status::IllegalCommand)?;
        // What is no basic character has two units: the second one is no `w`.
        if letter.len_utf16() > 1 || letters.next() != Some('w') {
            return Ok(None);
        }
        let (_, Some(pin), Some(value)) = body::split3(text) else { return Err(Status::IllegalCommand) };
        if value.is_empty() {
            return Err(Status::IllegalCommand);
        }
        let pin_type = PinType::from_letter(letter).ok_or(Status::IllegalCommand)?;
        Ok(Some(PinWrite { pin_type, pin: body::parse_pin(pin)?, value }))
    }
}

impl From<BadNumber> for Status {
    fn from(_: BadNumber) -> Self {
        Status::IllegalCommand
    }
}

impl Hub {
    /// A device, or another one over its bridge, wrote a HARDWARE body: what is no write is ignored, a write runs
    /// through everything and goes to the apps of an active project with the message's id. `writer`: the connection
    /// whose interval between webhooks counts.
    ///
    /// Errors: [`Status::IllegalCommand`] for a malformed body or a number that a widget does not take; then history may
    /// have been fed, but nothing was forwarded.
    pub fn hardware_wrote(&mut self, writer: ConnId, device: DeviceRef, id: u16, text: &str) -> Result<(), Status> {
        let Some(write) = PinWrite::parse(text)? else { return Ok(()) };
        self.pin_written(Some(writer), device, write)?;
        if self.users.dash(device.user, device.dash).is_some_and(|d| d.is_active) {
            self.to_apps(device.user, device.dash, Some(device.device), Command::HARDWARE, id, text);
        }
        Ok(())
    }

    /// A value came for a device: history, storage, the device's time of data, rules and webhooks. `writer`: the
    /// connection whose interval between webhooks counts, none for HTTP clients. The caller forwards the message.
    ///
    /// Errors: [`BadNumber`]; history was fed, and widgets before the one that refused keep the value.
    pub fn pin_written(
        &mut self,
        writer: Option<ConnId>,
        device: DeviceRef,
        write: PinWrite<'_>,
    ) -> Result<(), BadNumber> {
        let PinWrite { pin_type, pin, value } = write;
        self.store_pin(device, write)?;
        let now = self.now();
        if let Some(known) = self.users.dash_mut(device.user, device.dash).and_then(|d| d.device_mut(device.device)) {
            known.data_received_at = now;
        }
        self.run_eventor(device, pin_type, pin, value);
        self.run_webhooks(writer, device, pin_type, pin, value);
        Ok(())
    }

    /// Records a value in the history and stores it in widgets or pin storage, and nothing else: the first steps of
    /// every write.
    ///
    /// Errors: [`BadNumber`]; history was fed, and widgets before the one that refused keep the value.
    pub fn store_pin(&mut self, device: DeviceRef, write: PinWrite<'_>) -> Result<(), BadNumber> {
        let PinWrite { pin_type, pin, value } = write;
        let now = self.now();
        self.record(device, pin_type, pin, value, now);
        self.store_value(device.user, (device.dash, device.device), (pin_type, pin), value)
    }

    /// How much widgets and the pin storage remember.
    pub fn limits(&self) -> Limits {
        let config = &self.config.server;
        Limits {
            terminal_lines: config.terminal_strings_pool_size as usize,
            map_lines: config.map_strings_pool_size as usize,
            table_rows: config.table_rows_pool_size as usize,
            ..Limits::default()
        }
    }
}
