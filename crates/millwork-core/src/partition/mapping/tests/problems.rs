//! What can't hold, with both assets, both definitions and a remedy.

use super::support::{resolve, said};
use crate::partition::mapping::{
    MappedAsset, Mapping, all, dimension, dimension_from, function, latest, only, overlap, same, table,
    window,
};
use crate::partition::{Dimensions, Key, TimeWindows, daily, dynamic, fixed, hourly};

/// The reason and the remedy of what is refused. What every problem names is checked once.
#[track_caller]
fn check(
    mapping: impl Into<Mapping>,
    down: impl Into<Dimensions>,
    up: impl Into<Dimensions>,
    reason: &str,
    remedy: &str,
) {
    let problem = said(&resolve(&mapping.into(), &down.into(), &up.into()).unwrap_err());
    let start = format!("{reason}; `b` has ");
    assert!(problem.starts_with(&start), "{problem}");
    assert!(problem.ends_with(&format!(" → {remedy}")), "{problem}");
    assert!(problem.contains(", and `a` has "), "{problem}");
}

fn days() -> TimeWindows {
    daily("UTC").from("2024-01-01")
}

fn countries() -> crate::partition::Dimension {
    fixed(["de", "fr"]).named("country")
}

#[test]
fn a_problem_names_both_assets_and_both_definitions() {
    let up = hourly("Europe/Berlin").from("2024-01-01").until("2025-01-01").by(dynamic("users"));
    let problem = resolve(&same(), &days().by(fixed(["a", "b", "c", "d", "e", "f"])), &up).unwrap_err();
    assert_eq!(
        said(&problem),
        "their windows begin at different times, so that none need be the same; `b` has `time` (daily windows in UTC from 2024-01-01) × `fixed` (`a`, `b`, `c`, `d`, `e`, …), and `a` has `time` (hourly windows in Europe/Berlin from 2024-01-01 until 2025-01-01) × `users` (dynamic texts) → write `overlap()`, or leave out the mapping"
    );
    let problem = function(|key: &Key| [key.clone()]);
    let neither =
        Mapping::from(problem).resolve(MappedAsset::new("b", None), MappedAsset::new("a", Some(&up)));
    assert!(
        said(&neither.unwrap_err())
            .contains("a function needs a downstream key; `b` has no partitions, and `a` has `time`")
    );
    let invalid = Dimensions::from(daily("UTC"));
    let problem = resolve(&same(), &invalid, &up).unwrap_err();
    assert_eq!(
        said(&problem),
        "the partitions of `b` are invalid: the dimension `time`: it has no start → add one, as in `.from(\"2024-01-01\")`"
    );
}

#[test]
fn what_is_ambiguous_is_not_inferred() {
    check(
        Mapping::inferred(),
        days().by(dynamic("users")),
        days().by(dynamic("customers")),
        "`customers` may follow from `users`, or all of it may be taken",
        "write `dimension(\"customers\", all())` for all of it, or `dimension_from(\"customers\", \"users\", same())`",
    );
    check(
        Mapping::inferred(),
        days().named("start").by(days().named("end")),
        days(),
        "`time` may follow from `start` or `end`, or all of it may be taken",
        "write `dimension(\"time\", all())` for all of it, or `dimension_from(\"time\", \"start\", overlap())`",
    );
    check(
        Mapping::inferred(),
        countries(),
        fixed(["de", "it"]).named("market"),
        "`market` may follow from `country`, or all of it may be taken",
        "write `dimension(\"market\", all())` for all of it, or `dimension_from(\"market\", \"country\", same())`",
    );
    check(
        window(-6, 0),
        days(),
        days().named("start").by(days().named("end")),
        "`window(-6, 0)` may mean each of 2 upstream dimensions of windows",
        "name one, as in `dimension(\"start\", window(-6, 0))`",
    );
    check(
        dimension("item", same()),
        dynamic("users").by(dynamic("carts")),
        dynamic("item"),
        "it isn't clear from which dimension `item` follows",
        "name it, as in `dimension_from(\"item\", \"users\", same())`",
    );
}

