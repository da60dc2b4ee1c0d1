//! The result of `runs reproduce`.

use millwork_core::run::{
    ChangedStep, Made, ReproducedAsset, Reproduction, ReproductionVerdict, RunId, StepKey,
};
use millwork_core::{AssetKey, AssetPartition, CodeVersion, DataVersion, PartitionKey};
use serde::Serialize;
use utoipa::ToSchema;

use crate::names::ReproductionVerdictName;

/// A run's steps, executed again on the same inputs and compared.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReproductionView {
    /// The run that was reproduced.
    #[schema(value_type = String)]
    pub run: RunId,
    /// The outcome as a whole.
    #[schema(value_type = ReproductionVerdictName)]
    pub verdict: ReproductionVerdict,
    /// The outputs of its steps, by key and partition.
    pub assets: Vec<ReproducedAssetView>,
    /// The steps whose code is another one now, by key.
    pub changed_steps: Vec<ChangedStepView>,
    /// The parts of the environment that differ from what the run has recorded, by the names of the fields.
    pub environment: Vec<String>,
    /// The duration of the reproduction, in seconds.
    pub seconds: f64,
}

/// An output: what the run has made of it, and what the reproduction has.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReproducedAssetView {
    /// The asset.
    #[schema(value_type = String)]
    pub asset: AssetKey,
    /// The partition; `null` if the asset has none.
    #[schema(required, value_type = Option<String>)]
    #[serde(serialize_with = "crate::label::of_partition")]
    pub partition: Option<PartitionKey>,
    /// Whether both have made the same.
    pub identical: bool,
    /// What the run has made.
    pub was: MadeView,
    /// What the reproduction has made.
    pub is: MadeView,
    /// The inputs that differ as well.
    pub follows: Vec<String>,
}

/// What a step has made of an output.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum MadeView {
    /// A new value.
    Materialized {
        /// The version of its data.
        #[schema(value_type = String)]
        data_version: DataVersion,
    },
    /// The value that there was has been kept.
    Kept,
    /// No value, by decision of the function.
    NotMaterialized,
    /// The step hasn't succeeded.
    Failed {
        /// Why it hasn't.
        reason: String,
    },
}

/// A step whose code has changed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChangedStepView {
    /// The key of the step.
    #[schema(value_type = String)]
    pub step: StepKey,
    /// The version of its code in the run.
    #[schema(value_type = String)]
    pub was: CodeVersion,
    /// The version of its code now.
    #[schema(value_type = String)]
    pub is: CodeVersion,
}

impl ReproductionView {
    /// The view of a reproduction that took so long.
    pub fn new(reproduction: &Reproduction, seconds: f64) -> Self {
        let verdict = reproduction.verdict();
        let Reproduction { run, assets, changed_steps, environment } = reproduction;
        Self {
            run: *run,
            verdict,
            assets: assets.iter().map(Into::into).collect(),
            changed_steps: changed_steps.iter().cloned().map(Into::into).collect(),
            environment: environment.iter().map(|name| (*name).to_owned()).collect(),
            seconds,
        }
    }
}

impl From<&ReproducedAsset> for ReproducedAssetView {
    fn from(reproduced: &ReproducedAsset) -> Self {
        let identical = reproduced.is_identical();
        let ReproducedAsset { asset: AssetPartition { asset, partition }, was, is, follows } =
            reproduced.clone();
        let follows = follows.iter().map(ToString::to_string).collect();
        Self { asset, partition, identical, was: was.into(), is: is.into(), follows }
    }
}

impl From<Made> for MadeView {
    fn from(made: Made) -> Self {
        match made {
            Made::Value(data_version) => Self::Materialized { data_version },
            Made::Kept => Self::Kept,
            Made::Nothing => Self::NotMaterialized,
            Made::Failed(reason) => Self::Failed { reason },
        }
    }
}

impl From<ChangedStep> for ChangedStepView {
    fn from(ChangedStep { step, was, is }: ChangedStep) -> Self {
        Self { step, was, is }
    }
}
