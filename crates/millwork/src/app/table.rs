//! Columns for the terminal.

use super::printable::{escaped, in_one_line};
use super::style::{style, width};

/// Aligns rows into columns below their headings. A cell has one line: the first of its text.
pub(super) fn table<const N: usize>(headings: [&str; N], rows: Vec<[String; N]>) -> String {
    aligned(&headings, rows.into_iter().map(Vec::from).collect())
}

/// Aligns rows into columns, of which there are as many as headings.
pub(super) fn aligned(headings: &[&str], rows: Vec<Vec<String>>) -> String {
    let heading =
        headings.iter().map(|title| style(in_one_line(&escaped(title))).dim().to_string()).collect();
    let in_one_line = |row: Vec<String>| row.iter().map(|cell| in_one_line(&escaped(cell))).collect();
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
