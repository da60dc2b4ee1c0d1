//! What an occurrence means to a trigger.

use jiff::Timestamp;

use super::{Occurrence, Trigger, What};
use crate::asset::{AssetKey, MetadataValue, Severity};
use crate::freshness::Freshness;
use crate::run::RunStatus;

/// What an occurrence means to a trigger.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Verdict {
    /// What it is about. It is part of the name under which it is remembered, so these words never change.
    pub(super) subject: String,
    /// The asset, if it is about one.
    pub(super) asset: Option<AssetKey>,
    pub(super) standing: Standing,
    /// What happened, in one line.
    pub(super) title: String,
    /// The particulars.
    pub(super) detail: String,
    /// The command that shows more.
    pub(super) look: String,
}

/// How the subject of a trigger stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Standing {
    /// All is well.
    Good,
    /// Something happened that is told each time.
    Happened,
    /// Something failed, which is told each time; it began with the first since it was good.
    Failed,
    /// Something is wrong until it is good, so badly, and since then if that is known.
    Bad(u8, Option<Timestamp>),
}

/// What an occurrence means to a trigger, once for each asset that it is about; nothing if it means nothing.
pub(super) fn verdicts(trigger: &Trigger, occurrence: &Occurrence) -> Vec<Verdict> {
    let of_assets =
        || occurrence.assets.iter().filter_map(|asset| of_asset(trigger, occurrence, asset)).collect();
    match &occurrence.what {
        What::RunEnded { status, reason, origin } => {
            run_ended(trigger, occurrence, *status, reason.as_deref(), origin).into_iter().collect()
        }
        What::AssetFailed { .. }
        | What::Materialized { .. }
        | What::CheckEvaluated(_)
        | What::Freshness { .. } => of_assets(),
        What::Ticked { of, error, look } => {
            let title = format!("The {of} fails");
            let is_meant = *trigger == Trigger::TickFailed;
            is_meant.then(|| of_error(of, title, error.as_deref(), look)).into_iter().collect()
        }
        What::Looped { of, error } => {
            let title = format!("The daemon has trouble with {of}");
            let is_meant = *trigger == Trigger::DaemonTrouble;
            let look = "what the daemon prints";
            is_meant.then(|| of_error(of, title, error.as_deref(), look)).into_iter().collect()
        }
    }
}

fn run_ended(
    trigger: &Trigger,
    occurrence: &Occurrence,
    status: RunStatus,
    reason: Option<&str>,
    origin: &str,
) -> Option<Verdict> {
    let standing = match trigger {
        Trigger::RunFailed => match status {
            RunStatus::Failed | RunStatus::Lost => Standing::Failed,
            RunStatus::Succeeded => Standing::Good,
            RunStatus::Queued | RunStatus::Running | RunStatus::Canceling | RunStatus::Canceled => {
                return None;
            }
        },
        Trigger::Run(wanted) if *wanted == status => Standing::Happened,
        Trigger::Run(_)
        | Trigger::AssetFailed
        | Trigger::CheckFailed(_)
        | Trigger::NotFresh(_)
        | Trigger::MetricBelow { .. }
        | Trigger::MetricAbove { .. }
        | Trigger::MetricChanged { .. }
        | Trigger::TickFailed
        | Trigger::DaemonTrouble => return None,
    };
    let short = occurrence.run.map(|run| run.short()).unwrap_or_default();
    let ended = if status == RunStatus::Lost { "was lost" } else { status.as_str() };
    Some(Verdict {
        subject: origin.to_owned(),
        asset: None,
        standing,
        title: format!("Run {short} of {origin} {ended}"),
        detail: reason.unwrap_or_default().to_owned(),
        look: format!("runs show {short}"),
    })
}

fn of_error(of: &str, title: String, error: Option<&str>, look: &str) -> Verdict {
    Verdict {
        subject: of.to_owned(),
        asset: None,
        standing: if error.is_some() { Standing::Bad(1, None) } else { Standing::Good },
        title,
        detail: error.unwrap_or_default().to_owned(),
        look: look.to_owned(),
    }
}

