//! The analysis of documents into terms, as by scikit-learn's analyzers.
//!
//! Python is the reference: `str.lower`, `unicodedata.normalize`, and its `re` for the default pattern of tokens. Everything that
//! depends on the parameters alone (the compiled pattern, the table of stop words) is made once; what depends on the document is
//! written over buffers that are used again, and terms are handed out as slices of them.

mod analyze;
mod batch;
mod characters;
mod ngrams;
mod pattern;
mod preprocess;
mod runs;

pub(super) use analyze::{Analysis, AnalysisParams, Scratch, had_the_same_words};
