//! Events as lines for people.

use millwork_core::event::{Event, EventBody};

/// All events, a line each.
pub(crate) fn transcript(events: &[Event]) -> String {
    events.iter().map(|event| transcript_of(event) + "\n").collect()
}

/// One event: `step[partition]/attempt event`.
pub(crate) fn transcript_of(event: &Event) -> String {
    let partition = event.partition.as_ref().map_or(String::new(), |partition| format!("[{partition}]"));
    let step = event.step.as_ref().map(|step| format!("{step}{partition}/{} ", event.attempt));
    let asset = event
        .asset
        .as_ref()
        .filter(|asset| event.step.as_ref().is_none_or(|step| step.as_str() != asset.as_str()));
    let asset = asset.map_or(String::new(), |asset| format!(" {asset}"));
    let what = match &event.body {
        EventBody::RunStarted { epoch } => format!("run started ({epoch})"),
        EventBody::RunFailed { reason, .. } => format!("run failed: {reason}"),
        EventBody::RunLost { reason, .. } => format!("run lost: {reason}"),
        EventBody::StepProgressed { done, of } => format!("progressed {done}/{of}"),
        EventBody::StepRetrying { failure, delay_ms } => format!("retrying in {delay_ms} ms: {failure}"),
        EventBody::StepFailed { failure } => format!("failed: {failure}"),
        EventBody::StepSkipped { reason } => format!("skipped: {reason}"),
        EventBody::Kept { reason, .. } => format!("kept{asset}: {reason}"),
        EventBody::CheckEvaluated(check) => {
            let verdict = if check.passed { "passed" } else { "failed" };
            let severity = format!("{:?}", check.severity).to_lowercase();
            let blocking = if check.blocking { ", blocking" } else { "" };
            format!("check {verdict} ({severity}{blocking}) {}", check.description).trim_end().to_owned()
        }
        EventBody::Logged(line) => {
            let fields: Vec<_> = line.fields.iter().map(|(name, value)| format!(" {name}={value}")).collect();
            format!("logged {} {}: {}{}", line.level, line.target, line.message, fields.concat())
        }
        EventBody::VersionJudged(judged) => format!("judged{asset}: {judged}"),
        EventBody::AliasMoved(moved) => format!("moved{asset}: {moved}"),
        EventBody::VersionDecided(decided) => format!("decided{asset}: {decided}"),
        EventBody::VersionsBacktested(tested) => format!("backtested{asset}: {tested}"),
        EventBody::PartitionsChanged(changed) => changed.to_string(),
        EventBody::AssetRenamed(renamed) => renamed.to_string(),
        EventBody::PartitionsRenamed(renamed) => renamed.to_string(),
        EventBody::ShadowCalled(called) => format!("called{asset}: {called}"),
        EventBody::AliasPinned(pinned) => format!("pinned{asset}: {pinned}"),
        body @ (EventBody::RunQueued
        | EventBody::RunCanceling
        | EventBody::RunSucceeded
        | EventBody::RunCanceled
        | EventBody::RunRetrying { .. }
        | EventBody::StepStarted
        | EventBody::StepSucceeded { .. }
        | EventBody::StepCanceled
        | EventBody::Materialized(_)
        | EventBody::NotMaterialized { .. }
        | EventBody::Observed { .. }
        | EventBody::EnvironmentRecorded(_)
        | EventBody::Unreadable(_)) => {
            let name = body.name().strip_prefix("step_").unwrap_or(body.name()).replace('_', " ");
            format!("{name}{asset}")
        }
    };
    step.unwrap_or_default() + &what
}

/// The text without the lines and columns of source files, which change often.
pub(crate) fn without_lines(text: &str) -> String {
    let mut pieces = text.split(".rs:");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| {
        text + ".rs:…" + piece.trim_start_matches(|char: char| char.is_ascii_digit() || char == ':')
    })
}
