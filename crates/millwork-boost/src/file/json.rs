//! JSON as XGBoost writes it: with `NaN`, `Infinity` and `-Infinity`, which JSON doesn't have.

use std::borrow::Cow;

use serde_json::Value;

use super::fields::{NOT_FINITE, single};
use super::ubjson::has_singles;

/// Reads a document; what isn't a finite number stands in it as a text.
pub(super) fn read(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice(&with_quotes(bytes))
}

/// The word for a number that JSON doesn't have at the start of `rest`.
fn word_at(rest: &[u8]) -> Option<&'static str> {
    NOT_FINITE.iter().map(|(word, _)| *word).find(|word| rest.starts_with(word.as_bytes()))
}

fn with_quotes(bytes: &[u8]) -> Cow<'_, [u8]> {
    let mut rewritten = Vec::new();
    let (mut copied, mut position, mut is_text) = (0, 0, false);
    while position < bytes.len() {
        match bytes[position] {
            b'\\' if is_text => position += 1,
            b'"' => is_text = !is_text,
            b'N' | b'I' | b'-' if !is_text => {
                if let Some(word) = word_at(&bytes[position..]) {
                    rewritten.extend_from_slice(&bytes[copied..position]);
                    rewritten.extend_from_slice(format!("\"{word}\"").as_bytes());
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

/// Writes a document. Numbers with a fraction have as few digits as give back the same single-precision number.
pub(super) fn write(document: &Value) -> Vec<u8> {
    let mut text = String::new();
    write_value(document, &mut text);
    text.into_bytes()
}

fn write_value(value: &Value, text: &mut String) {
    match value {
        Value::Number(number) if number.is_f64() => write_single(value, text),
        Value::Array(items) => write_list(items, write_value, text),
        Value::Object(fields) => {
            text.push('{');
            for (position, (name, value)) in fields.iter().enumerate() {
                if position > 0 {
                    text.push(',');
                }
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                match value {
                    Value::Array(items) if has_singles(name, value) => write_list(items, write_single, text),
                    value => write_value(value, text),
                }
            }
            text.push('}');
        }
        value => text.push_str(&value.to_string()),
    }
}

fn write_list(items: &[Value], write_item: fn(&Value, &mut String), text: &mut String) {
    text.push('[');
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            text.push(',');
        }
        write_item(item, text);
    }
    text.push(']');
}

/// A number in single precision if it fits; a text stands for one that JSON doesn't have.
fn write_single(value: &Value, text: &mut String) {
    match (value, single(value)) {
        (Value::String(word), _) => text.push_str(word),
        (_, Some(number)) if number.is_finite() => text.push_str(&format!("{number:E}")),
        (value, _) => text.push_str(&value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_no_number_outside_of_texts_is_a_text() {
        let check = |text: &str, expected: Value| {
            assert_eq!(read(text.as_bytes()).expect("JSON"), expected, "{text}");
        };
        check(r#"{"NaN": ["-Infinity", -1, NaN]}"#, json!({ "NaN": ["-Infinity", -1, "NaN"] }));
        check(r#"[-Infinity,Infinity]"#, json!(["-Infinity", "Infinity"]));
        check(r#"["\"NaN",NaN,"\\",NaN]"#, json!(["\"NaN", "NaN", "\\", "NaN"]));
        assert!(read(b"[Nan]").is_err() && read(b"[\"NaN").is_err() && read(b"\"\\").is_err());
    }

    #[test]
    fn numbers_beyond_single_precision_stay() {
        let document = json!({ "unknown": [1e300, 0.5], "number": -1e300 });
        assert_eq!(read(&write(&document)).expect("JSON"), document);
    }

    #[test]
    fn numbers_have_few_digits_and_texts_keep_their_quotes() {
        let document = json!({
            "name": "a\"NaN", "split_conditions": [f64::from(0.1_f32), "NaN", "-Infinity", 1e-45_f32], "left_children": [1, -1],
            "weight_drop": [0.5],
        });
        let written = String::from_utf8(write(&document)).expect("UTF-8");
        assert_eq!(
            written,
            r#"{"left_children":[1,-1],"name":"a\"NaN","split_conditions":[1E-1,NaN,-Infinity,1E-45],"weight_drop":[5E-1]}"#
        );
    }
}
