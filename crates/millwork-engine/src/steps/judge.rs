//! What is particular to a gate: it judges against the version in use now, and its verdict, the move of the alias and its success are one
//! append.
//!
//! The append is refused if the alias was moved since the gate has read it. Nothing of the verdict is recorded then, and the gate judges
//! again, against the version that is in use by now. Time limits and cancellations end the function, and never the append: what the log
//! says of a verdict is also what the run believes.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use millwork_core::event::{
    AliasChange, AliasMoved, Asked, Event, EventBody, EventKind, InputVersion, Mover, Provenance,
    ShadowTrial, VersionJudged,
};
use millwork_core::graph::{AssetGraph, AssetIndex, StepKind};
use millwork_core::model::ModelHistory;
use millwork_core::plan::{PlanIndex, PlannedInput, PlannedStep};
use millwork_core::run::{Failure, FailureKind};
use millwork_core::version::{AliasName, ReadAs, VersionNumber};
use millwork_core::{
    Absent, Answer, AssetPartition, DataVersion, Decision, GateDefinition, Verdict, check_metadata,
};
use millwork_storage::{EventQuery, Order, StorageError, Store, input_event};

use super::AttemptEnd;
use crate::logs::StepRecorder;
use crate::runs::{Pins, RunContext, StoredInput, is_compared, version_event};
use crate::values::ValueError;

/// The versions that a gate compares.
#[derive(Clone, Debug)]
pub(crate) struct Contest {
    /// The version that it judges.
    pub(super) challenger: Arc<Event>,
    /// The version in use; `None` if there is none.
    pub(super) champion: Option<StoredInput>,
    /// What the gate is given of them beside the challenger: the version in use, and what both were made from.
    pub(crate) compared: Vec<(AssetIndex, ReadAs, StoredInput)>,
}

/// A verdict that isn't recorded yet.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(super) contest: Contest,
    pub(super) verdict: Verdict,
    /// The gate's code and configuration, and the versions of everything that it was given.
    pub(super) provenance: Provenance,
}

impl Contest {
    /// Reads what is to be compared. Everything that the run has recorded so far is on disk then.
    pub(super) async fn now(context: &RunContext, position: PlanIndex) -> Result<Self, StorageError> {
        let (gate, asset) = judged_by(context, position);
        let key = asset.by_key(&context.planned.graph);
        let challenger = async {
            context.recorder.commit(Vec::new()).await?;
            Self::challenger(context, &asset, &key).await
        };
        // Read while the disk writes: if the alias moves meanwhile, the verdict is refused.
        let champion = Self::champion(&*context.store, &key, &gate.alias);
        let versions = futures::try_join!(challenger, champion)?;
        let planned = &context.planned.plan.steps[position];
        Self::of(&*context.store, &context.planned.graph, planned, versions).await
    }

    /// The version that the run has made, or else the stored one.
    async fn challenger(
        context: &RunContext,
        asset: &AssetPartition<AssetIndex>,
        key: &AssetPartition,
    ) -> Result<Arc<Event>, StorageError> {
        let query = EventQuery {
            run: Some(context.run),
            asset: Some(key.asset.clone()),
            partition: Some(key.partition.clone()),
            kinds: Some(EventKind::Materialized.into()),
            order: Order::NewestFirst,
            limit: Some(1),
            ..EventQuery::default()
        };
        let made = context.store.events(query).await?.pop().map(Arc::new);
        let stored = || context.planned.stored.get(asset).map(|stored| stored.event.clone());
        made.or_else(stored)
            .ok_or_else(|| StorageError::UnknownVersion { asset: key.clone(), version: VersionNumber::FIRST })
    }

    /// The version that an alias points at now.
    pub(crate) async fn champion(
        store: &dyn Store,
        of: &AssetPartition,
        alias: &AliasName,
    ) -> Result<Option<StoredInput>, StorageError> {
        let aliases = store.aliases(std::slice::from_ref(&of.asset)).await?;
        match aliases.into_iter().find(|one| one.asset == *of && one.alias == *alias) {
            Some(found) => Ok(Some(StoredInput::new(version_event(store, of, found.version).await?))),
            None => Ok(None),
        }
    }

