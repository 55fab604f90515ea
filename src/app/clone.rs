//! Projects given away by code: GET_CLONE_CODE (62), GET_PROJECT_BY_CLONE_CODE (63). Spec 02 §13.7, §13.8.

use super::request::{object, part};
use super::{dash, reply_later, Caller};
use crate::hub::clones::{CloneError, Content};
use crate::hub::{Handled, Hub, Reply};
use crate::model::json::{to_string, Audience};
use crate::model::storage::ObsoleteStorage;
use crate::model::weight::weight;
use crate::model::Dashboard;
use crate::wire::body::parse_int32;
use crate::wire::{Command, Status};

/// GET_CLONE_CODE. Body `dash`, answer: the code. Everybody who knows it gets the project without values and secrets.
/// Errors: 2, too many codes of the account in a day 1, the project could not be stored 19.
pub fn get_clone_code(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let dash = caller.dash(hub, parse_int32(body)?)?.id;
    hub.clone_project(
        caller.user(),
        dash,
        Content::Erased,
        |code| code.map(str::to_owned),
        move |hub, code| {
            let answer = code.map(Reply::Text).map_err(status_of);
            reply_later(hub, caller, Command::GET_CLONE_CODE, answer);
        },
    )
    .map_err(status_of)?;
    Ok(Reply::None)
}

/// GET_PROJECT_BY_CLONE_CODE. Body `code`, answer: the zlib-compressed JSON of the project, nothing is made of it. Body
/// `code\0anything`: a project is made of it, with an id and tokens of its own, and is the answer. Errors: unknown code 19;
/// too many projects 1; too little energy 21.
pub fn get_project_by_clone_code(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let (code, is_new) = match body.split_once('\0') {
        Some((code, _)) => (code, true),
        None => (body, false),
    };
    let answer = move |hub: &mut Hub, found: Result<String, CloneError>| {
        let handled = found.map_err(status_of).and_then(|json| {
            let json = if is_new { make(hub, &caller, &json)? } else { json };
            Ok(Reply::Packed(json))
        });
        reply_later(hub, caller, Command::GET_PROJECT_BY_CLONE_CODE, handled);
    };
    hub.find_clone(code, answer).map_err(|_| Status::ServerError)?;
    Ok(Reply::None)
}

/// Makes a project of the caller from the JSON behind a code; the result is its JSON.
fn make(hub: &mut Hub, caller: &Caller, json: &str) -> Result<String, Status> {
    let mut dash: Dashboard = object(json).map_err(|_| Status::ServerError)?;
    let (now, limit) = (hub.now(), hub.config.server.user_dashboard_max_limit as usize);
    let account = caller.account(hub)?;
    dash.id = account.profile.next_dash_id();
    if account.profile.dashboards.len() >= limit {
        return Err(Status::QuotaLimit);
    }
    if account.profile.dash(dash.id).is_some() {
        // Somebody has the greatest of all ids.
        return Err(Status::NotAllowed);
    }
    (dash.is_preview, dash.is_shared) = (false, false);
    dash.parent_id = crate::model::dashboard::NO_PARENT;
    if dash.created_at == 0 {
        dash.created_at = now;
    }
    // The file may have been made by anybody who could write to the data folder.
    dash.shared_token.clear();
    dash.obsolete_storage = ObsoleteStorage::default();
    dash.devices.iter_mut().for_each(|device| device.erase());
    let price = dash.price();
    if !account.can_pay(price) {
        return Err(Status::EnergyLimit);
    }
    if !hub.may_grow(caller.user(), weight(&dash)) {
        return Err(Status::NotAllowed);
    }
    caller.account(hub)?.charge(price);
    let id = dash.id;
    dash::add(hub, caller, dash, true)?;
    Ok(to_string(part(hub.users.dash(caller.user(), id))?, Audience::Owner))
}

