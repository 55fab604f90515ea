//! Reads the values of one table from its layers: command line over file over built-in defaults.

use std::slice::Iter;

use super::properties::Properties;
use super::source::{Override, PropertyFile};
use super::table::{Key, Kind};
use super::value::{java_trim, Read, Value};

/// A key that somebody set, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The table the key belongs to.
    pub file: PropertyFile,
    /// The key's name.
    pub key: &'static str,
    /// `PATH:LINE` or `option -name`.
    pub origin: String,
}

/// Collects values, remarks and errors while one table is read.
pub struct Reader<'a> {
    file: PropertyFile,
    path: String,
    properties: Option<&'a Properties>,
    overrides: &'a [Override],
    /// Values that are not used as they are written, or will not do; the program goes on.
    pub mistakes: Vec<String>,
    /// Other remarks for the operator.
    pub warnings: Vec<String>,
    /// Reasons not to start.
    pub errors: Vec<String>,
    /// What is not a built-in default.
    pub set: Vec<Setting>,
}

impl<'a> Reader<'a> {
    /// A reader of one file (`None` = there is none) and what stands above it.
    pub fn new(
        file: PropertyFile,
        path: String,
        properties: Option<&'a Properties>,
        overrides: &'a [Override],
    ) -> Self {
        Self {
            file,
            path,
            properties,
            overrides,
            mistakes: Vec::new(),
            warnings: Vec::new(),
            errors: Vec::new(),
            set: Vec::new(),
        }
    }

    /// A reader that knows only the built-in defaults.
    pub fn defaults() -> Reader<'static> {
        Reader::new(PropertyFile::Server, String::new(), None, &[])
    }

    /// The text that somebody set for a key, and where.
    fn given(&self, name: &str) -> Option<(&str, String)> {
        let over = self.overrides.iter().find(|o| o.file == self.file && o.key == name);
        if let Some(over) = over {
            return Some((&over.value, over.origin.clone()));
        }
        let entry = self.properties?.get(name)?;
        Some((&entry.value, format!("{}:{}", self.path, entry.line)))
    }

    /// True when somebody set the key.
    pub fn is_set(&self, name: &str) -> bool {
        self.given(name).is_some()
    }

    /// Where a key was set, for messages of checks that involve several keys.
    pub fn origin(&self, name: &str) -> String {
        self.given(name).map_or_else(|| "built-in defaults".to_owned(), |(_, origin)| origin)
    }

    /// The value of the next key of a table.
    pub(crate) fn next_value<T: Value>(&mut self, keys: &mut Iter<'static, Key>) -> T {
        keys.next().map_or_else(T::default, |key| self.value(key))
    }

    /// The value of a key: what was set, else the shipped default, else the code's default.
    fn value<T: Value>(&mut self, key: &'static Key) -> T {
        let Some((text, origin)) = self.given(key.name) else {
            return Self::default_value(key);
        };
        let text = if key.trim { java_trim(text) } else { text };
        let shown = if key.kind == Kind::Secret { "***".to_owned() } else { text.to_owned() };
        let read = match key.code {
            Some(code) if text.is_empty() && T::EMPTY_IS_DEFAULT => T::parse(code, key),
            _ => T::parse(text, key),
        };
        self.set.push(Setting { file: self.file, key: key.name, origin: origin.clone() });
        match read {
            Ok(Read { value, remark }) => {
                if let Some(remark) = remark {
                    self.mistakes.push(format!("Value '{shown}' of property '{}' in {origin} {remark}", key.name));
                }
                value
            }
            Err(expected) => {
                let text = format!("Invalid value '{shown}' for property '{}' in {origin}: {expected}", key.name);
                let value: T = Self::default_value(key);
                if key.lenient {
                    self.mistakes.push(format!("{text}; '{}' is used", value.show()));
                } else {
                    self.errors.push(text);
                }
                value
            }
        }
    }

    /// What counts when nobody sets the key.
    fn default_value<T: Value>(key: &Key) -> T {
        key.default_text().and_then(|text| T::parse(text, key).ok()).map_or_else(T::default, |read| read.value)
    }

    /// Warns about keys of the file that are in no table, and about those that do nothing.
    pub fn warn_unknown(&mut self, keys: &[Key], ignored: &[(&str, &str)], known: impl Fn(&str) -> bool) {
        let Some(properties) = self.properties else { return };
        for (name, entry) in properties.iter() {
            if name.is_empty() || known(name) || keys.iter().any(|key| key.name == name) {
                continue;
            }
            let place = format!("{}:{}", self.path, entry.line);
            self.warnings.push(match ignored.iter().find(|(dead, _)| *dead == name) {
                Some((_, why)) => format!("Property '{name}' in {place} has no effect: {why}"),
                None => format!("Unknown property '{name}' in {place} is ignored"),
            });
        }
    }
}
