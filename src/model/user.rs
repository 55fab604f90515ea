//! Accounts and their profiles: the content of one user file.

use super::dashboard::Dashboard;
use super::face::App;
use super::json::{self, Audience, Field, Object, Reading, Writer};
use super::storage::{PinKey, PinStorage};
use crate::{json_nested, json_object};
use serde::de::MapAccess;

/// The app name of the main app.
pub const MAIN_APP: &str = "Blynk";

/// What a user owns.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Profile {
    pub dashboards: Vec<Dashboard>,
    pub apps: Vec<App>,
    pub storage: PinStorage,
}

json_object!(Profile { "dashBoards" dashboards, "apps" apps, "pinsStorage" storage private });
json_nested!(ObjectSeed: Profile);

impl Profile {
    /// The project with this id.
    pub fn dash(&self, id: i32) -> Option<&Dashboard> {
        self.dashboards.iter().find(|d| d.id == id)
    }

    /// The project with this id.
    pub fn dash_mut(&mut self, id: i32) -> Option<&mut Dashboard> {
        self.dashboards.iter_mut().find(|d| d.id == id)
    }

    /// Moves values that old servers kept inside dashboards to the profile's storage.
    pub fn move_obsolete_storage(&mut self) {
        for dash in &mut self.dashboards {
            for (key, value) in std::mem::take(&mut dash.obsolete_storage.0) {
                let key = PinKey {
                    dash: dash.id,
                    device: key.device,
                    pin_type: key.pin_type,
                    pin: key.pin,
                    property: key.property,
                };
                self.storage.0.insert(key, value);
            }
        }
    }
}

/// An account of one app.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct User {
    pub name: String,
    pub email: String,
    pub app_name: String,
    pub region: String,
    /// The host that serves this account.
    pub ip: String,
    /// Password hash; `None` for Facebook accounts. It is what clients send, so it is as good as the password.
    pub pass: Option<String>,
    /// ms since 1970.
    pub last_modified_ts: i64,
    pub last_logged_ip: String,
    /// ms since 1970, 0 = never.
    pub last_logged_at: i64,
    pub profile: Profile,
    pub is_facebook_user: bool,
    pub is_super_admin: bool,
    pub energy: i32,
}

impl Default for User {
    fn default() -> Self {
        User {
            name: String::new(),
            email: String::new(),
            app_name: MAIN_APP.into(),
            region: String::new(),
            ip: String::new(),
            pass: None,
            last_modified_ts: 0,
            last_logged_ip: String::new(),
            last_logged_at: 0,
            profile: Profile::default(),
            is_facebook_user: false,
            is_super_admin: false,
            energy: 0,
        }
    }
}

impl Object for User {
    fn read_key<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A, cx: &Reading) -> Result<bool, A::Error> {
        match key {
            "name" => self.name = Field::read(map, cx)?,
            "email" => self.email = Field::read(map, cx)?,
            "appName" => self.app_name = Field::read(map, cx)?,
            "region" => self.region = Field::read(map, cx)?,
            "ip" => self.ip = Field::read(map, cx)?,
            "pass" => self.pass = Field::read(map, cx)?,
            "lastModifiedTs" => self.last_modified_ts = Field::read(map, cx)?,
            "lastLoggedIP" => self.last_logged_ip = Field::read(map, cx)?,
            "lastLoggedAt" => self.last_logged_at = Field::read(map, cx)?,
            "profile" => self.profile = Option::<Profile>::read(map, cx)?.unwrap_or_default(),
            "isFacebookUser" => self.is_facebook_user = Field::read(map, cx)?,
            "isSuperAdmin" => self.is_super_admin = Field::read(map, cx)?,
            "energy" => self.energy = Field::read(map, cx)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn write_keys(&self, w: &mut Writer) {
        self.name.write("name", w);
        self.email.write("email", w);
        self.app_name.write("appName", w);
        self.region.write("region", w);
        self.ip.write("ip", w);
        self.pass.write("pass", w);
        self.last_modified_ts.write("lastModifiedTs", w);
        self.last_logged_ip.write("lastLoggedIP", w);
        self.last_logged_at.write("lastLoggedAt", w);
        w.key("profile");
        w.object(&self.profile);
        self.is_facebook_user.write("isFacebookUser", w);
        self.is_super_admin.write("isSuperAdmin", w);
        self.energy.write("energy", w);
        self.id().write("id", w);
    }
}

impl User {
    /// `<email>-<appName>`: the id that the admin API uses.
    pub fn id(&self) -> String {
        format!("{}-{}", self.email, self.app_name)
    }

    /// The content of the user file.
    pub fn to_file(&self) -> String {
        json::to_string(self, Audience::Disk)
    }

    /// Reads a user file. `defaults` holds the values of missing fields (energy, modification time). Bad single values
    /// are replaced and noted; `Ok(None)` is the text `null`.
    pub fn from_file(text: &str, defaults: User, cx: &Reading) -> Result<Option<User>, json::Error> {
        let mut user = match json::from_str(text, json::IntoSeed { cx, into: defaults })? {
            Some(user) => user,
            None => return Ok(None),
        };
        if user.email.is_empty() {
            user.email.clone_from(&user.name);
        }
        if user.app_name.is_empty() {
            user.app_name = MAIN_APP.into();
        }
        user.profile.move_obsolete_storage();
        Ok(Some(user))
    }
}
