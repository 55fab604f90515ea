//! Values on their way to PostgreSQL and back, in text form: the server knows the types.

use std::fmt::Write;
use std::ops::Range;

/// The parameters of one execution of a statement; used again for the next row.
#[derive(Debug, Default)]
pub struct Params {
    text: String,
    values: Vec<Option<Range<usize>>>,
}

impl Params {
    /// No parameters.
    pub fn new() -> Self {
        Self::default()
    }

    /// These texts.
    pub fn texts(texts: &[&str]) -> Self {
        let mut params = Params::new();
        texts.iter().for_each(|text| params.text(text));
        params
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.text.clear();
        self.values.clear();
    }

    /// Adds a text. PostgreSQL has none with NUL in it: a blank takes its place.
    pub fn text(&mut self, text: &str) {
        let start = self.text.len();
        let mut parts = text.split('\0');
        self.text.push_str(parts.next().unwrap_or_default());
        for part in parts {
            self.text.push(' ');
            self.text.push_str(part);
        }
        self.values.push(Some(start..self.text.len()));
    }

    /// Adds a text, or NULL.
    pub fn text_or_null(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.null(),
        }
    }

    /// Adds a whole number.
    pub fn int(&mut self, number: impl Into<i64>) {
        let start = self.text.len();
        let _ = write!(self.text, "{}", number.into());
        self.values.push(Some(start..self.text.len()));
    }

    /// Adds a number.
    pub fn float(&mut self, number: f64) {
        let start = self.text.len();
        let _ = write!(self.text, "{number:e}");
        self.values.push(Some(start..self.text.len()));
    }

    /// Adds yes or no.
    pub fn bool(&mut self, value: bool) {
        self.text(if value { "t" } else { "f" });
    }

    /// Adds NULL.
    pub fn null(&mut self) {
        self.values.push(None);
    }

    /// All, in their order.
    pub fn iter(&self) -> impl Iterator<Item = Option<&str>> {
        self.values.iter().map(|value| value.clone().map(|range| &self.text[range]))
    }
}

/// A row that came back.
#[derive(Debug, Default)]
pub struct Row(pub(super) Vec<Option<String>>);

impl Row {
    /// A column as text; NULL is empty.
    pub fn text(&self, column: usize) -> &str {
        self.0.get(column).and_then(|value| value.as_deref()).unwrap_or_default()
    }

    /// A column as text, `None` for NULL.
    pub fn text_or_null(&self, column: usize) -> Option<&str> {
        self.0.get(column)?.as_deref()
    }

    /// A column as number; NULL is 0.
    pub fn int<T: std::str::FromStr + Default>(&self, column: usize) -> T {
        self.text(column).parse().unwrap_or_default()
    }

    /// A column as yes or no; NULL is no.
    pub fn bool(&self, column: usize) -> bool {
        self.text(column) == "t"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_form_that_the_server_reads() {
        let mut params = Params::texts(&["a\0b", "\0"]);
        params.int(-5);
        params.float(0.1);
        params.float(f64::INFINITY);
        params.bool(true);
        params.text_or_null(None);
        let shown: Vec<_> = params.iter().collect();
        assert_eq!(shown, [Some("a b"), Some(" "), Some("-5"), Some("1e-1"), Some("inf"), Some("t"), None]);
        params.clear();
        assert_eq!(params.iter().count(), 0);
    }

    #[test]
    fn columns_are_read_leniently() {
        let row = Row(vec![Some("7".into()), None, Some("t".into())]);
        assert_eq!((row.int::<i32>(0), row.int::<i64>(1), row.int::<u8>(9)), (7, 0, 0));
        assert_eq!((row.text_or_null(0), row.text_or_null(1), row.text(1)), (Some("7"), None, ""));
        assert_eq!((row.bool(2), row.bool(1)), (true, false));
    }
}
