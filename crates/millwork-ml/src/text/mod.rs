//! Text features: documents become rows of values, as scikit-learn's vectorizers compute them.
//!
//! [`CountVectorizer`] counts the terms of each document, [`TfidfVectorizer`] weighs them by how rare they are, and
//! [`HashingVectorizer`] does without a vocabulary. Parameters ([`CountParams`], [`TfidfParams`], [`HashingParams`]) have
//! scikit-learn's names and defaults; they are checked when fitting starts, and what comes out of the fit transforms
//! documents without being able to fail.
//!
//! Vocabulary, columns and values are scikit-learn's, for any parameters, with these exceptions:
//!
//! - Characters are classified by the Unicode version of this program; those that Unicode added after the version of a
//!   Python may be letters here and nothing there.
//! - A token pattern that the `regex` crate cannot follow to the letter is refused, and so are n-grams of nothing.
//! - A weight that would be infinite is an error.
//! - Which of equally frequent terms `max_features` keeps follows from NumPy's portable sort; on some processors NumPy uses
//!   another.

mod analysis;
mod count_vectorizer;
mod counting;
mod error;
mod hashing_vectorizer;
mod murmur;
mod params;
mod stored;
mod terms;
mod vectorizer;
mod vocabulary;

pub use count_vectorizer::CountVectorizer;
pub use error::TextError;
pub use hashing_vectorizer::HashingVectorizer;
pub use params::{Analyzer, CountParams, DocumentFrequency, HashingParams, Norm, StripAccents, TfidfParams};
pub use vectorizer::TfidfVectorizer;
