//! CREATE_TAG (46), UPDATE_TAG (47), DELETE_TAG (48), GET_TAGS (49). Spec 02 §9.9.

use super::request::{admit, admit_instead, check_size, json_text, object_not_null, part, refused};
use super::Caller;
use crate::hub::{Handled, Hub, Reply};
use crate::model::json::{to_string, Audience, Writer};
use crate::model::weight::weight;
use crate::model::Tag;
use crate::wire::body::{parse_int32, split2};
use crate::wire::Status;

/// Most tags of a project. The reference has a limit of 100 in its configuration and does not look at it.
const TAGS_MAX: usize = 1000;

/// Body `dash\0json`: the project's id and the tag. Errors: 2, broken JSON or `null` 11.
fn read(hub: &Hub, caller: &Caller, body: &str) -> Result<(i32, Tag), Status> {
    let (dash, json) = split2(body);
    let json = json_text(json)?;
    check_size(json, hub.config.server.user_widget_max_size_limit)?;
    let dash = caller.dash_of(hub, dash)?.id;
    Ok((dash, object_not_null(json)?))
}

/// CREATE_TAG. Body `dash\0json`, answer: the tag. Errors: 2 (also an id or name in use), broken JSON 11, the account
/// is full 6.
pub fn create_tag(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let (dash, tag) = read(hub, &caller, body)?;
    if caller.dash(hub, dash)?.tags.len() >= TAGS_MAX {
        return Err(Status::IllegalCommand);
    }
    admit(hub, &caller, &tag, hub.config.server.user_widget_max_size_limit)?;
    let answer = to_string(&tag, Audience::Owner);
    caller.profile(hub)?.create_tag(dash, tag).map_err(refused)?;
    hub.user_changed(caller.user());
    Ok(Reply::Text(answer))
}

/// UPDATE_TAG. Body `dash\0json`, answer 200. Errors: 2 (also an unknown id), broken JSON 11, the account is full 6.
pub fn update_tag(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let (dash, new) = read(hub, &caller, body)?;
    let old = caller.dash(hub, dash)?.tag(new.id).map_or(0, |old| weight(old));
    admit_instead(hub, &caller, &new, old, hub.config.server.user_widget_max_size_limit)?;
    caller.profile(hub)?.update_tag(dash, new).map_err(refused)?;
    hub.user_changed(caller.user());
    Ok(Reply::OK)
}

/// DELETE_TAG. Body `dash\0tag`, answer 200; widgets keep the id, what was stored for the tag goes. Errors: 2.
pub fn delete_tag(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let (dash, tag) = split2(body);
    let (dash, tag) = (parse_int32(dash)?, parse_int32(part(tag)?)?);
    caller.profile(hub)?.delete_tag(dash, tag).map_err(refused)?;
    hub.user_changed(caller.user());
    Ok(Reply::OK)
}

/// GET_TAGS. Body `dash`, answer: an array. Errors: 2.
pub fn get_tags(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let mut w = Writer::new(Audience::Owner);
    w.array(&caller.dash_of(hub, body)?.tags);
    Ok(Reply::Text(w.finish()))
}

#[cfg(test)]
mod tests {
    use crate::app::testing::*;
    use crate::wire::Command;

    #[test]
    fn what_was_stored_for_a_tag_goes_with_it() {
        let mut one = one(r#"{"id":7,"isActive":true,"devices":[{"id":0}],
            "tags":[{"id":100002,"name":"t","deviceIds":[0]}]}"#);
        one.ask(Command::HARDWARE, "7-100002|vw|5|1");
        let keys = |one: &One| -> Vec<String> {
            one.hub.users.profile(one.user).unwrap().storage.0.keys().map(ToString::to_string).collect()
        };
        assert_eq!(keys(&one), ["7-0-v5", "7-100002-v5"]);
        one.statuses(Command::DELETE_TAG, &[("7|100002", 200)]);
        assert_eq!(keys(&one), ["7-0-v5"]);
    }

    #[test]
    fn tags_are_made_changed_listed_and_deleted() {
        let mut one = one(r#"{"id":7}"#);
        assert_eq!(one.ask(Command::GET_TAGS, "7"), ["49 5 []"]);
        let lamps = r#"{"id":100002,"name":"All lamps","deviceIds":[0,3]}"#;
        assert_eq!(one.ask(Command::CREATE_TAG, &format!("7|{lamps}")), [format!("46 5 {lamps}")]);
        let long = format!(r#"7|{{"id":100003,"name":"{}"}}"#, "n".repeat(41));
        let many = format!(r#"7|{{"id":100003,"name":"a","deviceIds":{:?}}}"#, [0; 26]);
        one.statuses(
            Command::CREATE_TAG,
            &[
                (r#"7|{"id":99999,"name":"a"}"#, 2),
                (r#"7|{"id":200000,"name":"a"}"#, 2),
                (r#"7|{"id":100003}"#, 2),
                (r#"7|{"id":100003,"name":"All lamps"}"#, 2),
                (r#"7|{"id":100002,"name":"b"}"#, 2),
                (&long, 2),
                (&many, 2),
                ("7|{", 11),
                ("7|null", 11),
                ("7|", 2),
                ("7", 2),
                (r#"8|{"id":100003,"name":"a"}"#, 2),
            ],
        );
        one.ask(Command::CREATE_TAG, r#"7|{"id":100001,"name":"b"}"#);
        one.statuses(
            Command::UPDATE_TAG,
            &[
                (r#"7|{"id":100001,"name":"All lamps","deviceIds":[1]}"#, 200),
                (r#"7|{"id":100009,"name":"c"}"#, 2),
                (r#"7|{"id":100001,"name":""}"#, 2),
                ("7", 2),
            ],
        );
        one.statuses(Command::DELETE_TAG, &[("7|100009", 2), ("7", 2), ("7|100002", 200)]);
        assert_eq!(one.ask(Command::GET_TAGS, "7"), [r#"49 5 [{"id":100001,"name":"All lamps","deviceIds":[1]}]"#]);
        one.statuses(Command::GET_TAGS, &[("2", 2), ("", 2)]);
    }
}
