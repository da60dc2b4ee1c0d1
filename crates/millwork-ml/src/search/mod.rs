//! Parameter search: a grid, random points, or successive halving of either.
//!
//! [`Candidates`] are the parameters to try, [`Search`] tries them with a function of yours and keeps every trial. The
//! result is an asset value; its trials are a table and its scores series for metadata.
//!
//! *An honest search.* The best of many scores is better than it deserves: it was chosen for being so. So a search is
//! given training rows only and scores by a validation part or by folds ([`cross_validate`], which also gives the
//! spread); the test rows are kept for one judgement of the model that is trained with the best parameters. Ties go to
//! the trial that came first.

mod candidates;
mod error;
mod folds;
mod halving;
mod outcome;
mod space;
mod trials;

pub use candidates::Candidates;
pub use error::SearchError;
pub use folds::cross_validate;
pub use halving::Halving;
pub use outcome::{Found, Trial};
pub use space::{Distribution, Space};
pub use trials::{Goal, Score, Search, Try};
