//! LOAD_PROFILE_GZIPPED (24): the profile, or one project, as zlib-compressed JSON.
//!
//! Body: empty (owners: everything, guests: their project), `dash` (that project), or `token\0dash\0email[\0app]` (the
//! preview of a published project). Errors: unknown project or a bad number 2, a guest of another
//! project 6, no such preview 6. Spec 02 §6.

use super::request::part;
use super::Caller;
use crate::hub::{Handled, Hub, Reply};
use crate::model::json::{to_string, Audience, Element, Writer};
use crate::wire::body::split_all;

/// See the module.
pub fn load_profile(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let json = match (caller.login.guest_of, body) {
        (None, "") => to_string(part(hub.users.profile(caller.user()))?, Audience::Owner),
        (Some(own), "") => {
            let dash = caller.dash(hub, own)?;
            let mut w = Writer::new(Audience::Guest);
            w.raw("{\"dashBoards\":[");
            dash.write_bare(&mut w);
            w.raw("]}");
            w.finish()
        }
        (guest, body) => match split_all(body).take(3).collect::<Vec<_>>().as_slice() {
            [_, _, _] if guest.is_none() => return super::flashed::load_by_token(hub, caller, body),
            _ => {
                let audience = if guest.is_some() { Audience::Guest } else { Audience::Owner };
                to_string(caller.dash_of(hub, body)?, audience)
            }
        },
    };
    Ok(Reply::Packed(json))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::*;
    use crate::hub::testing::guest;
    use crate::hub::{ConnId, Outbox, Peer};
    use crate::model::{Dashboard, PinKey, PinType, PinValue};
    use crate::wire::Status;
    use serde_json::Value;

    fn load(hub: &mut Hub, conn: ConnId, body: &str) -> Result<Value, Status> {
        let Peer::App(login) = hub.connections.get(conn).unwrap().peer else { panic!() };
        let body = body.replace('|', "\0");
        match load_profile(hub, Caller { conn, id: 5, login }, &body)? {
            Reply::Packed(json) => Ok(serde_json::from_str(&json).unwrap()),
            other => panic!("{other:?}"),
        }
    }

    const DASH: &str = r#"{"id":1,"sharedToken":"s","devices":[{"id":0,"boardType":"NodeMCU","token":"t"}],
        "widgets":[{"type":"TWITTER","id":3,"token":"x"}]}"#;

    #[test]
    fn owners_see_everything() {
        let mut one = one(DASH);
        let key = PinKey::value(1, 0, PinType::Virtual, 20);
        one.hub.users.profile_mut(one.user).unwrap().storage.0.insert(key, PinValue::Single("5".into()));
        let whole = load(&mut one.hub, one.conn, "").unwrap();
        assert_eq!(whole["pinsStorage"]["1-0-v20"], "5");
        assert_eq!(whole["dashBoards"][0]["devices"][0]["token"], "t");
        assert_eq!(load(&mut one.hub, one.conn, "1").unwrap(), whole["dashBoards"][0]);
        for (body, status) in [
            ("99", Status::IllegalCommand),
            ("x", Status::IllegalCommand),
            ("1|", Status::IllegalCommand),
            ("|", Status::IllegalCommand),
            ("t|5", Status::IllegalCommand),
            ("t|x|a@b.cc", Status::IllegalCommand),
        ] {
            assert_eq!(load(&mut one.hub, one.conn, body), Err(status), "{body}");
        }
    }

    #[test]
    fn guests_see_one_project_without_secrets() {
        let mut one = one(DASH);
        one.hub.users.profile_mut(one.user).unwrap().dashboards.push(Dashboard { id: 2, ..Dashboard::default() });
        let (conn, _): (ConnId, std::rc::Rc<Outbox>) = guest(&mut one.hub, one.user, 1);
        let whole = load(&mut one.hub, conn, "").unwrap();
        assert_eq!(whole["dashBoards"].as_array().unwrap().len(), 1);
        let dash = load(&mut one.hub, conn, "1").unwrap();
        assert_eq!(whole["dashBoards"][0], dash);
        let device = serde_json::json!({"id":0,"boardType":"NodeMCU","isUserIcon":false});
        assert_eq!((&dash["devices"][0], &dash["sharedToken"]), (&device, &Value::Null));
        assert_eq!(dash["widgets"][0]["token"], Value::Null);
        assert_eq!(load(&mut one.hub, conn, "2"), Err(Status::NotAllowed));
        assert_eq!(load(&mut one.hub, conn, "3"), Err(Status::IllegalCommand));
        one.hub.users.profile_mut(one.user).unwrap().dashboards.remove(0);
        assert_eq!(load(&mut one.hub, conn, ""), Err(Status::IllegalCommand));
    }
}
