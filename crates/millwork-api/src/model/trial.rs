//! What came of judging a version in shadow again.

use std::collections::BTreeMap;

use millwork_core::event::VersionJudged;
use millwork_core::version::VersionNumber;
use millwork_core::{AssetKey, AssetPartition, Decision, Metadata, PartitionKey};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::AskedView;
use super::version::numbers;
use crate::names::DecisionName;

/// The verdict of a gate that has judged a version in shadow again.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TrialView {
    /// The model.
    #[schema(value_type = String)]
    pub asset: AssetKey,
    /// Its partition; `null` if it has none.
    #[schema(required, value_type = Option<String>)]
    #[serde(serialize_with = "crate::label::of_partition")]
    pub partition: Option<PartitionKey>,
    /// The version.
    #[schema(value_type = u32)]
    pub version: VersionNumber,
    /// Whether the trial is over, which is recorded. Otherwise the gate asks for more outcomes, and nothing is.
    pub over: bool,
    /// The decision; `null` if the trial goes on, or people are asked.
    #[schema(required, value_type = Option<DecisionName>)]
    pub decision: Option<Decision>,
    /// The question to people; `null` if they aren't asked.
    #[schema(required)]
    pub asked: Option<AskedView>,
    /// The reason in words; empty if the gate gave none.
    pub reason: String,
    /// The numbers behind it, by label.
    pub numbers: BTreeMap<String, Value>,
}

impl TrialView {
    /// A trial that a verdict has ended.
    pub fn over(of: AssetPartition, judged: &VersionJudged) -> Self {
        Self {
            over: true,
            decision: judged.decision,
            asked: judged.asked.as_ref().map(AskedView::from),
            ..Self::goes_on(of, judged.version, judged.reason.clone(), &judged.metadata)
        }
    }

    /// A trial for which the gate asks for more outcomes.
    pub fn goes_on(
        AssetPartition { asset, partition }: AssetPartition,
        version: VersionNumber,
        reason: String,
        metadata: &Metadata,
    ) -> Self {
        let numbers = numbers(metadata);
        Self { asset, partition, version, over: false, decision: None, asked: None, reason, numbers }
    }

    /// What came of it in words: the decision, who is asked, or that the version stays in shadow.
    pub fn in_words(&self) -> String {
        match (self.decision, &self.asked) {
            (Some(decision), _) => format!("{} after shadow", decision.as_str()),
            (None, Some(asked)) => format!("asks {} after shadow", asked.of),
            (None, None) => "stays in shadow".to_owned(),
        }
    }
}
