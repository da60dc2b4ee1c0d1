//! The account: what a home holds is compared with the market, with one join of everything, and with the rules of the loop.

use std::collections::{BTreeMap, BTreeSet};

use closed_loop::{BUDGET, COOLDOWN, MOST_ROWS, occasions, sales_of, time_of};
use jiff::Timestamp;
use millwork::MetadataValue;
use millwork::ml::metrics::{mean_absolute_error, root_mean_squared_error};
use millwork::monitor::{Coverage, Metric, ModelVersion};
use millwork_core::asset::Decision;
use millwork_core::event::{AliasChange, EventBody, Mover};
use millwork_core::run::RunTag;
use millwork_core::stored::Number;
use millwork_core::version::VersionNumber;

use crate::past::Past;

/// Compares all of it.
pub(crate) fn check(past: &Past) {
    past.all_runs_have_succeeded();
    each_quarter_is_there_once(past);
    what_was_made_in_shadow_is_there_once(past);
    performance_is_the_join_of_everything(past);
    trainings_are_within_cooldown_and_budget(past);
    each_training_has_its_reason_in_numbers(past);
    each_version_is_judged_and_moved_once(past);
}

/// Each tick has one run, each flat on offer one prediction of the version in use, and each price is there once.
fn each_quarter_is_there_once(past: &Past) {
    let last = past.predictions.len() as i64;
    let times: Vec<Timestamp> = (1..=last).map(time_of).collect();
    let ticks: Vec<Timestamp> =
        past.runs.iter().filter_map(|run| RunTag::ScheduledFor.of(&run.request.tags)?.parse().ok()).collect();
    assert_eq!(ticks, times, "each tick has one run");
    let keys = |made: &[u64]| made.to_vec();
    let predicted: Vec<Vec<u64>> = past.predictions.iter().map(|made| keys(made.value.keys())).collect();
    assert_eq!(predicted, times.iter().map(|time| occasions(*time)).collect::<Vec<_>>());
    let paid = past.prices_paid.iter().map(|made| (made.value.keys(), made.value.values()));
    let paid: Vec<(Vec<u64>, Vec<f64>)> =
        paid.map(|(keys, prices)| (keys.to_vec(), prices.to_vec())).collect();
    let sales = times.iter().map(|time| sales_of(*time).iter().map(|sale| (sale.key, sale.price)).unzip());
    assert_eq!(paid, sales.collect::<Vec<_>>());
}

/// Of each run and version there is one call, which has predicted what the version in use has.
fn what_was_made_in_shadow_is_there_once(past: &Past) {
    let mut calls = BTreeSet::new();
    for made in &past.in_shadow {
        assert!(calls.insert((made.event.run, made.what.version)), "called twice: {:?}", made.event);
        let beside = past.predictions.iter().find(|other| other.event.run == made.event.run).unwrap();
        assert_eq!(made.what.beside, beside.what.version);
        assert_eq!(made.value.keys(), beside.value.keys());
    }
    // Of a run that was begun and ended during a trial, what was predicted was predicted in shadow as well.
    for (version, history) in &past.model.versions {
        let Some(trial) = history.verdicts.iter().find(|verdict| verdict.what.shadow.is_some()) else {
            continue;
        };
        let later = |sequence: &u64| *sequence > trial.sequence;
        let ends = history.verdicts.iter().map(|verdict| verdict.sequence);
        let ends = ends.chain(history.decisions.iter().map(|decision| decision.sequence)).filter(later);
        let other = past.model.versions.iter().filter(|(other, _)| *other > version);
        let superseded = other.filter_map(|(_, other)| Some(other.verdicts.first()?.sequence)).filter(later);
        let moved = past.model.moves.iter().map(|moved| moved.sequence).filter(later);
        let end = ends.chain(superseded).chain(moved).min().unwrap_or(u64::MAX);
        for made in &past.predictions {
            let is_end = |event: &&millwork_core::event::Event| {
                event.run == made.event.run && matches!(event.body, EventBody::RunSucceeded)
            };
            let run_ends = past.events.iter().find(is_end).unwrap().sequence;
            if past.begin_of(made.event.run) > trial.sequence && run_ends < end {
                let is_called = calls.contains(&(made.event.run, *version));
                assert!(is_called, "{version} wasn't called beside {:?}", made.event);
            }
        }
    }
}

type Part = (Timestamp, ModelVersion);
type Bits = [Option<u64>; 2];

