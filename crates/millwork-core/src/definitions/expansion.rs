//! What the attribute macros' output calls: small generic functions whose bounds are the rules of the authoring
//! interface, so that a broken rule is one error in words of its own.
//!
//! A parameter is named once in the macros' output, here: [`upstream`] and [`extractor`] add what it needs to the
//! requirements, and return the function that takes its value when the step runs.

use std::pin::Pin;
use std::sync::Arc;

use super::{Asset, Assets};
use crate::BoxError;
use crate::asset::{
    AssetSpec, BatchResult, CheckResult, IntoCheckResult, IntoProduced, IntoVerdict, Output, Produced,
    StepFunction, StepResult, Update, Verdict,
};
use crate::param::{Batch, BatchKey, FromStep, Requirements, StepContext};
use crate::partition::mapping::Mapping;
use crate::partition::{FromPartitionKey, PartitionsDefinition};
use crate::version::AliasName;

/// Takes the value of one parameter when the step runs.
pub type Take<T> = fn(&StepContext) -> Result<T, BoxError>;

/// A future that may move between threads and borrows what its function was given.
pub type BorrowingFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An asset whose value is a `T`; in fact it is a `V`. The trait exists for its error message.
#[diagnostic::on_unimplemented(
    message = "asset `{Self}` is `{V}`, not `{T}`",
    label = "expected `&{V}`, the value of `{Self}`"
)]
pub trait Produces<T, V> {
    /// The same value, under the name `T`.
    fn same(value: Arc<V>) -> Arc<T>;
}

#[diagnostic::do_not_recommend]
impl<A, T> Produces<T, T> for A {
    fn same(value: Arc<T>) -> Arc<T> {
        value
    }
}

/// An error with which a step's function may fail.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a step",
    label = "not an error",
    note = "implement `std::error::Error` for it, or return `millwork::Result<T>`, which takes any error"
)]
pub trait StepError {
    /// Converts the error into a boxed error.
    fn into_box(self) -> BoxError;
}

#[diagnostic::do_not_recommend]
impl<E: Into<BoxError>> StepError for E {
    fn into_box(self) -> BoxError {
        self.into()
    }
}

/// An expression of a text among an attribute's arguments.
#[diagnostic::on_unimplemented(message = "`{Self}` is not a text", label = "expected a text")]
pub trait Text {
    /// The text, owned.
    fn into_text(self) -> String;
}

#[diagnostic::do_not_recommend]
impl<T: Into<String>> Text for T {
    fn into_text(self) -> String {
        self.into()
    }
}

/// An expression of partitions among an attribute's arguments.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no definition of partitions",
    label = "expected partitions",
    note = "write `daily(\"UTC\").from(\"2024-01-01\")`, `fixed([\"a\", \"b\"])` or `dynamic(\"names\")`, and `.by(…)` for several dimensions"
)]
pub trait Partitioned {
    /// The definition.
    fn into_partitions(self) -> PartitionsDefinition;
}

#[diagnostic::do_not_recommend]
impl<P: Into<PartitionsDefinition>> Partitioned for P {
    fn into_partitions(self) -> PartitionsDefinition {
        self.into()
    }
}

/// An expression of a mapping of partitions, in the attribute of a parameter.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no mapping of partitions",
    label = "expected a mapping",
    note = "write `window(-6, 0)`, `latest()`, `all()` or another one of `millwork::partitions`"
)]
pub trait MapsPartitions {
    /// The mapping.
    fn into_mapping(self) -> Mapping;
}

#[diagnostic::do_not_recommend]
impl<M: Into<Mapping>> MapsPartitions for M {
    fn into_mapping(self) -> Mapping {
        self.into()
    }
}

/// A reference parameter: the value of the asset `A`, taken as a `T`.
pub fn upstream<A: Asset + Produces<T, A::Value>, T>(requirements: &mut Requirements) -> Take<Arc<T>> {
    requirements.input::<A::Value>(A::KEY);
    |context| context.input::<A::Value>(A::KEY).map(A::same)
}

