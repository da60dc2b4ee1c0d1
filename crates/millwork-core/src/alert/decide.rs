//! Alert decisions: whether an occurrence fires an alert.
//!
//! `matches` maps an occurrence to the subjects of a trigger (a run's origin, an asset, a check) and their states. `transition` compares
//! a state with the subject's state before, and decides whether an alert is sent now. An event alerts each time; a lasting state alerts
//! when it begins, when it gets worse and when it is over; during the rule's cooldown, no alert is sent.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::message::{moment, text};
use super::version_news::version_news;
use super::{Alert, AlertKind, AlertRule, Occurrence, OccurrenceKind, Trigger};
use crate::asset::{AssetKey, AssetMetric, MetadataValue, MetricChange, Severity};
use crate::automation::{
    Automation, AutomationCondition, FailureBackoff, change_in_words, job_name, model_measured_by,
    numbers_of, of_version, worse_by,
};
use crate::clock::CLOCK_TOLERANCE;
use crate::condition::COVERAGE;
use crate::event::{ShadowCalled, ShadowOutcome};
use crate::freshness::{AssetFreshness, Freshness, FreshnessPolicy};
use crate::graph::{AssetGraph, Selection};
use crate::instigator::Instigator;
use crate::run::RunStatus;
use crate::stored::Number;
use crate::version::VersionNumber;

/// The rules of a pipeline, with the assets that they are for.
#[derive(Clone, Debug, Default)]
pub struct AlertRules {
    rules: Vec<(AlertRule, Option<HashSet<AssetKey>>)>,
    /// The metrics of the assets that name one.
    metrics: HashMap<AssetKey, AssetMetric>,
    /// The address of the pages; `None` if they have none.
    url: Option<String>,
}