fn of_asset(trigger: &Trigger, occurrence: &Occurrence, asset: &AssetKey) -> Option<Verdict> {
    let name = match &occurrence.partition {
        Some(partition) => format!("`{asset}` ({partition})"),
        None => format!("`{asset}`"),
    };
    let verdict = |standing, title: String, detail: String| Verdict {
        subject: name.clone(),
        asset: Some(asset.clone()),
        standing,
        title,
        detail,
        look: format!("asset history {asset}"),
    };
    match trigger {
        Trigger::AssetFailed => match &occurrence.what {
            What::AssetFailed { reason } => Some(Verdict {
                look: run_look(occurrence, asset),
                ..verdict(Standing::Failed, format!("Asset {name} failed"), reason.clone())
            }),
            What::Materialized { .. } => Some(verdict(Standing::Good, String::new(), String::new())),
            What::RunEnded { .. }
            | What::CheckEvaluated(_)
            | What::Freshness { .. }
            | What::Ticked { .. }
            | What::Looped { .. } => None,
        },
        Trigger::CheckFailed(least) => {
            let What::CheckEvaluated(evaluation) = &occurrence.what else { return None };
            let is_bad =
                !evaluation.passed && (*least == Severity::Warn || evaluation.severity == Severity::Error);
            let standing = if is_bad { Standing::Bad(1, None) } else { Standing::Good };
            let title = format!("Check `{}` of {name} fails", evaluation.check);
            Some(Verdict {
                subject: format!("`{}` of {name}", evaluation.check),
                look: run_look(occurrence, asset),
                ..verdict(standing, title, evaluation.description.clone())
            })
        }
        Trigger::NotFresh(least) => {
            let What::Freshness { state, since, policy, last } = &occurrence.what else { return None };
            let (standing, title) = freshness(*least, *state, *since, *last, &name)?;
            let last = last.map_or_else(|| "never".to_owned(), super::words::moment);
            Some(verdict(standing, title, format!("It was last materialized {last}; its policy: {policy}.")))
        }
        Trigger::MetricBelow { metric, threshold } => {
            let value = number(occurrence, metric)?;
            // What is not a number is not known to be good.
            let is_bad = value.is_nan() || value < *threshold;
            let title = format!("{metric} of {name} is {value}, below {threshold}");
            Some(verdict(state(is_bad), title, String::new()))
        }
        Trigger::MetricAbove { metric, threshold } => {
            let value = number(occurrence, metric)?;
            let is_bad = value.is_nan() || value > *threshold;
            let title = format!("{metric} of {name} is {value}, above {threshold}");
            Some(verdict(state(is_bad), title, String::new()))
        }
        Trigger::MetricChanged { metric, percent } => {
            let (value, before) = (number(occurrence, metric)?, number_before(occurrence, metric)?);
            let change = (value - before) / before.abs() * 100.0;
            let has_changed = value != before && (change.is_nan() || change.abs() > *percent);
            let title = format!("{metric} of {name} went from {before} to {value} ({change:+.1} %)");
            has_changed.then(|| verdict(Standing::Happened, title, String::new()))
        }
        Trigger::RunFailed | Trigger::Run(_) | Trigger::TickFailed | Trigger::DaemonTrouble => None,
    }
}

/// How the freshness of an asset stands, and what is said of it; nothing if whether it is good is not known.
fn freshness(
    least: Freshness,
    state: Freshness,
    since: Option<Timestamp>,
    last: Option<Timestamp>,
    name: &str,
) -> Option<(Standing, String)> {
    match state {
        Freshness::Fail => Some((Standing::Bad(2, since), format!("{name} is not fresh"))),
        Freshness::Warn if least == Freshness::Warn => {
            Some((Standing::Bad(1, since), format!("{name} is about to be no longer fresh")))
        }
        Freshness::Warn | Freshness::Pass => Some((Standing::Good, String::new())),
        Freshness::Unknown => {
            let title = format!("How fresh {name} is is not known: it is dated in the future");
            last.map(|_| (Standing::Bad(1, None), title))
        }
    }
}

fn state(is_bad: bool) -> Standing {
    if is_bad { Standing::Bad(1, None) } else { Standing::Good }
}

/// A metric of what was materialized.
fn number(occurrence: &Occurrence, metric: &str) -> Option<f64> {
    let What::Materialized { metadata, .. } = &occurrence.what else { return None };
    metadata.get(metric).and_then(MetadataValue::as_f64)
}

/// The same of the materialization before.
fn number_before(occurrence: &Occurrence, metric: &str) -> Option<f64> {
    let What::Materialized { previous, .. } = &occurrence.what else { return None };
    previous.as_ref()?.get(metric).and_then(MetadataValue::as_f64)
}

/// The run where there is one, else the asset.
fn run_look(occurrence: &Occurrence, asset: &AssetKey) -> String {
    occurrence
        .run
        .map_or_else(|| format!("asset history {asset}"), |run| format!("runs show {}", run.short()))
}
