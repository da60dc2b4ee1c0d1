//! Partitions by time and of several dimensions, from definitions over requests to plans.

use std::collections::BTreeMap;

use millwork_core::definitions::DueWork;
use millwork_core::partition::mapping::{Mapping, all, latest, window};
use millwork_core::partition::{Dimensions, TimeWindow, TimeWindows, daily, dynamic, fixed, hourly, weekly};
use millwork_core::plan::Plan;
use millwork_core::run::{RunRequest, RunSpec};
use millwork_core::{
    Advice, AssetDefinition, Computation, Definitions, FromStep as _, KeyMoment, Partition, Pipeline,
};

/// Some moment on a Wednesday.
fn wednesday() -> KeyMoment {
    KeyMoment::at("2026-01-14T12:00:00Z".parse().unwrap())
}

fn days() -> TimeWindows {
    daily("UTC").from("2026-01-01")
}

fn asset(key: &str) -> AssetDefinition {
    AssetDefinition::new(key).produces::<u8, _>().blocking(|_| Ok(0_u8))
}

/// What an asset takes of another one.
#[derive(Clone, Copy)]
enum Takes {
    One,
    Several,
}

fn takes(definition: AssetDefinition, upstream: &str, how: Takes, mapping: &Mapping) -> AssetDefinition {
    definition.policy(|computation: &mut Computation| {
        computation.requirements.mapped(mapping, |requirements| match how {
            Takes::One => requirements.input::<u8>(upstream),
            Takes::Several => requirements.partitions::<u8>(upstream),
        });
    })
}

fn inferred(definition: AssetDefinition, upstream: &str, how: Takes) -> AssetDefinition {
    takes(definition, upstream, how, &Mapping::inferred())
}

/// Days, the same days, the weeks of them, days × countries by the week of the day, the last seven days, the newest, and all.
fn pipeline() -> Pipeline {
    let countries = || days().by(dynamic("countries"));
    Definitions::new()
        .asset(asset("days").partitions(days()))
        .asset(inferred(asset("same").partitions(days()), "days", Takes::One))
        .asset(inferred(asset("weeks").partitions(weekly("UTC").from("2026-01-04")), "days", Takes::Several))
        .asset(inferred(asset("sold").partitions(countries()), "weeks", Takes::One))
        .asset(takes(asset("rolling").partitions(days()), "days", Takes::Several, &window(-6, 0)))
        .asset(takes(
            asset("tolerant").partitions(days()),
            "days",
            Takes::Several,
            &window(-6, 0).tolerate_missing(),
        ))
        .asset(takes(asset("newest"), "days", Takes::One, &latest()))
        .asset(takes(asset("every"), "sold", Takes::Several, &all()))
        .resolve()
        .unwrap()
}

fn with_countries(countries: &[&str]) -> KeyMoment {
    let texts = millwork_core::partition::Texts::new(countries);
    wednesday().with_texts(BTreeMap::from([("countries".to_owned(), texts)]))
}

/// The steps of a request and what each takes: `step (partition) < asset (partition), …`.
fn planned(run: RunSpec, moment: &KeyMoment) -> Result<Vec<String>, String> {
    let pipeline = pipeline();
    let graph = pipeline.graph();
    let request = run.resolve(&pipeline, moment).map_err(|error| error.one_line())?;
    let stored = serde_json::to_string(&request).unwrap();
    assert_eq!(serde_json::from_str::<RunRequest>(&stored).unwrap(), request, "{stored}");
    let selected = request.selected(graph).unwrap();
    let plan = Plan::new(graph, &selected, &request.partitions, moment).unwrap();
    let step = |step: &millwork_core::plan::PlannedStep| {
        let taken: Vec<String> =
            step.input_partitions().map(|input| input.by_key(graph).to_string()).collect();
        let taken = if taken.is_empty() { String::new() } else { format!(" < {}", taken.join(", ")) };
        format!("{}{taken}", step.by_key(graph))
    };
    Ok(plan.steps.iter().map(step).collect())
}

