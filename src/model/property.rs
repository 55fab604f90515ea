//! Properties of widgets that devices, apps, rules and HTTP clients set (spec 03 §8.4, §9, §14.3, §16).

use super::dashboard::Dashboard;
use super::enums::Property;
use super::pin::PinType;
use super::storage::{PinKey, PinValue};
use super::user::Profile;
use super::values::{parts, BadNumber};
use super::widget::{ButtonState, Image, Kind, Widget};

/// More labels or pictures than this nobody can choose from.
const LIST_MAX: usize = 1000;

/// Why a property was not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PropertyError {
    /// There is no such project or widget, or no widget with this pin.
    #[error("no such widget")]
    NoWidget,
    /// The widget's type does not have this property.
    #[error("the widget has no such property")]
    NotSupported,
    /// The value is no number or colour where one is needed.
    #[error("not a number")]
    BadNumber,
}

impl From<BadNumber> for PropertyError {
    fn from(_: BadNumber) -> Self {
        PropertyError::BadNumber
    }
}

/// Who else than the app sets a property; decides what goes to the pin storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PropertyOrigin {
    /// A device: also what the last widget that took it was a tiles widget for is stored.
    Device,
    /// An eventor rule: only what no widget took is stored.
    Rule,
}

/// A finite decimal number, blanks around it allowed.
fn float(text: &str) -> Result<f32, BadNumber> {
    let text = text.trim();
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'));
    text.parse().ok().filter(|x: &f32| plain && x.is_finite()).ok_or(BadNumber)
}

fn int(text: &str) -> Result<i32, BadNumber> {
    text.parse().map_err(|_| BadNumber)
}

/// A colour's text as the signed number `RRGGBBFF`: `#`, `0x` and `0X` are hexadecimal, a leading `0` octal, anything
/// else decimal; 32 bits with an optional sign, of which the low 24 count.
pub fn color(text: &str) -> Result<i32, BadNumber> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let hex = ["0x", "0X", "#"].iter().find_map(|prefix| digits.strip_prefix(prefix));
    let (radix, digits) = match (hex, digits.strip_prefix('0')) {
        (Some(hex), _) => (16, hex),
        (None, Some(octal)) if !octal.is_empty() => (8, octal),
        _ => (10, digits),
    };
    if digits.starts_with(['+', '-']) {
        return Err(BadNumber);
    }
    let number = i64::from_str_radix(digits, radix).map_err(|_| BadNumber)?;
    let number = i32::try_from(if negative { -number } else { number }).map_err(|_| BadNumber)?;
    Ok(number << 8 | 0xFF)
}

impl Image {
    /// `<index>\0<url>`, the index counting from 1.
    fn set_url(&mut self, value: &str) -> Result<bool, BadNumber> {
        let Some((index, url)) = value.split_once('\0') else { return Ok(false) };
        let index = usize::try_from(int(index)?).unwrap_or_default();
        match index.checked_sub(1).and_then(|at| self.urls.get_mut(at)) {
            Some(old) => {
                *old = Some(url.to_owned());
                Ok(true)
            }
            None => Ok(false),
        }
    }
}

/// Sets one of the six properties of a styled button's states; a button without that state stays as it is, whatever the
/// value.
fn set_state(
    state: &mut Option<ButtonState>,
    set: impl FnOnce(&mut ButtonState) -> Result<(), BadNumber>,
) -> Result<(), BadNumber> {
    state.as_mut().map_or(Ok(()), set)
}

fn set_text(state: &mut Option<ButtonState>, value: &str) -> Result<(), BadNumber> {
    set_state(state, |state| {
        value.clone_into(&mut state.text);
        Ok(())
    })
}

fn set_text_color(state: &mut Option<ButtonState>, value: &str) -> Result<(), BadNumber> {
    set_state(state, |state| {
        state.text_color = color(value)?;
        Ok(())
    })
}

fn set_background(state: &mut Option<ButtonState>, value: &str) -> Result<(), BadNumber> {
    set_state(state, |state| {
        state.background_color = color(value)?;
        Ok(())
    })
}

