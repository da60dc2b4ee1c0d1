//! Reports of outside systems: materializations, observations, and evaluations of checks.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use millwork_api::{RecordedEvent, find_asset};
use millwork_core::event::{
    CheckEvaluation, EventBody, Materialization, NewEvent, Provenance, StoredValue, ValueLocation,
};
use millwork_core::{
    AssetPartition, DataVersion, Metadata, MetadataValue, PartitionKey, Problem, Severity, check_metadata,
};
use millwork_storage::append_version;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::body::Body;
use crate::error::ApiError;
use crate::state::AppState;

/// A value that an outside system has made or observed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Report {
    /// The data version; if a materialization has none, a hash of the time of the report is recorded.
    #[schema(min_length = 1, max_length = 1_024)]
    data_version: Option<String>,
    /// The partition; absent if the asset has none.
    partition: Option<String>,
    /// Metadata of the value by label: numbers, texts, and other JSON.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, Value>)]
    metadata: BTreeMap<String, Value>,
}

/// The evaluation of a check by an outside system.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckReport {
    /// The name of the check.
    check: String,
    /// Whether the check passed.
    passed: bool,
    /// Whether a failure is only a warning.
    #[serde(default)]
    warn: bool,
    /// A description of the result.
    #[serde(default)]
    description: String,
    /// The partition; absent if the asset has none.
    partition: Option<String>,
    /// Metadata of the evaluation by label.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, Value>)]
    metadata: BTreeMap<String, Value>,
}

type Answer = Result<(StatusCode, Json<RecordedEvent>), ApiError>;

#[utoipa::path(
    post, path = "/api/v1/reports/materialization/{*key}", tag = "reports",
    params(("key" = String, Path, description = "The asset's key")), request_body = Report,
    responses((status = 201, description = "The event that was recorded", body = RecordedEvent))
)]
pub(super) async fn materialization(
    State(state): State<AppState>,
    Path(key): Path<String>,
    Body(report): Body<Report>,
) -> Answer {
    let Report { data_version, partition, metadata } = report;
    let told_at = state.clock.now().to_string();
    let data_version = checked(data_version)?.unwrap_or_else(|| DataVersion::of_content(told_at.as_bytes()));
    let stored =
        StoredValue { location: ValueLocation::Elsewhere, bytes: 0, format: String::new(), hash: None };
    let provenance = Provenance::reported();
    let body =
        Materialization { version: None, data_version, provenance, stored, metadata: typed(metadata)? };
    record(&state, &key, partition, EventBody::Materialized(body)).await
}

#[utoipa::path(
    post, path = "/api/v1/reports/observation/{*key}", tag = "reports",
    params(("key" = String, Path, description = "The asset's key")), request_body = Report,
    responses((status = 201, description = "The event that was recorded", body = RecordedEvent))
)]
pub(super) async fn observation(
    State(state): State<AppState>,
    Path(key): Path<String>,
    Body(report): Body<Report>,
) -> Answer {
    let Report { data_version, partition, metadata } = report;
    let data_version = checked(data_version)?;
    record(&state, &key, partition, EventBody::Observed { data_version, metadata: typed(metadata)? }).await
}

#[utoipa::path(
    post, path = "/api/v1/reports/check/{*key}", tag = "reports",
    params(("key" = String, Path, description = "The asset's key")), request_body = CheckReport,
    responses((status = 201, description = "The event that was recorded", body = RecordedEvent))
)]
pub(super) async fn check(
    State(state): State<AppState>,
    Path(key): Path<String>,
    Body(report): Body<CheckReport>,
) -> Answer {
    let CheckReport { check, passed, warn, description, partition, metadata } = report;
    if check.is_empty() {
        return Err(ApiError::invalid("the check has no name"));
    }
    let severity = if warn { Severity::Warn } else { Severity::Error };
    let metadata = typed(metadata)?;
    let verdict = CheckEvaluation { check, passed, severity, blocking: false, description, metadata };
    record(&state, &key, partition, EventBody::CheckEvaluated(verdict)).await
}

/// The data version of a report, if it has one that can be stored.
fn checked(data_version: Option<String>) -> Result<Option<DataVersion>, ApiError> {
    let data_version = data_version.map(DataVersion::from);
    data_version.as_ref().map_or(Ok(()), DataVersion::check).map_err(|error| ApiError::invalid(&error))?;
    Ok(data_version)
}

/// The metadata of a report, by label.
fn typed(metadata: BTreeMap<String, Value>) -> Result<Metadata, ApiError> {
    let read = metadata.into_iter().map(|(label, value)| {
        let value = typed_value(value).map_err(|error| {
            let problem = Problem::new(format!("the metadata `{label}` can't be read: {error}"));
            ApiError::invalid(problem.with_hint(
                "JSON with `type` and `value` that is meant as it stands is the `value` of the type `json`",
            ))
        })?;
        Ok((label, value))
    });
    read.collect()
}

/// Plain JSON as metadata: numbers, texts and booleans as such, anything else as JSON. An object of a `type` and a `value` is of that type.
#[expect(clippy::wildcard_enum_match_arm, reason = "lists and objects stay JSON")]
fn typed_value(value: Value) -> Result<MetadataValue, serde_json::Error> {
    let is_typed = |fields: &Map<String, Value>| {
        fields.len() == 2 && fields.contains_key("value") && fields.get("type").is_some_and(Value::is_string)
    };
    Ok(match value {
        Value::Bool(truth) => MetadataValue::Bool(truth),
        Value::String(text) => MetadataValue::Text(text),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => MetadataValue::Int(whole),
            None => MetadataValue::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::Object(fields) if is_typed(&fields) => serde_json::from_value(Value::Object(fields))?,
        other => MetadataValue::Json(other),
    })
}

async fn record(state: &AppState, key: &str, partition: Option<String>, body: EventBody) -> Answer {
    let graph = state.pipeline.graph();
    let index = find_asset(graph, key)?;
    if let Some(metadata) = body.metadata() {
        check_metadata(metadata).map_err(|error| ApiError::invalid(&error))?;
    }
    let partition = partition.map(PartitionKey::from);
    let partition = graph
        .find_partition(index, partition.as_ref(), &state.moment().await?)
        .map_err(|error| ApiError::invalid(&error))?;
    let event =
        NewEvent::of_asset(AssetPartition::new(graph.key(index).clone(), partition), state.clock.now(), body);
    let sequence = append_version(&*state.store, event).await?;
    state.wake.notify_waiters();
    Ok((StatusCode::CREATED, Json(RecordedEvent { sequence: Some(sequence) })))
}
