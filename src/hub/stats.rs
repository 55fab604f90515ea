//! Counters of messages and requests, for the admin pages, the statistics log and metrics.

use super::Hub;
use crate::wire::Command;

/// ms between two steps of the message rate.
const RATE_STEP: u64 = 5000;
/// Weight of the newest five seconds in the rate of about a minute: 1 - e^(-5/60).
const RATE_WEIGHT: f32 = 0.079_955_585;
/// Length of the table of counters.
const COMMANDS: usize = Command::LIMIT as usize;

/// Counters since start; they wrap around. [`Stats::since_record`] gives the growth since the last statistics record.
#[derive(Debug)]
pub struct Stats {
    /// Messages by command number, received and sent.
    commands: [u32; COMMANDS],
    /// App messages received.
    pub apps: u32,
    /// MQTT packets received.
    pub mqtt: u32,
    /// Registered accounts since start.
    pub registrations: u32,
    /// Reports made since start.
    pub reports: u32,
    /// The counters at the last record: commands, apps, mqtt.
    recorded: ([u32; COMMANDS], u32, u32),
    /// What the rate counts, since its last step.
    fresh: u32,
    /// Messages per second; `None` before the first step.
    rate: Option<f32>,
}

impl Default for Stats {
    fn default() -> Self {
        Stats {
            commands: [0; COMMANDS],
            apps: 0,
            mqtt: 0,
            registrations: 0,
            reports: 0,
            recorded: ([0; COMMANDS], 0, 0),
            fresh: 0,
            rate: None,
        }
    }
}

impl Stats {
    /// Counts one message or request.
    pub fn count(&mut self, command: Command) {
        if let Some(counter) = self.commands.get_mut(command.index()) {
            *counter = counter.wrapping_add(1);
        }
        // Frames of websockets hold messages, and requests have a counter of their own: each counts once.
        if command != Command::WEB_SOCKETS && command != Command::HTTP_TOTAL {
            self.fresh = self.fresh.wrapping_add(1);
        }
    }

    /// How often a command was counted since start; wraps around.
    pub fn counted(&self, command: Command) -> u32 {
        self.commands.get(command.index()).copied().unwrap_or(0)
    }

    /// How often a command was counted since the last record.
    pub fn since_record(&self, command: Command) -> u32 {
        self.counted(command).wrapping_sub(self.recorded.0.get(command.index()).copied().unwrap_or(0))
    }

    /// App messages and MQTT packets since the last record.
    pub fn totals_since_record(&self) -> (u32, u32) {
        (self.apps.wrapping_sub(self.recorded.1), self.mqtt.wrapping_sub(self.recorded.2))
    }

    /// A record was written: its period begins anew.
    pub fn recorded(&mut self) {
        self.recorded = (self.commands, self.apps, self.mqtt);
    }

    /// Messages per second, received and sent, on average over about a minute.
    pub fn rate(&self) -> f32 {
        self.rate.unwrap_or(0.0)
    }

    fn step_rate(&mut self) {
        let now = self.fresh as f32 / (RATE_STEP / 1000) as f32;
        self.fresh = 0;
        self.rate = Some(self.rate.map_or(now, |rate| rate + RATE_WEIGHT * (now - rate)));
    }
}

impl Hub {
    /// Keeps the message rate, from now on.
    pub fn schedule_rate(&mut self) {
        self.after(RATE_STEP, |hub| {
            hub.stats.step_rate();
            hub.schedule_rate();
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::testing;

    #[test]
    fn a_period_ends_with_its_record() {
        let mut stats = Stats::default();
        stats.count(Command::HARDWARE);
        stats.count(Command::HARDWARE);
        stats.apps = 3;
        assert_eq!((stats.since_record(Command::HARDWARE), stats.totals_since_record()), (2, (3, 0)));
        stats.recorded();
        stats.count(Command::HARDWARE);
        assert_eq!((stats.since_record(Command::HARDWARE), stats.totals_since_record()), (1, (0, 0)));
        assert_eq!(stats.counted(Command::HARDWARE), 3);
    }

    #[test]
    fn the_rate_is_an_average_per_second() {
        let mut hub = testing::hub();
        hub.schedule_rate();
        for _ in 0..50 {
            hub.stats.count(Command::HARDWARE);
            hub.stats.count(Command::WEB_SOCKETS);
        }
        testing::advance(&mut hub, RATE_STEP);
        assert!((hub.stats.rate() - 10.0).abs() < 0.001);
        testing::advance(&mut hub, RATE_STEP);
        assert!((hub.stats.rate() - 9.2).abs() < 0.01);
    }
}
