//! How the text of a property becomes a value, per type.

use std::path::PathBuf;

use super::secret::Secret;
use super::table::{Key, Kind};

/// A value that was read, with a remark when something other than the text is used.
pub struct Read<T> {
    /// What is used.
    pub value: T,
    /// For example `is out of range: 0 is used`, or why it will not do.
    pub remark: Option<String>,
}

impl<T> From<T> for Read<T> {
    fn from(value: T) -> Self {
        Self { value, remark: None }
    }
}

/// A type of property.
pub trait Value: Sized + Clone + PartialEq + Default {
    /// For tables and documents.
    const KIND: Kind;
    /// An empty value means the code default, as for numbers.
    const EMPTY_IS_DEFAULT: bool = false;

    /// Reads the text; the error says what is expected, for example `integer expected`.
    fn parse(text: &str, key: &Key) -> Result<Read<Self>, String>;

    /// The value as text; secrets are masked.
    fn show(&self) -> String;
}

/// What Java's `String.trim` cuts off: all control characters and the blank.
pub fn java_trim(text: &str) -> &str {
    text.trim_matches(|c| c <= ' ')
}

macro_rules! integer {
    ($($ty:ty = $min:expr, $max:expr;)*) => {$(
        impl Value for $ty {
            const KIND: Kind = Kind::Integer;
            const EMPTY_IS_DEFAULT: bool = true;

            fn parse(text: &str, key: &Key) -> Result<Read<Self>, String> {
                let number: i64 = text.parse().map_err(|_| "integer expected".to_owned())?;
                let (low, high): (i64, i64) = ($min, $max);
                // Java's int and long end there, whatever the key's range is.
                if high <= i64::from(i32::MAX) && i32::try_from(number).is_err() {
                    return Err("integer expected".into());
                }
                let (min, max) = (key.range.0.max(low), key.range.1.min(high));
                if (min..=max).contains(&number) {
                    return Ok(Self::try_from(number).unwrap_or_default().into());
                }
                if key.strict {
                    return Err(format!("integer from {min} to {max} expected"));
                }
                let used = number.clamp(min, max);
                let remark = Some(format!("is out of range: {used} is used"));
                Ok(Read { value: Self::try_from(used).unwrap_or_default(), remark })
            }

            fn show(&self) -> String {
                self.to_string()
            }
        }
    )*};
}
integer! {
    u16 = 0, 65535;
    u32 = 0, i64::from(i32::MAX);
    i32 = i64::from(i32::MIN), i64::from(i32::MAX);
    u64 = 0, i64::MAX;
}

impl Value for bool {
    const KIND: Kind = Kind::Flag;

    fn parse(text: &str, _: &Key) -> Result<Read<Self>, String> {
        let value = text.eq_ignore_ascii_case("true");
        let known = value || text.is_empty() || text.eq_ignore_ascii_case("false");
        Ok(Read { value, remark: (!known).then(|| "is neither true nor false: false is used".into()) })
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for String {
    const KIND: Kind = Kind::Text;

    fn parse(text: &str, key: &Key) -> Result<Read<Self>, String> {
        Ok(Read { value: text.to_owned(), remark: key.form.problem(text).map(str::to_owned) })
    }

    fn show(&self) -> String {
        self.clone()
    }
}

/// A text for which absent and empty are not the same.
impl Value for Option<String> {
    const KIND: Kind = Kind::Text;

    fn parse(text: &str, key: &Key) -> Result<Read<Self>, String> {
        Ok(Read { value: Some(text.to_owned()), remark: key.form.problem(text).map(str::to_owned) })
    }

    fn show(&self) -> String {
        self.clone().unwrap_or_default()
    }
}

impl Value for Secret {
    const KIND: Kind = Kind::Secret;

    fn parse(text: &str, _: &Key) -> Result<Read<Self>, String> {
        Ok(Secret::new(text).into())
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for PathBuf {
    const KIND: Kind = Kind::Path;

    fn parse(text: &str, _: &Key) -> Result<Read<Self>, String> {
        Ok(PathBuf::from(text).into())
    }

    fn show(&self) -> String {
        self.display().to_string()
    }
}

/// Names or words, trimmed, empty items left out.
impl Value for Vec<String> {
    const KIND: Kind = Kind::List;

    fn parse(text: &str, _: &Key) -> Result<Read<Self>, String> {
        Ok(items(text).map(str::to_owned).collect::<Vec<_>>().into())
    }

    fn show(&self) -> String {
        self.join(",")
    }
}

/// The items of a list, trimmed, without empty ones.
pub fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(java_trim).filter(|item| !item.is_empty())
}
