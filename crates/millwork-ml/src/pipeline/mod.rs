//! Fitted pipelines: what makes features and the model that was trained on them, as one value.
//!
//! A booster beside another vectorizer than the one that it was trained with predicts nonsense, without an error if the numbers of
//! terms happen to be equal. A [`TextPipeline`] is both in one: it takes texts, and is stored, versioned and handed over as one file, so
//! that a model that is kept keeps predicting the same, whatever is fitted after it. (scikit-learn's `Pipeline` is the same idea.)
//!
//! ```
//! use millwork_ml::boost::Training;
//! use millwork_ml::metrics;
//! use millwork_ml::pipeline::{LabelledTexts, TextPipelineParams};
//!
//! let titles: Vec<String> = (0..40).map(|row| format!("Show HN {}", ["rust", "ruby"][row % 2])).collect();
//! let comments: Vec<f64> = (0..40).map(|row| [9.0, 1.0][row % 2]).collect();
//! let stories = LabelledTexts::new(&titles, comments)?.with_row_keys(1_000..1_040)?;
//! let rows: Vec<usize> = (0..40).collect();
//! let (train, validation, test) =
//!     (stories.select(&rows[..24])?, stories.select(&rows[24..32])?, stories.select(&rows[32..])?);
//!
//! let params = TextPipelineParams::default();
//! let trained = Training::on_texts(&params, 100, &train).evaluate("validation", &validation).early_stopping(5).run()?;
//! let pipeline = trained.pipeline;
//!
//! pipeline.check_held_out(test.row_keys())?;
//! let predictions = pipeline.predict(test.texts())?;
//! assert!(metrics::mean_absolute_error(test.targets(), &predictions)? < 0.1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod fitted;
mod params;
mod stored;
mod texts;
mod training;

pub use error::PipelineError;
pub use fitted::TextPipeline;
pub use params::TextPipelineParams;
pub use stored::PipelineZip;
pub use texts::LabelledTexts;
pub use training::TrainedPipeline;
