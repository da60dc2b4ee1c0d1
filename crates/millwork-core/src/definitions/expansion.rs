//! What the attribute macros' output calls: small generic functions whose bounds are the rules of the authoring
//! interface, so that a broken rule is one error in words of its own.
//!
//! A parameter is named once in the macros' output, here: [`upstream`] and [`extractor`] add what it needs to the
//! requirements, and return the function that takes its value when the step runs.

use std::pin::Pin;
use std::sync::Arc;

use super::Asset;
use crate::asset::{StepFunction, StepResult};
use crate::param::{FromStep, Requirements, StepContext};
use crate::{BoxError, CheckResult, IntoCheckResult};

/// Takes the value of one parameter when the step runs.
pub type Take<T> = fn(&StepContext) -> Result<T, BoxError>;

/// A future that may move between threads and borrows what its function was given.
pub type BorrowingFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The value type of the asset `A`, if that is `T`. It exists for its error message.
#[diagnostic::on_unimplemented(
    message = "asset `{A}` is `{Self}`, not `{T}`",
    label = "expected `&{Self}`, the value of `{A}`"
)]
pub trait ValueOf<A, T> {
    /// The same value, under the name `T`.
    fn same(value: Arc<Self>) -> Arc<T>;
}

#[diagnostic::do_not_recommend]
impl<A, T> ValueOf<A, T> for T {
    fn same(value: Arc<Self>) -> Arc<T> {
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
    /// Erases the type.
    fn into_box(self) -> BoxError;
}

#[diagnostic::do_not_recommend]
impl<E: Into<BoxError>> StepError for E {
    fn into_box(self) -> BoxError {
        self.into()
    }
}

/// A reference parameter: the value of the asset `A`, taken as a `T`.
pub fn upstream<A: Asset, T>(requirements: &mut Requirements) -> Take<Arc<T>>
where
    A::Value: ValueOf<A, T>,
{
    requirements.input::<A::Value>(A::KEY);
    |context| context.input::<A::Value>(A::KEY).map(A::Value::same)
}

/// An owned parameter: an extractor.
pub fn extractor<P: FromStep>(requirements: &mut Requirements) -> Take<P> {
    P::requirements(requirements);
    P::from_step
}

/// What a function that may fail returned.
pub fn fallible<T, E: StepError>(returned: Result<T, E>) -> Result<T, BoxError> {
    returned.map_err(StepError::into_box)
}

/// What a check's function returned.
pub fn verdict<T: IntoCheckResult>(returned: T) -> Result<CheckResult, BoxError> {
    returned.into_check_result()
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
