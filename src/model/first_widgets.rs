//! Widgets of which only the first one of a project's own list counts (spec 03 §9.4).

use super::dashboard::Dashboard;
use super::widget::{Email, Eventor, Kind, Notification, ReportWidget, Rtc, Sms, Twitter};

macro_rules! first {
    ($($(#[$doc:meta])* $name:ident, $name_mut:ident, $kind:ident($type:ty);)*) => {
        impl Dashboard {
            $(
                $(#[$doc])*
                pub fn $name(&self) -> Option<&$type> {
                    self.widgets.iter().find_map(|widget| match &widget.kind {
                        Kind::$kind(fields) => Some(&**fields),
                        _ => None,
                    })
                }

                $(#[$doc])*
                pub fn $name_mut(&mut self) -> Option<&mut $type> {
                    self.widgets.iter_mut().find_map(|widget| match &mut widget.kind {
                        Kind::$kind(fields) => Some(&mut **fields),
                        _ => None,
                    })
                }
            )*
        }
    };
}

first! {
    /// The first NOTIFICATION widget.
    notification, notification_mut, Notification(Notification);
    /// The first EMAIL widget.
    email, email_mut, Email(Email);
    /// The first TWITTER widget.
    twitter, twitter_mut, Twitter(Twitter);
    /// The first SMS widget.
    sms, sms_mut, Sms(Sms);
    /// The first EVENTOR widget.
    eventor, eventor_mut, Eventor(Eventor);
    /// The first REPORT widget.
    report_widget, report_widget_mut, Report(ReportWidget);
    /// The first RTC widget.
    rtc, rtc_mut, Rtc(Rtc);
}

#[cfg(test)]
mod tests {
    use crate::model::testing::fixture;
    use crate::model::Dashboard;

    #[test]
    fn the_first_of_the_project_counts() {
        let mut profile = fixture();
        let dash = profile.dash_mut(1).unwrap();
        let mut second = dash.widget(46).unwrap().clone();
        second.erase();
        dash.widgets.push(second);
        assert_eq!(dash.email().unwrap().to, "owner@example.com");
        dash.email_mut().unwrap().to.clear();
        assert!(dash.email().unwrap().to.is_empty());
        assert!(dash.notification().is_some() && dash.twitter().is_some() && dash.eventor().is_some());
        assert_eq!(dash.rtc().unwrap().tz_name.id(), "Europe/Kiev");
        assert!(!dash.report_widget().unwrap().reports.is_empty());
        assert!(Dashboard::default().rtc().is_none());
    }
}
