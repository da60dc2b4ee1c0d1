//! What is wrong with a definition or a label, in words with a remedy.

use jiff::Timestamp;

use super::support::said;
use crate::partition::{
    Dimension, Dimensions, TimeWindows, cron, daily, dynamic, fixed, hourly, monthly, weekly,
};
use crate::problem::{Advice, Problem};

fn lines(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(said).collect()
}

fn check(windows: &TimeWindows, expected: &str) {
    let found = lines(&windows.problems());
    assert_eq!(found, [expected], "{windows:?}");
    assert_eq!(said(&windows.check().unwrap_err()), found[0]);
}

const TIME_HINT: &str = "a date such as `2024-01-01`, a time such as `2024-01-01T06:00` or an instant such as `2024-01-01T06:00:00Z`";

#[test]
fn invalid_windows_are_named_with_a_remedy() {
    let zone =
        "unknown time zone `Europe/Bonn` → a name of the IANA database, such as `Europe/Berlin` or `UTC`";
    check(&daily("Europe/Bonn").from("2024-01-01"), zone);
    check(&daily("Europe/Bonn").from("2024-01-01").except_cron("0 0 * * sat"), zone);
    check(&daily("UTC"), "it has no start → add one, as in `.from(\"2024-01-01\")`");
    check(&daily("UTC").from("soon"), &format!("the start `soon`: it is not a time → {TIME_HINT}"));
    check(
        &daily("UTC").from("0024-01-01"),
        &format!("the start `0024-01-01`: the year 24 is not between 1900 and 9000 → {TIME_HINT}"),
    );
    check(
        &daily("UTC").from("2024-01-01").until("2023-01-01"),
        "its end `2023-01-01` is before its start `2024-01-01` → give an end after the start, or leave it out",
    );
    check(
        &daily("UTC").from("2024-01-01").until("2024-01-01T00:00"),
        "it ends where it starts, at `2024-01-01` → give an end after the start, or leave it out",
    );
    check(
        &weekly("UTC").from("2024-01-01").until("2024-01-10"),
        "no window lies between its start `2024-01-01` and its end `2024-01-10` → the first window is from 2024-01-07T00:00:00Z to 2024-01-14T00:00:00Z; let it end later than 2024-01-10T00:00:00Z",
    );
    check(
        &cron("0 0 30 2 *", "UTC").from("2024-01-01"),
        "`0 0 30 2 *` never comes: no such month has such a day → a window needs a day that exists, as in `0 0 1 * *`",
    );
    check(
        &daily("UTC").from("2024-01-01").end_offset(1_000_000),
        "the end offset 1000000 is not between -100000 and 100000 → 1 includes the window in progress",
    );
    check(
        &daily("UTC").from("2024-01-01").except_cron("0 0 * * *"),
        "its exclusions leave no window → exclude fewer of them",
    );
    check(
        &daily("UTC").from("2024-01-01").except(["2024-01-1x"]),
        "an exclusion: `2024-01-1x` is not the label of a daily window → labels are written as `2024-01-01`",
    );
    let both = lines(&cron("0 0 * *", "UTC").end_offset(-1_000_000).problems());
    assert_eq!(both.len(), 3, "{both:?}");
}

#[test]
fn labels_that_cannot_tell_windows_apart_are_refused() {
    const DATE: &str = "write all of the start, as in `%Y-%m-%d`";
    const TIME: &str = "write all of the start, as in `%Y-%m-%d-%H:%M`";
    const YEAR: &str =
        "write the parts of the start with the year first, as in `%Y-%m-%d` or `%Y-%m-%d-%H:%M`";
    check(
        &hourly("UTC").from("2024-01-01").format("%Y-%m-%d"),
        &format!(
            "with the label format `%Y-%m-%d` two windows are called `2024-01-01`: those that start at 2024-01-01T00:00:00Z and at 2024-01-01T01:00:00Z → {TIME}"
        ),
    );
    check(
        &weekly("UTC").from("2024-01-01").format("%Y-%m"),
        &format!(
            "with the label format `%Y-%m` two windows are called `2024-01`: those that start at 2024-01-07T00:00:00Z and at 2024-01-14T00:00:00Z → {DATE}"
        ),
    );
    check(
        &daily("UTC").from("2024-01-01").format("%m-%d"),
        &format!("the label format `%m-%d` doesn't say which year it is → {YEAR}"),
    );
    check(
        &monthly("UTC").from("2024-01-01").format("%y-%m"),
        &format!("the label format `%y-%m` has a year of two digits, which is one of several → {YEAR}"),
    );
    check(&monthly("UTC").from("2024-01-01").format(""), &format!("the label format is empty → {YEAR}"));
    let unknown = monthly("UTC").from("2024-01-01").format("%Y %Ö").problems();
    assert!(
        unknown[0].to_string().starts_with("the label format `%Y %Ö` is not understood: "),
        "{unknown:?}"
    );
    let unread = hourly("UTC").from("2024-01-01").format("%Y-%m-%d %H:%M %Z");
    check(
        &unread,
        &format!("the label format `%Y-%m-%d %H:%M %Z` has a part that can be written but not read → {YEAR}"),
    );
    // In a night without 23:30, it comes at midnight, on the date of the next one.
    let nights = cron("30 23 * * *", "America/Scoresbysund").from("2024-06-01");
    assert_eq!(nights.problems(), []);
    let problems = nights.format("%Y-%m-%d").problems();
    assert!(problems[0].to_string().contains("two windows are called `2025-03-30`"), "{problems:?}");
    for format in ["%Y-%m-%d", "%d.%m.%Y", "%Y/%j", "%A, %d %B %Y", "%F", "%Y%m%d"] {
        let days = daily("Europe/Berlin").from("2024-01-01").format(format);
        assert_eq!(lines(&days.problems()), [""; 0], "{format}");
    }
    for format in ["%Y-%m-%d %I:%M %p", "%FT%T", "%Y%m%d%H", "%s %Y-%m-%d"] {
        let hours = hourly("Europe/Berlin").from("2024-01-01").format(format);
        assert_eq!(lines(&hours.problems()), [""; 0], "{format}");
    }
}

