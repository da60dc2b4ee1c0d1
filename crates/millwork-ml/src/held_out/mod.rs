//! Held-out rows: whether a model has been fitted on them, or has been selected by them.
//!
//! The score of a model on rows that it was fitted on says little about new rows, and the score on rows that have decided when a
//! training stopped, or on its parameters, is too good as well. Where rows have keys
//! ([`LabelledFeatures::with_row_keys`](crate::features::LabelledFeatures::with_row_keys)), a model has a record of both
//! ([`UsedRows`]), which is stored in its file, and [`check`] compares it with the rows that the model is to be judged on:
//!
//! ```
//! use millwork_ml::boost::{Booster, BoosterParams, Training};
//! use millwork_ml::features::{Features, LabelledFeatures, RowKeys};
//! use millwork_ml::held_out::HeldOut;
//!
//! let values: Vec<f64> = (0..10).map(f64::from).collect();
//! let stories = LabelledFeatures::new(Features::from_dense(1, &values)?, values)?.with_row_keys(100..110)?;
//! let (train, validation) = (stories.select(&[0, 1, 2, 3, 4, 5])?, stories.select(&[6, 7])?);
//! let params = BoosterParams::default();
//! let trained = Training::new(&params, 20, &train).evaluate("validation", &validation).early_stopping(2).run()?;
//! let model = trained.booster;
//!
//! let test = RowKeys::new([108, 109]);
//! assert_eq!(model.check_held_out(Some(&test))?, HeldOut::Unseen { rows: 2 });
//! let seen = model.check_held_out(validation.row_keys())?;
//! assert!(seen.warning().is_some_and(|warning| warning.starts_with("2 of 2 held-out rows have decided")));
//! let error = model.check_held_out(train.row_keys()).expect_err("the rows that it was fitted on");
//! assert!(error.to_string().starts_with("the model was fitted on 6 of 6 held-out rows: `100`, `101`, "));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The rows that a model was *fitted* on are those of its training data, and those of a model that the training continued from. The rows that
//! *selected* it are those of the evaluation set that early stopping watched, and those that
//! [`Training::chosen_on`](crate::boost::Training::chosen_on) names, such as the rows that a search scored its trials on
//! ([`Search::scored_on`](crate::search::Search::scored_on)).
//!
//! Evaluation sets that only measure decide nothing and aren't recorded. Nothing can be said where the held-out rows have no keys, or the
//! model has no record: it was trained without keys, by XGBoost, or before models had one. That is an answer of its own,
//! [`HeldOut::Unknown`], and neither an error nor an assurance.
//!
//! A key is recorded by 64 bits of its BLAKE3 hash: 8 bytes a row in memory, 11 in a JSON file. Among a million training rows and a hundred
//! thousand held-out ones, one is taken for another with a probability of about 1 in 180 million. The hash of a guessable key, such as an
//! e-mail address, doesn't hide it.

mod check;
mod error;
mod key_set;
mod used_rows;

pub use check::{HeldOut, Overlap, Unknown, check};
pub use error::HeldOutError;
pub use key_set::KeySet;
pub(crate) use used_rows::Training;
pub use used_rows::UsedRows;
