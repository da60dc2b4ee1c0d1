//! Random assets, requests and events: no partition is made before those that it needs, nothing is lost, nothing runs twice at once, and
//! it always ends.

use std::num::{NonZeroU32, NonZeroU64};

use proptest::prelude::*;

use super::model::{Model, keys};
use super::support::{Given, days, run_id, weeks};
use crate::backfill::{
    Backfill, BackfillError, BackfillInput, BackfillOptions, BackfillPolicy, BackfillRequest, BackfillRun,
    BackfillStatus, LeftOutReason, Plan, RunOrder, RunOutcome, StopRule, plan,
};
use crate::id::RunId;
use crate::partition::mapping::{Mapping, all, function, window};
use crate::partition::{Dimensions, Key, KeySet, fixed};
use crate::problem::Problem;

/// An asset by choices, some of which may be impossible with others.
#[derive(Clone, Debug)]
struct AnyAsset {
    partitions: u8,
    /// Upstream assets, counted back, with a mapping.
    inputs: Vec<(usize, u8)>,
    policy: u8,
    fresh: u32,
    existing: u32,
}

#[derive(Clone, Debug)]
struct AnyRequest {
    anchor: usize,
    keys: u32,
    all: bool,
    newest: bool,
    runs: u32,
    per_run: u64,
    share: Option<u8>,
}

/// What happens, with a number that chooses a run and results.
#[derive(Clone, Copy, Debug)]
enum Happening {
    Start,
    Finish(u32),
    Lose(u32),
    Crash,
    Pause,
    Resume,
    Cancel,
    Retry,
}

fn any_asset() -> impl Strategy<Value = AnyAsset> {
    let inputs = prop::collection::vec((1_usize..4, 0_u8..8), 1..4);
    // Often nothing is fresh.
    let some = || prop_oneof![Just(0), any::<u32>(), any::<u32>().prop_map(|bits| bits & (bits >> 7))];
    (0_u8..8, inputs, 0_u8..5, some(), some()).prop_map(|(partitions, inputs, policy, fresh, existing)| {
        AnyAsset { partitions, inputs, policy, fresh, existing }
    })
}

fn any_request() -> impl Strategy<Value = AnyRequest> {
    let share = prop_oneof![3 => Just(None), 1 => (0_u8..100).prop_map(Some)];
    (0_usize..4, any::<u32>(), any::<bool>(), any::<bool>(), 1_u32..6, 0_u64..4, share).prop_map(
        |(anchor, keys, all, newest, runs, per_run, share)| AnyRequest {
            anchor,
            keys,
            all,
            newest,
            runs,
            per_run,
            share,
        },
    )
}

fn any_happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        8 => Just(Happening::Start),
        8 => any::<u32>().prop_map(Happening::Finish),
        2 => any::<u32>().prop_map(Happening::Lose),
        2 => Just(Happening::Crash),
        1 => Just(Happening::Pause),
        2 => Just(Happening::Resume),
        1 => any::<u8>().prop_map(|rarely| if rarely < 30 { Happening::Cancel } else { Happening::Resume }),
        2 => Just(Happening::Retry),
    ]
}

/// Days are frequent, so that assets are partitioned alike with others between them.
fn dimensions(choice: u8) -> Option<Dimensions> {
    match choice {
        0 => Some(weeks().into()),
        1 => Some(fixed(["a", "b", "c"]).named("arm").into()),
        2 => Some(days().until("2024-01-14").by(fixed(["a", "b", "c"]).named("arm"))),
        3 => None,
        _ => Some(days().into()),
    }
}

fn mapping(choice: u8) -> Mapping {
    match choice {
        0 => window(-1, 0),
        1 => window(-2, 0).tolerate_missing(),
        2 => all().tolerate_missing(),
        3 => function(|key: &Key| [key.clone()]).into(),
        _ => Mapping::inferred(),
    }
}

/// Some of the keys of a set, by the bits of a number.
fn some_keys(set: &KeySet, bits: u32) -> KeySet {
    let chosen =
        keys(set).into_iter().enumerate().filter(|(place, _)| bits.rotate_right(*place as u32) & 1 == 1);
    KeySet::of(set.dimensions(), chosen.map(|(_, key)| key))
}

