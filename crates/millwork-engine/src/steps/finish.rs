//! Stores the outputs of a step, and turns its verdicts into events.

use std::sync::Arc;

use millwork_core::event::{CheckEvaluation, EventBody, Materialization, NewEvent, Provenance, StoredValue};
use millwork_core::graph::{StepKind, StepNode};
use millwork_core::run::{Failure, FailureKind};
use millwork_core::version::VersionNumber;
use millwork_core::{
    AssetDefinition, AssetPartition, AssetSpec, CheckDefinition, CheckResult, DataVersion, Metadata,
    Severity, SharedValue, ValueAddress, check_metadata,
};

use super::AttemptEnd;
use super::call::Encoded;
use crate::logs::StepRecorder;
use crate::runs::{RunContext, StoredInput};
use crate::values::{EncodedValue, ValueError};

/// The result of one output.
#[derive(Debug)]
pub(crate) enum StepOutput {
    /// A new value, stored.
    New(SharedValue, DataVersion),
    /// A value that an earlier execution of the run has stored.
    Recorded(StoredInput),
    /// The last value is kept.
    Kept,
    /// No value.
    Nothing,
}

/// Stores all outputs of a step, with what it reported about all of them.
pub(super) async fn store_outputs(
    context: &RunContext,
    step: &StepNode,
    encoded: Vec<Encoded>,
    (provenance, reported): (Provenance, Metadata),
    recorder: &Arc<StepRecorder>,
) -> Result<AttemptEnd, ValueError> {
    let StepKind::Assets { definition, .. } = &step.kind else {
        return Ok(wrong_kind("a check's function returned values").into());
    };
    let outputs = Outputs { context, definition, provenance, reported, recorder };
    let (mut made, mut events) = (Vec::with_capacity(encoded.len()), Vec::with_capacity(encoded.len() + 1));
    for (spec, output) in definition.outputs.iter().zip(encoded) {
        let (output, event) = outputs.store(spec, output).await?;
        made.push(output);
        events.push(event);
    }
    Ok(AttemptEnd::Succeeded { outputs: made, events })
}

struct Outputs<'a> {
    context: &'a RunContext,
    definition: &'a AssetDefinition,
    provenance: Provenance,
    /// What the step reported about all of its outputs.
    reported: Metadata,
    recorder: &'a StepRecorder,
}

impl Outputs<'_> {
    async fn store(&self, spec: &AssetSpec, output: Encoded) -> Result<(StepOutput, NewEvent), ValueError> {
        let provenance = self.provenance.clone();
        let (made, body, value) = match output {
            Encoded::New { value, encoded, metadata, data_version } => {
                // Checked before the value is stored: an attempt that fails leaves nothing behind.
                let metadata = self.with_reported(metadata)?;
                data_version.as_ref().map_or(Ok(()), DataVersion::check)?;
                let hash = encoded.hash.clone();
                let (mut stored, bytes) = self.store_value(spec, encoded).await?;
                let data_version = data_version.unwrap_or_else(|| hash.clone());
                stored.hash = (hash != data_version).then_some(hash);
                let materialization = Materialization {
                    version: Some(self.next_version(spec)),
                    data_version: data_version.clone(),
                    provenance,
                    stored,
                    metadata,
                };
                (StepOutput::New(value, data_version), EventBody::Materialized(materialization), bytes)
            }
            Encoded::Nothing => (StepOutput::Nothing, EventBody::NotMaterialized { provenance }, None),
            Encoded::Kept { reason, metadata } => {
                let metadata = self.with_reported(metadata)?;
                (StepOutput::Kept, EventBody::Kept { reason, metadata, provenance }, None)
            }
        };
        let value = value.map(Arc::new);
        let event = NewEvent { asset: Some(spec.key.clone()), value, ..self.recorder.event(body) };
        Ok((made, event))
    }

    /// The number that the new version gets, unless another run makes one first.
    fn next_version(&self, spec: &AssetSpec) -> VersionNumber {
        let planned = &self.context.planned;
        let asset = planned.graph.index(spec.key.as_str());
        let output = asset.map(|asset| AssetPartition::new(asset, self.recorder.of.partition.clone()));
        output.map_or(VersionNumber::FIRST, |output| planned.next_version(&output))
    }

    async fn store_value(
        &self,
        spec: &AssetSpec,
        encoded: EncodedValue,
    ) -> Result<(StoredValue, Option<Vec<u8>>), ValueError> {
        let address = ValueAddress {
            asset: spec.key.clone(),
            partition: self.recorder.of.partition.clone(),
            run: self.context.run,
            attempt: self.recorder.attempt,
            extension: spec.value_type.map_or("", |value_type| value_type.extension),
        };
        self.context.values.store(self.definition.io_manager.as_deref(), address, encoded.bytes).await
    }

    /// What a function reported about one output, and the step about all, as far as it can be stored.
    fn with_reported(&self, metadata: Metadata) -> Result<Metadata, ValueError> {
        with_reported(&self.reported, metadata)
    }
}

/// The metadata of one output, with what the step reported about all.
pub(super) fn with_reported(reported: &Metadata, mut metadata: Metadata) -> Result<Metadata, ValueError> {
    for (label, value) in reported {
        metadata.entry(label.clone()).or_insert_with(|| value.clone());
    }
    check_metadata(&metadata)?;
    Ok(metadata)
}

/// Turns the verdict of a check into its event. A failed blocking check of severity `error` fails its step, and so stops the steps
/// downstream.
pub(super) fn conclude_check(
    context: &RunContext,
    step: &StepNode,
    result: CheckResult,
    recorder: &StepRecorder,
) -> AttemptEnd {
    let StepKind::Check { definition, asset } = &step.kind else {
        return wrong_kind("an asset's function returned the verdict of a check").into();
    };
    let CheckDefinition { name, severity, blocking, .. } = definition;
    let severity = result.severity.unwrap_or(*severity);
    let mut metadata = result.metadata;
    metadata.extend(recorder.take_metadata());
    if let Err(error) = check_metadata(&metadata) {
        return Failure::of_error(FailureKind::Output, &ValueError::from(error)).into();
    }
    let evaluation = CheckEvaluation {
        check: name.clone(),
        passed: result.passed,
        severity,
        blocking: *blocking,
        description: result.description.clone(),
        metadata,
    };
    let asset = context.planned.graph.key(*asset);
    let event =
        NewEvent { asset: Some(asset.clone()), ..recorder.event(EventBody::CheckEvaluated(evaluation)) };
    let events = vec![event];
    if result.passed || !blocking || severity == Severity::Warn {
        return AttemptEnd::Succeeded { outputs: Vec::new(), events };
    }
    let mut message = format!("the blocking check `{name}` of `{asset}` failed");
    if !result.description.is_empty() {
        message = format!("{message}: {}", result.description);
    }
    AttemptEnd::Failed { failure: Failure::new(FailureKind::Check, message), events }
}

pub(super) fn wrong_kind(message: &str) -> Failure {
    Failure::new(FailureKind::Error, message)
}
