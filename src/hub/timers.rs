//! Timers: the agenda follows the profiles, and at each of its seconds what is due is done (spec 07 §1).

use super::users::UserId;
use super::Hub;
use crate::automation::agenda::{second_of_day, Agenda};
use crate::automation::timers;

/// Message id of what timers send.
pub const TIMER_ID: u16 = 7777;
/// Seconds that are made up for when the clock was moved on or the server was busy.
const CATCH_UP: i64 = 60;
/// The wall clock was moved when it differs by more from what it should show, ms.
const MOVED: i64 = 20;

/// When the next timers are due.
#[derive(Debug, Default)]
pub struct Timers {
    agenda: Agenda<UserId>,
    /// Unix second up to which everything was done.
    done: i64,
    /// ms since start for which the next look is scheduled; other entries of the schedule do nothing.
    armed: Option<u64>,
    /// Wall time less time since start, ms, when the next look was scheduled.
    offset: i64,
}

impl Hub {
    /// Takes over what people changed in timers and displays since the last call. Called after every batch of messages, so
    /// handlers need not care.
    pub fn follow_changes(&mut self) {
        let changed = self.users.take_changed();
        if changed.is_empty() {
            return;
        }
        // What was due before the change; the second that runs is over for new timers.
        self.run_timers();
        for user in changed {
            let profile = self.users.profile(user);
            self.timers.agenda.set(user, profile.map_or(Vec::new(), timers::times));
            self.note_reads(user);
        }
        self.arm_timers();
    }

    /// How many times of day there are at which a project has something to do.
    pub fn timer_times(&self) -> usize {
        self.timers.agenda.len()
    }

    /// Schedules the next look at the timers, unless there is an earlier one.
    fn arm_timers(&mut self) {
        let Some(next) = self.timers.agenda.next_after(self.timers.done) else { return };
        let (now, ticks) = (self.now(), self.ticks());
        let wait = next.saturating_mul(1000).saturating_sub(now).max(0);
        let at = ticks.saturating_add(wait.unsigned_abs());
        if self.timers.armed.is_some_and(|armed| armed <= at) {
            return;
        }
        self.timers.armed = Some(at);
        self.timers.offset = offset(now, ticks);
        self.schedule.at(at, move |hub| {
            if hub.timers.armed == Some(at) {
                hub.timers.armed = None;
                hub.run_timers();
                hub.arm_timers();
            }
        });
    }

    /// Looks anew when the wall clock was moved. Called at least every second.
    pub(super) fn watch_clock(&mut self) {
        if self.timers.armed.is_none() {
            return;
        }
        let moved = offset(self.now(), self.ticks()).saturating_sub(self.timers.offset);
        if moved.saturating_abs() > MOVED {
            self.timers.armed = None;
            self.run_timers();
            self.arm_timers();
        }
    }

    /// Does what is due up to now. Each second is done once, also when the clock goes back by less than a minute.
    fn run_timers(&mut self) {
        let now = self.now().div_euclid(1000);
        let done = self.timers.done;
        if now <= done && now >= done - CATCH_UP {
            return;
        }
        let mut second = if now < done { now - 1 } else { done.max(now - CATCH_UP) };
        self.timers.done = now;
        while let Some(next) = self.timers.agenda.next_after(second).filter(|next| *next <= now) {
            second = next;
            for (user, dash) in self.timers.agenda.at(second_of_day(second)) {
                self.run_timers_of(user, dash, second);
            }
        }
    }

    fn run_timers_of(&mut self, user: UserId, dash: i32, second: i64) {
        let Some(project) = self.users.dash(user, dash) else { return };
        for due in timers::due(project, second) {
            for effect in due.effects {
                // Without a device the actions after it are left out, too.
                if effect.needs_device() && due.devices.is_empty() {
                    break;
                }
                self.perform(user, dash, &due.devices, TIMER_ID, effect);
            }
        }
    }
}

