use super::*;
use crate::hardware::testing::{World, OTHER_TOKEN, TOKEN};
use crate::hub::jobs::Job;
use crate::hub::testing::{advance, app, connect, guest, sent, START};
use crate::hub::{AppOs, Unsaved};

/// A NOTIFICATION widget with one phone.
fn notification(period: i32) -> String {
    format!(
        r#"{{"type":"NOTIFICATION","id":9,"notifyWhenOffline":true,"notifyWhenOfflineIgnorePeriod":{period},
        "androidTokens":{{"uid1":"token1"}},"priority":"high"}}"#
    )
}

fn pushes(w: &mut World) -> Vec<crate::notify::push::Push> {
    let jobs = w.hub.jobs.take_kept();
    jobs.into_iter().filter_map(|(_, job)| if let Job::Push(push, _) = job { Some(push) } else { None }).collect()
}

fn close(w: &mut World) {
    let conn = w.conn;
    w.hub.connection_lost(conn);
}

#[test]
fn the_last_connection_of_a_device_takes_it_offline() {
    let mut w = World::new();
    let (second, _) = w.login(TOKEN);
    w.login(OTHER_TOKEN);
    advance(&mut w.hub, 1000);
    w.hub.users.take_unsaved(Unsaved::Values);
    close(&mut w);
    assert_eq!(w.told(), [""; 0]);
    assert_eq!(w.dash().device(3).unwrap().status, DeviceStatus::Online);
    w.hub.connection_lost(second);
    assert_eq!(w.told(), ["71 0 17-3"]);
    let device = w.dash().device(3).unwrap();
    assert_eq!((device.status, device.disconnect_time), (DeviceStatus::Offline, START + 1000));
    assert_eq!(w.hub.users.get(w.user).unwrap().hardware.len(), 1);
    assert_eq!(w.unsaved(), Unsaved::Presence);
    // Nothing more is known of it.
    w.hub.connection_lost(second);
    assert_eq!(w.told(), [""; 0]);
}

#[test]
fn apps_hear_when_only_older_connections_are_left() {
    let mut w = World::with(&notification(0));
    let (second, _) = w.login(TOKEN);
    w.told();
    w.hub.connection_lost(second);
    assert_eq!(w.told(), ["71 0 17-3"]);
    assert_eq!(w.dash().device(3).unwrap().status, DeviceStatus::Online);
    assert!(pushes(&mut w).is_empty());
    close(&mut w);
    assert_eq!((w.told().len(), pushes(&mut w).len()), (1, 1));

    let mut w = World::with(&notification(1000));
    let (second, _) = w.login(TOKEN);
    w.told();
    w.hub.connection_lost(second);
    assert_eq!(w.told(), [""; 0]);
}

#[test]
fn guests_hear_of_their_project_only() {
    let mut w = World::new();
    let (_, seeing) = guest(&mut w.hub, w.user, 17);
    let (_, other) = guest(&mut w.hub, w.user, 18);
    close(&mut w);
    assert_eq!((sent(&seeing).len(), sent(&other).len()), (1, 0));
}

#[test]
fn projects_may_want_silence() {
    let mut w = World::new();
    w.dash().is_notifications_off = true;
    close(&mut w);
    assert_eq!(w.told(), [""; 0]);
    assert_eq!(w.dash().device(3).unwrap().status, DeviceStatus::Offline);

    let mut w = World::with(&notification(0));
    w.dash().is_active = false;
    close(&mut w);
    assert_eq!(w.told(), [""; 0]);
    assert!(pushes(&mut w).is_empty());
    assert_eq!(w.dash().device(3).unwrap().status, DeviceStatus::Offline);
}

#[test]
fn a_push_at_once_without_an_ignore_period() {
    let mut w = World::with(&notification(0));
    w.hub.config = std::rc::Rc::new({
        let mut config = (*w.hub.config).clone();
        config.push.notification_body = "Your {DEVICE_NAME} went offline.".into();
        config
    });
    close(&mut w);
    assert_eq!(w.told(), ["71 0 17-3"]);
    let pushes = pushes(&mut w);
    assert_eq!(pushes.len(), 1);
    assert_eq!((pushes[0].text.as_str(), pushes[0].dash_id), ("Your Pump went offline.", 17));
    assert_eq!((pushes[0].android[0].uid.as_str(), pushes[0].ios.len()), ("uid1", 0));
    assert_eq!(pushes[0].priority, crate::notify::push::Priority::High);
}

#[test]
fn silence_is_not_for_pushes() {
    let mut w = World::with(&notification(0));
    w.dash().is_notifications_off = true;
    close(&mut w);
    assert_eq!(w.told(), [""; 0]);
    assert_eq!(pushes(&mut w).len(), 1);
}

