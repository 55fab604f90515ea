//! Accounts as administrators see them (spec 05 §9.1).
//!
//! * `GET /users?_page&_perPage&_sortField&_sortDir&_filters={"name":text}`: full accounts, `X-Total-Count`. With
//!   `_brief=true` without projects, but with their number and who is online.
//! * `GET /users/{id}`, `PUT`, `DELETE`, `POST /users`. The id is `{email}-{appName}`. Passwords are never shown: a `pass`
//!   that is absent or unchanged stays, another one is the new password in clear text.
//! * `GET /users/names/getAll`.

use super::lists::{self, Cell};
use crate::http::request::Request;
use crate::http::response::{Responder, Response};
use crate::http::rest::json;
use crate::hub::{Hub, Queue, UserId};
use crate::model::json::{Audience, Object, Reading, Writer};
use crate::model::{Profile, User, MAIN_APP};
use crate::notify::address;
use crate::store::accounts::password_hash;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

/// Most accounts in one answer, in full and in brief.
const FULL_MAX: usize = 200;
const BRIEF_MAX: usize = 1000;
/// Longest name of an app, in characters.
const APP_MAX: usize = 100;

/// See the module.
pub fn list(hub: &mut Hub, request: &Request) -> Response {
    let query = lists::query(request);
    let text = lists::filter(&query, "name");
    let hits = hub.users.iter().filter(|(_, account)| account.user.email.contains(&text));
    let mut ids: Vec<UserId> = hits.map(|(id, _)| id).collect();
    lists::sort(&mut ids, &query, |id, field| cell(&hub.users.get(*id)?.user, field));
    let total = ids.len().to_string();
    let brief = query.get("_brief") == Some("true");
    let page = lists::page(&ids, &query, if brief { BRIEF_MAX } else { FULL_MAX });
    let mut body = String::from("[");
    for id in page {
        if body.len() > 1 {
            body.push(',');
        }
        let text = if brief { in_brief(hub, *id) } else { in_full(hub, *id) };
        body.push_str(&text.unwrap_or_else(|| "null".to_owned()));
    }
    body.push(']');
    Response::json(body).with("x-total-count", total)
}

fn cell(user: &User, field: &str) -> Option<Cell> {
    Some(match field {
        "name" => Cell::Text(user.name.clone()),
        "email" => Cell::Text(user.email.clone()),
        "id" => Cell::Text(user.id()),
        "appName" => Cell::Text(user.app_name.clone()),
        "region" => Cell::Text(user.region.clone()),
        "ip" => Cell::Text(user.ip.clone()),
        "lastLoggedIP" => Cell::Text(user.last_logged_ip.to_string()),
        "lastModifiedTs" => user.last_modified_ts.into(),
        "lastLoggedAt" => user.last_logged_at.into(),
        "energy" => i64::from(user.energy).into(),
        "isFacebookUser" => i64::from(user.is_facebook_user).into(),
        "isSuperAdmin" => i64::from(user.is_super_admin).into(),
        "projects" => (user.profile.dashboards.len() as i64).into(),
        _ => return None,
    })
}

/// The account as stored, but for the password.
fn in_full(hub: &mut Hub, id: UserId) -> Option<String> {
    let user = &mut hub.users.get_mut(id)?.user;
    let pass = user.pass.take();
    let mut writer = Writer::new(Audience::Disk);
    writer.braces('{', '}', |w| user.write_keys(w));
    user.pass = pass;
    Some(writer.finish())
}

fn in_brief(hub: &Hub, id: UserId) -> Option<String> {
    let account = hub.users.get(id)?;
    let user = &account.user;
    let brief = json!({
        "id": user.id(),
        "email": user.email,
        "name": user.name,
        "appName": user.app_name,
        "isSuperAdmin": user.is_super_admin,
        "isFacebookUser": user.is_facebook_user,
        "energy": user.energy,
        "lastModifiedTs": user.last_modified_ts,
        "lastLoggedAt": user.last_logged_at,
        "lastLoggedIP": user.last_logged_ip.to_string(),
        "projects": user.profile.dashboards.len(),
        "devices": user.profile.dashboards.iter().map(|dash| dash.devices.len()).sum::<usize>(),
        "onlineApps": account.apps.len(),
        "onlineDevices": account.hardware.len(),
    });
    Some(brief.to_string())
}

