//! OpenAPI schemas of the names of statuses and kinds: enumerations of strings.
//!
//! The names are those that the variants of the core's and the store's enums serialize to, so no name is written a second time. A type
//! here has no values; it stands in for its namesake where a schema is derived.

use millwork_core::event::EventKind;
use serde::Serialize;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// Schemas of enumerations without fields. A variant that is missing here doesn't compile.
macro_rules! names {
    ($(#[doc = $doc:literal] $name:ident of $named:path as $shown:literal { $($variant:ident),+ $(,)? })*) => { $(
        #[doc = $doc]
        #[derive(Debug)]
        pub enum $name {}

        impl $name {
            const ALL: &[$named] = &[$(<$named>::$variant),+];

            /// Names every variant, so that a missing one doesn't compile.
            const fn is_listed(value: &$named) -> bool {
                match value { $(<$named>::$variant => true),+ }
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                texts($doc, Self::ALL.iter().filter(|value| Self::is_listed(value)).filter_map(word))
            }
        }

        impl ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                $shown.into()
            }
        }
    )* };
}

names! {
    /// The status of a run.
    RunStatusName of millwork_core::run::RunStatus as "RunStatus" {
        Queued, Running, Canceling, Succeeded, Failed, Canceled, Lost,
    }
    /// The status of a backfill.
    BackfillStatusName of millwork_core::backfill::BackfillStatus as "BackfillStatus" {
        Requested, Running, Paused, Canceling, Failing, Canceled, Succeeded, Failed,
    }
    /// Which partitions of a backfill are made first.
    RunOrderName of millwork_core::backfill::RunOrder as "RunOrder" { OldestFirst, NewestFirst }
    /// The status of a step within a run.
    StepStatusName of millwork_core::run::StepStatus as "StepStatus" {
        Pending, Running, Retrying, Succeeded, Failed, Skipped, Canceled,
    }
    /// The outcome of a reproduction as a whole.
    ReproductionVerdictName of millwork_core::run::ReproductionVerdict as "ReproductionVerdict" {
        Identical, Different, OtherCode,
    }
    /// The kind of a step's failure.
    FailureKindName of millwork_core::run::FailureKind as "FailureKind" {
        Error, Panic, Timeout, Input, Output, Check,
    }
    /// The class of the reason why a run failed or was lost.
    FailureClassName of millwork_core::run::FailureClass as "FailureClass" {
        Error, Timeout, OutOfMemory, Killed, Lost,
    }
    /// The status of an asset or one of its partitions.
    AssetStatusName of millwork_core::AssetStatus as "AssetStatus" {
        External, Fresh, Missing, Stale, Running, Failed,
    }
    /// The state of an asset under its freshness policy.
    FreshnessName of millwork_core::freshness::Freshness as "Freshness" { Pass, Warn, Fail, Unknown }
    /// Which of two values of a metric is better.
    BetterName of millwork_core::Better as "Better" { Higher, Lower }
    /// The change of a metric for the better or for the worse.
    MetricChangeName of millwork_core::MetricChange as "MetricChange" { Better, Worse }
    /// The decision about a version.
    DecisionName of millwork_core::Decision as "Decision" { Promote, Keep, Reject }
    /// The severity of a failed check.
    SeverityName of millwork_core::Severity as "Severity" { Warn, Error }
    /// Whether a pending request is tried again.
    PendingStateName of millwork_storage::PendingState as "PendingState" { Waiting, GivenUp }
    /// The state of a delivery.
    DeliveryStateName of millwork_storage::DeliveryState as "DeliveryState" { Pending, Delivered, Dead, Dropped }
    /// Whether an alert reports a problem or a recovery, or is a test of a rule.
    AlertKindName of millwork_core::alert::AlertKind as "AlertKind" { Raised, Recovered, Test }
    /// The table of the database that a row belongs to, or `file` for the file as a whole.
    TableName of millwork_storage::Table as "Table" {
        File, Events, Runs, Ticks, Deliveries, Automation, Slots, Pending, Backfills, Latest,
    }
}

/// The type of an event: the name of its kind, or `unreadable`.
#[derive(Debug)]
pub enum EventTypeName {}

impl PartialSchema for EventTypeName {
    fn schema() -> RefOr<Schema> {
        texts("The type of an event", EventKind::ALL.iter().filter_map(word).chain(["unreadable".to_owned()]))
    }
}

impl ToSchema for EventTypeName {
    fn name() -> std::borrow::Cow<'static, str> {
        "EventType".into()
    }
}

/// The string that a value without fields serializes to.
fn word(value: &impl Serialize) -> Option<String> {
    serde_json::to_value(value).ok()?.as_str().map(str::to_owned)
}

/// The schema of an enumeration of strings.
fn texts(description: &str, words: impl Iterator<Item = String>) -> RefOr<Schema> {
    let texts = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words));
    texts.description(Some(description.trim())).build().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_that_values_serialize_to() {
        let schema = serde_json::to_value(RunStatusName::schema()).expect("JSON");
        let words = ["queued", "running", "canceling", "succeeded", "failed", "canceled", "lost"];
        assert_eq!(
            schema,
            serde_json::json!({ "type": "string", "enum": words, "description": "The status of a run." })
        );
        let kinds = serde_json::to_value(EventTypeName::schema()).expect("JSON");
        assert_eq!(kinds["enum"].as_array().map(Vec::len), Some(EventKind::ALL.len() + 1));
    }
}
