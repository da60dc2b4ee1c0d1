//! Machine-learning kernels: splits, text features, metrics, boosting.
//!
//! The way from documents to a judged model, each step a type that can be stored as an asset:
//!
//! ```
//! use millwork_ml::boost::{Booster, BoosterParams};
//! use millwork_ml::features::LabelledFeatures;
//! use millwork_ml::text::TfidfVectorizer;
//! use millwork_ml::{metrics, split};
//!
//! let titles: Vec<String> = (0..40).map(|row| format!("Show HN {}", if row % 2 == 0 { "rust" } else { "ruby" })).collect();
//! let comments: Vec<f64> = (0..40).map(|row| if row % 2 == 0 { 9.0 } else { 1.0 }).collect();
//!
//! let parts = split::random(titles.len(), 0.2, 42)?;
//! let of = |rows: &[usize]| rows.iter().map(|&row| (&titles[row], comments[row])).unzip();
//! let ((train_titles, train_comments), (test_titles, test_comments)): ((Vec<_>, _), (Vec<_>, Vec<_>)) =
//!     (of(&parts.train), of(&parts.test));
//!
//! let (vectorizer, features) = TfidfVectorizer::fit_transform(&train_titles)?;
//! let booster = Booster::train(&BoosterParams::default(), 20, &LabelledFeatures::new(features, train_comments)?)?;
//!
//! let predictions = booster.predict(&vectorizer.transform(&test_titles))?;
//! assert!(metrics::mean_absolute_error(&test_comments, &predictions)? < 0.1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod archive;
pub mod boost;
pub mod comparison;
pub mod drift;
pub mod encoding;
pub mod features;
pub mod held_out;
pub mod metrics;
mod optimization;
pub mod pipeline;
pub mod search;
pub mod split;
pub mod text;

/// Makes the errors of this crate known, so that their hints are found where a step returns them as a `BoxError`.
pub fn register_errors() {
    use millwork_core::advice::register;

    register::<boost::BoostError>();
    register::<boost::NativeError>();
    register::<comparison::ComparisonError>();
    register::<drift::DriftError>();
    register::<encoding::EncodingError>();
    register::<features::FeaturesError>();
    register::<features::NpzError>();
    register::<held_out::HeldOutError>();
    register::<metrics::MetricError>();
    register::<pipeline::PipelineError>();
    register::<search::SearchError>();
    register::<split::SplitError>();
    register::<text::TextError>();
}

/// The documentation's examples, compiled with the tests.
#[cfg(doctest)]
mod documentation {
    #[doc = include_str!("../../../docs/machine-learning.md")]
    struct MachineLearning;
}
