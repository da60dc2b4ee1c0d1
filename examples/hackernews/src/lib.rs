//! The reference job.
