//! The errors of a pipeline's definitions.

use std::borrow::Cow;
use std::fmt;

use thiserror::Error;

use crate::asset::AssetKey;
use crate::graph::DependencyCycle;
use crate::problem::{Advice, ErrorClass, Problem};
use crate::version::AliasName;

/// One error of the definitions.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum DefinitionError {
    /// A key can't be used.
    #[error("the key of asset `{asset}` is invalid: {problem}")]
    InvalidKey {
        /// The key of the asset.
        asset: AssetKey,
        /// The reason why it is invalid.
        problem: String,
    },
    /// Two functions make the same asset.
    #[error("asset `{asset}` is defined twice, by `{first}` and `{second}`")]
    DuplicateAsset {
        /// The key of the asset.
        asset: AssetKey,
        /// One of the functions.
        first: String,
        /// The other function.
        second: String,
    },
    /// Two steps have one name.
    #[error("step `{step}` is defined twice")]
    DuplicateStep {
        /// The name of both steps.
        step: String,
    },
    /// An asset has two checks of one name.
    #[error("check `{check}` of asset `{asset}` is defined twice")]
    DuplicateCheck {
        /// The key of the asset.
        asset: AssetKey,
        /// The name of both checks.
        check: String,
    },
    /// An asset has two gates.
    #[error("asset `{asset}` has two gates, `{first}` and `{second}`")]
    DuplicateGate {
        /// The key of the asset.
        asset: AssetKey,
        /// One of the gates.
        first: String,
        /// The other gate.
        second: String,
    },
    /// A gate doesn't take the version that it judges.
    #[error("gate `{gate}` takes no challenger of `{asset}`")]
    GateWithoutChallenger {
        /// The name of the gate.
        gate: String,
        /// The key of the asset that it judges.
        asset: AssetKey,
    },
    /// What isn't a gate takes a challenger.
    #[error("`{dependent}` takes a challenger of `{asset}`, but it is no gate")]
    MisplacedChallenger {
        /// The step that takes it.
        dependent: String,
        /// The key of the asset.
        asset: AssetKey,
    },
    /// The asset that versions are to make in shadow isn't declared as safe for that.
    #[error(
        "gate `{gate}` has versions of `{model}` make `{asset}` in shadow, which isn't declared as safe to be called twice"
    )]
    NotShadowSafe {
        /// The name of the gate.
        gate: String,
        /// The model.
        model: AssetKey,
        /// The asset.
        asset: AssetKey,
    },
    /// The asset that versions are to make in shadow isn't made with the version in use.
    #[error(
        "gate `{gate}` has versions of `{model}` make `{asset}` in shadow, which doesn't read its {alias}"
    )]
    ShadowWithoutModel {
        /// The name of the gate.
        gate: String,
        /// The model.
        model: AssetKey,
        /// The asset.
        asset: AssetKey,
        /// The alias of the version in use.
        alias: AliasName,
    },
    /// The name of an alias can't be used.
    #[error("`{dependent}` follows an alias of `{asset}` with an invalid name: {problem}")]
    InvalidAlias {
        /// The step that follows it.
        dependent: String,
        /// The key of the asset.
        asset: AssetKey,
        /// The reason why the name is invalid.
        problem: Problem,
    },
    /// The latest version of an asset is used together with a version of a model that may have been made from another one.
    #[error(
        "`{dependent}` takes the latest `{asset}` beside the {alias} of `{model}`, which may have been made from another version of it"
    )]
    UnpairedInput {
        /// The step that takes both.
        dependent: String,
        /// The asset that the model is made from.
        asset: AssetKey,
        /// The model.
        model: AssetKey,
        /// The alias of the model that is followed.
        alias: AliasName,
    },
    /// Two jobs have one name.
    #[error("job `{job}` is defined twice")]
    DuplicateJob {
        /// The name of both jobs.
        job: String,
    },
    /// Two resources have one type.
    #[error("the resource `{type_name}` is defined twice")]
    DuplicateResource {
        /// The name of the resource's type.
        type_name: String,
    },
    /// An upstream asset isn't listed.
    #[error("`{dependent}` depends on asset `{asset}`, which is not part of the definitions")]
    UnlistedAsset {
        /// The step that depends on it.
        dependent: String,
        /// The step that depends on the asset.
        asset: AssetKey,
        /// Add it, or the name that was meant.
        hint: String,
    },
    /// An upstream asset has another type.
    #[error("`{dependent}` takes asset `{asset}` as `{expected}`, but it is `{actual}`")]
    WrongType {
        /// The step that takes the asset.
        dependent: String,
        /// The key of the asset.
        asset: AssetKey,
        /// The type as which it is taken.
        expected: String,
        /// The type it has.
        actual: String,
    },
    /// An asset that Millwork doesn't load is taken as a value.
    #[error("`{dependent}` takes the value of asset `{asset}`, which Millwork doesn't store")]
    NotLoadable {
        /// The step that takes the value.
        dependent: String,
        /// The key of the asset.
        asset: AssetKey,
    },
    /// The dependencies of assets form a cycle.
    #[error("dependency cycle: {}", path(.cycle))]
    Cycle {
        /// The steps of the cycle, each downstream of the one before; the first is also the last.
        cycle: Vec<String>,
    },
    /// A resource is missing.
    #[error("`{dependent}` takes the resource `{type_name}`, which is not defined")]
    MissingResource {
        /// The step that takes the resource.
        dependent: String,
        /// The name of the resource's type.
        type_name: String,
    },
    /// An I/O manager is missing.
    #[error("`{dependent}` is stored by the I/O manager `{name}`, which is not defined")]
    MissingIoManager {
        /// The asset whose values it should store.
        dependent: String,
        /// The name of the I/O manager.
        name: String,
    },
    /// A limit is 0, or otherwise admits no run or step.
    #[error("{problem}")]
    InvalidLimit {
        /// The reason why the limit is invalid.
        problem: Problem,
    },
    /// A step takes none of a pool, or more than there is.
    #[error("`{dependent}` takes {slots} slots of the pool `{pool}`, which has {of}")]
    PoolTooSmall {
        /// The step that takes the slots.
        dependent: String,
        /// The name of the pool.
        pool: String,
        /// How many it takes.
        slots: u32,
        /// How many there are.
        of: u32,
    },
    /// Partitions don't fit together.
    #[error("`{dependent}` cannot map its partitions to those of `{asset}`: {problem}")]
    ImpossibleMapping {
        /// The key of the downstream step.
        dependent: String,
        /// The key of the upstream asset.
        asset: AssetKey,
        /// The reason why the keys can't be mapped.
        problem: Problem,
    },
    /// A partitions definition is invalid.
    #[error("the partitions of `{step}` are invalid: {problem}")]
    InvalidPartitions {
        /// The key of the step.
        step: String,
        /// The reason why they are invalid.
        problem: Problem,
    },
    /// The key that an asset had before can't be one.
    #[error("the former key of asset `{asset}` is invalid: {problem}")]
    InvalidRename {
        /// The key of the asset.
        asset: AssetKey,
        /// The reason why it is invalid.
        problem: Problem,
    },
    /// A freshness policy is invalid.
    #[error("the freshness policy of asset `{asset}` is invalid: {problem}")]
    InvalidFreshness {
        /// The key of the asset.
        asset: AssetKey,
        /// The reason why it is invalid.
        problem: Problem,
    },
    /// A check tests an asset that isn't there, or has no function.
    #[error("check `{check}` tests asset `{asset}`, which is not part of the definitions")]
    CheckOfUnlistedAsset {
        /// The name of the check.
        check: String,
        /// The key of the asset that it tests.
        asset: AssetKey,
        /// Add it, or the name that was meant.
        hint: String,
    },
    /// The standing configuration doesn't fit the steps.
    #[error("the standing configuration is invalid: {problem}")]
    InvalidConfig {
        /// The reason why it is invalid.
        problem: Problem,
    },
    /// A job's selection, configuration or tags are invalid.
    #[error("the job `{job}` is invalid: {problem}")]
    InvalidJob {
        /// The name of the job.
        job: String,
        /// The reason why it is invalid.
        problem: Problem,
    },
    /// A sensor is invalid.
    #[error("the sensor `{sensor}` is invalid: {problem}")]
    InvalidSensor {
        /// The name of the sensor.
        sensor: String,
        /// The reason why it is invalid.
        problem: Problem,
    },
    /// An asset's automation condition is invalid.
    #[error("the automation condition of asset `{asset}` is invalid: {problem}")]
    InvalidCondition {
        /// The key of the asset.
        asset: AssetKey,
        /// The reason why it is invalid.
        problem: Problem,
    },
    /// A watch over a model is invalid.
    #[error("the watch over `{model}` is invalid: {problem}")]
    InvalidWatch {
        /// The model.
        model: AssetKey,
        /// The reason why it is invalid.
        problem: Problem,
    },
    /// An alert rule is invalid.
    #[error("the alert rule `{rule}` is invalid: {problem}")]
    InvalidAlert {
        /// The name of the rule.
        rule: String,
        /// The reason why it is invalid.
        problem: Problem,
    },
    /// A schedule is invalid.
    #[error("the schedule `{schedule}` is invalid: {problem}")]
    InvalidSchedule {
        /// The name of the schedule.
        schedule: String,
        /// The reason why it is invalid.
        problem: Problem,
    },
}

