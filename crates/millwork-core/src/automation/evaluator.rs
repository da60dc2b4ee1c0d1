//! The evaluation of one condition: how each of its nodes stands, from below.
//!
//! What holds does so since a moment (the time of the event behind it, or now), and each node makes its moment of its children's. Below an
//! operator about other assets, a node has a moment for each of them, so it is evaluated once for each asset however many paths lead
//! there. What compares numbers records what it measured, for the explanation; what depends on time alone, when it is to be evaluated again.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::evaluate::EvaluationContext;
use super::keyed::{Among, Keyed};
use super::measured::worse_by;
use super::prepared_condition::PreparedCondition;
use super::standing::{HeldBack, Standing};
use super::{AssetFacts, Automation, AutomationState, Measured, Measurement, NodeId, Numbers, Truth};
use crate::condition::{ComparedWith, MetricComparison, Operand, Operator, Quantifier};
use crate::graph::AssetIndex;
use crate::index::IndexVec;
use crate::partition::KeySet;
use crate::stored::Number;

/// What an evaluation found of an asset or job.
pub(super) struct Finding {
    pub(super) standing: Keyed,
    pub(super) truths: Vec<Truth>,
    pub(super) measured: Vec<Measured>,
    /// When it can be another without a change; `None` if it can't.
    pub(super) again_at: Option<Timestamp>,
    /// Whether something is true that won't be at the next evaluation.
    pub(super) fleeting: bool,
    /// Whether everything is as it was.
    pub(super) same: bool,
    /// Whether the condition was evaluated for the first time.
    pub(super) initial: bool,
    /// Of an asset with partitions: those of which something isn't as it was, or won't be.
    pub(super) unsteady: Option<KeySet>,
}

/// One evaluation of one condition.
pub(super) struct Evaluator<'a> {
    pub(super) automation: &'a Automation,
    pub(super) state: &'a AutomationState,
    pub(super) context: &'a EvaluationContext,
    pub(super) prepared: &'a PreparedCondition,
    /// The asset or job that has the condition.
    pub(super) root: AssetIndex,
    pub(super) now: Timestamp,
    /// Whether the condition is evaluated for the first time.
    pub(super) initial: bool,
    /// The truths of the last evaluation, by node and asset.
    pub(super) before: &'a [Truth],
    /// What the last evaluation measured, and what was added up since.
    pub(super) measured_before: &'a [Measured],
    /// The truths found so far.
    pub(super) found: Vec<Truth>,
    /// What was measured so far.
    pub(super) measured: Vec<Measured>,
    pub(super) again_at: Option<Timestamp>,
    pub(super) fleeting: bool,
    /// The keys of which something isn't as it was, or won't be, of each asset that nodes below an operator are about; `None` if the asset with
    /// the condition has no partitions.
    pub(super) unsteady: Option<BTreeMap<(Option<NodeId>, AssetIndex), KeySet>>,
}

/// The value of an operand for an asset.
pub(super) enum Answer {
    /// Something happened, at this moment, or it didn't: true at one evaluation only.
    Event(Option<Timestamp>),
    /// Something happened to some keys, at a moment each.
    EventOf(Vec<(Timestamp, KeySet)>),
    /// Something is so, or isn't, until something happens.
    State(bool),
    /// Something is so of some keys, and of one that there isn't.
    StateOf(KeySet, bool),
    /// It can't be said.
    Unknown,
}

/// How each node stands for each asset that it is about.
struct Standings {
    /// Where those of each node begin.
    first: IndexVec<NodeId, usize>,
    all: Vec<Keyed>,
}

impl Standings {
    fn of(&self, node: NodeId, place: usize) -> &Keyed {
        &self.all[self.first[node] + place]
    }
}

/// The assets that nodes are about, sorted: those of a node below an operator about upstream assets stand under that operator.
pub(super) type Subjects = BTreeMap<Option<NodeId>, Vec<AssetIndex>>;

