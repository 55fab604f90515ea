//! How much widgets and the pin storage remember.

use super::storage::MultiKind;

/// Limits from the configuration. All count lines, the oldest go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Lines of a TERMINAL (`terminal.strings.pool.size`).
    pub terminal_lines: usize,
    /// Points of a MAP (`map.strings.pool.size`).
    pub map_lines: usize,
    /// Rows of a TABLE (`table.rows.pool.size`).
    pub table_rows: usize,
    /// Commands of an LCD in advanced mode.
    pub lcd_lines: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { terminal_lines: 25, map_lines: 25, table_rows: 100, lcd_lines: 6 }
    }
}

impl Limits {
    /// Lines of a stored value of this kind.
    pub fn of(&self, kind: MultiKind) -> usize {
        match kind {
            MultiKind::Lcd => self.lcd_lines,
            MultiKind::Terminal => self.terminal_lines,
            MultiKind::Table => self.table_rows,
        }
    }
}

/// Appends an element to a bounded list, dropping the oldest ones.
pub(super) fn push_bounded<T>(list: &mut Vec<T>, element: T, limit: usize) {
    if limit == 0 {
        list.clear();
        return;
    }
    if list.len() >= limit {
        list.drain(..=list.len() - limit);
    }
    list.push(element);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go() {
        let mut list = vec![1, 2, 3, 4];
        push_bounded(&mut list, 5, 2);
        assert_eq!(list, [4, 5]);
        push_bounded(&mut list, 6, 3);
        assert_eq!(list, [4, 5, 6]);
        push_bounded(&mut list, 7, 0);
        assert!(list.is_empty());
    }
}