/// The windows of one join of everything that is stored: coverage, MAE and RMSE.
fn offline(past: &Past) -> BTreeMap<Part, (Coverage, Bits)> {
    let mut paid: BTreeMap<u64, (Timestamp, f64)> = BTreeMap::new();
    for made in &past.prices_paid {
        for ((key, price), at) in made.value.keys().iter().zip(made.value.values()).zip(made.value.times()) {
            let known = paid.entry(*key).or_insert((at, *price));
            if at > known.0 {
                *known = (at, *price);
            }
        }
    }
    let mut rows: BTreeMap<Part, BTreeMap<u64, f64>> = BTreeMap::new();
    let predicted = past.predictions.iter().map(|made| &made.value);
    for made in predicted.chain(past.in_shadow.iter().map(|made| &made.value)) {
        let each = made.keys().iter().zip(made.values()).zip(made.models()).zip(made.times());
        for (((key, value), model), at) in each {
            let day = Timestamp::from_second(at.as_second() / 86_400 * 86_400).unwrap();
            let before = rows.entry((day, model.clone())).or_default().insert(*key, *value);
            assert_eq!(before, None, "{key} was predicted twice by {model:?}");
        }
    }
    let measured = |rows: BTreeMap<u64, f64>| {
        let joined = rows.iter().filter_map(|(key, value)| Some((paid.get(key)?.1, *value)));
        let (paid, predicted): (Vec<f64>, Vec<f64>) = joined.unzip();
        let coverage = Coverage { expected: rows.len() as u64, matched: paid.len() as u64 };
        let error = mean_absolute_error(&paid, &predicted).ok().map(f64::to_bits);
        (coverage, [error, root_mean_squared_error(&paid, &predicted).ok().map(f64::to_bits)])
    };
    rows.into_iter().map(|(part, rows)| (part, measured(rows))).collect()
}

/// Final windows and open ones, to the bit; and each row and fact is counted once.
fn performance_is_the_join_of_everything(past: &Past) {
    let performance = &past.performance;
    let counted = past.performance.prediction_counts();
    // The last step may have missed what was made in shadow beside it.
    let seen = |run| past.measured.last().unwrap().0.run != run;
    let in_shadow = past.in_shadow.iter().map(|made| (made.event.run, made.value.len()));
    let (earlier, with_last): (Vec<_>, Vec<_>) = in_shadow.partition(|(run, _)| seen(*run));
    let sum = |rows: &[(Option<_>, usize)]| rows.iter().map(|(_, rows)| *rows as u64).sum::<u64>();
    let made: u64 = past.predictions.iter().map(|made| made.value.len() as u64).sum();
    let least = made + sum(&earlier);
    assert!((least..=least + sum(&with_last)).contains(&counted.new), "{counted:?} of {least}");
    assert_eq!((counted.corrected, counted.contradicting, counted.late), (0, 0, 0), "{counted:?}");
    let facts: u64 = past.prices_paid.iter().map(|made| made.value.len() as u64).sum();
    let truth = performance.truth_counts();
    let kinds = [truth.new, truth.corrected, truth.outdated, truth.repeated];
    assert_eq!(kinds.iter().sum::<u64>(), facts, "{truth:?}");
    let keys: BTreeSet<u64> = past.prices_paid.iter().flat_map(|made| made.value.keys().to_vec()).collect();
    assert_eq!(truth.new, keys.len() as u64);
    assert_eq!((truth.contradicting, truth.late, truth.unknown), (0, 0, 0), "{truth:?}");

    let expected = offline(past);
    let mut finals = 0;
    for window in performance.windows() {
        let (coverage, bits) = &expected[&(window.start, window.model.clone())];
        if window.is_final || with_last.is_empty() {
            let own = [Metric::MeanAbsoluteError, Metric::RootMeanSquaredError];
            let own = own.map(|metric| window.metric(metric).map(f64::to_bits));
            assert_eq!((&window.coverage, &own), (coverage, bits), "{:?} {:?}", window.start, window.model);
        }
        finals += usize::from(window.is_final);
    }
    let last_final = performance.windows().filter(|window| window.is_final).map(|window| window.start).max();
    assert_eq!(expected.keys().filter(|(start, _)| Some(*start) <= last_final).count(), finals);
}

fn trainings_are_within_cooldown_and_budget(past: &Past) {
    let requested: Vec<Timestamp> = past.trainings().map(|run| run.created_at).collect();
    let within = |from: usize, to: usize| requested[to].duration_since(requested[from]).unsigned_abs();
    assert!((1..requested.len()).all(|run| within(run - 1, run) >= COOLDOWN), "{requested:?}");
    let most = BUDGET.0 as usize;
    assert!((most..requested.len()).all(|run| within(run - most, run) >= BUDGET.1), "{requested:?}");
    let mut made = 0;
    for run in past.runs.iter().filter(|run| run.request.selection == "price_model") {
        let of_run = past.count(run, |body| matches!(body, EventBody::Materialized(_)));
        assert_eq!(of_run, 1, "{run:?} has made a version");
        made += 1;
    }
    assert_eq!(past.model.versions.len(), made, "each version is of a run");
    assert_eq!(made, requested.len() + 1, "all but the first were requested by the condition");
}

/// The number under a label, of the newest performance before a place in the log.
fn newest(past: &Past, label: &str, before: u64) -> Option<f64> {
    let earlier = past.measured.iter().rev().find(|(event, _)| event.sequence < before);
    earlier.and_then(|(_, made)| number(made.metadata.get(label)?))
}

