//! What a user owns: profile, dashboards, devices, tags, widgets and stored pin values, with their JSON forms.
//!
//! Everything here is plain data and pure functions over it. It knows no connections, no files and no clock.

pub mod address;
pub mod change_dashboards;
pub mod change_devices;
pub mod change_templates;
pub mod change_widgets;
pub mod checks;
mod cleaning;
pub mod copies;
pub mod dashboard;
pub mod device;
pub mod enums;
pub mod erase;
pub mod face;
pub mod first_widgets;
pub mod fuzz_targets;
pub mod http_values;
pub mod json;
mod keep;
pub mod limits;
pub mod pin;
pub mod polling;
pub mod price;
pub mod property;
pub mod reporting;
pub mod storage;
pub mod sync;
pub mod tag;
pub mod target;
#[cfg(test)]
pub mod testing;
pub mod user;
pub mod values;
pub mod weight;
pub mod widget;
pub mod widgets;
pub mod zone;

pub use address::LoggedAddress;
pub use change_widgets::{ChangeError, Place};
pub use dashboard::{Dashboard, DashboardSettings};
pub use device::{Device, HardwareInfo};
pub use face::App;
pub use limits::Limits;
pub use pin::{DataStream, OnePin, PinType};
pub use polling::Polls;
pub use property::{PropertyError, PropertyOrigin};
pub use reporting::Recorded;
pub use storage::{PinKey, PinStorage, PinValue};
pub use sync::{SyncKind, SyncMessage};
pub use tag::Tag;
pub use target::Target;
pub use user::{Profile, User, MAIN_APP};
pub use values::BadNumber;
pub use widget::{Kind, Widget, WidgetType};
