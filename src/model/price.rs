//! What things cost in energy, and who can pay it (spec 03 §19).

use super::dashboard::{Dashboard, NO_PARENT};
use super::user::{User, MAIN_APP};
use super::widget::{Kind, Template, Widget, WidgetType};

/// A share token.
pub const SHARE_TOKEN: i32 = 1000;
/// One report of a REPORT widget.
pub const REPORT: i32 = 2900;

/// The sum of the widgets' prices.
pub fn of_widgets<'a>(widgets: impl IntoIterator<Item = &'a Widget>) -> i32 {
    widgets.into_iter().fold(0, |sum, widget| sum.saturating_add(widget.price()))
}

impl Widget {
    /// Its price, with all that it contains.
    pub fn price(&self) -> i32 {
        use WidgetType as T;
        match self.widget_type {
            T::Twitter | T::Tabs | T::Bluetooth | T::BluetoothSerial => 0,
            T::Led | T::Email | T::Sms | T::Text | T::Rtc | T::Bridge => 100,
            T::Button
            | T::Slider
            | T::VerticalSlider
            | T::Timer
            | T::Terminal
            | T::Qr
            | T::TimeInput
            | T::Switch
            | T::Digit4Display
            | T::LevelDisplay
            | T::VerticalLevelDisplay => 200,
            T::StyledButton
            | T::Gauge
            | T::Light
            | T::Proximity
            | T::Temperature
            | T::Gravity
            | T::Barometer
            | T::Humidity => 300,
            T::TextInput
            | T::NumberInput
            | T::Rgb
            | T::TwoAxisJoystick
            | T::SegmentedControl
            | T::LabeledValueDisplay
            | T::Lcd
            | T::Accelerometer
            | T::Notification
            | T::Menu
            | T::Player => 400,
            T::LinkButton
            | T::Step
            | T::VerticalStep
            | T::Video
            | T::GpsTrigger
            | T::GpsStreaming
            | T::Eventor
            | T::Webhook => 500,
            T::Image | T::Map => 600,
            T::Table => 800,
            T::EnhancedGraph => 900,
            T::DeviceSelector => 1900,
            T::Report => match &self.kind {
                Kind::Report(report) => REPORT.saturating_mul(i32::try_from(report.reports.len()).unwrap_or(i32::MAX)),
                _ => 0,
            },
            T::DeviceTiles => match &self.kind {
                Kind::Tiles(tiles) => {
                    tiles.templates.iter().fold(1700, |sum: i32, template| sum.saturating_add(template.price()))
                }
                _ => 1700,
            },
        }
    }
}

impl Template {
    /// The sum of its widgets.
    pub fn price(&self) -> i32 {
        of_widgets(&self.widgets)
    }
}

impl Dashboard {
    /// The sum of its widgets; faces and previews are free.
    pub fn price(&self) -> i32 {
        if self.parent_id == NO_PARENT {
            of_widgets(&self.widgets)
        } else {
            0
        }
    }
}

impl User {
    /// What something of this price costs or brings back in a project: nothing in faces and previews, which are free as
    /// a whole.
    pub fn price_in(&self, dash: i32, price: i32) -> i32 {
        match self.profile.dash(dash) {
            Some(dash) if dash.parent_id != NO_PARENT => 0,
            _ => price,
        }
    }

    /// Whether there is enough energy; only users of the main app are ever refused.
    pub fn can_pay(&self, price: i32) -> bool {
        self.app_name != MAIN_APP || price <= self.energy
    }

    /// Takes energy, also below zero for users of other apps. The caller marks the user as changed.
    pub fn charge(&mut self, price: i32) {
        self.energy = self.energy.saturating_sub(price);
    }

    /// Gives energy back.
    pub fn refund(&mut self, price: i32) {
        self.energy = self.energy.saturating_add(price);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::fixture;

    #[test]
    fn prices_as_observed() {
        let profile = fixture();
        assert_eq!(profile.dash(1).unwrap().price(), 35_100);
        let face = profile.dash(2).unwrap();
        assert_eq!((face.price(), face.parent_id), (0, 1));
    }

    #[test]
    fn only_the_main_app_is_refused() {
        let mut user = User { energy: 300, ..User::default() };
        assert!(user.can_pay(300) && !user.can_pay(301));
        user.app_name = "blynkabcdefgh".into();
        assert!(user.can_pay(301));
        user.charge(301);
        assert_eq!(user.energy, -1);
        user.refund(i32::MAX);
        user.refund(i32::MAX);
        assert_eq!(user.energy, i32::MAX);
    }
}
