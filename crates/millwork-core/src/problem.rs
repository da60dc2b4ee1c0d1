//! The remedy and the class of an error: data beside the message, never parsed out of it.
//!
//! A message describes the problem; the hint is the remedy and the class decides about exit codes and statuses. An error enum has
//! all three in one place. [`advice`](crate::advice) finds them behind a `dyn Error`.

use std::borrow::Cow;
use std::error::Error;
use std::fmt::{self, Display};

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
/// use millwork_core::{Advice as _, Problem};
///
/// let error = Problem::new("too few rows: 3").with_hint("fetch more");
/// assert_eq!(error.to_string(), "too few rows: 3");
/// assert_eq!(error.hint().as_deref(), Some("fetch more"));
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

    /// Adds the remedy.
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

/// The most errors of a chain that are read: a longer one is probably a cycle.
const LONGEST_CHAIN: usize = 100;

/// An error and its causes.
pub(crate) fn causes<'e>(
    error: &'e (dyn Error + 'static),
) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
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
