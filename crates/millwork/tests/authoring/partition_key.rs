//! Types that partition keys are read as.

use std::fmt::Debug;

use millwork::__private::partition::{daily, dynamic, fit_problem, fixed, fixed_of};
use millwork::{FromPartitionKey, Key, KeyShape, KeyValue, Problem, TimeWindow};

#[derive(Debug, PartialEq, FromPartitionKey)]
enum Arm {
    Control,
    #[partition_key("variant B")]
    B,
    r#Type,
    Braced {},
    Called(),
}

#[derive(Debug, PartialEq, FromPartitionKey)]
struct Country(String);

#[derive(Debug, PartialEq, FromPartitionKey)]
struct Slice {
    day: TimeWindow,
    country: Country,
    r#type: Arm,
}

fn key(text: &str) -> Key {
    let dimensions = daily("Europe/Berlin").from("2024-01-01").by(dynamic("countries")).by(fixed_of::<Arm>());
    let mut space =
        dimensions.space("2024-01-08T00:00:00Z".parse().expect("a time")).expect("valid dimensions");
    space.texts_mut("countries").expect("a dynamic dimension").add("de");
    space.key(text).expect("a key")
}

fn check<K: FromPartitionKey + Debug + PartialEq>(text: &str, expected: K) {
    assert_eq!(K::from_key(&Key::texts([text])), Ok(expected), "{text}");
}

fn problem<K: FromPartitionKey + Debug>(key: &Key) -> String {
    K::from_key(key).expect_err("another type").to_string()
}

#[test]
fn one_dimension() {
    check("control", Arm::Control);
    check("variant B", Arm::B);
    check("type", Arm::Type);
    check("braced", Arm::Braced {});
    check("called", Arm::Called());
    check("de", Country("de".into()));
    check("de", (Country("de".into()),));
    let arms = "`control`, `variant B`, `type`, `braced`, `called`";
    assert_eq!(problem::<Arm>(&Key::texts(["b"])), format!("the value `b` is not one of {arms}"));
    assert_eq!(fixed_of::<Arm>(), fixed(["control", "variant B", "type", "braced", "called"]).named("arm"));
}

#[test]
fn several_dimensions() {
    let key = key("2024-01-02|de|variant B");
    let Some(KeyValue::Window(day)) = key.values().first() else { panic!("{key} begins with a window") };
    let (day, country) = (day.clone(), Country("de".into()));
    let slice = Slice { day: day.clone(), country, r#type: Arm::B };
    assert_eq!(Slice::from_key(&key), Ok(slice));
    assert_eq!(<(TimeWindow, Country, Arm)>::from_key(&key), Ok((day, Country("de".into()), Arm::B)));
    let not_a_day = Key::texts(["de", "de", "control"]);
    let expected = "`day` of the key `de|de|control`: the text `de` is not a window of time";
    assert_eq!(problem::<Slice>(&not_a_day), expected);
    assert_eq!(problem::<Country>(&not_a_day), "the key `de|de|control` has 3 values, and 1 is expected");
}

#[test]
fn what_a_type_reads_is_known_before() {
    let shapes = Slice::shapes().unwrap();
    assert_eq!(shapes, [KeyShape::Window, KeyShape::Text, KeyShape::one_of::<Arm>()]);
    let dimensions = daily("UTC").from("2024-01-01").by(dynamic("countries"));
    let said = |problem: Problem| problem.to_string();
    assert_eq!(fit_problem(&shapes, &dimensions.clone().by(fixed_of::<Arm>())).map(said), None);
    let problem = fit_problem(&shapes, &dimensions.by(fixed(["c"]))).map(said);
    let expected = "the dimension `fixed` has the text `c`, and the key takes `control`, `variant B`, `type`, `braced`, `called` there";
    assert_eq!(problem.as_deref(), Some(expected));
}
