//! `hackernews replay`: a file of stories, served on this machine through the API's own routes.
//!
//! The file's rows are parsed and sorted by time ([`StoryFile`]), spread over a range of ids with other items between them (the archive,
//! serialised once), and answered over HTTP, with delays or faults if requested. On a virtual clock, only what was submitted by then is there,
//! and its comments grow.

mod archive;
mod command;
mod error;
mod faults;
mod server;
mod story_file;
mod virtual_time;

pub use command::{ReplayArgs, serve};
pub use error::ReplayError;
pub use server::{Replay, ReplayOptions};
pub use story_file::{FileStory, StoryFile};
pub use virtual_time::ReplayPace;
