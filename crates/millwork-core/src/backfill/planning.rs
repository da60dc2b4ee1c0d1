//! Plans a backfill from a request and the assets as they are.

use super::dependency::Dependency;
use super::plan::{FormatVersion, PlanParts};
use super::spread::spread;
use super::stages::{Group, groups};
use super::{
    BackfillAsset, BackfillRequest, LeftOut, LeftOutReason, Plan, PlannedAsset, RunSize, Stage, StageIndex,
};
use crate::id::AssetKey;
use crate::partition::{KeySet, KeySpace, MOST_OF_A_RUN};
use crate::problem::Problem;

/// The plan of a request. `assets` are those that it may make, in topological order, with the anchor among them.
///
/// What each asset is asked for follows from the anchor's set by the mappings. Of this set the fresh keys are skipped that take nothing which
/// is made, unless `all` are to be made, and the keys are left out that need an upstream key which has no value and isn't made.
///
/// # Errors
///
/// When the anchor isn't among the assets or hasn't the keys; an asset is before one that it takes, or isn't connected with the
/// anchor; the options can't be kept; nothing is left to make; or the plan has more runs than allowed, or a run
/// more partitions.
pub fn plan(assets: &[BackfillAsset], request: &BackfillRequest) -> Result<Plan, Problem> {
    let anchor = check(assets, request)?;
    let sets = spread(assets, anchor, &request.keys)?;
    let mut spaces: Vec<KeySpace> = Vec::new();
    let mut planned: Vec<PlannedAsset> = Vec::with_capacity(assets.len());
    for (asset, set) in assets.iter().zip(sets) {
        let space = spaces.iter().position(|space| space.is_like(&asset.space)).unwrap_or_else(|| {
            spaces.push(asset.space.clone());
            spaces.len() - 1
        });
        let fresh = if request.options.all {
            KeySet::empty(set.dimensions())
        } else {
            still_fresh(assets, asset, &planned, set.intersection(&asset.fresh))
        };
        let (make, left_out) = feasible(assets, asset, &planned, set.difference(&fresh));
        planned.push(PlannedAsset { name: asset.name.clone(), make, fresh, left_out, stage: None, space });
    }
    let stages = stages(groups(assets, &planned), &mut planned, request);
    let dependencies = dependencies(assets, &planned);
    let plan = Plan {
        parts: PlanParts {
            version: FormatVersion,
            request: request.clone(),
            spaces,
            assets: planned,
            stages,
            dependencies,
        },
    };
    not_empty(&plan)?;
    not_too_large(&plan)?;
    Ok(plan)
}

/// The position of the anchor.
fn check(assets: &[BackfillAsset], request: &BackfillRequest) -> Result<usize, Problem> {
    let BackfillRequest { anchor, keys, options } = request;
    options.stop.problem().map_or(Ok(()), Err)?;
    for (place, asset) in assets.iter().enumerate() {
        if let Some(input) = asset.inputs.iter().find(|input| input.upstream >= place) {
            let upstream = assets.get(input.upstream).map_or("?", |asset| asset.name.as_str());
            let message = format!("`{}` takes `{upstream}`, which isn't before it", asset.name);
            return Err(Problem::new(message).with_hint("list the assets of a backfill upstream first"));
        }
    }
    let Some(place) = assets.iter().position(|asset| asset.name == *anchor) else {
        return Err(Problem::new(format!("`{anchor}` isn't among the assets of the backfill"))
            .with_hint("name partitions of one of the selected assets"));
    };
    if keys.is_empty() {
        return Err(Problem::new(format!("the backfill names no partition of `{anchor}`"))
            .with_hint("name at least one, or `*` for all"));
    }
    let unknown = keys.difference(&assets[place].space.all()).count();
    if unknown > 0 {
        return Err(Problem::new(format!("`{anchor}` doesn't have {unknown} of the named partitions"))
            .with_hint("name those that there are, such as `*` for all"));
    }
    Ok(place)
}

/// Those of the fresh keys that take nothing that is made.
fn still_fresh(
    assets: &[BackfillAsset],
    asset: &BackfillAsset,
    planned: &[PlannedAsset],
    fresh: KeySet,
) -> KeySet {
    asset.inputs.iter().fold(fresh, |fresh, input| {
        let made = &planned[input.upstream].make;
        if fresh.is_empty() || made.is_empty() {
            return fresh;
        }
        fresh.difference(&input.mapping.downstream_of(made, &asset.space, &assets[input.upstream].space))
    })
}

