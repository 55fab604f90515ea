//! Flashed tokens, which let people try and take published projects: EMAIL_QR (59), GET_PROJECT_BY_TOKEN (58),
//! ASSIGN_TOKEN (39), and LOAD_PROFILE_GZIPPED (24) by token. Spec 02 §9.7, §13.4, §13.6; 07 §9.3-§9.6.

use super::request::part;
use super::token_mail::{given, send_mail};
use super::{reply_later, Caller};
use crate::hub::allowances::Allowance;
use crate::hub::tokens::new_token;
use crate::hub::{DeviceRef, Handled, Hub, Reply, UserId};
use crate::model::enums::ProvisionType;
use crate::model::MAIN_APP;
use crate::notify::mail_texts::{self, NEW_DEVICE};
use crate::store::flashed::FlashedToken;
use crate::wire::body::{parse_int32, split2, split_all};
use crate::wire::{Command, Status};

/// `device_id` of a token that is for no certain device.
const ANY_DEVICE: i32 = -1;

/// EMAIL_QR. Body `dash\0app`. Makes one token (dynamic provisioning), or one per device (static), and mails their QR codes to
/// the publisher. Answer 200 when the mail server took the mail. Errors: 2; an unknown app, or a static one whose project has
/// no devices, 11; too many tokens or mails of the account in a day 1; tokens not stored or mail not sent 15.
pub fn email_qr(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let mut parts = split_all(body);
    let dash = caller.dash_of(hub, part(parts.next())?)?;
    let app_id = part(parts.next())?;
    let publisher = &part(hub.users.get(caller.user()))?.user;
    let app = publisher.profile.apps.iter().find(|app| app.id == app_id).ok_or(Status::IllegalCommandBody)?;
    let devices: Vec<(String, i32, &str)> = match app.provision_type {
        Some(ProvisionType::Static) => {
            dash.devices.iter().map(|d| (new_token(), d.id, given(&d.name).unwrap_or(NEW_DEVICE))).collect()
        }
        _ => vec![(new_token(), ANY_DEVICE, "")],
    };
    let [(first, ..), ..] = devices.as_slice() else { return Err(Status::IllegalCommandBody) };

    let (to, project) = (publisher.email.as_str(), given(&dash.name));
    let mail = match app.provision_type {
        Some(ProvisionType::Static) => {
            let listed = devices.iter().map(|(token, device_id, device_name)| mail_texts::FlashedToken {
                token,
                device_id: *device_id,
                device_name,
            });
            hub.texts.app_preview_static(to, &app.name, project, dash.id, &listed.collect::<Vec<_>>())
        }
        _ => hub.texts.app_preview_dynamic(to, &app.name, project, dash.id, first),
    };
    let row = FlashedToken {
        app_name: app.id.clone(),
        email: publisher.email.clone(),
        project_id: dash.id,
        ts: hub.now(),
        ..FlashedToken::default()
    };
    let rows: Vec<_> =
        devices.into_iter().map(|(token, device_id, _)| (token, FlashedToken { device_id, ..row.clone() })).collect();

    let (ticks, number) = (hub.ticks(), u32::try_from(rows.len()).unwrap_or(u32::MAX));
    if !hub.allowances.take(caller.user(), Allowance::FlashedToken, number, ticks) {
        return Err(Status::QuotaLimit);
    }
    let then = move |hub: &mut Hub, stored: bool| {
        let handled = match stored {
            true => send_mail(hub, caller, Command::EMAIL_QR, mail),
            false => Err(Status::NotificationError),
        };
        reply_later(hub, caller, Command::EMAIL_QR, handled);
    };
    hub.store_flashed(rows, then).map_err(|_| Status::NotificationError)?;
    Ok(Reply::None)
}

/// GET_PROJECT_BY_TOKEN. Body: a flashed token, answer: the zlib-compressed JSON of the publisher's project without values
/// and secrets. Errors: an unknown token or a deleted project 6, a deleted publisher 2.
pub fn get_project_by_token(hub: &mut Hub, caller: Caller, token: &str) -> Handled {
    show(hub, caller, Command::GET_PROJECT_BY_TOKEN, token, |hub, found| {
        let publisher = part(hub.users.find(&found.email, MAIN_APP))?;
        preview(hub, publisher, found.project_id, Status::NotAllowed)
    })
}