    /// The contest of a challenger and the version in use, with what the gate is given of both.
    pub(crate) async fn of(
        store: &dyn Store,
        graph: &AssetGraph,
        planned: &PlannedStep,
        (challenger, champion): (Arc<Event>, Option<StoredInput>),
    ) -> Result<Self, StorageError> {
        let mut contest = Self { challenger, champion, compared: Vec::new() };
        contest.compared = contest.read(store, graph, planned).await?;
        Ok(contest)
    }

    /// Reads what the gate is given of the versions beside the challenger.
    async fn read(
        &self,
        store: &dyn Store,
        graph: &AssetGraph,
        planned: &PlannedStep,
    ) -> Result<Vec<(AssetIndex, ReadAs, StoredInput)>, StorageError> {
        let mut compared = Vec::new();
        for input in planned.inputs.iter().filter(|input| is_compared(graph, planned, input)) {
            let of = match &input.read_as {
                ReadAs::Latest | ReadAs::History { .. } | ReadAs::Shadow { .. } => continue,
                ReadAs::Alias(_) => {
                    let champion = self.champion.clone().filter(|_| input.loads);
                    compared.extend(champion.map(|champion| (input.asset, input.read_as.clone(), champion)));
                    continue;
                }
                ReadAs::InputOf { .. } => self.champion.as_ref().map(|champion| &*champion.event),
                ReadAs::InputOfChallenger { .. } => Some(&*self.challenger),
            };
            let Some(of) = of else { continue };
            let provenance = of.body.provenance();
            for partition in input.asset_partitions() {
                let key = partition.by_key(graph);
                let mut inputs = provenance.iter().flat_map(|provenance| &provenance.inputs);
                let Some(found) = inputs.find(|input| input.upstream == key && !input.read_as.is_of_shadow())
                else {
                    continue;
                };
                let event = input_event(store, of, found).await?;
                let stored = event.map(|event| (input.asset, input.read_as.clone(), StoredInput::new(event)));
                compared.extend(stored);
            }
        }
        Ok(compared)
    }

    /// What the gate can't do without, and isn't there.
    pub(crate) fn lack(
        &self,
        graph: &AssetGraph,
        planned: &PlannedStep,
        gate: &GateDefinition,
    ) -> Option<Failure> {
        let is_there = |input: &PlannedInput| {
            self.compared.iter().any(|(asset, read_as, _)| *asset == input.asset && *read_as == input.read_as)
        };
        let mut needed = planned.inputs.iter().filter(|input| {
            input.loads && input.absent == Absent::SkipsTheStep && is_compared(graph, planned, input)
        });
        let missing = needed.find(|input| !is_there(input))?;
        let key = graph.key(missing.asset);
        let failure = match &missing.read_as {
            ReadAs::InputOfChallenger { model } => {
                let message = format!("the new version of `{model}` was not made from `{key}`");
                Failure::new(FailureKind::Input, message)
            }
            ReadAs::Latest
            | ReadAs::History { .. }
            | ReadAs::Shadow { .. }
            | ReadAs::Alias(_)
            | ReadAs::InputOf { .. } => {
                let message = format!("`{}` has no {}", gate.asset, gate.alias);
                let hint = "let the gate take `Option<…>` of it, and promote the first version";
                Failure::new(FailureKind::Input, message).with_hint(hint)
            }
        };
        Some(failure)
    }

    /// The versions of a gate's inputs, with those that only it knows.
    pub(crate) fn complete(
        &self,
        graph: &AssetGraph,
        judged: &AssetPartition,
        mut inputs: Vec<InputVersion>,
    ) -> Vec<InputVersion> {
        for input in &mut inputs {
            let compared = self.compared.iter().find(|(asset, read_as, _)| {
                *graph.key(*asset) == input.upstream.asset && *read_as == input.read_as
            });
            let event = match &input.read_as {
                ReadAs::Latest if input.upstream == *judged => Some(&*self.challenger),
                ReadAs::Latest | ReadAs::History { .. } | ReadAs::Shadow { .. } => continue,
                ReadAs::Alias(_) if input.upstream == *judged => {
                    self.champion.as_ref().map(|one| &*one.event)
                }
                ReadAs::Alias(_) | ReadAs::InputOf { .. } | ReadAs::InputOfChallenger { .. } => {
                    compared.map(|(_, _, stored)| &*stored.event)
                }
            };
            if let Some(event) = event {
                (input.version, input.data_version) = (event.body.version(), data_version(event));
            }
        }
        inputs
    }
}

