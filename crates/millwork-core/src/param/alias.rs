//! The extractors of versions: what an alias points at, what a gate judges, and what a version was made from.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use jiff::Timestamp;

use super::{Absent, FromStep, Requirements, StepContext, StoredVersion};
use crate::BoxError;
use crate::value::{Asset, Metadata};
use crate::version::{AliasName, ReadAs, VersionNumber};

/// The name of an alias as a type.
///
/// ```
/// use millwork_core::NamedAlias;
///
/// /// The version that a staging system uses.
/// enum Staging {}
///
/// impl NamedAlias for Staging {
///     const NAME: &'static str = "staging";
/// }
/// ```
pub trait NamedAlias {
    /// The name: a letter, then letters, digits, `_` and `-`.
    const NAME: &'static str;
}

/// The name of the default alias, [`champion`](AliasName::CHAMPION).
#[derive(Debug)]
pub enum ChampionAlias {}

impl NamedAlias for ChampionAlias {
    const NAME: &'static str = AliasName::CHAMPION;
}

/// The version of the asset `A` in use: the one that its alias `champion` points at. See [`Alias`].
pub type Champion<A> = Alias<A, ChampionAlias>;

/// The version of the asset `A` that the alias `N` points at.
///
/// It is what the alias meant when the run began, unless a gate of the same run moves the alias; then it is what the gate decided. A
/// later version of the asset makes the reader neither stale nor wait: only a move of the alias does. Where the alias doesn't
/// exist, the step is skipped; `Option<Alias<A, N>>` is `None` then. It derefs to the value.
///
/// ```
/// use millwork_core::{Asset, Champion};
///
/// enum model {}
/// impl Asset for model {
///     const KEY: &'static str = "model";
///     type Value = f64;
/// }
///
/// fn predictions(model: Champion<model>) -> f64 {
///     *model * 2.0
/// }
/// assert_eq!(predictions(Champion::of(1.5)), 3.0);
/// ```
pub struct Alias<A: Asset, N: NamedAlias> {
    version: TypedVersion<A>,
    alias: PhantomData<fn() -> N>,
}

/// The version of the asset `A` that a gate judges: the one that the run has just made. Only gates take it. It derefs to the value.
pub struct Challenger<A: Asset>(TypedVersion<A>);

/// The version of the asset `U` that the version `M` of a model was made from: `InputOf<vectorizer, Champion<model>>`. It comes
/// and goes with the version of the model, and retention keeps it as long. It derefs to the value.
pub struct InputOf<U: Asset, M: VersionOf> {
    version: TypedVersion<U>,
    model: PhantomData<fn() -> M>,
}

/// A version of a model as a type, of which [`InputOf`] takes what it was made from: [`Champion<A>`](Champion),
/// [`Alias<A, N>`](Alias), and in gates [`Challenger<A>`](Challenger).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a version of a model",
    label = "expected `Champion<model>`",
    note = "`InputOf<vectorizer, Champion<model>>` is the version of `vectorizer` that the champion was made from"
)]
pub trait VersionOf {
    /// How what it was made from is read.
    fn inputs() -> ReadAs;

    /// Adds to a step's requirements what it follows.
    fn follow(requirements: &mut Requirements);
}

impl<A: Asset, N: NamedAlias> VersionOf for Alias<A, N> {
    fn inputs() -> ReadAs {
        ReadAs::InputOf { model: A::KEY.into(), alias: AliasName::written(N::NAME) }
    }

    /// What the version was made from changes with the alias, also for a step that doesn't take the model itself.
    fn follow(requirements: &mut Requirements) {
        requirements.follow(A::KEY, AliasName::written(N::NAME));
    }
}

impl<A: Asset> VersionOf for Challenger<A> {
    fn inputs() -> ReadAs {
        ReadAs::InputOfChallenger { model: A::KEY.into() }
    }

    fn follow(_requirements: &mut Requirements) {}
}

/// A version with its value as what it is.
struct TypedVersion<A: Asset> {
    value: Arc<A::Value>,
    stored: StoredVersion,
    step_time: Timestamp,
    is_in_shadow: bool,
}

impl<A: Asset> TypedVersion<A> {
    /// A version of a test: the first, without metadata.
    fn of(value: A::Value) -> Self {
        let value = Arc::new(value);
        let stored = StoredVersion {
            value: value.clone(),
            version: Some(VersionNumber::FIRST),
            metadata: Metadata::new(),
            data_version: "of a test".into(),
            run: None,
            at: Timestamp::UNIX_EPOCH,
        };
        Self { value, stored, step_time: Timestamp::UNIX_EPOCH, is_in_shadow: false }
    }

    fn from_step(context: &StepContext, read_as: &ReadAs) -> Result<Option<Self>, BoxError> {
        let Some(stored) = context.version(A::KEY, read_as) else { return Ok(None) };
        let value = stored.value.clone().downcast();
        let value = value.map_err(|_| format!("the stored version of `{}` has another type", A::KEY))?;
        let is_in_shadow = context.shadow_of().is_some_and(|model| model.as_str() == A::KEY);
        Ok(Some(Self { value, stored: stored.clone(), step_time: context.started_at(), is_in_shadow }))
    }
}

impl<A: Asset, N: NamedAlias> Alias<A, N> {
    /// A version with this value, for tests of the function that takes it.
    pub fn of(value: A::Value) -> Self {
        Self { version: TypedVersion::of(value), alias: PhantomData }
    }

