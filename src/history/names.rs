//! Names of history: the owner and its folder, the pin, the granularity, and the file that they make together.

pub use crate::model::enums::Granularity;
pub use crate::model::PinType;
use std::sync::Arc;

/// Longest name of a file or folder that common file systems take, in bytes.
const NAME_MAX: usize = 255;
/// The app name whose users get a folder without it.
const DEFAULT_APP: &str = "Blynk";

impl Granularity {
    /// All of them, in the order in which they are flushed.
    pub const ALL: [Granularity; 3] = [Granularity::Minute, Granularity::Hourly, Granularity::Daily];

    /// The word in file names.
    pub const fn label(self) -> &'static str {
        match self {
            Granularity::Minute => "minute",
            Granularity::Hourly => "hourly",
            Granularity::Daily => "daily",
        }
    }

    /// Length in milliseconds.
    pub const fn period_ms(self) -> i64 {
        match self {
            Granularity::Minute => 60_000,
            Granularity::Hourly => 3_600_000,
            Granularity::Daily => 86_400_000,
        }
    }

    /// Number of the span that a time (ms) falls into, counted from 1970.
    pub const fn bucket(self, ms: i64) -> i64 {
        ms.div_euclid(self.period_ms())
    }

    /// Start (ms) of a span.
    pub const fn bucket_start(self, bucket: i64) -> i64 {
        bucket.saturating_mul(self.period_ms())
    }
}

/// One value of a file or graph, and its time in ms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Record {
    /// The value.
    pub value: f64,
    /// Unix time in ms; in files, the start of the averaged span.
    pub ms: i64,
}

impl Record {
    /// Size in files and in graph answers, bytes.
    pub const SIZE: usize = 16;

    /// A value at a time.
    pub const fn new(value: f64, ms: i64) -> Record {
        Record { value, ms }
    }

    /// The form in files and graph answers: f64 and i64, big endian.
    pub fn to_bytes(self) -> [u8; Record::SIZE] {
        let mut bytes = [0; Record::SIZE];
        bytes[..8].copy_from_slice(&self.value.to_be_bytes());
        bytes[8..].copy_from_slice(&self.ms.to_be_bytes());
        bytes
    }

    /// The reverse of [`Record::to_bytes`].
    pub fn from_bytes(bytes: &[u8; Record::SIZE]) -> Record {
        let number = u128::from_be_bytes(*bytes);
        Record { value: f64::from_bits((number >> 64) as u64), ms: number as u64 as i64 }
    }
}

/// Whose history it is. Cheap to clone and to send to workers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Owner {
    /// The account's e-mail address.
    pub email: Arc<str>,
    /// The app name.
    pub app: Arc<str>,
}

impl Owner {
    /// The owner of that account.
    pub fn new(email: &str, app: &str) -> Owner {
        Owner { email: email.into(), app: app.into() }
    }

    /// Name of the owner's folder in the history root; None when it could lead anywhere else.
    ///
    /// Both parts are chosen by clients, so a name is refused that is not one plain path component.
    pub fn folder(&self) -> Option<String> {
        let name =
            if &*self.app == DEFAULT_APP { self.email.to_string() } else { format!("{}_{}", self.email, self.app) };
        is_plain_name(&name).then_some(name)
    }
}

/// Whether a text is a single harmless file name: no separators, no controls, not hidden, not too long.
pub fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= NAME_MAX
        && !name.starts_with('.')
        && !name.chars().any(|c| c == '/' || c == '\\' || c.is_control())
}

/// A pin of a device of one owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pin {
    /// Project id.
    pub dash: i32,
    /// Device id.
    pub device: i32,
    /// Kind of the pin.
    pub pin_type: PinType,
    /// Number of the pin; 0 to 255 unless it came from an old file.
    pub pin: i16,
}

impl Pin {
    /// A pin of a device.
    pub const fn new(dash: i32, device: i32, pin_type: PinType, pin: i16) -> Pin {
        Pin { dash, device, pin_type, pin }
    }

    /// Name of the pin's history file.
    pub fn file_name(&self, granularity: Granularity) -> String {
        format!("{}{}.bin", pin_prefix(self.dash, self.device, self.pin_type, self.pin), granularity.label())
    }

