//! The device connections of an account, by project and device, so that a message for one of a thousand devices looks at one.

use super::connections::ConnId;

/// A connection of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Member {
    pub dash: i32,
    pub device: i32,
    pub conn: ConnId,
}

impl Member {
    fn place(&self) -> (i32, i32) {
        (self.dash, self.device)
    }
}

/// Sorted by project and device; the connections of one device in the order of their logins.
#[derive(Debug, Default)]
pub struct Roster(Vec<Member>);

impl Roster {
    /// A device has logged in.
    pub fn join(&mut self, member: Member) {
        let at = self.0.partition_point(|other| other.place() <= member.place());
        self.0.insert(at, member);
    }

    /// A connection is gone. Whether it was the newest one of its device.
    pub fn leave(&mut self, member: Member) -> bool {
        let was_newest = self.of_device(member.dash, member.device).last().is_some_and(|last| *last == member);
        self.0.retain(|other| *other != member);
        if self.0.is_empty() {
            *self = Roster::default();
        }
        was_newest
    }

    /// The connections of a project.
    pub fn of_dash(&self, dash: i32) -> &[Member] {
        let start = self.0.partition_point(|member| member.dash < dash);
        let rest = &self.0[start..];
        &rest[..rest.partition_point(|member| member.dash == dash)]
    }

    /// The connections of a device.
    pub fn of_device(&self, dash: i32, device: i32) -> &[Member] {
        let start = self.0.partition_point(|member| member.place() < (dash, device));
        let rest = &self.0[start..];
        &rest[..rest.partition_point(|member| member.place() == (dash, device))]
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Member> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::testing::{device, hub, user};
    use crate::wire::Command;

    #[test]
    fn connections_are_found_by_project_and_device() {
        let mut hub = hub();
        let user = user(&mut hub, "a@b.cc", r#"{"id":1}"#);
        let conns: Vec<ConnId> = (0..5).map(|_| device(&mut hub, user, 1, 0).0).collect();
        let mut roster = Roster::default();
        let members: Vec<Member> = [(2, 1), (1, 7), (2, 1), (2, 0), (3, -1)]
            .iter()
            .zip(&conns)
            .map(|(&(dash, device), &conn)| Member { dash, device, conn })
            .collect();
        members.iter().for_each(|member| roster.join(*member));
        assert_eq!(roster.of_device(2, 1), [members[0], members[2]]);
        assert_eq!(roster.of_dash(2), [members[3], members[0], members[2]]);
        assert_eq!((roster.of_dash(4), roster.of_device(1, 0)), (&[][..], &[][..]));
        assert!(!roster.leave(members[0]) && roster.leave(members[2]));
        assert!(!roster.leave(members[2]), "it has left");
        assert_eq!((roster.len(), roster.of_device(2, 1)), (3, &[][..]));
        for member in members {
            roster.leave(member);
        }
        assert!(roster.is_empty());
    }

    #[test]
    fn a_message_reaches_each_wanted_device_once_in_whatever_order_they_stand() {
        let mut hub = hub();
        let ids = [5, 9, 2, 7, 0, 1];
        let devices = ids.map(|id| format!(r#"{{"id":{id}}}"#)).join(",");
        let user = user(&mut hub, "a@b.cc", &format!(r#"{{"id":1,"devices":[{devices}]}}"#));
        // Device 3 is of no project any more.
        let outboxes = [7, 5, 3, 0, 9, 2, 1, 5].map(|id| (id, device(&mut hub, user, 1, id).1));
        let mut to = |devices: &[i32]| {
            let reached = hub.to_hardware(user, 1, devices, Command::HARDWARE, 1, &["vw"]);
            let told = outboxes.iter().filter(|(_, outbox)| !crate::hub::testing::sent(outbox).is_empty());
            let mut told: Vec<i32> = told.map(|(id, _)| *id).collect();
            told.sort_unstable();
            (reached, told)
        };
        assert_eq!(to(&[]), (true, vec![0, 1, 2, 5, 5, 7, 9]));
        assert_eq!(to(&[5]), (true, vec![5, 5]));
        assert_eq!(to(&[9, 3, 0, 9, 8]), (true, vec![0, 9]));
        assert_eq!(to(&[3]), (false, vec![]));
        assert!(hub.is_hardware_connected(user, 1, Some(3)));
        assert!(!hub.is_hardware_connected(user, 1, Some(8)));
    }
}
