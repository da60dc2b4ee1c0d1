//! The result of a sensor's function.

use crate::run::RunSpec;

/// What a sensor's function answers.
///
/// ```
/// use millwork_core::run::RunSpec;
/// use millwork_core::sensor::SensorOutcome;
///
/// let new_file = SensorOutcome::request(RunSpec::of("+score").key("a.csv")).cursor("a.csv");
/// assert_eq!(new_file.cursor.as_deref(), Some("a.csv"));
/// let nothing = SensorOutcome::skip("no new file");
/// assert!(nothing.runs.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SensorOutcome {
    /// The runs to request.
    pub runs: Vec<RunSpec>,
    /// The new cursor; `None` leaves the cursor as it is.
    pub cursor: Option<String>,
    /// Why it requests no run; `None` if it gives no reason.
    pub skipped: Option<String>,
}

impl SensorOutcome {
    /// No run, for this reason.
    pub fn skip(reason: impl Into<String>) -> Self {
        Self { skipped: Some(reason.into()), ..Self::default() }
    }

    /// A request for one run.
    pub fn request(run: RunSpec) -> Self {
        Self { runs: vec![run], ..Self::default() }
    }

    /// Several runs, or none.
    pub fn requests(runs: impl IntoIterator<Item = RunSpec>) -> Self {
        Self { runs: runs.into_iter().collect(), ..Self::default() }
    }

    /// The same answer, with a cursor for the next evaluation.
    #[must_use]
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        Self { cursor: Some(cursor.into()), ..self }
    }
}
