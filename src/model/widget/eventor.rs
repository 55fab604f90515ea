//! EVENTOR: rules that react to values and times (spec 03 §11.3).

use crate::model::enums::{Property, SetPinType, PROPERTY_CONSTANTS};
use crate::model::json::{self, Bad, Cursor, Field, Key, Name, Object, Reading, Tagged, Writer};
use crate::model::pin::DataStream;
use crate::model::zone::Zone;
use crate::{json_nested, json_object};

/// When a timed rule fires.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct TriggerTime {
    pub id: i32,
    /// 1 = Monday .. 7.
    pub days: Vec<i32>,
    /// Seconds of the day.
    pub time: i32,
    pub tz_name: Zone,
}
json_object!(TriggerTime { "id" id, "days" days, "time" time, "tzName" tz_name });

/// What a value is compared with.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Condition {
    Gt(f64),
    Gte(f64),
    Lt(f64),
    Lte(f64),
    Eq(f64),
    Neq(f64),
    Between(f64, f64),
    NotBetween(f64, f64),
    /// Holds the last value seen.
    Changed(Option<String>),
    StrEqual(Option<String>),
    StrNotEqual(Option<String>),
}

impl Default for Condition {
    fn default() -> Self {
        Condition::Changed(None)
    }
}

impl Condition {
    fn name(&self) -> &'static str {
        match self {
            Condition::Gt(_) => "GT",
            Condition::Gte(_) => "GTE",
            Condition::Lt(_) => "LT",
            Condition::Lte(_) => "LTE",
            Condition::Eq(_) => "EQ",
            Condition::Neq(_) => "NEQ",
            Condition::Between(..) => "BETWEEN",
            Condition::NotBetween(..) => "NOT_BETWEEN",
            Condition::Changed(_) => "CHANGED",
            Condition::StrEqual(_) => "STR_EQUAL",
            Condition::StrNotEqual(_) => "STR_NOT_EQUAL",
        }
    }
}

