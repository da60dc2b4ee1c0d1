//! How the calls of a version in shadow went.

use millwork_core::AssetPartition;
use millwork_core::model::ModelHistory;
use millwork_core::version::VersionNumber;
use millwork_storage::{ShadowCalls, StorageError, Store, shadow_calls};
use serde::Serialize;
use utoipa::ToSchema;

/// How the calls of a version in its last trial in shadow went.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ShadowCalls)]
pub struct ShadowCallsView {
    /// The number of calls that made a value.
    pub made: u64,
    /// The number of those that kept the last value, or made none.
    pub nothing: u64,
    /// The number of those that failed.
    pub failed: u64,
    /// The number of those that weren't made, because the process had ended during several before.
    pub not_called: u64,
    /// Why the last one failed that did; `null` if none did.
    #[schema(required)]
    pub failure: Option<String>,
}

impl ShadowCallsView {
    /// The calls of the last trial of a version; `None` if it was never in shadow.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn of(
        store: &dyn Store,
        (history, of): (&ModelHistory, &AssetPartition),
        version: VersionNumber,
    ) -> Result<Option<Self>, StorageError> {
        let verdicts = history.versions.get(&version).into_iter().flat_map(|found| &found.verdicts);
        let mut trials = verdicts.filter_map(|one| Some((one.sequence, &one.what.shadow.as_ref()?.asset)));
        let Some((began, asset)) = trials.next_back() else { return Ok(None) };
        let ShadowCalls { made, nothing, failed, not_called, failure } =
            shadow_calls(store, asset, (of, version), began).await?;
        Ok(Some(Self { made, nothing, failed, not_called, failure }))
    }

    /// The numbers in words: `12 made a value, 1 failed: division by zero`.
    pub fn in_words(&self) -> String {
        let counted = [
            (self.made, "made a value"),
            (self.nothing, "made none"),
            (self.not_called, "not made any more"),
            (self.failed, "failed"),
        ];
        let counted = counted.into_iter().filter(|(count, _)| *count > 0);
        let words: Vec<String> = counted.map(|(count, what)| format!("{count} {what}")).collect();
        match &self.failure {
            _ if words.is_empty() => "none".to_owned(),
            Some(failure) => format!("{}: {failure}", words.join(", ")),
            None => words.join(", "),
        }
    }
}