#[test]
fn what_does_not_fit_is_refused() {
    let no_common = "write a `table`, or `dimension(\"country\", all())`, or give both a text in common";
    let other = fixed(["it"]).named("country");
    check(
        Mapping::inferred(),
        other.clone(),
        countries(),
        "no text is in both `country` and `country`",
        no_common,
    );
    check(
        Mapping::inferred(),
        days(),
        fixed(["de"]).named("time"),
        "`time` can't follow from `time`: one has windows and the other texts",
        "write `dimension(\"time\", all())`, or a `function`",
    );
    check(
        overlap(),
        days().until("2024-02-01"),
        days().from("2024-02-01"),
        "no window of one overlaps a window of the other",
        "give them a time in common, or write `all()` or `latest()`",
    );
    let texts = "leave out the mapping, or write `all()`";
    check(latest(), days(), countries(), "`latest()` needs a dimension of windows upstream", texts);
    check(only(["de"]), days(), days(), "`only([…])` needs a dimension of texts upstream", texts);
    check(
        dimension("country", latest()),
        days(),
        countries(),
        "`country` has no windows, of which one could be the latest",
        "write `all()`, or `only([…])` with some texts",
    );
    check(
        dimension("time", only(["de"])),
        days(),
        days(),
        "`only` is for texts, and `time` has windows",
        "write `latest()`, `window(…)` or a `function`",
    );
    check(
        dimension_from("time", "time", table([("a", ["b"])])),
        days(),
        days(),
        "`table([…])` is for texts, and `time` or `time` has windows",
        "write `dimension(\"time\", all())`, or a `function`",
    );
    check(
        dimension("country", window(-1, 0)),
        countries(),
        countries(),
        "`window(-1, 0)` is for windows, and `country` has texts",
        "write `dimension(\"country\", all())`, or a `function`",
    );
    check(window(0, -1), days(), days(), "`window(0, -1)` ends before it begins", "write `window(-1, 0)`");
    check(
        same(),
        countries(),
        days(),
        "`b` has no dimension from which `time` could follow",
        "write `dimension(\"time\", all())`",
    );
    check(
        dimension("country", all()).dimension_from("time", "time", same()).dimension("country", same()),
        days(),
        days().by(countries()),
        "two choices are written for the dimension `country`",
        "leave one out",
    );
    check(
        dimension_from("a", "time", same()).dimension_from("b", "time", same()),
        days(),
        days().named("a").by(days().named("b")),
        "both `a` and `b` would follow from `time`",
        "write a `function` of whole keys",
    );
    check(
        Mapping::from(function(|key: &Key| [key.clone()])).dimension("country", all()),
        days(),
        countries(),
        "a function of whole keys leaves no choice for `country`",
        "write the function for one dimension, as in `dimension(\"vehicle\", function(…))`",
    );
    let one = "leave out `.tolerate_missing()`, or take several partitions, as with `window(-6, 0)`";
    let reason = "it takes one partition and tolerates that it is missing";
    check(Mapping::inferred().tolerate_missing(), days(), days(), reason, one);
    check(latest().tolerate_missing(), days(), days(), reason, one);
}

#[test]
fn what_there_is_not_is_named() {
    check(
        dimension("county", all()),
        days(),
        countries(),
        "`a` has no dimension `county`",
        "it has `country`",
    );
    check(
        dimension_from("time", "day", same()),
        days(),
        days(),
        "`b` has no dimension `day`",
        "it has `time`",
    );
    check(
        only(["ed"]),
        days(),
        countries(),
        "`only` names `ed`, which `country` hasn't",
        "did you mean `de`?",
    );
    check(
        only([""; 0]),
        days(),
        countries(),
        "`only` has no text",
        "list at least one, as in `only([\"de\"])`",
    );
    check(
        table([("de", ["de"]), ("spain", ["fr"])]),
        countries(),
        countries(),
        "the table names `spain`, which `country` hasn't",
        "it has `de`, `fr`",
    );
    check(
        table([("de", ["de"])]),
        countries(),
        countries(),
        "the table has no row for `fr`",
        "add one: `(\"fr\", vec![…])`, or an empty one",
    );
    check(
        table([("de", ["de"]), ("de", ["fr"])]),
        countries(),
        countries(),
        "the table has two rows for `de`",
        "make one of them",
    );
}

#[test]
fn nothing_is_chosen_where_there_are_no_partitions() {
    let (down, none) = (days().by(countries()), "leave out the mapping");
    let asset = |dimensions| MappedAsset::new("b", dimensions);
    for mapping in [window(-6, 0), latest(), only(["de"]), dimension("country", all())] {
        let problem = mapping.resolve(asset(Some(&down)), MappedAsset::new("a", None)).unwrap_err();
        let problem = said(&problem);
        assert!(
            problem.contains("`a` has one value, of which nothing can be chosen; `b` has `time` ("),
            "{problem}"
        );
        assert!(problem.ends_with(&format!(", and `a` has no partitions → {none}")), "{problem}");
    }
    for mapping in [same(), window(-6, 0)] {
        let problem = said(&mapping.resolve(asset(None), MappedAsset::new("a", Some(&down))).unwrap_err());
        assert!(
            problem.contains(" needs a downstream key; `b` has no partitions, and `a` has "),
            "{problem}"
        );
        assert!(problem.ends_with("→ write `all()`, or leave out the mapping"), "{problem}");
    }
}