impl Object for Condition {
    fn read_key(&mut self, key: Key<'_>, json: &mut Cursor<'_>, cx: &Reading) -> Result<bool, Bad> {
        use Condition::*;
        match (self, key.text) {
            (Gt(v) | Gte(v) | Lt(v) | Lte(v) | Eq(v) | Neq(v), "value") => *v = Field::read(json, cx)?,
            (Between(left, _) | NotBetween(left, _), "left") => *left = Field::read(json, cx)?,
            (Between(_, right) | NotBetween(_, right), "right") => *right = Field::read(json, cx)?,
            (Changed(v) | StrEqual(v) | StrNotEqual(v), "value") => *v = Field::read(json, cx)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn write_keys(&self, w: &mut Writer) {
        use Condition::*;
        w.key("type");
        w.text(self.name());
        match self {
            Gt(v) | Gte(v) | Lt(v) | Lte(v) | Eq(v) | Neq(v) => v.write("value", w),
            Between(left, right) | NotBetween(left, right) => {
                left.write("left", w);
                right.write("right", w);
            }
            Changed(v) | StrEqual(v) | StrNotEqual(v) => v.write("value", w),
        }
    }
}

impl Tagged for Condition {
    const TAG: &'static str = "type";
    fn for_tag(tag: Option<&str>) -> Result<Self, String> {
        use Condition::*;
        Ok(match tag.unwrap_or_default() {
            "GT" => Gt(0.0),
            "GTE" => Gte(0.0),
            "LT" => Lt(0.0),
            "LTE" => Lte(0.0),
            "EQ" => Eq(0.0),
            "NEQ" => Neq(0.0),
            "BETWEEN" => Between(0.0, 0.0),
            "NOT_BETWEEN" => NotBetween(0.0, 0.0),
            "CHANGED" => Changed(None),
            "STR_EQUAL" => StrEqual(None),
            "STR_NOT_EQUAL" => StrNotEqual(None),
            other => return Err(format!("unknown type of condition {other:?}")),
        })
    }
}

/// What a rule does.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Action {
    SetPin { pin: Option<DataStream>, value: Option<String>, set_pin_type: Option<SetPinType> },
    SetProperty { pin: Option<DataStream>, property: Option<Property>, value: Option<String> },
    Notify { message: Option<String> },
    Mail { subject: Option<String>, message: Option<String> },
    Twit { message: Option<String> },
}

impl Default for Action {
    fn default() -> Self {
        Action::Notify { message: None }
    }
}

/// A property by the name of its constant, e.g. `ON_BACK_COLOR`.
fn read_property_constant(json: &mut Cursor<'_>, cx: &Reading) -> Result<Option<Property>, Bad> {
    cx.scalar(json, |raw| match crate::model::json::text(raw)? {
        None => Ok(None),
        Some(text) => {
            let text = text.trim();
            let place = PROPERTY_CONSTANTS.iter().position(|c| *c == text).or_else(|| json::ordinal(text));
            match place.and_then(|i| Property::NAMES.get(i)) {
                Some((_, property)) => Ok(Some(*property)),
                None => Err(format!("unknown property {text:?}")),
            }
        }
    })
}

impl Object for Action {
    fn read_key(&mut self, key: Key<'_>, json: &mut Cursor<'_>, cx: &Reading) -> Result<bool, Bad> {
        use Action::*;
        match (self, key.text) {
            (SetPin { pin, .. } | SetProperty { pin, .. }, "pin") => *pin = Field::read(json, cx)?,
            (SetPin { value, .. } | SetProperty { value, .. }, "value") => *value = Field::read(json, cx)?,
            (SetPin { set_pin_type, .. }, "setPinType") => *set_pin_type = Field::read(json, cx)?,
            (SetProperty { property, .. }, "property") => *property = read_property_constant(json, cx)?,
            (Notify { message } | Mail { message, .. } | Twit { message }, "message") => {
                *message = Field::read(json, cx)?
            }
            (Mail { subject, .. }, "subject") => *subject = Field::read(json, cx)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn write_keys(&self, w: &mut Writer) {
        w.key("type");
        match self {
            Action::SetPin { pin, value, set_pin_type } => {
                w.text("SETPIN");
                pin.write("pin", w);
                value.write("value", w);
                set_pin_type.write("setPinType", w);
            }
            Action::SetProperty { pin, property, value } => {
                w.text("SET_PROP");
                pin.write("pin", w);
                if let Some(property) = property {
                    w.key("property");
                    w.text(PROPERTY_CONSTANTS[*property as usize]);
                }
                value.write("value", w);
            }
            Action::Notify { message } => {
                w.text("NOTIFY");
                message.write("message", w);
            }
            Action::Mail { subject, message } => {
                w.text("MAIL");
                subject.write("subject", w);
                message.write("message", w);
            }
            Action::Twit { message } => {
                w.text("TWIT");
                message.write("message", w);
            }
        }
    }
}

impl Tagged for Action {
    const TAG: &'static str = "type";
    fn for_tag(tag: Option<&str>) -> Result<Self, String> {
        Ok(match tag.unwrap_or_default() {
            "SETPIN" => Action::SetPin { pin: None, value: None, set_pin_type: None },
            "SET_PROP" => Action::SetProperty { pin: None, property: None, value: None },
            "NOTIFY" => Action::Notify { message: None },
            "MAIL" => Action::Mail { subject: None, message: None },
            "TWIT" => Action::Twit { message: None },
            other => return Err(format!("unknown type of action {other:?}")),
        })
    }
}

/// One rule.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Rule {
    pub trigger_pin: Option<DataStream>,
    pub trigger_time: Option<TriggerTime>,
    pub condition: Option<Condition>,
    pub actions: Vec<Action>,
    pub is_active: bool,
    /// The devices whose last value met the condition, so that it does not fire again for them; in memory only.
    pub met_for: Vec<i32>,
}
json_object!(Rule {
    "triggerPin" trigger_pin, "triggerTime" trigger_time, "condition" condition, "actions" actions,
    "isActive" is_active
});
json_nested!(ObjectSeed: TriggerTime, Rule);
json_nested!(TaggedSeed: Condition, Action);

/// EVENTOR
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Eventor {
    pub rules: Vec<Rule>,
    pub device_id: i32,
}
json_object!(Eventor { "rules" rules, "deviceId" device_id });
