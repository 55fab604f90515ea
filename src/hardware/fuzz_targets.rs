//! What must hold for every body of every command that a device sends, as functions that panic when it does not.
//!
//! Shared by the cargo-fuzz target in `fuzz/` and by `tests/fuzz_hardware.rs`, which needs no nightly compiler. Whole frames
//! and packets have targets of their own in `wire::fuzz_targets` and `net::fuzz_targets`.

use super::{dispatch, mqtt};
use crate::config::Config;
use crate::hub::{AppLogin, AppOs, Clock, ConnId, Flow, Framing, Hub, Job, Jobs, Origin, Outbox, Peer, UserId};
use crate::model::fuzz_targets::comes_back;
use crate::model::json::{self, ObjectSeed, Reading};
use crate::model::User;
use crate::notify::push;
use crate::wire::frame::{self, Decoded, FrameError};
use crate::wire::mqtt::Decoded as DecodedPacket;
use crate::wire::{Command, Message};
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::Duration;

/// What devices may send, and one number that nobody handles.
pub const COMMANDS: [Command; 13] = [
    Command::HARDWARE,
    Command::PING,
    Command::SET_WIDGET_PROPERTY,
    Command::HARDWARE_SYNC,
    Command::BRIDGE,
    Command::BLYNK_INTERNAL,
    Command::PUSH_NOTIFICATION,
    Command::EMAIL,
    Command::TWEET,
    Command::SMS,
    Command::HARDWARE_LOGIN,
    Command::LOGIN,
    Command::HARDWARE_LOG_EVENT,
];

/// When the world begins, ms since 1970.
const START: i64 = 1_700_000_000_000;
/// Every so many messages time goes on, and what is due happens.
const STEP: u32 = 64;
/// More answers to one message would be a flood.
const ANSWERS_MAX: usize = 1024 * 1024;

/// An account with devices and apps of every kind, in memory.
pub struct World {
    hub: Hub,
    user: UserId,
    /// The device that sends.
    device: (ConnId, Rc<Outbox>),
    others: Vec<Rc<Outbox>>,
    packets: ((ConnId, Rc<Outbox>), mqtt::State),
    token: String,
    sent: u32,
}

impl World {
    /// From a user file whose first project is active and has two devices at least.
    pub fn new(user_file: &str) -> World {
        let user = account(user_file);
        let project = user.profile.dashboards.first().expect("a project");
        let (dash, email) = (project.id, user.email.clone());
        let tokens: Vec<String> = project.devices.iter().map(|device| device.token.clone()).collect();
        let (mut hub, user) = hub_with(user);
        let mut others = Vec::new();
        for (framing, guest_of) in [(Framing::App, None), (Framing::App, Some(dash)), (Framing::AppWebSocket, None)] {
            others.push(join_app(&mut hub, user, framing, guest_of).1);
        }
        for token in tokens.iter().skip(1) {
            let (conn, outbox) = connect(&mut hub, Framing::Hardware);
            dispatch(&mut hub, conn, Message { command: Command::HARDWARE_LOGIN, id: 1, body: token.as_bytes() });
            others.push(outbox);
        }
        let device = connect(&mut hub, Framing::Hardware);
        let packets = (connect(&mut hub, Framing::Mqtt), mqtt::State::default());
        let token = tokens.into_iter().next().expect("a device");
        let mut world = World { hub, user, device, others, packets, token, sent: 0 };
        world.log_in();
        let connect =
            [b"\x10\0\0\x04MQTT\x04\xC2\0\x3C\0\x01d".as_slice(), &text(&email), &text(&world.token)].concat();
        world.packet(&with_length(connect));
        world.packet(b"\x82\x06\0\x01\0\x01#\0");
        world
    }

    /// One message of the device that is logged in.
    pub fn send(&mut self, command: Command, id: u16, body: &[u8]) {
        let flow = dispatch(&mut self.hub, self.device.0, Message { command, id, body });
        // Nothing that a device says after its login ends its connection.
        assert_eq!(flow, Flow::Continue, "{command}");
        self.after();
    }

    /// One message of a device that is not logged in.
    pub fn send_first(&mut self, command: Command, id: u16, body: &[u8]) {
        let (conn, outbox) = connect(&mut self.hub, Framing::Hardware);
        let flow = dispatch(&mut self.hub, conn, Message { command, id, body });
        let is_login = matches!(command, Command::HARDWARE_LOGIN | Command::LOGIN);
        assert_eq!(flow == Flow::Continue, is_login, "{command}");
        if !is_login {
            assert_eq!(outbox.waiting(), 0);
        }
        check_frames(&outbox);
        self.hub.connection_lost(conn);
        self.after();
    }