fn status_of(error: CloneError) -> Status {
    match error {
        CloneError::NoProject => Status::IllegalCommand,
        CloneError::TooMany => Status::QuotaLimit,
        CloneError::Unknown | CloneError::Failed | CloneError::Busy(_) => Status::ServerError,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::*;
    use crate::config::Config;
    use crate::hub::testing::{fill, run_work, sent_bytes};
    use crate::store::{users::Leftovers, Saver};
    use serde_json::Value;
    use std::io::Read;
    use std::rc::Rc;
    use std::sync::Arc;
    use tempfile::TempDir;

    const DASH: &str = r#"{"id":7,"name":"Pond","parentId":3,"isPreview":true,"isShared":true,"sharedToken":"s",
        "createdAt":5,"devices":[{"id":0,"token":"t"}],
        "widgets":[{"type":"SLIDER","id":1,"pinType":"VIRTUAL","pin":3,"value":"5"}]}"#;

    fn with_folder() -> (One, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("clone")).unwrap();
        let mut one = one(DASH);
        one.hub.save_with(Arc::new(Saver::new(folder.path(), Leftovers::default())));
        (one, folder)
    }

    fn code(one: &mut One) -> String {
        assert!(one.ask(Command::GET_CLONE_CODE, "7").is_empty());
        run_work(&mut one.hub);
        let answer = crate::hub::testing::sent(&one.outbox).remove(0);
        answer.strip_prefix("62 5 ").unwrap().to_owned()
    }

    /// The project, or the status, that a code brings.
    fn ask(one: &mut One, body: &str) -> Result<Value, String> {
        assert!(one.ask(Command::GET_PROJECT_BY_CLONE_CODE, body).is_empty());
        run_work(&mut one.hub);
        let bytes = sent_bytes(&one.outbox);
        if bytes[0] == 0 {
            return Err(format!("{}", bytes[6]));
        }
        let mut json = String::new();
        flate2::read::ZlibDecoder::new(&bytes[7..]).read_to_string(&mut json).unwrap();
        Ok(serde_json::from_str(&json).unwrap())
    }

    #[test]
    fn a_code_shows_a_project_without_values_and_secrets() {
        let (mut one, _folder) = with_folder();
        let first = code(&mut one);
        assert_eq!(code(&mut one), first, "the same project, the same code");
        let shown = ask(&mut one, &first).unwrap();
        assert_eq!((&shown["id"], &shown["name"]), (&7.into(), &"Pond".into()));
        assert!(shown["widgets"][0]["value"].is_null() && shown["devices"][0]["token"].is_null());
        assert_eq!(one.hub.users.profile(one.user).unwrap().dashboards.len(), 1);
        one.statuses(Command::GET_CLONE_CODE, &[("8", 2), ("x", 2), ("", 2)]);
        for body in [&"x".repeat(32), "../a@b.cc.Blynk.user", "", &format!("{}|new", "x".repeat(32))] {
            assert_eq!(ask(&mut one, body), Err("19".into()), "{body}");
        }
    }

    #[test]
    fn a_code_becomes_a_project() {
        let (mut one, _folder) = with_folder();
        let code = code(&mut one);
        let body = format!("{code}|new");
        let made = ask(&mut one, &body).unwrap();
        assert_eq!((&made["id"], &made["parentId"], &made["createdAt"]), (&8.into(), &(-1).into(), &5.into()));
        assert_eq!((&made["isPreview"], &made["isShared"]), (&false.into(), &false.into()));
        let token = made["devices"][0]["token"].as_str().unwrap().to_owned();
        assert_eq!(one.hub.tokens.device(&token).map(|d| (d.user, d.dash, d.device)), Some((one.user, 8, 0)));
        assert_eq!(one.energy(), 99_800);
        fill(&mut one.hub, one.user);
        assert_eq!(ask(&mut one, &body), Err("6".into()));
        assert_eq!(one.energy(), 99_800);
        one.hub.users.get_mut(one.user).unwrap().user.energy = 199;
        assert_eq!(ask(&mut one, &body), Err("21".into()));
        let mut config = Config::default();
        config.server.user_dashboard_max_limit = 2;
        one.hub.config = Rc::new(config);
        assert_eq!(ask(&mut one, &body), Err("1".into()));
    }

    #[test]
    fn what_cannot_be_stored_has_no_code() {
        let (mut one, folder) = with_folder();
        std::fs::remove_dir(folder.path().join("clone")).unwrap();
        one.ask(Command::GET_CLONE_CODE, "7");
        run_work(&mut one.hub);
        assert_eq!(crate::hub::testing::sent(&one.outbox), ["= 5 19"]);
    }

    #[test]
    fn codes_per_day_are_limited() {
        let (mut one, _folder) = with_folder();
        for n in 0..100 {
            one.hub.users.dash_mut(one.user, 7).unwrap().name = n.to_string();
            code(&mut one);
        }
        one.hub.users.dash_mut(one.user, 7).unwrap().name = "more".into();
        one.statuses(Command::GET_CLONE_CODE, &[("7", 1)]);
    }
}
