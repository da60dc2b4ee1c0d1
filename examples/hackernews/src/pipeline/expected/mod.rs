//! The model that the job predicts with: the expected number of comments on a story.
//!
//! A value of the model is all that was fitted ([`fitted`]): transformers of features, what is known of authors and domains, the trees, and the
//! distribution of the stories that it learned from. [`model`] trains it, [`promotion`] decides whether it comes into use, and [`drift`] compares
//! newer stories with those that the one in use has learned from.

pub mod drift;
pub mod fitted;
pub mod model;
pub mod promotion;
