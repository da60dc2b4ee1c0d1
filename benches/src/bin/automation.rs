//! Times evaluations of automation: over 10,000 assets of which none, 1 % or everything changed, over 10,000 assets with 1,000 partitions each,
//! and of 1,000 conditions of retraining.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use millwork_core::automation::{
    Automation, AutomationState, Change, ChangeKind, FailureBackoff, Numbers, RunScope, Timetables, Updated,
};
use millwork_core::partition::daily;
use millwork_core::stored::Number;
use millwork_core::{
    AssetDefinition, AssetKey, AutomationCondition, Definitions, Job, KeyMoment, PartitionsDefinition,
    Pipeline,
};

const ASSETS: usize = 10_000;
const JOBS: usize = 1_000;
const ROUNDS: usize = 21;

fn main() -> anyhow::Result<()> {
    let pipeline = pipeline()?;
    let automation = Automation::of_graph(pipeline.graph(), FailureBackoff::default())?;
    let timetables = Timetables::of(&automation);
    println!(
        "{ASSETS} assets in a tree of fan-out 2, each `eager`, one in ten with `on_cron` as well; medians of {ROUNDS}"
    );
    for (name, changed) in [("nothing", 0), ("1 %", ASSETS / 100), ("everything", ASSETS)] {
        let mut now: Timestamp = "2026-05-01T00:00:30Z".parse()?;
        let mut state = AutomationState::default();
        automation.evaluate(&mut state, &updates(ASSETS, now), now, &timetables);
        let mut evaluate = |changes: &[Change], seconds: i64| {
            now += SignedDuration::from_secs(seconds);
            let started = Instant::now();
            let evaluation = automation.evaluate(&mut state, changes, now, &timetables);
            let took = started.elapsed();
            let rows: usize = state
                .take_touched()
                .iter()
                .map(|(_, row)| serde_json::to_string(row).map_or(0, |text| text.len()))
                .sum();
            (took, evaluation.outcomes.len(), rows)
        };
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            (0..4).for_each(|_| _ = evaluate(&[], 1));
            rounds.push(evaluate(&updates(changed, Timestamp::UNIX_EPOCH), 1));
        }
        rounds.sort();
        let (took, looked_at, bytes) = rounds[ROUNDS / 2];
        println!(
            "{name:>10} changed: {took:>10.1?}, {looked_at:>6} assets looked at, {:>6} kB of rows",
            bytes / 1000
        );
    }
    partitioned()?;
    retraining()
}

/// Evaluates 10,000 assets with 1,000 daily partitions each, of which the first 100 are upstream of the others: nothing has changed, or all
/// partitions of 100 assets.
fn partitioned() -> anyhow::Result<()> {
    let days = daily("Europe/Berlin").from("2024-01-01").until("2030-01-01");
    let days = PartitionsDefinition::from(days);
    let asset = |index: usize| {
        let definition = AssetDefinition::new(key(index)).produces::<u8, _>().partitions(days.clone());
        let definition = match index {
            0..100 => definition,
            _ => definition.input::<u8>(&key(index % 100)),
        };
        definition.automation(AutomationCondition::eager()).blocking(|_| Ok(0_u8))
    };
    let pipeline = Definitions::new().assets((0..ASSETS).map(asset)).resolve()?;
    let automation = Automation::of_graph(pipeline.graph(), FailureBackoff::default())?;
    let timetables = Timetables::of(&automation);
    let mut now: Timestamp = "2026-09-27T12:00:00Z".parse()?;
    let keys = days.keys(&KeyMoment::at(now));
    let updates = |assets: std::ops::Range<usize>| -> Vec<Change> {
        let by: Arc<RunScope> = Arc::default();
        let made = |index: usize| {
            let (asset, by): (AssetKey, _) = (key(index).as_str().into(), &by);
            keys.iter().map(move |partition| Change {
                asset: asset.clone(),
                partition: Some(partition.clone()),
                at: Timestamp::UNIX_EPOCH,
                run: None,
                kind: ChangeKind::Updated(Updated { by: by.clone(), ..Updated::default() }),
            })
        };
        assets.flat_map(made).collect()
    };
    let mut state = AutomationState::default();
    for first in (0..ASSETS).step_by(1000) {
        automation.evaluate(&mut state, &updates(first..first + 1000), now, &timetables);
        state.take_touched();
    }
    // The last assets are those that nothing is made from.
    let changed = updates(ASSETS - 100..ASSETS);
    println!("{ASSETS} assets with {} daily partitions each, each `eager`", keys.len());
    for (name, changes) in [("nothing", &[][..]), ("100 assets", &changed[..])] {
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            for _ in 0..4 {
                now += SignedDuration::from_secs(1);
                automation.evaluate(&mut state, &[], now, &timetables);
            }
            now += SignedDuration::from_secs(1);
            let started = Instant::now();
            let evaluation = automation.evaluate(&mut state, changes, now, &timetables);
            rounds.push((started.elapsed(), evaluation.outcomes.len()));
            state.take_touched();
        }
        rounds.sort();
        let (took, looked_at) = rounds[ROUNDS / 2];
        println!("{name:>14} changed: {took:>10.1?}, {looked_at:>6} assets looked at");
    }
    Ok(())
}

