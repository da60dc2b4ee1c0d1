//! The reference job: from Hacker News' stories to predictions of how many comments they get.
//!
//! [`pipeline`] declares the assets, [`hacker_news`] is the client that they fetch stories with, [`replay`] serves
//! stories from a file as the real API would.

mod dice;
pub mod hacker_news;
pub mod pipeline;
pub mod replay;

pub use hacker_news::{HackerNews, HackerNewsError, ItemCounts, Latest, Limits, Story};
pub use pipeline::{definitions, definitions_with_reference};
pub use replay::{Replay, ReplayArgs, ReplayError, ReplayOptions};