/// See the module.
pub fn names(hub: &mut Hub, _: &Request) -> Response {
    let names: Vec<_> = hub
        .users
        .iter()
        .map(|(_, account)| json!({"email": account.user.email, "appName": account.user.app_name}))
        .collect();
    lists::json(&names)
}

/// Errors: 404 for an unknown id.
pub fn get(hub: &mut Hub, request: &Request) -> Response {
    let found = find(hub, request).and_then(|user| in_full(hub, user));
    found.map_or_else(|| Response::empty(404), Response::json)
}

fn find(hub: &Hub, request: &Request) -> Option<UserId> {
    let (email, app) = request.var(0).rsplit_once('-')?;
    hub.users.find(email, app)
}

fn refuse(text: &str) -> Response {
    Response::text(400, text)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct New {
    email: String,
    pass: String,
    app_name: Option<String>,
    #[serde(default)]
    is_super_admin: bool,
}

/// `POST /users`, JSON `{"email","pass" in clear text,"appName","isSuperAdmin"}`: the new account. Errors: 400.
pub fn create(hub: &mut Hub, request: &Request) -> Response {
    let answer = |hub: &mut Hub| -> Result<Response, Response> {
        let new: New = json::body(request)?;
        let email = new.email.trim().to_lowercase();
        let app = new.app_name.as_deref().filter(|app| !app.is_empty()).unwrap_or(MAIN_APP);
        if !address::is_valid(&email) {
            return Err(refuse("Wring email address."));
        }
        if app.chars().count() > APP_MAX || app.contains(['/', '\\', '-']) || app.contains(char::is_control) {
            return Err(refuse("This is no name of an app."));
        }
        if new.pass.is_empty() {
            return Err(refuse("The password is empty."));
        }
        let user = hub.create_account(&email, app, &password_hash(&email, &new.pass), new.is_super_admin);
        let user = user.ok_or_else(|| refuse("There is an account with this e-mail already."))?;
        in_full(hub, user).map(Response::json).ok_or_else(Response::failure)
    };
    answer(hub).unwrap_or_else(|refusal| refusal)
}

#[derive(Deserialize)]
struct Parts<'a> {
    #[serde(borrow)]
    profile: Option<&'a RawValue>,
}

/// `PUT /users/{id}`, JSON as `GET` gives it; what is missing stays as it is. The answer is the stored account.
///
/// Errors: 404 for an unknown id; 400 `You need also change password when changing email.`, `Wring email address.` and
/// others.
pub fn put(hub: &mut Hub, request: &Request) -> Response {
    let answer = |hub: &mut Hub| -> Result<Response, Response> {
        let raw: &RawValue = json::body(request)?;
        let id = find(hub, request).ok_or_else(|| Response::empty(404))?;
        let mut new = changed(hub, id, raw).ok_or_else(|| json::bad_body(request))?;
        let old = &hub.users.get(id).ok_or_else(|| Response::empty(404))?.user;
        new.app_name.clone_from(&old.app_name);
        new.email = new.email.trim().to_lowercase();
        let same_pass = new.pass.as_deref().is_none_or(|pass| pass.is_empty() || Some(pass) == old.pass.as_deref());
        let moves = new.email != old.email;
        if moves && same_pass {
            return Err(refuse("You need also change password when changing email."));
        }
        if moves && !address::is_valid(&new.email) {
            return Err(refuse("Wring email address."));
        }
        if moves && hub.users.find(&new.email, &new.app_name).is_some() {
            return Err(refuse("There is an account with this e-mail already."));
        }
        if !new.is_super_admin && hub.is_last_administrator(id) {
            return Err(refuse("There would be no administrator any more."));
        }
        let foreign = |token: &str| hub.tokens.device(token).is_some_and(|device| device.user != id);
        let mut devices = new.profile.dashboards.iter().flat_map(|dash| &dash.devices);
        if devices.any(|device| foreign(&device.token)) {
            return Err(refuse("A device has the token of another account's device."));
        }
        new.pass = match new.pass.filter(|_| !same_pass) {
            Some(clear) => Some(password_hash(&new.email, &clear)),
            None => old.pass.clone(),
        };
        hub.replace_account(id, new);
        in_full(hub, id).map(Response::json).ok_or_else(Response::failure)
    };
    answer(hub).unwrap_or_else(|refusal| refusal)
}