impl Widget {
    /// Sets a property. `Ok(false)`: this type of widget does not have it.
    ///
    /// Errors: [`BadNumber`]; nothing changed.
    pub fn set_property(&mut self, property: Property, value: &str) -> Result<bool, BadNumber> {
        use Property as P;
        match property {
            P::Label => {
                value.clone_into(&mut self.label);
                return Ok(true);
            }
            P::Color => {
                self.color = color(value)?;
                self.is_default_color = false;
                return Ok(true);
            }
            P::Min | P::Max => {
                let Some(own) = self.kind.one_pin_mut() else { return Ok(false) };
                let number = float(value)?;
                *(if property == P::Min { &mut own.min } else { &mut own.max }) = number;
                return Ok(true);
            }
            _ => {}
        }
        let list = || parts(value).take(LIST_MAX).map(|part| Some(part.to_owned())).collect();
        match (&mut self.kind, property) {
            (Kind::Button(f), P::OnLabel) => value.clone_into(&mut f.on_label),
            (Kind::Button(f), P::OffLabel) => value.clone_into(&mut f.off_label),
            (Kind::Switch(f), P::OnLabel) => value.clone_into(&mut f.on_label),
            (Kind::Switch(f), P::OffLabel) => value.clone_into(&mut f.off_label),
            (Kind::StyledButton(f), P::OnLabel) => set_text(&mut f.on_button_state, value)?,
            (Kind::StyledButton(f), P::OffLabel) => set_text(&mut f.off_button_state, value)?,
            (Kind::StyledButton(f), P::OnColor) => set_text_color(&mut f.on_button_state, value)?,
            (Kind::StyledButton(f), P::OffColor) => set_text_color(&mut f.off_button_state, value)?,
            (Kind::StyledButton(f), P::OnBackColor) => set_background(&mut f.on_button_state, value)?,
            (Kind::StyledButton(f), P::OffBackColor) => set_background(&mut f.off_button_state, value)?,
            (Kind::NumberInput(f), P::Suffix) => value.clone_into(&mut f.suffix),
            (Kind::Slider(f), P::Fraction) => f.maximum_fraction_digits = int(value)?,
            (Kind::Step(f), P::Step) => f.step = float(value)?,
            (Kind::SegmentedControl(f), P::Labels) => f.labels = list(),
            (Kind::Menu(f), P::Labels) => f.labels = list(),
            (Kind::Player(f), P::IsOnPlay) => f.is_on_play = value.eq_ignore_ascii_case("true"),
            (Kind::Video(f), P::Url) => value.clone_into(&mut f.url),
            (Kind::Image(f), P::Url) => return f.set_url(value),
            (Kind::Image(f), P::Urls) => f.urls = list(),
            (Kind::Image(f), P::Opacity) => f.opacity = int(value)?,
            (Kind::Image(f), P::Scale) => f.scale = int(value)?,
            (Kind::Image(f), P::Rotation) => f.rotation = int(value)?,
            (Kind::Gauge(f), P::ValueFormatting) => value.clone_into(&mut f.value_formatting),
            (Kind::LabeledValue(f), P::ValueFormatting) => value.clone_into(&mut f.value_formatting),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl Dashboard {
    /// The widget with this id, at top level or in a template of any tiles widget.
    pub fn find_widget(&self, id: i64) -> Option<&Widget> {
        self.widget(id).or_else(|| self.template_widgets().find(|w| w.id == id))
    }

    /// The widget with this id, at top level or in a template of any tiles widget.
    pub fn find_widget_mut(&mut self, id: i64) -> Option<&mut Widget> {
        if let Some(at) = self.widgets.iter().position(|w| w.id == id) {
            return self.widgets.get_mut(at);
        }
        let tiles = self.widgets.iter_mut().filter_map(|w| match &mut w.kind {
            Kind::Tiles(tiles) => Some(tiles),
            _ => None,
        });
        tiles.flat_map(|t| &mut t.templates).flat_map(|t| &mut t.widgets).find(|w| w.id == id)
    }

    /// The widgets in the templates of all tiles widgets.
    pub fn template_widgets(&self) -> impl Iterator<Item = &Widget> {
        let tiles = self.widgets.iter().filter_map(|w| match &w.kind {
            Kind::Tiles(tiles) => Some(tiles),
            _ => None,
        });
        tiles.flat_map(|t| &t.templates).flat_map(|t| &t.widgets)
    }

    /// Sets a property of one widget for the app.
    ///
    /// Errors: all of [`PropertyError`].
    pub fn set_property_of_widget(
        &mut self,
        widget_id: i64,
        property: Property,
        value: &str,
        now_ms: i64,
    ) -> Result<(), PropertyError> {
        let widget = self.find_widget_mut(widget_id).ok_or(PropertyError::NoWidget)?;
        if !widget.set_property(property, value)? {
            return Err(PropertyError::NotSupported);
        }
        self.updated_at = now_ms;
        Ok(())
    }

    /// Sets a property of all widgets of a pin for an HTTP client; the pin storage is not used.
    ///
    /// Errors: all of [`PropertyError`]; earlier widgets keep the change.
    pub fn set_property_by_http(
        &mut self,
        device_id: i32,
        pin_type: PinType,
        pin: u8,
        property: Property,
        value: &str,
        now_ms: i64,
    ) -> Result<(), PropertyError> {
        let mut found = false;
        for widget in self.widgets.keeping_pins().iter_mut().filter(|w| w.matches(device_id, pin_type, pin)) {
            if !widget.set_property(property, value)? {
                return Err(PropertyError::NotSupported);
            }
            found = true;
            self.updated_at = now_ms;
        }
        if found {
            Ok(())
        } else {
            Err(PropertyError::NoWidget)
        }
    }
}

impl Profile {
    /// Sets a property of a virtual pin for a device or a rule (spec 03 §14.3): in every widget of the pin that has it,
    /// else in the pin storage. Nothing happens in an unknown project.
    ///
    /// Errors: [`BadNumber`]; earlier widgets keep the change, nothing is stored.
    pub fn set_property_of_pin(
        &mut self,
        origin: PropertyOrigin,
        (dash_id, device_id, pin): (i32, i32, u8),
        property: Property,
        value: &str,
        now_ms: i64,
    ) -> Result<(), BadNumber> {
        let Some(dash) = self.dashboards.iter_mut().find(|d| d.id == dash_id) else { return Ok(()) };
        // Whether the last widget that took it is a tiles widget.
        let mut taken_by_tiles = None;
        for widget in dash.widgets.keeping_pins().iter_mut().filter(|w| w.matches(device_id, PinType::Virtual, pin)) {
            if widget.set_property(property, value)? {
                taken_by_tiles = Some(matches!(widget.kind, Kind::Tiles(_)));
            }
        }
        if taken_by_tiles.is_none_or(|by_tiles| by_tiles && origin == PropertyOrigin::Device) {
            let key = PinKey { property: Some(property), ..PinKey::value(dash_id, device_id, PinType::Virtual, pin) };
            self.storage.0.insert(key, PinValue::Single(value.to_owned()));
        }
        dash.updated_at = now_ms;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
