//! What a written value sets off: eventor rules; and how the actions of rules and timers are done (spec 07 §2.5). Their
//! failures never concern the writer.

use super::connections::DeviceRef;
use super::jobs::{Job, Queue};
use super::users::{Unsaved, UserId};
use super::Hub;
use crate::automation::actions::Effect;
use crate::automation::eventor;
use crate::model::enums::Property;
use crate::model::json::Name;
use crate::model::{Kind, PinType, PropertyOrigin};
use crate::notify::address;
use crate::notify::mail::Mail;
use crate::notify::tweet::Tweet;
use crate::wire::body::{utf16_len, Digits};
use crate::wire::Command;

/// Message id of what rules and webhooks send.
pub const RULE_ID: u16 = 888;
/// Longest text of a push, characters.
const PUSH_MAX: usize = 255;
/// Longest text of a tweet, characters.
const TWEET_MAX: usize = 140;

impl Hub {
    /// Runs the eventor rules of a device (or of the tag or selector that an app named) for a value that was just stored.
    pub fn run_eventor(&mut self, device: DeviceRef, pin_type: PinType, pin: u8, value: &str) {
        let DeviceRef { user, dash, device } = device;
        let Some(project) = self.users.dash_mut(user, dash) else { return };
        let Some(mut rules) = eventor::take(project, device) else { return };
        rules.run(device, pin_type, pin, value, &mut |devices, effect| {
            self.perform(user, dash, devices, RULE_ID, effect);
            self.stats.count(Command::EVENTOR);
        });
        if let Some(project) = self.users.dash_mut(user, dash) {
            eventor::put_back(project, rules);
        }
    }

    /// Does what a rule or timer says. `id`: of the messages that are sent.
    pub fn perform(&mut self, user: UserId, dash: i32, devices: &[i32], id: u16, effect: Effect<'_>) {
        match effect {
            Effect::SetPin { pin_type, pwm_mode, pin, value } => {
                self.set_pin(user, dash, devices, id, (pin_type, pwm_mode, pin), &value);
            }
            Effect::SetProperty { pin, property, value } => {
                self.set_property(user, dash, devices, id, (pin, property), &value);
            }
            Effect::Notify(text) => {
                if (1..=PUSH_MAX).contains(&utf16_len(&text)) {
                    self.push_to_phones(user, dash, text.into_owned());
                }
            }
            Effect::Mail { subject, text } => self.mail_of_rule(user, dash, &subject, &text),
            Effect::Tweet(text) => self.tweet_of_rule(user, dash, text.into_owned()),
        }
    }

    /// Stores a value for devices and tells them and the apps. No rules and no webhooks, so there are no loops.
    fn set_pin(
        &mut self,
        user: UserId,
        dash: i32,
        devices: &[i32],
        id: u16,
        (pin_type, pwm_mode, pin): (PinType, bool, u8),
        value: &str,
    ) {
        if devices.is_empty() {
            return;
        }
        let (letters, number) = (pin_type.write_letters(pwm_mode), Digits::of(i32::from(pin)));
        for device in devices {
            if self.store_value(user, (dash, *device), (pin_type, pin), value).is_err() {
                log::debug!("a rule's value is no number, as a widget of project {dash} wants it");
            }
        }
        let body = [letters, "\0", number.as_str(), "\0", value];
        self.to_hardware(user, dash, devices, Command::HARDWARE, id, &body);
        for device in devices {
            self.pin_to_apps(user, dash, *device, id, [letters, number.as_str(), value]);
        }
    }

    fn set_property(
        &mut self,
        user: UserId,
        dash: i32,
        devices: &[i32],
        id: u16,
        (pin, property): (u8, Property),
        value: &str,
    ) {
        let body = format!("{pin}\0{}\0{value}", property.name());
        let now = self.now();
        for device in devices {
            self.to_apps(user, dash, Some(*device), Command::SET_WIDGET_PROPERTY, id, &body);
            if !self.may_keep_property(DeviceRef { user, dash, device: *device }, (PinType::Virtual, pin), value) {
                continue;
            }
            let Some(profile) = self.users.profile_mut(user) else { return };
            if profile.set_property_of_pin(PropertyOrigin::Rule, (dash, *device, pin), property, value, now).is_err() {
                log::debug!("a rule's property of project {dash} is no number");
            }
        }
        self.users.mark(user, Unsaved::Values);
    }

    /// A plain text mail to the receiver of the first EMAIL widget, else to the owner.
    fn mail_of_rule(&mut self, user: UserId, dash: i32, subject: &str, text: &str) {
        let Some(account) = self.users.get(user) else { return };
        let Some(project) = account.user.profile.dash(dash) else { return };
        let receiver = project.widgets.iter().find_map(|w| match &w.kind {
            Kind::Email(email) => Some(email.to.as_str()),
            _ => None,
        });
        let to = receiver.filter(|to| !to.is_empty()).unwrap_or(&account.user.email).to_owned();
        if !address::is_valid(&to) {
            log::warn!("the mail of a rule of project {dash} has no valid receiver");
        } else if !self.may_mail(user) {
            log::info!("a mail of a rule of project {dash} is over the daily limit");
        } else if self.jobs.mail(Mail::text(to, subject, text), |_, _| {}).is_ok() {
            self.count_mail(user);
        } else {
            log::warn!("too many notifications wait: a mail of project {dash} is dropped");
        }
    }

