//! What a widget keeps of its predecessor when an app or a publisher replaces it (spec 03 §8.3, §9.4, §10).

use super::limits::Limits;
use super::widget::{Kind, Widget};

impl Widget {
    /// Takes over the state of the widget that this one replaces by UPDATE_WIDGET.
    pub(super) fn keep_on_update(&mut self, old: &mut Widget, limits: &Limits) {
        // What no version knows stays in the file, although the app saw and sent a BUTTON.
        self.unknown = old.unknown.take();
        match (&mut self.kind, &mut old.kind) {
            (Kind::Notification(new), Kind::Notification(old)) => {
                for (new, old) in
                    [(&mut new.android_tokens, &mut old.android_tokens), (&mut new.ios_tokens, &mut old.ios_tokens)]
                {
                    new.0.extend(std::mem::take(&mut old.0));
                }
            }
            (Kind::Tiles(new), Kind::Tiles(old)) => {
                new.templates = std::mem::take(&mut old.templates);
                new.tiles = std::mem::take(&mut old.tiles);
            }
            (Kind::Report(new), Kind::Report(old)) => new.reports = std::mem::take(&mut old.reports),
            (Kind::Timer(_) | Kind::TimeInput(_) | Kind::Email(_) | Kind::Rtc(_), _) => {}
            _ => self.keep_values(old, limits),
        }
    }

    /// Delivers the values of another widget to this one, as if they were written to its pins, and takes over lines in
    /// memory if the pin is the same.
    fn keep_values(&mut self, old: &Widget, limits: &Limits) {
        if let Some(pin) = old.kind.one_pin() {
            if let (Some(value), Some(pin_type), Ok(number)) = (&pin.value, pin.pin_type, u8::try_from(pin.pin)) {
                // A table's last command may be nonsense from an old file.
                let _ = self.take_value(pin.device_id, pin_type, number, value, limits);
            }
        } else if let (Some((device, old)), Some((own, new))) = (old.kind.multi_pin(), self.kind.multi_pin_mut()) {
            for stream in old.iter().filter(|_| device == own) {
                let (Some(pin_type), Ok(number)) = (stream.pin_type, u8::try_from(stream.pin)) else { continue };
                for new in new.iter_mut().filter(|new| new.is_same(pin_type, number)) {
                    new.value.clone_from(&stream.value);
                }
            }
        }
        match (&mut self.kind, &old.kind) {
            (Kind::Terminal(new), Kind::Terminal(old)) if new.pin.is_same_pin(&old.pin) => {
                new.lines.clone_from(&old.lines);
            }
            (Kind::Map(new), Kind::Map(old)) if new.pin.is_same_pin(&old.pin) => new.lines.clone_from(&old.lines),
            (Kind::Lcd(new), Kind::Lcd(old)) if new.advanced_mode && new.device_id == old.device_id => {
                let pin_of = |lcd: &super::widget::Lcd| lcd.pins.first().map(|s| (s.pin, s.pin_type));
                if pin_of(new) == pin_of(old) {
                    new.lines.clone_from(&old.lines);
                }
            }
            _ => {}
        }
    }

    /// Makes this copy of a publisher's widget a customer's: nothing private of the publisher, everything that is the
    /// customer's own from the widget `old` with the same id.
    pub(super) fn keep_on_face_update(&mut self, old: Option<&Widget>, limits: &Limits) {
        self.is_default_color = false;
        self.erase();
        let Some(old) = old else { return };
        match (&mut self.kind, &old.kind) {
            (Kind::Timer(new), Kind::Timer(old)) if new.pin.is_same_pin(&old.pin) => {
                new.pin.value.clone_from(&old.pin.value);
                (new.start_time, new.stop_time) = (old.start_time, old.stop_time);
                new.start_value.clone_from(&old.start_value);
                new.stop_value.clone_from(&old.stop_value);
            }
            (Kind::Timer(_), _) => {}
            (Kind::Email(new), Kind::Email(old)) => new.clone_from(old),
            (Kind::Sms(new), Kind::Sms(old)) => new.clone_from(old),
            (Kind::Rtc(new), Kind::Rtc(old)) => new.clone_from(old),
            (Kind::Twitter(new), Kind::Twitter(old)) => new.clone_from(old),
            (Kind::Report(new), Kind::Report(old)) => new.reports.clone_from(&old.reports),
            (Kind::Notification(new), Kind::Notification(old)) => {
                new.android_tokens.clone_from(&old.android_tokens);
                new.ios_tokens.clone_from(&old.ios_tokens);
            }
            (Kind::Tiles(new), Kind::Tiles(old)) => {
                new.tiles.clone_from(&old.tiles);
                for template in &mut new.templates {
                    if let Some(old) = old.templates.iter().find(|t| t.id == template.id) {
                        template.device_ids.clone_from(&old.device_ids);
                    }
                }
            }
            _ => self.keep_values(old, limits),
        }
    }
}

impl super::pin::OnePin {
    /// The same device, pin and pin type.
    fn is_same_pin(&self, other: &Self) -> bool {
        (self.device_id, self.pin, self.pin_type) == (other.device_id, other.pin, other.pin_type)
    }
}
