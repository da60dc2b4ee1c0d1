//! The parameters of vectorizers, by scikit-learn's names and with scikit-learn's defaults.
//!
//! Each vectorizer has a plain struct of parameters. Fitting checks it whole, so that an error names every problem, and
//! prepares what each document needs (the tokenizer, the stop words) once.

mod choice;
mod count;
mod hashing;
mod tfidf;

pub use choice::{Analyzer, DocumentFrequency, Norm, StripAccents};
pub use count::CountParams;
pub use hashing::HashingParams;
pub use tfidf::TfidfParams;
