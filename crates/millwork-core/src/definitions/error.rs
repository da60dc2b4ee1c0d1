//! Everything that can be wrong with a pipeline's definitions.

use std::fmt;

use thiserror::Error;

use crate::asset::AssetKey;

/// One thing that is wrong with the definitions.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum DefinitionError {
    /// A key can't be used.
    #[error(
        "the key of asset `{asset}` is invalid: {problem}; hint: use letters, digits, `_`, `-`, `.` and `/`"
    )]
    InvalidKey {
        /// The asset.
        asset: AssetKey,
        /// What is wrong with it.
        problem: String,
    },
    /// Two functions make the same asset.
    #[error(
        "asset `{asset}` is defined twice, by `{first}` and `{second}`; hint: rename one or give it a `key_prefix`"
    )]
    DuplicateAsset {
        /// The asset.
        asset: AssetKey,
        /// A function.
        first: String,
        /// The other one.
        second: String,
    },
    /// Two steps have one name.
    #[error("step `{step}` is defined twice; hint: rename one of the functions")]
    DuplicateStep {
        /// The name.
        step: String,
    },
    /// An asset has two checks of one name.
    #[error("check `{check}` of asset `{asset}` is defined twice; hint: rename one")]
    DuplicateCheck {
        /// The asset.
        asset: AssetKey,
        /// The check.
        check: String,
    },
    /// Two jobs have one name.
    #[error("job `{job}` is defined twice; hint: rename one")]
    DuplicateJob {
        /// The name.
        job: String,
    },
    /// Two resources have one type.
    #[error("the resource `{type_name}` is defined twice; hint: wrap one of them in a type of its own")]
    DuplicateResource {
        /// The type.
        type_name: String,
    },
    /// An upstream asset isn't listed.
    #[error("`{dependent}` depends on asset `{asset}`, which is not part of the definitions; hint: {hint}")]
    UnlistedAsset {
        /// Who depends on it.
        dependent: String,
        /// The asset.
        asset: AssetKey,
        /// Add it, or the name that was meant.
        hint: String,
    },
    /// An upstream asset has another type.
    #[error(
        "`{dependent}` takes asset `{asset}` as `{expected}`, but it is `{actual}`; hint: take it as what it is"
    )]
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
    #[error(
        "`{dependent}` takes the value of asset `{asset}`, which Millwork doesn't store; hint: name it in `deps(…)`"
    )]
    NotLoadable {
        /// Who takes it.
        dependent: String,
        /// The asset.
        asset: AssetKey,
    },
    /// Assets depend on each other in a circle.
    #[error("assets depend on each other in a circle: {}; hint: break it, or take one as `Previous<…>`", path(.cycle))]
    Cycle {
        /// The circle, each downstream of the one before; the first is also the last.
        cycle: Vec<String>,
    },
    /// A resource is missing.
    #[error(
        "`{dependent}` takes the resource `{type_name}`, which is not defined; hint: add `.resource(…)` to the definitions"
    )]
    MissingResource {
        /// Who takes it.
        dependent: String,
        /// The type.
        type_name: String,
    },
    /// An I/O manager is missing.
    #[error(
        "`{dependent}` is stored by the I/O manager `{name}`, which is not defined; hint: add `.io_manager(\"{name}\", …)` to the definitions"
    )]
    MissingIoManager {
        /// Whose values.
        dependent: String,
        /// The name.
        name: String,
    },
    /// A step takes more of a pool than there is.
    #[error(
        "`{dependent}` takes {slots} slots of the pool `{pool}`, which has {of}; hint: `.pool(\"{pool}\", {slots})` in the definitions gives it as many"
    )]
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
    #[error("`{dependent}` cannot map its partitions to those of `{asset}`: {problem}; hint: {hint}")]
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
        problem: String,
    },
    /// A freshness policy is wrong.
    #[error("the freshness policy of asset `{asset}` is invalid: {problem}")]
    InvalidFreshness {
        /// The asset.
        asset: AssetKey,
        /// What is wrong.
        problem: String,
    },
    /// A check tests an asset that isn't there, or has no function.
    #[error("check `{check}` tests asset `{asset}`, which is not part of the definitions; hint: {hint}")]
    CheckOfUnlistedAsset {
        /// The check.
        check: String,
        /// The asset.
        asset: AssetKey,
        /// Add it, or the name that was meant.
        hint: String,
    },
    /// A job's selection is wrong or selects nothing.
    #[error("the selection of job `{job}` is invalid: {problem}")]
    InvalidJob {
        /// The job.
        job: String,
        /// What is wrong.
        problem: String,
    },
    /// A sensor makes no sense.
    #[error("the sensor `{sensor}` is invalid: {problem}")]
    InvalidSensor {
        /// The sensor.
        sensor: String,
        /// What is wrong.
        problem: String,
    },
    /// An asset's condition makes no sense.
    #[error("the automation condition of asset `{asset}` is invalid: {problem}")]
    InvalidCondition {
        /// The asset.
        asset: AssetKey,
        /// What is wrong.
        problem: String,
    },
    /// An alert rule is wrong.
    #[error("the alert rule `{rule}` is invalid: {problem}")]
    InvalidAlert {
        /// The rule.
        rule: String,
        /// What is wrong.
        problem: String,
    },
    /// A schedule cannot be kept.
    #[error("the schedule `{schedule}` is invalid: {problem}")]
    InvalidSchedule {
        /// The schedule.
        schedule: String,
        /// What is wrong.
        problem: String,
    },
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
        self.0.iter().try_for_each(|error| write!(f, "\n  - {error}"))
    }
}

impl std::error::Error for DefinitionErrors {}
