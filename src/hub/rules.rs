//! What a written value sets off: eventor rules, then webhooks. Their failures never concern the writer.

use super::connections::{ConnId, DeviceRef};
use super::Hub;
use crate::model::PinType;

impl Hub {
    /// Runs the eventor rules of a device for a value that was just stored.
    pub fn run_eventor(&mut self, _device: DeviceRef, _pin_type: PinType, _pin: u8, _value: &str) {}

    /// Calls the webhook of a pin for a value that was just stored. `limiter`: the connection whose interval between
    /// webhooks counts, none for HTTP clients.
    pub fn run_webhooks(
        &mut self,
        _limiter: Option<ConnId>,
        _device: DeviceRef,
        _pin_type: PinType,
        _pin: u8,
        _value: &str,
    ) {
    }
}
