//! Numbers, lists and texts of a document.

use serde_json::Value;

/// How numbers that JSON doesn't have stand in a document.
pub(super) const NOT_FINITE: [(&str, f32); 3] =
    [("NaN", f32::NAN), ("Infinity", f32::INFINITY), ("-Infinity", f32::NEG_INFINITY)];

/// A number in single precision.
pub(super) fn single(value: &Value) -> Option<f32> {
    match value {
        Value::Number(number) => number.as_f64().map(|number| number as f32),
        Value::String(text) => NOT_FINITE.iter().find(|(word, _)| word == text).map(|&(_, number)| number),
        _ => None,
    }
}

/// A number as it is in a document.
pub(super) fn from_single(number: f32) -> Value {
    if number.is_nan() {
        return NOT_FINITE[0].0.into();
    }
    let word = NOT_FINITE.iter().find(|(_, infinity)| *infinity == number);
    word.map_or_else(|| f64::from(number).into(), |(word, _)| (*word).into())
}

/// An integer, which may stand as a truth value (0 and 1).
pub(super) fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_bool().map(i64::from))
}

/// A count, which XGBoost writes as a text.
pub(super) fn count(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        value => value.as_u64(),
    }
}

/// Every element of a list; `None` if there is no list or an element is of another type.
pub(super) fn list<T>(value: &Value, of: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    value.as_array()?.iter().map(of).collect()
}

/// The single-precision numbers of a text: `5E-1`, `[5E-1]` or `[1,2]`.
pub(super) fn numbers_of_text(text: &str) -> Option<Vec<f32>> {
    let text = text.trim();
    let numbers = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    numbers.split(',').map(|number| number.trim().parse().ok()).collect()
}

/// A list as a text: `[5E-1,1E0]`.
pub(crate) fn text_of_numbers(numbers: &[f32]) -> String {
    let numbers: Vec<String> = numbers.iter().map(|number| format!("{number:E}")).collect();
    format!("[{}]", numbers.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_bits() {
        for number in [0.0, -0.0, 0.1, 1e-45, f32::MAX, f32::MIN, f32::INFINITY, f32::NEG_INFINITY, f32::NAN]
        {
            let read = single(&from_single(number)).expect("a number");
            assert!(read.to_bits() == number.to_bits() || number.is_nan() && read.is_nan(), "{number}");
        }
    }

    #[test]
    fn texts_are_numbers() {
        let check =
            |text: &str, expected: Option<Vec<f32>>| assert_eq!(numbers_of_text(text), expected, "{text}");
        check("5E-1", Some(vec![0.5]));
        check("[5E-1]", Some(vec![0.5]));
        check(" [1, -2.5E+3]", Some(vec![1.0, -2500.0]));
        check("[]", None);
        check("[1", None);
        assert_eq!(text_of_numbers(&[0.5, 1e20]), "[5E-1,1E20]");
    }
}
