//! The reference job: from Hacker News' stories to predictions of how many comments they get.
//!
//! [`pipeline`] declares the assets, [`hacker_news`] is the client that they fetch stories with, [`replay`] serves
//! stories from a file as the real API would, [`demo`] is the job as a service for weeks of virtual time.

pub mod demo;
mod dice;
pub mod hacker_news;
mod out;
pub mod pipeline;
pub mod replay;

pub use demo::{DemoArgs, DemoError};
pub use hacker_news::{Archive, HackerNews, HackerNewsError, ItemCounts, Latest, Limits, Story, Timeline};
pub use pipeline::{definitions, definitions_with_reference};
pub use replay::{Replay, ReplayArgs, ReplayError, ReplayOptions, ReplayPace};
