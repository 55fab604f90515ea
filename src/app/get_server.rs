//! GET_SERVER (40): which host serves an account.
//!
//! Body `email\0app`. Answer: the host as text. Errors: fewer than two parts, no app name or one over 100 characters 2;
//! an invalid mail address 11; too many look-ups wait 19. Spec 02 §4.1.

use super::request::part;
use super::Stranger;
use crate::hub::{Handled, Hub, Reply};
use crate::notify::address;
use crate::wire::body::{ascii, split2, utf16_len};
use crate::wire::{Command, Status};
use std::rc::Rc;

/// Longest app name, in characters.
pub const APP_NAME_MAX: usize = 100;

/// See the module.
pub fn get_server(hub: &mut Hub, asking: Stranger, body: &str) -> Handled {
    let (email, app_name) = split2(body);
    let app_name = part(app_name)?;
    if app_name.is_empty() || utf16_len(app_name) > APP_NAME_MAX {
        return Err(Status::IllegalCommand);
    }
    let email = email.to_lowercase();
    if !address::is_valid(&email) {
        return Err(Status::IllegalCommandBody);
    }
    let Stranger { conn, id, .. } = asking;
    let answer = move |hub: &mut Hub, host: Rc<str>| {
        hub.answer(conn, Command::GET_SERVER, id, ascii(&host).as_bytes());
    };
    hub.find_user_host(&email, app_name, answer).map_err(|_| Status::ServerError)?;
    Ok(Reply::None)
}

#[cfg(test)]
mod tests {
    use crate::app::testing::ask;
    use crate::hub::testing::{connect, hub};
    use crate::hub::Framing;
    use crate::wire::Command;

    #[test]
    fn names_its_own_host() {
        let mut hub = hub();
        hub.host = "farm.example".into();
        let (conn, outbox) = connect(&mut hub, Framing::App);
        let long = format!("a@b.cc|{}", "n".repeat(101));
        for (body, answer) in [
            ("A@b.cc|Blynk", "40 5 farm.example"),
            (" a@b.cc|x", "40 5 farm.example"),
            ("a@b.cc", "= 5 2"),
            ("a@b.cc|", "= 5 2"),
            (&long, "= 5 2"),
            ("ann|Blynk", "= 5 11"),
        ] {
            assert_eq!(ask(&mut hub, conn, &outbox, Command::GET_SERVER, body), [answer], "{body}");
        }
    }
}
