//! The command line: `--name value` pairs.

use crate::Fallible;
use std::collections::HashMap;
use std::str::FromStr;

/// The options that were given, each taken out by whoever understands it.
pub struct Options(HashMap<String, String>);

impl Options {
    /// From the words behind the mode.
    pub fn parse(words: &[String]) -> Fallible<Options> {
        let mut options = HashMap::new();
        for pair in words.chunks(2) {
            let [name, value] = pair else { return Err(format!("{} lacks its value", pair[0]).into()) };
            let name = name.strip_prefix("--").ok_or_else(|| format!("{name} is no option"))?;
            options.insert(name.to_owned(), value.clone());
        }
        Ok(Options(options))
    }

    /// An option that may be absent.
    pub fn find<T: FromStr>(&mut self, name: &str) -> Fallible<Option<T>> {
        let Some(text) = self.0.remove(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| format!("--{name}: {text} makes no sense").into())
    }

    /// An option with a default.
    pub fn get<T: FromStr>(&mut self, name: &str, default: T) -> Fallible<T> {
        Ok(self.find(name)?.unwrap_or(default))
    }

    /// Complains about what nobody understood.
    pub fn finish(&self) -> Fallible<()> {
        match self.0.keys().next() {
            Some(name) => Err(format!("--{name} is not known to this mode; see --help").into()),
            None => Ok(()),
        }
    }
}
