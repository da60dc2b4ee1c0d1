//! Text features: documents become rows of TF-IDF values, as scikit-learn's `TfidfVectorizer` computes them.
//!
//! Fitting counts in how many documents each term occurs; transforming weighs the terms of a document by how rare they
//! are and scales each row to length one. Both run in parallel over documents; as only integers are added across
//! documents, the result is the same bits at any number of threads.

mod error;
mod frequency;
mod stored;
mod token;
mod vectorizer;

pub use error::TextError;
pub use vectorizer::TfidfVectorizer;