fn offset(now: i64, ticks: u64) -> i64 {
    now.saturating_sub(i64::try_from(ticks).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::testing::{advance, app, device, hub, sent, user, START};
    use crate::hub::Clock;
    use crate::model::json::{from_str, ObjectSeed, Reading};
    use crate::model::Dashboard;
    use std::time::Duration;

    /// Second of the day at which tests begin.
    const BEGIN: i64 = START / 1000 % 86_400;

    fn timer(id: i64, at: i64, value: &str) -> String {
        let at = (BEGIN + at) % 86_400;
        format!(
            r#"{{"type":"TIMER","id":{id},"deviceId":0,"pin":5,"pinType":"VIRTUAL","startTime":{at},"startValue":"{value}"}}"#
        )
    }

    fn dash(widgets: &str) -> String {
        format!(r#"{{"id":1,"isActive":true,"devices":[{{"id":0}}],"widgets":[{widgets}]}}"#)
    }

    fn hub_with(widgets: &str) -> (Hub, UserId) {
        let mut hub = hub();
        let user = user(&mut hub, "a@b.cc", &dash(widgets));
        hub.follow_changes();
        (hub, user)
    }

    /// Moves the wall clock only.
    fn move_wall(hub: &mut Hub, by: i64) {
        if let Clock::Manual { wall, .. } = &hub.clock {
            wall.set(wall.get() + by);
        }
        hub.run_due();
    }

    #[test]
    fn a_timer_sets_its_pin_at_its_second() {
        let (mut hub, user) = hub_with(&timer(1, 3, "1"));
        let (_, hardware) = device(&mut hub, user, 1, 0);
        let (_, phone) = app(&mut hub, user);
        advance(&mut hub, 2999);
        assert!(sent(&hardware).is_empty());
        advance(&mut hub, 1);
        assert_eq!(sent(&hardware), ["20 7777 vw|5|1"]);
        assert_eq!(sent(&phone), ["20 7777 1-0|vw|5|1"]);
        let timer = hub.users.dash(user, 1).unwrap().widget(1).unwrap();
        assert_eq!(timer.kind.one_pin().unwrap().value.as_deref(), Some("1"));
        advance(&mut hub, 86_399_999);
        assert!(sent(&hardware).is_empty());
        advance(&mut hub, 1);
        assert_eq!(sent(&hardware).len(), 1);
    }

    #[test]
    fn the_agenda_follows_the_profile() {
        let (mut hub, user) = hub_with(&timer(1, 3, "old"));
        let (_, hardware) = device(&mut hub, user, 1, 0);
        let change = |hub: &mut Hub, json: &str| {
            let cx = Reading::strict();
            let dash: Dashboard = from_str(&dash(json), ObjectSeed::new(&cx)).unwrap().unwrap();
            hub.users.dash_mut(user, 1).unwrap().widgets = dash.widgets;
            hub.dash_changed(user, 1);
            hub.save_changes();
        };
        change(&mut hub, &timer(1, 2, "new"));
        advance(&mut hub, 2000);
        assert_eq!(sent(&hardware), ["20 7777 vw|5|new"]);
        advance(&mut hub, 1000);
        // A time that has just passed waits for tomorrow.
        change(&mut hub, &timer(1, 3, "now"));
        change(&mut hub, &timer(1, 2, "past"));
        advance(&mut hub, 10_000);
        assert!(sent(&hardware).is_empty());
        change(&mut hub, "");
        advance(&mut hub, 86_400_000);
        assert!(sent(&hardware).is_empty() && hub.timers.agenda.is_empty());
        change(&mut hub, &timer(1, 2, "x"));
        hub.users.remove(user);
        hub.follow_changes();
        assert!(hub.timers.agenda.is_empty());
    }

    #[test]
    fn a_list_of_actions_ends_where_a_device_is_missing() {
        let at = BEGIN + 1;
        let rule = format!(
            r#"{{"type":"EVENTOR","id":5,"deviceId":7,"rules":[{{"isActive":true,"triggerTime":{{"days":[1,2,3,4,5,6,7],
                "time":{at}}},"actions":[{{"type":"NOTIFY","message":"a /pin/"}},
                {{"type":"SETPIN","pin":{{"pin":1,"pinType":"VIRTUAL"}},"value":"1"}},
                {{"type":"NOTIFY","message":"b"}}]}}]}},{{"type":"NOTIFICATION","id":9,"iOSTokens":{{"u":"t"}}}}"#
        );
        let (mut hub, _) = hub_with(&rule);
        advance(&mut hub, 1000);
        let jobs = hub.jobs.take_kept();
        let [(_, crate::hub::Job::Push(push, _))] = &jobs[..] else { panic!("{jobs:?}") };
        assert_eq!(push.text, "a /pin/");
    }

    #[test]
    fn the_clock_is_moved() {
        let (mut hub, user) = hub_with(&[timer(1, 10, "a"), timer(2, 7200, "b")].join(","));
        let (_, hardware) = device(&mut hub, user, 1, 0);
        // On by a little: what was skipped is done at once.
        move_wall(&mut hub, 15_000);
        assert_eq!(sent(&hardware), ["20 7777 vw|5|a"]);
        // Back by a little: not done twice.
        move_wall(&mut hub, -10_000);
        advance(&mut hub, 9_000);
        assert!(sent(&hardware).is_empty());
        // On by hours: only the last minute counts.
        move_wall(&mut hub, 7_000_000);
        assert!(sent(&hardware).is_empty());
        move_wall(&mut hub, 3_600_000);
        assert!(sent(&hardware).is_empty());
        // Back by hours: the times come once more.
        move_wall(&mut hub, -5_000_000);
        let now = hub.now() / 1000 - START / 1000;
        advance(&mut hub, ((7200 - now) * 1000) as u64);
        assert_eq!(sent(&hardware), ["20 7777 vw|5|b"]);
        // On to shortly after a time, as when the true time comes from the network.
        move_wall(&mut hub, 86_400_000 - 7_170_000);
        assert_eq!(sent(&hardware), ["20 7777 vw|5|a"]);
    }

    /// Runs until the wall clock shows `end` (ms since 1970), as fast as it goes; what was sent, with its wall time.
    fn run_until(hub: &mut Hub, hardware: &crate::hub::Outbox, end: i64) -> Vec<(i64, String)> {
        let mut all = Vec::new();
        while let Some(next) = hub.schedule.next() {
            let wait = next - hub.ticks();
            if hub.now() + wait as i64 > end {
                break;
            }
            hub.clock.advance(Duration::from_millis(wait));
            hub.run_due();
            all.extend(sent(hardware).into_iter().map(|text| (hub.now(), text)));
        }
        let left = end - hub.now();
        hub.clock.advance(Duration::from_millis(left as u64));
        all
    }

    /// A rule that writes `value` to V1 at a time of the UTC day on some days of the week in a zone.
    fn rule(time: i64, days: &str, zone: &str, value: &str) -> String {
        format!(
            r#"{{"isActive":true,"triggerTime":{{"days":[{days}],"time":{time},"tzName":"{zone}"}},"actions":
            [{{"type":"SETPIN","pin":{{"pin":1,"pinType":"VIRTUAL"}},"value":"{value}"}}]}}"#
        )
    }

    #[test]
    fn a_year_passes_quickly() {
        const DAY_MS: i64 = 86_400_000;
        // Half an hour before midnight in London is Monday there in winter, Tuesday in summer; in New York at four in the
        // morning UTC it is the day before all year, and in Lord Howe's half hours everything moves by thirty minutes.
        let rules = [
            rule(84_600, "2", "Europe/London", "london"),
            rule(4 * 3600, "1", "America/New_York", "new york"),
            rule(48_600, "3", "Australia/Lord_Howe", "lord howe"),
        ];
        let eventor = format!(r#"{{"type":"EVENTOR","id":5,"deviceId":0,"rules":[{}]}}"#, rules.join(","));
        let (mut hub, user) = hub_with(&[timer(1, 60, "a"), timer(2, 7200, "b"), eventor].join(","));
        let (_, hardware) = device(&mut hub, user, 1, 0);
        let end = START + 365 * DAY_MS;
        let all = run_until(&mut hub, &hardware, end);
        let times = |value: &str| {
            let found = all.iter().filter(|(_, text)| text.split('|').next_back() == Some(value));
            found.map(|(at, _)| *at).collect::<Vec<i64>>()
        };
        let daily = |second: i64| (0..365).map(|day| START + (second + day * 86_400) * 1000).collect::<Vec<_>>();
        assert_eq!((times("a"), times("b")), (daily(60), daily(7200)));
        // What the rules did, by the days of the week in UTC (1 = Monday), against a calendar that knows the changes.
        for (value, time, wanted, zone) in [
            ("london", 84_600, 2, "Europe/London"),
            ("new york", 4 * 3600, 1, "America/New_York"),
            ("lord howe", 48_600, 3, "Australia/Lord_Howe"),
        ] {
            let zone = crate::tz::region(zone).unwrap();
            let on_the_day = |at: &i64| {
                let day = jiff::Timestamp::from_millisecond(*at).unwrap().to_zoned(zone.clone()).weekday();
                i32::from(day.to_monday_one_offset()) == wanted
            };
            let first = (START / DAY_MS * 86_400 + time) * 1000;
            let days = (0..=365).map(|day| first + day * DAY_MS).filter(|at| (START + 1..=end).contains(at));
            assert_eq!(times(value), days.filter(on_the_day).collect::<Vec<_>>(), "{value}");
        }
        let weekday =
            |at: i64| jiff::Timestamp::from_millisecond(at).unwrap().to_zoned(jiff::tz::TimeZone::UTC).weekday();
        let mut days: Vec<_> = times("london").into_iter().map(weekday).collect();
        days.dedup();
        // Winter, summer, winter: the day in UTC changed twice.
        assert_eq!(days.len(), 3, "{days:?}");
    }

    #[test]
    fn a_year_of_a_wandering_clock() {
        let (mut hub, user) = hub_with(&timer(1, 3600, "a"));
        let (_, hardware) = device(&mut hub, user, 1, 0);
        let mut count = 0;
        for day in 0..365 {
            // Before noon it is set on or back by less than a minute, each evening to the true time.
            let by = [-50_000, 40_000, -900, 700][day % 4];
            let begin = START + day as i64 * 86_400_000;
            count += run_until(&mut hub, &hardware, begin + 3_590_000).len();
            move_wall(&mut hub, by);
            count += sent(&hardware).len();
            count += run_until(&mut hub, &hardware, begin + 7_200_000).len();
            move_wall(&mut hub, -by);
            count += sent(&hardware).len();
            count += run_until(&mut hub, &hardware, begin + 86_400_000).len();
        }
        assert_eq!(count, 365);
    }

    #[test]
    fn many_new_times_do_not_fill_the_schedule() {
        let (mut hub, user) = hub_with("");
        for round in 0..2000 {
            let times = (0..3).map(|i| (((BEGIN + 5000 - round * 2 + i * 7) % 86_400) as u32, 1)).collect();
            hub.timers.agenda.set(user, times);
            hub.arm_timers();
            let times = vec![(((BEGIN + 50_000) % 86_400) as u32, 1)];
            hub.timers.agenda.set(user, times);
            hub.arm_timers();
        }
        assert!(hub.schedule.len() <= 2000, "{}", hub.schedule.len());
    }
}