#[track_caller]
fn check(run: RunSpec, expected: &[&str]) {
    assert_eq!(planned(run, &with_countries(&["de", "fr"])).unwrap(), expected);
}

#[track_caller]
fn refused(run: RunSpec, expected: &str) {
    assert_eq!(planned(run, &with_countries(&["de", "fr"])).unwrap_err(), expected);
}

#[test]
fn each_partition_takes_those_that_belong_to_it() {
    check(RunSpec::of("days").partition("2026-01-13"), &["days (2026-01-13)"]);
    check(RunSpec::of("same").partition("2026-01-13"), &["same (2026-01-13) < days (2026-01-13)"]);
    check(
        RunSpec::of("weeks").partition("2026-01-04"),
        &[
            "weeks (2026-01-04) < days (2026-01-04), days (2026-01-05), days (2026-01-06), days (2026-01-07), \
           days (2026-01-08), days (2026-01-09), days (2026-01-10)",
        ],
    );
    check(
        RunSpec::of("sold").partitions("2026-01-04|*; 2026-01-10|fr"),
        &[
            "sold (2026-01-04|de) < weeks (2026-01-04)",
            "sold (2026-01-04|fr) < weeks (2026-01-04)",
            "sold (2026-01-10|fr) < weeks (2026-01-04)",
        ],
    );
    check(RunSpec::of("newest"), &["newest < days (2026-01-13)"]);
    check(
        RunSpec::of("tolerant").partition("2026-01-02"),
        &["tolerant (2026-01-02) < days (2026-01-01), days (2026-01-02)"],
    );
    // Where both are made, one waits for the other.
    check(
        RunSpec::of("days or same").partitions("2026-01-12..2026-01-13"),
        &[
            "days (2026-01-12)",
            "days (2026-01-13)",
            "same (2026-01-12) < days (2026-01-12)",
            "same (2026-01-13) < days (2026-01-13)",
        ],
    );
}

#[test]
fn partitions_that_there_are_not_are_refused_before_anything_starts() {
    refused(
        RunSpec::of("days"),
        "asset `days` has 13 partitions, and none was named; hint: name one or a set of them (`--partition` and `--partitions` on the command line); it has \
         `2026-01-01` … `2026-01-13`",
    );
    refused(
        RunSpec::of("days").partition("2026-01-14"),
        "asset `days` has no partition `2026-01-14`: the dimension `time`: the window `2026-01-14` has not ended: it ends at \
         2026-01-15T00:00:00Z; hint: the last one is `2026-01-13`; `.end_offset(1)` would include the one in progress",
    );
    refused(
        RunSpec::of("sold").partition("2026-01-06|ge"),
        "asset `sold` has no partition `2026-01-06|ge`: the dimension `countries`: the value `ge` is unknown; hint: did you mean \
         `de`?",
    );
    refused(
        RunSpec::of("rolling").partition("2026-01-02"),
        "`rolling` (partition `2026-01-02`) can't be made: `days` has no `time` before `2026-01-01`; hint: name another partition, \
         or let the mapping tolerate that some are missing",
    );
    // The day is over, its week isn't.
    let message = planned(RunSpec::of("sold").partition("2026-01-12|de"), &with_countries(&["de"]));
    let message = message.unwrap_err();
    assert!(
        message.starts_with("`sold` (partition `2026-01-12|de`) can't be made: `weeks` has"),
        "{message}"
    );
    refused(
        RunSpec::of("days or weeks").partition("2026-01-04"),
        "`weeks` has other partitions than `days`, and a run makes the same ones of all its assets; hint: start a backfill, which makes \
         those of all of them, or select them in runs of their own",
    );
    refused(
        RunSpec::of("days").partition("2026-01-05").partitions("*"),
        "a partition was given, and the partitions `*` as well; hint: give one of them",
    );
    // The key of another definition isn't taken by its label.
    let sunday =
        millwork_core::PartitionKey::of_identity("@:@20260104T0000Z-20260105T0000Z", Some("2026-01-04"));
    let message = planned(RunSpec::of("weeks").partition(sunday), &wednesday()).unwrap_err();
    assert!(message.contains("the definition has no key `2026-01-04`"), "{message}");
    let thursday =
        millwork_core::PartitionKey::of_identity("@:@20260115T0000Z-20260116T0000Z", Some("2026-01-15"));
    let message = planned(RunSpec::of("days").partition(thursday), &wednesday()).unwrap_err();
    assert!(message.contains("the window `2026-01-15` has not ended"), "{message}");
    for set in ["2026-01-05..2026-01-07", "2026-01-05,2026-01-07", "2026-01-05..", "*"] {
        let hint = "name a set as `partitions`, which is `--partitions` on the command line";
        let message = format!("`{set}` is a set of partitions, not one; hint: {hint}");
        refused(RunSpec::of("days").partition(set), &message);
    }
    let message = planned(RunSpec::of("days").partitions(" "), &wednesday()).unwrap_err();
    assert!(message.starts_with("the set of keys is empty"), "{message}");
    let of_years = Definitions::new().asset(asset("hours").partitions(hourly("UTC").from("2020-01-01")));
    let error = RunSpec::of("hours").partitions("*").resolve(&of_years.resolve().unwrap(), &wednesday());
    let message = error.unwrap_err().to_string();
    assert!(message.contains("and may have 10000"), "{message}");
}