impl AlertRules {
    /// The rules of a pipeline, and its graph. `url` is the address of the pages, if there is one, for links.
    pub fn new(rules: &[AlertRule], graph: &AssetGraph, url: Option<&str>) -> Self {
        let assets = |selection: &String| -> HashSet<AssetKey> {
            // The selection was checked when the definitions were resolved.
            let selected = Selection::parse(selection).and_then(|selection| selection.select(graph));
            selected.into_iter().flatten().map(|asset| graph.key(asset).clone()).collect()
        };
        let rules = rules.iter().map(|rule| (rule.clone(), rule.selection.as_ref().map(assets)));
        let specs = graph.assets().iter().map(|asset| &asset.spec);
        let metrics = specs.filter_map(|spec| Some((spec.key.clone(), spec.metric.clone()?)));
        Self {
            rules: rules.collect(),
            metrics: metrics.collect(),
            url: url.map(|url| url.trim_end_matches('/').to_owned()),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether one of them wants to know of assets that aren't fresh.
    pub fn watch_freshness(&self) -> bool {
        let mut triggers = self.rules.iter().flat_map(|(rule, _)| &rule.triggers);
        triggers.any(|trigger| matches!(trigger, Trigger::NotFresh(_)))
    }

    /// Whether one of them wants to know how a metric of an asset changed.
    pub fn compares(&self, asset: &AssetKey) -> bool {
        self.rules.iter().any(|(rule, assets)| {
            assets.as_ref().is_none_or(|assets| assets.contains(asset))
                && rule.triggers.iter().any(Trigger::compares)
        })
    }

    /// The conditions whose numbers at promotion the rules ask for when an asset is materialized; `None` if they ask for none.
    pub fn compared_with_promotion(&self, graph: &AssetGraph, asset: &AssetKey) -> Option<Automation> {
        let index = graph.index(asset.as_str())?;
        let rules = self
            .rules
            .iter()
            .filter(|(_, assets)| assets.as_ref().is_none_or(|assets| assets.contains(asset)));
        let metrics: BTreeSet<&str> = rules
            .flat_map(|(rule, _)| &rule.triggers)
            .filter_map(Trigger::metric_since_promotion)
            .filter(|metric| model_measured_by(graph, index, metric).is_some())
            .collect();
        let compared = metrics
            .iter()
            .map(|metric| AutomationCondition::metric(asset.clone(), *metric).worse_than_at_promotion(0.0));
        let condition = AutomationCondition::any_of(compared);
        let conditions = (!metrics.is_empty()).then(|| (asset.clone(), condition))?;
        Automation::new(graph, [conditions], FailureBackoff::default()).ok()
    }

    /// Whether a number of an asset has become better or worse; `None` if it isn't the asset's metric, or is equal.
    fn judged(&self, asset: &AssetKey, label: &str, before: f64, after: f64) -> Option<MetricChange> {
        let metric = self.metrics.get(asset).filter(|metric| metric.label == label)?;
        metric.better.compare(before, after)
    }

    fn url(&self, occurrence: &Occurrence, asset: Option<&AssetKey>) -> Option<String> {
        let base = self.url.as_ref()?;
        if let (Some(model), Some(_)) = (asset, occurrence.kind.version()) {
            return Some(format!("{base}/models/{model}"));
        }
        Some(match (occurrence.run, asset) {
            (Some(run), _) => format!("{base}/runs/{run}"),
            (None, Some(asset)) => format!("{base}/assets/{asset}"),
            (None, None) => base.clone(),
        })
    }
}

/// The alerts that follow from an occurrence. The states are those before, and are changed to those after: both are to be stored
/// together, or the same alerts are sent again.
pub fn decide(rules: &AlertRules, states: &mut AlertStates, occurrence: &Occurrence) -> Vec<Alert> {
    let mut alerts = Vec::new();
    for (rule, assets) in &rules.rules {
        if !has_tags(rule, occurrence) {
            continue;
        }
        let wanted = |asset: &AssetKey| assets.as_ref().is_none_or(|assets| assets.contains(asset));
        for trigger in &rule.triggers {
            for found in matches(rules, trigger, occurrence) {
                let concerns = match &found.asset {
                    Some(asset) => wanted(asset),
                    None => assets.is_none() || occurrence.assets.iter().any(wanted),
                };
                if concerns {
                    alerts.extend(alert_for(rules, rule, trigger, states, occurrence, &found));
                }
            }
        }
    }
    alerts
}

fn has_tags(rule: &AlertRule, occurrence: &Occurrence) -> bool {
    rule.tags.iter().all(|(key, value)| occurrence.tags.get(key) == Some(value))
}

/// The alert of one match, if one is sent.
fn alert_for(
    rules: &AlertRules,
    rule: &AlertRule,
    trigger: &Trigger,
    states: &mut AlertStates,
    occurrence: &Occurrence,
    found: &Match,
) -> Option<Alert> {
    let key = format!("{}: {}", trigger.stored_name(), found.stored_subject);
    let slot = format!("{}: {key}", rule.name);
    let mut state = states.0.remove(&slot).unwrap_or_default();
    let change = transition(rule, &mut state, occurrence, found.state);
    // A good state without a cooldown need not be stored.
    if state.since.is_some() || state.is_cooling(rule.cooldown, occurrence.at) {
        states.0.insert(slot, state);
    }
    let (kind, since, held_back) = change?;
    let url = rules.url(occurrence, found.asset.as_ref());
    Some(Alert {
        rule: rule.name.clone(),
        key,
        kind,
        title: match kind {
            AlertKind::Recovered => format!("Over: {trigger}, {}", found.subject),
            AlertKind::Raised | AlertKind::Test => found.title.clone(),
        },
        text: text(found, occurrence, kind, since, held_back, url.as_deref()),
        at: occurrence.at,
        since,
        run: occurrence.run,
        asset: found.asset.clone(),
        partition: occurrence.partition.clone(),
        version: occurrence.kind.version(),
        url,
        held_back,
    })
}

/// Changes the state of a subject by what was found of it. Returns which alert that makes, since when it is so, and how many alerts were
/// held back before; `None` if no alert is sent.
fn transition(
    rule: &AlertRule,
    state: &mut AlertState,
    occurrence: &Occurrence,
    found: SubjectState,
) -> Option<(AlertKind, Timestamp, u32)> {
    let at = occurrence.at;
    let (level, since) = match found {
        SubjectState::Good => {
            let since = state.since.take()?;
            state.held_back = 0;
            return state.alerted_level.take().map(|_| (AlertKind::Recovered, since, 0));
        }
        SubjectState::Happened => (None, at),
        SubjectState::Failed => (None, *state.since.get_or_insert(at)),
        SubjectState::Bad(level, since) => (Some(level), *state.since.get_or_insert(since.unwrap_or(at))),
    };
    if level.is_some() && state.alerted_level >= level {
        return None;
    }
    if state.is_cooling(rule.cooldown, at) {
        // A lasting state is evaluated again after the cooldown; an event is not, so it is counted.
        state.held_back += u32::from(level.is_none());
        return None;
    }
    (state.alerted_at, state.alerted_level) = (Some(at), level);
    Some((AlertKind::Raised, since, std::mem::take(&mut state.held_back)))
}

/// The state of every subject that there was an alert about, by rule, trigger and subject. It is stored with the alerts that follow from
/// it, in one commit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AlertStates(pub BTreeMap<String, AlertState>);

/// The state of one subject of a rule: a run's origin, an asset, a check.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertState {
    /// When its current trouble began; `None` if it is in a good state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// When the last alert about it was sent; `None` before the first.
    #[serde(rename = "told_at", default, skip_serializing_if = "Option::is_none")]
    pub alerted_at: Option<Timestamp>,
    /// How bad it was then, until an alert has said that it is over.
    #[serde(rename = "told_level", default, skip_serializing_if = "Option::is_none")]
    pub alerted_level: Option<u8>,
    /// The number of alerts that were held back since.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub held_back: u32,
}

impl AlertState {
    /// Whether an alert at `at` is held back, because one was sent shortly before. What happens in several processes is read a
    /// little out of order; but an alert that was sent well after `at` was sent by a clock that was ahead, and holds
    /// nothing back.
    fn is_cooling(&self, cooldown: Duration, at: Timestamp) -> bool {
        let cooldown = SignedDuration::try_from(cooldown).unwrap_or(SignedDuration::MAX);
        let is_within = |since: SignedDuration| -CLOCK_TOLERANCE.min(cooldown) < since && since < cooldown;
        self.alerted_at.is_some_and(|last| is_within(at.duration_since(last)))
    }
}

// The signature is serde's.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// The match of an occurrence with one subject of a trigger.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Match {
    /// The subject's name in the store, under which its state is kept. It never changes.
    stored_subject: String,
    /// The subject in words.
    subject: String,
    /// The asset, if it is about one.
    pub(super) asset: Option<AssetKey>,
    state: SubjectState,
    /// What happened, in one line.
    title: String,
    /// The particulars; may be empty.
    pub(super) detail: String,
    /// The command that shows more.
    pub(super) command: String,
}