fn given(assets: &[AnyAsset]) -> Given {
    let mut given = Given::default();
    for (place, asset) in assets.iter().enumerate() {
        let name = format!("asset{place}");
        let dimensions = dimensions(asset.partitions);
        let mut inputs: Vec<(String, Mapping)> = Vec::new();
        for (back, choice) in &asset.inputs {
            let Some(upstream) = place.checked_sub(*back).or_else(|| place.checked_sub(1)) else { continue };
            let other = given.assets[upstream].name.as_str().to_owned();
            let side = (name.as_str(), dimensions.as_ref());
            // What doesn't fit is replaced by what always does, so that all assets are connected.
            let chosen =
                Some(mapping(*choice)).filter(|chosen| given.resolve(side, upstream, chosen).is_ok());
            inputs.push((other, chosen.unwrap_or_else(all)));
        }
        let inputs: Vec<(&str, Mapping)> =
            inputs.iter().map(|(name, mapping)| (name.as_str(), mapping.clone())).collect();
        given = match dimensions {
            Some(dimensions) => given.asset(&name, dimensions, &inputs),
            None => given.unpartitioned(&name, &inputs),
        };
        let made = given.assets.last_mut().unwrap();
        made.fresh = some_keys(&made.space.all(), asset.fresh);
        made.existing = some_keys(&made.space.all(), asset.existing);
        made.policy = match asset.policy {
            0 => BackfillPolicy::one_run(),
            1 => BackfillPolicy::multi_run(3),
            2 => BackfillPolicy::multi_run(7),
            _ => BackfillPolicy::default(),
        };
    }
    given
}

/// The plan of a request; a problem if it makes nothing.
fn planned(given: &Given, request: &AnyRequest) -> Result<Plan, Problem> {
    let anchor = &given.assets[request.anchor % given.assets.len()];
    let options = BackfillOptions {
        all: request.all,
        order: if request.newest { RunOrder::NewestFirst } else { RunOrder::OldestFirst },
        runs_at_a_time: NonZeroU32::new(request.runs).unwrap(),
        partitions_per_run: NonZeroU64::new(request.per_run),
        stop: match request.share {
            Some(percent) => StopRule::Share { share: f64::from(percent) / 100.0, finished: 3 },
            None => StopRule::Never,
        },
        ..BackfillOptions::default()
    };
    let keys = some_keys(&anchor.space.all(), request.keys);
    plan(&given.assets, &BackfillRequest { anchor: anchor.name.clone(), keys, options })
}

/// That each key is planned as it must be, looked at for itself.
fn check_plan(given: &Given, plan: &Plan) {
    let request = plan.request();
    for (asset, planned) in given.assets.iter().zip(plan.assets()) {
        let left_out = planned.left_out.iter().map(|left_out| &left_out.keys);
        let dimensions = planned.make.dimensions();
        let (all, count) = left_out.fold(
            (planned.make.union(&planned.fresh), planned.make.count() + planned.fresh.count()),
            |(all, count), keys| (all.union(keys), count + keys.count()),
        );
        assert_eq!(all.count(), count, "sets are disjoint");
        if planned.name == request.anchor {
            assert_eq!(all, request.keys);
        }
        let stage = planned.stage.and_then(|stage| plan.stage(stage));
        assert_eq!(stage.is_some(), !planned.make.is_empty(), "what is made has a stage");
        assert!(stage.is_none_or(|stage| planned.make.difference(&stage.keys).is_empty()));
        for key in keys(&all) {
            let takes_made = |input: &BackfillInput| {
                let (space, own) =
                    (&given.assets[input.upstream].space, KeySet::of(dimensions, [key.clone()]));
                let taken = input.mapping.upstream_of(&own, &asset.space, space).keys;
                !taken.intersection(&plan.assets()[input.upstream].make).is_empty()
            };
            let is_fresh =
                asset.fresh.contains(&key) && !request.options.all && !asset.inputs.iter().any(takes_made);
            assert_eq!(planned.fresh.contains(&key), is_fresh);
            if is_fresh {
                continue;
            }
            let lacking =
                asset.inputs.iter().filter(|input| !input.mapping.tolerates_missing()).flat_map(|input| {
                    let (upstream, made) =
                        (&given.assets[input.upstream], &plan.assets()[input.upstream].make);
                    let own = KeySet::of(dimensions, [key.clone()]);
                    let taken = input.mapping.upstream_of(&own, &asset.space, &upstream.space);
                    let has_none = |key: &Vec<i64>| {
                        !made.contains(key)
                            && !upstream.existing.contains(key)
                            && !upstream.fresh.contains(key)
                    };
                    let not_made = keys(&taken.keys).iter().any(has_none);
                    [
                        (!taken.lacking.is_empty()).then_some((&upstream.name, LeftOutReason::NoSuchKey)),
                        not_made.then_some((&upstream.name, LeftOutReason::NotMade)),
                    ]
                });
            // Of several reasons, the first is given.
            let told = planned.left_out.iter().find(|left_out| left_out.keys.contains(&key));
            assert_eq!(told.map(|told| (&told.upstream, told.reason)), lacking.flatten().next());
        }
    }
}