impl<'a> Evaluator<'a> {
    pub(super) fn evaluate(mut self) -> Finding {
        let prepared = self.prepared;
        let subjects = self.automation.subjects(self.root, prepared);
        let mut all = 0;
        let first = prepared.below.iter().map(|below| {
            let first = all;
            all += subjects[below].len();
            first
        });
        let first: IndexVec<NodeId, usize> = first.collect();
        let mut standings = Standings { first, all: vec![Keyed::All(Standing::Fails); all] };
        for node in prepared.nodes.ids().rev() {
            for (place, &asset) in subjects[&prepared.below[node]].iter().enumerate() {
                let standing = self.standing(node, place, asset, &subjects, &standings);
                self.remember(node, asset, &standing);
                standings.all[standings.first[node] + place] = standing;
            }
        }
        self.found.sort_by(|a, b| (a.node, &a.asset).cmp(&(b.node, &b.asset)));
        self.measured.sort_by_key(|measured| measured.node);
        self.measured.dedup_by_key(|measured| measured.node);
        let none = self.among(self.root).none();
        Finding {
            standing: standings.of(NodeId::ROOT, 0).clone(),
            initial: self.initial,
            unsteady: self.unsteady.map(|mut unsteady| unsteady.remove(&(None, self.root)).unwrap_or(none)),
            same: self.found == self.before,
            truths: self.found,
            measured: self.measured,
            again_at: self.again_at,
            fleeting: self.fleeting,
        }
    }

    /// How a node stands for an asset, the one at `place` of those that the node is about. The node's descendants have been evaluated: all
    /// of them, as an operator among them keeps state.
    fn standing(
        &mut self,
        node: NodeId,
        place: usize,
        asset: AssetIndex,
        subjects: &Subjects,
        standings: &Standings,
    ) -> Keyed {
        let prepared = self.prepared;
        let nodes = &prepared.nodes;
        let among = self.among(asset);
        let mut children = nodes.children(node).map(|child| standings.of(child, place));
        match nodes.operator(node) {
            Operator::Operand(operand) => {
                let answer = match self.automation.partitionings.of(asset) {
                    Some(_) => self.answer_of_keys(node, operand, asset, subjects),
                    None => self.answer(node, operand, asset),
                };
                self.keyed(node, asset, answer)
            }
            Operator::And { .. } => Keyed::all(children, among),
            Operator::Or { .. } => Keyed::any(children, among),
            Operator::Not => standings.of(node.first_child(), place).opposite(among),
            Operator::Labelled(_) => standings.of(node.first_child(), place).clone(),
            Operator::Since => match (children.next(), children.next()) {
                (Some(trigger), Some(reset)) => self.since(node, asset, (trigger, reset)),
                (_, _) => Keyed::All(Standing::Fails),
            },
            Operator::NewlyTrue => self.newly_true(node, asset, standings.of(node.first_child(), place)),
            Operator::Deps { quantifier, .. } => {
                let (below, counted) = (&subjects[&Some(node)], &prepared.deps[&node]);
                let upstream = self.automation.upstream[asset].iter().copied();
                let upstream = upstream.filter(|asset| self.automation.counts(counted, *asset));
                let upstream: Vec<AssetIndex> = upstream.collect();
                let found = upstream.iter().map(|upstream| {
                    let place =
                        below.binary_search(upstream).expect("it is among the upstream assets of all");
                    self.taken(*quantifier, (asset, *upstream), standings.of(node.first_child(), place))
                });
                let found: Vec<Keyed> = found.collect();
                upstream.iter().for_each(|upstream| self.pass_unsteady(node, asset, *upstream));
                match quantifier {
                    Quantifier::Any => Keyed::any(found.iter(), among),
                    Quantifier::All => Keyed::all(found.iter(), among),
                }
            }
            Operator::Asset(_) => {
                let named = subjects[&Some(node)].first().copied().unwrap_or(asset);
                self.pass_unsteady(node, asset, named);
                self.taken(Quantifier::Any, (asset, named), standings.of(node.first_child(), 0))
            }
            // What counts is about whole assets, also where they have partitions.
            Operator::ForEvaluations(evaluations) => {
                let standing = standings.of(node.first_child(), place).single();
                Keyed::All(self.counted(node, *evaluations, standing))
            }
            Operator::Cooldown(span) => {
                self.cooled(node, *span, standings.of(node.first_child(), place), among)
            }
            Operator::Budget { runs, span } => {
                self.budgeted(node, (*runs, *span), standings.of(node.first_child(), place), among)
            }
        }
    }