/// The account with what the JSON says.
fn changed(hub: &Hub, id: UserId, raw: &RawValue) -> Option<User> {
    let old = &hub.users.get(id)?.user;
    let parts: Parts<'_> = serde_json::from_str(raw.get()).ok()?;
    let defaults = User {
        name: old.name.clone(),
        email: old.email.clone(),
        app_name: old.app_name.clone(),
        region: old.region.clone(),
        ip: old.ip.clone(),
        pass: None,
        last_logged_ip: old.last_logged_ip.clone(),
        profile: if parts.profile.is_none() { old.profile.clone() } else { Profile::default() },
        ..*old
    };
    User::from_file(raw.get(), defaults, &Reading::strict()).ok()?
}

/// 200 when the file is in `deleted/`. Errors: 404 for an unknown id; 400 for the last administrator.
pub fn delete(hub: &mut Hub, request: Request, responder: Responder) {
    let Some(user) = find(hub, &request) else { return responder.send(Response::empty(404)) };
    if hub.is_last_administrator(user) {
        return responder.send(refuse("There would be no administrator any more."));
    }
    hub.delete_account(user);
    // The disk's worker keeps its order. Without one the responder, dropped, says 500.
    let _ = hub.jobs.work(Queue::Disk, || (), move |_, ()| responder.send(Response::empty(200)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::request::testing::{json as json_request, request};
    use crate::http::request::Method;
    use crate::http::rest::testing::{hub_with, TOKEN};
    use crate::hub::testing;

    const ID: &str = "a@b.cc-Blynk";

    fn put_json(hub: &mut Hub, body: &str) -> (u16, String) {
        let answer = put(hub, &json_request(Method::Put, "", &[ID], body));
        (answer.status, String::from_utf8(answer.body).unwrap())
    }

    #[test]
    fn lists_are_in_full_or_in_brief() {
        let (mut hub, _) = hub_with("[]");
        testing::user(&mut hub, "b@b.cc", r#"{"id":1}"#);
        let mut ask = |query: &str| {
            let answer = list(&mut hub, &request(Method::Get, &format!("/users?{query}"), &[]));
            let rows: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
            (answer.header("x-total-count").unwrap().to_owned(), rows)
        };
        let (total, rows) =
            ask("_page=1&_perPage=1&_sortField=email&_sortDir=DESC&_filters=%7B%22name%22:%22b.cc%22%7D");
        assert_eq!((total.as_str(), &rows[0]["email"], rows.as_array().unwrap().len()), ("2", &"b@b.cc".into(), 1));
        let (_, rows) = ask("_brief=true&_sortField=email&_sortDir=ASC");
        assert_eq!((&rows[0]["devices"], rows[0].get("profile")), (&1.into(), None));
        assert_eq!(ask("_filters=%7B%22name%22:%22zz%22%7D"), ("0".to_owned(), serde_json::json!([])));
    }

    #[test]
    fn passwords_are_not_shown_and_stay() {
        let (mut hub, user) = hub_with("[]");
        hub.users.get_mut(user).unwrap().user.pass = Some("hash".into());
        let shown = get(&mut hub, &request(Method::Get, "", &[ID]));
        let text = shown.shown().1.to_owned();
        assert!(!text.contains("hash") && text.contains(TOKEN), "{text}");
        let (status, stored) = put_json(&mut hub, &text);
        assert_eq!(status, 200, "{stored}");
        assert_eq!(hub.users.get(user).unwrap().user.pass.as_deref(), Some("hash"));
        assert_eq!(put_json(&mut hub, r#"{"pass":"new","energy":7}"#).0, 200);
        let account = &hub.users.get(user).unwrap().user;
        assert_eq!((account.pass.as_deref(), account.energy), (Some(&*password_hash("a@b.cc", "new")), 7));
        assert_eq!(account.profile.dashboards.len(), 1);
    }

    #[test]
    fn an_account_moves_with_its_tokens() {
        let (mut hub, user) = hub_with("[]");
        let (_, app) = testing::app(&mut hub, user);
        let refused = |text: &str| (400, text.to_owned());
        assert_eq!(
            put_json(&mut hub, r#"{"email":"n@b.cc"}"#),
            refused("You need also change password when changing email.")
        );
        assert_eq!(put_json(&mut hub, r#"{"email":"bad","pass":"2"}"#), refused("Wring email address."));
        assert_eq!(put_json(&mut hub, "[]").0, 500);
        testing::user(&mut hub, "o@b.cc", r#"{"id":1,"devices":[{"id":0,"token":"other"}]}"#);
        assert_eq!(put_json(&mut hub, r#"{"email":"o@b.cc","pass":"2"}"#).0, 400);
        let stolen = r#"{"profile":{"dashBoards":[{"id":1,"devices":[{"id":0,"token":"other"}]}]}}"#;
        assert_eq!(put_json(&mut hub, stolen).0, 400);
        assert_eq!(put_json(&mut hub, r#"{"email":"N@b.cc","pass":"2"}"#).0, 200);
        assert!(app.is_closing() && hub.users.find("a@b.cc", "Blynk").is_none());
        assert_eq!(hub.users.find("n@b.cc", "Blynk"), Some(user));
        assert_eq!(hub.tokens.device(TOKEN).map(|d| d.user), Some(user));
        assert_eq!(hub.users.get(user).unwrap().user.pass.as_deref(), Some(&*password_hash("n@b.cc", "2")));
        assert_eq!(put_json(&mut hub, "{}").0, 404);
    }

    #[test]
    fn tokens_that_are_left_out_are_worth_nothing() {
        let (mut hub, _) = hub_with("[]");
        assert_eq!(put_json(&mut hub, r#"{"profile":{}}"#).0, 200);
        assert_eq!(hub.tokens.device(TOKEN), None);
    }

    #[test]
    fn accounts_are_made_and_the_last_administrator_stays() {
        let (mut hub, _) = hub_with("[]");
        let mut post = |body: &str| create(&mut hub, &json_request(Method::Post, "", &[], body)).status;
        assert_eq!(post(r#"{"email":" New@b.cc","pass":"x","isSuperAdmin":true}"#), 200);
        assert_eq!(post(r#"{"email":"new@b.cc","pass":"x"}"#), 400);
        assert_eq!(post(r#"{"email":"new","pass":"x"}"#), 400);
        assert_eq!(post(r#"{"email":"o@b.cc","pass":""}"#), 400);
        assert_eq!(post(r#"{"email":"o@b.cc","pass":"x","appName":"../x"}"#), 400);
        let (to, answers) = crate::http::response::testing::responder();
        delete(&mut hub, request(Method::Delete, "", &["new@b.cc-Blynk"]), to);
        assert_eq!(answers.recv().unwrap().status, 400);
        let (to, answers) = crate::http::response::testing::responder();
        delete(&mut hub, request(Method::Delete, "", &[ID]), to);
        for (_, job) in hub.jobs.take_kept() {
            let crate::hub::Job::Work(work) = job else { panic!() };
            work()(&mut hub);
        }
        assert_eq!(answers.recv().unwrap().status, 200);
        assert_eq!(hub.tokens.device(TOKEN), None);
    }
}