/// A backfill beside its model.
struct Both {
    backfill: Backfill,
    model: Model,
    runs: u128,
}

impl Both {
    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Start => {
                for run in self.backfill.next_runs() {
                    self.runs += 1;
                    self.model.start(&run);
                    self.backfill.started(run_id(self.runs), run).unwrap();
                }
            }
            Happening::Finish(number) => {
                let Some((id, run)) = self.run(number) else { return };
                let reported = some_keys(&run.keys, !(number >> 3));
                let succeeded = if number & 4 == 0 { run.keys.clone() } else { reported };
                let canceled = some_keys(&run.keys.difference(&succeeded), number.rotate_left(9));
                let lost = KeySet::empty(succeeded.dimensions());
                let outcome = RunOutcome { succeeded, canceled, lost };
                self.model.finish(&run, &outcome);
                self.backfill.finished(id, &outcome).unwrap();
            }
            Happening::Lose(number) => {
                let Some((id, run)) = self.run(number) else { return };
                self.model.lose(&run);
                self.backfill.lost(id).unwrap();
                assert!(self.backfill.lost(id).is_err());
            }
            Happening::Crash => {
                let json = serde_json::to_string(&self.backfill).unwrap();
                self.backfill = serde_json::from_str(&json).unwrap();
                assert_eq!(serde_json::to_string(&self.backfill).unwrap(), json);
            }
            Happening::Pause => {
                self.attempt(Backfill::pause);
            }
            Happening::Resume => {
                self.attempt(Backfill::resume);
            }
            Happening::Cancel => {
                if let Some(runs) = self.attempt(Backfill::cancel) {
                    assert!(runs.iter().eq(self.backfill.state().runs().keys()));
                    self.model.cancel();
                }
            }
            Happening::Retry => {
                if self.attempt(Backfill::retry).is_some() {
                    self.model.retry();
                }
            }
        }
        self.model.check(&self.backfill);
    }

    /// What comes of an operation; `None` if it is refused, which changes nothing.
    fn attempt<T>(&mut self, operation: impl Fn(&mut Backfill) -> Result<T, BackfillError>) -> Option<T> {
        let before = self.backfill.state().clone();
        let done = operation(&mut self.backfill).ok();
        assert!(done.is_some() || *self.backfill.state() == before);
        done
    }

    fn run(&self, number: u32) -> Option<(RunId, BackfillRun)> {
        let runs = self.backfill.state().runs();
        let place = (number as usize).checked_rem(runs.len())?;
        runs.iter().nth(place).map(|(id, run)| (*id, run.clone()))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_backfill_ends(
        assets in prop::collection::vec(any_asset(), 1..5),
        request in any_request(),
        happenings in prop::collection::vec(any_happening(), 0..60),
    ) {
        let given = given(&assets);
        let plan = planned(&given, &request);
        prop_assume!(plan.is_ok());
        let plan = plan.unwrap();
        check_plan(&given, &plan);
        let mut both = Both { model: Model::new(&given, &plan), backfill: Backfill::new(plan), runs: 0 };
        for happening in happenings {
            both.happen(happening);
        }
        // From here on everything succeeds.
        both.happen(Happening::Resume);
        for _ in 0..10_000 {
            if both.backfill.status().is_ended() {
                break;
            }
            both.happen(Happening::Start);
            both.happen(Happening::Finish(0));
        }
        let status = both.backfill.status();
        prop_assert!(status.is_ended(), "{status}");
        let counts = both.backfill.state().counts();
        prop_assert_eq!(counts.running, 0);
        match status {
            BackfillStatus::Succeeded => prop_assert_eq!(counts.succeeded, counts.total()),
            BackfillStatus::Canceled => prop_assert_eq!(counts.waiting, 0),
            BackfillStatus::Failed => prop_assert!(counts.waiting == 0 || request.share.is_some()),
            BackfillStatus::Requested
            | BackfillStatus::Running
            | BackfillStatus::Paused
            | BackfillStatus::Canceling
            | BackfillStatus::Failing => prop_assert!(false, "{status}"),
        }
        // What failed can be retried until all have succeeded.
        if status == BackfillStatus::Failed {
            both.happen(Happening::Retry);
            for _ in 0..10_000 {
                both.happen(Happening::Start);
                both.happen(Happening::Finish(0));
                if both.backfill.status().is_ended() {
                    break;
                }
            }
            prop_assert_eq!(both.backfill.status(), BackfillStatus::Succeeded);
        }
    }
}
