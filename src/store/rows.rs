//! What goes into the main database, as plain values.

use super::flashed::FlashedToken;
use crate::model::enums::DeviceStatus;
use crate::model::json::{self, Audience, Reading};
use crate::model::{Profile, User, MAIN_APP};

/// A row of `users`.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct UserRow {
    /// The account without its profile.
    pub user: User,
    /// The profile as JSON, tokens included.
    pub json: String,
}

impl UserRow {
    /// The row of an account.
    pub fn of(user: &User) -> Self {
        let copy = User {
            name: user.name.clone(),
            email: user.email.clone(),
            app_name: app_name(user).to_owned(),
            region: user.region.clone(),
            ip: user.ip.clone(),
            pass: user.pass.clone(),
            last_logged_ip: user.last_logged_ip.clone(),
            profile: Default::default(),
            ..*user
        };
        UserRow { user: copy, json: json::to_string(&user.profile, Audience::Disk) }
    }
}

impl UserRow {
    /// The account of a row, its devices offline.
    ///
    /// # Errors
    /// The profile is no JSON of one. Single bad values are replaced.
    pub fn into_user(self) -> Result<User, json::Error> {
        let profile: Option<Profile> = json::from_str(&self.json, json::ObjectSeed::new(&Reading::forgiving()))?;
        let mut user = User { profile: profile.unwrap_or_default(), ..self.user };
        for device in user.profile.dashboards.iter_mut().flat_map(|dash| &mut dash.devices) {
            device.status = DeviceStatus::Offline;
        }
        Ok(user)
    }
}

/// The app name of an account; an empty one counts as the main app.
fn app_name(user: &User) -> &str {
    match user.app_name.as_str() {
        "" => MAIN_APP,
        name => name,
    }
}

/// A row of `forwarding_tokens`: which server a device token belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ForwardingRow {
    pub token: String,
    pub host: String,
    pub email: String,
    pub dash: i32,
    pub device: i32,
}

/// A row of `purchase`.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct PurchaseRow {
    pub email: String,
    pub reward: i32,
    pub transaction: String,
}

impl PurchaseRow {
    /// What the shops of the phones ask for this much energy, dollars; -1 for amounts that they do not sell.
    pub fn price(&self) -> f64 {
        match self.reward {
            200 => 0.0,
            1000 => 0.99,
            2400 => 1.99,
            5000 => 3.99,
            13_000 => 9.99,
            28_000 => 19.99,
            _ => -1.0,
        }
    }
}

/// A flashed token with what it was made for.
pub type Flashed = (String, FlashedToken);

#[cfg(test)]
mod tests {
    use super::*;

    const FIXTURE: &str = include_str!("../../tests/data/example-profile.user.json");

    #[test]
    fn an_account_survives_being_a_row() {
        let mut user = User::from_file(FIXTURE, User::default(), &Reading::strict()).unwrap().unwrap();
        for device in user.profile.dashboards.iter_mut().flat_map(|dash| &mut dash.devices) {
            device.status = DeviceStatus::Offline;
        }
        let row = UserRow::of(&user);
        assert!(row.user.profile.dashboards.is_empty());
        assert_eq!(row.into_user().unwrap().to_file(), user.to_file());
        let broken = UserRow { user: User::default(), json: "{".into() };
        assert!(broken.into_user().is_err());
    }

    #[test]
    fn prices_are_those_of_the_shops() {
        let price = |reward| PurchaseRow { email: String::new(), reward, transaction: String::new() }.price();
        assert_eq!([200, 1000, 28_000, 7].map(price), [0.0, 0.99, 19.99, -1.0]);
    }
}
