//! What an occurrence means to a trigger.

use jiff::Timestamp;

use super::{Occurrence, Trigger, What};
use crate::asset::{AssetKey, Metadata, MetadataValue, Severity};
use crate::freshness::Freshness;
use crate::run::RunStatus;

/// What an occurrence means to a trigger.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Verdict {
    /// What it is about.
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
    match (trigger, &occurrence.what) {
        (Trigger::RunFailed | Trigger::Run(_), What::RunEnded { status, reason, origin }) => {
            run_ended(trigger, occurrence, *status, reason.as_deref(), origin).into_iter().collect()
        }
        (_, What::Ticked { of, error, look }) if *trigger == Trigger::TickFailed => {
            let title = format!("The {of} fails");
            vec![of_error(of, title, error.as_deref(), look)]
        }
        (_, What::Looped { of, error }) if *trigger == Trigger::DaemonTrouble => {
            let title = format!("The daemon has trouble with {of}");
            vec![of_error(of, title, error.as_deref(), "what the daemon prints")]
        }
        _ => occurrence.assets.iter().filter_map(|asset| of_asset(trigger, occurrence, asset)).collect(),
    }
}

fn run_ended(
    trigger: &Trigger,
    occurrence: &Occurrence,
    status: RunStatus,
    reason: Option<&str>,
    origin: &str,
) -> Option<Verdict> {
    let standing = match (trigger, status) {
        (Trigger::RunFailed, RunStatus::Failed | RunStatus::Lost) => Standing::Failed,
        (Trigger::RunFailed, RunStatus::Succeeded) => Standing::Good,
        (Trigger::Run(wanted), status) if *wanted == status => Standing::Happened,
        _ => return None,
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
    Some(match (trigger, &occurrence.what) {
        (Trigger::AssetFailed, What::AssetFailed { reason }) => Verdict {
            look: run_look(occurrence, asset),
            ..verdict(Standing::Failed, format!("Asset {name} failed"), reason.clone())
        },
        (Trigger::AssetFailed, What::Materialized { .. }) => {
            verdict(Standing::Good, String::new(), String::new())
        }
        (Trigger::CheckFailed(least), What::CheckEvaluated(evaluation)) => {
            let is_bad =
                !evaluation.passed && (*least == Severity::Warn || evaluation.severity == Severity::Error);
            let standing = if is_bad { Standing::Bad(1, None) } else { Standing::Good };
            let title = format!("Check `{}` of {name} fails", evaluation.check);
            Verdict {
                subject: format!("`{}` of {name}", evaluation.check),
                look: run_look(occurrence, asset),
                ..verdict(standing, title, evaluation.description.clone())
            }
        }
        (Trigger::NotFresh(least), What::Freshness { state, since, policy, last }) => {
            let standing = match state {
                Freshness::Fail => Standing::Bad(2, *since),
                Freshness::Warn if *least == Freshness::Warn => Standing::Bad(1, *since),
                // Whether it is good is not known.
                Freshness::Unknown => return None,
                _ => Standing::Good,
            };
            let last = last.map_or_else(|| "never".to_owned(), super::words::moment);
            let title = match state {
                Freshness::Fail => format!("{name} is not fresh"),
                _ => format!("{name} is about to be no longer fresh"),
            };
            verdict(standing, title, format!("It was last materialized {last}; its policy: {policy}."))
        }
        (_, What::Materialized { metadata, previous }) => {
            let (standing, title) = metric(trigger, &name, metadata, previous.as_ref())?;
            verdict(standing, title, String::new())
        }
        _ => return None,
    })
}

/// The run where there is one, else the asset.
fn run_look(occurrence: &Occurrence, asset: &AssetKey) -> String {
    occurrence
        .run
        .map_or_else(|| format!("asset history {asset}"), |run| format!("runs show {}", run.short()))
}

fn metric(
    trigger: &Trigger,
    name: &str,
    metadata: &Metadata,
    previous: Option<&Metadata>,
) -> Option<(Standing, String)> {
    let number = |metadata: &Metadata, metric: &str| metadata.get(metric).and_then(MetadataValue::as_f64);
    let state = |is_bad: bool| if is_bad { Standing::Bad(1, None) } else { Standing::Good };
    match trigger {
        Trigger::MetricBelow { metric, threshold } => {
            let value = number(metadata, metric)?;
            // What is not a number is not known to be good.
            let is_bad = value.is_nan() || value < *threshold;
            Some((state(is_bad), format!("{metric} of {name} is {value}, below {threshold}")))
        }
        Trigger::MetricAbove { metric, threshold } => {
            let value = number(metadata, metric)?;
            let is_bad = value.is_nan() || value > *threshold;
            Some((state(is_bad), format!("{metric} of {name} is {value}, above {threshold}")))
        }
        Trigger::MetricChanged { metric, percent } => {
            let (value, before) = (number(metadata, metric)?, number(previous?, metric)?);
            let change = (value - before) / before.abs() * 100.0;
            let has_changed = value != before && (change.is_nan() || change.abs() > *percent);
            let title = format!("{metric} of {name} went from {before} to {value} ({change:+.1} %)");
            has_changed.then_some((Standing::Happened, title))
        }
        _ => None,
    }
}