#[test]
fn the_ignore_period_delays_everything() {
    let mut w = World::with(&notification(3000));
    close(&mut w);
    advance(&mut w.hub, 2999);
    assert_eq!(w.told(), [""; 0]);
    advance(&mut w.hub, 1);
    assert_eq!(w.told(), ["71 0 17-3"]);
    assert_eq!(pushes(&mut w).len(), 1);
    assert!(w.hub.schedule.is_empty());
}

#[test]
fn a_device_that_comes_back_in_time_is_not_reported() {
    let mut w = World::with(&notification(3000));
    close(&mut w);
    advance(&mut w.hub, 2000);
    w.login(TOKEN);
    advance(&mut w.hub, 10_000);
    assert_eq!(w.told(), [""; 0]);
    assert!(pushes(&mut w).is_empty());
}

#[test]
fn a_device_that_flaps_has_one_notice_in_the_schedule() {
    let mut w = World::with(&notification(3000));
    close(&mut w);
    for _ in 0..5 {
        advance(&mut w.hub, 100);
        let (conn, _) = w.login(TOKEN);
        w.hub.connection_lost(conn);
        assert_eq!(w.hub.schedule.len(), 1);
    }
    // The first period ends: the device is away, but not for the whole period.
    advance(&mut w.hub, 2500);
    assert_eq!(w.told(), ["71 0 17-3"]);
    assert!(pushes(&mut w).is_empty());
    advance(&mut w.hub, 500);
    assert_eq!(w.told(), ["71 0 17-3"]);
    assert_eq!(pushes(&mut w).len(), 1);
    assert!(w.hub.schedule.is_empty());
}

#[test]
fn deleted_devices_are_told_without_a_push() {
    let mut w = World::with(&notification(0));
    w.dash().devices.remove(0);
    close(&mut w);
    assert_eq!(w.told(), ["71 0 17-3"]);
    assert!(pushes(&mut w).is_empty());

    let mut w = World::with(&notification(0));
    w.hub.users.profile_mut(w.user).unwrap().dashboards.clear();
    close(&mut w);
    assert_eq!(w.told(), [""; 0], "who deleted the project has told");
    assert!(pushes(&mut w).is_empty());
}

#[test]
fn nobody_is_notified_when_the_server_stops() {
    let mut w = World::with(&notification(0));
    w.hub.end_all_connections();
    assert_eq!(w.dash().device(3).unwrap().status, DeviceStatus::Offline);
    close(&mut w);
    assert_eq!(w.told(), [""; 0]);
    assert!(pushes(&mut w).is_empty());
}

#[test]
fn phones_that_are_gone_are_forgotten() {
    let mut w = World::with(&notification(0));
    close(&mut w);
    w.hub.users.take_unsaved(Unsaved::Values);
    let Some((_, Job::Push(_, then))) = w.hub.jobs.take_kept().pop() else { panic!() };
    then(&mut w.hub, crate::notify::push::Outcome { gone_android: vec!["uid1".into()], gone_ios: vec![] });
    assert_eq!(w.hub.push_reaches(w.user, 17), Some(false));
    assert_eq!(w.unsaved(), Unsaved::Changes);
}

#[test]
fn devices_that_want_to_know_hear_of_apps() {
    let mut w = World::new();
    let login = |user, guest_of| AppLogin { user, guest_of, os: AppOs::Ios, version: 0 };
    let come = |w: &mut World, guest_of| {
        let (conn, outbox) = connect(&mut w.hub, Framing::App);
        w.hub.join_app(conn, login(w.user, guest_of), 8);
        assert_eq!(sent(&outbox), ["= 8 200"]);
        (conn, sent(&w.device))
    };
    let (conn, heard) = come(&mut w, None);
    assert_eq!(heard, [""; 0]);
    w.dash().is_app_connected_on = true;
    w.hub.connection_lost(conn);
    assert_eq!(sent(&w.device), ["17 7777 adis"]);
    let (_, heard) = come(&mut w, None);
    assert_eq!(heard, ["17 7777 acon"]);
    // Others may remain; guests come silently, and leave their own project only.
    let (conn, heard) = come(&mut w, Some(17));
    assert_eq!(heard, [""; 0]);
    w.hub.connection_lost(conn);
    assert_eq!(sent(&w.device), ["17 7777 adis"]);
    let (conn, _) = come(&mut w, Some(18));
    w.hub.connection_lost(conn);
    assert_eq!(sent(&w.device), [""; 0]);
    w.dash().is_active = false;
    let (_, heard) = come(&mut w, None);
    assert_eq!(heard, [""; 0]);
    assert_eq!(w.hub.users.get(w.user).unwrap().apps.len(), 3);
}

#[test]
fn a_stranger_leaves_without_a_trace() {
    let mut w = World::new();
    let (conn, _) = connect(&mut w.hub, Framing::Hardware);
    w.hub.connection_lost(conn);
    let (_, other) = app(&mut w.hub, w.user);
    assert!(w.told().is_empty() && sent(&other).is_empty());
}
