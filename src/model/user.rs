//! Accounts and their profiles: the content of one user file.

use super::address::LoggedAddress;
use super::dashboard::Dashboard;
use super::face::App;
use super::json::{self, Audience, Bad, Cursor, Field, Key, Object, Reading, Writer};
use super::storage::{PinKey, PinStorage};
use crate::{json_nested, json_object};

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
    pub last_logged_ip: LoggedAddress,
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
            last_logged_ip: LoggedAddress::None,
            last_logged_at: 0,
            profile: Profile::default(),
            is_facebook_user: false,
            is_super_admin: false,
            energy: 0,
        }
    }
}

impl Object for User {
    fn read_key(&mut self, key: Key<'_>, json: &mut Cursor<'_>, cx: &Reading) -> Result<bool, Bad> {
        match key.text {
            "name" => self.name = Field::read(json, cx)?,
            "email" => self.email = Field::read(json, cx)?,
            "appName" => self.app_name = Field::read(json, cx)?,
            "region" => self.region = Field::read(json, cx)?,
            "ip" => self.ip = Field::read(json, cx)?,
            "pass" => self.pass = Field::read(json, cx)?,
            "lastModifiedTs" => self.last_modified_ts = Field::read(json, cx)?,
            "lastLoggedIP" => self.last_logged_ip = Field::read(json, cx)?,
            "lastLoggedAt" => self.last_logged_at = Field::read(json, cx)?,
            "profile" => self.profile = Option::<Profile>::read(json, cx)?.unwrap_or_default(),
            "isFacebookUser" => self.is_facebook_user = Field::read(json, cx)?,
            "isSuperAdmin" => self.is_super_admin = Field::read(json, cx)?,
            "energy" => self.energy = Field::read(json, cx)?,
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
        // Windows editors put a mark in front.
        let text = text.trim_start_matches('\u{feff}');
        let mut user = match json::from_str(text, json::ObjectSeed::over(cx, defaults))? {
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const FIXTURE: &str = include_str!("../../tests/data/example-profile.user.json");

    fn read(text: &str) -> User {
        let cx = Reading::strict();
        User::from_file(text, User::default(), &cx).unwrap().unwrap()
    }

    fn profile_of(json: &str) -> Value {
        serde_json::from_str(&json::to_string(&read(json).profile, Audience::Owner)).unwrap()
    }

    #[test]
    fn a_profile_with_every_widget_comes_back_key_by_key() {
        let written = read(FIXTURE).to_file();
        let (old, new): (Value, Value) =
            (serde_json::from_str(FIXTURE).unwrap(), serde_json::from_str(&written).unwrap());
        assert_eq!(old, new);
        assert_eq!(written.encode_utf16().count(), 34_828);
        assert_eq!(read(&written).to_file(), written);
    }

    #[test]
    fn reading_is_lenient_where_the_reference_was() {
        let v = profile_of(
            r#"{"email":"a@b.cc","shares":[],"profile":{"dashBoards":[{"id":"4","theme":null,"devices":null,"widgets":[
                {"id":1,"pin":"7","min":"1.5","value":5,"showValueOn":null,"type":"SLIDER","pinType":1},
                {"type":"LOGGER","id":2},{"id":3,"type":null}]}]}} }}"#,
        );
        let widgets = &v["dashBoards"][0]["widgets"];
        assert_eq!(widgets[0]["type"], "SLIDER");
        assert_eq!(widgets[0]["pin"], 7);
        assert_eq!(widgets[0]["min"], 1.5);
        assert_eq!(widgets[0]["value"], "5");
        assert_eq!(widgets[0]["showValueOn"], false);
        assert_eq!(widgets[0]["pinType"], "VIRTUAL");
        assert_eq!(widgets[1]["type"], "BUTTON");
        assert_eq!(widgets[2]["type"], "BUTTON");
        assert_eq!(v["dashBoards"][0]["id"], 4);
    }

    #[test]
    fn unknown_widgets_stay_on_disk() {
        let file = r#"{"email":"a@b.cc","profile":{"dashBoards":[{"widgets":[{"type":"LOGGER","id":2,"isBar":true,"period":"DAY"}]}]}}"#;
        let written: Value = serde_json::from_str(&read(file).to_file()).unwrap();
        let widget = &written["profile"]["dashBoards"][0]["widgets"][0];
        assert_eq!(
            (&widget["type"], &widget["isBar"], &widget["period"]),
            (&"LOGGER".into(), &true.into(), &"DAY".into())
        );
    }

    #[test]
    fn one_bad_value_refuses_a_request_but_not_a_file() {
        let bad = r#"{"email":"a@b.cc","profile":{"dashBoards":[{"id":1,"theme":"Nope","widgets":[{"type":"BUTTON","pin":99999,"id":5}]}],"pinsStorage":{"1-0-v999":"x","1-0-v5":"1"}}}"#;
        assert!(User::from_file(bad, User::default(), &Reading::strict()).is_err());
        let cx = Reading::forgiving();
        let user = User::from_file(bad, User::default(), &cx).unwrap().unwrap();
        assert_eq!(user.profile.dashboards[0].widgets[0].id, 5);
        assert_eq!(user.profile.storage.0.len(), 1);
        assert_eq!(cx.notes().len(), 3);
    }

    #[test]
    fn restricted_audiences_see_no_secrets() {
        let text = json::to_string(&read(FIXTURE).profile, Audience::Restricted);
        for secret in ["fxA0Kd3mQ7w", "fxS9Rj4cV0a", "fixture-twitter", "fcm-android", "pinsStorage", "hardwareInfo"] {
            assert!(!text.contains(secret), "{secret}");
        }
    }

    #[test]
    fn guests_see_no_headers_of_webhooks() {
        let profile = read(FIXTURE).profile;
        let seen = |audience| {
            let text = json::to_string(&profile, audience);
            (text.contains("X-Key"), text.contains("/pin[0]/"), text.contains("fixture-twitter"))
        };
        assert_eq!(seen(Audience::Guest), (false, false, false));
        assert_eq!(seen(Audience::Restricted), (true, true, false));
    }

    #[test]
    fn old_storage_moves_to_the_profile() {
        let v = profile_of(
            r#"{"email":"a@b.cc","profile":{"dashBoards":[{"id":9,"pinsStorage":{"0-v5":"1","0-v5-label":"L","3-vxx":"q"}}]}}"#,
        );
        assert_eq!(v["pinsStorage"], serde_json::json!({"9-0-v5":"1","9-0-v5-label":"L","9-3-v0":"q"}));
    }

    #[test]
    fn nesting_is_bounded() {
        let mut text = String::new();
        for _ in 0..3000 {
            text.push_str(r#"{"id":1,"type":"DEVICE_TILES","templates":[{"id":1,"mode":"PAGE","widgets":["#);
        }
        let file = format!(r#"{{"profile":{{"dashBoards":[{{"widgets":[{text}"#);
        assert!(User::from_file(&file, User::default(), &Reading::strict()).is_err());
    }
}