/// The keys of an asset that can be made, and those that can't.
fn feasible(
    assets: &[BackfillAsset],
    asset: &BackfillAsset,
    planned: &[PlannedAsset],
    mut make: KeySet,
) -> (KeySet, Vec<LeftOut>) {
    let mut left_out = Vec::new();
    for LeftOut { upstream, reason, keys } in &asset.lacking {
        leave_out(&mut make, &mut left_out, upstream, (*reason, keys));
    }
    for input in asset.inputs.iter().filter(|input| !input.mapping.tolerates_missing()) {
        let upstream = &assets[input.upstream];
        let taken = input.mapping.upstream_of(&make, &asset.space, &upstream.space);
        let no_value = taken
            .keys
            .difference(&planned[input.upstream].make)
            .difference(&upstream.existing)
            .difference(&upstream.fresh);
        let not_made = if no_value.is_empty() {
            KeySet::empty(make.dimensions())
        } else {
            input.mapping.downstream_of(&no_value, &asset.space, &upstream.space)
        };
        let reasons = [(LeftOutReason::NoSuchKey, taken.lacking), (LeftOutReason::NotMade, not_made)];
        for (reason, lacking) in &reasons {
            leave_out(&mut make, &mut left_out, &upstream.name, (*reason, lacking));
        }
    }
    (make, left_out)
}

fn leave_out(
    make: &mut KeySet,
    left_out: &mut Vec<LeftOut>,
    upstream: &AssetKey,
    (reason, lacking): (LeftOutReason, &KeySet),
) {
    let keys = make.intersection(lacking);
    if !keys.is_empty() {
        *make = make.difference(&keys);
        left_out.push(LeftOut { upstream: upstream.clone(), reason, keys });
    }
}

fn stages(groups: Vec<Group>, planned: &mut [PlannedAsset], request: &BackfillRequest) -> Vec<Stage> {
    let limit = request.options.partitions_per_run.map(u64::from);
    let stage = |(place, group): (usize, Group)| {
        let none = KeySet::empty(planned[group.members[0]].make.dimensions());
        let mut keys = none;
        for member in &group.members {
            planned[*member].stage = Some(StageIndex::at(place));
            keys = keys.union(&planned[*member].make);
        }
        Stage { keys, run_size: group.policy.run_size(limit), assets: group.members }
    };
    groups.into_iter().enumerate().map(stage).collect()
}

/// What the stages take of each other.
fn dependencies(assets: &[BackfillAsset], planned: &[PlannedAsset]) -> Vec<Dependency> {
    let mut dependencies = Vec::new();
    for (place, asset) in assets.iter().enumerate() {
        for input in &asset.inputs {
            let (own, upstream) = (&planned[place], &planned[input.upstream]);
            let are_apart = own.stage.is_some() && upstream.stage.is_some() && own.stage != upstream.stage;
            if are_apart {
                let spaces = (&asset.space, &assets[input.upstream].space);
                dependencies.push(Dependency::new(input, place, &own.make, spaces.0, spaces.1));
            }
        }
    }
    dependencies
}

/// # Errors
///
/// When nothing is made: the reason, and what to ask for instead.
fn not_empty(plan: &Plan) -> Result<(), Problem> {
    if !plan.stages().is_empty() {
        return Ok(());
    }
    let left_out = plan.assets().iter().find_map(|asset| Some((asset, asset.left_out.first()?)));
    let has_fresh = plan.assets().iter().any(|asset| !asset.fresh.is_empty());
    let problem = match left_out {
        Some((asset, left_out)) => {
            let why = plan.left_out_text(asset, left_out);
            Problem::new(format!("there is nothing to make: {why}"))
                .with_hint(format!("make `{}` first, or name other partitions", left_out.upstream))
        }
        None if has_fresh => Problem::new("there is nothing to make: all partitions are fresh")
            .with_hint("ask for all of them (`--all`) to make them again, or name other partitions"),
        None => Problem::new("there is nothing to make").with_hint("name other partitions"),
    };
    Err(problem)
}

/// # Errors
///
/// When there are more runs than the request allows.
fn not_too_large(plan: &Plan) -> Result<(), Problem> {
    for stage in plan.stages() {
        let keys = stage.keys.count();
        let of_a_run = match stage.run_size {
            RunSize::All => keys,
            RunSize::AtMost(most) => most.min(keys),
        };
        if of_a_run > MOST_OF_A_RUN {
            let names = stage.assets.iter().map(|place| format!("`{}`", plan.assets()[*place].name));
            let names = names.collect::<Vec<_>>().join(", ");
            let problem = Problem::new(format!(
                "a run of {names} would make {of_a_run} partitions, and may make {MOST_OF_A_RUN}"
            ));
            return Err(problem
                .with_hint("let each run make fewer, as with `--partitions-per-run 1000`, or name fewer"));
        }
    }
    let preview = plan.preview();
    let most = plan.request().options.most_runs;
    if preview.runs <= most {
        return Ok(());
    }
    let mut message = format!("the backfill has {} runs, and may have {most}", preview.runs);
    if let Some(stage) = preview.stages.iter().max_by_key(|stage| stage.runs) {
        let names: Vec<String> = stage.assets.iter().map(|name| format!("`{name}`")).collect();
        message.push_str(&format!(": {} are of {}", stage.runs, names.join(", ")));
    }
    let hint = "name fewer partitions, make more of them in one run, as with `BackfillPolicy::multi_run(100)`, or allow more runs";
    Err(Problem::new(message).with_hint(hint))
}
