//! GET_ENERGY (36), ADD_ENERGY (37), REDEEM (3): the currency of widgets. Spec 02 §14.

use super::{reply_later, Caller};
use crate::hub::database::{NoAnswer, Question, Write};
use crate::hub::{Handled, Hub, Reply};
use crate::store::rows::PurchaseRow;
use crate::wire::body::{parse_int32, split2};
use crate::wire::{Command, Status};

/// Most that one purchase brings: more than the largest that the apps offer.
const PURCHASE_MAX: i32 = 100_000;

/// Transactions that nobody paid for: they are not noted.
const GIFTS: [&str; 2] = ["AdColonyAward", "homeScreen"];

/// GET_ENERGY. Body ignored, answer: the number.
pub fn get_energy(hub: &mut Hub, caller: Caller, _: &str) -> Handled {
    Ok(Reply::Text(caller.account(hub)?.energy.to_string()))
}

/// ADD_ENERGY. Body `amount\0transaction`, answer 200. Errors: an amount that is no number 2, other amounts than 1 to 100000
/// and transactions that are missing or known to be fake 6.
pub fn add_energy(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let (amount, transaction) = split2(body);
    let amount = parse_int32(amount)?;
    let Some(transaction) = transaction.filter(|t| (1..=PURCHASE_MAX).contains(&amount) && !is_fake(t)) else {
        return Err(Status::NotAllowed);
    };
    if !GIFTS.contains(&transaction) {
        let (email, transaction) = (caller.account(hub)?.email.clone(), transaction.to_owned());
        hub.tell_database(|| Write::Purchase(PurchaseRow { email, reward: amount, transaction }));
    }
    give(hub, &caller, amount)
}

/// What cracked apps send: nothing, the product's own name, or 19 characters, a dot and 16 characters.
fn is_fake(transaction: &str) -> bool {
    let dotted = || {
        let characters: Vec<char> = transaction.chars().take(37).collect();
        characters.len() == 36 && characters.iter().position(|c| *c == '.') == Some(19)
    };
    transaction.is_empty() || transaction.starts_with("com.blynk.energy") || dotted()
}

/// REDEEM. Body: a code. Answer 200: it brought energy, now or earlier. Errors: an unknown code, somebody else's, or no
/// database 6.
pub fn redeem(hub: &mut Hub, caller: Caller, code: &str) -> Handled {
    let database = hub.main_database().ok_or(Status::NotAllowed)?;
    let email = caller.account(hub)?.email.clone();
    let then = move |hub: &mut Hub, worth: Result<Option<i32>, NoAnswer>| {
        let handled = match worth {
            Ok(Some(reward)) => give(hub, &caller, reward),
            _ => Err(Status::NotAllowed),
        };
        reply_later(hub, caller, Command::REDEEM, handled);
    };
    let question = Question::Redeem { code: code.to_owned(), email, then: Box::new(then) };
    database.ask(question).map_err(|_| Status::NotAllowed)?;
    Ok(Reply::None)
}

/// Adds energy, also when the app has gone meanwhile.
fn give(hub: &mut Hub, caller: &Caller, energy: i32) -> Handled {
    caller.account(hub)?.refund(energy);
    hub.user_changed(caller.user());
    Ok(Reply::OK)
}

#[cfg(test)]
mod tests {
    use crate::app::testing::*;
    use crate::wire::Command;

    #[test]
    fn energy_is_shown_and_added() {
        let mut one = one(r#"{"id":1}"#);
        let fake = format!("5|{}.{}", "a".repeat(19), "b".repeat(16));
        one.statuses(
            Command::ADD_ENERGY,
            &[
                ("1000|GPA.3312-5567", 200),
                ("200|AdColonyAward", 200),
                ("5|com.blynk.energy.5", 6),
                ("5|", 6),
                ("5", 6),
                (&fake, 6),
                ("0|tx", 6),
                ("-500|tx", 6),
                ("100001|tx", 6),
                ("x|tx", 2),
                ("", 2),
            ],
        );
        assert_eq!(one.ask(Command::GET_ENERGY, "x"), ["36 5 101200"]);
        one.statuses(Command::REDEEM, &[("8f0c2a", 6), ("", 6)]);
    }
}