    /// Bytes of a device that speaks MQTT and is logged in.
    pub fn packet(&mut self, data: &[u8]) {
        let (mut rest, mut closed) = (data, false);
        let ((conn, outbox), state) = &mut self.packets;
        while let (false, Ok(DecodedPacket::Packet(packet, size))) = (closed, crate::wire::mqtt::decode(rest)) {
            let mut answer = Vec::new();
            closed = mqtt::packet(&mut self.hub, *conn, packet, state, &mut answer) == Flow::Close;
            outbox.push_raw(&answer);
            state.after_answer(&mut self.hub, *conn);
            rest = &rest[size..];
        }
        check_frames(outbox);
        self.after();
    }

    /// What is stored can be written and read again, and has not grown without bound. Costs much more than a message.
    pub fn check(&self) {
        let profile = &self.hub.users.get(self.user).expect("the account is there").user.profile;
        comes_back(profile, |text| json::from_str(text, ObjectSeed::new(&Reading::forgiving())).ok().flatten());
    }

    fn log_in(&mut self) {
        let body = self.token.as_bytes();
        let flow = dispatch(&mut self.hub, self.device.0, Message { command: Command::HARDWARE_LOGIN, id: 1, body });
        let peer = self.hub.connections.get(self.device.0).map(|c| c.peer);
        assert!(flow == Flow::Continue && matches!(peer, Some(Peer::Hardware(_))));
        self.after();
    }

    /// Looks at what everybody was sent, and lets time and workers go on.
    fn after(&mut self) {
        check_frames(&self.device.1);
        self.others.iter().for_each(|outbox| check_frames(outbox));
        self.sent = self.sent.wrapping_add(1);
        if self.sent.is_multiple_of(STEP) {
            self.hub.clock.advance(Duration::from_millis(u64::from(self.sent % 20_000)));
            self.hub.run_due();
        }
        let fails = self.sent.is_multiple_of(2);
        for (_, job) in self.hub.jobs.take_kept() {
            match job {
                Job::Mail(_, then) => then(&mut self.hub, if fails { Err("down".into()) } else { Ok(()) }),
                Job::Push(_, then) => then(&mut self.hub, push::Outcome::default()),
                #[cfg(feature = "sms")]
                Job::Sms(_, then) => then(&mut self.hub, if fails { Err("down".into()) } else { Ok(()) }),
                Job::Tweet(_, then) => then(&mut self.hub, Ok(())),
                Job::Webhook(_, then) => {
                    let body = Some("21.5".to_owned());
                    then(&mut self.hub, Ok(crate::notify::webhook::Answer { status: 200, body }));
                }
                // Files are not what is looked at here.
                Job::Work(_) => {}
            }
        }
    }
}

/// The account of a user file.
pub(crate) fn account(user_file: &str) -> User {
    let user = User::from_file(user_file, User::default(), &Reading::forgiving());
    user.expect("a readable user file").expect("a user")
}

/// A hub in memory with this account.
pub(crate) fn hub_with(user: User) -> (Hub, UserId) {
    let mut hub = Hub::new(Rc::new(Config::default()), Clock::manual(START), Jobs::kept());
    let user = hub.add_user(user);
    hub.start_periodic_work();
    (hub, user)
}

/// An app that is logged in, the owner's or a guest's.
pub(crate) fn join_app(hub: &mut Hub, user: UserId, framing: Framing, guest_of: Option<i32>) -> (ConnId, Rc<Outbox>) {
    let (conn, outbox) = connect(hub, framing);
    hub.join_app(conn, AppLogin { user, guest_of, os: AppOs::Android, version: 22734 }, 1);
    (conn, outbox)
}

pub(crate) fn connect(hub: &mut Hub, framing: Framing) -> (ConnId, Rc<Outbox>) {
    let origin = Origin { address: Ipv4Addr::LOCALHOST.into(), port: 8080, tls: false };
    let ticks = hub.ticks();
    hub.connections.open(framing, origin, 0, ticks)
}

/// An MQTT string.
fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u16).to_be_bytes(), text.as_bytes()].concat()
}

/// With the remaining length in its second byte, for short packets.
fn with_length(mut packet: Vec<u8>) -> Vec<u8> {
    packet[1] = packet.len() as u8 - 2;
    packet
}

/// What waits are whole frames, and not too many of them; forgets them.
pub(crate) fn check_frames(outbox: &Outbox) {
    if outbox.waiting() == 0 {
        return;
    }
    assert!(outbox.waiting() <= ANSWERS_MAX);
    let decode: fn(&[u8]) -> Result<Decoded<'_>, FrameError> = match outbox.framing() {
        Framing::Hardware => frame::decode_hardware,
        Framing::App => frame::decode_app,
        _ => |bytes| Ok(Decoded::Incomplete(bytes.len())),
    };
    let whole: Result<(), ()> = outbox.drain(|bytes| {
        let mut rest = bytes;
        while let Ok(Decoded::Message(_, size)) = decode(rest) {
            rest = &rest[size..];
        }
        assert!(rest.is_empty() || !matches!(outbox.framing(), Framing::Hardware | Framing::App));
        Ok(bytes.len())
    });
    assert_eq!(whole, Ok(()));
}
