//! Columns for the terminal.

use console::measure_text_width;

/// Aligns rows into columns below their headings.
pub(super) fn table<const N: usize>(headings: [&str; N], rows: Vec<[String; N]>) -> String {
    aligned(&headings, rows.into_iter().map(Vec::from).collect())
}

/// Aligns rows into columns, of which there are as many as headings.
pub(super) fn aligned(headings: &[&str], rows: Vec<Vec<String>>) -> String {
    let heading = headings.iter().map(|title| console::style(title).dim().to_string()).collect();
    let rows: Vec<Vec<String>> = std::iter::once(heading).chain(rows).collect();
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
