//! Measures the width of a text in a monospaced font.

/// The number of columns that a text takes in a terminal or in a monospaced font.
///
/// East Asian letters and emoji take two, combining marks none. Blocks decide, not the tables of Unicode: a label that
/// is off by a column is worth less than a dependency.
pub(crate) fn columns(text: &str) -> usize {
    text.chars().map(width).sum()
}

/// The text in one line, without characters that would move a terminal's cursor.
pub(crate) fn single_line(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

fn width(character: char) -> usize {
    match character {
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' | '\u{fe00}'..='\u{fe0f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1f9ff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: usize) {
        assert_eq!(columns(text), expected, "of {text:?}");
    }

    #[test]
    fn wide_letters_take_two_columns() {
        check("", 0);
        check("training_data", 13);
        check("größe", 5);
        check("e\u{301}", 1);
        check("訓練", 4);
        check("🚀x", 3);
    }
}