    /// Whether what stands so has held at this many materializations in a row.
    fn counted(&mut self, node: NodeId, evaluations: u32, standing: Standing) -> Standing {
        let before = match self.measured_before(node) {
            Some(Measurement::Evaluations(count)) => *count,
            Some(
                Measurement::Number { .. }
                | Measurement::SincePromotion { .. }
                | Measurement::Sum(_)
                | Measurement::MadeAt(_)
                | Measurement::Questions(_)
                | Measurement::LastRun(_)
                | Measurement::Runs(_),
            )
            | None => 0,
        };
        let is_new = before == 0 || self.context.to_count.contains(&(self.root, node));
        let count = match standing {
            Standing::Fails => 0,
            Standing::Unknown => before,
            Standing::HeldBack(_) | Standing::Holds(_) => before.saturating_add(u32::from(is_new)),
        };
        self.measure(node, Measurement::Evaluations(count));
        match standing {
            Standing::Unknown => Standing::Unknown,
            Standing::Fails | Standing::HeldBack(_) | Standing::Holds(_) if count < evaluations => {
                Standing::Fails
            }
            standing @ (Standing::Fails | Standing::HeldBack(_) | Standing::Holds(_)) => standing,
        }
    }

    /// What stands so, held back where the last run was requested within a span.
    fn cooled(&mut self, node: NodeId, span: Duration, standing: &Keyed, among: Among<'_>) -> Keyed {
        let facts = self.facts(self.root);
        let last = facts.requests.last().copied().max(facts.started_at);
        self.measure(node, Measurement::LastRun(last));
        let until = last.map(|last| after(last, span)).filter(|until| *until > self.now);
        let Some(until) = until else { return standing.clone() };
        let is_held_back =
            |standing: Standing| matches!(standing, Standing::Holds(_) | Standing::HeldBack(_));
        if standing.is_anywhere(is_held_back) {
            self.wake(until);
        }
        let held_back = Standing::HeldBack(HeldBack::Cooldown { until });
        standing.map(|standing| if is_held_back(standing) { held_back } else { standing }, among)
    }

    /// What stands so, held back where this many runs were requested within a span up to now. One that was requested just that long ago
    /// doesn't count any more.
    fn budgeted(
        &mut self,
        node: NodeId,
        (runs, span): (u32, Duration),
        standing: &Keyed,
        among: Among<'_>,
    ) -> Keyed {
        let requests = self.facts(self.root).requests.iter().map(|at| after(*at, span));
        let ends: Vec<Timestamp> = requests.filter(|end| *end > self.now).collect();
        let requested = u32::try_from(ends.len()).unwrap_or(u32::MAX);
        self.measure(node, Measurement::Runs(requested));
        let is_held_back = |standing: Standing| matches!(standing, Standing::Holds(_));
        if requested < runs || !standing.is_anywhere(is_held_back) {
            return standing.clone();
        }
        let until = ends[ends.len() - usize::try_from(runs).unwrap_or(ends.len())];
        self.wake(until);
        let held_back = Standing::HeldBack(HeldBack::Budget { until, runs: requested });
        standing.map(|standing| if is_held_back(standing) { held_back } else { standing }, among)
    }

    /// The condition is evaluated again at a moment, whatever happens.
    fn wake(&mut self, at: Timestamp) {
        self.again_at = Some(self.again_at.map_or(at, |earlier| earlier.min(at)));
    }

    fn measure(&mut self, node: NodeId, measurement: Measurement) {
        self.measured.push(Measured { node, measurement });
    }

    fn measured_before(&self, node: NodeId) -> Option<&Measurement> {
        let found = self.measured_before.binary_search_by_key(&node, |measured| measured.node).ok()?;
        Some(&self.measured_before[found].measurement)
    }

    pub(super) fn facts(&self, asset: AssetIndex) -> &AssetFacts {
        static UNKNOWN: LazyLock<AssetFacts> = LazyLock::new(AssetFacts::default);
        self.state.asset(&self.automation.keys[asset]).map_or(&UNKNOWN, |row| &row.facts)
    }

