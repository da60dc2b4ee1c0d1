//! What can be done about an error, and whose mistake it is: data beside the message, never parsed out of it.
//!
//! A message says what went wrong; the hint is the remedy and the class decides about exit codes and statuses. An error enum has
//! all three in one place. Behind a `dyn Error`, as a step's function returns it, [`hint_of`] finds the hint of the
//! first error of the chain that has one, among the types that this process knows.

use std::any::TypeId;
use std::borrow::Cow;
use std::error::Error;
use std::fmt::{self, Display};
use std::sync::{PoisonError, RwLock};

/// An error that knows a remedy, and whose mistake it is.
pub trait Advice: Error {
    /// What to do about it, if that is known: a fragment such as ``add `.resource(…)` to the definitions``.
    fn hint(&self) -> Option<Cow<'_, str>>;

    /// Whose mistake it is.
    fn class(&self) -> ErrorClass {
        ErrorClass::Failed
    }

    /// The message and the hint in one line, where there is room for one text only.
    fn one_line(&self) -> String {
        with_hint(&self.to_string(), self.hint().as_deref())
    }
}

/// Whose mistake an error is. The command line exits with a code for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorClass {
    /// Work that was rightly asked for failed.
    Failed,
    /// Arguments, names or configuration are wrong.
    Usage,
    /// The definitions don't fit together.
    Definitions,
    /// The home can't be read or written.
    Home,
}

/// An error that is made on the spot: a message, and a hint where the remedy is known.
///
/// ```
/// use millwork_core::advice::{Problem, hint_of};
///
/// let error = Problem::new("too few rows: 3").with_hint("fetch more");
/// assert_eq!(error.to_string(), "too few rows: 3");
/// assert_eq!(hint_of(&error).as_deref(), Some("fetch more"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    message: String,
    hint: Option<String>,
}

impl Problem {
    /// A problem without a remedy.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    /// Says what to do about it.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The same problem, with more said before its message.
    #[must_use]
    pub fn within(self, context: impl Display) -> Self {
        Self { message: format!("{context}: {}", self.message), ..self }
    }
}

impl<E: Advice> From<&E> for Problem {
    fn from(error: &E) -> Self {
        Self { message: error.to_string(), hint: error.hint().map(Cow::into_owned) }
    }
}

impl From<String> for Problem {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}

impl From<&str> for Problem {
    fn from(message: &str) -> Self {
        Self::new(message)
    }
}

impl Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Problem {}

impl Advice for Problem {
    fn hint(&self) -> Option<Cow<'_, str>> {
        self.hint.as_deref().map(Cow::Borrowed)
    }
}

/// A message with its hint, in one line.
pub fn with_hint(message: &str, hint: Option<&str>) -> String {
    hint.map_or_else(|| message.to_owned(), |hint| format!("{message}; hint: {hint}"))
}

/// The most errors of a chain that are looked at: one that is longer is probably a circle.
const LONGEST_CHAIN: usize = 100;

/// An error and its causes.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source()).take(LONGEST_CHAIN)
}

/// The messages of an error and its causes, outermost first, without those that the message before ends with: many libraries
/// repeat their causes.
pub fn chain_of(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut chain = Vec::<String>::new();
    for text in causes(error).map(ToString::to_string) {
        if !chain.last().is_some_and(|before| before.ends_with(&text)) {
            chain.push(text);
        }
    }
    chain
}

/// An error with its causes and the remedy, in one line.
pub fn one_line_of(error: &(dyn Error + 'static)) -> String {
    with_hint(&chain_of(error).join(": "), hint_of(error).as_deref())
}

/// The hint of an error or the nearest of its causes, if one of them is of a known type and has one.
pub fn hint_of(error: &(dyn Error + 'static)) -> Option<String> {
    causes(error).find_map(|error| advice_of(error)?.hint().map(Cow::into_owned))
}

type Cast = for<'a> fn(&'a (dyn Error + 'static)) -> Option<&'a dyn Advice>;

/// The types that [`hint_of`] knows besides this crate's. They belong to the process, as its panic hook does: an error
/// passes through code that has no pipeline at hand.
static KNOWN: RwLock<Vec<(TypeId, Cast)>> = RwLock::new(Vec::new());

const OF_THIS_CRATE: [Cast; 12] = [
    cast::<Problem>,
    cast::<crate::asset::IoError>,
    cast::<crate::definitions::DefinitionErrors>,
    cast::<crate::graph::PartitionError>,
    cast::<crate::graph::SelectionError>,
    cast::<crate::param::ConfigError>,
    cast::<crate::param::ConfigErrors>,
    cast::<crate::param::ResourceError>,
    cast::<crate::plan::PlanError>,
    cast::<crate::run::RequestError>,
    cast::<crate::run::TagError>,
    cast::<crate::schedule::ScheduleError>,
];

/// Makes a type of errors known to [`hint_of`], also behind a `dyn Error`. To do it again changes nothing.
///
/// A pipeline does this in `main` for errors of its own. Those of Millwork are known.
pub fn register<E: Advice + 'static>() {
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    if known.iter().all(|(id, _)| *id != TypeId::of::<E>()) {
        known.push((TypeId::of::<E>(), cast::<E>));
    }
}

fn advice_of<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a dyn Advice> {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    let mut casts = OF_THIS_CRATE.iter().chain(known.iter().map(|(_, cast)| cast));
    casts.find_map(|cast| cast(error))
}

fn cast<'a, E: Advice + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a dyn Advice> {
    error.downcast_ref::<E>().map(|error| error as &dyn Advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] Box<dyn Error + Send + Sync>);

    #[derive(Debug, thiserror::Error)]
    #[error("of the user")]
    struct OfTheUser;

    impl Advice for OfTheUser {
        fn hint(&self) -> Option<Cow<'_, str>> {
            Some("ask them".into())
        }
    }

    fn check(error: impl Error + 'static, expected: Option<&str>) {
        assert_eq!(hint_of(&error).as_deref(), expected, "{error:?}");
    }

    #[test]
    fn the_nearest_hint_of_a_chain_is_found_by_type() {
        check(Problem::new("no"), None);
        check(Outer(Problem::new("no").with_hint("try yes").into()), Some("try yes"));
        check(Outer("text; hint: of somebody's".into()), None);
        check(Outer(Outer(Problem::new("no").with_hint("deep").into()).into()), Some("deep"));
    }

    #[derive(Debug)]
    struct Circle;

    impl Display for Circle {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("round")
        }
    }

    impl Error for Circle {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&Circle)
        }
    }

    #[test]
    fn causes_are_told_once_and_come_to_an_end() {
        assert_eq!(chain_of(&Outer("inner".into())), ["outer", "inner"]);
        assert_eq!(chain_of(&Outer(Outer("of outer".into()).into())), ["outer", "of outer"]);
        assert_eq!(chain_of(&Circle), ["round"]);
        assert_eq!(
            one_line_of(&Outer(Problem::new("no").with_hint("try yes").into())),
            "outer: no; hint: try yes"
        );
    }

    #[test]
    fn types_of_others_are_known_once_they_are_registered() {
        check(Outer(OfTheUser.into()), None);
        register::<OfTheUser>();
        register::<OfTheUser>();
        check(Outer(OfTheUser.into()), Some("ask them"));
    }

    #[test]
    fn one_line_says_both() {
        assert_eq!(OfTheUser.one_line(), "of the user; hint: ask them");
        assert_eq!(Problem::new("no").one_line(), "no");
        assert_eq!(
            Problem::from(&OfTheUser).within("in `a`").one_line(),
            "in `a`: of the user; hint: ask them"
        );
    }
}
