//! Who does something to a version, and why, as it was written.

use millwork_core::Problem;
use millwork_core::event::Mover;
use millwork_core::model::Author;

/// The maximum length of a name, in characters.
const LONGEST_NAME: usize = 200;
/// The maximum length of a reason, in characters.
const LONGEST_REASON: usize = 10_000;

/// Who acts, and why. A blank name is none, in place of which `otherwise` stands.
///
/// # Errors
///
/// If the name or the reason is too long.
pub fn model_author(by: Option<&str>, otherwise: &str, reason: &str) -> Result<Author, Problem> {
    let by = by.map(str::trim).filter(|by| !by.is_empty()).unwrap_or(otherwise);
    let reason = reason.trim();
    check("the name", by, LONGEST_NAME)?;
    check("the reason", reason, LONGEST_REASON)?;
    Ok(Author { by: Mover::Person(by.to_owned()), reason: reason.to_owned() })
}

fn check(what: &str, text: &str, longest: usize) -> Result<(), Problem> {
    match text.chars().count() {
        length if length > longest => {
            Err(Problem::new(format!("{what} has {length} characters, and at most {longest} are recorded")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(by: Option<&str>, reason: &str, expected: Result<(&str, &str), &str>) {
        let found = model_author(by, "nobody", reason);
        let found = found.map(|Author { by, reason }| (by.to_string(), reason));
        let expected = expected.map(|(by, reason)| (by.to_owned(), reason.to_owned()));
        assert_eq!(found.map_err(|problem| problem.to_string()), expected.map_err(str::to_owned));
    }

    #[test]
    fn names_are_not_blank_and_texts_have_a_limit() {
        check(Some(" ada "), " better\n", Ok(("ada", "better")));
        for absent in [None, Some(""), Some(" \t\n")] {
            check(absent, " ", Ok(("nobody", "")));
        }
        let (name, reason) = ("é".repeat(LONGEST_NAME), "é".repeat(LONGEST_REASON));
        check(Some(&name), &reason, Ok((&name, &reason)));
        let long = format!("{name}é");
        check(Some(&long), "", Err("the name has 201 characters, and at most 200 are recorded"));
        let long = format!("{reason}é");
        check(None, &long, Err("the reason has 10001 characters, and at most 10000 are recorded"));
    }
}
