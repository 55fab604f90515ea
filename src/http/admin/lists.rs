//! Lists in answers: filtered, sorted and cut into pages as the query says.
//!
//! `_sortField`, `_sortDir` (`ASC` in any case = ascending, else descending), `_page` from 1, `_perPage`, `_filters` (JSON).

use crate::http::params::Params;
use crate::http::request::Request;
use crate::http::response::Response;
use serde::Serialize;
use std::cmp::Ordering;
use std::collections::HashMap;

/// What a row has in a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// A number, or a truth value.
    Number(i64),
    /// A text. Those that are numbers come before the others, in their order.
    Text(String),
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Cell::Number(number)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        text.parse().map_or_else(|_| Cell::Text(text.to_owned()), Cell::Number)
    }
}

impl Cell {
    fn compare(&self, other: &Cell) -> Ordering {
        match (self, other) {
            (Cell::Number(a), Cell::Number(b)) => a.cmp(b),
            (Cell::Text(a), Cell::Text(b)) => a.cmp(b),
            (Cell::Number(_), Cell::Text(_)) => Ordering::Less,
            (Cell::Text(_), Cell::Number(_)) => Ordering::Greater,
        }
    }
}

/// Sorts as the query says; an unknown column changes nothing.
pub fn sort<T>(rows: &mut [T], query: &Params, cell: impl Fn(&T, &str) -> Option<Cell>) {
    let Some(field) = query.get("_sortField") else { return };
    if rows.first().and_then(|row| cell(row, field)).is_none() {
        return;
    }
    rows.sort_by_cached_key(|row| Ordered(cell(row, field).unwrap_or(Cell::Number(i64::MIN))));
    if !query.get("_sortDir").is_some_and(|dir| dir.eq_ignore_ascii_case("ASC")) {
        rows.reverse();
    }
}

#[derive(PartialEq)]
struct Ordered(Cell);

impl Eq for Ordered {}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.compare(&other.0)
    }
}

/// The rows of the page that the query asks for, `most` of them if it does not say how many, and never more.
pub fn page<'a, T>(rows: &'a [T], query: &Params, most: usize) -> &'a [T] {
    let number = |name| query.get(name).and_then(|text: &str| text.parse::<usize>().ok());
    let size = number("_perPage").unwrap_or(most).min(most);
    let start = number("_page").unwrap_or(1).saturating_sub(1).saturating_mul(size);
    rows.get(start..).map_or(&[], |rest| &rest[..size.min(rest.len())])
}

/// A text in the JSON of `_filters`, empty if there is none.
pub fn filter(query: &Params, name: &str) -> String {
    let filters: Option<serde_json::Value> = query.get("_filters").and_then(|text| serde_json::from_str(text).ok());
    let text = filters.as_ref().and_then(|filters| filters.get(name)).and_then(|text| text.as_str());
    text.unwrap_or_default().to_owned()
}

/// How many there are of something.
#[derive(Debug, Serialize)]
struct Count {
    name: String,
    count: u64,
}

/// The query of a request; bad ones count as empty.
pub fn query(request: &Request) -> Params {
    request.query().unwrap_or_default()
}

/// Answers with how often each name comes.
pub fn count(request: &Request, names: impl IntoIterator<Item = impl AsRef<str>>) -> Response {
    let mut counts: HashMap<String, u64> = HashMap::new();
    for name in names {
        match counts.get_mut(name.as_ref()) {
            Some(count) => *count += 1,
            None => drop(counts.insert(name.as_ref().to_owned(), 1)),
        }
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort();
    show(request, counts)
}

/// Answers with names and numbers.
pub fn show(request: &Request, counts: impl IntoIterator<Item = (impl Into<String>, u64)>) -> Response {
    let mut rows: Vec<_> = counts.into_iter().map(|(name, count)| Count { name: name.into(), count }).collect();
    sort(&mut rows, &query(request), |row, field| match field {
        "name" => Some(row.name.as_str().into()),
        "count" => Some(Cell::Number(i64::try_from(row.count).unwrap_or(i64::MAX))),
        _ => None,
    });
    json(&rows)
}

/// Answers with anything as JSON.
pub fn json<T: Serialize + ?Sized>(value: &T) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => Response::json(body),
        Err(error) => {
            log::error!("an answer for administrators: {error}");
            Response::failure()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(query: &str) -> Vec<&'static str> {
        let mut rows = ["10", "b", "9", "a"];
        sort(&mut rows, &Params::parse(query).unwrap(), |row, field| (field == "name").then(|| Cell::from(*row)));
        rows.to_vec()
    }

    #[test]
    fn numbers_sort_as_numbers() {
        assert_eq!(sorted("_sortField=name&_sortDir=asc"), ["9", "10", "a", "b"]);
        assert_eq!(sorted("_sortField=name"), ["b", "a", "10", "9"]);
        assert_eq!(sorted("_sortField=none"), ["10", "b", "9", "a"]);
        assert_eq!(sorted(""), ["10", "b", "9", "a"]);
    }

    #[test]
    fn pages() {
        let rows = [1, 2, 3, 4, 5];
        let cut = |query: &str| page(&rows, &Params::parse(query).unwrap(), 4).to_vec();
        assert_eq!(cut(""), [1, 2, 3, 4]);
        assert_eq!(cut("_page=2&_perPage=2"), [3, 4]);
        assert_eq!(cut("_page=3&_perPage=2"), [5]);
        assert_eq!(cut("_page=9&_perPage=2"), [0; 0]);
        assert_eq!(cut("_page=0&_perPage=2"), [1, 2]);
        assert_eq!(cut("_page=18446744073709551615&_perPage=99"), [0; 0]);
        assert_eq!(cut("_page=x&_perPage=-1"), [1, 2, 3, 4]);
        assert_eq!(filter(&Params::parse("_filters=%7B%22name%22%3A%22a%22%7D").unwrap(), "name"), "a");
        assert_eq!(filter(&Params::parse("_filters=x").unwrap(), "name"), "");
    }
}