/// Hints and sets write some characters of a text in another way, by which one partition is named as well.
#[test]
fn one_partition_is_named_as_it_is_or_as_sets_write_it() {
    let texts = Definitions::new().asset(asset("texts").partitions(fixed(["a|b", "*", "a", "b"])));
    let texts = texts.resolve().unwrap();
    for (written, expected) in [("a|b", "a|b"), ("a%7Cb", "a|b"), ("*", "*"), ("%2A", "*")] {
        let request = RunSpec::of("texts").partition(written).resolve(&texts, &wednesday()).unwrap();
        assert_eq!(request.partitions.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected]);
    }
}

#[test]
fn a_run_that_is_due_makes_the_latest_partitions() {
    let due = |selection: &str, moment: &KeyMoment| {
        let request = RunSpec::of(selection).resolve_due(&pipeline(), moment);
        match request.map_err(|error| error.one_line())? {
            DueWork::Run(request) => {
                Ok::<_, String>(request.partitions.iter().map(ToString::to_string).collect::<Vec<_>>())
            }
            DueWork::Backfill(backfill) => Ok(vec![format!(
                "a backfill of {}, of {:?}",
                backfill.partitions,
                backfill.of.unwrap().as_str()
            )]),
        }
    };
    assert_eq!(due("days or same", &wednesday()).unwrap(), ["2026-01-13"]);
    assert_eq!(due("weeks", &wednesday()).unwrap(), ["2026-01-04"]);
    assert_eq!(due("days or weeks", &wednesday()).unwrap(), ["a backfill of 2026-01-13, of \"days\""]);
    assert_eq!(due("newest", &wednesday()).unwrap(), [""; 0]);
    let before = KeyMoment::at("2026-01-01T12:00:00Z".parse().unwrap());
    assert_eq!(due("days", &before).unwrap_err(), "`days` has no partition so far");
    assert_eq!(due("sold", &wednesday()).unwrap_err(), "`sold` has no partition so far");
    let behind = |lag| match RunSpec::of("days")
        .lag(lag)
        .resolve_due(&pipeline(), &wednesday())
        .map_err(|error| error.one_line())?
    {
        DueWork::Run(request) => Ok(request.partitions[0].to_string()),
        DueWork::Backfill(backfill) => Err(backfill.partitions),
    };
    assert_eq!(behind(2).unwrap(), "2026-01-11");
    let message = "`days` has no partition so far that 1000 others come after";
    assert_eq!(behind(1_000).unwrap_err(), message);
}

#[track_caller]
fn check_definitions(assets: impl IntoIterator<Item = AssetDefinition>, expected: &str) {
    let errors = Definitions::new().assets(assets).resolve().unwrap_err();
    assert_eq!(errors.0.iter().map(Advice::one_line).collect::<Vec<_>>(), [expected]);
}

