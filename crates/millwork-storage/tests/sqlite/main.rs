//! Properties of SQLite: several handles on one file, grouped commits, size, and files that can't be opened.

// Clippy lets tests unwrap, but not what they share.
#![allow(clippy::unwrap_used)]

mod commits;
mod damage;
mod failures;
mod former_tags;
mod former_versions;
mod handles;
mod long_reads;
mod maintenance;
mod samples;
mod size;