/// The state of a trigger's subject by an occurrence.
#[derive(Clone, Copy, Debug, PartialEq)]
enum SubjectState {
    /// The subject is in a good state.
    Good,
    /// Something happened, and each time is worth an alert.
    Happened,
    /// Something failed, and each time is worth an alert; it began with the first since it was good.
    Failed,
    /// A bad state that lasts until a good one: its severity, and since when; `None` if that isn't known.
    Bad(u8, Option<Timestamp>),
}

/// The matches of an occurrence with a trigger's subjects, one for each asset that it is about.
fn matches(rules: &AlertRules, trigger: &Trigger, occurrence: &Occurrence) -> Vec<Match> {
    match trigger {
        Trigger::RunFailed => run_ended(occurrence, |status| match status {
            RunStatus::Failed | RunStatus::Lost => Some(SubjectState::Failed),
            RunStatus::Succeeded => Some(SubjectState::Good),
            RunStatus::Queued | RunStatus::Running | RunStatus::Canceling | RunStatus::Canceled => None,
        })
        .into_iter()
        .collect(),
        Trigger::Run(wanted) => {
            let state = |status| (status == *wanted).then_some(SubjectState::Happened);
            run_ended(occurrence, state).into_iter().collect()
        }
        Trigger::AssetFailed
        | Trigger::CheckFailed(_)
        | Trigger::NotFresh(_)
        | Trigger::MetricBelow { .. }
        | Trigger::MetricAbove { .. }
        | Trigger::MetricChanged { .. }
        | Trigger::MetricWorseThanAtPromotion { .. }
        | Trigger::CoverageBelow(_)
        | Trigger::Promoted
        | Trigger::Kept
        | Trigger::Rejected
        | Trigger::ApprovalAsked
        | Trigger::ShadowDecided
        | Trigger::ShadowFailed
        | Trigger::RolledBack => {
            occurrence.assets.iter().filter_map(|asset| of_asset(rules, trigger, occurrence, asset)).collect()
        }
        Trigger::BudgetSpent => budget_spent(occurrence).into_iter().collect(),
        Trigger::TickFailed => tick_failed(occurrence).into_iter().collect(),
        Trigger::DaemonTrouble => loop_failed(occurrence).into_iter().collect(),
    }
}