/// Evaluates 1,000 jobs with a condition each, of four numbers, after the live performance of each was materialized.
fn retraining() -> anyhow::Result<()> {
    let day = Duration::from_secs(86_400);
    let models = (0..JOBS).map(|index| {
        let (live, stories) = (format!("live_{index}"), format!("stories_{index}"));
        let decay =
            AutomationCondition::metric(live.as_str(), "MAE").coverage(0.8).above(12.0).for_evaluations(3);
        let condition = AutomationCondition::any_of([
            decay,
            AutomationCondition::metric(live.as_str(), "largest drift").above(0.2),
            AutomationCondition::new_rows(stories.as_str(), 5_000),
            AutomationCondition::older_than(stories.as_str(), 30 * day),
        ]);
        (
            live,
            stories.clone(),
            Job::new(format!("train_{index}"), stories)
                .automation(condition.cooldown(day).budget(3, 7 * day)),
        )
    });
    let mut definitions = Definitions::new();
    for (live, stories, job) in models {
        let asset = |key: &str| AssetDefinition::new(key).produces::<u8, _>().blocking(|_| Ok(0_u8));
        definitions = definitions.asset(asset(&live)).asset(asset(&stories)).job(job);
    }
    let pipeline = definitions.resolve()?;
    let automation = pipeline.automation(|_| true, FailureBackoff::default())?;
    let timetables = Timetables::of(&automation);
    let mut now: Timestamp = "2026-05-01T00:00:30Z".parse()?;
    let mut state = AutomationState::default();
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        now += SignedDuration::from_hours(1);
        let mae = if round % 2 == 0 { 11.0 } else { 13.0 };
        let numbers: Numbers = [("MAE", mae), ("coverage", 0.9), ("largest drift", 0.1)]
            .map(|(label, number)| (label.to_owned(), Number(number)))
            .into();
        let changes: Vec<Change> = (0..JOBS)
            .map(|index| Change {
                asset: format!("live_{index}").as_str().into(),
                partition: None,
                at: now,
                run: None,
                kind: ChangeKind::Updated(Updated { numbers: numbers.clone(), ..Updated::default() }),
            })
            .collect();
        let started = Instant::now();
        let evaluation = automation.evaluate(&mut state, &changes, now, &timetables);
        times.push((started.elapsed(), evaluation.outcomes.len()));
        state.take_touched();
    }
    times.sort();
    let (took, evaluated) = times[ROUNDS / 2];
    println!(
        "{JOBS} conditions of retraining, live performance of each new: {took:>10.1?}, {evaluated} evaluated"
    );
    Ok(())
}

/// Updates of assets spread over the tree, each by a run of its own.
fn updates(count: usize, at: Timestamp) -> Vec<Change> {
    let by: Arc<RunScope> = Arc::default();
    let step = ASSETS.checked_div(count).unwrap_or(1);
    let update = |index: usize| Change {
        asset: key(index * step + step - 1).as_str().into(),
        partition: None,
        at,
        run: None,
        kind: ChangeKind::Updated(Updated { by: by.clone(), ..Updated::default() }),
    };
    (0..count).map(update).collect()
}

fn key(index: usize) -> String {
    format!("group_{}/asset_{index}", index % 100)
}

fn pipeline() -> anyhow::Result<Pipeline> {
    let asset = |index: usize| {
        let definition = AssetDefinition::new(key(index)).produces::<u8, _>();
        let definition = match index {
            0 => definition,
            _ => definition.input::<u8>(&key((index - 1) / 2)),
        };
        let eager = AutomationCondition::eager();
        let condition = match index % 10 {
            0 => eager | AutomationCondition::on_cron("0 4 * * *", "Europe/Berlin"),
            _ => eager,
        };
        definition.automation(condition).blocking(|_| Ok(0_u8))
    };
    Ok(Definitions::new().assets((0..ASSETS).map(asset)).resolve()?)
}
