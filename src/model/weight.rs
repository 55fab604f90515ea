//! How much an account holds, in bytes.

use super::dashboard::Dashboard;
use super::json::{to_string, Audience, Object};
use super::pin::PinType;
use super::user::User;
use super::widget::{Kind, Widget};

/// What an object weighs in a user file.
pub fn weight<T: Object>(object: &T) -> usize {
    to_string(object, Audience::Disk).len()
}

impl Widget {
    /// What it holds in memory only.
    fn unwritten(&self) -> usize {
        let lines: &[String] = match &self.kind {
            Kind::Terminal(terminal) => &terminal.lines,
            Kind::Map(map) => &map.lines,
            Kind::Lcd(lcd) => &lcd.lines,
            _ => &[],
        };
        lines.iter().map(String::len).sum()
    }
}

impl Dashboard {
    /// How many places keep a value of this pin: widgets, or else one in the pin storage.
    pub fn keepers(&self, device_id: i32, pin_type: PinType, pin: u8) -> usize {
        self.widgets.of_pin(pin).filter(|widget| widget.matches(device_id, pin_type, pin)).count().max(1)
    }
}

impl User {
    /// What it weighs beside the text of its file: lines that widgets keep in memory.
    pub fn unwritten(&self) -> usize {
        self.profile.dashboards.iter().flat_map(|dash| &dash.widgets).map(Widget::unwritten).sum()
    }

    /// What it weighs.
    pub fn weight(&self) -> usize {
        weight(self) + self.unwritten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::fixture;
    use crate::model::Limits;

    #[test]
    fn what_is_kept_in_memory_weighs_too() {
        let mut user = User { profile: fixture(), ..User::default() };
        assert_eq!(user.weight(), user.to_file().len());
        // A terminal on v13.
        user.profile.store_value(1, 0, PinType::Virtual, 13, "0123456789", &Limits::default(), 1).unwrap();
        assert_eq!(user.unwritten(), 10);
        let dash = user.profile.dash(1).unwrap();
        assert_eq!(dash.keepers(0, PinType::Virtual, 13), 1);
        assert_eq!(dash.keepers(0, PinType::Virtual, 200), 1, "the pin storage");
        let twins = Dashboard { widgets: vec![dash.widget(2).unwrap().clone(); 3].into(), ..Dashboard::default() };
        let own = twins.widgets[0].kind.one_pin().unwrap();
        assert_eq!(twins.keepers(0, own.pin_type.unwrap(), own.pin as u8), 3);
    }
}
