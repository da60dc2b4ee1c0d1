//! Short definitions of assets for tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use millwork_core::version::{AliasName, ReadAs};
use millwork_core::{
    Absent, AssetDefinition, AssetSpec, BoxError, CheckDefinition, CheckResult, Computation, GateDefinition,
    Produced, Requirements, StepContext, StepFunction, StepResult, ValueType, Verdict,
};

/// An asset that is a number.
pub(crate) fn number(key: &str) -> AssetDefinition {
    AssetDefinition::new(key).produces::<u64, _>()
}

/// The number `value`.
pub(crate) fn constant(key: &str, value: u64) -> AssetDefinition {
    number(key).blocking(move |_| Ok(value))
}

/// The number `value`, without a thread of its own.
pub(crate) fn instant(key: &str, value: u64) -> AssetDefinition {
    number(key).non_blocking(move |_| std::future::ready(Ok(value)))
}

/// One more than all inputs together.
pub(crate) fn sum(key: &str, inputs: &[&str]) -> AssetDefinition {
    let keys: Vec<String> = inputs.iter().map(ToString::to_string).collect();
    taking(number(key), inputs)
        .blocking(move |step| keys.iter().try_fold(1_u64, |sum, key| Ok(sum + *step.input::<u64>(key)?)))
}

/// Its own last value and what is `new`, unless it `fails`.
pub(crate) fn adding_up(
    key: &'static str,
    new: fn(&StepContext) -> Result<u64, BoxError>,
    fails: Arc<AtomicBool>,
) -> AssetDefinition {
    let total = number(key).blocking(move |step| {
        let before = step.previous(key).and_then(|previous| previous.value.downcast_ref().copied());
        let total = before.unwrap_or(0) + new(&step)?;
        match fails.load(Ordering::SeqCst) {
            true => Err("it is killed".into()),
            false => Ok(total),
        }
    });
    total.policy(|computation| computation.requirements.previous.push(key.into()))
}

/// The definition with inputs that are numbers.
pub(crate) fn taking(definition: AssetDefinition, inputs: &[&str]) -> AssetDefinition {
    inputs.iter().fold(definition, |definition, input| definition.input::<u64>(input))
}

/// A function that fails with a cause.
pub(crate) fn failing(key: &str, inputs: &[&str]) -> AssetDefinition {
    taking(number(key), inputs).blocking::<u64>(|_| Err(refused()))
}

pub(crate) fn refused() -> BoxError {
    let cause = std::io::Error::new(std::io::ErrorKind::ConnectionRefused, "connection refused");
    Box::new(std::io::Error::other(Wrapped(cause)))
}

#[derive(Debug, thiserror::Error)]
#[error("the API did not answer")]
struct Wrapped(#[source] std::io::Error);

/// A function that gives its verdicts itself, one for each output.
pub(crate) fn deciding(
    definition: AssetDefinition,
    function: impl Fn(&StepContext) -> Vec<Produced> + Send + Sync + 'static,
) -> AssetDefinition {
    definition.policy(|computation| {
        computation.function =
            StepFunction::Blocking(Arc::new(move |step| Ok(StepResult::Assets(function(&step)))));
    })
}

/// The definition with one more number as output.
pub(crate) fn also(mut definition: AssetDefinition, key: &str) -> AssetDefinition {
    let mut spec = AssetSpec::new(key);
    spec.value_type = Some(ValueType::of::<u64, _>());
    definition.outputs.push(spec);
    definition
}

pub(crate) fn new(value: u64) -> Produced {
    Produced::New { value: Arc::new(value), metadata: Default::default(), data_version: None }
}

pub(crate) fn kept(reason: &str) -> Produced {
    Produced::Kept { reason: reason.into(), metadata: Default::default() }
}

/// A check that takes numbers.
pub(crate) fn check(
    name: &str,
    asset: &str,
    inputs: &[&str],
    verdict: impl Fn(&StepContext) -> Result<CheckResult, BoxError> + Send + Sync + 'static,
) -> CheckDefinition {
    let mut requirements = Requirements::default();
    inputs.iter().for_each(|input| requirements.input::<u64>(*input));
    let function = StepFunction::Blocking(Arc::new(move |step| Ok(StepResult::Check(verdict(&step)?))));
    CheckDefinition::new(name, asset, Computation::new(requirements, function))
}

pub(crate) fn blocking(check: CheckDefinition) -> CheckDefinition {
    CheckDefinition { blocking: true, ..check }
}

/// A gate of `model`, a number, whose verdict follows from challenger and champion.
pub(crate) fn gate(
    model: &str,
    verdict: impl Fn(u64, Option<u64>) -> Result<Verdict, BoxError> + Send + Sync + 'static,
) -> GateDefinition {
    let mut requirements = Requirements { challenger: Some(model.into()), ..Requirements::default() };
    requirements.input::<u64>(model);
    requirements.version::<u64>(model, champion(), Absent::IsNone);
    let key = model.to_owned();
    let function = StepFunction::Blocking(Arc::new(move |step| {
        let number = |read_as: &ReadAs| {
            let version = step.version(&key, read_as)?;
            Some(*version.value.clone().downcast::<u64>().expect("models are numbers"))
        };
        let challenger = number(&ReadAs::Latest).expect("a gate has a challenger");
        Ok(StepResult::Gate(verdict(challenger, number(&champion()))?))
    }));
    GateDefinition::new("larger", model, Computation::new(requirements, function))
}

/// The larger number wins.
pub(crate) fn larger(model: &str) -> GateDefinition {
    gate(model, |challenger, champion| {
        Ok(Verdict::promote_if(champion.is_none_or(|champion| challenger > champion))
            .because(format!("{challenger} against {champion:?}")))
    })
}

pub(crate) fn champion() -> ReadAs {
    ReadAs::Alias(AliasName::champion())
}

/// The number in use, as what is made with it.
pub(crate) fn following(key: &str, model: &str) -> AssetDefinition {
    let of = model.to_owned();
    number(key)
        .policy(|computation| {
            computation.requirements.version::<u64>(model, champion(), Absent::SkipsTheStep);
        })
        .blocking(move |step| {
            let version = step.version(&of, &champion()).ok_or("no champion")?;
            Ok(*version.value.clone().downcast::<u64>().expect("models are numbers"))
        })
}