    /// The pin's name in exports, like `v5`.
    pub fn short_name(&self) -> String {
        format!("{}{}", self.pin_type.letter(), self.pin)
    }
}

/// What the names of all files of a device begin with.
pub fn device_prefix(dash: i32, device: i32) -> String {
    format!("history_{dash}-{device}_")
}

/// What the names of the three files of a pin begin with.
pub fn pin_prefix(dash: i32, device: i32, pin_type: PinType, pin: i16) -> String {
    format!("history_{dash}-{device}_{}{pin}_", pin_type.letter())
}

/// One history file: owner, pin and granularity.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileId {
    /// Whose file.
    pub owner: Owner,
    /// Which pin.
    pub pin: Pin,
    /// Which averages.
    pub granularity: Granularity,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn files_are_named_like_the_reference_does() {
        let name = |dash, device, t, pin, g| Pin::new(dash, device, t, pin).file_name(g);
        assert_eq!(name(1, 0, PinType::Virtual, 5, Granularity::Minute), "history_1-0_v5_minute.bin");
        assert_eq!(name(125564119, 3, PinType::Digital, 13, Granularity::Hourly), "history_125564119-3_d13_hourly.bin");
        assert_eq!(name(1, 0, PinType::Analog, 7, Granularity::Daily), "history_1-0_a7_daily.bin");
        assert_eq!(device_prefix(1, 20), "history_1-20_");
        assert_eq!(pin_prefix(1, 2, PinType::Virtual, 9), "history_1-2_v9_");
    }

    #[test]
    fn folders_hold_the_app_name_unless_it_is_the_default() {
        assert_eq!(Owner::new("a@b.cc", "Blynk").folder().as_deref(), Some("a@b.cc"));
        assert_eq!(Owner::new("a@b.cc", "MyApp").folder().as_deref(), Some("a@b.cc_MyApp"));
        assert_eq!(Owner::new("a@b.cc", "blynk").folder().as_deref(), Some("a@b.cc_blynk"));
    }

    #[test]
    fn folders_never_leave_the_root() {
        for (email, app) in [
            ("", "Blynk"),
            ("..", "Blynk"),
            (".", "Blynk"),
            ("../a@b.cc", "Blynk"),
            ("a/../b@c.dd", "Blynk"),
            ("a@b.cc", "/../../etc"),
            ("a@b.cc", "x\\y"),
            ("a@b.cc", "x\0y"),
            ("a@b.cc", "x\ny"),
        ] {
            assert_eq!(Owner::new(email, app).folder(), None, "{email:?} {app:?}");
        }
        assert_eq!(Owner::new(&"a".repeat(256), "Blynk").folder(), None);
    }

    #[test]
    fn buckets_count_utc_periods() {
        assert_eq!(Granularity::Minute.bucket(1_700_000_040_123), 28_333_334);
        assert_eq!(Granularity::Minute.bucket_start(28_333_334), 1_700_000_040_000);
        assert_eq!(Granularity::Daily.bucket(-1), -1);
        assert_eq!(Granularity::Daily.bucket_start(i64::MAX), i64::MAX);
    }

    #[test]
    fn a_record_is_value_and_time_big_endian() {
        let bytes = Record::new(21.5, 1_700_000_040_000).to_bytes();
        assert_eq!(bytes, [0x40, 0x35, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 0x8b, 0xcf, 0xe6, 4, 0x40]);
        assert_eq!(Record::from_bytes(&bytes), Record::new(21.5, 1_700_000_040_000));
    }

    proptest! {
        #[test]
        fn a_folder_is_one_component(email in "\\PC{0,20}", app in "\\PC{0,20}") {
            if let Some(name) = Owner::new(&email, &app).folder() {
                let parts: Vec<_> = std::path::Path::new(&name).components().collect();
                prop_assert!(matches!(parts[..], [std::path::Component::Normal(_)]), "{:?}", parts);
            }
        }

        #[test]
        fn records_survive_their_bytes(bits: u64, ms: i64) {
            let back = Record::from_bytes(&Record { value: f64::from_bits(bits), ms }.to_bytes());
            prop_assert_eq!((back.value.to_bits(), back.ms), (bits, ms));
        }
    }
}
