//! Counters of messages and requests, for the admin pages, the statistics log and metrics.

use crate::wire::Command;

/// Counters since start; the statistics record resets those of its period itself by remembering the last ones.
#[derive(Debug)]
pub struct Stats {
    /// Messages by command number, received and sent.
    commands: [u32; 100],
    /// App messages received.
    pub apps: u32,
    /// MQTT packets received.
    pub mqtt: u32,
    /// Messages and requests of all kinds received.
    pub total: u32,
    /// Registered accounts since start.
    pub registrations: u32,
}

impl Default for Stats {
    fn default() -> Self {
        Stats { commands: [0; 100], apps: 0, mqtt: 0, total: 0, registrations: 0 }
    }
}

impl Stats {
    /// Counts one message or request.
    pub fn count(&mut self, command: Command) {
        if let Some(counter) = self.commands.get_mut(command.index()) {
            *counter = counter.wrapping_add(1);
        }
    }

    /// How often a command was counted since start; wraps around.
    pub fn counted(&self, command: Command) -> u32 {
        self.commands.get(command.index()).copied().unwrap_or(0)
    }
}
