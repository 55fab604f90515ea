//! The rows of the property tables: one [`Key`] per property, and the macro that makes a typed struct of a table.
//!
//! A table is the only place that knows a property: its struct field, parser, defaults, checks, the output of
//! `--check-config` and `docs/configuration.md` all come from the row.

use super::form::Form;

/// How a property is read and described.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Decimal number with an optional sign.
    Integer,
    /// `true` in any letter case; everything else is false.
    Flag,
    /// Any text, blanks kept.
    Text,
    /// A text that is never shown.
    Secret,
    /// A file or folder.
    Path,
    /// Items separated by commas.
    List,
    /// One of a few words.
    Choice,
    /// A `jdbc:postgresql:` address.
    Url,
}

impl Kind {
    /// The name used in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Flag => "true/false",
            Self::Text => "text",
            Self::Secret => "secret",
            Self::Path => "path",
            Self::List => "list",
            Self::Choice => "word",
            Self::Url => "address",
        }
    }
}

/// One property.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Key {
    /// Its name in the file.
    pub name: &'static str,
    /// One or more sentences for the manual.
    pub doc: &'static str,
    /// How it is read.
    pub kind: Kind,
    /// The value of the file shipped with the reference server: used when the key is absent.
    pub shipped: Option<&'static str>,
    /// The value of the code: used when the key is in neither file, or is an empty number.
    pub code: Option<&'static str>,
    /// Unit of a number, empty for a plain one.
    pub unit: &'static str,
    /// Least and greatest number; text kinds ignore it.
    pub range: (i64, i64),
    /// A number out of range is an error (else the nearest one in range is used, with a warning).
    pub strict: bool,
    /// A value that cannot be read is a warning and the default is used (else it is an error).
    pub lenient: bool,
    /// Blanks around the value do not count.
    pub trim: bool,
    /// The running program can take a new value.
    pub reload: bool,
    /// The reference server has no such key.
    pub own: bool,
    /// What a text must look like.
    pub form: Form,
}

impl Key {
    /// A row with no defaults.
    pub const fn new(name: &'static str, doc: &'static str, kind: Kind) -> Self {
        Self {
            name,
            doc,
            kind,
            shipped: None,
            code: None,
            unit: "",
            range: (i64::MIN, i64::MAX),
            strict: false,
            lenient: false,
            trim: !matches!(kind, Kind::Text | Kind::Secret),
            reload: false,
            own: false,
            form: Form::Any,
        }
    }

    /// Value of the shipped file.
    pub const fn shipped(self, value: &'static str) -> Self {
        Self { shipped: Some(value), ..self }
    }

    /// Value of the code.
    pub const fn code(self, value: &'static str) -> Self {
        Self { code: Some(value), ..self }
    }

    /// Unit of a number.
    pub const fn unit(self, unit: &'static str) -> Self {
        Self { unit, ..self }
    }

    /// Bounds; a number outside becomes the nearest one, with a warning.
    pub const fn range(self, min: i64, max: i64) -> Self {
        Self { range: (min, max), ..self }
    }

    /// Bounds; a number outside is an error.
    pub const fn strict(self, min: i64, max: i64) -> Self {
        Self { range: (min, max), strict: true, ..self }
    }

    /// A value that cannot be read is only a warning.
    pub const fn lenient(self) -> Self {
        Self { lenient: true, ..self }
    }

    /// Blanks around the text do not count.
    pub const fn trim(self) -> Self {
        Self { trim: true, ..self }
    }

    /// The running program can take a new value.
    pub const fn reload(self) -> Self {
        Self { reload: true, ..self }
    }

    /// A key of Eyelet's own.
    pub const fn own(self) -> Self {
        Self { own: true, ..self }
    }

    /// What the text must look like.
    pub const fn form(self, form: Form) -> Self {
        Self { form, ..self }
    }

    /// What counts when nobody sets the key; `None` when that is "nothing".
    pub fn default_text(&self) -> Option<&'static str> {
        self.shipped.or(self.code)
    }
}

/// Makes a struct of a table: `field: type, "key", "doc sentence", builder(args), ...;`, then the keys that are known
/// but do nothing: `ignored { "key" => "why"; }`.
macro_rules! property_table {
    (
        $(#[$meta:meta])* $name:ident {
            $( $field:ident : $ty:ty, $key:literal, $doc:literal $(, $build:ident ( $($arg:expr),* ))* ; )*
        }
        ignored { $( $dead:literal => $why:literal ; )* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            $( #[doc = concat!("`", $key, "`: ", $doc)] pub $field: $ty, )*
        }

        impl $name {
            /// The table, in the order of the fields.
            pub const KEYS: &'static [$crate::config::table::Key] = &[$(
                $crate::config::table::Key::new($key, $doc, <$ty as $crate::config::value::Value>::KIND)
                    $( .$build($($arg),*) )*
            ),*];

            /// Keys that old files have and that do nothing, each with the reason.
            pub const IGNORED: &'static [(&'static str, &'static str)] = &[$( ($dead, $why) ),*];

            /// The names of the fields, in the order of the table.
            #[cfg(test)]
            pub(crate) const FIELDS: &'static [&'static str] = &[$( stringify!($field) ),*];

            /// Reads all keys.
            pub(crate) fn read(reader: &mut $crate::config::reader::Reader<'_>) -> Self {
                let mut keys = Self::KEYS.iter();
                Self { $( $field: reader.next_value(&mut keys), )* }
            }

            /// Every key with its value as text, secrets masked.
            pub fn entries(&self) -> Vec<(&'static $crate::config::table::Key, String)> {
                let values = [$( $crate::config::value::Value::show(&self.$field) ),*];
                Self::KEYS.iter().zip(values).collect()
            }

            /// Takes over the values that may change at run time; returns the names of other keys that differ and
            /// need a restart.
            pub fn adopt(&mut self, new: &Self) -> Vec<&'static str> {
                let mut restart = Vec::new();
                let mut keys = Self::KEYS.iter();
                $( if let Some(key) = keys.next() {
                    if self.$field != new.$field {
                        if key.reload { self.$field = new.$field.clone(); } else { restart.push(key.name); }
                    }
                } )*
                restart
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::read(&mut $crate::config::reader::Reader::defaults())
            }
        }
    };
}
pub(crate) use property_table;
