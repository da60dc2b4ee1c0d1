//! The parts of a split: row numbers.

/// Rows to learn from and rows to judge by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TwoParts {
    /// The rows to train on.
    pub train: Vec<usize>,
    /// The rows that only the final judgement sees.
    pub test: Vec<usize>,
}

/// Rows to learn from, to choose by, and to judge by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreeParts {
    /// The rows to train on.
    pub train: Vec<usize>,
    /// The rows for early stopping and for the choice of parameters.
    pub validation: Vec<usize>,
    /// The rows that only the final judgement sees.
    pub test: Vec<usize>,
}