/// The match of the end of a run, whose state follows from the status that it ended in.
fn run_ended(occurrence: &Occurrence, state: impl Fn(RunStatus) -> Option<SubjectState>) -> Option<Match> {
    let OccurrenceKind::RunEnded { status, reason, origin } = &occurrence.kind else { return None };
    let state = state(*status)?;
    let short = occurrence.run.map(|run| run.short()).unwrap_or_default();
    let ended = if *status == RunStatus::Lost { "was lost" } else { status.as_str() };
    Some(Match {
        stored_subject: origin.clone(),
        subject: origin.clone(),
        asset: None,
        state,
        title: format!("Run {short} of {origin} {ended}"),
        detail: reason.clone().unwrap_or_default(),
        command: format!("runs show {short}"),
    })
}

fn budget_spent(occurrence: &Occurrence) -> Option<Match> {
    let OccurrenceKind::BudgetSpent { subject, reason } = &occurrence.kind else { return None };
    let name = match job_name(subject) {
        Some(job) => format!("job `{job}`"),
        None => format!("`{subject}`"),
    };
    Some(Match {
        stored_subject: subject.to_string(),
        subject: name.clone(),
        asset: None,
        state: SubjectState::Happened,
        title: format!("The budget of {name} is spent"),
        detail: reason.clone(),
        command: format!("automation explain {subject}"),
    })
}

fn tick_failed(occurrence: &Occurrence) -> Option<Match> {
    let OccurrenceKind::Ticked { of, error, look } = &occurrence.kind else { return None };
    let found = of_error(stored_instigator(of), format!("The {of} fails"), error.as_deref(), look);
    Some(Match { subject: of.to_string(), ..found })
}

fn loop_failed(occurrence: &Occurrence) -> Option<Match> {
    let OccurrenceKind::Looped { stored_name, of, error } = &occurrence.kind else { return None };
    let title = format!("The daemon has trouble with {of}");
    let found = of_error(stored_name.clone(), title, error.as_deref(), "the log of the daemon");
    Some(Match { subject: of.clone(), ..found })
}

/// A schedule, sensor or automation by its name in the store.
fn stored_instigator(of: &Instigator) -> String {
    match of {
        Instigator::Schedule(name) => format!("schedule `{name}`"),
        Instigator::Sensor(name) => format!("sensor `{name}`"),
        Instigator::Automation(None) => "automation".to_owned(),
        Instigator::Automation(Some(asset)) => format!("automation of `{asset}`"),
        Instigator::Alerts => "alerts".to_owned(),
        Instigator::AlertTests => "tests of alerts".to_owned(),
        Instigator::Approvals => "approvals".to_owned(),
        Instigator::Shadow => "judgements of versions in shadow".to_owned(),
        Instigator::Retries => "retries of runs".to_owned(),
        Instigator::Traces => "traces".to_owned(),
    }
}

fn of_error(of: String, title: String, error: Option<&str>, command: &str) -> Match {
    Match {
        stored_subject: of.clone(),
        subject: of,
        asset: None,
        state: bad_if(error.is_some()),
        title,
        detail: error.unwrap_or_default().to_owned(),
        command: command.to_owned(),
    }
}