/// A parameter with a mapping of partitions, which `takes` takes.
pub fn mapped<T>(
    requirements: &mut Requirements,
    mapping: &Mapping,
    takes: impl FnOnce(&mut Requirements) -> Take<T>,
) -> Take<T> {
    requirements.mapped(mapping, takes)
}

/// The partitions among an attribute's arguments.
pub fn partitions<P: Partitioned>(partitions: P) -> PartitionsDefinition {
    partitions.into_partitions()
}

/// The mapping of a parameter's attribute.
pub fn mapping<M: MapsPartitions>(mapping: M) -> Mapping {
    mapping.into_mapping()
}

/// An owned parameter: an extractor.
pub fn extractor<P: FromStep>(requirements: &mut Requirements) -> Take<P> {
    P::requirements(requirements);
    P::from_step
}

/// The outcomes for the assets of a multi-asset.
pub type Outcomes<A> = fn(A) -> Vec<Produced>;

/// What a multi-asset's function makes: the assets, and the outcome for each of them.
pub fn outputs<A: Assets>() -> (Vec<AssetSpec>, Outcomes<A>) {
    (A::specs(), A::into_produced)
}

/// A plain value of the asset `A`.
pub fn value<A: Asset>(value: A::Value) -> Produced {
    output::<A>(Output::new(value))
}

/// A value of the asset `A` with metadata.
pub fn output<A: Asset>(output: Output<A::Value>) -> Produced {
    output.into_produced()
}

/// A value of the asset `A`, or the decision to keep the last one.
pub fn update<A: Asset>(update: Update<A::Value>) -> Produced {
    update.into_produced()
}

/// What a function that may fail returned.
pub fn fallible<T, E: StepError>(returned: Result<T, E>) -> Result<T, BoxError> {
    returned.map_err(StepError::into_box)
}

/// That a function returns a batch by keys of the type `K`.
pub fn returns_batch<K: FromPartitionKey>(requirements: &mut Requirements) {
    requirements.returns_batch::<K>();
}

/// What a function returned for many partitions; `produced` is the outcome of one.
pub fn batch<K: BatchKey, T>(
    context: &StepContext,
    batch: Batch<K, T>,
    produced: impl Fn(T) -> Result<Vec<Produced>, BoxError>,
) -> Result<StepResult, BoxError> {
    BatchResult::of(context, batch, produced).map(StepResult::Batch)
}

/// What a check's function returned.
pub fn verdict<T: IntoCheckResult>(returned: T) -> Result<CheckResult, BoxError> {
    returned.into_check_result()
}

/// What a gate's function returned.
pub fn judged<T: IntoVerdict>(returned: T) -> Result<Verdict, BoxError> {
    returned.into_verdict()
}

/// The alias that a gate moves. A name that can't be is reported when definitions resolve.
pub fn alias(name: &'static str) -> AliasName {
    AliasName::written(name)
}

/// A text among an attribute's arguments.
pub fn text<T: Text>(text: T) -> String {
    text.into_text()
}

/// The future of an `async` function. The runtime may move it to another thread at every `.await`.
pub fn require_send<'a, F: Future + Send + 'a>(future: F) -> BorrowingFuture<'a, F::Output> {
    Box::pin(future)
}

/// The step function around an ordinary function.
pub fn blocking(
    function: impl Fn(&StepContext) -> Result<StepResult, BoxError> + Send + Sync + 'static,
) -> StepFunction {
    StepFunction::Blocking(Arc::new(move |context| function(&context)))
}

/// The step function around an `async` function.
pub fn non_blocking<Fut>(function: impl Fn(StepContext) -> Fut + Send + Sync + 'static) -> StepFunction
where
    Fut: Future<Output = Result<StepResult, BoxError>> + Send + 'static,
{
    StepFunction::Async(Arc::new(move |context| Box::pin(function(context))))
}
