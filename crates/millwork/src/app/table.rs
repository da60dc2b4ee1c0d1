//! Columns for the terminal.

use super::printable::{cut, escaped, in_one_line};
use super::style::{style, width};

/// The maximum width of a cell that others stand behind, as it widens every row.
const WIDEST: usize = 200;

/// Aligns rows into columns below their headings. A cell has one line: the first of its text, which is cut if others stand behind it.
pub(super) fn table<const N: usize>(headings: [&str; N], rows: Vec<[String; N]>) -> String {
    aligned(&headings, rows.into_iter().map(Vec::from).collect())
}

/// Aligns rows into columns, of which there are as many as headings.
pub(super) fn aligned(headings: &[&str], rows: Vec<Vec<String>>) -> String {
    let heading =
        headings.iter().map(|title| style(in_one_line(&escaped(title))).dim().to_string()).collect();
    let last = headings.len().saturating_sub(1);
    let in_one_line = |row: Vec<String>| {
        let cells = row.iter().enumerate().map(|(place, cell)| match in_one_line(&escaped(cell)) {
            long if place < last && width(&long) > WIDEST => cut(&long, WIDEST),
            line => line,
        });
        cells.collect()
    };
    let rows: Vec<Vec<String>> = std::iter::once(heading).chain(rows.into_iter().map(in_one_line)).collect();
    let mut widths = vec![0; headings.len()];
    for row in &rows {
        for (widest, cell) in widths.iter_mut().zip(row) {
            *widest = (*widest).max(width(cell));
        }
    }
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, widest) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(widest - width(cell) + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::printable::printable;

    #[test]
    fn a_long_cell_widens_no_row_without_limit() {
        let rows = vec![["x".repeat(WIDEST + 1), "y".repeat(WIDEST + 1)], ["a".into(), "b".into()]];
        let shown = printable(&table(["BY", "REASON"], rows), false).into_owned();
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[1], format!("{}…  {}", "x".repeat(WIDEST), "y".repeat(WIDEST + 1)));
        assert_eq!(lines[2], format!("a{}b", " ".repeat(WIDEST + 2)));
    }

    #[test]
    fn a_cell_has_one_line_and_moves_nothing() {
        let rows = vec![
            ["a".into(), "first\nsecond\nthird".into(), "x".into()],
            ["b\u{1b}[2J\u{1b}[31m".into(), "tab\there".into(), "y".into()],
            ["訓練".into(), String::new(), "z".into()],
        ];
        let shown = printable(&table(["KEY", "REASON", "END"], rows), false).into_owned();
        assert_eq!(
            shown,
            "KEY                   REASON            END\n\
             a                     first (+2 lines)  x\n\
             b\\u001b[2J\\u001b[31m  tab here          y\n\
             訓練                                    z\n"
        );
    }
}