fn of_asset(
    rules: &AlertRules,
    trigger: &Trigger,
    occurrence: &Occurrence,
    asset: &AssetKey,
) -> Option<Match> {
    let name = match &occurrence.partition {
        Some(partition) => format!("`{asset}` ({partition})"),
        None => format!("`{asset}`"),
    };
    let stored = match &occurrence.partition {
        Some(partition) => format!("`{asset}` ({partition})"),
        None => format!("`{asset}`"),
    };
    let found = |state, title: String, detail: String| Match {
        stored_subject: stored.clone(),
        subject: name.clone(),
        asset: Some(asset.clone()),
        state,
        title,
        detail,
        command: format!("asset history {asset}"),
    };
    match trigger {
        Trigger::AssetFailed => match &occurrence.kind {
            OccurrenceKind::AssetFailed { reason } => Some(Match {
                command: run_command(occurrence, asset),
                ..found(SubjectState::Failed, format!("Asset {name} failed"), reason.clone())
            }),
            OccurrenceKind::Materialized { .. } => {
                Some(found(SubjectState::Good, String::new(), String::new()))
            }
            OccurrenceKind::RunEnded { .. }
            | OccurrenceKind::BudgetSpent { .. }
            | OccurrenceKind::CheckEvaluated(_)
            | OccurrenceKind::VersionJudged(_)
            | OccurrenceKind::VersionDecided(_)
            | OccurrenceKind::AliasMoved(_)
            | OccurrenceKind::ShadowCalled(_)
            | OccurrenceKind::Freshness { .. }
            | OccurrenceKind::Ticked { .. }
            | OccurrenceKind::Looped { .. } => None,
        },
        Trigger::CheckFailed(least) => {
            let OccurrenceKind::CheckEvaluated(evaluation) = &occurrence.kind else { return None };
            let is_bad =
                !evaluation.passed && (*least == Severity::Warn || evaluation.severity == Severity::Error);
            let state = bad_if(is_bad);
            let title = format!("Check `{}` of {name} fails", evaluation.check);
            Some(Match {
                stored_subject: format!("`{}` of {stored}", evaluation.check),
                subject: format!("`{}` of {name}", evaluation.check),
                command: run_command(occurrence, asset),
                ..found(state, title, evaluation.description.clone())
            })
        }
        Trigger::NotFresh(least) => {
            let OccurrenceKind::Freshness { found: now, policy, last } = &occurrence.kind else {
                return None;
            };
            let (found_state, title) = freshness(*least, now, policy, *last, &name)?;
            let window = now.late_window.as_ref();
            let window =
                window.map(|window| format!("The window `{window}` isn't complete. ")).unwrap_or_default();
            let last = last.map_or_else(|| "never".to_owned(), moment);
            let detail = format!("{window}It was last materialized {last}; its policy: {policy}.");
            Some(found(found_state, title, detail))
        }
        Trigger::ShadowFailed => {
            let OccurrenceKind::ShadowCalled(called) = &occurrence.kind else { return None };
            let ShadowCalled { model, version, outcome, .. } = called;
            let (state, detail) = match outcome {
                ShadowOutcome::Failed { failure } => (SubjectState::Bad(1, None), failure.to_string()),
                ShadowOutcome::NotCalled => (SubjectState::Bad(2, None), called.to_string()),
                ShadowOutcome::Made(_) | ShadowOutcome::Nothing => (SubjectState::Good, String::new()),
                ShadowOutcome::Begun | ShadowOutcome::Stopped => return None,
            };
            let title = format!("Version {version} of `{model}` in shadow fails for {name}");
            Some(Match {
                stored_subject: format!("version {version} of `{model}` for {stored}"),
                subject: format!("version {version} of `{model}` for {name}"),
                command: format!("models show {model}@{version}"),
                ..found(state, title, detail)
            })
        }
        Trigger::MetricBelow { metric, threshold } => {
            let value = number(occurrence, metric)?;
            // NaN counts as bad.
            let is_bad = value.is_nan() || value < *threshold;
            let title = compared(metric, &name, value, &format!("below {threshold}"));
            Some(found(bad_if(is_bad), title, String::new()))
        }
        Trigger::MetricAbove { metric, threshold } => {
            let value = number(occurrence, metric)?;
            let is_bad = value.is_nan() || value > *threshold;
            let title = compared(metric, &name, value, &format!("above {threshold}"));
            Some(found(bad_if(is_bad), title, String::new()))
        }
        Trigger::MetricWorseThanAtPromotion { metric, share } => {
            let better = rules.metrics.get(asset).filter(|own| own.label == *metric)?.better;
            let (value, before, version) = since_promotion(occurrence, metric)?;
            let worse_by = worse_by(better, before, value)?;
            let title = change_in_words(&format!("{metric} of {name}:"), (value, before), worse_by, version);
            Some(found(bad_if(worse_by.0 > *share), title, String::new()))
        }
        Trigger::CoverageBelow(share) => {
            let value = number(occurrence, COVERAGE)?;
            let title = compared(COVERAGE, &name, value, &format!("below {share}"));
            Some(found(bad_if(value.is_nan() || value < *share), title, String::new()))
        }
        Trigger::MetricChanged { metric, percent } => {
            let (value, before) = (number(occurrence, metric)?, number_before(occurrence, metric)?);
            let change = (value - before) / before.abs() * 100.0;
            let has_changed = value != before && (change.is_nan() || change.abs() > *percent);
            let judged = rules.judged(asset, metric, before, value);
            let judged = judged.map(|judged| format!(", which is {}", judged.as_str())).unwrap_or_default();
            let by = if change.is_nan() { String::new() } else { format!(" ({change:+.1} %)") };
            let title =
                format!("{metric} of {name} went from {} to {}{by}{judged}", Number(before), Number(value));
            has_changed.then(|| found(SubjectState::Happened, title, String::new()))
        }
        Trigger::Promoted
        | Trigger::Kept
        | Trigger::Rejected
        | Trigger::ApprovalAsked
        | Trigger::ShadowDecided
        | Trigger::RolledBack => {
            let partition = occurrence.partition.as_ref();
            let news = version_news(trigger, &occurrence.kind, &name, (asset, partition))?;
            let command = format!("models show {asset}");
            Some(Match { command, ..found(SubjectState::Happened, news.title, news.detail) })
        }
        Trigger::RunFailed
        | Trigger::Run(_)
        | Trigger::BudgetSpent
        | Trigger::TickFailed
        | Trigger::DaemonTrouble => None,
    }
}

