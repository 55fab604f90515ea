//! Who asks, and what all handlers read from requests: ids, JSON, projects.

use crate::hub::{AppLogin, ConnId, Hub, UserId};
use crate::model::change_widgets::ChangeError;
use crate::model::json::{from_str, Error, Object, ObjectSeed, Reading, Tagged, TaggedSeed};
use crate::model::weight::{weight, Growth, OVERHEAD};
use crate::model::widget::from_request;
use crate::model::{Dashboard, Profile, User, Widget};
use crate::wire::body::{parse_int32, utf16_len};
use crate::wire::Status;
use std::net::IpAddr;

/// Who asks before login.
#[derive(Debug, Clone, Copy)]
pub struct Stranger {
    /// The connection.
    pub conn: ConnId,
    /// The request's id.
    pub id: u16,
    /// The peer's address.
    pub address: IpAddr,
    /// It made an account on this connection.
    pub registered: bool,
}

/// Who asks after login.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    /// The connection.
    pub conn: ConnId,
    /// The request's id.
    pub id: u16,
    /// What it told when it logged in.
    pub login: AppLogin,
}

impl Caller {
    /// The account: the owner's, also for guests.
    pub fn user(&self) -> UserId {
        self.login.user
    }

    /// A project that the caller may see.
    ///
    /// Errors: `IllegalCommand` for an unknown one, `NotAllowed` for a guest of another.
    pub fn dash<'h>(&self, hub: &'h Hub, id: i32) -> Result<&'h Dashboard, Status> {
        let dash = hub.users.dash(self.login.user, id).ok_or(Status::IllegalCommand)?;
        self.check_guest(id)?;
        Ok(dash)
    }

    /// As [`Caller::dash`], to be changed.
    pub fn dash_mut<'h>(&self, hub: &'h mut Hub, id: i32) -> Result<&'h mut Dashboard, Status> {
        let dash = hub.users.dash_mut(self.login.user, id).ok_or(Status::IllegalCommand)?;
        self.check_guest(id)?;
        Ok(dash)
    }

    /// The project whose id is this text, see [`Caller::dash`].
    pub fn dash_of<'h>(&self, hub: &'h Hub, id: &str) -> Result<&'h Dashboard, Status> {
        self.dash(hub, parse_int32(id)?)
    }

    /// The owner's account.
    pub fn account<'h>(&self, hub: &'h mut Hub) -> Result<&'h mut User, Status> {
        Ok(&mut part(hub.users.get_mut(self.login.user))?.user)
    }

    /// The owner's profile, to be changed.
    pub fn profile<'h>(&self, hub: &'h mut Hub) -> Result<&'h mut Profile, Status> {
        Ok(&mut self.account(hub)?.profile)
    }

    fn check_guest(&self, dash: i32) -> Result<(), Status> {
        match self.login.guest_of {
            Some(own) if own != dash => Err(Status::NotAllowed),
            _ => Ok(()),
        }
    }
}

/// A part of the body that must be there.
pub fn part<T>(part: Option<T>) -> Result<T, Status> {
    part.ok_or(Status::IllegalCommand)
}

/// A JSON text that must be there: not empty.
pub fn json_text(text: Option<&str>) -> Result<&str, Status> {
    part(text.filter(|text| !text.is_empty()))
}

/// `NotAllowed` for a text of more than this many times 1024 characters.
pub fn check_size(text: &str, kib: u32) -> Result<(), Status> {
    // Never more characters than bytes: most texts need no counting.
    let limit = (kib as usize).saturating_mul(1024);
    if text.len() > limit && utf16_len(text) > limit {
        return Err(Status::NotAllowed);
    }
    Ok(())
}

/// An object in a stored form may be so many times larger than the longest JSON of its kind: most apps leave out little.
const STORED_FACTOR: usize = 4;

/// Counts an object that is about to be stored against what the account may hold. `kib`: the longest JSON of its kind.
///
/// Errors: `NotAllowed` when the account is full, or for short JSON of countless empty objects.
pub fn admit(hub: &mut Hub, caller: &Caller, object: &dyn Object, kib: u32) -> Result<(), Status> {
    let bytes = weight(object);
    if bytes > (kib as usize).saturating_mul(1024 * STORED_FACTOR) {
        return Err(Status::NotAllowed);
    }
    take_in(hub, caller, bytes)
}

/// As [`admit`], for an object that takes the place of one that weighs `old`.
pub fn admit_instead(hub: &mut Hub, caller: &Caller, object: &dyn Object, old: usize, kib: u32) -> Result<(), Status> {
    let growth = Growth { more: weight(object), less: old };
    let too_large = growth.more > (kib as usize).saturating_mul(1024 * STORED_FACTOR);
    if too_large || !hub.may_take(caller.user(), growth) {
        return Err(Status::NotAllowed);
    }
    Ok(())
}