/// A verdict as events: the verdict itself, and the move of the alias that follows from it.
#[derive(Debug)]
pub(crate) struct Ruling {
    pub(crate) bodies: Vec<EventBody>,
    /// Whether the alias moves to the challenger.
    pub(crate) promotes: bool,
}

impl Contest {
    /// The events of a verdict. `answers` is the verdict whose trial in shadow it ends.
    ///
    /// # Errors
    ///
    /// When the verdict can't be recorded, or asks for outcomes that there can't be.
    pub(crate) fn ruling(
        &self,
        gate: &GateDefinition,
        verdict: Verdict,
        provenance: Provenance,
        now: Timestamp,
        answers: Option<u64>,
    ) -> Result<Ruling, Failure> {
        if let Err(error) = check_metadata(&verdict.metadata) {
            return Err(Failure::of_error(FailureKind::Output, &ValueError::from(error)));
        }
        let Some(version) = self.challenger.body.version() else {
            let message = format!("the version of `{}` that was to be judged has no number", gate.asset);
            return Err(Failure::new(FailureKind::Input, message).with_hint("materialize it again"));
        };
        let against = self.champion.as_ref().and_then(|champion| champion.event.body.version());
        let Recorded { decision, asked, shadow } = Recorded::of(gate, &verdict.answer, now)?;
        if shadow.is_some() && against.is_none() {
            let message = format!(
                "gate `{}` asked for outcomes of version {version}, but `{}` has no {} beside which it could predict",
                gate.name, gate.asset, gate.alias
            );
            return Err(Failure::new(FailureKind::Output, message).with_hint("promote the first version"));
        }
        let mut bodies = vec![EventBody::VersionJudged(VersionJudged {
            gate: gate.name.clone(),
            version,
            against,
            decision,
            asked,
            shadow,
            answers,
            reason: verdict.reason.clone(),
            metadata: verdict.metadata,
            provenance,
        })];
        let promotes = decision == Some(Decision::Promote) && against != Some(version);
        if promotes {
            bodies.push(EventBody::AliasMoved(AliasMoved {
                alias: gate.alias.clone(),
                from: against,
                to: Some(version),
                data_version: data_version(&self.challenger),
                change: AliasChange::Promoted,
                by: Mover::Gate(gate.name.clone()),
                reason: verdict.reason,
            }));
        }
        Ok(Ruling { bodies, promotes })
    }
}

fn data_version(event: &Event) -> Option<DataVersion> {
    Some(event.body.materialization()?.data_version.clone())
}

/// The gate at a position of the plan, and the asset and partition that it judges.
pub(super) fn judged_by(
    context: &RunContext,
    position: PlanIndex,
) -> (&GateDefinition, AssetPartition<AssetIndex>) {
    let planned = &context.planned;
    let StepKind::Gate { definition, asset } = &planned.step(position).kind else {
        unreachable!("only gates judge");
    };
    (definition, planned.output(position, *asset))
}

/// The verdict of a gate about a version, unless it promotes one that a watch has gone back from: that one isn't promoted again by itself, and
/// the version in use is kept.
pub(crate) async fn unless_left(
    store: &dyn Store,
    gate: &GateDefinition,
    (of, version): (&AssetPartition, Option<VersionNumber>),
    verdict: Verdict,
) -> Result<Verdict, StorageError> {
    let (Answer::Decided(Decision::Promote), Some(version)) = (&verdict.answer, version) else {
        return Ok(verdict);
    };
    let moves = EventQuery {
        asset: Some(of.asset.clone()),
        partition: Some(of.partition.clone()),
        kinds: Some(EventKind::AliasMoved.into()),
        ..EventQuery::default()
    };
    let history = ModelHistory::of(store.events(moves).await?);
    if history.left_by_watch(&gate.alias, version).is_none() {
        return Ok(verdict);
    }
    let left = "the watch has gone back from it, so that only people promote it";
    let reason = match verdict.reason.is_empty() {
        true => left.to_owned(),
        false => format!("{}; {left}", verdict.reason),
    };
    Ok(Verdict { answer: Answer::Decided(Decision::Keep), reason, ..verdict })
}