/// The state of an asset's freshness and its text; `None` if its freshness is unknown.
fn freshness(
    least: Freshness,
    now: &AssetFreshness,
    policy: &FreshnessPolicy,
    last: Option<Timestamp>,
    name: &str,
) -> Option<(SubjectState, String)> {
    match now.state {
        Freshness::Fail => Some((SubjectState::Bad(2, now.since), format!("{name} is not fresh"))),
        Freshness::Warn if least == Freshness::Warn => {
            Some((SubjectState::Bad(1, now.since), format!("{name} is about to be no longer fresh")))
        }
        Freshness::Warn | Freshness::Pass => Some((SubjectState::Good, String::new())),
        Freshness::Unknown => match policy {
            FreshnessPolicy::TimeWindow { .. } | FreshnessPolicy::Cron { .. } => {
                let title = format!("How fresh {name} is is not known: it is dated in the future");
                last.map(|_| (SubjectState::Bad(1, None), title))
            }
            FreshnessPolicy::LatestWindow { .. } => None,
        },
    }
}

fn bad_if(is_bad: bool) -> SubjectState {
    if is_bad { SubjectState::Bad(1, None) } else { SubjectState::Good }
}

/// How a number stands, in words; NaN stands nowhere.
fn compared(metric: &str, name: &str, value: f64, stands: &str) -> String {
    match value.is_nan() {
        true => format!("{metric} of {name} is not a number"),
        false => format!("{metric} of {name} is {}, {stands}", Number(value)),
    }
}

/// A metric of what was materialized.
fn number(occurrence: &Occurrence, metric: &str) -> Option<f64> {
    let OccurrenceKind::Materialized { metadata, .. } = &occurrence.kind else { return None };
    metadata.get(metric).and_then(MetadataValue::as_f64)
}

/// A metric of the version in use: of what was materialized, and of the first materialization since its promotion.
fn since_promotion(occurrence: &Occurrence, metric: &str) -> Option<(Number, Number, Option<VersionNumber>)> {
    let OccurrenceKind::Materialized { metadata, at_promotion, .. } = &occurrence.kind else { return None };
    let at_promotion = at_promotion.as_ref()?;
    let value = of_version(&numbers_of(metadata), metric, at_promotion.version)?;
    Some((value, *at_promotion.numbers.get(metric)?, at_promotion.version))
}

/// The same of the materialization before.
fn number_before(occurrence: &Occurrence, metric: &str) -> Option<f64> {
    let OccurrenceKind::Materialized { previous, .. } = &occurrence.kind else { return None };
    previous.as_ref()?.get(metric).and_then(MetadataValue::as_f64)
}

/// The run where there is one, else the asset.
fn run_command(occurrence: &Occurrence, asset: &AssetKey) -> String {
    occurrence
        .run
        .map_or_else(|| format!("asset history {asset}"), |run| format!("runs show {}", run.short()))
}
