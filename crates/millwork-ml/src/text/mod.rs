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
//! - The default token pattern, and others for runs of word characters (`\b\w+\b`, `\w{3,}`), are Python's to the letter. Any other
//!   pattern is one of the `regex` crate, whose `\w`, `\b` and `\s` take combining marks for parts of words, `²` and `½` for none, and the
//!   separators U+001C to U+001F for no white space.
//! - N-grams of nothing are refused, and a weight that would be infinite is an error.
//! - Of equally frequent terms `max_features` keeps the first ones in code point order. scikit-learn keeps those that NumPy's sort
//!   happens to leave first, which depends on the processor.

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
