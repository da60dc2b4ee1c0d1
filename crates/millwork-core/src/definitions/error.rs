//! Everything that can be wrong with a pipeline's definitions.

use std::borrow::Cow;
use std::fmt;

use thiserror::Error;

use crate::asset::AssetKey;
use crate::graph::DependencyCycle;
use crate::problem::{Advice, ErrorClass, Problem};

/// One thing that is wrong with the definitions.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum DefinitionError {
    /// A key can't be used.
    #[error("the key of asset `{asset}` is invalid: {problem}")]
    InvalidKey {
        /// The asset.
        asset: AssetKey,
        /// What is wrong with it.
        problem: String,
    },
    /// Two functions make the same asset.
    #[error("asset `{asset}` is defined twice, by `{first}` and `{second}`")]
    DuplicateAsset {
        /// The asset.
        asset: AssetKey,
        /// A function.
        first: String,
        /// The other one.
        second: String,
    },
    /// Two steps have one name.
    #[error("step `{step}` is defined twice")]
    DuplicateStep {
        /// The name.
        step: String,
    },
    /// An asset has two checks of one name.
    #[error("check `{check}` of asset `{asset}` is defined twice")]
    DuplicateCheck {
        /// The asset.
        asset: AssetKey,
        /// The check.
        check: String,
    },
    /// Two jobs have one name.
    #[error("job `{job}` is defined twice")]
    DuplicateJob {
        /// The name.
        job: String,
    },
    /// Two resources have one type.
    #[error("the resource `{type_name}` is defined twice")]
    DuplicateResource {
        /// The type.
        type_name: String,
    },
    /// An upstream asset isn't listed.
    #[error("`{dependent}` depends on asset `{asset}`, which is not part of the definitions")]
    UnlistedAsset {
        /// Who depends on it.
        dependent: String,
        /// The asset.
        asset: AssetKey,
        /// Add it, or the name that was meant.
        hint: String,
    },
    /// An upstream asset has another type.
    #[error("`{dependent}` takes asset `{asset}` as `{expected}`, but it is `{actual}`")]
    WrongType {
        /// Who takes it.
        dependent: String,
        /// The asset.
        asset: AssetKey,
        /// The type as which it is taken.
        expected: String,
        /// The type it has.
        actual: String,
    },
    /// An asset that Millwork doesn't load is taken as a value.
    #[error("`{dependent}` takes the value of asset `{asset}`, which Millwork doesn't store")]
    NotLoadable {
        /// Who takes it.
        dependent: String,
        /// The asset.
        asset: AssetKey,
    },
    /// Assets depend on each other in a circle.
    #[error("assets depend on each other in a circle: {}", path(.cycle))]
    Cycle {
        /// The circle, each downstream of the one before; the first is also the last.
        cycle: Vec<String>,
    },
    /// A resource is missing.
    #[error("`{dependent}` takes the resource `{type_name}`, which is not defined")]
    MissingResource {
        /// Who takes it.
        dependent: String,
        /// The type.
        type_name: String,
    },
    /// An I/O manager is missing.
    #[error("`{dependent}` is stored by the I/O manager `{name}`, which is not defined")]
    MissingIoManager {
        /// Whose values.
        dependent: String,
        /// The name.
        name: String,
    },
    /// A limit lets nothing pass.
    #[error("{problem}")]
    InvalidLimit {
        /// What is wrong.
        problem: Problem,
    },
    /// A step takes none of a pool, or more than there is.
    #[error("`{dependent}` takes {slots} slots of the pool `{pool}`, which has {of}")]
    PoolTooSmall {
        /// Which step.
        dependent: String,
        /// The pool.
        pool: String,
        /// How many it takes.
        slots: u32,
        /// How many there are.
        of: u32,
    },
    /// Partitions don't fit together.
    #[error("`{dependent}` cannot map its partitions to those of `{asset}`: {problem}")]
    ImpossibleMapping {
        /// The downstream step.
        dependent: String,
        /// The upstream asset.
        asset: AssetKey,
        /// Why not.
        problem: String,
        /// What to do.
        hint: String,
    },
    /// A partitions definition is wrong.
    #[error("the partitions of `{step}` are invalid: {problem}")]
    InvalidPartitions {
        /// The step.
        step: String,
        /// What is wrong.
        problem: Problem,
    },
    /// A freshness policy is wrong.
    #[error("the freshness policy of asset `{asset}` is invalid: {problem}")]
    InvalidFreshness {
        /// The asset.
        asset: AssetKey,
        /// What is wrong.
        problem: Problem,
    },
    /// A check tests an asset that isn't there, or has no function.
    #[error("check `{check}` tests asset `{asset}`, which is not part of the definitions")]
    CheckOfUnlistedAsset {
        /// The check.
        check: String,
        /// The asset.
        asset: AssetKey,
        /// Add it, or the name that was meant.
        hint: String,
    },
    /// A job's selection, configuration or tags are wrong.
    #[error("the job `{job}` is invalid: {problem}")]
    InvalidJob {
        /// The job.
        job: String,
        /// What is wrong.
        problem: Problem,
    },
    /// A sensor makes no sense.
    #[error("the sensor `{sensor}` is invalid: {problem}")]
    InvalidSensor {
        /// The sensor.
        sensor: String,
        /// What is wrong.
        problem: Problem,
    },
    /// An asset's condition makes no sense.
    #[error("the automation condition of asset `{asset}` is invalid: {problem}")]
    InvalidCondition {
        /// The asset.
        asset: AssetKey,
        /// What is wrong.
        problem: Problem,
    },
    /// An alert rule is wrong.
    #[error("the alert rule `{rule}` is invalid: {problem}")]
    InvalidAlert {
        /// The rule.
        rule: String,
        /// What is wrong.
        problem: Problem,
    },
    /// A schedule cannot be kept.
    #[error("the schedule `{schedule}` is invalid: {problem}")]
    InvalidSchedule {
        /// The schedule.
        schedule: String,
        /// What is wrong.
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
            Self::DuplicateResource { .. } => "wrap one of them in a type of its own".into(),
            Self::WrongType { .. } => "take it as what it is".into(),
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
            Self::UnlistedAsset { hint, .. }
            | Self::ImpossibleMapping { hint, .. }
            | Self::CheckOfUnlistedAsset { hint, .. } => Cow::Borrowed(hint),
            Self::InvalidPartitions { problem, .. }
            | Self::InvalidFreshness { problem, .. }
            | Self::InvalidLimit { problem }
            | Self::InvalidJob { problem, .. }
            | Self::InvalidSensor { problem, .. }
            | Self::InvalidCondition { problem, .. }
            | Self::InvalidAlert { problem, .. }
            | Self::InvalidSchedule { problem, .. } => return problem.hint(),
        })
    }

    fn class(&self) -> ErrorClass {
        ErrorClass::Definitions
    }
}

fn path(cycle: &[String]) -> String {
    cycle.join(" → ")
}

/// All that is wrong with the definitions. There is at least one error.
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
