//! What a rule's action comes down to (spec 07 §2.1, §2.5).

use crate::model::enums::Property;
use crate::model::widget::Action;
use crate::model::{DataStream, PinType};
use std::borrow::Cow;

/// What a rule replaces by the written value in its texts.
const PLACEHOLDER: &str = "/pin/";
/// Texts do not grow beyond that by what is put into them, bytes.
const TEXT_MAX: usize = 64 * 1024;

/// One thing to do, ready to be done. Texts are those of the action as far as nothing was put into them.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect<'a> {
    /// A value for a pin.
    SetPin {
        /// Its type, as it is stored.
        pin_type: PinType,
        /// On the wire it is an analog pin.
        pwm_mode: bool,
        /// Its number.
        pin: u8,
        /// May be empty.
        value: Cow<'a, str>,
    },
    /// A property of a virtual pin's widgets.
    SetProperty {
        /// Number of the pin.
        pin: u8,
        /// Which property.
        property: Property,
        /// Not empty.
        value: Cow<'a, str>,
    },
    /// A push to the phones.
    Notify(Cow<'a, str>),
    /// A mail to the owner, or to the receiver of the EMAIL widget.
    Mail {
        /// As it stands in the rule.
        subject: Cow<'a, str>,
        /// Plain text.
        text: Cow<'a, str>,
    },
    /// A tweet.
    Tweet(Cow<'a, str>),
}

impl<'a> Effect<'a> {
    /// Whether the action says enough to be performed.
    pub fn is_valid(action: &Action) -> bool {
        match action {
            Action::SetPin { pin, .. } => number(pin).is_some(),
            Action::SetProperty { pin, property, value } => {
                number(pin).is_some() && property.is_some() && has_text(value)
            }
            Action::Notify { message } | Action::Mail { message, .. } | Action::Twit { message } => has_text(message),
        }
    }

    /// What to do for an action; `None` when it is not valid. `written`: what replaces `/pin/` in messages.
    pub fn of(action: &'a Action, written: Option<&str>) -> Option<Self> {
        let text = |message: &'a Option<String>| -> Option<Cow<'a, str>> {
            let message = message.as_deref().filter(|text| !text.is_empty())?;
            Some(written.map_or(Cow::Borrowed(message), |value| fill(message, value)))
        };
        let as_it_is = |text: &'a Option<String>| Cow::Borrowed(text.as_deref().unwrap_or_default());
        Some(match action {
            Action::SetPin { pin, value, .. } => {
                let (stream, pin) = number(pin)?;
                // Empty texts are not written to JSON, so a missing value is an empty one.
                Effect::SetPin { pin_type: stream.pin_type?, pwm_mode: stream.pwm_mode, pin, value: as_it_is(value) }
            }
            Action::SetProperty { pin, property, value } => {
                let value = as_it_is(value);
                if value.is_empty() {
                    return None;
                }
                Effect::SetProperty { pin: number(pin)?.1, property: (*property)?, value }
            }
            Action::Notify { message } => Effect::Notify(text(message)?),
            Action::Mail { subject, message } => Effect::Mail { subject: as_it_is(subject), text: text(message)? },
            Action::Twit { message } => Effect::Tweet(text(message)?),
        })
    }

    /// With texts of its own.
    pub fn into_owned(self) -> Effect<'static> {
        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        match self {
            Effect::SetPin { pin_type, pwm_mode, pin, value } => {
                Effect::SetPin { pin_type, pwm_mode, pin, value: own(value) }
            }
            Effect::SetProperty { pin, property, value } => Effect::SetProperty { pin, property, value: own(value) },
            Effect::Notify(text) => Effect::Notify(own(text)),
            Effect::Mail { subject, text } => Effect::Mail { subject: own(subject), text: own(text) },
            Effect::Tweet(text) => Effect::Tweet(own(text)),
        }
    }

    /// Whether it concerns devices: without any it cannot be done.
    pub fn needs_device(&self) -> bool {
        matches!(self, Effect::SetPin { .. } | Effect::SetProperty { .. })
    }
}

fn has_text(text: &Option<String>) -> bool {
    text.as_ref().is_some_and(|text| !text.is_empty())
}

/// The pin of an action with its number, if it has a type and a number that can be written.
fn number(pin: &Option<DataStream>) -> Option<(&DataStream, u8)> {
    let stream = pin.as_ref().filter(|stream| stream.pin_type.is_some())?;
    Some((stream, u8::try_from(stream.pin).ok()?))
}

/// Puts `value` wherever the placeholder stands, literally; a text that grows too long is cut.
fn fill<'a>(message: &'a str, value: &str) -> Cow<'a, str> {
    let mut pieces = message.split(PLACEHOLDER);
    let first = pieces.next().unwrap_or_default();
    if first.len() == message.len() {
        return Cow::Borrowed(message);
    }
    let mut text = first.to_owned();
    for piece in pieces {
        if text.len() + value.len() + piece.len() > TEXT_MAX {
            break;
        }
        text.push_str(value);
        text.push_str(piece);
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_put_in_literally_and_everywhere() {
        assert_eq!(fill("/pin/ of /pin/!", "$0\\ /pin/"), "$0\\ /pin/ of $0\\ /pin/!");
        assert_eq!(fill("nothing", "1"), "nothing");
        assert!(fill(&"/pin/".repeat(4000), &"x".repeat(30_000)).len() <= TEXT_MAX);
    }

    #[test]
    fn actions_that_say_too_little() {
        let pin = |pin| Some(DataStream { pin, pin_type: Some(PinType::Virtual), ..DataStream::default() });
        let set =
            |pin, value: Option<&str>| Action::SetPin { pin, value: value.map(str::to_owned), set_pin_type: None };
        let valid = |action: &Action| {
            assert_eq!(Effect::is_valid(action), Effect::of(action, None).is_some());
            Effect::is_valid(action)
        };
        assert!(valid(&set(pin(2), Some("1"))) && valid(&set(pin(255), None)));
        assert!(!valid(&set(None, Some("1"))) && !valid(&set(pin(-1), Some("1"))) && !valid(&set(pin(256), Some("1"))));
        assert!(!valid(&set(Some(DataStream::default()), Some("1"))));
        let property = |property, value: &str| Action::SetProperty { pin: pin(1), property, value: Some(value.into()) };
        assert!(valid(&property(Some(Property::Label), "x")));
        assert!(!valid(&property(None, "x")) && !valid(&property(Some(Property::Label), "")));
        assert!(valid(&Action::Mail { subject: None, message: Some("x".into()) }));
        assert!(!valid(&Action::Notify { message: Some(String::new()) }) && !valid(&Action::Twit { message: None }));
    }

    #[test]
    fn subjects_and_texts_of_timers_stay_as_they_are() {
        let mail = Action::Mail { subject: Some("s /pin/".into()), message: Some("t /pin/".into()) };
        let text = |written| match Effect::of(&mail, written) {
            Some(Effect::Mail { subject, text }) => format!("{subject}, {text}"),
            other => panic!("{other:?}"),
        };
        assert_eq!(text(Some("5")), "s /pin/, t 5");
        assert_eq!(text(None), "s /pin/, t /pin/");
    }
}