    /// The truth of the last evaluation.
    pub(super) fn was_true(&self, node: NodeId, asset: AssetIndex) -> Option<&'a Truth> {
        let wanted = (node, &self.automation.keys[asset]);
        let found = self.before.binary_search_by(|truth| (truth.node, &truth.asset).cmp(&wanted));
        found.ok().map(|index| &self.before[index])
    }

    /// The answer about an asset without partitions, or about an asset as a whole.
    pub(super) fn answer(&mut self, node: NodeId, operand: &Operand, asset: AssetIndex) -> Answer {
        let Self { automation, context, now, .. } = &*self;
        let facts = self.facts(asset);
        let passed = |check: &String| facts.checks.get(check).copied();
        match operand {
            Operand::NewlyUpdated => Answer::Event(context.updated.get(&asset).copied()),
            Operand::DataVersionChanged => Answer::Event(context.altered.get(&asset).copied()),
            Operand::CodeVersionChanged => Answer::Event(context.recoded.get(&asset).copied()),
            Operand::NewlyRequested => {
                let before = self.state.evaluated_at;
                Answer::Event(before.filter(|_| context.requested_before.contains(&asset)))
            }
            Operand::WillBeRequested => {
                let is_requested = context.requested_now.contains(&asset)
                    && automation.partitionings.share_runs(self.root, asset);
                Answer::Event(is_requested.then_some(*now))
            }
            Operand::InitialEvaluation => Answer::Event(self.initial.then_some(*now)),
            Operand::CronTickPassed { cron, zone } => {
                let tick = context.ticks.get(&(cron.clone(), zone.clone())).copied();
                Answer::Event(tick.filter(|_| !self.initial))
            }
            // There is only one.
            Operand::InLatestTimeWindow { .. } => Answer::State(true),
            Operand::BackfillInProgress => {
                let key = &automation.keys[asset];
                let keys = self.state.known.backfills.get(key);
                Answer::State(keys.is_some_and(|keys| !keys.is_empty()))
            }
            // An external asset counts as present without a report.
            Operand::Missing => Answer::State(facts.updated_at.is_none() && !automation.external[asset]),
            Operand::InProgress => Answer::State(!facts.runs.is_empty()),
            Operand::ExecutionFailed => Answer::State(facts.failures > 0),
            Operand::ExecutedWithRootTarget => Answer::State(
                automation.partitionings.share_runs(self.root, asset)
                    && facts.targets.contains(&automation.keys[self.root]),
            ),
            Operand::ExecutedWithTag { tag, value } => Answer::State(facts.tags.get(tag) == Some(value)),
            Operand::CheckPassed(check) => Answer::State(passed(check) == Some(true)),
            Operand::CheckFailed(check) => Answer::State(passed(check) == Some(false)),
            Operand::AnyCheckFailed => Answer::State(facts.checks.values().any(|passed| !passed)),
            Operand::BlockingChecksPassed => {
                let mut checks = automation.blocking_checks[asset].iter();
                Answer::State(checks.all(|check| passed(check) == Some(true)))
            }
            Operand::Metric(comparison) => self.compare(node, comparison),
            Operand::OlderThan { age, .. } => self.aged(node, *age),
            Operand::VerdictPending(_) => {
                let model = self.prepared.named.of_nodes[&node].asset;
                self.asked(node, &[model])
            }
            Operand::OwnVerdictPending => self.asked(node, &self.prepared.named.own_models),
        }
    }

    fn compare(&mut self, node: NodeId, comparison: &MetricComparison) -> Answer {
        let named = &self.prepared.named.of_nodes[&node];
        let facts = self.facts(named.asset);
        let number = |version| {
            let (value, coverage) = comparison.number(&facts.numbers, version);
            let known = value.and_then(Number::finite).filter(|_| comparison.is_covered(coverage));
            (value, coverage, known)
        };
        let alias = named.alias.map(|alias| &self.automation.keys[alias]);
        let at_promotion = || alias.and_then(|alias| facts.at_promotion.get(alias));
        let number_at = |numbers: Option<&Numbers>| {
            numbers.and_then(|numbers| numbers.get(&comparison.number_at_promotion())).copied()
        };
        let (measurement, holds) = match &comparison.with {
            ComparedWith::Above(bound) | ComparedWith::Below(bound) if named.alias.is_some() => {
                let at_promotion = at_promotion();
                let version = at_promotion.and_then(|promotion| promotion.version);
                let before = number_at(at_promotion.map(|promotion| &promotion.numbers));
                let (value, coverage, known) = number(version);
                let is_above = matches!(comparison.with, ComparedWith::Above(_));
                let holds = known.map(|value| if is_above { value > bound.0 } else { value < bound.0 });
                let measurement = match before {
                    Some(_) => Measurement::Number { value, coverage },
                    None => Measurement::SincePromotion { value, coverage, before, version, worse_by: None },
                };
                (measurement, holds.filter(|_| before.is_some()))
            }
            ComparedWith::Above(bound) | ComparedWith::Below(bound) => {
                let (value, coverage, known) = number(None);
                let is_above = matches!(comparison.with, ComparedWith::Above(_));
                let holds = known.map(|value| if is_above { value > bound.0 } else { value < bound.0 });
                (Measurement::Number { value, coverage }, holds)
            }
            ComparedWith::WorseThanAtPromotion { share, .. }
            | ComparedWith::WorseThanBeforePromotion { share, .. } => {
                let at_promotion = at_promotion();
                let version = at_promotion.and_then(|promotion| promotion.version);
                let first = number_at(at_promotion.map(|promotion| &promotion.numbers));
                let before = match comparison.is_with_before() {
                    true => number_at(at_promotion.map(|promotion| &promotion.before)),
                    false => first,
                };
                let (value, coverage, known) = number(version);
                // What was measured before the promotion is of another version.
                let worse_by = match (named.better, before, known.filter(|_| first.is_some())) {
                    (Some(better), Some(before), Some(known)) => worse_by(better, before, Number(known)),
                    (None, ..) | (_, None, _) | (.., None) => None,
                };
                let holds = worse_by.map(|worse_by| worse_by.0 > share.0);
                (Measurement::SincePromotion { value, coverage, before, version, worse_by }, holds)
            }
            ComparedWith::AddsUpTo(bound) => {
                let sum = match self.measured_before(node) {
                    Some(Measurement::Sum(sum)) => *sum,
                    Some(
                        Measurement::Number { .. }
                        | Measurement::SincePromotion { .. }
                        | Measurement::MadeAt(_)
                        | Measurement::Questions(_)
                        | Measurement::Evaluations(_)
                        | Measurement::LastRun(_)
                        | Measurement::Runs(_),
                    )
                    | None => Number(0.0),
                };
                (Measurement::Sum(sum), Some(sum.0 >= bound.0))
            }
        };
        self.measure(node, measurement);
        holds.map_or(Answer::Unknown, Answer::State)
    }

    /// Whether what is in use of an asset is older than this.
    fn aged(&mut self, node: NodeId, age: Duration) -> Answer {
        let named = &self.prepared.named.of_nodes[&node];
        let made_at = match named.alias {
            Some(alias) => self.facts(alias).made_at,
            None => self.facts(named.asset).updated_at,
        };
        self.measure(node, Measurement::MadeAt(made_at));
        let Some(made_at) = made_at else { return Answer::Unknown };
        let until = after(made_at, age);
        if until > self.now {
            self.wake(until);
        }
        Answer::State(until <= self.now)
    }

    fn asked(&mut self, node: NodeId, models: &[AssetIndex]) -> Answer {
        let pending = |facts: &AssetFacts| facts.questions.len() + facts.in_shadow().len();
        let questions = models.iter().map(|model| pending(self.facts(*model))).sum();
        self.measure(node, Measurement::Questions(questions));
        Answer::State(questions > 0)
    }
}

/// A moment that lies a span after another one.
fn after(at: Timestamp, span: Duration) -> Timestamp {
    let span = SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX);
    at.saturating_add(span).unwrap_or(Timestamp::MAX)
}