/// LOAD_PROFILE_GZIPPED `token\0dash\0email[\0app]`: as GET_PROJECT_BY_TOKEN; the token must be for this project. `app` is
/// that of the publisher, by default the caller's. Errors: a bad number, an unknown publisher or project 2; a token that is
/// unknown or for something else 6.
pub fn load_by_token(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let parts: Vec<&str> = split_all(body).take(5).collect();
    let [token, dash, email, app @ ..] = parts.as_slice() else { return Err(Status::IllegalCommand) };
    let dash = parse_int32(dash)?;
    let app = match app {
        [app] => (*app).to_owned(),
        _ => part(hub.users.get(caller.user()))?.user.app_name.clone(),
    };
    let email = email.to_lowercase();
    show(hub, caller, Command::LOAD_PROFILE_GZIPPED, token, move |hub, found| {
        if found.email != email || found.project_id != dash {
            return Err(Status::NotAllowed);
        }
        let publisher = part(hub.users.find(&email, &app))?;
        preview(hub, publisher, dash, Status::IllegalCommand)
    })
}

/// Looks a token up and answers with what `answer` makes of it.
fn show(
    hub: &mut Hub,
    caller: Caller,
    command: Command,
    token: &str,
    answer: impl FnOnce(&Hub, FlashedToken) -> Handled + Send + 'static,
) -> Handled {
    let then = move |hub: &mut Hub, found: Option<FlashedToken>| {
        let handled = found.ok_or(Status::NotAllowed).and_then(|found| answer(hub, found));
        reply_later(hub, caller, command, handled);
    };
    hub.find_flashed(token, then).map_err(|_| Status::ServerError)?;
    Ok(Reply::None)
}

fn preview(hub: &Hub, publisher: UserId, dash: i32, absent: Status) -> Handled {
    let dash = hub.users.dash(publisher, dash).ok_or(absent)?;
    Ok(Reply::Packed(dash.clone_json()))
}

/// ASSIGN_TOKEN. Body `dash\0token`: the device for which the token was flashed takes it, its old token is worth nothing at
/// once. Answer 200. Errors: 2; a token that is unknown, taken, of another app, or for a device that the project lacks, 6.
pub fn assign_token(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let (dash, token) = split2(body);
    let token = part(token)?.to_owned();
    let dash = caller.dash_of(hub, dash)?;
    let (dash, devices) = (dash.id, dash.devices.iter().map(|device| device.id).collect::<Vec<_>>());
    let app_name = part(hub.users.get(caller.user()))?.user.app_name.clone();
    // People who try a project out do so with the main app.
    let fits = move |flashed: &FlashedToken| {
        (app_name == MAIN_APP || app_name == flashed.app_name) && devices.contains(&flashed.device_id)
    };
    let assigned = token.clone();
    let then = move |hub: &mut Hub, taken: Option<FlashedToken>| {
        let handled = taken.ok_or(Status::NotAllowed).and_then(|taken| {
            let named = DeviceRef { user: caller.user(), dash, device: taken.device_id };
            assign(hub, &caller, named, &assigned)
        });
        reply_later(hub, caller, Command::ASSIGN_TOKEN, handled);
    };
    hub.take_flashed(&token, fits, then).map_err(|_| Status::ServerError)?;
    Ok(Reply::None)
}