fn number(value: &MetadataValue) -> Option<f64> {
    if let MetadataValue::Float(value) = value { Some(*value) } else { None }
}

/// How much worse the version in use is than at its promotion, in words.
fn decay(past: &Past, requested: u64) -> Option<String> {
    let moved = past.model.moves.iter().rev().find(|moved| moved.sequence < requested)?;
    let version = moved.what.to?;
    let label = format!("MAE: version {version}");
    let value = newest(past, &label, requested)?;
    let covers = |made: &millwork_core::event::Materialization| {
        number(made.metadata.get(&format!("coverage: version {version}"))?).filter(|share| *share >= 0.8)
    };
    let since = past.measured.iter().filter(|(event, _)| event.sequence > moved.sequence);
    let mut since = since.filter(|(_, made)| covers(made).is_some());
    let first = since.find_map(|(_, made)| number(made.metadata.get(&label)?))?;
    let worse = Number(((value - first) / first * 1e3).round() / 10.0);
    let (value, first) = (Number(value), Number(first));
    Some(format!("MAE {value} is {worse} % worse than {first} at promotion of version {version}"))
}

/// How many prices have come since the last training was requested, by the log alone.
fn rows_since(past: &Past, before: Option<u64>, requested: u64) -> u64 {
    let since = past.prices_paid.iter().filter(|made| {
        made.event.sequence < requested && before.is_none_or(|before| made.event.sequence > before)
    });
    since.map(|made| made.value.len() as u64).sum()
}

/// How old the version in use was, in words.
fn age(past: &Past, requested: u64, now: Timestamp) -> Option<String> {
    let moved = past.model.moves.iter().rev().find(|moved| moved.sequence < requested)?;
    let made = past.model.versions[&moved.what.to?].made.as_ref()?.at;
    let hours = now.duration_since(made).as_hours();
    let old = if hours % 24 == 0 { format!("{}d", hours / 24) } else { format!("{hours}h") };
    Some(format!("price_model is {old} old, older than 20d"))
}

/// Each reason is what the log says, in numbers: nothing that was measured or counted since the last training is missing, or there twice.
fn each_training_has_its_reason_in_numbers(past: &Past) {
    let mut before = None;
    for run in past.trainings() {
        let requested = past.request_of(run);
        let reason = RunTag::Reason.of(&run.request.tags).unwrap();
        let rows = rows_since(past, before, requested);
        let rows = format!("rows of prices_paid add up to {rows} of {MOST_ROWS} since the last run");
        let possible = [decay(past, requested), Some(rows), age(past, requested, run.created_at)];
        let possible: Vec<String> = possible.into_iter().flatten().collect();
        let stated: Vec<&str> =
            possible.iter().map(String::as_str).filter(|possible| reason.contains(possible)).collect();
        assert!(!stated.is_empty() && stated.join(", ") == reason, "{reason}, and not of {possible:#?}");
        before = Some(requested);
    }
}

/// One verdict for each version, and one more for each trial in shadow; one move for each promotion, one way back for each version.
fn each_version_is_judged_and_moved_once(past: &Past) {
    let mut promotions = Vec::new();
    for (number, version) in &past.model.versions {
        let first = &version.verdicts[0];
        let ends =
            version.verdicts.iter().skip(1).map(|verdict| (verdict.what.answers, verdict.what.decision));
        let decided =
            version.decisions.iter().map(|decided| (decided.what.answers, Some(decided.what.decision)));
        let ends: Vec<_> = ends.chain(decided).collect();
        assert!(ends.len() <= usize::from(first.what.shadow.is_some()), "{number}: {ends:?}");
        assert!(ends.iter().all(|(answers, _)| *answers == Some(first.sequence)), "{number}: {ends:?}");
        let last = ends.first().map_or(first.what.decision, |(_, decision)| *decision);
        promotions.extend((last == Some(Decision::Promote)).then_some(*number));
    }
    let moves = &past.model.moves;
    for two in moves.windows(2) {
        assert_eq!(two[0].what.to, two[1].what.from, "moves are a chain");
    }
    let mut promoted: Vec<VersionNumber> = Vec::new();
    let mut left = BTreeSet::new();
    for moved in moves {
        match moved.what.change {
            AliasChange::Promoted => promoted.extend(moved.what.to),
            AliasChange::RolledBack => {
                assert_eq!(moved.what.by, Mover::Watch);
                assert!(left.insert(moved.what.from), "{moved:?}: back from it a second time");
                assert!(moved.what.reason.contains("worse than"), "{moved:?}");
            }
            AliasChange::Set | AliasChange::Removed => panic!("nobody has asked for {moved:?}"),
        }
    }
    promoted.sort();
    assert_eq!(promoted, promotions, "each promotion moves the alias once");
}
