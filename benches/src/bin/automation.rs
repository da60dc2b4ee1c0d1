//! Times evaluations of automation over 10,000 assets: no change, 1 % and everything changed.

use std::sync::Arc;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use millwork_core::automation::{
    Automation, AutomationState, Change, ChangeKind, FailureBackoff, RunScope, Timetables,
};
use millwork_core::{AssetDefinition, AutomationCondition, Definitions, Pipeline};

const ASSETS: usize = 10_000;
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
        kind: ChangeKind::Updated { by: by.clone(), data_version: None },
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
