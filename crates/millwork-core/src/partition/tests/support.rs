//! What a problem says.

use crate::problem::{Advice, Problem};

/// The message, an arrow and the hint.
pub(super) fn said(problem: &Problem) -> String {
    match problem.hint() {
        Some(hint) => format!("{problem} → {hint}"),
        None => problem.to_string(),
    }
}
