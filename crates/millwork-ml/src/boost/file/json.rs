//! JSON as XGBoost writes it: with `NaN`, `Infinity` and `-Infinity`, which JSON doesn't have.

use std::borrow::Cow;

use serde_json::Value;

/// Reads a document. A split at an infinity sends all values one way, as one at the largest number does; a threshold that isn't a
/// number stands where none is asked for.
pub(super) fn read(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice(&with_numbers_only(bytes))
}

/// What stands in files, and the number that has the same meaning.
const WORDS: [(&[u8], &[u8]); 3] =
    [(b"NaN", b"0"), (b"-Infinity", b"-3.4028235e38"), (b"Infinity", b"3.4028235e38")];

fn with_numbers_only(bytes: &[u8]) -> Cow<'_, [u8]> {
    let mut rewritten = Vec::new();
    let (mut copied, mut position, mut is_text) = (0, 0, false);
    while position < bytes.len() {
        match bytes[position] {
            b'\\' if is_text => position += 1,
            b'"' => is_text = !is_text,
            b'N' | b'I' | b'-' if !is_text => {
                let rest = &bytes[position..];
                if let Some((word, number)) = WORDS.iter().find(|(word, _)| rest.starts_with(word)) {
                    rewritten.extend_from_slice(&bytes[copied..position]);
                    rewritten.extend_from_slice(number);
                    position += word.len();
                    copied = position;
                    continue;
                }
            }
            _ => {}
        }
        position += 1;
    }
    if copied == 0 {
        return Cow::Borrowed(bytes);
    }
    rewritten.extend_from_slice(&bytes[copied..]);
    Cow::Owned(rewritten)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_no_number_outside_of_texts_is_one_of_the_same_meaning() {
        let check = |text: &str, expected: Value| {
            assert_eq!(read(text.as_bytes()).expect("JSON"), expected, "{text}");
        };
        check(r#"{"NaN": ["-Infinity", -1, NaN]}"#, json!({ "NaN": ["-Infinity", -1, 0] }));
        check(r#"[-Infinity,Infinity]"#, json!([-3.4028235e38, 3.4028235e38]));
        check(r#"["\"NaN",NaN,"\\",NaN]"#, json!(["\"NaN", 0, "\\", 0]));
        assert!(read(b"[Nan]").is_err() && read(b"[\"NaN").is_err() && read(b"\"\\").is_err());
    }
}