fn check_label(windows: &TimeWindows, label: &str, expected: &str) {
    assert_eq!(said(&windows.check().unwrap().window(label).unwrap_err()), expected, "{label}");
}

#[test]
fn a_label_that_is_none_leads_to_the_right_one() {
    let days = daily("Europe/Berlin").from("2024-01-01").until("2024-07-01");
    check_label(&days, "", "`` is not the label of a daily window → labels are written as `2024-01-01`");
    check_label(
        &days,
        "2024-02-30",
        "`2024-02-30` is not the label of a daily window → labels are written as `2024-01-01`",
    );
    check_label(
        &days,
        "2024-2-3",
        "`2024-2-3` is not the label of a daily window → the window at that time is `2024-02-03`",
    );
    check_label(
        &days,
        "2024-02-03T10:00",
        "`2024-02-03T10:00` is not the label of a daily window → the window at that time is `2024-02-03`",
    );
    check_label(
        &days,
        "2023-12-31",
        "`2023-12-31` is before the first window → write `2024-01-01`, or change the definition",
    );
    check_label(
        &days,
        "2024-07-01",
        "`2024-07-01` is after the last window → write `2024-06-30`, or change the definition",
    );
    let weeks = weekly("UTC").from("2024-01-01");
    check_label(
        &weeks,
        "2024-01-10",
        "`2024-01-10` is not the label of a weekly window → the window at that time is `2024-01-07`",
    );
    let hours = hourly("Europe/Berlin").from("2024-01-01");
    check_label(
        &hours,
        "2024-03-31-02:00",
        "`2024-03-31-02:00` is not the label of an hourly window → the window at that time is `2024-03-31-03:00`",
    );
    check_label(
        &hours,
        "2024-01-05",
        "`2024-01-05` is not the label of an hourly window → the window at that time is `2024-01-05-00:00`",
    );
    for odd in ["9999-12-31", "-0001-01-01", "2024-01-01+99:99", "🙂", "+", "-", "2024-01-01-", "%", "\u{0}"]
    {
        let problem = days.check().unwrap().window(odd).unwrap_err();
        assert!(problem.hint().is_some(), "{odd}: {problem}");
    }
}

#[test]
fn a_window_that_has_not_ended_is_named() {
    let days = daily("UTC").from("2024-01-01").check().unwrap();
    let now: Timestamp = "2024-01-10T12:00:00Z".parse().unwrap();
    let problem = |label| days.not_ended(&days.window(label).unwrap(), now).map(|problem| said(&problem));
    assert_eq!(problem("2024-01-09"), None);
    let expected = "the window `2024-01-10` has not ended: it ends at 2024-01-11T00:00:00Z → the last one is `2024-01-09`; `.end_offset(1)` would include the one in progress";
    assert_eq!(problem("2024-01-10").as_deref(), Some(expected));
    let late = daily("UTC").from("2024-01-01").end_offset(-2).check().unwrap();
    let found = late.not_ended(&late.window("2024-01-08").unwrap(), now).map(|problem| problem.to_string());
    let expected =
        "the window `2024-01-08`, which ended at 2024-01-09T00:00:00Z, is left out by the end offset -2";
    assert_eq!(found.as_deref(), Some(expected));
}

const NAME: &str = "a name has letters, digits, `_` and `-`";

fn check_dimensions(dimensions: impl Into<Dimensions>, expected: &[&str]) {
    let dimensions = dimensions.into();
    assert_eq!(lines(&dimensions.problems()), expected);
    let space = dimensions.space(Timestamp::UNIX_EPOCH);
    assert_eq!(space.err().map(|problem| said(&problem)).as_deref(), expected.first().copied());
}

#[test]
fn invalid_dimensions_are_named_with_a_remedy() {
    let days = || daily("UTC").from("2024-01-01");
    check_dimensions(days().by(dynamic("countries")).by(fixed(["a", "b"]).named("arm")), &[]);
    check_dimensions(
        fixed(["a"]).by(fixed(["b"])),
        &["two dimensions are called `fixed` → give one another name, as in `.named(\"arm\")`"],
    );
    check_dimensions(dynamic(""), &[&format!("a dimension has no name → {NAME}")]);
    check_dimensions(dynamic("a|b"), &[&format!("the name `a|b` of a dimension contains '|' → {NAME}")]);
    check_dimensions(
        Dimension::from(daily("UTC")),
        &["the dimension `time`: it has no start → add one, as in `.from(\"2024-01-01\")`"],
    );
    check_dimensions(
        fixed([""; 0]),
        &["the dimension `fixed`: it has no text → list at least one, as in `fixed([\"de\", \"fr\"])`"],
    );
    check_dimensions(
        fixed(["a", ""]),
        &["the dimension `fixed`: a text of a key is empty → give the partition a name"],
    );
    check_dimensions(
        fixed(["a", "b", "a"]),
        &["the dimension `fixed`: it has the text `a` twice → list it once"],
    );
    let long = "x".repeat(256);
    let message = format!(
        "the dimension `fixed`: the text `{}…` of a key has 256 characters, and may have 255 → shorten it, for example to a hash",
        "x".repeat(40)
    );
    check_dimensions(fixed([long]), &[&message]);
}
