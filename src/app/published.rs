//! Published apps: CREATE_APP (55), UPDATE_APP (56), DELETE_APP (57). Spec 02 §13.1-§13.3.
//!
//! The id of a published app is the app name of the people who register in it.

use super::dash;
use super::request::{admit, admit_instead, check_size, json_text, object, part};
use super::Caller;
use crate::hub::tokens::random_bytes;
use crate::hub::{Handled, Hub, Reply};
use crate::model::json::{to_string, Audience};
use crate::model::weight::weight;
use crate::model::App;
use crate::wire::Status;

/// With more apps than this an account gets no further one.
const APPS_MAX: usize = 25;
/// How every id begins; random letters follow.
const ID_PREFIX: &str = "blynk";
const ID_LETTERS: usize = 8;

/// CREATE_APP. Body: JSON, answer: the app's JSON with its new id. Errors, in this order: no JSON 2, too long 6, unreadable
/// 11, theme, provision type, name or projects missing 6, too many apps 6.
pub fn create_app(hub: &mut Hub, caller: Caller, json: &str) -> Handled {
    let mut app = read(hub, json)?;
    if caller.profile(hub)?.apps.len() > APPS_MAX {
        return Err(Status::NotAllowed);
    }
    admit(hub, &caller, &app, hub.config.server.user_widget_max_size_limit)?;
    app.id = new_id();
    let answer = to_string(&app, Audience::Owner);
    caller.profile(hub)?.apps.push(app);
    hub.user_changed(caller.user());
    Ok(Reply::Text(answer))
}

/// UPDATE_APP. Body: JSON with the id; everything else is replaced. Answer 200. Errors as CREATE_APP, an unknown id 6.
pub fn update_app(hub: &mut Hub, caller: Caller, json: &str) -> Handled {
    let new = read(hub, json)?;
    let at = caller.profile(hub)?.apps.iter().position(|app| app.id == new.id).ok_or(Status::NotAllowed)?;
    let old = weight(&caller.profile(hub)?.apps[at]);
    admit_instead(hub, &caller, &new, old, hub.config.server.user_widget_max_size_limit)?;
    caller.profile(hub)?.apps[at] = new;
    hub.user_changed(caller.user());
    Ok(Reply::OK)
}

/// DELETE_APP. Body: the id, answer 200. The app's projects are deleted as by DELETE_DASH. Errors: an unknown id, or one that
/// somebody else uses, 6.
pub fn delete_app(hub: &mut Hub, caller: Caller, id: &str) -> Handled {
    let owner = &part(hub.users.get(caller.user()))?.user;
    let at = owner.profile.apps.iter().position(|app| app.id == id).ok_or(Status::NotAllowed)?;
    if hub.users.iter().any(|(_, other)| other.user.app_name == id && other.user.email != owner.email) {
        return Err(Status::NotAllowed);
    }
    let app = caller.profile(hub)?.apps.remove(at);
    // The list is the app's own: it may name projects that are long gone.
    let gone: Vec<_> = app.projects().iter().filter_map(|id| dash::remove(hub, &caller, *id).ok()).flatten().collect();
    hub.user_changed(caller.user());
    hub.respond(caller.conn, caller.id, Status::Ok);
    gone.into_iter().for_each(|device| hub.offline_to_apps(device));
    Ok(Reply::None)
}

fn read(hub: &Hub, json: &str) -> Result<App, Status> {
    let json = json_text(Some(json))?;
    check_size(json, hub.config.server.user_widget_max_size_limit)?;
    let app: App = object(json)?;
    if !app.is_valid() {
        return Err(Status::NotAllowed);
    }
    Ok(app)
}

fn new_id() -> String {
    let letters = random_bytes::<ID_LETTERS>();
    ID_PREFIX.chars().chain(letters.iter().map(|byte| char::from(b'a' + byte % 26))).collect()
}

#[cfg(test)]
mod tests {
    use crate::app::testing::*;
    use crate::hub::testing::device;
    use crate::hub::Unsaved;
    use crate::model::User;
    use crate::wire::Command;

    const APP: &str = r#"{"id":"mine","theme":"Blynk","provisionType":"STATIC","name":"A","projectIds":[7,9]}"#;
    const DASH: &str = r#"{"id":7,"sharedToken":"s","devices":[{"id":0,"token":"t"}],"widgets":[{"type":"LED"}]}"#;

    /// The id in the answer to CREATE_APP.
    fn create(one: &mut One) -> String {
        let answer = one.ask(Command::CREATE_APP, APP).remove(0);
        let json: serde_json::Value = serde_json::from_str(answer.strip_prefix("55 5 ").unwrap()).unwrap();
        json["id"].as_str().unwrap().to_owned()
    }

    #[test]
    fn apps_are_made_and_changed() {
        let mut one = one(DASH);
        let id = create(&mut one);
        assert!(id.len() == 13 && id.starts_with("blynk") && id.bytes().all(|b| b.is_ascii_lowercase()));
        assert_eq!(one.hub.users.take_unsaved(Unsaved::Changes), [one.user]);
        let missing = |field: &str| APP.replace(field, "no");
        let rows = [
            (String::new(), 2),
            ("null".into(), 2),
            ("{".into(), 11),
            (missing("Blynk"), 11),
            (missing("theme"), 6),
            (missing("provisionType"), 6),
            (missing("\"A\""), 11),
            (APP.replace("\"A\"", "\"\""), 6),
            (missing("projectIds"), 6),
            (APP.replace("\"A\"", &format!("\"{}\"", "n".repeat(30_000))), 6),
        ];
        for (body, status) in &rows {
            one.statuses(Command::CREATE_APP, &[(body, *status)]);
            one.statuses(Command::UPDATE_APP, &[(body, *status)]);
        }
        let new = APP.replace("mine", &id).replace("\"A\"", "\"B\"");
        one.statuses(Command::UPDATE_APP, &[(APP, 6), (&new, 200)]);
        let apps = &one.hub.users.profile(one.user).unwrap().apps;
        assert_eq!((apps.len(), apps[0].id.as_str(), apps[0].name.as_str()), (1, id.as_str(), "B"));
    }

    #[test]
    fn one_app_more_than_the_limit() {
        let mut one = one(DASH);
        for _ in 0..26 {
            create(&mut one);
        }
        one.statuses(Command::CREATE_APP, &[(APP, 6)]);
    }

    #[test]
    fn a_deleted_app_takes_its_projects_along_unless_somebody_uses_it() {
        let mut one = one(DASH);
        let id = create(&mut one);
        let customer = one.hub.add_user(User { email: "c@b.cc".into(), app_name: id.clone(), ..User::default() });
        // The publisher's own customer account does not count.
        one.hub.add_user(User { email: "a@b.cc".into(), app_name: id.clone(), ..User::default() });
        let (_, d0) = device(&mut one.hub, one.user, 7, 0);
        one.statuses(Command::DELETE_APP, &[("mine", 6), ("", 6), (&id, 6)]);
        one.hub.users.remove(customer);
        one.statuses(Command::DELETE_APP, &[(&id, 200), (&id, 6)]);
        let profile = one.hub.users.profile(one.user).unwrap();
        assert!(profile.apps.is_empty() && profile.dashboards.is_empty() && d0.is_closing());
        assert!(one.hub.tokens.device("t").is_none() && one.hub.tokens.shared("s").is_none());
        assert_eq!(one.energy(), 100_100);
    }
}
