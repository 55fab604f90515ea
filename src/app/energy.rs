//! GET_ENERGY (36), ADD_ENERGY (37), REDEEM (3): the currency of widgets. Spec 02 §14.

use super::Caller;
use crate::hub::{Handled, Hub, Reply};
use crate::wire::body::{parse_int32, split2};
use crate::wire::Status;

/// Most that one purchase brings: more than the largest that the apps offer.
const PURCHASE_MAX: i32 = 100_000;

/// GET_ENERGY. Body ignored, answer: the number.
pub fn get_energy(hub: &mut Hub, caller: Caller, _: &str) -> Handled {
    Ok(Reply::Text(caller.account(hub)?.energy.to_string()))
}

/// ADD_ENERGY. Body `amount\0transaction`, answer 200. Errors: an amount that is no number 2, other amounts than 1 to 100000
/// and transactions that are missing or known to be fake 6.
pub fn add_energy(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let (amount, transaction) = split2(body);
    let amount = parse_int32(amount)?;
    if !(1..=PURCHASE_MAX).contains(&amount) || transaction.is_none_or(is_fake) {
        return Err(Status::NotAllowed);
    }
    caller.account(hub)?.refund(amount);
    hub.user_changed(caller.user());
    Ok(Reply::OK)
}

/// What cracked apps send: nothing, the product's own name, or 19 characters, a dot and 16 characters.
fn is_fake(transaction: &str) -> bool {
    let dotted = || {
        let characters: Vec<char> = transaction.chars().take(37).collect();
        characters.len() == 36 && characters.iter().position(|c| *c == '.') == Some(19)
    };
    transaction.is_empty() || transaction.starts_with("com.blynk.energy") || dotted()
}

/// REDEEM. Body: a code. Codes are in a database only: answer 6.
pub fn redeem(_: &mut Hub, _: Caller, _: &str) -> Handled {
    Err(Status::NotAllowed)
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
