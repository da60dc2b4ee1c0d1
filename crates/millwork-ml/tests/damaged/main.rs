//! Damaged stored forms and model files: an error or a value that works, never a panic, and no more memory than the bytes allow.
//!
//! A binary of its own, for its allocator counts what every thread of the process allocates: each test holds the others back (`alone`).

mod forms;
mod models;
mod mutations;

#[global_allocator]
static ALLOCATOR: mutations::Counting = mutations::Counting;