fn of(key: &str, dimensions: impl Into<Dimensions>) -> AssetDefinition {
    asset(key).partitions(dimensions.into())
}

#[test]
fn what_cannot_hold_is_an_error_of_the_definitions() {
    check_definitions(
        [of("days", days()), inferred(of("weeks", weekly("UTC").from("2026-01-04")), "days", Takes::One)],
        "`weeks` cannot map its partitions to those of `days`: a partition of `weeks` belongs to several of `days` (the days of the \
         week); hint: take `Partitions<days>` to gather them",
    );
    let of_hours = hourly("UTC").from("2026-01-01").until("2026-01-02");
    let later = of("later", daily("UTC").from("2026-02-01"));
    let errors = Definitions::new()
        .assets([of("hours", of_hours), inferred(later, "hours", Takes::Several)])
        .resolve()
        .unwrap_err();
    let message = errors.0[0].one_line();
    assert!(
        message.starts_with("`later` cannot map its partitions to those of `hours`: no window"),
        "{message}"
    );
    assert!(message.contains("hint: "), "{message}");
}

#[test]
fn a_key_is_taken_as_a_type_that_fits() {
    let typed = |dimensions: Dimensions| {
        of("a", dimensions).policy(|computation| {
            Partition::<(TimeWindow, String)>::requirements(&mut computation.requirements);
        })
    };
    Definitions::new().asset(typed(days().by(dynamic("countries")))).resolve().unwrap();
    let error = Definitions::new().asset(typed(days().into())).resolve().unwrap_err();
    let message = error.0[0].one_line();
    assert!(message.contains("the key has 2 values, and the asset 1 dimension: `time`"), "{message}");
    assert!(message.contains("hint: write `Partition<TimeWindow>`"), "{message}");
}

#[test]
fn what_was_a_partition_is_found_by_its_name() {
    let pipeline = pipeline();
    let graph = pipeline.graph();
    let (days, sold) = (graph.index("days").unwrap(), graph.index("sold").unwrap());
    let moment = with_countries(&["de"]);
    for (asset, written, identity) in [
        (days, "2026-01-13", "@:@20260113T0000Z-20260114T0000Z"),
        // Before the start, after the end, and as a link has it.
        (days, "2025-12-31", "@:@20251231T0000Z-20260101T0000Z"),
        (days, "2030-01-01", "@:@20300101T0000Z-20300102T0000Z"),
        (days, "@:@20251231T0000Z-20260101T0000Z", "@:@20251231T0000Z-20260101T0000Z"),
        (sold, "2026-01-13|de", "@:@20260113T0000Z-20260114T0000Z,de"),
        // What never was one is a text.
        (days, "monday", "monday"),
        (sold, "2026-01-13|xx", "2026-01-13|xx"),
    ] {
        assert_eq!(graph.past_partition(asset, written, &moment).identity(), identity, "{written}");
    }
}

#[test]
fn partitions_that_take_too_many_others_are_refused() {
    let days = || daily("UTC").from("1990-01-01");
    let every = takes(asset("every").partitions(days()), "days", Takes::Several, &all());
    let pipeline = Definitions::new().asset(asset("days").partitions(days())).asset(every).resolve().unwrap();
    let graph = pipeline.graph();
    let planned = |set: &str| {
        let request = RunSpec::of("every").partitions(set).resolve(&pipeline, &wednesday());
        let request = request.map_err(|error| error.one_line())?;
        let selected = request.selected(graph).unwrap();
        Plan::new(graph, &selected, &request.partitions, &wednesday()).map_err(|error| error.one_line())
    };
    // 50 times all of 13,162 days, which are in memory once.
    assert_eq!(planned("1990-01-01..1990-02-19").unwrap().steps.len(), 50);
    let refused = planned("1990-01-01..1990-12-31").unwrap_err();
    assert_eq!(
        refused,
        "a run may have 1000000 inputs, and the partitions of `every`, with what is made before them, have more; \
         hint: name fewer partitions, and the others in further runs; or let each take fewer, such as `window(-6, 0)`"
    );
}
