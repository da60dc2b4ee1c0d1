//! Keys as types: what each type reads, what it objects to, and which dimensions it fits.

use std::fmt::Debug;
use std::sync::Arc;

use jiff::civil::{Date, date};

use super::support::said;
use crate::id::PartitionKey;
use crate::partition::{
    Dimension, Dimensions, FixedTexts, FromKeyValue, FromPartitionKey, Key, KeyShape, KeyValue, TimeWindow,
    daily, dynamic, fit_problem, fixed, fixed_of, fixed_value,
};
use crate::problem::Problem;

/// What the derive makes of an enum.
#[derive(Debug, PartialEq)]
enum Arm {
    Control,
    B,
}

impl FixedTexts for Arm {
    const NAME: &'static str = "arm";
    const TEXTS: &'static [&'static str] = &["control", "b"];

    fn from_text(text: &str) -> Option<Self> {
        match text {
            "control" => Some(Self::Control),
            "b" => Some(Self::B),
            _ => None,
        }
    }
}

impl FromKeyValue for Arm {
    fn shape() -> KeyShape {
        KeyShape::one_of::<Self>()
    }

    fn from_value(value: &KeyValue) -> Result<Self, Problem> {
        fixed_value(value)
    }
}

impl FromPartitionKey for Arm {
    fn shapes() -> Option<Vec<KeyShape>> {
        Some(vec![Self::shape()])
    }

    fn from_key(key: &Key) -> Result<Self, Problem> {
        let [value] = key.exactly()?;
        Self::from_value(value)
    }
}

/// The first day of 2024.
fn window() -> TimeWindow {
    let calendar = daily("Europe/Berlin").from("2024-01-01").check().unwrap();
    calendar.nth(0).unwrap()
}

/// A key of the values in a text, in which `@` is the window.
fn key(values: &str) -> Key {
    Key::new(values.split('|').map(|value| match value {
        "@" => KeyValue::Window(window()),
        text => KeyValue::Text(text.into()),
    }))
}

fn check<K: FromPartitionKey + Debug + PartialEq>(values: &str, expected: K) {
    assert_eq!(K::from_key(&key(values)), Ok(expected), "{values}");
}

fn check_error<K: FromPartitionKey + Debug>(values: &str, expected: &str) {
    let problem = K::from_key(&key(values)).unwrap_err();
    assert_eq!(said(&problem), expected, "{values}");
}

#[test]
fn a_value_is_read_as_a_type_of_the_author() {
    check("@", window());
    check("@", KeyValue::Window(window()));
    check("a|b", key("a|b"));
    check("de", KeyValue::Text("de".into()));
    check("de", "de".to_owned());
    check::<Arc<str>>("de", "de".into());
    check("ü", 'ü');
}

#[test]
fn texts_are_parsed() {
    check("true", true);
    check("false", false);
    check("-128", -128_i8);
    check("-32768", i16::MIN);
    check("7", 7_i32);
    check("7", 7_i64);
    check("7", 7_i128);
    check("-7", -7_isize);
    check("255", 255_u8);
    check("7", 7_u16);
    check("7", 7_u32);
    check("18446744073709551615", u64::MAX);
    check("7", 7_u128);
    check("7", 7_usize);
    check("2024-02-29", date(2024, 2, 29));
    check("@", date(2024, 1, 1));
    check("b", Arm::B);
}

#[test]
fn a_key_of_several_dimensions_is_a_tuple() {
    check("de", ("de".to_owned(),));
    check("@|de", (window(), "de".to_owned()));
    check("@|de|control", (date(2024, 1, 1), "de".to_owned(), Arm::Control));
    check("1|2|3|4", (1_u8, 2_i16, 3_u32, 4_i64));
    check("a|true|b|1|@", ('a', true, Arm::B, 1_u8, window()));
    check("a|b|c|d|e|f", ('a', 'b', 'c', 'd', 'e', 'f'));
    check("@|de", key("@|de"));
    check("@|a,b", PartitionKey::from(&key("@|a,b")));
    check("a,b", PartitionKey::from("a,b"));
}

#[test]
fn what_cannot_be_read_is_named_with_what_is_expected() {
    check_error::<TimeWindow>("de", "the text `de` is not a window of time → take the value as a `String`");
    let not_a_text = "the window `2024-01-01` is not a text → take the value as a `TimeWindow`";
    check_error::<String>("@", not_a_text);
    check_error::<Arc<str>>("@", not_a_text);
    check_error::<char>("@", not_a_text);
    check_error::<bool>("@", not_a_text);
    check_error::<u8>("@", not_a_text);
    check_error::<Arm>("@", not_a_text);
    check_error::<char>("de", "the value `de` is not one character");
    check_error::<u8>("256", "the value `256` is not an integer from 0 to 255");
    check_error::<i8>("1.5", "the value `1.5` is not an integer from -128 to 127");
    check_error::<Date>(
        "2024-02-30",
        "the value `2024-02-30` is not a date → a date is written as in `2024-01-31`",
    );
    check_error::<bool>("ture", "the value `ture` is not one of `false`, `true` → did you mean `true`?");
    let other = "add it to the type, or take the value as a `String`";
    check_error::<Arm>("c", &format!("the value `c` is not one of `control`, `b` → {other}"));
    check_error::<Arm>("contrl", "the value `contrl` is not one of `control`, `b` → did you mean `control`?");
}

