//! The reference job.
fn main() {}
