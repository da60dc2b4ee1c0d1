//! Assets of tests, a plan as text, and the life of a backfill as a script.

use crate::backfill::{
    Backfill, BackfillAsset, BackfillInput, BackfillOptions, BackfillPolicy, BackfillRequest, BackfillRun,
    Plan, RunOutcome, StageIndex, plan,
};
use crate::id::RunId;
use crate::partition::mapping::{MappedAsset, Mapping};
use crate::partition::{Dimensions, KeySet, KeySpace, TimeWindows, daily, weekly};
use crate::problem::{Advice, Problem};

/// Four weeks have ended, the last on this day.
pub(super) const NOW: &str = "2024-02-04T00:00:00Z";

pub(super) fn days() -> TimeWindows {
    daily("UTC").from("2024-01-07")
}

pub(super) fn weeks() -> TimeWindows {
    weekly("UTC").from("2024-01-07")
}

/// Assets of a backfill with their dimensions, by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Given {
    pub(super) assets: Vec<BackfillAsset>,
    dimensions: Vec<Option<Dimensions>>,
}

impl Given {
    /// One more asset. Without dimensions it has no partitions.
    pub(super) fn asset(
        self,
        name: &str,
        dimensions: impl Into<Dimensions>,
        inputs: &[(&str, Mapping)],
    ) -> Self {
        self.any_asset(name, Some(dimensions.into()), inputs)
    }

    pub(super) fn unpartitioned(self, name: &str, inputs: &[(&str, Mapping)]) -> Self {
        self.any_asset(name, None, inputs)
    }

    fn any_asset(mut self, name: &str, dimensions: Option<Dimensions>, inputs: &[(&str, Mapping)]) -> Self {
        let now = NOW.parse().unwrap();
        let space = match &dimensions {
            Some(dimensions) => dimensions.space(now).unwrap(),
            None => KeySpace::unpartitioned(now),
        };
        let mut asset = BackfillAsset::new(name, space);
        for (upstream, mapping) in inputs {
            let place = self.place(upstream);
            let mapping = self.resolve((name, dimensions.as_ref()), place, mapping);
            let mapping = mapping.unwrap_or_else(|problem| panic!("{}", said(&problem)));
            asset.inputs.push(BackfillInput { upstream: place, mapping });
        }
        self.assets.push(asset);
        self.dimensions.push(dimensions);
        self
    }

    pub(super) fn resolve(
        &self,
        (name, dimensions): (&str, Option<&Dimensions>),
        upstream: usize,
        mapping: &Mapping,
    ) -> Result<crate::partition::mapping::ResolvedMapping, Problem> {
        let up = MappedAsset::new(self.assets[upstream].name.as_str(), self.dimensions[upstream].as_ref());
        mapping.resolve(MappedAsset::new(name, dimensions), up)
    }

    pub(super) fn place(&self, name: &str) -> usize {
        self.assets.iter().position(|asset| asset.name.as_str() == name).unwrap()
    }

    pub(super) fn fresh(mut self, name: &str, keys: &str) -> Self {
        let place = self.place(name);
        self.assets[place].fresh = self.assets[place].space.set(keys).unwrap();
        self
    }

    pub(super) fn existing(mut self, name: &str, keys: &str) -> Self {
        let place = self.place(name);
        self.assets[place].existing = self.assets[place].space.set(keys).unwrap();
        self
    }

    pub(super) fn policy(mut self, name: &str, policy: BackfillPolicy) -> Self {
        let place = self.place(name);
        self.assets[place].policy = policy;
        self
    }

    /// A request for keys of an asset, by their text.
    pub(super) fn request(&self, anchor: &str, keys: &str, options: BackfillOptions) -> BackfillRequest {
        let keys = self.assets[self.place(anchor)].space.set(keys).unwrap();
        BackfillRequest { options, ..BackfillRequest::new(anchor, keys) }
    }

    pub(super) fn plan(&self, anchor: &str, keys: &str, options: BackfillOptions) -> Result<Plan, Problem> {
        plan(&self.assets, &self.request(anchor, keys, options))
    }
}

/// Days, a report of each week, and a summary of all weeks. There are reports of all weeks, none of them fresh.
pub(super) fn reports() -> Given {
    Given::default()
        .asset("days", days(), &[])
        .asset("weeks", weeks(), &[("days", Mapping::inferred())])
        .unpartitioned("summary", &[("weeks", Mapping::inferred())])
        .existing("weeks", "*")
}

