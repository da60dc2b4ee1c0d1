//! Hacker News as a resource of the pipeline: its newest stories, from the API, a replay, the embedded sample, or items over virtual time.
//!
//! A window of item ids goes one way: ids → [`Item`]s (from the web, many at once, or from the sample) → a fold that counts every item and
//! keeps the stories → [`Latest`]. Answers of the API that a model can't use (`null`, deleted, dead, without title, comments, jobs, polls)
//! are counted in [`ItemCounts`] and never fail the run.

mod archive;
mod client;
mod error;
mod filler;
mod growth;
mod item;
mod latest;
mod limits;
mod sample;
mod sample_words;
mod timeline;
mod web;

pub(crate) use archive::SHIFTS;
pub(crate) use filler::filler;
pub(crate) use growth::SETTLED_AFTER;
pub(crate) use timeline::item_at;

pub use archive::Archive;
pub use client::{Again, HackerNews};
pub use error::{HackerNewsError, RequestError};
pub use item::{Item, ItemKind};
pub use latest::{ItemCounts, Latest, Story};
pub use limits::Limits;
pub use sample::Sample;
pub use timeline::Timeline;
