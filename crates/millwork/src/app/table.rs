//! Columns for the terminal.

use console::measure_text_width;

use super::printable::{in_one_line, printable};

/// Aligns rows into columns below their headings. A cell has one line: the first of its text.
pub(super) fn table<const N: usize>(headings: [&str; N], rows: Vec<[String; N]>) -> String {
    aligned(&headings, rows.into_iter().map(Vec::from).collect())
}

/// Aligns rows into columns, of which there are as many as headings.
pub(super) fn aligned(headings: &[&str], rows: Vec<Vec<String>>) -> String {
    let heading = headings.iter().map(|title| console::style(title).dim().to_string()).collect();
    let in_one_line = |row: Vec<String>| row.iter().map(|cell| in_one_line(&printable(cell, true))).collect();
    let rows: Vec<Vec<String>> = std::iter::once(heading).chain(rows.into_iter().map(in_one_line)).collect();
    let mut widths = vec![0; headings.len()];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(measure_text_width(cell));
        }
    }
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width - measure_text_width(cell) + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_has_one_line_and_moves_nothing() {
        let rows = vec![
            ["a".into(), "first\nsecond\nthird".into(), "x".into()],
            ["b\u{1b}[2J".into(), "tab\there".into(), "y".into()],
            ["訓練".into(), String::new(), "z".into()],
        ];
        let shown = console::strip_ansi_codes(&table(["KEY", "REASON", "END"], rows)).into_owned();
        assert_eq!(
            shown,
            "KEY         REASON            END\n\
             a           first (+2 lines)  x\n\
             b\\u001b[2J  tab here          y\n\
             訓練                          z\n"
        );
    }
}
