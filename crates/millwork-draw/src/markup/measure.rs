//! Estimates the width of a text in an unknown font.

use super::columns;

/// The width of a label in the monospaced font of 13 pixels: the common ones have letters of 0.55 to 0.61 em.
pub(crate) fn label_width(text: &str) -> f64 {
    columns(text) as f64 * 7.9
}

/// The width of a small text in the system's font, on the wide side.
pub(crate) fn text_width(text: &str, font_size: f64) -> f64 {
    text.chars().map(letter_width).sum::<f64>() * font_size
}

/// The text, or its beginning and its end where it is wider than that.
pub(crate) fn shortened(text: &str, width: f64, font_size: f64) -> String {
    if text_width(text, font_size) <= width {
        return text.to_owned();
    }
    let letters: Vec<char> = text.chars().take(500).collect();
    let fits = |kept: usize| {
        let (head, tail) = (kept.div_ceil(2), kept / 2);
        let mut short: String = letters[..head].iter().collect();
        short.push('…');
        short.extend(&letters[letters.len() - tail..]);
        (text_width(&short, font_size) <= width).then_some(short)
    };
    (1..letters.len()).rev().find_map(fits).unwrap_or_else(|| "…".to_owned())
}

/// The width of a letter in em.
fn letter_width(letter: char) -> f64 {
    match letter {
        'i' | 'j' | 'l' | 't' | 'f' | 'r' | 'I' | ' ' | '.' | ',' | ':' | '/' | '|' | '(' | ')' | '-' => 0.4,
        'm' | 'w' | 'M' | 'W' | '@' => 0.95,
        'A'..='Z' | '_' => 0.7,
        _ => columns(letter.encode_utf8(&mut [0; 4])) as f64 * 0.6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_lose_their_middle() {
        assert_eq!(shortened("short", 100.0, 11.0), "short");
        assert_eq!(shortened("comments_model_test_set", 80.0, 11.0), "comme…t_set");
        assert_eq!(shortened("x", 0.0, 11.0), "…");
    }

    #[test]
    fn wider_texts_are_wider() {
        for (narrow, wide) in [("", "i"), ("ill", "mmm"), ("features", "FEATURES"), ("ab", "訓練")] {
            assert!(text_width(narrow, 11.0) < text_width(wide, 11.0), "{narrow:?} and {wide:?}");
        }
        assert!(label_width("ab") < label_width("訓練"));
    }
}