#[test]
fn a_key_with_another_number_of_values_is_named_with_a_type_that_takes_it() {
    check_error::<String>(
        "@|de",
        "the key `2024-01-01|de` has 2 values, and 1 is expected → take the key as `Partition<(TimeWindow, String)>`",
    );
    check_error::<(TimeWindow, String)>(
        "@",
        "the key `2024-01-01` has 1 value, and 2 are expected → take the key as `Partition<TimeWindow>`",
    );
    check_error::<bool>(
        "a|b|c|d|e|f|g",
        "the key `a|b|c|d|e|f|g` has 7 values, and 1 is expected → take the key as `Partition<Key>`",
    );
    check_error::<(TimeWindow, u8)>(
        "@|de",
        "value 2 of the key `2024-01-01|de`: the value `de` is not an integer from 0 to 255",
    );
}

fn days() -> Dimension {
    daily("UTC").from("2024-01-01").into()
}

fn check_fit<K: FromPartitionKey>(dimensions: impl Into<Dimensions>, expected: &str) {
    let dimensions = dimensions.into();
    let problem = K::shapes().and_then(|shapes| fit_problem(&shapes, &dimensions));
    assert_eq!(problem.as_ref().map_or(String::new(), said), expected, "{dimensions:?}");
}

#[test]
fn types_fit_the_dimensions_that_they_read() {
    check_fit::<Key>(days().by(dynamic("countries")), "");
    check_fit::<PartitionKey>(days().by(dynamic("countries")), "");
    check_fit::<(KeyValue, KeyValue)>(days().by(dynamic("countries")), "");
    check_fit::<(TimeWindow, String)>(days().by(dynamic("countries")), "");
    check_fit::<(Date, u32)>(days().by(fixed(["10", "20"])), "");
    check_fit::<Date>(fixed(["2024-01-01"]), "");
    check_fit::<Arm>(fixed_of::<Arm>(), "");
    check_fit::<Arm>(dynamic("arms"), "");
    // A type may have more.
    check_fit::<Arm>(fixed(["b"]), "");
}

#[test]
fn a_type_that_does_not_fit_is_named_with_one_that_does() {
    check_fit::<TimeWindow>(
        days().by(dynamic("countries")),
        "the key has 1 value, and the asset 2 dimensions: `time`, `countries` → write `Partition<(TimeWindow, String)>`",
    );
    check_fit::<(TimeWindow, Arm)>(
        days(),
        "the key has 2 values, and the asset 1 dimension: `time` → write `Partition<TimeWindow>`",
    );
    let names = ["a", "b", "c", "d", "e", "f"];
    check_fit::<bool>(
        names.iter().fold(Dimensions::from(days()), |all, name| all.by(dynamic(*name))),
        "the key has 1 value, and the asset 7 dimensions: `time`, `a`, `b`, `c`, `d`, `e`, `f` → write `Partition<Key>`",
    );
    let text_for_a_window = "the dimension `time` has windows of time, and the key takes a text there → write `TimeWindow` for it, as in `Partition<TimeWindow>`";
    check_fit::<String>(days(), text_for_a_window);
    check_fit::<u8>(days(), text_for_a_window);
    check_fit::<Arm>(days(), text_for_a_window);
    let window_for_a_text = |name: &str| {
        format!(
            "the dimension `{name}` has texts, and the key takes a window of time there → write `String` for it, as in `Partition<(TimeWindow, String)>`"
        )
    };
    check_fit::<(TimeWindow, TimeWindow)>(days().by(dynamic("countries")), &window_for_a_text("countries"));
    check_fit::<(TimeWindow, TimeWindow)>(days().by(fixed(["a"])), &window_for_a_text("fixed"));
}

#[test]
fn a_text_that_a_type_lacks_is_named_with_the_near_miss() {
    let from_the_type = "`fixed_of` makes the list from the type";
    check_fit::<Arm>(
        fixed(["contrl", "b"]).named("arm"),
        &format!(
            "the dimension `arm` has the text `contrl`, and the key takes `control`, `b` there → did you mean `control`? {from_the_type}"
        ),
    );
    check_fit::<bool>(
        fixed(["yes", "no"]),
        &format!(
            "the dimension `fixed` has the texts `yes`, `no`, and the key takes `false`, `true` there → add what is missing to the type of the key, or take it out of the list; {from_the_type}"
        ),
    );
}

#[test]
fn a_dimension_has_the_texts_and_the_name_of_a_type() {
    assert_eq!(fixed_of::<Arm>(), fixed(["control", "b"]).named("arm"));
    assert!(Dimensions::from(fixed_of::<Arm>()).problems().is_empty());
    let values = Arm::TEXTS.iter().map(|text| Arm::from_text(text));
    assert_eq!(values.collect::<Option<Vec<_>>>(), Some(vec![Arm::Control, Arm::B]));
}
