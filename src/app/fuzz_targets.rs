//! What must hold for every body of every command that carries JSON from an app, as functions that panic when it does not.
//!
//! Shared by the cargo-fuzz target in `fuzz/` and by `tests/fuzz_app.rs`, which needs no nightly compiler.

use super::dispatch;
use crate::hardware::fuzz_targets::{account, check_frames, connect, hub_with, join_app};
use crate::hub::{ConnId, DeviceRef, Flow, Framing, Hub, Outbox, UserId};
use crate::model::fuzz_targets::comes_back;
use crate::model::json::{self, ObjectSeed, Reading};
use crate::model::{App, User};
use crate::wire::{Command, Message};
use std::rc::Rc;
use std::time::Duration;

/// Commands whose body is or ends in JSON.
pub const COMMANDS: [Command; 16] = [
    Command::CREATE_DASH,
    Command::UPDATE_DASH,
    Command::UPDATE_PROJECT_SETTINGS,
    Command::CREATE_WIDGET,
    Command::UPDATE_WIDGET,
    Command::CREATE_TILE_TEMPLATE,
    Command::UPDATE_TILE_TEMPLATE,
    Command::CREATE_DEVICE,
    Command::UPDATE_DEVICE,
    Command::GET_PROVISION_TOKEN,
    Command::CREATE_TAG,
    Command::UPDATE_TAG,
    Command::CREATE_APP,
    Command::UPDATE_APP,
    Command::CREATE_REPORT,
    Command::UPDATE_REPORT,
];

/// Every so many messages time goes on, and what is due happens.
const STEP: u32 = 16;
/// The id of an app that the account has published.
pub const APP_ID: &str = "mine";

/// An account with an app, a second one, a guest and a device, in memory.
pub struct World {
    hub: Hub,
    user: UserId,
    app: (ConnId, Rc<Outbox>),
    device: (ConnId, Rc<Outbox>),
    others: Vec<Rc<Outbox>>,
    sent: u32,
}

impl World {
    /// The account of a user file whose first project is active and has a device.
    pub fn account(user_file: &str) -> User {
        let mut user = account(user_file);
        user.energy = i32::MAX / 2;
        user.profile.apps.push(App { id: APP_ID.into(), name: "Farm".into(), ..App::default() });
        user
    }

    /// A world with this account.
    pub fn new(user: User) -> World {
        let project = user.profile.dashboards.first().expect("a project");
        let (dash, device) = (project.id, project.devices.first().expect("a device").id);
        let (mut hub, user) = hub_with(user);
        let mut apps = [(Framing::App, None), (Framing::App, Some(dash)), (Framing::AppWebSocket, None)]
            .map(|(framing, guest_of)| join_app(&mut hub, user, framing, guest_of));
        let hardware = connect(&mut hub, Framing::Hardware);
        hub.join_hardware(hardware.0, DeviceRef { user, dash, device }, 1);
        let app = (apps[0].0, Rc::clone(&apps[0].1));
        let others = apps[1..].iter_mut().map(|(_, outbox)| Rc::clone(outbox)).collect();
        World { hub, user, app, device: hardware, others, sent: 0 }
    }

    /// One message of the owner's app, and then one of its device about a pin.
    pub fn send(&mut self, command: Command, id: u16, body: &[u8]) {
        let flow = dispatch(&mut self.hub, self.app.0, Message { command, id, body });
        // Nothing that an app says about its projects ends its connection.
        assert_eq!(flow, Flow::Continue, "{command}");
        assert!(self.app.1.waiting() > 0, "{command} is not answered");
        // Timers and displays follow, as after every batch of messages.
        self.hub.save_changes();
        self.sent = self.sent.wrapping_add(1);
        let write = format!("vw\0{}\0{}", id % 256, id / 256);
        let write = Message { command: Command::HARDWARE, id, body: write.as_bytes() };
        let flow = crate::hardware::dispatch(&mut self.hub, self.device.0, write);
        assert_eq!(flow, Flow::Continue);
        if self.sent.is_multiple_of(STEP) {
            self.hub.clock.advance(Duration::from_millis(u64::from(id) * 50));
            self.hub.run_due();
        }
        check_frames(&self.app.1);
        check_frames(&self.device.1);
        self.others.iter().for_each(|outbox| check_frames(outbox));
        // Files and transports are not what is looked at here.
        self.hub.jobs.take_kept();
    }

    /// What is stored can be written and read again. Costs much more than a message.
    pub fn check(&self) {
        let user = &self.hub.users.get(self.user).expect("the account is there").user;
        comes_back(&user.profile, |text| json::from_str(text, ObjectSeed::new(&Reading::strict())).ok().flatten());
        let cx = Reading::forgiving();
        let again = User::from_file(&user.to_file(), User::default(), &cx).expect("readable").expect("a user");
        assert!(!cx.is_damaged() && again.email == user.email);
    }
}
