//! The remedy for an error whose type has been erased.
//!
//! Behind a `dyn Error`, as a step's function returns it, [`hint_of`] finds the hint of the first error of the chain that has one,
//! among the types that this process knows: those of this crate, which is why this module is above everything that fails, and those that
//! were registered.

use std::any::TypeId;
use std::borrow::Cow;
use std::error::Error;
use std::sync::{PoisonError, RwLock};

use crate::outcome::{Failure, FailureKind};
use crate::problem::causes;
pub use crate::problem::{Advice, ErrorClass, Problem, chain_of, with_hint};

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

const OF_THIS_CRATE: [Cast; 17] = [
    cast::<Problem>,
    cast::<crate::asset::InvalidDataVersion>,
    cast::<crate::asset::IoError>,
    cast::<crate::definitions::DefinitionErrors>,
    cast::<crate::definitions::RequestError>,
    cast::<crate::graph::PartitionError>,
    cast::<crate::graph::SelectionError>,
    cast::<crate::param::ConfigError>,
    cast::<crate::param::ConfigErrors>,
    cast::<crate::param::ConfigFilterError>,
    cast::<crate::param::HistoryError>,
    cast::<crate::param::ResourceError>,
    cast::<crate::param::UnrecordableConfig>,
    cast::<crate::plan::PlanError>,
    cast::<crate::run::TagError>,
    cast::<crate::secret::UnsetSecret>,
    cast::<crate::timetable::ScheduleError>,
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

impl Failure {
    /// A failure with the chain of causes of `error`.
    pub fn of_error(kind: FailureKind, error: &(dyn Error + 'static)) -> Self {
        Self { kind, chain: chain_of(error), hint: hint_of(error), location: None }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::{self, Display};

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