/// Records a verdict, with what follows from it, and returns what it means to the rest of the run.
pub(super) async fn record(
    context: &RunContext,
    position: PlanIndex,
    judged: Judged,
    micros: u64,
    recorder: &StepRecorder,
) -> AttemptEnd {
    let (gate, asset) = judged_by(context, position);
    let Judged { contest, mut verdict, provenance } = judged;
    verdict.metadata.extend(recorder.take_metadata());
    let judged_version = (&asset.by_key(&context.planned.graph), contest.challenger.body.version());
    let verdict = match unless_left(&*context.store, gate, judged_version, verdict).await {
        Ok(verdict) => verdict,
        Err(error) => return Failure::of_error(FailureKind::Output, &error).into(),
    };
    let ruling = match contest.ruling(gate, verdict, provenance, context.clock.now(), None) {
        Ok(ruling) => ruling,
        Err(failure) => return failure.into(),
    };
    let of_asset = |body| {
        let event = recorder.event(body);
        millwork_core::event::NewEvent { asset: Some(gate.asset.clone()), ..event }
    };
    let Ruling { bodies, promotes } = ruling;
    let mut events: Vec<_> = bodies.into_iter().map(of_asset).collect();
    events.push(recorder.event(EventBody::StepSucceeded { micros }));
    match context.recorder.commit(events).await {
        Ok(()) => {}
        Err(StorageError::AliasElsewhere { .. }) => return AttemptEnd::JudgeAgain,
        // The recorder has reported it.
        Err(_) => return AttemptEnd::Canceled,
    }
    let in_use = match promotes {
        true => Some((*contest.challenger).clone()),
        false => contest.champion.map(|champion| (*champion.event).clone()),
    };
    AttemptEnd::Judged { pins: decided(context, (gate, asset), in_use).await }
}

/// What aliases mean to the rest of the run once a gate has judged, and which version is in shadow.
async fn decided(
    context: &RunContext,
    (gate, asset): (&GateDefinition, AssetPartition<AssetIndex>),
    in_use: Option<Event>,
) -> Result<Pins, StorageError> {
    let (store, graph, plan) = (&*context.store, &context.planned.graph, &context.planned.plan);
    let mut pins = match in_use {
        Some(event) => {
            Pins::of_version(store, graph, plan, (asset.clone(), gate.alias.clone()), event).await?
        }
        None => Pins::default(),
    };
    if gate.shadow.is_some() {
        pins.take_over(Pins::of_shadow(store, graph, plan, asset).await?);
    }
    Ok(pins)
}

/// What is recorded of an answer: the decision, the question or the trial, with its time limit.
struct Recorded {
    decision: Option<Decision>,
    asked: Option<Asked>,
    shadow: Option<ShadowTrial>,
}

impl Recorded {
    fn of(gate: &GateDefinition, answer: &Answer, now: Timestamp) -> Result<Self, Failure> {
        let nothing = Self { decision: None, asked: None, shadow: None };
        Ok(match answer {
            Answer::Decided(decision) => Self { decision: Some(*decision), ..nothing },
            Answer::Ask(question) => {
                let (until, then) = limit(question.limit, now);
                Self { asked: Some(Asked { of: question.of.clone(), until, then }), ..nothing }
            }
            Answer::Shadow(outcomes) => {
                let Some(asset) = gate.shadow.clone() else {
                    let message =
                        format!("gate `{}` asked for outcomes, but names no asset for them", gate.name);
                    let hint = "name what is to be made in shadow: `#[gate(shadow = your_predictions)]`";
                    return Err(Failure::new(FailureKind::Output, message).with_hint(hint));
                };
                let (until, then) = limit(*outcomes, now);
                Self { shadow: Some(ShadowTrial { asset, until, then }), ..nothing }
            }
        })
    }
}

/// The end of a time limit that begins now, and the decision then.
fn limit(limit: Option<(Duration, Decision)>, now: Timestamp) -> (Option<Timestamp>, Option<Decision>) {
    let until = limit.map(|(limit, _)| {
        let limit = SignedDuration::try_from(limit).unwrap_or(SignedDuration::MAX);
        now.saturating_add(limit).unwrap_or(Timestamp::MAX)
    });
    (until, limit.map(|(_, then)| then))
}