/// What is made and what isn't, by stages.
pub(super) fn plan_text(plan: &Plan) -> String {
    let mut lines = Vec::new();
    for (stage, counts) in plan.stages().iter().zip(plan.preview().stages) {
        let asset = |asset: &usize| {
            let asset = &plan.assets()[*asset];
            format!("{}[{}]", asset.name.as_str(), plan.space(asset).set_text(&asset.make))
        };
        let assets: Vec<String> = stage.assets.iter().map(asset).collect();
        lines.push(format!("{}: {} in {} runs", assets.join(" + "), counts.partitions, counts.runs));
    }
    for asset in plan.assets() {
        if !asset.fresh.is_empty() {
            lines.push(format!(
                "fresh: {}[{}]",
                asset.name.as_str(),
                plan.space(asset).set_text(&asset.fresh)
            ));
        }
        lines.extend(asset.left_out.iter().map(|left_out| plan.left_out_text(asset, left_out)));
    }
    lines.join("\n")
}

/// The message, an arrow and the hint.
pub(super) fn said(error: &dyn Advice) -> String {
    match error.hint() {
        Some(hint) => format!("{error} → {hint}"),
        None => error.to_string(),
    }
}

pub(super) fn run_id(number: u128) -> RunId {
    RunId::from_u128(number)
}

/// A backfill with the number of its last run.
pub(super) struct Life {
    pub(super) backfill: Backfill,
    runs: u128,
}

impl Life {
    pub(super) fn new(plan: Plan) -> Self {
        Self { backfill: Backfill::new(plan), runs: 0 }
    }

    /// Does what a line of a script says, and tells what came of it.
    ///
    /// `start` starts all runs that may start, with the numbers that follow. `ok 1`, `fail 1`, `lost 1` and `stop 1` end a run,
    /// `ok 1 KEYS` with those keys made and the others failed. `pause`, `resume`, `cancel` and `retry` are what they are called, and `reload` stores the
    /// backfill and reads it again.
    pub(super) fn line(&mut self, line: &str) -> String {
        let words: Vec<&str> = line.split(' ').collect();
        let number = || words[1].parse::<u128>().unwrap();
        let run = || self.backfill.state().runs()[&run_id(number())].clone();
        let done = match words[0] {
            "start" => return self.start(),
            "reload" => {
                let json = serde_json::to_string(&self.backfill).unwrap();
                self.backfill = serde_json::from_str(&json).unwrap();
                Ok(())
            }
            "ok" => {
                let run = run();
                let keys = match words.get(2) {
                    Some(keys) => self.backfill.plan().stage_space(run.stage).unwrap().set(keys).unwrap(),
                    None => run.keys,
                };
                self.backfill.finished(run_id(number()), &RunOutcome::made(keys))
            }
            "fail" => {
                let outcome = RunOutcome::all_failed(&run());
                self.backfill.finished(run_id(number()), &outcome)
            }
            "stop" => {
                let outcome = RunOutcome::all_canceled(&run());
                self.backfill.finished(run_id(number()), &outcome)
            }
            "lost" => self.backfill.lost(run_id(number())),
            "pause" => self.backfill.pause(),
            "resume" => self.backfill.resume(),
            "cancel" => self.backfill.cancel().map(drop),
            "retry" => self.backfill.retry().map(drop),
            other => panic!("`{other}` is no word of a script"),
        };
        match done {
            Ok(()) => self.counts(),
            Err(error) => said(&error),
        }
    }

    fn start(&mut self) -> String {
        let mut started = Vec::new();
        for run in self.backfill.next_runs() {
            self.runs += 1;
            started.push(format!("{}={}", self.runs, self.run_text(&run)));
            self.backfill.started(run_id(self.runs), run).unwrap();
        }
        started.join(" ")
    }

    fn run_text(&self, run: &BackfillRun) -> String {
        let plan = self.backfill.plan();
        let assets = plan.run_assets(run.stage, &run.keys);
        let names: Vec<&str> = assets.iter().map(|(asset, _)| asset.name.as_str()).collect();
        format!("{}:{}", names.join("+"), self.text(run.stage, &run.keys))
    }

    fn text(&self, stage: StageIndex, keys: &KeySet) -> String {
        self.backfill.plan().stage_space(stage).unwrap().set_text(keys)
    }

    /// The status, and the numbers of partitions that aren't 0.
    fn counts(&self) -> String {
        let counts = self.backfill.state().counts();
        let named = [
            (counts.waiting, "waiting"),
            (counts.running, "running"),
            (counts.succeeded, "succeeded"),
            (counts.failed, "failed"),
            (counts.lost, "lost"),
            (counts.skipped, "skipped"),
            (counts.canceled, "canceled"),
        ];
        let named = named.iter().filter(|(count, _)| *count > 0);
        let named: Vec<String> = named.map(|(count, name)| format!("{count} {name}")).collect();
        format!("{}: {}", self.backfill.status(), named.join(", "))
    }
}