    /// The value.
    pub fn value(&self) -> &A::Value {
        &self.version.value
    }

    /// The version itself: its number, metadata, time and run.
    pub fn stored(&self) -> &StoredVersion {
        &self.version.stored
    }

    /// The time at which the step that took it began, as by [`StepTime`](super::StepTime); 1970 in tests of its function.
    pub fn step_time(&self) -> Timestamp {
        self.version.step_time
    }

    /// Whether it is a version in shadow, with which the function is called in the place of the version in use.
    pub fn is_in_shadow(&self) -> bool {
        self.version.is_in_shadow
    }
}

impl<A: Asset, N: NamedAlias> Deref for Alias<A, N> {
    type Target = A::Value;

    fn deref(&self) -> &Self::Target {
        self.value()
    }
}

impl<A: Asset, N: NamedAlias> fmt::Debug for Alias<A, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alias").field("version", &self.stored().version).finish_non_exhaustive()
    }
}

impl<A: Asset> Challenger<A> {
    /// A version with this value, for tests of the function that takes it.
    pub fn of(value: A::Value) -> Self {
        Self(TypedVersion::of(value))
    }

    /// The value.
    pub fn value(&self) -> &A::Value {
        &self.0.value
    }

    /// The version itself: its number, metadata, time and run.
    pub fn stored(&self) -> &StoredVersion {
        &self.0.stored
    }

    /// The time at which the step that took it began, as by [`StepTime`](super::StepTime); 1970 in tests of its function.
    pub fn step_time(&self) -> Timestamp {
        self.0.step_time
    }
}

impl<A: Asset> Deref for Challenger<A> {
    type Target = A::Value;

    fn deref(&self) -> &Self::Target {
        self.value()
    }
}

impl<A: Asset> fmt::Debug for Challenger<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Challenger").field("version", &self.stored().version).finish_non_exhaustive()
    }
}

impl<U: Asset, M: VersionOf> InputOf<U, M> {
    /// A version with this value, for tests of the function that takes it.
    pub fn of(value: U::Value) -> Self {
        Self { version: TypedVersion::of(value), model: PhantomData }
    }

    /// The value.
    pub fn value(&self) -> &U::Value {
        &self.version.value
    }

    /// The version itself: its number, metadata, time and run.
    pub fn stored(&self) -> &StoredVersion {
        &self.version.stored
    }
}

impl<U: Asset, M: VersionOf> Deref for InputOf<U, M> {
    type Target = U::Value;

    fn deref(&self) -> &Self::Target {
        self.value()
    }
}

impl<U: Asset, M: VersionOf> fmt::Debug for InputOf<U, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InputOf").field("version", &self.stored().version).finish_non_exhaustive()
    }
}

impl<A: Asset, N: NamedAlias> FromStep for Alias<A, N> {
    fn requirements(requirements: &mut Requirements) {
        requirements.version::<A::Value>(A::KEY, read_by_alias::<N>(), Absent::SkipsTheStep);
    }

    fn from_step(context: &StepContext) -> Result<Self, BoxError> {
        let version = Option::<Self>::from_step(context)?;
        version.ok_or_else(|| missing(A::KEY))
    }
}

impl<A: Asset, N: NamedAlias> FromStep for Option<Alias<A, N>> {
    fn requirements(requirements: &mut Requirements) {
        requirements.version::<A::Value>(A::KEY, read_by_alias::<N>(), Absent::IsNone);
    }

    fn from_step(context: &StepContext) -> Result<Self, BoxError> {
        let version = TypedVersion::from_step(context, &read_by_alias::<N>())?;
        Ok(version.map(|version| Alias { version, alias: PhantomData }))
    }
}

impl<A: Asset> FromStep for Challenger<A> {
    fn requirements(requirements: &mut Requirements) {
        requirements.input::<A::Value>(A::KEY);
        requirements.challenger = Some(A::KEY.into());
    }

    fn from_step(context: &StepContext) -> Result<Self, BoxError> {
        TypedVersion::from_step(context, &ReadAs::Latest)?.map(Self).ok_or_else(|| missing(A::KEY))
    }
}

impl<U: Asset, M: VersionOf> FromStep for InputOf<U, M> {
    fn requirements(requirements: &mut Requirements) {
        InputOf::<U, M>::require(requirements, Absent::SkipsTheStep);
    }

    fn from_step(context: &StepContext) -> Result<Self, BoxError> {
        Option::<Self>::from_step(context)?.ok_or_else(|| missing(U::KEY))
    }
}

impl<U: Asset, M: VersionOf> FromStep for Option<InputOf<U, M>> {
    fn requirements(requirements: &mut Requirements) {
        InputOf::<U, M>::require(requirements, Absent::IsNone);
    }

    fn from_step(context: &StepContext) -> Result<Self, BoxError> {
        let version = TypedVersion::from_step(context, &M::inputs())?;
        Ok(version.map(|version| InputOf { version, model: PhantomData }))
    }
}

impl<U: Asset, M: VersionOf> InputOf<U, M> {
    fn require(requirements: &mut Requirements, absent: Absent) {
        requirements.version::<U::Value>(U::KEY, M::inputs(), absent);
        M::follow(requirements);
    }
}

fn read_by_alias<N: NamedAlias>() -> ReadAs {
    ReadAs::Alias(AliasName::written(N::NAME))
}

fn missing(asset: &str) -> BoxError {
    format!("the context of the step was made without the version of `{asset}`").into()
}