/// Counts so many bytes, that the account is about to hold, against what it may; a request that is refused all the same
/// gets them back.
///
/// Errors: `NotAllowed` when the account is full.
pub fn take_in(hub: &mut Hub, caller: &Caller, bytes: usize) -> Result<(), Status> {
    let growth = Growth { more: bytes.saturating_add(OVERHEAD), less: 0 };
    if !hub.may_take(caller.user(), growth) {
        return Err(Status::NotAllowed);
    }
    Ok(())
}

/// An object from JSON.
///
/// Errors: `IllegalCommandBody` when it cannot be read, `IllegalCommand` for the text `null`.
pub fn object<T: Object + Default>(text: &str) -> Result<T, Status> {
    part(from_str(text, ObjectSeed::new(&Reading::strict())).map_err(unreadable)?)
}

/// As [`object`], but the text `null` is `IllegalCommandBody`, too.
pub fn object_not_null<T: Object + Default>(text: &str) -> Result<T, Status> {
    let object = from_str(text, ObjectSeed::new(&Reading::strict())).map_err(unreadable)?;
    object.ok_or(Status::IllegalCommandBody)
}

/// A template from JSON, errors as [`object`].
pub fn tagged<T: Tagged>(text: &str) -> Result<T, Status> {
    part(from_str(text, TaggedSeed::new(&Reading::strict())).map_err(unreadable)?)
}

/// A widget from JSON, errors as [`object_not_null`].
pub fn widget(text: &str) -> Result<Widget, Status> {
    from_request(text).map_err(unreadable)?.ok_or(Status::IllegalCommandBody)
}

fn unreadable(error: Error) -> Status {
    log::debug!("JSON of a request refused: {error}");
    Status::IllegalCommandBody
}

/// What an app is told when the profile could not be changed.
pub fn refused(error: ChangeError) -> Status {
    match error {
        ChangeError::NotFound | ChangeError::WrongType | ChangeError::BadTag => Status::IllegalCommand,
        ChangeError::BadSize | ChangeError::IdInUse | ChangeError::TooMany => Status::NotAllowed,
        ChangeError::NoTabs => Status::IllegalCommandBody,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Device, Tag};

    #[test]
    fn sizes_count_characters() {
        assert!(check_size(&"é".repeat(1024), 1).is_ok());
        assert_eq!(check_size(&"é".repeat(1025), 1), Err(Status::NotAllowed));
        assert_eq!(check_size(&"😀".repeat(513), 1), Err(Status::NotAllowed));
    }

    #[test]
    fn objects_are_told_apart_from_null_and_nonsense() {
        assert_eq!(object::<Tag>(r#"{"id":5} x"#).map(|t| t.id), Ok(5));
        assert_eq!(object::<Tag>("null"), Err(Status::IllegalCommand));
        assert_eq!(object_not_null::<Tag>("null"), Err(Status::IllegalCommandBody));
        assert_eq!(widget("null"), Err(Status::IllegalCommandBody));
        assert_eq!(object::<Tag>("{"), Err(Status::IllegalCommandBody));
        assert_eq!(object::<Tag>("[]"), Err(Status::IllegalCommandBody));
        assert_eq!(object::<Tag>("\u{feff}{}"), Err(Status::IllegalCommandBody));
    }

    #[test]
    fn the_type_of_an_object_is_the_first_text_of_that_name() {
        use crate::model::widget::{Mode, Template, WidgetType};
        for (json, of) in [
            (r#"{"type":[],"label":"q"}"#, WidgetType::Button),
            (r#"{"type":{"type":"LED"}}"#, WidgetType::Button),
            (r#"{"type":null,"type":"SLIDER"}"#, WidgetType::Slider),
            (r#"{"type":["LED"],"id":1,"type":"SLIDER"}"#, WidgetType::Slider),
            (r#"{"type":"LED","type":"SLIDER"}"#, WidgetType::Led),
            (r#"{"id":1,"type":"LED","type":[]}"#, WidgetType::Led),
            (r#"{"id":1,"type":"LED","type":"SLIDER"}"#, WidgetType::Led),
        ] {
            assert_eq!(widget(json).unwrap().widget_type, of, "{json}");
        }
        assert!(matches!(tagged::<Template>(r#"{"mode":[1],"id":5}"#).unwrap().mode, Mode::Page(_)));
        assert!(matches!(tagged::<Template>(r#"{"mode":{},"mode":"DIMMER"}"#).unwrap().mode, Mode::Dimmer(_)));
        let device = object::<Device>(r#"{"boardType":["NodeMCU"]}"#).unwrap();
        assert_eq!(device.board_type.label(), Some("Generic Board"));
    }
}
