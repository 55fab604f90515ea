//! The rules of an EVENTOR widget: which of them a written value sets off (spec 07 §2).

use super::actions::Effect;
use crate::history::number::parse_number;
use crate::model::tag::FIRST_TAG_ID;
use crate::model::widget::{Condition, Eventor, Rule};
use crate::model::{Dashboard, Kind, PinType};

/// More devices than this are not remembered to have met a rule's condition.
const MET_FOR_MAX: usize = 256;

/// What a written value sets off.
#[derive(Debug, Clone, PartialEq)]
pub struct Fired {
    /// The devices that are set.
    pub devices: Vec<i32>,
    /// In the order of rules and actions.
    pub effects: Vec<Effect>,
}

/// Runs a value that was written to a pin of a device (or tag or selector, by an app) through the rules of the project's
/// first EVENTOR. What the rules remember is changed; nothing else happens. `None`: nothing is to be done.
pub fn written(dash: &mut Dashboard, device_id: i32, pin_type: PinType, pin: u8, value: &str) -> Option<Fired> {
    if !dash.is_active {
        return None;
    }
    let first = dash.widgets.iter().position(|w| matches!(w.kind, Kind::Eventor(_)))?;
    let Kind::Eventor(eventor) = &dash.widgets.get(first)?.kind else { return None };
    if eventor.rules.is_empty() {
        return None;
    }
    let devices = devices(dash, eventor.device_id, device_id)?;
    let Kind::Eventor(eventor) = &mut dash.widgets.get_mut(first)?.kind else { return None };
    let effects = run(eventor, device_id, pin_type, pin, value);
    (!effects.is_empty()).then_some(Fired { devices, effects })
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

fn run(eventor: &mut Eventor, device_id: i32, pin_type: PinType, pin: u8, value: &str) -> Vec<Effect> {
    let number = parse_number(value);
    let mut effects = Vec::new();
    for rule in eventor.rules.iter_mut().filter(|r| r.is_active) {
        if !rule.trigger_pin.as_ref().is_some_and(|p| p.is_same(pin_type, pin)) || rule.actions.is_empty() {
            continue;
        }
        let Some(condition) = &mut rule.condition else { continue };
        let is_met = is_met(condition, value, number);
        // Every change counts, there is nothing to fall back to.
        let is_news = note(rule, device_id, is_met) || matches!(rule.condition, Some(Condition::Changed(_)));
        if is_met && is_news {
            effects.extend(rule.actions.iter().filter_map(|action| Effect::of(action, Some(value))));
        }
    }
    effects
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