    fn tweet_of_rule(&mut self, user: UserId, dash: i32, text: String) {
        let Some(project) = self.users.dash(user, dash) else { return };
        let twitter = project.widgets.iter().find_map(|w| match &w.kind {
            Kind::Twitter(twitter) => Some(twitter),
            _ => None,
        });
        let Some(twitter) = twitter.filter(|t| !t.token.is_empty() && !t.secret.is_empty()) else { return };
        if !(1..=TWEET_MAX).contains(&utf16_len(&text)) {
            return;
        }
        let tweet = Tweet { text, token: twitter.token.clone(), secret: twitter.secret.clone() };
        if self.jobs.put(Queue::Network, Job::Tweet(tweet, Box::new(|_, _| {}))).is_err() {
            log::warn!("too many notifications wait: a tweet of project {dash} is dropped");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::pins::PinWrite;
    use crate::hub::testing::{app, device, guest, hub, sent, user};
    use crate::notify::mail::MailBody;

    fn rule(actions: &str) -> String {
        format!(
            r##"{{"id":1,"isActive":true,"devices":[{{"id":0}},{{"id":1}}],"widgets":[
                {{"type":"EVENTOR","id":5,"rules":[{{"isActive":true,"triggerPin":{{"pin":1,"pinType":"VIRTUAL"}},
                    "condition":{{"type":"GT","value":37}},"actions":[{actions}]}}]}},
                {{"type":"SLIDER","id":7,"deviceId":0,"pin":2,"pinType":"VIRTUAL"}},
                {{"type":"NOTIFICATION","id":9,"androidTokens":{{"u":"t"}}}},
                {{"type":"TWITTER","id":10,"token":"tk","secret":"ts"}}]}}"##
        )
    }

    const SET: &str = r#"{"type":"SETPIN","pin":{"pin":2,"pinType":"VIRTUAL"},"value":"on"}"#;

    fn write(hub: &mut Hub, user: UserId, value: &str) {
        let device = DeviceRef { user, dash: 1, device: 0 };
        hub.pin_written(None, device, PinWrite { pin_type: PinType::Virtual, pin: 1, value }).unwrap();
    }

    #[test]
    fn a_rule_tells_device_and_apps_and_stores() {
        let mut hub = hub();
        let user = user(&mut hub, "a@b.cc", &rule(SET));
        let (_, hardware) = device(&mut hub, user, 1, 0);
        let (_, other) = device(&mut hub, user, 1, 1);
        let (_, phone) = app(&mut hub, user);
        let (_, stranger) = guest(&mut hub, user, 2);
        write(&mut hub, user, "38");
        write(&mut hub, user, "39");
        assert_eq!(sent(&hardware), ["20 888 vw|2|on"]);
        assert_eq!(sent(&phone), ["20 888 1-0|vw|2|on"]);
        assert!(sent(&other).is_empty() && sent(&stranger).is_empty());
        let slider = hub.users.dash(user, 1).unwrap().widget(7).unwrap();
        assert_eq!(slider.kind.one_pin().unwrap().value.as_deref(), Some("on"));
        assert_eq!(hub.stats.counted(Command::EVENTOR), 1);
    }

    #[test]
    fn properties_go_to_apps_and_widgets() {
        let mut hub = hub();
        let property = |name: &str, value: &str| {
            let pin = r#"{"pin":2,"pinType":"VIRTUAL"}"#;
            format!(r#"{{"type":"SET_PROP","pin":{pin},"property":"{name}","value":"{value}"}}"#)
        };
        let actions = format!("{},{},{SET}", property("LABEL", "Hot"), property("COLOR", "zzz"));
        let user = user(&mut hub, "a@b.cc", &rule(&actions));
        let (_, hardware) = device(&mut hub, user, 1, 0);
        let (_, phone) = app(&mut hub, user);
        write(&mut hub, user, "38");
        assert_eq!(sent(&phone), ["19 888 1-0|2|label|Hot", "19 888 1-0|2|color|zzz", "20 888 1-0|vw|2|on"]);
        assert_eq!(sent(&hardware), ["20 888 vw|2|on"]);
        assert_eq!(hub.users.dash(user, 1).unwrap().widget(7).unwrap().label, "Hot");
    }

    #[test]
    fn messages_go_to_the_network() {
        let mut hub = hub();
        let actions = r#"{"type":"NOTIFY","message":"T /pin/, /pin/!"},{"type":"TWIT","message":"v /pin/"},
            {"type":"MAIL","subject":"S /pin/","message":"It is /pin/"}"#;
        let user = user(&mut hub, "owner@b.cc", &rule(actions));
        write(&mut hub, user, "38");
        let jobs = hub.jobs.take_kept();
        let [(_, Job::Push(push, _)), (_, Job::Tweet(tweet, _)), (_, Job::Mail(mail, _))] = &jobs[..] else {
            panic!("{jobs:?}")
        };
        assert_eq!((push.text.as_str(), tweet.text.as_str(), tweet.token.as_str()), ("T 38, 38!", "v 38", "tk"));
        assert_eq!((mail.to.as_slice(), mail.subject.as_str()), (&["owner@b.cc".to_owned()][..], "S /pin/"));
        assert!(mail.body == MailBody::Text("It is 38".into()));
        write(&mut hub, user, "1");
        // Longer than a push may be, and than a tweet.
        write(&mut hub, user, &format!("38.{}", "0".repeat(260)));
        assert_eq!(hub.jobs.take_kept().len(), 1);
    }

    #[test]
    fn mails_of_rules_are_limited() {
        let mut hub = hub();
        let user = user(&mut hub, "owner@b.cc", &rule(r#"{"type":"MAIL","message":"x"}"#));
        for _ in 0..110 {
            write(&mut hub, user, "38");
            write(&mut hub, user, "1");
        }
        assert_eq!(hub.jobs.take_kept().len(), 101);
    }
}