impl From<DependencyCycle> for DefinitionError {
    fn from(cycle: DependencyCycle) -> Self {
        Self::Cycle { cycle: cycle.names }
    }
}

impl Advice for DefinitionError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::InvalidKey { .. } => "use letters, digits, `_`, `-`, `.` and `/`".into(),
            Self::DuplicateAsset { .. } => "rename one or give it a `key_prefix`".into(),
            Self::DuplicateStep { .. } => "rename one of the functions".into(),
            Self::DuplicateCheck { .. } => "rename one".into(),
            Self::DuplicateJob { .. } => "rename one".into(),
            Self::DuplicateGate { .. } => "let one function decide".into(),
            Self::GateWithoutChallenger { asset, .. } => format!("take `Challenger<{asset}>`").into(),
            Self::MisplacedChallenger { asset, .. } => {
                format!("take `Champion<{asset}>`, or declare it with `#[gate]`").into()
            }
            Self::NotShadowSafe { asset, .. } => {
                format!("if `{asset}` has no side effects, declare it with `#[asset(shadow_safe)]`").into()
            }
            Self::ShadowWithoutModel { model, asset, alias, .. } => {
                format!("let `{asset}` take `{}`, or name an asset that does", version_of(model, alias))
                    .into()
            }
            Self::UnpairedInput { asset, model, alias, .. } => {
                let of = version_of(model, alias);
                format!("take `InputOf<{asset}, {of}>`, or make it part of the value of `{model}`").into()
            }
            Self::DuplicateResource { .. } => "wrap one of them in a type of its own".into(),
            Self::WrongType { .. } => "take the type that it has".into(),
            Self::NotLoadable { .. } => "name it in `deps(…)`".into(),
            Self::Cycle { .. } => "break it, or take one as `Previous<…>`".into(),
            Self::MissingResource { .. } => "add `.resource(…)` to the definitions".into(),
            Self::MissingIoManager { name, .. } => {
                format!("add `.io_manager(\"{name}\", …)` to the definitions").into()
            }
            Self::PoolTooSmall { slots: 0, .. } => {
                "a step takes at least one slot of a pool that it names".into()
            }
            Self::PoolTooSmall { pool, slots, .. } => {
                format!("`.pool(\"{pool}\", {slots})` in the definitions gives it as many").into()
            }
            Self::UnlistedAsset { hint, .. } | Self::CheckOfUnlistedAsset { hint, .. } => Cow::Borrowed(hint),
            Self::InvalidPartitions { problem, .. }
            | Self::ImpossibleMapping { problem, .. }
            | Self::InvalidAlias { problem, .. }
            | Self::InvalidRename { problem, .. }
            | Self::InvalidFreshness { problem, .. }
            | Self::InvalidLimit { problem }
            | Self::InvalidConfig { problem }
            | Self::InvalidJob { problem, .. }
            | Self::InvalidSensor { problem, .. }
            | Self::InvalidCondition { problem, .. }
            | Self::InvalidWatch { problem, .. }
            | Self::InvalidAlert { problem, .. }
            | Self::InvalidSchedule { problem, .. } => return problem.hint(),
        })
    }

    fn class(&self) -> ErrorClass {
        ErrorClass::Definitions
    }
}

/// The extractor of the version that an alias points at.
fn version_of(model: &AssetKey, alias: &AliasName) -> String {
    match alias.as_str() {
        AliasName::CHAMPION => format!("Champion<{model}>"),
        _ => format!("Alias<{model}, …>"),
    }
}

fn path(cycle: &[String]) -> String {
    cycle.join(" → ")
}

/// All errors of the definitions, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinitionErrors(pub Vec<DefinitionError>);

impl fmt::Display for DefinitionErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0.len() == 1 { "" } else { "s" };
        write!(f, "the definitions have {} error{plural}", self.0.len())?;
        self.0.iter().try_for_each(|error| write!(f, "\n  - {}", error.one_line()))
    }
}

impl std::error::Error for DefinitionErrors {}

impl Advice for DefinitionErrors {
    fn hint(&self) -> Option<Cow<'_, str>> {
        None
    }

    fn class(&self) -> ErrorClass {
        ErrorClass::Definitions
    }
}
