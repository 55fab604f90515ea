//! UPDATE_FACE (51): what a publisher changed in a project reaches all copies of it, his own face and his customers'.
//!
//! Body: the id of the parent project. Answer 200; the apps of customers are disconnected, so that they load the project
//! anew. Errors: an unknown project 2, none of whose faces is in an app of the caller 6. Spec 02 §13.5, 07 §9.8.

use super::request::part;
use super::Caller;
use crate::hub::{Handled, Hub, Reply, UserId};
use crate::model::Profile;
use crate::wire::body::parse_int32;
use crate::wire::Status;

/// See the module.
pub fn update_face(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let parent_id = parse_int32(body)?;
    let own = part(hub.users.profile(caller.user()))?;
    let parent = part(own.dash(parent_id))?.face_template();
    let apps = apps_of(own, parent_id);
    let (limits, now) = (hub.limits(), hub.now());
    let has_face = |profile: &Profile| profile.dashboards.iter().any(|dash| dash.parent_id == parent_id);
    let concerned: Vec<UserId> = hub
        .users
        .iter()
        .filter(|(id, account)| *id == caller.user() || apps.contains(&account.user.app_name))
        .filter(|(_, account)| !apps.is_empty() && has_face(&account.user.profile))
        .map(|(id, _)| id)
        .collect();
    if concerned.is_empty() {
        return Err(Status::NotAllowed);
    }
    log::info!("faces of project {parent_id} are updated in {} accounts", concerned.len());
    let size = parent.weight();
    let mut updated = false;
    for id in concerned {
        let number =
            hub.users.profile(id).map_or(0, |p| p.dashboards.iter().filter(|d| d.parent_id == parent_id).count());
        if !hub.may_grow(id, size.saturating_mul(number)) {
            continue;
        }
        let Some(account) = hub.users.get_mut(id) else { continue };
        let mut faces = Vec::new();
        for face in account.user.profile.dashboards.iter_mut().filter(|dash| dash.parent_id == parent_id) {
            face.update_face(&parent, &limits, now);
            faces.push(face.id);
        }
        if id != caller.user() {
            for conn in account.apps.clone() {
                hub.close(conn);
            }
        }
        for face in faces {
            hub.plan_reports_of(id, face);
        }
        hub.user_changed(id);
        updated = true;
    }
    if !updated {
        return Err(Status::NotAllowed);
    }
    Ok(Reply::OK)
}

/// The publisher's apps with a face of this project.
fn apps_of(own: &Profile, parent_id: i32) -> Vec<String> {
    let is_face = |id: &i32| own.dash(*id).is_some_and(|dash| dash.parent_id == parent_id);
    own.apps.iter().filter(|app| app.projects().iter().any(is_face)).map(|app| app.id.clone()).collect()
}

#[cfg(test)]
mod tests {
    use crate::app::testing::*;
    use crate::hub::testing::{app, device, START};
    use crate::model::{App, Dashboard, User};
    use crate::wire::Command;

    #[test]
    fn faces_of_the_publisher_and_of_customers_follow() {
        let mut one = one(r#"{"id":1,"name":"Parent","widgets":[{"type":"LED","id":3}]}"#);
        let copy = |id| Dashboard { id, parent_id: 1, ..Dashboard::default() };
        let mut customer = |email: &str, app_name: &str| {
            let mut user = User { email: email.into(), app_name: app_name.into(), ..User::default() };
            user.profile.dashboards.push(copy(1));
            one.hub.add_user(user)
        };
        let (mine, strange) = (customer("c@b.cc", "farm"), customer("c@b.cc", "other"));
        let (_, phone) = app(&mut one.hub, mine);
        let (_, hardware) = device(&mut one.hub, mine, 1, 0);
        let (_, foreign) = app(&mut one.hub, strange);
        let publisher = one.hub.users.profile_mut(one.user).unwrap();
        publisher.dashboards.push(copy(10));
        one.statuses(Command::UPDATE_FACE, &[("2", 2), ("x", 2), ("", 2), ("1", 6)]);
        let publisher = one.hub.users.profile_mut(one.user).unwrap();
        publisher.apps.push(App { id: "farm".into(), project_ids: Some(vec![77, 10]), ..App::default() });
        one.statuses(Command::UPDATE_FACE, &[("10", 6), ("1", 200)]);
        for (user, dash, name) in [(one.user, 10, "Parent"), (mine, 1, "Parent"), (strange, 1, "")] {
            assert_eq!(one.hub.users.dash(user, dash).unwrap().name, name);
        }
        let copy = one.hub.users.dash(mine, 1).unwrap();
        assert_eq!((copy.widgets.len(), copy.updated_at, copy.parent_id), (1, START, 1));
        assert!(phone.is_closing() && !hardware.is_closing() && !foreign.is_closing() && !one.outbox.is_closing());
    }
}
