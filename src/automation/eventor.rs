//! The rules of an EVENTOR widget: which of them a written value sets off (spec 07 §2).

use super::actions::Effect;
use crate::history::number::parse_number;
use crate::model::tag::FIRST_TAG_ID;
use crate::model::widget::{Condition, Rule};
use crate::model::{Dashboard, Kind, PinType};

/// More devices than this are not remembered to have met a rule's condition.
const MET_FOR_MAX: usize = 256;

/// The rules of a project, taken out of it while a written value runs through them: what they do to the project cannot be
/// done while they are lent out by it. [`put_back`] must follow.
#[derive(Debug)]
pub struct Rules {
    /// The devices that are set.
    pub devices: Vec<i32>,
    rules: Vec<Rule>,
    /// Place of their widget.
    widget: usize,
}

/// Takes the rules out of the project's first EVENTOR, if they concern a device (or tag or selector, when an app wrote).
pub fn take(dash: &mut Dashboard, device_id: i32) -> Option<Rules> {
    if !dash.is_active {
        return None;
    }
    let widget = dash.widgets.eventor()?;
    let Kind::Eventor(eventor) = &dash.widgets.get(widget)?.kind else { return None };
    if eventor.rules.is_empty() {
        return None;
    }
    let devices = devices(dash, eventor.device_id, device_id)?;
    let Kind::Eventor(eventor) = &mut dash.widgets.keeping_pins().get_mut(widget)?.kind else { return None };
    Some(Rules { devices, rules: std::mem::take(&mut eventor.rules), widget })
}

/// Gives the rules, with what they remember now, back to the project that they were taken from.
pub fn put_back(dash: &mut Dashboard, rules: Rules) {
    if let Some(Kind::Eventor(eventor)) =
        dash.widgets.keeping_pins().get_mut(rules.widget).map(|widget| &mut widget.kind)
    {
        eventor.rules = rules.rules;
    }
}

/// The devices that rules for `own` (a device, tag or selector) set when `written` was written; `None`: not concerned.
fn devices(dash: &Dashboard, own: i32, written: i32) -> Option<Vec<i32>> {
    if own < FIRST_TAG_ID {
        return (own == written).then(|| vec![written]);
    }
    let target = dash.target(own)?;
    if own == written {
        return Some(target.write_ids().to_vec());
    }
    target.selects(written).then(|| vec![written])
}

impl Rules {
    /// Runs a value that was written to a pin of a device through the rules; `act` does what they say, in the order of rules
    /// and actions.
    pub fn run(
        &mut self,
        device_id: i32,
        pin_type: PinType,
        pin: u8,
        value: &str,
        act: &mut dyn FnMut(&[i32], Effect<'_>),
    ) {
        let number = parse_number(value);
        for rule in self.rules.iter_mut().filter(|r| r.is_active) {
            if !rule.trigger_pin.as_ref().is_some_and(|p| p.is_same(pin_type, pin)) || rule.actions.is_empty() {
                continue;
            }
            let Some(condition) = &mut rule.condition else { continue };
            let is_met = is_met(condition, value, number);
            // Every change counts, there is nothing to fall back to.
            let is_news = note(rule, device_id, is_met) || matches!(rule.condition, Some(Condition::Changed(_)));
            if is_met && is_news {
                for effect in rule.actions.iter().filter_map(|action| Effect::of(action, Some(value))) {
                    act(&self.devices, effect);
                }
            }
        }
    }
}

/// Remembers whether the condition is met for a device; true when it was not before.
fn note(rule: &mut Rule, device_id: i32, is_met: bool) -> bool {
    let known = rule.met_for.iter().position(|id| *id == device_id);
    match (is_met, known) {
        (true, None) => {
            // Ids of deleted devices are no use to anybody.
            if rule.met_for.len() >= MET_FOR_MAX {
                rule.met_for.clear();
            }
            rule.met_for.push(device_id);
            true
        }
        (false, Some(at)) => {
            rule.met_for.swap_remove(at);
            false
        }
        _ => false,
    }
}

/// Whether a value meets a condition. Comparisons of numbers are false for text.
fn is_met(condition: &mut Condition, text: &str, number: Option<f64>) -> bool {
    use Condition::*;
    match (condition, number) {
        (Changed(last), _) => {
            let changed = last.as_deref() != Some(text);
            if changed {
                *last = Some(text.to_owned());
            }
            changed
        }
        (StrEqual(wanted), _) => wanted.as_deref() == Some(text),
        (StrNotEqual(unwanted), _) => unwanted.as_deref() != Some(text),
        (_, None) => false,
        (Gt(bound), Some(v)) => v > *bound,
        (Gte(bound), Some(v)) => v >= *bound,
        (Lt(bound), Some(v)) => v < *bound,
        (Lte(bound), Some(v)) => v <= *bound,
        // As the reference compared: zero and minus zero differ.
        (Eq(wanted), Some(v)) => v.to_bits() == wanted.to_bits(),
        (Neq(unwanted), Some(v)) => v != *unwanted,
        (Between(left, right), Some(v)) => *left < v && v < *right,
        (NotBetween(left, right), Some(v)) => !(*left < v && v < *right),
    }
}

#[cfg(test)]
mod tests;