fn assign(hub: &mut Hub, caller: &Caller, named: DeviceRef, token: &str) -> Handled {
    let device = caller.dash(hub, named.dash)?.device(named.device).ok_or(Status::NotAllowed)?;
    if device.token.is_empty() && !hub.may_grow(named.user, token.len()) {
        return Err(Status::NotAllowed);
    }
    let device = caller.dash_mut(hub, named.dash)?.device_mut(named.device).ok_or(Status::NotAllowed)?;
    let old = std::mem::replace(&mut device.token, token.to_owned());
    hub.tokens.remove_device(&old, named);
    hub.tokens.set_device(token, named);
    hub.user_changed(named.user);
    Ok(Reply::OK)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::*;
    use crate::hub::testing::{app, run_work, sent, sent_bytes};
    use crate::hub::{ConnId, Job, Outbox};
    use crate::model::{App, Dashboard, User};
    use crate::notify::mail::Mail;
    use crate::store::{users::Leftovers, Saver};
    use serde_json::Value;
    use std::io::Read;
    use std::rc::Rc;
    use std::sync::Arc;
    use tempfile::TempDir;

    const DASH: &str = r#"{"id":7,"name":"Face","devices":[{"id":0,"name":"Pump","token":"t"},{"id":1}],
        "widgets":[{"type":"SLIDER","id":1,"pinType":"VIRTUAL","pin":3,"value":"5"}]}"#;

    /// A publisher, a customer of his app who has project 1 with device 0, and the customer's app.
    struct Shop {
        one: One,
        customer: UserId,
        conn: ConnId,
        outbox: Rc<Outbox>,
        _folder: TempDir,
    }

    fn shop(provision_type: ProvisionType) -> Shop {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("flashed")).unwrap();
        let mut one = one(DASH);
        one.hub.save_with(Arc::new(Saver::new(folder.path(), Leftovers::default())));
        one.hub.users.profile_mut(one.user).unwrap().apps.push(App {
            id: "farm".into(),
            name: "Farm".into(),
            provision_type: Some(provision_type),
            ..App::default()
        });
        let mut user = User { email: "c@b.cc".into(), app_name: "farm".into(), ..User::default() };
        let mut copy = one.dash().copy_for_customer(1);
        copy.devices[0].token = "old".into();
        user.profile.dashboards.push(copy);
        let customer = one.hub.add_user(user);
        let (conn, outbox) = app(&mut one.hub, customer);
        Shop { one, customer, conn, outbox, _folder: folder }
    }

    impl Shop {
        /// The mail that EMAIL_QR sends, and the tokens in the names of its pictures.
        fn publish(&mut self) -> (Mail, Vec<String>) {
            assert!(self.one.ask(Command::EMAIL_QR, "7|farm").is_empty());
            run_work(&mut self.one.hub);
            let Job::Mail(mail, then) = self.one.hub.jobs.take_kept().remove(0).1 else { panic!() };
            then(&mut self.one.hub, Ok(()));
            assert_eq!(sent(&self.one.outbox), ["= 5 200"]);
            let pictures = mail.attachments.iter().filter(|a| a.content_type == "image/jpeg");
            let tokens = pictures.map(|a| a.name[..32].to_owned()).collect();
            (mail, tokens)
        }

        /// The status or the project that answers the customer.
        fn ask(&mut self, command: Command, body: &str) -> Result<Value, u8> {
            send(&mut self.one.hub, self.conn, command, body);
            run_work(&mut self.one.hub);
            let bytes = sent_bytes(&self.outbox);
            if bytes[0] == 0 {
                return Err(bytes[6]);
            }
            let mut json = String::new();
            flate2::read::ZlibDecoder::new(&bytes[7..]).read_to_string(&mut json).unwrap();
            Ok(serde_json::from_str(&json).unwrap())
        }
    }

    #[test]
    fn pictures_of_tokens_are_mailed() {
        let mut shop = shop(ProvisionType::Static);
        let (mail, tokens) = shop.publish();
        assert_eq!((mail.subject.as_str(), mail.to[0].as_str()), ("Farm - App details", "a@b.cc"));
        let names: Vec<&str> = mail.attachments.iter().map(|a| &a.name[..]).collect();
        let wanted = [format!("{}_7_0.jpg", tokens[0]), format!("{}_7_1.jpg", tokens[1]), "tokens.csv".into()];
        assert_eq!(names, wanted);
        assert_eq!(shop.one.hub.tokens.device(&tokens[0]), None);
        shop.one.statuses(
            Command::EMAIL_QR,
            &[("8|farm", 2), ("x|farm", 2), ("7", 2), ("", 2), ("7|", 2), ("7|other", 11)],
        );
        shop.one.hub.users.dash_mut(shop.one.user, 7).unwrap().devices.clear();
        shop.one.statuses(Command::EMAIL_QR, &[("7|farm", 11)]);
        let mut shop = self::shop(ProvisionType::Dynamic);
        let (mail, tokens) = shop.publish();
        assert_eq!(mail.attachments[0].name, format!("{}_7_-1.jpg", tokens[0]));
        assert_eq!(tokens.len(), 1);
    }

    #[test]
    fn tokens_that_cannot_be_stored_are_not_mailed() {
        let mut shop = shop(ProvisionType::Dynamic);
        std::fs::remove_dir(shop._folder.path().join("flashed")).unwrap();
        assert!(shop.one.ask(Command::EMAIL_QR, "7|farm").is_empty());
        run_work(&mut shop.one.hub);
        assert_eq!(sent(&shop.one.outbox), ["= 5 15"]);
        assert!(shop.one.hub.jobs.take_kept().is_empty());
    }

    #[test]
    fn a_token_shows_its_project_only() {
        let mut shop = shop(ProvisionType::Dynamic);
        let token = shop.publish().1.remove(0);
        shop.one
            .hub
            .users
            .profile_mut(shop.one.user)
            .unwrap()
            .dashboards
            .push(Dashboard { id: 8, ..Dashboard::default() });
        let by_token = shop.ask(Command::GET_PROJECT_BY_TOKEN, &token).unwrap();
        let loaded = shop.ask(Command::LOAD_PROFILE_GZIPPED, &format!("{token}|7|a@b.cc|Blynk")).unwrap();
        assert_eq!(by_token, loaded);
        assert_eq!((&loaded["name"], &loaded["widgets"][0]["value"]), (&"Face".into(), &Value::Null));
        assert_eq!(loaded["devices"][0]["token"], Value::Null);
        let strange = "x".repeat(32);
        for (body, status) in [
            (format!("{token}|8|a@b.cc|Blynk"), 6),
            (format!("{token}|1|c@b.cc|farm"), 6),
            (format!("{token}|7|a@b.cc|farm"), 2),
            (format!("{token}|7|a@b.cc"), 2),
            // Only exactly four parts name an app.
            (format!("{token}|7|a@b.cc|Blynk|x"), 2),
            (format!("{token}|x|a@b.cc"), 2),
            (format!("{strange}|7|a@b.cc|Blynk"), 6),
        ] {
            assert_eq!(shop.ask(Command::LOAD_PROFILE_GZIPPED, &body), Err(status), "{body}");
        }
        for token in [&*strange, "", "../a@b.cc.Blynk.user"] {
            assert_eq!(shop.ask(Command::GET_PROJECT_BY_TOKEN, token), Err(6));
        }
        shop.one.hub.users.profile_mut(shop.one.user).unwrap().dashboards.remove(0);
        assert_eq!(shop.ask(Command::GET_PROJECT_BY_TOKEN, &token), Err(6));
        shop.one.hub.users.remove(shop.one.user);
        assert_eq!(shop.ask(Command::GET_PROJECT_BY_TOKEN, &token), Err(2));
    }

    #[test]
    fn a_device_takes_its_token_once() {
        let mut shop = shop(ProvisionType::Static);
        let tokens = shop.publish().1;
        let [first, second] = tokens.as_slice() else { panic!() };
        let assign = |shop: &mut Shop, body: &str| shop.ask(Command::ASSIGN_TOKEN, body).unwrap_err();
        for (body, status) in [
            (format!("2|{first}"), 2),
            ("1".into(), 2),
            (format!("1|{}", "x".repeat(32)), 6),
            (format!("1|{second}"), 6),
            (format!("1|{first}"), 200),
            (format!("1|{first}"), 6),
        ] {
            assert_eq!(assign(&mut shop, &body), status, "{body}");
        }
        let tokens = &shop.one.hub.tokens;
        let named = DeviceRef { user: shop.customer, dash: 1, device: 0 };
        assert_eq!((tokens.device(first), tokens.device("old")), (Some(named), None));
        assert_eq!(shop.one.hub.users.dash(shop.customer, 1).unwrap().devices[0].token, *first);
        let third = shop.publish().1.remove(0);
        shop.one.hub.users.get_mut(shop.customer).unwrap().user.app_name = "other".into();
        assert_eq!(assign(&mut shop, &format!("1|{third}")), 6);
        shop.one.hub.users.get_mut(shop.customer).unwrap().user.app_name = MAIN_APP.into();
        assert_eq!(assign(&mut shop, &format!("1|{third}")), 200);
    }
}
